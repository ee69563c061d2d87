//! Installing a device by INF, as the setup API does: best driver, registry keys, services, files.

use super::{
    event,
    node::NodeId,
    service, state,
    store::{Candidate, Source, file_key},
    with,
};
use crate::cm::{self, tree::sz};
use crate::kernel::kernel;
use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use inf_file::{AddService, Hive, Install, RegData, RegOp, System};
use nt::sys::*;

/// The system that INFs are read for.
#[must_use]
pub fn system() -> System {
    let config = &kernel().config;
    System { product_type: if config.server { 3 } else { 1 }, ..System::windows10(config.build) }
}

/// Puts a package into the driver store; devices without a driver are tried by [`super::boot::install_pending`].
///
/// # Errors
/// The INF's errors, with file and line, as text.
pub fn add_package(name: &str, inf: &[u8], files: Vec<(String, Source)>) -> Result<String, String> {
    let result = state().store.lock().add(name, inf, files);
    result.map_err(|diags| diags.iter().map(|d| format!("{d}\n")).collect())
}

/// Installs the best driver of the store on a device. True when there was one.
pub fn install(id: NodeId) -> bool {
    let (hardware, compatible, path) =
        with(id, |n| (n.hardware_ids.clone(), n.compatible_ids.clone(), n.path.clone()));
    let found = state().store.lock().candidates(&hardware, &compatible, &system());
    let best = match found {
        Ok(list) => list.into_iter().next(),
        Err(diag) => {
            event(format!("{path}: {diag}"));
            return false;
        }
    };
    match best {
        Some(candidate) => match apply(id, &candidate) {
            Ok(()) => true,
            Err(message) => {
                event(format!("{path}: not installed: {message}"));
                false
            }
        },
        None => {
            event(format!("{path}: no driver in the store"));
            // Asked and answered: a device without a driver is configured as such.
            false
        }
    }
}

/// Installs one driver on a device.
///
/// # Errors
/// What the INF lacks, with file and line.
pub fn apply(id: NodeId, candidate: &Candidate) -> Result<(), String> {
    let (install, published, class, class_guid, provider, version, name, mut files) = {
        let store = state().store.lock();
        let package = &store.packages[candidate.package];
        let inf = &package.inf;
        let install = inf
            .install(&candidate.model.install, candidate.model.line, &system(), &*store)
            .map_err(|d| d.to_string())?;
        let text = |key| inf.version(key).unwrap_or_default().to_string();
        let files: Vec<(String, String, u32, Source)> = install
            .files
            .iter()
            .filter_map(|f| {
                let source = package.files.get(&f.source.to_lowercase())?.clone();
                Some((f.destination.clone(), f.folder.clone(), f.dirid, source))
            })
            .collect();
        let missing: Vec<&str> = install
            .files
            .iter()
            .filter(|f| !package.files.contains_key(&f.source.to_lowercase()))
            .map(|f| f.source.as_str())
            .collect();
        if !missing.is_empty() {
            return Err(format!("{}: files of the package are missing: {}", inf.name(), missing.join(", ")));
        }
        (
            install,
            package.published.clone(),
            text("Class"),
            text("ClassGuid").to_lowercase(),
            text("Provider"),
            candidate.version,
            inf.name().to_string(),
            files,
        )
    };
    for (line, directive) in &install.unknown {
        event(format!("{name}({line}): {directive} is not known and was passed over"));
    }
    let folder = format!("system32\\driverstore\\filerepository\\{}_amd64_0", name.to_lowercase());
    for (destination, sub, dirid, source) in files.drain(..) {
        let target = match dirid_path(dirid, &folder) {
            Some(base) if sub.is_empty() => format!("{base}\\{destination}"),
            Some(base) => format!("{base}\\{sub}\\{destination}"),
            None => return Err(format!("{name}: DIRID {dirid} is not supported")),
        };
        state().store.lock().files.insert(file_key(&target), source);
    }
    let key = with(id, |n| n.enum_key());
    let driver = driver_key(&key, &class_guid);
    let class_key = format!("{}\\Control\\Class\\{driver}", cm::CONTROL_SET);
    cm::set_sz(&format!("{}\\Control\\Class\\{class_guid}", cm::CONTROL_SET), "Class", &class);
    let model = &candidate.model;
    cm::set_sz(&class_key, "DriverDesc", &model.description);
    cm::set_sz(&class_key, "ProviderName", &provider);
    cm::set_sz(&class_key, "InfPath", &published);
    cm::set_sz(&class_key, "InfSection", &model.install);
    cm::set_sz(&class_key, "MatchingDeviceId", &candidate.matching);
    let ((year, month, day), v) = version;
    cm::set_sz(&class_key, "DriverDate", &format!("{month}-{day}-{year}"));
    cm::set_sz(&class_key, "DriverVersion", &format!("{}.{}.{}.{}", v[0], v[1], v[2], v[3]));
    for value in ["Service", "UpperFilters", "LowerFilters", "Security"] {
        // A new installation starts without what a former driver has set.
        cm::delete_value(&key, value);
    }
    apply_registry(&install, &key, &class_key)?;
    let mut function = None;
    for entry in &install.services {
        if let Some(name) = apply_service(entry, &folder, &published)? {
            function = Some(name);
        }
    }
    cm::set_sz(&key, "DeviceDesc", &model.description);
    cm::set_sz(&key, "Mfg", &model.manufacturer);
    cm::set_sz(&key, "Class", &class);
    cm::set_sz(&key, "ClassGUID", &class_guid);
    cm::set_sz(&key, "Driver", &driver);
    if let Some(function) = &function {
        cm::set_sz(&key, "Service", function);
    }
    cm::set_dword(&key, "ConfigFlags", 0, false);
    event(format!(
        "installed {} on {} from {published} [{}], rank {:#010x}",
        function.as_deref().unwrap_or("no driver"),
        with(id, |n| n.path.clone()),
        install.section,
        candidate.rank
    ));
    Ok(())
}

/// Folder of a DIRID.
fn dirid_path(dirid: u32, store: &str) -> Option<String> {
    Some(match dirid {
        10 => String::new(),
        11 => "system32".into(),
        12 => "system32\\drivers".into(),
        13 => store.into(),
        17 => "inf".into(),
        _ => return None,
    })
}

/// A path with its DIRID token replaced, as ImagePath has it.
fn image_path(binary: &str, store: &str) -> Result<String, String> {
    let Some(rest) = binary.strip_prefix('%') else { return Ok(binary.into()) };
    let (number, tail) = rest.split_once('%').ok_or_else(|| format!("ServiceBinary {binary}"))?;
    let dirid: u32 = number.parse().map_err(|_| format!("ServiceBinary {binary}"))?;
    let base = dirid_path(dirid, store).ok_or_else(|| format!("ServiceBinary {binary}: DIRID"))?;
    let path = if base.is_empty() { tail.trim_start_matches('\\').into() } else { format!("{base}{tail}") };
    // Drivers of the store get an absolute path, those of the system a path relative to the Windows folder.
    Ok(if dirid == 13 { format!("\\SystemRoot\\{path}") } else { path })
}

/// The class key's name; a device keeps the one it has within its class.
fn driver_key(enum_key: &str, class: &str) -> String {
    if let Some(old) = cm::get_sz(enum_key, "Driver")
        && old.starts_with(class)
    {
        return old;
    }
    let root = format!("{}\\Control\\Class\\{class}", cm::CONTROL_SET);
    let used = cm::subkeys(&root);
    let free = (0..10_000).map(|n| format!("{n:04}")).find(|n| !used.contains(n)).unwrap_or_default();
    format!("{class}\\{free}")
}

fn apply_registry(install: &Install, enum_key: &str, class_key: &str) -> Result<(), String> {
    for del in &install.del_reg {
        delete(del, class_key);
    }
    for op in &install.add_reg {
        apply_op(op, class_key)?;
    }
    let parameters = format!("{enum_key}\\Device Parameters");
    for del in &install.hardware_del_reg {
        delete(del, &parameters);
    }
    for op in &install.hardware_add_reg {
        // Properties of the device stand beside its parameters.
        let property = op.key.is_empty()
            && [
                "Security",
                "UpperFilters",
                "LowerFilters",
                "DeviceCharacteristics",
                "DeviceType",
                "Exclusive",
                "FriendlyName",
            ]
            .iter()
            .any(|p| p.eq_ignore_ascii_case(&op.value));
        apply_op(op, if property { enum_key } else { &parameters })?;
    }
    Ok(())
}

fn root_of(hive: Hive, relative: &str) -> String {
    match hive {
        Hive::Relative => relative.into(),
        Hive::LocalMachine => "\\Registry\\Machine".into(),
        Hive::ClassesRoot => "\\Registry\\Machine\\SOFTWARE\\Classes".into(),
        Hive::CurrentUser => "\\Registry\\User\\.Default".into(),
        Hive::Users => "\\Registry\\User".into(),
    }
}

fn delete(del: &inf_file::DelReg, relative: &str) {
    let path = format!("{}\\{}", root_of(del.hive, relative), del.key);
    let path = path.trim_end_matches('\\');
    match (&del.value, &del.string) {
        (Some(value), Some(string)) => {
            let mut list = cm::get_multi_sz(path, value);
            list.retain(|s| !s.eq_ignore_ascii_case(string));
            cm::set_multi_sz(path, value, &list);
        }
        (Some(value), None) => {
            cm::delete_value(path, value);
        }
        (None, _) => {
            cm::delete_tree(path);
        }
    }
}

/// Carries out one AddReg entry.
///
/// # Errors
/// Never at present; the form is that of its callers.
pub fn apply_op(op: &RegOp, relative: &str) -> Result<(), String> {
    let path = format!("{}\\{}", root_of(op.hive, relative), op.key);
    let path = path.trim_end_matches('\\');
    if op.has(RegOp::DELVAL) {
        cm::delete_value(path, &op.value);
        return Ok(());
    }
    let Some(data) = &op.data else {
        cm::registry().tree.lock().make(path);
        return Ok(());
    };
    let exists = cm::get(path, &op.value).is_some();
    if (op.has(RegOp::NOCLOBBER) && exists) || (op.has(RegOp::OVERWRITEONLY) && !exists) {
        return Ok(());
    }
    match data {
        RegData::Sz(text) => cm::set_sz(path, &op.value, text),
        RegData::ExpandSz(text) => cm::set(path, &op.value, REG_EXPAND_SZ, &sz(text)),
        RegData::MultiSz(texts) if op.has(RegOp::APPEND) => {
            let mut list = cm::get_multi_sz(path, &op.value);
            for text in texts {
                if !list.iter().any(|s| s.eq_ignore_ascii_case(text)) {
                    list.push(text.clone());
                }
            }
            cm::set_multi_sz(path, &op.value, &list);
        }
        RegData::MultiSz(texts) => cm::set_multi_sz(path, &op.value, texts),
        RegData::Dword(n) => cm::set_dword(path, &op.value, *n, false),
        RegData::Raw(kind, bytes) => cm::set(path, &op.value, *kind, bytes),
    }
    Ok(())
}

/// Creates or updates a service; returns its name when it is the device's function driver.
fn apply_service(entry: &AddService, store: &str, published: &str) -> Result<Option<String>, String> {
    let Some(install) = &entry.install else { return Ok(None) };
    let key = service::key(&entry.name);
    cm::set_dword(&key, "Type", install.service_type, false);
    cm::set_dword(&key, "Start", install.start_type, false);
    cm::set_dword(&key, "ErrorControl", install.error_control, false);
    cm::set(&key, "ImagePath", REG_EXPAND_SZ, &sz(&image_path(&install.binary, store)?));
    if !install.display_name.is_empty() {
        cm::set_sz(&key, "DisplayName", &install.display_name);
    }
    if !install.group.is_empty() {
        cm::set_sz(&key, "Group", &install.group);
    }
    if !install.security.is_empty() {
        cm::set_sz(&format!("{key}\\Security"), "Sddl", &install.security);
    }
    if install.boot_flags != 0 {
        cm::set_dword(&key, "BootFlags", install.boot_flags, false);
    }
    let (groups, services): (Vec<_>, Vec<_>) = install.dependencies.iter().partition(|d| d.starts_with('+'));
    if !services.is_empty() {
        cm::set_multi_sz(&key, "DependOnService", &services);
    }
    if !groups.is_empty() {
        let groups: Vec<&str> = groups.iter().map(|g| g.trim_start_matches('+')).collect();
        cm::set_multi_sz(&key, "DependOnGroup", &groups);
    }
    let mut owners = cm::get_multi_sz(&key, "Owners");
    if !owners.iter().any(|o| o == published) {
        owners.push(published.into());
    }
    cm::set_multi_sz(&key, "Owners", &owners);
    // Setting a service up anew lifts a demotion.
    cm::delete_tree(&format!("{key}\\StartOverride"));
    for del in &install.del_reg {
        delete(del, &key);
    }
    for op in &install.add_reg {
        apply_op(op, &key)?;
    }
    if let Some(log) = &entry.event_log {
        let source = format!("{}\\Services\\EventLog\\{}\\{}", cm::CONTROL_SET, log.log, log.source);
        for op in &log.add_reg {
            apply_op(op, &source)?;
        }
    }
    let function = entry.association == inf_file::Association::Function;
    Ok(function.then(|| entry.name.clone()))
}
