//! The machine at work: running its programs, and getting Debian packages with and without root. For
//! `xtask` and the Xen rig; nothing of drivers or of Xen is in here.

pub mod apt;
pub mod need;
pub mod run;
