//! Symbols from the linker's map file (`/map`), for reports.

use super::Module;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// Reads a link map: lines ` 0001:00000010  name  0000000140001010 …`.
pub fn parse_map(text: &str) -> Vec<(u32, String)> {
    let base = text
        .lines()
        .find_map(|l| l.trim().strip_prefix("Preferred load address is "))
        .and_then(|h| u64::from_str_radix(h.trim(), 16).ok())
        .unwrap_or(0x1_4000_0000);
    let mut symbols: Vec<(u32, String)> = text
        .lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            let place = words.next()?;
            let (section, _) = place.split_once(':')?;
            if section.len() != 4 || section == "0000" {
                return None;
            }
            let name = words.next()?;
            let address = u64::from_str_radix(words.next()?, 16).ok()?;
            Some((address.checked_sub(base)? as u32, name.to_string()))
        })
        .collect();
    symbols.sort();
    symbols
}

/// Gives a module its symbols.
pub fn attach(module: &Module, map: &str) {
    *module.symbols.lock() = parse_map(map);
}

/// The symbol at or before an RVA and the offset from it.
pub fn lookup(module: &Module, rva: u32) -> Option<(String, u32)> {
    let symbols = module.symbols.lock();
    let i = symbols.partition_point(|(at, _)| *at <= rva).checked_sub(1)?;
    Some((short(&symbols[i].1), rva - symbols[i].0))
}

/// Makes a mangled Rust name readable: the path without hash and length marks.
fn short(name: &str) -> String {
    let Some(mut rest) = name.strip_prefix("_ZN") else { return name.to_string() };
    let mut parts = Vec::new();
    while let Some(end) = rest.find(|c: char| !c.is_ascii_digit()) {
        let Ok(n) = rest[..end].parse::<usize>() else { break };
        let Some(part) = rest.get(end..end + n) else { break };
        parts.push(part);
        rest = &rest[end + n..];
    }
    if parts.last().is_some_and(|p| p.len() == 17 && p.starts_with('h')) {
        parts.pop();
    }
    if parts.is_empty() { name.to_string() } else { parts.join("::") }
}
