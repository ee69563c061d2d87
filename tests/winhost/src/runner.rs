//! Running programs on the Xen host: here, or over ssh. Every one is bounded in time.

use std::{
    fmt,
    fs::File,
    io::{Read, Write},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// Why something on the host was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The host does not answer.
    Gone(String),
    /// A program was out of time.
    TimedOut(String),
    /// A program failed: which, and its messages.
    Failed(String),
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gone(text) => write!(f, "the host does not answer: {text}"),
            Self::TimedOut(what) => write!(f, "out of time: {what}"),
            Self::Failed(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for Trouble {}

/// What a program gets on its standard input.
pub enum Input<'a> {
    /// Nothing.
    None,
    /// These bytes.
    Bytes(&'a [u8]),
    /// A file of this machine.
    File(&'a Path),
}

/// What a program gave.
pub struct Output {
    /// Exit code; -1 after a signal.
    pub code: i32,
    /// Standard output.
    pub out: Vec<u8>,
    /// Standard error.
    pub err: String,
}

/// Where the Xen host is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// This machine is its dom0.
    Local,
    /// Over ssh, without a password: what ssh calls a destination.
    Ssh(String),
}

impl Place {
    /// As it is written on the command line.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        if text == "local" { Self::Local } else { Self::Ssh(text.to_owned()) }
    }
}

/// Time for a small command.
const SHORT: Duration = Duration::from_secs(60);
/// Time by which ssh's own end is later than the remote command's bound.
const MARGIN: Duration = Duration::from_secs(30);
/// A quoted line is at most so long.
const QUOTE: usize = 600;

/// The Xen host.
pub struct Host {
    place: Place,
    environment: Vec<(String, String)>,
}

impl Host {
    /// A host at a place; nothing is done yet.
    #[must_use]
    pub fn new(place: Place) -> Self {
        Self { place, environment: Vec::new() }
    }

    /// The same with variables for every program that is started here: a PATH of its own, for one.
    #[must_use]
    pub fn with_environment(mut self, environment: Vec<(String, String)>) -> Self {
        self.environment = environment;
        self
    }

    /// Runs a program; any exit code is fine.
    ///
    /// # Errors
    /// [`Trouble::Gone`], [`Trouble::TimedOut`], or it cannot be started.
    pub fn run(&self, argv: &[&str], input: Input<'_>, bound: Duration) -> Result<Output, Trouble> {
        let seconds = bound.as_secs().to_string();
        let mut bounded = vec!["timeout", "-k", "10", seconds.as_str()];
        bounded.extend(argv);
        let mut command = match &self.place {
            Place::Local => {
                let mut command = Command::new(bounded[0]);
                command.args(&bounded[1..]);
                command
            }
            Place::Ssh(target) => {
                let mut command = Command::new("ssh");
                for option in
                    ["BatchMode=yes", "ConnectTimeout=15", "ServerAliveInterval=10", "ServerAliveCountMax=3"]
                {
                    command.args(["-o", option]);
                }
                let line: Vec<String> = bounded.iter().map(|word| quote(word)).collect();
                command.args([target.as_str(), "--"]).arg(line.join(" "));
                command
            }
        };
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        let what = argv.join(" ");
        let output = execute(&mut command, input, bound + MARGIN)
            .map_err(|error| Trouble::Failed(format!("cannot start `{what}`: {error}")))?;
        let Some(output) = output else { return Err(Trouble::TimedOut(what)) };
        match output.code {
            255 if matches!(self.place, Place::Ssh(_)) => Err(Trouble::Gone(short(&output.err))),
            124 | 137 => Err(Trouble::TimedOut(what)),
            _ => Ok(output),
        }
    }

    /// Runs a program that must succeed; gives what it printed.
    ///
    /// # Errors
    /// As [`Host::run`]; or the program failed.
    pub fn ok(&self, argv: &[&str]) -> Result<String, Trouble> {
        self.ok_within(argv, SHORT)
    }

    /// As [`Host::ok`] with a bound of its own.
    ///
    /// # Errors
    /// As [`Host::ok`].
    pub fn ok_within(&self, argv: &[&str], bound: Duration) -> Result<String, Trouble> {
        let output = self.run(argv, Input::None, bound)?;
        if output.code != 0 {
            let message = if output.err.trim().is_empty() {
                String::from_utf8_lossy(&output.out)
            } else {
                output.err.into()
            };
            return Err(Trouble::Failed(format!(
                "`{}` failed ({}): {}",
                argv.join(" "),
                output.code,
                short(&message)
            )));
        }
        Ok(String::from_utf8_lossy(&output.out).into_owned())
    }

    /// What a program printed, `None` when it failed.
    ///
    /// # Errors
    /// As [`Host::run`].
    pub fn maybe(&self, argv: &[&str]) -> Result<Option<String>, Trouble> {
        let output = self.run(argv, Input::None, SHORT)?;
        Ok((output.code == 0).then(|| String::from_utf8_lossy(&output.out).into_owned()))
    }

    /// Writes a file on the host, whole or not at all.
    ///
    /// # Errors
    /// As [`Host::ok`].
    pub fn put(&self, path: &str, input: Input<'_>) -> Result<(), Trouble> {
        let script = "set -e; mkdir -p \"$(dirname \"$0\")\"; cat >\"$0.part\"; mv \"$0.part\" \"$0\"";
        let output = self.run(&["sh", "-c", script, path], input, Duration::from_secs(3600))?;
        if output.code != 0 {
            return Err(Trouble::Failed(format!("cannot write {path} on the host: {}", short(&output.err))));
        }
        Ok(())
    }

    /// Reads a file from an offset on; empty when there is nothing more or no file.
    ///
    /// # Errors
    /// As [`Host::run`].
    pub fn tail(&self, path: &str, offset: u64) -> Result<Vec<u8>, Trouble> {
        let from = format!("+{}", offset + 1);
        let script = "[ ! -e \"$1\" ] || tail -c \"$0\" -- \"$1\" | head -c 1048576";
        Ok(self.run(&["sh", "-c", script, &from, path], Input::None, SHORT)?.out)
    }
}

/// A word for a POSIX shell.
fn quote(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}

fn short(text: &str) -> String {
    text.trim().chars().take(QUOTE).collect()
}

/// Runs to its end, or `None` when it was killed for want of time.
fn execute(command: &mut Command, input: Input<'_>, bound: Duration) -> std::io::Result<Option<Output>> {
    let mut bytes = Vec::new();
    match input {
        Input::None => command.stdin(Stdio::null()),
        Input::Bytes(data) => {
            bytes.extend_from_slice(data);
            command.stdin(Stdio::piped())
        }
        Input::File(path) => command.stdin(File::open(path)?),
    };
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let feeder = child.stdin.take().map(|mut pipe| {
        thread::spawn(move || {
            // A program that does not want its input has its reasons.
            drop(pipe.write_all(&bytes));
        })
    });
    let (out, err) = (drain(child.stdout.take()), drain(child.stderr.take()));
    let code = wait(&mut child, bound)?;
    if let Some(feeder) = feeder {
        drop(feeder.join());
    }
    let Some(code) = code else { return Ok(None) };
    let collect = |thread: thread::JoinHandle<Vec<u8>>| thread.join().unwrap_or_default();
    Ok(Some(Output { code, out: collect(out), err: String::from_utf8_lossy(&collect(err)).into_owned() }))
}

fn drain(pipe: Option<impl Read + Send + 'static>) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut data = Vec::new();
        if let Some(mut pipe) = pipe {
            drop(pipe.read_to_end(&mut data));
        }
        data
    })
}

fn wait(child: &mut Child, bound: Duration) -> std::io::Result<Option<i32>> {
    let end = Instant::now() + bound;
    let mut pause = Duration::from_millis(1);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status.code().unwrap_or(-1)));
        }
        if Instant::now() >= end {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(50));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_survive_a_shell() {
        let word = "a'b \"c\" $d `e` \\ *";
        let line = format!("printf %s {}", quote(word));
        let output = Command::new("sh").args(["-c", &line]).output().expect("sh");
        assert_eq!(String::from_utf8_lossy(&output.stdout), word);
    }

    #[test]
    fn a_program_that_does_not_end_is_ended() {
        let host = Host::new(Place::Local);
        let trouble = host.ok_within(&["sleep", "1000"], Duration::from_secs(1));
        assert!(matches!(trouble, Err(Trouble::TimedOut(_))), "{trouble:?}");
    }

    #[test]
    fn failures_are_quoted() {
        let host = Host::new(Place::Local);
        let trouble = host.ok(&["sh", "-c", "echo why >&2; exit 3"]).expect_err("fails");
        assert!(trouble.to_string().contains("why") && trouble.to_string().contains("(3)"), "{trouble}");
    }

    #[test]
    fn files_are_written_whole_and_read_from_an_offset() {
        let dir = tempfile::tempdir().expect("folder");
        let path = dir.path().join("a b/c").display().to_string();
        let host = Host::new(Place::Local);
        assert_eq!(host.tail(&path, 0), Ok(vec![]), "not there yet");
        host.put(&path, Input::Bytes(b"0123456789")).expect("written");
        assert_eq!(host.tail(&path, 0), Ok(b"0123456789".to_vec()));
        assert_eq!(host.tail(&path, 8), Ok(b"89".to_vec()));
        assert_eq!(host.tail(&path, 10), Ok(vec![]));
        assert_eq!(std::fs::read_dir(dir.path().join("a b")).expect("folder").count(), 1, "no part is left");
    }
}
