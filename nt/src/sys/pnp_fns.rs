//! PnP: capabilities, relations, interfaces, properties, notifications: functions.
//!
//! Names, layouts and values as Microsoft's WDK headers declare them (NTDDI 0x0A00000C, NDIS 6.85),
//! 64-bit x86. Checked against the recorded facts by `tests/abi`.

use super::*;

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
