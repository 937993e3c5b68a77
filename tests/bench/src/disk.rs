//! The disk alone: the least that anything durable can cost here.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::Result;

/// A file that is written over and over, as a database writes its log once that has its size.
pub struct Disk {
    file: File,
    size: u64,
    at: u64,
    bytes: Vec<u8>,
}

/// As long as SQLite lets its log grow before it begins anew.
const LENGTH: u64 = 1_000 * 4_120;

impl Disk {
    /// A file in this folder, written `size` bytes at a time.
    pub fn new(folder: &Path, size: u64) -> Result<Self> {
        let file = File::create(folder.join("disk"))?;
        let bytes = vec![0x5a; usize::try_from(size)?];
        file.write_all_at(&vec![0; usize::try_from(LENGTH + size)?], 0)?;
        file.sync_all()?;
        Ok(Self { file, size, at: 0, bytes })
    }

    /// Writes once and waits until it is on the disk.
    pub fn write(&mut self) -> Result<Duration> {
        let started = Instant::now();
        self.file.write_all_at(&self.bytes, self.at)?;
        self.file.sync_data()?;
        self.at = (self.at + self.size) % LENGTH;
        Ok(started.elapsed())
    }
}

/// How many bytes this program has handed to the system to be written; none where the system does not count them.
pub fn written() -> Option<u64> {
    let counts = std::fs::read_to_string("/proc/self/io").ok()?;
    counts.lines().find_map(|line| line.strip_prefix("wchar: "))?.trim().parse().ok()
}
