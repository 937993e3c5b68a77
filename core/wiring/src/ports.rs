//! Questions of one context to another, answered here.

use std::collections::BTreeMap;

use blueprint::{Hit, HitKind, Remarks, SearchQuery};
use kernel::{Ctx, ProjectId, Result};
use project::Project;
use project::model::Contents;

/// A search answers at most so many comments.
const MOST_COMMENTS: usize = 50;

/// Answers every context's questions.
pub(crate) struct Ports;

impl Contents for Ports {
    fn counts(&self, ctx: &mut Ctx<'_>, project: ProjectId) -> Result<(u32, u32)> {
        blueprint::ops::counts(ctx, project)
    }
}

impl Remarks for Ports {
    fn counts(&self, ctx: &mut Ctx<'_>, project: ProjectId) -> Result<BTreeMap<String, (u32, u32)>> {
        rooms::ops::counts(ctx, project)
    }
}

/// A project as screens show it.
///
/// # Errors
/// `NotFound`.
pub fn project(ctx: &mut Ctx<'_>, project: ProjectId) -> Result<Project> {
    project::ops::get_counted(ctx, &Ports, project)
}

/// What a project holds of these words: its elements, then what was said about them.
pub(crate) fn search(ctx: &mut Ctx<'_>, input: &SearchQuery) -> Result<Vec<Hit>> {
    let mut hits = blueprint::ops::search(ctx, input)?;
    let comments = rooms::ops::search(ctx, input.project, &input.query, MOST_COMMENTS)?;
    hits.extend(comments.into_iter().map(|found| Hit {
        id: found.id,
        kind: HitKind::Comment,
        title: found.author,
        excerpt: found.excerpt,
        element: found.element,
    }));
    Ok(hits)
}
