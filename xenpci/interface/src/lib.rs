//! The versioned interface that xenpci hands to its children.
#![no_std]
