//! Both schemes against a model of the hypervisor's side, from the public description.

extern crate std;
use std::{collections::BTreeSet, vec, vec::Vec};

use proptest::prelude::*;

use super::*;
use crate::{page::HeapPages, sync::AtomicU32, types::Gfn};

const PENDING: u32 = 1 << 31;
const MASKED: u32 = 1 << 30;
const LINKED: u32 = 1 << 29;
const BUSY: u32 = 1 << 28;

/// The hypervisor of a domain with one processor.
struct Host {
    shared_info: HeapPages,
    control: HeapPages,
    array: Vec<HeapPages>,
    /// The last port of each queue.
    tail: [u32; 16],
    fifo: bool,
    upcalls: usize,
}

impl Host {
    fn new() -> Self {
        Self {
            shared_info: HeapPages::new(Gfn(1), 1),
            control: HeapPages::new(Gfn(2), 1),
            array: Vec::new(),
            tail: [0; 16],
            fifo: false,
            upcalls: 0,
        }
    }

    fn word(&self, port: u32) -> &AtomicU32 {
        &self.array[port as usize / 1024].words()[port as usize % 1024]
    }

    fn send(&mut self, port: u32, queue: u32) {
        if self.fifo { self.send_fifo(port, queue) } else { self.send_two_level(port) }
    }

    fn unmask(&mut self, port: u32, queue: u32) {
        if self.fifo {
            let old = self.word(port).fetch_and(!MASKED, Ordering::SeqCst);
            if old & PENDING != 0 {
                self.link(port, queue);
            }
        } else {
            let at = port as usize / 32 * 4;
            let old = self.shared_info.word(2560 + at).fetch_and(!(1 << (port % 32)), Ordering::SeqCst);
            let pending = self.shared_info.word(2048 + at).load(Ordering::SeqCst);
            if old & pending & 1 << (port % 32) != 0 {
                self.select(port);
            }
        }
    }

    fn send_two_level(&mut self, port: u32) {
        let (at, bit) = (port as usize / 32 * 4, 1 << (port % 32));
        let old = self.shared_info.word(2048 + at).fetch_or(bit, Ordering::SeqCst);
        if old & bit == 0 && self.shared_info.word(2560 + at).load(Ordering::SeqCst) & bit == 0 {
            self.select(port);
        }
    }

    fn select(&mut self, port: u32) {
        let group = port / 64;
        let old =
            self.shared_info.word(8 + group as usize / 32 * 4).fetch_or(1 << (group % 32), Ordering::SeqCst);
        if old & 1 << (group % 32) == 0 {
            self.upcall();
        }
    }

    fn upcall(&mut self) {
        if self.shared_info.word(0).fetch_or(1, Ordering::SeqCst) & 0xff == 0 {
            self.upcalls += 1;
        }
    }

    fn send_fifo(&mut self, port: u32, queue: u32) {
        let old = self.word(port).fetch_or(PENDING, Ordering::SeqCst);
        if old & (PENDING | MASKED | LINKED) == 0 {
            self.link(port, queue);
        }
    }

    fn link(&mut self, port: u32, queue: u32) {
        if self.word(port).fetch_or(LINKED, Ordering::SeqCst) & LINKED != 0 {
            return;
        }
        // It was the last of a queue that is empty now.
        if self.tail[queue as usize] == port {
            self.tail[queue as usize] = 0;
        }
        let tail = self.tail[queue as usize];
        let mut linked = false;
        if tail != 0 {
            let word = self.word(tail);
            let old = word.load(Ordering::SeqCst);
            if old & LINKED != 0 {
                word.store(old & !0x1_ffff | port, Ordering::SeqCst);
                linked = true;
            }
        }
        self.tail[queue as usize] = port;
        if !linked {
            self.control.word(8 + queue as usize * 4).store(port, Ordering::SeqCst);
            if self.control.word(0).fetch_or(1 << queue, Ordering::SeqCst) & 1 << queue == 0 {
                self.upcall();
            }
        }
    }
}

type Channels = Scheme<HeapPages, HeapPages>;

fn setup(fifo: bool, pages: usize) -> (Host, Channels, Vcpu<HeapPages>, Queues) {
    let mut host = Host::new();
    let vcpu = Vcpu::in_shared_info(host.shared_info.clone(), 0).unwrap();
    let channels = if fifo {
        host.fifo = true;
        let channels = Fifo::create();
        for n in 0..pages {
            let page = HeapPages::new(Gfn(10 + n as u64), 1);
            channels
                .add_page(page, |page| {
                    assert!(page.words().iter().all(|w| w.load(Ordering::Relaxed) == MASKED));
                    host.array.push(page.clone());
                    Ok::<_, ()>(())
                })
                .unwrap();
        }
        Scheme::Fifo(channels)
    } else {
        Scheme::TwoLevel(TwoLevel::create(host.shared_info.clone()))
    };
    (host, channels, vcpu, Queues::default())
}

fn scan(
    host: &Host,
    channels: &Channels,
    vcpu: &Vcpu<HeapPages>,
    queues: &mut Queues,
    budget: u32,
) -> (Scan, Vec<u32>) {
    let mut taken = vec![];
    let result = channels.scan(vcpu, &host.control, queues, budget, |port| taken.push(port));
    (result, taken)
}

#[test]
fn an_event_is_taken_once_and_masks_its_port() {
    for fifo in [false, true] {
        let (mut host, channels, vcpu, mut queues) = setup(fifo, 1);
        for port in [1, 5, 1023] {
            assert_eq!(channels.unmask(port), Unmask::Done);
            host.send(port, 7);
            host.send(port, 7);
        }
        assert!(vcpu.is_pending());
        assert_eq!(scan(&host, &channels, &vcpu, &mut queues, 100), (Scan::Done, vec![1, 5, 1023]));
        assert!(!vcpu.is_pending());
        assert!(channels.is_masked(5) && !channels.is_pending(5));
        host.send(5, 7);
        assert_eq!(scan(&host, &channels, &vcpu, &mut queues, 100), (Scan::Done, vec![]));
        // What came meanwhile is delivered by the hypervisor.
        assert_eq!(channels.unmask(5), Unmask::Hypercall);
        assert!(channels.is_masked(5));
        host.unmask(5, 7);
        assert_eq!(scan(&host, &channels, &vcpu, &mut queues, 100), (Scan::Done, vec![5]));
        assert_eq!(channels.unmask(5), Unmask::Done);
        assert_eq!(scan(&host, &channels, &vcpu, &mut queues, 100), (Scan::Done, vec![]));
    }
}

#[test]
fn a_budget_ends_a_scan_and_nothing_is_forgotten() {
    for fifo in [false, true] {
        let (mut host, channels, vcpu, mut queues) = setup(fifo, 1);
        for port in 1..=200 {
            assert_eq!(channels.unmask(port), Unmask::Done);
            host.send(port, 7);
        }
        let mut all = BTreeSet::new();
        let mut scans = 0;
        loop {
            let (result, taken) = scan(&host, &channels, &vcpu, &mut queues, 30);
            assert!(taken.len() <= 30);
            all.extend(taken);
            scans += 1;
            if result == Scan::Done {
                break;
            }
        }
        assert_eq!((scans, all.len()), (7, 200));
    }
}

#[test]
fn urgent_queues_come_first_even_if_late() {
    let (mut host, channels, vcpu, mut queues) = setup(true, 1);
    for port in 1..=4 {
        let _ = channels.unmask(port);
    }
    host.send(1, 9);
    host.send(2, 9);
    host.send(3, 2);
    let mut taken = vec![];
    let Scheme::Fifo(fifo) = &channels else { unreachable!() };
    let host_cell = core::cell::RefCell::new(host);
    let control = host_cell.borrow().control.clone();
    let result = fifo.scan(&control, &mut queues.fifo, 100, |port| {
        taken.push(port);
        if port == 1 {
            host_cell.borrow_mut().send(4, 0);
        }
    });
    assert_eq!((result, taken), (Scan::Done, vec![3, 1, 4, 2]));
    assert!(vcpu.is_pending());
}

#[test]
fn garbage_in_the_queues_ends_the_queue_only() {
    let (mut host, channels, vcpu, mut queues) = setup(true, 1);
    let _ = channels.unmask(1);
    let _ = channels.unmask(2);
    host.send(1, 7);
    // A link to a port without a word, a head without one, no head at all, queues that do not exist.
    host.word(1).fetch_or(5000, Ordering::SeqCst);
    host.control.word(8 + 4 * 3).store(0x1_ffff, Ordering::SeqCst);
    host.control.word(0).fetch_or(0xffff_0000 | 1 << 3 | 1 << 4, Ordering::SeqCst);
    assert_eq!(scan(&host, &channels, &vcpu, &mut queues, 100), (Scan::Done, vec![1]));
    let Scheme::Fifo(fifo) = &channels else { unreachable!() };
    assert_eq!(fifo.garbage(), 3);
    // A ring of links ends at the budget.
    host.tail = [0; 16];
    host.word(2).store(PENDING | LINKED | 2, Ordering::SeqCst);
    host.control.word(8 + 4 * 7).store(2, Ordering::SeqCst);
    host.control.word(0).store(1 << 7, Ordering::SeqCst);
    assert_eq!(scan(&host, &channels, &vcpu, &mut queues, 10), (Scan::Done, vec![2]));
}

#[test]
fn a_busy_word_is_not_unmasked_behind_the_hypervisors_back() {
    let (host, channels, ..) = setup(true, 1);
    host.word(9).fetch_or(BUSY, Ordering::SeqCst);
    assert_eq!(channels.unmask(9), Unmask::Hypercall);
    assert_eq!(host.word(9).load(Ordering::SeqCst), MASKED | BUSY);
}

#[test]
fn ports_beyond_the_scheme_do_nothing() {
    for (fifo, ports) in [(false, 4096), (true, 2048)] {
        let (_, channels, ..) = setup(fifo, 2);
        assert_eq!(channels.ports(), ports);
        for port in [ports, 1 << 17, u32::MAX] {
            channels.mask(port);
            assert!(!channels.is_masked(port) && !channels.is_pending(port) && !channels.clear_pending(port));
            assert_eq!(channels.unmask(port), Unmask::Done);
        }
    }
}

#[test]
fn the_array_ends_at_its_last_page_and_a_refused_page_comes_back() {
    let fifo = Fifo::create();
    let Err(NoRoom(page, error)) = fifo.add_page(HeapPages::new(Gfn(77), 1), |_| Err(28)) else { panic!() };
    assert_eq!((page.gfns(), error), (&[Gfn(77)][..], Some(28)));
    for n in 0..128 {
        assert_eq!(fifo.ports(), n * 1024);
        fifo.add_page(HeapPages::new(Gfn(0), 1), |_| Ok::<_, ()>(())).unwrap();
    }
    let full = fifo.add_page(HeapPages::new(Gfn(0), 1), |_| -> Result<(), ()> { panic!("not asked") });
    assert_eq!(full.unwrap_err().1, None);
}

#[test]
fn a_new_domain_starts_with_all_ports_masked() {
    let (mut host, channels, vcpu, _) = setup(true, 2);
    let _ = channels.unmask(1500);
    host.send(1500, 7);
    let Scheme::Fifo(fifo) = &channels else { unreachable!() };
    let mut pages = vec![];
    fifo.recreate(|page| {
        pages.extend_from_slice(page.gfns());
        Ok::<_, ()>(())
    })
    .unwrap();
    assert_eq!(pages, [Gfn(10), Gfn(11)]);
    assert!(channels.is_masked(1500) && !channels.is_pending(1500));
    host.control.words().iter().for_each(|word| word.store(0, Ordering::SeqCst));
    let mut queues = Queues::default();
    assert_eq!(scan(&host, &channels, &vcpu, &mut queues, 10), (Scan::Done, vec![]));
}

#[test]
fn delivery_falls_back_to_processor_0() {
    assert_eq!(Delivery::PerVcpu.target(40, true), 40);
    assert_eq!(Delivery::PerVcpu.target(40, false), 0);
    assert_eq!(Delivery::Line.target(3, true), 0);
    let page = HeapPages::new(Gfn(1), 1);
    assert!(Vcpu::in_shared_info(page.clone(), 31).is_some() && Vcpu::in_shared_info(page, 32).is_none());
}

#[derive(Clone, Debug)]
enum Step {
    Send(u32),
    Unmask(u32),
    Mask(u32),
    Scan(u32),
}

proptest! {
    /// Events are neither lost nor made up: after everything is unmasked and scanned, each port that
    /// was sent to since it was last taken has been taken.
    #[test]
    fn no_event_is_lost_or_made_up(fifo: bool, steps in prop::collection::vec(prop_oneof![
        4 => (1u32..24).prop_map(Step::Send),
        3 => (1u32..24).prop_map(Step::Unmask),
        1 => (1u32..24).prop_map(Step::Mask),
        2 => (0u32..6).prop_map(Step::Scan),
    ], 1..300)) {
        // Ports far apart, three priorities.
        let port = |n: u32| n * 37;
        let queue = |n: u32| n % 3;
        let (mut host, channels, vcpu, mut queues) = setup(fifo, 1);
        let mut owed = BTreeSet::new();
        let unmask = |host: &mut Host, n: u32| if channels.unmask(port(n)) == Unmask::Hypercall {
            host.unmask(port(n), queue(n));
        };
        let drain = |host: &Host, owed: &mut BTreeSet<u32>, queues: &mut Queues, budget: u32| {
            let (result, taken) = scan(host, &channels, &vcpu, queues, budget);
            for port in taken {
                assert!(owed.remove(&port), "made up {port}");
            }
            result
        };
        for step in steps {
            match step {
                Step::Send(n) => {
                    host.send(port(n), queue(n));
                    owed.insert(port(n));
                }
                Step::Unmask(n) => unmask(&mut host, n),
                Step::Mask(n) => channels.mask(port(n)),
                Step::Scan(budget) => {
                    let _ = drain(&host, &mut owed, &mut queues, budget);
                }
            }
        }
        // A scan only happens when there was an upcall or the last one said More.
        for n in 1..24 {
            unmask(&mut host, n);
        }
        for _ in 0..100 {
            if drain(&host, &mut owed, &mut queues, 7) == Scan::Done && !vcpu.is_pending() {
                break;
            }
        }
        prop_assert!(owed.is_empty(), "lost {owed:?}");
    }
}
