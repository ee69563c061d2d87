//! NDIS' verifier rules (bug check 0xC4 with 0x91…, "NDIS/WIFI verification", NDISTest's expectations).

use crate::verifier::{self, Rule};
use alloc::string::String;

macro_rules! rules {
    ($($(#[$doc:meta])* $name:ident = $id:literal, $parameter:literal, $text:literal;)*) => {$(
        $(#[$doc])*
        pub static $name: Rule = Rule { id: concat!("Ndis.", $id), text: $text, bugcheck: 0xC4, parameter: $parameter };
    )*
        /// All rules of this module.
        pub static ALL: &[&Rule] = &[$(&$name,)*];
    };
}

rules! {
    /// NDIS_OBJECT_HEADER.
    HEADER = "ObjectHeader", 0x91001, "a structure has a wrong type, revision or size in its NDIS_OBJECT_HEADER";
    /// Order of attributes.
    ATTRIBUTES_ORDER = "AttributesOrder", 0x91002, "miniport attributes are set out of order: registration first, then general";
    /// Attributes missing.
    ATTRIBUTES_MISSING = "AttributesMissing", 0x91003, "MiniportInitializeEx succeeded without registration and general attributes";
    /// Attributes with impossible content.
    ATTRIBUTES_CONTENT = "AttributesContent", 0x91004, "miniport attributes are inconsistent";
    /// Attributes set outside of MiniportInitializeEx.
    ATTRIBUTES_LATE = "AttributesLate", 0x91005, "miniport attributes are set outside of MiniportInitializeEx";
    /// Mandatory handler missing.
    HANDLER_MISSING = "HandlerMissing", 0x91006, "a mandatory handler is missing in the driver characteristics";
    /// A send completed that is not outstanding.
    SEND_COMPLETE = "SendComplete", 0x91010, "a net buffer list is completed that is not outstanding (twice, or never sent)";
    /// Send completed changed.
    SEND_MODIFIED = "SendModified", 0x91011, "a net buffer list is completed with its net buffers changed";
    /// Success for a send that came while pausing.
    SEND_WHILE_PAUSING = "SendWhilePausing", 0x91012, "a send that came while the adapter was pausing was not refused with NDIS_STATUS_PAUSED";
    /// Completed with PENDING.
    SEND_STATUS = "SendStatus", 0x91013, "a send is completed with NDIS_STATUS_PENDING";
    /// Indicated while not running.
    RECEIVE_STATE = "ReceiveState", 0x91020, "received data is indicated while the adapter is paused or halted";
    /// Indicated while owned by the stack.
    RECEIVE_TWICE = "ReceiveTwice", 0x91021, "a net buffer list is indicated that the stack has not returned yet";
    /// Count and chain differ.
    RECEIVE_COUNT = "ReceiveCount", 0x91022, "NumberOfNetBufferLists is not the length of the indicated chain";
    /// Malformed indication.
    RECEIVE_CONTENT = "ReceiveContent", 0x91023, "an indicated net buffer list is malformed (buffers, lengths, MDLs)";
    /// SourceHandle.
    RECEIVE_SOURCE = "ReceiveSource", 0x91024, "an indicated net buffer list does not have the miniport adapter handle as SourceHandle";
    /// Out-of-band data that does not fit the frame or the configuration.
    RECEIVE_METADATA = "ReceiveMetadata", 0x91025, "out-of-band data of an indicated frame contradicts the frame or the configuration";
    /// DISPATCH_LEVEL flag and IRQL.
    DISPATCH_FLAG = "DispatchFlag", 0x91030, "the DISPATCH_LEVEL flag is set, but IRQL is not DISPATCH_LEVEL";
    /// Freed while in use.
    LIST_FREED = "ListFreed", 0x91031, "a net buffer list is freed while it is being sent or indicated";
    /// Not from a pool, or freed twice.
    LIST_UNKNOWN = "ListUnknown", 0x91032, "a net buffer or net buffer list is not one that NDIS allocated (or it was freed before)";
    /// Pool freed with blocks outstanding.
    POOL_IN_USE = "PoolInUse", 0x91033, "a pool is freed while net buffers or net buffer lists of it are in use";
    /// Wrong use of a pool.
    POOL_USE = "PoolUse", 0x91034, "a pool does not serve this allocation (fAllocateNetBuffer, DataSize, alignment)";
    /// Wrong advance or retreat.
    DATA_START = "DataStart", 0x91035, "a net buffer's data start is moved beyond its data";
    /// OID completed that is not pending.
    OID_COMPLETE = "OidComplete", 0x91040, "an OID request is completed that is not pending (twice, or after a final status)";
    /// OID results that cannot be.
    OID_RESULT = "OidResult", 0x91041, "an OID request is answered inconsistently (bytes written, read or needed)";
    /// OID never completed.
    OID_HANG = "OidHang", 0x91042, "an OID request was not completed";
    /// Pause or restart completed without being asked.
    STATE_COMPLETE = "StateComplete", 0x91050, "a pause, restart or reset is completed that is not pending";
    /// MiniportPause's result.
    PAUSE_STATUS = "PauseStatus", 0x91051, "MiniportPause returned something else than success or pending";
    /// Pause with sends.
    PAUSE_SENDS = "PauseWithSends", 0x91052, "the adapter is paused while sends are outstanding";
    /// Pause with receives.
    PAUSE_RECEIVES = "PauseWithReceives", 0x91053, "the adapter is paused while indicated net buffer lists are outstanding";
    /// Never completed.
    STATE_HANG = "StateHang", 0x91054, "a pause, restart or reset was not completed";
    /// Halt with resources.
    HALT_LEAK = "HaltLeak", 0x91060, "MiniportHaltEx (or a failed MiniportInitializeEx) leaves resources behind";
    /// Unload with resources.
    UNLOAD_LEAK = "UnloadLeak", 0x91061, "MiniportDriverUnload leaves resources or the registration behind";
    /// An object that does not exist.
    BAD_OBJECT = "BadObject", 0x91062, "a handle or object is passed that does not exist (any more)";
    /// Timer freed while set.
    TIMER_FREED = "TimerFreed", 0x91070, "a timer object is freed while it is set";
    /// Work item queued twice or freed while queued.
    WORK_ITEM = "WorkItem", 0x91071, "a work item is queued twice or freed while it is queued";
    /// Read-write lock misuse.
    RW_LOCK = "RwLock", 0x91072, "a read-write lock is released by a state that does not hold it, or freed while held";
    /// NdisFreeMemory with a wrong length.
    MEMORY_LENGTH = "MemoryLength", 0x91073, "memory is freed with another length than it was allocated with";
    /// Configuration used after closing.
    CONFIGURATION = "Configuration", 0x91074, "a configuration handle is used that is not open";
    /// Status indication.
    STATUS = "StatusIndication", 0x91075, "a status indication's buffer or source does not fit";
    /// Poll handler.
    POLL = "Poll", 0x91076, "a poll handler broke its limits or returned inconsistent counts";
    /// SG list.
    SG_LIST = "ScatterGather", 0x91077, "a scatter/gather list or DMA handle is used wrongly";
}

/// Reports a violation with addresses as parameters.
pub fn report(rule: &'static Rule, text: String, a: usize, b: usize) {
    verifier::report(rule, text, [a as u64, b as u64, 0, 0]);
}

/// A handle that is none: NDIS itself would crash on it.
pub fn bad_handle(what: &str, at: usize) -> ! {
    verifier::stop(
        0xC4,
        [BAD_OBJECT.parameter, at as u64, 0, 0],
        alloc::format!("{at:#x} is not {what}"),
        Some(BAD_OBJECT.id),
    )
}
