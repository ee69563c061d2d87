//! xenvbd.sys: Storport miniport over blkfront.
#![no_std]

extern crate alloc;

pub mod scsi;
