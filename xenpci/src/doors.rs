//! User mode: an interface of the bus's device for SYSTEM and Administrators (DESIGN decision 12).
//! A handle holds nothing: there is nothing to clean up, and nothing that a closed handle leaves.

use alloc::vec::Vec;
use core::{
    ptr, slice,
    sync::atomic::{AtomicU32, AtomicU64, Ordering},
};

use nt::sys::{
    GUID, IRP_MJ_CLEANUP, IRP_MJ_CLOSE, IRP_MJ_CREATE, IRP_MJ_DEVICE_CONTROL, IoRegisterDeviceInterface,
    IoSetDeviceInterfaceState, NTSTATUS, STATUS_ACCESS_DENIED, STATUS_BUFFER_TOO_SMALL,
    STATUS_DEVICE_NOT_READY, STATUS_INVALID_DEVICE_REQUEST, STATUS_INVALID_PARAMETER, STATUS_IO_DEVICE_ERROR,
    STATUS_IO_TIMEOUT, STATUS_OBJECT_NAME_NOT_FOUND, STATUS_SUCCESS, UNICODE_STRING,
};
use xenbus::seam::{Store as _, StoreError};

use crate::{
    fdo::Fdo,
    irp::Irp,
    os::{Event, Spin, success, time},
    platform::Platform,
    policy::{
        control::Shutdown,
        doors::{self as policy, Refused, Request},
    },
};

/// {0a6b9f52-64e1-4d0c-8f3a-2b1f5c7d9e61}: the interface class of the bus's control functions.
pub const GUID_XENPV_CONTROL: GUID = GUID {
    Data1: 0x0a6b_9f52,
    Data2: 0x64e1,
    Data3: 0x4d0c,
    Data4: [0x8f, 0x3a, 0x2b, 0x1f, 0x5c, 0x7d, 0x9e, 0x61],
};

/// An agent that asked within this time counts as present.
const PRESENT: u64 = 90 * time::SECOND;

/// The agent: who waits for shutdown requests.
pub struct Agent {
    pending: Spin<Option<Shutdown>>,
    offered: Event,
    waiting: AtomicU32,
    last: AtomicU64,
}

impl Agent {
    /// Nobody.
    pub fn new() -> Self {
        Self {
            pending: Spin::new(None),
            offered: Event::notification(),
            waiting: AtomicU32::new(0),
            last: AtomicU64::new(0),
        }
    }

    /// Offers a request; false when there is no agent.
    pub fn offer(&self, request: Shutdown) -> bool {
        let last = self.last.load(Ordering::Acquire);
        let recent = last != 0 && time::now().saturating_sub(last) < PRESENT;
        if self.waiting.load(Ordering::Acquire) == 0 && !recent {
            return false;
        }
        *self.pending.lock() = Some(request);
        self.offered.set();
        true
    }

    /// True once the agent has taken it.
    pub fn has_taken(&self, request: Shutdown) -> bool {
        *self.pending.lock() != Some(request)
    }

    /// The bus stops: who waits goes home.
    pub fn cancel_all(&self) {
        self.offered.set();
    }

    /// Waits for a request in the agent's own thread, at most `milliseconds`.
    fn wait(&self, milliseconds: u32) -> u32 {
        self.waiting.fetch_add(1, Ordering::AcqRel);
        self.offered.wait_user(u64::from(milliseconds) * time::MS);
        let request = self.pending.lock().take();
        if request.is_some() {
            self.offered.clear();
        }
        self.last.store(time::now().max(1), Ordering::Release);
        self.waiting.fetch_sub(1, Ordering::AcqRel);
        request.map_or(0, policy::number)
    }
}

/// The registered interface: its symbolic link.
pub struct Interface(UNICODE_STRING);

#[expect(unsafe_code, reason = "a string of the kernel's, only passed back")]
// SAFETY: see the reason.
unsafe impl Send for Interface {}

impl Interface {
    /// Registers and enables it. `PASSIVE_LEVEL`. `None` when the kernel refuses: there is no user
    /// mode then.
    #[expect(unsafe_code, reason = "calls the kernel")]
    pub fn open(fdo: &Fdo) -> Option<Self> {
        let mut link = UNICODE_STRING::default();
        let class = GUID_XENPV_CONTROL;
        // SAFETY: the PCI driver's device; class and link outlive the call.
        let status = unsafe {
            IoRegisterDeviceInterface(fdo.physical(), &raw const class, ptr::null_mut(), &raw mut link)
        };
        if !success(status) {
            return None;
        }
        let mut interface = Self(link);
        // SAFETY: the link just registered.
        let status = unsafe { IoSetDeviceInterfaceState(&raw mut interface.0, 1) };
        success(status).then_some(interface)
    }
}

impl Drop for Interface {
    #[expect(unsafe_code, reason = "calls the kernel")]
    fn drop(&mut self) {
        // SAFETY: the registered link.
        unsafe { IoSetDeviceInterfaceState(&raw mut self.0, 0) };
        // SAFETY: allocated by the kernel for us.
        unsafe { nt::sys::RtlFreeUnicodeString(&raw mut self.0) };
    }
}

impl Fdo {
    /// Create, cleanup, close and device control.
    pub fn door(&self, irp: Irp) -> NTSTATUS {
        if let Err(status) = self.acquire() {
            return irp.complete(status);
        }
        let major = u32::from(irp.location().MajorFunction);
        let status = if major == IRP_MJ_CREATE {
            // No names below the device: a path behind it is somebody's mistake or attack.
            let status = if has_file_name(&irp) { STATUS_ACCESS_DENIED } else { STATUS_SUCCESS };
            irp.complete(status)
        } else if major == IRP_MJ_CLEANUP || major == IRP_MJ_CLOSE {
            irp.complete(STATUS_SUCCESS)
        } else if major == IRP_MJ_DEVICE_CONTROL {
            self.control(irp)
        } else {
            irp.complete(STATUS_INVALID_DEVICE_REQUEST)
        };
        self.release();
        status
    }

    #[expect(unsafe_code, reason = "reads and writes the request's buffer")]
    fn control(&self, mut irp: Irp) -> NTSTATUS {
        let Some(platform) = self.platform() else { return irp.complete(STATUS_DEVICE_NOT_READY) };
        // SAFETY: the member that this major function uses.
        let parameters = unsafe { irp.location().Parameters.DeviceIoControl };
        let buffer = irp.system_buffer();
        let length = if buffer.is_null() { 0 } else { parameters.InputBufferLength as usize };
        if length > policy::INPUT_MAX {
            return irp.complete(STATUS_INVALID_PARAMETER);
        }
        let input: Vec<u8> = if length == 0 {
            Vec::new()
        } else {
            // SAFETY: the I/O manager copied so many bytes into the system buffer.
            unsafe { slice::from_raw_parts(buffer, length) }.to_vec()
        };
        let room = if buffer.is_null() { 0 } else { parameters.OutputBufferLength as usize };
        match answer(&platform, parameters.IoControlCode, &input) {
            Ok(output) if output.len() <= room => {
                if !output.is_empty() {
                    // SAFETY: the system buffer has room for the output length.
                    unsafe { buffer.copy_from_nonoverlapping(output.as_ptr(), output.len()) };
                }
                irp.set_information(output.len());
                irp.complete(STATUS_SUCCESS)
            }
            Ok(_) => irp.complete(STATUS_BUFFER_TOO_SMALL),
            Err(status) => irp.complete(status),
        }
    }
}

#[expect(unsafe_code, reason = "reads the file object")]
fn has_file_name(irp: &Irp) -> bool {
    let file = irp.location().FileObject;
    // SAFETY: null, or the file object that is being opened.
    unsafe { file.as_ref() }.is_some_and(|file| file.FileName.Length != 0)
}

fn answer(platform: &Platform, code: u32, input: &[u8]) -> Result<Vec<u8>, NTSTATUS> {
    let request = policy::parse(code, input).map_err(|refused| match refused {
        Refused::Unknown => STATUS_INVALID_DEVICE_REQUEST,
        Refused::Input => STATUS_INVALID_PARAMETER,
    })?;
    let failed = |error: StoreError| match error {
        StoreError::NotFound => STATUS_OBJECT_NAME_NOT_FOUND,
        StoreError::Denied => STATUS_ACCESS_DENIED,
        StoreError::TimedOut => STATUS_IO_TIMEOUT,
        StoreError::Invalid => STATUS_INVALID_PARAMETER,
        StoreError::Closed => STATUS_DEVICE_NOT_READY,
        _ => STATUS_IO_DEVICE_ERROR,
    };
    match request {
        Request::GetRequest(time) => Ok(platform.agent.wait(time).to_le_bytes().to_vec()),
        Request::Read(path) => platform.store.read(None, path).map_err(failed),
        Request::Write(path, value) => {
            platform.store.write(None, path, value).map(|()| Vec::new()).map_err(failed)
        }
        Request::List(path) => {
            let names = platform.store.list(None, path).map_err(failed)?;
            Ok(names.iter().flat_map(|name| name.bytes().chain([0])).collect())
        }
        Request::SelfTest(id) => {
            let status = platform.registrations.test(id);
            Ok(u32::from(!status.is_some_and(|status| status.is_ok())).to_le_bytes().to_vec())
        }
        Request::Dump => {
            platform.dump_to_console(false);
            Ok(Vec::new())
        }
    }
}
