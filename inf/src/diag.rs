//! Errors and warnings, always with file and line.

use alloc::string::{String, ToString};
use core::fmt;

/// Something that is wrong with an INF file, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diag {
    /// Name of the file as it was given to the parser.
    pub file: String,
    /// Line, counted from one; zero when the whole file is meant.
    pub line: u32,
    /// What is wrong.
    pub message: String,
}

impl Diag {
    /// Makes one.
    #[must_use]
    pub fn new(file: &str, line: u32, message: impl ToString) -> Diag {
        Diag { file: file.to_string(), line, message: message.to_string() }
    }
}

impl fmt::Display for Diag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({}): {}", self.file, self.line, self.message)
    }
}

impl core::error::Error for Diag {}
