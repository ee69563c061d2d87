//! Registry keys by paths in UTF-8, over `nt`'s, which checks types and sizes. `PASSIVE_LEVEL`.

use alloc::{string::String, vec, vec::Vec};

use core::mem::offset_of;

use nt::{
    registry::{self, MAX_VALUE},
    sys::{
        KEY_ALL_ACCESS, KEY_BASIC_INFORMATION, KEY_READ, KeyBasicInformation, NTSTATUS, REG_BINARY,
        ZwEnumerateKey,
    },
};

use super::text::units;

/// An open key.
pub struct Key(registry::Key);

impl Key {
    /// Opens a key by its absolute path, for reading.
    ///
    /// # Errors
    /// The status of the call.
    pub fn open(path: &str) -> Result<Self, NTSTATUS> {
        registry::Key::open(None, &units(path), KEY_READ).map(Self)
    }

    /// Opens a key by its absolute path, for writing too.
    ///
    /// # Errors
    /// The status of the call.
    pub fn open_for_write(path: &str) -> Result<Self, NTSTATUS> {
        registry::Key::open(None, &units(path), KEY_ALL_ACCESS).map(Self)
    }

    /// Opens or makes a key below this one that does not outlive this boot. This key was opened for
    /// writing.
    ///
    /// # Errors
    /// The status of the call.
    pub fn volatile_child(&self, name: &str) -> Result<Self, NTSTATUS> {
        registry::Key::create(Some(&self.0), &units(name), KEY_ALL_ACCESS, true).map(Self)
    }

    /// Opens or makes a key below this one. This key was opened for writing.
    ///
    /// # Errors
    /// The status of the call.
    pub fn child(&self, name: &str) -> Result<Self, NTSTATUS> {
        registry::Key::create(Some(&self.0), &units(name), KEY_ALL_ACCESS, false).map(Self)
    }

    /// The names of at most `most` subkeys.
    #[must_use]
    #[expect(unsafe_code, reason = "calls the kernel")]
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
                    self.0.handle(),
                    index,
                    KeyBasicInformation,
                    buffer.as_mut_ptr().cast(),
                    size_of_val(&buffer) as u32,
                    &raw mut needed,
                )
            };
            if status < 0 {
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

    /// A number of 32 bits.
    #[must_use]
    pub fn dword(&self, name: &str) -> Option<u32> {
        self.0.number(&units(name), 0..=u32::MAX.into())?.try_into().ok()
    }

    /// A string.
    #[must_use]
    pub fn string(&self, name: &str) -> Option<String> {
        let mut room = vec![0; MAX_VALUE / 2];
        self.0.string(&units(name), &mut room).ok().map(String::from_utf16_lossy)
    }

    /// A `REG_BINARY`.
    #[must_use]
    pub fn binary(&self, name: &str) -> Option<Vec<u8>> {
        let mut room = vec![0; MAX_VALUE];
        let (kind, length) = self.0.bytes(&units(name), &mut room).ok()?;
        room.truncate(length);
        (kind == REG_BINARY).then_some(room)
    }

    /// Writes a `REG_BINARY`.
    ///
    /// # Errors
    /// The status of the call.
    pub fn set_binary(&self, name: &str, bytes: &[u8]) -> Result<(), NTSTATUS> {
        self.0.set(&units(name), REG_BINARY, bytes)
    }

    /// Writes a `REG_DWORD`.
    ///
    /// # Errors
    /// The status of the call.
    pub fn set_dword(&self, name: &str, number: u32) -> Result<(), NTSTATUS> {
        self.0.set_number(&units(name), number)
    }
}
