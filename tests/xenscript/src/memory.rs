//! The physmap and the grant table.

use alloc::{format, vec::Vec};

use crate::{Script, longs, word, words};

const SELF: u32 = 0x7ff0;

fn reservation(s: &Script<'_>, gfns: &[u64], order: u32, domid: u32) -> Vec<u8> {
    let (gva, list) = s.guest.page(1);
    s.guest.write(list, 0, &longs(gfns));
    [longs(&[gva, gfns.len() as u64]), words(&[order, 0, domid, 0])].concat()
}

fn add(domid: u32, space: u32, idx: u64, gfn: u64) -> Vec<u8> {
    [words(&[domid, space]), longs(&[idx, gfn])].concat()
}

pub(crate) fn physmap(s: &mut Script<'_>) {
    for (what, op) in [("maximum_ram_page", 2), ("maximum_gpfn", 14)] {
        let (value, _) = s.quiet(12, op, &words(&[SELF]));
        s.say(&format!("{what}: {}", value.signum()));
    }
    for (what, op) in [("current_reservation", 3), ("maximum_reservation", 4)] {
        let (value, _) = s.quiet(12, op, &words(&[SELF]));
        s.say(&format!("{what}: {}", value.signum()));
    }
    let (first, second) = (s.guest.page(3).1, s.guest.page(4).1);
    let raw = reservation(s, &[first], 0, 0);
    s.op("decrease_reservation of domain 0", 12, 1, &raw);
    let raw = reservation(s, &[first, second], 0, SELF);
    s.op("decrease_reservation of two", 12, 1, &raw);
    let raw = reservation(s, &[first], 0, SELF);
    s.op("decrease_reservation of a hole", 12, 1, &raw);
    let (_, out) = s.op("get_mem_type of a hole", 34, 15, &longs(&[u64::from(SELF), first]));
    s.say(&format!("type {}", out[2]));
    s.op("shared_info 1", 12, 7, &add(SELF, 0, 1, first));
    s.op("space 9", 12, 7, &add(SELF, 9, 0, first));
    s.op("shared_info of domain 0", 12, 7, &add(0, 0, 0, first));
    s.op("shared_info", 12, 7, &add(SELF, 0, 0, first));
    s.op("shared_info moves", 12, 7, &add(SELF, 0, 0, second));
    s.op("remove the place it left", 12, 15, &[words(&[SELF, 0]), longs(&[first])].concat());
    s.op("grant frame 100000", 12, 7, &add(SELF, 1, 100_000, first));
    s.op("grant frame 0", 12, 7, &add(SELF, 1, 0, first));
    s.write32(first, 9 * 8 + 4, 0x1234);
    s.say(&format!("grant entry reads back {:#x}", s.read32(first, 9 * 8 + 4)));
    s.op("grant status frame", 12, 7, &add(SELF, 1, 0x8000_0000, first));
    s.op("remove grant frame", 12, 15, &[words(&[SELF, 0]), longs(&[first])].concat());
    s.op("remove again", 12, 15, &[words(&[SELF, 0]), longs(&[first])].concat());
    s.op("remove of domain 0", 12, 15, &[words(&[0, 0]), longs(&[first])].concat());
    let raw = reservation(s, &[first], 0, SELF);
    s.op("populate_physmap", 12, 6, &raw);
    s.write32(first, 8, 77);
    s.say(&format!("RAM again: {}", s.read32(first, 8)));
    s.op("memory op 60", 12, 60, &[0; 32]);
}

pub(crate) fn grants(s: &mut Script<'_>) {
    let query = |domid: u32| words(&[domid, 0, 0, 0]);
    let (_, raw) = s.op("query_size", 20, 6, &query(SELF));
    s.say(&format!(
        "status {} some {} limit {}",
        word(&raw, 3) as i16,
        word(&raw, 1) > 0,
        word(&raw, 2) >= 4
    ));
    let (_, raw) = s.op("query_size of domain 0", 20, 6, &query(0));
    s.say(&format!("status {}", word(&raw, 3) as i16));
    let (_, raw) = s.op("get_version", 20, 10, &words(&[SELF, 0]));
    s.say(&format!("version {}", word(&raw, 1)));
    s.op("get_version of domain 0", 20, 10, &words(&[0, 0]));
    s.op("set_version 3", 20, 8, &words(&[3]));
    let (_, raw) = s.op("set_version 1", 20, 8, &words(&[1]));
    s.say(&format!("version {}", word(&raw, 0)));
    let (gva, _) = s.guest.page(1);
    let setup = |frames: u32| [words(&[SELF, frames, 0, 0]), longs(&[gva])].concat();
    let (_, raw) = s.op("setup_table of 100000", 20, 2, &setup(100_000));
    s.say(&format!("status {}", word(&raw, 2) as i16));
    // Copies: source and destination are frame, domain, offset.
    let (from, to) = (s.guest.page(5).1, s.guest.page(6).1);
    s.write32(from, 16, 0xabcd);
    s.write32(to, 8, 0);
    let side = |frame: u64, domid: u16, at: u16| {
        let mut raw = longs(&[frame]);
        raw.extend(domid.to_le_bytes());
        raw.extend(at.to_le_bytes());
        raw.extend([0; 4]);
        raw
    };
    let own = SELF as u16;
    let copy = |source: Vec<u8>, dest: Vec<u8>, length: u16, flags: u16| {
        let mut raw = [source, dest].concat();
        raw.extend(length.to_le_bytes());
        raw.extend(flags.to_le_bytes());
        raw.extend([0; 4]);
        raw
    };
    let cases = [
        ("copy", copy(side(from, own, 16), side(to, own, 8), 4, 0)),
        ("copy over the end", copy(side(from, own, 4000), side(to, own, 0), 200, 0)),
        ("copy into over the end", copy(side(from, own, 0), side(to, own, 4000), 200, 0)),
        ("copy from domain 0", copy(side(from, 0, 0), side(to, own, 0), 4, 0)),
        ("copy from nowhere", copy(side(0xf_0000_0000, own, 0), side(to, own, 0), 4, 0)),
    ];
    for (what, raw) in cases {
        let (_, raw) = s.op(what, 20, 5, &raw);
        s.say(&format!("status {}", i16::from_le_bytes([raw[36], raw[37]])));
    }
    s.say(&format!("copied {:#x}", s.read32(to, 8)));
    s.op("grant op 99", 20, 99, &[0; 64]);
}
