//! Stands for `xl`, `xe` and the other programs of a Xen host in tests: passes its arguments to the test that is
//! running, and gives what that answers.

use std::{
    io::{Read, Write},
    net::Shutdown,
    os::unix::net::UnixStream,
    process::ExitCode,
};

/// Gets `[code, out, err]` for the arguments.
fn ask() -> Result<(u8, String, String), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let mut stream = UnixStream::connect(std::env::var("WINHOST_FAKE")?)?;
    stream.write_all(&serde_json::to_vec(&arguments)?)?;
    stream.shutdown(Shutdown::Write)?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    Ok(serde_json::from_str(&text)?)
}

fn main() -> ExitCode {
    match ask() {
        Ok((code, out, err)) => {
            print!("{out}");
            eprint!("{err}");
            ExitCode::from(code)
        }
        Err(error) => {
            eprintln!("the fake host does not answer: {error}");
            ExitCode::from(99)
        }
    }
}
