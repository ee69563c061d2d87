//! The wire protocol of xenstore (`xen/io/xs_wire.h`).

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Size of each of the two byte rings.
#[doc(alias = "XENSTORE_RING_SIZE")]
pub const RING_SIZE: u32 = 1024;
/// Offset of the request bytes in the page.
#[doc(alias = "xenstore_domain_interface.req")]
pub const REQ_OFFSET: usize = 0;
/// Offset of the reply bytes in the page.
#[doc(alias = "xenstore_domain_interface.rsp")]
pub const RSP_OFFSET: usize = 1024;
/// Offset of `req_cons`, written by the store.
#[doc(alias = "xenstore_domain_interface.req_cons")]
pub const REQ_CONS: usize = 2048;
/// Offset of `req_prod`, written by us.
#[doc(alias = "xenstore_domain_interface.req_prod")]
pub const REQ_PROD: usize = 2052;
/// Offset of `rsp_cons`, written by us.
#[doc(alias = "xenstore_domain_interface.rsp_cons")]
pub const RSP_CONS: usize = 2056;
/// Offset of `rsp_prod`, written by the store.
#[doc(alias = "xenstore_domain_interface.rsp_prod")]
pub const RSP_PROD: usize = 2060;
/// Offset of the store's feature bits ([`server_feature`]).
#[doc(alias = "xenstore_domain_interface.server_features")]
pub const SERVER_FEATURES: usize = 2064;
/// Offset of the connection word ([`connection`]).
#[doc(alias = "xenstore_domain_interface.connection")]
pub const CONNECTION: usize = 2068;
/// Offset of the error word (valid with [`server_feature::ERROR`]).
#[doc(alias = "xenstore_domain_interface.error")]
pub const ERROR: usize = 2072;

/// Most bytes of payload in a message, either way.
#[doc(alias = "XENSTORE_PAYLOAD_MAX")]
pub const PAYLOAD_MAX: usize = 4096;
/// Longest absolute path.
#[doc(alias = "XENSTORE_ABS_PATH_MAX")]
pub const ABS_PATH_MAX: usize = 3072;
/// Longest path relative to the domain's home.
#[doc(alias = "XENSTORE_REL_PATH_MAX")]
pub const REL_PATH_MAX: usize = 2048;

/// Bits of [`SERVER_FEATURES`].
pub mod server_feature {
    /// The guest can ask for the ring to be reset.
    #[doc(alias = "XENSTORE_SERVER_FEATURE_RECONNECTION")]
    pub const RECONNECTION: u32 = 1;
    /// The error word is valid.
    #[doc(alias = "XENSTORE_SERVER_FEATURE_ERROR")]
    pub const ERROR: u32 = 2;
}

/// Values of [`CONNECTION`].
pub mod connection {
    /// The steady state.
    #[doc(alias = "XENSTORE_CONNECTED")]
    pub const CONNECTED: u32 = 0;
    /// The guest asks the store to drop all and reset the ring.
    #[doc(alias = "XENSTORE_RECONNECT")]
    pub const RECONNECT: u32 = 1;
}

/// `enum xsd_sockmsg_type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(transparent)]
pub struct MessageType(pub u32);

#[allow(missing_docs, reason = "the names are those of the header; what they do is said in xs::Request")]
impl MessageType {
    #[doc(alias = "XS_CONTROL")]
    pub const CONTROL: Self = Self(0);
    #[doc(alias = "XS_DIRECTORY")]
    pub const DIRECTORY: Self = Self(1);
    #[doc(alias = "XS_READ")]
    pub const READ: Self = Self(2);
    #[doc(alias = "XS_GET_PERMS")]
    pub const GET_PERMS: Self = Self(3);
    #[doc(alias = "XS_WATCH")]
    pub const WATCH: Self = Self(4);
    #[doc(alias = "XS_UNWATCH")]
    pub const UNWATCH: Self = Self(5);
    #[doc(alias = "XS_TRANSACTION_START")]
    pub const TRANSACTION_START: Self = Self(6);
    #[doc(alias = "XS_TRANSACTION_END")]
    pub const TRANSACTION_END: Self = Self(7);
    #[doc(alias = "XS_INTRODUCE")]
    pub const INTRODUCE: Self = Self(8);
    #[doc(alias = "XS_RELEASE")]
    pub const RELEASE: Self = Self(9);
    #[doc(alias = "XS_GET_DOMAIN_PATH")]
    pub const GET_DOMAIN_PATH: Self = Self(10);
    #[doc(alias = "XS_WRITE")]
    pub const WRITE: Self = Self(11);
    #[doc(alias = "XS_MKDIR")]
    pub const MKDIR: Self = Self(12);
    #[doc(alias = "XS_RM")]
    pub const RM: Self = Self(13);
    #[doc(alias = "XS_SET_PERMS")]
    pub const SET_PERMS: Self = Self(14);
    #[doc(alias = "XS_WATCH_EVENT")]
    pub const WATCH_EVENT: Self = Self(15);
    #[doc(alias = "XS_ERROR")]
    pub const ERROR: Self = Self(16);
    #[doc(alias = "XS_IS_DOMAIN_INTRODUCED")]
    pub const IS_DOMAIN_INTRODUCED: Self = Self(17);
    #[doc(alias = "XS_RESUME")]
    pub const RESUME: Self = Self(18);
    #[doc(alias = "XS_SET_TARGET")]
    pub const SET_TARGET: Self = Self(19);
    #[doc(alias = "XS_RESET_WATCHES")]
    pub const RESET_WATCHES: Self = Self(21);
    #[doc(alias = "XS_DIRECTORY_PART")]
    pub const DIRECTORY_PART: Self = Self(22);
}

/// `struct xsd_sockmsg`: the header of every message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[doc(alias = "struct xsd_sockmsg")]
#[repr(C)]
pub struct Header {
    /// What it is.
    #[doc(alias = "type")]
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
