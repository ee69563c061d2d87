//! Ps, Ob, Se: threads, processes, objects, security.
//!
//! Names, layouts and values as Microsoft's WDK headers declare them (NTDDI 0x0A00000C, NDIS 6.85),
//! 64-bit x86. Checked against the recorded facts by `tests/abi`.

use super::*;

pub type POBJECT_TYPE = *mut c_void;
pub type SECURITY_IMPERSONATION_LEVEL = i32;

pub type PLOAD_IMAGE_NOTIFY_ROUTINE = Option<unsafe extern "win64" fn(FullImageName: *mut UNICODE_STRING, ProcessId: HANDLE, ImageInfo: *mut IMAGE_INFO)>;
pub type PCREATE_PROCESS_NOTIFY_ROUTINE = Option<unsafe extern "win64" fn(ParentId: HANDLE, ProcessId: HANDLE, Create: BOOLEAN)>;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct SE_EXPORTS {
    pub SeCreateTokenPrivilege: LUID,
    pub SeAssignPrimaryTokenPrivilege: LUID,
    pub SeLockMemoryPrivilege: LUID,
    pub SeIncreaseQuotaPrivilege: LUID,
    pub SeUnsolicitedInputPrivilege: LUID,
    pub SeTcbPrivilege: LUID,
    pub SeSecurityPrivilege: LUID,
    pub SeTakeOwnershipPrivilege: LUID,
    pub SeLoadDriverPrivilege: LUID,
    pub SeCreatePagefilePrivilege: LUID,
    pub SeIncreaseBasePriorityPrivilege: LUID,
    pub SeSystemProfilePrivilege: LUID,
    pub SeSystemtimePrivilege: LUID,
    pub SeProfileSingleProcessPrivilege: LUID,
    pub SeCreatePermanentPrivilege: LUID,
    pub SeBackupPrivilege: LUID,
    pub SeRestorePrivilege: LUID,
    pub SeShutdownPrivilege: LUID,
    pub SeDebugPrivilege: LUID,
    pub SeAuditPrivilege: LUID,
    pub SeSystemEnvironmentPrivilege: LUID,
    pub SeChangeNotifyPrivilege: LUID,
    pub SeRemoteShutdownPrivilege: LUID,
    pub SeNullSid: PSID,
    pub SeWorldSid: PSID,
    pub SeLocalSid: PSID,
    pub SeCreatorOwnerSid: PSID,
    pub SeCreatorGroupSid: PSID,
    pub SeNtAuthoritySid: PSID,
    pub SeDialupSid: PSID,
    pub SeNetworkSid: PSID,
    pub SeBatchSid: PSID,
    pub SeInteractiveSid: PSID,
    pub SeLocalSystemSid: PSID,
    pub SeAliasAdminsSid: PSID,
    pub SeAliasUsersSid: PSID,
    pub SeAliasGuestsSid: PSID,
    pub SeAliasPowerUsersSid: PSID,
    pub SeAliasAccountOpsSid: PSID,
    pub SeAliasSystemOpsSid: PSID,
    pub SeAliasPrintOpsSid: PSID,
    pub SeAliasBackupOpsSid: PSID,
    pub SeAuthenticatedUsersSid: PSID,
    pub SeRestrictedSid: PSID,
    pub SeAnonymousLogonSid: PSID,
    pub SeUndockPrivilege: LUID,
    pub SeSyncAgentPrivilege: LUID,
    pub SeEnableDelegationPrivilege: LUID,
    pub SeLocalServiceSid: PSID,
    pub SeNetworkServiceSid: PSID,
    pub SeManageVolumePrivilege: LUID,
    pub SeImpersonatePrivilege: LUID,
    pub SeCreateGlobalPrivilege: LUID,
    pub SeTrustedCredManAccessPrivilege: LUID,
    pub SeRelabelPrivilege: LUID,
    pub SeIncreaseWorkingSetPrivilege: LUID,
    pub SeTimeZonePrivilege: LUID,
    pub SeCreateSymbolicLinkPrivilege: LUID,
    pub SeIUserSid: PSID,
    pub SeUntrustedMandatorySid: PSID,
    pub SeLowMandatorySid: PSID,
    pub SeMediumMandatorySid: PSID,
    pub SeHighMandatorySid: PSID,
    pub SeSystemMandatorySid: PSID,
    pub SeOwnerRightsSid: PSID,
    pub SeAllAppPackagesSid: PSID,
    pub SeUserModeDriversSid: PSID,
    pub SeProcTrustWinTcbSid: PSID,
    pub SeTrustedInstallerSid: PSID,
    pub SeDelegateSessionUserImpersonatePrivilege: LUID,
    pub SeAppSiloSid: PSID,
    pub SeAppSiloVolumeRootMinimalCapabilitySid: PSID,
    pub SeAppSiloProfilesRootMinimalCapabilitySid: PSID,
}
layout!(SE_EXPORTS, 584, 8, SeCreateTokenPrivilege @ 0, SeAssignPrimaryTokenPrivilege @ 8, SeLockMemoryPrivilege @ 16, SeIncreaseQuotaPrivilege @ 24, SeUnsolicitedInputPrivilege @ 32, SeTcbPrivilege @ 40, SeSecurityPrivilege @ 48, SeTakeOwnershipPrivilege @ 56, SeLoadDriverPrivilege @ 64, SeCreatePagefilePrivilege @ 72, SeIncreaseBasePriorityPrivilege @ 80, SeSystemProfilePrivilege @ 88, SeSystemtimePrivilege @ 96, SeProfileSingleProcessPrivilege @ 104, SeCreatePermanentPrivilege @ 112, SeBackupPrivilege @ 120, SeRestorePrivilege @ 128, SeShutdownPrivilege @ 136, SeDebugPrivilege @ 144, SeAuditPrivilege @ 152, SeSystemEnvironmentPrivilege @ 160, SeChangeNotifyPrivilege @ 168, SeRemoteShutdownPrivilege @ 176, SeNullSid @ 184, SeWorldSid @ 192, SeLocalSid @ 200, SeCreatorOwnerSid @ 208, SeCreatorGroupSid @ 216, SeNtAuthoritySid @ 224, SeDialupSid @ 232, SeNetworkSid @ 240, SeBatchSid @ 248, SeInteractiveSid @ 256, SeLocalSystemSid @ 264, SeAliasAdminsSid @ 272, SeAliasUsersSid @ 280, SeAliasGuestsSid @ 288, SeAliasPowerUsersSid @ 296, SeAliasAccountOpsSid @ 304, SeAliasSystemOpsSid @ 312, SeAliasPrintOpsSid @ 320, SeAliasBackupOpsSid @ 328, SeAuthenticatedUsersSid @ 336, SeRestrictedSid @ 344, SeAnonymousLogonSid @ 352, SeUndockPrivilege @ 360, SeSyncAgentPrivilege @ 368, SeEnableDelegationPrivilege @ 376, SeLocalServiceSid @ 384, SeNetworkServiceSid @ 392, SeManageVolumePrivilege @ 400, SeImpersonatePrivilege @ 408, SeCreateGlobalPrivilege @ 416, SeTrustedCredManAccessPrivilege @ 424, SeRelabelPrivilege @ 432, SeIncreaseWorkingSetPrivilege @ 440, SeTimeZonePrivilege @ 448, SeCreateSymbolicLinkPrivilege @ 456, SeIUserSid @ 464, SeUntrustedMandatorySid @ 472, SeLowMandatorySid @ 480, SeMediumMandatorySid @ 488, SeHighMandatorySid @ 496, SeSystemMandatorySid @ 504, SeOwnerRightsSid @ 512, SeAllAppPackagesSid @ 520, SeUserModeDriversSid @ 528, SeProcTrustWinTcbSid @ 536, SeTrustedInstallerSid @ 544, SeDelegateSessionUserImpersonatePrivilege @ 552, SeAppSiloSid @ 560, SeAppSiloVolumeRootMinimalCapabilitySid @ 568, SeAppSiloProfilesRootMinimalCapabilitySid @ 576);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct IMAGE_INFO_anon_1_anon_1 {
    pub _bitfield_1: u32,
}
bits!(IMAGE_INFO_anon_1_anon_1, _bitfield_1: u32 { ImageAddressingMode set_ImageAddressingMode @ 0 + 8, SystemModeImage set_SystemModeImage @ 8 + 1, ImageMappedToAllPids set_ImageMappedToAllPids @ 9 + 1, ExtendedInfoPresent set_ExtendedInfoPresent @ 10 + 1, MachineTypeMismatch set_MachineTypeMismatch @ 11 + 1, ImageSignatureLevel set_ImageSignatureLevel @ 12 + 4, ImageSignatureType set_ImageSignatureType @ 16 + 3, ImagePartialMap set_ImagePartialMap @ 19 + 1, Reserved set_Reserved @ 20 + 12 });
#[repr(C)]
#[derive(Clone, Copy)]
pub union IMAGE_INFO_anon_1 {
    pub Properties: u32,
    pub __bindgen_anon_1: IMAGE_INFO_anon_1_anon_1,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct IMAGE_INFO {
    pub __bindgen_anon_1: IMAGE_INFO_anon_1,
    pub ImageBase: *mut c_void,
    pub ImageSelector: u32,
    pub ImageSize: usize,
    pub ImageSectionNumber: u32,
}
layout!(IMAGE_INFO_anon_1_anon_1, 4, 4, _bitfield_1 @ 0);
layout!(IMAGE_INFO_anon_1, 4, 4, Properties @ 0, __bindgen_anon_1 @ 0);
layout!(IMAGE_INFO, 40, 8, __bindgen_anon_1 @ 0, ImageBase @ 8, ImageSelector @ 16, ImageSize @ 24, ImageSectionNumber @ 32);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct SECURITY_SUBJECT_CONTEXT {
    pub ClientToken: *mut c_void,
    pub ImpersonationLevel: SECURITY_IMPERSONATION_LEVEL,
    pub PrimaryToken: *mut c_void,
    pub ProcessAuditId: *mut c_void,
}
layout!(SECURITY_SUBJECT_CONTEXT, 32, 8, ClientToken @ 0, ImpersonationLevel @ 8, PrimaryToken @ 16, ProcessAuditId @ 24);

#[repr(C)]
#[derive(Clone, Copy)]
pub union ACCESS_STATE_Privileges {
    pub InitialPrivilegeSet: INITIAL_PRIVILEGE_SET,
    pub PrivilegeSet: PRIVILEGE_SET,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ACCESS_STATE {
    pub OperationID: LUID,
    pub SecurityEvaluated: BOOLEAN,
    pub GenerateAudit: BOOLEAN,
    pub GenerateOnClose: BOOLEAN,
    pub PrivilegesAllocated: BOOLEAN,
    pub Flags: u32,
    pub RemainingDesiredAccess: ACCESS_MASK,
    pub PreviouslyGrantedAccess: ACCESS_MASK,
    pub OriginalDesiredAccess: ACCESS_MASK,
    pub SubjectSecurityContext: SECURITY_SUBJECT_CONTEXT,
    pub SecurityDescriptor: PSECURITY_DESCRIPTOR,
    pub AuxData: *mut c_void,
    pub Privileges: ACCESS_STATE_Privileges,
    pub AuditPrivileges: BOOLEAN,
    pub ObjectName: UNICODE_STRING,
    pub ObjectTypeName: UNICODE_STRING,
}
layout!(ACCESS_STATE_Privileges, 44, 4, InitialPrivilegeSet @ 0, PrivilegeSet @ 0);
layout!(ACCESS_STATE, 160, 8, OperationID @ 0, SecurityEvaluated @ 8, GenerateAudit @ 9, GenerateOnClose @ 10, PrivilegesAllocated @ 11, Flags @ 12, RemainingDesiredAccess @ 16, PreviouslyGrantedAccess @ 20, OriginalDesiredAccess @ 24, SubjectSecurityContext @ 32, SecurityDescriptor @ 64, AuxData @ 72, Privileges @ 80, AuditPrivileges @ 124, ObjectName @ 128, ObjectTypeName @ 144);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct PS_CREATE_NOTIFY_INFO_anon_1_anon_1 {
    pub _bitfield_1: u32,
}
bits!(PS_CREATE_NOTIFY_INFO_anon_1_anon_1, _bitfield_1: u32 { FileOpenNameAvailable set_FileOpenNameAvailable @ 0 + 1, IsSubsystemProcess set_IsSubsystemProcess @ 1 + 1, Reserved set_Reserved @ 2 + 30 });
#[repr(C)]
#[derive(Clone, Copy)]
pub union PS_CREATE_NOTIFY_INFO_anon_1 {
    pub Flags: u32,
    pub __bindgen_anon_1: PS_CREATE_NOTIFY_INFO_anon_1_anon_1,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct PS_CREATE_NOTIFY_INFO {
    pub Size: usize,
    pub __bindgen_anon_1: PS_CREATE_NOTIFY_INFO_anon_1,
    pub ParentProcessId: HANDLE,
    pub CreatingThreadId: CLIENT_ID,
    pub FileObject: *mut FILE_OBJECT,
    pub ImageFileName: *const UNICODE_STRING,
    pub CommandLine: *const UNICODE_STRING,
    pub CreationStatus: NTSTATUS,
}
layout!(PS_CREATE_NOTIFY_INFO_anon_1_anon_1, 4, 4, _bitfield_1 @ 0);
layout!(PS_CREATE_NOTIFY_INFO_anon_1, 4, 4, Flags @ 0, __bindgen_anon_1 @ 0);
layout!(PS_CREATE_NOTIFY_INFO, 72, 8, Size @ 0, __bindgen_anon_1 @ 8, ParentProcessId @ 16, CreatingThreadId @ 24, FileObject @ 40, ImageFileName @ 48, CommandLine @ 56, CreationStatus @ 64);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct INITIAL_PRIVILEGE_SET {
    pub PrivilegeCount: u32,
    pub Control: u32,
    pub Privilege: [LUID_AND_ATTRIBUTES; 3],
}
layout!(INITIAL_PRIVILEGE_SET, 44, 4, PrivilegeCount @ 0, Control @ 4, Privilege @ 8);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct PRIVILEGE_SET {
    pub PrivilegeCount: u32,
    pub Control: u32,
    pub Privilege: [LUID_AND_ATTRIBUTES; 1],
}
layout!(PRIVILEGE_SET, 20, 4, PrivilegeCount @ 0, Control @ 4, Privilege @ 8);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct LUID_AND_ATTRIBUTES {
    pub Luid: LUID,
    pub Attributes: u32,
}
layout!(LUID_AND_ATTRIBUTES, 12, 4, Luid @ 0, Attributes @ 8);

pub const SecurityAnonymous: SECURITY_IMPERSONATION_LEVEL = 0;
pub const SecurityIdentification: SECURITY_IMPERSONATION_LEVEL = 1;
pub const SecurityImpersonation: SECURITY_IMPERSONATION_LEVEL = 2;
pub const SecurityDelegation: SECURITY_IMPERSONATION_LEVEL = 3;
pub const THREAD_SET_INFORMATION: u32 = 0x20;
pub const THREAD_SUSPEND_RESUME: u32 = 2;
pub const THREAD_TERMINATE: u32 = 1;

#[cfg_attr(windows, link(name = "ntoskrnl.exe", kind = "raw-dylib", modifiers = "+verbatim"))]
unsafe extern "system" {
    pub fn PsCreateSystemThread(ThreadHandle: *mut HANDLE, DesiredAccess: u32, ObjectAttributes: *mut OBJECT_ATTRIBUTES, ProcessHandle: HANDLE, ClientId: *mut CLIENT_ID, StartRoutine: PKSTART_ROUTINE, StartContext: *mut c_void) -> NTSTATUS;
    pub fn PsTerminateSystemThread(ExitStatus: NTSTATUS) -> NTSTATUS;
    pub fn PsGetVersion(MajorVersion: *mut u32, MinorVersion: *mut u32, BuildNumber: *mut u32, CSDVersion: *mut UNICODE_STRING) -> BOOLEAN;
    pub fn PsGetCurrentProcessId() -> HANDLE;
    pub fn PsGetCurrentThreadId() -> HANDLE;
    pub fn PsGetCurrentThread() -> PETHREAD;
    pub fn PsGetProcessId(Process: PEPROCESS) -> HANDLE;
    pub fn PsGetThreadId(Thread: PETHREAD) -> HANDLE;
    pub fn PsRemoveLoadImageNotifyRoutine(NotifyRoutine: PLOAD_IMAGE_NOTIFY_ROUTINE) -> NTSTATUS;
    pub fn PsSetLoadImageNotifyRoutine(NotifyRoutine: PLOAD_IMAGE_NOTIFY_ROUTINE) -> NTSTATUS;
    pub fn PsSetCreateProcessNotifyRoutine(NotifyRoutine: PCREATE_PROCESS_NOTIFY_ROUTINE, Remove: BOOLEAN) -> NTSTATUS;
    pub fn PsIsSystemThread(Thread: PETHREAD) -> BOOLEAN;
    pub fn ObReferenceObjectByHandle(Handle: HANDLE, DesiredAccess: ACCESS_MASK, ObjectType: POBJECT_TYPE, AccessMode: KPROCESSOR_MODE, Object: *mut *mut c_void, HandleInformation: *mut c_void) -> NTSTATUS;
    pub fn ObReferenceObjectByPointer(Object: *mut c_void, DesiredAccess: ACCESS_MASK, ObjectType: POBJECT_TYPE, AccessMode: KPROCESSOR_MODE) -> NTSTATUS;
    pub fn ObOpenObjectByPointer(Object: *mut c_void, HandleAttributes: u32, PassedAccessState: *mut ACCESS_STATE, DesiredAccess: ACCESS_MASK, ObjectType: POBJECT_TYPE, AccessMode: KPROCESSOR_MODE, Handle: *mut HANDLE) -> NTSTATUS;
    pub fn ObfDereferenceObject(Object: *mut c_void) -> isize;
    pub fn ObfReferenceObject(Object: *mut c_void) -> isize;
    pub fn ObDereferenceObjectDeferDelete(Object: *mut c_void);
    pub fn ObGetObjectSecurity(Object: *mut c_void, SecurityDescriptor: *mut PSECURITY_DESCRIPTOR, MemoryAllocated: *mut BOOLEAN) -> NTSTATUS;
    pub fn ObReleaseObjectSecurity(SecurityDescriptor: PSECURITY_DESCRIPTOR, MemoryAllocated: BOOLEAN);
    pub fn ObQueryNameString(Object: *mut c_void, ObjectNameInfo: *mut c_void, Length: u32, ReturnLength: *mut u32) -> NTSTATUS;
    pub fn SeAccessCheck(SecurityDescriptor: PSECURITY_DESCRIPTOR, SubjectSecurityContext: *mut SECURITY_SUBJECT_CONTEXT, SubjectContextLocked: BOOLEAN, DesiredAccess: ACCESS_MASK, PreviouslyGrantedAccess: ACCESS_MASK, Privileges: *mut *mut c_void, GenericMapping: *mut c_void, AccessMode: KPROCESSOR_MODE, GrantedAccess: *mut ACCESS_MASK, AccessStatus: *mut NTSTATUS) -> BOOLEAN;
    pub fn SeSinglePrivilegeCheck(PrivilegeValue: LUID, PreviousMode: KPROCESSOR_MODE) -> BOOLEAN;
    pub fn SeCaptureSubjectContext(SubjectContext: *mut SECURITY_SUBJECT_CONTEXT);
    pub fn SeReleaseSubjectContext(SubjectContext: *mut SECURITY_SUBJECT_CONTEXT);
    pub fn SeAssignSecurity(ParentDescriptor: PSECURITY_DESCRIPTOR, ExplicitDescriptor: PSECURITY_DESCRIPTOR, NewDescriptor: *mut PSECURITY_DESCRIPTOR, IsDirectoryObject: BOOLEAN, SubjectContext: *mut SECURITY_SUBJECT_CONTEXT, GenericMapping: *mut c_void, PoolType: POOL_TYPE) -> NTSTATUS;
    pub fn SeDeassignSecurity(SecurityDescriptor: *mut PSECURITY_DESCRIPTOR) -> NTSTATUS;
    pub fn SeLocateProcessImageName(Process: PEPROCESS, pImageFileName: *mut *mut UNICODE_STRING) -> NTSTATUS;
    pub static mut PsThreadType: POBJECT_TYPE;
    pub static mut PsProcessType: POBJECT_TYPE;
    pub static mut PsInitialSystemProcess: PEPROCESS;
    pub static mut IoFileObjectType: POBJECT_TYPE;
    pub static mut SeTokenObjectType: POBJECT_TYPE;
}
