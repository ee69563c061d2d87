//! Installing a driver package on a device by its INF file, change by change, as Windows does.

use inf_file::{Hive as Root, Install, NoLibrary, RegData, RegOp, System};
use xenpv_setup::{
    names::{CLASS, Driver, ENUM, SERVICES},
    registry::{Registry, Value},
};

use crate::{
    files::{Image, Package, store_folder},
    windows::Windows,
};

impl Windows {
    /// Puts a package of a release into the driver store.
    ///
    /// # Errors
    /// There is no such release.
    pub fn stage(&mut self, driver: Driver, version: &str) -> Result<(), String> {
        if self.files().packages.iter().any(|package| package.driver == driver && package.version == version)
        {
            return Ok(());
        }
        if !self.machine.releases.contains_key(version) {
            return Err(format!("there is no release {version}"));
        }
        let folder = store_folder(driver, version);
        let path = format!("{folder}\\{}.sys", driver.name());
        let version = version.to_owned();
        let image = Image { driver, version: version.clone() };
        self.change_files(move |files| {
            files.images.insert(path, image);
        });
        let used: Vec<String> =
            self.files().packages.iter().map(|package| package.published.clone()).collect();
        let published =
            (0..).map(|n| format!("oem{n}.inf")).find(|name| !used.contains(name)).unwrap_or_default();
        self.change_files(move |files| files.packages.push(Package { published, driver, version, folder }));
        Ok(())
    }

    /// Binds a package of the store to a device instance.
    ///
    /// # Panics
    /// When the tree's INF file does not fit its own device.
    pub fn bind(&mut self, instance: &str, package: &Package) {
        let release = self.machine.releases[&package.version].clone();
        let inf = release.inf(package.driver);
        let system = System::windows10(self.machine.build);
        let (device, _) = instance.rsplit_once('\\').unwrap_or((instance, ""));
        let models = inf.models(&system).expect("models");
        let model = models
            .iter()
            .find(|model| device.to_ascii_uppercase().starts_with(&model.hardware_id.to_ascii_uppercase()))
            .expect("the INF file fits its device");
        let install = inf.install(&model.install, model.line, &system, &NoLibrary).expect("install section");
        for file in install.files.iter().filter(|file| file.dirid == 12) {
            let image = Image { driver: package.driver, version: package.version.clone() };
            let path = format!("system32\\drivers\\{}", file.destination.to_ascii_lowercase());
            self.change_files(move |files| {
                files.images.insert(path, image);
            });
        }
        if self.weather.enum_first {
            self.bind_keys(instance, package, &install);
            self.bind_services(package, &install);
        } else {
            self.bind_services(package, &install);
            self.bind_keys(instance, package, &install);
        }
    }

    fn bind_services(&mut self, package: &Package, install: &Install) {
        for (service, entry) in
            install.services.iter().filter_map(|add| Some((add.name.clone(), add.install.clone()?)))
        {
            let key = format!("{SERVICES}\\{service}");
            let image = entry
                .binary
                .replace("%13%", &format!("\\SystemRoot\\{}", package.folder))
                .replace("%12%", "System32\\drivers");
            for (name, value) in [
                ("Type", Value::Dword(entry.service_type)),
                ("Start", Value::Dword(entry.start_type)),
                ("ErrorControl", Value::Dword(entry.error_control)),
                ("ImagePath", Value::ExpandSz(image)),
                ("Group", Value::Sz(entry.group.clone())),
            ] {
                self.set(&key, name, value);
            }
            // A service that is installed again is not deleted any more.
            self.unset(&key, "DeleteFlag");
            for op in &entry.add_reg {
                self.add_reg(&key, op);
            }
        }
    }

    fn bind_keys(&mut self, instance: &str, package: &Package, install: &Install) {
        let key = format!("{ENUM}\\{instance}");
        let class = class_of(package.driver);
        let driver = self.hive().text(&key, "Driver").unwrap_or_else(|| {
            let used = self.hive().subkeys(&format!("{CLASS}\\{class}"));
            let free = (0..).map(|n| format!("{n:04}")).find(|name| !used.contains(name)).unwrap_or_default();
            format!("{class}\\{free}")
        });
        let software = format!("{CLASS}\\{driver}");
        self.set(&software, "InfPath", Value::Sz(package.published.clone()));
        self.set(&software, "DriverVersion", Value::Sz(package.version.clone()));
        for op in &install.add_reg {
            self.add_reg(&software, op);
        }
        if package.driver == Driver::Net {
            self.set(&software, "NetCfgInstanceId", Value::Sz(format!("{{{instance}}}")));
        }
        for op in &install.hardware_add_reg {
            self.add_reg(&format!("{key}\\Device Parameters"), op);
        }
        self.set(&key, "Driver", Value::Sz(driver));
        self.set(&key, "Service", Value::Sz(package.driver.name().into()));
        self.set(&key, "ConfigFlags", Value::Dword(0));
    }

    fn add_reg(&mut self, root: &str, op: &RegOp) {
        if op.hive != Root::Relative {
            return;
        }
        let key = if op.key.is_empty() { root.to_owned() } else { format!("{root}\\{}", op.key) };
        let there = self.hive().value(&key, &op.value).is_some();
        if op.flags & RegOp::NOCLOBBER != 0 && there {
            return;
        }
        let Some(data) = &op.data else { return };
        let value = match data {
            RegData::Sz(text) => Value::Sz(text.clone()),
            RegData::ExpandSz(text) => Value::ExpandSz(text.clone()),
            RegData::MultiSz(list) => Value::MultiSz(list.clone()),
            RegData::Dword(number) => Value::Dword(*number),
            RegData::Raw(kind, bytes) => Value::Other(*kind, bytes.clone()),
        };
        self.set(&key, &op.value, value);
    }
}

fn class_of(driver: Driver) -> &'static str {
    match driver {
        Driver::Pci => "{4d36e97d-e325-11ce-bfc1-08002be10318}",
        Driver::Vbd => "{4d36e97b-e325-11ce-bfc1-08002be10318}",
        Driver::Net => "{4d36e972-e325-11ce-bfc1-08002be10318}",
    }
}
