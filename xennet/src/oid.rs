//! Requests: `MiniportOidRequest`.
#![allow(unsafe_code, reason = "NDIS's requests are pointers")]
#![allow(non_upper_case_globals, reason = "Microsoft's names in patterns")]

use core::sync::atomic::Ordering;

use nt::sys::*;

use crate::{adapter::Adapter, config::Direction, connect::command, rss, stats::Traffic};

/// What the packet filter may contain.
pub const FILTERS: u32 = NDIS_PACKET_TYPE_DIRECTED
    | NDIS_PACKET_TYPE_MULTICAST
    | NDIS_PACKET_TYPE_ALL_MULTICAST
    | NDIS_PACKET_TYPE_BROADCAST
    | NDIS_PACKET_TYPE_PROMISCUOUS;

/// What is counted.
pub const STATISTICS: u32 = NDIS_STATISTICS_XMIT_OK_SUPPORTED
    | NDIS_STATISTICS_RCV_OK_SUPPORTED
    | NDIS_STATISTICS_XMIT_ERROR_SUPPORTED
    | NDIS_STATISTICS_RCV_ERROR_SUPPORTED
    | NDIS_STATISTICS_DIRECTED_BYTES_XMIT_SUPPORTED
    | NDIS_STATISTICS_DIRECTED_FRAMES_XMIT_SUPPORTED
    | NDIS_STATISTICS_MULTICAST_BYTES_XMIT_SUPPORTED
    | NDIS_STATISTICS_MULTICAST_FRAMES_XMIT_SUPPORTED
    | NDIS_STATISTICS_BROADCAST_BYTES_XMIT_SUPPORTED
    | NDIS_STATISTICS_BROADCAST_FRAMES_XMIT_SUPPORTED
    | NDIS_STATISTICS_DIRECTED_BYTES_RCV_SUPPORTED
    | NDIS_STATISTICS_DIRECTED_FRAMES_RCV_SUPPORTED
    | NDIS_STATISTICS_MULTICAST_BYTES_RCV_SUPPORTED
    | NDIS_STATISTICS_MULTICAST_FRAMES_RCV_SUPPORTED
    | NDIS_STATISTICS_BROADCAST_BYTES_RCV_SUPPORTED
    | NDIS_STATISTICS_BROADCAST_FRAMES_RCV_SUPPORTED
    | NDIS_STATISTICS_BYTES_RCV_SUPPORTED
    | NDIS_STATISTICS_BYTES_XMIT_SUPPORTED
    | NDIS_STATISTICS_RCV_DISCARDS_SUPPORTED
    | NDIS_STATISTICS_XMIT_DISCARDS_SUPPORTED
    | NDIS_STATISTICS_GEN_STATISTICS_SUPPORTED;

/// What is answered.
pub const SUPPORTED: [u32; 30] = [
    OID_GEN_SUPPORTED_LIST,
    OID_GEN_HARDWARE_STATUS,
    OID_GEN_TRANSMIT_BUFFER_SPACE,
    OID_GEN_RECEIVE_BUFFER_SPACE,
    OID_GEN_TRANSMIT_BLOCK_SIZE,
    OID_GEN_RECEIVE_BLOCK_SIZE,
    OID_GEN_VENDOR_ID,
    OID_GEN_VENDOR_DESCRIPTION,
    OID_GEN_VENDOR_DRIVER_VERSION,
    OID_GEN_CURRENT_PACKET_FILTER,
    OID_GEN_CURRENT_LOOKAHEAD,
    OID_GEN_MAXIMUM_FRAME_SIZE,
    OID_GEN_MAXIMUM_LOOKAHEAD,
    OID_GEN_MAXIMUM_TOTAL_SIZE,
    OID_GEN_MAXIMUM_SEND_PACKETS,
    OID_GEN_MAC_OPTIONS,
    OID_GEN_XMIT_OK,
    OID_GEN_RCV_OK,
    OID_GEN_STATISTICS,
    OID_GEN_INTERRUPT_MODERATION,
    OID_GEN_LINK_PARAMETERS,
    OID_GEN_RECEIVE_SCALE_PARAMETERS,
    OID_802_3_PERMANENT_ADDRESS,
    OID_802_3_CURRENT_ADDRESS,
    OID_802_3_MULTICAST_LIST,
    OID_802_3_MAXIMUM_LIST_SIZE,
    OID_TCP_OFFLOAD_PARAMETERS,
    OID_OFFLOAD_ENCAPSULATION,
    OID_PNP_SET_POWER,
    OID_PNP_QUERY_POWER,
];

/// Who made it.
const VENDOR: &[u8] = b"Xen PV Network Adapter\0";
/// The driver's version: major and minor.
const VERSION: u32 = 1;

/// `OID_GEN_MAC_OPTIONS`.
#[must_use]
pub const fn mac_options(priority_vlan: Direction) -> u32 {
    let mut options = NDIS_MAC_OPTION_COPY_LOOKAHEAD_DATA
        | NDIS_MAC_OPTION_TRANSFERS_NOT_PEND
        | NDIS_MAC_OPTION_NO_LOOPBACK;
    if priority_vlan.tx() {
        options |= NDIS_MAC_OPTION_8021P_PRIORITY;
    }
    if priority_vlan.rx() {
        options |= NDIS_MAC_OPTION_8021Q_VLAN;
    }
    options
}

/// What receive-side scaling can do.
#[must_use]
pub fn scaling_capabilities(adapter: &Adapter) -> NDIS_RECEIVE_SCALE_CAPABILITIES {
    NDIS_RECEIVE_SCALE_CAPABILITIES {
        Header: NDIS_OBJECT_HEADER {
            Type: NDIS_OBJECT_TYPE_RSS_CAPABILITIES as u8,
            Revision: NDIS_RECEIVE_SCALE_CAPABILITIES_REVISION_2 as u8,
            Size: NDIS_SIZEOF_RECEIVE_SCALE_CAPABILITIES_REVISION_2 as u16,
        },
        // The low byte is the hash function: Toeplitz.
        CapabilitiesFlags: NDIS_RSS_CAPS_MESSAGE_SIGNALED_INTERRUPTS
            | NDIS_RSS_CAPS_CLASSIFICATION_AT_DPC
            | NDIS_RSS_CAPS_HASH_TYPE_TCP_IPV4
            | NDIS_RSS_CAPS_HASH_TYPE_TCP_IPV6
            | 1,
        NumberOfInterruptMessages: adapter.queues.len() as u32,
        NumberOfReceiveQueues: adapter.queues.len() as u32,
        NumberOfIndirectionTableEntries: netfront::ctrl::MAX_MAPPING as u16,
    }
}

/// How a request came out.
enum Answer {
    /// Bytes that were read (set).
    Read(usize),
    /// Bytes that were written (query).
    Written(usize),
    /// The buffer is too short: this many are needed.
    Short(usize),
    Failed(NDIS_STATUS),
}

/// `MiniportOidRequest`.
///
/// # Safety
/// Called by NDIS for an adapter of ours.
pub unsafe extern "win64" fn request(context: *mut c_void, request: *mut NDIS_OID_REQUEST) -> NDIS_STATUS {
    // SAFETY: NDIS passes the context of the initialization.
    let adapter = unsafe { Adapter::of(context) };
    // SAFETY: ours until it is completed.
    let request = unsafe { &mut *request };
    match request.RequestType {
        NdisRequestQueryInformation | NdisRequestQueryStatistics => {
            // SAFETY: the member that goes with the type.
            let query = unsafe { &mut request.DATA.QUERY_INFORMATION };
            let buffer = slice(query.InformationBuffer, query.InformationBufferLength);
            match answer(adapter, query.Oid, buffer) {
                Answer::Written(count) => {
                    query.BytesWritten = count as u32;
                    NDIS_STATUS_SUCCESS
                }
                Answer::Short(needed) => {
                    query.BytesNeeded = needed as u32;
                    NDIS_STATUS_BUFFER_TOO_SHORT
                }
                Answer::Failed(status) => status,
                Answer::Read(_) => NDIS_STATUS_FAILURE,
            }
        }
        NdisRequestSetInformation => {
            // SAFETY: the member that goes with the type.
            let set = unsafe { &mut request.DATA.SET_INFORMATION };
            let buffer = slice(set.InformationBuffer, set.InformationBufferLength);
            match obey(adapter, set.Oid, buffer) {
                Answer::Read(count) => {
                    set.BytesRead = count as u32;
                    NDIS_STATUS_SUCCESS
                }
                Answer::Short(needed) => {
                    set.BytesNeeded = needed as u32;
                    NDIS_STATUS_INVALID_LENGTH
                }
                Answer::Failed(status) => status,
                Answer::Written(_) => NDIS_STATUS_FAILURE,
            }
        }
        _ => NDIS_STATUS_NOT_SUPPORTED,
    }
}

/// `MiniportCancelOidRequest`: all requests complete at once, so there is none to cancel.
///
/// # Safety
/// Called by NDIS for an adapter of ours.
pub unsafe extern "win64" fn cancel(_context: *mut c_void, _id: *mut c_void) {}

fn slice<'a>(buffer: *mut c_void, length: u32) -> &'a mut [u8] {
    if buffer.is_null() {
        return &mut [];
    }
    // SAFETY: the request's buffer, nonpaged and ours until the request is completed.
    unsafe { core::slice::from_raw_parts_mut(buffer.cast(), length as usize) }
}

fn put(buffer: &mut [u8], value: &[u8]) -> Answer {
    match buffer.get_mut(..value.len()) {
        Some(to) => {
            to.copy_from_slice(value);
            Answer::Written(value.len())
        }
        None => Answer::Short(value.len()),
    }
}

fn number(buffer: &mut [u8], value: u32) -> Answer {
    put(buffer, &value.to_le_bytes())
}

/// A counter: eight bytes, or four where there is no room for more.
fn counter(buffer: &mut [u8], value: u64) -> Answer {
    if buffer.len() >= 8 { put(buffer, &value.to_le_bytes()) } else { number(buffer, value as u32) }
}

fn answer(adapter: &Adapter, oid: NDIS_OID, buffer: &mut [u8]) -> Answer {
    let frame = adapter.mtu + 14;
    match oid {
        OID_GEN_SUPPORTED_LIST => {
            let needed = size_of_val(&SUPPORTED);
            let Some(to) = buffer.get_mut(..needed) else { return Answer::Short(needed) };
            for (to, oid) in to.chunks_exact_mut(4).zip(SUPPORTED) {
                to.copy_from_slice(&oid.to_le_bytes());
            }
            Answer::Written(needed)
        }
        // Ready.
        OID_GEN_HARDWARE_STATUS => number(buffer, 0),
        OID_GEN_MAXIMUM_FRAME_SIZE => number(buffer, adapter.mtu),
        OID_GEN_MAXIMUM_LOOKAHEAD | OID_GEN_CURRENT_LOOKAHEAD | OID_GEN_MAXIMUM_TOTAL_SIZE => {
            number(buffer, frame)
        }
        OID_GEN_TRANSMIT_BLOCK_SIZE | OID_GEN_RECEIVE_BLOCK_SIZE => number(buffer, frame),
        OID_GEN_TRANSMIT_BUFFER_SPACE => number(buffer, frame * netfront::tx::TX_SLOTS as u32),
        OID_GEN_RECEIVE_BUFFER_SPACE => number(buffer, 4096 * adapter.config.receive_buffers as u32),
        OID_GEN_MAXIMUM_SEND_PACKETS => number(buffer, netfront::tx::TX_SLOTS as u32),
        // Xen's organizationally unique identifier.
        OID_GEN_VENDOR_ID => number(buffer, 0x0016_3E00),
        OID_GEN_VENDOR_DESCRIPTION => put(buffer, VENDOR),
        OID_GEN_VENDOR_DRIVER_VERSION => number(buffer, VERSION << 16),
        OID_GEN_CURRENT_PACKET_FILTER => number(buffer, adapter.filter.load(Ordering::Relaxed)),
        OID_GEN_MAC_OPTIONS => number(buffer, mac_options(adapter.config.priority_vlan)),
        OID_GEN_XMIT_OK => counter(buffer, totals(adapter).0.frames()),
        OID_GEN_RCV_OK => counter(buffer, totals(adapter).1.frames()),
        OID_GEN_STATISTICS => statistics(adapter, buffer),
        OID_GEN_INTERRUPT_MODERATION => {
            let mut bytes = [0; NDIS_SIZEOF_INTERRUPT_MODERATION_PARAMETERS_REVISION_1 as usize];
            bytes[0] = NDIS_OBJECT_TYPE_DEFAULT as u8;
            bytes[1] = NDIS_INTERRUPT_MODERATION_PARAMETERS_REVISION_1 as u8;
            bytes[2] = bytes.len() as u8;
            let on = adapter.moderation.load(Ordering::Relaxed);
            let value = if on { NdisInterruptModerationEnabled } else { NdisInterruptModerationDisabled };
            bytes[8..12].copy_from_slice(&value.to_le_bytes());
            put(buffer, &bytes)
        }
        OID_802_3_PERMANENT_ADDRESS => put(buffer, &adapter.permanent),
        OID_802_3_CURRENT_ADDRESS => put(buffer, &adapter.current),
        OID_802_3_MAXIMUM_LIST_SIZE => number(buffer, crate::adapter::MAX_GROUPS as u32),
        OID_802_3_MULTICAST_LIST => {
            let groups = adapter.groups.lock().clone();
            put(buffer, groups.as_flattened())
        }
        _ => Answer::Failed(NDIS_STATUS_NOT_SUPPORTED),
    }
}

fn totals(adapter: &Adapter) -> (Traffic, Traffic) {
    let (mut sent, mut received) = (Traffic::default(), Traffic::default());
    for queue in &adapter.queues {
        {
            let side = queue.tx.lock();
            sent.add(&side.traffic);
            sent.add(&Traffic { errors: side.queue.counters().dropped, ..Traffic::default() });
        }
        let side = queue.rx.lock();
        received.add(&side.traffic);
        let counters = side.queue.counters();
        received.add(&Traffic {
            errors: counters.errors + counters.malformed + counters.incomplete,
            ..Traffic::default()
        });
    }
    (sent, received)
}

fn statistics(adapter: &Adapter, buffer: &mut [u8]) -> Answer {
    const SIZE: usize = NDIS_SIZEOF_STATISTICS_INFO_REVISION_1 as usize;
    let (sent, received) = totals(adapter);
    let mut bytes = [0; SIZE];
    bytes[0] = NDIS_OBJECT_TYPE_DEFAULT as u8;
    bytes[1] = NDIS_STATISTICS_INFO_REVISION_1 as u8;
    bytes[2..4].copy_from_slice(&(SIZE as u16).to_le_bytes());
    bytes[4..8].copy_from_slice(&STATISTICS.to_le_bytes());
    // In the order of NDIS_STATISTICS_INFO, eight bytes each from byte 8 on.
    let values = [
        received.discards,
        received.errors,
        received.bytes(),
        received.unicast.0,
        received.multicast.0,
        received.broadcast.0,
        sent.bytes(),
        sent.unicast.0,
        sent.multicast.0,
        sent.broadcast.0,
        sent.errors,
        sent.discards,
        received.unicast.1,
        received.multicast.1,
        received.broadcast.1,
        sent.unicast.1,
        sent.multicast.1,
        sent.broadcast.1,
    ];
    for (to, value) in bytes[8..].chunks_exact_mut(8).zip(values) {
        to.copy_from_slice(&value.to_le_bytes());
    }
    put(buffer, &bytes)
}

fn u32_of(buffer: &[u8]) -> Option<u32> {
    Some(u32::from_le_bytes(*buffer.first_chunk()?))
}

fn obey(adapter: &Adapter, oid: NDIS_OID, buffer: &mut [u8]) -> Answer {
    match oid {
        OID_GEN_CURRENT_PACKET_FILTER => {
            let Some(filter) = u32_of(buffer) else { return Answer::Short(4) };
            if filter & !FILTERS != 0 {
                return Answer::Failed(NDIS_STATUS_NOT_SUPPORTED);
            }
            adapter.filter.store(filter, Ordering::Relaxed);
            adapter.connect.command(command::FILTER);
            Answer::Read(4)
        }
        OID_GEN_CURRENT_LOOKAHEAD => match u32_of(buffer) {
            // All of a frame is always indicated.
            Some(_) => Answer::Read(4),
            None => Answer::Short(4),
        },
        OID_802_3_MULTICAST_LIST => {
            let (groups, rest) = buffer.as_chunks::<6>();
            if !rest.is_empty() {
                return Answer::Short((groups.len() + 1) * 6);
            }
            let mut list = arrayvec::ArrayVec::new();
            if groups.iter().any(|group| list.try_push(*group).is_err()) {
                return Answer::Failed(NDIS_STATUS_MULTICAST_FULL);
            }
            *adapter.groups.lock() = list;
            adapter.connect.command(command::FILTER);
            Answer::Read(buffer.len())
        }
        OID_GEN_RECEIVE_SCALE_PARAMETERS => scaling(adapter, buffer),
        OID_TCP_OFFLOAD_PARAMETERS => {
            let needed = NDIS_SIZEOF_OFFLOAD_PARAMETERS_REVISION_1 as usize;
            if buffer.len() < needed {
                return Answer::Short(needed);
            }
            let mut parameters = NDIS_OFFLOAD_PARAMETERS::default();
            let len = buffer.len().min(size_of::<NDIS_OFFLOAD_PARAMETERS>());
            // SAFETY: a structure of plain numbers; what the revision does not have stays zero, which
            // is "no change".
            unsafe {
                core::ptr::copy_nonoverlapping(buffer.as_ptr(), (&raw mut parameters).cast::<u8>(), len)
            };
            if adapter.offload.apply(&parameters) {
                adapter.connect.command(command::RENEW);
            }
            adapter.indicate_offload();
            Answer::Read(buffer.len())
        }
        OID_OFFLOAD_ENCAPSULATION => Answer::Read(buffer.len()),
        OID_GEN_INTERRUPT_MODERATION => moderation(adapter, buffer),
        // There is no speed and no duplex that could be chosen.
        OID_GEN_LINK_PARAMETERS => Answer::Failed(NDIS_STATUS_NOT_SUPPORTED),
        // The connection outlives every state that the device is powered in; xenpci tells of wakes.
        OID_PNP_SET_POWER => Answer::Read(buffer.len()),
        _ => Answer::Failed(NDIS_STATUS_NOT_SUPPORTED),
    }
}

fn scaling(adapter: &Adapter, buffer: &[u8]) -> Answer {
    let before = adapter.scaling.lock().clone();
    let index = |group: u16, number: u8| {
        let mut processor = PROCESSOR_NUMBER { Group: group, Number: number, Reserved: 0 };
        // SAFETY: a number of ours; no such processor gives INVALID_PROCESSOR_INDEX.
        let index = unsafe { KeGetProcessorIndexFromNumber(&raw mut processor) };
        (index != u32::MAX).then_some(index)
    };
    match rss::parse(buffer, &before, index) {
        Ok(mut scaling) => {
            scaling.generation = before.generation.wrapping_add(1);
            for queue in &adapter.queues {
                queue.rx.lock().scaling = scaling.clone();
            }
            *adapter.scaling.lock() = scaling;
            adapter.connect.command(command::SCALING);
            Answer::Read(buffer.len())
        }
        // The fixed part, or as far as its offsets reach: more than there is.
        Err(rss::BadParameters::Length) => {
            Answer::Short((buffer.len() + 1).max(NDIS_SIZEOF_RECEIVE_SCALE_PARAMETERS_REVISION_2 as usize))
        }
        Err(rss::BadParameters::Unsupported) => Answer::Failed(NDIS_STATUS_INVALID_DATA),
    }
}

/// `NDIS_INTERRUPT_MODERATION_PARAMETERS`.
fn moderation(adapter: &Adapter, buffer: &[u8]) -> Answer {
    const SIZE: usize = NDIS_SIZEOF_INTERRUPT_MODERATION_PARAMETERS_REVISION_1 as usize;
    let Some(value) = buffer.get(8..SIZE).and_then(u32_of) else { return Answer::Short(SIZE) };
    let on = match value.cast_signed() {
        NdisInterruptModerationEnabled => true,
        NdisInterruptModerationDisabled => false,
        _ => return Answer::Failed(NDIS_STATUS_INVALID_DATA),
    };
    adapter.moderation.store(on, Ordering::Relaxed);
    for queue in &adapter.queues {
        queue.tx.lock().queue.moderate(on);
    }
    Answer::Read(SIZE)
}
