//! Projects: a name for a space's work, shared by everyone in it, and which of them this device keeps in sight.
//!
//! Each project is a small document of its own (`prj_...`, with the name at its root) in its own space.
//! Whether a project is removed is this device's affair alone, and reversible.

pub mod model;
pub mod ops;
mod rules;
mod store;
#[cfg(test)]
mod tests;

pub use model::{CreateProject, Project, ProjectRef, RenameProject};

/// The tables of this context on a device.
pub const MIGRATIONS: &[kernel::migrate::Migration] =
    &[kernel::migrate::Migration { context: "project", number: 1, sql: include_str!("../../../migrations/local/project/0001_create.sql") }];
