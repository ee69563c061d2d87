//! `vcpu_op`, timers, and the time that shared pages show.

use super::{SHARED_INFO, VcpuInfo, dispatch::Call};
use crate::{
    abi::{
        Fields,
        errno::{EBUSY, EEXIST, EINVAL, ENOENT, ENOSYS, ENXIO},
        xen::{VIRQ_TIMER, vcpu as op},
    },
    mem::PAGE,
    world::World,
};

/// Bytes of a vcpu_info.
const VCPU_INFO: usize = 64;
const ETIME: i64 = 62;

impl World {
    pub(super) fn vcpu_op(&mut self, caller: u32, cmd: u64, vcpu: u64, arg: u64) -> Call {
        let vcpu =
            u32::try_from(vcpu).ok().filter(|vcpu| (*vcpu as usize) < self.hv.vcpus.len()).ok_or(ENOENT)?;
        let index = vcpu as usize;
        match cmd {
            // Tables of what HVM guests may ask: 3.4 none of these, from 4.0 on the timers, from 4.8 on everything.
            op::SET_PERIODIC_TIMER
            | op::STOP_PERIODIC_TIMER
            | op::SET_SINGLESHOT_TIMER
            | op::STOP_SINGLESHOT_TIMER
                if self.hv.flavour.version < (4, 0) =>
            {
                Err(ENOSYS)
            }
            op::IS_UP if self.hv.flavour.version >= (4, 8) => Ok(1),
            op::INITIALISE if self.hv.flavour.version >= (4, 8) => Err(EEXIST), // every vCPU is
            op::UP if self.hv.flavour.version >= (4, 8) => Ok(0),
            op::REGISTER_VCPU_INFO if self.hv.flavour.register_vcpu_info => {
                let raw: [u8; 16] = self.arg(arg)?;
                self.register_vcpu_info(caller, vcpu, raw.u64_at(0), raw.u32_at(8))
            }
            op::SET_PERIODIC_TIMER => {
                let raw: [u8; 8] = self.arg(arg)?;
                let period = raw.u64_at(0);
                if period < 1_000_000 {
                    return Err(EINVAL);
                }
                self.hv.vcpus[index].periodic = (period, self.now + period);
                Ok(0)
            }
            op::STOP_PERIODIC_TIMER => {
                self.hv.vcpus[index].periodic = (0, 0);
                Ok(0)
            }
            op::SET_SINGLESHOT_TIMER => {
                if vcpu != caller {
                    return Err(EINVAL);
                }
                let raw: [u8; 16] = self.arg(arg)?;
                let due = raw.u64_at(0);
                if raw.u32_at(8) & 1 != 0 && due < self.now {
                    return Err(ETIME);
                }
                self.hv.vcpus[index].single_shot = Some(due);
                Ok(0)
            }
            op::STOP_SINGLESHOT_TIMER => {
                self.hv.vcpus[index].single_shot = None;
                Ok(0)
            }
            _ => Err(ENOSYS),
        }
    }

    fn register_vcpu_info(&mut self, caller: u32, vcpu: u32, gfn: u64, offset: u32) -> Call {
        let index = vcpu as usize;
        let offset = offset as usize;
        if offset > PAGE - VCPU_INFO || !offset.is_multiple_of(8) {
            // The rework that made a second registration EBUSY made this ENXIO.
            return Err(if self.hv.flavour.second_vcpu_info == EBUSY { ENXIO } else { EINVAL });
        }
        if matches!(self.hv.vcpus[index].info, VcpuInfo::Registered { .. }) || caller != vcpu {
            // Once only; and for another vCPU only while that one is down, which here none is.
            return Err(self.hv.flavour.second_vcpu_info);
        }
        let page = self.mem.page(gfn).ok_or(EINVAL)?;
        let mut content = [0; VCPU_INFO];
        if let Some((old, at)) = self.vcpu_info(vcpu) {
            old.read(at, &mut content);
        }
        page.write(offset, &content);
        self.hv.vcpus[index].info = VcpuInfo::Registered { page, gfn, offset };
        // Everything may be pending, so that nothing is lost on the way.
        page.set8(offset, 1);
        if self.hv.wide {
            page.set64(offset + 8, u64::MAX);
        } else {
            page.set32(offset + 4, u32::MAX);
        }
        self.assert_upcall(vcpu);
        Ok(0)
    }

    pub(super) fn set_timer(&mut self, vcpu: u32, due: u64) -> Call {
        self.hv.vcpus[vcpu as usize].single_shot = (due != 0).then_some(due);
        Ok(0)
    }

    /// When a timer, a watchdog or a poll is due.
    #[must_use]
    pub fn hv_deadline(&self) -> Option<u64> {
        let timers = self.hv.vcpus.iter().flat_map(|vcpu| {
            [vcpu.single_shot, (vcpu.periodic.0 != 0).then_some(vcpu.periodic.1)].into_iter().flatten()
        });
        let polls = self.hv.ev.pollers.values().map(|(_, until)| *until).filter(|until| *until != 0);
        timers.chain(polls).chain(self.hv.watchdogs.iter().copied().flatten()).min()
    }

    /// Virtual time moved: fires what is due, shows the new time.
    pub fn hv_advance(&mut self) {
        let now = self.now;
        for vcpu in 0..self.hv.vcpus.len() {
            let state = &mut self.hv.vcpus[vcpu];
            let mut fire = false;
            if state.single_shot.is_some_and(|due| due <= now) {
                state.single_shot = None;
                fire = true;
            }
            if state.periodic.0 != 0 && state.periodic.1 <= now {
                // Ticks that were missed are not made up.
                state.periodic.1 = now + state.periodic.0;
                fire = true;
            }
            if fire {
                self.raise_virq(VIRQ_TIMER, vcpu as u32);
            }
        }
        self.bite();
        self.hv.ev.pollers.retain(|_, (_, until)| *until == 0 || *until > now);
        self.show_time();
    }

    /// Writes vcpu_time_info and the wall clock. The multiplier is 0, so that the time a guest computes
    /// is `system_time` whatever its TSC says: virtual time is the simulator's.
    pub fn show_time(&mut self) {
        if !self.mem.attached() {
            return;
        }
        for vcpu in 0..self.hv.vcpus.len() as u32 {
            let Some((page, at)) = self.vcpu_info(vcpu) else { continue };
            let time = at + 32;
            let version = page.get32(time).wrapping_add(1) | 1;
            page.set32(time, version);
            page.set64(time + 8, 0);
            page.set64(time + 16, self.now);
            page.set32(time + 24, 0);
            page.set32(time, version.wrapping_add(1));
        }
        let Some(page) = self.mem.shared_page(SHARED_INFO) else { return };
        let at = if self.hv.wide { 3072 } else { 2304 };
        let version = page.get32(at);
        page.set32(at, version.wrapping_add(1) | 1);
        page.set32(at + 4, self.hv.wallclock as u32);
        page.set32(at + 8, 0);
        if self.hv.wide {
            page.set32(at + 12, (self.hv.wallclock >> 32) as u32);
        }
        page.set32(at, (version.wrapping_add(1) | 1).wrapping_add(1));
    }
}
