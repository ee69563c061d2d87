//! TCP through xennet on a bad network, while the device is suspended, migrated, unplugged, restarted: what
//! arrives is what was sent. And the announcements after a wake.
#![allow(missing_docs)]

use ntsim::ndis::protocol::Stack;
use scenarios::net::{Between, Cable, NEW, OLD, V4, V6, guest, pattern_from, running, stacks};
use scenarios::rig::{Rig, boot, sleep, wait_until};
use smoltcp::wire::{IpAddress, IpCidr};
use std::cell::Cell;
use std::rc::Rc;
use xensim::network::{Frame, WirePolicy};
use xensim::{NetKind, NewHost, NicConfig, Wake, Xen};

/// What happens while the streams run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    Cancelled,
    Same,
    New,
    Flap,
    Restart,
    Queues(u32),
}

const EVENTS: [Event; 7] = [
    Event::Cancelled,
    Event::Same,
    Event::New,
    Event::Flap,
    Event::Restart,
    Event::Queues(1),
    Event::Queues(4),
];

/// A network that loses and reorders.
const BAD: WirePolicy =
    WirePolicy { loss_permille: 5, duplicate_permille: 5, reorder_permille: 20, latency: (0, 300_000) };
/// One that does so less often: the stand-in's stack takes seconds for each loss.
const POOR: WirePolicy =
    WirePolicy { loss_permille: 1, duplicate_permille: 1, reorder_permille: 5, latency: (0, 300_000) };

fn nic(kind: NetKind, id: u32, queues: u32, wire: &WirePolicy) -> NicConfig {
    let mut config = NicConfig::of(kind, id);
    config.wire = (wire.clone(), wire.clone());
    if kind != NetKind::Qemu {
        config.features.max_queues = queues;
    }
    config
}

fn suspend(rig: &Rig, wake: Wake) {
    let before = rig.console().matches("xenpvpci: resumed").count();
    rig.xen.suspend(wake, 1_000_000);
    wait_until("the wake", 60, || rig.console().matches("xenpvpci: resumed").count() > before);
}

fn happen(rig: &Rig, kind: NetKind, event: Event) {
    match event {
        Event::Cancelled => suspend(rig, Wake::Cancelled),
        Event::Same => suspend(rig, Wake::Same),
        Event::New => suspend(rig, Wake::New(Box::default())),
        Event::Queues(queues) => {
            let nics = Some(vec![nic(kind, 0, queues, &BAD), nic(kind, 1, queues, &BAD)]);
            suspend(rig, Wake::New(Box::new(NewHost { nics, ..NewHost::default() })));
        }
        Event::Flap => {
            for up in [false, true] {
                rig.xen.with_net(0, |net, world| net.set_link(world, up));
                sleep(150);
            }
        }
        Event::Restart => {
            rig.xen.with_net(0, |net, world| net.die(world));
            sleep(100);
            rig.xen.with_net(0, |net, world| net.revive(world));
        }
    }
}

/// Bytes of a stream that are sent and compared at once.
const PIECE: usize = 1 << 16;

/// A stream each way; true in the cells when they have arrived whole.
fn streams(stacks: [&'static Stack; 2], to: [IpAddress; 2], length: usize) -> Vec<Rc<Cell<bool>>> {
    let mut done = Vec::new();
    for (from, port) in [(0, 80), (1, 81)] {
        let listener = stacks[1 - from].tcp_listen(port).expect("a listener");
        let mut client = stacks[from].tcp_connect(to[1 - from], port).expect("a connection");
        listener.accepted().expect("accepted");
        client.patience = 300_000;
        let mut listener = listener;
        listener.patience = 300_000;
        let arrived = Rc::new(Cell::new(false));
        done.push(arrived.clone());
        ntsim::ke::thread::spawn(move || {
            for at in (0..length).step_by(PIECE) {
                client.send(&pattern_from(at, PIECE.min(length - at))).expect("it can be sent");
            }
            let _ = client.finish();
        })
        .expect("a thread");
        ntsim::ke::thread::spawn(move || {
            for at in (0..length).step_by(PIECE) {
                let piece = PIECE.min(length - at);
                let got = listener.receive_exact(piece).expect("it arrives");
                assert!(got == pattern_from(at, piece), "what arrived is not what was sent, at {at}");
            }
            arrived.set(true);
        })
        .expect("a thread");
    }
    done
}

/// One run: a stream each way, events in the order that the seed chooses.
fn run(seed: u64, kind: NetKind, build: u32, between: Between, v6: bool, length: usize, events: &[Event]) {
    carry([nic(kind, 0, 2, &BAD), nic(kind, 1, 2, &BAD)], seed, build, between, v6, length, events);
}

/// As [`run`], between these NICs.
fn carry(
    [one, two]: [NicConfig; 2],
    seed: u64,
    build: u32,
    between: Between,
    v6: bool,
    length: usize,
    events: &[Event],
) {
    let kind = one.kind;
    let xen = Xen::builder().vcpus(2).nic(one).nic(two).seed(seed).build();
    let rig = guest(xen, build, seed);
    rig.run(|| {
        boot(&["xenpvpci", "xenpvnet"]);
        let stacks = stacks();
        let cable = Cable::lay(&rig.xen, between);
        let done = streams(stacks, if v6 { V6 } else { V4 }, length);
        for &event in events {
            sleep(40);
            happen(&rig, kind, event);
        }
        // Each operation on a stream has a bound of its own. The stack waits longer and longer for what is lost, and a bad
        // network lets through some ten thousand bytes in a second.
        wait_until("both streams", 3_600 + length as u64 / 10_000, || done.iter().all(|done| done.get()));
        for stack in stacks {
            let failed = stack.link.sent[1].load(std::sync::atomic::Ordering::Relaxed);
            // Nothing in flight fails, but for large sends that a new back-end does not take.
            assert_eq!(failed, 0, "{kind:?}, {events:?}, seed {seed}: sends failed");
        }
        cable.remove();
    });
    rig.xen.assert_clean();
}

#[test]
fn streams_are_whole_whatever_happens_to_the_device() {
    for (seed, event) in EVENTS.into_iter().enumerate() {
        let seed = seed as u64 + 1;
        // Each event with one flavour here; the campaign below mixes them all.
        let flavours = [(NetKind::Netback, NEW), (NetKind::NetbackPlain, OLD), (NetKind::Qemu, NEW)];
        let (kind, build) = flavours[seed as usize % 3];
        println!("{event:?}, {kind:?}, build {build}");
        let between = if seed.is_multiple_of(2) { Between::Bridge } else { Between::Wire(1514) };
        run(seed, kind, build, between, seed.is_multiple_of(3), 100_000, &[event]);
    }
}

/// Runs of the campaign that every test run makes.
const SEEDS: u64 = 4;

fn number(name: &str, other: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(other)
}

/// A mebibyte each way and back-end in every test run; `cargo xtask soak net-bulk` has more.
#[test]
fn long_streams_are_whole() {
    let length = (number("XENPV_MEBIBYTES", 1) as usize) << 20;
    for (seed, kind) in scenarios::net::KINDS.into_iter().enumerate() {
        let build = [OLD, NEW][seed % 2];
        println!("{kind:?}, build {build}, {length} bytes each way");
        let nics = [nic(kind, 0, 2, &POOR), nic(kind, 1, 2, &POOR)];
        carry(nics, seed as u64, build, Between::Wire(1514), seed == 1, length, &[]);
    }
}

#[test]
fn random_histories_leave_streams_whole() {
    let first = number("XENPV_FIRST_SEED", 1000);
    for seed in first..first + number("XENPV_SEEDS", SEEDS) {
        // A plain generator: the history is the seed's, whatever else changes.
        let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        let mut choose = |most: u64| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state % most
        };
        let kind = [NetKind::Netback, NetKind::NetbackPlain, NetKind::Qemu][choose(3) as usize];
        let build = [OLD, NEW][choose(2) as usize];
        let between = [Between::Wire(1514), Between::Bridge][choose(2) as usize];
        let v6 = choose(2) == 0;
        let events: Vec<Event> = (0..choose(4)).map(|_| EVENTS[choose(7) as usize]).collect();
        println!("seed {seed}: {kind:?}, build {build}, {between:?}, v6 {v6}, {events:?}");
        run(seed, kind, build, between, v6, 60_000, &events);
    }
}

#[test]
fn addresses_are_announced_three_times_after_a_wake() {
    for kind in scenarios::net::KINDS {
        let xen = Xen::builder().vcpus(2).nic(NicConfig::of(kind, 0)).nic(NicConfig::of(kind, 1)).build();
        let rig = guest(xen, OLD, 1);
        rig.run(|| {
            boot(&["xenpvpci", "xenpvnet"]);
            let stacks = stacks();
            // One whose uniqueness is not known yet is nobody's.
            let tentative = IpCidr::new(IpAddress::v6(0xfd00, 0, 0, 0, 0, 0, 0, 0x99), 64);
            stacks[0].tentative.lock().push(tentative);
            stacks[0].address(tentative, None);
            sleep(5000);
            let _ = (rig.xen.captured(0), rig.xen.captured(1));
            suspend(&rig, Wake::New(Box::default()));
            sleep(6000);
            for (n, adapter) in running(2).into_iter().enumerate() {
                let frames: Vec<Vec<u8>> =
                    rig.xen.captured(n as u32).into_iter().map(|Frame { data, .. }| data).collect();
                let IpAddress::Ipv4(v4) = V4[n] else { unreachable!() };
                let IpAddress::Ipv6(v6) = V6[n] else { unreachable!() };
                let arps = frames.iter().filter(|data| {
                    data[..6] == [0xff; 6]
                        && data[6..12] == adapter.mac()
                        && data[12..22] == [8, 6, 0, 1, 8, 0, 6, 4, 0, 1]
                        && data[22..28] == adapter.mac()
                        && data[28..32] == v4.octets()
                        && data[38..42] == v4.octets()
                });
                assert_eq!(arps.count(), 3, "{kind:?}: gratuitous ARP of NIC {n}");
                let advertised = |address: std::net::Ipv6Addr| {
                    let right = |data: &&Vec<u8>| {
                        data[..6] == [0x33, 0x33, 0, 0, 0, 1]
                            && data[12..14] == [0x86, 0xdd]
                            && data[20..22] == [58, 255]
                            && data[54] == 136
                            && data[58] & 0x20 != 0
                            && data[62..78] == address.octets()
                            && data[80..86] == adapter.mac()
                            && icmp_sum(data) == 0xffff
                    };
                    frames.iter().filter(right).count()
                };
                assert_eq!(advertised(v6), 3, "{kind:?}: neighbour advertisements of NIC {n}");
                assert_eq!(advertised(std::net::Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, 0x99)), 0);
            }
        });
        rig.xen.assert_clean();
    }
}

/// One's complement sum over an ICMPv6 message and its pseudo-header.
fn icmp_sum(data: &[u8]) -> u32 {
    let length = (data.len() - 54) as u32;
    let words =
        data[22..].chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0)));
    let mut sum = words.sum::<u32>() + length + 58;
    while sum >> 16 != 0 {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum
}
