//! The payload image: an ISO with the volume name `WINHOST`, on which Windows' setup looks for
//! `autounattend.xml`, and the guest for plan, scripts, MSI and extras.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Mutex,
};

use anyhow::{Context, Result, ensure};
use host::{need, need::Need, run};

use crate::{
    guest,
    plan::{self, Plan},
};

/// The volume name by which the guest finds it.
pub const VOLUME: &str = "WINHOST";

const XORRISO: Need = Need { package: "xorriso", names: &["xorriso"] };

/// Where it is; installed once, whoever asks first.
fn xorriso() -> Result<PathBuf> {
    static ONE: Mutex<()> = Mutex::new(());
    let _one = ONE.lock();
    XORRISO.get()
}

/// What the user supplies.
#[derive(Clone, Debug, Default)]
pub struct Supplies {
    /// The MSI.
    pub msi: Option<PathBuf>,
    /// An older MSI, to upgrade from.
    pub old_msi: Option<PathBuf>,
    /// The certificate that the drivers are signed with.
    pub certificate: Option<PathBuf>,
    /// Test tools: `diskspd.exe`, `taef\`, `kits\`.
    pub extras: Option<PathBuf>,
}

/// Lays out the content of the image in a folder.
///
/// # Errors
/// A supplied file is not there, or the folder cannot be written.
pub fn lay_out(folder: &Path, plan: &Plan, answers: Option<&str>, supplies: &Supplies) -> Result<()> {
    let write = |name: &str, text: &str| -> Result<()> {
        let path = folder.join(name);
        run::make_dir(path.parent().unwrap_or(folder))?;
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
    };
    for (name, text) in guest::FILES {
        // Windows PowerShell 5.1 takes scripts without a mark for the machine's code page; ours are ASCII.
        write(name, &text.replace("\r\n", "\n").replace('\n', "\r\n"))?;
    }
    write(plan::FILE, &plan.json()?)?;
    if let Some(answers) = answers {
        write("autounattend.xml", answers)?;
    }
    for (name, file) in [
        ("payload/xenpv.msi", &supplies.msi),
        ("payload/xenpv-old.msi", &supplies.old_msi),
        ("payload/test.cer", &supplies.certificate),
    ] {
        let Some(file) = file else { continue };
        let path = folder.join(name);
        run::make_dir(path.parent().unwrap_or(folder))?;
        fs::copy(file, &path).with_context(|| format!("cannot read {}", file.display()))?;
    }
    if let Some(extras) = &supplies.extras {
        ensure!(extras.is_dir(), "{} is no folder", extras.display());
        copy(extras, &folder.join("extras"))?;
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    run::make_dir(to)?;
    for entry in fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))? {
        let path = entry?.path();
        let target = to.join(path.file_name().unwrap_or_default());
        if path.is_dir() {
            copy(&path, &target)?;
        } else {
            fs::copy(&path, &target).with_context(|| format!("cannot read {}", path.display()))?;
        }
    }
    Ok(())
}

/// Makes the image of a folder: ISO 9660 with long names (Joliet), as Windows reads.
///
/// # Errors
/// `xorriso` is missing and cannot be had, or it fails.
pub fn image(folder: &Path, iso: &Path) -> Result<()> {
    let program = xorriso()?;
    let mut command = need::command(&program);
    command
        .args(["-as", "mkisofs", "-quiet", "-J", "-joliet-long", "-r", "-V", VOLUME, "-o"])
        .arg(iso)
        .arg(folder);
    run::output(&mut command).context("the payload image was not made")?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Suite, Supplied, plan};
    use winhost_protocol::medium;

    #[test]
    fn the_image_has_what_the_guest_looks_for() {
        let dir = tempfile::tempdir().expect("folder");
        let (tree, iso) = (dir.path().join("tree"), dir.path().join("x.iso"));
        let msi = dir.path().join("some.msi");
        fs::write(&msi, b"MSI").expect("written");
        let supplies = Supplies { msi: Some(msi), ..Supplies::default() };
        let plan = plan("p1", Suite::Smoke, Supplied::default());
        lay_out(&tree, &plan, Some("<unattend/>"), &supplies).expect("laid out");
        image(&tree, &iso).expect("made");
        let program = XORRISO.get().expect("xorriso");
        let out = dir.path().join("out");
        run::output(
            need::command(&program)
                .args(["-osirrox", "on", "-indev"])
                .arg(&iso)
                .args(["-extract", "/"])
                .arg(&out),
        )
        .expect("read back");
        for (name, text) in guest::FILES {
            let found = fs::read_to_string(out.join(name)).expect(name);
            assert_eq!(found.replace("\r\n", "\n"), *text, "{name}");
        }
        assert_eq!(fs::read(out.join("payload/xenpv.msi")).expect("MSI"), b"MSI");
        assert_eq!(fs::read_to_string(out.join("autounattend.xml")).expect("answers"), "<unattend/>");
        let read: Plan =
            serde_json::from_slice(&fs::read(out.join("plan.json")).expect("plan")).expect("JSON");
        assert_eq!(read, plan);
        // The stand-in's way in.
        let bytes = fs::read(&iso).expect("image");
        let mut sectors = |first: u32, count: u32| {
            let at = first as usize * medium::SECTOR;
            Ok(bytes[at..at + count as usize * medium::SECTOR].to_vec())
        };
        for name in guest::FILES.iter().map(|file| file.0).chain(["payload/xenpv.msi", plan::FILE]) {
            let found = medium::file(&mut sectors, name).expect(name);
            assert_eq!(found, fs::read(tree.join(name)).expect(name), "{name}");
        }
        for name in ["none", "payload", "payload/none", "plan.json/none"] {
            assert!(medium::file(&mut sectors, name).is_err(), "{name}");
        }
        // The volume descriptor of ISO 9660: sector 16, volume name at 40.
        assert_eq!(&bytes[16 * 2048 + 1..16 * 2048 + 6], b"CD001");
        assert_eq!(bytes[16 * 2048 + 40..16 * 2048 + 72].trim_ascii_end(), VOLUME.as_bytes());
    }

    #[test]
    fn what_is_not_there_is_said() {
        let dir = tempfile::tempdir().expect("folder");
        let supplies = Supplies { msi: Some("/no/such.msi".into()), ..Supplies::default() };
        let error = lay_out(dir.path(), &crate::plan::base("b"), None, &supplies).expect_err("missing");
        assert!(format!("{error:#}").contains("/no/such.msi"));
    }
}
