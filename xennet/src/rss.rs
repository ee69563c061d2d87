//! Receive-side scaling: from NDIS's parameters to the back-end's hashing.

use arrayvec::ArrayVec;
use netfront::{
    ctrl::MAX_MAPPING,
    toeplitz::{Flow, KEY_LEN},
};
use nt::sys::*;
use xenbus::io::netif_ctrl::HashTypes;

/// `NdisHashFunctionToeplitz`.
const TOEPLITZ: u32 = 1;

/// What is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scaling {
    /// What is hashed; empty without scaling.
    pub types: HashTypes,
    /// UDP ports are hashed as well, by us.
    pub udp: bool,
    /// The key.
    pub key: [u8; KEY_LEN],
    /// Processors (NT index) by the hash's low bits; a power of two of them, or none.
    pub table: ArrayVec<u32, MAX_MAPPING>,
    /// Counts changes: tells the hashes of one setting from those of another.
    pub generation: u32,
}

impl Scaling {
    /// No scaling.
    #[must_use]
    pub const fn off() -> Self {
        Self {
            types: HashTypes::empty(),
            udp: false,
            key: [0; KEY_LEN],
            table: ArrayVec::new_const(),
            generation: 0,
        }
    }

    /// Is a flow of this kind hashed?
    #[must_use]
    pub fn wants(&self, flow: Flow) -> bool {
        match flow {
            Flow::Ipv4 => self.types.contains(HashTypes::IPV4),
            Flow::Ipv4Tcp => self.types.contains(HashTypes::IPV4_TCP),
            Flow::Ipv6 => self.types.contains(HashTypes::IPV6),
            Flow::Ipv6Tcp => self.types.contains(HashTypes::IPV6_TCP),
            Flow::Ipv4Udp | Flow::Ipv6Udp => self.udp,
        }
    }

    /// The processor (NT index) that a hash value belongs to.
    #[must_use]
    pub fn processor(&self, hash: u32) -> Option<u32> {
        let mask = self.table.len().checked_sub(1)?;
        self.table.get(hash as usize & mask).copied()
    }

    /// Queues by the hash's low bits: each processor of the table gets a queue, in order of appearance,
    /// and the queues are used again when there are more processors.
    #[must_use]
    pub fn mapping(&self, queues: usize) -> ArrayVec<u8, MAX_MAPPING> {
        let mut seen: ArrayVec<u32, MAX_MAPPING> = ArrayVec::new();
        self.table
            .iter()
            .map(|&processor| {
                let place = seen.iter().position(|&known| known == processor).unwrap_or_else(|| {
                    seen.push(processor);
                    seen.len() - 1
                });
                (place % queues.max(1)) as u8
            })
            .collect()
    }

    /// The processor that each queue's events should come to.
    #[must_use]
    pub fn processors(&self, queues: usize) -> ArrayVec<Option<u32>, 64> {
        let mapping = self.mapping(queues);
        (0..queues.min(64))
            .map(|queue| {
                let at = mapping.iter().position(|&of| usize::from(of) == queue)?;
                self.table.get(at).copied()
            })
            .collect()
    }
}

/// `NetBufferListHashInfo` of a flow: type and function.
#[must_use]
pub const fn hash_info(flow: Flow) -> u32 {
    let ty = match flow {
        Flow::Ipv4 => NDIS_HASH_IPV4,
        Flow::Ipv4Tcp => NDIS_HASH_TCP_IPV4,
        Flow::Ipv4Udp => NDIS_HASH_UDP_IPV4,
        Flow::Ipv6 => NDIS_HASH_IPV6,
        Flow::Ipv6Tcp => NDIS_HASH_TCP_IPV6,
        Flow::Ipv6Udp => NDIS_HASH_UDP_IPV6,
    };
    ty | TOEPLITZ
}

/// Why parameters were refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadParameters {
    /// Shorter than the fixed part, or an offset that leaves the buffer.
    Length,
    /// Something that we do not do.
    Unsupported,
}

/// Reads `OID_GEN_RECEIVE_SCALE_PARAMETERS` (`NDIS_RECEIVE_SCALE_PARAMETERS` with its variable parts) over
/// what was in force. `index` turns a group and number into a processor index.
///
/// # Errors
/// See [`BadParameters`].
pub fn parse(
    bytes: &[u8],
    before: &Scaling,
    index: impl Fn(u16, u8) -> Option<u32>,
) -> Result<Scaling, BadParameters> {
    let u16_at = |at: usize| match bytes.get(at..at + 2) {
        Some(pair) => Ok(u16::from_le_bytes([pair[0], pair[1]])),
        None => Err(BadParameters::Length),
    };
    let u32_at = |at| Ok(u32::from(u16_at(at)?) | u32::from(u16_at(at + 2)?) << 16);
    let flags = u32::from(u16_at(core::mem::offset_of!(NDIS_RECEIVE_SCALE_PARAMETERS, Flags))?);
    let info = u32_at(core::mem::offset_of!(NDIS_RECEIVE_SCALE_PARAMETERS, HashInformation))?;
    if flags & NDIS_RSS_PARAM_FLAG_DISABLE_RSS != 0 {
        return Ok(Scaling::off());
    }
    let mut scaling = before.clone();
    if flags & NDIS_RSS_PARAM_FLAG_HASH_INFO_UNCHANGED == 0 {
        let ty = info & 0xFFFF_FF00;
        if ty == 0 {
            return Ok(Scaling::off());
        }
        if info & 0xFF != TOEPLITZ {
            return Err(BadParameters::Unsupported);
        }
        let wants = |bit, types: HashTypes| if ty & bit != 0 { types } else { HashTypes::empty() };
        scaling.types = wants(NDIS_HASH_IPV4, HashTypes::IPV4)
            | wants(NDIS_HASH_TCP_IPV4, HashTypes::IPV4_TCP)
            | wants(NDIS_HASH_IPV6, HashTypes::IPV6)
            | wants(NDIS_HASH_TCP_IPV6, HashTypes::IPV6_TCP);
        scaling.udp = ty & (NDIS_HASH_UDP_IPV4 | NDIS_HASH_UDP_IPV6) != 0;
    }
    if flags & NDIS_RSS_PARAM_FLAG_HASH_KEY_UNCHANGED == 0 {
        let len =
            usize::from(u16_at(core::mem::offset_of!(NDIS_RECEIVE_SCALE_PARAMETERS, HashSecretKeySize))?);
        let at = u32_at(core::mem::offset_of!(NDIS_RECEIVE_SCALE_PARAMETERS, HashSecretKeyOffset))? as usize;
        if len > KEY_LEN {
            return Err(BadParameters::Unsupported);
        }
        let end = at.checked_add(len).ok_or(BadParameters::Length)?;
        scaling.key = [0; KEY_LEN];
        scaling.key[..len].copy_from_slice(bytes.get(at..end).ok_or(BadParameters::Length)?);
    }
    if flags & NDIS_RSS_PARAM_FLAG_ITABLE_UNCHANGED == 0 {
        let len =
            usize::from(u16_at(core::mem::offset_of!(NDIS_RECEIVE_SCALE_PARAMETERS, IndirectionTableSize))?);
        let at =
            u32_at(core::mem::offset_of!(NDIS_RECEIVE_SCALE_PARAMETERS, IndirectionTableOffset))? as usize;
        let entries = len / size_of::<PROCESSOR_NUMBER>();
        if !entries.is_power_of_two() || entries > MAX_MAPPING {
            return Err(BadParameters::Unsupported);
        }
        scaling.table.clear();
        for entry in 0..entries {
            let at = at.checked_add(entry * size_of::<PROCESSOR_NUMBER>()).ok_or(BadParameters::Length)?;
            let group = u16_at(at)?;
            let number = *bytes.get(at + 2).ok_or(BadParameters::Length)?;
            scaling.table.push(index(group, number).ok_or(BadParameters::Unsupported)?);
        }
    }
    Ok(scaling)
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    fn parameters(flags: u16, info: u32, table: &[u8], key: &[u8]) -> Vec<u8> {
        let fixed = size_of::<NDIS_RECEIVE_SCALE_PARAMETERS>();
        let mut bytes = alloc::vec![0; fixed];
        let mut put = |at: usize, value: &[u8]| bytes[at..at + value.len()].copy_from_slice(value);
        put(core::mem::offset_of!(NDIS_RECEIVE_SCALE_PARAMETERS, Flags), &flags.to_le_bytes());
        put(core::mem::offset_of!(NDIS_RECEIVE_SCALE_PARAMETERS, HashInformation), &info.to_le_bytes());
        put(
            core::mem::offset_of!(NDIS_RECEIVE_SCALE_PARAMETERS, IndirectionTableSize),
            &((table.len() * 4) as u16).to_le_bytes(),
        );
        put(
            core::mem::offset_of!(NDIS_RECEIVE_SCALE_PARAMETERS, IndirectionTableOffset),
            &(fixed as u32).to_le_bytes(),
        );
        put(
            core::mem::offset_of!(NDIS_RECEIVE_SCALE_PARAMETERS, HashSecretKeySize),
            &(key.len() as u16).to_le_bytes(),
        );
        put(
            core::mem::offset_of!(NDIS_RECEIVE_SCALE_PARAMETERS, HashSecretKeyOffset),
            &((fixed + table.len() * 4) as u32).to_le_bytes(),
        );
        for &processor in table {
            bytes.extend([0, 0, processor, 0]);
        }
        bytes.extend(key);
        bytes
    }

    const INFO: u32 = NDIS_HASH_TCP_IPV4 | NDIS_HASH_IPV4 | TOEPLITZ;

    fn index(group: u16, number: u8) -> Option<u32> {
        (group == 0 && number < 8).then_some(number.into())
    }

    #[test]
    fn parameters_become_a_mapping() {
        let bytes = parameters(0, INFO, &[4, 2, 4, 6], &[9; 40]);
        let scaling = parse(&bytes, &Scaling::off(), index).unwrap();
        assert_eq!(scaling.types, HashTypes::IPV4 | HashTypes::IPV4_TCP);
        assert_eq!((scaling.key, &scaling.table[..]), ([9; 40], &[4, 2, 4, 6][..]));
        assert_eq!([4, 5, 6, 7].map(|hash| scaling.processor(hash)), [Some(4), Some(2), Some(4), Some(6)]);
        assert!(scaling.wants(Flow::Ipv4Tcp) && !scaling.wants(Flow::Ipv6) && !scaling.wants(Flow::Ipv4Udp));
        assert_eq!(Scaling::off().processor(1), None);
        assert_eq!(scaling.mapping(4)[..], [0, 1, 0, 2]);
        assert_eq!(scaling.mapping(2)[..], [0, 1, 0, 0]);
        assert_eq!(scaling.processors(4)[..], [Some(4), Some(2), Some(6), None]);
        // Only the key changes.
        let unchanged =
            (NDIS_RSS_PARAM_FLAG_ITABLE_UNCHANGED | NDIS_RSS_PARAM_FLAG_HASH_INFO_UNCHANGED) as u16;
        let next = parse(&parameters(unchanged, 0, &[], &[1; 40]), &scaling, index).unwrap();
        assert_eq!((next.key, next.table, next.types), ([1; 40], scaling.table, scaling.types));
        let off = parameters(NDIS_RSS_PARAM_FLAG_DISABLE_RSS as u16, 0, &[], &[]);
        assert_eq!(parse(&off, &next_off(), index), Ok(Scaling::off()));
    }

    fn next_off() -> Scaling {
        Scaling { udp: true, ..Scaling::off() }
    }

    #[test]
    fn bad_parameters_are_refused() {
        let off = Scaling::off();
        assert_eq!(
            parse(&parameters(0, INFO, &[1, 2, 3], &[9; 40]), &off, index),
            Err(BadParameters::Unsupported)
        );
        assert_eq!(parse(&parameters(0, INFO, &[9], &[9; 40]), &off, index), Err(BadParameters::Unsupported));
        assert_eq!(parse(&parameters(0, INFO, &[1], &[9; 41]), &off, index), Err(BadParameters::Unsupported));
        assert_eq!(
            parse(&parameters(0, INFO + 1, &[1], &[9; 40]), &off, index),
            Err(BadParameters::Unsupported)
        );
        let good = parameters(0, INFO, &[1, 2], &[9; 40]);
        for len in 0..good.len() {
            assert_eq!(parse(&good[..len], &off, index), Err(BadParameters::Length), "{len}");
        }
    }
}
