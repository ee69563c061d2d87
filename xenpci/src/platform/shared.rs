//! The shared info page, and `vcpu_info` for processors that have none in it.

use alloc::{sync::Arc, vec::Vec};

use xenbus::{
    abi::{
        LEGACY_MAX_VCPUS,
        memory::Space,
        shared::{SharedInfo, VcpuInfo},
    },
    arch::{Direct, Xen},
    errno::{Errno, Result},
    event::Vcpu,
    page::{RawPages, Words},
    types::{Gfn, PAGE_SIZE},
};

use super::{
    events::{CpuInfo, Events, Info},
    hole::Hole,
    pages::Pages,
};
use crate::os::registry::Key;

/// Bytes of a `vcpu_info`.
const INFO: usize = size_of::<VcpuInfo>();
const PER_PAGE: usize = PAGE_SIZE / INFO;

/// Where the address of registered pages is kept for the next load of the driver.
const KEY: &str = r"\Registry\Machine\System\CurrentControlSet\Services\xenpvpci";
const VOLATILE: &str = "Volatile";
const VALUE: &str = "VcpuInfo";

/// Registered `vcpu_info` pages. Never freed: the hypervisor writes to them as long as the domain
/// lives, and registers them only once. So the driver that made them is not unloaded any more; one that
/// follows it after an update finds them by a volatile key.
struct Registered {
    pages: RawPages<Vec<Gfn>>,
    /// Hypervisor ids, in the order of the places in the pages.
    vcpus: Vec<u32>,
}

/// The shared info page and what belongs to it.
pub struct Shared {
    hole: Arc<Hole>,
    registered: Option<Arc<Registered>>,
}

impl Words for Registered {
    fn words(&self) -> &[xenbus::sync::AtomicU32] {
        self.pages.words()
    }
}

impl Shared {
    /// Puts the page in place (page 0 of `hole`), and registers `vcpu_info` for processors from 32
    /// on. The callback was set before: it latches the layout. `PASSIVE_LEVEL`.
    ///
    /// # Errors
    /// Without a shared info page nothing works.
    pub fn create(xen: Xen<Direct>, hole: &Arc<Hole>, vcpus: &[u32]) -> Result<Self> {
        let high: Vec<u32> = vcpus.iter().copied().filter(|id| *id >= LEGACY_MAX_VCPUS).collect();
        let mut shared = Self { hole: Arc::clone(hole), registered: None };
        shared.place(xen)?;
        if !high.is_empty() {
            shared.registered = registered(high).map(Arc::new);
        }
        Ok(shared)
    }

    /// Puts the page in place. Any IRQL.
    ///
    /// # Errors
    /// What the hypervisor says.
    #[expect(unsafe_code, reason = "changes what lies behind a frame")]
    pub fn place(&self, xen: Xen<Direct>) -> Result<()> {
        // SAFETY: a frame of the hole, which is for this.
        unsafe { xen.memory_add_to_physmap(Space::SHARED_INFO, 0, self.hole.gfn(0)) }
    }

    /// True when the hypervisor has pages of the driver's for as long as the domain lives.
    pub const fn is_registered(&self) -> bool {
        self.registered.is_some()
    }

    /// The page.
    pub fn page(&self) -> RawPages<[Gfn; 1]> {
        self.hole.memory(0)
    }

    /// Id and `vcpu_info` of each processor. Processors from 32 on have one only if the hypervisor
    /// took it (4.2), or had taken it from an earlier load of this driver.
    pub fn infos(&self, xen: Xen<Direct>, vcpus: &[u32]) -> Vec<CpuInfo> {
        let page = Info(Arc::new(self.page()));
        vcpus
            .iter()
            .map(|id| {
                let info = if *id < LEGACY_MAX_VCPUS {
                    Vcpu::in_shared_info(page.clone(), *id)
                } else {
                    self.register(xen, *id)
                };
                (*id, info)
            })
            .collect()
    }

    #[expect(unsafe_code, reason = "tells the hypervisor about a page")]
    fn register(&self, xen: Xen<Direct>, id: u32) -> Option<Vcpu<Info>> {
        let registered = self.registered.as_ref()?;
        let place = registered.vcpus.iter().position(|other| *other == id)?;
        let frame = registered.pages.gfns()[place / PER_PAGE];
        // SAFETY: the pages are never freed and reached through atomics only.
        match unsafe { xen.vcpu_register_info(id, frame, (place % PER_PAGE * INFO) as u32) } {
            // Busy: an earlier load of this driver registered this very place.
            Ok(()) | Err(Errno::EBUSY) => {
                let words: Arc<Registered> = Arc::clone(registered);
                Some(Vcpu::new(Info(words), place * INFO))
            }
            Err(_) => None,
        }
    }

    /// In a new domain: registers everything again. Any IRQL: no allocation.
    #[expect(unsafe_code, reason = "tells the hypervisor about a page")]
    pub fn register_all(&self, xen: Xen<Direct>, _events: &Events) {
        let Some(registered) = &self.registered else { return };
        for (place, id) in registered.vcpus.iter().enumerate() {
            let frame = registered.pages.gfns()[place / PER_PAGE];
            // A processor whose registration fails gets no events; its ports go to others when their
            // owners make them anew.
            // SAFETY: the pages are never freed and reached through atomics only.
            let _ = unsafe { xen.vcpu_register_info(*id, frame, (place % PER_PAGE * INFO) as u32) };
        }
    }

    /// Wall clock at system time 0, as (seconds since 1970, nanoseconds).
    pub fn wall_clock(&self) -> Option<(u64, u32)> {
        let page = self.page();
        let at = core::mem::offset_of!(SharedInfo, wc_version);
        let load = |offset: usize| page.word(offset).load(core::sync::atomic::Ordering::Acquire);
        // Bounded: the hypervisor writes it rarely.
        for _ in 0..100 {
            let version = load(at);
            let (low, nanoseconds) = (load(at + 4), load(at + 8));
            let high = load(at + 12);
            if version & 1 == 0 && load(at) == version {
                return Some((u64::from(high) << 32 | u64::from(low), nanoseconds));
            }
            core::hint::spin_loop();
        }
        None
    }
}

/// The pages of an earlier load of this driver in this boot, or new ones.
fn registered(vcpus: Vec<u32>) -> Option<Registered> {
    let count = vcpus.len().div_ceil(PER_PAGE);
    let key = Key::open_for_write(KEY).and_then(|key| key.volatile_child(VOLATILE)).ok();
    if let Some(registered) =
        key.as_ref().and_then(|key| key.binary(VALUE)).and_then(|b| recall(&b, &vcpus, count))
    {
        return Some(registered);
    }
    let pages = Pages::new(count).ok()?;
    let base = pages.as_ptr();
    if let Some(key) = key {
        let mut record = (base.expose_provenance() as u64).to_le_bytes().to_vec();
        record.extend(vcpus.iter().flat_map(|id| id.to_le_bytes()));
        // Without the record the next load has no events on these processors: they use the others.
        let _ = key.set_binary(VALUE, &record);
    }
    // Never freed, see `Registered`.
    core::mem::forget(pages);
    adopt(base, vcpus, count)
}

fn recall(record: &[u8], vcpus: &[u32], count: usize) -> Option<Registered> {
    let (base, ids) = record.split_first_chunk::<8>()?;
    let ids: Vec<u32> = ids.chunks_exact(4).map(|c| u32::from_le_bytes([c[0], c[1], c[2], c[3]])).collect();
    // Processors added since have no place of theirs.
    if ids.is_empty() || ids.len() > vcpus.len() {
        return None;
    }
    let base = core::ptr::with_exposed_provenance_mut::<u8>(u64::from_le_bytes(*base) as usize);
    adopt(base, ids, count)
}

#[expect(unsafe_code, reason = "wraps pages that are never freed")]
fn adopt(base: *mut u8, vcpus: Vec<u32>, count: usize) -> Option<Registered> {
    let gfns: Vec<Gfn> =
        (0..count).map(|i| Gfn(super::hole::gfn_of(base.wrapping_add(i * PAGE_SIZE)))).collect();
    let base = core::ptr::NonNull::new(base)?;
    // SAFETY: allocated by this driver in this boot, never freed, reached through atomics only.
    Some(Registered { pages: unsafe { RawPages::new(base, gfns) }, vcpus })
}
