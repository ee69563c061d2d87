//! Mm: MDLs, physical memory, mappings, system routine look-up.
//!
//! Names, layouts and values as Microsoft's WDK headers declare them (NTDDI 0x0A00000C, NDIS 6.85),
//! 64-bit x86. Checked against the recorded facts by `tests/abi`.

use super::*;

pub type MEMORY_CACHING_TYPE = i32;
pub type MM_PAGE_PRIORITY = i32;
pub type MM_SYSTEMSIZE = i32;
pub type NODE_REQUIREMENT = u32;
pub type LOGICAL = u32;
pub type PFN_NUMBER = usize;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct MDL {
    pub Next: *mut MDL,
    pub Size: i16,
    pub MdlFlags: i16,
    pub Process: *mut c_void,
    pub MappedSystemVa: *mut c_void,
    pub StartVa: *mut c_void,
    pub ByteCount: u32,
    pub ByteOffset: u32,
}
layout!(MDL, 48, 8, Next @ 0, Size @ 8, MdlFlags @ 10, Process @ 16, MappedSystemVa @ 24, StartVa @ 32, ByteCount @ 40, ByteOffset @ 44);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct PHYSICAL_MEMORY_RANGE {
    pub BaseAddress: LARGE_INTEGER,
    pub NumberOfBytes: LARGE_INTEGER,
}
layout!(PHYSICAL_MEMORY_RANGE, 16, 8, BaseAddress @ 0, NumberOfBytes @ 8);

#[repr(C)]
#[derive(Clone, Copy)]
pub union MM_COPY_ADDRESS_anon_1 {
    pub VirtualAddress: *mut c_void,
    pub PhysicalAddress: LARGE_INTEGER,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct MM_COPY_ADDRESS {
    pub __bindgen_anon_1: MM_COPY_ADDRESS_anon_1,
}
layout!(MM_COPY_ADDRESS_anon_1, 8, 8, VirtualAddress @ 0, PhysicalAddress @ 0);
layout!(MM_COPY_ADDRESS, 8, 8, __bindgen_anon_1 @ 0);

pub const MmNonCached: MEMORY_CACHING_TYPE = 0;
pub const MmCached: MEMORY_CACHING_TYPE = 1;
pub const MmWriteCombined: MEMORY_CACHING_TYPE = 2;
pub const MmHardwareCoherentCached: MEMORY_CACHING_TYPE = 3;
pub const MmNonCachedUnordered: MEMORY_CACHING_TYPE = 4;
pub const MmUSWCCached: MEMORY_CACHING_TYPE = 5;
pub const MmMaximumCacheType: MEMORY_CACHING_TYPE = 6;
pub const MmNotMapped: MEMORY_CACHING_TYPE = -1;
pub const LowPagePriority: MM_PAGE_PRIORITY = 0;
pub const NormalPagePriority: MM_PAGE_PRIORITY = 16;
pub const HighPagePriority: MM_PAGE_PRIORITY = 32;
pub const MmSmallSystem: MM_SYSTEMSIZE = 0;
pub const MmMediumSystem: MM_SYSTEMSIZE = 1;
pub const MmLargeSystem: MM_SYSTEMSIZE = 2;
pub const MDL_ALLOCATED_FIXED_SIZE: u32 = 8;
pub const MDL_ALLOCATED_MUST_SUCCEED: u32 = 0x4000;
pub const MDL_DESCRIBES_AWE: u32 = 0x400;
pub const MDL_FREE_EXTRA_PTES: u32 = 0x200;
pub const MDL_INTERNAL: u32 = 0x8000;
pub const MDL_IO_PAGE_READ: u32 = 0x40;
pub const MDL_IO_SPACE: u32 = 0x800;
pub const MDL_LOCKED_PAGE_TABLES: u32 = 0x100;
pub const MDL_MAPPED_TO_SYSTEM_VA: u32 = 1;
pub const MDL_MAPPING_CAN_FAIL: u32 = 0x2000;
pub const MDL_NETWORK_HEADER: u32 = 0x1000;
pub const MDL_PAGES_LOCKED: u32 = 2;
pub const MDL_PAGE_CONTENTS_INVARIANT: u32 = 0x4000;
pub const MDL_PARTIAL: u32 = 0x10;
pub const MDL_PARTIAL_HAS_BEEN_MAPPED: u32 = 0x20;
pub const MDL_SOURCE_IS_NONPAGED_POOL: u32 = 4;
pub const MDL_WRITE_OPERATION: u32 = 0x80;
pub const MM_ALLOCATE_AND_HOT_REMOVE: u32 = 0x100;
pub const MM_ALLOCATE_CONTIGUOUS_MEMORY_FAST_ONLY: u32 = 1;
pub const MM_ALLOCATE_FAST_LARGE_PAGES: u32 = 0x40;
pub const MM_ALLOCATE_FROM_LOCAL_NODE_ONLY: u32 = 2;
pub const MM_ALLOCATE_FULLY_REQUIRED: u32 = 4;
pub const MM_ALLOCATE_NO_WAIT: u32 = 8;
pub const MM_ALLOCATE_PREFER_CONTIGUOUS: u32 = 0x10;
pub const MM_ALLOCATE_REQUIRE_CONTIGUOUS_CHUNKS: u32 = 0x20;
pub const MM_ALLOCATE_TRIM_IF_NECESSARY: u32 = 0x80;
pub const MM_ANY_NODE_OK: u32 = 0x80000000;
pub const MM_DONT_ZERO_ALLOCATION: u32 = 1;
pub const MdlMappingNoExecute: u32 = 0x40000000;
pub const MdlMappingNoWrite: u32 = 0x80000000;
pub const MdlMappingWithGuardPtes: u32 = 0x20000000;

#[cfg_attr(windows, link(name = "ntoskrnl.exe", kind = "raw-dylib", modifiers = "+verbatim"))]
unsafe extern "system" {
    pub fn MmAllocateContiguousMemory(NumberOfBytes: usize, HighestAcceptableAddress: LARGE_INTEGER) -> *mut c_void;
    pub fn MmAllocateContiguousMemorySpecifyCache(NumberOfBytes: usize, LowestAcceptableAddress: LARGE_INTEGER, HighestAcceptableAddress: LARGE_INTEGER, BoundaryAddressMultiple: LARGE_INTEGER, CacheType: MEMORY_CACHING_TYPE) -> *mut c_void;
    pub fn MmAllocateContiguousMemorySpecifyCacheNode(NumberOfBytes: usize, LowestAcceptableAddress: LARGE_INTEGER, HighestAcceptableAddress: LARGE_INTEGER, BoundaryAddressMultiple: LARGE_INTEGER, CacheType: MEMORY_CACHING_TYPE, PreferredNode: NODE_REQUIREMENT) -> *mut c_void;
    pub fn MmAllocateContiguousNodeMemory(NumberOfBytes: usize, LowestAcceptableAddress: LARGE_INTEGER, HighestAcceptableAddress: LARGE_INTEGER, BoundaryAddressMultiple: LARGE_INTEGER, Protect: u32, PreferredNode: NODE_REQUIREMENT) -> *mut c_void;
    pub fn MmFreeContiguousMemory(BaseAddress: *mut c_void);
    pub fn MmFreeContiguousMemorySpecifyCache(BaseAddress: *mut c_void, NumberOfBytes: usize, CacheType: MEMORY_CACHING_TYPE);
    pub fn MmAllocatePagesForMdl(LowAddress: LARGE_INTEGER, HighAddress: LARGE_INTEGER, SkipBytes: LARGE_INTEGER, TotalBytes: usize) -> *mut MDL;
    pub fn MmAllocatePagesForMdlEx(LowAddress: LARGE_INTEGER, HighAddress: LARGE_INTEGER, SkipBytes: LARGE_INTEGER, TotalBytes: usize, CacheType: MEMORY_CACHING_TYPE, Flags: u32) -> *mut MDL;
    pub fn MmAllocateNodePagesForMdlEx(LowAddress: LARGE_INTEGER, HighAddress: LARGE_INTEGER, SkipBytes: LARGE_INTEGER, TotalBytes: usize, CacheType: MEMORY_CACHING_TYPE, IdealNode: u32, Flags: u32) -> *mut MDL;
    pub fn MmFreePagesFromMdl(MemoryDescriptorList: *mut MDL);
    pub fn MmBuildMdlForNonPagedPool(MemoryDescriptorList: *mut MDL);
    pub fn MmGetPhysicalAddress(BaseAddress: *mut c_void) -> LARGE_INTEGER;
    pub fn MmGetVirtualForPhysical(PhysicalAddress: LARGE_INTEGER) -> *mut c_void;
    pub fn MmGetPhysicalMemoryRanges() -> *mut PHYSICAL_MEMORY_RANGE;
    pub fn MmGetSystemRoutineAddress(SystemRoutineName: *mut UNICODE_STRING) -> *mut c_void;
    pub fn MmMapIoSpace(PhysicalAddress: LARGE_INTEGER, NumberOfBytes: usize, CacheType: MEMORY_CACHING_TYPE) -> *mut c_void;
    pub fn MmMapIoSpaceEx(PhysicalAddress: LARGE_INTEGER, NumberOfBytes: usize, Protect: u32) -> *mut c_void;
    pub fn MmUnmapIoSpace(BaseAddress: *mut c_void, NumberOfBytes: usize);
    pub fn MmMapLockedPages(MemoryDescriptorList: *mut MDL, AccessMode: KPROCESSOR_MODE) -> *mut c_void;
    pub fn MmMapLockedPagesSpecifyCache(MemoryDescriptorList: *mut MDL, AccessMode: KPROCESSOR_MODE, CacheType: MEMORY_CACHING_TYPE, RequestedAddress: *mut c_void, BugCheckOnFailure: u32, Priority: u32) -> *mut c_void;
    pub fn MmUnmapLockedPages(BaseAddress: *mut c_void, MemoryDescriptorList: *mut MDL);
    pub fn MmProbeAndLockPages(MemoryDescriptorList: *mut MDL, AccessMode: KPROCESSOR_MODE, Operation: LOCK_OPERATION);
    pub fn MmUnlockPages(MemoryDescriptorList: *mut MDL);
    pub fn MmProtectMdlSystemAddress(MemoryDescriptorList: *mut MDL, NewProtect: u32) -> NTSTATUS;
    pub fn MmIsAddressValid(VirtualAddress: *mut c_void) -> BOOLEAN;
    pub fn MmAllocateNonCachedMemory(NumberOfBytes: usize) -> *mut c_void;
    pub fn MmFreeNonCachedMemory(BaseAddress: *mut c_void, NumberOfBytes: usize);
    pub fn MmAllocateMappingAddress(NumberOfBytes: usize, PoolTag: u32) -> *mut c_void;
    pub fn MmFreeMappingAddress(BaseAddress: *mut c_void, PoolTag: u32);
    pub fn MmMapLockedPagesWithReservedMapping(MappingAddress: *mut c_void, PoolTag: u32, MemoryDescriptorList: *mut MDL, CacheType: MEMORY_CACHING_TYPE) -> *mut c_void;
    pub fn MmUnmapReservedMapping(BaseAddress: *mut c_void, PoolTag: u32, MemoryDescriptorList: *mut MDL);
    pub fn MmLockPagableDataSection(AddressWithinSection: *mut c_void) -> *mut c_void;
    pub fn MmUnlockPagableImageSection(ImageSectionHandle: *mut c_void);
    pub fn MmLockPagableSectionByHandle(ImageSectionHandle: *mut c_void);
    pub fn MmPageEntireDriver(AddressWithinSection: *mut c_void) -> *mut c_void;
    pub fn MmResetDriverPaging(AddressWithinSection: *mut c_void);
    pub fn MmAddPhysicalMemory(StartAddress: *mut LARGE_INTEGER, NumberOfBytes: *mut LARGE_INTEGER) -> NTSTATUS;
    pub fn MmRemovePhysicalMemory(StartAddress: *mut LARGE_INTEGER, NumberOfBytes: *mut LARGE_INTEGER) -> NTSTATUS;
    pub fn MmQuerySystemSize() -> MM_SYSTEMSIZE;
    pub fn MmIsThisAnNtAsSystem() -> BOOLEAN;
    pub fn MmIsVerifierEnabled(VerifierFlags: *mut u32) -> NTSTATUS;
    pub fn MmIsDriverVerifying(DriverObject: *mut DRIVER_OBJECT) -> LOGICAL;
    pub fn MmIsDriverVerifyingByAddress(AddressWithinSection: *mut c_void) -> LOGICAL;
    pub fn MmSizeOfMdl(Base: *mut c_void, Length: usize) -> usize;
    pub fn MmCopyMemory(TargetAddress: *mut c_void, SourceAddress: MM_COPY_ADDRESS, NumberOfBytes: usize, Flags: u32, NumberOfBytesTransferred: *mut usize) -> NTSTATUS;
    pub fn MmAdvanceMdl(Mdl: *mut MDL, NumberOfBytes: u32) -> NTSTATUS;
    pub static mut MmBadPointer: *mut c_void;
}
