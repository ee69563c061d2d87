//! `IRP_MN_FILTER_RESOURCE_REQUIREMENTS`: asks for one message-style interrupt per processor beside
//! what the PCI driver asks for. The processors then take events on vectors of their own.

use alloc::vec::Vec;
use core::{
    mem::{offset_of, size_of},
    ptr,
};

use nt::sys::{
    CM_RESOURCE_INTERRUPT_LATCHED, CM_RESOURCE_INTERRUPT_MESSAGE, CmResourceShareDeviceExclusive,
    CmResourceTypeInterrupt, IO_RESOURCE_DESCRIPTOR, IO_RESOURCE_LIST, IO_RESOURCE_REQUIREMENTS_LIST,
    IrqPolicySpecifiedProcessors, IrqPriorityUndefined,
};

use super::Fdo;
use crate::{
    irp::{Irp, free_pool, pool},
    platform::{params::Params, processors},
    policy::params,
};

/// `CM_RESOURCE_INTERRUPT_MESSAGE_TOKEN` (wdm.h): any vector that fits a message.
const MESSAGE_TOKEN: u32 = -2i32 as u32;

/// `CM_RESOURCE_INTERRUPT_POLICY_INCLUDED` (wdm.h): affinity policy and processors are part of it.
const CM_RESOURCE_INTERRUPT_POLICY_INCLUDED: u32 = 0x4;

/// Bytes of a resource list in front of its descriptors.
const LIST_HEADER: usize = offset_of!(IO_RESOURCE_LIST, Descriptors);
/// Bytes of a requirements list in front of its lists.
const HEADER: usize = offset_of!(IO_RESOURCE_REQUIREMENTS_LIST, List);

/// The request for a vector on the processor `number` of `group`.
fn vector(group: u16, number: u8) -> IO_RESOURCE_DESCRIPTOR {
    let flags =
        CM_RESOURCE_INTERRUPT_LATCHED | CM_RESOURCE_INTERRUPT_MESSAGE | CM_RESOURCE_INTERRUPT_POLICY_INCLUDED;
    let mut descriptor = IO_RESOURCE_DESCRIPTOR {
        Type: CmResourceTypeInterrupt as u8,
        ShareDisposition: CmResourceShareDeviceExclusive as u8,
        Flags: flags as u16,
        ..IO_RESOURCE_DESCRIPTOR::default()
    };
    descriptor.u.Interrupt = nt::sys::IO_RESOURCE_DESCRIPTOR_u_Interrupt {
        MinimumVector: MESSAGE_TOKEN,
        MaximumVector: MESSAGE_TOKEN,
        // With processor groups the policy has 16 bits and the group follows (wdm.h,
        // NT_PROCESSOR_GROUPS); the INF's GroupPolicy says that this driver knows.
        AffinityPolicy: IrqPolicySpecifiedProcessors | i32::from(group) << 16,
        PriorityPolicy: IrqPriorityUndefined,
        TargetedProcessors: 1 << number,
    };
    descriptor
}

/// The lengths of the lists in `list`, which has `bytes` bytes. `None` when it is not well-formed.
///
/// # Safety
/// `list` points to `bytes` readable bytes.
#[expect(unsafe_code, reason = "variable-length kernel structures")]
unsafe fn lengths(list: *const IO_RESOURCE_REQUIREMENTS_LIST, bytes: usize) -> Option<Vec<usize>> {
    if bytes < HEADER {
        return None;
    }
    // SAFETY: the header is readable.
    let alternatives = unsafe { (*list).AlternativeLists } as usize;
    let (mut from, mut lengths) = (HEADER, Vec::new());
    for _ in 0..alternatives {
        if from.checked_add(LIST_HEADER)? > bytes {
            return None;
        }
        let source = list.cast::<u8>().wrapping_add(from).cast::<IO_RESOURCE_LIST>();
        // SAFETY: the header of the list is readable, as just checked.
        let count = unsafe { (*source).Count as usize };
        let length = count.checked_mul(size_of::<IO_RESOURCE_DESCRIPTOR>())?.checked_add(LIST_HEADER)?;
        from = from.checked_add(length).filter(|end| *end <= bytes)?;
        lengths.push(length);
    }
    Some(lengths)
}

/// A copy of `list` (of `bytes` bytes) in which each alternative has the `extra` descriptors at its
/// end. `None` when the list is not well-formed or `allocate` gives no memory.
///
/// # Safety
/// `list` points to `bytes` readable bytes; `allocate` gives writable memory of the size asked for.
#[expect(unsafe_code, reason = "variable-length kernel structures")]
unsafe fn extend(
    list: *const IO_RESOURCE_REQUIREMENTS_LIST,
    bytes: usize,
    extra: &[IO_RESOURCE_DESCRIPTOR],
    allocate: impl FnOnce(usize) -> *mut u8,
) -> Option<*mut IO_RESOURCE_REQUIREMENTS_LIST> {
    // SAFETY: the caller's promise.
    let lengths = unsafe { lengths(list, bytes) }?;
    let added = size_of_val(extra);
    let size = HEADER + lengths.iter().sum::<usize>() + lengths.len() * added;
    let to = allocate(size);
    if to.is_null() {
        return None;
    }
    // SAFETY: both have at least the header.
    unsafe { to.copy_from_nonoverlapping(list.cast(), HEADER) };
    let (mut from, mut at) = (HEADER, HEADER);
    for length in lengths {
        let source = list.cast::<u8>().wrapping_add(from);
        let target = to.wrapping_add(at);
        // SAFETY: `length` bytes are readable (checked) and writable (the sizes add up).
        unsafe { target.copy_from_nonoverlapping(source, length) };
        // SAFETY: the header was just copied there.
        unsafe { (*target.cast::<IO_RESOURCE_LIST>()).Count += extra.len() as u32 };
        // SAFETY: room for the extra descriptors follows.
        unsafe { target.wrapping_add(length).copy_from_nonoverlapping(extra.as_ptr().cast(), added) };
        from += length;
        at += length + added;
    }
    let to = to.cast::<IO_RESOURCE_REQUIREMENTS_LIST>();
    // SAFETY: the header was copied there.
    unsafe { (*to).ListSize = size as u32 };
    Some(to)
}

impl Fdo {
    /// Puts the longer list into the request; false leaves it as it was.
    #[expect(unsafe_code, reason = "variable-length kernel structures")]
    pub(super) fn filter_requirements(&self, irp: &mut Irp) -> bool {
        if !Params::read().is_on(params::VECTORS) {
            return false;
        }
        // What the drivers below made of it, or what came.
        // SAFETY: the member that this minor function uses.
        let given = unsafe { irp.location().Parameters.FilterResourceRequirements.IoResourceRequirementList };
        let lower = ptr::with_exposed_provenance_mut::<IO_RESOURCE_REQUIREMENTS_LIST>(irp.information());
        let list = if lower.is_null() { given } else { lower };
        // SAFETY: a requirements list of the PnP manager or of a lower driver.
        let Some(header) = (unsafe { list.as_ref() }) else { return false };
        let extra: Vec<IO_RESOURCE_DESCRIPTOR> = (0..processors::count())
            .filter_map(processors::number)
            .map(|number| vector(number.Group, number.Number))
            .collect();
        // SAFETY: `ListSize` bytes belong to the list.
        let Some(longer) = (unsafe { extend(list, header.ListSize as usize, &extra, pool) }) else {
            return false;
        };
        if !lower.is_null() && lower != given {
            // SAFETY: allocated by the driver below for us to replace.
            unsafe { free_pool(lower.cast()) };
        }
        irp.set_information(longer.expose_provenance());
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn list(counts: &[usize]) -> Vec<u64> {
        let bytes: usize = HEADER + counts.iter().map(|n| LIST_HEADER + 32 * n).sum::<usize>();
        let mut words = vec![0u64; bytes.div_ceil(8)];
        let mut put = |at: usize, value: u32| {
            let shift = (at % 8) * 8;
            words[at / 8] = words[at / 8] & !(0xffff_ffff << shift) | u64::from(value) << shift;
        };
        put(0, bytes as u32);
        put(HEADER - 4, counts.len() as u32);
        let mut at = HEADER;
        for (index, count) in counts.iter().enumerate() {
            put(at + 4, *count as u32);
            for n in 0..*count {
                // Marks each descriptor.
                put(at + LIST_HEADER + 32 * n + 8, (100 * index + n) as u32);
            }
            at += LIST_HEADER + 32 * count;
        }
        words
    }

    #[expect(unsafe_code, reason = "the test owns the memory")]
    fn run(words: &[u64], bytes: usize, extra: usize) -> Option<Vec<u64>> {
        let mut out: Vec<u64> = Vec::new();
        let extra: Vec<_> = (0..extra).map(|n| vector(1, n as u8)).collect();
        // SAFETY: both vectors outlive the call.
        let found = unsafe {
            extend(words.as_ptr().cast(), bytes, &extra, |size| {
                out = vec![0u64; size.div_ceil(8)];
                out.as_mut_ptr().cast()
            })
        };
        found.map(|_| out)
    }

    fn word(words: &[u64], at: usize) -> u32 {
        (words[at / 8] >> ((at % 8) * 8)) as u32
    }

    #[test]
    fn each_alternative_gets_the_vectors_at_its_end() {
        let words = list(&[2, 0, 1]);
        let bytes = word(&words, 0) as usize;
        let out = run(&words, bytes, 3).unwrap();
        assert_eq!(word(&out, 0) as usize, bytes + 3 * 3 * 32);
        assert_eq!(word(&out, HEADER - 4), 3);
        let mut at = HEADER;
        for (index, count) in [2usize, 0, 1].into_iter().enumerate() {
            assert_eq!(word(&out, at + 4) as usize, count + 3);
            for n in 0..count {
                assert_eq!(word(&out, at + LIST_HEADER + 32 * n + 8) as usize, 100 * index + n);
            }
            for n in 0..3 {
                let d = at + LIST_HEADER + 32 * (count + n);
                assert_eq!(word(&out, d + 8), 0xffff_fffe, "message token");
                assert_eq!(word(&out, d + 16), 4 | 1 << 16, "specified processors, group 1");
                assert_eq!(word(&out, d + 24), 1 << n, "processor");
            }
            at += LIST_HEADER + 32 * (count + 3);
        }
    }

    #[test]
    fn a_header_alone_is_a_list_without_alternatives() {
        let words = list(&[]);
        assert_eq!(word(&run(&words, HEADER, 2).unwrap(), 0) as usize, HEADER);
        assert!(run(&words, HEADER - 1, 2).is_none());
    }

    #[test]
    fn a_list_that_is_shorter_than_it_says_is_refused() {
        let words = list(&[2, 1]);
        let bytes = word(&words, 0) as usize;
        for short in [HEADER + 4, HEADER + LIST_HEADER + 63, bytes - 1] {
            assert!(run(&words, short, 1).is_none(), "{short}");
        }
        assert!(run(&words, bytes, 1).is_some());
    }
}
