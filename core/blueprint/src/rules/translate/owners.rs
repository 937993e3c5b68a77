//! Owners and their lists: who has what, in the shapes a list can take.

use super::facts::{Fact, Item, Reader, Rule};
use super::lexicon_en::Class;
use super::lists::{LIST, close, items, skip_verb, values};
use super::phrases::{Part, Phrase, Placed};
use super::things::{class, declares, is_property, is_status, unwrap};
use super::word::case::NOM;
use super::word::{Act, Quant};

impl Reader<'_> {
    pub(super) fn has(&mut self, owner: Phrase, rest: &[Placed], rule: Rule) {
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
    pub(super) fn nested(&mut self, rest: &[Placed]) {
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
    pub(super) fn placed(&mut self, from: &Phrase, act: Act, passive: bool, rest: &[Placed]) {
        // "sign up with"
        let rest = if matches!(rest.first().map(|p| &p.part), Some(Part::Prep(up)) if up == "up") { &rest[1..] } else { rest };
        let (Some(Part::Prep(prep)), Some(Part::Thing(to))) = (rest.first().map(|p| &p.part), rest.get(1).map(|p| &p.part)) else { return };
        match prep.as_str() {
            "with" | "с" | "со" if is_property(to) && act != Act::Belong && !is_property(from) => {
                let found = items(self.text, &rest[1..]);
                self.emit(Fact::Link { rule: Rule::With, subject: from.clone(), items: found });
            }
            "по" | "into" if passive && act != Act::Consist && matches!(to.key.as_str(), "category" | "section" | "type") => {
                self.emit(Fact::Link { rule: Rule::Belongs, subject: from.clone(), items: vec![Item::from(to)] });
            }
            "with" | "с" | "со" if passive && act != Act::Belong && (class(to) == Some(Class::Person) || matches!(to.quant, Quant::One | Quant::A)) => {
                self.emit(Fact::Link { rule: Rule::Belongs, subject: from.clone(), items: vec![Item::from(to)] });
            }
            "in" | "at" | "into" | "to" | "в" | "на" | "по" if (passive || (act == Act::Link && class(from) != Some(Class::Person)) || (matches!(prep.as_str(), "in" | "at") && matches!(to.quant, Quant::One | Quant::A) && !is_property(from))) && matches!(class(to), Some(Class::Record | Class::Either)) && !matches!(act, Act::Belong | Act::Consist) && (prep != "по" || to.quant == Quant::One) => {
                self.emit(Fact::Link { rule: Rule::Belongs, subject: from.clone(), items: vec![Item { phrase: to.clone(), values: Vec::new() }] });
            }
            _ => {}
        }
    }

    /// "У клиента есть имя", "В каждом заказе номер и дата".
    pub(super) fn possessive(&mut self, parts: &[Placed], at: usize, owner: &Phrase, taken: bool) -> bool {
        let rest = skip_verb(parts, at + 2);
        // "В классе учится много учеников."
        let rest = match (rest.first().map(|p| &p.part), rest.get(1).map(|p| &p.part)) {
            (Some(Part::Verb { act: Act::Manage | Act::Link, .. }), Some(Part::Thing(thing))) if (thing.quant == Quant::Many || (thing.plural && thing.cases & NOM != 0)) && matches!(&parts[at].part, Part::Prep(prep) if prep == "в" || prep == "на") => &rest[1..],
            _ => rest,
        };
        let starts = match rest.first().map(|p| &p.part) {
            Some(Part::Thing(thing)) => owner.quant >= Quant::One || thing.quant == Quant::Many || matches!(&parts[at].part, Part::Prep(prep) if prep == "у"),
            // A list behind the place where things lie is about the things.
            Some(Part::Colon) => !taken,
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
    pub(super) fn listed(&mut self, thing: &Phrase, rest: &[Placed], owner: Option<&Phrase>) -> bool {
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
        let all = found.iter().all(|f| f.phrase.plural);
        if (declares(thing) || (class(thing) == Some(Class::Stop) && all)) && properties * 2 <= found.len() && found.len() > 1 {
            for item in found {
                self.emit(Fact::Declared(item.phrase));
            }
            return true;
        }
        let verbs = rest.iter().take(6).any(|p| matches!(p.part, Part::Verb { participle: false, .. } | Part::Modal));
        // "Roles: nurse, doctor."
        if matches!(thing.key.as_str(), "role" | "user" | "actor" | "user role") && properties == 0 && !found.is_empty() {
            for item in found {
                self.emit(Fact::Actor { phrase: item.phrase, story: true });
            }
            return true;
        }
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

    pub(super) fn bracket(&mut self, thing: &Phrase, inside: &[Placed]) {
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

    pub(super) fn values(&mut self, owner: Option<Phrase>, property: &Phrase, values: Vec<String>) {
        let owner = owner.or_else(|| self.subject.clone());
        let mut property = property.clone();
        property.of = None;
        property.tail.clear();
        self.emit(Fact::Values { owner, property: Some(property), values });
    }
}
