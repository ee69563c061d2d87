//! The network protocol's control ring (`xen/io/netif.h`): hashing and its mapping.

use bitflags::bitflags;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

bitflags! {
    /// `XEN_NETIF_CTRL_HASH_TYPE_*`: what a hash is computed over.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct HashTypes: u32 {
        /// IPv4 addresses.
        #[doc(alias = "XEN_NETIF_CTRL_HASH_TYPE_IPV4")]
        const IPV4 = 1;
        /// IPv4 addresses and TCP ports.
        #[doc(alias = "XEN_NETIF_CTRL_HASH_TYPE_IPV4_TCP")]
        const IPV4_TCP = 2;
        /// IPv6 addresses.
        #[doc(alias = "XEN_NETIF_CTRL_HASH_TYPE_IPV6")]
        const IPV6 = 4;
        /// IPv6 addresses and TCP ports.
        #[doc(alias = "XEN_NETIF_CTRL_HASH_TYPE_IPV6_TCP")]
        const IPV6_TCP = 8;
    }
}

/// `XEN_NETIF_CTRL_HASH_ALGORITHM_NONE`.
#[doc(alias = "XEN_NETIF_CTRL_HASH_ALGORITHM_NONE")]
pub const ALGORITHM_NONE: u32 = 0;
/// `XEN_NETIF_CTRL_HASH_ALGORITHM_TOEPLITZ`.
#[doc(alias = "XEN_NETIF_CTRL_HASH_ALGORITHM_TOEPLITZ")]
pub const ALGORITHM_TOEPLITZ: u32 = 1;

/// `XEN_NETIF_CTRL_TYPE_*`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(transparent)]
pub struct CtrlType(pub u16);

impl CtrlType {
    /// Which hash types the back-end knows.
    #[doc(alias = "XEN_NETIF_CTRL_TYPE_GET_HASH_FLAGS")]
    pub const GET_HASH_FLAGS: Self = Self(1);
    /// Which hash types it shall compute.
    #[doc(alias = "XEN_NETIF_CTRL_TYPE_SET_HASH_FLAGS")]
    pub const SET_HASH_FLAGS: Self = Self(2);
    /// The key.
    #[doc(alias = "XEN_NETIF_CTRL_TYPE_SET_HASH_KEY")]
    pub const SET_HASH_KEY: Self = Self(3);
    /// The largest mapping table.
    #[doc(alias = "XEN_NETIF_CTRL_TYPE_GET_HASH_MAPPING_SIZE")]
    pub const GET_HASH_MAPPING_SIZE: Self = Self(4);
    /// The size of the mapping table.
    #[doc(alias = "XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING_SIZE")]
    pub const SET_HASH_MAPPING_SIZE: Self = Self(5);
    /// Content of the mapping table.
    #[doc(alias = "XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING")]
    pub const SET_HASH_MAPPING: Self = Self(6);
    /// The algorithm.
    #[doc(alias = "XEN_NETIF_CTRL_TYPE_SET_HASH_ALGORITHM")]
    pub const SET_HASH_ALGORITHM: Self = Self(7);
}

/// `XEN_NETIF_CTRL_STATUS_*`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(transparent)]
pub struct CtrlStatus(pub u32);

impl CtrlStatus {
    /// Done.
    #[doc(alias = "XEN_NETIF_CTRL_STATUS_SUCCESS")]
    pub const SUCCESS: Self = Self(0);
    /// Not supported.
    #[doc(alias = "XEN_NETIF_CTRL_STATUS_NOT_SUPPORTED")]
    pub const NOT_SUPPORTED: Self = Self(1);
    /// A parameter is wrong.
    #[doc(alias = "XEN_NETIF_CTRL_STATUS_INVALID_PARAMETER")]
    pub const INVALID_PARAMETER: Self = Self(2);
    /// Larger than the back-end supports.
    #[doc(alias = "XEN_NETIF_CTRL_STATUS_BUFFER_OVERFLOW")]
    pub const BUFFER_OVERFLOW: Self = Self(3);
}

/// `xen_netif_ctrl_request`, as it is on the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[doc(alias = "struct xen_netif_ctrl_request")]
#[repr(C)]
pub struct WireCtrlRequest {
    /// Echoed in the response.
    pub id: u16,
    /// What to do.
    #[doc(alias = "type")]
    pub ty: CtrlType,
    /// Arguments.
    pub data: [u32; 3],
}

/// `xen_netif_ctrl_response`, as it is on the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[doc(alias = "struct xen_netif_ctrl_response")]
#[repr(C)]
pub struct CtrlResponse {
    /// The id of the request.
    pub id: u16,
    /// The type of the request.
    #[doc(alias = "type")]
    pub ty: CtrlType,
    /// The result.
    pub status: CtrlStatus,
    /// A result value.
    pub data: u32,
}

const _: () = {
    assert!(size_of::<WireCtrlRequest>() == 16);
    assert!(size_of::<CtrlResponse>() == 12);
};

/// A control request and its arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CtrlRequest {
    /// Chooses the algorithm.
    SetHashAlgorithm(u32),
    /// Asks for the known hash types.
    GetHashFlags,
    /// Sets the wanted hash types.
    SetHashFlags(HashTypes),
    /// Sets the key.
    SetHashKey {
        /// Grant of the page that starts with the key; valid until the response.
        gref: u32,
        /// Bytes of key.
        len: u32,
    },
    /// Asks for the largest mapping table.
    GetHashMappingSize,
    /// Sets the size of the mapping table.
    SetHashMappingSize(u32),
    /// Sets a part of the mapping table: queue numbers as 32-bit words.
    SetHashMapping {
        /// Grant of the page that starts with the part; valid until the response.
        gref: u32,
        /// Entries in the part.
        entries: u32,
        /// First entry of the part within the table.
        offset: u32,
    },
}

impl CtrlRequest {
    /// The type of the request, which its response must have.
    #[must_use]
    pub const fn ty(&self) -> CtrlType {
        match self {
            Self::SetHashAlgorithm(_) => CtrlType::SET_HASH_ALGORITHM,
            Self::GetHashFlags => CtrlType::GET_HASH_FLAGS,
            Self::SetHashFlags(_) => CtrlType::SET_HASH_FLAGS,
            Self::SetHashKey { .. } => CtrlType::SET_HASH_KEY,
            Self::GetHashMappingSize => CtrlType::GET_HASH_MAPPING_SIZE,
            Self::SetHashMappingSize(_) => CtrlType::SET_HASH_MAPPING_SIZE,
            Self::SetHashMapping { .. } => CtrlType::SET_HASH_MAPPING,
        }
    }

    /// The wire form.
    #[must_use]
    pub const fn encode(&self, id: u16) -> WireCtrlRequest {
        let data = match *self {
            Self::GetHashFlags | Self::GetHashMappingSize => [0; 3],
            Self::SetHashAlgorithm(algorithm) => [algorithm, 0, 0],
            Self::SetHashFlags(types) => [types.bits(), 0, 0],
            Self::SetHashKey { gref, len } => [gref, len, 0],
            Self::SetHashMappingSize(entries) => [entries, 0, 0],
            Self::SetHashMapping { gref, entries, offset } => [gref, entries, offset],
        };
        WireCtrlRequest { id, ty: self.ty(), data }
    }

    /// The back-end's half: reads the wire form; `None` for a type that it does not know. Unknown
    /// hash types make the request unknown as well.
    #[must_use]
    pub fn parse(wire: &WireCtrlRequest) -> Option<Self> {
        let [a, b, c] = wire.data;
        Some(match wire.ty {
            CtrlType::SET_HASH_ALGORITHM => Self::SetHashAlgorithm(a),
            CtrlType::GET_HASH_FLAGS => Self::GetHashFlags,
            CtrlType::SET_HASH_FLAGS => Self::SetHashFlags(HashTypes::from_bits(a)?),
            CtrlType::SET_HASH_KEY => Self::SetHashKey { gref: a, len: b },
            CtrlType::GET_HASH_MAPPING_SIZE => Self::GetHashMappingSize,
            CtrlType::SET_HASH_MAPPING_SIZE => Self::SetHashMappingSize(a),
            CtrlType::SET_HASH_MAPPING => Self::SetHashMapping { gref: a, entries: b, offset: c },
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_survive_encode_and_parse() {
        let requests = [
            CtrlRequest::SetHashAlgorithm(ALGORITHM_TOEPLITZ),
            CtrlRequest::GetHashFlags,
            CtrlRequest::SetHashFlags(HashTypes::all()),
            CtrlRequest::SetHashKey { gref: 9, len: 40 },
            CtrlRequest::GetHashMappingSize,
            CtrlRequest::SetHashMappingSize(128),
            CtrlRequest::SetHashMapping { gref: 1, entries: 2, offset: 3 },
        ];
        for (id, request) in requests.into_iter().enumerate() {
            let wire = request.encode(id as u16);
            assert_eq!(wire.ty.0.to_le_bytes(), wire.as_bytes()[2..4]);
            assert_eq!(CtrlRequest::parse(&wire), Some(request));
        }
        assert_eq!(CtrlRequest::parse(&WireCtrlRequest { id: 0, ty: CtrlType(9), data: [0; 3] }), None);
    }
}
