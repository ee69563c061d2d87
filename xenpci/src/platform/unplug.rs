//! Unplugging emulated disks and NICs: the facts for `policy::unplug`, and carrying it out.

use alloc::{format, vec::Vec};
use core::sync::atomic::Ordering;

use xenbus::{
    keys::{blk_front, net_front},
    seam::Store as _,
    unplug::{self, Devices, PortIo, Refused},
};

use super::{Platform, log::Severity, params::service_enabled, proof, takeover};
use crate::{
    os::port,
    policy::{
        enumerate, params as settings,
        unplug::{self as policy, Proof, Situation},
    },
};

/// The build number told to the host (its blacklist goes by it).
const BUILD: u32 = 1;

/// The host's veto.
const HOST_KEY: &str = "vm-data/xenpv/unplug";

/// The ports of the machine.
struct Ports;

#[expect(unsafe_code, reason = "port I/O")]
impl PortIo for Ports {
    fn in16(&self, port: u16) -> u16 {
        // SAFETY: the unplug ports have no effect on memory.
        unsafe { port::read_u16(port) }
    }
    fn in8(&self, port: u16) -> u8 {
        // SAFETY: as above.
        unsafe { port::read_u8(port) }
    }
    fn out16(&self, port: u16, value: u16) {
        // SAFETY: takes emulated devices away, which was decided to be right.
        unsafe { port::write_u16(port, value) };
    }
    fn out32(&self, port: u16, value: u32) {
        // SAFETY: as above.
        unsafe { port::write_u32(port, value) };
    }
}

impl Platform {
    /// Decides and unplugs, at start: before Windows starts the emulated controllers. `PASSIVE_LEVEL`.
    pub(super) fn decide_unplug(&self) {
        let probed = unplug::probe(&Ports, BUILD);
        let host = self.store.read(None, HOST_KEY).ok();
        let (host_disks, host_nics) = policy::parse_host_key(host.as_deref());
        let situation = Situation {
            protocol: !matches!(probed, Err(Refused::Absent(_))),
            blacklisted: probed == Err(Refused::Blacklisted),
            safe_mode: self.params.boot.safe_mode || safe_boot_mode(),
            setup: self.params.boot.mini_nt || self.params.setup,
            load_option: self.params.boot.no_unplug,
            host_disks,
            host_nics,
            setting_disks: self.params.is_on(settings::UNPLUG_DISKS),
            setting_nics: self.params.is_on(settings::UNPLUG_NICS),
            vbd_driver: takeover::is_loaded("xenpvvbd"),
            adapter_configured: takeover::adapter_is_configured(),
            vbd_started_before: takeover::image_has_started(),
            emulated_demoted: takeover::emulated_is_demoted(),
            vif_driver: service_enabled("xenpvnet"),
            disk_in_use: proof::emulated_disk_in_use(),
            nic_in_use: takeover::nic_may_be_in_use(),
        };
        let permission = policy::permission(&situation);
        let disks: Vec<Proof> = permission.disks.map_or(Vec::new(), |()| self.prove_all(blk_front::CLASS));
        let nics: Vec<Proof> = permission.nics.map_or(Vec::new(), |()| self.prove_all(net_front::CLASS));
        let decision = policy::decide(permission, &disks, &nics);
        for (what, result) in [("disks", decision.disks), ("NICs", decision.nics)] {
            match result {
                Ok(()) => self.log.line(&format!("emulated {what} are unplugged")),
                Err(veto @ (policy::Veto::NotProven(_) | policy::Veto::Blacklisted)) => {
                    self.log.event(Severity::Warning, &format!("emulated {what} stay: {veto:?}"));
                }
                Err(veto) => self.log.line(&format!("emulated {what} stay: {veto:?}")),
            }
        }
        if decision.mask != 0 && self.unplug(decision.mask) {
            self.unplugged.store(decision.mask, Ordering::Release);
        }
    }

    fn prove_all(&self, class: &str) -> Vec<Proof> {
        let names = self.store.list(None, class).unwrap_or_default();
        let block = class == blk_front::CLASS;
        enumerate::parse_ids(&names)
            .into_iter()
            .filter(|id| !block || !self.is_cdrom(*id))
            .map(|id| {
                // A disk that has no emulated twin need not be proven for this.
                let proven = if block {
                    policy::twin(id) == policy::Twin::None || proof::disk(self, id)
                } else {
                    proof::nic(self, id)
                };
                Proof { id, proven }
            })
            .collect()
    }

    /// Whether `device/vbd/<id>` is a CD drive, which stays emulated.
    pub fn is_cdrom(&self, id: u32) -> bool {
        let path = format!("{}/{id}/{}", blk_front::CLASS, blk_front::DEVICE_TYPE);
        self.store.read(None, &path).is_ok_and(|kind| kind == b"cdrom")
    }

    fn unplug(&self, mask: u16) -> bool {
        match unplug::unplug(&Ports, BUILD, Devices::from_bits_truncate(mask)) {
            Ok(_) => true,
            Err(refused) => {
                self.log.line(&format!("unplug: {refused}"));
                false
            }
        }
    }

    /// After a wake: the machine is a new one with all its emulated devices. Any IRQL.
    pub(super) fn unplug_again(&self) {
        let mask = self.unplugged();
        if mask != 0 && !self.unplug(mask) {
            self.log.line("emulated devices could not be unplugged again");
        }
    }

    /// What xenvbd or xennet shall do with a target or NIC (see `xenpci_interface::Policy`).
    pub fn target_policy(&self, kind: crate::pdo::Kind, id: u32) -> u32 {
        use xenpci_interface::abi::{POLICY_HIDE, POLICY_IGNORE, POLICY_SHOW};
        match kind {
            crate::pdo::Kind::Storage if self.is_cdrom(id) => POLICY_IGNORE,
            crate::pdo::Kind::Storage if policy::may_show_disk(id, self.unplugged()) => POLICY_SHOW,
            crate::pdo::Kind::Storage
                if unplug::probe(&Ports, BUILD) != Err(Refused::Blacklisted) && !has_protocol() =>
            {
                // No emulated device can be behind an unplug protocol that does not exist.
                POLICY_SHOW
            }
            crate::pdo::Kind::Storage => POLICY_HIDE,
            crate::pdo::Kind::Network(_) if self.unplugged() & policy::NICS != 0 || !has_protocol() => {
                POLICY_SHOW
            }
            crate::pdo::Kind::Network(_) => POLICY_HIDE,
        }
    }
}

/// The unplug port is there.
fn has_protocol() -> bool {
    !matches!(unplug::probe(&Ports, BUILD), Err(Refused::Absent(_)))
}

/// `InitSafeBootMode`: not 0 in Safe Mode, whatever the options say.
fn safe_boot_mode() -> bool {
    proof::safe_boot_mode()
}
