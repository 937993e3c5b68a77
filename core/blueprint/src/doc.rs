//! The shape of a blueprint document.
//!
//! ```text
//! requirements  id -> { number, text: Text, kind, priority, state, place, origin... }
//!               "req_...|number" -> counter            stays when the requirement goes
//! entities      id -> { name, label, note, x, y, origin..., attributes: id -> { name, label, type, values, required, unique, place, origin... } }
//! relations     id -> { from, to, cardinality, label, origin... }
//! links         "req_...|ent_..." -> true
//! briefs        id -> { title, text, at, author }       never edited
//! origin        brief, sentence, start, end, because
//! ver_...       { name, note, heads, at, author }       a named version, at the root: two people can name the first ones apart
//! ```
//!
//! Everything is a map keyed by id, so that two people who add at the same time both succeed. Reading is tolerant:
//! a missing key, another type or an unknown word gives a default, because another program may have written it.

pub mod past;

use automerge::transaction::{Transactable, Transaction};
use automerge::{ObjId, ObjType, ROOT, ReadDoc, ScalarValue, Value};
use kernel::{Error, Result};

use crate::model::{AttributeType, Cardinality, Priority, RequirementKind, RequirementState};

/// The containers at the root.
pub const CONTAINERS: [&str; 5] = [REQUIREMENTS, ENTITIES, RELATIONS, LINKS, BRIEFS];
/// Requirements by id.
pub const REQUIREMENTS: &str = "requirements";
/// Entities by id.
pub const ENTITIES: &str = "entities";
/// Relations by id.
pub const RELATIONS: &str = "relations";
/// Pairs of a requirement and an entity.
pub const LINKS: &str = "links";
/// Briefs by id.
pub const BRIEFS: &str = "briefs";
const ATTRIBUTES: &str = "attributes";

/// Numbers of requirements are below this. What a hostile program writes beyond is no number, so that it can't use
/// all numbers up.
pub const NUMBERS: u64 = 1_000_000;
const NUMBER: &str = "number";

/// The longest name or label that is shown, in characters.
pub const LONGEST_NAME: usize = 120;
/// The longest text of a requirement or a note that is shown, in UTF-16 units, as text fields count. Texts that were
/// written apart can together be longer; then their beginning is shown, and what is taken out there brings up the rest.
pub const LONGEST_TEXT: usize = 20_000;
const LONGEST_BRIEF: usize = 1024 * 1024;

/// The sentence that something comes from, and why it was proposed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Origin {
    /// The brief.
    pub brief: Option<String>,
    /// The client's sentence.
    pub sentence: Option<String>,
    /// Its first UTF-16 unit in the brief.
    pub start: u32,
    /// The unit after its last.
    pub end: u32,
    /// Why the translator proposed it; empty for what a person added.
    pub because: String,
}

/// A requirement in the document.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Requirement {
    /// The number in its key.
    pub number: u64,
    /// What it says.
    pub text: String,
    /// Its sort.
    pub kind: RequirementKind,
    /// Its weight.
    pub priority: Priority,
    /// Its state.
    pub state: RequirementState,
    /// Its place in the list.
    pub place: String,
    /// Where it comes from.
    pub origin: Origin,
}

/// An attribute in the document.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Attribute {
    /// Its name in code.
    pub name: String,
    /// Its name for people.
    pub label: String,
    /// Its type.
    pub kind: AttributeType,
    /// The values of an enumeration.
    pub values: Vec<String>,
    /// Whether it must be given.
    pub required: bool,
    /// Whether no two records may share it.
    pub unique: bool,
    /// Its place in the list.
    pub place: String,
    /// Where it comes from.
    pub origin: Origin,
}

/// An entity in the document.
#[derive(Clone, PartialEq, Debug)]
pub struct Entity {
    /// Its name in code.
    pub name: String,
    /// Its name for people.
    pub label: String,
    /// Anything worth saying.
    pub note: String,
    /// Where it stands in the diagram, in px.
    pub at: Option<(f64, f64)>,
    /// What is kept about it, by id.
    pub attributes: Vec<(String, Attribute)>,
    /// Where it comes from.
    pub origin: Origin,
}

/// A relation in the document.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Relation {
    /// The entity it starts from.
    pub from: String,
    /// The entity it leads to.
    pub to: String,
    /// How many of each.
    pub cardinality: Cardinality,
    /// The verb between them.
    pub label: String,
    /// Where it comes from.
    pub origin: Origin,
}

/// A brief in the document.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Brief {
    /// Its title.
    pub title: String,
    /// All of it.
    pub text: String,
    /// When it was accepted, in milliseconds since 1970.
    pub at: i64,
    /// Who accepted it.
    pub author: String,
}

/// Makes the empty containers. Part of the document's first change, which is the same everywhere: never edit it,
/// only add containers in a second such change.
///
/// # Errors
/// Those of Automerge.
pub fn begin(transaction: &mut Transaction<'_>) -> Result<()> {
    for container in CONTAINERS {
        transaction.put_object(ROOT, container, ObjType::Map)?;
    }
    Ok(())
}

// Reading.

/// The map or text under a key.
pub fn object(document: &impl ReadDoc, parent: &ObjId, key: &str) -> Option<ObjId> {
    match document.get(parent, key) {
        Ok(Some((Value::Object(_), id))) => Some(id),
        _ => None,
    }
}

/// An element of a container.
pub fn element(document: &impl ReadDoc, container: &str, id: &str) -> Option<ObjId> {
    object(document, &object(document, &ROOT, container)?, id).filter(|element| matches!(document.object_type(element), Ok(ObjType::Map)))
}

/// The ids in a container.
pub fn ids(document: &impl ReadDoc, container: &str) -> Vec<String> {
    object(document, &ROOT, container).map(|container| document.keys(&container).filter(|id| plausible(id)).collect()).unwrap_or_default()
}

/// The text of a requirement.
pub fn text_of(document: &impl ReadDoc, requirement: &str) -> Option<ObjId> {
    object(document, &element(document, REQUIREMENTS, requirement)?, "text").filter(|text| matches!(document.object_type(text), Ok(ObjType::Text)))
}

/// The part of a text that is shown.
#[must_use]
pub fn shown(mut text: String) -> String {
    // A text has at most as many units as bytes.
    if text.len() > LONGEST_TEXT {
        let mut units = 0;
        let end = text.char_indices().find_map(|(at, c)| {
            units += c.len_utf16();
            (units > LONGEST_TEXT).then_some(at)
        });
        text.truncate(end.unwrap_or(text.len()));
    }
    text
}

/// Whether this can be an id of an element, or a pair of them.
#[must_use]
pub fn plausible(id: &str) -> bool {
    !id.is_empty() && id.len() <= 80 && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'|'))
}

fn scalar(document: &impl ReadDoc, object: &ObjId, key: &str) -> Option<ScalarValue> {
    match document.get(object, key) {
        Ok(Some((Value::Scalar(value), _))) => Some(value.into_owned()),
        _ => None,
    }
}

fn text(document: &impl ReadDoc, object: &ObjId, key: &str, longest: usize) -> Option<String> {
    match scalar(document, object, key)? {
        ScalarValue::Str(text) => Some(if text.len() <= longest { text.to_string() } else { text.chars().take(longest).collect() }),
        _ => None,
    }
}

fn line(document: &impl ReadDoc, object: &ObjId, key: &str) -> String {
    text(document, object, key, LONGEST_NAME).unwrap_or_default().chars().filter(|c| !c.is_control()).collect()
}

pub(crate) fn number(document: &impl ReadDoc, object: &ObjId, key: &str) -> Option<i64> {
    match scalar(document, object, key)? {
        ScalarValue::Int(number) | ScalarValue::Timestamp(number) => Some(number),
        ScalarValue::Uint(number) => i64::try_from(number).ok(),
        ScalarValue::Counter(counter) => Some(i64::from(&counter)),
        _ => None,
    }
}

fn coordinate(document: &impl ReadDoc, object: &ObjId, key: &str) -> Option<f64> {
    match scalar(document, object, key)? {
        ScalarValue::F64(number) if number.is_finite() && number.abs() < 1e6 => Some(number),
        _ => None,
    }
}

fn flag(document: &impl ReadDoc, object: &ObjId, key: &str) -> bool {
    matches!(scalar(document, object, key), Some(ScalarValue::Boolean(true)))
}

fn origin(document: &impl ReadDoc, object: &ObjId) -> Origin {
    let unit = |key| number(document, object, key).and_then(|unit| u32::try_from(unit).ok()).unwrap_or(0);
    Origin {
        brief: text(document, object, "brief", 80).filter(|id| plausible(id)),
        sentence: text(document, object, "sentence", LONGEST_TEXT),
        start: unit("start"),
        end: unit("end"),
        because: text(document, object, "because", LONGEST_TEXT).unwrap_or_default(),
    }
}

/// The number that a requirement was given, also after it was removed. Numbers are told to people, so each is kept
/// beside its requirement under a key of its own, as a counter, which undo leaves alone; older documents have it
/// only inside the requirement.
pub fn number_of(document: &impl ReadDoc, requirement: &str) -> Option<u64> {
    let given = object(document, &ROOT, REQUIREMENTS).and_then(|parent| number(document, &parent, &pair(requirement, NUMBER)));
    let inside = || number(document, &element(document, REQUIREMENTS, requirement)?, NUMBER);
    let believable = |number: i64| u64::try_from(number).ok().filter(|number| (1..NUMBERS).contains(number));
    given.and_then(believable).or_else(|| inside().and_then(believable))
}

/// The element that a key of a container is about.
#[must_use]
pub fn bearer<'k>(container: &str, key: &'k str) -> &'k str {
    if container == REQUIREMENTS { key.split('|').next().unwrap_or(key) } else { key }
}

/// Reads a requirement.
pub fn requirement(document: &impl ReadDoc, id: &str) -> Option<Requirement> {
    let object = element(document, REQUIREMENTS, id)?;
    let text = text_of(document, id).and_then(|text| document.text(&text).ok()).unwrap_or_default();
    Some(Requirement {
        number: number_of(document, id).unwrap_or(0),
        text: shown(text),
        kind: RequirementKind::read(&line(document, &object, "kind")).unwrap_or(RequirementKind::Functional),
        priority: Priority::read(&line(document, &object, "priority")).unwrap_or(Priority::Should),
        state: RequirementState::read(&line(document, &object, "state")).unwrap_or(RequirementState::Draft),
        place: line(document, &object, "place"),
        origin: origin(document, &object),
    })
}

/// Reads an entity.
pub fn entity(document: &impl ReadDoc, id: &str) -> Option<Entity> {
    let found = element(document, ENTITIES, id)?;
    let attributes = object(document, &found, ATTRIBUTES)
        .map(|attributes| document.keys(&attributes).filter(|id| plausible(id)).take(1_000).filter_map(|id| Some((id.clone(), attribute(document, &object(document, &attributes, &id)?)))).collect())
        .unwrap_or_default();
    Some(Entity {
        name: line(document, &found, "name"),
        label: line(document, &found, "label"),
        note: text(document, &found, "note", LONGEST_TEXT).unwrap_or_default(),
        at: coordinate(document, &found, "x").zip(coordinate(document, &found, "y")),
        attributes,
        origin: origin(document, &found),
    })
}

fn attribute(document: &impl ReadDoc, object: &ObjId) -> Attribute {
    Attribute {
        name: line(document, object, "name"),
        label: line(document, object, "label"),
        kind: AttributeType::read(&line(document, object, "type")).unwrap_or(AttributeType::String),
        values: text(document, object, "values", LONGEST_TEXT).unwrap_or_default().lines().map(str::to_owned).take(200).collect(),
        required: flag(document, object, "required"),
        unique: flag(document, object, "unique"),
        place: line(document, object, "place"),
        origin: origin(document, object),
    }
}

/// Reads a relation.
pub fn relation(document: &impl ReadDoc, id: &str) -> Option<Relation> {
    let object = element(document, RELATIONS, id)?;
    Some(Relation {
        from: line(document, &object, "from"),
        to: line(document, &object, "to"),
        cardinality: Cardinality::read(&line(document, &object, "cardinality")).unwrap_or(Cardinality::OneToMany),
        label: line(document, &object, "label"),
        origin: origin(document, &object),
    })
}

/// Reads a brief.
pub fn brief(document: &impl ReadDoc, id: &str) -> Option<Brief> {
    let object = element(document, BRIEFS, id)?;
    Some(Brief {
        title: line(document, &object, "title"),
        text: text(document, &object, "text", LONGEST_BRIEF).unwrap_or_default(),
        at: number(document, &object, "at").unwrap_or(0),
        author: line(document, &object, "author"),
    })
}

/// Whether a requirement and an entity are linked.
pub fn linked(document: &impl ReadDoc, pair: &str) -> bool {
    object(document, &ROOT, LINKS).is_some_and(|links| flag(document, &links, pair))
}

/// The key of a link.
#[must_use]
pub fn pair(requirement: &str, entity: &str) -> String {
    format!("{requirement}|{entity}")
}

// Writing.

/// A container for writing.
///
/// # Errors
/// `Damaged` when the document lacks it.
pub fn container(transaction: &Transaction<'_>, name: &str) -> Result<ObjId> {
    object(transaction, &ROOT, name).ok_or_else(|| Error::damaged(("The blueprint lacks a part. Run `scantling verify`.", "В проекте не хватает части. Запустите `scantling verify`.")))
}

pub(crate) fn write_origin(transaction: &mut Transaction<'_>, object: &ObjId, origin: &Origin) -> Result<()> {
    if let Some(brief) = &origin.brief {
        transaction.put(object, "brief", brief.as_str())?;
    }
    if let Some(sentence) = &origin.sentence {
        transaction.put(object, "sentence", sentence.as_str())?;
        transaction.put(object, "start", u64::from(origin.start))?;
        transaction.put(object, "end", u64::from(origin.end))?;
    }
    if !origin.because.is_empty() {
        transaction.put(object, "because", origin.because.as_str())?;
    }
    Ok(())
}

/// Adds a requirement.
///
/// # Errors
/// Those of Automerge.
pub fn add_requirement(transaction: &mut Transaction<'_>, id: &str, requirement: &Requirement) -> Result<()> {
    let parent = container(transaction, REQUIREMENTS)?;
    let object = transaction.put_object(&parent, id, ObjType::Map)?;
    transaction.put(&object, NUMBER, requirement.number)?;
    keep_number(transaction, id, requirement.number)?;
    let text = transaction.put_object(&object, "text", ObjType::Text)?;
    transaction.splice_text(&text, 0, 0, &requirement.text)?;
    transaction.put(&object, "kind", requirement.kind.word())?;
    transaction.put(&object, "priority", requirement.priority.word())?;
    transaction.put(&object, "state", requirement.state.word())?;
    transaction.put(&object, "place", requirement.place.as_str())?;
    write_origin(transaction, &object, &requirement.origin)
}

/// Keeps the number of a requirement for good, unless that was done already.
///
/// # Errors
/// Those of Automerge.
pub fn keep_number(transaction: &mut Transaction<'_>, id: &str, number: u64) -> Result<()> {
    let (parent, key) = (container(transaction, REQUIREMENTS)?, pair(id, NUMBER));
    if let Some(number) = i64::try_from(number).ok().filter(|number| *number > 0)
        && scalar(transaction, &parent, &key).is_none()
    {
        transaction.put(&parent, key, ScalarValue::counter(number))?;
    }
    Ok(())
}

/// Adds an entity with its attributes.
///
/// # Errors
/// Those of Automerge.
pub fn add_entity(transaction: &mut Transaction<'_>, id: &str, entity: &Entity) -> Result<()> {
    let parent = container(transaction, ENTITIES)?;
    let object = transaction.put_object(&parent, id, ObjType::Map)?;
    transaction.put(&object, "name", entity.name.as_str())?;
    transaction.put(&object, "label", entity.label.as_str())?;
    transaction.put(&object, "note", entity.note.as_str())?;
    if let Some((x, y)) = entity.at {
        transaction.put(&object, "x", x)?;
        transaction.put(&object, "y", y)?;
    }
    write_origin(transaction, &object, &entity.origin)?;
    transaction.put_object(&object, ATTRIBUTES, ObjType::Map)?;
    for (attribute_id, attribute) in &entity.attributes {
        add_attribute(transaction, id, attribute_id, attribute)?;
    }
    Ok(())
}

/// Adds an attribute to an entity.
///
/// # Errors
/// `NotFound` when the entity is gone.
pub fn add_attribute(transaction: &mut Transaction<'_>, entity: &str, id: &str, attribute: &Attribute) -> Result<()> {
    let entity = element(transaction, ENTITIES, entity).ok_or_else(crate::ops::gone)?;
    let parent = match object(transaction, &entity, ATTRIBUTES) {
        Some(parent) => parent,
        None => transaction.put_object(&entity, ATTRIBUTES, ObjType::Map)?,
    };
    let object = transaction.put_object(&parent, id, ObjType::Map)?;
    transaction.put(&object, "name", attribute.name.as_str())?;
    transaction.put(&object, "label", attribute.label.as_str())?;
    transaction.put(&object, "type", attribute.kind.word())?;
    transaction.put(&object, "values", attribute.values.join("\n"))?;
    transaction.put(&object, "required", attribute.required)?;
    transaction.put(&object, "unique", attribute.unique)?;
    transaction.put(&object, "place", attribute.place.as_str())?;
    write_origin(transaction, &object, &attribute.origin)
}

/// An attribute for writing.
pub fn attribute_object(document: &impl ReadDoc, entity: &str, id: &str) -> Option<ObjId> {
    object(document, &object(document, &element(document, ENTITIES, entity)?, ATTRIBUTES)?, id)
}

/// The attributes of an entity for writing.
pub fn attributes_object(document: &impl ReadDoc, entity: &str) -> Option<ObjId> {
    object(document, &element(document, ENTITIES, entity)?, ATTRIBUTES)
}

/// Adds a relation.
///
/// # Errors
/// Those of Automerge.
pub fn add_relation(transaction: &mut Transaction<'_>, id: &str, relation: &Relation) -> Result<()> {
    let parent = container(transaction, RELATIONS)?;
    let object = transaction.put_object(&parent, id, ObjType::Map)?;
    transaction.put(&object, "from", relation.from.as_str())?;
    transaction.put(&object, "to", relation.to.as_str())?;
    transaction.put(&object, "cardinality", relation.cardinality.word())?;
    transaction.put(&object, "label", relation.label.as_str())?;
    write_origin(transaction, &object, &relation.origin)
}

/// Adds a brief.
///
/// # Errors
/// Those of Automerge.
pub fn add_brief(transaction: &mut Transaction<'_>, id: &str, brief: &Brief) -> Result<()> {
    let parent = container(transaction, BRIEFS)?;
    let object = transaction.put_object(&parent, id, ObjType::Map)?;
    transaction.put(&object, "title", brief.title.as_str())?;
    transaction.put(&object, "text", brief.text.as_str())?;
    transaction.put(&object, "at", ScalarValue::Timestamp(brief.at))?;
    transaction.put(&object, "author", brief.author.as_str())?;
    Ok(())
}
