//! What stands for Windows in tests: a guest that speaks the same protocol, works off the same plan, and
//! misbehaves as it is told. It is a state machine; time comes from outside.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{
    plan::{Plan, Test},
    wire::{self, ANSWER, Answer, BEAT, Leave, Record, Verdict},
};

/// How the machine goes down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Power {
    /// A reset.
    Reset,
    /// Off.
    Off,
    /// A crash that Xen is told of.
    Crash,
}

/// The machine around the guest.
pub trait Board {
    /// Sends to COM1.
    fn serial(&mut self, text: &str);
    /// Reads xenstore, where the door is open.
    fn read(&mut self, node: &str) -> Option<String>;
    /// Writes xenstore, where the door is open.
    fn write(&mut self, node: &str, value: &str);
    /// Goes down.
    fn power(&mut self, how: Power);
}

/// How a test behaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Ends at once.
    End(Verdict, &'static str),
    /// Says goodbye, goes down, and passes after the next start.
    Leave(Leave),
    /// Asks the host for these, one after the other; fails when one fails, is skipped when one is unsupported.
    Want(&'static [&'static str]),
    /// Sends a file and passes.
    File(&'static str, Vec<u8>),
    /// Windows stops, without farewell; Xen is told or not.
    Crash(Power),
    /// The agent beats, the test never ends.
    Stuck,
    /// Everything stands still. An NMI ends it, or not.
    Freeze {
        /// Whether the NMI is obeyed.
        nmi: bool,
    },
    /// COM1 is dead from here on, while xenstore works.
    Mute,
    /// So many of the next lines are damaged on the wire, then it passes.
    Garble(u32),
    /// Goes down with farewell, and never comes up again.
    Brick,
    /// Goes down with farewell, and then resets itself in every boot.
    Loop,
}

/// What survives on the guest's disk.
#[derive(Clone, Debug, Default)]
pub struct Disk {
    plan: String,
    next: usize,
    running: Option<String>,
    /// Left on purpose, with this test to be passed after the start.
    expected: bool,
    wants: u32,
    bricked: bool,
    looping: bool,
    boots: u32,
}

enum Doing {
    Nothing,
    Test(Test, Act),
    Waiting(Test, u32, VecDeque<&'static str>),
}

/// A guest in one boot.
pub struct Guest {
    plan: Plan,
    script: BTreeMap<String, Act>,
    boot: String,
    ready: Duration,
    hello: bool,
    door: bool,
    frozen: Option<bool>,
    mute: bool,
    garble: u32,
    said: Vec<Record>,
    again: u32,
    beat: Duration,
    beats: u64,
    doing: Doing,
    down: bool,
}

/// From power to the first word.
const START: Duration = Duration::from_secs(40);
/// Between beats.
const BEATS: Duration = Duration::from_secs(10);

fn usual(run: &str) -> Act {
    match run {
        "install.msi" | "install.old" | "install.remove" | "verifier.set" | "verifier.off"
        | "power.reboot" => Act::Leave(Leave::Reboot),
        "power.hibernate" => Act::Leave(Leave::Hibernate),
        "crash.dump" => Act::Leave(Leave::Crash),
        "power.suspend" => Act::Want(&["suspend"]),
        "power.cancelled" => Act::Want(&["cancelled-suspend"]),
        "power.migrate" => Act::Want(&["migrate"]),
        "power.sleep" => Act::Want(&["wake"]),
        "hotplug.disk" => Act::Want(&["attach-disk", "detach-disk"]),
        "hotplug.nic" => Act::Want(&["attach-nic", "detach-nic"]),
        "net.transfer" => Act::Want(&["serve", "unserve"]),
        "disk.content" => Act::Want(&["data-sum"]),
        "devfund.run" => Act::End(Verdict::Skip, "TAEF was not supplied"),
        "collect" => Act::File("pnputil.txt", b"Published Name: oem1.inf\r\n".repeat(400)),
        _ => Act::End(Verdict::Pass, "as it must"),
    }
}

impl Guest {
    /// A guest that gets power now. `script` says for names of tests what is not usual.
    #[must_use]
    pub fn start(plan: &Plan, script: &BTreeMap<String, Act>, disk: &mut Disk, now: Duration) -> Self {
        disk.boots += 1;
        Self {
            plan: plan.clone(),
            script: script.clone(),
            boot: format!("{:08x}", 0x1000 + disk.boots),
            ready: now + START,
            hello: false,
            door: false,
            frozen: disk.bricked.then_some(false),
            mute: false,
            garble: 0,
            said: Vec::new(),
            again: 0,
            beat: Duration::ZERO,
            beats: 0,
            doing: Doing::Nothing,
            down: false,
        }
    }

    /// What an NMI does.
    pub fn nmi(&mut self, board: &mut dyn Board) {
        if self.frozen != Some(false) {
            self.down = true;
            board.power(Power::Reset);
        }
    }

    /// Goes on.
    pub fn poll(&mut self, disk: &mut Disk, now: Duration, board: &mut dyn Board) {
        if self.down || self.frozen.is_some() || now < self.ready {
            return;
        }
        if !self.hello {
            self.greet(disk, board);
        }
        if disk.looping {
            return self.leave(board, Power::Reset);
        }
        self.hear(board);
        if now >= self.beat {
            self.beat = now + BEATS;
            self.beats += 1;
            let door = self.door;
            self.say(board, Record::Beat { door });
            if door {
                board.write(BEAT, &self.beats.to_string());
            }
        }
        match std::mem::replace(&mut self.doing, Doing::Nothing) {
            Doing::Nothing => self.next(disk, board),
            Doing::Test(test, act) => self.act(disk, board, test, act),
            Doing::Waiting(test, n, rest) => self.wait(disk, board, test, n, rest),
        }
    }

    fn greet(&mut self, disk: &mut Disk, board: &mut dyn Board) {
        self.hello = true;
        board.serial("SeaBIOS (version stand-in)\r\n");
        if disk.plan != self.plan.id {
            let boots = disk.boots;
            *disk = Disk { plan: self.plan.id.clone(), boots, ..Disk::default() };
        }
        // The drivers are there from their installation on.
        let install = self.plan.tests.iter().position(|test| test.run == "install.msi");
        let remove = self.plan.tests.iter().position(|test| test.run == "install.remove");
        let past = |at: usize| disk.next > at || disk.running.is_some() && disk.next == at;
        self.door = install.is_some_and(past) && !remove.is_some_and(past);
        let broken = if disk.expected { None } else { disk.running.clone() };
        let record = Record::Hello {
            windows: "stand-in 10.0".to_owned(),
            plan: disk.plan.clone(),
            door: self.door,
            broken: broken.clone(),
        };
        self.say(board, record);
        if broken.is_some() {
            self.say(
                board,
                Record::File {
                    name: "minidump.dmp".into(),
                    part: 0,
                    parts: 1,
                    data: STANDARD.encode("PAGEDU64"),
                },
            );
            (disk.running, disk.next) = (None, disk.next + 1);
        } else if let Some(test) = disk.running.clone().filter(|_| !disk.looping) {
            self.end(disk, board, &test, Verdict::Pass, "came back");
        }
    }

    fn hear(&mut self, board: &mut dyn Board) {
        if !self.door {
            return;
        }
        let Some(answer) = answer(board) else { return };
        if answer.again != self.again && answer.boot == self.boot {
            self.again = answer.again;
            let from = usize::try_from(answer.have).unwrap_or(usize::MAX);
            for (seq, record) in (1..).zip(self.said.clone()).skip(from) {
                self.send(board, seq, &record);
            }
        }
    }

    fn say(&mut self, board: &mut dyn Board, record: Record) {
        self.said.push(record.clone());
        let seq = self.said.len() as u64;
        self.send(board, seq, &record);
    }

    fn send(&mut self, board: &mut dyn Board, seq: u64, record: &Record) {
        if self.mute {
            return;
        }
        let mut line = wire::encode(&self.boot, seq, record);
        if self.garble > 0 {
            self.garble -= 1;
            line.replace_range(40..41, "#");
        }
        board.serial(&(line + "\r\n"));
    }

    fn next(&mut self, disk: &mut Disk, board: &mut dyn Board) {
        let Some(test) = self.plan.tests.get(disk.next).cloned() else {
            self.say(board, Record::Done);
            self.leave(board, Power::Off);
            return;
        };
        disk.running = Some(test.name.clone());
        disk.expected = false;
        self.say(board, Record::Begin { test: test.name.clone() });
        let act = self.script.get(&test.name).cloned().unwrap_or_else(|| usual(&test.run));
        self.doing = Doing::Test(test, act);
    }

    fn act(&mut self, disk: &mut Disk, board: &mut dyn Board, test: Test, act: Act) {
        match act {
            Act::End(verdict, text) => self.end(disk, board, &test.name, verdict, text),
            Act::Leave(why) => {
                disk.expected = true;
                self.say(board, Record::Leave { why });
                self.leave(board, if why == Leave::Crash { Power::Crash } else { Power::Reset });
            }
            Act::Brick | Act::Loop => {
                disk.expected = true;
                if act == Act::Brick {
                    disk.bricked = true
                } else {
                    disk.looping = true
                }
                self.say(board, Record::Leave { why: Leave::Reboot });
                self.leave(board, Power::Reset);
            }
            Act::Want(list) => {
                let mut rest: VecDeque<_> = list.iter().copied().collect();
                let Some(first) = rest.pop_front() else { return };
                self.want(disk, board, test, first, rest);
            }
            Act::File(name, data) => {
                let parts: Vec<&[u8]> = data.chunks(3000).collect();
                for (part, bytes) in (0..).zip(&parts) {
                    let parts = u32::try_from(parts.len()).unwrap_or(u32::MAX);
                    self.say(
                        board,
                        Record::File { name: name.into(), part, parts, data: STANDARD.encode(bytes) },
                    );
                }
                self.end(disk, board, &test.name, Verdict::Pass, "sent");
            }
            Act::Crash(power) => self.leave(board, power),
            Act::Stuck => self.doing = Doing::Test(test, Act::Stuck),
            Act::Freeze { nmi } => self.frozen = Some(nmi),
            Act::Mute => {
                self.mute = true;
                self.doing = Doing::Test(test, Act::Stuck);
            }
            Act::Garble(lines) => {
                self.garble = lines;
                for number in 0..lines {
                    self.say(board, Record::Say { text: format!("line {number}") });
                }
                self.end(disk, board, &test.name, Verdict::Pass, "said");
            }
        }
    }

    fn want(
        &mut self,
        disk: &mut Disk,
        board: &mut dyn Board,
        test: Test,
        what: &str,
        rest: VecDeque<&'static str>,
    ) {
        disk.wants += 1;
        let n = disk.wants;
        let args = BTreeMap::from([("bytes".to_owned(), "4096".to_owned())]);
        self.say(board, Record::Want { n, what: what.to_owned(), args });
        self.doing = Doing::Waiting(test, n, rest);
    }

    fn wait(
        &mut self,
        disk: &mut Disk,
        board: &mut dyn Board,
        test: Test,
        n: u32,
        mut rest: VecDeque<&'static str>,
    ) {
        match answer(board) {
            Some(answer) if answer.n >= n => match (answer.ok, answer.text.as_str(), rest.pop_front()) {
                (true, _, Some(next)) => self.want(disk, board, test, next, rest),
                (true, _, None) => self.end(disk, board, &test.name, Verdict::Pass, "the host did it"),
                (false, "unsupported", _) => self.end(disk, board, &test.name, Verdict::Skip, "unsupported"),
                (false, text, _) => self.end(disk, board, &test.name, Verdict::Fail, text),
            },
            _ => self.doing = Doing::Waiting(test, n, rest),
        }
    }

    fn end(&mut self, disk: &mut Disk, board: &mut dyn Board, test: &str, verdict: Verdict, text: &str) {
        (disk.running, disk.expected, disk.next) = (None, false, disk.next + 1);
        let facts = BTreeMap::from([("by".to_owned(), "stand-in".to_owned())]);
        self.say(board, Record::End { test: test.to_owned(), verdict, text: text.to_owned(), facts });
    }

    fn leave(&mut self, board: &mut dyn Board, how: Power) {
        self.down = true;
        board.power(how);
    }
}

fn answer(board: &mut dyn Board) -> Option<Answer> {
    serde_json::from_str(&board.read(ANSWER)?).ok()
}
