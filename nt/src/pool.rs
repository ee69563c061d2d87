//! Non-paged, never executable, zeroed pool; and the allocator of `alloc` over it.
//!
//! `ExAllocatePool2` (Windows 10 2004) is looked up once by [`init`]; without it
//! `ExAllocatePoolWithTag(NonPagedPoolNx)` and zeroing do the same. IRQL ≤ DISPATCH_LEVEL.

use core::alloc::Layout;
use core::mem::transmute;
use core::ops::{Deref, DerefMut};
use core::ptr::{self, NonNull, null_mut};
use core::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

use crate::sys::*;
use crate::unicode::UnicodeString;

/// Alignment that pool gives to allocations below a page.
pub const POOL_ALIGNMENT: usize = 16;

static ALLOCATE_POOL2: AtomicPtr<c_void> = AtomicPtr::new(null_mut());
/// Tag of all allocations of this driver, as `!pool` shows it (first character lowest).
static TAG: AtomicU32 = AtomicU32::new(u32::from_le_bytes(*b"XenR"));

/// Finds `ExAllocatePool2` and sets the driver's pool tag. Call once, first thing in DriverEntry.
/// PASSIVE_LEVEL.
pub fn init(tag: [u8; 4]) {
    TAG.store(u32::from_le_bytes(tag), Ordering::Relaxed);
    let name = UnicodeString::new(crate::utf16!("ExAllocatePool2"));
    // SAFETY: the string is valid; unknown names give null.
    let found = unsafe { MmGetSystemRoutineAddress(name.as_ptr()) };
    ALLOCATE_POOL2.store(found, Ordering::Release);
}

/// Allocates `size` zeroed bytes, aligned to 16 (to a page from one page on), or null.
#[must_use]
pub fn allocate(size: usize) -> *mut c_void {
    let tag = TAG.load(Ordering::Relaxed);
    let newer = ALLOCATE_POOL2.load(Ordering::Acquire);
    if !newer.is_null() {
        // SAFETY: the address is that of ExAllocatePool2, which has this prototype.
        let newer = unsafe { transmute::<*mut c_void, PFN_ExAllocatePool2>(newer) };
        // SAFETY: any size and tag are allowed.
        return unsafe { newer(POOL_FLAG_NON_PAGED, size.max(1), tag) };
    }
    // SAFETY: any size and tag are allowed; the tag is not zero.
    let block = unsafe { ExAllocatePoolWithTag(NonPagedPoolNx, size.max(1), tag) };
    if !block.is_null() {
        // SAFETY: the block has `size` bytes and is ours.
        unsafe { ptr::write_bytes(block.cast::<u8>(), 0, size) };
    }
    block
}

/// Frees what [`allocate`] gave.
///
/// # Safety
/// `block` came from [`allocate`] and is not used again.
pub unsafe fn free(block: *mut c_void) {
    // SAFETY: per contract; the tag is the one it was allocated with.
    unsafe { ExFreePoolWithTag(block, TAG.load(Ordering::Relaxed)) };
}

/// How an aligned block lies in a pool block: bytes to ask for, or `None` on overflow.
///
/// Up to [`POOL_ALIGNMENT`] the pool's own alignment will do. Beyond it there is room for the
/// alignment and, just below the aligned address, for the address of the pool block.
fn padded(layout: Layout) -> Option<usize> {
    if layout.align() <= POOL_ALIGNMENT {
        return Some(layout.size());
    }
    layout.size().checked_add(layout.align())?.checked_add(size_of::<usize>())
}

/// The aligned address within a block of [`padded`] bytes, with room for one word below.
fn align_within(block: usize, align: usize) -> usize {
    (block + size_of::<usize>()).next_multiple_of(align)
}

/// The driver's allocator: what `Box`, `Vec` and `Arc` use. Failure is reported to the caller
/// (`alloc_error` is a bug check, so drivers use the fallible constructors outside of start-up, or have a
/// [`reserve`](crate::reserve)).
pub struct PoolAllocator;

// SAFETY: blocks come from the pool, keep their size and alignment until freed, and are freed once.
unsafe impl core::alloc::GlobalAlloc for PoolAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let Some(size) = padded(layout) else { return null_mut() };
        let block = allocate(size).cast::<u8>();
        if block.is_null() {
            return crate::reserve::take(layout);
        }
        if layout.align() <= POOL_ALIGNMENT {
            return block;
        }
        let offset = align_within(block.addr(), layout.align()) - block.addr();
        let aligned = block.wrapping_add(offset);
        let slot = aligned.cast::<*mut u8>().wrapping_sub(1);
        // SAFETY: `padded` leaves a word below the aligned address.
        unsafe { slot.write(block) };
        aligned
    }

    unsafe fn dealloc(&self, aligned: *mut u8, layout: Layout) {
        if crate::reserve::give_back(aligned, layout) {
            return;
        }
        let block = if layout.align() <= POOL_ALIGNMENT {
            aligned
        } else {
            // SAFETY: `alloc` stored the block's address there.
            unsafe { aligned.cast::<*mut u8>().wrapping_sub(1).read() }
        };
        // SAFETY: `block` came from `allocate`.
        unsafe { free(block.cast()) };
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // Pool is zeroed already.
        // SAFETY: same contract.
        unsafe { self.alloc(layout) }
    }
}

/// A value in its own pool block: made fallibly, and at one address for its whole life.
pub struct PoolBox<T>(NonNull<T>);

// SAFETY: owns its value.
unsafe impl<T: Send> Send for PoolBox<T> {}
// SAFETY: owns its value.
unsafe impl<T: Sync> Sync for PoolBox<T> {}

impl<T> PoolBox<T> {
    /// Frees a block whose value is gone.
    ///
    /// # Safety
    /// `block` came from `new` and is not used again.
    unsafe fn give_back(block: *mut T) {
        if !crate::reserve::give_back(block.cast(), Layout::new::<T>()) {
            // SAFETY: not the reserve's, so it came from the pool.
            unsafe { free(block.cast()) };
        }
    }

    /// Moves `value` into the pool (or the driver's reserve, if it has one); `None` (and the value dropped) without memory.
    /// IRQL ≤ DISPATCH_LEVEL.
    #[must_use]
    pub fn new(value: T) -> Option<Self> {
        const { assert!(align_of::<T>() <= POOL_ALIGNMENT) };
        let mut block = allocate(size_of::<T>()).cast::<T>();
        if block.is_null() {
            block = crate::reserve::take(Layout::new::<T>()).cast();
        }
        let block = NonNull::new(block)?;
        // SAFETY: fresh, large enough, aligned.
        unsafe { block.write(value) };
        Some(Self(block))
    }

    /// The value's address, valid as long as the box.
    #[must_use]
    pub fn as_ptr(&self) -> *mut T {
        self.0.as_ptr()
    }

    /// Gives up ownership; [`PoolBox::from_raw`] takes it back.
    #[must_use]
    pub fn into_raw(self) -> *mut T {
        let block = self.as_ptr();
        core::mem::forget(self);
        block
    }

    /// Takes back what [`PoolBox::into_raw`] gave.
    ///
    /// # Safety
    /// `block` came from `into_raw` and is taken back once.
    #[must_use]
    pub unsafe fn from_raw(block: *mut T) -> Self {
        // SAFETY: boxes are never null.
        Self(unsafe { NonNull::new_unchecked(block) })
    }

    /// Moves the value out and frees the block.
    #[must_use]
    pub fn into_inner(self) -> T {
        let block = self.into_raw();
        // SAFETY: the box owned a valid value; it is read once.
        let value = unsafe { block.read() };
        // SAFETY: allocated by `new`, moved out of.
        unsafe { Self::give_back(block) };
        value
    }
}

impl<T> Deref for PoolBox<T> {
    type Target = T;
    fn deref(&self) -> &T {
        // SAFETY: the box owns a valid value.
        unsafe { self.0.as_ref() }
    }
}

impl<T> DerefMut for PoolBox<T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the box owns a valid value and is borrowed mutably.
        unsafe { self.0.as_mut() }
    }
}

impl<T> Drop for PoolBox<T> {
    fn drop(&mut self) {
        // SAFETY: the value is valid and not used again.
        unsafe { self.0.drop_in_place() };
        // SAFETY: allocated by `new`.
        unsafe { Self::give_back(self.as_ptr()) };
    }
}

#[cfg(all(windows, panic = "abort"))]
#[global_allocator]
static ALLOCATOR: PoolAllocator = PoolAllocator;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_alignments_cost_nothing_and_large_ones_fit() {
        let size = |size, align| padded(Layout::from_size_align(size, align).unwrap());
        assert_eq!(size(24, 8), Some(24));
        assert_eq!(size(24, 16), Some(24));
        assert_eq!(size(24, 64), Some(24 + 64 + 8));
        for align in [32usize, 64, 4096, 65536] {
            for block in (0..align * 2).step_by(POOL_ALIGNMENT) {
                let at = align_within(block, align);
                assert_eq!(at % align, 0);
                assert!(at >= block + size_of::<usize>(), "word below, align {align} block {block}");
                let end = block + size(100, align).unwrap();
                assert!(at + 100 <= end, "inside, align {align} block {block}");
            }
        }
    }

    #[test]
    fn absurd_sizes_are_refused() {
        let layout = Layout::from_size_align(isize::MAX as usize - 63, 64).unwrap();
        // Fits arithmetically; the pool refuses it. What would wrap must give None:
        assert_eq!(padded(layout), Some(isize::MAX as usize - 63 + 72));
    }
}
