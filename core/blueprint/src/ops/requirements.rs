//! Requirements: list, add, set, move, remove.

use automerge::transaction::Transactable;
use kernel::{Ctx, Error, Permission, ProjectId, Result};

use super::{Work, change, gone, long_text, open, short, touch};
use crate::doc::{self, LINKS, Origin, REQUIREMENTS};
use crate::model::{AddRequirement, ElementRef, ListRequirements, MoveElement, Priority, Requirement, RequirementKind, RequirementState, SetRequirement};
use crate::rules::place;
use crate::{Remarks, doc_of, store};

/// The most requirements of one project.
pub(crate) const MOST: u32 = 20_000;

/// The requirements in their order; with a query only those that hold all its words.
///
/// # Errors
/// `NotFound`.
pub fn requirements(ctx: &mut Ctx<'_>, remarks: &dyn Remarks, input: &ListRequirements) -> Result<Vec<Requirement>> {
    let (doc, _) = open(ctx, input.project, Permission::Read)?;
    let rows = store::requirements(ctx.sql, &doc)?;
    let mut entities = store::entities_by_requirement(ctx.sql, &doc)?;
    let pending = store::pending(ctx.sql, &doc)?;
    let counts = remarks.counts(ctx, input.project)?;
    let query = input.query.as_deref().unwrap_or_default().to_lowercase();
    let words: Vec<&str> = query.split_whitespace().take(16).collect();
    Ok(rows
        .into_iter()
        .filter(|row| {
            words.is_empty() || {
                let text = format!("{} {}", row.key, row.text).to_lowercase();
                words.iter().all(|word| text.contains(word))
            }
        })
        .map(|row| {
            let (comments, unread) = counts.get(&row.id).copied().unwrap_or_default();
            Requirement {
                entities: entities.remove(&row.id).unwrap_or_default(),
                comments,
                unread,
                pending: pending.contains(&row.id),
                id: row.id,
                key: row.key,
                text: row.text,
                kind: row.kind,
                priority: row.priority,
                state: row.state,
                source: row.source,
            }
        })
        .collect())
}

fn one(ctx: &mut Ctx<'_>, remarks: &dyn Remarks, project: ProjectId, id: &str) -> Result<Requirement> {
    let doc = doc_of(project);
    let row = store::requirement(ctx.sql, &doc, id)?.ok_or_else(gone)?;
    let entities = store::entities_of(ctx.sql, &doc, id)?;
    let (comments, unread) = remarks.counts(ctx, project)?.get(id).copied().unwrap_or_default();
    let pending = store::is_pending(ctx.sql, &doc, id)?;
    Ok(Requirement { id: row.id, key: row.key, text: row.text, kind: row.kind, priority: row.priority, state: row.state, source: row.source, entities, comments, unread, pending })
}

/// Adds a requirement, at the end or after another.
///
/// # Errors
/// `NotFound`, `Forbidden`, `Invalid`, `TooLarge`.
pub fn add_requirement(ctx: &mut Ctx<'_>, remarks: &dyn Remarks, input: &AddRequirement) -> Result<Requirement> {
    let text = long_text("text", &input.text)?;
    let (doc, _) = open(ctx, input.project, Permission::Edit)?;
    if store::counts(ctx.sql, &doc)?.0 >= MOST {
        return Err(Error::new(kernel::Code::TooLarge, ("A project holds at most 20,000 requirements.", "В проекте помещается не больше 20 000 требований.")));
    }
    let place = match &input.after {
        None => place::after(store::last_place(ctx.sql, &doc)?.as_deref()),
        Some(after) => {
            store::requirement(ctx.sql, &doc, after)?.ok_or_else(gone)?;
            free_place(ctx, &doc, Some(after), "")?
        }
    };
    let number = store::free_numbers(ctx.sql, &doc, 1)?.pop().unwrap_or(0);
    let id = ctx.id("req");
    let label = if text.trim().is_empty() { ("Added a requirement".to_owned(), "Добавлено требование".to_owned()) } else { (format!("Added \"{}\"", short(&text)), format!("Добавлено «{}»", short(&text))) };
    let requirement = doc::Requirement { number, text, kind: RequirementKind::Functional, priority: Priority::Should, state: RequirementState::Draft, place, origin: Origin::default() };
    let work = Work { project: input.project, label: label.into(), element: Some(&id), touched: touch(REQUIREMENTS, &id) };
    change(ctx, work, |transaction| doc::add_requirement(transaction, &id, &requirement))?;
    one(ctx, remarks, input.project, &id)
}

/// A place after an element, or at the beginning.
fn free_place(ctx: &mut Ctx<'_>, doc: &str, after: Option<&str>, moving: &str) -> Result<String> {
    let (lower, upper) = store::gap(ctx.sql, doc, after, moving)?;
    Ok(match upper {
        None => place::after(lower.as_deref()),
        Some(upper) => place::between(lower.as_deref(), Some(&upper)),
    })
}

/// Changes what is named of a requirement.
///
/// # Errors
/// `NotFound`, `Forbidden`.
pub fn set_requirement(ctx: &mut Ctx<'_>, remarks: &dyn Remarks, input: &SetRequirement) -> Result<Requirement> {
    let (doc, _) = open(ctx, input.project, Permission::Edit)?;
    let row = store::requirement(ctx.sql, &doc, &input.id)?.ok_or_else(gone)?;
    let mut puts: Vec<(&str, &str)> = Vec::new();
    if let Some(kind) = input.kind.filter(|kind| *kind != row.kind) {
        puts.push(("kind", kind.word()));
    }
    if let Some(priority) = input.priority.filter(|priority| *priority != row.priority) {
        puts.push(("priority", priority.word()));
    }
    if let Some(state) = input.state.filter(|state| *state != row.state) {
        puts.push(("state", state.word()));
    }
    if !puts.is_empty() {
        let said: Vec<&str> = puts.iter().map(|(_, word)| *word).collect();
        let label = (format!("{}: {}", row.key, said.join(", ")), format!("{}: {}", row.key, puts.iter().map(|(_, word)| in_russian(word)).collect::<Vec<_>>().join(", ")));
        let work = Work { project: input.project, label: label.into(), element: Some(&input.id), touched: touch(REQUIREMENTS, &input.id) };
        change(ctx, work, |transaction| {
            let object = doc::element(transaction, REQUIREMENTS, &input.id).ok_or_else(gone)?;
            for (key, word) in puts {
                transaction.put(&object, key, word)?;
            }
            Ok(())
        })?;
    }
    one(ctx, remarks, input.project, &input.id)
}

pub(super) fn in_russian(word: &str) -> &str {
    match word {
        "functional" => "функция",
        "quality" => "качество",
        "constraint" => "ограничение",
        "integration" => "интеграция",
        "must" => "обязательно",
        "should" => "желательно",
        "could" => "возможно",
        "draft" => "черновик",
        "agreed" => "согласовано",
        "done" => "готово",
        other => other,
    }
}

/// Moves a requirement within the list.
///
/// # Errors
/// `NotFound`, `Forbidden`.
pub fn move_requirement(ctx: &mut Ctx<'_>, input: &MoveElement) -> Result<()> {
    let (doc, _) = open(ctx, input.project, Permission::Edit)?;
    let row = store::requirement(ctx.sql, &doc, &input.id)?.ok_or_else(gone)?;
    if input.after.as_deref() == Some(&input.id) {
        return Ok(());
    }
    if let Some(after) = &input.after {
        store::requirement(ctx.sql, &doc, after)?.ok_or_else(gone)?;
    }
    let place = free_place(ctx, &doc, input.after.as_deref(), &input.id)?;
    let label = (format!("Moved {}", row.key), format!("Перемещено {}", row.key));
    let work = Work { project: input.project, label: label.into(), element: Some(&input.id), touched: touch(REQUIREMENTS, &input.id) };
    change(ctx, work, |transaction| {
        let object = doc::element(transaction, REQUIREMENTS, &input.id).ok_or_else(gone)?;
        Ok(transaction.put(&object, "place", place)?)
    })
}

/// Removes a requirement with its links.
///
/// # Errors
/// `NotFound`, `Forbidden`.
pub fn remove_requirement(ctx: &mut Ctx<'_>, input: &ElementRef) -> Result<()> {
    let (doc, _) = open(ctx, input.project, Permission::Edit)?;
    let row = store::requirement(ctx.sql, &doc, &input.id)?.ok_or_else(gone)?;
    let links = store::links_of(ctx.sql, &doc, &input.id)?;
    let label = (format!("Removed {} \"{}\"", row.key, short(&row.text)), format!("Удалено {} «{}»", row.key, short(&row.text)));
    let mut touched = touch(REQUIREMENTS, &input.id);
    touched.extend(links.iter().map(|pair| (LINKS.to_owned(), pair.clone())));
    let work = Work { project: input.project, label: label.into(), element: Some(&input.id), touched };
    change(ctx, work, |transaction| {
        let requirements = doc::container(transaction, REQUIREMENTS)?;
        if let Some(number) = doc::number_of(transaction, &input.id) {
            doc::keep_number(transaction, &input.id, number)?;
        }
        transaction.delete(&requirements, input.id.as_str())?;
        let container = doc::container(transaction, LINKS)?;
        for pair in &links {
            transaction.delete(&container, pair.as_str())?;
        }
        Ok(())
    })
}
