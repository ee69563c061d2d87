//! See `fuzz::xs_client`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::xs_client(data));
