//! What people get wrong, and machines that lack something: one clear error with the remedy, exit code 1,
//! nothing half-written.
#![allow(missing_docs)]

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Output},
};

/// xtask with nothing of this machine's PATH.
fn xtask(path: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command.args(arguments).env("PATH", path).env_remove("RUSTC");
    command
}

/// The one error line of a run that failed as it should.
fn error(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{text}");
    let errors: Vec<&str> = text.lines().filter(|line| line.starts_with("error: ")).collect();
    assert_eq!(errors.len(), 1, "{text}");
    assert!(!text.contains("panicked"), "{text}");
    errors[0].to_owned()
}

/// A program that does nothing but fail.
fn failing(folder: &Path, name: &str) {
    let path = folder.join(name);
    fs::write(&path, "#!/bin/sh\necho broken >&2\nexit 3\n").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

fn content(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let Ok(entries) = fs::read_dir(folder) else { return BTreeMap::new() };
    entries
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_file())
        .map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap()))
        .collect()
}

#[test]
fn a_machine_without_apt_is_told_what_to_install() {
    let (empty, target) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for command in ["setup", "test", "hvm"] {
        let out = xtask(empty.path(), &[command]).env("CARGO_TARGET_DIR", target.path()).output().unwrap();
        let error = error(&out);
        assert!(error.contains("no apt") && error.contains("by hand: "), "{command}: {error}");
    }
    assert!(content(&target.path().join("drivers")).is_empty());
}

#[test]
fn a_failing_apt_is_quoted_with_the_remedy() {
    let (tools, target) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    failing(tools.path(), "apt-get");
    let out = xtask(tools.path(), &["setup"]).env("CARGO_TARGET_DIR", target.path()).output().unwrap();
    let error = error(&out);
    assert!(error.contains("apt-get update && apt-get install lld-19"), "{error}");
}

#[test]
fn a_target_folder_that_cannot_be_written_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, b"").unwrap();
    for command in ["build", "hvm"] {
        let out = Command::new(env!("CARGO_BIN_EXE_xtask"))
            .arg(command)
            .env("CARGO_TARGET_DIR", file.join("below"))
            .output()
            .unwrap();
        let error = error(&out);
        assert!(
            error.contains("cannot write to") && error.contains("CARGO_TARGET_DIR"),
            "{command}: {error}"
        );
    }
}

#[test]
fn routes_that_are_not_here_say_why() {
    let empty = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| error(&xtask(empty.path(), arguments).output().unwrap());
    assert!(run(&["build", "--route", "rustup"]).contains("rustup target add x86_64-pc-windows-msvc"));
    assert!(run(&["build", "--route", "wdk"]).contains("needs Windows"));
    assert!(run(&["build", "--only", "xenblk"]).contains("there are xenpci, xenvbd and xennet"));
}

#[test]
fn a_failing_linker_leaves_what_was_there() {
    let tools = tempfile::tempdir().unwrap();
    failing(tools.path(), "lld-link-19");
    // The usual target folder, where the compiler's work is done already; a failed build changes nothing in it.
    let drivers = host::run::target().join("drivers");
    let before = content(&drivers);
    let mut path = vec![tools.path().to_owned()];
    path.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap()));
    let out = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(["build", "--only", "xenpci"])
        .env("PATH", std::env::join_paths(path).unwrap())
        .output()
        .unwrap();
    let error = error(&out);
    assert!(error.contains("lld-link-19` failed"), "{error}");
    assert_eq!(content(&drivers), before);
    let left =
        fs::read_dir(&drivers).unwrap().filter(|entry| entry.as_ref().unwrap().path().is_dir()).count();
    assert_eq!(left, 0, "the work folder is gone");
}
