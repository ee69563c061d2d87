//! The registry, read with suspicion: every value's type and size are checked, numbers are held to
//! a range, strings to the caller's buffer. PASSIVE_LEVEL throughout.

use core::ops::RangeInclusive;
use core::ptr::null_mut;

use crate::sys::*;
use crate::unicode::UnicodeString;

/// Largest value that is read, in bytes.
pub const MAX_VALUE: usize = 2048;
/// Offset of the data in `KEY_VALUE_PARTIAL_INFORMATION`.
const HEADER: usize = core::mem::offset_of!(KEY_VALUE_PARTIAL_INFORMATION, Data);

/// An open key.
pub struct Key(HANDLE);

// SAFETY: kernel handles may be used from any thread.
unsafe impl Send for Key {}
// SAFETY: the system serialises access.
unsafe impl Sync for Key {}

/// Room for one value as `ZwQueryValueKey` returns it.
#[repr(C, align(8))]
struct Buffer([u8; HEADER + MAX_VALUE]);

/// A value's type and data.
struct Value<'a> {
    kind: u32,
    data: &'a [u8],
}

/// Takes apart what `ZwQueryValueKey` wrote; `None` if the lengths contradict each other.
fn parse(written: &[u8]) -> Option<Value<'_>> {
    let word = |at: usize| written.get(at..at + 4)?.try_into().ok().map(u32::from_le_bytes);
    let kind = word(core::mem::offset_of!(KEY_VALUE_PARTIAL_INFORMATION, Type))?;
    let length = word(core::mem::offset_of!(KEY_VALUE_PARTIAL_INFORMATION, DataLength))? as usize;
    let data = written.get(HEADER..)?.get(..length)?;
    Some(Value { kind, data })
}

impl Value<'_> {
    fn number(&self) -> Option<u64> {
        match (self.kind, self.data.len()) {
            (REG_DWORD, 4) => Some(u64::from(u32::from_le_bytes(self.data.try_into().ok()?))),
            (REG_QWORD, 8) => Some(u64::from_le_bytes(self.data.try_into().ok()?)),
            _ => None,
        }
    }

    /// Copies the units of a string up to its first zero; `None` if it is no string or too long.
    fn string<'b>(&self, to: &'b mut [WCHAR]) -> Option<&'b [WCHAR]> {
        if !matches!(self.kind, REG_SZ | REG_EXPAND_SZ) || !self.data.len().is_multiple_of(2) {
            return None;
        }
        let units = self.data.chunks_exact(2).map(|unit| u16::from_le_bytes([unit[0], unit[1]]));
        let mut count = 0;
        for unit in units.take_while(|&unit| unit != 0) {
            *to.get_mut(count)? = unit;
            count += 1;
        }
        Some(&to[..count])
    }
}

impl Key {
    /// Opens an absolute path, or one relative to `parent`, with `access` (`KEY_READ`, …).
    ///
    /// # Errors
    /// What ZwOpenKey returns.
    pub fn open(parent: Option<&Self>, path: &[WCHAR], access: ACCESS_MASK) -> Result<Self, NTSTATUS> {
        Self::with_attributes(parent, path, |handle, attributes| {
            // SAFETY: both point to valid structures for the duration of the call.
            unsafe { ZwOpenKey(handle, access, attributes) }
        })
    }

    /// Opens or creates a key; a `volatile` one is gone after a restart.
    ///
    /// # Errors
    /// What ZwCreateKey returns.
    pub fn create(
        parent: Option<&Self>,
        path: &[WCHAR],
        access: ACCESS_MASK,
        volatile: bool,
    ) -> Result<Self, NTSTATUS> {
        let options = if volatile { REG_OPTION_VOLATILE } else { REG_OPTION_NON_VOLATILE };
        Self::with_attributes(parent, path, |handle, attributes| {
            // SAFETY: both point to valid structures for the duration of the call.
            unsafe { ZwCreateKey(handle, access, attributes, 0, null_mut(), options, null_mut()) }
        })
    }

    /// Opens a device's hardware (`PLUGPLAY_REGKEY_DEVICE`) or software (`PLUGPLAY_REGKEY_DRIVER`) key.
    ///
    /// # Safety
    /// `pdo` points to a physical device object that has been started or is being started.
    ///
    /// # Errors
    /// What IoOpenDeviceRegistryKey returns.
    pub unsafe fn of_device(
        pdo: *mut DEVICE_OBJECT,
        which: u32,
        access: ACCESS_MASK,
    ) -> Result<Self, NTSTATUS> {
        let mut handle = null_mut();
        // SAFETY: valid per contract.
        let status = unsafe { IoOpenDeviceRegistryKey(pdo, which, access, &mut handle) };
        if status < 0 { Err(status) } else { Ok(Self(handle)) }
    }

    fn with_attributes(
        parent: Option<&Self>,
        path: &[WCHAR],
        open: impl FnOnce(*mut HANDLE, *mut OBJECT_ATTRIBUTES) -> NTSTATUS,
    ) -> Result<Self, NTSTATUS> {
        let name = UnicodeString::new(path);
        let mut attributes = OBJECT_ATTRIBUTES {
            Length: size_of::<OBJECT_ATTRIBUTES>() as u32,
            RootDirectory: parent.map_or(null_mut(), |parent| parent.0),
            ObjectName: name.as_ptr(),
            Attributes: OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE,
            ..Default::default()
        };
        let mut handle = null_mut();
        let status = open(&mut handle, &mut attributes);
        if status < 0 { Err(status) } else { Ok(Self(handle)) }
    }

    fn query<'b>(&self, name: &[WCHAR], buffer: &'b mut Buffer) -> Result<Value<'b>, NTSTATUS> {
        let name = UnicodeString::new(name);
        let mut length = 0;
        // SAFETY: the buffer is writable for its size; the others outlive the call.
        let status = unsafe {
            ZwQueryValueKey(
                self.0,
                name.as_ptr(),
                KeyValuePartialInformation,
                buffer.0.as_mut_ptr().cast(),
                buffer.0.len() as u32,
                &mut length,
            )
        };
        if status != STATUS_SUCCESS {
            return Err(if status >= 0 { STATUS_BUFFER_TOO_SMALL } else { status });
        }
        let written = buffer.0.get(..length as usize).ok_or(STATUS_INVALID_PARAMETER)?;
        parse(written).ok_or(STATUS_INVALID_PARAMETER)
    }

    /// Reads a REG_DWORD or REG_QWORD that lies in `range`. `None` if it is absent, of another
    /// type, or outside: the caller then uses its default.
    #[must_use]
    pub fn number(&self, name: &[WCHAR], range: RangeInclusive<u64>) -> Option<u64> {
        let mut buffer = Buffer([0; HEADER + MAX_VALUE]);
        let number = self.query(name, &mut buffer).ok()?.number()?;
        range.contains(&number).then_some(number)
    }

    /// Reads a string without its terminator into `to`.
    ///
    /// # Errors
    /// What ZwQueryValueKey returns; STATUS_OBJECT_TYPE_MISMATCH if it is no string or too long.
    pub fn string<'b>(&self, name: &[WCHAR], to: &'b mut [WCHAR]) -> Result<&'b [WCHAR], NTSTATUS> {
        let mut buffer = Buffer([0; HEADER + MAX_VALUE]);
        self.query(name, &mut buffer)?.string(to).ok_or(STATUS_OBJECT_TYPE_MISMATCH)
    }

    /// Copies a value's data into `to` and returns its type and length.
    ///
    /// # Errors
    /// What ZwQueryValueKey returns; STATUS_BUFFER_TOO_SMALL.
    pub fn bytes(&self, name: &[WCHAR], to: &mut [u8]) -> Result<(u32, usize), NTSTATUS> {
        let mut buffer = Buffer([0; HEADER + MAX_VALUE]);
        let value = self.query(name, &mut buffer)?;
        let to = to.get_mut(..value.data.len()).ok_or(STATUS_BUFFER_TOO_SMALL)?;
        to.copy_from_slice(value.data);
        Ok((value.kind, value.data.len()))
    }

    /// Writes a value of type `kind`. Strings include their terminator, little-endian units.
    ///
    /// # Errors
    /// What ZwSetValueKey returns (the hive cannot be written early in boot).
    pub fn set(&self, name: &[WCHAR], kind: u32, data: &[u8]) -> Result<(), NTSTATUS> {
        let name = UnicodeString::new(name);
        let length = u32::try_from(data.len()).map_err(|_| STATUS_INVALID_PARAMETER)?;
        let data = data.as_ptr().cast_mut().cast();
        // SAFETY: the data is only read, for its length.
        let status = unsafe { ZwSetValueKey(self.0, name.as_ptr(), 0, kind, data, length) };
        if status < 0 { Err(status) } else { Ok(()) }
    }

    /// Writes a REG_DWORD.
    ///
    /// # Errors
    /// As [`Key::set`].
    pub fn set_number(&self, name: &[WCHAR], number: u32) -> Result<(), NTSTATUS> {
        self.set(name, REG_DWORD, &number.to_le_bytes())
    }

    /// Deletes a value; one that is absent is no error.
    ///
    /// # Errors
    /// What ZwDeleteValueKey returns.
    pub fn delete(&self, name: &[WCHAR]) -> Result<(), NTSTATUS> {
        let name = UnicodeString::new(name);
        // SAFETY: the string outlives the call.
        let status = unsafe { ZwDeleteValueKey(self.0, name.as_ptr()) };
        if status < 0 && status != STATUS_OBJECT_NAME_NOT_FOUND { Err(status) } else { Ok(()) }
    }

    /// For functions that take a key handle. Valid as long as `self`.
    #[must_use]
    pub const fn handle(&self) -> HANDLE {
        self.0
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        // SAFETY: the handle is ours and open.
        unsafe { ZwClose(self.0) };
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    fn value(kind: u32, length: u32, data: &[u8]) -> Vec<u8> {
        let mut bytes = [0u32.to_le_bytes(), kind.to_le_bytes(), length.to_le_bytes()].concat();
        bytes.extend_from_slice(data);
        bytes
    }

    #[test]
    fn numbers_need_type_and_size() {
        let number = |kind, data: &[u8]| parse(&value(kind, data.len() as u32, data)).unwrap().number();
        assert_eq!(number(REG_DWORD, &[1, 2, 0, 0]), Some(0x201));
        assert_eq!(number(REG_QWORD, &[1, 0, 0, 0, 0, 0, 0, 1]), Some(0x0100_0000_0000_0001));
        assert_eq!(number(REG_DWORD, &[1, 2, 0]), None);
        assert_eq!(number(REG_DWORD, &[1, 0, 0, 0, 0, 0, 0, 1]), None);
        assert_eq!(number(REG_SZ, &[1, 2, 0, 0]), None);
    }

    #[test]
    fn lengths_beyond_what_was_written_are_refused() {
        assert!(parse(&value(REG_DWORD, 5, &[1, 2, 3, 4])).is_none());
        assert!(parse(&value(REG_DWORD, u32::MAX, &[1, 2, 3, 4])).is_none());
        let whole = value(REG_DWORD, 4, &[1, 2, 3, 4]);
        for cut in 0..whole.len() {
            assert!(parse(&whole[..cut]).is_none(), "cut at {cut}");
        }
    }

    #[test]
    fn strings_end_at_zero_or_at_the_end_and_never_overflow() {
        let text = |kind, data: &[u8], room: usize| {
            let bytes = value(kind, data.len() as u32, data);
            let mut to = [0u16; 4];
            parse(&bytes).unwrap().string(&mut to[..room]).map(<[u16]>::to_vec)
        };
        assert_eq!(text(REG_SZ, b"a\0b\0\0\0c\0", 4), Some(Vec::from([0x61, 0x62])));
        assert_eq!(text(REG_SZ, b"a\0b\0", 2), Some(Vec::from([0x61, 0x62])));
        assert_eq!(text(REG_SZ, b"a\0b\0c\0", 2), None);
        assert_eq!(text(REG_SZ, b"a\0b", 4), None);
        assert_eq!(text(REG_BINARY, b"a\0\0\0", 4), None);
        assert_eq!(text(REG_EXPAND_SZ, b"", 0), Some(Vec::new()));
    }
}
