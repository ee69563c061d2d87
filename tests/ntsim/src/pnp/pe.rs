//! The loader of portable executables behind the driver store, with symbols from a `.map` beside the image.

use super::event;
use crate::io::driver::{Entry, Image};
use crate::loader::{self, LoadError, symbols};
use alloc::{format, string::String};
use nt::sys::*;

/// The `.map` of the package that carries this image.
fn map_of(name: &str) -> Option<String> {
    let map = format!("{}.map", name.strip_suffix(".sys")?);
    let store = super::state().store.lock();
    let source = store.packages.iter().find_map(|p| p.files.get(&map))?;
    match source {
        super::store::Source::Image(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
        super::store::Source::Native(_) => None,
    }
}

/// Loads an image.
///
/// # Errors
/// STATUS_INVALID_IMAGE_FORMAT, STATUS_PROCEDURE_NOT_FOUND and the like; the log says what is wrong.
pub fn load(path: &str, bytes: &[u8]) -> Result<Image, NTSTATUS> {
    let name = path.rsplit('\\').next().unwrap_or(path).to_lowercase();
    let module = loader::load(&name, bytes).map_err(|error| {
        event(format!("{path}: {error}"));
        match error {
            LoadError::Corrupt(_) => STATUS_INVALID_IMAGE_FORMAT,
            LoadError::NoMemory => STATUS_INSUFFICIENT_RESOURCES,
            LoadError::DllInitialize(_, status) => status,
            // What Windows answers for an import that it cannot resolve.
            LoadError::MissingImport(..) | LoadError::MissingModule(_) => STATUS_PROCEDURE_NOT_FOUND,
        }
    })?;
    if let Some(map) = map_of(&name) {
        symbols::attach(module, &map);
    }
    // A driver image's entry point has this signature.
    let entry = unsafe { core::mem::transmute::<usize, Entry>(module.entry()) };
    let id = core::ptr::from_ref(module) as usize;
    Ok(Image { entry, base: module.base, size: module.headers.size as usize, id })
}

/// Unloads an image.
pub fn unload(image: Image) {
    if let Some(module) = loader::module_at(image.base) {
        loader::unload::unload(module);
    }
}
