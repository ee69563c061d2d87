//! The comparison with Linux' front-ends: rows of the scenario `compare` become a report with tables and plots, and the
//! same as JSON; and what must hold on any machine is judged.

mod page;
mod plot;

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

/// One measurement of time, as the scenario wrote it.
#[derive(Clone, Debug, Deserialize)]
struct Row {
    guest: String,
    round: u32,
    #[serde(flatten)]
    work: Work,
    /// Operations that were asked for, and those that succeeded: datagrams get lost.
    count: u64,
    done: u64,
    ns: u64,
    /// Requests on the ring, as the back-end counts them.
    requests: u64,
    /// Interrupts of the back-end by the guest.
    notifications: u64,
}

/// What is done: the rows of a table.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq, PartialOrd, Ord)]
struct Work {
    work: String,
    bytes: u64,
    /// Operations in flight; 0 where that is not the measurement's to say.
    depth: u32,
}

/// What one run of a work cost, by Xen's trace and by the front-end's own count of its copies.
#[derive(Clone, Debug, Deserialize)]
struct Count {
    guest: String,
    #[serde(flatten)]
    work: Work,
    /// Operations that were asked for: lost ones cost what others do.
    operations: u64,
    /// Hypercalls of the guest for event channels.
    events: u64,
    /// Its other hypercalls, without those of its scheduler and clock.
    others: u64,
    /// Those of its scheduler and clock.
    kernel: u64,
    /// Exits to Xen, for any reason.
    exits: u64,
    /// Interrupts that Xen gave it.
    interrupts: u64,
    /// Grants that dom0 mapped, and pieces that it copied, whosever they were.
    mapped: u64,
    dom0_copies: u64,
    /// Pieces of data that the front-end copied.
    copies: u64,
}

/// What is known of one guest's runs of one kind of work; everything is for one operation.
#[derive(Clone, Debug, Default, Serialize)]
struct Side {
    /// Operations a second, median.
    per_second: f64,
    /// Operations that succeeded of those asked for, median.
    delivered: f64,
    requests: f64,
    notifications: f64,
    /// The figures of the traced run, if there was one.
    traced: Option<Traced>,
}

#[derive(Clone, Debug, Default, Serialize)]
struct Traced {
    events: f64,
    hypercalls: f64,
    kernel: f64,
    exits: f64,
    interrupts: f64,
    mapped: f64,
    dom0_copies: f64,
    copies: f64,
}

/// One line of the report.
#[derive(Clone, Debug, Serialize)]
struct Line {
    #[serde(flatten)]
    work: Work,
    ours: Side,
    linux: Side,
    /// Operations a second, ours divided by Linux', of each round.
    ratios: Vec<f64>,
    median: f64,
    /// The least of the rounds: with five, the true median is not below it with a probability of 97 %.
    lower: f64,
    upper: f64,
    /// Gates that this line does not pass.
    above: Vec<Above>,
}

/// A hard gate that fails: something that depends on no machine is above Linux'.
#[derive(Clone, Debug, Serialize, PartialEq)]
struct Above {
    what: &'static str,
    ours: f64,
    linux: f64,
}

/// Rounds below which a line says how few they are.
const ROUNDS: usize = 5;
/// The bar of every line's lower bound.
const BAR: f64 = 0.9;
/// What is asked for.
const TARGET: f64 = 1.3;

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => sorted[n / 2],
        n => f64::midpoint(sorted[n / 2 - 1], sorted[n / 2]),
    }
}

fn rate(row: &Row) -> f64 {
    row.done as f64 * 1e9 / row.ns.max(1) as f64
}

fn side(rows: &[&Row], count: Option<&Count>) -> Side {
    let of = |f: &dyn Fn(&Row) -> f64| median(&rows.iter().map(|row| f(row)).collect::<Vec<_>>());
    let traced = count.map(|count| {
        let each = |number: u64| number as f64 / count.operations.max(1) as f64;
        Traced {
            events: each(count.events),
            hypercalls: each(count.events + count.others),
            kernel: each(count.kernel),
            exits: each(count.exits),
            interrupts: each(count.interrupts),
            mapped: each(count.mapped),
            dom0_copies: each(count.dom0_copies),
            copies: each(count.copies),
        }
    });
    Side {
        per_second: of(&rate),
        delivered: of(&|row| row.done as f64 / row.count.max(1) as f64),
        requests: of(&|row| row.requests as f64 / row.count.max(1) as f64),
        notifications: of(&|row| row.notifications as f64 / row.count.max(1) as f64),
        traced,
    }
}

/// Is one figure above the other? How many operations one event covers depends a little on how the two sides meet; a
/// twentieth, and an event in a hundred operations, are that.
fn is_above(ours: f64, linux: f64) -> bool {
    ours > linux * 1.05 + 0.01
}

fn gates(ours: &Side, linux: &Side) -> Vec<Above> {
    let mut figures = vec![("notifications", ours.notifications, linux.notifications)];
    if let (Some(ours), Some(linux)) = (&ours.traced, &linux.traced) {
        figures.push(("hypercalls", ours.hypercalls, linux.hypercalls));
        figures.push(("copies", ours.copies, linux.copies));
    }
    figures
        .into_iter()
        .filter(|(_, ours, linux)| is_above(*ours, *linux))
        .map(|(what, ours, linux)| Above { what, ours, linux })
        .collect()
}

fn lines(rows: &[Row], counts: &[Count]) -> Vec<Line> {
    let mut groups: BTreeMap<&Work, Vec<&Row>> = BTreeMap::new();
    for row in rows {
        groups.entry(&row.work).or_default().push(row);
    }
    let mut out = Vec::new();
    for (work, group) in groups {
        let (ours, linux): (Vec<&Row>, Vec<&Row>) = group.into_iter().partition(|row| row.guest == "ours");
        let ratios: Vec<f64> = ours
            .iter()
            .filter_map(|row| Some(rate(row) / rate(linux.iter().find(|other| other.round == row.round)?)))
            .collect();
        if ratios.is_empty() {
            continue;
        }
        let count = |guest: &str| counts.iter().find(|count| count.guest == guest && count.work == *work);
        let (ours, linux) = (side(&ours, count("ours")), side(&linux, count("linux")));
        out.push(Line {
            work: work.clone(),
            above: gates(&ours, &linux),
            ours,
            linux,
            median: median(&ratios),
            lower: ratios.iter().copied().fold(f64::INFINITY, f64::min),
            upper: ratios.iter().copied().fold(0.0, f64::max),
            ratios,
        });
    }
    out
}

fn read<T: for<'a> Deserialize<'a>>(path: &Path) -> Result<Vec<T>> {
    let text = fs::read_to_string(path).with_context(|| format!("{}", path.display()))?;
    text.lines()
        .map(|line| serde_json::from_str(line).with_context(|| format!("{}: {line}", path.display())))
        .collect()
}

/// What a comparison came to.
pub struct Verdict {
    /// A line for people.
    pub summary: String,
    /// Gates that fail, in words.
    pub failures: Vec<String>,
}

/// Makes `report.html`, `report.svg` and `report.json` in `dir` from the scenario's rows in `results`.
pub fn make(results: &Path, dir: &Path) -> Result<Verdict> {
    let rows: Vec<Row> = read(&results.join("rows.jsonl"))?;
    let counts: Vec<Count> = read(&results.join("counts.jsonl"))?;
    let lines = lines(&rows, &counts);
    ensure!(!lines.is_empty(), "the comparison has no rows with both guests");
    fs::write(dir.join("report.json"), serde_json::to_string_pretty(&lines)?)?;
    fs::write(dir.join("report.svg"), plot::ratios(&lines)?)?;
    fs::write(dir.join("report.html"), page::page(&lines)?)?;
    Ok(verdict(&lines, &dir.join("report.html")))
}

fn verdict(lines: &[Line], report: &Path) -> Verdict {
    let mut failures = Vec::new();
    for line in lines {
        for Above { what, ours, linux } in &line.above {
            failures.push(format!(
                "{}: {ours:.3} {what} per operation, Linux needs {linux:.3}",
                name(&line.work)
            ));
        }
        if line.ours.traced.is_none() || line.linux.traced.is_none() {
            failures.push(format!("{}: no count of hypercalls and copies", name(&line.work)));
        }
    }
    let medians: Vec<f64> = lines.iter().map(|line| line.median).collect();
    let good = lines.iter().filter(|line| line.lower >= BAR).count();
    let summary = format!(
        "beside Linux: {} kinds of work, median ratio {:.2}, {good} with a lower bound of at least {BAR}, {} gates failed; {}",
        lines.len(),
        median(&medians),
        failures.len(),
        report.display()
    );
    Verdict { summary, failures }
}

/// A work in a few words.
fn name(work: &Work) -> String {
    let size = match work.bytes {
        bytes if bytes.is_multiple_of(1024) => format!("{}k", bytes >> 10),
        bytes => format!("{bytes} B"),
    };
    match work.depth {
        0 => format!("{} {size}", work.work),
        depth => format!("{} {size}, depth {depth}", work.work),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn work() -> Work {
        Work { work: "read random".to_owned(), bytes: 4096, depth: 8 }
    }

    fn row(guest: &str, round: u32, ns: u64, notifications: u64) -> Row {
        Row {
            guest: guest.to_owned(),
            round,
            work: work(),
            count: 100,
            done: 100,
            ns,
            requests: 100,
            notifications,
        }
    }

    fn count(guest: &str, events: u64, others: u64, copies: u64) -> Count {
        Count {
            guest: guest.to_owned(),
            work: work(),
            operations: 100,
            events,
            others,
            kernel: 1000,
            exits: 5000,
            interrupts: 100,
            mapped: 100,
            dom0_copies: 0,
            copies,
        }
    }

    fn both(ours: [u64; 4], linux: [u64; 4]) -> Vec<Line> {
        let rows = [row("ours", 1, 100, ours[0]), row("linux", 1, 100, linux[0])];
        let counts = [count("ours", ours[1], ours[2], ours[3]), count("linux", linux[1], linux[2], linux[3])];
        lines(&rows, &counts)
    }

    #[test]
    fn ratios_are_of_the_same_round() {
        let rows = [
            row("ours", 1, 100, 50),
            row("linux", 1, 200, 100),
            row("ours", 2, 400, 50),
            row("linux", 2, 200, 100),
            row("ours", 3, 100, 50),
            row("linux", 3, 100, 100),
        ];
        let found = lines(&rows, &[]);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].lower, found[0].median, found[0].upper), (0.5, 1.0, 2.0));
        assert_eq!((found[0].ours.notifications, found[0].linux.notifications), (0.5, 1.0));
        assert!(plot::ratios(&found).is_ok_and(|svg| svg.contains("<svg")));
    }

    #[test]
    fn operations_that_were_lost_do_not_count() {
        let lost = Row { done: 50, ..row("ours", 1, 100, 50) };
        let found = lines(&[lost, row("linux", 1, 100, 50)], &[]);
        assert_eq!((found[0].median, found[0].ours.delivered), (0.5, 0.5));
    }

    #[test]
    fn every_gate_fires() {
        let linux = [50, 60, 10, 100];
        let failed = |ours| {
            let lines = both(ours, linux);
            let verdict = verdict(&lines, Path::new("report"));
            assert_eq!(verdict.failures.len(), lines[0].above.len());
            lines[0].above.iter().map(|above| above.what).collect::<Vec<_>>()
        };
        assert!(failed(linux).is_empty());
        assert!(failed([0, 0, 0, 0]).is_empty());
        assert_eq!(failed([55, 60, 10, 100]), ["notifications"]);
        assert_eq!(failed([50, 66, 10, 100]), ["hypercalls"]);
        assert_eq!(failed([50, 60, 16, 100]), ["hypercalls"], "events are not all hypercalls");
        assert_eq!(failed([50, 60, 10, 110]), ["copies"]);
        assert_eq!(failed([100, 100, 100, 200]), ["notifications", "hypercalls", "copies"]);
    }

    #[test]
    fn a_line_without_counts_is_a_failure() {
        let lines = lines(&[row("ours", 1, 100, 50), row("linux", 1, 100, 50)], &[]);
        let failures = verdict(&lines, Path::new("report")).failures;
        assert_eq!(failures, ["read random 4k, depth 8: no count of hypercalls and copies"]);
    }
}
