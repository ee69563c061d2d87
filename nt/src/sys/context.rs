//! Processor contexts and exceptions.
//!
//! Names, layouts and values as Microsoft's WDK headers declare them (NTDDI 0x0A00000C, NDIS 6.85),
//! 64-bit x86. Checked against the recorded facts by `tests/abi`.

use super::*;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct EXCEPTION_RECORD {
    pub ExceptionCode: NTSTATUS,
    pub ExceptionFlags: u32,
    pub ExceptionRecord: *mut EXCEPTION_RECORD,
    pub ExceptionAddress: *mut c_void,
    pub NumberParameters: u32,
    pub ExceptionInformation: [usize; 15],
}
layout!(EXCEPTION_RECORD, 152, 8, ExceptionCode @ 0, ExceptionFlags @ 4, ExceptionRecord @ 8, ExceptionAddress @ 16, NumberParameters @ 24, ExceptionInformation @ 32);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct CONTEXT_anon_1_anon_1 {
    pub Header: [M128A; 2],
    pub Legacy: [M128A; 8],
    pub Xmm0: M128A,
    pub Xmm1: M128A,
    pub Xmm2: M128A,
    pub Xmm3: M128A,
    pub Xmm4: M128A,
    pub Xmm5: M128A,
    pub Xmm6: M128A,
    pub Xmm7: M128A,
    pub Xmm8: M128A,
    pub Xmm9: M128A,
    pub Xmm10: M128A,
    pub Xmm11: M128A,
    pub Xmm12: M128A,
    pub Xmm13: M128A,
    pub Xmm14: M128A,
    pub Xmm15: M128A,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub union CONTEXT_anon_1 {
    pub FltSave: XSAVE_FORMAT,
    pub __bindgen_anon_1: CONTEXT_anon_1_anon_1,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct CONTEXT {
    pub P1Home: u64,
    pub P2Home: u64,
    pub P3Home: u64,
    pub P4Home: u64,
    pub P5Home: u64,
    pub P6Home: u64,
    pub ContextFlags: u32,
    pub MxCsr: u32,
    pub SegCs: u16,
    pub SegDs: u16,
    pub SegEs: u16,
    pub SegFs: u16,
    pub SegGs: u16,
    pub SegSs: u16,
    pub EFlags: u32,
    pub Dr0: u64,
    pub Dr1: u64,
    pub Dr2: u64,
    pub Dr3: u64,
    pub Dr6: u64,
    pub Dr7: u64,
    pub Rax: u64,
    pub Rcx: u64,
    pub Rdx: u64,
    pub Rbx: u64,
    pub Rsp: u64,
    pub Rbp: u64,
    pub Rsi: u64,
    pub Rdi: u64,
    pub R8: u64,
    pub R9: u64,
    pub R10: u64,
    pub R11: u64,
    pub R12: u64,
    pub R13: u64,
    pub R14: u64,
    pub R15: u64,
    pub Rip: u64,
    pub __bindgen_anon_1: CONTEXT_anon_1,
    pub VectorRegister: [M128A; 26],
    pub VectorControl: u64,
    pub DebugControl: u64,
    pub LastBranchToRip: u64,
    pub LastBranchFromRip: u64,
    pub LastExceptionToRip: u64,
    pub LastExceptionFromRip: u64,
}
layout!(CONTEXT_anon_1_anon_1, 416, 16, Header @ 0, Legacy @ 32, Xmm0 @ 160, Xmm1 @ 176, Xmm2 @ 192, Xmm3 @ 208, Xmm4 @ 224, Xmm5 @ 240, Xmm6 @ 256, Xmm7 @ 272, Xmm8 @ 288, Xmm9 @ 304, Xmm10 @ 320, Xmm11 @ 336, Xmm12 @ 352, Xmm13 @ 368, Xmm14 @ 384, Xmm15 @ 400);
layout!(CONTEXT_anon_1, 512, 16, FltSave @ 0, __bindgen_anon_1 @ 0);
layout!(CONTEXT, 1232, 16, P1Home @ 0, P2Home @ 8, P3Home @ 16, P4Home @ 24, P5Home @ 32, P6Home @ 40, ContextFlags @ 48, MxCsr @ 52, SegCs @ 56, SegDs @ 58, SegEs @ 60, SegFs @ 62, SegGs @ 64, SegSs @ 66, EFlags @ 68, Dr0 @ 72, Dr1 @ 80, Dr2 @ 88, Dr3 @ 96, Dr6 @ 104, Dr7 @ 112, Rax @ 120, Rcx @ 128, Rdx @ 136, Rbx @ 144, Rsp @ 152, Rbp @ 160, Rsi @ 168, Rdi @ 176, R8 @ 184, R9 @ 192, R10 @ 200, R11 @ 208, R12 @ 216, R13 @ 224, R14 @ 232, R15 @ 240, Rip @ 248, __bindgen_anon_1 @ 256, VectorRegister @ 768, VectorControl @ 1184, DebugControl @ 1192, LastBranchToRip @ 1200, LastBranchFromRip @ 1208, LastExceptionToRip @ 1216, LastExceptionFromRip @ 1224);

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
