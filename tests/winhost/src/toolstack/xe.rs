//! XAPI's `xe`, for XCP-ng and XenServer. Run on a host of the pool, as root.
//!
//! VMs are found by name, disks by `other-config:winhost=<run>`. ISO images are in a storage repository of the run's own over
//! its folder. The domains' xenstore and serial files are the host's own, so the guest is bound to this
//! host.

use std::time::Duration;

use crate::{
    runner::{Host, Trouble},
    toolstack::{Args, Boot, Done, Firmware, State, System, Toolstack, Vm},
};

const LONG: Duration = Duration::from_secs(900);
/// The template without any assumption.
const TEMPLATE: &str = "Other install media";

/// `xe` at work.
pub struct Xe {
    host: Host,
    store: String,
}

impl Xe {
    /// With images and serial files below `store` on the host.
    #[must_use]
    pub fn new(host: Host, store: &str) -> Self {
        Self { host, store: store.to_owned() }
    }

    /// Runs `xe`; what it printed, trimmed.
    fn xe(&self, arguments: &[&str]) -> Result<String, Trouble> {
        let mut argv = vec!["xe"];
        argv.extend(arguments);
        Ok(self.host.ok_within(&argv, LONG)?.trim().to_owned())
    }

    /// A list with `--minimal`: identifiers.
    fn list(&self, arguments: &[&str]) -> Result<Vec<String>, Trouble> {
        let mut argv = arguments.to_vec();
        argv.push("--minimal");
        let text = self.xe(&argv)?;
        Ok(text.split(',').filter(|id| !id.is_empty()).map(str::to_owned).collect())
    }

    fn only(&self, what: &str, arguments: &[&str]) -> Result<String, Trouble> {
        let found = self.list(arguments)?;
        found.into_iter().next().ok_or_else(|| Trouble::Failed(format!("the pool has no {what}")))
    }

    fn myself(&self) -> Result<String, Trouble> {
        let name = self.host.ok(&["hostname"])?;
        self.only("host of this name", &["host-list", &format!("hostname={}", name.trim()), "params=uuid"])
    }

    fn vm(&self, name: &str) -> Result<Option<String>, Trouble> {
        Ok(self.list(&["vm-list", &format!("name-label={name}"), "params=uuid"])?.into_iter().next())
    }

    fn must(&self, vm: &Vm) -> Result<String, Trouble> {
        self.vm(&vm.name)?.ok_or_else(|| Trouble::Failed(format!("the pool has no VM {}", vm.name)))
    }

    fn param(&self, uuid: &str, name: &str) -> Result<String, Trouble> {
        self.xe(&["vm-param-get", &format!("uuid={uuid}"), &format!("param-name={name}")])
    }

    fn set(&self, uuid: &str, settings: &[&str]) -> Result<(), Trouble> {
        let id = format!("uuid={uuid}");
        let mut argv = vec!["vm-param-set", &id];
        argv.extend(settings);
        self.xe(&argv).map(drop)
    }

    fn base_name(key: &str) -> String {
        format!("winhost-base-{key}")
    }

    fn uninstall(&self, uuid: &str) -> Result<(), Trouble> {
        if self.param(uuid, "power-state")? != "halted" {
            self.xe(&["vm-shutdown", &format!("uuid={uuid}"), "force=true"])?;
        }
        // Disks first: a VM that is killed half-way is still found by its name, a lone disk perhaps not.
        for vdi in self.disks_of(uuid)? {
            self.xe(&["vdi-destroy", &format!("uuid={vdi}")])?;
        }
        self.xe(&["vm-destroy", &format!("uuid={uuid}")]).map(drop)
    }

    fn disks_of(&self, uuid: &str) -> Result<Vec<String>, Trouble> {
        let mut disks =
            self.list(&["vbd-list", &format!("vm-uuid={uuid}"), "type=Disk", "params=vdi-uuid"])?;
        disks.retain(|vdi| vdi.len() == 36);
        Ok(disks)
    }

    /// A disk of so many GiB at a device number; its VDI.
    fn disk(&self, vm: &str, run: &str, device: &str, size: &str) -> Result<(String, String), Trouble> {
        let repository = self.xe(&["pool-list", "params=default-SR", "--minimal"])?;
        let vdi = self.xe(&[
            "vdi-create",
            &format!("sr-uuid={repository}"),
            &format!("name-label=winhost-{run}"),
            &format!("virtual-size={size}"),
            "type=user",
            &format!("other-config:winhost={run}"),
        ])?;
        let vbd = self.xe(&[
            "vbd-create",
            &format!("vm-uuid={vm}"),
            &format!("vdi-uuid={vdi}"),
            &format!("device={device}"),
            "type=Disk",
            "mode=RW",
            if device == "0" { "bootable=true" } else { "bootable=false" },
        ])?;
        Ok((vdi, vbd))
    }

    fn nic(&self, vm: &str, network: &str, device: &str) -> Result<String, Trouble> {
        let network = self
            .only("network of this name", &["network-list", &format!("bridge={network}"), "params=uuid"])?;
        self.xe(&[
            "vif-create",
            &format!("vm-uuid={vm}"),
            &format!("network-uuid={network}"),
            &format!("device={device}"),
            "mac=random",
        ])
    }

    /// An empty VM with what every guest of ours has.
    fn install(&self, vm: &Vm) -> Result<String, Trouble> {
        let template = self.only(
            "template for other media",
            &["template-list", &format!("name-label={TEMPLATE}"), "params=uuid"],
        )?;
        let uuid = self.xe(&[
            "vm-install",
            &format!("template={template}"),
            &format!("new-name-label={}", vm.name),
        ])?;
        self.nic(&uuid, &vm.bridge, "0")?;
        Ok(uuid)
    }

    fn shape(&self, uuid: &str, vm: &Vm) -> Result<(), Trouble> {
        let memory = format!("{}MiB", vm.memory);
        self.xe(&[
            "vm-memory-limits-set",
            &format!("uuid={uuid}"),
            &format!("static-min={memory}"),
            &format!("dynamic-min={memory}"),
            &format!("dynamic-max={memory}"),
            &format!("static-max={memory}"),
        ])?;
        let firmware = match vm.firmware {
            Firmware::Bios => "bios",
            Firmware::Uefi => "uefi",
        };
        self.set(
            uuid,
            &[
                &format!("VCPUs-max={}", vm.processors),
                &format!("VCPUs-at-startup={}", vm.processors),
                "HVM-boot-policy=BIOS order",
                "HVM-boot-params:order=dc",
                &format!("HVM-boot-params:firmware={firmware}"),
                "platform:secureboot=false",
                "platform:viridian=true",
                "platform:device-model=qemu-upstream-compat",
                // Else Windows Update brings another vendor's drivers.
                "has-vendor-device=false",
                "actions-after-shutdown=destroy",
                "actions-after-reboot=destroy",
                "actions-after-crash=preserve",
                &format!("affinity={}", self.myself()?),
            ],
        )
    }

    /// The ISO repository of the run, made when it is not there.
    fn isos(&self, run: &str) -> Result<String, Trouble> {
        let label = format!("winhost-{run}");
        if let Some(found) =
            self.list(&["sr-list", &format!("name-label={label}"), "params=uuid"])?.into_iter().next()
        {
            return Ok(found);
        }
        let folder = format!("{}/iso", self.folder(run));
        self.host.ok(&["mkdir", "-p", &folder])?;
        self.xe(&[
            "sr-create",
            &format!("name-label={label}"),
            "type=iso",
            "content-type=iso",
            "shared=false",
            &format!("host-uuid={}", self.myself()?),
            &format!("device-config:location={folder}"),
            "device-config:legacy_mode=true",
        ])
    }

    /// Puts images into the drives.
    fn load(&self, vm: &Vm, uuid: &str, images: &[String]) -> Result<(), Trouble> {
        for old in self.list(&["vbd-list", &format!("vm-uuid={uuid}"), "type=CD", "params=uuid"])? {
            self.xe(&["vbd-destroy", &format!("uuid={old}")])?;
        }
        let repository = self.isos(&vm.run)?;
        for (image, device) in images.iter().zip(["2", "3"]) {
            let file = image.rsplit('/').next().unwrap_or(image);
            let link = format!("{}/iso/{file}", self.folder(&vm.run));
            self.host.ok(&[
                "sh",
                "-c",
                "[ \"$0\" -ef \"$1\" ] || ln -f \"$0\" \"$1\" || cp \"$0\" \"$1\"",
                image,
                &link,
            ])?;
            self.xe(&["sr-scan", &format!("uuid={repository}")])?;
            let vdi = self.only(
                file,
                &["vdi-list", &format!("sr-uuid={repository}"), &format!("name-label={file}"), "params=uuid"],
            )?;
            self.xe(&[
                "vbd-create",
                &format!("vm-uuid={uuid}"),
                &format!("vdi-uuid={vdi}"),
                &format!("device={device}"),
                "type=CD",
                "mode=RO",
            ])?;
        }
        Ok(())
    }

    /// Devices that were plugged while it ran, by a mark.
    fn plugged(&self, uuid: &str, class: &str, device: &str) -> Result<Option<String>, Trouble> {
        let list = format!("{class}-list");
        let found =
            self.list(&[&list, &format!("vm-uuid={uuid}"), &format!("device={device}"), "params=uuid"])?;
        Ok(found.into_iter().next())
    }

    /// All VMs of a run. By name: they have it from their first moment.
    fn vms(&self, run: &str) -> Result<Vec<String>, Trouble> {
        let prefix = format!("winhost-{run}-");
        let mut found = Vec::new();
        for name in self.list(&["vm-list", "is-control-domain=false", "params=name-label"])? {
            if name.starts_with(&prefix) {
                found.extend(self.list(&["vm-list", &format!("name-label={name}"), "params=uuid"])?);
            }
        }
        Ok(found)
    }

    fn disks(&self, run: &str) -> Result<Vec<String>, Trouble> {
        self.list(&["vdi-list", &format!("other-config:winhost={run}"), "params=uuid"])
    }

    fn repositories(&self, run: &str) -> Result<Vec<String>, Trouble> {
        self.list(&["sr-list", &format!("name-label=winhost-{run}"), "params=uuid"])
    }
}

impl Toolstack for Xe {
    fn host(&self) -> &Host {
        &self.host
    }

    fn probe(&self) -> Result<String, Trouble> {
        let version = self.xe(&[
            "host-param-get",
            &format!("uuid={}", self.myself()?),
            "param-name=software-version",
            "param-key=xen",
        ])?;
        Ok(format!("xe, Xen {version}"))
    }

    fn has_base(&self, key: &str) -> Result<bool, Trouble> {
        Ok(self.vm(&Self::base_name(key))?.is_some())
    }

    fn import_base(&self, key: &str, path: &str, vm: &Vm) -> Result<(), Trouble> {
        let importing = Vm { name: format!("winhost-{}-import", vm.run), ..vm.clone() };
        if let Some(old) = self.vm(&importing.name)? {
            self.uninstall(&old)?;
        }
        let uuid = self.install(&importing)?;
        self.shape(&uuid, &importing)?;
        let raw = format!("{}/import.raw", self.folder(&vm.run));
        self.host.ok(&["mkdir", "-p", &self.folder(&vm.run)])?;
        self.host.ok_within(&["qemu-img", "convert", "-O", "raw", path, &raw], LONG * 4)?;
        let size = self.host.ok(&["stat", "-c", "%s", &raw])?;
        let (vdi, _) = self.disk(&uuid, &vm.run, "0", size.trim())?;
        self.host.ok_within(
            &["xe", "vdi-import", &format!("uuid={vdi}"), &format!("filename={raw}"), "format=raw"],
            LONG * 4,
        )?;
        self.host.ok(&["rm", "-f", &raw])?;
        self.keep_base(&importing, key)
    }

    fn make_disks(&self, vm: &Vm, system: &System) -> Result<(), Trouble> {
        if let Some(old) = self.vm(&vm.name)? {
            self.uninstall(&old)?;
        }
        let uuid = match system {
            System::Empty(size) => {
                let uuid = self.install(vm)?;
                self.shape(&uuid, vm)?;
                self.disk(&uuid, &vm.run, "0", &format!("{size}GiB"))?;
                uuid
            }
            System::Base(key) => {
                let base = self.vm(&Self::base_name(key))?;
                let base = base.ok_or_else(|| Trouble::Failed(format!("the pool has no base {key}")))?;
                let uuid =
                    self.xe(&["vm-clone", &format!("uuid={base}"), &format!("new-name-label={}", vm.name)])?;
                self.shape(&uuid, vm)?;
                for vdi in self.disks_of(&uuid)? {
                    let mark = format!("other-config:winhost={}", vm.run);
                    self.xe(&["vdi-param-set", &format!("uuid={vdi}"), &mark])?;
                }
                uuid
            }
        };
        // The fifth device has no emulated twin.
        self.disk(&uuid, &vm.run, "4", "4GiB").map(drop)
    }

    fn keep_base(&self, vm: &Vm, key: &str) -> Result<(), Trouble> {
        let uuid = self.must(vm)?;
        // Its second disk and its drives go; the first stays and is the run's no longer.
        for device in ["2", "3", "4"] {
            if let Some(vbd) = self.plugged(&uuid, "vbd", device)? {
                let vdi = self.xe(&["vbd-param-get", &format!("uuid={vbd}"), "param-name=vdi-uuid"])?;
                self.xe(&["vbd-destroy", &format!("uuid={vbd}")])?;
                if device == "4" {
                    self.xe(&["vdi-destroy", &format!("uuid={vdi}")])?;
                }
            }
        }
        for vdi in self.disks_of(&uuid)? {
            let id = format!("uuid={vdi}");
            self.xe(&["vdi-param-set", &id, &format!("name-label={}", Self::base_name(key))])?;
            self.xe(&["vdi-param-remove", &id, "param-name=other-config", "param-key=winhost"])?;
        }
        self.set(&uuid, &[&format!("name-label={}", Self::base_name(key))])
    }

    fn start(&self, vm: &Vm, boot: &Boot) -> Result<(), Trouble> {
        self.destroy(vm)?;
        let uuid = self.must(vm)?;
        self.load(vm, &uuid, &boot.images)?;
        self.host.ok(&["sh", "-c", "mkdir -p \"$(dirname \"$0\")\"", &boot.serial])?;
        self.set(&uuid, &[&format!("platform:hvm_serial=file:{}", boot.serial)])?;
        self.xe(&["vm-start", &format!("uuid={uuid}"), &format!("on={}", self.myself()?)]).map(drop)
    }

    fn state(&self, vm: &Vm) -> Result<State, Trouble> {
        let Some(uuid) = self.vm(&vm.name)? else { return Ok(State::Gone) };
        let power = self.param(&uuid, "power-state")?;
        let domain = self.param(&uuid, "dom-id")?.parse().unwrap_or(0);
        Ok(match power.as_str() {
            "running" => State::Running(domain),
            // A crashed domain that is preserved is paused.
            "paused" => State::Crashed(domain),
            _ => State::Gone,
        })
    }

    fn destroy(&self, vm: &Vm) -> Result<(), Trouble> {
        let Some(uuid) = self.vm(&vm.name)? else { return Ok(()) };
        if self.param(&uuid, "power-state")? == "halted" {
            return Ok(());
        }
        let ended = self.xe(&["vm-shutdown", &format!("uuid={uuid}"), "force=true"]);
        if self.param(&uuid, "power-state")? == "halted" { Ok(()) } else { ended.map(drop) }
    }

    fn act(&self, vm: &Vm, again: &Boot, what: &str, _args: &Args) -> Result<Done, Trouble> {
        let uuid = self.must(vm)?;
        let id = format!("uuid={uuid}");
        match what {
            "suspend" => {
                self.xe(&["vm-suspend", &id])?;
                self.set(&uuid, &[&format!("platform:hvm_serial=file:{}", again.serial)])?;
                self.xe(&["vm-resume", &id, &format!("on={}", self.myself()?)])?;
            }
            "migrate" => {
                self.set(&uuid, &[&format!("platform:hvm_serial=file:{}", again.serial)])?;
                self.xe(&["vm-migrate", &id, &format!("host-uuid={}", self.myself()?), "live=true"])?;
            }
            "attach-disk" => {
                let (_, vbd) = self.disk(&uuid, &vm.run, "5", "1GiB")?;
                self.xe(&["vbd-plug", &format!("uuid={vbd}")])?;
            }
            "detach-disk" => {
                if let Some(vbd) = self.plugged(&uuid, "vbd", "5")? {
                    let vdi = self.xe(&["vbd-param-get", &format!("uuid={vbd}"), "param-name=vdi-uuid"])?;
                    self.xe(&["vbd-unplug", &format!("uuid={vbd}")])?;
                    self.xe(&["vbd-destroy", &format!("uuid={vbd}")])?;
                    self.xe(&["vdi-destroy", &format!("uuid={vdi}")])?;
                }
            }
            "attach-nic" => {
                let vif = self.nic(&uuid, &vm.bridge, "1")?;
                self.xe(&["vif-plug", &format!("uuid={vif}")])?;
            }
            "detach-nic" => {
                if let Some(vif) = self.plugged(&uuid, "vif", "1")? {
                    self.xe(&["vif-unplug", &format!("uuid={vif}")])?;
                    self.xe(&["vif-destroy", &format!("uuid={vif}")])?;
                }
            }
            _ => return Ok(Done::Unsupported),
        }
        Ok(Done::Yes(String::new()))
    }

    fn nmi(&self, vm: &Vm) -> Result<(), Trouble> {
        // XAPI has no call for it; the tools of Xen below it have.
        match self.state(vm)? {
            State::Running(domain) => self.host.ok(&["xl", "trigger", &domain.to_string(), "nmi"]).map(drop),
            State::Crashed(_) | State::Gone => Ok(()),
        }
    }

    fn press_key(&self, _vm: &Vm) -> Result<(), Trouble> {
        Ok(())
    }

    fn logs(&self, _vm: &Vm) -> Result<Vec<(String, String)>, Trouble> {
        let source = self.host.maybe(&["tail", "-n", "2000", "/var/log/xensource.log"])?;
        let xen = self.host.maybe(&["xl", "dmesg"])?;
        Ok([("xensource.log", source), ("xen.log", xen)]
            .into_iter()
            .filter_map(|(name, text)| Some((name.to_owned(), text?)))
            .collect())
    }

    fn leftovers(&self, run: &str) -> Result<Vec<String>, Trouble> {
        let mut found = Vec::new();
        for (class, ids) in
            [("VM", self.vms(run)?), ("VDI", self.disks(run)?), ("SR", self.repositories(run)?)]
        {
            found.extend(ids.into_iter().map(|id| format!("{class} {id}")));
        }
        let folder = self.folder(run);
        if self.host.maybe(&["test", "-e", &folder])?.is_some() {
            found.push(folder);
        }
        Ok(found)
    }

    fn sweep(&self, run: &str) -> Result<(), Trouble> {
        for uuid in self.vms(run)? {
            self.uninstall(&uuid)?;
        }
        for vdi in self.disks(run)? {
            self.xe(&["vdi-destroy", &format!("uuid={vdi}")])?;
        }
        for repository in self.repositories(run)? {
            for device in self.list(&["pbd-list", &format!("sr-uuid={repository}"), "params=uuid"])? {
                self.xe(&["pbd-unplug", &format!("uuid={device}")])?;
            }
            self.xe(&["sr-forget", &format!("uuid={repository}")])?;
        }
        self.host.ok_within(&["rm", "-rf", "--", &self.folder(run)], LONG).map(drop)
    }

    fn folder(&self, run: &str) -> String {
        format!("{}/run/{run}", self.store)
    }
}
