//! Stories: what an administrator does, with the power failing at every point of it.

use std::{path::Path, sync::Arc};

use xenpv_setup::{
    facts::Facts,
    net::IpConfig,
    refuse::Allowances,
    run::{self, Done},
    system::{BootDisk, System as _},
};

use crate::{
    boot,
    machine::{Machine, Weather, folder},
    tape::{Disk, Tape},
    windows::{EMULATED_NIC, Windows},
};

/// What happens on a running system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// `xenpv-setup install` of a release.
    Install(&'static str),
    /// The same with `--replace-others`.
    TakeOver(&'static str),
    /// The same with `--downgrade`.
    Downgrade(&'static str),
    /// `xenpv-setup repair`.
    Repair(&'static str),
    /// `xenpv-setup install --rollback`.
    Rollback,
    /// `xenpv-setup uninstall`, and whoever put the program there deletes it.
    Uninstall,
    /// `xenpv-setup uninstall --rollback`.
    KeepIt,
    /// Somebody deletes from the driver store what no device uses (Disk Clean-up).
    CleanStore,
    /// An orderly restart.
    Restart,
}

/// A story, and how it must end.
#[derive(Clone)]
pub struct Story {
    /// Its name, for reports.
    pub name: &'static str,
    /// What has happened before the power starts failing.
    pub before: Vec<Act>,
    /// What happens while it may fail.
    pub acts: Vec<Act>,
    /// What must be true in the end.
    pub ends: Ends,
    /// What must be true after a power failure, when the story is told once more.
    pub again: Ends,
    /// Restarts that the setup program may ask for.
    pub restarts: usize,
}

/// How a story ends when everything works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ends {
    /// This version runs the disk.
    Pv(&'static str),
    /// This version is installed; the disk may be emulated.
    Version(&'static str),
    /// Nothing of ours is left.
    Gone,
    /// Anything that boots.
    Anyhow,
}

/// A life of one guest: its boots, and every change of its disk.
pub struct Life {
    /// The machine.
    pub machine: Arc<Machine>,
    /// How its boots go.
    pub weather: Weather,
    /// The running system.
    pub windows: Windows,
    /// The recordings of the boots before this one.
    pub tapes: Vec<Tape>,
    /// Restarts that the setup program has asked for.
    pub restarts: usize,
    /// What verbs said that did not do it.
    pub errors: Vec<String>,
}

/// The static configuration of the guest's NIC.
///
/// # Panics
/// Never: the addresses are constants.
#[must_use]
pub fn addresses() -> IpConfig {
    IpConfig {
        addresses: vec![("192.0.2.7".parse().unwrap(), 24), ("2001:db8::7".parse().unwrap(), 64)],
        gateways: vec!["192.0.2.1".parse().unwrap(), "2001:db8::1".parse().unwrap()],
        dns: vec!["192.0.2.53".parse().unwrap(), "2001:db8::53".parse().unwrap()],
    }
}

/// The operations, with a release before and after.
#[must_use]
pub fn stories() -> Vec<Story> {
    use Act::{CleanStore, Downgrade, Install, KeepIt, Repair, Restart, Rollback, Uninstall};
    let story = |name, before: &[Act], acts: &[Act], ends, again, restarts| Story {
        name,
        before: before.to_vec(),
        acts: acts.to_vec(),
        ends,
        again,
        restarts,
    };
    let v1 = [Install(V1), Restart];
    vec![
        story("install", &[], &[Install(V1), Restart], Ends::Pv(V1), Ends::Pv(V1), 1),
        story("upgrade", &v1, &[Install(V2), Restart, Restart], Ends::Pv(V2), Ends::Pv(V2), 1),
        story(
            "downgrade",
            &[Install(V2), Restart],
            &[Downgrade(V1), Restart, Restart],
            Ends::Pv(V1),
            Ends::Pv(V1),
            1,
        ),
        story("repair", &v1, &[Repair(V1), Restart], Ends::Pv(V1), Ends::Pv(V1), 1),
        story("removal", &v1, &[Uninstall, Restart, Restart], Ends::Gone, Ends::Gone, 1),
        story(
            "removal before the first restart",
            &[Install(V1)],
            &[Uninstall, Restart],
            Ends::Gone,
            Ends::Gone,
            0,
        ),
        story("removal taken back", &v1, &[Uninstall, KeepIt, Restart], Ends::Version(V1), Ends::Anyhow, 2),
        story(
            "upgrade taken back",
            &v1,
            &[Install(V2), Rollback, Restart],
            Ends::Version(V1),
            Ends::Anyhow,
            2,
        ),
        story(
            "cleaning of the driver store",
            &v1,
            &[Install(V2), CleanStore, Restart, CleanStore, Restart],
            Ends::Pv(V2),
            Ends::Pv(V2),
            1,
        ),
    ]
}

/// The release that is there.
pub const V1: &str = "1.0.0.0";
/// The next one.
pub const V2: &str = "1.1.0.0";

impl Life {
    /// Starts a guest from a disk.
    ///
    /// # Errors
    /// The stop error.
    pub fn begin(disk: &Disk, machine: &Arc<Machine>, weather: Weather) -> Result<Self, String> {
        let mut windows = boot::boot(disk, machine, weather)?;
        boot::log_on(&mut windows);
        Ok(Self {
            machine: Arc::clone(machine),
            weather,
            windows,
            tapes: Vec::new(),
            restarts: 0,
            errors: Vec::new(),
        })
    }

    /// A guest with static addresses that has never seen our drivers.
    ///
    /// # Errors
    /// The stop error.
    pub fn new(machine: &Arc<Machine>, weather: Weather) -> Result<Self, String> {
        let mut life = Self::begin(&boot::fresh(machine), machine, weather)?;
        life.windows.configure(EMULATED_NIC, &addresses());
        life.act(Act::Restart)?;
        Ok(life)
    }

    /// Something happens.
    ///
    /// # Errors
    /// Only that the guest does not boot: what a verb refuses or fails at is part of life.
    pub fn act(&mut self, act: Act) -> Result<(), String> {
        let plain = Allowances::default();
        let older = Allowances { downgrade: true, ..plain };
        let bolder = Allowances { replace_others: true, ..plain };
        let windows = &mut self.windows;
        let failed = |error: &dyn std::fmt::Display| error.to_string();
        let done = match act {
            Act::Install(version) => {
                run::install(windows, Path::new(&folder(version)), plain, false).map_err(|e| failed(&e))
            }
            Act::TakeOver(version) => {
                run::install(windows, Path::new(&folder(version)), bolder, false).map_err(|e| failed(&e))
            }
            Act::Downgrade(version) => {
                run::install(windows, Path::new(&folder(version)), older, false).map_err(|e| failed(&e))
            }
            Act::Repair(version) => {
                run::install(windows, Path::new(&folder(version)), plain, true).map_err(|e| failed(&e))
            }
            Act::Rollback => run::undo(windows).map_err(|e| failed(&e)),
            Act::KeepIt => run::undo_removal(windows, None).map_err(|e| failed(&e)),
            Act::Uninstall => {
                let done = run::uninstall(windows).map_err(|e| failed(&e));
                if done.is_ok() {
                    let program = windows.machine.program.to_ascii_lowercase();
                    windows.change_files(|files| {
                        files.programs.remove(&program);
                    });
                }
                done
            }
            Act::CleanStore => {
                clean_store(windows);
                Ok(Done::default())
            }
            Act::Restart => return self.restart(),
        };
        match done {
            Ok(done) => self.restarts += usize::from(done.restart),
            Err(error) => self.errors.push(format!("{act:?}: {error}")),
        }
        Ok(())
    }

    fn restart(&mut self) -> Result<(), String> {
        boot::shut_down(&mut self.windows);
        let disk = self.windows.disk();
        let mut next = boot::boot(&disk, &self.machine, self.weather)?;
        boot::log_on(&mut next);
        self.tapes.push(std::mem::take(&mut self.windows.tape));
        self.windows = next;
        Ok(())
    }

    /// Everything that was recorded, this boot's too.
    #[must_use]
    pub fn all_tapes(mut self) -> Vec<Tape> {
        self.tapes.push(self.windows.tape);
        self.tapes
    }

    /// Whether it has ended as it should.
    ///
    /// # Errors
    /// What is not as it should be.
    pub fn check(&self, ends: Ends) -> Result<(), String> {
        let facts = Facts::gather(&self.windows);
        let running = |version: &str| -> Result<(), String> {
            for device in facts.devices.iter().filter(|device| device.presence.is_some()) {
                if device.version.as_deref() != Some(version) {
                    return Err(format!(
                        "{} has version {:?}, not {version}",
                        device.instance, device.version
                    ));
                }
            }
            let old: Vec<&str> = facts
                .store
                .iter()
                .map(|package| package.version.as_str())
                .filter(|one| *one != version)
                .collect();
            if old.is_empty() { Ok(()) } else { Err(format!("the driver store still has {old:?}")) }
        };
        match ends {
            Ends::Pv(version) => {
                running(version)?;
                if self.windows.route != BootDisk::Pv {
                    return Err(format!("the disk is emulated: {:?}", self.windows.veto));
                }
            }
            Ends::Version(version) => running(version)?,
            Ends::Gone => {
                let left = !facts.services.is_empty()
                    || !facts.store.is_empty()
                    || facts.devices.iter().any(|device| device.service.is_some())
                    || facts.boot_service.is_some()
                    || facts.state.wanted.is_some()
                    || !self.windows.files().programs.is_empty()
                    || !self.windows.files().images.is_empty();
                if left {
                    let services: Vec<&str> =
                        facts.services.iter().map(|service| service.name.as_str()).collect();
                    return Err(format!(
                        "something is left: services {services:?}, boot service {:?}, {:?}, {:?}; log {:#?}",
                        facts.boot_service,
                        facts.state,
                        self.windows.files(),
                        self.windows.log
                    ));
                }
            }
            Ends::Anyhow => {}
        }
        if self.windows.weather.safe_mode {
            return Ok(());
        }
        match self.windows.interfaces().iter().find(|nic| nic.up) {
            Some(nic) if nic.config != addresses() => {
                Err(format!("{} has lost its addresses: {:?}", nic.guid, nic.config))
            }
            _ => Ok(()),
        }
    }
}

/// What Disk Clean-up and `pnputil` may take: packages that no present device is bound to.
fn clean_store(windows: &mut Windows) {
    for package in windows.files().packages.clone() {
        let step = xenpv_setup::step::Step::RemovePackage { published: package.published };
        // One that is in use is refused.
        let _ = windows.apply(&step);
    }
}

/// What a campaign has seen.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    /// Changes at which the power could fail.
    pub cuts: usize,
    /// Different states of the disk that this left.
    pub disks: usize,
    /// Boots.
    pub boots: usize,
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.cuts += other.cuts;
        self.disks += other.disks;
        self.boots += other.boots;
    }
}

/// How the boots after a power failure are varied.
#[must_use]
pub fn weathers(base: Weather) -> Vec<Weather> {
    let mut out = Vec::new();
    for safe_mode in [false, true] {
        for kernel_configures in [false, true] {
            out.push(Weather { safe_mode, kernel_configures, failing_step: None, ..base });
        }
    }
    out
}

/// Plays a story with the power failing at every point of it. After each failure the guest must boot in every
/// weather, boot again after the boot service has run, and reach the story's end when it is told once more.
///
/// Of the states of the disk every `stride`th is taken.
///
/// # Errors
/// The first guest that does not.
pub fn play(story: &Story, machine: &Arc<Machine>, weather: Weather, stride: usize) -> Result<Tally, String> {
    let named = |what: &str, error: String| format!("{}: {what}: {error}\n  ({weather:?})", story.name);
    let life = Life::new(machine, weather).map_err(|e| named("before", e))?;
    play_on(story, life, stride)
}

/// The same on a guest that has lived already.
///
/// # Errors
/// The first guest that does not.
pub fn play_on(story: &Story, mut life: Life, stride: usize) -> Result<Tally, String> {
    let (machine, weather) = (Arc::clone(&life.machine), life.weather);
    let named = |what: &str, error: String| format!("{}: {what}: {error}\n  ({weather:?})", story.name);
    for act in &story.before {
        life.act(*act).map_err(|e| named("before", e))?;
    }
    life.tapes.clear();
    life.restarts = 0;
    let disk = life.windows.disk();
    life.windows.tape = Tape::new(&disk);
    for act in &story.acts {
        life.act(*act).map_err(|e| named("without a power failure", e))?;
    }
    life.check(story.ends).map_err(|e| named("the end", format!("{e}; errors {:?}", life.errors)))?;
    if life.restarts > story.restarts {
        return Err(named("restarts", format!("{} were asked for", life.restarts)));
    }
    let mut tally = Tally::default();
    for tape in life.all_tapes() {
        tally.cuts += tape.cuts();
        for (index, disk) in tape.disks().iter().enumerate().step_by(stride) {
            tally.disks += 1;
            for weather in weathers(weather) {
                tally.boots += survive(story, disk, &machine, weather)
                    .map_err(|e| named(&format!("disk {index} of a tape, {weather:?}"), e))?;
            }
        }
    }
    Ok(tally)
}

/// Boots that follow a power failure.
fn survive(story: &Story, disk: &Disk, machine: &Arc<Machine>, weather: Weather) -> Result<usize, String> {
    let mut life = Life::begin(disk, machine, weather)?;
    // The next boots are ordinary ones again.
    life.weather.safe_mode = false;
    life.weather.kernel_configures = false;
    life.act(Act::Restart)?;
    let mut boots = 2;
    if weather.safe_mode || weather.kernel_configures != life.weather.kernel_configures {
        return Ok(boots);
    }
    for act in &story.acts {
        life.act(*act)?;
        boots += usize::from(*act == Act::Restart);
    }
    // Whatever was cut, the same actions lead to the same end; one restart more may be needed when the cut
    // has undone a proof.
    for _ in 0..3 {
        if life.check(story.again).is_ok() {
            return Ok(boots);
        }
        life.act(Act::Restart)?;
        boots += 1;
    }
    life.check(story.again)
        .map_err(|e| format!("told again it does not reach its end: {e}; errors {:?}", life.errors))?;
    Ok(boots)
}
