//! Storport's verifier rules (bug check 0xF1 and 0xF0, WDK debugger documentation).

use crate::verifier::Rule;

/// A request completed that is not outstanding.
pub static DOUBLE_COMPLETION: Rule = Rule {
    id: "Storport.DoubleCompletion",
    text: "a miniport completed a request that is not outstanding (twice, or never issued)",
    bugcheck: 0xF1,
    parameter: 0x2004,
};

/// Completed with SRB_STATUS_PENDING.
pub static PENDING_STATUS: Rule = Rule {
    id: "Storport.PendingStatus",
    text: "a miniport completed a request whose SrbStatus is still pending",
    bugcheck: 0xF1,
    parameter: 0x2006,
};

/// HwStartIo returned FALSE and left the request.
pub static START_IO_FAILED: Rule = Rule {
    id: "Storport.StartIoFalse",
    text: "HwStartIo returned FALSE without completing the request",
    bugcheck: 0xF1,
    parameter: 0x2007,
};

/// StorPortStallExecution for more than 0.1 s.
pub static LONG_STALL: Rule = Rule {
    id: "Storport.LongStall",
    text: "a miniport stalled for more than 0.1 s outside HwFindAdapter",
    bugcheck: 0xF1,
    parameter: 0x2001,
};

/// StorPortGetUncachedExtension outside HwFindAdapter.
pub static UNCACHED_LATE: Rule = Rule {
    id: "Storport.UncachedExtensionLate",
    text: "StorPortGetUncachedExtension was called outside HwFindAdapter",
    bugcheck: 0xF1,
    parameter: 0x2002,
};

/// A reset was reported successful with requests outstanding.
pub static RESET_INCOMPLETE: Rule = Rule {
    id: "Storport.ResetIncomplete",
    text: "a reset was claimed successful without completing all outstanding requests",
    bugcheck: 0xF0,
    parameter: 0,
};

/// More data reported than was asked for.
pub static TRANSFER_LENGTH: Rule = Rule {
    id: "Storport.TransferLength",
    text: "a request completed with a longer DataTransferLength than was asked for",
    bugcheck: 0xF1,
    parameter: 0x2008,
};

/// Lock order: DPC or StartIo lock first, then Interrupt.
pub static LOCK_ORDER: Rule = Rule {
    id: "Storport.LockOrder",
    text: "a Storport lock was taken against the order DPC, StartIo, Interrupt, or twice",
    bugcheck: 0xF1,
    parameter: 0x2009,
};

/// A routine that must be called at PASSIVE_LEVEL or in HwFindAdapter was called elsewhere.
pub static WRONG_PLACE: Rule = Rule {
    id: "Storport.WrongPlace",
    text: "a Storport routine was called where it is not allowed",
    bugcheck: 0xF1,
    parameter: 0x200A,
};

/// All rules of this room.
pub static ALL: &[&Rule] = &[
    &DOUBLE_COMPLETION,
    &PENDING_STATUS,
    &START_IO_FAILED,
    &LONG_STALL,
    &UNCACHED_LATE,
    &RESET_INCOMPLETE,
    &TRANSFER_LENGTH,
    &LOCK_ORDER,
    &WRONG_PLACE,
];
