//! What a guest is to do.

use alloc::{collections::BTreeMap, string::String, vec::Vec};
use core::time::Duration;

use serde::{Deserialize, Serialize};

/// The plan's path on the payload image.
pub const FILE: &str = "plan.json";

/// One test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Test {
    /// Its name in reports, unique in the plan.
    pub name: String,
    /// What the guest runs.
    pub run: String,
    /// Seconds.
    pub bound: u64,
    /// For the script.
    #[serde(default)]
    pub args: BTreeMap<String, String>,
}

/// What a guest works on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Tells plans apart: a guest that finds another one than it was working on starts anew.
    pub id: String,
    /// In this order.
    pub tests: Vec<Test>,
}

impl Plan {
    /// As the guest reads it.
    ///
    /// # Errors
    /// None in practice: there is nothing in it that JSON has not.
    pub fn json(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(self)
    }

    /// As it stands in [`FILE`].
    ///
    /// # Errors
    /// It is none.
    pub fn read(text: &[u8]) -> serde_json::Result<Self> {
        serde_json::from_slice(text)
    }

    /// All bounds added, with five minutes for every test, as each may restart, and half an hour on top.
    #[must_use]
    pub fn total(&self) -> Duration {
        let tests: u64 = self.tests.iter().map(|test| test.bound + 300).sum();
        Duration::from_secs(tests + 1800)
    }
}
