//! The grant table over the room that the hole has.

use alloc::sync::Arc;

use nt::sys::{KeGetCurrentProcessorNumberEx, PROCESSOR_NUMBER};
use xenbus::{
    abi::memory::Space,
    arch::{Direct, Xen},
    errno::Errno,
    grant::{Frames, Table},
    page::RawPages,
    sync::Platform as SyncPlatform,
    types::Gfn,
};

use super::hole::Hole;
use crate::os::Spin;

/// Frames that hypervisors have which cannot be asked (Xen 3.0.3).
const OLD_LIMIT: u32 = 4;

/// The driver's locks and processors, for the shared tables.
#[derive(Clone, Copy, Debug, Default)]
pub struct Here;

impl SyncPlatform for Here {
    type Lock<T> = Spin<T>;
    #[expect(unsafe_code, reason = "calls the kernel")]
    fn processor(&self) -> usize {
        let mut number = PROCESSOR_NUMBER::default();
        // SAFETY: the number outlives the call.
        unsafe { KeGetCurrentProcessorNumberEx(&raw mut number) as usize }
    }
}

/// The frames of the table: pages of the hole from `first` on.
pub struct Room {
    xen: Xen<Direct>,
    hole: Arc<Hole>,
    first: usize,
}

impl Frames for Room {
    type Frame = RawPages<[Gfn; 1]>;

    fn limit(&self) -> u32 {
        host_limit(self.xen).min((self.hole.len() - self.first) as u32)
    }

    fn memory(&self, index: u32) -> Self::Frame {
        self.hole.memory(self.first + index as usize)
    }

    #[expect(unsafe_code, reason = "changes what lies behind a frame")]
    fn place(&self, index: u32) -> bool {
        let frame = self.hole.gfn(self.first + index as usize);
        // SAFETY: a frame of the hole, of which nothing but this table knows.
        unsafe { self.xen.memory_add_to_physmap(Space::GRANT_TABLE, index.into(), frame) }.is_ok()
    }
}

/// The driver's grant table.
pub type Grants = Table<Room, Here>;

/// Frames that the host allows.
#[must_use]
pub fn host_limit(xen: Xen<Direct>) -> u32 {
    xen.grant_query_size().map_or(OLD_LIMIT, |size| size.max_frames)
}

/// Makes the table in the pages of `hole` from `first` on. A loader or a former kernel may have left
/// version 2 behind, which this driver does not use (DESIGN decision 5).
///
/// # Errors
/// What the hypervisor says when the version cannot be had; ENOMEM.
pub fn create(
    xen: Xen<Direct>,
    hole: &Arc<Hole>,
    first: usize,
    processors: usize,
) -> xenbus::errno::Result<Grants> {
    if xen.grant_version()? != 1 {
        xen.grant_set_version(1)?;
    }
    let table =
        Table::create(Room { xen, hole: Arc::clone(hole), first }, Here, processors).ok_or(Errno::ENOMEM)?;
    table.grow_to(1);
    Ok(table)
}
