//! Back-ends over another hypervisor than the simulated one: they then serve a real guest, from a program in a real
//! driver domain, and show whether a real front-end can live with them.

/// What the back-ends need of the hypervisor, about one guest. Ports are the guest's.
pub trait Outside {
    /// Maps the page of a grant; it stays where it is until [`Outside::unmap`] was called as often.
    fn map(&mut self, gref: u32, write: bool) -> Option<*mut u8>;
    /// Ends a mapping.
    fn unmap(&mut self, gref: u32);
    /// Binds to a port of the guest's; `None` when that is refused.
    fn bind(&mut self, port: u32) -> Option<()>;
    /// Sends an event.
    fn send(&mut self, port: u32);
    /// Ends a binding.
    fn close(&mut self, port: u32);
}
