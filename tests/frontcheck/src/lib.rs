//! Do xensim's back-ends answer as the real ones do? Sessions of requests through `blkfront` and of frames through `netfront`
//! that tell every answer by its number, in two worlds: over Linux's own devices for grants, events and xenstore (in dom0,
//! against the real xen-blkback and xen-netback), and over xensim. The two transcripts are compared line by line.

pub mod devices;
pub mod driver;
pub mod linux;
pub mod net;
pub mod session;
pub mod simulated;
pub mod wire;
