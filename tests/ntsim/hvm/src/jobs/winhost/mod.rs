//! The guest of `cargo xtask winhost` (docs/winhost.md): the stand-in's state machine on a real machine. Its plan and its
//! drivers come from the payload image in the CD-ROM drive, its place in the plan is on the disk, what it says goes to COM1,
//! and xenstore is reached through the door of the shipped bus driver, as by the agent on Windows.

mod place;
mod works;

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::time::Duration;

use nt::sys::GUID;
use ntsim::{
    io::{
        security::Token,
        user::{Handle, Process},
    },
    ke::bugcheck,
    pnp::{boot, manager::sleep_ms},
    po::system as power,
};
use winhost_protocol::{
    medium,
    plan::{self, Plan, Test},
    script::{self, Power},
    standin::{self, Board, Guest},
};

use super::{ending, option, system};
use crate::{
    ata::{Drive, MEDIA},
    engine, time, trap,
};
use place::Place;

/// Between two looks at everything.
const LOOK_MS: u64 = 200;
/// `MANUALLY_INITIATED_CRASH`.
const CRASH: u32 = 0xe2;

/// The door's interface class and control codes (xenpci/src/doors.rs, xenpci/src/policy/doors.rs).
const DOOR: GUID = GUID {
    Data1: 0x0a6b_9f52,
    Data2: 0x64e1,
    Data3: 0x4d0c,
    Data4: [0x8f, 0x3a, 0x2b, 0x1f, 0x5c, 0x7d, 0x9e, 0x61],
};
const STORE_READ: u32 = 0x002a_e004;
const STORE_WRITE: u32 = 0x002a_e008;
/// `GENERIC_READ | GENERIC_WRITE`, and the most that a node holds.
const READ_WRITE: u32 = 0xc000_0000;
const VALUE_MAX: usize = 4096;
const NOT_FOUND: i32 = 0xc000_0034_u32.cast_signed();

/// A file of the payload image, in whichever drive that is.
fn payload(path: &str) -> Result<Vec<u8>, String> {
    let mut why = String::new();
    for drive in &MEDIA {
        let read = |drive: &Drive, first, count| drive.read_medium(first, count);
        match medium::file(&mut |first, count| read(drive, first, count), path) {
            Ok(data) => return Ok(data),
            Err(text) => why = format!("{why} {text};"),
        }
    }
    Err(format!("no payload:{why}"))
}

/// The drivers of the payload, into the driver store. What stands where Windows has the MSI is an archive of them.
fn add_drivers() -> Result<(), String> {
    system::add_packages(&system::unpack(&payload("payload/xenpv.msi")?)?)
}

/// The agent's side of the machine.
struct Machine {
    process: Process,
    door: Option<Handle>,
    down: Option<Power>,
}

impl Machine {
    fn open(&mut self) -> Option<Handle> {
        if self.door.is_none() {
            let link = ntsim::io::state().interfaces.lock().enabled_links(&DOOR).first().cloned()?;
            self.door = self.process.open(&link, READ_WRITE).ok();
        }
        self.door
    }

    fn close(&mut self) {
        if let Some(door) = self.door.take() {
            self.process.close(door);
        }
    }

    /// A request; a door that does not answer is closed, and tried again later.
    fn ask(&mut self, code: u32, input: &[u8], room: usize) -> Option<Vec<u8>> {
        let door = self.open()?;
        let (status, data) = self.process.ioctl(door, code, input, room);
        if status < 0 {
            if status != NOT_FOUND {
                self.close();
            }
            return None;
        }
        Some(data)
    }
}

impl Board for Machine {
    fn serial(&mut self, text: &str) {
        say!("{text}");
    }

    fn door(&mut self) -> bool {
        self.open().is_some()
    }

    fn read(&mut self, node: &str) -> Option<String> {
        self.ask(STORE_READ, node.as_bytes(), VALUE_MAX).and_then(|data| String::from_utf8(data).ok())
    }

    fn write(&mut self, node: &str, value: &str) {
        self.ask(STORE_WRITE, format!("{node}\0{value}").as_bytes(), 0);
    }

    fn power(&mut self, how: Power) {
        self.down = Some(how);
    }

    fn dump(&mut self) -> Option<Vec<u8>> {
        place::take_dump()
    }

    fn perform(&mut self, test: &Test, stage: u32, answer: &str) {
        if test.run == "install.remove" {
            // A device with an open handle cannot be removed.
            self.close();
        }
        works::begin(test, stage, answer);
    }

    fn performed(&mut self) -> Option<standin::Result> {
        works::ended()
    }
}

/// Works off the plan, as far as this boot goes.
pub fn run(command: &str) -> Result<(), String> {
    let script = script::parse(&option(command, "act").unwrap_or_default())?;
    let plan = Plan::read(&payload(plan::FILE)?).map_err(|error| format!("the plan: {error}"))?;
    let mut place = Place::open()?;
    let mut guest = Guest::start(&plan, &script, &mut place.disk, Duration::ZERO);
    place.save()?;
    if guest.frozen().is_some() {
        engine::stand_still(false);
    }
    bugcheck::add_hook(place::crashed);
    trap::obey_nmi(true);
    ntsim::kernel().verifier.count_calls();
    boot::prepare_registry();
    if place.disk.installed {
        add_drivers()?;
    }
    boot::run();
    system::settle();
    let mut machine = Machine { process: Process::new(Token::system()), door: None, down: None };
    loop {
        guest.poll(&mut place.disk, Duration::from_nanos(time::now()), &mut machine);
        place.save()?;
        if let Some(nmi) = guest.frozen() {
            engine::stand_still(nmi);
        }
        match machine.down {
            None => sleep_ms(LOOK_MS),
            Some(Power::Crash) => ntsim::verifier::bugcheck(CRASH, [0; 4], "the script wants a crash"),
            Some(how) => {
                machine.close();
                if place.disk.leaving() || how == Power::Off {
                    power::shutdown(how == Power::Reset);
                }
                ending::power(how == Power::Reset);
            }
        }
    }
}

/// Text for a file of the results.
fn lines(all: impl IntoIterator<Item = impl ToString>) -> Vec<u8> {
    all.into_iter().flat_map(|line| (line.to_string() + "\r\n").into_bytes()).collect()
}
