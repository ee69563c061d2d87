//! RTL_BITMAP: {SizeOfBitMap, Buffer of 32-bit words}.

/// RTL_BITMAP.
#[repr(C)]
pub struct Bitmap {
    bits: u32,
    words: *mut u32,
}

unsafe fn get(b: *const Bitmap, i: u32) -> bool {
    *(*b).words.add(i as usize / 32) >> (i % 32) & 1 != 0
}

unsafe fn put(b: *mut Bitmap, i: u32, on: bool) {
    let w = (*b).words.add(i as usize / 32);
    *w = if on { *w | 1 << (i % 32) } else { *w & !(1 << (i % 32)) };
}

unsafe fn put_range(b: *mut Bitmap, start: u32, n: u32, on: bool) {
    (start..start.saturating_add(n).min((*b).bits)).for_each(|i| unsafe { put(b, i, on) });
}

/// Finds `n` bits of a value, from `hint` on, then from the start.
unsafe fn find(b: *const Bitmap, n: u32, hint: u32, on: bool) -> u32 {
    let size = (*b).bits;
    if n > size {
        return u32::MAX;
    }
    let hint = if hint >= size { 0 } else { hint & !7 };
    let search = |from: u32| {
        let mut run = 0;
        for i in from..size {
            run = if unsafe { get(b, i) } == on { run + 1 } else { 0 };
            if run >= n.max(1) {
                return Some(i + 1 - n.max(1));
            }
        }
        None
    };
    if n == 0 {
        return hint;
    }
    search(hint).or_else(|| search(0)).unwrap_or(u32::MAX)
}

crate::exports! { EXPORTS "ntoskrnl.exe";
    fn RtlInitializeBitMap(b: *mut Bitmap, words: *mut u32, bits: u32) [irql any] { *b = Bitmap { bits, words }; }
    fn RtlClearAllBits(b: *mut Bitmap) [irql any] { put_range(b, 0, (*b).bits, false) }
    fn RtlSetAllBits(b: *mut Bitmap) [irql any] { put_range(b, 0, (*b).bits, true) }
    fn RtlClearBits(b: *mut Bitmap, start: u32, n: u32) [irql any] { put_range(b, start, n, false) }
    fn RtlSetBits(b: *mut Bitmap, start: u32, n: u32) [irql any] { put_range(b, start, n, true) }
    leaf fn RtlClearBit(b: *mut Bitmap, i: u32) { put(b, i, false) }
    leaf fn RtlSetBit(b: *mut Bitmap, i: u32) { put(b, i, true) }
    leaf fn RtlTestBit(b: *mut Bitmap, i: u32) -> u8 { get(b, i) as u8 }
    fn RtlFindClearBits(b: *mut Bitmap, n: u32, hint: u32) -> u32 [irql any] { find(b, n, hint, false) }
    fn RtlFindSetBits(b: *mut Bitmap, n: u32, hint: u32) -> u32 [irql any] { find(b, n, hint, true) }
    fn RtlFindClearBitsAndSet(b: *mut Bitmap, n: u32, hint: u32) -> u32 [irql any] {
        let at = find(b, n, hint, false);
        if at != u32::MAX {
            put_range(b, at, n, true);
        }
        at
    }
    fn RtlFindSetBitsAndClear(b: *mut Bitmap, n: u32, hint: u32) -> u32 [irql any] {
        let at = find(b, n, hint, true);
        if at != u32::MAX {
            put_range(b, at, n, false);
        }
        at
    }
    fn RtlNumberOfSetBits(b: *mut Bitmap) -> u32 [irql any] { (0..(*b).bits).filter(|i| get(b, *i)).count() as u32 }
    fn RtlNumberOfClearBits(b: *mut Bitmap) -> u32 [irql any] { (0..(*b).bits).filter(|i| !get(b, *i)).count() as u32 }
    fn RtlAreBitsClear(b: *mut Bitmap, start: u32, n: u32) -> u8 [irql any] {
        (start + n <= (*b).bits && (start..start + n).all(|i| !get(b, i))) as u8
    }
    fn RtlAreBitsSet(b: *mut Bitmap, start: u32, n: u32) -> u8 [irql any] {
        (start + n <= (*b).bits && (start..start + n).all(|i| get(b, i))) as u8
    }
    leaf fn RtlFindMostSignificantBit(v: u64) -> i8 { 63 - v.leading_zeros() as i8 }
    leaf fn RtlFindLeastSignificantBit(v: u64) -> i8 { if v == 0 { -1 } else { v.trailing_zeros() as i8 } }
}
