//! The script of hypercalls: what xensim answers is what real Xen answered.
#![allow(missing_docs)]

mod common;

use common::raw::Guest;
use machine::{Machine, Outcome};
use xensim::{Flavour, Xen};

struct Simulated(Guest);

impl xenscript::Guest for Simulated {
    fn hypercall(&self, number: u64, args: [u64; 3]) -> i64 {
        match self.0.outcome(0, number, &args) {
            Outcome::Done(value) => value,
            other => panic!("hypercall {number} {args:x?}: {other:?}"),
        }
    }
    fn cpuid(&self, leaf: u32) -> [u32; 4] {
        let leaf = self.0.xen.cpuid(0, leaf, 0).expect("a hypervisor leaf");
        [leaf.eax, leaf.ebx, leaf.ecx, leaf.edx]
    }
    fn page(&self, index: usize) -> (u64, u64) {
        let gfn = 1000 + index as u64;
        (gfn << 12, gfn)
    }
    fn read(&self, gfn: u64, at: usize, to: &mut [u8]) {
        self.0.page(gfn).read(at, to);
    }
    fn write(&self, gfn: u64, at: usize, from: &[u8]) {
        self.0.page(gfn).write(at, from);
    }
}

fn lines(flavour: Flavour) -> Vec<String> {
    let guest = Simulated(Guest::new(Xen::builder().flavour(flavour).build()));
    let mut lines = Vec::new();
    xenscript::run(&guest, &mut |line| lines.push(line.to_string()));
    lines
}

/// Set `XENSCRIPT_PRINT=1` to see what the simulator says.
#[test]
fn xen_4_20_as_recorded() {
    let lines = lines(Flavour::xen_4_20());
    if std::env::var_os("XENSCRIPT_PRINT").is_some() {
        for line in &lines {
            println!("{line}");
        }
    }
    let recorded: Vec<&str> = include_str!("recorded/xen-4.20.txt").lines().collect();
    let differences: Vec<String> = (0..lines.len().max(recorded.len()))
        .filter(|at| lines.get(*at).map(String::as_str) != recorded.get(*at).copied())
        .map(|at| format!("line {}: real {:?}, simulated {:?}", at + 1, recorded.get(at), lines.get(at)))
        .collect();
    assert!(differences.is_empty(), "{differences:#?}");
}
