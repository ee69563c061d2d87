//! Event channels on the guest's side: the words in which the hypervisor leaves events.
//!
//! There are two schemes. In the old one a port is a bit in two bit maps of the shared info page
//! ([`TwoLevel`], 4096 ports); in the new one it is a word in an array that grows, and pending ports are
//! linked into queues by priority, per processor ([`Fifo`], 131,072 ports). [`Scheme`] is either.
//!
//! A scan *takes* each port that is pending and not masked: it masks the port, clears pending and tells
//! the caller, who has the port's consumer run. When the consumer is done it unmasks; what came
//! meanwhile is delivered then. So a port is told at most once until its consumer has run, a peer that
//! sends without pause costs one masked port ([`Backoff`] says when to unmask it), and a scan has a
//! budget besides. No event is lost: pending is cleared before the consumer looks, and unmasking looks
//! at pending (the loom models in `tests/loom` check this against the hypervisor's part).
//!
//! All of it runs at any IRQL and takes no lock. A scan of a processor's queues is exclusive by its
//! [`Queues`]: `&mut`.

mod backoff;
mod fifo;
#[cfg(all(test, not(loom)))]
mod tests;
mod two_level;

pub use backoff::Backoff;
pub use fifo::{Fifo, FifoQueues, NoRoom};
pub use two_level::{Cursor, TwoLevel};

use core::mem::offset_of;

use crate::{
    abi::{LEGACY_MAX_VCPUS, shared::VcpuInfo},
    page::Words,
    sync::Ordering,
};

/// What unmasking came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "an event that is pending is delivered by the hypercall only"]
pub enum Unmask {
    /// The port is unmasked, nothing was pending.
    Done,
    /// The port is still masked and an event is pending: `EVTCHNOP_unmask` unmasks and delivers it.
    Hypercall,
}

/// How a scan ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "events may be left over"]
pub enum Scan {
    /// Everything was taken.
    Done,
    /// The budget is used up: scan again soon (from a DPC), nothing else will remind us.
    More,
}

/// A processor's `vcpu_info`, in the shared info page or where it was registered.
#[derive(Clone, Debug)]
pub struct Vcpu<W> {
    words: W,
    offset: usize,
}

impl<W: Words> Vcpu<W> {
    /// The one that starts at byte `offset` of `words`.
    ///
    /// # Panics
    /// When it does not fit, or the offset is not a multiple of 8: a bug of the caller.
    pub fn new(words: W, offset: usize) -> Self {
        assert!(offset.is_multiple_of(8) && offset + size_of::<VcpuInfo>() <= words.words().len() * 4);
        Self { words, offset }
    }

    /// The one of processor `vcpu` within the shared info page; only the first 32 have one there.
    pub fn in_shared_info(words: W, vcpu: u32) -> Option<Self> {
        (vcpu < LEGACY_MAX_VCPUS).then(|| Self::new(words, vcpu as usize * size_of::<VcpuInfo>()))
    }

    /// Clears `evtchn_upcall_pending`; true if it was set. Before a scan: an event that comes after it
    /// interrupts again.
    pub fn acknowledge(&self) -> bool {
        // The hypervisor writes the byte alone, we clear it within its word: both are atomic.
        self.words.word(self.offset).fetch_and(!0xff, Ordering::SeqCst) & 0xff != 0
    }

    /// Whether `evtchn_upcall_pending` is set.
    pub fn is_pending(&self) -> bool {
        self.words.word(self.offset).load(Ordering::Acquire) & 0xff != 0
    }

    /// Takes `evtchn_pending_sel`. In halves: a bit that is set meanwhile is in one or stays.
    fn take_selector(&self) -> u64 {
        let at = self.offset + offset_of!(VcpuInfo, evtchn_pending_sel);
        let low = self.words.word(at).swap(0, Ordering::AcqRel);
        let high = self.words.word(at + 4).swap(0, Ordering::AcqRel);
        u64::from(high) << 32 | u64::from(low)
    }
}

/// What is left of earlier scans of a processor, for either scheme.
#[derive(Clone, Debug, Default)]
pub struct Queues {
    fifo: FifoQueues,
    two_level: Cursor,
}

/// The scheme in use. A port number beyond what the scheme has now is not masked, not pending, and
/// cannot be unmasked.
#[derive(Debug)]
pub enum Scheme<S, P> {
    /// Bit maps in the shared info page `S`.
    TwoLevel(TwoLevel<S>),
    /// An array of pages `P`, and per processor a control block of which the caller gives the words.
    Fifo(Fifo<P>),
}

impl<S: Words, P: Words> Scheme<S, P> {
    /// Number of ports that can be used.
    pub fn ports(&self) -> u32 {
        match self {
            Self::TwoLevel(_) => TwoLevel::<S>::PORTS,
            Self::Fifo(fifo) => fifo.ports(),
        }
    }

    /// Masks the port: no scan takes it until it is unmasked.
    pub fn mask(&self, port: u32) {
        match self {
            Self::TwoLevel(scheme) => scheme.mask(port),
            Self::Fifo(scheme) => scheme.mask(port),
        }
    }

    /// Unmasks the port, or says that the hypervisor has to.
    pub fn unmask(&self, port: u32) -> Unmask {
        match self {
            Self::TwoLevel(scheme) => scheme.unmask(port),
            Self::Fifo(scheme) => scheme.unmask(port),
        }
    }

    /// Whether the port is masked.
    pub fn is_masked(&self, port: u32) -> bool {
        match self {
            Self::TwoLevel(scheme) => scheme.is_masked(port),
            Self::Fifo(scheme) => scheme.is_masked(port),
        }
    }

    /// Whether an event is pending, masked or not.
    pub fn is_pending(&self, port: u32) -> bool {
        match self {
            Self::TwoLevel(scheme) => scheme.is_pending(port),
            Self::Fifo(scheme) => scheme.is_pending(port),
        }
    }

    /// Clears pending; true if it was set. For polling a masked port.
    pub fn clear_pending(&self, port: u32) -> bool {
        match self {
            Self::TwoLevel(scheme) => scheme.clear_pending(port),
            Self::Fifo(scheme) => scheme.clear_pending(port),
        }
    }

    /// Takes what is pending on a processor: acknowledges its upcall, then tells `taken` each port that
    /// is pending and not masked, which is masked and not pending from then on. At most `budget` ports
    /// are looked at. `control` is the processor's FIFO control block (not used in the 2-level scheme).
    pub fn scan(
        &self,
        vcpu: &Vcpu<impl Words>,
        control: &impl Words,
        queues: &mut Queues,
        budget: u32,
        taken: impl FnMut(u32),
    ) -> Scan {
        vcpu.acknowledge();
        match self {
            Self::TwoLevel(scheme) => scheme.scan(vcpu, &mut queues.two_level, budget, taken),
            Self::Fifo(scheme) => scheme.scan(control, &mut queues.fifo, budget, taken),
        }
    }
}

/// How events reach processors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Each processor has its own vector (`HVMOP_set_evtchn_upcall_vector`).
    PerVcpu,
    /// One interrupt for all (`HVM_PARAM_CALLBACK_IRQ`), raised for processor 0's events only.
    Line,
}

impl Delivery {
    /// The processor to bind a port to that is wanted on `vcpu`. `ready` says whether that one has its
    /// vector, and a `vcpu_info` (in the shared info page below 32, registered from there on).
    #[must_use]
    pub const fn target(self, vcpu: u32, ready: bool) -> u32 {
        match self {
            Self::PerVcpu if ready => vcpu,
            Self::PerVcpu | Self::Line => 0,
        }
    }
}
