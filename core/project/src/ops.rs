//! The use cases of projects.

use automerge::transaction::Transactable;
use automerge::{ROOT, ReadDoc};
use kernel::doc::Edit;
use kernel::{Ctx, Permission, ProjectId, Result, SpaceId, Timestamp, space};

use crate::model::{Contents, CreateProject, Project, ProjectRef, RenameProject};
use crate::{rules, store};

const NAME: &str = "name";

/// All projects of this device, the last changed first, removed ones included.
///
/// # Errors
/// Those of the store.
pub fn list(ctx: &mut Ctx<'_>, contents: &dyn Contents) -> Result<Vec<Project>> {
    store::list(ctx.sql)?.into_iter().map(|project| counted(ctx, contents, project)).collect()
}

/// Begins a project that its person owns, on this device alone.
///
/// # Errors
/// `Invalid` for a name that is none.
pub fn create(ctx: &mut Ctx<'_>, input: &CreateProject) -> Result<Project> {
    let name = rules::name(&input.name)?;
    let project = ProjectId::new(ctx.now, ctx.random);
    let (space, doc) = (project.space(), project.to_string());
    space::create(ctx.sql, space)?;
    ctx.create_doc(space, &doc, |_| Ok(()))?;
    write_name(ctx, project, &name, (format!("Created \"{name}\""), format!("Создан «{name}»")))?;
    store::save(ctx.sql, project, space, &name, ctx.now)?;
    ctx.emit("project", "ProjectCreated", doc);
    store::get(ctx.sql, project)
}

/// Gives a project another name, for everyone.
///
/// # Errors
/// `NotFound`, `Forbidden`, `Invalid`.
pub fn rename(ctx: &mut Ctx<'_>, contents: &dyn Contents, input: &RenameProject) -> Result<Project> {
    let project = store::get(ctx.sql, input.project)?;
    ctx.require(Permission::Edit, project.space)?;
    let name = rules::name(&input.name)?;
    if name != project.name {
        write_name(
            ctx,
            input.project,
            &name,
            (format!("Renamed \"{}\" to \"{name}\"", project.name), format!("«{}» переименован в «{name}»", project.name)),
        )?;
        store::save(ctx.sql, input.project, project.space, &name, ctx.now)?;
        ctx.emit("project", "ProjectRenamed", input.project.to_string());
    }
    get_counted(ctx, contents, input.project)
}

/// Takes a project out of sight on this device, or brings it back; nothing is deleted.
///
/// # Errors
/// `NotFound`.
pub fn set_removed(ctx: &mut Ctx<'_>, contents: &dyn Contents, input: &ProjectRef, removed: bool) -> Result<Project> {
    store::get(ctx.sql, input.project)?;
    store::set_removed(ctx.sql, input.project, removed)?;
    ctx.emit("project", if removed { "ProjectRemoved" } else { "ProjectRestored" }, input.project.to_string());
    get_counted(ctx, contents, input.project)
}

/// A project without the counts of its contents.
///
/// # Errors
/// `NotFound`.
pub fn get(ctx: &mut Ctx<'_>, project: ProjectId) -> Result<Project> {
    store::get(ctx.sql, project)
}

/// A project as screens show it.
///
/// # Errors
/// `NotFound`.
pub fn get_counted(ctx: &mut Ctx<'_>, contents: &dyn Contents, project: ProjectId) -> Result<Project> {
    let project = store::get(ctx.sql, project)?;
    counted(ctx, contents, project)
}

/// The project that lives in a space, once it has arrived.
///
/// # Errors
/// Those of the store.
pub fn in_space(ctx: &mut Ctx<'_>, space: SpaceId) -> Result<Option<ProjectId>> {
    store::in_space(ctx.sql, space)
}

/// Notes that something in the project's space changed at that moment, by the clock of whoever changed it.
///
/// # Errors
/// Those of the store.
pub fn touch(ctx: &mut Ctx<'_>, space: SpaceId, at: Timestamp) -> Result<()> {
    // A clock that runs ahead must not keep a project above all others.
    store::touch(ctx.sql, space, at.min(ctx.now))
}

/// Draws the project's row from its document, after a merge or anew.
///
/// # Errors
/// Those of the store.
pub fn draw(ctx: &mut Ctx<'_>, doc: &str) -> Result<()> {
    // A document with a strange id is someone else's experiment; it stays in the log and is shown nowhere.
    let Ok(project) = doc.parse::<ProjectId>() else { return Ok(()) };
    let space = ctx.space_of(doc)?;
    // A space holds the one project it was born with, so nobody can slip a second one into the lists of its members.
    if space != project.space() {
        return Ok(());
    }
    let document = ctx.doc(doc)?;
    let written = document.get(ROOT, NAME)?.and_then(|(value, _)| value.into_string().ok());
    let at = document.get_heads().iter().filter_map(|head| document.get_change_by_hash(head)).map(|change| change.timestamp()).max().unwrap_or(0);
    // A document whose name has not arrived is not shown yet; one whose name was given up keeps its place in the list.
    if written.is_some() || store::in_space(ctx.sql, space)?.is_some() {
        let name = rules::shown(written.as_deref().unwrap_or_default());
        store::save(ctx.sql, project, space, &name, Timestamp::from_millis(at).min(ctx.now))?;
        ctx.emit("project", "ProjectChanged", doc);
    }
    Ok(())
}

/// A digest of what is drawn from a space's project documents.
///
/// # Errors
/// Those of the store.
pub fn digest(ctx: &mut Ctx<'_>, space: SpaceId) -> Result<[u8; 32]> {
    Ok(*blake3::hash(format!("{:?}", store::rows(ctx.sql, space)?).as_bytes()).as_bytes())
}

fn write_name(ctx: &mut Ctx<'_>, project: ProjectId, name: &str, label: (String, String)) -> Result<()> {
    let doc = project.to_string();
    let edit = Edit { doc: &doc, label: label.into(), element: None, at: None };
    ctx.change(&edit, |transaction| Ok(transaction.put(ROOT, NAME, name)?))?;
    Ok(())
}

fn counted(ctx: &mut Ctx<'_>, contents: &dyn Contents, project: Project) -> Result<Project> {
    let (requirements, entities) = contents.counts(ctx, project.id)?;
    Ok(Project { requirements, entities, ..project })
}
