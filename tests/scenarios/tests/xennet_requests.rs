//! Requests, statistics, link state, keywords of xennet.
#![allow(missing_docs)]

use nt::sys::*;
use ntsim::ndis::{attributes, oid};
use scenarios::net::{Nic, over_flavours, pattern, plain, unsummed};
use scenarios::rig::{sleep, wait_until};
use xensim::network::Frame;

#[test]
fn every_mandatory_request_is_answered() {
    over_flavours(
        1,
        2,
        |_| {},
        |nic| {
            let listed = oid::query(nic.adapter, OID_GEN_SUPPORTED_LIST, 0).expect("the list");
            let listed: Vec<u32> =
                listed.chunks(4).map(|c| u32::from_le_bytes(c.try_into().unwrap())).collect();
            assert_eq!(listed, nic.adapter.attributes.lock().oids, "the list is that of the attributes");
            for must in attributes::MANDATORY {
                assert!(listed.contains(&must), "{must:#x}");
            }
            let only_set = [
                OID_GEN_LINK_PARAMETERS,
                OID_GEN_RECEIVE_SCALE_PARAMETERS,
                OID_TCP_OFFLOAD_PARAMETERS,
                OID_OFFLOAD_ENCAPSULATION,
                OID_PNP_SET_POWER,
                OID_PNP_QUERY_POWER,
            ];
            for &code in listed.iter().filter(|code| !only_set.contains(code)) {
                let (answer, _) = oid::query_exact(nic.adapter, code, 256);
                assert_eq!(answer.status, NDIS_STATUS_SUCCESS, "{code:#x}");
                // A buffer that is a byte too short is refused with what is needed.
                if answer.bytes > 0 && !matches!(code, OID_GEN_XMIT_OK | OID_GEN_RCV_OK) {
                    let (short, _) = oid::query_exact(nic.adapter, code, answer.bytes - 1);
                    assert_eq!(
                        (short.status, short.needed),
                        (NDIS_STATUS_BUFFER_TOO_SHORT, answer.bytes),
                        "{code:#x}"
                    );
                }
            }
            for code in
                [OID_GEN_CURRENT_PACKET_FILTER, OID_GEN_CURRENT_LOOKAHEAD, OID_GEN_INTERRUPT_MODERATION]
            {
                assert_eq!(
                    oid::set(nic.adapter, code, &[1, 2]),
                    Err(NDIS_STATUS_INVALID_LENGTH),
                    "{code:#x}"
                );
            }
            // What does not exist, and what is not a filter.
            assert_eq!(oid::query_u32(nic.adapter, 0xFF12_3456), Err(NDIS_STATUS_NOT_SUPPORTED));
            assert_eq!(oid::set(nic.adapter, 0xFF12_3456, &[0; 4]), Err(NDIS_STATUS_NOT_SUPPORTED));
            let bits = 0x8000_0000u32.to_le_bytes();
            assert_eq!(
                oid::set(nic.adapter, OID_GEN_CURRENT_PACKET_FILTER, &bits),
                Err(NDIS_STATUS_NOT_SUPPORTED)
            );
            assert_eq!(oid::set(nic.adapter, OID_PNP_SET_POWER, &1u32.to_le_bytes()), Ok(()));
        },
    );
}

/// `NDIS_STATISTICS_INFO` from byte 8 on.
fn statistics(nic: &Nic) -> Vec<u64> {
    let size = NDIS_SIZEOF_STATISTICS_INFO_REVISION_1 as usize;
    let bytes = oid::query(nic.adapter, OID_GEN_STATISTICS, size).expect("statistics");
    assert_eq!((bytes.len(), bytes[1]), (size, 1));
    bytes[8..].chunks(8).map(|chunk| u64::from_le_bytes(chunk.try_into().unwrap())).collect()
}

#[test]
fn statistics_count_what_was_on_the_wire() {
    over_flavours(
        2,
        2,
        |_| {},
        |nic| {
            let before = statistics(nic);
            let unicast = nic.to_peer(false, 1, &pattern(500));
            let (mut multicast, mut broadcast) = (unicast.clone(), unicast.clone());
            multicast[0] = 0x03;
            broadcast[..6].fill(0xff);
            let frames = [unicast.clone(), unicast.clone(), multicast.clone(), broadcast.clone()];
            nic.stack.send_outgoing(&frames.iter().cloned().map(plain).collect::<Vec<_>>());
            wait_until("the sends", 10, || nic.stack.link.in_flight() == 0);
            let mut to_us = nic.to_us(false, 1, &pattern(300));
            let (len, mut all) = (to_us.len() as u64, to_us.clone());
            all[..6].fill(0xff);
            let _ =
                nic.receive([to_us.clone(), to_us.clone(), to_us.clone(), all].map(Frame::plain).to_vec(), 4);
            // One that the filter drops.
            to_us[5] ^= 0x80;
            nic.xen.inject(0, Frame::plain(to_us));
            sleep(100);
            let after = statistics(nic);
            let grown: Vec<u64> = after.iter().zip(&before).map(|(after, before)| after - before).collect();
            let sent = unicast.len() as u64;
            // ifInDiscards, ifInErrors, ifHCInOctets, in frames by kind; out octets, out frames by kind, out errors
            // and discards; in octets by kind; out octets by kind.
            assert_eq!(
                grown,
                [1, 0, 4 * len, 3, 0, 1, 4 * sent, 2, 1, 1, 0, 0, 3 * len, 0, len, 2 * sent, sent, sent]
            );
            let (ok, _) = oid::query_exact(nic.adapter, OID_GEN_XMIT_OK, 8);
            assert_eq!(ok.bytes, 8);
            assert_eq!(
                u64::from(oid::query_u32(nic.adapter, OID_GEN_RCV_OK).unwrap()),
                after[3] + after[4] + after[5]
            );
        },
    );
}

#[test]
fn refused_sends_are_errors() {
    over_flavours(
        3,
        1,
        |config| config.policy.error_permille = 1000,
        |nic| {
            let before = statistics(nic);
            nic.stack.send_outgoing(&[unsummed(nic.to_peer(false, 1, &pattern(500)))]);
            wait_until("the send", 10, || nic.stack.link.in_flight() == 0);
            assert_eq!(statistics(nic)[10] - before[10], 1, "ifOutErrors");
            assert_eq!(
                nic.stack.link.sent[1].load(std::sync::atomic::Ordering::Relaxed),
                1,
                "and its status says so"
            );
        },
    );
}

#[test]
fn the_link_follows_the_cable_and_the_carrier() {
    over_flavours(
        4,
        2,
        |_| {},
        |nic| {
            let link = || *nic.adapter.link.lock();
            assert_eq!((link().connect, link().duplex, link().transmit), (1, 2, 100_000_000_000));
            let becomes = |what: &str, connect: i32| wait_until(what, 10, || link().connect == connect);
            nic.xen.with_net(0, |net, world| net.set_link(world, false));
            becomes("the cable is pulled", 2);
            nic.xen.with_net(0, |net, world| net.set_link(world, true));
            becomes("the cable is in", 1);
            nic.xen.with_net(0, |net, world| net.set_back(world, "carrier", "0"));
            becomes("no carrier", 2);
            nic.xen.with_net(0, |net, world| {
                net.set_back(world, "carrier", "1");
                net.set_back(world, "speed", "10000");
            });
            becomes("a carrier", 1);
            wait_until("the speed", 10, || {
                link().transmit == 10_000_000_000 && link().receive == 10_000_000_000
            });
            // A speed that is none changes nothing but the speed that is told.
            nic.xen.with_net(0, |net, world| net.set_back(world, "speed", "fast"));
            wait_until("no speed", 10, || link().transmit == 100_000_000_000);
            assert_eq!(link().connect, 1);
            let data = nic.to_peer(true, 1, &pattern(100));
            assert!(nic.send(&[plain(data.clone())], 1)[0].data == data);
        },
    );
}

fn moderation(nic: &Nic) -> u32 {
    let size = NDIS_SIZEOF_INTERRUPT_MODERATION_PARAMETERS_REVISION_1 as usize;
    let bytes = oid::query(nic.adapter, OID_GEN_INTERRUPT_MODERATION, size).expect("moderation");
    u32::from_le_bytes(bytes[8..12].try_into().unwrap())
}

#[test]
fn interrupts_are_moderated_as_asked_for() {
    over_flavours(
        5,
        1,
        |config| config.policy.tx_latency = (1_000_000, 1_000_000),
        |nic| {
            let events = || nic.xen.with_net(0, |net, _| net.stats.notified).unwrap();
            let frames: Vec<_> = (0..64).map(|_| plain(nic.to_peer(false, 1, &pattern(200)))).collect();
            let cost = || {
                let before = events();
                let _ = nic.send(&frames, frames.len());
                events() - before
            };
            assert_eq!(moderation(nic), NdisInterruptModerationEnabled as u32);
            let moderated = cost();
            let set = |value: i32| {
                let mut bytes = [0u8; 12];
                bytes[..4].copy_from_slice(&[NDIS_OBJECT_TYPE_DEFAULT as u8, 1, 12, 0]);
                bytes[8..].copy_from_slice(&value.to_le_bytes());
                oid::set(nic.adapter, OID_GEN_INTERRUPT_MODERATION, &bytes)
            };
            assert_eq!(set(NdisInterruptModerationDisabled), Ok(()));
            assert_eq!(moderation(nic), NdisInterruptModerationDisabled as u32);
            let each = cost();
            assert!(moderated <= each, "{moderated} events moderated, {each} not");
            assert_eq!(set(77), Err(NDIS_STATUS_INVALID_DATA));
            assert_eq!(set(NdisInterruptModerationEnabled), Ok(()));
        },
    );
}
