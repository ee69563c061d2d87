//! One script of hypercalls, errors included: it runs as an HVM guest of real Xen and against xensim,
//! and both must say the same. What depends on the host (domid, port numbers, sizes) is not printed.
//!
//! Structures are written out in bytes here, from the public headers, so that neither the drivers' nor
//! the simulator's definitions are needed.
#![no_std]

extern crate alloc;

mod events;
mod memory;
mod misc;

use alloc::{format, string::String, vec::Vec};

/// Scratch pages that a guest provides.
pub const PAGES: usize = 8;

/// The page that arguments are built in.
const ARG: usize = 0;

/// What the script needs of the guest it runs in. Processor 0, interrupts off, nothing else touches
/// Xen meanwhile.
pub trait Guest {
    /// A hypercall with up to three arguments.
    fn hypercall(&self, number: u64, args: [u64; 3]) -> i64;
    /// `cpuid`: EAX, EBX, ECX, EDX.
    fn cpuid(&self, leaf: u32) -> [u32; 4];
    /// Guest virtual address and frame of scratch page `index` (below [`PAGES`]).
    fn page(&self, index: usize) -> (u64, u64);
    /// Reads from a frame of the guest, RAM or mapped by the script.
    fn read(&self, gfn: u64, at: usize, to: &mut [u8]);
    /// Writes to a frame of the guest.
    fn write(&self, gfn: u64, at: usize, from: &[u8]);
}

/// Runs everything; each line goes to `out`.
pub fn run(guest: &dyn Guest, out: &mut dyn FnMut(&str)) {
    let mut script = Script { guest, out };
    misc::versions(&mut script);
    misc::parameters(&mut script);
    misc::hvm(&mut script);
    memory::physmap(&mut script);
    memory::grants(&mut script);
    events::ports(&mut script);
    events::two_level(&mut script);
    misc::scheduling(&mut script);
    misc::vcpus(&mut script);
    events::fifo(&mut script);
    misc::absent(&mut script);
}

pub(crate) struct Script<'a> {
    pub guest: &'a dyn Guest,
    out: &'a mut dyn FnMut(&str),
}

/// Little-endian bytes of 32-bit words.
pub(crate) fn words(values: &[u32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// Little-endian bytes of 64-bit words.
pub(crate) fn longs(values: &[u64]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

pub(crate) fn word(raw: &[u8], index: usize) -> u32 {
    u32::from_le_bytes([raw[index * 4], raw[index * 4 + 1], raw[index * 4 + 2], raw[index * 4 + 3]])
}

impl Script<'_> {
    pub fn say(&mut self, text: &str) {
        (self.out)(text);
    }

    /// A raw call, printed.
    pub fn call(&mut self, what: &str, number: u64, args: [u64; 3]) -> i64 {
        let value = self.guest.hypercall(number, args);
        self.say(&format!("{what}: {value}"));
        value
    }

    /// A raw call of which only success or the error is printed.
    pub fn sign(&mut self, what: &str, number: u64, args: [u64; 3]) -> i64 {
        let value = self.guest.hypercall(number, args);
        let text = if value > 0 { String::from("positive") } else { format!("{value}") };
        self.say(&format!("{what}: {text}"));
        value
    }

    /// An operation on a structure: result, and the structure afterwards.
    pub fn quiet(&mut self, number: u64, op: u64, raw: &[u8]) -> (i64, Vec<u8>) {
        let (gva, gfn) = self.guest.page(ARG);
        self.guest.write(gfn, 0, raw);
        let value = self.guest.hypercall(number, [op, gva, 1]);
        let mut after = alloc::vec![0; raw.len()];
        self.guest.read(gfn, 0, &mut after);
        (value, after)
    }

    /// As [`Script::quiet`], with the result printed.
    pub fn op(&mut self, what: &str, number: u64, op: u64, raw: &[u8]) -> (i64, Vec<u8>) {
        let (value, after) = self.quiet(number, op, raw);
        self.say(&format!("{what}: {value}"));
        (value, after)
    }

    /// A vCPU operation.
    pub fn vcpu(&mut self, what: &str, op: u64, vcpu: u64, raw: &[u8]) -> i64 {
        let (gva, gfn) = self.guest.page(ARG);
        self.guest.write(gfn, 0, raw);
        self.call(what, 24, [op, vcpu, gva])
    }

    pub fn read32(&self, gfn: u64, at: usize) -> u32 {
        let mut raw = [0; 4];
        self.guest.read(gfn, at, &mut raw);
        u32::from_le_bytes(raw)
    }

    pub fn write32(&self, gfn: u64, at: usize, value: u32) {
        self.guest.write(gfn, at, &value.to_le_bytes());
    }
}
