//! What only the server decides about people: accounts, devices, sessions, spaces and their members, invitations, organisations.

pub mod http;
pub mod ops;
pub mod store;

/// The tables.
pub const MIGRATIONS: &[kernel::migrate::Migration] =
    &[
        kernel::migrate::Migration { context: "identity", number: 1, sql: include_str!("../../../migrations/server/identity/0001_create.sql") },
        kernel::migrate::Migration { context: "identity", number: 2, sql: include_str!("../../../migrations/server/identity/0002_session_device.sql") },
    ];
