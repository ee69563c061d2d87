//! Storage class definitions: properties, geometry, disk and storage IOCTLs (used by the stand-in kernel and by the property replies).
//!
//! Names, layouts and values as Microsoft's WDK headers declare them (NTDDI 0x0A00000C, NDIS 6.85),
//! 64-bit x86. Checked against the recorded facts by `tests/abi`.

use super::*;

pub type STORAGE_BUS_TYPE = i32;
pub type STORAGE_PROPERTY_ID = i32;
pub type STORAGE_QUERY_TYPE = i32;
pub type MEDIA_TYPE = i32;
pub type DEVICE_DSM_ACTION = u32;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct STORAGE_PROPERTY_QUERY {
    pub PropertyId: STORAGE_PROPERTY_ID,
    pub QueryType: STORAGE_QUERY_TYPE,
    pub AdditionalParameters: [u8; 1],
}
layout!(STORAGE_PROPERTY_QUERY, 12, 4, PropertyId @ 0, QueryType @ 4, AdditionalParameters @ 8);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct STORAGE_DESCRIPTOR_HEADER {
    pub Version: u32,
    pub Size: u32,
}
layout!(STORAGE_DESCRIPTOR_HEADER, 8, 4, Version @ 0, Size @ 4);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct STORAGE_DEVICE_DESCRIPTOR {
    pub Version: u32,
    pub Size: u32,
    pub DeviceType: u8,
    pub DeviceTypeModifier: u8,
    pub RemovableMedia: BOOLEAN,
    pub CommandQueueing: BOOLEAN,
    pub VendorIdOffset: u32,
    pub ProductIdOffset: u32,
    pub ProductRevisionOffset: u32,
    pub SerialNumberOffset: u32,
    pub BusType: STORAGE_BUS_TYPE,
    pub RawPropertiesLength: u32,
    pub RawDeviceProperties: [u8; 1],
}
layout!(STORAGE_DEVICE_DESCRIPTOR, 40, 4, Version @ 0, Size @ 4, DeviceType @ 8, DeviceTypeModifier @ 9, RemovableMedia @ 10, CommandQueueing @ 11, VendorIdOffset @ 12, ProductIdOffset @ 16, ProductRevisionOffset @ 20, SerialNumberOffset @ 24, BusType @ 28, RawPropertiesLength @ 32, RawDeviceProperties @ 36);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct STORAGE_ADAPTER_DESCRIPTOR {
    pub Version: u32,
    pub Size: u32,
    pub MaximumTransferLength: u32,
    pub MaximumPhysicalPages: u32,
    pub AlignmentMask: u32,
    pub AdapterUsesPio: BOOLEAN,
    pub AdapterScansDown: BOOLEAN,
    pub CommandQueueing: BOOLEAN,
    pub AcceleratedTransfer: BOOLEAN,
    pub BusType: u8,
    pub BusMajorVersion: u16,
    pub BusMinorVersion: u16,
    pub SrbType: u8,
    pub AddressType: u8,
}
layout!(STORAGE_ADAPTER_DESCRIPTOR, 32, 4, Version @ 0, Size @ 4, MaximumTransferLength @ 8, MaximumPhysicalPages @ 12, AlignmentMask @ 16, AdapterUsesPio @ 20, AdapterScansDown @ 21, CommandQueueing @ 22, AcceleratedTransfer @ 23, BusType @ 24, BusMajorVersion @ 26, BusMinorVersion @ 28, SrbType @ 30, AddressType @ 31);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct STORAGE_DEVICE_NUMBER {
    pub DeviceType: u32,
    pub DeviceNumber: u32,
    pub PartitionNumber: u32,
}
layout!(STORAGE_DEVICE_NUMBER, 12, 4, DeviceType @ 0, DeviceNumber @ 4, PartitionNumber @ 8);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct DEVICE_SEEK_PENALTY_DESCRIPTOR {
    pub Version: u32,
    pub Size: u32,
    pub IncursSeekPenalty: BOOLEAN,
}
layout!(DEVICE_SEEK_PENALTY_DESCRIPTOR, 12, 4, Version @ 0, Size @ 4, IncursSeekPenalty @ 8);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct DEVICE_TRIM_DESCRIPTOR {
    pub Version: u32,
    pub Size: u32,
    pub TrimEnabled: BOOLEAN,
}
layout!(DEVICE_TRIM_DESCRIPTOR, 12, 4, Version @ 0, Size @ 4, TrimEnabled @ 8);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct STORAGE_ACCESS_ALIGNMENT_DESCRIPTOR {
    pub Version: u32,
    pub Size: u32,
    pub BytesPerCacheLine: u32,
    pub BytesOffsetForCacheAlignment: u32,
    pub BytesPerLogicalSector: u32,
    pub BytesPerPhysicalSector: u32,
    pub BytesOffsetForSectorAlignment: u32,
}
layout!(STORAGE_ACCESS_ALIGNMENT_DESCRIPTOR, 28, 4, Version @ 0, Size @ 4, BytesPerCacheLine @ 8, BytesOffsetForCacheAlignment @ 12, BytesPerLogicalSector @ 16, BytesPerPhysicalSector @ 20, BytesOffsetForSectorAlignment @ 24);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct DISK_GEOMETRY {
    pub Cylinders: LARGE_INTEGER,
    pub MediaType: MEDIA_TYPE,
    pub TracksPerCylinder: u32,
    pub SectorsPerTrack: u32,
    pub BytesPerSector: u32,
}
layout!(DISK_GEOMETRY, 24, 8, Cylinders @ 0, MediaType @ 8, TracksPerCylinder @ 12, SectorsPerTrack @ 16, BytesPerSector @ 20);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct DISK_GEOMETRY_EX {
    pub Geometry: DISK_GEOMETRY,
    pub DiskSize: LARGE_INTEGER,
    pub Data: [u8; 1],
}
layout!(DISK_GEOMETRY_EX, 40, 8, Geometry @ 0, DiskSize @ 24, Data @ 32);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct GET_LENGTH_INFORMATION {
    pub Length: LARGE_INTEGER,
}
layout!(GET_LENGTH_INFORMATION, 8, 8, Length @ 0);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct DEVICE_MANAGE_DATA_SET_ATTRIBUTES {
    pub Size: u32,
    pub Action: DEVICE_DSM_ACTION,
    pub Flags: u32,
    pub ParameterBlockOffset: u32,
    pub ParameterBlockLength: u32,
    pub DataSetRangesOffset: u32,
    pub DataSetRangesLength: u32,
}
layout!(DEVICE_MANAGE_DATA_SET_ATTRIBUTES, 28, 4, Size @ 0, Action @ 4, Flags @ 8, ParameterBlockOffset @ 12, ParameterBlockLength @ 16, DataSetRangesOffset @ 20, DataSetRangesLength @ 24);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct DEVICE_DATA_SET_RANGE {
    pub StartingOffset: i64,
    pub LengthInBytes: u64,
}
layout!(DEVICE_DATA_SET_RANGE, 16, 8, StartingOffset @ 0, LengthInBytes @ 8);

pub const BusTypeUnknown: STORAGE_BUS_TYPE = 0;
pub const BusTypeScsi: STORAGE_BUS_TYPE = 1;
pub const BusTypeAtapi: STORAGE_BUS_TYPE = 2;
pub const BusTypeAta: STORAGE_BUS_TYPE = 3;
pub const BusType1394: STORAGE_BUS_TYPE = 4;
pub const BusTypeSsa: STORAGE_BUS_TYPE = 5;
pub const BusTypeFibre: STORAGE_BUS_TYPE = 6;
pub const BusTypeUsb: STORAGE_BUS_TYPE = 7;
pub const BusTypeRAID: STORAGE_BUS_TYPE = 8;
pub const BusTypeiScsi: STORAGE_BUS_TYPE = 9;
pub const BusTypeSas: STORAGE_BUS_TYPE = 10;
pub const BusTypeSata: STORAGE_BUS_TYPE = 11;
pub const BusTypeSd: STORAGE_BUS_TYPE = 12;
pub const BusTypeMmc: STORAGE_BUS_TYPE = 13;
pub const BusTypeVirtual: STORAGE_BUS_TYPE = 14;
pub const BusTypeFileBackedVirtual: STORAGE_BUS_TYPE = 15;
pub const BusTypeSpaces: STORAGE_BUS_TYPE = 16;
pub const BusTypeNvme: STORAGE_BUS_TYPE = 17;
pub const BusTypeSCM: STORAGE_BUS_TYPE = 18;
pub const BusTypeUfs: STORAGE_BUS_TYPE = 19;
pub const BusTypeMax: STORAGE_BUS_TYPE = 20;
pub const BusTypeMaxReserved: STORAGE_BUS_TYPE = 127;
pub const StorageDeviceProperty: STORAGE_PROPERTY_ID = 0;
pub const StorageAdapterProperty: STORAGE_PROPERTY_ID = 1;
pub const StorageDeviceIdProperty: STORAGE_PROPERTY_ID = 2;
pub const StorageDeviceUniqueIdProperty: STORAGE_PROPERTY_ID = 3;
pub const StorageDeviceWriteCacheProperty: STORAGE_PROPERTY_ID = 4;
pub const StorageMiniportProperty: STORAGE_PROPERTY_ID = 5;
pub const StorageAccessAlignmentProperty: STORAGE_PROPERTY_ID = 6;
pub const StorageDeviceSeekPenaltyProperty: STORAGE_PROPERTY_ID = 7;
pub const StorageDeviceTrimProperty: STORAGE_PROPERTY_ID = 8;
pub const StorageDeviceWriteAggregationProperty: STORAGE_PROPERTY_ID = 9;
pub const StorageDeviceDeviceTelemetryProperty: STORAGE_PROPERTY_ID = 10;
pub const StorageDeviceLBProvisioningProperty: STORAGE_PROPERTY_ID = 11;
pub const StorageDevicePowerProperty: STORAGE_PROPERTY_ID = 12;
pub const StorageDeviceCopyOffloadProperty: STORAGE_PROPERTY_ID = 13;
pub const StorageDeviceResiliencyProperty: STORAGE_PROPERTY_ID = 14;
pub const StorageDeviceMediumProductType: STORAGE_PROPERTY_ID = 15;
pub const StorageAdapterRpmbProperty: STORAGE_PROPERTY_ID = 16;
pub const StorageAdapterCryptoProperty: STORAGE_PROPERTY_ID = 17;
pub const StorageDeviceTieringProperty: STORAGE_PROPERTY_ID = 18;
pub const StorageDeviceFaultDomainProperty: STORAGE_PROPERTY_ID = 19;
pub const StorageDeviceClusportProperty: STORAGE_PROPERTY_ID = 20;
pub const StorageDeviceDependantDevicesProperty: STORAGE_PROPERTY_ID = 21;
pub const StorageDeviceIoCapabilityProperty: STORAGE_PROPERTY_ID = 48;
pub const StorageAdapterProtocolSpecificProperty: STORAGE_PROPERTY_ID = 49;
pub const StorageDeviceProtocolSpecificProperty: STORAGE_PROPERTY_ID = 50;
pub const StorageAdapterTemperatureProperty: STORAGE_PROPERTY_ID = 51;
pub const StorageDeviceTemperatureProperty: STORAGE_PROPERTY_ID = 52;
pub const StorageAdapterPhysicalTopologyProperty: STORAGE_PROPERTY_ID = 53;
pub const StorageDevicePhysicalTopologyProperty: STORAGE_PROPERTY_ID = 54;
pub const StorageDeviceAttributesProperty: STORAGE_PROPERTY_ID = 55;
pub const StorageDeviceManagementStatus: STORAGE_PROPERTY_ID = 56;
pub const StorageAdapterSerialNumberProperty: STORAGE_PROPERTY_ID = 57;
pub const StorageDeviceLocationProperty: STORAGE_PROPERTY_ID = 58;
pub const StorageDeviceNumaProperty: STORAGE_PROPERTY_ID = 59;
pub const StorageDeviceZonedDeviceProperty: STORAGE_PROPERTY_ID = 60;
pub const StorageDeviceUnsafeShutdownCount: STORAGE_PROPERTY_ID = 61;
pub const StorageDeviceEnduranceProperty: STORAGE_PROPERTY_ID = 62;
pub const StorageDeviceLedStateProperty: STORAGE_PROPERTY_ID = 63;
pub const StorageDeviceSelfEncryptionProperty: STORAGE_PROPERTY_ID = 64;
pub const StorageFruIdProperty: STORAGE_PROPERTY_ID = 65;
pub const PropertyStandardQuery: STORAGE_QUERY_TYPE = 0;
pub const PropertyExistsQuery: STORAGE_QUERY_TYPE = 1;
pub const PropertyMaskQuery: STORAGE_QUERY_TYPE = 2;
pub const PropertyQueryMaxDefined: STORAGE_QUERY_TYPE = 3;
pub const Unknown: MEDIA_TYPE = 0;
pub const F5_1Pt2_512: MEDIA_TYPE = 1;
pub const F3_1Pt44_512: MEDIA_TYPE = 2;
pub const F3_2Pt88_512: MEDIA_TYPE = 3;
pub const F3_20Pt8_512: MEDIA_TYPE = 4;
pub const F3_720_512: MEDIA_TYPE = 5;
pub const F5_360_512: MEDIA_TYPE = 6;
pub const F5_320_512: MEDIA_TYPE = 7;
pub const F5_320_1024: MEDIA_TYPE = 8;
pub const F5_180_512: MEDIA_TYPE = 9;
pub const F5_160_512: MEDIA_TYPE = 10;
pub const RemovableMedia: MEDIA_TYPE = 11;
pub const FixedMedia: MEDIA_TYPE = 12;
pub const F3_120M_512: MEDIA_TYPE = 13;
pub const F3_640_512: MEDIA_TYPE = 14;
pub const F5_640_512: MEDIA_TYPE = 15;
pub const F5_720_512: MEDIA_TYPE = 16;
pub const F3_1Pt2_512: MEDIA_TYPE = 17;
pub const F3_1Pt23_1024: MEDIA_TYPE = 18;
pub const F5_1Pt23_1024: MEDIA_TYPE = 19;
pub const F3_128Mb_512: MEDIA_TYPE = 20;
pub const F3_230Mb_512: MEDIA_TYPE = 21;
pub const F8_256_128: MEDIA_TYPE = 22;
pub const F3_200Mb_512: MEDIA_TYPE = 23;
pub const F3_240M_512: MEDIA_TYPE = 24;
pub const F3_32M_512: MEDIA_TYPE = 25;
pub const DeviceDsmAction_Allocation: u32 = 0x80000005;
pub const DeviceDsmAction_CloseZone: u32 = 0x80000016;
pub const DeviceDsmAction_ConversionQuery: u32 = 0x8000001C;
pub const DeviceDsmAction_DrtClear: u32 = 0x80000009;
pub const DeviceDsmAction_DrtDisable: u32 = 0x8000000A;
pub const DeviceDsmAction_DrtQuery: u32 = 0x80000008;
pub const DeviceDsmAction_FinishZone: u32 = 0x80000015;
pub const DeviceDsmAction_GetFreeSpace: u32 = 0x8000001B;
pub const DeviceDsmAction_GetPhysicalAddresses: u32 = 0x80000011;
pub const DeviceDsmAction_GetRangeErrorInfo: u32 = 0x80000018;
pub const DeviceDsmAction_LostQuery: u32 = 0x8000001A;
pub const DeviceDsmAction_Map: u32 = 0x8000000C;
pub const DeviceDsmAction_None: u32 = 0;
pub const DeviceDsmAction_Notification: u32 = 0x80000002;
pub const DeviceDsmAction_NvCache_Change_Priority: u32 = 0x8000000E;
pub const DeviceDsmAction_NvCache_Evict: u32 = 0x8000000F;
pub const DeviceDsmAction_OffloadRead: u32 = 0x80000003;
pub const DeviceDsmAction_OffloadWrite: u32 = 4;
pub const DeviceDsmAction_OpenZone: u32 = 0x80000014;
pub const DeviceDsmAction_RegenerateParity: u32 = 0x8000000D;
pub const DeviceDsmAction_Repair: u32 = 0x80000006;
pub const DeviceDsmAction_ReportZones: u32 = 0x80000013;
pub const DeviceDsmAction_ResetWritePointer: u32 = 0x17;
pub const DeviceDsmAction_ScopeRegen: u32 = 0x80000012;
pub const DeviceDsmAction_Scrub: u32 = 0x80000007;
pub const DeviceDsmAction_TieringQuery: u32 = 0x8000000B;
pub const DeviceDsmAction_TopologyIdQuery: u32 = 0x80000010;
pub const DeviceDsmAction_Trim: u32 = 1;
pub const DeviceDsmAction_VdtSet: u32 = 0x1D;
pub const DeviceDsmAction_WriteZeroes: u32 = 0x19;
