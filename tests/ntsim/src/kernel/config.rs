//! Settings of a run.

/// What a verifier report does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnViolation {
    /// Stop with the rule's bugcheck, as Driver Verifier does.
    Bugcheck,
    /// Write it down and go on.
    Collect,
}

/// How pool allocations are placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpecialPool {
    /// Ordinary blocks.
    Off,
    /// Every n-th allocation on pages of its own, ending at a guard page.
    Sampled(u32),
    /// Every allocation.
    On,
}

/// Fault injection into allocations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Faults {
    /// None.
    Off,
    /// Each allocation fails with this probability, in 1/10000 (Windows' low resources simulation uses 600).
    Random(u32),
    /// Each new call stack fails once.
    Systematic,
    /// Exactly the n-th allocation (from 0) fails.
    Nth(u64),
    /// These allocations (from 0) fail. With the numbers that a run of another kind has injected, it is the same run.
    Those(&'static [u64]),
}

/// Settings of a run.
#[derive(Clone, Debug)]
pub struct Config {
    /// Windows build number: 14393 is Windows 10 1607 and Server 2016.
    pub build: u32,
    /// Is this a server edition?
    pub server: bool,
    /// InitSafeBootMode: 0 normal, 1 minimal, 2 network, 3 directory services repair.
    pub safe_boot: u32,
    /// Processors that are present but not started at boot.
    pub hot_add: u32,
    /// Processors per group (64 by default; smaller values exercise groups).
    pub group_size: u32,
    /// What a verifier report does.
    pub on_violation: OnViolation,
    /// Placement of pool allocations.
    pub special_pool: SpecialPool,
    /// Allocation failures.
    pub faults: Faults,
    /// Pool allocations smaller than a page come from this many frames at most.
    pub pool_frames: u64,
    /// Events kept for a failure's report.
    pub trace_keep: usize,
    /// Memory integrity (HVCI) rules: no section that is writable and executable, no executable pool.
    pub code_integrity: bool,
    /// Also demand MdlMappingNoExecute at every mapping of an MDL.
    pub strict_nx: bool,
    /// Checks what drivers do at each step, and keeps the trace. Else as a system without Driver Verifier: for measurements.
    pub checked: bool,
    /// Kernel stack limit for driver code, in bytes.
    pub stack_limit: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            build: 14393,
            server: true,
            safe_boot: 0,
            hot_add: 0,
            group_size: 64,
            on_violation: OnViolation::Bugcheck,
            special_pool: SpecialPool::Sampled(16),
            faults: Faults::Off,
            pool_frames: 16384,
            trace_keep: 256,
            code_integrity: true,
            strict_nx: false,
            checked: true,
            stack_limit: 24 * 1024,
        }
    }
}
