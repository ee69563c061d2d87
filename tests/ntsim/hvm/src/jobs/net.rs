//! TCP/IP over an adapter: whole files to and from dom0, both ways of opening a connection, v4 and v6.
//!
//! A file is kept in memory between commands (`net.fetch` gets it, `net.send` gives it back), so that dom0
//! can compare what came back with what it sent.

use alloc::{format, string::String, vec::Vec};
use core::str::FromStr;

use ntsim::{
    kernel::lock::Lock,
    ndis::{
        self,
        adapter::{Adapter, State},
        protocol::{
            self, Stack,
            sockets::{Error, Tcp},
        },
    },
    pnp::{self, removal},
    storport::scan::sleep,
};
use sha2::{Digest, Sha256};
use smoltcp::wire::{IpAddress, IpCidr};

use super::{
    disk, iperf,
    serve::{Words, hex},
};

/// What was fetched last.
static FILE: Lock<Vec<u8>> = Lock::new(Vec::new());

/// Milliseconds for one step of a connection: generous, the machine may be slow.
pub const PATIENCE: u64 = 120_000;

fn failed(error: Error) -> String {
    format!("{error:?}")
}

/// The adapter with this number, in the order of their instance paths.
pub fn adapter(number: usize) -> Result<&'static Adapter, String> {
    let mut adapters = ndis::adapters();
    adapters.sort_by_key(|adapter| pnp::instance_path(adapter.pdo));
    let found = adapters.get(number).copied();
    found.ok_or_else(|| format!("there is no adapter {number} of {}", adapters.len()))
}

/// The stack over the adapter with this number; bound when it was not.
pub fn stack(number: usize) -> Result<&'static Stack, String> {
    let adapter = adapter(number)?;
    match protocol::stack_of(adapter) {
        Some(stack) => Ok(stack),
        None => Stack::open(adapter).map_err(|status| format!("the adapter does not open: {status:#x}")),
    }
}

/// An address as it is written.
pub fn address(word: &str) -> Result<IpAddress, String> {
    IpAddress::from_str(word).map_err(|()| format!("`{word}` is no address"))
}

/// Sends and receives on one connection.
struct Peer(Tcp);

impl Peer {
    fn connect(words: &mut Words<'_>) -> Result<Self, String> {
        let stack = stack(words.value()?)?;
        let to = address(words.text()?)?;
        let mut tcp = stack.tcp_connect(to, words.value()?).map_err(failed)?;
        tcp.patience = PATIENCE;
        Ok(Self(tcp))
    }

    /// Everything up to the end of the stream.
    fn rest(&self) -> Result<Vec<u8>, String> {
        let mut data = Vec::new();
        loop {
            let part = self.0.receive().map_err(failed)?;
            if part.is_empty() {
                return Ok(data);
            }
            data.extend_from_slice(&part);
        }
    }

    /// Everything; then this side ends its stream too.
    fn all(&self) -> Result<Vec<u8>, String> {
        let data = self.rest()?;
        self.0.finish().map_err(failed)?;
        Ok(data)
    }

    fn send(&self, data: &[u8]) -> Result<(), String> {
        self.0.send(data).map_err(failed)?;
        self.0.finish().map_err(failed)
    }
}

/// The body of an HTTP answer, if it says that all is well.
fn body(answer: &[u8]) -> Result<&[u8], String> {
    let end =
        answer.windows(4).position(|four| four == b"\r\n\r\n").ok_or("the answer has no end of headers")?;
    let head = String::from_utf8_lossy(&answer[..end]);
    let status = head.lines().next().unwrap_or_default();
    if status.split(' ').nth(1).is_some_and(|code| code.starts_with('2')) {
        Ok(&answer[end + 4..])
    } else {
        Err(format!("the server says: {status}"))
    }
}

fn keep(data: Vec<u8>) -> String {
    let text = format!("{} {}", data.len(), hex(&Sha256::digest(&data)));
    *FILE.lock() = data;
    text
}

/// `net.<what>`.
pub fn command(what: &str, words: &mut Words<'_>) -> Result<String, String> {
    match what {
        // wait NUMBER SECONDS: until so many adapters run and have a link.
        "wait" => {
            let (number, seconds): (usize, u64) = (words.value()?, words.value()?);
            let mut up = 0;
            for _ in 0..seconds * 5 {
                let all = ndis::adapters();
                up = all.iter().filter(|a| a.state() == State::Running && a.link.lock().connect == 1).count();
                if up == number && all.len() == number {
                    return Ok(String::new());
                }
                sleep(200);
            }
            Err(format!("{up} adapters are up"))
        }
        // address ADAPTER ADDRESS/LENGTH
        "address" => {
            let stack = stack(words.value()?)?;
            let word = words.text()?;
            let cidr = IpCidr::from_str(word).map_err(|()| format!("`{word}` is no address"))?;
            stack.address(cidr, None);
            Ok(String::new())
        }
        "dhcp" => {
            let (address, router) = stack(words.value()?)?.dhcp(PATIENCE).map_err(failed)?;
            Ok(format!("{address} {}", router.map_or_else(String::new, |router| format!("{router}"))))
        }
        // ping ADAPTER ADDRESS BYTES COUNT
        "ping" => {
            let stack = stack(words.value()?)?;
            let to = address(words.text()?)?;
            let (bytes, count): (usize, u64) = (words.value()?, words.value()?);
            for number in 0..count {
                let data = disk::pattern(number, bytes, 7);
                stack.ping(to, &data, PATIENCE).map_err(|error| format!("echo {number}: {error:?}"))?;
            }
            Ok(String::new())
        }
        // fetch ADAPTER ADDRESS PORT: connects, receives to the end.
        "fetch" => Ok(keep(Peer::connect(words)?.all()?)),
        // send ADAPTER ADDRESS PORT: connects, sends the file.
        "send" => {
            let peer = Peer::connect(words)?;
            let data = FILE.lock().clone();
            peer.send(&data).map(|()| format!("{}", data.len()))
        }
        // accept ADAPTER PORT: takes one connection, receives to the end, sends it all back.
        "accept" => {
            let stack = stack(words.value()?)?;
            let mut tcp = stack.tcp_listen(words.value()?).map_err(failed)?;
            tcp.patience = PATIENCE;
            tcp.accepted().map_err(failed)?;
            let peer = Peer(tcp);
            let data = peer.rest()?;
            peer.send(&data)?;
            Ok(keep(data))
        }
        // get ADAPTER ADDRESS PORT PATH: downloads by HTTP.
        "get" => {
            let peer = Peer::connect(words)?;
            let request = format!("GET {} HTTP/1.0\r\nConnection: close\r\n\r\n", words.text()?);
            peer.0.send(request.as_bytes()).map_err(failed)?;
            Ok(keep(body(&peer.all()?)?.to_vec()))
        }
        // put ADAPTER ADDRESS PORT PATH: uploads the file by HTTP POST; answers what the server answers.
        "put" => {
            let peer = Peer::connect(words)?;
            let data = FILE.lock().clone();
            let head = format!("POST {} HTTP/1.0\r\nContent-Length: {}\r\n\r\n", words.text()?, data.len());
            peer.0.send(head.as_bytes()).map_err(failed)?;
            peer.0.send(&data).map_err(failed)?;
            let answer = peer.all()?;
            Ok(String::from_utf8_lossy(body(&answer)?).trim().into())
        }
        // udp ADAPTER ADDRESS PORT COUNT BYTES: datagrams that the other side sends back, one at a time.
        "udp" => {
            let stack = stack(words.value()?)?;
            let to = address(words.text()?)?;
            let (port, count, bytes): (u16, u64, usize) = (words.value()?, words.value()?, words.value()?);
            let socket = stack.udp(stack.fresh_port()).map_err(failed)?;
            let mut lost = 0;
            for number in 0..count {
                let data = disk::pattern(number, bytes, 11);
                socket.send(to, port, &data).map_err(failed)?;
                match socket.receive(5000) {
                    Ok((back, ..)) if back == data => {}
                    Ok((back, ..)) => {
                        return Err(format!("datagram {number} came back as {} other bytes", back.len()));
                    }
                    Err(_) => lost += 1,
                }
            }
            Ok(format!("{lost} lost"))
        }
        "iperf" => iperf::command(words),
        // renew ADAPTER: the device is disabled and enabled, as by the Device Manager.
        "renew" => {
            let path = pnp::instance_path(adapter(words.value()?)?.pdo).ok_or("the adapter has no device")?;
            let device = pnp::find(&path).ok_or("the NIC is not there")?;
            removal::disable(device).map_err(|status| format!("the NIC is not removed: {status:#x}"))?;
            removal::enable(device);
            pnp::manager::settle();
            Ok(String::new())
        }
        "settings" => Ok(format!("{:?}", *stack(words.value()?)?.settings.lock())),
        "counts" => {
            let stack = stack(words.value()?)?;
            let sent: Vec<u64> = stack
                .link
                .sent
                .iter()
                .map(|count| count.load(core::sync::atomic::Ordering::Relaxed))
                .collect();
            Ok(format!("{:?} sent {sent:?}", *stack.link.counts.lock()))
        }
        _ => Err(format!("there is no command `net.{what}`")),
    }
}
