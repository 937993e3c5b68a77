//! Whatever is read as an entry is its only encoding.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    kernel::sync::harness::entry(bytes);
});
