//! Xen's public interface as numbers and layouts, written from the public headers a second time on
//! purpose: drivers and simulator must not share one misunderstanding.

pub mod blkif;
pub mod errno;
pub mod netif;
pub mod ring;
pub mod xen;
pub mod xs;

/// Little-endian fields of an argument block that was copied once.
pub trait Fields {
    /// 16 bits at a byte offset.
    fn u16_at(&self, at: usize) -> u16;
    /// 32 bits at a byte offset.
    fn u32_at(&self, at: usize) -> u32;
    /// 64 bits at a byte offset.
    fn u64_at(&self, at: usize) -> u64;
}

impl Fields for [u8] {
    fn u16_at(&self, at: usize) -> u16 {
        u16::from_le_bytes([self[at], self[at + 1]])
    }
    fn u32_at(&self, at: usize) -> u32 {
        u32::from(self.u16_at(at)) | u32::from(self.u16_at(at + 2)) << 16
    }
    fn u64_at(&self, at: usize) -> u64 {
        u64::from(self.u32_at(at)) | u64::from(self.u32_at(at + 4)) << 32
    }
}
