//! One clause: who is spoken of, and what the sign at hand says of them.

use super::facts::{Fact, Item, Reader, Rule};
use super::lexicon_en::Class;
use super::near::next_clause;
use super::lists::{acts, close, items, skip_verb, trailing_about, values};
use super::phrases::{Part, Phrase, Placed};
use super::things::{class, is_property, is_status, unwrap};
use super::word::case::{ACC, NOM};
use super::word::{Act, Quant};

/// Who a clause speaks of, as far as it has been read.
#[derive(Default)]
pub(super) struct Scope {
    pub subject: Option<Phrase>,
    /// Where the subject stands.
    pub since: usize,
    /// "for each order": what the clause is about, when nobody is its subject.
    pub about: Option<Phrase>,
    pub modal: bool,
}

impl Scope {
    fn set(&mut self, subject: Option<Phrase>, at: usize) {
        self.subject = subject;
        self.since = at;
    }
}

/// Whether there is more to read in the clause.
#[derive(PartialEq, Eq)]
pub(super) enum Flow {
    On,
    /// Skips the thing behind a preposition.
    Skip,
    /// The clause is told, and so is whom the next one means by "it".
    Done,
    /// Nothing more to learn here.
    End,
}

impl Reader<'_> {
    /// Reads a clause from left to right.
    pub(super) fn clause(&mut self, parts: &[Placed]) {
        if self.verbless(parts) {
            return;
        }
        let mut from = 0;
        // What ends one clause does not end the sentence: "a room has a number, and each room is in a house".
        while let Some(end) = self.span(&parts[from..]) {
            let Some(next) = next_clause(parts, from + end + 1) else { return };
            from = next.max(from + 1);
        }
    }

    /// Reads until the clause is told; gives back where, unless it was the last.
    fn span(&mut self, parts: &[Placed]) -> Option<usize> {
        let mut scope = Scope::default();
        let mut i = 0;
        let mut ended = None;
        while i < parts.len() {
            let flow = match &parts[i].part {
                Part::Thing(thing) => self.named(thing, parts, i, &mut scope),
                Part::Pron(low) => {
                    self.pronoun(low, i, &mut scope);
                    Flow::On
                }
                Part::Quant(Quant::Each) if scope.subject.is_none() && matches!(parts.get(i + 1).map(|p| &p.part), Some(Part::Verb { act: Act::Have, .. })) => {
                    scope.set(self.subject.clone(), i);
                    Flow::On
                }
                Part::Prep(prep) => self.preposition(prep, parts, i, &mut scope),
                Part::Modal => {
                    scope.modal = true;
                    self.need(parts, i, &scope)
                }
                Part::Conj => {
                    let who = matches!(self.text[parts[i].span.clone()].to_lowercase().as_str(), "who" | "which" | "that" | "который" | "которая" | "которое" | "которые");
                    let before = parts[..i].iter().rev().take(3).find_map(|p| if let Part::Thing(t) = &p.part { Some(t) } else { None });
                    scope.subject = None;
                    match (who, before) {
                        // "a contractor, who has a trade and a phone"
                        (true, Some(before)) if acts(&parts[i + 1..]) => scope.set(Some(before.clone()), i),
                        // "a customer, whose name and phone we need"
                        _ if self.text[parts[i].span.clone()].eq_ignore_ascii_case("whose") => {
                            let found = items(self.text, &parts[i + 1..]);
                            if let Some(before) = before.filter(|b| !is_property(b) && found.iter().any(|f| is_property(&f.phrase))) {
                                self.emit(Fact::Link { rule: Rule::Has, subject: before.clone(), items: found });
                            }
                        }
                        _ => {}
                    }
                    Flow::On
                }
                Part::Be => self.being(parts, i, &scope),
                Part::Verb { .. } => self.verb(parts, i, &mut scope),
                _ => Flow::On,
            };
            match flow {
                Flow::On => i += 1,
                Flow::Skip => i += 2,
                Flow::Done => return Some(i),
                Flow::End => {
                    ended = Some(i);
                    break;
                }
            }
        }
        if let Some(subject) = scope.subject.or(scope.about) {
            self.subject = Some(subject);
        }
        ended
    }

    /// "Start and end date, total price, status." goes on about what the last sentence was about.
    fn verbless(&mut self, parts: &[Placed]) -> bool {
        let plain = parts.iter().all(|p| !matches!(p.part, Part::Verb { participle: false, .. } | Part::Modal | Part::Be | Part::Colon | Part::Dash | Part::Pron(_) | Part::Conj));
        let starts = matches!(parts.first().map(|p| &p.part), Some(Part::Thing(thing)) if is_property(thing) && thing.of.is_none());
        let Some(owner) = self.subject.clone().filter(|o| plain && starts && matches!(class(o), Some(Class::Record | Class::Person))) else { return false };
        let found = items(self.text, parts);
        if found.len() < 2 || !found.iter().all(|f| is_property(&f.phrase)) {
            return false;
        }
        self.emit(Fact::Link { rule: Rule::Has, subject: owner, items: found });
        true
    }

    fn named(&mut self, thing: &Phrase, parts: &[Placed], i: usize, scope: &mut Scope) -> Flow {
        match parts.get(i + 1).map(|p| &p.part) {
            Some(Part::Colon | Part::Dash) if (scope.subject.is_none() || i <= 2 || self.filled(thing, parts, i, scope)) && self.listed(thing, &parts[i + 2..], scope.subject.as_ref().or(scope.about.as_ref())) => return Flow::Done,
            Some(Part::Colon) if is_status(thing) => {
                let values = values(self.text, &parts[i + 2..]);
                self.values(scope.subject.clone().or_else(|| scope.about.clone()), thing, values);
            }
            // "passes the states «new», «done»"
            Some(Part::Other) if is_status(thing) => {
                let values = values(self.text, &parts[i + 1..]);
                if values.len() > 1 {
                    self.values(thing.of.as_deref().cloned().or_else(|| scope.subject.clone()), thing, values);
                    return Flow::Done;
                }
            }
            Some(Part::Open) => {
                let end = close(parts, i + 1);
                // "pick a category (hardware, software) for my ticket"
                let mut thing = thing.clone();
                if let (Some(Part::Prep(prep)), Some(Part::Thing(of))) = (parts.get(end + 1).map(|p| &p.part), parts.get(end + 2).map(|p| &p.part))
                    && matches!(prep.as_str(), "for" | "of")
                    && is_status(&thing)
                    && thing.of.is_none()
                {
                    thing.of = Some(Box::new(of.clone()));
                }
                let thing = &thing;
                self.bracket(thing, &parts[i + 2..end]);
            }
            // "orders with a date", "we track devices by number and model"
            Some(Part::Prep(with)) if !is_property(thing) && (matches!(with.as_str(), "with" | "с" | "со") || (with == "by" && i > 0 && matches!(parts[i - 1].part, Part::Verb { act: Act::Store, .. }))) => {
                let found = items(self.text, &parts[i + 2..]);
                if found.iter().any(|i| class(&i.phrase) == Some(Class::Property)) {
                    // "A customer is a person with a name."
                    let owner = scope.subject.as_ref().filter(|_| i > 0 && matches!(parts[i - 1].part, Part::Be) || matches!(thing.key.as_str(), "person" | "someone")).unwrap_or(thing).clone();
                    self.emit(Fact::Link { rule: Rule::With, subject: owner, items: found });
                }
            }
            _ => {}
        }
        let back = parts[..i].iter().rev().take(4).find(|p| !matches!(p.part, Part::Adv));
        let opens = back.is_none_or(|p| matches!(p.part, Part::Comma | Part::And | Part::Conj | Part::Dash | Part::Colon));
        if scope.subject.is_none() || (opens && acts(&parts[i + 1..])) {
            scope.set(Some(thing.clone()), i);
        }
        Flow::On
    }

    /// "The doctor fills in the chart: complaints, diagnosis" tells of the chart.
    fn filled(&self, thing: &Phrase, parts: &[Placed], i: usize, scope: &Scope) -> bool {
        !is_property(thing) && matches!(parts[i - 1].part, Part::Verb { participle: false, .. }) && scope.subject.as_ref().is_some_and(|s| class(s) == Some(Class::Person))
    }

    fn pronoun(&mut self, low: &str, i: usize, scope: &mut Scope) {
        match low {
            "it" if scope.subject.is_none() => scope.set(self.topic(), i),
            "it" | "they" | "he" | "she" | "он" | "она" | "оно" | "они" | "него" | "нее" | "них" if scope.subject.is_none() => scope.set(self.subject.clone(), i),
            // "A customer calls, we write down the name": the name is the customer's.
            "we" | "мы" if scope.subject.is_some() => {
                self.subject = scope.subject.take();
                scope.since = i;
            }
            "we" | "i" | "you" | "мы" | "я" => scope.set(self.teller.clone(), i),
            _ => {}
        }
    }

    fn preposition(&mut self, prep: &str, parts: &[Placed], i: usize, scope: &mut Scope) -> Flow {
        let thing = match parts.get(i + 1).map(|p| &p.part) {
            Some(Part::Thing(thing)) => thing,
            // "for each we keep a name"
            Some(Part::Quant(Quant::Each)) if matches!(prep, "for" | "для" | "по" | "about") => {
                scope.about = scope.subject.clone().or_else(|| self.subject.clone());
                return Flow::Skip;
            }
            // "У него есть имя", "У каждого есть имя".
            Some(Part::Pron(_) | Part::Quant(Quant::Each)) if prep == "у" => {
                let found = items(self.text, skip_verb(parts, i + 2));
                let Some(owner) = scope.subject.clone().or_else(|| self.subject.clone()).filter(|_| !found.is_empty()) else { return Flow::On };
                self.emit(Fact::Link { rule: Rule::Has, subject: owner, items: found });
                return Flow::Done;
            }
            _ => return Flow::On,
        };
        // "О портном известны имя и телефон", "По механикам храним имя и телефон".
        if thing.russian && matches!(prep, "о" | "об" | "по" | "про" | "на" | "для" | "к" | "за" | "в") && !is_property(thing) && matches!(class(thing), Some(Class::Record | Class::Person)) && (i == 0 || !matches!(prep, "в" | "на" | "за" | "к")) {
            let told = parts[i + 2..].iter().take(4).take_while(|p| matches!(p.part, Part::Verb { act: Act::Store | Act::Have | Act::Manage, .. } | Part::Value | Part::Modal | Part::Be | Part::Adv)).count();
            let rest = parts.get(i + 2 + told..).unwrap_or(&[]);
            let found = items(self.text, rest);
            if told > 0 && !found.is_empty() && found.iter().filter(|f| is_property(&f.phrase)).count() * 2 > found.len() && found[0].phrase.cases & (NOM | ACC) != 0 && found[0].phrase.of.is_none() {
                self.has(thing.clone(), rest, Rule::Has);
                return Flow::Done;
            }
        }
        let each = thing.quant == Quant::Each;
        let about = match prep {
            "for" => each || i == 0,
            "on" => each,
            "about" | "per" | "о" | "об" | "про" => true,
            "по" | "для" | "за" | "с" => each || i == 0,
            "у" | "в" | "к" | "на" if self.possessive(parts, i, thing, scope.subject.is_some()) => {
                self.subject = Some(thing.clone());
                if !parts[i + 3.min(parts.len() - i)..].iter().any(|p| matches!(p.part, Part::Verb { act: Act::Store | Act::Have, .. })) {
                    return Flow::Done;
                }
                scope.set(Some(thing.clone()), i);
                return Flow::Skip;
            }
            "к" => each || i == 0,
            "in" => i == 0,
            "в" | "на" => i == 0 || (matches!(parts[i - 1].part, Part::Comma | Part::And) && matches!(parts.get(i + 2).map(|p| &p.part), Some(Part::Verb { act: Act::Store, .. }))),
            _ => false,
        };
        if about && (each || i == 0 || matches!(prep, "в" | "на") || scope.about.is_none()) {
            scope.about = Some(thing.clone());
            // "For each shift: start, end."
            let list = match parts.get(i + 2).map(|p| &p.part) {
                Some(Part::Colon | Part::Dash | Part::Comma) => parts.get(i + 3..),
                Some(Part::Thing(_)) if each => parts.get(i + 2..),
                _ => None,
            };
            if let Some(list) = list
                && items(self.text, list).iter().filter(|f| is_property(&f.phrase)).count() > 1
                && !acts(list.get(1..).unwrap_or(&[]))
            {
                self.has(thing.clone(), list, Rule::Has);
                return Flow::Done;
            }
        }
        if i > 0 && matches!(prep, "with" | "с" | "со") {
            // "Tenants are persons or companies, with name and phone."
            if let Some(subject) = scope.subject.as_ref().filter(|s| matches!(parts[i - 1].part, Part::Comma) && !is_property(s) && is_property(thing)) {
                let found = items(self.text, &parts[i + 1..]);
                if found.len() > 1 && found.iter().all(|f| is_property(&f.phrase)) {
                    self.emit(Fact::Link { rule: Rule::With, subject: subject.clone(), items: found });
                }
            }
            return Flow::On;
        }
        if let Some(Part::Open) = parts.get(i + 2).map(|p| &p.part) {
            let end = close(parts, i + 2);
            self.bracket(thing, &parts[i + 3..end]);
        }
        Flow::Skip
    }

    /// "We also need the area and the number of rooms."
    fn need(&mut self, parts: &[Placed], i: usize, scope: &Scope) -> Flow {
        let word = self.text[parts[i].span.clone()].to_lowercase();
        let needs = matches!(word.as_str(), "need" | "needs" | "want" | "нужны" | "нужен" | "нужна" | "нужно" | "требуется" | "требуются");
        if !needs || scope.subject.as_ref().is_some_and(|s| class(s) == Some(Class::Person)) {
            return Flow::On;
        }
        let rest = &parts[i + 1..];
        let found = items(self.text, rest);
        let properties = found.iter().filter(|f| is_property(&f.phrase)).count();
        let owner = scope.about.clone().or_else(|| trailing_about(rest)).or_else(|| scope.subject.clone()).or_else(|| self.subject.clone());
        // "We need the address and the phone of every member."
        if let Some(of) = found.last().and_then(|l| l.phrase.of.clone()).filter(|of| matches!(class(of), Some(Class::Record | Class::Person)))
            && properties == found.len()
            && found[..found.len() - 1].iter().all(|f| f.phrase.of.is_none())
        {
            self.emit(Fact::Link { rule: Rule::Has, subject: *of, items: found });
            return Flow::Done;
        }
        let each = scope.about.as_ref().is_some_and(|a| a.quant == Quant::Each) && !found.is_empty() && found.iter().all(|f| class(&f.phrase) != Some(Class::Stop));
        match owner.filter(|o| !is_property(o) && (each || properties * 2 > found.len())) {
            Some(owner) => {
                self.has(owner, rest, Rule::Has);
                Flow::Done
            }
            None => Flow::On,
        }
    }

    fn being(&mut self, parts: &[Placed], i: usize, scope: &Scope) -> Flow {
        let Some(owner) = &scope.subject else { return Flow::On };
        let rest = &parts[i + 1..];
        // "A reservation gets one or more tables."
        if matches!(self.text[parts[i].span.clone()].to_lowercase().as_str(), "get" | "gets") && class(owner) == Some(Class::Record) && matches!(rest.first().map(|p| &p.part), Some(Part::Thing(_) | Part::Quant(_))) {
            self.has(owner.clone(), rest, Rule::Has);
            return Flow::On;
        }
        // "Each job is for one bike", "a car is located at a branch".
        let told = &rest[rest.iter().take_while(|p| matches!(p.part, Part::Value | Part::Adv)).count()..];
        if let (Some(Part::Prep(prep)), Some(Part::Thing(to))) = (told.first().map(|p| &p.part), told.get(1).map(|p| &p.part))
            && (prep != "by" || class(to) == Some(Class::Person))
            && matches!(prep.as_str(), "for" | "of" | "from" | "to" | "with" | "by" | "in" | "at" | "на" | "для" | "у" | "в")
            && !is_property(owner)
        {
            self.emit(Fact::Link { rule: Rule::Belongs, subject: owner.clone(), items: vec![Item::from(to)] });
            self.parties(owner, &told[2..]);
        }
        // "Departments are just a list of names."
        let told = &rest[rest.iter().take_while(|p| matches!(p.part, Part::Adv)).count()..];
        if let Some(Part::Thing(list)) = told.first().map(|p| &p.part)
            && list.key == "list"
            && let Some(of) = list.of.as_deref().filter(|of| is_property(of))
            && !is_property(owner)
        {
            self.emit(Fact::Link { rule: Rule::Has, subject: owner.clone(), items: vec![Item::from(of)] });
            return Flow::Done;
        }
        // "The owner's details are: name, phone."
        let list = if matches!(rest.first().map(|p| &p.part), Some(Part::Colon)) { &rest[1..] } else { rest };
        if !std::ptr::eq(unwrap(owner), owner) {
            let found = items(self.text, list);
            if found.len() > 1 && found.iter().filter(|f| is_property(&f.phrase)).count() * 2 > found.len() {
                self.has(unwrap(owner).clone(), list, Rule::Has);
                return Flow::Done;
            }
        }
        // "An invoice is draft, sent or paid."
        let values = values(self.text, rest);
        let short = values.len() > 1 && values.iter().all(|v| v.split_whitespace().count() <= 3);
        let describes = rest.first().is_some_and(|p| matches!(p.part, Part::Value | Part::Verb { participle: true, .. } | Part::Adv | Part::Thing(_)) || self.text[p.span.clone()].eq_ignore_ascii_case("one"));
        let tied = rest.iter().find_map(|p| if let Part::Verb { act, .. } = p.part { Some(act) } else { None }) == Some(Act::Belong);
        let by = rest.iter().any(|p| matches!(&p.part, Part::Prep(prep) if prep == "by"));
        let row = scope.modal && values.len() > 2 && rest.iter().all(|p| matches!(p.part, Part::Value | Part::Verb { participle: true, .. } | Part::Comma | Part::And | Part::Other));
        let chosen = is_status(owner) || row || (!tied && !by && rest.iter().any(|p| matches!(p.part, Part::Or)));
        if class(owner) == Some(Class::Person) && rest.iter().any(|p| matches!(p.part, Part::Thing(_))) {
            return Flow::On;
        }
        if !(short && describes && chosen) || rest.iter().any(|p| matches!(p.part, Part::Pron(_))) {
            return Flow::On;
        }
        if is_property(owner) || is_status(owner) {
            self.values(owner.of.as_deref().cloned(), owner, values);
        } else {
            self.emit(Fact::Values { owner: Some(owner.clone()), property: None, values });
        }
        Flow::Done
    }
}
