//! Columns of the tables that are used, in the notation of Microsoft's IDT files: `*` marks primary keys,
//! `s` a string, `l` a localizable one, `i` an integer, `v` a stream, with its width; capital letters
//! are nullable ("Column Definition Format"). After `:` the category for `_Validation`.

use msi::{Category, Column};

/// Name of a table and its columns.
pub const TABLES: [(&str, &str); 33] = [
    ("ActionText", "*Action s72:Identifier,Description L64:Text,Template L128:Template"),
    ("AdminExecuteSequence", SEQUENCE),
    ("AdminUISequence", SEQUENCE),
    ("AdvtExecuteSequence", SEQUENCE),
    ("AppSearch", "*Property s72:Identifier,*Signature_ s72:Identifier"),
    ("Binary", "*Name s72:Identifier,Data v0:Binary"),
    (
        "Component",
        "*Component s72:Identifier,ComponentId S38:Guid,Directory_ s72:Identifier,Attributes i2,Condition S255:Condition,KeyPath S72:Identifier",
    ),
    (
        "Control",
        "*Dialog_ s72:Identifier,*Control s50:Identifier,Type s20:Identifier,X i2,Y i2,Width i2,Height i2,Attributes I4,Property S72:Identifier,Text L0:Formatted,Control_Next S50:Identifier,Help L50:Text",
    ),
    (
        "ControlCondition",
        "*Dialog_ s72:Identifier,*Control_ s50:Identifier,*Action s50,*Condition s255:Condition",
    ),
    (
        "ControlEvent",
        "*Dialog_ s72:Identifier,*Control_ s50:Identifier,*Event s50:Formatted,*Argument s255:Formatted,*Condition S255:Condition,Ordering I2",
    ),
    (
        "CustomAction",
        "*Action s72:Identifier,Type i2,Source S72:CustomSource,Target S255:Formatted,ExtendedType I4",
    ),
    (
        "Dialog",
        "*Dialog s72:Identifier,HCentering i2,VCentering i2,Width i2,Height i2,Attributes I4,Title L128:Formatted,Control_First s50:Identifier,Control_Default S50:Identifier,Control_Cancel S50:Identifier",
    ),
    ("Directory", "*Directory s72:Identifier,Directory_Parent S72:Identifier,DefaultDir l255:DefaultDir"),
    ("Error", "*Error i2,Message L0:Template"),
    (
        "EventMapping",
        "*Dialog_ s72:Identifier,*Control_ s50:Identifier,*Event s50:Identifier,Attribute s50:Identifier",
    ),
    (
        "Feature",
        "*Feature s38:Identifier,Feature_Parent S38:Identifier,Title L64:Text,Description L255:Text,Display I2,Level i2,Directory_ S72:UpperCase,Attributes i2",
    ),
    ("FeatureComponents", "*Feature_ s38:Identifier,*Component_ s72:Identifier"),
    (
        "File",
        "*File s72:Identifier,Component_ s72:Identifier,FileName l255:Filename,FileSize i4,Version S72:Version,Language S20:Language,Attributes I2,Sequence i2",
    ),
    ("Icon", "*Name s72:Identifier,Data v0:Binary"),
    ("InstallExecuteSequence", SEQUENCE),
    ("InstallUISequence", SEQUENCE),
    ("LaunchCondition", "*Condition s255:Condition,Description l255:Formatted"),
    ("ListBox", "*Property s72:Identifier,*Order i2,Value s64:Formatted,Text L64:Text"),
    (
        "Media",
        "*DiskId i2,LastSequence i2,DiskPrompt L64:Text,Cabinet S255:Cabinet,VolumeLabel S32:Text,Source S72:Property",
    ),
    ("MsiFileHash", "*File_ s72:Identifier,Options i2,HashPart1 i4,HashPart2 i4,HashPart3 i4,HashPart4 i4"),
    ("Property", "*Property s72:Identifier,Value l0:Text"),
    (
        "RadioButton",
        "*Property s72:Identifier,*Order i2,Value s64:Formatted,X i2,Y i2,Width i2,Height i2,Text L0:Formatted,Help L50:Text",
    ),
    ("RegLocator", "*Signature_ s72:Identifier,Root i2,Key s255:RegPath,Name S255:Formatted,Type I2"),
    (
        "ServiceControl",
        "*ServiceControl s72:Identifier,Name l255:Formatted,Event i2,Arguments S255:Formatted,Wait I2,Component_ s72:Identifier",
    ),
    (
        "Signature",
        "*Signature s72:Identifier,FileName s255:Text,MinVersion S20:Text,MaxVersion S20:Text,MinSize I4,MaxSize I4,MinDate I4,MaxDate I4,Languages S255:Language",
    ),
    ("TextStyle", "*TextStyle s72:Identifier,FaceName s32:Text,Size i2,Color I4,StyleBits I2"),
    ("UIText", "*Key s72:Identifier,Text L255:Text"),
    (
        "Upgrade",
        "*UpgradeCode s38:Guid,*VersionMin S20:Text,*VersionMax S20:Text,*Language S255:Language,*Attributes i4,Remove S255:Formatted,ActionProperty s72:UpperCase",
    ),
];

const SEQUENCE: &str = "*Action s72:Identifier,Condition S255:Condition,Sequence I2";

/// A column: name, whether it is a key, whether it may be null, its type letter.
#[derive(Clone, Copy, Debug)]
pub struct Field<'a> {
    /// Name.
    pub name: &'a str,
    /// Part of the primary key.
    pub key: bool,
    /// May be empty.
    pub nullable: bool,
    /// `s`, `l`, `i` or `v`.
    pub kind: char,
    /// Width in characters or bytes; 0 is unlimited.
    pub width: usize,
    category: &'a str,
}

/// The columns of a table; nothing for a table that is not known.
pub fn columns(table: &str) -> Option<Vec<Field<'static>>> {
    let (_, text) = TABLES.iter().find(|(name, _)| *name == table)?;
    text.split(',').map(field).collect()
}

fn field(text: &'static str) -> Option<Field<'static>> {
    let (name, rest) = text.split_once(' ')?;
    let (kind, category) = rest.split_once(':').unwrap_or((rest, ""));
    let letter = kind.chars().next()?;
    Some(Field {
        name: name.trim_start_matches('*'),
        key: name.starts_with('*'),
        nullable: letter.is_ascii_uppercase(),
        kind: letter.to_ascii_lowercase(),
        width: kind[1..].parse().ok()?,
        category,
    })
}

impl Field<'_> {
    /// The column as the file's writer wants it.
    pub fn column(&self) -> Column {
        let mut builder = Column::build(self.name);
        if self.key {
            builder = builder.primary_key();
        }
        if self.nullable {
            builder = builder.nullable();
        }
        if self.kind == 'l' {
            builder = builder.localizable();
        }
        let category = [
            ("Binary", Category::Binary),
            ("Cabinet", Category::Cabinet),
            ("Condition", Category::Condition),
            ("CustomSource", Category::CustomSource),
            ("DefaultDir", Category::DefaultDir),
            ("Filename", Category::Filename),
            ("Formatted", Category::Formatted),
            ("Guid", Category::Guid),
            ("Identifier", Category::Identifier),
            ("Language", Category::Language),
            ("Property", Category::Property),
            ("RegPath", Category::RegPath),
            ("Template", Category::Template),
            ("Text", Category::Text),
            ("UpperCase", Category::UpperCase),
            ("Version", Category::Version),
        ]
        .into_iter()
        .find(|(name, _)| *name == self.category);
        if let Some((_, category)) = category {
            builder = builder.category(category);
        }
        match (self.kind, self.width) {
            ('i', 2) => builder.int16(),
            ('i', _) => builder.int32(),
            ('v', _) => builder.binary(),
            (_, width) => builder.string(width),
        }
    }
}
