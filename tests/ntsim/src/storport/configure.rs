//! Registration of a miniport, and bringing an adapter up: configuration, HwFindAdapter, HwInitialize, passive
//! initialization (WDK "Storport Driver Support Routines", StorPortInitialize; "HwStorFindAdapter").

use super::adapter::{Adapter, Phase};
use super::{Miniport, pnp, state};
use crate::abi::*;
use crate::ke::interrupt::{self, Interrupt, Service};
use crate::mm::pool::{self, PoolKind};
use alloc::vec::Vec;
use core::ffi::c_void;
use core::sync::atomic::Ordering::*;

/// SP_RETURN_FOUND (WDK strmini/srb.h).
const FOUND: u32 = 1;
/// What Storport offers before a miniport lowers it.
const UNLIMITED: u32 = 0xFFFF_FFFF;

exports! { EXPORTS "storport.sys";
    fn StorPortInitialize(driver: *mut DRIVER_OBJECT, registry_path: *mut UNICODE_STRING, data: *mut HW_INITIALIZATION_DATA, context: PVOID) -> NTSTATUS [irql == PASSIVE_LEVEL] {
        initialize(driver, data, context)
    }
}

unsafe fn initialize(
    driver: *mut DRIVER_OBJECT,
    data: *mut HW_INITIALIZATION_DATA,
    context: PVOID,
) -> NTSTATUS {
    // Older miniports pass a shorter structure: what they do not have is zero.
    let size = (*data).HwInitializationDataSize as usize;
    if size < core::mem::offset_of!(HW_INITIALIZATION_DATA, FeatureSupport)
        || size > size_of::<HW_INITIALIZATION_DATA>() + 64
    {
        return STATUS_REVISION_MISMATCH;
    }
    let mut copy = HW_INITIALIZATION_DATA::default();
    let len = size.min(size_of::<HW_INITIALIZATION_DATA>());
    core::ptr::copy_nonoverlapping(data.cast::<u8>(), (&raw mut copy).cast::<u8>(), len);
    if copy.HwFindAdapter.is_null()
        || copy.HwInitialize.is_none()
        || copy.HwStartIo.is_none()
        || copy.HwResetBus.is_none()
    {
        return STATUS_INVALID_PARAMETER;
    }
    // "DeviceIdLength … must be zero"; Storport needs these three to be TRUE (WDK, HW_INITIALIZATION_DATA).
    if copy.TaggedQueuing == 0
        || copy.AutoRequestSense == 0
        || copy.MultipleRequestPerLu == 0
        || copy.NeedPhysicalAddresses == 0
    {
        return STATUS_INVALID_PARAMETER;
    }
    state().miniports.lock().insert(driver as usize, Miniport { data: copy, context: context as usize });
    pnp::take_over(driver);
    STATUS_SUCCESS
}

/// An interrupt of the translated resources: vector, level, affinity, latched.
type Line = (u32, u8, u64, bool);

/// Access ranges of the translated resources, and the interrupt: vector, level, affinity.
unsafe fn resources(list: *mut CM_RESOURCE_LIST) -> (Vec<ACCESS_RANGE>, Option<Line>) {
    let (mut ranges, mut line) = (Vec::new(), None);
    if list.is_null() || (*list).Count == 0 {
        return (ranges, line);
    }
    let full = (&raw mut (*list).List).cast::<CM_FULL_RESOURCE_DESCRIPTOR>();
    let partial = &raw mut (*full).PartialResourceList;
    let first = (&raw mut (*partial).PartialDescriptors).cast::<CM_PARTIAL_RESOURCE_DESCRIPTOR>();
    for index in 0..(*partial).Count as usize {
        let descriptor = first.add(index).read_unaligned();
        let generic = descriptor.u.Generic;
        match u32::from(descriptor.Type) {
            CmResourceTypeMemory | CmResourceTypePort => ranges.push(ACCESS_RANGE {
                RangeStart: generic.Start,
                RangeLength: generic.Length,
                RangeInMemory: u8::from(u32::from(descriptor.Type) == CmResourceTypeMemory),
            }),
            CmResourceTypeInterrupt => {
                let i = descriptor.u.Interrupt;
                line = Some((i.Vector, i.Level as u8, i.Affinity as u64, descriptor.Flags & 1 == 0));
            }
            _ => {}
        }
    }
    (ranges, line)
}

/// The configuration as HwFindAdapter first sees it.
unsafe fn fresh(
    adapter: &Adapter,
    ranges: &mut [ACCESS_RANGE],
    line: Option<Line>,
) -> PORT_CONFIGURATION_INFORMATION {
    let data = &adapter.miniport.data;
    let mut config = PORT_CONFIGURATION_INFORMATION {
        Length: size_of::<PORT_CONFIGURATION_INFORMATION>() as u32,
        AdapterInterfaceType: data.AdapterInterfaceType,
        MaximumTransferLength: UNLIMITED,
        NumberOfPhysicalBreaks: UNLIMITED,
        DmaChannel: UNLIMITED,
        DmaPort: UNLIMITED,
        NumberOfAccessRanges: data.NumberOfAccessRanges,
        AccessRanges: ranges.as_mut_ptr(),
        NumberOfBuses: 1,
        MapBuffers: data.MapBuffers,
        NeedPhysicalAddresses: data.NeedPhysicalAddresses,
        TaggedQueuing: data.TaggedQueuing,
        AutoRequestSense: data.AutoRequestSense,
        MultipleRequestPerLu: data.MultipleRequestPerLu,
        ReceiveEvent: data.ReceiveEvent,
        ScatterGather: 1,
        Master: 1,
        MaximumNumberOfTargets: SCSI_MAXIMUM_TARGETS_PER_BUS as u8,
        MaximumNumberOfLogicalUnits: SCSI_MAXIMUM_LOGICAL_UNITS as u8,
        Dma64BitAddresses: SCSI_DMA64_SYSTEM_SUPPORTED as u8,
        DeviceExtensionSize: data.DeviceExtensionSize,
        SpecificLuExtensionSize: data.SpecificLuExtensionSize,
        SrbExtensionSize: data.SrbExtensionSize,
        SrbType: u8::from(data.SrbTypeFlags & SRB_TYPE_FLAG_STORAGE_REQUEST_BLOCK != 0),
        // Storport's default depth of a unit is 20 (WDK, InitialLunQueueDepth).
        InitialLunQueueDepth: 20,
        MaxIOsPerLun: 255,
        MaxNumberOfIO: 1000,
        FeatureSupport: data.FeatureSupport,
        ..PORT_CONFIGURATION_INFORMATION::default()
    };
    config.InitiatorBusId = [-1; 8];
    if let Some((vector, level, _, latched)) = line {
        config.BusInterruptLevel = u32::from(level);
        config.BusInterruptVector = vector;
        config.InterruptMode = if latched { Latched } else { LevelSensitive };
    }
    config
}

unsafe extern "win64" fn service(_interrupt: PVOID, context: PVOID) -> u8 {
    let adapter = &*(context as *const Adapter);
    match adapter.miniport.data.HwInterrupt {
        Some(routine) => crate::call!("HwInterrupt", routine, adapter.context()),
        None => 0,
    }
}

/// Starts or restarts an adapter with the resources that it was given. PASSIVE_LEVEL.
pub unsafe fn start(adapter: &'static Adapter, allocated: *mut CM_RESOURCE_LIST) -> NTSTATUS {
    let data = &adapter.miniport.data;
    let (mut ranges, line) = resources(allocated);
    ranges.resize(ranges.len().max(data.NumberOfAccessRanges as usize), ACCESS_RANGE::default());
    *adapter.ranges.get() = ranges;
    if adapter.extension() == 0 {
        // The extension is zeroed once, and stays over a stop.
        let Some(at) = pool::allocate(
            PoolKind::NonPagedNx,
            data.DeviceExtensionSize as usize,
            u32::from_le_bytes(*b"ScDe"),
            0,
            true,
        ) else {
            return STATUS_INSUFFICIENT_RESOURCES;
        };
        adapter.set_extension(at as usize);
    }
    *adapter.config.get() = fresh(adapter, &mut *adapter.ranges.get(), line);
    adapter.set_phase(Phase::Finding);
    let find: unsafe extern "win64" fn(
        *mut c_void,
        *mut c_void,
        *mut c_void,
        *mut i8,
        *mut PORT_CONFIGURATION_INFORMATION,
        *mut u8,
    ) -> u32 = core::mem::transmute(data.HwFindAdapter);
    let mut arguments = [0i8; 2];
    let mut again = 0u8;
    let found = crate::call!(
        "HwFindAdapter",
        find,
        adapter.context(),
        adapter.miniport.context as *mut c_void,
        core::ptr::null_mut(),
        arguments.as_mut_ptr(),
        adapter.config.get(),
        &raw mut again
    );
    if found != FOUND {
        adapter.set_phase(Phase::Stopped);
        return if found == 0 { STATUS_NO_SUCH_DEVICE } else { STATUS_DEVICE_CONFIGURATION_ERROR };
    }
    connect(adapter, line);
    adapter.set_phase(Phase::Initializing);
    let Some(initialize) = data.HwInitialize else { return STATUS_INVALID_PARAMETER };
    let good = adapter.at_dirql(|| crate::call!("HwInitialize", initialize, adapter.context()));
    if good == 0 {
        return failed(adapter);
    }
    let passive = adapter.passive_init.swap(core::ptr::null_mut(), AcqRel);
    if !passive.is_null() {
        let routine: unsafe extern "win64" fn(*mut c_void) -> u8 = core::mem::transmute(passive);
        if crate::call!("HwPassiveInitialize", routine, adapter.context()) == 0 {
            return failed(adapter);
        }
    }
    query_control_types(adapter);
    adapter.set_phase(Phase::Running);
    adapter.queue.kick(adapter);
    STATUS_SUCCESS
}

fn failed(adapter: &Adapter) -> NTSTATUS {
    disconnect(adapter);
    adapter.set_phase(Phase::Stopped);
    STATUS_DEVICE_CONFIGURATION_ERROR
}

fn connect(adapter: &'static Adapter, line: Option<Line>) {
    let Some((vector, level, affinity, latched)) = line else { return };
    if adapter.miniport.data.HwInterrupt.is_none() {
        return;
    }
    adapter.dirql.store(u32::from(level), Release);
    let mut made =
        Interrupt::new(vector as u8, Service::Line(service), core::ptr::from_ref(adapter) as PVOID);
    made.affinity = u128::from(affinity.max(1));
    if !latched {
        made.line = Some(vector);
    }
    adapter.interrupt.store(interrupt::connect(made), Release);
}

/// Disconnects the interrupt.
pub fn disconnect(adapter: &Adapter) {
    let at = adapter.interrupt.swap(core::ptr::null_mut(), AcqRel);
    if !at.is_null() {
        interrupt::disconnect(at);
    }
}

/// ScsiQuerySupportedControlTypes: the miniport fills a list that says how long it is.
unsafe fn query_control_types(adapter: &Adapter) {
    let Some(routine) = adapter.miniport.data.HwAdapterControl else { return };
    let max = ScsiAdapterControlMax as usize;
    let mut list = alloc::vec![0u32; 1 + max.div_ceil(4) + 1];
    list[0] = max as u32;
    let status = crate::call!(
        "HwAdapterControl",
        routine,
        adapter.context(),
        ScsiQuerySupportedControlTypes,
        list.as_mut_ptr().cast()
    );
    if status == 0 {
        let flags = core::slice::from_raw_parts(list.as_ptr().add(1).cast::<u8>(), max);
        *adapter.control.lock() = flags.iter().map(|b| *b != 0).collect();
    }
}
