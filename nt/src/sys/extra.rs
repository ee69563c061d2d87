//! Exports that the WDK headers do not declare (or only as macros or inline functions). Their
//! parameters are those of Microsoft's documentation of the function or of its `Nt`/user-mode twin.

use super::*;

/// `SYSTEM_INFORMATION_CLASS`: the class of [`ZwQuerySystemInformation`].
pub type SYSTEM_INFORMATION_CLASS = i32;

#[cfg_attr(windows, link(name = "ntoskrnl.exe", kind = "raw-dylib", modifiers = "+verbatim"))]
unsafe extern "system" {
    pub fn DbgBreakPoint();
    pub fn NtShutdownSystem(Action: u32) -> NTSTATUS;
    pub fn ObReferenceObjectByName(ObjectName: *mut UNICODE_STRING, Attributes: u32, AccessState: *mut c_void, DesiredAccess: ACCESS_MASK, ObjectType: POBJECT_TYPE, AccessMode: KPROCESSOR_MODE, ParseContext: *mut c_void, Object: *mut *mut c_void) -> NTSTATUS;
    pub fn ObSetSecurityObjectByPointer(Object: *mut c_void, SecurityInformation: u32, SecurityDescriptor: PSECURITY_DESCRIPTOR) -> NTSTATUS;
    pub fn RtlAnsiCharToUnicodeChar(SourceCharacter: *mut *mut u8) -> WCHAR;
    pub fn RtlLookupFunctionEntry(ControlPc: u64, ImageBase: *mut u64, HistoryTable: *mut c_void) -> *mut c_void;
    pub fn RtlPcToFileHeader(PcValue: *mut c_void, BaseOfImage: *mut *mut c_void) -> *mut c_void;
    pub fn RtlRaiseException(ExceptionRecord: *mut EXCEPTION_RECORD);
    pub fn RtlUnwindEx(TargetFrame: *mut c_void, TargetIp: *mut c_void, ExceptionRecord: *mut EXCEPTION_RECORD, ReturnValue: *mut c_void, ContextRecord: *mut CONTEXT, HistoryTable: *mut c_void);
    pub fn RtlVirtualUnwind(HandlerType: u32, ImageBase: u64, ControlPc: u64, FunctionEntry: *mut c_void, ContextRecord: *mut CONTEXT, HandlerData: *mut *mut c_void, EstablisherFrame: *mut u64, ContextPointers: *mut c_void) -> *mut c_void;
    pub fn ZwAdjustPrivilegesToken(TokenHandle: HANDLE, DisableAllPrivileges: BOOLEAN, NewState: *mut c_void, BufferLength: u32, PreviousState: *mut c_void, ReturnLength: *mut u32) -> NTSTATUS;
    pub fn ZwQuerySystemInformation(SystemInformationClass: SYSTEM_INFORMATION_CLASS, SystemInformation: *mut c_void, SystemInformationLength: u32, ReturnLength: *mut u32) -> NTSTATUS;
    pub fn ZwSetSystemTime(NewTime: *mut LARGE_INTEGER, OldTime: *mut LARGE_INTEGER) -> NTSTATUS;
    pub fn ZwYieldExecution() -> NTSTATUS;
}
