//! Who wants to be told about suspends, asked for proofs, and shown in the debug dump.

use alloc::{string::String, vec::Vec};
use core::{
    ffi::c_void,
    sync::atomic::{AtomicUsize, Ordering},
};

use xenpci_interface::{
    Status, Wake,
    abi::{DebugCallback, DebugPrint, SelfTestCallback, SuspendCallbacks, WAKE_CANCELLED, WAKE_NEW_DOMAIN},
};

use crate::os::{Mutex, Spin};

/// A child's argument.
#[derive(Clone, Copy)]
struct Argument(*mut c_void);

#[expect(unsafe_code, reason = "only passed back to the child")]
// SAFETY: the child promised callbacks on any thread.
unsafe impl Send for Argument {}

struct OnSuspend {
    id: usize,
    owner: usize,
    callbacks: SuspendCallbacks,
    argument: Argument,
}

struct OnTest {
    id: usize,
    owner: usize,
    callback: SelfTestCallback,
    argument: Argument,
}

/// A source of the debug dump.
struct Source {
    id: usize,
    owner: usize,
    name: String,
    callback: DebugCallback,
    argument: Argument,
}

/// All registrations. Lists are held while callbacks run, so unregistering waits for them.
pub struct Registrations {
    next: AtomicUsize,
    suspends: Mutex<Vec<OnSuspend>>,
    tests: Mutex<Vec<OnTest>>,
    /// Under a spin lock: the dump runs at any IRQL (and without the lock in a crash).
    sources: Spin<Vec<Source>>,
}

#[expect(unsafe_code, reason = "calls the children's callbacks")]
impl Registrations {
    /// Nobody yet.
    pub fn new() -> Self {
        Self {
            next: AtomicUsize::new(1),
            suspends: Mutex::new(Vec::new()),
            tests: Mutex::new(Vec::new()),
            sources: Spin::new(Vec::new()),
        }
    }

    fn id(&self) -> usize {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// Registers for suspends. `PASSIVE_LEVEL`.
    pub fn add_suspend(&self, owner: usize, callbacks: SuspendCallbacks, argument: *mut c_void) -> usize {
        let id = self.id();
        self.suspends.lock().push(OnSuspend { id, owner, callbacks, argument: Argument(argument) });
        id
    }

    /// Registers a self-test. `PASSIVE_LEVEL`.
    pub fn add_test(&self, owner: usize, callback: SelfTestCallback, argument: *mut c_void) -> usize {
        let id = self.id();
        self.tests.lock().push(OnTest { id, owner, callback, argument: Argument(argument) });
        id
    }

    /// Registers a source of the dump. `IRQL <= DISPATCH_LEVEL`.
    pub fn add_source(
        &self,
        owner: usize,
        name: &str,
        callback: DebugCallback,
        argument: *mut c_void,
    ) -> usize {
        let id = self.id();
        let source = Source { id, owner, name: String::from(name), callback, argument: Argument(argument) };
        self.sources.lock().push(source);
        id
    }

    /// Ends a registration; waits for its callback. `PASSIVE_LEVEL`.
    pub fn remove(&self, owner: usize, id: usize) {
        let ours = |a: usize, b: usize| a == id && b == owner;
        self.suspends.lock().retain(|r| !ours(r.id, r.owner));
        self.tests.lock().retain(|r| !ours(r.id, r.owner));
        self.sources.lock().retain(|r| !ours(r.id, r.owner));
    }

    /// Ends all of a child's. `PASSIVE_LEVEL`.
    pub fn remove_all(&self, owner: usize) {
        self.suspends.lock().retain(|r| r.owner != owner);
        self.tests.lock().retain(|r| r.owner != owner);
        self.sources.lock().retain(|r| r.owner != owner);
    }

    /// A suspend begins: nobody comes or goes until the value is dropped. `PASSIVE_LEVEL`.
    pub fn begin(&self) -> SuspendList<'_> {
        SuspendList(self.suspends.lock())
    }

    /// Runs the children's self-tests for `id`; the first result that is not "not mine", `None` when
    /// nobody has such a target. `PASSIVE_LEVEL`.
    pub fn test(&self, id: u32) -> Option<Status> {
        let tests = self.tests.lock();
        tests
            .iter()
            // SAFETY: registered, alive until unregistered.
            .map(|test| unsafe { (test.callback)(test.argument.0, id) })
            .find(|status| *status != Status::NOT_FOUND)
    }

    /// Has all sources dump to `print`. In a crash (`crashing`) without the lock.
    pub fn dump(&self, print: DebugPrint, sink: *mut c_void, crashing: bool) {
        let guard = (!crashing).then(|| self.sources.lock());
        let list = self.sources.peek();
        // SAFETY: under the lock, or with all other processors stopped by the bug check.
        for source in unsafe { &*list } {
            for part in ["--- ", &source.name, "\n"] {
                // SAFETY: the caller's sink.
                unsafe { print(sink, part.as_ptr(), part.len() as u32) };
            }
            // SAFETY: registered, alive until unregistered.
            unsafe { (source.callback)(source.argument.0, print, sink) };
        }
        drop(guard);
    }
}

/// The list, locked for one suspend.
pub struct SuspendList<'a>(crate::os::MutexGuard<'a, Vec<OnSuspend>>);

#[expect(unsafe_code, reason = "calls the children's callbacks")]
impl SuspendList<'_> {
    /// Everything still works. `PASSIVE_LEVEL`.
    pub fn prepare(&self) {
        for r in self.0.iter() {
            // SAFETY: registered, alive until unregistered.
            unsafe { (r.callbacks.prepare)(r.argument.0) };
        }
    }

    /// All processors are parked.
    pub fn early(&self) {
        for r in self.0.iter() {
            // SAFETY: registered, alive until unregistered.
            unsafe { (r.callbacks.early)(r.argument.0) };
        }
    }

    /// Everything works again. `PASSIVE_LEVEL`.
    pub fn late(&self, wake: Wake) {
        let wake = match wake {
            // In the same domain nothing was torn down: rings, ports and grants are in force, requests
            // are with the back-end. To the children that is a suspend that was called off.
            Wake::Cancelled | Wake::SameDomain => WAKE_CANCELLED,
            Wake::NewDomain => WAKE_NEW_DOMAIN,
        };
        for r in self.0.iter() {
            // SAFETY: registered, alive until unregistered.
            unsafe { (r.callbacks.late)(r.argument.0, wake) };
        }
    }
}
