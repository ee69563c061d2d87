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
