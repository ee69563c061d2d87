//! Responses to frames.

use arrayvec::ArrayVec;
use xenbus::{
    io::{
        netif::{Extra, RxError, RxFlags, RxSlot},
        netif_ctrl::ALGORITHM_TOEPLITZ,
    },
    seam::{GrantTable, Host, StillMapped},
};

use super::{
    Assembly, Bad, Buffer, Fragment, Frame, MAX_EXTRAS, MAX_FRAME, MAX_PINNED, RxChecksum, RxQueue, Violation,
};
use crate::ETHERNET_HEADER;

impl<B> Assembly<B> {
    pub const fn new() -> Self {
        Self {
            frame: Frame {
                fragments: ArrayVec::new_const(),
                len: 0,
                checksum: RxChecksum::Unknown,
                gso: None,
                hash: None,
            },
            extra_next: false,
            extras: 0,
            more: false,
            bad: None,
            active: false,
        }
    }

    fn spoil(&mut self, bad: Bad) {
        self.bad.get_or_insert(bad);
    }

    fn note_extra(&mut self, slot: RxSlot) -> Result<(), Violation> {
        let extra = slot.extra();
        self.extra_next = extra.more();
        self.extras += 1;
        if self.extras > MAX_EXTRAS {
            return Err(Violation::RxExtras);
        }
        match extra.parse() {
            Ok(Extra::Gso { size, ty }) => self.frame.gso = Some((size, ty)),
            Ok(Extra::Hash { ty, algorithm, value }) if u32::from(algorithm) == ALGORITHM_TOEPLITZ => {
                self.frame.hash = Some((ty, value));
            }
            // Nothing that a received packet could mean by it.
            Ok(Extra::Hash { .. } | Extra::McastAdd(_) | Extra::McastDel(_) | Extra::Xdp { .. }) => {}
            Err(_) => self.spoil(Bad::Malformed),
        }
        Ok(())
    }
}

impl<H: Host, B: Buffer> RxQueue<H, B> {
    /// Takes frames; true when the budget was used up.
    pub(super) fn take_frames(
        &mut self,
        host: &H,
        budget: usize,
        deliver: &mut impl FnMut(Frame<B>),
    ) -> Result<bool, Violation> {
        let mut left = budget;
        loop {
            if left == 0 {
                return Ok(true);
            }
            let Some(channel) = &mut self.channel else { return Ok(false) };
            let index = channel.ring.ring.next_response();
            let Some(slot) = channel.ring.ring.pop_as::<RxSlot>()? else {
                if channel.ring.ring.final_check()? {
                    continue;
                }
                return Ok(false);
            };
            let number = index & (channel.ring.ring.slots() - 1);
            self.take_slot(host, number, slot)?;
            if !self.assembly.extra_next && !self.assembly.more {
                left -= 1;
                self.finish(deliver);
            }
        }
    }

    fn take_slot(&mut self, host: &H, number: u32, slot: RxSlot) -> Result<(), Violation> {
        let want = number as u16;
        let response = slot.response();
        // Whatever the slot says: its buffer is used up.
        let Some((buffer, grant)) = self.slots[number as usize].take() else {
            return Err(Violation::RxId { got: response.id, want });
        };
        let ended = host.grants().end_access(grant);
        let buffer = match ended {
            Ok(()) => Some(buffer),
            Err(StillMapped(grant)) => {
                self.counters.still_mapped += 1;
                self.pinned.push((buffer, grant));
                self.assembly.spoil(Bad::Malformed);
                None
            }
        };
        if self.pinned.len() > MAX_PINNED {
            // Copying back-ends never map our pages; this one does, and would take all buffers.
            return Err(Violation::RxId { got: response.id, want });
        }
        self.assembly.active = true;
        if self.assembly.extra_next {
            self.spare.extend(buffer);
            return self.assembly.note_extra(slot);
        }
        if response.id != want {
            self.spare.extend(buffer);
            return Err(Violation::RxId { got: response.id, want });
        }
        let first = self.assembly.frame.fragments.is_empty() && !self.assembly.more;
        match response.fragment() {
            Ok(fragment) => {
                let flags = fragment.flags;
                if first {
                    self.assembly.frame.checksum = checksum(flags);
                    self.assembly.extra_next = flags.contains(RxFlags::EXTRA_INFO);
                }
                self.assembly.more = flags.contains(RxFlags::MORE_DATA);
                self.keep(buffer, fragment.offset, fragment.len);
                Ok(())
            }
            Err(RxError::Status(_)) => {
                // The flags of a failed response still tell how long the packet is.
                let flags = RxFlags::from_bits_truncate(response.flags);
                self.assembly.extra_next = first && flags.contains(RxFlags::EXTRA_INFO);
                self.assembly.more = flags.contains(RxFlags::MORE_DATA);
                self.assembly.spoil(Bad::Error);
                self.spare.extend(buffer);
                Ok(())
            }
            Err(RxError::Outside { offset, len }) => {
                self.spare.extend(buffer);
                Err(Violation::RxOutside { offset, len })
            }
        }
    }

    /// Adds a buffer to the frame, or gives it back when the frame is to be dropped anyway.
    fn keep(&mut self, buffer: Option<B>, offset: u16, len: u16) {
        let Some(buffer) = buffer else { return };
        let frame = &mut self.assembly.frame;
        if self.assembly.bad.is_some() || len == 0 {
            self.spare.push_back(buffer);
            return;
        }
        frame.len += u32::from(len);
        let too_long = frame.len > MAX_FRAME;
        match frame.fragments.try_push(Fragment { buffer, offset, len }) {
            Ok(()) if !too_long => {}
            Ok(()) => self.assembly.spoil(Bad::Malformed),
            Err(refused) => {
                self.spare.push_back(refused.element().buffer);
                self.assembly.spoil(Bad::Malformed);
            }
        }
    }

    fn finish(&mut self, deliver: &mut impl FnMut(Frame<B>)) {
        let frame = &self.assembly.frame;
        if (frame.len as usize) < ETHERNET_HEADER {
            self.assembly.spoil(Bad::Malformed);
        }
        match self.assembly.bad {
            Some(Bad::Error) => self.counters.errors += 1,
            Some(Bad::Malformed) => self.counters.malformed += 1,
            None => {
                self.counters.packets += 1;
                self.counters.bytes += u64::from(self.assembly.frame.len);
                self.counters.gso_packets += u64::from(self.assembly.frame.gso.is_some());
                return deliver(core::mem::replace(&mut self.assembly, Assembly::new()).frame);
            }
        }
        self.drop_assembly();
    }

    /// The rest of an unfinished frame will not come.
    pub(super) fn lose_assembly(&mut self) {
        self.counters.incomplete += u64::from(self.assembly.active);
        self.drop_assembly();
    }

    fn drop_assembly(&mut self) {
        let assembly = core::mem::replace(&mut self.assembly, Assembly::new());
        self.spare.extend(assembly.frame.fragments.into_iter().map(|fragment| fragment.buffer));
    }
}

fn checksum(flags: RxFlags) -> RxChecksum {
    if flags.contains(RxFlags::CSUM_BLANK) {
        RxChecksum::Blank
    } else if flags.contains(RxFlags::DATA_VALIDATED) {
        RxChecksum::Validated
    } else {
        RxChecksum::Unknown
    }
}
