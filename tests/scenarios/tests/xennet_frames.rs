//! Frames of every shape through xennet: fragments, tags, groups, filters, sizes, addresses.
#![allow(missing_docs)]

use nt::sys::*;
use ntsim::ndis::{oid, protocol::transmit::Outgoing};
use ntsim::pnp::{self, removal};
use scenarios::net::{Nic, PEER, large, linked, over_flavours, pattern, payload, plain, running, unsummed};
use scenarios::rig::{event_log, sleep, wait_until};
use xensim::NetKind;
use xensim::network::{Frame, packet};

#[test]
fn fragments_go_out_in_one_piece() {
    // The stand-in stack splits sends at places that the seed chooses: headers apart, odd offsets, pages.
    for seed in 10..16 {
        over_flavours(
            seed,
            2,
            |config| config.mtu = 9000,
            |nic| {
                let mut sent = Vec::new();
                for length in [1, 100, 400, 453, 460, 600, 1448, 3000, 4000] {
                    sent.push(nic.to_peer(length % 2 == 0, 4, &pattern(length)));
                }
                let got = nic.send(&sent.iter().cloned().map(plain).collect::<Vec<_>>(), sent.len());
                let mut got: Vec<Vec<u8>> = got.into_iter().map(|frame| frame.data).collect();
                for data in &mut sent {
                    data.resize(data.len().max(60), 0);
                }
                got.sort();
                sent.sort();
                assert!(got == sent, "seed {seed}");
            },
        );
    }
}

#[test]
fn headers_come_in_one_piece_however_the_back_end_cuts() {
    // A back-end with a large headroom puts little into the first buffer.
    over_flavours(
        20,
        2,
        |config| config.mtu = 9000,
        |nic| {
            for length in [0, 1, 40, 1400, 4030, 4050, 8000] {
                if nic.kind == NetKind::Qemu && length > 4000 {
                    continue;
                }
                let data = nic.to_us(true, 3, &pattern(length));
                let got = nic.receive(vec![Frame::plain(data.clone())], 1);
                assert!(got[0].bytes == data, "{length}");
            }
        },
    );
}

fn vlan(id: u32, priority: u32) -> u32 {
    let mut tag = NDIS_NET_BUFFER_LIST_8021Q_INFO_anon_1_TagHeader { _bitfield_1: 0 };
    tag.set_VlanId(id);
    tag.set_UserPriority(priority);
    tag._bitfield_1
}

#[test]
fn tags_are_put_in_and_taken_out() {
    over_flavours(
        30,
        2,
        |_| {},
        |nic| {
            for (id, priority) in [(100, 0), (0, 5), (4094, 7)] {
                let control = (priority << 13 | id) as u16;
                let whole = nic.to_peer(false, 2, &pattern(300));
                let mut frames = vec![
                    Outgoing { vlan: vlan(id, priority), ..plain(whole.clone()) },
                    Outgoing { vlan: vlan(id, priority), ..unsummed(whole.clone()) },
                ];
                let many = nic.to_peer(true, 2, &pattern(5000));
                let segmented = nic.stack.settings.lock().lso[1].0 != 0;
                if segmented {
                    frames.push(Outgoing { vlan: vlan(id, priority), ..large(many, 1400) });
                }
                let got = nic.send(&frames, frames.len());
                let wire: Vec<Vec<u8>> = got.iter().flat_map(Frame::to_wire).collect();
                for data in &wire {
                    assert_eq!(data[12..16], packet::tagged(&whole, control)[12..16], "the tag");
                    assert!(packet::checksums_hold(data));
                }
                assert_eq!(wire.iter().filter(|data| **data == packet::tagged(&whole, control)).count(), 2);
                if segmented {
                    let joined: Vec<u8> = wire
                        .iter()
                        .filter(|d| d[16..18] == [0x86, 0xdd])
                        .flat_map(|d| payload(d).to_vec())
                        .collect();
                    assert!(joined == pattern(5000));
                }
                // And the other way: out of band at the stack, the bytes without it.
                let data = nic.to_us(true, 2, &pattern(200));
                let got = nic.receive(vec![Frame::plain(packet::tagged(&data, control))], 1);
                assert_eq!(got[0].vlan, vlan(id, priority));
                assert!(got[0].bytes == data);
            }
        },
    );
}

fn count(nic: &Nic, address: [u8; 6]) -> usize {
    let mut data = nic.to_us(false, 1, &pattern(50));
    data[..6].copy_from_slice(&address);
    nic.xen.inject(0, Frame::plain(data.clone()));
    // A frame behind it that always comes tells that it has been looked at.
    let last = nic.to_us(false, 1, b"the last one of the test");
    nic.xen.inject(0, Frame::plain(last.clone()));
    let mut seen = 0;
    let mut end = false;
    wait_until("the last frame", 10, || {
        for frame in nic.stack.link.sniffed() {
            seen += usize::from(frame.bytes == data);
            end |= frame.bytes == last;
        }
        end
    });
    seen
}

const GROUP: [u8; 6] = [0x01, 0x00, 0x5e, 0x01, 0x02, 0x03];
const OTHER: [u8; 6] = [0x33, 0x33, 0, 0, 0x12, 0x34];
const DIRECTED: u32 = NDIS_PACKET_TYPE_DIRECTED;

#[test]
fn the_packet_filter_and_the_multicast_list_decide() {
    over_flavours(
        40,
        1,
        |_| {},
        |nic| {
            let filter = |bits: u32| {
                oid::set(nic.adapter, OID_GEN_CURRENT_PACKET_FILTER, &bits.to_le_bytes()).expect("a filter");
                assert_eq!(oid::query_u32(nic.adapter, OID_GEN_CURRENT_PACKET_FILTER), Ok(bits));
                // What the back-end has to do about it is done by the driver's worker.
                sleep(1500);
            };
            let list = |groups: &[[u8; 6]]| {
                oid::set(nic.adapter, OID_802_3_MULTICAST_LIST, groups.as_flattened()).expect("a list");
                assert_eq!(
                    oid::query(nic.adapter, OID_802_3_MULTICAST_LIST, 192).unwrap(),
                    groups.as_flattened()
                );
                sleep(200);
            };
            let joined = || nic.xen.with_net(0, |net, _| net.network.groups.clone()).unwrap();
            let filtered = nic.kind == NetKind::Netback;
            // The back-end is told by the driver's worker.
            let told = |groups: &[[u8; 6]]| {
                wait_until("the back-end's list", 10, || !filtered || joined() == groups);
            };
            list(&[GROUP]);
            told(&[GROUP]);
            filter(DIRECTED | NDIS_PACKET_TYPE_MULTICAST);
            assert_eq!(
                (count(nic, GROUP), count(nic, OTHER), count(nic, [0xff; 6]), count(nic, PEER)),
                (1, 0, 0, 0)
            );
            assert_eq!(joined().contains(&GROUP), filtered, "the back-end filters, where it can");
            list(&[OTHER]);
            told(&[OTHER]);
            assert_eq!((count(nic, GROUP), count(nic, OTHER)), (0, 1));
            assert!(!joined().contains(&GROUP));
            filter(DIRECTED);
            assert_eq!(count(nic, OTHER), 0);
            filter(DIRECTED | NDIS_PACKET_TYPE_BROADCAST);
            assert_eq!((count(nic, [0xff; 6]), count(nic, OTHER)), (1, 0));
            filter(DIRECTED | NDIS_PACKET_TYPE_ALL_MULTICAST);
            assert_eq!((count(nic, GROUP), count(nic, OTHER), count(nic, [0xff; 6])), (1, 1, 0));
            filter(DIRECTED | NDIS_PACKET_TYPE_PROMISCUOUS);
            assert_eq!((count(nic, GROUP), count(nic, PEER), count(nic, [0xff; 6])), (1, 1, 1));
            // More groups than fit are refused, and too short a list as well.
            let too_many = [[0x01, 0, 0x5e, 0, 0, 9]; 33];
            assert_eq!(
                oid::set(nic.adapter, OID_802_3_MULTICAST_LIST, too_many.as_flattened()),
                Err(NDIS_STATUS_MULTICAST_FULL)
            );
            assert_eq!(
                oid::set(nic.adapter, OID_802_3_MULTICAST_LIST, &[1; 7]),
                Err(NDIS_STATUS_INVALID_LENGTH)
            );
            filter(DIRECTED | NDIS_PACKET_TYPE_MULTICAST);
        },
    );
}

fn restarted(nic: &Nic, name: &str, value: &str) -> Nic {
    ntsim::cm::set_sz(&nic.adapter.key, name, value);
    let node = pnp::node_of(nic.adapter.pdo).expect("a device");
    removal::disable(node).expect("it can be disabled");
    removal::enable(node);
    linked(&running(1));
    Nic::bind(&nic.xen, nic.kind)
}

#[test]
fn jumbo_frames_by_the_toolstack_and_by_the_keyword() {
    over_flavours(
        50,
        2,
        |config| config.mtu = if config.kind == NetKind::Qemu { 4000 } else { 9000 },
        |nic| {
            let mtu = if nic.kind == NetKind::Qemu { 4000 } else { 9000 };
            assert_eq!(oid::query_u32(nic.adapter, OID_GEN_MAXIMUM_FRAME_SIZE), Ok(mtu));
            assert_eq!(oid::query_u32(nic.adapter, OID_GEN_MAXIMUM_TOTAL_SIZE), Ok(mtu + 14));
            let both = |nic: &Nic, mtu: u32| {
                let whole = nic.to_peer(false, 2, &pattern(mtu as usize - 40));
                let got = nic.send(&[unsummed(whole.clone())], 1);
                assert!(got[0].to_wire()[0] == whole && got[0].gso.is_none());
                let data = nic.to_us(true, 2, &pattern(mtu as usize - 60));
                assert!(nic.receive(vec![Frame::plain(data.clone())], 1)[0].bytes == data);
            };
            both(nic, mtu);
            let nic = restarted(nic, "*JumboPacket", "2014");
            assert_eq!(oid::query_u32(nic.adapter, OID_GEN_MAXIMUM_FRAME_SIZE), Ok(2000));
            both(&nic, 2000);
            // Longer ones than the MTU are not shown to the stack.
            let long = nic.to_us(false, 2, &pattern(2200));
            nic.xen.inject(0, Frame::plain(long));
            let data = nic.to_us(false, 2, &pattern(20));
            assert_eq!(nic.receive(vec![Frame::plain(data.clone())], 1)[0].bytes.len(), data.len());
        },
    );
}

#[test]
fn the_address_is_the_toolstack_s_or_the_administrator_s() {
    over_flavours(
        60,
        1,
        |config| config.mac = [0x00, 0x16, 0x3e, 0xAB, 0xCD, 0xEF],
        |nic| {
            let permanent = [0x00, 0x16, 0x3e, 0xAB, 0xCD, 0xEF];
            assert_eq!(nic.mac(), permanent);
            let ask = |nic: &Nic, which| oid::query(nic.adapter, which, 6).unwrap();
            assert_eq!(ask(nic, OID_802_3_PERMANENT_ADDRESS), permanent);
            let nic = restarted(nic, "NetworkAddress", "02163E112233");
            let own = [0x02, 0x16, 0x3E, 0x11, 0x22, 0x33];
            assert_eq!((nic.mac(), ask(&nic, OID_802_3_CURRENT_ADDRESS)), (own, own.to_vec()));
            assert_eq!(ask(&nic, OID_802_3_PERMANENT_ADDRESS), permanent);
            assert_eq!((count(&nic, own), count(&nic, permanent)), (1, 0));
            // A group's address is no station's.
            let nic = restarted(&nic, "NetworkAddress", "01005E000001");
            assert_eq!(nic.mac(), permanent);
            // And a new one from the toolstack holds from the next start on.
            let told = || event_log().iter().filter(|text| text.contains("new address or MTU")).count();
            assert_eq!(told(), 0);
            nic.xen.with_net(0, |net, world| net.set_front(world, "mac", "00:16:3e:01:02:03"));
            wait_until("the administrator to be told", 10, || told() == 1);
            assert_eq!(nic.mac(), permanent, "nothing changes under the stack");
            let nic = restarted(&nic, "NetworkAddress", "");
            assert_eq!(nic.mac(), [0x00, 0x16, 0x3e, 1, 2, 3]);
        },
    );
}

#[test]
fn a_net_buffer_list_may_have_many_net_buffers() {
    over_flavours(
        70,
        2,
        |_| {},
        |nic| {
            let frames: Vec<Vec<u8>> =
                (0..20).map(|n| nic.datagram(false, 3, &pattern(100 + 60 * n))).collect();
            let outgoing: Vec<Outgoing> = frames.iter().cloned().map(plain).collect();
            nic.stack.link.send_joined(nic.adapter, &outgoing);
            let mut got = Vec::new();
            wait_until("all of them", 10, || {
                got.extend(
                    nic.xen.captured(0).into_iter().map(|frame| frame.data).filter(|data| data[..6] == PEER),
                );
                got.len() >= frames.len()
            });
            assert!(got == frames, "in order, and complete");
            wait_until("the one completion", 10, || nic.stack.link.in_flight() == 0);
        },
    );
}
