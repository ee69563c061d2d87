//! What the built drivers import: only what Windows 10 1607 exports, by the facts.

use std::path::{Path, PathBuf};

use object::{LittleEndian as LE, read::pe::PeFile64};

use super::facts::{Facts, newer_than_1607};

/// The shipped files.
const SHIPPED: [&str; 3] = ["xenpvpci.sys", "xenpvvbd.sys", "xenpvnet.sys"];

/// Where the drivers are: `XENPV_DRIVERS`, else where `cargo xtask build` puts them.
fn folder() -> PathBuf {
    if let Some(folder) = std::env::var_os("XENPV_DRIVERS") {
        return folder.into();
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| root.join("target"), |dir| root.join(dir))
        .join("drivers")
}

/// DLL and name of every import; an import by ordinal has none.
fn imports(image: &[u8]) -> Vec<(String, Option<String>)> {
    let pe = PeFile64::parse(image).expect("a PE32+ image");
    let sections = pe.section_table();
    let directories = pe.data_directories();
    let Some(table) = directories.import_table(image, &sections).expect("the import directory") else {
        return Vec::new();
    };
    let mut found = Vec::new();
    let mut descriptors = table.descriptors().expect("import descriptors");
    while let Some(descriptor) = descriptors.next().expect("an import descriptor") {
        let dll = table.name(descriptor.name.get(LE)).expect("a DLL's name");
        let dll = String::from_utf8_lossy(dll).to_lowercase();
        let mut thunks = table.thunks(descriptor.original_first_thunk.get(LE)).expect("thunks");
        while let Some(thunk) = thunks.next::<object::pe::ImageNtHeaders64>().expect("a thunk") {
            let name = match table.import::<object::pe::ImageNtHeaders64>(thunk).expect("an import") {
                object::read::pe::Import::Ordinal(_) => None,
                object::read::pe::Import::Name(_, name) => Some(String::from_utf8_lossy(name).into_owned()),
            };
            found.push((dll.clone(), name));
        }
    }
    found
}

/// What is wrong with an import.
fn fault(facts: &Facts, dll: &str, name: Option<&str>) -> Option<String> {
    let Some(name) = name else { return Some(format!("{dll}: an import by ordinal")) };
    let (dlls, min) = match (facts.functions.get(name), facts.data.get(name), facts.undeclared.get(name)) {
        (Some(row), ..) => (&row.dlls, row.min.as_deref()),
        (_, Some(row), _) => (&row.dlls, None),
        (.., Some(dlls)) => (dlls, None),
        _ => return Some(format!("{dll}!{name}: no fact says that it exists")),
    };
    if min.is_some_and(newer_than_1607) {
        return Some(format!("{dll}!{name} exists only since {}", min.unwrap_or_default()));
    }
    (!dlls.iter().any(|other| other == dll)).then(|| format!("{name} is exported by {dlls:?}, not by {dll}"))
}

#[test]
fn drivers_import_only_what_windows_10_1607_exports() {
    let facts = Facts::read();
    let mut faults = Vec::new();
    for file in SHIPPED {
        let path = folder().join(file);
        let image = std::fs::read(&path)
            .unwrap_or_else(|error| panic!("{}: {error}; run `cargo xtask build` first", path.display()));
        let imports = imports(&image);
        assert!(!imports.is_empty(), "{file} imports nothing: that is no driver");
        faults.extend(
            imports
                .iter()
                .filter_map(|(dll, name)| fault(&facts, dll, name.as_deref()))
                .map(|fault| format!("{file}: {fault}")),
        );
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn forbidden_imports_are_found() {
    let facts = Facts::read();
    assert!(fault(&facts, "ntoskrnl.exe", None).is_some());
    assert!(fault(&facts, "ntoskrnl.exe", Some("NoSuchFunction")).is_some());
    // Since Windows 10 2004: must be looked up at run time.
    assert!(fault(&facts, "ntoskrnl.exe", Some("ExAllocatePool2")).is_some());
    assert!(fault(&facts, "ndis.sys", Some("KeSetEvent")).is_some());
    assert!(fault(&facts, "ntoskrnl.exe", Some("KeSetEvent")).is_none());
}
