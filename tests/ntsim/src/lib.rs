//! Stand-in NT kernel: PE loader, ke/ex/mm/io/pnp/po/cm/rtl, storport, ndis, verifier.
#![no_std]
