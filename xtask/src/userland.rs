//! The user-mode programs of the installer: `xenpv-setup.exe` and `xenpvmsi.dll`, in `target/userland`.

use std::{fs, path::PathBuf};

use anyhow::{Context, Result};

use host::{need, run};

use crate::{
    link, pe, setup,
    toolchain::{self, Route, USER_TARGET},
};

/// A program: package, how cargo is told, file, description, type in the version resource.
struct Program {
    package: &'static str,
    what: &'static [&'static str],
    file: &'static str,
    description: &'static str,
    /// VFT_APP or VFT_DLL
    kind: u32,
    /// DLLs beside those of every program that it may import from
    imports: &'static [&'static str],
}

/// What the tests put in the place of the setup program.
const PROBE: Program = Program {
    package: "setup-probe",
    what: &["--bin", "setup-probe"],
    file: "setup-probe.exe",
    description: "Xen PV drivers setup, stand-in for tests",
    kind: 1,
    imports: &["setupapi.dll"],
};

const PROGRAMS: [Program; 2] = [
    Program {
        package: "xenpv-setup",
        what: &["--bin", "xenpv-setup"],
        file: "xenpv-setup.exe",
        description: "Xen PV drivers setup",
        kind: 1,
        // In the list of Windows 10, too.
        imports: &["setupapi.dll"],
    },
    Program {
        package: "xenpvmsi",
        // A DLL alone: beside an rlib the standard library would be compiled in another way than for programs.
        what: &["--lib", "--crate-type", "cdylib"],
        file: "xenpvmsi.dll",
        description: "Xen PV drivers installer actions",
        kind: 2,
        // It is loaded by Windows Installer, which has this one.
        imports: &["msi.dll"],
    },
];

/// As the caller (no elevation of its own), for Windows 10 and later, with UTF-8 and long paths.
const MANIFEST: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<assembly xmlns="urn:schemas-microsoft-com:asm.v1" manifestVersion="1.0">
  <trustInfo xmlns="urn:schemas-microsoft-com:asm.v3"><security><requestedPrivileges>
    <requestedExecutionLevel level="asInvoker" uiAccess="false"/>
  </requestedPrivileges></security></trustInfo>
  <compatibility xmlns="urn:schemas-microsoft-com:compatibility.v1"><application>
    <supportedOS Id="{8e0f7a12-bfb3-4fe8-b9a5-48fd50a15a9a}"/>
  </application></compatibility>
  <application xmlns="urn:schemas-microsoft-com:asm.v3"><windowsSettings>
    <activeCodePage xmlns="http://schemas.microsoft.com/SMI/2019/WindowsSettings">UTF-8</activeCodePage>
    <longPathAware xmlns="http://schemas.microsoft.com/SMI/2016/WindowsSettings">true</longPathAware>
  </windowsSettings></application>
</assembly>
"#;

/// Builds both; gives the folder that they are in.
pub fn build(route: Route) -> Result<PathBuf> {
    programs(route, &PROGRAMS.each_ref())
}

/// Builds what the MSI's test in Wine needs.
pub fn for_wine(route: Route) -> Result<PathBuf> {
    programs(route, &[&PROGRAMS[1], &PROBE])
}

fn programs(route: Route, programs: &[&Program]) -> Result<PathBuf> {
    need::ensure(&setup::USERLAND)?;
    let compiler = toolchain::find(route, USER_TARGET)?;
    let out = run::target().join("userland");
    run::make_dir(&out)?;
    for program in programs {
        run::step(&format!("{} -> {}", program.package, program.file));
        // At a fixed place: cargo would link again for another argument.
        let work = out.join(".resource").join(program.package);
        run::make_dir(&work)?;
        let mut script = link::version_resource(program.file, program.description, (program.kind, 0));
        if program.kind == 1 {
            fs::write(work.join("manifest.xml"), MANIFEST)?;
            // RT_MANIFEST of a process.
            script += "1 24 \"manifest.xml\"\n";
        }
        fs::write(work.join("resource.rc"), script)?;
        run::run(
            need::command(&setup::WINDRES.get()?)
                .args(["--codepage=65001", "resource.rc", "resource.o"])
                .current_dir(&work),
        )?;
        let object = work.join("resource.o");
        let arguments = [
            "-Wl,--no-insert-timestamp".to_owned(),
            "-static-libgcc".to_owned(),
            object.to_str().context("the target folder's name is not UTF-8")?.to_owned(),
        ];
        let dir = compiler.userland(program.package, program.what, &arguments)?;
        let image = fs::read(dir.join(program.file))
            .with_context(|| format!("the compiler left no {}", program.file))?;
        pe::check_user(&image, program.imports)
            .with_context(|| format!("{} is not fit to ship", program.file))?;
        fs::write(out.join(program.file), image)?;
    }
    Ok(out)
}
