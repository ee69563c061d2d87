//! The trace of a run: a running hash over everything that happened, and its last events.
//!
//! Same seed, same hash: so no address and no host order may enter here; names and numbers only.

use crate::kernel::{kernel, lock::Lock};
use alloc::collections::VecDeque;
use alloc::string::String;

/// Kinds of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Event {
    /// A driver called an export.
    Call = 1,
    /// The kernel called a driver routine.
    Callout,
    /// The routine returned.
    Return,
    /// A thread got a processor.
    Switch,
    /// An interrupt was delivered.
    Interrupt,
    /// An instruction was emulated.
    Instruction,
    /// A decision of the seed.
    Choice,
    /// A line of the log.
    Log,
    /// Anything else that a module wants to see replayed.
    Note,
    /// A verifier report.
    Report,
}

/// One event as kept for the report of a failure.
#[derive(Clone, Debug)]
pub struct Record {
    /// Virtual time, ns.
    pub time: u64,
    /// Processor.
    pub cpu: u32,
    /// Thread number.
    pub thread: u32,
    /// Kind.
    pub event: Event,
    /// Name of the function, routine or rule.
    pub name: &'static str,
    /// A number that belongs to it.
    pub value: u64,
}

struct State {
    hash: u64,
    count: u64,
    last: VecDeque<Record>,
    keep: usize,
}

/// The trace of one kernel instance.
pub struct Trace(Lock<State>);

impl Trace {
    /// Keeps the last `keep` events beside the hash.
    pub fn new(keep: usize) -> Self {
        Self(Lock::new(State { hash: 0xcbf2_9ce4_8422_2325, count: 0, last: VecDeque::new(), keep }))
    }

    /// Hash over all events so far.
    pub fn hash(&self) -> u64 {
        self.0.lock().hash
    }

    /// Number of events so far.
    pub fn count(&self) -> u64 {
        self.0.lock().count
    }

    /// The last events, one per line.
    pub fn tail(&self) -> String {
        use core::fmt::Write;
        let state = self.0.lock();
        let mut out = String::new();
        for r in &state.last {
            let _ = writeln!(
                out,
                "{:>12} ns cpu{} t{} {:?} {} {:#x}",
                r.time, r.cpu, r.thread, r.event, r.name, r.value
            );
        }
        out
    }
}

fn mix(hash: u64, value: u64) -> u64 {
    let h = (hash ^ value).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    h ^ (h >> 29)
}

fn mix_str(mut hash: u64, s: &str) -> u64 {
    for chunk in s.as_bytes().chunks(8) {
        let mut word = [0u8; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        hash = mix(hash, u64::from_le_bytes(word));
    }
    hash
}

/// Records an event without a number.
pub fn record(event: Event, name: &'static str) {
    record_value(event, name, 0);
}

/// Records an event. `value` must not derive from an address.
pub fn record_value(event: Event, name: &'static str, value: u64) {
    let k = kernel();
    if !k.config.checked {
        return;
    }
    let time = k.engine.now();
    let cpu = k.engine.current_cpu();
    let thread = crate::ke::thread::current().number;
    let mut s = k.trace.0.lock();
    s.count += 1;
    let h = mix(s.hash, (event as u64) << 56 | (cpu as u64) << 40 | thread as u64);
    s.hash = mix(mix_str(mix(h, time), name), value);
    if s.keep > 0 {
        if s.last.len() == s.keep {
            s.last.pop_front();
        }
        s.last.push_back(Record { time, cpu, thread, event, name, value });
    }
}
