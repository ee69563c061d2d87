//! What is fuzzed, as plain functions over bytes.
//!
//! Each function must return for any input: a panic, an endless loop or a failed assertion is a find.
//! `cargo xtask fuzz` drives them with libFuzzer; `cargo test` runs
//! them on stable over the seeds in `seeds/<name>/` and over pseudo-random bytes.

mod codec;
mod handshake;
mod net;
mod page;
mod store;

pub use codec::{blkif, keys, netif, xs_codec};
pub use handshake::handshake;
pub use net::{net_headers, net_queues};
pub use store::xs_client;

/// All targets by name.
pub const TARGETS: &[(&str, fn(&[u8]))] = &[
    ("xs_client", xs_client),
    ("xs_codec", xs_codec),
    ("handshake", handshake),
    ("blkif", blkif),
    ("netif", netif),
    ("keys", keys),
    ("net_queues", net_queues),
    ("net_headers", net_headers),
];
