//! ETW events in TraceLogging form: each event carries its own description, so that any decoder
//! shows it without a manifest.
//!
//! ```text
//! nt::trace_provider!(static TRACE: "XenPv.Bus" = GUID { … });
//! TRACE.register()?;                                   // DriverEntry
//! nt::trace_event!(TRACE, TRACE_INFORMATION, 1, "Connected", { queue: u32 = n, peer: str = name });
//! TRACE.unregister();                                  // DriverUnload
//! ```
//! Format: `evntprov.h`, `TraceLoggingProvider.h` (metadata blobs), as documented by Microsoft.

use core::ptr::null;
use core::sync::atomic::{AtomicU64, Ordering};

use crate::sys::*;

/// Level of an event: an error.
pub const TRACE_ERROR: u8 = 2;
/// Level of an event: a warning.
pub const TRACE_WARNING: u8 = 3;
/// Level of an event: information.
pub const TRACE_INFORMATION: u8 = 4;
/// Level of an event: details.
pub const TRACE_VERBOSE: u8 = 5;

/// Channel number that marks self-describing events.
const CHANNEL_TRACELOGGING: u8 = 11;

/// A provider of events; made by [`trace_provider!`](crate::trace_provider).
pub struct Provider {
    guid: GUID,
    /// Length (2 bytes, its own included), then the name with its zero.
    traits: &'static [u8],
    /// What EtwRegister gave, or 0.
    handle: AtomicU64,
}

impl Provider {
    /// For the macro.
    #[must_use]
    pub const fn new(guid: GUID, traits: &'static [u8]) -> Self {
        Self { guid, traits, handle: AtomicU64::new(0) }
    }

    /// Makes the provider known to ETW. PASSIVE_LEVEL, once.
    ///
    /// # Errors
    /// What EtwRegister returns; the driver goes on without events then.
    pub fn register(&'static self) -> Result<(), NTSTATUS> {
        let mut handle = 0;
        // SAFETY: no callback, so no context; the handle is written before the call returns.
        let status = unsafe { EtwRegister(&self.guid, None, core::ptr::null_mut(), &mut handle) };
        if status < 0 {
            return Err(status);
        }
        let traits = self.traits.as_ptr().cast_mut().cast();
        // Failure only costs the provider its name in the decoder.
        // SAFETY: the handle is registered; the traits are read during the call.
        unsafe { EtwSetInformation(handle, EventProviderSetTraits, traits, self.traits.len() as u32) };
        self.handle.store(handle, Ordering::Release);
        Ok(())
    }

    /// Undoes [`Provider::register`]; no event may be written meanwhile. PASSIVE_LEVEL.
    pub fn unregister(&self) {
        let handle = self.handle.swap(0, Ordering::AcqRel);
        if handle != 0 {
            // SAFETY: registered by us, no longer used.
            unsafe { EtwUnregister(handle) };
        }
    }

    /// Whether anybody listens at this level and keyword. Any IRQL.
    #[must_use]
    pub fn enabled(&self, level: u8, keyword: u64) -> bool {
        let handle = self.handle.load(Ordering::Acquire);
        // SAFETY: registered by us.
        handle != 0 && unsafe { EtwProviderEnabled(handle, level, keyword) != 0 }
    }

    /// Writes an event. The first two of `data` are reserved and filled in here. Any IRQL.
    ///
    /// # Safety
    /// The other descriptors describe readable, resident memory.
    pub unsafe fn write(
        &self,
        level: u8,
        keyword: u64,
        event: &'static [u8],
        data: &mut [EVENT_DATA_DESCRIPTOR],
    ) {
        let [first, second, ..] = data else { return };
        *first = typed(self.traits, EVENT_DATA_DESCRIPTOR_TYPE_PROVIDER_METADATA);
        *second = typed(event, EVENT_DATA_DESCRIPTOR_TYPE_EVENT_METADATA);
        let descriptor = EVENT_DESCRIPTOR {
            Channel: CHANNEL_TRACELOGGING,
            Level: level,
            Keyword: keyword,
            ..Default::default()
        };
        let handle = self.handle.load(Ordering::Acquire);
        let count = data.len() as u32;
        // SAFETY: registered; the descriptors are valid per contract.
        unsafe { EtwWriteTransfer(handle, &descriptor, null(), null(), count, data.as_mut_ptr()) };
    }
}

fn typed(bytes: &[u8], kind: u32) -> EVENT_DATA_DESCRIPTOR {
    let mut descriptor = EVENT_DATA_DESCRIPTOR {
        Ptr: bytes.as_ptr().expose_provenance() as u64,
        Size: bytes.len() as u32,
        ..Default::default()
    };
    // The type is the lowest byte of the reserved word.
    descriptor.__bindgen_anon_1.Reserved = kind;
    descriptor
}

/// A value that an event can carry.
pub trait Field {
    /// Its `TlgIn…` type.
    const IN_TYPE: u8;
    /// Whether a 16-bit length precedes the bytes.
    const COUNTED: bool = false;
    /// Its bytes.
    fn bytes(&self) -> &[u8];
}

macro_rules! number_fields {
    ($($ty:ty: $in_type:literal),*) => {$(
        impl Field for $ty {
            const IN_TYPE: u8 = $in_type;
            fn bytes(&self) -> &[u8] {
                // SAFETY: integers have no padding, and any of their bytes may be read.
                unsafe { core::slice::from_raw_parts(core::ptr::from_ref(self).cast(), size_of::<Self>()) }
            }
        }
    )*};
}
number_fields!(u8: 4, u16: 6, i32: 7, u32: 8, i64: 9, u64: 10);

impl Field for str {
    const IN_TYPE: u8 = 23;
    const COUNTED: bool = true;
    fn bytes(&self) -> &[u8] {
        // The length is 16 bits; the rest of an absurd text is dropped.
        &self.as_bytes()[..self.len().min(0xFFFF)]
    }
}

/// For the macro: a place where a value's type is given.
pub const fn field<T: ?Sized>(value: &T) -> &T {
    value
}

/// The two descriptors of a field: its length (empty if not counted; kept in `length`), its bytes.
pub fn describe<T: Field + ?Sized>(value: &T, length: &mut u16) -> [EVENT_DATA_DESCRIPTOR; 2] {
    let bytes = value.bytes();
    *length = bytes.len() as u16;
    let counted = if T::COUNTED { size_of::<u16>() as u32 } else { 0 };
    let mut length = typed(length.bytes(), EVENT_DATA_DESCRIPTOR_TYPE_NONE);
    length.Size = counted;
    [length, typed(bytes, EVENT_DATA_DESCRIPTOR_TYPE_NONE)]
}

/// How long [`metadata`] is.
#[must_use]
pub const fn metadata_length(event: bool, name: &str, fields: &[(&str, u8)]) -> usize {
    let mut length = 2 + event as usize + name.len() + 1;
    let mut i = 0;
    while i < fields.len() {
        length += fields[i].0.len() + 2;
        i += 1;
    }
    length
}

/// A metadata blob: total length, for events one byte of tags, the name, each field's name and type.
#[must_use]
pub const fn metadata<const N: usize>(event: bool, name: &str, fields: &[(&str, u8)]) -> [u8; N] {
    assert!(N == metadata_length(event, name, fields) && N <= 0xFFFF);
    let mut blob = [0; N];
    blob[0] = N as u8;
    blob[1] = (N >> 8) as u8;
    let mut at = 2 + event as usize;
    at = put(&mut blob, at, name);
    let mut i = 0;
    while i < fields.len() {
        at = put(&mut blob, at, fields[i].0);
        blob[at] = fields[i].1;
        at += 1;
        i += 1;
    }
    assert!(at == N);
    blob
}

/// Writes `text` and a zero; returns where they end.
const fn put(blob: &mut [u8], mut at: usize, text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut i = 0;
    while i < bytes.len() {
        assert!(bytes[i] != 0);
        blob[at] = bytes[i];
        at += 1;
        i += 1;
    }
    at + 1
}

/// Defines a [`Provider`]: `trace_provider!(pub static TRACE: "Name" = guid);`
#[macro_export]
macro_rules! trace_provider {
    ($(#[$meta:meta])* $visibility:vis static $provider:ident: $name:literal = $guid:expr) => {
        $(#[$meta])*
        $visibility static $provider: $crate::trace::Provider = {
            const LENGTH: usize = $crate::trace::metadata_length(false, $name, &[]);
            static TRAITS: [u8; LENGTH] = $crate::trace::metadata(false, $name, &[]);
            $crate::trace::Provider::new($guid, &TRAITS)
        };
    };
}

/// Writes an event if somebody listens; the values are only evaluated then. Any IRQL.
///
/// `trace_event!(PROVIDER, level, keyword, "Name", { field: type = value, … });` with the types of
/// [`trace::Field`](crate::trace::Field).
#[macro_export]
macro_rules! trace_event {
    ($provider:expr, $level:expr, $keyword:expr, $name:literal, { $($field:ident: $ty:ty = $value:expr),* $(,)? }) => {{
        const FIELDS: &[(&str, u8)] = &[$((stringify!($field), <$ty as $crate::trace::Field>::IN_TYPE)),*];
        const LENGTH: usize = $crate::trace::metadata_length(true, $name, FIELDS);
        static EVENT: [u8; LENGTH] = $crate::trace::metadata(true, $name, FIELDS);
        let provider: &$crate::trace::Provider = &$provider;
        if provider.enabled($level, $keyword) {
            // A match keeps the values alive until the event is written.
            match ($($crate::trace::field::<$ty>(&$value),)*) {
                ($($field,)*) => {
                    let mut lengths = [0u16; FIELDS.len()];
                    let mut data = [$crate::sys::EVENT_DATA_DESCRIPTOR::default(); 2 + 2 * FIELDS.len()];
                    let (_, slots) = data.split_at_mut(2);
                    let mut slots = slots.chunks_exact_mut(2).zip(&mut lengths);
                    $(
                        if let Some((slot, length)) = slots.next() {
                            slot.copy_from_slice(&$crate::trace::describe::<$ty>($field, length));
                        }
                    )*
                    let _ = slots;
                    #[allow(unsafe_code, reason = "descriptors of live values, made just above")]
                    // SAFETY: all descriptors were made from values that live until here.
                    unsafe {
                        provider.write($level, $keyword, &EVENT, &mut data);
                    }
                }
            }
        }
    }};
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn provider_metadata() {
        const LENGTH: usize = metadata_length(false, "Ab", &[]);
        assert_eq!(metadata::<LENGTH>(false, "Ab", &[]), *b"\x05\0Ab\0");
    }

    #[test]
    fn event_metadata_has_tags_names_and_types() {
        const FIELDS: &[(&str, u8)] = &[("queue", u32::IN_TYPE), ("peer", str::IN_TYPE)];
        const LENGTH: usize = metadata_length(true, "Up", FIELDS);
        assert_eq!(metadata::<LENGTH>(true, "Up", FIELDS), *b"\x13\0\0Up\0queue\0\x08peer\0\x17");
    }

    #[test]
    fn descriptors() {
        let mut length = 0;
        let [count, text] = describe("hello", &mut length);
        assert_eq!((count.Size, text.Size), (2, 5));
        assert_eq!(count.Ptr, core::ptr::from_ref(&length).addr() as u64);
        assert_eq!(length, 5);
        let value = 7u32;
        let mut length = 0;
        let [count, number] = describe(&value, &mut length);
        assert_eq!((count.Size, number.Size), (0, 4));
        assert_eq!(number.Ptr, core::ptr::from_ref(&value).addr() as u64);
        let blob = typed(b"xy", EVENT_DATA_DESCRIPTOR_TYPE_PROVIDER_METADATA);
        // SAFETY: plain integers.
        assert_eq!(unsafe { blob.__bindgen_anon_1.Reserved }, 2);
    }
}
