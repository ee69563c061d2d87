//! The export tables: complete, without duplicates, IRQL rules as documented.
#![allow(unsafe_code)]

use ntsim_host::Sim;
use std::collections::BTreeMap;

fn sections() -> Vec<(String, Vec<String>)> {
    let mut out: Vec<(String, Vec<String>)> = Vec::new();
    for line in include_str!("field_imports.txt").lines().filter(|l| !l.starts_with('#')) {
        match line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            Some(dll) => out.push((dll.to_string(), Vec::new())),
            None => out.last_mut().expect("a DLL comes first").1.push(line.to_string()),
        }
    }
    out
}

#[test]
fn field_imports_are_there() {
    let sim = Sim::builder().build();
    let mut missing = Vec::new();
    for (dll, names) in sections() {
        for name in names {
            if sim.kernel().find_export(&dll, &name).is_none() {
                missing.push(format!("{dll}!{name}"));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn no_export_is_declared_twice() {
    let sim = Sim::builder().config(|c| c.build = 26100).build();
    let mut seen = BTreeMap::new();
    for e in sim.kernel().exports() {
        *seen.entry((e.dll, e.name)).or_insert(0) += 1;
    }
    let twice: Vec<_> = seen.into_iter().filter(|(_, n)| *n > 1).collect();
    assert!(twice.is_empty(), "{twice:?}");
}

/// Exports whose documented range is knowingly not enforced as it stands, with the reason.
const WIDER: &[(&str, &str)] = &[
    ("KeInitializeSemaphore", "the header annotation allows DISPATCH_LEVEL"),
    ("KeSetPriorityThread", "the header annotation allows DISPATCH_LEVEL"),
    ("KeSetBasePriorityThread", "the header annotation allows DISPATCH_LEVEL"),
    ("KeSetSystemAffinityThread", "the header annotation allows APC_LEVEL only"),
    (
        "ExAcquireFastMutexUnsafe",
        "a critical region at PASSIVE_LEVEL is as good, says the documentation's text",
    ),
    ("ExReleaseFastMutexUnsafe", "as its counterpart"),
    ("KeReleaseSpinLockFromDpcLevel", "the header annotation says at least DISPATCH_LEVEL"),
    ("KeTryToAcquireSpinLockAtDpcLevel", "the header annotation says at least DISPATCH_LEVEL"),
    ("RtlCreateSecurityDescriptor", "the header annotation allows APC_LEVEL"),
    ("RtlLengthSecurityDescriptor", "the header annotation allows APC_LEVEL"),
    ("RtlSetDaclSecurityDescriptor", "the header annotation allows APC_LEVEL"),
    ("RtlValidSecurityDescriptor", "the header annotation allows APC_LEVEL"),
    ("MmGetSystemRoutineAddress", "the header annotation allows APC_LEVEL"),
    ("KeRegisterProcessorChangeCallback", "the header annotation allows APC_LEVEL"),
    ("KeDeregisterProcessorChangeCallback", "the header annotation allows APC_LEVEL"),
];

#[test]
fn irql_rules_are_the_documented_ones() {
    let sim = Sim::builder().config(|c| c.build = 26100).build();
    let mut wrong = Vec::new();
    for line in include_str!("irql.txt").lines().filter(|l| !l.starts_with('#')) {
        let words: Vec<&str> = line.split(' ').collect();
        let (min, max): (u8, u8) = (words[1].parse().unwrap(), words[2].parse().unwrap());
        let Some(e) = sim.kernel().exports().into_iter().find(|e| e.name == words[0]) else { continue };
        if WIDER.iter().any(|w| w.0 == e.name) {
            continue;
        }
        // Too strict is an error (a correct driver would be blamed); so is a rule that lets more through than
        // is documented, except for `any`, which stands for functions that look for themselves.
        let strict = e.irql.min > min || e.irql.max < max.min(15);
        let lax = (e.irql.min, e.irql.max) != (0, 15) && (e.irql.max > max || e.irql.min < min);
        if strict || lax {
            wrong.push(format!(
                "{}: documented {min}..={max}, enforced {}..={}",
                e.name, e.irql.min, e.irql.max
            ));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
