//! What can be done to a system: the smallest changes that a plan is made of.

use std::{fmt, path::PathBuf};

use crate::{net::IpConfig, registry::Value};

/// One change. Each is idempotent: done twice it is done once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Sets a registry value, making the key.
    Set {
        /// Key.
        key: String,
        /// Name of the value.
        name: String,
        /// What it shall be.
        value: Value,
    },
    /// Deletes a registry value.
    Unset {
        /// Key.
        key: String,
        /// Name of the value.
        name: String,
    },
    /// Deletes a registry key with everything below.
    DeleteKey {
        /// Key.
        key: String,
    },
    /// Makes a key that the next boot does not see.
    MakeVolatile {
        /// Key.
        key: String,
    },
    /// Writes the SYSTEM hive to the disk.
    Flush,
    /// Puts a driver package into the driver store; no device is touched.
    Stage {
        /// Its INF file.
        inf: PathBuf,
    },
    /// Installs a driver package on the devices that it fits.
    Install {
        /// Its INF file, in the driver folder or in the driver store.
        inf: PathBuf,
        /// Even where a better one is installed.
        force: bool,
    },
    /// Lets Windows look for devices, and install what it has drivers for; returns when that is done.
    Rescan,
    /// Uninstalls a device instance, present or not.
    RemoveDevice {
        /// Its instance ID.
        instance: String,
    },
    /// Deletes a package from the driver store.
    RemovePackage {
        /// Its published name (`oem7.inf`).
        published: String,
    },
    /// Deletes a service.
    DeleteService {
        /// Its name.
        name: String,
    },
    /// Registers the boot service for a program.
    CreateBootService {
        /// The program.
        program: PathBuf,
    },
    /// Copies this program.
    CopyProgram {
        /// Where to.
        to: PathBuf,
    },
    /// Deletes a file of ours, now or, when it is in use, at the next boot.
    DeleteFile {
        /// The file.
        path: PathBuf,
    },
    /// Gives a network interface its addresses.
    Configure {
        /// GUID of the interface.
        interface: String,
        /// What it shall have.
        config: IpConfig,
    },
}

/// What a step that succeeded says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Windows wants a restart.
    pub restart: bool,
}

/// Why a step failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// In words, with what to do.
    pub message: String,
    /// The power went: nothing more may be done (only the model says this).
    pub power_cut: bool,
}

impl Failure {
    /// An ordinary failure.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), power_cut: false }
    }

    /// An error code of Windows' with its words, and what to do about the ones that an administrator meets.
    #[must_use]
    pub fn of(code: u32, words: &str) -> Self {
        const UNTRUSTED: &str = "Windows does not trust the signature of the package; import its certificate into \
                                 Trusted Root and Trusted Publishers of this computer, or get a release that Microsoft signed";
        // setupapi.h: the codes of SetupAPI, for which Windows has no words; wintrust's are beside them.
        let (own, advice) = match code {
            5 => ("", "run it from an elevated prompt"),
            112 => ("", "make room on the system drive"),
            0xE000_0240..=0xE000_0243 | 0x800B_0101..=0x800B_010F => (UNTRUSTED, ""),
            0xE000_0247 => (
                "Windows cannot put the package into its driver store",
                "%SystemRoot%\\INF\\setupapi.dev.log says why",
            ),
            0xE000_0248 | 0xE000_0249 => (
                "a policy forbids the installation of these devices",
                "ask whoever sets the policies of this computer",
            ),
            0xE000_0235 => ("", "this needs the x64 version of the program"),
            _ => ("", ""),
        };
        let what = if own.is_empty() { words.to_owned() } else { format!("{own} (error {code:#010x})") };
        Self::new(if advice.is_empty() { what } else { format!("{}; {advice}", what.trim_end_matches('.')) })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let short = |key: &str| {
            key.rsplit('\\').take(2).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join("\\")
        };
        match self {
            Self::Set { key, name, value } => {
                let value = match value {
                    Value::Dword(number) => number.to_string(),
                    Value::Sz(text) | Value::ExpandSz(text) => text.chars().take(60).collect(),
                    other => format!("{other:?}").chars().take(60).collect(),
                };
                write!(f, "Setting {}\\{name} to {value}", short(key))
            }
            Self::Unset { key, name } => write!(f, "Deleting the setting {}\\{name}", short(key)),
            Self::DeleteKey { key } => write!(f, "Deleting the registry key {}", short(key)),
            Self::MakeVolatile { .. } => f.write_str("Noting that a restart is due"),
            Self::Flush => f.write_str("Writing the registry to the disk"),
            Self::Stage { inf } => write!(f, "Adding {} to the driver store", file(inf)),
            Self::Install { inf, .. } => write!(f, "Installing {}", file(inf)),
            Self::Rescan => f.write_str("Looking for devices"),
            Self::RemoveDevice { instance } => write!(f, "Uninstalling the device {instance}"),
            Self::RemovePackage { published } => write!(f, "Deleting {published} from the driver store"),
            Self::DeleteService { name } => write!(f, "Deleting the service {name}"),
            Self::CreateBootService { .. } => f.write_str("Registering the boot service"),
            Self::CopyProgram { to } => write!(f, "Copying the setup program to {}", to.display()),
            Self::DeleteFile { path } => write!(f, "Deleting {}", path.display()),
            Self::Configure { interface, .. } => write!(f, "Configuring the network interface {interface}"),
        }
    }
}

/// The file's name; paths here are Windows' even when this runs on another system.
fn file(path: &std::path::Path) -> String {
    path.to_string_lossy().rsplit(['\\', '/']).next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::Failure;

    #[test]
    fn errors_say_what_to_do() {
        let said = |code, words| Failure::of(code, words).message;
        assert_eq!(said(112, "The disk is full."), "The disk is full; make room on the system drive");
        assert_eq!(said(2, "Not found."), "Not found.");
        for untrusted in [0xE000_0242, 0xE000_0243, 0x800B_0109] {
            let text = said(untrusted, "?");
            assert!(
                text.contains("import its certificate") && text.contains(&format!("{untrusted:#x}")),
                "{text}"
            );
        }
        assert!(said(0xE000_0247, "?").contains("setupapi.dev.log"));
    }
}
