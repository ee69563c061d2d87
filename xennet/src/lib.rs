//! xennet.sys: NDIS 6 miniport over netfront.
//!
//! From above: [`entry`] (registration with NDIS), [`adapter`] (initialize and halt), [`lifecycle`] (pause,
//! restart, reset, power), [`oid`] (requests, with [`stats`], [`offload`], [`rss`]), [`tx`] and [`rx`] (data,
//! with [`packet`] and [`buffers`]), [`connect`] (the connection, in one worker), [`link`] (what NDIS is
//! told), [`config`] (keywords), [`host`] (the seams over xenpci's interface), [`gate`] (who is inside).
#![no_std]

extern crate alloc;

pub mod adapter;
pub mod buffers;
mod bus;
pub mod config;
pub mod connect;
pub mod entry;
pub mod gate;
pub mod host;
pub mod lifecycle;
pub mod link;
pub mod offload;
pub mod oid;
pub mod packet;
pub mod rss;
pub mod rx;
pub mod stats;
pub mod tx;
