//! How many of one entity belong to how many of another.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::Rule;
use super::model::Cardinality;
use super::lexicon_en::Class;
use super::phrases::Phrase;
use super::things::class;
use super::word::Quant;

/// What sentences said about a pair; `None` where nothing was said.
#[derive(Debug, Clone, Default)]
pub(super) struct Tie {
    /// Whether one `b` can have many `a`.
    pub many_a: Option<bool>,
    /// Whether one `a` can have many `b`.
    pub many_b: Option<bool>,
    pub requirements: BTreeSet<usize>,
    pub rules: BTreeSet<Rule>,
    /// The side the first sentence started from is `a`.
    pub forward: bool,
}


/// Ties by pair of entity numbers, the smaller first.
pub(super) type Ties = BTreeMap<(usize, usize), Tie>;

/// Adds what one sentence said of two entities.
pub(super) fn tie(ties: &mut Ties, rule: Rule, from: (usize, &Phrase), to: (usize, &Phrase), sentence: usize) {
    if from.0 == to.0 {
        return;
    }
    let (subject, item) = (from.1, to.1);
    // How many `to` one `from` has, and how many `from` one `to` has.
    let (many_to, many_from) = match rule {
        Rule::Has | Rule::Listed | Rule::Consists | Rule::With => {
            let many = item.plural || item.quant == Quant::Many;
            // People's things are theirs: who has a car may have two.
            if rule != Rule::Consists && !many && item.quant != Quant::One && class(subject) == Some(Class::Person) && class(item) == Some(Class::Record) && !place(&item.key) && !matches!(item.key.rsplit(' ').next(), Some("plan" | "group" | "role" | "position" | "class" | "tariff" | "membership" | "grade" | "course" | "unit")) {
                (None, Some(false))
            } else {
            // A bike is rented again and again: what a booking or an order takes from stock stands in many of them.
            let shared = many && rule != Rule::Of && books(&subject.key) && !own_part(&item.key);
            (Some(many), if shared { Some(true) } else if item.quant == Quant::One && (subject.quant == Quant::One || (class(subject) == Some(Class::Person) && class(item) != Some(Class::Person))) { Some(false) } else { None })
            }
        }
        Rule::Belongs => {
            // "Orders belong to customers" speaks of the kind; "an order belongs to several customers" counts.
            let many = item.quant == Quant::Many || (item.plural && !subject.plural);
            // "Mechanics are assigned to jobs" leaves both sides open; a department has its people to itself.
            let many = many || (item.plural && subject.plural && class(subject) == Some(Class::Person) && class(item) == Some(Class::Record) && !place(&item.key));
            (Some(many), if many { Some(true) } else { None })
        }
        Rule::Does => (Some(item.quant != Quant::One || subject.quant != Quant::Each), if subject.quant == Quant::Many { Some(true) } else { None }),
        // "The car's owner" is one of few; "the owner's car" one of many.
        Rule::Of if class(item) == Some(Class::Person) && !item.plural => (Some(false), Some(true)),
        Rule::Of => (None, None),
        Rule::Per => (Some(item.quant == Quant::Many || item.plural), Some(false)),
        // What stands together is weaker than what is said; a pair of each other's many is told by the words alone.
        Rule::Near if subject.plural && books(&item.key) && !own_part(&subject.key) && class(subject) != Some(Class::Person) => (Some(true), Some(true)),
        Rule::Near => (Some(item.quant == Quant::Many), Some(true)),
        Rule::Together => (Some(true), Some(false)),
    };
    let key = (from.0.min(to.0), from.0.max(to.0));
    let forward = from.0 < to.0;
    let entry = ties.entry(key).or_insert_with(|| Tie { forward, ..Tie::default() });
    let (many_b, many_a) = if forward { (many_to, many_from) } else { (many_from, many_to) };
    if rule == Rule::Near && !entry.rules.is_empty() {
        return;
    }
    if rule == Rule::Of && !entry.rules.is_empty() {
        entry.requirements.insert(sentence);
        return;
    }
    entry.many_a = join(entry.many_a, many_a);
    entry.many_b = join(entry.many_b, many_b);
    entry.requirements.insert(sentence);
    entry.rules.insert(rule);
}

/// Where people and things have their one place.
pub(super) fn place(key: &str) -> bool {
    matches!(key.rsplit(' ').next(), Some("department" | "branch" | "depot" | "location" | "site" | "office" | "company" | "organization" | "team" | "shop" | "store" | "club" | "warehouse" | "room" | "building" | "school" | "hospital" | "clinic" | "region" | "zone" | "station" | "category" | "family" | "household" | "bin" | "shelf"))
}

fn books(key: &str) -> bool {
    matches!(key.rsplit(' ').next(), Some("order" | "rental" | "reservation" | "booking" | "appointment" | "cart" | "wishlist" | "quote"))
}

/// Parts that live and die with their whole.
fn own_part(key: &str) -> bool {
    key == "spare part" || matches!(key.rsplit(' ').next(), Some("item" | "line" | "parcel" | "package" | "ticket" | "payment" | "job" | "task" | "operation" | "comment" | "file" | "document" | "photo" | "guest" | "participant" | "position" | "row" | "message" | "shipment" | "invoice"))
}

/// "Many" wins: a sentence that speaks of several is more telling than one that happens to use the singular.
fn join(before: Option<bool>, now: Option<bool>) -> Option<bool> {
    match (before, now) {
        (Some(a), Some(b)) => Some(a || b),
        (a, b) => a.or(b),
    }
}

impl Tie {
    /// From `a` to `b`.
    fn cardinality(&self) -> Cardinality {
        let (many_a, many_b) = match (self.many_a, self.many_b) {
            (Some(a), Some(b)) => (a, b),
            (None, Some(b)) => (!b, b),
            (Some(a), None) => (a, !a),
            // "Customer's order": the owner has many unless told otherwise.
            (None, None) => (!self.forward, self.forward),
        };
        match (many_a, many_b) {
            (true, true) => Cardinality::ManyToMany,
            (true, false) => Cardinality::ManyToOne,
            (false, true) => Cardinality::OneToMany,
            (false, false) => Cardinality::OneToOne,
        }
    }

    /// From the side the first sentence started from to the other, given the pair.
    pub fn directed(&self, pair: (usize, usize)) -> (usize, usize, Cardinality) {
        if self.forward { (pair.0, pair.1, self.cardinality()) } else { (pair.1, pair.0, self.cardinality().reversed()) }
    }

    /// The rule in words.
    pub fn because(&self) -> &'static str {
        match self.rules.first() {
            Some(Rule::Consists) => "One is said to be made of the other.",
            Some(Rule::Belongs) => "One is said to belong or be assigned to the other.",
            Some(Rule::Does) => "The one is said to act on the other.",
            Some(Rule::Of) => "One is named as the other's.",
            Some(Rule::Per) => "One is counted by the other.",
            Some(Rule::Near) => "They stand together in one clause or side by side.",
            Some(Rule::Together) => "They are named in one sentence, and such papers are made out to someone.",
            _ => "One is said to have the other.",
        }
    }
}
