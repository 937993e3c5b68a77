//! The log of each space: what joins it, in which order, and who hears of it.

pub mod http;
pub mod hub;
pub mod nodes;
pub mod ops;
pub mod pack;
pub mod store;

/// The tables.
pub const MIGRATIONS: &[kernel::migrate::Migration] = &[
    kernel::migrate::Migration { context: "sync", number: 1, sql: include_str!("../../../migrations/server/sync/0001_create.sql") },
    kernel::migrate::Migration { context: "sync", number: 2, sql: include_str!("../../../migrations/server/sync/0002_snapshot.sql") },
    kernel::migrate::Migration { context: "sync", number: 3, sql: include_str!("../../../migrations/server/sync/0003_news.sql") },
    kernel::migrate::Migration { context: "sync", number: 4, sql: include_str!("../../../migrations/server/sync/0004_document.sql") },
];
