//! What is remembered between runs, under `Control\XenPV`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    names::STATE,
    net::Memory,
    registry::{Registry, Value},
    step::Step,
};

/// What an administrator wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// The drivers.
    Installed,
    /// No drivers.
    Removed,
}

/// How a change is undone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Undo {
    /// Nothing was there before.
    Remove,
    /// This version was.
    Version(String),
}

/// The memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// What is wanted; absent before the first installation.
    pub wanted: Option<Wanted>,
    /// The version that is wanted.
    pub version: Option<String>,
    /// How the change that is under way is undone; absent when none is.
    pub undo: Option<Undo>,
    /// The version whose installation came to its end.
    pub finished: Option<String>,
    /// The version that has completed a boot.
    pub booted: Option<String>,
    /// The driver folder.
    pub folder: Option<String>,
    /// Settings of `UnplugDisks` and `UnplugNics` before a removal set them to 0; the text is the number
    /// or empty for absent.
    pub disarmed: [Option<String>; 2],
    /// What a take-over has switched off.
    pub others: Option<Others>,
    /// Network configurations by MAC address.
    pub network: BTreeMap<String, Memory>,
}

/// Other vendors' drivers as they were before a take-over.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Others {
    /// Services and their `Start`.
    pub services: Vec<(String, u32)>,
    /// Class keys, and their `UpperFilters` or `LowerFilters`.
    pub filters: Vec<(String, String, Vec<String>)>,
}

/// Names of the values that keep the unplug settings.
pub const DISARMED: [&str; 2] = ["DisarmedUnplugDisks", "DisarmedUnplugNics"];

impl State {
    /// Reads it. Nonsense is as good as nothing.
    #[must_use]
    pub fn read(registry: &(impl Registry + ?Sized)) -> Self {
        let text = |name: &str| registry.text(STATE, name);
        let network = format!("{STATE}\\Network");
        Self {
            wanted: match text("Wanted").as_deref() {
                Some("installed") => Some(Wanted::Installed),
                Some("removed") => Some(Wanted::Removed),
                _ => None,
            },
            version: text("Version"),
            undo: text("Undo").filter(|undo| !undo.is_empty()).map(|undo| match undo.as_str() {
                "remove" => Undo::Remove,
                _ => Undo::Version(undo),
            }),
            finished: text("Finished"),
            booted: text("Booted"),
            folder: text("Folder"),
            disarmed: DISARMED.map(text),
            others: text("Others").and_then(|text| serde_json::from_str(&text).ok()),
            network: registry
                .value_names(&network)
                .into_iter()
                .filter_map(|mac| {
                    let memory = serde_json::from_str(&registry.text(&network, &mac)?).ok()?;
                    Some((mac, memory))
                })
                .collect(),
        }
    }
}

/// Sets a text of the memory.
#[must_use]
pub fn set(name: &str, text: &str) -> Step {
    Step::Set { key: STATE.into(), name: name.into(), value: Value::Sz(text.into()) }
}

/// Forgets a text of the memory.
#[must_use]
pub fn unset(name: &str) -> Step {
    Step::Unset { key: STATE.into(), name: name.into() }
}

/// Remembers what a take-over is about to switch off.
#[must_use]
pub fn remember_others(others: &Others) -> Step {
    set("Others", &serde_json::to_string(others).unwrap_or_default())
}

/// Remembers a network configuration.
#[must_use]
pub fn remember(mac: &str, memory: &Memory) -> Step {
    let text = serde_json::to_string(memory).unwrap_or_default();
    Step::Set { key: format!("{STATE}\\Network"), name: mac.into(), value: Value::Sz(text) }
}
