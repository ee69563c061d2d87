//! Undoing a frame by its unwind codes.

use super::epilogue;
use super::{Context, M128, RSP, RuntimeFunction, stack_word};

/// UNW_FLAG bits.
pub const FLAG_EHANDLER: u8 = 1;
/// Termination handler.
pub const FLAG_UHANDLER: u8 = 2;
/// Chained to another function's information.
pub const FLAG_CHAININFO: u8 = 4;

/// What RtlVirtualUnwind finds in a frame.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unwound {
    /// The frame's own stack pointer (EstablisherFrame).
    pub frame: u64,
    /// Language handler, if PC is in its range and the wanted kind is there.
    pub handler: Option<u64>,
    /// The handler's data.
    pub data: u64,
}

/// UNWIND_INFO in memory.
#[derive(Clone, Copy)]
struct Info(*const u8);

impl Info {
    unsafe fn flags(self) -> u8 {
        *self.0 >> 3
    }
    unsafe fn prologue(self) -> u32 {
        *self.0.add(1) as u32
    }
    unsafe fn count(self) -> usize {
        *self.0.add(2) as usize
    }
    unsafe fn frame_register(self) -> usize {
        (*self.0.add(3) & 15) as usize
    }
    unsafe fn frame_offset(self) -> u64 {
        (*self.0.add(3) >> 4) as u64 * 16
    }
    unsafe fn code(self, i: usize) -> (u8, u8, u8) {
        let p = self.0.add(4 + 2 * i);
        (*p, *p.add(1) & 15, *p.add(1) >> 4)
    }
    unsafe fn word(self, i: usize) -> u64 {
        self.0.add(4 + 2 * i).cast::<u16>().read_unaligned() as u64
    }
    unsafe fn long(self, i: usize) -> u64 {
        self.0.add(4 + 2 * i).cast::<u32>().read_unaligned() as u64
    }
    /// What follows the (even number of) codes.
    unsafe fn tail(self) -> *const u8 {
        self.0.add(4 + 2 * self.count().next_multiple_of(2))
    }
}

fn pop(c: &mut Context) -> u64 {
    let v = stack_word(c.gpr[RSP]);
    c.gpr[RSP] = c.gpr[RSP].wrapping_add(8);
    v
}

/// RtlVirtualUnwind: changes the context to the caller's. `wanted` are UNW_FLAG bits of handlers to return.
/// A function without an entry is a leaf: its return address is on top of the stack.
///
/// # Safety
/// The context must be one of live driver code.
pub unsafe fn virtual_unwind(
    wanted: u8,
    base: u64,
    function: Option<&RuntimeFunction>,
    c: &mut Context,
) -> Unwound {
    let Some(function) = function else {
        let frame = c.gpr[RSP];
        c.rip = pop(c);
        return Unwound { frame, ..Unwound::default() };
    };
    let pc = c.rip;
    let offset = (pc - base) as u32 - function.begin;
    let mut info = Info((base + function.unwind as u64) as *const u8);
    let in_prologue = offset < info.prologue();
    let frame = establisher(info, offset, in_prologue, c);
    if !in_prologue && epilogue::finish(base, function, c) {
        return Unwound { frame, ..Unwound::default() };
    }
    let mut result = Unwound { frame, ..Unwound::default() };
    if !in_prologue
        && info.flags() & wanted & (FLAG_EHANDLER | FLAG_UHANDLER) != 0
        && info.flags() & FLAG_CHAININFO == 0
    {
        let tail = info.tail().cast::<u32>();
        result.handler = Some(base + tail.read_unaligned() as u64);
        result.data = tail.add(1) as u64;
    }
    let mut machine_frame = undo(info, if in_prologue { Some(offset) } else { None }, frame, c);
    let mut depth = 0;
    while info.flags() & FLAG_CHAININFO != 0 && depth < 32 {
        let parent = info.tail().cast::<RuntimeFunction>().read_unaligned();
        info = Info((base + parent.unwind as u64) as *const u8);
        machine_frame |= undo(info, None, frame, c);
        depth += 1;
    }
    if !machine_frame {
        c.rip = pop(c);
    }
    result
}

/// The frame base: the frame register's once it is established, else RSP.
unsafe fn establisher(info: Info, offset: u32, in_prologue: bool, c: &Context) -> u64 {
    if info.frame_register() == 0 {
        return c.gpr[RSP];
    }
    let established = !in_prologue || {
        let mut i = 0;
        let mut found = false;
        while i < info.count() {
            let (at, op, data) = info.code(i);
            found |= op == 3 && at as u32 <= offset;
            i += slots(op, data);
        }
        found
    };
    if established { c.gpr[info.frame_register()].wrapping_sub(info.frame_offset()) } else { c.gpr[RSP] }
}

const fn slots(op: u8, data: u8) -> usize {
    match (op, data) {
        (1, 0) => 2,
        (1, _) => 3,
        (4, _) | (8, _) => 2,
        (5, _) | (9, _) => 3,
        (7, _) => 3,
        _ => 1,
    }
}

fn grow(c: &mut Context, bytes: u64) {
    c.gpr[RSP] = c.gpr[RSP].wrapping_add(bytes);
}

fn vector(at: u64) -> M128 {
    M128 { low: stack_word(at), high: stack_word(at.wrapping_add(8)) }
}

/// Undoes the codes that have been executed. Tells whether a machine frame gave RIP.
unsafe fn undo(info: Info, executed: Option<u32>, frame: u64, c: &mut Context) -> bool {
    let mut machine_frame = false;
    let mut i = 0;
    while i < info.count() {
        let (at, op, data) = info.code(i);
        let skip = executed.is_some_and(|offset| at as u32 > offset);
        let reg = data as usize;
        if !skip {
            match op {
                0 => c.gpr[reg] = pop(c),
                1 if data == 0 => grow(c, info.word(i + 1) * 8),
                1 => grow(c, info.long(i + 1)),
                2 => grow(c, data as u64 * 8 + 8),
                3 => c.gpr[RSP] = c.gpr[info.frame_register()].wrapping_sub(info.frame_offset()),
                4 => c.gpr[reg] = stack_word(frame.wrapping_add(info.word(i + 1) * 8)),
                5 => c.gpr[reg] = stack_word(frame.wrapping_add(info.long(i + 1))),
                8 => c.xmm[reg] = vector(frame.wrapping_add(info.word(i + 1) * 16)),
                9 => c.xmm[reg] = vector(frame.wrapping_add(info.long(i + 1))),
                10 => {
                    let sp = c.gpr[RSP].wrapping_add(data as u64 * 8);
                    c.rip = stack_word(sp);
                    c.gpr[RSP] = stack_word(sp.wrapping_add(24));
                    machine_frame = true;
                }
                // 6 (epilogue, version 2) and 7 (spare) have no effect.
                _ => {}
            }
        }
        i += slots(op, data);
    }
    machine_frame
}
