//! Decides and carries out what changes a Windows system when the Xen PV drivers are installed,
//! upgraded, repaired or removed.
//!
//! [`facts`] looks, [`refuse`] says no, [`plan`] decides the next steps from the facts alone, and
//! [`run`] carries them out over a [`system::System`], which is Windows itself or the model of
//! `tests/bootmodel`. Nothing remembers how far it has come: after any interruption the facts are
//! looked at anew and the plan is what is missing. Why no order of steps and no power cut leaves a
//! guest that does not boot: docs/boot-safety.md.

pub mod doctor;
pub mod facts;
pub mod hive;
pub mod names;
pub mod net;
pub mod package;
pub mod plan;
pub mod refuse;
pub mod registry;
pub mod run;
pub mod state;
pub mod step;
pub mod system;
#[cfg(windows)]
pub mod windows;
