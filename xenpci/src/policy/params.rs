//! Settings under the service's `Parameters` key: names, defaults and ranges.

/// A setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The value's name in the registry (`REG_DWORD`).
    pub name: &'static str,
    /// What holds when it is absent or out of range.
    pub default: u32,
    /// Smallest value allowed.
    pub min: u32,
    /// Largest value allowed.
    pub max: u32,
}

/// 1: emulated disks may be unplugged once the PV path is proven.
pub const UNPLUG_DISKS: Setting = Setting { name: "UnplugDisks", default: 1, min: 0, max: 1 };
/// 1: emulated NICs may be unplugged once the PV path is proven.
pub const UNPLUG_NICS: Setting = Setting { name: "UnplugNics", default: 1, min: 0, max: 1 };
/// 1: use FIFO event channels where the hypervisor has them.
pub const FIFO: Setting = Setting { name: "FifoEventChannels", default: 1, min: 0, max: 1 };
/// 1: use a vector per processor where the hypervisor has them.
pub const VECTORS: Setting = Setting { name: "UpcallVectors", default: 1, min: 0, max: 1 };
/// Most frames of the grant table; the hypervisor's limit counts too.
pub const GRANT_FRAMES: Setting = Setting { name: "MaxGrantFrames", default: 64, min: 4, max: 1024 };
/// 1: follow `memory/target`.
pub const BALLOON: Setting = Setting { name: "Balloon", default: 1, min: 0, max: 1 };
/// Seconds of the hypervisor's watchdog; 0 is off.
pub const WATCHDOG: Setting = Setting { name: "WatchdogSeconds", default: 0, min: 0, max: 3600 };
/// Seconds that the user-mode agent has to carry out a shutdown before the kernel does.
pub const AGENT: Setting = Setting { name: "AgentSeconds", default: 60, min: 0, max: 600 };
/// 1: log to the hypervisor's console.
pub const CONSOLE: Setting = Setting { name: "Console", default: 1, min: 0, max: 1 };

/// All settings.
pub const ALL: [Setting; 9] =
    [UNPLUG_DISKS, UNPLUG_NICS, FIFO, VECTORS, GRANT_FRAMES, BALLOON, WATCHDOG, AGENT, CONSOLE];

impl Setting {
    /// The value that holds for what the registry says; `false` when that was out of range.
    #[must_use]
    pub fn resolve(&self, found: Option<u32>) -> (u32, bool) {
        match found {
            None => (self.default, true),
            Some(value) if (self.min..=self.max).contains(&value) => (value, true),
            Some(_) => (self.default, false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_lie_in_their_ranges_and_names_are_unique() {
        for (index, setting) in ALL.iter().enumerate() {
            assert!((setting.min..=setting.max).contains(&setting.default), "{}", setting.name);
            assert!(ALL[index + 1..].iter().all(|other| other.name != setting.name));
        }
    }

    #[test]
    fn out_of_range_is_the_default_and_is_told() {
        assert_eq!(GRANT_FRAMES.resolve(None), (64, true));
        assert_eq!(GRANT_FRAMES.resolve(Some(128)), (128, true));
        assert_eq!(GRANT_FRAMES.resolve(Some(0)), (64, false));
        assert_eq!(UNPLUG_DISKS.resolve(Some(u32::MAX)), (1, false));
    }
}
