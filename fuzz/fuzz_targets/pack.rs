//! A device that is sent an arbitrary pack is where the pack says, or as it was.

#![no_main]

libfuzzer_sys::fuzz_target!(
    // The kernel contains panics of Automerge; only those that leave it are findings. A backtrace of each takes seconds.
    init: std::panic::set_hook(Box::new(|panic| eprintln!("{panic}"))),
    |bytes: &[u8]| {
        kernel::sync::harness::pack(bytes);
    }
);
