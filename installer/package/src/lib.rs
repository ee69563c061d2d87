//! Makes what is shipped out of built drivers and programs: catalogs, signatures, the MSI, a folder for
//! offline injection, symbols, a bill of materials and checksums. `cargo xtask package` builds and calls it.
#![forbid(unsafe_code)]

mod archive;
pub mod catalog;
pub mod pe;
pub mod sbom;
pub mod ship;
pub mod sign;
