//! TCP and UDP: echo servers, and files one way or both ways.

use std::{
    fs,
    io::{ErrorKind, Read, Write},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket},
    path::Path,
    thread,
    time::Duration,
};

use anyhow::{Context, Result};

const ECHO: u16 = 7;

/// Binds for v4 and v6.
fn listen(port: u16) -> Result<TcpListener> {
    TcpListener::bind((Ipv6Addr::UNSPECIFIED, port)).with_context(|| format!("port {port}"))
}

fn echo_connection(mut stream: TcpStream) -> std::io::Result<()> {
    let mut buffer = vec![0; 1 << 16];
    loop {
        let n = stream.read(&mut buffer)?;
        if n == 0 {
            return Ok(());
        }
        stream.write_all(&buffer[..n])?;
    }
}

/// Serves until killed.
pub fn echo() -> Result<()> {
    let listener = listen(ECHO)?;
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A connection that breaks is its client's matter.
            thread::spawn(move || echo_connection(stream));
        }
    });
    let socket = UdpSocket::bind((Ipv6Addr::UNSPECIFIED, ECHO))?;
    let mut buffer = vec![0; 1 << 16];
    loop {
        let (n, from) = socket.recv_from(&mut buffer)?;
        // The network may lose an answer, and does when the guest has gone.
        let _ = socket.send_to(&buffer[..n], from);
    }
}

/// Sends a file to the first that connects.
pub fn give(port: u16, file: &Path) -> Result<()> {
    let data = fs::read(file).with_context(|| format!("{}", file.display()))?;
    let (mut stream, _) = listen(port)?.accept()?;
    stream.write_all(&data)?;
    stream.shutdown(Shutdown::Write)?;
    // Until the other side has all and closes.
    stream.read_to_end(&mut Vec::new())?;
    Ok(())
}

/// Receives a file from the first that connects.
pub fn take(port: u16, file: &Path) -> Result<()> {
    let (mut stream, _) = listen(port)?.accept()?;
    let mut data = Vec::new();
    stream.read_to_end(&mut data)?;
    fs::write(file, data).with_context(|| format!("{}", file.display()))
}

/// How long the other side may take until it listens, in steps of [`STEP`].
const STEPS: u32 = 600;
const STEP: Duration = Duration::from_millis(200);

/// Connects as soon as the other side listens.
fn connect(to: SocketAddr) -> std::io::Result<TcpStream> {
    for _ in 1..STEPS {
        match TcpStream::connect(to) {
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => thread::sleep(STEP),
            other => return other,
        }
    }
    TcpStream::connect(to)
}

/// Connects, sends a file, and receives what comes back.
pub fn exchange(address: IpAddr, port: u16, file: &Path, answer: &Path) -> Result<()> {
    let data = fs::read(file).with_context(|| format!("{}", file.display()))?;
    let mut stream = connect(SocketAddr::from((address, port)))?;
    let mut writer = stream.try_clone()?;
    let sender = thread::spawn(move || -> std::io::Result<()> {
        writer.write_all(&data)?;
        writer.shutdown(Shutdown::Write)
    });
    let mut back = Vec::new();
    stream.read_to_end(&mut back)?;
    sender.join().map_err(|_| anyhow::anyhow!("the sender panicked"))??;
    fs::write(answer, back).with_context(|| format!("{}", answer.display()))
}

/// Sends a file in datagrams of all sizes to `address`, from where each comes back.
pub fn mirrored(address: SocketAddr, file: &Path) -> Result<()> {
    let data = fs::read(file).with_context(|| format!("{}", file.display()))?;
    let any: IpAddr =
        if address.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((any, 0))?;
    socket.connect(address)?;
    socket.set_read_timeout(Some(Duration::from_secs(30)))?;
    let (mut rest, mut buffer, mut sent) = (&data[..], vec![0; 2048], 0);
    while !rest.is_empty() {
        let (now, later) = rest.split_at((1 + sent * 37 % 1400).min(rest.len()));
        socket.send(now)?;
        let length =
            socket.recv(&mut buffer).with_context(|| format!("datagram {sent} does not come back"))?;
        anyhow::ensure!(buffer[..length] == *now, "datagram {sent} of {} bytes came back changed", now.len());
        (rest, sent) = (later, sent + 1);
    }
    println!("{sent} datagrams came back");
    Ok(())
}
