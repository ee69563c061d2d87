//! When nothing may be done: each reason in words, with what to do.

use serde::Serialize;

use crate::{
    facts::Facts,
    names::{OLDEST_BUILD, ROOM},
    package::{Package, Signing, numbers},
    state::Wanted,
    system::BootDisk,
};

/// A reason not to begin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// Short name, for scripts.
    pub code: &'static str,
    /// What is wrong and what to do.
    pub message: String,
}

fn refusal(code: &'static str, message: impl Into<String>) -> Refusal {
    Refusal { code, message: message.into() }
}

/// What may be asked for beyond the ordinary.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allowances {
    /// Take over from another vendor's drivers where there is an emulated disk to start from meanwhile.
    pub replace_others: bool,
    /// Install an older version than the one that is there.
    pub downgrade: bool,
}

/// Reasons that hold for every change.
fn any_change(facts: &Facts) -> Vec<Refusal> {
    let mut out = Vec::new();
    if let Some(os) = &facts.os
        && !os.administrator
    {
        out.push(refusal("rights", "this needs an administrator's rights; run it from an elevated prompt"));
    }
    if facts.safe_mode {
        out.push(refusal("safe-mode", "Windows runs in Safe Mode, where drivers cannot be installed or removed; restart normally and try again"));
    }
    if facts.mini_nt {
        out.push(refusal("windows-pe", "this is Windows PE or a recovery environment; use DISM /Image:… /Add-Driver for an offline system"));
    }
    if facts.setup {
        out.push(refusal(
            "windows-setup",
            "Windows Setup has not finished; wait until the first logon and try again",
        ));
    }
    out
}

/// Why a package may not be installed.
#[must_use]
pub fn install(facts: &Facts, package: &Package, allowed: Allowances) -> Vec<Refusal> {
    let mut out = any_change(facts);
    if let Some(os) = &facts.os {
        if !os.x64 {
            out.push(refusal("architecture", "these drivers are for x64 Windows only"));
        }
        if os.build < OLDEST_BUILD {
            out.push(refusal("build", format!("this is Windows build {}; the drivers need Windows 10 1607, Windows Server 2016 (build {OLDEST_BUILD}) or later", os.build)));
        }
        if os.free < ROOM {
            out.push(refusal(
                "disk-full",
                format!(
                    "the system drive has {} MiB free, {} MiB are needed; make room and try again",
                    os.free >> 20,
                    ROOM >> 20
                ),
            ));
        }
    }
    out.extend(signature(facts, package.signing));
    if facts.servicing {
        out.push(refusal(
            "servicing",
            "Windows waits for a restart to finish an update; restart and try again",
        ));
    }
    out.extend(others(facts, allowed));
    let state = &facts.state;
    if let (Some(Wanted::Installed), Some(there)) = (state.wanted, state.version.as_deref()) {
        if numbers(there) > numbers(&package.version) && !allowed.downgrade {
            out.push(refusal("downgrade", format!("version {there} is installed, {} is older; remove the newer one first, or use --downgrade", package.version)));
        }
        if facts.restart_due && there != package.version {
            out.push(refusal(
                "restart-due",
                format!("version {there} waits for a restart; restart and try again"),
            ));
        }
    }
    if facts.services.iter().any(|service| service.doomed) {
        out.push(refusal("restart-due", "a removal waits for a restart; restart and try again"));
    }
    out
}

/// Other vendors' drivers: two buses on one device, and who of them unplugs what?
fn others(facts: &Facts, allowed: Allowances) -> Vec<Refusal> {
    let mut out = Vec::new();
    if facts.others.is_empty() && facts.filters.is_empty() {
        return out;
    }
    if allowed.replace_others {
        // From the next start on theirs are not loaded, and ours have not proven anything yet.
        if facts.controllers.is_empty() {
            out.push(refusal("no-way-back", "Windows has never seen an emulated disk controller, so it could not start while the drivers of another vendor are replaced; give the virtual machine an emulated boot disk first"));
        }
        return out;
    }
    if !facts.others.is_empty() {
        out.push(refusal("other-vendor", format!(
            "Xen drivers of another vendor are installed (services {}); remove them with the program that installed them, restart, and try again, or use REPLACEOTHERS=1 (--replace-others)",
            facts.other_names()
        )));
    }
    for filter in &facts.filters {
        out.push(refusal("other-vendor-filter", format!(
            "another vendor's Xen driver is still hooked into the device class {} ({filter}); remove it with its vendor's clean-up program, restart, and try again, or use REPLACEOTHERS=1 (--replace-others)",
            filter.class()
        )));
    }
    out
}

/// Whether this system would load drivers with such a signature: a boot-start driver that it refuses
/// stops the boot.
fn signature(facts: &Facts, signing: Signing) -> Option<Refusal> {
    let server = facts.os.as_ref().is_some_and(|os| !os.client);
    match signing {
        Signing::Whql => None,
        Signing::Attested if !server => None,
        Signing::Attested => Some(refusal(
            "signature",
            "these drivers are signed for Windows 10 and 11 only; a server needs the WHQL-signed release",
        )),
        Signing::None => Some(refusal(
            "signature",
            "these drivers are not signed and Windows would not start with them; get a signed release",
        )),
        Signing::Test if facts.secure_boot => Some(refusal(
            "signature",
            "these drivers are test-signed and Secure Boot is on; switch Secure Boot off, or get a release that Microsoft signed",
        )),
        Signing::Test if !facts.test_signing => Some(refusal(
            "signature",
            "these drivers are test-signed and test signing is off; run `bcdedit /set testsigning on`, restart and try again, or get a release that Microsoft signed",
        )),
        Signing::Test => None,
    }
}

/// Why the drivers may not be removed.
#[must_use]
pub fn uninstall(facts: &Facts) -> Vec<Refusal> {
    let mut out = any_change(facts);
    if facts.boot_disk == Some(BootDisk::Pv) && facts.controllers.is_empty() {
        out.push(refusal("no-way-back", "Windows runs from a PV disk and has never seen an emulated disk controller, so it could not start without these drivers; give the virtual machine an emulated boot disk first"));
    }
    out
}
