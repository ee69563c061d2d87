//! Processors: their NT numbers, and what the hypervisor calls them.

use alloc::vec::Vec;

use nt::sys::{
    ALL_PROCESSOR_GROUPS, GROUP_AFFINITY, KeGetProcessorNumberFromIndex, KeQueryActiveProcessorCountEx,
    KeRevertToUserGroupAffinityThread, KeSetSystemGroupAffinityThread, PROCESSOR_NUMBER,
};
use xenbus::arch::{Cpuid, Direct, Hypervisor};

use crate::os::success;

/// Number of active processors in all groups. Any IRQL.
#[must_use]
#[expect(unsafe_code, reason = "calls the kernel")]
pub fn count() -> u32 {
    // SAFETY: no arguments but a constant.
    unsafe { KeQueryActiveProcessorCountEx(ALL_PROCESSOR_GROUPS as u16) }
}

/// Group and number of the processor with NT index `index`. Any IRQL.
#[must_use]
#[expect(unsafe_code, reason = "calls the kernel")]
pub fn number(index: u32) -> Option<PROCESSOR_NUMBER> {
    let mut number = PROCESSOR_NUMBER::default();
    // SAFETY: the number outlives the call.
    success(unsafe { KeGetProcessorNumberFromIndex(index, &raw mut number) }).then_some(number)
}

/// Runs `f` on processor `index`. `PASSIVE_LEVEL`.
#[expect(unsafe_code, reason = "calls the kernel")]
pub fn run_on<R>(index: u32, f: impl FnOnce() -> R) -> Option<R> {
    let number = number(index)?;
    let mut old = GROUP_AFFINITY::default();
    let mut wanted =
        GROUP_AFFINITY { Mask: 1 << number.Number, Group: number.Group, ..GROUP_AFFINITY::default() };
    // SAFETY: both outlive the call; undone below in the same thread.
    unsafe { KeSetSystemGroupAffinityThread(&raw mut wanted, &raw mut old) };
    let result = f();
    // SAFETY: what the call above returned.
    unsafe { KeRevertToUserGroupAffinityThread(&raw mut old) };
    Some(result)
}

/// The hypervisor's ids of the processors, by NT index. From `cpuid` where it tells (4.6); else from
/// the initial APIC id, which hypervisors give as twice the vCPU's number (the MADT that hvmloader
/// writes says the same).
#[must_use]
pub fn vcpu_ids(hypervisor: &Hypervisor) -> Vec<u32> {
    (0..count())
        .map(|index| {
            let found = run_on(index, || {
                let cpu = Direct::new();
                hypervisor.vcpu_id(&cpu).unwrap_or_else(|| cpu.cpuid(1, 0).ebx >> 25)
            });
            found.unwrap_or(index)
        })
        .collect()
}
