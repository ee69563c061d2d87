//! UNMAP and WRITE SAME with UNMAP: what is deallocated, checked before anything is done.

use arrayvec::ArrayVec;

use super::{execute::DataOut, inquiry::MAX_UNMAP_BLOCKS, sense::Sense, unit::Unit};

/// Most runs in one UNMAP.
pub const MAX_RUNS: usize = 32;
/// First sector and number of sectors, in 512-byte units.
pub type Run = (u64, u64);
/// Runs of one command.
pub type Runs = ArrayVec<Run, MAX_RUNS>;

const HEADER: usize = 8;
const DESCRIPTOR: usize = 16;

/// The runs of an UNMAP parameter list, copied once and checked.
pub(super) fn runs(unit: &Unit, length: usize, data: &dyn DataOut) -> Result<Runs, Sense> {
    let mut runs = Runs::new();
    if length == 0 {
        return Ok(runs);
    }
    let mut header = [0; HEADER];
    if length < HEADER {
        return Err(Sense::PARAMETER_LENGTH);
    }
    if !data.read(0, &mut header) {
        return Err(Sense::DATA_PHASE);
    }
    let described = usize::from(u16::from_be_bytes([header[2], header[3]]));
    // Truncated lists are not an error (SBC-3 5.31.2); a descriptor in part is left out.
    let described = described.min(length - HEADER) / DESCRIPTOR;
    if described > MAX_RUNS {
        return Err(Sense::INVALID_PARAMETER);
    }
    let mut total = 0u64;
    for index in 0..described {
        let mut descriptor = [0; DESCRIPTOR];
        if !data.read(HEADER + index * DESCRIPTOR, &mut descriptor) {
            return Err(Sense::DATA_PHASE);
        }
        let [a, b, c, d, e, f, g, h, i, j, k, l, ..] = descriptor;
        let lba = u64::from_be_bytes([a, b, c, d, e, f, g, h]);
        let blocks = u64::from(u32::from_be_bytes([i, j, k, l]));
        total += blocks;
        if total > MAX_UNMAP_BLOCKS.into() {
            return Err(Sense::INVALID_PARAMETER);
        }
        let run = unit.run(lba, blocks).ok_or(Sense::OUT_OF_RANGE)?;
        if run.1 > 0 {
            runs.push(run);
        }
    }
    Ok(runs)
}

/// The run of a WRITE SAME with UNMAP. It must be whole units of the back-end, since blocks that are
/// not unmapped would have to be written; and the pattern must be zeroes.
pub(super) fn write_same(
    unit: &Unit,
    lba: u64,
    blocks: u64,
    no_data: bool,
    data: &dyn DataOut,
) -> Result<Run, Sense> {
    let discard = unit.discard().ok_or(Sense::INVALID_FIELD)?;
    if blocks == 0 || blocks > MAX_UNMAP_BLOCKS.into() {
        return Err(Sense::INVALID_FIELD);
    }
    let run = unit.run(lba, blocks).ok_or(Sense::OUT_OF_RANGE)?;
    let aligned = |sector: u64| sector % discard.granularity == discard.alignment % discard.granularity;
    if !aligned(run.0) || !aligned(run.0 + run.1) {
        return Err(Sense::INVALID_FIELD);
    }
    let mut at = 0;
    while !no_data && at < unit.block() as usize {
        let mut piece = [0; 512];
        if !data.read(at, &mut piece) {
            return Err(Sense::DATA_PHASE);
        }
        if piece.iter().any(|byte| *byte != 0) {
            return Err(Sense::INVALID_FIELD);
        }
        at += piece.len();
    }
    Ok(run)
}
