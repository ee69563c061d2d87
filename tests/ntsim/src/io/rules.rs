//! The rules of the I/O manager, Plug and Play and power. Numbers are those of Driver Verifier's bugchecks
//! (public documentation, "Bug Check 0xC9", "Bug Check 0xC4").

pub use super::rules_irp::*;
use crate::verifier::{self, Rule};
use alloc::string::ToString;
use nt::sys::*;

macro_rules! rules {
    ($($(#[$m:meta])* $name:ident = $id:literal, $code:literal, $parameter:literal, $text:literal;)*) => {
        $($(#[$m])* #[doc = $text] pub static $name: Rule =
            Rule { id: $id, text: $text, bugcheck: $code, parameter: $parameter };)*
        /// All rules of this module.
        pub static ALL: &[&Rule] = &[$(&$name,)*];
    };
}

rules! {
    FREE_NOT_IRP = "irp-free-not-irp", 0xC9, 0x01, "IoFreeIrp is given something that is no IRP";
    FREE_THREADED = "irp-free-threaded", 0xC9, 0x02, "IoFreeIrp is given an IRP that is queued to a thread";
    CALL_NOT_IRP = "irp-call-not-irp", 0xC9, 0x03, "IoCallDriver is given something that is no IRP";
    CALL_NO_DEVICE = "irp-call-no-device", 0xC9, 0x04, "IoCallDriver is given no valid device object";
    COMPLETE_PENDING = "irp-complete-pending", 0xC9, 0x06, "an IRP is completed with STATUS_PENDING or -1";
    COMPLETE_CANCEL_SET = "irp-complete-cancel-set", 0xC9, 0x07, "an IRP is completed while its cancel routine is set";
    TIMER_TWICE = "device-timer-twice", 0xC9, 0x0A, "IoInitializeTimer is called twice for a device";
    DELETE_ATTACHED = "device-delete-attached", 0xC9, 0x201, "a device object is deleted while it is attached";
    DETACH_TWICE = "device-detach-twice", 0xC9, 0x202, "IoDetachDevice without an attached device";
    CALL_CANCEL_SET = "irp-call-cancel-set", 0xC9, 0x203, "an IRP is forwarded while its cancel routine is set";
    CALL_NULL_DEVICE = "irp-call-null-device", 0xC9, 0x204, "an IRP is sent to NULL";
    CALL_CONTROL = "irp-call-control", 0xC9, 0x206, "an IRP is forwarded with a control field that was not cleared";
    CALL_COPIED_COMPLETION = "irp-call-copied-completion", 0xC9, 0x207, "a stack location was copied with the completion routine of the driver above";
    FREE_IN_USE = "irp-free-in-use", 0xC9, 0x20B, "IoFreeIrp is given an IRP that is in use";
    INITIALIZE_ALLOCATED = "irp-initialize-allocated", 0xC9, 0x238, "IoInitializeIrp is given an IRP made by IoAllocateIrp";
    INITIALIZE_SIZE = "irp-initialize-size", 0xC9, 0x200, "IoInitializeIrp is given too small a size";
    PNP_STATUS = "pnp-initial-status", 0xC9, 0x20E, "a PnP IRP is sent with a status other than STATUS_NOT_SUPPORTED";
    POWER_STATUS = "power-initial-status", 0xC9, 0x20F, "a power IRP is sent with a status other than STATUS_NOT_SUPPORTED";
    WMI_STATUS = "wmi-initial-status", 0xC9, 0x210, "a WMI IRP is sent with a status other than STATUS_NOT_SUPPORTED";
    CALL_SKIPPED_DEVICE = "irp-skipped-device", 0xC9, 0x211, "an IRP is forwarded past a device of the stack";
    PNP_FAILED_DOWN = "pnp-failed-passed-down", 0xC9, 0x215, "a failed PnP IRP is passed down";
    POWER_FAILED_DOWN = "power-failed-passed-down", 0xC9, 0x219, "a failed power IRP is passed down";
    REMOVE_NOT_DETACHED = "remove-not-detached", 0xC9, 0x21D, "a driver has not detached its device in IRP_MN_REMOVE_DEVICE";
    REMOVE_NOT_DELETED = "remove-not-deleted", 0xC9, 0x21E, "a driver has not deleted its device in IRP_MN_REMOVE_DEVICE";
    NO_DISPATCH = "no-dispatch", 0xC9, 0x21F, "a driver has no dispatch routine for a required major function";
    PDO_DELETED_PRESENT = "pdo-deleted-present", 0xC9, 0x221, "a PDO is deleted that has not been reported missing";
    STATUS_INCONSISTENT = "dispatch-status", 0xC9, 0x224, "a dispatch routine returns another status than the IRP carries";
    STATUS_ILLEGAL = "dispatch-status-illegal", 0xC9, 0x225, "a dispatch routine returns -1";
    NOT_COMPLETED = "dispatch-not-completed", 0xC9, 0x226, "a dispatch routine returns without completing, forwarding or pending the IRP";
    PDO_NO_ANSWER = "pdo-no-answer", 0xC9, 0x22A, "a PDO has not answered a required IRP";
    TARGET_RELATION_EMPTY = "target-relation-empty", 0xC9, 0x22B, "a PDO answers TargetDeviceRelation without itself";
    PNP_COMPLETED_SUCCESS = "pnp-completed-success", 0xC9, 0x22E, "a successful PnP IRP is completed instead of passed down";
    PNP_COMPLETED_UNTOUCHED = "pnp-completed-untouched", 0xC9, 0x22F, "a PnP IRP is completed untouched instead of passed down";
    POWER_COMPLETED_SUCCESS = "power-completed-success", 0xC9, 0x231, "a successful power IRP is completed instead of passed down";
    POWER_COMPLETED_UNTOUCHED = "power-completed-untouched", 0xC9, 0x232, "a power IRP is completed untouched instead of passed down";
    CAPS_VERSION = "caps-version", 0xC9, 0x233, "IRP_MN_QUERY_CAPABILITIES with a wrong version";
    CAPS_SIZE = "caps-size", 0xC9, 0x234, "IRP_MN_QUERY_CAPABILITIES with a wrong size";
    CAPS_ADDRESS = "caps-address", 0xC9, 0x235, "IRP_MN_QUERY_CAPABILITIES with an address that is not -1";
    CAPS_UI_NUMBER = "caps-ui-number", 0xC9, 0x236, "IRP_MN_QUERY_CAPABILITIES with a UI number that is not -1";
    RESTRICTED = "irp-restricted", 0xC9, 0x237, "a driver sends an IRP that only the system may send";
    CALL_IRQL = "irp-call-irql", 0xC9, 0x23A, "an IRP is sent at an IRQL that is illegal for its major function";
    PENDING_UNMARKED = "pending-unmarked", 0xC9, 0x23D, "STATUS_PENDING is returned for an IRP that was not marked pending";
    PENDING_UNRETURNED = "pending-unreturned", 0xC9, 0x23E, "an IRP was marked pending but STATUS_PENDING was not returned";
    POWER_PAGABLE = "device-power-pagable", 0xC9, 0x23F, "an attached device has not taken over DO_POWER_PAGABLE";
    DELETE_TWICE = "device-delete-twice", 0xC9, 0x240, "a device object is deleted twice";
    SURPRISE_DETACHED = "surprise-detached", 0xC9, 0x241, "a device is detached in IRP_MN_SURPRISE_REMOVAL";
    SURPRISE_DELETED = "surprise-deleted", 0xC9, 0x242, "a device is deleted in IRP_MN_SURPRISE_REMOVAL";
    STILL_INITIALIZING = "device-initializing", 0xC9, 0x243, "AddDevice leaves DO_DEVICE_INITIALIZING set";
    IO_FLAGS_NOT_COPIED = "device-io-flags", 0xC9, 0x244, "an attached device has not taken over DO_BUFFERED_IO or DO_DIRECT_IO";
    IO_FLAGS_BOTH = "device-io-flags-both", 0xC9, 0x245, "a device has both DO_BUFFERED_IO and DO_DIRECT_IO";
    DEVICE_TYPE = "device-type", 0xC9, 0x246, "an attached device has not taken over the device type";
    PNP_MUST_NOT_FAIL = "pnp-must-not-fail", 0xC9, 0x247, "a driver fails an IRP that must not fail";
    RELATION_NOT_PDO = "relation-not-pdo", 0xC9, 0x248, "a device relations answer contains a device that is no PDO";
    DUPLICATE_IDS = "relation-duplicate-ids", 0xC9, 0x249, "a bus reports two children with the same IDs";
    INFORMATION = "irp-information", 0xC9, 0x214, "IoStatus.Information exceeds the caller's buffer";
    REMLOCK_UNINITIALIZED = "remove-lock-uninitialized", 0xC4, 0xD5, "a remove lock is used before it is initialised";
    REMLOCK_TAG = "remove-lock-tag", 0xC4, 0xD6, "a remove lock is released with a tag that does not hold it";
    REMLOCK_TWICE = "remove-lock-twice", 0xC4, 0xD7, "IoReleaseRemoveLockAndWait is called twice";
    CANCEL_IRQL = "cancel-irql", 0xC4, 0x3C, "a cancel routine returns at another IRQL than IoCancelIrp was called at";
    UNLOAD_DEVICES = "unload-devices", 0xC4, 0xE2, "a driver is unloaded with device objects";
    UNLOAD_WORK = "unload-work-items", 0xCE, 0, "a driver is unloaded with work items";
    UNLOAD_INTERRUPTS = "unload-interrupts", 0xC4, 0xE3, "a driver is unloaded with connected interrupts";
    UNLOAD_REGISTRATION = "unload-registration", 0xC4, 0xE4, "a driver is unloaded with registrations (ETW, WMI, notifications)";
    UNLOAD_IRPS = "unload-irps", 0xC4, 0xE5, "a driver is unloaded with IRPs that it has allocated";
    WORK_ITEM_FREED = "work-item-freed", 0xC4, 0xDD, "a work item is freed while it is queued";
    WORK_ITEM_TWICE = "work-item-twice", 0x96, 0, "a work item is queued while it is queued";
    DMA_BUFFER_TWICE = "dma-buffer-twice", 0xE6, 0x03, "a common buffer is freed twice";
    DMA_SG_TWICE = "dma-sg-twice", 0xE6, 0x06, "a scatter-gather list is put twice";
    DMA_COMMON_BUFFER_LEAK = "dma-common-buffer-leak", 0xE6, 0x07, "a DMA adapter is put with common buffers in use";
    DMA_SG_LEAK = "dma-sg-leak", 0xE6, 0x0A, "a DMA adapter is put with scatter-gather lists in use";
    DMA_ADAPTER_LEAK = "dma-adapter-leak", 0xE6, 0x11, "a driver is unloaded with DMA adapters";
    DMA_IRQL = "dma-irql", 0xE6, 0x13, "a DMA routine is called at a wrong IRQL";
    DMA_RELEASED = "dma-released", 0xE6, 0x18, "a DMA adapter is used that does not exist any more";
    REGISTRY_HANDLE_LEAK = "registry-handle-leak", 0xC4, 0xDF, "a driver is unloaded with open handles";
}

/// Reports a violation that concerns an IRP.
pub fn irp(rule: &'static Rule, text: &str, irp: *mut IRP, extra: usize) {
    verifier::report(rule, text.to_string(), [irp as u64, extra as u64, 0, 0]);
}

/// Reports a violation that concerns another object.
pub fn object(rule: &'static Rule, text: &str, object: usize, extra: usize) {
    verifier::report(rule, text.to_string(), [object as u64, extra as u64, 0, 0]);
}
