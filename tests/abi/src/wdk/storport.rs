//! `nt::storport`: the typed calls over Storport's variadic entry points.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Ident, Item, Token, Type, parenthesized};

use super::bindings::Bindings;
use super::classes::class;
use super::report;

/// A row of `facts/storport_calls.json`.
#[derive(Deserialize)]
struct Row {
    entry: String,
    code: String,
    value: i128,
    /// Classes of the arguments that follow the device extension.
    arguments: Vec<String>,
}

/// One line of `calls!`.
struct Call {
    kind: Ident,
    name: Ident,
    arguments: Vec<Type>,
    code: Ident,
    result: Option<Type>,
}

struct Calls(Vec<Call>);

impl Parse for Calls {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut calls = Vec::new();
        while !input.is_empty() {
            Attribute::parse_outer(input)?;
            let (kind, name) = (input.parse()?, input.parse()?);
            let list;
            parenthesized!(list in input);
            let mut arguments = Vec::new();
            while !list.is_empty() {
                list.parse::<Ident>()?;
                list.parse::<Token![:]>()?;
                arguments.push(list.parse()?);
                if !list.is_empty() {
                    list.parse::<Token![,]>()?;
                }
            }
            input.parse::<Token![=]>()?;
            let code = input.parse()?;
            let result = if input.peek(Token![->]) {
                input.parse::<Token![->]>()?;
                Some(input.parse()?)
            } else {
                None
            };
            input.parse::<Token![;]>()?;
            calls.push(Call { kind, name, arguments, code, result });
        }
        Ok(Self(calls))
    }
}

#[test]
fn storport_calls() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(folder.join("facts/storport_calls.json")).expect("facts");
    let rows: BTreeMap<String, Row> = serde_json::from_str(&text).expect("facts");
    let text = std::fs::read_to_string(folder.join("../../nt/src/storport.rs")).expect("nt::storport");
    let file = syn::parse_file(&text).expect("nt::storport");
    let bindings = Bindings::read();
    let mut errors = Vec::new();
    let mut checked = 0;
    for item in file.items {
        let Item::Macro(item) = item else { continue };
        if item.ident.is_some() {
            continue;
        }
        let Calls(calls) = item.mac.parse_body().expect("calls!");
        for call in calls {
            checked += 1;
            let name = call.name.to_string();
            let Some(row) = rows.get(&name) else {
                errors.push(format!("{name}: no row"));
                continue;
            };
            let mut arguments: Vec<String> = call.arguments.iter().map(|ty| class(&bindings, ty)).collect();
            let (entry, result) = match call.kind.to_string().as_str() {
                "extended" => ("StorPortExtendedFunction", Some("u32")),
                "notify" => ("StorPortNotification", None),
                _ => {
                    arguments.push("ptr".to_owned());
                    ("StorPortNotification", call.result.as_ref().map(|_| "32 bits"))
                }
            };
            let value =
                bindings.constants.get(&call.code.to_string()).and_then(|(_, value)| super::value(value));
            if (entry, &call.code.to_string(), value) != (&row.entry, &row.code, Some(row.value)) {
                errors.push(format!("{name}: {entry}({}) = {value:?}", call.code));
            }
            if arguments != row.arguments {
                errors.push(format!("{name}: {arguments:?}, facts {:?}", row.arguments));
            }
            let bound = call.result.as_ref().map(|ty| class(&bindings, ty));
            let right = match result {
                Some("u32") => bound.as_deref() == Some("u32"),
                Some(_) => matches!(bound.as_deref(), Some("u32" | "i32")),
                None => bound.is_none(),
            };
            if !right {
                errors.push(format!("{name}: result {bound:?}"));
            }
        }
    }
    report("Storport calls", checked, 25, &errors);
}
