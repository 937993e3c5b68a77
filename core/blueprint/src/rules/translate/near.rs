//! What stands together in a clause: a looser reading than the grammar's, which only ties things that are records anyway.
//!
//! A clause names who acts, on what, and behind prepositions where, for whom and from what. None of it makes an entity;
//! between two entities that nothing else ties it is worth a relation.

use super::facts::{Fact, Item, Reader, Rule};
use super::lexicon_en::Class;
use super::lists::{CLAUSE, acts, items};
use super::phrases::{Part, Phrase, Placed};
use super::things::{class, is_property, staff, unwrap};
use super::verbs_en;
use super::word::{Act, Quant};

/// Acts that leave a record of their own, and the names it may bear.
const EVENTS: &[(&str, &[&str])] = &[
    ("book", &["booking", "reservation", "appointment"]),
    ("reserve", &["reservation", "booking"]),
    ("order", &["order", "purchase order"]),
    ("rent", &["rental", "lease", "booking"]),
    ("hire", &["rental", "contract"]),
    ("lease", &["lease", "rental"]),
    ("borrow", &["loan", "rental"]),
    ("lend", &["loan"]),
    ("enrol", &["enrollment", "registration"]),
    ("enroll", &["enrollment", "registration"]),
    ("register", &["registration", "enrollment"]),
    ("subscribe", &["subscription", "membership"]),
    ("visit", &["visit"]),
    ("pay", &["payment"]),
    ("buy", &["purchase", "order", "sale"]),
    ("purchase", &["purchase", "order", "sale"]),
    ("sell", &["sale", "order"]),
    ("rate", &["rating", "review"]),
    ("review", &["review"]),
    ("comment", &["comment"]),
    ("apply", &["application"]),
    ("donate", &["donation"]),
    ("attend", &["attendance", "visit"]),
    ("deliver", &["delivery"]),
    ("ship", &["shipment"]),
    ("return", &["return"]),
    ("inspect", &["inspection"]),
    ("repair", &["repair", "repair order", "work order"]),
    ("claim", &["claim"]),
    ("prescribe", &["prescription"]),
    ("treat", &["treatment"]),
    ("measure", &["measurement"]),
    ("adopt", &["adoption"]),
    ("заказ", &["order"]),
    ("заброниров", &["booking", "reservation"]),
    ("брониру", &["booking", "reservation"]),
    ("арендов", &["rental", "lease"]),
    ("арендуе", &["rental", "lease"]),
    ("арендую", &["rental", "lease"]),
    ("оплачив", &["payment"]),
    ("оплати", &["payment"]),
    ("записыва", &["appointment", "booking"]),
    ("записа", &["appointment", "booking"]),
    ("покупа", &["purchase", "order", "sale"]),
    ("купи", &["purchase", "order", "sale"]),
    ("верну", &["return"]),
    ("возвраща", &["return"]),
    ("оценив", &["review", "rating"]),
    ("посеща", &["visit", "attendance"]),
    ("доставля", &["delivery"]),
];

/// The names a record of this act may bear.
pub(super) fn event(form: &str) -> Option<&'static [&'static str]> {
    let lemma = verbs_en::verb(form).map_or(form, |(lemma, _, _)| lemma);
    let russian = form.starts_with(|c: char| ('а'..='я').contains(&c));
    EVENTS.iter().find(|(verb, _)| if russian { form.starts_with(verb) } else { lemma == *verb }).map(|(_, names)| *names)
}

/// Whoever only looks at a thing is not tied to it.
fn looks(form: &str) -> bool {
    let lemma = verbs_en::verb(form).map_or(form, |(lemma, _, _)| lemma);
    matches!(lemma, "see" | "view" | "look" | "browse" | "search" | "filter" | "export" | "print" | "download" | "read" | "get" | "find" | "check" | "know" | "need" | "want" | "monitor" | "use" | "work" | "call" | "help") || ["смотр", "вид", "просматр", "ищ", "наход", "печата", "скачив", "получа", "зна"].iter().any(|s| form.starts_with(s))
}

/// Prepositions behind which a clause names what its thing is tied to.
fn ties(prep: &str) -> bool {
    matches!(
        prep,
        "to" | "for" | "in" | "into" | "on" | "onto" | "at" | "with" | "from" | "about" | "against" | "under" | "within" | "by" | "per" | "via" | "during" | "inside" | "through" | "between" | "among"
            | "в" | "во" | "на" | "к" | "ко" | "за" | "с" | "со" | "для" | "от" | "из" | "о" | "об" | "по" | "у" | "под" | "между"
    )
}

/// A quantity, or a price at the time: what a link between two records carries.
fn carried(thing: &Phrase) -> bool {
    let head = thing.key.rsplit(' ').next().unwrap_or("");
    thing.of.is_none() && matches!(head, "quantity" | "qty" | "count" | "discount" | "proportion" | "dosage" | "dose") || thing.key == "amount"
}

fn thing(placed: Option<&Placed>) -> Option<&Phrase> {
    match placed.map(|p| &p.part) {
        Some(Part::Thing(thing)) => Some(thing),
        _ => None,
    }
}

/// Where the next clause starts behind a comma, an "and" or a conjunction.
pub(super) fn next_clause(parts: &[Placed], from: usize) -> Option<usize> {
    (from..parts.len()).find_map(|i| {
        // "When a customer brings a device we write a ticket."
        let speaker = matches!(&parts[i].part, Part::Pron(low) if matches!(low.as_str(), "we" | "i" | "they" | "he" | "she" | "мы" | "они")) && matches!(parts.get(i.wrapping_sub(1)).map(|p| &p.part), Some(Part::Thing(_) | Part::Adv)) && acts(parts.get(i + 1..).unwrap_or(&[]));
        if speaker {
            return Some(i);
        }
        let border = matches!(parts[i].part, Part::Comma | Part::And | Part::Conj | Part::Dash | Part::Colon);
        let start = i + 1 + parts[i + 1..].iter().take(2).take_while(|p| matches!(p.part, Part::Adv)).count();
        let opens = parts.get(start).is_some_and(|p| matches!(p.part, Part::Thing(_) | Part::Pron(_)));
        (border && opens && acts(parts.get(start + 1..).unwrap_or(&[]))).then_some(start)
    })
}

/// What one clause names.
#[derive(Default)]
struct Frame {
    subject: Option<Phrase>,
    verb: Option<(Act, bool)>,
    /// The verb as it stands in the text.
    form: String,
    objects: Vec<Phrase>,
    behind: Vec<(String, Phrase)>,
    carried: Vec<Phrase>,
}

impl Reader<'_> {
    /// Reads the clauses of a sentence for what stands together.
    pub(super) fn near(&mut self, parts: &[Placed]) {
        let mut topic = self.topic();
        let mut earlier: Vec<Phrase> = Vec::new();
        let parts = &parts[..parts.len().min(CLAUSE * 2)];
        self.counted(parts);
        self.spent(parts);
        self.theirs(parts);
        let mut from = 0;
        while from < parts.len() {
            let semi = parts[from..].iter().position(|p| matches!(p.part, Part::Semi)).map(|s| s + from);
            let next = next_clause(parts, from + 1);
            let end = semi.into_iter().chain(next).min().unwrap_or(parts.len());
            let temporal = parts.get(from).is_some_and(|p| matches!(self.text[p.span.clone()].to_lowercase().as_str(), "when" | "after" | "once" | "on" | "at" | "before" | "each" | "every" | "если" | "когда" | "после" | "при"));
            let frames = self.frames(&parts[from..end], topic.as_ref());
            for frame in &frames {
                self.frame_ties(frame);
            }
            let Some(frame) = frames.into_iter().next() else {
                from = end.max(from + 1);
                continue;
            };
            // "When a barcode is scanned, an event is recorded", "when a customer brings a bike, we open a ticket".
            let made = match frame.verb {
                Some((Act::Store | Act::Manage | Act::Link, true)) => frame.subject.as_ref(),
                Some((Act::Store | Act::Manage | Act::Link, false)) if !temporal && frame.subject.as_ref().is_none_or(|s| class(s) == Some(Class::Person)) => frame.objects.first().filter(|o| matches!(o.quant, Quant::A | Quant::One)),
                _ => None,
            };
            if let Some(now) = made {
                for before in &earlier {
                    self.emit_near(now, before);
                }
            }
            if temporal {
                earlier = frame.subject.iter().chain(&frame.objects).filter(|t| !is_property(t)).take(3).cloned().collect();
            }
            if let Some(subject) = frame.subject.as_ref().filter(|s| class(s) != Some(Class::Person) && !is_property(s)) {
                topic = Some(subject.clone());
            }
            if let (Some(subject), Some(object)) = (&frame.subject, frame.objects.first())
                && class(subject) == Some(Class::Person)
                && !object.plural
                && !is_property(object)
                && matches!(object.quant, Quant::A | Quant::One | Quant::The)
                && class(unwrap(object)) != Some(Class::Stop)
            {
                self.object = Some(object.clone());
            }
            from = end.max(from + 1);
        }
    }

    /// The record that "it" stands for.
    pub(super) fn topic(&self) -> Option<Phrase> {
        match &self.subject {
            Some(subject) if class(subject) == Some(Class::Person) => self.object.clone().or_else(|| Some(subject.clone())),
            other => other.clone(),
        }
    }

    fn emit_near(&mut self, from: &Phrase, to: &Phrase) {
        let mut to = to.clone();
        // "600 flats in 45 buildings" counts them all, not those of one flat.
        if self.text[to.span.clone()].starts_with(|c: char| c.is_ascii_digit()) {
            to.quant = Quant::The;
        }
        let (mut from, mut to) = (from, &to);
        let person = |p: &Phrase| class(p) == Some(Class::Person);
        if person(from) && person(to) {
            return;
        }
        // Who is put down for a visit has many of them; a team or a house has many people.
        if person(from) && class(to) == Some(Class::Record) && !super::relations::place(&to.key) && to.quant != Quant::Many {
            (from, to) = (to, from);
        }
        self.emit(Fact::Link { rule: Rule::Near, subject: from.clone(), items: vec![Item::from(to)] });
    }

    /// "one act per order", "several bins per zone", "within a zone there are bins".
    fn counted(&mut self, parts: &[Placed]) {
        let word = |p: &Placed| self.text[p.span.clone()].to_lowercase();
        let mut found: Vec<(Rule, Phrase, Phrase)> = Vec::new();
        for i in 0..parts.len() {
            let Some(first) = thing(parts.get(i)) else { continue };
            if let (Some(Part::Prep(prep)), Some(to)) = (parts.get(i + 1).map(|p| &p.part), thing(parts.get(i + 2)))
                && (prep == "per" || (matches!(prep.as_str(), "for" | "in" | "at" | "на" | "в" | "для") && to.quant == Quant::Each && parts[..i].iter().rev().take(2).any(|p| matches!(p.part, Part::Be))))
            {
                if is_property(first) {
                    // "an expiry date per batch": the thing before has batches.
                    if let Some(owner) = parts[..i].iter().rev().take(5).find_map(|p| thing(Some(p))) {
                        found.push((Rule::Near, to.clone(), Phrase { quant: Quant::The, ..owner.clone() }));
                    }
                } else if first.of.is_none() && (first.plural || matches!(first.quant, Quant::One | Quant::A | Quant::Many)) {
                    found.push((Rule::Per, to.clone(), first.clone()));
                    // "projects per client with a rate"
                    if matches!(parts.get(i + 3).map(|p| &p.part), Some(Part::Prep(with)) if with == "with") {
                        let told = items(self.text, &parts[i + 4..]);
                        if told.iter().any(|t| is_property(&t.phrase)) {
                            self.emit(Fact::Link { rule: Rule::With, subject: first.clone(), items: told });
                        }
                    }
                }
            }
            // "There are bins in each zone", "Within a zone there are bins".
            let there = parts[..i].iter().rev().take(2).any(|p| word(p) == "there");
            if there && !is_property(first) && (first.plural || first.quant == Quant::Many) {
                let behind = match (parts.get(i + 1).map(|p| &p.part), thing(parts.get(i + 2))) {
                    (Some(Part::Prep(prep)), Some(to)) if matches!(prep.as_str(), "in" | "within" | "inside" | "at" | "on") => Some(to),
                    _ => None,
                };
                let about = parts[..i].iter().enumerate().rev().take(4).find_map(|(n, p)| match (&p.part, thing(parts.get(n + 1))) {
                    (Part::Prep(prep), Some(to)) if prep == "for" && to.quant == Quant::Each => Some(to),
                    _ => None,
                });
                let ahead = parts.first().filter(|p| matches!(&p.part, Part::Prep(_))).and_then(|_| thing(parts.get(1))).filter(|_| i < 6);
                if let Some(whole) = behind.or(about).or(ahead).filter(|w| class(w) != Some(Class::Stop) && !is_property(w)) {
                    for part in items(self.text, &parts[i..]).into_iter().filter(|p| !is_property(&p.phrase) && p.phrase.plural).take(6) {
                        found.push((Rule::Consists, whole.clone(), part.phrase));
                    }
                }
            }
        }
        for (rule, subject, item) in found {
            self.emit(Fact::Link { rule, subject, items: vec![Item::from(&item)] });
        }
    }

    /// "Guests are invited, and their answer and diet are stored": what is theirs is kept of them.
    fn theirs(&mut self, parts: &[Placed]) {
        let mut owner = self.subject.clone();
        for i in 0..parts.len() {
            let Some(own) = thing(parts.get(i)) else { continue };
            let words = self.text[own.span.clone()].to_lowercase();
            let possessed = ["their ", "its ", "his ", "her ", "его ", "ее ", "её ", "их "].iter().any(|p| words.starts_with(p));
            if possessed && is_property(own) && own.of.is_none() {
                if let Some(owner) = owner.clone().filter(|o| matches!(class(o), Some(Class::Person | Class::Record)) && !staff(&o.key)) {
                    let found: Vec<Item> = items(self.text, &parts[i..]).into_iter().filter(|f| is_property(&f.phrase) && f.phrase.of.is_none()).collect();
                    self.emit(Fact::Link { rule: Rule::Of, subject: owner, items: found });
                }
            } else if !possessed && matches!(class(own), Some(Class::Person | Class::Record)) {
                owner = Some(own.clone());
            }
        }
    }

    /// "I track time against projects (date, hours)": the time is a record of its own.
    fn spent(&mut self, parts: &[Placed]) {
        for i in 1..parts.len() {
            let Some(time) = thing(parts.get(i)).filter(|t| matches!(t.key.as_str(), "time" | "hour" | "working time" | "working hour")) else { continue };
            let noted = matches!(parts[i - 1].part, Part::Verb { act: Act::Store | Act::Manage, participle: false, .. });
            let (Some(Part::Prep(prep)), Some(on)) = (parts.get(i + 1).map(|p| &p.part), thing(parts.get(i + 2))) else { continue };
            if !noted || !matches!(prep.as_str(), "on" | "against" | "for" | "to" | "per" | "by" | "на" | "по") || is_property(on) || class(on) == Some(Class::Stop) {
                continue;
            }
            let label = if time.russian { "учтённое время" } else { "time entry" };
            let entry = Phrase { key: "time entry".into(), label: label.into(), long_key: "time entry".into(), long_label: label.into(), of: None, tail: String::new(), ..time.clone() };
            self.emit(Fact::Declared(entry.clone()));
            self.emit_near(&entry, on);
            if let Some(Part::Open | Part::Colon) = parts.get(i + 3).map(|p| &p.part) {
                let found: Vec<Item> = items(self.text, &parts[i + 4..]).into_iter().filter(|f| is_property(&f.phrase)).collect();
                if !found.is_empty() {
                    self.emit(Fact::Link { rule: Rule::Listed, subject: entry, items: found });
                }
            }
            return;
        }
    }

    /// One frame for each verb; verbs of one row share their subject.
    fn frames(&self, parts: &[Placed], topic: Option<&Phrase>) -> Vec<Frame> {
        let mut frame = Frame::default();
        let mut out = Vec::new();
        let mut with = false;
        let mut prep: Option<String> = None;
        let mut be = false;
        let mut direct = true;
        for placed in parts {
            match &placed.part {
                Part::Prep(p) => {
                    prep = Some(p.clone());
                    continue;
                }
                Part::Be => be = true,
                Part::Verb { act, participle, reflexive, russian, .. } => {
                    let row = frame.verb.is_some() && (!frame.objects.is_empty() || !frame.behind.is_empty() || !frame.carried.is_empty());
                    if row && !*participle && out.len() < 12 {
                        let subject = frame.subject.clone();
                        out.push(std::mem::replace(&mut frame, Frame { subject, ..Frame::default() }));
                        with = false;
                    }
                    if frame.verb.is_none() {
                        frame.verb = Some((*act, *reflexive || (*participle && (be || *russian))));
                        frame.form = self.text[placed.span.clone()].to_lowercase();
                    }
                    prep = None;
                    direct = true;
                }
                Part::Pron(low) => {
                    let it = matches!(low.as_str(), "it" | "them" | "they" | "него" | "нее" | "нем" | "ней" | "них" | "ним" | "он" | "она" | "они");
                    if let Some(topic) = topic.filter(|_| it) {
                        match prep.take() {
                            Some(p) => frame.behind.push((p, topic.clone())),
                            None if frame.subject.is_none() && frame.verb.is_none() => frame.subject = Some(topic.clone()),
                            None if frame.verb.is_some() && direct => frame.objects.push(topic.clone()),
                            None => {}
                        }
                    }
                }
                Part::Thing(thing) => {
                    let bare = unwrap(thing);
                    with = matches!(prep.as_deref(), Some("with" | "с" | "со")) || (with && prep.is_none());
                    if with && is_property(thing) {
                        frame.carried.push(thing.clone());
                        prep = None;
                        continue;
                    }
                    let owner = bare.of.as_deref().filter(|_| is_property(bare) || class(bare) == Some(Class::Stop));
                    let told = owner.unwrap_or(bare);
                    match prep.take() {
                        Some(p) => {
                            if ties(&p) {
                                frame.behind.push((p, told.clone()));
                            }
                            direct = false;
                        }
                        None if frame.verb.is_none() && !be => {
                            if frame.subject.is_none() {
                                frame.subject = Some(told.clone());
                            }
                        }
                        None => {
                            if (direct || placed.span.start > 0) && frame.objects.len() < 6 {
                                frame.objects.push(told.clone());
                            }
                        }
                    }
                    continue;
                }
                // "for a damaged or lost parcel", "in one of the rooms"
                Part::Value | Part::Or | Part::Adv | Part::Quant(_) => continue,
                Part::And | Part::Comma => {
                    // "for one patient and one doctor" goes on behind the preposition.
                    if let Some((p, _)) = frame.behind.last()
                        && frame.objects.is_empty()
                    {
                        prep = Some(p.clone());
                    }
                    continue;
                }
                _ => {}
            }
            if !matches!(placed.part, Part::Prep(_)) {
                prep = None;
            }
        }
        if frame.verb.is_none() && be {
            frame.verb = Some((Act::Manage, true));
        }
        out.push(frame);
        out
    }

    fn frame_ties(&mut self, frame: &Frame) {
        let Some((act, passive)) = frame.verb else {
            return;
        };
        let person = |p: &Phrase| class(p) == Some(Class::Person);
        let subject = frame.subject.as_ref();
        let acted = subject.filter(|s| passive || frame.objects.is_empty() && !person(s)).or(frame.objects.first());
        // What happens to a thing is noted with what it is tied to.
        if let Some(base) = acted.filter(|b| !is_property(b)) {
            for (prep, to) in &frame.behind {
                if prep == "by" && staff(&to.key) {
                    continue;
                }
                let many = to.plural && to.quant != Quant::One;
                let source = matches!(prep.as_str(), "for" | "from" | "из" | "за" | "по" | "для") && many;
                let made = passive && source && !person(to);
                let singular_base = !base.plural || base.quant == Quant::Each;
                // "An invoice is made from the treatments."
                if made && singular_base {
                    self.emit_near(to, base);
                } else {
                    self.emit_near(base, to);
                }
                if let Some(of) = to.of.as_deref().filter(|of| !is_property(of)) {
                    self.emit_near(base, of);
                }
            }
        }
        if let Some(subject) = subject.filter(|_| !passive) {
            for object in frame.objects.iter().filter(|o| !is_property(o)) {
                if !person(subject) {
                    if !matches!(act, Act::Have | Act::Consist) {
                        self.emit_near(subject, object);
                    }
                } else if !staff(&subject.key) && !person(object) && !looks(&frame.form) && matches!(act, Act::Manage | Act::Store) {
                    self.emit_near(object, subject);
                }
            }
            if person(subject) && frame.objects.is_empty() {
                for (prep, to) in &frame.behind {
                    match prep.as_str() {
                        "for" | "to" | "on" | "на" if !staff(&subject.key) => self.emit_near(to, subject),
                        "in" | "at" | "в" | "for" | "with" => self.emit_near(subject, to),
                        _ => {}
                    }
                }
            }
        }
        // "Members book classes": the booking is the member's and for the class.
        if let Some(names) = event(&frame.form) {
            let about: Vec<Phrase> = if passive { subject.into_iter().cloned().collect() } else { frame.objects.iter().chain(frame.behind.iter().map(|(_, to)| to)).take(4).cloned().collect() };
            let doer = if passive { frame.behind.iter().find(|(p, to)| p == "by" && person(to)).map(|(_, to)| to.clone()) } else { subject.filter(|s| person(s)).cloned().or_else(|| self.teller.clone()) };
            if let Some(doer) = doer.filter(|d| !staff(&d.key)) {
                self.emit(Fact::Event { names, doer, about, items: Vec::new() });
            }
        }
        // "Parts go into the order with a quantity": the quantity is the link's.
        let line = match (subject, passive) {
            (Some(subject), true) => frame.behind.iter().find(|(p, _)| matches!(p.as_str(), "in" | "into" | "to" | "on" | "в" | "на" | "к")).map(|(_, to)| (to.clone(), subject.clone())),
            (Some(subject), false) if !person(subject) => frame.objects.iter().find(|o| o.plural && !is_property(o)).map(|object| (subject.clone(), object.clone())),
            (_, false) => frame.objects.first().and_then(|object| frame.behind.iter().find(|(p, _)| matches!(p.as_str(), "in" | "into" | "to" | "on" | "в" | "на" | "к")).map(|(_, to)| (to.clone(), object.clone()))),
            _ => None,
        };
        let told = frame.carried.first().is_some_and(carried) || (event(&frame.form).is_some() && passive && !frame.carried.is_empty());
        if let Some((owner, thing)) = line.filter(|_| told) {
            self.emit(Fact::Line { owner, thing, items: frame.carried.iter().map(Item::from).collect() });
        }
    }

    /// "a claim for a parcel", "notes on a visit": two things joined by a preposition.
    pub(super) fn joined(&mut self, parts: &[Placed]) {
        for i in 0..parts.len() {
            let (Some(first), Some(Part::Prep(prep))) = (thing(parts.get(i)), parts.get(i + 1).map(|p| &p.part)) else { continue };
            // Behind a preposition a noun belongs to the verb, and what follows does too.
            let governed = i > 0 && matches!(parts[i - 1].part, Part::Prep(_));
            if governed || class(first) == Some(Class::Person) || is_property(first) || !matches!(prep.as_str(), "for" | "in" | "at" | "on" | "from" | "to" | "about" | "against" | "by" | "within" | "в" | "на" | "для" | "от" | "из" | "по" | "к") {
                continue;
            }
            let skip = parts[i + 2..].iter().take(4).take_while(|p| matches!(p.part, Part::Value | Part::Or | Part::Adv | Part::Quant(_) | Part::Verb { participle: true, .. })).count();
            let Some(to) = thing(parts.get(i + 2 + skip)) else { continue };
            if prep == "by" && staff(&to.key) {
                continue;
            }
            self.emit_near(unwrap(first), unwrap(to));
        }
    }

    /// "an order has lines, each with a product and a quantity"
    pub(super) fn each_with(&mut self, parts: &[Placed]) {
        for i in 1..parts.len() {
            let each = matches!(parts[i].part, Part::Quant(Quant::Each)) && matches!(parts[i - 1].part, Part::Comma | Part::Open | Part::Dash | Part::And);
            let with = matches!(parts.get(i + 1).map(|p| &p.part), Some(Part::Prep(with)) if matches!(with.as_str(), "with" | "с" | "со")) || matches!(parts.get(i + 1).map(|p| &p.part), Some(Part::Verb { act: Act::Have, .. }));
            if !each || !with {
                continue;
            }
            let Some(owner) = parts[..i].iter().rev().take(4).find_map(|p| thing(Some(p))).filter(|t| !is_property(t)) else { continue };
            let found = items(self.text, &parts[i + 2..]);
            if !found.is_empty() {
                self.emit(Fact::Link { rule: Rule::With, subject: owner.clone(), items: found });
            }
        }
    }
}
