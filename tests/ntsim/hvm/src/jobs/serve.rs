//! Does what dom0 says, line by line: `<id> <command> <arguments…>` comes in on the serial line, and
//! `hvm: <id> ok <answer> |` or `hvm: <id> failed <why> |` goes out. The bar tells dom0, which reads while we
//! write, that the line is whole. So a scenario is a script in dom0, and the serial line does not depend on
//! what is under test.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use ntsim::{ke::thread, pnp::manager::sleep_ms};

use super::{disk, ending, files, load, net, netbench, system};
use crate::{console::Lines, multiboot::Module};

/// Between two looks at the serial line; each is an exit to the device model, which may be busy.
const LOOK_MS: u64 = 100;

/// Answers until `end`.
pub fn run(modules: &[Module]) -> Result<(), String> {
    let mut lines = Lines::default();
    say!("hvm: serving");
    loop {
        ending::if_asked();
        let Some(line) = lines.take() else {
            sleep_ms(LOOK_MS);
            continue;
        };
        let words: Vec<String> = line.split_whitespace().map(ToString::to_string).collect();
        let Some((id, words)) = words.split_first() else { continue };
        if words.first().is_some_and(|word| word == "end") {
            say!("hvm: {id} ok |");
            return Ok(());
        }
        // A command may take long, or hang with what it tests: the next one is heard anyway.
        let (id, words, modules) = (id.clone(), words.to_vec(), modules.to_vec());
        let task = move || match command(&words, &modules) {
            Ok(answer) => say!("hvm: {id} ok {answer} |"),
            Err(why) => say!("hvm: {id} failed {why} |"),
        };
        if let Err(status) = thread::spawn(task) {
            return Err(format!("no thread for a command: {status:#x}"));
        }
    }
}

/// The arguments of a command, taken one by one.
pub struct Words<'a>(core::slice::Iter<'a, String>);

impl<'a> Words<'a> {
    /// The next word.
    pub fn text(&mut self) -> Result<&'a str, String> {
        self.0.next().map(String::as_str).ok_or_else(|| "an argument is missing".into())
    }

    /// The next word, as whatever is wanted.
    pub fn value<T: core::str::FromStr>(&mut self) -> Result<T, String> {
        let word = self.text()?;
        word.parse().map_err(|_| format!("`{word}` is not what was expected here"))
    }
}

/// Does one command; its answer.
pub fn command(words: &[String], modules: &[Module]) -> Result<String, String> {
    let mut words = Words(words.iter());
    let name = words.text()?;
    match name.split_once('.').unwrap_or((name, "")) {
        ("boot", _) => system::boot(modules).map(|()| String::new()),
        ("restart", _) => system::restart(),
        ("tree", _) => {
            for line in ntsim::pnp::dump().lines() {
                say!("hvm: {line}");
            }
            Ok(String::new())
        }
        ("ata", _) => Ok(system::ata()),
        ("pci", _) => Ok(system::functions()),
        ("registry", _) => system::set_number(&mut words),
        ("disk", what) => disk::command(what, &mut words),
        ("files", what) => files::command(what, &mut words),
        ("net", what) => net::command(what, &mut words),
        ("net-lean", _) => netbench::lean(&mut words),
        ("net-bench", _) => netbench::run(&mut words),
        ("load", what) => load::command(what, &mut words),
        ("crash", _) => ending::crash(&mut words, modules),
        _ => Err(format!("there is no command `{name}`")),
    }
}

/// Bytes in hexadecimal, as sha256sum prints them.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
