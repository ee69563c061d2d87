//! Work items, remove locks, the registry, event log and ETW.

use core::ptr::null_mut;
use core::sync::atomic::{AtomicU32, Ordering};
use core::time::Duration;

use nt::ke::event::Event;
use nt::ke::irql;
use nt::ke::work::WorkItem;
use nt::registry::Key;
use nt::remove_lock::RemoveLock;
use nt::sys::*;
use nt::utf16;

use crate::{Failed, check, some};

nt::trace_provider!(
    /// Events of this driver.
    static TRACE: "XenPv.SelfTest" = GUID {
        Data1: 0x0e5f_4a2c,
        Data2: 0x6b1d,
        Data3: 0x4f0e,
        Data4: [0x9a, 0x37, 0x5d, 0x20, 0x71, 0xc4, 0x8e, 0x13],
    }
);

struct Runs {
    count: AtomicU32,
    done: Event,
}

fn run(context: &Runs) {
    if irql::current() == PASSIVE_LEVEL as KIRQL {
        context.count.fetch_add(1, Ordering::Relaxed);
    }
    context.done.set();
}

/// Work items run at PASSIVE_LEVEL, may be queued again, and are waited for when dropped.
pub fn work_items(driver: &mut DRIVER_OBJECT) -> Result<(), Failed> {
    let mut device = null_mut();
    // SAFETY: an unnamed device of this driver.
    let status = unsafe { IoCreateDevice(driver, 0, null_mut(), FILE_DEVICE_UNKNOWN, 0, 0, &mut device) };
    check!(nt::irp::nt_success(status));
    let outcome = with_device(device);
    // SAFETY: created above; its work items are gone.
    unsafe { IoDeleteDevice(device) };
    outcome
}

fn with_device(device: *mut DEVICE_OBJECT) -> Result<(), Failed> {
    let context = Runs { count: AtomicU32::new(0), done: some!(Event::synchronization(false)) };
    // SAFETY: the device outlives the item.
    let item = some!(unsafe { WorkItem::new(device, run, context) });
    for round in 1..=3 {
        check!(item.queue());
        check!(item.context().done.wait(Duration::from_secs(10)));
        check!(item.context().count.load(Ordering::Relaxed) == round);
    }
    item.queue();
    Ok(())
}

/// Nobody gets in once the lock waits for removal.
pub fn remove_locks() -> Result<(), Failed> {
    let lock = some!(RemoveLock::new(*b"NtRl"));
    let first = some!(lock.acquire());
    let second = some!(lock.acquire());
    drop(second);
    let third = some!(lock.acquire());
    third.forget();
    // SAFETY: the acquisition just forgotten.
    unsafe { lock.release() };
    lock.release_and_wait(first);
    check!(matches!(lock.acquire(), Err(STATUS_DELETE_PENDING)));
    Ok(())
}

/// Values come back as written, and only as the type and range that was asked for.
pub fn registry(path: &[WCHAR]) -> Result<(), Failed> {
    let service = some!(Key::open(None, path, KEY_READ | KEY_CREATE_SUB_KEY));
    check!(matches!(
        Key::open(Some(&service), utf16!("Nothing"), KEY_READ),
        Err(STATUS_OBJECT_NAME_NOT_FOUND)
    ));
    let key = some!(Key::create(Some(&service), utf16!("SelfTest"), KEY_ALL_ACCESS, true));

    check!(key.set_number(utf16!("Number"), 7).is_ok());
    check!(key.number(utf16!("Number"), 0..=10) == Some(7));
    check!(key.number(utf16!("NUMBER"), 7..=7) == Some(7));
    check!(key.number(utf16!("Number"), 8..=10).is_none());
    check!(key.number(utf16!("Absent"), 0..=u64::MAX).is_none());

    check!(key.set(utf16!("Text"), REG_SZ, b"x\0y\0\0\0").is_ok());
    let mut text = [0; 4];
    check!(key.string(utf16!("Text"), &mut text) == Ok(utf16!("xy")));
    check!(key.number(utf16!("Text"), 0..=u64::MAX).is_none());
    check!(key.string(utf16!("Text"), &mut [0; 1]).is_err());
    check!(key.string(utf16!("Number"), &mut text).is_err());

    let mut bytes = [0; 8];
    check!(key.bytes(utf16!("Text"), &mut bytes) == Ok((REG_SZ, 6)));
    check!(key.bytes(utf16!("Text"), &mut bytes[..5]).is_err());
    let large = alloc::vec![1u8; nt::registry::MAX_VALUE + 1];
    check!(key.set(utf16!("Large"), REG_BINARY, &large).is_ok());
    check!(key.bytes(utf16!("Large"), &mut alloc::vec![0; 4096]).is_err());

    check!(key.delete(utf16!("Number")).is_ok());
    check!(key.number(utf16!("Number"), 0..=10).is_none());
    check!(key.delete(utf16!("Number")).is_ok());
    // SAFETY: the handle is valid; the key has no subkeys.
    let status = unsafe { ZwDeleteKey(key.handle()) };
    check!(nt::irp::nt_success(status));
    Ok(())
}

/// The event log takes an entry and refuses one that is too long; ETW takes events at any time.
pub fn events_for_the_administrator(driver: &mut DRIVER_OBJECT) -> Result<(), Failed> {
    let object: *mut c_void = core::ptr::from_mut(driver).cast();
    let code = 0x4004_0001;
    // SAFETY: this driver's object.
    let written =
        unsafe { nt::event_log::write(object, code, 1, STATUS_SUCCESS, &[1, 2], &[utf16!("self test")]) };
    check!(written);
    // SAFETY: this driver's object.
    let written = unsafe { nt::event_log::write(object, code, 2, STATUS_SUCCESS, &[0; 60], &[]) };
    check!(!written);

    nt::trace_event!(TRACE, nt::trace::TRACE_INFORMATION, 1, "Unregistered", {});
    check!(TRACE.register().is_ok());
    let name = "self test";
    nt::trace_event!(TRACE, nt::trace::TRACE_INFORMATION, 1, "Checked", {
        processor: u32 = nt::ke::current_processor(),
        name: str = name,
    });
    TRACE.unregister();
    Ok(())
}
