//! PnP: capabilities, relations, interfaces, properties, notifications.
//!
//! Names, layouts and values as Microsoft's WDK headers declare them (NTDDI 0x0A00000C, NDIS 6.85),
//! 64-bit x86. Checked against the recorded facts by `tests/abi`.

use super::*;

pub type DEVICE_REGISTRY_PROPERTY = i32;
pub type BUS_QUERY_ID_TYPE = i32;
pub type DEVICE_TEXT_TYPE = i32;
pub type DEVICE_USAGE_NOTIFICATION_TYPE = i32;
pub type INTERFACE_TYPE = i32;
pub type BUS_DATA_TYPE = i32;
pub type IO_NOTIFICATION_EVENT_CATEGORY = i32;
pub type DEVICE_INSTALL_STATE = i32;
pub type DEVICE_REMOVAL_POLICY = i32;
pub type WCHAR = u16;
pub type DRIVER_REGKEY_TYPE = i32;
pub type DEVPROPID = u32;
pub type DEVICE_RESET_TYPE = i32;
pub type DEVICE_WAKE_DEPTH = i32;
pub type D3COLD_LAST_TRANSITION_STATUS = i32;
pub type RESOURCE_TRANSLATION_DIRECTION = i32;

pub type PDRIVER_NOTIFICATION_CALLBACK_ROUTINE = Option<unsafe extern "win64" fn(NotificationStructure: *mut c_void, Context: *mut c_void) -> NTSTATUS>;
pub type PINTERFACE_REFERENCE = Option<unsafe extern "win64" fn(Context: *mut c_void)>;
pub type PINTERFACE_DEREFERENCE = Option<unsafe extern "win64" fn(Context: *mut c_void)>;
pub type PDEVICE_CHANGE_COMPLETE_CALLBACK = Option<unsafe extern "win64" fn(Context: *mut c_void)>;
pub type PIO_DEVICE_EJECT_CALLBACK = Option<unsafe extern "win64" fn(Status: NTSTATUS, Context: *mut c_void)>;
pub type PTRANSLATE_BUS_ADDRESS = Option<unsafe extern "win64" fn(Context: *mut c_void, BusAddress: LARGE_INTEGER, Length: u32, AddressSpace: *mut u32, TranslatedAddress: *mut LARGE_INTEGER) -> BOOLEAN>;
pub type PGET_DMA_ADAPTER = Option<unsafe extern "win64" fn(Context: *mut c_void, DeviceDescriptor: *mut DEVICE_DESCRIPTION, NumberOfMapRegisters: *mut u32) -> *mut DMA_ADAPTER>;
pub type PGET_SET_DEVICE_DATA = Option<unsafe extern "win64" fn(Context: *mut c_void, DataType: u32, Buffer: *mut c_void, Offset: u32, Length: u32) -> u32>;
pub type PREENUMERATE_SELF = Option<unsafe extern "win64" fn(Context: *mut c_void)>;
pub type PDEVICE_RESET_HANDLER = Option<unsafe extern "win64" fn(InterfaceContext: *mut c_void, ResetType: DEVICE_RESET_TYPE, Flags: u32, ResetParameters: *mut c_void) -> NTSTATUS>;
pub type PDEVICE_QUERY_BUS_SPECIFIC_RESET_HANDLER = Option<unsafe extern "win64" fn(InterfaceContext: *mut c_void, ResetInfoCount: *mut u32, ResetInfoSupported: *mut c_void) -> NTSTATUS>;
pub type PDEVICE_BUS_SPECIFIC_RESET_HANDLER = Option<unsafe extern "win64" fn(InterfaceContext: *mut c_void, BusType: *const GUID, ResetTypeSelected: DEVICE_BUS_SPECIFIC_RESET_TYPE, Flags: *mut c_void, ResetParameters: *mut c_void) -> NTSTATUS>;
pub type PGET_DEVICE_RESET_STATUS = Option<unsafe extern "win64" fn(InterfaceContext: *mut c_void, IsResetting: *mut BOOLEAN, ResetTypeSelected: *mut DEVICE_BUS_SPECIFIC_RESET_TYPE, Flags: *mut c_void) -> NTSTATUS>;
pub type PGET_LOCATION_STRING = Option<unsafe extern "win64" fn(Context: *mut c_void, LocationStrings: *mut *mut WCHAR) -> NTSTATUS>;
pub type PSET_D3COLD_SUPPORT = Option<unsafe extern "win64" fn(Context: *mut c_void, D3ColdSupport: BOOLEAN)>;
pub type PGET_IDLE_WAKE_INFO = Option<unsafe extern "win64" fn(Context: *mut c_void, SystemPowerState: SYSTEM_POWER_STATE, DeepestWakeableDstate: *mut DEVICE_WAKE_DEPTH) -> NTSTATUS>;
pub type PGET_D3COLD_CAPABILITY = Option<unsafe extern "win64" fn(Context: *mut c_void, D3ColdSupported: *mut BOOLEAN) -> NTSTATUS>;
pub type PGET_D3COLD_LAST_TRANSITION_STATUS = Option<unsafe extern "win64" fn(Context: *mut c_void, LastTransitionStatus: *mut D3COLD_LAST_TRANSITION_STATUS)>;
pub type PTRANSLATE_RESOURCE_HANDLER = Option<unsafe extern "win64" fn(Context: *mut c_void, Source: *mut CM_PARTIAL_RESOURCE_DESCRIPTOR, Direction: RESOURCE_TRANSLATION_DIRECTION, AlternativesCount: u32, Alternatives: *mut IO_RESOURCE_DESCRIPTOR, PhysicalDeviceObject: *mut DEVICE_OBJECT, Target: *mut CM_PARTIAL_RESOURCE_DESCRIPTOR) -> NTSTATUS>;
pub type PTRANSLATE_RESOURCE_REQUIREMENTS_HANDLER = Option<unsafe extern "win64" fn(Context: *mut c_void, Source: *mut IO_RESOURCE_DESCRIPTOR, PhysicalDeviceObject: *mut DEVICE_OBJECT, TargetCount: *mut u32, Target: *mut *mut IO_RESOURCE_DESCRIPTOR) -> NTSTATUS>;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct DEVPROPKEY {
    pub fmtid: GUID,
    pub pid: DEVPROPID,
}
layout!(DEVPROPKEY, 20, 4, fmtid @ 0, pid @ 16);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct DEVICE_CAPABILITIES {
    pub Size: u16,
    pub Version: u16,
    pub _bitfield_1: u32,
    pub Address: u32,
    pub UINumber: u32,
    pub DeviceState: [DEVICE_POWER_STATE; 7],
    pub SystemWake: SYSTEM_POWER_STATE,
    pub DeviceWake: DEVICE_POWER_STATE,
    pub D1Latency: u32,
    pub D2Latency: u32,
    pub D3Latency: u32,
}
bits!(DEVICE_CAPABILITIES, _bitfield_1: u32 { DeviceD1 set_DeviceD1 @ 0 + 1, DeviceD2 set_DeviceD2 @ 1 + 1, LockSupported set_LockSupported @ 2 + 1, EjectSupported set_EjectSupported @ 3 + 1, Removable set_Removable @ 4 + 1, DockDevice set_DockDevice @ 5 + 1, UniqueID set_UniqueID @ 6 + 1, SilentInstall set_SilentInstall @ 7 + 1, RawDeviceOK set_RawDeviceOK @ 8 + 1, SurpriseRemovalOK set_SurpriseRemovalOK @ 9 + 1, WakeFromD0 set_WakeFromD0 @ 10 + 1, WakeFromD1 set_WakeFromD1 @ 11 + 1, WakeFromD2 set_WakeFromD2 @ 12 + 1, WakeFromD3 set_WakeFromD3 @ 13 + 1, HardwareDisabled set_HardwareDisabled @ 14 + 1, NonDynamic set_NonDynamic @ 15 + 1, WarmEjectSupported set_WarmEjectSupported @ 16 + 1, NoDisplayInUI set_NoDisplayInUI @ 17 + 1, Reserved1 set_Reserved1 @ 18 + 1, WakeFromInterrupt set_WakeFromInterrupt @ 19 + 1, SecureDevice set_SecureDevice @ 20 + 1, ChildOfVgaEnabledBridge set_ChildOfVgaEnabledBridge @ 21 + 1, DecodeIoOnBoot set_DecodeIoOnBoot @ 22 + 1, Reserved set_Reserved @ 23 + 9 });
layout!(DEVICE_CAPABILITIES, 64, 4, Size @ 0, Version @ 2, _bitfield_1 @ 4, Address @ 8, UINumber @ 12, DeviceState @ 16, SystemWake @ 44, DeviceWake @ 48, D1Latency @ 52, D2Latency @ 56, D3Latency @ 60);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct DEVICE_RELATIONS {
    pub Count: u32,
    pub Objects: [*mut DEVICE_OBJECT; 1],
}
layout!(DEVICE_RELATIONS, 16, 8, Count @ 0, Objects @ 8);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct INTERFACE {
    pub Size: u16,
    pub Version: u16,
    pub Context: *mut c_void,
    pub InterfaceReference: PINTERFACE_REFERENCE,
    pub InterfaceDereference: PINTERFACE_DEREFERENCE,
}
layout!(INTERFACE, 32, 8, Size @ 0, Version @ 2, Context @ 8, InterfaceReference @ 16, InterfaceDereference @ 24);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct BUS_INTERFACE_STANDARD {
    pub Size: u16,
    pub Version: u16,
    pub Context: *mut c_void,
    pub InterfaceReference: PINTERFACE_REFERENCE,
    pub InterfaceDereference: PINTERFACE_DEREFERENCE,
    pub TranslateBusAddress: PTRANSLATE_BUS_ADDRESS,
    pub GetDmaAdapter: PGET_DMA_ADAPTER,
    pub SetBusData: PGET_SET_DEVICE_DATA,
    pub GetBusData: PGET_SET_DEVICE_DATA,
}
layout!(BUS_INTERFACE_STANDARD, 64, 8, Size @ 0, Version @ 2, Context @ 8, InterfaceReference @ 16, InterfaceDereference @ 24, TranslateBusAddress @ 32, GetDmaAdapter @ 40, SetBusData @ 48, GetBusData @ 56);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct PNP_BUS_INFORMATION {
    pub BusTypeGuid: GUID,
    pub LegacyBusType: INTERFACE_TYPE,
    pub BusNumber: u32,
}
layout!(PNP_BUS_INFORMATION, 24, 4, BusTypeGuid @ 0, LegacyBusType @ 16, BusNumber @ 20);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct TARGET_DEVICE_REMOVAL_NOTIFICATION {
    pub Version: u16,
    pub Size: u16,
    pub Event: GUID,
    pub FileObject: *mut FILE_OBJECT,
}
layout!(TARGET_DEVICE_REMOVAL_NOTIFICATION, 32, 8, Version @ 0, Size @ 2, Event @ 4, FileObject @ 24);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct TARGET_DEVICE_CUSTOM_NOTIFICATION {
    pub Version: u16,
    pub Size: u16,
    pub Event: GUID,
    pub FileObject: *mut FILE_OBJECT,
    pub NameBufferOffset: i32,
    pub CustomDataBuffer: [u8; 1],
}
layout!(TARGET_DEVICE_CUSTOM_NOTIFICATION, 40, 8, Version @ 0, Size @ 2, Event @ 4, FileObject @ 24, NameBufferOffset @ 32, CustomDataBuffer @ 36);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct DEVICE_INTERFACE_CHANGE_NOTIFICATION {
    pub Version: u16,
    pub Size: u16,
    pub Event: GUID,
    pub InterfaceClassGuid: GUID,
    pub SymbolicLinkName: *mut UNICODE_STRING,
}
layout!(DEVICE_INTERFACE_CHANGE_NOTIFICATION, 48, 8, Version @ 0, Size @ 2, Event @ 4, InterfaceClassGuid @ 20, SymbolicLinkName @ 40);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct HWPROFILE_CHANGE_NOTIFICATION {
    pub Version: u16,
    pub Size: u16,
    pub Event: GUID,
}
layout!(HWPROFILE_CHANGE_NOTIFICATION, 20, 4, Version @ 0, Size @ 2, Event @ 4);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct PLUGPLAY_NOTIFICATION_HEADER {
    pub Version: u16,
    pub Size: u16,
    pub Event: GUID,
}
layout!(PLUGPLAY_NOTIFICATION_HEADER, 20, 4, Version @ 0, Size @ 2, Event @ 4);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct REENUMERATE_SELF_INTERFACE_STANDARD {
    pub Size: u16,
    pub Version: u16,
    pub Context: *mut c_void,
    pub InterfaceReference: PINTERFACE_REFERENCE,
    pub InterfaceDereference: PINTERFACE_DEREFERENCE,
    pub SurpriseRemoveAndReenumerateSelf: PREENUMERATE_SELF,
}
layout!(REENUMERATE_SELF_INTERFACE_STANDARD, 40, 8, Size @ 0, Version @ 2, Context @ 8, InterfaceReference @ 16, InterfaceDereference @ 24, SurpriseRemoveAndReenumerateSelf @ 32);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct DEVICE_RESET_INTERFACE_STANDARD {
    pub Size: u16,
    pub Version: u16,
    pub Context: *mut c_void,
    pub InterfaceReference: PINTERFACE_REFERENCE,
    pub InterfaceDereference: PINTERFACE_DEREFERENCE,
    pub DeviceReset: PDEVICE_RESET_HANDLER,
    pub SupportedResetTypes: u32,
    pub Reserved: *mut c_void,
    pub QueryBusSpecificResetInfo: PDEVICE_QUERY_BUS_SPECIFIC_RESET_HANDLER,
    pub DeviceBusSpecificReset: PDEVICE_BUS_SPECIFIC_RESET_HANDLER,
    pub GetDeviceResetStatus: PGET_DEVICE_RESET_STATUS,
}
layout!(DEVICE_RESET_INTERFACE_STANDARD, 80, 8, Size @ 0, Version @ 2, Context @ 8, InterfaceReference @ 16, InterfaceDereference @ 24, DeviceReset @ 32, SupportedResetTypes @ 40, Reserved @ 48, QueryBusSpecificResetInfo @ 56, DeviceBusSpecificReset @ 64, GetDeviceResetStatus @ 72);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct PNP_LOCATION_INTERFACE {
    pub Size: u16,
    pub Version: u16,
    pub Context: *mut c_void,
    pub InterfaceReference: PINTERFACE_REFERENCE,
    pub InterfaceDereference: PINTERFACE_DEREFERENCE,
    pub GetLocationString: PGET_LOCATION_STRING,
}
layout!(PNP_LOCATION_INTERFACE, 40, 8, Size @ 0, Version @ 2, Context @ 8, InterfaceReference @ 16, InterfaceDereference @ 24, GetLocationString @ 32);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct D3COLD_SUPPORT_INTERFACE {
    pub Size: u16,
    pub Version: u16,
    pub Context: *mut c_void,
    pub InterfaceReference: PINTERFACE_REFERENCE,
    pub InterfaceDereference: PINTERFACE_DEREFERENCE,
    pub SetD3ColdSupport: PSET_D3COLD_SUPPORT,
    pub GetIdleWakeInfo: PGET_IDLE_WAKE_INFO,
    pub GetD3ColdCapability: PGET_D3COLD_CAPABILITY,
    pub GetBusDriverD3ColdSupport: PGET_D3COLD_CAPABILITY,
    pub GetLastTransitionStatus: PGET_D3COLD_LAST_TRANSITION_STATUS,
}
layout!(D3COLD_SUPPORT_INTERFACE, 72, 8, Size @ 0, Version @ 2, Context @ 8, InterfaceReference @ 16, InterfaceDereference @ 24, SetD3ColdSupport @ 32, GetIdleWakeInfo @ 40, GetD3ColdCapability @ 48, GetBusDriverD3ColdSupport @ 56, GetLastTransitionStatus @ 64);

#[repr(C)]
#[derive(Clone, Copy)]
pub union PCI_COMMON_HEADER_u {
    pub type0: _PCI_HEADER_TYPE_0,
    pub type1: _PCI_HEADER_TYPE_1,
    pub type2: _PCI_HEADER_TYPE_2,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct PCI_COMMON_HEADER {
    pub VendorID: u16,
    pub DeviceID: u16,
    pub Command: u16,
    pub Status: u16,
    pub RevisionID: u8,
    pub ProgIf: u8,
    pub SubClass: u8,
    pub BaseClass: u8,
    pub CacheLineSize: u8,
    pub LatencyTimer: u8,
    pub HeaderType: u8,
    pub BIST: u8,
    pub u: PCI_COMMON_HEADER_u,
}
layout!(PCI_COMMON_HEADER_u, 48, 4, type0 @ 0, type1 @ 0, type2 @ 0);
layout!(PCI_COMMON_HEADER, 64, 4, VendorID @ 0, DeviceID @ 2, Command @ 4, Status @ 6, RevisionID @ 8, ProgIf @ 9, SubClass @ 10, BaseClass @ 11, CacheLineSize @ 12, LatencyTimer @ 13, HeaderType @ 14, BIST @ 15, u @ 16);

#[repr(C)]
#[derive(Clone, Copy)]
pub union PCI_COMMON_CONFIG_u {
    pub type0: _PCI_HEADER_TYPE_0,
    pub type1: _PCI_HEADER_TYPE_1,
    pub type2: _PCI_HEADER_TYPE_2,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct PCI_COMMON_CONFIG {
    pub VendorID: u16,
    pub DeviceID: u16,
    pub Command: u16,
    pub Status: u16,
    pub RevisionID: u8,
    pub ProgIf: u8,
    pub SubClass: u8,
    pub BaseClass: u8,
    pub CacheLineSize: u8,
    pub LatencyTimer: u8,
    pub HeaderType: u8,
    pub BIST: u8,
    pub u: PCI_COMMON_CONFIG_u,
    pub DeviceSpecific: [u8; 192],
}
layout!(PCI_COMMON_CONFIG_u, 48, 4, type0 @ 0, type1 @ 0, type2 @ 0);
layout!(PCI_COMMON_CONFIG, 256, 4, VendorID @ 0, DeviceID @ 2, Command @ 4, Status @ 6, RevisionID @ 8, ProgIf @ 9, SubClass @ 10, BaseClass @ 11, CacheLineSize @ 12, LatencyTimer @ 13, HeaderType @ 14, BIST @ 15, u @ 16, DeviceSpecific @ 64);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct PCI_SLOT_NUMBER_u_bits {
    pub _bitfield_1: u32,
}
bits!(PCI_SLOT_NUMBER_u_bits, _bitfield_1: u32 { DeviceNumber set_DeviceNumber @ 0 + 5, FunctionNumber set_FunctionNumber @ 5 + 3, Reserved set_Reserved @ 8 + 24 });
#[repr(C)]
#[derive(Clone, Copy)]
pub union PCI_SLOT_NUMBER_u {
    pub bits: PCI_SLOT_NUMBER_u_bits,
    pub AsULONG: u32,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct PCI_SLOT_NUMBER {
    pub u: PCI_SLOT_NUMBER_u,
}
layout!(PCI_SLOT_NUMBER_u_bits, 4, 4, _bitfield_1 @ 0);
layout!(PCI_SLOT_NUMBER_u, 4, 4, bits @ 0, AsULONG @ 0);
layout!(PCI_SLOT_NUMBER, 4, 4, u @ 0);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct TRANSLATOR_INTERFACE {
    pub Size: u16,
    pub Version: u16,
    pub Context: *mut c_void,
    pub InterfaceReference: PINTERFACE_REFERENCE,
    pub InterfaceDereference: PINTERFACE_DEREFERENCE,
    pub TranslateResources: PTRANSLATE_RESOURCE_HANDLER,
    pub TranslateResourceRequirements: PTRANSLATE_RESOURCE_REQUIREMENTS_HANDLER,
}
layout!(TRANSLATOR_INTERFACE, 48, 8, Size @ 0, Version @ 2, Context @ 8, InterfaceReference @ 16, InterfaceDereference @ 24, TranslateResources @ 32, TranslateResourceRequirements @ 40);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct DEVICE_BUS_SPECIFIC_RESET_TYPE_Pci {
    pub _bitfield_1: u64,
}
bits!(DEVICE_BUS_SPECIFIC_RESET_TYPE_Pci, _bitfield_1: u64 { FunctionLevelDeviceReset set_FunctionLevelDeviceReset @ 0 + 1, PlatformLevelDeviceReset set_PlatformLevelDeviceReset @ 1 + 1, SecondaryBusReset set_SecondaryBusReset @ 2 + 1, Reserved set_Reserved @ 3 + 61 });
#[repr(C)]
#[derive(Clone, Copy)]
pub struct DEVICE_BUS_SPECIFIC_RESET_TYPE_Acpi {
    pub _bitfield_1: u64,
}
bits!(DEVICE_BUS_SPECIFIC_RESET_TYPE_Acpi, _bitfield_1: u64 { FunctionLevelDeviceReset set_FunctionLevelDeviceReset @ 0 + 1, PlatformLevelDeviceReset set_PlatformLevelDeviceReset @ 1 + 1, Reserved set_Reserved @ 2 + 62 });
#[repr(C)]
#[derive(Clone, Copy)]
pub union DEVICE_BUS_SPECIFIC_RESET_TYPE {
    pub Pci: DEVICE_BUS_SPECIFIC_RESET_TYPE_Pci,
    pub Acpi: DEVICE_BUS_SPECIFIC_RESET_TYPE_Acpi,
    pub AsULONGLONG: u64,
}
layout!(DEVICE_BUS_SPECIFIC_RESET_TYPE_Pci, 8, 8, _bitfield_1 @ 0);
layout!(DEVICE_BUS_SPECIFIC_RESET_TYPE_Acpi, 8, 8, _bitfield_1 @ 0);
layout!(DEVICE_BUS_SPECIFIC_RESET_TYPE, 8, 8, Pci @ 0, Acpi @ 0, AsULONGLONG @ 0);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _PCI_HEADER_TYPE_0 {
    pub BaseAddresses: [u32; 6],
    pub CIS: u32,
    pub SubVendorID: u16,
    pub SubSystemID: u16,
    pub ROMBaseAddress: u32,
    pub CapabilitiesPtr: u8,
    pub Reserved1: [u8; 3],
    pub Reserved2: u32,
    pub InterruptLine: u8,
    pub InterruptPin: u8,
    pub MinimumGrant: u8,
    pub MaximumLatency: u8,
}
layout!(_PCI_HEADER_TYPE_0, 48, 4, BaseAddresses @ 0, CIS @ 24, SubVendorID @ 28, SubSystemID @ 30, ROMBaseAddress @ 32, CapabilitiesPtr @ 36, Reserved1 @ 37, Reserved2 @ 40, InterruptLine @ 44, InterruptPin @ 45, MinimumGrant @ 46, MaximumLatency @ 47);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _PCI_HEADER_TYPE_1 {
    pub BaseAddresses: [u32; 2],
    pub PrimaryBus: u8,
    pub SecondaryBus: u8,
    pub SubordinateBus: u8,
    pub SecondaryLatency: u8,
    pub IOBase: u8,
    pub IOLimit: u8,
    pub SecondaryStatus: u16,
    pub MemoryBase: u16,
    pub MemoryLimit: u16,
    pub PrefetchBase: u16,
    pub PrefetchLimit: u16,
    pub PrefetchBaseUpper32: u32,
    pub PrefetchLimitUpper32: u32,
    pub IOBaseUpper16: u16,
    pub IOLimitUpper16: u16,
    pub CapabilitiesPtr: u8,
    pub Reserved1: [u8; 3],
    pub ROMBaseAddress: u32,
    pub InterruptLine: u8,
    pub InterruptPin: u8,
    pub BridgeControl: u16,
}
layout!(_PCI_HEADER_TYPE_1, 48, 4, BaseAddresses @ 0, PrimaryBus @ 8, SecondaryBus @ 9, SubordinateBus @ 10, SecondaryLatency @ 11, IOBase @ 12, IOLimit @ 13, SecondaryStatus @ 14, MemoryBase @ 16, MemoryLimit @ 18, PrefetchBase @ 20, PrefetchLimit @ 22, PrefetchBaseUpper32 @ 24, PrefetchLimitUpper32 @ 28, IOBaseUpper16 @ 32, IOLimitUpper16 @ 34, CapabilitiesPtr @ 36, Reserved1 @ 37, ROMBaseAddress @ 40, InterruptLine @ 44, InterruptPin @ 45, BridgeControl @ 46);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct _PCI_HEADER_TYPE_2_Range {
    pub Base: u32,
    pub Limit: u32,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct _PCI_HEADER_TYPE_2 {
    pub SocketRegistersBaseAddress: u32,
    pub CapabilitiesPtr: u8,
    pub Reserved: u8,
    pub SecondaryStatus: u16,
    pub PrimaryBus: u8,
    pub SecondaryBus: u8,
    pub SubordinateBus: u8,
    pub SecondaryLatency: u8,
    pub Range: [_PCI_HEADER_TYPE_2_Range; 4],
    pub InterruptLine: u8,
    pub InterruptPin: u8,
    pub BridgeControl: u16,
}
layout!(_PCI_HEADER_TYPE_2_Range, 8, 4, Base @ 0, Limit @ 4);
layout!(_PCI_HEADER_TYPE_2, 48, 4, SocketRegistersBaseAddress @ 0, CapabilitiesPtr @ 4, Reserved @ 5, SecondaryStatus @ 6, PrimaryBus @ 8, SecondaryBus @ 9, SubordinateBus @ 10, SecondaryLatency @ 11, Range @ 12, InterruptLine @ 44, InterruptPin @ 45, BridgeControl @ 46);

pub const DevicePropertyDeviceDescription: DEVICE_REGISTRY_PROPERTY = 0;
pub const DevicePropertyHardwareID: DEVICE_REGISTRY_PROPERTY = 1;
pub const DevicePropertyCompatibleIDs: DEVICE_REGISTRY_PROPERTY = 2;
pub const DevicePropertyBootConfiguration: DEVICE_REGISTRY_PROPERTY = 3;
pub const DevicePropertyBootConfigurationTranslated: DEVICE_REGISTRY_PROPERTY = 4;
pub const DevicePropertyClassName: DEVICE_REGISTRY_PROPERTY = 5;
pub const DevicePropertyClassGuid: DEVICE_REGISTRY_PROPERTY = 6;
pub const DevicePropertyDriverKeyName: DEVICE_REGISTRY_PROPERTY = 7;
pub const DevicePropertyManufacturer: DEVICE_REGISTRY_PROPERTY = 8;
pub const DevicePropertyFriendlyName: DEVICE_REGISTRY_PROPERTY = 9;
pub const DevicePropertyLocationInformation: DEVICE_REGISTRY_PROPERTY = 10;
pub const DevicePropertyPhysicalDeviceObjectName: DEVICE_REGISTRY_PROPERTY = 11;
pub const DevicePropertyBusTypeGuid: DEVICE_REGISTRY_PROPERTY = 12;
pub const DevicePropertyLegacyBusType: DEVICE_REGISTRY_PROPERTY = 13;
pub const DevicePropertyBusNumber: DEVICE_REGISTRY_PROPERTY = 14;
pub const DevicePropertyEnumeratorName: DEVICE_REGISTRY_PROPERTY = 15;
pub const DevicePropertyAddress: DEVICE_REGISTRY_PROPERTY = 16;
pub const DevicePropertyUINumber: DEVICE_REGISTRY_PROPERTY = 17;
pub const DevicePropertyInstallState: DEVICE_REGISTRY_PROPERTY = 18;
pub const DevicePropertyRemovalPolicy: DEVICE_REGISTRY_PROPERTY = 19;
pub const DevicePropertyResourceRequirements: DEVICE_REGISTRY_PROPERTY = 20;
pub const DevicePropertyAllocatedResources: DEVICE_REGISTRY_PROPERTY = 21;
pub const DevicePropertyContainerID: DEVICE_REGISTRY_PROPERTY = 22;
pub const BusQueryDeviceID: BUS_QUERY_ID_TYPE = 0;
pub const BusQueryHardwareIDs: BUS_QUERY_ID_TYPE = 1;
pub const BusQueryCompatibleIDs: BUS_QUERY_ID_TYPE = 2;
pub const BusQueryInstanceID: BUS_QUERY_ID_TYPE = 3;
pub const BusQueryDeviceSerialNumber: BUS_QUERY_ID_TYPE = 4;
pub const BusQueryContainerID: BUS_QUERY_ID_TYPE = 5;
pub const DeviceTextDescription: DEVICE_TEXT_TYPE = 0;
pub const DeviceTextLocationInformation: DEVICE_TEXT_TYPE = 1;
pub const DeviceUsageTypeUndefined: DEVICE_USAGE_NOTIFICATION_TYPE = 0;
pub const DeviceUsageTypePaging: DEVICE_USAGE_NOTIFICATION_TYPE = 1;
pub const DeviceUsageTypeHibernation: DEVICE_USAGE_NOTIFICATION_TYPE = 2;
pub const DeviceUsageTypeDumpFile: DEVICE_USAGE_NOTIFICATION_TYPE = 3;
pub const DeviceUsageTypeBoot: DEVICE_USAGE_NOTIFICATION_TYPE = 4;
pub const DeviceUsageTypePostDisplay: DEVICE_USAGE_NOTIFICATION_TYPE = 5;
pub const DeviceUsageTypeGuestAssigned: DEVICE_USAGE_NOTIFICATION_TYPE = 6;
pub const InterfaceTypeUndefined: INTERFACE_TYPE = -1;
pub const Internal: INTERFACE_TYPE = 0;
pub const Isa: INTERFACE_TYPE = 1;
pub const Eisa: INTERFACE_TYPE = 2;
pub const MicroChannel: INTERFACE_TYPE = 3;
pub const TurboChannel: INTERFACE_TYPE = 4;
pub const PCIBus: INTERFACE_TYPE = 5;
pub const VMEBus: INTERFACE_TYPE = 6;
pub const NuBus: INTERFACE_TYPE = 7;
pub const PCMCIABus: INTERFACE_TYPE = 8;
pub const CBus: INTERFACE_TYPE = 9;
pub const MPIBus: INTERFACE_TYPE = 10;
pub const MPSABus: INTERFACE_TYPE = 11;
pub const ProcessorInternal: INTERFACE_TYPE = 12;
pub const InternalPowerBus: INTERFACE_TYPE = 13;
pub const PNPISABus: INTERFACE_TYPE = 14;
pub const PNPBus: INTERFACE_TYPE = 15;
pub const Vmcs: INTERFACE_TYPE = 16;
pub const ACPIBus: INTERFACE_TYPE = 17;
pub const MaximumInterfaceType: INTERFACE_TYPE = 18;
pub const ConfigurationSpaceUndefined: BUS_DATA_TYPE = -1;
pub const Cmos: BUS_DATA_TYPE = 0;
pub const EisaConfiguration: BUS_DATA_TYPE = 1;
pub const Pos: BUS_DATA_TYPE = 2;
pub const CbusConfiguration: BUS_DATA_TYPE = 3;
pub const PCIConfiguration: BUS_DATA_TYPE = 4;
pub const VMEConfiguration: BUS_DATA_TYPE = 5;
pub const NuBusConfiguration: BUS_DATA_TYPE = 6;
pub const PCMCIAConfiguration: BUS_DATA_TYPE = 7;
pub const MPIConfiguration: BUS_DATA_TYPE = 8;
pub const MPSAConfiguration: BUS_DATA_TYPE = 9;
pub const PNPISAConfiguration: BUS_DATA_TYPE = 10;
pub const SgiInternalConfiguration: BUS_DATA_TYPE = 11;
pub const MaximumBusDataType: BUS_DATA_TYPE = 12;
pub const EventCategoryReserved: IO_NOTIFICATION_EVENT_CATEGORY = 0;
pub const EventCategoryHardwareProfileChange: IO_NOTIFICATION_EVENT_CATEGORY = 1;
pub const EventCategoryDeviceInterfaceChange: IO_NOTIFICATION_EVENT_CATEGORY = 2;
pub const EventCategoryTargetDeviceChange: IO_NOTIFICATION_EVENT_CATEGORY = 3;
pub const EventCategoryKernelSoftRestart: IO_NOTIFICATION_EVENT_CATEGORY = 4;
pub const InstallStateInstalled: DEVICE_INSTALL_STATE = 0;
pub const InstallStateNeedsReinstall: DEVICE_INSTALL_STATE = 1;
pub const InstallStateFailedInstall: DEVICE_INSTALL_STATE = 2;
pub const InstallStateFinishInstall: DEVICE_INSTALL_STATE = 3;
pub const RemovalPolicyExpectNoRemoval: DEVICE_REMOVAL_POLICY = 1;
pub const RemovalPolicyExpectOrderlyRemoval: DEVICE_REMOVAL_POLICY = 2;
pub const RemovalPolicyExpectSurpriseRemoval: DEVICE_REMOVAL_POLICY = 3;
pub const DriverRegKeyParameters: DRIVER_REGKEY_TYPE = 0;
pub const DriverRegKeyPersistentState: DRIVER_REGKEY_TYPE = 1;
pub const DriverRegKeySharedPersistentState: DRIVER_REGKEY_TYPE = 2;
pub const FunctionLevelDeviceReset: DEVICE_RESET_TYPE = 0;
pub const PlatformLevelDeviceReset: DEVICE_RESET_TYPE = 1;
pub const DeviceWakeDepthNotWakeable: DEVICE_WAKE_DEPTH = 0;
pub const DeviceWakeDepthD0: DEVICE_WAKE_DEPTH = 1;
pub const DeviceWakeDepthD1: DEVICE_WAKE_DEPTH = 2;
pub const DeviceWakeDepthD2: DEVICE_WAKE_DEPTH = 3;
pub const DeviceWakeDepthD3hot: DEVICE_WAKE_DEPTH = 4;
pub const DeviceWakeDepthD3cold: DEVICE_WAKE_DEPTH = 5;
pub const DeviceWakeDepthMaximum: DEVICE_WAKE_DEPTH = 6;
pub const LastDStateTransitionStatusUnknown: D3COLD_LAST_TRANSITION_STATUS = 0;
pub const LastDStateTransitionD3hot: D3COLD_LAST_TRANSITION_STATUS = 1;
pub const LastDStateTransitionD3cold: D3COLD_LAST_TRANSITION_STATUS = 2;
pub const TranslateChildToParent: RESOURCE_TRANSLATION_DIRECTION = 0;
pub const TranslateParentToChild: RESOURCE_TRANSLATION_DIRECTION = 1;
pub const PNP_DEVICE_ASSIGNED_TO_GUEST: u32 = 0x100;
pub const PNP_DEVICE_DISABLED: u32 = 1;
pub const PNP_DEVICE_DISCONNECTED: u32 = 0x40;
pub const PNP_DEVICE_DONT_DISPLAY_IN_UI: u32 = 2;
pub const PNP_DEVICE_FAILED: u32 = 4;
pub const PNP_DEVICE_NOT_DISABLEABLE: u32 = 0x20;
pub const PNP_DEVICE_REMOVED: u32 = 8;
pub const PNP_DEVICE_RESOURCE_REQUIREMENTS_CHANGED: u32 = 0x10;
pub const PNP_DEVICE_RESOURCE_UPDATED: u32 = 0x80;
pub const PLUGPLAY_PROPERTY_PERSISTENT: u32 = 1;
pub const PLUGPLAY_REGKEY_CURRENT_HWPROFILE: u32 = 4;
pub const PLUGPLAY_REGKEY_DEVICE: u32 = 1;
pub const PLUGPLAY_REGKEY_DRIVER: u32 = 2;
pub const PNPNOTIFY_DEVICE_INTERFACE_INCLUDE_EXISTING_INTERFACES: u32 = 1;
pub const DEVICE_INTERFACE_INCLUDE_NONACTIVE: u32 = 1;
pub const DEVPROP_TYPEMOD_ARRAY: u32 = 0x1000;
pub const DEVPROP_TYPEMOD_LIST: u32 = 0x2000;
pub const DEVPROP_TYPE_BINARY: u32 = 0x1003;
pub const DEVPROP_TYPE_BOOLEAN: u32 = 0x11;
pub const DEVPROP_TYPE_BYTE: u32 = 3;
pub const DEVPROP_TYPE_CURRENCY: u32 = 0xE;
pub const DEVPROP_TYPE_DATE: u32 = 0xF;
pub const DEVPROP_TYPE_DECIMAL: u32 = 0xC;
pub const DEVPROP_TYPE_DEVPROPKEY: u32 = 0x15;
pub const DEVPROP_TYPE_DEVPROPTYPE: u32 = 0x16;
pub const DEVPROP_TYPE_DOUBLE: u32 = 0xB;
pub const DEVPROP_TYPE_EMPTY: u32 = 0;
pub const DEVPROP_TYPE_ERROR: u32 = 0x17;
pub const DEVPROP_TYPE_FILETIME: u32 = 0x10;
pub const DEVPROP_TYPE_FLOAT: u32 = 0xA;
pub const DEVPROP_TYPE_GUID: u32 = 0xD;
pub const DEVPROP_TYPE_INT16: u32 = 4;
pub const DEVPROP_TYPE_INT32: u32 = 6;
pub const DEVPROP_TYPE_INT64: u32 = 8;
pub const DEVPROP_TYPE_NTSTATUS: u32 = 0x18;
pub const DEVPROP_TYPE_NULL: u32 = 1;
pub const DEVPROP_TYPE_SBYTE: u32 = 2;
pub const DEVPROP_TYPE_SECURITY_DESCRIPTOR: u32 = 0x13;
pub const DEVPROP_TYPE_SECURITY_DESCRIPTOR_STRING: u32 = 0x14;
pub const DEVPROP_TYPE_STRING: u32 = 0x12;
pub const DEVPROP_TYPE_STRING_INDIRECT: u32 = 0x19;
pub const DEVPROP_TYPE_STRING_LIST: u32 = 0x2012;
pub const DEVPROP_TYPE_UINT16: u32 = 5;
pub const DEVPROP_TYPE_UINT32: u32 = 7;
pub const DEVPROP_TYPE_UINT64: u32 = 9;
pub const PCI_ADDRESS_IO_ADDRESS_MASK: u32 = 0xFFFFFFFC;
pub const PCI_ADDRESS_IO_SPACE: u32 = 1;
pub const PCI_ADDRESS_MEMORY_ADDRESS_MASK: u32 = 0xFFFFFFF0;
pub const PCI_ADDRESS_MEMORY_PREFETCHABLE: u32 = 8;
pub const PCI_ADDRESS_MEMORY_TYPE_MASK: u32 = 6;
pub const PCI_ADDRESS_ROM_ADDRESS_MASK: u32 = 0xFFFFF800;
pub const PCI_BRIDGE_TYPE: u32 = 1;
pub const PCI_CAPABILITY_ID_ADVANCED_FEATURES: u32 = 0x13;
pub const PCI_CAPABILITY_ID_AGP: u32 = 2;
pub const PCI_CAPABILITY_ID_AGP_TARGET: u32 = 0xE;
pub const PCI_CAPABILITY_ID_CPCI_HOTSWAP: u32 = 6;
pub const PCI_CAPABILITY_ID_CPCI_RES_CTRL: u32 = 0xB;
pub const PCI_CAPABILITY_ID_DEBUG_PORT: u32 = 0xA;
pub const PCI_CAPABILITY_ID_FPB: u32 = 0x15;
pub const PCI_CAPABILITY_ID_HYPERTRANSPORT: u32 = 8;
pub const PCI_CAPABILITY_ID_MSI: u32 = 5;
pub const PCI_CAPABILITY_ID_MSIX: u32 = 0x11;
pub const PCI_CAPABILITY_ID_P2P_SSID: u32 = 0xD;
pub const PCI_CAPABILITY_ID_PCIX: u32 = 7;
pub const PCI_CAPABILITY_ID_PCI_EXPRESS: u32 = 0x10;
pub const PCI_CAPABILITY_ID_POWER_MANAGEMENT: u32 = 1;
pub const PCI_CAPABILITY_ID_SATA_CONFIG: u32 = 0x12;
pub const PCI_CAPABILITY_ID_SECURE: u32 = 0xF;
pub const PCI_CAPABILITY_ID_SHPC: u32 = 0xC;
pub const PCI_CAPABILITY_ID_SLOT_ID: u32 = 4;
pub const PCI_CAPABILITY_ID_VENDOR_SPECIFIC: u32 = 9;
pub const PCI_CAPABILITY_ID_VPD: u32 = 3;
pub const PCI_COMMON_HDR_LENGTH: u32 = 64;
pub const PCI_DEVICE_TYPE: u32 = 0;
pub const PCI_ENABLE_BUS_MASTER: u32 = 4;
pub const PCI_ENABLE_FAST_BACK_TO_BACK: u32 = 0x200;
pub const PCI_ENABLE_IO_SPACE: u32 = 1;
pub const PCI_ENABLE_MEMORY_SPACE: u32 = 2;
pub const PCI_ENABLE_PARITY: u32 = 0x40;
pub const PCI_ENABLE_SERR: u32 = 0x100;
pub const PCI_ENABLE_SPECIAL_CYCLES: u32 = 8;
pub const PCI_ENABLE_VGA_COMPATIBLE_PALETTE: u32 = 0x20;
pub const PCI_ENABLE_WAIT_CYCLE: u32 = 0x80;
pub const PCI_ENABLE_WRITE_AND_INVALIDATE: u32 = 0x10;
pub const PCI_EXTENDED_CONFIG_LENGTH: u32 = 4096;
pub const PCI_INVALID_VENDORID: u32 = 0xFFFF;
pub const PCI_MULTIFUNCTION: u32 = 0x80;
pub const PCI_ROMADDRESS_ENABLED: u32 = 1;
pub const PCI_TYPE0_ADDRESSES: u32 = 6;
pub const PCI_TYPE1_ADDRESSES: u32 = 2;
pub const PCI_TYPE2_ADDRESSES: u32 = 5;
pub const PCI_WHICHSPACE_CONFIG: u32 = 0;
pub const PCI_WHICHSPACE_ROM: u32 = 0x52696350;

#[cfg_attr(windows, link(name = "ntoskrnl.exe", kind = "raw-dylib", modifiers = "+verbatim"))]
unsafe extern "system" {
    pub fn IoGetDeviceProperty(DeviceObject: *mut DEVICE_OBJECT, DeviceProperty: DEVICE_REGISTRY_PROPERTY, BufferLength: u32, PropertyBuffer: *mut c_void, ResultLength: *mut u32) -> NTSTATUS;
    pub fn IoInvalidateDeviceRelations(DeviceObject: *mut DEVICE_OBJECT, Type: DEVICE_RELATION_TYPE);
    pub fn IoInvalidateDeviceState(PhysicalDeviceObject: *mut DEVICE_OBJECT);
    pub fn IoOpenDeviceRegistryKey(DeviceObject: *mut DEVICE_OBJECT, DevInstKeyType: u32, DesiredAccess: ACCESS_MASK, DeviceRegKey: *mut HANDLE) -> NTSTATUS;
    pub fn IoOpenDeviceInterfaceRegistryKey(SymbolicLinkName: *mut UNICODE_STRING, DesiredAccess: ACCESS_MASK, DeviceInterfaceRegKey: *mut HANDLE) -> NTSTATUS;
    pub fn IoRegisterDeviceInterface(PhysicalDeviceObject: *mut DEVICE_OBJECT, InterfaceClassGuid: *const GUID, ReferenceString: *mut UNICODE_STRING, SymbolicLinkName: *mut UNICODE_STRING) -> NTSTATUS;
    pub fn IoSetDeviceInterfaceState(SymbolicLinkName: *mut UNICODE_STRING, Enable: BOOLEAN) -> NTSTATUS;
    pub fn IoGetDeviceInterfaces(InterfaceClassGuid: *const GUID, PhysicalDeviceObject: *mut DEVICE_OBJECT, Flags: u32, SymbolicLinkList: *mut *mut WCHAR) -> NTSTATUS;
    pub fn IoGetDeviceInterfaceAlias(SymbolicLinkName: *mut UNICODE_STRING, AliasInterfaceClassGuid: *const GUID, AliasSymbolicLinkName: *mut UNICODE_STRING) -> NTSTATUS;
    pub fn IoGetDeviceInterfacePropertyData(SymbolicLinkName: *mut UNICODE_STRING, PropertyKey: *const DEVPROPKEY, Lcid: LCID, Flags: u32, Size: u32, Data: *mut c_void, RequiredSize: *mut u32, Type: *mut u32) -> NTSTATUS;
    pub fn IoSetDeviceInterfacePropertyData(SymbolicLinkName: *mut UNICODE_STRING, PropertyKey: *const DEVPROPKEY, Lcid: LCID, Flags: u32, Type: DEVPROPTYPE, Size: u32, Data: *mut c_void) -> NTSTATUS;
    pub fn IoRegisterPlugPlayNotification(EventCategory: IO_NOTIFICATION_EVENT_CATEGORY, EventCategoryFlags: u32, EventCategoryData: *mut c_void, DriverObject: *mut DRIVER_OBJECT, CallbackRoutine: PDRIVER_NOTIFICATION_CALLBACK_ROUTINE, Context: *mut c_void, NotificationEntry: *mut *mut c_void) -> NTSTATUS;
    pub fn IoUnregisterPlugPlayNotification(NotificationEntry: *mut c_void) -> NTSTATUS;
    pub fn IoUnregisterPlugPlayNotificationEx(NotificationEntry: *mut c_void) -> NTSTATUS;
    pub fn IoReportTargetDeviceChange(PhysicalDeviceObject: *mut DEVICE_OBJECT, NotificationStructure: *mut c_void) -> NTSTATUS;
    pub fn IoReportTargetDeviceChangeAsynchronous(PhysicalDeviceObject: *mut DEVICE_OBJECT, NotificationStructure: *mut c_void, Callback: PDEVICE_CHANGE_COMPLETE_CALLBACK, Context: *mut c_void) -> NTSTATUS;
    pub fn IoRequestDeviceEject(PhysicalDeviceObject: *mut DEVICE_OBJECT);
    pub fn IoRequestDeviceEjectEx(PhysicalDeviceObject: *mut DEVICE_OBJECT, Callback: PIO_DEVICE_EJECT_CALLBACK, Context: *mut c_void, DriverObject: *mut DRIVER_OBJECT) -> NTSTATUS;
    pub fn IoReportDetectedDevice(DriverObject: *mut DRIVER_OBJECT, LegacyBusType: INTERFACE_TYPE, BusNumber: u32, SlotNumber: u32, ResourceList: *mut CM_RESOURCE_LIST, ResourceRequirements: *mut IO_RESOURCE_REQUIREMENTS_LIST, ResourceAssigned: BOOLEAN, DeviceObject: *mut *mut DEVICE_OBJECT) -> NTSTATUS;
    pub fn IoReportRootDevice(DriverObject: *mut DRIVER_OBJECT) -> NTSTATUS;
    pub fn IoReportResourceForDetection(DriverObject: *mut DRIVER_OBJECT, DriverList: *mut CM_RESOURCE_LIST, DriverListSize: u32, DeviceObject: *mut DEVICE_OBJECT, DeviceList: *mut CM_RESOURCE_LIST, DeviceListSize: u32, ConflictDetected: *mut BOOLEAN) -> NTSTATUS;
}

#[cfg_attr(windows, link(name = "hal.dll", kind = "raw-dylib", modifiers = "+verbatim"))]
unsafe extern "system" {
    pub fn HalGetBusDataByOffset(BusDataType: BUS_DATA_TYPE, BusNumber: u32, SlotNumber: u32, Buffer: *mut c_void, Offset: u32, Length: u32) -> u32;
    pub fn HalSetBusDataByOffset(BusDataType: BUS_DATA_TYPE, BusNumber: u32, SlotNumber: u32, Buffer: *mut c_void, Offset: u32, Length: u32) -> u32;
}
