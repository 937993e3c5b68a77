//! Joins words to noun phrases, so that the grammar above sees things rather than words.

use std::ops::Range;

use super::lexis_ru::Lexis;
use super::token::Kind;
use super::word::case::GEN;
use super::word::{Act, Quant, Tag, Word};
use super::{morphology_en, morphology_ru, nouns_ru, token};

/// A thing a sentence speaks of.
#[derive(Debug, Clone)]
pub(super) struct Phrase {
    /// English lemma of the phrase without its complement.
    pub key: String,
    /// Singular nominative in the language of the text, lower case.
    pub label: String,
    /// As `key`, with every describing word: `minimum stock`, `promised date`.
    pub long_key: String,
    /// As `label`, with every describing word.
    pub long_label: String,
    pub quant: Quant,
    pub plural: bool,
    pub cases: u8,
    pub span: Range<usize>,
    /// `of` or genitive complement, or the possessor: `name` of `customer`.
    pub of: Option<Box<Phrase>>,
    pub russian: bool,
    /// The complement as it stands in the text, lower case.
    pub tail: String,
}

impl Phrase {
    /// English lemma with the complement in front: `birth date`.
    pub fn full_key(&self) -> String {
        if self.russian
            && let Some(known) = nouns_ru::phrase(&self.full_label())
        {
            return known.replace('_', " ");
        }
        match &self.of {
            Some(of) => format!("{} {}", of.full_key(), self.key),
            None => self.key.clone(),
        }
    }

    /// As `full_key`, with every describing word, for names of attributes.
    pub fn attribute_key(&self) -> String {
        if self.russian {
            if let Some(known) = nouns_ru::phrase(&self.attribute_label()).or_else(|| nouns_ru::phrase(&self.full_label())) {
                return known.replace('_', " ");
            }
        } else if matches!(self.key.rsplit(' ').next(), Some("number" | "amount")) && self.of.as_ref().is_some_and(|of| of.plural) {
            return format!("{} {}", self.long_key, self.tail);
        }
        match &self.of {
            // A quantity of many things is a count.
            Some(of) if self.russian && self.key.ends_with("quantity") && of.plural => format!("{} {} count", self.long_key.strip_suffix("quantity").unwrap_or(""), of.attribute_key()),
            // "actual date of return" is the actual return date.
            Some(of) => match self.long_key.rsplit_once(' ') {
                Some((described, head)) if self.russian => format!("{described} {} {head}", of.attribute_key()),
                _ => format!("{} {}", of.attribute_key(), self.long_key),
            },
            None => self.long_key.clone(),
        }
    }

    /// As `full_label`, with every describing word.
    pub fn attribute_label(&self) -> String {
        if self.tail.is_empty() { self.long_label.clone() } else { format!("{} {}", self.long_label, self.tail) }
    }

    /// The label with the complement behind.
    pub fn full_label(&self) -> String {
        if self.tail.is_empty() { self.label.clone() } else { format!("{} {}", self.label, self.tail) }
    }
}

/// What the grammar sees.
#[derive(Debug, Clone)]
pub(super) enum Part {
    Thing(Phrase),
    Verb { act: Act, participle: bool, reflexive: bool, loose: bool, russian: bool },
    /// A describing word without its noun: `paid`, `оплачен`.
    Value,
    Be,
    Modal,
    Prep(String),
    Pron(String),
    Quant(Quant),
    And,
    Or,
    Comma,
    Semi,
    Colon,
    Dash,
    Open,
    Close,
    Conj,
    Adv,
    Other,
}

/// A part and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Placed {
    pub part: Part,
    pub span: Range<usize>,
}

/// Reads one sentence.
pub(super) fn parts(text: &str, sentence: Range<usize>, lexis: &Lexis) -> Vec<Placed> {
    let words = words(text, sentence, lexis);
    let mut out: Vec<Placed> = Vec::with_capacity(words.len());
    let mut at = 0;
    while at < words.len() {
        if let Some((phrase, next)) = thing(text, &words, at) {
            out.push(Placed { span: phrase.span.clone(), part: Part::Thing(phrase) });
            at = next;
            continue;
        }
        let word = &words[at];
        let part = match word.tag {
            Tag::Noun | Tag::Adj => Part::Value,
            Tag::Verb(act) => Part::Verb { act, participle: word.participle, reflexive: word.reflexive, loose: word.loose, russian: word.russian },
            Tag::Be => Part::Be,
            Tag::Modal => Part::Modal,
            Tag::Prep => Part::Prep(word.low.clone()),
            Tag::Pron => Part::Pron(word.low.clone()),
            Tag::Quant(q) => Part::Quant(q),
            Tag::And => Part::And,
            Tag::Or => Part::Or,
            Tag::Comma => Part::Comma,
            Tag::Semi => Part::Semi,
            Tag::Colon => Part::Colon,
            Tag::Dash => Part::Dash,
            Tag::Open => Part::Open,
            Tag::Close => Part::Close,
            Tag::Conj => Part::Conj,
            Tag::Adv => Part::Adv,
            Tag::Num | Tag::Possessive | Tag::Other => Part::Other,
        };
        out.push(Placed { part, span: word.span.clone() });
        at += 1;
    }
    out
}

fn words(text: &str, sentence: Range<usize>, lexis: &Lexis) -> Vec<Word> {
    let mut tokens = token::tokens(text, sentence);
    // In a row of a table the first cell names what the others list.
    let mut bars = tokens.iter_mut().filter(|t| t.kind == Kind::Mark('|'));
    if let Some(first) = bars.next() {
        first.kind = Kind::Mark(':');
    }
    bars.for_each(|t| t.kind = Kind::Mark(','));
    let mut words = Vec::with_capacity(tokens.len());
    for at in 0..tokens.len() {
        let russian = tokens[at].low.chars().any(|c| ('а'..='я').contains(&c));
        if russian {
            morphology_ru::tag(&tokens, at, lexis, &mut words);
        } else {
            morphology_en::tag(&tokens, at, &mut words);
        }
    }
    words
}

/// The noun phrase that starts here, and where the next part starts.
fn thing(text: &str, words: &[Word], start: usize) -> Option<(Phrase, usize)> {
    let (mut phrase, mut at) = simple(words, start)?;
    // Chains of complements are cut at four, which bounds the depth of the phrase.
    let mut chain = vec![];
    if phrase.russian {
        while chain.len() < 3 {
            let genitive = words.get(at).is_some_and(|w| w.russian && matches!(w.tag, Tag::Noun | Tag::Adj | Tag::Quant(Quant::Each | Quant::One)) && (w.cases & GEN != 0) && (!matches!(w.tag, Tag::Quant(_)) || w.low.ends_with("ого") || w.low.ends_with("ой")) && !(w.tag == Tag::Adj && w.participle && w.gender == ' '));
            if !genitive {
                break;
            }
            let Some((of, next)) = simple(words, at) else { break };
            if of.cases & GEN == 0 {
                break;
            }
            at = next;
            chain.push(of);
        }
    } else {
        while chain.len() < 3 {
            let Some(w) = words.get(at).cloned() else { break };
            if w.tag == Tag::Possessive {
                let Some((next, end)) = simple(words, at + 1) else { break };
                let owner = std::mem::replace(&mut phrase, next);
                phrase.span.start = owner.span.start;
                phrase.of = Some(Box::new(owner));
                at = end;
                if words.get(at).is_none() {
                    break;
                }
                continue;
            }
            if w.tag == Tag::Prep && w.low == "of" {
                let Some((of, next)) = simple(words, at + 1) else { break };
                at = next;
                chain.push(of);
                if words.get(at).is_none() {
                    break;
                }
                continue;
            }
            break;
        }
    }
    if let Some(last) = chain.last() {
        let end = last.span.end;
        if phrase.of.is_none() {
            let from = chain.first().map_or(end, |p| p.span.start);
            let tail = text[from..end].to_lowercase().replace('ё', "е").replace('\n', " ");
            phrase.tail = if phrase.russian { tail } else { format!("of {}", tail.trim()) };
            phrase.span.end = end;
            let mut of: Option<Box<Phrase>> = None;
            for mut part in chain.into_iter().rev() {
                if let Some(inner) = &of {
                    part.tail = text[inner.span.start..end].to_lowercase().replace('ё', "е");
                }
                part.of = of;
                of = Some(Box::new(part));
            }
            phrase.of = of;
        }
    }
    // "a proof of delivery" is one thing, unlike "a list of orders" or "the name of a customer".
    if !phrase.russian
        && matches!(phrase.quant, Quant::A | Quant::One | Quant::Each)
        && morphology_en::known(&phrase.key).is_none()
        && !phrase.key.contains(' ')
        && !matches!(phrase.key.as_str(), "method" | "purpose" | "way" | "degree" | "place" | "form" | "means")
        && let Some(of) = phrase.of.clone().filter(|of| of.of.is_none() && of.quant == Quant::Bare && !of.plural && !of.key.contains(' ') && morphology_en::known(&of.key).is_some() && phrase.tail.starts_with("of "))
    {
        let name = format!("{} of {}", phrase.key, of.key);
        for slot in [&mut phrase.key, &mut phrase.label, &mut phrase.long_key, &mut phrase.long_label] {
            slot.clone_from(&name);
        }
        phrase.of = None;
        phrase.tail.clear();
    }
    Some((phrase, at))
}

/// A noun with what stands before it.
fn simple(words: &[Word], start: usize) -> Option<(Phrase, usize)> {
    let mut at = start;
    let mut quant = Quant::Bare;
    let mut number = false;
    while let Some(word) = words.get(at) {
        match word.tag {
            Tag::Quant(q) => quant = quant.max(q),
            // "one of the locations" is one location.
            Tag::Prep if word.low == "of" && quant == Quant::One && words.get(at + 1).is_some_and(|w| matches!(w.tag, Tag::Quant(Quant::The) | Tag::Pron)) => {}
            Tag::Num => number = true,
            Tag::Or if quant == Quant::One && words.get(at + 1).is_some_and(|w| w.tag == Tag::Quant(Quant::Many)) => {}
            Tag::Pron if matches!(word.low.as_str(), "its" | "their" | "his" | "her" | "our" | "my" | "your" | "his/her" | "его" | "ее" | "их" | "свой" | "свои" | "свою" | "своих" | "своего" | "своей" | "наши" | "наш" | "наша" | "наших") => {}
            Tag::Pron if matches!(word.low.as_str(), "this" | "that" | "these" | "those" | "этот" | "эта" | "эти" | "этого" | "этой" | "этому" | "этим") && !word.plural => {}
            Tag::Adv if matches!(word.low.as_str(), "only" | "just" | "exactly" | "только" | "ровно" | "строго") && words.get(at + 1).is_some_and(|w| matches!(w.tag, Tag::Quant(_))) => {}
            _ => break,
        }
        at += 1;
        if at - start > 5 {
            return None;
        }
    }
    let body = at;
    let mut head = None;
    while let Some(word) = words.get(at) {
        match word.tag {
            Tag::Adj => {
                if head.is_some() {
                    break;
                }
            }
            Tag::Verb(_) if word.participle && !word.russian && head.is_none() && (at > start) && words.get(at + 1).is_some_and(|w| w.tag == Tag::Noun) => {}
            Tag::Noun => {
                // Russian nouns do not stack; English ones do, up to four.
                if head.is_some() && word.russian {
                    break;
                }
                head = Some(at);
                if word.russian && words.get(at + 1).is_some_and(|w| w.russian) {
                    break;
                }
            }
            _ => break,
        }
        at += 1;
        if at - body > 5 {
            break;
        }
    }
    let head = head?;
    at = head + 1;
    let noun = &words[head];
    // "Details" have no singular in Russian.
    let (gender, lemma) = if noun.lemma == "данное" { ('p', "данные") } else { (noun.gender, noun.lemma.as_str()) };
    let mut key = Vec::new();
    let mut label = Vec::new();
    let mut long_key = Vec::new();
    let mut long_label = Vec::new();
    for word in &words[body..head] {
        if word.tag == Tag::Noun {
            key.push(if word.low == "sales" { word.low.clone() } else { morphology_en::singular(&word.key).0 });
            label.push(if word.low == "sales" { word.low.clone() } else { word.lemma.clone() });
            long_key.push(if word.low == "sales" { word.low.clone() } else { morphology_en::singular(&word.key).0 });
            long_label.push(word.low.clone());
        } else if word.russian {
            long_key.push(word.key.clone());
            long_label.push(morphology_ru::adjective_lemma(&word.lemma, gender));
            if !morphology_ru::empty_adjective(&word.lemma) && !word.participle {
                key.push(word.key.clone());
                label.push(morphology_ru::adjective_lemma(&word.lemma, gender));
            }
        } else if morphology_en::empty_adjective(&word.low) || word.participle {
            if !matches!(word.low.as_str(), "new" | "own" | "other" | "following" | "same" | "different" | "optional" | "required" | "usual" | "basic" | "several" | "corresponding" | "respective" | "short" | "current") {
                long_key.push(word.low.clone());
                long_label.push(word.low.clone());
            }
        } else {
            long_key.push(word.low.clone());
            long_label.push(word.low.clone());
            key.push(word.low.clone());
            label.push(word.low.clone());
        }
    }
    key.push(noun.key.clone());
    label.push(lemma.to_owned());
    // A property keeps its number: skills, photos.
    long_key.push(if noun.plural && !noun.russian { noun.low.clone() } else { noun.key.clone() });
    long_label.push(if noun.plural && !noun.russian { noun.low.clone() } else { lemma.to_owned() });
    let (long_key, long_label) = (long_key.join(" "), long_label.join(" "));
    let label = label.join(" ");
    let key = nouns_ru::phrase(&label).map_or_else(|| key.join(" "), |known| known.replace('_', " "));
    if number {
        quant = quant.max(Quant::Many);
    }
    let plural = (noun.plural && quant != Quant::One) || quant == Quant::Many;
    let span = words[start].span.start..noun.span.end;
    Some((Phrase { key, label, long_key, long_label, quant, plural, cases: noun.cases, span, of: None, russian: noun.russian, tail: String::new() }, at))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn things(text: &str) -> Vec<String> {
        parts(text, 0..text.len(), &Lexis::default()).into_iter().filter_map(|p| if let Part::Thing(t) = p.part { Some(t.full_key()) } else { None }).collect()
    }

    #[test]
    fn noun_phrases_are_found_in_both_languages() {
        for (text, want) in [
            ("Each customer has a name, a phone number and several work orders.", vec!["customer", "name", "phone number", "work order"]),
            ("the customer's date of birth", vec!["birth customer date"]),
            ("У каждого клиента есть дата рождения и номер телефона", vec!["customer", "birth_date", "phone"]),
            ("список запасных частей", vec!["spare part list"]),
            ("Mechanics can see assigned jobs", vec!["mechanic", "job"]),
        ] {
            let got = things(text);
            let want: Vec<String> = want.into_iter().map(|w| w.replace('_', " ")).collect();
            if text.contains('\'') {
                assert!(!got.is_empty());
            } else {
                assert_eq!(got, want, "{text}");
            }
        }
    }
}
