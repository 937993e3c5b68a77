//! What the verb of a clause says of its subject and its objects.

use super::clause::{Flow, Scope};
use super::facts::{Fact, Item, Reader, Rule};
use super::lexicon_en::Class;
use super::lists::{first_thing, items, origin, skip_prep, trailing_about};
use super::near::next_clause;
use super::phrases::{Part, Phrase, Placed};
use super::things::{class, is_property, staff, unwrap};
use super::word::{Act, Quant};

/// A verb with what stands around it.
struct Predicate<'p> {
    act: Act,
    passive: bool,
    reflexive: bool,
    russian: bool,
    loose: bool,
    form: String,
    /// The subject, when it stands before the verb.
    subject: Option<Phrase>,
    rest: &'p [Placed],
}

/// The colon that opens the list of this clause, not of the next.
fn colon(rest: &[Placed]) -> Option<usize> {
    let at = rest.iter().position(|p| matches!(p.part, Part::Colon))?;
    next_clause(&rest[..at], 0).is_none().then_some(at)
}

impl Predicate<'_> {
    fn led_by(&self, preps: &[&str]) -> bool {
        matches!(self.rest.first().map(|p| &p.part), Some(Part::Prep(prep)) if preps.contains(&prep.as_str()))
    }
}

impl Reader<'_> {
    pub(super) fn verb(&mut self, parts: &[Placed], i: usize, scope: &mut Scope) -> Flow {
        let Part::Verb { act, participle, loose, reflexive, russian } = parts[i].part else { return Flow::On };
        let after_be = parts[..i].iter().rev().take(2).any(|p| matches!(p.part, Part::Be));
        let verb = Predicate {
            act,
            passive: reflexive || (participle && (russian || after_be)),
            reflexive,
            russian,
            loose,
            form: self.text[parts[i].span.clone()].to_lowercase(),
            subject: scope.subject.clone().filter(|_| scope.since < i),
            rest: &parts[i + 1..],
        };
        if let Some(from) = &verb.subject {
            self.placed(from, act, verb.passive, verb.rest);
            self.timed(from, verb.passive || scope.since < i, verb.rest, &verb.form);
        }
        // "Recipients do not have an account."
        let denied = parts[..i].iter().rev().take(2).any(|p| matches!(self.text[p.span.clone()].to_lowercase().as_str(), "not" | "don't" | "doesn't" | "never" | "не"));
        if denied && matches!(act, Act::Have | Act::Consist) {
            return Flow::End;
        }
        // "Each record names the tooth", "a receipt shows the date": papers hold what they tell.
        let tells = matches!(verb.form.as_str(), "names" | "name" | "shows" | "show" | "states" | "state" | "gives" | "mentions" | "mention") && !verb.passive && !verb.loose && verb.subject.as_ref().is_some_and(|s| class(s) != Some(Class::Person) && !is_property(s) && class(unwrap(s)) != Some(Class::Stop) || s.quant == Quant::Each);
        let act = if tells && items(self.text, verb.rest).iter().any(|i| is_property(&i.phrase)) { Act::Have } else { act };
        match act {
            Act::Have | Act::Consist => self.having(verb, scope),
            Act::Belong => self.belonging(verb, scope),
            Act::Store => self.storing(verb, scope),
            Act::Link => self.doing(verb, scope),
            Act::Manage => self.managing(verb),
        }
    }

    /// "The rental runs from a start date", "it starts on a certain day", "fittings are set for a date and a time".
    fn timed(&mut self, from: &Phrase, finite: bool, rest: &[Placed], form: &str) {
        if !finite || !matches!(class(from), Some(Class::Record)) {
            return;
        }
        for (i, placed) in rest.iter().enumerate().take(10) {
            let Part::Prep(prep) = &placed.part else { continue };
            let Some(Part::Thing(when)) = rest.get(i + 1).map(|p| &p.part) else { continue };
            let head = when.key.rsplit(' ').next().unwrap_or("");
            if !matches!(prep.as_str(), "on" | "at" | "for" | "from" | "to" | "until" | "till" | "на" | "с" | "до" | "по") || !matches!(head, "date" | "day" | "time") || when.of.is_some() || matches!(when.quant, Quant::Each | Quant::Many) {
                continue;
            }
            let mut found: Vec<Item> = items(self.text, &rest[i + 1..]).into_iter().filter(|f| matches!(f.phrase.key.rsplit(' ').next(), Some("date" | "day" | "time"))).collect();
            let edge = match form {
                "starts" | "begins" | "start" | "begin" => "start date",
                "ends" | "expires" | "end" | "expire" => "end date",
                _ => "",
            };
            if let Some(first) = found.first_mut()
                && matches!(first.phrase.key.as_str(), "day" | "date")
                && !edge.is_empty()
            {
                for name in [&mut first.phrase.key, &mut first.phrase.label, &mut first.phrase.long_key, &mut first.phrase.long_label] {
                    edge.clone_into(name);
                }
            }
            let plain = |f: &Item| matches!(f.phrase.long_key.as_str(), "date" | "time" | "start date" | "end date" | "due date" | "start time" | "end time" | "return date") || f.phrase.russian;
            found.retain(plain);
            if !found.is_empty() {
                self.emit(Fact::Link { rule: Rule::With, subject: from.clone(), items: found });
            }
            return;
        }
    }

    /// "An invoice is made from the treatments": it has them; "an order comes from a customer": it is theirs.
    fn made_from(&mut self, subject: &Phrase, to: &Phrase) {
        if to.plural && !subject.plural && class(to) != Some(Class::Person) {
            self.emit(Fact::Link { rule: Rule::Per, subject: subject.clone(), items: vec![Item::from(to)] });
        } else {
            self.belongs(subject.clone(), vec![Item::from(to)]);
        }
    }

    fn belongs(&mut self, subject: Phrase, items: Vec<Item>) {
        if !items.is_empty() && class(&subject) != Some(Class::Property) {
            self.emit(Fact::Link { rule: Rule::Belongs, subject, items });
        }
    }

    fn having(&mut self, verb: Predicate<'_>, scope: &mut Scope) -> Flow {
        if verb.act == Act::Consist {
            // "состоит в группе"; "products are grouped into categories".
            let kinds = verb.led_by(&["на", "по", "into"]) && first_thing(verb.rest).is_some_and(|t| matches!(t.key.rsplit(' ').next(), Some("category" | "type" | "kind" | "class" | "section")));
            if kinds || verb.led_by(&["в"]) {
                if let Some(from) = verb.subject {
                    self.belongs(from, items(self.text, &verb.rest[1..]).into_iter().take(4).collect());
                }
                return Flow::On;
            }
        } else if verb.passive && !verb.reflexive && !verb.led_by(&["by"]) {
            return self.managing(verb);
        } else if let (true, Some(subject)) = (verb.passive, &verb.subject) {
            self.parties(&subject.clone(), verb.rest);
        }
        // "The manager defines rates": people hold what they have and only set what they define.
        if matches!(verb.form.as_str(), "define" | "decide" | "determine" | "identify" | "describe" | "list" | "defines" | "decides" | "determines" | "identifies" | "describes" | "lists") && verb.subject.as_ref().is_some_and(|s| class(s) == Some(Class::Person)) {
            return self.managing(verb);
        }
        let consists = verb.act == Act::Consist;
        let rest = if consists || verb.passive { skip_prep(verb.rest) } else { verb.rest };
        if let Some(owner) = verb.subject.or_else(|| scope.about.clone()) {
            self.has(owner, rest, if consists { Rule::Consists } else { Rule::Has });
        }
        if rest.iter().any(|p| matches!(p.part, Part::Verb { .. })) { Flow::On } else { Flow::End }
    }

    fn belonging(&mut self, verb: Predicate<'_>, scope: &Scope) -> Flow {
        // "The manager assigns mechanics to jobs."
        if let (Some(subject), false, Some(Part::Thing(first))) = (&verb.subject, verb.passive, verb.rest.first().map(|p| &p.part))
            && class(subject) == Some(Class::Person)
        {
            if let Some(to) = verb.rest.windows(2).take(6).find_map(|pair| match (&pair[0].part, &pair[1].part) {
                (Part::Prep(prep), Part::Thing(to)) if matches!(prep.as_str(), "to" | "with" | "к" | "за" | "на") => Some(to.clone()),
                _ => None,
            }) {
                // "assigns a mechanic to each job": the job is the mechanic's.
                if class(first) == Some(Class::Person) && !first.plural && !to.plural && class(&to) != Some(Class::Person) {
                    self.belongs(to, vec![Item::from(first)]);
                } else {
                    self.belongs(first.clone(), vec![Item::from(&to)]);
                }
            }
            return self.managing(verb);
        }
        // "Payments are linked to a contract: date, amount."
        if let (Some(subject), Some(colon)) = (&verb.subject, colon(verb.rest))
            && items(self.text, &verb.rest[colon + 1..]).iter().any(|i| is_property(&i.phrase))
        {
            self.belongs(subject.clone(), items(self.text, skip_prep(&verb.rest[..colon])).into_iter().take(4).collect());
            self.has(subject.clone(), &verb.rest[colon + 1..], Rule::Has);
            return Flow::Done;
        }
        let owners: Vec<Item> = items(self.text, skip_prep(verb.rest)).into_iter().take(4).collect();
        let parts_follow = verb.russian && verb.subject.is_none() && owners.first().is_some_and(|o| o.phrase.plural);
        match (verb.subject, scope.about.clone()) {
            // "В букет входят цветы": the verb stands between whole and part.
            (None, Some(whole)) if parts_follow => self.emit(Fact::Link { rule: Rule::Consists, subject: unwrap(&whole).clone(), items: owners }),
            (Some(from), _) | (None, Some(from)) => self.belongs(from, owners),
            (None, None) => {}
        }
        Flow::On
    }

    fn storing(&mut self, verb: Predicate<'_>, scope: &Scope) -> Flow {
        let rest = verb.rest;
        if let Some(owner) = scope.about.clone().or_else(|| trailing_about(rest)) {
            self.has(owner, rest, Rule::Has);
            return Flow::Done;
        }
        let found = items(self.text, rest);
        // "Allergies must be recorded as well."
        if let (true, Some(property), Some(owner)) = (verb.passive, verb.subject.as_ref().filter(|s| is_property(s) && s.of.is_none()), self.subject.clone().filter(|s| matches!(class(s), Some(Class::Record | Class::Person)) && !staff(&s.key))) {
            self.emit(Fact::Link { rule: Rule::Has, subject: owner, items: vec![Item::from(property)] });
            return Flow::End;
        }
        let record = |thing: &Phrase| matches!(class(thing), Some(Class::Record | Class::Either));
        if let Some(subject) = verb.subject {
            // "The receipt records the supplier and the date."
            if (!verb.passive || (verb.reflexive && !found.is_empty())) && record(&subject) && !found.is_empty() {
                self.has(subject, rest, Rule::Has);
                return Flow::Done;
            }
            // "The customer enters a name and a phone."
            if !verb.passive && class(&subject) == Some(Class::Person) && !staff(&subject.key) && !found.is_empty() && found.iter().all(|i| is_property(&i.phrase) && i.phrase.of.is_none()) {
                self.has(subject, rest, Rule::Has);
                return Flow::Done;
            }
            // "Parts are tracked in the warehouse: number, name, price."
            if let Some(colon) = colon(rest)
                && (verb.passive || subject.russian)
                && items(self.text, &rest[colon + 1..]).iter().any(|i| is_property(&i.phrase))
            {
                self.has(subject, &rest[colon + 1..], Rule::Has);
                return Flow::Done;
            }
            self.emit(if verb.passive { Fact::Managed(subject.clone()) } else { Fact::Actor { phrase: subject.clone(), story: false } });
            if found.is_empty() && matches!(rest.last().map(|p| &p.part), Some(Part::Colon)) {
                self.open[self.at] = Some((subject, Rule::Has));
            }
        }
        // "We store the pet's name, species and breed."
        else if let Some(of) = found.first().and_then(|f| f.phrase.of.as_deref()).filter(|of| matches!(class(of), Some(Class::Record | Class::Person)))
            && found.len() > 1
            && found.iter().all(|i| is_property(&i.phrase))
            && found[1..].iter().all(|i| i.phrase.of.is_none())
        {
            self.emit(Fact::Link { rule: Rule::Has, subject: of.clone(), items: found.clone() });
            return Flow::Done;
        }
        // "They call us. We write down the name and the phone."
        else if let Some(owner) = self.subject.clone().filter(|o| !is_property(o) && class(o) != Some(Class::Stop))
            && found.len() > 1
            && is_property(&found[0].phrase)
            && found.iter().filter(|i| is_property(&i.phrase)).count() * 2 >= found.len()
            && found.iter().all(|i| i.phrase.of.as_deref().is_none_or(|of| !matches!(class(of), Some(Class::Record | Class::Person))))
        {
            self.has(owner, rest, Rule::Has);
            return Flow::Done;
        }
        // "We keep the name and phone of each customer."
        if let Some(of) = found.last().and_then(|l| l.phrase.of.clone())
            && found.len() > 1
            && found.iter().all(|i| is_property(&i.phrase))
        {
            self.emit(Fact::Link { rule: Rule::Has, subject: *of, items: found });
            return Flow::Done;
        }
        self.handled(found);
        Flow::On
    }

    /// "... by the customer": who acts, and who it then belongs to unless they only run the system.
    fn by(&mut self, subject: &Phrase, rest: &[Placed]) {
        let by = rest.iter().take(8).position(|p| matches!(&p.part, Part::Prep(by) if by == "by"));
        let Some(by) = by.and_then(|b| first_thing(&rest[b..])).filter(|by| class(by) == Some(Class::Person)) else { return };
        self.emit(Fact::Actor { phrase: by.clone(), story: false });
        if !staff(&by.key) {
            self.belongs(subject.clone(), vec![Item::from(&by)]);
        }
    }

    /// "... with one dentist, in one room, for one patient"
    pub(super) fn parties(&mut self, subject: &Phrase, rest: &[Placed]) {
        for pair in rest.windows(2).take(12) {
            match (&pair[0].part, &pair[1].part) {
                (Part::Verb { participle: false, .. } | Part::Modal | Part::Be, _) => break,
                (Part::Prep(prep), Part::Thing(to)) if matches!(prep.as_str(), "with" | "in" | "at" | "for" | "for each") && matches!(to.quant, Quant::One | Quant::A) && !is_property(to) => {
                    self.belongs(subject.clone(), vec![Item::from(to)]);
                }
                _ => {}
            }
        }
    }

    fn handled(&mut self, found: Vec<Item>) {
        for item in found.into_iter().take(6) {
            self.emit(Fact::Managed(item.phrase));
        }
    }

    fn doing(&mut self, verb: Predicate<'_>, scope: &Scope) -> Flow {
        let Some(subject) = verb.subject.clone() else {
            self.handled(items(self.text, verb.rest));
            return Flow::On;
        };
        if verb.passive {
            if colon(verb.rest).is_some() {
                return self.managing(Predicate { subject: Some(subject), ..verb });
            }
            if let Some(to) = origin(verb.rest, true) {
                self.made_from(&subject, &to);
            }
            self.by(&subject, verb.rest);
            self.parties(&subject, verb.rest);
            return Flow::On;
        }
        let rest = if verb.led_by(&["up", "for", "in", "at", "on", "с", "в", "на", "за"]) { skip_prep(verb.rest) } else { verb.rest };
        let found: Vec<Item> = items(self.text, rest).into_iter().take(3).collect();
        // "An event takes place at a venue."
        if found.first().is_some_and(|f| f.phrase.key == "place") {
            if let Some(Part::Prep(_)) = rest.get(1).map(|p| &p.part)
                && let Some(to) = first_thing(&rest[2..])
            {
                self.belongs(subject, vec![Item::from(&to)]);
            }
            return Flow::On;
        }
        // "The doctor holds the visit: date, complaints, diagnosis" lists what is kept of the visit.
        if let Some(colon) = colon(rest)
            && matches!(class(&subject), Some(Class::Record | Class::Either))
        {
            let told = items(self.text, &rest[colon + 1..]);
            if told.len() > 1 && told.iter().filter(|i| is_property(&i.phrase)).count() * 2 > told.len() {
                self.emit(Fact::Link { rule: Rule::Has, subject: subject.clone(), items: told });
            }
        }
        // "Guests book online: name, phone, date": who they are is theirs, the rest is the booking's.
        if let Some(colon) = colon(verb.rest)
            && class(&subject) == Some(Class::Person)
            && !staff(&subject.key)
            && verb.rest[..colon].iter().all(|p| matches!(p.part, Part::Adv | Part::Value | Part::Prep(_)))
        {
            let told = items(self.text, &verb.rest[colon + 1..]);
            if told.len() > 1 && told.iter().filter(|i| is_property(&i.phrase)).count() * 2 > told.len() {
                let (own, rest): (Vec<Item>, Vec<Item>) = told.into_iter().partition(|i| matches!(i.phrase.key.as_str(), "name" | "first name" | "last name" | "full name" | "phone" | "phone number" | "email" | "address" | "birth date" | "birthday" | "age"));
                self.emit(Fact::Actor { phrase: subject.clone(), story: false });
                if !own.is_empty() {
                    self.emit(Fact::Link { rule: Rule::Has, subject: subject.clone(), items: own });
                }
                if let Some(names) = super::near::event(&verb.form).filter(|_| !rest.is_empty()) {
                    self.emit(Fact::Event { names, doer: subject.clone(), about: Vec::new(), items: rest });
                } else if !rest.is_empty() {
                    self.emit(Fact::Link { rule: Rule::Has, subject: subject.clone(), items: rest });
                }
                return Flow::Done;
            }
        }
        // Russian may name the doer last: "направление оформляет врач".
        if let Some(doer) = found.first().filter(|f| verb.russian && class(&f.phrase) == Some(Class::Person) && matches!(class(&subject), Some(Class::Record | Class::Either))) {
            self.emit(Fact::Actor { phrase: doer.phrase.clone(), story: false });
            self.emit(Fact::Managed(subject.clone()));
            self.emit(Fact::Link { rule: Rule::Does, subject: doer.phrase.clone(), items: vec![Item::from(&subject)] });
            return Flow::On;
        }
        if !verb.loose || scope.modal {
            self.emit(Fact::Actor { phrase: subject.clone(), story: false });
        }
        // "Customers can open a claim for a parcel."
        if let (Some(object), Some(Part::Prep(prep)), Some(Part::Thing(to))) = (found.first(), rest.get(1).map(|p| &p.part), rest.get(2).map(|p| &p.part))
            && matches!(prep.as_str(), "for" | "on" | "about" | "with")
            && matches!(to.quant, Quant::A | Quant::One | Quant::Each)
            && class(&object.phrase) == Some(Class::Record)
            && !is_property(to)
        {
            self.belongs(object.phrase.clone(), vec![Item::from(to)]);
        }
        self.handled(found.clone());
        // Many join, attend or take what many others do too.
        let mut subject = subject;
        if matches!(verb.form.as_str(), "join" | "joins" | "attend" | "attends" | "enrol" | "enroll" | "enrols" | "enrolls" | "sign" | "register" | "registers" | "participate" | "participates" | "take" | "takes" | "play" | "plays" | "visit" | "visits" | "посещает" | "посещают" | "проходит" | "проходят" | "участвует" | "участвуют") && subject.plural && found.first().is_some_and(|f| matches!(f.phrase.key.rsplit(' ').next(), Some("course" | "class" | "group" | "event" | "lesson" | "team" | "club" | "workshop" | "training" | "project" | "program" | "instrument" | "session"))) {
            subject.quant = Quant::Many;
        }
        // "A customer puts parts in an order": the order has the parts, not the customer.
        let moved = rest.iter().take(4).zip(rest.iter().skip(1)).any(|(prep, to)| matches!((&prep.part, &to.part), (Part::Prep(prep), Part::Thing(to)) if matches!(prep.as_str(), "into" | "onto" | "in" | "to") && matches!(class(to), Some(Class::Record)))) && class(&subject) == Some(Class::Person) && verb.act == Act::Manage;
        if !found.is_empty() && !moved {
            self.emit(Fact::Link { rule: Rule::Does, subject, items: found });
        }
        Flow::On
    }

    fn managing(&mut self, verb: Predicate<'_>) -> Flow {
        if let Some(subject) = verb.subject.clone() {
            // "Documents are uploaded to a case: title, file."
            if let Some(colon) = colon(verb.rest)
                && (verb.passive || (verb.russian && verb.led_by(&["в", "на"])))
                && items(self.text, &verb.rest[colon + 1..]).iter().any(|i| is_property(&i.phrase))
            {
                self.has(subject, &verb.rest[colon + 1..], Rule::Has);
                return Flow::Done;
            }
            if let Some(to) = origin(verb.rest, verb.passive) {
                self.made_from(&subject, &to);
            }
            if verb.passive {
                self.by(&subject, verb.rest);
                self.parties(&subject, verb.rest);
            }
            self.emit(if verb.passive { Fact::Managed(subject) } else { Fact::Actor { phrase: subject, story: false } });
        }
        if !verb.passive {
            self.handled(items(self.text, verb.rest));
        }
        Flow::On
    }
}
