//! What a send request means for the bytes: headers that have to be changed, and metadata for the
//! back-end. Pure.
//!
//! NDIS asks for things that a Xen back-end does not do or does differently: a VLAN tag that is given
//! out of band, the checksum of the IPv4 header, the pseudo-header's sum of a large send without its
//! length, and whatever the back-end of today does not offer. All of them change only headers, which
//! are copied for that; the payload stays where it is.

use arrayvec::ArrayVec;
use netfront::{
    checksum::{self, Sum},
    headers::{Headers, TCP, UDP},
    negotiate::Plan,
    tx::{TxChecksum, TxMeta},
};
use xenbus::io::netif::GsoType;

/// Bytes of a packet that are looked at: Ethernet, a tag, IPv4 or IPv6 with extensions, TCP with options.
pub const HEAD: usize = 192;
/// A VLAN tag.
const TAG: usize = 4;

/// What NDIS asks for, from the out-of-band information of a net buffer list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SendRequest {
    /// Tag control information to be inserted.
    pub tag: Option<u16>,
    /// Large send: payload per segment.
    pub segment: Option<u32>,
    /// The IPv4 header's checksum is to be computed.
    pub ip_checksum: bool,
    /// The TCP or UDP checksum is to be computed; the pseudo-header's sum is in its place.
    pub checksum: bool,
}

/// What the back-end does for us.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Features {
    /// Completes checksums of IPv4 packets.
    pub csum_v4: bool,
    /// Completes checksums of IPv6 packets.
    pub csum_v6: bool,
    /// Segments TCP over IPv4.
    pub gso_v4: bool,
    /// Segments TCP over IPv6.
    pub gso_v6: bool,
}

impl Features {
    /// Those of a connection.
    #[must_use]
    pub const fn of(plan: &Plan) -> Self {
        Self {
            csum_v4: plan.tx_csum_v4,
            csum_v6: plan.tx_csum_v6,
            gso_v4: plan.tx_gso_v4,
            gso_v6: plan.tx_gso_v6,
        }
    }
}

/// A packet ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prepared {
    /// Bytes that stand for the first [`Prepared::replaces`] bytes of the packet; empty when nothing is
    /// changed.
    pub header: ArrayVec<u8, { HEAD + TAG }>,
    /// Bytes of the packet that the header stands for.
    pub replaces: usize,
    /// Metadata.
    pub meta: TxMeta,
}

/// The request makes no sense for the packet, or cannot be fulfilled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unsendable;

/// Prepares a packet of `len` bytes that begins with `head` (all of it, or at least [`HEAD`] bytes).
/// `sum` gives the sum over the packet from a byte on to the end; it is asked only where the back-end
/// does not complete checksums.
///
/// # Errors
/// [`Unsendable`].
pub fn prepare(
    head: &[u8],
    len: usize,
    request: &SendRequest,
    features: &Features,
    sum: impl FnOnce(usize, usize) -> Option<Sum>,
) -> Result<Prepared, Unsendable> {
    let headers = Headers::parse(head);
    let known = headers.and_then(|headers| headers.payload.or(headers.transport)).unwrap_or(14);
    let mut prepared = Prepared {
        header: ArrayVec::new(),
        replaces: 0,
        meta: TxMeta { header: known as u16, ..TxMeta::PLAIN },
    };
    if *request == SendRequest::default() {
        return Ok(prepared);
    }
    let mut bytes = [0; HEAD];
    let have = head.len().min(HEAD);
    bytes[..have].copy_from_slice(&head[..have]);
    // As far as the header goes that is copied.
    let mut end = 14;
    let mut changed = request.tag.is_some();
    if request.segment.is_some() || request.checksum || request.ip_checksum {
        let headers = headers.ok_or(Unsendable)?;
        end = known.max(headers.ip);
        if let Some(segment) = request.segment {
            prepared.meta = segmented(&mut bytes[..have], len, segment, &headers, features)?;
            changed = true;
        } else if request.checksum {
            match summed(&mut bytes[..have], len, &headers, features, sum)? {
                Some(blank) => prepared.meta.checksum = blank,
                None => changed = true,
            }
        }
        if (request.ip_checksum || request.segment.is_some()) && !headers.v6 {
            ip_checksum(&mut bytes[..have], headers.ip).ok_or(Unsendable)?;
            changed = true;
            end = end.max(headers.ip + 20);
        }
    }
    if !changed {
        return Ok(prepared);
    }
    if end > have || have < 14 {
        return Err(Unsendable);
    }
    let put = |header: &mut ArrayVec<u8, { HEAD + TAG }>, piece: &[u8]| header.try_extend_from_slice(piece);
    let ok = match request.tag {
        Some(tag) => {
            let [high, low] = tag.to_be_bytes();
            put(&mut prepared.header, &bytes[..12])
                .and_then(|()| put(&mut prepared.header, &[0x81, 0, high, low]))
                .and_then(|()| put(&mut prepared.header, &bytes[12..end]))
        }
        None => put(&mut prepared.header, &bytes[..end]),
    };
    ok.map_err(|_| Unsendable)?;
    prepared.replaces = end;
    prepared.meta.header = prepared.header.len() as u16;
    Ok(prepared)
}

/// A large send: lengths and the pseudo-header's sum are filled in.
fn segmented(
    bytes: &mut [u8],
    len: usize,
    segment: u32,
    headers: &Headers,
    features: &Features,
) -> Result<TxMeta, Unsendable> {
    let (supported, checksum, ty) = if headers.v6 {
        (features.gso_v6, TxChecksum::BlankV6, GsoType::TCPV6)
    } else {
        (features.gso_v4, TxChecksum::BlankV4, GsoType::TCPV4)
    };
    let (Some(transport), Some(payload)) = (headers.transport, headers.payload) else {
        return Err(Unsendable);
    };
    let size = u16::try_from(segment).ok().filter(|&size| size != 0).ok_or(Unsendable)?;
    if !supported || headers.protocol != TCP || payload >= len {
        return Err(Unsendable);
    }
    let ip_len = u16::try_from(len - headers.ip).map_err(|_| Unsendable)?;
    let at = headers.ip + if headers.v6 { 4 } else { 2 };
    let value = if headers.v6 { ip_len.checked_sub(40).ok_or(Unsendable)? } else { ip_len };
    bytes.get_mut(at..at + 2).ok_or(Unsendable)?.copy_from_slice(&value.to_be_bytes());
    let sum = checksum::pseudo_header(headers, bytes, (len - transport) as u32).ok_or(Unsendable)?;
    let at = checksum::field(headers).ok_or(Unsendable)?;
    bytes.get_mut(at..at + 2).ok_or(Unsendable)?.copy_from_slice(&sum.folded().to_be_bytes());
    // One segment only is no large packet.
    let gso = (len - payload > usize::from(size)).then_some((size, ty));
    Ok(TxMeta { checksum, gso, header: payload as u16, hash: None })
}

/// A checksum that is asked for: left blank for the back-end, or computed (`None`).
fn summed(
    bytes: &mut [u8],
    len: usize,
    headers: &Headers,
    features: &Features,
    sum: impl FnOnce(usize, usize) -> Option<Sum>,
) -> Result<Option<TxChecksum>, Unsendable> {
    let transport = headers.transport.ok_or(Unsendable)?;
    match (headers.v6, features.csum_v4, features.csum_v6) {
        (false, true, _) => return Ok(Some(TxChecksum::BlankV4)),
        (true, _, true) => return Ok(Some(TxChecksum::BlankV6)),
        _ => {}
    }
    let end = headers.end.min(len);
    // The field holds the pseudo-header's sum, so that the sum over all of it is the checksum.
    let total = sum(transport, end).ok_or(Unsendable)?;
    let value = match total.checksum() {
        0 if headers.protocol == UDP => 0xFFFF,
        value => value,
    };
    let at = checksum::field(headers).ok_or(Unsendable)?;
    bytes.get_mut(at..at + 2).ok_or(Unsendable)?.copy_from_slice(&value.to_be_bytes());
    Ok(None)
}

fn ip_checksum(bytes: &mut [u8], ip: usize) -> Option<()> {
    let len = usize::from(bytes.get(ip)? & 0xF) * 4;
    bytes.get_mut(ip + 10..ip + 12)?.fill(0);
    let mut sum = Sum::default();
    sum.add(bytes.get(ip..ip + len)?);
    bytes.get_mut(ip + 10..ip + 12)?.copy_from_slice(&sum.checksum().to_be_bytes());
    Some(())
}

#[cfg(test)]
mod tests {
    use alloc::{vec, vec::Vec};

    use super::*;

    const ALL: Features = Features { csum_v4: true, csum_v6: true, gso_v4: true, gso_v6: true };

    fn tcp(v6: bool, payload: usize) -> Vec<u8> {
        let ip = if v6 { 40 } else { 20 };
        let mut frame = vec![0; 14 + ip + 20 + payload];
        let total = frame.len();
        frame[12..14].copy_from_slice(if v6 { &[0x86, 0xDD] } else { &[8, 0] });
        if v6 {
            frame[14] = 0x60;
            frame[18..20].copy_from_slice(&((total - 54) as u16).to_be_bytes());
            frame[20] = TCP;
            frame[22..54].fill(0x21);
        } else {
            frame[14] = 0x45;
            frame[16..18].copy_from_slice(&((total - 14) as u16).to_be_bytes());
            frame[23] = TCP;
            frame[26..34].fill(0x21);
        }
        frame[14 + ip + 12] = 5 << 4;
        frame[34 + ip..].iter_mut().enumerate().for_each(|(at, byte)| *byte = at as u8);
        frame
    }

    fn pseudo(frame: &mut [u8], with_length: bool) {
        let headers = Headers::parse(frame).unwrap();
        let len = if with_length { headers.end - headers.transport.unwrap() } else { 0 };
        let sum = checksum::pseudo_header(&headers, frame, len as u32).unwrap();
        let at = checksum::field(&headers).unwrap();
        frame[at..at + 2].copy_from_slice(&sum.folded().to_be_bytes());
    }

    fn run(frame: &[u8], request: SendRequest, features: &Features) -> Result<(Vec<u8>, TxMeta), Unsendable> {
        let sum = |from: usize, to: usize| {
            let mut sum = Sum::default();
            sum.add(&frame[from..to]);
            Some(sum)
        };
        let prepared = prepare(&frame[..frame.len().min(HEAD)], frame.len(), &request, features, sum)?;
        let sent = [&prepared.header, &frame[prepared.replaces..]].concat();
        assert!(prepared.header.is_empty() || usize::from(prepared.meta.header) == prepared.header.len());
        Ok((sent, prepared.meta))
    }

    #[test]
    fn nothing_asked_nothing_changed() {
        let frame = tcp(false, 100);
        let (sent, meta) = run(&frame, SendRequest::default(), &ALL).unwrap();
        assert_eq!((sent, meta), (frame, TxMeta { header: 54, ..TxMeta::PLAIN }));
    }

    #[test]
    fn checksums_are_left_to_the_back_end_or_computed() {
        for v6 in [false, true] {
            let mut frame = tcp(v6, 101);
            pseudo(&mut frame, true);
            let request = SendRequest { checksum: true, ..SendRequest::default() };
            let (sent, meta) = run(&frame, request, &ALL).unwrap();
            let blank = if v6 { TxChecksum::BlankV6 } else { TxChecksum::BlankV4 };
            assert_eq!((sent, meta.checksum), (frame.clone(), blank));
            let (sent, meta) = run(&frame, request, &Features::default()).unwrap();
            assert_eq!((checksum::verify(&sent), meta.checksum), (Some(true), TxChecksum::Done));
        }
    }

    #[test]
    fn large_sends_get_their_lengths_and_sums() {
        for v6 in [false, true] {
            let mut frame = tcp(v6, 5000);
            pseudo(&mut frame, false);
            let len_at = if v6 { 18 } else { 16 };
            frame[len_at..len_at + 2].fill(0);
            let request = SendRequest { segment: Some(1400), ..SendRequest::default() };
            let (mut sent, meta) = run(&frame, request, &ALL).unwrap();
            let ty = if v6 { GsoType::TCPV6 } else { GsoType::TCPV4 };
            assert_eq!(meta.gso, Some((1400, ty)));
            let headers = Headers::parse(&sent).unwrap();
            assert_eq!(headers.end, sent.len());
            let at = checksum::field(&headers).unwrap();
            let there = [sent[at], sent[at + 1]];
            pseudo(&mut sent, true);
            assert_eq!([sent[at], sent[at + 1]], there, "the pseudo-header's sum with the length");
            if !v6 {
                let mut sum = Sum::default();
                sum.add(&sent[14..34]);
                assert_eq!(sum.folded(), 0xFFFF, "the IPv4 header's checksum");
            }
            assert_eq!(run(&frame, request, &Features::default()), Err(Unsendable));
            let one = SendRequest { segment: Some(5000), ..request };
            assert_eq!(run(&frame, one, &ALL).unwrap().1.gso, None, "one segment is not large");
            for bad in [0, 0x1_0000] {
                let bad = SendRequest { segment: Some(bad), ..request };
                assert_eq!(run(&frame, bad, &ALL), Err(Unsendable));
            }
        }
    }

    #[test]
    fn tags_are_inserted_and_nothing_else_moves() {
        let mut frame = tcp(false, 300);
        pseudo(&mut frame, true);
        let request = SendRequest { tag: Some(0x6064), checksum: true, ..SendRequest::default() };
        let (sent, meta) = run(&frame, request, &ALL).unwrap();
        assert_eq!(sent[12..18], [0x81, 0, 0x60, 0x64, 8, 0]);
        assert_eq!((&sent[..12], &sent[16..]), (&frame[..12], &frame[12..]));
        assert_eq!((meta.header, meta.checksum), (58, TxChecksum::BlankV4));
        let arp = [&[0xFF; 12][..], &[8, 6], &[7; 28]].concat();
        let (sent, _) = run(&arp, SendRequest { tag: Some(5), ..SendRequest::default() }, &ALL).unwrap();
        assert_eq!(sent, [&arp[..12], &[0x81, 0, 0, 5], &arp[12..]].concat());
    }

    #[test]
    fn the_ip_header_s_checksum() {
        let frame = tcp(false, 10);
        let request = SendRequest { ip_checksum: true, ..SendRequest::default() };
        let (sent, _) = run(&frame, request, &ALL).unwrap();
        let mut sum = Sum::default();
        sum.add(&sent[14..34]);
        assert_eq!(sum.folded(), 0xFFFF);
        assert_eq!(sent[34..], frame[34..]);
    }

    #[test]
    fn nonsense_is_refused_and_never_panics() {
        let arp = [&[0xFF; 12][..], &[8, 6], &[7; 28]].concat();
        for request in [
            SendRequest { checksum: true, ..SendRequest::default() },
            SendRequest { segment: Some(1400), ..SendRequest::default() },
            SendRequest { ip_checksum: true, ..SendRequest::default() },
        ] {
            assert_eq!(run(&arp, request, &ALL), Err(Unsendable));
        }
        let frame = tcp(true, 200);
        for len in 0..frame.len() {
            for segment in [None, Some(1), Some(1400)] {
                for checksum in [false, true] {
                    let request = SendRequest { tag: Some(1), segment, ip_checksum: true, checksum };
                    let _ = run(&frame[..len], request, &ALL);
                    let _ = run(&frame[..len], request, &Features::default());
                }
            }
        }
    }
}
