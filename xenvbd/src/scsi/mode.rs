//! MODE SENSE and LOG SENSE.

use super::{Put, Reply, sense::Sense, unit::Unit};

/// Answers MODE SENSE.
pub(super) fn mode_sense(
    unit: &Unit,
    long: bool,
    no_descriptor: bool,
    control: u8,
    page: u8,
    subpage: u8,
    reply: &mut Reply,
) -> Result<(), Sense> {
    if control == 3 {
        return Err(Sense::NO_SAVING);
    }
    if subpage != 0 && subpage != 0xff {
        return Err(Sense::INVALID_FIELD);
    }
    let mut pages = Reply::new();
    for (number, append) in
        [(0x08, caching as fn(&Unit, bool, &mut Reply)), (0x0a, control_page), (0x1c, exceptions)]
    {
        if page == number || page == 0x3f {
            append(unit, control == 1, &mut pages);
        }
    }
    if pages.is_empty() {
        return Err(Sense::INVALID_FIELD);
    }
    // WP; DPOFUA where a write can be forced to the medium.
    let specific = u8::from(unit.read_only()) << 7 | u8::from(unit.can_flush()) << 4;
    let descriptor = if no_descriptor { 0 } else { 8u8 };
    let rest = usize::from(descriptor) + pages.len();
    if long {
        reply.u16((rest + 6) as u16);
        reply.bytes(&[0, specific, 0, 0]);
        reply.u16(descriptor.into());
    } else {
        reply.bytes(&[(rest + 3) as u8, 0, specific, descriptor]);
    }
    if !no_descriptor {
        // Number of blocks (all ones: more than fits), then their length.
        reply.u32(u32::try_from(unit.blocks()).unwrap_or(u32::MAX));
        reply.u32(unit.block() & 0xff_ffff);
    }
    reply.bytes(&pages);
    Ok(())
}

/// Caching. A back-end that offers to flush may have a volatile cache; nothing here can be changed.
fn caching(unit: &Unit, changeable: bool, reply: &mut Reply) {
    let wce = unit.has_cache() && !changeable;
    reply.bytes(&[0x08, 18, u8::from(wce) << 2]);
    reply.zeroes(17);
}

/// Control: commands may be reordered without restriction.
fn control_page(_: &Unit, changeable: bool, reply: &mut Reply) {
    reply.bytes(&[0x0a, 10, 0, if changeable { 0 } else { 0x10 }]);
    reply.zeroes(8);
}

/// Informational exceptions: none are reported (DEXCPT).
fn exceptions(_: &Unit, changeable: bool, reply: &mut Reply) {
    reply.bytes(&[0x1c, 10, if changeable { 0 } else { 0x08 }]);
    reply.zeroes(9);
}

/// Answers LOG SENSE: only the page that lists the pages.
pub(super) fn log_sense(page: u8, subpage: u8, reply: &mut Reply) -> Result<(), Sense> {
    if page != 0 || subpage != 0 {
        return Err(Sense::INVALID_FIELD);
    }
    reply.bytes(&[0, 0, 0, 1, 0]);
    Ok(())
}
