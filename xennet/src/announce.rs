//! After a connection: tells the switches where we are, for every address that the system has on this
//! interface.
#![allow(unsafe_code, reason = "asks the system for its addresses")]
#![allow(non_upper_case_globals, reason = "Microsoft's names in patterns")]

use core::{
    net::{Ipv4Addr, Ipv6Addr},
    ptr::null_mut,
};

use arrayvec::ArrayVec;
use netfront::{
    Payload, Run,
    announce::{gratuitous_arp, neighbour_advertisement},
    tx::TxMeta,
};
use nt::sys::*;
use xenbus::{seam::Clock, types::Gfn};

use crate::{adapter::Adapter, tx::Cookie};

/// Most addresses that are announced.
const MAX_ADDRESSES: usize = 32;

/// An address of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Address {
    V4(Ipv4Addr),
    V6(Ipv6Addr),
}

/// The address of a row, if it is one that others may use: not one whose uniqueness is not yet known.
fn address(row: &MIB_UNICASTIPADDRESS_ROW) -> Option<Address> {
    if !matches!(row.DadState, IpDadStatePreferred | IpDadStateDeprecated) {
        return None;
    }
    let bytes = &row.Address;
    match u16::from_le_bytes([bytes[0], bytes[1]]) {
        AF_INET => Some(Address::V4(Ipv4Addr::from(*bytes[4..].first_chunk::<4>()?))),
        AF_INET6 => Some(Address::V6(Ipv6Addr::from(*bytes[8..].first_chunk::<16>()?))),
        _ => None,
    }
}

/// The addresses of the interface `luid`. `PASSIVE_LEVEL`.
fn addresses(luid: u64) -> ArrayVec<Address, MAX_ADDRESSES> {
    let mut found = ArrayVec::new();
    let mut table = null_mut();
    // SAFETY: the variable receives a table that is ours until it is freed.
    let status = unsafe { GetUnicastIpAddressTable(AF_UNSPEC, &raw mut table) };
    if status < 0 || table.is_null() {
        return found;
    }
    // SAFETY: a table as the function makes it.
    let count = unsafe { (*table).NumEntries } as usize;
    // SAFETY: as above; only the address of the first row is taken.
    let first = unsafe { &raw const (*table).Table }.cast::<MIB_UNICASTIPADDRESS_ROW>();
    // SAFETY: `count` rows follow one another from there.
    let rows = unsafe { core::slice::from_raw_parts(first, count) };
    for row in rows {
        // SAFETY: both members are plain numbers.
        let of = unsafe { row.InterfaceLuid.Value };
        if of == luid
            && let Some(address) = address(row)
            && found.try_push(address).is_err()
        {
            break;
        }
    }
    // SAFETY: made above, freed once, not used any more.
    unsafe { FreeMibTable(table.cast()) };
    found
}

/// A frame of our own.
struct Own<'a>(&'a [u8]);

impl Payload for Own<'_> {
    fn len(&self) -> usize {
        self.0.len()
    }
    fn run(&mut self, _at: usize) -> Run {
        // Short frames are copied, never granted.
        Run { gfn: Gfn(0), offset: 0, len: 0 }
    }
    fn copy(&mut self, at: usize, to: &mut [u8]) {
        to.copy_from_slice(&self.0[at..at + to.len()]);
    }
}

/// Announces all addresses once. `PASSIVE_LEVEL`.
pub fn announce(adapter: &Adapter) {
    let addresses = addresses(adapter.luid);
    let host = &adapter.host;
    let mut side = adapter.queues[0].tx.lock();
    let now = host.client.now();
    for address in addresses {
        let (arp, advertisement);
        let frame: &[u8] = match address {
            Address::V4(address) => {
                arp = gratuitous_arp(adapter.current, address.octets());
                &arp
            }
            Address::V6(address) => {
                advertisement = neighbour_advertisement(adapter.current, address.octets());
                &advertisement
            }
        };
        // No room: the next time, or never; it is only a courtesy.
        let _ = side.queue.transmit(host, &mut Own(frame), &TxMeta::PLAIN, Cookie::none(), now);
    }
    if let Some(port) = side.port.clone() {
        side.queue.flush(host, &port);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_become_addresses() {
        let mut row =
            MIB_UNICASTIPADDRESS_ROW { DadState: IpDadStatePreferred, ..MIB_UNICASTIPADDRESS_ROW::default() };
        assert_eq!(address(&row), None, "no family");
        row.Address[..8].copy_from_slice(&[2, 0, 0, 0, 192, 0, 2, 7]);
        assert_eq!(address(&row), Some(Address::V4(Ipv4Addr::new(192, 0, 2, 7))));
        row.Address[0] = 23;
        row.Address[8..10].copy_from_slice(&[0xFE, 0x80]);
        row.Address[23] = 9;
        assert_eq!(address(&row), Some(Address::V6(Ipv6Addr::new(0xFE80, 0, 0, 0, 0, 0, 0, 9))));
        row.DadState = 1;
        assert_eq!(address(&row), None, "tentative");
    }
}
