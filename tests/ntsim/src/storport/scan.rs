//! Which units are there: INQUIRY to each target, REPORT LUNS where there is more than one LUN.

use super::adapter::{Adapter, Address, Phase, Unit};
use super::buffer::Buffer;
use super::request::{Ask, Direction, Outcome, Request};
use crate::ke::wait::{self, Timeout};
use crate::mm::pool::{self, PoolKind};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::Ordering::*;

/// Sleeps; PASSIVE_LEVEL.
pub fn sleep(ms: u64) {
    unsafe { wait::wait(&[], false, false, Timeout::millis(ms), core::ptr::null_mut()) };
}

/// Sends a request without queueing rules of a unit and waits. None: no memory, or out of time.
pub fn send(
    adapter: &'static Adapter,
    address: Address,
    mut ask: Ask,
    buffer: Option<Buffer>,
) -> Option<(Arc<Request>, Outcome)> {
    ask.flags |= nt::sys::SRB_FLAGS_BYPASS_FROZEN_QUEUE;
    let timeout = u64::from(ask.timeout) * 1000;
    let request = Request::new(adapter, address, ask, buffer)?;
    adapter.queue.submit(adapter, request.clone());
    let outcome = request.wait(Timeout::millis(timeout))?;
    Some((request, outcome))
}

fn data(request: &Request, outcome: &Outcome) -> Vec<u8> {
    let mut data = alloc::vec![0; outcome.transferred.min(request.length()) as usize];
    if let Some(buffer) = &request.buffer {
        buffer.read(&mut data);
    }
    data
}

fn inquiry(adapter: &'static Adapter, address: Address) -> Option<Vec<u8>> {
    let cdb = [0x12, 0, 0, 0, 96, 0];
    let (request, outcome) = send(adapter, address, Ask::scsi(&cdb, Direction::In), Buffer::new(96, 0))?;
    // A short answer is no error for INQUIRY.
    let fine = outcome.good() || outcome.srb_status == nt::sys::SRB_STATUS_DATA_OVERRUN as u8;
    let data = data(&request, &outcome);
    (fine && data.len() >= 36 && data[0] >> 5 == 0).then_some(data)
}

fn report_luns(adapter: &'static Adapter, address: Address) -> Option<Vec<u8>> {
    let cdb = [0xA0, 0, 0, 0, 0, 0, 0, 0, 0x08, 0, 0, 0];
    let (request, outcome) = send(adapter, address, Ask::scsi(&cdb, Direction::In), Buffer::new(0x800, 0))?;
    let data = data(&request, &outcome);
    if !outcome.good() && outcome.srb_status != nt::sys::SRB_STATUS_DATA_OVERRUN as u8 || data.len() < 8 {
        return None;
    }
    let bytes = u32::from_be_bytes([data[0], data[1], data[2], data[3]]) as usize;
    Some(data[8..].chunks_exact(8).take(bytes / 8).map(|entry| entry[1]).collect())
}

/// Makes the unit's state: it is there before the first INQUIRY, so that the miniport may set the depth of its queue
/// while it answers. False: no memory for its extension.
fn prepare(adapter: &'static Adapter, address: Address) -> bool {
    if adapter.units.lock().contains_key(&address) {
        return true;
    }
    let config = adapter.config();
    let size = config.SpecificLuExtensionSize as usize;
    let extension = match size {
        0 => 0,
        size => match pool::allocate(PoolKind::NonPagedNx, size, u32::from_le_bytes(*b"ScLu"), 0, true) {
            Some(at) => at as usize,
            None => return false,
        },
    };
    let depth = config.InitialLunQueueDepth.clamp(1, config.MaxIOsPerLun.max(1));
    let unit = Unit { address, inquiry: Vec::new(), depth, active: 0, paused: false, busy: 0, extension };
    adapter.units.lock().insert(address, unit);
    true
}

fn forget(adapter: &'static Adapter, address: Address) {
    let unit = adapter.units.lock().remove(&address);
    if let Some(unit) = unit.filter(|u| u.extension != 0) {
        crate::io::glue::pool_free(unit.extension as *mut u8);
    }
}

/// Scans the bus; gives the addresses that came and went. PASSIVE_LEVEL.
pub fn scan(adapter: &'static Adapter) -> (Vec<Address>, Vec<Address>) {
    adapter.rescan.store(false, Release);
    if adapter.phase() != Phase::Running {
        return (Vec::new(), Vec::new());
    }
    let config = adapter.config();
    let before: Vec<Address> = adapter.units.lock().keys().copied().collect();
    let mut found = Vec::new();
    for path in 0..config.NumberOfBuses {
        for target in 0..config.MaximumNumberOfTargets {
            let first = Address { path, target, lun: 0 };
            if !prepare(adapter, first) {
                continue;
            }
            let Some(data) = inquiry(adapter, first) else { continue };
            let luns = report_luns(adapter, first)
                .unwrap_or_else(|| (0..config.MaximumNumberOfLogicalUnits.max(1)).collect());
            for lun in luns {
                let at = Address { lun, ..first };
                if !prepare(adapter, at) {
                    continue;
                }
                let data = if lun == 0 { Some(data.clone()) } else { inquiry(adapter, at) };
                if let Some(data) = data.filter(|d| d[0] & 0x1F != 0x1F) {
                    if let Some(unit) = adapter.units.lock().get_mut(&at).filter(|u| u.inquiry.is_empty()) {
                        unit.inquiry = data;
                    }
                    found.push(at);
                }
            }
        }
    }
    let all: Vec<Address> = adapter.units.lock().keys().copied().collect();
    all.into_iter().filter(|at| !found.contains(at)).for_each(|at| forget(adapter, at));
    let gone = before.iter().filter(|at| !found.contains(at)).copied().collect();
    let new = found.into_iter().filter(|at| !before.contains(at)).collect();
    (new, gone)
}
