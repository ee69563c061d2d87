//! NDIS: objects, miniport registration, adapter attributes, entry points.
//!
//! Names, layouts and values as Microsoft's WDK headers declare them (NTDDI 0x0A00000C, NDIS 6.85),
//! 64-bit x86. Checked against the recorded facts by `tests/abi`.

use super::*;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_RSS_PROCESSOR {
    pub ProcNum: PROCESSOR_NUMBER,
    pub PreferenceIndex: u16,
    pub Reserved: u16,
}
layout!(NDIS_RSS_PROCESSOR, 8, 2, ProcNum @ 0, PreferenceIndex @ 4, Reserved @ 6);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_DEVICE_OBJECT_ATTRIBUTES {
    pub Header: NDIS_OBJECT_HEADER,
    pub DeviceName: *mut UNICODE_STRING,
    pub SymbolicName: *mut UNICODE_STRING,
    pub MajorFunctions: *mut PDRIVER_DISPATCH,
    pub ExtensionSize: u32,
    pub DefaultSDDLString: *const UNICODE_STRING,
    pub DeviceClassGuid: *const GUID,
}
layout!(NDIS_DEVICE_OBJECT_ATTRIBUTES, 56, 8, Header @ 0, DeviceName @ 8, SymbolicName @ 16, MajorFunctions @ 24, ExtensionSize @ 32, DefaultSDDLString @ 40, DeviceClassGuid @ 48);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NET_LUID_LH_Info {
    pub _bitfield_1: u64,
}
bits!(NET_LUID_LH_Info, _bitfield_1: u64 { Reserved set_Reserved @ 0 + 24, NetLuidIndex set_NetLuidIndex @ 24 + 24, IfType set_IfType @ 48 + 16 });
#[repr(C)]
#[derive(Clone, Copy)]
pub union NET_LUID_LH {
    pub Value: u64,
    pub Info: NET_LUID_LH_Info,
}
layout!(NET_LUID_LH_Info, 8, 8, _bitfield_1 @ 0);
layout!(NET_LUID_LH, 8, 8, Value @ 0, Info @ 0);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_MINIPORT_ADAPTER_NATIVE_802_11_ATTRIBUTES {
    pub Header: NDIS_OBJECT_HEADER,
    pub OpModeCapability: u32,
    pub NumOfTXBuffers: u32,
    pub NumOfRXBuffers: u32,
    pub MultiDomainCapabilityImplemented: BOOLEAN,
    pub NumSupportedPhys: u32,
    pub SupportedPhyAttributes: *mut c_void,
    pub ExtSTAAttributes: *mut c_void,
    pub VWiFiAttributes: *mut c_void,
    pub ExtAPAttributes: *mut c_void,
    pub WFDAttributes: *mut c_void,
}
layout!(NDIS_MINIPORT_ADAPTER_NATIVE_802_11_ATTRIBUTES, 64, 8, Header @ 0, OpModeCapability @ 4, NumOfTXBuffers @ 8, NumOfRXBuffers @ 12, MultiDomainCapabilityImplemented @ 16, NumSupportedPhys @ 20, SupportedPhyAttributes @ 24, ExtSTAAttributes @ 32, VWiFiAttributes @ 40, ExtAPAttributes @ 48, WFDAttributes @ 56);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_MINIPORT_ADAPTER_NDK_ATTRIBUTES {
    pub Header: NDIS_OBJECT_HEADER,
    pub Enabled: BOOLEAN,
    pub NdkCapabilities: *mut c_void,
}
layout!(NDIS_MINIPORT_ADAPTER_NDK_ATTRIBUTES, 16, 8, Header @ 0, Enabled @ 4, NdkCapabilities @ 8);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_MINIPORT_ADAPTER_PACKET_DIRECT_ATTRIBUTES {
    pub Header: NDIS_OBJECT_HEADER,
    pub Flags: u32,
    pub DmaAddressWidth: u8,
}
layout!(NDIS_MINIPORT_ADAPTER_PACKET_DIRECT_ATTRIBUTES, 12, 4, Header @ 0, Flags @ 4, DmaAddressWidth @ 8);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct BINARY_DATA {
    pub Length: u16,
    pub Buffer: *mut c_void,
}
layout!(BINARY_DATA, 16, 8, Length @ 0, Buffer @ 8);

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
pub union _REQUEST_DATA {
    pub Oid: NDIS_OID,
    pub QUERY_INFORMATION: _QUERY,
    pub SET_INFORMATION: _SET,
    pub METHOD_INFORMATION: _METHOD,
}
layout!(_REQUEST_DATA, 40, 8, Oid @ 0, QUERY_INFORMATION @ 0, SET_INFORMATION @ 0, METHOD_INFORMATION @ 0);

#[repr(C)]
#[derive(Clone, Copy)]
pub union _ENCAPSULATION_PROTOCOL_PARAMETERS {
    pub VxlanParameters: _VXLAN_PARAMETERS,
    pub Value: u32,
}
layout!(_ENCAPSULATION_PROTOCOL_PARAMETERS, 4, 4, VxlanParameters @ 0, Value @ 0);

#[repr(C)]
#[derive(Clone, Copy)]
pub union _ENCAPSULATION_PROTOCOL_INFO {
    pub VxlanInfo: _VXLAN_INFO,
    pub Value: u32,
}
layout!(_ENCAPSULATION_PROTOCOL_INFO, 4, 4, VxlanInfo @ 0, Value @ 0);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _QUERY {
    pub Oid: NDIS_OID,
    pub InformationBuffer: *mut c_void,
    pub InformationBufferLength: u32,
    pub BytesWritten: u32,
    pub BytesNeeded: u32,
}
layout!(_QUERY, 32, 8, Oid @ 0, InformationBuffer @ 8, InformationBufferLength @ 16, BytesWritten @ 20, BytesNeeded @ 24);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _SET {
    pub Oid: NDIS_OID,
    pub InformationBuffer: *mut c_void,
    pub InformationBufferLength: u32,
    pub BytesRead: u32,
    pub BytesNeeded: u32,
}
layout!(_SET, 32, 8, Oid @ 0, InformationBuffer @ 8, InformationBufferLength @ 16, BytesRead @ 20, BytesNeeded @ 24);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _METHOD {
    pub Oid: NDIS_OID,
    pub InformationBuffer: *mut c_void,
    pub InputBufferLength: u32,
    pub OutputBufferLength: u32,
    pub MethodId: u32,
    pub BytesWritten: u32,
    pub BytesRead: u32,
    pub BytesNeeded: u32,
}
layout!(_METHOD, 40, 8, Oid @ 0, InformationBuffer @ 8, InputBufferLength @ 16, OutputBufferLength @ 20, MethodId @ 24, BytesWritten @ 28, BytesRead @ 32, BytesNeeded @ 36);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _VXLAN_PARAMETERS {
    pub VxlanUDPPortNumber: u16,
}
layout!(_VXLAN_PARAMETERS, 2, 2, VxlanUDPPortNumber @ 0);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _VXLAN_INFO {
    pub VxlanUDPPortNumber: u16,
    pub _bitfield_1: u16,
}
bits!(_VXLAN_INFO, _bitfield_1: u16 { VxlanUDPPortNumberConfigurable set_VxlanUDPPortNumberConfigurable @ 0 + 1 });
layout!(_VXLAN_INFO, 4, 2, VxlanUDPPortNumber @ 0, _bitfield_1 @ 2);
