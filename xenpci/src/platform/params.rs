//! The settings of this boot.

use alloc::{format, string::String, vec::Vec};

use crate::{
    os::registry::Key,
    policy::{
        boot::{self, BootOptions},
        params::{self, Setting},
    },
};

/// `HKLM\SYSTEM\CurrentControlSet\Services\`.
pub const SERVICES: &str = r"\Registry\Machine\System\CurrentControlSet\Services";
const CONTROL: &str = r"\Registry\Machine\System\CurrentControlSet\Control";
const SETUP: &str = r"\Registry\Machine\System\Setup";

/// Settings, read once at start.
pub struct Params {
    values: [u32; params::ALL.len()],
    /// What was out of range, for the event log.
    pub complaints: Vec<String>,
    /// The loader's options.
    pub boot: BootOptions,
    /// Setup or its continuation after a restart runs.
    pub setup: bool,
}

impl Params {
    /// Reads them. `PASSIVE_LEVEL`.
    #[must_use]
    pub fn read() -> Self {
        let service = Key::open(&format!("{SERVICES}\\xenpvpci\\Parameters")).ok();
        let mut complaints = Vec::new();
        let values = params::ALL.map(|setting| {
            let (value, good) = setting.resolve(service.as_ref().and_then(|key| key.dword(setting.name)));
            if !good {
                complaints.push(format!("{} is out of range; {value} is used", setting.name));
            }
            value
        });
        let options = Key::open(CONTROL).ok().and_then(|key| key.string("SystemStartOptions"));
        let boot = options.as_deref().map(boot::parse).unwrap_or_default();
        let setup = Key::open(SETUP).ok().and_then(|key| key.dword("SystemSetupInProgress")) == Some(1);
        Self { values, complaints, boot, setup }
    }

    /// The value of a setting.
    #[must_use]
    pub fn get(&self, setting: Setting) -> u32 {
        let index = params::ALL.iter().position(|other| *other == setting);
        index.map_or(setting.default, |index| self.values[index])
    }

    /// Whether a setting is 1.
    #[must_use]
    pub fn is_on(&self, setting: Setting) -> bool {
        self.get(setting) != 0
    }
}

/// Whether a service is installed and not disabled.
#[must_use]
pub fn service_enabled(name: &str) -> bool {
    const DISABLED: u32 = 4;
    Key::open(&format!("{SERVICES}\\{name}"))
        .ok()
        .and_then(|key| key.dword("Start"))
        .is_some_and(|s| s < DISABLED)
}
