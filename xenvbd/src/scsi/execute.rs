//! From a command to what has to be done.

use blkfront::request::Operation;

use super::{
    Put, Reply, capacity,
    command::{Command, parse},
    identity::Identity,
    inquiry, mode,
    sense::Sense,
    unit::Unit,
    unmap::{self, Runs},
};

/// Data that the initiator sent along with a command that is not a write.
pub trait DataOut {
    /// Copies data from `offset` on; false if there is not so much.
    fn read(&self, offset: usize, to: &mut [u8]) -> bool;
}

/// No data.
pub struct NoData;

impl DataOut for NoData {
    fn read(&self, _: usize, _: &mut [u8]) -> bool {
        false
    }
}

impl DataOut for [u8] {
    fn read(&self, offset: usize, to: &mut [u8]) -> bool {
        let data = offset.checked_add(to.len()).and_then(|end| self.get(offset..end));
        if let Some(data) = data {
            to.copy_from_slice(data);
        }
        data.is_some()
    }
}

/// What has to be done for a command.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::large_enum_variant, reason = "lives on the stack for a moment; there is no allocation here")]
pub enum Action {
    /// Done: the reply has the data, already cut to the allocation length.
    Done,
    /// CHECK CONDITION.
    Fail(Sense),
    /// A request to the front-end, in 512-byte sectors.
    Transfer {
        /// Read, write, verify or flush.
        operation: Operation,
        /// First sector.
        sector: u64,
        /// Number of sectors.
        sectors: u64,
    },
    /// Deallocate these runs.
    Discard(Runs),
    /// Take the medium out.
    Eject,
}

/// Alias used by the miniport.
pub type Discard = Runs;

/// Executes a command of unit 0. `reply` is empty.
pub fn execute(
    unit: &Unit,
    identity: &Identity,
    cdb: &[u8],
    data: &dyn DataOut,
    reply: &mut Reply,
) -> Action {
    let command = match parse(cdb) {
        Ok(command) => command,
        Err(sense) => return Action::Fail(sense),
    };
    if !command.ignores_attention()
        && let Some(attention) = unit.take_attention()
    {
        return Action::Fail(attention.sense());
    }
    run(unit, identity, command, data, reply).unwrap_or_else(Action::Fail)
}

fn run(
    unit: &Unit,
    identity: &Identity,
    command: Command,
    data: &dyn DataOut,
    reply: &mut Reply,
) -> Result<Action, Sense> {
    let mut room = usize::MAX;
    match command {
        Command::TestUnitReady | Command::PreventRemoval => {}
        Command::RequestSense { allocation } => {
            room = allocation;
            let sense = unit.take_attention().map_or(Sense::NONE, |attention| attention.sense());
            reply.bytes(&sense.encode());
        }
        Command::Inquiry { page, allocation } => {
            room = allocation;
            match page {
                None => inquiry::standard(unit, identity, reply),
                Some(page) => inquiry::page(page, unit, identity, reply)?,
            }
        }
        Command::Read { lba, blocks } => return transfer(unit, Operation::Read, lba, blocks),
        Command::Verify { lba, blocks } => return transfer(unit, Operation::Verify, lba, blocks),
        Command::Write { lba, blocks, fua } => {
            if unit.read_only() {
                return Err(Sense::WRITE_PROTECTED);
            }
            // A back-end that never offered to flush has no volatile cache, as the caching page says:
            // every write is stable. One that refuses to flush what it has cannot do this write.
            if fua && unit.has_cache() && !unit.can_flush() {
                return Err(Sense::INVALID_FIELD);
            }
            let fua = fua && unit.has_cache();
            return transfer(unit, Operation::Write { fua }, lba, blocks);
        }
        Command::SynchronizeCache { lba, blocks } => {
            unit.run(lba, blocks).ok_or(Sense::OUT_OF_RANGE)?;
            return flush(unit);
        }
        Command::ReadCapacity10 => capacity::read_capacity_10(unit, reply),
        Command::ReadCapacity16 { allocation } => {
            room = allocation;
            capacity::read_capacity_16(unit, reply);
        }
        Command::GetLbaStatus { lba, allocation } => {
            room = allocation;
            capacity::lba_status(unit, lba, reply)?;
        }
        Command::ModeSense { long, no_descriptor, control, page, subpage, allocation } => {
            room = allocation;
            mode::mode_sense(unit, long, no_descriptor, control, page, subpage, reply)?;
        }
        Command::LogSense { page, subpage, allocation } => {
            room = allocation;
            mode::log_sense(page, subpage, reply)?;
        }
        Command::ReportLuns { select, allocation } => {
            room = allocation;
            capacity::report_luns(select, reply)?;
        }
        Command::StartStop { start, eject } => match (start, eject) {
            (false, true) if unit.removable() => return Ok(Action::Eject),
            (_, true) => return Err(Sense::INVALID_FIELD),
            // Stopping makes the cache stable first.
            (false, false) if unit.can_flush() && !unit.read_only() => return flush(unit),
            _ => {}
        },
        Command::Unmap { length } => {
            unit.discard().ok_or(Sense::INVALID_COMMAND)?;
            if unit.read_only() {
                return Err(Sense::WRITE_PROTECTED);
            }
            let runs = unmap::runs(unit, length, data)?;
            return Ok(if runs.is_empty() { Action::Done } else { Action::Discard(runs) });
        }
        Command::WriteSameUnmap { lba, blocks, no_data } => {
            if unit.read_only() {
                return Err(Sense::WRITE_PROTECTED);
            }
            let run = unmap::write_same(unit, lba, blocks, no_data, data)?;
            return Ok(Action::Discard(core::iter::once(run).collect()));
        }
    }
    reply.truncate(room);
    Ok(Action::Done)
}

fn transfer(unit: &Unit, operation: Operation, lba: u64, blocks: u64) -> Result<Action, Sense> {
    let (sector, sectors) = unit.run(lba, blocks).ok_or(Sense::OUT_OF_RANGE)?;
    // SBC-3: no blocks is not an error; a block behind the last one is.
    if sectors == 0 {
        return if lba < unit.blocks() { Ok(Action::Done) } else { Err(Sense::OUT_OF_RANGE) };
    }
    Ok(Action::Transfer { operation, sector, sectors })
}

/// A flush that the back-end does not have is an unknown command, never a success.
fn flush(unit: &Unit) -> Result<Action, Sense> {
    if !unit.can_flush() {
        return Err(Sense::INVALID_COMMAND);
    }
    Ok(Action::Transfer { operation: Operation::Flush, sector: 0, sectors: 0 })
}
