//! What the front-end needs of the world, and of the driver's packets and buffers.

use xenbus::types::Gfn;

/// A run of bytes within one guest frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// The frame.
    pub gfn: Gfn,
    /// First byte within the frame.
    pub offset: u16,
    /// Bytes; `offset + len <= 4096`, not 0.
    pub len: u16,
}

/// The bytes of a packet to be sent, from the Ethernet header on. The driver's view of its MDLs; the
/// memory stays as it is until the packet's completion.
pub trait Payload {
    /// Bytes in all.
    fn len(&self) -> usize;
    /// True for no bytes at all.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// The run that starts at byte `at` (less than `len()`) and goes on to the end of the frame, of
    /// the fragment, or of the packet. Calls come in rising order of `at`, from 0.
    fn run(&mut self, at: usize) -> Run;
    /// Copies `to.len()` bytes from byte `at` on; `at + to.len() <= len()`.
    fn copy(&mut self, at: usize, to: &mut [u8]);
}

/// A page that received data is put in. Owned by the driver, lent to the queue: whoever has the value
/// may touch the page.
pub trait Buffer {
    /// The frame of the page.
    fn gfn(&self) -> Gfn;
}
