//! Registry entries.

use std::collections::BTreeMap;

use inf_file::{Hive, Inf, RegOp};

use crate::{
    Report,
    graph::{Graph, Kind},
};

pub(crate) fn check(inf: &Inf, graph: &Graph<'_>, report: &mut Report<'_>) {
    // (install, kind, key, value) -> data, for values written twice
    let mut written: BTreeMap<(String, Kind, String, String), String> = BTreeMap::new();
    for list in &graph.lists {
        if list.directive.eq_ignore_ascii_case("DelReg") {
            match inf.del_reg(&list.section.name, list.section.line) {
                Err(diag) => report.add("1000", diag.line, diag.message),
                Ok(ops) => {
                    for op in ops {
                        root(op.hive, &op.key, op.value.as_deref(), list.isolated(), op.line, report);
                        if op.string.is_some() {
                            report.add("1305", op.line, "a string is cut out of a REG_MULTI_SZ");
                        }
                    }
                }
            }
        }
        if !list.directive.eq_ignore_ascii_case("AddReg") {
            continue;
        }
        let ops = match inf.add_reg(&list.section.name, list.section.line) {
            Ok(ops) => ops,
            Err(diag) => {
                report.add("1000", diag.line, diag.message);
                continue;
            }
        };
        for op in ops {
            let value = (!op.has(RegOp::KEYONLY)).then_some(op.value.as_str());
            root(op.hive, &op.key, value, list.isolated(), op.line, report);
            if op.value.eq_ignore_ascii_case("CoInstallers32") {
                report.add("1303", op.line, "a co-installer is registered");
            }
            if op.has(RegOp::APPEND) {
                report.add("1305", op.line, format!("{} is appended to", op.value));
            }
            if list.from == Kind::Service && list.isolated() && !parameters(&op.key) {
                report.add("1323", op.line, format!("\"{}\" of a service is not below Parameters", op.key));
            }
            let place = (
                list.install.clone(),
                list.from,
                format!("{:?}\\{}", op.hive, op.key).to_ascii_lowercase(),
                op.value.to_ascii_lowercase(),
            );
            let data = format!("{:?}", op.data);
            let before = written.entry(place).or_insert_with(|| data.clone());
            if *before != data {
                report.add(
                    "1330",
                    op.line,
                    format!("{}\\{} is written twice, differently", op.key, op.value),
                );
            }
        }
    }
}

fn parameters(key: &str) -> bool {
    let first = key.split('\\').next().unwrap_or("");
    first.eq_ignore_ascii_case("Parameters")
}

fn root(hive: Hive, key: &str, value: Option<&str>, isolated: bool, line: u32, report: &mut Report<'_>) {
    if hive == Hive::Relative {
        return;
    }
    report.add("1304", line, format!("registry root of \"{key}\" is not HKR"));
    if hive == Hive::LocalMachine
        && key.to_ascii_lowercase().replace("controlset001", "currentcontrolset").contains("\\services\\")
    {
        report.add("1221", line, "the services key is written by its path");
    }
    if isolated {
        match value {
            None => report.add("1320", line, format!("key \"{key}\" is not isolated to HKR")),
            Some(value) => {
                report.add("1321", line, format!("value \"{key}\\{value}\" is not isolated to HKR"))
            }
        }
    }
}
