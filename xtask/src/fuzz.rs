//! `fuzz`: libFuzzer over the parsers of peer input (`tests/fuzz`), with the compiler that is there:
//! coverage comes from flags that a stable compiler takes, so neither nightly nor cargo-fuzz is needed.

use std::{fs, path::PathBuf};

use anyhow::{Context, Result, bail};
use host::{need, need::Need, run};

/// What `cargo fuzz` would set: counters at every edge, checks on, and the name that crates know.
const FLAGS: [&str; 8] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Cdebug-assertions=on",
    "-Coverflow-checks=on",
    "-Ccodegen-units=1",
];
const MANIFEST: &str = "tests/fuzz/Cargo.toml";
/// libFuzzer is C++.
const CXX: Need = Need { package: "g++", names: &["c++"] };

/// Options of `fuzz`.
#[derive(clap::Args)]
#[group(id = "fuzz-options")]
pub struct Options {
    /// Targets; all without names
    targets: Vec<String>,
    /// Seconds for each target
    #[arg(long, default_value_t = 60)]
    seconds: u32,
}

/// Names of all targets.
fn names() -> Result<Vec<String>> {
    let mut names: Vec<String> = fs::read_dir(run::root().join("tests/fuzz/fuzz_targets"))?
        .filter_map(|entry| Some(entry.ok()?.path().file_stem()?.to_string_lossy().into_owned()))
        .collect();
    names.sort();
    Ok(names)
}

/// `cargo xtask fuzz`.
pub fn command(options: &Options) -> Result<String> {
    let all = names()?;
    if let Some(unknown) = options.targets.iter().find(|name| !all.contains(name)) {
        bail!("there is no fuzz target `{unknown}`; there are {}", all.join(", "));
    }
    let chosen = if options.targets.is_empty() { &all } else { &options.targets };
    need::ensure(&[CXX])?;
    run::step("building the fuzz targets");
    let target = run::target().join("fuzz");
    run::run(
        run::cargo()
            .args(["build", "--quiet", "--release", "--locked", "--features", "libfuzzer"])
            .args(["--manifest-path", MANIFEST, "--bins", "--target", "x86_64-unknown-linux-gnu"])
            .env("CARGO_ENCODED_RUSTFLAGS", FLAGS.join("\x1f"))
            .env("CARGO_TARGET_DIR", &target),
    )?;
    for (number, name) in chosen.iter().enumerate() {
        run::step(&format!("fuzz {}/{}: {name}, {} s", number + 1, chosen.len(), options.seconds));
        one(&target, name, options.seconds)?;
    }
    Ok(format!("{} fuzz targets, {} s each: no finds", chosen.len(), options.seconds))
}

fn one(target: &std::path::Path, name: &str, seconds: u32) -> Result<()> {
    let corpus = target.join("corpus").join(name);
    let finds: PathBuf = target.join("finds").join(name);
    run::make_dir(&corpus)?;
    run::make_dir(&finds)?;
    let mut fuzzer = std::process::Command::new(target.join("x86_64-unknown-linux-gnu/release").join(name));
    // The corpus grows where the first folder says; the seeds are only read.
    fuzzer.arg(&corpus);
    let seeds = run::root().join("tests/fuzz/seeds").join(name);
    if seeds.is_dir() {
        fuzzer.arg(seeds);
    }
    fuzzer
        .arg(format!("-max_total_time={seconds}"))
        .args(["-timeout=10", "-rss_limit_mb=2048", "-verbosity=0", "-print_final_stats=1"])
        .arg(format!("-artifact_prefix={}/", finds.display()));
    run::run(&mut fuzzer).with_context(|| {
        format!(
            "{name}: the input is in {}; copy it to tests/fuzz/seeds/{name} with the repair",
            finds.display()
        )
    })
}
