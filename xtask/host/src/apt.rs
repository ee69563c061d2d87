//! Debian packages of a fixed release, unpacked into folders: no root, no change to the machine.
//!
//! apt runs with a private configuration that names the machine's own mirror, asked for another
//! release. Maintainer scripts do not run.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};

use crate::run::{make_dir, output};

/// A private apt.
pub struct Apt {
    dir: PathBuf,
    release: String,
}

impl Apt {
    /// For packages of `release` with everything that they need, to be a root of their own.
    ///
    /// # Errors
    /// `dir` cannot be written, or the mirror does not answer.
    pub fn of_release(dir: &Path, release: &str) -> Result<Self> {
        make_dir(dir)?;
        let none = dir.join("status");
        fs::write(&none, b"")?;
        Self::new(dir, release, &none)
    }

    /// For packages of this machine's own release, to stand beside what is installed.
    ///
    /// # Errors
    /// As [`Apt::of_release`]; or this is not Debian.
    pub fn for_this_machine(dir: &Path) -> Result<Self> {
        let release = codename().context("this machine is not a Debian release")?;
        Self::new(dir, &release, Path::new("/var/lib/dpkg/status"))
    }

    /// Sets up a private apt in `dir` with fresh lists (kept for a day).
    fn new(dir: &Path, release: &str, status: &Path) -> Result<Self> {
        for sub in ["state/lists/partial", "cache/archives/partial", "etc"] {
            make_dir(&dir.join(sub))?;
        }
        let apt = Self { dir: dir.to_owned(), release: release.to_owned() };
        fs::write(dir.join("etc/sources.list"), sources(release)?)?;
        let (root, status) = (dir.display(), status.display());
        fs::write(
            dir.join("apt.conf"),
            format!(
                "Dir::State \"{root}/state\";\nDir::State::status \"{status}\";\nDir::Cache \"{root}/cache\";\n\
                 Dir::Etc::sourcelist \"{root}/etc/sources.list\";\nDir::Etc::sourceparts \"/dev/null\";\n\
                 Dir::Etc::preferencesparts \"/dev/null\";\nAPT::Architecture \"amd64\";\n\
                 APT::Install-Recommends \"false\";\nAPT::Sandbox::User \"\";\n\
                 Acquire::Languages \"none\";\nAcquire::IndexTargets::deb::DEP-11::DefaultEnabled \"false\";\n"
            ),
        )?;
        let stamp = dir.join("updated");
        let fresh = fs::metadata(&stamp)
            .and_then(|meta| meta.modified())
            .is_ok_and(|when| when.elapsed().is_ok_and(|age| age.as_secs() < 86_400));
        if !fresh {
            output(apt.command("apt-get").args(["update", "-qq"])).with_context(|| {
                format!("cannot read the package lists of Debian {release} from this machine's mirror")
            })?;
            fs::write(stamp, b"")?;
        }
        Ok(apt)
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.arg("-c").arg(self.dir.join("apt.conf"));
        command
    }

    /// Downloads packages with all they depend on and the status file lacks; gives the archives' paths, sorted by name.
    ///
    /// # Errors
    /// The release has no such package, or the mirror does not answer.
    pub fn fetch(&self, names: &[&str]) -> Result<Vec<PathBuf>> {
        let list = output(self.command("apt-get").args(["install", "--print-uris", "-qq", "-y"]).args(names))
            .with_context(|| format!("Debian {} does not offer {}", self.release, names.join(", ")))?;
        // Lines are: 'uri' name_version_arch.deb size checksum
        let archives = self.dir.join("debs");
        make_dir(&archives)?;
        let mut wanted: Vec<PathBuf> = Vec::new();
        let mut missing: Vec<String> = Vec::new();
        for line in list.lines() {
            let Some(file) = line.split_whitespace().nth(1) else { continue };
            let path = archives.join(file);
            if !path.is_file() {
                missing.push(file.split('_').next().unwrap_or(file).to_owned());
            }
            wanted.push(path);
        }
        if !missing.is_empty() {
            eprintln!("==> downloading {} Debian packages", missing.len());
            output(self.command("apt-get").args(["download", "-qq"]).args(&missing).current_dir(&archives))
                .context("cannot download packages")?;
        }
        wanted.sort();
        for path in &wanted {
            if !path.is_file() {
                bail!("{} was not downloaded", path.display());
            }
        }
        Ok(wanted)
    }

    /// Unpacks archives over each other into `root`.
    ///
    /// # Errors
    /// An archive is broken, or `root` cannot be written.
    pub fn unpack(archives: &[PathBuf], root: &Path) -> Result<()> {
        make_dir(&root.join("usr"))?;
        // The links of a merged /usr, which base-files' maintainer script would make.
        for dir in ["bin", "sbin", "lib", "lib64"] {
            make_dir(&root.join("usr").join(dir))?;
            let link = root.join(dir);
            if !link.exists() {
                std::os::unix::fs::symlink(Path::new("usr").join(dir), link)?;
            }
        }
        for archive in archives {
            // --keep-directory-symlink: some archives ship /lib as a folder.
            let mut tar = Command::new("tar");
            tar.args(["-x", "--keep-directory-symlink", "--no-same-owner", "-f", "-", "-C"]).arg(root);
            pipe(Command::new("dpkg-deb").arg("--fsys-tarfile").arg(archive), &mut tar)
                .with_context(|| format!("cannot unpack {}", archive.display()))?;
        }
        Ok(())
    }
}

fn pipe(from: &mut Command, to: &mut Command) -> Result<()> {
    use std::process::Stdio;
    let mut source = from.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
    let stream = source.stdout.take().context("no pipe")?;
    let sink = to.stdin(stream).status()?;
    let source = source.wait()?;
    if !sink.success() || !source.success() {
        bail!("{source}, {sink}");
    }
    Ok(())
}

/// A sources.list of our release at the mirror that this machine uses for Debian.
fn sources(release: &str) -> Result<String> {
    let mut apt = Command::new("apt-get");
    apt.args(["indextargets", "--format", "$(REPO_URI)|$(ORIGIN)|$(LABEL)", "Created-By: Packages"]);
    let known =
        output(&mut apt).context("this machine has no apt; it must be Debian, with apt configured")?;
    let mut lines = of_targets(&known, release);
    if lines.is_empty() {
        // Nobody ran `apt-get update` yet: what it would fetch names the mirrors as well.
        let planned = output(Command::new("apt-get").args(["update", "--print-uris"]))?;
        lines = of_plan(&planned, &codename().unwrap_or_default(), release);
    }
    if lines.is_empty() {
        bail!("apt on this machine names no Debian mirror; add one to its sources");
    }
    Ok(lines.into_iter().collect::<Vec<_>>().concat())
}

/// The name of the Debian release that this machine runs.
fn codename() -> Option<String> {
    let about = fs::read_to_string("/etc/os-release").ok()?;
    about.lines().find(|line| *line == "ID=debian")?;
    Some(about.lines().find_map(|line| line.strip_prefix("VERSION_CODENAME="))?.to_owned())
}

/// A line of a sources.list.
fn line(uri: &str, release: &str, security: bool) -> String {
    format!("deb {uri} {release}{} main\n", if security { "-security" } else { "" })
}

/// From `uri|origin|label` of the lists that apt has.
fn of_targets(text: &str, release: &str) -> BTreeSet<String> {
    let fields = text.lines().map(|line| line.split('|').collect::<Vec<_>>());
    fields
        .filter_map(|fields| match fields[..] {
            [uri, "Debian", label] => Some(line(uri, release, label.contains("Security"))),
            _ => None,
        })
        .collect()
}

/// From the addresses of an update to come, `'<mirror>/dists/<suite>/InRelease' …`.
fn of_plan(text: &str, codename: &str, release: &str) -> BTreeSet<String> {
    text.lines()
        .filter_map(|text| {
            let (uri, suite) = text.strip_prefix('\'')?.split_once("/InRelease'")?.0.split_once("/dists/")?;
            let security = suite.strip_prefix(codename)?;
            ["", "-security"].contains(&security).then(|| line(uri, release, !security.is_empty()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mirrors_are_those_of_debian_once_each() {
        let known = "http://m.example/debian/|Debian|Debian\nhttp://m.example/debian/|Debian|Debian\n\
                     http://m.example/sec/|Debian|Debian-Security\nhttp://other.example/node/|Node|Node\n";
        let lines = [
            "deb http://m.example/debian/ trixie main\n",
            "deb http://m.example/sec/ trixie-security main\n",
        ];
        assert!(of_targets(known, "trixie").iter().eq(&lines));
        assert!(of_targets("", "trixie").is_empty());
    }

    #[test]
    fn a_machine_that_never_updated_names_its_mirrors() {
        let plan = "'http://m.example/debian/dists/bookworm/InRelease' a 0 \n\
                    'http://m.example/debian/dists/bookworm-updates/InRelease' b 0 \n\
                    'http://m.example/sec/dists/bookworm-security/InRelease' c 0 \n\
                    'http://m.example/sec/dists/bookworm-security/main/binary-amd64/Packages.xz' d 0 \n\
                    'http://other.example/node/dists/nodistro/InRelease' e 0 \n";
        let lines =
            ["deb http://m.example/debian trixie main\n", "deb http://m.example/sec trixie-security main\n"];
        assert!(of_plan(plan, "bookworm", "trixie").iter().eq(&lines));
    }
}
