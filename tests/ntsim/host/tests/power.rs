//! System power transitions through a driver that holds its device's power policy; shutdown notification; WMI; ETW; the
//! event log; device timers and named events.
#![allow(clippy::result_large_err, reason = "a bugcheck carries its story")]
#![allow(unsafe_code, unsafe_op_in_unsafe_fn)]
#![allow(
    clippy::undocumented_unsafe_blocks,
    clippy::multiple_unsafe_ops_per_block,
    clippy::missing_safety_doc
)]

mod common;

use common::driver::{entry, knobs};
use common::start::{self, DEVICE};
use nt::sys::*;
use ntsim::io::{device, errlog, misc, stack, stack::WideString};
use ntsim::pnp::{self, removal};
use ntsim::{etw, po, wmi};
use ntsim_host::BugCheck;

fn try_run(f: impl FnOnce() + 'static) -> Result<(), BugCheck> {
    start::run(entry, &[], f)
}

fn run(f: impl FnOnce() + 'static) {
    try_run(f).unwrap_or_else(|b| panic!("{b}"));
}

unsafe fn fdo() -> *mut DEVICE_OBJECT {
    removal::top(pnp::find(DEVICE).unwrap())
}

fn power_events() -> Vec<String> {
    knobs(|k| std::mem::take(&mut k.seen)).into_iter().filter(|s| s.contains("POWER")).collect()
}

#[test]
fn sleep_goes_through_the_stack_and_back() {
    run(|| {
        let mut asleep = false;
        po::system::transition(po::system::Transition::Sleep, || {
            asleep = true;
            assert_eq!(power_events(), ["QUERY_POWER system 4", "SET_POWER system 4", "SET_POWER device 4"]);
        })
        .unwrap();
        assert!(asleep);
        assert_eq!(power_events(), ["SET_POWER system 1", "SET_POWER device 1"]);
        // Decoding went off in D3 and came back in D0.
        let command = pnp::pci::read(machine::PciAddress { bus: 0, device: 2, function: 0 }, 4, 2);
        assert_eq!(command & 7, 7);
    });
}

#[test]
fn a_refusal_keeps_the_system_up() {
    run(|| {
        knobs(|k| {
            k.bad.insert("veto-power");
        });
        let mut asleep = false;
        assert!(po::system::transition(po::system::Transition::Hibernate, || asleep = true).is_err());
        assert!(!asleep);
        assert_eq!(power_events(), ["QUERY_POWER system 5", "SET_POWER system 1", "SET_POWER device 1"]);
    });
}

#[test]
fn a_lost_power_irp_is_driver_power_state_failure() {
    let b = try_run(|| {
        knobs(|k| {
            k.bad.insert("lose-power");
        });
        let _ = po::system::transition(po::system::Transition::Sleep, || ());
    })
    .unwrap_err();
    assert_eq!((b.code, b.parameters[0]), (0x9F, 3), "{b}");
}

#[test]
fn shutdown_tells_those_who_registered() {
    run(|| unsafe {
        device::IoRegisterShutdownNotification(fdo());
        po::system::shutdown(true);
        let seen = knobs(|k| k.seen.clone());
        let at =
            |name: &str| seen.iter().position(|s| s == name).unwrap_or_else(|| panic!("{name} in {seen:?}"));
        assert!(at("IRP_MJ_SHUTDOWN") < at("SET_POWER system 6"));
    });
}

#[test]
fn event_log_timer_named_event_and_wmi() {
    run(|| unsafe {
        let device = fdo();
        assert!(errlog::IoAllocateErrorLogEntry(device.cast(), 255).is_null());
        let packet: *mut IO_ERROR_LOG_PACKET = errlog::IoAllocateErrorLogEntry(device.cast(), 60).cast();
        (*packet).ErrorCode = 0x4000_0001;
        (*packet).UniqueErrorValue = 5;
        (*packet).DumpDataSize = 4;
        (*packet).DumpData[0] = 77;
        (*packet).NumberOfStrings = 1;
        (*packet).StringOffset = 44;
        let text = packet.cast::<u8>().add(44).cast::<u16>();
        text.write(u16::from(b'x'));
        errlog::IoWriteErrorLogEntry(packet.cast());
        let log = ntsim::io::state().log.lock().entries.clone();
        assert_eq!((log[0].source.as_str(), log[0].code, log[0].unique), ("t", 0x4000_0001, 5));
        assert_eq!((log[0].data.clone(), log[0].strings.clone()), (vec![77], vec!["x".to_string()]));

        unsafe extern "win64" fn tick(_: *mut DEVICE_OBJECT, _: *mut c_void) {
            knobs(|k| k.interrupts += 1);
        }
        assert_eq!(misc::IoInitializeTimer(device, Some(tick), std::ptr::null_mut()), STATUS_SUCCESS);
        misc::IoStartTimer(device);
        pnp::manager::sleep_ms(3500);
        misc::IoStopTimer(device);
        pnp::manager::sleep_ms(3000);
        assert_eq!(knobs(|k| k.interrupts), 3);

        let name = WideString::new("\\KernelObjects\\Test");
        let (mut a, mut b) = (std::mem::zeroed(), std::mem::zeroed());
        let event = misc::IoCreateNotificationEvent(name.as_ptr(), &mut a);
        assert!(!event.is_null());
        assert_eq!(misc::IoCreateNotificationEvent(name.as_ptr(), &mut b), event);
        assert_eq!(ntsim::ke::event::read(event), 1);

        assert_eq!(wmi::IoWMIRegistrationControl(device, 1), STATUS_SUCCESS);
        pnp::manager::sleep_ms(10);
        let guid = GUID { Data1: 9, ..Default::default() };
        let data = ntsim::io::glue::pool(4, *b"Evnt", true);
        *data = 3;
        assert_eq!(wmi::WmiFireEvent(device, &guid, 0, 4, data.cast()), STATUS_SUCCESS);
        assert_eq!(wmi::events()[0].data, [3, 0, 0, 0]);
        assert_eq!(wmi::IoWMIRegistrationControl(device, 2), STATUS_SUCCESS);
        assert_eq!(wmi::IoWMIRegistrationControl(device, 2), STATUS_INVALID_PARAMETER);
        let mut given = UNICODE_STRING::default();
        assert_eq!(
            wmi::IoWMISuggestInstanceName(
                pnp::pdo(pnp::find(DEVICE).unwrap()),
                std::ptr::null_mut(),
                0,
                &mut given
            ),
            STATUS_SUCCESS
        );
        assert_eq!(stack::text(&given), "D");
    });
}

#[test]
fn events_of_enabled_providers_are_kept() {
    run(|| unsafe {
        let guid = GUID { Data1: 1, ..Default::default() };
        let mut handle = 0;
        assert_eq!(
            etw::EtwRegister(&guid, std::ptr::null_mut(), std::ptr::null_mut(), &mut handle),
            STATUS_SUCCESS
        );
        let d = EVENT_DESCRIPTOR { Id: 4, Level: 3, Keyword: 2, ..Default::default() };
        let bytes = [1u8, 2, 3];
        let block = EVENT_DATA_DESCRIPTOR { Ptr: bytes.as_ptr() as u64, Size: 3, ..Default::default() };
        assert_eq!(etw::EtwWrite(handle, &d, std::ptr::null(), 1, &block), STATUS_SUCCESS);
        assert!(etw::events().is_empty());
        etw::enable(&guid, 3, 0);
        assert_eq!(etw::EtwEventEnabled(handle, &d), 1);
        etw::EtwWrite(handle, &d, std::ptr::null(), 1, &block);
        assert_eq!((etw::events()[0].id, etw::events()[0].data.clone()), (4, vec![(0, vec![1, 2, 3])]));
        assert_eq!(etw::EtwUnregister(handle), STATUS_SUCCESS);
        assert_eq!(etw::EtwWrite(handle, &d, std::ptr::null(), 1, &block), STATUS_INVALID_HANDLE);
    });
}
