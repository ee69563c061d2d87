//! `autounattend.xml`: Windows installs itself, logs on once, and runs `guest\Setup.ps1`.

use std::io;

use quick_xml::{
    Writer,
    events::{BytesDecl, BytesText, Event},
};

use crate::toolstack::Firmware;

type Xml = Writer<Vec<u8>>;

/// What is installed.
#[derive(Clone, Debug)]
pub struct Edition {
    /// Index of the image in `install.wim`.
    pub index: u32,
    /// Product key, where the medium wants one.
    pub key: Option<String>,
    /// Firmware of the guest, which decides the partitions.
    pub firmware: Firmware,
    /// Language and keyboard, such as `en-US`.
    pub locale: String,
}

/// The administrator's password in guests. They live for one run, behind the host's bridge.
pub const PASSWORD: &str = "Winhost-1";

/// What the first logon runs.
const SETUP: &str = "powershell.exe -NoProfile -ExecutionPolicy Bypass -Command \
    \"& ((Get-Volume -FileSystemLabel WINHOST).DriveLetter + ':\\guest\\Setup.ps1')\"";

/// Requirements of Windows 11 that a guest need not meet.
const CHECKS: [&str; 4] = ["BypassTPMCheck", "BypassSecureBootCheck", "BypassRAMCheck", "BypassCPUCheck"];

/// A partition: type, size in MiB (the rest of the disk without), file system, letter.
struct Partition(&'static str, Option<u32>, Option<&'static str>, Option<&'static str>);

const BIOS: &[Partition] = &[Partition("Primary", None, Some("NTFS"), Some("C"))];
const UEFI: &[Partition] = &[
    Partition("EFI", Some(260), Some("FAT32"), None),
    Partition("MSR", Some(16), None, None),
    Partition("Primary", None, Some("NTFS"), Some("C")),
];

fn text(xml: &mut Xml, name: &str, value: &str) -> io::Result<()> {
    xml.create_element(name).write_text_content(BytesText::new(value)).map(drop)
}

fn group(xml: &mut Xml, name: &str, inner: impl FnOnce(&mut Xml) -> io::Result<()>) -> io::Result<()> {
    xml.create_element(name).write_inner_content(inner).map(drop)
}

fn item(xml: &mut Xml, name: &str, inner: impl FnOnce(&mut Xml) -> io::Result<()>) -> io::Result<()> {
    xml.create_element(name).with_attribute(("wcm:action", "add")).write_inner_content(inner).map(drop)
}

fn pass(xml: &mut Xml, name: &str, inner: impl FnOnce(&mut Xml) -> io::Result<()>) -> io::Result<()> {
    xml.create_element("settings").with_attribute(("pass", name)).write_inner_content(inner).map(drop)
}

fn component(xml: &mut Xml, name: &str, inner: impl FnOnce(&mut Xml) -> io::Result<()>) -> io::Result<()> {
    xml.create_element("component")
        .with_attributes([
            ("name", name),
            ("processorArchitecture", "amd64"),
            ("publicKeyToken", "31bf3856ad364e35"),
            ("language", "neutral"),
            ("versionScope", "nonSxS"),
        ])
        .write_inner_content(inner)
        .map(drop)
}

fn languages(xml: &mut Xml, locale: &str) -> io::Result<()> {
    for name in ["InputLocale", "SystemLocale", "UILanguage", "UserLocale"] {
        text(xml, name, locale)?;
    }
    Ok(())
}

fn disk(xml: &mut Xml, firmware: Firmware) -> io::Result<()> {
    let partitions = if firmware == Firmware::Uefi { UEFI } else { BIOS };
    group(xml, "DiskConfiguration", |xml| {
        text(xml, "WillShowUI", "OnError")?;
        item(xml, "Disk", |xml| {
            text(xml, "DiskID", "0")?;
            text(xml, "WillWipeDisk", "true")?;
            group(xml, "CreatePartitions", |xml| {
                for (number, Partition(kind, size, ..)) in (1..).zip(partitions) {
                    item(xml, "CreatePartition", |xml| {
                        text(xml, "Order", &number.to_string())?;
                        text(xml, "Type", kind)?;
                        match size {
                            Some(size) => text(xml, "Size", &size.to_string()),
                            None => text(xml, "Extend", "true"),
                        }
                    })?;
                }
                Ok(())
            })?;
            group(xml, "ModifyPartitions", |xml| {
                for (number, Partition(_, _, format, letter)) in (1..).zip(partitions) {
                    let Some(format) = format else { continue };
                    item(xml, "ModifyPartition", |xml| {
                        text(xml, "Order", &number.to_string())?;
                        text(xml, "PartitionID", &number.to_string())?;
                        text(xml, "Format", format)?;
                        if firmware == Firmware::Bios {
                            text(xml, "Active", "true")?;
                        }
                        letter.map_or(Ok(()), |letter| text(xml, "Letter", letter))
                    })?;
                }
                Ok(())
            })
        })
    })
}

fn image(xml: &mut Xml, edition: &Edition) -> io::Result<()> {
    let system = if edition.firmware == Firmware::Uefi { UEFI.len() } else { BIOS.len() };
    group(xml, "ImageInstall", |xml| {
        group(xml, "OSImage", |xml| {
            group(xml, "InstallFrom", |xml| {
                item(xml, "MetaData", |xml| {
                    text(xml, "Key", "/IMAGE/INDEX")?;
                    text(xml, "Value", &edition.index.to_string())
                })
            })?;
            group(xml, "InstallTo", |xml| {
                text(xml, "DiskID", "0")?;
                text(xml, "PartitionID", &system.to_string())
            })
        })
    })
}

fn setup(xml: &mut Xml, edition: &Edition) -> io::Result<()> {
    disk(xml, edition.firmware)?;
    image(xml, edition)?;
    group(xml, "UserData", |xml| {
        text(xml, "AcceptEula", "true")?;
        edition.key.as_ref().map_or(Ok(()), |key| {
            group(xml, "ProductKey", |xml| {
                text(xml, "Key", key)?;
                text(xml, "WillShowUI", "OnError")
            })
        })
    })?;
    group(xml, "RunSynchronous", |xml| {
        for (number, check) in (1..).zip(CHECKS) {
            item(xml, "RunSynchronousCommand", |xml| {
                text(xml, "Order", &i32::to_string(&number))?;
                text(
                    xml,
                    "Path",
                    &format!("reg add HKLM\\SYSTEM\\Setup\\LabConfig /v {check} /t REG_DWORD /d 1 /f"),
                )
            })?;
        }
        Ok(())
    })
}

fn password(xml: &mut Xml, name: &str) -> io::Result<()> {
    group(xml, name, |xml| {
        text(xml, "Value", PASSWORD)?;
        text(xml, "PlainText", "true")
    })
}

fn first_logon(xml: &mut Xml) -> io::Result<()> {
    group(xml, "OOBE", |xml| {
        for name in [
            "HideEULAPage",
            "HideOEMRegistrationScreen",
            "HideOnlineAccountScreens",
            "HideWirelessSetupInOOBE",
        ] {
            text(xml, name, "true")?;
        }
        text(xml, "ProtectYourPC", "3")
    })?;
    group(xml, "UserAccounts", |xml| password(xml, "AdministratorPassword"))?;
    group(xml, "AutoLogon", |xml| {
        text(xml, "Enabled", "true")?;
        text(xml, "LogonCount", "1")?;
        text(xml, "Username", "Administrator")?;
        password(xml, "Password")
    })?;
    group(xml, "FirstLogonCommands", |xml| {
        item(xml, "SynchronousCommand", |xml| {
            text(xml, "Order", "1")?;
            text(xml, "CommandLine", SETUP)
        })
    })
}

/// The answer file.
///
/// # Errors
/// None in practice: it is written to memory.
pub fn answers(edition: &Edition) -> io::Result<String> {
    let mut xml = Writer::new_with_indent(Vec::new(), b' ', 2);
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("utf-8"), None)))?;
    xml.create_element("unattend")
        .with_attributes([
            ("xmlns", "urn:schemas-microsoft-com:unattend"),
            ("xmlns:wcm", "http://schemas.microsoft.com/WMIConfig/2002/State"),
        ])
        .write_inner_content(|xml| {
            pass(xml, "windowsPE", |xml| {
                component(xml, "Microsoft-Windows-International-Core-WinPE", |xml| {
                    group(xml, "SetupUILanguage", |xml| text(xml, "UILanguage", &edition.locale))?;
                    languages(xml, &edition.locale)
                })?;
                component(xml, "Microsoft-Windows-Setup", |xml| setup(xml, edition))
            })?;
            pass(xml, "specialize", |xml| {
                component(xml, "Microsoft-Windows-Shell-Setup", |xml| text(xml, "ComputerName", "WINHOST"))
            })?;
            pass(xml, "oobeSystem", |xml| {
                component(xml, "Microsoft-Windows-International-Core", |xml| {
                    languages(xml, &edition.locale)
                })?;
                component(xml, "Microsoft-Windows-Shell-Setup", first_logon)
            })
        })?;
    String::from_utf8(xml.into_inner()).map_err(io::Error::other)
}
