//! The net back-end against raw rings.
#![allow(missing_docs)]

use xenbus::{
    seam::{Access, EventChannels, GrantTable, PageAllocator, SharedPage, Store},
    types::{Domid, GrantRef, Port},
};
use xensim::{
    Direct, DirectPages, Frame, Gso, NetAttack, NetKind, NicConfig, Violation, WirePolicy, Xen,
    network::packet,
};

struct Front {
    guest: Direct,
    tx: DirectPages,
    rx: DirectPages,
    ctrl: Option<(DirectPages, Port)>,
    grants: Vec<GrantRef>,
    port: Port,
    tx_prod: u32,
    tx_cons: u32,
    rx_prod: u32,
    rx_cons: u32,
    buffers: Vec<(DirectPages, GrantRef)>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Rx {
    id: u16,
    offset: u16,
    flags: u16,
    status: i16,
}

impl Front {
    fn connect(guest: &Direct, keys: &[(&str, &str)], ctrl: bool) -> Self {
        let dir = "device/vif/0";
        let tx = guest.alloc_pages(1).expect("tx");
        let rx = guest.alloc_pages(1).expect("rx");
        for ring in [&tx, &rx] {
            ring.store(4, 1);
            ring.store(12, 1);
        }
        let grant =
            |page: &DirectPages| guest.grant_access(Domid(0), page.gfn(0), Access::ReadWrite).expect("grant");
        let mut grants = vec![grant(&tx), grant(&rx)];
        let port = guest.alloc_unbound(Domid(0), 0).expect("port");
        guest.unmask(&port);
        let mut all: Vec<(String, String)> = vec![
            ("tx-ring-ref".into(), grants[0].raw().to_string()),
            ("rx-ring-ref".into(), grants[1].raw().to_string()),
            ("event-channel".into(), port.raw().to_string()),
            ("request-rx-copy".into(), "1".into()),
            ("feature-rx-notify".into(), "1".into()),
        ];
        let ctrl = ctrl.then(|| {
            let page = guest.alloc_pages(1).expect("ctrl");
            page.store(4, 1);
            page.store(12, 1);
            let grant = grant(&page);
            let port = guest.alloc_unbound(Domid(0), 0).expect("port");
            all.push(("ctrl-ring-ref".into(), grant.raw().to_string()));
            all.push(("event-channel-ctrl".into(), port.raw().to_string()));
            grants.push(grant);
            (page, port)
        });
        all.extend(keys.iter().map(|(key, value)| ((*key).into(), (*value).into())));
        for (key, value) in all {
            guest.write(None, &format!("{dir}/{key}"), value.as_bytes()).expect("key");
        }
        let front = Self {
            guest: guest.clone(),
            tx,
            rx,
            ctrl,
            grants,
            port,
            tx_prod: 0,
            tx_cons: 0,
            rx_prod: 0,
            rx_cons: 0,
            buffers: Vec::new(),
        };
        front.state("4");
        guest.run();
        front
    }

    fn state(&self, state: &str) {
        self.guest.write(None, "device/vif/0/state", state.as_bytes()).expect("state");
    }

    fn fill(&mut self, count: u32) {
        for _ in 0..count {
            let page = self.guest.alloc_pages(1).expect("buffer");
            let grant = self.guest.grant_access(Domid(0), page.gfn(0), Access::ReadWrite).expect("grant");
            let at = 64 + (self.rx_prod & 255) as usize * 8;
            self.rx.store(at, self.rx_prod & 255);
            self.rx.store(at + 4, grant.raw());
            self.rx_prod += 1;
            self.buffers.push((page, grant));
        }
        self.rx.store_release(0, self.rx_prod);
        self.guest.notify(&self.port);
        self.guest.run();
    }

    fn slot(&mut self, raw: &[u8]) {
        let mut slot = raw.to_vec();
        slot.resize(12, 0);
        self.tx.copy_in(64 + (self.tx_prod & 255) as usize * 12, &slot);
        self.tx_prod += 1;
    }

    fn request(gref: u32, offset: u16, flags: u16, id: u16, size: u16) -> Vec<u8> {
        [
            &gref.to_le_bytes()[..],
            &offset.to_le_bytes(),
            &flags.to_le_bytes(),
            &id.to_le_bytes(),
            &size.to_le_bytes(),
        ]
        .concat()
    }

    /// Sends a frame cut at `cut` bytes per slot, with a GSO extra if asked; gives the statuses by slot.
    fn send(&mut self, data: &[u8], cut: usize, flags: u16, gso: Option<(u8, u16)>) -> Vec<(u16, i16)> {
        let mut held = Vec::new();
        let parts: Vec<&[u8]> = data.chunks(cut).collect();
        for (index, part) in parts.iter().enumerate() {
            let page = self.guest.alloc_pages(1).expect("page");
            let mut padded = part.to_vec();
            padded.resize(part.len().next_multiple_of(4), 0);
            page.copy_in(0, &padded);
            let grant = self.guest.grant_access(Domid(0), page.gfn(0), Access::ReadOnly).expect("grant");
            let more = if index + 1 < parts.len() { 4 } else { 0 };
            let extra = if index == 0 && gso.is_some() { 8 } else { 0 };
            let flags = more | extra | if index == 0 { flags } else { 0 };
            let size = if index == 0 { data.len() } else { part.len() } as u16;
            self.slot(&Self::request(grant.raw(), 0, flags, 10 + index as u16, size));
            if let (0, Some((kind, size))) = (index, gso) {
                self.slot(&[&[1, 0][..], &size.to_le_bytes(), &[kind, 0, 0, 0]].concat());
            }
            held.push((page, grant));
        }
        self.kick();
        for (_, grant) in held.iter_mut().map(|held| (0, std::mem::replace(&mut held.1, GrantRef::new(0, 0))))
        {
            self.guest.end_access(grant).expect("answered");
        }
        self.answers()
    }

    fn kick(&mut self) {
        self.tx.store_release(0, self.tx_prod);
        self.guest.notify(&self.port);
        self.guest.settle();
    }

    fn answers(&mut self) -> Vec<(u16, i16)> {
        let mut answers = Vec::new();
        while self.tx_cons != self.tx.load_acquire(8) && answers.len() < 512 {
            let word = self.tx.load(64 + (self.tx_cons & 255) as usize * 12);
            answers.push((word as u16, (word >> 16) as i16));
            self.tx_cons += 1;
        }
        self.tx.store(12, self.tx_cons + 1);
        answers
    }

    fn responses(&mut self) -> Vec<Rx> {
        let mut all = Vec::new();
        while self.rx_cons != self.rx.load_acquire(8) && all.len() < 512 {
            let at = 64 + (self.rx_cons & 255) as usize * 8;
            let (low, high) = (self.rx.load(at), self.rx.load(at + 4));
            all.push(Rx {
                id: low as u16,
                offset: (low >> 16) as u16,
                flags: high as u16,
                status: (high >> 16) as i16,
            });
            self.rx_cons = self.rx_cons.wrapping_add(1);
        }
        self.rx.store(12, self.rx_cons.wrapping_add(1));
        all
    }

    fn buffer(&self, id: u16, offset: usize, length: usize) -> Vec<u8> {
        let page = &self.buffers[usize::from(id)].0;
        let mut data = vec![0; 4096];
        page.copy_out(0, &mut data);
        data[offset..offset + length].into()
    }

    fn control(&mut self, kind: u16, data: [u32; 3]) -> (u32, u32) {
        let (page, port) = self.ctrl.as_ref().expect("a control ring");
        let index = page.load(0);
        let at = 64 + (index & 127) as usize * 16;
        page.store(at, u32::from(kind) << 16 | 0x77);
        for (word, value) in data.iter().enumerate() {
            page.store(at + 4 + word * 4, *value);
        }
        page.store_release(0, index + 1);
        self.guest.notify(port);
        self.guest.settle();
        assert_eq!(page.load_acquire(8), index + 1);
        assert_eq!(page.load(at), u32::from(kind) << 16 | 0x77);
        (page.load(at + 4), page.load(at + 8))
    }
}

fn machine(config: NicConfig, seed: u64) -> (Xen, Direct) {
    let xen = Xen::builder().seed(seed).nic(config).build();
    let guest = xen.direct();
    guest.run();
    (xen, guest)
}

const OFFLOADS: [(&str, &str); 4] = [
    ("feature-sg", "1"),
    ("feature-gso-tcpv4", "1"),
    ("feature-gso-tcpv6", "1"),
    ("feature-ipv6-csum-offload", "1"),
];

#[test]
fn sent_frames_arrive_by_content_with_their_metadata() {
    for v6 in [false, true] {
        let (xen, guest) = machine(NicConfig::new(0), 1);
        let mut front = Front::connect(&guest, &OFFLOADS, false);
        let small = packet::tcp(v6, 5, 1, 0x10, b"abc");
        assert_eq!(front.send(&small, 4096, 0, None), [(10, 0)]);
        let mut big = packet::tcp(v6, 5, 4, 0x18, &vec![7; 20_000]);
        packet::blank_checksum(&mut big);
        let statuses = front.send(&big, 4096, 3, Some((1 + u8::from(v6), 1400)));
        // The extra's own slot is answered by "null", after the first slot.
        assert_eq!(statuses, [(10, 0), (0, 1), (11, 0), (12, 0), (13, 0), (14, 0)]);
        let frames = xen.captured(0);
        assert_eq!(frames[0].to_wire(), [small]);
        assert_eq!(frames[1].data, big);
        assert_eq!(frames[1].gso, Some(Gso { v6, size: 1400 }));
        let wire = frames[1].to_wire();
        assert_eq!(wire.len(), 15);
        assert!(wire.iter().all(|frame| packet::checksums_hold(frame)));
        xen.assert_clean();
    }
}

#[test]
fn what_is_wrong_on_the_wire_is_found() {
    let (xen, guest) = machine(NicConfig::new(0), 1);
    let mut front = Front::connect(&guest, &OFFLOADS, false);
    let mut bad = packet::tcp(false, 5, 1, 0x10, b"abc");
    bad[50] ^= 4;
    front.send(&bad, 4096, 0, None);
    // A blank checksum that holds the complete sum instead of the pseudo-header's.
    front.send(&packet::tcp(false, 5, 1, 0x10, b"abc"), 4096, 3, None);
    front.send(&[0; 1600], 4096, 0, None);
    let what: Vec<String> = xen
        .violations()
        .into_iter()
        .map(|violation| match violation {
            Violation::Ring { what, .. } => what,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        what,
        [
            "wrong checksum on the wire",
            "blank checksum does not hold the pseudo-header's sum",
            "frame of 1600 bytes"
        ]
    );
}

#[test]
fn broken_chains_stop_the_queue() {
    type Make = fn(&mut Front, u32);
    let cases: [(&str, Make); 4] = [
        ("not all there", |front, gref| front.slot(&Front::request(gref, 0, 4, 1, 100))),
        ("missing extra", |front, gref| front.slot(&Front::request(gref, 0, 8, 1, 100))),
        ("cross page", |front, gref| front.slot(&Front::request(gref, 4090, 0, 1, 100))),
        ("invalid extra", |front, gref| {
            front.slot(&Front::request(gref, 0, 8, 1, 100));
            front.slot(&[9, 0]);
        }),
    ];
    for (expected, make) in cases {
        let (xen, guest) = machine(NicConfig::new(0), 1);
        let mut front = Front::connect(&guest, &OFFLOADS, false);
        let page = guest.alloc_pages(1).expect("page");
        let grant = guest.grant_access(Domid(0), page.gfn(0), Access::ReadOnly).expect("grant");
        make(&mut front, grant.raw());
        front.kick();
        let violations = format!("{:?}", xen.violations());
        assert!(violations.contains(expected), "{violations}");
        assert!(front.answers().is_empty());
        guest.end_access(grant).expect("not mapped");
    }
}

#[test]
fn received_frames_span_slots_and_carry_extras() {
    for headroom in [0usize, 256] {
        let (xen, guest) = machine(NicConfig::new(0), 2);
        let text = headroom.to_string();
        let keys = [&OFFLOADS[..], &[("xdp-headroom", text.as_str())]].concat();
        let mut front = Front::connect(&guest, &keys, false);
        front.fill(16);
        let data = packet::tcp(false, 5, 1, 0x10, &(0..9000u32).map(|v| v as u8).collect::<Vec<_>>());
        let frame = Frame {
            data: data.clone(),
            checksum_blank: true,
            gso: Some(Gso { v6: false, size: 1400 }),
            ..Frame::default()
        };
        xen.inject(0, frame);
        guest.settle();
        let all = front.responses();
        assert_eq!(all.len(), 4, "three slots and an extra");
        assert_eq!(all[0].flags, 1 | 2 | 4 | 8);
        // The extra: type GSO, size 1400, TCPv4.
        assert_eq!((all[1].id, all[1].offset, all[1].flags), (1, 1400, 1));
        let mut joined = Vec::new();
        for slot in [all[0], all[2], all[3]] {
            assert_eq!(usize::from(slot.offset), headroom);
            joined.extend(front.buffer(slot.id, headroom, slot.status as usize));
        }
        assert_eq!(joined, data);
        assert_eq!(all[3].flags & 4, 0);
        xen.assert_clean();
    }
}

#[test]
fn what_the_guest_does_not_take_is_done_before() {
    let (xen, guest) = machine(NicConfig::new(0), 2);
    let mut front = Front::connect(&guest, &[("feature-no-csum-offload", "1")], false);
    front.fill(16);
    let mut data = packet::tcp(false, 5, 1, 0x10, &[9; 4000]);
    packet::blank_checksum(&mut data);
    xen.inject(
        0,
        Frame { data, checksum_blank: true, gso: Some(Gso { v6: false, size: 1400 }), ..Frame::default() },
    );
    guest.settle();
    let all = front.responses();
    assert_eq!(all.len(), 3);
    for slot in all {
        assert_eq!(slot.flags & 2, 0);
        assert!(packet::checksums_hold(&front.buffer(slot.id, 0, slot.status as usize)));
    }
}

#[test]
fn frames_wait_for_buffers_and_the_guest_is_asked() {
    let (xen, guest) = machine(NicConfig::new(0), 2);
    let mut front = Front::connect(&guest, &[], false);
    for flow in 0..3 {
        xen.inject(0, Frame::plain(packet::tcp(false, flow, 1, 0x10, b"x")));
    }
    guest.settle();
    assert!(front.responses().is_empty());
    front.fill(2);
    guest.settle();
    assert_eq!(front.responses().len(), 2);
    front.fill(1);
    guest.settle();
    assert_eq!(front.responses().len(), 1);
    xen.assert_clean();
}

#[test]
fn the_control_ring_configures_hashing_and_frames_carry_it() {
    let (xen, guest) = machine(NicConfig::new(0), 3);
    let mut front = Front::connect(&guest, &[], true);
    front.fill(8);
    assert_eq!(front.control(1, [0; 3]).0, 1, "no algorithm yet");
    assert_eq!(front.control(7, [1, 0, 0]).0, 0);
    assert_eq!(front.control(1, [0; 3]), (0, 15));
    assert_eq!(front.control(2, [16, 0, 0]).0, 2);
    assert_eq!(front.control(2, [2, 0, 0]).0, 0);
    let page = guest.alloc_pages(1).expect("key");
    let key: Vec<u8> = (0..40).map(|v| v * 3 + 1).collect();
    page.copy_in(0, &key);
    let grant = guest.grant_access(Domid(0), page.gfn(0), Access::ReadOnly).expect("grant");
    assert_eq!(front.control(3, [grant.raw(), 41, 0]).0, 3);
    assert_eq!(front.control(3, [grant.raw(), 40, 0]).0, 0);
    assert_eq!(front.control(4, [0; 3]), (0, 128));
    assert_eq!(front.control(5, [4, 0, 0]).0, 0);
    page.copy_in(0, &[0; 16]);
    assert_eq!(front.control(6, [grant.raw(), 4, 0]).0, 0);
    assert_eq!(front.control(6, [grant.raw(), 4, 1]).0, 2);
    page.copy_in(0, &[1, 0, 0, 0]);
    assert_eq!(front.control(6, [grant.raw(), 1, 0]).0, 2, "there is one queue only");
    let data = packet::tcp(false, 5, 1, 0x10, b"x");
    xen.inject(0, Frame::plain(data.clone()));
    guest.settle();
    let all = front.responses();
    assert_eq!(all.len(), 2);
    let expected = packet::toeplitz(&key, &packet::hash_input(&data, 2).expect("TCP").1);
    let at = 64 + 8;
    assert_eq!(front.rx.load(at) & 0xff, 4);
    assert_eq!(front.rx.load(at + 4), expected);
}

#[test]
fn multicast_is_filtered_once_asked_for() {
    let (xen, guest) = machine(NicConfig::new(0), 3);
    let mut front = Front::connect(&guest, &[("request-multicast-control", "1")], false);
    front.fill(8);
    let group = [0x33, 0x33, 0, 0, 0, 1];
    let mut data = packet::tcp(true, 5, 1, 0x10, b"x");
    data[..6].copy_from_slice(&group);
    xen.inject(0, Frame::plain(data.clone()));
    guest.settle();
    assert!(front.responses().is_empty());
    front.slot(&Front::request(0, 0, 8, 3, 0));
    front.slot(&[&[2, 0][..], &group].concat());
    front.kick();
    assert_eq!(front.answers(), [(3, 0), (0, 1)]);
    xen.inject(0, Frame::plain(data));
    guest.settle();
    assert_eq!(front.responses().len(), 1);
    xen.assert_clean();
}

#[test]
fn the_wire_loses_repeats_and_reorders() {
    let mut config = NicConfig::new(0);
    config.wire.1 = WirePolicy {
        loss_permille: 200,
        duplicate_permille: 100,
        reorder_permille: 200,
        latency: (1000, 1000),
    };
    let (xen, guest) = machine(config, 4);
    let mut front = Front::connect(&guest, &[], false);
    front.fill(200);
    for index in 0..100 {
        xen.inject(0, Frame::plain(vec![index; 64]));
    }
    assert!(front.responses().is_empty(), "still on the way");
    guest.settle();
    let seen: Vec<u8> = front.responses().iter().map(|slot| front.buffer(slot.id, 0, 1)[0]).collect();
    let distinct: std::collections::BTreeSet<u8> = seen.iter().copied().collect();
    let lost = xen.with_net(0, |net, _| net.network.inbound.lost).expect("nic");
    assert_eq!(distinct.len() as u64, 100 - lost);
    assert!((5..40).contains(&lost), "{lost} lost");
    assert!(seen.len() > distinct.len(), "none came twice");
    assert!(!seen.is_sorted(), "none was overtaken");
    xen.assert_clean();
}

#[test]
fn qemu_takes_one_slot_and_netback_needs_rx_copy() {
    let (xen, guest) = machine(NicConfig::of(NetKind::Qemu, 0), 5);
    let mut front = Front::connect(&guest, &[("feature-no-csum-offload", "1")], false);
    assert_eq!(front.send(&packet::tcp(false, 1, 1, 0x10, b"x"), 4096, 0, None), [(10, 0)]);
    xen.assert_clean();
    let (xen, guest) = machine(NicConfig::new(0), 5);
    let front = Front::connect(&guest, &[("request-rx-copy", "0")], false);
    assert!(format!("{:?}", xen.violations()).contains("rx-copy"));
    drop(front);
}

#[test]
fn each_attack_is_carried_out() {
    for attack in NetAttack::ALL {
        let mut config = NicConfig::new(0);
        config.attacks = vec![attack];
        config.attack_one_in = 1;
        let (xen, guest) = machine(config, 6);
        let mut front = Front::connect(&guest, &OFFLOADS, true);
        front.fill(64);
        front.send(&packet::tcp(false, 1, 1, 0x10, b"x"), 4096, 0, None);
        xen.inject(0, Frame::plain(packet::tcp(false, 1, 1, 0x10, b"x")));
        guest.settle();
        if attack == NetAttack::CtrlGarbage {
            let (page, port) = front.ctrl.as_ref().expect("ctrl");
            page.store(64, 1 << 16 | 5);
            page.store_release(0, 1);
            guest.notify(port);
            guest.settle();
        }
        let attacks = xen.with_net(0, |net, _| net.stats.attacks).expect("nic");
        assert!(attacks > 0, "{attack:?}");
        let all = front.responses();
        match attack {
            NetAttack::BeyondPage => {
                assert!(i32::from(all[0].offset) + i32::from(all[0].status) > 4096, "{all:?}")
            }
            NetAttack::NegativeStatus => assert!(all[0].status < 0),
            NetAttack::EndlessFragments => {
                assert!(all.len() > 32 && all.iter().all(|slot| slot.flags & 4 != 0))
            }
            NetAttack::RxWrongId => assert_ne!(all[0].id, 0),
            NetAttack::RxIndexJump => assert!(all.len() > 255),
            NetAttack::MissingFragments => assert!(all.len() == 1 && all[0].flags & 4 != 0),
            NetAttack::Runt => assert!(all[0].status < 14),
            NetAttack::EventStorm => assert!(xen.stats().events_to_guest > 1000),
            _ => {}
        }
    }
}

#[test]
fn closing_lets_go_of_everything() {
    let (xen, guest) = machine(NicConfig::new(0), 7);
    let mut front = Front::connect(&guest, &[], true);
    front.fill(4);
    front.state("5");
    guest.run();
    front.state("6");
    guest.run();
    let Front { grants, buffers, port, .. } = front;
    for grant in grants {
        guest.end_access(grant).expect("unmapped");
    }
    for (page, grant) in buffers {
        guest.end_access(grant).expect("never mapped");
        drop(page);
    }
    EventChannels::close(&guest, port);
    assert_eq!(guest.live_grants(), 0);
    assert_eq!(xen.with_net(0, |net, _| net.queues.len()), Some(0));
    xen.assert_clean();
}
