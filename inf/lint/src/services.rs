//! Services.

use std::collections::BTreeMap;

use inf_file::{Association, Inf, Install, NoLibrary, System};

use crate::{
    Report,
    graph::{Graph, Kind},
};

const KERNEL_DRIVER: u32 = 1;
const BOOT_START: u32 = 0;
const ERROR_CRITICAL: u32 = 3;

pub(crate) fn check(inf: &Inf, graph: &Graph<'_>, report: &mut Report<'_>) {
    // (build, service) -> its configuration
    let mut defined: BTreeMap<(u32, String), String> = BTreeMap::new();
    for used in graph.used.iter().filter(|u| u.kind == Kind::Services) {
        let line = used.section.line;
        let foreign = used.section.get("Needs").is_some();
        for build in &used.builds {
            // The reader resolves by undecorated names; the decorated one fits itself.
            let Ok(install) = inf.install(&used.install, line, &System::windows10(*build), &NoLibrary) else {
                if !foreign {
                    let error = inf.install(&used.install, line, &System::windows10(*build), &NoLibrary);
                    if let Err(diag) = error {
                        report.add("1203", diag.line, diag.message);
                    }
                }
                continue;
            };
            if !foreign && !install.services.iter().any(|s| s.association == Association::Function) {
                report.add(
                    "1296",
                    line,
                    format!("[{}] associates no service with the device", used.section.name),
                );
            }
            for service in &install.services {
                let Some(body) = &service.install else { continue };
                let place = (*build, service.name.to_ascii_lowercase());
                let text = format!("{body:?}");
                if *defined.entry(place).or_insert_with(|| text.clone()) != text {
                    report.add(
                        "1330",
                        service.line,
                        format!("service {} is defined differently", service.name),
                    );
                }
            }
            one(&install, report);
        }
    }
}

fn one(install: &Install, report: &mut Report<'_>) {
    for service in &install.services {
        let Some(body) = &service.install else { continue };
        let copied = install.files.iter().any(|file| {
            let mut path = format!("%{}%\\", file.dirid);
            if !file.folder.is_empty() {
                path += &format!("{}\\", file.folder);
            }
            path += &file.destination;
            path.eq_ignore_ascii_case(&body.binary)
        });
        if !copied {
            report.add(
                "own-binary",
                service.line,
                format!("{} is not copied there by [{}]", body.binary, install.section),
            );
        }
        if body.service_type == KERNEL_DRIVER {
            if body.start_type == BOOT_START
                && (body.group.is_empty() || body.error_control == ERROR_CRITICAL)
            {
                report.add("own-boot", service.line, format!("boot-start service {}", service.name));
            }
            let messages = service.event_log.as_ref().is_some_and(|log| {
                log.add_reg.iter().any(|op| op.value.eq_ignore_ascii_case("EventMessageFile"))
                    && log.add_reg.iter().any(|op| op.value.eq_ignore_ascii_case("TypesSupported"))
            });
            if !messages {
                report.add(
                    "own-event",
                    service.line,
                    format!("service {} registers no event messages", service.name),
                );
            }
        }
    }
}
