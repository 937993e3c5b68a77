//! English nouns in the singular, and the part each word plays.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use super::lexicon_en::{self as lexicon, Class};
use super::token::{Kind, Token};
use super::verbs_en::{Form, verb};
use super::word::{Act, Quant, Tag, Word};

const IRREGULAR: &str = "people:person men:man women:woman children:child feet:foot teeth:tooth geese:goose mice:mouse oxen:ox data:data media:media
 analyses:analysis diagnoses:diagnosis crises:crisis theses:thesis bases:basis criteria:criterion indices:index indexes:index matrices:matrix vertices:vertex appendices:appendix
 wives:wife lives:life knives:knife shelves:shelf halves:half leaves:leaf loaves:loaf staff:staff series:series species:species news:news buses:bus statuses:status
 lenses:lens addresses:address canvases:canvas aircraft:aircraft sheep:sheep fish:fish movies:movie cookies:cookie ties:tie pies:pie calories:calorie
 studios:studio photos:photo videos:video quizzes:quiz clothes:clothes goods:goods premises:premises statistics:statistics analytics:analytics
 measurements:measurement gases:gas viruses:virus bonuses:bonus campuses:campus caches:cache axes:axis invoices:invoice heroes:hero";

static FORMS: LazyLock<std::collections::BTreeMap<&'static str, &'static str>> = LazyLock::new(|| IRREGULAR.split_whitespace().filter_map(|pair| pair.split_once(':')).collect());

fn set(list: &'static str) -> BTreeSet<&'static str> {
    list.split_whitespace().collect()
}

static ADJECTIVES: LazyLock<BTreeSet<&'static str>> = LazyLock::new(|| lexicon::EMPTY_ADJECTIVES.split_whitespace().chain(lexicon::KIND_ADJECTIVES.split_whitespace()).collect());
static EMPTY: LazyLock<BTreeSet<&'static str>> = LazyLock::new(|| set(lexicon::EMPTY_ADJECTIVES));
static PREPOSITIONS: LazyLock<BTreeSet<&'static str>> = LazyLock::new(|| set(lexicon::PREPOSITIONS));
static ADVERBS: LazyLock<BTreeSet<&'static str>> = LazyLock::new(|| set(lexicon::ADVERBS));
static CONJUNCTIONS: LazyLock<BTreeSet<&'static str>> = LazyLock::new(|| set(lexicon::CONJUNCTIONS));
static PRONOUNS: LazyLock<BTreeSet<&'static str>> = LazyLock::new(|| set(lexicon::PRONOUNS));
static MODALS: LazyLock<BTreeSet<&'static str>> = LazyLock::new(|| set(lexicon::MODALS));
static BE: LazyLock<BTreeSet<&'static str>> = LazyLock::new(|| set(lexicon::BE));

/// Whether an adjective adds nothing to the kind of thing.
pub(super) fn empty_adjective(word: &str) -> bool {
    EMPTY.contains(word)
}

/// The singular of a noun, and whether the form was a plural.
pub(super) fn singular(word: &str) -> (String, bool) {
    if let Some(one) = FORMS.get(word) {
        return ((*one).to_owned(), *one != word);
    }
    if let Some((head, tail)) = word.rsplit_once('-')
        && !head.is_empty()
        && tail.len() > 2
    {
        let (tail, plural) = singular(tail);
        return (format!("{head}-{tail}"), plural);
    }
    if !word.is_ascii() || word.len() < 4 || !word.ends_with('s') || word.ends_with("ss") || word.ends_with("us") || word.ends_with("is") {
        return (word.to_owned(), false);
    }
    let one = if let Some(stem) = word.strip_suffix("ies") {
        format!("{stem}y")
    } else if word.ends_with("ches") || word.ends_with("shes") || word.ends_with("xes") || word.ends_with("sses") || word.ends_with("zzes") || word.ends_with("toes") {
        word[..word.len() - 2].to_owned()
    } else {
        word[..word.len() - 1].to_owned()
    };
    (one, true)
}

/// Gives every English word of a sentence its part.
pub(super) fn tag(tokens: &[Token], first: usize, out: &mut Vec<Word>) {
    let token = &tokens[first];
    let low = token.low.as_str();
    let prev = out.last().map(|w| w.tag);
    let next = tokens.get(first + 1);
    let (mut key, mut plural) = (low.to_owned(), false);
    let mut participle = false;
    let mut loose = false;
    let noun_before = matches!(prev, Some(Tag::Quant(_) | Tag::Adj | Tag::Possessive | Tag::Num)) || out.last().is_some_and(|w| w.tag == Tag::Prep && w.low != "to") || out.last().is_some_and(|w| matches!(w.low.as_str(), "its" | "their" | "his" | "her" | "my" | "our" | "your" | "this" | "these" | "those"));
    let tag = match token.kind {
        Kind::Number => {
            plural = low != "1";
            if low == "1" { Tag::Quant(Quant::One) } else { Tag::Num }
        }
        Kind::Possessive => Tag::Possessive,
        Kind::Mark(mark) => self::mark(mark),
        Kind::Word => match low {
            "each" | "every" | "any" | "per" if low != "per" => Tag::Quant(Quant::Each),
            "a" | "an" | "another" => Tag::Quant(Quant::A),
            "the" => Tag::Quant(Quant::The),
            "one" | "single" | "exactly-one" => Tag::Quant(Quant::One),
            "several" | "many" | "multiple" | "all" | "few" | "some" | "various" | "numerous" | "two" | "three" | "four" | "five" | "six" | "ten" | "more" | "most" | "lots" | "both" | "zero" | "different" => Tag::Quant(Quant::Many),
            "than" if out.last().is_some_and(|w| w.low == "more") => Tag::Quant(Quant::Many),
            "no" => Tag::Quant(Quant::Bare),
            "and" | "&" | "plus" => Tag::And,
            "or" | "and/or" => Tag::Or,
            "has" | "have" | "had" if next.is_some_and(|t| t.low == "to") => Tag::Modal,
            "has" | "have" | "had" => {
                key = "have".into();
                Tag::Verb(Act::Have)
            }
            "not" | "never" => Tag::Adv,
            _ if PRONOUNS.contains(low) => Tag::Pron,
            _ if BE.contains(low) => Tag::Be,
            "note" | "notes" | "text" if noun_before || prev == Some(Tag::Comma) || prev == Some(Tag::And) => Tag::Noun,
            "may" if token.capital && !out.is_empty() => Tag::Noun,
            "want" | "wants" | "need" | "needs" if !noun_before => Tag::Modal,
            _ if MODALS.contains(low) && !matches!(low, "want" | "wants" | "need" | "needs") => Tag::Modal,
            "following" => Tag::Adj,
            _ if PREPOSITIONS.contains(low) => Tag::Prep,
            _ if CONJUNCTIONS.contains(low) => Tag::Conj,
            _ if ADVERBS.contains(low) => Tag::Adv,
            _ => {
                let (one, many) = singular(low);
                let class = lexicon::class(&one);
                let found = verb(low);
                let unknown_verb = class.is_none() && found.is_none() && acts_unknown(low, out, next);
                if unknown_verb {
                    out.push(Word { span: token.span.clone(), low: low.to_owned(), key: one.clone(), lemma: one, tag: Tag::Verb(Act::Manage), plural: false, cases: 0, gender: ' ', russian: false, participle: false, reflexive: false, loose: false });
                    return;
                }
                let as_verb = found.filter(|(_, act, form)| reads_as_verb(low, *act, *form, out, next, noun_before, class.is_some()));
                if let Some((lemma, act, form)) = as_verb {
                    lemma.clone_into(&mut key);
                    participle = form == Form::Past;
                    loose = form == Form::Ing;
                    // "made up of" is a verb of its own.
                    if lemma == "make" && next.is_some_and(|t| t.low == "up") { Tag::Verb(Act::Consist) } else { Tag::Verb(act) }
                } else if ADJECTIVES.contains(low) && (class.is_none() || (class != Some(Class::Record) && next.is_some_and(|t| t.kind == Kind::Word && lexicon::class(&singular(&t.low).0).is_some()))) {
                    Tag::Adj
                } else if class.is_none() && participle_like(low) {
                    participle = true;
                    Tag::Adj
                } else if class.is_none() && found.is_none() && low.len() > 4 && low.ends_with("ly") && !low.ends_with("family") {
                    Tag::Adv
                } else if class.is_none() && found.is_none() && adjective_like(low) {
                    Tag::Adj
                } else {
                    key = one;
                    plural = many;
                    Tag::Noun
                }
            }
        },
    };
    // Spelling variants of one word count as one.
    match key.as_str() {
        "e-mail" | "mail" if tag == Tag::Noun => key = "email".into(),
        "telephone" => key = "phone".into(),
        "organisation" => key = "organization".into(),
        "colour" => key = "color".into(),
        "enrolment" => key = "enrollment".into(),
        "programme" => key = "program".into(),
        "qty" => key = "quantity".into(),
        _ => {}
    }
    let lemma = if tag == Tag::Noun { singular(low).0 } else { key.clone() };
    out.push(Word { span: token.span.clone(), low: low.to_owned(), key, lemma, tag, plural, cases: 0, gender: ' ', russian: false, participle, reflexive: false, loose });
}

/// The part a mark plays, in both languages.
pub(super) fn mark(mark: char) -> Tag {
    match mark {
        ',' => Tag::Comma,
        ';' => Tag::Semi,
        ':' => Tag::Colon,
        '—' => Tag::Dash,
        '(' => Tag::Open,
        ')' => Tag::Close,
        '/' | '\\' => Tag::Or,
        '&' | '+' => Tag::And,
        _ => Tag::Other,
    }
}

/// Many English words are nouns and verbs; their neighbours decide.
fn reads_as_verb(low: &str, act: Act, form: Form, before: &[Word], next: Option<&Token>, noun_before: bool, known_noun: bool) -> bool {
    let prev = before.last();
    let next_low = next.map_or("", |t| t.low.as_str());
    let next_opens = next.is_some_and(|t| t.kind == Kind::Number) || matches!(next_low, "a" | "an" | "the" | "each" | "every" | "all" | "any" | "several" | "many" | "one" | "multiple" | "some" | "their" | "its" | "his" | "her" | "our" | "my" | "new" | "to" | "for" | "exactly" | "at" | "only" | "by" | "from" | "different" | "both" | "more" | "two" | "various" | "up" | "in");
    match form {
        Form::Past => {
            if !noun_before {
                return !known_noun || prev.is_some_and(|w| w.tag == Tag::Be);
            }
            false
        }
        Form::Ing => {
            let next_class = next.and_then(|t| lexicon::class(&t.low));
            let in_list = prev.is_some_and(|w| matches!(w.tag, Tag::Comma | Tag::And));
            // "shipping date" and "driving licence" name things.
            let modifies = next_class == Some(Class::Property) || (in_list && next_class.is_some());
            let free = !noun_before || prev.is_some_and(|w| w.tag == Tag::Prep);
            !known_noun && !modifies && free
        }
        Form::Base | Form::Third => {
            if noun_before {
                return false;
            }
            let Some(prev) = prev else {
                // At the start of a point: "Track orders" commands, "Order number" names.
                return form == Form::Base && (!known_noun || (next_opens && !matches!(next_low, "to" | "for" | "at" | "by" | "from" | "in")));
            };
            match prev.tag {
                // "I need name and phone"
                Tag::Modal if matches!(prev.low.as_str(), "need" | "needs" | "want" | "wants") && known_noun => false,
                Tag::Modal | Tag::Pron => true,
                Tag::Adv => !known_noun || next_opens || before.iter().rev().take(3).any(|w| matches!(w.tag, Tag::Modal | Tag::Pron)),
                // "attached to work orders"
                Tag::Prep => prev.low == "to" && form == Form::Base && next.is_none_or(|t| lexicon::class(&format!("{} {}", low, singular(&t.low).0)).is_none()),
                Tag::Noun => {
                    let agrees = if form == Form::Third { !prev.plural } else { prev.plural };
                    let object = form == Form::Base && prev.plural && !matches!(prev.low.as_str(), "sales" | "goods" | "parts") && next.is_some_and(|t| t.kind == Kind::Word && !PREPOSITIONS.contains(t.low.as_str()) && !matches!(t.low.as_str(), "and" | "or"));
                    let keeps = form == Form::Third && matches!(act, Act::Have | Act::Store) && next.is_some_and(|t| t.kind == Kind::Word && !PREPOSITIONS.contains(t.low.as_str()) && !matches!(t.low.as_str(), "and" | "or" | "is" | "are"));
                    let plans = form == Form::Third && lexicon::class(&prev.key) == Some(Class::Person) && next.is_some_and(|t| singular(&t.low).1);
                    let lasts = matches!(low, "starts" | "ends" | "begins" | "expires") && next.is_some_and(|t| PREPOSITIONS.contains(t.low.as_str()));
                    agrees && (!known_noun || lasts || next_opens || object || keeps || plans) || (!known_noun && form == Form::Third)
                }
                Tag::And | Tag::Or | Tag::Comma => {
                    // A row of verbs goes on as it began.
                    let row = before.iter().rev().skip(1).take(12).find(|w| !matches!(w.tag, Tag::Comma | Tag::And | Tag::Or | Tag::Adv));
                    let after_verb = row.is_some_and(|w| matches!(w.tag, Tag::Verb(_)) && !w.participle);
                    let many_follow = next.is_some_and(|t| t.kind == Kind::Word && singular(&t.low).1 && lexicon::class(&singular(&t.low).0).is_some());
                    let goes_on = ((form == Form::Third && next_opens) || (prev.tag == Tag::And && many_follow && !prev.plural)) && before.iter().rev().take(12).any(|w| matches!(w.tag, Tag::Verb(_) | Tag::Be));
                    // "goes to a client and consists of lines": no noun is spelt so.
                    let again = form == Form::Third && !known_noun && before.iter().rev().take(16).any(|w| matches!(w.tag, Tag::Verb(_) | Tag::Be) && !w.loose);
                    if after_verb || goes_on || again { true } else { !known_noun && (next_opens || form == Form::Base && before.iter().rev().take(12).any(|w| w.tag == Tag::Modal)) || (known_noun && next_opens && form == Form::Base && before.iter().rev().take(12).any(|w| w.tag == Tag::Modal)) }
                }
                Tag::Conj => !known_noun || next_opens,
                Tag::Possessive => false,
                Tag::Be => form != Form::Base && !known_noun,
                Tag::Open | Tag::Colon | Tag::Dash | Tag::Semi => form == Form::Base && (!known_noun || next_opens),
                _ => !known_noun,
            }
        }
    }
}

/// A word no list knows between a known thing and what can only follow a verb: "a loan lasts three weeks", "merchants announce deliveries".
fn acts_unknown(low: &str, before: &[Word], next: Option<&Token>) -> bool {
    let Some(prev) = before.last().filter(|w| w.tag == Tag::Noun && !w.russian) else { return false };
    if low.contains('-') || !low.is_ascii() || low.len() < 4 || !matches!(lexicon::class(&prev.key), Some(Class::Record | Class::Person)) {
        return false;
    }
    let Some(next) = next.filter(|t| t.kind != Kind::Possessive) else { return false };
    let opens = next.kind == Kind::Number || matches!(next.low.as_str(), "a" | "an" | "the" | "each" | "every" | "all" | "any" | "several" | "many" | "one" | "their" | "its" | "his" | "her" | "our" | "two" | "three" | "about");
    let many = singular(&next.low);
    if prev.plural { !low.ends_with('s') && !low.ends_with("ing") && !low.ends_with("ed") && (opens || (many.1 && lexicon::class(&many.0).is_some())) } else { low.ends_with('s') && !low.ends_with("ss") && (opens || (many.1 && lexicon::class(&many.0).is_some())) }
}

fn participle_like(low: &str) -> bool {
    (low.len() > 4 && low.ends_with("ed") && !low.ends_with("eed")) || verb(low).is_some_and(|(_, _, form)| form == Form::Past)
}

fn adjective_like(low: &str) -> bool {
    low.len() > 5 && ["able", "ible", "ful", "ous", "less", "ish"].iter().any(|end| low.ends_with(end))
}

/// Whether the noun phrase is known as a whole.
pub(super) fn known(key: &str) -> Option<Class> {
    lexicon::class(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plurals_become_singular() {
        for (many, one) in [
            ("orders", "order"), ("categories", "category"), ("addresses", "address"), ("statuses", "status"), ("people", "person"),
            ("branches", "branch"), ("boxes", "box"), ("houses", "house"), ("analyses", "analysis"), ("shelves", "shelf"), ("movies", "movie"),
            ("work-orders", "work-order"), ("gas", "gas"), ("process", "process"), ("bus", "bus"), ("invoices", "invoice"),
        ] {
            assert_eq!(singular(many).0, one);
        }
    }
}
