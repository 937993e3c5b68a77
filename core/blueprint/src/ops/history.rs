//! Looking back: briefs, history, search, and why something is there.

use std::collections::BTreeSet;

use automerge::{ObjId, ReadDoc};
use kernel::log::{origins, person_of};
use kernel::store::setting;
use kernel::{Ctx, Permission, ProjectId, Result, Timestamp};

use super::{gone, open};
use crate::doc::{self, ENTITIES, Origin, RELATIONS, REQUIREMENTS};
use crate::model::{Brief, Change, ElementRef, Hit, HitKind, HistoryQuery, SearchQuery, Why, WhyStep};
use crate::store;

/// The most entries that a history shows.
const MOST: usize = 500;

/// What the client said, newest first.
///
/// # Errors
/// `NotFound`.
pub fn briefs(ctx: &mut Ctx<'_>, project: ProjectId) -> Result<Vec<Brief>> {
    let (doc, _) = open(ctx, project, Permission::Read)?;
    store::briefs(ctx.sql, &doc)
}

/// The changes of the blueprint or of one element, newest first, at most 500.
///
/// # Errors
/// `NotFound`.
pub fn history(ctx: &mut Ctx<'_>, input: &HistoryQuery) -> Result<Vec<Change>> {
    let (doc, space) = open(ctx, input.project, Permission::Read)?;
    let shared = kernel::space::get(ctx.sql, space)?.server.is_some();
    let own = ctx.author()?.key.verifying_key().to_bytes();
    let document = ctx.doc(&doc)?;
    let objects = input.id.as_ref().map(|id| (id.as_str(), objects(document, id)));
    let mut found = Vec::new();
    for change in document.get_changes(&[]).into_iter().rev() {
        // The first change of a document makes its empty shape, which nobody did.
        if change.timestamp() == 0 || change.is_empty() {
            continue;
        }
        if let Some((id, objects)) = &objects {
            let touches = change.decode().operations.iter().any(|operation| {
                objects.contains(&operation.obj.to_string()) || matches!(&operation.key, automerge::legacy::Key::Map(key) if key.split('|').any(|part| part == *id))
            });
            if !touches {
                continue;
            }
        }
        found.push((change.hash(), change.actor_id().clone(), change.timestamp(), change.message().map(str::to_owned).unwrap_or_default()));
        if found.len() == MOST {
            break;
        }
    }
    found.sort_by_key(|(_, _, at, _)| std::cmp::Reverse(*at));
    let origins = origins(ctx.sql, &doc)?;
    let mine = own_person(ctx, &own)?;
    found
        .into_iter()
        .map(|(hash, actor, at, message)| {
            let origin = origins.of(&hash, actor.to_bytes());
            let person = match origin {
                Some((device, _)) => person_of(ctx.sql, &device)?,
                None => None,
            };
            let is_mine = origin.is_some_and(|(device, _)| device == own) || (person.is_some() && person.as_ref().map(|(id, _)| id) == mine.as_ref());
            let author = match person {
                Some((_, name)) => name,
                None if is_mine => own_name(ctx)?,
                None => ctx.say(("Someone", "Кто-то")),
            };
            Ok(Change { hash: hash.to_string(), author, mine: is_mine, at: Timestamp::from_millis(at), message, pending: shared && origin.is_some_and(|(_, ordered)| !ordered) })
        })
        .collect()
}

pub(super) fn own_person(ctx: &mut Ctx<'_>, device: &[u8; 32]) -> Result<Option<kernel::PersonId>> {
    Ok(person_of(ctx.sql, device)?.map(|(person, _)| person))
}

/// What this device's person calls themselves.
pub(crate) fn own_name(ctx: &mut Ctx<'_>) -> Result<String> {
    let name = setting(ctx.sql, "person_name")?.filter(|name| !name.is_empty());
    Ok(name.unwrap_or_else(|| ctx.say(("You", "Вы"))))
}

/// The objects of an element, as operations name them.
fn objects(document: &automerge::Automerge, id: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut open: Vec<ObjId> = [REQUIREMENTS, ENTITIES, RELATIONS].iter().filter_map(|container| doc::element(document, container, id)).collect();
    while let Some(object) = open.pop() {
        let keys: Vec<String> = if matches!(document.object_type(&object), Ok(automerge::ObjType::Map)) { document.keys(&object).collect() } else { Vec::new() };
        open.extend(keys.iter().filter_map(|key| doc::object(document, &object, key)));
        names.insert(object.to_string());
    }
    names
}

/// Finds requirements and entities by the beginnings of words; best first. Briefs are not searched: each of their
/// sentences that says something about the system is a requirement already, and a find must be an element to go to,
/// which a brief is not.
///
/// # Errors
/// `NotFound`.
pub fn search(ctx: &mut Ctx<'_>, input: &SearchQuery) -> Result<Vec<Hit>> {
    let (doc, _) = open(ctx, input.project, Permission::Read)?;
    // Quoted words are plain words to FTS5, whatever they hold.
    let words: Vec<String> = input.query.split_whitespace().take(16).map(|word| format!("\"{}\"*", word.replace('"', "\"\""))).collect();
    let mut hits = Vec::new();
    if words.is_empty() {
        return Ok(hits);
    }
    for row in by_key(ctx, &doc, &input.query)? {
        hits.push(Hit { element: row.id.clone(), id: row.id, kind: HitKind::Requirement, title: row.key, excerpt: row.text });
    }
    for (element, excerpt) in store::search(ctx.sql, &doc, &words.join(" "), 50)? {
        if hits.iter().any(|hit| hit.id == element) {
            continue;
        }
        if let Some(row) = store::requirement(ctx.sql, &doc, &element)? {
            hits.push(Hit { element: row.id.clone(), id: row.id, kind: HitKind::Requirement, title: row.key, excerpt });
        } else if let Some(row) = store::entity(ctx.sql, &doc, &element)? {
            hits.push(Hit { element: row.id.clone(), id: row.id, kind: HitKind::Entity, title: row.name, excerpt: excerpt.trim().to_owned() });
        }
    }
    Ok(hits)
}

/// A key is found by itself: "R-12", "r12", "12", "R-12bkt". Without letters it finds all of its number.
fn by_key(ctx: &mut Ctx<'_>, doc: &str, query: &str) -> Result<Vec<store::RequirementRow>> {
    let wanted = query.trim().to_lowercase().replace('-', "");
    let wanted = wanted.strip_prefix('r').unwrap_or(&wanted);
    let (number, letters) = wanted.split_at(wanted.find(|c: char| !c.is_ascii_digit()).unwrap_or(wanted.len()));
    let Some(number) = number.parse().ok().filter(|number| *number < doc::NUMBERS) else { return Ok(Vec::new()) };
    let rows = store::numbered(ctx.sql, doc, number)?;
    Ok(rows.into_iter().filter(|row| letters.is_empty() || row.key == format!("R-{number}{letters}")).take(50).collect())
}

/// Why an element is there: from it through requirements to the client's words.
///
/// # Errors
/// `NotFound`.
pub fn why(ctx: &mut Ctx<'_>, input: &ElementRef) -> Result<Why> {
    let (doc, _) = open(ctx, input.project, Permission::Read)?;
    let id = input.id.as_str();
    let mut steps = Vec::new();
    let title;
    if let Some(row) = store::requirement(ctx.sql, &doc, id)? {
        title = row.key.clone();
        let origin = Origin { brief: row.source.as_ref().map(|source| source.brief.clone()), sentence: row.source.map(|source| source.sentence), because: row.because, ..Origin::default() };
        from_words(ctx, &doc, &origin, &mut steps)?;
    } else if let Some(row) = store::entity(ctx.sql, &doc, id)? {
        title = row.name;
        needed_by(ctx, &doc, id, &mut steps)?;
        from_words(ctx, &doc, &row.origin, &mut steps)?;
    } else if let Some((relation, origin)) = store::relation(ctx.sql, &doc, id)? {
        let name = |row: Option<store::EntityRow>| row.map(|row| row.name).unwrap_or_default();
        let (from, to) = (name(store::entity(ctx.sql, &doc, &relation.from)?), name(store::entity(ctx.sql, &doc, &relation.to)?));
        title = format!("{from} – {to}");
        from_words(ctx, &doc, &origin, &mut steps)?;
    } else {
        let entity = store::entity_of(ctx.sql, &doc, id)?.ok_or_else(gone)?;
        let attributes = store::attributes(ctx.sql, &doc, Some(&entity))?.remove(&entity).unwrap_or_default();
        let (attribute, origin, _) = attributes.into_iter().find(|(attribute, _, _)| attribute.id == id).ok_or_else(gone)?;
        let name = store::entity(ctx.sql, &doc, &entity)?.ok_or_else(gone)?.name;
        title = format!("{name}.{}", attribute.name);
        needed_by(ctx, &doc, &entity, &mut steps)?;
        from_words(ctx, &doc, &origin, &mut steps)?;
    }
    let query = HistoryQuery { project: input.project, id: Some(input.id.clone()) };
    if let Some(first) = history(ctx, &query)?.pop() {
        steps.push(WhyStep { title: first.message, detail: first.author, at: Some(first.at) });
    }
    Ok(Why { id: input.id.clone(), title, steps })
}

fn needed_by(ctx: &mut Ctx<'_>, doc: &str, entity: &str, steps: &mut Vec<WhyStep>) -> Result<()> {
    for key in store::requirements_of(ctx.sql, doc, entity)? {
        if let Some(row) = store::requirement(ctx.sql, doc, &key.id)? {
            steps.push(WhyStep { title: ctx.say((format!("Needed by {}", key.key), format!("Нужно для {}", key.key))), detail: row.text, at: None });
        }
    }
    Ok(())
}

fn from_words(ctx: &mut Ctx<'_>, doc: &str, origin: &Origin, steps: &mut Vec<WhyStep>) -> Result<()> {
    if !origin.because.is_empty() {
        steps.push(WhyStep { title: ctx.say(("How it was read", "Как это прочитано")), detail: origin.because.clone(), at: None });
    }
    let brief = match &origin.brief {
        Some(id) => store::brief(ctx.sql, doc, id)?,
        None => None,
    };
    if let Some(sentence) = &origin.sentence {
        steps.push(WhyStep { title: ctx.say(("The client said", "Клиент сказал")), detail: sentence.clone(), at: brief.as_ref().map(|brief| brief.added_at) });
    }
    if let Some(brief) = brief {
        steps.push(WhyStep { title: ctx.say(("In the brief", "В брифе")), detail: brief.title, at: Some(brief.added_at) });
    }
    Ok(())
}
