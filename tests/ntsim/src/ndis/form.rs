//! NDIS_OBJECT_HEADER: type, revision, size of every versioned structure.
//!
//! The size in a header is that through the last field of the revision (NDIS_SIZEOF_…), not `sizeof`. A revision may be
//! used from the NDIS version on that introduced it (ndis.h, by NDIS_SUPPORT_NDIS6x).

use super::rules;
use alloc::format;
use nt::sys::*;

/// A versioned structure: name, object type, (revision, size, first minor version of NDIS 6).
pub struct Form {
    /// Name.
    pub name: &'static str,
    /// NDIS_OBJECT_TYPE_….
    pub kind: u32,
    /// Revisions.
    pub revisions: &'static [(u8, u64, u32)],
}

macro_rules! forms {
    ($($name:ident = $text:literal, $kind:ident, [$(($rev:literal, $size:expr, $minor:literal)),*];)*) => {$(
        #[allow(missing_docs)]
        pub static $name: Form = Form { name: $text, kind: $kind, revisions: &[$(($rev, $size as u64, $minor)),*] };
    )*};
}

forms! {
    DRIVER = "NDIS_MINIPORT_DRIVER_CHARACTERISTICS", NDIS_OBJECT_TYPE_MINIPORT_DRIVER_CHARACTERISTICS,
        [(1, NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_1, 0), (2, NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_2, 1),
         (3, NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_3, 80)];
    PNP = "NDIS_MINIPORT_PNP_CHARACTERISTICS", NDIS_OBJECT_TYPE_MINIPORT_PNP_CHARACTERISTICS,
        [(1, NDIS_SIZEOF_MINIPORT_PNP_CHARACTERISTICS_REVISION_1, 0)];
    SELECTIVE_SUSPEND = "NDIS_MINIPORT_SS_CHARACTERISTICS", NDIS_OBJECT_TYPE_MINIPORT_SS_CHARACTERISTICS,
        [(1, NDIS_SIZEOF_MINIPORT_SS_CHARACTERISTICS_REVISION_1, 30)];
    ADD_DEVICE = "NDIS_MINIPORT_ADD_DEVICE_REGISTRATION_ATTRIBUTES", NDIS_OBJECT_TYPE_MINIPORT_ADD_DEVICE_REGISTRATION_ATTRIBUTES,
        [(1, NDIS_SIZEOF_MINIPORT_ADD_DEVICE_REGISTRATION_ATTRIBUTES_REVISION_1, 0)];
    REGISTRATION = "NDIS_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES", NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES,
        [(1, NDIS_SIZEOF_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES_REVISION_1, 0), (2, NDIS_SIZEOF_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES_REVISION_2, 30)];
    GENERAL = "NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES", NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES,
        [(1, NDIS_SIZEOF_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES_REVISION_1, 0), (2, NDIS_SIZEOF_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES_REVISION_2, 20)];
    OFFLOAD_ATTRIBUTES = "NDIS_MINIPORT_ADAPTER_OFFLOAD_ATTRIBUTES", NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_OFFLOAD_ATTRIBUTES,
        [(1, NDIS_SIZEOF_MINIPORT_ADAPTER_OFFLOAD_ATTRIBUTES_REVISION_1, 0)];
    HARDWARE_ASSIST = "NDIS_MINIPORT_ADAPTER_HARDWARE_ASSIST_ATTRIBUTES", NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_HARDWARE_ASSIST_ATTRIBUTES,
        [(1, NDIS_SIZEOF_MINIPORT_ADAPTER_HARDWARE_ASSIST_ATTRIBUTES_REVISION_1, 1), (2, NDIS_SIZEOF_MINIPORT_ADAPTER_HARDWARE_ASSIST_ATTRIBUTES_REVISION_2, 20),
         (3, NDIS_SIZEOF_MINIPORT_ADAPTER_HARDWARE_ASSIST_ATTRIBUTES_REVISION_3, 30), (4, NDIS_SIZEOF_MINIPORT_ADAPTER_HARDWARE_ASSIST_ATTRIBUTES_REVISION_4, 50)];
    OFFLOAD = "NDIS_OFFLOAD", NDIS_OBJECT_TYPE_OFFLOAD,
        [(1, NDIS_SIZEOF_NDIS_OFFLOAD_REVISION_1, 0), (2, NDIS_SIZEOF_NDIS_OFFLOAD_REVISION_2, 1), (3, NDIS_SIZEOF_NDIS_OFFLOAD_REVISION_3, 30),
         (4, NDIS_SIZEOF_NDIS_OFFLOAD_REVISION_4, 50), (5, NDIS_SIZEOF_NDIS_OFFLOAD_REVISION_5, 70), (6, NDIS_SIZEOF_NDIS_OFFLOAD_REVISION_6, 83),
         (7, NDIS_SIZEOF_NDIS_OFFLOAD_REVISION_7, 85)];
    TCP_CONNECTION_OFFLOAD = "NDIS_TCP_CONNECTION_OFFLOAD", NDIS_OBJECT_TYPE_DEFAULT,
        [(1, NDIS_SIZEOF_TCP_CONNECTION_OFFLOAD_REVISION_1, 0), (2, NDIS_SIZEOF_TCP_CONNECTION_OFFLOAD_REVISION_2, 30)];
    RSS_CAPABILITIES = "NDIS_RECEIVE_SCALE_CAPABILITIES", NDIS_OBJECT_TYPE_RSS_CAPABILITIES,
        [(1, NDIS_SIZEOF_RECEIVE_SCALE_CAPABILITIES_REVISION_1, 0), (2, NDIS_SIZEOF_RECEIVE_SCALE_CAPABILITIES_REVISION_2, 30),
         (3, NDIS_SIZEOF_RECEIVE_SCALE_CAPABILITIES_REVISION_3, 80)];
    PM_CAPABILITIES = "NDIS_PM_CAPABILITIES", NDIS_OBJECT_TYPE_DEFAULT,
        [(1, NDIS_SIZEOF_NDIS_PM_CAPABILITIES_REVISION_1, 20), (2, NDIS_SIZEOF_NDIS_PM_CAPABILITIES_REVISION_2, 30)];
    LIST_POOL = "NET_BUFFER_LIST_POOL_PARAMETERS", NDIS_OBJECT_TYPE_DEFAULT,
        [(1, NDIS_SIZEOF_NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1, 0), (2, NDIS_SIZEOF_NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_2, 87)];
    BUFFER_POOL = "NET_BUFFER_POOL_PARAMETERS", NDIS_OBJECT_TYPE_DEFAULT,
        [(1, NDIS_SIZEOF_NET_BUFFER_POOL_PARAMETERS_REVISION_1, 0), (2, NDIS_SIZEOF_NET_BUFFER_POOL_PARAMETERS_REVISION_2, 87)];
    CONFIGURATION = "NDIS_CONFIGURATION_OBJECT", NDIS_OBJECT_TYPE_CONFIGURATION_OBJECT,
        [(1, NDIS_SIZEOF_CONFIGURATION_OBJECT_REVISION_1, 0)];
    TIMER = "NDIS_TIMER_CHARACTERISTICS", NDIS_OBJECT_TYPE_TIMER_CHARACTERISTICS,
        [(1, NDIS_SIZEOF_TIMER_CHARACTERISTICS_REVISION_1, 0)];
    STATUS = "NDIS_STATUS_INDICATION", NDIS_OBJECT_TYPE_STATUS_INDICATION,
        [(1, NDIS_SIZEOF_STATUS_INDICATION_REVISION_1, 0)];
    LINK_STATE = "NDIS_LINK_STATE", NDIS_OBJECT_TYPE_DEFAULT, [(1, NDIS_SIZEOF_LINK_STATE_REVISION_1, 0)];
    SG_DMA = "NDIS_SG_DMA_DESCRIPTION", NDIS_OBJECT_TYPE_SG_DMA_DESCRIPTION,
        [(1, NDIS_SIZEOF_SG_DMA_DESCRIPTION_REVISION_1, 0), (2, NDIS_SIZEOF_SG_DMA_DESCRIPTION_REVISION_2, 85)];
    INTERRUPT = "NDIS_MINIPORT_INTERRUPT_CHARACTERISTICS", NDIS_OBJECT_TYPE_MINIPORT_INTERRUPT,
        [(1, NDIS_SIZEOF_MINIPORT_INTERRUPT_CHARACTERISTICS_REVISION_1, 0)];
    DEVICE = "NDIS_DEVICE_OBJECT_ATTRIBUTES", NDIS_OBJECT_TYPE_DEVICE_OBJECT_ATTRIBUTES,
        [(1, NDIS_SIZEOF_DEVICE_OBJECT_ATTRIBUTES_REVISION_1, 0)];
    POLL = "NDIS_POLL_CHARACTERISTICS", NDIS_OBJECT_TYPE_DEFAULT,
        [(1, NDIS_SIZEOF_NDIS_POLL_CHARACTERISTICS_REVISION_1, 85)];
}

impl Form {
    /// What is wrong with a header, for a driver of this NDIS version.
    pub fn fault(&self, header: NDIS_OBJECT_HEADER, version: u32) -> Option<alloc::string::String> {
        let name = self.name;
        if u32::from(header.Type) != self.kind {
            return Some(format!("{name} has type {:#x}, not {:#x}", header.Type, self.kind));
        }
        let Some(&(_, size, minor)) = self.revisions.iter().find(|r| r.0 == header.Revision) else {
            return Some(format!("{name} has revision {}, which does not exist", header.Revision));
        };
        if version & 0xFFFF < minor {
            return Some(format!(
                "{name} has revision {}, which NDIS 6.{} does not know",
                header.Revision,
                version & 0xFFFF
            ));
        }
        (u64::from(header.Size) < size).then(|| {
            format!("{name} has size {} for revision {}, which takes {size}", header.Size, header.Revision)
        })
    }

    /// Is the header right? If not, that is reported.
    pub unsafe fn check(&self, at: *const c_void, version: u32) -> bool {
        match self.fault(*at.cast::<NDIS_OBJECT_HEADER>(), version) {
            None => true,
            Some(text) => {
                rules::report(&rules::HEADER, text, at as usize, 0);
                false
            }
        }
    }

    /// A copy of the structure: what the revision does not have is zero.
    pub unsafe fn copy<T: Default + Copy>(&self, at: *const T) -> T {
        let size = usize::from((*at.cast::<NDIS_OBJECT_HEADER>()).Size).min(size_of::<T>());
        let mut out = T::default();
        core::ptr::copy_nonoverlapping(at.cast::<u8>(), (&raw mut out).cast::<u8>(), size);
        out
    }

    /// Header of a structure that NDIS makes for a driver of this version.
    pub fn header(&self, version: u32) -> NDIS_OBJECT_HEADER {
        let best =
            self.revisions.iter().rev().find(|r| version & 0xFFFF >= r.2).unwrap_or(&self.revisions[0]);
        NDIS_OBJECT_HEADER { Type: self.kind as u8, Revision: best.0, Size: best.1 as u16 }
    }
}
