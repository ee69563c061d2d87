//! What is done with the MSI, and what must come of it. They run in order, each from a prefix without the product.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, ensure};

use crate::bench::Bench;

/// Files, and keys of the registry.
pub type Traces = (BTreeSet<String>, Vec<String>);
pub type Scenario = fn(&Bench) -> Result<()>;

/// Without dialogs.
pub const SILENT: &[(&str, Scenario)] = &[
    ("install-repair-remove", install_repair_remove),
    ("upgrade", upgrade),
    ("downgrade", downgrade),
    ("failure", failure),
    ("failed-removal", failed_removal),
    ("reboot", reboot),
    ("options", options),
    ("old-windows", old_windows),
];

/// With dialogs, by keys that are typed at them: these wait for pages by time, and leave pictures to be looked at.
pub const DIALOGS: &[(&str, Scenario)] = &[("dialogs", dialogs), ("dialogs-failure", dialogs_failure)];

const CHECK: &str = "check --package C:\\Program Files\\XenPV\\drivers";
const INSTALL: &str = "install --package C:\\Program Files\\XenPV\\drivers";
const UNINSTALL: &str = "uninstall --package C:\\Program Files\\XenPV\\drivers";
/// 1603, 3010 and 1602 as a Unix exit code shows them.
pub const FAILED: i32 = 1603 & 0xFF;
pub const REBOOT: i32 = 3010 & 0xFF;

fn copied(bench: &Bench, version: u16) -> Result<()> {
    for driver in ["xenpvpci", "xenpvvbd", "xenpvnet"] {
        for ending in ["inf", "sys", "cat"] {
            let name = format!("{driver}.{ending}");
            let content = bench.file(&format!("drivers/{driver}/{name}")).unwrap_or_default();
            ensure!(content == format!("{name} of version {version}"), "{name} is \"{content}\"");
        }
    }
    Ok(())
}

fn installed(bench: &Bench, version: u16) -> Result<()> {
    copied(bench, version)?;
    let code = &bench.codes[usize::from(version) - 1];
    let keys = bench.keys();
    let entries: Vec<_> = keys
        .iter()
        .filter(|(key, _)| key.contains("\\CurrentVersion\\\\Uninstall\\"))
        .filter(|(_, values)| values.iter().any(|value| value == "\"DisplayName\"=\"Xen PV drivers\""))
        .collect();
    ensure!(entries.len() == 1, "{} entries in Add/Remove Programs", entries.len());
    let (key, values) = entries[0];
    ensure!(key.ends_with(code.as_str()), "the entry is {key}, not of {code}");
    for value in [
        format!("\"DisplayVersion\"=\"{version}.0.0\""),
        "\"Publisher\"=\"XenPV\"".to_owned(),
        "\"NoModify\"=dword:00000001".to_owned(),
    ] {
        ensure!(values.contains(&value), "the entry lacks {value}: {values:?}");
    }
    Ok(())
}

pub fn code(actual: i32, expected: i32) -> Result<()> {
    ensure!(actual == expected, "msiexec ended with {actual}, not {expected}");
    Ok(())
}

fn calls(bench: &Bench, expected: &[&str]) -> Result<()> {
    let calls = bench.calls();
    ensure!(calls == expected, "the setup program was called {calls:?}, not {expected:?}");
    Ok(())
}

/// What is there beside Wine's own: files, and keys of the registry that name us or our products.
pub fn traces(bench: &Bench) -> Traces {
    let packed: Vec<String> = bench.codes.iter().map(|code| squash(code)).collect();
    let keys = bench
        .keys()
        .into_iter()
        .filter(|(key, values)| {
            let text = format!("{key} {}", values.join(" "));
            text.contains("XenPV") || text.contains("Xen PV") || packed.iter().any(|code| text.contains(code))
        })
        .map(|(key, _)| key)
        .collect();
    (bench.files(), keys)
}

/// A product code as Windows Installer writes it into names of keys: the parts of the GUID turned round.
fn squash(code: &str) -> String {
    let digits: Vec<char> = code.chars().filter(char::is_ascii_hexdigit).collect();
    let mut out = String::new();
    let mut at = 0;
    for length in [8, 4, 4, 2, 2, 2, 2, 2, 2, 2, 2] {
        out.extend(digits[at..at + length].iter().rev());
        at += length;
    }
    out
}

/// Removes whichever version is there, and sees that nothing is left of it.
fn remove(bench: &Bench, name: &str, version: u16, before: &Traces) -> Result<()> {
    let product = &bench.codes[usize::from(version) - 1];
    code(bench.msiexec(name, &format!("/x '{product}'"))?, 0).context("removal")?;
    calls(bench, &[UNINSTALL])?;
    gone(bench, before)
}

pub fn gone(bench: &Bench, before: &Traces) -> Result<()> {
    let after = traces(bench);
    let files: Vec<&String> = after.0.difference(&before.0).collect();
    ensure!(files.is_empty(), "left behind: {files:?}");
    let keys: Vec<&String> = after.1.iter().filter(|key| !before.1.contains(key)).collect();
    ensure!(keys.is_empty(), "left behind in the registry: {keys:?}");
    Ok(())
}

fn install(bench: &Bench, name: &str, version: u16) -> Result<()> {
    code(bench.msiexec(name, &format!("/i 'Z:\\work\\v{version}.msi'"))?, 0)?;
    calls(bench, &[CHECK, INSTALL])?;
    installed(bench, version)
}

fn install_repair_remove(bench: &Bench) -> Result<()> {
    let before = traces(bench);
    install(bench, "install", 1)?;
    let log = bench.log("install");
    ensure!(log.contains("Installing [xenpvpci]"), "the log lacks the setup program's lines");
    let damaged = bench.drive().join(crate::bench::FOLDER).join("drivers/xenpvvbd/xenpvvbd.sys");
    std::fs::write(&damaged, "damaged")?;
    std::fs::remove_file(damaged.with_extension("cat"))?;
    code(bench.msiexec("repair", "/i 'Z:\\work\\v1.msi' REINSTALL=ALL REINSTALLMODE=amus")?, 0)?;
    calls(bench, &[CHECK, INSTALL])?;
    installed(bench, 1).context("after the repair")?;
    remove(bench, "remove", 1, &before)
}

fn upgrade(bench: &Bench) -> Result<()> {
    let before = traces(bench);
    install(bench, "upgrade-from", 1)?;
    code(bench.msiexec("upgrade-to", "/i 'Z:\\work\\v2.msi'")?, 0)?;
    // Wine does not tell the old version that it is being upgraded (UPGRADINGPRODUCTCODE), as Windows does: there
    // it is not removed (installer/msi/tests).
    calls(bench, &[UNINSTALL, CHECK, INSTALL])?;
    installed(bench, 2)?;
    remove(bench, "upgrade-remove", 2, &before)
}

fn downgrade(bench: &Bench) -> Result<()> {
    let before = traces(bench);
    install(bench, "newer", 2)?;
    code(bench.msiexec("downgrade", "/i 'Z:\\work\\v1.msi'")?, FAILED)?;
    calls(bench, &[])?;
    // Wine keeps the texts of launch conditions to itself when it is silent.
    installed(bench, 2)?;
    remove(bench, "newer-remove", 2, &before)
}

fn failure(bench: &Bench) -> Result<()> {
    let before = traces(bench);
    bench.order("install 1603 There is no room on the disk.")?;
    let result = bench.msiexec("failure", "/i 'Z:\\work\\v1.msi'")?;
    bench.order("")?;
    code(result, FAILED)?;
    let log = bench.log("failure");
    ensure!(log.contains("There is no room on the disk."), "the log does not say why");
    undone(bench, "failure", &before)
}

/// After a failed installation nothing is left. Wine undoes the steps from the first to the last instead of the other way
/// round, so that it has removed the setup program when its rollback action runs: that it was to run is in the log.
/// Windows' order is executed on the model (installer/msi/src/model.rs).
fn undone(bench: &Bench, name: &str, before: &Traces) -> Result<()> {
    calls(bench, &[CHECK, INSTALL])?;
    let log = bench.log(name);
    ensure!(log.contains("xenpv-setup.exe install --rollback"), "the rollback action did not run");
    gone(bench, before)
}

fn failed_removal(bench: &Bench) -> Result<()> {
    install(bench, "before-failed-removal", 1)?;
    bench.order("uninstall 1603 Windows is about to restart.")?;
    let result = bench.msiexec("failed-removal", &format!("/x '{}'", bench.codes[0]))?;
    bench.order("")?;
    code(result, FAILED)?;
    calls(bench, &[UNINSTALL, "uninstall --rollback --package C:\\Program Files\\XenPV\\drivers"])?;
    copied(bench, 1)?;
    // Wine forgets the product before it carries out the script, and does not undo that: nothing to go on with.
    bench.renew()
}

fn reboot(bench: &Bench) -> Result<()> {
    let before = traces(bench);
    bench.order("install 3010\nuninstall 3010")?;
    code(bench.msiexec("reboot", "/i 'Z:\\work\\v1.msi' REBOOT=ReallySuppress")?, REBOOT)?;
    calls(bench, &[CHECK, INSTALL])?;
    installed(bench, 1)?;
    let product = &bench.codes[0];
    code(bench.msiexec("reboot-remove", &format!("/x '{product}' REBOOT=ReallySuppress"))?, REBOOT)?;
    bench.order("")?;
    calls(bench, &[UNINSTALL])?;
    gone(bench, &before)
}

fn options(bench: &Bench) -> Result<()> {
    let before = traces(bench);
    let arguments = "/i 'Z:\\work\\v1.msi' REPLACEOTHERS=1 LOGFILE='C:\\probe\\setup.log'";
    code(bench.msiexec("options", arguments)?, 0)?;
    let more = "--replace-others --log C:\\probe\\setup.log";
    calls(bench, &[&format!("{CHECK} {more}"), &format!("{INSTALL} {more}")])?;
    // A repair can be begun by anybody.
    code(bench.msiexec("options-repair", &format!("{arguments} REINSTALL=ALL"))?, 0)?;
    calls(bench, &[CHECK, INSTALL])?;
    remove(bench, "options-remove", 1, &before)
}

fn old_windows(bench: &Bench) -> Result<()> {
    let before = traces(bench);
    let key = "'HKLM\\Software\\Microsoft\\Windows NT\\CurrentVersion' /v CurrentBuildNumber";
    let set = |build: &str| bench.wine(&format!("wine64 reg add {key} /d {build} /f; wineserver -w"));
    set("10240")?;
    let result = bench.msiexec("old-windows", "/i 'Z:\\work\\v1.msi'");
    set("19043")?;
    code(result?, FAILED)?;
    calls(bench, &[])?;
    gone(bench, &before)
}

/// What a page is waited for by.
#[derive(Clone, Copy)]
pub enum When {
    /// The window.
    Shown,
    /// The setup program has been called.
    Called,
    /// The setup program has refused.
    Refused,
    /// The installation has ended.
    Ended,
}

/// Types through the wizard. A picture of every page is kept as `<picture>.xwd`.
pub fn wizard(name: &str, command: &str, steps: &[(&str, When, &str)]) -> String {
    let logged = |words: &str| {
        format!(
            "until case \"$(cat /work/{name}.log)\" in *'{words}'*) true;; *) false;; esac; do sleep 0.5; done\n"
        )
    };
    let mut script = format!("wine64 msiexec {command} '/l*v' 'Z:\\work\\{name}.log' & msi=$!\n");
    for (picture, when, key) in steps {
        script += &match when {
            When::Shown => {
                "xdotool search --sync --onlyvisible --name 'Xen PV drivers' >/dev/null\n".to_owned()
            }
            When::Called => {
                "until test -s /work/prefix/drive_c/probe/calls.txt; do sleep 0.3; done\n".to_owned()
            }
            When::Refused => logged("error: "),
            When::Ended => logged("INSTALL. Return value"),
        };
        script +=
            &format!("sleep 2; cp /work/Xvfb_screen0 /work/{picture}.xwd; xdotool key {key}; sleep 1\n");
    }
    script + "wait $msi; wineserver -w\n"
}

fn dialogs(bench: &Bench) -> Result<()> {
    let before = traces(bench);
    let pages = [
        ("page-1-welcome", When::Shown, "Escape"),
        // "No" is what the Enter key chooses.
        ("page-1-cancel", When::Shown, "Return"),
        ("page-1-again", When::Shown, "Return"),
        ("page-2-licence", When::Shown, "Return"),
        ("page-3-ready", When::Shown, "Return"),
        ("page-4-progress", When::Called, "shift"),
        ("page-5-done", When::Ended, "Return"),
    ];
    bench.order("pause 6")?;
    bench.wine(&wizard("dialogs", "/i 'Z:\\work\\v1.msi'", &pages))?;
    calls(bench, &[CHECK, INSTALL])?;
    installed(bench, 1)?;
    let pages = [
        ("page-6-maintenance", When::Shown, "Tab Return"),
        ("page-7-remove", When::Shown, "Tab Return"),
        ("page-8-removed", When::Ended, "Return"),
    ];
    bench.order("")?;
    bench.wine(&wizard("dialogs-remove", "/i 'Z:\\work\\v1.msi'", &pages))?;
    calls(bench, &[UNINSTALL])?;
    gone(bench, &before)
}

fn dialogs_failure(bench: &Bench) -> Result<()> {
    let before = traces(bench);
    bench.order("install 1603 There is no room on the disk: free 50 MB and try again.")?;
    let pages = [
        ("fail-1-welcome", When::Shown, "Return"),
        ("fail-2-licence", When::Shown, "Return"),
        ("fail-3-ready", When::Shown, "Return"),
        ("fail-4-error", When::Called, "Return"),
        ("fail-5-end", When::Ended, "Return"),
    ];
    let result = bench.wine(&wizard("dialogs-failure", "/i 'Z:\\work\\v1.msi'", &pages));
    bench.order("")?;
    ensure!(result.is_err(), "msiexec reported success");
    undone(bench, "dialogs-failure", &before)
}
