//! The rules about IRPs and device objects: each is broken once by a driver, and must be found; the well-behaved driver
//! of `pnp.rs` breaks none.
#![allow(clippy::result_large_err, reason = "a bugcheck carries its story")]
#![allow(unsafe_code, unsafe_op_in_unsafe_fn)]
#![allow(
    clippy::undocumented_unsafe_blocks,
    clippy::multiple_unsafe_ops_per_block,
    clippy::missing_safety_doc
)]

mod common;

use common::driver::{CLASS, entry, knobs};
use common::start::{self, DEVICE};
use nt::sys::*;
use ntsim::io::{device, irp, remlock, rules, security::Token, stack, user::Process};
use ntsim::pnp::{self, removal};
use ntsim_host::BugCheck;

fn run(misbehaviour: &[&'static str], f: impl FnOnce() + 'static) -> Result<(), BugCheck> {
    start::run(entry, misbehaviour, f)
}

fn expect(rule: &ntsim::verifier::Rule, outcome: Result<(), BugCheck>) {
    match outcome {
        Ok(()) => panic!("rule {} was not found broken", rule.id),
        Err(b) => assert_eq!(b.rule, Some(rule.id), "{b}"),
    }
}

fn ioctl(function: u32) -> Result<(), BugCheck> {
    run(&[], move || {
        let path = pnp::with(pnp::find(DEVICE).unwrap(), |n| n.path.clone());
        let link = format!("\\??\\{}#{}", path.replace('\\', "#"), ntsim::io::guid::text(&CLASS));
        let process = Process::new(Token::system());
        let handle = process.open(&link, 0xC000_0000).unwrap();
        process.ioctl(handle, 0x22 << 16 | function << 2, b"abc", 8);
        process.exit(Vec::new());
    })
}

#[test]
fn dispatch_and_completion() {
    ioctl(1).unwrap_or_else(|b| panic!("{b}"));
    expect(&rules::STATUS_INCONSISTENT, ioctl(0x10));
    expect(&rules::NOT_COMPLETED, ioctl(0x11));
    expect(&rules::PENDING_UNRETURNED, ioctl(0x12));
    expect(&rules::PENDING_UNMARKED, ioctl(0x13));
    expect(&rules::COMPLETE_PENDING, ioctl(0x14));
    expect(&rules::COMPLETE_CANCEL_SET, ioctl(0x15));
    expect(&rules::INFORMATION, ioctl(0x16));
    // The IRP is gone after the first completion: either bugcheck 0x44 or the access itself is found.
    let twice = ioctl(0x17).unwrap_err();
    assert!(matches!(twice.code, 0x44 | 0x50 | 0xCC | 0xC9 | 0xD5), "{twice}");
}

#[test]
fn removal_rules() {
    let remove = || removal::remove(pnp::find(DEVICE).unwrap()).unwrap();
    run(&[], remove).unwrap_or_else(|b| panic!("{b}"));
    expect(&rules::REMOVE_NOT_DETACHED, run(&["no-detach", "no-delete"], remove));
    expect(&rules::DELETE_ATTACHED, run(&["no-detach"], remove));
    expect(&rules::REMOVE_NOT_DELETED, run(&["no-delete"], remove));
    expect(&rules::STILL_INITIALIZING, run(&["initializing"], || ()));
    expect(&rules::PNP_COMPLETED_SUCCESS, run(&["pnp-complete"], remove));
    let fail = || {
        knobs(|k| k.state = 4);
        pnp::manager::exclusively(|| unsafe { pnp::manager::check_state(pnp::find(DEVICE).unwrap()) });
    };
    expect(&rules::SURPRISE_DETACHED, run(&["surprise-delete"], fail));
}

unsafe fn request(minor: u32) -> *mut IRP {
    let top = removal::top(pnp::find(DEVICE).unwrap());
    let request = irp::IoAllocateIrp((*top).StackSize, 0);
    let next = stack::next(request);
    (*next).MajorFunction = IRP_MJ_PNP as u8;
    (*next).MinorFunction = minor as u8;
    stack::set_status(request, STATUS_NOT_SUPPORTED, 0);
    request
}

unsafe fn top() -> *mut DEVICE_OBJECT {
    removal::top(pnp::find(DEVICE).unwrap())
}

#[test]
fn senders() {
    expect(
        &rules::PNP_STATUS,
        run(&[], || unsafe {
            let r = request(IRP_MN_QUERY_BUS_INFORMATION);
            stack::set_status(r, STATUS_SUCCESS, 0);
            irp::IofCallDriver(top(), r);
        }),
    );
    expect(
        &rules::RESTRICTED,
        run(&[], || unsafe {
            irp::IofCallDriver(top(), request(IRP_MN_REMOVE_DEVICE));
        }),
    );
    expect(
        &rules::CALL_IRQL,
        run(&[], || unsafe {
            let r = request(IRP_MN_QUERY_BUS_INFORMATION);
            ntsim::ke::irql::raise(2);
            irp::IofCallDriver(top(), r);
        }),
    );
    expect(
        &rules::CALL_NULL_DEVICE,
        run(&[], || unsafe {
            irp::IofCallDriver(std::ptr::null_mut(), request(IRP_MN_QUERY_BUS_INFORMATION));
        }),
    );
    expect(
        &rules::CALL_CONTROL,
        run(&[], || unsafe {
            let r = request(IRP_MN_QUERY_BUS_INFORMATION);
            (*stack::next(r)).Control = SL_PENDING_RETURNED as u8;
            irp::IofCallDriver(top(), r);
        }),
    );
    expect(
        &rules::CALL_NOT_IRP,
        run(&[], || unsafe {
            let mut junk = IRP::default();
            irp::IofCallDriver(top(), &raw mut junk);
        }),
    );
    for (rule, version, size, address, number) in [
        (&rules::CAPS_VERSION, 0, 64, u32::MAX, u32::MAX),
        (&rules::CAPS_SIZE, 1, 8, u32::MAX, u32::MAX),
        (&rules::CAPS_ADDRESS, 1, 64, 0, u32::MAX),
        (&rules::CAPS_UI_NUMBER, 1, 64, u32::MAX, 0),
    ] {
        expect(
            rule,
            run(&[], move || unsafe {
                let r = request(IRP_MN_QUERY_CAPABILITIES);
                let mut caps = DEVICE_CAPABILITIES { Version: version, Size: size, ..Default::default() };
                caps.Address = address;
                caps.UINumber = number;
                (*stack::args(stack::next(r)))[0] = &raw mut caps as u64;
                irp::IofCallDriver(top(), r);
            }),
        );
    }
    // An IRP of a driver that is completed to the end.
    let end = run(&[], || unsafe {
        irp::IofCallDriver(top(), request(IRP_MN_QUERY_BUS_INFORMATION));
    })
    .unwrap_err();
    assert_eq!((end.code, end.parameters[0]), (0xC9, 0x20A), "{end}");
    // One stack location is too few for this stack.
    let short = run(&[], || unsafe {
        let r = irp::IoAllocateIrp(1, 0);
        // IoSetNextIrpStackLocation: the caller keeps the only location for itself.
        stack::set_current(r, 1);
        irp::IofCallDriver(top(), r);
        (*stack::next(r)).MajorFunction = IRP_MJ_PNP as u8;
        (*stack::next(r)).MinorFunction = IRP_MN_QUERY_BUS_INFORMATION as u8;
        stack::set_status(r, STATUS_NOT_SUPPORTED, 0);
        irp::IofCallDriver(top(), r);
    })
    .unwrap_err();
    assert_eq!(short.code, 0x35, "{short}");
}

#[test]
fn objects_and_remove_locks() {
    expect(
        &rules::FREE_NOT_IRP,
        run(&[], || unsafe {
            let mut junk = IRP::default();
            irp::IoFreeIrp(&raw mut junk);
        }),
    );
    expect(
        &rules::INITIALIZE_ALLOCATED,
        run(&[], || unsafe {
            let r = irp::IoAllocateIrp(2, 0);
            irp::IoInitializeIrp(r, irp::size_of_irp(2) as u16, 2);
        }),
    );
    expect(&rules::DETACH_TWICE, run(&[], || unsafe { device::IoDetachDevice(top()) }));
    expect(
        &rules::DELETE_TWICE,
        run(&[], || unsafe {
            let driver = (*top()).DriverObject;
            let mut at = std::ptr::null_mut();
            device::IoCreateDevice(driver, 0, std::ptr::null_mut(), 0x22, 0, 0, &mut at);
            // A reference keeps the memory.
            ntsim::ob::reference(at.cast());
            device::IoDeleteDevice(at);
            device::IoDeleteDevice(at);
        }),
    );
    let lock = |f: unsafe fn(*mut IO_REMOVE_LOCK)| {
        run(&[], move || unsafe {
            let at: *mut IO_REMOVE_LOCK = ntsim::io::glue::pool(32, *b"Lock", true).cast();
            f(at);
        })
    };
    unsafe fn good(at: *mut IO_REMOVE_LOCK) {
        remlock::IoInitializeRemoveLockEx(at, 0, 0, 0, 32);
        assert_eq!(remlock::IoAcquireRemoveLockEx(at, 1 as _, std::ptr::null(), 0, 32), STATUS_SUCCESS);
        assert_eq!(remlock::IoAcquireRemoveLockEx(at, 2 as _, std::ptr::null(), 0, 32), STATUS_SUCCESS);
        remlock::IoReleaseRemoveLockEx(at, 2 as _, 32);
        remlock::IoReleaseRemoveLockAndWaitEx(at, 1 as _, 32);
        assert_eq!(
            remlock::IoAcquireRemoveLockEx(at, 3 as _, std::ptr::null(), 0, 32),
            STATUS_DELETE_PENDING
        );
    }
    unsafe fn uninitialized(at: *mut IO_REMOVE_LOCK) {
        remlock::IoAcquireRemoveLockEx(at, 1 as _, std::ptr::null(), 0, 32);
    }
    unsafe fn wrong_tag(at: *mut IO_REMOVE_LOCK) {
        remlock::IoInitializeRemoveLockEx(at, 0, 0, 0, 32);
        remlock::IoAcquireRemoveLockEx(at, 1 as _, std::ptr::null(), 0, 32);
        remlock::IoReleaseRemoveLockEx(at, 2 as _, 32);
    }
    lock(good).unwrap_or_else(|b| panic!("{b}"));
    expect(&rules::REMLOCK_UNINITIALIZED, lock(uninitialized));
    expect(&rules::REMLOCK_TAG, lock(wrong_tag));
}

#[test]
fn forwarding_and_completing() {
    let remove = || removal::remove(pnp::find(DEVICE).unwrap()).unwrap();
    let refused = || {
        let _ = removal::remove(pnp::find(DEVICE).unwrap());
    };
    expect(&rules::PNP_COMPLETED_UNTOUCHED, run(&["pnp-untouched"], refused));
    expect(&rules::PNP_FAILED_DOWN, run(&["failed-down"], refused));
    let fail = || {
        knobs(|k| k.state = 4);
        pnp::manager::exclusively(|| unsafe { pnp::manager::check_state(pnp::find(DEVICE).unwrap()) });
    };
    expect(&rules::PNP_MUST_NOT_FAIL, run(&["must-not-fail"], fail));
    expect(&rules::SURPRISE_DELETED, run(&["surprise-deleted"], fail));
    let sleep = || {
        let _ = ntsim::po::system::transition(ntsim::po::system::Transition::Sleep, || ());
    };
    expect(&rules::POWER_COMPLETED_SUCCESS, run(&["power-success"], sleep));
    expect(&rules::POWER_COMPLETED_UNTOUCHED, run(&["power-untouched"], sleep));
    expect(&rules::POWER_FAILED_DOWN, run(&["power-failed-down"], sleep));
    expect(&rules::STATUS_ILLEGAL, ioctl(0x18));
    run(&[], remove).unwrap_or_else(|b| panic!("{b}"));
    run(&[], sleep).unwrap_or_else(|b| panic!("{b}"));
}

#[test]
fn what_add_device_must_take_over() {
    expect(&rules::POWER_PAGABLE, run(&["no-pagable"], || ()));
    expect(&rules::IO_FLAGS_BOTH, run(&["both-io"], || ()));
    expect(&rules::DEVICE_TYPE, run(&["filter-type"], || ()));
    expect(&rules::IO_FLAGS_NOT_COPIED, run(&["filter-flags"], || ()));
}

unsafe extern "win64" fn never(_: *mut DEVICE_OBJECT, _: *mut IRP, _: *mut std::ffi::c_void) -> NTSTATUS {
    STATUS_SUCCESS
}
unsafe extern "win64" fn tick(_: *mut DEVICE_OBJECT, _: *mut std::ffi::c_void) {}

#[test]
fn senders_of_their_own() {
    let other = |major: u32, status: NTSTATUS| {
        run(&[], move || unsafe {
            let r = request(0);
            (*stack::next(r)).MajorFunction = major as u8;
            stack::set_status(r, status, 0);
            irp::IofCallDriver(top(), r);
        })
    };
    expect(&rules::POWER_STATUS, other(IRP_MJ_POWER, STATUS_SUCCESS));
    expect(&rules::WMI_STATUS, other(IRP_MJ_SYSTEM_CONTROL, STATUS_SUCCESS));
    expect(
        &rules::NO_DISPATCH,
        run(&[], || unsafe {
            (*(*top()).DriverObject).MajorFunction[IRP_MJ_SHUTDOWN as usize] = None;
            let r = request(0);
            (*stack::next(r)).MajorFunction = IRP_MJ_SHUTDOWN as u8;
            irp::IofCallDriver(top(), r);
        }),
    );
    expect(
        &rules::CALL_NO_DEVICE,
        run(&[], || unsafe {
            let mut junk = DEVICE_OBJECT::default();
            irp::IofCallDriver(&raw mut junk, request(IRP_MN_QUERY_BUS_INFORMATION));
        }),
    );
    expect(
        &rules::CALL_CANCEL_SET,
        run(&[], || unsafe {
            unsafe extern "win64" fn cancel(_: *mut DEVICE_OBJECT, _: *mut IRP) {}
            let r = request(IRP_MN_QUERY_BUS_INFORMATION);
            (*r).CancelRoutine = Some(cancel);
            irp::IofCallDriver(top(), r);
        }),
    );
    expect(
        &rules::CALL_COPIED_COMPLETION,
        run(&[], || unsafe {
            let r = irp::IoAllocateIrp((*top()).StackSize + 1, 0);
            let own = (*r).StackCount;
            // IoSetNextIrpStackLocation, then the whole location is copied instead of all but the completion.
            stack::set_current(r, own);
            for at in [stack::location(r, own), stack::location(r, own - 1)] {
                (*at).MajorFunction = IRP_MJ_PNP as u8;
                (*at).MinorFunction = IRP_MN_QUERY_BUS_INFORMATION as u8;
                (*at).CompletionRoutine = Some(never);
                (*at).Control = (SL_INVOKE_ON_SUCCESS | SL_INVOKE_ON_ERROR | SL_INVOKE_ON_CANCEL) as u8;
            }
            stack::set_status(r, STATUS_NOT_SUPPORTED, 0);
            irp::IofCallDriver(top(), r);
        }),
    );
}

#[test]
fn objects_of_the_io_manager() {
    use ntsim::io::{build, misc, work};
    expect(
        &rules::FREE_THREADED,
        run(&[], || unsafe {
            let mut event: KEVENT = std::mem::zeroed();
            ntsim::ke::event::initialize((&raw mut event).cast::<ntsim::abi::KEVENT>(), false, false);
            let mut iosb = IO_STATUS_BLOCK::default();
            let null = std::ptr::null_mut();
            let r = build::IoBuildSynchronousFsdRequest(
                IRP_MJ_SHUTDOWN,
                top(),
                null,
                0,
                null.cast(),
                (&raw mut event).cast(),
                &mut iosb,
            );
            irp::IoFreeIrp(r);
        }),
    );
    expect(
        &rules::INITIALIZE_SIZE,
        run(&[], || unsafe {
            let at: *mut IRP = ntsim::io::glue::pool(irp::size_of_irp(4), *b"Irps", true).cast();
            irp::IoInitializeIrp(at, irp::size_of_irp(1) as u16, 4);
        }),
    );
    expect(
        &rules::TIMER_TWICE,
        run(&[], || unsafe {
            for _ in 0..2 {
                misc::IoInitializeTimer(top(), Some(tick), std::ptr::null_mut());
            }
        }),
    );
    expect(
        &rules::REMLOCK_TWICE,
        run(&[], || unsafe {
            let at: *mut IO_REMOVE_LOCK = ntsim::io::glue::pool(32, *b"Lock", true).cast();
            remlock::IoInitializeRemoveLockEx(at, 0, 0, 0, 32);
            for tag in 1..3 {
                remlock::IoAcquireRemoveLockEx(at, tag as _, std::ptr::null(), 0, 32);
            }
            // One thread waits for the other holder, which does not release but waits, too.
            let lock = at as usize;
            ntsim::ke::thread::spawn(move || {
                remlock::IoReleaseRemoveLockAndWaitEx(lock as *mut IO_REMOVE_LOCK, 1 as _, 32);
            })
            .unwrap();
            ntsim::pnp::manager::sleep_ms(10);
            remlock::IoReleaseRemoveLockAndWaitEx(at, 2 as _, 32);
        }),
    );
    unsafe extern "win64" fn job(_: *mut DEVICE_OBJECT, _: *mut std::ffi::c_void) {}
    let queued = |twice: bool| {
        run(&[], move || unsafe {
            let item = work::IoAllocateWorkItem(top());
            let old = ntsim::ke::irql::raise(2);
            work::IoQueueWorkItem(item, Some(job), 1, std::ptr::null_mut());
            if twice {
                work::IoQueueWorkItem(item, Some(job), 1, std::ptr::null_mut());
            }
            work::IoFreeWorkItem(item);
            ntsim::ke::irql::lower(old);
        })
    };
    expect(&rules::WORK_ITEM_TWICE, queued(true));
    expect(&rules::WORK_ITEM_FREED, queued(false));
}

/// Each rule of io, pnp and power is named by a test that expects it to fire.
#[test]
fn every_rule_has_a_violator() {
    let source = include_str!("../../src/io/rules.rs");
    let tests = [
        include_str!("irp_rules.rs"),
        include_str!("leftover_rules.rs"),
        include_str!("pnp.rs"),
        include_str!("power.rs"),
    ]
    .concat();
    let constant = |id: &str| {
        let line = source.lines().find(|l| l.contains(&format!("= \"{id}\""))).expect("the rule's line");
        line.trim().split(' ').next().expect("its name").to_string()
    };
    let unproved: Vec<&str> = rules::ALL
        .iter()
        .map(|rule| rule.id)
        .filter(|id| {
            let name = constant(id);
            // Followed by no further letter of a longer name.
            !tests.match_indices(&format!("rules::{name}")).any(|(at, found)| {
                !tests[at + found.len()..].starts_with(|c: char| c == '_' || c.is_ascii_alphanumeric())
            })
        })
        .collect();
    assert!(unproved.is_empty(), "rules that no driver breaks: {unproved:?}");
}
