//! Names of ours, of Windows' and of other vendors'.

/// Below `HKEY_LOCAL_MACHINE`.
pub const CONTROL_SET: &str = r"SYSTEM\CurrentControlSet";
/// Services and drivers.
pub const SERVICES: &str = r"SYSTEM\CurrentControlSet\Services";
/// Device instances.
pub const ENUM: &str = r"SYSTEM\CurrentControlSet\Enum";
/// Driver keys of device instances.
pub const CLASS: &str = r"SYSTEM\CurrentControlSet\Control\Class";
/// What this program remembers. In the same hive as the services: one flush writes both, so that a
/// power cut never separates them.
pub const STATE: &str = r"SYSTEM\CurrentControlSet\Control\XenPV";
/// Volatile: drivers were changed in this boot and a restart is due.
pub const RESTART_DUE: &str = r"SYSTEM\CurrentControlSet\Control\XenPV\RestartDue";
/// The service that looks after things at each boot, and finishes a removal.
pub const BOOT_SERVICE: &str = "xenpvboot";
/// Where the settings of the unplug decision are (docs/operate.md).
pub const BUS_PARAMETERS: &str = r"SYSTEM\CurrentControlSet\Services\xenpvpci\Parameters";
/// Unplug permissions.
pub const UNPLUG: [&str; 2] = ["UnplugDisks", "UnplugNics"];
/// The oldest system: Windows 10 1607, Server 2016.
pub const OLDEST_BUILD: u32 = 14393;
/// Room that the driver store and the program need, with plenty to spare.
pub const ROOM: u64 = 64 << 20;

/// One of our drivers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Driver {
    /// The disk driver.
    Vbd,
    /// The network driver.
    Net,
    /// The bus.
    Pci,
}

impl Driver {
    /// Children before the bus: when the bus starts and reports its children, their drivers are in the
    /// store already.
    pub const ALL: [Self; 3] = [Self::Vbd, Self::Net, Self::Pci];

    /// Name of the service and base name of the files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Vbd => "xenpvvbd",
            Self::Net => "xenpvnet",
            Self::Pci => "xenpvpci",
        }
    }

    /// The device IDs (keys below `Enum`) that it serves, as their beginnings.
    #[must_use]
    pub const fn device_ids(self) -> &'static [&'static str] {
        match self {
            Self::Vbd => &[r"XENPV\VBD&"],
            Self::Net => &[r"XENPV\VIF&"],
            Self::Pci => &[r"PCI\VEN_5853&DEV_0001", r"PCI\VEN_5853&DEV_0002"],
        }
    }

    /// The driver that serves a device instance.
    #[must_use]
    pub fn of_instance(instance: &str) -> Option<Self> {
        let upper = instance.to_ascii_uppercase();
        Self::ALL.into_iter().find(|driver| driver.device_ids().iter().any(|id| upper.starts_with(id)))
    }
}

/// Drivers of Windows for the disk controllers that Xen's device model emulates (PIIX3 IDE, AHCI,
/// NVMe, LSI). Windows demotes them when a boot did not need them.
pub const EMULATED: [&str; 7] =
    ["intelide", "pciide", "atapi", "storahci", "stornvme", "LSI_SAS", "lsi_scsi"];

/// Services of other vendors' Xen drivers: Xen Project, XenServer and XCP-ng, AWS, GPLPV, SUSE VMDP. The buses first:
/// they unplug, and are disabled before what would serve the disks then.
pub const OTHERS: [&str; 19] = [
    "xenbus", "xenpci", "pvvxbn", "xenhide", "xenfilt", "xenvbd", "xendisk", "xenscsi", "xenblk", "pvvxblk",
    "xenvif", "xennet", "xeniface", "xencrsh", "xencons", "xenkbd", "xenvkbd", "xenhid", "xenusb",
];

/// Whether a service is another vendor's.
#[must_use]
pub fn is_others(name: &str) -> bool {
    OTHERS.iter().any(|other| other.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_find_their_drivers() {
        assert_eq!(
            Driver::of_instance(r"pci\ven_5853&dev_0001&subsys_00015853&rev_01\3&267a616a&0&10"),
            Some(Driver::Pci)
        );
        assert_eq!(Driver::of_instance(r"XENPV\VBD&SUBSYS_58535250\0"), Some(Driver::Vbd));
        assert_eq!(Driver::of_instance(r"XENPV\VIF&SUBSYS_58535250\2"), Some(Driver::Net));
        assert_eq!(Driver::of_instance(r"PCI\VEN_5853&DEV_C000&SUBSYS_C0005853&REV_01\3&1"), None);
        assert_eq!(Driver::of_instance(r"XENBUS\VEN_XP0001&DEV_VBD\0"), None);
    }

    #[test]
    fn no_service_of_ours_has_another_vendors_name() {
        for driver in Driver::ALL {
            assert!(!is_others(driver.name()));
        }
    }
}
