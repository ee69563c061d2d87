//! Pages shared with another domain: words as atomics, never plain references.
//!
//! Two things are told apart. [`SharedPage`] is what rings need: copies and single words, in a form
//! that also fits an interface between drivers. [`Words`] gives the atomics themselves, which grant
//! entries, event words and the shared info page need for their read-modify-write rules.
//!
//! [`RawPages`] is memory that somebody else mapped (this module is one of the few with `unsafe`);
//! [`HeapPages`] is ordinary memory, for tests of everything above.

use alloc::{boxed::Box, vec::Vec};

use crate::{
    seam::{NoMemory, PageAllocator, SharedPage},
    sync::{AtomicU32, Ordering},
    types::{Gfn, PAGE_SIZE},
};

/// Bytes in a word.
const WORD: usize = size_of::<u32>();
/// Words in a page.
pub const PAGE_WORDS: usize = PAGE_SIZE / WORD;

/// Shared memory as a slice of atomic 32-bit words. Xen's structures need nothing wider: its 64-bit
/// bit maps are little-endian and used bit by bit.
pub trait Words {
    /// All words.
    fn words(&self) -> &[AtomicU32];

    /// The word at byte offset `offset`.
    ///
    /// # Panics
    /// When the offset is outside of the memory or not aligned: a bug of the caller (offsets never
    /// come from a peer unchecked).
    fn word(&self, offset: usize) -> &AtomicU32 {
        assert!(offset.is_multiple_of(WORD), "a word's offset is a multiple of 4");
        &self.words()[offset / WORD]
    }
}

impl<W: Words + ?Sized> Words for &W {
    fn words(&self) -> &[AtomicU32] {
        (**self).words()
    }
}

/// Relaxed copy out of a run of words, each read exactly once.
///
/// # Panics
/// When the run is outside of the memory or not in whole words.
pub fn copy_out(words: &[AtomicU32], offset: usize, to: &mut [u8]) {
    assert!(offset.is_multiple_of(WORD) && to.len().is_multiple_of(WORD), "copies are in whole words");
    let from = &words[offset / WORD..][..to.len() / WORD];
    for (word, bytes) in from.iter().zip(to.chunks_exact_mut(WORD)) {
        bytes.copy_from_slice(&word.load(Ordering::Relaxed).to_ne_bytes());
    }
}

/// Relaxed copy in of a run of words, each written exactly once.
///
/// # Panics
/// When the run is outside of the memory or not in whole words.
pub fn copy_in(words: &[AtomicU32], offset: usize, from: &[u8]) {
    assert!(offset.is_multiple_of(WORD) && from.len().is_multiple_of(WORD), "copies are in whole words");
    let to = &words[offset / WORD..][..from.len() / WORD];
    for (word, bytes) in to.iter().zip(from.chunks_exact(WORD)) {
        word.store(u32::from_ne_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]), Ordering::Relaxed);
    }
}

/// Implements [`SharedPage`] for a type with `Words` and a `gfns(&self) -> &[Gfn]`.
macro_rules! shared_page_of_words {
    ($($head:tt)*) => {
        $($head)* {
            fn len(&self) -> usize {
                self.words().len() * WORD
            }
            fn gfn(&self, index: usize) -> Gfn {
                self.gfns()[index]
            }
            fn load(&self, offset: usize) -> u32 {
                self.word(offset).load(Ordering::Relaxed)
            }
            fn store(&self, offset: usize, value: u32) {
                self.word(offset).store(value, Ordering::Relaxed);
            }
            fn load_acquire(&self, offset: usize) -> u32 {
                self.word(offset).load(Ordering::Acquire)
            }
            fn store_release(&self, offset: usize, value: u32) {
                self.word(offset).store(value, Ordering::Release);
            }
            fn copy_out(&self, offset: usize, to: &mut [u8]) {
                copy_out(self.words(), offset, to);
            }
            fn copy_in(&self, offset: usize, from: &[u8]) {
                copy_in(self.words(), offset, from);
            }
        }
    };
}

/// Pages in the kernel's address space, contiguous there (their frames need not be). Does not own
/// them: whoever mapped them wraps this and frees them after it.
#[cfg(not(loom))]
#[derive(Debug)]
pub struct RawPages<G = arrayvec::ArrayVec<Gfn, 16>> {
    base: core::ptr::NonNull<AtomicU32>,
    gfns: G,
}

#[cfg(not(loom))]
#[allow(unsafe_code, reason = "the one place where mapped memory becomes atomics")]
mod raw {
    use core::{ptr::NonNull, slice};

    use super::{Gfn, PAGE_SIZE, PAGE_WORDS, RawPages, Words};
    use crate::sync::AtomicU32;

    impl<G: AsRef<[Gfn]>> RawPages<G> {
        /// Takes the pages that start at `base`, one for each frame of `gfns`.
        ///
        /// # Panics
        /// When `base` is not page-aligned.
        ///
        /// # Safety
        /// `gfns.len()` pages behind `base` are mapped, readable and writable, non-pageable, for as
        /// long as this value lives, and nothing in this kernel reaches them through plain
        /// (non-atomic) accesses meanwhile.
        pub unsafe fn new(base: NonNull<u8>, gfns: G) -> Self {
            assert!(base.as_ptr().addr().is_multiple_of(PAGE_SIZE), "shared pages are page-aligned");
            Self { base: base.cast(), gfns }
        }

        /// The frames.
        pub fn gfns(&self) -> &[Gfn] {
            self.gfns.as_ref()
        }
    }

    impl<G: AsRef<[Gfn]>> Words for RawPages<G> {
        fn words(&self) -> &[AtomicU32] {
            let count = self.gfns.as_ref().len() * PAGE_WORDS;
            // SAFETY: `new`'s contract: that many pages are mapped for the life of `self` and only
            // reached atomically; page-aligned memory is aligned for words.
            unsafe { slice::from_raw_parts(self.base.as_ptr(), count) }
        }
    }

    // SAFETY: the memory is reached through atomics only, from any processor.
    unsafe impl<G: Send> Send for RawPages<G> {}
    // SAFETY: as above; `G` is only read through shared references.
    unsafe impl<G: Sync> Sync for RawPages<G> {}
}

#[cfg(not(loom))]
shared_page_of_words!(impl<G: AsRef<[Gfn]>> SharedPage for RawPages<G>);

/// Pages of ordinary memory with made-up frame numbers. For tests, fuzzers and benchmarks: cloning
/// shares the memory, so that both ends of a ring can have it.
#[derive(Clone, Debug)]
pub struct HeapPages {
    words: alloc::sync::Arc<[AtomicU32]>,
    gfns: Box<[Gfn]>,
}

impl HeapPages {
    /// `count` zeroed pages with the frames `first`, `first + 1`, …
    #[must_use]
    pub fn new(first: Gfn, count: usize) -> Self {
        let words: Vec<_> = (0..count * PAGE_WORDS).map(|_| AtomicU32::new(0)).collect();
        Self { words: words.into(), gfns: (0..count).map(|i| Gfn(first.0 + i as u64)).collect() }
    }

    /// The frames.
    #[must_use]
    pub fn gfns(&self) -> &[Gfn] {
        &self.gfns
    }
}

impl Words for HeapPages {
    fn words(&self) -> &[AtomicU32] {
        &self.words
    }
}

shared_page_of_words!(impl SharedPage for HeapPages);

/// Makes [`HeapPages`] with ever new frame numbers, from 1 on.
#[derive(Debug)]
pub struct HeapAllocator(AtomicU32);

impl Default for HeapAllocator {
    fn default() -> Self {
        Self(AtomicU32::new(1))
    }
}

impl PageAllocator for HeapAllocator {
    type Page = HeapPages;
    fn alloc_pages(&self, count: usize) -> Result<HeapPages, NoMemory> {
        let step = u32::try_from(count).map_err(|_| NoMemory)?;
        let first = self.0.fetch_add(step, Ordering::Relaxed);
        Ok(HeapPages::new(Gfn(first.into()), count))
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn copies_are_exact_and_stay_in_their_place() {
        let page = HeapPages::new(Gfn(7), 2);
        let bytes: Vec<u8> = (1..=16).collect();
        page.copy_in(PAGE_SIZE - 8, &bytes);
        let mut back = [0; 24];
        page.copy_out(PAGE_SIZE - 12, &mut back);
        assert_eq!(back[..4], [0; 4]);
        assert_eq!(back[4..20], bytes[..]);
        assert_eq!(back[20..], [0; 4]);
        assert_eq!(page.load(PAGE_SIZE), u32::from_le_bytes([9, 10, 11, 12]));
        assert_eq!((page.len(), page.gfn(1)), (2 * PAGE_SIZE, Gfn(8)));
    }

    #[test]
    #[should_panic(expected = "multiple of 4")]
    fn an_unaligned_word_is_a_bug() {
        HeapPages::new(Gfn(0), 1).load(2);
    }

    #[test]
    fn raw_pages_see_the_same_memory() {
        #[repr(align(4096))]
        struct Backing([u8; 2 * PAGE_SIZE]);
        let mut backing = Box::new(Backing([0xa5; 2 * PAGE_SIZE]));
        let base = core::ptr::NonNull::from(&mut backing.0).cast();
        #[allow(unsafe_code, reason = "the test owns the memory")]
        // SAFETY: the box outlives the pages and is not touched while they live.
        let pages = unsafe { RawPages::new(base, [Gfn(3), Gfn(9)]) };
        assert_eq!(pages.load(PAGE_SIZE + 4), 0xa5a5_a5a5);
        pages.store_release(2 * PAGE_SIZE - 4, 0x0102_0304);
        assert_eq!(pages.load_acquire(2 * PAGE_SIZE - 4), 0x0102_0304);
        assert_eq!(pages.gfn(1), Gfn(9));
        assert_eq!(backing.0[2 * PAGE_SIZE - 4..], [4, 3, 2, 1]);
    }
}
