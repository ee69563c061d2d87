//! Counted UTF-16 strings.

use crate::sys::{UNICODE_STRING, WCHAR};

/// Encodes an ASCII literal as UTF-16 at compile time: `utf16!("\\Device\\X")` is a
/// `&'static [u16]` without terminating zero.
#[macro_export]
macro_rules! utf16 {
    ($text:expr) => {{
        const TEXT: &str = $text;
        const UNITS: [u16; TEXT.len()] = $crate::unicode::ascii_to_utf16(TEXT);
        &UNITS as &'static [u16]
    }};
}

/// The work of [`utf16!`]; fails to compile on text that is not ASCII.
#[must_use]
pub const fn ascii_to_utf16<const N: usize>(text: &str) -> [u16; N] {
    assert!(text.is_ascii() && text.len() == N);
    let bytes = text.as_bytes();
    let mut units = [0; N];
    let mut i = 0;
    while i < N {
        units[i] = bytes[i] as u16;
        i += 1;
    }
    units
}

/// A `UNICODE_STRING` over units borrowed for `'a`.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct UnicodeString<'a> {
    raw: UNICODE_STRING,
    units: core::marker::PhantomData<&'a [WCHAR]>,
}

impl<'a> UnicodeString<'a> {
    /// Wraps `units`; what is beyond the 32,767 units that a counted string can hold is cut off.
    #[must_use]
    pub const fn new(units: &'a [WCHAR]) -> Self {
        let count = if units.len() > 0x7FFF { 0x7FFF } else { units.len() };
        let bytes = (count * 2) as u16;
        Self {
            raw: UNICODE_STRING { Length: bytes, MaximumLength: bytes, Buffer: units.as_ptr().cast_mut() },
            units: core::marker::PhantomData,
        }
    }

    /// For functions that take a `PCUNICODE_STRING`, or a `PUNICODE_STRING` that they only read.
    #[must_use]
    pub const fn as_ptr(&self) -> *mut UNICODE_STRING {
        (&raw const self.raw).cast_mut()
    }
}

/// The units of a `UNICODE_STRING` that the system passed.
///
/// # Safety
/// `string` points to a valid counted string that lives for `'a` and is not modified meanwhile.
#[must_use]
pub unsafe fn units<'a>(string: *const UNICODE_STRING) -> &'a [WCHAR] {
    // SAFETY: valid per contract.
    let raw = unsafe { &*string };
    if raw.Buffer.is_null() {
        return &[];
    }
    // SAFETY: Length counts initialised bytes of Buffer.
    unsafe { core::slice::from_raw_parts(raw.Buffer, usize::from(raw.Length) / 2) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literal_is_utf16_without_terminator() {
        assert_eq!(utf16!("\\A1"), &[0x5C, 0x41, 0x31]);
        assert_eq!(utf16!(""), &[] as &[u16]);
    }

    #[test]
    fn counted_string_counts_bytes_and_is_cut_at_its_limit() {
        let text = utf16!("abc");
        let string = UnicodeString::new(text);
        assert_eq!((string.raw.Length, string.raw.MaximumLength), (6, 6));
        // SAFETY: `string` is valid and borrowed.
        assert_eq!(unsafe { units(string.as_ptr()) }, text);
        let long = [7u16; 0x8001];
        assert_eq!(UnicodeString::new(&long).raw.Length, 0xFFFE);
        // SAFETY: a null buffer is an empty string.
        assert_eq!(unsafe { units(&UNICODE_STRING::default()) }, &[] as &[u16]);
    }
}
