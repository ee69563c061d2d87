//! Event channels: errors, the two-level bitmaps, FIFO words.

use alloc::{format, vec::Vec};

use crate::{Script, longs, word, words};

const SELF: u32 = 0x7ff0;
const PENDING_64: usize = 2048;
const MASK_64: usize = 2560;

/// A port of an operation's result, at a word of the structure; 0 when it failed.
fn made(result: (i64, Vec<u8>), at: usize) -> u32 {
    if result.0 == 0 { word(&result.1, at) } else { 0 }
}

fn ipi(s: &mut Script<'_>) -> u32 {
    let result = s.quiet(32, 7, &words(&[0, 0]));
    made(result, 1)
}

pub(crate) fn ports(s: &mut Script<'_>) {
    s.op("alloc_unbound of domain 0", 32, 6, &words(&[0, 0]));
    s.op("alloc_unbound of no domain", 32, 6, &words(&[0x7001, 0]));
    let result = s.op("alloc_unbound", 32, 6, &words(&[SELF | SELF << 16, 0]));
    let first = made(result, 1);
    let result = s.op("bind_interdomain", 32, 0, &words(&[SELF, first, 0]));
    let second = made(result, 2);
    s.op("bind_interdomain again", 32, 0, &words(&[SELF, first, 0]));
    s.op("bind_interdomain to 900", 32, 0, &words(&[SELF, 900, 0]));
    let (_, raw) = s.op("status", 32, 5, &words(&[SELF, second, 0, 0, 0, 0]));
    s.say(&format!("state {} peer is right {}", word(&raw, 2), word(&raw, 5) == first));
    let (_, raw) = s.op("status of a closed port", 32, 5, &words(&[SELF, 900, 7, 0, 0, 0]));
    s.say(&format!("state {}", word(&raw, 2)));
    s.op("status of a port beyond", 32, 5, &words(&[SELF, 0x20_0000, 0, 0, 0, 0]));
    s.op("status of domain 0", 32, 5, &words(&[0, 1, 0, 0, 0, 0]));
    s.op("send", 32, 4, &words(&[second]));
    s.op("close", 32, 3, &words(&[second]));
    s.op("close again", 32, 3, &words(&[second]));
    s.op("send closed", 32, 4, &words(&[second]));
    s.op("unmask closed", 32, 9, &words(&[second]));
    let (_, raw) = s.op("status of the other end", 32, 5, &words(&[SELF, first, 0, 0, 0, 0]));
    s.say(&format!("state {}", word(&raw, 2)));
    s.op("send unbound", 32, 4, &words(&[first]));
    s.op("close port 0", 32, 3, &words(&[0]));
    let result = s.op("bind_virq timer", 32, 1, &words(&[0, 0, 0]));
    let timer = made(result, 2);
    s.op("bind_virq timer again", 32, 1, &words(&[0, 0, 0]));
    s.op("bind_virq 24", 32, 1, &words(&[24, 0, 0]));
    s.op("bind_virq on vCPU 77", 32, 1, &words(&[0, 77, 0]));
    s.op("send virq", 32, 4, &words(&[timer]));
    s.op("bind_vcpu of a timer", 32, 8, &words(&[timer, 0]));
    s.op("bind_vcpu to 77", 32, 8, &words(&[first, 77]));
    s.op("bind_vcpu", 32, 8, &words(&[first, 0]));
    s.op("close timer", 32, 3, &words(&[timer]));
    s.op("bind_ipi to 77", 32, 7, &words(&[77, 0]));
    s.op("bind_pirq", 32, 2, &words(&[5, 0, 0]));
    s.op("set_priority without FIFO", 32, 13, &words(&[first, 3]));
    s.op("expand_array without FIFO", 32, 12, &longs(&[s.guest.page(7).1]));
    s.op("close the other end", 32, 3, &words(&[first]));
    s.op("reset of domain 0", 32, 10, &words(&[0]));
    s.op("event op 99", 32, 99, &[0; 32]);
}

/// Shared info stands at scratch page 4, where the physmap part left it.
pub(crate) fn two_level(s: &mut Script<'_>) {
    let info = s.guest.page(4).1;
    // PCI INTx of device 2, pin A; latches the 64-bit layout.
    s.op("callback", 34, 0, &[words(&[SELF, 0]), longs(&[1 << 56 | 2 << 11])].concat());
    let port = ipi(s);
    let (at, bit) = (port as usize / 32 * 4, 1u32 << (port % 32));
    let clear = |s: &Script<'_>| {
        s.guest.write(info, 0, &[0]);
        s.guest.write(info, 8, &[0; 8]);
        s.write32(info, PENDING_64 + at, 0);
    };
    let state = |s: &Script<'_>| {
        let set = |base: usize| s.read32(info, base + at) & bit != 0;
        format!(
            "pending {} masked {} selector {:#x} upcall {}",
            set(PENDING_64),
            set(MASK_64),
            s.read32(info, 8),
            s.read32(info, 0) & 0xff
        )
    };
    clear(s);
    s.write32(info, MASK_64 + at, bit);
    s.op("send masked", 32, 4, &words(&[port]));
    let text = state(s);
    s.say(&text);
    s.op("unmask", 32, 9, &words(&[port]));
    let text = state(s);
    s.say(&text);
    s.op("send while pending", 32, 4, &words(&[port]));
    clear(s);
    s.op("send", 32, 4, &words(&[port]));
    let text = state(s);
    s.say(&text);
    s.op("close pending", 32, 3, &words(&[port]));
    let text = state(s);
    s.say(&text);
    clear(s);
}

pub(crate) fn fifo(s: &mut Script<'_>) {
    let (control, array) = (s.guest.page(5).1, s.guest.page(6).1);
    s.guest.write(control, 0, &[0; 256]);
    for word in 0..1024 {
        s.write32(array, word * 4, 1 << 30);
    }
    let init = |offset: u32, vcpu: u32| [longs(&[control]), words(&[offset, vcpu, 0, 0])].concat();
    s.op("init_control unaligned", 32, 11, &init(4, 0));
    s.op("init_control beyond", 32, 11, &init(4096 - 64, 0));
    s.op("init_control of vCPU 77", 32, 11, &init(0, 77));
    let early = ipi(s);
    s.op("send before FIFO", 32, 4, &words(&[early]));
    let (_, raw) = s.op("init_control", 32, 11, &init(64, 0));
    s.say(&format!("link bits {}", raw[16]));
    s.op("init_control again", 32, 11, &init(64, 0));
    s.op("expand_array nowhere", 32, 12, &longs(&[0xf_0000_0000]));
    s.op("expand_array", 32, 12, &longs(&[array]));
    let first = ipi(s);
    let second = ipi(s);
    let third = ipi(s);
    s.op("set_priority 16", 32, 13, &words(&[first, 16]));
    s.op("set_priority 2", 32, 13, &words(&[third, 2]));
    for port in [early, first, second, third] {
        s.op("unmask", 32, 9, &words(&[port]));
    }
    let names = [(early, 'e'), (first, 'a'), (second, 'b'), (third, 'c')];
    let name = |port: u32| names.iter().find(|(number, _)| *number == port).map_or('-', |(_, name)| *name);
    let show = |s: &mut Script<'_>| {
        let ready = s.read32(control, 64);
        let heads = (name(s.read32(control, 72 + 2 * 4)), name(s.read32(control, 72 + 7 * 4)));
        s.say(&format!("ready {ready:#x} heads {heads:?}"));
        for (port, letter) in names {
            let word = s.read32(array, port as usize * 4);
            s.say(&format!("word {letter}: {:#x} link {}", word >> 28, name(word & 0x1_ffff)));
        }
    };
    show(s);
    for (what, port) in [("send a", first), ("send b", second), ("send c", third), ("send a again", first)] {
        s.op(what, 32, 4, &words(&[port]));
    }
    show(s);
    s.op("close b, linked and pending", 32, 3, &words(&[second]));
    show(s);
    s.op("reset", 32, 10, &words(&[SELF]));
    s.op("expand_array after reset", 32, 12, &longs(&[array]));
}
