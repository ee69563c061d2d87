//! Catalogs: the list of a driver package's files and their hashes that is signed in their place.
//!
//! A catalog is a PKCS #7 signed message over a certificate trust list ([MS-CAESO] and wincrypt.h name the
//! structures `CTL_INFO`, `CTL_ENTRY`, `CAT_NAMEVALUE`, `CAT_MEMBERINFO`). It has members of version 1 only
//! (object identifier 12.1.2), one by SHA-1 and one by SHA-256 for each file: Windows 10 of every release finds a
//! file by either. Members of version 2 were seen not to be found.

use anyhow::{Context as _, Result};
use cms::{
    content_info::{CmsVersion, ContentInfo},
    signed_data::{EncapsulatedContentInfo, SignedData, SignerInfos},
};
use der::{
    Any, Decode as _, Encode as _, Sequence,
    asn1::{BitString, BmpString, Null, ObjectIdentifier, OctetString, SetOfVec, UtcTime},
};
use spki::AlgorithmIdentifierOwned;
use x509_cert::ext::Extension;

use crate::pe::{self, Hashes};

const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
const TRUST_LIST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.10.1");
const CATALOG_LIST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.12.1.1");
const MEMBER_V1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.12.1.2");
const NAME_VALUE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.12.2.1");
const MEMBER_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.12.2.2");
const INDIRECT_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.2.1.4");
const PE_IMAGE_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.2.1.15");
const CAB_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.2.1.25");
const SHA1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.14.3.2.26");
const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");

/// Subject of a PE image, and of any other file (`CRYPT_SUBJTYPE_…` in mssip.h).
const PE_SUBJECT: &str = "{C689AAB8-8E78-11D0-8C47-00C04FC295EE}";
const FLAT_SUBJECT: &str = "{DE351A42-8E59-11D0-8C47-00C04FC295EE}";
/// `CRYPTCAT_ATTR_NAMEASCII | CRYPTCAT_ATTR_DATAASCII | CRYPTCAT_ATTR_AUTHENTICATED` (mscat.h).
const ATTRIBUTE_FLAGS: u32 = 0x1001_0001;
/// Version of a member's information: `CERT_SIP_…` 2.0 as all catalog tools write it.
const MEMBER_VERSION: u32 = 0x200;
/// Windows 10 and later, x64; NT (platform 2), version 10.0.
const SYSTEMS: &str = "_v100_X64";
const SYSTEM_ATTRIBUTE: &str = "2:10.0";

#[derive(Sequence)]
struct NameValue {
    name: BmpString,
    flags: u32,
    value: OctetString,
}

#[derive(Sequence)]
struct MemberInfo {
    subject: BmpString,
    version: u32,
}

#[derive(Sequence)]
struct Attribute {
    kind: ObjectIdentifier,
    values: SetOfVec<Any>,
}

impl der::ValueOrd for Attribute {
    fn value_cmp(&self, other: &Self) -> der::Result<core::cmp::Ordering> {
        Ok(self.to_der()?.cmp(&other.to_der()?))
    }
}

#[derive(Sequence)]
struct TypedValue {
    kind: ObjectIdentifier,
    value: Any,
}

#[derive(Sequence)]
struct DigestInfo {
    algorithm: AlgorithmIdentifierOwned,
    digest: OctetString,
}

/// SpcIndirectDataContent
#[derive(Sequence)]
struct IndirectData {
    data: TypedValue,
    digest: DigestInfo,
}

/// SpcString: only the Unicode choice is used.
#[derive(der::Choice)]
enum SpcString {
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT")]
    Unicode(OctetString),
}

/// SpcLink: only the file's name is used.
#[derive(der::Choice)]
enum SpcLink {
    #[asn1(context_specific = "2", tag_mode = "EXPLICIT", constructed = "true")]
    File(SpcString),
}

/// SpcPeImageData
#[derive(Sequence)]
struct PeImageData {
    flags: BitString,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    file: SpcLink,
}

/// CTL_ENTRY
#[derive(Sequence)]
struct Member {
    tag: OctetString,
    attributes: SetOfVec<Attribute>,
}

/// CTL_INFO, of version 1
#[derive(Sequence)]
struct TrustList {
    usage: Vec<ObjectIdentifier>,
    identifier: OctetString,
    this_update: UtcTime,
    algorithm: AlgorithmIdentifierOwned,
    members: Vec<Member>,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    extensions: Vec<Extension>,
}

/// A file that the catalog vouches for.
pub struct Subject<'a> {
    /// Name without folders.
    pub name: &'a str,
    /// Content.
    pub data: &'a [u8],
}

impl Subject<'_> {
    fn is_image(&self) -> bool {
        self.name.rsplit_once('.').is_some_and(|(_, end)| ["sys", "dll", "exe"].contains(&end))
    }

    /// The hashes by which Windows looks the file up.
    ///
    /// # Errors
    /// An image that cannot be read.
    pub fn hashes(&self) -> Result<Hashes> {
        if self.is_image() {
            pe::authenticode(self.data).with_context(|| self.name.to_owned())
        } else {
            Ok(pe::flat(self.data))
        }
    }
}

/// Makes the unsigned catalog of the files, for devices with these hardware IDs.
///
/// # Errors
/// A file that cannot be hashed, a text that cannot be encoded.
pub fn make(files: &[Subject<'_>], hardware_ids: &[String], time: u64) -> Result<Vec<u8>> {
    let mut members = Vec::new();
    for file in files {
        let hashes = file.hashes()?;
        for (algorithm, digest) in [(SHA1, &hashes.sha1[..]), (SHA256, &hashes.sha256[..])] {
            members.push(member(file, algorithm, digest)?);
        }
    }
    members.sort_by(|a, b| a.tag.as_bytes().cmp(b.tag.as_bytes()));
    let mut extensions = vec![extension("OS", SYSTEMS)?];
    for (number, id) in (1..).zip(hardware_ids) {
        extensions.push(extension(&format!("HWID{number}"), &id.to_ascii_lowercase())?);
    }
    // Any 16 bytes that differ from catalog to catalog: of the content, so that they are always the same.
    let content: Vec<u8> = members.iter().flat_map(|member| member.tag.as_bytes().to_vec()).collect();
    let list = TrustList {
        usage: vec![CATALOG_LIST],
        identifier: OctetString::new(&pe::flat(&content).sha256[..16])?,
        this_update: UtcTime::from_unix_duration(core::time::Duration::from_secs(time))?,
        algorithm: AlgorithmIdentifierOwned { oid: MEMBER_V1, parameters: Some(Any::from(Null)) },
        members,
        extensions,
    };
    let signed = SignedData {
        version: CmsVersion::V1,
        digest_algorithms: SetOfVec::new(),
        encap_content_info: EncapsulatedContentInfo {
            econtent_type: TRUST_LIST,
            econtent: Some(Any::encode_from(&list)?),
        },
        certificates: None,
        crls: None,
        signer_infos: SignerInfos(SetOfVec::new()),
    };
    let content = ContentInfo { content_type: SIGNED_DATA, content: Any::encode_from(&signed)? };
    content.to_der().context("the catalog cannot be encoded")
}

fn member(file: &Subject<'_>, algorithm: ObjectIdentifier, digest: &[u8]) -> Result<Member> {
    let hex: String = digest.iter().map(|byte| format!("{byte:02X}")).collect();
    let link = SpcLink::File(SpcString::Unicode(OctetString::new(bmp("<<<Obsolete>>>")?.into_bytes())?));
    let data = if file.is_image() {
        let image = PeImageData { flags: BitString::new(5, vec![0xA0])?, file: link };
        TypedValue { kind: PE_IMAGE_DATA, value: Any::encode_from(&image)? }
    } else {
        TypedValue { kind: CAB_DATA, value: Any::encode_from(&link)? }
    };
    let digest = DigestInfo {
        algorithm: AlgorithmIdentifierOwned { oid: algorithm, parameters: Some(Any::from(Null)) },
        digest: OctetString::new(digest)?,
    };
    let info = MemberInfo {
        subject: bmp(if file.is_image() { PE_SUBJECT } else { FLAT_SUBJECT })?,
        version: MEMBER_VERSION,
    };
    let mut attributes = SetOfVec::new();
    attributes.insert(attribute(INDIRECT_DATA, &IndirectData { data, digest })?)?;
    attributes.insert(attribute(MEMBER_INFO, &info)?)?;
    attributes.insert(attribute(NAME_VALUE, &name_value("File", file.name)?)?)?;
    attributes.insert(attribute(NAME_VALUE, &name_value("OSAttr", SYSTEM_ATTRIBUTE)?)?)?;
    Ok(Member { tag: OctetString::new(utf16(&hex))?, attributes })
}

fn attribute<T: der::EncodeValue + der::Tagged>(kind: ObjectIdentifier, value: &T) -> Result<Attribute> {
    let mut values = SetOfVec::new();
    values.insert(Any::encode_from(value)?)?;
    Ok(Attribute { kind, values })
}

fn name_value(name: &str, value: &str) -> Result<NameValue> {
    Ok(NameValue { name: bmp(name)?, flags: ATTRIBUTE_FLAGS, value: OctetString::new(utf16(value))? })
}

fn extension(name: &str, value: &str) -> Result<Extension> {
    let value = OctetString::new(name_value(name, value)?.to_der()?)?;
    Ok(Extension { extn_id: NAME_VALUE, critical: false, extn_value: value })
}

fn bmp(text: &str) -> Result<BmpString> {
    BmpString::from_utf8(text).with_context(|| format!("{text} cannot be encoded"))
}

/// Little-endian with a zero at the end, as catalogs have their values.
fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect()
}

/// What a catalog says of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Name.
    pub name: String,
    /// Hash in hexadecimal, as Windows looks it up.
    pub tag: String,
    /// Digest that is signed.
    pub digest: Vec<u8>,
}

/// Reads a catalog, signed or not.
///
/// # Errors
/// A file that is no catalog of ours.
pub fn read(data: &[u8]) -> Result<Vec<Entry>> {
    let content = ContentInfo::from_der(data).context("not a catalog")?;
    let signed: SignedData = content.content.decode_as().context("not a catalog")?;
    let list: TrustList = signed
        .encap_content_info
        .econtent
        .context("an empty catalog")?
        .decode_as()
        .context("not a catalog")?;
    let mut entries = Vec::new();
    for member in list.members {
        let mut entry =
            Entry { name: String::new(), tag: from_utf16(member.tag.as_bytes()), digest: Vec::new() };
        for attribute in member.attributes.iter() {
            let value = attribute.values.get(0).context("an empty attribute")?;
            if attribute.kind == INDIRECT_DATA {
                entry.digest = value.decode_as::<IndirectData>()?.digest.digest.into_bytes();
            } else if attribute.kind == NAME_VALUE {
                let pair: NameValue = value.decode_as()?;
                if pair.name.to_string() == "File" {
                    entry.name = from_utf16(pair.value.as_bytes());
                }
            }
        }
        entries.push(entry);
    }
    Ok(entries)
}

fn from_utf16(bytes: &[u8]) -> String {
    let units: Vec<u16> = bytes.chunks_exact(2).map(|c| u16::from_le_bytes([c[0], c[1]])).collect();
    String::from_utf16_lossy(&units).trim_end_matches('\0').to_owned()
}
