//! Entries in the system event log.

use crate::sys::*;

/// Offset of the dump data in an entry.
const HEADER: usize = core::mem::offset_of!(IO_ERROR_LOG_PACKET, DumpData);
/// Largest entry that the I/O manager takes.
const MAXIMUM: usize = ERROR_LOG_MAXIMUM_SIZE as usize;

/// How long an entry with this much dump data and these strings is; `None` if it is too long.
fn size(dump: &[u32], strings: &[&[WCHAR]]) -> Option<usize> {
    let text: usize = strings.iter().map(|text| (text.len() + 1) * 2).sum();
    // No smaller than the structure, which has room for one dump word and trailing padding.
    let size = (HEADER + dump.len() * 4 + text).max(size_of::<IO_ERROR_LOG_PACKET>());
    (size <= MAXIMUM).then_some(size)
}

/// Writes header, dump data and zero-terminated strings into `entry`, which is zeroed and has [`size`].
fn fill(entry: &mut [u8], code: NTSTATUS, unique: u32, status: NTSTATUS, dump: &[u32], strings: &[&[WCHAR]]) {
    let mut put = |at: usize, bytes: &[u8]| entry[at..][..bytes.len()].copy_from_slice(bytes);
    macro_rules! field {
        ($name:ident, $value:expr) => {
            put(core::mem::offset_of!(IO_ERROR_LOG_PACKET, $name), &$value.to_le_bytes())
        };
    }
    let mut at = HEADER + dump.len() * 4;
    field!(DumpDataSize, (dump.len() * 4) as u16);
    field!(NumberOfStrings, strings.len() as u16);
    field!(StringOffset, at as u16);
    field!(ErrorCode, code);
    field!(UniqueErrorValue, unique);
    field!(FinalStatus, status);
    for (i, word) in dump.iter().enumerate() {
        put(HEADER + i * 4, &word.to_le_bytes());
    }
    for text in strings {
        for unit in *text {
            put(at, &unit.to_le_bytes());
            at += 2;
        }
        at += 2;
    }
}

/// Adds an entry to the event log: `code` names the message in the driver's message table,
/// `strings` are its insertion strings (%2, %3, …; %1 is the device's name), `dump` its data.
///
/// Best effort: `false` if there is no memory or the entry exceeds the log's 240 bytes.
/// IRQL ≤ DISPATCH_LEVEL.
///
/// # Safety
/// `object` points to a device object or driver object of the calling driver.
pub unsafe fn write(
    object: *mut c_void,
    code: NTSTATUS,
    unique: u32,
    status: NTSTATUS,
    dump: &[u32],
    strings: &[&[WCHAR]],
) -> bool {
    let Some(size) = size(dump, strings) else { return false };
    // SAFETY: valid per contract; the size is in range.
    let entry = unsafe { IoAllocateErrorLogEntry(object, size as u8) };
    if entry.is_null() {
        return false;
    }
    // SAFETY: the entry has `size` writable bytes.
    unsafe { core::ptr::write_bytes(entry.cast::<u8>(), 0, size) };
    // SAFETY: the entry has `size` initialised bytes that are ours.
    let bytes = unsafe { core::slice::from_raw_parts_mut(entry.cast::<u8>(), size) };
    fill(bytes, code, unique, status, dump, strings);
    // SAFETY: allocated above; the I/O manager frees it.
    unsafe { IoWriteErrorLogEntry(entry) };
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::utf16;

    #[test]
    fn entry_has_dump_then_terminated_strings() {
        let strings = [utf16!("ab"), utf16!("c")];
        let size = size(&[7, 8], &strings).unwrap();
        assert_eq!(size, 40 + 8 + 6 + 4);
        let mut entry = [0u8; 240];
        fill(&mut entry[..size], STATUS_IO_DEVICE_ERROR, 9, STATUS_IO_TIMEOUT, &[7, 8], &strings);
        assert_eq!(entry[2..8], [8, 0, 2, 0, 48, 0]);
        assert_eq!(entry[12..16], STATUS_IO_DEVICE_ERROR.to_le_bytes());
        assert_eq!(entry[16], 9);
        assert_eq!(entry[20..24], STATUS_IO_TIMEOUT.to_le_bytes());
        assert_eq!(entry[40..48], [7, 0, 0, 0, 8, 0, 0, 0]);
        assert_eq!(&entry[48..size], b"a\0b\0\0\0c\0\0\0");
    }

    #[test]
    fn entry_is_never_smaller_than_the_structure_nor_larger_than_the_log_takes() {
        assert_eq!(size(&[], &[]), Some(48));
        let text = [b'x' as u16; 99];
        assert_eq!(size(&[], &[&text]), Some(240));
        assert_eq!(size(&[1], &[&text]), None);
    }
}
