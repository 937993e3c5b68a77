//! Whatever is read as a message, from either side, is written as one that reads the same.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    kernel::sync::harness::protocol(bytes);
});
