//! Versions of the system.

use crate::abi::*;
use crate::kernel::kernel;

/// RTL_OSVERSIONINFOEXW: sizes of the plain and the extended form.
const SIZE: u32 = 276;
const SIZE_EX: u32 = 284;

/// The NTDDI value of a build (sdkddkver.h).
fn ntddi(build: u32) -> u32 {
    match build {
        0..=10240 => 0x0A00_0000,
        10241..=10586 => 0x0A00_0001,
        10587..=14393 => 0x0A00_0002,
        14394..=15063 => 0x0A00_0003,
        15064..=16299 => 0x0A00_0004,
        16300..=17134 => 0x0A00_0005,
        17135..=17763 => 0x0A00_0006,
        17764..=18362 => 0x0A00_0007,
        18363..=19041 => 0x0A00_0008,
        19042..=19645 => 0x0A00_0009,
        19646..=20348 => 0x0A00_000A,
        20349..=22000 => 0x0A00_000B,
        _ => 0x0A00_000C,
    }
}

crate::exports! { EXPORTS "ntoskrnl.exe";
    fn RtlGetVersion(info: *mut u32) -> NTSTATUS [irql == PASSIVE_LEVEL] {
        let size = *info;
        if size != SIZE && size != SIZE_EX {
            return STATUS_INVALID_PARAMETER;
        }
        *info.add(1) = 10;
        *info.add(2) = 0;
        *info.add(3) = kernel().config.build;
        *info.add(4) = 2; // VER_PLATFORM_WIN32_NT
        core::ptr::write_bytes(info.add(5).cast::<u8>(), 0, 256);
        if size == SIZE_EX {
            let tail = info.byte_add(276).cast::<u16>();
            *tail = 0;
            *tail.add(1) = 0;
            *tail.add(2) = 0x100; // VER_SUITE_SINGLEUSERTS
            *tail.add(3) = if kernel().config.server { 3 } else { 1 };
        }
        STATUS_SUCCESS
    }
    fn RtlIsNtDdiVersionAvailable(version: u32) -> u8 [irql any] {
        // Service pack numbers (the low byte) count only before Windows 10.
        (ntddi(kernel().config.build) >= version) as u8
    }
    fn RtlIsServicePackVersionInstalled(version: u32) -> u8 [irql any] {
        (ntddi(kernel().config.build) >= version) as u8
    }
    fn RtlVerifyVersionInfo(info: *const u32, mask: u32, conditions: u64) -> NTSTATUS [irql == PASSIVE_LEVEL] {
        let k = kernel();
        // VER_MINORVERSION 1, MAJOR 2, BUILD 4, PLATFORM 8, PRODUCT_TYPE 0x80: 3 condition bits each.
        let have = [(2u32, 1usize, 10u32, 1u32), (1, 2, 0, 0), (4, 3, k.config.build, 2)];
        let condition = |index: u32| (conditions >> (3 * index) & 7) as u32;
        for (bit, word, value, index) in have {
            if mask & bit == 0 {
                continue;
            }
            let wanted = *info.add(word);
            let good = match condition(index) {
                1 => value == wanted,
                2 => value > wanted,
                3 => value >= wanted,
                4 => value < wanted,
                5 => value <= wanted,
                _ => return STATUS_INVALID_PARAMETER,
            };
            if !good {
                return STATUS_REVISION_MISMATCH;
            }
            // A major version that is really greater settles the matter.
            if bit == 2 && value != wanted {
                return STATUS_SUCCESS;
            }
        }
        STATUS_SUCCESS
    }
    fn PsGetVersion(major: *mut u32, minor: *mut u32, build: *mut u32, csd: *mut UNICODE_STRING) -> u8
        [irql == PASSIVE_LEVEL] {
        for (at, value) in [(major, 10), (minor, 0), (build, kernel().config.build)] {
            if !at.is_null() {
                *at = value;
            }
        }
        if !csd.is_null() {
            (*csd).Length = 0;
        }
        // A free build.
        0
    }
    data NtBuildNumber: u32 = |k| k.config.build | 0xF000_0000;
    data InitSafeBootMode: u32 = |k| k.config.safe_boot;
    fn MmIsThisAnNtAsSystem() -> u8 [irql any] { kernel().config.server as u8 }
    fn MmQuerySystemSize() -> u32 [irql any] { 2 }
    fn ExIsProcessorFeaturePresent(feature: u32) -> u8 [irql any] {
        // Compare-exchange double, MMX, SSE, RDTSC, PAE, SSE2, NX, SSE3, compare-exchange 128, fast fail, second-level
        // translation's absence: what every x64 machine that runs Windows 10 has.
        matches!(feature, 2 | 3 | 6 | 8 | 9 | 10 | 12 | 13 | 14 | 23) as u8
    }
}

const STATUS_REVISION_MISMATCH: NTSTATUS = 0xC000_0059_u32 as i32;
