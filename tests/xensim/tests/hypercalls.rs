//! The hypervisor by its hypercalls.
#![allow(missing_docs)]

mod common;

use common::raw::Guest;
use machine::{Backing, GuestMemory, Machine, Outcome, PciAddress};
use xensim::{Flavour, Violation, Xen};

const ENOSYS: i64 = -38;
const EINVAL: i64 = -22;
const EBUSY: i64 = -16;

fn guest(flavour: Flavour) -> Guest {
    Guest::new(Xen::builder().flavour(flavour).vcpus(4).build())
}

#[test]
fn leaves_and_versions_by_flavour() {
    for flavour in Flavour::all() {
        let version = flavour.version;
        let leaves = flavour.cpuid_leaves;
        let guest = guest(flavour);
        let leaf = |leaf| guest.xen.cpuid(3, leaf, 0).expect("a hypervisor leaf");
        let base = leaf(0x4000_0000);
        assert_eq!(base.eax, 0x4000_0000 + leaves);
        let signature = [base.ebx.to_le_bytes(), base.ecx.to_le_bytes(), base.edx.to_le_bytes()].concat();
        assert_eq!(signature, b"XenVMMXenVMM");
        assert_eq!(leaf(0x4000_0001).eax, u32::from(version.0) << 16 | u32::from(version.1));
        assert_eq!(guest.call(17, &[0, 0]), i64::from(version.0) << 16 | i64::from(version.1));
        let features = leaf(0x4000_0004);
        assert_eq!(features.ebx, if leaves >= 4 { 3 } else { 0 });
        assert!(guest.xen.cpuid(0, 1, 0).is_none());
    }
    let moved = Xen::builder().viridian(true).build();
    let leaf = |leaf| moved.cpuid(0, leaf, 0).expect("leaf");
    assert_eq!(leaf(0x4000_0000).ebx.to_le_bytes(), *b"Micr");
    assert_eq!(leaf(0x4000_0100).ebx.to_le_bytes(), *b"XenV");
}

#[test]
fn what_is_absent_answers_enosys() {
    let old = guest(Flavour::xen_3_0_3());
    for number in [20, 24, 29, 33, 13, 18] {
        assert_eq!(old.call(number, &[0, 0]), ENOSYS, "hypercall {number}");
    }
    assert_eq!(old.words(11, &[0; 6]).0, ENOSYS);
    let plain = guest(Flavour::plain());
    assert_eq!(plain.words(11, &[0; 6]).0, ENOSYS, "FIFO");
    assert_eq!(plain.op(34, 23, &[0, 0, 0, 0, 0x50, 0, 0, 0]).0, ENOSYS, "upcall vector");
    let v41 = guest(Flavour::xen_4_1());
    assert_eq!(v41.op(24, 10, &[0; 16]).0, ENOSYS, "vcpu_info");
    assert_eq!(guest(Flavour::xen_4_20()).call(99, &[]), ENOSYS);
}

#[test]
fn extraversion_and_features_are_copied_out() {
    let guest = guest(Flavour::xcp_ng());
    let (value, raw) = guest.op(17, 1, &[0xff; 16]);
    assert_eq!((value, &raw[..6]), (0, &b".5-15\0"[..]));
    // What XENVER_get_features of each tag gives an HVM guest on hardware-assisted paging (3.0.3: on shadow).
    for (flavour, features) in [
        (Flavour::xen_4_20(), 0x1d_2305u32),
        (Flavour::xcp_ng(), 0x1_2705),
        (Flavour::xen_4_1(), 0x705),
        (Flavour::xen_3_4(), 5),
        (Flavour::xen_3_0_3(), 5),
    ] {
        let name = flavour.name;
        let (value, raw) = Guest::new(Xen::builder().flavour(flavour).build()).op(17, 6, &[0; 8]);
        assert_eq!((value, &raw[4..8]), (0, &features.to_le_bytes()[..]), "{name}");
    }
    assert_eq!(guest.op(17, 6, &[1, 0, 0, 0, 0, 0, 0, 0]).0, EINVAL);
    assert_eq!(guest.call(17, &[1, 0xdead_0000_0000]), -14);
}

#[test]
fn parameters_are_guarded() {
    let guest = guest(Flavour::xen_4_20());
    assert_eq!(guest.get_param(1), Ok(0xfeffc));
    let port = guest.get_param(2).expect("store port");
    assert!(port > 0);
    assert_eq!(guest.set_param(1, 7), -1);
    assert_eq!(guest.set_param(2, port), 0);
    assert_eq!(guest.get_param(9), Err(-1));
    assert_eq!(guest.get_param(39), Err(EINVAL));
    assert_eq!(guest.op(34, 9, &[0; 16]).0, EINVAL, "pagetable_dying with HAP");
    assert_eq!(guest.set_param(0, 0), 0);
    assert!(
        matches!(&guest.xen.violations()[0], Violation::Hypercall { what } if what.contains("CALLBACK_IRQ=0"))
    );
}

#[test]
fn shared_pages_move_and_ram_under_them_is_lost() {
    let guest = guest(Flavour::xen_4_20());
    assert_eq!(guest.reservation(1, &[100, 101]), 2);
    assert_eq!(guest.xen.sim().world.mem.backing(100), Backing::Hole);
    assert_eq!(guest.add_to_physmap(0, 0, 100), 0);
    assert_eq!(guest.add_to_physmap(0, 1, 100), EINVAL);
    guest.page(100).set32(64, 0x1234);
    assert_eq!(guest.add_to_physmap(0, 0, 101), 0);
    assert_eq!(guest.xen.sim().world.mem.backing(100), Backing::Hole);
    assert_eq!(guest.page(101).get32(64), 0x1234);
    // Grant frames: mapping one grows the table; beyond the limit it fails.
    assert_eq!(guest.add_to_physmap(1, 3, 0xf2000), 0);
    let (value, raw) = guest.op(20, 6, &[&0x7ff0u32.to_le_bytes()[..], &[0; 12]].concat());
    assert_eq!((value, raw[4], raw[8]), (0, 4, 64));
    assert_eq!(guest.add_to_physmap(1, 64, 0xf2001), EINVAL);
    // Populated again: RAM, zeroed.
    assert_eq!(guest.reservation(6, &[100]), 1);
    assert_eq!(guest.xen.sim().world.mem.backing(100), Backing::Ram);
    assert_eq!(guest.page(100).get32(64), 0);
    assert_eq!(guest.memory.frame(100).is_some(), guest.memory.frames() > 100);
    guest.xen.assert_clean();
    assert_eq!(guest.reservation(1, &[100, 102, 100]), 2);
    assert!(matches!(&guest.xen.violations()[0], Violation::Hypercall { .. }));
}

#[test]
fn giving_back_a_granted_frame_is_a_violation() {
    let guest = guest(Flavour::xen_4_20());
    assert_eq!(guest.add_to_physmap(1, 0, 0xf2000), 0);
    let table = guest.page(0xf2000);
    table.set32(9 * 8 + 4, 200);
    table.set32(9 * 8, 1);
    assert_eq!(guest.xen.frame_in_use(200), Some(false));
    assert_eq!(guest.reservation(1, &[200]), 1);
    assert_eq!(
        guest.xen.violations(),
        [Violation::FrameInUse { gfn: 200, gref: 9, mapped: false, how: "decrease_reservation" }]
    );
}

#[test]
fn two_level_events_in_both_layouts() {
    for wide in [false, true] {
        let guest = guest(Flavour::plain());
        guest.add_to_physmap(0, 0, 0xf2000);
        if wide {
            guest.set_callback_line();
        }
        let info = guest.page(0xf2000);
        let port = guest.bind_ipi(0);
        let mask = if wide { 2560 } else { 2176 };
        let (word, bit) = (port as usize / 32 * 4, 1 << (port % 32));
        info.or32(mask + word, bit);
        assert_eq!(guest.send(port), 0);
        assert_eq!(info.get32(2048 + word) & bit, bit);
        assert_eq!(info.get8(0), 0, "masked: no upcall");
        assert_eq!(guest.unmask(port), 0);
        assert_eq!(info.get8(0), 1);
        let selector = if wide { info.get64(8) } else { u64::from(info.get32(4)) };
        assert_eq!(selector, 1);
        assert_eq!(guest.xen.line(24), wide, "the line follows the pending flag once it is set up");
        info.set8(0, 0);
        assert!(!guest.xen.line(24));
    }
}

#[test]
fn ports_and_their_errors() {
    let guest = guest(Flavour::xen_4_20());
    guest.set_callback_line();
    // alloc_unbound for another domain, bind a loop, status, close.
    assert_eq!(guest.words(6, &[3, 0]).0, -3);
    let (value, out) = guest.words(6, &[0x7ff0 | 0x7ff0 << 16, 0]);
    assert_eq!(value, 0);
    let first = out[1];
    let (value, out) = guest.words(0, &[0x7ff0, first, 0]);
    assert_eq!(value, 0);
    let second = out[2];
    assert_eq!(guest.words(0, &[0x7ff0, first, 0]).0, EINVAL, "bound already");
    guest.send(second);
    assert!(guest.xen.sim().world.is_pending(first));
    let status = guest.words(5, &[0x7ff0, second, 0, 0, 0, 0]).1;
    assert_eq!((status[2], status[4], status[5]), (2, 7, first));
    assert_eq!(guest.words(3, &[second]).0, 0);
    assert_eq!(guest.words(5, &[0x7ff0, first, 0, 0, 0, 0]).1[2], 1);
    assert_eq!(guest.words(3, &[second]).0, EINVAL);
    assert_eq!(guest.send(second), EINVAL);
    // VIRQs once per vCPU, and the timer cannot move.
    let (value, out) = guest.words(1, &[0, 2, 0]);
    assert_eq!(value, 0);
    assert_eq!(guest.words(1, &[0, 2, 0]).0, -17);
    assert_eq!(guest.words(1, &[24, 0, 0]).0, EINVAL);
    assert_eq!(guest.words(8, &[out[2], 1]).0, EINVAL);
    assert_eq!(guest.words(8, &[first, 3]).0, 0);
    assert_eq!(guest.words(8, &[first, 9]).0, -2);
    assert_eq!(guest.words(13, &[first, 3]).0, ENOSYS, "no priorities in two levels");
}

#[test]
fn ports_run_out() {
    let guest = guest(Flavour { max_ports: 64, ..Flavour::xen_4_20() });
    let mut made = 0;
    while guest.words(7, &[0, 0]).0 == 0 {
        made += 1;
        assert!(made < 100);
    }
    assert_eq!(guest.words(7, &[0, 0]).0, -28);
    assert_eq!(made, 61, "two are the toolstack's, 0 is none");
}

#[test]
fn reset_closes_everything_and_the_store_port_can_be_bound_again() {
    let guest = guest(Flavour::xen_4_20());
    let store = guest.get_param(2).expect("port") as u32;
    let status = guest.words(5, &[0x7ff0, store, 0, 0, 0, 0]).1;
    assert_eq!((status[2], status[4]), (2, 0));
    let remote = status[5];
    guest.bind_ipi(1);
    assert_eq!(guest.op(32, 10, &0x7ff0u16.to_le_bytes()).0, 0);
    assert!(guest.xen.sim().world.hv.ev.channels.is_empty());
    let (value, out) = guest.words(0, &[0, remote, 0]);
    assert_eq!(value, 0);
    guest.send(out[2]);
    let sim = guest.xen.sim();
    assert!(sim.world.hv.host_pending(sim.world.hv.store_port.expect("store port")));
}

#[test]
fn vcpu_info_registers_once() {
    for (flavour, again) in [(Flavour::xen_4_20(), EBUSY), (Flavour::xcp_ng(), EINVAL)] {
        let guest = guest(flavour);
        guest.set_callback_line();
        let raw = |gfn: u64, offset: u32| [&gfn.to_le_bytes()[..], &offset.to_le_bytes(), &[0; 4]].concat();
        let beyond = if again == EBUSY { -6 } else { EINVAL };
        assert_eq!(guest.op_on(1, 24, 10, &raw(300, 4040)).0, beyond, "beyond the page");
        assert_eq!(guest.op_on(1, 24, 10, &raw(300, 128)).0, 0);
        let info = guest.page(300);
        assert_eq!((info.get8(128), info.get64(136)), (1, u64::MAX), "all may be pending");
        assert_eq!(guest.op_on(1, 24, 10, &raw(301, 0)).0, again);
        info.set8(128, 0);
        info.set64(136, 0);
        let port = guest.bind_ipi(1);
        guest.send(port);
        assert_eq!(info.get8(128), 1);
    }
}

#[test]
fn upcall_vectors_are_edges_and_a_disabled_apic_drops_them() {
    let guest = guest(Flavour::xen_4_20());
    guest.add_to_physmap(0, 0, 0xf2000);
    guest.set_callback_line();
    let vector =
        |vcpu: u32, vector: u8| guest.op(34, 23, &[&vcpu.to_le_bytes()[..], &[vector, 0, 0, 0]].concat()).0;
    assert_eq!(vector(1, 0x0f), EINVAL);
    assert_eq!(vector(9, 0x51), -2);
    assert_eq!(vector(1, 0x51), 0);
    assert_eq!(guest.xen.take_vector(1), Some(0x51), "raised by setting it");
    assert_eq!(guest.xen.take_vector(1), None);
    let port = guest.bind_ipi(1);
    let info = guest.page(0xf2000);
    guest.send(port);
    assert_eq!(guest.xen.take_vector(1), Some(0x51));
    // Pending still set: no second edge.
    let other = guest.bind_ipi(1);
    guest.send(other);
    assert_eq!(guest.xen.take_vector(1), None);
    info.set8(64, 0);
    info.set64(64 + 8, 0);
    info.set64(2048, 0);
    guest.xen.set_lapic(1, false);
    guest.send(port);
    guest.xen.set_lapic(1, true);
    assert_eq!(guest.xen.take_vector(1), None);
    assert_eq!(guest.xen.stats().dropped_edges, 1);
    assert_eq!(info.get8(64), 1, "the flag shows it still");
}

#[test]
fn vcpus_above_31_need_a_registered_vcpu_info() {
    let guest = Guest::new(Xen::builder().vcpus(40).build());
    guest.set_callback_line();
    assert_eq!(guest.op(34, 23, &[35, 0, 0, 0, 0x51, 0, 0, 0]).0, 0);
    let _ = guest.xen.take_vector(35);
    let port = guest.bind_ipi(35);
    guest.send(port);
    assert_eq!(guest.xen.take_vector(35), None);
    assert_eq!(guest.op_on(35, 24, 10, &[&300u64.to_le_bytes()[..], &[0; 8]].concat()).0, 0);
    assert_eq!(guest.xen.take_vector(35), Some(0x51));
}

#[test]
fn scheduling_blocks_polls_and_watches() {
    let guest = guest(Flavour::xen_4_20());
    guest.add_to_physmap(0, 0, 0xf2000);
    guest.set_callback_line();
    assert_eq!(guest.outcome(0, 29, &[1, 0]), Outcome::Block(0));
    assert!(!guest.xen.runnable(0));
    let port = guest.bind_ipi(0);
    guest.send(port);
    assert!(guest.xen.runnable(0));
    // Poll: returns when the port is pending, or at its time.
    guest.page(0xf2000).set64(2048, 0);
    guest.page(7).set32(0, port);
    let poll = [&(7u64 << 12).to_le_bytes()[..], &1u64.to_le_bytes(), &5000u64.to_le_bytes()].concat();
    guest.page(5).write(0, &poll);
    assert_eq!(guest.outcome(2, 29, &[3, 5 << 12]), Outcome::Block(0));
    assert!(!guest.xen.runnable(2));
    assert_eq!(guest.xen.deadline(), Some(5000));
    guest.xen.advance(5000);
    assert!(guest.xen.runnable(2));
    guest.page(5).write(0, &poll);
    guest.page(5).set64(16, 9000);
    assert_eq!(guest.outcome(2, 29, &[3, 5 << 12]), Outcome::Block(0));
    guest.send(port);
    assert!(guest.xen.runnable(2));
    // Watchdog.
    let watchdog =
        |id: u32, seconds: u32| guest.op(29, 6, &[id.to_le_bytes(), seconds.to_le_bytes()].concat()).0;
    assert_eq!(watchdog(0, 10), 1);
    assert_eq!(watchdog(0, 10), 2);
    assert_eq!(watchdog(0, 10), 0xffff_ffe4, "-ENOSPC without its sign");
    assert_eq!(watchdog(2, 0), 0);
    assert_eq!(watchdog(1, 20), 0);
    guest.xen.advance(19_000_000_000);
    assert_eq!(guest.xen.stopped(), None);
    guest.xen.advance(21_000_000_000);
    assert_eq!(guest.xen.stopped(), Some(4));
}

#[test]
fn time_and_timers() {
    let guest = guest(Flavour::xen_4_20());
    guest.add_to_physmap(0, 0, 0xf2000);
    guest.set_callback_line();
    let (_, out) = guest.words(1, &[0, 1, 0]);
    guest.xen.advance(1_000);
    assert_eq!(guest.page(0xf2000).get64(32 + 16), 1_000, "system_time");
    assert_eq!(guest.op_on(1, 24, 8, &[&5_000u64.to_le_bytes()[..], &[0; 8]].concat()).0, 0);
    assert_eq!(guest.xen.deadline(), Some(5_000));
    guest.xen.advance(5_000);
    assert!(guest.xen.sim().world.is_pending(out[2]));
    assert_eq!(guest.op_on(1, 24, 6, &10u64.to_le_bytes()).0, EINVAL, "less than a millisecond");
}

#[test]
fn the_emulated_side() {
    let xen = Xen::builder()
        .disk(xensim::BlockConfig { emulated: Some(0), ..xensim::BlockConfig::new(768, 1) })
        .disk(xensim::BlockConfig { emulated: Some(1), ..xensim::BlockConfig::new(832, 1) })
        .nic(xensim::NicConfig { emulated: true, ..xensim::NicConfig::new(0) })
        .build();
    let guest = Guest::new(xen);
    let xen = &guest.xen;
    let at = PciAddress { bus: 0, device: 2, function: 0 };
    assert_eq!(xen.pci_read(at, 0, 4), 0x0001_5853);
    assert_eq!(xen.pci_read(at, 0x2c, 4), 0x0001_5853);
    xen.pci_write(at, 0x14, 4, u32::MAX);
    assert_eq!(xen.pci_read(at, 0x14, 4), 0xff00_0008, "16 MiB, prefetchable");
    xen.pci_write(at, 0x14, 4, 0xf200_0000);
    assert_eq!(xen.pci_read(PciAddress { bus: 0, device: 30, function: 0 }, 0, 4), u32::MAX);
    let nic = PciAddress { bus: 0, device: 4, function: 0 };
    assert_eq!(xen.pci_read(nic, 8, 4) >> 16, 0x0200);
    assert_eq!((xen.port_in(0, 0x10, 2), xen.port_in(0, 0x12, 1)), (0x49d2, 1));
    xen.port_out(0, 0x12, 2, 0xffff);
    xen.port_out(0, 0x10, 4, 7);
    assert_eq!(xen.port_in(0, 0x10, 2), 0x49d2);
    xen.port_out(0, 0x10, 2, 4);
    assert_eq!(xen.sim().emulated.ide, [0]);
    xen.port_out(0, 0x10, 2, 3);
    assert!(xen.sim().emulated.ide.is_empty());
    assert_eq!(xen.pci_read(nic, 0, 4), u32::MAX);
    assert_eq!(xen.sim().emulated.unplugged, [4, 3]);
    for byte in b"hello\n" {
        xen.port_out(0, 0xe9, 1, u32::from(*byte));
    }
    assert_eq!(xen.sim().world.console, b"hello\n");
    let refused =
        Xen::builder().emulated(xensim::EmulatedConfig { blacklisted: true, ..Default::default() }).build();
    refused.port_out(0, 0x12, 2, 0xffff);
    assert_eq!(refused.port_in(0, 0x10, 2), 0xd249);
}

#[test]
fn multicalls_and_copies() {
    let guest = guest(Flavour::xen_4_20());
    let list = guest.page(8);
    list.set64(0, 17);
    list.set64(16, 7);
    list.set64(64, 99);
    assert_eq!(guest.call(13, &[8 << 12, 2]), 0);
    assert_eq!((list.get64(8), list.get64(72) as i64), (4096, ENOSYS));
    guest.page(30).set32(16, 0xabcd);
    let side = |gfn: u64, at: u16| {
        [&gfn.to_le_bytes()[..], &0x7ff0u16.to_le_bytes(), &at.to_le_bytes(), &[0; 4]].concat()
    };
    let raw = [side(30, 16), side(31, 8), vec![4, 0, 0, 0, 9, 9, 0, 0]].concat();
    let (value, out) = guest.op(20, 5, &raw);
    assert_eq!((value, out[36], out[37]), (0, 0, 0));
    assert_eq!(guest.page(31).get32(8), 0xabcd);
}

/// Which hypercalls an HVM guest has at all, as the tables for 64-bit callers in the release tags say.
#[test]
fn tables_are_those_of_the_release_tags() {
    // memory_op, multicall, xen_version, console_io, grant_table_op, vcpu_op, sched_op, event_channel_op, hvm_op:
    // one that is there knows one of these sub-operations, be it that it refuses the argument.
    let numbers = [(12, 16), (13, 1), (17, 1), (18, 2), (20, 8), (24, 11), (29, 1), (32, 12), (34, 24)];
    let table = |flavour: Flavour| -> Vec<u64> {
        let there = |number: u64, most: u64| {
            // What answers ENOSYS has done nothing: one guest will do.
            let guest = guest(flavour.clone());
            (0..most).any(|op| guest.call(number, &[op, 0, u64::from(number == 20)]) != ENOSYS)
        };
        numbers.into_iter().filter(|(number, most)| there(*number, *most)).map(|(number, _)| number).collect()
    };
    assert_eq!(table(Flavour::xen_3_0_3()), [12, 17, 32, 34]);
    assert_eq!(table(Flavour::xen_3_4()), [12, 17, 20, 29, 32, 34], "and vcpu_op for the runstate only");
    assert_eq!(table(Flavour::xen_4_1()), [12, 17, 20, 24, 29, 32, 34]);
    // VCPUOP_is_up and VCPUOP_stop_periodic_timer.
    let vcpu = |flavour: Flavour, op: u64| guest(flavour).call(24, &[op, 0, 0]) == ENOSYS;
    assert!(vcpu(Flavour::xen_3_4(), 3) && vcpu(Flavour::xen_3_4(), 7));
    assert!(vcpu(Flavour::xen_4_1(), 3) && !vcpu(Flavour::xen_4_1(), 7));
    assert!(!vcpu(Flavour::xen_4_20(), 3) && !vcpu(Flavour::xen_4_20(), 7));
}
