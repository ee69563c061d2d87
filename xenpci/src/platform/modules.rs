//! The images that the kernel has loaded. A boot-start driver is among them from the beginning: the boot loader loads it,
//! long before its `DriverEntry` is called.

use alloc::{format, vec::Vec};

use nt::sys::ZwQuerySystemInformation;

use crate::os::success;

/// `SystemModuleInformation`.
const MODULES: i32 = 11;
/// Bytes of an entry of `RTL_PROCESS_MODULES`.
const ENTRY: usize = 296;
/// In an entry, in words of 64 bits: the base, and the size in the low half.
const BASE: usize = 2;
const SIZE: usize = 3;
/// In an entry, in bytes: where the file name begins in the path, and the path.
const NAME_OFFSET: usize = 38;
const PATH: usize = 40;
/// A list longer than this is none.
const LONGEST: u32 = 1 << 24;
/// Tries: the list may grow while it is asked for.
const TRIES: usize = 4;

/// A list of them, of one moment.
pub struct Modules(Vec<u64>);

impl Modules {
    /// The list of now; an empty one if it cannot be had. `PASSIVE_LEVEL`.
    #[expect(unsafe_code, reason = "calls the kernel")]
    pub fn loaded() -> Self {
        let mut bytes = 0x1_0000usize;
        for _ in 0..TRIES {
            let mut buffer: Vec<u64> = Vec::new();
            if buffer.try_reserve_exact(bytes.div_ceil(8)).is_err() {
                break;
            }
            buffer.resize(bytes.div_ceil(8), 0);
            let mut needed = 0u32;
            let room = (buffer.len() * 8) as u32;
            // SAFETY: the buffer is described by its length.
            let status = unsafe {
                ZwQuerySystemInformation(MODULES, buffer.as_mut_ptr().cast(), room, &raw mut needed)
            };
            if success(status) {
                return Self(buffer);
            }
            if needed <= room || needed > LONGEST {
                break;
            }
            bytes = needed as usize + 0x1000;
        }
        Self(Vec::new())
    }

    /// Base address and size of `<service>.sys`.
    pub fn find(&self, service: &str) -> Option<(usize, usize)> {
        let (count, entries) = self.0.split_first()?;
        let wanted = format!("{service}.sys");
        // Entries are whole words: the low half of the first is the count.
        entries.chunks_exact(ENTRY / 8).take(*count as u32 as usize).find_map(|entry| {
            let byte = |at: usize| entry.get(at / 8).map_or(0, |word| word.to_le_bytes()[at % 8]);
            let offset = usize::from(u16::from_le_bytes([byte(NAME_OFFSET), byte(NAME_OFFSET + 1)]));
            let name = (PATH + offset..ENTRY).map(byte).take_while(|byte| *byte != 0);
            let same =
                name.map(|b| b.to_ascii_lowercase()).eq(wanted.bytes().map(|b| b.to_ascii_lowercase()));
            same.then_some((entry[BASE] as usize, entry[SIZE] as u32 as usize))
        })
    }
}
