//! Lists: the things of an enumeration, and the parts around it.

use std::ops::Range;

use super::facts::Item;
use super::morphology_ru;
use super::phrases::{Part, Phrase, Placed};
use super::things::{is_property, is_status};
use super::word::case::{ACC, NOM};
use super::word::{Act, Quant};

/// Whether a finite verb follows at once, so that the thing before it is a subject.
pub(super) fn acts(parts: &[Placed]) -> bool {
    let verb = parts.iter().find(|p| !matches!(p.part, Part::Adv));
    verb.is_some_and(|p| matches!(p.part, Part::Modal | Part::Be | Part::Verb { participle: false, loose: false, .. }))
}

/// The first thing within a few parts.
pub(super) fn first_thing(parts: &[Placed]) -> Option<Phrase> {
    parts.iter().take(4).find_map(|p| if let Part::Thing(t) = &p.part { Some(t.clone()) } else { None })
}

/// "comes from a supplier", "is created from the order".
pub(super) fn origin(parts: &[Placed], passive: bool) -> Option<Phrase> {
    let parts = &parts[parts.iter().take_while(|p| matches!(p.part, Part::Adv | Part::Value)).count()..];
    match (parts.first().map(|p| &p.part), parts.get(1).map(|p| &p.part)) {
        (Some(Part::Prep(prep)), Some(Part::Thing(thing))) if prep == "from" || (prep == "for" && matches!(thing.quant, Quant::Each | Quant::One | Quant::A)) || (passive && matches!(prep.as_str(), "for" | "to") && !matches!(thing.quant, Quant::Bare | Quant::Many)) => Some(thing.clone()),
        _ => None,
    }
}

/// What follows prepositions.
pub(super) fn skip_prep(parts: &[Placed]) -> &[Placed] {
    let skip = parts.iter().take_while(|p| matches!(p.part, Part::Prep(_) | Part::Adv)).count();
    &parts[skip..]
}

/// What follows verbs of having.
pub(super) fn skip_verb(parts: &[Placed], from: usize) -> &[Placed] {
    let rest = parts.get(from..).unwrap_or(&[]);
    let skip = rest.iter().take_while(|p| matches!(p.part, Part::Verb { act: Act::Have | Act::Store, .. } | Part::Modal | Part::Be | Part::Adv | Part::Dash) || matches!(&p.part, Part::Prep(prep) if prep == "до")).count();
    &rest[skip..]
}

/// "... for each order" behind the list.
pub(super) fn trailing_about(parts: &[Placed]) -> Option<Phrase> {
    parts.windows(2).find_map(|pair| match (&pair[0].part, &pair[1].part) {
        (Part::Prep(prep), Part::Thing(thing)) if matches!(prep.as_str(), "for" | "about" | "of" | "on" | "по" | "для" | "о" | "об") && (thing.quant == Quant::Each || matches!(prep.as_str(), "about" | "о" | "об")) => Some(thing.clone()),
        _ => None,
    })
}

/// Where a bracket closes.
pub(super) fn close(parts: &[Placed], open: usize) -> usize {
    // A bracket that never closes ends with its sentence; one bracket holds a short list.
    parts.iter().enumerate().skip(open + 1).take(60).find(|(_, p)| matches!(p.part, Part::Close)).map_or(parts.len().min(open + 60), |(i, _)| i)
}

/// At most this many parts of a sentence are read together.
pub(super) const CLAUSE: usize = 160;

/// At most this many items of one list are read.
pub(super) const LIST: usize = 60;

/// The things of a list, up to the first sign that the list is over.
pub(super) fn items(text: &str, parts: &[Placed]) -> Vec<Item> {
    let mut out: Vec<Item> = Vec::new();
    let mut i = 0;
    let mut fresh = true;
    while i < parts.len() && out.len() < LIST && i < LIST * 4 {
        match &parts[i].part {
            Part::Thing(thing) => {
                // A list keeps its case; a noun in another one starts something else.
                let strays = out.first().is_some_and(|one| one.phrase.russian && thing.russian && one.phrase.cases & (NOM | ACC) == 0 && one.phrase.cases & thing.cases == 0);
                if !fresh || strays {
                    break;
                }
                out.push(Item { phrase: thing.clone(), values: Vec::new() });
                fresh = false;
            }
            // "date/time" is one property.
            Part::Or if !fresh && &text[parts[i].span.clone()] == "/" && matches!(parts.get(i + 1).map(|p| &p.part), Some(Part::Thing(t)) if t.key == "time") && out.last().is_some_and(|l| l.phrase.key.ends_with("date")) => i += 1,
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
                if last.phrase.of.is_some() {
                    i += 1;
                    continue;
                }
                let tail = text[parts[i].span.clone()].to_lowercase();
                last.phrase.long_key = format!("{} {tail}", last.phrase.long_key);
                last.phrase.long_label = format!("{} {tail}", last.phrase.long_label);
            }
            // "opened on", "created by" among properties.
            Part::Verb { participle: true, russian: false, .. }
                if !out.is_empty() && matches!(parts.get(i + 1).map(|p| &p.part), Some(Part::Prep(_))) && matches!(parts.get(i + 2).map(|p| &p.part), None | Some(Part::Comma | Part::And | Part::Semi)) =>
            {
                let name = text[parts[i].span.start..parts[i + 1].span.end].to_lowercase();
                let phrase = Phrase { key: name.clone(), label: name.clone(), long_key: name.clone(), long_label: name, of: None, tail: String::new(), plural: false, span: parts[i].span.clone(), ..out[0].phrase.clone() };
                out.push(Item { phrase, values: Vec::new() });
                fresh = false;
                i += 1;
            }
            Part::Verb { participle: false, .. } | Part::Modal | Part::Be => {
                // The last thing was the subject of the next clause.
                // "... the name and the phone are stored" keeps its last item.
                let stored = matches!(parts.get(i + 1).map(|p| &p.part), Some(Part::Verb { act: Act::Store, participle: true, .. }));
                if !stored && !fresh && out.len() > 1 && matches!(parts.get(i - 2).map(|p| &p.part), Some(Part::And | Part::Comma | Part::Semi)) {
                    out.pop();
                }
                break;
            }
            _ => break,
        }
        i += 1;
    }
    // "start and end date" are two dates.
    for at in 1..out.len() {
        let Some((_, head)) = out[at].phrase.key.rsplit_once(' ').map(|(f, h)| (f, h.to_owned())) else { continue };
        let one = &mut out[at - 1].phrase;
        if matches!(head.as_str(), "date" | "time") && matches!(one.key.as_str(), "start" | "end" | "issue" | "opening" | "pick-up" | "check-in" | "begin") {
            for name in [&mut one.key, &mut one.label, &mut one.long_key, &mut one.long_label] {
                name.push(' ');
                name.push_str(&head);
            }
        }
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
pub(super) fn values(text: &str, parts: &[Placed]) -> Vec<String> {
    let mut out = Vec::new();
    let mut piece: Option<Range<usize>> = None;
    let mut push = |piece: &mut Option<Range<usize>>| {
        if let Some(range) = piece.take() {
            let value = text[range].trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase().replace(['\n', '*', '"', '«', '»'], " ");
            let value = ["one of ", "e.g. ", "either ", "the "].iter().fold(value.as_str(), |v, start| v.strip_prefix(start).unwrap_or(v)).trim().to_owned();
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
