//! The grant table: no entry is given out twice, none is lost, and an end is either before or after a map.
#![cfg(loom)]

use std::{
    cell::Cell,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
};

use loom::{sync::Arc, thread};
use loom_models::{LoomLock, Memory, model};
use xenbus::{
    grant::{Frames, Table},
    page::Words,
    seam::{Access, GrantError, GrantTable, StillMapped},
    sync::{Ordering, Platform},
    types::{Domid, Gfn, GrantRef},
};

/// Entries of a frame under loom, of which the first eight are reserved.
const PER_FRAME: usize = 12;
const FREE: usize = PER_FRAME - 8;

loom::thread_local! {
    static CPU: Cell<usize> = Cell::new(0);
}

struct Cpus;

impl Platform for Cpus {
    type Lock<T> = LoomLock<T>;
    fn processor(&self) -> usize {
        CPU.with(Cell::get)
    }
}

struct Host(Memory);

impl Frames for Host {
    type Frame = Memory;
    fn limit(&self) -> u32 {
        1
    }
    fn memory(&self, _: u32) -> Memory {
        self.0.clone()
    }
    fn place(&self, _: u32) -> bool {
        true
    }
}

type Grants = Table<Host, Cpus>;

fn table() -> (Memory, Arc<Grants>) {
    let memory = Memory::new(PER_FRAME * 2);
    let table = Table::create(Host(memory.clone()), Cpus, 2).unwrap();
    table.grow_to(1);
    (memory, Arc::new(table))
}

fn grant(table: &Grants) -> Result<GrantRef, GrantError> {
    table.grant_access(Domid(1), Gfn(2), Access::ReadWrite)
}

/// Both processors take and give back at once, through their caches and the common list.
#[test]
fn no_entry_is_given_out_twice_and_none_is_lost() {
    model(Some(3), || {
        let (_, table) = table();
        // Not loom's: only the bookkeeping of the test.
        let owner: std::sync::Arc<[AtomicUsize; PER_FRAME]> = std::sync::Arc::new(Default::default());
        let threads: Vec<_> = (0..2)
            .map(|cpu| {
                let (table, owner) = (table.clone(), owner.clone());
                thread::spawn(move || {
                    CPU.with(|c| c.set(cpu));
                    for _ in 0..2 {
                        let grant = grant(&table).unwrap();
                        let index = grant.raw() as usize;
                        assert_eq!(owner[index].swap(cpu + 1, Relaxed), 0, "given out twice");
                        thread::yield_now();
                        assert_eq!(owner[index].swap(0, Relaxed), cpu + 1);
                        assert_eq!(table.end_access(grant), Ok(()));
                    }
                })
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(table.available() as usize, FREE);
        let all: std::collections::BTreeSet<_> = (0..FREE).map(|_| grant(&table).unwrap().raw()).collect();
        assert_eq!(all.len(), FREE);
        assert_eq!(grant(&table), Err(GrantError::Exhausted));
    });
}

/// Each processor wants half of all entries, wherever they lie: both get them.
#[test]
fn nobody_goes_without_while_there_are_entries() {
    model(Some(3), || {
        let (_, table) = table();
        let threads: Vec<_> = (0..2)
            .map(|cpu| {
                let table = table.clone();
                thread::spawn(move || {
                    CPU.with(|c| c.set(cpu));
                    [grant(&table).unwrap().raw(), grant(&table).unwrap().raw()]
                })
            })
            .collect();
        let mut all: Vec<u32> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), FREE);
    });
}

/// One processor's cache spills while another, whose cache is empty, looks for an entry: there always is
/// one, and it is overlooked neither in a cache nor on its way.
#[test]
fn an_entry_on_its_way_between_lists_is_found() {
    model(Some(4), || {
        let (_, table) = table();
        let [a, b, c, _] = [(); FREE].map(|()| grant(&table).unwrap());
        table.end_access(a).unwrap();
        table.end_access(b).unwrap();
        // Now the cache of processor 0 is full and the common list is empty.
        let other = table.clone();
        let first = thread::spawn(move || {
            other.end_access(c).unwrap();
            grant(&other).unwrap()
        });
        let other = table.clone();
        let second = thread::spawn(move || {
            CPU.with(|c| c.set(1));
            grant(&other).unwrap()
        });
        let (first, second) = (first.join().unwrap(), second.join().unwrap());
        assert_ne!(first, second);
        let third = grant(&table).unwrap();
        assert!(third != first && third != second);
        assert_eq!(grant(&table), Err(GrantError::Exhausted));
    });
}

/// The peer maps while we end: exactly one of the two succeeds, and what the peer wrote is visible.
#[test]
fn ending_and_mapping_exclude_each_other() {
    model(None, || {
        let (memory, table) = table();
        let page = Arc::new(xenbus::sync::AtomicU32::new(0));
        let grant = grant(&table).unwrap();
        let at = grant.raw() as usize * 8;
        let (peer, written) = (memory.clone(), page.clone());
        let peer = thread::spawn(move || {
            // As the hypervisor maps: only what is granted, by one exchange; then the peer writes and
            // unmaps.
            let word = peer.word(at);
            let old = word.load(Ordering::Relaxed);
            if old & 1 == 0 {
                return false;
            }
            let mapped = old | 1 << 3 | 1 << 4;
            if word.compare_exchange(old, mapped, Ordering::AcqRel, Ordering::Relaxed).is_err() {
                return false;
            }
            written.store(7, Ordering::Relaxed);
            word.fetch_and(!(1 << 3 | 1 << 4), Ordering::Release);
            true
        });
        let (ended, mut grant) = match table.end_access(grant) {
            Ok(()) => (true, None),
            Err(StillMapped(grant)) => (false, Some(grant)),
        };
        let seen = page.load(Ordering::Relaxed);
        let mapped = peer.join().unwrap();
        if ended && mapped {
            assert_eq!(seen, 7, "ended while the peer could still write");
        }
        if let Some(grant) = grant.take() {
            assert!(mapped);
            assert_eq!(table.end_access(grant), Ok(()));
        }
        assert_eq!(memory.word(at).load(Ordering::Relaxed), 0);
    });
}
