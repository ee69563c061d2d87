//! The 2-level scheme: a selector per processor, and two bit maps for all.

use core::mem::offset_of;

use super::{Scan, Unmask, Vcpu};
use crate::{
    abi::{event::TWO_LEVEL_CHANNELS, shared::SharedInfo},
    page::Words,
    sync::{AtomicU32, Ordering},
};

const PENDING: usize = offset_of!(SharedInfo, evtchn_pending);
const MASK: usize = offset_of!(SharedInfo, evtchn_mask);

/// The bit maps, in the shared info page. Its 64-bit words are used as pairs of 32-bit words.
#[derive(Debug)]
pub struct TwoLevel<S> {
    shared_info: S,
}

/// What a processor's earlier scan left over.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cursor {
    selector: u64,
    /// Where the next scan starts, so that low ports do not starve high ones.
    next: u32,
}

/// A port's bit within its word.
const fn bit(port: u32) -> u32 {
    1 << (port % 32)
}

impl<S: Words> TwoLevel<S> {
    /// Number of ports.
    pub const PORTS: u32 = TWO_LEVEL_CHANNELS;

    /// The scheme as the domain starts with it. Masks all ports.
    ///
    /// # Panics
    /// When `shared_info` is too small: a bug of the caller.
    pub fn create(shared_info: S) -> Self {
        assert!(shared_info.words().len() * 4 >= size_of::<SharedInfo>());
        let scheme = Self { shared_info };
        for word in 0..Self::PORTS as usize / 32 {
            scheme.shared_info.word(MASK + word * 4).fetch_or(u32::MAX, Ordering::SeqCst);
        }
        scheme
    }

    /// The shared info page.
    pub const fn shared_info(&self) -> &S {
        &self.shared_info
    }

    fn word(&self, map: usize, port: u32) -> Option<&AtomicU32> {
        (port < Self::PORTS).then(|| self.shared_info.word(map + port as usize / 32 * 4))
    }

    fn test(&self, map: usize, port: u32) -> bool {
        self.word(map, port).is_some_and(|word| word.load(Ordering::SeqCst) & bit(port) != 0)
    }

    /// See [`super::Scheme::mask`].
    pub fn mask(&self, port: u32) {
        if let Some(word) = self.word(MASK, port) {
            word.fetch_or(bit(port), Ordering::SeqCst);
        }
    }

    /// See [`super::Scheme::unmask`].
    pub fn unmask(&self, port: u32) -> Unmask {
        let Some(mask) = self.word(MASK, port) else { return Unmask::Done };
        mask.fetch_and(!bit(port), Ordering::SeqCst);
        // An event that came before the bit was cleared was not put into the selector; one that comes
        // after is. The hypercall only acts on a masked port.
        if self.test(PENDING, port) {
            mask.fetch_or(bit(port), Ordering::SeqCst);
            Unmask::Hypercall
        } else {
            Unmask::Done
        }
    }

    /// See [`super::Scheme::is_masked`].
    pub fn is_masked(&self, port: u32) -> bool {
        self.test(MASK, port)
    }

    /// See [`super::Scheme::is_pending`].
    pub fn is_pending(&self, port: u32) -> bool {
        self.test(PENDING, port)
    }

    /// See [`super::Scheme::clear_pending`].
    pub fn clear_pending(&self, port: u32) -> bool {
        self.word(PENDING, port)
            .is_some_and(|word| word.fetch_and(!bit(port), Ordering::SeqCst) & bit(port) != 0)
    }

    /// See [`super::Scheme::scan`]; the caller has acknowledged the upcall.
    pub fn scan(
        &self,
        vcpu: &Vcpu<impl Words>,
        cursor: &mut Cursor,
        budget: u32,
        mut taken: impl FnMut(u32),
    ) -> Scan {
        cursor.selector |= vcpu.take_selector();
        let mut left = budget;
        while cursor.selector != 0 {
            // The next selected group at or after where the last scan stopped, else the first.
            let ahead = cursor.selector.rotate_right(cursor.next).trailing_zeros();
            let group = (cursor.next + ahead) % 64;
            for word in [group * 2, group * 2 + 1] {
                loop {
                    let at = word as usize * 4;
                    let pending = self.shared_info.word(PENDING + at).load(Ordering::SeqCst);
                    let ready = pending & !self.shared_info.word(MASK + at).load(Ordering::SeqCst);
                    if ready == 0 {
                        break;
                    }
                    if left == 0 {
                        cursor.next = group;
                        return Scan::More;
                    }
                    left -= 1;
                    let port = word * 32 + ready.trailing_zeros();
                    self.mask(port);
                    self.clear_pending(port);
                    taken(port);
                }
            }
            cursor.selector &= !(1 << group);
            cursor.next = (group + 1) % 64;
        }
        Scan::Done
    }
}
