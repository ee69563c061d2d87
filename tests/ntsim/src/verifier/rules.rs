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
    LOCK_RECURSION = "lock-recursion", 0xC4, 0x1000, "a thread acquires a lock that it holds";
    LOCK_ORDER = "lock-order", 0xC4, 0x1001, "two locks are acquired in both orders";
    LOCK_NOT_HELD = "lock-not-held", 0xC4, 0x1003, "a lock is released that the thread does not hold";
    LOCK_FREED = "lock-freed", 0xC4, 0x1007, "memory that contains a held lock is freed";
    LOCK_IRQL = "lock-irql", 0xC4, 0x32, "a spin lock is released to a wrong IRQL, or IRQL is lowered while one is held";
    WAIT_UNINITIALISED = "wait-uninitialised", 0xC4, 0x123, "a wait for an object that is not initialised";
    REGION_BALANCE = "region-balance", 0xC4, 0x121, "a critical or guarded region is left without being entered";
    LONG_STALL = "long-stall", 0xC4, 0x2_0015, "a busy wait of more than 100 ms";
    BAD_PRIORITY = "bad-priority", 0xC4, 0x2_0016, "a thread priority outside of 0..=31";
    POOL_ZERO_SIZE = "pool-zero-size", 0xC4, 0x00, "an allocation of zero bytes";
    POOL_TAG = "pool-tag", 0xC4, 0x0F, "an allocation without a proper tag";
    POOL_IRQL = "pool-irql", 0xC4, 0x01, "paged pool above APC_LEVEL, or any pool above DISPATCH_LEVEL";
    POOL_EXECUTABLE = "pool-executable", 0xC4, 0x2000, "executable pool is allocated";
    POOL_TYPE = "pool-type", 0xC4, 0x0C, "a pool type that does not exist";
    POOL_FREE_IRQL = "pool-free-irql", 0xC4, 0x11, "paged pool is freed above APC_LEVEL, or any pool above DISPATCH_LEVEL";
    POOL_FREE_BAD = "pool-free-bad", 0xC4, 0x13, "something is freed that is not allocated pool, or twice";
    POOL_TAG_MISMATCH = "pool-tag-mismatch", 0xC4, 0x16, "a block is freed with another tag than it was allocated with";
    POOL_ACTIVE_TIMER = "pool-active-timer", 0xC7, 2, "pool is freed that contains an active timer";
    POOL_QUEUED_DPC = "pool-queued-dpc", 0xC7, 3, "pool is freed that contains a queued DPC";
    POOL_IN_USE = "pool-in-use", 0xC4, 0x5F, "pool is freed that contains an object the kernel still uses";
    LOOKASIDE = "lookaside", 0xC4, 0x81, "a lookaside list is used that is not initialised";
    RUNDOWN_BALANCE = "rundown-balance", 0xC4, 0x82, "rundown protection is released too often";
    RESOURCE_APC = "resource-apc", 0xC4, 0x37, "an ERESOURCE is acquired with normal kernel APCs enabled";
    WORKER_STATE = "worker-state", 0xC4, 0x83, "a work item leaves IRQL raised, a lock held or a region entered";
    MEMCPY_OVERLAP = "memcpy-overlap", 0xC4, 0xF0, "memcpy is used on overlapping ranges";
    MDL_FREE_LOCKED = "mdl-free-locked", 0xC4, 0xB5, "an MDL is freed with its pages locked";
    MDL_BUILD_TWICE = "mdl-build-twice", 0xC4, 0x7E, "MmBuildMdlForNonPagedPool on an MDL that is built or locked";
    MDL_NOT_NONPAGED = "mdl-not-nonpaged", 0xC4, 0x7D, "MmBuildMdlForNonPagedPool for memory that is not non-paged";
    MDL_LOCK_TWICE = "mdl-lock-twice", 0xC4, 0x70, "MmProbeAndLockPages on an MDL that is built or locked";
    MDL_LOCK_IRQL = "mdl-lock-irql", 0xC4, 0x71, "pageable memory is locked at DISPATCH_LEVEL";
    MDL_UNLOCK = "mdl-unlock", 0xC4, 0x7C, "MmUnlockPages on an MDL without locked pages";
    MDL_MAP_TWICE = "mdl-map-twice", 0xC4, 0xB9, "an MDL is mapped that is mapped already";
    MDL_MAP_UNLOCKED = "mdl-map-unlocked", 0xC4, 0x78, "an MDL is mapped whose pages are not locked";
    MDL_UNMAP = "mdl-unmap", 0xC4, 0x7A, "an MDL is unmapped that is not mapped at that address";
    MDL_MAP_EXECUTABLE = "mdl-map-executable", 0xC4, 0x2002, "memory is mapped executable";
    MDL_FREE_PAGES = "mdl-free-pages", 0xC4, 0xB6, "MmFreePagesFromMdl on an MDL that does not own pages, or is mapped";
    MDL_PARTIAL = "mdl-partial", 0xC4, 0xB7, "a partial MDL does not fit its source or its own size";
    FREE_HOLE = "free-hole", 0xC4, 0xB8, "memory is freed whose frame was given to the hypervisor";
    FREE_GRANTED = "free-granted", 0xC4, 0xB9, "memory is freed that a peer can reach through a grant";
    CONTIGUOUS_FREE = "contiguous-free", 0xC4, 0xB0, "contiguous memory is freed that was not allocated, or with another size";
    UNMAP_IO = "unmap-io", 0xC4, 0x88, "I/O space is unmapped that was not mapped, or with another size";
    RESERVED_MAPPING = "reserved-mapping", 0xC4, 0xB1, "a reserved mapping is used against its contract";
    PHYSICAL_INVALID = "physical-invalid", 0xC4, 0x84, "the physical address of an unmapped address is asked for";
    INVALID_HANDLE = "invalid-handle", 0x93, 0, "a handle that is not open is used or closed";
}
