//! Drivers that were not written for this test bed: an unmodified vendor build of the peers' bus and disk
//! drivers, installed from its own INF files.
//!
//! `XENPV_VENDOR` names a folder with `xenbus/{xenbus.inf, xenbus.sys, xen.sys, …}` and
//! `xenvbd/{xenvbd.inf, xenvbd.sys, xencrsh.sys, …}` (see docs); without it the test says that it was skipped.
#![allow(missing_docs)]

use std::path::{Path, PathBuf};

use ntsim::{
    kernel::config::OnViolation,
    loader,
    pnp::{self, boot, install, manager::sleep_ms, store::Source},
    storport::{self, adapter::Address, disk::Disk},
};
use scenarios::rig::Rig;
use xensim::{Xen, back::block::BlockConfig};

const VDEV: u32 = 51776;

fn folder() -> Option<PathBuf> {
    std::env::var_os("XENPV_VENDOR").map(PathBuf::from)
}

/// Adds a package: its INF and every file beside it. In the guest.
fn add(folder: &Path, name: &str) {
    let dir = folder.join(name);
    let inf = std::fs::read(dir.join(format!("{name}.inf"))).expect("the INF file");
    let mut files = Vec::new();
    let mut entries: Vec<_> = std::fs::read_dir(&dir).expect("the package's folder").flatten().collect();
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let file = entry.file_name().to_string_lossy().to_lowercase();
        let bytes = std::fs::read(entry.path()).expect("a file of the package");
        if Path::new(&file).extension().is_some_and(|e| e == "sys") {
            loader::provide(&file, &bytes);
        }
        files.push((file, Source::Image(bytes)));
    }
    install::add_package(&format!("{name}.inf"), &inf, files)
        .unwrap_or_else(|error| panic!("{name}.inf: {error}"));
}

#[test]
fn vendor_bus_and_disk_carry_data() {
    let Some(folder) = folder() else {
        eprintln!("skipped: XENPV_VENDOR is not set");
        return;
    };
    let xen = Xen::builder().vcpus(2).seed(1).disk(BlockConfig::new(VDEV, 64)).build();
    let rig = Rig::with(xen, 1, |b| {
        b.on_violation(OnViolation::Collect).config(|c| {
            c.code_integrity = false;
            c.build = 19045;
        })
    });
    let xen = rig.xen.clone();
    let result = rig.try_run(|| {
        add(&folder, "xenbus");
        add(&folder, "xenvbd");
        boot::run();
        sleep_ms(5000);
        for line in rig.sim.log() {
            eprintln!("log: {line}");
        }
        for entry in &ntsim::io::state().log.lock().entries {
            eprintln!("event: {:?}", entry.strings);
        }
        eprintln!("{}", pnp::dump());
        let adapters = storport::adapters();
        assert_eq!(adapters.len(), 1, "{}", pnp::dump());
        storport::scan::scan(adapters[0]);
        let disk = (0..16)
            .find_map(|target| Disk::open(adapters[0], Address { path: 0, target, lun: 0 }).ok())
            .expect("a disk at some target");
        let data: Vec<u8> = (0..1u32 << 20).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        for (lba, offset, bytes) in
            [(2048, 0, data.len()), (8192, 512, 70_144), (16_384, 4, 4096), (24_576, 0, 512)]
        {
            let (disk, data) = (Disk { offset, ..disk }, &data[..bytes]);
            disk.write(lba, data, false).expect("written");
            disk.flush().expect("flushed");
            let there = xen.disk(VDEV).expect("the disk").borrow().bytes(lba, bytes as u64 / 512);
            assert!(there == data, "{bytes} bytes at the back-end");
            let mut back = vec![0; bytes];
            disk.read(lba, &mut back).expect("read");
            assert!(back == data, "{bytes} bytes read back");
        }
        let pending: Vec<_> = (0..64)
            .map(|n| disk.send(n * 8, Ok(&data[n as usize * 4096..][..4096])).expect("sent"))
            .collect();
        pending.into_iter().for_each(|p| assert!(p.finish().is_ok(), "one of many at once"));
        let there = xen.disk(VDEV).expect("the disk").borrow().bytes(0, 64 * 8);
        assert!(there == data[..64 * 4096], "many at once, at the back-end");
    });
    for report in rig.sim.reports() {
        eprintln!("{}: {}\n    {}", report.rule.id, report.text, report.stack.join("\n    "));
    }
    for line in rig.sim.log() {
        eprintln!("log: {line}");
    }
    if let Err(bugcheck) = result {
        panic!("{bugcheck}");
    }
}
