//! Cm and Zw: registry, handles, files, system information and time.
//!
//! Names, layouts and values as Microsoft's WDK headers declare them (NTDDI 0x0A00000C, NDIS 6.85),
//! 64-bit x86. Checked against the recorded facts by `tests/abi`.

use super::*;

pub type KEY_INFORMATION_CLASS = i32;
pub type KEY_VALUE_INFORMATION_CLASS = i32;
pub type SECURITY_INFORMATION = u32;
pub type PSECURITY_DESCRIPTOR = *mut c_void;
pub type SECTION_INHERIT = i32;

pub type PIO_APC_ROUTINE = Option<unsafe extern "win64" fn(ApcContext: *mut c_void, IoStatusBlock: *mut IO_STATUS_BLOCK, Reserved: u32)>;
pub type PRTL_QUERY_REGISTRY_ROUTINE = Option<unsafe extern "win64" fn(ValueName: *mut WCHAR, ValueType: u32, ValueData: *mut c_void, ValueLength: u32, Context: *mut c_void, EntryContext: *mut c_void) -> NTSTATUS>;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct KEY_BASIC_INFORMATION {
    pub LastWriteTime: LARGE_INTEGER,
    pub TitleIndex: u32,
    pub NameLength: u32,
    pub Name: [WCHAR; 1],
}
layout!(KEY_BASIC_INFORMATION, 24, 8, LastWriteTime @ 0, TitleIndex @ 8, NameLength @ 12, Name @ 16);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct KEY_FULL_INFORMATION {
    pub LastWriteTime: LARGE_INTEGER,
    pub TitleIndex: u32,
    pub ClassOffset: u32,
    pub ClassLength: u32,
    pub SubKeys: u32,
    pub MaxNameLen: u32,
    pub MaxClassLen: u32,
    pub Values: u32,
    pub MaxValueNameLen: u32,
    pub MaxValueDataLen: u32,
    pub Class: [WCHAR; 1],
}
layout!(KEY_FULL_INFORMATION, 48, 8, LastWriteTime @ 0, TitleIndex @ 8, ClassOffset @ 12, ClassLength @ 16, SubKeys @ 20, MaxNameLen @ 24, MaxClassLen @ 28, Values @ 32, MaxValueNameLen @ 36, MaxValueDataLen @ 40, Class @ 44);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct KEY_NODE_INFORMATION {
    pub LastWriteTime: LARGE_INTEGER,
    pub TitleIndex: u32,
    pub ClassOffset: u32,
    pub ClassLength: u32,
    pub NameLength: u32,
    pub Name: [WCHAR; 1],
}
layout!(KEY_NODE_INFORMATION, 32, 8, LastWriteTime @ 0, TitleIndex @ 8, ClassOffset @ 12, ClassLength @ 16, NameLength @ 20, Name @ 24);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct KEY_NAME_INFORMATION {
    pub NameLength: u32,
    pub Name: [WCHAR; 1],
}
layout!(KEY_NAME_INFORMATION, 8, 4, NameLength @ 0, Name @ 4);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct KEY_VALUE_BASIC_INFORMATION {
    pub TitleIndex: u32,
    pub Type: u32,
    pub NameLength: u32,
    pub Name: [WCHAR; 1],
}
layout!(KEY_VALUE_BASIC_INFORMATION, 16, 4, TitleIndex @ 0, Type @ 4, NameLength @ 8, Name @ 12);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct KEY_VALUE_FULL_INFORMATION {
    pub TitleIndex: u32,
    pub Type: u32,
    pub DataOffset: u32,
    pub DataLength: u32,
    pub NameLength: u32,
    pub Name: [WCHAR; 1],
}
layout!(KEY_VALUE_FULL_INFORMATION, 24, 4, TitleIndex @ 0, Type @ 4, DataOffset @ 8, DataLength @ 12, NameLength @ 16, Name @ 20);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct KEY_VALUE_PARTIAL_INFORMATION {
    pub TitleIndex: u32,
    pub Type: u32,
    pub DataLength: u32,
    pub Data: [u8; 1],
}
layout!(KEY_VALUE_PARTIAL_INFORMATION, 16, 4, TitleIndex @ 0, Type @ 4, DataLength @ 8, Data @ 12);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct KEY_VALUE_PARTIAL_INFORMATION_ALIGN64 {
    pub Type: u32,
    pub DataLength: u32,
    pub Data: [u8; 1],
}
layout!(KEY_VALUE_PARTIAL_INFORMATION_ALIGN64, 12, 4, Type @ 0, DataLength @ 4, Data @ 8);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct RTL_QUERY_REGISTRY_TABLE {
    pub QueryRoutine: PRTL_QUERY_REGISTRY_ROUTINE,
    pub Flags: u32,
    pub Name: *mut WCHAR,
    pub EntryContext: *mut c_void,
    pub DefaultType: u32,
    pub DefaultData: *mut c_void,
    pub DefaultLength: u32,
}
layout!(RTL_QUERY_REGISTRY_TABLE, 56, 8, QueryRoutine @ 0, Flags @ 8, Name @ 16, EntryContext @ 24, DefaultType @ 32, DefaultData @ 40, DefaultLength @ 48);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct FILE_STANDARD_INFORMATION {
    pub AllocationSize: LARGE_INTEGER,
    pub EndOfFile: LARGE_INTEGER,
    pub NumberOfLinks: u32,
    pub DeletePending: BOOLEAN,
    pub Directory: BOOLEAN,
}
layout!(FILE_STANDARD_INFORMATION, 24, 8, AllocationSize @ 0, EndOfFile @ 8, NumberOfLinks @ 16, DeletePending @ 20, Directory @ 21);

pub const KeyBasicInformation: KEY_INFORMATION_CLASS = 0;
pub const KeyNodeInformation: KEY_INFORMATION_CLASS = 1;
pub const KeyFullInformation: KEY_INFORMATION_CLASS = 2;
pub const KeyNameInformation: KEY_INFORMATION_CLASS = 3;
pub const KeyCachedInformation: KEY_INFORMATION_CLASS = 4;
pub const KeyFlagsInformation: KEY_INFORMATION_CLASS = 5;
pub const KeyVirtualizationInformation: KEY_INFORMATION_CLASS = 6;
pub const KeyHandleTagsInformation: KEY_INFORMATION_CLASS = 7;
pub const KeyTrustInformation: KEY_INFORMATION_CLASS = 8;
pub const KeyLayerInformation: KEY_INFORMATION_CLASS = 9;
pub const MaxKeyInfoClass: KEY_INFORMATION_CLASS = 10;
pub const KeyValueBasicInformation: KEY_VALUE_INFORMATION_CLASS = 0;
pub const KeyValueFullInformation: KEY_VALUE_INFORMATION_CLASS = 1;
pub const KeyValuePartialInformation: KEY_VALUE_INFORMATION_CLASS = 2;
pub const KeyValueFullInformationAlign64: KEY_VALUE_INFORMATION_CLASS = 3;
pub const KeyValuePartialInformationAlign64: KEY_VALUE_INFORMATION_CLASS = 4;
pub const KeyValueLayerInformation: KEY_VALUE_INFORMATION_CLASS = 5;
pub const MaxKeyValueInfoClass: KEY_VALUE_INFORMATION_CLASS = 6;
pub const ViewShare: SECTION_INHERIT = 1;
pub const ViewUnmap: SECTION_INHERIT = 2;
pub const REG_BINARY: u32 = 3;
pub const REG_CREATED_NEW_KEY: u32 = 1;
pub const REG_DWORD: u32 = 4;
pub const REG_DWORD_LITTLE_ENDIAN: u32 = 4;
pub const REG_EXPAND_SZ: u32 = 2;
pub const REG_LINK: u32 = 6;
pub const REG_MULTI_SZ: u32 = 7;
pub const REG_NONE: u32 = 0;
pub const REG_OPENED_EXISTING_KEY: u32 = 2;
pub const REG_OPTION_BACKUP_RESTORE: u32 = 4;
pub const REG_OPTION_CREATE_LINK: u32 = 2;
pub const REG_OPTION_DONT_VIRTUALIZE: u32 = 0x10;
pub const REG_OPTION_NON_VOLATILE: u32 = 0;
pub const REG_OPTION_OPEN_LINK: u32 = 8;
pub const REG_OPTION_RESERVED: u32 = 0;
pub const REG_OPTION_VOLATILE: u32 = 1;
pub const REG_QWORD: u32 = 0xB;
pub const REG_SZ: u32 = 1;
pub const KEY_ALL_ACCESS: u32 = 0xF003F;
pub const KEY_CREATE_LINK: u32 = 0x20;
pub const KEY_CREATE_SUB_KEY: u32 = 4;
pub const KEY_ENUMERATE_SUB_KEYS: u32 = 8;
pub const KEY_EXECUTE: u32 = 0x20019;
pub const KEY_NOTIFY: u32 = 0x10;
pub const KEY_QUERY_VALUE: u32 = 1;
pub const KEY_READ: u32 = 0x20019;
pub const KEY_SET_VALUE: u32 = 2;
pub const KEY_WRITE: u32 = 0x20006;
pub const RTL_QUERY_REGISTRY_DELETE: u32 = 0x40;
pub const RTL_QUERY_REGISTRY_DIRECT: u32 = 0x20;
pub const RTL_QUERY_REGISTRY_NOEXPAND: u32 = 0x10;
pub const RTL_QUERY_REGISTRY_NOSTRING: u32 = 0x80;
pub const RTL_QUERY_REGISTRY_NOVALUE: u32 = 8;
pub const RTL_QUERY_REGISTRY_REQUIRED: u32 = 4;
pub const RTL_QUERY_REGISTRY_SUBKEY: u32 = 1;
pub const RTL_QUERY_REGISTRY_TOPKEY: u32 = 2;
pub const RTL_QUERY_REGISTRY_TYPECHECK: u32 = 0x100;
pub const RTL_QUERY_REGISTRY_TYPECHECK_MASK: i32 = -16777216;
pub const RTL_QUERY_REGISTRY_TYPECHECK_SHIFT: u32 = 0x18;
pub const RTL_REGISTRY_ABSOLUTE: u32 = 0;
pub const RTL_REGISTRY_CONTROL: u32 = 2;
pub const RTL_REGISTRY_DEVICEMAP: u32 = 4;
pub const RTL_REGISTRY_HANDLE: u32 = 0x40000000;
pub const RTL_REGISTRY_MAXIMUM: u32 = 6;
pub const RTL_REGISTRY_OPTIONAL: u32 = 0x80000000;
pub const RTL_REGISTRY_SERVICES: u32 = 1;
pub const RTL_REGISTRY_USER: u32 = 5;
pub const RTL_REGISTRY_WINDOWS_NT: u32 = 3;

#[cfg_attr(windows, link(name = "ntoskrnl.exe", kind = "raw-dylib", modifiers = "+verbatim"))]
unsafe extern "system" {
    pub fn ZwClose(Handle: HANDLE) -> NTSTATUS;
    pub fn ZwCreateKey(KeyHandle: *mut HANDLE, DesiredAccess: ACCESS_MASK, ObjectAttributes: *mut OBJECT_ATTRIBUTES, TitleIndex: u32, Class: *mut UNICODE_STRING, CreateOptions: u32, Disposition: *mut u32) -> NTSTATUS;
    pub fn ZwOpenKey(KeyHandle: *mut HANDLE, DesiredAccess: ACCESS_MASK, ObjectAttributes: *mut OBJECT_ATTRIBUTES) -> NTSTATUS;
    pub fn ZwOpenKeyEx(KeyHandle: *mut HANDLE, DesiredAccess: ACCESS_MASK, ObjectAttributes: *mut OBJECT_ATTRIBUTES, OpenOptions: u32) -> NTSTATUS;
    pub fn ZwDeleteKey(KeyHandle: HANDLE) -> NTSTATUS;
    pub fn ZwDeleteValueKey(KeyHandle: HANDLE, ValueName: *mut UNICODE_STRING) -> NTSTATUS;
    pub fn ZwEnumerateKey(KeyHandle: HANDLE, Index: u32, KeyInformationClass: KEY_INFORMATION_CLASS, KeyInformation: *mut c_void, Length: u32, ResultLength: *mut u32) -> NTSTATUS;
    pub fn ZwEnumerateValueKey(KeyHandle: HANDLE, Index: u32, KeyValueInformationClass: KEY_VALUE_INFORMATION_CLASS, KeyValueInformation: *mut c_void, Length: u32, ResultLength: *mut u32) -> NTSTATUS;
    pub fn ZwQueryKey(KeyHandle: HANDLE, KeyInformationClass: KEY_INFORMATION_CLASS, KeyInformation: *mut c_void, Length: u32, ResultLength: *mut u32) -> NTSTATUS;
    pub fn ZwQueryValueKey(KeyHandle: HANDLE, ValueName: *mut UNICODE_STRING, KeyValueInformationClass: KEY_VALUE_INFORMATION_CLASS, KeyValueInformation: *mut c_void, Length: u32, ResultLength: *mut u32) -> NTSTATUS;
    pub fn ZwSetValueKey(KeyHandle: HANDLE, ValueName: *mut UNICODE_STRING, TitleIndex: u32, Type: u32, Data: *mut c_void, DataSize: u32) -> NTSTATUS;
    pub fn ZwFlushKey(KeyHandle: HANDLE) -> NTSTATUS;
    pub fn ZwCreateFile(FileHandle: *mut HANDLE, DesiredAccess: ACCESS_MASK, ObjectAttributes: *mut OBJECT_ATTRIBUTES, IoStatusBlock: *mut IO_STATUS_BLOCK, AllocationSize: *mut LARGE_INTEGER, FileAttributes: u32, ShareAccess: u32, CreateDisposition: u32, CreateOptions: u32, EaBuffer: *mut c_void, EaLength: u32) -> NTSTATUS;
    pub fn ZwOpenFile(FileHandle: *mut HANDLE, DesiredAccess: ACCESS_MASK, ObjectAttributes: *mut OBJECT_ATTRIBUTES, IoStatusBlock: *mut IO_STATUS_BLOCK, ShareAccess: u32, OpenOptions: u32) -> NTSTATUS;
    pub fn ZwReadFile(FileHandle: HANDLE, Event: HANDLE, ApcRoutine: PIO_APC_ROUTINE, ApcContext: *mut c_void, IoStatusBlock: *mut IO_STATUS_BLOCK, Buffer: *mut c_void, Length: u32, ByteOffset: *mut LARGE_INTEGER, Key: *mut u32) -> NTSTATUS;
    pub fn ZwWriteFile(FileHandle: HANDLE, Event: HANDLE, ApcRoutine: PIO_APC_ROUTINE, ApcContext: *mut c_void, IoStatusBlock: *mut IO_STATUS_BLOCK, Buffer: *mut c_void, Length: u32, ByteOffset: *mut LARGE_INTEGER, Key: *mut u32) -> NTSTATUS;
    pub fn ZwQueryInformationFile(FileHandle: HANDLE, IoStatusBlock: *mut IO_STATUS_BLOCK, FileInformation: *mut c_void, Length: u32, FileInformationClass: FILE_INFORMATION_CLASS) -> NTSTATUS;
    pub fn ZwDeviceIoControlFile(FileHandle: HANDLE, Event: HANDLE, ApcRoutine: PIO_APC_ROUTINE, ApcContext: *mut c_void, IoStatusBlock: *mut IO_STATUS_BLOCK, IoControlCode: u32, InputBuffer: *mut c_void, InputBufferLength: u32, OutputBuffer: *mut c_void, OutputBufferLength: u32) -> NTSTATUS;
    pub fn ZwLoadDriver(DriverServiceName: *mut UNICODE_STRING) -> NTSTATUS;
    pub fn ZwUnloadDriver(DriverServiceName: *mut UNICODE_STRING) -> NTSTATUS;
    pub fn ZwCreateEvent(EventHandle: *mut HANDLE, DesiredAccess: ACCESS_MASK, ObjectAttributes: *mut OBJECT_ATTRIBUTES, EventType: EVENT_TYPE, InitialState: BOOLEAN) -> NTSTATUS;
    pub fn ZwOpenEvent(EventHandle: *mut HANDLE, DesiredAccess: ACCESS_MASK, ObjectAttributes: *mut OBJECT_ATTRIBUTES) -> NTSTATUS;
    pub fn ZwSetEvent(EventHandle: HANDLE, PreviousState: *mut i32) -> NTSTATUS;
    pub fn ZwWaitForSingleObject(Handle: HANDLE, Alertable: BOOLEAN, Timeout: *mut LARGE_INTEGER) -> NTSTATUS;
    pub fn ZwOpenSymbolicLinkObject(LinkHandle: *mut HANDLE, DesiredAccess: ACCESS_MASK, ObjectAttributes: *mut OBJECT_ATTRIBUTES) -> NTSTATUS;
    pub fn ZwQuerySymbolicLinkObject(LinkHandle: HANDLE, LinkTarget: *mut UNICODE_STRING, ReturnedLength: *mut u32) -> NTSTATUS;
    pub fn ZwCreateDirectoryObject(DirectoryHandle: *mut HANDLE, DesiredAccess: ACCESS_MASK, ObjectAttributes: *mut OBJECT_ATTRIBUTES) -> NTSTATUS;
    pub fn ZwMakeTemporaryObject(Handle: HANDLE) -> NTSTATUS;
    pub fn ZwSetSecurityObject(Handle: HANDLE, SecurityInformation: SECURITY_INFORMATION, SecurityDescriptor: PSECURITY_DESCRIPTOR) -> NTSTATUS;
    pub fn ZwQuerySecurityObject(Handle: HANDLE, SecurityInformation: SECURITY_INFORMATION, SecurityDescriptor: PSECURITY_DESCRIPTOR, Length: u32, LengthNeeded: *mut u32) -> NTSTATUS;
    pub fn ZwNotifyChangeKey(KeyHandle: HANDLE, Event: HANDLE, ApcRoutine: PIO_APC_ROUTINE, ApcContext: *mut c_void, IoStatusBlock: *mut IO_STATUS_BLOCK, CompletionFilter: u32, WatchTree: BOOLEAN, Buffer: *mut c_void, BufferSize: u32, Asynchronous: BOOLEAN) -> NTSTATUS;
    pub fn ZwCreateSection(SectionHandle: *mut HANDLE, DesiredAccess: ACCESS_MASK, ObjectAttributes: *mut OBJECT_ATTRIBUTES, MaximumSize: *mut LARGE_INTEGER, SectionPageProtection: u32, AllocationAttributes: u32, FileHandle: HANDLE) -> NTSTATUS;
    pub fn ZwMapViewOfSection(SectionHandle: HANDLE, ProcessHandle: HANDLE, BaseAddress: *mut *mut c_void, ZeroBits: usize, CommitSize: usize, SectionOffset: *mut LARGE_INTEGER, ViewSize: *mut usize, InheritDisposition: SECTION_INHERIT, AllocationType: u32, Win32Protect: u32) -> NTSTATUS;
    pub fn ZwUnmapViewOfSection(ProcessHandle: HANDLE, BaseAddress: *mut c_void) -> NTSTATUS;
    pub fn ZwOpenSection(SectionHandle: *mut HANDLE, DesiredAccess: ACCESS_MASK, ObjectAttributes: *mut OBJECT_ATTRIBUTES) -> NTSTATUS;
    pub fn RtlQueryRegistryValues(RelativeTo: u32, Path: *const WCHAR, QueryTable: *mut RTL_QUERY_REGISTRY_TABLE, Context: *mut c_void, Environment: *mut c_void) -> NTSTATUS;
    pub fn RtlWriteRegistryValue(RelativeTo: u32, Path: *const WCHAR, ValueName: *const WCHAR, ValueType: u32, ValueData: *mut c_void, ValueLength: u32) -> NTSTATUS;
    pub fn RtlCheckRegistryKey(RelativeTo: u32, Path: *mut WCHAR) -> NTSTATUS;
    pub fn RtlCreateRegistryKey(RelativeTo: u32, Path: *mut WCHAR) -> NTSTATUS;
    pub fn RtlDeleteRegistryValue(RelativeTo: u32, Path: *const WCHAR, ValueName: *const WCHAR) -> NTSTATUS;
}
