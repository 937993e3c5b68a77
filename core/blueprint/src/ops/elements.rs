//! The data model: entities, attributes, relations, links.

use automerge::transaction::Transactable;
use kernel::{Code, Ctx, Error, Permission, ProjectId, Result};

use super::{Touched, Work, change, gone, line, long_text, open, optional_line, touch};
use crate::doc::{self, ENTITIES, LINKS, Origin, RELATIONS, REQUIREMENTS};
use crate::model::{
    AddAttribute, AddEntity, AddRelation, Attribute, AttributeRef, ElementRef, Entity, LinkElements, Model, PlaceEntities, Relation, RequirementKey, SetAttribute, SetEntity, SetRelation,
};
use crate::rules::place;
use crate::store::{AttributeRow, EntityRow};
use crate::{Remarks, doc_of, store};

/// The most entities of one project.
pub(crate) const MOST: u32 = 5_000;
const MOST_ATTRIBUTES: usize = 500;

/// The whole data model.
///
/// # Errors
/// `NotFound`.
pub fn model(ctx: &mut Ctx<'_>, remarks: &dyn Remarks, project: ProjectId) -> Result<Model> {
    let (doc, _) = open(ctx, project, Permission::Read)?;
    let rows = store::entities(ctx.sql, &doc)?;
    let mut attributes = store::attributes(ctx.sql, &doc, None)?;
    let mut requirements = store::requirements_by_entity(ctx.sql, &doc)?;
    let pending = store::pending(ctx.sql, &doc)?;
    let counts = remarks.counts(ctx, project)?;
    let entities = rows
        .into_iter()
        .map(|row| {
            let (attributes, requirements) = (attributes.remove(&row.id).unwrap_or_default(), requirements.remove(&row.id).unwrap_or_default());
            let (counts, pending) = (counts.get(&row.id).copied().unwrap_or_default(), pending.contains(&row.id));
            shown(row, attributes, requirements, counts, pending)
        })
        .collect();
    let relations = store::relations(ctx.sql, &doc)?.into_iter().map(|(relation, _)| relation).collect();
    Ok(Model { entities, relations })
}

fn one(ctx: &mut Ctx<'_>, remarks: &dyn Remarks, project: ProjectId, id: &str) -> Result<Entity> {
    let doc = doc_of(project);
    let row = store::entity(ctx.sql, &doc, id)?.ok_or_else(gone)?;
    let attributes = store::attributes(ctx.sql, &doc, Some(id))?.remove(id).unwrap_or_default();
    let requirements = store::requirements_of(ctx.sql, &doc, id)?;
    let counts = remarks.counts(ctx, project)?.get(id).copied().unwrap_or_default();
    let pending = store::is_pending(ctx.sql, &doc, id)?;
    Ok(shown(row, attributes, requirements, counts, pending))
}

fn shown(row: EntityRow, attributes: Vec<AttributeRow>, requirements: Vec<RequirementKey>, (comments, unread): (u32, u32), pending: bool) -> Entity {
    Entity {
        attributes: attributes.into_iter().map(|(attribute, _, _)| attribute).collect(),
        requirements,
        comments,
        unread,
        pending,
        id: row.id,
        name: row.name,
        label: row.label,
        note: row.note,
        x: row.at.map(|at| at.0),
        y: row.at.map(|at| at.1),
    }
}

fn attribute(ctx: &mut Ctx<'_>, doc: &str, entity: &str, id: &str) -> Result<Attribute> {
    let attributes = store::attributes(ctx.sql, doc, Some(entity))?.remove(entity).unwrap_or_default();
    attributes.into_iter().map(|(attribute, _, _)| attribute).find(|attribute| attribute.id == id).ok_or_else(gone)
}

/// Names are what people and code call an entity by, so two must not share one; a merge may still bring that about,
/// and then both are shown.
fn free_name(ctx: &mut Ctx<'_>, doc: &str, name: &str, except: Option<&str>) -> Result<()> {
    let taken = store::entities(ctx.sql, doc)?.into_iter().any(|row| Some(row.id.as_str()) != except && row.name.to_lowercase() == name.to_lowercase());
    if taken {
        let words = (format!("There is an entity \"{name}\" already."), format!("Сущность «{name}» уже есть."));
        return Err(Error::conflict(words).about("name"));
    }
    Ok(())
}

fn coordinate(value: f64) -> Result<f64> {
    if value.is_finite() && value.abs() < 1e6 { Ok(value) } else { Err(Error::invalid("x", ("This place is outside the diagram.", "Это место вне диаграммы."))) }
}

/// Adds an entity.
///
/// # Errors
/// `NotFound`, `Forbidden`, `Invalid`, `Conflict` for a name that is taken.
pub fn add_entity(ctx: &mut Ctx<'_>, remarks: &dyn Remarks, input: &AddEntity) -> Result<Entity> {
    let name = line("name", &input.name)?;
    let at = match input.x.zip(input.y) {
        Some((x, y)) => Some((coordinate(x)?, coordinate(y)?)),
        None => None,
    };
    let (doc, _) = open(ctx, input.project, Permission::Edit)?;
    free_name(ctx, &doc, &name, None)?;
    if store::counts(ctx.sql, &doc)?.1 >= MOST {
        return Err(Error::new(Code::TooLarge, ("A project holds at most 5,000 entities.", "В проекте помещается не больше 5 000 сущностей.")));
    }
    let id = ctx.id("ent");
    let label = (format!("Added entity \"{name}\""), format!("Добавлена сущность «{name}»"));
    let entity = doc::Entity { name, label: String::new(), note: String::new(), at, attributes: Vec::new(), origin: Origin::default() };
    let work = Work { project: input.project, label: label.into(), element: Some(&id), touched: touch(ENTITIES, &id) };
    change(ctx, work, |transaction| doc::add_entity(transaction, &id, &entity))?;
    one(ctx, remarks, input.project, &id)
}

/// Changes what is named of an entity.
///
/// # Errors
/// `NotFound`, `Forbidden`, `Invalid`, `Conflict` for a name that is taken.
pub fn set_entity(ctx: &mut Ctx<'_>, remarks: &dyn Remarks, input: &SetEntity) -> Result<Entity> {
    let (doc, _) = open(ctx, input.project, Permission::Edit)?;
    let row = store::entity(ctx.sql, &doc, &input.id)?.ok_or_else(gone)?;
    let mut puts: Vec<(&str, String)> = Vec::new();
    let mut said = (format!("Edited entity \"{}\"", row.name), format!("Правка сущности «{}»", row.name));
    if let Some(name) = &input.name {
        let name = line("name", name)?;
        if name != row.name {
            free_name(ctx, &doc, &name, Some(&input.id))?;
            said = (format!("Renamed \"{}\" to \"{name}\"", row.name), format!("«{}» переименована в «{name}»", row.name));
            puts.push(("name", name));
        }
    }
    if let Some(label) = &input.label {
        let label = optional_line("label", label)?;
        if label != row.label {
            puts.push(("label", label));
        }
    }
    if let Some(note) = &input.note {
        let note = long_text("note", note)?;
        if note != row.note {
            puts.push(("note", note));
        }
    }
    if !puts.is_empty() {
        let work = Work { project: input.project, label: said.into(), element: Some(&input.id), touched: touch(ENTITIES, &input.id) };
        change(ctx, work, |transaction| {
            let object = doc::element(transaction, ENTITIES, &input.id).ok_or_else(gone)?;
            for (key, value) in puts {
                transaction.put(&object, key, value)?;
            }
            Ok(())
        })?;
    }
    one(ctx, remarks, input.project, &input.id)
}

/// Places entities in the diagram; those that are gone are passed over.
///
/// # Errors
/// `NotFound`, `Forbidden`, `Invalid`.
pub fn place_entities(ctx: &mut Ctx<'_>, input: &PlaceEntities) -> Result<()> {
    if input.places.len() > 2_000 {
        return Err(Error::invalid("places", ("At most 2,000 entities are placed at once.", "За раз размещается не больше 2 000 сущностей.")));
    }
    let mut places = Vec::new();
    let mut touched = Touched::new();
    for place in &input.places {
        places.push((place.id.as_str(), coordinate(place.x)?, coordinate(place.y)?));
        touched.extend(touch(ENTITIES, &place.id));
    }
    let label = match places.as_slice() {
        [] => return Ok(()),
        [(id, _, _)] => {
            let name = store::entity(ctx.sql, &doc_of(input.project), id)?.ok_or_else(gone)?.name;
            (format!("Moved \"{name}\""), format!("Перемещена «{name}»"))
        }
        many => (format!("Placed {} entities", many.len()), format!("Размещено сущностей: {}", many.len())),
    };
    let work = Work { project: input.project, label: label.into(), element: None, touched };
    change(ctx, work, |transaction| {
        for (id, x, y) in places {
            if let Some(object) = doc::element(transaction, ENTITIES, id) {
                transaction.put(&object, "x", x)?;
                transaction.put(&object, "y", y)?;
            }
        }
        Ok(())
    })
}

/// Removes an entity with its relations and links.
///
/// # Errors
/// `NotFound`, `Forbidden`.
pub fn remove_entity(ctx: &mut Ctx<'_>, input: &ElementRef) -> Result<()> {
    let (doc, _) = open(ctx, input.project, Permission::Edit)?;
    let row = store::entity(ctx.sql, &doc, &input.id)?.ok_or_else(gone)?;
    let links = store::links_of(ctx.sql, &doc, &input.id)?;
    let relations: Vec<String> = store::relations(ctx.sql, &doc)?.into_iter().map(|(relation, _)| relation).filter(|relation| relation.from == input.id || relation.to == input.id).map(|relation| relation.id).collect();
    let mut touched = touch(ENTITIES, &input.id);
    touched.extend(links.iter().map(|pair| (LINKS.to_owned(), pair.clone())));
    touched.extend(relations.iter().map(|id| (RELATIONS.to_owned(), id.clone())));
    let label = (format!("Removed entity \"{}\"", row.name), format!("Удалена сущность «{}»", row.name));
    let work = Work { project: input.project, label: label.into(), element: Some(&input.id), touched };
    change(ctx, work, |transaction| {
        for (container, keys) in [(ENTITIES, std::slice::from_ref(&input.id)), (LINKS, &links), (RELATIONS, &relations)] {
            let object = doc::container(transaction, container)?;
            for key in keys {
                transaction.delete(&object, key.as_str())?;
            }
        }
        Ok(())
    })
}

/// Adds an attribute to an entity.
///
/// # Errors
/// `NotFound`, `Forbidden`, `Invalid`, `Conflict` for a name that the entity has already.
pub fn add_attribute(ctx: &mut Ctx<'_>, input: &AddAttribute) -> Result<Attribute> {
    let name = line("name", &input.name)?;
    let (doc, _) = open(ctx, input.project, Permission::Edit)?;
    let entity = store::entity(ctx.sql, &doc, &input.entity)?.ok_or_else(gone)?;
    let attributes = store::attributes(ctx.sql, &doc, Some(&input.entity))?.remove(&input.entity).unwrap_or_default();
    free_attribute(&attributes.iter().map(|(attribute, _, _)| attribute).collect::<Vec<_>>(), &name, None)?;
    if attributes.len() >= MOST_ATTRIBUTES {
        return Err(Error::new(Code::TooLarge, ("An entity holds at most 500 attributes.", "В сущности помещается не больше 500 атрибутов.")));
    }
    let id = ctx.id("att");
    let label = (format!("Added \"{name}\" to \"{}\"", entity.name), format!("В «{}» добавлен «{name}»", entity.name));
    let attribute_new = doc::Attribute {
        name,
        label: String::new(),
        kind: input.kind,
        values: Vec::new(),
        required: false,
        unique: false,
        place: place::after(attributes.last().map(|(_, _, place)| place.as_str())),
        origin: Origin::default(),
    };
    let work = Work { project: input.project, label: label.into(), element: Some(&input.entity), touched: touch(ENTITIES, &input.entity) };
    change(ctx, work, |transaction| doc::add_attribute(transaction, &input.entity, &id, &attribute_new))?;
    attribute(ctx, &doc, &input.entity, &id)
}

fn free_attribute(attributes: &[&Attribute], name: &str, except: Option<&str>) -> Result<()> {
    if attributes.iter().any(|attribute| Some(attribute.id.as_str()) != except && attribute.name.to_lowercase() == name.to_lowercase()) {
        let words = (format!("The entity has an attribute \"{name}\" already."), format!("У сущности уже есть атрибут «{name}»."));
        return Err(Error::conflict(words).about("name"));
    }
    Ok(())
}

/// Changes what is named of an attribute.
///
/// # Errors
/// `NotFound`, `Forbidden`, `Invalid`, `Conflict` for a name that the entity has already.
pub fn set_attribute(ctx: &mut Ctx<'_>, input: &SetAttribute) -> Result<Attribute> {
    let (doc, _) = open(ctx, input.project, Permission::Edit)?;
    let entity = store::entity(ctx.sql, &doc, &input.entity)?.ok_or_else(gone)?;
    let attributes = store::attributes(ctx.sql, &doc, Some(&input.entity))?.remove(&input.entity).unwrap_or_default();
    let all: Vec<&Attribute> = attributes.iter().map(|(attribute, _, _)| attribute).collect();
    let before = *all.iter().find(|attribute| attribute.id == input.id).ok_or_else(gone)?;
    let mut puts: Vec<(&str, automerge::ScalarValue)> = Vec::new();
    if let Some(name) = &input.name {
        let name = line("name", name)?;
        if name != before.name {
            free_attribute(&all, &name, Some(&input.id))?;
            puts.push(("name", name.into()));
        }
    }
    if let Some(kind) = input.kind.filter(|kind| *kind != before.kind) {
        puts.push(("type", kind.word().into()));
    }
    if let Some(values) = &input.values {
        let mut kept: Vec<String> = Vec::new();
        for value in values {
            let value = optional_line("values", value)?;
            if !value.is_empty() && !kept.contains(&value) {
                kept.push(value);
            }
        }
        if kept.len() > 200 {
            return Err(Error::invalid("values", ("At most 200 values fit here.", "Здесь помещается не больше 200 значений.")));
        }
        if kept != before.values {
            puts.push(("values", kept.join("\n").into()));
        }
    }
    if let Some(required) = input.required.filter(|required| *required != before.required) {
        puts.push(("required", required.into()));
    }
    if let Some(unique) = input.unique.filter(|unique| *unique != before.unique) {
        puts.push(("unique", unique.into()));
    }
    if !puts.is_empty() {
        let label = (format!("Edited \"{}.{}\"", entity.name, before.name), format!("Правка «{}.{}»", entity.name, before.name));
        let work = Work { project: input.project, label: label.into(), element: Some(&input.entity), touched: touch(ENTITIES, &input.entity) };
        change(ctx, work, |transaction| {
            let object = doc::attribute_object(transaction, &input.entity, &input.id).ok_or_else(gone)?;
            for (key, value) in puts {
                transaction.put(&object, key, value)?;
            }
            Ok(())
        })?;
    }
    attribute(ctx, &doc, &input.entity, &input.id)
}

/// Removes an attribute.
///
/// # Errors
/// `NotFound`, `Forbidden`.
pub fn remove_attribute(ctx: &mut Ctx<'_>, input: &AttributeRef) -> Result<()> {
    let (doc, _) = open(ctx, input.project, Permission::Edit)?;
    let entity = store::entity(ctx.sql, &doc, &input.entity)?.ok_or_else(gone)?;
    let name = attribute(ctx, &doc, &input.entity, &input.id)?.name;
    let label = (format!("Removed \"{name}\" from \"{}\"", entity.name), format!("Из «{}» удалён «{name}»", entity.name));
    let work = Work { project: input.project, label: label.into(), element: Some(&input.entity), touched: touch(ENTITIES, &input.entity) };
    change(ctx, work, |transaction| {
        let object = doc::attributes_object(transaction, &input.entity).ok_or_else(gone)?;
        Ok(transaction.delete(&object, input.id.as_str())?)
    })
}

/// Connects two entities, or an entity with itself.
///
/// # Errors
/// `NotFound`, `Forbidden`, `Invalid`.
pub fn add_relation(ctx: &mut Ctx<'_>, input: &AddRelation) -> Result<Relation> {
    let verb = optional_line("label", input.label.as_deref().unwrap_or_default())?;
    let (doc, _) = open(ctx, input.project, Permission::Edit)?;
    let from = store::entity(ctx.sql, &doc, &input.from)?.ok_or_else(gone)?;
    let to = store::entity(ctx.sql, &doc, &input.to)?.ok_or_else(gone)?;
    let id = ctx.id("rel");
    let label = (format!("Connected \"{}\" with \"{}\"", from.name, to.name), format!("«{}» связана с «{}»", from.name, to.name));
    let relation = doc::Relation { from: input.from.clone(), to: input.to.clone(), cardinality: input.cardinality, label: verb, origin: Origin::default() };
    let work = Work { project: input.project, label: label.into(), element: Some(&id), touched: touch(RELATIONS, &id) };
    change(ctx, work, |transaction| doc::add_relation(transaction, &id, &relation))?;
    relation_of(ctx, &doc, &id)
}

fn relation_of(ctx: &mut Ctx<'_>, doc: &str, id: &str) -> Result<Relation> {
    store::relation(ctx.sql, doc, id)?.map(|(relation, _)| relation).ok_or_else(gone)
}

/// Changes what is named of a relation.
///
/// # Errors
/// `NotFound`, `Forbidden`, `Invalid`.
pub fn set_relation(ctx: &mut Ctx<'_>, input: &SetRelation) -> Result<Relation> {
    let (doc, _) = open(ctx, input.project, Permission::Edit)?;
    let before = relation_of(ctx, &doc, &input.id)?;
    let mut puts: Vec<(&str, String)> = Vec::new();
    if let Some(cardinality) = input.cardinality.filter(|cardinality| *cardinality != before.cardinality) {
        puts.push(("cardinality", cardinality.word().to_owned()));
    }
    if let Some(label) = &input.label {
        let label = optional_line("label", label)?;
        if label != before.label {
            puts.push(("label", label));
        }
    }
    if !puts.is_empty() {
        let label = ("Edited a relation", "Правка связи");
        let work = Work { project: input.project, label: label.into(), element: Some(&input.id), touched: touch(RELATIONS, &input.id) };
        change(ctx, work, |transaction| {
            let object = doc::element(transaction, RELATIONS, &input.id).ok_or_else(gone)?;
            for (key, value) in puts {
                transaction.put(&object, key, value)?;
            }
            Ok(())
        })?;
    }
    relation_of(ctx, &doc, &input.id)
}

/// Removes a relation.
///
/// # Errors
/// `NotFound`, `Forbidden`.
pub fn remove_relation(ctx: &mut Ctx<'_>, input: &ElementRef) -> Result<()> {
    let (doc, _) = open(ctx, input.project, Permission::Edit)?;
    relation_of(ctx, &doc, &input.id)?;
    let work = Work { project: input.project, label: ("Removed a relation", "Удалена связь").into(), element: Some(&input.id), touched: touch(RELATIONS, &input.id) };
    change(ctx, work, |transaction| {
        let object = doc::container(transaction, RELATIONS)?;
        Ok(transaction.delete(&object, input.id.as_str())?)
    })
}

/// Links a requirement and an entity, or unlinks them.
///
/// # Errors
/// `NotFound`, `Forbidden`.
pub fn link(ctx: &mut Ctx<'_>, input: &LinkElements) -> Result<()> {
    let (doc, _) = open(ctx, input.project, Permission::Edit)?;
    let requirement = store::requirement(ctx.sql, &doc, &input.requirement)?.ok_or_else(gone)?;
    let entity = store::entity(ctx.sql, &doc, &input.entity)?.ok_or_else(gone)?;
    let pair = doc::pair(&input.requirement, &input.entity);
    if doc::linked(ctx.doc(&doc)?, &pair) == input.linked {
        return Ok(());
    }
    let label = if input.linked {
        (format!("Linked {} and \"{}\"", requirement.key, entity.name), format!("Связаны {} и «{}»", requirement.key, entity.name))
    } else {
        (format!("Unlinked {} and \"{}\"", requirement.key, entity.name), format!("Разъединены {} и «{}»", requirement.key, entity.name))
    };
    let mut touched = touch(LINKS, &pair);
    touched.extend(touch(REQUIREMENTS, &input.requirement));
    let work = Work { project: input.project, label: label.into(), element: Some(&input.requirement), touched };
    change(ctx, work, |transaction| {
        let object = doc::container(transaction, LINKS)?;
        if input.linked { Ok(transaction.put(&object, pair.as_str(), true)?) } else { Ok(transaction.delete(&object, pair.as_str())?) }
    })
}

