//! The same seed gives the same trace: in one process, and in two processes whose addresses differ.
#![allow(missing_docs)]

use std::process::Command;

use scenarios::whole::{self, Load};

/// Names the seeds for a child process: `first..end`.
const CHILD: &str = "XENPV_SEEDS";
/// Set for the full load: what a seed costs is measured so, with `perf stat` around one child.
const FULL: &str = "XENPV_FULL_LOAD";

fn hashes(first: u64, end: u64) -> Vec<String> {
    let load = if std::env::var_os(FULL).is_some() { Load::FULL } else { Load::SMALL };
    (first..end)
        .map(|seed| {
            let facts = whole::run(seed, load).unwrap_or_else(|b| panic!("seed {seed}: {b}"));
            format!("seed {seed}: {:016x} {} {}", facts.hash, facts.events, facts.time)
        })
        .collect()
}

/// The child's part: prints one line for each seed.
#[test]
fn child() {
    let Some(range) = std::env::var_os(CHILD) else { return };
    let range = range.into_string().expect("digits");
    let (first, end) = range.split_once("..").expect("first..end");
    // The test runner has begun a line of its own.
    println!();
    for line in hashes(first.parse().expect("a seed"), end.parse().expect("a seed")) {
        println!("{line}");
    }
    // An address of the process: the parent looks whether randomisation was at work.
    println!("at {:p}", std::ptr::from_ref(&CHILD));
}

fn in_a_process(first: u64, end: u64) -> (Vec<String>, String) {
    let out = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "child", "--nocapture", "--test-threads=1"])
        .env(CHILD, format!("{first}..{end}"))
        .output()
        .expect("a child process");
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    assert!(out.status.success(), "{text}\n{}", String::from_utf8_lossy(&out.stderr));
    let lines = |start: &'static str| text.lines().filter(move |l| l.starts_with(start)).map(str::to_owned);
    (lines("seed ").collect(), lines("at ").collect())
}

#[test]
fn a_seed_replays_in_another_process() {
    let count = std::env::var("XENPV_DETERMINISM").map_or(12, |n| n.parse().expect("a number of seeds"));
    let first = in_a_process(0, count);
    let second = in_a_process(0, count);
    assert_eq!(first.0.len() as u64, count);
    assert_ne!(first.1, second.1, "both processes have the same addresses: this shows nothing");
    let different: Vec<_> = first.0.iter().zip(&second.0).filter(|(a, b)| a != b).collect();
    assert!(different.is_empty(), "{} of {count} seeds differ: {different:#?}", different.len());
    // Different seeds do differ, or the hash is blind.
    let distinct: std::collections::BTreeSet<_> = first.0.iter().map(|l| l.split(' ').nth(2)).collect();
    assert_eq!(distinct.len() as u64, count, "seeds with the same trace");
}
