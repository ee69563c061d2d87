//! Load that goes on while a scenario saves, migrates or breaks something: every block read back is
//! compared with what was written last, every stream with what it must be.

use alloc::{boxed::Box, format, string::String, vec::Vec};
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use ntsim::{ke::thread, kernel::lock::Lock, storport::disk::Disk, storport::scan::sleep};
use smoltcp::wire::IpAddress;

use super::{disk, net, serve::Words};

/// One thread's account.
#[derive(Default)]
struct Account {
    /// Operations that were right.
    good: AtomicU64,
    /// The thread has ended.
    ended: AtomicBool,
    fault: Lock<Option<String>>,
}

static STOP: AtomicBool = AtomicBool::new(false);
static ACCOUNTS: Lock<Vec<(String, &'static Account)>> = Lock::new(Vec::new());

/// Sectors of one operation of the disk load.
const SECTORS: u64 = 64;

fn start(name: String, step: impl Fn(u64) -> Result<(), String> + 'static) -> Result<String, String> {
    STOP.store(false, Ordering::Release);
    let account: &'static Account = Box::leak(Box::default());
    ACCOUNTS.lock().push((name, account));
    let run = move || {
        let mut number = 0;
        while !STOP.load(Ordering::Acquire) {
            if let Err(why) = step(number) {
                *account.fault.lock() = Some(format!("operation {number}: {why}"));
                break;
            }
            account.good.fetch_add(1, Ordering::AcqRel);
            number += 1;
        }
        account.ended.store(true, Ordering::Release);
    };
    thread::spawn(run).map_err(|status| format!("no thread: {status:#x}"))?;
    Ok(String::new())
}

/// Writes a run somewhere, flushes now and then, reads back the run written a few operations ago.
fn disk_step(disk: &Disk, first: u64, runs: u64, number: u64) -> Result<(), String> {
    let size = disk.sector_size as usize;
    let place = |number: u64| first + number * 7919 % runs * SECTORS;
    let at = place(number);
    disk.write(at, &disk::patterns(at, SECTORS, size, number), number.is_multiple_of(5))
        .map_err(|error| format!("write at {at}: {error:?}"))?;
    let back = number.saturating_sub(3);
    let at = place(back);
    let mut data = alloc::vec![0; SECTORS as usize * size];
    disk.read(at, &mut data).map_err(|error| format!("read at {at}: {error:?}"))?;
    if data != disk::patterns(at, SECTORS, size, back) {
        return Err(format!("the run at {at} is not what operation {back} wrote"));
    }
    if number % 16 == 15 {
        disk.flush().map_err(|error| format!("flush: {error:?}"))?;
    }
    Ok(())
}

/// `load.<what>`.
pub fn command(what: &str, words: &mut Words<'_>) -> Result<String, String> {
    match what {
        // disk DISK FIRST COUNT: over this run of sectors; at least eight operations' worth.
        "disk" => {
            let number: usize = words.value()?;
            let (disk, first, count): (Disk, u64, u64) =
                (disk::open(number)?, words.value()?, words.value()?);
            // 7919 is prime: with any number of runs that it does not divide, neighbours in time are far apart in place.
            let runs = count / SECTORS;
            if runs < 8 || runs.is_multiple_of(7919) {
                return Err(format!("{count} sectors are too few, or a bad number"));
            }
            start(format!("disk{number}"), move |number| disk_step(&disk, first, runs, number))
        }
        // udp ADAPTER ADDRESS PORT: datagrams that an echo server sends back. Lost ones are sent again, as
        // the network may lose some; a wrong one is a fault.
        "udp" => {
            let adapter: usize = words.value()?;
            let to: IpAddress = words.text()?.parse().map_err(|()| "no address")?;
            let port: u16 = words.value()?;
            let stack = net::stack(adapter)?;
            let socket = stack.udp(stack.fresh_port()).map_err(|error| format!("{error:?}"))?;
            start(format!("udp{adapter}"), move |number| {
                let data = disk::pattern(number, 1200, 3);
                for _ in 0..600 {
                    socket.send(to, port, &data).map_err(|error| format!("{error:?}"))?;
                    // Answers to what was sent again may come late: they are skipped.
                    while let Ok((back, ..)) = socket.receive(1000) {
                        if back == data {
                            return Ok(());
                        }
                        let lba = u64::from_le_bytes(
                            back.get(..8).and_then(|b| b.try_into().ok()).unwrap_or([0xff; 8]),
                        );
                        if lba >= number || back != disk::pattern(lba, 1200, 3) {
                            return Err(format!("{} bytes that nobody sent", back.len()));
                        }
                        if STOP.load(Ordering::Acquire) {
                            return Ok(());
                        }
                    }
                    if STOP.load(Ordering::Acquire) {
                        return Ok(());
                    }
                }
                Err("no answer".into())
            })
        }
        // tcp ADAPTER ADDRESS PORT: one connection to an echo server, all the time.
        "tcp" => {
            let adapter: usize = words.value()?;
            let to: IpAddress = words.text()?.parse().map_err(|()| "no address")?;
            let mut tcp =
                net::stack(adapter)?.tcp_connect(to, words.value()?).map_err(|error| format!("{error:?}"))?;
            tcp.patience = 600_000;
            start(format!("tcp{adapter}"), move |number| {
                let data = disk::patterns(number * 16, 16, 1024, 5);
                tcp.send(&data).map_err(|error| format!("send: {error:?}"))?;
                let back = tcp.receive_exact(data.len()).map_err(|error| format!("receive: {error:?}"))?;
                if back == data { Ok(()) } else { Err("what came back is not what was sent".into()) }
            })
        }
        // counts: operations so far, by thread; an error if one has stopped.
        "counts" => report(false),
        // stop: the threads end after what they are doing; the answer is as that of `counts`.
        "stop" => {
            STOP.store(true, Ordering::Release);
            // Bounded by what the operations are bounded by.
            for _ in 0..6000 {
                if ACCOUNTS.lock().iter().all(|(_, account)| account.ended.load(Ordering::Acquire)) {
                    break;
                }
                sleep(100);
            }
            report(true)
        }
        _ => Err(format!("there is no command `load.{what}`")),
    }
}

fn report(last: bool) -> Result<String, String> {
    let accounts: Vec<(String, &'static Account)> = ACCOUNTS.lock().clone();
    let mut text = Vec::new();
    for (name, account) in &accounts {
        if let Some(fault) = &*account.fault.lock() {
            return Err(format!("{name}: {fault}"));
        }
        if last && !account.ended.load(Ordering::Acquire) {
            return Err(format!("{name} does not stop"));
        }
        text.push(format!("{name}={}", account.good.load(Ordering::Acquire)));
    }
    if last {
        ACCOUNTS.lock().clear();
    }
    Ok(text.join(" "))
}
