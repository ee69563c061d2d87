//! Whether and what to unplug of the emulated disks and NICs (DESIGN decision 9).
//!
//! First [`permission`] from what is known without touching anything, then, for what is permitted,
//! proofs by the PV path itself, then [`decide`].

/// IDE and SCSI disks (not CD drives): bit 0 of the mask that is written to the unplug port
/// (xen.git docs/misc/hvm-emulated-unplug.pandoc).
pub const IDE_DISKS: u16 = 1;
/// NICs: bit 1.
pub const NICS: u16 = 2;
/// IDE disks but the primary master: bit 2.
pub const AUX_IDE_DISKS: u16 = 4;
/// NVMe disks: bit 3.
pub const NVME_DISKS: u16 = 8;

/// Why something stays emulated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Veto {
    /// No Xen, or no unplug protocol.
    NoProtocol,
    /// The hypervisor side does not want this driver (answer 0xd249).
    Blacklisted,
    /// Safe Mode.
    SafeMode,
    /// Windows PE or setup.
    Setup,
    /// `XENPV:NOUNPLUG` among the load options.
    LoadOption,
    /// The host's key in xenstore.
    Host,
    /// The registry setting.
    Setting,
    /// The driver that would take over is not there.
    NoDriver,
    /// Windows already uses an emulated disk.
    InUse,
    /// There is no PV device that would take over.
    NoTwin,
    /// A PV device did not prove that it works.
    NotProven(u32),
}

/// What is known about this boot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "a list of independent facts")]
pub struct Situation {
    /// The unplug port answered with its magic.
    pub protocol: bool,
    /// ... and with the blacklist answer.
    pub blacklisted: bool,
    /// Safe Mode.
    pub safe_mode: bool,
    /// Windows PE or setup.
    pub setup: bool,
    /// The load option says no.
    pub load_option: bool,
    /// The host allows disks (`vm-data/xenpv/unplug`).
    pub host_disks: bool,
    /// The host allows NICs.
    pub host_nics: bool,
    /// The registry allows disks.
    pub setting_disks: bool,
    /// The registry allows NICs.
    pub setting_nics: bool,
    /// xenvbd is loaded (it is a boot-start driver).
    pub vbd_driver: bool,
    /// xennet is installed and enabled.
    pub vif_driver: bool,
    /// An emulated disk was already started by its driver.
    pub disk_in_use: bool,
    /// An emulated NIC was already started by its driver.
    pub nic_in_use: bool,
}

/// What may be unplugged if it is proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permission {
    /// Disks.
    pub disks: Result<(), Veto>,
    /// NICs.
    pub nics: Result<(), Veto>,
}

/// Judges the situation.
#[must_use]
pub fn permission(s: &Situation) -> Permission {
    let common = if !s.protocol {
        Err(Veto::NoProtocol)
    } else if s.blacklisted {
        Err(Veto::Blacklisted)
    } else if s.safe_mode {
        Err(Veto::SafeMode)
    } else if s.setup {
        Err(Veto::Setup)
    } else if s.load_option {
        Err(Veto::LoadOption)
    } else {
        Ok(())
    };
    let each = |host: bool, setting: bool, driver: bool, used: bool| {
        common?;
        match (host, setting, driver, used) {
            (false, ..) => Err(Veto::Host),
            (_, false, ..) => Err(Veto::Setting),
            (_, _, false, _) => Err(Veto::NoDriver),
            (_, _, _, true) => Err(Veto::InUse),
            _ => Ok(()),
        }
    };
    Permission {
        disks: each(s.host_disks, s.setting_disks, s.vbd_driver, s.disk_in_use),
        nics: each(s.host_nics, s.setting_nics, s.vif_driver, s.nic_in_use),
    }
}

/// What the host's key `vm-data/xenpv/unplug` allows: (disks, NICs). Absent is all.
#[must_use]
pub fn parse_host_key(value: Option<&[u8]>) -> (bool, bool) {
    match value.map(<[u8]>::trim_ascii) {
        None | Some(b"all" | b"") => (true, true),
        Some(b"disks") => (true, false),
        Some(b"nics") => (false, true),
        // "none", and what is not understood: the host wants something special, so nothing is risked.
        Some(_) => (false, false),
    }
}

/// Which emulated disk a virtual block device would have (xen.git docs/man/xen-vbd-interface.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Twin {
    /// None: device models emulate the first four disks only.
    None,
    /// The primary master.
    Primary,
    /// Another IDE or SCSI disk.
    Other,
}

/// The emulated twin of `device/vbd/<id>`.
#[must_use]
pub fn twin(id: u32) -> Twin {
    let by_index = |index: u32| match index {
        0 => Twin::Primary,
        1..4 => Twin::Other,
        _ => Twin::None,
    };
    if id >> 28 == 1 {
        return by_index((id >> 8) & 0xf_ffff);
    }
    match id >> 8 {
        // xvd: 16 minors per disk.
        202 => by_index((id & 0xff) >> 4),
        // hda, hdb; hdc, hdd: 64 minors per disk.
        3 => by_index((id & 0xff) >> 6),
        22 => by_index(2 + ((id & 0xff) >> 6)),
        // sd: every one is on the emulated SCSI controller.
        8 => Twin::Other,
        _ => Twin::None,
    }
}

/// A PV device and what its proof said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proof {
    /// `device/vbd/<id>` or `device/vif/<id>`.
    pub id: u32,
    /// It is proven.
    pub proven: bool,
}

/// The mask to write and why parts of it are missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Bits for the unplug port; 0: write nothing.
    pub mask: u16,
    /// Why disks (or the primary one) stay, if they do.
    pub disks: Result<(), Veto>,
    /// Why NICs stay, if they do.
    pub nics: Result<(), Veto>,
}

/// Decides by the proofs. `disks` holds every disk of `device/vbd` (CD drives are not among them),
/// `nics` every NIC of `device/vif`.
#[must_use]
pub fn decide(permission: Permission, disks: &[Proof], nics: &[Proof]) -> Decision {
    let (disk_mask, disks) = match permission.disks {
        Err(veto) => (0, Err(veto)),
        Ok(()) => decide_disks(disks),
    };
    let nics = permission.nics.and_then(|()| {
        if nics.is_empty() {
            return Err(Veto::NoTwin);
        }
        nics.iter().find(|p| !p.proven).map_or(Ok(()), |p| Err(Veto::NotProven(p.id)))
    });
    let nic_mask = if nics.is_ok() { NICS } else { 0 };
    Decision { mask: disk_mask | nic_mask, disks, nics }
}

fn decide_disks(disks: &[Proof]) -> (u16, Result<(), Veto>) {
    let twins = || disks.iter().filter(|p| twin(p.id) != Twin::None);
    if twins().next().is_none() {
        return (0, Err(Veto::NoTwin));
    }
    // Without a PV twin of the primary master the boot disk may be one that only the emulation has.
    let primary = twins().any(|p| twin(p.id) == Twin::Primary);
    let failed = |which: Twin| twins().find(|p| twin(p.id) == which && !p.proven);
    if let Some(other) = failed(Twin::Other) {
        return (0, Err(Veto::NotProven(other.id)));
    }
    match failed(Twin::Primary) {
        None if primary => (IDE_DISKS | NVME_DISKS, Ok(())),
        None => (AUX_IDE_DISKS, Err(Veto::NoTwin)),
        Some(boot) if twins().count() > 1 => (AUX_IDE_DISKS, Err(Veto::NotProven(boot.id))),
        Some(boot) => (0, Err(Veto::NotProven(boot.id))),
    }
}

/// Whether a disk with an emulated twin may be shown, after `mask` was unplugged.
#[must_use]
pub fn may_show_disk(id: u32, mask: u16) -> bool {
    match twin(id) {
        Twin::None => true,
        Twin::Primary => mask & IDE_DISKS != 0,
        Twin::Other => mask & (IDE_DISKS | AUX_IDE_DISKS) != 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: Situation = Situation {
        protocol: true,
        blacklisted: false,
        safe_mode: false,
        setup: false,
        load_option: false,
        host_disks: true,
        host_nics: true,
        setting_disks: true,
        setting_nics: true,
        vbd_driver: true,
        vif_driver: true,
        disk_in_use: false,
        nic_in_use: false,
    };
    const XVDA: u32 = 51712;
    const XVDB: u32 = 51728;

    fn proven(id: u32) -> Proof {
        Proof { id, proven: true }
    }
    fn failed(id: u32) -> Proof {
        Proof { id, proven: false }
    }

    #[test]
    fn every_veto_stands_alone() {
        assert_eq!(permission(&GOOD), Permission { disks: Ok(()), nics: Ok(()) });
        let both = |s: Situation, veto| {
            assert_eq!(permission(&s), Permission { disks: Err(veto), nics: Err(veto) });
        };
        both(Situation { protocol: false, ..GOOD }, Veto::NoProtocol);
        both(Situation { blacklisted: true, ..GOOD }, Veto::Blacklisted);
        both(Situation { safe_mode: true, ..GOOD }, Veto::SafeMode);
        both(Situation { setup: true, ..GOOD }, Veto::Setup);
        both(Situation { load_option: true, ..GOOD }, Veto::LoadOption);
        let disks = |s: Situation, veto| {
            assert_eq!(permission(&s), Permission { disks: Err(veto), nics: Ok(()) });
        };
        disks(Situation { host_disks: false, ..GOOD }, Veto::Host);
        disks(Situation { setting_disks: false, ..GOOD }, Veto::Setting);
        disks(Situation { vbd_driver: false, ..GOOD }, Veto::NoDriver);
        disks(Situation { disk_in_use: true, ..GOOD }, Veto::InUse);
        let nics = |s: Situation, veto| {
            assert_eq!(permission(&s), Permission { disks: Ok(()), nics: Err(veto) });
        };
        nics(Situation { host_nics: false, ..GOOD }, Veto::Host);
        nics(Situation { setting_nics: false, ..GOOD }, Veto::Setting);
        nics(Situation { vif_driver: false, ..GOOD }, Veto::NoDriver);
        nics(Situation { nic_in_use: true, ..GOOD }, Veto::InUse);
    }

    #[test]
    fn the_hosts_key() {
        assert_eq!(parse_host_key(None), (true, true));
        assert_eq!(parse_host_key(Some(b"disks")), (true, false));
        assert_eq!(parse_host_key(Some(b"nics\n")), (false, true));
        assert_eq!(parse_host_key(Some(b"none")), (false, false));
        assert_eq!(parse_host_key(Some(b"DISKS?")), (false, false));
    }

    #[test]
    fn twins_follow_the_numbering_of_vbds() {
        assert_eq!(twin(XVDA), Twin::Primary);
        assert_eq!(twin(51760), Twin::Other, "xvdd");
        assert_eq!(twin(51776), Twin::None, "xvde");
        assert_eq!(twin(768), Twin::Primary, "hda");
        assert_eq!(twin(832), Twin::Other, "hdb");
        assert_eq!(twin(5632), Twin::Other, "hdc");
        assert_eq!(twin(5696), Twin::Other, "hdd");
        assert_eq!(twin(2048), Twin::Other, "sda");
        assert_eq!(twin(1 << 28), Twin::Primary, "extended 0");
        assert_eq!(twin(1 << 28 | 5 << 8), Twin::None, "extended 5");
        assert_eq!(twin(0), Twin::None);
        assert_eq!(twin(u32::MAX), Twin::None);
    }

    #[test]
    fn all_proven_unplugs_all() {
        let all = permission(&GOOD);
        let d = decide(all, &[proven(XVDA), proven(XVDB)], &[proven(0)]);
        assert_eq!(d, Decision { mask: IDE_DISKS | NVME_DISKS | NICS, disks: Ok(()), nics: Ok(()) });
    }

    #[test]
    fn never_without_a_pv_device_that_takes_over() {
        let all = permission(&GOOD);
        assert_eq!(decide(all, &[], &[]).mask, 0);
        assert_eq!(decide(all, &[proven(51776)], &[]).mask, 0, "xvde backs no emulated disk");
        let d = decide(all, &[proven(XVDB)], &[]);
        assert_eq!((d.mask, d.disks), (AUX_IDE_DISKS, Err(Veto::NoTwin)), "the primary has no PV twin");
    }

    #[test]
    fn a_failed_proof_keeps_what_it_stands_for() {
        let all = permission(&GOOD);
        let d = decide(all, &[failed(XVDA)], &[failed(1)]);
        assert_eq!(d.mask, 0);
        assert_eq!((d.disks, d.nics), (Err(Veto::NotProven(XVDA)), Err(Veto::NotProven(1))));
        let d = decide(all, &[failed(XVDA), proven(XVDB)], &[]);
        assert_eq!(d.mask, AUX_IDE_DISKS);
        let d = decide(all, &[proven(XVDA), failed(XVDB)], &[]);
        assert_eq!(d.mask, 0, "there is no flag that keeps a secondary disk only");
        let d = decide(all, &[proven(XVDA), failed(51776)], &[]);
        assert_eq!(d.mask, IDE_DISKS | NVME_DISKS, "a disk without a twin says nothing");
    }

    #[test]
    fn a_disk_is_shown_only_without_its_twin() {
        assert!(!may_show_disk(XVDA, 0));
        assert!(!may_show_disk(XVDA, AUX_IDE_DISKS));
        assert!(may_show_disk(XVDA, IDE_DISKS));
        assert!(may_show_disk(XVDB, AUX_IDE_DISKS));
        assert!(!may_show_disk(XVDB, NICS));
        assert!(may_show_disk(51776, 0));
    }
}
