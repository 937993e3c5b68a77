//! Where the contexts meet: the command table, the policies between them, the ports they ask through, their migrations.
//!
//! Wiring decides nothing itself. It knows every context; no context knows it, or another context. Shells find a command
//! by its name, see in its home who performs it, and keep no list of their own; the types of the screens come from the
//! same table.

pub mod commands;
pub mod contexts;
pub mod device;
mod policies;
mod ports;
pub mod sync;
pub mod types;

#[cfg(test)]
mod tests;

pub use commands::{COMMANDS, Command, Home, Nothing, Problem, call, command, input};
pub use contexts::{MIGRATIONS, Wiring};
pub use ports::project;
pub use sync::{inspect, pause, report};
