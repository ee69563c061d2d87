//! A protocol above an adapter.

use super::adapter::Adapter;

/// The adapter goes away.
pub fn unbind(adapter: &'static Adapter) {
    *adapter.client.lock() = None;
}

/// The adapter has power again.
pub fn resumed(_adapter: &'static Adapter) {}

/// A reset lost filters and addresses.
pub fn restore_addressing(_adapter: &'static Adapter) {}
