//! Where the contexts meet: the command table, the policies between them, the ports they ask through, their migrations.
//!
//! Wiring decides nothing itself. It knows every context; no context knows it, or another context.

pub mod device;
