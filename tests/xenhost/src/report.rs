//! The comparison with Linux' front-ends: rows of the scenario `compare` become a report with tables and plots, and the
//! same as JSON.

use std::{collections::BTreeMap, fmt::Write as _, fs, path::Path};

use anyhow::{Context, Result, ensure};
use plotters::prelude::*;
use serde::{Deserialize, Serialize};

/// One measurement, as the scenario wrote it.
#[derive(Clone, Debug, Deserialize)]
struct Row {
    guest: String,
    round: u32,
    work: String,
    bytes: u64,
    depth: u32,
    count: u64,
    ns: u64,
    requests: u64,
    notifications: u64,
}

/// What is known of one guest's runs of one kind of work.
#[derive(Debug, Serialize)]
struct Side {
    /// Operations a second, median.
    per_second: f64,
    /// Requests on the ring for one operation, median.
    requests: f64,
    /// Notifications of the back-end for one operation, median.
    notifications: f64,
}

/// One line of the report.
#[derive(Debug, Serialize)]
struct Line {
    work: String,
    bytes: u64,
    depth: u32,
    ours: Side,
    linux: Side,
    /// Ours divided by Linux', of each round.
    ratios: Vec<f64>,
    median: f64,
    /// The least of the rounds: with five, the true median is not below it with a probability of 97 %.
    lower: f64,
    upper: f64,
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => sorted[n / 2],
        n => f64::midpoint(sorted[n / 2 - 1], sorted[n / 2]),
    }
}

fn side(rows: &[&Row]) -> Side {
    let of = |f: &dyn Fn(&Row) -> f64| median(&rows.iter().map(|row| f(row)).collect::<Vec<_>>());
    Side {
        per_second: of(&|row| row.count as f64 * 1e9 / row.ns.max(1) as f64),
        requests: of(&|row| row.requests as f64 / row.count as f64),
        notifications: of(&|row| row.notifications as f64 / row.count as f64),
    }
}

fn lines(rows: &[Row]) -> Vec<Line> {
    let mut groups: BTreeMap<(&str, u64, u32), Vec<&Row>> = BTreeMap::new();
    for row in rows {
        groups.entry((&row.work, row.bytes, row.depth)).or_default().push(row);
    }
    let mut out = Vec::new();
    for ((work, bytes, depth), group) in groups {
        let (ours, linux): (Vec<&Row>, Vec<&Row>) = group.into_iter().partition(|row| row.guest == "ours");
        let ratios: Vec<f64> = ours
            .iter()
            .filter_map(|row| {
                let other = linux.iter().find(|other| other.round == row.round)?;
                Some(other.ns as f64 / row.ns.max(1) as f64)
            })
            .collect();
        if ratios.is_empty() {
            continue;
        }
        out.push(Line {
            work: work.to_owned(),
            bytes,
            depth,
            ours: side(&ours),
            linux: side(&linux),
            median: median(&ratios),
            lower: ratios.iter().copied().fold(f64::INFINITY, f64::min),
            upper: ratios.iter().copied().fold(0.0, f64::max),
            ratios,
        });
    }
    out
}

/// Bars of the medians with the spread of the rounds.
fn plot(lines: &[Line]) -> Result<String> {
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (900, 360)).into_drawing_area();
        area.fill(&WHITE)?;
        let top = lines.iter().map(|line| line.upper).fold(1.4, f64::max) * 1.1;
        let mut chart = ChartBuilder::on(&area)
            .caption("Throughput of the shipped driver ÷ Linux' front-end", ("sans-serif", 18))
            .margin(10)
            .x_label_area_size(70)
            .y_label_area_size(45)
            .build_cartesian_2d(0.0..lines.len() as f64, 0.0..top)?;
        let name = |at: &f64| {
            // A label stands in the middle of its bar.
            let index = at.floor();
            if (at - index - 0.5).abs() > 0.01 {
                return String::new();
            }
            lines.get(index as usize).map_or_else(String::new, |line| {
                format!("{} {}k d{}", line.work, line.bytes >> 10, line.depth)
            })
        };
        chart
            .configure_mesh()
            .disable_x_mesh()
            .x_labels(lines.len() * 2 + 1)
            .x_label_formatter(&name)
            .x_label_style(("sans-serif", 11).into_font().transform(FontTransform::Rotate90))
            .draw()?;
        for (index, line) in lines.iter().enumerate() {
            let at = index as f64;
            let colour = if line.lower >= 0.9 { RGBColor(60, 130, 80) } else { RGBColor(200, 120, 40) };
            let bar = Rectangle::new([(at + 0.15, 0.0), (at + 0.85, line.median)], colour.filled());
            chart.draw_series(std::iter::once(bar))?;
            let spread =
                PathElement::new([(at + 0.5, line.lower), (at + 0.5, line.upper)], BLACK.stroke_width(2));
            chart.draw_series(std::iter::once(spread))?;
        }
        let par = PathElement::new([(0.0, 1.0), (lines.len() as f64, 1.0)], BLACK);
        chart.draw_series(std::iter::once(par))?;
        area.present()?;
    }
    Ok(svg)
}

fn table(lines: &[Line]) -> String {
    let mut out = String::from(
        "<table><tr><th>work</th><th>KiB</th><th>depth</th><th>ours op/s</th><th>Linux op/s</th><th>ratio (spread)</th>\
         <th>requests per op, ours / Linux</th><th>notifications per op, ours / Linux</th></tr>\n",
    );
    for line in lines {
        let more = line.ours.notifications > line.linux.notifications;
        let _ = writeln!(
            out,
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{:.0}</td><td>{:.0}</td><td>{:.2} ({:.2}–{:.2})</td>\
             <td>{:.2} / {:.2}</td><td{}>{:.2} / {:.2}</td></tr>",
            line.work,
            line.bytes >> 10,
            line.depth,
            line.ours.per_second,
            line.linux.per_second,
            line.median,
            line.lower,
            line.upper,
            line.ours.requests,
            line.linux.requests,
            if more { " class=\"more\"" } else { "" },
            line.ours.notifications,
            line.linux.notifications,
        );
    }
    out + "</table>\n"
}

/// Makes `report.html` and `report.json` in `dir` from the scenario's rows; gives a line for people.
pub fn make(rows: &Path, dir: &Path) -> Result<String> {
    let text = fs::read_to_string(rows).with_context(|| format!("{}", rows.display()))?;
    let rows: Vec<Row> = text
        .lines()
        .map(serde_json::from_str)
        .collect::<Result<_, _>>()
        .context("a row of the comparison")?;
    let lines = lines(&rows);
    ensure!(!lines.is_empty(), "the comparison has no rows with both guests");
    fs::write(dir.join("report.json"), serde_json::to_string_pretty(&lines)?)?;
    let rounds = lines[0].ratios.len();
    let html = format!(
        "<!doctype html><meta charset=\"utf-8\"><title>Beside Linux</title><style>body{{font:15px sans-serif;margin:2em;\
         max-width:1000px}}table{{border-collapse:collapse}}td,th{{border:1px solid #bbb;padding:3px 8px;text-align:right}}\
         td:first-child{{text-align:left}}.more{{background:#f6d5b0}}</style>\n<h1>The drivers beside Linux' front-ends</h1>\n\
         <p>Real Xen in QEMU without KVM; both guests with one processor, the same back-end, in turns, {rounds} rounds. The bar is \
         the median of the rounds, the line their spread; green: no round below 0.9. Marked: more notifications than Linux needs.</p>\n\
         {}\n{}",
        plot(&lines)?,
        table(&lines)
    );
    let report = dir.join("report.html");
    fs::write(&report, html)?;
    let ratios: Vec<f64> = lines.iter().map(|line| line.median).collect();
    let more = lines.iter().filter(|line| line.ours.notifications > line.linux.notifications).count();
    Ok(format!(
        "{} kinds of work, median ratio {:.2}, {more} with more notifications than Linux; {}",
        lines.len(),
        median(&ratios),
        report.display()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_of_the_same_round() {
        let row = |guest: &str, round, ns, notifications| Row {
            guest: guest.to_owned(),
            round,
            work: "read random".to_owned(),
            bytes: 4096,
            depth: 8,
            count: 100,
            ns,
            requests: 100,
            notifications,
        };
        let rows = [
            row("ours", 1, 100, 50),
            row("linux", 1, 200, 100),
            row("ours", 2, 400, 50),
            row("linux", 2, 200, 100),
            row("ours", 3, 100, 50),
            row("linux", 3, 100, 100),
        ];
        let found = lines(&rows);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].lower, found[0].median, found[0].upper), (0.5, 1.0, 2.0));
        assert_eq!((found[0].ours.notifications, found[0].linux.notifications), (0.5, 1.0));
        assert!(plot(&found).is_ok_and(|svg| svg.contains("<svg")));
    }
}
