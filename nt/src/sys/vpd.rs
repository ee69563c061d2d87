//! SCSI vital product data pages (big-endian on the wire).
//!
//! Names, layouts and values as Microsoft's WDK headers declare them (NTDDI 0x0A00000C, NDIS 6.85),
//! 64-bit x86. Checked against the recorded facts by `tests/abi`.

#[repr(C)]
#[derive(Clone, Copy)]
pub struct VPD_SUPPORTED_PAGES_PAGE {
    pub _bitfield_1: u8,
    pub PageCode: u8,
    pub Reserved: u8,
    pub PageLength: u8,
    pub SupportedPageList: [u8; 0],
}
bits!(VPD_SUPPORTED_PAGES_PAGE, _bitfield_1: u8 { DeviceType set_DeviceType @ 0 + 5, DeviceTypeQualifier set_DeviceTypeQualifier @ 5 + 3 });
layout!(VPD_SUPPORTED_PAGES_PAGE, 4, 1, _bitfield_1 @ 0, PageCode @ 1, Reserved @ 2, PageLength @ 3, SupportedPageList @ 4);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct VPD_SERIAL_NUMBER_PAGE {
    pub _bitfield_1: u8,
    pub PageCode: u8,
    pub Reserved: u8,
    pub PageLength: u8,
    pub SerialNumber: [u8; 0],
}
bits!(VPD_SERIAL_NUMBER_PAGE, _bitfield_1: u8 { DeviceType set_DeviceType @ 0 + 5, DeviceTypeQualifier set_DeviceTypeQualifier @ 5 + 3 });
layout!(VPD_SERIAL_NUMBER_PAGE, 4, 1, _bitfield_1 @ 0, PageCode @ 1, Reserved @ 2, PageLength @ 3, SerialNumber @ 4);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct VPD_IDENTIFICATION_PAGE {
    pub _bitfield_1: u8,
    pub PageCode: u8,
    pub Reserved: u8,
    pub PageLength: u8,
    pub Descriptors: [u8; 0],
}
bits!(VPD_IDENTIFICATION_PAGE, _bitfield_1: u8 { DeviceType set_DeviceType @ 0 + 5, DeviceTypeQualifier set_DeviceTypeQualifier @ 5 + 3 });
layout!(VPD_IDENTIFICATION_PAGE, 4, 1, _bitfield_1 @ 0, PageCode @ 1, Reserved @ 2, PageLength @ 3, Descriptors @ 4);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct VPD_IDENTIFICATION_DESCRIPTOR {
    pub _bitfield_1: u8,
    pub _bitfield_2: u8,
    pub Reserved3: u8,
    pub IdentifierLength: u8,
    pub Identifier: [u8; 0],
}
bits!(VPD_IDENTIFICATION_DESCRIPTOR, _bitfield_1: u8 { CodeSet set_CodeSet @ 0 + 4, Reserved set_Reserved @ 4 + 4 });
bits!(VPD_IDENTIFICATION_DESCRIPTOR, _bitfield_2: u8 { IdentifierType set_IdentifierType @ 0 + 4, Association set_Association @ 4 + 2, Reserved2 set_Reserved2 @ 6 + 2 });
layout!(VPD_IDENTIFICATION_DESCRIPTOR, 4, 1, _bitfield_1 @ 0, _bitfield_2 @ 1, Reserved3 @ 2, IdentifierLength @ 3, Identifier @ 4);

#[repr(C)]
#[derive(Clone, Copy)]
pub union VPD_BLOCK_LIMITS_PAGE_anon_1 {
    pub Reserved0: u8,
    pub Descriptors: [u8; 0],
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct VPD_BLOCK_LIMITS_PAGE_anon_2_anon_1 {
    pub _bitfield_1: u8,
    pub UnmapGranularityAlignmentByte2: u8,
    pub UnmapGranularityAlignmentByte1: u8,
    pub UnmapGranularityAlignmentByte0: u8,
}
bits!(VPD_BLOCK_LIMITS_PAGE_anon_2_anon_1, _bitfield_1: u8 { UnmapGranularityAlignmentByte3 set_UnmapGranularityAlignmentByte3 @ 0 + 7, UGAValid set_UGAValid @ 7 + 1 });
#[repr(C)]
#[derive(Clone, Copy)]
pub union VPD_BLOCK_LIMITS_PAGE_anon_2 {
    pub __bindgen_anon_1: VPD_BLOCK_LIMITS_PAGE_anon_2_anon_1,
    pub UnmapGranularityAlignment: [u8; 4],
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct VPD_BLOCK_LIMITS_PAGE {
    pub _bitfield_1: u8,
    pub PageCode: u8,
    pub PageLength: [u8; 2],
    pub __bindgen_anon_1: VPD_BLOCK_LIMITS_PAGE_anon_1,
    pub MaximumCompareAndWriteLength: u8,
    pub OptimalTransferLengthGranularity: [u8; 2],
    pub MaximumTransferLength: [u8; 4],
    pub OptimalTransferLength: [u8; 4],
    pub MaxPrefetchXDReadXDWriteTransferLength: [u8; 4],
    pub MaximumUnmapLBACount: [u8; 4],
    pub MaximumUnmapBlockDescriptorCount: [u8; 4],
    pub OptimalUnmapGranularity: [u8; 4],
    pub __bindgen_anon_2: VPD_BLOCK_LIMITS_PAGE_anon_2,
    pub Reserved1: [u8; 28],
}
bits!(VPD_BLOCK_LIMITS_PAGE, _bitfield_1: u8 { DeviceType set_DeviceType @ 0 + 5, DeviceTypeQualifier set_DeviceTypeQualifier @ 5 + 3 });
layout!(VPD_BLOCK_LIMITS_PAGE_anon_1, 1, 1, Reserved0 @ 0, Descriptors @ 0);
layout!(VPD_BLOCK_LIMITS_PAGE_anon_2_anon_1, 4, 1, _bitfield_1 @ 0, UnmapGranularityAlignmentByte2 @ 1, UnmapGranularityAlignmentByte1 @ 2, UnmapGranularityAlignmentByte0 @ 3);
layout!(VPD_BLOCK_LIMITS_PAGE_anon_2, 4, 1, __bindgen_anon_1 @ 0, UnmapGranularityAlignment @ 0);
layout!(VPD_BLOCK_LIMITS_PAGE, 64, 1, _bitfield_1 @ 0, PageCode @ 1, PageLength @ 2, __bindgen_anon_1 @ 4, MaximumCompareAndWriteLength @ 5, OptimalTransferLengthGranularity @ 6, MaximumTransferLength @ 8, OptimalTransferLength @ 12, MaxPrefetchXDReadXDWriteTransferLength @ 16, MaximumUnmapLBACount @ 20, MaximumUnmapBlockDescriptorCount @ 24, OptimalUnmapGranularity @ 28, __bindgen_anon_2 @ 32, Reserved1 @ 36);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct VPD_BLOCK_DEVICE_CHARACTERISTICS_PAGE {
    pub _bitfield_1: u8,
    pub PageCode: u8,
    pub Reserved0: u8,
    pub PageLength: u8,
    pub MediumRotationRateMsb: u8,
    pub MediumRotationRateLsb: u8,
    pub MediumProductType: u8,
    pub _bitfield_2: u8,
    pub _bitfield_3: u8,
    pub Reserved3: [u8; 3],
    pub DepopulationTime: [u8; 4],
    pub Reserved4: [u8; 48],
}
bits!(VPD_BLOCK_DEVICE_CHARACTERISTICS_PAGE, _bitfield_1: u8 { DeviceType set_DeviceType @ 0 + 5, DeviceTypeQualifier set_DeviceTypeQualifier @ 5 + 3 });
bits!(VPD_BLOCK_DEVICE_CHARACTERISTICS_PAGE, _bitfield_2: u8 { NominalFormFactor set_NominalFormFactor @ 0 + 4, WACEREQ set_WACEREQ @ 4 + 2, WABEREQ set_WABEREQ @ 6 + 2 });
bits!(VPD_BLOCK_DEVICE_CHARACTERISTICS_PAGE, _bitfield_3: u8 { VBULS set_VBULS @ 0 + 1, FUAB set_FUAB @ 1 + 1, BOCS set_BOCS @ 2 + 1, Reserved1 set_Reserved1 @ 3 + 1, ZONED set_ZONED @ 4 + 2, Reserved2 set_Reserved2 @ 6 + 2 });
layout!(VPD_BLOCK_DEVICE_CHARACTERISTICS_PAGE, 64, 1, _bitfield_1 @ 0, PageCode @ 1, Reserved0 @ 2, PageLength @ 3, MediumRotationRateMsb @ 4, MediumRotationRateLsb @ 5, MediumProductType @ 6, _bitfield_2 @ 7, _bitfield_3 @ 8, Reserved3 @ 9, DepopulationTime @ 12, Reserved4 @ 16);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct VPD_LOGICAL_BLOCK_PROVISIONING_PAGE {
    pub _bitfield_1: u8,
    pub PageCode: u8,
    pub PageLength: [u8; 2],
    pub ThresholdExponent: u8,
    pub _bitfield_2: u8,
    pub _bitfield_3: u8,
    pub Reserved2: u8,
    pub ProvisioningGroupDescr: [u8; 0],
}
bits!(VPD_LOGICAL_BLOCK_PROVISIONING_PAGE, _bitfield_1: u8 { DeviceType set_DeviceType @ 0 + 5, DeviceTypeQualifier set_DeviceTypeQualifier @ 5 + 3 });
bits!(VPD_LOGICAL_BLOCK_PROVISIONING_PAGE, _bitfield_2: u8 { DP set_DP @ 0 + 1, ANC_SUP set_ANC_SUP @ 1 + 1, LBPRZ set_LBPRZ @ 2 + 1, Reserved0 set_Reserved0 @ 3 + 2, LBPWS10 set_LBPWS10 @ 5 + 1, LBPWS set_LBPWS @ 6 + 1, LBPU set_LBPU @ 7 + 1 });
bits!(VPD_LOGICAL_BLOCK_PROVISIONING_PAGE, _bitfield_3: u8 { ProvisioningType set_ProvisioningType @ 0 + 3, Reserved1 set_Reserved1 @ 3 + 5 });
layout!(VPD_LOGICAL_BLOCK_PROVISIONING_PAGE, 8, 1, _bitfield_1 @ 0, PageCode @ 1, PageLength @ 2, ThresholdExponent @ 4, _bitfield_2 @ 5, _bitfield_3 @ 6, Reserved2 @ 7, ProvisioningGroupDescr @ 8);

pub const VPD_ATA_INFORMATION: u32 = 0x89;
pub const VPD_BLOCK_DEVICE_CHARACTERISTICS: u32 = 0xB1;
pub const VPD_BLOCK_LIMITS: u32 = 0xB0;
pub const VPD_DEVICE_IDENTIFIERS: u32 = 0x83;
pub const VPD_EXTENDED_INQUIRY_DATA: u32 = 0x86;
pub const VPD_LOGICAL_BLOCK_PROVISIONING: u32 = 0xB2;
pub const VPD_MAX_BUFFER_SIZE: u32 = 255;
pub const VPD_MEDIA_SERIAL_NUMBER: u32 = 0x84;
pub const VPD_MODE_PAGE_POLICY: u32 = 0x87;
pub const VPD_NETWORK_MANAGEMENT_ADDRESSES: u32 = 0x85;
pub const VPD_SCSI_PORTS: u32 = 0x88;
pub const VPD_SERIAL_NUMBER: u32 = 0x80;
pub const VPD_SOFTWARE_INTERFACE_IDENTIFIERS: u32 = 0x84;
pub const VPD_SUPPORTED_PAGES: u32 = 0;
pub const VPD_THIRD_PARTY_COPY: u32 = 0x8F;
pub const VPD_ZONED_BLOCK_DEVICE_CHARACTERISTICS: u32 = 0xB6;
pub const VpdAssocDevice: i32 = 0;
pub const VpdAssocPort: i32 = 1;
pub const VpdAssocReserved1: i32 = 3;
pub const VpdAssocReserved2: i32 = 4;
pub const VpdAssocTarget: i32 = 2;
pub const VpdCodeSetAscii: i32 = 2;
pub const VpdCodeSetBinary: i32 = 1;
pub const VpdCodeSetReserved: i32 = 0;
pub const VpdCodeSetUTF8: i32 = 3;
pub const VpdIdentifierTypeEUI64: i32 = 2;
pub const VpdIdentifierTypeFCPHName: i32 = 3;
pub const VpdIdentifierTypeLogicalUnitGroup: i32 = 6;
pub const VpdIdentifierTypeMD5LogicalUnitId: i32 = 7;
pub const VpdIdentifierTypePortRelative: i32 = 4;
pub const VpdIdentifierTypeSCSINameString: i32 = 8;
pub const VpdIdentifierTypeTargetPortGroup: i32 = 5;
pub const VpdIdentifierTypeVendorId: i32 = 1;
pub const VpdIdentifierTypeVendorSpecific: i32 = 0;
