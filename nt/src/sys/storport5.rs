//! Storport: what a miniport registers, is told and asks for.
//!
//! Names, layouts and values as Microsoft's WDK headers declare them (NTDDI 0x0A00000C, NDIS 6.85),
//! 64-bit x86. Checked against the recorded facts by `tests/abi`.

use super::*;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _GET_PHYSICAL_ELEMENT_STATUS {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub Reserved2: [u8; 4],
    pub StartingElement: [u8; 4],
    pub AllocationLength: [u8; 4],
    pub _bitfield_2: u8,
    pub Control: u8,
}
bits!(_GET_PHYSICAL_ELEMENT_STATUS, _bitfield_1: u8 { ServiceAction set_ServiceAction @ 0 + 5, Reserved1 set_Reserved1 @ 5 + 3 });
bits!(_GET_PHYSICAL_ELEMENT_STATUS, _bitfield_2: u8 { ReportType set_ReportType @ 0 + 4, Reserved3 set_Reserved3 @ 4 + 2, Filter set_Filter @ 6 + 2 });
layout!(_GET_PHYSICAL_ELEMENT_STATUS, 16, 1, OperationCode @ 0, _bitfield_1 @ 1, Reserved2 @ 2, StartingElement @ 6, AllocationLength @ 10, _bitfield_2 @ 14, Control @ 15);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _REMOVE_ELEMENT_AND_TRUNCATE {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub RequestedCapacity: [u8; 8],
    pub ElementIdentifier: [u8; 4],
    pub Reserved2: u8,
    pub Control: u8,
}
bits!(_REMOVE_ELEMENT_AND_TRUNCATE, _bitfield_1: u8 { ServiceAction set_ServiceAction @ 0 + 5, Reserved1 set_Reserved1 @ 5 + 3 });
layout!(_REMOVE_ELEMENT_AND_TRUNCATE, 16, 1, OperationCode @ 0, _bitfield_1 @ 1, RequestedCapacity @ 2, ElementIdentifier @ 10, Reserved2 @ 14, Control @ 15);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct PRI_RESERVATION_DESCRIPTOR {
    pub ReservationKey: [u8; 8],
    pub ScopeSpecificAddress: [u8; 4],
    pub Reserved: u8,
    pub _bitfield_1: u8,
    pub Obsolete: [u8; 2],
}
bits!(PRI_RESERVATION_DESCRIPTOR, _bitfield_1: u8 { Type set_Type @ 0 + 4, Scope set_Scope @ 4 + 4 });
layout!(PRI_RESERVATION_DESCRIPTOR, 16, 1, ReservationKey @ 0, ScopeSpecificAddress @ 8, Reserved @ 12, _bitfield_1 @ 13, Obsolete @ 14);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NTSCSI_UNICODE_STRING {
    pub Length: u16,
    pub MaximumLength: u16,
    pub Buffer: *mut WCHAR,
}
layout!(NTSCSI_UNICODE_STRING, 16, 8, Length @ 0, MaximumLength @ 2, Buffer @ 8);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _LBA {
    pub StartingBlockAddress: [u8; 4],
    pub PlayLength: [u8; 4],
}
layout!(_LBA, 8, 1, StartingBlockAddress @ 0, PlayLength @ 4);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _MSF {
    pub Reserved1: u8,
    pub StartingM: u8,
    pub StartingS: u8,
    pub StartingF: u8,
    pub EndingM: u8,
    pub EndingS: u8,
    pub EndingF: u8,
    pub Reserved2: u8,
}
layout!(_MSF, 8, 1, Reserved1 @ 0, StartingM @ 1, StartingS @ 2, StartingF @ 3, EndingM @ 4, EndingS @ 5, EndingF @ 6, Reserved2 @ 7);
