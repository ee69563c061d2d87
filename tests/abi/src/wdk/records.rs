//! Structs and unions, down to every field and bit.

use std::collections::BTreeMap;

use super::bindings::{Bindings, Record};
use super::classes::{class, size};
use super::facts::Facts;
use super::report;

/// A field as bound, by its path through the members of named unnamed-type members.
struct Bound {
    offset: u64,
    size: u64,
    bits: Option<(u64, u64)>,
    abi: String,
}

/// Walks a record's members into `found`; members of types that the headers do not name belong to
/// the record itself, those of unnamed members (`__bindgen_anon_<n>`) without a path of their own.
fn walk(
    bindings: &Bindings,
    facts: &Facts,
    record: &Record,
    base: u64,
    path: &str,
    found: &mut BTreeMap<String, Bound>,
    errors: &mut Vec<String>,
) {
    let Some((_, _, offsets)) = &record.layout else {
        errors.push(format!("{path}: no layout!"));
        return;
    };
    for (name, ty) in &record.fields {
        if name.starts_with("_padding_") {
            continue;
        }
        let Some(offset) = offsets.get(name) else {
            errors.push(format!("{path}.{name}: not in layout!"));
            continue;
        };
        let offset = base + offset;
        let abi = class(bindings, ty);
        let bytes = size(bindings, &abi);
        let mut add = |path: String, bound| {
            if found.insert(path.clone(), bound).is_some() {
                errors.push(format!("{path}: twice"));
            }
        };
        let join = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        if let Some(list) = record.bits.get(name) {
            for (bit, first, width) in list {
                let bound = Bound { offset, size: bytes, bits: Some((*first, *width)), abi: abi.clone() };
                add(join(bit), bound);
            }
            continue;
        }
        // An element of an array of unnamed structs is walked once, as `name[]`.
        let element = abi.trim_start_matches('[').split("; ").next().unwrap_or(&abi).trim_end_matches(']');
        let nested = element
            .strip_prefix("rec:")
            .filter(|inner| !facts.layouts.contains_key(*inner))
            .map(|inner| &bindings.records[inner]);
        let anonymous = name.starts_with("__bindgen_anon_");
        if !anonymous {
            let abi = if nested.is_some() { "anon".to_owned() } else { abi.clone() };
            add(join(name), Bound { offset, size: bytes, bits: None, abi });
        }
        if let Some(inner) = nested {
            let inner_path = match (anonymous, abi.starts_with('[')) {
                (true, _) => path.to_owned(),
                (false, false) => join(name),
                (false, true) => join(name) + "[]",
            };
            walk(bindings, facts, inner, offset, &inner_path, found, errors);
        }
    }
}

#[test]
fn records() {
    let (bindings, facts) = (Bindings::read(), Facts::read());
    let mut errors = Vec::new();
    let (mut records, mut fields) = (0, 0);
    for (name, record) in &bindings.records {
        if record.fields.is_empty() {
            errors.push(format!("{name}: layout! or bits! without a record"));
        }
        let Some(row) = facts.layouts.get(name) else {
            // A type that the headers leave unnamed: reached from the record whose name it extends.
            if !facts.layouts.keys().any(|outer| name.starts_with(&format!("{outer}_"))) {
                errors.push(format!("{name}: no row"));
            }
            continue;
        };
        records += 1;
        let Some((bytes, align, _)) = record.layout else {
            errors.push(format!("{name}: no layout!"));
            continue;
        };
        if (bytes, align) != (row.size, row.align) {
            errors.push(format!("{name}: size {bytes} align {align}, facts {} {}", row.size, row.align));
        }
        if record.union != (row.kind == "union") {
            errors.push(format!("{name}: not a {}", row.kind));
        }
        let mut found = BTreeMap::new();
        walk(&bindings, &facts, record, 0, "", &mut found, &mut errors);
        for (path, bound) in &found {
            let Some(fact) = row.fields.get(path) else {
                errors.push(format!("{name}.{path}: no row"));
                continue;
            };
            fields += 1;
            let place = (bound.offset, bound.size, bound.bits);
            if place != (fact.offset, fact.size, fact.bits) {
                errors.push(format!(
                    "{name}.{path}: {place:?}, facts {:?}",
                    (fact.offset, fact.size, fact.bits)
                ));
            }
            // Bit-fields are bound by their storage unit, whatever type they were declared with.
            let declared = if fact.abi.contains("anon") { "anon" } else { &fact.abi };
            if bound.bits.is_none() && bound.abi != declared {
                errors.push(format!("{name}.{path}: {}, facts {declared}", bound.abi));
            }
        }
        for path in row.fields.keys().filter(|path| !found.contains_key(*path)) {
            errors.push(format!("{name}.{path}: not bound"));
        }
    }
    report("fields", fields, 3000, &errors);
    assert!(records >= 400, "only {records} records");
}
