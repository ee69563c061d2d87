//! The host: domains with stand-in guests, xenstore, disks, loop devices; and what can go wrong with it.

use std::{
    collections::BTreeMap,
    fs::{self, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
    time::Duration,
};

use winhost::{
    plan::{self, Plan, Test},
    standin::{self, Act, Board, Guest, Power, Seen},
};
use winhost_protocol::medium;

use super::{xe::Pool, xl};

/// From power to the first word.
const START: Duration = Duration::from_secs(40);

/// Exit code, output, messages.
pub type Answer = (u8, String, String);

pub fn good(text: impl Into<String>) -> Answer {
    (0, text.into(), String::new())
}

pub fn bad(text: impl Into<String>) -> Answer {
    (1, String::new(), text.into())
}

/// What is on a system disk.
#[derive(Clone, Default)]
pub struct Content {
    /// Restarts that Windows' setup still needs; the agent speaks at 0.
    pub setup: u32,
    /// There is no Windows and no setup.
    pub empty: bool,
    pub guest: standin::Disk,
}

pub struct Domain {
    pub name: String,
    pub id: u32,
    pub serial: String,
    pub disk: String,
    pub guest: Option<Guest>,
    pub since: Duration,
    pub crashed: bool,
    seen: Option<Seen>,
    down: Option<Power>,
}

/// What can be made to go wrong.
#[derive(Default)]
pub struct Faults {
    /// Away from this number of commands on.
    pub gone_after: Option<usize>,
    /// Away between these times.
    pub away: Option<(Duration, Duration)>,
    /// Loop devices stay behind when a domain goes.
    pub leak_loops: bool,
    /// `xl destroy` fails, because the domain goes by itself meanwhile.
    pub racing_end: bool,
    /// Commands that begin so fail.
    pub fail: Option<String>,
}

pub struct World {
    dir: PathBuf,
    pub now: Duration,
    pub script: BTreeMap<String, Act>,
    pub faults: Faults,
    /// How often Windows' setup restarts; none: the medium does not boot.
    pub setup: Option<u32>,
    pub domains: Vec<Domain>,
    pub saved: BTreeMap<String, Domain>,
    pub disks: BTreeMap<String, Content>,
    pub store: BTreeMap<String, String>,
    /// Device and file.
    pub loops: BTreeMap<String, String>,
    pub pool: Pool,
    /// Every command.
    pub log: Vec<String>,
    next_domain: u32,
    next_disk: u32,
}

/// What a guest is plugged into while it is looked after.
struct Wires<'a> {
    serial: &'a str,
    id: u32,
    store: &'a mut BTreeMap<String, String>,
    door: bool,
    seen: &'a mut Option<Seen>,
    down: Option<Power>,
}

impl Board for Wires<'_> {
    fn serial(&mut self, text: &str) {
        let path = Path::new(self.serial);
        let file = OpenOptions::new().create(true).append(true).open(path);
        // The folder may have been swept away under a running domain: QEMU would not care either.
        if let Ok(mut file) = file {
            write!(file, "{text}\r\n").expect("serial file");
        }
    }

    fn door(&mut self) -> bool {
        self.door
    }

    fn read(&mut self, node: &str) -> Option<String> {
        let path = format!("/local/domain/{}/{node}", self.id);
        self.store.get(&path).filter(|_| self.door).cloned()
    }

    fn write(&mut self, node: &str, value: &str) {
        self.store.insert(format!("/local/domain/{}/{node}", self.id), value.to_owned());
    }

    fn power(&mut self, how: Power) {
        self.down = Some(how);
    }

    fn dump(&mut self) -> Option<Vec<u8>> {
        Some(b"PAGEDU64".to_vec())
    }

    fn perform(&mut self, test: &Test, _stage: u32, _answer: &str) {
        let list = ("pnputil.txt".to_owned(), b"Published Name: oem1.inf\r\n".repeat(400));
        let files = if test.run == "collect" { vec![list] } else { Vec::new() };
        *self.seen = Some(Seen { files, ..Seen::default() });
    }

    fn performed(&mut self) -> Option<standin::Result> {
        self.seen.take().map(Ok)
    }
}

impl World {
    pub fn new(dir: &Path) -> Self {
        Self {
            dir: dir.to_owned(),
            now: Duration::ZERO,
            script: BTreeMap::new(),
            faults: Faults::default(),
            setup: Some(2),
            domains: Vec::new(),
            saved: BTreeMap::new(),
            disks: BTreeMap::new(),
            store: BTreeMap::new(),
            loops: BTreeMap::new(),
            pool: Pool::new(),
            log: Vec::new(),
            next_domain: 1,
            next_disk: 1,
        }
    }

    /// All of a run that is still there.
    pub fn left(&self, run: &str) -> Vec<String> {
        let mark = format!("winhost-{run}-");
        let folder = format!("/run/{run}/");
        let domains = self.domains.iter().map(|domain| &domain.name).filter(|name| name.starts_with(&mark));
        let loops = self.loops.values().filter(|file| file.contains(&folder));
        domains.chain(loops).cloned().chain(self.pool.left(run)).collect()
    }

    /// Lets time pass.
    pub fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while self.now < end {
            self.now = (self.now + Duration::from_secs(1)).min(end);
            self.live();
        }
    }

    fn live(&mut self) {
        for index in 0..self.domains.len() {
            let domain = &mut self.domains[index];
            let content = self.disks.entry(domain.disk.clone()).or_default();
            if domain.crashed || content.empty {
                continue;
            }
            if content.setup > 0 {
                if self.now > domain.since + Duration::from_secs(300) {
                    content.setup -= 1;
                    domain.down = Some(Power::Reset);
                }
                continue;
            }
            let Some(guest) = &mut domain.guest else { continue };
            let mut wires = Wires {
                serial: &domain.serial,
                id: domain.id,
                store: &mut self.store,
                door: content.guest.installed,
                seen: &mut domain.seen,
                down: None,
            };
            guest.poll(&mut content.guest, self.now, &mut wires);
            domain.down = wires.down;
        }
        self.bury();
    }

    /// What went down: preserved after a crash, else gone.
    fn bury(&mut self) {
        for domain in &mut self.domains {
            domain.crashed |= domain.down == Some(Power::Crash);
        }
        let gone: Vec<u32> = self
            .domains
            .iter()
            .filter(|domain| domain.down.is_some() && !domain.crashed)
            .map(|domain| domain.id)
            .collect();
        for id in gone {
            self.remove(id);
        }
    }

    pub fn remove(&mut self, id: u32) -> Option<Domain> {
        let at = self.domains.iter().position(|domain| domain.id == id)?;
        let domain = self.domains.remove(at);
        self.store.retain(|path, _| !path.starts_with(&format!("/local/domain/{id}/")));
        if !self.faults.leak_loops {
            let mine = format!("/{}.", domain.name);
            self.loops.retain(|_, file| !file.contains(&mine));
        }
        Some(domain)
    }

    pub fn nmi(&mut self, id: u32) {
        let Some(domain) = self.domains.iter_mut().find(|domain| domain.id == id) else { return };
        let Some(guest) = &mut domain.guest else { return };
        let mut wires = Wires {
            serial: &domain.serial,
            id,
            store: &mut self.store,
            door: false,
            seen: &mut domain.seen,
            down: None,
        };
        guest.nmi(&mut wires);
        domain.down = wires.down;
        self.bury();
    }

    pub fn number(&mut self) -> u32 {
        self.next_domain += 1;
        self.next_domain
    }

    /// A new disk's number.
    pub fn disk(&mut self, content: Content) -> String {
        self.next_disk += 1;
        let id = format!("disk {}", self.next_disk);
        self.disks.insert(id.clone(), content);
        id
    }

    /// Starts a domain with a disk, images, and a serial file.
    pub fn boot(&mut self, name: &str, disk: &str, images: &[String], serial: &str) -> u32 {
        let id = self.number();
        let now = self.now;
        let setup = self.setup;
        let content = self.disks.entry(disk.to_owned()).or_default();
        let medium = images.iter().any(|image| image.ends_with("windows.iso"));
        if content.empty
            && medium
            && let Some(restarts) = setup
        {
            (content.empty, content.setup) = (false, restarts);
        }
        let plan = images.iter().find_map(|image| plan(Path::new(image)));
        let guest = plan.map(|plan| Guest::start(&plan, &self.script, &mut content.guest, now + START));
        fs::write(serial, b"SeaBIOS (version stand-in)\r\n").expect("serial file");
        self.domains.push(Domain {
            name: name.to_owned(),
            id,
            serial: serial.to_owned(),
            disk: disk.to_owned(),
            guest,
            since: now,
            crashed: false,
            seen: None,
            down: None,
        });
        id
    }

    fn is_away(&self) -> bool {
        let counted = self.faults.gone_after.is_some_and(|limit| self.log.len() >= limit);
        counted || self.faults.away.is_some_and(|(from, until)| (from..until).contains(&self.now))
    }

    /// What a program answers.
    pub fn call(&mut self, arguments: &[String]) -> Answer {
        let program = arguments[0].rsplit('/').next().unwrap_or_default().to_owned();
        let rest: Vec<&str> = arguments[1..].iter().map(String::as_str).collect();
        if program == "up" {
            return if self.is_away() { bad("") } else { good("") };
        }
        let line = format!("{program} {}", rest.join(" "));
        let line = line.replace(&self.dir.display().to_string(), "");
        self.log.push(line.trim_end().to_owned());
        if self.faults.fail.as_ref().is_some_and(|start| line.starts_with(start)) {
            return bad("the fake host was told\nto \"fail\"");
        }
        match program.as_str() {
            "xl" => xl::call(self, &rest),
            "xe" => super::xe::call(self, &rest),
            "xenstore-read" => self.store.get(rest[0]).map_or_else(|| bad("couldn't read path"), good),
            "xenstore-write" => {
                self.store.insert(rest[0].to_owned(), unescaped(rest[1]));
                good("")
            }
            "losetup" => self.losetup(&rest),
            "qemu-img" => self.image(&rest),
            _ => bad(format!("no such program: {program}")),
        }
    }

    fn losetup(&mut self, arguments: &[&str]) -> Answer {
        match arguments {
            ["-d", device] => self.loops.remove(*device).map_or_else(|| bad("no such device"), |_| good("")),
            ["--list", ..] => {
                let lines = self.loops.iter().map(|(device, file)| format!("{device} {file}\n"));
                good(lines.collect::<String>())
            }
            _ => bad("losetup: what?"),
        }
    }

    /// A disk file has the disk's identifier in it, so that it can be moved.
    fn image(&mut self, arguments: &[&str]) -> Answer {
        match arguments {
            ["create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", base, path] => {
                let Ok(id) = fs::read_to_string(base) else { return bad("no such base") };
                let content = self.disks.get(&id).cloned().unwrap_or_default();
                fs::write(path, self.disk(content)).expect("disk");
                good("")
            }
            ["create", "-q", "-f", "qcow2", path, _] => {
                let id = self.disk(Content { empty: true, ..Content::default() });
                fs::write(path, id).expect("disk");
                good("")
            }
            // What is converted is a prepared disk.
            ["convert", "-O", _, _, path] => {
                fs::write(path, self.disk(Content::default())).expect("disk");
                good("")
            }
            _ => bad(format!("qemu-img: what? {arguments:?}")),
        }
    }
}

/// What `xenstore-write` makes of a value: it knows C's escapes.
fn unescaped(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text.chars();
    while let Some(one) = rest.next() {
        out.push(match one {
            '\\' => match rest.next() {
                Some('n') => '\n',
                Some('r') => '\r',
                Some('t') => '\t',
                Some(other) => other,
                None => '\\',
            },
            other => other,
        });
    }
    out
}

/// The plan on an image.
fn plan(image: &Path) -> Option<Plan> {
    let bytes = fs::read(image).ok()?;
    let mut sectors = |first: u32, count: u32| {
        let at = first as usize * medium::SECTOR;
        let part = bytes.get(at..at + count as usize * medium::SECTOR);
        part.map(<[u8]>::to_vec).ok_or_else(|| "behind the end".to_owned())
    };
    Plan::read(&medium::file(&mut sectors, plan::FILE).ok()?).ok()
}
