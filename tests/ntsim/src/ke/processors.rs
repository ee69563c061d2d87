//! Processors, groups, affinity, IPIs: the exports.

use crate::abi::*;
use crate::ke::sched::CpuSet;
use crate::ke::thread::{self, Thread};
use crate::kernel::{Kernel, kernel, lock::Lock};
use alloc::boxed::Box;
use alloc::vec::Vec;

/// ALL_PROCESSOR_GROUPS.
const ALL_GROUPS: u16 = 0xFFFF;

fn size(k: &Kernel) -> u32 {
    k.config.group_size.clamp(1, 64)
}

/// System-wide index of a group and number.
pub fn index_of(n: PROCESSOR_NUMBER) -> Option<u32> {
    let k = kernel();
    let index = n.Group as u32 * size(k) + n.Number as u32;
    ((n.Number as u32) < size(k) && index < k.cpus.len() as u32).then_some(index)
}

fn groups(k: &Kernel, count: u32) -> u16 {
    count.div_ceil(size(k)) as u16
}

fn count_in(k: &Kernel, count: u32, group: u16) -> u32 {
    match group {
        ALL_GROUPS => count,
        g => count.saturating_sub(g as u32 * size(k)).min(size(k)),
    }
}

fn mask(n: u32) -> u64 {
    if n >= 64 { u64::MAX } else { (1 << n) - 1 }
}

/// The processors of a group mask.
pub fn set_of(a: GROUP_AFFINITY) -> CpuSet {
    ((a.Mask as u128) << (a.Group as u32 * size(kernel()))) & thread::all_processors(kernel())
}

/// A set as mask of one group.
pub fn affinity_of(set: CpuSet) -> GROUP_AFFINITY {
    let n = size(kernel());
    let group = set.trailing_zeros().min(127) / n;
    GROUP_AFFINITY {
        Mask: ((set >> (group * n)) as u64 & mask(n)) as usize,
        Group: group as u16,
        Reserved: [0; 3],
    }
}

fn set_system(set: CpuSet) -> CpuSet {
    let t = thread::current();
    let old = t.affinity.get();
    if set != 0 {
        thread::set_affinity(t, set);
    }
    old
}

fn revert() {
    let t = thread::current();
    thread::set_affinity(t, t.user_affinity.get());
}

/// KE_PROCESSOR_CHANGE_NOTIFY_CONTEXT.
#[repr(C)]
struct ChangeContext {
    state: u32,
    number: u32,
    status: NTSTATUS,
    proc: PROCESSOR_NUMBER,
}

type ChangeRoutine = unsafe extern "win64" fn(PVOID, *mut ChangeContext, *mut NTSTATUS);

#[derive(Default)]
struct Changes(Lock<Vec<(usize, usize, ChangeRoutine)>>);

fn notify_change(list: &[(usize, usize, ChangeRoutine)], state: u32, cpu: u32) -> NTSTATUS {
    let k = kernel();
    let mut status = STATUS_SUCCESS;
    for (_, context, f) in list {
        let mut c = ChangeContext { state, number: cpu, status, proc: k.cpus[cpu as usize].number(k) };
        crate::call!("processor change", *f, *context as PVOID, &mut c as *mut _, &mut status as *mut _);
        if status < 0 {
            return status;
        }
    }
    status
}

/// Starts the next processor (hot add): callbacks are asked first (KeProcessorAddStartNotify), then it runs, then they
/// are told (CompleteNotify), or told of the failure. Returns its index.
pub fn hot_add(k: &'static Kernel) -> Result<u32, NTSTATUS> {
    let index = k.active_processors();
    if index as usize >= k.cpus.len() {
        return Err(STATUS_NOT_FOUND);
    }
    let list = k.room::<Changes>().0.lock().clone();
    let status = notify_change(&list, 0, index);
    if status < 0 {
        notify_change(&list, 2, index);
        return Err(status);
    }
    k.cpus[index as usize].prepare(k);
    k.active.store(index + 1, core::sync::atomic::Ordering::Release);
    notify_change(&list, 1, index);
    Ok(index)
}

crate::exports! { EXPORTS "ntoskrnl.exe";
    data KeNumberProcessors: u64 = |k| k.active_processors().min(64) as u64;
    fn KeGetCurrentProcessorNumberEx(number: *mut PROCESSOR_NUMBER) -> u32 [irql any] {
        let k = kernel();
        if !number.is_null() {
            *number = k.cpu().number(k);
        }
        k.cpu().index
    }
    fn KeGetProcessorNumberFromIndex(index: u32, number: *mut PROCESSOR_NUMBER) -> NTSTATUS [irql any] {
        let k = kernel();
        if index >= k.cpus.len() as u32 {
            return STATUS_INVALID_PARAMETER;
        }
        *number = k.cpus[index as usize].number(k);
        STATUS_SUCCESS
    }
    fn KeGetProcessorIndexFromNumber(number: *const PROCESSOR_NUMBER) -> u32 [irql any] {
        index_of(*number).unwrap_or(u32::MAX)
    }
    fn KeQueryActiveProcessorCount(active: *mut u64) -> u32 [irql any] {
        let k = kernel();
        let n = count_in(k, k.active_processors(), 0);
        if !active.is_null() {
            *active = mask(n);
        }
        n
    }
    fn KeQueryActiveProcessorCountEx(group: u16) -> u32 [irql any] {
        count_in(kernel(), kernel().active_processors(), group)
    }
    fn KeQueryMaximumProcessorCount() -> u32 [irql any] { count_in(kernel(), kernel().cpus.len() as u32, 0) }
    fn KeQueryMaximumProcessorCountEx(group: u16) -> u32 [irql any] {
        count_in(kernel(), kernel().cpus.len() as u32, group)
    }
    fn KeQueryActiveProcessors() -> u64 [irql any] { mask(count_in(kernel(), kernel().active_processors(), 0)) }
    fn KeQueryActiveGroupCount() -> u16 [irql any] { groups(kernel(), kernel().active_processors()) }
    fn KeQueryMaximumGroupCount() -> u16 [irql any] { groups(kernel(), kernel().cpus.len() as u32) }
    fn KeQueryGroupAffinity(group: u16) -> u64 [irql any] {
        mask(count_in(kernel(), kernel().active_processors(), group))
    }
    fn KeQueryHighestNodeNumber() -> u16 [irql any] { 0 }
    fn KeGetCurrentNodeNumber() -> u16 [irql any] { 0 }
    fn KeGetRecommendedSharedDataAlignment() -> u32 [irql any] { 64 }
    fn KeSetSystemAffinityThread(affinity: u64) [irql <= APC_LEVEL] { set_system(affinity as u128); }
    fn KeSetSystemAffinityThreadEx(affinity: u64) -> u64 [irql <= APC_LEVEL] {
        let t = thread::current();
        // Zero tells RevertEx to go back to the user affinity.
        let old = if t.affinity.get() == t.user_affinity.get() { 0 } else { t.affinity.get() as u64 };
        set_system(affinity as u128);
        old
    }
    fn KeRevertToUserAffinityThread() [irql <= APC_LEVEL] { revert() }
    fn KeRevertToUserAffinityThreadEx(affinity: u64) [irql <= APC_LEVEL] {
        if affinity == 0 { revert() } else { set_system(affinity as u128); }
    }
    fn KeSetSystemGroupAffinityThread(affinity: *const GROUP_AFFINITY, previous: *mut GROUP_AFFINITY)
        [irql <= APC_LEVEL] {
        let t = thread::current();
        let old = if t.affinity.get() == t.user_affinity.get() {
            GROUP_AFFINITY { Mask: 0, Group: 0, Reserved: [0; 3] }
        } else {
            affinity_of(t.affinity.get())
        };
        let a = *affinity;
        // An invalid group or mask leaves everything as it was and gives zeros.
        let set = set_of(a);
        let valid = set != 0 && (set >> (a.Group as u32 * size(kernel()))) as usize == a.Mask;
        if valid {
            set_system(set);
        }
        if !previous.is_null() {
            *previous = if valid { old } else { GROUP_AFFINITY { Mask: 0, Group: 0, Reserved: [0; 3] } };
        }
    }
    fn KeRevertToUserGroupAffinityThread(previous: *const GROUP_AFFINITY) [irql <= APC_LEVEL] {
        if (*previous).Mask == 0 { revert() } else { set_system(set_of(*previous)); }
    }
    fn KeSetPriorityThread(t: *mut Thread, priority: i32) -> i32 [irql <= DISPATCH_LEVEL] {
        // Zero counts as one: shipping drivers ask for it.
        if !(0..32).contains(&priority) {
            crate::verifier::report(&crate::verifier::rules::BAD_PRIORITY,
                alloc::format!("KeSetPriorityThread({priority})"), [priority as u64, 0, 0, 0]);
        }
        thread::set_priority(&*t, priority.clamp(1, 31))
    }
    fn KeSetBasePriorityThread(t: *mut Thread, increment: i32) -> i32 [irql <= DISPATCH_LEVEL] {
        let old = thread::set_priority(&*t, (8 + increment).clamp(1, 31));
        old - 8
    }
    fn KeQueryPriorityThread(t: *mut Thread) -> i32 [irql == PASSIVE_LEVEL] { (*t).priority.get() }
    fn KeGetCurrentThread() -> PVOID [irql any] { thread::current().as_ptr() }
    fn KeIpiGenericCall(routine: unsafe extern "win64" fn(usize) -> usize, context: usize) -> usize [irql any] {
        if crate::ke::irql::current() >= IPI_LEVEL {
            crate::verifier::report(&crate::verifier::rules::IRQL_EXPORT,
                "KeIpiGenericCall at IPI_LEVEL or above".into(), [0; 4]);
        }
        crate::ke::interrupt::generic_call(routine, context)
    }
    fn KeRegisterProcessorChangeCallback(f: ChangeRoutine, context: PVOID, flags: u32) -> PVOID [irql <= APC_LEVEL] {
        let k = kernel();
        let handle = Box::into_raw(Box::new(0u64)) as usize;
        let entry = (handle, context as usize, f);
        // PROCESSOR_CHANGE_ADD_EXISTING: told of the present ones first.
        if flags & 1 != 0 {
            for cpu in 0..k.active_processors() {
                if notify_change(&[entry], 0, cpu) < 0 {
                    return core::ptr::null_mut();
                }
                notify_change(&[entry], 1, cpu);
            }
        }
        k.room::<Changes>().0.lock().push(entry);
        handle as PVOID
    }
    fn KeDeregisterProcessorChangeCallback(handle: PVOID) [irql <= APC_LEVEL] {
        let mut list = kernel().room::<Changes>().0.lock();
        let before = list.len();
        list.retain(|e| e.0 != handle as usize);
        if list.len() == before {
            drop(list);
            crate::verifier::bugcheck(0xC4, [0, handle as u64, 0, 0], "not a processor change registration");
        }
        drop(Box::from_raw(handle.cast::<u64>()));
    }
    fn KeInvalidateAllCaches() -> u8 [irql <= DISPATCH_LEVEL] { 1 }
    fn KeFlushIoBuffers(mdl: *mut MDL, read: u8, dma: u8) [irql <= DISPATCH_LEVEL] {}
    fn KeSaveExtendedProcessorState(mask: u64, save: PVOID) -> NTSTATUS [irql <= DISPATCH_LEVEL] {
        // Threads keep their own SSE state across switches; AVX state is not offered by our processors.
        if mask & !3 != 0 { STATUS_NOT_SUPPORTED } else { STATUS_SUCCESS }
    }
    fn KeRestoreExtendedProcessorState(save: PVOID) [irql <= DISPATCH_LEVEL] {}
    fn KeExpandKernelStackAndCallout(f: unsafe extern "win64" fn(PVOID), context: PVOID, bytes: u64) -> NTSTATUS
        [irql <= APC_LEVEL] {
        crate::call!(fresh "expanded stack", f, context);
        STATUS_SUCCESS
    }
    fn KeExpandKernelStackAndCalloutEx(f: unsafe extern "win64" fn(PVOID), context: PVOID, bytes: u64, wait: u8,
        own: PVOID) -> NTSTATUS [irql <= DISPATCH_LEVEL] {
        crate::call!(fresh "expanded stack", f, context);
        STATUS_SUCCESS
    }
}
