//! The blueprint as it was: reading it, comparing, bringing it back, giving moments names.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use automerge::transaction::{Transactable, Transaction};
use automerge::{Automerge, ChangeHash, ObjId, ObjType, ROOT, ReadDoc, ScalarValue};
use kernel::{Code, Ctx, Error, Permission, ProjectId, Result, Timestamp, Words};

use super::history::own_name;
use super::{Touched, Work, change, gone, heads, line, long_text, open};
use crate::doc::past::{self, Blueprint};
use crate::doc::{self, Attribute, BRIEFS, ENTITIES, Entity, LINKS, Origin, RELATIONS, REQUIREMENTS};
use crate::model::{
    self, AtQuery, CompareQuery, Comparison, ElementRef, EntityName, Model, NameVersion, RequirementKey, Restore, Restored, Source, Then, Version,
};
use crate::rules::compare;
use crate::store;

/// What stands before the underscore in ids of named versions.
const VERSION: &str = "ver";
/// The most named versions of one project.
const MOST_VERSIONS: usize = 500;

fn unknown() -> Error {
    Error::not_found(("This device does not hold that moment. It may still have to arrive.", "На этом устройстве нет этого момента. Возможно, он ещё не получен."))
}

/// The blueprint at a moment; without heads, before everything.
fn read(ctx: &mut Ctx<'_>, doc: &str, at: &[ChangeHash]) -> Result<Arc<Blueprint>> {
    if at.is_empty() {
        return Ok(Arc::new(Blueprint::default()));
    }
    ctx.read_doc(doc, at, |document| past::read(document, (document.get_heads() != at).then_some(at)))
}

/// The blueprint as it is.
fn present(ctx: &mut Ctx<'_>, doc: &str) -> Result<Arc<Blueprint>> {
    let heads = ctx.doc(doc)?.get_heads();
    read(ctx, doc, &heads)
}

/// When the last change of a moment was made.
fn time(document: &Automerge, at: &[ChangeHash]) -> Timestamp {
    Timestamp::from_millis(at.iter().filter_map(|head| document.get_change_meta_by_hash(head)).map(|change| change.timestamp).max().unwrap_or(0))
}

/// The blueprint as it was, and what differs from then to now.
///
/// # Errors
/// `NotFound` for a moment that is not here.
pub fn at(ctx: &mut Ctx<'_>, input: &AtQuery) -> Result<Then> {
    let (doc, _) = open(ctx, input.project, Permission::Read)?;
    let keys = store::keys(ctx.sql, &doc)?;
    let document = ctx.doc(&doc)?;
    let at = heads(document, &input.heads).ok_or_else(unknown)?;
    let time = time(document, &at);
    let (then, now) = (read(ctx, &doc, &at)?, present(ctx, &doc)?);
    let differences = compare::compare(&then, &now, &keys);
    Ok(Then { at: time, differences, ..shown(&then, &keys) })
}

/// A state as screens show it.
fn shown(then: &Blueprint, keys: &compare::Keys) -> Then {
    let mut entities_of: BTreeMap<&str, Vec<EntityName>> = BTreeMap::new();
    let mut requirements_of: BTreeMap<&str, Vec<(&str, RequirementKey)>> = BTreeMap::new();
    let key = |id: &str| keys.get(id).cloned().unwrap_or_default();
    for (requirement, entity) in &then.links {
        if let (Some(row), Some(named)) = (then.requirements.get(requirement), then.entities.get(entity)) {
            entities_of.entry(requirement).or_default().push(EntityName { id: entity.clone(), name: named.name.clone() });
            requirements_of.entry(entity).or_default().push((&row.place, RequirementKey { id: requirement.clone(), key: key(requirement) }));
        }
    }
    let mut rows: Vec<(&String, &doc::Requirement)> = then.requirements.iter().collect();
    rows.sort_by_key(|(id, row)| (&row.place, *id));
    let requirements = rows
        .into_iter()
        .map(|(id, row)| {
            let mut entities = entities_of.remove(id.as_str()).unwrap_or_default();
            entities.sort_by(|one, other| one.name.cmp(&other.name));
            let source = row.origin.brief.clone().zip(row.origin.sentence.clone()).map(|(brief, sentence)| Source { brief, sentence, start: row.origin.start, end: row.origin.end });
            model::Requirement {
                id: id.clone(),
                key: key(id),
                text: doc::shown(row.text.clone()),
                kind: row.kind,
                priority: row.priority,
                state: row.state,
                source,
                entities,
                comments: 0,
                unread: 0,
                pending: false,
            }
        })
        .collect();
    let entities = then
        .entities
        .iter()
        .map(|(id, row)| {
            let mut requirements = requirements_of.remove(id.as_str()).unwrap_or_default();
            requirements.sort_by(|(one, a), (other, b)| (one, &a.id).cmp(&(other, &b.id)));
            let mut attributes: Vec<&(String, Attribute)> = row.attributes.iter().collect();
            attributes.sort_by_key(|(id, attribute)| (&attribute.place, id));
            model::Entity {
                id: id.clone(),
                name: row.name.clone(),
                label: row.label.clone(),
                note: row.note.clone(),
                x: row.at.map(|at| at.0),
                y: row.at.map(|at| at.1),
                attributes: attributes
                    .into_iter()
                    .map(|(id, row)| model::Attribute { id: id.clone(), name: row.name.clone(), label: row.label.clone(), kind: row.kind, values: row.values.clone(), required: row.required, unique: row.unique })
                    .collect(),
                requirements: requirements.into_iter().map(|(_, key)| key).collect(),
                comments: 0,
                unread: 0,
                pending: false,
            }
        })
        .collect();
    let relations = then
        .relations
        .iter()
        .filter(|(_, row)| then.entities.contains_key(&row.from) && then.entities.contains_key(&row.to))
        .map(|(id, row)| model::Relation { id: id.clone(), from: row.from.clone(), to: row.to.clone(), cardinality: row.cardinality, label: row.label.clone() })
        .collect();
    Then { at: Timestamp::from_millis(0), requirements, model: Model { entities, relations }, differences: Vec::new() }
}

/// What differs between two moments, or between one and now.
///
/// # Errors
/// `NotFound` for a moment that is not here.
pub fn compare(ctx: &mut Ctx<'_>, input: &CompareQuery) -> Result<Comparison> {
    let (doc, _) = open(ctx, input.project, Permission::Read)?;
    let keys = store::keys(ctx.sql, &doc)?;
    let document = ctx.doc(&doc)?;
    let from = moment(document, &input.from)?;
    let to = match &input.to {
        None => document.get_heads(),
        Some(to) => moment(document, to)?,
    };
    let (before, after) = (read(ctx, &doc, &from)?, read(ctx, &doc, &to)?);
    let differences = compare::compare(&before, &after, &keys);
    let text = compare::print(&differences, ctx.language);
    Ok(Comparison { differences, text })
}

/// A moment by its heads, or by the id of a named version; nothing stands for the beginning.
fn moment(document: &Automerge, words: &[String]) -> Result<Vec<ChangeHash>> {
    match words {
        [] => Ok(Vec::new()),
        [id] if id.starts_with("ver_") => version(document, id).map(|(_, heads)| heads).ok_or_else(unknown),
        words => heads(document, words).ok_or_else(unknown),
    }
}

// Bringing back.

/// What is to become otherwise, element by element.
#[derive(Default)]
struct Plan {
    requirements: BTreeSet<String>,
    entities: BTreeSet<String>,
    /// Attributes of entities that stay as they are otherwise.
    attributes: BTreeSet<(String, String)>,
    relations: BTreeSet<String>,
    links: BTreeSet<(String, String)>,
    briefs: BTreeSet<String>,
}

impl Plan {
    fn whole(then: &Blueprint, now: &Blueprint) -> Self {
        fn ids<T: PartialEq>(then: &BTreeMap<String, T>, now: &BTreeMap<String, T>) -> BTreeSet<String> {
            then.keys().chain(now.keys()).filter(|id| then.get(*id) != now.get(*id)).cloned().collect()
        }
        Self {
            requirements: ids(&then.requirements, &now.requirements),
            entities: ids(&then.entities, &now.entities),
            attributes: BTreeSet::new(),
            relations: ids(&then.relations, &now.relations),
            links: then.links.symmetric_difference(&now.links).cloned().collect(),
            briefs: ids(&then.briefs, &now.briefs),
        }
    }

    /// The chosen elements. One that comes back or goes does so with its links and relations; of a requirement that
    /// stays, its links are restored; what hangs on an element that will not be there is left out.
    fn chosen(ids: &[String], then: &Blueprint, now: &Blueprint) -> Self {
        let all = Self::whole(then, now);
        let wanted: BTreeSet<&String> = ids.iter().collect();
        let mut plan = Self {
            requirements: all.requirements.iter().filter(|id| wanted.contains(id)).cloned().collect(),
            entities: all.entities.iter().filter(|id| wanted.contains(id)).cloned().collect(),
            briefs: all.briefs.iter().filter(|id| wanted.contains(id)).cloned().collect(),
            ..Self::default()
        };
        for (id, entity) in now.entities.iter().filter(|(id, _)| !plan.entities.contains(*id)) {
            if let Some(before) = then.entities.get(id) {
                let attributes = entity.attributes.iter().chain(&before.attributes).map(|(attribute, _)| attribute);
                plan.attributes.extend(attributes.filter(|attribute| wanted.contains(attribute)).map(|attribute| (id.clone(), attribute.clone())));
            }
        }
        let stays_or_comes = |id: &String, entity: bool| {
            let (then, now, chosen) = if entity {
                (then.entities.contains_key(id), now.entities.contains_key(id), plan.entities.contains(id))
            } else {
                (then.requirements.contains_key(id), now.requirements.contains_key(id), plan.requirements.contains(id))
            };
            if chosen { then } else { now }
        };
        let moves = |id: &String| plan.entities.contains(id) && then.entities.contains_key(id) != now.entities.contains_key(id);
        for pair in &all.links {
            let (requirement, entity) = pair;
            let about = wanted.contains(requirement) || moves(entity);
            let possible = !then.links.contains(pair) || (stays_or_comes(requirement, false) && stays_or_comes(entity, true));
            if about && possible {
                plan.links.insert(pair.clone());
            }
        }
        for id in &all.relations {
            let relation = then.relations.get(id).or_else(|| now.relations.get(id));
            let about = wanted.contains(id) || relation.is_some_and(|relation| moves(&relation.from) || moves(&relation.to));
            let possible = then.relations.get(id).is_none_or(|relation| stays_or_comes(&relation.from, true) && stays_or_comes(&relation.to, true));
            if about && possible {
                plan.relations.insert(id.clone());
            }
        }
        plan
    }

    fn count(&self) -> usize {
        self.requirements.len() + self.entities.len() + self.attributes.len() + self.relations.len() + self.links.len() + self.briefs.len()
    }

    fn touched(&self) -> Touched {
        let of = |container: &str, ids: &BTreeSet<String>| ids.iter().map(|id| (container.to_owned(), id.clone())).collect::<Vec<_>>();
        let mut touched = Touched::new();
        touched.extend(of(REQUIREMENTS, &self.requirements));
        touched.extend(of(ENTITIES, &self.entities));
        touched.extend(of(RELATIONS, &self.relations));
        touched.extend(of(BRIEFS, &self.briefs));
        touched.extend(self.attributes.iter().map(|(entity, _)| (ENTITIES.to_owned(), entity.clone())));
        touched.extend(self.links.iter().map(|(requirement, entity)| (LINKS.to_owned(), doc::pair(requirement, entity))));
        touched
    }
}

/// Makes elements, or everything, again what they were: one new change, which can be undone.
///
/// # Errors
/// `NotFound` for a moment that is not here, `Forbidden`, `TooLarge` when it is more than fits into one change.
pub fn restore(ctx: &mut Ctx<'_>, input: &Restore) -> Result<Restored> {
    let (doc, _) = open(ctx, input.project, Permission::Edit)?;
    let keys = store::keys(ctx.sql, &doc)?;
    let document = ctx.doc(&doc)?;
    let at = heads(document, &input.heads).ok_or_else(unknown)?;
    let moment = time(document, &at).to_string();
    let (then, now) = (read(ctx, &doc, &at)?, present(ctx, &doc)?);
    let plan = match &input.ids {
        None => Plan::whole(&then, &now),
        Some(ids) => Plan::chosen(ids, &then, &now),
    };
    let elements = u32::try_from(plan.count()).unwrap_or(u32::MAX);
    if elements == 0 {
        return Ok(Restored { elements });
    }
    let day = moment.get(..16).unwrap_or(&moment).replace('T', " ");
    let label: Words = match &input.ids {
        None => (format!("Restored everything as of {day} UTC"), format!("Восстановлено всё на {day} UTC")),
        Some(ids) => {
            let what = match ids.as_slice() {
                [id] => keys.get(id).cloned().or_else(|| then.entities.get(id).or_else(|| now.entities.get(id)).map(|entity| entity.name.clone())),
                _ => None,
            };
            match what {
                Some(what) => (format!("Restored \"{what}\" as of {day} UTC"), format!("Восстановлено «{what}» на {day} UTC")),
                None => (format!("Restored {} elements as of {day} UTC", ids.len()), format!("Восстановлено элементов: {}, на {day} UTC", ids.len())),
            }
        }
    }
    .into();
    let element = input.ids.as_ref().and_then(|ids| if let [id] = ids.as_slice() { Some(id.as_str()) } else { None });
    let work = Work { project: input.project, label, element, touched: plan.touched() };
    change(ctx, work, |transaction| write(transaction, &plan, &then, &now))?;
    Ok(Restored { elements })
}

fn write(transaction: &mut Transaction<'_>, plan: &Plan, then: &Blueprint, now: &Blueprint) -> Result<()> {
    for id in &plan.briefs {
        match then.briefs.get(id) {
            Some(brief) => doc::add_brief(transaction, id, brief)?,
            None => delete(transaction, BRIEFS, id)?,
        }
    }
    for id in &plan.entities {
        match (then.entities.get(id), now.entities.get(id)) {
            (Some(entity), None) => doc::add_entity(transaction, id, entity)?,
            (Some(entity), Some(current)) => write_entity(transaction, id, entity, current)?,
            (None, _) => delete(transaction, ENTITIES, id)?,
        }
    }
    for (entity, id) in &plan.attributes {
        let find = |blueprint: &Blueprint| blueprint.entities.get(entity).and_then(|entity| entity.attributes.iter().find(|(attribute, _)| attribute == id).map(|(_, attribute)| attribute.clone()));
        write_attribute(transaction, entity, id, find(then).as_ref(), find(now).as_ref())?;
    }
    for id in &plan.requirements {
        match (then.requirements.get(id), now.requirements.get(id)) {
            (Some(requirement), None) => {
                // The number that people were told stays, also where merging gave it after that moment.
                let number = doc::number_of(transaction, id).unwrap_or(requirement.number);
                doc::add_requirement(transaction, id, &doc::Requirement { number, ..requirement.clone() })?;
            }
            (Some(requirement), Some(current)) => write_requirement(transaction, id, requirement, current)?,
            (None, _) => {
                if let Some(number) = doc::number_of(transaction, id) {
                    doc::keep_number(transaction, id, number)?;
                }
                delete(transaction, REQUIREMENTS, id)?;
            }
        }
    }
    for id in &plan.relations {
        match (then.relations.get(id), now.relations.get(id)) {
            (Some(relation), None) => doc::add_relation(transaction, id, relation)?,
            (Some(relation), Some(current)) => {
                let object = doc::element(transaction, RELATIONS, id).ok_or_else(gone)?;
                put(transaction, &object, "from", &relation.from, &current.from)?;
                put(transaction, &object, "to", &relation.to, &current.to)?;
                put(transaction, &object, "cardinality", relation.cardinality.word(), current.cardinality.word())?;
                put(transaction, &object, "label", &relation.label, &current.label)?;
                write_origin(transaction, &object, &relation.origin, &current.origin)?;
            }
            (None, _) => delete(transaction, RELATIONS, id)?,
        }
    }
    for link in &plan.links {
        let (container, pair) = (doc::container(transaction, LINKS)?, doc::pair(&link.0, &link.1));
        if then.links.contains(link) {
            transaction.put(&container, pair.as_str(), true)?;
        } else {
            transaction.delete(&container, pair.as_str())?;
        }
    }
    Ok(())
}

fn delete(transaction: &mut Transaction<'_>, container: &str, id: &str) -> Result<()> {
    let container = doc::container(transaction, container)?;
    Ok(transaction.delete(&container, id)?)
}

fn put(transaction: &mut Transaction<'_>, object: &ObjId, key: &str, then: &str, now: &str) -> Result<()> {
    if then != now {
        transaction.put(object, key, then)?;
    }
    Ok(())
}

fn write_origin(transaction: &mut Transaction<'_>, object: &ObjId, then: &Origin, now: &Origin) -> Result<()> {
    if then != now {
        for key in ["brief", "sentence", "start", "end", "because"] {
            if transaction.get(object, key)?.is_some() {
                transaction.delete(object, key)?;
            }
        }
        doc::write_origin(transaction, object, then)?;
    }
    Ok(())
}

fn write_requirement(transaction: &mut Transaction<'_>, id: &str, then: &doc::Requirement, now: &doc::Requirement) -> Result<()> {
    let object = doc::element(transaction, REQUIREMENTS, id).ok_or_else(gone)?;
    if then.text != now.text {
        let text = match doc::text_of(transaction, id) {
            Some(text) => text,
            None => transaction.put_object(&object, "text", ObjType::Text)?,
        };
        // Only the words that differ, so that what someone else types meanwhile keeps its place.
        transaction.update_text(&text, &then.text)?;
    }
    put(transaction, &object, "kind", then.kind.word(), now.kind.word())?;
    put(transaction, &object, "priority", then.priority.word(), now.priority.word())?;
    put(transaction, &object, "state", then.state.word(), now.state.word())?;
    put(transaction, &object, "place", &then.place, &now.place)?;
    write_origin(transaction, &object, &then.origin, &now.origin)
}

fn write_entity(transaction: &mut Transaction<'_>, id: &str, then: &Entity, now: &Entity) -> Result<()> {
    let object = doc::element(transaction, ENTITIES, id).ok_or_else(gone)?;
    put(transaction, &object, "name", &then.name, &now.name)?;
    put(transaction, &object, "label", &then.label, &now.label)?;
    put(transaction, &object, "note", &then.note, &now.note)?;
    if then.at != now.at {
        match then.at {
            Some((x, y)) => {
                transaction.put(&object, "x", x)?;
                transaction.put(&object, "y", y)?;
            }
            None => {
                transaction.delete(&object, "x")?;
                transaction.delete(&object, "y")?;
            }
        }
    }
    write_origin(transaction, &object, &then.origin, &now.origin)?;
    let (before, current): (BTreeMap<&String, &Attribute>, BTreeMap<&String, &Attribute>) =
        (then.attributes.iter().map(|(id, attribute)| (id, attribute)).collect(), now.attributes.iter().map(|(id, attribute)| (id, attribute)).collect());
    let ids: BTreeSet<&&String> = before.keys().chain(current.keys()).collect();
    for attribute in ids {
        write_attribute(transaction, id, attribute, before.get(*attribute).copied(), current.get(*attribute).copied())?;
    }
    Ok(())
}

fn write_attribute(transaction: &mut Transaction<'_>, entity: &str, id: &str, then: Option<&Attribute>, now: Option<&Attribute>) -> Result<()> {
    match (then, now) {
        (Some(then), None) => doc::add_attribute(transaction, entity, id, then),
        (None, Some(_)) => {
            let parent = doc::attributes_object(transaction, entity).ok_or_else(gone)?;
            Ok(transaction.delete(&parent, id)?)
        }
        (Some(then), Some(now)) if then != now => {
            let object = doc::attribute_object(transaction, entity, id).ok_or_else(gone)?;
            put(transaction, &object, "name", &then.name, &now.name)?;
            put(transaction, &object, "label", &then.label, &now.label)?;
            put(transaction, &object, "type", then.kind.word(), now.kind.word())?;
            put(transaction, &object, "values", &then.values.join("\n"), &now.values.join("\n"))?;
            put(transaction, &object, "place", &then.place, &now.place)?;
            if then.required != now.required {
                transaction.put(&object, "required", then.required)?;
            }
            if then.unique != now.unique {
                transaction.put(&object, "unique", then.unique)?;
            }
            write_origin(transaction, &object, &then.origin, &now.origin)
        }
        _ => Ok(()),
    }
}

// Named versions.

/// A named version, and its heads.
fn version(document: &Automerge, id: &str) -> Option<(Version, Vec<ChangeHash>)> {
    let object = doc::object(document, &ROOT, id).filter(|object| matches!(document.object_type(object), Ok(ObjType::Map)))?;
    let text = |key: &str, longest: usize| match document.get(&object, key) {
        Ok(Some((automerge::Value::Scalar(value), _))) => match value.as_ref() {
            ScalarValue::Str(text) => text.chars().take(longest).collect(),
            _ => String::new(),
        },
        _ => String::new(),
    };
    let words: Vec<String> = text("heads", 64 * 65).split(' ').map(str::to_owned).collect();
    let at = heads(document, &words)?;
    let named_at = doc::number(document, &object, "at").unwrap_or(0);
    let one_line = |text: String| text.chars().filter(|c| !c.is_control()).collect::<String>();
    let version = Version {
        id: id.to_owned(),
        name: one_line(text("name", doc::LONGEST_NAME)),
        note: text("note", doc::LONGEST_TEXT),
        author: one_line(text("author", doc::LONGEST_NAME)),
        named_at: Timestamp::from_millis(named_at),
        at: time(document, &at),
        heads: at.iter().map(ToString::to_string).collect(),
    };
    Some((version, at))
}

/// The named versions, those of the oldest moments first.
///
/// # Errors
/// `NotFound`.
pub fn versions(ctx: &mut Ctx<'_>, project: ProjectId) -> Result<Vec<Version>> {
    let (doc, _) = open(ctx, project, Permission::Read)?;
    let document = ctx.doc(&doc)?;
    let ids = document.map_range(&ROOT, "ver_".to_owned().."ver`".to_owned()).map(|item| item.key.to_string());
    let ids: Vec<String> = ids.filter(|id| doc::plausible(id)).take(MOST_VERSIONS * 2).collect();
    let mut found: Vec<Version> = ids.iter().filter_map(|id| version(document, id)).map(|(version, _)| version).collect();
    found.sort_by(|one, other| (one.at.millis(), one.named_at.millis(), &one.id).cmp(&(other.at.millis(), other.named_at.millis(), &other.id)));
    Ok(found)
}

/// Gives a moment a name, for everyone.
///
/// # Errors
/// `NotFound` for a moment that is not here, `Forbidden`, `Invalid`.
pub fn name_version(ctx: &mut Ctx<'_>, input: &NameVersion) -> Result<Version> {
    let name = line("name", &input.name)?;
    let note = long_text("note", input.note.as_deref().unwrap_or_default())?;
    let (doc, _) = open(ctx, input.project, Permission::Edit)?;
    if versions(ctx, input.project)?.len() >= MOST_VERSIONS {
        return Err(Error::new(Code::TooLarge, ("A project holds at most 500 named versions.", "В проекте помещается не больше 500 именованных версий.")));
    }
    let document = ctx.doc(&doc)?;
    let at = match &input.heads {
        None => document.get_heads(),
        Some(words) => heads(document, words).ok_or_else(unknown)?,
    };
    let words = at.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    let (id, author, now) = (ctx.id(VERSION), own_name(ctx)?, ctx.now.millis());
    let label = (format!("Named a version \"{name}\""), format!("Названа версия «{name}»"));
    let work = Work { project: input.project, label: label.into(), element: Some(&id), touched: Touched::new() };
    change(ctx, work, |transaction| {
        let object = transaction.put_object(&ROOT, id.as_str(), ObjType::Map)?;
        transaction.put(&object, "name", name)?;
        transaction.put(&object, "note", note)?;
        transaction.put(&object, "heads", words)?;
        transaction.put(&object, "at", ScalarValue::Timestamp(now))?;
        Ok(transaction.put(&object, "author", author)?)
    })?;
    version(ctx.doc(&doc)?, &id).map(|(version, _)| version).ok_or_else(unknown)
}

/// Takes a name off its moment; the moment stays.
///
/// # Errors
/// `NotFound`, `Forbidden`.
pub fn remove_version(ctx: &mut Ctx<'_>, input: &ElementRef) -> Result<()> {
    let (doc, _) = open(ctx, input.project, Permission::Edit)?;
    let (version, _) = version(ctx.doc(&doc)?, &input.id).filter(|_| input.id.starts_with("ver_")).ok_or_else(gone)?;
    let label = (format!("Removed the version \"{}\"", version.name), format!("Удалена версия «{}»", version.name));
    let work = Work { project: input.project, label: label.into(), element: Some(&input.id), touched: Touched::new() };
    change(ctx, work, |transaction| Ok(transaction.delete(&ROOT, input.id.as_str())?))
}
