//! Disks that fail when they are told to.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use rusqlite::Connection;

/// The errors that a store's disk is to report. Clones share it.
#[derive(Clone, Default)]
pub struct Fault(Arc<Inner>);

#[derive(Default)]
struct Inner {
    /// Steps until the next error; none is due when it is not positive.
    steps: AtomicI64,
    commit: AtomicBool,
    struck: AtomicBool,
}

impl Fault {
    /// Gives the connection a disk that can fail.
    pub fn attach(&self, connection: &mut Connection) {
        let inner = self.0.clone();
        let _ = connection.commit_hook(Some(move || {
            let fails = inner.commit.swap(false, Ordering::Relaxed);
            if fails {
                inner.struck.store(true, Ordering::Relaxed);
            }
            fails
        }));
        let inner = self.0.clone();
        let _ = connection.progress_handler(
            16,
            Some(move || {
                if inner.steps.load(Ordering::Relaxed) <= 0 || inner.steps.fetch_sub(1, Ordering::Relaxed) != 1 {
                    return false;
                }
                inner.struck.store(true, Ordering::Relaxed);
                true
            }),
        );
    }

    /// The next commit is lost.
    pub fn lose_commit(&self) {
        self.0.commit.store(true, Ordering::Relaxed);
    }

    /// An error is reported after so many steps.
    pub fn after(&self, steps: i64) {
        self.0.steps.store(steps.max(1), Ordering::Relaxed);
    }

    /// Nothing fails any more.
    pub fn clear(&self) {
        self.0.steps.store(0, Ordering::Relaxed);
        self.0.commit.store(false, Ordering::Relaxed);
    }

    /// Whether an error was reported since this was last asked.
    pub fn struck(&self) -> bool {
        self.0.struck.swap(false, Ordering::Relaxed)
    }

    /// Holds what is due back while something looks; answers what [`Fault::resume`] takes.
    pub fn hold(&self) -> (i64, bool) {
        (self.0.steps.swap(0, Ordering::Relaxed), self.0.commit.swap(false, Ordering::Relaxed))
    }

    /// Goes on.
    pub fn resume(&self, (steps, commit): (i64, bool)) {
        self.0.steps.store(steps, Ordering::Relaxed);
        self.0.commit.store(commit, Ordering::Relaxed);
    }
}
