//! How tests behave in the stand-in: as usual, or as somebody wants to see the orchestrator deal with it.

use alloc::{
    borrow::ToOwned,
    collections::BTreeMap,
    format,
    string::{String, ToString},
};

use crate::wire::{Leave, Verdict};

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

/// How a test behaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Ends at once.
    End(Verdict, String),
    /// Says goodbye, goes down, and passes after the next start.
    Leave(Leave),
    /// Asks the host for these, one after the other; fails when one fails, is skipped when one is unsupported.
    Want(&'static [&'static str]),
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

/// What is not usual, by names of tests.
pub type Script = BTreeMap<String, Act>;

impl Act {
    /// What a test does when nothing else is said.
    #[must_use]
    pub fn usual(run: &str) -> Self {
        match run {
            "install.msi" | "install.old" | "install.remove" | "verifier.set" | "verifier.off"
            | "power.reboot" => Self::Leave(Leave::Reboot),
            "power.hibernate" => Self::Leave(Leave::Hibernate),
            "crash.dump" => Self::Leave(Leave::Crash),
            "power.suspend" => Self::Want(&["suspend"]),
            "power.cancelled" => Self::Want(&["cancelled-suspend"]),
            "power.migrate" => Self::Want(&["migrate"]),
            "power.sleep" => Self::Want(&["wake"]),
            "hotplug.disk" => Self::Want(&["attach-disk", "detach-disk"]),
            "hotplug.nic" => Self::Want(&["attach-nic", "detach-nic"]),
            "net.transfer" => Self::Want(&["serve", "unserve"]),
            "disk.content" => Self::Want(&["data-sum"]),
            "devfund.run" => Self::End(Verdict::Skip, "TAEF was not supplied".to_owned()),
            _ => Self::End(Verdict::Pass, "as it must".to_owned()),
        }
    }

    /// By its name on a command line.
    fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "pass" => Self::End(Verdict::Pass, "the stand-in was told to pass".to_owned()),
            "fail" => Self::End(Verdict::Fail, "the stand-in was told to fail".to_owned()),
            "crash" => Self::Crash(Power::Crash),
            "reset" => Self::Crash(Power::Reset),
            "stuck" => Self::Stuck,
            "freeze" => Self::Freeze { nmi: true },
            "freeze-hard" => Self::Freeze { nmi: false },
            "mute" => Self::Mute,
            "garble" => Self::Garble(3),
            "brick" => Self::Brick,
            "loop" => Self::Loop,
            _ => return None,
        })
    }
}

/// A script as it stands on a command line: `test:act,test:act`.
///
/// # Errors
/// An act that there is not.
pub fn parse(text: &str) -> Result<Script, String> {
    text.split(',')
        .filter(|part| !part.is_empty())
        .map(|part| {
            let (test, word) = part.split_once(':').ok_or_else(|| format!("`{part}` is no test:act"))?;
            let act = Act::parse(word).ok_or_else(|| format!("there is no act `{word}`"))?;
            Ok((test.to_string(), act))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_are_read_and_mistakes_are_said() {
        let script = parse("disk.flush:fail,power.reboot:loop").expect("good");
        assert_eq!(script.len(), 2);
        assert_eq!(script["power.reboot"], Act::Loop);
        assert_eq!(parse("").expect("empty").len(), 0);
        assert!(parse("disk.flush").is_err() && parse("disk.flush:explode").is_err());
    }
}
