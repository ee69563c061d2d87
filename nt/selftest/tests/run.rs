//! Runs the self-test driver, as built, in the stand-in kernel: each of nt's wrappers works in the
//! binary that a Windows kernel would load, breaks no rule of the verifier, and leaves nothing behind.
//!
//! `cargo xtask test` builds the driver and sets `XENPV_DRIVERS`.
#![allow(unsafe_code, reason = "loads a driver")]

use std::path::Path;

use ntsim::cm;
use ntsim::io::driver;
use ntsim::pnp::{self, service, store::Source};
use ntsim_host::Sim;

const NAME: &str = "nt-selftest";

fn image() -> Vec<u8> {
    let folder = std::env::var_os("XENPV_DRIVERS").expect("XENPV_DRIVERS: run `cargo xtask test`");
    let path = Path::new(&folder).join(NAME).with_extension("sys");
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Loads and unloads the driver; what the simulation logged, if anything went wrong.
fn load_and_unload(image: Vec<u8>, seed: u64, processors: u32) -> Result<u64, String> {
    let sim = Sim::builder().seed(seed).processors(processors).build();
    let outcome = sim.run(|| {
        let path = format!("System32\\drivers\\{NAME}.sys");
        pnp::state().store.lock().files.insert(path.to_lowercase(), Source::Image(image));
        let key = service::key(NAME);
        cm::set_dword(&key, "Type", 1, false);
        cm::set_dword(&key, "Start", 3, false);
        cm::set_dword(&key, "ErrorControl", 1, false);
        cm::set_sz(&key, "ImagePath", &path);
        // SAFETY: on a system thread at PASSIVE_LEVEL; the image is a driver.
        let object =
            unsafe { service::load(NAME) }.map_err(|status| format!("DriverEntry: {status:#010x}"))?;
        // SAFETY: loaded just above, without devices.
        if unsafe { driver::unload(object) } { Ok(()) } else { Err("DriverUnload was refused".to_owned()) }
    });
    match outcome {
        Ok(Ok(())) => Ok(sim.trace_hash()),
        Ok(Err(text)) => Err(format!("{text}\n{}", sim.log().join("\n"))),
        Err(bugcheck) => Err(format!("{bugcheck}\n{}", sim.log().join("\n"))),
    }
}

#[test]
fn every_wrapper_works_as_a_binary() {
    let image = image();
    for seed in 0..40 {
        let processors = 1 + (seed % 4) as u32;
        if let Err(text) = load_and_unload(image.clone(), seed, processors) {
            panic!("seed {seed}, {processors} processors: {text}");
        }
    }
}

#[test]
fn a_seed_replays() {
    let image = image();
    let first = load_and_unload(image.clone(), 7, 4).expect("first run");
    assert_eq!(load_and_unload(image, 7, 4).expect("second run"), first);
}
