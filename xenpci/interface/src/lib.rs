//! The versioned interface that xenpci hands to its children.
//!
//! A child (xenvbd's adapter, xennet's NIC) asks for it with `IRP_MN_QUERY_INTERFACE` on its
//! physical device object, naming [`GUID_XENPCI_INTERFACE`], the version and the size that it was
//! built with; [`mod@abi`] is the C structure that the request fills. [`Client`] is the safe side of
//! it and implements the seams of [`xenbus::seam`], so that front-ends run over it unchanged.
//!
//! # Versions
//! A version is a prefix: version n+1 appends functions and never changes earlier ones. xenpci fills
//! every version from [`VERSION_MIN`] to [`VERSION`] with that version's size, so that a child and a
//! bus from neighbouring releases always bind. A child that needs a newer version than the bus has
//! gets `STATUS_NOT_SUPPORTED` and asks again for an older one that it also knows.
//!
//! # Lifetime
//! `QUERY_INTERFACE` hands the structure out referenced. A reference pins the physical device object
//! and xenpci's driver object; it is not a licence to talk to a device that is gone: after the
//! child's PDO was removed or surprise-removed, calls that need the device fail with
//! [`Status::CLOSED`] and those that release things still work. A child drops its last [`Client`]
//! (everything made from it keeps one) before it completes `IRP_MN_REMOVE_DEVICE`.
#![no_std]

extern crate alloc;

pub mod abi;
mod client;
mod events;
mod lifecycle;
mod pages;
mod status;
mod store;
mod tasks;

pub use abi::{GUID_XENPCI_INTERFACE, Guid, Interface, VERSION, VERSION_MIN};
pub use client::{BadInterface, Client};
pub use events::{EventClient, EventSink};
pub use lifecycle::{
    DebugRegistration, DebugSource, DebugWriter, Kind, Phase, PhaseHandler, Policy, SelfTest,
    SelfTestRegistration, SuspendRegistration, Wake,
};
pub use pages::Pages;
pub use status::Status;
pub use store::Watch;
pub use tasks::{LockGuard, Signal, SpinLock, Timer, Work};
