//! The seams between protocol logic and the world.
//!
//! Front-ends are written against these traits only. xenpci implements them over the hypervisor, the
//! children over xenpci's interface, tests over the simulated Xen. All methods take `&self`: an
//! implementation brings its own locks, and says in its documentation which.

use alloc::{string::String, vec::Vec};

use crate::types::{Domid, Gfn, GrantRef, Port};

/// What a back-end may do with a granted page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// The back-end may only read the page (`GTF_readonly`).
    ReadOnly,
    /// The back-end may read and write the page.
    ReadWrite,
}

/// Why a grant could not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrantError {
    /// All entries are in use and the table cannot grow: queue and try again after an `end_access`.
    Exhausted,
    /// The domain is being suspended or the device was disconnected.
    Closed,
    /// The frame's number has more bits than an entry of the table: beyond 16 TiB.
    Unaddressable,
}

/// `end_access` found the grant still mapped by the peer. The grant stays in force; the caller keeps
/// the reference, and the page must not be freed or reused before a later `end_access` succeeds.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "the page behind a grant that is still mapped must stay pinned"]
pub struct StillMapped(pub GrantRef);

/// Grants pages of this domain to a peer. Callable at `IRQL <= DISPATCH_LEVEL`; never blocks, never
/// allocates.
pub trait GrantTable {
    /// Grants `frame` to `peer`.
    ///
    /// # Errors
    /// [`GrantError::Exhausted`] when no entry is free; [`GrantError::Closed`] during suspend;
    /// [`GrantError::Unaddressable`] for a frame beyond 32 bits.
    fn grant_access(&self, peer: Domid, frame: Gfn, access: Access) -> Result<GrantRef, GrantError>;

    /// Ends a grant; on success the peer can no longer reach the page. A grant of a domain that is no more ends always.
    ///
    /// # Errors
    /// [`StillMapped`] gives the reference back when the peer still maps the page.
    fn end_access(&self, grant: GrantRef) -> Result<(), StillMapped>;

    /// Whether `grant` belongs to a domain that is no more.
    fn is_void(&self, grant: &GrantRef) -> bool;

    /// Entries that could be granted right now, growth of the table included: a hint for admission.
    fn available(&self) -> u32;
}

/// Why an event channel operation failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventError {
    /// No free port.
    Exhausted,
    /// The hypervisor refused (its errno).
    Refused(i32),
    /// The domain is being suspended or the device was disconnected.
    Closed,
}

/// Inter-domain event channels. `notify` is callable at `IRQL <= DISPATCH_LEVEL`, the rest at
/// `PASSIVE_LEVEL`. How an event reaches its consumer is the implementation's business.
pub trait EventChannels {
    /// Allocates a port that `peer` may bind to; its events are delivered on processor `vcpu` where
    /// the hypervisor allows, masked until [`EventChannels::unmask`].
    ///
    /// # Errors
    /// See [`EventError`].
    fn alloc_unbound(&self, peer: Domid, vcpu: u32) -> Result<Port, EventError>;

    /// Sends an event to the peer.
    fn notify(&self, port: &Port);

    /// Lets events through; if one is pending it is delivered.
    fn unmask(&self, port: &Port);

    /// Closes the port. When it returns the consumer is not running and will not run again.
    fn close(&self, port: Port);
}

/// Why a xenstore operation failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreError {
    /// The node does not exist (`ENOENT`).
    NotFound,
    /// The transaction met a conflict; do it again (`EAGAIN`).
    Again,
    /// No permission (`EACCES`).
    Denied,
    /// A quota was reached (`EQUOTA`, `ENOSPC`, `E2BIG`).
    Quota,
    /// Another error that xenstored named.
    Remote(String),
    /// No answer within the bound.
    TimedOut,
    /// xenstored broke the protocol: the store is not usable until it is reset.
    Broken,
    /// The domain is being suspended; the request was not carried out.
    Closed,
    /// The request cannot be expressed (path or payload too long, NUL inside).
    Invalid,
}

/// The identity of a transaction; 0 on the wire is "none".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransactionId(pub u32);

/// xenstore. `PASSIVE_LEVEL`; every call is bounded in time. Paths are absolute or relative to the
/// domain's home. Values are byte strings without a trailing NUL.
pub trait Store {
    /// Reads a node.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn read(&self, txn: Option<TransactionId>, path: &str) -> Result<Vec<u8>, StoreError>;
    /// Names of a node's children.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn list(&self, txn: Option<TransactionId>, path: &str) -> Result<Vec<String>, StoreError>;
    /// Writes a node, making it and its parents where they are missing.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn write(&self, txn: Option<TransactionId>, path: &str, value: &[u8]) -> Result<(), StoreError>;
    /// Removes a node and all below it.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn remove(&self, txn: Option<TransactionId>, path: &str) -> Result<(), StoreError>;
    /// Starts a transaction.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn begin(&self) -> Result<TransactionId, StoreError>;
    /// Ends a transaction; [`StoreError::Again`] means that it must be done anew.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn end(&self, txn: TransactionId, commit: bool) -> Result<(), StoreError>;
}

/// Memory that a peer can change at any time: words, never references. Offsets are in bytes and
/// must be aligned to the access; an offset outside the memory is a bug of the caller and panics
/// (offsets never come from a peer unchecked).
pub trait SharedPage {
    /// Length in bytes, a multiple of the page size.
    fn len(&self) -> usize;
    /// True for no page at all.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// The guest frame of page `index`.
    fn gfn(&self, index: usize) -> Gfn;
    /// Relaxed load of a word.
    fn load(&self, offset: usize) -> u32;
    /// Relaxed store of a word.
    fn store(&self, offset: usize, value: u32);
    /// Acquire load of a word.
    fn load_acquire(&self, offset: usize) -> u32;
    /// Release store of a word.
    fn store_release(&self, offset: usize, value: u32);
    /// Copies out bytes, each word read exactly once. `offset` and `to.len()` are multiples of 4.
    fn copy_out(&self, offset: usize, to: &mut [u8]);
    /// Copies in bytes, word by word. `offset` and `from.len()` are multiples of 4.
    fn copy_in(&self, offset: usize, from: &[u8]);
    /// Gives up the owner and keeps the memory for good: the peer still maps some of it.
    fn leak(self)
    where
        Self: Sized,
    {
        core::mem::forget(self);
    }
}

/// No page could be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoMemory;

/// Hands out pages that can be granted. `IRQL <= DISPATCH_LEVEL`. A page is freed by dropping it:
/// whoever grants it keeps it together with its grant and leaks it ([`SharedPage::leak`]) rather than drop it while
/// [`StillMapped`].
pub trait PageAllocator {
    /// An owned run of pages.
    type Page: SharedPage;
    /// Allocates `count` zeroed pages; their frames need not be contiguous.
    ///
    /// # Errors
    /// [`NoMemory`].
    fn alloc_pages(&self, count: usize) -> Result<Self::Page, NoMemory>;
}

/// Time since some fixed point, in nanoseconds; never goes back. Any IRQL.
pub trait Clock {
    /// Now.
    fn now(&self) -> u64;
}

/// The seams of one device in one bundle, shared by all its queues.
pub trait Host {
    /// Grants.
    type Grants: GrantTable;
    /// Event channels.
    type Events: EventChannels;
    /// Pages of our own.
    type Pages: PageAllocator;

    /// Grants.
    fn grants(&self) -> &Self::Grants;
    /// Event channels.
    fn events(&self) -> &Self::Events;
    /// Pages of our own.
    fn pages(&self) -> &Self::Pages;
}

/// One object that is all seams.
impl<T: GrantTable + EventChannels + PageAllocator> Host for T {
    type Grants = Self;
    type Events = Self;
    type Pages = Self;
    fn grants(&self) -> &Self {
        self
    }
    fn events(&self) -> &Self {
        self
    }
    fn pages(&self) -> &Self {
        self
    }
}

/// Pages of a host.
pub type PageOf<H> = <<H as Host>::Pages as PageAllocator>::Page;
