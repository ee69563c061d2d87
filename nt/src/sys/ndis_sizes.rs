//! NDIS: size of each revision of each versioned structure (the size that belongs into `NDIS_OBJECT_HEADER.Size`).
//!
//! Names, layouts and values as Microsoft's WDK headers declare them (NTDDI 0x0A00000C, NDIS 6.85),
//! 64-bit x86. Checked against the recorded facts by `tests/abi`.

pub const NDIS_SIZEOF_OPEN_PARAMETERS_REVSION_1: u64 = 52;
