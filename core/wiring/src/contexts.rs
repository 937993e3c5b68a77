//! Contexts follow the log: documents by the prefix of their id, records by their subject.
//! What no context knows is kept in the log for a newer version, and shown nowhere.

use automerge::{Patch, ReadDoc};
use kernel::entry::Entry;
use kernel::log::{Contexts, Standing};
use kernel::migrate::Migration;
use kernel::{Ctx, ProjectId, Result, SpaceId, Timestamp, id};

/// The tables of everything that lives on a device, in the order in which they are made.
pub const MIGRATIONS: &[&[Migration]] = &[kernel::store::MIGRATIONS, project::MIGRATIONS, blueprint::MIGRATIONS, rooms::MIGRATIONS];

/// The contexts, as the kernel asks them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wiring;

/// Whose document it is.
enum Owner {
    Project,
    Blueprint,
    Nobody,
}

fn owner(doc: &str) -> Owner {
    match doc.split_once('_') {
        Some((ProjectId::PREFIX, _)) => Owner::Project,
        Some((blueprint::PREFIX, _)) => Owner::Blueprint,
        _ => Owner::Nobody,
    }
}

impl Contexts for Wiring {
    /// A project's documents bear its number, and so does the space that it was born in.
    fn belongs(&self, space: SpaceId, doc: &str) -> bool {
        doc.split_once('_').is_some_and(|(_, number)| id::decode(number) == Some(space.bytes()))
    }

    fn merged(&self, ctx: &mut Ctx<'_>, doc: &str, patches: &[Patch]) -> Result<()> {
        match owner(doc) {
            Owner::Project => project::ops::draw(ctx, doc)?,
            Owner::Blueprint => blueprint::ops::merged(ctx, doc, patches)?,
            Owner::Nobody => return Ok(()),
        }
        let space = ctx.space_of(doc)?;
        let document = ctx.doc(doc)?;
        let last = document.get_heads().iter().filter_map(|head| document.get_change_by_hash(head)).map(|change| change.timestamp()).max();
        project::ops::touch(ctx, space, Timestamp::from_millis(last.unwrap_or(0)))
    }

    fn rebuild(&self, ctx: &mut Ctx<'_>, doc: &str) -> Result<()> {
        match owner(doc) {
            Owner::Project => {
                project::ops::draw(ctx, doc)?;
                // Comments have no document of their own; they are drawn with the project that they belong to.
                let space = ctx.space_of(doc)?;
                rooms::ops::rebuild(ctx, space)
            }
            Owner::Blueprint => blueprint::ops::rebuild(ctx, doc),
            Owner::Nobody => Ok(()),
        }
    }

    fn record(&self, ctx: &mut Ctx<'_>, entry: &Entry, standing: &Standing) -> Result<()> {
        match entry.subject.as_str() {
            rooms::SUBJECT => {
                rooms::ops::record(ctx, entry, standing)?;
                project::ops::touch(ctx, entry.space, entry.at)
            }
            _ => Ok(()),
        }
    }

    fn digest(&self, ctx: &mut Ctx<'_>, space: SpaceId) -> Result<[u8; 32]> {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&project::ops::digest(ctx, space)?);
        hasher.update(&blueprint::ops::digest(ctx, &blueprint::doc_of(ProjectId::from_bytes(space.bytes())))?);
        hasher.update(&rooms::ops::digest(ctx, space)?);
        Ok(*hasher.finalize().as_bytes())
    }
}
