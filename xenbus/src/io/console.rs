//! The console ring (`xen/io/console.h`): bytes in a page, in both directions.

/// Offset of the bytes that the back-end sends, and their number.
#[doc(alias = "xencons_interface.in")]
pub const IN_OFFSET: usize = 0;
/// Bytes that the back-end sends: size of the ring.
pub const IN_SIZE: u32 = 1024;
/// Offset of the bytes that the guest sends.
#[doc(alias = "xencons_interface.out")]
pub const OUT_OFFSET: usize = 1024;
/// Bytes that the guest sends: size of the ring.
pub const OUT_SIZE: u32 = 2048;
/// Offset of `in_cons`, written by the guest.
#[doc(alias = "xencons_interface.in_cons")]
pub const IN_CONS: usize = 3072;
/// Offset of `in_prod`, written by the back-end.
#[doc(alias = "xencons_interface.in_prod")]
pub const IN_PROD: usize = 3076;
/// Offset of `out_cons`, written by the back-end.
#[doc(alias = "xencons_interface.out_cons")]
pub const OUT_CONS: usize = 3080;
/// Offset of `out_prod`, written by the guest.
#[doc(alias = "xencons_interface.out_prod")]
pub const OUT_PROD: usize = 3084;

/// Bytes that may be put on the output ring now; 0 also when the back-end's index is impossible.
#[must_use]
pub const fn out_room(prod: u32, cons: u32) -> u32 {
    let used = prod.wrapping_sub(cons);
    OUT_SIZE.saturating_sub(used)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_never_more_than_the_ring() {
        assert_eq!(out_room(0, 0), 2048);
        assert_eq!(out_room(u32::MAX, u32::MAX - 2047), 1);
        assert_eq!(out_room(5, 2u32.wrapping_sub(2047)), 0, "a lying consumer gives no room");
        assert_eq!(out_room(1, 2), 0);
    }
}
