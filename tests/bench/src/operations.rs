//! The operations that are measured, each set up so that it can be repeated for ever.

use std::{cell::UnsafeCell, hint::spin_loop, sync::atomic::AtomicBool};

use xenbus::{
    grant::{Frames, Table},
    page::HeapPages,
    ring::{BackRing, FrontRing},
    seam::{Access, GrantTable, SharedPage},
    sync::{Lock, Ordering, Platform},
    types::{Domid, Gfn},
};

/// A test-and-set lock: what a spin lock of the kernel costs when nobody else wants it.
pub struct Spin<T> {
    taken: AtomicBool,
    value: UnsafeCell<T>,
}

#[allow(unsafe_code, reason = "a lock")]
// SAFETY: the value is only reached by who has taken the lock.
unsafe impl<T: Send> Sync for Spin<T> {}

#[allow(unsafe_code, reason = "a lock")]
impl<T> Lock<T> for Spin<T> {
    fn new(value: T) -> Self {
        Self { taken: AtomicBool::new(false), value: UnsafeCell::new(value) }
    }
    fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        while self.taken.swap(true, Ordering::Acquire) {
            spin_loop();
        }
        // SAFETY: the lock is taken by us alone until the store below.
        let result = f(unsafe { &mut *self.value.get() });
        self.taken.store(false, Ordering::Release);
        result
    }
}

/// One processor.
pub struct OneCpu;

impl Platform for OneCpu {
    type Lock<T> = Spin<T>;
    fn processor(&self) -> usize {
        0
    }
}

/// A host that allows all frames at once.
pub struct Host(pub u32);

impl Frames for Host {
    type Frame = HeapPages;
    fn limit(&self) -> u32 {
        self.0
    }
    fn memory(&self, index: u32) -> HeapPages {
        HeapPages::new(Gfn(index.into()), 1)
    }
    fn place(&self, _: u32) -> bool {
        true
    }
}

/// Grants a page and ends the grant.
pub fn grant_and_end() -> impl FnMut() {
    let table = Table::create(Host(64), OneCpu, 1).expect("memory");
    table.grow_to(64);
    move || {
        let grant = table.grant_access(Domid(0), Gfn(0x1234), Access::ReadWrite).expect("an entry");
        table.end_access(grant).expect("not mapped");
    }
}

/// Grants `count` pages, then ends them: through the common list.
pub fn grants_and_ends(count: usize) -> impl FnMut() {
    let table = Table::create(Host(64), OneCpu, 1).expect("memory");
    table.grow_to(64);
    let mut held = Vec::with_capacity(count);
    move || {
        for _ in 0..count {
            held.push(table.grant_access(Domid(0), Gfn(0x1234), Access::ReadOnly).expect("an entry"));
        }
        for grant in held.drain(..) {
            table.end_access(grant).expect("not mapped");
        }
    }
}

/// The front-end's part of a request on a block ring: push, publish, pop. The response is there already
/// when it is asked for.
pub fn front_round() -> impl FnMut() {
    const RSP_PROD: usize = 8;
    let mut front = FrontRing::<_, 112, 16>::create(HeapPages::new(Gfn(1), 1));
    let request = [0x55u8; 112];
    let mut index = 0u32;
    move || {
        front.push(&request).expect("a slot");
        let notify = front.publish();
        index = index.wrapping_add(1);
        front.page().store(RSP_PROD, index);
        let response = front.pop().expect("no violation").expect("a response");
        std::hint::black_box((notify, response));
    }
}

/// A request's whole way, both ends.
pub fn ring_round() -> impl FnMut() {
    let page = HeapPages::new(Gfn(1), 1);
    let mut front = FrontRing::<_, 112, 16>::create(page.clone());
    let mut back = BackRing::<_, 112, 16>::attach(page);
    let request = [0x55u8; 112];
    let response = [0xaau8; 16];
    move || {
        front.push(&request).expect("a slot");
        let notify = front.publish();
        std::hint::black_box(back.pop().expect("no violation").expect("a request"));
        back.push(&response).expect("a slot");
        let answered = back.publish();
        std::hint::black_box((notify, answered, front.pop().expect("no violation").expect("a response")));
    }
}
