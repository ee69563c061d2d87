//! Recognising an epilogue: the rest of it is executed on the context.
//!
//! An epilogue is `add rsp, n` or `lea rsp, [frame + n]`, pops of registers, and `ret` or a tail jump.

use super::{Context, RSP, RuntimeFunction, stack_word};

/// If the context's RIP is in an epilogue, finishes it and returns true.
///
/// # Safety
/// RIP must be in readable code of `function`.
pub unsafe fn finish(base: u64, function: &RuntimeFunction, c: &mut Context) -> bool {
    let end = base + function.end as u64;
    let mut at = c.rip;
    let mut gpr = c.gpr;
    let byte = |at: u64| if at < end { unsafe { *(at as *const u8) } } else { 0 };
    let long = |at: u64| (0..4).fold(0u32, |v, i| v | (byte(at + i) as u32) << (8 * i)) as i32 as i64;
    // add rsp, imm8 / imm32
    if byte(at) == 0x48 && byte(at + 1) == 0x83 && byte(at + 2) == 0xC4 {
        gpr[RSP] = gpr[RSP].wrapping_add(byte(at + 3) as i8 as i64 as u64);
        at += 4;
    } else if byte(at) == 0x48 && byte(at + 1) == 0x81 && byte(at + 2) == 0xC4 {
        gpr[RSP] = gpr[RSP].wrapping_add(long(at + 3) as u64);
        at += 7;
    } else if byte(at) & 0xFE == 0x48
        && byte(at + 1) == 0x8D
        && byte(at + 2) & 0x38 == 0x20
        && byte(at) & 4 == 0
    {
        // lea rsp, [reg + disp8/disp32]
        let modrm = byte(at + 2);
        let reg = (modrm & 7) as usize + if byte(at) & 1 != 0 { 8 } else { 0 };
        match modrm >> 6 {
            1 if modrm & 7 != 4 => {
                gpr[RSP] = gpr[reg].wrapping_add(byte(at + 3) as i8 as i64 as u64);
                at += 4;
            }
            2 if modrm & 7 != 4 => {
                gpr[RSP] = gpr[reg].wrapping_add(long(at + 3) as u64);
                at += 7;
            }
            _ => return false,
        }
    }
    // pops
    loop {
        let (reg, length) = match (byte(at), byte(at + 1)) {
            (b @ 0x58..=0x5F, _) => ((b & 7) as usize, 1),
            (0x41, b @ 0x58..=0x5F) => ((b & 7) as usize + 8, 2),
            _ => break,
        };
        gpr[reg] = stack_word(gpr[RSP]);
        gpr[RSP] = gpr[RSP].wrapping_add(8);
        at += length;
    }
    // ret, rep ret, jmp out of the function, jmp [mem]
    let leaves = match (byte(at), byte(at + 1)) {
        (0xC3, _) | (0xF3, 0xC3) => true,
        (0xE9, _) => outside(base, function, (at as i64 + 5 + long(at + 1)) as u64),
        (0xEB, d) => outside(base, function, (at as i64 + 2 + d as i8 as i64) as u64),
        (0xFF, 0x25) => true,
        (0x48, 0xFF) => byte(at + 2) == 0x25 || byte(at + 2) & 0xF8 == 0xE0,
        _ => false,
    };
    if !leaves {
        return false;
    }
    c.gpr = gpr;
    c.rip = stack_word(c.gpr[RSP]);
    c.gpr[RSP] = c.gpr[RSP].wrapping_add(8);
    true
}

fn outside(base: u64, function: &RuntimeFunction, target: u64) -> bool {
    !(base + function.begin as u64..base + function.end as u64).contains(&target)
}
