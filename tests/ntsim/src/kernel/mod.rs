//! The kernel instance.

pub mod config;
pub mod lock;

use crate::engine::{Engine, Point};
use crate::export::Export;
use crate::ke::cpu::Cpu;
use crate::trace::Trace;
use alloc::boxed::Box;
use alloc::vec::Vec;
use config::Config;
use core::any::{Any, TypeId};
use core::hash::{Hash, Hasher};
use core::sync::atomic::{AtomicPtr, AtomicU32, Ordering};
use lock::Lock;

/// One running kernel. The host has one per simulation, bare metal exactly one.
pub struct Kernel {
    /// The ground.
    pub engine: &'static dyn Engine,
    /// Settings of this run.
    pub config: Config,
    /// Processors, active ones first; the length is the number that can ever exist.
    pub cpus: Vec<Cpu>,
    /// Scheduler, timers and waits.
    pub ke: crate::ke::State,
    /// Memory.
    pub mm: crate::mm::State,
    /// Objects and names.
    pub ob: crate::ob::State,
    /// Reports and fault injection.
    pub verifier: crate::verifier::State,
    /// Trace and its hash.
    pub trace: Trace,
    /// Processors that have been started.
    pub active: AtomicU32,
    exports: Lock<Vec<&'static [Export]>>,
    rooms: Lock<Vec<&'static Room>>,
    /// Those that were asked for last, by their types' hashes: a room is asked for at every step.
    recent: [AtomicPtr<Room>; RECENT],
}

/// State of a module.
type Room = (TypeId, &'static dyn Any);

/// Places of [`Kernel::recent`].
const RECENT: usize = 128;

/// The hash of a type, which is part of its id.
#[derive(Default)]
struct TypeHash(u64);

impl Hasher for TypeHash {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.0 = self.0.rotate_left(8) ^ u64::from(*byte));
    }
    fn write_u64(&mut self, number: u64) {
        self.0 ^= number;
    }
}

/// Where [`kernel`] finds the instance: on the host a function that reads a thread-local.
static HOOK: AtomicPtr<()> = AtomicPtr::new(core::ptr::null_mut());

/// Installs the function behind [`kernel`] (once per process).
pub fn set_hook(hook: fn() -> *const Kernel) {
    HOOK.store(hook as *mut (), Ordering::Release);
}

/// The running kernel instance.
///
/// # Panics
/// If the caller does not run inside a simulation.
#[inline]
pub fn kernel() -> &'static Kernel {
    try_kernel().expect("not inside a simulation")
}

/// The running kernel instance, if there is one.
#[inline]
pub fn try_kernel() -> Option<&'static Kernel> {
    let hook = HOOK.load(Ordering::Relaxed);
    if hook.is_null() {
        return None;
    }
    unsafe { core::mem::transmute::<*mut (), fn() -> *const Kernel>(hook)().as_ref() }
}

/// All export tables of this crate. A new table is added here.
pub fn tables() -> Vec<&'static [Export]> {
    let mut tables = alloc::vec![
        crate::ke::event::EXPORTS,
        crate::ke::bugcheck::EXPORTS,
        crate::ke::clock::EXPORTS,
        crate::ke::processors::EXPORTS,
        crate::ke::spin::EXPORTS,
        crate::ke::sync::EXPORTS,
        crate::ex::pool::EXPORTS,
        crate::ex::fast_mutex::EXPORTS,
        crate::ex::list::EXPORTS,
        crate::ex::lookaside::EXPORTS,
        crate::ex::callback::EXPORTS,
        crate::ex::rundown::EXPORTS,
        crate::ex::resource::EXPORTS,
        crate::ex::work::EXPORTS,
        crate::ex::timer::EXPORTS,
        crate::mm::exports::EXPORTS,
        crate::ob::exports::EXPORTS,
        crate::ps::EXPORTS,
        crate::rtl::ansi::EXPORTS,
        crate::rtl::bitmap::EXPORTS,
        crate::rtl::convert::EXPORTS,
        crate::rtl::guid::EXPORTS,
        crate::rtl::memory::EXPORTS,
        crate::rtl::print::EXPORTS,
        crate::rtl::security::EXPORTS,
        crate::rtl::time::EXPORTS,
        crate::rtl::unicode::EXPORTS,
        crate::rtl::version::EXPORTS,
        crate::unwind::exports::EXPORTS,
    ];
    tables.extend(crate::cm::tables());
    tables.extend(crate::io::tables());
    tables.extend(crate::pnp::tables());
    tables.push(crate::etw::EXPORTS);
    tables.push(crate::po::EXPORTS);
    tables.push(crate::po::system::EXPORTS);
    tables.extend(crate::wmi::tables());
    tables.extend(crate::storport::tables());
    tables.extend(crate::ndis::tables());
    tables
}

impl Kernel {
    /// Makes a kernel on an engine. Nothing runs yet: the engine installs the instance behind
    /// [`kernel`], then calls [`Kernel::start`].
    pub fn new(engine: &'static dyn Engine, config: Config) -> Box<Self> {
        let n = engine.processors();
        Box::new(Self {
            engine,
            cpus: (0..n).map(Cpu::new).collect(),
            ke: Default::default(),
            mm: crate::mm::State::new(engine),
            ob: Default::default(),
            verifier: Default::default(),
            trace: Trace::new(config.trace_keep),
            active: AtomicU32::new(n - config.hot_add.min(n - 1)),
            exports: Lock::new(tables()),
            rooms: Default::default(),
            recent: [const { AtomicPtr::new(core::ptr::null_mut()) }; RECENT],
            config,
        })
    }

    /// Sets up processors and idle threads. Runs on the boot processor with interrupts off.
    pub fn start(&'static self) {
        crate::ke::cpu::start(self);
        crate::ob::start(self);
        crate::verifier::leaks::register(self);
        // What came with later builds than the floor exists only there.
        if self.config.build >= 19041 {
            self.add_exports(crate::ex::pool::late::LATE);
        }
        if self.config.build >= 20348 {
            self.add_exports(crate::ndis::poll::LATE);
        }
    }

    /// The processor that runs the caller.
    #[inline]
    pub fn cpu(&self) -> &Cpu {
        &self.cpus[self.engine.current_cpu() as usize]
    }

    /// Number of started processors.
    pub fn active_processors(&self) -> u32 {
        self.active.load(Ordering::Acquire)
    }

    /// Lets other processors run and interrupts come in. No lock may be held.
    #[inline]
    pub fn scheduling_point(&'static self, point: Point) {
        self.engine.scheduling_point(point);
        crate::ke::irql::poll(self);
    }

    /// Adds exports of a module outside of this crate's list.
    pub fn add_exports(&self, table: &'static [Export]) {
        self.exports.lock().push(table);
    }

    /// Finds an export by DLL and name.
    pub fn find_export(&self, dll: &str, name: &str) -> Option<&'static Export> {
        let dll = canonical_dll(dll);
        self.exports
            .lock()
            .iter()
            .flat_map(|t| t.iter())
            .find(|e| canonical_dll(e.dll) == dll && e.name == name)
    }

    /// All exports (for completeness tests).
    pub fn exports(&self) -> Vec<&'static Export> {
        self.exports.lock().iter().flat_map(|t| t.iter()).collect()
    }

    /// State of a module, made by `Default` on first use: `kernel().room::<io::State>()`. Lives as long as
    /// the kernel.
    pub fn room<T: Any + Default>(&self) -> &'static T {
        let id = TypeId::of::<T>();
        let mut hash = TypeHash::default();
        id.hash(&mut hash);
        let recent = &self.recent[hash.finish() as usize % RECENT];
        let room = match unsafe { recent.load(Ordering::Acquire).as_ref() } {
            Some(room) if room.0 == id => room,
            _ => {
                let room = self.find_room::<T>(id);
                recent.store(core::ptr::from_ref(room).cast_mut(), Ordering::Release);
                room
            }
        };
        // The type is the key.
        unsafe { &*core::ptr::from_ref(room.1).cast::<T>() }
    }

    fn find_room<T: Any + Default>(&self, id: TypeId) -> &'static Room {
        let find = |rooms: &[&'static Room]| rooms.iter().copied().find(|room| room.0 == id);
        let found = find(&self.rooms.lock());
        found.unwrap_or_else(|| {
            let new: &'static dyn Any = Box::leak(Box::new(T::default()));
            let mut rooms = self.rooms.lock();
            find(&rooms).unwrap_or_else(|| {
                let room: &'static Room = Box::leak(Box::new((id, new)));
                rooms.push(room);
                room
            })
        })
    }
}

impl Drop for Kernel {
    fn drop(&mut self) {
        for room in self.rooms.get_mut().drain(..) {
            drop(unsafe { Box::from_raw(core::ptr::from_ref(room.1).cast_mut()) });
            drop(unsafe { Box::from_raw(core::ptr::from_ref(room).cast_mut()) });
        }
    }
}

/// hal.dll is part of the kernel since Windows 10 2004; before that names moved freely between the two.
fn canonical_dll(dll: &str) -> &str {
    if dll.eq_ignore_ascii_case("hal.dll") || dll.eq_ignore_ascii_case("ntoskrnl.exe") {
        "ntoskrnl.exe"
    } else {
        dll
    }
}
