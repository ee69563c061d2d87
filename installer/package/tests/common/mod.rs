//! Sources of a package in a folder of their own: small images that have what is looked at.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use xenpv_package::{
    ship::{DRIVERS, Input},
    sign::{Signer, Signing},
};

/// Time of everything that is made.
pub const TIME: u64 = 1_764_000_000;

fn put(image: &mut [u8], at: usize, bytes: &[u8]) {
    image[at..at + bytes.len()].copy_from_slice(bytes);
}

fn put32(image: &mut [u8], at: usize, value: u32) {
    put(image, at, &value.to_le_bytes());
}

/// A PE image for x64 of one section, with a version and exports; `salt` makes it different from others.
pub fn image(version: [u16; 4], exports: &[&str], salt: &str) -> Vec<u8> {
    const OPTIONAL: usize = 0x98;
    const RVA: u32 = 0x1000;
    let mut image = vec![0; 0x800];
    put(&mut image, 0, b"MZ");
    put32(&mut image, 0x3C, 0x80);
    put(&mut image, 0x80, b"PE\0\0\x64\x86\x01\0");
    // Size of the optional header; an executable image, a DLL if it exports.
    put(&mut image, 0x94, &[240, 0, 0x22, if exports.is_empty() { 0 } else { 0x20 }]);
    put(&mut image, OPTIONAL, &[0x0B, 0x02]);
    for (offset, value) in [(32, 0x1000), (36, 0x200), (56, 0x2000), (60, 0x200), (108, 16)] {
        put32(&mut image, OPTIONAL + offset, value);
    }
    // Subsystem: native.
    put(&mut image, OPTIONAL + 68, &[1, 0]);
    let section = OPTIONAL + 240;
    put(&mut image, section, b".rdata");
    for (offset, value) in [(8, 0x600), (12, RVA), (16, 0x600), (20, 0x200), (36, 0x4000_0040)] {
        put32(&mut image, section + offset, value);
    }
    // VS_FIXEDFILEINFO
    let [a, b, c, d] = version;
    put(&mut image, 0x210, &[0xBD, 0x04, 0xEF, 0xFE, 0, 0, 1, 0]);
    for (offset, value) in [(8, b), (10, a), (12, d), (14, c)] {
        put(&mut image, 0x210 + offset, &value.to_le_bytes());
    }
    put(&mut image, 0x280, salt.as_bytes());
    if !exports.is_empty() {
        // Export directory at 0x300: 40 bytes, then functions, names, ordinals, texts.
        let rva = |at: usize| RVA + u32::try_from(at - 0x200).expect("small");
        put32(&mut image, OPTIONAL + 112, rva(0x300));
        put32(&mut image, OPTIONAL + 116, 0x200);
        let count = u32::try_from(exports.len()).expect("few");
        for (offset, value) in
            [(16, 1), (20, count), (24, count), (28, rva(0x340)), (32, rva(0x360)), (36, rva(0x380))]
        {
            put32(&mut image, 0x300 + offset, value);
        }
        let mut text = 0x3A0;
        for (index, name) in exports.iter().enumerate() {
            put32(&mut image, 0x340 + 4 * index, RVA);
            put32(&mut image, 0x360 + 4 * index, rva(text));
            put(&mut image, 0x380 + 2 * index, &u16::try_from(index).expect("few").to_le_bytes());
            put(&mut image, text, name.as_bytes());
            text += name.len() + 1;
        }
    }
    image
}

/// The version of this workspace with a fourth part.
pub fn version() -> [u16; 4] {
    let mut parts = env!("CARGO_PKG_VERSION").split('.').map(|part| part.parse().expect("a number"));
    core::array::from_fn(|_| parts.next().unwrap_or(0))
}

/// The checkout.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Sources in `dir`, and how to make an unsigned package of them in `dir/out`.
pub fn sources(dir: &Path) -> Input {
    let (drivers, userland) = (dir.join("drivers"), dir.join("userland"));
    fs::create_dir_all(&drivers).expect("writable");
    fs::create_dir_all(&userland).expect("writable");
    for driver in DRIVERS {
        fs::write(drivers.join(format!("{driver}.sys")), image(version(), &[], driver)).expect("written");
        fs::write(drivers.join(format!("{driver}.pdb")), format!("symbols of {driver}")).expect("written");
        fs::write(drivers.join(format!("{driver}.map")), format!("map of {driver}")).expect("written");
    }
    fs::write(userland.join("xenpv-setup.exe"), image(version(), &[], "setup")).expect("written");
    let actions = image(version(), &["RunSetup", "ScheduleReboot"], "actions");
    fs::write(userland.join("xenpvmsi.dll"), actions).expect("written");
    Input {
        root: root(),
        drivers,
        userland,
        out: dir.join("out"),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        time: TIME,
        shipped: vec!["xenpci".to_owned(), "xenpvmsi".to_owned()],
        compiler: "rustc 1.0".to_owned(),
        signing: Signing { signer: Signer::Nobody, password: None, timestamp: None, time: TIME, trust: None },
        portal: None,
        test_certificate: None,
    }
}

/// A certificate and key of the kind that the arguments of `openssl req` ask for.
pub fn certificate(dir: &Path, name: &str, arguments: &[&str]) -> (PathBuf, PathBuf) {
    let (certificate, key) = (dir.join(format!("{name}.pem")), dir.join(format!("{name}.key")));
    let status = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:2048", "-sha256", "-nodes", "-subj", "/CN=test"])
        .args(arguments)
        .arg("-keyout")
        .arg(&key)
        .arg("-out")
        .arg(&certificate)
        .output()
        .expect("openssl is there");
    assert!(status.status.success(), "{}", String::from_utf8_lossy(&status.stderr));
    (certificate, key)
}
