//! The host's `xl`. Disks are files: the system a qcow2 overlay over its base (QEMU's back-end), the data
//! disk raw (xen-blkback over a loop device).

use std::time::Duration;

use crate::{
    runner::{Host, Input, Trouble},
    toolstack::{Args, Boot, Done, Firmware, State, System, Toolstack, Vm},
};

/// Saving and restoring a guest's memory to a slow disk.
const LONG: Duration = Duration::from_secs(900);

/// `xl` at work.
pub struct Xl {
    host: Host,
    store: String,
    lines: String,
}

/// The configuration of a guest.
///
/// Reboot and power-off end the domain: the orchestrator starts every boot itself.
#[must_use]
pub fn config(vm: &Vm, boot: &Boot, folder: &str) -> String {
    let mut disks = vec![
        format!("format=qcow2,vdev=xvda,access=rw,backendtype=qdisk,target={folder}/{}.qcow2", vm.name),
        format!("format=raw,vdev=xvde,access=rw,target={folder}/{}.data", vm.name),
    ];
    for (image, device) in boot.images.iter().zip(["hdc", "hdd"]) {
        disks.push(format!("format=raw,vdev={device},access=ro,devtype=cdrom,target={image}"));
    }
    let disks: Vec<String> = disks.iter().map(|disk| format!("  '{disk}',\n")).collect();
    let firmware = match vm.firmware {
        Firmware::Bios => "bios = 'seabios'",
        Firmware::Uefi => "bios = 'ovmf'",
    };
    format!(
        "name = '{name}'\ntype = 'hvm'\n{firmware}\nmemory = {memory}\nvcpus = {processors}\nviridian = 1\n\
         xen_platform_pci = 1\nboot = 'dc'\ndisk = [\n{disks}]\n\
         vif = ['model=e1000,bridge={bridge}']\nserial = 'file:{serial}'\nvga = 'stdvga'\nvnc = 1\n\
         usb = 1\nusbdevice = ['tablet']\nacpi_s3 = 1\nacpi_s4 = 1\n\
         on_poweroff = 'destroy'\non_reboot = 'destroy'\non_crash = 'preserve'\n",
        name = vm.name,
        memory = vm.memory,
        processors = vm.processors,
        bridge = vm.bridge,
        serial = boot.serial,
        disks = disks.concat(),
    )
}

impl Xl {
    /// With disks and images below `store` on the host.
    #[must_use]
    pub fn new(host: Host, store: &str) -> Self {
        Self { host, store: store.to_owned(), lines: String::new() }
    }

    /// With more lines for every guest's configuration. They come last: what they set again counts as they have it.
    #[must_use]
    pub fn with_lines(mut self, lines: &str) -> Self {
        self.lines = lines.to_owned();
        self
    }

    fn base(&self, key: &str) -> String {
        format!("{}/base/{key}.qcow2", self.store)
    }

    fn file(&self, vm: &Vm, ending: &str) -> String {
        format!("{}/{}.{ending}", self.folder(&vm.run), vm.name)
    }

    fn configure(&self, vm: &Vm, boot: &Boot) -> Result<String, Trouble> {
        let path = self.file(vm, "cfg");
        let text = config(vm, boot, &self.folder(&vm.run)) + &self.lines;
        self.host.put(&path, Input::Bytes(text.as_bytes()))?;
        Ok(path)
    }

    fn domains(&self, run: &str) -> Result<Vec<String>, Trouble> {
        let prefix = format!("winhost-{run}-");
        let list = self.host.ok(&["xl", "list"])?;
        let names = list.lines().skip(1).filter_map(|line| line.split_whitespace().next());
        Ok(names.filter(|name| name.starts_with(&prefix)).map(str::to_owned).collect())
    }

    /// Destroys a domain, if it is there.
    fn end(&self, name: &str) -> Result<(), Trouble> {
        if self.host.maybe(&["xl", "list", name])?.is_none() {
            return Ok(());
        }
        let ended = self.host.ok(&["xl", "destroy", name]);
        // It may have gone by itself in between: xl's own daemon ends a domain that powers off.
        if self.host.maybe(&["xl", "list", name])?.is_none() { Ok(()) } else { ended.map(drop) }
    }

    /// Loop devices over files of a folder: device names.
    fn loops(&self, folder: &str) -> Result<Vec<String>, Trouble> {
        let below = format!("{folder}/");
        let list = self.host.ok(&["losetup", "--list", "--noheadings", "--output", "NAME,BACK-FILE"])?;
        Ok(list
            .lines()
            .filter_map(|line| line.trim().split_once(' '))
            .filter(|(_, file)| file.trim().starts_with(&below))
            .map(|(device, _)| device.to_owned())
            .collect())
    }
}

impl Toolstack for Xl {
    fn host(&self) -> &Host {
        &self.host
    }

    fn probe(&self) -> Result<String, Trouble> {
        let info = self.host.ok(&["xl", "info"])?;
        let value = |key: &str| {
            let line =
                info.lines().find(|line| line.split(':').next().is_some_and(|name| name.trim() == key));
            line.and_then(|line| Some(line.split_once(':')?.1.trim().to_owned())).unwrap_or_default()
        };
        Ok(format!("xl, Xen {}", value("xen_version")))
    }

    fn has_base(&self, key: &str) -> Result<bool, Trouble> {
        Ok(self.host.maybe(&["test", "-f", &self.base(key)])?.is_some())
    }

    fn import_base(&self, key: &str, path: &str, _vm: &Vm) -> Result<(), Trouble> {
        let (base, part) = (self.base(key), format!("{}.part", self.base(key)));
        self.host.ok(&["mkdir", "-p", &format!("{}/base", self.store)])?;
        self.host.ok_within(&["qemu-img", "convert", "-O", "qcow2", path, &part], LONG * 4)?;
        self.host.ok(&["mv", &part, &base]).map(drop)
    }

    fn make_disks(&self, vm: &Vm, system: &System) -> Result<(), Trouble> {
        self.host.ok(&["mkdir", "-p", &self.folder(&vm.run)])?;
        let (disk, data) = (self.file(vm, "qcow2"), self.file(vm, "data"));
        match system {
            System::Empty(size) => {
                self.host.ok(&["qemu-img", "create", "-q", "-f", "qcow2", &disk, &format!("{size}G")])?
            }
            System::Base(key) => {
                let base = self.base(key);
                self.host
                    .ok(&["qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", &base, &disk])?
            }
        };
        self.host.ok(&["rm", "-f", &data])?;
        self.host.ok(&["truncate", "-s", "4G", &data]).map(drop)
    }

    fn keep_base(&self, vm: &Vm, key: &str) -> Result<(), Trouble> {
        self.host.ok(&["mkdir", "-p", &format!("{}/base", self.store)])?;
        self.host.ok(&["mv", &self.file(vm, "qcow2"), &self.base(key)]).map(drop)
    }

    fn start(&self, vm: &Vm, boot: &Boot) -> Result<(), Trouble> {
        self.destroy(vm)?;
        let path = self.configure(vm, boot)?;
        self.host.ok_within(&["xl", "create", &path], Duration::from_secs(180)).map(drop)
    }

    fn state(&self, vm: &Vm) -> Result<State, Trouble> {
        let Some(list) = self.host.maybe(&["xl", "list", &vm.name])? else { return Ok(State::Gone) };
        // Name ID Mem VCPUs State Time(s)
        let fields: Vec<&str> = list.lines().nth(1).unwrap_or_default().split_whitespace().collect();
        let id = fields.get(1).and_then(|id| id.parse().ok());
        match (id, fields.get(4)) {
            (Some(id), Some(state)) if state.contains('c') => Ok(State::Crashed(id)),
            // Shut down and not yet destroyed, or dying.
            (Some(_), Some(state)) if state.contains('s') || state.contains('d') => Ok(State::Gone),
            (Some(id), Some(_)) => Ok(State::Running(id)),
            _ => Err(Trouble::Failed(format!("`xl list {}` printed: {list}", vm.name))),
        }
    }

    fn destroy(&self, vm: &Vm) -> Result<(), Trouble> {
        self.end(&vm.name)
    }

    fn act(&self, vm: &Vm, again: &Boot, what: &str, args: &Args) -> Result<Done, Trouble> {
        let name = vm.name.as_str();
        let spare = self.file(vm, "spare");
        let saved = self.file(vm, "saved");
        match what {
            "suspend" => {
                self.host.ok_within(&["xl", "save", name, &saved], LONG)?;
                let path = self.configure(vm, again)?;
                self.host.ok_within(&["xl", "restore", &path, &saved], LONG)?;
                self.host.ok(&["rm", "-f", &saved])?;
            }
            "cancelled-suspend" => {
                self.host.ok_within(&["xl", "save", "-c", name, &saved], LONG)?;
                self.host.ok(&["rm", "-f", &saved])?;
            }
            "migrate" => {
                let path = self.configure(vm, again)?;
                let receive = "xl migrate-receive";
                self.host.ok_within(&["xl", "migrate", "-C", &path, "-s", "", name, receive], LONG)?;
            }
            "attach-disk" => {
                self.host.ok(&["truncate", "-s", "1G", &spare])?;
                let disk = format!("format=raw,vdev=xvdf,access=rw,target={spare}");
                self.host.ok(&["xl", "block-attach", name, &disk])?;
            }
            "detach-disk" => {
                self.host.ok(&["xl", "block-detach", name, "xvdf"])?;
                self.host.ok(&["rm", "-f", &spare])?;
            }
            "attach-nic" => {
                let nic = format!("bridge={}", vm.bridge);
                self.host.ok(&["xl", "network-attach", name, &nic, "mac=00:16:3e:77:00:02"])?;
            }
            "detach-nic" => {
                self.host.ok(&["xl", "network-detach", name, "00:16:3e:77:00:02"])?;
            }
            "wake" => {
                self.host.ok(&["xl", "trigger", name, "s3resume"])?;
            }
            "data-sum" => {
                let bytes = args.get("bytes").filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
                let bytes = bytes.cloned().unwrap_or_else(|| "0".to_owned());
                let script = "head -c \"$0\" -- \"$1\" | sha256sum | cut -d' ' -f1";
                let sum = self.host.ok_within(&["sh", "-c", script, &bytes, &self.file(vm, "data")], LONG)?;
                return Ok(Done::Yes(sum.trim().to_owned()));
            }
            _ => return Ok(Done::Unsupported),
        }
        Ok(Done::Yes(String::new()))
    }

    fn nmi(&self, vm: &Vm) -> Result<(), Trouble> {
        self.host.ok(&["xl", "trigger", &vm.name, "nmi"]).map(drop)
    }

    fn press_key(&self, vm: &Vm) -> Result<(), Trouble> {
        self.host.maybe(&["xl", "qemu-monitor-command", &vm.name, "sendkey ret"]).map(drop)
    }

    fn logs(&self, vm: &Vm) -> Result<Vec<(String, String)>, Trouble> {
        let mut logs = vec![("xen.log".to_owned(), self.host.maybe(&["xl", "dmesg"])?.unwrap_or_default())];
        for (kept, file) in [
            ("xl.log", format!("/var/log/xen/xl-{}.log", vm.name)),
            ("qemu.log", format!("/var/log/xen/qemu-dm-{}.log", vm.name)),
        ] {
            let text = String::from_utf8_lossy(&self.host.tail(&file, 0)?).into_owned();
            if !text.is_empty() {
                logs.push((kept.to_owned(), text));
            }
        }
        Ok(logs)
    }

    fn leftovers(&self, run: &str) -> Result<Vec<String>, Trouble> {
        let folder = self.folder(run);
        let mut found = self.domains(run)?;
        found.extend(self.loops(&folder)?);
        if self.host.maybe(&["test", "-e", &folder])?.is_some() {
            found.push(folder);
        }
        Ok(found)
    }

    fn sweep(&self, run: &str) -> Result<(), Trouble> {
        let folder = self.folder(run);
        for name in self.domains(run)? {
            self.end(&name)?;
        }
        for device in self.loops(&folder)? {
            // The hotplug script may be faster; `leftovers` tells.
            self.host.maybe(&["losetup", "-d", &device])?;
        }
        self.host.ok_within(&["rm", "-rf", "--", &folder], LONG).map(drop)
    }

    fn folder(&self, run: &str) -> String {
        format!("{}/run/{run}", self.store)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_has_what_the_rules_need() {
        let vm = Vm {
            run: "r".into(),
            name: "winhost-r-c".into(),
            firmware: Firmware::Uefi,
            memory: 4096,
            processors: 2,
            bridge: "xenbr0".into(),
        };
        let boot =
            Boot { incarnation: 3, images: vec!["/w.iso".into(), "/p.iso".into()], serial: "/s/3".into() };
        let text = config(&vm, &boot, "/f");
        for line in [
            "bios = 'ovmf'",
            "on_reboot = 'destroy'",
            "on_crash = 'preserve'",
            "serial = 'file:/s/3'",
            "  'format=raw,vdev=hdc,access=ro,devtype=cdrom,target=/w.iso',",
            "  'format=raw,vdev=hdd,access=ro,devtype=cdrom,target=/p.iso',",
            "  'format=raw,vdev=xvde,access=rw,target=/f/winhost-r-c.data',",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} in\n{text}");
        }
    }
}
