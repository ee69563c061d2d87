//! `soak`: campaigns over many seeds, too long for `test`, which runs a sample of each.
//!
//! A campaign is one test of one package, run in release with an environment variable that says how many seeds.

use anyhow::{Result, ensure};

use crate::{build, run};

/// A campaign.
struct Campaign {
    /// What to call it on the command line.
    name: &'static str,
    /// What it shows.
    about: &'static str,
    /// Package, test target and test function.
    test: (&'static str, &'static str, &'static str),
    /// The variable that carries the number of seeds.
    variable: &'static str,
    /// Seeds of a full run.
    seeds: u64,
}

/// All of them; add yours.
const CAMPAIGNS: &[Campaign] = &[
    Campaign {
        name: "determinism",
        about: "the same seed gives the same trace in two processes",
        test: ("scenarios", "determinism", "a_seed_replays_in_another_process"),
        variable: "XENPV_DETERMINISM",
        seeds: 1000,
    },
    Campaign {
        name: "disk-dump",
        about: "a crash at any point, and the dump is written whole (shipped driver)",
        test: ("scenarios", "xenvbd_dump", "dumps_after_crashes_at_any_point"),
        variable: "XENPV_DUMP_POINTS",
        seeds: 1000,
    },
    Campaign {
        name: "disk-memory",
        about: "each allocation of the disk's life fails once",
        test: ("scenarios", "xenvbd_faults", "every_allocation_fails_once"),
        variable: "XENPV_SOAK",
        seeds: u64::MAX,
    },
    Campaign {
        name: "net-memory",
        about: "each allocation of the NIC's life fails once",
        test: ("scenarios", "xennet_life", "every_allocation_fails_once"),
        variable: "XENPV_SOAK",
        seeds: u64::MAX,
    },
    Campaign {
        name: "disk-power",
        about: "what was flushed survives a power cut",
        test: ("blkfront", "faults", "power_cuts"),
        variable: "SEEDS",
        seeds: 10_000,
    },
    Campaign {
        name: "disk-emergency",
        about: "a ring is taken over after a crash at any point",
        test: ("blkfront", "emergency", "crashes_at_a_thousand_points"),
        variable: "SEEDS",
        seeds: 1000,
    },
    Campaign {
        name: "power",
        about: "the setup program with a power failure after every change, all states of the disk",
        test: ("bootmodel", "power", "every_operation_survives_a_power_failure_after_every_change"),
        variable: "XENPV_BOOTMODEL",
        seeds: 1,
    },
    Campaign {
        name: "power-broken-drivers",
        about: "the same with each driver of each release never starting",
        test: ("bootmodel", "power", "a_driver_that_never_starts_stops_no_guest"),
        variable: "XENPV_BOOTMODEL",
        seeds: 1,
    },
    Campaign {
        name: "power-machines",
        about: "the same on other machines",
        test: ("bootmodel", "power", "other_machines_and_other_habits_of_windows"),
        variable: "XENPV_BOOTMODEL",
        seeds: 1,
    },
    Campaign {
        name: "seeds",
        about: "a guest with everything in it, over many seeds, with a table of what they have covered",
        test: ("scenarios", "seeds", "many_seeds_of_everything"),
        variable: "XENPV_MANY_SEEDS",
        seeds: 20_000,
    },
    Campaign {
        name: "net-streams",
        about: "TCP on a bad network, the device suspended, migrated, unplugged, restarted (shipped driver)",
        test: ("scenarios", "xennet_streams", "random_histories_leave_streams_whole"),
        variable: "XENPV_SEEDS",
        seeds: 10_000,
    },
    Campaign {
        name: "net-bulk",
        about: "a long stream each way on a bad network, over each kind of back-end (MiB, shipped driver)",
        test: ("scenarios", "xennet_streams", "long_streams_are_whole"),
        variable: "XENPV_MEBIBYTES",
        seeds: 1024,
    },
    Campaign {
        name: "net-pauses",
        about: "pause and restart under traffic (shipped driver)",
        test: ("scenarios", "xennet_life", "pauses_under_traffic_lose_and_double_nothing"),
        variable: "XENPV_ROUNDS",
        seeds: 1000,
    },
    Campaign {
        name: "bus-suspend",
        about: "a suspend at any point of boot, I/O, hot-plug and teardown, and every wake",
        test: ("scenarios", "xenpci_campaign", "suspends_at_every_point"),
        variable: "XENPV_SOAK",
        seeds: 10_000,
    },
    Campaign {
        name: "bus-hotplug",
        about: "disks and interfaces come and go; nothing leaks",
        test: ("scenarios", "xenpci_campaign", "hot_plug_cycles_leak_nothing"),
        variable: "XENPV_SOAK",
        seeds: 1_000,
    },
    Campaign {
        name: "bus-load",
        about: "load, start, stop, remove, unload; nothing leaks",
        test: ("scenarios", "xenpci_campaign", "load_cycles_leak_nothing"),
        variable: "XENPV_SOAK",
        seeds: 1_000,
    },
    Campaign {
        name: "bus-memory",
        about: "each allocation of the bus's life fails once",
        test: ("scenarios", "xenpci_campaign", "every_allocation_fails_once"),
        variable: "XENPV_SOAK",
        seeds: u64::MAX,
    },
];

/// Options of `soak`.
#[derive(clap::Args)]
#[group(id = "soak-options")]
pub struct Options {
    /// Campaigns to run; without any they are listed
    campaigns: Vec<String>,
    /// Run all campaigns
    #[arg(long)]
    all: bool,
    /// Number of seeds, instead of each campaign's own
    #[arg(long)]
    seeds: Option<u64>,
}

/// `cargo xtask soak`.
pub fn command(options: &Options) -> Result<String> {
    for name in &options.campaigns {
        ensure!(CAMPAIGNS.iter().any(|c| c.name == name), "there is no campaign `{name}`:\n{}", list());
    }
    let chosen: Vec<_> =
        CAMPAIGNS.iter().filter(|c| options.all || options.campaigns.iter().any(|n| n == c.name)).collect();
    if chosen.is_empty() {
        return Ok(format!("campaigns:\n{}", list()));
    }
    for campaign in &chosen {
        let seeds = options.seeds.unwrap_or(campaign.seeds);
        run::step(&format!("{}: {} ({})", campaign.name, campaign.about, amount(seeds)));
        let (package, target, test) = campaign.test;
        run::run(
            run::cargo()
                .args(["test", "--locked", "--release", "--package", package, "--test", target])
                .args(["--", "--exact", test, "--nocapture"])
                .env(campaign.variable, seeds.to_string())
                .env("XENPV_DRIVERS", build::out_dir()),
        )?;
    }
    Ok(format!("{} campaigns passed", chosen.len()))
}

fn amount(seeds: u64) -> String {
    if seeds == u64::MAX { "all there are".to_owned() } else { format!("{seeds} seeds") }
}

fn list() -> String {
    CAMPAIGNS.iter().map(|c| format!("  {:<14} {} ({})\n", c.name, c.about, amount(c.seeds))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_campaign_names_a_test() {
        for campaign in CAMPAIGNS {
            let (package, target, test) = campaign.test;
            let found = ["tests", "xenvbd", "xennet", "xenpci", ""].iter().any(|folder| {
                let file = run::root().join(folder).join(package).join("tests").join(format!("{target}.rs"));
                std::fs::read_to_string(file).is_ok_and(|text| {
                    text.contains(&format!("fn {test}()")) && text.contains(campaign.variable)
                })
            });
            assert!(
                found,
                "{}: no test {package}/{target}#{test} that reads {}",
                campaign.name, campaign.variable
            );
        }
    }
}
