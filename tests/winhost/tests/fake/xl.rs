//! `xl` as far as it is asked.

use std::{fs, time::Duration};

use super::world::{Answer, World, bad, good};

/// A value of a configuration: `name = 'value'`; the last one counts.
fn value<'a>(config: &'a str, name: &str) -> Option<&'a str> {
    config.lines().rev().find_map(|line| line.strip_prefix(name)?.strip_prefix(" = '")?.strip_suffix('\''))
}

fn targets(config: &str, device: &str) -> Option<String> {
    let line = config.lines().find(|line| line.contains(&format!("vdev={device},")))?;
    let (_, target) = line.split_once("target=")?;
    Some(target.trim_end_matches("',").to_owned())
}

struct Parsed {
    name: String,
    serial: String,
    disk: String,
    data: String,
    images: Vec<String>,
}

fn parse(path: &str) -> Result<Parsed, Answer> {
    let config = fs::read_to_string(path).map_err(|_| bad(format!("no such file: {path}")))?;
    let get = |name: &str| value(&config, name).map(str::to_owned).ok_or_else(|| bad(format!("no {name}")));
    if get("on_reboot")? != "destroy" || get("on_poweroff")? != "destroy" {
        return Err(bad("this fake only ends domains"));
    }
    let serial = get("serial")?.strip_prefix("file:").map(str::to_owned).ok_or_else(|| bad("serial"))?;
    let disk = targets(&config, "xvda").ok_or_else(|| bad("no xvda"))?;
    let id = fs::read_to_string(&disk).map_err(|_| bad(format!("no disk {disk}")))?;
    let data = targets(&config, "xvde").ok_or_else(|| bad("no xvde"))?;
    let images: Vec<String> = ["hdc", "hdd"].iter().filter_map(|device| targets(&config, device)).collect();
    for image in images.iter().chain([&data]) {
        if !image.ends_with("windows.iso") && fs::metadata(image).is_err() {
            return Err(bad(format!("no image {image}")));
        }
    }
    Ok(Parsed { name: get("name")?, serial, disk: id, data, images })
}

pub fn call(world: &mut World, arguments: &[&str]) -> Answer {
    match arguments {
        ["create", path] => match parse(path) {
            Ok(one) if world.domains.iter().any(|domain| domain.name == one.name) => bad("the name is taken"),
            Ok(one) => {
                let id = world.boot(&one.name, &one.disk, &one.images, &one.serial);
                world.loops.insert(format!("/dev/loop{id}"), one.data);
                good("Parsing config\n")
            }
            Err(answer) => answer,
        },
        ["info"] => good("host : fake\nxen_version            : 4.20.0\n"),
        ["dmesg"] => good("(XEN) fake\n"),
        ["list"] => {
            let head = "Name ID Mem VCPUs State Time(s)\nDomain-0 0 4096 4 r----- 1.0\n".to_owned();
            good(world.domains.iter().fold(head, |text, domain| text + &line(domain)))
        }
        ["list", name] => match world.domains.iter().find(|domain| domain.name == *name) {
            Some(domain) => good(format!("Name ID Mem VCPUs State Time(s)\n{}", line(domain))),
            None => bad(format!("{name} is an invalid domain identifier (rc=-6)")),
        },
        ["migrate", "-C", path, "-s", "", name, "xl migrate-receive"] => {
            let saved = save(world, name, "migrating");
            if saved.0 == 0 { restore(world, path, "migrating") } else { saved }
        }
        ["save", "-c", name, path] => match find(world, name) {
            Some(_) => {
                fs::write(path, b"memory").expect("saved");
                good("")
            }
            None => bad("no such domain"),
        },
        ["save", name, path] => {
            fs::write(path, b"memory").expect("saved");
            save(world, name, path)
        }
        ["restore", config, path] => restore(world, config, path),
        [verb, name, rest @ ..] => match find(world, name) {
            Some(id) => on(world, verb, id, rest),
            None => bad(format!("{name} is an invalid domain identifier (rc=-6)")),
        },
        _ => bad(format!("xl: what? {arguments:?}")),
    }
}

fn line(domain: &super::world::Domain) -> String {
    let state = if domain.crashed { "----c-" } else { "-b----" };
    format!("{} {} 4096 2 {state} 1.0\n", domain.name, domain.id)
}

fn find(world: &World, name: &str) -> Option<u32> {
    world
        .domains
        .iter()
        .find(|domain| domain.name == name || domain.id.to_string() == name)
        .map(|domain| domain.id)
}

fn save(world: &mut World, name: &str, path: &str) -> Answer {
    let Some(domain) = find(world, name).and_then(|id| world.remove(id)) else {
        return bad("no such domain");
    };
    world.saved.insert(path.to_owned(), domain);
    world.pass(Duration::from_secs(8));
    good("")
}

fn restore(world: &mut World, config: &str, path: &str) -> Answer {
    let one = match parse(config) {
        Ok(one) => one,
        Err(answer) => return answer,
    };
    let Some(mut domain) = world.saved.remove(path) else { return bad("nothing was saved there") };
    domain.id = world.number();
    domain.serial = one.serial;
    fs::write(&domain.serial, b"").expect("serial file");
    world.loops.insert(format!("/dev/loop{}", domain.id), one.data);
    world.domains.push(domain);
    world.pass(Duration::from_secs(8));
    good("")
}

fn on(world: &mut World, verb: &str, id: u32, rest: &[&str]) -> Answer {
    match (verb, rest) {
        ("destroy", []) => {
            world.remove(id);
            if world.faults.racing_end { bad("Getting domain info: No such process") } else { good("") }
        }
        ("trigger", ["nmi"]) => {
            world.nmi(id);
            good("")
        }
        ("trigger", ["s3resume"])
        | (
            "block-attach" | "block-detach" | "network-attach" | "network-detach" | "qemu-monitor-command",
            _,
        ) => good(""),
        _ => bad(format!("xl: what? {verb} {rest:?}")),
    }
}
