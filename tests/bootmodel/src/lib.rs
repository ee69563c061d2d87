//! A model of how Windows starts and installs drivers, for one question: does the guest boot?
//!
//! The disk holds a registry hive and files ([`hive`], [`files`]), which reach it independently of each
//! other. [`boot`] plays the boot loader and the kernel: which drivers are loaded, which devices are bound,
//! what xenpci decides (its own policy code), which disks Windows sees. What comes up is a
//! [`windows::Windows`], on which the setup program's real planner and executor work. Every single change is
//! recorded ([`tape`]): each is a point at which the power can fail, with everything that was not flushed
//! either on the disk or not.
//!
//! Why not in ntsim: it is one kernel per run with real drivers and needs a tenth of a second for a boot; here
//! hundreds of thousands of boots are judged, and what matters (the boot loader, demotion, unconfigured
//! devices) happens before or beside a kernel. The INF files are the shipped ones, read by the reader that
//! ntsim uses too.

pub mod boot;
pub mod campaign;
pub mod files;
pub mod hive;
pub mod install;
pub mod machine;
pub mod regf;
pub mod release;
pub mod rival;
pub mod tape;
pub mod windows;
