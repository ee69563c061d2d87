//! Reading and writing registry values.

use alloc::{string::String, vec, vec::Vec};
use core::{mem::offset_of, ptr};

use nt::sys::{
    HANDLE, KEY_BASIC_INFORMATION, KEY_VALUE_PARTIAL_INFORMATION, KeyBasicInformation,
    KeyValuePartialInformation, NTSTATUS, OBJECT_ATTRIBUTES, REG_BINARY, REG_DWORD, REG_SZ,
    STATUS_BUFFER_OVERFLOW, STATUS_BUFFER_TOO_SMALL, ZwClose, ZwCreateKey, ZwEnumerateKey, ZwOpenKey,
    ZwQueryValueKey, ZwSetValueKey,
};

use super::{check, text::Wide};

const OBJ_CASE_INSENSITIVE: u32 = 0x40;
const OBJ_KERNEL_HANDLE: u32 = 0x200;
const KEY_READ: u32 = 0x0002_0019;
const KEY_ALL_ACCESS: u32 = 0x000F_003F;
const REG_OPTION_VOLATILE: u32 = 1;
/// Largest value that is read.
const VALUE_MAX: u32 = 4096;

/// An open key. `PASSIVE_LEVEL`.
pub struct Key(HANDLE);

fn attributes(root: HANDLE, name: &mut nt::sys::UNICODE_STRING) -> OBJECT_ATTRIBUTES {
    OBJECT_ATTRIBUTES {
        Length: size_of::<OBJECT_ATTRIBUTES>() as u32,
        RootDirectory: root,
        ObjectName: ptr::from_mut(name),
        Attributes: OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE,
        ..OBJECT_ATTRIBUTES::default()
    }
}

#[expect(unsafe_code, reason = "calls the kernel")]
impl Key {
    fn open_at(root: HANDLE, path: &str, access: u32) -> Result<Self, NTSTATUS> {
        let name = Wide::new(path);
        let mut unicode = name.as_unicode();
        let mut attributes = attributes(root, &mut unicode);
        let mut handle: HANDLE = ptr::null_mut();
        // SAFETY: all arguments outlive the call.
        check(unsafe { ZwOpenKey(&raw mut handle, access, &raw mut attributes) })?;
        Ok(Self(handle))
    }

    /// Opens a key by its absolute path, for reading.
    ///
    /// # Errors
    /// The status of the call.
    pub fn open(path: &str) -> Result<Self, NTSTATUS> {
        Self::open_at(ptr::null_mut(), path, KEY_READ)
    }

    /// Opens a key by its absolute path, for writing too.
    ///
    /// # Errors
    /// The status of the call.
    pub fn open_for_write(path: &str) -> Result<Self, NTSTATUS> {
        Self::open_at(ptr::null_mut(), path, KEY_ALL_ACCESS)
    }

    /// Opens or makes a key below this one that does not outlive this boot. This key was opened for
    /// writing.
    ///
    /// # Errors
    /// The status of the call.
    pub fn volatile_child(&self, name: &str) -> Result<Self, NTSTATUS> {
        self.create(name, REG_OPTION_VOLATILE)
    }

    /// Opens or makes a key below this one. This key was opened for writing.
    ///
    /// # Errors
    /// The status of the call.
    pub fn child(&self, name: &str) -> Result<Self, NTSTATUS> {
        self.create(name, 0)
    }

    fn create(&self, name: &str, options: u32) -> Result<Self, NTSTATUS> {
        let name = Wide::new(name);
        let mut unicode = name.as_unicode();
        let mut attributes = attributes(self.0, &mut unicode);
        let mut handle: HANDLE = ptr::null_mut();
        // SAFETY: all arguments outlive the call.
        check(unsafe {
            ZwCreateKey(
                &raw mut handle,
                KEY_ALL_ACCESS,
                &raw mut attributes,
                0,
                ptr::null_mut(),
                options,
                ptr::null_mut(),
            )
        })?;
        Ok(Self(handle))
    }

    /// The names of at most `most` subkeys.
    #[must_use]
    pub fn subkeys(&self, most: u32) -> Vec<String> {
        // A name has at most 255 characters.
        let mut buffer = [0u64; 72];
        let header = offset_of!(KEY_BASIC_INFORMATION, Name);
        let mut out = Vec::new();
        for index in 0..most {
            let mut needed = 0u32;
            // SAFETY: the buffer is described by its length.
            let status = unsafe {
                ZwEnumerateKey(
                    self.0,
                    index,
                    KeyBasicInformation,
                    buffer.as_mut_ptr().cast(),
                    size_of_val(&buffer) as u32,
                    &raw mut needed,
                )
            };
            if check(status).is_err() {
                break;
            }
            let bytes: Vec<u8> = buffer.iter().flat_map(|word| word.to_le_bytes()).collect();
            let at = offset_of!(KEY_BASIC_INFORMATION, NameLength);
            let length =
                u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]) as usize;
            let Some(name) = bytes.get(header..header + length) else { break };
            let units: Vec<u16> =
                name.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
            out.push(String::from_utf16_lossy(&units));
        }
        out
    }

    /// Type and bytes of a value.
    fn value(&self, name: &str) -> Option<(u32, Vec<u8>)> {
        let name = Wide::new(name);
        let mut unicode = name.as_unicode();
        let header = offset_of!(KEY_VALUE_PARTIAL_INFORMATION, Data);
        let mut capacity = 64;
        loop {
            // Words, so that the header is aligned.
            let mut buffer = vec![0u64; (header + capacity).div_ceil(8)];
            let mut needed = 0u32;
            // SAFETY: the buffer is described by its length; all arguments outlive the call.
            let status = unsafe {
                ZwQueryValueKey(
                    self.0,
                    &raw mut unicode,
                    KeyValuePartialInformation,
                    buffer.as_mut_ptr().cast(),
                    (buffer.len() * 8) as u32,
                    &raw mut needed,
                )
            };
            let small = status == STATUS_BUFFER_OVERFLOW || status == STATUS_BUFFER_TOO_SMALL;
            if small && needed <= VALUE_MAX && needed as usize > buffer.len() * 8 {
                capacity = needed as usize;
                continue;
            }
            check(status).ok().filter(|()| !small)?;
            let bytes: Vec<u8> = buffer.iter().flat_map(|word| word.to_le_bytes()).collect();
            let word =
                |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
            let (kind, length) = (word(4), word(8) as usize);
            return Some((kind, bytes.get(header..header.checked_add(length)?)?.to_vec()));
        }
    }

    /// A `REG_DWORD`.
    #[must_use]
    pub fn dword(&self, name: &str) -> Option<u32> {
        let (kind, bytes) = self.value(name)?;
        (kind == REG_DWORD).then(|| Some(u32::from_le_bytes(bytes.try_into().ok()?))).flatten()
    }

    /// A `REG_SZ`, without its NUL.
    #[must_use]
    pub fn string(&self, name: &str) -> Option<String> {
        let (kind, bytes) = self.value(name)?;
        let units = bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
        let text: Vec<u16> = units.take_while(|unit| *unit != 0).collect();
        (kind == REG_SZ).then(|| String::from_utf16_lossy(&text))
    }

    /// A `REG_BINARY`.
    #[must_use]
    pub fn binary(&self, name: &str) -> Option<Vec<u8>> {
        self.value(name).filter(|(kind, _)| *kind == REG_BINARY).map(|(_, bytes)| bytes)
    }

    /// Writes a `REG_BINARY`.
    ///
    /// # Errors
    /// The status of the call.
    pub fn set_binary(&self, name: &str, bytes: &[u8]) -> Result<(), NTSTATUS> {
        self.set(name, REG_BINARY, bytes)
    }

    /// Writes a `REG_DWORD`.
    ///
    /// # Errors
    /// The status of the call.
    pub fn set_dword(&self, name: &str, number: u32) -> Result<(), NTSTATUS> {
        self.set(name, REG_DWORD, &number.to_le_bytes())
    }

    fn set(&self, name: &str, kind: u32, bytes: &[u8]) -> Result<(), NTSTATUS> {
        let name = Wide::new(name);
        let mut unicode = name.as_unicode();
        let data = bytes.as_ptr().cast_mut().cast();
        // SAFETY: name and data outlive the call, which only reads them.
        check(unsafe { ZwSetValueKey(self.0, &raw mut unicode, 0, kind, data, bytes.len() as u32) })
    }
}

impl Drop for Key {
    #[expect(unsafe_code, reason = "calls the kernel")]
    fn drop(&mut self) {
        // SAFETY: our handle, closed once.
        unsafe { ZwClose(self.0) };
    }
}
