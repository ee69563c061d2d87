//! The whole of packaging over small images: what is made, that it is the same every time, that its signatures are
//! right and a changed byte is refused, and that bad input is one clear error that changes nothing.

mod common;

use std::{collections::BTreeMap, fs, path::Path, process::Command};

use common::{certificate, image, sources, version};
use xenpv_package::{
    catalog, pe,
    ship::{DRIVERS, Input, Portal, make},
    sign::{Signer, test_certificate},
};

fn tree(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    walkdir::WalkDir::new(dir)
        .into_iter()
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_file())
        .map(|entry| {
            let name = entry.path().strip_prefix(dir).expect("below").to_string_lossy().into_owned();
            (name, fs::read(entry.path()).expect("readable"))
        })
        .collect()
}

#[test]
fn what_is_made_is_complete_and_reproducible() {
    let (one, two) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let input = sources(one.path());
    make(&input).expect("made");
    let elsewhere = sources(&two.path().join("a/longer/path"));
    make(&elsewhere).expect("made");
    let (made, again) = (tree(&input.out), tree(&elsewhere.out));
    let version = env!("CARGO_PKG_VERSION");
    let mut names = vec![
        format!("xenpv-{version}-drivers.zip"),
        format!("xenpv-{version}-portal.cab"),
        format!("xenpv-{version}-symbols.zip"),
        format!("xenpv-{version}-x64.msi"),
        format!("xenpv-{version}.cdx.json"),
        "SHA256SUMS".to_owned(),
        "drivers/package.json".to_owned(),
        "xenpv-setup.exe".to_owned(),
    ];
    for driver in DRIVERS {
        names.extend(["inf", "sys", "cat"].map(|ending| format!("drivers/{driver}/{driver}.{ending}")));
    }
    names.sort();
    assert_eq!(made.keys().cloned().collect::<Vec<_>>(), names);
    for (name, data) in &made {
        assert!(again[name] == *data, "{name} differs between two runs");
    }
    // Only the folder itself is left where it was made.
    assert_eq!(fs::read_dir(one.path()).expect("readable").count(), 3, "drivers, userland, out");
    sums(&made);
    // The MSI holds what lies beside it.
    let (_, files) = xenpv_msi::read(&made[&format!("xenpv-{version}-x64.msi")]).expect("read");
    for (name, data) in made.iter().filter(|(name, _)| name.starts_with("drivers/") || name.ends_with(".exe"))
    {
        let key = name.replace(['/', '-'], "_");
        assert!(
            files.iter().any(|(theirs, content)| *theirs == key && content == data),
            "{name} is not in the MSI"
        );
    }
    bill(&made);
}

fn sums(made: &BTreeMap<String, Vec<u8>>) {
    let text = String::from_utf8(made["SHA256SUMS"].clone()).expect("text");
    assert_eq!(text.lines().count(), made.len() - 1);
    for line in text.lines() {
        let (sum, name) = line.split_once("  ").expect("two columns");
        let hash: String = pe::flat(&made[name]).sha256.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hash, sum, "{name}");
    }
    let manifest: serde_json::Value = serde_json::from_slice(&made["drivers/package.json"]).expect("JSON");
    assert_eq!(manifest["signing"], "none");
    assert_eq!(manifest["version"], format!("{}.0", env!("CARGO_PKG_VERSION")));
    let files = manifest["files"].as_object().expect("files");
    assert_eq!(files.len(), 9);
    for (name, hash) in files {
        let sum: String =
            pe::flat(&made[&format!("drivers/{name}")]).sha256.iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(hash.as_str(), Some(sum.as_str()), "{name}");
    }
}

fn bill(made: &BTreeMap<String, Vec<u8>>) {
    let name = format!("xenpv-{}.cdx.json", env!("CARGO_PKG_VERSION"));
    let bill: serde_json::Value = serde_json::from_slice(&made[&name]).expect("JSON");
    let names: Vec<&str> = bill["components"]
        .as_array()
        .expect("components")
        .iter()
        .filter_map(|c| c["name"].as_str())
        .collect();
    for wanted in ["xenpci", "xenbus", "zerocopy", "drivers/xenpvpci/xenpvpci.sys"] {
        assert!(names.contains(&wanted), "{wanted} is not in the bill of materials");
    }
    // Not shipped: what only builds or tests.
    for other in ["proptest", "clap", "xenpv-package"] {
        assert!(!names.contains(&other), "{other} is in the bill of materials");
    }
}

#[test]
fn catalogs_name_the_files() {
    let dir = tempfile::tempdir().expect("a folder");
    let input = sources(dir.path());
    make(&input).expect("made");
    let made = tree(&input.out);
    for driver in DRIVERS {
        let entries = catalog::read(&made[&format!("drivers/{driver}/{driver}.cat")]).expect("a catalog");
        assert_eq!(entries.len(), 4, "two files by two hashes");
        let inf = pe::flat(&made[&format!("drivers/{driver}/{driver}.inf")]);
        let sys = pe::authenticode(&made[&format!("drivers/{driver}/{driver}.sys")]).expect("an image");
        for (name, digest) in [
            (format!("{driver}.inf"), &inf.sha1[..]),
            (format!("{driver}.inf"), &inf.sha256[..]),
            (format!("{driver}.sys"), &sys.sha1[..]),
            (format!("{driver}.sys"), &sys.sha256[..]),
        ] {
            let tag: String = digest.iter().map(|byte| format!("{byte:02X}")).collect();
            let there = entries.iter().any(|e| e.name == name && e.digest == digest && e.tag == tag);
            assert!(there, "{name} {tag}: {entries:?}");
        }
    }
}

/// Makes a signed package with a certificate of its own.
fn signed(dir: &Path) -> Input {
    let mut input = sources(dir);
    let (certificate, key) = test_certificate(&dir.join("signing")).expect("a certificate");
    input.signing.signer = Signer::Files { certificate: certificate.clone(), key };
    input.signing.trust = Some(certificate.clone());
    input.test_certificate = Some(certificate);
    input
}

#[test]
fn signatures_are_valid_and_a_changed_byte_is_refused() {
    let dir = tempfile::tempdir().expect("a folder");
    let input = signed(dir.path());
    let lines = make(&input).expect("made");
    // MSI, portal's cabinet, setup program; of each driver: binary, catalog, binary by catalog.
    assert!(lines.iter().any(|line| line == "12 signatures verified"), "{lines:?}");
    assert!(input.out.join("xenpv-test.cer").is_file());
    let sys = input.out.join("drivers/xenpvvbd/xenpvvbd.sys");
    let cat = input.out.join("drivers/xenpvvbd/xenpvvbd.cat");
    // Signing does not change the hash that the catalog has.
    let unsigned = fs::read(input.drivers.join("xenpvvbd.sys")).expect("readable");
    let good = fs::read(&sys).expect("readable");
    assert_ne!(unsigned, good);
    assert_eq!(pe::authenticode(&unsigned).expect("an image"), pe::authenticode(&good).expect("an image"));
    let mut bad = good.clone();
    bad[0x285] ^= 1;
    fs::write(&sys, &bad).expect("written");
    input.signing.verify(&sys, None).expect_err("a changed image");
    input.signing.verify(&sys, Some(&cat)).expect_err("a changed image, by catalog");
    fs::write(&sys, &good).expect("written");
    assert!(input.signing.verify(&sys, None).expect("valid again"));
    for name in [
        format!("xenpv-{}-x64.msi", input.version),
        format!("xenpv-{}-portal.cab", input.version),
        "drivers/xenpvnet/xenpvnet.cat".to_owned(),
    ] {
        let path = input.out.join(&name);
        let mut data = fs::read(&path).expect("readable");
        let at = if name.ends_with("msi") { 4096 } else { data.len() / 4 };
        data[at] ^= 1;
        fs::write(&path, data).expect("written");
        input.signing.verify(&path, None).expect_err(&name);
    }
    // Another certificate is not trusted.
    let other = signed(&dir.path().join("other"));
    other.signing.verify(&sys, None).expect_err("signed by somebody else");
}

#[test]
fn the_same_certificate_gives_the_same_package() {
    let dir = tempfile::tempdir().expect("a folder");
    let input = signed(dir.path());
    make(&input).expect("made");
    let first = tree(&input.out);
    make(&input).expect("made again, in its place");
    let second = tree(&input.out);
    for (name, data) in &first {
        assert!(second[name] == *data, "{name} differs");
    }
}

#[test]
fn other_signers() {
    let dir = tempfile::tempdir().expect("a folder");
    // A PKCS #12 container with a password.
    let mut input = signed(dir.path());
    let Signer::Files { certificate, key } = input.signing.signer.clone() else { unreachable!() };
    let (container, password) = (dir.path().join("key.p12"), dir.path().join("password"));
    fs::write(&password, "secret\n").expect("written");
    let status = Command::new("openssl")
        .args(["pkcs12", "-export", "-passout", "pass:secret", "-in"])
        .arg(&certificate)
        .arg("-inkey")
        .arg(&key)
        .arg("-out")
        .arg(&container)
        .status()
        .expect("openssl");
    assert!(status.success());
    input.signing.signer = Signer::Pkcs12(container);
    input.signing.password = Some(password.clone());
    make(&input).expect("made");
    // The wrong password is found before anything is made.
    fs::write(&password, "wrong\n").expect("written");
    let error = format!("{:#}", make(&input).expect_err("a wrong password"));
    assert!(error.contains("wrong password"), "{error}");
    // Any other program, which signs in place: here it leaves a mark of its own.
    input.signing.password = None;
    let script = dir.path().join("remote-signer");
    fs::write(&script, "#!/bin/sh\necho \"$2\" >> \"$1\"\n").expect("written");
    let log = dir.path().join("signed.txt");
    let words = ["sh", script.to_str().expect("UTF-8"), log.to_str().expect("UTF-8")];
    input.signing.signer = Signer::Command(words.map(str::to_owned).into());
    input.signing.trust = None;
    make(&input).expect("made");
    let names: Vec<String> = fs::read_to_string(&log)
        .expect("readable")
        .lines()
        .map(|line| Path::new(line).file_name().expect("a name").to_string_lossy().into_owned())
        .collect();
    assert_eq!(names.len(), 10, "{names:?}");
    for name in ["xenpvpci.sys", "xenpvnet.cat", "xenpv-setup.exe", "xenpvmsi.dll"] {
        assert!(names.iter().any(|n| n == name), "{name} was not signed");
    }
}

/// What a program says that must succeed.
fn said(command: &mut Command) -> String {
    let out = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let errors = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "{command:?}: {errors}");
    String::from_utf8_lossy(&out.stdout).into_owned()
}

#[test]
fn a_token_signs() {
    let dir = tempfile::tempdir().expect("a folder");
    let input = sources(dir.path());
    let (certificate, key) = test_certificate(&dir.path().join("signing")).expect("a certificate");
    // A token in files: SoftHSM, which keeps the key to itself once it has it.
    let (tokens, settings) = (dir.path().join("tokens"), dir.path().join("softhsm2.conf"));
    fs::create_dir(&tokens).expect("writable");
    fs::write(&settings, format!("directories.tokendir = {}\n", tokens.display())).expect("written");
    let library = "/usr/lib/softhsm/libsofthsm2.so";
    let hsm = |program: &str| {
        let mut command = Command::new(program);
        command.env("SOFTHSM2_CONF", &settings);
        command
    };
    let tool = || hsm("softhsm2-util");
    said(tool().args(["--init-token", "--free", "--label", "xenpv", "--pin", "1234", "--so-pin", "5678"]));
    said(
        tool()
            .args(["--token", "xenpv", "--pin", "1234", "--label", "signing", "--id", "01", "--import"])
            .arg(&key),
    );
    let cer = dir.path().join("certificate.cer");
    fs::write(&cer, xenpv_package::sign::der(&certificate).expect("DER")).expect("written");
    said(
        hsm("pkcs11-tool")
            .args(["--module", library, "--login", "--pin", "1234", "--type", "cert", "--id", "01"])
            .args(["--label", "signing", "--write-object"])
            .arg(&cer),
    );
    fs::remove_file(&key).expect("the key is in the token alone");
    let pin = dir.path().join("pin");
    let package = |certificate_in_it: &str| {
        let mut command = hsm(env!("CARGO_BIN_EXE_xenpv-package"));
        command
            .args(["--time", "1764000000", "--test-certificates", "/nowhere", "--pkcs11-module", library])
            .args(["--pkcs11-key", "pkcs11:token=xenpv;object=signing;type=private"])
            .args(["--pkcs11-certificate", certificate_in_it])
            .arg("--password-file")
            .arg(&pin);
        for (option, path) in [
            ("--trust", &certificate),
            ("--drivers", &input.drivers),
            ("--userland", &input.userland),
            ("--root", &common::root()),
            ("--out", &input.out),
        ] {
            command.arg(option).arg(path);
        }
        command
    };
    fs::write(&pin, "1234\n").expect("written");
    for one in ["pkcs11:token=xenpv;object=signing;type=cert", certificate.to_str().expect("UTF-8")] {
        let text = said(&mut package(one));
        assert!(text.contains("12 signatures verified"), "{text}");
    }
    // A wrong PIN changes nothing.
    fs::write(&pin, "4321\n").expect("written");
    let before = tree(&input.out);
    let out = package(certificate.to_str().expect("UTF-8")).output().expect("runs");
    let errors = String::from_utf8_lossy(&out.stderr);
    assert_eq!(out.status.code(), Some(1), "{errors}");
    assert!(errors.starts_with("error: cannot sign "), "{errors}");
    assert_eq!(errors.lines().count(), 1, "{errors}");
    assert!(before == tree(&input.out), "something was changed");
}

#[test]
fn what_the_portal_is_asked_to_sign() {
    let dir = tempfile::tempdir().expect("a folder");
    let input = sources(dir.path());
    make(&input).expect("made");
    let data = fs::read(input.out.join(format!("xenpv-{}-portal.cab", input.version))).expect("readable");
    let mut cabinet = cab::Cabinet::new(std::io::Cursor::new(data)).expect("a cabinet");
    let names: Vec<String> =
        cabinet.folder_entries().flat_map(|f| f.file_entries()).map(|f| f.name().to_owned()).collect();
    assert_eq!(names.len(), 12, "{names:?}");
    for driver in DRIVERS {
        for (ending, source) in [
            ("inf", common::root().join(format!("inf/{driver}.inf"))),
            ("sys", input.drivers.join(format!("{driver}.sys"))),
            ("pdb", input.drivers.join(format!("{driver}.pdb"))),
            ("cat", input.out.join(format!("drivers/{driver}/{driver}.cat"))),
        ] {
            let name = format!("{driver}\\{driver}.{ending}");
            let mut content = Vec::new();
            let mut file = cabinet.read_file(&name).unwrap_or_else(|error| panic!("{name}: {error}"));
            std::io::Read::read_to_end(&mut file, &mut content).expect("readable");
            assert!(content == fs::read(source).expect("readable"), "{name} is another file");
        }
    }
}

#[test]
fn packages_from_the_portal_are_used_as_they_are() {
    let dir = tempfile::tempdir().expect("a folder");
    let input = signed(dir.path());
    make(&input).expect("made");
    let portal = dir.path().join("portal");
    fs::rename(input.out.join("drivers"), &portal).expect("moved");
    let mut again = input.clone();
    again.portal = Some(Portal { folder: portal.clone(), kind: "attested".to_owned() });
    make(&again).expect("made");
    let made = tree(&again.out);
    for (name, data) in tree(&portal).iter().filter(|(name, _)| !name.ends_with("json")) {
        assert!(made[&format!("drivers/{name}")] == *data, "{name} was changed");
    }
    let manifest: serde_json::Value = serde_json::from_slice(&made["drivers/package.json"]).expect("JSON");
    assert_eq!(manifest["signing"], "attested");
    // A file that was changed after it was signed.
    let inf = portal.join("xenpvnet/xenpvnet.inf");
    let text = fs::read_to_string(&inf).expect("readable");
    fs::write(&inf, text.replace("IPv4 Checksum Offload", "IPv4 checksum offload")).expect("written");
    let error = refused(&again);
    assert!(error.contains("does not vouch for xenpvnet.inf"), "{error}");
}

/// Fails, and leaves everything as it was.
fn refused(input: &Input) -> String {
    let parent = input.out.parent().expect("a parent").to_owned();
    let before = tree(&parent);
    let error = make(input).expect_err("refused");
    assert!(before == tree(&parent), "something was changed");
    format!("{error:#}")
}

#[test]
fn bad_sources_are_one_error() {
    let dir = tempfile::tempdir().expect("a folder");
    let input = sources(dir.path());
    make(&input).expect("made");
    let sys = input.drivers.join("xenpvvbd.sys");
    let good = fs::read(&sys).expect("readable");
    let with = |data: &[u8]| {
        fs::write(&sys, data).expect("written");
        let error = refused(&input);
        fs::write(&sys, &good).expect("written");
        error
    };
    assert!(with(b"no image").contains("xenpvvbd"));
    let [a, b, c, _] = version();
    let older = image([a, b, c + 1, 0], &[], "older");
    assert!(with(&older).contains("build it again"), "{}", with(&older));
    assert!(with(&good[..0x250]).contains("driver xenpvvbd"), "{}", with(&good[..0x250]));
    let mut x86 = good.clone();
    x86[0x84..0x86].copy_from_slice(&[0x4C, 0x01]);
    assert!(with(&x86).contains("x64"), "{}", with(&x86));
    // Two missing files are named in one message.
    fs::remove_file(&sys).expect("removed");
    fs::remove_file(input.userland.join("xenpvmsi.dll")).expect("removed");
    let error = refused(&input);
    assert!(error.contains("xenpvvbd.sys") && error.contains("xenpvmsi.dll"), "{error}");
    // A DLL without an entry point that the MSI calls.
    fs::write(&sys, &good).expect("written");
    fs::write(input.userland.join("xenpvmsi.dll"), image(version(), &["RunSetup"], "x")).expect("written");
    let error = refused(&input);
    assert!(error.contains("does not export ScheduleReboot"), "{error}");
}

#[test]
fn bad_infs_are_refused() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut input = sources(dir.path());
    let root = dir.path().join("checkout");
    fs::create_dir_all(root.join("inf")).expect("writable");
    for driver in DRIVERS {
        let name = format!("inf/{driver}.inf");
        fs::copy(common::root().join(&name), root.join(&name)).expect("copied");
    }
    fs::copy(common::root().join("LICENSE-GPL"), root.join("LICENSE-GPL")).expect("copied");
    input.root = root.clone();
    let inf = root.join("inf/xenpvvbd.inf");
    let good = fs::read_to_string(&inf).expect("readable");
    for (from, to, message) in [
        ("PnpLockdown = 1", "PnpLockdown = 0", "1324"),
        (",0.1.0.0", ",0.9.0.0", "not 0.1.0.0"),
        ("xenpvvbd.cat", "other.cat", "other.cat"),
    ] {
        assert!(good.contains(from), "{from}");
        fs::write(&inf, good.replace(from, to)).expect("written");
        let error = refused(&input);
        assert!(error.contains("xenpvvbd") && error.contains(message), "{error}");
    }
}

/// A certificate of the key's that ended long ago.
fn expired(dir: &Path, key: &Path) -> std::path::PathBuf {
    let file = |name: &str| dir.join(name);
    let text = "[ca]\ndefault_ca=own\n[own]\nnew_certs_dir=.\ndatabase=index\nserial=serial\ndefault_md=sha256\n\
                policy=any\nx509_extensions=code\n[any]\ncommonName=supplied\n[code]\nextendedKeyUsage=codeSigning\n\
                [req]\ndistinguished_name=none\n[none]\n";
    for (name, content) in [("ca.cnf", text), ("index", ""), ("serial", "01\n")] {
        fs::write(file(name), content).expect("written");
    }
    let run = |arguments: &[&str]| {
        let out = Command::new("openssl").args(arguments).current_dir(dir).output().expect("openssl");
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    };
    let key = key.to_str().expect("UTF-8");
    run(&["req", "-new", "-config", "ca.cnf", "-subj", "/CN=old", "-key", key, "-out", "old.csr"]);
    run(&[
        "ca",
        "-batch",
        "-selfsign",
        "-notext",
        "-config",
        "ca.cnf",
        "-keyfile",
        key,
        "-in",
        "old.csr",
        "-out",
        "old.pem",
        "-startdate",
        "20200101000000Z",
        "-enddate",
        "20210101000000Z",
    ]);
    file("old.pem")
}

#[test]
fn bad_certificates_are_one_error() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut input = sources(dir.path());
    let code = ["-addext", "extendedKeyUsage=codeSigning"];
    let (good, key) = certificate(dir.path(), "good", &code);
    let (web, web_key) = certificate(dir.path(), "web", &["-addext", "extendedKeyUsage=serverAuth"]);
    let old = expired(dir.path(), &key);
    let text = dir.path().join("text");
    fs::write(&text, "no certificate").expect("written");
    for (certificate, key, message) in [
        (&text, &key, "is not a certificate"),
        (&dir.path().join("gone"), &key, "cannot read the certificate"),
        (&good, &web_key, "not the one of the certificate"),
        (&good, &text, "cannot use the private key"),
        (&good, &dir.path().join("gone"), "is not there"),
        (&web, &web_key, "not for signing code"),
        (&old, &key, "expired"),
    ] {
        input.signing.signer = Signer::Files { certificate: certificate.clone(), key: key.clone() };
        let error = refused(&input);
        assert!(error.contains(message), "{error}");
    }
    input.signing.signer = Signer::Command(vec!["false".to_owned()]);
    assert!(refused(&input).contains("the signing command failed"));
    input.signing.signer = Signer::Command(Vec::new());
    assert!(refused(&input).contains("is empty"));
}

#[test]
fn versions_that_no_msi_can_have_are_refused() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut input = sources(dir.path());
    for version in ["1.2", "256.0.0", "1.2.3.4", "1.2.x"] {
        input.version = version.to_owned();
        assert!(refused(&input).contains("does not fit an MSI"), "{version}");
    }
}

#[test]
fn a_full_disk_is_one_error() {
    // A file system of 64 KiB, in a name space of its own: the MSI alone does not fit.
    const SCRIPT: &str = r#"mount -t tmpfs -o size=64k tmpfs "$1" && mkdir "$1/out" && echo kept > "$1/out/before" || exit 9
        shift; "$@"; code=$?
        ls -A "$OUT/.." "$OUT"; cat "$OUT/before"; exit $code"#;
    let dir = tempfile::tempdir().expect("a folder");
    let input = sources(dir.path());
    let small = dir.path().join("small");
    fs::create_dir(&small).expect("writable");
    let out = Command::new("unshare")
        .args(["--map-root-user", "--mount", "sh", "-c", SCRIPT, "sh"])
        .arg(&small)
        .arg(env!("CARGO_BIN_EXE_xenpv-package"))
        .arg("--unsigned")
        .args(["--time", "1764000000", "--test-certificates", "/nowhere"])
        .arg("--drivers")
        .arg(&input.drivers)
        .arg("--userland")
        .arg(&input.userland)
        .arg("--root")
        .arg(common::root())
        .arg("--out")
        .arg(small.join("out"))
        .env("OUT", small.join("out"))
        .output()
        .expect("unshare is there");
    let (said, errors) = (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    assert_eq!(out.status.code(), Some(1), "{said}{errors}");
    assert_eq!(errors.lines().count(), 1, "{errors}");
    assert!(errors.starts_with("error: there is no room left in "), "{errors}");
    // The folder that was there is there, alone, with what was in it.
    assert_eq!(
        said.split_whitespace().filter(|word| !word.ends_with(':')).collect::<Vec<_>>(),
        ["before", "out", "kept"]
    );
}
