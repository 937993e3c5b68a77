//! What two people decided differently: told to both, and settled by either.

use automerge::transaction::Transactable;
use automerge::{ReadDoc, ScalarValue};
use kernel::log::{origins, person_of};
use kernel::{Ctx, Error, Permission, ProjectId, Result, Timestamp};

use super::history::{own_name, own_person};
use super::requirements::in_russian;
use super::{Work, change, gone, open, short, touch};
use crate::doc;
use crate::model::{Conflict, ConflictChoice, ConflictElement, Resolve};
use crate::rules::conflicts::{self, Place};
use crate::store;

/// What waits for a decision, in the order of the elements.
///
/// # Errors
/// `NotFound`.
pub fn conflicts(ctx: &mut Ctx<'_>, project: ProjectId) -> Result<Vec<Conflict>> {
    let (doc, _) = open(ctx, project, Permission::Read)?;
    let places = store::conflicts(ctx.sql, &doc)?;
    if places.is_empty() {
        return Ok(Vec::new());
    }
    let origins = origins(ctx.sql, &doc)?;
    let own = ctx.author()?.key.verifying_key().to_bytes();
    let mine = own_person(ctx, &own)?;
    let mut all = Vec::new();
    for place in places {
        let document = ctx.doc(&doc)?;
        let made: Vec<_> = conflicts::choices(document, &place)
            .into_iter()
            .map(|choice| {
                let hash = document.hash_for_opid(&choice.operation);
                let change = hash.and_then(|hash| document.get_change_by_hash(&hash));
                let (device, at) = change.map_or((None, 0), |change| (origins.of(&change.hash(), change.actor_id().to_bytes()), change.timestamp()));
                (choice, device.map(|(device, _)| device), at)
            })
            .collect();
        let mut choices = Vec::new();
        for (choice, device, at) in made {
            let person = match &device {
                Some(device) => person_of(ctx.sql, device)?,
                None => None,
            };
            let is_mine = device == Some(own) || (person.is_some() && person.as_ref().map(|(id, _)| id) == mine.as_ref());
            let author = match person {
                Some((_, name)) => name,
                None if is_mine => own_name(ctx)?,
                None => ctx.say(("Someone", "Кто-то")),
            };
            let value = told(ctx, &doc, &place, &choice.value)?;
            choices.push(ConflictChoice { id: choice.operation.to_string(), value, author, mine: is_mine, at: Timestamp::from_millis(at), shown: choice.shown });
        }
        if choices.len() > 1 {
            let (kind, title) = titled(ctx, &doc, &place)?;
            all.push(Conflict { element: place.element, part: Some(place.part).filter(|part| !part.is_empty()), kind, title, field: place.field.to_owned(), choices });
        }
    }
    Ok(all)
}

/// What the element is called.
fn titled(ctx: &mut Ctx<'_>, doc: &str, place: &Place) -> Result<(ConflictElement, String)> {
    let name = |row: Option<store::EntityRow>| row.map(|row| row.name).unwrap_or_default();
    Ok(match place.container {
        doc::REQUIREMENTS => (ConflictElement::Requirement, store::requirement(ctx.sql, doc, &place.element)?.map(|row| row.key).unwrap_or_default()),
        doc::RELATIONS => {
            let relation = store::relation(ctx.sql, doc, &place.element)?.map(|(relation, _)| relation).ok_or_else(gone)?;
            let (from, to) = (name(store::entity(ctx.sql, doc, &relation.from)?), name(store::entity(ctx.sql, doc, &relation.to)?));
            (ConflictElement::Relation, format!("{from} – {to}"))
        }
        _ => {
            let entity = name(store::entity(ctx.sql, doc, &place.element)?);
            if place.part.is_empty() {
                return Ok((ConflictElement::Entity, entity));
            }
            let attributes = store::attributes(ctx.sql, doc, Some(&place.element))?.remove(&place.element).unwrap_or_default();
            let attribute = attributes.into_iter().find(|(attribute, _, _)| attribute.id == place.part).map(|(attribute, _, _)| attribute.name).unwrap_or_default();
            (ConflictElement::Attribute, format!("{entity}.{attribute}"))
        }
    })
}

/// A value as people read it: words of the model stay the model's words, which the screens know.
fn told(ctx: &mut Ctx<'_>, doc: &str, place: &Place, value: &ScalarValue) -> Result<String> {
    Ok(match value {
        ScalarValue::Str(text) if place.field == "place" => match store::before(ctx.sql, doc, text, &place.element)? {
            Some(key) => ctx.say((format!("after {key}"), format!("после {key}"))),
            None => ctx.say(("at the beginning", "в начале")),
        },
        ScalarValue::Str(text) if place.field == "values" => text.lines().collect::<Vec<_>>().join(", "),
        ScalarValue::Str(text) => text.chars().take(500).collect(),
        ScalarValue::Boolean(flag) => if *flag { "true" } else { "false" }.to_owned(),
        other => other.to_string(),
    })
}

/// Decides for one of the values: a change like any other, which every device takes over.
///
/// # Errors
/// `NotFound`, `Forbidden`, `Conflict` when it was decided otherwise meanwhile.
pub fn resolve(ctx: &mut Ctx<'_>, input: &Resolve) -> Result<()> {
    let (doc, _) = open(ctx, input.project, Permission::Edit)?;
    let place = conflicts::read(input.element.clone(), input.part.clone().unwrap_or_default(), &input.field).ok_or_else(gone)?;
    let decided = || Error::conflict(("This was decided meanwhile. Look at it once more.", "Это уже решено. Посмотрите ещё раз."));
    let choice = conflicts::choices(ctx.doc(&doc)?, &place).into_iter().find(|choice| choice.operation.to_string() == input.choice).ok_or_else(decided)?;
    let (_, title) = titled(ctx, &doc, &place)?;
    let value = short(&told(ctx, &doc, &place, &choice.value)?);
    let label = (format!("Decided for {title}: {value}"), format!("Решено для {title}: {}", in_russian(&value)));
    let work = Work { project: input.project, label: label.into(), element: Some(&input.element), touched: touch(place.container, &input.element) };
    change(ctx, work, |transaction| {
        let object = match place.part.as_str() {
            "" => doc::element(transaction, place.container, &place.element),
            part => doc::attribute_object(transaction, &place.element, part),
        };
        // Also where it is the one that is shown: putting it again is what settles the matter.
        Ok(transaction.put(&object.ok_or_else(gone)?, place.field, choice.value)?)
    })
}
