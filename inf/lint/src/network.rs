//! Network adapters: keywords and media ("Standardized INF Keywords", "Specifying Configuration Parameters
//! for the Advanced Properties Page").

use std::collections::BTreeMap;

use inf_file::{Inf, RegData};

use crate::{
    Report,
    graph::{Graph, Kind},
};

const MEDIA: [&str; 5] = ["Characteristics", "BusType", "*IfType", "*MediaType", "*PhysicalMediaType"];

/// What is said of one keyword.
#[derive(Default)]
struct Keyword {
    line: u32,
    values: BTreeMap<String, String>,
    choices: Vec<String>,
}

pub(crate) fn check(inf: &Inf, graph: &Graph<'_>, report: &mut Report<'_>) {
    if !inf.version("Class").is_some_and(|class| class.eq_ignore_ascii_case("Net")) {
        return;
    }
    for used in graph.used.iter().filter(|u| u.kind == Kind::Install) {
        for key in MEDIA {
            if used.section.get(key).is_none() {
                report.add(
                    "own-media",
                    used.section.line,
                    format!("[{}] does not say {key}", used.section.name),
                );
            }
        }
    }
    let mut keywords: BTreeMap<String, Keyword> = BTreeMap::new();
    for list in
        graph.lists.iter().filter(|l| l.from == Kind::Install && l.directive.eq_ignore_ascii_case("AddReg"))
    {
        for op in inf.add_reg(&list.section.name, 0).unwrap_or_default() {
            let lower = op.key.to_ascii_lowercase();
            let Some(rest) = lower.strip_prefix("ndi\\params\\") else { continue };
            let Some(RegData::Sz(data)) = op.data else {
                report.add("own-keyword", op.line, format!("{}\\{} is not a string", op.key, op.value));
                continue;
            };
            let (name, enumeration) = match rest.split_once('\\') {
                None => (rest, false),
                Some((name, _)) => (name, true),
            };
            let keyword = keywords.entry(name.to_owned()).or_default();
            keyword.line = op.line;
            if enumeration {
                if !keyword.choices.contains(&op.value) {
                    keyword.choices.push(op.value);
                }
            } else {
                keyword.values.insert(op.value.to_ascii_lowercase(), data);
            }
        }
    }
    for (name, keyword) in &keywords {
        if let Err(message) = one(keyword) {
            report.add("own-keyword", keyword.line, format!("{name}: {message}"));
        }
    }
}

fn one(keyword: &Keyword) -> Result<(), String> {
    let text = |key: &str| keyword.values.get(key).map(String::as_str);
    if text("paramdesc").is_none_or(str::is_empty) {
        return Err("no ParamDesc".into());
    }
    let default = text("default");
    match text("type") {
        Some("enum") => match default {
            None => Err("no Default".into()),
            Some(default) if keyword.choices.iter().any(|c| c == default) => Ok(()),
            Some(default) => Err(format!("default {default} is not among the choices")),
        },
        Some("int" | "long" | "dword" | "word") => {
            let number = |key: &str| -> Result<i64, String> {
                text(key).and_then(|t| t.parse().ok()).ok_or_else(|| format!("{key} is not a number"))
            };
            let (min, max, step, default) =
                (number("min")?, number("max")?, number("step")?, number("default")?);
            if min > max || step < 1 || !(min..=max).contains(&default) || (default - min) % step != 0 {
                return Err(format!("default {default} is not in {min}..{max} by steps of {step}"));
            }
            Ok(())
        }
        Some("edit") => text("limittext")
            .and_then(|t| t.parse::<u32>().ok())
            .map(|_| ())
            .ok_or_else(|| "no LimitText".into()),
        other => Err(format!("type is {other:?}")),
    }
}
