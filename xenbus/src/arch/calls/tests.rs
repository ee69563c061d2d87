//! What goes to the hypervisor, and that what it returns is not believed.

use core::cell::Cell;

use super::*;
use crate::{
    abi::{
        event::{self, Kind, Status},
        grant::QuerySize,
        hvm::{CallbackVia, Param, ParamIndex},
        memory::{Reservation, Space},
    },
    types::{Domid, Gfn, Port},
};

/// Answers `value` after `edit` changed the argument; remembers the call.
struct Fake<F> {
    value: i64,
    edit: F,
    last: Cell<(Number, [u64; 5])>,
}

fn fake<F: Fn(u64)>(value: i64, edit: F) -> Xen<Fake<F>> {
    Xen(Fake { value, edit, last: Cell::new((Number(0), [0; 5])) })
}

impl<F: Fn(u64)> Hypercall for Fake<F> {
    unsafe fn hypercall(&self, number: Number, args: [u64; 5]) -> i64 {
        self.last.set((number, args));
        (self.edit)(args[1]);
        self.value
    }
}

/// Changes an argument in place.
fn edit<T>(at: u64, f: impl FnOnce(&mut T)) {
    let pointer: *mut T = core::ptr::with_exposed_provenance_mut(at as usize);
    // SAFETY: the wrappers pass a valid, exclusive argument of this type.
    f(unsafe { &mut *pointer });
}

#[test]
fn impossible_ports_are_refused() {
    for (given, expected) in [
        (0, Err(Errno::GARBAGE)),
        (1, Ok(1)),
        ((1 << 17) - 1, Ok((1 << 17) - 1)),
        (1 << 17, Err(Errno::GARBAGE)),
    ] {
        let xen = fake(0, |at| {
            edit(at, |arg: &mut event::AllocUnbound| {
                assert_eq!((arg.dom, arg.remote_dom), (0x7ff0, 5));
                arg.port = given;
            });
        });
        assert_eq!(xen.event_alloc_unbound(Domid(5)).map(|p| p.raw()), expected);
        let (number, args) = xen.0.last.get();
        assert_eq!((number, args[0]), (Number::EVENT_CHANNEL_OP, 6));
    }
}

#[test]
fn errors_and_impossible_returns_are_errors() {
    let port = Port::from_raw(3);
    assert_eq!(fake(-22, |_| ()).event_send(&port), Err(Errno::EINVAL));
    assert_eq!(fake(1, |_| ()).event_send(&port), Err(Errno::GARBAGE));
    assert_eq!(fake(-5000, |_| ()).event_send(&port), Err(Errno::GARBAGE));
    assert_eq!(fake(2, |_| ()).suspend(), Err(Errno::GARBAGE));
    assert_eq!(fake(1, |_| ()).suspend(), Ok(Suspend::Cancelled));
    assert_eq!(fake(0, |_| ()).suspend(), Ok(Suspend::Resumed));
    assert_eq!(fake(2, |_| ()).vcpu_is_up(0), Err(Errno::GARBAGE));
    assert_eq!(fake(0x4_0014, |_| ()).version(), Ok((4, 20)));
    assert_eq!(fake(0, |_| ()).watchdog_create(30), Err(Errno::GARBAGE));
}

#[test]
fn more_extents_than_asked_for_are_not_believed() {
    let frames = [10, 11, 12];
    let check = |at| {
        edit(at, |arg: &mut Reservation| {
            assert_eq!((arg.nr_extents, arg.extent_order, arg.domid, arg.pad), (3, 0, 0x7ff0, [0; 3]));
            assert_eq!(arg.extent_start, GuestHandle::new(frames.as_ptr()));
        });
    };
    // SAFETY: nothing lies behind these frames.
    assert_eq!(unsafe { fake(2, check).memory_decrease_reservation(&frames, 0) }, Ok(2));
    // SAFETY: as above.
    assert_eq!(unsafe { fake(4, check).memory_populate_physmap(&frames, 0) }, Err(Errno::GARBAGE));
}

#[test]
fn the_grant_tables_size_is_checked() {
    let size = |frames, max, status| {
        fake(0, move |at| {
            edit(at, |arg: &mut QuerySize| {
                (arg.nr_frames, arg.max_nr_frames, arg.status.0) = (frames, max, status);
            });
        })
        .grant_query_size()
    };
    assert_eq!(size(1, 64, 0), Ok(GrantSize { frames: 1, max_frames: 64 }));
    assert_eq!(size(65, 64, 0), Err(Errno::GARBAGE));
    assert_eq!(size(0, 0, 0), Err(Errno::GARBAGE));
    assert_eq!(size(1, 64, -2), Err(Errno::EINVAL));
}

#[test]
fn the_stores_ring_is_checked() {
    let ring = |frame, port| {
        fake(0, move |at| {
            edit(at, |arg: &mut Param| {
                arg.value = match arg.index {
                    ParamIndex::STORE_PFN => frame,
                    ParamIndex::STORE_EVTCHN => port,
                    other => panic!("asked for {other:?}"),
                };
            });
        })
        .store_ring()
    };
    assert_eq!(ring(0xfeffc, 1), Ok(Ring { frame: Gfn(0xfeffc), port: Port::from_raw(1) }));
    for (frame, port) in [(0, 1), (u64::MAX, 1), (5, 0), (5, 1 << 17), (5, u64::MAX)] {
        assert_eq!(ring(frame, port), Err(Errno::ENOENT), "{frame:#x} {port:#x}");
    }
}

#[test]
fn the_callback_is_never_zero() {
    let untouched = fake(0, |_| panic!("no hypercall"));
    assert_eq!(untouched.hvm_set_callback(CallbackVia::Gsi(0)), Err(Errno::EINVAL));
    let xen = fake(0, |at| edit(at, |arg: &mut Param| assert_eq!(arg.value, 0x0100_0000_0000_1800)));
    let via = CallbackVia::PciIntx { domain: 0, bus: 0, device: 3, function: 0, pin: 0 };
    assert_eq!(xen.hvm_set_callback(via), Ok(()));
}

#[test]
fn a_ports_state_is_told() {
    let state = |kind: Kind| {
        fake(0, move |at| {
            edit(at, |arg: &mut Status| {
                (arg.status, arg.vcpu, arg.remote_dom, arg.remote_port) = (kind, 2, 7, 9);
            });
        })
        .event_status(4)
        .unwrap()
    };
    assert_eq!(state(Kind::INTERDOMAIN).remote, Some((Domid(7), 9)));
    assert_eq!(state(Kind::UNBOUND).remote, Some((Domid(7), 0)));
    assert_eq!(state(Kind::IPI), PortState { kind: Kind::IPI, vcpu: 2, remote: None });
    assert_eq!(state(Kind(99)).remote, None);
}

#[test]
fn other_widths_of_links_are_refused() {
    let xen = fake(0, |at| edit(at, |arg: &mut event::InitControl| arg.link_bits = 16));
    // SAFETY: nothing is written.
    assert_eq!(unsafe { xen.event_init_control(0, Gfn(1), 0) }, Err(Errno::GARBAGE));
}

#[test]
fn a_frame_is_mapped_for_ourselves() {
    let xen = fake(0, |at| {
        edit(at, |arg: &mut crate::abi::memory::AddToPhysmap| {
            assert_eq!((arg.domid, arg.space, arg.idx, arg.gpfn), (0x7ff0, 1, 5, 0x1234));
        });
    });
    // SAFETY: nothing is mapped.
    assert_eq!(unsafe { xen.memory_add_to_physmap(Space::GRANT_TABLE, 5, Gfn(0x1234)) }, Ok(()));
    assert_eq!(xen.0.last.get().0, Number::MEMORY_OP);
}
