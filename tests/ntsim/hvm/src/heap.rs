//! The simulator's own heap: one region, a well-known allocator, a lock that interrupts cannot enter.

use core::{
    alloc::{GlobalAlloc, Layout},
    cell::UnsafeCell,
    ptr::NonNull,
    sync::atomic::{AtomicBool, Ordering},
};

use linked_list_allocator::Heap as List;

use crate::port::{disable, enable};

/// The allocator.
pub struct Heap {
    held: AtomicBool,
    list: UnsafeCell<List>,
}

// The list is reached only with `held` taken.
unsafe impl Sync for Heap {}

impl Heap {
    #[allow(clippy::new_without_default)]
    /// Empty until [`Heap::give`].
    pub const fn new() -> Self {
        Self { held: AtomicBool::new(false), list: UnsafeCell::new(List::empty()) }
    }

    fn with<R>(&self, f: impl FnOnce(&mut List) -> R) -> R {
        let on = disable();
        while self.held.swap(true, Ordering::Acquire) {
            core::hint::spin_loop();
        }
        let result = f(unsafe { &mut *self.list.get() });
        self.held.store(false, Ordering::Release);
        if on {
            enable();
        }
        result
    }

    /// Gives the allocator its memory, once.
    pub fn give(&self, start: u64, len: usize) {
        self.with(|list| unsafe { list.init(start as *mut u8, len) });
    }

    /// Bytes in use.
    pub fn used(&self) -> usize {
        self.with(|list| list.used())
    }
}

unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.with(|list| list.allocate_first_fit(layout)).map_or(core::ptr::null_mut(), NonNull::as_ptr)
    }
    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        if let Some(at) = NonNull::new(at) {
            self.with(|list| unsafe { list.deallocate(at, layout) });
        }
    }
}
