//! `event_channel_op` and the words that carry events (`xen/event_channel.h`).

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// A sub-command of `event_channel_op`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(transparent)]
pub struct Command(pub u32);

impl Command {
    /// Binds to a port of another domain, as [`BindInterdomain`].
    #[doc(alias = "EVTCHNOP_bind_interdomain")]
    pub const BIND_INTERDOMAIN: Self = Self(0);
    /// Binds a virtual interrupt, as [`BindVirq`].
    #[doc(alias = "EVTCHNOP_bind_virq")]
    pub const BIND_VIRQ: Self = Self(1);
    /// Closes, as [`PortOp`].
    #[doc(alias = "EVTCHNOP_close")]
    pub const CLOSE: Self = Self(3);
    /// Sends an event, as [`PortOp`].
    #[doc(alias = "EVTCHNOP_send")]
    pub const SEND: Self = Self(4);
    /// What a port is, as [`Status`].
    #[doc(alias = "EVTCHNOP_status")]
    pub const STATUS: Self = Self(5);
    /// Makes a port that another domain may bind to, as [`AllocUnbound`].
    #[doc(alias = "EVTCHNOP_alloc_unbound")]
    pub const ALLOC_UNBOUND: Self = Self(6);
    /// Makes a port to ourselves, as [`BindIpi`].
    #[doc(alias = "EVTCHNOP_bind_ipi")]
    pub const BIND_IPI: Self = Self(7);
    /// Chooses the processor, as [`BindVcpu`].
    #[doc(alias = "EVTCHNOP_bind_vcpu")]
    pub const BIND_VCPU: Self = Self(8);
    /// Unmasks, and delivers what is pending, as [`PortOp`].
    #[doc(alias = "EVTCHNOP_unmask")]
    pub const UNMASK: Self = Self(9);
    /// Closes everything and goes back to 2-level, as [`Reset`].
    #[doc(alias = "EVTCHNOP_reset")]
    pub const RESET: Self = Self(10);
    /// Starts FIFO for a processor, as [`InitControl`].
    #[doc(alias = "EVTCHNOP_init_control")]
    pub const INIT_CONTROL: Self = Self(11);
    /// Adds a page of event words, as [`ExpandArray`].
    #[doc(alias = "EVTCHNOP_expand_array")]
    pub const EXPAND_ARRAY: Self = Self(12);
    /// Chooses the queue, as [`SetPriority`].
    #[doc(alias = "EVTCHNOP_set_priority")]
    pub const SET_PRIORITY: Self = Self(13);
}

/// What a port is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(transparent)]
pub struct Kind(pub u32);

impl Kind {
    /// Not in use.
    #[doc(alias = "EVTCHNSTAT_closed")]
    pub const CLOSED: Self = Self(0);
    /// Waits for the other domain.
    #[doc(alias = "EVTCHNSTAT_unbound")]
    pub const UNBOUND: Self = Self(1);
    /// Bound to the other domain.
    #[doc(alias = "EVTCHNSTAT_interdomain")]
    pub const INTERDOMAIN: Self = Self(2);
    /// A physical interrupt.
    #[doc(alias = "EVTCHNSTAT_pirq")]
    pub const PIRQ: Self = Self(3);
    /// A virtual interrupt.
    #[doc(alias = "EVTCHNSTAT_virq")]
    pub const VIRQ: Self = Self(4);
    /// To ourselves.
    #[doc(alias = "EVTCHNSTAT_ipi")]
    pub const IPI: Self = Self(5);
}

/// A virtual interrupt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(transparent)]
pub struct Virq(pub u32);

impl Virq {
    /// The processor's timer.
    #[doc(alias = "VIRQ_TIMER")]
    pub const TIMER: Self = Self(0);
    /// The host asks for a dump of states.
    #[doc(alias = "VIRQ_DEBUG")]
    pub const DEBUG: Self = Self(1);
}

/// Makes a port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[doc(alias = "evtchn_alloc_unbound_t")]
#[repr(C)]
pub struct AllocUnbound {
    /// [`super::domid::SELF`].
    pub dom: u16,
    /// Who may bind to it.
    pub remote_dom: u16,
    /// The port made.
    pub port: u32,
}

const _: () = assert!(size_of::<AllocUnbound>() == 8);

/// Binds to a port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[doc(alias = "evtchn_bind_interdomain_t")]
#[repr(C)]
pub struct BindInterdomain {
    /// Whose.
    pub remote_dom: u16,
    /// Padding; zero.
    pub pad: u16,
    /// Which.
    pub remote_port: u32,
    /// The port made.
    pub local_port: u32,
}

const _: () = assert!(size_of::<BindInterdomain>() == 12);

/// Binds a virtual interrupt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[doc(alias = "evtchn_bind_virq_t")]
#[repr(C)]
pub struct BindVirq {
    /// Which.
    pub virq: Virq,
    /// On which processor.
    pub vcpu: u32,
    /// The port made.
    pub port: u32,
}

const _: () = assert!(size_of::<BindVirq>() == 12);

/// Makes a port to ourselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[doc(alias = "evtchn_bind_ipi_t")]
#[repr(C)]
pub struct BindIpi {
    /// On which processor.
    pub vcpu: u32,
    /// The port made.
    pub port: u32,
}

const _: () = assert!(size_of::<BindIpi>() == 8);

/// Chooses the processor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[doc(alias = "evtchn_bind_vcpu_t")]
#[repr(C)]
pub struct BindVcpu {
    /// The port.
    pub port: u32,
    /// The processor.
    pub vcpu: u32,
}

const _: () = assert!(size_of::<BindVcpu>() == 8);

/// The argument of close, send and unmask.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[doc(alias = "evtchn_send_t")]
#[repr(C)]
pub struct PortOp {
    /// The port.
    pub port: u32,
}

const _: () = assert!(size_of::<PortOp>() == 4);

/// What a port is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[doc(alias = "evtchn_status_t")]
#[repr(C)]
pub struct Status {
    /// [`super::domid::SELF`].
    pub dom: u16,
    /// Padding; zero.
    pub pad: u16,
    /// The port.
    pub port: u32,
    /// What it is.
    pub status: Kind,
    /// Where it is delivered.
    pub vcpu: u32,
    /// The other domain, of an unbound or bound port.
    #[doc(alias = "u.interdomain.dom")]
    pub remote_dom: u16,
    /// Padding; zero.
    pub pad1: u16,
    /// Its port.
    #[doc(alias = "u.interdomain.port")]
    pub remote_port: u32,
}

const _: () = assert!(size_of::<Status>() == 24);

/// Closes everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[doc(alias = "evtchn_reset_t")]
#[repr(C)]
pub struct Reset {
    /// [`super::domid::SELF`].
    pub dom: u16,
}

const _: () = assert!(size_of::<Reset>() == 2);

/// Starts FIFO for a processor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[doc(alias = "evtchn_init_control_t")]
#[repr(C)]
pub struct InitControl {
    /// The frame with the control block.
    pub control_gfn: u64,
    /// Where in it: a multiple of 8.
    pub offset: u32,
    /// The processor.
    pub vcpu: u32,
    /// Bits of a link: written, [`LINK_BITS`].
    pub link_bits: u8,
    /// Padding; zero.
    #[doc(alias = "_pad")]
    pub pad: [u8; 7],
}

const _: () = assert!(size_of::<InitControl>() == 24);

/// Adds a page of event words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[doc(alias = "evtchn_expand_array_t")]
#[repr(C)]
pub struct ExpandArray {
    /// The frame.
    pub array_gfn: u64,
}

const _: () = assert!(size_of::<ExpandArray>() == 8);

/// Chooses the queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[doc(alias = "evtchn_set_priority_t")]
#[repr(C)]
pub struct SetPriority {
    /// The port.
    pub port: u32,
    /// 0 is the most urgent.
    pub priority: u32,
}

const _: () = assert!(size_of::<SetPriority>() == 8);

/// A processor's queues, shared with the hypervisor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[doc(alias = "evtchn_fifo_control_block_t")]
#[repr(C)]
pub struct ControlBlock {
    /// Bit per queue that has events.
    pub ready: u32,
    /// Padding; zero.
    #[doc(alias = "_rsvd")]
    pub pad: u32,
    /// The first port of each queue.
    pub head: [u32; 16],
}

const _: () = assert!(size_of::<ControlBlock>() == 72);

/// Ports of the 2-level scheme.
#[doc(alias = "EVTCHN_2L_NR_CHANNELS")]
pub const TWO_LEVEL_CHANNELS: u32 = 4096;

/// Ports of the FIFO scheme.
#[doc(alias = "EVTCHN_FIFO_NR_CHANNELS")]
pub const FIFO_CHANNELS: u32 = 1 << 17;

/// The most urgent queue.
#[doc(alias = "EVTCHN_FIFO_PRIORITY_MAX")]
pub const PRIORITY_MAX: u32 = 0;

/// The queue that a port starts in.
#[doc(alias = "EVTCHN_FIFO_PRIORITY_DEFAULT")]
pub const PRIORITY_DEFAULT: u32 = 7;

/// The least urgent queue.
#[doc(alias = "EVTCHN_FIFO_PRIORITY_MIN")]
pub const PRIORITY_MIN: u32 = 15;

/// Queues per processor.
#[doc(alias = "EVTCHN_FIFO_MAX_QUEUES")]
pub const QUEUES: u32 = 16;

/// An event is there.
#[doc(alias = "EVTCHN_FIFO_PENDING")]
pub const PENDING_BIT: u32 = 31;

/// It is not to be delivered.
#[doc(alias = "EVTCHN_FIFO_MASKED")]
pub const MASKED_BIT: u32 = 30;

/// The word is in a queue.
#[doc(alias = "EVTCHN_FIFO_LINKED")]
pub const LINKED_BIT: u32 = 29;

/// The hypervisor is about to change the link.
#[doc(alias = "EVTCHN_FIFO_BUSY")]
pub const BUSY_BIT: u32 = 28;

/// Bits of a link.
#[doc(alias = "EVTCHN_FIFO_LINK_BITS")]
pub const LINK_BITS: u32 = 17;
