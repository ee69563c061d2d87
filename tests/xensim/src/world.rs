//! What all actors share: memory, hypervisor, xenstored, time, chance and the book of what happened.

use std::collections::BTreeMap;

use crate::{hv::Hypervisor, mem::Mem, rng::Rng, store::XenStore};

/// Something that a party did which the rules forbid. Tests assert that there are none, or which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Violation {
    /// A back-end was asked to touch a page that is not granted to it.
    NotGranted {
        /// The entry.
        gref: u32,
        /// The back-end's domain.
        domid: u16,
        /// GNTST status of the refusal.
        status: i16,
        /// What the back-end was doing.
        doing: &'static str,
    },
    /// The guest changed a grant entry while it was mapped.
    EntryChanged {
        /// The entry.
        gref: u32,
        /// Flags and frame as mapped.
        was: (u16, u32),
        /// Flags and frame found.
        now: (u16, u32),
    },
    /// The guest freed or reused a frame that a peer still maps or may map.
    FrameInUse {
        /// The frame.
        gfn: u64,
        /// An entry that covers it.
        gref: u32,
        /// Mapped right now, not only granted.
        mapped: bool,
        /// What happened to it.
        how: &'static str,
    },
    /// The front-end broke a ring's rules.
    Ring {
        /// Which device, for example `vbd/768 queue 0`.
        device: String,
        /// What was wrong.
        what: String,
    },
    /// The guest broke a protocol (state order, negotiation).
    Protocol {
        /// Which device or subsystem.
        device: String,
        /// What was wrong.
        what: String,
    },
    /// The guest called something that no correct driver calls here.
    Hypercall {
        /// What and why.
        what: String,
    },
}

/// Counters. All count since the machine was built.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Hypercalls by (number, sub-operation).
    pub hypercalls: BTreeMap<(u64, u64), u64>,
    /// Hypercalls that failed, by (number, sub-operation, errno).
    pub failures: BTreeMap<(u64, u64, i64), u64>,
    /// Events sent by the guest to a peer.
    pub events_to_host: u64,
    /// Events sent by peers to the guest.
    pub events_to_guest: u64,
    /// Upcalls raised (vectors injected or line raised).
    pub upcalls: u64,
    /// Edge interrupts lost in a disabled LAPIC.
    pub dropped_edges: u64,
    /// Grants mapped so far.
    pub maps: u64,
    /// Grant copies so far.
    pub copies: u64,
    /// Requests that xenstored answered for the guest.
    pub store_requests: u64,
    /// Watch events sent to the guest.
    pub store_events: u64,
    /// Block requests completed.
    pub block_requests: u64,
    /// Frames that the guest sent.
    pub frames_sent: u64,
    /// Frames that the guest received.
    pub frames_received: u64,
}

impl Stats {
    /// Hypercalls in all.
    #[must_use]
    pub fn total_hypercalls(&self) -> u64 {
        self.hypercalls.values().sum()
    }
    /// Hypercalls with this number, any sub-operation.
    #[must_use]
    pub fn hypercall(&self, number: u64) -> u64 {
        self.hypercalls.iter().filter(|((n, _), _)| *n == number).map(|(_, count)| count).sum()
    }
}

/// What the guest holds right now: equal before and after a cycle, or something leaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// Entries of the grant table that grant something.
    pub grants: usize,
    /// Grants mapped by peers.
    pub mapped: usize,
    /// Open ports, the toolstack's included.
    pub ports: usize,
    /// Watches.
    pub watches: usize,
    /// Transactions.
    pub transactions: usize,
    /// Frames given back to Xen.
    pub holes: u64,
    /// Pages of the shared region in the physmap.
    pub shared: usize,
}

/// The shared part of the simulation; an actor steps with `&mut World`.
pub struct World {
    /// Guest memory.
    pub mem: Mem,
    /// The hypervisor.
    pub hv: Hypervisor,
    /// xenstored's data.
    pub store: XenStore,
    /// Virtual time in nanoseconds.
    pub now: u64,
    /// Chance.
    pub rng: Rng,
    /// Counters.
    pub stats: Stats,
    /// The book of violations.
    pub violations: Vec<Violation>,
    /// What the guest wrote to port 0xE9.
    pub console: Vec<u8>,
    /// What it wrote to the PV console's ring.
    pub pv_console: Vec<u8>,
    /// Words that change once the guest has read them.
    pub armed: Vec<crate::hostile::Armed>,
    /// Every access of the guest to a ring's page is announced to the machine: back-ends act in between.
    pub watch_rings: bool,
    /// Rewrites that have happened: a test of double fetches looks whether there were any.
    pub rewrites: u64,
}

impl World {
    /// See [`Held`].
    #[must_use]
    pub fn held(&self) -> Held {
        let shared =
            |(_, backing): &(u64, ::machine::Backing)| matches!(backing, ::machine::Backing::Shared(_));
        Held {
            grants: self.live_grants().len(),
            mapped: self.hv.gt.mapped.len(),
            ports: self.hv.ev.channels.len(),
            watches: self.store.guest_watches().len(),
            transactions: self.store.guest_transactions(),
            holes: self.mem.holes(),
            shared: self.mem.overlays().filter(shared).count(),
        }
    }

    /// Notes a violation of a ring's rules.
    pub fn ring_violation(&mut self, device: &str, what: impl Into<String>) {
        self.violations.push(Violation::Ring { device: device.into(), what: what.into() });
    }

    /// Notes a violation of a protocol.
    pub fn protocol_violation(&mut self, device: &str, what: impl Into<String>) {
        self.violations.push(Violation::Protocol { device: device.into(), what: what.into() });
    }

    /// The console daemon empties the output ring (`io/console.h`: 1024 bytes in, 2048 out).
    pub fn console_step(&mut self) {
        const OUT: usize = 1024;
        const OUT_SIZE: u32 = 2048;
        const OUT_CONS: usize = 3080;
        const OUT_PROD: usize = 3084;
        let Some(port) = self.hv.console_port else { return };
        let _ = self.hv.host_take(port);
        let Some(page) = self.mem.shared_page(crate::hv::CONSOLE_RING) else { return };
        let (cons, prod) = (page.get32(OUT_CONS), page.get32(OUT_PROD));
        let waiting = prod.wrapping_sub(cons);
        if waiting > OUT_SIZE {
            return self.protocol_violation("console", "output ring indexes are impossible");
        }
        for offset in 0..waiting {
            self.pv_console.push(page.get8(OUT + (cons.wrapping_add(offset) % OUT_SIZE) as usize));
        }
        page.set32(OUT_CONS, prod);
        if waiting > 0 {
            self.host_send(port);
        }
    }
}
