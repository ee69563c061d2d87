//! `memory_op`, and the size of the grant table.

use super::Xen;
use crate::{
    abi::{
        GuestHandle, Number, domid,
        grant::{self, GetVersion, QuerySize, SetVersion, Status},
        memory::{AddToPhysmap, Command, RemoveFromPhysmap, Reservation, Space},
    },
    arch::Hypercall,
    errno::{Errno, Result},
    types::Gfn,
};

/// Size of the grant table in frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GrantSize {
    /// What it has.
    pub frames: u32,
    /// What the host allows.
    pub max_frames: u32,
}

impl<H: Hypercall> Xen<H> {
    /// Puts page `index` of `space` behind `frame`.
    ///
    /// # Errors
    /// [`Errno::EINVAL`] for an index that the space does not have (a grant frame beyond the limit).
    ///
    /// # Safety
    /// Nothing relies on the contents of `frame`, and what comes there is reached through atomics only.
    pub unsafe fn memory_add_to_physmap(&self, space: Space, index: u64, frame: Gfn) -> Result<()> {
        let mut arg =
            AddToPhysmap { domid: domid::SELF.0, size: 0, space: space.0, idx: index, gpfn: frame.0 };
        // SAFETY: no pointer in the argument; the frame is the caller's contract.
        unsafe { self.op(Number::MEMORY_OP, Command::ADD_TO_PHYSMAP.0, &mut arg, 0) }.map(|_| ())
    }

    /// Takes away what lies behind `frame`.
    ///
    /// # Errors
    /// [`Errno::ENOENT`] when there is nothing; [`Errno::ENOSYS`] before Xen 4.0.
    ///
    /// # Safety
    /// Nothing relies on the frame.
    pub unsafe fn memory_remove_from_physmap(&self, frame: Gfn) -> Result<()> {
        let mut arg = RemoveFromPhysmap { domid: domid::SELF.0, pad: [0; 3], gpfn: frame.0 };
        // SAFETY: no pointer in the argument; the frame is the caller's contract.
        unsafe { self.op(Number::MEMORY_OP, Command::REMOVE_FROM_PHYSMAP.0, &mut arg, 0) }.map(|_| ())
    }

    /// # Safety
    /// As [`Xen::memory_decrease_reservation`] and [`Xen::memory_populate_physmap`].
    unsafe fn reservation(&self, command: Command, frames: &[u64], order: u32) -> Result<usize> {
        let mut arg = Reservation {
            extent_start: GuestHandle::new(frames.as_ptr()),
            nr_extents: frames.len() as u64,
            extent_order: order,
            mem_flags: 0,
            domid: domid::SELF.0,
            pad: [0; 3],
        };
        // SAFETY: the argument points to `frames`, which the hypervisor only reads (an HVM guest's
        // frames are not written back); the frames are the caller's contract.
        let done = unsafe { self.op(Number::MEMORY_OP, command.0, &mut arg, frames.len() as u64) }?;
        // At most the length of a slice: the cast cannot truncate.
        Ok(done as usize)
    }

    /// Gives the frames back to Xen, each number the first of `1 << order`; returns how many of the
    /// list were done. `frames` is resident.
    ///
    /// # Errors
    /// As the hypervisor says; none of the list is done then.
    ///
    /// # Safety
    /// Nothing relies on the frames: an access to one is lost or faults.
    pub unsafe fn memory_decrease_reservation(&self, frames: &[u64], order: u32) -> Result<usize> {
        // SAFETY: the caller's contract.
        unsafe { self.reservation(Command::DECREASE_RESERVATION, frames, order) }
    }

    /// Puts new RAM behind the frames, each number the first of `1 << order`; returns how many of the
    /// list were done: fewer when the host is short of memory. `frames` is resident.
    ///
    /// # Errors
    /// As the hypervisor says; none of the list is done then.
    ///
    /// # Safety
    /// Nothing lies behind the frames, or nothing relies on what does. The new contents are another
    /// domain's leftovers unless the host scrubs: zero them before use.
    pub unsafe fn memory_populate_physmap(&self, frames: &[u64], order: u32) -> Result<usize> {
        // SAFETY: the caller's contract.
        unsafe { self.reservation(Command::POPULATE_PHYSMAP, frames, order) }
    }

    fn memory_query(&self, command: Command) -> Result<u64> {
        let mut arg = domid::SELF.0;
        // SAFETY: the argument is the domain's id alone.
        unsafe { self.op(Number::MEMORY_OP, command.0, &mut arg, i64::MAX.cast_unsigned()) }
    }

    /// Pages that the domain has.
    ///
    /// # Errors
    /// As the hypervisor says.
    pub fn memory_current(&self) -> Result<u64> {
        self.memory_query(Command::CURRENT_RESERVATION)
    }

    /// Pages that the domain may have.
    ///
    /// # Errors
    /// As the hypervisor says.
    pub fn memory_maximum(&self) -> Result<u64> {
        self.memory_query(Command::MAXIMUM_RESERVATION)
    }

    /// Size and limit of the grant table. Xen 3.0.3 answers [`Errno::ENOSYS`]: it has 4 frames.
    ///
    /// # Errors
    /// As the hypervisor says.
    pub fn grant_query_size(&self) -> Result<GrantSize> {
        let mut arg = QuerySize { dom: domid::SELF.0, ..QuerySize::default() };
        // SAFETY: no pointer in the argument. The fourth argument counts array elements.
        unsafe { self.grant_op(grant::Command::QUERY_SIZE, &mut arg) }?;
        if arg.status != Status::OKAY {
            return Err(Errno::EINVAL);
        }
        if arg.nr_frames > arg.max_nr_frames || arg.max_nr_frames == 0 {
            return Err(Errno::GARBAGE);
        }
        Ok(GrantSize { frames: arg.nr_frames, max_frames: arg.max_nr_frames })
    }

    /// The version of the table's entries. Hypervisors that do not know the question have version 1.
    ///
    /// # Errors
    /// As the hypervisor says.
    pub fn grant_version(&self) -> Result<u32> {
        let mut arg = GetVersion { dom: domid::SELF.0, ..GetVersion::default() };
        // SAFETY: no pointer in the argument.
        match unsafe { self.grant_op(grant::Command::GET_VERSION, &mut arg) } {
            Ok(()) if (1..=2).contains(&arg.version) => Ok(arg.version),
            Ok(()) => Err(Errno::GARBAGE),
            Err(Errno::ENOSYS) => Ok(1),
            Err(errno) => Err(errno),
        }
    }

    /// Chooses the version of the table's entries; another kernel before us (a boot loader, the one
    /// that hibernated) may have left version 2. Only while no entry is in use.
    ///
    /// # Errors
    /// [`Errno::EBUSY`] when entries are in use, [`Errno::ENOSYS`] from old hypervisors.
    pub fn grant_set_version(&self, version: u32) -> Result<()> {
        let mut arg = SetVersion { version };
        // SAFETY: no pointer in the argument.
        unsafe { self.grant_op(grant::Command::SET_VERSION, &mut arg) }?;
        if arg.version == version { Ok(()) } else { Err(Errno::GARBAGE) }
    }

    /// A grant operation on one argument: the count is a third parameter.
    ///
    /// # Safety
    /// As [`Hypercall::hypercall`]; `T` is the type that the command takes.
    unsafe fn grant_op<T>(&self, command: grant::Command, arg: &mut T) -> Result<()> {
        let handle = GuestHandle::new(core::ptr::from_mut(arg));
        // SAFETY: the caller's contract; the argument is exclusively borrowed.
        let value =
            unsafe { self.0.hypercall(Number::GRANT_TABLE_OP, [command.0.into(), handle.0, 1, 0, 0]) };
        Errno::check(value, 0).map(|_| ())
    }
}
