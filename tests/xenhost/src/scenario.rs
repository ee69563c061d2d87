//! Lists of scenarios: each is a script in `dom0/scenarios` with a first comment line that says what
//! it proves. They run in one boot, one after the other; results come back through the shared folder.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};

use host::run::make_dir;

use crate::{image, qemu::Boot, report};

/// Seconds that one scenario may take unless its script says `# bound: N`.
const BOUND: u64 = 120;

/// Which scenarios run when none is named; a script says `# list: …` if it is not in the default one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum List {
    /// The shortest proof of disk and network
    Demo,
    /// What CI runs
    Default,
    /// What takes long; the default ones too
    Nightly,
}

/// Options of `run`.
#[derive(clap::Args)]
pub struct Options {
    /// Names of scenarios (see `list`)
    names: Vec<String>,
    /// What runs when no scenario is named
    #[arg(long, value_enum, default_value = "default")]
    list: List,
    /// A folder whose content guests get as /host/payload (drivers, kernels)
    #[arg(long)]
    payload: Option<PathBuf>,
    /// Outer processors
    #[arg(long, default_value_t = 2)]
    processors: u32,
    /// Run the whole list so often, each time in a boot of its own; ends at the first failure
    #[arg(long, default_value_t = 1)]
    times: u32,
    /// Let the machine's clock count instructions (docs/xenhost.md)
    #[arg(long)]
    counted: bool,
    /// Keep dom0 up after the list; more scenarios can be given to it (docs/xenhost.md)
    #[arg(long)]
    stay: bool,
}

/// The functions that scenarios share.
pub const LIB: &str = include_str!("../dom0/lib.sh");

/// A scenario as its script describes it.
struct Scenario {
    name: String,
    script: String,
}

impl Scenario {
    fn header(&self, key: &str) -> Option<&str> {
        self.script.lines().find_map(|line| line.strip_prefix("# ")?.strip_prefix(key)?.strip_prefix(": "))
    }

    fn bound(&self) -> u64 {
        self.header("bound").and_then(|text| text.trim().parse().ok()).unwrap_or(BOUND)
    }

    fn is_in(&self, list: List) -> bool {
        let own = self.header("list").unwrap_or("default");
        match list {
            List::Demo => own.split(' ').any(|word| word == "demo"),
            List::Default => own != "nightly" && own != "hand",
            List::Nightly => own != "hand",
        }
    }

    /// Time in it is counted in instructions: it measures.
    fn is_counted(&self) -> bool {
        self.header("clock").is_some_and(|clock| clock == "instructions")
    }

    /// What it proves.
    fn about(&self) -> &str {
        self.script.lines().next().unwrap_or_default().trim_start_matches("# ")
    }
}

fn all() -> Result<Vec<Scenario>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("dom0/scenarios");
    let mut found = Vec::new();
    for entry in fs::read_dir(&folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "sh") {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            found.push(Scenario { name, script: fs::read_to_string(&path)? });
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

/// Names of all scenarios, with what they prove.
pub fn describe() -> Result<String> {
    let lines: Vec<String> = all()?
        .iter()
        .map(|scenario| {
            let list = scenario.header("list").unwrap_or("default");
            format!("{:<18} [{list}] {}", scenario.name, scenario.about())
        })
        .collect();
    Ok(lines.join("\n"))
}

fn choose(options: &Options) -> Result<Vec<Scenario>> {
    let all = all()?;
    for name in &options.names {
        let known: Vec<&str> = all.iter().map(|scenario| scenario.name.as_str()).collect();
        ensure!(
            known.contains(&name.as_str()),
            "there is no scenario `{name}`; there are: {}",
            known.join(", ")
        );
    }
    let wanted = |scenario: &Scenario| {
        if options.names.is_empty() {
            scenario.is_in(options.list)
        } else {
            options.names.contains(&scenario.name)
        }
    };
    Ok(all.into_iter().filter(wanted).collect())
}

/// Runs scenarios in one boot; the summary says what was proven.
pub fn command(dir: &Path, options: &Options) -> Result<String> {
    let chosen = choose(options)?;
    let images = image::prepare(&dir.join("images"))?;
    let mut summary = String::new();
    for number in 1..=options.times {
        if options.times > 1 {
            eprintln!("==> run {number} of {}", options.times);
        }
        summary = once(dir, options, &chosen, &images)?;
    }
    fs::write(dir.join("results/summary"), &summary)?;
    if options.times > 1 {
        summary = format!("{} runs, none failed; the last: {summary}", options.times);
    }
    Ok(summary)
}

fn once(dir: &Path, options: &Options, chosen: &[Scenario], images: &image::Images) -> Result<String> {
    let results = dir.join("results");
    let _ = fs::remove_dir_all(&results);
    make_dir(&results)?;
    let start = Instant::now();
    let mut ended = Ok(());
    for counted in [false, true] {
        let group: Vec<&Scenario> =
            chosen.iter().filter(|scenario| (options.counted || scenario.is_counted()) == counted).collect();
        if ended.is_ok() && !group.is_empty() {
            ended = boot(dir, options, &group, images, counted);
        }
    }
    let compared = results.join("compare");
    let verdict = compared.join("rows.jsonl").is_file().then(|| report::make(&compared, dir));
    if let Some(Ok(verdict)) = &verdict {
        eprintln!("==> {}", verdict.summary);
    }
    let judged = judge(chosen, &results, start.elapsed());
    // A machine that broke down is the reason for what is missing, and what is missing that of a report that cannot be made.
    ended?;
    let summary = judged?;
    if let Some(verdict) = verdict {
        let failures = verdict?.failures;
        failures.iter().for_each(|failure| eprintln!("    {failure}"));
        ensure!(
            failures.is_empty(),
            "{} gates of the comparison failed; run just this one: cargo xtask xenhost run compare",
            failures.len()
        );
    }
    Ok(summary)
}

/// Runs scenarios in one boot.
fn boot(
    dir: &Path,
    options: &Options,
    chosen: &[&Scenario],
    images: &image::Images,
    counted: bool,
) -> Result<()> {
    let results = dir.join("results");
    let share = tempfile::Builder::new().prefix("share-").tempdir_in(dir).context("cannot make a folder")?;
    make_dir(&share.path().join("scenarios"))?;
    make_dir(&share.path().join("results"))?;
    let mut list = String::new();
    // Xen and dom0 need a few seconds; on a machine with other work, many.
    let mut total = 300;
    for scenario in chosen {
        total += scenario.bound() + 60;
        list.push_str(&format!("{} {}\n", scenario.name, scenario.bound()));
    }
    // All of them: one may be made of another.
    for scenario in all()? {
        fs::write(share.path().join(format!("scenarios/{}.sh", scenario.name)), &scenario.script)?;
    }
    fs::write(share.path().join("list"), list)?;
    fs::write(share.path().join("lib.sh"), LIB)?;
    if options.stay {
        total = 86_400;
        fs::write(share.path().join("stay"), b"")?;
        eprintln!("==> dom0 stays while {} is there", share.path().join("stay").display());
    }
    if let Some(payload) = &options.payload {
        copy(payload, &share.path().join("payload"))?;
    }
    eprintln!("==> booting Xen for {} scenarios; logs go to {}", chosen.len(), results.display());
    let start = Instant::now();
    let boot = Boot {
        images,
        share: share.path().to_owned(),
        log: results.join(if counted { "console-counted.log" } else { "console.log" }),
        processors: options.processors,
        memory: 3072,
        counted,
        bound: Duration::from_secs(total),
    };
    let ended = boot.run(|line| eprintln!("    {:4} s  {line}", start.elapsed().as_secs()));
    copy(&share.path().join("results"), &results)?;
    ended
}

fn judge(chosen: &[Scenario], results: &Path, took: Duration) -> Result<String> {
    let mut failed = Vec::new();
    let mut figures: BTreeMap<String, u64> = BTreeMap::new();
    for scenario in chosen {
        let folder = results.join(&scenario.name);
        let why = match fs::read_to_string(folder.join("status")).unwrap_or_default().split(' ').next() {
            Some("0") => None,
            Some("124" | "137") => Some("out of time".to_owned()),
            Some("") | None => Some("never ran to its end".to_owned()),
            Some(code) => Some(format!("exit {code}")),
        };
        if let Some(why) = why {
            let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
            let lines: Vec<&str> = log.lines().collect();
            eprintln!("--- {}: the last lines of {}/log", scenario.name, folder.display());
            for line in &lines[lines.len().saturating_sub(15)..] {
                eprintln!("    {line}");
            }
            eprintln!("    it proves: {}", scenario.about());
            eprintln!("    run just this one: cargo xtask xenhost run {}", scenario.name);
            failed.push(format!("{} ({why})", scenario.name));
            continue;
        }
        for line in fs::read_to_string(folder.join("proven")).unwrap_or_default().lines() {
            if let Some((number, what)) = line.split_once(' ') {
                *figures.entry(what.to_owned()).or_default() += number.parse().unwrap_or(0);
            }
        }
    }
    if !failed.is_empty() {
        bail!("{} of {} scenarios failed: {}", failed.len(), chosen.len(), failed.join(", "));
    }
    let proven: String = figures.iter().map(|(what, number)| format!(", {number} {what}")).collect();
    Ok(format!("{} scenarios passed in {} s{proven}", chosen.len(), took.as_secs()))
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
