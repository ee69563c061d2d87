//! A driver of a test, installed and started on the PCI bus.
#![allow(clippy::result_large_err, reason = "a bug check ends the run")]

use std::rc::Rc;

use ntsim::{
    io::driver::Entry,
    pnp::{boot, install, store::Source},
};
use ntsim_host::{BugCheck, Sim};

use super::{
    driver::{KNOBS, Knobs, knobs},
    pci::{Function, PciMachine, Shared},
};

/// Its package.
pub const INF: &str = "[Version]\nSignature=\"$Windows NT$\"\nClassGuid={4d36e97d-e325-11ce-bfc1-08002be10318}\n\
[Manufacturer]\nV=M,NTamd64\n[M.NTamd64]\nD=I,PCI\\VEN_5853&DEV_0001\n[I]\nCopyFiles=@t.sys\n\
[DestinationDirs]\nDefaultDestDir=12\n[I.Services]\nAddService=t,2,S\n[S]\nServiceType=1\nStartType=3\nErrorControl=1\n\
ServiceBinary=%12%\\t.sys\n";
/// The driver's device.
pub const DEVICE: &str = "PCI\\VEN_5853&DEV_0001";

/// A machine with the device, and a driver without misbehaviour.
pub fn machine() -> Sim {
    let shared = Rc::new(Shared::default());
    shared.functions.borrow_mut().insert((2, 0), Function::new(0x5853, 1));
    KNOBS.with(|k| *k.borrow_mut() = Knobs::default());
    Sim::builder().machine(Box::new(PciMachine { shared, cpus: 1 })).build()
}

/// Starts the driver with some misbehaviour, runs `f` on a kernel thread, and gives the outcome.
pub fn run(entry: Entry, misbehaviour: &[&'static str], f: impl FnOnce() + 'static) -> Result<(), BugCheck> {
    let sim = machine();
    knobs(|k| k.bad.extend(misbehaviour));
    sim.run(move || {
        install::add_package("t.inf", INF.as_bytes(), vec![("t.sys".into(), Source::Native(entry))]).unwrap();
        boot::run();
        f();
    })
}
