//! The doctor: what it finds in a running system, and in the hive file of one that does not run.

use std::sync::Arc;

use bootmodel::{
    campaign::{Act, Life, V1, V2},
    machine::{Machine, Weather},
    regf,
};
use xenpv_setup::{
    doctor::{self, Level, Report},
    facts::Facts,
    hive::OfflineHive,
    names::SERVICES,
    registry::{Registry, Value},
    run,
};

fn guest(acts: &[Act]) -> Life {
    let machine = Arc::new(Machine::new(&[V1, V2]));
    let mut life = Life::new(&machine, Weather::default()).expect("boots");
    for act in acts {
        life.act(*act).expect("boots");
    }
    life
}

fn live(life: &Life) -> Report {
    doctor::judge(&Facts::gather(&life.windows))
}

fn offline(life: &Life) -> Report {
    let hive = OfflineHive::from_bytes(regf::write(life.windows.hive())).expect("a hive");
    assert!(!hive.dirty);
    doctor::judge(&Facts::registry(&hive))
}

fn codes(report: &Report) -> Vec<&'static str> {
    report.findings.iter().map(|finding| finding.code).collect()
}

#[test]
fn a_hive_file_says_what_the_registry_says() {
    let life = guest(&[Act::Install(V1), Act::Restart, Act::Restart]);
    let hive = OfflineHive::from_bytes(regf::write(life.windows.hive())).expect("a hive");
    let mut seen = 0;
    for (key, values) in life.windows.hive().walk().filter(|(key, _)| key.starts_with(r"SYSTEM\")) {
        assert!(hive.has_key(key), "{key}");
        for (name, value) in values {
            assert_eq!(hive.value(key, name).as_ref(), Some(value), "{key} {name}");
            seen += 1;
        }
        let mut names = (hive.subkeys(key), life.windows.hive().subkeys(key));
        names.0.sort();
        names.1.sort();
        assert_eq!(names.0, names.1, "{key}");
    }
    assert!(seen > 80, "{seen}");
    assert_eq!(Facts::registry(&hive), Facts::registry(life.windows.hive()));
}

#[test]
fn each_state_is_explained() {
    assert_eq!(codes(&live(&guest(&[]))), ["not-installed"]);
    let waiting = guest(&[Act::Install(V1)]);
    assert_eq!(codes(&live(&waiting)), ["restart-due"]);
    let good = guest(&[Act::Install(V1), Act::Restart, Act::Restart]);
    assert_eq!((codes(&live(&good)), live(&good).boot_disk), (vec!["installed"], Some("pv")));
    assert_eq!(live(&good).level, Level::Good);
    let leaving = guest(&[Act::Install(V1), Act::Restart, Act::Uninstall]);
    assert!(codes(&live(&leaving)).contains(&"removal"));
    let report = serde_json::to_value(live(&good)).expect("JSON");
    assert_eq!((&report["level"], &report["boot_disk"]), (&"good".into(), &"pv".into()));
}

#[test]
fn what_keeps_a_guest_from_starting_is_found_offline_and_repaired() {
    let mut life = guest(&[Act::Install(V1), Act::Restart, Act::Restart]);
    let atapi = format!("{SERVICES}\\atapi\\StartOverride");
    life.windows.change_hive(|hive| {
        hive.set_dword(&atapi, "0", 3);
        hive.set(&format!("{SERVICES}\\xenpvvbd"), "Start", Value::Dword(4));
    });
    for report in [live(&life), offline(&life)] {
        assert_eq!(report.level, Level::Error);
        assert!(codes(&report).contains(&"emulated-demoted"), "{report:?}");
        assert!(codes(&report).contains(&"disabled"), "{report:?}");
        assert!(
            report.findings.iter().all(|f| f.level < Level::Warning || !f.remedy.is_empty()),
            "{report:?}"
        );
    }
    run::boot(&mut life.windows).expect("repairs");
    assert_eq!(live(&life).level, Level::Good, "{:?}", live(&life));
    assert_eq!(offline(&life).level, Level::Good, "{:?}", offline(&life));
}

#[test]
fn damaged_hives_are_refused_or_read_without_harm() {
    assert!(OfflineHive::from_bytes(Vec::new()).is_err());
    assert!(OfflineHive::from_bytes(b"regf".repeat(2000)).is_err());
    let life = guest(&[Act::Install(V1)]);
    let whole = regf::write(life.windows.hive());
    let mut dirty = whole.clone();
    dirty[4] = 7;
    // The checksum covers the sequence number.
    dirty[508] ^= 1 ^ 7;
    assert!(OfflineHive::from_bytes(dirty).expect("readable").dirty);
    for cut in (0..whole.len()).step_by(509) {
        if let Ok(hive) = OfflineHive::from_bytes(whole[..cut].to_vec()) {
            let _ = doctor::judge(&Facts::registry(&hive));
        }
    }
    // Every byte that matters wrong once, here and there.
    for at in (4096..whole.len()).step_by(61) {
        let mut bad = whole.clone();
        bad[at] = !bad[at];
        if let Ok(hive) = OfflineHive::from_bytes(bad) {
            let _ = doctor::judge(&Facts::registry(&hive));
        }
    }
}

#[test]
fn the_page_for_administrators_lists_every_code() {
    let read = |path: &str| {
        let path = format!("{}/../../{path}", env!("CARGO_MANIFEST_DIR"));
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
    };
    let (source, page) = (read("installer/setup/src/doctor.rs"), read("docs/install.md"));
    // What follows a level is a code.
    let of =
        |line: &str| line.trim().strip_suffix(',')?.strip_prefix('"')?.strip_suffix('"').map(str::to_owned);
    let lines: Vec<&str> = source.lines().collect();
    let mut codes: Vec<String> = lines
        .windows(2)
        .filter(|pair| pair[0].trim().starts_with("Level::") && pair[0].trim().ends_with(','))
        .filter_map(|pair| of(pair[1]))
        .collect();
    codes.extend(lines.iter().filter_map(|line| {
        let (_, rest) = line.split_once("judge.add(Level::")?;
        rest.split('"').nth(1).map(str::to_owned)
    }));
    assert!(codes.len() >= 20, "{codes:?}");
    let missing: Vec<&String> = codes.iter().filter(|code| !page.contains(&format!("`{code}`"))).collect();
    assert!(missing.is_empty(), "docs/install.md lacks {missing:?}");
}

#[test]
fn json_has_the_documented_form() {
    let report = live(&guest(&[Act::Install(V1), Act::Restart]));
    let json = serde_json::to_value(&report).expect("JSON");
    let keys = |value: &serde_json::Value| {
        value.as_object().map(|object| object.keys().cloned().collect::<Vec<_>>()).unwrap_or_default()
    };
    assert_eq!(keys(&json), ["boot_disk", "findings", "level", "version"]);
    assert_eq!(keys(&json["findings"][0]), ["code", "level", "remedy", "text"]);
    assert_eq!((&json["boot_disk"], &json["version"]), (&"pv".into(), &V1.into()));
    assert_eq!((&json["level"], &json["findings"][0]["code"]), (&"good".into(), &"installed".into()));
}
