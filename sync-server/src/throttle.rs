//! How often something may happen: a bucket of tokens for each key, in bounded memory.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use kernel::Timestamp;

/// The most keys that are remembered.
const KEYS: usize = 20_000;

/// Buckets that hold `burst` tokens and gain one in so many milliseconds.
pub struct Throttle {
    burst: f64,
    millis: f64,
    buckets: Mutex<BTreeMap<String, (f64, Timestamp)>>,
}

impl Throttle {
    /// Buckets of this size and speed.
    #[must_use]
    pub fn new(burst: u32, millis: u32) -> Self {
        Self { burst: f64::from(burst), millis: f64::from(millis), buckets: Mutex::new(BTreeMap::new()) }
    }

    /// Takes a token.
    ///
    /// # Errors
    /// The milliseconds until there is one.
    pub fn take(&self, key: &str, now: Timestamp) -> Result<(), u64> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= KEYS {
            // Full buckets say nothing. If all are in use, forgetting them favours the honest over the many.
            buckets.retain(|_, (tokens, since)| self.filled(*tokens, *since, now) < self.burst);
            if buckets.len() >= KEYS {
                buckets.clear();
            }
        }
        let (tokens, since) = buckets.entry(key.to_owned()).or_insert((self.burst, now));
        *tokens = self.filled(*tokens, *since, now);
        *since = now;
        if *tokens >= 1.0 {
            *tokens -= 1.0;
            return Ok(());
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small positive number of milliseconds")]
        Err(((1.0 - *tokens) * self.millis).ceil() as u64)
    }

    /// Puts a token back.
    pub fn give_back(&self, key: &str) {
        if let Some((tokens, _)) = self.buckets.lock().unwrap_or_else(PoisonError::into_inner).get_mut(key) {
            *tokens = (*tokens + 1.0).min(self.burst);
        }
    }

    fn filled(&self, tokens: f64, since: Timestamp, now: Timestamp) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "differences of seconds")]
        let passed = (now.millis() - since.millis()).max(0) as f64;
        (tokens + passed / self.millis).min(self.burst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_empties_and_fills_with_time() {
        let throttle = Throttle::new(2, 1_000);
        let at = Timestamp::from_millis;
        assert_eq!([throttle.take("a", at(0)), throttle.take("a", at(0)), throttle.take("a", at(0))], [Ok(()), Ok(()), Err(1_000)]);
        assert_eq!((throttle.take("b", at(0)), throttle.take("a", at(500)), throttle.take("a", at(1_000))), (Ok(()), Err(500), Ok(())));
        throttle.give_back("a");
        assert_eq!(throttle.take("a", at(1_000)), Ok(()));
    }

    #[test]
    fn memory_is_bounded_whoever_comes() {
        let throttle = Throttle::new(1, 1_000);
        for number in 0..KEYS * 2 {
            let _ = throttle.take(&number.to_string(), Timestamp::from_millis(0));
        }
        assert!(throttle.buckets.lock().unwrap().len() <= KEYS);
    }
}
