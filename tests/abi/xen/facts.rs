//! Reads the ABI modules of `xenbus` and makes two tables of what is in them: one in C, whose values the
//! compiler takes from Xen's headers, one in Rust, whose values it takes from `xenbus`.
//!
//! An item's name in the headers is in its `doc(alias)`. A constant is compared by value (an alias
//! `struct.field` is an offset), a struct by size and, field by field, by offset and size; fields called
//! `pad…` or `rest` are ours and say nothing, and a struct that ends in `rest` fills up a slot.

use std::{fmt::Write as _, fs, path::Path};

use syn::{
    Attribute, Expr, Fields, Ident, ImplItem, Item, Lit, Meta, Token, Type, Visibility, braced,
    parse::{Parse, ParseStream},
};

/// The tables, and what has no name in the headers.
#[derive(Default)]
pub struct Facts {
    /// Lines of a C table of `struct xen_fact`.
    pub c: String,
    /// Lines of a Rust table of `(&str, i128)`.
    pub rust: String,
    /// Public constants and `repr(C)` structs without an alias, as paths.
    pub nameless: Vec<String>,
}

impl Facts {
    /// Reads every file below `folder`, whose module is `path`.
    pub fn read(&mut self, folder: &Path, path: &str) {
        let mut files: Vec<_> = fs::read_dir(folder)
            .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
            .map(|entry| entry.expect("a folder's entry").path())
            .filter(|file| file.extension().is_some_and(|extension| extension == "rs"))
            .collect();
        files.sort();
        for file in files {
            println!("cargo::rerun-if-changed={}", file.display());
            let text = fs::read_to_string(&file).expect("a source file");
            let syntax = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            let stem = file.file_stem().and_then(|stem| stem.to_str()).expect("a module's name");
            let module = if stem == "mod" { path.to_owned() } else { format!("{path}::{stem}") };
            self.items(&syntax.items, &module);
        }
    }

    fn items(&mut self, items: &[Item], path: &str) {
        for item in items {
            match item {
                Item::Const(item) if is_public(&item.vis) => {
                    let name = format!("{path}::{}", item.ident);
                    let value = if is_integer(&item.ty) { name.clone() } else { format!("{name}.0") };
                    self.constant(&item.attrs, &name, &value);
                }
                Item::Struct(item) if is_public(&item.vis) => self.structure(item, path),
                Item::Impl(item) if item.trait_.is_none() => {
                    let Type::Path(ty) = &*item.self_ty else { continue };
                    let Some(ty) = ty.path.get_ident() else { continue };
                    for item in &item.items {
                        if let ImplItem::Const(item) = item
                            && is_public(&item.vis)
                        {
                            let name = format!("{path}::{ty}::{}", item.ident);
                            self.constant(&item.attrs, &name, &format!("{name}.0"));
                        }
                    }
                }
                Item::Mod(item) if is_public(&item.vis) => {
                    if let Some((_, items)) = &item.content {
                        self.items(items, &format!("{path}::{}", item.ident));
                    }
                }
                Item::Macro(item) if item.mac.path.is_ident("bitflags") => {
                    let flags: Flags = item.mac.parse_body().expect("a bitflags struct");
                    for (attributes, flag) in &flags.flags {
                        let name = format!("{path}::{}::{flag}", flags.name);
                        self.constant(attributes, &name, &format!("{name}.bits()"));
                    }
                }
                _ => {}
            }
        }
    }

    fn constant(&mut self, attributes: &[Attribute], name: &str, value: &str) {
        match alias(attributes) {
            None => self.nameless.push(name.to_owned()),
            Some(c) => {
                let c = match c.split_once('.') {
                    Some((ty, field)) => format!("offsetof(struct {ty}, {field})"),
                    None => c,
                };
                self.fact(name, &c, value);
            }
        }
    }

    fn structure(&mut self, item: &syn::ItemStruct, path: &str) {
        let name = format!("{path}::{}", item.ident);
        let Some(c) = alias(&item.attrs) else {
            if is_repr_c(&item.attrs) {
                self.nameless.push(name);
            }
            return;
        };
        let fields = match &item.fields {
            Fields::Named(fields) => fields.named.iter().collect::<Vec<_>>(),
            _ => Vec::new(),
        };
        let named =
            |wanted: &str| fields.iter().any(|field| field.ident.as_ref().is_some_and(|n| n == wanted));
        if !named("rest") {
            self.fact(&format!("size of {name}"), &format!("sizeof({c})"), &format!("size_of::<{name}>()"));
        }
        for field in &fields {
            let ident = field.ident.as_ref().expect("a named field").to_string();
            let ours = ident.starts_with("pad") || ident == "rest" || !is_public(&field.vis);
            let member = match alias(&field.attrs) {
                Some(alias) => alias,
                None if ours => continue,
                None => ident.clone(),
            };
            let (offset, size) = (format!("offset of {name}::{ident}"), format!("size of {name}::{ident}"));
            self.fact(
                &offset,
                &format!("offsetof({c}, {member})"),
                &format!("core::mem::offset_of!({name}, {ident})"),
            );
            let ours = format!("field_size(|s: &{name}| size_of_val(&s.{ident}))");
            self.fact(&size, &format!("sizeof((({c} *)0)->{member})"), &ours);
        }
    }

    fn fact(&mut self, name: &str, c: &str, rust: &str) {
        writeln!(self.c, "    {{ \"{name}\", (long long)({c}) }},").expect("a string");
        writeln!(self.rust, "    (\"{name}\", ({rust}) as i128),").expect("a string");
    }
}

/// The body of `bitflags!`, one struct.
struct Flags {
    name: Ident,
    flags: Vec<(Vec<Attribute>, Ident)>,
}

impl Parse for Flags {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        Attribute::parse_outer(input)?;
        input.parse::<Visibility>()?;
        input.parse::<Token![struct]>()?;
        let name = input.parse()?;
        input.parse::<Token![:]>()?;
        input.parse::<Type>()?;
        let body;
        braced!(body in input);
        let mut flags = Vec::new();
        while !body.is_empty() {
            let attributes = Attribute::parse_outer(&body)?;
            body.parse::<Token![const]>()?;
            flags.push((attributes, body.parse()?));
            body.parse::<Token![=]>()?;
            body.parse::<Expr>()?;
            body.parse::<Token![;]>()?;
        }
        Ok(Self { name, flags })
    }
}

/// The string in `#[doc(alias = "…")]`.
fn alias(attributes: &[Attribute]) -> Option<String> {
    attributes.iter().filter(|attribute| attribute.path().is_ident("doc")).find_map(|attribute| {
        let Meta::List(list) = &attribute.meta else { return None };
        let Meta::NameValue(pair) = list.parse_args::<Meta>().ok()? else { return None };
        match pair.value {
            Expr::Lit(literal) if pair.path.is_ident("alias") => match literal.lit {
                Lit::Str(text) => Some(text.value()),
                _ => None,
            },
            _ => None,
        }
    })
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

fn is_integer(ty: &Type) -> bool {
    let Type::Path(ty) = ty else { return false };
    ["u8", "u16", "u32", "u64", "usize"].iter().any(|integer| ty.path.is_ident(integer))
}

fn is_repr_c(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let Meta::List(list) = &attribute.meta else { return false };
        list.path.is_ident("repr") && list.tokens.to_string().starts_with('C')
    })
}
