//! What each sentence says about data, before anyone decides what is an entity.

use super::lexis_ru::Lexis;
use super::phrases::{Part, Phrase, Placed};
use super::split::{Block, Sentence};
use super::lexicon_en::Class;
use super::lists::{CLAUSE, items};
use super::phrases;
use super::things::{class, declares, goods, is_property, unwrap};
use super::word::Act;

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
    /// "one X per Y"
    Per,
    /// Both stand in one clause.
    Near,
    /// A customer and an order in one brief.
    Together,
}

/// One item of a list, with the values it allows.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub phrase: Phrase,
    pub values: Vec<String>,
}

impl From<&Phrase> for Item {
    fn from(phrase: &Phrase) -> Self {
        Self { phrase: phrase.clone(), values: Vec::new() }
    }
}

/// What a sentence says about data.
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
    /// An act that leaves a record: whose it is and what it is about.
    Event { names: &'static [&'static str], doer: Phrase, about: Vec<Phrase>, items: Vec<Item> },
    /// The owner has many of the thing, and each time with these data.
    Line { owner: Phrase, thing: Phrase, items: Vec<Item> },
}

/// A fact and its sentence.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub fact: Fact,
    pub sentence: usize,
}

/// Reads all sentences in order; pronouns and lists look back one step only, so the work stays linear.
pub(super) fn read(text: &str, sentences: &[Sentence], notes: &[bool]) -> Vec<Found> {
    let mut reader = Reader { text, out: Vec::new(), subject: None, object: None, open: vec![None; sentences.len()], at: 0, teller: None };
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

/// Walks through the sentences and gathers facts.
pub(super) struct Reader<'a> {
    pub text: &'a str,
    out: Vec<Found>,
    /// The thing the last sentence was about.
    pub subject: Option<Phrase>,
    /// The record the last sentence's person worked on.
    pub object: Option<Phrase>,
    /// For each sentence, the thing whose list may follow it.
    pub open: Vec<Option<(Phrase, Rule)>>,
    pub at: usize,
    /// The role behind the "I" of a user story.
    pub teller: Option<Phrase>,
}

impl Reader<'_> {
    pub fn emit(&mut self, fact: Fact) {
        self.out.push(Found { fact, sentence: self.at });
    }

    fn sentence(&mut self, sentence: &Sentence, parts: &[Placed]) {
        for placed in parts {
            if let Part::Thing(thing) = &placed.part {
                self.emit(Fact::Mention(thing.clone()));
                self.complement(thing);
            }
        }
        self.goods(parts);
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
        self.near(parts);
        self.joined(parts);
        self.each_with(parts);
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
        if matches!(owner.key.as_str(), "role" | "user" | "actor" | "user role") {
            self.emit(Fact::Actor { phrase: first.clone(), story: true });
            return false;
        }
        if declares(&owner) || (sentence.lead.is_some() && class(&owner) == Some(Class::Stop)) {
            if !is_property(first) && !parts.iter().any(|p| matches!(p.part, Part::Verb { participle: false, .. } | Part::Modal)) {
                self.emit(Fact::Declared(first.clone()));
            }
            return false;
        }
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

    /// "Bike-parts shop, stock and prices from 1C": the properties are those of the goods.
    fn goods(&mut self, parts: &[Placed]) {
        let things = || parts.iter().take(CLAUSE).filter_map(|p| if let Part::Thing(t) = &p.part { Some(t) } else { None });
        let Some(goods) = things().find_map(goods) else { return };
        if parts.iter().any(|p| matches!(&p.part, Part::Prep(with) if matches!(with.as_str(), "with" | "с" | "со"))) {
            return;
        }
        self.emit(Fact::Declared(goods.clone()));
        if parts.iter().any(|p| matches!(p.part, Part::Verb { act: Act::Have | Act::Store, .. })) {
            return;
        }
        let items: Vec<Item> = things().filter(|t| class(t) == Some(Class::Property) && t.of.is_none()).map(Item::from).collect();
        if !items.is_empty() {
            self.emit(Fact::Link { rule: Rule::With, subject: goods, items });
        }
    }

    /// `name of the customer`: the complement owns the head.
    fn complement(&mut self, thing: &Phrase) {
        if let Some(of) = &thing.of {
            // "number of guests" is not a property of guests.
            if (matches!(thing.key.rsplit(' ').next(), Some("number" | "quantity" | "amount" | "count")) && of.plural) || (thing.russian && thing.key == "total") {
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
        // A number such as "US-1:" may stand in front.
        let start = parts.iter().take(4).position(|p| matches!(p.part, Part::Colon | Part::Dash)).map_or(0, |i| i + 1);
        let opens = parts.get(start).is_some_and(|p| matches!(self.text[p.span.clone()].to_lowercase().as_str(), "as" | "как"));
        if opens && let Some(Part::Thing(role)) = parts.get(start + 1).map(|p| &p.part) {
            self.emit(Fact::Actor { phrase: role.clone(), story: true });
            return Some(role.clone());
        }
        None
    }
}
