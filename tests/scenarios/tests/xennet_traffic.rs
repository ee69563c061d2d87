//! Two NICs of one guest, their wires crossed by the test: TCP/IP through xennet, with every frame on the wire checked.
#![allow(missing_docs)]

use ntsim::ndis::{self, protocol::Stack};
use ntsim::pnp;
use scenarios::net::{Between, Cable, V4, V6, pattern, stacks, stacks_as};
use scenarios::rig::{Rig, boot, sleep, wait_until};
use smoltcp::wire::IpAddress;
use xensim::{NicConfig, Xen};

const B: IpAddress = V4[1];
const A6: IpAddress = V6[0];
const B6: IpAddress = V6[1];

struct Network {
    stacks: [&'static Stack; 2],
    cable: Cable,
}

fn start(xen: &Xen) -> Network {
    boot(&["xenpvpci", "xenpvnet"]);
    Network { stacks: stacks(), cable: Cable::lay(xen, Between::Wire(1514)) }
}

fn rig(seed: u64) -> Rig {
    Rig::new(Xen::builder().vcpus(2).nic(NicConfig::new(0)).nic(NicConfig::new(1)).seed(seed).build(), seed)
}

#[test]
fn pings_in_every_size() {
    let rig = rig(1);
    let xen = rig.xen.clone();
    rig.run(|| {
        let net = start(&xen);
        for size in [0, 1, 18, 56, 500, 1400] {
            net.stacks[0]
                .ping(B, &pattern(size), 5000)
                .unwrap_or_else(|e| panic!("v4 ping of {size}: {e:?}"));
            net.stacks[1]
                .ping(A6, &pattern(size), 5000)
                .unwrap_or_else(|e| panic!("v6 ping of {size}: {e:?}"));
        }
        net.cable.remove();
    });
    rig.xen.assert_clean();
}

#[test]
fn datagrams_arrive_whole() {
    let rig = rig(2);
    let xen = rig.xen.clone();
    rig.run(|| {
        let net = start(&xen);
        let (a, b) = (net.stacks[0].udp(4000).unwrap(), net.stacks[1].udp(4001).unwrap());
        for size in [1, 2, 3, 100, 777, 1472] {
            a.send(B, 4001, &pattern(size)).unwrap();
            assert_eq!(b.receive(5000).unwrap(), (pattern(size), V4[0], 4000), "{size}");
        }
        net.cable.remove();
    });
    rig.xen.assert_clean();
}

#[test]
fn a_connection_carries_large_sends() {
    for to in [B, B6] {
        let rig = rig(3);
        let xen = rig.xen.clone();
        rig.run(|| {
            let net = start(&xen);
            let listener = net.stacks[1].tcp_listen(80).unwrap();
            let client = net.stacks[0].tcp_connect(to, 80).unwrap();
            listener.accepted().unwrap();
            let data = pattern(400_000);
            let sent = data.clone();
            ntsim::ke::thread::spawn(move || {
                client.send(&sent).unwrap();
                client.finish().unwrap();
            })
            .unwrap();
            assert!(listener.receive_exact(data.len()).unwrap() == data, "what arrived is not what was sent");
            let settings = net.stacks[0].settings.lock().clone();
            let (frames, large) = net.cable.seen.get();
            println!("{frames} frames, {large} large; {:?}", *net.stacks[1].link.counts.lock());
            if settings.lso[usize::from(to == B6)].0 != 0 {
                assert!(large > 0, "large sends are offered, and none was seen on the wire");
            }
            net.cable.remove();
        });
        rig.xen.assert_clean();
    }
}

/// Stacks that leave checksums and segments to the miniport, as tcpip does: what is on the wire is right all the same.
#[test]
fn a_lean_stack_leaves_sums_and_segments_to_the_miniport() {
    for between in [Between::Wire(1514), Between::Bridge] {
        let rig = rig(6);
        let xen = rig.xen.clone();
        rig.run(|| {
            boot(&["xenpvpci", "xenpvnet"]);
            let stacks = stacks_as(true);
            let cable = Cable::lay(&xen, between);
            let (a, b) = (stacks[0].udp(4000).unwrap(), stacks[1].udp(4001).unwrap());
            a.send(B, 4001, &pattern(777)).unwrap();
            assert_eq!(b.receive(5000).unwrap().0, pattern(777));
            let listener = stacks[1].tcp_listen(80).unwrap();
            let client = stacks[0].tcp_connect(B, 80).unwrap();
            listener.accepted().unwrap();
            let data = pattern(400_000);
            let sent = data.clone();
            ntsim::ke::thread::spawn(move || client.send(&sent).unwrap()).unwrap();
            assert!(listener.receive_exact(data.len()).unwrap() == data, "what arrived is not what was sent");
            assert!(cable.seen.get().1 > 0, "no large send was seen on the wire");
            cable.remove();
        });
        rig.xen.assert_clean();
    }
}

/// The debug dump tells what both halves of a queue have counted.
#[test]
fn the_debug_dump_has_the_queues() {
    let rig = rig(7);
    let xen = rig.xen.clone();
    rig.run(|| {
        let net = start(&xen);
        net.stacks[0].ping(B, &pattern(56), 5000).unwrap();
        {
            let mut sim = xen.sim_mut();
            let xensim::Sim { world, tools, .. } = &mut *sim;
            tools.write(world, "control/sysrq", "d");
        }
        // Two NICs, each with a line for sends and one for receives.
        for (line, count) in [("--- xennet", 2), ("TxCounters { packets: ", 2), ("buffers with NDIS", 2)] {
            wait_until(line, 5, || rig.console().matches(line).count() >= count);
        }
        net.cable.remove();
    });
    rig.xen.assert_clean();
}

/// A stack that is busy with nothing makes every retransmission timeout an hour of the test's time.
#[test]
fn a_socket_that_waits_leaves_the_stack_alone() {
    let rig = rig(5);
    let xen = rig.xen.clone();
    rig.run(|| {
        let net = start(&xen);
        let mut listener = net.stacks[1].tcp_listen(80).unwrap();
        let _client = net.stacks[0].tcp_connect(B, 80).unwrap();
        listener.accepted().unwrap();
        sleep(7000);
        let turns = || net.stacks[1].turns.load(std::sync::atomic::Ordering::Relaxed);
        let before = turns();
        listener.patience = 5000;
        assert_eq!(listener.receive(), Err(ntsim::ndis::protocol::sockets::Error::TimedOut));
        let turns = turns() - before;
        assert!(turns < 100, "{turns} turns of the stack in five idle seconds");
        net.cable.remove();
    });
    rig.xen.assert_clean();
}

#[test]
fn both_adapters_are_removed_under_traffic() {
    let rig = rig(4);
    let xen = rig.xen.clone();
    rig.run(|| {
        let net = start(&xen);
        let listener = net.stacks[1].tcp_listen(80).unwrap();
        let client = net.stacks[0].tcp_connect(B, 80).unwrap();
        listener.accepted().unwrap();
        ntsim::ke::thread::spawn(move || {
            let _ = client.send(&pattern(1 << 20));
        })
        .unwrap();
        sleep(100);
        for adapter in ndis::adapters() {
            let node = pnp::node_of(adapter.pdo).unwrap();
            pnp::removal::disable(node).unwrap();
        }
        assert!(ndis::adapters().is_empty());
        net.cable.remove();
    });
}
