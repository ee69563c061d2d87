//! `[Manufacturer]`, models sections, and the choice among them by `TargetOSVersion`.
//!
//! `NT[Architecture][.[Major][.[Minor][.[ProductType][.[SuiteMask][.[BuildNumber]]]]]]`: a decoration
//! fits a system that is at least as new and has the product type and suites named; of those that
//! fit, the most specific wins ("INF Manufacturer Section", "Combining Platform Extensions with
//! Operating System Versions").

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::fmt;

use crate::{Diag, Inf};

/// Processor architecture of a system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Architecture {
    /// x64.
    Amd64,
    /// 32-bit x86.
    X86,
    /// ARM64.
    Arm64,
}

impl Architecture {
    /// As it is written in decorations.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Architecture::Amd64 => "amd64",
            Architecture::X86 => "x86",
            Architecture::Arm64 => "arm64",
        }
    }
}

/// The system that an INF is read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct System {
    /// Architecture.
    pub architecture: Architecture,
    /// Major version; 10 since Windows 10 and Server 2016.
    pub major: u32,
    /// Minor version.
    pub minor: u32,
    /// Build, for example 14393.
    pub build: u32,
    /// VER_NT_WORKSTATION 1, VER_NT_DOMAIN_CONTROLLER 2, VER_NT_SERVER 3.
    pub product_type: u32,
    /// VER_SUITE_* bits.
    pub suite: u32,
}

impl System {
    /// A workstation of this build of Windows 10 or later, x64.
    #[must_use]
    pub fn windows10(build: u32) -> System {
        System { architecture: Architecture::Amd64, major: 10, minor: 0, build, product_type: 1, suite: 0 }
    }
}

/// A `TargetOSVersion`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Decoration {
    /// Architecture, or any.
    pub architecture: Option<Architecture>,
    /// Lowest major version.
    pub major: Option<u32>,
    /// Lowest minor version of that major version.
    pub minor: Option<u32>,
    /// Product type that must be equal.
    pub product_type: Option<u32>,
    /// Suites that must be present.
    pub suite: Option<u32>,
    /// Lowest build.
    pub build: Option<u32>,
}

impl Decoration {
    /// Reads `NTamd64.10.0...16299`.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn parse(text: &str) -> Result<Decoration, String> {
        let mut parts = text.trim().split('.').map(str::trim);
        let first = parts.next().unwrap_or("");
        let Some(platform) = strip_prefix_ignore_case(first, "nt") else {
            return Err(format!("TargetOSVersion \"{text}\" does not begin with NT"));
        };
        let architecture = match platform.to_ascii_lowercase().as_str() {
            "" => None,
            "amd64" => Some(Architecture::Amd64),
            "x86" => Some(Architecture::X86),
            "arm64" => Some(Architecture::Arm64),
            // Valid decorations of systems that no `System` describes: they never fit.
            "ia64" | "arm" => return Err(format!("architecture of \"{text}\" is not supported")),
            _ => return Err(format!("unknown architecture in \"{text}\"")),
        };
        let mut numbers = [None; 5];
        for slot in &mut numbers {
            let Some(part) = parts.next() else { break };
            if !part.is_empty() {
                let value = parse_number(part);
                *slot = Some(value.ok_or_else(|| format!("\"{part}\" is no number in \"{text}\""))?);
            }
        }
        if parts.next().is_some() {
            return Err(format!("too many parts in \"{text}\""));
        }
        let [major, minor, product_type, suite, build] = numbers;
        Ok(Decoration { architecture, major, minor, product_type, suite, build })
    }

    /// Whether it fits a system.
    #[must_use]
    pub fn fits(&self, system: &System) -> bool {
        let wanted = (self.major.unwrap_or(0), self.minor.unwrap_or(0));
        self.architecture.is_none_or(|a| a == system.architecture)
            && wanted <= (system.major, system.minor)
            && self.product_type.is_none_or(|p| p == system.product_type)
            && self.suite.is_none_or(|s| s & system.suite == s)
            && self.build.is_none_or(|b| b <= system.build)
    }

    /// Order of preference among decorations that fit: greater is more specific.
    #[must_use]
    pub fn rank(&self) -> (u32, u32, u32, bool, bool, bool) {
        (
            self.major.unwrap_or(0),
            self.minor.unwrap_or(0),
            self.build.unwrap_or(0),
            self.product_type.is_some(),
            self.suite.is_some(),
            self.architecture.is_some(),
        )
    }
}

impl fmt::Display for Decoration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NT{}", self.architecture.map_or("", Architecture::name))?;
        let numbers = [self.major, self.minor, self.product_type, self.suite, self.build];
        let last = numbers.iter().rposition(Option::is_some).map_or(0, |at| at + 1);
        for number in &numbers[..last] {
            match number {
                Some(n) => write!(f, ".{n}")?,
                None => write!(f, ".")?,
            }
        }
        Ok(())
    }
}

/// One line of a models section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    /// Manufacturer.
    pub manufacturer: String,
    /// Device description.
    pub description: String,
    /// DDInstall section, undecorated.
    pub install: String,
    /// Hardware ID of the line.
    pub hardware_id: String,
    /// Compatible IDs of the line.
    pub compatible_ids: Vec<String>,
    /// Line of the file.
    pub line: u32,
}

impl Inf {
    /// The models that this file offers to a system.
    ///
    /// # Errors
    /// Malformed decorations, models sections that do not exist, an undecorated section for x64.
    pub fn models(&self, system: &System) -> Result<Vec<Model>, Diag> {
        let Some(manufacturers) = self.section("Manufacturer") else {
            return Ok(Vec::new());
        };
        let mut out = Vec::new();
        for entry in &manufacturers.entries {
            // `%Mfg%` alone means that the models section has the manufacturer's name.
            let manufacturer = entry.key.clone().unwrap_or_else(|| entry.field(0).to_string());
            let base = entry.field(0);
            if base.is_empty() {
                return Err(self.error(entry.line, "manufacturer without a models section"));
            }
            let mut best: Option<(Decoration, String)> = None;
            for text in entry.fields.iter().skip(1).filter(|t| !t.is_empty()) {
                let decoration = match Decoration::parse(text) {
                    Ok(d) => d,
                    Err(message) if message.ends_with("is not supported") => continue,
                    Err(message) => return Err(self.error(entry.line, message)),
                };
                if decoration.fits(system) && best.as_ref().is_none_or(|(b, _)| decoration.rank() > b.rank())
                {
                    best = Some((decoration, format!("{base}.{text}")));
                }
            }
            let decorated = entry.fields.len() > 1;
            let name = match best {
                Some((_, name)) => name,
                // Nothing for this system. An undecorated section serves x86 only.
                None if decorated || system.architecture != Architecture::X86 => {
                    if !decorated {
                        return Err(self.error(
                            entry.line,
                            format!("models section [{base}] has no decoration: not valid on x64"),
                        ));
                    }
                    continue;
                }
                None => base.to_string(),
            };
            let Some(section) = self.section(&name) else {
                return Err(self.error(entry.line, format!("models section [{name}] does not exist")));
            };
            for line in &section.entries {
                let Some(description) = line.key.clone() else {
                    return Err(self.error(line.line, "models entry without a description"));
                };
                if line.field(0).is_empty() {
                    return Err(self.error(line.line, "models entry without an install section"));
                }
                out.push(Model {
                    manufacturer: manufacturer.clone(),
                    description,
                    install: line.field(0).to_string(),
                    hardware_id: line.field(1).to_string(),
                    compatible_ids: line.fields.iter().skip(2).filter(|f| !f.is_empty()).cloned().collect(),
                    line: line.line,
                });
            }
        }
        Ok(out)
    }

    /// The install section that `name` means on this system: `name.NTamd64`, else `name.NT`, else
    /// `name` itself.
    #[must_use]
    pub fn decorated(&self, name: &str, system: &System) -> Option<&str> {
        let platform = format!("{name}.NT{}", system.architecture.name());
        let general = format!("{name}.NT");
        [platform.as_str(), &general, name].iter().find_map(|n| self.section(n)).map(|s| s.name.as_str())
    }
}

pub(crate) fn strip_prefix_ignore_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let head = text.get(..prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then(|| &text[prefix.len()..])
}

/// Decimal, or hexadecimal with 0x; optional sign for decimal as SetupAPI has it (wraps to unsigned).
pub(crate) fn parse_number(text: &str) -> Option<u32> {
    let text = text.trim();
    if let Some(hex) = strip_prefix_ignore_case(text, "0x") {
        return u32::from_str_radix(hex, 16).ok();
    }
    if text.starts_with('-') {
        return text.parse::<i32>().ok().map(i32::cast_unsigned);
    }
    text.parse().ok()
}
