//! The recorded facts (see `tests/abi/facts/README.md`).

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;

#[derive(Deserialize)]
pub struct Record {
    pub size: u64,
    pub align: u64,
    pub kind: String,
    pub fields: BTreeMap<String, Field>,
}

#[derive(Deserialize)]
pub struct Field {
    pub offset: u64,
    pub size: u64,
    /// First bit and width within the storage unit.
    pub bits: Option<(u64, u64)>,
    pub abi: String,
}

#[derive(Deserialize)]
pub struct Constant {
    pub value: i128,
}

#[derive(Deserialize)]
pub struct Function {
    /// Result first.
    pub abi: Vec<String>,
    #[serde(default)]
    pub variadic: bool,
    /// The modules that export it.
    #[serde(default)]
    pub dlls: Vec<String>,
    /// The first Windows or NDIS version that has it, where documented.
    pub min: Option<String>,
}

#[derive(Deserialize)]
pub struct Data {
    /// Of the exported variable itself. (Headers that declare it without `dllimport` speak of the
    /// import table's slot, which is a pointer to it: one level more.)
    pub abi: String,
    pub dlls: Vec<String>,
}

#[derive(Deserialize)]
pub struct Typedef {
    pub abi: String,
}

#[derive(Deserialize)]
pub struct Guid {
    pub guid: String,
}

pub struct Facts {
    pub layouts: BTreeMap<String, Record>,
    pub constants: BTreeMap<String, Constant>,
    pub functions: BTreeMap<String, Function>,
    pub callbacks: BTreeMap<String, Function>,
    pub data: BTreeMap<String, Data>,
    pub typedefs: BTreeMap<String, Typedef>,
    pub guids: BTreeMap<String, Guid>,
    /// Exports that no header declares: name -> exporting modules.
    pub undeclared: BTreeMap<String, Vec<String>>,
}

impl Facts {
    pub fn read() -> Self {
        Self {
            layouts: table("layouts"),
            constants: table("constants"),
            functions: table("functions"),
            callbacks: table("callbacks"),
            data: table("data"),
            typedefs: table("typedefs"),
            guids: table("guids"),
            undeclared: table("undeclared"),
        }
    }
}

fn table<T: DeserializeOwned>(name: &str) -> T {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("facts").join(name).with_extension("json");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path:?}: {error}"))
}

/// Whether a documented first version is later than the oldest system that the drivers support:
/// Windows 10 1607 = Server 2016, NDIS 6.60.
pub fn newer_than_1607(version: &str) -> bool {
    if let Some(ndis) = version.strip_prefix("NDIS ") {
        let (major, minor) = ndis.split_once('.').expect("NDIS x.y");
        let minor: u32 = minor.parse().expect("minor version");
        // 6.0, 6.1 and then 6.20, 6.30, …
        let minor = if minor < 10 { minor * 10 } else { minor };
        return (major.parse::<u32>().expect("major version"), minor) > (6, 60);
    }
    if let Some(release) = version.strip_prefix("Windows 10") {
        let release = release.trim();
        return !release.is_empty() && release.parse::<u32>().map_or(true, |release| release > 1607);
    }
    let old =
        ["2000", "XP", "Vista", "7", "8", "8.1", "Server 2003", "Server 2008", "Server 2012", "Server 2016"];
    let version = version.strip_prefix("Windows ").unwrap_or(version);
    !old.contains(&version)
}
