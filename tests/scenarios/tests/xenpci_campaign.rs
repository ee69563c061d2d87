//! Campaigns: the same story many times, each with a suspend at another point, another failing
//! allocation, or one more cycle, and nothing lost or left. `cargo test` runs a sample; `cargo xtask soak`
//! sets `XENPV_SOAK` to the number of rounds, and `XENPV_SOAK_FROM` to the first seed.
#![allow(missing_docs)]

use ntsim::{
    kernel::config::Faults,
    ob,
    pnp::{self, node::NodeState, removal},
    po::system::{Transition, transition},
    storport::{self, adapter::Address, disk::Disk},
    verifier::faults,
};
use scenarios::rig::{
    Rig, add_package, boot, event_log, fail_each_once, node, rounds, sleep, state_of, wait_until,
};
use std::{cell::Cell, collections::BTreeMap, rc::Rc};
use xensim::{BlockConfig, Flavour, Held, NewHost, NicConfig, Wake, Xen};

const BUS: &str = "PCI\\VEN_5853&DEV_0001";
const XVDE: u32 = 51776;
const XVDF: u32 = 51792;
const MS: u64 = 1_000_000;

fn vifs() -> usize {
    pnp::dump().matches("XENPV\\VIF").count()
}

fn pattern(n: u64) -> Vec<u8> {
    (0..16384u64).map(|i| (n.wrapping_mul(0x9e37_79b9).wrapping_add(i * 7) >> 3) as u8).collect()
}

/// The disk at a target, once Windows sees it. In the guest.
fn disk(target: u8) -> Disk {
    let address = Address { path: 0, target, lun: 0 };
    let mut found = None;
    wait_until(&format!("target {target}"), 90, || {
        if let Some(adapter) = storport::adapters().first() {
            storport::scan::scan(adapter);
            found = Disk::open(adapter, address).ok();
        }
        found.is_some()
    });
    found.unwrap()
}

/// How the machine sleeps and wakes.
fn wake(kind: u64) -> Wake {
    let poorer = NewHost {
        flavour: Some(Flavour::plain()),
        late_writes: Some(2 * MS),
        disks: None,
        ..NewHost::default()
    };
    match kind % 4 {
        0 => Wake::Cancelled,
        1 => Wake::Same,
        2 => Wake::New(Box::default()),
        _ => Wake::New(Box::new(poorer)),
    }
}

/// What is done at the chosen point.
fn interrupt(rig: &Rig, kind: u64) {
    // Before the driver runs there is nobody to ask.
    let ready = || rig.xen.sim().world.callback() != xensim::hv::deliver::Callback::None;
    while !ready() {
        sleep(1);
    }
    match kind % 6 {
        4 => transition(Transition::Sleep, || rig.xen.s3_wake()).unwrap(),
        5 => transition(Transition::Hibernate, || rig.xen.s4_wake(NewHost::default())).unwrap(),
        wakes => rig.xen.suspend(wake(wakes), MS),
    }
}

/// Boot, I/O, hot-plug and unplug, teardown, and up again; at the end everything is where it belongs.
fn story(rig: &Rig) {
    let xen = &rig.xen;
    boot(&["xenpvpci", "xenpvvbd"]);
    let first = disk(4);
    let mut pending = Vec::new();
    for n in 0..24u64 {
        let request = first.send(n * 32, Ok(&pattern(n))).unwrap_or_else(|e| panic!("write {n}: {e:?}"));
        pending.push((n, request));
        if n == 6 {
            xen.plug_nic(NicConfig::new(1));
        }
        if n == 10 {
            xen.plug_disk(BlockConfig::new(XVDF, 4));
        }
        if n == 16 {
            xen.yank_nic(0);
        }
        if n % 3 == 2 {
            sleep(1);
        }
        if pending.len() > 6 {
            let (n, request) = pending.remove(0);
            request.finish().unwrap_or_else(|e| panic!("write {n}: {e:?} {:#?}", event_log()));
        }
    }
    let second = disk(5);
    second.write(8, &[5; 4096], false).unwrap_or_else(|e| panic!("{e:?} {:#?}", event_log()));
    for (n, request) in pending {
        request.finish().unwrap_or_else(|e| panic!("write {n}: {e:?} {:#?}", event_log()));
    }
    first.flush().unwrap();
    for n in 0..24u64 {
        let there = xen.disk(XVDE).unwrap().borrow().bytes(n * 32, 32);
        assert!(there == pattern(n), "write {n} at the back-end");
    }
    wait_until("one interface", 90, || vifs() == 1);
    let mut status = Err(0);
    wait_until("the bus lets itself be stopped", 60, || {
        status = removal::disable(node(BUS));
        status.is_ok()
    });
    removal::enable(node(BUS));
    wait_until("started again", 60, || state_of(BUS) == Some((NodeState::Started, 0)));
    let first = disk(4);
    for n in 0..24u64 {
        let mut back = vec![0; 16384];
        first.read(n * 32, &mut back).unwrap_or_else(|e| panic!("read {n}: {e:?} {:#?}", event_log()));
        assert!(back == pattern(n), "read {n}");
    }
}

fn told(seed: u64) -> Rig {
    let mut config = BlockConfig::new(XVDE, 4);
    config.policy.latency = (1_000, 3 * MS);
    let vcpus = [1, 2, 4][seed as usize % 3];
    let xen = Xen::builder().vcpus(vcpus).seed(seed).disk(config).nic(NicConfig::new(0)).build();
    Rig::new(xen, seed)
}

/// How long the story takes when nothing interrupts it, in nanoseconds from the boot.
fn length() -> u64 {
    let rig = told(0);
    rig.run(|| {
        let before = rig.sim.now();
        story(&rig);
        rig.sim.now() - before
    })
}

/// Seeds that found something. Why 2483 failed is not known; it passes since a stop and a wake exclude each other. 3670:
/// after a sleep the list of disks could not be read, and was not read again. 1197: the thread that follows the interfaces
/// became the last owner of itself in a stop, and outlived the driver.
const FOUND: [u64; 3] = [2483, 3670, 1197];

/// A suspend at a point of the story that the seed chooses, and a wake of each kind: nothing is lost, the
/// verifier has nothing to report, it takes a bounded time.
#[test]
fn suspends_at_every_point() {
    let length = length();
    let (from, count) = rounds(132);
    for seed in (from..from + count).chain(FOUND) {
        let rig = Rc::new(told(seed));
        let at = (seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 11) % length;
        let done = Rc::new(Cell::new(false));
        let (other, flag) = (Rc::clone(&rig), Rc::clone(&done));
        rig.run(|| {
            let suspender = move || {
                sleep(at / MS);
                interrupt(&other, seed);
                flag.set(true);
            };
            ntsim::ke::thread::spawn(Box::new(suspender)).unwrap();
            story(&rig);
            wait_until("the interruption", 60, || done.get());
            if seed % 6 < 4 {
                wait_until("the wake", 60, || rig.console().contains("resumed (Some("));
            }
            wait_until("the keys", 60, || rig.xen.missing_capabilities().is_empty());
            disk(4).write(0, &[9; 4096], true).unwrap();
        });
        let violations = rig.xen.violations();
        assert!(violations.is_empty(), "seed {seed}: {violations:#?}");
        let console = rig.console();
        assert!(!console.contains("are still back-ends'"), "seed {seed}: {console}");
    }
}

/// What the driver has in the pool: blocks and bytes.
fn pool() -> (usize, usize) {
    let all = ntsim::kernel().mm.pool.lock().all();
    let tags = [u32::from_le_bytes(*b"XPci"), u32::from_le_bytes(*b"XVbd")];
    let ours = all.iter().filter(|(_, block)| tags.contains(&block.tag));
    ours.fold((0, 0), |(count, bytes), (_, block)| (count + 1, bytes + block.size))
}

/// Objects of the kernel's, by type: threads, devices, drivers, keys and what else has a reference count.
#[allow(unsafe_code, reason = "a look at the kernel's own blocks")]
fn objects() -> BTreeMap<&'static str, usize> {
    let all = ntsim::kernel().mm.pool.lock().all();
    let mut count = BTreeMap::new();
    for (at, _) in all.iter().filter(|(_, block)| block.tag == u32::from_le_bytes(*b"ObOb")) {
        let body = (*at as *mut u8).wrapping_add(size_of::<ob::Header>());
        // SAFETY: an object's block begins with its header.
        let header = unsafe { ob::header(body) };
        *count.entry(header.kind.name).or_default() += 1;
    }
    count
}

/// Plugs and unplugs disks and interfaces; what the hypervisor, xenstored and the pool hold stays the same.
#[test]
fn hot_plug_cycles_leak_nothing() {
    let (from, count) = rounds(12);
    let rig = told(1000 + from);
    let xen = &rig.xen;
    rig.run(|| {
        boot(&["xenpvpci", "xenpvvbd"]);
        let keep = disk(4);
        let cycle = |n: u64| {
            let id = 1 + n as u32 % 3;
            xen.plug_nic(NicConfig::new(id));
            xen.plug_disk(BlockConfig::new(XVDF, 2));
            let second = disk(5);
            second.write(n % 64, &[n as u8; 512], false).unwrap();
            wait_until("two interfaces", 60, || vifs() == 2);
            if n.is_multiple_of(2) {
                xen.unplug_disk(XVDF);
            } else {
                xen.yank_disk(XVDF);
            }
            xen.yank_nic(id);
            let adapter = storport::adapters()[0];
            wait_until("the disk gone", 60, || {
                storport::scan::scan(adapter);
                !adapter.units.lock().keys().any(|at| at.target == 5)
            });
            wait_until("one interface", 60, || vifs() == 1);
            keep.write(8 * (n % 64), &[n as u8; 4096], false).unwrap();
            sleep(3_000);
        };
        // The first ones make what is kept.
        for n in 0..4 {
            cycle(n);
        }
        let (held, blocks) = (xen.held(), pool());
        for n in 4..4 + count {
            cycle(n);
        }
        assert_eq!(xen.held(), held, "after {count} cycles");
        let after = pool();
        assert!(after.0 <= blocks.0 + 4 && after.1 <= blocks.1 + 4096, "{blocks:?} became {after:?}");
    });
    xen.assert_clean();
}

/// Load, start, stop, remove, unload: the driver leaves nothing with Xen or the kernel.
#[test]
fn load_cycles_leak_nothing() {
    let (from, count) = rounds(20);
    let xen = Xen::builder().vcpus(2).nic(NicConfig::new(0)).seed(from).build();
    let rig = Rig::new(xen, from);
    let xen = &rig.xen;
    rig.run(|| {
        let untouched = xen.held();
        boot(&["xenpvpci"]);
        let mut first = None;
        for n in 0..count {
            wait_until("started", 20, || state_of(BUS) == Some((NodeState::Started, 0)));
            wait_until("vif 0", 20, || vifs() == 1);
            removal::disable(node(BUS)).unwrap_or_else(|status| panic!("cycle {n}: {status:#x}"));
            assert_eq!(xen.held(), Held { shared: xen.held().shared, ..untouched }, "cycle {n}");
            assert!(ntsim::loader::find("xenpvpci.sys").is_none(), "unloaded");
            assert_eq!(pool(), (0, 0), "cycle {n}");
            // A thread that has ended is an object until its processor has switched to another one.
            sleep(10);
            let objects = objects();
            assert_eq!(first.get_or_insert(objects.clone()), &objects, "cycle {n}");
            removal::enable(node(BUS));
        }
    });
    xen.assert_clean();
}

/// Boots, plugs, suspends and unloads with allocation failures; whatever starts works and leaves nothing.
fn with_failures(seed: u64, faults: Faults) -> u64 {
    let xen = Xen::builder().vcpus(2).nic(NicConfig::new(0)).seed(seed).build();
    let rig = Rig::with(xen, seed, |b| b.faults(faults));
    let xen = &rig.xen;
    let opportunities = rig.run(|| {
        let untouched = xen.held();
        faults::suspended(|| add_package("xenpvpci"));
        pnp::boot::run();
        if state_of(BUS) == Some((NodeState::Started, 0)) {
            sleep(5_000);
            xen.plug_nic(NicConfig::new(1));
            xen.suspend(Wake::New(Box::default()), MS);
            sleep(20_000);
            removal::disable(node(BUS)).unwrap_or_else(|status| panic!("{faults:?}: {status:#x}"));
        }
        let held = xen.held();
        assert_eq!((held.grants, held.mapped, held.watches, held.transactions), (0, 0, 0, 0), "{faults:?}");
        assert_eq!(held.ports, untouched.ports, "{faults:?}");
        faults::opportunities()
    });
    assert!(xen.violations().is_empty(), "{faults:?}: {:#?}", xen.violations());
    opportunities
}

/// Each allocation of the driver's life fails once.
#[test]
fn every_allocation_fails_once() {
    fail_each_once(24, 200, |faults| with_failures(7, faults));
}

/// As Driver Verifier does it: every new call stack's allocation fails once, in one run.
#[test]
fn every_call_stack_fails_once() {
    with_failures(8, Faults::Systematic);
}
