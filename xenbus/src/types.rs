//! Names for Xen's numbers.

/// A domain's id. 0 is the control domain, but a back-end may live in any.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Domid(pub u16);

/// A guest frame number: a guest-physical address shifted right by 12.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Gfn(pub u64);

/// An entry of the grant table of one domain. Not `Copy`: whoever has it has the grant.
///
/// It outlives its domain: after a wake in a new one it is ended as any other, and the table knows by the generation
/// that there is nothing left to end.
#[derive(Debug, PartialEq, Eq, Hash)]
#[must_use = "a lost reference is a leaked grant"]
pub struct GrantRef {
    index: u32,
    generation: u32,
}

impl GrantRef {
    /// Takes over the entry `index` of the table of the `generation`-th domain. Only grant-table implementations make
    /// references.
    pub const fn new(index: u32, generation: u32) -> Self {
        Self { index, generation }
    }
    /// The number that goes on the wire.
    #[must_use]
    pub const fn raw(&self) -> u32 {
        self.index
    }
    /// Which of the table's domains the grant belongs to.
    #[must_use]
    pub const fn generation(&self) -> u32 {
        self.generation
    }
}

/// A local event-channel port. Not `Copy`: whoever has it has to close it.
#[derive(Debug, PartialEq, Eq, Hash)]
#[must_use = "a lost port is a leaked event channel"]
pub struct Port(u32);

impl Port {
    /// Takes over the port `number`. Only event-channel implementations make ports.
    pub const fn from_raw(number: u32) -> Self {
        Self(number)
    }
    /// The number that goes on the wire.
    #[must_use]
    pub const fn raw(&self) -> u32 {
        self.0
    }
}

/// Size of a Xen page in bytes.
pub const PAGE_SIZE: usize = 4096;
