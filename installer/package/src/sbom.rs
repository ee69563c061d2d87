//! The bill of materials (CycloneDX 1.5, JSON): shipped files with their hashes, and the crates that they are
//! made of, as cargo resolved them for Windows.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    process::Command,
};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

/// What cargo knows of the workspace's dependencies on Windows.
///
/// # Errors
/// cargo's words.
pub fn metadata(root: &Path) -> Result<Value> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let out = Command::new(cargo)
        .args([
            "metadata",
            "--format-version",
            "1",
            "--locked",
            "--filter-platform",
            "x86_64-pc-windows-msvc",
        ])
        .current_dir(root)
        .output()
        .context("cannot start cargo")?;
    ensure!(out.status.success(), "cargo metadata failed: {}", String::from_utf8_lossy(&out.stderr).trim());
    serde_json::from_slice(&out.stdout).context("cargo metadata cannot be read")
}

/// Makes the document: `shipped` are the workspace's packages that are in it, `files` names and SHA-256 of what
/// they became.
///
/// # Errors
/// Metadata that is not what cargo writes.
pub fn make(
    metadata: &Value,
    shipped: &[String],
    version: &str,
    compiler: &str,
    files: &BTreeMap<String, String>,
    time: u64,
) -> Result<String> {
    let list = |value: &'static str| -> Result<&Vec<Value>> {
        metadata.pointer(value).and_then(Value::as_array).with_context(|| format!("no {value}"))
    };
    let packages: BTreeMap<&str, &Value> =
        list("/packages")?.iter().filter_map(|p| Some((p["id"].as_str()?, p))).collect();
    let nodes: BTreeMap<&str, &Value> =
        list("/resolve/nodes")?.iter().filter_map(|n| Some((n["id"].as_str()?, n))).collect();
    let mut todo: Vec<&str> = packages
        .iter()
        .filter(|(_, p)| {
            p["source"].is_null() && p["name"].as_str().is_some_and(|name| shipped.iter().any(|s| s == name))
        })
        .map(|(id, _)| *id)
        .collect();
    ensure!(todo.len() == shipped.len(), "cargo knows only {} of the shipped packages", todo.len());
    let mut seen: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    while let Some(id) = todo.pop() {
        if seen.contains_key(id) {
            continue;
        }
        let node = nodes.get(id).with_context(|| format!("{id} is not resolved"))?;
        let needs: BTreeSet<&str> = node["deps"]
            .as_array()
            .into_iter()
            .flatten()
            // A normal dependency has the kind null; those for builds and tests are not shipped.
            .filter(|d| {
                d["dep_kinds"].as_array().is_some_and(|kinds| kinds.iter().any(|k| k["kind"].is_null()))
            })
            .filter_map(|d| d["pkg"].as_str())
            .collect();
        todo.extend(&needs);
        seen.insert(id, needs);
    }
    let reference = |id: &str| {
        let package = packages[id];
        format!(
            "pkg:cargo/{}@{}",
            package["name"].as_str().unwrap_or(""),
            package["version"].as_str().unwrap_or("")
        )
    };
    let mut components: Vec<Value> = seen
        .keys()
        .map(|id| {
            let package = packages[id];
            let mut component = json!({
                "type": "library",
                "bom-ref": reference(id),
                "name": package["name"],
                "version": package["version"],
                "purl": reference(id),
            });
            if let Some(licence) = package["license"].as_str() {
                component["licenses"] = json!([{ "expression": licence.replace('/', " OR ") }]);
            }
            component
        })
        .collect();
    components.sort_by_key(|component| component["bom-ref"].to_string());
    components.extend(files.iter().map(|(name, hash)| {
        json!({
            "type": "file",
            "bom-ref": format!("file:{name}"),
            "name": name,
            "version": version,
            "hashes": [{ "alg": "SHA-256", "content": hash }],
        })
    }));
    let mut dependencies: Vec<Value> = seen
        .iter()
        .map(|(id, needs)| {
            let needs: BTreeSet<String> = needs.iter().map(|need| reference(need)).collect();
            json!({ "ref": reference(id), "dependsOn": needs })
        })
        .collect();
    dependencies.sort_by_key(|dependency| dependency["ref"].to_string());
    let when = der::DateTime::from_unix_duration(core::time::Duration::from_secs(time))?;
    let document = json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "timestamp": when.to_string(),
            "component": {
                "type": "application",
                "bom-ref": "xenpv-windows",
                "name": "Xen PV drivers for Windows",
                "version": version,
                "licenses": [{ "license": { "id": "GPL-2.0-or-later" } }],
            },
            "tools": { "components": [{ "type": "application", "name": "rustc", "version": compiler }] },
        },
        "components": components,
        "dependencies": dependencies,
    });
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}
