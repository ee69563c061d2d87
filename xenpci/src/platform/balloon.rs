//! The balloon: memory that Windows does without, given back to Xen.

use alloc::{
    sync::{Arc, Weak},
    vec::Vec,
};
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use nt::sys::{
    LARGE_INTEGER, MDL, MmAllocatePagesForMdlEx, MmFreePagesFromMdl, NTSTATUS, PHYSICAL_MEMORY_RANGE,
};
use xenbus::{
    arch::{Direct, Xen},
    keys::{
        self,
        domain::{MEMORY_STATIC_MAX, MEMORY_TARGET},
    },
    seam::Store as _,
    types::PAGE_SIZE,
};

use super::{Platform, log::Severity, store::Watch};
use crate::{
    os::{Signal, Spin, Thread, time},
    policy::balloon::{self as policy, Step},
};

/// `MM_DONT_ZERO_ALLOCATION | MM_ALLOCATE_FULLY_REQUIRED`-less: as many as there are, not touched
/// (populate-on-demand: a touch would take memory that the host does not have).
const DONT_ZERO: u32 = 0x1;
/// `MmCached`.
const CACHED: i32 = 1;

/// Pages taken from Windows in one step: their frames are empty, but for those that the host has filled
/// again in an attempt to give the batch back.
struct Batch {
    mdl: *mut MDL,
    frames: Vec<u64>,
    filled: usize,
}

#[expect(unsafe_code, reason = "the list is only passed back")]
// SAFETY: see the reason.
unsafe impl Send for Batch {}

/// The balloon. Dropped, it gives everything back (as far as the host has memory).
pub struct Balloon {
    watch: Spin<Option<Watch>>,
    thread: Spin<Option<Thread>>,
    paused: Arc<AtomicBool>,
    /// Nothing is to be held, whatever the target says.
    emptied: Arc<AtomicBool>,
    /// Pages held.
    pub held: Arc<AtomicU64>,
}

impl Balloon {
    /// Starts to follow `memory/target`. `PASSIVE_LEVEL`.
    ///
    /// # Errors
    /// The thread could not be made.
    pub fn start(platform: &Arc<Platform>) -> Result<Arc<Self>, NTSTATUS> {
        let target = Arc::downgrade(platform);
        let paused = Arc::new(AtomicBool::new(false));
        let held = Arc::new(AtomicU64::new(0));
        let emptied = Arc::new(AtomicBool::new(false));
        let flags =
            Flags { paused: Arc::clone(&paused), emptied: Arc::clone(&emptied), held: Arc::clone(&held) };
        let xen = platform.xen;
        let thread = Thread::spawn(move |signal| run(&target, xen, signal, &flags))?;
        let (watch, thread) = (Spin::new(None), Spin::new(Some(thread)));
        let balloon = Arc::new(Self { watch, thread, paused, emptied, held });
        let again = Arc::downgrade(&balloon);
        let watch = platform.store.watch(MEMORY_TARGET, move |_| {
            if let Some(balloon) = again.upgrade() {
                balloon.wake();
            }
        });
        match watch {
            Ok(watch) => *balloon.watch.lock() = Some(watch),
            Err(error) => {
                let text = alloc::format!("{MEMORY_TARGET} cannot be watched: {error:?}");
                platform.log.event(Severity::Warning, &text);
            }
        }
        Ok(balloon)
    }

    fn wake(&self) {
        if let Some(thread) = &*self.thread.lock() {
            thread.wake();
        }
    }

    /// Gives all pages back, for a sleep from which a new domain wakes; waits at most 10 s. False when
    /// the host had no memory for all. `PASSIVE_LEVEL`.
    pub fn empty(&self) -> bool {
        self.emptied.store(true, Ordering::Release);
        self.wake();
        let end = time::now() + 10 * time::SECOND;
        while self.held.load(Ordering::Acquire) != 0 && time::now() < end {
            time::sleep(10 * time::MS);
        }
        self.held.load(Ordering::Acquire) == 0
    }

    /// Rests (during a suspend), or goes on.
    pub fn pause(&self, pause: bool) {
        self.paused.store(pause, Ordering::Release);
        self.emptied.store(false, Ordering::Release);
        if !pause {
            self.wake();
        }
    }
}

impl Drop for Balloon {
    fn drop(&mut self) {
        let watch = self.watch.lock().take();
        drop(watch);
        let thread = self.thread.lock().take();
        drop(thread);
    }
}

impl Platform {
    pub(super) fn balloon_pause(&self, pause: bool) {
        let balloon = self.balloon.lock().clone();
        if let Some(balloon) = balloon {
            balloon.pause(pause);
        }
    }
}

/// Pages that Windows found at boot.
#[expect(unsafe_code, reason = "reads a list of the kernel's")]
fn memory_pages() -> u64 {
    // SAFETY: at PASSIVE_LEVEL; the list is ours to free.
    let ranges = unsafe { nt::sys::MmGetPhysicalMemoryRanges() };
    if ranges.is_null() {
        return 0;
    }
    let mut bytes = 0u64;
    let mut at: *const PHYSICAL_MEMORY_RANGE = ranges;
    loop {
        // SAFETY: the list ends with an empty range.
        let range = unsafe { at.read() };
        // SAFETY: all bit patterns are integers.
        let length = unsafe { range.NumberOfBytes.QuadPart };
        if length <= 0 {
            break;
        }
        bytes += length.cast_unsigned();
        at = at.wrapping_add(1);
    }
    // SAFETY: allocated by the kernel for us.
    unsafe { nt::sys::ExFreePoolWithTag(ranges.cast(), 0) };
    bytes / PAGE_SIZE as u64
}

/// What the thread shares with its owner.
struct Flags {
    paused: Arc<AtomicBool>,
    emptied: Arc<AtomicBool>,
    held: Arc<AtomicU64>,
}

fn run(platform: &Weak<Platform>, xen: Xen<Direct>, signal: &Signal, flags: &Flags) {
    let Flags { paused, emptied, held } = flags;
    let memory = memory_pages();
    let mut batches: Vec<Batch> = Vec::new();
    let mut wait = None;
    loop {
        match wait.take() {
            None => signal.wait(),
            Some(time) => {
                let _ = signal.wait_for(time);
            }
        }
        if signal.is_stopping() {
            break;
        }
        if paused.load(Ordering::Acquire) {
            continue;
        }
        let Some(platform) = platform.upgrade() else { break };
        let number = |path: &str| platform.store.read(None, path).ok().as_deref().and_then(keys::parse_u64);
        let wanted = if emptied.load(Ordering::Acquire) {
            0
        } else {
            policy::wanted(number(MEMORY_TARGET), number(MEMORY_STATIC_MAX), memory)
        };
        drop(platform);
        loop {
            if signal.is_stopping() || paused.load(Ordering::Acquire) {
                break;
            }
            let have = batches.iter().map(Batch::len).sum();
            held.store(have, Ordering::Release);
            let done = match policy::step(have, wanted) {
                Step::Rest => break,
                Step::Inflate(pages) => inflate(xen, pages).map(|batch| batches.push(batch)).is_some(),
                Step::Deflate(_) => deflate(xen, &mut batches),
            };
            if !done {
                wait = Some(policy::RETRY);
                break;
            }
        }
    }
    while deflate(xen, &mut batches) {}
    // What the host has no memory for stays out of Windows for ever.
    held.store(batches.iter().map(Batch::len).sum(), Ordering::Release);
}

/// Takes at most `pages` from Windows and gives them to Xen.
#[expect(unsafe_code, reason = "takes pages and empties their frames")]
fn inflate(xen: Xen<Direct>, pages: u64) -> Option<Batch> {
    let at = |address: i64| LARGE_INTEGER { QuadPart: address };
    let bytes = pages as usize * PAGE_SIZE;
    // SAFETY: at PASSIVE_LEVEL; any frames will do.
    let mdl = unsafe { MmAllocatePagesForMdlEx(at(0), at(i64::MAX), at(0), bytes, CACHED, DONT_ZERO) };
    if mdl.is_null() {
        return None;
    }
    // SAFETY: a live list; the count says how many pages it has.
    let count = unsafe { (*mdl).ByteCount } as usize / PAGE_SIZE;
    // SAFETY: a live list.
    let array = unsafe { nt::irp::MmGetMdlPfnArray(mdl) };
    let frames: Vec<u64> = (0..count)
        // SAFETY: the array has `count` entries.
        .map(|index| unsafe { array.wrapping_add(index).read() } as u64)
        .collect();
    // SAFETY: the pages are ours, not mapped, and nothing relies on them.
    let done = unsafe { xen.memory_decrease_reservation(&frames, 0) }.unwrap_or(0);
    let whole = done == frames.len() && done != 0;
    let mut batch = Batch { mdl, frames, filled: 0 };
    if whole {
        return Some(batch);
    }
    batch.frames.truncate(done);
    if batch.fill(xen) {
        free(batch.mdl);
        return None;
    }
    // Some frames stay empty: the pages stay ours.
    Some(batch)
}

impl Batch {
    /// Number of frames that are empty.
    fn len(&self) -> u64 {
        (self.frames.len() - self.filled) as u64
    }

    /// Has the host fill the frames; false when it had no memory for all.
    #[expect(unsafe_code, reason = "fills frames")]
    fn fill(&mut self, xen: Xen<Direct>) -> bool {
        let empty = &self.frames[self.filled..];
        if !empty.is_empty() {
            // SAFETY: the frames are empty and nothing relies on them.
            let done = unsafe { xen.memory_populate_physmap(empty, 0) }.unwrap_or(0);
            self.filled += done.min(empty.len());
        }
        self.filled == self.frames.len()
    }
}

/// Gives the pages of the newest batch back to Windows; false when there is none, or the host has no
/// memory for all of it. Batches are not split: at most one step too much is given back, and taken again.
fn deflate(xen: Xen<Direct>, batches: &mut Vec<Batch>) -> bool {
    let Some(mut batch) = batches.pop() else { return false };
    if batch.fill(xen) {
        free(batch.mdl);
        return true;
    }
    batches.push(batch);
    false
}

#[expect(unsafe_code, reason = "frees pages")]
fn free(mdl: *mut MDL) {
    // SAFETY: from MmAllocatePagesForMdlEx, freed once.
    unsafe { MmFreePagesFromMdl(mdl) };
    // SAFETY: the list itself is pool.
    unsafe { nt::sys::ExFreePoolWithTag(mdl.cast(), 0) };
}
