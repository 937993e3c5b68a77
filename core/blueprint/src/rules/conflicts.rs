//! What two devices decided differently while they were apart. Automerge keeps every concurrent value of a key, shows one
//! of them everywhere alike, and forgets the others when a later change, which saw them, puts the key again. So a
//! conflict is a property of the document alone: the same on every device, whatever came first, and gone everywhere
//! when anybody decides.

use std::collections::BTreeSet;

use automerge::{ObjId, ReadDoc, ScalarValue, Value};

use crate::doc::{self, ENTITIES, RELATIONS, REQUIREMENTS};

/// What people decide about a requirement, an entity, an attribute and a relation. Where an entity stands in the diagram
/// is no decision worth a question.
const OF_REQUIREMENT: [&str; 4] = ["kind", "priority", "state", "place"];
const OF_ENTITY: [&str; 3] = ["name", "label", "note"];
const OF_ATTRIBUTE: [&str; 6] = ["name", "label", "type", "values", "required", "unique"];
const OF_RELATION: [&str; 2] = ["cardinality", "label"];
/// The most values of one key that are told.
const MOST: usize = 16;

/// Where the values differ.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Place {
    /// The container of the element.
    pub container: &'static str,
    /// The element.
    pub element: String,
    /// The attribute of it, or empty.
    pub part: String,
    /// The key.
    pub field: &'static str,
}

/// One of the values, and the operation that put it.
#[derive(Clone, PartialEq, Debug)]
pub struct Choice {
    /// The operation.
    pub operation: ObjId,
    /// The value.
    pub value: ScalarValue,
    /// Whether it is the one that is shown.
    pub shown: bool,
}

fn fields(container: &str, part: &str) -> (&'static str, &'static [&'static str]) {
    match (container, part) {
        (REQUIREMENTS, _) => (REQUIREMENTS, &OF_REQUIREMENT),
        (ENTITIES, "") => (ENTITIES, &OF_ENTITY),
        (ENTITIES, _) => (ENTITIES, &OF_ATTRIBUTE),
        (RELATIONS, _) => (RELATIONS, &OF_RELATION),
        _ => ("", &[]),
    }
}

fn object(document: &impl ReadDoc, container: &str, element: &str, part: &str) -> Option<ObjId> {
    if part.is_empty() { doc::element(document, container, element) } else { doc::attribute_object(document, element, part) }
}

/// The values of a key that differ, the shown one first; none where there is one alone.
pub fn choices(document: &impl ReadDoc, place: &Place) -> Vec<Choice> {
    object(document, place.container, &place.element, &place.part).map(|object| values(document, &object, place.field)).unwrap_or_default()
}

fn values(document: &impl ReadDoc, object: &ObjId, field: &str) -> Vec<Choice> {
    let Ok(all) = document.get_all(object, field) else { return Vec::new() };
    if all.len() < 2 {
        return Vec::new();
    }
    let mut seen = BTreeSet::new();
    // Automerge shows the last one.
    let choices: Vec<Choice> = all
        .into_iter()
        .rev()
        .enumerate()
        .filter_map(|(at, (value, operation))| match value {
            Value::Scalar(value) => Some(Choice { operation, value: value.into_owned(), shown: at == 0 }),
            Value::Object(_) => None,
        })
        .filter(|choice| seen.insert(format!("{:?}", choice.value)))
        .take(MOST)
        .collect();
    if choices.len() < 2 { Vec::new() } else { choices }
}

/// The places of an element where values differ.
pub fn of(document: &impl ReadDoc, container: &str, element: &str) -> Vec<Place> {
    let mut places = Vec::new();
    let mut look = |part: &str, object: &ObjId| {
        let (container, fields) = fields(container, part);
        let differing = fields.iter().filter(|field| !values(document, object, field).is_empty());
        places.extend(differing.map(|field| Place { container, element: element.to_owned(), part: part.to_owned(), field }));
    };
    if let Some(object) = doc::element(document, container, element) {
        look("", &object);
    }
    if container == ENTITIES
        && let Some(attributes) = doc::attributes_object(document, element)
    {
        for part in document.keys(&attributes).filter(|part| doc::plausible(part)).take(1_000).collect::<Vec<_>>() {
            if let Some(object) = doc::object(document, &attributes, &part) {
                look(&part, &object);
            }
        }
    }
    places
}

/// A place as it was written down.
#[must_use]
pub fn read(element: String, part: String, field: &str) -> Option<Place> {
    let container = match element.split('_').next() {
        Some("req") => REQUIREMENTS,
        Some("ent") => ENTITIES,
        Some("rel") => RELATIONS,
        _ => return None,
    };
    let (container, fields) = fields(container, &part);
    let field = fields.iter().find(|known| **known == field)?;
    Some(Place { container, element, part, field })
}
