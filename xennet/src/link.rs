//! What NDIS is told without asking: link state, and the offloads in force.
#![allow(unsafe_code, reason = "NDIS's indications")]

use nt::sys::*;

use crate::{adapter::Adapter, offload};

/// Speed where the back-end tells none, in bits per second: what Windows shows as 100 Gbit/s.
pub const DEFAULT_SPEED: u64 = 100_000_000_000;

/// The link as NDIS knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// Connected, with a carrier.
    pub up: bool,
    /// Bits per second, both ways.
    pub speed: u64,
}

impl Link {
    /// Not connected.
    pub const DOWN: Self = Self { up: false, speed: DEFAULT_SPEED };

    /// `NDIS_LINK_STATE`.
    #[must_use]
    pub fn state(&self) -> NDIS_LINK_STATE {
        let speed = if self.up { self.speed } else { u64::MAX };
        NDIS_LINK_STATE {
            Header: NDIS_OBJECT_HEADER {
                Type: NDIS_OBJECT_TYPE_DEFAULT as u8,
                Revision: NDIS_LINK_STATE_REVISION_1 as u8,
                Size: NDIS_SIZEOF_LINK_STATE_REVISION_1 as u16,
            },
            MediaConnectState: self.connect_state(),
            MediaDuplexState: MediaDuplexStateFull,
            // Unknown is all ones.
            XmitLinkSpeed: speed,
            RcvLinkSpeed: speed,
            PauseFunctions: 0,
            AutoNegotiationFlags: 0,
        }
    }

    /// `MediaConnectState…`.
    #[must_use]
    pub const fn connect_state(&self) -> NET_IF_MEDIA_CONNECT_STATE {
        if self.up { MediaConnectStateConnected } else { MediaConnectStateDisconnected }
    }
}

impl Adapter {
    /// The link changed: tells NDIS, if it is news. `IRQL <= DISPATCH_LEVEL`.
    pub fn set_link(&self, link: Link) {
        {
            let mut known = self.link.lock();
            if *known == link {
                return;
            }
            *known = link;
        }
        let mut state = link.state();
        self.indicate(
            NDIS_STATUS_LINK_STATE,
            (&raw mut state).cast(),
            NDIS_SIZEOF_LINK_STATE_REVISION_1 as u32,
        );
    }

    /// Tells NDIS which offloads are in force now. `IRQL <= DISPATCH_LEVEL`.
    pub fn indicate_offload(&self) {
        let mut offload = offload::describe(self.offload_in_force());
        self.indicate(
            NDIS_STATUS_TASK_OFFLOAD_CURRENT_CONFIG,
            (&raw mut offload).cast(),
            NDIS_SIZEOF_NDIS_OFFLOAD_REVISION_3 as u32,
        );
    }

    fn indicate(&self, code: NDIS_STATUS, buffer: *mut c_void, size: u32) {
        let mut indication = NDIS_STATUS_INDICATION {
            Header: NDIS_OBJECT_HEADER {
                Type: NDIS_OBJECT_TYPE_STATUS_INDICATION as u8,
                Revision: NDIS_STATUS_INDICATION_REVISION_1 as u8,
                Size: NDIS_SIZEOF_STATUS_INDICATION_REVISION_1 as u16,
            },
            SourceHandle: self.handle(),
            StatusCode: code,
            StatusBuffer: buffer,
            StatusBufferSize: size,
            ..NDIS_STATUS_INDICATION::default()
        };
        // SAFETY: the indication and its buffer outlive the call.
        unsafe { NdisMIndicateStatusEx(self.handle(), &raw mut indication) };
    }
}
