//! What firmware leaves in memory below 1 MiB: ACPI's root pointer, XSDT, MADT and FADT. Drivers that look for
//! processor identifiers there (as vendors' bus drivers do) find what Xen's hvmloader would have put there:
//! the local APIC identifier of virtual processor n is 2n.

use crate::memory::{Memory, PAGE};

const RSDP: u64 = 0xF_5A00;
const XSDT: u64 = 0xF_6000;
const MADT: u64 = 0xF_7000;
const FADT: u64 = 0xF_9000;
const DSDT: u64 = 0xF_A000;

fn put(memory: &Memory, at: u64, bytes: &[u8]) {
    for (i, b) in bytes.iter().enumerate() {
        let address = at + i as u64;
        let frame = memory.frame(address / PAGE as u64).expect("RAM below 1 MiB");
        unsafe { frame.add(address as usize % PAGE).write_volatile(*b) };
    }
}

fn checksum(bytes: &mut [u8], at: usize) {
    bytes[at] = 0;
    let sum = bytes.iter().fold(0u8, |s, b| s.wrapping_add(*b));
    bytes[at] = sum.wrapping_neg();
}

/// A table with its header (ACPI specification, "System Description Table Header").
fn table(signature: &[u8; 4], revision: u8, body: &[u8]) -> Vec<u8> {
    let mut t = Vec::new();
    t.extend_from_slice(signature);
    t.extend_from_slice(&(36 + body.len() as u32).to_le_bytes());
    t.push(revision);
    t.push(0);
    t.extend_from_slice(b"Xen\0\0\0");
    t.extend_from_slice(b"HVM\0\0\0\0\0");
    t.extend_from_slice(&1u32.to_le_bytes());
    t.extend_from_slice(b"HVML");
    t.extend_from_slice(&1u32.to_le_bytes());
    t.extend_from_slice(body);
    checksum(&mut t, 9);
    t
}

/// Writes the tables.
pub fn install(memory: &Memory, processors: u32) {
    let mut madt = Vec::new();
    madt.extend_from_slice(&0xFEE0_0000u32.to_le_bytes());
    madt.extend_from_slice(&1u32.to_le_bytes());
    for n in 0..processors {
        // Processor local APIC: type 0, length 8, ACPI processor, APIC id, enabled.
        madt.extend_from_slice(&[0, 8, n as u8, (2 * n) as u8, 1, 0, 0, 0]);
    }
    // I/O APIC.
    madt.extend_from_slice(&[1, 12, 1, 0]);
    madt.extend_from_slice(&0xFEC0_0000u32.to_le_bytes());
    madt.extend_from_slice(&0u32.to_le_bytes());
    put(memory, MADT, &table(b"APIC", 2, &madt));
    put(memory, DSDT, &table(b"DSDT", 2, &[]));
    let mut fadt = vec![0u8; 208];
    fadt[4..8].copy_from_slice(&(DSDT as u32).to_le_bytes());
    put(memory, FADT, &table(b"FACP", 4, &fadt));
    let mut xsdt = Vec::new();
    xsdt.extend_from_slice(&FADT.to_le_bytes());
    xsdt.extend_from_slice(&MADT.to_le_bytes());
    put(memory, XSDT, &table(b"XSDT", 1, &xsdt));
    let mut rsdp = [0u8; 36];
    rsdp[..8].copy_from_slice(b"RSD PTR ");
    rsdp[9..15].copy_from_slice(b"Xen\0\0\0");
    rsdp[15] = 2;
    rsdp[20..24].copy_from_slice(&36u32.to_le_bytes());
    rsdp[24..32].copy_from_slice(&XSDT.to_le_bytes());
    checksum(&mut rsdp[..20], 8);
    checksum(&mut rsdp, 32);
    put(memory, RSDP, &rsdp);
}
