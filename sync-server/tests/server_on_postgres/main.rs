//! Every test of the server once more, with Postgres in the place of SQLite; and what only Postgres can: several nodes.

// What helps the tests may fail as they do: by unwrapping.
#![allow(clippy::unwrap_used)]

mod moving;
mod nodes;
#[path = "../server/main.rs"]
mod server;
