//! ps: system threads, processes as far as drivers see them, notifications.

use crate::abi::*;
use crate::ke::thread::{self, StartRoutine, Thread};
use crate::kernel::{kernel, lock::Lock};
use crate::ob::{self, ObjectType};
use alloc::vec::Vec;
use core::mem::MaybeUninit;

/// The system process has identifier 4 in every Windows.
const SYSTEM_PROCESS_ID: usize = 4;

static PROCESS: ObjectType = ObjectType { name: "Process", delete: None, close: None };

#[derive(Default)]
struct State {
    process: Lock<usize>,
    process_notify: Lock<Vec<usize>>,
    image_notify: Lock<Vec<usize>>,
}

/// The system process object; all threads of the simulation belong to it.
pub fn system_process() -> *mut u8 {
    let s = kernel().room::<State>();
    let known = *s.process.lock();
    if known != 0 {
        return known as *mut u8;
    }
    let body = ob::create(&PROCESS, 1024).expect("memory for the system process");
    unsafe {
        let h = body.cast::<DISPATCHER_HEADER>();
        (*h).Type = object_kind::PROCESS;
        crate::ke::list::init(&mut (*h).WaitListHead);
    }
    *s.process.lock() = body as usize;
    body
}

/// CLIENT_ID.
#[repr(C)]
struct ClientId {
    process: usize,
    thread: usize,
}

/// Thread identifiers are multiples of 4.
fn thread_id(t: &Thread) -> usize {
    t.number as usize * 4 + 4
}

type ImageNotify = unsafe extern "win64" fn(*mut UNICODE_STRING, HANDLE, *mut ImageInfo);

/// IMAGE_INFO.
#[repr(C)]
struct ImageInfo {
    properties: u32,
    pad: u32,
    base: PVOID,
    selector: u32,
    pad2: u32,
    size: usize,
    section: u32,
    pad3: u32,
}

/// Tells the load-image notify routines about a driver image.
pub fn notify_image(path: &str, base: usize, size: usize) {
    let list = kernel().room::<State>().image_notify.lock().clone();
    let mut text: Vec<u16> = path.encode_utf16().collect();
    let bytes = (text.len() * 2) as u16;
    let mut name = UNICODE_STRING { Length: bytes, MaximumLength: bytes, Buffer: text.as_mut_ptr() };
    for f in list {
        // SystemModeImage is bit 8 of the properties.
        let mut info: ImageInfo = unsafe { MaybeUninit::zeroed().assume_init() };
        info.properties = 0x100 | 3;
        info.base = base as PVOID;
        info.size = size;
        let f: ImageNotify = unsafe { core::mem::transmute(f) };
        crate::call!("image notify", f, &mut name as *mut _, core::ptr::null_mut(), &mut info as *mut _);
    }
}

/// Notify routines that lie in this range.
pub fn registered_within(range: &core::ops::Range<usize>) -> Option<alloc::string::String> {
    let s = kernel().room::<State>();
    let any = |l: &Lock<Vec<usize>>| l.lock().iter().any(|f| range.contains(f));
    (any(&s.process_notify) || any(&s.image_notify)).then(|| "a process or image notify routine".into())
}

fn change(list: &Lock<Vec<usize>>, f: usize, add: bool) -> NTSTATUS {
    let mut list = list.lock();
    let known = list.contains(&f);
    match (add, known) {
        (true, _) if list.len() >= 64 => STATUS_INSUFFICIENT_RESOURCES,
        (true, true) => STATUS_INVALID_PARAMETER,
        (true, false) => {
            list.push(f);
            STATUS_SUCCESS
        }
        (false, true) => {
            list.retain(|x| *x != f);
            STATUS_SUCCESS
        }
        (false, false) => STATUS_PROCEDURE_NOT_FOUND,
    }
}

crate::exports! { EXPORTS "ntoskrnl.exe";
    data PsInitialSystemProcess: *mut u8 = |_| system_process();
    data PsProcessType: usize = |_| ob::exports::type_variable(&PROCESS);
    fn PsCreateSystemThread(out: *mut HANDLE, access: u32, attributes: *const OBJECT_ATTRIBUTES, process: HANDLE,
        client: *mut ClientId, start: unsafe extern "win64" fn(PVOID), context: PVOID) -> NTSTATUS
        [irql == PASSIVE_LEVEL] {
        if crate::verifier::faults::fail_allocation("thread") {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        let t = match thread::create(StartRoutine::Driver(start, context)) {
            Ok(t) => t,
            Err(status) => return status,
        };
        *out = ob::handle::open(t.cast(), access);
        if !client.is_null() {
            *client = ClientId { process: SYSTEM_PROCESS_ID, thread: thread_id(&*t) };
        }
        ob::dereference(t.cast());
        STATUS_SUCCESS
    }
    fn PsTerminateSystemThread(status: NTSTATUS) -> NTSTATUS [irql == PASSIVE_LEVEL] { thread::terminate(status) }
    fn PsGetCurrentThread() -> PVOID [irql any] { thread::current().as_ptr() }
    fn PsGetCurrentThreadId() -> usize [irql any] { thread_id(thread::current()) }
    fn PsGetThreadId(t: *const Thread) -> usize [irql <= DISPATCH_LEVEL] { thread_id(&*t) }
    fn PsGetCurrentProcessId() -> usize [irql any] { SYSTEM_PROCESS_ID }
    fn PsGetProcessId(process: *mut u8) -> usize [irql any] { SYSTEM_PROCESS_ID }
    fn IoGetCurrentProcess() -> *mut u8 [irql any] { system_process() }
    fn PsGetCurrentProcess() -> *mut u8 [irql any] { system_process() }
    fn PsIsSystemThread(t: *const Thread) -> u8 [irql <= DISPATCH_LEVEL] { 1 }
    fn ExGetPreviousMode() -> i8 [irql <= DISPATCH_LEVEL] { 0 }
    fn KeStackAttachProcess(process: *mut u8, state: *mut [usize; 6]) [irql <= APC_LEVEL] {
        // Everything runs in the system process: attaching only nests.
        *state = [process as usize, 0, 0, 0, 0, 0];
    }
    fn KeUnstackDetachProcess(state: *mut [usize; 6]) [irql <= APC_LEVEL] {
        if (*state)[0] == 0 {
            crate::verifier::bugcheck(0x6, [0; 4], "KeUnstackDetachProcess without attaching");
        }
        (*state)[0] = 0;
    }
    fn PsSetCreateProcessNotifyRoutine(f: PVOID, remove: u8) -> NTSTATUS [irql == PASSIVE_LEVEL] {
        change(&kernel().room::<State>().process_notify, f as usize, remove == 0)
    }
    fn PsSetLoadImageNotifyRoutine(f: PVOID) -> NTSTATUS [irql == PASSIVE_LEVEL] {
        change(&kernel().room::<State>().image_notify, f as usize, true)
    }
    fn PsRemoveLoadImageNotifyRoutine(f: PVOID) -> NTSTATUS [irql <= APC_LEVEL] {
        change(&kernel().room::<State>().image_notify, f as usize, false)
    }
    fn SeSinglePrivilegeCheck(luid: u64, mode: i8) -> u8 [irql == PASSIVE_LEVEL] { 1 }
}
