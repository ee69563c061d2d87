//! Imports and exports.

use super::pe::{Headers, PeError, dir, string_at, u16_at, u32_at, u64_at};
use super::{LoadError, Module, find as find_module, state};
use crate::abi::*;
use crate::engine::Prot;
use crate::export::{Export, Kind};
use crate::kernel::kernel;
use crate::mm::pages;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::arch::naked_asm;

/// What `__guard_check_icall_fptr` points to: RCX is the target; all registers stay. Targets are not
/// checked against the function table; a jump to where no code is faults anyway.
#[unsafe(naked)]
pub unsafe extern "C" fn guard_check() {
    naked_asm!("ret")
}

/// What `__guard_dispatch_icall_fptr` points to: jumps to RAX.
#[unsafe(naked)]
pub unsafe extern "C" fn guard_dispatch() {
    naked_asm!("jmp rax")
}

/// Address of one of the simulator's exports.
pub fn address_of(export: &'static Export) -> Option<usize> {
    match export.kind {
        Kind::Function(f) => Some(f as usize),
        Kind::Data(size, fill) => {
            let k = kernel();
            if let Some(at) = state().data.lock().get(export.name) {
                return Some(*at);
            }
            let at = k.mm.allocate_mapped(pages(size.max(8)), Prot::ReadWrite)?;
            unsafe { fill(at as *mut u8) };
            state().data.lock().insert(export.name, at);
            Some(at)
        }
    }
}

/// A small variable in kernel memory with this content, for data exports that are pointers to variables.
pub fn static_bytes(k: &crate::kernel::Kernel, content: &[u8]) -> *mut u8 {
    let at = k.mm.allocate_mapped(1, Prot::ReadWrite).expect("memory for a variable") as *mut u8;
    unsafe { core::ptr::copy_nonoverlapping(content.as_ptr(), at, content.len()) };
    at
}

/// Address of a data export that some driver has imported.
pub fn address_if_used(name: &str) -> Option<usize> {
    state().data.lock().get(name).copied()
}

/// Address of an exported name, in the kernel's tables or in a loaded module.
pub fn find(dll: &str, name: &str) -> Option<usize> {
    if let Some(export) = kernel().find_export(dll, name) {
        return address_of(export);
    }
    exported(find_module(dll)?, name, 0)
}

/// Finds an export of a loaded module, following forwarders.
pub fn exported(module: &Module, name: &str, depth: u32) -> Option<usize> {
    let (rva, size) = module.headers.directories[dir::EXPORT];
    if rva == 0 || depth > 8 {
        return None;
    }
    let image = module.bytes();
    let table = rva as usize;
    let read = |at: usize| u32_at(image, at, "export table").ok();
    let base = read(table + 16)?;
    let count = read(table + 20)?;
    let index = match name.strip_prefix('#') {
        Some(ordinal) => ordinal.parse::<u32>().ok()?.checked_sub(base)?,
        None => {
            let (names, ordinals) = (read(table + 32)? as usize, read(table + 36)? as usize);
            let n = read(table + 24)? as usize;
            let i = (0..n).find(|i| {
                read(names + 4 * i).and_then(|at| string_at(image, at as usize, "name").ok()) == Some(name)
            })?;
            u16_at(image, ordinals + 2 * i, "ordinal").ok()? as u32
        }
    };
    if index >= count {
        return None;
    }
    let target = read(read(table + 28)? as usize + 4 * index as usize)?;
    if target == 0 {
        return None;
    }
    if (rva..rva + size).contains(&target) {
        let forward = string_at(image, target as usize, "forwarder").ok()?;
        let (dll, symbol) = forward.rsplit_once('.')?;
        let dll = format!("{dll}.sys");
        return exported(find_module(&dll)?, symbol, depth + 1);
    }
    Some(module.base + target as usize)
}

/// The module that serves an image's imports from `dll`. Images of the dump stack have the dump port for a port.
fn provider(image: &str, dll: &str) -> String {
    let dump = ["dump_", "hiber_"].iter().any(|prefix| image.starts_with(prefix));
    if dump && dll.eq_ignore_ascii_case("storport.sys") {
        "dump_storport.sys".into()
    } else {
        dll.to_string()
    }
}

/// Fills the import address table of the image `module`; returns the names of the modules imported from.
pub fn resolve(module: &str, image: &mut [u8], headers: &Headers) -> Result<Vec<String>, LoadError> {
    if headers.directories[dir::DELAY_IMPORT].0 != 0 {
        return Err(PeError("delay-loaded imports do not exist in the kernel".to_string()).into());
    }
    let mut modules = Vec::new();
    let (rva, _) = headers.directories[dir::IMPORT];
    if rva == 0 {
        return Ok(modules);
    }
    let mut at = rva as usize;
    loop {
        let names = u32_at(image, at, "import descriptor")?;
        let name = u32_at(image, at + 12, "import descriptor")?;
        let table = u32_at(image, at + 16, "import descriptor")?;
        if name == 0 && table == 0 {
            return Ok(modules);
        }
        let dll = provider(module, string_at(image, name as usize, "name of an imported DLL")?);
        let lookup = if names != 0 { names } else { table } as usize;
        depend(&dll)?;
        fill(image, &dll, lookup, table as usize)?;
        modules.push(dll.to_lowercase());
        at += 20;
    }
}

fn fill(image: &mut [u8], dll: &str, lookup: usize, table: usize) -> Result<(), LoadError> {
    for i in 0.. {
        let entry = u64_at(image, lookup + 8 * i, "import lookup table")?;
        if entry == 0 {
            return Ok(());
        }
        let address = if entry >> 63 != 0 {
            by_ordinal(dll, entry as u16)?
        } else {
            let name = string_at(image, (entry & 0x7FFF_FFFF) as usize + 2, "name of an import")?;
            find(dll, name).ok_or_else(|| LoadError::MissingImport(dll.to_string(), name.to_string()))?
        };
        let slot = table + 8 * i;
        match image.get_mut(slot..slot + 8) {
            Some(word) => word.copy_from_slice(&(address as u64).to_le_bytes()),
            None => {
                return Err(PeError(format!("import table slot {slot:#x} lies outside of the image")).into());
            }
        }
    }
    Ok(())
}

fn by_ordinal(dll: &str, ordinal: u16) -> Result<usize, LoadError> {
    let k = kernel();
    let table = k.exports().into_iter().find(|e| e.ordinal == ordinal && e.dll.eq_ignore_ascii_case(dll));
    if let Some(address) = table.and_then(address_of) {
        return Ok(address);
    }
    find_module(dll)
        .and_then(|m| exported(m, &format!("#{ordinal}"), 0))
        .ok_or_else(|| LoadError::MissingImport(dll.to_string(), format!("#{ordinal}")))
}

type DllInitialize = unsafe extern "win64" fn(*mut UNICODE_STRING) -> NTSTATUS;

/// Makes sure that a DLL is there: one of the kernel's own, loaded, or provided.
fn depend(dll: &str) -> Result<(), LoadError> {
    let k = kernel();
    let is_hal = dll.eq_ignore_ascii_case("hal.dll");
    if is_hal || k.exports().iter().any(|e| e.dll.eq_ignore_ascii_case(dll)) || find_module(dll).is_some() {
        return Ok(());
    }
    let file = state().files.lock().get(&dll.to_lowercase()).cloned();
    let file = file.ok_or_else(|| LoadError::MissingModule(dll.to_string()))?;
    let module = super::load(dll, &file)?;
    // A module loaded only as a library has no driver object; its importers keep it.
    module.users.set(0);
    if let Some(init) = exported(module, "DllInitialize", 0) {
        let service = dll.rsplit_once('.').map_or(dll, |(stem, _)| stem);
        let path = format!("\\Registry\\Machine\\System\\CurrentControlSet\\Services\\{service}");
        let mut text: Vec<u16> = path.encode_utf16().collect();
        let bytes = (text.len() * 2) as u16;
        let mut name = UNICODE_STRING { Length: bytes, MaximumLength: bytes, Buffer: text.as_mut_ptr() };
        let f: DllInitialize = unsafe { core::mem::transmute(init) };
        let status = crate::call!("DllInitialize", f, &mut name as *mut _);
        if status < 0 {
            return Err(LoadError::DllInitialize(dll.to_string(), status));
        }
    }
    Ok(())
}
