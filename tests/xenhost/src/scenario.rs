//! Lists of scenarios: each is a script in `dom0/scenarios` with a first comment line that says what
//! it proves. They run in one boot, one after the other; results come back through the shared folder.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

use host::run::make_dir;

use crate::{image, qemu::Boot};

/// Seconds that one scenario may take unless its script says `# bound: N`.
const BOUND: u64 = 120;

/// Options of `run`.
#[derive(clap::Args)]
pub struct Options {
    /// Names of scenarios (see `list`)
    names: Vec<String>,
    /// A folder whose content guests get as /host/payload (drivers, kernels)
    #[arg(long)]
    payload: Option<PathBuf>,
    /// Outer processors
    #[arg(long, default_value_t = 2)]
    processors: u32,
}

fn scripts() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("dom0/scenarios")
}

/// Names of all scenarios.
pub fn names() -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(scripts())? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "sh") {
            names.push(path.file_stem().unwrap_or_default().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

fn bound(script: &str) -> u64 {
    script.lines().find_map(|line| line.strip_prefix("# bound: ")?.trim().parse().ok()).unwrap_or(BOUND)
}

/// Runs scenarios in one boot; the summary says what was proven.
pub fn command(dir: &Path, options: &Options) -> Result<String> {
    let all = names()?;
    let chosen = if options.names.is_empty() { all.clone() } else { options.names.clone() };
    for name in &chosen {
        if !all.contains(name) {
            bail!("there is no scenario `{name}`; there are: {}", all.join(", "));
        }
    }
    let images = image::prepare(&dir.join("images"))?;
    let results = dir.join("results");
    make_dir(&results)?;
    let share = tempfile::Builder::new().prefix("share-").tempdir_in(dir).context("cannot make a folder")?;
    make_dir(&share.path().join("scenarios"))?;
    make_dir(&share.path().join("results"))?;
    let mut list = String::new();
    let mut total = 60;
    for name in &chosen {
        let script = fs::read_to_string(scripts().join(format!("{name}.sh")))?;
        total += bound(&script) + 40;
        list.push_str(&format!("{name} {}\n", bound(&script)));
        fs::write(share.path().join(format!("scenarios/{name}.sh")), script)?;
    }
    fs::write(share.path().join("list"), list)?;
    if let Some(payload) = &options.payload {
        copy(payload, &share.path().join("payload"))?;
    }
    let start = Instant::now();
    let boot = Boot {
        images: &images,
        share: share.path().to_owned(),
        log: results.join("console.log"),
        processors: options.processors,
        memory: 3072,
        bound: Duration::from_secs(total),
    };
    let ended = boot.run(|line| eprintln!("    {:4} s  {line}", start.elapsed().as_secs()));
    copy(&share.path().join("results"), &results)?;
    ended?;
    judge(&chosen, &share.path().join("results"), &results, start.elapsed())
}

fn judge(chosen: &[String], shared: &Path, kept: &Path, took: Duration) -> Result<String> {
    let mut failed = Vec::new();
    for name in chosen {
        let status = fs::read_to_string(shared.join(name).join("status")).unwrap_or_default();
        match status.split_whitespace().next() {
            Some("0") => {}
            Some("124" | "137") => failed.push(format!("{name} (out of time)")),
            Some(code) => failed.push(format!("{name} (exit {code})")),
            None => failed.push(format!("{name} (never ran)")),
        }
    }
    if failed.is_empty() {
        return Ok(format!("{} scenarios passed in {} s", chosen.len(), took.as_secs()));
    }
    for name in failed.iter().filter_map(|text| text.split(' ').next()) {
        let log = fs::read_to_string(shared.join(name).join("log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        eprintln!("--- {name}: the last lines of {}/{name}/log", kept.display());
        for line in &lines[lines.len().saturating_sub(12)..] {
            eprintln!("    {line}");
        }
        eprintln!("    run just this one: cargo xtask xenhost run {name}");
    }
    bail!("{} of {} scenarios failed: {}", failed.len(), chosen.len(), failed.join(", "))
}

/// Copies a tree over another.
fn copy(from: &Path, to: &Path) -> Result<()> {
    make_dir(to)?;
    for entry in fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))? {
        let path = entry?.path();
        let target = to.join(path.file_name().unwrap_or_default());
        if path.is_dir() {
            copy(&path, &target)?;
        } else {
            fs::copy(&path, &target)?;
        }
    }
    Ok(())
}
