//! Whether xenvbd could take the disks over if they were unplugged now: its instance key, its image, and
//! whether there is a way back to the emulated disks (docs/boot-safety.md).

use alloc::{format, string::String, vec::Vec};

use super::{Platform, log::Severity, modules::Modules, params::SERVICES};
use crate::{
    os::registry::Key,
    policy::unplug::{self, EMULATED_DRIVERS, EmulatedDriver},
};

const ENUM: &str = r"\Registry\Machine\System\CurrentControlSet\Enum";
/// The storage adapter's instance key: the ID is unique (`pdo::caps`) and constant (`pdo::ids`).
const ADAPTER: &str = r"XENPV\VBD&SUBSYS_58535250\0";
/// The service that serves it.
const SERVICE: &str = "xenpvvbd";
/// The value under `Parameters` that says which image of it has started an adapter.
const STARTED: &str = "StartedDisk";
/// Buses of emulated disk controllers and their channels.
const BUSES: [&str; 2] = ["PCI", "PCIIDE"];
/// `GUID_DEVCLASS_NET` (devguid.h).
const NET_CLASS: &str = "{4d36e972-e325-11ce-bfc1-08002be10318}";
/// Most subkeys of one key that are looked at.
const SUBKEYS: u32 = 1024;

/// The service and the configuration flags of an instance.
fn binding(instance: &str) -> (Option<String>, Option<u32>) {
    let key = Key::open(&format!("{ENUM}\\{instance}")).ok();
    let service = key.as_ref().and_then(|key| key.string("Service"));
    (service, key.and_then(|key| key.dword("ConfigFlags")))
}

/// Windows has bound xenvbd to the storage adapter.
pub fn adapter_is_configured() -> bool {
    let (service, flags) = binding(ADAPTER);
    unplug::is_configured(SERVICE, service.as_deref(), flags)
}

/// The image of xenvbd that is loaded has started an adapter on this system before.
pub fn image_has_started() -> bool {
    let before = Key::open(&parameters()).ok().and_then(|key| key.binary(STARTED));
    before.is_some() && before == identity(SERVICE)
}

/// Emulated disks would find no driver.
pub fn emulated_is_demoted() -> bool {
    let demoted = |name: &str| {
        let key = Key::open(&format!("{SERVICES}\\{name}\\StartOverride")).ok();
        key.and_then(|key| key.dword("0")).is_some_and(|start| start != 0)
    };
    unplug::emulated_demoted(EMULATED_DRIVERS.iter().filter(|name| demoted(name)).map(|name| {
        EmulatedDriver { bound: is_bound(name), demoted: true, loaded: identity(name).is_some() }
    }))
}

fn is_bound(service: &str) -> bool {
    instances(&BUSES)
        .any(|instance| binding(&instance).0.is_some_and(|bound| bound.eq_ignore_ascii_case(service)))
}

/// The devices of these buses, present or remembered, by their instance paths.
fn instances(buses: &[&str]) -> impl Iterator<Item = String> {
    let below = |path: &str| -> Vec<String> {
        let key = Key::open(&format!("{ENUM}\\{path}")).ok();
        let names = key.map(|key| key.subkeys(SUBKEYS)).unwrap_or_default();
        names.into_iter().map(|name| format!("{path}\\{name}")).collect()
    };
    buses.iter().flat_map(move |bus| below(bus)).flat_map(move |device| below(&device))
}

/// Windows may have started an emulated NIC: the driver of a network device on the PCI bus is loaded, which at boot
/// happens long after this one's start. One that was passed through looks the same; then the emulated ones stay until
/// the next boot.
pub fn nic_may_be_in_use() -> bool {
    let modules = Modules::loaded();
    instances(&["PCI"]).any(|instance| {
        let Ok(key) = Key::open(&format!("{ENUM}\\{instance}")) else { return false };
        let is_nic = key.string("ClassGUID").is_some_and(|class| class.eq_ignore_ascii_case(NET_CLASS));
        is_nic && key.string("Service").is_some_and(|service| modules.find(&service).is_some())
    })
}

/// Whether the image of a service is loaded.
pub fn is_loaded(service: &str) -> bool {
    Modules::loaded().find(service).is_some()
}

fn parameters() -> String {
    format!("{SERVICES}\\xenpvpci\\Parameters")
}

impl Platform {
    /// An adapter has come up: the image that did it may be relied on from the next boot on, and Windows
    /// shall load it then, even if it has found no use for it in this boot until now.
    pub fn adapter_has_started(&self) {
        for service in ["xenpvpci", SERVICE] {
            let key = Key::open_for_write(&format!("{SERVICES}\\{service}\\StartOverride")).ok();
            if let Some(key) = key.filter(|key| key.dword("0").is_some_and(|start| start != 0))
                && let Err(status) = key.set_dword("0", 0)
            {
                self.log.line(&format!("{service} stays demoted: status {status:#x}"));
            }
        }
        let Some(identity) = identity(SERVICE) else { return };
        // A feature update may have lost the key.
        let service = Key::open_for_write(&format!("{SERVICES}\\xenpvpci"));
        let Ok(key) = service.and_then(|service| service.child("Parameters")) else { return };
        if key.binary(STARTED).as_ref() != Some(&identity)
            && let Err(status) = key.set_binary(STARTED, &identity)
        {
            let text =
                format!("disks stay emulated at the next start: {STARTED} cannot be written ({status:#x})");
            self.log.event(Severity::Warning, &text);
        }
    }
}

/// What tells one build of a loaded driver from another: time stamp (a hash of the content in our
/// reproducible builds), size and checksum of its image.
#[expect(unsafe_code, reason = "reads a loaded image")]
fn identity(service: &str) -> Option<Vec<u8>> {
    /// Offsets in a PE image: of the new header, and in it of time stamp, size and checksum.
    const NEW_HEADER: usize = 0x3c;
    const FIELDS: [usize; 3] = [8, 0x50, 0x58];
    const HEADERS: usize = 0x1000;
    let (base, size) = Modules::loaded().find(service)?;
    if base == 0 || size < HEADERS {
        return None;
    }
    let word = |offset: usize| {
        let at = (base + offset) as *const u32;
        // SAFETY: within the first page of an image that stays loaded: it is a boot driver's.
        unsafe { at.read_unaligned() }
    };
    let header = word(NEW_HEADER) as usize;
    let fits = header.is_multiple_of(4) && header < HEADERS - 0x60;
    fits.then(|| FIELDS.iter().flat_map(|field| word(header + field).to_le_bytes()).collect())
}
