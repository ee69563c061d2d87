//! What the disk held, change by change.

use std::{collections::BTreeSet, sync::Arc};

use crate::{files::Files, hive::Hive};

/// A state of the disk.
#[derive(Clone)]
pub struct Disk {
    /// The hive.
    pub hive: Arc<Hive>,
    /// The volume.
    pub files: Arc<Files>,
}

/// A recording. Hive and files reach the disk in the order of their changes, each for itself, at any time
/// after the change; a flush of one waits until all of its changes are there.
#[derive(Default)]
pub struct Tape {
    hives: Vec<Arc<Hive>>,
    files: Vec<Arc<Files>>,
    /// After each change: which hive and which files are current, and which are certainly on the disk.
    moments: Vec<Moment>,
    flushed: (usize, usize),
}

#[derive(Clone, Copy)]
struct Moment {
    hive: usize,
    files: usize,
    hive_flushed: usize,
    files_flushed: usize,
}

impl Tape {
    /// Begins with what is on the disk.
    #[must_use]
    pub fn new(disk: &Disk) -> Self {
        let mut tape = Self::default();
        tape.hives.push(Arc::clone(&disk.hive));
        tape.files.push(Arc::clone(&disk.files));
        tape.note();
        tape
    }

    fn note(&mut self) {
        self.moments.push(Moment {
            hive: self.hives.len() - 1,
            files: self.files.len() - 1,
            hive_flushed: self.flushed.0,
            files_flushed: self.flushed.1,
        });
    }

    /// The hive has changed.
    pub fn hive(&mut self, hive: &Arc<Hive>) {
        self.hives.push(Arc::clone(hive));
        self.note();
    }

    /// The files have changed.
    pub fn files(&mut self, files: &Arc<Files>) {
        self.files.push(Arc::clone(files));
        self.note();
    }

    /// The hive is on the disk.
    pub fn flush_hive(&mut self) {
        self.flushed.0 = self.hives.len() - 1;
        self.note();
    }

    /// The files are on the disk.
    pub fn flush_files(&mut self) {
        self.flushed.1 = self.files.len() - 1;
        self.note();
    }

    /// Changes recorded: the points at which the power can fail.
    #[must_use]
    pub fn cuts(&self) -> usize {
        self.moments.len()
    }

    /// Every state in which the power can leave the disk.
    #[must_use]
    pub fn disks(&self) -> Vec<Disk> {
        let mut pairs = BTreeSet::new();
        for moment in &self.moments {
            for hive in moment.hive_flushed..=moment.hive {
                for files in moment.files_flushed..=moment.files {
                    pairs.insert((hive, files));
                }
            }
        }
        pairs
            .into_iter()
            .map(|(hive, files)| Disk {
                hive: Arc::clone(&self.hives[hive]),
                files: Arc::clone(&self.files[files]),
            })
            .collect()
    }
}
