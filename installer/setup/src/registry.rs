//! The registry as it is read here: paths below `HKEY_LOCAL_MACHINE`, case-insensitive.

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// `REG_SZ`.
    Sz(String),
    /// `REG_EXPAND_SZ`, not expanded.
    ExpandSz(String),
    /// `REG_MULTI_SZ`.
    MultiSz(Vec<String>),
    /// `REG_DWORD`.
    Dword(u32),
    /// Any other type.
    Other(u32, Vec<u8>),
}

/// Reading. A key or value that does not exist, or cannot be read, is absent.
pub trait Registry {
    /// A value of a key.
    fn value(&self, key: &str, name: &str) -> Option<Value>;
    /// The names of a key's values.
    fn value_names(&self, key: &str) -> Vec<String>;
    /// The names of a key's direct subkeys.
    fn subkeys(&self, key: &str) -> Vec<String>;
    /// Whether the key exists.
    fn has_key(&self, key: &str) -> bool;

    /// A `REG_DWORD`.
    fn dword(&self, key: &str, name: &str) -> Option<u32> {
        match self.value(key, name)? {
            Value::Dword(number) => Some(number),
            _ => None,
        }
    }

    /// A `REG_SZ` or `REG_EXPAND_SZ`.
    fn text(&self, key: &str, name: &str) -> Option<String> {
        match self.value(key, name)? {
            Value::Sz(text) | Value::ExpandSz(text) => Some(text),
            _ => None,
        }
    }

    /// The strings of a `REG_MULTI_SZ`; none when it is absent.
    fn list(&self, key: &str, name: &str) -> Vec<String> {
        match self.value(key, name) {
            Some(Value::MultiSz(list)) => list,
            _ => Vec::new(),
        }
    }
}

/// Reads the bytes of a value by its type (`REG_SZ` 1, `REG_EXPAND_SZ` 2, `REG_DWORD` 4,
/// `REG_MULTI_SZ` 7). What does not have the form of its type is kept as it is.
#[must_use]
pub fn decode(kind: u32, bytes: &[u8]) -> Value {
    let text = || {
        let units: Vec<u16> =
            bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
        String::from_utf16_lossy(&units)
    };
    let first = |text: String| text.split('\0').next().unwrap_or_default().to_owned();
    match kind {
        1 => Value::Sz(first(text())),
        2 => Value::ExpandSz(first(text())),
        7 => Value::MultiSz(text().split('\0').filter(|part| !part.is_empty()).map(str::to_owned).collect()),
        4 => bytes.try_into().map_or_else(
            |_| Value::Other(kind, bytes.to_vec()),
            |word| Value::Dword(u32::from_le_bytes(word)),
        ),
        _ => Value::Other(kind, bytes.to_vec()),
    }
}

/// Type and bytes of a value, strings with their NULs.
#[must_use]
pub fn encode(value: &Value) -> (u32, Vec<u8>) {
    let wide = |text: &str| text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    match value {
        Value::Sz(text) => (1, wide(text)),
        Value::ExpandSz(text) => (2, wide(text)),
        Value::MultiSz(list) => {
            let mut bytes: Vec<u8> = list.iter().flat_map(|text| wide(text)).collect();
            bytes.extend([0, 0]);
            (7, bytes)
        }
        Value::Dword(number) => (4, number.to_le_bytes().to_vec()),
        Value::Other(kind, bytes) => (*kind, bytes.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_survive_their_bytes() {
        for value in [
            Value::Sz("boot".into()),
            Value::ExpandSz(r"%SystemRoot%\x".into()),
            Value::MultiSz(vec!["a".into(), "bc".into()]),
            Value::MultiSz(vec![]),
            Value::Dword(7),
            Value::Other(3, vec![1, 2, 3]),
        ] {
            let (kind, bytes) = encode(&value);
            assert_eq!(decode(kind, &bytes), value);
        }
    }

    #[test]
    fn malformed_values_are_kept_as_they_are() {
        assert_eq!(decode(4, &[1, 2]), Value::Other(4, vec![1, 2]));
        assert_eq!(decode(1, &[0x61]), Value::Sz(String::new()));
        assert_eq!(decode(1, &[0x61, 0]), Value::Sz("a".into()), "without NUL");
        assert_eq!(decode(1, &[0x61, 0, 0, 0, 0x62, 0]), Value::Sz("a".into()), "with a tail");
    }
}
