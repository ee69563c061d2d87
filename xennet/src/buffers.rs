//! Receive buffers: a page, the MDL over it, and a net buffer list that is made once and used again.
#![allow(unsafe_code, reason = "NDIS's objects are pointers")]

use alloc::boxed::Box;
use core::ptr::{NonNull, null_mut};

use netfront::Buffer;
use nt::{nbl, sys::*};
use xenbus::{
    seam::{PageAllocator, SharedPage},
    types::{Gfn, PAGE_SIZE},
};
use xenpci_interface::{Client, Pages};

/// What a buffer consists of.
pub struct RxBuffer {
    pages: Pages,
    mdl: *mut MDL,
    list: *mut NET_BUFFER_LIST,
    /// The next buffer of the same frame.
    next: Option<BufferRef>,
    /// The queue that it is lent to.
    queue: u16,
}

/// A buffer, by address. Whoever has it has the buffer.
#[derive(Debug, PartialEq, Eq)]
pub struct BufferRef(NonNull<RxBuffer>);

// SAFETY: an owned buffer; nothing in it is bound to a thread or processor.
unsafe impl Send for BufferRef {}

impl Buffer for BufferRef {
    fn gfn(&self) -> Gfn {
        self.get().pages.gfn(0)
    }
}

impl BufferRef {
    /// Makes a buffer for queue `queue`. `PASSIVE_LEVEL`.
    #[must_use]
    pub fn new(client: &Client, adapter: NDIS_HANDLE, pool: NDIS_HANDLE, queue: u16) -> Option<Self> {
        let pages = client.alloc_pages(1).ok()?;
        // SAFETY: one nonpaged page, ours as long as `pages`.
        let mdl = unsafe { NdisAllocateMdl(adapter, pages.as_ptr().cast(), PAGE_SIZE as u32) };
        if mdl.is_null() {
            return None;
        }
        // SAFETY: our pool, which gives each list a net buffer; the MDL is ours.
        let list = unsafe { NdisAllocateNetBufferAndNetBufferList(pool, 0, 0, mdl, 0, 0) };
        if list.is_null() {
            // SAFETY: allocated above.
            unsafe { NdisFreeMdl(mdl) };
            return None;
        }
        let buffer = Box::new(RxBuffer { pages, mdl, list, next: None, queue });
        NonNull::new(Box::into_raw(buffer)).map(Self)
    }

    /// Frees the buffer. `IRQL <= DISPATCH_LEVEL`; nobody else reaches the page.
    pub fn destroy(self) {
        // SAFETY: made by `new` from a box; the value is the buffer.
        let buffer = unsafe { Box::from_raw(self.0.as_ptr()) };
        // SAFETY: allocated in `new`, not with NDIS now.
        unsafe { NdisFreeNetBufferList(buffer.list) };
        // SAFETY: as above.
        unsafe { NdisFreeMdl(buffer.mdl) };
    }

    fn get(&self) -> &RxBuffer {
        // SAFETY: the value is the buffer, shared while it is borrowed.
        unsafe { self.0.as_ref() }
    }

    fn get_mut(&mut self) -> &mut RxBuffer {
        // SAFETY: the value is the buffer, exclusive while it is borrowed so.
        unsafe { self.0.as_mut() }
    }

    /// The queue that it is lent to.
    #[must_use]
    pub fn queue(&self) -> usize {
        self.get().queue.into()
    }

    /// The bytes of the page. The grant has ended, so nobody changes them.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: a page of ours that no other domain reaches now.
        unsafe { core::slice::from_raw_parts(self.get().pages.as_ptr(), PAGE_SIZE) }
    }

    /// The bytes of the page, to be changed.
    #[must_use]
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as above, and the buffer is ours alone.
        unsafe { core::slice::from_raw_parts_mut(self.get().pages.as_ptr(), PAGE_SIZE) }
    }

    /// Describes `len` bytes from the start of the page, with `next` behind them.
    fn describe(&mut self, len: u32, next: *mut MDL) {
        let mdl = self.get().mdl;
        // SAFETY: our MDL over our page; a smaller count is what NdisAdjustMdlLength sets.
        unsafe { (*mdl).ByteCount = len };
        // SAFETY: our MDL; chaining is the driver's business.
        unsafe { (*mdl).Next = next };
    }

    /// The next buffer of the same frame.
    #[must_use]
    pub fn following(&self) -> Option<&Self> {
        self.get().next.as_ref()
    }

    /// The bytes that the MDL shows.
    #[must_use]
    pub fn shown(&self) -> &[u8] {
        // SAFETY: our MDL over our page.
        let count = unsafe { (*self.get().mdl).ByteCount } as usize;
        &self.bytes()[..count.min(PAGE_SIZE)]
    }

    /// Puts `rest` behind this buffer in the frame; `end` is where the data in this page ends.
    pub fn chain(&mut self, end: u32, rest: Option<Self>) {
        let next = rest.as_ref().map_or(null_mut(), |buffer| buffer.get().mdl);
        self.describe(end, next);
        self.get_mut().next = rest;
    }

    /// Turns the first buffer of a frame into the net buffer list that shows it: `len` bytes from
    /// `offset` on. [`BufferRef::from_list`] is the way back.
    #[must_use]
    pub fn into_list(self, adapter: NDIS_HANDLE, offset: u32, len: u32) -> *mut NET_BUFFER_LIST {
        let (list, mdl) = (self.get().list, self.get().mdl);
        // SAFETY: our list, not with NDIS.
        let net = unsafe { nbl::first_buffer(list) };
        // SAFETY: the list's net buffer, ours.
        unsafe { nbl::set_mdl_chain(net, mdl) };
        // SAFETY: as above.
        unsafe { nbl::set_current_mdl(net, mdl) };
        // SAFETY: as above.
        unsafe { nbl::set_current_mdl_offset(net, offset) };
        // SAFETY: as above.
        unsafe { nbl::set_data_offset(net, offset) };
        // SAFETY: as above.
        unsafe { nbl::set_data_length(net, len) };
        // SAFETY: our list.
        unsafe { nbl::set_next_list(list, null_mut()) };
        // SAFETY: as above.
        unsafe { nbl::set_status(list, NDIS_STATUS_SUCCESS) };
        for slot in CLEARED {
            // SAFETY: as above; the slots of what the last frame said.
            unsafe { nbl::set_info(list, slot, null_mut()) };
        }
        // SAFETY: our list.
        unsafe { (*list).SourceHandle = adapter };
        // SAFETY: as above; the first of the words that belong to the miniport.
        unsafe { (*list).MiniportReserved[0] = self.0.as_ptr().cast() };
        list
    }

    /// The buffer behind a net buffer list of [`BufferRef::into_list`].
    ///
    /// # Safety
    /// NDIS has returned the list, or never got it.
    #[must_use]
    pub unsafe fn from_list(list: *mut NET_BUFFER_LIST) -> Option<Self> {
        // SAFETY: our list, per contract.
        let buffer = unsafe { (*list).MiniportReserved[0] };
        NonNull::new(buffer.cast()).map(Self)
    }

    /// Takes the frame apart: this buffer alone, and the rest.
    pub fn unchain(&mut self) -> Option<Self> {
        self.describe(PAGE_SIZE as u32, null_mut());
        self.get_mut().next.take()
    }
}

/// Out-of-band slots that frames set.
const CLEARED: [NDIS_NET_BUFFER_LIST_INFO; 6] = [
    TcpIpChecksumNetBufferListInfo,
    Ieee8021QNetBufferListInfo,
    NetBufferListFrameType,
    NetBufferListHashValue,
    NetBufferListHashInfo,
    TcpRecvSegCoalesceInfo,
];
