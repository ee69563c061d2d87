//! FIFO event channels against a consumer written from the design document.
#![allow(missing_docs)]

mod common;

use std::collections::BTreeSet;

use common::raw::Guest;
use xensim::{Xen, rng::Rng};

const PENDING: u32 = 1 << 31;
const MASKED: u32 = 1 << 30;
const LINKED: u32 = 1 << 29;
const LINK: u32 = (1 << 17) - 1;
const EINVAL: i64 = -22;

/// Frames of control blocks (one page per vCPU) and of event words.
const CONTROL: u64 = 400;
const ARRAY: u64 = 420;

struct Fifo {
    guest: Guest,
    /// Local copies of the heads, by vCPU and priority.
    heads: Vec<[u32; 16]>,
}

impl Fifo {
    fn new(vcpus: usize, pages: u64) -> Self {
        let flavour = xensim::Flavour { max_ports: 4096, ..xensim::Flavour::xen_4_20() };
        let guest = Guest::new(Xen::builder().flavour(flavour).vcpus(vcpus).build());
        guest.set_callback_line();
        let mut fifo = Self { guest, heads: vec![[0; 16]; vcpus] };
        for vcpu in 0..vcpus as u32 {
            assert_eq!(fifo.init_control(vcpu, CONTROL + u64::from(vcpu), 64), (0, 17));
        }
        for page in 0..pages {
            fifo.expand(ARRAY + page);
        }
        fifo
    }

    fn init_control(&self, vcpu: u32, gfn: u64, offset: u32) -> (i64, u8) {
        let raw = [&gfn.to_le_bytes()[..], &offset.to_le_bytes(), &vcpu.to_le_bytes(), &[0; 8]].concat();
        let (value, raw) = self.guest.op(32, 11, &raw);
        (value, raw[16])
    }

    fn expand(&mut self, gfn: u64) {
        for word in 0..1024 {
            self.guest.page(gfn).set32(word * 4, MASKED);
        }
        assert_eq!(self.guest.op(32, 12, &gfn.to_le_bytes()).0, 0);
    }

    fn word(&self, port: u32) -> (xensim::mem::Page, usize) {
        (self.guest.page(ARRAY + u64::from(port / 1024)), (port % 1024) as usize * 4)
    }

    fn mask(&self, port: u32) {
        let (page, at) = self.word(port);
        page.or32(at, MASKED);
    }

    /// Handles everything that is ready on a vCPU; gives the ports in order.
    fn drain(&mut self, vcpu: u32) -> Vec<u32> {
        let control = self.guest.page(CONTROL + u64::from(vcpu));
        let info = self.guest.xen.sim().world.vcpu_info(vcpu).expect("vcpu_info");
        info.0.set8(info.1, 0);
        let mut handled = Vec::new();
        let mut ready = control.and32(64, 0);
        while ready != 0 {
            let queue = ready.trailing_zeros();
            let mut head = self.heads[vcpu as usize][queue as usize];
            if head == 0 {
                head = control.get32(64 + 8 + queue as usize * 4);
            }
            assert_ne!(head, 0, "ready queue {queue} without a head");
            let (page, at) = self.word(head);
            let word = page.and32(at, !(LINKED | LINK));
            assert_ne!(word & LINKED, 0, "port {head} is on a queue but not linked");
            let next = word & LINK;
            if next == 0 {
                ready &= !(1 << queue);
            }
            if word & PENDING != 0 && word & MASKED == 0 {
                page.and32(at, !PENDING);
                handled.push(head);
            }
            self.heads[vcpu as usize][queue as usize] = next;
            ready |= control.and32(64, 0);
        }
        handled
    }
}

#[test]
fn control_blocks_are_checked_and_set_once() {
    let fifo = Fifo::new(2, 1);
    assert_eq!(fifo.init_control(0, 500, 0).0, EINVAL, "a second time");
    assert_eq!(fifo.init_control(5, 500, 0).0, -2);
    let other = Guest::new(Xen::builder().vcpus(2).build());
    let raw = |offset: u32| [&500u64.to_le_bytes()[..], &offset.to_le_bytes(), &[0; 12]].concat();
    assert_eq!(other.op(32, 11, &raw(4)).0, EINVAL, "not aligned");
    assert_eq!(other.op(32, 11, &raw(4096 - 64)).0, EINVAL, "beyond the page");
    assert_eq!(other.op(32, 12, &500u64.to_le_bytes()).0, -95, "no control block yet");
}

#[test]
fn events_come_in_order_of_priority_and_then_of_sending() {
    let mut fifo = Fifo::new(1, 1);
    let ports: Vec<u32> = (0..6).map(|_| fifo.guest.bind_ipi(0)).collect();
    for (port, priority) in ports.iter().zip([7, 7, 2, 15, 2, 7]) {
        assert_eq!(fifo.guest.words(13, &[*port, priority]).0, 0);
        fifo.guest.unmask(*port);
    }
    assert_eq!(fifo.guest.words(13, &[ports[0], 16]).0, EINVAL);
    for port in &ports {
        fifo.guest.send(*port);
        fifo.guest.send(*port);
    }
    let expected = [2, 4, 0, 1, 5, 3].map(|index| ports[index]);
    assert_eq!(fifo.drain(0), expected);
    assert!(fifo.drain(0).is_empty());
}

#[test]
fn what_was_pending_before_the_switch_and_before_the_array_is_kept() {
    let guest = Guest::new(Xen::builder().build());
    guest.set_callback_line();
    let early = guest.bind_ipi(0);
    guest.send(early);
    let mut fifo = Fifo { guest, heads: vec![[0; 16]; 1] };
    assert_eq!(fifo.init_control(0, CONTROL, 64).0, 0);
    let late = fifo.guest.bind_ipi(0);
    fifo.guest.send(late);
    fifo.expand(ARRAY);
    fifo.guest.unmask(early);
    fifo.guest.unmask(late);
    assert_eq!(fifo.drain(0).into_iter().collect::<BTreeSet<_>>(), BTreeSet::from([early, late]));
}

#[test]
fn ports_beyond_the_first_page_of_words() {
    let mut fifo = Fifo::new(1, 3);
    let ports: Vec<u32> = (0..2500).map(|_| fifo.guest.bind_ipi(0)).collect();
    assert!(*ports.last().expect("ports") > 2048);
    for port in &ports {
        fifo.guest.unmask(*port);
        fifo.guest.send(*port);
    }
    assert_eq!(fifo.drain(0), ports);
}

#[test]
fn nothing_is_lost_over_random_sends_masks_moves_and_drains() {
    for seed in 0..60 {
        let mut rng = Rng::new(seed);
        let mut fifo = Fifo::new(3, 1);
        // Bindable to any vCPU: loops, of which one end is sent and the other received.
        let pairs: Vec<(u32, u32)> = (0..12)
            .map(|_| {
                let first = fifo.guest.words(6, &[0x7ff0 | 0x7ff0 << 16, 0]).1[1];
                let second = fifo.guest.words(0, &[0x7ff0, first, 0]).1[2];
                fifo.guest.unmask(first);
                (first, second)
            })
            .collect();
        for vcpu in 0..3 {
            fifo.drain(vcpu);
        }
        let mut owed = BTreeSet::new();
        let mut masked = BTreeSet::new();
        for _ in 0..400 {
            let (port, sender) = pairs[rng.below(12) as usize];
            match rng.below(6) {
                0 | 1 => {
                    fifo.guest.send(sender);
                    owed.insert(port);
                }
                2 => {
                    fifo.mask(port);
                    masked.insert(port);
                }
                3 => {
                    fifo.guest.unmask(port);
                    masked.remove(&port);
                }
                4 if rng.one_in(2) => {
                    assert_eq!(fifo.guest.words(13, &[port, rng.below(4) as u32]).0, 0);
                }
                4 => assert_eq!(fifo.guest.words(8, &[port, rng.below(3) as u32]).0, 0),
                _ => {
                    for handled in fifo.drain(rng.below(3) as u32) {
                        assert!(owed.remove(&handled), "seed {seed}: {handled} was not sent");
                        assert!(!masked.contains(&handled), "seed {seed}: {handled} is masked");
                    }
                }
            }
        }
        for (port, _) in &pairs {
            fifo.guest.unmask(*port);
        }
        for vcpu in 0..3 {
            for handled in fifo.drain(vcpu) {
                assert!(owed.remove(&handled), "seed {seed}: {handled} was not sent");
            }
        }
        assert!(owed.is_empty(), "seed {seed}: lost {owed:?}");
    }
}
