//! etw: event providers and what they write, kept for tests to read.
//!
//! Sources: EtwRegister, EtwWrite, EVENT_DESCRIPTOR, EVENT_DATA_DESCRIPTOR. A session that listens to a provider is
//! switched on by [`enable`]; then its enable callback is called, as Windows does at registration and later.
#![allow(non_upper_case_globals, reason = "Microsoft's names stand in patterns")]
#![allow(
    function_casts_as_integer,
    unpredictable_function_pointer_comparisons,
    reason = "routines are kept by address"
)]
#![allow(
    clippy::useless_transmute,
    clippy::missing_transmute_annotations,
    clippy::unnecessary_cast,
    clippy::type_complexity,
    clippy::vec_box,
    reason = "the bindings' types differ between their two sources; strings must not move"
)]

use crate::export::caller;
use crate::io::guid;
use crate::kernel::{kernel, lock::Lock};
use alloc::{string::String, vec::Vec};
use core::ops::Range;
use nt::sys::*;

/// An event that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Provider GUID as text.
    pub provider: String,
    /// Id.
    pub id: u16,
    /// Level.
    pub level: u8,
    /// Keyword.
    pub keyword: u64,
    /// The data blocks; those of TraceLogging begin with its metadata (types 1 and 2).
    pub data: Vec<(u8, Vec<u8>)>,
}

struct Provider {
    handle: u64,
    guid: GUID,
    callback: usize,
    context: usize,
    made_by: usize,
    traits: Vec<u8>,
}

#[derive(Default)]
struct State {
    providers: Lock<Vec<Provider>>,
    events: Lock<Vec<Event>>,
    sessions: Lock<Vec<(String, u8, u64)>>,
    next: Lock<u64>,
}

fn state() -> &'static State {
    kernel().room()
}

/// Events written so far by enabled providers.
#[must_use]
pub fn events() -> Vec<Event> {
    state().events.lock().clone()
}

/// Registrations made by code in a range of addresses.
pub fn registered_within(range: &Range<usize>) -> usize {
    state().providers.lock().iter().filter(|p| range.contains(&p.made_by)).count()
}

/// Starts a session on a provider, whether it is registered or not; PASSIVE_LEVEL.
pub unsafe fn enable(provider: &GUID, level: u8, keywords: u64) {
    let name = guid::text(provider);
    state().sessions.lock().push((name, level, keywords));
    let listening: Vec<(GUID, usize, usize)> = {
        let providers = state().providers.lock();
        providers
            .iter()
            .filter(|p| guid::equal(&p.guid, provider))
            .map(|p| (p.guid, p.callback, p.context))
            .collect()
    };
    for (guid, callback, context) in listening {
        tell(&guid, callback, context, level, keywords);
    }
}

type Callback = unsafe extern "win64" fn(*const GUID, u32, u8, u64, u64, *mut c_void, *mut c_void);

unsafe fn tell(guid: &GUID, callback: usize, context: usize, level: u8, keywords: u64) {
    if callback == 0 {
        return;
    }
    let f: Callback = core::mem::transmute(callback);
    let source = GUID::default();
    crate::call!(
        "ETW enable callback",
        f,
        &raw const source,
        1,
        level,
        keywords,
        0,
        core::ptr::null_mut(),
        context as *mut c_void
    );
    let _ = guid;
}

fn enabled_for(handle: u64, level: u8, keyword: u64) -> Option<String> {
    let name = guid::text(&state().providers.lock().iter().find(|p| p.handle == handle)?.guid);
    let sessions = state().sessions.lock();
    sessions
        .iter()
        .any(|(n, l, k)| {
            *n == name && (*l == 0 || level <= *l) && (keyword == 0 || *k == 0 || keyword & *k != 0)
        })
        .then_some(name)
}

unsafe fn write(
    handle: u64,
    descriptor: *const EVENT_DESCRIPTOR,
    count: u32,
    data: *const EVENT_DATA_DESCRIPTOR,
) -> NTSTATUS {
    if count > 128 {
        return STATUS_INVALID_PARAMETER;
    }
    if !state().providers.lock().iter().any(|p| p.handle == handle) {
        return STATUS_INVALID_HANDLE;
    }
    let d = &*descriptor;
    let Some(provider) = enabled_for(handle, d.Level, d.Keyword) else { return STATUS_SUCCESS };
    let blocks = (0..count as usize)
        .map(|n| {
            let block = &*data.add(n);
            let kind = (data.add(n) as *const u8).add(12).read();
            let bytes = if block.Size == 0 {
                Vec::new()
            } else {
                core::slice::from_raw_parts(block.Ptr as *const u8, block.Size as usize).to_vec()
            };
            (kind, bytes)
        })
        .collect();
    state().events.lock().push(Event {
        provider,
        id: d.Id,
        level: d.Level,
        keyword: d.Keyword,
        data: blocks,
    });
    STATUS_SUCCESS
}

crate::exports! { EXPORTS "ntoskrnl.exe";
    fn EtwRegister(provider: *const GUID, callback: *mut c_void, context: *mut c_void, handle: *mut u64) -> NTSTATUS [irql == PASSIVE_LEVEL] {
        let number = {
            let mut next = state().next.lock();
            *next += 1;
            *next
        };
        let guid = *provider;
        state().providers.lock().push(Provider { handle: number, guid, callback: callback as usize, context: context as usize, made_by: caller(), traits: Vec::new() });
        *handle = number;
        let name = guid::text(&guid);
        let session = state().sessions.lock().iter().find(|(n, ..)| *n == name).cloned();
        if let Some((_, level, keywords)) = session {
            tell(&guid, callback as usize, context as usize, level, keywords);
        }
        STATUS_SUCCESS
    }
    fn EtwUnregister(handle: u64) -> NTSTATUS [irql == PASSIVE_LEVEL] {
        let mut providers = state().providers.lock();
        let before = providers.len();
        providers.retain(|p| p.handle != handle);
        if providers.len() < before { STATUS_SUCCESS } else { STATUS_INVALID_HANDLE }
    }
    fn EtwSetInformation(handle: u64, class: i32, data: *mut c_void, length: u32) -> NTSTATUS [irql == PASSIVE_LEVEL] {
        let mut providers = state().providers.lock();
        let Some(p) = providers.iter_mut().find(|p| p.handle == handle) else { return STATUS_INVALID_HANDLE };
        // EventProviderSetTraits is 2: the traits' first two bytes are their length.
        if class == 2 {
            p.traits = core::slice::from_raw_parts(data.cast::<u8>(), length as usize).to_vec();
        }
        STATUS_SUCCESS
    }
    fn EtwEventEnabled(handle: u64, descriptor: *const EVENT_DESCRIPTOR) -> u8 [irql any] {
        u8::from(enabled_for(handle, (*descriptor).Level, (*descriptor).Keyword).is_some())
    }
    fn EtwProviderEnabled(handle: u64, level: u8, keyword: u64) -> u8 [irql any] {
        u8::from(enabled_for(handle, level, keyword).is_some())
    }
    fn EtwWrite(handle: u64, descriptor: *const EVENT_DESCRIPTOR, activity: *const GUID, count: u32, data: *const EVENT_DATA_DESCRIPTOR) -> NTSTATUS [irql any] {
        write(handle, descriptor, count, data)
    }
    fn EtwWriteTransfer(handle: u64, descriptor: *const EVENT_DESCRIPTOR, activity: *const GUID, related: *const GUID, count: u32, data: *const EVENT_DATA_DESCRIPTOR) -> NTSTATUS [irql any] {
        write(handle, descriptor, count, data)
    }
    fn EtwWriteEx(handle: u64, descriptor: *const EVENT_DESCRIPTOR, filter: u64, flags: u32, activity: *const GUID, related: *const GUID, count: u32, data: *const EVENT_DATA_DESCRIPTOR) -> NTSTATUS [irql any] {
        write(handle, descriptor, count, data)
    }
    fn EtwWriteString(handle: u64, level: u8, keyword: u64, activity: *const GUID, string: *const u16) -> NTSTATUS [irql any] {
        let text = crate::cm::tree::sz(&crate::io::stack::text_z(string));
        let d = EVENT_DESCRIPTOR { Level: level, Keyword: keyword, ..Default::default() };
        let block = EVENT_DATA_DESCRIPTOR { Ptr: text.as_ptr() as u64, Size: text.len() as u32, ..Default::default() };
        write(handle, &raw const d, 1, &raw const block)
    }
    fn EtwActivityIdControl(code: u32, id: *mut GUID) -> NTSTATUS [irql any] {
        // EVENT_ACTIVITY_CTRL_CREATE_ID is 3.
        if code != 3 {
            return STATUS_INVALID_PARAMETER;
        }
        let number = {
            let mut next = state().next.lock();
            *next += 1;
            *next
        };
        *id = GUID { Data1: number as u32, Data2: 0, Data3: 0x4000, Data4: [0x80, 0, 0, 0, 0, 0, 0, 0] };
        STATUS_SUCCESS
    }
}
