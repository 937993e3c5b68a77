//! Randomness that is passed in: a stream that a shell seeds from the system and a test seeds with a number.

/// A stream of unpredictable bytes: BLAKE3 in extendable-output mode over a 32-byte seed.
pub struct Random(blake3::OutputReader);

impl Random {
    /// The stream of this seed. Shells pass 32 bytes from the operating system.
    #[must_use]
    pub fn new(seed: [u8; 32]) -> Self {
        Self(blake3::Hasher::new_keyed(&seed).finalize_xof())
    }

    /// The stream that a test replays.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        Self::new(bytes)
    }

    /// Fills a buffer.
    pub fn fill(&mut self, buffer: &mut [u8]) {
        self.0.fill(buffer);
    }

    /// So many fresh bytes.
    #[must_use]
    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    /// A number below `bound`, or 0 when the bound is 0. The bias is below 2^-32 for bounds below 2^32.
    #[must_use]
    pub fn below(&mut self, bound: u64) -> u64 {
        u64::from_le_bytes(self.bytes()).checked_rem(bound).unwrap_or(0)
    }
}
