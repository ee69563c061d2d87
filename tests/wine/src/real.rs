//! The setup program itself in Wine: what it does to services, registry, driver store and files, by the MSI that ships
//! and alone. That Wine has no devices is the one thing missing: binding drivers to them is proven in
//! `tests/bootmodel` and `tests/ntsim`.

use std::{fs, sync::Arc};

use anyhow::{Context as _, Result, anyhow, ensure};
use bootmodel::{
    campaign::{Act, Life, V1},
    machine::{Machine, Weather},
    regf,
};
use inf_file::{Inf, NoLibrary, RegData, RegOp, System};
use serde_json::Value;

use crate::{
    bench::{Bench, FOLDER, Run},
    scenarios::{FAILED, Scenario, Traces, When, code, gone, traces, wizard},
};

/// With the setup program, silently.
pub const REAL: &[(&str, Scenario)] = &[
    ("real-life", life),
    ("real-upgrade", upgrade),
    ("real-alone", alone),
    ("real-full-disk", full_disk),
    ("real-blocked", blocked),
    ("real-refusals", refusals),
    ("real-planted", planted),
    ("real-unheard", unheard),
    ("real-second-copy", second_copy),
    ("real-rights", rights),
    ("real-replace-others", replace_others),
    ("real-offline-doctor", offline_doctor),
    ("infs", infs),
];

/// By dialogs.
pub const REAL_DIALOGS: &[(&str, Scenario)] =
    &[("real-dialogs", dialogs), ("real-dialogs-refused", dialogs_refused)];

const SETUP: &str = r"C:\Program Files\XenPV\xenpv-setup.exe";
/// The setup program beside the MSI.
const LOOSE: &str = r"Z:\work\next\xenpv-setup.exe";
/// Where it is kept for the boot service when it was run from there.
const KEPT: &str = r"C:\Program Files\XenPV Boot\xenpv-setup.exe";
const DRIVERS: &str = r"Z:\work\next\drivers";
const SERVICE: &str = r"System\\ControlSet001\\Services\\xenpvboot";
const STATE: &str = r"System\\ControlSet001\\Control\\XenPV";
const SHIPPED: &str = concat!(env!("CARGO_PKG_VERSION"), ".0");

/// The next release, of the bench.
pub const NEXT: &str = "9.1.0.0";

fn test_signing(bench: &Bench, on: bool) -> Result<()> {
    bench.registry(
        r"HKLM\SYSTEM\CurrentControlSet\Control",
        "SystemStartOptions",
        if on { " TESTSIGNING" } else { "" },
    )
}

/// What was there before, in a Windows that takes test signatures.
fn begin(bench: &Bench) -> Result<Traces> {
    test_signing(bench, true)?;
    Ok(traces(bench))
}

fn said<'a>(run: &'a Run, code: i32, words: &str) -> Result<&'a str> {
    ensure!(run.code == code, "ended with {}, not {code}: {}", run.code, run.text);
    ensure!(run.text.contains(words), "did not say \"{words}\": {}", run.text);
    Ok(&run.text)
}

fn status(bench: &Bench, program: &str) -> Result<Value> {
    let run = bench.run(program, "status --json")?;
    let at = run.text.find('{').with_context(|| format!("no JSON: {}", run.text))?;
    Ok(serde_json::from_str(&run.text[at..])?)
}

/// The drivers of a version are there, and only those.
fn installed(bench: &Bench, program: &str, version: &str) -> Result<()> {
    let status = status(bench, program)?;
    let program = if program == LOOSE { KEPT } else { program };
    ensure!(status["wanted"] == "installed" && status["version"] == version, "{status}");
    let store = status["store"].as_array().context("no list")?;
    let right = store.len() == 3 && store.iter().all(|package| package["version"] == version);
    ensure!(right, "the driver store has {store:?}");
    let keys = bench.keys();
    let service = keys.get(SERVICE).context("the boot service is not there")?;
    let command = format!(r#""ImagePath"="\"{}\" boot --service""#, program.replace('\\', r"\\"));
    ensure!(service.contains(&command), "the boot service is {service:?}, not {command}");
    ensure!(service.contains(&"\"Start\"=dword:00000002".to_owned()), "{service:?}");
    let state = keys.get(STATE).context("nothing is remembered")?;
    ensure!(state.contains(&format!("\"Finished\"=\"{version}\"")), "{state:?}");
    Ok(())
}

/// Nothing of the driver store, the services and the memory is there.
fn clean(bench: &Bench) -> Result<()> {
    let keys = bench.keys();
    for key in [SERVICE, STATE] {
        ensure!(!keys.keys().any(|name| name.starts_with(key)), "{key} is there");
    }
    let infs: Vec<String> = bench.files().into_iter().filter(|name| name.contains("xenpv")).collect();
    ensure!(infs.is_empty(), "there is {infs:?}");
    Ok(())
}

fn life(bench: &Bench) -> Result<()> {
    let before = begin(bench)?;
    let log = r"LOGFILE='C:\probe\setup.log'";
    code(bench.msiexec("real-install", &format!("/i 'Z:\\work\\shipped.msi' {log}"))?, 0)?;
    installed(bench, SETUP, SHIPPED)?;
    let own = bench.take("probe/setup.log");
    for step in
        ["Registering the boot service", "Adding xenpvvbd.inf to the driver store", "Writing the registry"]
    {
        ensure!(own.contains(step), "its log lacks \"{step}\": {own}");
        ensure!(bench.log("real-install").contains(step), "the MSI's log lacks \"{step}\"");
    }
    // The boot service has run when Wine was started again, and found nothing to do.
    bench.run(SETUP, "doctor --json").and_then(|run| said(&run, 0, "\"level\"").map(drop))?;
    let boot = fs::read_to_string(bench.drive().join("windows/Logs/xenpv-boot.log")).unwrap_or_default();
    ensure!(!boot.contains("ailed") && !boot.contains("error"), "the boot service says {boot}");

    // Whatever is lost comes back.
    let folder = bench.drive().join(FOLDER).join("drivers/xenpvvbd");
    let whole = fs::read(folder.join("xenpvvbd.sys"))?;
    fs::write(folder.join("xenpvvbd.sys"), "damaged")?;
    fs::remove_file(folder.join("xenpvvbd.cat"))?;
    bench.wine("wine64 reg delete 'HKLM\\System\\ControlSet001\\Services\\xenpvboot' /f; wineserver -w")?;
    code(bench.msiexec("real-repair", "/i 'Z:\\work\\shipped.msi' REINSTALL=ALL REINSTALLMODE=amus")?, 0)?;
    installed(bench, SETUP, SHIPPED).context("after the repair")?;
    ensure!(fs::read(folder.join("xenpvvbd.sys"))? == whole, "the damaged file is still there");

    code(bench.msiexec("real-remove", &format!("/x '{}'", bench.shipped))?, 0)?;
    clean(bench)?;
    gone(bench, &before)
}

fn upgrade(bench: &Bench) -> Result<()> {
    let before = begin(bench)?;
    code(bench.msiexec("real-old", "/i 'Z:\\work\\shipped.msi'")?, 0)?;
    // Two newer releases that fail: one is refused, one breaks in its middle. The old one stays as it is.
    code(bench.msiexec("real-unsigned", "/i 'Z:\\work\\unsigned.msi'")?, FAILED)?;
    let log = bench.log("real-unsigned");
    ensure!(log.contains("these drivers are not signed"), "the log does not say why");
    // Wine has removed the old one before: it does not tell it that it is being upgraded.
    bench.renew()?;
    test_signing(bench, true)?;
    code(bench.msiexec("real-old", "/i 'Z:\\work\\shipped.msi'")?, 0)?;
    code(bench.msiexec("real-new", "/i 'Z:\\work\\next.msi'")?, 0)?;
    installed(bench, SETUP, NEXT)?;
    code(bench.msiexec("real-back", "/i 'Z:\\work\\shipped.msi'")?, FAILED)?;
    installed(bench, SETUP, NEXT).context("after the refused downgrade")?;
    code(bench.msiexec("real-new-remove", &format!("/x '{}'", bench.next))?, 0)?;
    clean(bench)?;
    gone(bench, &before)
}

/// Without the MSI: the setup program's own verbs.
fn alone(bench: &Bench) -> Result<()> {
    let before = begin(bench)?;
    let run = |arguments: &str| bench.run(LOOSE, arguments);
    said(&run(&format!("check --package {DRIVERS}"))?, 0, NEXT)?;
    clean(bench).context("a check changes nothing")?;
    said(&run(&format!("install --package {DRIVERS}"))?, 0, "installation done")?;
    installed(bench, LOOSE, NEXT)?;
    said(&run(&format!("repair --package {DRIVERS}"))?, 0, "repair done")?;
    installed(bench, LOOSE, NEXT)?;
    said(&run(r"install --package Z:\work\newer\drivers")?, 0, "installation done")?;
    // Older packages stay until the new ones have booted.
    let store = status(bench, LOOSE)?["store"].clone();
    ensure!(store.as_array().is_some_and(|list| list.len() >= 3), "{store}");
    said(&run("rollback")?, 0, "rollback done")?;
    ensure!(status(bench, LOOSE)?["version"] == NEXT, "the rollback did not bring {NEXT} back");
    said(&run("uninstall")?, 0, "removal done")?;
    let status = status(bench, LOOSE)?;
    ensure!(status["store"].as_array().is_some_and(Vec::is_empty), "{status}");
    forget_store(bench)?;
    clean(bench)?;
    said(&run("uninstall")?, 0, "removal done").context("twice")?;
    said(&run("frobnicate")?, FAILED, "error: the command line is not understood")?;
    gone(bench, &before)
}

/// Wine leaves the store's folder of a package that it could not finish, or whose INF file it had to give another name,
/// and does not find it again. The INF folder, by which packages are known, is looked at before.
fn forget_store(bench: &Bench) -> Result<()> {
    for entry in fs::read_dir(bench.drive().join("windows/system32/driverstore/filerepository"))? {
        let path = entry?.path();
        if path.to_string_lossy().contains("xenpv") {
            fs::remove_dir_all(path)?;
        }
    }
    Ok(())
}

/// Runs a command while Windows' INF folder has room for one package more.
fn without_room(bench: &Bench, command: &str) -> Result<Run> {
    let mut sizes = 0;
    for entry in fs::read_dir(bench.drive().join("windows/inf"))? {
        sizes += fs::metadata(entry?.path())?.len().div_ceil(4096) * 4096;
    }
    let first = fs::metadata(bench.work.join("next/drivers/xenpvvbd/xenpvvbd.inf"))?.len();
    let room = sizes + first.div_ceil(4096) * 4096 + 8192;
    let run = bench.script(&format!(
        "cp -a /work/prefix/drive_c/windows/inf /tmp/inf
         mount -t tmpfs -o size={room} tmpfs /work/prefix/drive_c/windows/inf
         cp -a /tmp/inf/. /work/prefix/drive_c/windows/inf/
         {command}
         wineserver -w
         ls /work/prefix/drive_c/windows/inf/xenpv* 2>/dev/null | wc -l"
    ))?;
    ensure!(run.rest.trim() == "0", "packages are left: {}; {}", run.rest, run.text);
    forget_store(bench)?;
    Ok(run)
}

/// The disk fills up in the middle.
fn full_disk(bench: &Bench) -> Result<()> {
    let before = begin(bench)?;
    let run = without_room(bench, &Bench::command(LOOSE, &format!("install --package {DRIVERS}")))?;
    said(&run, FAILED, "error: Adding xenpv")?;
    ensure!(run.text.contains("taking everything back"), "{}", run.text);
    clean(bench)?;
    // No room for the copy that the boot service shall run.
    let kept = "/work/prefix/drive_c/Program Files/XenPV Boot";
    let run = bench.script(&format!(
        "mkdir '{kept}'; mount -t tmpfs -o size=64k tmpfs '{kept}'
         {}
         wineserver -w; ls '{kept}' | wc -l; umount '{kept}'; rmdir '{kept}'",
        Bench::command(LOOSE, &format!("install --package {DRIVERS}"))
    ))?;
    said(&run, FAILED, "error: Copying the setup program to ")?;
    ensure!(run.rest.trim() == "0", "half a copy is left");
    clean(bench)?;
    gone(bench, &before)
}

/// The same under the MSI.
fn blocked(bench: &Bench) -> Result<()> {
    let before = begin(bench)?;
    let command = Bench::command("msiexec", r"/i Z:\work\shipped.msi /qn /l*v Z:\work\real-blocked.log");
    said(&without_room(bench, &command)?, FAILED, "")?;
    let log = bench.log("real-blocked");
    ensure!(log.contains("to the driver store: "), "the log does not name the step");
    ensure!(log.contains("taking everything back"), "it was not taken back");
    clean(bench)?;
    gone(bench, &before)
}

fn refusals(bench: &Bench) -> Result<()> {
    let before = begin(bench)?;
    let refused = |name: &str, msi: &str, words: &str| -> Result<()> {
        code(bench.msiexec(name, &format!("/i 'Z:\\work\\{msi}.msi'"))?, FAILED)?;
        let log = bench.log(name);
        ensure!(log.contains(words), "the log of {name} does not say \"{words}\"");
        clean(bench).context(name.to_owned())?;
        gone(bench, &before).context(name.to_owned())
    };
    test_signing(bench, false)?;
    refused(
        "no-test-signing",
        "shipped",
        "these drivers are test-signed and test signing is off; run `bcdedit",
    )?;
    test_signing(bench, true)?;
    refused("unsigned", "unsigned", "these drivers are not signed and Windows would not start with them")?;
    refused("mismatched", "mismatched", "xenpvnet/xenpvnet.inf is version 9.0.0.0, the release is 9.1.0.0")?;
    refused("tampered", "tampered", "xenpvvbd/xenpvvbd.sys is not the file that was released")?;
    // An older Windows: the MSI's own condition, and the program alone.
    let build = |number: &str| {
        bench.registry(r"HKLM\Software\Microsoft\Windows NT\CurrentVersion", "CurrentBuildNumber", number)
    };
    build("10586")?;
    let run = bench.run(LOOSE, &format!("install --package {DRIVERS}"));
    build("19043")?;
    said(&run?, FAILED, "error: this is Windows build 10586; the drivers need Windows 10 1607")?;
    // Too little room before anything is begun.
    let script = format!(
        "cp -a /work/prefix/drive_c/windows /tmp/windows
         mount -t tmpfs -o size=$(($(du -sk /tmp/windows | cut -f1) + 20000))k tmpfs /work/prefix/drive_c/windows
         cp -a /tmp/windows/. /work/prefix/drive_c/windows/
         {}",
        Bench::command(LOOSE, &format!("install --package {DRIVERS}"))
    );
    said(&bench.script(&script)?, FAILED, "MiB free, 64 MiB are needed; make room and try again")?;
    clean(bench)?;
    gone(bench, &before)
}

/// Whoever has started it, and reads what it says, is gone.
fn unheard(bench: &Bench) -> Result<()> {
    let before = begin(bench)?;
    for arguments in [format!("install --package {DRIVERS}"), "uninstall".to_owned()] {
        let command = Bench::command(LOOSE, &arguments).replace("2>&1", "2>/work/unheard");
        bench.wine(&format!("{{ {command} ; }} | true\nwineserver -w"))?;
        match arguments.as_str() {
            "uninstall" => clean(bench)?,
            _ => installed(bench, LOOSE, NEXT)?,
        }
    }
    forget_store(bench)?;
    gone(bench, &before)
}

/// DLLs beside a program that was downloaded are not loaded.
fn planted(bench: &Bench) -> Result<()> {
    let before = begin(bench)?;
    let folder = bench.drive().join("probe");
    let program = folder.join("xenpv-setup.exe");
    fs::copy(bench.work.join("next/xenpv-setup.exe"), &program)?;
    let names = ["newdev.dll", "cfgmgr32.dll", "iphlpapi.dll", "version.dll", "userenv.dll", "cryptbase.dll"];
    for name in names {
        // It has none of their functions.
        fs::copy(bench.work.join("xenpvmsi.dll"), folder.join(name))?;
    }
    let run = |arguments: &str| {
        // As Windows does it: what lies in a folder counts more than what Wine has built in.
        let overrides = names.map(|name| name.trim_end_matches(".dll")).join(",");
        let command = Bench::command(r"C:\probe\xenpv-setup.exe", arguments);
        bench.script(&format!("export WINEDLLOVERRIDES='mscoree,mshtml=;{overrides}=n,b'\n{command}"))
    };
    said(&run(&format!("install --package {DRIVERS}"))?, 0, "installation done")?;
    said(&run("uninstall")?, 0, "removal done")?;
    for name in names {
        fs::remove_file(folder.join(name))?;
    }
    fs::remove_file(program)?;
    forget_store(bench)?;
    clean(bench)?;
    gone(bench, &before)
}

fn second_copy(bench: &Bench) -> Result<()> {
    let before = begin(bench)?;
    let script = format!(
        "wine64 /work/setup-probe.exe hold 'Global\\XenPVSetup' &
         until test -e /work/prefix/drive_c/probe/held; do sleep 0.1; done
         {}
         touch /work/prefix/drive_c/probe/release",
        Bench::command(LOOSE, &format!("install --package {DRIVERS}"))
    );
    said(&bench.script(&script)?, FAILED, "error: another copy of this program is at work")?;
    clean(bench)?;
    gone(bench, &before)
}

fn rights(bench: &Bench) -> Result<()> {
    let before = begin(bench)?;
    let limited = format!("limited {LOOSE} install --package {DRIVERS}");
    let run = bench.run(r"Z:\work\setup-probe.exe", &limited)?;
    said(&run, FAILED, "error: this needs an administrator's rights; run it from an elevated prompt")?;
    clean(bench)?;
    gone(bench, &before)
}

/// Another vendor's drivers.
fn replace_others(bench: &Bench) -> Result<()> {
    let before = begin(bench)?;
    let key = r"HKLM\System\CurrentControlSet\Services\xenbus";
    let file = bench.drive().join("windows/system32/drivers/xenbus.sys");
    fs::write(&file, "theirs")?;
    bench.wine(
        &format!(
            "wine64 reg add '{key}' /v Start /t REG_DWORD /d 0 /f; wine64 reg add '{key}' /v Type /t REG_DWORD /d 1 /f
             wine64 reg add '{key}' /v ImagePath /d 'System32\\drivers\\xenbus.sys' /f; wineserver -w"
        ),
    )?;
    let start = |bench: &Bench| -> Option<String> {
        let key = bench.keys().remove(r"System\\ControlSet001\\Services\\xenbus")?;
        key.into_iter().find(|line| line.starts_with("\"Start\"="))
    };
    code(bench.msiexec("real-others", "/i 'Z:\\work\\next.msi'")?, FAILED)?;
    ensure!(
        bench.log("real-others").contains("Xen drivers of another vendor are installed (services xenbus)"),
        "why?"
    );
    clean(bench)?;
    ensure!(start(bench).as_deref() == Some("\"Start\"=dword:00000000"), "{:?}", start(bench));
    let take_over = "/i 'Z:\\work\\next.msi' REPLACEOTHERS=1";
    code(bench.msiexec("real-no-way-back", take_over)?, FAILED)?;
    ensure!(
        bench.log("real-no-way-back").contains("Windows has never seen an emulated disk controller"),
        "why?"
    );
    ensure!(start(bench).as_deref() == Some("\"Start\"=dword:00000000"), "{:?}", start(bench));
    let controller = r"HKLM\System\CurrentControlSet\Enum\PCI\VEN_8086&DEV_7010\3&1&0&09";
    bench.registry(controller, "Service", "intelide")?;
    code(bench.msiexec("real-take-over", take_over)?, 0)?;
    installed(bench, SETUP, NEXT)?;
    ensure!(start(bench).as_deref() == Some("\"Start\"=dword:00000004"), "{:?}", start(bench));
    code(bench.msiexec("real-take-over-remove", &format!("/x '{}'", bench.next))?, 0)?;
    bench
        .wine(&format!("wine64 reg delete '{key}' /f; wine64 reg delete '{controller}' /f; wineserver -w"))?;
    fs::remove_file(&file)?;
    clean(bench)?;
    gone(bench, &before)
}

/// The hive of a system that does not run, as it is seen from a recovery environment.
fn offline_doctor(bench: &Bench) -> Result<()> {
    let machine = Arc::new(Machine::new(&[V1]));
    let mut life = Life::new(&machine, Weather::default()).map_err(anyhow::Error::msg)?;
    for act in [Act::Install(V1), Act::Restart, Act::Restart] {
        life.act(act).map_err(anyhow::Error::msg)?;
    }
    let hive = bench.drive().join("probe/SYSTEM");
    let doctor = |words: &str| bench.run(LOOSE, &format!(r"doctor {words}--system-hive C:\probe\SYSTEM"));
    fs::write(&hive, regf::write(life.windows.hive()))?;
    said(&doctor("")?, 0, "version 1.0.0.0")?;
    life.windows
        .change_hive(|hive| hive.set_dword(r"SYSTEM\CurrentControlSet\Services\atapi\StartOverride", "0", 3));
    fs::write(&hive, regf::write(life.windows.hive()))?;
    said(&doctor("--json ")?, FAILED, "emulated-demoted")?;
    fs::write(&hive, "no hive")?;
    said(&doctor("")?, FAILED, "error: ")?;
    said(&bench.run(LOOSE, r"doctor --system-hive C:\probe\none")?, FAILED, "error: ")?;
    Ok(fs::remove_file(hive)?)
}

/// A value as Wine writes it into its registry file, of the types that are compared.
fn line(op: &RegOp) -> Option<String> {
    let name = if op.value.is_empty() { "@".to_owned() } else { format!("\"{}\"", op.value) };
    match op.data.as_ref()? {
        RegData::Dword(number) => Some(format!("{name}=dword:{number:08x}")),
        RegData::Sz(text) => Some(format!("{name}=\"{}\"", text.replace('\\', r"\\").replace('"', "\\\""))),
        _ => None,
    }
}

/// Wine's SetupAPI reads the shipped INF files and carries them out, as our own reader (by which `tests/ntsim` installs)
/// says that it must.
fn infs(bench: &Bench) -> Result<()> {
    let before = begin(bench)?;
    let system = System::windows10(26100);
    let mut values = 0;
    for driver in ["xenpvpci", "xenpvvbd", "xenpvnet"] {
        let path = format!("shipped/drivers/{driver}/{driver}.inf");
        let inf =
            Inf::parse(driver, &fs::read(bench.work.join(&path))?).map_err(|errors| anyhow!("{errors:?}"))?;
        let run =
            bench.run(r"Z:\work\setup-probe.exe", &format!(r"inf Z:\work\{}", path.replace('/', r"\")))?;
        let text = said(&run, 0, "Models.NTamd64: ")?;
        for key in ["Class", "ClassGuid", "CatalogFile", "DriverVer", "PnpLockdown"] {
            let section =
                inf.section("Version").and_then(|section| section.get(key)).context("no [Version]")?;
            let wanted = format!("{key}={}", section.fields.join(","));
            ensure!(text.lines().any(|line| line == wanted), "{driver}: no {wanted} in {text}");
        }
        let keys = bench.keys();
        let compare = |key: String, ops: &[RegOp]| -> Result<usize> {
            let mut same = 0;
            for op in ops {
                let folder = op.key.replace('\\', r"\\");
                let key = if folder.is_empty() { key.clone() } else { format!(r"{key}\\{folder}") };
                if let Some(wanted) = line(op) {
                    let there = keys.get(&key).with_context(|| format!("{driver}: {key} is not there"))?;
                    ensure!(there.contains(&wanted), "{driver}: {key} has {there:?}, not {wanted}");
                    same += 1;
                }
            }
            Ok(same)
        };
        for model in inf.models(&system).map_err(|error| anyhow!("{error}"))? {
            let install = inf.install(&model.install, model.line, &system, &NoLibrary);
            let install = install.map_err(|error| anyhow!("{error}"))?;
            let wanted = format!("Models.NTamd64.10.0...16299: {} = {}", model.hardware_id, install.section);
            ensure!(text.lines().any(|line| line == wanted), "{driver}: no {wanted} in {text}");
            values += compare(format!(r"Software\\Probe\\{}", install.section), &install.add_reg)?;
            values +=
                compare(format!(r"Software\\Probe\\{}.HW", install.section), &install.hardware_add_reg)?;
            for service in &install.services {
                let key = format!(r"System\\ControlSet001\\Services\\{}", service.name);
                let service = service.install.as_ref().context("a service without a section")?;
                values += compare(key.clone(), &service.add_reg)?;
                for wanted in [
                    format!("\"Type\"=dword:{:08x}", service.service_type),
                    format!("\"Start\"=dword:{:08x}", service.start_type),
                    format!("\"ErrorControl\"=dword:{:08x}", service.error_control),
                    format!("\"Group\"=\"{}\"", service.group),
                ] {
                    ensure!(keys[&key].contains(&wanted), "{driver}: {:?} lacks {wanted}", keys[&key]);
                    values += 1;
                }
            }
        }
    }
    println!("infs: {values} values as they should be");
    ensure!(values > 150, "only {values} values were compared");
    let mut script = "wine64 reg delete 'HKLM\\Software\\Probe' /f\n".to_owned();
    for driver in ["xenpvpci", "xenpvvbd", "xenpvnet"] {
        for key in [driver.to_owned(), format!("EventLog\\System\\{driver}")] {
            script +=
                &format!("wine64 reg delete 'HKLM\\System\\ControlSet001\\Services\\{key}' /f || true\n");
        }
    }
    bench.wine(&(script + "wineserver -w"))?;
    gone(bench, &before)
}

fn dialogs(bench: &Bench) -> Result<()> {
    let before = begin(bench)?;
    let pages = [
        ("real-1-welcome", When::Shown, "Return"),
        ("real-2-licence", When::Shown, "Return"),
        ("real-3-ready", When::Shown, "Return"),
        ("real-4-done", When::Ended, "Return"),
    ];
    bench.wine(&wizard("real-dialogs", "/i 'Z:\\work\\shipped.msi'", &pages))?;
    installed(bench, SETUP, SHIPPED)?;
    let pages = [
        ("real-5-maintenance", When::Shown, "Tab Return"),
        ("real-6-remove", When::Shown, "Tab Return"),
        ("real-7-removed", When::Ended, "Return"),
    ];
    bench.wine(&wizard("real-dialogs-remove", "/i 'Z:\\work\\shipped.msi'", &pages))?;
    clean(bench)?;
    gone(bench, &before)
}

fn dialogs_refused(bench: &Bench) -> Result<()> {
    let before = begin(bench)?;
    test_signing(bench, false)?;
    let pages = [
        ("refused-1-welcome", When::Shown, "Return"),
        ("refused-2-licence", When::Shown, "Return"),
        ("refused-3-ready", When::Shown, "Return"),
        ("refused-4-error", When::Refused, "Return"),
        ("refused-5-end", When::Ended, "Return"),
    ];
    let result = bench.wine(&wizard("real-dialogs-refused", "/i 'Z:\\work\\shipped.msi'", &pages));
    ensure!(result.is_err(), "msiexec reported success");
    clean(bench)?;
    gone(bench, &before)
}
