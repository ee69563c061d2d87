//! NDIS: poll mode (6.85) and processor information.
//!
//! Names, layouts and values as Microsoft's WDK headers declare them (NTDDI 0x0A00000C, NDIS 6.85),
//! 64-bit x86. Checked against the recorded facts by `tests/abi`.

use super::*;

pub type NDIS_RSS_PROFILE = i32;
pub type NDIS_PROCESSOR_VENDOR = i32;

pub type NDIS_SET_POLL_NOTIFICATION_HANDLER = Option<unsafe extern "win64" fn(Context: *mut c_void, Notification: *mut NDIS_POLL_NOTIFICATION)>;
pub type NDIS_POLL_HANDLER = Option<unsafe extern "win64" fn(Context: *mut c_void, PollData: *mut NDIS_POLL_DATA)>;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_RSS_PROCESSOR_INFO {
    pub Header: NDIS_OBJECT_HEADER,
    pub Flags: u32,
    pub RssBaseProcessor: PROCESSOR_NUMBER,
    pub MaxNumRssProcessors: u32,
    pub PreferredNumaNode: u16,
    pub RssProcessorArrayOffset: u32,
    pub RssProcessorCount: u32,
    pub RssProcessorEntrySize: u32,
    pub RssMaxProcessor: PROCESSOR_NUMBER,
    pub RssProfile: NDIS_RSS_PROFILE,
}
layout!(NDIS_RSS_PROCESSOR_INFO, 40, 4, Header @ 0, Flags @ 4, RssBaseProcessor @ 8, MaxNumRssProcessors @ 12, PreferredNumaNode @ 16, RssProcessorArrayOffset @ 20, RssProcessorCount @ 24, RssProcessorEntrySize @ 28, RssMaxProcessor @ 32, RssProfile @ 36);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_SYSTEM_PROCESSOR_INFO_EX {
    pub Header: NDIS_OBJECT_HEADER,
    pub Flags: u32,
    pub ProcessorVendor: NDIS_PROCESSOR_VENDOR,
    pub NumSockets: u32,
    pub NumCores: u32,
    pub NumCoresPerSocket: u32,
    pub MaxHyperThreadingProcsPerCore: u32,
    pub ProcessorInfoOffset: u32,
    pub NumberOfProcessors: u32,
    pub ProcessorInfoEntrySize: u32,
}
layout!(NDIS_SYSTEM_PROCESSOR_INFO_EX, 40, 4, Header @ 0, Flags @ 4, ProcessorVendor @ 8, NumSockets @ 12, NumCores @ 16, NumCoresPerSocket @ 20, MaxHyperThreadingProcsPerCore @ 24, ProcessorInfoOffset @ 28, NumberOfProcessors @ 32, ProcessorInfoEntrySize @ 36);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_POLL_CHARACTERISTICS {
    pub Header: NDIS_OBJECT_HEADER,
    pub SetPollNotificationHandler: NDIS_SET_POLL_NOTIFICATION_HANDLER,
    pub PollHandler: NDIS_POLL_HANDLER,
}
layout!(NDIS_POLL_CHARACTERISTICS, 24, 8, Header @ 0, SetPollNotificationHandler @ 8, PollHandler @ 16);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_POLL_DATA {
    pub Header: NDIS_OBJECT_HEADER,
    pub Transmit: NDIS_POLL_TRANSMIT_DATA,
    pub Receive: NDIS_POLL_RECEIVE_DATA,
}
layout!(NDIS_POLL_DATA, 152, 8, Header @ 0, Transmit @ 8, Receive @ 80);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_POLL_NOTIFICATION {
    pub Header: NDIS_OBJECT_HEADER,
    pub Enabled: BOOLEAN,
}
layout!(NDIS_POLL_NOTIFICATION, 6, 2, Header @ 0, Enabled @ 4);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_POLL_RECEIVE_DATA {
    pub MaxNblsToIndicate: u32,
    pub Reserved1: [u32; 3],
    pub IndicatedNblChain: *mut NET_BUFFER_LIST,
    pub NumberOfIndicatedNbls: u32,
    pub NumberOfRemainingNbls: u32,
    pub Flags: u32,
    pub Reserved2: u32,
    pub Reserved3: [*mut c_void; 4],
}
layout!(NDIS_POLL_RECEIVE_DATA, 72, 8, MaxNblsToIndicate @ 0, Reserved1 @ 4, IndicatedNblChain @ 16, NumberOfIndicatedNbls @ 24, NumberOfRemainingNbls @ 28, Flags @ 32, Reserved2 @ 36, Reserved3 @ 40);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_POLL_TRANSMIT_DATA {
    pub MaxNblsToComplete: u32,
    pub Reserved1: [u32; 3],
    pub CompletedNblChain: *mut NET_BUFFER_LIST,
    pub NumberOfCompletedNbls: u32,
    pub NumberOfRemainingNbls: u32,
    pub SendCompleteFlags: u32,
    pub Reserved2: u32,
    pub Reserved3: [*mut c_void; 4],
}
layout!(NDIS_POLL_TRANSMIT_DATA, 72, 8, MaxNblsToComplete @ 0, Reserved1 @ 4, CompletedNblChain @ 16, NumberOfCompletedNbls @ 24, NumberOfRemainingNbls @ 28, SendCompleteFlags @ 32, Reserved2 @ 36, Reserved3 @ 40);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_SYSTEM_PROCESSOR_INFO {
    pub Header: NDIS_OBJECT_HEADER,
    pub Flags: u32,
    pub ProcessorVendor: NDIS_PROCESSOR_VENDOR,
    pub NumPhysicalPackages: u32,
    pub NumCores: u32,
    pub NumCoresPerPhysicalPackage: u32,
    pub MaxHyperThreadingCpusPerCore: u32,
    pub RssBaseCpu: u32,
    pub RssCpuCount: u32,
    pub RssProcessors: *mut u8,
    pub CpuInfo: [NDIS_PROCESSOR_INFO; 64],
}
layout!(NDIS_SYSTEM_PROCESSOR_INFO, 1072, 8, Header @ 0, Flags @ 4, ProcessorVendor @ 8, NumPhysicalPackages @ 12, NumCores @ 16, NumCoresPerPhysicalPackage @ 20, MaxHyperThreadingCpusPerCore @ 24, RssBaseCpu @ 28, RssCpuCount @ 32, RssProcessors @ 40, CpuInfo @ 48);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_PROCESSOR_INFO {
    pub CpuNumber: u32,
    pub PhysicalPackageId: u32,
    pub CoreId: u32,
    pub HyperThreadID: u32,
}
layout!(NDIS_PROCESSOR_INFO, 16, 4, CpuNumber @ 0, PhysicalPackageId @ 4, CoreId @ 8, HyperThreadID @ 12);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_RSS_PROCESSOR {
    pub ProcNum: PROCESSOR_NUMBER,
    pub PreferenceIndex: u16,
    pub Reserved: u16,
}
layout!(NDIS_RSS_PROCESSOR, 8, 2, ProcNum @ 0, PreferenceIndex @ 4, Reserved @ 6);

pub const NdisRssProfileClosest: NDIS_RSS_PROFILE = 1;
pub const NdisRssProfileClosestStatic: NDIS_RSS_PROFILE = 2;
pub const NdisRssProfileNuma: NDIS_RSS_PROFILE = 3;
pub const NdisRssProfileNumaStatic: NDIS_RSS_PROFILE = 4;
pub const NdisRssProfileConservative: NDIS_RSS_PROFILE = 5;
pub const NdisRssProfileMaximum: NDIS_RSS_PROFILE = 6;
pub const NdisProcessorVendorUnknown: NDIS_PROCESSOR_VENDOR = 0;
pub const NdisProcessorVendorGenuinIntel: NDIS_PROCESSOR_VENDOR = 1;
pub const NdisProcessorVendorGenuineIntel: NDIS_PROCESSOR_VENDOR = 1;
pub const NdisProcessorVendorAuthenticAMD: NDIS_PROCESSOR_VENDOR = 2;
