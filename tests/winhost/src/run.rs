//! A run: cells one after the other, whatever becomes of each; nothing stays on the host; a report.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result, ensure};

use crate::{
    clean,
    clock::Clock,
    drivers,
    matrix::{Cell, Windows},
    payload::{self, Supplies},
    plan::{self, Plan, Suite, Supplied},
    report,
    runner::{Input, Trouble},
    session::{Bound, Bounds, End, Outcome, Session, Summary},
    state::State,
    toolstack::{Firmware, System, Toolstack, Vm, is_run},
    unattend,
    wire::Verdict,
};

/// What a run is told.
pub struct Options {
    /// Its name.
    pub name: String,
    /// Folder for its results, on this machine.
    pub folder: PathBuf,
    /// The cells.
    pub cells: Vec<Cell>,
    /// What the user supplies.
    pub supplies: Supplies,
    /// Bridge on the host.
    pub bridge: String,
    /// Leave the guest as it is after a failure.
    pub keep: bool,
    /// Between two looks at a guest.
    pub poll: Duration,
    /// Bounds that are not the usual ones.
    pub bounds: Vec<(Bound, u32)>,
    /// Program of an HLK controller.
    pub controller: Option<PathBuf>,
}

/// A run under way.
pub struct Run<'a> {
    stack: &'a dyn Toolstack,
    clock: &'a dyn Clock,
    options: &'a Options,
    state: State,
}

/// Why a cell has no session's summary.
fn broken(plan: &Plan, trouble: &Trouble) -> Summary {
    let text = trouble.to_string();
    let end = match trouble {
        Trouble::Gone(text) => End::HostGone(text.clone()),
        _ => End::Host(text.clone()),
    };
    without(plan, end)
}

fn without(plan: &Plan, end: End) -> Summary {
    let text = end.text();
    let tests = plan.tests.iter().map(|test| Outcome {
        test: test.name.clone(),
        verdict: Verdict::NotRun,
        text: text.clone(),
        seconds: 0,
        facts: std::collections::BTreeMap::new(),
    });
    Summary { tests: tests.collect(), end, notes: Vec::new(), boots: 0, seconds: 0, windows: String::new() }
}

impl<'a> Run<'a> {
    /// A new run, or one that goes on where its state says.
    ///
    /// # Errors
    /// Its name is none, or its folder cannot be used.
    pub fn new(
        stack: &'a dyn Toolstack,
        clock: &'a dyn Clock,
        options: &'a Options,
        about: State,
    ) -> Result<Self> {
        ensure!(is_run(&options.name), "`{}` is no name for a run: letters and digits", options.name);
        let state = State::load(&options.folder)?.unwrap_or(about);
        Ok(Self { stack, clock, options, state })
    }

    /// Runs every cell that has not ended yet. Gives the state, with all results.
    ///
    /// # Errors
    /// This machine's folder cannot be written. What goes wrong on the host is a result.
    pub fn all(mut self) -> Result<State> {
        let folder = self.options.folder.clone();
        self.state.clean = false;
        self.state.save(&folder)?;
        for cell in &self.options.cells {
            if self.state.has_ended(&cell.name) {
                eprintln!("==> {}: has ended already", cell.name);
                continue;
            }
            eprintln!("==> {}", cell.name);
            let id = format!("{}-{}", self.options.name, cell.name);
            let plan =
                plan::plan(&id, cell.suite, Supplied { old_msi: self.options.supplies.old_msi.is_some() });
            let out = folder.join(&cell.name);
            let mut summary = match self.cell(cell, &plan, &out) {
                Ok(summary) => summary,
                Err(error) => match error.downcast_ref::<Trouble>() {
                    Some(trouble) => broken(&plan, trouble),
                    None => return Err(error.context(cell.name.clone())),
                },
            };
            if cell.suite == Suite::Hlk && summary.end == End::Done {
                summary.tests.extend(drivers::playlist(self.options.controller.as_deref(), &out)?);
            }
            let keep = self.options.keep && !summary.is_good();
            if !keep {
                self.clean(&mut summary);
            }
            eprintln!("    {}", summary.end.text());
            let gone = matches!(summary.end, End::HostGone(_));
            self.state.cells.insert(cell.name.clone(), summary);
            self.state.save(&folder)?;
            report::write(&folder, &self.options.name, &self.state.cells)?;
            if keep || gone {
                break;
            }
        }
        Ok(self.state)
    }

    fn clean(&mut self, summary: &mut Summary) {
        match clean::run(self.stack, &self.options.name) {
            Ok(()) => self.state.clean = true,
            Err(trouble) => {
                self.state.clean = false;
                summary.notes.push(format!(
                    "the host is not clean: {trouble}; `cargo xtask winhost clean` tries again"
                ));
            }
        }
    }

    fn vm(&self, name: &str, windows: &Windows) -> Vm {
        Vm {
            run: self.options.name.clone(),
            name: format!("winhost-{}-{name}", self.options.name),
            firmware: windows.firmware,
            memory: windows.memory,
            processors: windows.processors,
            bridge: self.options.bridge.clone(),
        }
    }

    fn cell(&mut self, cell: &Cell, plan: &Plan, out: &Path) -> Result<Summary> {
        // A cell that was interrupted starts anew.
        clean::run(self.stack, &self.options.name)?;
        self.state.clean = false;
        let key = cell.windows.base_key();
        if !self.stack.has_base(&key)?
            && let Some(failed) = self.base(cell, &key, plan, out)?
        {
            return Ok(failed);
        }
        let vm = self.vm(&cell.name, &cell.windows);
        let image = self.upload(plan, None, &cell.name)?;
        self.stack.make_disks(&vm, &System::Base(key))?;
        let mut bounds = Bounds { poll: self.options.poll, ..Bounds::of_plan(plan) };
        self.options.bounds.iter().for_each(|(which, number)| bounds.set(*which, *number));
        Ok(Session::new(self.stack, self.clock, &vm, plan, bounds, vec![image], out)?.run())
    }

    /// Makes the base image; a summary only when that failed.
    fn base(&self, cell: &Cell, key: &str, plan: &Plan, out: &Path) -> Result<Option<Summary>> {
        let windows = &cell.windows;
        let vm = self.vm(&format!("{}-base", windows.name), windows);
        if !windows.is_medium() {
            self.stack.import_base(key, &windows.image, &vm)?;
            return Ok(None);
        }
        eprintln!("    installing Windows");
        let edition = unattend::Edition {
            index: windows.index,
            key: windows.key.clone(),
            firmware: windows.firmware,
            locale: windows.locale.clone(),
        };
        let base = plan::base(&format!("{}-base", self.options.name));
        let image =
            self.upload(&base, Some(&unattend::answers(&edition)?), &format!("{}-base", cell.name))?;
        self.stack.make_disks(&vm, &System::Empty(windows.disk))?;
        let images = vec![windows.image.clone(), image];
        let folder = out.join("install");
        let bounds = Bounds { poll: self.options.poll, ..Bounds::of_install() };
        let mut session = Session::new(self.stack, self.clock, &vm, &base, bounds, images, &folder)?;
        if windows.firmware == Firmware::Uefi {
            session = session.pressing_a_key();
        }
        let summary = session.run();
        if summary.end != End::Done {
            let mut failed = without(plan, summary.end);
            failed.notes = summary.notes;
            failed.notes.push("Windows was not installed".to_owned());
            (failed.boots, failed.seconds) = (summary.boots, summary.seconds);
            return Ok(Some(failed));
        }
        self.stack.destroy(&vm)?;
        self.stack.keep_base(&vm, key)?;
        clean::run(self.stack, &self.options.name)?;
        Ok(None)
    }

    /// Makes the payload image and puts it on the host.
    fn upload(&self, plan: &Plan, answers: Option<&str>, name: &str) -> Result<String> {
        let dir = tempfile::tempdir().context("cannot make a folder")?;
        let (tree, iso) = (dir.path().join("tree"), dir.path().join("payload.iso"));
        payload::lay_out(&tree, plan, answers, &self.options.supplies)?;
        payload::image(&tree, &iso)?;
        let path = format!("{}/iso/{name}.iso", self.stack.folder(&self.options.name));
        self.stack.host().put(&path, Input::File(&iso))?;
        Ok(path)
    }
}

/// How many cells are good, and how many there are.
#[must_use]
pub fn tally(state: &State, cells: &[Cell]) -> (usize, usize) {
    let good = |cell: &&Cell| state.cells.get(&cell.name).is_some_and(Summary::is_good);
    (cells.iter().filter(good).count(), cells.len())
}
