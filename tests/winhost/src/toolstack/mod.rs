//! What is asked of a Xen host, whatever its toolstack.

mod xe;
mod xl;

use std::collections::BTreeMap;

use crate::runner::{Host, Trouble};

pub use xe::Xe;
pub use xl::{Xl, config};

/// Firmware of a guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, serde::Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Firmware {
    /// SeaBIOS, MBR disk.
    Bios,
    /// OVMF without Secure Boot, GPT disk.
    Uefi,
}

/// A guest of one cell.
#[derive(Clone, Debug)]
pub struct Vm {
    /// Name of the run; everything that is made on the host has it in its name.
    pub run: String,
    /// Name of the domain: `winhost-<run>-<cell>`.
    pub name: String,
    /// Firmware.
    pub firmware: Firmware,
    /// Memory in MiB.
    pub memory: u32,
    /// Processors.
    pub processors: u32,
    /// Bridge of its NIC; with XAPI the name of a network.
    pub bridge: String,
}

/// Where a system disk comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum System {
    /// A new, empty one of so many GiB.
    Empty(u32),
    /// A copy-on-write copy of a kept base.
    Base(String),
}

/// One start of a guest.
#[derive(Clone, Debug)]
pub struct Boot {
    /// Counts from 1.
    pub incarnation: u32,
    /// ISO images on the host, Windows' own first.
    pub images: Vec<String>,
    /// File on the host that COM1 goes to.
    pub serial: String,
}

/// What has become of a guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It has this domain number.
    Running(u32),
    /// It crashed and is preserved.
    Crashed(u32),
    /// There is no such domain.
    Gone,
}

/// Outcome of something that a guest asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Done {
    /// Done.
    Yes(String),
    /// This toolstack cannot do that.
    Unsupported,
}

/// Arguments of a want.
pub type Args = BTreeMap<String, String>;

/// A toolstack. Every method may be called again after it failed half-way.
pub trait Toolstack {
    /// The host.
    fn host(&self) -> &Host;
    /// Its name and version.
    ///
    /// # Errors
    /// There is no such toolstack.
    fn probe(&self) -> Result<String, Trouble>;
    /// Whether a base image is kept under this key.
    ///
    /// # Errors
    /// [`Trouble`].
    fn has_base(&self, key: &str) -> Result<bool, Trouble>;
    /// Keeps a disk file on the host as base.
    ///
    /// # Errors
    /// [`Trouble`].
    fn import_base(&self, key: &str, path: &str, vm: &Vm) -> Result<(), Trouble>;
    /// Makes the guest's disks anew: the system, and an empty data disk of 4 GiB without an emulated twin.
    ///
    /// # Errors
    /// [`Trouble`].
    fn make_disks(&self, vm: &Vm, system: &System) -> Result<(), Trouble>;
    /// Keeps the system disk of a guest that is down as base; it is no longer the guest's.
    ///
    /// # Errors
    /// [`Trouble`].
    fn keep_base(&self, vm: &Vm, key: &str) -> Result<(), Trouble>;
    /// Starts it.
    ///
    /// # Errors
    /// [`Trouble`].
    fn start(&self, vm: &Vm, boot: &Boot) -> Result<(), Trouble>;
    /// What has become of it.
    ///
    /// # Errors
    /// [`Trouble`].
    fn state(&self, vm: &Vm) -> Result<State, Trouble>;
    /// Ends it at once; fine when it is gone.
    ///
    /// # Errors
    /// [`Trouble`].
    fn destroy(&self, vm: &Vm) -> Result<(), Trouble>;
    /// Does what the guest asks for. `boot` is its present incarnation; what restores it uses `again`.
    ///
    /// # Errors
    /// [`Trouble`].
    fn act(&self, vm: &Vm, again: &Boot, what: &str, args: &Args) -> Result<Done, Trouble>;
    /// Sends a non-maskable interrupt: Windows stops with a dump.
    ///
    /// # Errors
    /// [`Trouble`].
    fn nmi(&self, vm: &Vm) -> Result<(), Trouble>;
    /// Presses Enter: Windows' installation medium asks for a key under UEFI.
    ///
    /// # Errors
    /// [`Trouble`].
    fn press_key(&self, vm: &Vm) -> Result<(), Trouble>;
    /// Logs of the host about this guest: name and text.
    ///
    /// # Errors
    /// [`Trouble`].
    fn logs(&self, vm: &Vm) -> Result<Vec<(String, String)>, Trouble>;
    /// Names of all that a run has on the host.
    ///
    /// # Errors
    /// [`Trouble`].
    fn leftovers(&self, run: &str) -> Result<Vec<String>, Trouble>;
    /// Removes all that a run has on the host, whatever state it is in.
    ///
    /// # Errors
    /// [`Trouble`].
    fn sweep(&self, run: &str) -> Result<(), Trouble>;

    /// Folder of a run on the host.
    fn folder(&self, run: &str) -> String;

    /// Reads a node of xenstore below the domain's path.
    ///
    /// # Errors
    /// [`Trouble`].
    fn read(&self, domain: u32, node: &str) -> Result<Option<String>, Trouble> {
        let path = format!("/local/domain/{domain}/{node}");
        Ok(self.host().maybe(&["xenstore-read", &path])?.map(|text| text.trim_end().to_owned()))
    }

    /// Writes a node of xenstore below the domain's path.
    ///
    /// # Errors
    /// [`Trouble`].
    fn write(&self, domain: u32, node: &str, value: &str) -> Result<(), Trouble> {
        let path = format!("/local/domain/{domain}/{node}");
        // The program takes C's escapes for what they stand for.
        self.host().ok(&["xenstore-write", &path, &value.replace('\\', "\\\\")]).map(drop)
    }
}

/// A run's or a cell's name: it becomes part of file names and of shell words.
#[must_use]
pub fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 48
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        && !text.starts_with(['.', '-'])
}

/// A run's name has no dash, so that no run's prefix is another's.
#[must_use]
pub fn is_run(text: &str) -> bool {
    is_name(text) && !text.contains('-')
}

#[cfg(test)]
mod tests {
    use super::{is_name, is_run};

    #[test]
    fn names_are_harmless() {
        assert!(is_name("server2022-uefi.smoke_1"));
        for bad in ["", "..", "-x", "a/b", "a b", "a'b", "a;b", &"a".repeat(49)] {
            assert!(!is_name(bad), "{bad}");
        }
        assert!(is_run("20261125") && !is_run("a-b"));
    }
}
