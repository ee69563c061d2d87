//! ke on the host engine: threads, events, timers, DPCs, IPIs, determinism.
#![allow(unsafe_code, clippy::undocumented_unsafe_blocks, clippy::multiple_unsafe_ops_per_block)]

use ntsim::abi::*;
use ntsim::ke::{self, dpc, event, irql, thread, timer, wait};
use ntsim::kernel;
use ntsim_host::Sim;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

fn new_event(synchronization: bool) -> Box<KEVENT> {
    let mut e: Box<KEVENT> = Box::new(unsafe { std::mem::zeroed() });
    unsafe { event::initialize(&mut *e, synchronization, false) };
    e
}

#[test]
fn scenario_returns_its_value() {
    let sim = Sim::builder().build();
    assert_eq!(sim.run(|| 42).unwrap(), 42);
    assert_eq!(sim.run(irql::current).unwrap(), PASSIVE_LEVEL);
}

#[test]
fn waits_time_out_in_virtual_time() {
    let sim = Sim::builder().build();
    let status = sim.run(|| unsafe {
        let mut e = new_event(false);
        wait::wait_one(&mut *e, wait::Timeout::millis(60_000))
    });
    assert_eq!(status.unwrap(), STATUS_TIMEOUT);
    assert!(sim.now() >= 60_000_000_000);
}

#[test]
fn threads_hand_over_through_events() {
    for seed in 0..50 {
        let sim = Sim::builder().seed(seed).processors(1 + seed as u32 % 4).build();
        let order = Rc::new(RefCell::new(Vec::new()));
        let log = order.clone();
        sim.run(move || unsafe {
            let a = Box::leak(new_event(true)) as *mut KEVENT;
            let b = Box::leak(new_event(true)) as *mut KEVENT;
            let inner = log.clone();
            thread::spawn(move || {
                for i in 0..10 {
                    wait::wait_one(a, wait::Timeout::Never);
                    inner.borrow_mut().push(i * 2 + 1);
                    event::set(b);
                }
            })
            .unwrap();
            for i in 0..10 {
                log.borrow_mut().push(i * 2);
                event::set(a);
                wait::wait_one(b, wait::Timeout::Never);
            }
        })
        .unwrap();
        assert_eq!(*order.borrow(), (0..20).collect::<Vec<_>>(), "seed {seed}");
    }
}

unsafe extern "win64" fn count_dpc(_: *mut KDPC, context: PVOID, a: PVOID, b: PVOID) {
    assert_eq!(irql::current(), DISPATCH_LEVEL);
    let cell = unsafe { &*(context as *const Cell<usize>) };
    cell.set(cell.get() + a as usize + b as usize);
}

#[test]
fn dpcs_run_on_their_target() {
    for seed in 0..20 {
        let sim = Sim::builder().seed(seed).processors(3).build();
        let sum = Cell::new(0usize);
        sim.run(|| unsafe {
            let mut d: KDPC = std::mem::zeroed();
            dpc::initialize(&mut d, Some(count_dpc), &sum as *const _ as PVOID, false);
            dpc::set_target(&mut d, 2);
            assert!(dpc::insert(&mut d, 5 as PVOID, 6 as PVOID));
            dpc::flush(kernel());
            assert_eq!(sum.get(), 11);
            dpc::initialize(&mut d, Some(count_dpc), &sum as *const _ as PVOID, false);
            let old = irql::raise(DISPATCH_LEVEL);
            assert!(dpc::insert(&mut d, 1 as PVOID, 1 as PVOID));
            assert!(!dpc::insert(&mut d, 1 as PVOID, 1 as PVOID));
            irql::lower(old);
            dpc::flush(kernel());
            assert_eq!(sum.get(), 13);
        })
        .unwrap();
    }
}

#[test]
fn periodic_timer_with_dpc() {
    let sim = Sim::builder().processors(2).build();
    let sum = Cell::new(0usize);
    sim.run(|| unsafe {
        let mut d: KDPC = std::mem::zeroed();
        let mut t: KTIMER = std::mem::zeroed();
        dpc::initialize(&mut d, Some(count_dpc_once), &sum as *const _ as PVOID, false);
        timer::initialize(&mut t, false);
        assert!(!timer::set(&mut t, -1_000_000, 100, &mut d));
        let mut e = new_event(false);
        wait::wait_one(&mut *e, wait::Timeout::millis(1050));
        assert!(timer::cancel(&mut t));
        dpc::flush(kernel());
    })
    .unwrap();
    assert!((9..=11).contains(&sum.get()), "{}", sum.get());
}

unsafe extern "win64" fn count_dpc_once(_: *mut KDPC, context: PVOID, _: PVOID, _: PVOID) {
    let cell = unsafe { &*(context as *const Cell<usize>) };
    cell.set(cell.get() + 1);
}

static SEEN: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);

unsafe extern "win64" fn broadcast(_: usize) -> usize {
    assert_eq!(irql::current(), IPI_LEVEL);
    SEEN.fetch_or(1 << kernel().engine.current_cpu(), std::sync::atomic::Ordering::Relaxed);
    kernel().engine.current_cpu() as usize + 100
}

#[test]
fn ipi_reaches_all() {
    let sim = Sim::builder().seed(3).processors(4).build();
    let r = sim.run(|| ke::interrupt::generic_call(broadcast, 0)).unwrap();
    assert!((100..104).contains(&r));
    assert_eq!(SEEN.load(std::sync::atomic::Ordering::Relaxed), 0xF);
}

#[test]
fn deadlock_is_found() {
    let sim = Sim::builder().build();
    let e = sim
        .run(|| unsafe {
            let mut e = new_event(false);
            wait::wait_one(&mut *e, wait::Timeout::Never)
        })
        .unwrap_err();
    assert!(e.text.contains("nothing will ever happen again"), "{e}");
    // The simulation is over, the process is not.
    assert!(sim.run(|| 1).is_err());
}

#[test]
fn wild_access_is_a_bugcheck() {
    let sim = Sim::builder().build();
    let e = sim.run(|| unsafe { std::hint::black_box(0x1234_5000 as *mut u32).read_volatile() }).unwrap_err();
    assert_eq!(e.code, 0x50);
    assert_eq!(e.parameters[0], 0x1234_5000);
    let sim = Sim::builder().build();
    let e = sim
        .run(|| unsafe {
            irql::raise(DISPATCH_LEVEL);
            std::hint::black_box(0x1234_5000 as *mut u32).write_volatile(1)
        })
        .unwrap_err();
    assert_eq!((e.code, e.parameters[2]), (0xD1, 1));
}

#[test]
fn stack_overflow_is_a_bugcheck() {
    #[allow(unconditional_recursion)]
    fn deep(n: u64) -> u64 {
        let mut a = [n; 64];
        std::hint::black_box(&mut a);
        deep(n + 1) + a[3]
    }
    let sim = Sim::builder().build();
    let e = sim.run(|| deep(0)).unwrap_err();
    assert_eq!((e.code, e.parameters[0]), (0x7F, 8), "{e}");
}

#[test]
fn special_pool_catches_overrun_and_use_after_free() {
    use ntsim::kernel::config::SpecialPool;
    use ntsim::mm::pool::{self, PoolKind};
    let build = || Sim::builder().special_pool(SpecialPool::On).build();
    let e = build()
        .run(|| unsafe {
            let p = pool::allocate(PoolKind::NonPagedNx, 64, 0x74736554, 1, false).unwrap();
            p.add(64).write_volatile(1);
        })
        .unwrap_err();
    assert_eq!((e.code, e.rule), (0xCD, Some("pool-overrun")), "{e}");
    let e = build()
        .run(|| unsafe {
            let p = pool::allocate(PoolKind::NonPagedNx, 100, 0x74736554, 1, false).unwrap();
            pool::free(p).unwrap();
            p.read_volatile()
        })
        .unwrap_err();
    assert_eq!((e.code, e.rule), (0xCC, Some("pool-use-after-free")), "{e}");
}

fn busy_run(seed: u64) -> u64 {
    let sim = Sim::builder().seed(seed).processors(3).build();
    sim.run(|| unsafe {
        let done = Box::leak(new_event(false)) as *mut KEVENT;
        let left = Rc::new(Cell::new(8));
        for n in 0..8u64 {
            let left = left.clone();
            thread::spawn(move || {
                for i in 0..20 {
                    let old = irql::raise(DISPATCH_LEVEL);
                    let p = ntsim::mm::pool::allocate_kernel(100 + i, b"tset").unwrap();
                    irql::lower(old);
                    let mut e = new_event(false);
                    wait::wait_one(&mut *e, wait::Timeout::millis(n + i as u64));
                    ntsim::mm::pool::free(p).unwrap();
                }
                left.set(left.get() - 1);
                if left.get() == 0 {
                    event::set(done);
                }
            })
            .unwrap();
        }
        wait::wait_one(done, wait::Timeout::Never);
    })
    .unwrap();
    sim.trace_hash()
}

#[test]
fn same_seed_same_trace() {
    let hashes: Vec<u64> = (0..20).map(busy_run).collect();
    for (seed, hash) in hashes.iter().enumerate() {
        assert_eq!(busy_run(seed as u64), *hash, "seed {seed}");
    }
    assert!(hashes.windows(2).any(|w| w[0] != w[1]));
}
