//! rtl: strings, printing, memory, versions, bitmaps, security descriptors, time.

pub mod ansi;
pub mod bitmap;
pub mod convert;
pub mod guid;
pub mod memory;
pub mod print;
pub mod security;
pub mod time;
pub mod unicode;
pub mod version;
