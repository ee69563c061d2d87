//! Sense data.

use blkfront::request::{Failure, Operation};

/// Bytes of fixed-format sense data.
pub const SENSE_LENGTH: usize = 18;

/// Sense key, additional sense code and its qualifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sense {
    /// Sense key.
    pub key: u8,
    /// Additional sense code.
    pub asc: u8,
    /// Qualifier.
    pub ascq: u8,
}

impl Sense {
    const fn new(key: u8, asc: u8, ascq: u8) -> Self {
        Self { key, asc, ascq }
    }

    /// NO SENSE.
    pub const NONE: Self = Self::new(0x0, 0, 0);
    /// NOT READY, MEDIUM NOT PRESENT.
    pub const NO_MEDIUM: Self = Self::new(0x2, 0x3a, 0);
    /// MEDIUM ERROR, UNRECOVERED READ ERROR.
    pub const READ_ERROR: Self = Self::new(0x3, 0x11, 0);
    /// MEDIUM ERROR, WRITE ERROR.
    pub const WRITE_ERROR: Self = Self::new(0x3, 0x0c, 0);
    /// HARDWARE ERROR, INTERNAL TARGET FAILURE.
    pub const TARGET_FAILURE: Self = Self::new(0x4, 0x44, 0);
    /// ILLEGAL REQUEST, INVALID COMMAND OPERATION CODE.
    pub const INVALID_COMMAND: Self = Self::new(0x5, 0x20, 0);
    /// ILLEGAL REQUEST, LOGICAL BLOCK ADDRESS OUT OF RANGE.
    pub const OUT_OF_RANGE: Self = Self::new(0x5, 0x21, 0);
    /// ILLEGAL REQUEST, INVALID FIELD IN CDB.
    pub const INVALID_FIELD: Self = Self::new(0x5, 0x24, 0);
    /// ILLEGAL REQUEST, LOGICAL UNIT NOT SUPPORTED.
    pub const NO_UNIT: Self = Self::new(0x5, 0x25, 0);
    /// ILLEGAL REQUEST, PARAMETER LIST LENGTH ERROR.
    pub const PARAMETER_LENGTH: Self = Self::new(0x5, 0x1a, 0);
    /// ILLEGAL REQUEST, INVALID FIELD IN PARAMETER LIST.
    pub const INVALID_PARAMETER: Self = Self::new(0x5, 0x26, 0);
    /// ILLEGAL REQUEST, SAVING PARAMETERS NOT SUPPORTED.
    pub const NO_SAVING: Self = Self::new(0x5, 0x39, 0);
    /// UNIT ATTENTION, NOT READY TO READY CHANGE, MEDIUM MAY HAVE CHANGED.
    pub const MEDIUM_CHANGED: Self = Self::new(0x6, 0x28, 0);
    /// UNIT ATTENTION, POWER ON, RESET, OR BUS DEVICE RESET OCCURRED.
    pub const RESET: Self = Self::new(0x6, 0x29, 0);
    /// UNIT ATTENTION, CAPACITY DATA HAS CHANGED.
    pub const CAPACITY_CHANGED: Self = Self::new(0x6, 0x2a, 0x09);
    /// DATA PROTECT, WRITE PROTECTED.
    pub const WRITE_PROTECTED: Self = Self::new(0x7, 0x27, 0);
    /// ABORTED COMMAND, DATA PHASE ERROR.
    pub const DATA_PHASE: Self = Self::new(0xb, 0x4b, 0);

    /// Fixed format (SPC-4 4.5.3), current error.
    #[must_use]
    pub const fn encode(self) -> [u8; SENSE_LENGTH] {
        let mut data = [0; SENSE_LENGTH];
        data[0] = 0x70;
        data[2] = self.key;
        // Additional length: what follows byte 7.
        data[7] = SENSE_LENGTH as u8 - 8;
        data[12] = self.asc;
        data[13] = self.ascq;
        data
    }

    /// What a failed request is to the initiator. `None` where it is not the unit that failed (a reset,
    /// a device that is gone): the SRB status says that.
    #[must_use]
    pub const fn of(failure: Failure, operation: Operation) -> Option<Self> {
        Some(match failure {
            Failure::Io => match operation {
                Operation::Read | Operation::Verify => Self::READ_ERROR,
                _ => Self::WRITE_ERROR,
            },
            // A flush or discard that the back-end does not have: the command does not exist here.
            Failure::Unsupported => Self::INVALID_COMMAND,
            Failure::OutOfRange => Self::OUT_OF_RANGE,
            Failure::ReadOnly => Self::WRITE_PROTECTED,
            Failure::BadData => Self::DATA_PHASE,
            Failure::Reset | Failure::Gone => return None,
        })
    }
}
