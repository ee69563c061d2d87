//! `xen_version`, `hvm_op`, `vcpu_op`, `sched_op`, `console_io`.

use super::Xen;
use crate::{
    abi::{
        CONSOLEIO_WRITE, GuestHandle, Number, domid,
        event::FIFO_CHANNELS,
        hvm::{self, CallbackVia, Param, ParamIndex, UpcallVector},
        sched::{self, Poll, Reason, Shutdown, Watchdog},
        vcpu::{self, RegisterVcpuInfo},
        version::{self, DomainHandle, ExtraVersion, FeatureInfo},
    },
    arch::Hypercall,
    errno::{Errno, Result},
    types::{Gfn, Port},
};

/// A ring that the toolstack made before the domain started: its page and its port.
#[derive(Debug, PartialEq, Eq)]
pub struct Ring {
    /// The page.
    pub frame: Gfn,
    /// The port.
    pub port: Port,
}

/// How a suspend ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suspend {
    /// The domain runs again: in a new domain, or (a checkpoint) in the same one. A canary port tells.
    Resumed,
    /// It was called off; nothing has changed.
    Cancelled,
}

/// The most ports that one poll takes.
const POLL_PORTS: usize = 128;

impl<H: Hypercall> Xen<H> {
    /// Version as (major, minor).
    ///
    /// # Errors
    /// As the hypervisor says.
    pub fn version(&self) -> Result<(u16, u16)> {
        // SAFETY: this command has no argument.
        let value = unsafe {
            self.0.hypercall(Number::XEN_VERSION, [version::Command::VERSION.0.into(), 0, 0, 0, 0])
        };
        let value = Errno::check(value, u32::MAX.into())?;
        Ok(((value >> 16) as u16, value as u16))
    }

    fn version_op<T>(&self, command: version::Command, arg: &mut T) -> Result<()> {
        // SAFETY: no argument of `xen_version` has a pointer in it; each caller below passes the type
        // that belongs to the command.
        unsafe { self.op(Number::XEN_VERSION, command.0, arg, 0) }.map(|_| ())
    }

    /// The rest of the version: bytes up to a NUL; a host may deny it.
    ///
    /// # Errors
    /// As the hypervisor says.
    pub fn extra_version(&self) -> Result<ExtraVersion> {
        let mut arg = ExtraVersion::default();
        self.version_op(version::Command::EXTRAVERSION, &mut arg)?;
        Ok(arg)
    }

    /// Feature word 0: bits are [`version::feature`].
    ///
    /// # Errors
    /// As the hypervisor says.
    pub fn features(&self) -> Result<u32> {
        let mut arg = FeatureInfo { submap_idx: 0, submap: 0 };
        self.version_op(version::Command::GET_FEATURES, &mut arg)?;
        Ok(arg.submap)
    }

    /// The UUID that the toolstack gave the domain.
    ///
    /// # Errors
    /// As the hypervisor says.
    pub fn domain_handle(&self) -> Result<DomainHandle> {
        let mut arg = DomainHandle::default();
        self.version_op(version::Command::GUEST_HANDLE, &mut arg)?;
        Ok(arg)
    }

    fn hvm_op<T>(&self, command: hvm::Command, arg: &mut T) -> Result<()> {
        // SAFETY: no argument used here has a pointer in it; each caller below passes the type that
        // belongs to the command.
        unsafe { self.op(Number::HVM_OP, command.0, arg, 0) }.map(|_| ())
    }

    /// Reads a parameter.
    ///
    /// # Errors
    /// [`Errno::EINVAL`] for an unknown one, [`Errno::EPERM`] for one that is not ours to read.
    pub fn hvm_param(&self, index: ParamIndex) -> Result<u64> {
        let mut arg = Param { domid: domid::SELF.0, pad: 0, index, value: 0 };
        self.hvm_op(hvm::Command::GET_PARAM, &mut arg)?;
        Ok(arg.value)
    }

    /// Sets a parameter. For the callback use [`Xen::hvm_set_callback`].
    ///
    /// # Errors
    /// As [`Xen::hvm_param`].
    pub fn hvm_set_param(&self, index: ParamIndex, value: u64) -> Result<()> {
        self.hvm_op(hvm::Command::SET_PARAM, &mut Param { domid: domid::SELF.0, pad: 0, index, value })
    }

    /// Says how events interrupt. Also latches the width of the shared info page to that of the mode
    /// it is called in, and tells the toolstack that PV drivers run: call it after every wake.
    ///
    /// # Errors
    /// [`Errno::EINVAL`] for a way that cannot be expressed (see [`CallbackVia::encode`]).
    pub fn hvm_set_callback(&self, via: CallbackVia) -> Result<()> {
        let value = via.encode().ok_or(Errno::EINVAL)?;
        self.hvm_set_param(ParamIndex::CALLBACK_IRQ, value.get())
    }

    /// Gives processor `vcpu` its own vector for events; `None` goes back to the callback.
    ///
    /// # Errors
    /// [`Errno::ENOSYS`] before Xen 4.6, [`Errno::EINVAL`] below vector 16.
    pub fn hvm_set_upcall_vector(&self, vcpu: u32, vector: Option<u8>) -> Result<()> {
        let mut arg = UpcallVector { vcpu, vector: vector.unwrap_or(0), pad: [0; 3] };
        self.hvm_op(hvm::Command::SET_EVTCHN_UPCALL_VECTOR, &mut arg)
    }

    /// System time in ns (a fallback where the PV clock is not to be trusted).
    ///
    /// # Errors
    /// As the hypervisor says.
    pub fn hvm_time(&self) -> Result<u64> {
        let mut arg = hvm::GetTime::default();
        self.hvm_op(hvm::Command::GET_TIME, &mut arg)?;
        Ok(arg.now)
    }

    fn ring(&self, frame: ParamIndex, port: ParamIndex) -> Result<Ring> {
        let (frame, port) = (self.hvm_param(frame)?, self.hvm_param(port)?);
        // 52 address bits; 0 and all ones mean that the toolstack made none.
        if frame == 0 || frame >= 1 << 40 || port == 0 || port >= FIFO_CHANNELS.into() {
            return Err(Errno::ENOENT);
        }
        // Below 2^17: the cast cannot truncate.
        Ok(Ring { frame: Gfn(frame), port: Port::from_raw(port as u32) })
    }

    /// xenstore's ring. Another one after a wake in a new domain.
    ///
    /// # Errors
    /// [`Errno::ENOENT`] when the toolstack made none.
    pub fn store_ring(&self) -> Result<Ring> {
        self.ring(ParamIndex::STORE_PFN, ParamIndex::STORE_EVTCHN)
    }

    /// The console's ring.
    ///
    /// # Errors
    /// [`Errno::ENOENT`] when the toolstack made none.
    pub fn console_ring(&self) -> Result<Ring> {
        self.ring(ParamIndex::CONSOLE_PFN, ParamIndex::CONSOLE_EVTCHN)
    }

    /// Moves the `vcpu_info` of processor `vcpu` to `offset` bytes into `frame`. Once in the life of a
    /// domain; needed by processors from 32 on.
    ///
    /// # Errors
    /// [`Errno::EBUSY`] when done already; [`Errno::ENOSYS`] for HVM guests before Xen 4.2.
    ///
    /// # Safety
    /// The frame stays ours, is reached through atomics only and is never freed: the hypervisor
    /// writes to it for as long as the domain lives.
    pub unsafe fn vcpu_register_info(&self, vcpu: u32, frame: Gfn, offset: u32) -> Result<()> {
        let mut arg = RegisterVcpuInfo { gfn: frame.0, offset, pad: 0 };
        let handle = GuestHandle::new(&raw mut arg);
        let args = [vcpu::Command::REGISTER_VCPU_INFO.0.into(), vcpu.into(), handle.0, 0, 0];
        // SAFETY: the argument lives across the call; the frame is the caller's contract.
        let value = unsafe { self.0.hypercall(Number::VCPU_OP, args) };
        Errno::check(value, 0).map(|_| ())
    }

    /// Whether processor `vcpu` runs.
    ///
    /// # Errors
    /// [`Errno::ENOENT`] when there is no such processor.
    pub fn vcpu_is_up(&self, vcpu: u32) -> Result<bool> {
        let args = [vcpu::Command::IS_UP.0.into(), vcpu.into(), 0, 0, 0];
        // SAFETY: this command has no argument.
        let value = unsafe { self.0.hypercall(Number::VCPU_OP, args) };
        Errno::check(value, 1).map(|up| up == 1)
    }

    /// Ends the domain for `reason` (for a suspend, [`Xen::suspend`]). Returns only if refused.
    pub fn shutdown(&self, reason: Reason) -> Errno {
        match self.sched_shutdown(reason) {
            Ok(_) => Errno::GARBAGE,
            Err(errno) => errno,
        }
    }

    /// Latches the reason with which a later end of the domain (a reset, a power-off) is reported.
    ///
    /// # Errors
    /// [`Errno::ENOSYS`] from old hypervisors.
    pub fn shutdown_code(&self, reason: Reason) -> Result<()> {
        // SAFETY: no pointer in the argument.
        unsafe { self.op(Number::SCHED_OP, sched::Command::SHUTDOWN_CODE.0, &mut Shutdown { reason }, 0) }
            .map(|_| ())
    }

    /// Suspends the domain. All other processors are parked, interrupts off; nothing of the platform's
    /// state outlives it except memory, if the answer is [`Suspend::Resumed`].
    ///
    /// # Errors
    /// As the hypervisor says: it did not happen.
    pub fn suspend(&self) -> Result<Suspend> {
        Ok(if self.sched_shutdown(Reason::SUSPEND)? == 0 { Suspend::Resumed } else { Suspend::Cancelled })
    }

    fn sched_shutdown(&self, reason: Reason) -> Result<u64> {
        // SAFETY: no pointer in the argument.
        unsafe { self.op(Number::SCHED_OP, sched::Command::SHUTDOWN.0, &mut Shutdown { reason }, 1) }
    }

    /// Lets other processors of the host run.
    pub fn yield_now(&self) {
        // SAFETY: this command has no argument. Its result says nothing.
        let _ = unsafe { self.0.hypercall(Number::SCHED_OP, [sched::Command::YIELD.0.into(), 0, 0, 0, 0]) };
    }

    /// Blocks the processor until one of the ports is pending (they should be masked) or system time
    /// `deadline` (ns; always given: every wait is bounded). May return early.
    ///
    /// # Errors
    /// [`Errno::EINVAL`] for more than 128 ports or a deadline of 0.
    pub fn poll(&self, ports: &[u32], deadline: u64) -> Result<()> {
        if ports.len() > POLL_PORTS || deadline == 0 {
            return Err(Errno::EINVAL);
        }
        let mut arg = Poll {
            ports: GuestHandle::new(ports.as_ptr()),
            nr_ports: ports.len() as u32,
            pad: 0,
            timeout: deadline,
        };
        // SAFETY: the argument points to `ports`, which the hypervisor reads during the call.
        unsafe { self.op(Number::SCHED_OP, sched::Command::POLL.0, &mut arg, 0) }.map(|_| ())
    }

    /// Makes a watchdog that stops the domain after `seconds` without [`Xen::watchdog_ping`].
    ///
    /// # Errors
    /// [`Errno::EINVAL`] for 0 seconds, [`Errno::ENOSPC`] when there is no more.
    pub fn watchdog_create(&self, seconds: u32) -> Result<u32> {
        if seconds == 0 {
            return Err(Errno::EINVAL);
        }
        let id = self.watchdog(Watchdog { id: 0, timeout: seconds })?;
        if id == 0 { Err(Errno::GARBAGE) } else { Ok(id) }
    }

    /// Gives the watchdog `seconds` more; 0 ends it.
    ///
    /// # Errors
    /// [`Errno::EINVAL`] when there is no such watchdog.
    pub fn watchdog_ping(&self, id: u32, seconds: u32) -> Result<()> {
        if id == 0 {
            return Err(Errno::EINVAL);
        }
        self.watchdog(Watchdog { id, timeout: seconds }).map(|_| ())
    }

    fn watchdog(&self, mut arg: Watchdog) -> Result<u32> {
        // SAFETY: no pointer in the argument. At most `u32::MAX`: the cast cannot truncate.
        unsafe { self.op(Number::SCHED_OP, sched::Command::WATCHDOG.0, &mut arg, u32::MAX.into()) }
            .map(|id| id as u32)
    }

    /// Writes to the hypervisor's console (hosts built for debugging show it).
    ///
    /// # Errors
    /// [`Errno::EPERM`] from hosts that do not.
    pub fn console_write(&self, text: &[u8]) -> Result<()> {
        let handle = GuestHandle::new(text.as_ptr());
        let args = [CONSOLEIO_WRITE.into(), text.len() as u64, handle.0, 0, 0];
        // SAFETY: the hypervisor reads `text` during the call.
        let value = unsafe { self.0.hypercall(Number::CONSOLE_IO, args) };
        // Old ones return the number of bytes.
        Errno::check(value, text.len() as u64).map(|_| ())
    }
}
