//! xenstore's wire format (`io/xs_wire.h`).

use super::Fields;

/// Request and reply types.
#[allow(missing_docs)] // The header's names.
pub mod op {
    pub const CONTROL: u32 = 0;
    pub const DIRECTORY: u32 = 1;
    pub const READ: u32 = 2;
    pub const GET_PERMS: u32 = 3;
    pub const WATCH: u32 = 4;
    pub const UNWATCH: u32 = 5;
    pub const TRANSACTION_START: u32 = 6;
    pub const TRANSACTION_END: u32 = 7;
    pub const INTRODUCE: u32 = 8;
    pub const RELEASE: u32 = 9;
    pub const GET_DOMAIN_PATH: u32 = 10;
    pub const WRITE: u32 = 11;
    pub const MKDIR: u32 = 12;
    pub const RM: u32 = 13;
    pub const SET_PERMS: u32 = 14;
    pub const WATCH_EVENT: u32 = 15;
    pub const ERROR: u32 = 16;
    pub const IS_DOMAIN_INTRODUCED: u32 = 17;
    pub const RESUME: u32 = 18;
    pub const SET_TARGET: u32 = 19;
    pub const RESET_WATCHES: u32 = 21;
    pub const DIRECTORY_PART: u32 = 22;
    pub const COUNT: u32 = 23;
}

/// Bytes of a ring direction.
pub const RING_SIZE: u32 = 1024;
/// Offsets in the page of two rings.
pub const REQ: usize = 0;
/// Responses.
pub const RSP: usize = 1024;
/// Request consumer, moved by the server.
pub const REQ_CONS: usize = 2048;
/// Request producer, moved by the guest.
pub const REQ_PROD: usize = 2052;
/// Response consumer, moved by the guest.
pub const RSP_CONS: usize = 2056;
/// Response producer, moved by the server.
pub const RSP_PROD: usize = 2060;
/// Feature bits of the server.
pub const SERVER_FEATURES: usize = 2064;
/// Connection state.
pub const CONNECTION: usize = 2068;
/// Error code of the server.
pub const ERROR: usize = 2072;
/// `server_features`: reconnection is possible.
pub const FEATURE_RECONNECTION: u32 = 1;
/// `server_features`: the error field is there.
pub const FEATURE_ERROR: u32 = 2;
/// Ring error: communication problem, invalid index, protocol violation.
pub const ERROR_RINGIDX: u32 = 2;
/// See [`ERROR_RINGIDX`].
pub const ERROR_PROTO: u32 = 3;
/// Most payload bytes.
pub const PAYLOAD_MAX: u32 = 4096;
/// Longest absolute path.
pub const ABS_PATH_MAX: usize = 3072;
/// Longest relative path.
pub const REL_PATH_MAX: usize = 2048;
/// Bytes of a header.
pub const HEADER: usize = 16;

/// A message header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// Type.
    pub kind: u32,
    /// Echoed id.
    pub req_id: u32,
    /// Transaction.
    pub tx_id: u32,
    /// Payload bytes.
    pub len: u32,
}

impl Header {
    /// From 16 bytes.
    #[must_use]
    pub fn decode(raw: &[u8]) -> Self {
        Self { kind: raw.u32_at(0), req_id: raw.u32_at(4), tx_id: raw.u32_at(8), len: raw.u32_at(12) }
    }

    /// To 16 bytes.
    #[must_use]
    pub fn encode(self) -> [u8; HEADER] {
        let mut raw = [0; HEADER];
        for (to, word) in raw.chunks_mut(4).zip([self.kind, self.req_id, self.tx_id, self.len]) {
            to.copy_from_slice(&word.to_le_bytes());
        }
        raw
    }
}
