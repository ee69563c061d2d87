//! xennet.sys: NDIS 6 miniport over netfront.
//!
//! From above: [`entry`] (registration with NDIS), `adapter` (initialize and halt), `lifecycle` (pause,
//! restart, reset, power), `oid` (requests, with `stats`, `offload`, `rss`), `tx` and `rx` (data,
//! with `packet` and `buffers`), `connect` (the connection, in one worker), `link` (what NDIS is
//! told), `config` (keywords), `host` (the seams over xenpci's interface), `gate` (who is inside).
#![no_std]

extern crate alloc;

mod adapter;
mod buffers;
mod bus;
mod config;
mod connect;
pub mod entry;
mod gate;
mod host;
mod lifecycle;
mod link;
mod offload;
mod oid;
mod packet;
mod rss;
mod rx;
mod stats;
mod tx;
