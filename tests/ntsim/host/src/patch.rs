//! Instructions that do not fault by themselves in user mode, or whose answer must come from the
//! simulation: replaced by a trap when an image is loaded.

use iced_x86::{Code, Decoder, DecoderOptions, Instruction};

/// What stands in their place: `int 29h`, which user mode may not raise. It has two bytes, as the shortest of them, and
/// costs a general protection fault; `ud2` would do as well, but a hypervisor around this machine may look at each
/// invalid opcode first.
pub const TRAP: [u8; 2] = [0xCD, 0x29];

/// An instruction that stands under a [`TRAP`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Site {
    /// vmcall or vmmcall.
    Hypercall,
    /// cpuid.
    Cpuid,
    /// pause.
    Pause,
    /// rdtsc.
    Tsc,
    /// rdtscp.
    Tscp,
}

impl Site {
    /// Bytes of the instruction.
    pub fn len(self) -> u64 {
        match self {
            Site::Hypercall | Site::Tscp => 3,
            Site::Cpuid | Site::Pause | Site::Tsc => 2,
        }
    }
}

fn site(i: &Instruction) -> Option<Site> {
    match i.code() {
        Code::Vmcall | Code::Vmmcall => Some(Site::Hypercall),
        Code::Cpuid => Some(Site::Cpuid),
        Code::Pause => Some(Site::Pause),
        Code::Rdtsc => Some(Site::Tsc),
        Code::Rdtscp => Some(Site::Tscp),
        _ => None,
    }
}

/// Patches a section and returns the sites.
pub fn patch(va: usize, bytes: &mut [u8]) -> Vec<(usize, Site)> {
    let mut found = Vec::new();
    {
        let mut decoder = Decoder::with_ip(64, bytes, va as u64, DecoderOptions::NONE);
        let mut i = Instruction::default();
        while decoder.can_decode() {
            decoder.decode_out(&mut i);
            if i.is_invalid() {
                // Data between functions: go on at the next byte.
                let next = i.ip() as usize - va + 1;
                if decoder.set_position(next).is_err() {
                    break;
                }
                decoder.set_ip((va + next) as u64);
                continue;
            }
            // Only the plain encodings: prefixes would make the site longer.
            if let Some(s) = site(&i).filter(|s| s.len() == i.len() as u64) {
                found.push((i.ip() as usize, s));
            }
        }
    }
    for (at, _) in &found {
        bytes[at - va..at - va + 2].copy_from_slice(&TRAP);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_and_replaces() {
        let mut code =
            [0x90, 0x0F, 0x01, 0xC1, 0xF3, 0x90, 0x0F, 0xA2, 0x0F, 0x01, 0xD9, 0xB8, 0x0F, 0xA2, 0, 0, 0xC3];
        let sites = patch(0x1000, &mut code);
        let kinds: Vec<_> = sites.iter().map(|s| (s.0 - 0x1000, s.1)).collect();
        assert_eq!(kinds, [(1, Site::Hypercall), (4, Site::Pause), (6, Site::Cpuid), (8, Site::Hypercall)]);
        // The bytes of cpuid inside an immediate are left alone.
        assert_eq!(code[11..], [0xB8, 0x0F, 0xA2, 0, 0, 0xC3]);
        assert_eq!(&code[1..4], &[TRAP[0], TRAP[1], 0xC1]);
    }
}
