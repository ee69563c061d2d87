//! Storport, as far as this miniport calls it. The inline functions of Microsoft's header are calls of
//! `StorPortNotification` and `StorPortExtendedFunction` with a code.
#![allow(unsafe_code, reason = "calls into storport.sys")]

use core::ptr::{NonNull, null_mut};

use nt::sys::*;

/// The adapter's device extension: how storport knows the adapter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Handle(NonNull<c_void>);

// SAFETY: an address that is only passed back; storport's functions may be called on any processor.
unsafe impl Send for Handle {}
// SAFETY: as above.
unsafe impl Sync for Handle {}

impl Handle {
    /// From what a callback was given; `None` if it is null.
    #[must_use]
    pub fn new(extension: *mut c_void) -> Option<Self> {
        NonNull::new(extension).map(Self)
    }

    /// The address.
    #[must_use]
    pub fn as_ptr(self) -> *mut c_void {
        self.0.as_ptr()
    }

    /// Hands an SRB back. `IRQL <= DISPATCH_LEVEL`.
    ///
    /// # Safety
    /// The SRB is this miniport's, its status is set, and it is not touched again.
    pub unsafe fn complete(self, srb: *mut SCSI_REQUEST_BLOCK) {
        // SAFETY: per contract; the arguments are those of RequestComplete.
        unsafe { StorPortNotification(RequestComplete, self.as_ptr(), srb) };
    }

    /// Storport looks for new and vanished units. `IRQL <= DISPATCH_LEVEL`.
    pub fn bus_changed(self) {
        // SAFETY: the arguments are those of BusChangeDetected: the path.
        unsafe { StorPortNotification(BusChangeDetected, self.as_ptr(), 0u32) };
    }

    /// Storport (and the class driver) look at the unit again: its size changed.
    /// `IRQL <= DISPATCH_LEVEL`.
    pub fn unit_changed(self, target: u8) {
        let mut address = STOR_ADDR_BTL8 {
            Type: STOR_ADDRESS_TYPE_BTL8 as u16,
            Port: 0,
            AddressLength: STOR_ADDR_BTL8_ADDRESS_LENGTH,
            Path: 0,
            Target: target,
            Lun: 0,
            Reserved: 0,
        };
        // STATE_CHANGE_LUN.
        let entity = 1u32;
        let mut status = 0u32;
        // SAFETY: the arguments are those of StateChangeDetectedCall; the address outlives the call,
        // which copies it; no callback is asked for.
        unsafe {
            StorPortNotification(
                StateChangeDetectedCall,
                self.as_ptr(),
                entity,
                &raw mut address,
                0u32,
                null_mut::<c_void>(),
                null_mut::<c_void>(),
                &raw mut status,
            );
        }
    }

    /// Asks for the passive initialization routine. In HwInitialize.
    #[must_use]
    pub fn enable_passive_initialization(self, routine: PHW_PASSIVE_INITIALIZE_ROUTINE) -> bool {
        let mut succeeded = 0i32;
        // SAFETY: the arguments are those of EnablePassiveInitialization.
        unsafe {
            StorPortNotification(EnablePassiveInitialization, self.as_ptr(), routine, &raw mut succeeded);
        }
        succeeded != 0
    }

    /// Asks for `channels` concurrent calls of HwStartIo. In HwInitialize. The number that was granted.
    #[must_use]
    pub fn enable_concurrent_channels(self, channels: u32) -> u32 {
        let mut data = PERF_CONFIGURATION_DATA {
            Version: STOR_PERF_VERSION_3,
            Size: size_of::<PERF_CONFIGURATION_DATA>() as u32,
            ..Default::default()
        };
        // SAFETY: the arguments are those of InitializePerformanceOptimizations: query, data.
        let status = unsafe {
            StorPortExtendedFunction(
                ExtFunctionInitializePerformanceOptimizations,
                self.as_ptr(),
                1i32,
                &raw mut data,
            )
        };
        if status != STOR_STATUS_SUCCESS || data.Flags & STOR_PERF_CONCURRENT_CHANNELS == 0 {
            return 1;
        }
        data.Flags = STOR_PERF_CONCURRENT_CHANNELS;
        data.ConcurrentChannels = channels;
        // SAFETY: as above: set.
        let status = unsafe {
            StorPortExtendedFunction(
                ExtFunctionInitializePerformanceOptimizations,
                self.as_ptr(),
                0i32,
                &raw mut data,
            )
        };
        if status == STOR_STATUS_SUCCESS { data.ConcurrentChannels.max(1) } else { 1 }
    }

    /// The adapter's own, physical and lower device objects. `PASSIVE_LEVEL`.
    #[must_use]
    pub fn device_objects(self) -> Option<[*mut DEVICE_OBJECT; 3]> {
        let mut objects = [null_mut::<DEVICE_OBJECT>(); 3];
        let [own, physical, lower] = &mut objects;
        // SAFETY: the arguments are those of GetDeviceObjects: three places for addresses.
        let status = unsafe {
            StorPortExtendedFunction(
                ExtFunctionGetDeviceObjects,
                self.as_ptr(),
                &raw mut *own,
                &raw mut *physical,
                &raw mut *lower,
            )
        };
        (status == STOR_STATUS_SUCCESS && objects.iter().all(|object| !object.is_null())).then_some(objects)
    }

    /// The system address of an SRB's data, or null. `IRQL <= DISPATCH_LEVEL`.
    ///
    /// # Safety
    /// The SRB is this miniport's.
    pub unsafe fn system_address(self, srb: *mut SCSI_REQUEST_BLOCK) -> *mut u8 {
        let mut address = null_mut::<c_void>();
        // SAFETY: per contract; the arguments are those of GetSystemAddress.
        let status = unsafe {
            StorPortExtendedFunction(ExtFunctionGetSystemAddress, self.as_ptr(), srb, &raw mut address)
        };
        if status == STOR_STATUS_SUCCESS { address.cast() } else { null_mut() }
    }
}
