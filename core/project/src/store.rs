//! The SQL of projects.

use kernel::sql::Row;
use kernel::{Error, ProjectId, Result, Role, SpaceId, Sql, Timestamp, values};

use crate::Project;

const COLUMNS: &str =
    "select p.project, p.space, p.name, s.server, s.role, p.updated_at, p.removed from project_project p join kernel_space s on s.space = p.space";

fn read(mut row: Row) -> Result<Project> {
    Ok(Project {
        id: row.take(0)?,
        space: row.take(1)?,
        name: row.take(2)?,
        server: row.take(3)?,
        role: Role::parse(&row.take::<String>(4)?)?,
        requirements: 0,
        entities: 0,
        updated_at: row.take(5)?,
        removed: row.take(6)?,
    })
}

pub(crate) fn list(sql: &mut dyn Sql) -> Result<Vec<Project>> {
    sql.query(&format!("{COLUMNS} order by p.updated_at desc, p.project"), &[])?.into_iter().map(read).collect()
}

pub(crate) fn get(sql: &mut dyn Sql, project: ProjectId) -> Result<Project> {
    sql.find(&format!("{COLUMNS} where p.project = $1"), values![project])?
        .map(read)
        .transpose()?
        .ok_or_else(|| Error::not_found(("This project is not on this device.", "Этого проекта нет на устройстве.")))
}

pub(crate) fn in_space(sql: &mut dyn Sql, space: SpaceId) -> Result<Option<ProjectId>> {
    sql.find("select project from project_project where space = $1 order by project limit 1", values![space])?.map(|mut row| row.take(0)).transpose()
}

pub(crate) fn save(sql: &mut dyn Sql, project: ProjectId, space: SpaceId, name: &str, at: Timestamp) -> Result<()> {
    sql.execute(
        "insert into project_project (project, space, name, updated_at) values ($1, $2, $3, $4) on conflict (project) do update set name = $3, updated_at = max(updated_at, $4)",
        values![project, space, name, at],
    )?;
    Ok(())
}

pub(crate) fn touch(sql: &mut dyn Sql, space: SpaceId, at: Timestamp) -> Result<()> {
    sql.execute("update project_project set updated_at = max(updated_at, $2) where space = $1", values![space, at])?;
    Ok(())
}

pub(crate) fn set_removed(sql: &mut dyn Sql, project: ProjectId, removed: bool) -> Result<()> {
    sql.execute("update project_project set removed = $2 where project = $1", values![project, removed])?;
    Ok(())
}

/// What is drawn from documents; removal is this device's own and the moment of a change is no content.
pub(crate) fn rows(sql: &mut dyn Sql, space: SpaceId) -> Result<Vec<Row>> {
    sql.query("select project, name from project_project where space = $1 order by project", values![space])
}
