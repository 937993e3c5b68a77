//! A device that receives arbitrary entries takes over what can be proven, or nothing.

#![no_main]

libfuzzer_sys::fuzz_target!(
    // The kernel contains panics of Automerge; only those that leave it are findings.
    init: drop(std::panic::take_hook()),
    |bytes: &[u8]| {
        kernel::sync::harness::receive(bytes);
    }
);
