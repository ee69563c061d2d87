//! UTF-16 as the kernel takes it.

use alloc::vec::Vec;

/// The units of a text, for `nt::unicode::UnicodeString`.
#[must_use]
pub fn units(text: &str) -> Vec<u16> {
    text.encode_utf16().collect()
}
