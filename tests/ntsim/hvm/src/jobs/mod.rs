//! What the guest does: chosen by `job=` on the command line.

use alloc::string::String;

use crate::{engine, multiboot::Module};

/// The first thread.
pub fn main(command: &str, modules: &[Module]) {
    let job = option(command, "job").unwrap_or_default();
    say!("hvm: job {job}, {} modules", modules.len());
    match job.as_str() {
        "hello" => {
            for _ in 0..5 {
                sleep(100);
                say!("hvm: tick at {} ms", crate::time::now() / 1_000_000);
            }
        }
        other => say!("hvm: there is no job `{other}`"),
    }
    engine::stop("done");
}

/// The value of `name=value` on the command line.
pub fn option(command: &str, name: &str) -> Option<String> {
    command.split_whitespace().find_map(|word| word.strip_prefix(name)?.strip_prefix('=').map(String::from))
}

/// Sleeps; PASSIVE_LEVEL.
pub fn sleep(ms: u64) {
    use ntsim::ke::wait::{Timeout, wait};
    // Nothing to wait for but the timeout: STATUS_TIMEOUT is what is wanted.
    let _ = unsafe { wait(&[], false, false, Timeout::millis(ms), core::ptr::null_mut()) };
}
