//! A pool of one host that `xe` speaks of: objects with parameters, and what the verbs do to them.

use std::collections::BTreeMap;

use super::world::{Answer, Content, World, bad, good};

#[derive(Default)]
pub struct Object {
    class: String,
    params: BTreeMap<String, String>,
}

pub struct Pool {
    objects: BTreeMap<String, Object>,
    next: u32,
}

type Pairs<'a> = BTreeMap<&'a str, &'a str>;

impl Pool {
    pub fn new() -> Self {
        let mut pool = Self { objects: BTreeMap::new(), next: 0 };
        pool.make("template", &[("name-label", "Other install media")]);
        pool.make("host", &[("hostname", "fake")]);
        pool.make("network", &[("bridge", "xenbr0")]);
        pool.make("sr", &[("name-label", "Local storage"), ("type", "ext")]);
        pool.make(
            "vm",
            &[("name-label", "Control domain"), ("is-control-domain", "true"), ("power-state", "running")],
        );
        pool
    }

    /// What has the run's mark.
    pub fn left(&self, run: &str) -> Vec<String> {
        let names = |object: &Object| {
            let name = object.params.get("name-label").map(String::as_str).unwrap_or_default();
            let mark = object.params.get("other-config:winhost").map(String::as_str).unwrap_or_default();
            mark == run || name == format!("winhost-{run}") || name.starts_with(&format!("winhost-{run}-"))
        };
        // A disk that belongs to no VM is nobody's.
        let orphan = |id: &String, object: &Object| {
            object.class == "vdi"
                && !self.objects.values().any(|other| other.params.get("vdi-uuid") == Some(id))
                && !is_iso(self, object)
        };
        self.objects
            .iter()
            .filter(|(id, object)| names(object) || orphan(id, object))
            .map(|(id, object)| format!("{} {id} {:?}", object.class, object.params))
            .collect()
    }

    fn make(&mut self, class: &str, params: &[(&str, &str)]) -> String {
        self.next += 1;
        let id = format!("00000000-0000-4000-8000-{:012x}", self.next);
        let params = params.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        self.objects.insert(id.clone(), Object { class: class.to_owned(), params });
        id
    }

    fn get(&self, id: &str, name: &str) -> Option<&String> {
        self.objects.get(id)?.params.get(name)
    }

    fn set(&mut self, id: &str, name: &str, value: &str) {
        if let Some(object) = self.objects.get_mut(id) {
            object.params.insert(name.to_owned(), value.to_owned());
        }
    }

    fn list(&self, class: &str, filters: &Pairs<'_>) -> Vec<String> {
        let fits = |object: &Object| {
            filters.iter().filter(|(key, _)| **key != "params").all(|(key, value)| {
                let found = object.params.get(*key).map(String::as_str);
                // Two ways to say the same of a CD.
                found == Some(value) || (*key == "is-control-domain" && found.is_none() && *value == "false")
            })
        };
        let wanted = filters.get("params").copied().unwrap_or("uuid");
        self.objects
            .iter()
            .filter(|(_, object)| object.class == class && fits(object))
            .filter_map(
                |(id, object)| {
                    if wanted == "uuid" { Some(id.clone()) } else { object.params.get(wanted).cloned() }
                },
            )
            .collect()
    }

    fn of_vm(&self, class: &str, vm: &str) -> Vec<String> {
        self.list(class, &BTreeMap::from([("vm-uuid", vm)]))
    }
}

fn is_iso(pool: &Pool, object: &Object) -> bool {
    object.params.get("sr-uuid").and_then(|sr| pool.get(sr, "type")).is_some_and(|kind| kind == "iso")
}

pub fn call(world: &mut World, arguments: &[&str]) -> Answer {
    let Some((verb, rest)) = arguments.split_first() else { return bad("xe: what?") };
    refresh(world);
    let pairs: Pairs<'_> = rest.iter().filter_map(|word| word.split_once('=')).collect();
    if let Some(class) = verb.strip_suffix("-list") {
        if class == "pool" {
            let ext = BTreeMap::from([("type", "ext")]);
            return good(world.pool.list("sr", &ext).concat());
        }
        return good(world.pool.list(class, &pairs).join(","));
    }
    let id = pairs.get("uuid").copied().unwrap_or_default().to_owned();
    if !id.is_empty() && !world.pool.objects.contains_key(&id) && *verb != "host-param-get" {
        return bad(format!("The uuid you supplied was invalid. {id}"));
    }
    match verb.split_once('-') {
        Some(("host", _)) => good("4.17.5\n"),
        Some((_, "param-get")) => {
            let name = pairs.get("param-name").copied().unwrap_or_default();
            world.pool.get(&id, name).cloned().map_or_else(|| bad(format!("no parameter {name}")), good)
        }
        Some((_, "param-set")) => {
            for (key, value) in pairs.iter().filter(|(key, _)| **key != "uuid") {
                world.pool.set(&id, key, value);
            }
            good("")
        }
        Some((_, "param-remove")) => {
            let key = format!("{}:{}", pairs["param-name"], pairs["param-key"]);
            world.pool.objects.get_mut(&id).map(|object| object.params.remove(&key));
            good("")
        }
        Some(("vm", verb)) => vm(world, verb, &id, &pairs),
        Some(("vdi", verb)) => vdi(world, verb, &id, &pairs),
        Some((class @ ("vbd" | "vif"), verb)) => device(world, class, verb, &id, &pairs),
        Some(("sr" | "pbd", verb)) => repository(world, verb, &id, &pairs),
        _ => bad(format!("xe: what? {arguments:?}")),
    }
}

fn vm(world: &mut World, verb: &str, id: &str, pairs: &Pairs<'_>) -> Answer {
    let halted = world.pool.get(id, "power-state").is_some_and(|state| state == "halted");
    match verb {
        "install" => {
            let new = [("name-label", pairs["new-name-label"]), ("power-state", "halted"), ("dom-id", "-1")];
            good(world.pool.make("vm", &new))
        }
        "clone" => {
            let new = [("name-label", pairs["new-name-label"]), ("power-state", "halted"), ("dom-id", "-1")];
            let copy = world.pool.make("vm", &new);
            for class in ["vbd", "vif"] {
                for old in world.pool.of_vm(class, id) {
                    let mut params = world.pool.objects[&old].params.clone();
                    params.insert("vm-uuid".into(), copy.clone());
                    if let Some(vdi) = params.get("vdi-uuid").cloned() {
                        let of = world.pool.objects[&vdi].params.clone();
                        let of: Vec<(&str, &str)> =
                            of.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
                        let new = world.pool.make("vdi", &of);
                        let content = world.disks.get(&vdi).cloned().unwrap_or_default();
                        world.disks.insert(new.clone(), content);
                        params.insert("vdi-uuid".into(), new);
                    }
                    let params: Vec<(&str, &str)> =
                        params.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
                    world.pool.make(class, &params);
                }
            }
            good(copy)
        }
        "memory-limits-set" => good(""),
        "start" if halted => start(world, id),
        "shutdown" if !halted => {
            if let Some(domain) = domain(world, id) {
                world.remove(domain);
            }
            refresh(world);
            good("")
        }
        "suspend" => {
            let Some(gone) = domain(world, id).and_then(|domain| world.remove(domain)) else {
                return bad("not running");
            };
            world.saved.insert(id.to_owned(), gone);
            world.pool.set(id, "power-state", "suspended");
            good("")
        }
        "resume" | "migrate" => {
            let saved =
                world.saved.remove(id).or_else(|| domain(world, id).and_then(|old| world.remove(old)));
            let Some(mut saved) = saved else { return bad("nothing was saved") };
            saved.id = world.number();
            saved.serial = world
                .pool
                .get(id, "platform:hvm_serial")
                .map(|text| text.replace("file:", ""))
                .unwrap_or_default();
            std::fs::write(&saved.serial, b"").expect("serial file");
            world.pool.set(id, "dom-id", &saved.id.to_string());
            world.pool.set(id, "power-state", "running");
            world.domains.push(saved);
            good("")
        }
        "destroy" if halted => {
            for class in ["vbd", "vif"] {
                for old in world.pool.of_vm(class, id) {
                    world.pool.objects.remove(&old);
                }
            }
            world.pool.objects.remove(id);
            good("")
        }
        _ => bad(format!("The operation could not be performed: vm-{verb}")),
    }
}

/// The domain of a VM, by its name.
fn domain(world: &World, id: &str) -> Option<u32> {
    let name = world.pool.get(id, "name-label")?;
    world.domains.iter().find(|domain| domain.name == *name).map(|domain| domain.id)
}

fn start(world: &mut World, id: &str) -> Answer {
    let mut disk = None;
    let mut images = Vec::new();
    for vbd in world.pool.of_vm("vbd", id) {
        let Some(vdi) = world.pool.get(&vbd, "vdi-uuid").cloned() else { continue };
        match world.pool.get(&vbd, "device").map(String::as_str) {
            Some("0") => disk = Some(vdi),
            Some("2" | "3") => images.extend(world.pool.get(&vdi, "file").cloned()),
            _ => {}
        }
    }
    let Some(disk) = disk else { return bad("no system disk") };
    let serial = world
        .pool
        .get(id, "platform:hvm_serial")
        .and_then(|text| text.strip_prefix("file:"))
        .map(str::to_owned);
    let (Some(serial), Some(name)) = (serial, world.pool.get(id, "name-label").cloned()) else {
        return bad("no serial");
    };
    let domain = world.boot(&name, &disk, &images, &serial);
    world.pool.set(id, "dom-id", &domain.to_string());
    world.pool.set(id, "power-state", "running");
    good("")
}

/// Power states follow what became of the domains.
fn refresh(world: &mut World) {
    let vms = world.pool.list("vm", &BTreeMap::new());
    for id in vms {
        let state = world.pool.get(&id, "power-state").cloned().unwrap_or_default();
        let control = world.pool.get(&id, "is-control-domain").is_some();
        if control || state == "suspended" || state == "halted" {
            continue;
        }
        let found = domain(world, &id);
        let crashed = world.domains.iter().any(|one| Some(one.id) == found && one.crashed);
        let now = match (found, crashed) {
            (None, _) => "halted",
            (Some(_), true) => "paused",
            (Some(_), false) => "running",
        };
        world.pool.set(&id, "power-state", now);
    }
}

fn vdi(world: &mut World, verb: &str, id: &str, pairs: &Pairs<'_>) -> Answer {
    match verb {
        "create" => {
            let params: Vec<(&str, &str)> = pairs.iter().map(|(key, value)| (*key, *value)).collect();
            let new = world.pool.make("vdi", &params);
            world.disks.insert(new.clone(), Content { empty: true, ..Content::default() });
            good(new)
        }
        "import" => {
            world.disks.insert(id.to_owned(), Content::default());
            good("")
        }
        "destroy" => {
            world.pool.objects.remove(id);
            for object in world.pool.objects.values_mut() {
                if object.params.get("vdi-uuid").is_some_and(|vdi| vdi == id) {
                    object.params.insert("vdi-uuid".into(), "<not in database>".into());
                }
            }
            good("")
        }
        _ => bad(format!("vdi-{verb}?")),
    }
}

fn device(world: &mut World, class: &str, verb: &str, id: &str, pairs: &Pairs<'_>) -> Answer {
    match verb {
        "create" => {
            let (vm, device) = (pairs["vm-uuid"], pairs["device"]);
            let taken =
                !world.pool.list(class, &BTreeMap::from([("vm-uuid", vm), ("device", device)])).is_empty();
            if taken {
                return bad("The device is in use");
            }
            let params: Vec<(&str, &str)> = pairs.iter().map(|(key, value)| (*key, *value)).collect();
            good(world.pool.make(class, &params))
        }
        "destroy" => {
            world.pool.objects.remove(id);
            good("")
        }
        "plug" | "unplug" => good(""),
        _ => bad(format!("{class}-{verb}?")),
    }
}

fn repository(world: &mut World, verb: &str, id: &str, pairs: &Pairs<'_>) -> Answer {
    match verb {
        "create" => {
            let params = [
                ("name-label", pairs["name-label"]),
                ("type", "iso"),
                ("location", pairs["device-config:location"]),
            ];
            let new = world.pool.make("sr", &params);
            world.pool.make("pbd", &[("sr-uuid", &new), ("plugged", "true")]);
            good(new)
        }
        "scan" => {
            let location = world.pool.get(id, "location").cloned().unwrap_or_default();
            for old in world.pool.list("vdi", &BTreeMap::from([("sr-uuid", id)])) {
                let used =
                    world.pool.objects.values().any(|other| other.params.get("vdi-uuid") == Some(&old));
                if !used {
                    world.pool.objects.remove(&old);
                }
            }
            let mut entries: Vec<_> = std::fs::read_dir(&location).into_iter().flatten().flatten().collect();
            // Numbers do not depend on the file system's order.
            entries.sort_by_key(std::fs::DirEntry::file_name);
            for entry in entries {
                let name = entry.file_name().to_string_lossy().into_owned();
                let there =
                    world.pool.list("vdi", &BTreeMap::from([("sr-uuid", id), ("name-label", name.as_str())]));
                if there.is_empty() {
                    let file = entry.path().display().to_string();
                    world.pool.make("vdi", &[("sr-uuid", id), ("name-label", &name), ("file", &file)]);
                }
            }
            good("")
        }
        "unplug" => {
            world.pool.set(id, "plugged", "false");
            good("")
        }
        "forget" => {
            let devices = world.pool.list("pbd", &BTreeMap::from([("sr-uuid", id)]));
            if devices
                .iter()
                .any(|one| world.pool.get(one, "plugged").is_some_and(|plugged| plugged == "true"))
            {
                return bad("The SR is still connected");
            }
            for gone in devices.into_iter().chain(world.pool.list("vdi", &BTreeMap::from([("sr-uuid", id)])))
            {
                world.pool.objects.remove(&gone);
            }
            world.pool.objects.remove(id);
            good("")
        }
        _ => bad(format!("{verb}?")),
    }
}
