//! Parsers of single messages and values.

use xenbus::{
    io::{
        blkif::{Request, RequestSlot},
        netif::{ExtraInfo, RxResponse, RxSlot, TxSlot},
        netif_ctrl::{CtrlRequest, WireCtrlRequest},
    },
    keys as values,
    types::PAGE_SIZE,
    xs::{Reply, codec, parse_error},
};
use zerocopy::FromBytes;

/// Block requests: what parses is within the limits and encodes back to what it means.
pub fn blkif(data: &[u8]) {
    let mut bytes = [0; 112];
    let len = data.len().min(112);
    bytes[..len].copy_from_slice(&data[..len]);
    let Ok(slot) = RequestSlot::read_from_bytes(&bytes) else { return };
    if let Ok(request) = Request::parse(&slot) {
        assert_eq!(request.id(), slot.id());
        assert_eq!(Request::parse(&request.encode()).as_ref(), Ok(&request));
        if let Request::Direct { segments, .. } = &request {
            assert!(segments.iter().all(|segment| segment.sectors().is_some_and(|count| count <= 8)));
        }
    }
}

/// Network slots: fragments lie in their page, extra infos encode back.
pub fn netif(data: &[u8]) {
    for chunk in data.chunks_exact(8) {
        let Ok(slot) = RxSlot::read_from_bytes(chunk) else { return };
        let response: RxResponse = slot.response();
        if let Ok(fragment) = response.fragment() {
            assert!(usize::from(fragment.offset) + usize::from(fragment.len) <= PAGE_SIZE);
        }
        let extra: ExtraInfo = slot.extra();
        if let Ok(parsed) = extra.parse() {
            assert_eq!(parsed.encode(extra.more()).parse(), Ok(parsed));
        }
    }
    for chunk in data.chunks_exact(12) {
        let Ok(slot) = TxSlot::read_from_bytes(chunk) else { return };
        let _ = (slot.request(), slot.extra().parse());
    }
    for chunk in data.chunks_exact(16) {
        let Ok(wire) = WireCtrlRequest::read_from_bytes(chunk) else { return };
        if let Some(request) = CtrlRequest::parse(&wire) {
            assert_eq!(CtrlRequest::parse(&request.encode(wire.id)), Some(request));
        }
    }
}

/// Values of xenstore nodes.
pub fn keys(data: &[u8]) {
    let number = values::parse_u64(data);
    if let Some(number) = number {
        assert_eq!(values::parse_u64(values::Decimal::new(number).as_bytes()), Some(number));
    }
    assert_eq!(values::parse_u32(data).map(u64::from), number.filter(|&n| n <= u32::MAX.into()));
    let _ = (values::parse_bool(data), values::parse_state(data), values::backend_id(data));
    if let Some(mac) = values::parse_mac(data) {
        assert_eq!(values::parse_mac(mac.to_string().as_bytes()), Some(mac));
    }
    if let Some(text) = values::text(data)
        && let Some(number) = values::device_number(text)
    {
        assert_eq!(number.to_string(), text);
    }
}

/// Payloads of xenstore's replies and events.
pub fn xs_codec(data: &[u8]) {
    let reply = Reply(data.to_vec());
    let _ = (reply.transaction(), reply.permissions(), parse_error(data), codec::parse_watch_event(data));
    if let Ok(names) = reply.names() {
        assert!(names.len() <= data.len());
    }
    if let Ok((_, part, _)) = reply.directory_part() {
        assert!(part.len() < data.len());
    }
    if let Ok(path) = core::str::from_utf8(data) {
        let mut buffer = [0; 8192];
        let mut payload = codec::Payload::new(&mut buffer);
        let valid = codec::is_valid_path(path);
        assert_eq!(xenbus::xs::Request::Read(path).payload(&mut payload).is_ok(), valid);
    }
}
