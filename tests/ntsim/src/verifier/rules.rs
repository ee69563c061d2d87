//! The rules of ke, ex, mm, ob and rtl. Numbers are those of Driver Verifier's bugchecks (public
//! documentation, "Bug Check 0xC4" and neighbours).

use super::Rule;

macro_rules! rules {
    ($($(#[$m:meta])* $name:ident = $id:literal, $code:literal, $parameter:literal, $text:literal;)*) => {
        $($(#[$m])* #[doc = $text] pub static $name: Rule =
            Rule { id: $id, text: $text, bugcheck: $code, parameter: $parameter };)*
        /// All rules of this module.
        pub static ALL: &[&Rule] = &[$(&$name,)*];
    };
}

rules! {
    IRQL_EXPORT = "irql-export", 0xC4, 0x2_0022, "an export is called at an IRQL that its contract does not allow";
    IRQL_CHANGED = "irql-changed", 0xC4, 0x3C, "a driver routine returns at another IRQL than it was called at";
    IRQL_SET_EVENT_WAIT = "irql-set-event-wait", 0xC4, 0x2_0017, "KeSetEvent with Wait = TRUE above APC_LEVEL";
    STACK_LIMIT = "stack-limit", 0x7F, 8, "driver code uses more kernel stack than Windows gives";
    WAIT_AT_DISPATCH = "wait-at-dispatch", 0xC4, 0x3B, "a wait that may block is made at DISPATCH_LEVEL or above";
    THREAD_HOLDS_MUTEX = "thread-holds-mutex", 0xC4, 0x3F, "a thread ends while it owns a mutex";
    POOL_OVERRUN = "pool-overrun", 0xC1, 0x24, "memory behind a pool block is written";
    POOL_USE_AFTER_FREE = "pool-use-after-free", 0xCC, 0, "a pool block is used after it was freed";
    LEAK_POOL = "leak-pool", 0xC4, 0x62, "a driver is unloaded without freeing its pool";
    LEAK_HANDLE = "leak-handle", 0xC4, 0xE7, "a driver is unloaded with handles open";
    LEAK_TIMER = "leak-timer", 0xC7, 0, "a driver is unloaded while a timer in its memory is active";
    LEAK_DPC = "leak-dpc", 0xC7, 1, "a driver is unloaded while a DPC routine of its own is queued";
    LEAK_INTERRUPT = "leak-interrupt", 0xCE, 0, "a driver is unloaded with an interrupt connected";
    LEAK_THREAD = "leak-thread", 0xCE, 0, "a driver is unloaded while threads run in it";
    LEAK_OTHER = "leak-registration", 0xCE, 0, "a driver is unloaded while something is registered";
    WRITABLE_CODE = "writable-code", 0xC4, 0x2001, "a section is writable and executable";
    PAGEABLE_CODE = "pageable-code", 0xD3, 0, "pageable code runs at DISPATCH_LEVEL or above";
    INVALID_HANDLE = "invalid-handle", 0x93, 0, "a handle that is not open is used or closed";
}
