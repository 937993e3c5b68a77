//! The device: the whole domain over one encrypted store, connections to servers, and one door, [`Host::call`].
//!
//! The host needs no window. The command line and the window (feature `desktop`) are two thin shells around it.

mod host;
mod identity;
pub mod key;
mod project;
mod remote;
mod sync;
#[cfg(feature = "desktop")]
pub mod window;
mod workspace;

pub mod cli;

pub use host::{Host, Options, system_language};
pub use wiring::Problem;
