//! OID requests: one at a time per adapter (direct ones in parallel), at PASSIVE_LEVEL, completed now or later.

use super::adapter::{Adapter, Operation, State, event_zero};
use super::{adapter_of, life, rules};
use crate::abi::*;
use crate::io::glue;
use crate::ke::{event, wait};
use crate::kernel::lock::Lock;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::vec::Vec;
use core::cell::UnsafeCell;

/// Requests of an adapter.
pub struct Queue {
    gate: UnsafeCell<KEVENT>,
    pending: Lock<BTreeMap<usize, &'static Operation>>,
}

unsafe impl Send for Queue {}
unsafe impl Sync for Queue {}

impl Queue {
    /// No requests.
    pub fn new() -> Self {
        Self { gate: UnsafeCell::new(event_zero()), pending: Lock::default() }
    }

    /// Opens the gate, once the queue is where it stays.
    pub fn start(&self) {
        unsafe { event::initialize(self.gate.get(), true, true) };
    }

    fn take(&self) {
        unsafe { wait::wait_one(self.gate.get(), wait::Timeout::Never) };
    }

    fn release(&self) {
        unsafe { event::set(self.gate.get()) };
    }

    /// Requests at the miniport.
    pub fn pending(&self) -> usize {
        self.pending.lock().len()
    }
}

impl Default for Queue {
    fn default() -> Self {
        Self::new()
    }
}

/// How a request is made.
#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    Normal,
    Direct,
}

/// Result: status, bytes written or read, bytes needed.
pub struct Answer {
    /// Final status.
    pub status: NDIS_STATUS,
    /// BytesWritten or BytesRead.
    pub bytes: usize,
    /// BytesNeeded.
    pub needed: usize,
}

fn request(
    adapter: &'static Adapter,
    kind: NDIS_REQUEST_TYPE,
    oid: u32,
    buffer: &mut [u8],
    input: usize,
    how: How,
) -> Answer {
    let refused = |status| Answer { status, bytes: 0, needed: 0 };
    let routine = match how {
        How::Normal => adapter.handlers().OidRequestHandler,
        How::Direct => adapter.handlers().DirectOidRequestHandler,
    };
    let Some(routine) = routine else { return refused(NDIS_STATUS_NOT_SUPPORTED) };
    if how == How::Normal {
        adapter.oids.take();
    }
    let release = || {
        if how == How::Normal {
            adapter.oids.release();
        }
    };
    if matches!(adapter.state(), State::Halted | State::Initializing | State::Shutdown) {
        release();
        return refused(NDIS_STATUS_ADAPTER_NOT_READY);
    }
    // Buffer and request lie in pool: what a miniport writes beyond them is found.
    let room = glue::pool(buffer.len().max(1), *b"NdOb", true);
    let at: *mut NDIS_OID_REQUEST = glue::pool(size_of::<NDIS_OID_REQUEST>(), *b"NdOr", true).cast();
    let operation: &'static Operation = Box::leak(Box::new(Operation::default()));
    let answer = unsafe {
        core::ptr::copy_nonoverlapping(buffer.as_ptr(), room, buffer.len());
        let new = adapter.driver.version & 0xFFFF >= 50;
        (*at).Header = NDIS_OBJECT_HEADER {
            Type: NDIS_OBJECT_TYPE_OID_REQUEST as u8,
            Revision: if new { 2 } else { 1 },
            Size: if new { NDIS_SIZEOF_OID_REQUEST_REVISION_2 } else { NDIS_SIZEOF_OID_REQUEST_REVISION_1 }
                as u16,
        };
        (*at).RequestType = kind;
        (*at).RequestId = at.cast();
        (*at).RequestHandle = adapter.handle();
        let data = &mut (*at).DATA;
        match kind {
            NdisRequestSetInformation => {
                data.SET_INFORMATION = _SET {
                    Oid: oid,
                    InformationBuffer: room.cast(),
                    InformationBufferLength: buffer.len() as u32,
                    ..Default::default()
                }
            }
            NdisRequestMethod => {
                data.METHOD_INFORMATION = _METHOD {
                    Oid: oid,
                    InformationBuffer: room.cast(),
                    InputBufferLength: input as u32,
                    OutputBufferLength: buffer.len() as u32,
                    ..Default::default()
                }
            }
            _ => {
                data.QUERY_INFORMATION = _QUERY {
                    Oid: oid,
                    InformationBuffer: room.cast(),
                    InformationBufferLength: buffer.len() as u32,
                    ..Default::default()
                }
            }
        }
        adapter.oids.pending.lock().insert(at as usize, operation);
        operation.begin();
        let returned = crate::call!("MiniportOidRequest", routine, adapter.context(), at);
        if returned != NDIS_STATUS_PENDING {
            adapter.oids.pending.lock().remove(&(at as usize));
            if !operation.is_pending() {
                let text = format!(
                    "OID {oid:#x} was completed and answered with {returned:#x}, not NDIS_STATUS_PENDING"
                );
                rules::report(&rules::OID_COMPLETE, text, at as usize, oid as usize);
            }
        }
        match operation.end(returned, life::LIMIT) {
            Some(status) => {
                let (bytes, needed) = match kind {
                    NdisRequestSetInformation => {
                        let d = (*at).DATA.SET_INFORMATION;
                        (d.BytesRead as usize, d.BytesNeeded as usize)
                    }
                    NdisRequestMethod => {
                        let d = (*at).DATA.METHOD_INFORMATION;
                        (d.BytesWritten as usize, d.BytesNeeded as usize)
                    }
                    _ => {
                        let d = (*at).DATA.QUERY_INFORMATION;
                        (d.BytesWritten as usize, d.BytesNeeded as usize)
                    }
                };
                check(oid, status, bytes, needed, buffer.len());
                core::ptr::copy_nonoverlapping(room, buffer.as_mut_ptr(), buffer.len());
                Answer { status, bytes: bytes.min(buffer.len()), needed }
            }
            None => {
                adapter.oids.pending.lock().remove(&(at as usize));
                let text = format!("OID {oid:#x} was not completed within {} s", life::LIMIT);
                rules::report(&rules::OID_HANG, text, at as usize, oid as usize);
                release();
                return refused(NDIS_STATUS_REQUEST_ABORTED);
            }
        }
    };
    glue::pool_free(at.cast());
    glue::pool_free(room);
    release();
    answer
}

fn check(oid: u32, status: NDIS_STATUS, bytes: usize, needed: usize, length: usize) {
    let wrong = if bytes > length {
        Some(format!("{bytes} bytes in a buffer of {length}"))
    } else if matches!(status, NDIS_STATUS_BUFFER_TOO_SHORT | NDIS_STATUS_INVALID_LENGTH)
        && needed <= length
        && needed == 0
    {
        Some("a buffer length is refused without BytesNeeded".into())
    } else if status == NDIS_STATUS_BUFFER_TOO_SHORT && needed <= length {
        Some(format!("a buffer of {length} is too short, but {needed} are needed"))
    } else {
        None
    };
    if let Some(text) = wrong {
        rules::report(&rules::OID_RESULT, format!("OID {oid:#x} ({status:#x}): {text}"), oid as usize, 0);
    }
}

/// Queries an OID; the buffer grows as the miniport asks. PASSIVE_LEVEL.
///
/// # Errors
/// The miniport's status.
pub fn query(adapter: &'static Adapter, oid: u32, expected: usize) -> Result<Vec<u8>, NDIS_STATUS> {
    let mut buffer = alloc::vec![0; expected];
    for _ in 0..3 {
        let answer = request(adapter, NdisRequestQueryInformation, oid, &mut buffer, 0, How::Normal);
        match answer.status {
            NDIS_STATUS_SUCCESS => {
                buffer.truncate(answer.bytes);
                return Ok(buffer);
            }
            NDIS_STATUS_BUFFER_TOO_SHORT | NDIS_STATUS_INVALID_LENGTH | NDIS_STATUS_BUFFER_OVERFLOW
                if answer.needed > buffer.len() && answer.needed <= 1 << 16 =>
            {
                buffer.resize(answer.needed, 0)
            }
            status => return Err(status),
        }
    }
    Err(NDIS_STATUS_BUFFER_TOO_SHORT)
}

/// Queries into a buffer of exactly this length. PASSIVE_LEVEL.
pub fn query_exact(adapter: &'static Adapter, oid: u32, length: usize) -> (Answer, Vec<u8>) {
    let mut buffer = alloc::vec![0; length];
    let answer = request(adapter, NdisRequestQueryInformation, oid, &mut buffer, 0, How::Normal);
    (answer, buffer)
}

/// Queries a 32-bit OID.
///
/// # Errors
/// The miniport's status; NDIS_STATUS_INVALID_LENGTH if it gave no four bytes.
pub fn query_u32(adapter: &'static Adapter, oid: u32) -> Result<u32, NDIS_STATUS> {
    let bytes = query(adapter, oid, 4)?;
    bytes.get(..4).and_then(|b| b.try_into().ok()).map(u32::from_le_bytes).ok_or(NDIS_STATUS_INVALID_LENGTH)
}

/// Sets an OID. PASSIVE_LEVEL.
///
/// # Errors
/// The miniport's status.
pub fn set(adapter: &'static Adapter, oid: u32, data: &[u8]) -> Result<(), NDIS_STATUS> {
    let mut buffer = data.to_vec();
    match request(adapter, NdisRequestSetInformation, oid, &mut buffer, 0, How::Normal).status {
        NDIS_STATUS_SUCCESS => Ok(()),
        status => Err(status),
    }
}

/// A method request: input in, output out. PASSIVE_LEVEL.
///
/// # Errors
/// The miniport's status.
pub fn method(
    adapter: &'static Adapter,
    oid: u32,
    buffer: &mut [u8],
    input: usize,
) -> Result<usize, NDIS_STATUS> {
    let answer = request(adapter, NdisRequestMethod, oid, buffer, input, How::Normal);
    if answer.status == NDIS_STATUS_SUCCESS { Ok(answer.bytes) } else { Err(answer.status) }
}

/// A direct OID set (MiniportDirectOidRequest), which is not serialised. IRQL <= DISPATCH_LEVEL allowed for the miniport;
/// here PASSIVE_LEVEL.
///
/// # Errors
/// The miniport's status.
pub fn set_direct(adapter: &'static Adapter, oid: u32, data: &[u8]) -> Result<(), NDIS_STATUS> {
    let mut buffer = data.to_vec();
    match request(adapter, NdisRequestSetInformation, oid, &mut buffer, 0, How::Direct).status {
        NDIS_STATUS_SUCCESS => Ok(()),
        status => Err(status),
    }
}

fn completed(handle: NDIS_HANDLE, request: *mut NDIS_OID_REQUEST, status: NDIS_STATUS, what: &str) {
    let adapter = adapter_of(handle);
    let operation = adapter.oids.pending.lock().remove(&(request as usize));
    let good = operation.is_some_and(|o| o.complete(status));
    if !good {
        let text = format!("{what} for {request:p}, which is not pending");
        rules::report(&rules::OID_COMPLETE, text, request as usize, 0);
    } else if status == NDIS_STATUS_PENDING {
        rules::report(&rules::OID_RESULT, format!("{what} with NDIS_STATUS_PENDING"), request as usize, 0);
    }
}

crate::exports! { EXPORTS "ndis.sys";
    fn NdisMOidRequestComplete(handle: NDIS_HANDLE, request: *mut NDIS_OID_REQUEST, status: NDIS_STATUS) [irql <= DISPATCH_LEVEL] {
        completed(handle, request, status, "NdisMOidRequestComplete")
    }
    fn NdisMDirectOidRequestComplete(handle: NDIS_HANDLE, request: *mut NDIS_OID_REQUEST, status: NDIS_STATUS) [irql <= DISPATCH_LEVEL] {
        completed(handle, request, status, "NdisMDirectOidRequestComplete")
    }
}
