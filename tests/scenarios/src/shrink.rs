//! A failing scenario, told as briefly as it can be: its seed, the fewest injected faults that still make it fail, where the
//! driver was, and what state the devices were in.

#![allow(clippy::result_large_err, reason = "a bug check ends the run")]

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
};

use ntsim::{kernel::config::Faults, verifier::faults};
use ntsim_host::BugCheck;

use crate::rig::Rig;

/// Runs that one shrinking may take.
const MOST_RUNS: u32 = 100;

/// How a run failed.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The bug check, or the message of a failed assertion.
    pub what: String,
    /// Allocations that were made to fail: number, and who asked.
    pub faults: Vec<(u64, String)>,
    /// The driver's call stack.
    pub stack: Vec<String>,
    /// The device tree.
    pub devices: String,
}

/// A failure that has been shrunk.
#[derive(Clone, Debug)]
pub struct Story {
    /// The seed.
    pub seed: u64,
    /// The failure with the fewest faults.
    pub failure: Failure,
    /// Faults that the first failure had.
    pub faults_before: usize,
    /// Runs that it took.
    pub runs: u32,
}

impl fmt::Display for Story {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {}: {}", self.seed, self.failure.what)?;
        let numbers: Vec<u64> = self.failure.faults.iter().map(|(n, _)| *n).collect();
        writeln!(f, "faults: Those(&{numbers:?}) (of {}, {} runs)", self.faults_before, self.runs)?;
        for (number, who) in &self.failure.faults {
            writeln!(f, "    allocation {number} at {who}")?;
        }
        for line in &self.failure.stack {
            writeln!(f, "    {line}")?;
        }
        write!(f, "devices:\n{}", self.failure.devices)
    }
}

/// Runs a scenario to its end in the guest of `rig`: a bug check, a failed assertion and a broken rule of xensim count.
///
/// # Errors
/// The failure.
pub fn attempt(rig: &Rig, scenario: impl FnOnce()) -> Result<(), Failure> {
    let outcome: Result<Result<(), BugCheck>, _> = catch_unwind(AssertUnwindSafe(|| rig.try_run(scenario)));
    let injected = || faults::injected();
    match outcome {
        Ok(Ok(())) => match rig.xen.violations() {
            v if v.is_empty() => Ok(()),
            v => Err(Failure {
                what: format!("{v:?}"),
                faults: injected(),
                stack: Vec::new(),
                devices: ntsim::pnp::dump_now(),
            }),
        },
        Ok(Err(b)) => Err(Failure {
            what: format!("bugcheck {:#x} {:x?}: {}", b.code, b.parameters, b.text),
            faults: injected(),
            stack: b.stack,
            devices: b.devices,
        }),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(|s| (*s).to_owned()));
            Err(Failure {
                what: text.unwrap_or_else(|| "a panic without a message".into()),
                faults: injected(),
                stack: Vec::new(),
                devices: ntsim::pnp::dump_now(),
            })
        }
    }
}

/// Runs a scenario with a seed and faults; if it fails, finds the shortest list of faults with which it still fails.
/// `run` builds the guest anew each time (see [`attempt`]).
///
/// # Errors
/// The story of the failure.
pub fn shrink(
    seed: u64,
    faults: Faults,
    mut run: impl FnMut(Faults) -> Result<(), Failure>,
) -> Result<(), Box<Story>> {
    let Err(mut best) = run(faults) else { return Ok(()) };
    let faults_before = best.faults.len();
    let mut runs = 1;
    // Delta debugging: leave out ever smaller parts as long as the rest still fails.
    let mut parts = 2;
    while !best.faults.is_empty() && runs < MOST_RUNS {
        let list: Vec<u64> = best.faults.iter().map(|(n, _)| *n).collect();
        let size = list.len().div_ceil(parts);
        let smaller = list.chunks(size).enumerate().find_map(|(index, _)| {
            if runs >= MOST_RUNS {
                return None;
            }
            runs += 1;
            let rest: Vec<u64> =
                list.iter().enumerate().filter(|(at, _)| at / size != index).map(|(_, n)| *n).collect();
            run(Faults::Those(Vec::leak(rest))).err()
        });
        match smaller {
            Some(failure) => {
                best = failure;
                parts = 2.max(parts - 1);
            }
            None if size == 1 => break,
            None => parts = (parts * 2).min(list.len()),
        }
    }
    Err(Box::new(Story { seed, failure: best, faults_before, runs }))
}
