//! Network I/O between a guest and dom0, measured by the guest: streams, datagrams, and answers to small messages.
//! dom0 serves both guests; what the guest does here, the stand-in kernel does in `jobs/netbench.rs`.
//!
//! The guest opens one TCP connection per measurement and says in one line what it wants; see [`Wish`].

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};

/// Where dom0 serves.
const PORT: u16 = 5300;
/// Bytes of one write or read of a stream.
const CHUNK: usize = 1 << 16;
/// Nothing more comes when nothing has come for that long.
const QUIET: Duration = Duration::from_millis(500);
/// Between two looks at the clock datagrams of one such step go out at once: a guest's timer is not finer.
const STEP: Duration = Duration::from_millis(1);

/// One measurement.
#[derive(clap::Args)]
pub struct Options {
    /// dom0's address
    server: IpAddr,
    /// `stream-out`, `stream-in`, `datagrams-out`, `datagrams-in`, `answers`
    what: String,
    /// Bytes of an operation
    bytes: usize,
    /// Operations in all
    count: u64,
    /// Datagrams a second; 0 is as many as go
    rate: u64,
}

/// What a guest asks for: `<what> <bytes> <count> <rate> <port>`. The port is the guest's, for datagrams to it.
struct Wish {
    what: String,
    bytes: usize,
    count: u64,
    rate: u64,
    port: u16,
}

impl Wish {
    fn parse(line: &str) -> Result<Self> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [what, bytes, count, rate, port] = words[..] else { bail!("`{line}` is no wish") };
        let what = what.to_owned();
        let wish = Self {
            what,
            bytes: bytes.parse()?,
            count: count.parse()?,
            rate: rate.parse()?,
            port: port.parse()?,
        };
        ensure!((1..=CHUNK).contains(&wish.bytes), "operations of {} bytes", wish.bytes);
        Ok(wish)
    }
}

/// Serves until killed.
pub fn serve() -> Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, PORT))?;
    for stream in listener.incoming() {
        let stream = stream?;
        thread::spawn(move || {
            if let Err(error) = grant(stream) {
                eprintln!("xenpeer: {error:#}");
            }
        });
    }
    Ok(())
}

fn grant(mut stream: TcpStream) -> Result<()> {
    stream.set_nodelay(true)?;
    let guest = stream.peer_addr()?.ip();
    let mut reader = BufReader::with_capacity(CHUNK, stream.try_clone()?);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let wish = Wish::parse(&line)?;
    match wish.what.as_str() {
        "stream-out" => {
            let mut buffer = vec![0; CHUNK];
            let mut left = wish.bytes as u64 * wish.count;
            while left > 0 {
                let n = reader.read(&mut buffer)? as u64;
                ensure!(n > 0 && n <= left, "{left} bytes are missing, {n} came");
                left -= n;
            }
            stream.write_all(b"all\n")?;
        }
        "stream-in" => {
            let data = vec![0x5a; wish.bytes];
            for _ in 0..wish.count {
                stream.write_all(&data)?;
            }
        }
        "answers" => {
            let mut message = vec![0; wish.bytes];
            for _ in 0..wish.count {
                reader.read_exact(&mut message)?;
                stream.write_all(&message)?;
            }
        }
        "datagrams-out" => {
            let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
            writeln!(stream, "{}", socket.local_addr()?.port())?;
            let counter = thread::spawn(move || count(&socket, wish.count));
            // The guest says when it has sent all.
            line.clear();
            reader.read_line(&mut line)?;
            let (arrived, took) = counter.join().map_err(|_| anyhow::anyhow!("the counter panicked"))??;
            writeln!(stream, "{} {arrived}", took.as_nanos())?;
        }
        "datagrams-in" => {
            let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
            socket.connect((guest, wish.port))?;
            send(&socket, &wish)?;
            stream.write_all(b"all\n")?;
        }
        other => bail!("`{other}` is no measurement"),
    }
    // Until the guest has all and closes.
    reader.read_to_end(&mut Vec::new())?;
    Ok(())
}

/// Sends the wished-for datagrams, at their rate.
fn send(socket: &UdpSocket, wish: &Wish) -> Result<()> {
    let data = vec![0x5a; wish.bytes];
    let start = Instant::now();
    let mut sent = 0;
    while sent < wish.count {
        let due = if wish.rate == 0 {
            wish.count
        } else {
            (start.elapsed().as_nanos() as u64 * wish.rate / 1_000_000_000 + 1).min(wish.count)
        };
        while sent < due {
            // No room is a loss, as on a network.
            let _ = socket.send(&data);
            sent += 1;
        }
        if sent < wish.count {
            thread::sleep(STEP);
        }
    }
    Ok(())
}

/// Counts datagrams, until all have come or no more do; the time from the first to the last.
fn count(socket: &UdpSocket, most: u64) -> Result<(u64, Duration)> {
    let mut buffer = vec![0; CHUNK];
    let (mut arrived, mut first, mut last) = (0, None, Instant::now());
    // The first one may take long: the other side has yet to begin.
    socket.set_read_timeout(Some(QUIET * 20))?;
    while arrived < most && socket.recv(&mut buffer).is_ok() {
        last = Instant::now();
        if first.is_none() {
            first = Some(last);
            socket.set_read_timeout(Some(QUIET))?;
        }
        arrived += 1;
    }
    Ok((arrived, first.map_or(Duration::ZERO, |first| last - first)))
}

/// Measures, and prints the nanoseconds it took and the operations that succeeded.
pub fn run(options: &Options) -> Result<()> {
    let (took, done) = measure(options)?;
    println!("{} {done}", took.as_nanos());
    Ok(())
}

fn measure(options: &Options) -> Result<(Duration, u64)> {
    let Options { server, what, bytes, count: number, rate } = options;
    let wish = Wish { what: what.clone(), bytes: *bytes, count: *number, rate: *rate, port: 0 };
    let mut stream = TcpStream::connect(SocketAddr::from((*server, PORT))).context("dom0 does not serve")?;
    stream.set_nodelay(true)?;
    let mut reader = BufReader::with_capacity(CHUNK, stream.try_clone()?);
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
    let port = socket.local_addr()?.port();
    let mut line = String::new();
    writeln!(stream, "{what} {bytes} {number} {rate} {port}")?;
    let start = Instant::now();
    match what.as_str() {
        "stream-out" => {
            let data = vec![0x5a; wish.bytes];
            for _ in 0..wish.count {
                stream.write_all(&data)?;
            }
            reader.read_line(&mut line)?;
        }
        "stream-in" => {
            let mut buffer = vec![0; CHUNK];
            let mut left = wish.bytes as u64 * wish.count;
            while left > 0 {
                let n = reader.read(&mut buffer)? as u64;
                ensure!(n > 0, "{left} bytes are missing");
                left -= n;
            }
        }
        "answers" => {
            let mut message = vec![0x5a; wish.bytes];
            for _ in 0..wish.count {
                stream.write_all(&message)?;
                reader.read_exact(&mut message)?;
            }
        }
        "datagrams-out" => {
            reader.read_line(&mut line)?;
            socket.connect((*server, line.trim().parse()?))?;
            send(&socket, &wish)?;
            writeln!(stream, "all")?;
            line.clear();
            reader.read_line(&mut line)?;
            let (took, arrived) = line.trim().split_once(' ').context("no count")?;
            return Ok((Duration::from_nanos(took.parse()?), arrived.parse()?));
        }
        "datagrams-in" => {
            let (arrived, took) = count(&socket, wish.count)?;
            // The server has sent all.
            reader.read_line(&mut line)?;
            return Ok((took, arrived));
        }
        other => bail!("`{other}` is no measurement"),
    }
    Ok((start.elapsed(), wish.count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_measurement_ends_with_all_that_was_asked_for() {
        thread::spawn(serve);
        for (what, bytes) in [
            ("stream-out", 65536),
            ("stream-in", 65536),
            ("answers", 64),
            ("datagrams-out", 1400),
            ("datagrams-in", 1400),
        ] {
            let options = Options {
                server: Ipv4Addr::LOCALHOST.into(),
                what: what.to_owned(),
                bytes,
                count: 50,
                rate: 1000,
            };
            let mut result = measure(&options);
            // The server may still be about to listen.
            for _ in 0..100 {
                if result.is_ok() {
                    break;
                }
                thread::sleep(Duration::from_millis(50));
                result = measure(&options);
            }
            let (took, done) = result.unwrap_or_else(|error| panic!("{what}: {error:#}"));
            assert_eq!(done, 50, "{what}");
            assert!(!took.is_zero(), "{what}");
        }
    }
}
