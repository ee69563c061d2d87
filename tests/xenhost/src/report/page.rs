//! The page for people.

use std::fmt::Write as _;

use anyhow::Result;

use super::{BAR, Line, ROUNDS, Side, TARGET, Traced, name, plot};

const STYLE: &str = "body{font:15px/1.45 sans-serif;margin:2em auto;max-width:1080px;padding:0 1em;color:#222}\
    table{border-collapse:collapse;font-size:13px;margin:1em 0}td,th{border:1px solid #ccc;padding:3px 8px;text-align:right}\
    th{background:#f2f2f2}td:first-child,th:first-child{text-align:left;white-space:nowrap}.above{background:#f3b8a8}\
    .short{background:#f6dfb8}svg{max-width:100%;height:auto}h2{margin-top:1.6em}";

fn row(out: &mut String, work: &str, cells: &[(String, &str)]) {
    let _ = write!(out, "<tr><td>{work}</td>");
    for (text, class) in cells {
        let class = if class.is_empty() { String::new() } else { format!(" class=\"{class}\"") };
        let _ = write!(out, "<td{class}>{text}</td>");
    }
    out.push_str("</tr>\n");
}

fn head(out: &mut String, titles: &[&str]) {
    out.push_str("<table><tr>");
    titles.iter().for_each(|title| {
        let _ = write!(out, "<th>{title}</th>");
    });
    out.push_str("</tr>\n");
}

fn number(value: f64) -> String {
    match value.abs() {
        small if small < 10.0 => format!("{value:.2}"),
        small if small < 100.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

/// How fast: operations, bytes, and the ratio with its spread.
fn speed(lines: &[Line]) -> String {
    let mut out = String::new();
    head(
        &mut out,
        &["work", "ours, op/s", "MiB/s", "arrived", "Linux, op/s", "MiB/s", "arrived", "ratio", "rounds"],
    );
    for line in lines {
        let side = |side: &Side| {
            let mib = side.per_second * line.work.bytes as f64 / f64::from(1 << 20);
            [number(side.per_second), number(mib), format!("{:.0} %", side.delivered * 100.0)]
        };
        let mut cells: Vec<(String, &str)> =
            side(&line.ours).into_iter().chain(side(&line.linux)).map(|text| (text, "")).collect();
        let class = if line.lower < BAR { "short" } else { "" };
        cells.push((format!("{:.2} ({:.2}–{:.2})", line.median, line.lower, line.upper), class));
        let few = if line.ratios.len() < ROUNDS { "short" } else { "" };
        cells.push((line.ratios.len().to_string(), few));
        row(&mut out, &name(&line.work), &cells);
    }
    out + "</table>\n"
}

type Figure = fn(&Traced) -> f64;

/// What it costs, and the gates.
fn costs(lines: &[Line]) -> String {
    let mut out = String::new();
    head(
        &mut out,
        &[
            "one operation, ours / Linux",
            "requests",
            "notifications",
            "hypercalls",
            "copies",
            "interrupts",
            "exits",
            "dom0 maps",
            "dom0 copies",
        ],
    );
    for line in lines {
        let mut cells = Vec::new();
        let mut pair = |what: &str, ours: f64, linux: f64| {
            let above = line.above.iter().any(|above| above.what == what);
            cells.push((format!("{} / {}", number(ours), number(linux)), if above { "above" } else { "" }));
        };
        pair("requests", line.ours.requests, line.linux.requests);
        pair("notifications", line.ours.notifications, line.linux.notifications);
        if let (Some(ours), Some(linux)) = (&line.ours.traced, &line.linux.traced) {
            let figures: [(&str, Figure); 6] = [
                ("hypercalls", |side| side.hypercalls),
                ("copies", |side| side.copies),
                ("interrupts", |side| side.interrupts),
                ("exits", |side| side.exits),
                ("mapped", |side| side.mapped),
                ("dom0", |side| side.dom0_copies),
            ];
            figures.iter().for_each(|(what, figure)| pair(what, figure(ours), figure(linux)));
        }
        row(&mut out, &name(&line.work), &cells);
    }
    out + "</table>\n"
}

/// The whole page.
pub fn page(lines: &[Line]) -> Result<String> {
    Ok(format!(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>Beside Linux</title><style>{STYLE}</style>\n\
         <h1>The drivers beside Linux' front-ends</h1>\n\
         <p>Both guests have one processor and run on one Xen, with the same back-ends of one dom0 (xen-blkback on files in memory, \
         xen-netback on a bridge), in turns. The other ends of connections are in dom0. The machine is QEMU without KVM, and its clock counts \
         instructions, one a nanosecond: the figures do not depend on what else the computer does. They are the work that all processors \
         have with an operation, one after the other: that of the guest's kernel, the front-end, Xen and dom0. Ours is not Windows' kernel but the \
         stand-in kernel, whose work counts as ours.</p>\n\
         <h2>How fast</h2>\n\
         <p>A bar is the median of the rounds, its line their spread. The lower end is the least of all rounds, and with five rounds the true median \
         is not below it with a probability of 97 %. Green: the lower end is at least {BAR}; the target is {TARGET}.</p>\n{}\n{}\n\
         <h2>What an operation costs</h2>\n\
         <p>Notifications are interrupts of the back-end by the guest, as dom0 counts them, the median of the rounds. The other columns are from one \
         run more, with Xen's trace on: hypercalls of the guest (those of its scheduler and clock are its kernel's, and are left out), \
         interrupts that it was given, its exits to Xen, grants that dom0 mapped and pieces that it copied. Copies are pieces of data that the \
         front-end copied, as the driver counts them, in Linux by probes on the functions that copy. Marked: above Linux' by more than \
         a twentieth. Notifications, hypercalls and copies are gates, and a marked one fails the scenario.</p>\n{}</html>\n",
        plot::ratios(lines)?,
        speed(lines),
        costs(lines)
    ))
}
