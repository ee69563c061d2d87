//! What a run remembers on this machine: which cells ended how, and whether the host is clean.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::session::{End, Summary};

/// File of a run's folder.
const FILE: &str = "state.json";

/// State of a run.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct State {
    /// Name of the run.
    pub run: String,
    /// `local` or an ssh destination.
    pub host: String,
    /// `xl` or `xe`.
    pub toolstack: String,
    /// Folder on the host.
    pub store: String,
    /// Nothing of the run is on the host.
    pub clean: bool,
    /// Cells that ended.
    pub cells: BTreeMap<String, Summary>,
}

impl State {
    /// Whether a cell need not be run any more. One whose host disappeared does.
    #[must_use]
    pub fn has_ended(&self, cell: &str) -> bool {
        self.cells.get(cell).is_some_and(|summary| !matches!(summary.end, End::HostGone(_)))
    }

    /// Reads it; `None` when there is none.
    ///
    /// # Errors
    /// It is not readable.
    pub fn load(folder: &Path) -> Result<Option<Self>> {
        let path = folder.join(FILE);
        if !path.exists() {
            return Ok(None);
        }
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        serde_json::from_str(&text).map(Some).with_context(|| format!("{} is damaged", path.display()))
    }

    /// Writes it, whole or not at all.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn save(&self, folder: &Path) -> Result<()> {
        let (path, part) = (folder.join(FILE), folder.join("state.json.part"));
        fs::create_dir_all(folder)
            .and_then(|()| fs::write(&part, serde_json::to_string_pretty(self)?))
            .and_then(|()| fs::rename(&part, &path))
            .with_context(|| format!("cannot write {}", path.display()))
    }
}

/// All runs below a folder whose host is not clean.
///
/// # Errors
/// The folder cannot be read.
pub fn unclean(runs: &Path) -> Result<Vec<State>> {
    let mut found = Vec::new();
    let Ok(entries) = fs::read_dir(runs) else { return Ok(found) };
    for entry in entries {
        if let Some(state) = State::load(&entry?.path())?
            && !state.clean
        {
            found.push(state);
        }
    }
    Ok(found)
}
