//! Reads Windows INF files: the syntax, the choice of models by system version, and the install
//! sections with everything they name.
//!
//! The format is the one that Microsoft documents under "INF File Sections and Directives" and
//! "General Guidelines for INF Files". No crate at hand keeps line numbers, duplicate entries and
//! version decorations, so this is our own. It is used by the stand-in kernel (which installs drivers
//! by their INF) and by the packaging tools (which lint ours). It never panics on any input; every
//! error names file and line.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod diag;
mod install;
mod lex;
mod models;
mod reg;
mod syntax;

pub use diag::Diag;
pub use install::{
    AddService, Association, CopyFile, EventLog, Install, InstallError, Library, NoLibrary, ServiceInstall,
};
pub use models::{Architecture, Decoration, Model, System};
pub use reg::{DelReg, Hive, RegData, RegOp};
pub use syntax::{Entry, Inf, Section};
