//! Layouts against the official Xen headers (C) and against the WDK facts.

