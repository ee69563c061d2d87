//! UTF-16 strings as the kernel takes them.

use alloc::vec::Vec;

use nt::sys::UNICODE_STRING;

/// A counted UTF-16 string with a terminating NUL behind it.
pub struct Wide(Vec<u16>);

impl Wide {
    /// From UTF-8.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.encode_utf16().chain([0]).collect())
    }

    /// As a `UNICODE_STRING` that is valid as long as `self`.
    #[must_use]
    pub fn as_unicode(&self) -> UNICODE_STRING {
        let bytes = ((self.0.len() - 1) * 2) as u16;
        UNICODE_STRING { Length: bytes, MaximumLength: bytes + 2, Buffer: self.0.as_ptr().cast_mut() }
    }
}
