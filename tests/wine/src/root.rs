//! A root file system with Wine in it, unpacked from Debian packages under the target folder; entered in
//! name spaces of its own, so that neither root nor an installation on the machine is needed.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, ensure};
use host::{apt::Apt, run};

/// The release that Wine comes from: the first with Wine 10.
const RELEASE: &str = "trixie";
/// Wine, a display without a screen, and what types and clicks on it.
const PACKAGES: [&str; 8] =
    ["wine64", "fonts-wine", "xvfb", "xdotool", "dash", "coreutils", "libc-bin", "mount"];

/// The unpacked system.
pub struct Root {
    dir: PathBuf,
    /// How `unshare` is told to make name spaces here.
    spaces: &'static [&'static str],
}

/// As root of a user name space, which anybody may be; or, where users may make none, as root of the machine.
const SPACES: [&[&str]; 2] = [
    &["--map-root-user", "--mount", "--pid", "--net", "--fork", "--kill-child"],
    &["--mount", "--pid", "--net", "--fork", "--kill-child"],
];

fn spaces() -> Result<&'static [&'static str]> {
    let works = |way: &&&[&str]| {
        // What is done inside, too: mounting.
        let tried =
            Command::new("unshare").args(**way).args(["mount", "-t", "tmpfs", "none", "/mnt"]).output();
        tried.is_ok_and(|tried| tried.status.success())
    };
    SPACES.iter().find(works).copied().context(
        "Wine runs in name spaces of its own, and this machine allows none: let users make them \
         (`sysctl -w kernel.unprivileged_userns_clone=1`), or run this as root; in a container, a privileged one",
    )
}

impl Root {
    /// Downloads and unpacks what is missing.
    ///
    /// # Errors
    /// No network, no room.
    pub fn prepare() -> Result<Root> {
        let spaces = spaces()?;
        let home = run::target().join("wine");
        let dir = home.join("root");
        let recipe = format!("{RELEASE} {}", PACKAGES.join(" "));
        let stamp = home.join("recipe");
        if fs::read_to_string(&stamp).is_ok_and(|text| text == recipe) {
            return Ok(Root { dir, spaces });
        }
        run::step("unpacking Wine");
        for old in [&dir, &home.join("fresh-prefix")] {
            if old.exists() {
                fs::remove_dir_all(old)?;
            }
        }
        let archives = Apt::of_release(&home.join("apt"), RELEASE)?.fetch(&PACKAGES)?;
        Apt::unpack(&archives, &dir)?;
        for folder in ["proc", "dev", "tmp", "work", "root", "etc"] {
            run::make_dir(&dir.join(folder))?;
        }
        // What maintainer scripts would have made.
        fs::write(dir.join("etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n")?;
        fs::write(dir.join("etc/group"), "root:x:0:\n")?;
        if !dir.join("usr/bin/sh").exists() {
            std::os::unix::fs::symlink("dash", dir.join("usr/bin/sh"))?;
        }
        builtin(&dir)?;
        fs::write(&stamp, recipe)?;
        Ok(Root { dir, spaces })
    }

    /// Where a prefix that nothing was installed in is kept; it is of this root's Wine.
    pub fn fresh_prefix(&self) -> PathBuf {
        self.dir.with_file_name("fresh-prefix")
    }

    /// Runs a shell script inside, with `work` seen as `/work`; its first error ends it. All its processes end with
    /// it, and after `seconds`.
    ///
    /// # Errors
    /// The script's exit code and last words.
    pub fn shell(&self, work: &Path, script: &str, seconds: u32) -> Result<String> {
        const ENTER: &str = r#"
            { mount -t proc proc "$1/proc" || mount --rbind /proc "$1/proc"; } && mount --rbind /dev "$1/dev" && mount -t tmpfs tmpfs "$1/tmp" &&
            mount --bind "$2" "$1/work" && exec chroot "$1" /bin/sh -ec "$3""#;
        let output = Command::new("timeout")
            .arg("--kill-after=5")
            .arg(seconds.to_string())
            .arg("unshare")
            .args(self.spaces)
            .args(["sh", "-ec", ENTER, "enter"])
            .arg(&self.dir)
            .arg(work)
            .arg(script)
            .env_clear()
            .envs([
                ("PATH", "/usr/lib/wine:/usr/bin:/usr/sbin:/bin:/sbin"),
                ("HOME", "/root"),
                ("LANG", "C.UTF-8"),
                ("WINEPREFIX", "/work/prefix"),
                ("WINEDEBUG", "-all"),
                // Neither Mono nor Gecko: they would be downloaded.
                ("WINEDLLOVERRIDES", "mscoree,mshtml="),
                ("DISPLAY", ":7"),
            ])
            .output()
            .context("cannot start `unshare`")?;
        let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        ensure!(
            output.status.success(),
            "inside of Wine's root: {}: {}{}",
            output.status,
            said(&output.stdout),
            said(&output.stderr)
        );
        Ok(said(&output.stdout))
    }
}

/// Wine takes its zlib from the MinGW package, marked as one of its own files in the room behind the DOS header (as
/// libwine's maintainer script does).
fn builtin(root: &Path) -> Result<()> {
    let mut data = fs::read(root.join("usr/x86_64-w64-mingw32/lib/zlib1.dll")).context("no zlib for Wine")?;
    let mark = data.get_mut(64..96).context("zlib1.dll is cut off")?;
    mark.fill(0);
    mark[..16].copy_from_slice(b"Wine builtin DLL");
    fs::write(root.join("usr/lib/x86_64-linux-gnu/wine/x86_64-windows/zlib1.dll"), data)?;
    Ok(())
}
