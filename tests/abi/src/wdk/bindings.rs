//! The bindings as they stand in `nt/src/sys`, read from the source, so that none can be forgotten.
//!
//! Sizes, alignments and offsets come from the `layout!` lines. The compiler holds those against
//! the real types wherever `nt` is built, so a number read here is the number of the built type.

use std::collections::BTreeMap;
use std::path::Path;

use quote::ToTokens;
use syn::{Expr, Fields, ForeignItem, Item, Type};

/// A struct or union.
#[derive(Default)]
pub struct Record {
    pub union: bool,
    /// Fields in order with their types, padding included.
    pub fields: Vec<(String, Type)>,
    /// From `layout!`: size, alignment, offset of each field.
    pub layout: Option<(u64, u64, BTreeMap<String, u64>)>,
    /// From `bits!`: storage field -> (name, first bit, width).
    pub bits: BTreeMap<String, Vec<(String, u64, u64)>>,
}

/// An imported function or data item.
pub struct Import {
    pub dll: String,
    pub abi: String,
    pub parameters: Vec<Type>,
    /// `None` is `void`.
    pub result: Option<Type>,
    pub variadic: bool,
}

/// Everything that `nt::sys` binds.
#[derive(Default)]
pub struct Bindings {
    pub records: BTreeMap<String, Record>,
    pub constants: BTreeMap<String, (Type, Expr)>,
    pub aliases: BTreeMap<String, Type>,
    pub functions: BTreeMap<String, Import>,
    pub data: BTreeMap<String, (String, Type)>,
    /// Items that a checker would have to know about but does not.
    pub unknown: Vec<String>,
}

impl Bindings {
    /// Reads all modules of `nt/src/sys`.
    pub fn read() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../nt/src/sys");
        let mut bindings = Self::default();
        let mut files = 0;
        for entry in std::fs::read_dir(&folder).expect("nt/src/sys") {
            let path = entry.expect("folder entry").path();
            assert_eq!(path.extension().and_then(|name| name.to_str()), Some("rs"), "{path:?}");
            let text = std::fs::read_to_string(&path).expect("source file");
            let file = syn::parse_file(&text).unwrap_or_else(|error| panic!("{path:?}: {error}"));
            for item in file.items {
                bindings.item(item);
            }
            files += 1;
        }
        assert!(files > 30, "only {files} files");
        bindings
    }

    fn item(&mut self, item: Item) {
        match item {
            Item::Struct(item) => self.record(item.ident.to_string(), false, item.fields),
            Item::Union(item) => self.record(item.ident.to_string(), true, Fields::Named(item.fields)),
            Item::Const(item) => {
                self.once(item.ident.to_string(), (*item.ty, *item.expr), |s| &mut s.constants);
            }
            Item::Type(item) => self.once(item.ident.to_string(), *item.ty, |s| &mut s.aliases),
            Item::ForeignMod(item) => self.imports(item),
            Item::Macro(item) if item.ident.is_none() => {
                let name = item.mac.path.to_token_stream().to_string();
                let text = item.mac.tokens.to_string();
                match name.as_str() {
                    "layout" => self.layout(&text),
                    "bits" => self.bits(&text),
                    _ => self.unknown.push(format!("macro {name}")),
                }
            }
            Item::Macro(_) | Item::Use(_) | Item::Mod(_) => {}
            other => self.unknown.push(other.to_token_stream().to_string()),
        }
    }

    fn once<T>(&mut self, name: String, value: T, map: impl FnOnce(&mut Self) -> &mut BTreeMap<String, T>) {
        let name = plain(&name);
        let before = map(self).insert(name.clone(), value);
        assert!(before.is_none(), "{name} is bound twice");
    }

    fn record(&mut self, name: String, union: bool, fields: Fields) {
        let record = self.records.entry(name.clone()).or_default();
        assert!(record.fields.is_empty(), "{name} is bound twice");
        record.union = union;
        for field in fields {
            let field_name = field.ident.expect("named field").to_string();
            record.fields.push((plain(&field_name), field.ty));
        }
    }

    fn imports(&mut self, block: syn::ItemForeignMod) {
        let abi = block.abi.name.map_or_else(String::new, |name| name.value());
        let attributes = block.attrs.iter().map(|a| a.to_token_stream().to_string()).collect::<String>();
        let dll = attributes.split("name = \"").nth(1).and_then(|rest| rest.split('"').next());
        let dll = dll.unwrap_or_else(|| panic!("block without a DLL: {attributes}")).to_owned();
        for item in block.items {
            match item {
                ForeignItem::Fn(item) => {
                    let parameters = item.sig.inputs.iter().map(|input| match input {
                        syn::FnArg::Typed(typed) => (*typed.ty).clone(),
                        syn::FnArg::Receiver(_) => unreachable!("foreign functions have no self"),
                    });
                    let import = Import {
                        dll: dll.clone(),
                        abi: abi.clone(),
                        parameters: parameters.collect(),
                        result: returned(&item.sig.output),
                        variadic: item.sig.variadic.is_some(),
                    };
                    self.once(item.sig.ident.to_string(), import, |s| &mut s.functions);
                }
                ForeignItem::Static(item) => {
                    self.once(item.ident.to_string(), (dll.clone(), *item.ty), |s| &mut s.data);
                }
                other => self.unknown.push(other.to_token_stream().to_string()),
            }
        }
    }

    /// `NAME , size , align , field @ offset , …`
    fn layout(&mut self, text: &str) {
        let mut parts = text.split(',').map(str::trim);
        let name = parts.next().expect("name").to_owned();
        let mut number = || parts.next().and_then(|part| part.parse().ok()).expect("number");
        let (size, align) = (number(), number());
        let mut offsets = BTreeMap::new();
        for part in parts {
            let (field, offset) = part.split_once('@').expect("field @ offset");
            let offset = offset.trim().parse().expect("offset");
            assert!(offsets.insert(plain(field.trim()), offset).is_none(), "{name}: {field} twice");
        }
        let record = self.records.entry(name.clone()).or_default();
        assert!(record.layout.is_none(), "{name} has two layouts");
        record.layout = Some((size, align, offsets));
    }

    /// `NAME , unit : type { getter setter @ first + width , … }`
    fn bits(&mut self, text: &str) {
        let (head, rest) = text.split_once('{').expect("list of bits");
        let (name, unit) = head.split_once(',').expect("storage unit");
        let (name, unit) = (name.trim(), unit.split(':').next().expect("storage unit").trim());
        let mut list = Vec::new();
        for part in rest.trim().trim_end_matches('}').split(',').filter(|part| !part.trim().is_empty()) {
            let (names, place) = part.split_once('@').expect("name @ place");
            let (get, set) = names.trim().split_once(' ').expect("getter and setter");
            let get = plain(get);
            assert_eq!(set.trim(), format!("set_{get}"), "{name}");
            let (first, width) = place.split_once('+').expect("first + width");
            let number = |text: &str| text.trim().parse().expect("bit number");
            list.push((get, number(first), number(width)));
        }
        let record = self.records.entry(name.to_owned()).or_default();
        assert!(record.bits.insert(unit.to_owned(), list).is_none(), "{name}.{unit} twice");
    }
}

/// A name without the `r#` of raw identifiers.
fn plain(name: &str) -> String {
    name.trim_start_matches("r#").trim_start_matches("r # ").to_owned()
}

/// The type that a signature returns.
pub fn returned(output: &syn::ReturnType) -> Option<Type> {
    match output {
        syn::ReturnType::Default => None,
        syn::ReturnType::Type(_, ty) => Some((**ty).clone()),
    }
}
