//! The stack budget: no chain of calls inside a driver may use more than its share of the kernel's
//! 24 KiB stack. Frame sizes come from the unwind data (`.pdata`/`.xdata`), direct calls from the
//! code. An indirect call (to the kernel or a callback) ends a chain.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail, ensure};
use iced_x86::{Decoder, DecoderOptions, FlowControl};
use object::{
    LittleEndian as LE,
    pe::IMAGE_DIRECTORY_ENTRY_EXCEPTION,
    read::pe::{ImageNtHeaders, ImageOptionalHeader, PeFile64},
};

/// What one chain of calls inside a driver may use, in bytes: half of the 24 KiB; the other half is
/// for the drivers above us and for what the kernel does when we call it.
pub const BUDGET: u32 = 12 * 1024;

struct Function {
    end: u32,
    frame: u32,
    unwind: u32,
}

/// The deepest chain in bytes.
///
/// # Errors
/// A chain over [`BUDGET`] (named by the addresses of its functions), or unwind data that cannot be
/// read.
pub fn check(image: &[u8], map: &str) -> Result<u32> {
    let pe = PeFile64::parse(image)?;
    let functions = functions(&pe)?;
    let base = pe.nt_headers().optional_header().image_base();
    let mut calls: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for (&start, function) in &functions {
        let code = bytes(&pe, start, function.end - start)?;
        let mut decoder = Decoder::with_ip(64, code, base + u64::from(start), DecoderOptions::NONE);
        while decoder.can_decode() {
            let instruction = decoder.decode();
            let jump = instruction.flow_control() == FlowControl::UnconditionalBranch;
            if jump || instruction.flow_control() == FlowControl::Call {
                let target = instruction.near_branch_target().wrapping_sub(base);
                let Ok(target) = u32::try_from(target) else { continue };
                if target != start && functions.contains_key(&target) {
                    calls.entry(start).or_default().push(target);
                }
            }
        }
    }
    let mut depths = BTreeMap::new();
    let mut deepest = (0, 0);
    for &start in functions.keys() {
        let depth = depth(start, &functions, &calls, &mut depths, &mut Vec::new());
        deepest = deepest.max((depth, start));
    }
    if deepest.0 > BUDGET {
        let mut chain = vec![deepest.1];
        while let Some(next) = calls
            .get(&chain[chain.len() - 1])
            .and_then(|callees| callees.iter().filter(|c| !chain.contains(c)).max_by_key(|c| depths.get(c)))
        {
            chain.push(*next);
        }
        let symbols = symbols(map);
        let names: Vec<String> = chain
            .iter()
            .map(|rva| {
                let at = base + u64::from(*rva);
                let name = symbols.range(..=at).next_back().map_or("?", |(_, name)| name);
                format!("{name} ({} bytes)", functions[rva].frame)
            })
            .collect();
        bail!("a chain of calls needs {} of {BUDGET} bytes: {}", deepest.0, names.join(" -> "));
    }
    Ok(deepest.0)
}

/// Names by address from the linker's map: lines `0001:00000000  name  0000000140001000  file`.
fn symbols(map: &str) -> BTreeMap<u64, &str> {
    let mut found = BTreeMap::new();
    for line in map.lines() {
        let fields: Vec<&str> = line.split_whitespace().collect();
        if let [place, name, address, ..] = fields[..]
            && place.contains(':')
            && let Ok(address) = u64::from_str_radix(address, 16)
        {
            found.entry(address).or_insert(name);
        }
    }
    found
}

/// Deepest use below and including `start`. A cycle counts once: recursion is bounded by design
/// (docs/build.md), and its depth cannot be read off the code.
fn depth(
    start: u32,
    functions: &BTreeMap<u32, Function>,
    calls: &BTreeMap<u32, Vec<u32>>,
    done: &mut BTreeMap<u32, u32>,
    path: &mut Vec<u32>,
) -> u32 {
    if let Some(&known) = done.get(&start) {
        return known;
    }
    if path.contains(&start) {
        return 0;
    }
    path.push(start);
    let below = calls.get(&start).map_or(0, |callees| {
        callees.iter().map(|&callee| depth(callee, functions, calls, done, path)).max().unwrap_or(0)
    });
    path.pop();
    let own = functions[&start].frame + below;
    done.insert(start, own);
    own
}

fn bytes<'a>(pe: &PeFile64<'a>, rva: u32, len: u32) -> Result<&'a [u8]> {
    pe.section_table()
        .pe_data_at(pe.data(), rva)
        .and_then(|data| data.get(..len as usize))
        .with_context(|| format!("nothing at {rva:#x}"))
}

fn word(data: &[u8], offset: usize) -> Result<u32> {
    let bytes = data.get(offset..offset + 4).context("unwind data is cut off")?;
    Ok(u32::from_le_bytes(bytes.try_into()?))
}

fn functions(pe: &PeFile64) -> Result<BTreeMap<u32, Function>> {
    let Some(dir) = pe.data_directory(IMAGE_DIRECTORY_ENTRY_EXCEPTION) else { bail!("no unwind data") };
    let table = bytes(pe, dir.virtual_address.get(LE), dir.size.get(LE))?;
    let mut functions = BTreeMap::new();
    for entry in table.chunks_exact(12) {
        let (start, end, unwind) = (word(entry, 0)?, word(entry, 4)?, word(entry, 8)?);
        ensure!(end > start, "a function ends before it starts");
        functions.insert(start, Function { end, frame: frame(pe, unwind, 0)?, unwind });
    }
    // A chained entry describes a later part of a function whose own frame is counted there.
    for function in functions.values() {
        ensure!(function.unwind != 0, "a function has no unwind data");
    }
    Ok(functions)
}

/// Bytes that a function's prologue takes, its return address included (UNWIND_INFO, "x64 exception
/// handling" in Microsoft's C++ documentation).
fn frame(pe: &PeFile64, unwind: u32, chain: u32) -> Result<u32> {
    ensure!(chain < 32, "unwind data is chained in a circle");
    let head = bytes(pe, unwind, 4)?;
    let (flags, count) = (head[0] >> 3, u32::from(head[2]));
    let codes = bytes(pe, unwind + 4, count * 2)?;
    let mut size = 8;
    let mut at = 0;
    while at < codes.len() {
        let (op, info) = (codes[at + 1] & 15, u32::from(codes[at + 1] >> 4));
        let short = |slot: usize| -> Result<u32> {
            let bytes = codes.get(at + slot * 2..at + slot * 2 + 2).context("unwind code is cut off")?;
            Ok(u32::from(u16::from_le_bytes(bytes.try_into()?)))
        };
        let slots = match op {
            0 => {
                size += 8;
                1
            }
            1 if info == 0 => {
                size += short(1)? * 8;
                2
            }
            1 => {
                size += short(1)? | short(2)? << 16;
                3
            }
            2 => {
                size += info * 8 + 8;
                1
            }
            3 => 1,
            4 | 8 => 2,
            5 | 9 => 3,
            10 => {
                size += 40 + info * 8;
                1
            }
            other => bail!("unknown unwind code {other}"),
        };
        at += slots * 2;
    }
    if flags & 4 != 0 {
        let parent = bytes(pe, unwind + 4 + count.div_ceil(2) * 4, 12)?;
        return Ok(size - 8 + frame(pe, word(parent, 8)?, chain + 1)?);
    }
    Ok(size)
}
