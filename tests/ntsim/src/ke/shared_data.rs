//! KUSER_SHARED_DATA: the page that drivers read at 0xFFFFF78000000000 (KeQueryTickCount and friends are
//! inline reads of it). Offsets from the WDK's ntddk.h.

use crate::ke::timer;
use crate::kernel::kernel;

/// Brings the page up to date. `page` is 4096 writable bytes.
pub unsafe fn update(page: *mut u8) {
    let k = kernel();
    let put32 = |offset: usize, value: u32| unsafe { page.add(offset).cast::<u32>().write(value) };
    let put_time = |offset: usize, value: u64| {
        put32(offset, value as u32);
        put32(offset + 4, (value >> 32) as u32);
        put32(offset + 8, (value >> 32) as u32);
    };
    let ticks = timer::interrupt_time() / timer::TICK;
    put32(4, 0x0FA0_0000); // TickCountMultiplier: 15.625 ms in 24-bit fixed point
    put_time(8, timer::interrupt_time());
    put_time(0x14, timer::system_time());
    for (i, c) in "C:\\Windows\0".encode_utf16().enumerate() {
        page.add(0x30 + 2 * i).cast::<u16>().write(c);
    }
    put32(0x260, k.config.build | 0xF000_0000);
    put32(0x264, if k.config.server { 3 } else { 1 });
    page.add(0x268).write(1);
    page.add(0x26A).cast::<u16>().write(9);
    put32(0x26C, 10);
    put32(0x270, 0);
    put32(0x2EC, k.config.safe_boot);
    page.add(0x300).cast::<u64>().write(10_000_000);
    put_time(0x320, ticks);
    put32(0x3C0, k.active_processors());
}
