//! A protocol above an adapter, as tcpip is: binds, sets filters and offloads, and runs a TCP/IP stack (smoltcp) over it
//! with the offloads that the miniport offers, so that what a miniport does wrong is found on the wire or here.

pub mod bind;
pub mod checksum;
pub mod link;
pub mod receive;
pub mod sockets;
pub mod stack;
pub mod transmit;

use super::adapter::Adapter;
use crate::kernel::{kernel, lock::Lock};
use alloc::vec::Vec;
use smoltcp::wire::IpCidr;
pub use stack::Stack;

/// Stacks in existence.
#[derive(Default)]
pub struct Stacks(Lock<Vec<&'static Stack>>);

fn stacks() -> &'static Stacks {
    kernel().room()
}

/// The stack that is bound to an adapter.
pub fn stack_of(adapter: &'static Adapter) -> Option<&'static Stack> {
    stacks().0.lock().iter().copied().find(|s| core::ptr::eq(s.adapter, adapter))
}

/// The adapter goes away: the stack's sends fail from now on, and it gives back what it holds.
pub fn unbind(adapter: &'static Adapter) {
    if let Some(stack) = stack_of(adapter) {
        stack.link.give_all_back(adapter);
        stack.detach();
        stacks().0.lock().retain(|s| !core::ptr::eq(*s, stack));
    }
}

/// The adapter has power again: filters and offloads are set anew.
pub fn resumed(adapter: &'static Adapter) {
    if let Some(stack) = stack_of(adapter) {
        let lean = stack.settings.lock().lean;
        *stack.settings.lock() = bind::Settings { lean, ..bind::configure(adapter) };
        stack.wake();
    }
}

/// A reset lost filters and addresses.
pub fn restore_addressing(adapter: &'static Adapter) {
    if stack_of(adapter).is_some() {
        bind::filters(adapter);
    }
}

/// An address of the system.
pub struct Address {
    /// NET_LUID of the interface.
    pub luid: u64,
    /// NET_IFINDEX of the interface.
    pub index: u32,
    /// The address.
    pub cidr: IpCidr,
    /// Not known to be unique yet.
    pub tentative: bool,
}

/// All addresses of the system. PASSIVE_LEVEL.
pub fn addresses() -> Vec<Address> {
    let stacks = stacks().0.lock().clone();
    let of = |stack: &'static Stack| {
        let cidrs = stack.with(|inner| inner.interface.ip_addrs().to_vec());
        let tentative = stack.tentative.lock().clone();
        cidrs.into_iter().map(move |cidr| Address {
            luid: stack.adapter.luid(),
            index: stack.adapter.index,
            tentative: tentative.contains(&cidr),
            cidr,
        })
    };
    stacks.into_iter().flat_map(of).collect()
}
