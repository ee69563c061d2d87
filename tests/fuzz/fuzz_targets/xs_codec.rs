//! See `fuzz::xs_codec`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::xs_codec(data));
