//! Unloading, and what a driver must not leave behind.

use super::{Module, find};
use crate::kernel::kernel;
use crate::mm::pages;
use crate::verifier::{self, rules};
use alloc::format;

type DllUnload = unsafe extern "win64" fn() -> i32;

/// Unloads an image after its DriverUnload has returned: checks for leaks, drops the modules it imported
/// from (with DllUnload), unmaps it.
pub fn unload(module: &'static Module) {
    let users = module.users.get().saturating_sub(1);
    module.users.set(users);
    if users > 0 {
        // Others import from it: the image stays.
        return;
    }
    remove(module);
}

fn remove(module: &'static Module) {
    check_leaks(module);
    module.loaded.set(false);
    kernel().mm.free_mapped(module.base, pages(module.headers.size as usize));
    for dll in &module.imports {
        let Some(library) = find(dll) else { continue };
        let users = library.users.get().saturating_sub(1);
        library.users.set(users);
        if users == 0 {
            if let Some(f) = super::link::exported(library, "DllUnload", 0) {
                let f: DllUnload = unsafe { core::mem::transmute(f) };
                crate::call!("DllUnload", f);
            }
            remove(library);
        }
    }
}

/// Reports everything that still refers to the driver.
pub fn check_leaks(module: &'static Module) {
    let k = kernel();
    let range = module.range();
    let blocks: alloc::vec::Vec<_> =
        k.mm.pool.lock().all().into_iter().filter(|(_, b)| range.contains(&b.caller)).collect();
    if let Some((_, first)) = blocks.first() {
        let bytes: usize = blocks.iter().map(|(_, b)| b.size).sum();
        let tag = first.tag.to_le_bytes();
        let text = format!(
            "{} leaves {} pool blocks ({bytes} bytes); the first: {} bytes, tag {:?}, allocated at {}",
            module.name,
            blocks.len(),
            first.size,
            core::str::from_utf8(&tag).unwrap_or("????"),
            super::describe(first.caller),
        );
        verifier::report(&rules::LEAK_POOL, text, [blocks.len() as u64, bytes as u64, 0, 0]);
    }
    let handles = k.ob.handles.lock().opened_within(&range);
    if !handles.is_empty() {
        let text = format!("{} leaves {} open handles", module.name, handles.len());
        verifier::report(&rules::LEAK_HANDLE, text, [handles.len() as u64, 0, 0, 0]);
    }
    let timer = k.ke.dispatcher.lock().timers.active_within(range.clone());
    if timer.is_some() {
        let text = format!("{} leaves an active timer in its data", module.name);
        verifier::report(&rules::LEAK_TIMER, text, [0; 4]);
    }
    let dpc = crate::ke::dpc::pending_for(k, &range);
    if dpc.is_some() {
        let text = format!("{} leaves a queued DPC or a timer with a DPC routine of its own", module.name);
        verifier::report(&rules::LEAK_DPC, text, [0; 4]);
    }
    if k.ke.interrupts.lock().connected_within(&range) {
        let text = format!("{} leaves an interrupt connected", module.name);
        verifier::report(&rules::LEAK_INTERRUPT, text, [0; 4]);
    }
    let threads = crate::ke::thread::started_within(k, &range);
    if threads > 0 {
        let text = format!("{} leaves {threads} system threads running", module.name);
        verifier::report(&rules::LEAK_THREAD, text, [threads as u64, 0, 0, 0]);
    }
    let checks = k.room::<crate::verifier::leaks::Checks>();
    for check in checks.all() {
        if let Some(what) = check(&range) {
            let text = format!("{} leaves {what}", module.name);
            verifier::report(&rules::LEAK_OTHER, text, [0; 4]);
        }
    }
}
