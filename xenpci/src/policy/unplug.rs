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
    /// Windows has not bound the driver to the storage adapter: it would be loaded and get no device.
    Unconfigured,
    /// This image of the driver has not been seen to start on this system yet.
    Unproven,
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
    /// The instance key of the storage adapter names it, and nothing is left to configure.
    pub adapter_configured: bool,
    /// The image that is loaded is the one that started an adapter last.
    pub vbd_started_before: bool,
    /// A driver that the emulated disks need is not loaded ([`emulated_demoted`]): there are no emulated
    /// disks to stay with.
    pub emulated_demoted: bool,
    /// xennet is installed and enabled.
    pub vif_driver: bool,
    /// An emulated disk was already started by its driver.
    pub disk_in_use: bool,
    /// An emulated NIC may have been started by its driver.
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
    let check = |good: bool, veto: Veto| if good { Ok(()) } else { Err(veto) };
    let machine = check(s.protocol, Veto::NoProtocol).and(check(!s.blacklisted, Veto::Blacklisted));
    // What somebody wants, as opposed to what is possible.
    let wish = |host: bool, setting: bool| {
        check(!s.safe_mode, Veto::SafeMode)
            .and(check(!s.setup, Veto::Setup))
            .and(check(!s.load_option, Veto::LoadOption))
            .and(check(host, Veto::Host))
            .and(check(setting, Veto::Setting))
    };
    // Staying emulated is the safe side only where the emulated disks have a driver: otherwise the PV
    // disks are the only ones that can start Windows, whoever would rather not have them.
    let disk_wish = wish(s.host_disks, s.setting_disks)
        .and(check(s.vbd_started_before, Veto::Unproven))
        .or_else(|veto| check(s.emulated_demoted, veto));
    Permission {
        disks: machine
            .and(check(s.vbd_driver, Veto::NoDriver))
            .and(check(s.adapter_configured, Veto::Unconfigured))
            .and(disk_wish)
            .and(check(!s.disk_in_use, Veto::InUse)),
        nics: machine
            .and(wish(s.host_nics, s.setting_nics))
            .and(check(s.vif_driver, Veto::NoDriver))
            .and(check(!s.nic_in_use, Veto::InUse)),
    }
}

/// A driver of Windows' own for emulated disk controllers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EmulatedDriver {
    /// A device instance of this system, present or remembered, is bound to it.
    pub bound: bool,
    /// Its `StartOverride` keeps it from being a boot driver. Windows sets that after a boot that did not
    /// need the driver, so after every boot from PV disks.
    pub demoted: bool,
    /// It is loaded all the same.
    pub loaded: bool,
}

/// Services of Windows' drivers for the controllers that device models emulate: PIIX3, AHCI, NVMe, LSI.
pub const EMULATED_DRIVERS: [&str; 7] =
    ["intelide", "pciide", "atapi", "storahci", "stornvme", "LSI_SAS", "lsi_scsi"];

/// Whether emulated disks would find no driver in this boot.
#[must_use]
pub fn emulated_demoted(drivers: impl IntoIterator<Item = EmulatedDriver>) -> bool {
    drivers.into_iter().any(|driver| driver.bound && driver.demoted && !driver.loaded)
}

/// `CONFIGFLAG_DISABLED | CONFIGFLAG_REINSTALL | CONFIGFLAG_FAILEDINSTALL` (regstr.h).
const UNCONFIGURED: u32 = 0x1 | 0x20 | 0x40;

/// Whether an instance key with these values has `service` bound, ready to be started at boot.
#[must_use]
pub fn is_configured(service: &str, bound: Option<&str>, config_flags: Option<u32>) -> bool {
    bound.is_some_and(|bound| bound.eq_ignore_ascii_case(service))
        && config_flags.unwrap_or(0) & UNCONFIGURED == 0
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
        adapter_configured: true,
        vbd_started_before: true,
        emulated_demoted: false,
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
        disks(Situation { adapter_configured: false, ..GOOD }, Veto::Unconfigured);
        disks(Situation { vbd_started_before: false, ..GOOD }, Veto::Unproven);
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
    fn without_a_driver_for_emulated_disks_there_is_nothing_to_stay_with() {
        let demoted = Situation { emulated_demoted: true, ..GOOD };
        let disks = |s: Situation| permission(&s).disks;
        assert_eq!(disks(Situation { safe_mode: true, ..demoted }), Ok(()));
        assert_eq!(disks(Situation { load_option: true, ..demoted }), Ok(()));
        assert_eq!(disks(Situation { host_disks: false, setting_disks: false, ..demoted }), Ok(()));
        assert_eq!(disks(Situation { vbd_started_before: false, ..demoted }), Ok(()));
        // What makes PV disks impossible stands, and NICs are not a matter of booting.
        assert_eq!(disks(Situation { vbd_driver: false, ..demoted }), Err(Veto::NoDriver));
        assert_eq!(disks(Situation { adapter_configured: false, ..demoted }), Err(Veto::Unconfigured));
        assert_eq!(disks(Situation { protocol: false, ..demoted }), Err(Veto::NoProtocol));
        assert_eq!(permission(&Situation { safe_mode: true, ..demoted }).nics, Err(Veto::SafeMode));
    }

    #[test]
    fn only_a_driver_that_the_machine_uses_is_missed() {
        let idle = EmulatedDriver { bound: false, demoted: true, loaded: false };
        let gone = EmulatedDriver { bound: true, ..idle };
        let there = EmulatedDriver { loaded: true, ..gone };
        assert!(!emulated_demoted([idle, there]));
        assert!(emulated_demoted([idle, there, gone]));
        assert!(!emulated_demoted([EmulatedDriver { demoted: false, ..gone }]), "never installed");
    }

    #[test]
    fn a_bound_adapter_has_its_service_and_nothing_to_do() {
        assert!(is_configured("xenpvvbd", Some("XenPvVbd"), None));
        assert!(is_configured("xenpvvbd", Some("xenpvvbd"), Some(0x400)));
        assert!(!is_configured("xenpvvbd", None, Some(0)));
        assert!(!is_configured("xenpvvbd", Some("xenvbd"), Some(0)));
        for flag in [1, 0x20, 0x40] {
            assert!(!is_configured("xenpvvbd", Some("xenpvvbd"), Some(flag)), "{flag:#x}");
        }
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
