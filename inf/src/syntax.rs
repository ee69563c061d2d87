//! A parsed file: sections, entries, strings.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use crate::{
    Diag,
    lex::{self, Body},
};

/// One entry of a section, `%strkey%` tokens replaced. DIRID tokens (`%12%`) stay as they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Line, counted from one.
    pub line: u32,
    /// What stands before the equals sign, if there is one.
    pub key: Option<String>,
    /// The values, unquoted and trimmed.
    pub fields: Vec<String>,
}

impl Entry {
    /// Value `index` (from zero); an absent one is the empty string, as for SetupAPI.
    #[must_use]
    pub fn field(&self, index: usize) -> &str {
        self.fields.get(index).map_or("", String::as_str)
    }

    /// Whether the entry has this key.
    #[must_use]
    pub fn is(&self, key: &str) -> bool {
        self.key.as_deref().is_some_and(|k| k.eq_ignore_ascii_case(key))
    }
}

/// A section; sections that occur several times are one, in the order of the file.
#[derive(Clone, Debug)]
pub struct Section {
    /// Name as first written.
    pub name: String,
    /// Line of its first heading.
    pub line: u32,
    /// Its entries.
    pub entries: Vec<Entry>,
}

impl Section {
    /// First entry with this key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|e| e.is(key))
    }

    /// All entries with this key.
    pub fn all<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a Entry> + 'a {
        self.entries.iter().filter(move |e| e.is(key))
    }
}

/// A parsed INF file.
#[derive(Clone, Debug)]
pub struct Inf {
    name: String,
    sections: Vec<Section>,
    warnings: Vec<Diag>,
}

impl Inf {
    /// Parses a file; `name` is used in messages and by `Include`.
    ///
    /// # Errors
    /// All syntax errors of the file, a missing or foreign `[Version]` section among them.
    pub fn parse(name: &str, bytes: &[u8]) -> Result<Inf, Vec<Diag>> {
        let text = lex::decode(name, bytes).map_err(|e| alloc::vec![e])?;
        let mut errors = Vec::new();
        let mut sections: Vec<Section> = Vec::new();
        let mut current = None;
        for logical in lex::logical_lines(name, &text, &mut errors) {
            match logical.body {
                Body::Section(title) => {
                    let known = sections.iter().position(|s| s.name.eq_ignore_ascii_case(&title));
                    current = Some(known.unwrap_or_else(|| {
                        sections.push(Section { name: title, line: logical.line, entries: Vec::new() });
                        sections.len() - 1
                    }));
                }
                Body::Entry { key, fields } => match current.and_then(|at| sections.get_mut(at)) {
                    Some(section) => {
                        section.entries.push(Entry { line: logical.line, key, fields });
                    }
                    None => errors.push(Diag::new(name, logical.line, "entry before the first section")),
                },
            }
        }
        let mut inf = Inf { name: name.to_string(), sections, warnings: Vec::new() };
        inf.substitute();
        inf.check_version(&mut errors);
        if errors.is_empty() { Ok(inf) } else { Err(errors) }
    }

    /// Name of the file.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What is suspicious but not an error: tokens without a string.
    #[must_use]
    pub fn warnings(&self) -> &[Diag] {
        &self.warnings
    }

    /// All sections in the order of the file.
    #[must_use]
    pub fn sections(&self) -> &[Section] {
        &self.sections
    }

    /// The section of this name; names do not distinguish case.
    #[must_use]
    pub fn section(&self, name: &str) -> Option<&Section> {
        self.sections.iter().find(|s| s.name.eq_ignore_ascii_case(name))
    }

    /// First field of an entry of `[Version]`.
    #[must_use]
    pub fn version(&self, key: &str) -> Option<&str> {
        self.section("Version")?.get(key).map(|e| e.field(0))
    }

    /// `DriverVer`: date as (year, month, day) and version, where well formed.
    #[must_use]
    pub fn driver_version(&self) -> Option<((u16, u8, u8), [u16; 4])> {
        let entry = self.section("Version")?.get("DriverVer")?;
        let mut date = entry.field(0).split(['/', '-']);
        let month = date.next()?.trim().parse().ok()?;
        let day = date.next()?.trim().parse().ok()?;
        let year = date.next()?.trim().parse().ok()?;
        if !(1..=12).contains(&month) || !(1..=31).contains(&day) || date.next().is_some() {
            return None;
        }
        let mut version = [0; 4];
        let mut parts = entry.field(1).split('.');
        for (at, slot) in version.iter_mut().enumerate() {
            match parts.next() {
                Some(part) => *slot = part.trim().parse().ok()?,
                None if at == 0 => return None,
                None => {}
            }
        }
        if parts.next().is_some() {
            return None;
        }
        Some(((year, month, day), version))
    }

    /// An error at a place of this file.
    #[must_use]
    pub fn error(&self, line: u32, message: impl ToString) -> Diag {
        Diag::new(&self.name, line, message)
    }

    /// Replaces `%strkey%` by `[Strings]`. `%%` is a percent sign; a number is a DIRID and stays; an
    /// unknown token stays too (that is what SetupAPI does) and is a warning.
    fn substitute(&mut self) {
        let strings: Vec<(String, String)> = self
            .section("Strings")
            .map(|s| s.entries.iter().filter_map(|e| Some((e.key.clone()?, e.fields.join(",")))).collect())
            .unwrap_or_default();
        let find = |token: &str| {
            strings.iter().find(|(k, _)| k.eq_ignore_ascii_case(token)).map(|(_, v)| v.as_str())
        };
        let mut warnings = Vec::new();
        for section in &mut self.sections {
            let title = section.name.to_ascii_lowercase();
            if title == "strings" || title.starts_with("strings.") {
                continue;
            }
            for entry in &mut section.entries {
                let line = entry.line;
                for text in entry.key.iter_mut().chain(entry.fields.iter_mut()) {
                    if text.contains('%') {
                        let mut unknown = Vec::new();
                        *text = replace(text, find, &mut unknown);
                        warnings.extend(
                            unknown.iter().map(|t| {
                                Diag::new(&self.name, line, format!("no string for the token %{t}%"))
                            }),
                        );
                    }
                }
            }
        }
        self.warnings.extend(warnings);
    }

    fn check_version(&self, errors: &mut Vec<Diag>) {
        let Some(version) = self.section("Version") else {
            errors.push(self.error(0, "no [Version] section: not an INF file"));
            return;
        };
        let signature = version.get("Signature");
        let value = signature.map_or("", |e| e.field(0));
        let known = ["$Windows NT$", "$Chicago$", "$Windows 95$"];
        if !known.iter().any(|k| k.eq_ignore_ascii_case(value)) {
            errors.push(self.error(
                signature.map_or(version.line, |e| e.line),
                format!("Signature is \"{value}\", not \"$Windows NT$\""),
            ));
        }
    }
}

fn replace<'s>(text: &str, find: impl Fn(&str) -> Option<&'s str>, unknown: &mut Vec<String>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(open) = rest.find('%') {
        out.push_str(&rest[..open]);
        let after = &rest[open + 1..];
        let Some(close) = after.find('%') else {
            out.push('%');
            rest = after;
            continue;
        };
        let token = &after[..close];
        if token.is_empty() {
            out.push('%');
        } else if let Some(value) = find(token) {
            out.push_str(value);
        } else {
            out.push('%');
            out.push_str(token);
            out.push('%');
            if !token.bytes().all(|b| b.is_ascii_digit()) {
                unknown.push(token.to_string());
            }
        }
        rest = &after[close + 1..];
    }
    out.push_str(rest);
    out
}
