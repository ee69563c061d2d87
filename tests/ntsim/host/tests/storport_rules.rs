//! Storport's rules: each is broken once by a miniport, and must be found; the well-behaved miniport breaks none and
//! carries data.
#![allow(clippy::result_large_err, reason = "a bugcheck carries its story")]
#![allow(unsafe_code, unsafe_op_in_unsafe_fn)]
#![allow(
    clippy::undocumented_unsafe_blocks,
    clippy::multiple_unsafe_ops_per_block,
    clippy::missing_safety_doc
)]

#[path = "common/diskport.rs"]
mod diskport;
#[path = "common/pci.rs"]
mod pci;

use std::collections::BTreeSet;
use std::rc::Rc;

use diskport::{KNOBS, Knobs, complete_waiting, entry, knobs, set_depth};
use ntsim::pnp::{boot, install, store::Source};
use ntsim::storport::{self, adapter::Address, disk::Disk, rules};
use ntsim::verifier::Rule;
use ntsim_host::{BugCheck, Sim};
use pci::{Function, PciMachine, Shared};

const INF: &str = "[Version]\nSignature=\"$Windows NT$\"\nClass=SCSIAdapter\n\
ClassGuid={4d36e97b-e325-11ce-bfc1-08002be10318}\n\
[Manufacturer]\nV=M,NTamd64\n[M.NTamd64]\nD=I,PCI\\VEN_5853&DEV_0001\n[I]\nCopyFiles=@t.sys\n\
[DestinationDirs]\nDefaultDestDir=12\n[I.Services]\nAddService=t,2,S\n[S]\nServiceType=1\nStartType=0\nErrorControl=1\n\
ServiceBinary=%12%\\t.sys\n";

/// Starts the miniport with one misbehaviour and gives its disk to `f`.
fn with_disk(bad: &'static str, f: impl FnOnce(Disk) + 'static) -> Result<(), BugCheck> {
    let shared = Rc::new(Shared::default());
    shared.functions.borrow_mut().insert((2, 0), Function::new(0x5853, 1));
    KNOBS.with(|k| *k.borrow_mut() = Knobs { bad, ..Knobs::default() });
    let sim = Sim::builder().machine(Box::new(PciMachine { shared, cpus: 1 })).build();
    sim.run(move || {
        install::add_package("t.inf", INF.as_bytes(), vec![("t.sys".into(), Source::Native(entry))]).unwrap();
        boot::run();
        let adapter = *storport::adapters().first().unwrap_or_else(|| panic!("{}", ntsim::pnp::dump()));
        storport::scan::scan(adapter);
        let mut disk = Disk::open(adapter, Address { path: 0, target: 0, lun: 0 }).unwrap();
        // These lose a request on purpose.
        disk.may_time_out = bad.starts_with("reset");
        assert_eq!((disk.sectors, disk.sector_size), (64, 512));
        f(disk);
    })
}

/// Reads and writes.
fn run(bad: &'static str) -> Result<(), BugCheck> {
    with_disk(bad, |disk| {
        let data: Vec<u8> = (0..20 * 512).map(|n| (n * 31 / 7) as u8).collect();
        disk.write(3, &data, false).unwrap();
        assert!(knobs(|k| k.medium[3 * 512..23 * 512] == data), "on the medium");
        let mut back = vec![0; data.len()];
        disk.read(3, &mut back).unwrap();
        assert!(back == data, "read back");
    })
}

/// The port sends no more requests than the depth that the miniport has set for the unit.
#[test]
fn a_unit_is_asked_for_no_more_than_its_depth() {
    with_disk("depth", |disk| {
        // Zero, and more than MaxIOsPerLun (255 by default), are refused.
        set_depth(&[0, 256, 255, 3]);
        let sent: Vec<_> = (0..8).map(|n| disk.send(n, Err(512)).unwrap()).collect();
        let mut rounds = Vec::new();
        while knobs(|k| !k.waiting.is_empty()) {
            rounds.push(knobs(|k| k.waiting.len()));
            complete_waiting();
        }
        assert_eq!(rounds, [3, 3, 2]);
        for request in sent {
            request.finish().unwrap();
        }
    })
    .unwrap_or_else(|b| panic!("{b}"));
    assert_eq!(knobs(|k| k.depths.clone()), [(0, false), (256, false), (255, true), (3, true)]);
}

const CASES: &[(&str, &Rule)] = &[
    ("double-completion", &rules::DOUBLE_COMPLETION),
    ("pending-status", &rules::PENDING_STATUS),
    ("start-io-false", &rules::START_IO_FAILED),
    ("long-stall", &rules::LONG_STALL),
    ("uncached-late", &rules::UNCACHED_LATE),
    ("reset-incomplete", &rules::RESET_INCOMPLETE),
    ("transfer-length", &rules::TRANSFER_LENGTH),
    ("lock-order", &rules::LOCK_ORDER),
    ("wrong-place", &rules::WRONG_PLACE),
];

#[test]
fn a_clean_miniport_breaks_no_rule() {
    run("").unwrap_or_else(|b| panic!("{b}"));
    run("lock-good").unwrap_or_else(|b| panic!("{b}"));
    // A request that does not come back is reset and tried again.
    run("reset").unwrap_or_else(|b| panic!("{b}"));
    assert_eq!(knobs(|k| k.seen.clone()), ["reset"]);
}

#[test]
fn each_rule_finds_its_violator() {
    for (bad, rule) in CASES {
        match run(bad) {
            Ok(()) => panic!("rule {} was not found broken", rule.id),
            Err(b) => assert_eq!(b.rule, Some(rule.id), "{bad}: {b}"),
        }
    }
}

#[test]
fn every_rule_has_a_violator() {
    let tested: BTreeSet<&str> = CASES.iter().map(|(_, rule)| rule.id).collect();
    let all: BTreeSet<&str> = rules::ALL.iter().map(|rule| rule.id).collect();
    assert_eq!(all, tested);
}
