//! The table against a model of what the hypervisor and a peer do with it.

extern crate std;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    vec::Vec,
};

use proptest::prelude::*;

use super::*;
use crate::{
    abi::grant::{ENTRIES_PER_FRAME, flag},
    page::{HeapPages, Words},
    seam::{Access, GrantError, GrantTable, StillMapped},
    sync::{Lock, Platform},
    types::{Domid, Gfn, GrantRef},
};

struct StdLock<T>(Mutex<T>);

impl<T> Lock<T> for StdLock<T> {
    fn new(value: T) -> Self {
        Self(Mutex::new(value))
    }
    fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        f(&mut self.0.lock().unwrap())
    }
}

/// Says which processor runs; the test chooses.
#[derive(Default)]
struct Cpu(AtomicUsize);

impl Platform for &Cpu {
    type Lock<T> = StdLock<T>;
    fn processor(&self) -> usize {
        self.0.load(Relaxed)
    }
}

/// A hypervisor that allows `allows` frames.
struct Host {
    pages: Vec<HeapPages>,
    allows: AtomicUsize,
    placed: Mutex<Vec<u32>>,
}

impl Host {
    fn new(limit: usize) -> Self {
        Self {
            pages: (0..limit).map(|i| HeapPages::new(Gfn(i as u64), 1)).collect(),
            allows: AtomicUsize::new(limit),
            placed: Mutex::default(),
        }
    }

    /// The hypervisor's view of an entry.
    fn entry(&self, index: u32) -> (u32, u32) {
        let page = &self.pages[(index / ENTRIES_PER_FRAME) as usize];
        let at = (index % ENTRIES_PER_FRAME) as usize * 8;
        (page.word(at).load(Relaxed), page.word(at + 4).load(Relaxed))
    }

    /// The peer maps or unmaps.
    fn set(&self, index: u32, flags: u16, on: bool) {
        let page = &self.pages[(index / ENTRIES_PER_FRAME) as usize];
        let word = page.word((index % ENTRIES_PER_FRAME) as usize * 8);
        if on {
            word.fetch_or(flags.into(), Relaxed);
        } else {
            word.fetch_and(!u32::from(flags), Relaxed);
        }
    }
}

impl Frames for &Host {
    type Frame = HeapPages;
    fn limit(&self) -> u32 {
        self.allows.load(Relaxed) as u32
    }
    fn memory(&self, index: u32) -> HeapPages {
        self.pages[index as usize].clone()
    }
    fn place(&self, index: u32) -> bool {
        self.placed.lock().unwrap().push(index);
        (index as usize) < self.allows.load(Relaxed)
    }
}

fn grant<G: GrantTable>(table: &G) -> Result<GrantRef, GrantError> {
    table.grant_access(Domid(3), Gfn(0x1234), Access::ReadWrite)
}

#[test]
fn an_entry_says_who_may_do_what() {
    let (host, cpu) = (Host::new(1), Cpu::default());
    let table = Table::create(&host, &cpu, 1).unwrap();
    let rw = table.grant_access(Domid(0x7a01), Gfn(0xdead_beef), Access::ReadWrite).unwrap();
    let ro = table.grant_access(Domid(0), Gfn(1), Access::ReadOnly).unwrap();
    assert_eq!(host.entry(rw.raw()), (0x7a01_0001, 0xdead_beef));
    assert_eq!(host.entry(ro.raw()), (0x0000_0005, 1));
    assert!(rw.raw() >= 8 && ro.raw() >= 8, "the first eight are the toolstack's");
    let index = rw.raw();
    assert_eq!(table.end_access(rw), Ok(()));
    assert_eq!(host.entry(index).0, 0);
    assert_eq!(table.grant_access(Domid(0), Gfn(1 << 32), Access::ReadOnly), Err(GrantError::Unaddressable));
}

#[test]
fn a_mapped_entry_stays_granted_and_is_not_reused() {
    let (host, cpu) = (Host::new(1), Cpu::default());
    let table = Table::create(&host, &cpu, 1).unwrap();
    let held = grant(&table).unwrap();
    let index = held.raw();
    for mapped in [flag::READING, flag::WRITING, flag::READING | flag::WRITING] {
        host.set(index, mapped, true);
    }
    assert!(table.is_mapped(&held));
    let Err(StillMapped(held)) = table.end_access(held) else { panic!("ended while mapped") };
    assert_eq!(host.entry(index).0 & u32::from(flag::PERMIT_ACCESS), 1);
    let mut others = Vec::new();
    while let Ok(other) = grant(&table) {
        assert_ne!(other.raw(), index);
        others.push(other);
    }
    assert_eq!(others.len(), 512 - 8 - 1);
    host.set(index, flag::READING | flag::WRITING, false);
    assert_eq!(table.end_access(held), Ok(()));
    assert_eq!(grant(&table).unwrap().raw(), index);
}

#[test]
fn it_grows_to_the_limit_and_no_further() {
    let (host, cpu) = (Host::new(3), Cpu::default());
    let table = Table::create(&host, &cpu, 4).unwrap();
    assert_eq!(table.available(), 3 * 512 - 8);
    assert!(host.placed.lock().unwrap().is_empty(), "nothing is placed before it is needed");
    let mut seen = BTreeSet::new();
    for n in 0..3 * 512 - 8 {
        cpu.0.store(n % 7, Relaxed);
        assert!(seen.insert(grant(&table).unwrap().raw()), "given out twice");
        assert_eq!(table.available() as usize, 3 * 512 - 8 - n - 1);
    }
    assert_eq!((seen.first(), seen.last()), (Some(&8), Some(&1535)));
    for _ in 0..5 {
        assert_eq!(grant(&table), Err(GrantError::Exhausted));
    }
    assert_eq!(*host.placed.lock().unwrap(), [0, 1, 2]);
}

#[test]
fn a_refusal_to_grow_is_remembered() {
    let (host, cpu) = (Host::new(4), Cpu::default());
    let table = Table::create(&host, &cpu, 1).unwrap();
    host.allows.store(2, Relaxed);
    assert_eq!(table.grow_to(4), 2);
    let mut held = Vec::new();
    while let Ok(grant) = grant(&table) {
        held.push(grant);
    }
    assert_eq!((held.len(), table.available()), (2 * 512 - 8, 0));
    assert_eq!(*host.placed.lock().unwrap(), [0, 1, 2], "asked once for the third");
}

#[test]
fn entries_cached_elsewhere_are_found() {
    let (host, cpu) = (Host::new(1), Cpu::default());
    let table = Table::create(&host, &cpu, 8).unwrap();
    let mut held: Vec<_> = (0..504).map(|_| grant(&table).unwrap()).collect();
    for n in 0..20 {
        cpu.0.store(n % 5, Relaxed);
        table.end_access(held.pop().unwrap()).unwrap();
    }
    cpu.0.store(7, Relaxed);
    let found: BTreeSet<_> = (0..20).map(|_| grant(&table).unwrap().raw()).collect();
    assert_eq!(found.len(), 20);
    assert_eq!(grant(&table), Err(GrantError::Exhausted));
}

#[test]
fn what_the_firmware_left_is_ended_or_avoided() {
    let (host, cpu) = (Host::new(1), Cpu::default());
    host.set(1, flag::PERMIT_ACCESS, true);
    host.set(20, flag::PERMIT_ACCESS | flag::READONLY, true);
    host.set(21, flag::PERMIT_ACCESS | flag::WRITING, true);
    let table = Table::create(&host, &cpu, 1).unwrap();
    let mut all = BTreeSet::new();
    while let Ok(grant) = grant(&table) {
        all.insert(grant.raw());
    }
    assert!(all.contains(&20) && !all.contains(&21));
    assert_eq!(host.entry(1).0, 1, "xenstore's grant is not ours to end");
    assert_eq!((all.len(), table.stats().inherited), (503, 1));
}

#[test]
fn a_double_end_does_not_give_an_entry_out_twice() {
    let (host, cpu) = (Host::new(1), Cpu::default());
    let table = Table::create(&host, &cpu, 1).unwrap();
    let index = grant(&table).unwrap().raw();
    table.end_access(GrantRef::new(index, 0)).unwrap();
    table.end_access(GrantRef::new(index, 0)).unwrap();
    table.end_access(GrantRef::new(1 << 30, 0)).unwrap();
    assert_eq!(table.stats().stale_ends, 2);
    assert_ne!(grant(&table).unwrap().raw(), grant(&table).unwrap().raw());
}

#[test]
fn a_suspend_closes_and_a_new_domain_starts_empty() {
    let (host, cpu) = (Host::new(3), Cpu::default());
    let table = Table::create(&host, &cpu, 2).unwrap();
    let old: Vec<_> = (0..600).map(|_| grant(&table).unwrap()).collect();
    table.close();
    assert_eq!(grant(&table), Err(GrantError::Closed));
    table.reopen();
    let kept = grant(&table).unwrap();
    assert!(kept.raw() > 600);
    table.close();
    // The new host has an empty table and allows less.
    for page in &host.pages {
        page.words().iter().for_each(|word| word.store(0, Relaxed));
    }
    host.allows.store(1, Relaxed);
    host.placed.lock().unwrap().clear();
    table.recreate();
    assert_eq!(*host.placed.lock().unwrap(), [0]);
    assert_eq!(table.available(), 504);
    let mut all = BTreeSet::new();
    while let Ok(grant) = grant(&table) {
        assert!(all.insert(grant.raw()));
    }
    assert_eq!(all.len(), 504);
    // What is left of the old domain ends without a word, and without a trace in the new one's table.
    for grant in old.into_iter().chain([kept]) {
        assert!(table.is_void(&grant));
        assert_eq!(table.end_access(grant), Ok(()));
    }
    assert!(all.iter().all(|index| host.entry(*index).0 == 0x3_0001));
    assert_eq!((table.available(), table.stats().stale_ends), (0, 0));
}

#[test]
fn deferred_ends_keep_what_is_pinned() {
    struct Page<'a>(&'a AtomicUsize);
    impl Drop for Page<'_> {
        fn drop(&mut self) {
            self.0.fetch_add(1, Relaxed);
        }
    }
    let (host, cpu, dropped) = (Host::new(1), Cpu::default(), AtomicUsize::new(0));
    let table = Table::create(&host, &cpu, 1).unwrap();
    let mut deferred = Deferred::new();
    let (a, b, c) = (grant(&table).unwrap(), grant(&table).unwrap(), grant(&table).unwrap());
    let (at_b, at_c) = (b.raw(), c.raw());
    host.set(at_b, flag::WRITING, true);
    host.set(at_c, flag::READING, true);
    assert!(deferred.end(&table, a, Page(&dropped)).is_some());
    assert!(deferred.end(&table, b, Page(&dropped)).is_none());
    assert!(deferred.end(&table, c, Page(&dropped)).is_none());
    assert_eq!((deferred.len(), dropped.load(Relaxed)), (2, 1));
    assert_eq!(deferred.retry(&table, 10, drop), 0);
    host.set(at_c, flag::READING, false);
    assert_eq!(deferred.retry(&table, 1, drop) + deferred.retry(&table, 1, drop), 1);
    assert_eq!((deferred.len(), dropped.load(Relaxed)), (1, 2));
    drop(deferred);
    assert_eq!(dropped.load(Relaxed), 2, "a page that the peer maps is leaked, not freed");
}

#[derive(Clone, Debug)]
enum Step {
    Grant { cpu: usize, count: usize },
    End { cpu: usize, which: usize, count: usize },
    Map(usize),
    Unmap(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (0usize..6, 1usize..120).prop_map(|(cpu, count)| Step::Grant { cpu, count }),
        (0usize..6, any::<usize>(), 1usize..120).prop_map(|(cpu, which, count)| Step::End {
            cpu,
            which,
            count
        }),
        any::<usize>().prop_map(Step::Map),
        any::<usize>().prop_map(Step::Unmap),
    ];
    prop::collection::vec(step, 1..120)
}

proptest! {
    /// Whatever the order: no entry is out twice, a mapped one never ends, all that is not out can be
    /// had, and the peer sees exactly what was granted.
    #[test]
    fn it_behaves_as_a_set(frames in 1usize..=3, steps in steps()) {
        let (host, cpu) = (Host::new(frames), Cpu::default());
        let table = Table::create(&host, &cpu, 4).unwrap();
        let total = frames * 512 - 8;
        let mut out: BTreeMap<u32, (GrantRef, bool)> = BTreeMap::new();
        let pick = |out: &BTreeMap<u32, (GrantRef, bool)>, which: usize| {
            (!out.is_empty()).then(|| *out.keys().nth(which % out.len()).unwrap())
        };
        for step in steps {
            match step {
                Step::Grant { cpu: on, count } => for n in 0..count {
                    cpu.0.store(on, Relaxed);
                    match table.grant_access(Domid(1), Gfn(n as u64), Access::ReadOnly) {
                        Ok(grant) => {
                            let index = grant.raw();
                            prop_assert!((8..total as u32 + 8).contains(&index));
                            prop_assert_eq!(host.entry(index), (0x1_0005, n as u32));
                            prop_assert!(out.insert(index, (grant, false)).is_none(), "out twice");
                        }
                        Err(error) => {
                            prop_assert_eq!(error, GrantError::Exhausted);
                            prop_assert_eq!(out.len(), total);
                            break;
                        }
                    }
                },
                Step::End { cpu: on, which, count } => for n in 0..count {
                    cpu.0.store(on, Relaxed);
                    let Some(index) = pick(&out, which.wrapping_add(n)) else { break };
                    let (grant, mapped) = out.remove(&index).unwrap();
                    match table.end_access(grant) {
                        Ok(()) => {
                            prop_assert!(!mapped, "ended while mapped");
                            prop_assert_eq!(host.entry(index).0, 0);
                        }
                        Err(StillMapped(grant)) => {
                            prop_assert!(mapped);
                            out.insert(index, (grant, true));
                        }
                    }
                },
                Step::Map(which) => if let Some(index) = pick(&out, which) {
                    host.set(index, flag::READING, true);
                    out.get_mut(&index).unwrap().1 = true;
                },
                Step::Unmap(which) => if let Some(index) = pick(&out, which) {
                    host.set(index, flag::READING, false);
                    out.get_mut(&index).unwrap().1 = false;
                },
            }
            prop_assert_eq!(table.available() as usize, total - out.len());
        }
    }
}

#[test]
fn threads_never_share_an_entry() {
    let (host, cpu) = (Host::new(1), Cpu::default());
    let table = Table::create(&host, &cpu, 2).unwrap();
    let owners: Vec<AtomicUsize> = (0..512).map(|_| AtomicUsize::new(0)).collect();
    std::thread::scope(|scope| {
        for thread in 1..=3 {
            let (table, owners, cpu) = (&table, &owners, &cpu);
            scope.spawn(move || {
                let mut held = Vec::new();
                for n in 0..20_000usize {
                    cpu.0.store(thread + n, Relaxed);
                    if n % 5 < 3 && held.len() < 160 {
                        let grant = grant(table).unwrap();
                        assert_eq!(owners[grant.raw() as usize].swap(thread, Relaxed), 0);
                        held.push(grant);
                    } else if !held.is_empty() {
                        let grant: GrantRef = held.swap_remove(n % held.len());
                        assert_eq!(owners[grant.raw() as usize].swap(0, Relaxed), thread);
                        table.end_access(grant).unwrap();
                    }
                }
            });
        }
    });
}
