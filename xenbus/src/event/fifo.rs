//! The FIFO scheme: a word per port, linked into queues by the hypervisor, unlinked by us.
//!
//! In a word, `PENDING` and `MASKED` mean what they say. The hypervisor links a port into a queue when
//! it becomes pending and is not masked, by writing it into the `LINK` of the queue's last word, and
//! sets `LINKED`; we take ports from the front by clearing `LINKED` and `LINK` together, which gives
//! the next. `BUSY` is the hypervisor's: it is about to write the link, and asks us not to unmask
//! meanwhile. We may only set and clear `MASKED`, clear `PENDING`, clear `LINKED` with `LINK`.

use alloc::boxed::Box;
use core::mem::offset_of;

use once_cell::race::OnceBox;

use super::{Scan, Unmask};
use crate::{
    abi::event::{
        BUSY_BIT, ControlBlock, FIFO_CHANNELS, LINK_BITS, LINKED_BIT, MASKED_BIT, PENDING_BIT, QUEUES,
    },
    page::{PAGE_WORDS, Words},
    sync::{AtomicU32, Ordering},
};

const PENDING: u32 = 1 << PENDING_BIT;
const MASKED: u32 = 1 << MASKED_BIT;
const LINKED: u32 = 1 << LINKED_BIT;
const BUSY: u32 = 1 << BUSY_BIT;
const LINK: u32 = (1 << LINK_BITS) - 1;

/// Ports whose words fit into a page.
const PORTS_PER_PAGE: u32 = PAGE_WORDS as u32;
/// Pages of the whole array.
const PAGES: usize = (FIFO_CHANNELS / PORTS_PER_PAGE) as usize;
/// How often an operation on a word is tried against the other processors and the hypervisor, which
/// holds a word busy for a few instructions only.
const TRIES: u32 = if cfg!(loom) { 2 } else { 100 };

/// The array has all its pages, or the hypervisor refused one. Gives the page back.
#[derive(Debug, PartialEq, Eq)]
pub struct NoRoom<P, E>(pub P, pub Option<E>);

/// The array of event words. Pages are only ever added.
#[derive(Debug)]
pub struct Fifo<P> {
    pages: Box<[OnceBox<P>]>,
    count: AtomicU32,
    /// Links and heads that pointed outside of the array.
    garbage: AtomicU32,
}

/// What a processor's earlier scan left over.
#[derive(Clone, Debug, Default)]
pub struct FifoQueues {
    /// The next port of each queue; 0 is none known.
    head: [u32; QUEUES as usize],
    /// Bit per queue that may have more.
    ready: u32,
}

impl<P: Words> Default for Fifo<P> {
    fn default() -> Self {
        Self::create()
    }
}

impl<P: Words> Fifo<P> {
    /// An array without pages. Allocates its table.
    #[must_use]
    pub fn create() -> Self {
        let pages = (0..PAGES).map(|_| OnceBox::new()).collect();
        Self { pages, count: AtomicU32::new(0), garbage: AtomicU32::new(0) }
    }

    /// Adds a page. All its ports are masked before `expand` has the hypervisor use it
    /// (`EVTCHNOP_expand_array`). One caller at a time. `PASSIVE_LEVEL`: allocates.
    ///
    /// # Errors
    /// [`NoRoom`].
    pub fn add_page<E>(&self, page: P, expand: impl FnOnce(&P) -> Result<(), E>) -> Result<(), NoRoom<P, E>> {
        let count = self.count.load(Ordering::Relaxed);
        let Some(place) = self.pages.get(count as usize) else { return Err(NoRoom(page, None)) };
        Self::clear(&page);
        if let Err(error) = expand(&page) {
            return Err(NoRoom(page, Some(error)));
        }
        if let Err(page) = place.set(Box::new(page)) {
            return Err(NoRoom(*page, None));
        }
        self.count.store(count + 1, Ordering::Release);
        Ok(())
    }

    /// After a wake in a new domain, where nothing is bound: masks and clears every port, and has the
    /// hypervisor use the pages again, in order. Nobody else uses the array meanwhile.
    ///
    /// # Errors
    /// What `expand` says; the pages from there on are not in use then, their ports never pending.
    pub fn recreate<E>(&self, mut expand: impl FnMut(&P) -> Result<(), E>) -> Result<(), E> {
        for page in self.pages.iter().map_while(OnceBox::get) {
            Self::clear(page);
            expand(page)?;
        }
        Ok(())
    }

    fn clear(page: &P) {
        for word in page.words() {
            word.store(MASKED, Ordering::Relaxed);
        }
        crate::sync::fence(Ordering::SeqCst);
    }

    /// Number of ports that have a word.
    pub fn ports(&self) -> u32 {
        self.count.load(Ordering::Acquire) * PORTS_PER_PAGE
    }

    /// Links and heads that pointed outside of the array: the hypervisor's memory is damaged.
    pub fn garbage(&self) -> u32 {
        self.garbage.load(Ordering::Relaxed)
    }

    fn word(&self, port: u32) -> Option<&AtomicU32> {
        let page = self.pages.get((port / PORTS_PER_PAGE) as usize)?.get()?;
        page.words().get((port % PORTS_PER_PAGE) as usize)
    }

    /// See [`super::Scheme::mask`].
    pub fn mask(&self, port: u32) {
        if let Some(word) = self.word(port) {
            word.fetch_or(MASKED, Ordering::SeqCst);
        }
    }

    /// See [`super::Scheme::unmask`].
    pub fn unmask(&self, port: u32) -> Unmask {
        let Some(word) = self.word(port) else { return Unmask::Done };
        let mut now = word.load(Ordering::SeqCst);
        for _ in 0..TRIES {
            if now & MASKED == 0 {
                return Unmask::Done;
            }
            if now & PENDING != 0 {
                return Unmask::Hypercall;
            }
            // Only while not busy; in one step, so that no event comes in between.
            let idle = now & !BUSY;
            match word.compare_exchange(idle, idle & !MASKED, Ordering::SeqCst, Ordering::SeqCst) {
                Ok(_) => return Unmask::Done,
                Err(other) => now = other,
            }
            core::hint::spin_loop();
        }
        // Still busy: the hypervisor can do it in any state.
        Unmask::Hypercall
    }

    /// See [`super::Scheme::is_masked`].
    pub fn is_masked(&self, port: u32) -> bool {
        self.word(port).is_some_and(|word| word.load(Ordering::SeqCst) & MASKED != 0)
    }

    /// See [`super::Scheme::is_pending`].
    pub fn is_pending(&self, port: u32) -> bool {
        self.word(port).is_some_and(|word| word.load(Ordering::SeqCst) & PENDING != 0)
    }

    /// See [`super::Scheme::clear_pending`].
    pub fn clear_pending(&self, port: u32) -> bool {
        self.word(port).is_some_and(|word| word.fetch_and(!PENDING, Ordering::SeqCst) & PENDING != 0)
    }

    /// Takes a port out of its queue and returns the next. Bounded by what else may happen to a linked
    /// word: mask, pending and busy change, each a few times.
    fn unlink(word: &AtomicU32) -> u32 {
        let old = word.fetch_and(!(LINKED | LINK), Ordering::SeqCst);
        old & LINK
    }

    /// See [`super::Scheme::scan`]; the caller has acknowledged the upcall.
    pub fn scan(
        &self,
        control: &impl Words,
        queues: &mut FifoQueues,
        budget: u32,
        mut taken: impl FnMut(u32),
    ) -> Scan {
        let ready_word = control.word(offset_of!(ControlBlock, ready));
        for _ in 0..budget {
            // The most urgent queue first, also when it got ready after we began.
            queues.ready |= ready_word.swap(0, Ordering::SeqCst) & ((1 << QUEUES) - 1);
            if queues.ready == 0 {
                return Scan::Done;
            }
            let queue = queues.ready.trailing_zeros();
            if let Some(port) = self.take(control, queues, queue) {
                taken(port);
            }
        }
        queues.ready |= ready_word.swap(0, Ordering::SeqCst) & ((1 << QUEUES) - 1);
        if queues.ready == 0 { Scan::Done } else { Scan::More }
    }

    /// Takes the first port of a queue that is ready; `None` if it is masked or not pending (somebody
    /// changed that while it was linked), or no port at all.
    fn take(&self, control: &impl Words, queues: &mut FifoQueues, queue: u32) -> Option<u32> {
        let head = &mut queues.head[queue as usize];
        let port = if *head == 0 {
            // The queue was empty: the hypervisor wrote its first port before it set ready.
            let at = offset_of!(ControlBlock, head) + queue as usize * 4;
            control.word(at).load(Ordering::SeqCst)
        } else {
            *head
        };
        let word = if port == 0 { None } else { self.word(port) };
        let Some(word) = word else {
            self.garbage.fetch_add(1, Ordering::Relaxed);
            *head = 0;
            queues.ready &= !(1 << queue);
            return None;
        };
        *head = Self::unlink(word);
        if *head == 0 {
            queues.ready &= !(1 << queue);
        }
        // After the unlinking: an event that comes now finds the port pending and links nothing.
        if word.load(Ordering::SeqCst) & (PENDING | MASKED) != PENDING {
            return None;
        }
        word.fetch_or(MASKED, Ordering::SeqCst);
        word.fetch_and(!PENDING, Ordering::SeqCst);
        Some(port)
    }
}
