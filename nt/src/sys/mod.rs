//! Bindings: the types, constants and functions of the Windows kernel, Storport and NDIS that the
//! drivers use and that a stand-in kernel implements.
//!
//! Everything carries Microsoft's name and is re-exported flat here. Types have fixed widths and
//! do not depend on the host: the same definitions serve the drivers (Windows target) and
//! `tests/ntsim` (Linux host). Function pointers are `extern "win64"`, which is the calling
//! convention of x64 Windows on every host; functions are imported only on Windows and are mere
//! declarations elsewhere.
//!
//! Members of unnamed structs and unions are reached through `__bindgen_anon_<n>` (counted per
//! record, in declaration order), bit-fields through `_bitfield_<n>` with one pair of methods per
//! field, as windows-drivers-rs (bindgen) names them.
//!
//! The layouts are those of build 22621. Of the records bound here, older supported systems (from
//! 14393 on) have `DRIVER_EXTENSION`, `DEVOBJ_EXTENSION`, `IO_COMPLETION_CONTEXT` and
//! `DMA_OPERATIONS` with another size: drivers reach them through the system's pointers only, and
//! never embed one. NDIS structures carry the size of their revision (`NDIS_SIZEOF_*`); net buffers
//! have a size known only to the running NDIS.
//!
//! IRQL, parameters and errors of the functions are those of Microsoft's documentation.
#![allow(unsafe_code, reason = "foreign declarations")]
#![allow(missing_docs, reason = "Microsoft's names; documented by Microsoft")]
#![allow(non_camel_case_types, non_snake_case, non_upper_case_globals, reason = "Microsoft's names")]
#![allow(clippy::missing_safety_doc, clippy::too_many_arguments, reason = "foreign declarations")]

pub use core::ffi::c_void;

/// Asserts size, alignment and field offsets of a record at compile time, and gives it a
/// [`Default`] of all zeros, which is a valid value of every type bound here.
macro_rules! layout {
    ($name:ident, $size:literal, $align:literal $(, $field:ident @ $off:literal)*) => {
        const _: () = {
            assert!(::core::mem::size_of::<$name>() == $size);
            assert!(::core::mem::align_of::<$name>() == $align);
            $(assert!(::core::mem::offset_of!($name, $field) == $off);)*
        };
        impl Default for $name {
            fn default() -> Self {
                // SAFETY: all-zero bytes are a valid value: the members of bound records are
                // integers, raw pointers, `Option<fn>` and records of these.
                unsafe { ::core::mem::zeroed() }
            }
        }
    };
}

/// Accessors for the bit-fields of one storage unit: `getter setter @ first bit + width`.
macro_rules! bits {
    ($name:ident, $unit:ident: $ty:ty { $($get:ident $set:ident @ $bit:literal + $width:literal),* }) => {
        impl $name {
            $(
                #[inline]
                pub const fn $get(&self) -> $ty {
                    (self.$unit >> $bit) & (<$ty>::MAX >> (<$ty>::BITS - $width))
                }
                #[inline]
                pub const fn $set(&mut self, value: $ty) {
                    let mask = (<$ty>::MAX >> (<$ty>::BITS - $width)) << $bit;
                    self.$unit = (self.$unit & !mask) | ((value << $bit) & mask);
                }
            )*
        }
    };
}

#[rustfmt::skip]
pub mod bugcodes;
#[rustfmt::skip]
pub mod cdb;
#[rustfmt::skip]
pub mod cdb2;
#[rustfmt::skip]
pub mod cdb3;
#[rustfmt::skip]
pub mod context;
#[rustfmt::skip]
pub mod disk;
#[rustfmt::skip]
pub mod dma;
#[rustfmt::skip]
pub mod etw;
#[rustfmt::skip]
pub mod ex;
#[rustfmt::skip]
pub mod extra;
#[rustfmt::skip]
pub mod guids;
#[rustfmt::skip]
pub mod io;
#[rustfmt::skip]
pub mod io_consts;
#[rustfmt::skip]
pub mod io_fns;
#[rustfmt::skip]
pub mod irp;
#[rustfmt::skip]
pub mod ke;
#[rustfmt::skip]
pub mod ke_consts;
#[rustfmt::skip]
pub mod ke_fns;
#[rustfmt::skip]
pub mod late;
#[rustfmt::skip]
pub mod mm;
#[rustfmt::skip]
pub mod nbl;
#[rustfmt::skip]
pub mod ndis;
#[rustfmt::skip]
pub mod ndis_consts;
#[rustfmt::skip]
pub mod ndis_fns;
#[rustfmt::skip]
pub mod ndis_revisions;
#[rustfmt::skip]
pub mod ndis_revisions2;
#[rustfmt::skip]
pub mod ndis_sizes;
#[rustfmt::skip]
pub mod ndis_status;
#[rustfmt::skip]
pub mod netio;
#[rustfmt::skip]
pub mod ntstatus;
#[rustfmt::skip]
pub mod offload;
#[rustfmt::skip]
pub mod oid;
#[rustfmt::skip]
pub mod pnp;
#[rustfmt::skip]
pub mod po;
#[rustfmt::skip]
pub mod poll;
#[rustfmt::skip]
pub mod ps;
#[rustfmt::skip]
pub mod resource;
#[rustfmt::skip]
pub mod rtl;
#[rustfmt::skip]
pub mod scsi;
#[rustfmt::skip]
pub mod scsi_consts;
#[rustfmt::skip]
pub mod srb;
#[rustfmt::skip]
pub mod srb_consts;
#[rustfmt::skip]
pub mod storport;
#[rustfmt::skip]
pub mod storport2;
#[rustfmt::skip]
pub mod storport_consts;
#[rustfmt::skip]
pub mod storport_fns;
#[rustfmt::skip]
pub mod types;
#[rustfmt::skip]
pub mod vpd;
#[rustfmt::skip]
pub mod zw;

pub use bugcodes::*;
pub use cdb::*;
pub use cdb2::*;
pub use cdb3::*;
pub use context::*;
pub use disk::*;
pub use dma::*;
pub use etw::*;
pub use ex::*;
pub use extra::*;
pub use guids::*;
pub use io::*;
pub use io_consts::*;
pub use io_fns::*;
pub use irp::*;
pub use ke::*;
pub use ke_consts::*;
pub use ke_fns::*;
pub use late::*;
pub use mm::*;
pub use nbl::*;
pub use ndis::*;
pub use ndis_consts::*;
pub use ndis_fns::*;
pub use ndis_revisions::*;
pub use ndis_revisions2::*;
pub use ndis_sizes::*;
pub use ndis_status::*;
pub use netio::*;
pub use ntstatus::*;
pub use offload::*;
pub use oid::*;
pub use pnp::*;
pub use po::*;
pub use poll::*;
pub use ps::*;
pub use resource::*;
pub use rtl::*;
pub use scsi::*;
pub use scsi_consts::*;
pub use srb::*;
pub use srb_consts::*;
pub use storport::*;
pub use storport_consts::*;
pub use storport_fns::*;
pub use storport2::*;
pub use types::*;
pub use vpd::*;
pub use zw::*;
