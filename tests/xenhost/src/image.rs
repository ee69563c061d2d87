//! The files that QEMU boots: Xen, a kernel, an initrd and dom0's root disk. Made once from Debian
//! packages and kept; made anew when the recipe (this file, the package list, dom0/) changes.

use std::{
    fs,
    io::{Read, Write},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};

use host::{
    apt::Apt,
    run::{make_dir, output},
};

use crate::modules::Modules;

/// The Debian release that Xen, dom0 and the outer QEMU come from.
const RELEASE: &str = "trixie";
/// The outer machine, and what makes its images.
const HOST: &[&str] = &["qemu-system-x86", "seabios", "e2fsprogs", "xz-utils"];
/// What dom0 runs.
const DOM0: &[&str] = &[
    "xen-hypervisor-4.20-amd64",
    "xen-utils-4.20",
    "xenstore-utils",
    "qemu-system-xen",
    "qemu-utils",
    // Beside them, what a host of winhost has: see docs/winhost.md.
    "python3",
    "xorriso",
    "busybox-static",
    "iproute2",
    "ethtool",
    "tcpdump",
    "iperf3",
    "mtools",
    "dosfstools",
    "e2fsprogs",
    "util-linux",
    "mount",
    "gawk",
    "xorriso",
    "bash",
    "coreutils",
    "sed",
    "grep",
    "findutils",
    "procps",
    "kmod",
];
/// The kernel of dom0 and of Linux guests.
const KERNEL: &[&str] = &["linux-image-amd64"];
/// Modules that dom0's initrd needs to reach its root and the host's folder.
const ROOT_MODULES: &[&str] = &["virtio_pci", "virtio_blk", "ext4", "crc32c_generic", "9p", "9pnet_virtio"];
/// Modules that dom0 loads later.
const DOM0_MODULES: &[&str] = &[
    "loop",
    "bridge",
    "tun",
    "xen-blkback",
    "xen-netback",
    "xen-gntdev",
    "xen-gntalloc",
    "xen-evtchn",
    "xen-privcmd",
    "xenfs",
    "xen-blkfront",
    "xen-netfront",
    "vfat",
    "nls_cp437",
    "nls_ascii",
    "nls_iso8859_1",
];
/// Modules of a Linux guest.
const GUEST_MODULES: &[&str] = &["xen-blkfront", "xen-netfront"];

/// A root with programs and their own libraries, which the machine's own are not asked for.
pub struct Host(PathBuf);

impl Host {
    /// A file or folder in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// A program of it, run by its own loader with its own libraries.
    pub fn program(&self, name: &str) -> Result<Command> {
        let libraries = ["usr/lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu/pulseaudio", "usr/lib"]
            .map(|dir| self.path(dir).display().to_string())
            .join(":");
        let loader = ["usr/lib64/ld-linux-x86-64.so.2", "usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"]
            .map(|path| self.path(path))
            .into_iter()
            .find(|path| path.exists())
            .with_context(|| format!("{} has no program loader", self.0.display()))?;
        let mut command = Command::new(loader);
        command.arg("--library-path").arg(libraries).arg(self.path(name));
        Ok(command)
    }
}

/// Paths of everything that a boot needs.
pub struct Images {
    /// The outer QEMU and other programs of the same release.
    pub host: Host,
    /// Xen, gunzipped.
    pub xen: PathBuf,
    /// The kernel.
    pub kernel: PathBuf,
    /// dom0's initrd.
    pub initrd: PathBuf,
    /// dom0's root disk, raw ext4; never written (QEMU's snapshot mode).
    pub disk: PathBuf,
}

/// The text files of dom0, as they are put into its root. What scenarios share comes with them, by the shared folder.
const INIT: &str = include_str!("../dom0/init");
const GUEST_INIT: &str = include_str!("../dom0/guest-init");

/// Makes what is missing in `dir`.
pub fn prepare(dir: &Path) -> Result<Images> {
    make_dir(dir)?;
    let images = Images {
        host: Host(dir.join("host")),
        xen: dir.join("xen"),
        kernel: dir.join("vmlinuz"),
        initrd: dir.join("initrd"),
        disk: dir.join("dom0.img"),
    };
    let recipe = format!(
        "{RECIPE}{HOST:?}{DOM0:?}{KERNEL:?}{ROOT_MODULES:?}{DOM0_MODULES:?}{GUEST_MODULES:?}{INIT}{GUEST_INIT}"
    );
    let stamp = dir.join("recipe");
    if fs::read_to_string(&stamp).is_ok_and(|made| made == recipe) {
        return Ok(images);
    }
    let _ = fs::remove_file(&stamp);
    let apt = Apt::of_release(&dir.join("apt"), RELEASE)?;
    let tree = |name: &str, packages: &[&str]| -> Result<PathBuf> {
        let root = dir.join(name);
        let archives = apt.fetch(packages)?;
        let list = format!("{archives:?}");
        let done = dir.join(format!("{name}.unpacked"));
        if !fs::read_to_string(&done).is_ok_and(|was| was == list) {
            eprintln!("==> unpacking {} packages for {name}", archives.len());
            let _ = fs::remove_dir_all(&root);
            Apt::unpack(&archives, &root)?;
            fs::write(&done, list)?;
        }
        Ok(root)
    };
    let host = Host(tree("host", HOST)?);
    let kernel = tree("kernel", KERNEL)?;
    let dom0 = tree("dom0", DOM0)?;
    eprintln!("==> making dom0's disk");
    gunzip(&newest(&dom0.join("boot"), "xen-", ".gz")?, &images.xen)?;
    fs::copy(newest(&kernel.join("boot"), "vmlinuz-", "")?, &images.kernel)?;
    let modules = Modules::new(&kernel, &host)?;
    root_files(&dom0, &modules, &images.kernel)?;
    fs::write(&images.initrd, initrd(&dom0, &modules, ROOT_MODULES, INITRD_INIT)?)?;
    disk(&host, &dom0, &images.disk)?;
    fs::write(stamp, recipe)?;
    Ok(images)
}

/// Counts changes of this program that make images anew.
const RECIPE: u32 = 1;

/// Finds `<dir>/<start>*<end>`.
fn newest(dir: &Path, start: &str, end: &str) -> Result<PathBuf> {
    fs::read_dir(dir)?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            name.starts_with(start) && name.ends_with(end)
        })
        .max()
        .with_context(|| format!("no {start}*{end} in {}", dir.display()))
}

fn gunzip(from: &Path, to: &Path) -> Result<()> {
    let mut data = Vec::new();
    flate2::read::GzDecoder::new(fs::File::open(from)?).read_to_end(&mut data)?;
    Ok(fs::write(to, data)?)
}

/// Our own files in dom0's root.
fn root_files(root: &Path, modules: &Modules<'_>, kernel: &Path) -> Result<()> {
    for dir in [
        "proc",
        "sys",
        "dev",
        "run",
        "tmp",
        "root",
        "mnt",
        "host",
        "guest",
        "modules",
        "var/run/xen",
        "var/lib/xen",
    ] {
        make_dir(&root.join(dir))?;
    }
    executable(&root.join("init"), INIT.as_bytes())?;
    fs::write(
        root.join("etc/passwd"),
        "root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534:nobody:/:/bin/false\n",
    )?;
    fs::write(root.join("etc/group"), "root:x:0:\n")?;
    for (number, module) in modules.resolve(DOM0_MODULES)?.into_iter().enumerate() {
        fs::write(root.join(format!("modules/{number:02}-{}.ko", module.name)), module.data)?;
    }
    let guest = initrd(root, modules, GUEST_MODULES, GUEST_INIT)?;
    fs::write(root.join("guest/initrd"), guest)?;
    fs::copy(kernel, root.join("guest/vmlinuz"))?;
    // Alternatives that maintainer scripts would set.
    for (link, to) in [("usr/bin/awk", "gawk"), ("usr/bin/sh", "bash")] {
        if !root.join(link).exists() {
            std::os::unix::fs::symlink(to, root.join(link))?;
        }
    }
    Ok(())
}

fn executable(path: &Path, data: &[u8]) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::write(path, data)?;
    Ok(fs::set_permissions(path, fs::Permissions::from_mode(0o755))?)
}

/// The initrd's init: modules, root disk, on to its /init.
const INITRD_INIT: &str = "#!/bin/busybox sh
/bin/busybox mount -t devtmpfs dev /dev
/bin/busybox mount -t proc proc /proc
for m in /modules/*.ko; do /bin/busybox insmod $m || /bin/busybox echo \"rig: insmod $m failed\"; done
n=0
while [ ! -b /dev/vda ] && [ $n -lt 100 ]; do /bin/busybox sleep 0.1; n=$((n+1)); done
/bin/busybox mount -t ext4 /dev/vda /root || { /bin/busybox echo 'rig: no root disk'; /bin/busybox poweroff -f; }
/bin/busybox umount /proc
/bin/busybox mount -o move /dev /root/dev
exec /bin/busybox switch_root /root /init
";

/// A cpio archive with busybox, modules and an init.
fn initrd(root: &Path, modules: &Modules<'_>, names: &[&str], init: &str) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    let mut inode = 1;
    let mut add = |name: &str, mode: u32, data: &[u8]| -> Result<()> {
        inode += 1;
        let builder = cpio::NewcBuilder::new(name).ino(inode).mode(mode).nlink(1);
        let mut writer = builder.write(&mut out, u32::try_from(data.len())?);
        writer.write_all(data)?;
        writer.finish()?;
        Ok(())
    };
    for dir in ["bin", "dev", "proc", "sys", "root", "modules"] {
        add(dir, 0o040_755, b"")?;
    }
    add("bin/busybox", 0o100_755, &fs::read(root.join("usr/bin/busybox"))?)?;
    add("init", 0o100_755, init.as_bytes())?;
    for (number, module) in modules.resolve(names)?.into_iter().enumerate() {
        add(&format!("modules/{number:02}-{}.ko", module.name), 0o100_644, &module.data)?;
    }
    cpio::newc::trailer(&mut out)?;
    Ok(out)
}

/// An ext4 file system with the tree's content, without mounting anything.
fn disk(host: &Host, root: &Path, to: &Path) -> Result<()> {
    let _ = fs::remove_file(to);
    let options = ["-q", "-t", "ext4", "-O", "^has_journal", "-E", "root_owner=0:0,lazy_itable_init=1", "-d"];
    output(host.program("usr/sbin/mke2fs")?.args(options).arg(root).arg(to).arg("3G"))
        .context("cannot make dom0's disk")?;
    Ok(())
}
