//! A real file system through the shipped disk driver, checked at the back-end's side by tools that know nothing of
//! it: fsck.fat for the structure, mtools and the content for every file.
#![allow(missing_docs)]

use std::{
    cell::Cell,
    collections::BTreeMap,
    io::Write,
    path::{Path, PathBuf},
    process::Command,
};

use fatfs::{FatType, FileSystem, FormatVolumeOptions, FsOptions};
use ntsim::pnp::manager::sleep_ms;
use scenarios::{
    disk::{TARGET, VDEV, open, try_at, xen},
    rig::{Rig, root},
    volume::Volume,
};
use xensim::{Xen, back::block::BlockConfig, wake::Wake};

const MEGABYTES: u64 = 64;
const FILES: usize = 1008;

/// Content of real files: the project's own, by a name that FAT takes.
fn content() -> Vec<(String, Vec<u8>)> {
    fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
        let mut entries: Vec<PathBuf> =
            std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        entries.sort();
        for path in entries {
            if path.is_dir() && !path.ends_with("target") {
                collect(&path, found);
            } else if path.is_file() {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    for folder in ["docs", "inf", "nt", "tests", "xenbus", "xennet", "xenpci", "xenvbd", "xtask"] {
        collect(&root().join(folder), &mut found);
    }
    let mut files = Vec::new();
    for number in 0..FILES {
        let path = &found[number % found.len()];
        let mut data = std::fs::read(path).unwrap();
        data.truncate(48 << 10);
        // The second time round the same names have other content.
        let turn = number / found.len() % data.len().max(1);
        data.rotate_left(turn);
        let name = path.file_name().unwrap().to_string_lossy();
        files.push((format!("{number:04}-{name}"), data));
    }
    files
}

/// What happens when so many files have been copied.
type Event<'a> = &'a dyn Fn(usize);

/// Formats the disk and copies the files onto it, each flushed in turn; gives the number that was flushed.
fn copy(files: &[(String, Vec<u8>)], event: Event<'_>) -> Result<usize, std::io::Error> {
    let safe = Cell::new(0);
    let mut volume = Volume::new(open());
    // FAT32, whose root directory has room for all. (Directories of fatfs 0.3 have long names for "." and "..", which
    // fsck.fat does not take.)
    let options = FormatVolumeOptions::new().fat_type(FatType::Fat32).bytes_per_cluster(512);
    fatfs::format_volume(&mut volume, options.volume_label(*b"XENVBD     "))?;
    volume.flush()?;
    let mut copied = || -> Result<(), std::io::Error> {
        let system = FileSystem::new(&mut volume, FsOptions::new())?;
        for (number, (name, data)) in files.iter().enumerate() {
            event(number);
            let mut file = system.root_dir().create_file(name)?;
            file.write_all(data)?;
            file.flush()?;
            if number % 10 == 9 {
                safe.set(number + 1);
            }
        }
        system.unmount()
    };
    match copied().and_then(|()| volume.flush()) {
        Ok(()) => Ok(files.len()),
        Err(_) => Ok(safe.get()),
    }
}

/// A tool of a Debian package, installed or unpacked below the target folder (`cargo xtask setup`).
fn tool(path: &str) -> PathBuf {
    let private = scenarios::rig::target().join("debian").join(&path[1..]);
    let found = [PathBuf::from(path), private].into_iter().find(|at| at.exists());
    found.unwrap_or_else(|| panic!("{path} is missing: run `cargo xtask setup`"))
}

/// The disk's image as a file of the host's.
fn image(xen: &Xen, folder: &Path) -> PathBuf {
    let path = folder.join("disk.img");
    let disk = xen.disk(VDEV).unwrap();
    let mut file = std::fs::File::create(&path).unwrap();
    for megabyte in 0..MEGABYTES {
        file.write_all(&disk.borrow().durable_bytes(megabyte * 2048, 2048)).unwrap();
    }
    path
}

/// What mtools finds in an image.
fn extract(image: &Path, folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let to = folder.join("out");
    std::fs::create_dir(&to).unwrap();
    let status = Command::new(tool("/usr/bin/mcopy"))
        .args(["-s", "-n", "-i"])
        .arg(image)
        .arg("::/")
        .arg(&to)
        .env("MTOOLS_SKIP_CHECK", "0")
        .env("MTOOLSRC", "/dev/null")
        .status()
        .unwrap();
    assert!(status.success(), "mcopy: {status}");
    let mut found = BTreeMap::new();
    for file in std::fs::read_dir(&to).unwrap() {
        let file = file.unwrap();
        let name = file.file_name().to_string_lossy().into_owned();
        found.insert(name, std::fs::read(file.path()).unwrap());
    }
    found
}

/// fsck.fat's verdict; `mend` lets it repair.
fn check(image: &Path, mend: bool) -> std::process::Output {
    Command::new(tool("/usr/sbin/fsck.fat")).arg(if mend { "-a" } else { "-n" }).arg(image).output().unwrap()
}

fn config() -> BlockConfig {
    let mut config = BlockConfig::new(VDEV, MEGABYTES);
    config.policy.latency = (0, 50_000);
    config.policy.out_of_order = true;
    config
}

/// Copies all files while something happens, and checks all of them.
fn all_files_survive(seed: u64, event: impl Fn(&Xen, usize)) {
    let files = content();
    assert!(files.len() >= 1000);
    let rig = Rig::new(xen(config(), seed), seed);
    let outside = rig.xen.clone();
    let safe = rig.run(|| copy(&files, &|number| event(&outside, number)).unwrap());
    assert_eq!(safe, files.len());
    let folder = tempfile::tempdir().unwrap();
    let image = image(&rig.xen, folder.path());
    let verdict = check(&image, false);
    assert!(verdict.status.success(), "{}", String::from_utf8_lossy(&verdict.stdout));
    let found = extract(&image, folder.path());
    assert_eq!(found.len(), files.len());
    for (name, data) in &files {
        assert!(found.get(name) == Some(data), "{name}");
    }
    rig.xen.assert_clean();
}

#[test]
fn a_thousand_files() {
    all_files_survive(1, |_, _| {});
}

#[test]
fn a_thousand_files_across_suspends() {
    all_files_survive(2, |xen, number| match number {
        100 | 500 => xen.suspend(Wake::Same, 1_000_000),
        300 => xen.suspend(Wake::Cancelled, 1_000_000),
        _ => {}
    });
}

#[test]
fn a_thousand_files_across_a_resize() {
    all_files_survive(3, |xen, number| {
        if number == 400 {
            xen.with_block(VDEV, |block, world| block.resize(world, (MEGABYTES + 32) * 2048));
            sleep_ms(50);
        }
    });
}

/// The disk is taken away while files are copied: what was flushed before is whole.
#[test]
fn surprise_removal_keeps_what_was_flushed() {
    let files = content();
    let rig = Rig::new(xen(config(), 4), 4);
    let outside = rig.xen.clone();
    let disk = Cell::new(None);
    let safe = rig.run(|| {
        let safe = copy(&files, &|number| {
            if number == 300 {
                outside.with_block(VDEV, |block, _| disk.set(Some(block.disk.clone())));
                outside.yank_disk(VDEV);
            }
        });
        for _ in 0..300 {
            if try_at(TARGET).is_err() {
                break;
            }
            sleep_ms(20);
        }
        assert!(try_at(TARGET).is_err(), "the disk is gone");
        safe.unwrap()
    });
    assert!((1..=300).contains(&safe), "{safe}");
    let folder = tempfile::tempdir().unwrap();
    let image = image(&rig.xen, folder.path());
    let _ = check(&image, true);
    let verdict = check(&image, false);
    assert!(verdict.status.success(), "{}", String::from_utf8_lossy(&verdict.stdout));
    let found = extract(&image, folder.path());
    for (name, data) in &files[..safe] {
        assert!(found.get(name) == Some(data), "{name}");
    }
}
