//! What stands for Windows in tests: a guest that speaks the same protocol, works off the same plan, and
//! misbehaves as it is told. It is a state machine; time comes from outside, and so does the machine it is on.

use alloc::{
    borrow::ToOwned,
    boxed::Box,
    collections::{BTreeMap, VecDeque},
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};

pub use crate::script::{Act, Power, Script};
use crate::{
    plan::{Plan, Test},
    wire::{self, ANSWER, Answer, BEAT, Leave, Record, Verdict},
};

/// What a machine saw when it did what a test is about.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// One sentence, where there is more to say than that it is as it must be.
    pub text: String,
    /// Figures.
    pub facts: BTreeMap<String, String>,
    /// Files for the host: name and content.
    pub files: Vec<(String, Vec<u8>)>,
}

/// What a test came to: what was seen, or its verdict and why.
pub type Result = core::result::Result<Seen, (Verdict, String)>;

/// The machine around the guest.
pub trait Board {
    /// Sends to COM1.
    fn serial(&mut self, text: &str);
    /// Whether the door to xenstore is open.
    fn door(&mut self) -> bool;
    /// Reads xenstore, where the door is open.
    fn read(&mut self, node: &str) -> Option<String>;
    /// Writes xenstore, where the door is open.
    fn write(&mut self, node: &str, value: &str);
    /// Goes down, when the guest's step is over.
    fn power(&mut self, how: Power);
    /// What the last crash left.
    fn dump(&mut self) -> Option<Vec<u8>>;
    /// Begins what a test is about; goes on with it (`stage` 1 and so on) when the host has answered.
    fn perform(&mut self, test: &Test, stage: u32, answer: &str);
    /// What came of it; `None` while it goes on.
    fn performed(&mut self) -> Option<Result>;
}

/// What survives on the guest's disk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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
    /// The drivers are installed.
    pub installed: bool,
}

impl Disk {
    /// Whether the machine goes down because the test under way wants it.
    #[must_use]
    pub fn leaving(&self) -> bool {
        self.expected
    }
}

enum Doing {
    Nothing,
    /// What the test is about; then the act.
    Performing(Box<Test>, u32, Step),
    Waiting(Box<Test>, u32, u32, VecDeque<&'static str>),
    Stuck,
}

enum Step {
    Act(Act),
    Wants(VecDeque<&'static str>),
}

/// A guest in one boot.
pub struct Guest {
    plan: Plan,
    script: Script,
    boot: String,
    ready: Duration,
    hello: bool,
    frozen: Option<bool>,
    mute: bool,
    garble: u32,
    said: Vec<Record>,
    again: u32,
    beat: Duration,
    beats: u64,
    doing: Doing,
    text: String,
    facts: BTreeMap<String, String>,
    down: bool,
}

/// Between beats.
const BEATS: Duration = Duration::from_secs(10);
/// Bytes of a file in one record.
const PART: usize = 3000;
/// Bytes that tests with content want: of a disk, over the network.
pub const BYTES: u64 = 1 << 20;

impl Guest {
    /// A guest that gets power now and speaks from `ready` on. `script` says what is not usual.
    #[must_use]
    pub fn start(plan: &Plan, script: &Script, disk: &mut Disk, ready: Duration) -> Self {
        disk.boots += 1;
        Self {
            plan: plan.clone(),
            script: script.clone(),
            boot: format!("{:08x}", 0x1000 + disk.boots),
            ready,
            hello: false,
            frozen: disk.bricked.then_some(false),
            mute: false,
            garble: 0,
            said: Vec::new(),
            again: 0,
            beat: Duration::ZERO,
            beats: 0,
            doing: Doing::Nothing,
            text: String::new(),
            facts: BTreeMap::new(),
            down: false,
        }
    }

    /// Whether everything stands still, and then whether an NMI is obeyed.
    #[must_use]
    pub fn frozen(&self) -> Option<bool> {
        self.frozen
    }

    /// What an NMI does, where the machine does not do it itself.
    pub fn nmi(&mut self, board: &mut dyn Board) {
        if self.frozen != Some(false) {
            self.down = true;
            board.power(Power::Reset);
        }
    }

    /// Goes on. What the disk has then must be on it before the machine goes down.
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
            let door = board.door();
            self.say(board, Record::Beat { door });
            if door {
                board.write(BEAT, &self.beats.to_string());
            }
        }
        match core::mem::replace(&mut self.doing, Doing::Nothing) {
            Doing::Nothing => self.next(disk, board),
            Doing::Performing(test, stage, step) => self.look(disk, board, test, stage, step),
            Doing::Waiting(test, stage, n, rest) => self.wait(disk, board, test, stage, n, rest),
            Doing::Stuck => self.doing = Doing::Stuck,
        }
    }

    fn greet(&mut self, disk: &mut Disk, board: &mut dyn Board) {
        self.hello = true;
        if disk.plan != self.plan.id {
            let boots = disk.boots;
            *disk = Disk { plan: self.plan.id.clone(), boots, ..Disk::default() };
        }
        let broken = if disk.expected { None } else { disk.running.clone() };
        let record = Record::Hello {
            windows: "stand-in 10.0".to_owned(),
            plan: disk.plan.clone(),
            door: board.door(),
            broken: broken.clone(),
        };
        self.say(board, record);
        if broken.is_some() {
            if let Some(dump) = board.dump() {
                self.file(board, "minidump.dmp", &dump);
            }
            (disk.running, disk.next) = (None, disk.next + 1);
        } else if let Some(test) = disk.running.clone().filter(|_| !disk.looping) {
            self.end(disk, board, &test, Verdict::Pass, "came back");
        }
    }

    fn hear(&mut self, board: &mut dyn Board) {
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
        board.serial(&line);
    }

    fn file(&mut self, board: &mut dyn Board, name: &str, data: &[u8]) {
        let parts = u32::try_from(data.len().div_ceil(PART)).unwrap_or(u32::MAX);
        for (part, bytes) in (0..).zip(data.chunks(PART)) {
            let data = STANDARD.encode(bytes);
            self.say(board, Record::File { name: name.to_owned(), part, parts, data });
        }
    }

    fn next(&mut self, disk: &mut Disk, board: &mut dyn Board) {
        let Some(test) = self.plan.tests.get(disk.next).cloned() else {
            self.say(board, Record::Done);
            self.leave(board, Power::Off);
            return;
        };
        disk.running = Some(test.name.clone());
        disk.expected = false;
        self.text.clear();
        self.facts = BTreeMap::from([("by".to_owned(), "stand-in".to_owned())]);
        self.say(board, Record::Begin { test: test.name.clone() });
        let told = self.script.get(&test.name).cloned();
        if told.is_none() {
            board.perform(&test, 0, "");
        }
        let act = told.clone().unwrap_or_else(|| Act::usual(&test.run));
        match told {
            Some(_) => self.act(disk, board, Box::new(test), act),
            None => self.doing = Doing::Performing(Box::new(test), 0, Step::Act(act)),
        }
    }

    /// Whether the machine has done its part of a test.
    fn look(&mut self, disk: &mut Disk, board: &mut dyn Board, test: Box<Test>, stage: u32, step: Step) {
        let seen = match board.performed() {
            None => {
                self.doing = Doing::Performing(test, stage, step);
                return;
            }
            Some(Err((verdict, text))) => return self.end(disk, board, &test.name, verdict, &text),
            Some(Ok(seen)) => seen,
        };
        if !seen.text.is_empty() {
            self.text = seen.text;
        }
        self.facts.extend(seen.facts);
        for (name, data) in seen.files {
            self.file(board, &name, &data);
        }
        match test.run.as_str() {
            "install.msi" | "install.old" => disk.installed = true,
            "install.remove" => disk.installed = false,
            _ => {}
        }
        match step {
            Step::Act(act) => self.act(disk, board, test, act),
            Step::Wants(rest) => self.want(disk, board, test, stage, rest),
        }
    }

    fn act(&mut self, disk: &mut Disk, board: &mut dyn Board, test: Box<Test>, act: Act) {
        match act {
            Act::End(verdict, text) => {
                let text = if self.text.is_empty() { text } else { self.text.clone() };
                self.end(disk, board, &test.name, verdict, &text);
            }
            Act::Leave(why) => {
                disk.expected = true;
                self.say(board, Record::Leave { why });
                self.leave(board, if why == Leave::Crash { Power::Crash } else { Power::Reset });
            }
            Act::Brick | Act::Loop => {
                disk.expected = true;
                (disk.bricked, disk.looping) = (act == Act::Brick, act == Act::Loop);
                self.say(board, Record::Leave { why: Leave::Reboot });
                self.leave(board, Power::Reset);
            }
            Act::Want(list) => self.want(disk, board, test, 0, list.iter().copied().collect()),
            Act::Crash(power) => self.leave(board, power),
            Act::Stuck => self.doing = Doing::Stuck,
            Act::Freeze { nmi } => self.frozen = Some(nmi),
            Act::Mute => {
                self.mute = true;
                self.doing = Doing::Stuck;
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

    /// Asks for the next thing that a test wants of the host; after the last the test has passed.
    fn want(
        &mut self,
        disk: &mut Disk,
        board: &mut dyn Board,
        test: Box<Test>,
        stage: u32,
        mut rest: VecDeque<&'static str>,
    ) {
        let Some(what) = rest.pop_front() else {
            let text = if self.text.is_empty() { "the host did it".to_owned() } else { self.text.clone() };
            return self.end(disk, board, &test.name, Verdict::Pass, &text);
        };
        disk.wants += 1;
        let args = BTreeMap::from([("bytes".to_owned(), BYTES.to_string())]);
        self.say(board, Record::Want { n: disk.wants, what: what.to_owned(), args });
        self.doing = Doing::Waiting(test, stage, disk.wants, rest);
    }

    fn wait(
        &mut self,
        disk: &mut Disk,
        board: &mut dyn Board,
        test: Box<Test>,
        stage: u32,
        n: u32,
        rest: VecDeque<&'static str>,
    ) {
        match answer(board) {
            Some(answer) if answer.n >= n && answer.ok => {
                board.perform(&test, stage + 1, &answer.text);
                self.doing = Doing::Performing(test, stage + 1, Step::Wants(rest));
            }
            Some(answer) if answer.n >= n => {
                let verdict = if answer.text == "unsupported" { Verdict::Skip } else { Verdict::Fail };
                self.end(disk, board, &test.name, verdict, &answer.text);
            }
            _ => self.doing = Doing::Waiting(test, stage, n, rest),
        }
    }

    fn end(&mut self, disk: &mut Disk, board: &mut dyn Board, test: &str, verdict: Verdict, text: &str) {
        (disk.running, disk.expected, disk.next) = (None, false, disk.next + 1);
        let facts = core::mem::take(&mut self.facts);
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
