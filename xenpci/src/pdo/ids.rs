//! What a child is called.

use alloc::{format, string::String, vec, vec::Vec};

/// What a child is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The storage adapter.
    Storage,
    /// Network interface `device/vif/<id>`.
    Network(u32),
}

/// The container of everything that belongs to the machine itself (`GUID_NULL` container ID, as the
/// PnP manager defines it for devices that are part of the computer).
pub const CONTAINER: &str = "{00000000-0000-0000-ffff-ffffffffffff}";

impl Kind {
    /// The directory in xenstore.
    #[must_use]
    pub fn path(self) -> String {
        match self {
            Self::Storage => String::from("device/vbd"),
            Self::Network(id) => format!("device/vif/{id}"),
        }
    }

    const fn class(self) -> &'static str {
        match self {
            Self::Storage => "VBD",
            Self::Network(_) => "VIF",
        }
    }

    /// `BusQueryDeviceID`.
    #[must_use]
    pub fn device_id(self) -> String {
        format!("XENPV\\{}&SUBSYS_58535250", self.class())
    }

    /// `BusQueryHardwareIDs`, most specific first.
    #[must_use]
    pub fn hardware_ids(self) -> Vec<String> {
        vec![self.device_id()]
    }

    /// `BusQueryCompatibleIDs`.
    #[must_use]
    pub fn compatible_ids(self) -> Vec<String> {
        vec![format!("XENPV\\CLASS_{}&SUBSYS_58535250", self.class())]
    }

    /// `BusQueryInstanceID`. The adapter's is constant for ever: a renumbered boot disk must not
    /// become a device that Windows has not configured yet.
    #[must_use]
    pub fn instance_id(self) -> String {
        match self {
            Self::Storage => String::from("0"),
            Self::Network(id) => format!("{id}"),
        }
    }

    /// `DeviceTextDescription`.
    #[must_use]
    pub const fn description(self) -> &'static str {
        match self {
            Self::Storage => "Xen PV Disk Adapter",
            Self::Network(_) => "Xen PV Network Interface",
        }
    }
}

/// A `REG_MULTI_SZ` list of UTF-16.
#[must_use]
pub fn multi_sz(ids: &[String]) -> Vec<u16> {
    let mut list = Vec::new();
    for id in ids {
        list.extend(id.encode_utf16());
        list.push(0);
    }
    list.push(0);
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_no_characters_that_windows_refuses_and_stay_what_they_are() {
        for kind in [Kind::Storage, Kind::Network(0), Kind::Network(u32::MAX)] {
            let mut all = kind.hardware_ids();
            all.extend(kind.compatible_ids());
            all.push(kind.device_id());
            for id in &all {
                assert_eq!(id.matches('\\').count(), 1, "{id}");
                assert!(id.bytes().all(|b| (0x21..0x7f).contains(&b) && b != b','), "{id}");
                assert!(id.len() < 200);
            }
            assert!(!kind.instance_id().contains('\\'));
        }
        // These are in the INF files of xenvbd and xennet: neighbours' releases must match them.
        assert_eq!(Kind::Storage.device_id(), r"XENPV\VBD&SUBSYS_58535250");
        assert_eq!(Kind::Network(3).device_id(), r"XENPV\VIF&SUBSYS_58535250");
        assert_eq!(Kind::Storage.instance_id(), "0");
        assert_eq!(Kind::Network(3).instance_id(), "3");
    }

    #[test]
    fn lists_end_twice() {
        let list = multi_sz(&[String::from("A"), String::from("BC")]);
        assert_eq!(list, [65, 0, 66, 67, 0, 0]);
        assert_eq!(multi_sz(&[]), [0]);
    }
}
