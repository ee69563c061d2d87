//! The verifier: rules, reports, bugchecks.

pub mod calls;
pub mod fault;
pub mod faults;
pub mod leaks;
pub mod locks;
pub mod rules;

use crate::kernel::config::OnViolation;
use crate::kernel::{kernel, lock::Lock, try_kernel};
use crate::trace;
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// A rule that drivers must keep.
#[derive(Debug)]
pub struct Rule {
    /// Short stable name.
    pub id: &'static str,
    /// What the rule says.
    pub text: &'static str,
    /// Bugcheck that Windows raises for it.
    pub bugcheck: u32,
    /// First parameter of that bugcheck (the violation's number), 0 if none.
    pub parameter: u64,
}

/// A violation that was found.
#[derive(Clone, Debug)]
pub struct Report {
    /// The rule.
    pub rule: &'static Rule,
    /// What happened.
    pub text: String,
    /// The driver's call stack: module+offset (symbol).
    pub stack: Vec<String>,
    /// Virtual time, ns.
    pub time: u64,
}

/// The end of a run by a bugcheck.
#[derive(Clone, Debug)]
pub struct BugCheck {
    /// Code.
    pub code: u32,
    /// Parameters.
    pub parameters: [u64; 4],
    /// What happened, in words.
    pub text: String,
    /// Name of the violated rule, if it was one.
    pub rule: Option<&'static str>,
    /// The driver's call stack: module+offset (symbol).
    pub stack: Vec<String>,
    /// The device tree with its states.
    pub devices: String,
    /// Last events of the trace.
    pub trace: String,
}

impl core::fmt::Display for BugCheck {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let p = self.parameters;
        writeln!(
            f,
            "bugcheck {:#x} ({:#x}, {:#x}, {:#x}, {:#x}): {}",
            self.code, p[0], p[1], p[2], p[3], self.text
        )?;
        if let Some(rule) = self.rule {
            writeln!(f, "rule {rule}")?;
        }
        for line in &self.stack {
            writeln!(f, "    {line}")?;
        }
        if !self.devices.is_empty() {
            writeln!(f, "devices:\n{}", self.devices.trim_end())?;
        }
        write!(f, "last events:\n{}", self.trace)
    }
}

/// Verifier state of a kernel.
#[derive(Default)]
pub struct State {
    reports: Lock<Vec<Report>>,
    spurious: Lock<u64>,
    /// Calls of exports by name, while they are counted.
    counts: Lock<Option<BTreeMap<&'static str, u64>>>,
}

impl State {
    /// From now on drivers' calls of exports are counted, from zero.
    pub fn count_calls(&self) {
        *self.counts.lock() = Some(BTreeMap::new());
    }

    /// Ends the counting; the calls by name.
    pub fn calls_counted(&self) -> BTreeMap<&'static str, u64> {
        self.counts.lock().take().unwrap_or_default()
    }

    /// A driver called an export.
    #[inline]
    pub fn count(&self, name: &'static str) {
        if let Some(counts) = &mut *self.counts.lock() {
            *counts.entry(name).or_default() += 1;
        }
    }

    /// Violations so far.
    pub fn reports(&self) -> Vec<Report> {
        self.reports.lock().clone()
    }
}

/// Reports a violation: by default it ends the run with the rule's bugcheck.
pub fn report(rule: &'static Rule, text: String, parameters: [u64; 4]) {
    let k = kernel();
    trace::record(trace::Event::Report, rule.id);
    match k.config.on_violation {
        OnViolation::Bugcheck => {
            let mut p = parameters;
            if rule.parameter != 0 {
                p = [rule.parameter, parameters[0], parameters[1], parameters[2]];
            }
            stop(rule.bugcheck, p, text, Some(rule.id))
        }
        OnViolation::Collect => {
            let report = Report { rule, text, stack: calls::driver_stack(), time: k.engine.now() };
            k.verifier.reports.lock().push(report);
        }
    }
}

/// Ends the run with a bugcheck of the kernel itself.
pub fn bugcheck(code: u32, parameters: [u64; 4], text: &str) -> ! {
    stop(code, parameters, text.to_string(), None)
}

/// Ends the run.
pub fn stop(code: u32, parameters: [u64; 4], text: String, rule: Option<&'static str>) -> ! {
    let k = kernel();
    let stack = calls::driver_stack();
    let trace = k.trace.tail();
    let devices = crate::pnp::dump_now();
    if !matches!(code, SIMULATOR_ERROR..=SIMULATOR_LAST) {
        crate::ke::bugcheck::run_callbacks(k, code, parameters);
    }
    k.engine.halt(BugCheck { code, parameters, text, rule, stack, devices, trace })
}

/// Code of the report of an error in the simulator itself.
pub const SIMULATOR_ERROR: u32 = 0x5349_4D00;
/// Code of a run that an interrupt storm stopped.
pub const STORM: u32 = 0x5349_4D03;
/// Last of the codes that are no bugcheck of Windows: deadlock and livelock of the whole machine.
pub const SIMULATOR_LAST: u32 = 0x5349_4DFF;

/// Simulator code panicked inside an export or a thread.
pub fn simulator_panic(what: &str, message: String) -> ! {
    match try_kernel() {
        Some(_) => {
            stop(SIMULATOR_ERROR, [0; 4], alloc::format!("simulator panicked in {what}: {message}"), None)
        }
        None => panic!("simulator panicked in {what}: {message}"),
    }
}

/// An interrupt came that nobody had connected.
pub fn note_spurious(vector: u8) {
    let k = kernel();
    *k.verifier.spurious.lock() += 1;
    trace::record_value(trace::Event::Note, "spurious interrupt", vector as u64);
}
