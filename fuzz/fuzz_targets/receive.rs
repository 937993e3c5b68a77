//! A device that receives arbitrary entries takes over what can be proven, or nothing.

#![no_main]

libfuzzer_sys::fuzz_target!(
    // The kernel contains panics of Automerge; only those that leave it are findings. A backtrace of each takes seconds.
    init: std::panic::set_hook(Box::new(|panic| eprintln!("{panic}"))),
    |bytes: &[u8]| {
        kernel::sync::harness::receive(bytes);
    }
);
