//! Memory functions.

/// F0 of Driver Verifier: memcpy of overlapping ranges.
fn check_overlap(to: *const u8, from: *const u8, n: usize) {
    let (a, b) = (to as usize, from as usize);
    if n != 0 && a != b && a < b + n && b < a + n {
        crate::verifier::report(
            &crate::verifier::rules::MEMCPY_OVERLAP,
            alloc::format!("memcpy of {n} bytes between overlapping ranges"),
            [to as u64, from as u64, n as u64, 0],
        );
    }
}

crate::exports! { EXPORTS "ntoskrnl.exe";
    leaf fn memcpy(to: *mut u8, from: *const u8, n: usize) -> *mut u8 {
        check_overlap(to, from, n);
        core::ptr::copy(from, to, n);
        to
    }
    leaf fn memmove(to: *mut u8, from: *const u8, n: usize) -> *mut u8 {
        core::ptr::copy(from, to, n);
        to
    }
    leaf fn memset(to: *mut u8, value: i32, n: usize) -> *mut u8 {
        core::ptr::write_bytes(to, value as u8, n);
        to
    }
    leaf fn memcmp(a: *const u8, b: *const u8, n: usize) -> i32 {
        for i in 0..n {
            let (x, y) = (*a.add(i), *b.add(i));
            if x != y {
                return if x < y { -1 } else { 1 };
            }
        }
        0
    }
    leaf fn memchr(s: *const u8, c: i32, n: usize) -> *const u8 {
        (0..n).find(|i| *s.add(*i) == c as u8).map_or(core::ptr::null(), |i| s.add(i))
    }
    leaf fn RtlCompareMemory(a: *const u8, b: *const u8, n: usize) -> usize {
        (0..n).find(|i| *a.add(*i) != *b.add(*i)).unwrap_or(n)
    }
    leaf fn RtlCompareMemoryUlong(a: *const u32, n: usize, pattern: u32) -> usize {
        (0..n / 4).find(|i| *a.add(*i) != pattern).unwrap_or(n / 4) * 4
    }
    leaf fn RtlCopyMemory(to: *mut u8, from: *const u8, n: usize) {
        check_overlap(to, from, n);
        core::ptr::copy(from, to, n);
    }
    leaf fn RtlMoveMemory(to: *mut u8, from: *const u8, n: usize) { core::ptr::copy(from, to, n); }
    leaf fn RtlFillMemory(to: *mut u8, n: usize, value: u8) { core::ptr::write_bytes(to, value, n); }
    leaf fn RtlZeroMemory(to: *mut u8, n: usize) { core::ptr::write_bytes(to, 0, n); }
    leaf fn RtlCopyMemoryNonTemporal(to: *mut u8, from: *const u8, n: usize) { core::ptr::copy(from, to, n); }
    fn RtlRandomEx(seed: *mut u32) -> u32 [irql <= APC_LEVEL] { random(seed) }
    fn RtlRandom(seed: *mut u32) -> u32 [irql <= APC_LEVEL] { random(seed) }
    fn RtlUniform(seed: *mut u32) -> u32 [irql <= APC_LEVEL] { random(seed) }
}

/// The Lehmer generator that the documentation names for RtlUniform: a new seed in [0, 2^31-1).
unsafe fn random(seed: *mut u32) -> u32 {
    let next = ((*seed as u64).wrapping_mul(0x7FFF_FFED).wrapping_add(0x7FFF_FFC3) % 0x7FFF_FFFF) as u32;
    *seed = next;
    next
}
