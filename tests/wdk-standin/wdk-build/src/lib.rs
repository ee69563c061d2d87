//! Stands in for Microsoft's `wdk-build`: as much of it as the drivers' build scripts call.

use std::fmt;

/// What the real one returns when it finds no WDK.
#[derive(Debug)]
pub struct ConfigError;

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no WDK")
    }
}

impl std::error::Error for ConfigError {}

/// The real one prints link arguments for the package's cdylib.
///
/// # Errors
/// Never, here.
pub fn configure_wdk_binary_build() -> Result<(), ConfigError> {
    Ok(())
}
