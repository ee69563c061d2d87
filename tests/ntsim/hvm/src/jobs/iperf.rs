//! A client of iperf3's server: another program, which knows nothing of this project, counts what arrives.
//!
//! The protocol, by what iperf3 3.x does: a control connection carries a cookie, states of one byte, and JSON texts
//! behind their length; data goes over further connections that begin with the same cookie, or over UDP, where
//! each datagram begins with its time (seconds, microseconds) and its number, big-endian.

use alloc::{format, string::String, vec, vec::Vec};

use ntsim::{
    ndis::protocol::{
        Stack,
        sockets::{Error, Tcp, Udp},
    },
    storport::scan::sleep,
};
use serde_json::{Value, json};
use smoltcp::wire::IpAddress;

use super::{net, serve::Words};
use crate::time;

/// States of a test, as they go over the control connection.
const TEST_START: u8 = 1;
const TEST_RUNNING: u8 = 2;
const TEST_END: u8 = 4;
const PARAM_EXCHANGE: u8 = 9;
const CREATE_STREAMS: u8 = 10;
const EXCHANGE_RESULTS: u8 = 13;
const DISPLAY_RESULTS: u8 = 14;
const IPERF_DONE: u8 = 16;

/// The first datagram each way; in the byte order of the machines.
const HELLO: u32 = 0x3637_3839;
const HELLO_ANSWER: u32 = 0x3938_3736;

/// 36 characters and their end.
const COOKIE: &[u8; 37] = b"xenpvntsimxenpvntsimxenpvntsimxenpvn\0";

/// Bytes of a datagram.
const DATAGRAM: usize = 1400;
/// Datagrams that may wait for this thread.
const QUEUE: usize = 1024;
/// Bytes of one send on a connection.
const BLOCK: usize = 1 << 17;
/// Longest JSON text that is taken.
const LONGEST: usize = 1 << 16;
/// Receive buffer of the server: dom0 may not get a processor for a while, and that is not what is measured.
const WINDOW: u32 = 1 << 22;

fn failed(error: Error) -> String {
    format!("{error:?}")
}

/// What this side counted.
#[derive(Default)]
struct Count {
    bytes: u64,
    /// Of a sender what it sent, of a receiver the highest number.
    packets: u64,
    lost: u64,
}

/// What is asked for.
struct Test {
    stack: &'static Stack,
    server: IpAddress,
    port: u16,
    udp: bool,
    /// The server sends.
    reverse: bool,
    /// What the sender sends.
    bytes: u64,
    /// Bits a second; of UDP.
    rate: u64,
}

impl Test {
    fn connect(&self) -> Result<Tcp, String> {
        let mut tcp = self.stack.tcp_connect(self.server, self.port).map_err(failed)?;
        tcp.patience = net::PATIENCE;
        tcp.send(COOKIE).map_err(failed)?;
        Ok(tcp)
    }

    fn parameters(&self) -> Value {
        let mut all = json!({
            "omit": 0, "time": 0, "num": self.bytes, "blockcount": 0, "parallel": 1, "pacing_timer": 1000,
            "client_version": "3.18",
        });
        if self.udp {
            all["udp"] = true.into();
            all["len"] = DATAGRAM.into();
            all["bandwidth"] = self.rate.into();
            all["window"] = WINDOW.into();
        } else {
            all["tcp"] = true.into();
            all["len"] = BLOCK.into();
        }
        if self.reverse {
            all["reverse"] = true.into();
        }
        all
    }

    /// What this side counted, and the bytes that the other one did.
    fn run(&self) -> Result<(Count, u64), String> {
        let control = self.connect()?;
        expect(&control, PARAM_EXCHANGE)?;
        say_json(&control, &self.parameters())?;
        expect(&control, CREATE_STREAMS)?;
        let ours = if self.udp {
            let socket = self.stack.udp_of(self.stack.fresh_port(), QUEUE).map_err(failed)?;
            self.greet(&socket)?;
            begin(&control)?;
            if self.reverse { self.datagrams_in(&socket) } else { self.datagrams_out(&socket)? }
        } else {
            let stream = self.connect()?;
            begin(&control)?;
            if self.reverse { self.stream_in(&stream)? } else { self.stream_out(&stream)? }
        };
        control.send(&[TEST_END]).map_err(failed)?;
        expect(&control, EXCHANGE_RESULTS)?;
        say_json(&control, &results(&ours))?;
        let theirs = bytes_of(&hear_json(&control)?)?;
        expect(&control, DISPLAY_RESULTS)?;
        control.send(&[IPERF_DONE]).map_err(failed)?;
        let _ = control.finish();
        Ok((ours, theirs))
    }

    /// Tells the server this side's port. The hello may be lost like any datagram.
    fn greet(&self, socket: &Udp) -> Result<(), String> {
        for _ in 0..20 {
            socket.send(self.server, self.port, &HELLO.to_ne_bytes()).map_err(failed)?;
            match socket.receive(3000) {
                Ok((answer, ..)) if answer == HELLO_ANSWER.to_ne_bytes() => return Ok(()),
                Ok((answer, ..)) => return Err(format!("the server's hello is {answer:x?}")),
                Err(_) => {}
            }
        }
        Err("the server does not answer over UDP".into())
    }

    fn stream_out(&self, stream: &Tcp) -> Result<Count, String> {
        let data = vec![0x5a; BLOCK];
        let mut left = self.bytes;
        while left != 0 {
            let now = left.min(BLOCK as u64);
            stream.send(&data[..now as usize]).map_err(failed)?;
            left -= now;
        }
        // What is not acknowledged when the test ends is not counted by the server.
        stream.sent().map_err(failed)?;
        Ok(Count { bytes: self.bytes, ..Count::default() })
    }

    fn stream_in(&self, stream: &Tcp) -> Result<Count, String> {
        let mut count = Count::default();
        while count.bytes < self.bytes {
            let part = stream.receive().map_err(failed)?;
            if part.is_empty() {
                return Err(format!("the stream ends after {} bytes", count.bytes));
            }
            count.bytes += part.len() as u64;
        }
        Ok(count)
    }

    /// At the rate that was asked for, in small bursts.
    fn datagrams_out(&self, socket: &Udp) -> Result<Count, String> {
        let mut count = Count::default();
        let begin = time::now();
        let mut refusals = 0;
        let mut data = vec![0; DATAGRAM];
        while count.bytes < self.bytes {
            let now = time::now();
            let due = u128::from(now - begin) * u128::from(self.rate) / 8_000_000_000;
            while u128::from(count.bytes) < due && count.bytes < self.bytes {
                stamp(&mut data, now, u32::try_from(count.packets + 1).unwrap_or(u32::MAX));
                if socket.send(self.server, self.port, &data).is_err() {
                    // The stack's own buffer is full; it is emptied while this thread sleeps.
                    refusals += 1;
                    if refusals > 60_000 {
                        return Err("the stack takes no datagrams".into());
                    }
                    break;
                }
                count.bytes += DATAGRAM as u64;
                count.packets += 1;
            }
            sleep(2);
        }
        // The last ones are read before the server is told that they were.
        socket.sent(net::PATIENCE).map_err(failed)?;
        sleep(3000);
        Ok(count)
    }

    /// Until all are there, or none has come for a while: the server stops by itself.
    fn datagrams_in(&self, socket: &Udp) -> Count {
        let mut count = Count::default();
        while let Ok((data, ..)) = socket.receive(10_000) {
            let Some(number) = data.get(8..12).and_then(|four| four.try_into().ok()).map(u32::from_be_bytes)
            else {
                continue;
            };
            count.bytes += data.len() as u64;
            count.packets = count.packets.max(u64::from(number));
            if count.packets * DATAGRAM as u64 >= self.bytes {
                break;
            }
        }
        count.lost = count.packets.saturating_sub(count.bytes / DATAGRAM as u64);
        count
    }
}

fn begin(control: &Tcp) -> Result<(), String> {
    expect(control, TEST_START)?;
    expect(control, TEST_RUNNING)
}

/// Time and number at the begin of a datagram.
fn stamp(data: &mut [u8], now: u64, number: u32) {
    let seconds = u32::try_from(now / 1_000_000_000).unwrap_or(0);
    let microseconds = u32::try_from(now % 1_000_000_000 / 1000).unwrap_or(0);
    for (at, value) in [(0, seconds), (4, microseconds), (8, number)] {
        data[at..at + 4].copy_from_slice(&value.to_be_bytes());
    }
}

/// The server must be in this state next.
fn expect(control: &Tcp, state: u8) -> Result<(), String> {
    match control.receive_exact(1).map_err(failed)?[0] {
        now if now == state => Ok(()),
        now => Err(format!("the server is in state {now}, not {state}")),
    }
}

fn say_json(control: &Tcp, value: &Value) -> Result<(), String> {
    let text = format!("{value}");
    let length = u32::try_from(text.len()).map_err(|_| "too long")?;
    control.send(&length.to_be_bytes()).map_err(failed)?;
    control.send(text.as_bytes()).map_err(failed)
}

fn hear_json(control: &Tcp) -> Result<Value, String> {
    let length = control.receive_exact(4).map_err(failed)?;
    let length = length.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
    if length > LONGEST {
        return Err(format!("a text of {length} bytes"));
    }
    let text: Vec<u8> = control.receive_exact(length).map_err(failed)?;
    serde_json::from_slice(&text).map_err(|error| format!("the server's results: {error}"))
}

fn results(count: &Count) -> Value {
    json!({
        "cpu_util_total": 0.0, "cpu_util_user": 0.0, "cpu_util_system": 0.0, "sender_has_retransmits": 0,
        "streams": [{
            "id": 1, "bytes": count.bytes, "retransmits": 0, "jitter": 0.0, "errors": count.lost, "omitted_errors": 0,
            "packets": count.packets, "omitted_packets": 0, "start_time": 0.0, "end_time": 1.0,
        }],
    })
}

/// Bytes that the other side counted.
fn bytes_of(results: &Value) -> Result<u64, String> {
    results["streams"][0]["bytes"].as_u64().ok_or_else(|| format!("the server's results: {results}"))
}

/// `net.iperf ADAPTER ADDRESS PORT tcp|udp out|in BYTES [BITS/S]`: bytes that the receiver has, bits a second, datagrams
/// sent, and of these the lost ones.
pub fn command(words: &mut Words<'_>) -> Result<String, String> {
    let mut test = Test {
        stack: net::stack(words.value()?)?,
        server: net::address(words.text()?)?,
        port: words.value()?,
        udp: words.text()? == "udp",
        reverse: words.text()? == "in",
        bytes: words.value()?,
        rate: 0,
    };
    if test.udp {
        test.rate = words.value()?;
    }
    let start = time::now();
    let (ours, theirs) = test.run()?;
    // A server that sends goes on until it is told; what comes after the last that was wanted is nobody's loss.
    let arrived = if test.reverse { ours.bytes } else { theirs };
    let rate = u128::from(arrived) * 8_000_000_000 / u128::from(time::now() - start).max(1);
    let lost = if test.udp { ours.packets.saturating_sub(arrived / DATAGRAM as u64) } else { 0 };
    Ok(format!("{arrived} {rate} {} {lost}", ours.packets))
}
