//! Who a disk is, to Windows: unique among all disks of all virtual machines, and the same for as
//! long as the disk exists.
//!
//! In this order: pages that the host gives for this disk (`sm-data/scsi/0x12/...` in the back-end's
//! directory, base64, as XAPI writes them from the real disk); the host's identifier of the image
//! (`sm-data/vdi-uuid`); the identifier of the virtual machine with the number of the virtual device.

use alloc::{format, string::String, vec::Vec};

/// Pages that the host overrides; each is a whole page, header included.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pages {
    /// Standard inquiry data (`default`).
    pub standard: Option<Vec<u8>>,
    /// Unit serial number.
    pub page_80: Option<Vec<u8>>,
    /// Device identification.
    pub page_83: Option<Vec<u8>>,
}

/// Identity of a unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Serial number, printable ASCII, up to 64 characters.
    pub serial: String,
    /// Pages of the host.
    pub pages: Pages,
}

/// Longest serial number.
const MAX_SERIAL: usize = 64;
/// Longest page that is accepted.
const MAX_PAGE: usize = 512;

impl Identity {
    /// Puts the identity together. `image` is the host's identifier of the image, `machine` that of the
    /// virtual machine, `device` the number of the virtual device.
    #[must_use]
    pub fn new(image: Option<&str>, machine: Option<&str>, device: u32, pages: Pages) -> Self {
        let clean = |text: &str| {
            text.chars().filter(char::is_ascii_graphic).take(MAX_SERIAL - 12).collect::<String>()
        };
        let serial = match (image.map(clean), machine.map(clean)) {
            (Some(image), _) if !image.is_empty() => image,
            (_, Some(machine)) if !machine.is_empty() => format!("{machine}-{device}"),
            // Not unique, but there is nothing to make it so: better than the same for all disks.
            _ => format!("{device}"),
        };
        Self { serial, pages: pages.checked() }
    }

    /// 60 bits of a hash over the serial number, for the locally assigned NAA designator.
    #[must_use]
    pub fn local_number(&self) -> u64 {
        // FNV-1a, 64 bits.
        let hash = self.serial.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
        });
        hash & 0x0fff_ffff_ffff_ffff
    }
}

impl Pages {
    /// Takes over the nodes' values (base64).
    #[must_use]
    pub fn from_base64(standard: Option<&[u8]>, page_80: Option<&[u8]>, page_83: Option<&[u8]>) -> Self {
        Self {
            standard: standard.and_then(base64),
            page_80: page_80.and_then(base64),
            page_83: page_83.and_then(base64),
        }
    }

    /// Leaves out what is not a page.
    fn checked(self) -> Self {
        let page = |number: u8, bytes: Option<Vec<u8>>| {
            bytes.filter(|b| {
                b.len() >= 4
                    && b.len() <= MAX_PAGE
                    && b[1] == number
                    && usize::from(u16::from_be_bytes([b[2], b[3]])) + 4 <= b.len()
            })
        };
        let standard = self.standard.filter(|b| b.len() >= 36 && b.len() <= MAX_PAGE);
        Self { standard, page_80: page(0x80, self.page_80), page_83: page(0x83, self.page_83) }
    }
}

/// Decodes base64 (RFC 4648), white space ignored. `None` for anything else.
fn base64(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let (mut bits, mut count) = (0u32, 0);
    for &c in text.iter().filter(|c| !c.is_ascii_whitespace() && **c != b'=') {
        let value = match c {
            b'A'..=b'Z' => c - b'A',
            b'a'..=b'z' => c - b'a' + 26,
            b'0'..=b'9' => c - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
        if bytes.len() > MAX_PAGE {
            return None;
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_decoded_and_rubbish_is_not() {
        assert_eq!(base64(b"AIAABDEyMzQ=").unwrap(), [0, 0x80, 0, 4, b'1', b'2', b'3', b'4']);
        assert_eq!(base64(b"YQ==\n").unwrap(), b"a");
        assert_eq!(base64(b"Y(=="), None);
    }

    #[test]
    fn a_page_whose_length_lies_is_left_out() {
        let pages = Pages { page_80: Some(alloc::vec![0, 0x80, 0, 9, 1]), ..Default::default() };
        assert_eq!(Identity::new(None, None, 1, pages).pages, Pages::default());
    }

    #[test]
    fn serials_differ_by_machine_and_device_and_stay() {
        let serial = |machine, device| Identity::new(None, Some(machine), device, Pages::default()).serial;
        assert_ne!(serial("a", 51712), serial("a", 51728));
        assert_ne!(serial("a", 51712), serial("b", 51712));
        assert_eq!(serial("a", 51712), "a-51712");
        assert_eq!(Identity::new(Some("image\n"), Some("a"), 1, Pages::default()).serial, "image");
    }
}
