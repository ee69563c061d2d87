//! Suspend, resume, migration, reboot.
#![allow(missing_docs)]

mod common;

use common::raw::Guest;
use machine::{Backing, Machine, Outcome};
use xensim::{BlockConfig, BlockKind, Flavour, NewHost, NicConfig, StoreLimits, Violation, Wake, Xen};

const VDEV: u32 = 51712;

fn suspend(guest: &Guest) {
    let page = guest.page(5);
    page.set32(0, 2);
    assert_eq!(guest.outcome(0, 29, &[2, 5 << 12]), Outcome::Shutdown(2));
}

fn guest() -> Guest {
    let guest =
        Guest::new(Xen::builder().vcpus(2).disk(BlockConfig::new(VDEV, 1)).nic(NicConfig::new(0)).build());
    guest.set_callback_line();
    guest
}

#[test]
fn a_cancelled_suspend_changes_nothing() {
    for (wake, value) in [(Wake::Cancelled, 1), (Wake::Same, 0)] {
        let guest = guest();
        let port = guest.bind_ipi(1);
        guest.add_to_physmap(0, 0, 0xf2000);
        guest.xen.suspend(wake, 1_000);
        assert!(!guest.xen.shutdown_acknowledged());
        let path = "/local/domain/7/control/shutdown";
        assert_eq!(guest.xen.sim().world.store.get(path).as_deref(), Some("suspend"));
        suspend(&guest);
        assert_eq!(guest.xen.resumed(), None);
        assert_eq!(guest.xen.stopped(), Some(2));
        guest.xen.settle(1000);
        assert_eq!(guest.xen.now(), 1_000);
        assert_eq!(guest.xen.resumed(), Some(value));
        assert_eq!(guest.xen.resumed(), None, "told once");
        assert_eq!(guest.send(port), 0);
        assert_eq!(guest.xen.sim().world.mem.backing(0xf2000), Backing::Shared(0));
        assert_eq!(guest.xen.sim().world.hv.domid, 7);
        guest.xen.assert_clean();
    }
}

#[test]
fn a_new_domain_has_new_everything() {
    let guest = guest();
    let port = guest.bind_ipi(1);
    guest.add_to_physmap(0, 0, 0xf2000);
    guest.add_to_physmap(1, 0, 0xf2001);
    assert_eq!(guest.reservation(1, &[300]), 1);
    guest.page(0xf2001).set32(9 * 8, 1);
    guest.page(0xf2001).set32(9 * 8 + 4, 77);
    guest.page(77).set32(0, 0x5555);
    let mut disk = BlockConfig::of(BlockKind::Qemu, VDEV, 1);
    disk.backend_domid = 3;
    let host = NewHost {
        domid: Some(12),
        flavour: Some(Flavour { max_grant_frames: 8, ..Flavour::plain() }),
        limits: Some(StoreLimits::oxenstored()),
        disks: Some(vec![disk]),
        ..NewHost::default()
    };
    guest.xen.suspend(Wake::New(Box::new(host)), 0);
    suspend(&guest);
    guest.xen.settle(1000);
    assert_eq!(guest.xen.resumed(), Some(0));
    assert_eq!(guest.send(port), -22, "ports are gone");
    let backing = |gfn| guest.xen.sim().world.mem.backing(gfn);
    assert_eq!(backing(0xf2000), Backing::Hole, "shared info is not part of the image");
    assert_eq!(backing(300), Backing::Hole, "what was given back stays away");
    assert_eq!(guest.page(77).get32(0), 0x5555, "memory is kept");
    assert_eq!(guest.get_param(0), Ok(0));
    assert!(guest.xen.sim().world.live_grants().is_empty());
    assert_eq!(guest.add_to_physmap(1, 8, 0xf2001), -22, "fewer grant frames");
    assert_eq!(guest.words(11, &[0; 6]).0, -38, "no FIFO any more");
    let sim = guest.xen.sim();
    assert!(!sim.world.store.exists("/local/domain/7"));
    let store = |path: &str| sim.world.store.get(path);
    assert_eq!(store(&format!("/local/domain/12/device/vbd/{VDEV}/backend-id")).as_deref(), Some("3"));
    assert!(!sim.world.store.exists("/local/domain/0/backend/vif/7"));
    assert_eq!(store("/local/domain/0/backend/vif/12/0/state").as_deref(), Some("2"));
    assert_eq!(store(&format!("/local/domain/3/backend/vbd/12/{VDEV}/state")).as_deref(), Some("2"));
}

#[test]
fn a_guest_without_callback_is_suspended_unannounced() {
    let guest = Guest::new(Xen::builder().build());
    guest.xen.suspend(Wake::Same, 0);
    assert_eq!(guest.xen.stopped(), Some(2));
    assert!(
        matches!(&guest.xen.violations()[0], Violation::Hypercall { what } if what.contains("unannounced"))
    );
}

#[test]
fn hot_plugged_devices_are_there_on_the_new_host_and_unplugged_ones_are_not() {
    let guest = guest();
    guest.xen.plug_disk(BlockConfig::new(51728, 1));
    guest.xen.yank_nic(0);
    guest.xen.wake(Wake::New(Box::default()));
    let sim = guest.xen.sim();
    assert_eq!(sim.world.hv.domid, 8);
    assert_eq!(sim.world.store.children("/local/domain/8/device/vbd"), ["51712", "51728"]);
    assert!(sim.world.store.children("/local/domain/8/device/vif").is_empty());
}

#[test]
fn a_power_cut_loses_what_was_not_flushed_and_a_reboot_does_not() {
    let mut kept = 0;
    for (seed, cut) in [(1, true), (2, true), (3, true), (4, true), (5, false), (6, false)] {
        let guest = Guest::new(Xen::builder().seed(seed).disk(BlockConfig::new(VDEV, 1)).build());
        let disk = guest.xen.disk(VDEV).expect("disk");
        let ticket = disk.borrow_mut().write(3, &[1; 512]);
        disk.borrow_mut().acknowledge(ticket);
        assert_eq!(guest.reservation(1, &[300]), 1);
        guest.xen.reboot(cut);
        assert_eq!(guest.xen.sim().world.mem.backing(300), Backing::Ram);
        let there = disk.borrow().bytes(3, 1)[0] == 1;
        assert!(cut || there);
        kept += u32::from(cut && there);
    }
    assert!((1..4).contains(&kept), "{kept} of 4 survived the cut");
}

#[test]
fn shutdown_reasons_reach_the_toolstack() {
    let guest = guest();
    guest.page(5).set32(0, 3);
    assert_eq!(guest.outcome(0, 29, &[2, 5 << 12]), Outcome::Shutdown(3));
    assert_eq!(guest.xen.stopped(), Some(3));
}

/// A local APIC that is off takes no edge, and `evtchn_upcall_pending` stays: no event raises another interrupt until
/// somebody has looked (Xen's `hvm_assert_evtchn_irq` asks `vlapic_enabled`, its caller has set the flag before).
#[test]
fn a_disabled_apic_drops_the_edge_for_good() {
    let guest = guest();
    assert_eq!(guest.op(34, 23, &[0, 0, 0, 0, 0x51, 0, 0, 0]).0, 0);
    guest.add_to_physmap(0, 0, 0xf2000);
    let port = guest.bind_ipi(0);
    guest.xen.mmio_write(0xfee0_00f0, 4, 0xff);
    guest.send(port);
    assert_eq!(guest.xen.take_vector(0), None);
    guest.xen.mmio_write(0xfee0_00f0, 4, 0x1ff);
    assert_eq!(guest.xen.take_vector(0), None, "it does not come later");
    let (pending, selector, bits) = (0, 8, 2048);
    assert_eq!(guest.page(0xf2000).get32(pending) & 0xff, 1);
    let other = guest.bind_ipi(0);
    guest.send(other);
    assert_eq!(guest.xen.take_vector(0), None, "nor does the next one");
    // Whoever looks finds both, and clears the way.
    assert_eq!(guest.page(0xf2000).get32(bits), 1 << port | 1 << other);
    guest.page(0xf2000).set8(pending, 0);
    guest.page(0xf2000).set64(selector, 0);
    guest.page(0xf2000).set64(bits, 0);
    guest.send(port);
    assert_eq!(guest.xen.take_vector(0), Some(0x51));
}

#[test]
fn s3_loses_what_waits_in_the_apic_and_delivers_what_comes_after() {
    let guest = guest();
    assert_eq!(guest.op(34, 23, &[0, 0, 0, 0, 0x51, 0, 0, 0]).0, 0);
    let port = guest.bind_ipi(0);
    guest.send(port);
    guest.xen.s3_wake();
    assert_eq!(guest.xen.take_vector(0), None);
    guest.add_to_physmap(0, 0, 0xf2000);
    guest.page(0xf2000).set8(0, 0);
    guest.page(0xf2000).set64(8, 0);
    guest.page(0xf2000).set64(2048, 0);
    guest.send(port);
    assert_eq!(guest.xen.take_vector(0), Some(0x51));
}
