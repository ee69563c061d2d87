//! Basic types: strings, lists, large integers, GUIDs, security descriptors, versions.
//!
//! Names, layouts and values as Microsoft's WDK headers declare them (NTDDI 0x0A00000C, NDIS 6.85),
//! 64-bit x86. Checked against the recorded facts by `tests/abi`.

use super::*;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct LARGE_INTEGER_anon_1 {
    pub LowPart: u32,
    pub HighPart: i32,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct LARGE_INTEGER_u {
    pub LowPart: u32,
    pub HighPart: i32,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub union LARGE_INTEGER {
    pub __bindgen_anon_1: LARGE_INTEGER_anon_1,
    pub u: LARGE_INTEGER_u,
    pub QuadPart: i64,
}
layout!(LARGE_INTEGER_anon_1, 8, 4, LowPart @ 0, HighPart @ 4);
layout!(LARGE_INTEGER_u, 8, 4, LowPart @ 0, HighPart @ 4);
layout!(LARGE_INTEGER, 8, 8, __bindgen_anon_1 @ 0, u @ 0, QuadPart @ 0);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct ULARGE_INTEGER_anon_1 {
    pub LowPart: u32,
    pub HighPart: u32,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ULARGE_INTEGER_u {
    pub LowPart: u32,
    pub HighPart: u32,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub union ULARGE_INTEGER {
    pub __bindgen_anon_1: ULARGE_INTEGER_anon_1,
    pub u: ULARGE_INTEGER_u,
    pub QuadPart: u64,
}
layout!(ULARGE_INTEGER_anon_1, 8, 4, LowPart @ 0, HighPart @ 4);
layout!(ULARGE_INTEGER_u, 8, 4, LowPart @ 0, HighPart @ 4);
layout!(ULARGE_INTEGER, 8, 8, __bindgen_anon_1 @ 0, u @ 0, QuadPart @ 0);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct UNICODE_STRING {
    pub Length: u16,
    pub MaximumLength: u16,
    pub Buffer: *mut WCHAR,
}
layout!(UNICODE_STRING, 16, 8, Length @ 0, MaximumLength @ 2, Buffer @ 8);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct STRING {
    pub Length: u16,
    pub MaximumLength: u16,
    pub Buffer: *mut i8,
}
layout!(STRING, 16, 8, Length @ 0, MaximumLength @ 2, Buffer @ 8);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct LIST_ENTRY {
    pub Flink: *mut LIST_ENTRY,
    pub Blink: *mut LIST_ENTRY,
}
layout!(LIST_ENTRY, 16, 8, Flink @ 0, Blink @ 8);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct SINGLE_LIST_ENTRY {
    pub Next: *mut SINGLE_LIST_ENTRY,
}
layout!(SINGLE_LIST_ENTRY, 8, 8, Next @ 0);

#[repr(C, align(16))]
#[derive(Clone, Copy)]
pub struct SLIST_ENTRY {
    pub Next: *mut SLIST_ENTRY,
}
layout!(SLIST_ENTRY, 16, 16, Next @ 0);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct SLIST_HEADER_anon_1 {
    pub Alignment: u64,
    pub Region: u64,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SLIST_HEADER_HeaderX64 {
    pub _bitfield_1: u64,
    pub _bitfield_2: u64,
}
bits!(SLIST_HEADER_HeaderX64, _bitfield_1: u64 { Depth set_Depth @ 0 + 16, Sequence set_Sequence @ 16 + 48 });
bits!(SLIST_HEADER_HeaderX64, _bitfield_2: u64 { Reserved set_Reserved @ 0 + 4, NextEntry set_NextEntry @ 4 + 60 });
#[repr(C, align(16))]
#[derive(Clone, Copy)]
pub union SLIST_HEADER {
    pub __bindgen_anon_1: SLIST_HEADER_anon_1,
    pub HeaderX64: SLIST_HEADER_HeaderX64,
}
layout!(SLIST_HEADER_anon_1, 16, 8, Alignment @ 0, Region @ 8);
layout!(SLIST_HEADER_HeaderX64, 16, 8, _bitfield_1 @ 0, _bitfield_2 @ 8);
layout!(SLIST_HEADER, 16, 16, __bindgen_anon_1 @ 0, HeaderX64 @ 0);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct GUID {
    pub Data1: u32,
    pub Data2: u16,
    pub Data3: u16,
    pub Data4: [u8; 8],
}
layout!(GUID, 16, 4, Data1 @ 0, Data2 @ 4, Data3 @ 6, Data4 @ 8);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct LUID {
    pub LowPart: u32,
    pub HighPart: i32,
}
layout!(LUID, 8, 4, LowPart @ 0, HighPart @ 4);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct OBJECT_ATTRIBUTES {
    pub Length: u32,
    pub RootDirectory: HANDLE,
    pub ObjectName: *mut UNICODE_STRING,
    pub Attributes: u32,
    pub SecurityDescriptor: *mut c_void,
    pub SecurityQualityOfService: *mut c_void,
}
layout!(OBJECT_ATTRIBUTES, 48, 8, Length @ 0, RootDirectory @ 8, ObjectName @ 16, Attributes @ 24, SecurityDescriptor @ 32, SecurityQualityOfService @ 40);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct CLIENT_ID {
    pub UniqueProcess: HANDLE,
    pub UniqueThread: HANDLE,
}
layout!(CLIENT_ID, 16, 8, UniqueProcess @ 0, UniqueThread @ 8);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct TIME_FIELDS {
    pub Year: i16,
    pub Month: i16,
    pub Day: i16,
    pub Hour: i16,
    pub Minute: i16,
    pub Second: i16,
    pub Milliseconds: i16,
    pub Weekday: i16,
}
layout!(TIME_FIELDS, 16, 2, Year @ 0, Month @ 2, Day @ 4, Hour @ 6, Minute @ 8, Second @ 10, Milliseconds @ 12, Weekday @ 14);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct OSVERSIONINFOW {
    pub dwOSVersionInfoSize: u32,
    pub dwMajorVersion: u32,
    pub dwMinorVersion: u32,
    pub dwBuildNumber: u32,
    pub dwPlatformId: u32,
    pub szCSDVersion: [WCHAR; 128],
}
layout!(OSVERSIONINFOW, 276, 4, dwOSVersionInfoSize @ 0, dwMajorVersion @ 4, dwMinorVersion @ 8, dwBuildNumber @ 12, dwPlatformId @ 16, szCSDVersion @ 20);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct OSVERSIONINFOEXW {
    pub dwOSVersionInfoSize: u32,
    pub dwMajorVersion: u32,
    pub dwMinorVersion: u32,
    pub dwBuildNumber: u32,
    pub dwPlatformId: u32,
    pub szCSDVersion: [WCHAR; 128],
    pub wServicePackMajor: u16,
    pub wServicePackMinor: u16,
    pub wSuiteMask: u16,
    pub wProductType: u8,
    pub wReserved: u8,
}
layout!(OSVERSIONINFOEXW, 284, 4, dwOSVersionInfoSize @ 0, dwMajorVersion @ 4, dwMinorVersion @ 8, dwBuildNumber @ 12, dwPlatformId @ 16, szCSDVersion @ 20, wServicePackMajor @ 276, wServicePackMinor @ 278, wSuiteMask @ 280, wProductType @ 282, wReserved @ 283);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct PROCESSOR_NUMBER {
    pub Group: u16,
    pub Number: u8,
    pub Reserved: u8,
}
layout!(PROCESSOR_NUMBER, 4, 2, Group @ 0, Number @ 2, Reserved @ 3);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct GROUP_AFFINITY {
    pub Mask: usize,
    pub Group: u16,
    pub Reserved: [u16; 3],
}
layout!(GROUP_AFFINITY, 16, 8, Mask @ 0, Group @ 8, Reserved @ 10);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct ACL {
    pub AclRevision: u8,
    pub Sbz1: u8,
    pub AclSize: u16,
    pub AceCount: u16,
    pub Sbz2: u16,
}
layout!(ACL, 8, 2, AclRevision @ 0, Sbz1 @ 1, AclSize @ 2, AceCount @ 4, Sbz2 @ 6);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct ACE_HEADER {
    pub AceType: u8,
    pub AceFlags: u8,
    pub AceSize: u16,
}
layout!(ACE_HEADER, 4, 2, AceType @ 0, AceFlags @ 1, AceSize @ 2);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct ACCESS_ALLOWED_ACE {
    pub Header: ACE_HEADER,
    pub Mask: ACCESS_MASK,
    pub SidStart: u32,
}
layout!(ACCESS_ALLOWED_ACE, 12, 4, Header @ 0, Mask @ 4, SidStart @ 8);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct SID {
    pub Revision: u8,
    pub SubAuthorityCount: u8,
    pub IdentifierAuthority: SID_IDENTIFIER_AUTHORITY,
    pub SubAuthority: [u32; 1],
}
layout!(SID, 12, 4, Revision @ 0, SubAuthorityCount @ 1, IdentifierAuthority @ 2, SubAuthority @ 8);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct SID_IDENTIFIER_AUTHORITY {
    pub Value: [u8; 6],
}
layout!(SID_IDENTIFIER_AUTHORITY, 6, 1, Value @ 0);

#[repr(C)]
#[derive(Clone, Copy)]
pub union IO_STATUS_BLOCK_anon_1 {
    pub Status: NTSTATUS,
    pub Pointer: *mut c_void,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct IO_STATUS_BLOCK {
    pub __bindgen_anon_1: IO_STATUS_BLOCK_anon_1,
    pub Information: usize,
}
layout!(IO_STATUS_BLOCK_anon_1, 8, 8, Status @ 0, Pointer @ 0);
layout!(IO_STATUS_BLOCK, 16, 8, __bindgen_anon_1 @ 0, Information @ 8);

#[repr(C, align(16))]
#[derive(Clone, Copy)]
pub struct M128A {
    pub Low: u64,
    pub High: i64,
}
layout!(M128A, 16, 16, Low @ 0, High @ 8);

pub const OBJ_CASE_INSENSITIVE: u32 = 0x40;
pub const OBJ_EXCLUSIVE: u32 = 0x20;
pub const OBJ_FORCE_ACCESS_CHECK: u32 = 0x400;
pub const OBJ_INHERIT: u32 = 2;
pub const OBJ_KERNEL_HANDLE: u32 = 0x200;
pub const OBJ_OPENIF: u32 = 0x80;
pub const OBJ_OPENLINK: u32 = 0x100;
pub const OBJ_PERMANENT: u32 = 0x10;
pub const OBJ_VALID_ATTRIBUTES: u32 = 0x1FF2;
pub const ACCESS_SYSTEM_SECURITY: u32 = 0x1000000;
pub const DELETE: u32 = 0x10000;
pub const GENERIC_ALL: u32 = 0x10000000;
pub const GENERIC_EXECUTE: u32 = 0x20000000;
pub const GENERIC_READ: u32 = 0x80000000;
pub const GENERIC_WRITE: u32 = 0x40000000;
pub const MAXIMUM_ALLOWED: u32 = 0x2000000;
pub const READ_CONTROL: u32 = 0x20000;
pub const SPECIFIC_RIGHTS_ALL: u32 = 0xFFFF;
pub const STANDARD_RIGHTS_ALL: u32 = 0x1F0000;
pub const STANDARD_RIGHTS_EXECUTE: u32 = 0x20000;
pub const STANDARD_RIGHTS_READ: u32 = 0x20000;
pub const STANDARD_RIGHTS_REQUIRED: u32 = 0xF0000;
pub const STANDARD_RIGHTS_WRITE: u32 = 0x20000;
pub const SYNCHRONIZE: u32 = 0x100000;
pub const WRITE_DAC: u32 = 0x40000;
pub const WRITE_OWNER: u32 = 0x80000;
pub const ACCESS_ALLOWED_ACE_TYPE: u32 = 0;
pub const ACL_REVISION: u32 = 2;
pub const DACL_SECURITY_INFORMATION: u32 = 4;
pub const DOMAIN_ALIAS_RID_ADMINS: u32 = 0x220;
pub const GROUP_SECURITY_INFORMATION: u32 = 2;
pub const OWNER_SECURITY_INFORMATION: u32 = 1;
pub const SACL_SECURITY_INFORMATION: u32 = 8;
pub const SECURITY_BUILTIN_DOMAIN_RID: u32 = 0x20;
pub const SECURITY_DESCRIPTOR_REVISION: u32 = 1;
pub const SECURITY_DESCRIPTOR_REVISION1: u32 = 1;
pub const SECURITY_LOCAL_SYSTEM_RID: u32 = 0x12;
pub const SE_DACL_PRESENT: u32 = 4;
pub const SE_DACL_PROTECTED: u32 = 0x1000;
pub const SE_LOAD_DRIVER_PRIVILEGE: u32 = 0xA;
pub const SE_SHUTDOWN_PRIVILEGE: u32 = 0x13;
pub const SE_SYSTEMTIME_PRIVILEGE: u32 = 0xC;
pub const SE_TCB_PRIVILEGE: u32 = 7;
pub const SID_REVISION: u32 = 1;
pub const PAGE_EXECUTE: u32 = 0x10;
pub const PAGE_EXECUTE_READ: u32 = 0x20;
pub const PAGE_EXECUTE_READWRITE: u32 = 0x40;
pub const PAGE_NOACCESS: u32 = 1;
pub const PAGE_NOCACHE: u32 = 0x200;
pub const PAGE_READONLY: u32 = 2;
pub const PAGE_READWRITE: u32 = 4;
pub const PAGE_SHIFT: u32 = 0xC;
pub const PAGE_SIZE: u32 = 4096;
pub const PAGE_WRITECOMBINE: u32 = 0x400;
pub const ALL_PROCESSOR_GROUPS: u32 = 0xFFFF;
pub const MAXIMUM_PROCESSORS: u32 = 64;
pub const MAXULONG: u32 = 0xFFFFFFFF;
pub const MAXUSHORT: u32 = 65535;
pub const VER_AND: u32 = 6;
pub const VER_BUILDNUMBER: u32 = 4;
pub const VER_CONDITION_MASK: u32 = 7;
pub const VER_DESCRIPTOR_1667_2006: u32 = 0xFFC1;
pub const VER_DESCRIPTOR_1667_2009: u32 = 0xFFC2;
pub const VER_DESCRIPTOR_1667_NOVERSION: u32 = 65472;
pub const VER_DESCRIPTOR_SBC3: u32 = 0x4C0;
pub const VER_DESCRIPTOR_SPC4_NOVERSION: u32 = 1120;
pub const VER_DESCRIPTOR_SPC4_T10_1731D_R16: u32 = 0x461;
pub const VER_DESCRIPTOR_SPC4_T10_1731D_R18: u32 = 0x462;
pub const VER_DESCRIPTOR_SPC4_T10_1731D_R23: u32 = 0x463;
pub const VER_EQUAL: u32 = 1;
pub const VER_GREATER: u32 = 2;
pub const VER_GREATER_EQUAL: u32 = 3;
pub const VER_LESS: u32 = 4;
pub const VER_LESS_EQUAL: u32 = 5;
pub const VER_MAJORVERSION: u32 = 2;
pub const VER_MINORVERSION: u32 = 1;
pub const VER_NT_DOMAIN_CONTROLLER: u32 = 2;
pub const VER_NT_SERVER: u32 = 3;
pub const VER_NT_WORKSTATION: u32 = 1;
pub const VER_NUM_BITS_PER_CONDITION_MASK: u32 = 3;
pub const VER_OR: u32 = 7;
pub const VER_PLATFORMID: u32 = 8;
pub const VER_PLATFORM_WIN32_NT: u32 = 2;
pub const VER_PLATFORM_WIN32_WINDOWS: u32 = 1;
pub const VER_PLATFORM_WIN32s: u32 = 0;
pub const VER_PRODUCT_TYPE: u32 = 0x80;
pub const VER_SERVER_NT: u32 = 0x80000000;
pub const VER_SERVICEPACKMAJOR: u32 = 0x20;
pub const VER_SERVICEPACKMINOR: u32 = 0x10;
pub const VER_SUITENAME: u32 = 0x40;
pub const VER_SUITE_BACKOFFICE: u32 = 4;
pub const VER_SUITE_BLADE: u32 = 0x400;
pub const VER_SUITE_COMMUNICATIONS: u32 = 8;
pub const VER_SUITE_COMPUTE_SERVER: u32 = 0x4000;
pub const VER_SUITE_DATACENTER: u32 = 0x80;
pub const VER_SUITE_EMBEDDEDNT: u32 = 0x40;
pub const VER_SUITE_EMBEDDED_RESTRICTED: u32 = 0x800;
pub const VER_SUITE_ENTERPRISE: u32 = 2;
pub const VER_SUITE_MULTIUSERTS: u32 = 0x20000;
pub const VER_SUITE_PERSONAL: u32 = 0x200;
pub const VER_SUITE_SECURITY_APPLIANCE: u32 = 0x1000;
pub const VER_SUITE_SINGLEUSERTS: u32 = 0x100;
pub const VER_SUITE_SMALLBUSINESS: u32 = 1;
pub const VER_SUITE_SMALLBUSINESS_RESTRICTED: u32 = 0x20;
pub const VER_SUITE_STORAGE_SERVER: u32 = 0x2000;
pub const VER_SUITE_TERMINAL: u32 = 0x10;
pub const VER_SUITE_WH_SERVER: u32 = 0x8000;
pub const VER_WORKSTATION_NT: u32 = 0x40000000;
