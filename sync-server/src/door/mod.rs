//! The door for clients that speak the protocol of automerge-repo: they read and edit the documents of a space, and what
//! they change joins its log as entries that this server signs in the person's name.
//!
//! It never serves a document that does not belong to the space, and never shows a change before the log holds it.
//! `docs/decisions/door.md` tells why it is made so.

pub mod cache;
pub mod http;
pub mod messages;
pub mod ops;
pub mod store;

/// The tables.
pub const MIGRATIONS: &[kernel::migrate::Migration] = &[kernel::migrate::Migration { context: "door", number: 1, sql: include_str!("../../../migrations/server/door/0001_create.sql") }];
