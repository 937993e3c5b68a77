//! A server session between arbitrary frames and arbitrary answers of its shell.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    kernel::sync::harness::session(bytes);
});
