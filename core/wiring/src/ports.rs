//! Questions of one context to another, answered here.

use kernel::{Ctx, ProjectId, Result};
use project::Project;
use project::model::Contents;

/// Answers every context's questions.
pub(crate) struct Ports;

impl Contents for Ports {
    fn counts(&self, _ctx: &mut Ctx<'_>, _project: ProjectId) -> Result<(u32, u32)> {
        Ok((0, 0))
    }
}

/// A project as screens show it.
///
/// # Errors
/// `NotFound`.
pub fn project(ctx: &mut Ctx<'_>, project: ProjectId) -> Result<Project> {
    project::ops::get_counted(ctx, &Ports, project)
}
