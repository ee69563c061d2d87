//! Ports and who is told about their events: a table that interrupt routines read without a lock.

use alloc::{boxed::Box, sync::Arc};
use core::{
    ptr,
    sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, Ordering},
    time::Duration,
};

use nt::{
    ke::{dpc::Dpc, timer::Timer},
    sys::{HighImportance, KeFlushQueuedDpcs},
};
use xenbus::event::Backoff;

use crate::os::Spin;

/// Ports per page of the table, and pages: all ports of the FIFO scheme.
const PER_PAGE: usize = 512;
const PAGES: usize = 256;

/// What runs when an event came: in a DPC, on the port's processor.
pub type Handler = Box<dyn Fn(u32) + Send + Sync>;

/// What unmasks a port: the table's owner.
pub trait Unmasker: Send + Sync {
    /// Unmasks now.
    fn unmask_now(&self, port: u32);
}

/// What DPC and timer of a port share.
pub struct Shared {
    port: u32,
    handler: Handler,
    unmasker: alloc::sync::Weak<dyn Unmasker>,
    backoff: Spin<Backoff>,
    closing: AtomicBool,
    /// Events handled, for the debug dump.
    pub count: AtomicU64,
}

/// An open port.
pub struct Channel {
    /// Whose it is: 0 is the bus, others are the children's numbers.
    pub owner: usize,
    /// The NT index of the processor that the consumer wants.
    pub processor: AtomicU32,
    shared: Arc<Shared>,
    dpc: Dpc<Arc<Shared>>,
    timer: Timer<Arc<Shared>>,
}

fn run(shared: &Arc<Shared>) {
    if !shared.closing.load(Ordering::Acquire) {
        shared.count.fetch_add(1, Ordering::Relaxed);
        (shared.handler)(shared.port);
    }
}

fn unmask_late(shared: &Arc<Shared>) {
    if !shared.closing.load(Ordering::Acquire)
        && let Some(unmasker) = shared.unmasker.upgrade()
    {
        unmasker.unmask_now(shared.port);
    }
}

impl Channel {
    /// A channel; `None` without memory.
    pub fn new(
        port: u32,
        owner: usize,
        processor: u32,
        handler: Handler,
        unmasker: alloc::sync::Weak<dyn Unmasker>,
    ) -> Option<Arc<Self>> {
        let shared = Arc::new(Shared {
            port,
            handler,
            unmasker,
            backoff: Spin::new(Backoff::new()),
            closing: AtomicBool::new(false),
            count: AtomicU64::new(0),
        });
        let dpc = Dpc::new(run, Arc::clone(&shared))?;
        dpc.set_importance(HighImportance);
        let timer = Timer::new(unmask_late, Arc::clone(&shared))?;
        let channel = Self { owner, processor: AtomicU32::new(processor), shared, dpc, timer };
        channel.retarget(processor);
        Some(Arc::new(channel))
    }

    /// The number.
    pub fn port(&self) -> u32 {
        self.shared.port
    }

    /// Events handled so far.
    pub fn count(&self) -> u64 {
        self.shared.count.load(Ordering::Relaxed)
    }

    /// Has the handler run on another processor from now on.
    pub fn retarget(&self, processor: u32) {
        self.processor.store(processor, Ordering::Relaxed);
        if let Some(number) = super::processors::number(processor) {
            // Without such a processor the DPC runs where the interrupt is.
            let _ = self.dpc.set_processor(number);
        }
    }

    /// Runs the handler soon. Any IRQL.
    pub fn kick(&self) {
        self.dpc.queue();
    }

    /// The consumer has run; gives the time to wait before the port is unmasked, which the timer then
    /// does, or false when it should be done at once.
    pub fn delay_unmask(&self, work: bool) -> bool {
        let delay = self.shared.backoff.lock().served(work);
        if delay == 0 {
            return false;
        }
        self.timer.start(Duration::from_nanos(delay), None);
        true
    }

    /// No handler runs any more and none will. `PASSIVE_LEVEL`.
    #[expect(unsafe_code, reason = "calls the kernel")]
    pub fn close(self: Arc<Self>) {
        self.shared.closing.store(true, Ordering::Release);
        // Interrupt routines that found the channel in the table are over after this, and so is a
        // handler that was running; what they queued is waited for when DPC and timer are dropped.
        // SAFETY: at PASSIVE_LEVEL.
        unsafe { KeFlushQueuedDpcs() };
        drop(self);
    }
}

struct Page([AtomicPtr<Channel>; PER_PAGE]);

/// The table, by port number.
pub struct Table {
    pages: Box<[AtomicPtr<Page>]>,
}

#[expect(unsafe_code, reason = "a lock-free table of counted pointers")]
impl Table {
    /// An empty table.
    pub fn new() -> Self {
        Self { pages: (0..PAGES).map(|_| AtomicPtr::new(ptr::null_mut())).collect() }
    }

    fn place(&self, port: u32) -> Option<&AtomicPtr<Channel>> {
        let page = self.pages.get(port as usize / PER_PAGE)?.load(Ordering::Acquire);
        // SAFETY: null, or a page that lives as long as the table.
        let page = unsafe { page.as_ref() }?;
        page.0.get(port as usize % PER_PAGE)
    }

    /// The channel of a port, for an interrupt routine or a DPC: it stays valid until that routine
    /// returns (see [`Channel::close`]).
    pub fn find(&self, port: u32) -> Option<&Channel> {
        let channel = self.place(port)?.load(Ordering::Acquire);
        // SAFETY: taken out of the table before it is freed, and freed only after all interrupt
        // routines and DPCs of the time are over.
        unsafe { channel.as_ref() }
    }

    /// Enters a channel; false when the port has one already or there is no memory.
    pub fn insert(&self, channel: Arc<Channel>) -> bool {
        let port = channel.port();
        let Some(slot) = self.pages.get(port as usize / PER_PAGE) else { return false };
        if slot.load(Ordering::Acquire).is_null() {
            let page = Box::into_raw(Box::new(Page([const { AtomicPtr::new(ptr::null_mut()) }; PER_PAGE])));
            if slot.compare_exchange(ptr::null_mut(), page, Ordering::AcqRel, Ordering::Acquire).is_err() {
                // SAFETY: nobody else knows it.
                drop(unsafe { Box::from_raw(page) });
            }
        }
        let Some(place) = self.place(port) else { return false };
        let raw = Arc::into_raw(channel).cast_mut();
        if place.compare_exchange(ptr::null_mut(), raw, Ordering::AcqRel, Ordering::Acquire).is_err() {
            // SAFETY: the count taken just now.
            drop(unsafe { Arc::from_raw(raw.cast_const()) });
            return false;
        }
        true
    }

    /// Takes a channel out, if it is `owner`'s. The caller closes it.
    pub fn remove(&self, port: u32, owner: usize) -> Option<Arc<Channel>> {
        let place = self.place(port)?;
        let found = self.find(port).filter(|channel| channel.owner == owner)?;
        let raw = ptr::from_ref(found).cast_mut();
        place.compare_exchange(raw, ptr::null_mut(), Ordering::AcqRel, Ordering::Acquire).ok()?;
        // SAFETY: the count that `insert` put there.
        Some(unsafe { Arc::from_raw(raw.cast_const()) })
    }

    /// Calls `f` with each channel.
    pub fn each(&self, mut f: impl FnMut(&Channel)) {
        for page in &self.pages {
            // SAFETY: null, or a page that lives as long as the table.
            let Some(page) = (unsafe { page.load(Ordering::Acquire).as_ref() }) else { continue };
            for place in &page.0 {
                // SAFETY: as in `find`.
                if let Some(channel) = unsafe { place.load(Ordering::Acquire).as_ref() } {
                    f(channel);
                }
            }
        }
    }

    /// Takes all channels out.
    pub fn drain(&self) -> alloc::vec::Vec<Arc<Channel>> {
        let mut ports = alloc::vec::Vec::new();
        self.each(|channel| ports.push((channel.port(), channel.owner)));
        ports.into_iter().filter_map(|(port, owner)| self.remove(port, owner)).collect()
    }
}

impl Drop for Table {
    #[expect(unsafe_code, reason = "frees the pages")]
    fn drop(&mut self) {
        for channel in self.drain() {
            channel.close();
        }
        for page in &self.pages {
            let page = page.load(Ordering::Acquire);
            if !page.is_null() {
                // SAFETY: made in `insert`, dropped once; nobody reads the table any more.
                drop(unsafe { Box::from_raw(page) });
            }
        }
    }
}
