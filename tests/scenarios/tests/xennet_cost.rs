//! What a packet costs with the shipped driver: notifications, hypercalls, events, allocations, pages, instructions.
//! `cargo xtask bench net` prints the figures; the bars are asserted here.
#![allow(missing_docs)]

use std::{cell::Cell, collections::BTreeMap, rc::Rc};

use ntsim::ndis::protocol::transmit::Outgoing;
use scenarios::net::{Between, Cable, NEW, Nic, OLD, V4, guest, large, pattern, stacks, unsummed};
use scenarios::rig::{Rig, boot, sleep, wait_until};
use xensim::network::{Frame, Gso, packet};
use xensim::{NetKind, NicConfig, Xen};

/// Nanoseconds that the back-end's thread takes for a packet: more than the guest does, so that it never sleeps.
const BUSY: u64 = 5_000;
/// Packets whose instructions are counted: stepping is slow.
const COUNTED: u64 = 32;
/// Packets over which everything else is counted.
const PACKETS: u64 = 1_024;
/// Packets at the miniport at most.
const WINDOW: usize = 128;
/// Payload of a segment.
const MSS: u16 = 1448;
/// Payload of a large packet.
const LARGE: usize = 65_000;

/// A packet, as it is sent or received.
enum Way {
    Send(Outgoing),
    Receive(Frame),
}

/// A load: what it is called, frames on the wire for each packet, and instructions of `xenpvnet.sys` and `xenpvpci.sys`
/// for a packet at most: with events alone, and in poll mode.
struct Load {
    name: &'static str,
    way: Way,
    frames: u64,
    budget: [[u64; 2]; 2],
}

/// Budgets are a quarter more than what was measured when they were set. Raise them with a reason.
fn loads(nic: &Nic) -> [Load; 6] {
    let datagram = |length: usize| unsummed(nic.datagram(false, 1, &pattern(length - 42)));
    let from_peer = |length: usize| Frame::plain(nic.to_us(false, 1, &pattern(length - 54)));
    let mut big = nic.to_us(false, 1, &pattern(LARGE));
    packet::blank_checksum(&mut big);
    let gso = Some(Gso { v6: false, size: MSS });
    let big = Frame { checksum_blank: true, validated: true, gso, ..Frame::plain(big) };
    let segments = LARGE.div_ceil(usize::from(MSS)) as u64;
    let load = |name, way, frames, budget| Load { name, way, frames, budget };
    [
        load("send 64 B", Way::Send(datagram(64)), 1, [[1_800, 200], [2_200, 250]]),
        load("send 1500 B", Way::Send(datagram(1514)), 1, [[2_350, 620], [2_800, 700]]),
        load(
            "large send",
            Way::Send(large(nic.to_peer(false, 1, &pattern(LARGE)), MSS.into())),
            segments,
            [[8_200, 5_400], [8_600, 5_500]],
        ),
        load("receive 64 B", Way::Receive(from_peer(64)), 1, [[3_100, 1_050], [4_000, 1_200]]),
        load("receive 1500 B", Way::Receive(from_peer(1514)), 1, [[3_100, 1_050], [4_050, 1_200]]),
        load("large receive", Way::Receive(big), segments, [[7_200, 5_950], [7_300, 5_950]]),
    ]
}

/// Lets time pass until `done`: a little on the processor, as a busy guest does; then by idling, for threads that wait
/// for the processor.
fn until(mut done: impl FnMut() -> bool) {
    for turn in 0.. {
        if done() {
            return;
        }
        match turn % 100 {
            99 => sleep(1),
            _ => ntsim::kernel().engine.stall(2_000),
        }
    }
}

/// Sends or receives `count` packets.
fn run(nic: &Nic, way: &Way, count: u64) {
    const CHAIN: usize = 8;
    match way {
        Way::Send(packet) => {
            let chain = vec![packet.clone(); CHAIN];
            for _ in 0..count / CHAIN as u64 {
                until(|| nic.stack.link.in_flight() <= WINDOW);
                nic.stack.send_outgoing(&chain);
            }
            until(|| nic.stack.link.in_flight() == 0);
            let _ = nic.xen.captured(0);
        }
        Way::Receive(frame) => {
            let arrived = || nic.stack.link.counts.lock().frames;
            let start = arrived();
            for n in 0..count {
                nic.xen.inject(0, frame.clone());
                until(|| start + n <= arrived() + WINDOW as u64 / 4);
            }
            until(|| arrived() == start + count && nic.adapter.data.receives() == 0);
        }
    }
}

/// What a run cost.
#[derive(Debug)]
struct Cost {
    notifications: f64,
    hypercalls: f64,
    events: f64,
    recycled: f64,
    allocations: u64,
    instructions: BTreeMap<String, u64>,
}

fn measure(rig: &Rig, nic: &Nic, load: &Load) -> Cost {
    // Every buffer has been on the ring once.
    run(nic, &load.way, PACKETS);
    let backs = || rig.xen.with_net(0, |net, _| (net.stats.rx_slots, net.stats.rx_pages)).expect("a NIC");
    let (before, slots) = (rig.xen.stats(), backs());
    run(nic, &load.way, PACKETS);
    let (after, slots_after) = (rig.xen.stats(), backs());
    rig.sim.count();
    let counted = if load.frames == 1 { COUNTED } else { COUNTED / 4 };
    run(nic, &load.way, counted);
    let (instructions, calls) = rig.sim.counted();
    let per_packet = |n: u64| n as f64 / PACKETS as f64;
    let used = (slots_after.0 - slots.0).max(1) as f64;
    Cost {
        notifications: per_packet(after.events_to_host - before.events_to_host) / load.frames as f64,
        hypercalls: per_packet(after.total_hypercalls() - before.total_hypercalls()),
        events: per_packet(after.events_to_guest - before.events_to_guest),
        recycled: 1.0 - (slots_after.1 - slots.1) as f64 / used,
        allocations: calls.iter().filter(|(name, _)| name.contains("Alloc")).map(|(_, n)| n).sum(),
        instructions: instructions.into_iter().map(|(name, n)| (name, n / counted)).collect(),
    }
}

#[test]
fn packets_cost_no_memory_few_notifications_and_stay_in_budget() {
    println!(
        "instructions, hypercalls and events per packet, notifications per frame on the wire; busy back-end"
    );
    for (mode, build) in [OLD, NEW].into_iter().enumerate() {
        let mut config = NicConfig::of(NetKind::Netback, 0);
        config.policy.service = BUSY;
        let rig = guest(Xen::builder().vcpus(1).nic(config).seed(1).build(), build, 1);
        rig.sim.no_lag();
        rig.run(|| {
            let nic = Nic::open(&rig.xen, NetKind::Netback);
            nic.stack.link.sniffing.store(false, std::sync::atomic::Ordering::Release);
            // The announcements are over.
            sleep(6_000);
            for load in loads(&nic) {
                let cost = measure(&rig, &nic, &load);
                let driver = |name: &str| cost.instructions[name];
                let counted = [driver("xenpvnet.sys"), driver("xenpvpci.sys")];
                println!(
                    "{:14} | build {build} | xenpvnet {:5} xenpvpci {:5} | notifications {:.4} | hypercalls {:.3} | \
                     events {:.3} | {} allocations | {:.1} % recycled",
                    load.name,
                    counted[0],
                    counted[1],
                    cost.notifications,
                    cost.hypercalls,
                    cost.events,
                    cost.allocations,
                    cost.recycled * 100.0
                );
                let name = load.name;
                assert!(counted[0] > 100, "{name}: the driver was counted: {cost:?}");
                assert_eq!(cost.allocations, 0, "{name}: {cost:?}");
                assert!(cost.notifications <= 1.0 / 32.0, "{name}: {cost:?}");
                assert!(cost.recycled >= 0.99, "{name}: {cost:?}");
                for (got, budget) in counted.into_iter().zip(load.budget[mode]) {
                    assert!(got <= budget, "{name}: {got} instructions per packet, at most {budget}");
                }
            }
        });
        rig.xen.assert_clean();
    }
}

/// Notifications that the first NIC's back-end got from its present connection.
fn notifications(xen: &Xen) -> u64 {
    let of_queues = xen.with_net(0, |net, world| {
        let mut ports: Vec<u32> =
            net.queues.iter().flat_map(|queue| [queue.ports.0, queue.ports.1]).collect();
        ports.dedup();
        ports.iter().map(|port| world.hv.host_ports[port].received).sum()
    });
    of_queues.expect("a NIC")
}

/// Bulk TCP from one NIC of a guest to another: what the sending one costs for the frames that its segments become.
#[test]
fn bulk_tcp_takes_few_notifications() {
    const LENGTH: usize = 4 << 20;
    for build in [OLD, NEW] {
        let [one, two] = [0, 1].map(|id| NicConfig::of(NetKind::Netback, id));
        let rig = guest(Xen::builder().vcpus(2).nic(one).nic(two).seed(2).build(), build, 2);
        rig.run(|| {
            boot(&["xenpvpci", "xenpvnet"]);
            let stacks = stacks();
            sleep(6_000);
            let cable = Cable::lay(&rig.xen, Between::Wire(1514));
            let listener = stacks[1].tcp_listen(80).expect("a listener");
            let client = stacks[0].tcp_connect(V4[1], 80).expect("a connection");
            listener.accepted().expect("accepted");
            let before = notifications(&rig.xen);
            let done = Rc::new(Cell::new(false));
            let sent = done.clone();
            ntsim::ke::thread::spawn(move || {
                client.send(&pattern(LENGTH)).expect("it can be sent");
                sent.set(true);
            })
            .expect("a thread");
            assert!(listener.receive_exact(LENGTH).expect("it arrives") == pattern(LENGTH));
            wait_until("the sender", 10, || done.get());
            let (_, large) = cable.seen.get();
            assert!(large > 10, "{large} large sends");
            let frames = (LENGTH / usize::from(MSS)) as f64;
            let notifications = (notifications(&rig.xen) - before) as f64 / frames;
            println!(
                "bulk TCP | build {build} | {large} large sends | notifications per frame {notifications:.4}"
            );
            assert!(notifications <= 1.0 / 32.0, "{notifications} notifications per frame");
            cable.remove();
        });
        rig.xen.assert_clean();
    }
}
