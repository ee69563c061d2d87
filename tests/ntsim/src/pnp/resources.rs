//! Hardware resources: what a device may use, what it gets, and the lists that say so.
//!
//! Sources: IO_RESOURCE_REQUIREMENTS_LIST, IO_RESOURCE_DESCRIPTOR (Option), CM_PARTIAL_RESOURCE_DESCRIPTOR, "Using
//! Interrupt Resource Descriptors". One arbiter for the whole machine: ports, memory, interrupt vectors. On x64 a
//! vector's IRQL is its upper four bits.

use crate::ke::sched::CpuSet;
use crate::kernel::{kernel, lock::Lock};
use alloc::vec::Vec;
use nt::sys::*;

/// A requirement, as read from an IO_RESOURCE_DESCRIPTOR.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Need {
    /// Ports (true) or memory.
    Range {
        /// Ports, else memory.
        port: bool,
        /// Bytes.
        length: u64,
        /// Alignment.
        alignment: u64,
        /// Lowest address.
        minimum: u64,
        /// Highest address of the last byte.
        maximum: u64,
        /// Flags to hand on.
        flags: u16,
    },
    /// A line: any of these global interrupts.
    Line {
        /// Lowest.
        minimum: u32,
        /// Highest.
        maximum: u32,
        /// Flags to hand on.
        flags: u16,
        /// May others use it too?
        shared: bool,
    },
    /// Message-signalled interrupts.
    Messages {
        /// How many.
        count: u32,
        /// Flags to hand on.
        flags: u16,
        /// IRQ_DEVICE_POLICY.
        policy: u16,
        /// Processor group.
        group: u16,
        /// Processors of the group.
        processors: u64,
    },
    /// Handed on as it is (device private data).
    Private([u32; 3]),
    /// A kind that this machine has not (DMA channels): cannot be satisfied.
    Impossible(u8),
    /// Nothing (CmResourceTypeNull, ConfigData).
    Nothing,
}

/// Requirements of a device: alternative lists; each a list of requirements; each with its alternatives in order of
/// preference.
pub type Requirements = Vec<Vec<Vec<Need>>>;

/// What a device got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Assigned {
    /// Ports or memory.
    Range {
        /// Ports, else memory.
        port: bool,
        /// First address.
        start: u64,
        /// Bytes.
        length: u64,
        /// Flags.
        flags: u16,
    },
    /// A line.
    Line(Line),
    /// One message.
    Message(Message),
    /// Private data.
    Private([u32; 3]),
}

/// A line interrupt with its vector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// Global interrupt.
    pub gsi: u32,
    /// Vector.
    pub vector: u8,
    /// Processors.
    pub affinity: CpuSet,
    /// Flags.
    pub flags: u16,
    /// May others use it too?
    pub shared: bool,
}

/// A message with its vector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message {
    /// Vector.
    pub vector: u8,
    /// Processors.
    pub affinity: CpuSet,
    /// Address that the device writes to.
    pub address: u64,
    /// Data that it writes.
    pub data: u32,
    /// Flags.
    pub flags: u16,
}

const CM_RESOURCE_INTERRUPT_POLICY_INCLUDED: u32 = 4;
/// CM_RESOURCE_INTERRUPT_MESSAGE_TOKEN.
const TOKEN: u32 = 0xFFFF_FFFE;
const OPTION_ALTERNATIVE: u8 = 8;

unsafe fn need(d: &IO_RESOURCE_DESCRIPTOR) -> Need {
    match u32::from(d.Type) {
        CmResourceTypePort | CmResourceTypeMemory => {
            let g = &d.u.Generic;
            Need::Range {
                port: u32::from(d.Type) == CmResourceTypePort,
                length: u64::from(g.Length),
                alignment: u64::from(g.Alignment.max(1)),
                minimum: g.MinimumAddress.QuadPart as u64,
                maximum: g.MaximumAddress.QuadPart as u64,
                flags: d.Flags,
            }
        }
        CmResourceTypeInterrupt => {
            let i = &d.u.Interrupt;
            if u32::from(d.Flags) & CM_RESOURCE_INTERRUPT_MESSAGE as u32 != 0 {
                let included = u32::from(d.Flags) & CM_RESOURCE_INTERRUPT_POLICY_INCLUDED as u32 != 0;
                // With processor groups AffinityPolicy is 16 bits wide and the group stands behind it.
                let policy = i.AffinityPolicy as u32;
                Need::Messages {
                    count: i.MaximumVector.wrapping_sub(i.MinimumVector).wrapping_add(1),
                    flags: d.Flags,
                    policy: if included { policy as u16 } else { 0 },
                    group: if included { (policy >> 16) as u16 } else { 0 },
                    processors: if included { i.TargetedProcessors as u64 } else { 0 },
                }
            } else {
                Need::Line {
                    minimum: i.MinimumVector,
                    maximum: i.MaximumVector,
                    flags: d.Flags,
                    shared: i32::from(d.ShareDisposition) == CmResourceShareShared as i32,
                }
            }
        }
        CmResourceTypeDevicePrivate => Need::Private(d.u.DevicePrivate.Data),
        CmResourceTypeNull | CmResourceTypeConfigData => Need::Nothing,
        _ => Need::Impossible(d.Type),
    }
}

/// Reads a requirements list as a driver made it; `None` when its sizes do not fit together.
pub unsafe fn parse(list: *const IO_RESOURCE_REQUIREMENTS_LIST) -> Option<Requirements> {
    if list.is_null() {
        return Some(Vec::new());
    }
    let size = (*list).ListSize as usize;
    let mut offset = core::mem::offset_of!(IO_RESOURCE_REQUIREMENTS_LIST, List);
    let base = list.cast::<u8>();
    let mut out = Vec::new();
    for _ in 0..(*list).AlternativeLists {
        let header = core::mem::offset_of!(IO_RESOURCE_LIST, Descriptors);
        if offset + header > size {
            return None;
        }
        let one = base.add(offset).cast::<IO_RESOURCE_LIST>();
        let count = (*one).Count as usize;
        if offset + header + count * size_of::<IO_RESOURCE_DESCRIPTOR>() > size {
            return None;
        }
        let mut needs: Vec<Vec<Need>> = Vec::new();
        for n in 0..count {
            let d = &*one.cast::<u8>().add(header).cast::<IO_RESOURCE_DESCRIPTOR>().add(n);
            let need = need(d);
            match needs.last_mut() {
                Some(last) if d.Option & OPTION_ALTERNATIVE != 0 => last.push(need),
                _ => needs.push(alloc::vec![need]),
            }
        }
        out.push(needs);
        offset += header + count * size_of::<IO_RESOURCE_DESCRIPTOR>();
    }
    Some(out)
}

/// The arbiter's state.
#[derive(Default)]
pub struct Arbiter {
    ranges: Lock<Vec<(bool, u64, u64, usize)>>,
    vectors: Lock<Vec<(u8, CpuSet, Option<u32>, usize)>>,
}

/// The arbiter of the running kernel.
pub fn arbiter() -> &'static Arbiter {
    kernel().room()
}

/// Vectors that devices may get: IRQL 5 to 11.
const VECTORS: core::ops::RangeInclusive<u8> = 0x50..=0xBF;
/// Where ranges without a place from the firmware go.
const PORT_WINDOW: (u64, u64) = (0xC000, 0xEFFF);
const MEMORY_WINDOW: (u64, u64) = (0xF400_0000, 0xFBFF_FFFF);

impl Arbiter {
    fn range_free(&self, port: bool, start: u64, length: u64) -> bool {
        let ranges = self.ranges.lock();
        !ranges.iter().any(|(p, s, l, _)| *p == port && start < s + l && *s < start + length)
    }

    fn place(&self, owner: usize, need: &Need, prefer: &[(bool, u64, u64)]) -> Option<Assigned> {
        let Need::Range { port, length, alignment, minimum, maximum, flags } = *need else { return None };
        if length == 0 {
            return Some(Assigned::Range { port, start: minimum, length, flags });
        }
        let fits = |start: u64| {
            start >= minimum
                && start.checked_add(length - 1).is_some_and(|end| end <= maximum)
                && start.is_multiple_of(alignment)
                && self.range_free(port, start, length)
        };
        let preferred = prefer.iter().find(|(p, s, l)| *p == port && *l == length && *s != 0 && fits(*s));
        let start = preferred.map(|(_, s, _)| *s).or_else(|| {
            let (low, high) = if port { PORT_WINDOW } else { MEMORY_WINDOW };
            let low = if minimum > high { minimum } else { low.max(minimum) };
            let mut at = low.next_multiple_of(alignment);
            while at.checked_add(length - 1).is_some_and(|e| e <= high.max(minimum + length) && e <= maximum)
            {
                if fits(at) {
                    return Some(at);
                }
                at += alignment.max(0x10);
            }
            None
        })?;
        self.ranges.lock().push((port, start, length, owner));
        Some(Assigned::Range { port, start, length, flags })
    }

    fn vector(&self, owner: usize, set: CpuSet, gsi: Option<u32>) -> Option<u8> {
        let mut vectors = self.vectors.lock();
        // From the top of a level downwards as Windows spreads them is of no interest: the first that is free, at first
        // one that nobody uses on any processor.
        let free = VECTORS
            .clone()
            .find(|v| !vectors.iter().any(|(u, ..)| u == v))
            .or_else(|| VECTORS.clone().find(|v| !vectors.iter().any(|(u, s, ..)| u == v && s & set != 0)))?;
        vectors.push((free, set, gsi, owner));
        Some(free)
    }

    fn line(&self, owner: usize, minimum: u32, maximum: u32, flags: u16, shared: bool) -> Option<Line> {
        for gsi in minimum..=maximum {
            let taken: Option<(u8, CpuSet)> =
                self.vectors.lock().iter().find(|(_, _, g, _)| *g == Some(gsi)).map(|(v, s, ..)| (*v, *s));
            if let Some((vector, affinity)) = taken {
                if !shared {
                    continue;
                }
                self.vectors.lock().push((vector, affinity, Some(gsi), owner));
                return Some(Line { gsi, vector, affinity, flags, shared });
            }
            // A line goes to the processors of group 0; the interrupt controller delivers to one of them.
            let affinity = 1;
            if let Some(vector) = self.vector(owner, affinity, Some(gsi)) {
                return Some(Line { gsi, vector, affinity, flags, shared });
            }
        }
        None
    }

    fn messages(&self, owner: usize, need: &Need, policy_groups: bool) -> Option<Vec<Message>> {
        let Need::Messages { count, flags, policy, group, processors } = *need else { return None };
        if count == 0 || count > 2048 || (group != 0 && !policy_groups) {
            return None;
        }
        let k = kernel();
        let active = crate::ke::thread::all_processors(k);
        let size = k.config.group_size.clamp(1, 64);
        let base = u32::from(group) * size;
        let group_set = if size >= 64 { CpuSet::from(u64::MAX) } else { (1 << size) - 1 };
        let set = match i32::from(policy) {
            IrqPolicySpecifiedProcessors if base < 128 => {
                (CpuSet::from(processors) & group_set) << base & active
            }
            IrqPolicyAllProcessorsInMachine => active,
            _ => active & group_set,
        };
        if set == 0 {
            return None;
        }
        let mut out = Vec::new();
        for n in 0..count {
            // Spread messages go to one processor each.
            let set = if i32::from(policy) == IrqPolicySpreadMessagesAcrossAllProcessors || count > 1 {
                let cpus: Vec<u32> = (0..128).filter(|c| set >> c & 1 != 0).collect();
                1 << cpus[n as usize % cpus.len()]
            } else {
                set
            };
            let vector = self.vector(owner, set, None)?;
            let target = u64::from(set.trailing_zeros());
            out.push(Message {
                vector,
                affinity: set,
                address: 0xFEE0_0000 | (target & 0xFF) << 12,
                data: u32::from(vector),
                flags,
            });
        }
        Some(out)
    }

    /// Gives a device its resources; `prefer` is where the firmware put its ranges. `None` when no alternative list can be
    /// satisfied: then nothing is held.
    pub fn assign(
        &self,
        owner: usize,
        requirements: &Requirements,
        prefer: &[(bool, u64, u64)],
        groups: bool,
    ) -> Option<Vec<Assigned>> {
        if requirements.is_empty() {
            return Some(Vec::new());
        }
        for list in requirements {
            let mut out = Vec::new();
            let complete = list.iter().all(|alternatives| {
                alternatives.iter().any(|need| match need {
                    Need::Range { .. } => self.place(owner, need, prefer).map(|a| out.push(a)).is_some(),
                    Need::Line { minimum, maximum, flags, shared } => self
                        .line(owner, *minimum, *maximum, *flags, *shared)
                        .map(|l| out.push(Assigned::Line(l)))
                        .is_some(),
                    // MSISupported decides what the PCI bus asks for by itself, not what a filter's descriptors
                    // get: shipping drivers whose INF puts that value elsewhere have their messages.
                    Need::Messages { .. } => self
                        .messages(owner, need, groups)
                        .map(|m| out.extend(m.into_iter().map(Assigned::Message)))
                        .is_some(),
                    Need::Private(data) => {
                        out.push(Assigned::Private(*data));
                        true
                    }
                    Need::Nothing => true,
                    Need::Impossible(_) => false,
                })
            });
            if complete {
                return Some(out);
            }
            self.release(owner);
        }
        None
    }

    /// Takes back all that a device has.
    pub fn release(&self, owner: usize) {
        self.ranges.lock().retain(|(.., o)| *o != owner);
        self.vectors.lock().retain(|(.., o)| *o != owner);
    }

    /// Reserves a range so that nobody gets it (tests of conflicts and rebalancing).
    pub fn reserve(&self, port: bool, start: u64, length: u64) {
        self.ranges.lock().push((port, start, length, usize::MAX));
    }
}

/// Global interrupt behind a vector.
pub fn gsi_of_vector(vector: u8) -> Option<u32> {
    arbiter().vectors.lock().iter().find(|(v, ..)| *v == vector).and_then(|(_, _, g, _)| *g)
}

/// The line of a started device.
pub fn line_of(pdo: *mut DEVICE_OBJECT) -> Option<Line> {
    super::assigned(pdo).into_iter().find_map(|a| match a {
        Assigned::Line(line) => Some(line),
        _ => None,
    })
}

/// The messages of a started device.
pub fn messages_of(pdo: *mut DEVICE_OBJECT) -> Vec<Message> {
    super::assigned(pdo)
        .into_iter()
        .filter_map(|a| match a {
            Assigned::Message(m) => Some(m),
            _ => None,
        })
        .collect()
}

/// A processor set as group and mask; sets that span groups are cut to the first.
fn grouped(set: CpuSet) -> (u16, u64) {
    let size = kernel().config.group_size.clamp(1, 64);
    let group = set.trailing_zeros().min(127) / size;
    let mask = if size >= 64 { u64::MAX } else { (1 << size) - 1 };
    (group as u16, (set >> (group * size)) as u64 & mask)
}

fn descriptor(assigned: &Assigned, translated: bool) -> CM_PARTIAL_RESOURCE_DESCRIPTOR {
    let mut d = CM_PARTIAL_RESOURCE_DESCRIPTOR::default();
    let at = (&raw mut d.u).cast::<u8>();
    // SAFETY: the union has 16 bytes; offsets as in CM_PARTIAL_RESOURCE_DESCRIPTOR, which is packed to 4.
    let put32 = |offset: usize, value: u32| unsafe { at.add(offset).cast::<u32>().write_unaligned(value) };
    let put64 = |offset: usize, value: u64| unsafe { at.add(offset).cast::<u64>().write_unaligned(value) };
    d.ShareDisposition = CmResourceShareDeviceExclusive as u8;
    match assigned {
        Assigned::Range { port, start, length, flags } => {
            d.Type = if *port { CmResourceTypePort } else { CmResourceTypeMemory } as u8;
            d.Flags = *flags;
            put64(0, *start);
            put32(8, *length as u32);
        }
        Assigned::Line(line) => {
            d.Type = CmResourceTypeInterrupt as u8;
            d.Flags = line.flags;
            if line.shared {
                d.ShareDisposition = CmResourceShareShared as u8;
            }
            if translated {
                let (group, mask) = grouped(line.affinity);
                put32(0, u32::from(line.vector >> 4) | u32::from(group) << 16);
                put32(4, u32::from(line.vector));
                put64(8, mask);
            } else {
                put32(0, line.gsi);
                put32(4, line.gsi);
                put64(8, u64::MAX);
            }
        }
        Assigned::Message(m) => {
            d.Type = CmResourceTypeInterrupt as u8;
            d.Flags = m.flags;
            let (group, mask) = grouped(m.affinity);
            if translated {
                put32(0, u32::from(m.vector >> 4) | u32::from(group) << 16);
                put32(4, u32::from(m.vector));
            } else {
                // Group and number of messages; vector.
                put32(0, u32::from(group) | 1 << 16);
                put32(4, u32::from(m.vector));
            }
            put64(8, mask);
        }
        Assigned::Private(data) => {
            d.Type = CmResourceTypeDevicePrivate as u8;
            put32(0, data[0]);
            put32(4, data[1]);
            put32(8, data[2]);
        }
    }
    d
}

/// A CM_RESOURCE_LIST as bytes; empty when there is nothing.
#[must_use]
pub fn cm_list(assigned: &[Assigned], interface: i32, bus: u32, translated: bool) -> Vec<u8> {
    let mut out = Vec::new();
    if assigned.is_empty() {
        return out;
    }
    out.extend(1u32.to_le_bytes());
    out.extend(interface.to_le_bytes());
    out.extend(bus.to_le_bytes());
    // Version and revision of the partial list.
    out.extend(1u16.to_le_bytes());
    out.extend(1u16.to_le_bytes());
    out.extend((assigned.len() as u32).to_le_bytes());
    for one in assigned {
        let d = descriptor(one, translated);
        // SAFETY: plain data of 20 bytes.
        let bytes = unsafe {
            core::slice::from_raw_parts(
                (&raw const d).cast::<u8>(),
                size_of::<CM_PARTIAL_RESOURCE_DESCRIPTOR>(),
            )
        };
        out.extend(bytes);
    }
    out
}

/// Number of messages that a token range stands for.
#[must_use]
pub fn token_range(count: u32) -> (u32, u32) {
    (TOKEN - (count - 1), TOKEN)
}
