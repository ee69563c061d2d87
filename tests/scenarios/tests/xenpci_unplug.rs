//! Emulated disks and NICs are unplugged only after the PV path was proven, and never against a veto.
#![allow(missing_docs)]
#![allow(unsafe_code, reason = "loads a driver as the boot loader does")]

use ntsim::{
    cm,
    pnp::{self, node::NodeState, service},
    po::system::{Transition, transition},
    storport::{self, adapter::Address, disk::Disk},
};
use scenarios::rig::{
    Installation, Rig, boot, boot_installed, event_log, installed, node, sleep, state_of, wait_until,
};
use xensim::{
    BlockConfig, EmulatedConfig, NewHost, NicConfig, State, StateFault, Toolstack, Wake, Xen, sim::Builder,
};

const BUS: &str = "PCI\\VEN_5853&DEV_0001";
const XVDA: u32 = 51712;
const XVDB: u32 = 51728;
const IDE: u16 = 1;
const NICS: u16 = 2;
const AUX: u16 = 4;
const NVME: u16 = 8;
const PARAMETERS: &str = r"\Registry\Machine\System\CurrentControlSet\Services\xenpvpci\Parameters";
const CONTROL: &str = r"\Registry\Machine\System\CurrentControlSet\Control";

fn disk(vdev: u32, unit: u8) -> BlockConfig {
    let mut config = BlockConfig::new(vdev, 8);
    config.emulated = Some(unit);
    config
}

fn nic(id: u32) -> NicConfig {
    let mut config = NicConfig::new(id);
    config.emulated = true;
    config
}

/// A machine with an emulated primary master, its PV twin, an emulated NIC with its PV twin, and NVMe.
fn machine() -> Builder {
    let emulated = EmulatedConfig { nvme: true, ..EmulatedConfig::default() };
    Xen::builder().vcpus(2).toolstack(Toolstack::Xapi).emulated(emulated).disk(disk(XVDA, 0)).nic(nic(0))
}

const ALL: &[&str] = &["xenpvpci", "xenpvvbd", "xenpvnet"];

fn installation(packages: &[&str]) -> Installation {
    installed(machine().build(), 1, packages)
}

/// Gives the disk a content that is not all zeroes, as one has from which a system boots.
fn partition(xen: &Xen, vdev: u32) {
    xen.disk(vdev).unwrap().borrow_mut().write(0, &[0x55; 8192]);
}

struct Boot<'a> {
    machine: Builder,
    packages: &'a [&'a str],
    safe_boot: u32,
    registry: &'a dyn Fn(),
    host: Option<&'a str>,
}

impl Default for Boot<'_> {
    fn default() -> Self {
        Self { machine: machine(), packages: ALL, safe_boot: 0, registry: &|| (), host: None }
    }
}

/// Boots the installed system; the masks that were written to the unplug port.
fn masks(what: Boot<'_>) -> (Rig, Vec<u16>) {
    let installation = installation(what.packages);
    let xen = what.machine.seed(2).build();
    let rig = Rig::with(xen, 2, |b| b.config(|c| c.safe_boot = what.safe_boot));
    let numbers: Vec<u32> = rig.xen.sim().disks.iter().map(|(vdev, _)| *vdev).collect();
    for vdev in numbers {
        partition(&rig.xen, vdev);
    }
    if let Some(value) = what.host {
        let mut sim = rig.xen.sim_mut();
        let xensim::Sim { world, tools, .. } = &mut *sim;
        tools.write(world, "vm-data/xenpv/unplug", value);
    }
    rig.run(|| {
        boot_installed(installation, what.registry);
        assert_eq!(state_of(BUS), Some((NodeState::Started, 0)), "{}", pnp::dump());
    });
    let masks = rig.xen.sim().emulated.unplugged.clone();
    (rig, masks)
}

fn stays(because: &str, what: Boot<'_>) {
    let (rig, masks) = masks(what);
    assert_eq!(masks, [], "{because}: {}", rig.console());
    assert!(rig.console().contains(because), "{because}: {}", rig.console());
    rig.xen.assert_clean();
}

#[test]
fn all_is_unplugged_once_all_is_proven() {
    let (rig, masks) = masks(Boot::default());
    assert_eq!(masks, [IDE | NVME | NICS], "{}", rig.console());
    {
        let sim = rig.xen.sim();
        assert!(sim.emulated.ide.is_empty());
        assert_eq!(sim.emulated.product.0, Some(0xffff), "no number is registered yet");
        assert!(sim.emulated.product.1.is_some(), "the build number is told");
    }
    // The disk is shown through the PV path now, and works.
    let xen = rig.xen.clone();
    rig.run(|| {
        let adapter = storport::adapters()[0];
        wait_until("the disk", 20, || {
            storport::scan::scan(adapter);
            adapter.units.lock().keys().any(|at| at.target == 0)
        });
        let disk = Disk::open(adapter, Address { path: 0, target: 0, lun: 0 }).unwrap();
        let mut sector = [0; 4096];
        disk.read(0, &mut sector).unwrap();
        assert!(sector == [0x55; 4096]);
        disk.write(100, &[7; 4096], false).unwrap();
        assert!(xen.disk(XVDA).unwrap().borrow().bytes(100, 8) == [7; 4096]);
    });
    rig.xen.assert_clean();
}

/// Firmware has left the disk connected, and the back-end takes its time to close: it is waited for, as asking for a new
/// connection before it is Closed leaves it in Closing for good.
#[test]
fn a_slow_close_is_waited_for() {
    let slow = |seconds: u64| {
        let mut slow = disk(XVDA, 0);
        slow.left_connected = true;
        slow.policy.close_delay = seconds * 1_000_000_000;
        Boot { machine: Xen::builder().vcpus(1).disk(slow), ..Boot::default() }
    };
    let (rig, masks) = masks(slow(20));
    assert_eq!(masks, [IDE | NVME], "{}", rig.console());
    rig.xen.assert_clean();
    // Bounded all the same.
    stays("emulated disks stay: NotProven(51712)", slow(600));
}

#[test]
fn secondary_disks_alone_are_unplugged_by_their_own_flag() {
    let mut sick = disk(XVDA, 0);
    sick.policy.error_permille = 1000;
    let machine = Xen::builder().vcpus(1).disk(sick).disk(disk(XVDB, 1));
    let (rig, masks) = masks(Boot { machine, ..Boot::default() });
    assert_eq!(masks, [AUX], "{}", rig.console());
    assert_eq!(rig.xen.sim().emulated.ide, [0], "the primary master stays");
}

#[test]
fn what_is_not_proven_stays() {
    let with = |change: &dyn Fn(&mut BlockConfig)| {
        let mut config = disk(XVDA, 0);
        change(&mut config);
        Boot { machine: Xen::builder().vcpus(1).disk(config), ..Boot::default() }
    };
    let veto = "emulated disks stay: NotProven(51712)";
    // It connects, and its reads fail.
    stays(veto, with(&|c| c.policy.error_permille = 1000));
    // It says done, and no data came.
    stays(veto, with(&|c| (c.attacks, c.attack_one_in) = (vec![xensim::BlockAttack::DataNotMoved], 1)));
    // It never answers a request, or takes none.
    stays(veto, with(&|c| c.policy.lost_permille = 1000));
    stays(veto, with(&|c| c.policy.stalled = true));
    // It never connects.
    stays(veto, with(&|c| c.fault = Some(StateFault::StuckAt(State::InitWait))));
    stays(veto, with(&|c| c.fault = Some(StateFault::Silent)));
    // Lies on the ring.
    stays(veto, with(&|c| (c.attacks, c.attack_one_in) = (vec![xensim::BlockAttack::UnknownId], 1)));
    stays(veto, with(&|c| (c.attacks, c.attack_one_in) = (vec![xensim::BlockAttack::IndexJump], 1)));
}

#[test]
fn a_veto_is_a_veto() {
    stays("stay: SafeMode", Boot { safe_boot: 1, ..Boot::default() });
    let options = |text: &'static str| move || cm::set_sz(CONTROL, "SystemStartOptions", text);
    stays("stay: SafeMode", Boot { registry: &options(" SAFEBOOT:NETWORK SOS"), ..Boot::default() });
    stays("stay: Setup", Boot { registry: &options(" MININT"), ..Boot::default() });
    stays("stay: LoadOption", Boot { registry: &options(" XENPV:NOUNPLUG"), ..Boot::default() });
    let setup = || cm::set_dword(r"\Registry\Machine\System\Setup", "SystemSetupInProgress", 1, false);
    stays("stay: Setup", Boot { registry: &setup, ..Boot::default() });
    let settings = || {
        cm::set_dword(PARAMETERS, "UnplugDisks", 0, false);
        cm::set_dword(PARAMETERS, "UnplugNics", 0, false);
    };
    stays("stay: Setting", Boot { registry: &settings, ..Boot::default() });
    stays("stay: Host", Boot { host: Some("none"), ..Boot::default() });
    stays("stay: NoDriver", Boot { packages: &["xenpvpci"], ..Boot::default() });
    let absent = EmulatedConfig { unplug: false, ..EmulatedConfig::default() };
    stays("stay: NoProtocol", Boot { machine: machine().emulated(absent), ..Boot::default() });
}

/// The driver of a NIC on the PCI bus is loaded already: this is no boot.
#[test]
fn a_nic_in_use_stays() {
    let registry = || {
        let nic = r"\Registry\Machine\System\CurrentControlSet\Enum\PCI\VEN_8086&DEV_100E\7";
        cm::set_sz(nic, "ClassGUID", "{4D36E972-E325-11CE-BFC1-08002BE10318}");
        // Any driver whose image is loaded by then.
        cm::set_sz(nic, "Service", "xenpvvbd");
    };
    let (rig, masks) = masks(Boot { registry: &registry, ..Boot::default() });
    assert_eq!(masks, [IDE | NVME], "{}", rig.console());
    assert!(rig.console().contains("emulated NICs stay: InUse"), "{}", rig.console());
    rig.xen.assert_clean();
}

#[test]
fn the_blacklist_answer_is_honoured() {
    let refused = EmulatedConfig { blacklisted: true, ..EmulatedConfig::default() };
    let (rig, masks) = masks(Boot { machine: machine().emulated(refused), ..Boot::default() });
    assert_eq!(masks, [], "{}", rig.console());
    assert_eq!(rig.xen.sim().emulated.ignored, 0);
    rig.run(|| assert!(event_log().iter().any(|text| text.contains("Blacklisted")), "{:#?}", event_log()));
}

#[test]
fn the_host_may_allow_one_kind() {
    for (value, mask) in [("disks", IDE | NVME), ("nics", NICS)] {
        let (rig, masks) = masks(Boot { host: Some(value), ..Boot::default() });
        assert_eq!(masks, [mask], "{value}: {}", rig.console());
    }
}

#[test]
fn nothing_is_unplugged_that_has_no_twin() {
    let lonely = EmulatedConfig { nvme: true, ..EmulatedConfig::default() };
    let mut cdrom = disk(XVDA + 32, 2);
    cdrom.features.cdrom = true;
    let machine = Xen::builder().vcpus(1).emulated(lonely).disk(cdrom);
    let (rig, masks) = masks(Boot { machine, ..Boot::default() });
    assert_eq!(masks, [], "{}", rig.console());
    assert_eq!(rig.xen.sim().emulated.ide, [2], "the CD drive stays emulated");
}

/// The proof leaves each device as a new driver wants to find it.
#[test]
fn a_proof_leaves_nothing_behind() {
    let registry = || cm::set_dword(PARAMETERS, "UnplugNics", 0, false);
    let machine = machine().disk(disk(XVDB, 1));
    let (rig, masks) = masks(Boot { machine, packages: ALL, registry: &registry, ..Boot::default() });
    assert_eq!(masks, [IDE | NVME], "{}", rig.console());
    rig.run(|| {
        let bus = node(BUS);
        wait_until("both disks connected", 20, || {
            let sim = rig.xen.sim();
            sim.blocks.iter().all(|block| block.stats.connects == 2)
        });
        pnp::removal::disable(bus).unwrap();
    });
    assert_eq!((rig.xen.held().grants, rig.xen.held().mapped), (0, 0));
    rig.xen.assert_clean();
}

/// The drivers are installed while the system runs, and the bus starts again: the proof connects with one queue and one
/// page although the drivers have left the keys of their larger connection.
#[test]
fn what_drivers_have_left_does_not_stand_in_the_way() {
    let rig = Rig::new(machine().seed(3).build(), 3);
    partition(&rig.xen, XVDA);
    rig.run(|| {
        boot(ALL);
        assert_eq!(rig.xen.sim().emulated.unplugged, [], "their drivers came after the bus");
        wait_until("both connected", 20, || {
            let sim = rig.xen.sim();
            sim.blocks[0].stats.connects == 1 && sim.nets[0].stats.connects == 1
        });
        let bus = node(BUS);
        pnp::removal::disable(bus).unwrap();
        // A disk's driver is a boot-start driver: loaded before the bus starts.
        // SAFETY: at PASSIVE_LEVEL on a system thread, as at boot.
        unsafe { service::load("xenpvvbd") }.unwrap();
        pnp::removal::enable(bus);
        wait_until("the bus", 60, || state_of(BUS) == Some((NodeState::Started, 0)));
    });
    assert_eq!(rig.xen.sim().emulated.unplugged, [IDE | NVME | NICS], "{}", rig.console());
    rig.xen.assert_clean();
}

/// After every kind of wake the machine has its emulated devices back; they go again before anything
/// uses them.
#[test]
fn every_wake_unplugs_again() {
    let mask = IDE | NVME | NICS;
    let (rig, masks) = masks(Boot::default());
    assert_eq!(masks, [mask]);
    let written = |rig: &Rig| rig.xen.sim().emulated.unplugged.clone();
    let xen = rig.xen.clone();
    rig.run(|| {
        xen.suspend(Wake::New(Box::default()), 1_000_000);
        wait_until("the wake", 20, || rig.console().contains("resumed (Some(NewDomain))"));
    });
    // The new machine's port was written once more.
    assert_eq!(written(&rig), [mask], "a new domain");
    rig.run(|| {
        transition(Transition::Sleep, || xen.s3_wake()).unwrap();
        sleep(100);
    });
    assert_eq!(written(&rig), [mask], "S3");
    for what in [Transition::Hibernate, Transition::FastStartup] {
        rig.run(|| {
            transition(what, || xen.s4_wake(NewHost::default())).unwrap();
            sleep(100);
        });
        assert_eq!(written(&rig), [mask], "{what:?}");
    }
    rig.xen.assert_clean();
}
