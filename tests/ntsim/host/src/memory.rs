//! Guest memory: RAM in a memfd, mapped once linearly for the simulator and page by page into the range
//! of kernel virtual addresses.

use machine::Backing;
use ntsim::engine::Prot;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Bytes in a page.
pub const PAGE: usize = 4096;
/// Pages that are mapped at once with their content, at most.
const EAGER: usize = 16;
/// Size of the range of kernel virtual addresses.
const SYSTEM_BYTES: usize = 16 << 30;

#[derive(Clone, Copy, Debug)]
struct Mapping {
    pfn: u64,
    count: usize,
    prot: Prot,
}

/// What an address is, for the fault handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Mapped RAM with this protection.
    Ram(Prot),
    /// A page of the machine's shared region.
    Shared(Prot),
    /// A page whose accesses the machine wants to see: host address of the page, guest-physical address, and what
    /// the guest may do.
    Watched(usize, u64, Prot),
    /// A frame that is a hole now.
    Hole(u64),
    /// Device memory: guest-physical address.
    Device(u64),
    /// Not mapped.
    Nothing,
}

/// Guest memory of one simulation.
pub struct Memory {
    fd: i32,
    ram: usize,
    frames: u64,
    shared: usize,
    shared_pages: u32,
    system: usize,
    mappings: RefCell<BTreeMap<usize, Mapping>>,
    backing: RefCell<HashMap<u64, Backing>>,
    /// Offsets of watched pages in the file.
    watched: RefCell<BTreeSet<usize>>,
    /// Shared pages are inaccessible to the guest: every access traps.
    pub trap_shared: bool,
}

fn check(at: *mut libc::c_void) -> usize {
    assert!(at != libc::MAP_FAILED, "mmap: {}", std::io::Error::last_os_error());
    at as usize
}

fn prot_bits(prot: Prot) -> i32 {
    match prot {
        Prot::None => libc::PROT_NONE,
        Prot::Read => libc::PROT_READ,
        Prot::ReadWrite => libc::PROT_READ | libc::PROT_WRITE,
        Prot::ReadExecute => libc::PROT_READ | libc::PROT_EXEC,
    }
}

impl Memory {
    /// `frames` of RAM and `shared_pages` of the machine's shared region.
    pub fn new(frames: u64, shared_pages: u32, trap_shared: bool) -> Self {
        let bytes = frames as usize * PAGE;
        let shared_bytes = shared_pages.max(1) as usize * PAGE;
        unsafe {
            let fd = libc::memfd_create(c"ntsim".as_ptr(), libc::MFD_CLOEXEC);
            assert!(fd >= 0, "memfd_create: {}", std::io::Error::last_os_error());
            assert!(libc::ftruncate(fd, (bytes + shared_bytes) as i64) == 0, "ftruncate");
            let rw = libc::PROT_READ | libc::PROT_WRITE;
            let null = std::ptr::null_mut();
            let ram = check(libc::mmap(null, bytes + shared_bytes, rw, libc::MAP_SHARED, fd, 0));
            // Large pages, where the machine has them for shared memory: frames are used one after the other.
            libc::madvise(ram as _, bytes, libc::MADV_HUGEPAGE);
            let reserve = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
            let system = check(libc::mmap(null, SYSTEM_BYTES, libc::PROT_NONE, reserve, -1, 0));
            Self {
                fd,
                ram,
                frames,
                shared: ram + bytes,
                shared_pages,
                system,
                mappings: RefCell::default(),
                backing: RefCell::default(),
                watched: RefCell::default(),
                trap_shared,
            }
        }
    }

    /// Number of RAM frames.
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// Host address of the shared region.
    pub fn shared(&self) -> *mut u8 {
        self.shared as *mut u8
    }

    /// The range of kernel virtual addresses.
    pub fn system_va(&self) -> std::ops::Range<usize> {
        self.system..self.system + SYSTEM_BYTES
    }

    /// Host address of a RAM frame.
    pub fn frame(&self, pfn: u64) -> Option<*mut u8> {
        if pfn >= self.frames {
            return None;
        }
        match self.backing.borrow().get(&pfn) {
            None | Some(Backing::Ram) => Some((self.ram + pfn as usize * PAGE) as *mut u8),
            _ => None,
        }
    }

    fn backing(&self, pfn: u64) -> Option<Backing> {
        match self.backing.borrow().get(&pfn) {
            Some(b) => Some(*b),
            None => (pfn < self.frames).then_some(Backing::Ram),
        }
    }

    /// Makes one run of frames visible; `plain` runs (all RAM) take one call.
    fn install(&self, va: usize, pfn: u64, count: usize, prot: Prot) {
        let plain = pfn + count as u64 <= self.frames
            && (self.backing.borrow().is_empty()
                || (0..count as u64).all(|i| self.backing(pfn + i) == Some(Backing::Ram)))
            && !self.any_watched(pfn, count);
        if plain {
            return self.map_file(va, pfn as usize * PAGE, count, prot);
        }
        for i in 0..count {
            let at = va + i * PAGE;
            match self.backing(pfn + i as u64) {
                Some(Backing::Hole) | None => self.map_nothing(at, 1),
                Some(backing) => {
                    let offset = self.offset(pfn + i as u64, backing);
                    let prot = if self.is_watched(offset, backing) { Prot::None } else { prot };
                    self.map_file(at, offset, 1, prot);
                }
            }
        }
    }

    /// Where in the file the page behind a frame lies.
    fn offset(&self, pfn: u64, backing: Backing) -> usize {
        match backing {
            Backing::Shared(index) => {
                assert!(index < self.shared_pages, "shared page {index} does not exist");
                self.shared - self.ram + index as usize * PAGE
            }
            _ => pfn as usize * PAGE,
        }
    }

    fn is_watched(&self, offset: usize, backing: Backing) -> bool {
        self.trap_shared && matches!(backing, Backing::Shared(_)) || self.watched.borrow().contains(&offset)
    }

    fn any_watched(&self, pfn: u64, count: usize) -> bool {
        let watched = self.watched.borrow();
        !watched.is_empty()
            && watched.range(pfn as usize * PAGE..(pfn as usize + count) * PAGE).next().is_some()
    }

    /// Begins or ends the watching of a page, given by its host address.
    pub fn watch(&self, page: usize, on: bool) {
        let offset = page - self.ram;
        let changed = if on {
            self.watched.borrow_mut().insert(offset)
        } else {
            self.watched.borrow_mut().remove(&offset)
        };
        if !changed {
            return;
        }
        let frame = (offset / PAGE) as u64;
        if frame < self.frames {
            return self.refresh(frame);
        }
        let index = (frame - self.frames) as u32;
        let frames: Vec<u64> = {
            let backing = self.backing.borrow();
            backing.iter().filter(|(_, b)| **b == Backing::Shared(index)).map(|(gfn, _)| *gfn).collect()
        };
        frames.into_iter().for_each(|gfn| self.refresh(gfn));
    }

    fn map_file(&self, va: usize, offset: usize, count: usize, prot: Prot) {
        debug_assert!(self.system_va().contains(&va) && va.is_multiple_of(PAGE));
        let mut flags = libc::MAP_SHARED | libc::MAP_FIXED;
        if count <= EAGER && prot == Prot::ReadWrite && offset + count * PAGE <= self.frames as usize * PAGE {
            // Whoever maps a few pages fills them next. Touched by the linear mapping, they come as part of a large page.
            flags |= libc::MAP_POPULATE;
            unsafe { ((self.ram + offset) as *const u8).read_volatile() };
        }
        unsafe {
            check(libc::mmap(va as _, count * PAGE, prot_bits(prot), flags, self.fd, offset as i64));
        }
    }

    fn map_nothing(&self, va: usize, count: usize) {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE | libc::MAP_FIXED;
        unsafe {
            check(libc::mmap(va as _, count * PAGE, libc::PROT_NONE, flags, -1, 0));
        }
    }

    /// Splits mappings so that none crosses `va`.
    fn split(&self, va: usize) {
        let mut m = self.mappings.borrow_mut();
        if let Some((&start, &old)) = m.range(..va).next_back() {
            let n = (va - start) / PAGE;
            if n < old.count {
                m.insert(start, Mapping { count: n, ..old });
                m.insert(va, Mapping { pfn: old.pfn + n as u64, count: old.count - n, ..old });
            }
        }
    }

    /// Maps frames.
    pub fn map(&self, va: usize, pfn: u64, count: usize, prot: Prot) {
        self.forget(va, count);
        self.install(va, pfn, count, prot);
        self.mappings.borrow_mut().insert(va, Mapping { pfn, count, prot });
    }

    fn forget(&self, va: usize, count: usize) {
        self.split(va);
        self.split(va + count * PAGE);
        let mut m = self.mappings.borrow_mut();
        let gone: Vec<usize> = m.range(va..va + count * PAGE).map(|(at, _)| *at).collect();
        for at in gone {
            m.remove(&at);
        }
    }

    /// Removes mappings.
    pub fn unmap(&self, va: usize, count: usize) {
        self.forget(va, count);
        self.map_nothing(va, count);
    }

    /// Changes protection.
    pub fn protect(&self, va: usize, count: usize, prot: Prot) {
        self.split(va);
        self.split(va + count * PAGE);
        let parts: Vec<(usize, Mapping)> = {
            let mut m = self.mappings.borrow_mut();
            m.range_mut(va..va + count * PAGE)
                .map(|(at, m)| {
                    m.prot = prot;
                    (*at, *m)
                })
                .collect()
        };
        for (at, m) in parts {
            self.install(at, m.pfn, m.count, prot);
        }
    }

    /// Frame behind an address.
    pub fn translate(&self, va: usize) -> Option<u64> {
        self.lookup(va).map(|(pfn, _)| pfn)
    }

    fn lookup(&self, va: usize) -> Option<(u64, Prot)> {
        let m = self.mappings.borrow();
        let (&start, m) = m.range(..=va).next_back()?;
        let page = (va - start) / PAGE;
        (page < m.count).then_some((m.pfn + page as u64, m.prot))
    }

    /// Host address behind an address of RAM or of the shared region.
    pub fn host(&self, va: usize) -> Option<*mut u8> {
        let (pfn, _) = self.lookup(va)?;
        let backing = self.backing(pfn).filter(|b| *b != Backing::Hole)?;
        Some((self.ram + self.offset(pfn, backing) + va % PAGE) as *mut u8)
    }

    /// What an address is.
    pub fn place(&self, va: usize) -> Place {
        let Some((pfn, prot)) = self.lookup(va) else { return Place::Nothing };
        let gpa = pfn * PAGE as u64 + (va % PAGE) as u64;
        match self.backing(pfn) {
            Some(Backing::Hole) => Place::Hole(pfn),
            None => Place::Device(gpa),
            Some(backing) => {
                let offset = self.offset(pfn, backing);
                if self.is_watched(offset, backing) {
                    return Place::Watched(self.ram + offset, gpa, prot);
                }
                if backing == Backing::Ram { Place::Ram(prot) } else { Place::Shared(prot) }
            }
        }
    }

    /// Gives a frame another backing and changes all its mappings.
    pub fn set_frame(&self, gfn: u64, backing: Backing) {
        self.backing.borrow_mut().insert(gfn, backing);
        self.refresh(gfn);
    }

    /// Installs all mappings of a frame anew.
    fn refresh(&self, gfn: u64) {
        let aliases: Vec<(usize, Prot)> = self
            .mappings
            .borrow()
            .iter()
            .filter(|(_, m)| (m.pfn..m.pfn + m.count as u64).contains(&gfn))
            .map(|(va, m)| (va + (gfn - m.pfn) as usize * PAGE, m.prot))
            .collect();
        for (va, prot) in aliases {
            self.install(va, gfn, 1, prot);
        }
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        unsafe {
            libc::munmap(self.system as _, SYSTEM_BYTES);
            libc::munmap(
                self.ram as _,
                self.frames as usize * PAGE + self.shared_pages.max(1) as usize * PAGE,
            );
            libc::close(self.fd);
        }
    }
}
