//! The live registry below `HKEY_LOCAL_MACHINE`.
#![expect(unsafe_code, reason = "calls Windows")]

use std::ptr;

use windows_sys::Win32::{
    Foundation::{ERROR_FILE_NOT_FOUND, ERROR_PATH_NOT_FOUND, WIN32_ERROR},
    System::Registry::{
        HKEY, HKEY_LOCAL_MACHINE, KEY_READ, KEY_WOW64_64KEY, KEY_WRITE, REG_OPTION_NON_VOLATILE,
        REG_OPTION_VOLATILE, RegCloseKey, RegCreateKeyExW, RegDeleteTreeW, RegDeleteValueW, RegEnumKeyExW,
        RegEnumValueW, RegFlushKey, RegOpenKeyExW, RegQueryValueExW, RegSetValueExW,
    },
};

use super::text::{failure, narrow, wide};
use crate::{
    registry::{Value, decode, encode},
    step::Failure,
};

/// Longest name of a key or value.
const NAME: usize = 16_384;
/// Largest value that is read.
const DATA: u32 = 1 << 20;

/// An open key.
pub struct Key(HKEY);

impl Key {
    /// Opens a key for reading.
    pub fn open(path: &str) -> Option<Self> {
        Self::open_for(path, KEY_READ).ok()
    }

    fn open_for(path: &str, access: u32) -> Result<Self, u32> {
        let path = wide(path);
        let mut key: HKEY = ptr::null_mut();
        // SAFETY: the path ends with a NUL, the result is written to a local.
        let error = unsafe {
            RegOpenKeyExW(HKEY_LOCAL_MACHINE, path.as_ptr(), 0, access | KEY_WOW64_64KEY, &raw mut key)
        };
        if error == 0 { Ok(Self(key)) } else { Err(error) }
    }

    fn create(path: &str, options: u32) -> Result<Self, Failure> {
        let path = wide(path);
        let mut key: HKEY = ptr::null_mut();
        // SAFETY: the path ends with a NUL, the result is written to a local, the rest is optional.
        let error = unsafe {
            RegCreateKeyExW(
                HKEY_LOCAL_MACHINE,
                path.as_ptr(),
                0,
                ptr::null(),
                options,
                KEY_READ | KEY_WRITE | KEY_WOW64_64KEY,
                ptr::null(),
                &raw mut key,
                ptr::null_mut(),
            )
        };
        if error == 0 { Ok(Self(key)) } else { Err(failure(error)) }
    }

    /// The type of a value, and its length; with room for them also its bytes.
    fn query(&self, name: &[u16], data: *mut u8, length: &mut u32) -> Option<u32> {
        let mut kind = 0;
        // SAFETY: the name ends with a NUL; the data is null or described by its length.
        let error =
            unsafe { RegQueryValueExW(self.0, name.as_ptr(), ptr::null(), &raw mut kind, data, length) };
        (error == 0).then_some(kind)
    }

    /// A value.
    pub fn value(&self, name: &str) -> Option<Value> {
        let name = wide(name);
        let mut length = 0;
        self.query(&name, ptr::null_mut(), &mut length)?;
        if length > DATA {
            return None;
        }
        let mut data = vec![0u8; length as usize];
        let kind = self.query(&name, data.as_mut_ptr(), &mut length)?;
        data.truncate(length as usize);
        Some(decode(kind, &data))
    }

    /// Names of values.
    pub fn value_names(&self) -> Vec<String> {
        self.names(RegEnumValueW)
    }

    /// Names of subkeys.
    pub fn subkeys(&self) -> Vec<String> {
        self.names(RegEnumKeyExW)
    }

    fn names<A, B, C>(&self, next: Enumerate<A, B, C>) -> Vec<String> {
        let (a, b, c) = (ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
        let mut buffer = vec![0u16; NAME];
        let mut out = Vec::new();
        for index in 0.. {
            let mut length = NAME as u32;
            // SAFETY: the name's buffer is described by its length; the rest is not asked for.
            let error =
                unsafe { next(self.0, index, buffer.as_mut_ptr(), &raw mut length, ptr::null(), a, b, c) };
            if error != 0 {
                break;
            }
            out.push(narrow(&buffer[..length as usize]));
        }
        out
    }
}

/// What lists the names below a key, with three more facts of each.
type Enumerate<A, B, C> = unsafe extern "system" fn(
    HKEY,
    u32,
    *mut u16,
    *mut u32,
    *const u32,
    *mut A,
    *mut B,
    *mut C,
) -> WIN32_ERROR;

impl Drop for Key {
    fn drop(&mut self) {
        // SAFETY: ours, closed once.
        unsafe { RegCloseKey(self.0) };
    }
}

/// Sets a value.
pub fn set(key: &str, name: &str, value: &Value) -> Result<(), Failure> {
    let key = Key::create(key, REG_OPTION_NON_VOLATILE)?;
    let name = wide(name);
    let (kind, data) = encode(value);
    // SAFETY: the data is described by its length.
    let error = unsafe { RegSetValueExW(key.0, name.as_ptr(), 0, kind, data.as_ptr(), data.len() as u32) };
    if error == 0 { Ok(()) } else { Err(failure(error)) }
}

fn gone(error: u32) -> Result<(), Failure> {
    match error {
        0 | ERROR_FILE_NOT_FOUND | ERROR_PATH_NOT_FOUND => Ok(()),
        error => Err(failure(error)),
    }
}

/// Deletes a value; one that is not there is deleted.
pub fn unset(key: &str, name: &str) -> Result<(), Failure> {
    let name = wide(name);
    match Key::open_for(key, KEY_WRITE) {
        // SAFETY: the name ends with a NUL.
        Ok(key) => gone(unsafe { RegDeleteValueW(key.0, name.as_ptr()) }),
        Err(error) => gone(error),
    }
}

/// Deletes a key with everything below.
pub fn delete(key: &str) -> Result<(), Failure> {
    let path = wide(key);
    // SAFETY: the path ends with a NUL.
    gone(unsafe { RegDeleteTreeW(HKEY_LOCAL_MACHINE, path.as_ptr()) })
}

/// Makes a key that does not outlive this boot.
pub fn make_volatile(key: &str) -> Result<(), Failure> {
    Key::create(key, REG_OPTION_VOLATILE).map(drop)
}

/// Writes a hive to the disk.
pub fn flush(hive: &str) -> Result<(), Failure> {
    let key = Key::open_for(hive, KEY_READ).map_err(failure)?;
    // SAFETY: an open key.
    let error = unsafe { RegFlushKey(key.0) };
    if error == 0 { Ok(()) } else { Err(failure(error)) }
}
