//! Security of device objects: SDDL, tokens of simulated users, the access check.
//!
//! Enough of the security model to tell who may open a device: discretionary ACLs with allow and deny
//! entries for SIDs, generic rights mapped as for files. Sources: "SDDL for Device Objects" and
//! "Controlling Device Namespace Access" in the driver documentation, `wdm.h` for the rights.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

/// A security identifier in its text form (`S-1-5-18`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sid(pub String);

impl Sid {
    /// LocalSystem.
    #[must_use]
    pub fn system() -> Sid {
        Sid("S-1-5-18".into())
    }

    /// BUILTIN\Administrators.
    #[must_use]
    pub fn administrators() -> Sid {
        Sid("S-1-5-32-544".into())
    }

    /// Everyone.
    #[must_use]
    pub fn everyone() -> Sid {
        Sid("S-1-1-0".into())
    }

    fn parse(text: &str) -> Result<Sid, String> {
        let known = match text.to_ascii_uppercase().as_str() {
            "SY" => "S-1-5-18",
            "BA" => "S-1-5-32-544",
            "BU" => "S-1-5-32-545",
            "BG" => "S-1-5-32-546",
            "WD" => "S-1-1-0",
            "AU" => "S-1-5-11",
            "AN" => "S-1-5-7",
            "IU" => "S-1-5-4",
            "NU" => "S-1-5-2",
            "SU" => "S-1-5-6",
            "LS" => "S-1-5-19",
            "NS" => "S-1-5-20",
            "RC" => "S-1-5-12",
            "CO" => "S-1-3-0",
            "OW" => "S-1-3-4",
            "AC" => "S-1-15-2-1",
            "UD" => "S-1-5-84-0-0-0-0-0",
            other => {
                let literal = other.strip_prefix("S-1-").is_some_and(|rest| {
                    rest.split('-').all(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit()))
                });
                return if literal { Ok(Sid(other.into())) } else { Err(format!("unknown SID {text}")) };
            }
        };
        Ok(Sid(known.to_string()))
    }
}

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// User and groups.
    pub sids: Vec<Sid>,
    /// SE_BACKUP/RESTORE-like overrides do not exist for devices; SE_TCB and friends do not matter here.
    pub name: &'static str,
}

impl Token {
    /// LocalSystem.
    #[must_use]
    pub fn system() -> Token {
        Token {
            sids: alloc::vec![Sid::system(), Sid::administrators(), Sid::everyone(), Sid("S-1-5-11".into())],
            name: "SYSTEM",
        }
    }

    /// An elevated administrator.
    #[must_use]
    pub fn administrator() -> Token {
        Token {
            sids: alloc::vec![
                Sid("S-1-5-21-1-2-3-500".into()),
                Sid::administrators(),
                Sid("S-1-5-32-545".into()),
                Sid::everyone(),
                Sid("S-1-5-11".into()),
                Sid("S-1-5-4".into()),
            ],
            name: "Administrator",
        }
    }

    /// An ordinary interactive user.
    #[must_use]
    pub fn user() -> Token {
        Token {
            sids: alloc::vec![
                Sid("S-1-5-21-1-2-3-1001".into()),
                Sid("S-1-5-32-545".into()),
                Sid::everyone(),
                Sid("S-1-5-11".into()),
                Sid("S-1-5-4".into()),
            ],
            name: "User",
        }
    }
}

/// One entry of an ACL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ace {
    /// Allow, else deny.
    pub allow: bool,
    /// Access mask, generic rights mapped.
    pub mask: u32,
    /// Whom it concerns.
    pub sid: Sid,
    /// Inherit-only entries take no part in the check.
    pub inherit_only: bool,
}

/// A security descriptor, as far as access to devices depends on it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Descriptor {
    /// `None`: no DACL, everybody has all rights.
    pub dacl: Option<Vec<Ace>>,
    /// The text that it came from, for reports.
    pub sddl: String,
}

/// FILE_GENERIC_READ.
pub const FILE_GENERIC_READ: u32 = 0x0012_0089;
/// FILE_GENERIC_WRITE.
pub const FILE_GENERIC_WRITE: u32 = 0x0012_0116;
/// FILE_GENERIC_EXECUTE.
pub const FILE_GENERIC_EXECUTE: u32 = 0x0012_00A0;
/// FILE_ALL_ACCESS.
pub const FILE_ALL_ACCESS: u32 = 0x001F_01FF;
const MAXIMUM_ALLOWED: u32 = 0x0200_0000;

/// Maps generic rights as the I/O manager does for file objects.
#[must_use]
pub fn map_generic(mask: u32) -> u32 {
    let mut out = mask & 0x0FFF_FFFF;
    for (bit, rights) in [
        (0x8000_0000, FILE_GENERIC_READ),
        (0x4000_0000, FILE_GENERIC_WRITE),
        (0x2000_0000, FILE_GENERIC_EXECUTE),
        (0x1000_0000, FILE_ALL_ACCESS),
    ] {
        if mask & bit != 0 {
            out |= rights;
        }
    }
    out
}

impl Descriptor {
    /// Reads SDDL.
    ///
    /// # Errors
    /// What cannot be read.
    pub fn parse(sddl: &str) -> Result<Descriptor, String> {
        let mut out = Descriptor { dacl: None, sddl: sddl.into() };
        let mut rest = sddl.trim();
        while !rest.is_empty() {
            let (part, after) = rest.split_once(':').ok_or_else(|| format!("SDDL \"{sddl}\": no part"))?;
            // A part reaches to the next `X:` outside of parentheses.
            let end = next_part(after);
            let body = &after[..end];
            rest = &after[end..];
            match part {
                "O" | "G" => {
                    Sid::parse(body.trim())?;
                }
                "D" => out.dacl = Some(parse_acl(body)?),
                "S" => {
                    // Audit and integrity entries: syntax only.
                    let _ = body;
                }
                other => return Err(format!("SDDL part {other}:")),
            }
        }
        Ok(out)
    }

    /// The access check: rights granted for `desired` (generic rights allowed), or `None` when denied.
    #[must_use]
    pub fn check(&self, token: &Token, desired: u32) -> Option<u32> {
        let maximum = desired & MAXIMUM_ALLOWED != 0;
        let wanted = map_generic(desired & !MAXIMUM_ALLOWED);
        let Some(dacl) = &self.dacl else {
            return Some(if maximum { FILE_ALL_ACCESS } else { wanted });
        };
        let (mut granted, mut denied) = (0, 0);
        for ace in dacl.iter().filter(|a| !a.inherit_only && token.sids.contains(&a.sid)) {
            if ace.allow {
                granted |= ace.mask & !denied;
            } else {
                denied |= ace.mask & !granted;
            }
        }
        if wanted & !granted != 0 || (maximum && granted == 0) {
            return None;
        }
        Some(if maximum { granted } else { wanted })
    }
}

fn next_part(text: &str) -> usize {
    let mut depth = 0u32;
    let bytes = text.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            b':' if depth == 0 && at > 0 => return at - 1,
            _ => {}
        }
    }
    text.len()
}

fn parse_acl(body: &str) -> Result<Vec<Ace>, String> {
    let flags_end = body.find('(').unwrap_or(body.len());
    let flags = &body[..flags_end];
    if !flags.bytes().all(|b| matches!(b, b'P' | b'A' | b'I' | b'R')) {
        return Err(format!("ACL flags \"{flags}\""));
    }
    let mut rest = &body[flags_end..];
    let mut out = Vec::new();
    while let Some(inner) = rest.strip_prefix('(') {
        let (ace, after) = inner.split_once(')').ok_or("ACE without closing parenthesis")?;
        let fields: Vec<&str> = ace.split(';').collect();
        let [kind, flags, rights, _, _, sid] = fields[..] else {
            return Err(format!("ACE ({ace}) has not six fields"));
        };
        let allow = match kind.trim() {
            "A" => true,
            "D" => false,
            other => return Err(format!("ACE type {other} in a DACL")),
        };
        out.push(Ace {
            allow,
            mask: parse_rights(rights.trim())?,
            sid: Sid::parse(sid.trim())?,
            inherit_only: flags.contains("IO"),
        });
        rest = after.trim_start();
    }
    if rest.is_empty() { Ok(out) } else { Err(format!("\"{rest}\" after the last ACE")) }
}

fn parse_rights(text: &str) -> Result<u32, String> {
    if let Some(hex) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        return u32::from_str_radix(hex, 16).map(map_generic).map_err(|_| format!("rights {text}"));
    }
    let mut out = 0;
    let bytes = text.as_bytes();
    if !bytes.len().is_multiple_of(2) {
        return Err(format!("rights {text}"));
    }
    for pair in bytes.chunks_exact(2) {
        out |= match pair {
            b"GA" | b"FA" => FILE_ALL_ACCESS,
            b"GR" | b"FR" => FILE_GENERIC_READ,
            b"GW" | b"FW" => FILE_GENERIC_WRITE,
            b"GX" | b"FX" => FILE_GENERIC_EXECUTE,
            b"RC" => 0x0002_0000,
            b"SD" => 0x0001_0000,
            b"WD" => 0x0004_0000,
            b"WO" => 0x0008_0000,
            b"CC" => 0x1,
            b"DC" => 0x2,
            b"LC" => 0x4,
            b"SW" => 0x8,
            b"RP" => 0x10,
            b"WP" => 0x20,
            b"DT" => 0x40,
            b"LO" => 0x80,
            b"CR" => 0x100,
            _ => return Err(format!("rights {text}")),
        };
    }
    Ok(out)
}

/// What IoCreateDevice gives a device without a descriptor of its own: the default of the system's
/// device objects, Everyone may read, write and execute; SYSTEM and Administrators have all rights.
pub const DEFAULT_DEVICE_SDDL: &str = "D:P(A;;GA;;;SY)(A;;GA;;;BA)(A;;GRGWGX;;;WD)(A;;GR;;;RC)";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn system_and_administrators_only() {
        let sd = Descriptor::parse("D:P(A;;GA;;;SY)(A;;GA;;;BA)").expect("parses");
        assert_eq!(sd.check(&Token::system(), 0xC000_0000), Some(0x0012_019F));
        assert_eq!(sd.check(&Token::administrator(), 0x1000_0000), Some(FILE_ALL_ACCESS));
        assert_eq!(sd.check(&Token::user(), 0x8000_0000), None);
        assert_eq!(sd.check(&Token::user(), MAXIMUM_ALLOWED), None);
    }

    #[test]
    fn deny_comes_first_when_written_first() {
        let sd = Descriptor::parse("O:BAG:SYD:(D;;GW;;;BU)(A;;GRGW;;;WD)S:(ML;;NW;;;LW)").expect("parses");
        assert_eq!(sd.check(&Token::user(), 0x4000_0000), None);
        // FILE_READ_DATA is in no right of GW.
        assert_eq!(sd.check(&Token::user(), 1), Some(1));
        assert_eq!(sd.check(&Token::system(), 0x4000_0000), Some(FILE_GENERIC_WRITE));
    }

    #[test]
    fn no_dacl_and_empty_dacl() {
        let open = Descriptor::parse("O:SY").expect("parses");
        assert_eq!(open.check(&Token::user(), 0x1000_0000), Some(FILE_ALL_ACCESS));
        let closed = Descriptor::parse("D:P").expect("parses");
        assert_eq!(closed.check(&Token::system(), 1), None);
    }

    #[test]
    fn bad_text_is_refused() {
        for text in [
            "D",
            "X:P",
            "D:P(A;;GA;;SY)",
            "D:P(A;;GA;;;QQ)",
            "D:P(A;;G;;;SY)",
            "D:P(A;;GA;;;SY",
            "D:Z(A;;GA;;;SY)",
        ] {
            assert!(Descriptor::parse(text).is_err(), "{text}");
        }
    }
}
