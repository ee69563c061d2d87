//! FIFO event channels against the hypervisor's part (which is locked against itself, not against us).
#![cfg(loom)]

use loom::{
    sync::{Arc, Mutex, Notify},
    thread,
};
use loom_models::{Memory, model};
use xenbus::{
    event::{Fifo, FifoQueues, Scan, Unmask},
    page::Words,
    sync::{AtomicU32, Ordering},
};

const PENDING: u32 = 1 << 31;
const MASKED: u32 = 1 << 30;
const LINKED: u32 = 1 << 29;
const BUSY: u32 = 1 << 28;
const LINK: u32 = 0x1_ffff;

/// What the hypervisor does, as the description of the scheme and its own sources have it: one queue.
struct Host {
    words: Memory,
    control: Memory,
    /// The last port of the queue, under the queue's lock.
    tail: Mutex<u32>,
    upcall: Notify,
}

impl Host {
    fn word(&self, port: u32) -> &AtomicU32 {
        self.words.word(port as usize * 4)
    }

    fn send(&self, port: u32) {
        if self.word(port).fetch_or(PENDING, Ordering::SeqCst) & PENDING == 0 {
            self.link(port);
        }
    }

    /// `EVTCHNOP_unmask`.
    fn unmask(&self, port: u32) {
        if self.word(port).fetch_and(!MASKED, Ordering::SeqCst) & PENDING != 0 {
            self.link(port);
        }
    }

    fn link(&self, port: u32) {
        let word = self.word(port).load(Ordering::SeqCst);
        if word & (MASKED | LINKED) != 0 {
            return;
        }
        let mut tail = self.tail.lock().unwrap();
        if self.word(port).fetch_or(LINKED, Ordering::SeqCst) & LINKED != 0 {
            return;
        }
        // It was the last of a queue that is empty now.
        if *tail == port {
            *tail = 0;
        }
        let linked = *tail != 0 && self.set_link(*tail, port);
        *tail = port;
        drop(tail);
        if !linked {
            self.control.word(8).store(port, Ordering::SeqCst);
            if self.control.word(0).fetch_or(1, Ordering::SeqCst) & 1 == 0 {
                self.upcall.notify();
            }
        }
    }

    /// Appends to the last word while that is still linked; holds it busy if it changes meanwhile.
    fn set_link(&self, tail: u32, port: u32) -> bool {
        let word = self.word(tail);
        let mut old = word.load(Ordering::SeqCst);
        for attempt in 0..6 {
            if old & LINKED == 0 {
                if attempt > 0 {
                    word.fetch_and(!BUSY, Ordering::SeqCst);
                }
                return false;
            }
            let new = old & !(BUSY | LINK) | port;
            match word.compare_exchange(old, new, Ordering::SeqCst, Ordering::SeqCst) {
                Ok(_) => return true,
                Err(_) if attempt == 0 => old = word.fetch_or(BUSY, Ordering::SeqCst) | BUSY,
                Err(now) => old = now,
            }
        }
        panic!("the guest changed a linked word more often than it may");
    }
}

fn setup(ports: usize) -> (Arc<Host>, Fifo<Memory>) {
    let words = Memory::new(ports + 1);
    let host = Host {
        words: words.clone(),
        control: Memory::new(2 + 16),
        tail: Mutex::new(0),
        upcall: Notify::new(),
    };
    let fifo = Fifo::create();
    assert!(fifo.add_page(words, |_| Ok::<_, ()>(())).is_ok());
    for port in 1..=ports as u32 {
        assert_eq!(fifo.unmask(port), Unmask::Done);
    }
    (Arc::new(host), fifo)
}

/// The guest: takes events until `done`, unmasking each port after its consumer has run.
fn serve(host: &Host, fifo: &Fifo<Memory>, mut consume: impl FnMut(u32) -> bool) {
    let mut queues = FifoQueues::default();
    loop {
        let mut taken = Vec::new();
        let more = fifo.scan(&host.control, &mut queues, 4, |port| taken.push(port));
        let mut done = false;
        for port in taken {
            done |= consume(port);
            if fifo.unmask(port) == Unmask::Hypercall {
                host.unmask(port);
            }
        }
        if done {
            return;
        }
        if more == Scan::Done {
            host.upcall.wait();
        }
    }
}

/// A ring that goes from one port to another: the second event is linked behind the first, or
/// behind nothing, whichever the guest's unlinking makes of it.
#[test]
fn linking_and_unlinking_lose_no_port() {
    model(Some(3), || {
        let (host, fifo) = setup(2);
        let peer = host.clone();
        let sender = thread::spawn(move || {
            peer.send(1);
            peer.send(2);
        });
        let mut seen = [false; 3];
        serve(&host, &fifo, |port| {
            assert!(!seen[port as usize], "made up");
            seen[port as usize] = true;
            seen[1] && seen[2]
        });
        sender.join().unwrap();
        assert_eq!(fifo.garbage(), 0);
    });
}

/// The same port again and again, while it is being taken, masked, consumed and unmasked: the consumer
/// sees the last of what was written before an event.
#[test]
fn an_event_during_the_consumer_is_delivered_after_it() {
    model(Some(3), || {
        let (host, fifo) = setup(1);
        let data = Arc::new(AtomicU32::new(0));
        let (peer, written) = (host.clone(), data.clone());
        let sender = thread::spawn(move || {
            for value in 1..=2 {
                written.store(value, Ordering::Relaxed);
                peer.send(1);
            }
        });
        serve(&host, &fifo, |_| data.load(Ordering::Relaxed) == 2);
        sender.join().unwrap();
        assert_eq!(fifo.garbage(), 0);
    });
}

/// Two senders, so that a link is written while the word before it is being taken and unmasked.
#[test]
fn two_senders() {
    model(Some(2), || {
        let (host, fifo) = setup(2);
        let senders: Vec<_> = [1, 2]
            .map(|port| {
                let peer = host.clone();
                thread::spawn(move || peer.send(port))
            })
            .into();
        let mut seen = [false; 3];
        serve(&host, &fifo, |port| {
            seen[port as usize] = true;
            seen[1] && seen[2]
        });
        for sender in senders {
            sender.join().unwrap();
        }
        assert_eq!(fifo.garbage(), 0);
    });
}
