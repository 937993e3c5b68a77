//! Every test of the server once more, with Postgres in the place of SQLite.

#[path = "../server/main.rs"]
mod server;
