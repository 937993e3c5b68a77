//! What each sentence says about data, before anyone decides what is an entity.

use std::ops::Range;

use super::lexis_ru::Lexis;
use super::phrases::{Part, Phrase, Placed};
use super::split::{Block, Sentence};
use super::word::{Act, Quant};
use super::{lexicon_en::Class, morphology_en, morphology_ru, phrases};

/// The finding a fact rests on; its words go into explanations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rule {
    /// "each X has a, b"; "we keep a and b for every X"
    Has,
    /// "X: a, b"; "X (a, b)"; a list under X
    Listed,
    /// "X consists of Y"
    Consists,
    /// "X belongs to Y"
    Belongs,
    /// "X places Y"
    Does,
    /// "Y's X", "the X of Y", "Y X"
    Of,
    /// "X with a and b"
    With,
}

/// One item of a list, with the values it allows.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub phrase: Phrase,
    pub values: Vec<String>,
}

#[derive(Debug, Clone)]
pub(super) enum Fact {
    /// The subject has each of the items: attributes or related records.
    Link { rule: Rule, subject: Phrase, items: Vec<Item> },
    /// The property (or the thing's status, when none is named) has these values.
    Values { owner: Option<Phrase>, property: Option<Phrase>, values: Vec<String> },
    /// Someone works with the thing: adds, lists, tracks it.
    Managed(Phrase),
    /// The brief itself calls it a record.
    Declared(Phrase),
    /// Someone acts.
    Actor { phrase: Phrase, story: bool },
    /// The thing is spoken of.
    Mention(Phrase),
}

/// A fact and its sentence.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub fact: Fact,
    pub sentence: usize,
}

/// Reads all sentences in order; pronouns and lists look back one step only, so the work stays linear.
pub(super) fn read(text: &str, sentences: &[Sentence], notes: &[bool]) -> Vec<Found> {
    let mut reader = Reader { text, out: Vec::new(), subject: None, open: vec![None; sentences.len()], at: 0, teller: None };
    let lexis = Lexis::learn(text);
    for (at, sentence) in sentences.iter().enumerate() {
        reader.at = at;
        if notes[at] && sentence.block != Block::Heading {
            continue;
        }
        let parts = phrases::parts(text, sentence.span.clone(), &lexis);
        reader.sentence(sentence, &parts);
    }
    reader.out
}

struct Reader<'a> {
    text: &'a str,
    out: Vec<Found>,
    /// The thing the last sentence was about.
    subject: Option<Phrase>,
    /// For each sentence, the thing whose list may follow it.
    open: Vec<Option<(Phrase, Rule)>>,
    at: usize,
    /// The role behind the "I" of a user story.
    teller: Option<Phrase>,
}

fn class(phrase: &Phrase) -> Option<Class> {
    morphology_en::known(&phrase.key).or_else(|| phrase.key.rsplit_once(' ').and_then(|(_, head)| morphology_en::known(head)))
}

fn is_property(phrase: &Phrase) -> bool {
    matches!(class(phrase), Some(Class::Property | Class::Either))
}

/// "list of orders" and "unit of equipment" speak of what they hold.
pub(super) fn unwrap(phrase: &Phrase) -> &Phrase {
    let wrapper = matches!(phrase.key.as_str(), "stock" | "catalog" | "catalogue" | "register" | "directory" | "registry" | "card" | "type" | "unit" | "piece" | "set" | "inventory" | "composition") || morphology_en::known(&phrase.key) == Some(Class::Stop);
    match &phrase.of {
        Some(of) if wrapper => unwrap(of),
        _ => phrase,
    }
}

fn is_status(phrase: &Phrase) -> bool {
    let head = phrase.key.rsplit(' ').next().unwrap_or("");
    matches!(head, "status" | "state" | "type" | "kind" | "priority" | "level" | "category" | "condition" | "stage" | "role" | "gender" | "severity" | "size" | "method" | "urgency" | "color" | "result" | "format" | "unit" | "currency")
}

impl Reader<'_> {
    fn emit(&mut self, fact: Fact) {
        self.out.push(Found { fact, sentence: self.at });
    }

    fn sentence(&mut self, sentence: &Sentence, parts: &[Placed]) {
        for placed in parts {
            if let Part::Thing(thing) = &placed.part {
                self.emit(Fact::Mention(thing.clone()));
                self.complement(thing);
            }
        }
        if sentence.block == Block::Heading {
            if let Some(Part::Thing(thing)) = parts.first().map(|p| &p.part)
                && parts.iter().all(|p| !matches!(p.part, Part::Verb { loose: false, .. } | Part::And))
            {
                self.open[self.at] = Some((thing.clone(), Rule::Listed));
                self.subject = Some(thing.clone());
            }
            return;
        }
        if sentence.block == Block::Item && self.point(sentence, parts) {
            return;
        }
        self.teller = self.story(parts);
        let mut clause = 0;
        // Clauses are read one by one; a semicolon or a subordinate word starts the next.
        for (i, placed) in parts.iter().enumerate() {
            if matches!(placed.part, Part::Semi) {
                self.clauses(&parts[clause..i]);
                clause = i + 1;
            }
        }
        self.clauses(&parts[clause..]);
    }

    /// A clause is read with some looking ahead, so one without end is read in pieces.
    fn clauses(&mut self, parts: &[Placed]) {
        for piece in parts.chunks(CLAUSE) {
            self.clause(piece);
        }
    }

    /// A point of a list whose introduction has an owner: the point names an attribute or a part.
    fn point(&mut self, sentence: &Sentence, parts: &[Placed]) -> bool {
        if !sentence.first {
            return false;
        }
        let owner = match sentence.lead {
            Some(lead) => self.open[lead].clone(),
            None => sentence.heading.and_then(|h| self.open[h].clone()),
        };
        let Some((owner, rule)) = owner else { return false };
        let Some(Part::Thing(first)) = parts.first().map(|p| &p.part) else { return false };
        if parts.iter().take(4).any(|p| matches!(p.part, Part::Verb { participle: false, .. } | Part::Modal | Part::Be)) {
            return false;
        }
        if sentence.lead.is_none() && !is_property(first) && !matches!(class(&owner), Some(Class::Record | Class::Person | Class::Either)) {
            return false;
        }
        let plain_title = sentence.lead.is_none() || rule == Rule::Listed;
        if plain_title && parts.iter().any(|p| matches!(p.part, Part::Colon)) && !is_property(first) && items(self.text, &parts[2.min(parts.len())..]).iter().any(|i| is_property(&i.phrase)) {
            return false;
        }
        let items = items(self.text, parts);
        if items.is_empty() {
            return false;
        }
        self.open[self.at] = Some((first.clone(), Rule::Listed));
        self.emit(Fact::Link { rule, subject: owner, items });
        true
    }

    /// `name of the customer`: the complement owns the head.
    fn complement(&mut self, thing: &Phrase) {
        if let Some(of) = &thing.of {
            // "number of guests" is not a property of guests.
            if matches!(thing.key.rsplit(' ').next(), Some("number" | "quantity" | "amount" | "count")) && of.plural {
                return self.complement(of);
            }
            if std::ptr::eq(unwrap(thing), thing) {
            let mut head = thing.clone();
            head.of = None;
            head.tail.clear();
            self.emit(Fact::Link { rule: Rule::Of, subject: (**of).clone(), items: vec![Item { phrase: head, values: Vec::new() }] });
            }
            self.complement(of);
        }
    }

    /// "As a manager, I want ..."
    fn story(&mut self, parts: &[Placed]) -> Option<Phrase> {
        let opens = parts.first().is_some_and(|p| match &p.part {
            Part::Prep(low) => low == "as",
            Part::Conj => self.text[p.span.clone()].eq_ignore_ascii_case("as") || self.text[p.span.clone()].to_lowercase() == "как",
            _ => false,
        });
        if opens && let Some(Part::Thing(role)) = parts.get(1).map(|p| &p.part) {
            self.emit(Fact::Actor { phrase: role.clone(), story: true });
            return Some(role.clone());
        }
        None
    }

    #[allow(clippy::too_many_lines)] // One pass over the parts, one arm per sign.
    fn clause(&mut self, parts: &[Placed]) {
        let mut subject: Option<Phrase> = None;
        // "for each order": what the sentence is about, when nobody is its subject.
        let mut about: Option<Phrase> = None;
        let mut subject_at = usize::MAX;
        let mut modal = false;
        let mut i = 0;
        while i < parts.len() {
            match &parts[i].part {
                Part::Thing(thing) => {
                    match parts.get(i + 1).map(|p| &p.part) {
                        Some(Part::Colon | Part::Dash) if (subject.is_none() || i <= 2) && self.listed(thing, &parts[i + 2..], subject.as_ref().or(about.as_ref())) => return,
                        Some(Part::Colon) if is_status(thing) => {
                            let values = values(self.text, &parts[i + 2..]);
                            self.values(subject.clone().or_else(|| about.clone()), thing, values);
                        }
                        Some(Part::Open) => {
                            let end = close(parts, i + 1);
                            self.bracket(thing, &parts[i + 2..end]);
                        }
                        Some(Part::Prep(with)) if matches!(with.as_str(), "with" | "с" | "со") && !is_property(thing) => {
                            let found = items(self.text, &parts[i + 2..]);
                            if found.iter().any(|i| is_property(&i.phrase)) {
                                self.emit(Fact::Link { rule: Rule::With, subject: thing.clone(), items: found });
                            }
                        }
                        _ => {}
                    }
                    let back = parts[..i].iter().rev().take(4).find(|p| !matches!(p.part, Part::Adv));
                    let opens = back.is_none_or(|p| matches!(p.part, Part::Comma | Part::And | Part::Conj | Part::Dash | Part::Colon));
                    if subject.is_none() || (opens && acts(&parts[i + 1..])) {
                        subject = Some(thing.clone());
                        subject_at = i;
                    }
                }
                Part::Pron(low) => {
                    let back = matches!(low.as_str(), "it" | "they" | "he" | "she" | "он" | "она" | "оно" | "они" | "него" | "нее" | "них");
                    if back && subject.is_none() {
                        subject.clone_from(&self.subject);
                        subject_at = i;
                    } else if matches!(low.as_str(), "we" | "i" | "you" | "мы" | "я") {
                        subject.clone_from(&self.teller);
                        subject_at = i;
                    }
                }
                Part::Quant(Quant::Each) if subject.is_none() && matches!(parts.get(i + 1).map(|p| &p.part), Some(Part::Verb { act: Act::Have, .. })) => {
                    subject.clone_from(&self.subject);
                    subject_at = i;
                }
                Part::Prep(prep) if matches!(parts.get(i + 1).map(|p| &p.part), Some(Part::Thing(_))) => {
                    let Some(Part::Thing(thing)) = parts.get(i + 1).map(|p| &p.part) else { break };
                    match prep.as_str() {
                        "for" | "about" | "on" | "per" if thing.quant == Quant::Each || (i == 0 && prep != "on") || prep == "per" || prep == "about" => about = about.filter(|_| thing.quant != Quant::Each).or_else(|| Some(thing.clone())),
                        "по" | "для" | "о" | "об" | "про" | "за" | "к" | "с" if thing.quant == Quant::Each || i == 0 || matches!(prep.as_str(), "о" | "об" | "про") => about = about.filter(|_| thing.quant != Quant::Each).or_else(|| Some(thing.clone())),
                        "у" | "в" | "к" | "на" if self.possessive(parts, i, thing) => {
                            self.subject = Some(thing.clone());
                            return;
                        }
                        "in" | "в" | "на" | "к" if i == 0 => about = Some(thing.clone()),
                        _ => {}
                    }
                    if i == 0 || !matches!(prep.as_str(), "with" | "с" | "со") {
                        if let Some(Part::Open) = parts.get(i + 2).map(|p| &p.part) {
                            let end = close(parts, i + 2);
                            self.bracket(thing, &parts[i + 3..end]);
                        }
                        i += 1;
                    }
                }
                Part::Prep(prep) if prep == "у" && matches!(parts.get(i + 1).map(|p| &p.part), Some(Part::Pron(_) | Part::Quant(Quant::Each))) => {
                    if let Some(owner) = self.subject.clone() {
                        let from = i + 2;
                        let found = items(self.text, skip_verb(parts, from));
                        if !found.is_empty() {
                            self.emit(Fact::Link { rule: Rule::Has, subject: owner, items: found });
                            return;
                        }
                    }
                }
                Part::Modal => {
                    modal = true;
                    // "We also need the area and the number of rooms."
                    let word = self.text[parts[i].span.clone()].to_lowercase();
                    let needs = matches!(word.as_str(), "need" | "needs" | "want" | "нужны" | "нужен" | "нужна" | "нужно" | "требуется" | "требуются");
                    if needs && subject.as_ref().is_none_or(|s| class(s) != Some(Class::Person)) {
                        let found = items(self.text, &parts[i + 1..]);
                        let owner = about.clone().or_else(|| trailing_about(&parts[i + 1..])).or_else(|| subject.clone()).or_else(|| self.subject.clone());
                        if let Some(owner) = owner.filter(|o| !is_property(o) && !found.is_empty() && found.iter().filter(|f| is_property(&f.phrase)).count() * 2 > found.len()) {
                            self.has(owner, &parts[i + 1..], Rule::Has);
                            return;
                        }
                    }
                }
                Part::Conj => {
                    subject = None;
                }
                Part::Be => {
                    if let Some(owner) = &subject {
                        let rest = &parts[i + 1..];
                        // "Each job is for one bike."
                        if let (Some(Part::Prep(prep)), Some(Part::Thing(to))) = (rest.first().map(|p| &p.part), rest.get(1).map(|p| &p.part))
                            && matches!(prep.as_str(), "for" | "of" | "from" | "to" | "with" | "by" | "in" | "на" | "для" | "у" | "в")
                            && !is_property(owner)
                        {
                            self.emit(Fact::Link { rule: Rule::Belongs, subject: owner.clone(), items: vec![Item { phrase: to.clone(), values: Vec::new() }] });
                        }
                        let next_verb = rest.iter().find_map(|p| if let Part::Verb { act, participle, .. } = p.part { Some((act, participle)) } else { None });
                        let values = values(self.text, rest);
                        let short = values.len() > 1 && rest.iter().any(|p| matches!(p.part, Part::Or | Part::Comma)) && values.iter().all(|v| v.split_whitespace().count() <= 3);
                        let describes = rest.first().is_some_and(|p| matches!(p.part, Part::Value | Part::Verb { participle: true, .. } | Part::Adv) || self.text[p.span.clone()].eq_ignore_ascii_case("one") || matches!(p.part, Part::Thing(_)));
                        let has_or = rest.iter().any(|p| matches!(p.part, Part::Or));
                        if short && describes && (is_status(owner) || (has_or && next_verb.is_none_or(|(act, _)| act != Act::Belong))) && !rest.iter().any(|p| matches!(p.part, Part::Pron(_))) {
                            let owner = owner.clone();
                            if is_property(&owner) || is_status(&owner) {
                                let of = owner.of.as_deref().cloned();
                                self.values(of, &owner, values);
                            } else {
                                self.emit(Fact::Values { owner: Some(owner), property: None, values });
                            }
                            return;
                        }
                    }
                }
                Part::Verb { act, participle, loose, reflexive, russian } => {
                    let passive = *reflexive || (*participle && (*russian || parts[..i].iter().rev().take(2).any(|p| matches!(p.part, Part::Be))));
                    let rest = &parts[i + 1..];
                    let before = subject.clone().filter(|_| subject_at < i);
                    if let Some(from) = &before {
                        self.placed(from, *act, passive, rest);
                    }
                    match act {
                        Act::Consist if matches!(rest.first().map(|p| &p.part), Some(Part::Prep(prep)) if prep == "в") => {
                            let owners: Vec<Item> = items(self.text, &rest[1..]).into_iter().take(4).collect();
                            if let Some(from) = before.clone().filter(|_| !owners.is_empty()) {
                                self.emit(Fact::Link { rule: Rule::Belongs, subject: from, items: owners });
                            }
                        }
                        // "Products are grouped into categories."
                        Act::Consist if matches!(rest.first().map(|p| &p.part), Some(Part::Prep(prep)) if prep == "на" || prep == "into") && first_thing(rest).is_some_and(|t| matches!(t.key.rsplit(' ').next(), Some("category" | "type" | "kind" | "class" | "section"))) => {
                            if let (Some(from), Some(to)) = (before.clone(), first_thing(rest)) {
                                self.emit(Fact::Link { rule: Rule::Belongs, subject: from, items: vec![Item { phrase: to, values: Vec::new() }] });
                            }
                        }
                        Act::Have | Act::Consist if !passive || *reflexive || *act == Act::Consist || matches!(rest.first().map(|p| &p.part), Some(Part::Prep(by)) if by == "by") => {
                            let rest = if *act == Act::Consist || passive { skip_prep(rest) } else { rest };
                            let owner = before.clone().or_else(|| about.clone());
                            if let Some(owner) = owner {
                                let rule = if *act == Act::Consist { Rule::Consists } else { Rule::Has };
                                self.has(owner, rest, rule);
                                subject = subject.or(before);
                            }
                            if rest.iter().all(|p| !matches!(p.part, Part::Verb { .. })) {
                                break;
                            }
                        }
                        Act::Belong => {
                            let owners: Vec<Item> = items(self.text, skip_prep(rest)).into_iter().take(4).collect();
                            // "В букет входят цветы": the verb stands between whole and part.
                            let joins = before.is_none() && *russian && owners.first().is_some_and(|o| o.phrase.plural);
                            if let (true, Some(whole)) = (joins, about.clone()) {
                                self.emit(Fact::Link { rule: Rule::Consists, subject: unwrap(&whole).clone(), items: owners });
                            } else if let Some(from) = before.clone().or_else(|| about.clone())
                                && !owners.is_empty()
                            {
                                self.emit(Fact::Link { rule: Rule::Belongs, subject: from, items: owners });
                            }
                        }
                        Act::Store => {
                            let owner = about.clone().or_else(|| trailing_about(rest));
                            let found = items(self.text, rest);
                            if let Some(owner) = owner {
                                self.has(owner, rest, Rule::Has);
                                return;
                            }
                            // "The receipt records the supplier and the date."
                            if let Some(owner) = before.clone().filter(|b| !passive && matches!(class(b), Some(Class::Record | Class::Either)) && !found.is_empty()) {
                                self.has(owner, rest, Rule::Has);
                                return;
                            }
                            // "Parts are tracked in the warehouse: number, name, price."
                            if let (Some(owner), Some(colon)) = (before.clone(), rest.iter().position(|p| matches!(p.part, Part::Colon)))
                                && (passive || owner.russian)
                                && items(self.text, &rest[colon + 1..]).iter().any(|i| is_property(&i.phrase))
                            {
                                self.has(owner, &rest[colon + 1..], Rule::Has);
                                return;
                            }
                            // "We keep the name and phone of each customer."
                            if let Some(of) = found.last().and_then(|l| l.phrase.of.clone())
                                && found.len() > 1
                                && found.iter().all(|i| is_property(&i.phrase))
                            {
                                self.emit(Fact::Link { rule: Rule::Has, subject: *of, items: found });
                                return;
                            }
                            if let Some(from) = &before {
                                self.emit(Fact::Actor { phrase: from.clone(), story: false });
                            }
                            if found.is_empty()
                                && matches!(rest.last().map(|p| &p.part), Some(Part::Colon))
                                && let Some(owner) = before.clone()
                            {
                                self.open[self.at] = Some((owner, Rule::Has));
                            }
                            if let Some(from) = before.filter(|_| passive) {
                                self.emit(Fact::Managed(from));
                            }
                            for item in found {
                                self.emit(Fact::Managed(item.phrase));
                            }
                        }
                        Act::Link => {
                            let by = rest.iter().position(|p| matches!(&p.part, Part::Prep(by) if by == "by"));
                            if passive {
                                if let (Some(from), Some(by)) = (before.clone(), by.and_then(|b| first_thing(&rest[b..]))) {
                                    self.emit(Fact::Actor { phrase: by.clone(), story: false });
                                    self.emit(Fact::Link { rule: Rule::Belongs, subject: from, items: vec![Item { phrase: by, values: Vec::new() }] });
                                }
                            } else if let Some(from) = before.clone() {
                                if !*loose || modal {
                                    self.emit(Fact::Actor { phrase: from.clone(), story: false });
                                }
                                let found: Vec<Item> = items(self.text, rest).into_iter().take(3).collect();
                                for item in &found {
                                    self.emit(Fact::Managed(item.phrase.clone()));
                                }
                                if !found.is_empty() {
                                    self.emit(Fact::Link { rule: Rule::Does, subject: from, items: found });
                                }
                            } else {
                                for item in items(self.text, rest).into_iter().take(4) {
                                    self.emit(Fact::Managed(item.phrase));
                                }
                            }
                        }
                        _ => {
                            if let Some(from) = before.clone().filter(|_| !passive) {
                                self.emit(Fact::Actor { phrase: from, story: false });
                            }
                            if let Some(from) = before.clone()
                                && let Some(to) = origin(rest)
                            {
                                self.emit(Fact::Link { rule: Rule::Belongs, subject: from, items: vec![Item { phrase: to, values: Vec::new() }] });
                            }
                            if passive {
                                if let Some(from) = before {
                                    self.emit(Fact::Managed(from));
                                }
                            } else {
                                for item in items(self.text, rest).into_iter().take(4) {
                                    self.emit(Fact::Managed(item.phrase));
                                }
                            }
                        }
                    }
                }
                _ => {}
            }
            i += 1;
        }
        if let Some(subject) = subject.or(about) {
            self.subject = Some(subject);
        }
    }

    fn has(&mut self, owner: Phrase, rest: &[Placed], rule: Rule) {
        let found = items(self.text, rest);
        self.nested(rest);
        if found.is_empty() || matches!(rest.last().map(|p| &p.part), Some(Part::Colon)) {
            self.open[self.at] = Some((owner.clone(), rule));
        }
        self.subject = Some(owner.clone());
        if !found.is_empty() {
            self.emit(Fact::Link { rule, subject: owner, items: found });
        }
    }

    /// "has items: product, price" and "has a pass with a price and a date": the list belongs to the item.
    fn nested(&mut self, rest: &[Placed]) {
        for (i, placed) in rest.iter().enumerate().take(LIST) {
            let Part::Thing(thing) = &placed.part else { continue };
            let thing = unwrap(thing);
            let inner = match rest.get(i + 1).map(|p| &p.part) {
                Some(Part::Colon) if !is_property(thing) && !is_status(thing) => Rule::Listed,
                Some(Part::Prep(with)) if matches!(with.as_str(), "with" | "с" | "со") && !is_property(thing) => Rule::With,
                Some(Part::Open) if !is_property(thing) && !is_status(thing) => Rule::Listed,
                _ => continue,
            };
            let end = if matches!(rest[i + 1].part, Part::Open) { close(rest, i + 1) } else { rest.len() };
            let found = items(self.text, &rest[i + 2..end]);
            if found.iter().filter(|f| is_property(&f.phrase)).count() * 2 >= found.len() && !found.is_empty() {
                self.emit(Fact::Link { rule: inner, subject: thing.clone(), items: found });
                if inner != Rule::Listed || end == rest.len() {
                    break;
                }
            }
        }
    }

    /// "Clients register with their name", "classes are held in rooms".
    fn placed(&mut self, from: &Phrase, act: Act, passive: bool, rest: &[Placed]) {
        let (Some(Part::Prep(prep)), Some(Part::Thing(to))) = (rest.first().map(|p| &p.part), rest.get(1).map(|p| &p.part)) else { return };
        match prep.as_str() {
            "with" | "с" | "со" if is_property(to) && act != Act::Belong && !is_property(from) => {
                let found = items(self.text, &rest[1..]);
                self.emit(Fact::Link { rule: Rule::With, subject: from.clone(), items: found });
            }
            "in" | "at" | "into" | "to" | "в" | "на" | "по" if (passive || act == Act::Link) && matches!(class(to), Some(Class::Record | Class::Either)) && !matches!(act, Act::Belong | Act::Consist) && (prep != "по" || to.quant == Quant::One) => {
                self.emit(Fact::Link { rule: Rule::Belongs, subject: from.clone(), items: vec![Item { phrase: to.clone(), values: Vec::new() }] });
            }
            _ => {}
        }
    }

    /// "У клиента есть имя", "В каждом заказе номер и дата".
    fn possessive(&mut self, parts: &[Placed], at: usize, owner: &Phrase) -> bool {
        let rest = skip_verb(parts, at + 2);
        let starts = match rest.first().map(|p| &p.part) {
            Some(Part::Thing(thing)) => owner.quant >= Quant::One || thing.quant == Quant::Many || matches!(&parts[at].part, Part::Prep(prep) if prep == "у"),
            Some(Part::Colon) => true,
            _ => false,
        };
        if !starts {
            return false;
        }
        let rest = if matches!(rest.first().map(|p| &p.part), Some(Part::Colon)) { &rest[1..] } else { rest };
        self.has(owner.clone(), rest, Rule::Has);
        true
    }

    /// "Customer: name, phone" or "Status: new, paid".
    fn listed(&mut self, thing: &Phrase, rest: &[Placed], owner: Option<&Phrase>) -> bool {
        // "stock of parts: name, price" lists what is kept of parts.
        let wrapped = thing.of.as_deref().filter(|_| !is_status(thing) && (is_property(thing) || class(thing) == Some(Class::Stop)));
        let thing = wrapped.unwrap_or(thing);
        let found = items(self.text, rest);
        if rest.is_empty() {
            self.open[self.at] = Some((thing.clone(), Rule::Listed));
            self.subject = Some(thing.clone());
            return false;
        }
        let properties = found.iter().filter(|i| is_property(&i.phrase)).count();
        if matches!(thing.key.as_str(), "entity" | "core entity" | "data" | "record" | "data model" | "main entity") && properties == 0 && found.len() > 1 {
            for item in found {
                self.emit(Fact::Declared(item.phrase));
            }
            return true;
        }
        let verbs = rest.iter().take(6).any(|p| matches!(p.part, Part::Verb { participle: false, .. } | Part::Modal));
        if is_status(thing) && properties * 2 <= found.len() {
            let values = values(self.text, rest);
            if values.len() > 1 {
                let owner = thing.of.as_deref().cloned().or_else(|| owner.cloned()).or_else(|| self.subject.clone());
                self.values(owner, thing, values);
                return true;
            }
        }
        if verbs || found.is_empty() || class(thing) == Some(Class::Stop) {
            return false;
        }
        if (found.len() > 1 || properties > 0) && (properties * 3 >= found.len() || found.len() > 2) && !is_property(thing) {
            self.subject = Some(thing.clone());
            self.emit(Fact::Link { rule: Rule::Listed, subject: thing.clone(), items: found });
            return true;
        }
        false
    }

    fn bracket(&mut self, thing: &Phrase, inside: &[Placed]) {
        let found = items(self.text, inside);
        let properties = found.iter().filter(|i| is_property(&i.phrase)).count();
        if is_property(thing) || is_status(thing) {
            let values = values(self.text, inside);
            if values.len() > 1 {
                let owner = thing.of.as_deref().cloned();
                self.values(owner, thing, values);
            }
        } else if found.len() > 1 && properties * 2 >= found.len() {
            self.emit(Fact::Link { rule: Rule::Listed, subject: thing.clone(), items: found });
        }
    }

    fn values(&mut self, owner: Option<Phrase>, property: &Phrase, values: Vec<String>) {
        let owner = owner.or_else(|| self.subject.clone());
        let mut property = property.clone();
        property.of = None;
        property.tail.clear();
        self.emit(Fact::Values { owner, property: Some(property), values });
    }
}

/// Whether a finite verb follows at once, so that the thing before it is a subject.
fn acts(parts: &[Placed]) -> bool {
    let verb = parts.iter().find(|p| !matches!(p.part, Part::Adv));
    verb.is_some_and(|p| matches!(p.part, Part::Modal | Part::Be | Part::Verb { participle: false, loose: false, .. }))
}

fn first_thing(parts: &[Placed]) -> Option<Phrase> {
    parts.iter().take(4).find_map(|p| if let Part::Thing(t) = &p.part { Some(t.clone()) } else { None })
}

/// "comes from a supplier", "is created from the order".
fn origin(parts: &[Placed]) -> Option<Phrase> {
    match (parts.first().map(|p| &p.part), parts.get(1).map(|p| &p.part)) {
        (Some(Part::Prep(prep)), Some(Part::Thing(thing))) if prep == "from" || (prep == "for" && matches!(thing.quant, Quant::Each | Quant::One | Quant::A)) => Some(thing.clone()),
        _ => None,
    }
}

fn skip_prep(parts: &[Placed]) -> &[Placed] {
    let skip = parts.iter().take_while(|p| matches!(p.part, Part::Prep(_) | Part::Adv)).count();
    &parts[skip..]
}

fn skip_verb(parts: &[Placed], from: usize) -> &[Placed] {
    let rest = parts.get(from..).unwrap_or(&[]);
    let skip = rest.iter().take_while(|p| matches!(p.part, Part::Verb { act: Act::Have | Act::Store, .. } | Part::Modal | Part::Be | Part::Adv | Part::Dash | Part::And) || matches!(&p.part, Part::Prep(prep) if prep == "до")).count();
    &rest[skip..]
}

/// "... for each order" behind the list.
fn trailing_about(parts: &[Placed]) -> Option<Phrase> {
    parts.windows(2).find_map(|pair| match (&pair[0].part, &pair[1].part) {
        (Part::Prep(prep), Part::Thing(thing)) if matches!(prep.as_str(), "for" | "about" | "of" | "on" | "по" | "для" | "о" | "об") && (thing.quant == Quant::Each || matches!(prep.as_str(), "about" | "о" | "об")) => Some(thing.clone()),
        _ => None,
    })
}

fn close(parts: &[Placed], open: usize) -> usize {
    // A bracket that never closes ends with its sentence; one bracket holds a short list.
    parts.iter().enumerate().skip(open + 1).take(60).find(|(_, p)| matches!(p.part, Part::Close)).map_or(parts.len().min(open + 60), |(i, _)| i)
}

/// At most this many parts of a sentence are read together.
const CLAUSE: usize = 160;

/// At most this many items of one list are read.
const LIST: usize = 60;

/// The things of a list, up to the first sign that the list is over.
pub(super) fn items(text: &str, parts: &[Placed]) -> Vec<Item> {
    let mut out: Vec<Item> = Vec::new();
    let mut i = 0;
    let mut fresh = true;
    while i < parts.len() && out.len() < LIST && i < LIST * 4 {
        match &parts[i].part {
            Part::Thing(thing) => {
                if !fresh {
                    break;
                }
                out.push(Item { phrase: thing.clone(), values: Vec::new() });
                fresh = false;
            }
            Part::Comma | Part::And | Part::Or | Part::Semi => fresh = true,
            Part::Open => {
                let end = close(parts, i);
                if let Some(last) = out.last_mut() {
                    let inside = values(text, &parts[i + 1..end]);
                    if inside.len() > 1 {
                        last.values = inside;
                    }
                }
                i = end;
            }
            Part::Colon | Part::Dash if out.last().is_some_and(|last| is_status(&last.phrase)) => {
                let rest = values(text, &parts[i + 1..]);
                if let Some(last) = out.last_mut().filter(|_| rest.len() > 1) {
                    last.values = rest;
                }
                break;
            }
            Part::Prep(prep) if out.is_empty() && matches!(prep.as_str(), "up" | "to" | "at" | "before" | "до" | "от") => {}
            Part::Prep(prep) if matches!(prep.as_str(), "from" | "to" | "until" | "till") && matches!(parts.get(i + 1).map(|p| &p.part), None | Some(Part::Comma | Part::And | Part::Close)) => {
                if let Some(last) = out.last_mut() {
                    last.phrase.long_key = format!("{} {prep}", last.phrase.long_key);
                    last.phrase.long_label = format!("{} {prep}", last.phrase.long_label);
                }
            }
            Part::Prep(prep) if matches!(prep.as_str(), "with" | "с" | "со") && out.last().is_some_and(|l| !is_property(&l.phrase)) && matches!(parts.get(i + 1).map(|p| &p.part), Some(Part::Thing(t)) if is_property(t)) => break,
            Part::Prep(prep) => {
                // "price in euros", "date of the visit": the rest of the item, not a new one.
                if out.is_empty() && !matches!(prep.as_str(), "of" | "about") || prep == "for" && matches!(parts.get(i + 1).map(|p| &p.part), Some(Part::Thing(t)) if t.quant == Quant::Each) {
                    break;
                }
                if matches!(parts.get(i + 1).map(|p| &p.part), Some(Part::Thing(_))) && !out.is_empty() {
                    i += 1;
                }
            }
            Part::Adv | Part::Quant(_) | Part::Other | Part::Value => {}
            Part::Pron(_) if fresh => {}
            Part::Verb { participle: true, .. } if !fresh => {
                // "date received", with nothing behind it, is one name.
                let ends = matches!(parts.get(i + 1).map(|p| &p.part), None | Some(Part::Comma | Part::And | Part::Semi | Part::Or));
                let Some(last) = out.last_mut().filter(|l| ends && !l.phrase.russian && is_property(&l.phrase)) else { break };
                let tail = text[parts[i].span.clone()].to_lowercase();
                last.phrase.long_key = format!("{} {tail}", last.phrase.long_key);
                last.phrase.long_label = format!("{} {tail}", last.phrase.long_label);
            }
            Part::Verb { participle: false, .. } | Part::Modal | Part::Be => {
                // The last thing was the subject of the next clause.
                if !fresh && out.len() > 1 && matches!(parts.get(i - 2).map(|p| &p.part), Some(Part::And | Part::Comma | Part::Semi)) {
                    out.pop();
                }
                break;
            }
            _ => break,
        }
        i += 1;
    }
    out
}

/// `новой` in a list of states is `новая`.
fn nominative(value: String) -> String {
    match morphology_ru::adjective(&value) {
        Some((stem, gender, _)) if !value.contains(' ') && value.chars().any(|c| ('а'..='я').contains(&c)) && gender != 'p' => morphology_ru::adjective_lemma(stem, gender),
        _ => value,
    }
}

/// The raw words between separators: values of an enumeration, as the brief words them.
fn values(text: &str, parts: &[Placed]) -> Vec<String> {
    let mut out = Vec::new();
    let mut piece: Option<Range<usize>> = None;
    let mut push = |piece: &mut Option<Range<usize>>| {
        if let Some(range) = piece.take() {
            let value = text[range].trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase().replace(['\n', '*', '"', '«', '»'], " ");
            let value = ["one of ", "either ", "the "].iter().fold(value.as_str(), |v, start| v.strip_prefix(start).unwrap_or(v)).trim().to_owned();
            if !value.is_empty() && value.len() < 60 {
                out.push(nominative(value));
            }
        }
    };
    for placed in parts.iter().take(LIST * 3) {
        match placed.part {
            Part::Comma | Part::Or | Part::And | Part::Semi | Part::Dash => push(&mut piece),
            Part::Open | Part::Close | Part::Colon | Part::Conj | Part::Modal => break,
            _ => match &mut piece {
                Some(open) => open.end = placed.span.end,
                None => piece = Some(placed.span.clone()),
            },
        }
    }
    push(&mut piece);
    out
}
