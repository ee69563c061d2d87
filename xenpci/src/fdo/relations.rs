//! What the bus reports below it.

use alloc::{sync::Arc, vec::Vec};
use core::mem::{offset_of, size_of};

use nt::sys::{DEVICE_OBJECT, DEVICE_RELATIONS, NTSTATUS, STATUS_INSUFFICIENT_RESOURCES, STATUS_SUCCESS};

use super::Fdo;
use crate::{
    irp::{Irp, free_pool, pool},
    pdo::Pdo,
};

impl Fdo {
    /// Adds the children to the bus relations that may already be in the request.
    #[expect(unsafe_code, reason = "reads and writes relation lists")]
    pub(super) fn bus_relations(&self, irp: &mut Irp) -> NTSTATUS {
        let children = self.children.lock();
        let reported: Vec<Arc<Pdo>> = children.iter().filter(|child| !child.is_missing()).cloned().collect();
        let old = irp.information() as *mut DEVICE_RELATIONS;
        // SAFETY: null, or a list that a driver above left, which stays ours to replace.
        let kept = unsafe { old.as_ref() }.map_or(0, |list| list.Count as usize);
        let most = kept + reported.len();
        let bytes = offset_of!(DEVICE_RELATIONS, Objects) + most.max(1) * size_of::<*mut DEVICE_OBJECT>();
        let list = pool(bytes).cast::<DEVICE_RELATIONS>();
        if list.is_null() {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        // SAFETY: inside the fresh memory.
        let objects = unsafe { &raw mut (*list).Objects }.cast::<*mut DEVICE_OBJECT>();
        if kept != 0 {
            // SAFETY: the old list has so many entries.
            let from = unsafe { &raw const (*old).Objects }.cast::<*mut DEVICE_OBJECT>();
            // SAFETY: both have room for `kept` entries and are distinct.
            unsafe { objects.copy_from_nonoverlapping(from, kept) };
        }
        let mut count = kept;
        for child in &reported {
            if let Some(device) = child.referenced_device() {
                // SAFETY: `count` is below `most`.
                let slot = unsafe { objects.add(count) };
                // SAFETY: inside the fresh memory.
                unsafe { slot.write(device) };
                count += 1;
            }
        }
        // SAFETY: the fresh memory.
        unsafe { (*list).Count = count as u32 };
        if !old.is_null() {
            // SAFETY: replaced by ours, its references moved over.
            unsafe { free_pool(old.cast()) };
        }
        irp.set_information(list.addr());
        STATUS_SUCCESS
    }
}
