//! xennet.sys: NDIS 6 miniport over netfront.
#![no_std]
