//! The toolstack: makes the domain's nodes as xl (or XAPI) does, plugs and unplugs devices, asks for
//! shutdown and suspend, and brings the domain back.

use crate::{
    abi::xen::hvm,
    back::{block::BlockConfig, net::NicConfig},
    hv::{CONSOLE_RING, STORE_RING},
    store::{Conn, Perm, Perms},
    world::World,
};

/// Frame of xenstore's ring, as hvmloader's special pages lie.
pub const STORE_GFN: u64 = 0xfeffc;
/// Frame of the console's ring.
pub const CONSOLE_GFN: u64 = 0xfefff;

/// Whose conventions the nodes follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Toolstack {
    /// libxl.
    Xl,
    /// XAPI (xenopsd): more of the tree is the guest's.
    Xapi,
}

/// The toolstack's memory.
pub struct Tools {
    /// Conventions.
    pub kind: Toolstack,
    /// Its xenstore connection.
    pub conn: Conn,
    /// Domain's name and uuid.
    pub name: String,
    /// UUID text.
    pub uuid: String,
    /// Memory in KiB, now and at most.
    pub memory: (u64, u64),
}

impl Tools {
    /// A toolstack with its store connection.
    #[must_use]
    pub fn new(kind: Toolstack, world: &mut World, memory_kib: u64) -> Self {
        let conn = world.store.connect(0);
        Self {
            kind,
            conn,
            name: "guest".into(),
            uuid: "5f0b6cf2-9a3c-4d21-9a52-0c7de06f2b11".into(),
            memory: (memory_kib, memory_kib),
        }
    }

    fn put(&self, world: &mut World, path: &str, value: &str, perms: &Perms) {
        let _ = world.store.write(self.conn, 0, path, value.as_bytes());
        let _ = world.store.set_perms(self.conn, 0, path, perms.clone());
    }

    /// Rings, ports and parameters of a new domain, and its nodes.
    pub fn create_domain(&self, world: &mut World) {
        let domid = world.hv.domid;
        world.mem.set(STORE_GFN, ::machine::Backing::Shared(STORE_RING));
        world.mem.set(CONSOLE_GFN, ::machine::Backing::Shared(CONSOLE_RING));
        for index in [STORE_RING, CONSOLE_RING] {
            if let Some(page) = world.mem.shared_page(index) {
                page.fill(0);
            }
        }
        if let Some(page) = world.mem.shared_page(STORE_RING) {
            page.set32(crate::abi::xs::SERVER_FEATURES, world.store.limits.features);
        }
        let (store, store_host) = world.hv.toolstack_port();
        let (console, console_host) = world.hv.toolstack_port();
        world.hv.store_port = Some(store_host);
        world.hv.console_port = Some(console_host);
        world.hv.params.insert(hvm::PARAM_STORE_PFN, STORE_GFN);
        world.hv.params.insert(hvm::PARAM_STORE_EVTCHN, u64::from(store));
        world.hv.params.insert(hvm::PARAM_CONSOLE_PFN, CONSOLE_GFN);
        world.hv.params.insert(hvm::PARAM_CONSOLE_EVTCHN, u64::from(console));
        world.hv.params.insert(hvm::PARAM_PAE_ENABLED, 1);
        // Since 4.2 the toolstack grants these two pages by the reserved entries; drivers may find them there.
        if world.hv.flavour.version >= (4, 2) {
            world.seed_grant(0, CONSOLE_GFN as u32);
            world.seed_grant(1, STORE_GFN as u32);
        }
        world.store.reset_guest(domid);
        self.create_nodes(world, domid);
        world.store.fire_special("@introduceDomain");
    }

    fn create_nodes(&self, world: &mut World, domid: u16) {
        let dom = format!("/local/domain/{domid}");
        let ro = vec![Perm::none(0), Perm::read(domid)];
        let rw = vec![Perm::none(domid)];
        let _ = world.store.mkdir(self.conn, 0, &dom);
        let _ = world.store.set_perms(self.conn, 0, &dom, ro.clone());
        let vm = format!("/vm/{}", self.uuid);
        self.put(world, &vm, "", &ro);
        self.put(world, &format!("{vm}/name"), &self.name, &ro);
        self.put(world, &format!("{vm}/uuid"), &self.uuid, &ro);
        self.put(world, &format!("{dom}/vm"), &vm, &ro);
        self.put(world, &format!("{dom}/name"), &self.name, &ro);
        self.put(world, &format!("{dom}/domid"), &domid.to_string(), &ro);
        for (index, _) in world.hv.vcpus.clone().iter().enumerate() {
            self.put(world, &format!("{dom}/cpu/{index}/availability"), "online", &ro);
        }
        self.put(world, &format!("{dom}/memory"), "", &ro);
        self.put(world, &format!("{dom}/memory/static-max"), &self.memory.1.to_string(), &ro);
        self.put(world, &format!("{dom}/memory/target"), &self.memory.0.to_string(), &ro);
        self.put(world, &format!("{dom}/memory/videoram"), "8192", &ro);
        self.put(world, &format!("{dom}/device"), "", &ro);
        self.put(world, &format!("{dom}/device/suspend/event-channel"), "", &rw);
        self.put(
            world,
            &format!("{dom}/store/port"),
            &world.hv.param(hvm::PARAM_STORE_EVTCHN).to_string(),
            &ro,
        );
        self.put(world, &format!("{dom}/store/ring-ref"), &STORE_GFN.to_string(), &ro);
        self.put(world, &format!("{dom}/console/limit"), "1048576", &ro);
        let control = if self.kind == Toolstack::Xapi { &rw } else { &ro };
        self.put(world, &format!("{dom}/control"), "", control);
        for key in [
            "shutdown",
            "feature-poweroff",
            "feature-reboot",
            "feature-suspend",
            "feature-s3",
            "feature-s4",
            "sysrq",
        ] {
            self.put(world, &format!("{dom}/control/{key}"), "", &rw);
        }
        self.put(world, &format!("{dom}/control/platform-feature-multiprocessor-suspend"), "1", &ro);
        if world.store.limits.reset_watches {
            self.put(world, &format!("{dom}/control/platform-feature-xs_reset_watches"), "1", &ro);
        }
        for key in ["data", "drivers", "feature", "attr", "error"] {
            self.put(world, &format!("{dom}/{key}"), "", &rw);
        }
        if self.kind == Toolstack::Xapi {
            for key in ["messages", "vm-data", "device-misc"] {
                self.put(world, &format!("{dom}/{key}"), "", &rw);
            }
        }
    }

    /// The nodes of a disk: front-end first, then back-end, in one transaction as libxl does.
    pub fn create_vbd(&self, world: &mut World, config: &BlockConfig) {
        let domid = world.hv.domid;
        let back = config.backend_domid;
        let vdev = config.vdev;
        let front_path = format!("/local/domain/{domid}/device/vbd/{vdev}");
        let back_path = format!("/local/domain/{back}/backend/vbd/{domid}/{vdev}");
        let features = &config.features;
        let kind = if features.cdrom { "cdrom" } else { "disk" };
        let mut front = vec![
            ("backend", back_path.clone()),
            ("backend-id", back.to_string()),
            ("state", "1".into()),
            ("virtual-device", vdev.to_string()),
            ("device-type", kind.into()),
        ];
        if config.untrusted {
            front.push(("trusted", "0".into()));
        }
        let backend = vec![
            ("frontend", front_path.clone()),
            ("params", format!("/images/{vdev}.img")),
            ("script", "/etc/xen/scripts/block".into()),
            ("frontend-id", domid.to_string()),
            ("online", "1".into()),
            ("removable", u8::from(features.removable).to_string()),
            ("bootable", "1".into()),
            ("state", "1".into()),
            ("dev", device_name(vdev)),
            ("type", "phy".into()),
            ("mode", if features.read_only { "r" } else { "w" }.into()),
            ("device-type", kind.into()),
            ("discard-enable", u8::from(features.discard).to_string()),
        ];
        self.create_device(world, &front_path, &front, &back_path, &backend, back);
    }

    /// The nodes of a NIC.
    pub fn create_vif(&self, world: &mut World, config: &NicConfig) {
        let domid = world.hv.domid;
        let back = config.backend_domid;
        let id = config.id;
        let front_path = format!("/local/domain/{domid}/device/vif/{id}");
        let back_path = format!("/local/domain/{back}/backend/vif/{domid}/{id}");
        let octets: Vec<String> = config.mac.iter().map(|byte| format!("{byte:02x}")).collect();
        let mac = octets.join(":");
        let mut front = vec![
            ("backend", back_path.clone()),
            ("backend-id", back.to_string()),
            ("state", "1".into()),
            ("handle", id.to_string()),
            ("mac", mac.clone()),
        ];
        if config.mtu > 0 {
            front.push(("mtu", config.mtu.to_string()));
        }
        if config.untrusted {
            front.push(("trusted", "0".into()));
        }
        let backend = vec![
            ("frontend", front_path.clone()),
            ("frontend-id", domid.to_string()),
            ("online", "1".into()),
            ("state", "1".into()),
            ("script", "/etc/xen/scripts/vif-bridge".into()),
            ("mac", mac),
            ("bridge", "xenbr0".into()),
            ("handle", id.to_string()),
            ("type", "vif_ioemu".into()),
        ];
        self.create_device(world, &front_path, &front, &back_path, &backend, back);
    }

    /// Directories and keys of a device, with the permissions that libxl gives.
    pub fn create_device(
        &self,
        world: &mut World,
        front_path: &str,
        front: &[(&str, String)],
        back_path: &str,
        back: &[(&str, String)],
        back_domid: u16,
    ) {
        let domid = world.hv.domid;
        let front_perms = vec![Perm::none(domid), Perm::read(back_domid)];
        let back_perms = vec![Perm::none(back_domid), Perm::read(domid)];
        loop {
            let Ok(txn) = world.store.begin(self.conn) else { return };
            for (path, keys, perms) in [(back_path, back, &back_perms), (front_path, front, &front_perms)] {
                let _ = world.store.mkdir(self.conn, txn, path);
                let _ = world.store.set_perms(self.conn, txn, path, perms.clone());
                for (key, value) in keys {
                    let _ = world.store.write(self.conn, txn, &format!("{path}/{key}"), value.as_bytes());
                }
            }
            if world.store.end(self.conn, txn, true).is_ok() {
                return;
            }
        }
    }

    /// Asks a device to go: offline, and Closing on the back-end's side.
    pub fn ask_unplug(&self, world: &mut World, back_path: &str) {
        let _ = world.store.write(self.conn, 0, &format!("{back_path}/online"), b"0");
        let _ = world.store.write(self.conn, 0, &format!("{back_path}/state"), b"5");
    }

    /// Removes a device's nodes.
    pub fn remove_device(&self, world: &mut World, front_path: &str, back_path: &str) {
        let _ = world.store.remove(self.conn, 0, front_path);
        let _ = world.store.remove(self.conn, 0, back_path);
    }

    /// Writes a node as the toolstack, for example `control/shutdown`, relative to the domain.
    pub fn write(&self, world: &mut World, key: &str, value: &str) {
        let path = format!("/local/domain/{}/{key}", world.hv.domid);
        let _ = world.store.write(self.conn, 0, &path, value.as_bytes());
    }
}

fn device_name(vdev: u32) -> String {
    match vdev >> 8 {
        3 => format!("hd{}", char::from(b'a' + (vdev & 0xff) as u8 / 64)),
        202 => format!("xvd{}", char::from(b'a' + (vdev & 0xff) as u8 / 16)),
        _ => format!("xvd{vdev}"),
    }
}
