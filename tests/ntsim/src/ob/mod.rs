//! ob: object headers, reference counts, handles, names.

pub mod exports;
pub mod handle;
pub mod name;

use crate::abi::*;
use crate::kernel::{Kernel, kernel, lock::Lock};
use crate::mm::pool;
use crate::verifier;
use alloc::boxed::Box;
use alloc::string::String;
use core::sync::atomic::{AtomicI64, Ordering::*};

/// A kind of objects.
pub struct ObjectType {
    /// Name as in Windows ("Event", "Device", …).
    pub name: &'static str,
    /// Called when the last reference goes, before the memory is freed.
    pub delete: Option<unsafe fn(*mut u8)>,
    /// Called when the last handle of an object is closed (IRP_MJ_CLEANUP and the like). PASSIVE_LEVEL.
    pub close: Option<unsafe fn(*mut u8)>,
}

/// What precedes every object's body.
#[repr(C, align(16))]
pub struct Header {
    magic: u64,
    /// References, handles included.
    pub references: AtomicI64,
    /// Open handles.
    pub handles: AtomicI64,
    /// Type.
    pub kind: &'static ObjectType,
    /// Full name, if it has one.
    pub name: Lock<Option<String>>,
    /// Permanent objects keep their name without handles.
    pub permanent: core::cell::Cell<bool>,
}

const MAGIC: u64 = 0x6A62_4F5F_6D69_736E;
const TAG: &[u8; 4] = b"ObOb";

/// The types of this crate.
pub struct Types {
    /// Threads.
    pub thread: &'static ObjectType,
    /// Events.
    pub event: &'static ObjectType,
    /// Callback objects.
    pub callback: &'static ObjectType,
}

static THREAD: ObjectType = ObjectType { name: "Thread", delete: None, close: None };
static EVENT: ObjectType = ObjectType { name: "Event", delete: None, close: None };
static CALLBACK: ObjectType = ObjectType { name: "Callback", delete: None, close: None };

/// Object manager state of a kernel.
pub struct State {
    /// The types of this crate.
    pub types: Types,
    /// Kernel handles.
    pub handles: Lock<handle::Table>,
    /// The name space.
    pub names: Lock<name::Space>,
}

impl Default for State {
    fn default() -> Self {
        Self {
            types: Types { thread: &THREAD, event: &EVENT, callback: &CALLBACK },
            handles: Default::default(),
            names: Default::default(),
        }
    }
}

/// After processors are up: the callback objects that exist in every system (DDI documentation of ExCreateCallback).
pub fn start(_k: &'static Kernel) {
    for path in ["\\Callback\\SetSystemTime", "\\Callback\\PowerState", "\\Callback\\ProcessorAdd"] {
        let made = unsafe { crate::ex::callback::open(path, true) };
        let body = made.expect("memory for a callback object");
        unsafe { header(body) }.permanent.set(true);
    }
}

/// Makes an object with a zeroed body of `size` bytes and one reference. The caller initialises the body.
pub fn create(kind: &'static ObjectType, size: usize) -> Result<*mut u8, NTSTATUS> {
    let block = pool::allocate_kernel(size_of::<Header>() + size, TAG)?;
    unsafe {
        block.cast::<Header>().write(Header {
            magic: MAGIC,
            references: AtomicI64::new(1),
            handles: AtomicI64::new(0),
            kind,
            name: Lock::new(None),
            permanent: core::cell::Cell::new(false),
        });
        Ok(block.add(size_of::<Header>()))
    }
}

/// Header of an object; a pointer that is no object is a bugcheck (REFERENCE_BY_POINTER).
pub unsafe fn header(body: *mut u8) -> &'static Header {
    let h = body.sub(size_of::<Header>()).cast::<Header>();
    if (*h).magic != MAGIC {
        verifier::bugcheck(0x18, [0, body as u64, 1, 0], "not an object, or one that was freed");
    }
    &*h
}

/// Is this the body of a live object?
pub unsafe fn is_object(body: *mut u8) -> bool {
    (*body.sub(size_of::<Header>()).cast::<Header>()).magic == MAGIC
}

/// Adds a reference and returns the new count. Any IRQL ≤ DISPATCH_LEVEL.
pub unsafe fn reference(body: *mut u8) -> i64 {
    let h = header(body);
    let old = h.references.fetch_add(1, Relaxed);
    if old <= 0 {
        verifier::bugcheck(
            0x18,
            [0, body as u64, 2, old as u64],
            "an object that is being deleted is referenced",
        );
    }
    old + 1
}

/// Drops a reference and returns the new count; at 0 the object is deleted.
pub unsafe fn dereference(body: *mut u8) -> i64 {
    let h = header(body);
    let left = h.references.fetch_sub(1, AcqRel) - 1;
    if left < 0 {
        verifier::bugcheck(0x18, [0, body as u64, 3, left as u64], "an object is dereferenced too often");
    }
    if left == 0 {
        name::forget(kernel(), body);
        if let Some(delete) = h.kind.delete {
            delete(body);
        }
        let at = body.sub(size_of::<Header>()).cast::<Header>();
        core::ptr::drop_in_place(at);
        (*at).magic = 0;
        let _ = pool::free(at.cast());
    }
    left
}

/// A type made at run time (leaked: types live as long as the process).
pub fn make_type(kind: ObjectType) -> &'static ObjectType {
    Box::leak(Box::new(kind))
}
