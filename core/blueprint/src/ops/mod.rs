//! The use cases of a blueprint: each asks permission, decides, changes the document once, and draws what it touched.

mod conflicts;
mod elements;
mod history;
mod moments;
mod past;
mod proposal;
mod requirements;
mod text;

use std::collections::BTreeSet;

use automerge::transaction::Transaction;
use automerge::{ChangeHash, Patch, PatchAction, Prop, ReadDoc};
use kernel::doc::Edit;
use kernel::undo::Way;
use kernel::{Ctx, Error, Permission, ProjectId, Result, SpaceId, Words, space};

use crate::doc::{self, BRIEFS, ENTITIES, LINKS, RELATIONS, REQUIREMENTS};
use crate::model::Undone;
use crate::{doc_of, store};

pub use conflicts::{conflicts, resolve};
pub use elements::{
    add_attribute, add_entity, add_relation, link, model, place_entities, remove_attribute, remove_entity, remove_relation, set_attribute, set_entity, set_relation,
};
pub use history::{briefs, history, search, why};
pub use moments::moments;
pub use past::{at, compare, name_version, remove_version, restore, versions};
pub use proposal::{accept, propose};
pub use requirements::{add_requirement, move_requirement, remove_requirement, requirements, set_requirement};
pub use text::{edit_text, text};

/// Begins the blueprint of a project in its space.
///
/// # Errors
/// `Conflict` when there is one.
pub fn create(ctx: &mut Ctx<'_>, project: ProjectId, space: SpaceId) -> Result<()> {
    ctx.create_doc(space, &doc_of(project), doc::begin)
}

/// How many requirements and entities there are.
///
/// # Errors
/// Those of the store.
pub fn counts(ctx: &mut Ctx<'_>, project: ProjectId) -> Result<(u32, u32)> {
    store::counts(ctx.sql, &doc_of(project))
}

/// Takes back the last own step of this device's person.
///
/// # Errors
/// `NotFound`, `Forbidden`.
pub fn undo(ctx: &mut Ctx<'_>, project: ProjectId) -> Result<Undone> {
    step(ctx, project, Way::Undo)
}

/// Does again what was taken back last.
///
/// # Errors
/// `NotFound`, `Forbidden`.
pub fn redo(ctx: &mut Ctx<'_>, project: ProjectId) -> Result<Undone> {
    step(ctx, project, Way::Redo)
}

fn step(ctx: &mut Ctx<'_>, project: ProjectId, way: Way) -> Result<Undone> {
    let (doc, space) = open(ctx, project, Permission::Edit)?;
    let step = ctx.step(&doc, way)?;
    if let Some(step) = &step {
        let touched = follow(ctx, &doc, &step.patches)?;
        mark_pending(ctx, &doc, space, &touched, None)?;
        ctx.emit("blueprint", "Undone", doc.as_str());
    }
    let (can_undo, can_redo) = ctx.steps(&doc)?;
    Ok(Undone { did: step.map(|step| step.label), can_undo, can_redo })
}

/// The document and the space of a project, when the person may do this.
fn open(ctx: &mut Ctx<'_>, project: ProjectId, permission: Permission) -> Result<(String, SpaceId)> {
    let doc = doc_of(project);
    let space = ctx.space_of(&doc)?;
    ctx.require(permission, space)?;
    Ok((doc, space))
}

/// What an operation works on was removed, perhaps by someone else a moment ago.
pub(crate) fn gone() -> Error {
    Error::not_found(("This was removed meanwhile.", "Это уже удалено."))
}

/// Containers and elements that something touches.
type Touched = BTreeSet<(String, String)>;

/// A local change: one history entry, one undo step, and the tables drawn anew for what it touches.
struct Work<'w> {
    project: ProjectId,
    label: Words,
    /// What the change is about, for undo steps and for marking it as waiting.
    element: Option<&'w str>,
    /// The containers and ids that are to be drawn anew.
    touched: Touched,
}

fn change<T>(ctx: &mut Ctx<'_>, work: Work<'_>, edit: impl FnOnce(&mut Transaction<'_>) -> Result<T>) -> Result<T> {
    let (doc, space) = open(ctx, work.project, Permission::Edit)?;
    let changed = ctx.change(&Edit { doc: &doc, label: work.label, element: work.element, at: None }, edit)?;
    if changed.hash.is_some() {
        draw(ctx, &doc, &work.touched)?;
        mark_pending(ctx, &doc, space, &work.touched, changed.hash)?;
        ctx.emit("blueprint", "BlueprintChanged", doc);
    }
    Ok(changed.value)
}

fn touch(container: &str, id: &str) -> Touched {
    [(container.to_owned(), id.to_owned())].into()
}

/// Notes which elements wait for the server. Nothing waits while the project lives on this device alone.
fn mark_pending(ctx: &mut Ctx<'_>, doc: &str, space: SpaceId, touched: &Touched, hash: Option<ChangeHash>) -> Result<()> {
    if space::get(ctx.sql, space)?.server.is_none() {
        return Ok(());
    }
    let hashes = match hash {
        Some(hash) => vec![hash],
        None => ctx.doc(doc)?.get_heads(),
    };
    for (container, id) in touched {
        if container == REQUIREMENTS || container == ENTITIES {
            for hash in &hashes {
                store::touch(ctx.sql, doc, id, &hash.0)?;
            }
        }
    }
    Ok(())
}

// Following the document.

/// What patches touch: the first two keys of their paths.
fn touched(patches: &[Patch]) -> Touched {
    patches
        .iter()
        .filter_map(|patch| {
            let mut keys = patch.path.iter().filter_map(|(_, prop)| match prop {
                Prop::Map(key) => Some(key.as_str()),
                Prop::Seq(_) => None,
            });
            let last = match &patch.action {
                PatchAction::PutMap { key, .. } | PatchAction::DeleteMap { key } => Some(key.as_str()),
                PatchAction::Increment { prop: Prop::Map(key), .. } | PatchAction::Conflict { prop: Prop::Map(key) } => Some(key.as_str()),
                _ => None,
            };
            let container = keys.next().or(last)?;
            let id = keys.next().or(last)?;
            (container != id).then(|| (container.to_owned(), doc::bearer(container, id).to_owned()))
        })
        .collect()
}

/// Draws elements anew as the document now has them.
fn draw(ctx: &mut Ctx<'_>, doc: &str, touched: &Touched) -> Result<()> {
    for (container, id) in touched.iter().filter(|(_, id)| doc::plausible(id)) {
        match container.as_str() {
            REQUIREMENTS => {
                draw_requirement(ctx, doc, id)?;
            }
            ENTITIES => {
                let entity = doc::entity(ctx.doc(doc)?, id);
                store::draw_entity(ctx.sql, doc, id, entity.as_ref())?;
            }
            RELATIONS => {
                let relation = doc::relation(ctx.doc(doc)?, id);
                store::draw_relation(ctx.sql, doc, id, relation.as_ref())?;
            }
            LINKS => {
                let linked = doc::linked(ctx.doc(doc)?, id);
                store::draw_link(ctx.sql, doc, id, linked)?;
            }
            BRIEFS => {
                let brief = doc::brief(ctx.doc(doc)?, id);
                store::draw_brief(ctx.sql, doc, id, brief.as_ref())?;
            }
            // A container of a newer program; its own version will draw it.
            _ => continue,
        }
        if [REQUIREMENTS, ENTITIES, RELATIONS].contains(&container.as_str()) {
            let places = crate::rules::conflicts::of(ctx.doc(doc)?, container, id);
            store::draw_conflicts(ctx.sql, doc, id, &places)?;
        }
    }
    Ok(())
}

fn draw_requirement(ctx: &mut Ctx<'_>, doc: &str, id: &str) -> Result<()> {
    let document = ctx.doc(doc)?;
    let (requirement, number) = (doc::requirement(document, id), doc::number_of(document, id));
    store::draw_requirement(ctx.sql, doc, id, requirement.as_ref(), number)
}

/// Draws what patches touch; answers it.
fn follow(ctx: &mut Ctx<'_>, doc: &str, patches: &[Patch]) -> Result<Touched> {
    let touched = touched(patches);
    if patches.iter().any(replaces_a_container) {
        draw_all(ctx, doc)?;
    } else {
        draw(ctx, doc, &touched)?;
    }
    Ok(touched)
}

/// A hostile program can put another object, or nothing, where a container was. Then the patches name no elements, and
/// all of them may be others.
fn replaces_a_container(patch: &Patch) -> bool {
    let key = match &patch.action {
        PatchAction::PutMap { key, .. } | PatchAction::DeleteMap { key } | PatchAction::Conflict { prop: Prop::Map(key) } => key,
        _ => return false,
    };
    patch.path.is_empty() && doc::CONTAINERS.contains(&key.as_str())
}

/// Follows a merge.
///
/// # Errors
/// Those of the store.
pub fn merged(ctx: &mut Ctx<'_>, doc: &str, patches: &[Patch]) -> Result<()> {
    follow(ctx, doc, patches)?;
    // The server answers what others did in one breath with what it took of ours.
    store::settle(ctx.sql, doc)?;
    ctx.emit("blueprint", "BlueprintMerged", doc);
    Ok(())
}

/// Draws everything anew.
///
/// # Errors
/// Those of the store.
pub fn rebuild(ctx: &mut Ctx<'_>, doc: &str) -> Result<()> {
    draw_all(ctx, doc)?;
    ctx.emit("blueprint", "BlueprintMerged", doc);
    Ok(())
}

fn draw_all(ctx: &mut Ctx<'_>, doc: &str) -> Result<()> {
    store::erase(ctx.sql, doc)?;
    let automerge = ctx.doc(doc)?;
    let mut all = Touched::new();
    for container in doc::CONTAINERS {
        all.extend(doc::ids(automerge, container).into_iter().map(|key| (container.to_owned(), doc::bearer(container, &key).to_owned())));
    }
    draw(ctx, doc, &all)
}

/// A digest of everything that is drawn from a document.
///
/// # Errors
/// Those of the store.
pub fn digest(ctx: &mut Ctx<'_>, doc: &str) -> Result<[u8; 32]> {
    let mut hasher = blake3::Hasher::new();
    for row in store::rows(ctx.sql, doc)? {
        hasher.update(format!("{row:?}\n").as_bytes());
    }
    Ok(*hasher.finalize().as_bytes())
}

// What people type.

/// One line of 1 to 120 characters.
fn line(field: &str, wanted: &str) -> Result<String> {
    let line = optional_line(field, wanted)?;
    if line.is_empty() {
        return Err(Error::invalid(field, ("Give it a name.", "Дайте имя.")));
    }
    Ok(line)
}

/// One line of at most 120 characters.
fn optional_line(field: &str, wanted: &str) -> Result<String> {
    let line = wanted.trim();
    if line.chars().count() > doc::LONGEST_NAME {
        return Err(Error::invalid(field, ("At most 120 characters fit here.", "Здесь помещается не больше 120 знаков.")));
    }
    if line.chars().any(char::is_control) {
        return Err(Error::invalid(field, ("This is one line of text.", "Это одна строка текста.")));
    }
    Ok(line.to_owned())
}

/// A text of at most 20,000 characters.
fn long_text(field: &str, wanted: &str) -> Result<String> {
    if wanted.encode_utf16().count() > doc::LONGEST_TEXT {
        return Err(Error::invalid(field, ("At most 20,000 characters fit here. Split the text.", "Здесь помещается не больше 20 000 знаков. Разделите текст.")));
    }
    Ok(wanted.chars().filter(|c| !c.is_control() || *c == '\n' || *c == '\t').collect())
}

/// A text for a label in the history.
fn short(text: &str) -> String {
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() > 60 { format!("{}…", line.chars().take(59).collect::<String>()) } else { line }
}

/// Whether the document knows a change.
fn heads(document: &automerge::Automerge, words: &[String]) -> Option<Vec<ChangeHash>> {
    let heads: Option<Vec<ChangeHash>> = words.iter().take(64).map(|word| word.parse().ok()).collect();
    heads.filter(|heads| !heads.is_empty() && heads.iter().all(|head| document.get_change_by_hash(head).is_some()))
}
