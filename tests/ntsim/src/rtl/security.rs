//! SIDs, ACLs and security descriptors.

use crate::abi::*;
use core::mem::size_of;

/// SECURITY_DESCRIPTOR in absolute form.
#[repr(C)]
pub struct Descriptor {
    revision: u8,
    pad: u8,
    control: u16,
    owner: *mut Sid,
    group: *mut Sid,
    sacl: *mut Acl,
    dacl: *mut Acl,
}

/// SID up to its sub-authorities.
#[repr(C)]
pub struct Sid {
    revision: u8,
    count: u8,
    authority: [u8; 6],
}

/// ACL header.
#[repr(C)]
pub struct Acl {
    revision: u8,
    pad: u8,
    size: u16,
    count: u16,
    pad2: u16,
}

const DACL_PRESENT: u16 = 4;
const DACL_DEFAULTED: u16 = 8;
const SELF_RELATIVE: u16 = 0x8000;

unsafe fn sid_length(s: *const Sid) -> usize {
    8 + 4 * (*s).count as usize
}

/// Bytes that the entries of an ACL use, header included; None if they do not fit.
unsafe fn acl_used(a: *const Acl) -> Option<usize> {
    let mut at = 8;
    for _ in 0..(*a).count {
        if at + 4 > (*a).size as usize {
            return None;
        }
        at += *a.cast::<u8>().add(at + 2).cast::<u16>() as usize;
    }
    (at <= (*a).size as usize).then_some(at)
}

fn align4(n: usize) -> usize {
    n.next_multiple_of(4)
}

unsafe fn part<T>(d: *const Descriptor, index: usize) -> *mut T {
    if (*d).control & SELF_RELATIVE == 0 {
        let parts = [(*d).owner as usize, (*d).group as usize, (*d).sacl as usize, (*d).dacl as usize];
        return parts[index] as *mut T;
    }
    let offset = *d.cast::<u8>().add(4 + 4 * index).cast::<u32>();
    if offset == 0 { core::ptr::null_mut() } else { d.cast::<u8>().add(offset as usize) as *mut T }
}

unsafe fn length(d: *const Descriptor) -> usize {
    let mut n = if (*d).control & SELF_RELATIVE != 0 { 20 } else { size_of::<Descriptor>() };
    for i in 0..2 {
        let s: *mut Sid = part(d, i);
        n += if s.is_null() { 0 } else { align4(sid_length(s)) };
    }
    for i in 2..4 {
        let a: *mut Acl = part(d, i);
        n += if a.is_null() { 0 } else { align4((*a).size as usize) };
    }
    n
}

crate::exports! { EXPORTS "ntoskrnl.exe";
    fn RtlCreateSecurityDescriptor(d: *mut Descriptor, revision: u32) -> NTSTATUS [irql <= APC_LEVEL] {
        if revision != 1 {
            return STATUS_UNKNOWN_REVISION;
        }
        core::ptr::write_bytes(d, 0, 1);
        (*d).revision = 1;
        STATUS_SUCCESS
    }
    fn RtlSetDaclSecurityDescriptor(d: *mut Descriptor, present: u8, dacl: *mut Acl, defaulted: u8) -> NTSTATUS
        [irql <= APC_LEVEL] {
        if (*d).revision != 1 || (*d).control & SELF_RELATIVE != 0 {
            return STATUS_INVALID_SECURITY_DESCR;
        }
        (*d).control &= !(DACL_PRESENT | DACL_DEFAULTED);
        (*d).dacl = core::ptr::null_mut();
        if present != 0 {
            (*d).control |= DACL_PRESENT | if defaulted != 0 { DACL_DEFAULTED } else { 0 };
            (*d).dacl = dacl;
        }
        STATUS_SUCCESS
    }
    fn RtlSetOwnerSecurityDescriptor(d: *mut Descriptor, owner: *mut Sid, defaulted: u8) -> NTSTATUS
        [irql <= APC_LEVEL] {
        (*d).owner = owner;
        STATUS_SUCCESS
    }
    fn RtlLengthSecurityDescriptor(d: *const Descriptor) -> u32 [irql <= APC_LEVEL] { length(d) as u32 }
    fn RtlValidSecurityDescriptor(d: *const Descriptor) -> u8 [irql <= APC_LEVEL] {
        let mut good = (*d).revision == 1;
        for i in 2..4 {
            let a: *mut Acl = part(d, i);
            good &= a.is_null() || acl_used(a).is_some();
        }
        good as u8
    }
    fn RtlAbsoluteToSelfRelativeSD(from: *const Descriptor, to: *mut u8, size: *mut u32) -> NTSTATUS
        [irql <= APC_LEVEL] {
        if (*from).control & SELF_RELATIVE != 0 {
            return STATUS_BAD_DESCRIPTOR_FORMAT;
        }
        let need = length(from) - size_of::<Descriptor>() + 20;
        if (*size as usize) < need {
            *size = need as u32;
            return STATUS_BUFFER_TOO_SMALL;
        }
        core::ptr::write_bytes(to, 0, need);
        *to = 1;
        to.add(2).cast::<u16>().write((*from).control | SELF_RELATIVE);
        let mut at = 20;
        for i in 0..4 {
            let p: *mut u8 = part(from, i);
            if p.is_null() {
                continue;
            }
            let n = if i < 2 { sid_length(p.cast()) } else { (*p.cast::<Acl>()).size as usize };
            core::ptr::copy_nonoverlapping(p, to.add(at), n);
            to.add(4 + 4 * i).cast::<u32>().write_unaligned(at as u32);
            at += align4(n);
        }
        *size = need as u32;
        STATUS_SUCCESS
    }
    fn RtlCreateAcl(a: *mut Acl, size: u32, revision: u32) -> NTSTATUS [irql <= APC_LEVEL] {
        if size < 8 {
            return STATUS_BUFFER_TOO_SMALL;
        }
        if !(2..=4).contains(&revision) || size > 0xFFFC {
            return STATUS_INVALID_PARAMETER;
        }
        *a = Acl { revision: revision as u8, pad: 0, size: (size & !3) as u16, count: 0, pad2: 0 };
        STATUS_SUCCESS
    }
    fn RtlAddAccessAllowedAce(a: *mut Acl, revision: u32, mask: u32, sid: *const Sid) -> NTSTATUS [irql <= APC_LEVEL] {
        let Some(used) = acl_used(a) else { return STATUS_INVALID_ACL };
        let n = 8 + sid_length(sid);
        if used + n > (*a).size as usize {
            return STATUS_ALLOTTED_SPACE_EXCEEDED;
        }
        let ace = a.cast::<u8>().add(used);
        ace.cast::<u16>().write(0); // ACCESS_ALLOWED_ACE_TYPE
        ace.add(2).cast::<u16>().write(n as u16);
        ace.add(4).cast::<u32>().write(mask);
        core::ptr::copy_nonoverlapping(sid.cast::<u8>(), ace.add(8), sid_length(sid));
        (*a).count += 1;
        (*a).revision = (*a).revision.max(revision as u8);
        STATUS_SUCCESS
    }
    fn RtlLengthSid(s: *const Sid) -> u32 [irql <= APC_LEVEL] { sid_length(s) as u32 }
    fn RtlLengthRequiredSid(count: u32) -> u32 [irql <= APC_LEVEL] { 8 + 4 * count }
    fn RtlInitializeSid(s: *mut Sid, authority: *const [u8; 6], count: u8) -> NTSTATUS [irql <= APC_LEVEL] {
        if count > 15 {
            return STATUS_INVALID_PARAMETER;
        }
        *s = Sid { revision: 1, count, authority: *authority };
        STATUS_SUCCESS
    }
    fn RtlSubAuthoritySid(s: *mut Sid, index: u32) -> *mut u32 [irql <= APC_LEVEL] {
        s.cast::<u8>().add(8 + 4 * index as usize).cast()
    }
    fn RtlValidSid(s: *const Sid) -> u8 [irql <= APC_LEVEL] { ((*s).revision == 1 && (*s).count <= 15) as u8 }
    fn RtlEqualSid(a: *const Sid, b: *const Sid) -> u8 [irql any] {
        let n = sid_length(a);
        (n == sid_length(b)
            && core::slice::from_raw_parts(a.cast::<u8>(), n) == core::slice::from_raw_parts(b.cast::<u8>(), n)) as u8
    }
    fn RtlCopySid(size: u32, to: *mut u8, from: *const Sid) -> NTSTATUS [irql <= APC_LEVEL] {
        let n = sid_length(from);
        if n > size as usize {
            return STATUS_BUFFER_TOO_SMALL;
        }
        core::ptr::copy_nonoverlapping(from.cast::<u8>(), to, n);
        STATUS_SUCCESS
    }
}

const STATUS_UNKNOWN_REVISION: NTSTATUS = 0xC000_0058_u32 as i32;
const STATUS_INVALID_ACL: NTSTATUS = 0xC000_0077_u32 as i32;
const STATUS_INVALID_SECURITY_DESCR: NTSTATUS = 0xC000_0079_u32 as i32;
const STATUS_ALLOTTED_SPACE_EXCEEDED: NTSTATUS = 0xC000_0099_u32 as i32;
const STATUS_BAD_DESCRIPTOR_FORMAT: NTSTATUS = 0xC000_00E7_u32 as i32;
