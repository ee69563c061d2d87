//! A guest made of raw hypercalls over `machine::Machine`.
#![allow(dead_code, missing_docs, unsafe_code, clippy::undocumented_unsafe_blocks)] // It owns its memory.
#![allow(clippy::multiple_unsafe_ops_per_block, clippy::missing_panics_doc)]

use std::cell::RefCell;
use std::collections::BTreeMap;

use machine::{Backing, GuestMemory, Machine, Outcome};
use xensim::{Xen, mem::Page};

pub const FRAMES: u64 = 4096;

pub struct Memory {
    ram: Vec<Box<Aligned>>,
    shared: Vec<Box<Aligned>>,
    over: RefCell<BTreeMap<u64, Backing>>,
}

#[repr(align(4096))]
struct Aligned([u8; 4096]);

impl GuestMemory for Memory {
    fn frames(&self) -> u64 {
        FRAMES
    }
    fn frame(&self, gfn: u64) -> Option<*mut u8> {
        self.ram.get(gfn as usize).map(|page| page.0.as_ptr().cast_mut())
    }
    fn translate(&self, gva: u64) -> Option<u64> {
        (0x1000..FRAMES << 12).contains(&gva).then_some(gva)
    }
    fn set_frame(&self, gfn: u64, host: Backing) {
        self.over.borrow_mut().insert(gfn, host);
    }
}

/// The guest: a machine and its memory (leaked: tests are short).
pub struct Guest {
    pub xen: Xen,
    pub memory: &'static Memory,
}

/// Scratch page for arguments.
const ARG: u64 = 5 << 12;

impl Guest {
    pub fn new(xen: Xen) -> Self {
        let page = || Box::new(Aligned([0; 4096]));
        // One run of pages for the shared region.
        let count = xen.shared_pages() as usize;
        let layout = std::alloc::Layout::from_size_align(count * 4096, 4096).expect("layout");
        let region = unsafe { std::alloc::alloc_zeroed(layout) };
        let memory: &'static Memory = Box::leak(Box::new(Memory {
            ram: (0..FRAMES).map(|_| page()).collect(),
            shared: Vec::new(),
            over: RefCell::default(),
        }));
        xen.attach(memory, region);
        Self { xen, memory }
    }

    /// What the guest sees at a frame.
    pub fn page(&self, gfn: u64) -> Page {
        self.xen.sim().world.mem.page(gfn).expect("a page")
    }

    pub fn call(&self, number: u64, args: &[u64]) -> i64 {
        match self.outcome(0, number, args) {
            Outcome::Done(value) => value,
            other => panic!("{other:?}"),
        }
    }

    pub fn outcome(&self, vcpu: u32, number: u64, args: &[u64]) -> Outcome {
        let mut all = [0; 6];
        all[..args.len()].copy_from_slice(args);
        self.xen.hypercall(vcpu, number, all)
    }

    /// An operation with a structure: result and the structure afterwards.
    pub fn op(&self, number: u64, op: u64, raw: &[u8]) -> (i64, Vec<u8>) {
        self.op_on(0, number, op, raw)
    }

    pub fn op_on(&self, vcpu: u32, number: u64, op: u64, raw: &[u8]) -> (i64, Vec<u8>) {
        let page = self.page(ARG >> 12);
        page.write(0, raw);
        let args = if number == 24 { [op, u64::from(vcpu), ARG] } else { [op, ARG, 1] };
        let value = match self.outcome(vcpu, number, &args) {
            Outcome::Done(value) => value,
            other => panic!("{other:?}"),
        };
        let mut out = vec![0; raw.len()];
        page.read(0, &mut out);
        (value, out)
    }

    pub fn set_param(&self, index: u32, value: u64) -> i64 {
        self.op(34, 0, &[&0x7ff0u32.to_le_bytes()[..], &index.to_le_bytes(), &value.to_le_bytes()].concat()).0
    }

    pub fn get_param(&self, index: u32) -> Result<u64, i64> {
        let (value, raw) =
            self.op(34, 1, &[&0x7ff0u32.to_le_bytes()[..], &index.to_le_bytes(), &[0; 8]].concat());
        if value == 0 { Ok(u64::from_le_bytes(raw[8..].try_into().expect("8"))) } else { Err(value) }
    }

    /// The PCI line of the platform device: device 2, INTA.
    pub fn set_callback_line(&self) {
        assert_eq!(self.set_param(0, 1 << 56 | 2 << 11), 0);
    }

    pub fn add_to_physmap(&self, space: u32, idx: u64, gfn: u64) -> i64 {
        let raw =
            [&0x7ff0u32.to_le_bytes()[..], &space.to_le_bytes(), &idx.to_le_bytes(), &gfn.to_le_bytes()]
                .concat();
        self.op(12, 7, &raw).0
    }

    pub fn reservation(&self, op: u64, gfns: &[u64]) -> i64 {
        let list = 6u64 << 12;
        for (index, gfn) in gfns.iter().enumerate() {
            self.page(6).set64(index * 8, *gfn);
        }
        let raw =
            [&list.to_le_bytes()[..], &(gfns.len() as u64).to_le_bytes(), &[0; 8], &0x7ff0u64.to_le_bytes()]
                .concat();
        self.op(12, op, &raw).0
    }

    pub fn words(&self, op: u64, words: &[u32]) -> (i64, Vec<u32>) {
        let raw: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        let (value, raw) = self.op(32, op, &raw);
        (value, raw.chunks(4).map(|chunk| u32::from_le_bytes(chunk.try_into().expect("4"))).collect())
    }

    pub fn bind_ipi(&self, vcpu: u32) -> u32 {
        let (value, out) = self.words(7, &[vcpu, 0]);
        assert_eq!(value, 0);
        out[1]
    }

    pub fn send(&self, port: u32) -> i64 {
        self.words(4, &[port]).0
    }

    pub fn unmask(&self, port: u32) -> i64 {
        self.words(9, &[port]).0
    }
}
