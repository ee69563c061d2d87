//! What a child can do, as PnP asks for it.

use nt::sys::{
    DEVICE_CAPABILITIES, PowerDeviceD0, PowerDeviceD3, PowerSystemHibernate, PowerSystemShutdown,
    PowerSystemSleeping1, PowerSystemSleeping2, PowerSystemSleeping3, PowerSystemUnspecified,
    PowerSystemWorking,
};

use super::Kind;

/// Fills the capabilities. Fields that the stack above filled before are overwritten: a bus driver
/// has the say.
pub fn fill(kind: Kind, caps: &mut DEVICE_CAPABILITIES) {
    caps.set_DeviceD1(0);
    caps.set_DeviceD2(0);
    caps.set_LockSupported(0);
    // A disk adapter of the machine cannot be pulled; an interface can, by the host.
    let removable = u32::from(matches!(kind, Kind::Network(_)));
    caps.set_EjectSupported(removable);
    caps.set_Removable(removable);
    caps.set_SurpriseRemovalOK(removable);
    caps.set_DockDevice(0);
    // An interface's ID is unique on the bus only. There is one adapter in a machine: with a unique ID it
    // stays the same device when the host moves the bus to another PCI slot. A boot disk must never hang
    // on an adapter that Windows has not configured yet.
    caps.set_UniqueID(u32::from(kind == Kind::Storage));
    caps.set_SilentInstall(1);
    caps.set_RawDeviceOK(0);
    caps.set_WakeFromD0(0);
    caps.set_WakeFromD1(0);
    caps.set_WakeFromD2(0);
    caps.set_WakeFromD3(0);
    caps.set_HardwareDisabled(0);
    caps.set_NoDisplayInUI(0);
    caps.Address = match kind {
        Kind::Storage => 0,
        Kind::Network(id) => id,
    };
    // "The bus driver does not use UI numbers" (wdm.h).
    caps.UINumber = u32::MAX;
    caps.DeviceState[PowerSystemUnspecified as usize] = 0;
    caps.DeviceState[PowerSystemWorking as usize] = PowerDeviceD0;
    for asleep in [
        PowerSystemSleeping1,
        PowerSystemSleeping2,
        PowerSystemSleeping3,
        PowerSystemHibernate,
        PowerSystemShutdown,
    ] {
        caps.DeviceState[asleep as usize] = PowerDeviceD3;
    }
    caps.SystemWake = PowerSystemUnspecified;
    caps.DeviceWake = 0;
    caps.D1Latency = 0;
    caps.D2Latency = 0;
    caps.D3Latency = 0;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_interfaces_are_removable_and_only_d0_and_d3_exist() {
        let mut caps = DEVICE_CAPABILITIES { Size: 64, Version: 1, ..DEVICE_CAPABILITIES::default() };
        fill(Kind::Storage, &mut caps);
        assert_eq!((caps.Removable(), caps.EjectSupported(), caps.SurpriseRemovalOK()), (0, 0, 0));
        assert_eq!(caps.UniqueID(), 1);
        fill(Kind::Network(7), &mut caps);
        assert_eq!((caps.Removable(), caps.EjectSupported(), caps.Address), (1, 1, 7));
        assert_eq!(caps.DeviceState, [0, 1, 4, 4, 4, 4, 4]);
        assert_eq!((caps.Size, caps.Version, caps.UniqueID()), (64, 1, 0));
    }
}
