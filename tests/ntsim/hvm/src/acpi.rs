//! The few facts of ACPI that are needed: processors (MADT), the ports of the timer and of the power switch
//! (FADT). Tables come from firmware and are read within their stated lengths (ACPI 6.5, ch. 5).

use alloc::vec::Vec;

/// What was found.
#[derive(Debug, Default)]
pub struct Facts {
    /// APIC ids of usable processors, in the MADT's order.
    pub processors: Vec<u32>,
    /// I/O port of the PM timer (3.579545 MHz), 0 if there is none.
    pub timer: u16,
    /// I/O port of PM1a control, 0 if there is none.
    pub power: u16,
    /// Physical address of the I/O APIC.
    pub io_apic: u64,
}

fn bytes(at: u64, len: usize) -> &'static [u8] {
    // Firmware tables lie below 4 GiB, which is mapped.
    unsafe { core::slice::from_raw_parts(at as *const u8, len) }
}

fn word(data: &[u8], at: usize) -> u32 {
    data.get(at..at + 4).map_or(0, |b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]))
}

fn root() -> Option<u64> {
    // The RSDP is on a 16-byte boundary in 0xE0000..0x100000 with hvmloader and SeaBIOS.
    (0xe_0000..0x10_0000u64).step_by(16).find_map(|at| {
        let data = bytes(at, 20);
        let good = &data[..8] == b"RSD PTR " && data.iter().fold(0u8, |sum, b| sum.wrapping_add(*b)) == 0;
        good.then(|| u64::from(word(data, 16)))
    })
}

/// Reads the tables.
pub fn facts() -> Facts {
    let mut facts = Facts { io_apic: 0xfec0_0000, ..Facts::default() };
    let Some(rsdt) = root() else { return facts };
    let len = word(bytes(rsdt, 8), 4) as usize;
    for entry in bytes(rsdt, len).get(36..).unwrap_or_default().chunks_exact(4) {
        let at = u64::from(word(entry, 0));
        let table = bytes(at, word(bytes(at, 8), 4) as usize);
        match table.get(..4) {
            Some(b"FACP") => {
                facts.timer = word(table, 76) as u16;
                facts.power = word(table, 64) as u16;
            }
            Some(b"APIC") => madt(table, &mut facts),
            _ => {}
        }
    }
    facts
}

fn madt(table: &[u8], facts: &mut Facts) {
    let mut at = 44;
    while let Some(head) = table.get(at..at + 2) {
        let len = usize::from(head[1]);
        let Some(entry) = table.get(at..at + len) else { break };
        match head[0] {
            // Processor local APIC: id at 3, flags at 4 (bit 0 enabled).
            0 if word(entry, 4) & 1 != 0 => facts.processors.push(u32::from(entry[3])),
            1 => facts.io_apic = u64::from(word(entry, 4)),
            // Processor local x2APIC.
            9 if word(entry, 8) & 1 != 0 => facts.processors.push(word(entry, 4)),
            _ => {}
        }
        if len < 2 {
            break;
        }
        at += len;
    }
}
