//! xensim's back-ends as a program of a Linux driver domain, for a real front-end: mappings by gntdev, ports by evtchn, and the
//! two directories of the device kept alike in the real store and in the simulated one.
#![allow(unsafe_code, reason = "maps pages of another domain")]

use std::{
    cell::RefCell,
    collections::{BTreeMap, HashMap},
    fs::File,
    os::fd::AsRawFd,
    rc::Rc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use xenbus::seam::{Store, StoreError};
use xensim::{BlockConfig, NicConfig, Xen, network::packet, outside::Outside, store::ring::StoreMode};

use crate::devices::{Events, Xenstore, number, open};

const PAGE: usize = 4096;
/// How long nothing may happen at all.
const BOUND: Duration = Duration::from_secs(300);
/// How often the store is looked at once the device is connected: it takes a while, in which nothing is served.
const LOOK: Duration = Duration::from_secs(1);

/// `struct ioctl_gntdev_map_grant_ref` for one page (`linux/gntdev.h`).
#[repr(C)]
struct Map {
    count: u32,
    pad: u32,
    index: u64,
    domid: u32,
    gref: u32,
}

/// `struct ioctl_gntdev_unmap_grant_ref`.
#[repr(C)]
struct Unmap {
    index: u64,
    count: u32,
    pad: u32,
}

/// A page of the guest's that is mapped here.
struct Mapped {
    at: *mut libc::c_void,
    index: u64,
    write: bool,
    users: u32,
}

/// What the device of the simulator uses of the real hypervisor.
struct Devices {
    grants: File,
    events: Rc<Events>,
    front: u16,
    pages: HashMap<u32, Mapped>,
    /// Ports of the guest's, and what is bound to them here.
    ports: Rc<RefCell<BTreeMap<u32, u32>>>,
}

impl Devices {
    fn ioctl<T>(&self, nr: u8, argument: &mut T) -> bool {
        let request = number(b'G', nr, size_of::<T>());
        // SAFETY: the structure is the one that the request's number names, and outlives the call.
        unsafe { libc::ioctl(self.grants.as_raw_fd(), request, std::ptr::from_mut(argument)) == 0 }
    }
}

impl Outside for Devices {
    fn map(&mut self, gref: u32, write: bool) -> Option<*mut u8> {
        if let Some(mapped) = self.pages.get_mut(&gref) {
            if write && !mapped.write {
                return None;
            }
            mapped.users += 1;
            return Some(mapped.at.cast());
        }
        let mut map = Map { count: 1, pad: 0, index: 0, domid: self.front.into(), gref };
        if !self.ioctl(0, &mut map) {
            return None;
        }
        let access = if write { libc::PROT_READ | libc::PROT_WRITE } else { libc::PROT_READ };
        let (fd, offset) = (self.grants.as_raw_fd(), map.index.cast_signed());
        // SAFETY: a new mapping of the entry that was just announced, wherever the kernel puts it.
        let at = unsafe { libc::mmap(std::ptr::null_mut(), PAGE, access, libc::MAP_SHARED, fd, offset) };
        let mapped = Mapped { at, index: map.index, write, users: 1 };
        if at == libc::MAP_FAILED {
            self.ioctl(1, &mut Unmap { index: map.index, count: 1, pad: 0 });
            return None;
        }
        self.pages.insert(gref, mapped);
        Some(at.cast())
    }

    fn unmap(&mut self, gref: u32) {
        let Some(mapped) = self.pages.get_mut(&gref) else { return };
        mapped.users -= 1;
        if mapped.users == 0 {
            // SAFETY: mapped above, and nobody uses it any more.
            unsafe { libc::munmap(mapped.at, PAGE) };
            let mut unmap = Unmap { index: mapped.index, count: 1, pad: 0 };
            self.ioctl(1, &mut unmap);
            self.pages.remove(&gref);
        }
    }

    fn bind(&mut self, port: u32) -> Option<()> {
        let local = u32::try_from(self.events.bind(self.front, port)).ok()?;
        self.ports.borrow_mut().insert(port, local);
        Some(())
    }

    fn send(&mut self, port: u32) {
        if let Some(local) = self.ports.borrow().get(&port) {
            self.events.send(*local);
        }
    }

    fn close(&mut self, port: u32) {
        if let Some(local) = self.ports.borrow_mut().remove(&port) {
            self.events.close(local);
        }
    }
}

/// A directory in both stores.
struct Folder {
    real: String,
    simulated: String,
    /// Its content, as both have it.
    known: BTreeMap<String, String>,
}

impl Folder {
    fn new(real: String, simulated: String) -> Self {
        Self { real, simulated, known: BTreeMap::new() }
    }

    /// Below the simulated one.
    fn inside(&self, xen: &Xen) -> BTreeMap<String, String> {
        let below =
            |(path, value): (String, String)| Some((path.strip_prefix(&self.simulated)?.to_owned(), value));
        xen.sim().world.store.dump(&self.simulated).into_iter().filter_map(below).collect()
    }

    /// What the simulator has changed, to the real store.
    fn put_out(&mut self, xen: &Xen, store: &Xenstore, name: &dyn Fn(&str) -> String) -> Result<bool> {
        let inside = self.inside(xen);
        let changed: Vec<_> =
            inside.iter().filter(|(key, value)| self.known.get(*key) != Some(value)).collect();
        for (key, value) in &changed {
            let path = format!("{}{key}", self.real);
            store
                .write(None, &path, name(value).as_bytes())
                .map_err(|error| anyhow::anyhow!("{path}: {error:?}"))?;
        }
        let changed = !changed.is_empty();
        self.known = inside;
        Ok(changed)
    }

    fn walk(&self, store: &Xenstore, below: &str, into: &mut BTreeMap<String, String>) -> Result<()> {
        let path = format!("{}{below}", self.real);
        let names = match store.list(None, &path) {
            Err(StoreError::NotFound) => return Ok(()),
            names => names.map_err(|error| anyhow::anyhow!("{path}: {error:?}"))?,
        };
        for name in names.iter().filter(|name| !name.is_empty()) {
            let key = format!("{below}/{name}");
            if let Ok(value) = store.read(None, &format!("{}{key}", self.real)) {
                into.insert(key.clone(), String::from_utf8_lossy(&value).into_owned());
                self.walk(store, &key, into)?;
            }
        }
        Ok(())
    }

    /// What others have changed in the real store, to the simulator: of these keys, or of all. `state` comes last, as a
    /// front-end's keys are there before it.
    fn take_in(&mut self, xen: &Xen, store: &Xenstore, conn: u32, only: Option<&str>) -> Result<bool> {
        let mut there = BTreeMap::new();
        self.walk(store, "", &mut there)?;
        let mut changed: Vec<_> = there
            .iter()
            .filter(|(key, value)| {
                only.is_none_or(|only| only == *key) && self.known.get(*key) != Some(value)
            })
            // These are the simulator's own, under another name.
            .filter(|(key, _)| *key != "/backend" && *key != "/frontend")
            .collect();
        changed.sort_by_key(|(key, _)| *key == "/state");
        for (key, value) in &changed {
            let path = format!("{}{key}", self.simulated);
            let _ = xen.sim_mut().world.store.write(conn, 0, &path, value.as_bytes());
            self.known.insert((*key).clone(), (*value).clone());
        }
        Ok(!changed.is_empty())
    }
}

/// Serves the only device of `xen`, `class/id`, to the front-end in domain `front`; the real back-end's directory is that of
/// the class `xensim`, which no other back-end follows. `between` is called all the time. Ends when
/// the front-end has closed, which somebody asks for by `online` and `state` of that directory, as libxl does.
///
/// # Errors
/// When Xen's devices are not there, or nothing happens for five minutes.
pub fn serve(xen: &Xen, class: &str, id: u32, front: u16, mut between: impl FnMut(&Xen)) -> Result<()> {
    xen.sim_mut().ring.mode = StoreMode::Dead;
    let _guest = xen.direct();
    let (store, events) = (Xenstore::open()?, Rc::new(Events::open()?));
    let ports = Rc::new(RefCell::new(BTreeMap::new()));
    let devices = Devices {
        grants: open("gntdev")?,
        events: Rc::clone(&events),
        front,
        pages: HashMap::new(),
        ports: Rc::clone(&ports),
    };
    let (domid, conn) = {
        let mut sim = xen.sim_mut();
        sim.world.hv.outside = Some(Box::new(devices));
        (sim.world.hv.domid, sim.world.store.connect(0))
    };
    let mut front_folder = Folder::new(
        format!("/local/domain/{front}/device/{class}/{id}"),
        format!("/local/domain/{domid}/device/{class}/{id}"),
    );
    let mut back_folder = Folder::new(
        format!("/local/domain/0/backend/xensim/{front}/{id}"),
        format!("/local/domain/0/backend/{class}/{domid}/{id}"),
    );
    let (fronts, backs) = (
        [front_folder.simulated.clone(), front_folder.real.clone()],
        [back_folder.simulated.clone(), back_folder.real.clone()],
    );
    let name = move |value: &str| value.replace(&fronts[0], &fronts[1]).replace(&backs[0], &backs[1]);
    xen.run(100_000);
    // The back-end's directory first: whoever follows the front-end's looks there.
    back_folder.put_out(xen, &store, &name)?;
    front_folder.put_out(xen, &store, &name)?;
    let (start, mut looked, mut last) = (Instant::now(), Instant::now(), Instant::now());
    let mut connected = false;
    loop {
        xen.sim_mut().advance(start.elapsed().as_nanos() as u64);
        let mut moved = xen.run(100_000) > 0;
        between(xen);
        moved |= back_folder.put_out(xen, &store, &name)?;
        if looked.elapsed() > LOOK || !connected {
            looked = Instant::now();
            moved |= front_folder.take_in(xen, &store, conn, None)?;
            moved |= back_folder.take_in(xen, &store, conn, Some("/online"))?;
        }
        let state = front_folder.known.get("/state").map(String::as_str);
        connected |= state == Some("4");
        // The simulator's toolstack removes the nodes of what has closed for good.
        if connected && back_folder.known.get("/state").is_none_or(|state| state == "6") {
            break;
        }
        let event = events.wait(if moved { 0 } else { 5 });
        if let Some(local) = event {
            let port = ports.borrow().iter().find(|(_, own)| **own == local).map(|(port, _)| *port);
            xen.sim_mut().world.outside_event(port.context("an event of a port that is not bound")?);
            events.unmask(local);
            moved = true;
        }
        if moved {
            last = Instant::now();
        }
        ensure!(last.elapsed() < BOUND, "nothing happens: the front-end's state is {state:?}");
    }
    let violations = xen.sim().world.violations.clone();
    ensure!(violations.is_empty(), "the front-end broke rules: {violations:#?}");
    Ok(())
}

/// xvdb.
const VDEV: u32 = 51728;

/// Serves a disk of `mib` MiB to a front-end of domain `front`; the content that it has in the end.
///
/// # Errors
/// See [`serve`].
pub fn disk(mib: u64, front: u16) -> Result<Vec<u8>> {
    let xen = Xen::builder().memory(16).seed(1).vcpus(1).disk(BlockConfig::new(VDEV, mib)).build();
    serve(&xen, "vbd", VDEV, front, |_| {})?;
    let disk = xen.disk(VDEV).context("the disk")?;
    let content = disk.borrow().bytes(0, mib << 11);
    Ok(content)
}

/// Serves an interface to a front-end of domain `front`. Behind it is a mirror: every IP packet comes back from where it was
/// sent to. How many have.
///
/// # Errors
/// See [`serve`].
pub fn network(front: u16) -> Result<u64> {
    let xen = Xen::builder().memory(16).seed(1).vcpus(1).nic(NicConfig::new(0)).build();
    let mut mirrored = 0;
    serve(&xen, "vif", 0, front, |xen| {
        for mut frame in xen.captured(0) {
            if let Some(layout) = packet::parse(&frame.data)
                && let Some(data) = frame.data.get_mut(..layout.transport + 4)
            {
                // The sums are the same whichever end comes first.
                let (link, rest) = data.split_at_mut(6);
                link.swap_with_slice(&mut rest[..6]);
                let (from, length) =
                    if layout.v6 { (layout.network + 8, 16) } else { (layout.network + 12, 4) };
                let (source, target) = data[from..from + 2 * length].split_at_mut(length);
                source.swap_with_slice(target);
                let (source, target) = data[layout.transport..].split_at_mut(2);
                source.swap_with_slice(target);
                xen.inject(0, frame);
                mirrored += 1;
            }
        }
    })?;
    Ok(mirrored)
}
