//! Access to the unions of IRPs and stack locations, by the names of the documentation.

use nt::sys::*;

/// Stack location `index` of an IRP, 1 is the lowest driver's.
pub unsafe fn location(irp: *mut IRP, index: i8) -> *mut IO_STACK_LOCATION {
    irp.add(1).cast::<IO_STACK_LOCATION>().offset(index as isize - 1)
}

/// IoGetCurrentIrpStackLocation.
pub unsafe fn current(irp: *mut IRP) -> *mut IO_STACK_LOCATION {
    (*irp).Tail.Overlay.__bindgen_anon_2.CurrentStackLocation
}

/// Sets the current location; index and pointer change together.
pub unsafe fn set_current(irp: *mut IRP, index: i8) {
    (*irp).CurrentLocation = index;
    (*irp).Tail.Overlay.__bindgen_anon_2.CurrentStackLocation = location(irp, index);
}

/// IoGetNextIrpStackLocation.
pub unsafe fn next(irp: *mut IRP) -> *mut IO_STACK_LOCATION {
    current(irp).sub(1)
}

/// The I/O status of an IRP.
pub unsafe fn status(irp: *mut IRP) -> NTSTATUS {
    (*irp).IoStatus.__bindgen_anon_1.Status
}

/// Sets the I/O status and information.
pub unsafe fn set_status(irp: *mut IRP, status: NTSTATUS, information: u64) {
    set_iosb(&mut (*irp).IoStatus, status, information);
}

/// Fills an I/O status block.
pub fn set_iosb(iosb: &mut IO_STATUS_BLOCK, status: NTSTATUS, information: u64) {
    iosb.__bindgen_anon_1.Status = status;
    iosb.Information = information as usize;
}

/// The three ways of completion (NT_SUCCESS and NT_ERROR).
pub const fn is_error(status: NTSTATUS) -> bool {
    (status as u32) >> 30 == 3
}

/// NT_SUCCESS.
pub const fn is_success(status: NTSTATUS) -> bool {
    status >= 0
}

/// Parameters as four words (`Parameters.Others`).
pub unsafe fn args(location: *mut IO_STACK_LOCATION) -> *mut [u64; 4] {
    core::ptr::addr_of_mut!((*location).Parameters).cast()
}

/// A `UNICODE_STRING`'s text.
pub unsafe fn text(string: *const UNICODE_STRING) -> alloc::string::String {
    if string.is_null() || (*string).Buffer.is_null() {
        return alloc::string::String::new();
    }
    let units = core::slice::from_raw_parts((*string).Buffer, (*string).Length as usize / 2);
    alloc::string::String::from_utf16_lossy(units)
}

/// A zero-terminated wide string's text.
pub unsafe fn text_z(mut at: *const u16) -> alloc::string::String {
    let mut units = alloc::vec::Vec::new();
    while !at.is_null() && *at != 0 {
        units.push(*at);
        at = at.add(1);
    }
    alloc::string::String::from_utf16_lossy(&units)
}

/// A list of zero-terminated wide strings (REG_MULTI_SZ).
pub unsafe fn texts_z(mut at: *const u16) -> alloc::vec::Vec<alloc::string::String> {
    let mut out = alloc::vec::Vec::new();
    while !at.is_null() && *at != 0 {
        let one = text_z(at);
        at = at.add(one.encode_utf16().count() + 1);
        out.push(one);
    }
    out
}

/// A text as a string that the kernel owns for as long as the kernel runs or until [`WideString`] drops.
pub struct WideString {
    buffer: alloc::vec::Vec<u16>,
    string: UNICODE_STRING,
}

impl WideString {
    /// Makes one.
    pub fn new(text: &str) -> alloc::boxed::Box<WideString> {
        let buffer: alloc::vec::Vec<u16> = text.encode_utf16().chain([0]).collect();
        let length = (buffer.len() as u16 - 1) * 2;
        let mut out = alloc::boxed::Box::new(WideString { buffer, string: UNICODE_STRING::default() });
        out.string =
            UNICODE_STRING { Length: length, MaximumLength: length + 2, Buffer: out.buffer.as_mut_ptr() };
        out
    }

    /// As drivers take it.
    pub fn as_ptr(&self) -> *mut UNICODE_STRING {
        core::ptr::addr_of!(self.string).cast_mut()
    }

    /// A copy of the descriptor; the buffer stays this object's.
    pub fn raw(&self) -> UNICODE_STRING {
        self.string
    }
}
