//! People, devices, sessions, organisations, and who may do what in a shared space.
//!
//! Owned here: what is true on both sides, that is the rules and the forms of the server's commands. The rows are the
//! server's alone (`sync-server/src/identity`); a device keeps only which accounts its person has (`app/src/identity.rs`).
//!
//! Invariants: a space has an owner as long as it has members; a role is given by an owner and by nobody else; an
//! invitation never gives more than the one who made it had. Neighbours: `sync` asks for a device's role, `project` names spaces.

pub mod model;
pub mod rules;
#[cfg(test)]
mod tests;

pub use model::*;
