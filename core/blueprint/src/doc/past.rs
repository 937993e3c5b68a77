//! A blueprint as it was: the whole document at some heads, read in one pass.
//!
//! Reading key by key at old heads would weigh the whole history for every key, so the document is taken out at once.
//! Everything is read as tolerantly as the present is, with the same results; a test compares the two.

use std::collections::{BTreeMap, BTreeSet};

use automerge::hydrate::{Map, Value};
use automerge::{Automerge, ChangeHash, ROOT, ReadDoc, ScalarValue};

use super::{ATTRIBUTES, Attribute, BRIEFS, Brief, ENTITIES, Entity, LINKS, LONGEST_BRIEF, LONGEST_NAME, LONGEST_TEXT, NUMBER, NUMBERS, Origin, RELATIONS, REQUIREMENTS, Relation, Requirement, pair, plausible};
use crate::model::{AttributeType, Cardinality, Priority, RequirementKind, RequirementState};

/// Everything that is projected from a blueprint, at one moment. Texts of requirements are whole.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Blueprint {
    /// Requirements by id.
    pub requirements: BTreeMap<String, Requirement>,
    /// Entities by id.
    pub entities: BTreeMap<String, Entity>,
    /// Relations by id, also those that lack an end.
    pub relations: BTreeMap<String, Relation>,
    /// Links of a requirement and an entity, also those that lack an end.
    pub links: BTreeSet<(String, String)>,
    /// Briefs by id.
    pub briefs: BTreeMap<String, Brief>,
}

/// Reads the blueprint at these heads; without any, as it is now.
#[must_use]
pub fn read(document: &Automerge, heads: Option<&[ChangeHash]>) -> Blueprint {
    let Ok(Value::Map(root)) = ReadDoc::hydrate(document, &ROOT, heads) else { return Blueprint::default() };
    let numbers = map(&root, REQUIREMENTS);
    let links = map(&root, LINKS).into_iter().flat_map(Map::iter);
    Blueprint {
        requirements: elements(&root, REQUIREMENTS).map(|(id, object)| (id.clone(), requirement(numbers, id, object))).collect(),
        entities: elements(&root, ENTITIES).map(|(id, object)| (id.clone(), entity(object))).collect(),
        relations: elements(&root, RELATIONS).map(|(id, object)| (id.clone(), relation(object))).collect(),
        links: links
            .filter(|(key, value)| plausible(key) && matches!(value.value, Value::Scalar(ScalarValue::Boolean(true))))
            .filter_map(|(key, _)| key.split_once('|'))
            .map(|(requirement, entity)| (requirement.to_owned(), entity.to_owned()))
            .collect(),
        briefs: elements(&root, BRIEFS).map(|(id, object)| (id.clone(), brief(object))).collect(),
    }
}

fn map<'m>(parent: &'m Map, key: &str) -> Option<&'m Map> {
    match parent.get(key) {
        Some(Value::Map(map)) => Some(map),
        _ => None,
    }
}

fn elements<'m>(root: &'m Map, container: &str) -> impl Iterator<Item = (&'m String, &'m Map)> {
    map(root, container).into_iter().flat_map(Map::iter).filter_map(|(id, value)| match &value.value {
        Value::Map(object) if plausible(id) => Some((id, object)),
        _ => None,
    })
}

fn scalar<'m>(object: &'m Map, key: &str) -> Option<&'m ScalarValue> {
    match object.get(key) {
        Some(Value::Scalar(value)) => Some(value),
        _ => None,
    }
}

fn text(object: &Map, key: &str, longest: usize) -> Option<String> {
    match scalar(object, key)? {
        ScalarValue::Str(text) => Some(if text.len() <= longest { text.to_string() } else { text.chars().take(longest).collect() }),
        _ => None,
    }
}

fn line(object: &Map, key: &str) -> String {
    text(object, key, LONGEST_NAME).unwrap_or_default().chars().filter(|c| !c.is_control()).collect()
}

fn number(object: &Map, key: &str) -> Option<i64> {
    match scalar(object, key)? {
        ScalarValue::Int(number) | ScalarValue::Timestamp(number) => Some(*number),
        ScalarValue::Uint(number) => i64::try_from(*number).ok(),
        ScalarValue::Counter(counter) => Some(i64::from(counter)),
        _ => None,
    }
}

fn coordinate(object: &Map, key: &str) -> Option<f64> {
    match scalar(object, key)? {
        ScalarValue::F64(number) if number.is_finite() && number.abs() < 1e6 => Some(*number),
        _ => None,
    }
}

fn flag(object: &Map, key: &str) -> bool {
    matches!(scalar(object, key), Some(ScalarValue::Boolean(true)))
}

fn origin(object: &Map) -> Origin {
    let unit = |key| number(object, key).and_then(|unit| u32::try_from(unit).ok()).unwrap_or(0);
    Origin {
        brief: text(object, "brief", 80).filter(|id| plausible(id)),
        sentence: text(object, "sentence", LONGEST_TEXT),
        start: unit("start"),
        end: unit("end"),
        because: text(object, "because", LONGEST_TEXT).unwrap_or_default(),
    }
}

fn requirement(all: Option<&Map>, id: &str, object: &Map) -> Requirement {
    let believable = |number: i64| u64::try_from(number).ok().filter(|number| (1..NUMBERS).contains(number));
    let given = all.and_then(|all| number(all, &pair(id, NUMBER))).and_then(believable).or_else(|| number(object, NUMBER).and_then(believable));
    Requirement {
        number: given.unwrap_or(0),
        text: match object.get("text") {
            Some(Value::Text(text)) => String::from(text),
            _ => String::new(),
        },
        kind: RequirementKind::read(&line(object, "kind")).unwrap_or(RequirementKind::Functional),
        priority: Priority::read(&line(object, "priority")).unwrap_or(Priority::Should),
        state: RequirementState::read(&line(object, "state")).unwrap_or(RequirementState::Draft),
        place: line(object, "place"),
        origin: origin(object),
    }
}

fn entity(object: &Map) -> Entity {
    let mut attributes: Vec<(&String, &Value)> = map(object, ATTRIBUTES).into_iter().flat_map(Map::iter).map(|(id, value)| (id, &value.value)).filter(|(id, _)| plausible(id)).collect();
    attributes.sort_by_key(|(id, _)| *id);
    Entity {
        name: line(object, "name"),
        label: line(object, "label"),
        note: text(object, "note", LONGEST_TEXT).unwrap_or_default(),
        at: coordinate(object, "x").zip(coordinate(object, "y")),
        attributes: attributes
            .into_iter()
            .take(1_000)
            .filter_map(|(id, value)| match value {
                Value::Map(object) => Some((id.clone(), attribute(object))),
                _ => None,
            })
            .collect(),
        origin: origin(object),
    }
}

fn attribute(object: &Map) -> Attribute {
    Attribute {
        name: line(object, "name"),
        label: line(object, "label"),
        kind: AttributeType::read(&line(object, "type")).unwrap_or(AttributeType::String),
        values: text(object, "values", LONGEST_TEXT).unwrap_or_default().lines().map(str::to_owned).take(200).collect(),
        required: flag(object, "required"),
        unique: flag(object, "unique"),
        place: line(object, "place"),
        origin: origin(object),
    }
}

fn relation(object: &Map) -> Relation {
    Relation {
        from: line(object, "from"),
        to: line(object, "to"),
        cardinality: Cardinality::read(&line(object, "cardinality")).unwrap_or(Cardinality::OneToMany),
        label: line(object, "label"),
        origin: origin(object),
    }
}

fn brief(object: &Map) -> Brief {
    Brief { title: line(object, "title"), text: text(object, "text", LONGEST_BRIEF).unwrap_or_default(), at: number(object, "at").unwrap_or(0), author: line(object, "author") }
}
