//! Decides which things are entities, by adding up named findings.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::{Fact, Found, Rule};
use super::things::{staff, unwrap};
use super::lexicon_en::{self as lexicon, Class};
use super::phrases::Phrase;
use super::word::Quant;

/// Why a thing may be an entity, with the points each finding is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reason {
    Owns,
    Parts,
    Belongs,
    Possessed,
    Acts,
    Managed,
    Item,
    Near,
    Each,
    Known,
    Mentioned,
}

impl Reason {
    /// Points for the first finding, and the most that repetition can bring.
    fn points(self) -> (i32, i32) {
        match self {
            Self::Owns => (6, 8),
            Self::Parts => (6, 7),
            Self::Belongs => (6, 8),
            Self::Possessed => (3, 5),
            Self::Acts => (6, 6),
            Self::Managed => (2, 4),
            Self::Near => (1, 2),
            Self::Item => (1, 3),
            Self::Each => (2, 2),
            Self::Known => (3, 3),
            Self::Mentioned => (1, 3),
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Owns => "it is said to have attributes or parts",
            Self::Parts => "it is a part of something kept",
            Self::Belongs => "it is tied to something kept",
            Self::Possessed => "something kept has it",
            Self::Acts => "it acts on something kept",
            Self::Managed => "people work with it",
            Self::Near => "it stands beside something kept",
            Self::Item => "it stands in a list of attributes",
            Self::Each => "each of it is spoken of",
            Self::Known => "such records are usually kept",
            Self::Mentioned => "it is mentioned",
        }
    }
}

/// The least sum of points that makes an entity.
const ENOUGH: i32 = 7;

/// A thing spoken of under one key.
#[derive(Debug, Clone, Default)]
pub(super) struct Candidate {
    pub label: String,
    pub reasons: BTreeMap<Reason, i32>,
    pub sentences: BTreeSet<usize>,
    pub acts: bool,
    pub story: bool,
    pub mentions: i32,
    /// Where it is first named.
    pub position: usize,
    /// First named as something known: `the request`, `each request`, or a Russian singular.
    pub definite: bool,
}

/// What a phrase stands for: the thing itself, or a property of a thing.
pub(super) fn concept(phrase: &Phrase) -> String {
    bare(&unwrap(phrase).key)
}

/// `order list` is about orders; known phrases stay whole.
fn bare(key: &str) -> String {
    if lexicon::class(key).is_some() {
        return key.to_owned();
    }
    if let Some((front, head)) = key.rsplit_once(' ')
        && lexicon::class(head) == Some(Class::Stop)
        && matches!(class(front), Some(Class::Record | Class::Person))
    {
        return bare(front);
    }
    key.to_owned()
}

/// What a thing usually is, by its whole name or by its head word.
pub(super) fn class(key: &str) -> Option<Class> {
    lexicon::class(key).or_else(|| {
        let (front, head) = key.rsplit_once(' ')?;
        // A "ticket type" may be a record of its own.
        if matches!(head, "type" | "category") && lexicon::class(front) == Some(Class::Record) { Some(Class::Either) } else { lexicon::class(head) }
    })
}

/// `order status` as `order` and `status`.
pub(super) fn property_of(key: &str) -> Option<(&str, &str)> {
    if lexicon::class(key).is_some() {
        return None;
    }
    let (front, head) = key.split_once(' ')?;
    let owner = matches!(lexicon::class(front), Some(Class::Record | Class::Person));
    (owner && matches!(lexicon::class(head), Some(Class::Property | Class::Either))).then_some((front, head))
}

/// Whether the bare head is the better name: "group classes" once, then "each class has ...".
pub(super) fn head_leads(all: &BTreeMap<String, Candidate>, head: &str, compound: &str) -> bool {
    let owns = |key: &str| all.get(key).is_some_and(|c| c.reasons.contains_key(&Reason::Owns));
    owns(head) && !owns(compound) && lexicon::class(compound).is_none() && class(head) != Some(Class::Person)
}

/// All candidates by key.
pub(super) fn candidates(found: &[Found]) -> BTreeMap<String, Candidate> {
    let mut all: BTreeMap<String, Candidate> = BTreeMap::new();
    for Found { fact, sentence } in found {
        match fact {
            Fact::Mention(thing) => {
                add(&mut all, thing, Reason::Mentioned, *sentence);
                if thing.quant == Quant::Each {
                    add(&mut all, thing, Reason::Each, *sentence);
                }
            }
            Fact::Declared(thing) => add(&mut all, thing, Reason::Owns, *sentence),
            Fact::Managed(thing) => add(&mut all, thing, Reason::Managed, *sentence),
            Fact::Actor { phrase, story } => {
                let one = entry(&mut all, phrase, *sentence);
                one.acts = true;
                one.story |= story;
            }
            Fact::Values { owner: Some(owner), .. } => add(&mut all, owner, Reason::Possessed, *sentence),
            Fact::Values { .. } | Fact::Event { .. } | Fact::Line { .. } => {}
            Fact::Link { rule, subject, items } => {
                let of_things = items.iter().any(|i| class(&concept(&i.phrase)) != Some(Class::Stop));
                match rule {
                    Rule::Has | Rule::Listed | Rule::With if of_things => add(&mut all, subject, Reason::Owns, *sentence),
                    Rule::Consists => add(&mut all, subject, Reason::Owns, *sentence),
                    Rule::Belongs => add(&mut all, subject, Reason::Belongs, *sentence),
                    Rule::Near if class(&concept(subject)) == Some(Class::Record) => add(&mut all, subject, Reason::Near, *sentence),
                    _ => {}
                }
                let properties = items.iter().filter(|i| matches!(class(&concept(&i.phrase)), Some(Class::Property | Class::Either))).count();
                for item in items {
                    let key = concept(&item.phrase);
                    let what = class(&key);
                    match rule {
                        Rule::Near if what == Some(Class::Record) && class(&concept(subject)) != Some(Class::Stop) => add(&mut all, &item.phrase, Reason::Near, *sentence),
                        Rule::Consists if matches!(what, Some(Class::Property | Class::Either)) => {}
                        Rule::Consists => add(&mut all, &item.phrase, Reason::Parts, *sentence),
                        Rule::Belongs => add(&mut all, &item.phrase, Reason::Belongs, *sentence),
                        Rule::Has | Rule::Listed | Rule::With if what == Some(Class::Record) || what == Some(Class::Person) || (what.is_none() && item.phrase.plural && item.phrase.quant == Quant::Many) || (matches!(what, Some(Class::Either | Class::Property)) && item.phrase.quant == Quant::Many) => {
                            // One noun in the singular among properties is most likely a property too.
                            let line = item.phrase.plural && matches!(key.rsplit(' ').next(), Some("item" | "line" | "position" | "row"));
                            let reason = if line { Reason::Possessed } else if (properties > 0 && !item.phrase.plural) || (properties > 1 && item.phrase.quant == Quant::Bare) { Reason::Item } else { Reason::Possessed };
                            add(&mut all, &item.phrase, reason, *sentence);
                        }
                        Rule::Does if what == Some(Class::Record) => {
                            if !staff(&subject.key) {
                                add(&mut all, subject, Reason::Acts, *sentence);
                            }
                            add(&mut all, &item.phrase, Reason::Managed, *sentence);
                        }
                        _ => {}
                    }
                }
            }
        }
    }
    all
}

fn entry<'a>(all: &'a mut BTreeMap<String, Candidate>, thing: &Phrase, sentence: usize) -> &'a mut Candidate {
    let key = concept(thing);
    let thing = unwrap(thing);
    let kept = key.split(' ').count();
    let label = if kept < thing.key.split(' ').count() { thing.label.split(' ').take(kept).collect::<Vec<_>>().join(" ") } else { thing.label.clone() };
    let one = all.entry(key).or_insert_with(|| Candidate { label, position: thing.span.start, definite: matches!(thing.quant, Quant::The | Quant::Each | Quant::A) || (thing.russian && !thing.plural), ..Candidate::default() });
    one.sentences.insert(sentence);
    one
}

/// "Each request" behind "maintenance requests" means the latter: a bare head that comes later, singular or definite, joins the one compound.
pub(super) fn heads(all: &BTreeMap<String, Candidate>) -> Vec<(String, String)> {
    let mut compounds: BTreeMap<&str, Vec<&String>> = BTreeMap::new();
    for (key, one) in all {
        if let Some((_, head)) = key.rsplit_once(' ')
            && (one.reasons.contains_key(&Reason::Owns) || one.reasons.contains_key(&Reason::Belongs) || one.reasons.contains_key(&Reason::Parts) || matches!(class(key), Some(Class::Record | Class::Person)))
        {
            compounds.entry(head).or_default().push(key);
        }
    }
    compounds
        .into_iter()
        .filter_map(|(head, keys)| {
            let bare = all.get(head)?;
            let [only] = keys.as_slice() else { return None };
            let compound = all.get(*only)?;
            let both_own = bare.reasons.contains_key(&Reason::Owns) && compound.reasons.contains_key(&Reason::Owns);
            // "consists of lines" and "each invoice line" are the same lines; so are "deliveries" that only later have their full name.
            let line = matches!(head, "line" | "item" | "row" | "position");
            let plain = !bare.reasons.contains_key(&Reason::Owns) && !bare.reasons.contains_key(&Reason::Belongs) && compound.reasons.contains_key(&Reason::Owns) && lexicon::class(only).is_none();
            (line || plain || bare.definite && bare.position > compound.position && !both_own && compound.label.ends_with(&bare.label)).then(|| (head.to_owned(), (*only).clone()))
        })
        .collect()
}

fn add(all: &mut BTreeMap<String, Candidate>, thing: &Phrase, reason: Reason, sentence: usize) {
    let one = entry(all, thing, sentence);
    if reason == Reason::Mentioned {
        one.mentions += 1;
    }
    *one.reasons.entry(reason).or_default() += 1;
}

impl Candidate {
    /// The sum of the findings; what the noun usually is pulls it up or down.
    pub fn score(&self, key: &str) -> i32 {
        let found: i32 = self
            .reasons
            .iter()
            .map(|(reason, times)| {
                let (first, most) = reason.points();
                (first + times - 1).min(most)
            })
            .sum();
        found
            + match class(key) {
                Some(Class::Record) => Reason::Known.points().0,
                Some(Class::Person) => 0,
                Some(Class::Property) => -4,
                Some(Class::Either) => 0,
                // "damage report" may be kept when it has a list of its own; a bare "report" never is.
                Some(Class::Stop) if key.contains(' ') => -6,
                Some(Class::Stop) => -40,
                None => 0,
            }
    }

    /// Whether the findings suffice.
    pub fn is_entity(&self, key: &str) -> bool {
        // What is named in one sentence only, and owns nothing there, needs more to speak for it.
        let once = self.sentences.len() == 1 && !self.reasons.keys().any(|r| matches!(r, Reason::Owns | Reason::Parts | Reason::Belongs | Reason::Possessed));
        self.score(key) >= ENOUGH + if once { 2 } else { 0 } && self.reasons.keys().any(|r| *r < Reason::Near)
    }

    /// The strongest findings in a sentence.
    pub fn because(&self, key: &str) -> String {
        let mut words: Vec<&str> = self.reasons.keys().take(3).map(|r| r.words()).collect();
        if class(key) == Some(Class::Record) && words.len() < 3 {
            words.push(Reason::Known.words());
        }
        let mut sentence = words.join("; ");
        if let Some(first) = sentence.get(..1) {
            let upper = first.to_uppercase();
            sentence.replace_range(..1, &upper);
        }
        sentence.push('.');
        sentence
    }
}
