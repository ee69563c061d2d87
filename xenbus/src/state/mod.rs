//! The xenbus handshake, from the front-end's side, as a pure state machine.
//!
//! [`Handshake`] is told what happened (a back-end's state was read, a step of the driver is done, time
//! has passed) and answers with [`Action`]s, which the driver carries out in order, at PASSIVE_LEVEL. It
//! knows no store, no rings and no clock. The rules stand at the head of `machine.rs`.

mod machine;
#[cfg(test)]
mod tests;

pub use machine::{Action, Config, Failure, Handshake, Phase, Wake};

/// `enum xenbus_state` (`xen/io/xenbus.h`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum XenbusState {
    /// A number that is not a state, or the 0 that some tools write.
    Unknown,
    /// The other side has not begun.
    Initialising,
    /// Early initialisation is done; features are published, and the peer is waited for.
    InitWait,
    /// Transport parameters are published; a connection of the peer is waited for.
    Initialised,
    /// Working.
    Connected,
    /// To be closed, after an error or for an unplug.
    Closing,
    /// Closed.
    Closed,
    /// Being reconfigured.
    Reconfiguring,
    /// Was reconfigured.
    Reconfigured,
}

impl XenbusState {
    /// The state with the number `raw`.
    #[must_use]
    pub const fn from_raw(raw: u32) -> Self {
        match raw {
            1 => Self::Initialising,
            2 => Self::InitWait,
            3 => Self::Initialised,
            4 => Self::Connected,
            5 => Self::Closing,
            6 => Self::Closed,
            7 => Self::Reconfiguring,
            8 => Self::Reconfigured,
            _ => Self::Unknown,
        }
    }

    /// The number.
    #[must_use]
    pub const fn raw(self) -> u32 {
        match self {
            Self::Unknown => 0,
            Self::Initialising => 1,
            Self::InitWait => 2,
            Self::Initialised => 3,
            Self::Connected => 4,
            Self::Closing => 5,
            Self::Closed => 6,
            Self::Reconfiguring => 7,
            Self::Reconfigured => 8,
        }
    }

    /// The number as the text of the `state` node.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "0",
            Self::Initialising => "1",
            Self::InitWait => "2",
            Self::Initialised => "3",
            Self::Connected => "4",
            Self::Closing => "5",
            Self::Closed => "6",
            Self::Reconfiguring => "7",
            Self::Reconfigured => "8",
        }
    }
}
