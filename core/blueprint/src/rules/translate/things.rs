//! What a noun phrase usually is.

use super::lexicon_en::Class;
use super::morphology_en;
use super::phrases::Phrase;

/// What a phrase usually is, by its whole name or by its head word.
pub(super) fn class(phrase: &Phrase) -> Option<Class> {
    morphology_en::known(&phrase.key).or_else(|| phrase.key.rsplit_once(' ').and_then(|(_, head)| morphology_en::known(head)))
}

/// Something kept about another thing.
pub(super) fn is_property(phrase: &Phrase) -> bool {
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

/// A property whose values are few and named.
pub(super) fn is_status(phrase: &Phrase) -> bool {
    let head = phrase.key.rsplit(' ').next().unwrap_or("");
    matches!(head, "status" | "state" | "type" | "kind" | "priority" | "level" | "category" | "condition" | "stage" | "role" | "gender" | "severity" | "size" | "method" | "urgency" | "color" | "result" | "format" | "unit" | "currency")
}
