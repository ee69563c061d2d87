//! Disks, files, and who runs this.
#![expect(unsafe_code, reason = "calls Windows")]

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
    ptr,
};

use windows_sys::Win32::{
    Foundation::{CloseHandle, FALSE, HANDLE, INVALID_HANDLE_VALUE, WAIT_ABANDONED, WAIT_OBJECT_0},
    Security::{
        CheckTokenMembership, CreateWellKnownSid, SECURITY_MAX_SID_SIZE, WinBuiltinAdministratorsSid,
    },
    Storage::FileSystem::{
        CreateFileW, FILE_SHARE_READ, FILE_SHARE_WRITE, GetDiskFreeSpaceExW, MOVEFILE_DELAY_UNTIL_REBOOT,
        MoveFileExW, OPEN_EXISTING,
    },
    System::{
        IO::DeviceIoControl,
        Ioctl::{
            IOCTL_STORAGE_QUERY_PROPERTY, PropertyStandardQuery, STORAGE_DEVICE_DESCRIPTOR,
            STORAGE_PROPERTY_QUERY, StorageDeviceProperty,
        },
        SystemInformation::{GetSystemTime, GetSystemWindowsDirectoryW},
        Threading::{CreateMutexW, ReleaseMutex, WaitForSingleObject},
    },
};

use super::{
    service,
    text::{last_failure, narrow, wide},
};
use crate::{step::Failure, system::BootDisk};

/// `VENDOR` of xenvbd's INQUIRY data.
const VENDOR: &str = "XENPV";

/// An object of the system.
struct Object(HANDLE);

impl Drop for Object {
    fn drop(&mut self) {
        // SAFETY: ours, closed once.
        unsafe { CloseHandle(self.0) };
    }
}

/// What the volume of Windows is on: the vendor that its disk reports.
pub fn boot_disk() -> BootDisk {
    let folder = super::windows_folder();
    let drive = folder.to_string_lossy().split('\\').next().unwrap_or("C:").to_owned();
    match vendor(&format!(r"\\.\{drive}")) {
        Some(vendor) if vendor.trim() == VENDOR => BootDisk::Pv,
        // Xen Project, XenServer, XCP-ng, AWS: "XENSRC"; GPLPV: "XEN".
        Some(vendor) if vendor.starts_with("XEN") => BootDisk::Other,
        _ => BootDisk::Emulated,
    }
}

fn vendor(volume: &str) -> Option<String> {
    let path = wide(volume);
    let share = FILE_SHARE_READ | FILE_SHARE_WRITE;
    // SAFETY: the path ends with a NUL; no access but to attributes is asked for.
    let handle =
        unsafe { CreateFileW(path.as_ptr(), 0, share, ptr::null(), OPEN_EXISTING, 0, ptr::null_mut()) };
    if handle == INVALID_HANDLE_VALUE {
        return None;
    }
    let volume = Object(handle);
    let query = STORAGE_PROPERTY_QUERY {
        PropertyId: StorageDeviceProperty,
        QueryType: PropertyStandardQuery,
        ..STORAGE_PROPERTY_QUERY::default()
    };
    let mut answer = vec![0u8; 1024];
    let mut length = 0;
    // SAFETY: both buffers are described by their lengths.
    let good = unsafe {
        DeviceIoControl(
            volume.0,
            IOCTL_STORAGE_QUERY_PROPERTY,
            (&raw const query).cast(),
            size_of::<STORAGE_PROPERTY_QUERY>() as u32,
            answer.as_mut_ptr().cast(),
            answer.len() as u32,
            &raw mut length,
            ptr::null_mut(),
        )
    };
    if good == FALSE {
        return None;
    }
    answer.truncate(length as usize);
    let at = std::mem::offset_of!(STORAGE_DEVICE_DESCRIPTOR, VendorIdOffset);
    let offset = u32::from_le_bytes(answer.get(at..at + 4)?.try_into().ok()?) as usize;
    let text = answer.get(offset..).filter(|_| offset != 0)?;
    Some(String::from_utf8_lossy(text.split(|byte| *byte == 0).next()?).into_owned())
}

/// Free bytes where `folder` is; 0 when that cannot be told.
pub fn free_bytes(folder: &Path) -> u64 {
    let path = wide(folder);
    let mut free = 0u64;
    // SAFETY: the path ends with a NUL, the answer is written to a local.
    unsafe { GetDiskFreeSpaceExW(path.as_ptr(), &raw mut free, ptr::null_mut(), ptr::null_mut()) };
    free
}

/// Whether the caller has an administrator's rights in full.
pub fn is_administrator() -> bool {
    let mut sid = [0u32; SECURITY_MAX_SID_SIZE as usize / 4];
    let mut length = size_of_val(&sid) as u32;
    let administrators = sid.as_mut_ptr().cast();
    // SAFETY: the buffer is described by its length.
    let made = unsafe {
        CreateWellKnownSid(WinBuiltinAdministratorsSid, ptr::null_mut(), administrators, &raw mut length)
    };
    let mut member = FALSE;
    // SAFETY: a SID, of which the caller's token is asked; the answer is written to a local.
    let asked = made != FALSE
        && unsafe { CheckTokenMembership(ptr::null_mut(), administrators, &raw mut member) } != FALSE;
    asked && member != FALSE
}

/// The mutex of whoever changes things, while this thread has it.
struct Turn(Object);

impl Drop for Turn {
    fn drop(&mut self) {
        // SAFETY: the mutex is this thread's.
        unsafe { ReleaseMutex(self.0.0) };
    }
}

/// Makes sure that no two copies change things at the same time: waits for the other one, for so many seconds at
/// most. The guard is kept meanwhile. `None`: another one is still at work.
#[must_use]
pub fn turn(seconds: u32) -> Option<impl Drop> {
    let name = wide(r"Global\XenPVSetup");
    // SAFETY: the name ends with a NUL.
    let handle = unsafe { CreateMutexW(ptr::null(), 0, name.as_ptr()) };
    if handle.is_null() {
        // It is another user's, who is at work.
        return None;
    }
    let mutex = Object(handle);
    // SAFETY: an open mutex.
    let waited = unsafe { WaitForSingleObject(mutex.0, seconds * 1000) };
    // The copy that had it may have been killed.
    (waited == WAIT_OBJECT_0 || waited == WAIT_ABANDONED).then(|| Turn(mutex))
}

/// The Windows folder.
pub fn windows_folder() -> Option<PathBuf> {
    let mut buffer = [0u16; 260];
    // SAFETY: the buffer is described by its length.
    let length = unsafe { GetSystemWindowsDirectoryW(buffer.as_mut_ptr(), buffer.len() as u32) } as usize;
    (length > 0 && length < buffer.len()).then(|| PathBuf::from(narrow(&buffer)))
}

/// Copies a file to where another one, or an older one, may be: it is there as a whole or not at all, and on the disk
/// before anything names it.
pub fn replace(from: &Path, to: &Path) -> io::Result<()> {
    if let Some(folder) = to.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let part = part(to);
    let copied = copy(from, &part).and_then(|()| {
        std::fs::rename(&part, to).or_else(|_| {
            // The boot service may run from it.
            service::stop_boot_service();
            std::fs::rename(&part, to)
        })
    });
    if copied.is_err() {
        let _ = std::fs::remove_file(&part);
    }
    copied
}

/// The name of a copy that is not whole yet.
fn part(of: &Path) -> PathBuf {
    of.with_extension("new")
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let mut file = File::create(to)?;
    io::copy(&mut File::open(from)?, &mut file)?;
    file.sync_all()
}

/// Deletes a file; one that is in use goes at the next boot.
pub fn delete_now_or_at_boot(path: &Path) -> Result<(), Failure> {
    let folder = path.parent().map(Path::to_owned);
    if !path.exists() {
        return Ok(());
    }
    let delete = || std::fs::remove_file(path);
    let deleted = delete().or_else(|_| {
        // The boot service may run from it.
        service::stop_boot_service();
        delete()
    });
    if deleted.is_ok() {
        // Of a copy that was cut off; there is none as a rule.
        let _ = std::fs::remove_file(part(path));
        if let Some(folder) = folder {
            // Only when nothing else is in it.
            let _ = std::fs::remove_dir(folder);
        }
        return Ok(());
    }
    for doomed in [Some(path.to_owned()), folder].into_iter().flatten() {
        let name = wide(&doomed);
        // SAFETY: the name ends with a NUL; no new name is deletion.
        if unsafe { MoveFileExW(name.as_ptr(), ptr::null(), MOVEFILE_DELAY_UNTIL_REBOOT) } == FALSE {
            return Err(last_failure());
        }
    }
    Ok(())
}

/// The time, for logs: UTC.
pub fn time() -> String {
    let mut now = windows_sys::Win32::Foundation::SYSTEMTIME::default();
    // SAFETY: written to a local.
    unsafe { GetSystemTime(&raw mut now) };
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
        now.wYear, now.wMonth, now.wDay, now.wHour, now.wMinute, now.wSecond
    )
}
