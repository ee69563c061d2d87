//! `xenpvmsi.dll`: the custom actions of the MSI.
//!
//! Windows Installer can run a program by itself, but then shows its own text for every failure ("there is a
//! problem with this Windows Installer package") and takes exit code 3010 for one. So these actions run
//! `xenpv-setup.exe` (the contract is in installer/README.md), show its lines as progress and its last words as the
//! error, and remember that a reboot is needed.

pub mod call;
#[cfg(windows)]
mod windows;
