//! What journeys stand on: the real programs, a display, a driver of the window, and patience with a limit.

pub mod display;
pub mod driver;
pub mod group;
pub mod look;
pub mod programs;

use std::fmt::Debug;
use std::future::Future;
use std::time::{Duration, Instant};

/// How long a condition may take on a busy machine before it counts as never.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Asks until the answer is `Ok`, or panics at the deadline with the last refusal. Nothing here waits for a fixed time.
pub async fn until<T, E: Debug, F: Future<Output = Result<T, E>>>(what: &str, ask: impl FnMut() -> F) -> T {
    match within(PATIENCE, ask).await {
        Ok(found) => found,
        Err(last) => panic!("never saw {what}: {last:?}"),
    }
}

/// Asks until the answer is `Ok`; the last refusal once the time is over.
pub async fn within<T, E, F: Future<Output = Result<T, E>>>(limit: Duration, mut ask: impl FnMut() -> F) -> Result<T, E> {
    let end = Instant::now() + limit;
    loop {
        match ask().await {
            Ok(found) => return Ok(found),
            Err(last) if Instant::now() > end => return Err(last),
            Err(_) => tokio::time::sleep(Duration::from_millis(40)).await,
        }
    }
}

/// A port that was free a moment ago.
pub fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a local port can be had");
    listener.local_addr().expect("a bound socket has an address").port()
}
