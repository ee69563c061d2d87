//! Stands in for `xenpv-setup.exe`: notes its arguments in `C:\probe\calls.txt` and ends as
//! `C:\probe\orders.txt` says (lines of a verb, an exit code, and the error's text; or of `pause` and
//! seconds). Verbs of its own: `hold NAME` keeps a mutex, `limited PROGRAM …` runs a program without an administrator's
//! rights, `inf FILE` has SetupAPI carry out an INF file.

#[cfg(windows)]
mod windows;

use std::{env, fs, io::Write as _, process::exit, thread, time::Duration};

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    #[cfg(windows)]
    match arguments.first().map(String::as_str) {
        Some("hold") => return windows::hold(&arguments[1]),
        Some("inf") => return windows::inf(&arguments[1]),
        Some("limited") => exit(windows::limited(&arguments[1..].join(" "))),
        _ => {}
    }
    let call = arguments.join(" ");
    let mut log = fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open("C:\\probe\\calls.txt")
        .unwrap_or_else(|error| panic!("C:\\probe: {error}"));
    writeln!(log, "{call}").unwrap_or_else(|error| panic!("calls.txt: {error}"));
    println!("Looking at this computer");
    println!("Installing [xenpvpci] {call}");
    let rollback = arguments.iter().any(|argument| argument == "--rollback");
    let verb = arguments.first().cloned().unwrap_or_default();
    let order = if rollback { format!("{verb}-rollback") } else { verb };
    for line in fs::read_to_string("C:\\probe\\orders.txt").unwrap_or_default().lines() {
        let mut words = line.splitn(3, ' ');
        let first = words.next();
        if first == Some("pause") {
            let seconds = words.next().and_then(|seconds| seconds.parse().ok()).unwrap_or(1);
            thread::sleep(Duration::from_secs(seconds));
        }
        if first == Some(&order) {
            let code = words.next().and_then(|code| code.parse().ok()).unwrap_or(1603);
            if let Some(text) = words.next() {
                eprintln!("a line before the last");
                eprintln!("error: {text}");
            }
            exit(code);
        }
    }
}
