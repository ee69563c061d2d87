//! What guest and host say to each other. Guest to host: lines on COM1. Host to guest: one node of
//! xenstore.
//!
//! A line is `@WH1 <boot> <seq> <sum> <json>`: `boot` eight hexadecimal digits, drawn anew when the agent
//! starts; `seq` counts from 1 within a boot; `sum` the first eight digits of the SHA-256 of
//! `<boot> <seq> <json>`; the JSON has no characters but printable ASCII. Firmware and boot loader may
//! write to the same port: whatever is no such line is kept as noise.

use alloc::{
    borrow::ToOwned,
    collections::{BTreeMap, BTreeSet},
    format,
    string::String,
    vec::Vec,
};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The node that the host writes, below the domain's path.
pub const ANSWER: &str = "data/winhost/host";
/// The node in which the guest counts up while it lives, below the domain's path.
pub const BEAT: &str = "data/winhost/beat";
/// Longest line that is believed in; the guest splits files into smaller parts.
pub const LINE_MAX: usize = 16 * 1024;

/// How a test ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It did what it must.
    Pass,
    /// It does not apply, or something it needs was not supplied.
    Skip,
    /// It did not what it must.
    Fail,
    /// Windows stopped or reset itself.
    Crash,
    /// Out of time.
    Hang,
    /// The guest lived but could no longer be heard.
    Lost,
    /// It never began.
    NotRun,
}

impl Verdict {
    /// Whether it makes the run fail.
    #[must_use]
    pub fn is_bad(self) -> bool {
        !matches!(self, Self::Pass | Self::Skip)
    }

    /// Its name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Skip => "skip",
            Self::Fail => "fail",
            Self::Crash => "crash",
            Self::Hang => "hang",
            Self::Lost => "lost",
            Self::NotRun => "not run",
        }
    }
}

/// Why a guest goes down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Leave {
    /// Comes back at once.
    Reboot,
    /// The host starts it again, unless the plan is done.
    Poweroff,
    /// A forced crash: the host notes none.
    Crash,
    /// S4; the host starts it again.
    Hibernate,
}

/// What a guest says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "lowercase")]
pub enum Record {
    /// First record of a boot.
    Hello {
        /// Version of Windows, or of whatever stands in.
        windows: String,
        /// The plan that it works on.
        plan: String,
        /// Whether the interface of our bus driver opened.
        door: bool,
        /// The test that was under way when the last boot ended without farewell.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        broken: Option<String>,
    },
    /// Still there.
    Beat {
        /// Whether the interface of our bus driver is open.
        door: bool,
    },
    /// A test begins.
    Begin {
        /// Its name in the plan.
        test: String,
    },
    /// Something for the log.
    Say {
        /// The text.
        text: String,
    },
    /// A test ended.
    End {
        /// Its name in the plan.
        test: String,
        /// How.
        verdict: Verdict,
        /// One sentence: what was seen.
        #[serde(default)]
        text: String,
        /// Figures.
        #[serde(default)]
        facts: BTreeMap<String, String>,
    },
    /// The test needs something done by the host.
    Want {
        /// Counts up over the whole plan.
        n: u32,
        /// What.
        what: String,
        /// Of what.
        #[serde(default)]
        args: BTreeMap<String, String>,
    },
    /// A farewell.
    Leave {
        /// Why.
        why: Leave,
    },
    /// Part of a file.
    File {
        /// Its name in the results.
        name: String,
        /// Number of this part, from 0.
        part: u32,
        /// How many parts there are.
        parts: u32,
        /// Base64.
        data: String,
    },
    /// The plan is at its end; the guest powers off.
    Done,
}

/// What the host answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The last want that was dealt with.
    pub n: u32,
    /// Whether it was done.
    pub ok: bool,
    /// What the guest may need to know of it.
    pub text: String,
    /// The boot that `have` is of.
    pub boot: String,
    /// All records up to this one are here.
    pub have: u64,
    /// Counts up when the records behind `have` are to be said again.
    pub again: u32,
}

/// JSON in printable ASCII.
fn ascii(value: &impl Serialize) -> String {
    let text = serde_json::to_string(value).unwrap_or_default();
    let mut out = String::with_capacity(text.len());
    for unit in text.encode_utf16() {
        match u8::try_from(unit) {
            Ok(byte @ 0x20..=0x7e) => out.push(char::from(byte)),
            _ => out.push_str(&format!("\\u{unit:04x}")),
        }
    }
    out
}

fn sum(boot: &str, seq: u64, json: &str) -> String {
    let hash = Sha256::digest(format!("{boot} {seq} {json}"));
    hash.iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}

/// The line of a record, without its end.
#[must_use]
pub fn encode(boot: &str, seq: u64, record: &Record) -> String {
    let json = ascii(record);
    format!("@WH1 {boot} {seq} {} {json}", sum(boot, seq, &json))
}

/// The text of an answer, as it stands in xenstore.
#[must_use]
pub fn encode_answer(answer: &Answer) -> String {
    ascii(answer)
}

/// What a line is: boot, number and record; `None` when it is no whole line of ours.
#[must_use]
pub fn decode(line: &str) -> Option<(String, u64, Record)> {
    let mut fields = line.trim_end().strip_prefix("@WH1 ")?.splitn(4, ' ');
    let (boot, seq, said, json) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
    let hex = |text: &str| text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let number: u64 = seq.parse().ok().filter(|number| *number > 0)?;
    if !hex(boot) || said != sum(boot, number, json) {
        return None;
    }
    Some((boot.to_owned(), number, serde_json::from_str(json).ok()?))
}

/// What came of feeding bytes to a [`Reader`].
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    /// A record, in order, not heard before.
    Record(Record),
    /// Text of somebody else on the same port, or a damaged line.
    Noise(String),
}

/// Takes bytes of the serial file of one incarnation, gives records in order and once each.
///
/// A record behind a gap waits until the gap is filled ([`Reader::gap`] asks for it) or given up.
#[derive(Debug, Default)]
pub struct Reader {
    partial: Vec<u8>,
    boot: String,
    have: u64,
    early: BTreeMap<u64, Record>,
    old: BTreeSet<String>,
}

impl Reader {
    /// A reader at the begin of a file.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The boot that is being heard; empty before the first record.
    #[must_use]
    pub fn boot(&self) -> &str {
        &self.boot
    }

    /// All records up to this one were given out.
    #[must_use]
    pub fn have(&self) -> u64 {
        self.have
    }

    /// Whether records came whose predecessors did not.
    #[must_use]
    pub fn gap(&self) -> bool {
        !self.early.is_empty()
    }

    /// Feeds what was read next.
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<Heard> {
        let mut heard = Vec::new();
        for &byte in bytes {
            match byte {
                b'\n' => {
                    let line = core::mem::take(&mut self.partial);
                    self.line(&line, &mut heard);
                }
                // A serial file that was cut and written on has a hole.
                0 | b'\r' => {}
                _ if self.partial.len() < LINE_MAX => self.partial.push(byte),
                _ => {}
            }
        }
        heard
    }

    /// Gives up what is missing: the records behind the gap come out.
    pub fn skip_gap(&mut self) -> Vec<Heard> {
        let mut heard = Vec::new();
        if let Some((&first, _)) = self.early.first_key_value() {
            self.have = first - 1;
            self.settle(&mut heard);
        }
        heard
    }

    fn line(&mut self, line: &[u8], heard: &mut Vec<Heard>) {
        if line.is_empty() {
            return;
        }
        let text = String::from_utf8_lossy(line).into_owned();
        // What stood before, without an end of line, is somebody else's.
        let at = text.rfind("@WH1 ").unwrap_or(0);
        let Some((boot, seq, record)) = decode(&text[at..]) else {
            heard.push(Heard::Noise(text));
            return;
        };
        if at > 0 {
            heard.push(Heard::Noise(text[..at].to_owned()));
        }
        if boot != self.boot {
            if self.old.contains(&boot) {
                return;
            }
            heard.extend(
                core::iter::from_fn(|| {
                    let rest = self.skip_gap();
                    (!rest.is_empty()).then_some(rest)
                })
                .flatten(),
            );
            self.old.insert(core::mem::replace(&mut self.boot, boot));
            self.have = 0;
        }
        if seq > self.have {
            self.early.insert(seq, record);
            self.settle(heard);
        }
    }

    fn settle(&mut self, heard: &mut Vec<Heard>) {
        while let Some(record) = self.early.remove(&(self.have + 1)) {
            self.have += 1;
            heard.push(Heard::Record(record));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    fn say(text: &str) -> Record {
        Record::Say { text: text.to_owned() }
    }

    fn records(heard: Vec<Heard>) -> Vec<Record> {
        heard
            .into_iter()
            .filter_map(|one| match one {
                Heard::Record(record) => Some(record),
                Heard::Noise(_) => None,
            })
            .collect()
    }

    #[test]
    fn the_lines_that_the_scripts_test_themselves_with() {
        // The same file is read by guest/selftest on Windows.
        let file = include_str!("../../guest/selftest/vectors.txt");
        let mut good = 0;
        let mut bad = 0;
        for line in file.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
            match line.split_once('\t') {
                Some(("good", text)) => {
                    let (boot, seq, record) = decode(text).expect(text);
                    assert_eq!(encode(&boot, seq, &record), text);
                    good += 1;
                }
                Some(("bad", text)) => {
                    assert_eq!(decode(text), None, "{text}");
                    bad += 1;
                }
                _ => panic!("{line}"),
            }
        }
        assert!(good >= 4 && bad >= 4);
    }

    #[test]
    fn text_of_any_language_is_ascii_on_the_line() {
        let record = say("Größe 磁盘 \u{1f4be}\t\"x\"");
        let line = encode("0123abcd", 7, &record);
        assert!(line.bytes().all(|byte| (0x20..0x7f).contains(&byte)), "{line}");
        assert_eq!(decode(&line), Some(("0123abcd".to_owned(), 7, record)));
    }

    #[test]
    fn records_come_in_order_and_once() {
        let mut reader = Reader::new();
        let line = |n| encode("00000001", n, &say(&n.to_string())) + "\r\n";
        let mut bytes = b"SeaBIOS\r\n".to_vec();
        for n in [1, 1, 3, 2, 3] {
            bytes.extend(line(n).bytes());
        }
        let mut heard = Vec::new();
        for chunk in bytes.chunks(7) {
            heard.extend(reader.feed(chunk));
        }
        assert_eq!(heard[0], Heard::Noise("SeaBIOS".to_owned()));
        assert_eq!(records(heard), [say("1"), say("2"), say("3")]);
        assert!(!reader.gap());
    }

    #[test]
    fn a_damaged_line_is_a_gap_until_it_is_said_again_or_given_up() {
        let mut reader = Reader::new();
        let one = encode("00000001", 1, &say("1")).replace("\"1\"", "\"7\"");
        let two = encode("00000001", 2, &say("2"));
        let heard = reader.feed(format!("{one}\n{two}\n").as_bytes());
        assert_eq!(heard.len(), 1, "only noise: {heard:?}");
        assert!(reader.gap());
        let again = encode("00000001", 1, &say("1"));
        assert_eq!(records(reader.feed(format!("{again}\n{two}\n").as_bytes())), [say("1"), say("2")]);
        let four = encode("00000001", 4, &say("4"));
        assert!(reader.feed(format!("{four}\n").as_bytes()).is_empty());
        assert_eq!(records(reader.skip_gap()), [say("4")]);
        assert_eq!(reader.have(), 4);
    }

    #[test]
    fn a_record_behind_unfinished_text_and_holes_is_found() {
        let mut reader = Reader::new();
        let mut bytes = b"\0\0\0Booting".to_vec();
        bytes.extend((encode("00000001", 1, &Record::Done) + "\n").bytes());
        assert_eq!(records(reader.feed(&bytes)), [Record::Done]);
    }

    #[test]
    fn a_new_boot_counts_anew_and_the_old_one_is_silent() {
        let mut reader = Reader::new();
        let old = encode("00000001", 5, &say("old"));
        let new = encode("00000002", 1, &say("new"));
        let heard = reader.feed(format!("{old}\n{new}\n{old}\n").as_bytes());
        assert_eq!(records(heard), [say("old"), say("new")]);
        assert_eq!(reader.boot(), "00000002");
    }

    #[test]
    fn endless_lines_take_no_memory() {
        let mut reader = Reader::new();
        for _ in 0..100 {
            reader.feed(&[b'x'; 4096]);
        }
        assert!(reader.partial.len() <= LINE_MAX);
        assert_eq!(
            records(
                reader.feed((String::from("\n") + &encode("00000001", 1, &Record::Done) + "\n").as_bytes())
            )
            .len(),
            1
        );
    }
}
