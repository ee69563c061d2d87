//! Proving the PV path before emulated devices go: connect, read the first sectors by polling, and
//! leave the device as it was found (DESIGN decision 9).

use alloc::{boxed::Box, format, string::String, vec::Vec};

use xenbus::{
    io::blkif::{Operation, Request, SECTORS_PER_PAGE, Segment, Status, WireResponse},
    keys::{self, back, blk_back, blk_front, front, net_front},
    ring::FrontRing,
    seam::{Access, GrantTable as _, SharedPage as _, StillMapped, Store as _, StoreError},
    types::{Domid, GrantRef, PAGE_SIZE, Port},
};

use super::{Platform, grants::Grants, pages::Pages, params::SERVICES};
use crate::os::{registry::Key, time};

/// A state is waited for this long, a read too.
const PATIENCE: u64 = 5 * time::SECOND;
/// A back-end may take this long to close: it ends its threads and gives the medium back first. One that is asked for a
/// new connection before it is Closed stays in Closing for good (blkback).
const CLOSING_PATIENCE: u64 = 30 * time::SECOND;
/// Between two looks.
const LOOK: u64 = 2 * time::MS;
/// Owner of the ports: not the bus, not a child.
const OWNER: usize = usize::MAX;

/// `XenbusState` numbers (io/xenbus.h).
const INITIALISING: u32 = 1;
const INIT_WAIT: u32 = 2;
const INITIALISED: u32 = 3;
const CONNECTED: u32 = 4;
const CLOSING: u32 = 5;
const CLOSED: u32 = 6;

/// A device under proof.
struct Subject<'a> {
    platform: &'a Platform,
    folder: String,
    backend: String,
    peer: Domid,
}

/// What has to be taken back at the end. A page whose grant the back-end still maps is leaked.
struct Loans<'a> {
    grants: &'a Grants,
    pages: Vec<(GrantRef, Pages)>,
}

impl Loans<'_> {
    fn lend(&mut self, peer: Domid) -> Option<(u32, usize)> {
        let page = Pages::new(1).ok()?;
        let grant = self.grants.grant_access(peer, page.gfns()[0], Access::ReadWrite).ok()?;
        let number = grant.raw();
        self.pages.push((grant, page));
        Some((number, self.pages.len() - 1))
    }
}

/// Ends a grant, waiting until `end`.
fn end(grants: &Grants, mut grant: GrantRef, end: u64) -> Result<(), StillMapped> {
    loop {
        match grants.end_access(grant) {
            Err(still) if time::now() < end => grant = still.0,
            other => return other,
        }
        time::sleep(LOOK);
    }
}

impl Drop for Loans<'_> {
    fn drop(&mut self) {
        let deadline = time::now() + PATIENCE;
        for (grant, page) in self.pages.drain(..) {
            if let Err(StillMapped(grant)) = end(self.grants, grant, deadline) {
                // The back-end may still write to it: neither the entry nor the page is used again.
                core::mem::forget((grant, page));
            }
        }
    }
}

impl<'a> Subject<'a> {
    fn open(platform: &'a Platform, class: &str, id: u32) -> Result<Self, StoreError> {
        let folder = format!("{class}/{id}");
        let read = |name: &str| platform.store.read(None, &format!("{folder}/{name}"));
        let backend = String::from_utf8(read(front::BACKEND)?).map_err(|_| StoreError::Invalid)?;
        let peer = keys::backend_id(&read(front::BACKEND_ID)?).ok_or(StoreError::Invalid)?;
        Ok(Self { platform, folder, backend, peer })
    }

    fn write(&self, name: &str, value: &str) -> Result<(), StoreError> {
        self.platform.store.write(None, &format!("{}/{name}", self.folder), value.as_bytes())
    }

    fn switch(&self, state: u32) -> Result<(), StoreError> {
        self.write(front::STATE, &format!("{state}"))
    }

    fn backend_node(&self, name: &str) -> Result<Vec<u8>, StoreError> {
        self.platform.store.read(None, &format!("{}/{name}", self.backend))
    }

    fn state(&self) -> u32 {
        self.backend_node(back::STATE).ok().as_deref().and_then(keys::parse_u32).unwrap_or(0)
    }

    /// Waits until the back-end is in one of `states`.
    fn wait_for(&self, states: &[u32]) -> bool {
        self.wait_until(time::now() + PATIENCE, states)
    }

    fn wait_until(&self, end: u64, states: &[u32]) -> bool {
        loop {
            if states.contains(&self.state()) {
                return true;
            }
            if time::now() >= end {
                return false;
            }
            time::sleep(10 * time::MS);
        }
    }

    /// Brings the back-end to where a new front-end finds it: a firmware or a crashed kernel may have
    /// left it connected.
    fn reset(&self) -> bool {
        if matches!(self.state(), INIT_WAIT) {
            return true;
        }
        // One that is Closed already is not asked to close: it would go back to Closing, and come out of that no more.
        (self.state() == CLOSED || self.close())
            && self.switch(INITIALISING).is_ok()
            && self.wait_for(&[INIT_WAIT])
    }

    /// Takes away what an earlier driver wrote of itself: with more queues and larger rings than the proof's, the back-end
    /// would look for that driver's pages.
    fn forget(&self, keys: &[&str]) {
        for key in keys {
            // One that was not written is not there.
            let _ = self.platform.store.remove(None, &format!("{}/{key}", self.folder));
        }
    }

    /// Closes the connection from either side's state; whether the back-end has closed, too.
    fn close(&self) -> bool {
        let end = time::now() + CLOSING_PATIENCE;
        // One that does not say that it closes may close all the same.
        let _ = self.switch(CLOSING).is_ok() && self.wait_until(end, &[CLOSING, CLOSED, INIT_WAIT, 0]);
        self.switch(CLOSED).is_ok() && self.wait_until(end, &[CLOSED, INIT_WAIT, 0])
    }

    /// Leaves the device for its driver, without the `keys` of the proof: a driver with several queues
    /// writes others.
    fn leave(&self, keys: &[&str]) {
        let closed = self.close();
        self.forget(keys);
        // A driver that finds it closing waits for that itself.
        if closed && self.switch(INITIALISING).is_ok() {
            let _ = self.wait_for(&[INIT_WAIT]);
        }
    }
}

/// Connects `device/vbd/<id>`, reads its first page by polling, disconnects. `PASSIVE_LEVEL`, bounded.
pub fn disk(platform: &Platform, id: u32) -> bool {
    let Ok(subject) = Subject::open(platform, blk_front::CLASS, id) else { return false };
    if !subject.reset() {
        platform.log.line(&format!(
            "proof of {}: the back-end is in state {}",
            subject.folder,
            subject.state()
        ));
        return false;
    }
    subject.forget(&[front::MULTI_QUEUE_NUM_QUEUES, blk_front::RING_PAGE_ORDER]);
    let mut loans = Loans { grants: &platform.grants, pages: Vec::new() };
    let port = platform.events.alloc_unbound(subject.peer, OWNER, 0, Box::new(|_| {}));
    let proven = match &port {
        Ok(port) => read_first(&subject, &mut loans, port, id).unwrap_or(false),
        Err(_) => false,
    };
    subject.leave(&[blk_front::RING_REF, front::EVENT_CHANNEL, blk_front::PROTOCOL]);
    if let Ok(port) = port {
        platform.events.close(port.raw(), OWNER);
    }
    drop(loans);
    platform.log.line(&format!("proof of {}: {}", subject.folder, if proven { "good" } else { "failed" }));
    proven
}

fn read_first(subject: &Subject<'_>, loans: &mut Loans<'_>, port: &Port, id: u32) -> Option<bool> {
    let (ring_ref, ring_index) = loans.lend(subject.peer)?;
    let (data_ref, data_index) = loans.lend(subject.peer)?;
    let mut ring = FrontRing::<_, 112, 16>::create(&loans.pages[ring_index].1);
    // A pattern that the disk's first page is unlikely to have all over: a read that wrote nothing
    // is no read.
    let data = &loans.pages[data_index].1;
    for offset in (0..PAGE_SIZE).step_by(4) {
        data.store(offset, 0xa5c3_96e1 ^ offset as u32);
    }
    subject.write(blk_front::RING_REF, &format!("{ring_ref}")).ok()?;
    subject.write(front::EVENT_CHANNEL, &format!("{}", port.raw())).ok()?;
    subject.write(blk_front::PROTOCOL, blk_front::PROTOCOL_X86_64).ok()?;
    subject.switch(INITIALISED).ok()?;
    if !subject.wait_for(&[CONNECTED]) {
        return Some(false);
    }
    let sectors = keys::parse_u64(&subject.backend_node(blk_back::SECTORS).ok()?)?;
    subject.switch(CONNECTED).ok()?;
    if sectors < u64::from(SECTORS_PER_PAGE) {
        // Too small to have been read whole: an empty drive proves nothing.
        return Some(false);
    }
    let request = Request::Direct {
        operation: Operation::READ,
        handle: id as u16,
        id: 0,
        sector: 0,
        segments: core::iter::once(Segment::new(data_ref, 0, SECTORS_PER_PAGE - 1)).collect(),
    };
    ring.push(&request.encode()).ok()?;
    if ring.publish() {
        subject.platform.events.notify(port.raw(), OWNER);
    }
    let end = time::now() + PATIENCE;
    loop {
        match ring.pop_as::<WireResponse>() {
            Ok(Some(response)) => {
                let good = response.id == 0
                    && response.operation == Operation::READ
                    && response.status == Status::OKAY;
                let written = (0..PAGE_SIZE).step_by(4).any(|at| data.load(at) != 0xa5c3_96e1 ^ at as u32);
                return Some(good && written);
            }
            Ok(None) if time::now() < end => time::sleep(LOOK),
            Ok(None) | Err(_) => return Some(false),
        }
    }
}

/// Connects `device/vif/<id>` and disconnects it. `PASSIVE_LEVEL`, bounded.
pub fn nic(platform: &Platform, id: u32) -> bool {
    let Ok(subject) = Subject::open(platform, net_front::CLASS, id) else { return false };
    if !subject.reset() {
        return false;
    }
    subject.forget(&[front::MULTI_QUEUE_NUM_QUEUES, net_front::CTRL_RING_REF, net_front::EVENT_CHANNEL_CTRL]);
    let mut loans = Loans { grants: &platform.grants, pages: Vec::new() };
    let port = platform.events.alloc_unbound(subject.peer, OWNER, 0, Box::new(|_| {}));
    let proven = match &port {
        Ok(port) => connect_nic(&subject, &mut loans, port).unwrap_or(false),
        Err(_) => false,
    };
    let rings = [net_front::TX_RING_REF, net_front::RX_RING_REF];
    subject.leave(&[rings[0], rings[1], front::EVENT_CHANNEL, net_front::REQUEST_RX_COPY]);
    if let Ok(port) = port {
        platform.events.close(port.raw(), OWNER);
    }
    drop(loans);
    platform.log.line(&format!("proof of {}: {}", subject.folder, if proven { "good" } else { "failed" }));
    proven
}

fn connect_nic(subject: &Subject<'_>, loans: &mut Loans<'_>, port: &Port) -> Option<bool> {
    let (tx, tx_index) = loans.lend(subject.peer)?;
    let (rx, rx_index) = loans.lend(subject.peer)?;
    // Empty rings: netif slots are 12 and 8 bytes.
    let _ = FrontRing::<_, 12, 4>::create(&loans.pages[tx_index].1);
    let _ = FrontRing::<_, 8, 8>::create(&loans.pages[rx_index].1);
    subject.write(net_front::TX_RING_REF, &format!("{tx}")).ok()?;
    subject.write(net_front::RX_RING_REF, &format!("{rx}")).ok()?;
    subject.write(front::EVENT_CHANNEL, &format!("{}", port.raw())).ok()?;
    subject.write(net_front::REQUEST_RX_COPY, "1").ok()?;
    subject.switch(CONNECTED).ok()?;
    Some(subject.wait_for(&[CONNECTED]))
}

/// Whether Windows has started a disk that is not ours: the disk class driver lists its disks.
#[must_use]
pub fn emulated_disk_in_use() -> bool {
    // `Disk\Enum` counts the disks that are started; at boot, before any controller, it is absent or 0.
    Key::open(&format!("{SERVICES}\\disk\\Enum"))
        .ok()
        .and_then(|key| key.dword("Count"))
        .is_some_and(|count| count != 0)
}

/// `InitSafeBootMode`: not 0 in Safe Mode.
#[expect(unsafe_code, reason = "reads a variable of the kernel's")]
#[must_use]
pub fn safe_boot_mode() -> bool {
    let mode = &raw const nt::sys::InitSafeBootMode;
    // SAFETY: written once, before drivers run.
    unsafe { mode.read() != 0 }
}
