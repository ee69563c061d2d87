//! Resource lists: what a device has (CM) and what it may have (IO).
//!
//! Names, layouts and values as Microsoft's WDK headers declare them (NTDDI 0x0A00000C, NDIS 6.85),
//! 64-bit x86. Checked against the recorded facts by `tests/abi`.

use super::*;

pub type CM_SHARE_DISPOSITION = i32;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct CM_RESOURCE_LIST {
    pub Count: u32,
    pub List: [CM_FULL_RESOURCE_DESCRIPTOR; 1],
}
layout!(CM_RESOURCE_LIST, 40, 4, Count @ 0, List @ 4);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct IO_RESOURCE_REQUIREMENTS_LIST {
    pub ListSize: u32,
    pub InterfaceType: INTERFACE_TYPE,
    pub BusNumber: u32,
    pub SlotNumber: u32,
    pub Reserved: [u32; 3],
    pub AlternativeLists: u32,
    pub List: [IO_RESOURCE_LIST; 1],
}
layout!(IO_RESOURCE_REQUIREMENTS_LIST, 72, 8, ListSize @ 0, InterfaceType @ 4, BusNumber @ 8, SlotNumber @ 12, Reserved @ 16, AlternativeLists @ 28, List @ 32);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct CM_FULL_RESOURCE_DESCRIPTOR {
    pub InterfaceType: INTERFACE_TYPE,
    pub BusNumber: u32,
    pub PartialResourceList: CM_PARTIAL_RESOURCE_LIST,
}
layout!(CM_FULL_RESOURCE_DESCRIPTOR, 36, 4, InterfaceType @ 0, BusNumber @ 4, PartialResourceList @ 8);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct CM_PARTIAL_RESOURCE_LIST {
    pub Version: u16,
    pub Revision: u16,
    pub Count: u32,
    pub PartialDescriptors: [CM_PARTIAL_RESOURCE_DESCRIPTOR; 1],
}
layout!(CM_PARTIAL_RESOURCE_LIST, 28, 4, Version @ 0, Revision @ 2, Count @ 4, PartialDescriptors @ 8);

#[repr(C, packed(4))]
#[derive(Clone, Copy)]
pub struct CM_PARTIAL_RESOURCE_DESCRIPTOR_u_Generic {
    pub Start: LARGE_INTEGER,
    pub Length: u32,
}
#[repr(C, packed(4))]
#[derive(Clone, Copy)]
pub struct CM_PARTIAL_RESOURCE_DESCRIPTOR_u_Port {
    pub Start: LARGE_INTEGER,
    pub Length: u32,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct CM_PARTIAL_RESOURCE_DESCRIPTOR_u_Interrupt {
    pub Level: u32,
    pub Vector: u32,
    pub Affinity: usize,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct CM_PARTIAL_RESOURCE_DESCRIPTOR_u_MessageInterrupt_Raw {
    pub Reserved: u16,
    pub MessageCount: u16,
    pub Vector: u32,
    pub Affinity: usize,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct CM_PARTIAL_RESOURCE_DESCRIPTOR_u_MessageInterrupt_Translated {
    pub Level: u32,
    pub Vector: u32,
    pub Affinity: usize,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub union CM_PARTIAL_RESOURCE_DESCRIPTOR_u_MessageInterrupt {
    pub Raw: CM_PARTIAL_RESOURCE_DESCRIPTOR_u_MessageInterrupt_Raw,
    pub Translated: CM_PARTIAL_RESOURCE_DESCRIPTOR_u_MessageInterrupt_Translated,
}
#[repr(C, packed(4))]
#[derive(Clone, Copy)]
pub struct CM_PARTIAL_RESOURCE_DESCRIPTOR_u_Memory {
    pub Start: LARGE_INTEGER,
    pub Length: u32,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct CM_PARTIAL_RESOURCE_DESCRIPTOR_u_Dma {
    pub Channel: u32,
    pub Port: u32,
    pub Reserved1: u32,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct CM_PARTIAL_RESOURCE_DESCRIPTOR_u_DmaV3 {
    pub Channel: u32,
    pub RequestLine: u32,
    pub TransferWidth: u8,
    pub Reserved1: u8,
    pub Reserved2: u8,
    pub Reserved3: u8,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct CM_PARTIAL_RESOURCE_DESCRIPTOR_u_DevicePrivate {
    pub Data: [u32; 3],
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct CM_PARTIAL_RESOURCE_DESCRIPTOR_u_BusNumber {
    pub Start: u32,
    pub Length: u32,
    pub Reserved: u32,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct CM_PARTIAL_RESOURCE_DESCRIPTOR_u_DeviceSpecificData {
    pub DataSize: u32,
    pub Reserved1: u32,
    pub Reserved2: u32,
}
#[repr(C, packed(4))]
#[derive(Clone, Copy)]
pub struct CM_PARTIAL_RESOURCE_DESCRIPTOR_u_Memory40 {
    pub Start: LARGE_INTEGER,
    pub Length40: u32,
}
#[repr(C, packed(4))]
#[derive(Clone, Copy)]
pub struct CM_PARTIAL_RESOURCE_DESCRIPTOR_u_Memory48 {
    pub Start: LARGE_INTEGER,
    pub Length48: u32,
}
#[repr(C, packed(4))]
#[derive(Clone, Copy)]
pub struct CM_PARTIAL_RESOURCE_DESCRIPTOR_u_Memory64 {
    pub Start: LARGE_INTEGER,
    pub Length64: u32,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct CM_PARTIAL_RESOURCE_DESCRIPTOR_u_Connection {
    pub Class: u8,
    pub Type: u8,
    pub Reserved1: u8,
    pub Reserved2: u8,
    pub IdLowPart: u32,
    pub IdHighPart: u32,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub union CM_PARTIAL_RESOURCE_DESCRIPTOR_u {
    pub Generic: CM_PARTIAL_RESOURCE_DESCRIPTOR_u_Generic,
    pub Port: CM_PARTIAL_RESOURCE_DESCRIPTOR_u_Port,
    pub Interrupt: CM_PARTIAL_RESOURCE_DESCRIPTOR_u_Interrupt,
    pub MessageInterrupt: CM_PARTIAL_RESOURCE_DESCRIPTOR_u_MessageInterrupt,
    pub Memory: CM_PARTIAL_RESOURCE_DESCRIPTOR_u_Memory,
    pub Dma: CM_PARTIAL_RESOURCE_DESCRIPTOR_u_Dma,
    pub DmaV3: CM_PARTIAL_RESOURCE_DESCRIPTOR_u_DmaV3,
    pub DevicePrivate: CM_PARTIAL_RESOURCE_DESCRIPTOR_u_DevicePrivate,
    pub BusNumber: CM_PARTIAL_RESOURCE_DESCRIPTOR_u_BusNumber,
    pub DeviceSpecificData: CM_PARTIAL_RESOURCE_DESCRIPTOR_u_DeviceSpecificData,
    pub Memory40: CM_PARTIAL_RESOURCE_DESCRIPTOR_u_Memory40,
    pub Memory48: CM_PARTIAL_RESOURCE_DESCRIPTOR_u_Memory48,
    pub Memory64: CM_PARTIAL_RESOURCE_DESCRIPTOR_u_Memory64,
    pub Connection: CM_PARTIAL_RESOURCE_DESCRIPTOR_u_Connection,
}
#[repr(C, packed(4))]
#[derive(Clone, Copy)]
pub struct CM_PARTIAL_RESOURCE_DESCRIPTOR {
    pub Type: u8,
    pub ShareDisposition: u8,
    pub Flags: u16,
    pub u: CM_PARTIAL_RESOURCE_DESCRIPTOR_u,
}
layout!(CM_PARTIAL_RESOURCE_DESCRIPTOR_u_Generic, 12, 4, Start @ 0, Length @ 8);
layout!(CM_PARTIAL_RESOURCE_DESCRIPTOR_u_Port, 12, 4, Start @ 0, Length @ 8);
layout!(CM_PARTIAL_RESOURCE_DESCRIPTOR_u_Interrupt, 16, 8, Level @ 0, Vector @ 4, Affinity @ 8);
layout!(CM_PARTIAL_RESOURCE_DESCRIPTOR_u_MessageInterrupt_Raw, 16, 8, Reserved @ 0, MessageCount @ 2, Vector @ 4, Affinity @ 8);
layout!(CM_PARTIAL_RESOURCE_DESCRIPTOR_u_MessageInterrupt_Translated, 16, 8, Level @ 0, Vector @ 4, Affinity @ 8);
layout!(CM_PARTIAL_RESOURCE_DESCRIPTOR_u_MessageInterrupt, 16, 8, Raw @ 0, Translated @ 0);
layout!(CM_PARTIAL_RESOURCE_DESCRIPTOR_u_Memory, 12, 4, Start @ 0, Length @ 8);
layout!(CM_PARTIAL_RESOURCE_DESCRIPTOR_u_Dma, 12, 4, Channel @ 0, Port @ 4, Reserved1 @ 8);
layout!(CM_PARTIAL_RESOURCE_DESCRIPTOR_u_DmaV3, 12, 4, Channel @ 0, RequestLine @ 4, TransferWidth @ 8, Reserved1 @ 9, Reserved2 @ 10, Reserved3 @ 11);
layout!(CM_PARTIAL_RESOURCE_DESCRIPTOR_u_DevicePrivate, 12, 4, Data @ 0);
layout!(CM_PARTIAL_RESOURCE_DESCRIPTOR_u_BusNumber, 12, 4, Start @ 0, Length @ 4, Reserved @ 8);
layout!(CM_PARTIAL_RESOURCE_DESCRIPTOR_u_DeviceSpecificData, 12, 4, DataSize @ 0, Reserved1 @ 4, Reserved2 @ 8);
layout!(CM_PARTIAL_RESOURCE_DESCRIPTOR_u_Memory40, 12, 4, Start @ 0, Length40 @ 8);
layout!(CM_PARTIAL_RESOURCE_DESCRIPTOR_u_Memory48, 12, 4, Start @ 0, Length48 @ 8);
layout!(CM_PARTIAL_RESOURCE_DESCRIPTOR_u_Memory64, 12, 4, Start @ 0, Length64 @ 8);
layout!(CM_PARTIAL_RESOURCE_DESCRIPTOR_u_Connection, 12, 4, Class @ 0, Type @ 1, Reserved1 @ 2, Reserved2 @ 3, IdLowPart @ 4, IdHighPart @ 8);
layout!(CM_PARTIAL_RESOURCE_DESCRIPTOR_u, 16, 8, Generic @ 0, Port @ 0, Interrupt @ 0, MessageInterrupt @ 0, Memory @ 0, Dma @ 0, DmaV3 @ 0, DevicePrivate @ 0, BusNumber @ 0, DeviceSpecificData @ 0, Memory40 @ 0, Memory48 @ 0, Memory64 @ 0, Connection @ 0);
layout!(CM_PARTIAL_RESOURCE_DESCRIPTOR, 20, 4, Type @ 0, ShareDisposition @ 1, Flags @ 2, u @ 4);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct IO_RESOURCE_LIST {
    pub Version: u16,
    pub Revision: u16,
    pub Count: u32,
    pub Descriptors: [IO_RESOURCE_DESCRIPTOR; 1],
}
layout!(IO_RESOURCE_LIST, 40, 8, Version @ 0, Revision @ 2, Count @ 4, Descriptors @ 8);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct IO_RESOURCE_DESCRIPTOR_u_Port {
    pub Length: u32,
    pub Alignment: u32,
    pub MinimumAddress: LARGE_INTEGER,
    pub MaximumAddress: LARGE_INTEGER,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct IO_RESOURCE_DESCRIPTOR_u_Memory {
    pub Length: u32,
    pub Alignment: u32,
    pub MinimumAddress: LARGE_INTEGER,
    pub MaximumAddress: LARGE_INTEGER,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct IO_RESOURCE_DESCRIPTOR_u_Interrupt {
    pub MinimumVector: u32,
    pub MaximumVector: u32,
    pub AffinityPolicy: IRQ_DEVICE_POLICY,
    pub PriorityPolicy: IRQ_PRIORITY,
    pub TargetedProcessors: usize,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct IO_RESOURCE_DESCRIPTOR_u_Dma {
    pub MinimumChannel: u32,
    pub MaximumChannel: u32,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct IO_RESOURCE_DESCRIPTOR_u_DmaV3 {
    pub RequestLine: u32,
    pub Reserved: u32,
    pub Channel: u32,
    pub TransferWidth: u32,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct IO_RESOURCE_DESCRIPTOR_u_Generic {
    pub Length: u32,
    pub Alignment: u32,
    pub MinimumAddress: LARGE_INTEGER,
    pub MaximumAddress: LARGE_INTEGER,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct IO_RESOURCE_DESCRIPTOR_u_DevicePrivate {
    pub Data: [u32; 3],
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct IO_RESOURCE_DESCRIPTOR_u_BusNumber {
    pub Length: u32,
    pub MinBusNumber: u32,
    pub MaxBusNumber: u32,
    pub Reserved: u32,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct IO_RESOURCE_DESCRIPTOR_u_ConfigData {
    pub Priority: u32,
    pub Reserved1: u32,
    pub Reserved2: u32,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct IO_RESOURCE_DESCRIPTOR_u_Memory40 {
    pub Length40: u32,
    pub Alignment40: u32,
    pub MinimumAddress: LARGE_INTEGER,
    pub MaximumAddress: LARGE_INTEGER,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct IO_RESOURCE_DESCRIPTOR_u_Memory48 {
    pub Length48: u32,
    pub Alignment48: u32,
    pub MinimumAddress: LARGE_INTEGER,
    pub MaximumAddress: LARGE_INTEGER,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct IO_RESOURCE_DESCRIPTOR_u_Memory64 {
    pub Length64: u32,
    pub Alignment64: u32,
    pub MinimumAddress: LARGE_INTEGER,
    pub MaximumAddress: LARGE_INTEGER,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct IO_RESOURCE_DESCRIPTOR_u_Connection {
    pub Class: u8,
    pub Type: u8,
    pub Reserved1: u8,
    pub Reserved2: u8,
    pub IdLowPart: u32,
    pub IdHighPart: u32,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub union IO_RESOURCE_DESCRIPTOR_u {
    pub Port: IO_RESOURCE_DESCRIPTOR_u_Port,
    pub Memory: IO_RESOURCE_DESCRIPTOR_u_Memory,
    pub Interrupt: IO_RESOURCE_DESCRIPTOR_u_Interrupt,
    pub Dma: IO_RESOURCE_DESCRIPTOR_u_Dma,
    pub DmaV3: IO_RESOURCE_DESCRIPTOR_u_DmaV3,
    pub Generic: IO_RESOURCE_DESCRIPTOR_u_Generic,
    pub DevicePrivate: IO_RESOURCE_DESCRIPTOR_u_DevicePrivate,
    pub BusNumber: IO_RESOURCE_DESCRIPTOR_u_BusNumber,
    pub ConfigData: IO_RESOURCE_DESCRIPTOR_u_ConfigData,
    pub Memory40: IO_RESOURCE_DESCRIPTOR_u_Memory40,
    pub Memory48: IO_RESOURCE_DESCRIPTOR_u_Memory48,
    pub Memory64: IO_RESOURCE_DESCRIPTOR_u_Memory64,
    pub Connection: IO_RESOURCE_DESCRIPTOR_u_Connection,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct IO_RESOURCE_DESCRIPTOR {
    pub Option: u8,
    pub Type: u8,
    pub ShareDisposition: u8,
    pub Spare1: u8,
    pub Flags: u16,
    pub Spare2: u16,
    pub u: IO_RESOURCE_DESCRIPTOR_u,
}
layout!(IO_RESOURCE_DESCRIPTOR_u_Port, 24, 8, Length @ 0, Alignment @ 4, MinimumAddress @ 8, MaximumAddress @ 16);
layout!(IO_RESOURCE_DESCRIPTOR_u_Memory, 24, 8, Length @ 0, Alignment @ 4, MinimumAddress @ 8, MaximumAddress @ 16);
layout!(IO_RESOURCE_DESCRIPTOR_u_Interrupt, 24, 8, MinimumVector @ 0, MaximumVector @ 4, AffinityPolicy @ 8, PriorityPolicy @ 12, TargetedProcessors @ 16);
layout!(IO_RESOURCE_DESCRIPTOR_u_Dma, 8, 4, MinimumChannel @ 0, MaximumChannel @ 4);
layout!(IO_RESOURCE_DESCRIPTOR_u_DmaV3, 16, 4, RequestLine @ 0, Reserved @ 4, Channel @ 8, TransferWidth @ 12);
layout!(IO_RESOURCE_DESCRIPTOR_u_Generic, 24, 8, Length @ 0, Alignment @ 4, MinimumAddress @ 8, MaximumAddress @ 16);
layout!(IO_RESOURCE_DESCRIPTOR_u_DevicePrivate, 12, 4, Data @ 0);
layout!(IO_RESOURCE_DESCRIPTOR_u_BusNumber, 16, 4, Length @ 0, MinBusNumber @ 4, MaxBusNumber @ 8, Reserved @ 12);
layout!(IO_RESOURCE_DESCRIPTOR_u_ConfigData, 12, 4, Priority @ 0, Reserved1 @ 4, Reserved2 @ 8);
layout!(IO_RESOURCE_DESCRIPTOR_u_Memory40, 24, 8, Length40 @ 0, Alignment40 @ 4, MinimumAddress @ 8, MaximumAddress @ 16);
layout!(IO_RESOURCE_DESCRIPTOR_u_Memory48, 24, 8, Length48 @ 0, Alignment48 @ 4, MinimumAddress @ 8, MaximumAddress @ 16);
layout!(IO_RESOURCE_DESCRIPTOR_u_Memory64, 24, 8, Length64 @ 0, Alignment64 @ 4, MinimumAddress @ 8, MaximumAddress @ 16);
layout!(IO_RESOURCE_DESCRIPTOR_u_Connection, 12, 4, Class @ 0, Type @ 1, Reserved1 @ 2, Reserved2 @ 3, IdLowPart @ 4, IdHighPart @ 8);
layout!(IO_RESOURCE_DESCRIPTOR_u, 24, 8, Port @ 0, Memory @ 0, Interrupt @ 0, Dma @ 0, DmaV3 @ 0, Generic @ 0, DevicePrivate @ 0, BusNumber @ 0, ConfigData @ 0, Memory40 @ 0, Memory48 @ 0, Memory64 @ 0, Connection @ 0);
layout!(IO_RESOURCE_DESCRIPTOR, 32, 8, Option @ 0, Type @ 1, ShareDisposition @ 2, Spare1 @ 3, Flags @ 4, Spare2 @ 6, u @ 8);

pub const CmResourceShareUndetermined: CM_SHARE_DISPOSITION = 0;
pub const CmResourceShareDeviceExclusive: CM_SHARE_DISPOSITION = 1;
pub const CmResourceShareDriverExclusive: CM_SHARE_DISPOSITION = 2;
pub const CmResourceShareShared: CM_SHARE_DISPOSITION = 3;
pub const CM_RESOURCE_INTERRUPT_LATCHED: u32 = 1;
pub const CM_RESOURCE_INTERRUPT_LEVEL_LATCHED_BITS: u32 = 1;
pub const CM_RESOURCE_INTERRUPT_LEVEL_SENSITIVE: u32 = 0;
pub const CM_RESOURCE_INTERRUPT_MESSAGE: u32 = 2;
pub const CM_RESOURCE_INTERRUPT_MESSAGE_TOKEN: u32 = 0xFFFFFFFE;
pub const CM_RESOURCE_INTERRUPT_SECONDARY_INTERRUPT: u32 = 0x10;
pub const CM_RESOURCE_INTERRUPT_WAKE_HINT: u32 = 0x20;
pub const CM_RESOURCE_MEMORY_24: u32 = 0x10;
pub const CM_RESOURCE_MEMORY_BAR: u32 = 0x80;
pub const CM_RESOURCE_MEMORY_CACHEABLE: u32 = 0x20;
pub const CM_RESOURCE_MEMORY_COMBINEDWRITE: u32 = 8;
pub const CM_RESOURCE_MEMORY_COMPAT_FOR_INACCESSIBLE_RANGE: u32 = 0x100;
pub const CM_RESOURCE_MEMORY_LARGE: u32 = 0xE00;
pub const CM_RESOURCE_MEMORY_LARGE_40: u32 = 0x200;
pub const CM_RESOURCE_MEMORY_LARGE_40_MAXLEN: i64 = 1099511627520;
pub const CM_RESOURCE_MEMORY_LARGE_48: u32 = 0x400;
pub const CM_RESOURCE_MEMORY_LARGE_48_MAXLEN: i64 = 281474976645120;
pub const CM_RESOURCE_MEMORY_LARGE_64: u32 = 0x800;
pub const CM_RESOURCE_MEMORY_LARGE_64_MAXLEN: u64 = 0xFFFFFFFF00000000;
pub const CM_RESOURCE_MEMORY_PREFETCHABLE: u32 = 4;
pub const CM_RESOURCE_MEMORY_READ_ONLY: u32 = 1;
pub const CM_RESOURCE_MEMORY_READ_WRITE: u32 = 0;
pub const CM_RESOURCE_MEMORY_WINDOW_DECODE: u32 = 0x40;
pub const CM_RESOURCE_MEMORY_WRITEABILITY_MASK: u32 = 3;
pub const CM_RESOURCE_MEMORY_WRITE_ONLY: u32 = 2;
pub const CM_RESOURCE_PORT_10_BIT_DECODE: u32 = 4;
pub const CM_RESOURCE_PORT_12_BIT_DECODE: u32 = 8;
pub const CM_RESOURCE_PORT_16_BIT_DECODE: u32 = 0x10;
pub const CM_RESOURCE_PORT_BAR: u32 = 0x100;
pub const CM_RESOURCE_PORT_IO: u32 = 1;
pub const CM_RESOURCE_PORT_MEMORY: u32 = 0;
pub const CM_RESOURCE_PORT_PASSIVE_DECODE: u32 = 0x40;
pub const CM_RESOURCE_PORT_POSITIVE_DECODE: u32 = 0x20;
pub const CM_RESOURCE_PORT_WINDOW_DECODE: u32 = 0x80;
pub const CmResourceTypeBusNumber: u32 = 6;
pub const CmResourceTypeConfigData: u32 = 0x80;
pub const CmResourceTypeConnection: u32 = 0x84;
pub const CmResourceTypeDevicePrivate: u32 = 0x81;
pub const CmResourceTypeDeviceSpecific: u32 = 5;
pub const CmResourceTypeDma: u32 = 4;
pub const CmResourceTypeInterrupt: u32 = 2;
pub const CmResourceTypeMaximum: u32 = 8;
pub const CmResourceTypeMemory: u32 = 3;
pub const CmResourceTypeMemoryLarge: u32 = 7;
pub const CmResourceTypeMfCardConfig: u32 = 0x83;
pub const CmResourceTypeNonArbitrated: u32 = 0x80;
pub const CmResourceTypeNull: u32 = 0;
pub const CmResourceTypePcCardConfig: u32 = 0x82;
pub const CmResourceTypePort: u32 = 1;
pub const IO_RESOURCE_ALTERNATIVE: u32 = 8;
pub const IO_RESOURCE_DEFAULT: u32 = 2;
pub const IO_RESOURCE_PREFERRED: u32 = 1;
