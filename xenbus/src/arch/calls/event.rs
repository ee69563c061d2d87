//! `event_channel_op`.

use super::Xen;
use crate::{
    abi::{
        Number, domid,
        event::{
            AllocUnbound, BindInterdomain, BindIpi, BindVcpu, BindVirq, Command, ExpandArray, FIFO_CHANNELS,
            InitControl, Kind, LINK_BITS, PortOp, Reset, SetPriority, Status, Virq,
        },
    },
    arch::Hypercall,
    errno::{Errno, Result},
    types::{Domid, Gfn, Port},
};

/// What the hypervisor says a port is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PortState {
    /// What it is; open.
    pub kind: Kind,
    /// Where its events go.
    pub vcpu: u32,
    /// The other domain and its port (0 while unbound), of an unbound or bound port.
    pub remote: Option<(Domid, u32)>,
}

/// Port 0 is never given out, and there is no room for a number beyond the FIFO scheme's.
fn port(number: u32) -> Result<Port> {
    if (1..FIFO_CHANNELS).contains(&number) { Ok(Port::from_raw(number)) } else { Err(Errno::GARBAGE) }
}

impl<H: Hypercall> Xen<H> {
    fn event_op<T>(&self, command: Command, arg: &mut T) -> Result<()> {
        // SAFETY: no argument of `event_channel_op` has a pointer in it; each caller below passes the
        // type that belongs to the command.
        unsafe { self.op(Number::EVENT_CHANNEL_OP, command.0, arg, 0) }.map(|_| ())
    }

    /// Makes a port that `remote` may bind to.
    ///
    /// # Errors
    /// [`Errno::ENOSPC`] when no port is free.
    pub fn event_alloc_unbound(&self, remote: Domid) -> Result<Port> {
        let mut arg = AllocUnbound { dom: domid::SELF.0, remote_dom: remote.0, port: 0 };
        self.event_op(Command::ALLOC_UNBOUND, &mut arg)?;
        port(arg.port)
    }

    /// Binds to `remote_port` of `remote`, which that domain made for us.
    ///
    /// # Errors
    /// [`Errno::EINVAL`] when there is no such port, or it is not for us.
    pub fn event_bind_interdomain(&self, remote: Domid, remote_port: u32) -> Result<Port> {
        let mut arg = BindInterdomain { remote_dom: remote.0, pad: 0, remote_port, local_port: 0 };
        self.event_op(Command::BIND_INTERDOMAIN, &mut arg)?;
        port(arg.local_port)
    }

    /// Binds a virtual interrupt of processor `vcpu`.
    ///
    /// # Errors
    /// [`Errno::EEXIST`] when it is bound.
    pub fn event_bind_virq(&self, virq: Virq, vcpu: u32) -> Result<Port> {
        let mut arg = BindVirq { virq, vcpu, port: 0 };
        self.event_op(Command::BIND_VIRQ, &mut arg)?;
        port(arg.port)
    }

    /// Makes a port to ourselves, delivered on processor `vcpu`.
    ///
    /// # Errors
    /// [`Errno::ENOSPC`] when no port is free.
    pub fn event_bind_ipi(&self, vcpu: u32) -> Result<Port> {
        let mut arg = BindIpi { vcpu, port: 0 };
        self.event_op(Command::BIND_IPI, &mut arg)?;
        port(arg.port)
    }

    /// Has the port's events delivered on processor `vcpu` from now on.
    ///
    /// # Errors
    /// [`Errno::EINVAL`] for a virtual interrupt of one processor, or an IPI.
    pub fn event_bind_vcpu(&self, port: &Port, vcpu: u32) -> Result<()> {
        self.event_op(Command::BIND_VCPU, &mut BindVcpu { port: port.raw(), vcpu })
    }

    /// Closes the port.
    ///
    /// # Errors
    /// [`Errno::EINVAL`] when it is not open: the domain is another one than when it was made.
    pub fn event_close(&self, port: Port) -> Result<()> {
        self.event_op(Command::CLOSE, &mut PortOp { port: port.raw() })
    }

    /// Sends an event to the other end.
    ///
    /// # Errors
    /// [`Errno::EINVAL`] when there is none.
    pub fn event_send(&self, port: &Port) -> Result<()> {
        self.event_op(Command::SEND, &mut PortOp { port: port.raw() })
    }

    /// Unmasks the port; what is pending is delivered.
    ///
    /// # Errors
    /// [`Errno::EINVAL`] when it is not open.
    pub fn event_unmask(&self, port: &Port) -> Result<()> {
        self.event_op(Command::UNMASK, &mut PortOp { port: port.raw() })
    }

    /// What port number `number` is. Tells a canary port of this domain from the same number in a new
    /// one.
    ///
    /// # Errors
    /// [`Errno::EINVAL`] when the number is beyond all ports.
    pub fn event_status(&self, number: u32) -> Result<PortState> {
        let mut arg = Status { dom: domid::SELF.0, port: number, ..Status::default() };
        self.event_op(Command::STATUS, &mut arg)?;
        let remote = match arg.status {
            // Of an unbound port only the domain is written, at the same place.
            Kind::UNBOUND => Some((Domid(arg.remote_dom), 0)),
            Kind::INTERDOMAIN => Some((Domid(arg.remote_dom), arg.remote_port)),
            _ => None,
        };
        Ok(PortState { kind: arg.status, vcpu: arg.vcpu, remote })
    }

    /// Closes all ports, xenstore's and the console's included, and goes back to the 2-level scheme.
    ///
    /// # Errors
    /// [`Errno::ENOSYS`] from old hypervisors.
    pub fn event_reset(&self) -> Result<()> {
        self.event_op(Command::RESET, &mut Reset { dom: domid::SELF.0 })
    }

    /// Starts the FIFO scheme for processor `vcpu`, whose control block is `offset` bytes into `frame`.
    /// For the first processor of a domain this switches the scheme. Once only per processor.
    ///
    /// # Errors
    /// [`Errno::ENOSYS`] before Xen 4.4, [`Errno::EINVAL`] when done already; [`Errno::GARBAGE`] when
    /// the hypervisor wants links of another width.
    ///
    /// # Safety
    /// The frame stays ours, is reached through atomics only and is never freed: the hypervisor writes
    /// to it until [`Xen::event_reset`].
    pub unsafe fn event_init_control(&self, vcpu: u32, frame: Gfn, offset: u32) -> Result<()> {
        let mut arg =
            InitControl { control_gfn: frame.0, offset, vcpu, link_bits: LINK_BITS as u8, pad: [0; 7] };
        self.event_op(Command::INIT_CONTROL, &mut arg)?;
        if u32::from(arg.link_bits) == LINK_BITS { Ok(()) } else { Err(Errno::GARBAGE) }
    }

    /// Adds a page of event words.
    ///
    /// # Errors
    /// [`Errno::ENOSPC`] when the array is complete.
    ///
    /// # Safety
    /// As [`Xen::event_init_control`].
    pub unsafe fn event_expand_array(&self, frame: Gfn) -> Result<()> {
        self.event_op(Command::EXPAND_ARRAY, &mut ExpandArray { array_gfn: frame.0 })
    }

    /// Chooses the queue of a port, 0 being the most urgent.
    ///
    /// # Errors
    /// [`Errno::EINVAL`] beyond 15, [`Errno::ENOSYS`] in the 2-level scheme.
    pub fn event_set_priority(&self, port: &Port, priority: u32) -> Result<()> {
        self.event_op(Command::SET_PRIORITY, &mut SetPriority { port: port.raw(), priority })
    }
}
