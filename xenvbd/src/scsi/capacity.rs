//! READ CAPACITY, GET LBA STATUS, REPORT LUNS.

use super::{Put, Reply, sense::Sense, unit::Unit};

pub(super) fn read_capacity_10(unit: &Unit, reply: &mut Reply) {
    // All ones: ask with the longer command.
    let last = unit.blocks().saturating_sub(1);
    reply.u32(u32::try_from(last).unwrap_or(u32::MAX));
    reply.u32(unit.block());
}

pub(super) fn read_capacity_16(unit: &Unit, reply: &mut Reply) {
    reply.u64(unit.blocks().saturating_sub(1));
    reply.u32(unit.block());
    reply.u8(0); // No protection information.
    reply.u8((unit.physical_block() / unit.block()).max(1).ilog2() as u8);
    // LBPME: the unit is thin; unmapped blocks read as anything (LBPRZ 0); block 0 is aligned.
    reply.u16(u16::from(unit.discard().is_some()) << 15);
    reply.zeroes(16);
}

/// One descriptor: the rest of the unit is mapped, or in an unknown state, which has the same code.
pub(super) fn lba_status(unit: &Unit, lba: u64, reply: &mut Reply) -> Result<(), Sense> {
    if lba >= unit.blocks() {
        return Err(Sense::OUT_OF_RANGE);
    }
    reply.u32(4 + 16);
    reply.u32(0);
    reply.u64(lba);
    reply.u32(u32::try_from(unit.blocks() - lba).unwrap_or(u32::MAX));
    reply.u32(0);
    Ok(())
}

pub(super) fn report_luns(select: u8, reply: &mut Reply) -> Result<(), Sense> {
    match select {
        // All units: unit 0.
        0 | 2 => {
            reply.u32(8);
            reply.zeroes(4 + 8);
        }
        // Well-known units: none.
        1 => {
            reply.u32(0);
            reply.zeroes(4);
        }
        _ => return Err(Sense::INVALID_FIELD),
    }
    Ok(())
}
