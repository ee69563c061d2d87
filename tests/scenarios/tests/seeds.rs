//! Many seeds of a guest with everything in it, what they have covered, and how a failure is told.
#![allow(missing_docs)]
#![allow(unsafe_code, reason = "breaks a device on purpose")]

use nt::sys::{
    NDIS_PAUSE_NDIS_INTERNAL, NDIS_STATUS_SUCCESS, OID_GEN_MAXIMUM_FRAME_SIZE, STATUS_DEVICE_BUSY,
};
use ntsim::{
    coverage::Room,
    kernel::config::Faults,
    ndis::{self, life, oid},
    pnp::{self, node::NodeState, removal},
    po::system::{self, Transition, transition},
    verifier::faults,
};
use scenarios::{
    coverage::Total,
    rig::{Rig, boot, node, sleep, state_of, wait_until},
    shrink::{attempt, shrink},
    whole::{self, Load},
};
use xensim::{
    Wake, Xen,
    back::block::{BlockAttack, BlockConfig},
};

const ADAPTER: &str = "XENPV\\VBD&SUBSYS_58535250\\";
const NIC: &str = "XENPV\\VIF&SUBSYS_58535250\\";
const PCI: &str = "PCI\\VEN_5853";
const LOAD: Load = Load { vcpus: 0, ios: 16, frames: 16 };

/// Of what [`scenarios::coverage::EXPECTED`] asks for: what these seeds do not reach. It may only become less.
const NEVER: &[(Room, &str, &str)] = &[
    (Room::Ndis, "Pausing", "MiniportReturnNetBufferLists"),
    (Room::Pnp, "IRP_MN_CANCEL_REMOVE_DEVICE", "IRP_MN_CANCEL_REMOVE_DEVICE"),
];

fn seeds() -> u64 {
    std::env::var("XENPV_MANY_SEEDS").map_or(260, |n| n.parse().expect("a number of seeds"))
}

/// Both devices are there and carry data.
fn works(xen: &Xen, seed: u64) {
    wait_until("both devices", 30, || {
        let started = |path| state_of(path).map(|s| s.0) == Some(NodeState::Started);
        started(ADAPTER) && started(NIC) && ndis::adapters().iter().any(|a| a.link.lock().connect == 1)
    });
    let Some(disk) = whole::disk() else { panic!("no disk:\n{}", pnp::dump()) };

    for n in 0..4 {
        let data = vec![(seed + n + 1) as u8; 4096];
        disk.write(n * 8, &data, false).unwrap_or_else(|e| panic!("write: {e:?}"));
        assert!(xen.disk(whole::VDEV).expect("the disk").borrow().bytes(n * 8, 8) == data, "at the back-end");
    }
}

/// What happens to the devices of a seed after its load.
fn live(xen: &Xen, seed: u64) {
    let both = [ADAPTER, NIC];
    match seed % 12 {
        0 => {
            for device in both {
                removal::disable(node(device)).unwrap_or_else(|s| panic!("{device}: {s:#x}"));
                removal::enable(node(device));
            }
        }
        1 => {
            // Refused: there are devices at work below.
            assert_eq!(removal::rebalance(node(PCI)), Err(STATUS_DEVICE_BUSY));
            let device = both[(seed / 12 % 2) as usize];
            removal::rebalance(node(device)).unwrap_or_else(|s| panic!("{device}: {s:#x}"));
        }
        2 => transition(Transition::Sleep, || xen.s3_wake()).unwrap_or_else(|s| panic!("S3: {s:#x}")),
        3 => xen.suspend(if seed.is_multiple_of(2) { Wake::Same } else { Wake::Cancelled }, 1_000_000),
        4 | 5 => {
            // Devices that start again with failing allocations, their own or the bus's, need not start, and nothing else.
            let device = both[(seed % 2) as usize];
            let own = ["xenpvvbd.sys", "xenpvnet.sys"][(seed % 2) as usize];
            let driver = if (seed / 12).is_multiple_of(2) { own } else { "xenpvpci.sys" };
            removal::disable(node(device)).unwrap_or_else(|s| panic!("{device}: {s:#x}"));
            faults::arm(Faults::Random(600), driver);
            removal::enable(node(device));
            sleep(2_000);
            faults::disarm();
            // It may be failed already.
            let _ = removal::disable(node(device));
            removal::enable(node(device));
        }
        6 => {
            // Who watches for hangs looks every two seconds.
            sleep(5_000);
        }
        7 => {
            xen.yank_nic(0);
            wait_until("the NIC's end", 10, || pnp::find(NIC).is_none());
            return;
        }
        8 => {
            system::shutdown(true);
            return;
        }
        9 => {
            let adapter = ndis::adapters()[0];
            life::pause(adapter, NDIS_PAUSE_NDIS_INTERNAL);
            oid::query_u32(adapter, OID_GEN_MAXIMUM_FRAME_SIZE).unwrap_or_else(|s| panic!("OID: {s:#x}"));
            assert_eq!(life::restart(adapter), NDIS_STATUS_SUCCESS);
        }
        _ => return,
    }
    sleep(200);
    works(xen, seed);
}

/// One seed: boot, load, and for most seeds devices that stop, start, sleep, fail and go.
fn one(seed: u64, total: &mut Total) {
    let rig = whole::varied(seed);
    let xen = rig.xen.clone();
    let outcome = attempt(&rig, || {
        let (disk, stack) = whole::open();
        whole::drive(&xen, seed, LOAD, &disk, stack);
        live(&xen, seed);
    });
    total.add(&rig);
    if let Err(failure) = outcome {
        panic!("seed {seed}: {}\n{:#?}\n{}", failure.what, failure.stack, failure.devices);
    }
}

fn many(first: u64, count: u64) -> Total {
    let mut total = Total::default();
    (first..first + count).for_each(|seed| one(seed, &mut total));
    total
}

/// The first half; its coverage is printed (`cargo xtask soak seeds`).
#[test]
fn many_seeds_of_everything() {
    let total = many(0, seeds());
    println!("{}", total.report());
    println!("{} triples, {} with a failure", total.triples(), total.with_faults());
    // A few seeds cannot have gone through every kind of life.
    if seeds() < 24 {
        return;
    }
    assert!(total.triples() > 60, "the table is nearly empty: {}", total.triples());
    assert!(total.with_faults() > 4, "failures were injected in {} pairs", total.with_faults());
    assert_eq!(total.never(), NEVER, "what the seeds never meet may only become less");
}

/// The other half runs beside it.
#[test]
fn many_more_seeds_of_everything() {
    many(1_000_000, seeds());
}

fn boot_with(faults: Faults, seed: u64) -> Result<(), scenarios::shrink::Failure> {
    let rig = whole::rig(seed, Load::SMALL, |b| b);
    attempt(&rig, || {
        faults::arm(faults, "xenpvpci.sys");
        boot(&["xenpvpci"]);
        faults::disarm();
        assert_eq!(state_of(PCI).map(|s| s.0), Some(NodeState::Started), "the bus does not run");
    })
}

#[test]
fn a_failure_is_shrunk_to_the_faults_that_matter() {
    let story = (0..40)
        .find_map(|seed| shrink(seed, Faults::Random(600), |faults| boot_with(faults, seed)).err())
        .expect("no seed in 40 stops the bus from starting with 6 % of its allocations failing");
    println!("{story}");
    let numbers: Vec<u64> = story.failure.faults.iter().map(|(n, _)| *n).collect();
    assert!(!numbers.is_empty() && numbers.len() <= story.faults_before, "{story}");
    assert!(story.failure.devices.contains(PCI), "{story}");
    assert!(story.failure.faults.iter().all(|(_, who)| who.starts_with("xenpvpci.sys+")), "{story}");
    // The list is enough, and it is needed.
    assert!(boot_with(Faults::Those(Vec::leak(numbers)), story.seed).is_err(), "{story}");
    boot_with(Faults::Those(&[]), story.seed).unwrap_or_else(|f| panic!("{f:?}"));
}

/// A driver that runs into rubbish ends the run with a bug check that says where: module, offset, function.
#[test]
fn a_crash_in_a_driver_is_told_with_its_functions() {
    let rig = whole::rig(1, Load::SMALL, |b| b);
    let crash = rig
        .try_run(|| {
            boot(&["xenpvpci"]);
            let device = removal::top(node(PCI));
            // SAFETY: the device object is there; the driver will meet an extension that it has not made.
            unsafe { (*device).DeviceExtension = 0x40 as *mut _ };
            // SAFETY: on a thread of the guest's at PASSIVE_LEVEL.
            ntsim::pnp::manager::exclusively(|| unsafe { ntsim::pnp::manager::check_state(node(PCI)) });
        })
        .expect_err("the driver used the rubbish and did not notice");
    println!("{crash}");
    assert!(matches!(crash.code, 0x50 | 0xD1 | 0x1E), "{crash}");
    let line =
        crash.stack.iter().find(|l| l.starts_with("xenpvpci.sys+0x")).expect("the driver on the stack");
    assert!(line.contains('(') && line.contains("xenpci"), "{line}");
    assert!(crash.devices.contains(PCI), "{crash}");
    // The process lives on, and so may another guest.
    let again = whole::rig(1, Load::SMALL, |b| b);
    again.run(|| boot(&["xenpvpci"]));
}

#[test]
fn single_steps_change_the_schedule_but_not_the_data() {
    let run = |step: bool| {
        let rig = whole::rig(5, Load::SMALL, |b| if step { b.single_step(64, 60) } else { b });
        let xen = rig.xen.clone();
        rig.run(|| {
            let (disk, stack) = whole::open();
            whole::drive(&xen, 5, Load { vcpus: 2, ios: 8, frames: 8 }, &disk, stack);
        });
        (rig.sim.stepped(), rig.sim.trace_hash())
    };
    let (plain, stepped) = (run(false), run(true));
    assert_eq!(plain.0, 0);
    assert!(stepped.0 > 2_000, "{} instructions were stepped through", stepped.0);
    assert_ne!(plain.1, stepped.1);
    assert_eq!(run(true), stepped, "the same seed steps the same way");
}

/// A response that changes between two reads of it: the attack is really carried out, and harms nobody.
#[test]
fn double_fetches_happen() {
    let mut config = BlockConfig::new(51776, 64);
    (config.attacks, config.attack_one_in) = (vec![BlockAttack::DoubleFetch], 2);
    let rig = Rig::new(Xen::builder().vcpus(1).seed(3).disk(config).build(), 3);
    let xen = rig.xen.clone();
    rig.run(|| {
        boot(&["xenpvpci", "xenpvvbd"]);
        let adapter = ntsim::storport::adapters()[0];
        ntsim::storport::scan::scan(adapter);
        let address = ntsim::storport::adapter::Address { path: 0, target: 4, lun: 0 };
        if let Ok(disk) = ntsim::storport::disk::Disk::open(adapter, address) {
            for n in 0..16u64 {
                let data = vec![n as u8; 4096];
                if disk.send(n * 8, Ok(&data)).expect("memory").finish().is_ok() {
                    let there = xen.disk(51776).expect("the disk").borrow().bytes(n * 8, 8);
                    assert!(there == data, "write {n}: success that is not true");
                }
            }
        }
    });
    let rewrites = xen.sim().world.rewrites;
    assert!(rewrites > 0, "no response was ever rewritten under the driver's eyes");
}
