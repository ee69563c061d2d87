//! Puts the whole together. Everything is made in a folder beside the target and moved there at the end, so that a
//! failure leaves what was there before.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::json;
use xenpv_msi::{File, Product};

use crate::{
    archive,
    catalog::{self, Subject},
    pe, sbom,
    sign::{Signer, Signing, der},
};

/// The three driver packages.
pub const DRIVERS: [&str; 3] = ["xenpvpci", "xenpvvbd", "xenpvnet"];
/// Entry points that the MSI calls.
const ACTIONS: [&str; 2] = ["RunSetup", "ScheduleReboot"];

/// Driver packages that came back from Microsoft's portal: signed there, and used as they are.
#[derive(Clone, Debug)]
pub struct Portal {
    /// Folder with `<driver>/<driver>.{inf,sys,cat}`.
    pub folder: PathBuf,
    /// `attested` or `whql`.
    pub kind: String,
}

/// What to make the package of.
#[derive(Clone, Debug)]
pub struct Input {
    /// The checkout: INF files, licence, `Cargo.lock`.
    pub root: PathBuf,
    /// Folder with the built `.sys`, `.pdb` and `.map`.
    pub drivers: PathBuf,
    /// Folder with `xenpv-setup.exe` and `xenpvmsi.dll`.
    pub userland: PathBuf,
    /// Where the result goes.
    pub out: PathBuf,
    /// Version of the product: three numbers.
    pub version: String,
    /// Seconds since 1970 for every date in the result.
    pub time: u64,
    /// Packages of the workspace that ship, for the bill of materials.
    pub shipped: Vec<String>,
    /// Compiler, for the bill of materials.
    pub compiler: String,
    /// Who signs, and how.
    pub signing: Signing,
    /// Driver packages that Microsoft has signed, in place of the built ones.
    pub portal: Option<Portal>,
    /// The certificate for tests is used: it is put beside the package, to be imported on test machines.
    pub test_certificate: Option<PathBuf>,
}

/// A file in memory, by its name in the result.
type Files = BTreeMap<String, Vec<u8>>;

/// Makes everything; gives the lines to be shown.
///
/// # Errors
/// What is missing, does not fit together, or cannot be written: in one sentence.
pub fn make(input: &Input) -> Result<Vec<String>> {
    let numbers = numbers(&input.version)?;
    let sources = sources(input)?;
    input.signing.check()?;
    let parent = input.out.parent().context("the target has no parent folder")?;
    fs::create_dir_all(parent).with_context(|| format!("cannot write to {}", parent.display()))?;
    let stage = tempfile::Builder::new()
        .prefix(".package-")
        .tempdir_in(parent)
        .with_context(|| format!("cannot write to {}", parent.display()))?;
    let result = fill(input, numbers, &sources, stage.path());
    let lines = result.map_err(|error| no_room(error, parent))?;
    replace(stage, &input.out)?;
    Ok(lines)
}

fn no_room(error: anyhow::Error, place: &Path) -> anyhow::Error {
    let full = error.chain().any(|cause| {
        cause.downcast_ref::<std::io::Error>().is_some_and(|e| e.kind() == std::io::ErrorKind::StorageFull)
    }) || error.to_string().contains("No space left");
    if full {
        error.context(format!("there is no room left in {}; nothing was changed", place.display()))
    } else {
        error
    }
}

/// Moves the finished folder to its place; what was there is gone only when the new one is there.
fn replace(stage: tempfile::TempDir, out: &Path) -> Result<()> {
    let old = stage.path().with_extension("old");
    if out.exists() {
        fs::rename(out, &old).with_context(|| format!("cannot replace {}", out.display()))?;
    }
    if let Err(error) = fs::rename(stage.path(), out) {
        if old.exists() {
            fs::rename(&old, out)?;
        }
        return Err(error).with_context(|| format!("cannot write {}", out.display()));
    }
    // The folder has moved: there is nothing to clean up under its old name.
    let _ = stage.keep();
    if old.exists() {
        fs::remove_dir_all(&old)?;
    }
    Ok(())
}

fn numbers(version: &str) -> Result<[u16; 3]> {
    let parts: Option<Vec<u16>> = version.split('.').map(|part| part.parse().ok()).collect();
    match parts.as_deref() {
        Some(&[major, minor, patch]) if major < 256 && minor < 256 => Ok([major, minor, patch]),
        _ => bail!("the version {version} does not fit an MSI (three numbers, the first two below 256)"),
    }
}

/// Reads all sources and checks that they belong together, before anything is made. All that is missing is named
/// at once.
fn sources(input: &Input) -> Result<Files> {
    let mut wanted: Vec<(String, PathBuf)> = Vec::new();
    for driver in DRIVERS {
        let (inf, sys) = match &input.portal {
            Some(portal) => {
                let folder = portal.folder.join(driver);
                wanted.push((format!("drivers/{driver}/{driver}.cat"), folder.join(format!("{driver}.cat"))));
                (folder.join(format!("{driver}.inf")), folder.join(format!("{driver}.sys")))
            }
            None => (
                input.root.join("inf").join(format!("{driver}.inf")),
                input.drivers.join(format!("{driver}.sys")),
            ),
        };
        wanted.push((format!("drivers/{driver}/{driver}.inf"), inf));
        wanted.push((format!("drivers/{driver}/{driver}.sys"), sys));
        for ending in ["pdb", "map"] {
            wanted.push((
                format!("symbols/{driver}.{ending}"),
                input.drivers.join(format!("{driver}.{ending}")),
            ));
        }
    }
    for program in ["xenpv-setup.exe", "xenpvmsi.dll"] {
        wanted.push((program.to_owned(), input.userland.join(program)));
    }
    wanted.push(("LICENSE.txt".to_owned(), input.root.join("LICENSE-GPL")));
    let missing: Vec<String> = wanted
        .iter()
        .filter(|(_, path)| !path.is_file())
        .map(|(_, path)| path.display().to_string())
        .collect();
    ensure!(
        missing.is_empty(),
        "missing: {}; `cargo xtask package` builds what it packs",
        missing.join(", ")
    );
    let mut files = Files::new();
    for (name, path) in wanted {
        files.insert(name, fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?);
    }
    for driver in DRIVERS {
        fits(driver, &files, &input.version, input.portal.is_some())
            .with_context(|| format!("driver {driver}"))?;
    }
    let version = format!("{}.0", input.version);
    for program in ["xenpv-setup.exe", "xenpvmsi.dll"] {
        let theirs = pe::version(&files[program]).with_context(|| program.to_owned())?;
        ensure!(theirs == version, "{program} is version {theirs}, not {version}: build it again");
    }
    let exports = pe::exports(&files["xenpvmsi.dll"]).context("xenpvmsi.dll")?;
    for action in ACTIONS {
        ensure!(exports.iter().any(|name| name == action), "xenpvmsi.dll does not export {action}");
    }
    Ok(files)
}

/// Whether INF, binary and catalog of a driver are of one version and name each other.
fn fits(driver: &str, files: &Files, version: &str, signed: bool) -> Result<()> {
    let file = |ending: &str| &files[&format!("drivers/{driver}/{driver}.{ending}")];
    let findings = inf_lint::lint(&format!("{driver}.inf"), file("inf"));
    if let Some(first) = findings.first() {
        bail!("the INF has {} faults, the first is {first}", findings.len());
    }
    let inf = inf_file::Inf::parse(driver, file("inf"))
        .map_err(|errors| anyhow::anyhow!("{:?}", errors.first()))?;
    let version = format!("{version}.0");
    let theirs = inf.driver_version().map(|(_, v)| v.map(|part| part.to_string()).join("."));
    ensure!(theirs.as_deref() == Some(&version), "the INF is of version {theirs:?}, not {version}");
    let catalog = inf.version("CatalogFile").unwrap_or_default();
    ensure!(catalog == format!("{driver}.cat"), "the INF names the catalog {catalog}");
    pe::authenticode(file("sys"))?;
    let binary = pe::version(file("sys"))?;
    ensure!(binary == version, "the .sys is of version {binary}, not {version}: build it again");
    if signed {
        vouches(file("cat"), driver, files)?;
    }
    Ok(())
}

/// Whether a catalog names INF and binary as they are.
fn vouches(catalog: &[u8], driver: &str, files: &Files) -> Result<()> {
    let entries = catalog::read(catalog)?;
    for ending in ["inf", "sys"] {
        let name = format!("{driver}.{ending}");
        let subject = Subject { name: &name, data: &files[&format!("drivers/{driver}/{name}")] };
        let hashes = subject.hashes()?;
        let known = entries.iter().any(|entry| entry.digest == hashes.sha256 || entry.digest == hashes.sha1);
        ensure!(known, "the catalog does not vouch for {name}: it was changed after it was signed");
    }
    Ok(())
}

fn fill(input: &Input, numbers: [u16; 3], sources: &Files, stage: &Path) -> Result<Vec<String>> {
    let mut lines = Vec::new();
    let mut files: Files = sources.clone();
    drivers(input, &mut files, stage)?;
    // The programs: signed in place on the disk, then read back.
    for program in ["xenpv-setup.exe", "xenpvmsi.dll"] {
        let signed = sign(input, stage, program, &files[program])?;
        files.insert(program.to_owned(), signed);
    }
    files.insert("drivers/package.json".to_owned(), manifest(input, &files)?);
    let base = format!("xenpv-{}", input.version);
    let unsigned = matches!(input.signing.signer, Signer::Nobody);

    let product = product(input, numbers, &files)?;
    let database = xenpv_msi::database(&product);
    let findings = xenpv_msi::check::check(&database);
    ensure!(findings.is_empty(), "the MSI breaks {} rules, the first is {}", findings.len(), findings[0]);
    let msi = xenpv_msi::write(&database, &product.files)?;
    let msi_name = format!("{base}-x64.msi");
    sign(input, stage, &msi_name, &msi)?;

    if input.portal.is_none() {
        let submission = submission(input, &files, sources)?;
        sign(input, stage, &format!("{base}-portal.cab"), &submission)?;
    }
    for (name, data) in files.iter().filter(|(name, _)| name.starts_with("drivers/")) {
        write(&stage.join(name), data)?;
    }
    let part = |prefix: &str| -> Files {
        files
            .iter()
            .filter(|(name, _)| name.starts_with(prefix))
            .map(|(n, d)| (n.clone(), d.clone()))
            .collect()
    };
    let mut injected = part("drivers/");
    injected.insert("LICENSE.txt".to_owned(), files["LICENSE.txt"].clone());
    write(&stage.join(format!("{base}-drivers.zip")), &archive::zip(&injected, input.time)?)?;
    write(&stage.join(format!("{base}-symbols.zip")), &archive::zip(&part("symbols/"), input.time)?)?;
    // The DLL lives inside the MSI only.
    fs::remove_file(stage.join("xenpvmsi.dll"))?;
    if let Some(certificate) = &input.test_certificate {
        write(&stage.join("xenpv-test.cer"), &der(certificate)?)?;
    }
    let metadata = sbom::metadata(&input.root)?;
    let hashes = hashes(stage)?;
    let bill = sbom::make(&metadata, &input.shipped, &input.version, &input.compiler, &hashes, input.time)?;
    write(&stage.join(format!("{base}.cdx.json")), bill.as_bytes())?;
    sums(stage)?;
    let verified = verify(input, stage, &base)?;
    lines.push(format!("{msi_name} ({} KiB)", fs::metadata(stage.join(&msi_name))?.len() / 1024));
    lines.push(match (unsigned, verified) {
        (true, _) => "unsigned: no Windows system accepts it as it is".to_owned(),
        (false, 0) => "signed; not verified here, for want of --trust".to_owned(),
        (false, count) => format!("{count} signatures verified"),
    });
    if input.test_certificate.is_some() {
        lines
            .push("signed with the certificate for tests: only for machines in test-signing mode".to_owned());
    }
    Ok(lines)
}

/// What Microsoft's portal is asked to sign: for each driver a folder with INF, image, symbols and catalog. The
/// image is as it was built, since the portal adds its own signature.
fn submission(input: &Input, files: &Files, sources: &Files) -> Result<Vec<u8>> {
    let mut content: Vec<(String, &[u8])> = Vec::new();
    for driver in DRIVERS {
        for (from, name) in [
            (files, format!("drivers/{driver}/{driver}.cat")),
            (sources, format!("drivers/{driver}/{driver}.inf")),
            (sources, format!("drivers/{driver}/{driver}.sys")),
            (sources, format!("symbols/{driver}.pdb")),
        ] {
            let file = name.rsplit('/').next().unwrap_or(&name);
            content.push((format!("{driver}\\{file}"), &from[&name]));
        }
    }
    xenpv_msi::cabinet(&content, input.time)
}

fn write(path: &Path, data: &[u8]) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot write to {}", folder.display()))?;
    }
    fs::write(path, data).with_context(|| format!("cannot write {}", path.display()))
}

/// Writes a file into the stage, signs it, and gives it back.
fn sign(input: &Input, stage: &Path, name: &str, data: &[u8]) -> Result<Vec<u8>> {
    let path = stage.join(name);
    write(&path, data)?;
    input.signing.sign(&path)?;
    Ok(fs::read(&path)?)
}

/// Signs the drivers and makes their catalogs, unless Microsoft has.
fn drivers(input: &Input, files: &mut Files, stage: &Path) -> Result<()> {
    if input.portal.is_some() {
        return Ok(());
    }
    for driver in DRIVERS {
        let name = |ending: &str| format!("drivers/{driver}/{driver}.{ending}");
        // A boot-start driver is checked by its embedded signature: the loader has no catalogs yet.
        let signed = sign(input, stage, &name("sys"), &files[&name("sys")])?;
        files.insert(name("sys"), signed);
        let inf = inf_file::Inf::parse(driver, &files[&name("inf")])
            .map_err(|errors| anyhow::anyhow!("{:?}", errors.first()))?;
        let models =
            inf.models(&inf_file::System::windows10(26100)).map_err(|error| anyhow::anyhow!("{error}"))?;
        let ids: Vec<String> = models.into_iter().map(|model| model.hardware_id).collect();
        let subjects = [
            Subject { name: &format!("{driver}.inf"), data: &files[&name("inf")] },
            Subject { name: &format!("{driver}.sys"), data: &files[&name("sys")] },
        ];
        let unsigned = catalog::make(&subjects, &ids, input.time)?;
        let signed = sign(input, stage, &name("cat"), &unsigned)?;
        files.insert(name("cat"), signed);
        vouches(&files[&name("cat")], driver, files)?;
    }
    Ok(())
}

/// `package.json`: see installer/README.md.
fn manifest(input: &Input, files: &Files) -> Result<Vec<u8>> {
    let kind = match (&input.portal, &input.signing.signer) {
        (Some(portal), _) => portal.kind.as_str(),
        (None, Signer::Nobody) => "none",
        (None, _) => "test",
    };
    let hashes: BTreeMap<&str, String> = files
        .iter()
        .filter_map(|(name, data)| Some((name.strip_prefix("drivers/")?, hex(&pe::flat(data).sha256))))
        .collect();
    let text = json!({ "version": format!("{}.0", input.version), "signing": kind, "files": hashes });
    Ok((serde_json::to_string_pretty(&text)? + "\n").into_bytes())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn product(input: &Input, version: [u16; 3], files: &Files) -> Result<Product> {
    let licence = String::from_utf8_lossy(&files["LICENSE.txt"]).into_owned();
    let installed = files.iter().filter(|(name, _)| {
        name.starts_with("drivers/") || ["xenpv-setup.exe", "LICENSE.txt"].contains(&name.as_str())
    });
    let mut list = Vec::new();
    for (path, data) in installed {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let image = name.ends_with(".sys") || name.ends_with(".exe");
        let version = if image { Some(pe::version(data).with_context(|| name.to_owned())?) } else { None };
        list.push(File { folder: folder.to_owned(), name: name.to_owned(), data: data.clone(), version });
    }
    Ok(Product { version, files: list, actions: files["xenpvmsi.dll"].clone(), licence, time: input.time })
}

/// SHA-256 of every file in a folder, by its name with `/`.
fn hashes(stage: &Path) -> Result<BTreeMap<String, String>> {
    let mut all = BTreeMap::new();
    for entry in walkdir::WalkDir::new(stage) {
        let entry = entry?;
        if entry.file_type().is_file() {
            let name: Vec<String> = entry
                .path()
                .strip_prefix(stage)?
                .components()
                .map(|part| part.as_os_str().to_string_lossy().into_owned())
                .collect();
            all.insert(name.join("/"), hex(&pe::flat(&fs::read(entry.path())?).sha256));
        }
    }
    Ok(all)
}

fn sums(stage: &Path) -> Result<()> {
    let text: String = hashes(stage)?.iter().map(|(name, hash)| format!("{hash}  {name}\n")).collect();
    write(&stage.join("SHA256SUMS"), text.as_bytes())
}

/// Verifies all that was signed; gives how many signatures.
fn verify(input: &Input, stage: &Path, base: &str) -> Result<usize> {
    let mut count = 0;
    let mut one = |file: &Path, catalog: Option<&Path>| -> Result<()> {
        count += usize::from(input.signing.verify(file, catalog)?);
        Ok(())
    };
    one(&stage.join(format!("{base}-x64.msi")), None)?;
    one(&stage.join("xenpv-setup.exe"), None)?;
    if input.portal.is_none() {
        one(&stage.join(format!("{base}-portal.cab")), None)?;
        for driver in DRIVERS {
            let file = |ending: &str| stage.join(format!("drivers/{driver}/{driver}.{ending}"));
            one(&file("sys"), None)?;
            one(&file("cat"), None)?;
            one(&file("sys"), Some(&file("cat")))?;
        }
    }
    Ok(count)
}
