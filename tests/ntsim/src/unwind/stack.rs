//! Driver call stacks of the current thread: for reports, allocation call sites and back traces.

use super::{Context, codes, lookup};
use crate::export::Frame;
use crate::loader;
use alloc::string::String;
use alloc::vec::Vec;

/// Return addresses in driver code, innermost first, at most `limit`. Goes through nested call-outs.
pub fn walk(limit: usize, mut visit: impl FnMut(usize)) {
    let mut frame: *const Frame = crate::ke::thread::current().calls().top;
    let mut left = limit;
    while !frame.is_null() && left > 0 {
        let f = unsafe { &*frame };
        let mut c = Context::of_frame(f);
        let mut first = f.is_fault() && c.rip == f.rip as u64;
        // Within one driver part: until the return address is the kernel's.
        while left > 0 && loader::module_at(c.rip as usize).is_some_and(|m| m.loaded.get()) {
            visit(c.rip as usize);
            left -= 1;
            // A return address belongs to the call before it.
            let pc = if first { c.rip } else { c.rip - 1 };
            first = false;
            let before = c.gpr[super::RSP];
            let found = lookup(pc);
            let (base, function) = match found {
                Some((base, function)) => (base, Some(function)),
                None => (0, None),
            };
            unsafe { codes::virtual_unwind(0, base, function, &mut c) };
            if c.gpr[super::RSP] <= before || c.gpr[super::RSP] - before > 1 << 20 {
                break;
            }
        }
        frame = f.prev;
    }
}

/// The call stack in words.
pub fn describe(limit: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let top = crate::ke::thread::current().calls().top;
    if let Some(f) = unsafe { top.as_ref() }
        && !f.is_fault()
    {
        lines.push(alloc::format!("{} called by", f.export.name));
    }
    walk(limit, |pc| lines.push(loader::describe(pc)));
    lines
}

/// A number that stands for the call stack: module names and offsets, no addresses.
pub fn hash(limit: usize) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut mix = |v: u64| hash = (hash ^ v).wrapping_mul(0x0000_0100_0000_01B3).rotate_left(17);
    walk(limit, |pc| {
        if let Some(m) = loader::module_at(pc) {
            m.name.bytes().for_each(|b| mix(b as u64));
            mix((pc - m.base) as u64);
        }
    });
    hash
}
