//! The sync server of Scantling: accounts and roles, the ordered log of each space, and the relay between devices.

pub mod config;
pub mod console;
pub mod door;
pub mod identity;
pub mod problem;
pub mod routes;
pub mod secret;
pub mod server;
pub mod storage;
pub mod sync;
pub mod throttle;

pub use config::Config;
pub use server::Server;
