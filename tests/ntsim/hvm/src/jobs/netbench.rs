//! Network I/O against dom0, measured: what a Linux guest's `xenpeer net-bench` does, with the same server
//! (tests/xenhost/peer/src/netbench.rs).

use alloc::{
    format,
    string::{String, ToString},
    vec,
    vec::Vec,
};

use ntsim::{
    ndis::protocol::{
        Stack,
        sockets::{Error, Tcp, Udp},
    },
    storport::scan::sleep,
};

use super::{net, serve::Words};
use crate::time::now;

/// Where dom0 serves.
const PORT: u16 = 5300;
/// Milliseconds for one step: generous, the machine may be slow.
const PATIENCE: u64 = 120_000;
/// Milliseconds after which nothing more comes.
const QUIET: u64 = 500;
/// Datagrams that wait in a socket at most: with their room, as much as Linux' default, which counts its own overhead.
const ROOM: usize = 128;

fn failed(error: Error) -> String {
    format!("{error:?}")
}

/// A line of the server's.
fn line(tcp: &Tcp) -> Result<String, String> {
    let mut text = Vec::new();
    while text.last() != Some(&b'\n') {
        text.extend(tcp.receive_exact(1).map_err(failed)?);
    }
    Ok(String::from_utf8_lossy(&text).trim().to_string())
}

/// Counts datagrams, until all have come or no more do: the time from the first to the last, and how many.
fn count(socket: &Udp, most: u64) -> (u64, u64) {
    let (mut arrived, mut first, mut last) = (0, 0, 0);
    let mut patience = QUIET * 20;
    while arrived < most && socket.receive(patience).is_ok() {
        last = now();
        if arrived == 0 {
            (first, patience) = (last, QUIET);
        }
        arrived += 1;
    }
    (last - first, arrived)
}

/// `net-lean ADAPTER`: opens it as [`ntsim::ndis::protocol::bind::Settings::lean`] says; before anything else does.
pub fn lean(words: &mut Words<'_>) -> Result<String, String> {
    Stack::open_as(net::adapter(words.value()?)?, true)
        .map(|_| String::new())
        .map_err(|status| format!("does not open: {status:#x}"))
}

/// `net-bench ADAPTER SERVER WHAT BYTES COUNT RATE`: answers the nanoseconds it took, and the operations that succeeded.
pub fn run(words: &mut Words<'_>) -> Result<String, String> {
    let stack = net::stack(words.value()?)?;
    let to = words.text()?.parse().map_err(|()| "no address")?;
    let what = words.text()?;
    let (bytes, number, rate): (usize, u64, u64) = (words.value()?, words.value()?, words.value()?);
    let mut tcp = stack.tcp_connect(to, PORT).map_err(failed)?;
    tcp.patience = PATIENCE;
    let port = stack.fresh_port();
    let socket = stack.udp_of(port, ROOM).map_err(failed)?;
    let data = vec![0x5a; bytes];
    tcp.send(format!("{what} {bytes} {number} {rate} {port}\n").as_bytes()).map_err(failed)?;
    let start = now();
    let answer = match what {
        "stream-out" => {
            for _ in 0..number {
                tcp.send(&data).map_err(failed)?;
            }
            line(&tcp)?;
            (now() - start, number)
        }
        "stream-in" => {
            let mut left = bytes as u64 * number;
            while left > 0 {
                let part = tcp.receive().map_err(failed)?.len() as u64;
                if part == 0 || part > left {
                    return Err(format!("{left} bytes were still to come, {part} came"));
                }
                left -= part;
            }
            (now() - start, number)
        }
        "answers" => {
            for _ in 0..number {
                tcp.send(&data).map_err(failed)?;
                tcp.receive_exact(bytes).map_err(failed)?;
            }
            (now() - start, number)
        }
        "datagrams-out" => {
            let port = line(&tcp)?.parse().map_err(|_| "no port")?;
            let start = now();
            let mut sent = 0;
            while sent < number {
                let due =
                    if rate == 0 { number } else { ((now() - start) * rate / 1_000_000_000 + 1).min(number) };
                while sent < due {
                    socket.send_when_room(to, port, &data, PATIENCE).map_err(failed)?;
                    sent += 1;
                }
                if sent < number {
                    sleep(1);
                }
            }
            tcp.send(b"all\n").map_err(failed)?;
            let counted = line(&tcp)?;
            let (took, arrived) = counted.split_once(' ').ok_or("no count")?;
            (took.parse().map_err(|_| "no time")?, arrived.parse().map_err(|_| "no count")?)
        }
        "datagrams-in" => {
            let counted = count(&socket, number);
            // The server has sent all.
            line(&tcp)?;
            counted
        }
        other => return Err(format!("`{other}` is no measurement")),
    };
    tcp.finish().map_err(failed)?;
    Ok(format!("{} {}", answer.0, answer.1))
}
