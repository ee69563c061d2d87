//! Layouts against the official Xen headers (C) and against the WDK facts.

#[cfg(test)]
mod wdk;

#[cfg(test)]
mod xen;
