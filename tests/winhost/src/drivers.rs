//! Our drivers as an HLK controller's automation wants them described: one JSON file each, in the manner of
//! `AutoHCK`'s driver definitions. Where there is a controller, its program is run with their folder.

use std::{fs, path::Path, process::Command, time::Duration};

use anyhow::{Context, Result};
use host::run;
use serde::Serialize;

use crate::{session::Outcome, wire::Verdict};

/// What is tested, for a controller.
#[derive(Debug, Serialize)]
pub struct Definition {
    /// For people.
    pub name: &'static str,
    /// The INF by which it is installed.
    pub inf: &'static str,
    /// `PNP`: by the INF.
    pub install_method: &'static str,
    /// 0: a device, found by its driver.
    #[serde(rename = "type")]
    pub kind: u32,
    /// Whether it needs a second machine: network tests do.
    pub support: bool,
    /// Tests that do not apply, and why.
    pub reject_test_names: &'static [&'static str],
    /// Hardware IDs that select the target.
    pub hardware_ids: &'static [&'static str],
}

/// Signatures of a test build are not Microsoft's.
const SIGNATURE: &str = "DF - Embedded Signature Verification Test (Certification)";

/// The three drivers.
pub const DRIVERS: &[(&str, Definition)] = &[
    (
        "xenpvpci",
        Definition {
            name: "Xen PV bus",
            inf: "xenpvpci.inf",
            install_method: "PNP",
            kind: 0,
            support: false,
            reject_test_names: &[SIGNATURE],
            hardware_ids: &["PCI\\VEN_5853&DEV_0001", "PCI\\VEN_5853&DEV_0002"],
        },
    ),
    (
        "xenpvvbd",
        Definition {
            name: "Xen PV disk adapter",
            inf: "xenpvvbd.inf",
            install_method: "PNP",
            kind: 0,
            support: false,
            reject_test_names: &[SIGNATURE],
            hardware_ids: &["XENPV\\VBD&SUBSYS_58535250"],
        },
    ),
    (
        "xenpvnet",
        Definition {
            name: "Xen PV network adapter",
            inf: "xenpvnet.inf",
            install_method: "PNP",
            kind: 0,
            support: true,
            reject_test_names: &[SIGNATURE],
            hardware_ids: &["XENPV\\VIF&SUBSYS_58535250"],
        },
    ),
];

/// Time for a controller's whole playlist.
const BOUND: Duration = Duration::from_secs(24 * 3600);

/// Writes the definitions.
///
/// # Errors
/// The folder cannot be written.
pub fn write(folder: &Path) -> Result<()> {
    run::make_dir(folder)?;
    for (name, definition) in DRIVERS {
        let path = folder.join(format!("{name}.json"));
        let text = serde_json::to_string_pretty(definition)?;
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

/// Runs the controller's program for each driver: `<program> <definition.json> <folder for results>`; exit
/// code 0 is a pass.
///
/// # Errors
/// The definitions cannot be written.
pub fn playlist(program: Option<&Path>, folder: &Path) -> Result<Vec<Outcome>> {
    let definitions = folder.join("drivers");
    write(&definitions)?;
    let outcomes = DRIVERS.iter().map(|(name, _)| {
        let (verdict, text) = match program {
            None => (Verdict::Skip, "no HLK controller was supplied (--controller)".to_owned()),
            Some(program) => {
                let mut command = Command::new("timeout");
                command.arg(BOUND.as_secs().to_string()).arg(program);
                command.arg(definitions.join(format!("{name}.json"))).arg(folder.join(format!("hlk-{name}")));
                match run::output(&mut command) {
                    Ok(_) => (Verdict::Pass, "the playlist passed".to_owned()),
                    Err(error) => (Verdict::Fail, format!("{error:#}")),
                }
            }
        };
        Outcome {
            test: format!("hlk/{name}"),
            verdict,
            text,
            seconds: 0,
            facts: std::collections::BTreeMap::new(),
        }
    });
    Ok(outcomes.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inf(name: &str) -> String {
        let path = run::root().join("inf").join(name);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    #[test]
    fn definitions_name_what_the_inf_files_have() {
        for (name, definition) in DRIVERS {
            let text = inf(definition.inf).to_lowercase();
            assert!(text.contains(&format!("{name}.sys")), "{name}");
            for id in definition.hardware_ids {
                assert!(text.contains(&id.to_lowercase()), "{} has no {id}", definition.inf);
            }
        }
    }

    #[test]
    fn a_controller_decides() {
        let dir = tempfile::tempdir().expect("folder");
        let outcomes = |program| playlist(program, dir.path()).expect("ran");
        assert!(outcomes(None).iter().all(|one| one.verdict == Verdict::Skip));
        assert!(outcomes(Some(Path::new("true"))).iter().all(|one| one.verdict == Verdict::Pass));
        assert!(outcomes(Some(Path::new("false"))).iter().all(|one| one.verdict == Verdict::Fail));
        assert!(dir.path().join("drivers/xenpvvbd.json").is_file());
    }
}
