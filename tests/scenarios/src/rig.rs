//! A Windows guest in a box: the driver binaries as shipped, the stand-in kernel around them, the
//! simulated Xen outside.

// A bug check ends the test: its size does not matter.
#![allow(clippy::result_large_err)]

use std::path::{Path, PathBuf};

use ntsim::kernel::config::Faults;
use ntsim::pnp::{
    self, boot, install,
    node::{NodeId, NodeState},
    removal,
    store::Source,
};
use ntsim::verifier::faults;
use ntsim_host::{BugCheck, Sim};
use xensim::Xen;

/// Where the built drivers are: `XENPV_DRIVERS`, else where `cargo xtask build` puts them.
#[must_use]
pub fn drivers() -> PathBuf {
    if let Some(folder) = std::env::var_os("XENPV_DRIVERS") {
        return folder.into();
    }
    target().join("drivers")
}

/// Where everything is built: `target/`, or `CARGO_TARGET_DIR`.
#[must_use]
pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// The workspace.
#[must_use]
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A guest.
pub struct Rig {
    /// The stand-in kernel.
    pub sim: Sim,
    /// Everything outside.
    pub xen: Xen,
}

impl Rig {
    /// A guest in `xen` with the seed's schedule.
    #[must_use]
    pub fn new(xen: Xen, seed: u64) -> Self {
        Self::with(xen, seed, |builder| builder)
    }

    /// As [`Rig::new`], with changes to the kernel.
    #[must_use]
    pub fn with(
        xen: Xen,
        seed: u64,
        change: impl FnOnce(ntsim_host::Builder) -> ntsim_host::Builder,
    ) -> Self {
        let processors = machine::Machine::processors(&xen);
        let builder = Sim::builder().seed(seed).processors(processors).machine(Box::new(xen.clone()));
        Self { sim: change(builder).build(), xen }
    }

    /// Runs `f` on a thread of the guest's; a bug check fails the test with its story.
    pub fn run<R>(&self, f: impl FnOnce() -> R) -> R {
        match self.try_run(f) {
            Ok(result) => result,
            Err(bugcheck) => panic!("seed {}: {bugcheck}\n{}", self.sim.seed(), self.console()),
        }
    }

    /// As [`Rig::run`], giving the bug check back.
    ///
    /// # Errors
    /// The bug check.
    pub fn try_run<R>(&self, f: impl FnOnce() -> R) -> Result<R, BugCheck> {
        self.sim.run(f)
    }

    /// What the guest wrote to port 0xE9.
    #[must_use]
    pub fn console(&self) -> String {
        String::from_utf8_lossy(&self.xen.sim().world.console).into_owned()
    }
}

/// Puts a package of ours (`inf/<name>.inf` and the built `<name>.sys`) into the driver store. In the
/// guest.
pub fn add_package(name: &str) {
    let inf = std::fs::read(root().join("inf").join(format!("{name}.inf"))).expect("the INF file");
    let path = drivers().join(format!("{name}.sys"));
    let image = std::fs::read(&path).unwrap_or_else(|_| {
        panic!("{} is not there: run `cargo xtask build` first, or set XENPV_DRIVERS", path.display())
    });
    let mut files = vec![(format!("{name}.sys"), Source::Image(image))];
    // With the linker's map a crash is told by function names.
    if let Ok(map) = std::fs::read(path.with_extension("map")) {
        files.push((format!("{name}.map"), Source::Image(map)));
    }
    install::add_package(&format!("{name}.inf"), &inf, files)
        .unwrap_or_else(|error| panic!("{name}.inf: {error}"));
}

/// Boots with the packages named. In the guest.
pub fn boot(packages: &[&str]) {
    for name in packages {
        add_package(name);
    }
    boot::run();
}

/// What an installation leaves on the system's disk, and the next boot finds there: registry, driver
/// store, files.
pub struct Installation {
    tree: ntsim::cm::tree::Tree,
    store: ntsim::pnp::store::Store,
}

/// Shuts down and gives the system's disk away. In the guest, as the last thing.
#[must_use]
pub fn shut_down() -> Installation {
    ntsim::po::system::shutdown(true);
    let tree = std::mem::take(&mut *ntsim::cm::registry().tree.lock());
    let store = std::mem::take(&mut *pnp::state().store.lock());
    Installation { tree, store }
}

/// Boots an installed system. `change` may edit its registry first. In the guest, as the first thing.
pub fn boot_installed(installation: Installation, change: impl FnOnce()) {
    *ntsim::cm::registry().tree.lock() = installation.tree;
    *pnp::state().store.lock() = installation.store;
    change();
    boot::run();
}

/// A system on which the packages named were installed, on a machine like `xen`.
#[must_use]
pub fn installed(xen: Xen, seed: u64, packages: &[&str]) -> Installation {
    let rig = Rig::new(xen, seed);
    rig.run(|| {
        boot(packages);
        shut_down()
    })
}

/// First seed and number of rounds of a campaign: `sample` of them in `cargo test`; `cargo xtask soak` says
/// otherwise by `XENPV_SOAK_FROM` and `XENPV_SOAK`.
#[must_use]
pub fn rounds(sample: u64) -> (u64, u64) {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    (number("XENPV_SOAK_FROM").unwrap_or(0), number("XENPV_SOAK").unwrap_or(sample))
}

/// A driver's life while allocations of its fail: boots, and lets it `live` if it is `running` then. Afterwards memory is
/// there again, what could be started `works`, and nothing is left when the bus goes. The number of allocations.
///
/// # Panics
/// When something is left.
pub fn with_failures(
    rig: &Rig,
    driver: &str,
    failures: Faults,
    running: impl Fn() -> bool,
    live: impl FnOnce(),
    works: impl FnOnce(),
) -> u64 {
    let opportunities = rig.run(|| {
        add_package("xenpvpci");
        add_package(driver);
        faults::arm(failures, &format!("{driver}.sys"));
        boot::run();
        let runs = running();
        if runs {
            live();
        }
        let opportunities = faults::opportunities();
        faults::disarm();
        if runs {
            works();
        }
        removal::disable(node("PCI\\VEN_5853&DEV_0001"))
            .unwrap_or_else(|status| panic!("{failures:?}: {status:#x}"));
        opportunities
    });
    let held = rig.xen.held();
    assert_eq!((held.grants, held.mapped, held.watches), (0, 0, 0), "{failures:?}");
    rig.xen.assert_clean();
    opportunities
}

/// Lives a driver's life again and again, with another allocation failing each time: `sample` of them, or as many as
/// `XENPV_SOAK` says. `life` gives the number of allocations, of which there are `least`.
///
/// # Panics
/// When there are fewer.
pub fn fail_each_once(sample: u64, least: u64, life: impl Fn(Faults) -> u64) {
    let opportunities = life(Faults::Those(&[]));
    assert!(opportunities > least, "{opportunities} allocations");
    let (from, count) = rounds(sample);
    let step = (opportunities / count).max(1);
    for n in (from % step..opportunities).step_by(step as usize) {
        life(Faults::Nth(n));
    }
}

/// The texts of the event log. In the guest.
#[must_use]
pub fn event_log() -> Vec<String> {
    ntsim::io::state().log.lock().entries.iter().map(|entry| entry.strings.concat()).collect()
}

/// State and problem code of a device, by the start of its instance path. In the guest.
#[must_use]
pub fn state_of(path: &str) -> Option<(NodeState, u32)> {
    pnp::find(path).map(|id| pnp::with(id, |node| (node.state, node.problem)))
}

/// The node of a device. In the guest.
///
/// # Panics
/// When it is not there.
#[must_use]
pub fn node(path: &str) -> NodeId {
    pnp::find(path).unwrap_or_else(|| panic!("{path} is not there:\n{}", pnp::dump()))
}

/// Lets the guest run for `milliseconds` of virtual time. In the guest.
pub fn sleep(milliseconds: u64) {
    let interval = -((milliseconds * 10_000).cast_signed());
    // SAFETY: on a thread of the guest's at PASSIVE_LEVEL.
    let status = unsafe { ntsim::ke::sync::KeDelayExecutionThread(0, 0, &raw const interval) };
    assert_eq!(status, 0, "a sleep that was cut short");
}

/// Waits until `done`, at most `seconds` of virtual time; says what was waited for. In the guest.
pub fn wait_until(what: &str, seconds: u64, mut done: impl FnMut() -> bool) {
    for _ in 0..seconds * 100 {
        if done() {
            return;
        }
        sleep(10);
    }
    panic!("not within {seconds} s: {what}\n{}\n{:#?}", pnp::dump(), event_log());
}
