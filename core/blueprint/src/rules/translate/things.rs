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

/// Headings such as "Data" or "Core entities", under which a brief names its records.
pub(super) fn declares(phrase: &Phrase) -> bool {
    matches!(phrase.key.as_str(), "entity" | "core entity" | "data" | "record" | "data model" | "main entity" | "object" | "directory" | "domain model" | "information" | "table")
}

/// What a shop deals in: the parts of a "bike-parts shop", the flowers of a "магазин цветов".
pub(super) fn goods(phrase: &Phrase) -> Option<Phrase> {
    if phrase.russian {
        let of = phrase.of.as_deref().filter(|of| phrase.key.ends_with("shop") && of.plural)?;
        return Some(Phrase { of: None, tail: String::new(), ..of.clone() });
    }
    let front = phrase.long_key.strip_suffix(" shop").or_else(|| phrase.long_key.strip_suffix(" store"))?;
    let key = front.rsplit(' ').next()?.replace('-', " ");
    // Only goods in the plural or known ones: a "coffee shop" deals in more than coffee.
    let told = front.contains('-') || matches!(morphology_en::known(&key), Some(Class::Record));
    let service = key.ends_with("repair") || key.ends_with("rental") || key.ends_with("work") || key.ends_with("line");
    (told && !service && morphology_en::known(&key) != Some(Class::Stop)).then(|| Phrase { key: key.clone(), label: key.clone(), long_key: key.clone(), long_label: key, of: None, tail: String::new(), plural: true, ..phrase.clone() })
}

/// People who run the system rather than being kept in it.
pub(super) fn staff(key: &str) -> bool {
    let head = key.rsplit(' ').next().unwrap_or(key);
    matches!(head, "manager" | "administrator" | "admin" | "receptionist" | "operator" | "dispatcher" | "cashier" | "accountant" | "bookkeeper" | "clerk" | "director" | "moderator" | "storekeeper" | "supervisor" | "secretary" | "registrar" | "user" | "staff" | "waiter" | "salesperson" | "librarian" | "officer" | "foreman" | "picker" | "assistant" | "auditor" | "inspector" | "head" | "advisor")
}
