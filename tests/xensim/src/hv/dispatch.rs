//! Hypercalls: which exist, their arguments, their results.

use ::machine::Outcome;

use crate::{
    abi::{
        Fields,
        errno::{EFAULT, EINVAL, ENOSYS, EPERM},
        xen::{evtchn as ev, hypercall as hc, version as ver},
    },
    mem::Fault,
    world::World,
};

/// A result or an errno.
pub(super) type Call<T = i64> = Result<T, i64>;

impl From<Fault> for i64 {
    fn from(_: Fault) -> Self {
        EFAULT
    }
}

impl World {
    /// Copies an argument structure.
    pub(super) fn arg<const N: usize>(&self, gva: u64) -> Call<[u8; N]> {
        let mut raw = [0; N];
        self.mem.copy_from_guest(gva, &mut raw)?;
        Ok(raw)
    }

    /// Copies a structure back.
    pub(super) fn put(&self, gva: u64, raw: &[u8]) -> Call<()> {
        Ok(self.mem.copy_to_guest(gva, raw)?)
    }

    pub(super) fn put32(&self, gva: u64, value: u32) -> Call<()> {
        self.put(gva, &value.to_le_bytes())
    }

    /// A hypercall, counted.
    pub fn hypercall(&mut self, vcpu: u32, number: u64, args: [u64; 6]) -> Outcome {
        let sub = match number {
            hc::SET_TIMER_OP | hc::MULTICALL => 0,
            hc::MEMORY_OP => args[0] & 0x3f,
            _ => args[0],
        };
        *self.stats.hypercalls.entry((number, sub)).or_default() += 1;
        let outcome = self.dispatch(vcpu, number, args);
        if let Outcome::Done(value) = outcome
            && value < 0
        {
            *self.stats.failures.entry((number, sub, -value)).or_default() += 1;
        }
        outcome
    }

    fn dispatch(&mut self, vcpu: u32, number: u64, args: [u64; 6]) -> Outcome {
        if !self.hv.flavour.hypercalls.contains(&number) {
            return Outcome::Done(-ENOSYS);
        }
        let result = match number {
            hc::SCHED_OP => return self.sched_op(vcpu, args[0], args[1]),
            hc::MEMORY_OP => self.memory_op(args[0] & 0x3f, args[1]),
            hc::XEN_VERSION => self.xen_version(args[0], args[1]),
            hc::EVENT_CHANNEL_OP => self.event_channel_op(args[0], args[1]),
            hc::HVM_OP => self.hvm_op(args[0], args[1]),
            hc::VCPU_OP => self.vcpu_op(vcpu, args[0], args[1], args[2]),
            hc::GRANT_TABLE_OP => self.grant_table_op(args[0], args[1], args[2]),
            hc::SET_TIMER_OP => self.set_timer(vcpu, args[0]),
            hc::CONSOLE_IO => self.console_io(args[0], args[1], args[2]),
            hc::MULTICALL => self.multicall(vcpu, args[0], args[1]),
            // The control tools': there for everybody, allowed to none.
            hc::SYSCTL | hc::DOMCTL => self.arg::<8>(args[0]).and(Err(EPERM)),
            _ => Err(ENOSYS),
        };
        Outcome::Done(result.unwrap_or_else(|errno| -errno))
    }

    fn multicall(&mut self, vcpu: u32, list: u64, count: u64) -> Call {
        for index in 0..count.min(1024) {
            let at = list + index * 64;
            let raw: [u8; 64] = self.arg(at)?;
            let mut args = [0; 6];
            for (number, arg) in args.iter_mut().enumerate() {
                *arg = raw.u64_at(16 + number * 8);
            }
            let value = match self.hypercall(vcpu, raw.u64_at(0), args) {
                Outcome::Done(value) | Outcome::Block(value) => value,
                Outcome::Shutdown(_) => -EINVAL,
            };
            self.put(at + 8, &value.to_le_bytes())?;
        }
        Ok(0)
    }

    fn xen_version(&mut self, op: u64, arg: u64) -> Call {
        let flavour = self.hv.flavour.clone();
        let fixed = |text: &str, length: usize| {
            let mut raw = text.as_bytes().to_vec();
            raw.resize(length, 0);
            raw
        };
        match op {
            ver::VERSION => Ok(i64::from(flavour.version.0) << 16 | i64::from(flavour.version.1)),
            ver::EXTRAVERSION => self.put(arg, &fixed(flavour.extraversion, 16)).map(|()| 0),
            ver::COMPILE_INFO => {
                let parts = [
                    ("gcc (simulated)", 64),
                    ("nobody", 16),
                    ("example", 32),
                    ("Thu Jan  1 00:00:00 UTC 2026", 32),
                ];
                let raw: Vec<u8> = parts.iter().flat_map(|(text, length)| fixed(text, *length)).collect();
                self.put(arg, &raw).map(|()| 0)
            }
            ver::CAPABILITIES => {
                let (major, minor) = flavour.version;
                let text = format!(
                    "xen-{major}.{minor}-x86_64 hvm-{major}.{minor}-x86_32 hvm-{major}.{minor}-x86_64 "
                );
                self.put(arg, &fixed(&text, 1024)).map(|()| 0)
            }
            ver::CHANGESET => self.put(arg, &fixed("Sat Jan 01 00:00:00 2026 +0000 git:0", 64)).map(|()| 0),
            ver::PLATFORM_PARAMETERS => self.put(arg, &0xffff_8000_0000_0000u64.to_le_bytes()).map(|()| 0),
            ver::GET_FEATURES => {
                let raw: [u8; 8] = self.arg(arg)?;
                if raw.u32_at(0) != 0 {
                    return Err(EINVAL);
                }
                self.put32(arg + 4, flavour.features).map(|()| 0)
            }
            ver::PAGESIZE => Ok(4096),
            ver::GUEST_HANDLE => self.put(arg, &[0x5f; 16]).map(|()| 0),
            ver::COMMANDLINE => self.put(arg, &fixed("<denied>", 1024)).map(|()| 0),
            ver::BUILD_ID => Err(EPERM),
            _ => Err(ENOSYS),
        }
    }

    fn event_channel_op(&mut self, op: u64, arg: u64) -> Call {
        match op {
            ev::ALLOC_UNBOUND => {
                let raw: [u8; 8] = self.arg(arg)?;
                let port = self.hv.alloc_unbound(raw.u16_at(0), raw.u16_at(2))?;
                self.put32(arg + 4, port)?;
            }
            ev::BIND_INTERDOMAIN => {
                let raw: [u8; 12] = self.arg(arg)?;
                let port = self.guest_bind_interdomain(raw.u16_at(0), raw.u32_at(4))?;
                self.put32(arg + 8, port)?;
            }
            ev::BIND_VIRQ => {
                let raw: [u8; 12] = self.arg(arg)?;
                let port = self.bind_virq(raw.u32_at(0), raw.u32_at(4))?;
                self.put32(arg + 8, port)?;
            }
            ev::BIND_IPI => {
                let raw: [u8; 8] = self.arg(arg)?;
                let port = self.bind_ipi(raw.u32_at(0))?;
                self.put32(arg + 4, port)?;
            }
            ev::CLOSE => {
                let raw: [u8; 4] = self.arg(arg)?;
                self.close_port(raw.u32_at(0))?;
            }
            ev::SEND => {
                let raw: [u8; 4] = self.arg(arg)?;
                self.guest_send(raw.u32_at(0))?;
            }
            ev::STATUS => self.port_status(arg)?,
            ev::BIND_VCPU => {
                let raw: [u8; 8] = self.arg(arg)?;
                self.bind_vcpu(raw.u32_at(0), raw.u32_at(4))?;
            }
            ev::UNMASK => {
                let raw: [u8; 4] = self.arg(arg)?;
                if raw.u32_at(0) >= self.hv.ev.valid {
                    return Err(EINVAL);
                }
                self.unmask_port(raw.u32_at(0));
            }
            ev::RESET if self.hv.flavour.evtchn_reset => {
                let raw: [u8; 2] = self.arg(arg)?;
                if !self.hv.is_self(raw.u16_at(0)) {
                    return Err(self.hv.foreign(raw.u16_at(0), EPERM));
                }
                self.reset_channels();
            }
            ev::INIT_CONTROL if self.hv.flavour.fifo => {
                let raw: [u8; 24] = self.arg(arg)?;
                let link_bits = self.fifo_init_control(raw.u32_at(12), raw.u64_at(0), raw.u32_at(8))?;
                self.put(arg + 16, &[link_bits])?;
            }
            ev::EXPAND_ARRAY if self.hv.flavour.fifo => {
                let raw: [u8; 8] = self.arg(arg)?;
                self.fifo_expand(raw.u64_at(0))?;
            }
            ev::SET_PRIORITY if self.hv.flavour.fifo => {
                let raw: [u8; 8] = self.arg(arg)?;
                self.set_priority(raw.u32_at(0), raw.u32_at(4))?;
            }
            ev::BIND_PIRQ => {
                let raw: [u8; 12] = self.arg(arg)?;
                let port = self.bind_pirq(raw.u32_at(0))?;
                self.put32(arg + 8, port)?;
            }
            _ => return Err(ENOSYS),
        }
        Ok(0)
    }

    fn set_priority(&mut self, port: u32, priority: u32) -> Call<()> {
        if !self.hv.ev.fifo {
            return Err(ENOSYS);
        }
        let priority =
            u8::try_from(priority).ok().filter(|value| *value <= ev::PRIORITY_MIN).ok_or(EINVAL)?;
        let channel = self.hv.ev.channels.get_mut(&port).ok_or(EINVAL)?;
        channel.priority = priority;
        Ok(())
    }

    fn port_status(&mut self, arg: u64) -> Call<()> {
        use super::evtchn::Bound;
        let mut raw: [u8; 24] = self.arg(arg)?;
        if !self.hv.is_self(raw.u16_at(0)) {
            return Err(self.hv.foreign(raw.u16_at(0), EPERM));
        }
        let port = raw.u32_at(4);
        if port >= self.hv.ev.valid {
            return Err(EINVAL);
        }
        raw[8..].fill(0);
        if let Some(channel) = self.hv.ev.channels.get(&port) {
            let (status, first, second) = match channel.bound {
                Bound::Unbound { remote } => (1u32, u32::from(remote), 0),
                Bound::Interdomain { remote, port } => (2, u32::from(remote), port),
                Bound::Virq(virq) => (4, virq, 0),
                Bound::Ipi => (5, 0, 0),
                Bound::Pirq(pirq) => (3, pirq, 0),
            };
            raw[8..12].copy_from_slice(&status.to_le_bytes());
            raw[12..16].copy_from_slice(&channel.vcpu.to_le_bytes());
            raw[16..20].copy_from_slice(&first.to_le_bytes());
            raw[20..24].copy_from_slice(&second.to_le_bytes());
        }
        self.put(arg, &raw)
    }
}
