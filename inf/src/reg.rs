//! `AddReg` and `DelReg` sections.

use alloc::{format, string::String, vec::Vec};

use crate::{Diag, Entry, Inf, models::parse_number};

/// Root of a registry entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hive {
    /// HKR: relative, to what depends on the section that names the AddReg section.
    Relative,
    /// HKLM.
    LocalMachine,
    /// HKCR.
    ClassesRoot,
    /// HKCU.
    CurrentUser,
    /// HKU.
    Users,
}

impl Hive {
    fn parse(text: &str) -> Option<Hive> {
        Some(match text.to_ascii_uppercase().as_str() {
            "HKR" => Hive::Relative,
            "HKLM" => Hive::LocalMachine,
            "HKCR" => Hive::ClassesRoot,
            "HKCU" => Hive::CurrentUser,
            "HKU" => Hive::Users,
            _ => return None,
        })
    }
}

/// A value's data, typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RegData {
    /// REG_SZ.
    Sz(String),
    /// REG_EXPAND_SZ.
    ExpandSz(String),
    /// REG_MULTI_SZ.
    MultiSz(Vec<String>),
    /// REG_DWORD.
    Dword(u32),
    /// Raw bytes of this REG_ type (REG_BINARY 3, REG_NONE 0, REG_QWORD 11 …).
    Raw(u32, Vec<u8>),
}

/// One entry of an AddReg section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegOp {
    /// Root.
    pub hive: Hive,
    /// Key below the root; empty for the root itself.
    pub key: String,
    /// Name of the value; empty for the default value.
    pub value: String,
    /// Data, or `None` where only the key is to be made (FLG_ADDREG_KEYONLY) or a value deleted.
    pub data: Option<RegData>,
    /// Flags as written (FLG_ADDREG_*).
    pub flags: u32,
    /// Line of the file.
    pub line: u32,
}

impl RegOp {
    /// FLG_ADDREG_NOCLOBBER: an existing value is kept.
    pub const NOCLOBBER: u32 = 0x2;
    /// FLG_ADDREG_DELVAL: the value is deleted.
    pub const DELVAL: u32 = 0x4;
    /// FLG_ADDREG_APPEND: strings are added to a REG_MULTI_SZ that has them not.
    pub const APPEND: u32 = 0x8;
    /// FLG_ADDREG_KEYONLY: only the key is made.
    pub const KEYONLY: u32 = 0x10;
    /// FLG_ADDREG_OVERWRITEONLY: only an existing value is replaced.
    pub const OVERWRITEONLY: u32 = 0x20;

    /// Whether a flag is set.
    #[must_use]
    pub fn has(&self, flag: u32) -> bool {
        self.flags & flag != 0
    }
}

/// One entry of a DelReg section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DelReg {
    /// Root.
    pub hive: Hive,
    /// Key below the root.
    pub key: String,
    /// Value to delete; `None` deletes the key with its subkeys.
    pub value: Option<String>,
    /// String to take out of a REG_MULTI_SZ (FLG_DELREG_MULTI_SZ_DELSTRING).
    pub string: Option<String>,
    /// Line of the file.
    pub line: u32,
}

const BINVALUETYPE: u32 = 0x1;
const TYPE_MASK: u32 = 0xFFFF_0001;

impl Inf {
    /// Reads an AddReg section.
    ///
    /// # Errors
    /// A section that does not exist, a root, flag or value that cannot be read.
    pub fn add_reg(&self, section: &str, line: u32) -> Result<Vec<RegOp>, Diag> {
        let Some(section) = self.section(section) else {
            return Err(self.error(line, format!("AddReg section [{section}] does not exist")));
        };
        section.entries.iter().map(|e| self.reg_op(e)).collect()
    }

    fn reg_op(&self, entry: &Entry) -> Result<RegOp, Diag> {
        let fail = |message: String| self.error(entry.line, message);
        let hive = Hive::parse(entry.field(0))
            .ok_or_else(|| fail(format!("unknown registry root \"{}\"", entry.field(0))))?;
        let flags = match entry.field(3) {
            "" => 0,
            text => {
                parse_number(text).ok_or_else(|| fail(format!("registry flags \"{text}\" are no number")))?
            }
        };
        let mut op = RegOp {
            hive,
            key: entry.field(1).into(),
            value: entry.field(2).into(),
            data: None,
            flags,
            line: entry.line,
        };
        if op.has(RegOp::KEYONLY) || op.has(RegOp::DELVAL) {
            return Ok(op);
        }
        // A key alone, without value name and value, is created too.
        if entry.fields.len() <= 2 {
            op.flags |= RegOp::KEYONLY;
            return Ok(op);
        }
        let values = entry.fields.get(4..).unwrap_or(&[]);
        op.data = Some(match flags & TYPE_MASK {
            0 => RegData::Sz(values.first().cloned().unwrap_or_default()),
            0x2_0000 => RegData::ExpandSz(values.first().cloned().unwrap_or_default()),
            0x1_0000 => RegData::MultiSz(values.to_vec()),
            0x1_0001 if values.len() <= 1 => {
                let text = values.first().map_or("0", String::as_str);
                let text = if text.is_empty() { "0" } else { text };
                RegData::Dword(
                    parse_number(text).ok_or_else(|| fail(format!("REG_DWORD \"{text}\" is no number")))?,
                )
            }
            0x1_0001 => {
                let bytes = self.bytes(entry, values)?;
                let word: [u8; 4] = bytes
                    .as_slice()
                    .try_into()
                    .map_err(|_| fail(format!("REG_DWORD written as {} bytes instead of 4", values.len())))?;
                RegData::Dword(u32::from_le_bytes(word))
            }
            0x2_0001 => RegData::Raw(0, self.bytes(entry, values)?),
            BINVALUETYPE => RegData::Raw(3, self.bytes(entry, values)?),
            other if other & BINVALUETYPE != 0 => RegData::Raw(other >> 16, self.bytes(entry, values)?),
            other => return Err(fail(format!("registry flags {other:#x} name no type"))),
        });
        Ok(op)
    }

    /// Bytes in hexadecimal, one per field (no 0x is needed, and it is allowed).
    fn bytes(&self, entry: &Entry, values: &[String]) -> Result<Vec<u8>, Diag> {
        values
            .iter()
            .filter(|v| !v.is_empty())
            .map(|v| {
                let digits = v.strip_prefix("0x").or_else(|| v.strip_prefix("0X")).unwrap_or(v);
                u8::from_str_radix(digits, 16)
                    .map_err(|_| self.error(entry.line, format!("\"{v}\" is no byte")))
            })
            .collect()
    }

    /// Reads a DelReg section.
    ///
    /// # Errors
    /// A section that does not exist, a root or flag that cannot be read.
    pub fn del_reg(&self, section: &str, line: u32) -> Result<Vec<DelReg>, Diag> {
        let Some(section) = self.section(section) else {
            return Err(self.error(line, format!("DelReg section [{section}] does not exist")));
        };
        let mut out = Vec::new();
        for entry in &section.entries {
            let hive = Hive::parse(entry.field(0)).ok_or_else(|| {
                self.error(entry.line, format!("unknown registry root \"{}\"", entry.field(0)))
            })?;
            let flags = match entry.field(3) {
                "" => 0,
                text => parse_number(text).ok_or_else(|| {
                    self.error(entry.line, format!("registry flags \"{text}\" are no number"))
                })?,
            };
            let string = (flags == 0x18002).then(|| entry.field(4).into());
            out.push(DelReg {
                hive,
                key: entry.field(1).into(),
                value: (entry.fields.len() > 2).then(|| entry.field(2).into()),
                string,
                line: entry.line,
            });
        }
        Ok(out)
    }
}
