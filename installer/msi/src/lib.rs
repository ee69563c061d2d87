//! The MSI package, as data: tables are built (`product`, `dialogs`), checked ([`check`]), executed on
//! a model that fails at every step ([`model`]), and written ([`write()`]).
//!
//! What a table means is in Microsoft's "Windows Installer: Database Tables"; which order of actions is
//! legal in "Sequence Table Detailed Example" and the pages of the single actions. The format itself
//! comes from the crates `msi`, `cab` and `cfb`.
#![forbid(unsafe_code)]

pub mod check;
pub mod condition;
mod database;
mod dialogs;
pub mod model;
mod product;
mod schema;
mod write;

pub use database::{Cell, Database};
pub use product::{File, Product, UPGRADE_CODE, database};
pub use write::{Contents, cabinet, read, write};
