//! Status indications.

use super::adapter::{Adapter, Link};
use super::{adapter_of, attributes, form, rules};
use crate::abi::*;
use alloc::format;

/// Hands an indication to the client and keeps it.
pub fn raise(adapter: &'static Adapter, code: NDIS_STATUS, data: &[u8]) {
    adapter.indications.lock().push((code, data.to_vec()));
    if let Some(client) = adapter.client() {
        client.status(adapter, code, data);
    }
}

unsafe fn indicate(adapter: &'static Adapter, at: *mut NDIS_STATUS_INDICATION) {
    if !form::STATUS.check(at.cast(), adapter.driver.version) {
        return;
    }
    let given = *at;
    let wrong = |text| rules::report(&rules::STATUS, text, at as usize, given.StatusCode as u32 as usize);
    if given.SourceHandle != adapter.handle() {
        wrong(format!("SourceHandle {:p} is not the adapter's handle", given.SourceHandle));
    }
    if given.StatusBufferSize != 0 && given.StatusBuffer.is_null() {
        wrong(format!("status {:#x} has {} bytes at no address", given.StatusCode, given.StatusBufferSize));
        return;
    }
    let size = given.StatusBufferSize as usize;
    let data: &[u8] =
        if size == 0 { &[] } else { core::slice::from_raw_parts(given.StatusBuffer.cast::<u8>(), size) };
    let form = match given.StatusCode {
        NDIS_STATUS_LINK_STATE => Some(&form::LINK_STATE),
        NDIS_STATUS_TASK_OFFLOAD_CURRENT_CONFIG | NDIS_STATUS_TASK_OFFLOAD_HARDWARE_CAPABILITIES => {
            Some(&form::OFFLOAD)
        }
        NDIS_STATUS_MEDIA_CONNECT | NDIS_STATUS_MEDIA_DISCONNECT => {
            wrong("media connect and disconnect are indicated by NDIS_STATUS_LINK_STATE in NDIS 6".into());
            return;
        }
        _ => None,
    };
    if let Some(form) = form {
        if size < size_of::<NDIS_OBJECT_HEADER>()
            || size < usize::from((*given.StatusBuffer.cast::<NDIS_OBJECT_HEADER>()).Size)
        {
            wrong(format!("status {:#x} has {size} bytes, too few for {}", given.StatusCode, form.name));
            return;
        }
        if !form.check(given.StatusBuffer, adapter.driver.version) {
            return;
        }
    }
    match given.StatusCode {
        NDIS_STATUS_LINK_STATE => {
            let link = form::LINK_STATE.copy(given.StatusBuffer.cast::<NDIS_LINK_STATE>());
            *adapter.link.lock() = Link {
                connect: link.MediaConnectState,
                duplex: link.MediaDuplexState,
                transmit: link.XmitLinkSpeed,
                receive: link.RcvLinkSpeed,
            };
        }
        NDIS_STATUS_TASK_OFFLOAD_CURRENT_CONFIG => {
            let config = form::OFFLOAD.copy(given.StatusBuffer.cast::<NDIS_OFFLOAD>());
            let hardware = adapter.attributes.lock().hardware;
            if let Some(text) = hardware.as_ref().and_then(|h| attributes::exceeds(&config, h)) {
                wrong(text);
            }
            *adapter.offload.lock() = Some(config);
        }
        _ => {}
    }
    raise(adapter, given.StatusCode, data);
}

crate::exports! { EXPORTS "ndis.sys";
    fn NdisMIndicateStatusEx(handle: NDIS_HANDLE, at: *mut NDIS_STATUS_INDICATION) [irql <= DISPATCH_LEVEL] {
        indicate(adapter_of(handle), at)
    }
    fn NdisMNetPnPEvent(handle: NDIS_HANDLE, event: *mut NET_PNP_EVENT_NOTIFICATION) -> NDIS_STATUS [irql == PASSIVE_LEVEL] {
        // Nothing above answers network PnP events.
        adapter_of(handle);
        NDIS_STATUS_NOT_SUPPORTED
    }
    fn NdisMIdleNotificationComplete(handle: NDIS_HANDLE) [irql <= DISPATCH_LEVEL] {
        // Selective suspend is for USB adapters: this NDIS never starts an idle notification.
        rules::report(&rules::STATE_COMPLETE, "NdisMIdleNotificationComplete, but no idle notification is pending".into(), handle as usize, 0);
    }
    fn NdisMIdleNotificationConfirm(handle: NDIS_HANDLE, state: i32) [irql == PASSIVE_LEVEL] {
        rules::report(&rules::STATE_COMPLETE, "NdisMIdleNotificationConfirm, but no idle notification is pending".into(), handle as usize, 0);
    }
}
