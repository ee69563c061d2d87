//! NDIS: checksum, segmentation, coalescing and receive-side scaling.
//!
//! Names, layouts and values as Microsoft's WDK headers declare them (NTDDI 0x0A00000C, NDIS 6.85),
//! 64-bit x86. Checked against the recorded facts by `tests/abi`.

use super::*;

pub type NDIS_RFC6877_464XLAT_OFFLOAD_OPTIONS = i32;
pub type NDIS_RSS_CAPS_FLAGS = u32;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_OFFLOAD {
    pub Header: NDIS_OBJECT_HEADER,
    pub Checksum: NDIS_TCP_IP_CHECKSUM_OFFLOAD,
    pub LsoV1: NDIS_TCP_LARGE_SEND_OFFLOAD_V1,
    pub IPsecV1: NDIS_IPSEC_OFFLOAD_V1,
    pub LsoV2: NDIS_TCP_LARGE_SEND_OFFLOAD_V2,
    pub Flags: u32,
    pub IPsecV2: NDIS_IPSEC_OFFLOAD_V2,
    pub Rsc: NDIS_TCP_RECV_SEG_COALESCE_OFFLOAD,
    pub EncapsulatedPacketTaskOffloadGre: NDIS_ENCAPSULATED_PACKET_TASK_OFFLOAD,
    pub EncapsulatedPacketTaskOffloadVxlan: NDIS_ENCAPSULATED_PACKET_TASK_OFFLOAD_V2,
    pub EncapsulationTypes: u8,
    pub Rfc6877Xlat: NDIS_RFC6877_464XLAT_OFFLOAD,
    pub UdpSegmentation: NDIS_UDP_SEGMENTATION_OFFLOAD,
}
layout!(NDIS_OFFLOAD, 216, 4, Header @ 0, Checksum @ 4, LsoV1 @ 36, IPsecV1 @ 52, LsoV2 @ 80, Flags @ 108, IPsecV2 @ 112, Rsc @ 144, EncapsulatedPacketTaskOffloadGre @ 148, EncapsulatedPacketTaskOffloadVxlan @ 156, EncapsulationTypes @ 176, Rfc6877Xlat @ 180, UdpSegmentation @ 188);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_OFFLOAD_PARAMETERS_UdpSegmentation {
    pub IPv4: u8,
    pub IPv6: u8,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_OFFLOAD_PARAMETERS {
    pub Header: NDIS_OBJECT_HEADER,
    pub IPv4Checksum: u8,
    pub TCPIPv4Checksum: u8,
    pub UDPIPv4Checksum: u8,
    pub TCPIPv6Checksum: u8,
    pub UDPIPv6Checksum: u8,
    pub LsoV1: u8,
    pub IPsecV1: u8,
    pub LsoV2IPv4: u8,
    pub LsoV2IPv6: u8,
    pub TcpConnectionIPv4: u8,
    pub TcpConnectionIPv6: u8,
    pub Flags: u32,
    pub IPsecV2: u8,
    pub IPsecV2IPv4: u8,
    pub RscIPv4: u8,
    pub RscIPv6: u8,
    pub EncapsulatedPacketTaskOffload: u8,
    pub EncapsulationTypes: u8,
    pub EncapsulationProtocolParameters: _ENCAPSULATION_PROTOCOL_PARAMETERS,
    pub UdpSegmentation: NDIS_OFFLOAD_PARAMETERS_UdpSegmentation,
}
layout!(NDIS_OFFLOAD_PARAMETERS_UdpSegmentation, 2, 1, IPv4 @ 0, IPv6 @ 1);
layout!(NDIS_OFFLOAD_PARAMETERS, 36, 4, Header @ 0, IPv4Checksum @ 4, TCPIPv4Checksum @ 5, UDPIPv4Checksum @ 6, TCPIPv6Checksum @ 7, UDPIPv6Checksum @ 8, LsoV1 @ 9, IPsecV1 @ 10, LsoV2IPv4 @ 11, LsoV2IPv6 @ 12, TcpConnectionIPv4 @ 13, TcpConnectionIPv6 @ 14, Flags @ 16, IPsecV2 @ 20, IPsecV2IPv4 @ 21, RscIPv4 @ 22, RscIPv6 @ 23, EncapsulatedPacketTaskOffload @ 24, EncapsulationTypes @ 25, EncapsulationProtocolParameters @ 28, UdpSegmentation @ 32);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_OFFLOAD_ENCAPSULATION_IPv4 {
    pub Enabled: u32,
    pub EncapsulationType: u32,
    pub HeaderSize: u32,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_OFFLOAD_ENCAPSULATION_IPv6 {
    pub Enabled: u32,
    pub EncapsulationType: u32,
    pub HeaderSize: u32,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_OFFLOAD_ENCAPSULATION {
    pub Header: NDIS_OBJECT_HEADER,
    pub IPv4: NDIS_OFFLOAD_ENCAPSULATION_IPv4,
    pub IPv6: NDIS_OFFLOAD_ENCAPSULATION_IPv6,
}
layout!(NDIS_OFFLOAD_ENCAPSULATION_IPv4, 12, 4, Enabled @ 0, EncapsulationType @ 4, HeaderSize @ 8);
layout!(NDIS_OFFLOAD_ENCAPSULATION_IPv6, 12, 4, Enabled @ 0, EncapsulationType @ 4, HeaderSize @ 8);
layout!(NDIS_OFFLOAD_ENCAPSULATION, 28, 4, Header @ 0, IPv4 @ 4, IPv6 @ 16);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_TCP_IP_CHECKSUM_OFFLOAD_IPv4Transmit {
    pub Encapsulation: u32,
    pub _bitfield_1: u32,
}
bits!(NDIS_TCP_IP_CHECKSUM_OFFLOAD_IPv4Transmit, _bitfield_1: u32 { IpOptionsSupported set_IpOptionsSupported @ 0 + 2, TcpOptionsSupported set_TcpOptionsSupported @ 2 + 2, TcpChecksum set_TcpChecksum @ 4 + 2, UdpChecksum set_UdpChecksum @ 6 + 2, IpChecksum set_IpChecksum @ 8 + 2 });
#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_TCP_IP_CHECKSUM_OFFLOAD_IPv4Receive {
    pub Encapsulation: u32,
    pub _bitfield_1: u32,
}
bits!(NDIS_TCP_IP_CHECKSUM_OFFLOAD_IPv4Receive, _bitfield_1: u32 { IpOptionsSupported set_IpOptionsSupported @ 0 + 2, TcpOptionsSupported set_TcpOptionsSupported @ 2 + 2, TcpChecksum set_TcpChecksum @ 4 + 2, UdpChecksum set_UdpChecksum @ 6 + 2, IpChecksum set_IpChecksum @ 8 + 2 });
#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_TCP_IP_CHECKSUM_OFFLOAD_IPv6Transmit {
    pub Encapsulation: u32,
    pub _bitfield_1: u32,
}
bits!(NDIS_TCP_IP_CHECKSUM_OFFLOAD_IPv6Transmit, _bitfield_1: u32 { IpExtensionHeadersSupported set_IpExtensionHeadersSupported @ 0 + 2, TcpOptionsSupported set_TcpOptionsSupported @ 2 + 2, TcpChecksum set_TcpChecksum @ 4 + 2, UdpChecksum set_UdpChecksum @ 6 + 2 });
#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_TCP_IP_CHECKSUM_OFFLOAD_IPv6Receive {
    pub Encapsulation: u32,
    pub _bitfield_1: u32,
}
bits!(NDIS_TCP_IP_CHECKSUM_OFFLOAD_IPv6Receive, _bitfield_1: u32 { IpExtensionHeadersSupported set_IpExtensionHeadersSupported @ 0 + 2, TcpOptionsSupported set_TcpOptionsSupported @ 2 + 2, TcpChecksum set_TcpChecksum @ 4 + 2, UdpChecksum set_UdpChecksum @ 6 + 2 });
#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_TCP_IP_CHECKSUM_OFFLOAD {
    pub IPv4Transmit: NDIS_TCP_IP_CHECKSUM_OFFLOAD_IPv4Transmit,
    pub IPv4Receive: NDIS_TCP_IP_CHECKSUM_OFFLOAD_IPv4Receive,
    pub IPv6Transmit: NDIS_TCP_IP_CHECKSUM_OFFLOAD_IPv6Transmit,
    pub IPv6Receive: NDIS_TCP_IP_CHECKSUM_OFFLOAD_IPv6Receive,
}
layout!(NDIS_TCP_IP_CHECKSUM_OFFLOAD_IPv4Transmit, 8, 4, Encapsulation @ 0, _bitfield_1 @ 4);
layout!(NDIS_TCP_IP_CHECKSUM_OFFLOAD_IPv4Receive, 8, 4, Encapsulation @ 0, _bitfield_1 @ 4);
layout!(NDIS_TCP_IP_CHECKSUM_OFFLOAD_IPv6Transmit, 8, 4, Encapsulation @ 0, _bitfield_1 @ 4);
layout!(NDIS_TCP_IP_CHECKSUM_OFFLOAD_IPv6Receive, 8, 4, Encapsulation @ 0, _bitfield_1 @ 4);
layout!(NDIS_TCP_IP_CHECKSUM_OFFLOAD, 32, 4, IPv4Transmit @ 0, IPv4Receive @ 8, IPv6Transmit @ 16, IPv6Receive @ 24);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_TCP_LARGE_SEND_OFFLOAD_V1_IPv4 {
    pub Encapsulation: u32,
    pub MaxOffLoadSize: u32,
    pub MinSegmentCount: u32,
    pub _bitfield_1: u32,
}
bits!(NDIS_TCP_LARGE_SEND_OFFLOAD_V1_IPv4, _bitfield_1: u32 { TcpOptions set_TcpOptions @ 0 + 2, IpOptions set_IpOptions @ 2 + 2 });
#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_TCP_LARGE_SEND_OFFLOAD_V1 {
    pub IPv4: NDIS_TCP_LARGE_SEND_OFFLOAD_V1_IPv4,
}
layout!(NDIS_TCP_LARGE_SEND_OFFLOAD_V1_IPv4, 16, 4, Encapsulation @ 0, MaxOffLoadSize @ 4, MinSegmentCount @ 8, _bitfield_1 @ 12);
layout!(NDIS_TCP_LARGE_SEND_OFFLOAD_V1, 16, 4, IPv4 @ 0);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_TCP_LARGE_SEND_OFFLOAD_V2_IPv4 {
    pub Encapsulation: u32,
    pub MaxOffLoadSize: u32,
    pub MinSegmentCount: u32,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_TCP_LARGE_SEND_OFFLOAD_V2_IPv6 {
    pub Encapsulation: u32,
    pub MaxOffLoadSize: u32,
    pub MinSegmentCount: u32,
    pub _bitfield_1: u32,
}
bits!(NDIS_TCP_LARGE_SEND_OFFLOAD_V2_IPv6, _bitfield_1: u32 { IpExtensionHeadersSupported set_IpExtensionHeadersSupported @ 0 + 2, TcpOptionsSupported set_TcpOptionsSupported @ 2 + 2 });
#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_TCP_LARGE_SEND_OFFLOAD_V2 {
    pub IPv4: NDIS_TCP_LARGE_SEND_OFFLOAD_V2_IPv4,
    pub IPv6: NDIS_TCP_LARGE_SEND_OFFLOAD_V2_IPv6,
}
layout!(NDIS_TCP_LARGE_SEND_OFFLOAD_V2_IPv4, 12, 4, Encapsulation @ 0, MaxOffLoadSize @ 4, MinSegmentCount @ 8);
layout!(NDIS_TCP_LARGE_SEND_OFFLOAD_V2_IPv6, 16, 4, Encapsulation @ 0, MaxOffLoadSize @ 4, MinSegmentCount @ 8, _bitfield_1 @ 12);
layout!(NDIS_TCP_LARGE_SEND_OFFLOAD_V2, 28, 4, IPv4 @ 0, IPv6 @ 12);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_TCP_RECV_SEG_COALESCE_OFFLOAD_IPv4 {
    pub Enabled: BOOLEAN,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_TCP_RECV_SEG_COALESCE_OFFLOAD_IPv6 {
    pub Enabled: BOOLEAN,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_TCP_RECV_SEG_COALESCE_OFFLOAD {
    pub IPv4: NDIS_TCP_RECV_SEG_COALESCE_OFFLOAD_IPv4,
    pub IPv6: NDIS_TCP_RECV_SEG_COALESCE_OFFLOAD_IPv6,
}
layout!(NDIS_TCP_RECV_SEG_COALESCE_OFFLOAD_IPv4, 1, 1, Enabled @ 0);
layout!(NDIS_TCP_RECV_SEG_COALESCE_OFFLOAD_IPv6, 1, 1, Enabled @ 0);
layout!(NDIS_TCP_RECV_SEG_COALESCE_OFFLOAD, 2, 1, IPv4 @ 0, IPv6 @ 1);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_IPSEC_OFFLOAD_V1_Supported {
    pub Encapsulation: u32,
    pub AhEspCombined: u32,
    pub TransportTunnelCombined: u32,
    pub IPv4Options: u32,
    pub Flags: u32,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_IPSEC_OFFLOAD_V1_IPv4AH {
    pub _bitfield_1: u32,
}
bits!(NDIS_IPSEC_OFFLOAD_V1_IPv4AH, _bitfield_1: u32 { Md5 set_Md5 @ 0 + 2, Sha_1 set_Sha_1 @ 2 + 2, Transport set_Transport @ 4 + 2, Tunnel set_Tunnel @ 6 + 2, Send set_Send @ 8 + 2, Receive set_Receive @ 10 + 2 });
#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_IPSEC_OFFLOAD_V1_IPv4ESP {
    pub _bitfield_1: u32,
}
bits!(NDIS_IPSEC_OFFLOAD_V1_IPv4ESP, _bitfield_1: u32 { Des set_Des @ 0 + 2, Reserved set_Reserved @ 2 + 2, TripleDes set_TripleDes @ 4 + 2, NullEsp set_NullEsp @ 6 + 2, Transport set_Transport @ 8 + 2, Tunnel set_Tunnel @ 10 + 2, Send set_Send @ 12 + 2, Receive set_Receive @ 14 + 2 });
#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_IPSEC_OFFLOAD_V1 {
    pub Supported: NDIS_IPSEC_OFFLOAD_V1_Supported,
    pub IPv4AH: NDIS_IPSEC_OFFLOAD_V1_IPv4AH,
    pub IPv4ESP: NDIS_IPSEC_OFFLOAD_V1_IPv4ESP,
}
layout!(NDIS_IPSEC_OFFLOAD_V1_Supported, 20, 4, Encapsulation @ 0, AhEspCombined @ 4, TransportTunnelCombined @ 8, IPv4Options @ 12, Flags @ 16);
layout!(NDIS_IPSEC_OFFLOAD_V1_IPv4AH, 4, 4, _bitfield_1 @ 0);
layout!(NDIS_IPSEC_OFFLOAD_V1_IPv4ESP, 4, 4, _bitfield_1 @ 0);
layout!(NDIS_IPSEC_OFFLOAD_V1, 28, 4, Supported @ 0, IPv4AH @ 20, IPv4ESP @ 24);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_IPSEC_OFFLOAD_V2 {
    pub Encapsulation: u32,
    pub IPv6Supported: BOOLEAN,
    pub IPv4Options: BOOLEAN,
    pub IPv6NonIPsecExtensionHeaders: BOOLEAN,
    pub Ah: BOOLEAN,
    pub Esp: BOOLEAN,
    pub AhEspCombined: BOOLEAN,
    pub Transport: BOOLEAN,
    pub Tunnel: BOOLEAN,
    pub TransportTunnelCombined: BOOLEAN,
    pub LsoSupported: BOOLEAN,
    pub ExtendedSequenceNumbers: BOOLEAN,
    pub UdpEsp: u32,
    pub AuthenticationAlgorithms: u32,
    pub EncryptionAlgorithms: u32,
    pub SaOffloadCapacity: u32,
}
layout!(NDIS_IPSEC_OFFLOAD_V2, 32, 4, Encapsulation @ 0, IPv6Supported @ 4, IPv4Options @ 5, IPv6NonIPsecExtensionHeaders @ 6, Ah @ 7, Esp @ 8, AhEspCombined @ 9, Transport @ 10, Tunnel @ 11, TransportTunnelCombined @ 12, LsoSupported @ 13, ExtendedSequenceNumbers @ 14, UdpEsp @ 16, AuthenticationAlgorithms @ 20, EncryptionAlgorithms @ 24, SaOffloadCapacity @ 28);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_ENCAPSULATED_PACKET_TASK_OFFLOAD {
    pub _bitfield_1: u32,
    pub MaxHeaderSizeSupported: u32,
}
bits!(NDIS_ENCAPSULATED_PACKET_TASK_OFFLOAD, _bitfield_1: u32 { TransmitChecksumOffloadSupported set_TransmitChecksumOffloadSupported @ 0 + 4, ReceiveChecksumOffloadSupported set_ReceiveChecksumOffloadSupported @ 4 + 4, LsoV2Supported set_LsoV2Supported @ 8 + 4, RssSupported set_RssSupported @ 12 + 4, VmqSupported set_VmqSupported @ 16 + 4, UsoSupported set_UsoSupported @ 20 + 4, Reserved set_Reserved @ 24 + 8 });
layout!(NDIS_ENCAPSULATED_PACKET_TASK_OFFLOAD, 8, 4, _bitfield_1 @ 0, MaxHeaderSizeSupported @ 4);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_ENCAPSULATED_PACKET_TASK_OFFLOAD_V2 {
    pub _bitfield_1: u32,
    pub MaxHeaderSizeSupported: u32,
    pub EncapsulationProtocolInfo: _ENCAPSULATION_PROTOCOL_INFO,
    pub Reserved1: u32,
    pub Reserved2: u32,
}
bits!(NDIS_ENCAPSULATED_PACKET_TASK_OFFLOAD_V2, _bitfield_1: u32 { TransmitChecksumOffloadSupported set_TransmitChecksumOffloadSupported @ 0 + 4, ReceiveChecksumOffloadSupported set_ReceiveChecksumOffloadSupported @ 4 + 4, LsoV2Supported set_LsoV2Supported @ 8 + 4, RssSupported set_RssSupported @ 12 + 4, VmqSupported set_VmqSupported @ 16 + 4, UsoSupported set_UsoSupported @ 20 + 4, Reserved set_Reserved @ 24 + 8 });
layout!(NDIS_ENCAPSULATED_PACKET_TASK_OFFLOAD_V2, 20, 4, _bitfield_1 @ 0, MaxHeaderSizeSupported @ 4, EncapsulationProtocolInfo @ 8, Reserved1 @ 12, Reserved2 @ 16);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_RFC6877_464XLAT_OFFLOAD {
    pub XlatOffload: NDIS_RFC6877_464XLAT_OFFLOAD_OPTIONS,
    pub Flags: u32,
}
layout!(NDIS_RFC6877_464XLAT_OFFLOAD, 8, 4, XlatOffload @ 0, Flags @ 4);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_UDP_SEGMENTATION_OFFLOAD_IPv4 {
    pub Encapsulation: u32,
    pub MaxOffLoadSize: u32,
    pub _bitfield_1: u32,
}
bits!(NDIS_UDP_SEGMENTATION_OFFLOAD_IPv4, _bitfield_1: u32 { MinSegmentCount set_MinSegmentCount @ 0 + 6, SubMssFinalSegmentSupported set_SubMssFinalSegmentSupported @ 6 + 1, Reserved set_Reserved @ 7 + 25 });
#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_UDP_SEGMENTATION_OFFLOAD_IPv6 {
    pub Encapsulation: u32,
    pub MaxOffLoadSize: u32,
    pub _bitfield_1: u32,
    pub _bitfield_2: u32,
}
bits!(NDIS_UDP_SEGMENTATION_OFFLOAD_IPv6, _bitfield_1: u32 { MinSegmentCount set_MinSegmentCount @ 0 + 6, SubMssFinalSegmentSupported set_SubMssFinalSegmentSupported @ 6 + 1, Reserved1 set_Reserved1 @ 7 + 25 });
bits!(NDIS_UDP_SEGMENTATION_OFFLOAD_IPv6, _bitfield_2: u32 { IpExtensionHeadersSupported set_IpExtensionHeadersSupported @ 0 + 2, Reserved2 set_Reserved2 @ 2 + 30 });
#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_UDP_SEGMENTATION_OFFLOAD {
    pub IPv4: NDIS_UDP_SEGMENTATION_OFFLOAD_IPv4,
    pub IPv6: NDIS_UDP_SEGMENTATION_OFFLOAD_IPv6,
}
layout!(NDIS_UDP_SEGMENTATION_OFFLOAD_IPv4, 12, 4, Encapsulation @ 0, MaxOffLoadSize @ 4, _bitfield_1 @ 8);
layout!(NDIS_UDP_SEGMENTATION_OFFLOAD_IPv6, 16, 4, Encapsulation @ 0, MaxOffLoadSize @ 4, _bitfield_1 @ 8, _bitfield_2 @ 12);
layout!(NDIS_UDP_SEGMENTATION_OFFLOAD, 28, 4, IPv4 @ 0, IPv6 @ 12);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_RECEIVE_SCALE_CAPABILITIES {
    pub Header: NDIS_OBJECT_HEADER,
    pub CapabilitiesFlags: NDIS_RSS_CAPS_FLAGS,
    pub NumberOfInterruptMessages: u32,
    pub NumberOfReceiveQueues: u32,
    pub NumberOfIndirectionTableEntries: u16,
}
layout!(NDIS_RECEIVE_SCALE_CAPABILITIES, 20, 4, Header @ 0, CapabilitiesFlags @ 4, NumberOfInterruptMessages @ 8, NumberOfReceiveQueues @ 12, NumberOfIndirectionTableEntries @ 16);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_RECEIVE_SCALE_PARAMETERS {
    pub Header: NDIS_OBJECT_HEADER,
    pub Flags: u16,
    pub BaseCpuNumber: u16,
    pub HashInformation: u32,
    pub IndirectionTableSize: u16,
    pub IndirectionTableOffset: u32,
    pub HashSecretKeySize: u16,
    pub HashSecretKeyOffset: u32,
    pub ProcessorMasksOffset: u32,
    pub NumberOfProcessorMasks: u32,
    pub ProcessorMasksEntrySize: u32,
    pub DefaultProcessorNumber: PROCESSOR_NUMBER,
}
layout!(NDIS_RECEIVE_SCALE_PARAMETERS, 44, 4, Header @ 0, Flags @ 4, BaseCpuNumber @ 6, HashInformation @ 8, IndirectionTableSize @ 12, IndirectionTableOffset @ 16, HashSecretKeySize @ 20, HashSecretKeyOffset @ 24, ProcessorMasksOffset @ 28, NumberOfProcessorMasks @ 32, ProcessorMasksEntrySize @ 36, DefaultProcessorNumber @ 40);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_RECEIVE_SCALE_PARAMETERS_V2 {
    pub Header: NDIS_OBJECT_HEADER,
    pub Flags: u32,
    pub HashInformation: u32,
    pub HashSecretKeySize: u32,
    pub HashSecretKeyOffset: u32,
    pub NumberOfQueues: u32,
    pub NumberOfIndirectionTableEntries: u32,
}
layout!(NDIS_RECEIVE_SCALE_PARAMETERS_V2, 28, 4, Header @ 0, Flags @ 4, HashInformation @ 8, HashSecretKeySize @ 12, HashSecretKeyOffset @ 16, NumberOfQueues @ 20, NumberOfIndirectionTableEntries @ 24);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_RECEIVE_HASH_PARAMETERS {
    pub Header: NDIS_OBJECT_HEADER,
    pub Flags: u32,
    pub HashInformation: u32,
    pub HashSecretKeySize: u16,
    pub HashSecretKeyOffset: u32,
}
layout!(NDIS_RECEIVE_HASH_PARAMETERS, 20, 4, Header @ 0, Flags @ 4, HashInformation @ 8, HashSecretKeySize @ 12, HashSecretKeyOffset @ 16);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_RSC_STATISTICS_INFO {
    pub Header: NDIS_OBJECT_HEADER,
    pub CoalescedPkts: u64,
    pub CoalescedOctets: u64,
    pub CoalesceEvents: u64,
    pub Aborts: u64,
}
layout!(NDIS_RSC_STATISTICS_INFO, 40, 8, Header @ 0, CoalescedPkts @ 8, CoalescedOctets @ 16, CoalesceEvents @ 24, Aborts @ 32);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_TCP_CONNECTION_OFFLOAD {
    pub Header: NDIS_OBJECT_HEADER,
    pub Encapsulation: u32,
    pub _bitfield_1: u32,
    pub TcpConnectionOffloadCapacity: u32,
    pub Flags: u32,
}
bits!(NDIS_TCP_CONNECTION_OFFLOAD, _bitfield_1: u32 { SupportIPv4 set_SupportIPv4 @ 0 + 2, SupportIPv6 set_SupportIPv6 @ 2 + 2, SupportIPv6ExtensionHeaders set_SupportIPv6ExtensionHeaders @ 4 + 2, SupportSack set_SupportSack @ 6 + 2, CongestionAlgorithm set_CongestionAlgorithm @ 8 + 4 });
layout!(NDIS_TCP_CONNECTION_OFFLOAD, 20, 4, Header @ 0, Encapsulation @ 4, _bitfield_1 @ 8, TcpConnectionOffloadCapacity @ 12, Flags @ 16);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_RSS_SET_INDIRECTION_ENTRY {
    pub SwitchId: NDIS_NIC_SWITCH_ID,
    pub VPortId: NDIS_NIC_SWITCH_VPORT_ID,
    pub Flags: u32,
    pub IndirectionTableIndex: u16,
    pub TargetProcessorNumber: PROCESSOR_NUMBER,
    pub EntryStatus: NDIS_STATUS,
}
layout!(NDIS_RSS_SET_INDIRECTION_ENTRY, 24, 4, SwitchId @ 0, VPortId @ 4, Flags @ 8, IndirectionTableIndex @ 12, TargetProcessorNumber @ 14, EntryStatus @ 20);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_RSS_SET_INDIRECTION_ENTRIES {
    pub Header: NDIS_OBJECT_HEADER,
    pub Flags: u32,
    pub RssEntrySize: u32,
    pub RssEntryTableOffset: u32,
    pub NumberOfRssEntries: u32,
}
layout!(NDIS_RSS_SET_INDIRECTION_ENTRIES, 20, 4, Header @ 0, Flags @ 4, RssEntrySize @ 8, RssEntryTableOffset @ 12, NumberOfRssEntries @ 16);

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

pub const NDIS_RFC6877_464XLAT_OFFLOAD_NOT_SUPPORTED: NDIS_RFC6877_464XLAT_OFFLOAD_OPTIONS = 0;
pub const NDIS_RFC6877_464XLAT_OFFLOAD_DISABLED: NDIS_RFC6877_464XLAT_OFFLOAD_OPTIONS = 1;
pub const NDIS_RFC6877_464XLAT_OFFLOAD_ENABLED: NDIS_RFC6877_464XLAT_OFFLOAD_OPTIONS = 2;
pub const NDIS_RFC6877_464XLAT_OFFLOAD_ON_DEMAND: NDIS_RFC6877_464XLAT_OFFLOAD_OPTIONS = 3;
pub const NDIS_OFFLOAD_FLAGS_GROUP_CHECKSUM_CAPABILITIES: u32 = 1;
pub const NDIS_OFFLOAD_NOT_SUPPORTED: u32 = 0;
pub const NDIS_OFFLOAD_PARAMETERS_CONNECTION_OFFLOAD_DISABLED: u32 = 1;
pub const NDIS_OFFLOAD_PARAMETERS_CONNECTION_OFFLOAD_ENABLED: u32 = 2;
pub const NDIS_OFFLOAD_PARAMETERS_IPSECV1_AH_AND_ESP_ENABLED: u32 = 4;
pub const NDIS_OFFLOAD_PARAMETERS_IPSECV1_AH_ENABLED: u32 = 2;
pub const NDIS_OFFLOAD_PARAMETERS_IPSECV1_DISABLED: u32 = 1;
pub const NDIS_OFFLOAD_PARAMETERS_IPSECV1_ESP_ENABLED: u32 = 3;
pub const NDIS_OFFLOAD_PARAMETERS_IPSECV2_AH_AND_ESP_ENABLED: u32 = 4;
pub const NDIS_OFFLOAD_PARAMETERS_IPSECV2_AH_ENABLED: u32 = 2;
pub const NDIS_OFFLOAD_PARAMETERS_IPSECV2_DISABLED: u32 = 1;
pub const NDIS_OFFLOAD_PARAMETERS_IPSECV2_ESP_ENABLED: u32 = 3;
pub const NDIS_OFFLOAD_PARAMETERS_LSOV1_DISABLED: u32 = 1;
pub const NDIS_OFFLOAD_PARAMETERS_LSOV1_ENABLED: u32 = 2;
pub const NDIS_OFFLOAD_PARAMETERS_LSOV2_DISABLED: u32 = 1;
pub const NDIS_OFFLOAD_PARAMETERS_LSOV2_ENABLED: u32 = 2;
pub const NDIS_OFFLOAD_PARAMETERS_NO_CHANGE: u32 = 0;
pub const NDIS_OFFLOAD_PARAMETERS_RSC_DISABLED: u32 = 1;
pub const NDIS_OFFLOAD_PARAMETERS_RSC_ENABLED: u32 = 2;
pub const NDIS_OFFLOAD_PARAMETERS_RX_ENABLED_TX_DISABLED: u32 = 3;
pub const NDIS_OFFLOAD_PARAMETERS_SKIP_REGISTRY_UPDATE: u32 = 1;
pub const NDIS_OFFLOAD_PARAMETERS_TX_ENABLED_RX_DISABLED: u32 = 2;
pub const NDIS_OFFLOAD_PARAMETERS_TX_RX_DISABLED: u32 = 1;
pub const NDIS_OFFLOAD_PARAMETERS_TX_RX_ENABLED: u32 = 4;
pub const NDIS_OFFLOAD_PARAMETERS_USO_DISABLED: u32 = 1;
pub const NDIS_OFFLOAD_PARAMETERS_USO_ENABLED: u32 = 2;
pub const NDIS_OFFLOAD_SET_NO_CHANGE: u32 = 0;
pub const NDIS_OFFLOAD_SET_OFF: u32 = 2;
pub const NDIS_OFFLOAD_SET_ON: u32 = 1;
pub const NDIS_OFFLOAD_SUPPORTED: u32 = 1;
pub const NDIS_ENCAPSULATION_IEEE_802_3: u32 = 2;
pub const NDIS_ENCAPSULATION_IEEE_802_3_P_AND_Q: u32 = 4;
pub const NDIS_ENCAPSULATION_IEEE_802_3_P_AND_Q_IN_OOB: u32 = 8;
pub const NDIS_ENCAPSULATION_IEEE_LLC_SNAP_ROUTED: u32 = 0x10;
pub const NDIS_ENCAPSULATION_NOT_SUPPORTED: u32 = 0;
pub const NDIS_ENCAPSULATION_NULL: u32 = 1;
pub const NDIS_ENCAPSULATION_TYPE_GRE_MAC: u32 = 1;
pub const NDIS_ENCAPSULATION_TYPE_VXLAN: u32 = 2;
pub const NDIS_RSS_CAPS_CLASSIFICATION_AT_DPC: u32 = 0x4000000;
pub const NDIS_RSS_CAPS_CLASSIFICATION_AT_ISR: u32 = 0x2000000;
pub const NDIS_RSS_CAPS_HASH_TYPE_TCP_IPV4: u32 = 0x100;
pub const NDIS_RSS_CAPS_HASH_TYPE_TCP_IPV6: u32 = 0x200;
pub const NDIS_RSS_CAPS_HASH_TYPE_TCP_IPV6_EX: u32 = 0x400;
pub const NDIS_RSS_CAPS_HASH_TYPE_UDP_IPV4: u32 = 0x800;
pub const NDIS_RSS_CAPS_HASH_TYPE_UDP_IPV6: u32 = 0x1000;
pub const NDIS_RSS_CAPS_HASH_TYPE_UDP_IPV6_EX: u32 = 0x2000;
pub const NDIS_RSS_CAPS_MESSAGE_SIGNALED_INTERRUPTS: u32 = 0x1000000;
pub const NDIS_RSS_CAPS_RSS_AVAILABLE_ON_PORTS: u32 = 0x10000000;
pub const NDIS_RSS_CAPS_SUPPORTS_INDEPENDENT_ENTRY_MOVE: u32 = 0x40000000;
pub const NDIS_RSS_CAPS_SUPPORTS_MSI_X: u32 = 0x20000000;
pub const NDIS_RSS_CAPS_USING_MSI_X: u32 = 0x8000000;
pub const NDIS_RSS_PARAM_FLAG_BASE_CPU_UNCHANGED: u32 = 1;
pub const NDIS_RSS_PARAM_FLAG_DEFAULT_PROCESSOR_UNCHANGED: u32 = 0x20;
pub const NDIS_RSS_PARAM_FLAG_DISABLE_RSS: u32 = 0x10;
pub const NDIS_RSS_PARAM_FLAG_HASH_INFO_UNCHANGED: u32 = 2;
pub const NDIS_RSS_PARAM_FLAG_HASH_KEY_UNCHANGED: u32 = 8;
pub const NDIS_RSS_PARAM_FLAG_ITABLE_UNCHANGED: u32 = 4;
pub const NDIS_RSS_SET_INDIRECTION_ENTRY_FLAG_DEFAULT_PROCESSOR: u32 = 2;
pub const NDIS_RSS_SET_INDIRECTION_ENTRY_FLAG_PRIMARY_PROCESSOR: u32 = 1;
pub const NDIS_RECEIVE_HASH_FLAG_ENABLE_HASH: u32 = 1;
pub const NDIS_RECEIVE_HASH_FLAG_HASH_INFO_UNCHANGED: u32 = 2;
pub const NDIS_RECEIVE_HASH_FLAG_HASH_KEY_UNCHANGED: u32 = 4;
pub const NDIS_RECEIVE_SCALE_PARAM_ENABLE_RSS: u32 = 1;
pub const NDIS_RECEIVE_SCALE_PARAM_HASH_INFO_CHANGED: u32 = 2;
pub const NDIS_RECEIVE_SCALE_PARAM_HASH_KEY_CHANGED: u32 = 4;
pub const NDIS_RECEIVE_SCALE_PARAM_NUMBER_OF_ENTRIES_CHANGED: u32 = 0x10;
pub const NDIS_RECEIVE_SCALE_PARAM_NUMBER_OF_QUEUES_CHANGED: u32 = 8;
