//! Io: the I/O request packet and its stack locations.
//!
//! Names, layouts and values as Microsoft's WDK headers declare them (NTDDI 0x0A00000C, NDIS 6.85),
//! 64-bit x86. Checked against the recorded facts by `tests/abi`.

use super::*;

pub type DIRECTORY_NOTIFY_INFORMATION_CLASS = i32;

#[repr(C)]
#[derive(Clone, Copy)]
pub union IRP_AssociatedIrp {
    pub MasterIrp: *mut IRP,
    pub IrpCount: i32,
    pub SystemBuffer: *mut c_void,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub union IRP_anon_1 {
    pub UserIosb: *mut IO_STATUS_BLOCK,
    pub IoRingContext: *mut c_void,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub union IRP_Overlay_AsynchronousParameters_anon_1 {
    pub UserApcRoutine: PIO_APC_ROUTINE,
    pub IssuingProcess: *mut c_void,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub union IRP_Overlay_AsynchronousParameters_anon_2 {
    pub UserApcContext: *mut c_void,
    pub IoRing: *mut c_void,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct IRP_Overlay_AsynchronousParameters {
    pub __bindgen_anon_1: IRP_Overlay_AsynchronousParameters_anon_1,
    pub __bindgen_anon_2: IRP_Overlay_AsynchronousParameters_anon_2,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub union IRP_Overlay {
    pub AsynchronousParameters: IRP_Overlay_AsynchronousParameters,
    pub AllocationSize: LARGE_INTEGER,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub union IRP_Tail_Overlay_anon_1 {
    pub DeviceQueueEntry: KDEVICE_QUEUE_ENTRY,
    pub DriverContext: [*mut c_void; 4],
}
#[repr(C)]
#[derive(Clone, Copy)]
pub union IRP_Tail_Overlay_anon_2 {
    pub CurrentStackLocation: *mut IO_STACK_LOCATION,
    pub PacketType: u32,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct IRP_Tail_Overlay {
    pub __bindgen_anon_1: IRP_Tail_Overlay_anon_1,
    pub Thread: PETHREAD,
    pub AuxiliaryBuffer: *mut i8,
    pub ListEntry: LIST_ENTRY,
    pub __bindgen_anon_2: IRP_Tail_Overlay_anon_2,
    pub OriginalFileObject: *mut FILE_OBJECT,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub union IRP_Tail {
    pub Overlay: IRP_Tail_Overlay,
    pub Apc: KAPC,
    pub CompletionKey: *mut c_void,
}
#[repr(C, align(16))]
#[derive(Clone, Copy)]
pub struct IRP {
    pub Type: i16,
    pub Size: u16,
    pub MdlAddress: *mut MDL,
    pub Flags: u32,
    pub AssociatedIrp: IRP_AssociatedIrp,
    pub ThreadListEntry: LIST_ENTRY,
    pub IoStatus: IO_STATUS_BLOCK,
    pub RequestorMode: KPROCESSOR_MODE,
    pub PendingReturned: BOOLEAN,
    pub StackCount: i8,
    pub CurrentLocation: i8,
    pub Cancel: BOOLEAN,
    pub CancelIrql: KIRQL,
    pub ApcEnvironment: i8,
    pub AllocationFlags: u8,
    pub __bindgen_anon_1: IRP_anon_1,
    pub UserEvent: *mut KEVENT,
    pub Overlay: IRP_Overlay,
    pub CancelRoutine: PDRIVER_CANCEL,
    pub UserBuffer: *mut c_void,
    pub Tail: IRP_Tail,
}
layout!(IRP_AssociatedIrp, 8, 8, MasterIrp @ 0, IrpCount @ 0, SystemBuffer @ 0);
layout!(IRP_anon_1, 8, 8, UserIosb @ 0, IoRingContext @ 0);
layout!(IRP_Overlay_AsynchronousParameters_anon_1, 8, 8, UserApcRoutine @ 0, IssuingProcess @ 0);
layout!(IRP_Overlay_AsynchronousParameters_anon_2, 8, 8, UserApcContext @ 0, IoRing @ 0);
layout!(IRP_Overlay_AsynchronousParameters, 16, 8, __bindgen_anon_1 @ 0, __bindgen_anon_2 @ 8);
layout!(IRP_Overlay, 16, 8, AsynchronousParameters @ 0, AllocationSize @ 0);
layout!(IRP_Tail_Overlay_anon_1, 32, 8, DeviceQueueEntry @ 0, DriverContext @ 0);
layout!(IRP_Tail_Overlay_anon_2, 8, 8, CurrentStackLocation @ 0, PacketType @ 0);
layout!(IRP_Tail_Overlay, 80, 8, __bindgen_anon_1 @ 0, Thread @ 32, AuxiliaryBuffer @ 40, ListEntry @ 48, __bindgen_anon_2 @ 64, OriginalFileObject @ 72);
layout!(IRP_Tail, 88, 8, Overlay @ 0, Apc @ 0, CompletionKey @ 0);
layout!(IRP, 208, 16, Type @ 0, Size @ 2, MdlAddress @ 8, Flags @ 16, AssociatedIrp @ 24, ThreadListEntry @ 32, IoStatus @ 48, RequestorMode @ 64, PendingReturned @ 65, StackCount @ 66, CurrentLocation @ 67, Cancel @ 68, CancelIrql @ 69, ApcEnvironment @ 70, AllocationFlags @ 71, __bindgen_anon_1 @ 72, UserEvent @ 80, Overlay @ 88, CancelRoutine @ 104, UserBuffer @ 112, Tail @ 120);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct IO_STACK_LOCATION_Parameters_Create {
    pub SecurityContext: *mut IO_SECURITY_CONTEXT,
    pub Options: u32,
    _padding_1: [u8; 4],
    pub FileAttributes: u16,
    pub ShareAccess: u16,
    _padding_2: [u8; 4],
    pub EaLength: u32,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct IO_STACK_LOCATION_Parameters_CreatePipe {
    pub SecurityContext: *mut IO_SECURITY_CONTEXT,
    pub Options: u32,
    _padding_1: [u8; 4],
    pub Reserved: u16,
    pub ShareAccess: u16,
    pub Parameters: *mut c_void,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct IO_STACK_LOCATION_Parameters_CreateMailslot {
    pub SecurityContext: *mut IO_SECURITY_CONTEXT,
    pub Options: u32,
    _padding_1: [u8; 4],
    pub Reserved: u16,
    pub ShareAccess: u16,
    pub Parameters: *mut c_void,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct IO_STACK_LOCATION_Parameters_Read {
    pub Length: u32,
    _padding_1: [u8; 4],
    pub Key: u32,
    pub Flags: u32,
    pub ByteOffset: LARGE_INTEGER,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct IO_STACK_LOCATION_Parameters_Write {
    pub Length: u32,
    _padding_1: [u8; 4],
    pub Key: u32,
    pub Flags: u32,
    pub ByteOffset: LARGE_INTEGER,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct IO_STACK_LOCATION_Parameters_QueryDirectory {
    pub Length: u32,
    pub FileName: *mut UNICODE_STRING,
    pub FileInformationClass: FILE_INFORMATION_CLASS,
    _padding_1: [u8; 4],
    pub FileIndex: u32,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct IO_STACK_LOCATION_Parameters_NotifyDirectory {
    pub Length: u32,
    _padding_1: [u8; 4],
    pub CompletionFilter: u32,
    _padding_2: [u8; 4],
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct IO_STACK_LOCATION_Parameters_NotifyDirectoryEx {
    pub Length: u32,
    _padding_1: [u8; 4],
    pub CompletionFilter: u32,
    _padding_2: [u8; 4],
    pub DirectoryNotifyInformationClass: DIRECTORY_NOTIFY_INFORMATION_CLASS,
    _padding_3: [u8; 4],
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct IO_STACK_LOCATION_Parameters_QueryFile {
    pub Length: u32,
    _padding_1: [u8; 4],
    pub FileInformationClass: FILE_INFORMATION_CLASS,
    _padding_2: [u8; 4],
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct IO_STACK_LOCATION_Parameters_SetFile_anon_1_anon_1 {
    pub ReplaceIfExists: BOOLEAN,
    pub AdvanceOnly: BOOLEAN,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub union IO_STACK_LOCATION_Parameters_SetFile_anon_1 {
    pub __bindgen_anon_1: IO_STACK_LOCATION_Parameters_SetFile_anon_1_anon_1,
    pub ClusterCount: u32,
    pub DeleteHandle: HANDLE,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct IO_STACK_LOCATION_Parameters_SetFile {
    pub Length: u32,
    _padding_1: [u8; 4],
    pub FileInformationClass: FILE_INFORMATION_CLASS,
    pub FileObject: *mut FILE_OBJECT,
    pub __bindgen_anon_1: IO_STACK_LOCATION_Parameters_SetFile_anon_1,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct IO_STACK_LOCATION_Parameters_QueryEa {
    pub Length: u32,
    pub EaList: *mut c_void,
    pub EaListLength: u32,
    _padding_1: [u8; 4],
    pub EaIndex: u32,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct IO_STACK_LOCATION_Parameters_SetEa {
    pub Length: u32,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct IO_STACK_LOCATION_Parameters_QueryVolume {
    pub Length: u32,
    _padding_1: [u8; 4],
    pub FsInformationClass: FS_INFORMATION_CLASS,
    _padding_2: [u8; 4],
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct IO_STACK_LOCATION_Parameters_SetVolume {
    pub Length: u32,
    _padding_1: [u8; 4],
    pub FsInformationClass: FS_INFORMATION_CLASS,
    _padding_2: [u8; 4],
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct IO_STACK_LOCATION_Parameters_FileSystemControl {
    pub OutputBufferLength: u32,
    _padding_1: [u8; 4],
    pub InputBufferLength: u32,
    _padding_2: [u8; 4],
    pub FsControlCode: u32,
    pub Type3InputBuffer: *mut c_void,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct IO_STACK_LOCATION_Parameters_LockControl {
    pub Length: *mut LARGE_INTEGER,
    pub Key: u32,
    pub ByteOffset: LARGE_INTEGER,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct IO_STACK_LOCATION_Parameters_DeviceIoControl {
    pub OutputBufferLength: u32,
    _padding_1: [u8; 4],
    pub InputBufferLength: u32,
    _padding_2: [u8; 4],
    pub IoControlCode: u32,
    pub Type3InputBuffer: *mut c_void,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct IO_STACK_LOCATION_Parameters_QuerySecurity {
    pub SecurityInformation: SECURITY_INFORMATION,
    _padding_1: [u8; 4],
    pub Length: u32,
    _padding_2: [u8; 4],
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct IO_STACK_LOCATION_Parameters_SetSecurity {
    pub SecurityInformation: SECURITY_INFORMATION,
    pub SecurityDescriptor: PSECURITY_DESCRIPTOR,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct IO_STACK_LOCATION_Parameters_MountVolume {
    pub Vpb: *mut VPB,
    pub DeviceObject: *mut DEVICE_OBJECT,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct IO_STACK_LOCATION_Parameters_VerifyVolume {
    pub Vpb: *mut VPB,
    pub DeviceObject: *mut DEVICE_OBJECT,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct IO_STACK_LOCATION_Parameters_Scsi {
    pub Srb: *mut SCSI_REQUEST_BLOCK,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct IO_STACK_LOCATION_Parameters_QueryQuota {
    pub Length: u32,
    pub StartSid: PSID,
    pub SidList: *mut c_void,
    pub SidListLength: u32,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct IO_STACK_LOCATION_Parameters_SetQuota {
    pub Length: u32,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct IO_STACK_LOCATION_Parameters_QueryDeviceRelations {
    pub Type: DEVICE_RELATION_TYPE,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct IO_STACK_LOCATION_Parameters_QueryInterface {
    pub InterfaceType: *const GUID,
    pub Size: u16,
    pub Version: u16,
    pub Interface: *mut INTERFACE,
    pub InterfaceSpecificData: *mut c_void,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct IO_STACK_LOCATION_Parameters_DeviceCapabilities {
    pub Capabilities: *mut DEVICE_CAPABILITIES,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct IO_STACK_LOCATION_Parameters_FilterResourceRequirements {
    pub IoResourceRequirementList: *mut IO_RESOURCE_REQUIREMENTS_LIST,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct IO_STACK_LOCATION_Parameters_ReadWriteConfig {
    pub WhichSpace: u32,
    pub Buffer: *mut c_void,
    pub Offset: u32,
    _padding_1: [u8; 4],
    pub Length: u32,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct IO_STACK_LOCATION_Parameters_SetLock {
    pub Lock: BOOLEAN,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct IO_STACK_LOCATION_Parameters_QueryId {
    pub IdType: BUS_QUERY_ID_TYPE,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct IO_STACK_LOCATION_Parameters_QueryDeviceText {
    pub DeviceTextType: DEVICE_TEXT_TYPE,
    _padding_1: [u8; 4],
    pub LocaleId: LCID,
    _padding_2: [u8; 4],
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct IO_STACK_LOCATION_Parameters_UsageNotification {
    pub InPath: BOOLEAN,
    pub Reserved: [BOOLEAN; 3],
    _padding_1: [u8; 4],
    pub Type: DEVICE_USAGE_NOTIFICATION_TYPE,
    _padding_2: [u8; 4],
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct IO_STACK_LOCATION_Parameters_WaitWake {
    pub PowerState: SYSTEM_POWER_STATE,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct IO_STACK_LOCATION_Parameters_PowerSequence {
    pub PowerSequence: *mut POWER_SEQUENCE,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub union IO_STACK_LOCATION_Parameters_Power_anon_1 {
    pub SystemContext: u32,
    pub SystemPowerStateContext: SYSTEM_POWER_STATE_CONTEXT,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct IO_STACK_LOCATION_Parameters_Power {
    pub __bindgen_anon_1: IO_STACK_LOCATION_Parameters_Power_anon_1,
    _padding_1: [u8; 4],
    pub Type: POWER_STATE_TYPE,
    _padding_2: [u8; 4],
    pub State: POWER_STATE,
    _padding_3: [u8; 4],
    pub ShutdownType: POWER_ACTION,
    _padding_4: [u8; 4],
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct IO_STACK_LOCATION_Parameters_StartDevice {
    pub AllocatedResources: *mut CM_RESOURCE_LIST,
    pub AllocatedResourcesTranslated: *mut CM_RESOURCE_LIST,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct IO_STACK_LOCATION_Parameters_WMI {
    pub ProviderId: usize,
    pub DataPath: *mut c_void,
    pub BufferSize: u32,
    pub Buffer: *mut c_void,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct IO_STACK_LOCATION_Parameters_Others {
    pub Argument1: *mut c_void,
    pub Argument2: *mut c_void,
    pub Argument3: *mut c_void,
    pub Argument4: *mut c_void,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub union IO_STACK_LOCATION_Parameters {
    pub Create: IO_STACK_LOCATION_Parameters_Create,
    pub CreatePipe: IO_STACK_LOCATION_Parameters_CreatePipe,
    pub CreateMailslot: IO_STACK_LOCATION_Parameters_CreateMailslot,
    pub Read: IO_STACK_LOCATION_Parameters_Read,
    pub Write: IO_STACK_LOCATION_Parameters_Write,
    pub QueryDirectory: IO_STACK_LOCATION_Parameters_QueryDirectory,
    pub NotifyDirectory: IO_STACK_LOCATION_Parameters_NotifyDirectory,
    pub NotifyDirectoryEx: IO_STACK_LOCATION_Parameters_NotifyDirectoryEx,
    pub QueryFile: IO_STACK_LOCATION_Parameters_QueryFile,
    pub SetFile: IO_STACK_LOCATION_Parameters_SetFile,
    pub QueryEa: IO_STACK_LOCATION_Parameters_QueryEa,
    pub SetEa: IO_STACK_LOCATION_Parameters_SetEa,
    pub QueryVolume: IO_STACK_LOCATION_Parameters_QueryVolume,
    pub SetVolume: IO_STACK_LOCATION_Parameters_SetVolume,
    pub FileSystemControl: IO_STACK_LOCATION_Parameters_FileSystemControl,
    pub LockControl: IO_STACK_LOCATION_Parameters_LockControl,
    pub DeviceIoControl: IO_STACK_LOCATION_Parameters_DeviceIoControl,
    pub QuerySecurity: IO_STACK_LOCATION_Parameters_QuerySecurity,
    pub SetSecurity: IO_STACK_LOCATION_Parameters_SetSecurity,
    pub MountVolume: IO_STACK_LOCATION_Parameters_MountVolume,
    pub VerifyVolume: IO_STACK_LOCATION_Parameters_VerifyVolume,
    pub Scsi: IO_STACK_LOCATION_Parameters_Scsi,
    pub QueryQuota: IO_STACK_LOCATION_Parameters_QueryQuota,
    pub SetQuota: IO_STACK_LOCATION_Parameters_SetQuota,
    pub QueryDeviceRelations: IO_STACK_LOCATION_Parameters_QueryDeviceRelations,
    pub QueryInterface: IO_STACK_LOCATION_Parameters_QueryInterface,
    pub DeviceCapabilities: IO_STACK_LOCATION_Parameters_DeviceCapabilities,
    pub FilterResourceRequirements: IO_STACK_LOCATION_Parameters_FilterResourceRequirements,
    pub ReadWriteConfig: IO_STACK_LOCATION_Parameters_ReadWriteConfig,
    pub SetLock: IO_STACK_LOCATION_Parameters_SetLock,
    pub QueryId: IO_STACK_LOCATION_Parameters_QueryId,
    pub QueryDeviceText: IO_STACK_LOCATION_Parameters_QueryDeviceText,
    pub UsageNotification: IO_STACK_LOCATION_Parameters_UsageNotification,
    pub WaitWake: IO_STACK_LOCATION_Parameters_WaitWake,
    pub PowerSequence: IO_STACK_LOCATION_Parameters_PowerSequence,
    pub Power: IO_STACK_LOCATION_Parameters_Power,
    pub StartDevice: IO_STACK_LOCATION_Parameters_StartDevice,
    pub WMI: IO_STACK_LOCATION_Parameters_WMI,
    pub Others: IO_STACK_LOCATION_Parameters_Others,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct IO_STACK_LOCATION {
    pub MajorFunction: u8,
    pub MinorFunction: u8,
    pub Flags: u8,
    pub Control: u8,
    pub Parameters: IO_STACK_LOCATION_Parameters,
    pub DeviceObject: *mut DEVICE_OBJECT,
    pub FileObject: *mut FILE_OBJECT,
    pub CompletionRoutine: PIO_COMPLETION_ROUTINE,
    pub Context: *mut c_void,
}
layout!(IO_STACK_LOCATION_Parameters_Create, 32, 8, SecurityContext @ 0, Options @ 8, FileAttributes @ 16, ShareAccess @ 18, EaLength @ 24);
layout!(IO_STACK_LOCATION_Parameters_CreatePipe, 32, 8, SecurityContext @ 0, Options @ 8, Reserved @ 16, ShareAccess @ 18, Parameters @ 24);
layout!(IO_STACK_LOCATION_Parameters_CreateMailslot, 32, 8, SecurityContext @ 0, Options @ 8, Reserved @ 16, ShareAccess @ 18, Parameters @ 24);
layout!(IO_STACK_LOCATION_Parameters_Read, 24, 8, Length @ 0, Key @ 8, Flags @ 12, ByteOffset @ 16);
layout!(IO_STACK_LOCATION_Parameters_Write, 24, 8, Length @ 0, Key @ 8, Flags @ 12, ByteOffset @ 16);
layout!(IO_STACK_LOCATION_Parameters_QueryDirectory, 32, 8, Length @ 0, FileName @ 8, FileInformationClass @ 16, FileIndex @ 24);
layout!(IO_STACK_LOCATION_Parameters_NotifyDirectory, 16, 4, Length @ 0, CompletionFilter @ 8);
layout!(IO_STACK_LOCATION_Parameters_NotifyDirectoryEx, 24, 4, Length @ 0, CompletionFilter @ 8, DirectoryNotifyInformationClass @ 16);
layout!(IO_STACK_LOCATION_Parameters_QueryFile, 16, 4, Length @ 0, FileInformationClass @ 8);
layout!(IO_STACK_LOCATION_Parameters_SetFile_anon_1_anon_1, 2, 1, ReplaceIfExists @ 0, AdvanceOnly @ 1);
layout!(IO_STACK_LOCATION_Parameters_SetFile_anon_1, 8, 8, __bindgen_anon_1 @ 0, ClusterCount @ 0, DeleteHandle @ 0);
layout!(IO_STACK_LOCATION_Parameters_SetFile, 32, 8, Length @ 0, FileInformationClass @ 8, FileObject @ 16, __bindgen_anon_1 @ 24);
layout!(IO_STACK_LOCATION_Parameters_QueryEa, 32, 8, Length @ 0, EaList @ 8, EaListLength @ 16, EaIndex @ 24);
layout!(IO_STACK_LOCATION_Parameters_SetEa, 4, 4, Length @ 0);
layout!(IO_STACK_LOCATION_Parameters_QueryVolume, 16, 4, Length @ 0, FsInformationClass @ 8);
layout!(IO_STACK_LOCATION_Parameters_SetVolume, 16, 4, Length @ 0, FsInformationClass @ 8);
layout!(IO_STACK_LOCATION_Parameters_FileSystemControl, 32, 8, OutputBufferLength @ 0, InputBufferLength @ 8, FsControlCode @ 16, Type3InputBuffer @ 24);
layout!(IO_STACK_LOCATION_Parameters_LockControl, 24, 8, Length @ 0, Key @ 8, ByteOffset @ 16);
layout!(IO_STACK_LOCATION_Parameters_DeviceIoControl, 32, 8, OutputBufferLength @ 0, InputBufferLength @ 8, IoControlCode @ 16, Type3InputBuffer @ 24);
layout!(IO_STACK_LOCATION_Parameters_QuerySecurity, 16, 4, SecurityInformation @ 0, Length @ 8);
layout!(IO_STACK_LOCATION_Parameters_SetSecurity, 16, 8, SecurityInformation @ 0, SecurityDescriptor @ 8);
layout!(IO_STACK_LOCATION_Parameters_MountVolume, 16, 8, Vpb @ 0, DeviceObject @ 8);
layout!(IO_STACK_LOCATION_Parameters_VerifyVolume, 16, 8, Vpb @ 0, DeviceObject @ 8);
layout!(IO_STACK_LOCATION_Parameters_Scsi, 8, 8, Srb @ 0);
layout!(IO_STACK_LOCATION_Parameters_QueryQuota, 32, 8, Length @ 0, StartSid @ 8, SidList @ 16, SidListLength @ 24);
layout!(IO_STACK_LOCATION_Parameters_SetQuota, 4, 4, Length @ 0);
layout!(IO_STACK_LOCATION_Parameters_QueryDeviceRelations, 4, 4, Type @ 0);
layout!(IO_STACK_LOCATION_Parameters_QueryInterface, 32, 8, InterfaceType @ 0, Size @ 8, Version @ 10, Interface @ 16, InterfaceSpecificData @ 24);
layout!(IO_STACK_LOCATION_Parameters_DeviceCapabilities, 8, 8, Capabilities @ 0);
layout!(IO_STACK_LOCATION_Parameters_FilterResourceRequirements, 8, 8, IoResourceRequirementList @ 0);
layout!(IO_STACK_LOCATION_Parameters_ReadWriteConfig, 32, 8, WhichSpace @ 0, Buffer @ 8, Offset @ 16, Length @ 24);
layout!(IO_STACK_LOCATION_Parameters_SetLock, 1, 1, Lock @ 0);
layout!(IO_STACK_LOCATION_Parameters_QueryId, 4, 4, IdType @ 0);
layout!(IO_STACK_LOCATION_Parameters_QueryDeviceText, 16, 4, DeviceTextType @ 0, LocaleId @ 8);
layout!(IO_STACK_LOCATION_Parameters_UsageNotification, 16, 4, InPath @ 0, Reserved @ 1, Type @ 8);
layout!(IO_STACK_LOCATION_Parameters_WaitWake, 4, 4, PowerState @ 0);
layout!(IO_STACK_LOCATION_Parameters_PowerSequence, 8, 8, PowerSequence @ 0);
layout!(IO_STACK_LOCATION_Parameters_Power_anon_1, 4, 4, SystemContext @ 0, SystemPowerStateContext @ 0);
layout!(IO_STACK_LOCATION_Parameters_Power, 32, 4, __bindgen_anon_1 @ 0, Type @ 8, State @ 16, ShutdownType @ 24);
layout!(IO_STACK_LOCATION_Parameters_StartDevice, 16, 8, AllocatedResources @ 0, AllocatedResourcesTranslated @ 8);
layout!(IO_STACK_LOCATION_Parameters_WMI, 32, 8, ProviderId @ 0, DataPath @ 8, BufferSize @ 16, Buffer @ 24);
layout!(IO_STACK_LOCATION_Parameters_Others, 32, 8, Argument1 @ 0, Argument2 @ 8, Argument3 @ 16, Argument4 @ 24);
layout!(IO_STACK_LOCATION_Parameters, 32, 8, Create @ 0, CreatePipe @ 0, CreateMailslot @ 0, Read @ 0, Write @ 0, QueryDirectory @ 0, NotifyDirectory @ 0, NotifyDirectoryEx @ 0, QueryFile @ 0, SetFile @ 0, QueryEa @ 0, SetEa @ 0, QueryVolume @ 0, SetVolume @ 0, FileSystemControl @ 0, LockControl @ 0, DeviceIoControl @ 0, QuerySecurity @ 0, SetSecurity @ 0, MountVolume @ 0, VerifyVolume @ 0, Scsi @ 0, QueryQuota @ 0, SetQuota @ 0, QueryDeviceRelations @ 0, QueryInterface @ 0, DeviceCapabilities @ 0, FilterResourceRequirements @ 0, ReadWriteConfig @ 0, SetLock @ 0, QueryId @ 0, QueryDeviceText @ 0, UsageNotification @ 0, WaitWake @ 0, PowerSequence @ 0, Power @ 0, StartDevice @ 0, WMI @ 0, Others @ 0);
layout!(IO_STACK_LOCATION, 72, 8, MajorFunction @ 0, MinorFunction @ 1, Flags @ 2, Control @ 3, Parameters @ 8, DeviceObject @ 40, FileObject @ 48, CompletionRoutine @ 56, Context @ 64);

pub const DirectoryNotifyInformation: DIRECTORY_NOTIFY_INFORMATION_CLASS = 1;
pub const DirectoryNotifyExtendedInformation: DIRECTORY_NOTIFY_INFORMATION_CLASS = 2;
pub const DirectoryNotifyFullInformation: DIRECTORY_NOTIFY_INFORMATION_CLASS = 3;
pub const DirectoryNotifyMaximumInformation: DIRECTORY_NOTIFY_INFORMATION_CLASS = 4;
