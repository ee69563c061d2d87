//! Does xensim's back-end answer as a real one does? A session of requests through `blkfront` that tells every answer by
//! the request's number, in two worlds: over Linux's own devices for grants, events and xenstore (in dom0, against the
//! real xen-blkback), and over xensim. The two transcripts are compared line by line.

pub mod linux;
pub mod session;
pub mod simulated;
