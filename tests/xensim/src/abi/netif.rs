//! Network ring entries (`io/netif.h`).

use super::Fields;

/// Bytes of a tx request slot.
pub const TX_SLOT: usize = 12;
/// Bytes of an rx slot (request and response are both 8).
pub const RX_SLOT: usize = 8;
/// Bytes of a control ring slot.
pub const CTRL_SLOT: usize = 16;
/// tx flag: the checksum is blank (pseudo-header only).
pub const TXF_CSUM_BLANK: u16 = 1;
/// tx flag: the data is known good.
pub const TXF_DATA_VALIDATED: u16 = 2;
/// tx flag: another slot of the packet follows.
pub const TXF_MORE_DATA: u16 = 4;
/// tx flag: an extra info follows.
pub const TXF_EXTRA_INFO: u16 = 8;
/// rx flag: validated.
pub const RXF_DATA_VALIDATED: u16 = 1;
/// rx flag: the checksum is blank.
pub const RXF_CSUM_BLANK: u16 = 2;
/// rx flag: more slots.
pub const RXF_MORE_DATA: u16 = 4;
/// rx flag: extra info follows.
pub const RXF_EXTRA_INFO: u16 = 8;
/// Extra types.
pub const EXTRA_GSO: u8 = 1;
/// Join a multicast group.
pub const EXTRA_MCAST_ADD: u8 = 2;
/// Leave a multicast group.
pub const EXTRA_MCAST_DEL: u8 = 3;
/// Hash.
pub const EXTRA_HASH: u8 = 4;
/// Another extra follows.
pub const EXTRA_FLAG_MORE: u8 = 1;
/// GSO over IPv4.
pub const GSO_TCPV4: u8 = 1;
/// GSO over IPv6.
pub const GSO_TCPV6: u8 = 2;
/// Statuses.
pub const RSP_OKAY: i16 = 0;
/// Error.
pub const RSP_ERROR: i16 = -1;
/// Dropped.
pub const RSP_DROPPED: i16 = -2;
/// The slot was an extra: no response of its own.
pub const RSP_NULL: i16 = 1;
/// Slots that every back-end takes for a packet.
pub const NR_SLOTS_MIN: usize = 18;

/// A tx request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tx {
    /// Grant of the page.
    pub gref: u32,
    /// Offset in the page.
    pub offset: u16,
    /// Flags.
    pub flags: u16,
    /// Echoed.
    pub id: u16,
    /// Bytes: of the whole packet in the first slot, else of the fragment.
    pub size: u16,
}

impl Tx {
    /// From a slot.
    #[must_use]
    pub fn decode(raw: &[u8]) -> Self {
        Self {
            gref: raw.u32_at(0),
            offset: raw.u16_at(4),
            flags: raw.u16_at(6),
            id: raw.u16_at(8),
            size: raw.u16_at(10),
        }
    }
}

/// A tx response.
#[must_use]
pub fn tx_response(id: u16, status: i16) -> [u8; 4] {
    let mut raw = [0; 4];
    raw[..2].copy_from_slice(&id.to_le_bytes());
    raw[2..].copy_from_slice(&status.to_le_bytes());
    raw
}

/// An rx response.
#[must_use]
pub fn rx_response(id: u16, offset: u16, flags: u16, status: i16) -> [u8; 8] {
    let mut raw = [0; 8];
    raw[..2].copy_from_slice(&id.to_le_bytes());
    raw[2..4].copy_from_slice(&offset.to_le_bytes());
    raw[4..6].copy_from_slice(&flags.to_le_bytes());
    raw[6..].copy_from_slice(&status.to_le_bytes());
    raw
}

/// An extra info, as 8 bytes of an rx slot or the first 8 of a tx slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extra {
    /// Segmentation.
    Gso {
        /// Payload bytes per segment.
        size: u16,
        /// [`GSO_TCPV4`] or [`GSO_TCPV6`].
        kind: u8,
    },
    /// Multicast list change.
    Mcast {
        /// Join, else leave.
        add: bool,
        /// The group.
        address: [u8; 6],
    },
    /// Hash.
    Hash {
        /// Hash type number.
        kind: u8,
        /// Algorithm.
        algorithm: u8,
        /// Value.
        value: u32,
    },
    /// Something else.
    Unknown(u8),
}

impl Extra {
    /// From the first 8 bytes of a slot; the flag tells whether another follows.
    #[must_use]
    pub fn decode(raw: &[u8]) -> (Self, bool) {
        let more = raw[1] & EXTRA_FLAG_MORE != 0;
        let extra = match raw[0] {
            EXTRA_GSO => Self::Gso { size: raw.u16_at(2), kind: raw[4] },
            kind @ (EXTRA_MCAST_ADD | EXTRA_MCAST_DEL) => Self::Mcast {
                add: kind == EXTRA_MCAST_ADD,
                address: [raw[2], raw[3], raw[4], raw[5], raw[6], raw[7]],
            },
            EXTRA_HASH => Self::Hash { kind: raw[2], algorithm: raw[3], value: raw.u32_at(4) },
            other => Self::Unknown(other),
        };
        (extra, more)
    }

    /// To 8 bytes.
    #[must_use]
    pub fn encode(self, more: bool) -> [u8; 8] {
        let mut raw = [0; 8];
        raw[1] = u8::from(more);
        match self {
            Self::Gso { size, kind } => {
                raw[0] = EXTRA_GSO;
                raw[2..4].copy_from_slice(&size.to_le_bytes());
                raw[4] = kind;
            }
            Self::Mcast { add, address } => {
                raw[0] = if add { EXTRA_MCAST_ADD } else { EXTRA_MCAST_DEL };
                raw[2..8].copy_from_slice(&address);
            }
            Self::Hash { kind, algorithm, value } => {
                raw[0] = EXTRA_HASH;
                raw[2] = kind;
                raw[3] = algorithm;
                raw[4..8].copy_from_slice(&value.to_le_bytes());
            }
            Self::Unknown(kind) => raw[0] = kind,
        }
        raw
    }
}
