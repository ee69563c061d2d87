//! The NT kernel as Rust sees it: bindings and the few safe wrappers that the drivers share.
#![no_std]

pub mod sys;
