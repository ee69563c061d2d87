//! NDIS: OID requests, OID codes, packet filters, statistics.
//!
//! Names, layouts and values as Microsoft's WDK headers declare them (NTDDI 0x0A00000C, NDIS 6.85),
//! 64-bit x86. Checked against the recorded facts by `tests/abi`.

use super::*;

pub type NDIS_REQUEST_TYPE = i32;
pub type NDIS_INTERRUPT_MODERATION = i32;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_OID_REQUEST {
    pub Header: NDIS_OBJECT_HEADER,
    pub RequestType: NDIS_REQUEST_TYPE,
    pub PortNumber: NDIS_PORT_NUMBER,
    pub Timeout: u32,
    pub RequestId: *mut c_void,
    pub RequestHandle: NDIS_HANDLE,
    pub DATA: _REQUEST_DATA,
    pub NdisReserved: [u8; 128],
    pub MiniportReserved: [u8; 16],
    pub SourceReserved: [u8; 16],
    pub SupportedRevision: u8,
    pub Reserved1: u8,
    pub Reserved2: u16,
    pub SwitchId: NDIS_NIC_SWITCH_ID,
    pub VPortId: NDIS_NIC_SWITCH_VPORT_ID,
    pub Flags: u32,
}
layout!(NDIS_OID_REQUEST, 248, 8, Header @ 0, RequestType @ 4, PortNumber @ 8, Timeout @ 12, RequestId @ 16, RequestHandle @ 24, DATA @ 32, NdisReserved @ 72, MiniportReserved @ 200, SourceReserved @ 216, SupportedRevision @ 232, Reserved1 @ 233, Reserved2 @ 234, SwitchId @ 236, VPortId @ 240, Flags @ 244);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_STATISTICS_INFO {
    pub Header: NDIS_OBJECT_HEADER,
    pub SupportedStatistics: u32,
    pub ifInDiscards: u64,
    pub ifInErrors: u64,
    pub ifHCInOctets: u64,
    pub ifHCInUcastPkts: u64,
    pub ifHCInMulticastPkts: u64,
    pub ifHCInBroadcastPkts: u64,
    pub ifHCOutOctets: u64,
    pub ifHCOutUcastPkts: u64,
    pub ifHCOutMulticastPkts: u64,
    pub ifHCOutBroadcastPkts: u64,
    pub ifOutErrors: u64,
    pub ifOutDiscards: u64,
    pub ifHCInUcastOctets: u64,
    pub ifHCInMulticastOctets: u64,
    pub ifHCInBroadcastOctets: u64,
    pub ifHCOutUcastOctets: u64,
    pub ifHCOutMulticastOctets: u64,
    pub ifHCOutBroadcastOctets: u64,
}
layout!(NDIS_STATISTICS_INFO, 152, 8, Header @ 0, SupportedStatistics @ 4, ifInDiscards @ 8, ifInErrors @ 16, ifHCInOctets @ 24, ifHCInUcastPkts @ 32, ifHCInMulticastPkts @ 40, ifHCInBroadcastPkts @ 48, ifHCOutOctets @ 56, ifHCOutUcastPkts @ 64, ifHCOutMulticastPkts @ 72, ifHCOutBroadcastPkts @ 80, ifOutErrors @ 88, ifOutDiscards @ 96, ifHCInUcastOctets @ 104, ifHCInMulticastOctets @ 112, ifHCInBroadcastOctets @ 120, ifHCOutUcastOctets @ 128, ifHCOutMulticastOctets @ 136, ifHCOutBroadcastOctets @ 144);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_INTERRUPT_MODERATION_PARAMETERS {
    pub Header: NDIS_OBJECT_HEADER,
    pub Flags: u32,
    pub InterruptModeration: NDIS_INTERRUPT_MODERATION,
}
layout!(NDIS_INTERRUPT_MODERATION_PARAMETERS, 12, 4, Header @ 0, Flags @ 4, InterruptModeration @ 8);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_LINK_PARAMETERS {
    pub Header: NDIS_OBJECT_HEADER,
    pub MediaDuplexState: NET_IF_MEDIA_DUPLEX_STATE,
    pub XmitLinkSpeed: u64,
    pub RcvLinkSpeed: u64,
    pub PauseFunctions: NDIS_SUPPORTED_PAUSE_FUNCTIONS,
    pub AutoNegotiationFlags: u32,
}
layout!(NDIS_LINK_PARAMETERS, 32, 8, Header @ 0, MediaDuplexState @ 4, XmitLinkSpeed @ 8, RcvLinkSpeed @ 16, PauseFunctions @ 24, AutoNegotiationFlags @ 28);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_PM_CAPABILITIES {
    pub Header: NDIS_OBJECT_HEADER,
    pub Flags: u32,
    pub SupportedWoLPacketPatterns: u32,
    pub NumTotalWoLPatterns: u32,
    pub MaxWoLPatternSize: u32,
    pub MaxWoLPatternOffset: u32,
    pub MaxWoLPacketSaveBuffer: u32,
    pub SupportedProtocolOffloads: u32,
    pub NumArpOffloadIPv4Addresses: u32,
    pub NumNSOffloadIPv6Addresses: u32,
    pub MinMagicPacketWakeUp: NDIS_DEVICE_POWER_STATE,
    pub MinPatternWakeUp: NDIS_DEVICE_POWER_STATE,
    pub MinLinkChangeWakeUp: NDIS_DEVICE_POWER_STATE,
    pub SupportedWakeUpEvents: u32,
    pub MediaSpecificWakeUpEvents: u32,
}
layout!(NDIS_PM_CAPABILITIES, 60, 4, Header @ 0, Flags @ 4, SupportedWoLPacketPatterns @ 8, NumTotalWoLPatterns @ 12, MaxWoLPatternSize @ 16, MaxWoLPatternOffset @ 20, MaxWoLPacketSaveBuffer @ 24, SupportedProtocolOffloads @ 28, NumArpOffloadIPv4Addresses @ 32, NumNSOffloadIPv6Addresses @ 36, MinMagicPacketWakeUp @ 40, MinPatternWakeUp @ 44, MinLinkChangeWakeUp @ 48, SupportedWakeUpEvents @ 52, MediaSpecificWakeUpEvents @ 56);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_PM_PARAMETERS {
    pub Header: NDIS_OBJECT_HEADER,
    pub EnabledWoLPacketPatterns: u32,
    pub EnabledProtocolOffloads: u32,
    pub WakeUpFlags: u32,
    pub MediaSpecificWakeUpEvents: u32,
}
layout!(NDIS_PM_PARAMETERS, 20, 4, Header @ 0, EnabledWoLPacketPatterns @ 4, EnabledProtocolOffloads @ 8, WakeUpFlags @ 12, MediaSpecificWakeUpEvents @ 16);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_PNP_CAPABILITIES {
    pub Flags: u32,
    pub WakeUpCapabilities: NDIS_PM_WAKE_UP_CAPABILITIES,
}
layout!(NDIS_PNP_CAPABILITIES, 16, 4, Flags @ 0, WakeUpCapabilities @ 4);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_PM_WAKE_UP_CAPABILITIES {
    pub MinMagicPacketWakeUp: NDIS_DEVICE_POWER_STATE,
    pub MinPatternWakeUp: NDIS_DEVICE_POWER_STATE,
    pub MinLinkChangeWakeUp: NDIS_DEVICE_POWER_STATE,
}
layout!(NDIS_PM_WAKE_UP_CAPABILITIES, 12, 4, MinMagicPacketWakeUp @ 0, MinPatternWakeUp @ 4, MinLinkChangeWakeUp @ 8);

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

pub const NdisRequestQueryInformation: NDIS_REQUEST_TYPE = 0;
pub const NdisRequestSetInformation: NDIS_REQUEST_TYPE = 1;
pub const NdisRequestQueryStatistics: NDIS_REQUEST_TYPE = 2;
pub const NdisRequestOpen: NDIS_REQUEST_TYPE = 3;
pub const NdisRequestClose: NDIS_REQUEST_TYPE = 4;
pub const NdisRequestSend: NDIS_REQUEST_TYPE = 5;
pub const NdisRequestTransferData: NDIS_REQUEST_TYPE = 6;
pub const NdisRequestReset: NDIS_REQUEST_TYPE = 7;
pub const NdisRequestGeneric1: NDIS_REQUEST_TYPE = 8;
pub const NdisRequestGeneric2: NDIS_REQUEST_TYPE = 9;
pub const NdisRequestGeneric3: NDIS_REQUEST_TYPE = 10;
pub const NdisRequestGeneric4: NDIS_REQUEST_TYPE = 11;
pub const NdisRequestMethod: NDIS_REQUEST_TYPE = 12;
pub const NdisInterruptModerationUnknown: NDIS_INTERRUPT_MODERATION = 0;
pub const NdisInterruptModerationNotSupported: NDIS_INTERRUPT_MODERATION = 1;
pub const NdisInterruptModerationEnabled: NDIS_INTERRUPT_MODERATION = 2;
pub const NdisInterruptModerationDisabled: NDIS_INTERRUPT_MODERATION = 3;
pub const OID_802_3_ADD_MULTICAST_ADDRESS: u32 = 0x1010208;
pub const OID_802_3_CURRENT_ADDRESS: u32 = 0x1010102;
pub const OID_802_3_DELETE_MULTICAST_ADDRESS: u32 = 0x1010209;
pub const OID_802_3_MAC_OPTIONS: u32 = 0x1010105;
pub const OID_802_3_MAXIMUM_LIST_SIZE: u32 = 0x1010104;
pub const OID_802_3_MULTICAST_LIST: u32 = 0x1010103;
pub const OID_802_3_PERMANENT_ADDRESS: u32 = 0x1010101;
pub const OID_802_3_RCV_ERROR_ALIGNMENT: u32 = 0x1020101;
pub const OID_802_3_RCV_OVERRUN: u32 = 0x1020203;
pub const OID_802_3_XMIT_DEFERRED: u32 = 0x1020201;
pub const OID_802_3_XMIT_HEARTBEAT_FAILURE: u32 = 0x1020205;
pub const OID_802_3_XMIT_LATE_COLLISIONS: u32 = 0x1020207;
pub const OID_802_3_XMIT_MAX_COLLISIONS: u32 = 0x1020202;
pub const OID_802_3_XMIT_MORE_COLLISIONS: u32 = 0x1020103;
pub const OID_802_3_XMIT_ONE_COLLISION: u32 = 0x1020102;
pub const OID_802_3_XMIT_TIMES_CRS_LOST: u32 = 0x1020206;
pub const OID_802_3_XMIT_UNDERRUN: u32 = 0x1020204;
pub const OID_GEN_ADMIN_STATUS: u32 = 0x10288;
pub const OID_GEN_ALIAS: u32 = 0x10289;
pub const OID_GEN_BROADCAST_BYTES_RCV: u32 = 0x2020B;
pub const OID_GEN_BROADCAST_BYTES_XMIT: u32 = 0x20205;
pub const OID_GEN_BROADCAST_FRAMES_RCV: u32 = 0x2020C;
pub const OID_GEN_BROADCAST_FRAMES_XMIT: u32 = 0x20206;
pub const OID_GEN_BYTES_RCV: u32 = 0x20219;
pub const OID_GEN_BYTES_XMIT: u32 = 0x2021A;
pub const OID_GEN_CO_BYTES_RCV: u32 = 0x20207;
pub const OID_GEN_CO_BYTES_XMIT: u32 = 0x20201;
pub const OID_GEN_CO_BYTES_XMIT_OUTSTANDING: u32 = 0x20221;
pub const OID_GEN_CO_DEVICE_PROFILE: u32 = 0x20212;
pub const OID_GEN_CO_DRIVER_VERSION: u32 = 65808;
pub const OID_GEN_CO_GET_NETCARD_TIME: u32 = 0x20210;
pub const OID_GEN_CO_GET_TIME_CAPS: u32 = 0x2020F;
pub const OID_GEN_CO_HARDWARE_STATUS: u32 = 0x10102;
pub const OID_GEN_CO_LINK_SPEED: u32 = 0x10107;
pub const OID_GEN_CO_MAC_OPTIONS: u32 = 0x10113;
pub const OID_GEN_CO_MEDIA_CONNECT_STATUS: u32 = 0x10114;
pub const OID_GEN_CO_MEDIA_IN_USE: u32 = 0x10104;
pub const OID_GEN_CO_MEDIA_SUPPORTED: u32 = 0x10103;
pub const OID_GEN_CO_MINIMUM_LINK_SPEED: u32 = 0x20120;
pub const OID_GEN_CO_NETCARD_LOAD: u32 = 0x20211;
pub const OID_GEN_CO_PROTOCOL_OPTIONS: u32 = 0x10112;
pub const OID_GEN_CO_RCV_CRC_ERROR: u32 = 0x2020D;
pub const OID_GEN_CO_RCV_PDUS_ERROR: u32 = 0x20104;
pub const OID_GEN_CO_RCV_PDUS_NO_BUFFER: u32 = 0x20105;
pub const OID_GEN_CO_RCV_PDUS_OK: u32 = 0x20102;
pub const OID_GEN_CO_SUPPORTED_GUIDS: u32 = 0x10117;
pub const OID_GEN_CO_SUPPORTED_LIST: u32 = 0x10101;
pub const OID_GEN_CO_TRANSMIT_QUEUE_LENGTH: u32 = 0x2020E;
pub const OID_GEN_CO_VENDOR_DESCRIPTION: u32 = 0x1010D;
pub const OID_GEN_CO_VENDOR_DRIVER_VERSION: u32 = 65814;
pub const OID_GEN_CO_VENDOR_ID: u32 = 0x1010C;
pub const OID_GEN_CO_XMIT_PDUS_ERROR: u32 = 0x20103;
pub const OID_GEN_CO_XMIT_PDUS_OK: u32 = 0x20101;
pub const OID_GEN_CURRENT_LOOKAHEAD: u32 = 0x1010F;
pub const OID_GEN_CURRENT_PACKET_FILTER: u32 = 0x1010E;
pub const OID_GEN_DEVICE_PROFILE: u32 = 0x20212;
pub const OID_GEN_DIRECTED_BYTES_RCV: u32 = 0x20207;
pub const OID_GEN_DIRECTED_BYTES_XMIT: u32 = 0x20201;
pub const OID_GEN_DIRECTED_FRAMES_RCV: u32 = 0x20208;
pub const OID_GEN_DIRECTED_FRAMES_XMIT: u32 = 0x20202;
pub const OID_GEN_DISCONTINUITY_TIME: u32 = 0x10282;
pub const OID_GEN_DRIVER_VERSION: u32 = 65808;
pub const OID_GEN_ENUMERATE_PORTS: u32 = 0x1020D;
pub const OID_GEN_FRIENDLY_NAME: u32 = 0x20216;
pub const OID_GEN_GET_NETCARD_TIME: u32 = 0x20210;
pub const OID_GEN_GET_TIME_CAPS: u32 = 0x2020F;
pub const OID_GEN_HARDWARE_STATUS: u32 = 0x10102;
pub const OID_GEN_HD_SPLIT_CURRENT_CONFIG: u32 = 0x10220;
pub const OID_GEN_HD_SPLIT_PARAMETERS: u32 = 0x1021E;
pub const OID_GEN_INIT_TIME_MS: u32 = 0x20213;
pub const OID_GEN_INTERFACE_INFO: u32 = 0x10287;
pub const OID_GEN_INTERRUPT_MODERATION: u32 = 0x10209;
pub const OID_GEN_IP_OPER_STATUS: u32 = 0x1028D;
pub const OID_GEN_ISOLATION_PARAMETERS: u32 = 0x10300;
pub const OID_GEN_LAST_CHANGE: u32 = 0x10281;
pub const OID_GEN_LINK_PARAMETERS: u32 = 0x10208;
pub const OID_GEN_LINK_SPEED: u32 = 0x10107;
pub const OID_GEN_LINK_SPEED_EX: u32 = 0x1028B;
pub const OID_GEN_LINK_STATE: u32 = 0x10207;
pub const OID_GEN_MACHINE_NAME: u32 = 0x1021A;
pub const OID_GEN_MAC_ADDRESS: u32 = 0x10205;
pub const OID_GEN_MAC_OPTIONS: u32 = 0x10113;
pub const OID_GEN_MAXIMUM_FRAME_SIZE: u32 = 65798;
pub const OID_GEN_MAXIMUM_LOOKAHEAD: u32 = 65797;
pub const OID_GEN_MAXIMUM_SEND_PACKETS: u32 = 65813;
pub const OID_GEN_MAXIMUM_TOTAL_SIZE: u32 = 65809;
pub const OID_GEN_MAX_LINK_SPEED: u32 = 66054;
pub const OID_GEN_MEDIA_CAPABILITIES: u32 = 0x10201;
pub const OID_GEN_MEDIA_CONNECT_STATUS: u32 = 0x10114;
pub const OID_GEN_MEDIA_CONNECT_STATUS_EX: u32 = 0x1028A;
pub const OID_GEN_MEDIA_DUPLEX_STATE: u32 = 0x1028C;
pub const OID_GEN_MEDIA_IN_USE: u32 = 0x10104;
pub const OID_GEN_MEDIA_SENSE_COUNTS: u32 = 0x20215;
pub const OID_GEN_MEDIA_SUPPORTED: u32 = 0x10103;
pub const OID_GEN_MINIPORT_RESTART_ATTRIBUTES: u32 = 0x1021D;
pub const OID_GEN_MULTICAST_BYTES_RCV: u32 = 0x20209;
pub const OID_GEN_MULTICAST_BYTES_XMIT: u32 = 0x20203;
pub const OID_GEN_MULTICAST_FRAMES_RCV: u32 = 0x2020A;
pub const OID_GEN_MULTICAST_FRAMES_XMIT: u32 = 0x20204;
pub const OID_GEN_NDIS_RESERVED_1: u32 = 0x20217;
pub const OID_GEN_NDIS_RESERVED_2: u32 = 0x20218;
pub const OID_GEN_NDIS_RESERVED_3: u32 = 0x1020A;
pub const OID_GEN_NDIS_RESERVED_4: u32 = 0x1020B;
pub const OID_GEN_NDIS_RESERVED_5: u32 = 0x1020C;
pub const OID_GEN_NDIS_RESERVED_6: u32 = 0x10212;
pub const OID_GEN_NDIS_RESERVED_7: u32 = 0x2021E;
pub const OID_GEN_NETCARD_LOAD: u32 = 0x20211;
pub const OID_GEN_NETWORK_LAYER_ADDRESSES: u32 = 0x10118;
pub const OID_GEN_OPERATIONAL_STATUS: u32 = 0x10283;
pub const OID_GEN_PACKET_MONITOR: u32 = 0x102D1;
pub const OID_GEN_PCI_DEVICE_CUSTOM_PROPERTIES: u32 = 0x10211;
pub const OID_GEN_PHYSICAL_MEDIUM: u32 = 0x10202;
pub const OID_GEN_PHYSICAL_MEDIUM_EX: u32 = 0x10213;
pub const OID_GEN_PORT_AUTHENTICATION_PARAMETERS: u32 = 0x1020F;
pub const OID_GEN_PORT_STATE: u32 = 0x1020E;
pub const OID_GEN_PROMISCUOUS_MODE: u32 = 0x10280;
pub const OID_GEN_PROTOCOL_OPTIONS: u32 = 0x10112;
pub const OID_GEN_RCV_CRC_ERROR: u32 = 0x2020D;
pub const OID_GEN_RCV_DISCARDS: u32 = 0x2021B;
pub const OID_GEN_RCV_ERROR: u32 = 0x20104;
pub const OID_GEN_RCV_LINK_SPEED: u32 = 0x10285;
pub const OID_GEN_RCV_NO_BUFFER: u32 = 0x20105;
pub const OID_GEN_RCV_OK: u32 = 0x20102;
pub const OID_GEN_RECEIVE_BLOCK_SIZE: u32 = 65803;
pub const OID_GEN_RECEIVE_BUFFER_SPACE: u32 = 0x10109;
pub const OID_GEN_RECEIVE_HASH: u32 = 0x1021F;
pub const OID_GEN_RECEIVE_SCALE_CAPABILITIES: u32 = 0x10203;
pub const OID_GEN_RECEIVE_SCALE_PARAMETERS: u32 = 0x10204;
pub const OID_GEN_RECEIVE_SCALE_PARAMETERS_V2: u32 = 0x10214;
pub const OID_GEN_RESET_COUNTS: u32 = 0x20214;
pub const OID_GEN_RNDIS_CONFIG_PARAMETER: u32 = 0x1021B;
pub const OID_GEN_RSS_SET_INDIRECTION_TABLE_ENTRIES: u32 = 0x102C0;
pub const OID_GEN_STATISTICS: u32 = 0x20106;
pub const OID_GEN_SUPPORTED_GUIDS: u32 = 0x10117;
pub const OID_GEN_SUPPORTED_LIST: u32 = 0x10101;
pub const OID_GEN_TIMEOUT_DPC_REQUEST_CAPABILITIES: u32 = 0x10210;
pub const OID_GEN_TRANSMIT_BLOCK_SIZE: u32 = 65802;
pub const OID_GEN_TRANSMIT_BUFFER_SPACE: u32 = 0x10108;
pub const OID_GEN_TRANSMIT_QUEUE_LENGTH: u32 = 0x2020E;
pub const OID_GEN_TRANSPORT_HEADER_OFFSET: u32 = 0x10119;
pub const OID_GEN_UNKNOWN_PROTOS: u32 = 0x10286;
pub const OID_GEN_VENDOR_DESCRIPTION: u32 = 0x1010D;
pub const OID_GEN_VENDOR_DRIVER_VERSION: u32 = 65814;
pub const OID_GEN_VENDOR_ID: u32 = 0x1010C;
pub const OID_GEN_VLAN_ID: u32 = 0x1021C;
pub const OID_GEN_XMIT_DISCARDS: u32 = 0x2021C;
pub const OID_GEN_XMIT_ERROR: u32 = 0x20103;
pub const OID_GEN_XMIT_LINK_SPEED: u32 = 0x10284;
pub const OID_GEN_XMIT_OK: u32 = 0x20101;
pub const OID_IP4_OFFLOAD_STATS: u32 = 0xFC010209;
pub const OID_IP6_OFFLOAD_STATS: u32 = 0xFC01020A;
pub const OID_NIC_SWITCH_HARDWARE_CAPABILITIES: u32 = 0x1022E;
pub const OID_OFFLOAD_ENCAPSULATION: u32 = 0x101010A;
pub const OID_PM_ADD_PROTOCOL_OFFLOAD: u32 = 0xFD01010D;
pub const OID_PM_ADD_WOL_PATTERN: u32 = 0xFD01010A;
pub const OID_PM_CURRENT_CAPABILITIES: u32 = 0xFD010107;
pub const OID_PM_GET_PROTOCOL_OFFLOAD: u32 = 0xFD01010E;
pub const OID_PM_HARDWARE_CAPABILITIES: u32 = 0xFD010108;
pub const OID_PM_PARAMETERS: u32 = 0xFD010109;
pub const OID_PM_PROTOCOL_OFFLOAD_LIST: u32 = 0xFD010110;
pub const OID_PM_REMOVE_PROTOCOL_OFFLOAD: u32 = 0xFD01010F;
pub const OID_PM_REMOVE_WOL_PATTERN: u32 = 0xFD01010B;
pub const OID_PM_RESERVED_1: u32 = 0xFD010111;
pub const OID_PM_WOL_PATTERN_LIST: u32 = 0xFD01010C;
pub const OID_PNP_ADD_WAKE_UP_PATTERN: u32 = 0xFD010103;
pub const OID_PNP_CAPABILITIES: u32 = 0xFD010100;
pub const OID_PNP_ENABLE_WAKE_UP: u32 = 0xFD010106;
pub const OID_PNP_QUERY_POWER: u32 = 0xFD010102;
pub const OID_PNP_REMOVE_WAKE_UP_PATTERN: u32 = 0xFD010104;
pub const OID_PNP_SET_POWER: u32 = 0xFD010101;
pub const OID_PNP_WAKE_UP_ERROR: u32 = 0xFD020201;
pub const OID_PNP_WAKE_UP_OK: u32 = 0xFD020200;
pub const OID_PNP_WAKE_UP_PATTERN_LIST: u32 = 0xFD010105;
pub const OID_RECEIVE_FILTER_CURRENT_CAPABILITIES: u32 = 0x1022D;
pub const OID_RECEIVE_FILTER_HARDWARE_CAPABILITIES: u32 = 0x10221;
pub const OID_TCP4_OFFLOAD_STATS: u32 = 0xFC010207;
pub const OID_TCP6_OFFLOAD_STATS: u32 = 0xFC010208;
pub const OID_TCP_CONNECTION_OFFLOAD_CURRENT_CONFIG: u32 = 0xFC01020E;
pub const OID_TCP_CONNECTION_OFFLOAD_HARDWARE_CAPABILITIES: u32 = 0xFC01020F;
pub const OID_TCP_CONNECTION_OFFLOAD_PARAMETERS: u32 = 0xFC030201;
pub const OID_TCP_OFFLOAD_CURRENT_CONFIG: u32 = 0xFC01020B;
pub const OID_TCP_OFFLOAD_HARDWARE_CAPABILITIES: u32 = 0xFC01020D;
pub const OID_TCP_OFFLOAD_PARAMETERS: u32 = 0xFC01020C;
pub const OID_TCP_RSC_STATISTICS: u32 = 0x2021D;
pub const OID_TCP_SAN_SUPPORT: u32 = 0xFC010204;
pub const OID_TCP_TASK_IPSEC_ADD_SA: u32 = 0xFC010202;
pub const OID_TCP_TASK_IPSEC_ADD_UDPESP_SA: u32 = 0xFC010205;
pub const OID_TCP_TASK_IPSEC_DELETE_SA: u32 = 0xFC010203;
pub const OID_TCP_TASK_IPSEC_DELETE_UDPESP_SA: u32 = 0xFC010206;
pub const OID_TCP_TASK_IPSEC_OFFLOAD_V2_ADD_SA: u32 = 0xFC030202;
pub const OID_TCP_TASK_IPSEC_OFFLOAD_V2_ADD_SA_EX: u32 = 0xFC030205;
pub const OID_TCP_TASK_IPSEC_OFFLOAD_V2_DELETE_SA: u32 = 0xFC030203;
pub const OID_TCP_TASK_IPSEC_OFFLOAD_V2_UPDATE_SA: u32 = 0xFC030204;
pub const OID_TCP_TASK_OFFLOAD: u32 = 0xFC010201;
pub const NDIS_PACKET_TYPE_802_11_ALL_MULTICAST_DATA: u32 = 4;
pub const NDIS_PACKET_TYPE_802_11_ALL_MULTICAST_MGMT: u32 = 0x100000;
pub const NDIS_PACKET_TYPE_802_11_BROADCAST_CTRL: u32 = 0x1000000;
pub const NDIS_PACKET_TYPE_802_11_BROADCAST_DATA: u32 = 8;
pub const NDIS_PACKET_TYPE_802_11_BROADCAST_MGMT: u32 = 0x40000;
pub const NDIS_PACKET_TYPE_802_11_DIRECTED_CTRL: u32 = 0x800000;
pub const NDIS_PACKET_TYPE_802_11_DIRECTED_DATA: u32 = 1;
pub const NDIS_PACKET_TYPE_802_11_DIRECTED_MGMT: u32 = 0x20000;
pub const NDIS_PACKET_TYPE_802_11_MULTICAST_DATA: u32 = 2;
pub const NDIS_PACKET_TYPE_802_11_MULTICAST_MGMT: u32 = 0x80000;
pub const NDIS_PACKET_TYPE_802_11_PROMISCUOUS_CTRL: u32 = 0x2000000;
pub const NDIS_PACKET_TYPE_802_11_PROMISCUOUS_DATA: u32 = 0x20;
pub const NDIS_PACKET_TYPE_802_11_PROMISCUOUS_MGMT: u32 = 0x200000;
pub const NDIS_PACKET_TYPE_802_11_RAW_DATA: u32 = 0x10000;
pub const NDIS_PACKET_TYPE_802_11_RAW_MGMT: u32 = 0x400000;
pub const NDIS_PACKET_TYPE_ALL_802_11_FILTERS: u32 = 0x3FF002F;
pub const NDIS_PACKET_TYPE_ALL_FUNCTIONAL: u32 = 0x2000;
pub const NDIS_PACKET_TYPE_ALL_LOCAL: u32 = 0x80;
pub const NDIS_PACKET_TYPE_ALL_MULTICAST: u32 = 4;
pub const NDIS_PACKET_TYPE_BROADCAST: u32 = 8;
pub const NDIS_PACKET_TYPE_DIRECTED: u32 = 1;
pub const NDIS_PACKET_TYPE_FUNCTIONAL: u32 = 0x4000;
pub const NDIS_PACKET_TYPE_GROUP: u32 = 0x1000;
pub const NDIS_PACKET_TYPE_MAC_FRAME: u32 = 0x8000;
pub const NDIS_PACKET_TYPE_MEDIA_SPECIFIC_MASK: u32 = 0xFFF0000;
pub const NDIS_PACKET_TYPE_MULTICAST: u32 = 2;
pub const NDIS_PACKET_TYPE_NO_LOCAL: u32 = 0x10000;
pub const NDIS_PACKET_TYPE_PROMISCUOUS: u32 = 0x20;
pub const NDIS_PACKET_TYPE_SMT: u32 = 0x40;
pub const NDIS_PACKET_TYPE_SOURCE_ROUTING: u32 = 0x10;
pub const NDIS_INTERRUPT_MODERATION_CHANGE_NEEDS_REINITIALIZE: u32 = 2;
pub const NDIS_INTERRUPT_MODERATION_CHANGE_NEEDS_RESET: u32 = 1;
pub const NDIS_STATISTICS_BROADCAST_BYTES_RCV_SUPPORTED: u32 = 0x8000;
pub const NDIS_STATISTICS_BROADCAST_BYTES_XMIT_SUPPORTED: u32 = 0x200;
pub const NDIS_STATISTICS_BROADCAST_FRAMES_RCV_SUPPORTED: u32 = 0x10000;
pub const NDIS_STATISTICS_BROADCAST_FRAMES_XMIT_SUPPORTED: u32 = 0x400;
pub const NDIS_STATISTICS_BYTES_RCV_SUPPORTED: u32 = 0x80000;
pub const NDIS_STATISTICS_BYTES_XMIT_SUPPORTED: u32 = 0x100000;
pub const NDIS_STATISTICS_DIRECTED_BYTES_RCV_SUPPORTED: u32 = 0x800;
pub const NDIS_STATISTICS_DIRECTED_BYTES_XMIT_SUPPORTED: u32 = 0x20;
pub const NDIS_STATISTICS_DIRECTED_FRAMES_RCV_SUPPORTED: u32 = 0x1000;
pub const NDIS_STATISTICS_DIRECTED_FRAMES_XMIT_SUPPORTED: u32 = 0x40;
pub const NDIS_STATISTICS_FLAGS_VALID_BROADCAST_BYTES_RCV: u32 = 0x40000;
pub const NDIS_STATISTICS_FLAGS_VALID_BROADCAST_BYTES_XMIT: u32 = 0x200000;
pub const NDIS_STATISTICS_FLAGS_VALID_BROADCAST_FRAMES_RCV: u32 = 4;
pub const NDIS_STATISTICS_FLAGS_VALID_BROADCAST_FRAMES_XMIT: u32 = 0x100;
pub const NDIS_STATISTICS_FLAGS_VALID_BYTES_RCV: u32 = 8;
pub const NDIS_STATISTICS_FLAGS_VALID_BYTES_XMIT: u32 = 0x200;
pub const NDIS_STATISTICS_FLAGS_VALID_DIRECTED_BYTES_RCV: u32 = 0x10000;
pub const NDIS_STATISTICS_FLAGS_VALID_DIRECTED_BYTES_XMIT: u32 = 0x80000;
pub const NDIS_STATISTICS_FLAGS_VALID_DIRECTED_FRAMES_RCV: u32 = 1;
pub const NDIS_STATISTICS_FLAGS_VALID_DIRECTED_FRAMES_XMIT: u32 = 0x40;
pub const NDIS_STATISTICS_FLAGS_VALID_MULTICAST_BYTES_RCV: u32 = 0x20000;
pub const NDIS_STATISTICS_FLAGS_VALID_MULTICAST_BYTES_XMIT: u32 = 0x100000;
pub const NDIS_STATISTICS_FLAGS_VALID_MULTICAST_FRAMES_RCV: u32 = 2;
pub const NDIS_STATISTICS_FLAGS_VALID_MULTICAST_FRAMES_XMIT: u32 = 0x80;
pub const NDIS_STATISTICS_FLAGS_VALID_RCV_DISCARDS: u32 = 0x10;
pub const NDIS_STATISTICS_FLAGS_VALID_RCV_ERROR: u32 = 0x20;
pub const NDIS_STATISTICS_FLAGS_VALID_XMIT_DISCARDS: u32 = 0x8000;
pub const NDIS_STATISTICS_FLAGS_VALID_XMIT_ERROR: u32 = 0x400;
pub const NDIS_STATISTICS_GEN_STATISTICS_SUPPORTED: u32 = 0x400000;
pub const NDIS_STATISTICS_MULTICAST_BYTES_RCV_SUPPORTED: u32 = 0x2000;
pub const NDIS_STATISTICS_MULTICAST_BYTES_XMIT_SUPPORTED: u32 = 0x80;
pub const NDIS_STATISTICS_MULTICAST_FRAMES_RCV_SUPPORTED: u32 = 0x4000;
pub const NDIS_STATISTICS_MULTICAST_FRAMES_XMIT_SUPPORTED: u32 = 0x100;
pub const NDIS_STATISTICS_RCV_CRC_ERROR_SUPPORTED: u32 = 0x20000;
pub const NDIS_STATISTICS_RCV_DISCARDS_SUPPORTED: u32 = 0x200000;
pub const NDIS_STATISTICS_RCV_ERROR_SUPPORTED: u32 = 8;
pub const NDIS_STATISTICS_RCV_NO_BUFFER_SUPPORTED: u32 = 0x10;
pub const NDIS_STATISTICS_RCV_OK_SUPPORTED: u32 = 2;
pub const NDIS_STATISTICS_TRANSMIT_QUEUE_LENGTH_SUPPORTED: u32 = 0x40000;
pub const NDIS_STATISTICS_XMIT_DISCARDS_SUPPORTED: u32 = 0x8000000;
pub const NDIS_STATISTICS_XMIT_ERROR_SUPPORTED: u32 = 4;
pub const NDIS_STATISTICS_XMIT_OK_SUPPORTED: u32 = 1;
pub const NDIS_PM_MAX_PATTERN_ID: u32 = 65535;
pub const NDIS_PM_MAX_STRING_SIZE: u32 = 64;
pub const NDIS_PM_PRIVATE_PATTERN_ID: u32 = 1;
pub const NDIS_PM_PROTOCOL_OFFLOAD_80211_RSN_REKEY_ENABLED: u32 = 0x80;
pub const NDIS_PM_PROTOCOL_OFFLOAD_80211_RSN_REKEY_SUPPORTED: u32 = 0x80;
pub const NDIS_PM_PROTOCOL_OFFLOAD_ARP_ENABLED: u32 = 1;
pub const NDIS_PM_PROTOCOL_OFFLOAD_ARP_SUPPORTED: u32 = 1;
pub const NDIS_PM_PROTOCOL_OFFLOAD_NS_ENABLED: u32 = 2;
pub const NDIS_PM_PROTOCOL_OFFLOAD_NS_SUPPORTED: u32 = 2;
pub const NDIS_PM_PROTOCOL_OFFLOAD_PRIORITY_HIGHEST: u32 = 1;
pub const NDIS_PM_PROTOCOL_OFFLOAD_PRIORITY_LOWEST: u32 = 0xFFFFFFFF;
pub const NDIS_PM_PROTOCOL_OFFLOAD_PRIORITY_NORMAL: u32 = 0x10000000;
pub const NDIS_PM_SELECTIVE_SUSPEND_ENABLED: u32 = 0x10;
pub const NDIS_PM_SELECTIVE_SUSPEND_SUPPORTED: u32 = 2;
pub const NDIS_PM_WAKE_ON_LINK_CHANGE_ENABLED: u32 = 1;
pub const NDIS_PM_WAKE_ON_MEDIA_CONNECT_SUPPORTED: u32 = 1;
pub const NDIS_PM_WAKE_ON_MEDIA_DISCONNECT_ENABLED: u32 = 2;
pub const NDIS_PM_WAKE_ON_MEDIA_DISCONNECT_SUPPORTED: u32 = 2;
pub const NDIS_PM_WAKE_PACKET_INDICATION_SUPPORTED: u32 = 1;
pub const NDIS_PM_WOL_BITMAP_PATTERN_ENABLED: u32 = 1;
pub const NDIS_PM_WOL_BITMAP_PATTERN_SUPPORTED: u32 = 1;
pub const NDIS_PM_WOL_EAPOL_REQUEST_ID_MESSAGE_ENABLED: u32 = 0x10000;
pub const NDIS_PM_WOL_EAPOL_REQUEST_ID_MESSAGE_SUPPORTED: u32 = 0x10000;
pub const NDIS_PM_WOL_IPV4_DEST_ADDR_WILDCARD_ENABLED: u32 = 0x200;
pub const NDIS_PM_WOL_IPV4_DEST_ADDR_WILDCARD_SUPPORTED: u32 = 0x200;
pub const NDIS_PM_WOL_IPV4_TCP_SYN_ENABLED: u32 = 4;
pub const NDIS_PM_WOL_IPV4_TCP_SYN_SUPPORTED: u32 = 4;
pub const NDIS_PM_WOL_IPV6_DEST_ADDR_WILDCARD_ENABLED: u32 = 0x800;
pub const NDIS_PM_WOL_IPV6_DEST_ADDR_WILDCARD_SUPPORTED: u32 = 0x800;
pub const NDIS_PM_WOL_IPV6_TCP_SYN_ENABLED: u32 = 8;
pub const NDIS_PM_WOL_IPV6_TCP_SYN_SUPPORTED: u32 = 8;
pub const NDIS_PM_WOL_MAGIC_PACKET_ENABLED: u32 = 2;
pub const NDIS_PM_WOL_MAGIC_PACKET_SUPPORTED: u32 = 2;
pub const NDIS_PM_WOL_PRIORITY_HIGHEST: u32 = 1;
pub const NDIS_PM_WOL_PRIORITY_LOWEST: u32 = 0xFFFFFFFF;
pub const NDIS_PM_WOL_PRIORITY_NORMAL: u32 = 0x10000000;
