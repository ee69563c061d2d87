//! The children follow `device/vif` live; the storage adapter is always there.

use alloc::{
    format,
    string::String,
    sync::{Arc, Weak},
    vec::Vec,
};

use nt::sys::{IoRequestDeviceEject, NTSTATUS};
use xenbus::{
    keys::{back, front, net_front, parse_u32},
    seam::{Store as _, StoreError},
};

use super::{
    Platform,
    log::Severity,
    store::{Store, Watch},
};
use crate::{
    fdo::Fdo,
    os::{Signal, Spin, Thread, time},
    pdo::{Kind, Pdo},
    policy::enumerate::{self, Child, Seen, Step},
};

/// A look that failed is repeated after this.
const RETRY: u64 = 2 * time::SECOND;

/// The enumerator. Dropped at `PASSIVE_LEVEL`.
pub struct Children {
    watch: Spin<Option<Watch>>,
    thread: Thread,
}

impl Children {
    /// Makes the storage adapter and starts to follow the interfaces. `PASSIVE_LEVEL`.
    ///
    /// # Errors
    /// What fails.
    pub fn start(platform: &Arc<Platform>, bus: &Arc<Fdo>) -> Result<Arc<Self>, NTSTATUS> {
        if !bus.children().iter().any(|child| child.kind == Kind::Storage) {
            let adapter = Pdo::create(bus, Kind::Storage)?;
            bus.change_children(|children| {
                children.push(adapter);
                true
            });
        }
        let target = Arc::downgrade(platform);
        let thread = Thread::spawn(move |signal| run(&target, signal))?;
        let children = Arc::new(Self { watch: Spin::new(None), thread });
        let again = Arc::downgrade(&children);
        let watch = platform.store.watch(net_front::CLASS, move |_| {
            if let Some(children) = again.upgrade() {
                children.wake();
            }
        });
        match watch {
            Ok(watch) => *children.watch.lock() = Some(watch),
            // The first look still happens; hot-plug does not.
            Err(error) => {
                let text = format!("{} cannot be watched: {error:?}", net_front::CLASS);
                platform.log.event(Severity::Error, &text);
            }
        }
        children.wake();
        Ok(children)
    }

    /// Has the thread look. `IRQL <= DISPATCH_LEVEL`.
    pub fn wake(&self) {
        self.thread.wake();
    }
}

impl Drop for Children {
    fn drop(&mut self) {
        // Waits, so not under the lock.
        let watch = self.watch.lock().take();
        drop(watch);
    }
}

fn run(platform: &Weak<Platform>, signal: &Signal) {
    let mut again = false;
    // Back-ends of interfaces that are there: their states decide about leaving.
    let mut watched: Vec<(u32, String, Watch)> = Vec::new();
    loop {
        if again {
            let _ = signal.wait_for(RETRY);
        } else {
            signal.wait();
        }
        if signal.is_stopping() {
            return;
        }
        let Some(platform) = platform.upgrade() else { return };
        let Some(bus) = platform.bus() else { return };
        match look(&platform.store) {
            Ok(seen) => {
                watch_backends(&platform, &seen, &mut watched);
                let seen: Vec<(u32, Seen)> = seen.into_iter().map(|(id, what, _)| (id, what)).collect();
                again = !apply(&platform, &bus, &seen);
            }
            // During a suspend, or when the store is broken: the wake leads to another look.
            Err(StoreError::Closed | StoreError::Broken) => again = false,
            Err(_) => again = true,
        }
    }
}

/// What xenstore says: number, what to do, and the back-end's directory.
fn look(store: &Store) -> Result<Vec<(u32, Seen, Option<String>)>, StoreError> {
    let names = match store.list(None, net_front::CLASS) {
        Ok(names) => names,
        Err(StoreError::NotFound) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut seen = Vec::new();
    for id in enumerate::parse_ids(&names) {
        let folder = format!("{}/{id}", net_front::CLASS);
        let backend = match store.read(None, &format!("{folder}/{}", front::BACKEND)) {
            Ok(path) => String::from_utf8(path).ok(),
            // Half-made by the toolstack, or half-removed.
            Err(StoreError::NotFound | StoreError::Denied) => continue,
            Err(error) => return Err(error),
        };
        let Some(backend) = backend else { continue };
        let node = |name: &str| match store.read(None, &format!("{backend}/{name}")) {
            Ok(value) => Ok(Some(value)),
            Err(StoreError::NotFound | StoreError::Denied) => Ok(None),
            Err(error) => Err(error),
        };
        let online = node(back::ONLINE)?;
        let state = node(back::STATE)?.as_deref().and_then(parse_u32);
        let offline = online.as_deref() == Some(b"0");
        let what = enumerate::judge(state, offline);
        seen.push((id, what, Some(backend)));
    }
    Ok(seen)
}

/// Watches the `online` and `state` nodes of the back-ends that are there, by their directory.
fn watch_backends(
    platform: &Platform,
    seen: &[(u32, Seen, Option<String>)],
    watched: &mut Vec<(u32, String, Watch)>,
) {
    watched.retain(|(id, path, _)| seen.iter().any(|(i, _, p)| i == id && p.as_deref() == Some(path)));
    for (id, _, path) in seen {
        let Some(path) = path else { continue };
        if watched.iter().any(|(other, _, _)| other == id) {
            continue;
        }
        // Not kept over the watch, which may block: the last owner joins this very thread.
        let Some(again) = platform.children.lock().as_ref().map(Arc::downgrade) else { continue };
        let online = format!("{path}/{}", back::ONLINE);
        let watch = platform.store.watch(&online, move |_| {
            if let Some(children) = again.upgrade() {
                children.wake();
            }
        });
        // Without it the interface still leaves when its directory goes.
        if let Ok(watch) = watch {
            watched.push((*id, path.clone(), watch));
        }
    }
}

/// Carries the steps out; false when something has to be tried again.
fn apply(platform: &Platform, bus: &Arc<Fdo>, seen: &[(u32, Seen)]) -> bool {
    let present: Vec<Child> = bus
        .children()
        .iter()
        .filter_map(|child| match child.kind {
            Kind::Network(id) => Some(Child { id, leaving: child.is_missing() }),
            Kind::Storage => None,
        })
        .collect();
    let mut complete = true;
    for step in enumerate::diff(&present, seen) {
        match step {
            Step::Create(id) => match Pdo::create(bus, Kind::Network(id)) {
                Ok(child) => bus.change_children(|children| {
                    children.push(child);
                    true
                }),
                Err(status) => {
                    complete = false;
                    platform.log.line(&format!("device/vif/{id} cannot be made: {status:#x}"));
                }
            },
            Step::Remove(id) => bus.change_children(|children| {
                let gone = children.iter().find(|child| child.kind == Kind::Network(id));
                if let Some(child) = gone {
                    child.set_missing();
                }
                gone.is_some()
            }),
            Step::Eject(id) => eject(bus, id),
        }
    }
    complete
}

/// Asks Windows for an interface that the host wants back.
#[expect(unsafe_code, reason = "calls the kernel")]
fn eject(bus: &Fdo, id: u32) {
    let children = bus.children();
    let Some(child) = children.iter().find(|child| child.kind == Kind::Network(id)) else { return };
    if child.asked_to_leave() {
        return;
    }
    if let Some(device) = child.referenced_device() {
        // SAFETY: a live device object of this driver, referenced.
        unsafe { IoRequestDeviceEject(device) };
        // SAFETY: referenced above.
        unsafe { nt::sys::ObfDereferenceObject(device.cast()) };
    }
}
