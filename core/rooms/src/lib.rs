//! Comments on any element of a project: threads of records, written and read offline, ordered by the server.
//!
//! A comment is a record in the project's log; its row here follows the record's standing. Read marks are this
//! device's own. What can't be read, or belongs to another project, stays in the log and is shown nowhere.

pub mod model;
pub mod ops;
mod rules;
mod store;
#[cfg(test)]
mod tests;

pub use model::{Comment, CommentState, Found, Thread, ThreadRef, WriteComment};

/// What comments are called in the log.
pub const SUBJECT: &str = "rooms.comment";

/// The tables of this context on a device.
pub const MIGRATIONS: &[kernel::migrate::Migration] =
    &[kernel::migrate::Migration { context: "rooms", number: 1, sql: include_str!("../../../migrations/local/rooms/0001_create.sql") }];
