//! What the guest does: chosen by `job=` on the command line.

mod disk;
mod ending;
mod files;
mod hypercalls;
mod iperf;
mod load;
mod net;
mod netbench;
mod serve;
mod system;
mod winhost;

use alloc::string::String;

use ntsim::kernel::config::OnViolation;

use crate::{engine, multiboot::Module};

/// The first thread.
pub fn main(command: &str, modules: &[Module]) {
    let job = option(command, "job").unwrap_or_default();
    say!("hvm: job {job}, {} modules", modules.len());
    let result = match job.as_str() {
        "hello" => hello(),
        "hypercalls" => hypercalls::run(),
        "boot" => system::boot(modules).map(drop),
        "serve" => serve::run(modules),
        "winhost" => winhost::run(command),
        other => Err(alloc::format!("there is no job `{other}`")),
    };
    let reports = ntsim::kernel().verifier.reports();
    for report in &reports {
        say!("hvm: VERIFIER {}: {}", report.rule.id, report.text);
    }
    match result {
        Ok(()) if reports.is_empty() => say!("hvm: PASS {job}"),
        Ok(()) => say!("hvm: FAIL {job}: {} verifier reports", reports.len()),
        Err(why) => say!("hvm: FAIL {job}: {why}"),
    }
    engine::stop("done");
}

/// What a verifier report does: it ends the guest, or becomes a result of a test.
pub fn on_violation(command: &str) -> OnViolation {
    match option(command, "job").as_deref() {
        Some("winhost") => OnViolation::Collect,
        _ => OnViolation::Bugcheck,
    }
}

/// Threads sleep, the clock ticks.
fn hello() -> Result<(), String> {
    for _ in 0..5 {
        ntsim::pnp::manager::sleep_ms(100);
        say!("hvm: tick at {} ms", crate::time::now() / 1_000_000);
    }
    Ok(())
}

/// The value of `name=value` on the command line.
pub fn option(command: &str, name: &str) -> Option<String> {
    command.split_whitespace().find_map(|word| word.strip_prefix(name)?.strip_prefix('=').map(String::from))
}
