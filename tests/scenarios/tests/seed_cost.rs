//! What a seed costs the test bed: a boot of bus, disk and NIC with 1,000 disk requests and 1,000 frames, all compared.
//! `cargo xtask bench seed` prints it in release; what the test holds is the number of events, which does not depend on
//! the machine.
#![allow(missing_docs)]

use scenarios::whole::{self, Load};

/// Events of a seed at most, in the median: a quarter more than they were when the budget was set.
const BUDGET: u64 = 250_000;
/// Milliseconds of one core that a seed may cost in release.
const BAR: u64 = 150;

/// CPU time of this thread, ns.
fn cpu() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split(' ').next().and_then(|ns| ns.parse().ok()).unwrap_or(0)
}

fn median(mut of: Vec<u64>) -> u64 {
    of.sort_unstable();
    of[of.len() / 2]
}

#[test]
fn a_seed_stays_in_its_budget_of_events() {
    let count = std::env::var("XENPV_COST_SEEDS").map_or(3, |n| n.parse().expect("a number of seeds"));
    let (mut times, mut events) = (Vec::new(), Vec::new());
    for seed in 0..count {
        let before = cpu();
        let facts = whole::run(seed, Load::FULL).unwrap_or_else(|b| panic!("seed {seed}: {b}"));
        times.push((cpu() - before) / 1_000_000);
        events.push(facts.events);
    }
    let (time, events) = (median(times), median(events));
    println!("a seed with {:?}: {events} events, {time} ms of a core (bar in release: {BAR} ms)", Load::FULL);
    assert!(events > 10_000, "there was a load: {events}");
    assert!(events <= BUDGET, "{events} events, at most {BUDGET}");
}
