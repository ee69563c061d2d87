//! Runs the script of hypercalls (`tests/xenscript`) on the real Xen below, and prints what it answers:
//! the recording that the simulated Xen is measured against.

use alloc::{alloc::alloc_zeroed, string::String, vec::Vec};
use core::{alloc::Layout, arch::asm};

use crate::port;

const PAGE: usize = 4096;

struct Metal {
    amd: bool,
    /// Identity-mapped scratch pages.
    pages: Vec<u64>,
}

impl xenscript::Guest for Metal {
    fn hypercall(&self, number: u64, [first, second, third]: [u64; 3]) -> i64 {
        let result: i64;
        // SAFETY: a hypercall of the script; it changes argument registers and memory that the script owns.
        if self.amd {
            unsafe {
                asm!("vmmcall", inlateout("rax") number => result, inlateout("rdi") first => _,
                    inlateout("rsi") second => _, inlateout("rdx") third => _);
            }
        } else {
            // SAFETY: as above.
            unsafe {
                asm!("vmcall", inlateout("rax") number => result, inlateout("rdi") first => _,
                    inlateout("rsi") second => _, inlateout("rdx") third => _);
            }
        }
        result
    }

    fn cpuid(&self, leaf: u32) -> [u32; 4] {
        let found = core::arch::x86_64::__cpuid(leaf);
        [found.eax, found.ebx, found.ecx, found.edx]
    }

    fn page(&self, index: usize) -> (u64, u64) {
        (self.pages[index], self.pages[index] >> 12)
    }

    fn read(&self, gfn: u64, at: usize, to: &mut [u8]) {
        let from = ((gfn << 12) as usize + at) as *const u8;
        for (index, byte) in to.iter_mut().enumerate() {
            // SAFETY: the script reads only frames that it owns, through the identity map.
            *byte = unsafe { from.add(index).read_volatile() };
        }
    }

    fn write(&self, gfn: u64, at: usize, from: &[u8]) {
        let to = ((gfn << 12) as usize + at) as *mut u8;
        for (index, byte) in from.iter().enumerate() {
            // SAFETY: the script writes only frames that it owns, through the identity map.
            unsafe { to.add(index).write_volatile(*byte) };
        }
    }
}

/// Interrupts are off meanwhile: the script raises upcalls that nobody expects.
pub fn run() -> Result<(), String> {
    let on = port::disable();
    let layout = Layout::from_size_align(PAGE, PAGE).map_err(|_| "no layout")?;
    let pages: Vec<u64> = (0..xenscript::PAGES)
        // SAFETY: the layout is not empty; the pages are never given back (Xen may keep some).
        .map(|_| unsafe { alloc_zeroed(layout) } as u64)
        .collect();
    let vendor = core::arch::x86_64::__cpuid(0);
    let guest = Metal { amd: vendor.ebx == u32::from_le_bytes(*b"Auth"), pages };
    xenscript::run(&guest, &mut |line| say!("script: {line}"));
    if on {
        port::enable();
    }
    Ok(())
}
