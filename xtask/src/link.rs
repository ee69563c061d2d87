//! The link step: a static library and a version resource become a `.sys` (docs/build.md).

use std::{fs, path::Path};

use anyhow::Result;
use host::{need, run};

use crate::{build::Driver, setup};

/// Size of INIT and PAGE is page-aligned by the default section alignment of 4096, which HVCI needs.
const FLAGS: [&str; 22] = [
    "/nologo",
    "/driver",
    "/subsystem:native,10.00",
    "/entry:DriverEntry",
    "/nodefaultlib",
    "/stack:0x40000,0x6000",
    "/machine:x64",
    "/opt:ref,icf",
    "/dynamicbase",
    "/nxcompat",
    "/highentropyva",
    "/guard:cf",
    "/release",
    "/Brepro",
    "/osversion:10.0",
    "/section:INIT,ERD",
    "/section:PAGE,ER",
    "/debug",
    "/incremental:no",
    "/pdbsourcepath:/src",
    "/filealign:512",
    "/align:4096",
];

/// Links `<file>.lib` in `dir` to `<file>.sys`, `.pdb` and `.map`.
pub fn link(dir: &Path, driver: &Driver) -> Result<()> {
    let file = driver.file;
    let resource = format!("{file}.rc");
    // 3: a driver; 7: a system driver.
    fs::write(dir.join(&resource), version_resource(&format!("{file}.sys"), driver.description, (3, 7)))?;
    run::run(need::command(&setup::RC.get()?).current_dir(dir).args([
        "/no-preprocess",
        "/fo",
        &format!("{file}.res"),
        &resource,
    ]))?;
    let (major, minor) = (env!("CARGO_PKG_VERSION_MAJOR"), env!("CARGO_PKG_VERSION_MINOR"));
    run::run(need::command(&setup::LLD.get()?).current_dir(dir).args(FLAGS).args([
        format!("/version:{major}.{minor}"),
        format!("/pdb:{file}.pdb"),
        format!("/pdbaltpath:{file}.pdb"),
        format!("/map:{file}.map"),
        format!("/out:{file}.sys"),
        format!("{file}.lib"),
        format!("{file}.res"),
    ]))
}

/// The resource script: what the file's properties show. Type and subtype are those of verrsrc.h.
pub fn version_resource(file: &str, description: &str, (kind, subkind): (u32, u32)) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let numbers = format!(
        "{},{},{},0",
        env!("CARGO_PKG_VERSION_MAJOR"),
        env!("CARGO_PKG_VERSION_MINOR"),
        env!("CARGO_PKG_VERSION_PATCH")
    );
    format!(
        r#"1 VERSIONINFO
FILEVERSION {numbers}
PRODUCTVERSION {numbers}
FILEFLAGSMASK 0x3fL
FILEFLAGS 0x0L
FILEOS 0x40004L
FILETYPE 0x{kind:x}L
FILESUBTYPE 0x{subkind:x}L
BEGIN
  BLOCK "StringFileInfo"
  BEGIN
    BLOCK "040904b0"
    BEGIN
      VALUE "CompanyName", "Xen PV drivers for Windows"
      VALUE "FileDescription", "{description}"
      VALUE "FileVersion", "{version}.0"
      VALUE "InternalName", "{file}"
      VALUE "LegalCopyright", "GPL-2.0-or-later"
      VALUE "OriginalFilename", "{file}"
      VALUE "ProductName", "Xen PV drivers for Windows"
      VALUE "ProductVersion", "{version}.0"
    END
  END
  BLOCK "VarFileInfo"
  BEGIN
    VALUE "Translation", 0x409, 1200
  END
END
"#
    )
}
