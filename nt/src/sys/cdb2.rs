//! SCSI command descriptor blocks (big-endian on the wire).
//!
//! Names, layouts and values as Microsoft's WDK headers declare them (NTDDI 0x0A00000C, NDIS 6.85),
//! 64-bit x86. Checked against the recorded facts by `tests/abi`.

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _MODE_SENSE {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub _bitfield_2: u8,
    pub SubPageCode: u8,
    pub AllocationLength: u8,
    pub Control: u8,
}
bits!(_MODE_SENSE, _bitfield_1: u8 { Reserved1 set_Reserved1 @ 0 + 3, Dbd set_Dbd @ 3 + 1, Reserved2 set_Reserved2 @ 4 + 4 });
bits!(_MODE_SENSE, _bitfield_2: u8 { PageCode set_PageCode @ 0 + 6, Pc set_Pc @ 6 + 2 });
layout!(_MODE_SENSE, 6, 1, OperationCode @ 0, _bitfield_1 @ 1, _bitfield_2 @ 2, SubPageCode @ 3, AllocationLength @ 4, Control @ 5);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _MODE_SENSE10 {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub _bitfield_2: u8,
    pub SubPageCode: u8,
    pub Reserved3: [u8; 3],
    pub AllocationLength: [u8; 2],
    pub Control: u8,
}
bits!(_MODE_SENSE10, _bitfield_1: u8 { Reserved1 set_Reserved1 @ 0 + 3, Dbd set_Dbd @ 3 + 1, LongLBAAccepted set_LongLBAAccepted @ 4 + 1, Reserved2 set_Reserved2 @ 5 + 3 });
bits!(_MODE_SENSE10, _bitfield_2: u8 { PageCode set_PageCode @ 0 + 6, Pc set_Pc @ 6 + 2 });
layout!(_MODE_SENSE10, 10, 1, OperationCode @ 0, _bitfield_1 @ 1, _bitfield_2 @ 2, SubPageCode @ 3, Reserved3 @ 4, AllocationLength @ 7, Control @ 9);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _MODE_SELECT {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub Reserved2: [u8; 2],
    pub ParameterListLength: u8,
    pub Control: u8,
}
bits!(_MODE_SELECT, _bitfield_1: u8 { SPBit set_SPBit @ 0 + 1, Reserved1 set_Reserved1 @ 1 + 3, PFBit set_PFBit @ 4 + 1, LogicalUnitNumber set_LogicalUnitNumber @ 5 + 3 });
layout!(_MODE_SELECT, 6, 1, OperationCode @ 0, _bitfield_1 @ 1, Reserved2 @ 2, ParameterListLength @ 4, Control @ 5);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _MODE_SELECT10 {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub Reserved2: [u8; 5],
    pub ParameterListLength: [u8; 2],
    pub Control: u8,
}
bits!(_MODE_SELECT10, _bitfield_1: u8 { SPBit set_SPBit @ 0 + 1, Reserved1 set_Reserved1 @ 1 + 3, PFBit set_PFBit @ 4 + 1, LogicalUnitNumber set_LogicalUnitNumber @ 5 + 3 });
layout!(_MODE_SELECT10, 10, 1, OperationCode @ 0, _bitfield_1 @ 1, Reserved2 @ 2, ParameterListLength @ 7, Control @ 9);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _LOCATE {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub Reserved3: u8,
    pub LogicalBlockAddress: [u8; 4],
    pub Reserved4: u8,
    pub Partition: u8,
    pub Control: u8,
}
bits!(_LOCATE, _bitfield_1: u8 { Immediate set_Immediate @ 0 + 1, CPBit set_CPBit @ 1 + 1, BTBit set_BTBit @ 2 + 1, Reserved1 set_Reserved1 @ 3 + 2, LogicalUnitNumber set_LogicalUnitNumber @ 5 + 3 });
layout!(_LOCATE, 10, 1, OperationCode @ 0, _bitfield_1 @ 1, Reserved3 @ 2, LogicalBlockAddress @ 3, Reserved4 @ 7, Partition @ 8, Control @ 9);

#[repr(C)]
#[derive(Clone, Copy)]
pub union _LOGSENSE_anon_1 {
    pub SubPageCode: u8,
    pub Reserved2: u8,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct _LOGSENSE {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub _bitfield_2: u8,
    pub __bindgen_anon_1: _LOGSENSE_anon_1,
    pub Reserved3: u8,
    pub ParameterPointer: [u8; 2],
    pub AllocationLength: [u8; 2],
    pub Control: u8,
}
bits!(_LOGSENSE, _bitfield_1: u8 { SPBit set_SPBit @ 0 + 1, PPCBit set_PPCBit @ 1 + 1, Reserved1 set_Reserved1 @ 2 + 3, LogicalUnitNumber set_LogicalUnitNumber @ 5 + 3 });
bits!(_LOGSENSE, _bitfield_2: u8 { PageCode set_PageCode @ 0 + 6, PCBit set_PCBit @ 6 + 2 });
layout!(_LOGSENSE_anon_1, 1, 1, SubPageCode @ 0, Reserved2 @ 0);
layout!(_LOGSENSE, 10, 1, OperationCode @ 0, _bitfield_1 @ 1, _bitfield_2 @ 2, __bindgen_anon_1 @ 3, Reserved3 @ 4, ParameterPointer @ 5, AllocationLength @ 7, Control @ 9);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _LOGSELECT {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub _bitfield_2: u8,
    pub Reserved2: [u8; 4],
    pub ParameterListLength: [u8; 2],
    pub Control: u8,
}
bits!(_LOGSELECT, _bitfield_1: u8 { SPBit set_SPBit @ 0 + 1, PCRBit set_PCRBit @ 1 + 1, Reserved1 set_Reserved1 @ 2 + 3, LogicalUnitNumber set_LogicalUnitNumber @ 5 + 3 });
bits!(_LOGSELECT, _bitfield_2: u8 { Reserved set_Reserved @ 0 + 6, PCBit set_PCBit @ 6 + 2 });
layout!(_LOGSELECT, 10, 1, OperationCode @ 0, _bitfield_1 @ 1, _bitfield_2 @ 2, Reserved2 @ 3, ParameterListLength @ 7, Control @ 9);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _PRINT {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub TransferLength: [u8; 3],
    pub Control: u8,
}
bits!(_PRINT, _bitfield_1: u8 { Reserved set_Reserved @ 0 + 5, LogicalUnitNumber set_LogicalUnitNumber @ 5 + 3 });
layout!(_PRINT, 6, 1, OperationCode @ 0, _bitfield_1 @ 1, TransferLength @ 2, Control @ 5);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _SEEK {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub LogicalBlockAddress: [u8; 4],
    pub Reserved2: [u8; 3],
    pub Control: u8,
}
bits!(_SEEK, _bitfield_1: u8 { Reserved1 set_Reserved1 @ 0 + 5, LogicalUnitNumber set_LogicalUnitNumber @ 5 + 3 });
layout!(_SEEK, 10, 1, OperationCode @ 0, _bitfield_1 @ 1, LogicalBlockAddress @ 2, Reserved2 @ 6, Control @ 9);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _ERASE {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub Reserved2: [u8; 3],
    pub Control: u8,
}
bits!(_ERASE, _bitfield_1: u8 { Long set_Long @ 0 + 1, Immediate set_Immediate @ 1 + 1, Reserved1 set_Reserved1 @ 2 + 3, LogicalUnitNumber set_LogicalUnitNumber @ 5 + 3 });
layout!(_ERASE, 6, 1, OperationCode @ 0, _bitfield_1 @ 1, Reserved2 @ 2, Control @ 5);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _START_STOP {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub Reserved2: [u8; 2],
    pub _bitfield_2: u8,
    pub Control: u8,
}
bits!(_START_STOP, _bitfield_1: u8 { Immediate set_Immediate @ 0 + 1, Reserved1 set_Reserved1 @ 1 + 4, LogicalUnitNumber set_LogicalUnitNumber @ 5 + 3 });
bits!(_START_STOP, _bitfield_2: u8 { Start set_Start @ 0 + 1, LoadEject set_LoadEject @ 1 + 1, Reserved3 set_Reserved3 @ 2 + 6 });
layout!(_START_STOP, 6, 1, OperationCode @ 0, _bitfield_1 @ 1, Reserved2 @ 2, _bitfield_2 @ 4, Control @ 5);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _MEDIA_REMOVAL {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub Reserved2: [u8; 2],
    pub _bitfield_2: u8,
    pub Control: u8,
}
bits!(_MEDIA_REMOVAL, _bitfield_1: u8 { Reserved1 set_Reserved1 @ 0 + 5, LogicalUnitNumber set_LogicalUnitNumber @ 5 + 3 });
bits!(_MEDIA_REMOVAL, _bitfield_2: u8 { Prevent set_Prevent @ 0 + 1, Persistant set_Persistant @ 1 + 1, Reserved3 set_Reserved3 @ 2 + 6 });
layout!(_MEDIA_REMOVAL, 6, 1, OperationCode @ 0, _bitfield_1 @ 1, Reserved2 @ 2, _bitfield_2 @ 4, Control @ 5);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _SEEK_BLOCK {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub BlockAddress: [u8; 3],
    pub _bitfield_2: u8,
}
bits!(_SEEK_BLOCK, _bitfield_1: u8 { Immediate set_Immediate @ 0 + 1, Reserved1 set_Reserved1 @ 1 + 7 });
bits!(_SEEK_BLOCK, _bitfield_2: u8 { Link set_Link @ 0 + 1, Flag set_Flag @ 1 + 1, Reserved2 set_Reserved2 @ 2 + 4, VendorUnique set_VendorUnique @ 6 + 2 });
layout!(_SEEK_BLOCK, 6, 1, OperationCode @ 0, _bitfield_1 @ 1, BlockAddress @ 2, _bitfield_2 @ 5);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _REQUEST_BLOCK_ADDRESS {
    pub OperationCode: u8,
    pub Reserved1: [u8; 3],
    pub AllocationLength: u8,
    pub _bitfield_1: u8,
}
bits!(_REQUEST_BLOCK_ADDRESS, _bitfield_1: u8 { Link set_Link @ 0 + 1, Flag set_Flag @ 1 + 1, Reserved2 set_Reserved2 @ 2 + 4, VendorUnique set_VendorUnique @ 6 + 2 });
layout!(_REQUEST_BLOCK_ADDRESS, 6, 1, OperationCode @ 0, Reserved1 @ 1, AllocationLength @ 4, _bitfield_1 @ 5);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _PARTITION {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub Reserved1: [u8; 3],
    pub Control: u8,
}
bits!(_PARTITION, _bitfield_1: u8 { Immediate set_Immediate @ 0 + 1, Sel set_Sel @ 1 + 1, PartitionSelect set_PartitionSelect @ 2 + 6 });
layout!(_PARTITION, 6, 1, OperationCode @ 0, _bitfield_1 @ 1, Reserved1 @ 2, Control @ 5);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _WRITE_TAPE_MARKS {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub TransferLength: [u8; 3],
    pub Control: u8,
}
bits!(_WRITE_TAPE_MARKS, _bitfield_1: u8 { Immediate set_Immediate @ 0 + 1, WriteSetMarks set_WriteSetMarks @ 1 + 1, Reserved set_Reserved @ 2 + 3, LogicalUnitNumber set_LogicalUnitNumber @ 5 + 3 });
layout!(_WRITE_TAPE_MARKS, 6, 1, OperationCode @ 0, _bitfield_1 @ 1, TransferLength @ 2, Control @ 5);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _SPACE_TAPE_MARKS_Byte6_Fields {
    pub _bitfield_1: u8,
}
bits!(_SPACE_TAPE_MARKS_Byte6_Fields, _bitfield_1: u8 { Link set_Link @ 0 + 1, Flag set_Flag @ 1 + 1, Reserved set_Reserved @ 2 + 4, VendorUnique set_VendorUnique @ 6 + 2 });
#[repr(C)]
#[derive(Clone, Copy)]
pub union _SPACE_TAPE_MARKS_Byte6 {
    pub value: u8,
    pub Fields: _SPACE_TAPE_MARKS_Byte6_Fields,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct _SPACE_TAPE_MARKS {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub NumMarksMSB: u8,
    pub NumMarks: u8,
    pub NumMarksLSB: u8,
    pub Byte6: _SPACE_TAPE_MARKS_Byte6,
}
bits!(_SPACE_TAPE_MARKS, _bitfield_1: u8 { Code set_Code @ 0 + 3, Reserved set_Reserved @ 3 + 2, LogicalUnitNumber set_LogicalUnitNumber @ 5 + 3 });
layout!(_SPACE_TAPE_MARKS_Byte6_Fields, 1, 1, _bitfield_1 @ 0);
layout!(_SPACE_TAPE_MARKS_Byte6, 1, 1, value @ 0, Fields @ 0);
layout!(_SPACE_TAPE_MARKS, 6, 1, OperationCode @ 0, _bitfield_1 @ 1, NumMarksMSB @ 2, NumMarks @ 3, NumMarksLSB @ 4, Byte6 @ 5);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _READ_POSITION {
    pub Operation: u8,
    pub _bitfield_1: u8,
    pub Reserved2: [u8; 7],
    pub Control: u8,
}
bits!(_READ_POSITION, _bitfield_1: u8 { BlockType set_BlockType @ 0 + 1, Reserved1 set_Reserved1 @ 1 + 4, Lun set_Lun @ 5 + 3 });
layout!(_READ_POSITION, 10, 1, Operation @ 0, _bitfield_1 @ 1, Reserved2 @ 2, Control @ 9);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _CDB6READWRITETAPE {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub TransferLenMSB: u8,
    pub TransferLen: u8,
    pub TransferLenLSB: u8,
    pub _bitfield_2: u8,
}
bits!(_CDB6READWRITETAPE, _bitfield_1: u8 { VendorSpecific set_VendorSpecific @ 0 + 5, Reserved set_Reserved @ 5 + 3 });
bits!(_CDB6READWRITETAPE, _bitfield_2: u8 { Link set_Link @ 0 + 1, Flag set_Flag @ 1 + 1, Reserved1 set_Reserved1 @ 2 + 4, VendorUnique set_VendorUnique @ 6 + 2 });
layout!(_CDB6READWRITETAPE, 6, 1, OperationCode @ 0, _bitfield_1 @ 1, TransferLenMSB @ 2, TransferLen @ 3, TransferLenLSB @ 4, _bitfield_2 @ 5);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _INIT_ELEMENT_STATUS {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub Reserved2: [u8; 3],
    pub _bitfield_2: u8,
}
bits!(_INIT_ELEMENT_STATUS, _bitfield_1: u8 { Reserved1 set_Reserved1 @ 0 + 5, LogicalUnitNubmer set_LogicalUnitNubmer @ 5 + 3 });
bits!(_INIT_ELEMENT_STATUS, _bitfield_2: u8 { Reserved3 set_Reserved3 @ 0 + 7, NoBarCode set_NoBarCode @ 7 + 1 });
layout!(_INIT_ELEMENT_STATUS, 6, 1, OperationCode @ 0, _bitfield_1 @ 1, Reserved2 @ 2, _bitfield_2 @ 5);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _INITIALIZE_ELEMENT_RANGE {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub FirstElementAddress: [u8; 2],
    pub Reserved2: [u8; 2],
    pub NumberOfElements: [u8; 2],
    pub Reserved3: u8,
    pub _bitfield_2: u8,
}
bits!(_INITIALIZE_ELEMENT_RANGE, _bitfield_1: u8 { Range set_Range @ 0 + 1, Reserved1 set_Reserved1 @ 1 + 4, LogicalUnitNubmer set_LogicalUnitNubmer @ 5 + 3 });
bits!(_INITIALIZE_ELEMENT_RANGE, _bitfield_2: u8 { Reserved4 set_Reserved4 @ 0 + 7, NoBarCode set_NoBarCode @ 7 + 1 });
layout!(_INITIALIZE_ELEMENT_RANGE, 10, 1, OperationCode @ 0, _bitfield_1 @ 1, FirstElementAddress @ 2, Reserved2 @ 4, NumberOfElements @ 6, Reserved3 @ 8, _bitfield_2 @ 9);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _POSITION_TO_ELEMENT {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub TransportElementAddress: [u8; 2],
    pub DestinationElementAddress: [u8; 2],
    pub Reserved2: [u8; 2],
    pub _bitfield_2: u8,
    pub Control: u8,
}
bits!(_POSITION_TO_ELEMENT, _bitfield_1: u8 { Reserved1 set_Reserved1 @ 0 + 5, LogicalUnitNumber set_LogicalUnitNumber @ 5 + 3 });
bits!(_POSITION_TO_ELEMENT, _bitfield_2: u8 { Flip set_Flip @ 0 + 1, Reserved3 set_Reserved3 @ 1 + 7 });
layout!(_POSITION_TO_ELEMENT, 10, 1, OperationCode @ 0, _bitfield_1 @ 1, TransportElementAddress @ 2, DestinationElementAddress @ 4, Reserved2 @ 6, _bitfield_2 @ 8, Control @ 9);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _MOVE_MEDIUM {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub TransportElementAddress: [u8; 2],
    pub SourceElementAddress: [u8; 2],
    pub DestinationElementAddress: [u8; 2],
    pub Reserved2: [u8; 2],
    pub _bitfield_2: u8,
    pub Control: u8,
}
bits!(_MOVE_MEDIUM, _bitfield_1: u8 { Reserved1 set_Reserved1 @ 0 + 5, LogicalUnitNumber set_LogicalUnitNumber @ 5 + 3 });
bits!(_MOVE_MEDIUM, _bitfield_2: u8 { Flip set_Flip @ 0 + 1, Reserved3 set_Reserved3 @ 1 + 7 });
layout!(_MOVE_MEDIUM, 12, 1, OperationCode @ 0, _bitfield_1 @ 1, TransportElementAddress @ 2, SourceElementAddress @ 4, DestinationElementAddress @ 6, Reserved2 @ 8, _bitfield_2 @ 10, Control @ 11);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _EXCHANGE_MEDIUM {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub TransportElementAddress: [u8; 2],
    pub SourceElementAddress: [u8; 2],
    pub Destination1ElementAddress: [u8; 2],
    pub Destination2ElementAddress: [u8; 2],
    pub _bitfield_2: u8,
    pub Control: u8,
}
bits!(_EXCHANGE_MEDIUM, _bitfield_1: u8 { Reserved1 set_Reserved1 @ 0 + 5, LogicalUnitNumber set_LogicalUnitNumber @ 5 + 3 });
bits!(_EXCHANGE_MEDIUM, _bitfield_2: u8 { Flip1 set_Flip1 @ 0 + 1, Flip2 set_Flip2 @ 1 + 1, Reserved3 set_Reserved3 @ 2 + 6 });
layout!(_EXCHANGE_MEDIUM, 12, 1, OperationCode @ 0, _bitfield_1 @ 1, TransportElementAddress @ 2, SourceElementAddress @ 4, Destination1ElementAddress @ 6, Destination2ElementAddress @ 8, _bitfield_2 @ 10, Control @ 11);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _READ_ELEMENT_STATUS {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub StartingElementAddress: [u8; 2],
    pub NumberOfElements: [u8; 2],
    pub Reserved1: u8,
    pub AllocationLength: [u8; 3],
    pub Reserved2: u8,
    pub Control: u8,
}
bits!(_READ_ELEMENT_STATUS, _bitfield_1: u8 { ElementType set_ElementType @ 0 + 4, VolTag set_VolTag @ 4 + 1, LogicalUnitNumber set_LogicalUnitNumber @ 5 + 3 });
layout!(_READ_ELEMENT_STATUS, 12, 1, OperationCode @ 0, _bitfield_1 @ 1, StartingElementAddress @ 2, NumberOfElements @ 4, Reserved1 @ 6, AllocationLength @ 7, Reserved2 @ 10, Control @ 11);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _SEND_VOLUME_TAG {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub StartingElementAddress: [u8; 2],
    pub Reserved2: u8,
    pub _bitfield_2: u8,
    pub Reserved4: [u8; 2],
    pub ParameterListLength: [u8; 2],
    pub Reserved5: u8,
    pub Control: u8,
}
bits!(_SEND_VOLUME_TAG, _bitfield_1: u8 { ElementType set_ElementType @ 0 + 4, Reserved1 set_Reserved1 @ 4 + 1, LogicalUnitNumber set_LogicalUnitNumber @ 5 + 3 });
bits!(_SEND_VOLUME_TAG, _bitfield_2: u8 { ActionCode set_ActionCode @ 0 + 5, Reserved3 set_Reserved3 @ 5 + 3 });
layout!(_SEND_VOLUME_TAG, 12, 1, OperationCode @ 0, _bitfield_1 @ 1, StartingElementAddress @ 2, Reserved2 @ 4, _bitfield_2 @ 5, Reserved4 @ 6, ParameterListLength @ 8, Reserved5 @ 10, Control @ 11);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _REQUEST_VOLUME_ELEMENT_ADDRESS {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub StartingElementAddress: [u8; 2],
    pub NumberElements: [u8; 2],
    pub Reserved1: u8,
    pub AllocationLength: [u8; 3],
    pub Reserved2: u8,
    pub Control: u8,
}
bits!(_REQUEST_VOLUME_ELEMENT_ADDRESS, _bitfield_1: u8 { ElementType set_ElementType @ 0 + 4, VolTag set_VolTag @ 4 + 1, LogicalUnitNumber set_LogicalUnitNumber @ 5 + 3 });
layout!(_REQUEST_VOLUME_ELEMENT_ADDRESS, 12, 1, OperationCode @ 0, _bitfield_1 @ 1, StartingElementAddress @ 2, NumberElements @ 4, Reserved1 @ 6, AllocationLength @ 7, Reserved2 @ 10, Control @ 11);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _LOAD_UNLOAD {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub Reserved2: [u8; 2],
    pub _bitfield_2: u8,
    pub Reserved4: [u8; 3],
    pub Slot: u8,
    pub Reserved5: [u8; 3],
}
bits!(_LOAD_UNLOAD, _bitfield_1: u8 { Immediate set_Immediate @ 0 + 1, Reserved1 set_Reserved1 @ 1 + 4, Lun set_Lun @ 5 + 3 });
bits!(_LOAD_UNLOAD, _bitfield_2: u8 { Start set_Start @ 0 + 1, LoadEject set_LoadEject @ 1 + 1, Reserved3 set_Reserved3 @ 2 + 6 });
layout!(_LOAD_UNLOAD, 12, 1, OperationCode @ 0, _bitfield_1 @ 1, Reserved2 @ 2, _bitfield_2 @ 4, Reserved4 @ 5, Slot @ 8, Reserved5 @ 9);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _MECH_STATUS {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub Reserved1: [u8; 6],
    pub AllocationLength: [u8; 2],
    pub Reserved2: [u8; 1],
    pub Control: u8,
}
bits!(_MECH_STATUS, _bitfield_1: u8 { Reserved set_Reserved @ 0 + 5, Lun set_Lun @ 5 + 3 });
layout!(_MECH_STATUS, 12, 1, OperationCode @ 0, _bitfield_1 @ 1, Reserved1 @ 2, AllocationLength @ 8, Reserved2 @ 10, Control @ 11);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _SYNCHRONIZE_CACHE10 {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub LogicalBlockAddress: [u8; 4],
    pub Reserved2: u8,
    pub BlockCount: [u8; 2],
    pub Control: u8,
}
bits!(_SYNCHRONIZE_CACHE10, _bitfield_1: u8 { RelAddr set_RelAddr @ 0 + 1, Immediate set_Immediate @ 1 + 1, Reserved set_Reserved @ 2 + 3, Lun set_Lun @ 5 + 3 });
layout!(_SYNCHRONIZE_CACHE10, 10, 1, OperationCode @ 0, _bitfield_1 @ 1, LogicalBlockAddress @ 2, Reserved2 @ 6, BlockCount @ 7, Control @ 9);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _GET_EVENT_STATUS_NOTIFICATION {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub Reserved2: [u8; 2],
    pub NotificationClassRequest: u8,
    pub Reserved3: [u8; 2],
    pub EventListLength: [u8; 2],
    pub Control: u8,
}
bits!(_GET_EVENT_STATUS_NOTIFICATION, _bitfield_1: u8 { Immediate set_Immediate @ 0 + 1, Reserved set_Reserved @ 1 + 4, Lun set_Lun @ 5 + 3 });
layout!(_GET_EVENT_STATUS_NOTIFICATION, 10, 1, OperationCode @ 0, _bitfield_1 @ 1, Reserved2 @ 2, NotificationClassRequest @ 4, Reserved3 @ 5, EventListLength @ 7, Control @ 9);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _GET_PERFORMANCE {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub StartingLBA: [u8; 4],
    pub Reserved1: [u8; 2],
    pub MaximumNumberOfDescriptors: [u8; 2],
    pub Type: u8,
    pub Control: u8,
}
bits!(_GET_PERFORMANCE, _bitfield_1: u8 { Except set_Except @ 0 + 2, Write set_Write @ 2 + 1, Tolerance set_Tolerance @ 3 + 2, Reserved0 set_Reserved0 @ 5 + 3 });
layout!(_GET_PERFORMANCE, 12, 1, OperationCode @ 0, _bitfield_1 @ 1, StartingLBA @ 2, Reserved1 @ 6, MaximumNumberOfDescriptors @ 8, Type @ 10, Control @ 11);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _READ_DVD_STRUCTURE {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub RMDBlockNumber: [u8; 4],
    pub LayerNumber: u8,
    pub Format: u8,
    pub AllocationLength: [u8; 2],
    pub _bitfield_2: u8,
    pub Control: u8,
}
bits!(_READ_DVD_STRUCTURE, _bitfield_1: u8 { Reserved1 set_Reserved1 @ 0 + 5, Lun set_Lun @ 5 + 3 });
bits!(_READ_DVD_STRUCTURE, _bitfield_2: u8 { Reserved3 set_Reserved3 @ 0 + 6, AGID set_AGID @ 6 + 2 });
layout!(_READ_DVD_STRUCTURE, 12, 1, OperationCode @ 0, _bitfield_1 @ 1, RMDBlockNumber @ 2, LayerNumber @ 6, Format @ 7, AllocationLength @ 8, _bitfield_2 @ 10, Control @ 11);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _SET_STREAMING {
    pub OperationCode: u8,
    pub Reserved: [u8; 8],
    pub ParameterListLength: [u8; 2],
    pub Control: u8,
}
layout!(_SET_STREAMING, 12, 1, OperationCode @ 0, Reserved @ 1, ParameterListLength @ 9, Control @ 11);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _SEND_DVD_STRUCTURE {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub Reserved2: [u8; 5],
    pub Format: u8,
    pub ParameterListLength: [u8; 2],
    pub Reserved3: u8,
    pub Control: u8,
}
bits!(_SEND_DVD_STRUCTURE, _bitfield_1: u8 { Reserved1 set_Reserved1 @ 0 + 5, Lun set_Lun @ 5 + 3 });
layout!(_SEND_DVD_STRUCTURE, 12, 1, OperationCode @ 0, _bitfield_1 @ 1, Reserved2 @ 2, Format @ 7, ParameterListLength @ 8, Reserved3 @ 10, Control @ 11);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _SEND_KEY {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub Reserved2: [u8; 6],
    pub ParameterListLength: [u8; 2],
    pub _bitfield_2: u8,
    pub Control: u8,
}
bits!(_SEND_KEY, _bitfield_1: u8 { Reserved1 set_Reserved1 @ 0 + 5, Lun set_Lun @ 5 + 3 });
bits!(_SEND_KEY, _bitfield_2: u8 { KeyFormat set_KeyFormat @ 0 + 6, AGID set_AGID @ 6 + 2 });
layout!(_SEND_KEY, 12, 1, OperationCode @ 0, _bitfield_1 @ 1, Reserved2 @ 2, ParameterListLength @ 8, _bitfield_2 @ 10, Control @ 11);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _REPORT_KEY {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub LogicalBlockAddress: [u8; 4],
    pub Reserved2: [u8; 2],
    pub AllocationLength: [u8; 2],
    pub _bitfield_2: u8,
    pub Control: u8,
}
bits!(_REPORT_KEY, _bitfield_1: u8 { Reserved1 set_Reserved1 @ 0 + 5, Lun set_Lun @ 5 + 3 });
bits!(_REPORT_KEY, _bitfield_2: u8 { KeyFormat set_KeyFormat @ 0 + 6, AGID set_AGID @ 6 + 2 });
layout!(_REPORT_KEY, 12, 1, OperationCode @ 0, _bitfield_1 @ 1, LogicalBlockAddress @ 2, Reserved2 @ 6, AllocationLength @ 8, _bitfield_2 @ 10, Control @ 11);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _SET_READ_AHEAD {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub TriggerLBA: [u8; 4],
    pub ReadAheadLBA: [u8; 4],
    pub Reserved2: u8,
    pub Control: u8,
}
bits!(_SET_READ_AHEAD, _bitfield_1: u8 { Reserved1 set_Reserved1 @ 0 + 5, Lun set_Lun @ 5 + 3 });
layout!(_SET_READ_AHEAD, 12, 1, OperationCode @ 0, _bitfield_1 @ 1, TriggerLBA @ 2, ReadAheadLBA @ 6, Reserved2 @ 10, Control @ 11);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _READ_FORMATTED_CAPACITIES {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub Reserved2: [u8; 5],
    pub AllocationLength: [u8; 2],
    pub Control: u8,
}
bits!(_READ_FORMATTED_CAPACITIES, _bitfield_1: u8 { Reserved1 set_Reserved1 @ 0 + 5, Lun set_Lun @ 5 + 3 });
layout!(_READ_FORMATTED_CAPACITIES, 10, 1, OperationCode @ 0, _bitfield_1 @ 1, Reserved2 @ 2, AllocationLength @ 7, Control @ 9);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _REPORT_LUNS {
    pub OperationCode: u8,
    pub Reserved1: [u8; 5],
    pub AllocationLength: [u8; 4],
    pub Reserved2: [u8; 1],
    pub Control: u8,
}
layout!(_REPORT_LUNS, 12, 1, OperationCode @ 0, Reserved1 @ 1, AllocationLength @ 6, Reserved2 @ 10, Control @ 11);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _PERSISTENT_RESERVE_IN {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub Reserved2: [u8; 5],
    pub AllocationLength: [u8; 2],
    pub Control: u8,
}
bits!(_PERSISTENT_RESERVE_IN, _bitfield_1: u8 { ServiceAction set_ServiceAction @ 0 + 5, Reserved1 set_Reserved1 @ 5 + 3 });
layout!(_PERSISTENT_RESERVE_IN, 10, 1, OperationCode @ 0, _bitfield_1 @ 1, Reserved2 @ 2, AllocationLength @ 7, Control @ 9);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _PERSISTENT_RESERVE_OUT {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub _bitfield_2: u8,
    pub Reserved2: [u8; 4],
    pub ParameterListLength: [u8; 2],
    pub Control: u8,
}
bits!(_PERSISTENT_RESERVE_OUT, _bitfield_1: u8 { ServiceAction set_ServiceAction @ 0 + 5, Reserved1 set_Reserved1 @ 5 + 3 });
bits!(_PERSISTENT_RESERVE_OUT, _bitfield_2: u8 { Type set_Type @ 0 + 4, Scope set_Scope @ 4 + 4 });
layout!(_PERSISTENT_RESERVE_OUT, 10, 1, OperationCode @ 0, _bitfield_1 @ 1, _bitfield_2 @ 2, Reserved2 @ 3, ParameterListLength @ 7, Control @ 9);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _REPORT_TIMESTAMP {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub Reserved2: [u8; 4],
    pub AllocationLength: [u8; 4],
    pub Reserved3: u8,
    pub Control: u8,
}
bits!(_REPORT_TIMESTAMP, _bitfield_1: u8 { ServiceAction set_ServiceAction @ 0 + 5, Reserved1 set_Reserved1 @ 5 + 3 });
layout!(_REPORT_TIMESTAMP, 12, 1, OperationCode @ 0, _bitfield_1 @ 1, Reserved2 @ 2, AllocationLength @ 6, Reserved3 @ 10, Control @ 11);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _SET_TIMESTAMP {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub Reserved2: [u8; 4],
    pub ParameterListLength: [u8; 4],
    pub Reserved3: u8,
    pub Control: u8,
}
bits!(_SET_TIMESTAMP, _bitfield_1: u8 { ServiceAction set_ServiceAction @ 0 + 5, Reserved1 set_Reserved1 @ 5 + 3 });
layout!(_SET_TIMESTAMP, 12, 1, OperationCode @ 0, _bitfield_1 @ 1, Reserved2 @ 2, ParameterListLength @ 6, Reserved3 @ 10, Control @ 11);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _REPORT_SUPPORTED_OPERATION_CODES {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub _bitfield_2: u8,
    pub RequestedOperationCode: u8,
    pub RequestedServiceAction: [u8; 2],
    pub AllocationLength: [u8; 4],
    pub Reserved2: u8,
    pub Control: u8,
}
bits!(_REPORT_SUPPORTED_OPERATION_CODES, _bitfield_1: u8 { ServiceAction set_ServiceAction @ 0 + 5, Reserved0 set_Reserved0 @ 5 + 3 });
bits!(_REPORT_SUPPORTED_OPERATION_CODES, _bitfield_2: u8 { ReportOptions set_ReportOptions @ 0 + 3, Reserved1 set_Reserved1 @ 3 + 4, ReturnCommandTimeoutsDescriptor set_ReturnCommandTimeoutsDescriptor @ 7 + 1 });
layout!(_REPORT_SUPPORTED_OPERATION_CODES, 12, 1, OperationCode @ 0, _bitfield_1 @ 1, _bitfield_2 @ 2, RequestedOperationCode @ 3, RequestedServiceAction @ 4, AllocationLength @ 6, Reserved2 @ 10, Control @ 11);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _GET_CONFIGURATION {
    pub OperationCode: u8,
    pub _bitfield_1: u8,
    pub StartingFeature: [u8; 2],
    pub Reserved2: [u8; 3],
    pub AllocationLength: [u8; 2],
    pub Control: u8,
}
bits!(_GET_CONFIGURATION, _bitfield_1: u8 { RequestType set_RequestType @ 0 + 2, Reserved1 set_Reserved1 @ 2 + 6 });
layout!(_GET_CONFIGURATION, 10, 1, OperationCode @ 0, _bitfield_1 @ 1, StartingFeature @ 2, Reserved2 @ 4, AllocationLength @ 7, Control @ 9);
