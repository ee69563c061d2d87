//! The wire protocol of xenstore (`xen/io/xs_wire.h`).

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Size of each of the two byte rings.
pub const RING_SIZE: u32 = 1024;
/// Offset of the request bytes in the page.
pub const REQ_OFFSET: usize = 0;
/// Offset of the reply bytes in the page.
pub const RSP_OFFSET: usize = 1024;
/// Offset of `req_cons`, written by the store.
pub const REQ_CONS: usize = 2048;
/// Offset of `req_prod`, written by us.
pub const REQ_PROD: usize = 2052;
/// Offset of `rsp_cons`, written by us.
pub const RSP_CONS: usize = 2056;
/// Offset of `rsp_prod`, written by the store.
pub const RSP_PROD: usize = 2060;
/// Offset of the store's feature bits ([`server_feature`]).
pub const SERVER_FEATURES: usize = 2064;
/// Offset of the connection word ([`connection`]).
pub const CONNECTION: usize = 2068;
/// Offset of the error word (valid with [`server_feature::ERROR`]).
pub const ERROR: usize = 2072;

/// Most bytes of payload in a message, either way.
pub const PAYLOAD_MAX: usize = 4096;
/// Longest absolute path.
pub const ABS_PATH_MAX: usize = 3072;
/// Longest path relative to the domain's home.
pub const REL_PATH_MAX: usize = 2048;

/// Bits of [`SERVER_FEATURES`].
pub mod server_feature {
    /// The guest can ask for the ring to be reset.
    pub const RECONNECTION: u32 = 1;
    /// The error word is valid.
    pub const ERROR: u32 = 2;
}

/// Values of [`CONNECTION`].
pub mod connection {
    /// The steady state.
    pub const CONNECTED: u32 = 0;
    /// The guest asks the store to drop all and reset the ring.
    pub const RECONNECT: u32 = 1;
}

/// `enum xsd_sockmsg_type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(transparent)]
pub struct MessageType(pub u32);

#[allow(missing_docs, reason = "the names are those of the header; what they do is said in xs::Request")]
impl MessageType {
    pub const CONTROL: Self = Self(0);
    pub const DIRECTORY: Self = Self(1);
    pub const READ: Self = Self(2);
    pub const GET_PERMS: Self = Self(3);
    pub const WATCH: Self = Self(4);
    pub const UNWATCH: Self = Self(5);
    pub const TRANSACTION_START: Self = Self(6);
    pub const TRANSACTION_END: Self = Self(7);
    pub const INTRODUCE: Self = Self(8);
    pub const RELEASE: Self = Self(9);
    pub const GET_DOMAIN_PATH: Self = Self(10);
    pub const WRITE: Self = Self(11);
    pub const MKDIR: Self = Self(12);
    pub const RM: Self = Self(13);
    pub const SET_PERMS: Self = Self(14);
    pub const WATCH_EVENT: Self = Self(15);
    pub const ERROR: Self = Self(16);
    pub const IS_DOMAIN_INTRODUCED: Self = Self(17);
    pub const RESUME: Self = Self(18);
    pub const SET_TARGET: Self = Self(19);
    pub const RESET_WATCHES: Self = Self(21);
    pub const DIRECTORY_PART: Self = Self(22);
}

/// `struct xsd_sockmsg`: the header of every message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Header {
    /// What it is.
    pub ty: MessageType,
    /// Chosen by the client, echoed by the store; 0 in watch events.
    pub req_id: u32,
    /// The transaction, or 0.
    pub tx_id: u32,
    /// Bytes of payload that follow.
    pub len: u32,
}

/// Size of [`Header`].
pub const HEADER_SIZE: usize = size_of::<Header>();
const _: () = assert!(HEADER_SIZE == 16);
