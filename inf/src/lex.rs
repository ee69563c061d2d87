//! From bytes to logical lines, and from a logical line to its fields.

use alloc::{string::String, vec::Vec};

use crate::Diag;

/// One logical line: physical lines joined at their continuation marks, comments removed.
pub(crate) struct Logical {
    /// Physical line on which it starts, counted from one.
    pub line: u32,
    pub body: Body,
}

/// What a logical line is.
pub(crate) enum Body {
    /// `[name]`
    Section(String),
    /// `key = a, b` (key present) or `a, b`; nothing is substituted yet.
    Entry { key: Option<String>, fields: Vec<String> },
}

/// Decodes a file: UTF-16LE with byte order mark, UTF-8 with or without one. INF files in an ANSI code
/// page that are not UTF-8 are read as Latin-1, which keeps the ASCII syntax intact.
pub(crate) fn decode(file: &str, bytes: &[u8]) -> Result<String, Diag> {
    if let Some(rest) = bytes.strip_prefix(&[0xFF, 0xFE]) {
        if rest.len() % 2 != 0 {
            return Err(Diag::new(file, 0, "UTF-16 text with an odd number of bytes"));
        }
        let units = rest.chunks_exact(2).map(|c| u16::from_le_bytes([c[0], c[1]]));
        let mut text = String::new();
        let mut line = 1;
        for unit in char::decode_utf16(units) {
            let Ok(c) = unit else {
                return Err(Diag::new(file, line, "UTF-16 text with an unpaired surrogate"));
            };
            line += u32::from(c == '\n');
            text.push(c);
        }
        return Ok(text);
    }
    let rest = bytes.strip_prefix(&[0xEF, 0xBB, 0xBF]).unwrap_or(bytes);
    Ok(match core::str::from_utf8(rest) {
        Ok(text) => String::from(text),
        Err(_) => rest.iter().map(|b| char::from(*b)).collect(),
    })
}

/// Splits a text into logical lines. Errors are collected; the lines that have one are left out.
pub(crate) fn logical_lines(file: &str, text: &str, errors: &mut Vec<Diag>) -> Vec<Logical> {
    let mut out = Vec::new();
    let mut physical = (1u32..).zip(text.split('\n'));
    while let Some((start, first)) = physical.next() {
        let mut scan = Scan::default();
        let mut more = scan.feed(first);
        while more {
            match physical.next() {
                Some((_, next)) => more = scan.feed(next),
                None => break,
            }
        }
        match scan.finish() {
            Ok(None) => {}
            Ok(Some(body)) => out.push(Logical { line: start, body }),
            Err(message) => errors.push(Diag::new(file, start, message)),
        }
    }
    out
}

/// A field under construction: text, and how much of its tail is significant (quoted) whitespace.
#[derive(Default)]
struct Field {
    text: String,
    /// Bytes of `text` that must survive trimming at the end.
    keep: usize,
}

impl Field {
    fn push(&mut self, c: char, quoted: bool) {
        if !quoted && c.is_whitespace() && self.text.is_empty() {
            return;
        }
        self.text.push(c);
        if quoted || !c.is_whitespace() {
            self.keep = self.text.len();
        }
    }

    fn take(&mut self) -> String {
        self.text.truncate(self.keep);
        self.keep = 0;
        core::mem::take(&mut self.text)
    }
}

#[derive(Default)]
struct Scan {
    key: Option<String>,
    fields: Vec<String>,
    field: Field,
    any: bool,
    section: Option<String>,
    section_closed: bool,
    error: Option<&'static str>,
}

impl Scan {
    /// Takes one physical line; true when it is continued on the next.
    fn feed(&mut self, line: &str) -> bool {
        let line = line.strip_suffix('\r').unwrap_or(line);
        let mut chars = line.char_indices().peekable();
        let mut quoted = false;
        while let Some((at, c)) = chars.next() {
            if let Some(name) = self.section.as_mut() {
                if self.section_closed {
                    match c {
                        ';' => break,
                        c if c.is_whitespace() => {}
                        _ => self.error = Some("text after the section's closing bracket"),
                    }
                } else if c == ']' {
                    self.section_closed = true;
                } else {
                    name.push(c);
                }
                continue;
            }
            match c {
                '"' if quoted => {
                    // Two quotation marks inside of a quoted string stand for one.
                    if chars.next_if(|(_, n)| *n == '"').is_some() {
                        self.field.push('"', true);
                    } else {
                        quoted = false;
                    }
                }
                '"' => {
                    quoted = true;
                    self.any = true;
                    // An empty quoted string is a field too, and quoted blanks are significant.
                    self.field.keep = self.field.text.len();
                }
                c if quoted => self.field.push(c, true),
                ';' => break,
                '\\' if line[at + 1..].trim().is_empty() => {
                    return true;
                }
                '\\' if line[at + 1..].trim_start().starts_with(';') => {
                    return true;
                }
                '[' if !self.any => self.section = Some(String::new()),
                '=' if self.key.is_none() && self.fields.is_empty() => {
                    self.key = Some(self.field.take());
                    self.any = true;
                }
                ',' => {
                    let field = self.field.take();
                    self.fields.push(field);
                    self.any = true;
                }
                c => {
                    if !c.is_whitespace() {
                        self.any = true;
                    }
                    self.field.push(c, false);
                }
            }
        }
        if quoted {
            self.error = Some("quotation mark is not closed on its line");
        }
        false
    }

    fn finish(mut self) -> Result<Option<Body>, &'static str> {
        if let Some(error) = self.error {
            return Err(error);
        }
        if let Some(name) = self.section {
            if !self.section_closed {
                return Err("section name without a closing bracket");
            }
            let name = name.trim().trim_matches('"');
            if name.is_empty() {
                return Err("empty section name");
            }
            if name.chars().count() > 255 {
                return Err("section name longer than 255 characters");
            }
            return Ok(Some(Body::Section(String::from(name))));
        }
        if !self.any {
            return Ok(None);
        }
        if self.key.as_deref() == Some("") {
            return Err("nothing before the equals sign");
        }
        let last = self.field.take();
        // `key =` alone has no fields; `a,` has two, the second empty.
        if !last.is_empty() || !self.fields.is_empty() || self.key.is_none() {
            self.fields.push(last);
        }
        Ok(Some(Body::Entry { key: self.key, fields: self.fields }))
    }
}
