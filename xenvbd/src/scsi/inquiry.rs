//! INQUIRY: standard data and vital product data.

use super::{MAX_RUNS, Put, Reply, identity::Identity, sense::Sense, unit::Unit};

const VENDOR: &[u8; 8] = b"XENPV   ";
const PRODUCT: &[u8; 16] = b"PV DISK         ";
const REVISION: &[u8; 4] = b"1.0 ";

/// Most blocks in one UNMAP or WRITE SAME: 4 GiB of 512-byte blocks, far below what wraps.
pub(super) const MAX_UNMAP_BLOCKS: u32 = 0x80_0000;

pub(super) fn standard(unit: &Unit, identity: &Identity, reply: &mut Reply) {
    if let Some(page) = &identity.pages.standard {
        reply.bytes(page);
        // What this disk is, not what the real one is: a block device, removable or not, version and
        // response format of ours.
        for (at, value) in [(0, 0), (1, u8::from(unit.removable()) << 7), (2, 6), (3, 2)] {
            if let Some(byte) = reply.get_mut(at) {
                *byte = value;
            }
        }
        if let Some(byte) = reply.get_mut(7) {
            *byte |= 2;
        }
        return;
    }
    reply.u8(0); // Direct-access block device, connected.
    reply.u8(u8::from(unit.removable()) << 7);
    reply.u8(6); // SPC-4.
    reply.u8(2); // Response data format.
    reply.u8(96 - 5); // Additional length.
    reply.zeroes(2);
    reply.u8(2); // CMDQUE: commands are queued.
    reply.bytes(VENDOR);
    reply.bytes(PRODUCT);
    reply.bytes(REVISION);
    reply.zeroes(58 - 36);
    // Version descriptors: SAM-5, SPC-4, SBC-3.
    for version in [0x00a0, 0x0460, 0x04c0] {
        reply.u16(version);
    }
    reply.zeroes(96 - 64);
}

pub(super) fn page(number: u8, unit: &Unit, identity: &Identity, reply: &mut Reply) -> Result<(), Sense> {
    let mut body = Reply::new();
    match number {
        0x00 => {
            body.bytes(&[0x00, 0x80, 0x83, 0xb0, 0xb1]);
            if unit.discard().is_some() {
                body.u8(0xb2);
            }
        }
        0x80 => match &identity.pages.page_80 {
            Some(page) => {
                reply.bytes(page);
                return Ok(());
            }
            None => body.bytes(identity.serial.as_bytes()),
        },
        0x83 => match &identity.pages.page_83 {
            Some(page) => {
                reply.bytes(page);
                return Ok(());
            }
            None => identification(identity, &mut body),
        },
        0xb0 => block_limits(unit, &mut body),
        0xb1 => {
            body.u16(1); // Non-rotating medium.
            body.zeroes(0x3c - 2);
        }
        0xb2 if unit.discard().is_some() => {
            body.u8(0); // No thresholds.
            body.u8(0xc0); // UNMAP, WRITE SAME (16) with UNMAP; what unmapped blocks read as is not said.
            body.u8(2); // Thin provisioned.
            body.u8(0);
        }
        _ => return Err(Sense::INVALID_FIELD),
    }
    reply.u8(0);
    reply.u8(number);
    reply.u16(body.len() as u16);
    reply.bytes(&body);
    Ok(())
}

fn identification(identity: &Identity, body: &mut Reply) {
    // T10 vendor identification, ASCII, of the logical unit.
    let serial = identity.serial.as_bytes();
    body.bytes(&[0x02, 0x01, 0x00, (VENDOR.len() + serial.len()) as u8]);
    body.bytes(VENDOR);
    body.bytes(serial);
    // NAA 3, locally assigned, binary.
    body.bytes(&[0x01, 0x03, 0x00, 8]);
    body.u64(3 << 60 | identity.local_number());
}

fn block_limits(unit: &Unit, body: &mut Reply) {
    let max = unit.max_transfer() / unit.block();
    body.u8(1); // WSNZ: a WRITE SAME of 0 blocks is refused.
    body.u8(0); // No COMPARE AND WRITE.
    body.u16((unit.physical_block() / unit.block()) as u16); // Optimal granularity of transfers.
    body.u32(max);
    body.u32(max); // Optimal length.
    body.u32(0); // Prefetch.
    match unit.discard() {
        Some(discard) => {
            let per = unit.sectors_per_block();
            body.u32(MAX_UNMAP_BLOCKS);
            body.u32(MAX_RUNS as u32);
            let granularity = discard.granularity.div_ceil(per).clamp(1, u32::MAX.into());
            body.u32(granularity as u32);
            // UGAVALID and the first aligned block.
            body.u32(0x8000_0000 | (discard.alignment / per % granularity) as u32 & 0x7fff_ffff);
            body.u64(MAX_UNMAP_BLOCKS.into()); // Longest WRITE SAME.
        }
        None => body.zeroes(4 * 4 + 8),
    }
    body.zeroes(0x3c - body.len());
}
