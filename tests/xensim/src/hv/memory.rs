//! `memory_op`: the physmap.

use ::machine::Backing;

use super::{GRANT_FRAMES, SHARED_INFO, dispatch::Call};
use crate::{
    abi::{
        Fields,
        errno::{EACCES, EINVAL, ENOENT, ENOSYS, EOPNOTSUPP},
        xen::memory as mem,
    },
    world::{Violation, World},
};

/// `idx` bit of a status frame of a version 2 table.
const STATUS_FRAME: u64 = 0x8000_0000;

impl World {
    pub(super) fn memory_op(&mut self, op: u64, arg: u64) -> Call {
        match op {
            mem::ADD_TO_PHYSMAP => {
                let raw: [u8; 24] = self.arg(arg)?;
                if !self.hv.is_self(raw.u16_at(0)) {
                    return Err(self.hv.foreign(raw.u16_at(0), EACCES));
                }
                let (size, space, idx, gfn) = (raw.u16_at(2), raw.u32_at(4), raw.u64_at(8), raw.u64_at(16));
                if space == mem::SPACE_GMFN_RANGE {
                    for index in 0..u64::from(size) {
                        self.add_to_physmap(space, idx + index, gfn + index)?;
                    }
                    return Ok(0);
                }
                self.add_to_physmap(space, idx, gfn).map(|()| 0)
            }
            mem::ADD_TO_PHYSMAP_BATCH if self.hv.flavour.version >= (4, 3) => self.add_batch(arg),
            mem::REMOVE_FROM_PHYSMAP if self.hv.flavour.remove_from_physmap => {
                let raw: [u8; 16] = self.arg(arg)?;
                if !self.hv.is_self(raw.u16_at(0)) {
                    return Err(self.hv.foreign(raw.u16_at(0), EACCES));
                }
                let gfn = raw.u64_at(8);
                if self.mem.backing(gfn) == Backing::Hole {
                    return Err(ENOENT);
                }
                self.punch(gfn, "remove_from_physmap");
                Ok(0)
            }
            mem::DECREASE_RESERVATION | mem::POPULATE_PHYSMAP => self.reservation(op, arg),
            mem::CURRENT_RESERVATION => Ok((self.mem.frames() - self.mem.holes()) as i64),
            mem::MAXIMUM_RESERVATION => {
                let frames = self.mem.frames();
                Ok(if self.hv.max_pages == 0 { frames as i64 + 256 } else { self.hv.max_pages as i64 })
            }
            mem::MAXIMUM_RAM_PAGE => Ok(0x0100_0000),
            mem::MAXIMUM_GPFN => {
                let top = self.mem.overlays().map(|(gfn, _)| gfn).max().unwrap_or(0);
                Ok(top.max(self.mem.frames()) as i64)
            }
            mem::MEMORY_MAP => self.memory_map(arg),
            mem::INCREASE_RESERVATION => Ok(0),
            _ => Err(ENOSYS),
        }
    }

    /// Takes away what is at `gfn`.
    fn punch(&mut self, gfn: u64, how: &'static str) {
        self.frame_released(gfn, how);
        self.mem.set(gfn, Backing::Hole);
    }

    fn add_to_physmap(&mut self, space: u32, idx: u64, gfn: u64) -> Call<()> {
        let index = match space {
            mem::SPACE_SHARED_INFO if idx == 0 => SHARED_INFO,
            mem::SPACE_SHARED_INFO => return Err(EINVAL),
            mem::SPACE_GRANT_TABLE => {
                if idx & STATUS_FRAME != 0 || idx >= u64::from(self.hv.gt.max_frames) {
                    return Err(EINVAL);
                }
                self.grow_grants(idx as u32 + 1).map_err(|_| EINVAL)?;
                GRANT_FRAMES + idx as u32
            }
            mem::SPACE_GMFN | mem::SPACE_GMFN_RANGE => {
                if space == mem::SPACE_GMFN_RANGE && !self.hv.flavour.gmfn_range {
                    return Err(ENOSYS);
                }
                return match self.mem.backing(idx) {
                    Backing::Shared(index) => {
                        self.place(index, gfn);
                        Ok(())
                    }
                    Backing::Hole => Err(EINVAL),
                    // RAM frames cannot change places here; only firmware does that.
                    Backing::Ram => Err(EOPNOTSUPP),
                };
            }
            _ => return Err(EINVAL),
        };
        self.place(index, gfn);
        Ok(())
    }

    /// Puts a shared page at `gfn`: it leaves its former place, and what was there is lost.
    fn place(&mut self, index: u32, gfn: u64) {
        let before: Vec<u64> = self
            .mem
            .overlays()
            .filter(|(old, backing)| *backing == Backing::Shared(index) && *old != gfn)
            .map(|(old, _)| old)
            .collect();
        for old in before {
            self.mem.set(old, Backing::Hole);
        }
        if self.mem.backing(gfn) == Backing::Ram {
            self.frame_released(gfn, "add_to_physmap over RAM");
        }
        self.mem.set(gfn, Backing::Shared(index));
    }

    fn add_batch(&mut self, arg: u64) -> Call {
        let raw: [u8; 32] = self.arg(arg)?;
        if !self.hv.is_self(raw.u16_at(0)) {
            return Err(self.hv.foreign(raw.u16_at(0), EACCES));
        }
        let (space, count) = (u32::from(raw.u16_at(2)), u64::from(raw.u16_at(4)));
        let (indexes, frames, errors) = (raw.u64_at(8), raw.u64_at(16), raw.u64_at(24));
        for number in 0..count {
            let idx: [u8; 8] = self.arg(indexes + number * 8)?;
            let gfn: [u8; 8] = self.arg(frames + number * 8)?;
            let result = self.add_to_physmap(space, idx.u64_at(0), gfn.u64_at(0));
            let errno = result.map_or_else(|errno| -errno, |()| 0) as i32;
            self.put(errors + number * 4, &errno.to_le_bytes())?;
        }
        Ok(0)
    }

    /// Gives frames back, or takes them again; returns how many were done.
    fn reservation(&mut self, op: u64, arg: u64) -> Call {
        let raw: [u8; 32] = self.arg(arg)?;
        if !self.hv.is_self(raw.u16_at(24)) {
            return Ok(0);
        }
        let (list, count, order) = (raw.u64_at(0), raw.u64_at(8), raw.u32_at(16));
        if order > 18 || (op == mem::DECREASE_RESERVATION && self.hv.keeps_memory) {
            return Ok(0);
        }
        for number in 0..count {
            let Ok(raw) = self.arg::<8>(list + number * 8) else { return Ok(number as i64) };
            let first = raw.u64_at(0);
            for gfn in first..first + (1 << order) {
                let there = self.mem.backing(gfn);
                if op == mem::DECREASE_RESERVATION {
                    if there == Backing::Hole {
                        let what = format!("decrease_reservation of {gfn:#x}, where nothing is");
                        self.violations.push(Violation::Hypercall { what });
                        return Ok(number as i64);
                    }
                    self.punch(gfn, "decrease_reservation");
                } else {
                    if there != Backing::Hole {
                        let what = format!("populate_physmap of {gfn:#x}, where {there:?} is");
                        self.violations.push(Violation::Hypercall { what });
                    }
                    if self.refuse_populate() || !self.mem.is_engine_ram(gfn) {
                        return Ok(number as i64);
                    }
                    self.mem.set(gfn, Backing::Ram);
                    if let Some(page) = self.mem.page(gfn) {
                        page.fill(0);
                    }
                }
            }
        }
        Ok(count as i64)
    }

    /// The host has no memory to give (test's choice).
    fn refuse_populate(&mut self) -> bool {
        let permille = self.hv.populate_fails_permille;
        self.rng.permille(permille)
    }

    fn memory_map(&mut self, arg: u64) -> Call {
        let raw: [u8; 16] = self.arg(arg)?;
        let (room, buffer) = (raw.u32_at(0), raw.u64_at(8));
        let top = self.mem.frames() << 12;
        let low = top.min(0xf000_0000);
        let mut map = vec![(0u64, 0x9fc00u64, 1u32), (0xf0000, 0x10000, 2), (0x10_0000, low - 0x10_0000, 1)];
        map.push((0xfc00_0000, 0x0400_0000, 2));
        if top > low {
            map.push((1 << 32, top - low, 1));
        }
        if (room as usize) < map.len() {
            return Err(EINVAL);
        }
        for (number, (start, size, kind)) in map.iter().enumerate() {
            let entry = [&start.to_le_bytes()[..], &size.to_le_bytes(), &kind.to_le_bytes()].concat();
            self.put(buffer + number as u64 * 20, &entry)?;
        }
        self.put32(arg, map.len() as u32).map(|()| 0)
    }
}
