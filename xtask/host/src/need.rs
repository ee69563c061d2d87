//! What a command needs from outside, and how it is got: as root or with sudo by the machine's apt; else
//! downloaded and unpacked under the target folder.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
    sync::Once,
};

use anyhow::{Context, Result, bail};

use crate::{apt::Apt, run};

/// A program or file from outside.
#[derive(Clone, Copy)]
pub struct Need {
    /// The Debian package that brings it.
    pub package: &'static str,
    /// Names that the program goes by, best first; or absolute paths of a file of the package's.
    pub names: &'static [&'static str],
}

/// Where packages are unpacked when they cannot be installed.
fn private() -> PathBuf {
    run::target().join("debian")
}

/// Folders in which programs are looked for: the private ones, the PATH, and those of administrators,
/// which an ordinary user's PATH lacks.
fn folders() -> Vec<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let own = ["usr/bin", "usr/sbin"].map(|dir| private().join(dir));
    own.into_iter().chain(env::split_paths(&path)).chain(["/usr/sbin".into(), "/sbin".into()]).collect()
}

impl Need {
    /// Where it is, if it is there.
    #[must_use]
    pub fn find(&self) -> Option<PathBuf> {
        self.names.iter().find_map(|name| match name.strip_prefix('/') {
            Some(below) => {
                [private().join(below), PathBuf::from(name)].into_iter().find(|path| path.exists())
            }
            None => folders().into_iter().map(|dir| dir.join(name)).find(|path| path.is_file()),
        })
    }

    /// Where it is; installs it when it is missing.
    ///
    /// # Errors
    /// It is missing and cannot be installed; the message has the remedy.
    pub fn get(&self) -> Result<PathBuf> {
        ensure(&[*self])?;
        self.find().with_context(|| format!("package {} has no {}", self.package, self.names.join(", ")))
    }
}

/// A command for a program found by [`Need::get`], which may lie in the private folder with its
/// libraries.
#[must_use]
pub fn command(program: &Path) -> Command {
    let mut command = Command::new(program);
    libraries(&mut command, program);
    command
}

/// Lets a program of the private folder find its libraries; others keep what they have.
pub fn libraries(command: &mut Command, program: &Path) {
    if program.starts_with(private()) {
        let own = ["usr/lib/x86_64-linux-gnu", "usr/lib/llvm-19/lib", "lib/x86_64-linux-gnu"];
        if let Ok(path) = env::join_paths(own.map(|dir| private().join(dir))) {
            command.env("LD_LIBRARY_PATH", path);
        }
    }
}

/// Installs what is missing of these.
///
/// # Errors
/// Something is missing and cannot be installed; the message has the remedy.
pub fn ensure(needs: &[Need]) -> Result<()> {
    let missing = || -> Vec<&'static str> {
        let mut names: Vec<_> =
            needs.iter().filter(|need| need.find().is_none()).map(|need| need.package).collect();
        names.dedup();
        names
    };
    let names = missing();
    if names.is_empty() {
        return Ok(());
    }
    install(&names)?;
    let still = missing();
    if !still.is_empty() {
        bail!("installed, and still without their files: {}", still.join(" "));
    }
    Ok(())
}

/// Installs packages, or brings them up to date.
///
/// # Errors
/// There is no apt, or it cannot; the message has the remedy.
pub fn install(names: &[&str]) -> Result<()> {
    let list = names.join(" ");
    if run::on_path("apt-get").is_none() {
        bail!("this machine has no apt; install the equivalents of these Debian packages by hand: {list}");
    }
    run::step(&format!("installing {list}"));
    let by_hand = format!("as root: apt-get update && apt-get install {list}");
    if run::output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0") {
        return apt(&["apt-get"], names).context(by_hand);
    }
    if run::on_path("sudo").is_some() && run::output(Command::new("sudo").args(["-n", "true"])).is_ok() {
        return apt(&["sudo", "-n", "apt-get"], names).context(by_hand);
    }
    unpack(names).with_context(|| {
        format!("neither root nor sudo, and the packages cannot be unpacked privately; {by_hand}")
    })
}

/// Installs with the machine's apt. The lists are refreshed first, once: old ones offer old versions.
fn apt(program: &[&str], names: &[&str]) -> Result<()> {
    static REFRESHED: Once = Once::new();
    let call = |arguments: &[&str]| {
        let mut command = Command::new(program[0]);
        command.args(&program[1..]).args(arguments).args(names.iter().filter(|_| arguments[0] == "install"));
        run::output(command.env("DEBIAN_FRONTEND", "noninteractive"))
    };
    let mut refresh = Ok(String::new());
    REFRESHED.call_once(|| refresh = call(&["update", "-q"]));
    // Without a network the lists that are there may still do.
    call(&["install", "-y", "-q", "--no-install-recommends"])
        .map_err(|error| match &refresh {
            Ok(_) => error,
            Err(first) => error.context(format!("the package lists could not be refreshed: {first:#}")),
        })
        .map(drop)
}

/// Downloads packages with what they depend on and the machine lacks, and unpacks them privately.
fn unpack(names: &[&str]) -> Result<()> {
    let dir = private();
    let apt = Apt::for_this_machine(&dir.join("apt"))?;
    let archives = apt.fetch(names)?;
    Apt::unpack(&archives, &dir)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_and_files_are_found_where_they_are() {
        let shell = Need { package: "dash", names: &["no-such-shell", "sh"] };
        assert!(shell.find().is_some_and(|path| path.ends_with("sh")));
        assert!(Need { package: "base-files", names: &["/etc"] }.find().is_some());
        assert!(Need { package: "none", names: &["no-such-program", "/no/such/file"] }.find().is_none());
    }

    #[test]
    fn the_machines_own_programs_keep_their_libraries() {
        let own = command(Path::new("/usr/bin/true"));
        assert_eq!(own.get_envs().count(), 0);
        let private = command(&private().join("usr/bin/true"));
        assert!(private.get_envs().any(|(name, _)| name == "LD_LIBRARY_PATH"));
    }
}
