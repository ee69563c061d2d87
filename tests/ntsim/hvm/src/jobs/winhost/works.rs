//! What the tests of a plan come to on this machine: installation by the INF files, I/O through the shipped drivers, and
//! looks at what the host did. What needs Windows itself is skipped, and says so.

use alloc::{
    borrow::ToOwned,
    collections::BTreeMap,
    format,
    string::{String, ToString},
    vec::Vec,
};

use ntsim::{
    ke::thread,
    kernel::lock::Lock,
    pnp::{self, boot, removal},
};
use winhost_protocol::{
    plan::Test,
    standin::{self, BYTES, Seen},
    wire::Verdict,
};

use super::{add_drivers, lines};
use crate::jobs::{serve, system};

/// Sectors of the data disk that tests write.
const COUNT: u64 = BYTES / 512;
/// What is on them after `disk.content`.
const SEED: u64 = 42;
/// Services whose devices must be started.
const SERVICES: [&str; 3] = ["xenpvpci", "xenpvvbd", "xenpvnet"];

/// What the thread of the present test came to.
static ENDED: Lock<Option<standin::Result>> = Lock::new(None);
/// What `disk.content` wrote, and what the network said of itself.
static CONTENT: Lock<String> = Lock::new(String::new());
static GATEWAY: Lock<String> = Lock::new(String::new());

/// The outcome, once.
pub fn ended() -> Option<standin::Result> {
    ENDED.lock().take()
}

/// Begins in a thread of its own: the agent goes on meanwhile.
pub fn begin(test: &Test, stage: u32, answer: &str) {
    let (test, answer) = (test.clone(), answer.to_owned());
    let work = move || {
        let result = work(&test, stage, &answer);
        *ENDED.lock() = Some(result);
    };
    if let Err(status) = thread::spawn(work) {
        *ENDED.lock() = Some(Err((Verdict::Fail, format!("no thread: {status:#x}"))));
    }
}

/// Does one of the commands that scenarios give a guest.
fn ask(line: &str) -> Result<String, String> {
    let words: Vec<String> = line.split_whitespace().map(ToString::to_string).collect();
    serve::command(&words, &[]).map_err(|why| format!("{line}: {why}"))
}

fn all(lines: &[&str]) -> Result<(), String> {
    lines.iter().try_for_each(|line| ask(line).map(drop))
}

fn skip(why: &str) -> standin::Result {
    Err((Verdict::Skip, why.to_owned()))
}

fn work(test: &Test, stage: u32, answer: &str) -> standin::Result {
    let mut seen = Seen::default();
    let text = match (test.run.as_str(), stage) {
        ("install.old", _) => return skip("the stand-in has no older drivers"),
        ("disk.filesystem", _) => return skip("the stand-in makes no file systems"),
        ("power.sleep" | "power.hibernate", _) => return skip("the stand-in does not sleep"),
        ("install.msi", _) => install(),
        ("install.state", _) => state(),
        ("install.remove", _) => remove(),
        ("install.gone", _) => gone(),
        ("disk.content" | "disk.flush" | "disk.trim" | "disk.stress", _) => disk(&test.run, stage, answer),
        ("hotplug.disk", stage @ 1..) => plugged_disk(stage),
        ("hotplug.nic", stage) => plugged_nic(stage),
        ("net.ping", _) => network().map(|gateway| format!("pinged {gateway}")),
        ("net.transfer", 1) => transfer(answer),
        ("net.cycle", _) => cycle("XENPV\\VIF").and_then(|()| network()),
        ("pnp.cycle", _) => cycle("XENPV\\VBD").and_then(|()| content()),
        ("power.suspend" | "power.cancelled" | "power.migrate", 0) => content(),
        ("power.suspend" | "power.cancelled" | "power.migrate", _) => {
            content().and_then(|text| network().map(|_| text))
        }
        ("verifier.check", _) => verified(&mut seen),
        ("collect", _) => {
            seen.files.push(("pnputil.txt".to_owned(), lines(pnp::dump().lines())));
            seen.files.push(("verifier.txt".to_owned(), lines(reports())));
            Ok("sent".to_owned())
        }
        _ => Ok(String::new()),
    };
    match text {
        Ok(text) => {
            seen.text = text;
            Ok(seen)
        }
        Err(why) => Err((Verdict::Fail, why)),
    }
}

fn install() -> Result<String, String> {
    add_drivers()?;
    boot::install_pending();
    system::settle();
    state()
}

/// Every driver has a device that is started.
fn state() -> Result<String, String> {
    ask("disk.wait 1 600")?;
    let tree = pnp::dump();
    for service in SERVICES {
        let line = format!(" Started {service}");
        if !tree.lines().any(|node| node.ends_with(&line)) {
            return Err(format!("no device of {service} is started"));
        }
    }
    Ok(format!("{} are started", SERVICES.join(", ")))
}

fn remove() -> Result<String, String> {
    let bus = pnp::find("PCI\\VEN_5853").ok_or("there is no platform device")?;
    removal::disable(bus).map_err(|status| format!("the bus is not removed: {status:#x}"))?;
    Ok("removed".to_owned())
}

fn gone() -> Result<String, String> {
    let loaded = ntsim::io::state().drivers.lock().services();
    match loaded.iter().find(|name| SERVICES.iter().any(|service| name.eq_ignore_ascii_case(service))) {
        None => Ok("no driver of ours is loaded".to_owned()),
        Some(name) => Err(format!("{name} is still loaded")),
    }
}

fn disk(run: &str, stage: u32, answer: &str) -> Result<String, String> {
    if stage == 1 {
        // What the host sees in the file behind the disk.
        let wanted = CONTENT.lock().clone();
        return if answer == wanted {
            Ok(format!("{BYTES} bytes are on the host's side as they were written"))
        } else {
            Err(format!("the host has {answer}, not {wanted}"))
        };
    }
    match run {
        "disk.content" => {
            let sum = ask(&format!("disk.fill 0 0 {COUNT} {SEED}"))?;
            *CONTENT.lock() = sum;
            ask("disk.flush 0")?;
        }
        "disk.flush" => all(&["disk.fill 0 4096 64 1", "disk.flush 0", "disk.check 0 4096 64 1"])?,
        "disk.trim" => all(&["disk.fill 0 8192 2048 2", "disk.flush 0", "disk.unmap 0 8192 2048"])?,
        _ => {
            for round in 1..=4u64 {
                let at = 65_536 * round;
                all(&[
                    &format!("disk.fill 0 {at} 8192 {round}"),
                    "disk.flush 0",
                    &format!("disk.check 0 {at} 8192 {round}"),
                ])?;
            }
        }
    }
    content()
}

/// The data disk still has what was written first, after whatever happened; a guest that has not written yet does.
fn content() -> Result<String, String> {
    if CONTENT.lock().is_empty() {
        let sum = ask(&format!("disk.fill 0 0 {COUNT} {SEED}"))?;
        *CONTENT.lock() = sum;
    }
    ask(&format!("disk.check 0 0 {COUNT} {SEED}"))?;
    Ok("the disk has its content".to_owned())
}

fn plugged_disk(stage: u32) -> Result<String, String> {
    if stage == 1 {
        all(&["disk.wait 2 600", "disk.fill 1 0 2048 7", "disk.flush 1", "disk.check 1 0 2048 7"])?;
        return Ok("written and read".to_owned());
    }
    ask("disk.wait 1 600")?;
    Ok("it came, was written and read, and went".to_owned())
}

fn plugged_nic(stage: u32) -> Result<String, String> {
    match stage {
        0 => network().map(drop)?,
        1 => all(&["net.wait 2 600"])?,
        _ => all(&["net.wait 1 600"])?,
    }
    Ok("it came and went".to_owned())
}

/// The adapter has an address, and its gateway answers.
fn network() -> Result<String, String> {
    ask("net.wait 1 600")?;
    let mut gateway = GATEWAY.lock().clone();
    if gateway.is_empty() {
        let lease = ask("net.dhcp 0")?;
        gateway = lease.split(' ').nth(1).filter(|text| !text.is_empty()).ok_or("no gateway")?.to_owned();
        *GATEWAY.lock() = gateway.clone();
    }
    ask(&format!("net.ping 0 {gateway} 1400 3"))?;
    Ok(gateway)
}

/// `http://address:port/path sum`, as the host answers `serve`.
fn transfer(answer: &str) -> Result<String, String> {
    network()?;
    let (url, sum) = answer.split_once(' ').ok_or("the host says no address")?;
    let rest = url.strip_prefix("http://").ok_or("no address")?;
    let (place, path) = rest.split_once('/').ok_or("no path")?;
    let (host, port) = place.split_once(':').ok_or("no port")?;
    let got = ask(&format!("net.get 0 {host} {port} /{path}"))?;
    if got == format!("{BYTES} {sum}") {
        Ok(format!("{BYTES} bytes as the host sent them"))
    } else {
        Err(format!("{got} came, and {sum} was sent"))
    }
}

/// A device is switched off and on again.
fn cycle(path: &str) -> Result<(), String> {
    let node = pnp::find(path).ok_or("the device is not there")?;
    removal::disable(node).map_err(|status| format!("it is not switched off: {status:#x}"))?;
    removal::enable(node);
    pnp::manager::settle();
    GATEWAY.lock().clear();
    ask("disk.wait 1 600").map(drop)
}

fn reports() -> Vec<String> {
    let reports = ntsim::kernel().verifier.reports();
    reports.iter().map(|report| format!("{}: {}", report.rule.id, report.text)).collect()
}

/// The verifier's findings since the start.
fn verified(seen: &mut Seen) -> Result<String, String> {
    let calls: u64 = ntsim::kernel().verifier.calls_counted().values().sum();
    ntsim::kernel().verifier.count_calls();
    let found = reports();
    seen.facts = BTreeMap::from([("calls checked".to_owned(), calls.to_string())]);
    seen.files.push(("verifier.txt".to_owned(), lines(&found)));
    match found.first() {
        None if calls > 0 => Ok("no violation".to_owned()),
        None => Err("nothing was checked".to_owned()),
        Some(first) => Err(format!("{} violations, the first: {first}", found.len())),
    }
}
