//! What a guest is to do: a list of tests, made from a suite. The guest has it as `plan.json`.

use serde::{Deserialize, Serialize};

pub use winhost_protocol::plan::{FILE, Plan, Test};

/// The suites.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Suite {
    /// Install, a little of everything, remove
    Smoke,
    /// The settings of Driver Verifier in turn, each with disk, network, `PnP` and suspend
    Verifier,
    /// DevFund tests by TAEF, power, dump; a playlist by a controller where there is one
    Hlk,
    /// Many rounds of load with suspend, migration and hot-plug
    Soak,
}

impl Suite {
    /// Its name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Smoke => "smoke",
            Self::Verifier => "verifier",
            Self::Hlk => "hlk",
            Self::Soak => "soak",
        }
    }
}

/// What the guest's scripts can run: name, seconds, whether only the host can make it happen.
pub const KNOWN: &[(&str, u64, bool)] = &[
    ("selftest", 120, false),
    ("install.msi", 900, false),
    ("install.old", 900, false),
    ("install.remove", 1200, false),
    ("install.state", 120, false),
    ("install.gone", 120, false),
    ("verifier.set", 900, false),
    ("verifier.check", 120, false),
    ("verifier.off", 900, false),
    ("disk.content", 900, true),
    ("disk.flush", 600, false),
    ("disk.filesystem", 900, false),
    ("disk.trim", 300, false),
    ("disk.stress", 1800, false),
    ("net.ping", 180, false),
    ("net.transfer", 900, true),
    ("net.cycle", 600, false),
    ("pnp.cycle", 600, false),
    ("power.reboot", 1800, false),
    ("power.suspend", 1200, true),
    ("power.cancelled", 900, true),
    ("power.migrate", 1200, true),
    ("power.sleep", 600, true),
    ("power.hibernate", 1200, false),
    ("hotplug.disk", 600, true),
    ("hotplug.nic", 600, true),
    ("crash.dump", 900, false),
    ("devfund.run", 7200, false),
    ("collect", 1800, false),
];

/// The settings of Driver Verifier, each a run of its own: name in reports and arguments of `verifier`.
pub const VERIFIER: &[(&str, &str)] = &[
    ("standard", "/standard"),
    ("code-integrity", "/flags 0x2000000"),
    ("ndis", "/flags 0x200000"),
    ("low-resources", "/faults"),
    ("rules-33-36", "/rc 33 36"),
];

/// DevFund tests: name in reports, DLL, and method, as the HLK's test reference names them.
pub const DEVFUND: &[(&str, &str, &str)] = &[
    ("cancel-stop", "Devfund_PnPDTest.dll", "PNPCancelStopDevice"),
    ("cancel-remove", "Devfund_PnPDTest.dll", "PNPCancelRemoveDevice"),
    ("remove", "Devfund_PnPDTest.dll", "PNPRemoveAndRestartDevice"),
    ("surprise-remove", "Devfund_PnPDTest.dll", "PNPSurpriseRemoveAndRestartDevice"),
    ("dif-remove", "Devfund_PnPDTest.dll", "PNPDIFRemoveAndRescanParentDevice"),
    (
        "sleep-pnp",
        "Devfund_Sleep_PNP_DisableEnable_With_IO_BeforeAndAfter.dll",
        "Sleep_PNP_DisableEnable_With_IO_Before_And_After",
    ),
    (
        "pnp-reboot",
        "Devfund_PNP_DisableEnable_Reboot_With_IO_BeforeAndAfter.dll",
        "PNP_DisableEnable_Reboot_With_IO_Before_And_After",
    ),
    ("chaos", "Devfund_ChaosTest.dll", "RunCHAOSTest"),
];

/// Rounds of `soak`.
const ROUNDS: u32 = 20;

/// Which parts can be in a plan.
#[derive(Clone, Copy, Debug, Default)]
pub struct Supplied {
    /// An older MSI, to upgrade from.
    pub old_msi: bool,
}

struct Maker {
    tests: Vec<Test>,
}

impl Maker {
    fn add(&mut self, name: &str, run: &str, args: &[(&str, &str)]) {
        let bound = KNOWN.iter().find(|known| known.0 == run).map_or(0, |known| known.1);
        self.tests.push(Test {
            name: name.to_owned(),
            run: run.to_owned(),
            bound,
            args: args.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
        });
    }

    fn plain(&mut self, names: &[&str]) {
        for name in names {
            self.add(name, name, &[]);
        }
    }

    fn below(&mut self, prefix: &str, names: &[&str]) {
        for name in names {
            self.add(&format!("{prefix}/{name}"), name, &[]);
        }
    }
}

/// The plan of a suite.
#[must_use]
pub fn plan(id: &str, suite: Suite, supplied: Supplied) -> Plan {
    let mut maker = Maker { tests: Vec::new() };
    maker.plain(&["selftest"]);
    if supplied.old_msi && suite == Suite::Smoke {
        maker.plain(&["install.old"]);
    }
    maker.plain(&["install.msi", "install.state"]);
    match suite {
        Suite::Smoke => maker.plain(&[
            "disk.content",
            "disk.flush",
            "disk.filesystem",
            "disk.trim",
            "net.ping",
            "net.transfer",
            "pnp.cycle",
            "hotplug.disk",
            "hotplug.nic",
            "power.cancelled",
            "power.suspend",
            "power.reboot",
            "collect",
            "install.remove",
            "install.gone",
        ]),
        Suite::Verifier => {
            for (name, flags) in VERIFIER {
                maker.add(&format!("{name}/verifier.set"), "verifier.set", &[("flags", flags)]);
                let core = [
                    "disk.content",
                    "disk.flush",
                    "disk.filesystem",
                    "disk.stress",
                    "net.ping",
                    "net.transfer",
                    "net.cycle",
                    "pnp.cycle",
                    "hotplug.disk",
                    "power.suspend",
                    "verifier.check",
                ];
                maker.below(name, &core);
            }
            maker.plain(&["verifier.off", "collect"]);
        }
        Suite::Hlk => {
            maker.plain(&["disk.stress", "disk.flush", "disk.trim", "net.transfer", "net.cycle"]);
            for (name, library, method) in DEVFUND {
                maker.add(
                    &format!("devfund/{name}"),
                    "devfund.run",
                    &[("library", library), ("method", method)],
                );
            }
            maker.plain(&["power.sleep", "power.hibernate", "power.migrate", "crash.dump", "collect"]);
        }
        Suite::Soak => {
            for round in 1..=ROUNDS {
                let core = [
                    "disk.stress",
                    "net.transfer",
                    "power.suspend",
                    "power.migrate",
                    "hotplug.disk",
                    "hotplug.nic",
                    "power.reboot",
                ];
                maker.below(&format!("round-{round:02}"), &core);
            }
            maker.plain(&["collect"]);
        }
    }
    Plan { id: id.to_owned(), tests: maker.tests }
}

/// The plan with which a base image is finished: no tests, the guest only says that it is there.
#[must_use]
pub fn base(id: &str) -> Plan {
    Plan { id: id.to_owned(), tests: Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_test_of_every_suite_is_known_bounded_and_named_once() {
        for suite in [Suite::Smoke, Suite::Verifier, Suite::Hlk, Suite::Soak] {
            let plan = plan("x", suite, Supplied { old_msi: true });
            let names: BTreeSet<&str> = plan.tests.iter().map(|test| test.name.as_str()).collect();
            assert_eq!(names.len(), plan.tests.len(), "{suite:?}");
            for test in &plan.tests {
                assert!(
                    KNOWN.iter().any(|known| known.0 == test.run && test.bound == known.1),
                    "{}",
                    test.run
                );
            }
        }
    }

    #[test]
    fn every_known_test_is_in_some_suite() {
        let mut used = BTreeSet::new();
        for suite in [Suite::Smoke, Suite::Verifier, Suite::Hlk, Suite::Soak] {
            used.extend(plan("x", suite, Supplied { old_msi: true }).tests.into_iter().map(|test| test.run));
        }
        for known in KNOWN {
            assert!(used.contains(known.0), "{} is in no suite", known.0);
        }
    }

    #[test]
    fn the_settings_of_verifier_come_in_turn_with_a_check_after_each() {
        let plan = plan("x", Suite::Verifier, Supplied::default());
        let steps: Vec<&str> = plan
            .tests
            .iter()
            .map(|test| test.run.as_str())
            .filter(|run| run.starts_with("verifier"))
            .collect();
        let mut expected = ["verifier.set", "verifier.check"].repeat(VERIFIER.len());
        expected.push("verifier.off");
        assert_eq!(steps, expected);
    }

    #[test]
    fn without_an_old_msi_there_is_no_upgrade() {
        let plan = plan("x", Suite::Smoke, Supplied::default());
        assert!(!plan.tests.iter().any(|test| test.run == "install.old"));
    }
}
