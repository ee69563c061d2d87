//! One guest at its plan: starts it again and again, hears what it says, does what it wants, and ends it
//! when it is done, broken or out of time.

use std::{
    collections::{BTreeMap, VecDeque},
    fs::{self, File, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};

use crate::{
    clock::Clock,
    plan::Plan,
    runner::Trouble,
    serve,
    toolstack::{Boot, Done, State, Toolstack, Vm},
    wire::{self, Answer, Heard, Leave, Reader, Record, Verdict},
};

/// Bounds that can be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Bound {
    /// From a start to the first record
    Boot,
    /// Between two records
    Silence,
    /// From the NMI to the end of the dump
    Dump,
    /// For the guest to end a test by itself before the host does
    Grace,
    /// A host that does not answer
    Host,
    /// Starts without coming to a test
    Starts,
}

/// Every wait of a session.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Between two looks.
    pub poll: Duration,
    /// From a start to the first record.
    pub boot: Duration,
    /// Between two records; the guest beats every 10 s.
    pub silence: Duration,
    /// From the NMI to the end of the dump.
    pub dump: Duration,
    /// For the guest to end a test by itself before the host does.
    pub grace: Duration,
    /// A host that does not answer.
    pub host: Duration,
    /// Everything.
    pub total: Duration,
    /// Starts without a test in between.
    pub boots: u32,
    /// Starts without any record.
    pub mute_boots: u32,
}

impl Bounds {
    /// Of a suite.
    #[must_use]
    pub fn of_plan(plan: &Plan) -> Self {
        Self {
            poll: Duration::from_secs(2),
            boot: Duration::from_secs(600),
            silence: Duration::from_secs(120),
            dump: Duration::from_secs(120),
            grace: Duration::from_secs(60),
            host: Duration::from_secs(600),
            total: plan.total(),
            boots: 12,
            mute_boots: 3,
        }
    }

    /// Sets one of those that depend on how fast guest and host are.
    pub fn set(&mut self, which: Bound, number: u32) {
        let time = Duration::from_secs(number.into());
        match which {
            Bound::Starts => self.boots = number,
            Bound::Boot => self.boot = time,
            Bound::Silence => self.silence = time,
            Bound::Dump => self.dump = time,
            Bound::Grace => self.grace = time,
            Bound::Host => self.host = time,
        }
    }

    /// Of Windows' installation, which starts it several times and says nothing until its end.
    #[must_use]
    pub fn of_install() -> Self {
        let total = Duration::from_secs(5400);
        Self { boot: total, total, mute_boots: 12, ..Self::of_plan(&crate::plan::base("")) }
    }
}

/// How a session ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "how", content = "text", rename_all = "kebab-case")]
pub enum End {
    /// The guest came to the end of its plan.
    Done,
    /// No start led to a record.
    NeverBooted(String),
    /// It starts, and never comes to a test.
    BootLoop(String),
    /// The bound for everything.
    OutOfTime,
    /// The host did not come back.
    HostGone(String),
    /// The host could not do what was asked.
    Host(String),
}

impl End {
    /// One sentence.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Done => "the plan was worked off".to_owned(),
            Self::NeverBooted(text) => format!("the guest never booted: {text}"),
            Self::BootLoop(text) => format!("the guest starts again and again: {text}"),
            Self::OutOfTime => "out of time".to_owned(),
            Self::HostGone(text) => format!("the host disappeared: {text}"),
            Self::Host(text) => format!("the host failed: {text}"),
        }
    }
}

/// Result of a test.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// Its name in the plan.
    pub test: String,
    /// How it ended.
    pub verdict: Verdict,
    /// One sentence.
    pub text: String,
    /// Seconds.
    pub seconds: u64,
    /// Figures.
    #[serde(default)]
    pub facts: BTreeMap<String, String>,
}

/// What a session gives.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// How it ended.
    pub end: End,
    /// One for each test of the plan, in its order.
    pub tests: Vec<Outcome>,
    /// What else was seen.
    pub notes: Vec<String>,
    /// Starts of the guest.
    pub boots: u32,
    /// Seconds.
    pub seconds: u64,
    /// What Windows said it is.
    pub windows: String,
}

impl Summary {
    /// Whether all is well.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.end == End::Done && !self.tests.iter().any(|test| test.verdict.is_bad())
    }
}

/// The test that runs now.
struct Current {
    test: String,
    since: Duration,
}

/// A file of the guest, of which some parts came.
struct Incoming {
    parts: u32,
    data: BTreeMap<u32, Vec<u8>>,
}

/// What is said of a guest that beats in xenstore and is silent on COM1.
const UNHEARD: &str = "the guest lives, but what it says does not arrive";
/// Longest delay that a guest can ask for, in seconds.
const AFTER_MAX: u64 = 120;
/// Most bytes of a file.
const FILE_MAX: usize = 64 << 20;
/// Troubles in a row after which the host is given up.
const TROUBLES: u32 = 3;

/// A session under way.
pub struct Session<'a> {
    stack: &'a dyn Toolstack,
    clock: &'a dyn Clock,
    vm: &'a Vm,
    plan: &'a Plan,
    bounds: Bounds,
    images: Vec<String>,
    press_key: bool,
    folder: PathBuf,
    log: File,

    boot: Boot,
    offset: u64,
    reader: Reader,
    queue: VecDeque<Heard>,
    start: Duration,
    started: Duration,
    sign: Duration,
    spoke: bool,
    ever_spoke: bool,
    mute: u32,
    fruitless: u32,
    leaving: Option<Leave>,
    done: bool,
    dying: Option<Duration>,
    current: Option<Current>,
    results: BTreeMap<String, Outcome>,
    incoming: BTreeMap<String, Incoming>,
    answer: Answer,
    published: Option<(u32, Answer)>,
    gap_since: Option<Duration>,
    /// Its beat in xenstore, looked at when it had been silent for a while.
    beat: Option<Option<String>>,
    unheard: Option<Duration>,
    troubles: u32,
    gone_since: Option<Duration>,
    notes: Vec<String>,
    windows: String,
}

impl<'a> Session<'a> {
    /// A session that keeps logs and files below `folder`.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn new(
        stack: &'a dyn Toolstack,
        clock: &'a dyn Clock,
        vm: &'a Vm,
        plan: &'a Plan,
        bounds: Bounds,
        images: Vec<String>,
        folder: &Path,
    ) -> std::io::Result<Self> {
        fs::create_dir_all(folder)?;
        let log = OpenOptions::new().create(true).append(true).open(folder.join("session.log"))?;
        let now = clock.now();
        Ok(Self {
            stack,
            clock,
            vm,
            plan,
            bounds,
            images,
            press_key: false,
            folder: folder.to_owned(),
            log,
            boot: Boot { incarnation: 0, images: Vec::new(), serial: String::new() },
            offset: 0,
            reader: Reader::new(),
            queue: VecDeque::new(),
            start: now,
            started: now,
            sign: now,
            spoke: false,
            ever_spoke: false,
            mute: 0,
            fruitless: 0,
            leaving: None,
            done: false,
            dying: None,
            current: None,
            results: BTreeMap::new(),
            incoming: BTreeMap::new(),
            answer: Answer::default(),
            published: None,
            gap_since: None,
            beat: None,
            unheard: None,
            troubles: 0,
            gone_since: None,
            notes: Vec::new(),
            windows: String::new(),
        })
    }

    /// Lets the first start press Enter for the first half minute.
    #[must_use]
    pub fn pressing_a_key(mut self) -> Self {
        self.press_key = true;
        self
    }

    /// Works until the end. The guest is left as it is; the caller destroys it.
    pub fn run(mut self) -> Summary {
        let end = loop {
            if self.clock.now() - self.start > self.bounds.total {
                break End::OutOfTime;
            }
            match self.step() {
                Ok(Some(end)) => break end,
                Ok(None) => self.all_is_well(),
                Err(trouble) => {
                    if let Some(end) = self.trouble(trouble) {
                        break end;
                    }
                }
            }
            self.clock.sleep(self.bounds.poll);
        };
        self.finish(end)
    }

    fn finish(mut self, end: End) -> Summary {
        self.line(&format!("end: {}", end.text()));
        if !matches!(end, End::HostGone(_)) {
            match self.stack.logs(self.vm) {
                Ok(logs) => {
                    for (name, text) in logs {
                        self.keep(&name, text.as_bytes());
                    }
                }
                Err(trouble) => self.note(&format!("the host's logs could not be had: {trouble}")),
            }
        }
        for (name, file) in std::mem::take(&mut self.incoming) {
            self.note(&format!("of file {name} only {} of {} parts came", file.data.len(), file.parts));
        }
        let (running, now) = (self.current.take(), self.clock.now());
        let tests = self.plan.tests.iter().map(|test| {
            if let Some(known) = self.results.remove(&test.name) {
                return known;
            }
            let under_way = running.as_ref().filter(|current| current.test == test.name);
            let (verdict, seconds) = match (under_way, &end) {
                (Some(current), End::HostGone(_)) => (Verdict::Lost, (now - current.since).as_secs()),
                (Some(current), _) => (Verdict::Hang, (now - current.since).as_secs()),
                (None, _) => (Verdict::NotRun, 0),
            };
            Outcome { test: test.name.clone(), verdict, text: end.text(), seconds, facts: BTreeMap::new() }
        });
        Summary {
            tests: tests.collect(),
            end,
            notes: self.notes,
            boots: self.boot.incarnation,
            seconds: (now - self.start).as_secs(),
            windows: self.windows,
        }
    }

    /// One look at everything.
    fn step(&mut self) -> Result<Option<End>, Trouble> {
        if self.boot.incarnation == 0 {
            return self.next_incarnation();
        }
        self.listen()?;
        match self.stack.state(self.vm)? {
            State::Running(domain) => self.attend(domain),
            State::Crashed(_) => {
                self.last_words()?;
                self.note("Windows stopped; the domain was preserved");
                self.stack.destroy(self.vm)?;
                self.is_down()
            }
            State::Gone => {
                self.last_words()?;
                self.is_down()
            }
        }
    }

    fn next_incarnation(&mut self) -> Result<Option<End>, Trouble> {
        if self.mute >= self.bounds.mute_boots {
            let text = format!("{} starts, none with a sign of life", self.mute);
            return Ok(Some(End::NeverBooted(text)));
        }
        if self.fruitless >= self.bounds.boots {
            return Ok(Some(End::BootLoop(format!("{} times without coming to a test", self.fruitless))));
        }
        let boot = self.incarnation(self.boot.incarnation + 1);
        self.stack.start(self.vm, &boot)?;
        self.switch(boot);
        self.mute += 1;
        self.fruitless += 1;
        let now = self.clock.now();
        (self.started, self.sign, self.spoke, self.leaving, self.dying) = (now, now, false, None, None);
        self.line(&format!("start {}", self.boot.incarnation));
        Ok(None)
    }

    fn incarnation(&self, number: u32) -> Boot {
        let folder = self.stack.folder(&self.vm.run);
        Boot {
            incarnation: number,
            images: self.images.clone(),
            serial: format!("{folder}/{}.serial-{number}", self.vm.name),
        }
    }

    fn switch(&mut self, boot: Boot) {
        self.boot = boot;
        self.offset = 0;
        self.published = None;
    }

    /// Reads on and deals with what was said.
    fn listen(&mut self) -> Result<(), Trouble> {
        self.hear()?;
        self.digest()
    }

    /// What it said last may have come after our look; what is missing then will not be said again.
    fn last_words(&mut self) -> Result<(), Trouble> {
        self.listen()?;
        while self.reader.gap() {
            self.give_up_gap();
            self.digest()?;
        }
        Ok(())
    }

    fn give_up_gap(&mut self) {
        self.gap_since = None;
        self.note(&format!("records behind {} are lost", self.reader.have()));
        self.queue.extend(self.reader.skip_gap());
    }

    fn hear(&mut self) -> Result<(), Trouble> {
        let bytes = self.stack.host().tail(&self.boot.serial, self.offset)?;
        if bytes.is_empty() {
            return Ok(());
        }
        self.offset += bytes.len() as u64;
        self.append(&format!("serial-{}.log", self.boot.incarnation), &bytes);
        self.queue.extend(self.reader.feed(&bytes));
        Ok(())
    }

    /// Deals with what was heard. What cannot be done now, because the host is away, stays in line.
    fn digest(&mut self) -> Result<(), Trouble> {
        while let Some(one) = self.queue.front().cloned() {
            match one {
                Heard::Record(record) => self.record(record)?,
                Heard::Noise(text) => self.line(&format!("noise: {text}")),
            }
            self.queue.pop_front();
        }
        Ok(())
    }

    fn record(&mut self, record: Record) -> Result<(), Trouble> {
        let now = self.clock.now();
        (self.sign, self.unheard, self.beat) = (now, None, None);
        (self.spoke, self.ever_spoke, self.mute) = (true, true, 0);
        match record {
            Record::Beat { .. } => {}
            Record::Say { text } => self.line(&format!("guest: {text}")),
            Record::Hello { windows, plan, door, broken } => {
                let state = if door { "open" } else { "closed" };
                self.line(&format!("hello from {windows}, plan {plan}, door {state}"));
                self.windows = windows;
                if plan != self.plan.id {
                    self.note(&format!("the guest works on plan {plan}, not on {}", self.plan.id));
                }
                if let Some(test) = broken {
                    self.ended(
                        &test,
                        Verdict::Crash,
                        "Windows stopped or was reset during the test",
                        BTreeMap::new(),
                    );
                }
            }
            Record::Begin { test } => {
                self.line(&format!("begin {test}"));
                self.fruitless = 0;
                self.current = Some(Current { test, since: now });
            }
            Record::End { test, verdict, text, facts } => self.ended(&test, verdict, &text, facts),
            Record::Want { n, what, args } if n > self.answer.n => {
                self.line(&format!("want {n}: {what} {args:?}"));
                let done = self.want(&what, &args);
                if let Err(Trouble::Gone(text)) = done {
                    return Err(Trouble::Gone(text));
                }
                let (ok, text) = match done {
                    Ok(Done::Yes(text)) => (true, text),
                    Ok(Done::Unsupported) => (false, "unsupported".to_owned()),
                    Err(trouble) => (false, trouble.to_string()),
                };
                self.line(&format!("answer {n}: {ok} {text}"));
                (self.answer.n, self.answer.ok, self.answer.text) = (n, ok, text);
                self.sign = self.clock.now();
            }
            Record::Want { .. } => {}
            Record::Leave { why } => {
                self.line(&format!("leave: {why:?}"));
                self.leaving = Some(why);
            }
            Record::File { name, part, parts, data } => self.part(&name, part, parts, &data),
            Record::Done => {
                self.line("done");
                self.done = true;
            }
        }
        Ok(())
    }

    fn ended(&mut self, test: &str, verdict: Verdict, text: &str, facts: BTreeMap<String, String>) {
        let now = self.clock.now();
        self.line(&format!("end {test}: {} {text}", verdict.name()));
        self.fruitless = 0;
        if !self.plan.tests.iter().any(|known| known.name == test) {
            self.note(&format!("the guest speaks of a test that is not in the plan: {test}"));
            return;
        }
        let seconds = match self.current.take() {
            Some(current) if current.test == test => (now - current.since).as_secs(),
            other => {
                self.current = other;
                0
            }
        };
        // What the host saw before the guest could say anything stays.
        self.results.entry(test.to_owned()).or_insert_with(|| Outcome {
            test: test.to_owned(),
            verdict,
            text: text.to_owned(),
            seconds,
            facts,
        });
    }

    fn want(&mut self, what: &str, args: &BTreeMap<String, String>) -> Result<Done, Trouble> {
        // Some things are wanted a little later: to be woken, for one, by who first has to fall asleep.
        let after = args.get("after").and_then(|text| text.parse().ok()).unwrap_or(0).min(AFTER_MAX);
        self.clock.sleep(Duration::from_secs(after));
        if let Some(done) = serve::act(self.stack, self.vm, what, args)? {
            return Ok(done);
        }
        let again = self.incarnation(self.boot.incarnation + 1);
        let done = self.stack.act(self.vm, &again, what, args)?;
        if done != Done::Unsupported && matches!(what, "suspend" | "migrate") {
            // The rest of the old file, then the new one; the boot is the same. We are in the midst of a
            // record: what comes now is dealt with after it.
            self.hear()?;
            self.switch(again);
        }
        Ok(done)
    }

    fn part(&mut self, name: &str, part: u32, parts: u32, data: &str) {
        let Ok(data) = STANDARD.decode(data) else {
            return self.note(&format!("a part of file {name} is not base64"));
        };
        let file =
            self.incoming.entry(name.to_owned()).or_insert_with(|| Incoming { parts, data: BTreeMap::new() });
        let size: usize = file.data.values().map(Vec::len).sum();
        if parts != file.parts || part >= parts || size + data.len() > FILE_MAX {
            self.incoming.remove(name);
            return self.note(&format!("file {name} makes no sense or is too large"));
        }
        file.data.insert(part, data);
        if file.data.len() == parts as usize {
            let whole: Vec<u8> = self
                .incoming
                .remove(name)
                .into_iter()
                .flat_map(|file| file.data.into_values().flatten())
                .collect();
            let plain: String = name
                .chars()
                .map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' })
                .collect();
            self.line(&format!("file {plain}, {} bytes", whole.len()));
            self.keep(&format!("guest-{plain}"), &whole);
        }
    }

    /// The domain runs: answers, silence, bounds.
    fn attend(&mut self, domain: u32) -> Result<Option<End>, Trouble> {
        let now = self.clock.now();
        if self.press_key && self.boot.incarnation == 1 && now - self.started < Duration::from_secs(30) {
            self.stack.press_key(self.vm)?;
        }
        if let Some(until) = self.dying {
            if now > until {
                self.stack.destroy(self.vm)?;
                return self.next_incarnation();
            }
            return Ok(None);
        }
        self.mind_the_gap(now);
        self.publish(domain)?;
        if let Some(current) = &self.current {
            let bound =
                self.plan.tests.iter().find(|test| test.name == current.test).map_or(0, |test| test.bound);
            if now - current.since > Duration::from_secs(bound) + self.bounds.grace {
                let test = current.test.clone();
                let (verdict, text) = match self.unheard {
                    Some(_) => (Verdict::Lost, UNHEARD.to_owned()),
                    None => (Verdict::Hang, format!("did not end within {bound} s")),
                };
                self.ended(&test, verdict, &text, BTreeMap::new());
                return self.kill(now);
            }
        }
        let limit = if self.spoke { self.bounds.silence } else { self.bounds.boot };
        if self.spoke && self.beat.is_none() && now - self.sign > limit / 2 {
            self.beat = Some(self.stack.read(domain, wire::BEAT)?);
        }
        if now - self.sign <= limit {
            return Ok(None);
        }
        if self.spoke && self.answer_to_silence(domain, now)? {
            return Ok(None);
        }
        let (verdict, text) = match (self.unheard, self.spoke) {
            (Some(_), _) => (Verdict::Lost, UNHEARD),
            (None, true) => (Verdict::Hang, "the guest is silent and does not beat"),
            (None, false) => (Verdict::Hang, "the guest was started and said nothing"),
        };
        match self.current.as_ref().map(|current| current.test.clone()) {
            Some(test) => self.ended(&test, verdict, text, BTreeMap::new()),
            None => self.note(text),
        }
        self.unheard = None;
        self.kill(now)
    }

    /// Whether a silent guest gets more time, because it beats in xenstore.
    fn answer_to_silence(&mut self, domain: u32, now: Duration) -> Result<bool, Trouble> {
        let beat = self.stack.read(domain, wire::BEAT)?;
        let alive = beat.is_some() && self.beat.as_ref().is_some_and(|before| *before != beat);
        match self.unheard {
            None if alive => {
                self.line("silent, but it beats: asking it to say everything again");
                self.unheard = Some(now);
                self.ask_again();
                Ok(true)
            }
            Some(since) => Ok(now - since <= self.bounds.silence),
            None => Ok(false),
        }
    }

    fn ask_again(&mut self) {
        self.answer.boot = self.reader.boot().to_owned();
        self.answer.have = self.reader.have();
        self.answer.again += 1;
    }

    /// Records are missing: asks for them, and gives them up after a while.
    fn mind_the_gap(&mut self, now: Duration) {
        if !self.reader.gap() {
            self.gap_since = None;
            return;
        }
        match self.gap_since {
            None => {
                self.gap_since = Some(now);
                self.line(&format!("records behind {} are missing: asking for them", self.reader.have()));
                self.ask_again();
            }
            Some(since) if now - since > self.bounds.silence => self.give_up_gap(),
            Some(_) => {}
        }
    }

    fn publish(&mut self, domain: u32) -> Result<(), Trouble> {
        let fresh = self.answer != Answer::default();
        if fresh && self.published.as_ref() != Some(&(domain, self.answer.clone())) {
            self.stack.write(domain, wire::ANSWER, &wire::encode_answer(&self.answer))?;
            self.published = Some((domain, self.answer.clone()));
        }
        Ok(())
    }

    /// Ends a guest that hangs: first in a way that leaves a dump.
    fn kill(&mut self, now: Duration) -> Result<Option<End>, Trouble> {
        self.line("sending an NMI, for a dump");
        self.dying = Some(now + self.bounds.dump);
        self.stack.nmi(self.vm)?;
        Ok(None)
    }

    /// The domain is no more: at its end, or on the way to its next start.
    fn is_down(&mut self) -> Result<Option<End>, Trouble> {
        if self.done {
            return Ok(Some(End::Done));
        }
        let expected = self.leaving.is_some() || self.dying.is_some() || !self.ever_spoke;
        if !expected {
            let text = "Windows stopped or reset itself";
            match self.current.as_ref().map(|current| current.test.clone()) {
                Some(test) => self.ended(&test, Verdict::Crash, text, BTreeMap::new()),
                None => self.note(&format!("{text} between tests")),
            }
        }
        self.next_incarnation()
    }

    fn trouble(&mut self, trouble: Trouble) -> Option<End> {
        let now = self.clock.now();
        let Trouble::Gone(text) = &trouble else {
            self.troubles += 1;
            self.note(&trouble.to_string());
            return (self.troubles >= TROUBLES).then(|| End::Host(trouble.to_string()));
        };
        let since = *self.gone_since.get_or_insert(now);
        if since == now {
            self.line(&format!("the host does not answer: {text}"));
        }
        (now - since > self.bounds.host).then(|| End::HostGone(text.clone()))
    }

    fn all_is_well(&mut self) {
        self.troubles = 0;
        if let Some(since) = self.gone_since.take() {
            let now = self.clock.now();
            self.note(&format!("the host was away for {} s", (now - since).as_secs()));
            // Nobody could be heard meanwhile.
            self.sign = now;
        }
    }

    fn note(&mut self, text: &str) {
        self.line(&format!("note: {text}"));
        self.notes.push(text.to_owned());
    }

    fn line(&mut self, text: &str) {
        let seconds = (self.clock.now() - self.start).as_secs();
        // A full disk here is no reason to lose the run.
        drop(writeln!(self.log, "{seconds:6} {text}"));
    }

    fn keep(&mut self, name: &str, data: &[u8]) {
        if let Err(error) = fs::write(self.folder.join(name), data) {
            self.notes.push(format!("cannot keep {name}: {error}"));
        }
    }

    fn append(&mut self, name: &str, data: &[u8]) {
        let file = OpenOptions::new().create(true).append(true).open(self.folder.join(name));
        if let Err(error) = file.and_then(|mut file| file.write_all(data)) {
            self.notes.push(format!("cannot keep {name}: {error}"));
        }
    }
}
