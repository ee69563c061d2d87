//! The network protocol's data rings (`xen/io/netif.h`): transmit, receive and extra infos.

use bitflags::bitflags;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use crate::types::PAGE_SIZE;

/// Slots that every back-end accepts for one packet (`XEN_NETIF_NR_SLOTS_MIN`), extra infos not counted.
#[doc(alias = "XEN_NETIF_NR_SLOTS_MIN")]
pub const SLOTS_MIN: usize = 18;
/// Most bytes of one transmitted packet (`XEN_NETIF_MAX_TX_SIZE`), the Ethernet header included.
#[doc(alias = "XEN_NETIF_MAX_TX_SIZE")]
pub const MAX_TX_SIZE: usize = 0xFFFF;

bitflags! {
    /// `NETTXF_*`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct TxFlags: u16 {
        /// The protocol checksum holds only the pseudo-header: the receiver has to complete it.
        #[doc(alias = "NETTXF_csum_blank")]
        const CSUM_BLANK = 1;
        /// The data is known to be right, whatever the checksum says.
        #[doc(alias = "NETTXF_data_validated")]
        const DATA_VALIDATED = 2;
        /// The packet goes on in another request.
        #[doc(alias = "NETTXF_more_data")]
        const MORE_DATA = 4;
        /// An extra info follows.
        #[doc(alias = "NETTXF_extra_info")]
        const EXTRA_INFO = 8;
    }
}

bitflags! {
    /// `NETRXF_*`. The two checksum bits are the other way round than in [`TxFlags`].
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct RxFlags: u16 {
        /// The data is known to be right, whatever the checksum says.
        #[doc(alias = "NETRXF_data_validated")]
        const DATA_VALIDATED = 1;
        /// The protocol checksum holds only the pseudo-header.
        #[doc(alias = "NETRXF_csum_blank")]
        const CSUM_BLANK = 2;
        /// The packet goes on in another response.
        #[doc(alias = "NETRXF_more_data")]
        const MORE_DATA = 4;
        /// An extra info follows.
        #[doc(alias = "NETRXF_extra_info")]
        const EXTRA_INFO = 8;
        /// Deprecated; only sent to front-ends that ask for it.
        #[doc(alias = "NETRXF_gso_prefix")]
        const GSO_PREFIX = 16;
    }
}

/// `NETIF_RSP_*`, as in a transmit response.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(transparent)]
pub struct Status(pub i16);

impl Status {
    /// The back-end dropped the packet.
    #[doc(alias = "NETIF_RSP_DROPPED")]
    pub const DROPPED: Self = Self(-2);
    /// Error.
    #[doc(alias = "NETIF_RSP_ERROR")]
    pub const ERROR: Self = Self(-1);
    /// Sent.
    #[doc(alias = "NETIF_RSP_OKAY")]
    pub const OKAY: Self = Self(0);
    /// The answer to a slot that held an extra info.
    #[doc(alias = "NETIF_RSP_NULL")]
    pub const NULL: Self = Self(1);
}

/// `netif_tx_request`. In the first request of a packet `size` is that of the whole packet, in the
/// following ones that of the fragment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[doc(alias = "netif_tx_request_t")]
#[repr(C)]
pub struct TxRequest {
    /// The page.
    pub gref: u32,
    /// Where in the page the fragment starts.
    pub offset: u16,
    /// [`TxFlags`].
    pub flags: u16,
    /// Echoed in the response.
    pub id: u16,
    /// Bytes.
    pub size: u16,
}

/// What a slot of the transmit ring holds from the front-end: a [`TxRequest`] or an [`ExtraInfo`].
/// Which one, only the preceding slots tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[doc(alias = "union netif_tx_sring_entry")]
#[repr(transparent)]
pub struct TxSlot([u32; 3]);

impl From<TxRequest> for TxSlot {
    fn from(request: TxRequest) -> Self {
        zerocopy::transmute!(request)
    }
}

impl From<ExtraInfo> for TxSlot {
    fn from(extra: ExtraInfo) -> Self {
        let [a, b]: [u32; 2] = zerocopy::transmute!(extra);
        Self([a, b, 0])
    }
}

impl TxSlot {
    /// The slot as a request.
    #[must_use]
    pub fn request(self) -> TxRequest {
        zerocopy::transmute!(self)
    }

    /// The slot as an extra info.
    #[must_use]
    pub fn extra(self) -> ExtraInfo {
        zerocopy::transmute!([self.0[0], self.0[1]])
    }
}

/// `netif_tx_response`; the rest of the 12-byte slot is not used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[doc(alias = "netif_tx_response_t")]
#[repr(C)]
pub struct TxResponse {
    /// The id of the request.
    pub id: u16,
    /// What became of it.
    pub status: Status,
}

/// `netif_rx_request`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[doc(alias = "netif_rx_request_t")]
#[repr(C)]
pub struct RxRequest {
    /// Echoed in the response.
    pub id: u16,
    /// Padding.
    pub pad: u16,
    /// The page to fill.
    pub gref: u32,
}

/// `netif_rx_response`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[doc(alias = "netif_rx_response_t")]
#[repr(C)]
pub struct RxResponse {
    /// The id of the request.
    pub id: u16,
    /// Where in the page the data starts.
    pub offset: u16,
    /// [`RxFlags`].
    pub flags: u16,
    /// Bytes in the page, or a negative `NETIF_RSP_*`.
    pub status: i16,
}

/// What a slot of the receive ring holds from the back-end: an [`RxResponse`] or an [`ExtraInfo`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[doc(alias = "union netif_rx_sring_entry")]
#[repr(transparent)]
pub struct RxSlot([u32; 2]);

impl From<RxResponse> for RxSlot {
    fn from(response: RxResponse) -> Self {
        zerocopy::transmute!(response)
    }
}

impl From<ExtraInfo> for RxSlot {
    fn from(extra: ExtraInfo) -> Self {
        zerocopy::transmute!(extra)
    }
}

impl RxSlot {
    /// The slot as a response.
    #[must_use]
    pub fn response(self) -> RxResponse {
        zerocopy::transmute!(self)
    }

    /// The slot as an extra info.
    #[must_use]
    pub fn extra(self) -> ExtraInfo {
        zerocopy::transmute!(self)
    }
}

/// The data of a receive response after its checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RxFragment {
    /// Where in the page the data starts.
    pub offset: u16,
    /// Bytes; `offset + len` lies within the page. May be 0.
    pub len: u16,
    /// The flags, unknown bits dropped.
    pub flags: RxFlags,
}

/// Why a receive response has no data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RxError {
    /// The back-end reports an error for this slot.
    Status(i16),
    /// The data would lie outside of the page: a violation.
    Outside {
        /// What the response said.
        offset: u16,
        /// What the response said.
        len: u16,
    },
}

impl RxResponse {
    /// Checks status and offset.
    ///
    /// # Errors
    /// See [`RxError`].
    pub fn fragment(&self) -> Result<RxFragment, RxError> {
        let len = u16::try_from(self.status).map_err(|_| RxError::Status(self.status))?;
        if usize::from(self.offset) + usize::from(len) > PAGE_SIZE {
            return Err(RxError::Outside { offset: self.offset, len });
        }
        Ok(RxFragment { offset: self.offset, len, flags: RxFlags::from_bits_truncate(self.flags) })
    }
}

/// `XEN_NETIF_EXTRA_TYPE_*`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(transparent)]
pub struct ExtraType(pub u8);

impl ExtraType {
    /// Segmentation.
    #[doc(alias = "XEN_NETIF_EXTRA_TYPE_GSO")]
    pub const GSO: Self = Self(1);
    /// Adds a multicast address to the back-end's filter.
    #[doc(alias = "XEN_NETIF_EXTRA_TYPE_MCAST_ADD")]
    pub const MCAST_ADD: Self = Self(2);
    /// Removes a multicast address from the back-end's filter.
    #[doc(alias = "XEN_NETIF_EXTRA_TYPE_MCAST_DEL")]
    pub const MCAST_DEL: Self = Self(3);
    /// The packet's hash.
    #[doc(alias = "XEN_NETIF_EXTRA_TYPE_HASH")]
    pub const HASH: Self = Self(4);
    /// Headroom for XDP (Linux's header only).
    pub const XDP: Self = Self(5);
}

/// `XEN_NETIF_EXTRA_FLAG_MORE`: another extra info follows.
#[doc(alias = "XEN_NETIF_EXTRA_FLAG_MORE")]
pub const EXTRA_FLAG_MORE: u8 = 1;

/// `XEN_NETIF_GSO_TYPE_*`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(transparent)]
pub struct GsoType(pub u8);

impl GsoType {
    /// Not segmented.
    #[doc(alias = "XEN_NETIF_GSO_TYPE_NONE")]
    pub const NONE: Self = Self(0);
    /// TCP over IPv4.
    #[doc(alias = "XEN_NETIF_GSO_TYPE_TCPV4")]
    pub const TCPV4: Self = Self(1);
    /// TCP over IPv6.
    #[doc(alias = "XEN_NETIF_GSO_TYPE_TCPV6")]
    pub const TCPV6: Self = Self(2);
}

/// `netif_extra_info`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[doc(alias = "netif_extra_info_t")]
#[repr(C, align(4))]
pub struct ExtraInfo {
    /// What `data` is.
    #[doc(alias = "type")]
    pub ty: ExtraType,
    /// [`EXTRA_FLAG_MORE`] or 0.
    pub flags: u8,
    /// Depends on the type.
    #[doc(alias = "u")]
    pub data: [u8; 6],
}

/// An extra info after its checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extra {
    /// The packet is to be cut into segments of at most `size` bytes of payload.
    Gso {
        /// Payload of a segment, never 0.
        size: u16,
        /// TCPv4 or TCPv6.
        ty: GsoType,
    },
    /// Adds a multicast address.
    McastAdd([u8; 6]),
    /// Removes a multicast address.
    McastDel([u8; 6]),
    /// The packet's hash.
    Hash {
        /// Bit number of the hash type (`_XEN_NETIF_CTRL_HASH_TYPE_*`).
        ty: u8,
        /// `XEN_NETIF_CTRL_HASH_ALGORITHM_*`.
        algorithm: u8,
        /// The hash.
        value: u32,
    },
    /// Headroom in front of the data.
    Xdp {
        /// Bytes.
        headroom: u16,
    },
}

/// Why an extra info means nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadExtra {
    /// Unknown type.
    Type(ExtraType),
    /// A segment size of 0.
    GsoSize,
    /// Neither TCPv4 nor TCPv6.
    GsoType(GsoType),
    /// A hash type that there is not.
    HashType(u8),
}

impl Extra {
    /// Puts the extra info in its wire form.
    #[must_use]
    pub const fn encode(self, more: bool) -> ExtraInfo {
        let (ty, data) = match self {
            Self::Gso { size, ty } => {
                let [lo, hi] = size.to_le_bytes();
                (ExtraType::GSO, [lo, hi, ty.0, 0, 0, 0])
            }
            Self::McastAdd(addr) => (ExtraType::MCAST_ADD, addr),
            Self::McastDel(addr) => (ExtraType::MCAST_DEL, addr),
            Self::Hash { ty, algorithm, value } => {
                let [a, b, c, d] = value.to_le_bytes();
                (ExtraType::HASH, [ty, algorithm, a, b, c, d])
            }
            Self::Xdp { headroom } => {
                let [lo, hi] = headroom.to_le_bytes();
                (ExtraType::XDP, [lo, hi, 0, 0, 0, 0])
            }
        };
        ExtraInfo { ty, flags: if more { EXTRA_FLAG_MORE } else { 0 }, data }
    }
}

impl ExtraInfo {
    /// True when another extra info follows.
    #[must_use]
    pub const fn more(&self) -> bool {
        self.flags & EXTRA_FLAG_MORE != 0
    }

    /// Checks the extra info.
    ///
    /// # Errors
    /// See [`BadExtra`].
    pub fn parse(&self) -> Result<Extra, BadExtra> {
        let d = self.data;
        match self.ty {
            ExtraType::GSO => {
                let (size, ty) = (u16::from_le_bytes([d[0], d[1]]), GsoType(d[2]));
                match (size, ty) {
                    (0, _) => Err(BadExtra::GsoSize),
                    (_, GsoType::TCPV4 | GsoType::TCPV6) => Ok(Extra::Gso { size, ty }),
                    (_, ty) => Err(BadExtra::GsoType(ty)),
                }
            }
            ExtraType::MCAST_ADD => Ok(Extra::McastAdd(d)),
            ExtraType::MCAST_DEL => Ok(Extra::McastDel(d)),
            ExtraType::HASH if d[0] < 4 => Ok(Extra::Hash {
                ty: d[0],
                algorithm: d[1],
                value: u32::from_le_bytes([d[2], d[3], d[4], d[5]]),
            }),
            ExtraType::HASH => Err(BadExtra::HashType(d[0])),
            ExtraType::XDP => Ok(Extra::Xdp { headroom: u16::from_le_bytes([d[0], d[1]]) }),
            ty => Err(BadExtra::Type(ty)),
        }
    }
}

const _: () = {
    assert!(size_of::<TxRequest>() == 12);
    assert!(size_of::<TxSlot>() == 12);
    assert!(size_of::<TxResponse>() == 4);
    assert!(size_of::<RxRequest>() == 8);
    assert!(size_of::<RxResponse>() == 8);
    assert!(size_of::<RxSlot>() == 8);
    assert!(size_of::<ExtraInfo>() == 8);
    assert!(core::mem::offset_of!(TxRequest, size) == 10);
    assert!(core::mem::offset_of!(ExtraInfo, data) == 2);
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extras_survive_encode_and_parse() {
        let extras = [
            Extra::Gso { size: 1448, ty: GsoType::TCPV6 },
            Extra::McastAdd([1, 0, 0x5E, 1, 2, 3]),
            Extra::McastDel([0x33, 0x33, 0, 0, 0, 1]),
            Extra::Hash { ty: 3, algorithm: 1, value: 0x8899_AABB },
            Extra::Xdp { headroom: 256 },
        ];
        for extra in extras {
            for more in [false, true] {
                let wire = extra.encode(more);
                assert_eq!(wire.more(), more);
                assert_eq!(wire.parse(), Ok(extra));
                assert_eq!(TxSlot::from(wire).extra(), wire);
                assert_eq!(RxSlot::from(wire).extra(), wire);
            }
        }
    }

    #[test]
    fn gso_bytes_are_where_the_header_puts_them() {
        let wire = Extra::Gso { size: 0x05A8, ty: GsoType::TCPV4 }.encode(true);
        assert_eq!(wire.as_bytes(), &[1, 1, 0xA8, 0x05, 1, 0, 0, 0]);
    }

    #[test]
    fn a_lying_back_end_is_caught() {
        let gso = |size: u16, ty| Extra::Gso { size, ty: GsoType(ty) }.encode(false).parse();
        assert_eq!(gso(0, 1), Err(BadExtra::GsoSize));
        assert_eq!(gso(1, 3), Err(BadExtra::GsoType(GsoType(3))));
        let unknown = ExtraInfo { ty: ExtraType(0), flags: 0, data: [0; 6] };
        assert_eq!(unknown.parse(), Err(BadExtra::Type(ExtraType(0))));
        let hash = Extra::Hash { ty: 4, algorithm: 1, value: 0 }.encode(false).parse();
        assert_eq!(hash, Err(BadExtra::HashType(4)));
        let rx = |offset, status| RxResponse { id: 0, offset, flags: 0xFFFF, status }.fragment();
        assert_eq!(rx(0, -1), Err(RxError::Status(-1)));
        assert_eq!(rx(1, 4096), Err(RxError::Outside { offset: 1, len: 4096 }));
        assert_eq!(rx(u16::MAX, i16::MAX), Err(RxError::Outside { offset: u16::MAX, len: 0x7FFF }));
        assert_eq!(rx(96, 4000), Ok(RxFragment { offset: 96, len: 4000, flags: RxFlags::all() }));
    }
}
