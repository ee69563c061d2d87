//! xenvbd.sys: Storport miniport over blkfront.
#![no_std]
