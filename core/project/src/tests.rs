//! Projects over a store in memory.

use kernel::store::testing::Desk;
use kernel::{Code, Ctx, ProjectId, Result};

use crate::model::{Contents, CreateProject, ProjectRef, RenameProject};
use crate::{MIGRATIONS, Project, ops};

struct Empty;

impl Contents for Empty {
    fn counts(&self, _: &mut Ctx<'_>, _: ProjectId) -> Result<(u32, u32)> {
        Ok((0, 0))
    }
}

fn create(desk: &mut Desk, name: &str) -> Project {
    desk.run(|ctx| ops::create(ctx, &CreateProject { name: name.to_owned() })).unwrap()
}

#[test]
fn a_project_is_renamed_removed_and_restored() {
    let mut desk = Desk::new(1, MIGRATIONS);
    let project = create(&mut desk, "Bikes").id;
    let renamed = desk.run(|ctx| ops::rename(ctx, &Empty, &RenameProject { project, name: " Bicycles ".into() })).unwrap();
    assert_eq!(renamed.name, "Bicycles");
    assert!(desk.run(|ctx| ops::set_removed(ctx, &Empty, &ProjectRef { project }, true)).unwrap().removed);
    assert!(!desk.run(|ctx| ops::set_removed(ctx, &Empty, &ProjectRef { project }, false)).unwrap().removed);
    assert_eq!(desk.run(|ctx| ops::list(ctx, &Empty)).unwrap().len(), 1);
}

#[test]
fn a_refused_name_changes_nothing() {
    let mut desk = Desk::new(2, MIGRATIONS);
    let project = create(&mut desk, "Bikes").id;
    let error = desk.run(|ctx| ops::rename(ctx, &Empty, &RenameProject { project, name: " ".into() })).unwrap_err();
    assert_eq!((error.code, error.field.as_deref()), (Code::Invalid, Some("name")));
    assert_eq!(desk.run(|ctx| ops::get(ctx, project)).unwrap().name, "Bikes");
}

#[test]
fn a_viewer_cannot_rename() {
    let mut desk = Desk::new(3, MIGRATIONS);
    let project = create(&mut desk, "Bikes");
    desk.run(|ctx| {
        let mut space = kernel::space::get(ctx.sql, project.space)?;
        space.role = kernel::Role::Viewer;
        kernel::space::save(ctx.sql, &space)
    })
    .unwrap();
    assert_eq!(desk.run(|ctx| ops::rename(ctx, &Empty, &RenameProject { project: project.id, name: "X".into() })).unwrap_err().code, Code::Forbidden);
}

#[test]
fn drawing_a_project_anew_gives_the_same_row() {
    let mut desk = Desk::new(4, MIGRATIONS);
    let project = create(&mut desk, "Bikes");
    let before = desk.run(|ctx| ops::digest(ctx, project.space)).unwrap();
    desk.run(|ctx| ops::draw(ctx, &project.id.to_string())).unwrap();
    assert_eq!(desk.run(|ctx| ops::digest(ctx, project.space)).unwrap(), before);
}

#[test]
fn drawing_anew_does_not_count_as_a_change() {
    let mut desk = Desk::new(5, MIGRATIONS);
    let project = create(&mut desk, "Bikes");
    desk.now = desk.now.plus_millis(86_400_000);
    desk.run(|ctx| ops::draw(ctx, &project.id.to_string())).unwrap();
    assert_eq!(desk.run(|ctx| ops::get(ctx, project.id)).unwrap().updated_at, project.updated_at);
}

#[test]
fn a_second_project_in_a_space_is_shown_nowhere() {
    let mut desk = Desk::new(6, MIGRATIONS);
    let project = create(&mut desk, "Bikes");
    let other = ProjectId::from_bytes([9; 16]).to_string();
    desk.run(|ctx| {
        ctx.create_doc(project.space, &other, |_| Ok(()))?;
        let edit = kernel::doc::Edit { doc: &other, label: "named".into(), element: None, at: None };
        ctx.change(&edit, |transaction| Ok(automerge::transaction::Transactable::put(transaction, automerge::ROOT, "name", "Intruder")?))?;
        ops::draw(ctx, &other)
    })
    .unwrap();
    assert_eq!(desk.run(|ctx| ops::list(ctx, &Empty)).unwrap().len(), 1);
}
