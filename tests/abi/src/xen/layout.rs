//! Values, sizes and offsets.
#![allow(unsafe_code, reason = "reads tables that C made")]

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::{CStr, c_char, c_longlong},
};

use xenbus::{errno::Errno, state::XenbusState};

include!(concat!(env!("OUT_DIR"), "/xen_facts.rs"));

/// Ours alone: computed from others, or a choice of this project. Everything else has to have a name in
/// the headers.
const OWN: &[&str] = &[
    // The range of cpuid leaves is in no header (Xen's documentation says it in words).
    "xenbus::abi::cpuid::END_LEAF",
    "xenbus::abi::cpuid::LEAF_STEP",
    "xenbus::abi::grant::ENTRIES_PER_FRAME",
    // In words in blkif.h.
    "xenbus::io::blkif::SECTOR_SIZE",
    "xenbus::io::blkif::SECTORS_PER_PAGE",
    "xenbus::io::blkif::SEGMENTS_PER_INDIRECT_PAGE",
    "xenbus::io::blkif::MAX_INDIRECT_SEGMENTS",
    // Sizes of arrays: the offsets of what follows are compared.
    "xenbus::io::console::IN_SIZE",
    "xenbus::io::console::OUT_SIZE",
    // In Linux's copy of the header only.
    "xenbus::io::netif::ExtraType::XDP",
    "xenbus::io::xs_wire::HEADER_SIZE",
];

/// `struct xen_fact` of `xen/prelude.c`.
#[repr(C)]
struct Fact {
    name: *const c_char,
    value: c_longlong,
}

// SAFETY: tables of C, constant, each ending with a null name.
unsafe extern "C" {
    static xen_facts: Fact;
    static xen_errnos: Fact;
    static xen_states: Fact;
}

/// Reads a table up to the entry without a name.
fn table(mut at: *const Fact) -> BTreeMap<String, i128> {
    let mut facts = BTreeMap::new();
    loop {
        // SAFETY: `at` is an entry of a table, which ends with a null name.
        let fact = unsafe { &*at };
        if fact.name.is_null() {
            return facts;
        }
        // SAFETY: a string constant.
        let name = unsafe { CStr::from_ptr(fact.name) };
        facts.insert(name.to_str().unwrap().to_owned(), fact.value.into());
        // SAFETY: there is an entry after one with a name.
        at = unsafe { at.add(1) };
    }
}

/// The size of a field, without a value of the struct.
fn field_size<T: zerocopy::FromZeros>(size: impl FnOnce(&T) -> usize) -> usize {
    size(&T::new_zeroed())
}

#[test]
fn everything_is_as_the_headers_say() {
    let theirs = table(&raw const xen_facts);
    let mut wrong = Vec::new();
    for (name, ours) in ours() {
        match theirs.get(name) {
            Some(theirs) if *theirs == ours => {}
            Some(theirs) => wrong.push(format!("{name}: {ours:#x}, the headers say {theirs:#x}")),
            None => wrong.push(format!("{name}: not in the table of the headers")),
        }
    }
    assert_eq!(ours().len(), theirs.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // So that an empty table does not pass.
    assert!(theirs.len() > 400, "only {} facts", theirs.len());
}

#[test]
fn everything_has_a_name_in_the_headers() {
    let own: BTreeSet<_> = OWN.iter().copied().collect();
    let nameless: BTreeSet<_> = NAMELESS.iter().copied().collect();
    let missing: Vec<_> = nameless.difference(&own).collect();
    assert!(missing.is_empty(), "give these a doc(alias) with the header's name: {missing:#?}");
    let stale: Vec<_> = own.difference(&nameless).collect();
    assert!(stale.is_empty(), "listed as our own, but named or gone: {stale:#?}");
}

#[test]
fn errno_is_complete() {
    let theirs = table(&raw const xen_errnos);
    let ours: BTreeMap<_, _> =
        Errno::ALL.iter().map(|(errno, name)| ((*name).to_owned(), i128::from(errno.0))).collect();
    for (name, value) in &theirs {
        match name.as_str() {
            // Second names.
            "EWOULDBLOCK" => assert_eq!(*value, i128::from(Errno::EAGAIN.0)),
            "EDEADLOCK" => assert_eq!(*value, i128::from(Errno::EDEADLK.0)),
            _ => assert_eq!(ours.get(name), Some(value), "{name}"),
        }
    }
    assert!(ours.keys().all(|name| theirs.contains_key(name)));
}

#[test]
fn states_have_the_headers_numbers() {
    let theirs = table(&raw const xen_states);
    assert_eq!(theirs.len(), 9);
    for (name, value) in theirs {
        let number = u32::try_from(value).unwrap();
        let state = XenbusState::from_raw(number);
        assert_eq!((format!("{state:?}"), state.raw()), (name, number));
    }
}
