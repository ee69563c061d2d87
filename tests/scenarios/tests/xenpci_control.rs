//! What the toolstack asks: shutdown, sleep, crash, sysrq; and what it finds about the guest.
#![allow(missing_docs)]

use ntsim::{
    cm,
    io::{security::Token, user::Process},
    pnp::{self, node::NodeState},
    po::system::{Asked, Transition, take_asked, transition},
};
use scenarios::{
    bus::{BUS, DOOR, GET_REQUEST, READ_WRITE, rig},
    rig::{Rig, boot, event_log, sleep, state_of, wait_until},
};
use xensim::{NewHost, NicConfig, Toolstack, Wake, Xen};

const PARAMETERS: &str = r"\Registry\Machine\System\CurrentControlSet\Services\xenpvpci\Parameters";

/// SHUTDOWN_* of xen/sched.h.
const POWEROFF: u32 = 0;
const REBOOT: u32 = 1;
const CRASH: u32 = 3;
const WATCHDOG: u32 = 4;

/// The toolstack writes one of its keys.
fn write(xen: &Xen, key: &str, value: &str) {
    let mut sim = xen.sim_mut();
    let xensim::Sim { world, tools, .. } = &mut *sim;
    tools.write(world, key, value);
}

fn read(xen: &Xen, key: &str) -> Option<String> {
    let sim = xen.sim();
    sim.world.store.get(&format!("/local/domain/{}/{key}", sim.world.hv.domid))
}

/// How the domain ended.
fn ended(xen: &Xen) -> Option<u32> {
    match xen.sim().world.hv.stopped {
        xensim::hv::Stopped::Shutdown { reason, resumed: None } => Some(reason),
        _ => None,
    }
}

/// Everything still works: hot-plug needs store, watches, events and the bus.
fn works(rig: &Rig, id: u32) {
    rig.run(|| {
        let before = pnp::dump().matches("XENPV\\VIF").count();
        rig.xen.plug_nic(NicConfig::new(id));
        wait_until("one more interface", 20, || pnp::dump().matches("XENPV\\VIF").count() == before + 1);
    });
}

#[test]
fn without_an_agent_the_kernel_does_it() {
    let rig = rig(1);
    for (request, wish) in [
        ("poweroff", Asked::Shutdown { reboot: false }),
        ("halt", Asked::Shutdown { reboot: false }),
        ("reboot", Asked::Shutdown { reboot: true }),
        ("s3", Asked::Sleep),
        ("s4", Asked::Hibernate),
    ] {
        rig.run(|| {
            rig.xen.request_shutdown(request);
            let mut asked = Vec::new();
            wait_until(request, 5, || {
                asked.extend(take_asked());
                !asked.is_empty()
            });
            assert_eq!(asked, [wish], "{request}");
            assert!(rig.xen.shutdown_acknowledged(), "{request}");
            assert!(event_log().iter().any(|text| text.contains("the host asks for")));
        });
    }
    works(&rig, 1);
    rig.xen.assert_clean();
}

#[test]
fn what_is_not_understood_stays_in_place() {
    let rig = rig(2);
    rig.run(|| {
        rig.xen.request_shutdown("dance");
        sleep(2_000);
        assert_eq!(take_asked(), []);
        assert!(!rig.xen.shutdown_acknowledged());
        // And the next request is heard.
        rig.xen.request_shutdown("poweroff");
        wait_until("poweroff", 5, || take_asked() == [Asked::Shutdown { reboot: false }]);
    });
    rig.xen.assert_clean();
}

/// What an agent was told.
type Told = std::rc::Rc<std::cell::Cell<Option<u32>>>;

/// An agent that waits at the door, in a thread of its own; what it was told is left in `told`.
fn agent(told: &Told, milliseconds: u32) {
    let told = Told::clone(told);
    let agent = move || {
        let links = ntsim::io::state().interfaces.lock().enabled_links(&DOOR);
        let process = Process::new(Token::system());
        let handle = process.open(&links[0], READ_WRITE).unwrap();
        let (status, data) = process.ioctl(handle, GET_REQUEST, &milliseconds.to_le_bytes(), 4);
        assert_eq!(status, 0);
        told.set(Some(u32::from_le_bytes(data.try_into().unwrap())));
        process.close(handle);
    };
    ntsim::ke::thread::spawn(Box::new(agent)).unwrap();
}

#[test]
fn an_agent_that_answers_does_it() {
    let rig = rig(3);
    let told = Told::default();
    rig.run(|| {
        for (request, number) in [("poweroff", 1), ("reboot", 2), ("halt", 3), ("s3", 4), ("s4", 5)] {
            told.set(None);
            agent(&told, 60_000);
            sleep(100);
            rig.xen.request_shutdown(request);
            wait_until(request, 10, || told.get().is_some());
            assert_eq!(told.get(), Some(number), "{request}");
            assert!(rig.xen.shutdown_acknowledged());
            sleep(70_000);
            assert_eq!(take_asked(), [], "the kernel leaves {request} to the agent");
        }
    });
    rig.xen.assert_clean();
}

#[test]
fn an_agent_that_has_died_is_not_waited_for_for_ever() {
    let rig = rig(4);
    let told = Told::default();
    rig.run(|| {
        agent(&told, 100);
        wait_until("the agent's time", 5, || told.get() == Some(0));
        let before = rig.sim.now();
        rig.xen.request_shutdown("poweroff");
        wait_until("the kernel's turn", 70, || take_asked() == [Asked::Shutdown { reboot: false }]);
        assert!(rig.sim.now() - before >= 59_000_000_000, "the agent's bound");
        assert!(event_log().iter().any(|text| text.contains("the agent does not answer")));
    });
    rig.xen.assert_clean();
}

/// Asks for a sleep by the control key and plays the power manager and the machine.
fn slept(rig: &Rig, request: &str, what: Transition, machine: impl FnOnce(&Xen)) {
    rig.run(|| {
        rig.xen.request_shutdown(request);
        wait_until(request, 5, || !take_asked().is_empty());
        transition(what, || machine(&rig.xen)).unwrap_or_else(|status| panic!("{what:?}: {status:#x}"));
        assert_eq!(state_of(BUS), Some((NodeState::Started, 0)), "{}", pnp::dump());
        wait_until("the keys", 10, || rig.xen.missing_capabilities().is_empty());
    });
}

#[test]
fn s3_s4_and_fast_startup_on_other_hosts() {
    for (vcpus, seed) in [(1, 5), (2, 6), (8, 7), (40, 8)] {
        let rig = Rig::new(Xen::builder().vcpus(vcpus).nic(NicConfig::new(0)).build(), seed);
        rig.run(|| {
            boot(&["xenpvpci"]);
            wait_until("vif 0", 5, || pnp::find("XENPV\\VIF").is_some());
        });
        slept(&rig, "s3", Transition::Sleep, Xen::s3_wake);
        works(&rig, 1);
        slept(&rig, "s4", Transition::Hibernate, |xen| xen.s4_wake(NewHost::default()));
        works(&rig, 2);
        // Fast startup: the machine is switched on days later, on a host that has less.
        let host = NewHost { flavour: Some(xensim::Flavour::plain()), ..NewHost::default() };
        slept(&rig, "s4", Transition::FastStartup, |xen| xen.s4_wake(host));
        works(&rig, 3);
        rig.xen.assert_clean();
    }
}

/// While a machine sleeps its local APICs are off, and Xen drops the edges of what happens meanwhile; the flag that an
/// event is pending stays, so that no later event raises an interrupt either. Whoever binds has to look once.
#[test]
fn an_event_whose_edge_a_disabled_apic_has_dropped_is_found() {
    for (vcpus, seed) in [(1, 21), (2, 22), (4, 23)] {
        let rig = Rig::new(Xen::builder().vcpus(vcpus).build(), seed);
        rig.run(|| boot(&["xenpvpci"]));
        rig.run(|| {
            let dropped = || rig.xen.stats().dropped_edges;
            let before = dropped();
            transition(Transition::Sleep, || {
                let apics = |on| (0..vcpus as u32).for_each(|vcpu| rig.xen.set_lapic(vcpu, on));
                apics(false);
                // A watch's event.
                rig.xen.plug_nic(NicConfig::new(0));
                for _ in 0..100 {
                    let actors = machine::Machine::actors(&rig.xen);
                    (0..actors).for_each(|_| machine::Machine::step(&rig.xen, 0));
                }
                rig.xen.s3_wake();
                apics(true);
            })
            .unwrap_or_else(|status| panic!("{status:#x}"));
            assert!(dropped() > before, "the event came while the APICs were off");
            wait_until("the NIC that was plugged meanwhile", 10, || pnp::find("XENPV\\VIF").is_some());
        });
        works(&rig, 1);
        rig.xen.assert_clean();
    }
}

#[test]
fn the_clock_is_set_after_a_long_sleep() {
    let rig = rig(9);
    // Seconds since 1601, of the guest and of the host.
    let guest = || ntsim::ke::timer::system_time() / 10_000_000;
    let host = || 11_644_473_600 + rig.xen.sim().world.hv.wallclock + rig.xen.now() / 1_000_000_000;
    rig.run(|| {
        for sleep in [Transition::Hibernate, Transition::FastStartup] {
            transition(sleep, || {
                rig.xen.sim_mut().world.hv.wallclock += 7 * 24 * 3600;
                rig.xen.s4_wake(NewHost::default());
            })
            .unwrap();
            assert!(guest().abs_diff(host()) <= 1, "{} and {}", guest(), host());
        }
        rig.xen.sim_mut().world.hv.wallclock += 3600;
        rig.xen.suspend(Wake::New(Box::default()), 1_000_000);
        wait_until("the wake", 20, || rig.console().contains("resumed (Some(NewDomain))"));
        assert!(guest().abs_diff(host()) <= 1, "{} and {}", guest(), host());
    });
}

#[test]
fn sysrq() {
    let rig = rig(10);
    rig.run(|| {
        write(&rig.xen, "control/sysrq", "h");
        wait_until("help", 5, || rig.console().contains("sysrq: c crash"));
        write(&rig.xen, "control/sysrq", "d");
        wait_until("the dump", 5, || rig.console().contains("--- xenpvpci on Xen 4.20"));
        assert!(rig.console().contains("events: FIFO"), "{}", rig.console());
        wait_until("the node emptied", 5, || read(&rig.xen, "control/sysrq").as_deref() == Some(""));
    });
    rig.xen.assert_clean();
}

#[test]
fn sysrq_ends_the_domain_at_once() {
    for (key, reason) in [("o", POWEROFF), ("b", REBOOT)] {
        let rig = rig(11);
        let end = rig.try_run(|| {
            write(&rig.xen, "control/sysrq", key);
            sleep(10_000);
        });
        assert!(end.is_err(), "the domain has ended");
        assert_eq!(ended(&rig.xen), Some(reason), "{key}");
    }
}

/// A crash, asked for or not: the dump goes to both consoles, and the toolstack learns of it.
#[test]
fn a_crash_is_told() {
    for (key, value) in [("control/sysrq", "c"), ("control/shutdown", "crash")] {
        let rig = rig(12);
        let end = rig.try_run(|| {
            write(&rig.xen, key, value);
            sleep(10_000);
        });
        assert_eq!(end.unwrap_err().code, 0xe2, "MANUALLY_INITIATED_CRASH");
        assert_eq!(rig.xen.sim().world.hv.shutdown_code, Some(CRASH), "{key}");
        let console = rig.console();
        assert!(console.contains("xenpvpci: Windows has crashed"), "{console}");
        assert!(console.contains("--- xenpvpci on Xen 4.20"), "{console}");
        let sim = rig.xen.sim();
        let ring = sim.world.mem.shared_page(xensim::hv::CONSOLE_RING).unwrap();
        let mut text = [0; 2048];
        ring.read(1024, &mut text);
        let text = [&sim.world.pv_console[..], &text].concat();
        assert!(String::from_utf8_lossy(&text).contains("--- xenpvpci on Xen 4.20"), "the PV console");
    }
}

#[test]
fn the_event_log_is_on_the_pv_console_too() {
    let rig = rig(13);
    rig.run(|| {
        rig.xen.request_shutdown("poweroff");
        let line = "the host asks for PowerOff";
        wait_until("port 0xE9", 5, || rig.console().contains(line));
        let ring = || String::from_utf8_lossy(&rig.xen.sim().world.pv_console).into_owned();
        wait_until("the ring", 5, || ring().contains(line));
        // More than the ring holds, without a reader that keeps up: nobody waits, nothing breaks.
        for _ in 0..40 {
            rig.xen.request_shutdown("halt");
            wait_until("halt", 5, || !take_asked().is_empty());
        }
    });
    rig.xen.assert_clean();
}

#[test]
fn the_watchdog_bites_a_dead_guest_only() {
    let rig = Rig::new(Xen::builder().vcpus(2).build(), 14);
    let end = rig.try_run(|| {
        ntsim::pnp::boot::prepare_registry();
        cm::set_dword(PARAMETERS, "WatchdogSeconds", 10, false);
        boot(&["xenpvpci"]);
        assert_eq!(state_of(BUS), Some((NodeState::Started, 0)));
        sleep(60_000);
        assert_eq!(ended(&rig.xen), None);
        // A new domain gets one of its own.
        rig.xen.suspend(Wake::New(Box::default()), 1_000_000);
        wait_until("the wake", 20, || rig.console().contains("resumed (Some(NewDomain))"));
        assert!(rig.xen.sim().world.hv.watchdogs[0].is_some());
        sleep(60_000);
        assert_eq!(ended(&rig.xen), None);
        // No timer runs any more.
        let old = ntsim::ke::irql::raise(2);
        for _ in 0..200 {
            ntsim::kernel().engine.stall(100_000_000);
        }
        ntsim::ke::irql::lower(old);
    });
    assert!(end.unwrap_err().text.contains("stopped for ever, reason 4"), "nothing runs after the bite");
    assert_eq!(ended(&rig.xen), Some(WATCHDOG));
}

/// What xl and XAPI look at before they suspend, migrate or shut a guest down, after every kind of wake.
#[test]
fn toolstacks_find_their_keys_after_every_wake() {
    for toolstack in [Toolstack::Xl, Toolstack::Xapi] {
        let xen = Xen::builder().vcpus(2).toolstack(toolstack).nic(NicConfig::new(0)).build();
        let rig = Rig::new(xen, 15);
        rig.run(|| {
            boot(&["xenpvpci", "xenpvvbd", "xenpvnet"]);
            wait_until("vif 0", 5, || pnp::find("XENPV\\VIF").is_some());
            let complete = |when: &str| {
                wait_until(when, 10, || rig.xen.missing_capabilities().is_empty());
                for key in ["drivers/0", "data/updated", "control/feature-shutdown", "control/feature-s3"] {
                    if toolstack == Toolstack::Xapi || !key.starts_with("control") {
                        assert!(read(&rig.xen, key).is_some_and(|v| !v.is_empty()), "{when}: {key}");
                    }
                }
            };
            complete("at boot");
            for (wake, name) in [
                (Wake::Cancelled, "Cancelled"),
                (Wake::Same, "SameDomain"),
                (Wake::New(Box::default()), "NewDomain"),
            ] {
                let resumed = format!("resumed (Some({name}))");
                // A toolstack that takes them away sees them written again.
                for key in ["control/feature-suspend", "data/updated", "attr/PVAddons/Installed"] {
                    write(&rig.xen, key, "");
                }
                rig.xen.suspend(wake, 1_000_000);
                wait_until(name, 20, || rig.console().contains(&resumed));
                complete(name);
                assert_eq!(read(&rig.xen, "data/updated").as_deref(), Some("1"), "{name}");
            }
            transition(Transition::Sleep, || rig.xen.s3_wake()).unwrap();
            complete("S3");
            transition(Transition::Hibernate, || rig.xen.s4_wake(NewHost::default())).unwrap();
            complete("S4");
        });
        rig.xen.assert_clean();
    }
}

/// XAPI suspends a guest with `attr/PVAddons` without asking it: only when disks and NICs survive it.
#[test]
fn pv_addons_are_not_claimed_without_their_drivers() {
    let rig = Rig::new(Xen::builder().vcpus(1).toolstack(Toolstack::Xapi).build(), 16);
    rig.run(|| {
        boot(&["xenpvpci"]);
        wait_until("the keys", 5, || read(&rig.xen, "data/updated").as_deref() == Some("1"));
        assert_eq!(read(&rig.xen, "attr/PVAddons/Installed"), None);
    });
}
