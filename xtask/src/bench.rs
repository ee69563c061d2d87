//! `bench`: what an operation of the shipped drivers costs, counted in the test bed: notifications, hypercalls,
//! allocations, instructions; and what a seed costs the test bed. The bars and budgets are asserted by the tests that
//! print the figures.

use anyhow::{Result, ensure};

use crate::{build, run, setup};

/// Test binaries that measure, with their packages; add yours.
const BENCHES: &[(&str, &str, &str)] = &[
    ("disk", "scenarios", "xenvbd_cost"),
    ("net", "scenarios", "xennet_cost"),
    ("seed", "scenarios", "seed_cost"),
];

/// Those whose figures are those of optimised code; drivers are that in any case.
const OPTIMISED: [&str; 1] = ["seed"];

/// Options of `bench`.
#[derive(clap::Args)]
#[group(id = "bench-options")]
pub struct Options {
    /// Only these (disk, net, seed); all without it
    names: Vec<String>,
    #[command(flatten)]
    build: build::Options,
}

/// `cargo xtask bench`.
pub fn command(options: &Options) -> Result<String> {
    let names: Vec<&str> = BENCHES.iter().map(|(name, ..)| *name).collect();
    for name in &options.names {
        ensure!(names.contains(&name.as_str()), "there is no bench `{name}`; there are {}", names.join(", "));
    }
    setup::for_tests()?;
    build::drivers(&options.build)?;
    let wanted = |name: &str| options.names.is_empty() || options.names.iter().any(|n| n == name);
    for (name, package, binary) in BENCHES.iter().filter(|(name, ..)| wanted(name)) {
        run::step(&format!("bench: {name}"));
        let profile: &[&str] = if OPTIMISED.contains(name) { &["--release"] } else { &[] };
        run::run(
            run::cargo()
                .args(["test", "--quiet", "--locked", "--package", package, "--test", binary])
                .args(profile)
                .args(["--", "--nocapture", "--test-threads", "1"])
                .env("XENPV_DRIVERS", build::out_dir()),
        )?;
    }
    Ok("all costs are within their bars".to_owned())
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_bench_is_there() {
        for (name, package, binary) in super::BENCHES {
            let path = crate::run::root().join(format!("tests/{package}/tests/{binary}.rs"));
            assert!(path.exists(), "{name}: {}", path.display());
        }
    }
}
