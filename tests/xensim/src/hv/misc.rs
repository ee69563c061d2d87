//! `sched_op`, `grant_table_op` and `console_io`.

use ::machine::Outcome;

use super::{Stopped, dispatch::Call};
use crate::{
    abi::{
        Fields,
        errno::{EINVAL, ENOSPC, ENOSYS, EPERM},
        xen::{DOMID_SELF, grant as gt, sched},
    },
    mem::PAGE,
    world::World,
};

const SECOND: u64 = 1_000_000_000;
/// Ports that SCHEDOP_poll takes.
const MOST_POLLED: u32 = 128;

impl World {
    pub(super) fn sched_op(&mut self, vcpu: u32, op: u64, arg: u64) -> Outcome {
        match op {
            sched::YIELD => Outcome::Done(0),
            sched::BLOCK => {
                if self.upcall_pending(vcpu) {
                    Outcome::Done(0)
                } else {
                    self.hv.blocked.insert(vcpu);
                    Outcome::Block(0)
                }
            }
            sched::SHUTDOWN => match self.arg::<4>(arg) {
                // Real Xen takes any reason here (seen on 4.20).
                Ok(raw) if raw.u32_at(0) == sched::SUSPEND && !self.hv.flavour.suspend => {
                    Outcome::Done(-EINVAL)
                }
                Ok(raw) => {
                    let reason = self.hv.shutdown_code.take().unwrap_or(raw.u32_at(0));
                    self.hv.stopped = Stopped::Shutdown { reason, resumed: None };
                    self.store.fire_special("@releaseDomain");
                    Outcome::Shutdown(reason)
                }
                Err(errno) => Outcome::Done(-errno),
            },
            sched::POLL => self.poll(vcpu, arg),
            sched::SHUTDOWN_CODE => match self.arg::<4>(arg) {
                Ok(raw) => {
                    // The first one stays; it replaces the reason of whatever stops the domain.
                    self.hv.shutdown_code.get_or_insert(raw.u32_at(0));
                    Outcome::Done(0)
                }
                Err(errno) => Outcome::Done(-errno),
            },
            sched::WATCHDOG if self.hv.flavour.watchdog => match self.arg::<8>(arg) {
                Ok(raw) => {
                    let result = self.watchdog(raw.u32_at(0), raw.u32_at(4));
                    Outcome::Done(result.unwrap_or_else(|errno| -errno))
                }
                Err(errno) => Outcome::Done(-errno),
            },
            sched::REMOTE_SHUTDOWN => match self.arg::<2>(arg) {
                Ok(raw) => Outcome::Done(-self.hv.foreign(raw.u16_at(0), EPERM)),
                Err(errno) => Outcome::Done(-errno),
            },
            sched::PIN_OVERRIDE => Outcome::Done(-EPERM),
            _ => Outcome::Done(-ENOSYS),
        }
    }

    fn poll(&mut self, vcpu: u32, arg: u64) -> Outcome {
        let raw: [u8; 24] = match self.arg(arg) {
            Ok(raw) => raw,
            Err(errno) => return Outcome::Done(-errno),
        };
        let count = raw.u32_at(8);
        if count > MOST_POLLED {
            return Outcome::Done(-EINVAL);
        }
        let mut ports = Vec::new();
        for index in 0..count {
            let port: [u8; 4] = match self.arg(raw.u64_at(0) + u64::from(index) * 4) {
                Ok(port) => port,
                Err(errno) => return Outcome::Done(-errno),
            };
            let port = port.u32_at(0);
            if !self.hv.ev.channels.contains_key(&port) {
                return Outcome::Done(-EINVAL);
            }
            if self.is_pending(port) {
                return Outcome::Done(0);
            }
            ports.push(port);
        }
        let until = raw.u64_at(16);
        if until != 0 && until <= self.now {
            return Outcome::Done(0);
        }
        self.hv.ev.pollers.insert(vcpu, (ports, until));
        Outcome::Block(0)
    }

    fn watchdog(&mut self, id: u32, timeout: u32) -> Call {
        let due = self.now + u64::from(timeout) * SECOND;
        if id == 0 {
            // No time at all is no error: such a watchdog bites at once (seen on 4.20).
            let Some(slot) = self.hv.watchdogs.iter().position(Option::is_none) else {
                // -ENOSPC as 32 bits: real Xen returns it without its sign (seen on 4.20).
                return Ok(i64::from((-ENOSPC) as i32 as u32));
            };
            self.hv.watchdogs[slot] = Some(due);
            self.bite();
            return Ok(slot as i64 + 1);
        }
        let slot = self.hv.watchdogs.get_mut(id as usize - 1).ok_or(EINVAL)?;
        if slot.is_none() {
            return Err(EINVAL);
        }
        *slot = (timeout != 0).then_some(due);
        Ok(0)
    }

    /// Stops the domain when a watchdog is due.
    pub(super) fn bite(&mut self) {
        if self.hv.watchdogs.iter().flatten().any(|due| *due <= self.now) {
            self.hv.watchdogs = [None; 2];
            let reason = self.hv.shutdown_code.take().unwrap_or(sched::REASON_WATCHDOG);
            self.hv.stopped = Stopped::Shutdown { reason, resumed: None };
        }
    }

    pub(super) fn grant_table_op(&mut self, op: u64, arg: u64, count: u64) -> Call {
        for index in 0..count.min(4096) {
            match op {
                gt::QUERY_SIZE => {
                    let at = arg + index * 16;
                    let raw: [u8; 16] = self.arg(at)?;
                    let good = self.hv.is_self(raw.u16_at(0));
                    self.put32(at + 4, self.hv.gt.frames)?;
                    self.put32(at + 8, self.hv.gt.max_frames)?;
                    let status = if good { gt::ST_OKAY } else { self.foreign_status(raw.u16_at(0)) };
                    self.put(at + 12, &status.to_le_bytes())?;
                }
                gt::SETUP_TABLE => self.setup_table(arg + index * 24)?,
                // 3.4 lets HVM guests ask for size and frames only.
                gt::COPY if self.hv.flavour.version >= (4, 0) => self.guest_copy(arg + index * 40)?,
                gt::GET_VERSION if self.hv.flavour.grant_versions && self.hv.flavour.version >= (4, 2) => {
                    let raw: [u8; 8] = self.arg(arg)?;
                    if !self.hv.is_self(raw.u16_at(0)) {
                        return Err(self.hv.foreign(raw.u16_at(0), EPERM));
                    }
                    self.put32(arg + 4, 1)?;
                }
                gt::SET_VERSION if self.hv.flavour.grant_versions => {
                    let raw: [u8; 4] = self.arg(arg)?;
                    match raw.u32_at(0) {
                        1 => self.put32(arg, 1)?,
                        2 => return Err(ENOSYS), // as with gnttab=max-ver:1
                        _ => return Err(EINVAL),
                    }
                }
                _ => return Err(ENOSYS),
            }
        }
        Ok(0)
    }

    const fn foreign_status(&self, domid: u16) -> i16 {
        if domid == 0 { gt::ST_PERMISSION_DENIED } else { gt::ST_BAD_DOMAIN }
    }

    fn setup_table(&mut self, at: u64) -> Call<()> {
        let raw: [u8; 24] = self.arg(at)?;
        let (frames, list) = (raw.u32_at(4), raw.u64_at(16));
        let status = if !self.hv.is_self(raw.u16_at(0)) {
            self.foreign_status(raw.u16_at(0))
        } else if self.grow_grants(frames).is_err() {
            gt::ST_GENERAL_ERROR
        } else {
            for index in 0..frames {
                let backing = ::machine::Backing::Shared(super::GRANT_FRAMES + index);
                let gfn =
                    self.mem.overlays().find(|(_, found)| *found == backing).map_or(u64::MAX, |(gfn, _)| gfn);
                self.put(list + u64::from(index) * 8, &gfn.to_le_bytes())?;
            }
            gt::ST_OKAY
        };
        self.put(at + 8, &status.to_le_bytes())
    }

    /// GNTTABOP_copy by the guest: between its own frames; nobody grants it anything here.
    fn guest_copy(&mut self, at: u64) -> Call<()> {
        let raw: [u8; 40] = self.arg(at)?;
        let length = usize::from(raw.u16_at(32));
        let flags = raw.u16_at(34);
        let side = |from: usize| {
            let domid = raw.u16_at(from + 8);
            (
                raw.u64_at(from),
                domid == DOMID_SELF || domid == self.hv.domid,
                usize::from(raw.u16_at(from + 10)),
            )
        };
        let (source, dest) = (side(0), side(16));
        let status = if source.2 + length > PAGE || dest.2 + length > PAGE {
            gt::ST_BAD_COPY_ARG
        } else if flags & 3 != 0 {
            gt::ST_BAD_GNTREF
        } else if !source.1 || !dest.1 {
            gt::ST_PERMISSION_DENIED
        } else {
            match (self.mem.page(source.0), self.mem.page(dest.0)) {
                (Some(from), Some(to)) => {
                    let mut data = vec![0; length];
                    from.read(source.2, &mut data);
                    to.write(dest.2, &data);
                    gt::ST_OKAY
                }
                _ => gt::ST_BAD_PAGE,
            }
        };
        self.put(at + 36, &status.to_le_bytes())
    }

    pub(super) fn console_io(&mut self, op: u64, count: u64, buffer: u64) -> Call {
        if op != 0 {
            return Err(EPERM);
        }
        let mut text = vec![0; count.min(1024) as usize];
        self.mem.copy_from_guest(buffer, &mut text)?;
        self.console.extend(text);
        Ok(0)
    }
}
