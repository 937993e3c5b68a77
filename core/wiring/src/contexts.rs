//! Contexts follow the log: documents by the prefix of their id, records by their subject.
//! What no context knows is kept in the log for a newer version, and shown nowhere.

use automerge::{Patch, ReadDoc};
use kernel::entry::Entry;
use kernel::log::{Contexts, Standing};
use kernel::migrate::Migration;
use kernel::{Ctx, ProjectId, Result, SpaceId, Timestamp};

/// The tables of everything that lives on a device, in the order in which they are made.
pub const MIGRATIONS: &[&[Migration]] = &[kernel::store::MIGRATIONS, project::MIGRATIONS, rooms::MIGRATIONS];

/// The contexts, as the kernel asks them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wiring;

/// Whose document it is.
enum Owner {
    Project,
    Nobody,
}

fn owner(doc: &str) -> Owner {
    match doc.split_once('_') {
        Some((ProjectId::PREFIX, _)) => Owner::Project,
        _ => Owner::Nobody,
    }
}

impl Contexts for Wiring {
    fn merged(&self, ctx: &mut Ctx<'_>, doc: &str, _patches: &[Patch]) -> Result<()> {
        match owner(doc) {
            Owner::Project => project::ops::draw(ctx, doc)?,
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
        hasher.update(&rooms::ops::digest(ctx, space)?);
        Ok(*hasher.finalize().as_bytes())
    }
}
