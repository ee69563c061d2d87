//! xennet.sys: NDIS 6 miniport over netfront.
//!
//! From above: [`entry`] (registration with NDIS), `adapter` (initialize and halt), `lifecycle` (pause,
//! restart, reset, power), `oid` (requests, with `stats`, `offload`, `rss`), `tx` and `rx` (data, with
//! `packet`, `payload`, `present` and `buffers`), `poll` (poll mode), `spread` (receive-side scaling in
//! software), `connect` (the connection, in one worker, with `announce`), `link` (what NDIS is told),
//! `config` (keywords), `report` (the debug dump), `host` (the seams over xenpci's interface), `gate` (who is inside).
#![no_std]

extern crate alloc;

mod adapter;
mod announce;
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
mod payload;
mod poll;
mod present;
mod report;
mod rss;
mod rx;
mod spread;
mod stats;
mod tx;
