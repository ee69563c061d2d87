//! Windows itself as a [`System`].

mod devices;
mod disk;
mod eventlog;
mod network;
mod registry;
mod service;
mod system32;
mod text;

use std::{
    fs::OpenOptions,
    io::Write as _,
    path::{Path, PathBuf},
};

pub use disk::turn;
pub use eventlog::{Severity, report};
pub use service::{run_as_service, start as start_boot_service};
pub use system32::only_from_system32;

use crate::{
    names::{BOOT_SERVICE, Driver},
    net::{self, Interface},
    package,
    plan::boot_command,
    registry::{Registry, Value},
    step::{Failure, Outcome, Step},
    system::{BootDisk, Os, Place, Presence, StorePackage, System},
};

/// The running Windows.
pub struct Windows {
    log: Option<PathBuf>,
    progress: bool,
}

impl Windows {
    /// With a log file, and with a line on standard output for every step.
    #[must_use]
    pub fn new(log: Option<PathBuf>, progress: bool) -> Self {
        Self { log, progress }
    }
}

impl Registry for Windows {
    fn value(&self, key: &str, name: &str) -> Option<Value> {
        registry::Key::open(key)?.value(name)
    }
    fn value_names(&self, key: &str) -> Vec<String> {
        registry::Key::open(key).map(|key| key.value_names()).unwrap_or_default()
    }
    fn subkeys(&self, key: &str) -> Vec<String> {
        registry::Key::open(key).map(|key| key.subkeys()).unwrap_or_default()
    }
    fn has_key(&self, key: &str) -> bool {
        registry::Key::open(key).is_some()
    }
}

/// The Windows folder: asked of Windows, as a user can set the variables of what is elevated for him.
#[must_use]
pub fn windows_folder() -> PathBuf {
    disk::windows_folder().unwrap_or_else(|| PathBuf::from(r"C:\Windows"))
}

impl System for Windows {
    fn os(&self) -> Os {
        let version = r"SOFTWARE\Microsoft\Windows NT\CurrentVersion";
        let environment = r"SYSTEM\CurrentControlSet\Control\Session Manager\Environment";
        let build = self.text(version, "CurrentBuildNumber").or_else(|| self.text(version, "CurrentBuild"));
        Os {
            build: build.and_then(|build| build.parse().ok()).unwrap_or(0),
            x64: self
                .text(environment, "PROCESSOR_ARCHITECTURE")
                .is_none_or(|name| name.eq_ignore_ascii_case("AMD64")),
            client: self
                .text(version, "InstallationType")
                .is_none_or(|kind| kind.eq_ignore_ascii_case("Client")),
            administrator: disk::is_administrator(),
            free: disk::free_bytes(&windows_folder()),
        }
    }

    fn store(&self) -> Vec<StorePackage> {
        let Ok(entries) = std::fs::read_dir(windows_folder().join("INF")) else { return Vec::new() };
        let mut out: Vec<StorePackage> = entries
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| {
                let name = name.to_ascii_lowercase();
                // Wine leaves a package its name.
                (name.starts_with("oem") || name.starts_with("xenpv")) && name.ends_with(".inf")
            })
            .filter_map(|published| {
                let copy = windows_folder().join("INF").join(&published);
                let (driver, version) = package::recognize(&published, &std::fs::read(&copy).ok()?)?;
                let inf = devices::store_location(&published).unwrap_or(copy);
                Some(StorePackage { published, driver, version, inf })
            })
            .collect();
        out.sort_by(|a, b| a.published.cmp(&b.published));
        out
    }

    fn presence(&self, instance: &str) -> Option<Presence> {
        devices::presence(instance)
    }

    fn boot_disk(&self) -> BootDisk {
        disk::boot_disk()
    }

    fn interfaces(&self) -> Vec<Interface> {
        network::interfaces(self)
    }

    fn read_file(&self, path: &Path) -> Result<Vec<u8>, String> {
        std::fs::read(path).map_err(|error| error.to_string())
    }

    fn file_exists(&self, path: &str) -> bool {
        let lower = path.to_ascii_lowercase();
        let rest = [r"\systemroot\", r"%systemroot%\", r"\??\c:\windows\"]
            .iter()
            .find_map(|start| lower.strip_prefix(start));
        windows_folder().join(rest.unwrap_or(&lower)).exists()
    }

    fn copied_driver(&self, driver: Driver) -> Option<PathBuf> {
        let path = windows_folder().join("System32").join("drivers").join(format!("{}.sys", driver.name()));
        path.exists().then_some(path)
    }

    fn place(&self) -> Place {
        let programs = self
            .text(r"SOFTWARE\Microsoft\Windows\CurrentVersion", "ProgramFilesDir")
            .unwrap_or_else(|| r"C:\Program Files".into());
        let program = std::env::current_exe().unwrap_or_else(|_| PathBuf::from("xenpv-setup.exe"));
        let refuge = PathBuf::from(format!(r"{programs}\XenPV Boot\xenpv-setup.exe"));
        // Not by the components: Windows' paths have no case.
        let below = format!("{programs}\\").to_lowercase();
        let loose = !program.to_string_lossy().to_lowercase().starts_with(&below);
        let kept =
            std::fs::read(&refuge).is_ok_and(|copy| std::fs::read(&program).is_ok_and(|own| own == copy));
        Place { program, loose, refuge, kept }
    }

    fn apply(&mut self, step: &Step) -> Result<Outcome, Failure> {
        let file = |error: std::io::Error| Failure::new(error.to_string());
        match step {
            Step::Set { key, name, value } => registry::set(key, name, value)?,
            Step::Unset { key, name } => registry::unset(key, name)?,
            Step::DeleteKey { key } => registry::delete(key)?,
            Step::MakeVolatile { key } => registry::make_volatile(key)?,
            Step::Flush => registry::flush("SYSTEM")?,
            Step::Stage { inf } => devices::stage(inf)?,
            Step::Install { inf, force } => return devices::install(inf, *force),
            Step::Rescan => devices::rescan()?,
            Step::RemoveDevice { instance } => return devices::remove(instance),
            Step::RemovePackage { published } => devices::remove_package(published)?,
            Step::DeleteService { name } => {
                service::delete(name)?;
                if name == BOOT_SERVICE {
                    eventlog::unregister()?;
                }
            }
            Step::CreateBootService { program } => {
                eventlog::register()?;
                service::create(BOOT_SERVICE, "Xen PV boot guard", &boot_command(program))?;
            }
            Step::CopyProgram { to } => disk::replace(&self.place().program, to).map_err(file)?,
            Step::DeleteFile { path } => disk::delete_now_or_at_boot(path)?,
            Step::Configure { interface, config } => {
                let index =
                    network::index(interface).ok_or_else(|| Failure::new("the network interface is gone"))?;
                // All are tried: what is there already is refused, in the language of the system.
                let failed = net::netsh(index, config)
                    .iter()
                    .fold(None, |first, words| first.or(network::netsh(words).err()));
                if let Some(failure) = failed
                    && !network::interfaces(self)
                        .iter()
                        .any(|now| now.guid.eq_ignore_ascii_case(interface) && now.config.includes(config))
                {
                    return Err(failure);
                }
            }
        }
        Ok(Outcome::default())
    }

    fn log(&mut self, line: &str) {
        if self.progress {
            // The MSI shows these lines. That nobody listens any more stops nothing.
            let _ = writeln!(std::io::stdout(), "{}", line.chars().take(200).collect::<String>());
        }
        if let Some(path) = &self.log
            && let Ok(mut file) = OpenOptions::new().append(true).create(true).open(path)
        {
            // A log that cannot be written stops nothing.
            let _ = writeln!(file, "{} {line}", disk::time());
        }
    }
}
