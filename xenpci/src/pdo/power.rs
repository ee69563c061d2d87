//! Power of a child: the bus has nothing to switch, so states are only kept.

use nt::sys::{
    DevicePowerState, IRP_MN_QUERY_POWER, IRP_MN_SET_POWER, IRP_MN_WAIT_WAKE, NTSTATUS, PoSetPowerState,
    STATUS_DELETE_PENDING, STATUS_NOT_SUPPORTED, STATUS_SUCCESS,
};

use super::{Pdo, State};
use crate::irp::Irp;

impl Pdo {
    /// `IRP_MJ_POWER`.
    #[expect(unsafe_code, reason = "reads the stack location, calls the kernel")]
    pub fn power(&self, irp: Irp) -> NTSTATUS {
        if self.state() == State::Deleted {
            return irp.complete(STATUS_DELETE_PENDING);
        }
        let minor = u32::from(irp.minor());
        if minor == IRP_MN_SET_POWER {
            // SAFETY: the member that this minor function uses.
            let power = unsafe { irp.location().Parameters.Power };
            if power.Type == DevicePowerState {
                let device = self.device();
                // SAFETY: a live device object of this driver, at or below DISPATCH_LEVEL.
                unsafe { PoSetPowerState(device, DevicePowerState, power.State) };
            }
            return irp.complete(STATUS_SUCCESS);
        }
        if minor == IRP_MN_QUERY_POWER {
            return irp.complete(STATUS_SUCCESS);
        }
        if minor == IRP_MN_WAIT_WAKE {
            // No child can wake the machine.
            return irp.complete(STATUS_NOT_SUPPORTED);
        }
        irp.complete_as_is()
    }
}
