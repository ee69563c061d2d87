//! Checksums, large sends and coalesced receives of xennet, looked at on the wire and at the stack.
#![allow(missing_docs)]

use nt::sys::*;
use ntsim::ndis::oid;
use scenarios::net::{Nic, large, over_flavours, pattern, payload, plain, unsummed};
use scenarios::rig::wait_until;
use xensim::NetKind;
use xensim::network::{Frame, Gso, packet};

const FRAMES: [(bool, bool); 4] = [(false, false), (false, true), (true, false), (true, true)];

fn frame(nic: &Nic, v6: bool, udp: bool, length: usize) -> Vec<u8> {
    if udp { nic.datagram(v6, 5, &pattern(length)) } else { nic.to_peer(v6, 5, &pattern(length)) }
}

#[test]
fn sent_checksums_are_right_on_the_wire() {
    over_flavours(
        1,
        2,
        |_| {},
        |nic| {
            let mut sent = Vec::new();
            let mut out = Vec::new();
            for (v6, udp) in FRAMES {
                for length in [0, 1, 17, 18, 700, 1440] {
                    let whole = frame(nic, v6, udp, length);
                    out.extend([plain(whole.clone()), unsummed(whole.clone())]);
                    sent.extend([whole.clone(), whole]);
                }
            }
            let got = nic.send(&out, sent.len());
            let mut wire: Vec<Vec<u8>> = got.iter().flat_map(Frame::to_wire).collect();
            for data in &wire {
                assert!(packet::checksums_hold(data), "{data:02x?}");
                assert!(data.len() >= 60, "a frame of {} bytes", data.len());
            }
            // Padding is zero, and all else is what was sent, in whatever order the queues sent it.
            for data in &mut sent {
                data.resize(data.len().max(60), 0);
            }
            wire.sort();
            sent.sort();
            assert_eq!(wire, sent);
            // Whoever can leaves the sums to the back-end.
            let blank = |v6: bool| {
                got.iter().any(|frame| {
                    frame.checksum_blank && packet::parse(&frame.data).is_some_and(|l| l.v6 == v6)
                })
            };
            let offered = nic.kind != NetKind::Qemu;
            assert_eq!((blank(false), blank(true)), (offered, offered), "{:?}", nic.kind);
        },
    );
}

#[test]
fn large_sends_are_cut_right() {
    over_flavours(
        2,
        2,
        |_| {},
        |nic| {
            let lso = nic.stack.settings.lock().lso;
            if nic.kind == NetKind::Qemu {
                assert_eq!(lso, [(0, 0); 2], "a back-end that cannot is not promised to the stack");
                return;
            }
            for v6 in [false, true] {
                assert!(lso[usize::from(v6)].0 > 60_000, "{lso:?}");
                for (length, mss) in [(1461, 1460), (2920, 1460), (2921, 1460), (20_000, 536), (64_000, 1400)]
                {
                    let data = pattern(length);
                    let whole = nic.to_peer(v6, 7, &data);
                    let got = nic.send(&[large(whole.clone(), mss)], 1);
                    assert_eq!(got[0].gso, Some(Gso { v6, size: mss as u16 }), "{length} by {mss}");
                    assert!(got[0].slots <= 18, "{} slots", got[0].slots);
                    let wire = got[0].to_wire();
                    assert_eq!(wire.len(), length.div_ceil(mss as usize));
                    let mut joined = Vec::new();
                    for (index, segment) in wire.iter().enumerate() {
                        assert!(packet::checksums_hold(segment), "segment {index}");
                        let part = payload(segment);
                        assert!(part.len() == mss as usize || index + 1 == wire.len());
                        joined.extend_from_slice(part);
                    }
                    assert!(joined == data, "{length} by {mss}: the payload changed");
                }
                // One segment is no large packet.
                let got = nic.send(&[large(nic.to_peer(v6, 7, &pattern(900)), 1460)], 1);
                assert_eq!(got[0].gso, None);
                assert!(packet::checksums_hold(&got[0].to_wire()[0]));
            }
        },
    );
}

#[test]
fn received_checksums_are_told_and_filled_in() {
    over_flavours(
        3,
        2,
        |_| {},
        |nic| {
            let mut frames = Vec::new();
            let mut whole = Vec::new();
            for (v6, udp) in FRAMES {
                let mut data =
                    if udp { packet::udp(v6, 9, &pattern(333)) } else { nic.to_us(v6, 9, &pattern(333)) };
                data[..6].copy_from_slice(&nic.mac());
                whole.extend([data.clone(), data.clone(), data.clone()]);
                let mut blank = data.clone();
                packet::blank_checksum(&mut blank);
                frames.push(Frame { checksum_blank: true, validated: true, ..Frame::plain(blank) });
                frames.push(Frame { validated: true, ..Frame::plain(data.clone()) });
                frames.push(Frame::plain(data));
            }
            let before = *nic.stack.link.counts.lock();
            let got = nic.receive(frames, whole.len());
            let counts = *nic.stack.link.counts.lock();
            let mut got: Vec<Vec<u8>> = got.into_iter().map(|frame| frame.bytes).collect();
            got.sort();
            whole.sort();
            assert_eq!(got, whole);
            // Two of three are vouched for by back-ends that tell; the third is for the stack to check.
            assert!(counts.good - before.good >= 4, "{counts:?}");
            assert_eq!(counts.blank, before.blank, "no blank checksum reaches the stack");
        },
    );
}

#[test]
fn large_receives_are_coalesced() {
    over_flavours(
        4,
        2,
        |_| {},
        |nic| {
            for v6 in [false, true] {
                for (length, mss) in [(3000, 1400u16), (20_000, 1400), (64_000, 1420)] {
                    let data = pattern(length);
                    let mut whole = nic.to_us(v6, 3, &data);
                    let right = whole.clone();
                    packet::blank_checksum(&mut whole);
                    let gso = Some(Gso { v6, size: mss });
                    let frame = Frame { checksum_blank: true, validated: true, gso, ..Frame::plain(whole) };
                    let segments = length.div_ceil(usize::from(mss));
                    if nic.kind == NetKind::Qemu {
                        // Without several slots for a packet the back-end cuts it.
                        let got = nic.receive(vec![frame], segments);
                        assert!(
                            got.iter().all(|part| part.segments <= 1 && packet::checksums_hold(&part.bytes))
                        );
                        continue;
                    }
                    let got = nic.receive(vec![frame], 1);
                    assert_eq!(usize::from(got[0].segments), segments, "{length} by {mss}");
                    assert!(got[0].bytes == right, "{length} by {mss}: the packet changed");
                }
            }
        },
    );
}

/// `NDIS_OFFLOAD_PARAMETERS` with one change.
fn parameters(change: impl FnOnce(&mut NDIS_OFFLOAD_PARAMETERS)) -> Vec<u8> {
    let size = NDIS_SIZEOF_OFFLOAD_PARAMETERS_REVISION_3 as usize;
    let mut parameters = NDIS_OFFLOAD_PARAMETERS {
        Header: NDIS_OBJECT_HEADER { Type: NDIS_OBJECT_TYPE_DEFAULT as u8, Revision: 3, Size: size as u16 },
        ..Default::default()
    };
    change(&mut parameters);
    let at = (&raw const parameters).cast::<u8>();
    #[allow(unsafe_code, reason = "a structure as bytes")]
    // SAFETY: a structure of plain bytes.
    unsafe { core::slice::from_raw_parts(at, size) }.to_vec()
}

#[test]
fn offloads_are_switched_by_request() {
    over_flavours(
        5,
        2,
        |_| {},
        |nic| {
            let set = |change: fn(&mut NDIS_OFFLOAD_PARAMETERS)| {
                oid::set(nic.adapter, OID_TCP_OFFLOAD_PARAMETERS, &parameters(change)).expect("it is taken");
            };
            set(|p| p.LsoV2IPv4 = NDIS_OFFLOAD_PARAMETERS_LSOV2_DISABLED as u8);
            set(|p| p.TCPIPv4Checksum = NDIS_OFFLOAD_PARAMETERS_TX_ENABLED_RX_DISABLED as u8);
            set(|p| p.UDPIPv6Checksum = NDIS_OFFLOAD_PARAMETERS_TX_RX_DISABLED as u8);
            let settings = nic.stack.settings.lock().clone();
            assert_eq!(settings.lso[0], (0, 0));
            assert_eq!((settings.transmit[1], settings.receive[1]), (true, false));
            assert_eq!((settings.transmit[4], settings.receive[4]), (false, false));
            assert!(!settings.rsc[0], "without the checksum there is no coalescing");
            // The back-end is told (it is connected anew), and cuts what it would have given in one piece.
            wait_until("the new connection", 30, || {
                nic.xen.with_net(0, |net, _| net.stats.connects) == Some(2)
                    && nic.adapter.link.lock().connect == 1
            });
            let data = nic.to_us(false, 3, &pattern(4000));
            let mut blank = data.clone();
            packet::blank_checksum(&mut blank);
            let gso = Some(Gso { v6: false, size: 1000 });
            let got = nic.receive(
                vec![Frame { checksum_blank: true, validated: true, gso, ..Frame::plain(blank) }],
                4,
            );
            let joined: Vec<u8> = got.iter().flat_map(|frame| payload(&frame.bytes).to_vec()).collect();
            assert!(joined == pattern(4000));
            assert!(got.iter().all(|frame| frame.segments <= 1 && packet::checksums_hold(&frame.bytes)));
            // On again.
            set(|p| {
                p.LsoV2IPv4 = NDIS_OFFLOAD_PARAMETERS_LSOV2_ENABLED as u8;
                p.TCPIPv4Checksum = NDIS_OFFLOAD_PARAMETERS_TX_RX_ENABLED as u8;
            });
            wait_until("the next connection", 30, || {
                nic.xen.with_net(0, |net, _| net.stats.connects) == Some(3)
                    && nic.adapter.link.lock().connect == 1
            });
            assert!(nic.stack.settings.lock().rsc[0]);
        },
    );
}
