//! Any bytes are translated or refused.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = blueprint::rules::translate::translate_bytes(bytes);
});
