//! NDIS: net buffers, net buffer lists and their out-of-band information. Their run-time size differs between NDIS versions: never embed or allocate one.
//!
//! Names, layouts and values as Microsoft's WDK headers declare them (NTDDI 0x0A00000C, NDIS 6.85),
//! 64-bit x86. Checked against the recorded facts by `tests/abi`.

use super::*;

pub type NDIS_NET_BUFFER_LIST_INFO = i32;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NET_BUFFER_LIST_anon_1_anon_1 {
    pub Next: *mut NET_BUFFER_LIST,
    pub FirstNetBuffer: *mut NET_BUFFER,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub union NET_BUFFER_LIST_anon_1 {
    pub __bindgen_anon_1: NET_BUFFER_LIST_anon_1_anon_1,
    pub Link: SLIST_HEADER,
    pub NetBufferListHeader: NET_BUFFER_LIST_HEADER,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub union NET_BUFFER_LIST_anon_2 {
    pub Status: NDIS_STATUS,
    pub NdisReserved2: u32,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct NET_BUFFER_LIST {
    pub __bindgen_anon_1: NET_BUFFER_LIST_anon_1,
    pub Context: *mut NET_BUFFER_LIST_CONTEXT,
    pub ParentNetBufferList: *mut NET_BUFFER_LIST,
    pub NdisPoolHandle: NDIS_HANDLE,
    _padding_1: [u8; 8],
    pub NdisReserved: [*mut c_void; 2],
    pub ProtocolReserved: [*mut c_void; 4],
    pub MiniportReserved: [*mut c_void; 2],
    pub Scratch: *mut c_void,
    pub SourceHandle: NDIS_HANDLE,
    pub NblFlags: u32,
    pub ChildRefCount: i32,
    pub Flags: u32,
    pub __bindgen_anon_2: NET_BUFFER_LIST_anon_2,
    pub NetBufferListInfo: [*mut c_void; 27],
}
layout!(NET_BUFFER_LIST_anon_1_anon_1, 16, 8, Next @ 0, FirstNetBuffer @ 8);
layout!(NET_BUFFER_LIST_anon_1, 16, 16, __bindgen_anon_1 @ 0, Link @ 0, NetBufferListHeader @ 0);
layout!(NET_BUFFER_LIST_anon_2, 4, 4, Status @ 0, NdisReserved2 @ 0);
layout!(NET_BUFFER_LIST, 368, 16, __bindgen_anon_1 @ 0, Context @ 16, ParentNetBufferList @ 24, NdisPoolHandle @ 32, NdisReserved @ 48, ProtocolReserved @ 64, MiniportReserved @ 96, Scratch @ 112, SourceHandle @ 120, NblFlags @ 128, ChildRefCount @ 132, Flags @ 136, __bindgen_anon_2 @ 140, NetBufferListInfo @ 144);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NET_BUFFER_LIST_POOL_PARAMETERS {
    pub Header: NDIS_OBJECT_HEADER,
    pub ProtocolId: u8,
    pub fAllocateNetBuffer: BOOLEAN,
    pub ContextSize: u16,
    pub PoolTag: u32,
    pub DataSize: u32,
}
layout!(NET_BUFFER_LIST_POOL_PARAMETERS, 16, 4, Header @ 0, ProtocolId @ 4, fAllocateNetBuffer @ 5, ContextSize @ 6, PoolTag @ 8, DataSize @ 12);

#[repr(C)]
#[derive(Clone, Copy)]
pub union NET_BUFFER_anon_1_anon_1_anon_1 {
    pub DataLength: u32,
    pub stDataLength: usize,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct NET_BUFFER_anon_1_anon_1 {
    pub Next: *mut NET_BUFFER,
    pub CurrentMdl: *mut MDL,
    pub CurrentMdlOffset: u32,
    pub __bindgen_anon_1: NET_BUFFER_anon_1_anon_1_anon_1,
    pub MdlChain: *mut MDL,
    pub DataOffset: u32,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub union NET_BUFFER_anon_1 {
    pub __bindgen_anon_1: NET_BUFFER_anon_1_anon_1,
    pub Link: SLIST_HEADER,
    pub NetBufferHeader: NET_BUFFER_HEADER,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub union NET_BUFFER_anon_2 {
    pub SharedMemoryInfo: *mut NET_BUFFER_SHARED_MEMORY,
    pub ScatterGatherList: *mut SCATTER_GATHER_LIST,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct NET_BUFFER {
    pub __bindgen_anon_1: NET_BUFFER_anon_1,
    pub ChecksumBias: u16,
    pub Reserved: u16,
    pub NdisPoolHandle: NDIS_HANDLE,
    pub NdisReserved: [*mut c_void; 2],
    pub ProtocolReserved: [*mut c_void; 6],
    pub MiniportReserved: [*mut c_void; 4],
    pub DataPhysicalAddress: LARGE_INTEGER,
    pub __bindgen_anon_2: NET_BUFFER_anon_2,
}
layout!(NET_BUFFER_anon_1_anon_1_anon_1, 8, 8, DataLength @ 0, stDataLength @ 0);
layout!(NET_BUFFER_anon_1_anon_1, 48, 8, Next @ 0, CurrentMdl @ 8, CurrentMdlOffset @ 16, __bindgen_anon_1 @ 24, MdlChain @ 32, DataOffset @ 40);
layout!(NET_BUFFER_anon_1, 48, 16, __bindgen_anon_1 @ 0, Link @ 0, NetBufferHeader @ 0);
layout!(NET_BUFFER_anon_2, 8, 8, SharedMemoryInfo @ 0, ScatterGatherList @ 0);
layout!(NET_BUFFER, 176, 16, __bindgen_anon_1 @ 0, ChecksumBias @ 48, Reserved @ 50, NdisPoolHandle @ 56, NdisReserved @ 64, ProtocolReserved @ 80, MiniportReserved @ 128, DataPhysicalAddress @ 160, __bindgen_anon_2 @ 168);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NET_BUFFER_POOL_PARAMETERS {
    pub Header: NDIS_OBJECT_HEADER,
    pub PoolTag: u32,
    pub DataSize: u32,
}
layout!(NET_BUFFER_POOL_PARAMETERS, 12, 4, Header @ 0, PoolTag @ 4, DataSize @ 8);

#[repr(C)]
#[derive(Clone, Copy)]
pub union NET_BUFFER_HEADER_anon_1_anon_1 {
    pub DataLength: u32,
    pub stDataLength: usize,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct NET_BUFFER_HEADER_anon_1 {
    pub Next: *mut NET_BUFFER,
    pub CurrentMdl: *mut MDL,
    pub CurrentMdlOffset: u32,
    pub __bindgen_anon_1: NET_BUFFER_HEADER_anon_1_anon_1,
    pub MdlChain: *mut MDL,
    pub DataOffset: u32,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub union NET_BUFFER_HEADER {
    pub __bindgen_anon_1: NET_BUFFER_HEADER_anon_1,
    pub Link: SLIST_HEADER,
}
layout!(NET_BUFFER_HEADER_anon_1_anon_1, 8, 8, DataLength @ 0, stDataLength @ 0);
layout!(NET_BUFFER_HEADER_anon_1, 48, 8, Next @ 0, CurrentMdl @ 8, CurrentMdlOffset @ 16, __bindgen_anon_1 @ 24, MdlChain @ 32, DataOffset @ 40);
layout!(NET_BUFFER_HEADER, 48, 16, __bindgen_anon_1 @ 0, Link @ 0);

#[repr(C)]
#[derive(Clone, Copy)]
pub union NET_BUFFER_DATA_anon_1 {
    pub DataLength: u32,
    pub stDataLength: usize,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct NET_BUFFER_DATA {
    pub Next: *mut NET_BUFFER,
    pub CurrentMdl: *mut MDL,
    pub CurrentMdlOffset: u32,
    pub __bindgen_anon_1: NET_BUFFER_DATA_anon_1,
    pub MdlChain: *mut MDL,
    pub DataOffset: u32,
}
layout!(NET_BUFFER_DATA_anon_1, 8, 8, DataLength @ 0, stDataLength @ 0);
layout!(NET_BUFFER_DATA, 48, 8, Next @ 0, CurrentMdl @ 8, CurrentMdlOffset @ 16, __bindgen_anon_1 @ 24, MdlChain @ 32, DataOffset @ 40);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NET_BUFFER_LIST_HEADER_anon_1 {
    pub Next: *mut NET_BUFFER_LIST,
    pub FirstNetBuffer: *mut NET_BUFFER,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub union NET_BUFFER_LIST_HEADER {
    pub __bindgen_anon_1: NET_BUFFER_LIST_HEADER_anon_1,
    pub Link: SLIST_HEADER,
}
layout!(NET_BUFFER_LIST_HEADER_anon_1, 16, 8, Next @ 0, FirstNetBuffer @ 8);
layout!(NET_BUFFER_LIST_HEADER, 16, 16, __bindgen_anon_1 @ 0, Link @ 0);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NET_BUFFER_LIST_DATA {
    pub Next: *mut NET_BUFFER_LIST,
    pub FirstNetBuffer: *mut NET_BUFFER,
}
layout!(NET_BUFFER_LIST_DATA, 16, 8, Next @ 0, FirstNetBuffer @ 8);

#[repr(C, align(16))]
#[derive(Clone, Copy)]
pub struct NET_BUFFER_LIST_CONTEXT {
    pub Next: *mut NET_BUFFER_LIST_CONTEXT,
    pub Size: u16,
    pub Offset: u16,
    _padding_1: [u8; 4],
    pub ContextData: [u8; 0],
}
layout!(NET_BUFFER_LIST_CONTEXT, 16, 16, Next @ 0, Size @ 8, Offset @ 10, ContextData @ 16);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NET_BUFFER_SHARED_MEMORY {
    pub NextSharedMemorySegment: *mut NET_BUFFER_SHARED_MEMORY,
    pub SharedMemoryFlags: u32,
    pub SharedMemoryHandle: NDIS_HANDLE,
    pub SharedMemoryOffset: u32,
    pub SharedMemoryLength: u32,
}
layout!(NET_BUFFER_SHARED_MEMORY, 32, 8, NextSharedMemorySegment @ 0, SharedMemoryFlags @ 8, SharedMemoryHandle @ 16, SharedMemoryOffset @ 24, SharedMemoryLength @ 28);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_TCP_IP_CHECKSUM_NET_BUFFER_LIST_INFO_anon_1_Transmit {
    pub _bitfield_1: u32,
}
bits!(NDIS_TCP_IP_CHECKSUM_NET_BUFFER_LIST_INFO_anon_1_Transmit, _bitfield_1: u32 { IsIPv4 set_IsIPv4 @ 0 + 1, IsIPv6 set_IsIPv6 @ 1 + 1, TcpChecksum set_TcpChecksum @ 2 + 1, UdpChecksum set_UdpChecksum @ 3 + 1, IpHeaderChecksum set_IpHeaderChecksum @ 4 + 1, Reserved set_Reserved @ 5 + 11, TcpHeaderOffset set_TcpHeaderOffset @ 16 + 10 });
#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_TCP_IP_CHECKSUM_NET_BUFFER_LIST_INFO_anon_1_Receive {
    pub _bitfield_1: u32,
}
bits!(NDIS_TCP_IP_CHECKSUM_NET_BUFFER_LIST_INFO_anon_1_Receive, _bitfield_1: u32 { TcpChecksumFailed set_TcpChecksumFailed @ 0 + 1, UdpChecksumFailed set_UdpChecksumFailed @ 1 + 1, IpChecksumFailed set_IpChecksumFailed @ 2 + 1, TcpChecksumSucceeded set_TcpChecksumSucceeded @ 3 + 1, UdpChecksumSucceeded set_UdpChecksumSucceeded @ 4 + 1, IpChecksumSucceeded set_IpChecksumSucceeded @ 5 + 1, Loopback set_Loopback @ 6 + 1, TcpChecksumValueInvalid set_TcpChecksumValueInvalid @ 7 + 1, IpChecksumValueInvalid set_IpChecksumValueInvalid @ 8 + 1 });
#[repr(C)]
#[derive(Clone, Copy)]
pub union NDIS_TCP_IP_CHECKSUM_NET_BUFFER_LIST_INFO_anon_1 {
    pub Transmit: NDIS_TCP_IP_CHECKSUM_NET_BUFFER_LIST_INFO_anon_1_Transmit,
    pub Receive: NDIS_TCP_IP_CHECKSUM_NET_BUFFER_LIST_INFO_anon_1_Receive,
    pub Value: *mut c_void,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_TCP_IP_CHECKSUM_NET_BUFFER_LIST_INFO {
    pub __bindgen_anon_1: NDIS_TCP_IP_CHECKSUM_NET_BUFFER_LIST_INFO_anon_1,
}
layout!(NDIS_TCP_IP_CHECKSUM_NET_BUFFER_LIST_INFO_anon_1_Transmit, 4, 4, _bitfield_1 @ 0);
layout!(NDIS_TCP_IP_CHECKSUM_NET_BUFFER_LIST_INFO_anon_1_Receive, 4, 4, _bitfield_1 @ 0);
layout!(NDIS_TCP_IP_CHECKSUM_NET_BUFFER_LIST_INFO_anon_1, 8, 8, Transmit @ 0, Receive @ 0, Value @ 0);
layout!(NDIS_TCP_IP_CHECKSUM_NET_BUFFER_LIST_INFO, 8, 8, __bindgen_anon_1 @ 0);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_TCP_LARGE_SEND_OFFLOAD_NET_BUFFER_LIST_INFO_anon_1_Transmit {
    pub _bitfield_1: u32,
}
bits!(NDIS_TCP_LARGE_SEND_OFFLOAD_NET_BUFFER_LIST_INFO_anon_1_Transmit, _bitfield_1: u32 { Unused set_Unused @ 0 + 30, Type set_Type @ 30 + 1, Reserved2 set_Reserved2 @ 31 + 1 });
#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_TCP_LARGE_SEND_OFFLOAD_NET_BUFFER_LIST_INFO_anon_1_LsoV1Transmit {
    pub _bitfield_1: u32,
}
bits!(NDIS_TCP_LARGE_SEND_OFFLOAD_NET_BUFFER_LIST_INFO_anon_1_LsoV1Transmit, _bitfield_1: u32 { MSS set_MSS @ 0 + 20, TcpHeaderOffset set_TcpHeaderOffset @ 20 + 10, Type set_Type @ 30 + 1, Reserved2 set_Reserved2 @ 31 + 1 });
#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_TCP_LARGE_SEND_OFFLOAD_NET_BUFFER_LIST_INFO_anon_1_LsoV1TransmitComplete {
    pub _bitfield_1: u32,
}
bits!(NDIS_TCP_LARGE_SEND_OFFLOAD_NET_BUFFER_LIST_INFO_anon_1_LsoV1TransmitComplete, _bitfield_1: u32 { TcpPayload set_TcpPayload @ 0 + 30, Type set_Type @ 30 + 1, Reserved2 set_Reserved2 @ 31 + 1 });
#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_TCP_LARGE_SEND_OFFLOAD_NET_BUFFER_LIST_INFO_anon_1_LsoV2Transmit {
    pub _bitfield_1: u32,
}
bits!(NDIS_TCP_LARGE_SEND_OFFLOAD_NET_BUFFER_LIST_INFO_anon_1_LsoV2Transmit, _bitfield_1: u32 { MSS set_MSS @ 0 + 20, TcpHeaderOffset set_TcpHeaderOffset @ 20 + 10, Type set_Type @ 30 + 1, IPVersion set_IPVersion @ 31 + 1 });
#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_TCP_LARGE_SEND_OFFLOAD_NET_BUFFER_LIST_INFO_anon_1_LsoV2TransmitComplete {
    pub _bitfield_1: u32,
}
bits!(NDIS_TCP_LARGE_SEND_OFFLOAD_NET_BUFFER_LIST_INFO_anon_1_LsoV2TransmitComplete, _bitfield_1: u32 { Reserved set_Reserved @ 0 + 30, Type set_Type @ 30 + 1, Reserved2 set_Reserved2 @ 31 + 1 });
#[repr(C)]
#[derive(Clone, Copy)]
pub union NDIS_TCP_LARGE_SEND_OFFLOAD_NET_BUFFER_LIST_INFO_anon_1 {
    pub Transmit: NDIS_TCP_LARGE_SEND_OFFLOAD_NET_BUFFER_LIST_INFO_anon_1_Transmit,
    pub LsoV1Transmit: NDIS_TCP_LARGE_SEND_OFFLOAD_NET_BUFFER_LIST_INFO_anon_1_LsoV1Transmit,
    pub LsoV1TransmitComplete: NDIS_TCP_LARGE_SEND_OFFLOAD_NET_BUFFER_LIST_INFO_anon_1_LsoV1TransmitComplete,
    pub LsoV2Transmit: NDIS_TCP_LARGE_SEND_OFFLOAD_NET_BUFFER_LIST_INFO_anon_1_LsoV2Transmit,
    pub LsoV2TransmitComplete: NDIS_TCP_LARGE_SEND_OFFLOAD_NET_BUFFER_LIST_INFO_anon_1_LsoV2TransmitComplete,
    pub Value: *mut c_void,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_TCP_LARGE_SEND_OFFLOAD_NET_BUFFER_LIST_INFO {
    pub __bindgen_anon_1: NDIS_TCP_LARGE_SEND_OFFLOAD_NET_BUFFER_LIST_INFO_anon_1,
}
layout!(NDIS_TCP_LARGE_SEND_OFFLOAD_NET_BUFFER_LIST_INFO_anon_1_Transmit, 4, 4, _bitfield_1 @ 0);
layout!(NDIS_TCP_LARGE_SEND_OFFLOAD_NET_BUFFER_LIST_INFO_anon_1_LsoV1Transmit, 4, 4, _bitfield_1 @ 0);
layout!(NDIS_TCP_LARGE_SEND_OFFLOAD_NET_BUFFER_LIST_INFO_anon_1_LsoV1TransmitComplete, 4, 4, _bitfield_1 @ 0);
layout!(NDIS_TCP_LARGE_SEND_OFFLOAD_NET_BUFFER_LIST_INFO_anon_1_LsoV2Transmit, 4, 4, _bitfield_1 @ 0);
layout!(NDIS_TCP_LARGE_SEND_OFFLOAD_NET_BUFFER_LIST_INFO_anon_1_LsoV2TransmitComplete, 4, 4, _bitfield_1 @ 0);
layout!(NDIS_TCP_LARGE_SEND_OFFLOAD_NET_BUFFER_LIST_INFO_anon_1, 8, 8, Transmit @ 0, LsoV1Transmit @ 0, LsoV1TransmitComplete @ 0, LsoV2Transmit @ 0, LsoV2TransmitComplete @ 0, Value @ 0);
layout!(NDIS_TCP_LARGE_SEND_OFFLOAD_NET_BUFFER_LIST_INFO, 8, 8, __bindgen_anon_1 @ 0);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_NET_BUFFER_LIST_8021Q_INFO_anon_1_TagHeader {
    pub _bitfield_1: u32,
}
bits!(NDIS_NET_BUFFER_LIST_8021Q_INFO_anon_1_TagHeader, _bitfield_1: u32 { UserPriority set_UserPriority @ 0 + 3, CanonicalFormatId set_CanonicalFormatId @ 3 + 1, VlanId set_VlanId @ 4 + 12, Reserved set_Reserved @ 16 + 16 });
#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_NET_BUFFER_LIST_8021Q_INFO_anon_1_WLanTagHeader {
    pub _bitfield_1: u32,
}
bits!(NDIS_NET_BUFFER_LIST_8021Q_INFO_anon_1_WLanTagHeader, _bitfield_1: u32 { UserPriority set_UserPriority @ 0 + 3, CanonicalFormatId set_CanonicalFormatId @ 3 + 1, VlanId set_VlanId @ 4 + 12, WMMInfo set_WMMInfo @ 16 + 4, Reserved set_Reserved @ 20 + 12 });
#[repr(C)]
#[derive(Clone, Copy)]
pub union NDIS_NET_BUFFER_LIST_8021Q_INFO_anon_1 {
    pub TagHeader: NDIS_NET_BUFFER_LIST_8021Q_INFO_anon_1_TagHeader,
    pub WLanTagHeader: NDIS_NET_BUFFER_LIST_8021Q_INFO_anon_1_WLanTagHeader,
    pub Value: *mut c_void,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_NET_BUFFER_LIST_8021Q_INFO {
    pub __bindgen_anon_1: NDIS_NET_BUFFER_LIST_8021Q_INFO_anon_1,
}
layout!(NDIS_NET_BUFFER_LIST_8021Q_INFO_anon_1_TagHeader, 4, 4, _bitfield_1 @ 0);
layout!(NDIS_NET_BUFFER_LIST_8021Q_INFO_anon_1_WLanTagHeader, 4, 4, _bitfield_1 @ 0);
layout!(NDIS_NET_BUFFER_LIST_8021Q_INFO_anon_1, 8, 8, TagHeader @ 0, WLanTagHeader @ 0, Value @ 0);
layout!(NDIS_NET_BUFFER_LIST_8021Q_INFO, 8, 8, __bindgen_anon_1 @ 0);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_RSC_NBL_INFO_Info {
    pub CoalescedSegCount: u16,
    pub DupAckCount: u16,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub union NDIS_RSC_NBL_INFO {
    pub Info: NDIS_RSC_NBL_INFO_Info,
    pub Value: *mut c_void,
}
layout!(NDIS_RSC_NBL_INFO_Info, 4, 2, CoalescedSegCount @ 0, DupAckCount @ 2);
layout!(NDIS_RSC_NBL_INFO, 8, 8, Info @ 0, Value @ 0);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_UDP_SEGMENTATION_OFFLOAD_NET_BUFFER_LIST_INFO_anon_1_Transmit {
    pub _bitfield_1: u32,
}
bits!(NDIS_UDP_SEGMENTATION_OFFLOAD_NET_BUFFER_LIST_INFO_anon_1_Transmit, _bitfield_1: u32 { MSS set_MSS @ 0 + 20, UdpHeaderOffset set_UdpHeaderOffset @ 20 + 10, Reserved set_Reserved @ 30 + 1, IPVersion set_IPVersion @ 31 + 1 });
#[repr(C)]
#[derive(Clone, Copy)]
pub union NDIS_UDP_SEGMENTATION_OFFLOAD_NET_BUFFER_LIST_INFO_anon_1 {
    pub Transmit: NDIS_UDP_SEGMENTATION_OFFLOAD_NET_BUFFER_LIST_INFO_anon_1_Transmit,
    pub Value: *mut c_void,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_UDP_SEGMENTATION_OFFLOAD_NET_BUFFER_LIST_INFO {
    pub __bindgen_anon_1: NDIS_UDP_SEGMENTATION_OFFLOAD_NET_BUFFER_LIST_INFO_anon_1,
}
layout!(NDIS_UDP_SEGMENTATION_OFFLOAD_NET_BUFFER_LIST_INFO_anon_1_Transmit, 4, 4, _bitfield_1 @ 0);
layout!(NDIS_UDP_SEGMENTATION_OFFLOAD_NET_BUFFER_LIST_INFO_anon_1, 8, 8, Transmit @ 0, Value @ 0);
layout!(NDIS_UDP_SEGMENTATION_OFFLOAD_NET_BUFFER_LIST_INFO, 8, 8, __bindgen_anon_1 @ 0);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_TCP_SEND_OFFLOADS_SUPPLEMENTAL_NET_BUFFER_LIST_INFO_anon_1_EncapsulatedPacketOffsets {
    pub _bitfield_1: u32,
}
bits!(NDIS_TCP_SEND_OFFLOADS_SUPPLEMENTAL_NET_BUFFER_LIST_INFO_anon_1_EncapsulatedPacketOffsets, _bitfield_1: u32 { IsEncapsulatedPacket set_IsEncapsulatedPacket @ 0 + 1, EncapsulatedPacketOffsetsValid set_EncapsulatedPacketOffsetsValid @ 1 + 1, InnerFrameOffset set_InnerFrameOffset @ 2 + 8, TransportIpHeaderRelativeOffset set_TransportIpHeaderRelativeOffset @ 10 + 6, TcpHeaderRelativeOffset set_TcpHeaderRelativeOffset @ 16 + 10, IsInnerIPv6 set_IsInnerIPv6 @ 26 + 1, TcpOptionsPresent set_TcpOptionsPresent @ 27 + 1, Reserved set_Reserved @ 28 + 4 });
#[repr(C)]
#[derive(Clone, Copy)]
pub union NDIS_TCP_SEND_OFFLOADS_SUPPLEMENTAL_NET_BUFFER_LIST_INFO_anon_1 {
    pub EncapsulatedPacketOffsets: NDIS_TCP_SEND_OFFLOADS_SUPPLEMENTAL_NET_BUFFER_LIST_INFO_anon_1_EncapsulatedPacketOffsets,
    pub Value: *mut c_void,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_TCP_SEND_OFFLOADS_SUPPLEMENTAL_NET_BUFFER_LIST_INFO {
    pub __bindgen_anon_1: NDIS_TCP_SEND_OFFLOADS_SUPPLEMENTAL_NET_BUFFER_LIST_INFO_anon_1,
}
layout!(NDIS_TCP_SEND_OFFLOADS_SUPPLEMENTAL_NET_BUFFER_LIST_INFO_anon_1_EncapsulatedPacketOffsets, 4, 4, _bitfield_1 @ 0);
layout!(NDIS_TCP_SEND_OFFLOADS_SUPPLEMENTAL_NET_BUFFER_LIST_INFO_anon_1, 8, 8, EncapsulatedPacketOffsets @ 0, Value @ 0);
layout!(NDIS_TCP_SEND_OFFLOADS_SUPPLEMENTAL_NET_BUFFER_LIST_INFO, 8, 8, __bindgen_anon_1 @ 0);

#[repr(C)]
#[derive(Clone, Copy)]
pub union NDIS_NET_BUFFER_LIST_FILTERING_INFO_anon_1_FilteringInfo_QueueVPortInfo {
    pub QueueId: u16,
    pub VPortId: u16,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_NET_BUFFER_LIST_FILTERING_INFO_anon_1_FilteringInfo {
    pub FilterId: u16,
    pub QueueVPortInfo: NDIS_NET_BUFFER_LIST_FILTERING_INFO_anon_1_FilteringInfo_QueueVPortInfo,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub union NDIS_NET_BUFFER_LIST_FILTERING_INFO_anon_1 {
    pub FilteringInfo: NDIS_NET_BUFFER_LIST_FILTERING_INFO_anon_1_FilteringInfo,
    pub Value: *mut c_void,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct NDIS_NET_BUFFER_LIST_FILTERING_INFO {
    pub __bindgen_anon_1: NDIS_NET_BUFFER_LIST_FILTERING_INFO_anon_1,
}
layout!(NDIS_NET_BUFFER_LIST_FILTERING_INFO_anon_1_FilteringInfo_QueueVPortInfo, 2, 2, QueueId @ 0, VPortId @ 0);
layout!(NDIS_NET_BUFFER_LIST_FILTERING_INFO_anon_1_FilteringInfo, 4, 2, FilterId @ 0, QueueVPortInfo @ 2);
layout!(NDIS_NET_BUFFER_LIST_FILTERING_INFO_anon_1, 8, 8, FilteringInfo @ 0, Value @ 0);
layout!(NDIS_NET_BUFFER_LIST_FILTERING_INFO, 8, 8, __bindgen_anon_1 @ 0);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NET_BUFFER_LIST_TIMESTAMP {
    pub Timestamp: u64,
}
layout!(NET_BUFFER_LIST_TIMESTAMP, 8, 8, Timestamp @ 0);

pub const TcpIpChecksumNetBufferListInfo: NDIS_NET_BUFFER_LIST_INFO = 0;
pub const TcpOffloadBytesTransferred: NDIS_NET_BUFFER_LIST_INFO = 0;
pub const IPsecOffloadV1NetBufferListInfo: NDIS_NET_BUFFER_LIST_INFO = 1;
pub const IPsecOffloadV2NetBufferListInfo: NDIS_NET_BUFFER_LIST_INFO = 1;
pub const TcpLargeSendNetBufferListInfo: NDIS_NET_BUFFER_LIST_INFO = 2;
pub const TcpReceiveNoPush: NDIS_NET_BUFFER_LIST_INFO = 2;
pub const ClassificationHandleNetBufferListInfo: NDIS_NET_BUFFER_LIST_INFO = 3;
pub const Ieee8021QNetBufferListInfo: NDIS_NET_BUFFER_LIST_INFO = 4;
pub const NetBufferListCancelId: NDIS_NET_BUFFER_LIST_INFO = 5;
pub const MediaSpecificInformation: NDIS_NET_BUFFER_LIST_INFO = 6;
pub const NetBufferListFrameType: NDIS_NET_BUFFER_LIST_INFO = 7;
pub const NetBufferListProtocolId: NDIS_NET_BUFFER_LIST_INFO = 7;
pub const NetBufferListHashValue: NDIS_NET_BUFFER_LIST_INFO = 8;
pub const NetBufferListHashInfo: NDIS_NET_BUFFER_LIST_INFO = 9;
pub const WfpNetBufferListInfo: NDIS_NET_BUFFER_LIST_INFO = 10;
pub const IPsecOffloadV2TunnelNetBufferListInfo: NDIS_NET_BUFFER_LIST_INFO = 11;
pub const IPsecOffloadV2HeaderNetBufferListInfo: NDIS_NET_BUFFER_LIST_INFO = 12;
pub const NetBufferListCorrelationId: NDIS_NET_BUFFER_LIST_INFO = 13;
pub const NetBufferListFilteringInfo: NDIS_NET_BUFFER_LIST_INFO = 14;
pub const MediaSpecificInformationEx: NDIS_NET_BUFFER_LIST_INFO = 15;
pub const NblOriginalInterfaceIfIndex: NDIS_NET_BUFFER_LIST_INFO = 16;
pub const NblReAuthWfpFlowContext: NDIS_NET_BUFFER_LIST_INFO = 16;
pub const TcpReceiveBytesTransferred: NDIS_NET_BUFFER_LIST_INFO = 17;
pub const NrtNameResolutionId: NDIS_NET_BUFFER_LIST_INFO = 17;
pub const UdpRecvSegCoalesceOffloadInfo: NDIS_NET_BUFFER_LIST_INFO = 17;
pub const SwitchForwardingReserved: NDIS_NET_BUFFER_LIST_INFO = 18;
pub const SwitchForwardingDetail: NDIS_NET_BUFFER_LIST_INFO = 19;
pub const VirtualSubnetInfo: NDIS_NET_BUFFER_LIST_INFO = 20;
pub const IMReserved: NDIS_NET_BUFFER_LIST_INFO = 21;
pub const TcpRecvSegCoalesceInfo: NDIS_NET_BUFFER_LIST_INFO = 22;
pub const UdpSegmentationOffloadInfo: NDIS_NET_BUFFER_LIST_INFO = 22;
pub const RscTcpTimestampDelta: NDIS_NET_BUFFER_LIST_INFO = 23;
pub const TcpSendOffloadsSupplementalNetBufferListInfo: NDIS_NET_BUFFER_LIST_INFO = 23;
pub const GftOffloadInformation: NDIS_NET_BUFFER_LIST_INFO = 24;
pub const GftFlowEntryId: NDIS_NET_BUFFER_LIST_INFO = 25;
pub const NetBufferListInfoReserved3: NDIS_NET_BUFFER_LIST_INFO = 26;
pub const MaxNetBufferListInfo: NDIS_NET_BUFFER_LIST_INFO = 27;
pub const NBL_FLAGS_MINIPORT_RESERVED: u32 = 0xF000;
pub const NBL_FLAGS_NDIS_RESERVED: u32 = 0xFFC;
pub const NBL_FLAGS_PROTOCOL_RESERVED: u32 = 0xFFF00003;
pub const NBL_FLAGS_SCRATCH: u32 = 0xF0000;
pub const NBL_PROT_RSVD_FLAGS: u32 = 0xFFF00003;
pub const NDIS_NBL_FLAGS_CAPTURE_TIMESTAMP_ON_TRANSMIT: u32 = 0x10000;
pub const NDIS_NBL_FLAGS_HD_SPLIT: u32 = 0x100;
pub const NDIS_NBL_FLAGS_IS_IPV4: u32 = 0x200;
pub const NDIS_NBL_FLAGS_IS_IPV6: u32 = 0x400;
pub const NDIS_NBL_FLAGS_IS_LOOPBACK_PACKET: u32 = 0x8000;
pub const NDIS_NBL_FLAGS_IS_TCP: u32 = 0x800;
pub const NDIS_NBL_FLAGS_IS_UDP: u32 = 0x1000;
pub const NDIS_NBL_FLAGS_RECV_READ_ONLY: u32 = 2;
pub const NDIS_NBL_FLAGS_SEND_READ_ONLY: u32 = 1;
pub const NDIS_NBL_FLAGS_SPLIT_AT_UPPER_LAYER_PROTOCOL_HEADER: u32 = 0x2000;
pub const NDIS_NBL_FLAGS_SPLIT_AT_UPPER_LAYER_PROTOCOL_PAYLOAD: u32 = 0x4000;
pub const NDIS_RECEIVE_FLAGS_DISPATCH_LEVEL: u32 = 1;
pub const NDIS_RECEIVE_FLAGS_MORE_NBLS: u32 = 0x2000;
pub const NDIS_RECEIVE_FLAGS_PERFECT_FILTERED: u32 = 0x400;
pub const NDIS_RECEIVE_FLAGS_RESOURCES: u32 = 2;
pub const NDIS_RECEIVE_FLAGS_SHARED_MEMORY_INFO_VALID: u32 = 0x1000;
pub const NDIS_RECEIVE_FLAGS_SINGLE_ETHER_TYPE: u32 = 0x100;
pub const NDIS_RECEIVE_FLAGS_SINGLE_QUEUE: u32 = 0x800;
pub const NDIS_RECEIVE_FLAGS_SINGLE_VLAN: u32 = 0x200;
pub const NDIS_RECEIVE_FLAGS_SWITCH_DESTINATION_GROUP: u32 = 0x4000;
pub const NDIS_RECEIVE_FLAGS_SWITCH_SINGLE_SOURCE: u32 = 0x8000;
pub const NDIS_RETURN_FLAGS_DISPATCH_LEVEL: u32 = 1;
pub const NDIS_RETURN_FLAGS_SINGLE_QUEUE: u32 = 2;
pub const NDIS_RETURN_FLAGS_SWITCH_SINGLE_SOURCE: u32 = 4;
pub const NDIS_SEND_COMPLETE_FLAGS_DISPATCH_LEVEL: u32 = 1;
pub const NDIS_SEND_COMPLETE_FLAGS_SINGLE_QUEUE: u32 = 2;
pub const NDIS_SEND_COMPLETE_FLAGS_SWITCH_SINGLE_SOURCE: u32 = 4;
pub const NDIS_SEND_FLAGS_CHECK_FOR_LOOPBACK: u32 = 2;
pub const NDIS_SEND_FLAGS_DISPATCH_LEVEL: u32 = 1;
pub const NDIS_SEND_FLAGS_SINGLE_QUEUE: u32 = 4;
pub const NDIS_SEND_FLAGS_SWITCH_DESTINATION_GROUP: u32 = 0x10;
pub const NDIS_SEND_FLAGS_SWITCH_SINGLE_SOURCE: u32 = 0x20;
pub const NDIS_TCP_LARGE_SEND_OFFLOAD_IPv4: u32 = 0;
pub const NDIS_TCP_LARGE_SEND_OFFLOAD_IPv6: u32 = 1;
pub const NDIS_TCP_LARGE_SEND_OFFLOAD_V1_TYPE: u32 = 0;
pub const NDIS_TCP_LARGE_SEND_OFFLOAD_V2_TYPE: u32 = 1;
pub const NDIS_HASH_FUNCTION_MASK: u32 = 0xFF;
pub const NDIS_HASH_IPV4: u32 = 0x100;
pub const NDIS_HASH_IPV6: u32 = 0x400;
pub const NDIS_HASH_IPV6_EX: u32 = 0x800;
pub const NDIS_HASH_TCP_IPV4: u32 = 0x200;
pub const NDIS_HASH_TCP_IPV6: u32 = 0x1000;
pub const NDIS_HASH_TCP_IPV6_EX: u32 = 0x2000;
pub const NDIS_HASH_TYPE_MASK: u32 = 0xFFFF00;
pub const NDIS_HASH_UDP_IPV4: u32 = 0x4000;
pub const NDIS_HASH_UDP_IPV6: u32 = 0x8000;
pub const NDIS_HASH_UDP_IPV6_EX: u32 = 0x10000;
