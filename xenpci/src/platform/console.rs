//! The PV console: what is logged also goes to the console ring, for `xl console`.

use alloc::{boxed::Box, sync::Arc};
use core::sync::atomic::{AtomicU32, Ordering};

use xenbus::{
    arch::{Direct, Xen},
    io::console::{OUT_CONS, OUT_OFFSET, OUT_PROD, OUT_SIZE, out_room},
    seam::SharedPage as _,
    types::Port,
};

use super::{Platform, mapped::MappedPage};
use crate::os::Spin;

/// The output half of the console ring. Nothing is read from it.
pub struct Console {
    xen: Xen<Direct>,
    page: MappedPage,
    port: AtomicU32,
    /// Our producer index, kept privately.
    prod: Spin<u32>,
}

impl Console {
    /// The ring's port.
    pub fn port(&self) -> u32 {
        self.port.load(Ordering::Acquire)
    }

    /// Writes what there is room for; the rest is dropped: nobody waits for a console.
    /// `IRQL <= DISPATCH_LEVEL`.
    pub fn write(&self, text: &[u8]) {
        let mut prod = self.prod.lock();
        self.write_from(&mut prod, text);
    }

    /// As [`Console::write`], in a crash: no lock, any IRQL.
    #[expect(unsafe_code, reason = "no other processor runs")]
    pub fn write_crashing(&self, text: &[u8]) {
        // SAFETY: the bug check has stopped the other processors; at worst a torn index drops text.
        let mut prod = unsafe { self.prod.peek().read() };
        self.write_from(&mut prod, text);
        // SAFETY: as above.
        unsafe { self.prod.peek().cast_mut().write(prod) };
    }

    fn write_from(&self, prod: &mut u32, text: &[u8]) {
        let page = &self.page;
        let room = out_room(*prod, (&page).load_acquire(OUT_CONS)) as usize;
        for byte in text.iter().take(room) {
            let at = OUT_OFFSET + (*prod % OUT_SIZE) as usize;
            let shift = (at % 4) * 8;
            let word = page.load(at & !3) & !(0xff << shift);
            page.store(at & !3, word | u32::from(*byte) << shift);
            *prod = prod.wrapping_add(1);
        }
        page.store_release(OUT_PROD, *prod);
        // Without a reader there is nobody to notify.
        let _ = self.xen.event_send(&Port::from_raw(self.port()));
    }
}

impl Platform {
    /// Connects to the console ring, where the toolstack made one. `PASSIVE_LEVEL`.
    pub(super) fn console_start(&self) {
        let Ok(ring) = self.xen.console_ring() else { return };
        let Ok(page) = MappedPage::new(ring.frame) else { return };
        let prod = (&page).load_acquire(OUT_PROD);
        let port = ring.port.raw();
        // Its events say that there is room again: nobody waits for that. It stays masked.
        if self.events.adopt(port, 0, 0, Box::new(|_| {})).is_err() {
            return;
        }
        let console = Console { xen: self.xen, page, port: AtomicU32::new(port), prod: Spin::new(prod) };
        let console = Arc::new(console);
        self.log.set_console(Some(Arc::clone(&console)));
        *self.console.lock() = Some(console);
    }

    /// After a wake in a new domain: the ring may be elsewhere. `PASSIVE_LEVEL`.
    pub(super) fn console_resume(&self) {
        self.log.set_console(None);
        let old = self.console.lock().take();
        if let Some(old) = old {
            self.events.close_stale(old.port());
        }
        self.console_start();
    }

    pub(super) fn console_crashing(&self, text: &[u8]) {
        if let Some(console) = crate::platform::crash::peek(&self.console) {
            console.write_crashing(text);
        }
    }
}
