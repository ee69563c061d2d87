//! The C structure behind `IRP_MN_QUERY_INTERFACE`, exactly as it is in memory.
//!
//! Every function takes the interface's `context` first. Unless stated otherwise a function may be
//! called at `IRQL <= DISPATCH_LEVEL`. Strings are counted UTF-8 without a trailing NUL. Handles are
//! opaque, never null on success, and belong to the child until it passes them to the function that
//! destroys them. All `destroy`, `unregister`, `unwatch` and `close` functions are called at
//! `PASSIVE_LEVEL`, wait until the callback is not running (bounded only by the callback itself),
//! and must not be called from the callback that they end.

use core::ffi::c_void;

use crate::status::Status;

/// `GUID`, as Windows lays it out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Guid {
    /// Data1.
    pub data1: u32,
    /// Data2.
    pub data2: u16,
    /// Data3.
    pub data3: u16,
    /// Data4.
    pub data4: [u8; 8],
}

/// {5d0f7c1e-3a0b-4b52-9c2a-6a7e1c9e4f10}
pub const GUID_XENPCI_INTERFACE: Guid = Guid {
    data1: 0x5d0f_7c1e,
    data2: 0x3a0b,
    data3: 0x4b52,
    data4: [0x9c, 0x2a, 0x6a, 0x7e, 0x1c, 0x9e, 0x4f, 0x10],
};

/// The newest version of the interface.
pub const VERSION: u16 = 1;
/// The oldest version that xenpci still serves.
pub const VERSION_MIN: u16 = 1;

/// A handle.
pub type Handle = *mut c_void;

/// A callback without more to say than its argument.
pub type Callback = unsafe extern "win64" fn(argument: *mut c_void);
/// An event channel's callback.
pub type EventCallback = unsafe extern "win64" fn(argument: *mut c_void, port: u32);
/// A self-test of target or device `id`; `PASSIVE_LEVEL`, bounded by the callee (30 s).
pub type SelfTestCallback = unsafe extern "win64" fn(argument: *mut c_void, id: u32) -> Status;
/// Prints a piece of a debug dump.
pub type DebugPrint = unsafe extern "win64" fn(sink: *mut c_void, text: *const u8, length: u32);
/// Dumps a subsystem's state by calling `print`. Any IRQL, also `HIGH_LEVEL` while the machine
/// crashes: takes no lock that may be held, allocates nothing, touches only nonpaged memory.
pub type DebugCallback =
    unsafe extern "win64" fn(argument: *mut c_void, print: DebugPrint, sink: *mut c_void);
/// Told after the wake; see [`SuspendCallbacks::late`].
pub type LateCallback = unsafe extern "win64" fn(argument: *mut c_void, wake: u32);

/// An entry of the grant table, of the domain in which it was granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Grant {
    /// The number for the peer.
    pub index: u32,
    /// Counts the domains that the machine has been.
    pub generation: u32,
}

/// The three moments of a suspend. All are called once per suspend, in this order.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct SuspendCallbacks {
    /// `PASSIVE_LEVEL`, everything still works: stop submitting, let the ring drain for at most one
    /// second, and leave the rest in the shadow. May block that long; no longer.
    pub prepare: Callback,
    /// All processors are parked and interrupts are off: only memory may be touched. In a new domain
    /// all ports, grants and rings are already void; in a cancelled suspend they are not, which
    /// `late` tells. Called after the hypervisor let the domain run again.
    pub early: Callback,
    /// `PASSIVE_LEVEL`, the store, grants and event channels work again: reconnect. `wake` is one of
    /// [`WAKE_CANCELLED`], [`WAKE_SAME_DOMAIN`], [`WAKE_NEW_DOMAIN`].
    pub late: LateCallback,
}

/// The suspend was called off or failed: everything is as before `prepare`, rings included.
pub const WAKE_CANCELLED: u32 = 0;
/// The same domain runs on: ports and grants of before are still in force, and are released as usual.
/// Not told at present: xenpci tells [`WAKE_CANCELLED`], because nothing was torn down.
pub const WAKE_SAME_DOMAIN: u32 = 1;
/// A new domain, on this or another host, which may offer less.
pub const WAKE_NEW_DOMAIN: u32 = 2;

/// The one storage adapter; its targets follow `device/vbd`.
pub const KIND_STORAGE: u32 = 1;
/// A network interface.
pub const KIND_NETWORK: u32 = 2;

/// The target may be shown to Windows.
pub const POLICY_SHOW: u32 = 0;
/// An emulated twin is alive: connect, self-test read-only, and report no unit.
pub const POLICY_HIDE: u32 = 1;
/// Left to the emulated controllers (`device-type=cdrom`): do not connect.
pub const POLICY_IGNORE: u32 = 2;

/// [`Interface::event_unmask`]: the event brought no work. xenpci delays the next events of a port
/// that does this again and again.
pub const UNMASK_SPURIOUS: u32 = 1;

/// Which path [`Interface::device_path`] gives: the front-end's directory, e.g. `device/vif/0` (for
/// the storage adapter `device/vbd`).
pub const PATH_FRONTEND: u32 = 0;
/// Which path [`Interface::device_path`] gives: the back-end's directory, absolute; read from the
/// front-end's `backend` node at the time of the call. Not for the storage adapter.
pub const PATH_BACKEND: u32 = 1;

/// [`Interface::device_changed`]: the back-end is gone for good; xenpci takes the device away.
pub const CHANGE_GONE: u32 = 1;
/// [`Interface::device_changed`]: the device is broken and cannot be used until it is restarted.
pub const CHANGE_FAILED: u32 = 2;
/// [`Interface::device_changed`]: the host asks for the device back: eject it as a user would.
pub const CHANGE_EJECT: u32 = 3;

/// [`Interface::event_log`]: connected, or another thing that is as it should be.
pub const LOG_INFORMATION: u32 = 0;
/// [`Interface::event_log`]: works, but less well than it could.
pub const LOG_WARNING: u32 = 1;
/// [`Interface::event_log`]: does not work.
pub const LOG_ERROR: u32 = 2;

/// Version 1.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Interface {
    // INTERFACE (wdm.h).
    /// Bytes of the version that was handed out.
    pub size: u16,
    /// The version that was handed out.
    pub version: u16,
    /// First argument of every function.
    pub context: *mut c_void,
    /// Takes another reference. `IRQL <= DISPATCH_LEVEL`.
    pub reference: Callback,
    /// Gives a reference back. `IRQL <= DISPATCH_LEVEL`.
    pub dereference: Callback,

    // xenstore. PASSIVE_LEVEL, bounded in time (30 s at most); paths relative to the domain's home or absolute; `transaction` 0 is none.
    /// Reads a node into `buffer`; `length` is set also for [`Status::BUFFER_TOO_SMALL`].
    pub store_read: unsafe extern "win64" fn(
        context: *mut c_void,
        transaction: u32,
        path: *const u8,
        path_length: u32,
        buffer: *mut u8,
        capacity: u32,
        length: *mut u32,
    ) -> Status,
    /// Lists the names of a node's children, each followed by a NUL.
    pub store_list: unsafe extern "win64" fn(
        context: *mut c_void,
        transaction: u32,
        path: *const u8,
        path_length: u32,
        buffer: *mut u8,
        capacity: u32,
        length: *mut u32,
    ) -> Status,
    /// Writes a node.
    pub store_write: unsafe extern "win64" fn(
        context: *mut c_void,
        transaction: u32,
        path: *const u8,
        path_length: u32,
        value: *const u8,
        value_length: u32,
    ) -> Status,
    /// Removes a node and all below it.
    pub store_remove: unsafe extern "win64" fn(
        context: *mut c_void,
        transaction: u32,
        path: *const u8,
        path_length: u32,
    ) -> Status,
    /// Starts a transaction.
    pub store_begin: unsafe extern "win64" fn(context: *mut c_void, transaction: *mut u32) -> Status,
    /// Ends a transaction.
    pub store_end: unsafe extern "win64" fn(context: *mut c_void, transaction: u32, commit: u32) -> Status,
    /// Watches a node and all below it. `callback` runs at `PASSIVE_LEVEL` in xenpci's thread, once
    /// soon after registration and after every change, several changes possibly told as one; it may
    /// use the store but should not block for longer than that. Watches survive a suspend and fire
    /// once after it.
    pub store_watch: unsafe extern "win64" fn(
        context: *mut c_void,
        path: *const u8,
        path_length: u32,
        callback: Callback,
        argument: *mut c_void,
        watch: *mut Handle,
    ) -> Status,
    /// Ends a watch.
    pub store_unwatch: unsafe extern "win64" fn(context: *mut c_void, watch: Handle),

    // Event channels. Ports are the child's own; a port of another child is refused.
    /// Allocates a port for `peer`, masked. Its events run `callback` in a DPC (`DISPATCH_LEVEL`) on
    /// processor `processor` (an NT processor index; out of range or without a vector: one that has
    /// one). An event that was delivered is masked until [`Interface::event_unmask`].
    /// `PASSIVE_LEVEL`.
    pub event_alloc: unsafe extern "win64" fn(
        context: *mut c_void,
        peer: u16,
        processor: u32,
        callback: EventCallback,
        argument: *mut c_void,
        port: *mut u32,
    ) -> Status,
    /// Sends an event to the peer.
    pub event_notify: unsafe extern "win64" fn(context: *mut c_void, port: u32),
    /// Lets events through (again); a pending one is delivered. `flags`: [`UNMASK_SPURIOUS`].
    pub event_unmask: unsafe extern "win64" fn(context: *mut c_void, port: u32, flags: u32),
    /// Holds events back.
    pub event_mask: unsafe extern "win64" fn(context: *mut c_void, port: u32),
    /// Runs the callback as if an event had come.
    pub event_kick: unsafe extern "win64" fn(context: *mut c_void, port: u32),
    /// Moves the port's events to another processor. `PASSIVE_LEVEL`.
    pub event_retarget: unsafe extern "win64" fn(context: *mut c_void, port: u32, processor: u32) -> Status,
    /// Closes the port. When it returns the callback is not running and will not run again. After a
    /// wake of kind [`WAKE_NEW_DOMAIN`] a child closes its old ports before it allocates new ones (old
    /// grants may be ended at any time). `PASSIVE_LEVEL`.
    pub event_close: unsafe extern "win64" fn(context: *mut c_void, port: u32),

    // Grants. Never block, never allocate.
    /// Grants a frame to `peer`.
    pub grant_access: unsafe extern "win64" fn(
        context: *mut c_void,
        peer: u16,
        gfn: u64,
        read_only: u32,
        grant: *mut Grant,
    ) -> Status,
    /// Ends a grant: [`Status::OK`] or [`Status::STILL_MAPPED`]. One of a domain that is no more ends always, and
    /// touches nothing.
    pub grant_end: unsafe extern "win64" fn(context: *mut c_void, grant: Grant) -> Status,
    /// The generation of the grants of now. Any IRQL.
    pub grant_generation: unsafe extern "win64" fn(context: *mut c_void) -> u32,
    /// Entries that this child could be granted right now.
    pub grant_available: unsafe extern "win64" fn(context: *mut c_void) -> u32,
    /// Sets `count` entries aside for this child, so that its largest request always finds room
    /// however much the others use; replaces an earlier reservation. The table is grown for it.
    /// `PASSIVE_LEVEL`.
    pub grant_reserve: unsafe extern "win64" fn(context: *mut c_void, count: u32) -> Status,

    // Memory.
    /// Allocates `count` zeroed nonpaged pages, contiguous in virtual memory; their frame numbers go
    /// to `gfns[0..count]`.
    pub pages_alloc: unsafe extern "win64" fn(
        context: *mut c_void,
        count: u32,
        address: *mut *mut u8,
        gfns: *mut u64,
    ) -> Status,
    /// Frees pages of [`Interface::pages_alloc`]. No grant of them may be in force.
    pub pages_free: unsafe extern "win64" fn(context: *mut c_void, address: *mut u8),
    /// The guest-physical address of a nonpaged virtual address.
    pub physical_address: unsafe extern "win64" fn(context: *mut c_void, address: *const u8) -> u64,
    /// Allocates zeroed nonpaged memory, 16-byte aligned; null when there is none.
    pub memory_alloc: unsafe extern "win64" fn(context: *mut c_void, size: usize) -> *mut u8,
    /// Frees memory of [`Interface::memory_alloc`].
    pub memory_free: unsafe extern "win64" fn(context: *mut c_void, address: *mut u8),

    // Processors and locks.
    /// The current IRQL. Any IRQL.
    pub irql: unsafe extern "win64" fn(context: *mut c_void) -> u8,
    /// The current processor's NT index. Any IRQL; stable at `DISPATCH_LEVEL`.
    pub processor: unsafe extern "win64" fn(context: *mut c_void) -> u32,
    /// Number of active processors. Any IRQL.
    pub processors: unsafe extern "win64" fn(context: *mut c_void) -> u32,
    /// Takes a spin lock (a zero-initialised word in nonpaged memory) and gives the IRQL of before.
    pub lock_acquire: unsafe extern "win64" fn(context: *mut c_void, lock: *mut usize) -> u8,
    /// Releases it.
    pub lock_release: unsafe extern "win64" fn(context: *mut c_void, lock: *mut usize, irql: u8),

    // Timers (callback in a DPC), work (callback at PASSIVE_LEVEL in a system worker thread), signals.
    /// Makes a one-shot timer.
    pub timer_create: unsafe extern "win64" fn(
        context: *mut c_void,
        callback: Callback,
        argument: *mut c_void,
        timer: *mut Handle,
    ) -> Status,
    /// Sets (or sets anew) the timer to fire in `nanoseconds`.
    pub timer_set: unsafe extern "win64" fn(context: *mut c_void, timer: Handle, nanoseconds: u64),
    /// Stops the timer; its callback may still be running.
    pub timer_cancel: unsafe extern "win64" fn(context: *mut c_void, timer: Handle),
    /// Ends the timer.
    pub timer_destroy: unsafe extern "win64" fn(context: *mut c_void, timer: Handle),
    /// Makes a piece of work.
    pub work_create: unsafe extern "win64" fn(
        context: *mut c_void,
        callback: Callback,
        argument: *mut c_void,
        work: *mut Handle,
    ) -> Status,
    /// Queues it; queued again while it waits it runs once, queued while it runs it runs again.
    pub work_queue: unsafe extern "win64" fn(context: *mut c_void, work: Handle),
    /// Ends it.
    pub work_destroy: unsafe extern "win64" fn(context: *mut c_void, work: Handle),
    /// Makes a signal (a notification event), unset.
    pub signal_create: unsafe extern "win64" fn(context: *mut c_void, signal: *mut Handle) -> Status,
    /// Sets it.
    pub signal_set: unsafe extern "win64" fn(context: *mut c_void, signal: Handle),
    /// Unsets it.
    pub signal_clear: unsafe extern "win64" fn(context: *mut c_void, signal: Handle),
    /// Waits until it is set, at most `nanoseconds`: [`Status::OK`] or [`Status::TIMED_OUT`].
    /// `PASSIVE_LEVEL`.
    pub signal_wait:
        unsafe extern "win64" fn(context: *mut c_void, signal: Handle, nanoseconds: u64) -> Status,
    /// Ends it; nobody may be waiting.
    pub signal_destroy: unsafe extern "win64" fn(context: *mut c_void, signal: Handle),

    // Time.
    /// Nanoseconds since some fixed point, never going back. Any IRQL.
    pub now: unsafe extern "win64" fn(context: *mut c_void) -> u64,
    /// System time (UTC) in 100 ns since 1601. Any IRQL.
    pub wall_clock: unsafe extern "win64" fn(context: *mut c_void) -> u64,
    /// Sleeps. `PASSIVE_LEVEL`.
    pub sleep: unsafe extern "win64" fn(context: *mut c_void, nanoseconds: u64),

    // Registrations. PASSIVE_LEVEL.
    /// Registers for suspends. `callbacks` is copied. Unregistering waits for a suspend under way.
    pub suspend_register: unsafe extern "win64" fn(
        context: *mut c_void,
        callbacks: *const SuspendCallbacks,
        argument: *mut c_void,
        registration: *mut Handle,
    ) -> Status,
    /// Ends it.
    pub suspend_unregister: unsafe extern "win64" fn(context: *mut c_void, registration: Handle),
    /// Registers the read-only self-test of the PV path: connect, read the first sectors by polling.
    pub selftest_register: unsafe extern "win64" fn(
        context: *mut c_void,
        callback: SelfTestCallback,
        argument: *mut c_void,
        registration: *mut Handle,
    ) -> Status,
    /// Ends it.
    pub selftest_unregister: unsafe extern "win64" fn(context: *mut c_void, registration: Handle),
    /// Registers a source of the debug dump.
    pub debug_register: unsafe extern "win64" fn(
        context: *mut c_void,
        name: *const u8,
        name_length: u32,
        callback: DebugCallback,
        argument: *mut c_void,
        registration: *mut Handle,
    ) -> Status,
    /// Ends it.
    pub debug_unregister: unsafe extern "win64" fn(context: *mut c_void, registration: Handle),

    // The device.
    /// [`KIND_STORAGE`] or [`KIND_NETWORK`].
    pub device_kind: unsafe extern "win64" fn(context: *mut c_void) -> u32,
    /// The number in xenstore of a network interface; 0 for the storage adapter.
    pub device_id: unsafe extern "win64" fn(context: *mut c_void) -> u32,
    /// A path of the device ([`PATH_FRONTEND`], [`PATH_BACKEND`]). `PASSIVE_LEVEL`.
    pub device_path: unsafe extern "win64" fn(
        context: *mut c_void,
        which: u32,
        buffer: *mut u8,
        capacity: u32,
        length: *mut u32,
    ) -> Status,
    /// What to do with target `id` of the storage adapter, or with the NIC itself: [`POLICY_SHOW`],
    /// [`POLICY_HIDE`], [`POLICY_IGNORE`]. Constant from start to stop of the bus. `PASSIVE_LEVEL`.
    pub policy: unsafe extern "win64" fn(context: *mut c_void, id: u32) -> u32,
    /// Tells the bus about a change ([`CHANGE_GONE`] …).
    pub device_changed: unsafe extern "win64" fn(context: *mut c_void, change: u32) -> Status,

    // Observability.
    /// Writes an entry to the system event log (`LOG_…`), at most 400 bytes of text, rate-limited.
    pub event_log:
        unsafe extern "win64" fn(context: *mut c_void, severity: u32, text: *const u8, length: u32),
    /// Writes a line to the hypervisor's console. Any IRQL.
    pub console_print: unsafe extern "win64" fn(context: *mut c_void, text: *const u8, length: u32),
}

/// Bytes of version 1.
pub const SIZE_V1: u16 = size_of::<Interface>() as u16;

/// Bytes that version `version` has, if it is served.
#[must_use]
pub const fn size_of_version(version: u16) -> Option<u16> {
    match version {
        1 => Some(SIZE_V1),
        _ => None,
    }
}

// The layout of INTERFACE and of version 1 is frozen.
const _: () = {
    assert!(core::mem::offset_of!(Interface, context) == 8);
    assert!(core::mem::offset_of!(Interface, reference) == 16);
    assert!(core::mem::offset_of!(Interface, dereference) == 24);
    assert!(core::mem::offset_of!(Interface, store_read) == 32);
    assert!(core::mem::offset_of!(Interface, console_print) == size_of::<Interface>() - 8);
    assert!(SIZE_V1 == 496);
};
