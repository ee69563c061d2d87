//! Ke: dispatcher objects, DPCs, interrupts, processors, time, bug checks.
//!
//! Names, layouts and values as Microsoft's WDK headers declare them (NTDDI 0x0A00000C, NDIS 6.85),
//! 64-bit x86. Checked against the recorded facts by `tests/abi`.

use super::*;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct KSPIN_LOCK_QUEUE {
    pub Next: *mut KSPIN_LOCK_QUEUE,
    pub Lock: *mut KSPIN_LOCK,
}
layout!(KSPIN_LOCK_QUEUE, 16, 8, Next @ 0, Lock @ 8);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct XSAVE_FORMAT {
    pub ControlWord: u16,
    pub StatusWord: u16,
    pub TagWord: u8,
    pub Reserved1: u8,
    pub ErrorOpcode: u16,
    pub ErrorOffset: u32,
    pub ErrorSelector: u16,
    pub Reserved2: u16,
    pub DataOffset: u32,
    pub DataSelector: u16,
    pub Reserved3: u16,
    pub MxCsr: u32,
    pub MxCsr_Mask: u32,
    pub FloatRegisters: [M128A; 8],
    pub XmmRegisters: [M128A; 16],
    pub Reserved4: [u8; 96],
}
layout!(XSAVE_FORMAT, 512, 16, ControlWord @ 0, StatusWord @ 2, TagWord @ 4, Reserved1 @ 5, ErrorOpcode @ 6, ErrorOffset @ 8, ErrorSelector @ 12, Reserved2 @ 14, DataOffset @ 16, DataSelector @ 20, Reserved3 @ 22, MxCsr @ 24, MxCsr_Mask @ 28, FloatRegisters @ 32, XmmRegisters @ 160, Reserved4 @ 416);
