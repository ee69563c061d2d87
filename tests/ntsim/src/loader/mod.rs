//! Loading driver images: sections, relocations, imports, exports between drivers, protections.

pub mod link;
pub mod pe;
pub mod symbols;
pub mod unload;

use crate::engine::Prot;
use crate::kernel::{kernel, lock::Lock};
use crate::mm::{PAGE, pages};
use crate::verifier::{self, rules};
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::cell::Cell;
use pe::{Headers, PeError, dir, scn, u16_at, u32_at, u64_at};

/// Why a driver cannot be loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoadError {
    /// The file is corrupt, or not a driver.
    Corrupt(PeError),
    /// An import that nobody exports: DLL, name or `#ordinal`.
    MissingImport(String, String),
    /// A DLL that is neither loaded nor provided.
    MissingModule(String),
    /// No memory.
    NoMemory,
    /// DllInitialize of a dependency failed: module, status.
    DllInitialize(String, i32),
}

impl core::fmt::Display for LoadError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Corrupt(e) => write!(f, "corrupt image: {e}"),
            Self::MissingImport(dll, name) => write!(f, "import {dll}!{name} is not there"),
            Self::MissingModule(dll) => write!(f, "module {dll} is not there"),
            Self::NoMemory => f.write_str("no memory for the image"),
            Self::DllInitialize(dll, status) => write!(f, "DllInitialize of {dll} failed with {status:#x}"),
        }
    }
}

impl From<PeError> for LoadError {
    fn from(e: PeError) -> Self {
        Self::Corrupt(e)
    }
}

/// A loaded image. Never freed while the kernel lives, so that reports can name it after unload.
pub struct Module {
    /// File name in lower case ("xenpvpci.sys").
    pub name: String,
    /// Where it was loaded.
    pub base: usize,
    /// Headers.
    pub headers: Headers,
    /// Symbols from the link map, by RVA.
    pub symbols: Lock<Vec<(u32, String)>>,
    /// Is it loaded?
    pub loaded: Cell<bool>,
    /// Were the discardable sections freed?
    pub init_freed: Cell<bool>,
    /// MmPageEntireDriver was called.
    pub paged_entirely: Cell<bool>,
    locked: Lock<BTreeMap<u32, u32>>,
    /// Modules that it imports from.
    pub imports: Vec<String>,
    /// Number of modules that import from it, plus one for its own driver object.
    pub users: Cell<u32>,
}

/// Loader state of a kernel.
#[derive(Default)]
pub struct State {
    modules: Lock<Vec<&'static Module>>,
    /// Files that may be loaded as dependencies, by lower-case name.
    files: Lock<BTreeMap<String, Vec<u8>>>,
    data: Lock<BTreeMap<&'static str, usize>>,
}

impl Drop for State {
    fn drop(&mut self) {
        for m in self.modules.get_mut().drain(..) {
            drop(unsafe { Box::from_raw(m as *const Module as *mut Module) });
        }
    }
}

/// The loader's state.
pub fn state() -> &'static State {
    kernel().room::<State>()
}

/// Makes a file available as a dependency of others (driver-to-driver exports).
pub fn provide(name: &str, file: &[u8]) {
    state().files.lock().insert(name.to_lowercase(), file.to_vec());
}

/// All loaded modules.
pub fn modules() -> Vec<&'static Module> {
    state().modules.lock().iter().copied().filter(|m| m.loaded.get()).collect()
}

/// The module that an address lies in, unloaded ones included (last loaded first).
pub fn module_at(address: usize) -> Option<&'static Module> {
    let s = crate::kernel::try_kernel()?.room::<State>();
    s.modules.lock().iter().rev().copied().find(|m| m.contains(address))
}

/// A loaded module by name.
pub fn find(name: &str) -> Option<&'static Module> {
    state().modules.lock().iter().copied().find(|m| m.loaded.get() && m.name.eq_ignore_ascii_case(name))
}

impl Module {
    /// Is the address inside the image?
    pub fn contains(&self, address: usize) -> bool {
        (self.base..self.base + self.headers.size as usize).contains(&address)
    }

    /// Range of addresses.
    pub fn range(&self) -> core::ops::Range<usize> {
        self.base..self.base + self.headers.size as usize
    }

    /// Address of the entry point.
    pub fn entry(&self) -> usize {
        self.base + self.headers.entry as usize
    }

    /// Name of the section that an address lies in.
    pub fn section_of(&self, address: usize) -> Option<&pe::Section> {
        self.headers.section((address - self.base) as u32)
    }

    /// Is the address in pageable code or data (a section whose name begins with PAGE)?
    pub fn is_pageable(&self, address: usize) -> bool {
        self.section_of(address).is_some_and(|s| {
            let pageable = self.paged_entirely.get() || s.name.starts_with("PAGE");
            pageable && s.flags & scn::NOT_PAGED == 0 && !self.locked.lock().contains_key(&s.rva)
        })
    }

    /// Makes the section around an address resident; returns its address as handle.
    pub fn lock_section(&self, address: usize) -> usize {
        match self.section_of(address) {
            Some(s) => {
                *self.locked.lock().entry(s.rva).or_default() += 1;
                self.base + s.rva as usize
            }
            None => address,
        }
    }

    /// Undoes one [`Module::lock_section`].
    pub fn unlock_section(&self, address: usize) {
        let Some(s) = self.section_of(address) else { return };
        let mut locked = self.locked.lock();
        if let Some(n) = locked.get_mut(&s.rva) {
            *n -= 1;
            if *n == 0 {
                locked.remove(&s.rva);
            }
        }
    }

    /// Is the address in a section that is discarded after DriverEntry?
    pub fn is_discardable(&self, address: usize) -> bool {
        self.section_of(address).is_some_and(|s| s.flags & scn::DISCARDABLE != 0)
    }

    /// The image as bytes, while it is loaded.
    pub fn bytes(&self) -> &[u8] {
        unsafe { core::slice::from_raw_parts(self.base as *const u8, self.headers.size as usize) }
    }

    /// A range of the image's memory. Only mapped parts may be asked for.
    pub fn slice(&self, rva: u32, size: u32) -> &[u8] {
        unsafe { core::slice::from_raw_parts((self.base + rva as usize) as *const u8, size as usize) }
    }
}

/// Loads a driver. Dependencies that were [`provide`]d are loaded first and get their DllInitialize call.
/// PASSIVE_LEVEL, on an NT thread.
pub fn load(name: &str, file: &[u8]) -> Result<&'static Module, LoadError> {
    let k = kernel();
    let headers = Headers::parse(file)?;
    let count = pages(headers.size as usize);
    let base = k.mm.allocate_mapped(count, Prot::ReadWrite).ok_or(LoadError::NoMemory)?;
    let result = place(name, file, headers, base);
    if result.is_err() {
        k.mm.free_mapped(base, count);
    }
    result
}

fn place(name: &str, file: &[u8], headers: Headers, base: usize) -> Result<&'static Module, LoadError> {
    let k = kernel();
    let size = headers.size as usize;
    let image = unsafe { core::slice::from_raw_parts_mut(base as *mut u8, pages(size) * PAGE) };
    image.fill(0);
    let n = headers.headers_size as usize;
    image[..n].copy_from_slice(&file[..n]);
    for s in &headers.sections {
        let n = s.raw_size.min(s.size) as usize;
        image[s.rva as usize..s.rva as usize + n].copy_from_slice(&file[s.raw as usize..s.raw as usize + n]);
    }
    relocate(image, &headers, base)?;
    let imports = link::resolve(name, image, &headers)?;
    configure(image, &headers, base)?;
    check_protections(name, &headers);
    for s in headers.sections.iter().filter(|s| s.flags & scn::EXECUTE != 0) {
        let code = &mut image[s.rva as usize..(s.rva + s.size) as usize];
        k.engine.prepare_code(base + s.rva as usize, code);
    }
    k.engine.protect(base, 1, Prot::Read);
    for s in &headers.sections {
        let prot = match (s.flags & scn::EXECUTE != 0, s.flags & scn::WRITE != 0) {
            (true, _) => Prot::ReadExecute,
            (false, true) => Prot::ReadWrite,
            (false, false) => Prot::Read,
        };
        k.engine.protect(base + s.rva as usize, pages(s.size as usize), prot);
    }
    for dll in &imports {
        if let Some(m) = find(dll) {
            m.users.set(m.users.get() + 1);
        }
    }
    let module = Module {
        name: name.to_lowercase(),
        base,
        headers,
        symbols: Lock::default(),
        loaded: Cell::new(true),
        init_freed: Cell::new(false),
        paged_entirely: Cell::new(false),
        locked: Lock::default(),
        imports,
        users: Cell::new(1),
    };
    let module: &'static Module = Box::leak(Box::new(module));
    state().modules.lock().push(module);
    k.engine.log(&format!("loaded {} ({} KiB)", module.name, size / 1024));
    Ok(module)
}

fn relocate(image: &mut [u8], headers: &Headers, base: usize) -> Result<(), PeError> {
    let delta = (base as u64).wrapping_sub(headers.image_base);
    let (rva, size) = headers.directories[dir::RELOC];
    let (mut at, end) = (rva as usize, rva as usize + size as usize);
    while at + 8 <= end {
        let page = u32_at(image, at, "relocation block")? as usize;
        let block = u32_at(image, at + 4, "relocation block")? as usize;
        if block < 8 || at + block > end {
            return Err(PeError(format!("relocation block at {at:#x} has size {block:#x}")));
        }
        for entry in (at + 8..at + block).step_by(2) {
            let value = u16_at(image, entry, "relocation")?;
            let target = page + (value & 0xFFF) as usize;
            match value >> 12 {
                0 => {}
                10 => {
                    let new = u64_at(image, target, "relocated word")?.wrapping_add(delta);
                    image[target..target + 8].copy_from_slice(&new.to_le_bytes());
                }
                kind => return Err(PeError(format!("relocation of kind {kind} at {entry:#x}"))),
            }
        }
        at += block;
    }
    Ok(())
}

/// Offsets in IMAGE_LOAD_CONFIG_DIRECTORY64.
mod config_at {
    pub const SECURITY_COOKIE: usize = 0x58;
    pub const GUARD_CHECK: usize = 0x70;
    pub const GUARD_DISPATCH: usize = 0x78;
    /// XFG check, dispatch and table dispatch.
    pub const GUARD_XFG: [usize; 3] = [0x118, 0x120, 0x128];
}

/// Security cookie and control-flow-guard pointers.
fn configure(image: &mut [u8], headers: &Headers, base: usize) -> Result<(), PeError> {
    let (rva, dir_size) = headers.directories[dir::LOAD_CONFIG];
    if rva == 0 {
        return Ok(());
    }
    let at = rva as usize;
    // Old linkers put a wrong size into the directory; the structure's own size counts.
    let size = u32_at(image, at, "load configuration")?.max(dir_size.min(0x70)) as usize;
    let mut poke = |field: usize, value: u64| -> Result<(), PeError> {
        if size < field + 8 {
            return Ok(());
        }
        let va = u64_at(image, at + field, "load configuration")?;
        if va == 0 {
            return Ok(());
        }
        let target = (va as usize).wrapping_sub(base);
        match image.get_mut(target..target.saturating_add(8)) {
            Some(word) => {
                word.copy_from_slice(&value.to_le_bytes());
                Ok(())
            }
            None => Err(PeError(format!("load configuration field {field:#x} points outside of the image"))),
        }
    };
    let k = kernel();
    let random = (k.engine.choose(u32::MAX, "security cookie") as u64) << 16 | 0x1_0001;
    poke(config_at::SECURITY_COOKIE, random & 0xFFFF_FFFF_FFFF)?;
    poke(config_at::GUARD_CHECK, link::guard_check as *const () as u64)?;
    poke(config_at::GUARD_DISPATCH, link::guard_dispatch as *const () as u64)?;
    if size >= config_at::GUARD_XFG[2] + 8 {
        poke(config_at::GUARD_XFG[0], link::guard_check as *const () as u64)?;
        poke(config_at::GUARD_XFG[1], link::guard_dispatch as *const () as u64)?;
        poke(config_at::GUARD_XFG[2], link::guard_dispatch as *const () as u64)?;
    }
    Ok(())
}

fn check_protections(name: &str, headers: &Headers) {
    for s in &headers.sections {
        if s.flags & scn::EXECUTE != 0 && s.flags & scn::WRITE != 0 && kernel().config.code_integrity {
            verifier::report(
                &rules::WRITABLE_CODE,
                format!("section {} of {name} is writable and executable", s.name),
                [0; 4],
            );
        }
    }
}

/// Frees the discardable sections after DriverEntry has returned.
pub fn free_init(module: &Module) {
    if module.init_freed.replace(true) {
        return;
    }
    for s in module.headers.sections.iter().filter(|s| s.flags & scn::DISCARDABLE != 0) {
        kernel().engine.protect(module.base + s.rva as usize, pages(s.size as usize), Prot::None);
    }
}

/// Address of a function or variable that drivers can import: kernel exports first, then loaded modules.
pub fn resolve(dll: &str, name: &str) -> Option<usize> {
    link::find(dll, name)
}

/// Name of an address for reports: `module+offset (symbol+offset)`.
pub fn describe(address: usize) -> String {
    match module_at(address) {
        Some(m) => {
            let rva = (address - m.base) as u32;
            let state = if m.loaded.get() { "" } else { " (unloaded)" };
            match symbols::lookup(m, rva) {
                Some((name, offset)) => format!("{}+{rva:#x}{state} ({name}+{offset:#x})", m.name),
                None => format!("{}+{rva:#x}{state}", m.name),
            }
        }
        None => "?".to_string(),
    }
}
