//! Sync as two sans-IO state machines: shells, simulations and fuzzers move their messages.

pub mod client;
#[cfg(test)]
mod document;
#[cfg(any(test, feature = "testing"))]
pub mod harness;
pub mod server;
#[cfg(test)]
mod tests;

pub use client::Client;
pub use server::{Admission, Ask, Outcome, Row, Session};

use crate::Random;

/// When to try again after a failed connection: twice as late each time up to half a minute, spread evenly
/// so that a restarted server is not met by everyone at once.
#[derive(Default)]
pub struct Backoff(u32);

impl Backoff {
    /// Milliseconds to wait before the next attempt.
    pub fn next(&mut self, random: &mut Random) -> u64 {
        let most = (500_u64 << self.0.min(6)).min(30_000);
        self.0 += 1;
        most / 4 + random.below(most * 3 / 4)
    }

    /// Tells that a connection stood.
    pub fn reset(&mut self) {
        self.0 = 0;
    }
}
