//! The living blueprint: requirements, entities with attributes, and relations, each linked to the sentence it came from.
//!
//! A project's blueprint is one Automerge document (`blu_` and the project's own number). Screens never walk it: they
//! read tables that are drawn from it and can be drawn anew. Invariants: an element's id never changes; what a client
//! said (a brief) is never edited; a document that a newer or a hostile program wrote can always be read, with
//! what makes no sense left out. Comments belong to another context; their counts are asked through [`Remarks`].

pub mod doc;
pub mod model;
pub mod ops;
pub mod rules;
mod store;
#[cfg(test)]
mod tests;

pub use model::*;

use kernel::{Ctx, ProjectId, Result, id};
use std::collections::BTreeMap;

/// The tables of this context on a device.
pub const MIGRATIONS: &[kernel::migrate::Migration] = &[
    kernel::migrate::Migration { context: "blueprint", number: 1, sql: include_str!("../../../migrations/local/blueprint/0001_create.sql") },
    kernel::migrate::Migration { context: "blueprint", number: 2, sql: include_str!("../../../migrations/local/blueprint/0002_numbers.sql") },
    kernel::migrate::Migration { context: "blueprint", number: 3, sql: include_str!("../../../migrations/local/blueprint/0003_conflicts.sql") },
    kernel::migrate::Migration { context: "blueprint", number: 4, sql: include_str!("../../../migrations/local/blueprint/0004_moments.sql") },
];

/// What stands before the underscore in ids of blueprint documents.
pub const PREFIX: &str = "blu";

/// The blueprint document of a project.
#[must_use]
pub fn doc_of(project: ProjectId) -> String {
    format!("{PREFIX}_{}", id::encode(&project.bytes()))
}

/// What others have said about elements: a question to another context, answered by wiring.
pub trait Remarks {
    /// By element: how many remarks there are, and how many of them are unread.
    ///
    /// # Errors
    /// Those of the store.
    fn counts(&self, ctx: &mut Ctx<'_>, project: ProjectId) -> Result<BTreeMap<String, (u32, u32)>>;
}
