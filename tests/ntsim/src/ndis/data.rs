//! Sends and receives: who owns which net buffer list.

use super::adapter::{Adapter, State};
use super::{adapter_of, rules};
use crate::abi::*;
use crate::ke::irql;
use crate::kernel::{kernel, lock::Lock};
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicU64, Ordering::*};
use nt::nbl;

/// A send at the miniport.
struct Sent {
    /// MiniportPause had returned when it was given.
    while_pausing: bool,
    /// MiniportSendNetBufferLists has returned: until then the miniport may not know of it.
    handed: bool,
    /// Net buffers as they were given: address, data length, data offset, current MDL.
    buffers: Vec<(usize, u32, u32, usize)>,
}

/// Data path of an adapter.
#[derive(Default)]
pub struct Path {
    sends: Lock<BTreeMap<usize, Sent>>,
    receives: Lock<BTreeMap<usize, ()>>,
    /// Calls of [`Adapter::send`] under way.
    pub senders: AtomicU64,
    /// Lists given to the miniport to send.
    pub sent: AtomicU64,
    /// Lists that it completed.
    pub completed: AtomicU64,
    /// Lists that it indicated.
    pub received: AtomicU64,
    /// Lists that were given back.
    pub returned: AtomicU64,
}

impl Path {
    /// Sends outstanding.
    pub fn sends(&self) -> usize {
        self.sends.lock().len()
    }

    /// Sends outstanding that the miniport knows of.
    pub fn handed(&self) -> usize {
        self.sends.lock().values().filter(|sent| sent.handed).count()
    }

    /// Receives outstanding.
    pub fn receives(&self) -> usize {
        self.receives.lock().len()
    }

    /// Is this list being sent or indicated?
    pub fn has(&self, list: usize) -> bool {
        self.sends.lock().contains_key(&list) || self.receives.lock().contains_key(&list)
    }
}

/// Longest chain that is followed.
const CHAIN: usize = 1 << 16;

/// The lists of a chain.
pub unsafe fn chain(mut at: *mut NET_BUFFER_LIST) -> Vec<*mut NET_BUFFER_LIST> {
    let mut out = Vec::new();
    while !at.is_null() && out.len() < CHAIN {
        out.push(at);
        at = nbl::next_list(at);
    }
    out
}

/// The net buffers of a list.
pub unsafe fn buffers(list: *mut NET_BUFFER_LIST) -> Vec<*mut NET_BUFFER> {
    let mut out = Vec::new();
    let mut at = nbl::first_buffer(list);
    while !at.is_null() && out.len() < CHAIN {
        out.push(at);
        at = nbl::next_buffer(at);
    }
    out
}

/// Links lists to a chain.
pub unsafe fn link(lists: &[*mut NET_BUFFER_LIST]) -> *mut NET_BUFFER_LIST {
    for (n, list) in lists.iter().enumerate() {
        nbl::set_next_list(*list, lists.get(n + 1).copied().unwrap_or(core::ptr::null_mut()));
    }
    lists.first().copied().unwrap_or(core::ptr::null_mut())
}

unsafe fn shape(list: *mut NET_BUFFER_LIST) -> Vec<(usize, u32, u32, usize)> {
    let of = |b: &*mut NET_BUFFER| {
        (*b as usize, nbl::data_length(*b), nbl::data_offset(*b), nbl::current_mdl(*b) as usize)
    };
    buffers(list).iter().map(of).collect()
}

impl Adapter {
    /// Sends lists. IRQL <= DISPATCH_LEVEL. While the adapter is paused NDIS refuses them itself; while it is pausing
    /// the miniport must.
    pub fn send(&'static self, lists: &[*mut NET_BUFFER_LIST]) {
        // A pause is not over before the calls are that began during it.
        self.data.senders.fetch_add(1, AcqRel);
        self.send_now(lists);
        self.data.senders.fetch_sub(1, AcqRel);
    }

    fn send_now(&'static self, lists: &[*mut NET_BUFFER_LIST]) {
        let state = self.state();
        if !matches!(state, State::Running | State::Pausing) || !self.powered.load(Acquire) {
            let Some(client) = self.client() else { return };
            let status =
                if state == State::Halted { NDIS_STATUS_ADAPTER_NOT_READY } else { NDIS_STATUS_PAUSED };
            for list in lists {
                client.sent(self, *list, status);
            }
            return;
        }
        let Some(routine) = self.handlers().SendNetBufferListsHandler else { return };
        unsafe {
            for list in lists {
                (**list).SourceHandle = self.handle();
                let while_pausing = state == State::Pausing && self.pause_returned.load(Acquire);
                let sent = Sent { while_pausing, handed: false, buffers: shape(*list) };
                self.data.sends.lock().insert(*list as usize, sent);
            }
            self.data.sent.fetch_add(lists.len() as u64, Relaxed);
            let first = link(lists);
            let raise = irql::current() < DISPATCH_LEVEL && kernel().engine.choose(2, "send IRQL") == 0;
            let old = if raise { irql::raise(DISPATCH_LEVEL) } else { irql::current() };
            let flags = if irql::current() == DISPATCH_LEVEL { NDIS_SEND_FLAGS_DISPATCH_LEVEL } else { 0 };
            crate::call!(
                "MiniportSendNetBufferLists",
                routine,
                self.context(),
                first,
                NDIS_DEFAULT_PORT_NUMBER,
                flags
            );
            if raise {
                irql::lower(old);
            }
            let mut sends = self.data.sends.lock();
            for list in lists {
                if let Some(sent) = sends.get_mut(&(*list as usize)) {
                    sent.handed = true;
                }
            }
        }
    }

    /// MiniportCancelSend for a cancel identifier.
    pub fn cancel_sends(&'static self, id: PVOID) {
        if let Some(routine) = self.handlers().CancelSendHandler
            && matches!(self.state(), State::Running | State::Pausing)
        {
            crate::call!("MiniportCancelSend", routine, self.context(), id);
        }
    }

    /// The client gives lists back (NdisReturnNetBufferLists). IRQL <= DISPATCH_LEVEL.
    pub fn give_back(&'static self, lists: &[*mut NET_BUFFER_LIST]) {
        if lists.is_empty() {
            return;
        }
        let Some(routine) = self.handlers().ReturnNetBufferListsHandler else { return };
        for list in lists {
            // An error of a client above, not of the miniport.
            assert!(
                self.data.receives.lock().remove(&(*list as usize)).is_some(),
                "a list is returned that was not received"
            );
        }
        self.data.returned.fetch_add(lists.len() as u64, Relaxed);
        let first = unsafe { link(lists) };
        let flags = if irql::current() == DISPATCH_LEVEL { NDIS_RETURN_FLAGS_DISPATCH_LEVEL } else { 0 };
        crate::call!("MiniportReturnNetBufferLists", routine, self.context(), first, flags);
    }

    /// Lists that the miniport completes.
    pub unsafe fn complete_sends(&'static self, first: *mut NET_BUFFER_LIST, flags: u32) {
        check_level(flags & NDIS_SEND_COMPLETE_FLAGS_DISPATCH_LEVEL != 0, "NdisMSendNetBufferListsComplete");
        let mut at = first;
        while !at.is_null() {
            let found = self.data.sends.lock().remove(&(at as usize));
            let Some(sent) = found else {
                let text = format!("net buffer list {at:p} is completed, but is not outstanding");
                rules::report(&rules::SEND_COMPLETE, text, at as usize, self.handle() as usize);
                // What it links to cannot be trusted.
                return;
            };
            let next = nbl::next_list(at);
            let status = nbl::status(at);
            if shape(at) != sent.buffers {
                rules::report(
                    &rules::SEND_MODIFIED,
                    "net buffers, lengths or offsets differ".into(),
                    at as usize,
                    0,
                );
            }
            if status == NDIS_STATUS_PENDING {
                rules::report(&rules::SEND_STATUS, "Status is NDIS_STATUS_PENDING".into(), at as usize, 0);
            }
            if sent.while_pausing && status == NDIS_STATUS_SUCCESS {
                let text = "the send came after MiniportPause and is completed with success".into();
                rules::report(&rules::SEND_WHILE_PAUSING, text, at as usize, 0);
            }
            self.data.completed.fetch_add(1, Relaxed);
            nbl::set_next_list(at, core::ptr::null_mut());
            if let Some(client) = self.client() {
                client.sent(self, at, status);
            }
            at = next;
        }
    }

    unsafe fn check_received(&'static self, list: *mut NET_BUFFER_LIST) -> Result<(), alloc::string::String> {
        let buffers = buffers(list);
        if buffers.len() != 1 {
            return Err(format!(
                "{} net buffers in one list; Ethernet receives have exactly one",
                buffers.len()
            ));
        }
        let buffer = buffers[0];
        let (length, offset) = (nbl::data_length(buffer), nbl::data_offset(buffer));
        let mut total = 0u64;
        let mut mdl = nbl::mdl_chain(buffer);
        let mut before = 0u64;
        let mut seen = false;
        while !mdl.is_null() {
            if mdl == nbl::current_mdl(buffer) {
                before = total;
                seen = true;
            }
            total += u64::from((*mdl).ByteCount);
            mdl = (*mdl).Next;
        }
        if length < 14 {
            return Err(format!("DataLength is {length}, less than an Ethernet header"));
        }
        if !seen || before + u64::from(nbl::current_mdl_offset(buffer)) != u64::from(offset) {
            return Err("CurrentMdl and CurrentMdlOffset do not agree with DataOffset".into());
        }
        if total < u64::from(offset) + u64::from(length) {
            return Err(format!(
                "the MDLs have {total} bytes, the data ends at {}",
                u64::from(offset) + u64::from(length)
            ));
        }
        let mtu = self.attributes.lock().general.map_or(0, |g| g.MtuSize);
        let coalesced = (nbl::info(list, TcpRecvSegCoalesceInfo) as usize & 0xFFFF) > 1;
        if !coalesced && length > mtu + 18 {
            return Err(format!(
                "a frame of {length} bytes with an MTU of {mtu} and no coalescing information"
            ));
        }
        Ok(())
    }

    /// Lists that the miniport indicates. `quiet`: they come from a poll handler, which sets no flags.
    pub unsafe fn indicate(&'static self, first: *mut NET_BUFFER_LIST, count: u32, flags: u32) {
        check_level(flags & NDIS_RECEIVE_FLAGS_DISPATCH_LEVEL != 0, "NdisMIndicateReceiveNetBufferLists");
        let lists = chain(first);
        if lists.len() != count as usize {
            let text = format!("NumberOfNetBufferLists is {count}, the chain has {}", lists.len());
            rules::report(&rules::RECEIVE_COUNT, text, first as usize, 0);
        }
        let state = self.state();
        if !matches!(state, State::Running | State::Pausing | State::Restarting) {
            rules::report(
                &rules::RECEIVE_STATE,
                format!("the adapter is {state:?}"),
                self.handle() as usize,
                first as usize,
            );
        }
        let mut good = Vec::new();
        for list in lists {
            if self.data.receives.lock().contains_key(&(list as usize)) {
                rules::report(&rules::RECEIVE_TWICE, format!("net buffer list {list:p}"), list as usize, 0);
                continue;
            }
            if (*list).SourceHandle != self.handle() {
                let text = format!("SourceHandle is {:p}", (*list).SourceHandle);
                rules::report(&rules::RECEIVE_SOURCE, text, list as usize, 0);
            }
            if let Err(text) = self.check_received(list) {
                rules::report(&rules::RECEIVE_CONTENT, text, list as usize, 0);
            }
            good.push(list);
        }
        self.data.received.fetch_add(good.len() as u64, Relaxed);
        let resources = flags & NDIS_RECEIVE_FLAGS_RESOURCES != 0;
        if !resources {
            let mut receives = self.data.receives.lock();
            receives.extend(good.iter().map(|list| (*list as usize, ())));
        }
        match self.client() {
            Some(client) => client.receive(self, &good, flags),
            // Nobody is bound: NDIS gives them back at once.
            None if !resources => self.give_back(&good),
            None => {}
        }
        if resources {
            // Theirs again; the chain must be as it was.
            link(&good);
        }
    }
}

fn check_level(flag: bool, what: &str) {
    let level = irql::current();
    if flag && level != DISPATCH_LEVEL {
        rules::report(&rules::DISPATCH_FLAG, format!("{what} at IRQL {level}"), level as usize, 0);
    }
}

crate::exports! { EXPORTS "ndis.sys";
    fn NdisMSendNetBufferListsComplete(handle: NDIS_HANDLE, first: *mut NET_BUFFER_LIST, flags: u32) [irql <= DISPATCH_LEVEL] {
        adapter_of(handle).complete_sends(first, flags)
    }
    fn NdisMIndicateReceiveNetBufferLists(handle: NDIS_HANDLE, first: *mut NET_BUFFER_LIST, port: u32, count: u32, flags: u32) [irql <= DISPATCH_LEVEL] {
        adapter_of(handle).indicate(first, count, flags)
    }
}
