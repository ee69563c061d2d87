//! The order between flushes and the writes before them.
//!
//! A flush goes to the back-end only when every write that its queue was given earlier has ended. Writes
//! are counted in two groups: the open one takes new writes, the closing one is what the waiting
//! flushes wait for. Flushes that arrive meanwhile wait for the next round. Later writes never wait.

use alloc::collections::VecDeque;

/// Writes by group, and the flushes (numbers of requests) that wait for them.
#[derive(Debug)]
pub(crate) struct Order {
    open: usize,
    count: [u32; 2],
    waiting: VecDeque<u32>,
    next: VecDeque<u32>,
}

impl Order {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            open: 0,
            count: [0; 2],
            waiting: VecDeque::with_capacity(capacity),
            next: VecDeque::with_capacity(capacity),
        }
    }

    /// A write arrives: the group that it belongs to.
    pub(crate) fn write_begins(&mut self) -> usize {
        self.count[self.open] += 1;
        self.open
    }

    /// A write of `group` has ended; flushes that may go now are handed to `ready`.
    pub(crate) fn write_ends(&mut self, group: usize, mut ready: impl FnMut(u32)) {
        self.count[group] -= 1;
        while self.count[1 - self.open] == 0 {
            while let Some(flush) = self.waiting.pop_front() {
                ready(flush);
            }
            if self.next.is_empty() {
                break;
            }
            core::mem::swap(&mut self.waiting, &mut self.next);
            self.open = 1 - self.open;
        }
    }

    /// A flush arrives. True if it may go at once, else it waits.
    pub(crate) fn flush_begins(&mut self, flush: u32) -> bool {
        let closing = 1 - self.open;
        if self.count[closing] == 0 {
            if self.count[self.open] == 0 {
                return true;
            }
            self.open = closing;
            self.waiting.push_back(flush);
        } else {
            self.next.push_back(flush);
        }
        false
    }

    /// A flush that waits is given up.
    pub(crate) fn forget(&mut self, flush: u32) {
        self.waiting.retain(|other| *other != flush);
        self.next.retain(|other| *other != flush);
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use proptest::prelude::*;
    use std::{vec, vec::Vec};

    fn end(order: &mut Order, group: usize) -> Vec<u32> {
        let mut ready = vec![];
        order.write_ends(group, |flush| ready.push(flush));
        ready
    }

    #[test]
    fn a_flush_waits_for_the_writes_before_it_only() {
        let mut order = Order::new(8);
        assert!(order.flush_begins(0));
        let a = order.write_begins();
        assert!(!order.flush_begins(1));
        let b = order.write_begins();
        assert!(!order.flush_begins(2));
        let c = order.write_begins();
        assert_eq!(end(&mut order, c), []);
        assert_eq!(end(&mut order, a), [1]);
        assert_eq!(end(&mut order, b), [2]);
        assert!(order.flush_begins(3));
    }

    proptest! {
        /// No flush goes before a write that came before it, and none is left when all writes ended.
        #[test]
        fn order_holds(steps in prop::collection::vec(any::<u8>(), 1..200)) {
            let mut order = Order::new(256);
            let (mut live, mut flushes) = (Vec::<(usize, usize)>::new(), Vec::<(u32, usize)>::new());
            for (time, step) in steps.iter().enumerate() {
                let mut ready = vec![];
                match step % 4 {
                    0 | 1 => live.push((time, order.write_begins())),
                    2 => {
                        let id = time as u32;
                        flushes.push((id, time));
                        if order.flush_begins(id) {
                            ready.push(id);
                        }
                    }
                    _ if !live.is_empty() => {
                        let (_, group) = live.remove(usize::from(*step) / 4 % live.len());
                        ready = end(&mut order, group);
                    }
                    _ => {}
                }
                for id in ready {
                    let at = flushes.iter().position(|f| f.0 == id).unwrap();
                    let (_, began) = flushes.remove(at);
                    prop_assert!(live.iter().all(|w| w.0 > began));
                }
            }
            while let Some((_, group)) = live.pop() {
                for id in end(&mut order, group) {
                    flushes.retain(|f| f.0 != id);
                }
            }
            prop_assert!(flushes.is_empty());
        }
    }
}
