//! Our rings and those of `ring.h`, side by side: the same steps on two memories, which have to stay
//! equal to the last byte, with equal answers, from indexes short of the wrap-around on.
#![allow(unsafe_code, reason = "calls C")]

use std::ffi::{c_int, c_void};

use xenbus::{
    page::{HeapPages, Words},
    ring::{BackRing, FrontRing, MAX_PAGES},
    seam::SharedPage,
    types::{Gfn, PAGE_SIZE},
};

/// `struct ring_ops` of `xen/ring.c`.
#[repr(C)]
struct Ops {
    request_size: u32,
    response_size: u32,
    front: unsafe extern "C" fn(*mut c_void, usize, u32) -> *mut c_void,
    back: unsafe extern "C" fn(*mut c_void, usize, u32) -> *mut c_void,
    slots: unsafe extern "C" fn(*const c_void) -> u32,
    free_requests: unsafe extern "C" fn(*const c_void) -> u32,
    push_request: unsafe extern "C" fn(*mut c_void, *const c_void),
    publish_requests: unsafe extern "C" fn(*mut c_void) -> c_int,
    pop_response: unsafe extern "C" fn(*mut c_void, *mut c_void) -> c_int,
    check_responses: unsafe extern "C" fn(*mut c_void) -> c_int,
    pop_request: unsafe extern "C" fn(*mut c_void, *mut c_void) -> c_int,
    check_requests: unsafe extern "C" fn(*mut c_void) -> c_int,
    push_response: unsafe extern "C" fn(*mut c_void, *const c_void),
    publish_responses: unsafe extern "C" fn(*mut c_void) -> c_int,
}

// SAFETY: constant tables of C.
unsafe extern "C" {
    static xen_ring_blkif: Ops;
    static xen_ring_netif_tx: Ops;
    static xen_ring_netif_rx: Ops;
    static xen_ring_xen_netif_ctrl: Ops;
    fn free(memory: *mut c_void);
}

/// Both ends in C, on a memory of their own.
struct C {
    ops: &'static Ops,
    memory: HeapPages,
    front: *mut c_void,
    back: *mut c_void,
}

impl C {
    fn new(ops: &'static Ops, pages: usize, index: u32) -> Self {
        let memory = HeapPages::new(Gfn(1), pages);
        // Words are atomics: C may write through them.
        let page = memory.words().as_ptr().cast_mut().cast();
        // SAFETY: the memory is that long and outlives the rings.
        let front = unsafe { (ops.front)(page, memory.len(), index) };
        // SAFETY: as above.
        let back = unsafe { (ops.back)(page, memory.len(), index) };
        Self { ops, memory, front, back }
    }

    fn free_requests(&self) -> u32 {
        // SAFETY: the front ring lives.
        unsafe { (self.ops.free_requests)(self.front) }
    }

    fn push_request(&self, request: &[u8]) {
        // SAFETY: the front ring lives; the request has its size; the caller saw a free slot.
        unsafe { (self.ops.push_request)(self.front, request.as_ptr().cast()) }
    }

    fn push_response(&self, response: &[u8]) {
        // SAFETY: as above, for the back ring.
        unsafe { (self.ops.push_response)(self.back, response.as_ptr().cast()) }
    }

    fn pop_request(&self) -> Option<Vec<u8>> {
        let mut request = vec![0; self.ops.request_size as usize];
        // SAFETY: the back ring lives; the buffer has a request's size.
        (unsafe { (self.ops.pop_request)(self.back, request.as_mut_ptr().cast()) } != 0).then_some(request)
    }

    fn pop_response(&self) -> Option<Vec<u8>> {
        let mut response = vec![0; self.ops.response_size as usize];
        // SAFETY: the front ring lives; the buffer has a response's size.
        (unsafe { (self.ops.pop_response)(self.front, response.as_mut_ptr().cast()) } != 0)
            .then_some(response)
    }

    fn call(&self, f: unsafe extern "C" fn(*mut c_void) -> c_int, ring: *mut c_void) -> bool {
        // SAFETY: `f` is an operation of this kind of ring, and the ring lives.
        unsafe { f(ring) != 0 }
    }
}

impl Drop for C {
    fn drop(&mut self) {
        for ring in [self.front, self.back] {
            // SAFETY: from malloc, and not used again.
            unsafe { free(ring) }
        }
    }
}

/// xorshift: replays from its seed.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 33) as u32 % bound
    }
    fn bytes<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.below(256) as u8)
    }
}

fn bytes(memory: &HeapPages) -> Vec<u8> {
    let mut bytes = vec![0; memory.len()];
    memory.copy_out(0, &mut bytes);
    bytes
}

/// Runs `steps` steps; both worlds have to agree after each.
fn compare<const REQ: usize, const RSP: usize>(ops: &'static Ops, pages: usize, index: u32, steps: u32) {
    let what = format!("{REQ}/{RSP} bytes, {pages} pages from {index:#x}");
    assert_eq!((REQ, RSP), (ops.request_size as usize, ops.response_size as usize));
    let memory = HeapPages::new(Gfn(1), pages);
    let mut front = FrontRing::<_, REQ, RSP>::create_at(memory.clone(), index);
    let mut back = BackRing::<_, REQ, RSP>::attach_at(memory.clone(), index);
    let c = C::new(ops, pages, index);
    // SAFETY: the front ring lives.
    assert_eq!(front.slots(), unsafe { (ops.slots)(c.front) }, "{what}");
    let mut random = Random(u64::from(index) << 8 | pages as u64 | 1 << 60);
    let (mut header, mut c_header) = ([0; 64], [0; 64]);
    for step in 0..steps {
        let count = 1 + random.below(front.slots() / 2 + 1);
        match random.below(8) {
            0 => {
                for _ in 0..count.min(front.free()) {
                    let request: [u8; REQ] = random.bytes();
                    front.push(&request).unwrap();
                    c.push_request(&request);
                }
            }
            1 => assert_eq!(front.publish(), c.call(ops.publish_requests, c.front), "{what}, step {step}"),
            2 => {
                for _ in 0..count {
                    let request = back.pop().unwrap().map(Vec::from);
                    assert_eq!(request, c.pop_request(), "{what}, step {step}");
                }
            }
            3 => {
                for _ in 0..count.min(back.unanswered()) {
                    let response: [u8; RSP] = random.bytes();
                    back.push(&response).unwrap();
                    c.push_response(&response);
                }
            }
            4 => assert_eq!(back.publish(), c.call(ops.publish_responses, c.back), "{what}, step {step}"),
            5 => {
                for _ in 0..count {
                    let response = front.pop().unwrap().map(Vec::from);
                    assert_eq!(response, c.pop_response(), "{what}, step {step}");
                }
            }
            6 => {
                let ours = front.final_check().unwrap();
                assert_eq!(ours, c.call(ops.check_responses, c.front), "{what}, step {step}");
            }
            _ => {
                let ours = back.final_check().unwrap();
                assert_eq!(ours, c.call(ops.check_requests, c.back), "{what}, step {step}");
            }
        }
        assert_eq!(front.free(), c.free_requests(), "{what}, step {step}");
        memory.copy_out(0, &mut header);
        c.memory.copy_out(0, &mut c_header);
        assert_eq!(header, c_header, "{what}, step {step}");
    }
    assert!(bytes(&memory) == bytes(&c.memory), "{what}: the slots differ");
    // Enough went through to pass the end of the indexes, or else the test shows little.
    let passed = front.indexes().req_prod.wrapping_sub(index);
    assert!(passed > 4 * front.slots(), "{what}: only {passed} requests");
}

/// Every number of pages, from the beginning and from short of the wrap-around.
fn compare_all<const REQ: usize, const RSP: usize>(ops: &'static Ops) {
    for pages in 1..=MAX_PAGES {
        let slots = xenbus::ring::slots(pages * PAGE_SIZE, REQ.max(RSP));
        for index in [0, 1, u32::MAX, 0u32.wrapping_sub(slots), 0u32.wrapping_sub(3 * slots / 2 + 1)] {
            compare::<REQ, RSP>(ops, pages, index, 1500);
        }
    }
}

#[test]
fn block() {
    // SAFETY: a constant.
    compare_all::<112, 16>(unsafe { &xen_ring_blkif });
}

#[test]
fn net_transmit() {
    // SAFETY: a constant.
    compare_all::<12, 4>(unsafe { &xen_ring_netif_tx });
}

#[test]
fn net_receive() {
    // SAFETY: a constant.
    compare_all::<8, 8>(unsafe { &xen_ring_netif_rx });
}

#[test]
fn net_control() {
    // SAFETY: a constant.
    compare_all::<16, 12>(unsafe { &xen_ring_xen_netif_ctrl });
}
