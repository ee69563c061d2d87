//! Rtl, Dbg and C run-time functions of the kernel.
//!
//! Names, layouts and values as Microsoft's WDK headers declare them (NTDDI 0x0A00000C, NDIS 6.85),
//! 64-bit x86. Checked against the recorded facts by `tests/abi`.

use super::*;

pub type PSID = *mut c_void;
pub type EXCEPTION_DISPOSITION = i32;
pub type SECURITY_DESCRIPTOR_CONTROL = u16;

pub type PDEBUG_PRINT_CALLBACK = Option<unsafe extern "win64" fn(Output: *mut STRING, ComponentId: u32, Level: u32)>;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct SECURITY_DESCRIPTOR {
    pub Revision: u8,
    pub Sbz1: u8,
    pub Control: SECURITY_DESCRIPTOR_CONTROL,
    pub Owner: PSID,
    pub Group: PSID,
    pub Sacl: *mut ACL,
    pub Dacl: *mut ACL,
}
layout!(SECURITY_DESCRIPTOR, 40, 8, Revision @ 0, Sbz1 @ 1, Control @ 2, Owner @ 8, Group @ 16, Sacl @ 24, Dacl @ 32);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct RTL_BITMAP {
    pub SizeOfBitMap: u32,
    pub Buffer: *mut u32,
}
layout!(RTL_BITMAP, 16, 8, SizeOfBitMap @ 0, Buffer @ 8);

pub const ExceptionContinueExecution: EXCEPTION_DISPOSITION = 0;
pub const ExceptionContinueSearch: EXCEPTION_DISPOSITION = 1;
pub const ExceptionNestedException: EXCEPTION_DISPOSITION = 2;
pub const ExceptionCollidedUnwind: EXCEPTION_DISPOSITION = 3;
pub const DPFLTR_ACPI_ID: i32 = 24;
pub const DPFLTR_ALPC_ID: i32 = 105;
pub const DPFLTR_AMLI_ID: i32 = 25;
pub const DPFLTR_APPCOMPAT_ID: i32 = 123;
pub const DPFLTR_AUTOCHK_ID: i32 = 43;
pub const DPFLTR_BURNENG_ID: i32 = 49;
pub const DPFLTR_CACHEMGR_ID: i32 = 127;
pub const DPFLTR_CAPIMG_ID: i32 = 151;
pub const DPFLTR_CDAUDIO_ID: i32 = 6;
pub const DPFLTR_CDROM_ID: i32 = 7;
pub const DPFLTR_CFR_ID: i32 = 129;
pub const DPFLTR_CLASSPNP_ID: i32 = 8;
pub const DPFLTR_CNG_ID: i32 = 140;
pub const DPFLTR_CONFIG_ID: i32 = 14;
pub const DPFLTR_COVERAGE_ID: i32 = 126;
pub const DPFLTR_CRASHDUMPXHCI_ID: i32 = 147;
pub const DPFLTR_CRASHDUMP_ID: i32 = 5;
pub const DPFLTR_DCOMSS_ID: i32 = 44;
pub const DPFLTR_DEFAULT_ID: i32 = 101;
pub const DPFLTR_DFRGIFC_ID: i32 = 100;
pub const DPFLTR_DFSC_ID: i32 = 103;
pub const DPFLTR_DISK_ID: i32 = 9;
pub const DPFLTR_DMADMIN_ID: i32 = 69;
pub const DPFLTR_DMCONFIG_ID: i32 = 68;
pub const DPFLTR_DMIO_ID: i32 = 67;
pub const DPFLTR_DMSERVER_ID: i32 = 74;
pub const DPFLTR_DMSYNTH_ID: i32 = 31;
pub const DPFLTR_DRIVEEXTENDER_ID: i32 = 145;
pub const DPFLTR_EMS_ID: i32 = 117;
pub const DPFLTR_ENDOFTABLE_ID: i32 = 155;
pub const DPFLTR_ENVIRON_ID: i32 = 116;
pub const DPFLTR_ERROR_LEVEL: u32 = 0;
pub const DPFLTR_EXFAT_ID: i32 = 141;
pub const DPFLTR_FASTFAT_ID: i32 = 33;
pub const DPFLTR_FCPORT_ID: i32 = 65;
pub const DPFLTR_FDC_ID: i32 = 60;
pub const DPFLTR_FILETRACE_ID: i32 = 142;
pub const DPFLTR_FLOPPY_ID: i32 = 59;
pub const DPFLTR_FLTMGR_ID: i32 = 47;
pub const DPFLTR_FLTREGRESS_ID: i32 = 132;
pub const DPFLTR_FSLIB_ID: i32 = 154;
pub const DPFLTR_FSTUB_ID: i32 = 4;
pub const DPFLTR_FUSION_ID: i32 = 52;
pub const DPFLTR_FVEVOL_ID: i32 = 119;
pub const DPFLTR_GPIO_ID: i32 = 148;
pub const DPFLTR_HALIA64_ID: i32 = 26;
pub const DPFLTR_HEAP_ID: i32 = 110;
pub const DPFLTR_HPS_ID: i32 = 83;
pub const DPFLTR_I8042PRT_ID: i32 = 15;
pub const DPFLTR_IDEP_ID: i32 = 57;
pub const DPFLTR_IDLETASK_ID: i32 = 53;
pub const DPFLTR_IHVAUDIO_ID: i32 = 79;
pub const DPFLTR_IHVBUS_ID: i32 = 82;
pub const DPFLTR_IHVDRIVER_ID: i32 = 77;
pub const DPFLTR_IHVNETWORK_ID: i32 = 80;
pub const DPFLTR_IHVSTREAMING_ID: i32 = 81;
pub const DPFLTR_IHVVIDEO_ID: i32 = 78;
pub const DPFLTR_IMAPI_ID: i32 = 50;
pub const DPFLTR_INFINIBAND_ID: i32 = 76;
pub const DPFLTR_INFO_LEVEL: u32 = 3;
pub const DPFLTR_IOSTRESS_ID: i32 = 109;
pub const DPFLTR_ISAPNP_ID: i32 = 87;
pub const DPFLTR_KBDCLASS_ID: i32 = 20;
pub const DPFLTR_KBDHID_ID: i32 = 18;
pub const DPFLTR_KSECDD_ID: i32 = 131;
pub const DPFLTR_KTM_ID: i32 = 108;
pub const DPFLTR_LDR_ID: i32 = 85;
pub const DPFLTR_LSASS_ID: i32 = 138;
pub const DPFLTR_LSERMOUS_ID: i32 = 17;
pub const DPFLTR_LUAFV_ID: i32 = 122;
pub const DPFLTR_MASK: u32 = 0x80000000;
pub const DPFLTR_MCHGR_ID: i32 = 56;
pub const DPFLTR_MMCSS_ID: i32 = 113;
pub const DPFLTR_MM_ID: i32 = 102;
pub const DPFLTR_MOUCLASS_ID: i32 = 21;
pub const DPFLTR_MOUHID_ID: i32 = 19;
pub const DPFLTR_MOUNTMGR_ID: i32 = 128;
pub const DPFLTR_MPIO_ID: i32 = 133;
pub const DPFLTR_MSDSM_ID: i32 = 134;
pub const DPFLTR_NDIS_ID: i32 = 120;
pub const DPFLTR_NETAPI_ID: i32 = 36;
pub const DPFLTR_NTFS_ID: i32 = 3;
pub const DPFLTR_NTOSPNP_ID: i32 = 32;
pub const DPFLTR_NVCTRACE_ID: i32 = 121;
pub const DPFLTR_PCIIDE_ID: i32 = 58;
pub const DPFLTR_PCI_ID: i32 = 66;
pub const DPFLTR_PERFLIB_ID: i32 = 107;
pub const DPFLTR_PNPMEM_ID: i32 = 72;
pub const DPFLTR_PNPMGR_ID: i32 = 35;
pub const DPFLTR_POWER_ID: i32 = 146;
pub const DPFLTR_PREFETCHER_ID: i32 = 63;
pub const DPFLTR_PRINTSPOOLER_ID: i32 = 91;
pub const DPFLTR_PROCESSOR_ID: i32 = 73;
pub const DPFLTR_PSHED_ID: i32 = 136;
pub const DPFLTR_REDBOOK_ID: i32 = 10;
pub const DPFLTR_REFS_ID: i32 = 149;
pub const DPFLTR_RPCPROXY_ID: i32 = 42;
pub const DPFLTR_RSFILTER_ID: i32 = 64;
pub const DPFLTR_RTLTHREADPOOL_ID: i32 = 84;
pub const DPFLTR_SAMSS_ID: i32 = 34;
pub const DPFLTR_SBP2PORT_ID: i32 = 125;
pub const DPFLTR_SCCLIENT_ID: i32 = 38;
pub const DPFLTR_SCSERVER_ID: i32 = 37;
pub const DPFLTR_SCSIMINIPORT_ID: i32 = 13;
pub const DPFLTR_SCSIPORT_ID: i32 = 12;
pub const DPFLTR_SERENUM_ID: i32 = 40;
pub const DPFLTR_SERIAL_ID: i32 = 39;
pub const DPFLTR_SERMOUSE_ID: i32 = 16;
pub const DPFLTR_SETUP_ID: i32 = 2;
pub const DPFLTR_SE_ID: i32 = 144;
pub const DPFLTR_SHPC_ID: i32 = 88;
pub const DPFLTR_SIS_ID: i32 = 46;
pub const DPFLTR_SMSS_ID: i32 = 1;
pub const DPFLTR_SOFTPCI_ID: i32 = 54;
pub const DPFLTR_SR_ID: i32 = 75;
pub const DPFLTR_SSPICLI_ID: i32 = 139;
pub const DPFLTR_STORAGECLASSMEMORY_ID: i32 = 153;
pub const DPFLTR_STORMINIPORT_ID: i32 = 90;
pub const DPFLTR_STORPORT_ID: i32 = 89;
pub const DPFLTR_STORPROP_ID: i32 = 11;
pub const DPFLTR_STORVSP_ID: i32 = 137;
pub const DPFLTR_SVCHOST_ID: i32 = 28;
pub const DPFLTR_SXS_ID: i32 = 51;
pub const DPFLTR_SYSTEM_ID: i32 = 0;
pub const DPFLTR_TAPE_ID: i32 = 55;
pub const DPFLTR_TCPIP6_ID: i32 = 86;
pub const DPFLTR_TCPIP_ID: i32 = 30;
pub const DPFLTR_TERMSRV_ID: i32 = 61;
pub const DPFLTR_THREADORDER_ID: i32 = 115;
pub const DPFLTR_TPM_ID: i32 = 114;
pub const DPFLTR_TRACE_LEVEL: u32 = 2;
pub const DPFLTR_TWOTRACK_ID: i32 = 22;
pub const DPFLTR_TXF_ID: i32 = 130;
pub const DPFLTR_UDFS_ID: i32 = 135;
pub const DPFLTR_UHCD_ID: i32 = 41;
pub const DPFLTR_UNIMODEM_ID: i32 = 45;
pub const DPFLTR_USBSTOR_ID: i32 = 124;
pub const DPFLTR_USERGDI_ID: i32 = 112;
pub const DPFLTR_VDSBAS_ID: i32 = 95;
pub const DPFLTR_VDSDYNDR_ID: i32 = 97;
pub const DPFLTR_VDSDYN_ID: i32 = 96;
pub const DPFLTR_VDSLDR_ID: i32 = 98;
pub const DPFLTR_VDSUTIL_ID: i32 = 99;
pub const DPFLTR_VDS_ID: i32 = 94;
pub const DPFLTR_VERIFIER_ID: i32 = 93;
pub const DPFLTR_VIDEOPRT_ID: i32 = 29;
pub const DPFLTR_VIDEO_ID: i32 = 27;
pub const DPFLTR_VPCI_ID: i32 = 152;
pub const DPFLTR_VSSDYNDISK_ID: i32 = 92;
pub const DPFLTR_VSS_ID: i32 = 71;
pub const DPFLTR_W32TIME_ID: i32 = 62;
pub const DPFLTR_WARNING_LEVEL: u32 = 1;
pub const DPFLTR_WDI_ID: i32 = 106;
pub const DPFLTR_WDT_ID: i32 = 118;
pub const DPFLTR_WER_ID: i32 = 150;
pub const DPFLTR_WHEA_ID: i32 = 111;
pub const DPFLTR_WMICORE_ID: i32 = 48;
pub const DPFLTR_WMILIB_ID: i32 = 23;
pub const DPFLTR_WOW64_ID: i32 = 104;
pub const DPFLTR_WSOCKTRANSPORT_ID: i32 = 70;
pub const DPFLTR_XSAVE_ID: i32 = 143;
pub const RTL_GUID_STRING_SIZE: u32 = 38;
pub const RTL_STACK_WALKING_MODE_FRAMES_TO_SKIP_SHIFT: u32 = 8;
pub const HASH_STRING_ALGORITHM_DEFAULT: u32 = 0;
pub const HASH_STRING_ALGORITHM_INVALID: u32 = 0xFFFFFFFF;
pub const HASH_STRING_ALGORITHM_X65599: u32 = 1;

#[cfg_attr(windows, link(name = "ntoskrnl.exe", kind = "raw-dylib", modifiers = "+verbatim"))]
unsafe extern "system" {
    pub fn RtlInitUnicodeString(DestinationString: *mut UNICODE_STRING, SourceString: *const WCHAR);
    pub fn RtlInitAnsiString(DestinationString: *mut STRING, SourceString: *const i8);
    pub fn RtlInitString(DestinationString: *mut STRING, SourceString: *const i8);
    pub fn RtlCopyUnicodeString(DestinationString: *mut UNICODE_STRING, SourceString: *const UNICODE_STRING);
    pub fn RtlAppendUnicodeStringToString(Destination: *mut UNICODE_STRING, Source: *const UNICODE_STRING) -> NTSTATUS;
    pub fn RtlAppendUnicodeToString(Destination: *mut UNICODE_STRING, Source: *const WCHAR) -> NTSTATUS;
    pub fn RtlCompareUnicodeString(String1: *const UNICODE_STRING, String2: *const UNICODE_STRING, CaseInSensitive: BOOLEAN) -> i32;
    pub fn RtlEqualUnicodeString(String1: *const UNICODE_STRING, String2: *const UNICODE_STRING, CaseInSensitive: BOOLEAN) -> BOOLEAN;
    pub fn RtlPrefixUnicodeString(String1: *const UNICODE_STRING, String2: *const UNICODE_STRING, CaseInSensitive: BOOLEAN) -> BOOLEAN;
    pub fn RtlUpcaseUnicodeString(DestinationString: *mut UNICODE_STRING, SourceString: *const UNICODE_STRING, AllocateDestinationString: BOOLEAN) -> NTSTATUS;
    pub fn RtlDowncaseUnicodeString(DestinationString: *mut UNICODE_STRING, SourceString: *const UNICODE_STRING, AllocateDestinationString: BOOLEAN) -> NTSTATUS;
    pub fn RtlUpcaseUnicodeChar(SourceCharacter: WCHAR) -> WCHAR;
    pub fn RtlDowncaseUnicodeChar(SourceCharacter: WCHAR) -> WCHAR;
    pub fn RtlFreeUnicodeString(UnicodeString: *mut UNICODE_STRING);
    pub fn RtlFreeAnsiString(AnsiString: *mut STRING);
    pub fn RtlAnsiStringToUnicodeString(DestinationString: *mut UNICODE_STRING, SourceString: *mut STRING, AllocateDestinationString: BOOLEAN) -> NTSTATUS;
    pub fn RtlUnicodeStringToAnsiString(DestinationString: *mut STRING, SourceString: *const UNICODE_STRING, AllocateDestinationString: BOOLEAN) -> NTSTATUS;
    pub fn RtlUnicodeStringToInteger(String: *const UNICODE_STRING, Base: u32, Value: *mut u32) -> NTSTATUS;
    pub fn RtlIntegerToUnicodeString(Value: u32, Base: u32, String: *mut UNICODE_STRING) -> NTSTATUS;
    pub fn RtlInt64ToUnicodeString(Value: u64, Base: u32, String: *mut UNICODE_STRING) -> NTSTATUS;
    pub fn RtlHashUnicodeString(String: *const UNICODE_STRING, CaseInSensitive: BOOLEAN, HashAlgorithm: u32, HashValue: *mut u32) -> NTSTATUS;
    pub fn RtlUnicodeToMultiByteN(MultiByteString: *mut i8, MaxBytesInMultiByteString: u32, BytesInMultiByteString: *mut u32, UnicodeString: *const WCHAR, BytesInUnicodeString: u32) -> NTSTATUS;
    pub fn RtlMultiByteToUnicodeN(UnicodeString: *mut WCHAR, MaxBytesInUnicodeString: u32, BytesInUnicodeString: *mut u32, MultiByteString: *const i8, BytesInMultiByteString: u32) -> NTSTATUS;
    pub fn RtlUTF8ToUnicodeN(UnicodeStringDestination: *mut WCHAR, UnicodeStringMaxByteCount: u32, UnicodeStringActualByteCount: *mut u32, UTF8StringSource: *const i8, UTF8StringByteCount: u32) -> NTSTATUS;
    pub fn RtlUnicodeToUTF8N(UTF8StringDestination: *mut i8, UTF8StringMaxByteCount: u32, UTF8StringActualByteCount: *mut u32, UnicodeStringSource: *const WCHAR, UnicodeStringByteCount: u32) -> NTSTATUS;
    pub fn RtlCompareString(String1: *const STRING, String2: *const STRING, CaseInSensitive: BOOLEAN) -> i32;
    pub fn RtlEqualString(String1: *const STRING, String2: *const STRING, CaseInSensitive: BOOLEAN) -> BOOLEAN;
    pub fn RtlCopyString(DestinationString: *mut STRING, SourceString: *const STRING);
    pub fn RtlGUIDFromString(GuidString: *const UNICODE_STRING, Guid: *mut GUID) -> NTSTATUS;
    pub fn RtlStringFromGUID(Guid: *const GUID, GuidString: *mut UNICODE_STRING) -> NTSTATUS;
    pub fn RtlTimeToTimeFields(Time: *mut LARGE_INTEGER, TimeFields: *mut TIME_FIELDS);
    pub fn RtlTimeFieldsToTime(TimeFields: *mut TIME_FIELDS, Time: *mut LARGE_INTEGER) -> BOOLEAN;
    pub fn RtlTimeToSecondsSince1970(Time: *mut LARGE_INTEGER, ElapsedSeconds: *mut u32) -> BOOLEAN;
    pub fn RtlSecondsSince1970ToTime(ElapsedSeconds: u32, Time: *mut LARGE_INTEGER);
    pub fn RtlRandomEx(Seed: *mut u32) -> u32;
    pub fn RtlRandom(Seed: *mut u32) -> u32;
    pub fn RtlGetVersion(lpVersionInformation: *mut OSVERSIONINFOW) -> NTSTATUS;
    pub fn RtlVerifyVersionInfo(VersionInfo: *mut OSVERSIONINFOEXW, TypeMask: u32, ConditionMask: u64) -> NTSTATUS;
    pub fn RtlIsNtDdiVersionAvailable(Version: u32) -> BOOLEAN;
    pub fn RtlIsServicePackVersionInstalled(Version: u32) -> BOOLEAN;
    pub fn RtlCaptureContext(ContextRecord: *mut CONTEXT);
    pub fn RtlCaptureStackBackTrace(FramesToSkip: u32, FramesToCapture: u32, BackTrace: *mut *mut c_void, BackTraceHash: *mut u32) -> u16;
    pub fn RtlWalkFrameChain(Callers: *mut *mut c_void, Count: u32, Flags: u32) -> u32;
    pub fn RtlCompareMemory(Source1: *const c_void, Source2: *const c_void, Length: usize) -> usize;
    pub fn RtlAssert(VoidFailedAssertion: *mut c_void, VoidFileName: *mut c_void, LineNumber: u32, MutableMessage: *mut i8);
    pub fn RtlCreateSecurityDescriptor(SecurityDescriptor: PSECURITY_DESCRIPTOR, Revision: u32) -> NTSTATUS;
    pub fn RtlSetDaclSecurityDescriptor(SecurityDescriptor: PSECURITY_DESCRIPTOR, DaclPresent: BOOLEAN, Dacl: *mut ACL, DaclDefaulted: BOOLEAN) -> NTSTATUS;
    pub fn RtlCreateAcl(Acl: *mut ACL, AclLength: u32, AclRevision: u32) -> NTSTATUS;
    pub fn RtlAddAccessAllowedAce(Acl: *mut ACL, AceRevision: u32, AccessMask: ACCESS_MASK, Sid: PSID) -> NTSTATUS;
    pub fn RtlLengthSid(Sid: PSID) -> u32;
    pub fn RtlInitializeSid(Sid: PSID, IdentifierAuthority: *mut SID_IDENTIFIER_AUTHORITY, SubAuthorityCount: u8) -> NTSTATUS;
    pub fn RtlSubAuthoritySid(Sid: PSID, SubAuthority: u32) -> *mut u32;
    pub fn RtlLengthRequiredSid(SubAuthorityCount: u32) -> u32;
    pub fn RtlLengthSecurityDescriptor(SecurityDescriptor: PSECURITY_DESCRIPTOR) -> u32;
    pub fn RtlValidSecurityDescriptor(SecurityDescriptor: PSECURITY_DESCRIPTOR) -> BOOLEAN;
    pub fn RtlAbsoluteToSelfRelativeSD(AbsoluteSecurityDescriptor: PSECURITY_DESCRIPTOR, SelfRelativeSecurityDescriptor: PSECURITY_DESCRIPTOR, BufferLength: *mut u32) -> NTSTATUS;
    pub fn RtlInitializeBitMap(BitMapHeader: *mut RTL_BITMAP, BitMapBuffer: *mut u32, SizeOfBitMap: u32);
    pub fn RtlClearAllBits(BitMapHeader: *mut RTL_BITMAP);
    pub fn RtlSetAllBits(BitMapHeader: *mut RTL_BITMAP);
    pub fn RtlFindClearBitsAndSet(BitMapHeader: *mut RTL_BITMAP, NumberToFind: u32, HintIndex: u32) -> u32;
    pub fn RtlClearBits(BitMapHeader: *mut RTL_BITMAP, StartingIndex: u32, NumberToClear: u32);
    pub fn RtlSetBits(BitMapHeader: *mut RTL_BITMAP, StartingIndex: u32, NumberToSet: u32);
    pub fn RtlTestBit(BitMapHeader: *mut RTL_BITMAP, BitNumber: u32) -> BOOLEAN;
    pub fn RtlNumberOfSetBits(BitMapHeader: *mut RTL_BITMAP) -> u32;
    pub fn RtlFindClearBits(BitMapHeader: *mut RTL_BITMAP, NumberToFind: u32, HintIndex: u32) -> u32;
    pub fn RtlSetBit(BitMapHeader: *mut RTL_BITMAP, BitNumber: u32);
    pub fn RtlClearBit(BitMapHeader: *mut RTL_BITMAP, BitNumber: u32);
    pub fn vDbgPrintEx(ComponentId: u32, Level: u32, Format: *const i8, arglist: *mut i8) -> u32;
    pub fn vDbgPrintExWithPrefix(Prefix: *const i8, ComponentId: u32, Level: u32, Format: *const i8, arglist: *mut i8) -> u32;
    pub fn DbgSetDebugFilterState(ComponentId: u32, Level: u32, State: BOOLEAN) -> NTSTATUS;
    pub fn DbgQueryDebugFilterState(ComponentId: u32, Level: u32) -> NTSTATUS;
    pub fn DbgSetDebugPrintCallback(DebugPrintCallback: PDEBUG_PRINT_CALLBACK, Enable: BOOLEAN) -> NTSTATUS;
    pub fn DbgBreakPointWithStatus(Status: u32);
    pub fn DbgPrompt(Prompt: *const i8, Response: *mut i8, Length: u32) -> u32;
    pub fn KdDisableDebugger() -> NTSTATUS;
    pub fn KdEnableDebugger() -> NTSTATUS;
    pub fn KdRefreshDebuggerNotPresent() -> BOOLEAN;
    pub fn ProbeForRead(Address: *mut c_void, Length: usize, Alignment: u32);
    pub fn ProbeForWrite(Address: *mut c_void, Length: usize, Alignment: u32);
    pub fn memcpy(_Dst: *mut c_void, _Src: *const c_void, _MaxCount: usize) -> *mut c_void;
    pub fn memmove(_Dst: *mut c_void, _Src: *const c_void, _Size: usize) -> *mut c_void;
    pub fn memset(_Dst: *mut c_void, _Val: i32, _Size: usize) -> *mut c_void;
    pub fn memcmp(_Buf1: *const c_void, _Buf2: *const c_void, _Size: usize) -> i32;
    pub fn strlen(_Str: *const i8) -> u64;
    pub fn wcslen(_Str: *const u16) -> u64;
    pub fn strcmp(_Str1: *const i8, _Str2: *const i8) -> i32;
    pub fn strncmp(_Str1: *const i8, _Str2: *const i8, _MaxCount: usize) -> i32;
    pub fn strstr(_Str: *const i8, _SubStr: *const i8) -> *mut i8;
    pub fn strchr(_Str: *const i8, _Val: i32) -> *mut i8;
    pub fn _vsnprintf(_Dest: *mut i8, _Count: usize, _Format: *const i8, _Args: *mut i8) -> i32;
    pub fn _vsnwprintf(_Dest: *mut u16, _Count: usize, _Format: *const u16, _Args: *mut i8) -> i32;
    pub fn __C_specific_handler(ExceptionRecord: *mut EXCEPTION_RECORD, EstablisherFrame: *mut c_void, ContextRecord: *mut CONTEXT, DispatcherContext: *mut c_void) -> EXCEPTION_DISPOSITION;
    pub static mut SeExports: *mut SE_EXPORTS;
    pub static mut KdDebuggerEnabled: BOOLEAN;
    pub static mut KdDebuggerNotPresent: BOOLEAN;
    pub static mut InitSafeBootMode: u32;
}

#[cfg_attr(windows, link(name = "ntoskrnl.exe", kind = "raw-dylib", modifiers = "+verbatim"))]
unsafe extern "C" {
    pub fn DbgPrint(Format: *const i8, ...) -> u32;
    pub fn DbgPrintEx(ComponentId: u32, Level: u32, Format: *const i8, ...) -> u32;
    pub fn _snprintf(_Dest: *mut i8, _Count: usize, _Format: *const i8, ...) -> i32;
}
