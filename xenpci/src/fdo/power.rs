//! Power of the bus: it is the power policy owner of the PCI device. A system state leads to a device
//! state; going down and coming up of Xen are carried out by the worker, because power requests may
//! come at `DISPATCH_LEVEL`.

use alloc::{boxed::Box, sync::Arc};
use core::{ffi::c_void, sync::atomic::Ordering};

use nt::sys::{
    DEVICE_OBJECT, DevicePowerState, IO_STATUS_BLOCK, IRP, IRP_MN_QUERY_POWER, IRP_MN_SET_POWER, NTSTATUS,
    POWER_STATE, PoRequestPowerIrp, PoSetPowerState, PowerDeviceD0, PowerDeviceD3, PowerSystemWorking,
    STATUS_MORE_PROCESSING_REQUIRED, STATUS_PENDING, STATUS_SUCCESS, SystemPowerState,
};

use super::{Fdo, State};
use crate::{
    irp::Irp,
    os::{Job, Spin, success},
};

/// A system power request that waits for its device request.
struct Waiting {
    fdo: Arc<Fdo>,
    irp: Irp,
    working: bool,
}

/// A device power request for the worker.
struct Transition {
    fdo: Arc<Fdo>,
    irp: Spin<Option<Irp>>,
    state: POWER_STATE,
}

impl Fdo {
    /// `IRP_MJ_POWER`. The remove lock is held until the request is over.
    #[expect(unsafe_code, reason = "reads the stack location")]
    pub fn power(self: Arc<Self>, irp: Irp) -> NTSTATUS {
        if let Err(status) = self.lock.acquire() {
            return irp.complete(status);
        }
        let minor = u32::from(irp.minor());
        // SAFETY: the member that set and query use.
        let power = unsafe { irp.location().Parameters.Power };
        let ours = matches!(self.state(), State::Started | State::StopPending | State::RemovePending);
        if minor == IRP_MN_SET_POWER && ours {
            if power.Type == SystemPowerState {
                return self.system(irp, power.State, true);
            }
            if power.Type == DevicePowerState {
                return self.device_power(irp, power.State);
            }
        }
        if minor == IRP_MN_QUERY_POWER && ours && power.Type == SystemPowerState {
            return self.system(irp, power.State, false);
        }
        let status = irp.pass(self.lower());
        self.lock.release();
        status
    }

    /// A system power request. Down: device first, then pass. Up: pass, then device.
    #[expect(unsafe_code, reason = "reads a union")]
    fn system(self: Arc<Self>, irp: Irp, state: POWER_STATE, set: bool) -> NTSTATUS {
        // SAFETY: plain data; the type says which member holds.
        let working = unsafe { state.SystemState } == PowerSystemWorking;
        irp.mark_pending();
        if working && set {
            let context: *const Self = Arc::into_raw(Arc::clone(&self));
            let _ = irp.pass_with(self.lower(), system_up, context.cast_mut().cast());
            return STATUS_PENDING;
        }
        self.request_device(irp, if working { PowerDeviceD0 } else { PowerDeviceD3 }, working, set);
        STATUS_PENDING
    }

    /// Asks for the device request that belongs to the system request.
    #[expect(unsafe_code, reason = "calls the kernel")]
    fn request_device(self: Arc<Self>, irp: Irp, state: i32, working: bool, set: bool) {
        let minor = if set { IRP_MN_SET_POWER } else { IRP_MN_QUERY_POWER };
        let physical = self.physical();
        let context = Box::into_raw(Box::new(Waiting { fdo: self, irp, working }));
        // SAFETY: the context belongs to the callback, which is called exactly once on success.
        let status = unsafe {
            PoRequestPowerIrp(
                physical,
                minor as u8,
                POWER_STATE { DeviceState: state },
                Some(device_done),
                context.cast(),
                core::ptr::null_mut(),
            )
        };
        if !success(status) {
            // SAFETY: the request was not made, so the context is still ours.
            let waiting = unsafe { Box::from_raw(context) };
            waiting.finish(status);
        }
    }

    /// A device power request: to the worker.
    fn device_power(self: Arc<Self>, irp: Irp, state: POWER_STATE) -> NTSTATUS {
        irp.mark_pending();
        let worker = self.worker.lock().clone();
        match worker {
            Some(worker) => {
                worker.queue(Arc::new(Transition { fdo: self, irp: Spin::new(Some(irp)), state }));
            }
            None => {
                // Being removed: nothing of ours has power any more.
                irp.pass_pending(self.lower());
                self.lock.release();
            }
        }
        STATUS_PENDING
    }
}

impl Waiting {
    /// The device request is over: finish the system request.
    fn finish(self, status: NTSTATUS) {
        let Self { fdo, mut irp, working } = self;
        if !success(status) || working {
            irp.complete(if success(status) { STATUS_SUCCESS } else { status });
        } else {
            irp.set_status(STATUS_SUCCESS);
            irp.pass_pending(fdo.lower());
        }
        fdo.lock.release();
    }
}

#[expect(unsafe_code, reason = "a callback of the power manager")]
unsafe extern "win64" fn device_done(
    _: *mut DEVICE_OBJECT,
    _: u8,
    _: POWER_STATE,
    context: *mut c_void,
    block: *mut IO_STATUS_BLOCK,
) {
    // SAFETY: the context of `request_device`, given to this call.
    let waiting = unsafe { Box::from_raw(context.cast::<Waiting>()) };
    // SAFETY: the power manager's block, alive during the callback.
    let block = unsafe { block.read() };
    // SAFETY: both members of the union are plain data.
    let status = unsafe { block.__bindgen_anon_1.Status };
    waiting.finish(status);
}

#[expect(unsafe_code, reason = "a completion routine")]
unsafe extern "win64" fn system_up(_: *mut DEVICE_OBJECT, irp: *mut IRP, context: *mut c_void) -> NTSTATUS {
    // SAFETY: the count that `system` took for this routine.
    let fdo = unsafe { Arc::from_raw(context.cast_const().cast::<Fdo>()) };
    // SAFETY: the IRP is ours again.
    let irp = unsafe { Irp::new(irp) };
    let status = irp.status();
    if success(status) {
        fdo.request_device(irp, PowerDeviceD0, true, true);
    } else {
        irp.complete(status);
        fdo.lock.release();
    }
    STATUS_MORE_PROCESSING_REQUIRED
}

impl Job for Transition {
    #[expect(unsafe_code, reason = "calls the kernel")]
    fn run(&self) {
        let Some(mut irp) = self.irp.lock().take() else { return };
        let fdo = &self.fdo;
        // SAFETY: plain data; a device power request has this member.
        let up = unsafe { self.state.DeviceState } == PowerDeviceD0;
        if up {
            let mut status = irp.forward(fdo.lower());
            if success(status) {
                if fdo.asleep.swap(false, Ordering::AcqRel)
                    && let Some(platform) = fdo.platform()
                {
                    platform.wake_from_sleep();
                }
                // SAFETY: a live device object of this driver.
                unsafe { PoSetPowerState(fdo.device(), DevicePowerState, self.state) };
                status = STATUS_SUCCESS;
            }
            irp.complete(status);
        } else {
            if !fdo.asleep.swap(true, Ordering::AcqRel)
                && let Some(platform) = fdo.platform()
            {
                platform.fall_asleep();
            }
            // SAFETY: a live device object of this driver.
            unsafe { PoSetPowerState(fdo.device(), DevicePowerState, self.state) };
            irp.set_status(STATUS_SUCCESS);
            irp.pass_pending(fdo.lower());
        }
        fdo.lock.release();
    }
}
