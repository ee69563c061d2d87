//! Hypercall numbers, sub-operations and constants (`xen.h`, `event_channel.h`, `grant_table.h`,
//! `memory.h`, `vcpu.h`, `sched.h`, `version.h`, `hvm/*.h`). Names are Xen's.
#![allow(missing_docs)] // A list of the public headers' numbers: the names are the documentation.

pub mod hypercall {
    pub const SCHED_OP_COMPAT: u64 = 6;
    pub const MEMORY_OP: u64 = 12;
    pub const MULTICALL: u64 = 13;
    pub const SET_TIMER_OP: u64 = 15;
    pub const EVENT_CHANNEL_OP_COMPAT: u64 = 16;
    pub const XEN_VERSION: u64 = 17;
    pub const CONSOLE_IO: u64 = 18;
    pub const GRANT_TABLE_OP: u64 = 20;
    pub const VCPU_OP: u64 = 24;
    pub const SCHED_OP: u64 = 29;
    pub const EVENT_CHANNEL_OP: u64 = 32;
    pub const PHYSDEV_OP: u64 = 33;
    pub const HVM_OP: u64 = 34;
    pub const SYSCTL: u64 = 35;
    pub const DOMCTL: u64 = 36;
}

pub mod evtchn {
    pub const BIND_INTERDOMAIN: u64 = 0;
    pub const BIND_VIRQ: u64 = 1;
    pub const BIND_PIRQ: u64 = 2;
    pub const CLOSE: u64 = 3;
    pub const SEND: u64 = 4;
    pub const STATUS: u64 = 5;
    pub const ALLOC_UNBOUND: u64 = 6;
    pub const BIND_IPI: u64 = 7;
    pub const BIND_VCPU: u64 = 8;
    pub const UNMASK: u64 = 9;
    pub const RESET: u64 = 10;
    pub const INIT_CONTROL: u64 = 11;
    pub const EXPAND_ARRAY: u64 = 12;
    pub const SET_PRIORITY: u64 = 13;

    pub const FIFO_PENDING: u32 = 1 << 31;
    pub const FIFO_MASKED: u32 = 1 << 30;
    pub const FIFO_LINKED: u32 = 1 << 29;
    pub const FIFO_BUSY: u32 = 1 << 28;
    pub const FIFO_LINK: u32 = (1 << 17) - 1;
    pub const FIFO_CHANNELS: u32 = 1 << 17;
    pub const PRIORITY_DEFAULT: u8 = 7;
    pub const PRIORITY_MIN: u8 = 15;
}

pub mod grant {
    pub const SETUP_TABLE: u64 = 2;
    pub const COPY: u64 = 5;
    pub const QUERY_SIZE: u64 = 6;
    pub const SET_VERSION: u64 = 8;
    pub const GET_VERSION: u64 = 10;

    pub const PERMIT_ACCESS: u16 = 1;
    pub const TYPE_MASK: u16 = 3;
    pub const READONLY: u16 = 1 << 2;
    pub const READING: u16 = 1 << 3;
    pub const WRITING: u16 = 1 << 4;

    pub const ST_OKAY: i16 = 0;
    pub const ST_GENERAL_ERROR: i16 = -1;
    pub const ST_BAD_DOMAIN: i16 = -2;
    pub const ST_BAD_GNTREF: i16 = -3;
    pub const ST_PERMISSION_DENIED: i16 = -8;
    pub const ST_BAD_PAGE: i16 = -9;
    pub const ST_BAD_COPY_ARG: i16 = -10;
}

pub mod memory {
    pub const INCREASE_RESERVATION: u64 = 0;
    pub const DECREASE_RESERVATION: u64 = 1;
    pub const MAXIMUM_RAM_PAGE: u64 = 2;
    pub const CURRENT_RESERVATION: u64 = 3;
    pub const MAXIMUM_RESERVATION: u64 = 4;
    pub const POPULATE_PHYSMAP: u64 = 6;
    pub const ADD_TO_PHYSMAP: u64 = 7;
    pub const MEMORY_MAP: u64 = 9;
    pub const MAXIMUM_GPFN: u64 = 14;
    pub const REMOVE_FROM_PHYSMAP: u64 = 15;
    pub const ADD_TO_PHYSMAP_BATCH: u64 = 23;

    pub const SPACE_SHARED_INFO: u32 = 0;
    pub const SPACE_GRANT_TABLE: u32 = 1;
    pub const SPACE_GMFN: u32 = 2;
    pub const SPACE_GMFN_RANGE: u32 = 3;
}

pub mod vcpu {
    pub const INITIALISE: u64 = 0;
    pub const UP: u64 = 1;
    pub const IS_UP: u64 = 3;
    pub const SET_PERIODIC_TIMER: u64 = 6;
    pub const STOP_PERIODIC_TIMER: u64 = 7;
    pub const SET_SINGLESHOT_TIMER: u64 = 8;
    pub const STOP_SINGLESHOT_TIMER: u64 = 9;
    pub const REGISTER_VCPU_INFO: u64 = 10;
}

pub mod sched {
    pub const YIELD: u64 = 0;
    pub const BLOCK: u64 = 1;
    pub const SHUTDOWN: u64 = 2;
    pub const POLL: u64 = 3;
    pub const REMOTE_SHUTDOWN: u64 = 4;
    pub const SHUTDOWN_CODE: u64 = 5;
    pub const WATCHDOG: u64 = 6;
    pub const PIN_OVERRIDE: u64 = 7;

    pub const POWEROFF: u32 = 0;
    pub const REBOOT: u32 = 1;
    pub const SUSPEND: u32 = 2;
    pub const CRASH: u32 = 3;
    pub const REASON_WATCHDOG: u32 = 4;
    pub const REASON_MAX: u32 = 5;
}

pub mod version {
    pub const VERSION: u64 = 0;
    pub const EXTRAVERSION: u64 = 1;
    pub const COMPILE_INFO: u64 = 2;
    pub const CAPABILITIES: u64 = 3;
    pub const CHANGESET: u64 = 4;
    pub const PLATFORM_PARAMETERS: u64 = 5;
    pub const GET_FEATURES: u64 = 6;
    pub const PAGESIZE: u64 = 7;
    pub const GUEST_HANDLE: u64 = 8;
    pub const COMMANDLINE: u64 = 9;
    pub const BUILD_ID: u64 = 10;
}

pub mod hvm {
    pub const SET_PARAM: u64 = 0;
    pub const GET_PARAM: u64 = 1;
    pub const SET_PCI_INTX_LEVEL: u64 = 2;
    pub const SET_ISA_IRQ_LEVEL: u64 = 3;
    pub const SET_PCI_LINK_ROUTE: u64 = 4;
    pub const FLUSH_TLBS: u64 = 5;
    pub const PAGETABLE_DYING: u64 = 9;
    pub const GET_TIME: u64 = 10;
    pub const GET_MEM_TYPE: u64 = 15;
    pub const SET_EVTCHN_UPCALL_VECTOR: u64 = 23;

    pub const PARAM_CALLBACK_IRQ: u32 = 0;
    pub const PARAM_STORE_PFN: u32 = 1;
    pub const PARAM_STORE_EVTCHN: u32 = 2;
    pub const PARAM_PAE_ENABLED: u32 = 4;
    pub const PARAM_IOREQ_PFN: u32 = 5;
    pub const PARAM_BUFIOREQ_PFN: u32 = 6;
    pub const PARAM_VIRIDIAN: u32 = 9;
    pub const PARAM_TIMER_MODE: u32 = 10;
    pub const PARAM_HPET_ENABLED: u32 = 11;
    pub const PARAM_IDENT_PT: u32 = 12;
    pub const PARAM_ACPI_S_STATE: u32 = 14;
    pub const PARAM_VM86_TSS: u32 = 15;
    pub const PARAM_VPT_ALIGN: u32 = 16;
    pub const PARAM_CONSOLE_PFN: u32 = 17;
    pub const PARAM_CONSOLE_EVTCHN: u32 = 18;
    pub const PARAM_ACPI_IOPORTS_LOCATION: u32 = 19;
    pub const NR_PARAMS: u32 = 39;

    pub const CALLBACK_GSI: u64 = 0;
    pub const CALLBACK_PCI_INTX: u64 = 1;
    pub const CALLBACK_VECTOR: u64 = 2;
}

/// The calling domain itself.
pub const DOMID_SELF: u16 = 0x7ff0;
/// No real domain has this id or a higher one.
pub const DOMID_FIRST_RESERVED: u16 = 0x7ff0;
/// VIRQs: the timer of a vCPU and the debug interrupt.
pub const VIRQ_TIMER: u32 = 0;
/// See [`VIRQ_TIMER`].
pub const VIRQ_DEBUG: u32 = 1;
/// Number of VIRQs.
pub const NR_VIRQS: u32 = 24;
/// Global VIRQs, which may be bound on vCPU 0 only and by privileged domains.
pub const VIRQ_CONSOLE: u32 = 2;

pub mod cpuid {
    pub const SIGNATURE: [u32; 3] = [0x566e_6558, 0x6558_4d4d, 0x4d4d_566e];
    pub const HVM_VCPU_ID_PRESENT: u32 = 1 << 3;
    pub const HVM_DOMID_PRESENT: u32 = 1 << 4;
    pub const HVM_UPCALL_VECTOR: u32 = 1 << 6;
}
