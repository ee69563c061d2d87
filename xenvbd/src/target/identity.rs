//! Who the disk is: read once, at the first connection, and there for as long as the target.
#![allow(unsafe_code, reason = "a reference to what is never freed before the target")]

use alloc::{boxed::Box, format, string::String, vec::Vec};
use core::{ptr::null_mut, sync::atomic::Ordering};

use xenbus::seam::Store;
use xenpci_interface::Client;

use super::Target;
use crate::scsi::Identity;

impl Target {
    /// Who the disk is; there from the first connection on.
    pub fn identity(&self) -> Option<&Identity> {
        let identity = self.identity.load(Ordering::Acquire);
        // SAFETY: set once to a leaked box, which is only freed with the target.
        unsafe { identity.as_ref() }
    }

    pub(super) fn set_identity(&self, identity: Identity) {
        let fresh = Box::into_raw(Box::new(identity));
        let null = null_mut();
        if self.identity.compare_exchange(null, fresh, Ordering::AcqRel, Ordering::Acquire).is_err() {
            free_identity(fresh);
        }
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        let identity = self.identity.swap(null_mut(), Ordering::AcqRel);
        if !identity.is_null() {
            free_identity(identity);
        }
    }
}

fn free_identity(identity: *mut Identity) {
    // SAFETY: from Box::into_raw, and nobody else has it.
    drop(unsafe { Box::from_raw(identity) });
}

/// Who the disk is, from what the host says.
pub(super) fn read_identity(store: &Client, vdev: u32, backend: Option<&str>) -> Identity {
    let back = |name: &str| backend.and_then(|b| store.read(None, &format!("{b}/{name}")).ok());
    let text = |bytes: Option<Vec<u8>>| bytes.and_then(|b| String::from_utf8(b).ok());
    let pages = crate::scsi::Pages::from_base64(
        back("sm-data/scsi/0x12/default").as_deref(),
        back("sm-data/scsi/0x12/0x80").as_deref(),
        back("sm-data/scsi/0x12/0x83").as_deref(),
    );
    let image = text(back("sm-data/vdi-uuid"));
    // "/vm/<uuid>"
    let machine = text(store.read(None, "vm").ok());
    let machine = machine.as_deref().map(|path| path.rsplit('/').next().unwrap_or(path));
    Identity::new(image.as_deref(), machine, vdev, pages)
}
