//! The virtual machine around Windows, and how this boot goes.

use std::{collections::BTreeMap, sync::Arc};

use xenpv_setup::names::Driver;

use crate::release::Release;

/// Which controller the device model emulates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Controller {
    /// PIIX3.
    Ide,
    /// AHCI.
    Ahci,
    /// NVMe.
    Nvme,
}

impl Controller {
    /// Device ID below `Enum\PCI`.
    #[must_use]
    pub fn device(self) -> &'static str {
        match self {
            Self::Ide => r"PCI\VEN_8086&DEV_7010&SUBSYS_11001AF4&REV_00",
            Self::Ahci => r"PCI\VEN_8086&DEV_2922&SUBSYS_11001AF4&REV_02",
            Self::Nvme => r"PCI\VEN_8086&DEV_5845&SUBSYS_11001AF4&REV_02",
        }
    }

    /// The services that have to be loaded at boot for its disks.
    #[must_use]
    pub fn services(self) -> &'static [&'static str] {
        match self {
            Self::Ide => &["intelide", "pciide", "atapi"],
            Self::Ahci => &["storahci"],
            Self::Nvme => &["stornvme"],
        }
    }

    /// The service that is bound to its PCI function.
    #[must_use]
    pub fn service(self) -> &'static str {
        self.services()[0]
    }
}

/// The virtual machine.
#[derive(Clone, Debug)]
pub struct Machine {
    /// Windows' build.
    pub build: u32,
    /// The setup program is run with an administrator's rights.
    pub administrator: bool,
    /// Free bytes on the system volume.
    pub free: u64,
    /// Numbers of the virtual block devices; the first one holds Windows.
    pub vbds: Vec<u32>,
    /// How the first four are emulated.
    pub controller: Controller,
    /// PCI slot of the platform device; none: not Xen.
    pub slot: Option<u8>,
    /// MAC address of the one NIC.
    pub mac: String,
    /// The back-ends work.
    pub back_ends: bool,
    /// `vm-data/xenpv/unplug`.
    pub host_key: Option<&'static [u8]>,
    /// Where the setup program is run from.
    pub program: &'static str,
    /// Driver folders that can be read.
    pub folders: BTreeMap<String, Arc<Release>>,
    /// Releases by version.
    pub releases: BTreeMap<String, Arc<Release>>,
}

/// When a driver fails: always, from the first time it is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Which driver.
    pub driver: Driver,
    /// Of which release; none: of every.
    pub version: Option<&'static str>,
}

/// What of xenpci's protections is switched off, to see that the model notices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "each is switched off alone")]
pub struct Sabotage {
    /// Unplugs without looking at the adapter's instance key.
    pub adapter_unchecked: bool,
    /// Unplugs for an image that has never started an adapter.
    pub image_unchecked: bool,
    /// Stays emulated in Safe Mode even when the emulated disks have no driver.
    pub stubborn: bool,
    /// Unplugs without reading from the PV disk first.
    pub unproven_disk: bool,
    /// The adapter's instance ID depends on where the platform device is.
    pub instance_by_parent: bool,
    /// Both twins are shown.
    pub twins_shown: bool,
    /// The setup program does not see what Windows has demoted.
    pub no_repair: bool,
    /// The setup program believes that nothing hangs on the PV drivers.
    pub never_in_use: bool,
    /// Addresses are not given to the twin of a NIC.
    pub addresses_stay: bool,
}

/// How a boot goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "a list of independent possibilities")]
pub struct Weather {
    /// Safe Mode.
    pub safe_mode: bool,
    /// The kernel configures devices from the driver store by itself before user mode runs. Windows does
    /// so for boot-critical devices in some situations; both are played.
    pub kernel_configures: bool,
    /// Windows demotes boot drivers of disk controllers that this boot did not need.
    pub demotes: bool,
    /// A driver that does not start.
    pub broken: Option<Broken>,
    /// Instance keys are written before services, not after.
    pub enum_first: bool,
    /// Removing a device of ours needs a restart.
    pub clings: bool,
    /// The setup program's step that fails.
    pub failing_step: Option<usize>,
    /// It does not fail: the program is killed there.
    pub killed: bool,
    /// Protections that are switched off.
    pub sabotage: Sabotage,
}

impl Default for Weather {
    fn default() -> Self {
        Self {
            safe_mode: false,
            kernel_configures: false,
            demotes: true,
            broken: None,
            enum_first: false,
            clings: false,
            failing_step: None,
            killed: false,
            sabotage: Sabotage::default(),
        }
    }
}

impl Machine {
    /// A guest with a boot disk and a data disk, both emulated and PV.
    #[must_use]
    pub fn new(versions: &[&str]) -> Self {
        let releases: BTreeMap<String, Arc<Release>> =
            versions.iter().map(|version| ((*version).to_owned(), Arc::new(Release::new(version)))).collect();
        let folders =
            releases.iter().map(|(version, release)| (folder(version), Arc::clone(release))).collect();
        Self {
            build: 19045,
            administrator: true,
            free: 1 << 34,
            vbds: vec![51712, 51728],
            controller: Controller::Ide,
            slot: Some(2),
            mac: "00163E123456".into(),
            back_ends: true,
            host_key: None,
            program: crate::windows::PROGRAM,
            folders,
            releases,
        }
    }

    /// Instance ID of the platform device.
    #[must_use]
    pub fn bus(&self) -> Option<String> {
        self.slot.map(|slot| {
            format!(r"PCI\VEN_5853&DEV_0001&SUBSYS_00015853&REV_01\3&267A616A&0&{:02X}", slot << 3)
        })
    }

    /// Instance ID of the adapter.
    #[must_use]
    pub fn adapter(&self, sabotage: Sabotage) -> String {
        let slot = self.slot.unwrap_or(0);
        if sabotage.instance_by_parent {
            format!(r"XENPV\VBD&SUBSYS_58535250\1&{slot:08x}&0&0")
        } else {
            r"XENPV\VBD&SUBSYS_58535250\0".into()
        }
    }

    /// Instance ID of the NIC.
    #[must_use]
    pub fn nic(&self) -> String {
        format!(r"XENPV\VIF&SUBSYS_58535250\1&{:08x}&0&0", self.slot.unwrap_or(0))
    }

    /// Instance ID of the emulated disk controller.
    #[must_use]
    pub fn controller_instance(&self) -> String {
        format!(r"{}\3&267A616A&0&09", self.controller.device())
    }
}

/// The driver folder of a release.
#[must_use]
pub fn folder(version: &str) -> String {
    format!(r"C:\Program Files\XenPV {version}\drivers")
}
