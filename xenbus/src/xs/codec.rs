//! Messages: requests to bytes, replies to values. Nothing here panics on any input.

use alloc::{string::String, vec::Vec};

use crate::{
    io::xs_wire::{ABS_PATH_MAX, MessageType, PAYLOAD_MAX, REL_PATH_MAX},
    keys::{Decimal, parse_u16, parse_u32},
    seam::StoreError,
    types::Domid,
};

/// Who may do what with a node: `r`, `w`, `b` or `n` before a domain's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PermissionKind {
    /// No access.
    None,
    /// Read.
    Read,
    /// Write.
    Write,
    /// Both.
    Both,
}

/// One entry of a node's permissions. The first entry names the owner, and what all others may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permission {
    /// What is allowed.
    pub kind: PermissionKind,
    /// To whom.
    pub domid: Domid,
}

impl Permission {
    fn parse(text: &[u8]) -> Option<Self> {
        let (&letter, number) = text.split_first()?;
        let kind = match letter {
            b'n' => PermissionKind::None,
            b'r' => PermissionKind::Read,
            b'w' => PermissionKind::Write,
            b'b' => PermissionKind::Both,
            _ => return None,
        };
        Some(Self { kind, domid: Domid(parse_u16(number)?) })
    }

    const fn letter(self) -> u8 {
        match self.kind {
            PermissionKind::None => b'n',
            PermissionKind::Read => b'r',
            PermissionKind::Write => b'w',
            PermissionKind::Both => b'b',
        }
    }
}

/// A request to the store. Paths are absolute, or relative to the domain's home.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request<'a> {
    /// Value of a node.
    Read(&'a str),
    /// Names of a node's children.
    Directory(&'a str),
    /// Names of a node's children from a byte offset on, for lists longer than a message.
    DirectoryPart(&'a str, u32),
    /// Permissions of a node.
    GetPerms(&'a str),
    /// Sets the value of a node, making it where it is missing.
    Write(&'a str, &'a [u8]),
    /// Makes a node where it is missing.
    Mkdir(&'a str),
    /// Removes a node and all below it.
    Rm(&'a str),
    /// Sets the permissions of a node.
    SetPerms(&'a str, &'a [Permission]),
    /// The home of a domain.
    GetDomainPath(Domid),
}

/// A piece of payload.
pub(crate) type Piece<'a> = &'a [u8];

/// True when the store accepts the path: not empty, length, characters.
#[must_use]
pub fn is_valid_path(path: &str) -> bool {
    let limit = if path.starts_with('/') { ABS_PATH_MAX } else { REL_PATH_MAX };
    let legal = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'/' | b'_' | b'@');
    !path.is_empty()
        && path.len() < limit
        && path.bytes().all(legal)
        && !path.contains("//")
        && (path.len() == 1 || !path.ends_with('/'))
}

impl Request<'_> {
    /// The type of the request, which its reply must have.
    #[must_use]
    pub const fn ty(&self) -> MessageType {
        match self {
            Self::Read(_) => MessageType::READ,
            Self::Directory(_) => MessageType::DIRECTORY,
            Self::DirectoryPart(..) => MessageType::DIRECTORY_PART,
            Self::GetPerms(_) => MessageType::GET_PERMS,
            Self::Write(..) => MessageType::WRITE,
            Self::Mkdir(_) => MessageType::MKDIR,
            Self::Rm(_) => MessageType::RM,
            Self::SetPerms(..) => MessageType::SET_PERMS,
            Self::GetDomainPath(_) => MessageType::GET_DOMAIN_PATH,
        }
    }

    /// Appends the payload to `out`.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] for a bad path and for a payload that is too long.
    pub fn payload(&self, out: &mut Payload<'_>) -> Result<(), StoreError> {
        let path = match *self {
            Self::GetDomainPath(domid) => {
                return out.text(&Decimal::new(domid.0.into()));
            }
            Self::Read(path)
            | Self::Directory(path)
            | Self::DirectoryPart(path, _)
            | Self::GetPerms(path)
            | Self::Write(path, _)
            | Self::Mkdir(path)
            | Self::Rm(path)
            | Self::SetPerms(path, _) => path,
        };
        if !is_valid_path(path) {
            return Err(StoreError::Invalid);
        }
        out.text(path)?;
        match *self {
            // The value goes without a NUL behind it: the length says where it ends.
            Self::Write(_, value) => out.bytes(value),
            Self::DirectoryPart(_, offset) => out.text(&Decimal::new(offset.into())),
            Self::SetPerms(_, permissions) => {
                if permissions.is_empty() {
                    return Err(StoreError::Invalid);
                }
                permissions.iter().try_for_each(|permission| {
                    out.bytes(&[permission.letter()])?;
                    out.text(&Decimal::new(permission.domid.0.into()))
                })
            }
            _ => Ok(()),
        }
    }
}

/// A bounded buffer that payload is put in.
pub struct Payload<'a> {
    buffer: &'a mut [u8],
    len: usize,
}

impl<'a> Payload<'a> {
    /// Fills `buffer` from its start, up to [`PAYLOAD_MAX`].
    pub fn new(buffer: &'a mut [u8]) -> Self {
        let most = buffer.len().min(PAYLOAD_MAX);
        Self { buffer: &mut buffer[..most], len: 0 }
    }

    /// Bytes so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// True when nothing was put in.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(crate) fn bytes(&mut self, piece: Piece<'_>) -> Result<(), StoreError> {
        let end = self.len + piece.len();
        self.buffer.get_mut(self.len..end).ok_or(StoreError::Invalid)?.copy_from_slice(piece);
        self.len = end;
        Ok(())
    }

    /// Text and its NUL.
    pub(crate) fn text(&mut self, text: &str) -> Result<(), StoreError> {
        self.bytes(text.as_bytes())?;
        self.bytes(&[0])
    }
}

/// What an `XS_ERROR` reply means.
#[must_use]
pub fn parse_error(payload: &[u8]) -> StoreError {
    let name = payload.strip_suffix(b"\0").unwrap_or(payload);
    match name {
        b"ENOENT" => StoreError::NotFound,
        b"EAGAIN" => StoreError::Again,
        b"EACCES" | b"EPERM" => StoreError::Denied,
        b"ENOSPC" | b"EQUOTA" | b"E2BIG" | b"ENOMEM" => StoreError::Quota,
        b"EINVAL" => StoreError::Invalid,
        // Bounded: whatever a store says, a log line of it is enough.
        other => StoreError::Remote(String::from_utf8_lossy(&other[..other.len().min(64)]).into_owned()),
    }
}

/// The payload of a successful reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply(pub Vec<u8>);

impl Reply {
    /// Names of children: texts with a NUL behind each.
    ///
    /// # Errors
    /// [`StoreError::Broken`] when they are not text.
    pub fn names(&self) -> Result<Vec<String>, StoreError> {
        let Some(all) = self.0.strip_suffix(b"\0") else {
            // An empty folder gives an empty payload.
            return if self.0.is_empty() { Ok(Vec::new()) } else { Err(StoreError::Broken) };
        };
        if all.is_empty() {
            return Ok(Vec::new());
        }
        let name = |part: &[u8]| core::str::from_utf8(part).map(String::from).map_err(|_| StoreError::Broken);
        all.split(|&b| b == 0).map(name).collect()
    }

    /// One part of a long list: the generation count, the bytes of the part, and whether it is the
    /// last (an empty name ends the list).
    ///
    /// # Errors
    /// [`StoreError::Broken`] when the generation count is missing.
    pub fn directory_part(&self) -> Result<(&[u8], &[u8], bool), StoreError> {
        let at = self.0.iter().position(|&b| b == 0).ok_or(StoreError::Broken)?;
        let (generation, rest) = (&self.0[..at], &self.0[at + 1..]);
        match rest {
            [] | [0] => Ok((generation, &[], true)),
            _ => {
                let last = rest.ends_with(b"\0\0");
                Ok((generation, if last { &rest[..rest.len() - 1] } else { rest }, last))
            }
        }
    }

    /// Permissions.
    ///
    /// # Errors
    /// [`StoreError::Broken`] when an entry is not one.
    pub fn permissions(&self) -> Result<Vec<Permission>, StoreError> {
        let all = self.0.strip_suffix(b"\0").ok_or(StoreError::Broken)?;
        all.split(|&b| b == 0).map(|part| Permission::parse(part).ok_or(StoreError::Broken)).collect()
    }

    /// The number of a new transaction.
    ///
    /// # Errors
    /// [`StoreError::Broken`] when it is not a number, or 0 (which means "none").
    pub fn transaction(&self) -> Result<u32, StoreError> {
        parse_u32(&self.0).filter(|&id| id != 0).ok_or(StoreError::Broken)
    }
}

/// Path and token of a watch event.
#[must_use]
pub fn parse_watch_event(payload: &[u8]) -> Option<(&str, &[u8])> {
    let mut parts = payload.split(|&b| b == 0);
    let path = core::str::from_utf8(parts.next()?).ok()?;
    let token = parts.next()?;
    // A third part is the empty end behind the token's NUL; newer servers may append more fields.
    parts.next()?;
    (!path.is_empty()).then_some((path, token))
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    fn payload(request: Request<'_>) -> Result<Vec<u8>, StoreError> {
        let mut buffer = [0xEE; PAYLOAD_MAX + 100];
        let mut out = Payload::new(&mut buffer);
        request.payload(&mut out)?;
        let len = out.len();
        Ok(buffer[..len].to_vec())
    }

    #[test]
    fn payloads() {
        assert_eq!(payload(Request::Read("device/vif")).unwrap(), b"device/vif\0");
        assert_eq!(payload(Request::Write("a", b"1\x002")).unwrap(), b"a\x001\x002");
        assert_eq!(payload(Request::GetDomainPath(Domid(12))).unwrap(), b"12\0");
        assert_eq!(payload(Request::DirectoryPart("/x", 4000)).unwrap(), b"/x\x004000\0");
        let permissions = [
            Permission { kind: PermissionKind::None, domid: Domid(3) },
            Permission { kind: PermissionKind::Read, domid: Domid(0) },
        ];
        assert_eq!(payload(Request::SetPerms("p", &permissions)).unwrap(), b"p\0n3\0r0\0");
        assert_eq!(payload(Request::SetPerms("p", &[])), Err(StoreError::Invalid));
        let value = vec![b'x'; PAYLOAD_MAX - 2];
        assert_eq!(payload(Request::Write("a", &value)).unwrap().len(), PAYLOAD_MAX);
        assert_eq!(payload(Request::Write("ab", &value)), Err(StoreError::Invalid));
    }

    #[test]
    fn paths() {
        let long = "a".repeat(REL_PATH_MAX);
        for bad in ["", "a\0b", "a//b", "a/", "a b", "\u{e9}", &long] {
            assert_eq!(payload(Request::Read(bad)), Err(StoreError::Invalid), "{bad}");
        }
        for good in ["/", "@releaseDomain", "/local/domain/0", &long[1..]] {
            assert!(payload(Request::Read(good)).is_ok(), "{good}");
        }
    }

    #[test]
    fn replies() {
        assert_eq!(Reply(b"a\0bc\0".to_vec()).names().unwrap(), ["a", "bc"]);
        assert_eq!(Reply(Vec::new()).names().unwrap(), Vec::<String>::new());
        assert_eq!(Reply(b"a".to_vec()).names(), Err(StoreError::Broken));
        assert_eq!(Reply(b"\xFF\0".to_vec()).names(), Err(StoreError::Broken));
        assert_eq!(Reply(b"77\0".to_vec()).transaction(), Ok(77));
        assert_eq!(Reply(b"0\0".to_vec()).transaction(), Err(StoreError::Broken));
        assert_eq!(
            Reply(b"n0\0b5\0".to_vec()).permissions().unwrap()[1],
            Permission { kind: PermissionKind::Both, domid: Domid(5) }
        );
        assert_eq!(Reply(b"x0\0".to_vec()).permissions(), Err(StoreError::Broken));
        assert_eq!(Reply(b"9\0a\0b\0\0".to_vec()).directory_part(), Ok((&b"9"[..], &b"a\0b\0"[..], true)));
        assert_eq!(Reply(b"9\0a\0b\0".to_vec()).directory_part(), Ok((&b"9"[..], &b"a\0b\0"[..], false)));
        assert_eq!(Reply(b"9\0\0".to_vec()).directory_part(), Ok((&b"9"[..], &b""[..], true)));
        assert_eq!(Reply(b"9".to_vec()).directory_part(), Err(StoreError::Broken));
    }

    #[test]
    fn errors_and_events() {
        assert_eq!(parse_error(b"ENOENT\0"), StoreError::NotFound);
        assert_eq!(parse_error(b"EAGAIN"), StoreError::Again);
        assert_eq!(parse_error(b"EROFS\0"), StoreError::Remote("EROFS".into()));
        let StoreError::Remote(text) = parse_error(&[0xFF; 4096]) else { panic!() };
        assert!(text.len() <= 64 * 3);
        assert_eq!(parse_watch_event(b"a/b\0tok\0"), Some(("a/b", &b"tok"[..])));
        assert_eq!(parse_watch_event(b"a/b\0tok\0more\0"), Some(("a/b", &b"tok"[..])));
        for bad in [&b""[..], b"\0", b"a", b"a\0tok", b"\0tok\0", b"\xFF\0t\0"] {
            assert_eq!(parse_watch_event(bad), None, "{bad:?}");
        }
    }
}
