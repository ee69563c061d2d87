//! Values of nodes.

use core::fmt;

use arrayvec::ArrayString;

use crate::{state::XenbusState, types::Domid};

/// The text of a value without a trailing NUL (some toolstacks write one), or `None` when it is not
/// UTF-8.
#[must_use]
pub fn text(value: &[u8]) -> Option<&str> {
    let value = value.strip_suffix(b"\0").unwrap_or(value);
    core::str::from_utf8(value).ok()
}

/// A decimal number: digits only, white space around allowed as C readers do.
#[must_use]
pub fn parse_u64(value: &[u8]) -> Option<u64> {
    let text = text(value)?.trim_ascii();
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

/// A decimal number of 32 bits.
#[must_use]
pub fn parse_u32(value: &[u8]) -> Option<u32> {
    parse_u64(value)?.try_into().ok()
}

/// A decimal number of 16 bits.
#[must_use]
pub fn parse_u16(value: &[u8]) -> Option<u16> {
    parse_u64(value)?.try_into().ok()
}

/// A feature: a number that is not 0. Anything that is not a number is `None`, which callers take as
/// "absent".
#[must_use]
pub fn parse_bool(value: &[u8]) -> Option<bool> {
    parse_u64(value).map(|number| number != 0)
}

/// A xenbus state; numbers that are not states are [`XenbusState::Unknown`], text is `None`.
#[must_use]
pub fn parse_state(value: &[u8]) -> Option<XenbusState> {
    parse_u32(value).map(XenbusState::from_raw)
}

/// The domain in `backend-id`; reserved numbers (0x7FF0 and above) are no domain.
#[must_use]
pub fn backend_id(value: &[u8]) -> Option<Domid> {
    parse_u16(value).filter(|&id| id < 0x7FF0).map(Domid)
}

/// The number at the end of `device/vbd/<number>`: canonical decimal only, since the folder's name
/// has to be found again.
#[must_use]
pub fn device_number(name: &str) -> Option<u32> {
    let canonical = name == "0" || !name.starts_with('0');
    if !canonical || name.len() > 10 || !name.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    name.parse().ok()
}

/// An Ethernet address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MacAddress(pub [u8; 6]);

impl MacAddress {
    /// True for an address that an adapter may have: not a group address, not all zero.
    #[must_use]
    pub fn is_usable(self) -> bool {
        self.0[0] & 1 == 0 && self.0 != [0; 6]
    }
}

impl fmt::Display for MacAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

/// Six hexadecimal bytes with colons between (`00:16:3e:…`); one or two digits each, as `sscanf("%x")`
/// of other front-ends accepts.
#[must_use]
pub fn parse_mac(value: &[u8]) -> Option<MacAddress> {
    let mut parts = text(value)?.trim_ascii().split(':');
    let mut mac = [0; 6];
    for byte in &mut mac {
        let part = parts.next()?;
        if part.is_empty() || part.len() > 2 || !part.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        *byte = u8::from_str_radix(part, 16).ok()?;
    }
    parts.next().is_none().then_some(MacAddress(mac))
}

/// A number as text, without allocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decimal(ArrayString<20>);

impl Decimal {
    /// The text of `number`.
    #[must_use]
    pub fn new(number: u64) -> Self {
        use fmt::Write;
        let mut text = ArrayString::new();
        // Twenty digits hold every u64, so this cannot fail.
        let _ = write!(text, "{number}");
        Self(text)
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl core::ops::Deref for Decimal {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn numbers() {
        assert_eq!(parse_u64(b"18446744073709551615"), Some(u64::MAX));
        assert_eq!(parse_u64(b"18446744073709551616"), None);
        assert_eq!(parse_u64(b" 12\n"), Some(12));
        assert_eq!(parse_u64(b"7\0"), Some(7));
        for bad in [&b""[..], b" ", b"-1", b"+1", b"0x10", b"1 2", b"\xFF", b"1\0\0"] {
            assert_eq!(parse_u64(bad), None, "{bad:?}");
        }
        assert_eq!(parse_u32(b"4294967296"), None);
        assert_eq!(parse_bool(b"2"), Some(true));
        assert_eq!(parse_bool(b"0"), Some(false));
        assert_eq!(parse_bool(b"yes"), None);
        assert_eq!(Decimal::new(u64::MAX).as_str(), "18446744073709551615");
        assert_eq!(Decimal::new(0).as_str(), "0");
    }

    #[test]
    fn states_domains_devices() {
        assert_eq!(parse_state(b"4"), Some(XenbusState::Connected));
        assert_eq!(parse_state(b"9"), Some(XenbusState::Unknown));
        assert_eq!(parse_state(b"connected"), None);
        assert_eq!(backend_id(b"7"), Some(Domid(7)));
        assert_eq!(backend_id(b"32752"), None);
        assert_eq!(device_number("51712"), Some(51712));
        for bad in ["", "007", "-1", "1x", "99999999999", "4294967296"] {
            assert_eq!(device_number(bad), None, "{bad}");
        }
    }

    #[test]
    fn macs() {
        let mac = parse_mac(b"00:16:3e:5F:a:01").unwrap();
        assert_eq!(mac, MacAddress([0, 0x16, 0x3E, 0x5F, 0x0A, 1]));
        assert_eq!(mac.to_string(), "00:16:3e:5f:0a:01");
        assert!(mac.is_usable());
        assert!(!MacAddress([1, 0, 0, 0, 0, 0]).is_usable());
        for bad in
            [&b"00:16:3e:5f:0a"[..], b"00:16:3e:5f:0a:01:02", b"00:16:3e:5f:0a:+1", b"00-16-3e-5f-0a-01"]
        {
            assert_eq!(parse_mac(bad), None, "{bad:?}");
        }
    }
}
