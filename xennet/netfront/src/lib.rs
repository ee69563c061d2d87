//! The network front-end, sans-I/O, no NT.
#![no_std]
#![forbid(unsafe_code)]
