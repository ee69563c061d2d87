//! See `fuzz::net_queues`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::net_queues(data));
