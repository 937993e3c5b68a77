//! Reactions of one context to another, in the transaction of what happened.

use kernel::{Ctx, Event, ProjectId, Result, SpaceId};

/// Carries out what follows from what a local command did, and what follows from that.
pub(crate) fn follow(ctx: &mut Ctx<'_>, mut from: usize) -> Result<()> {
    while let Some(event) = ctx.events().get(from).cloned() {
        from += 1;
        react(ctx, &event)?;
    }
    Ok(())
}

fn react(ctx: &mut Ctx<'_>, event: &Event) -> Result<()> {
    match (event.topic, event.name) {
        // When a project is created, its blueprint begins.
        ("project", "ProjectCreated") => {
            let project: ProjectId = event.subject.parse()?;
            blueprint::ops::create(ctx, project, project.space())
        }
        // When anything is written in a space, its project was changed.
        ("sync", "EntryAppended") => project::ops::touch(ctx, event.subject.parse::<SpaceId>()?, ctx.now),
        _ => Ok(()),
    }
}
