//! What a Rust type is at the binary interface: width and signedness, pointer, array, record.

use quote::ToTokens;
use syn::{Expr, Type, TypeBareFn};

use super::bindings::Bindings;

/// The class of a type as the facts write it: `u32`, `ptr`, `[u8; 16]`, `rec:NAME`.
pub fn class(bindings: &Bindings, ty: &Type) -> String {
    match ty {
        Type::Ptr(_) => "ptr".to_owned(),
        Type::Array(array) => {
            let Expr::Lit(length) = &array.len else { panic!("array length {}", text(ty)) };
            format!("[{}; {}]", class(bindings, &array.elem), length.to_token_stream())
        }
        Type::Path(_) if function(ty).is_some() => "ptr".to_owned(),
        Type::Path(path) => {
            let name = path.path.to_token_stream().to_string();
            match name.as_str() {
                "u8" | "u16" | "u32" | "u64" | "i8" | "i16" | "i32" | "i64" | "f64" => name,
                "usize" => "u64".to_owned(),
                "isize" => "i64".to_owned(),
                _ if bindings.records.contains_key(&name) => format!("rec:{name}"),
                _ => {
                    let target = bindings.aliases.get(&name);
                    class(bindings, target.unwrap_or_else(|| panic!("unknown type {name}")))
                }
            }
        }
        _ => panic!("unexpected type {}", text(ty)),
    }
}

/// The class that a parameter or result has: records by value are told by their size.
pub fn value_class(bindings: &Bindings, ty: Option<&Type>) -> String {
    let Some(ty) = ty else { return "void".to_owned() };
    let class = class(bindings, ty);
    match class.strip_prefix("rec:") {
        Some(name) => format!("rec{}", bindings.records[name].layout.as_ref().expect("layout").0),
        None => class,
    }
}

/// Size in bytes.
pub fn size(bindings: &Bindings, class: &str) -> u64 {
    if let Some(name) = class.strip_prefix("rec:") {
        return bindings.records[name].layout.as_ref().expect("layout").0;
    }
    if let Some(array) = class.strip_prefix('[') {
        let (element, length) = array.trim_end_matches(']').rsplit_once("; ").expect("array class");
        // Of nested arrays only the outermost bracket is cut off.
        let depth = array.len() - array.trim_end_matches(']').len();
        let element = if depth > 1 { &array[..array.rfind("; ").expect("array class")] } else { element };
        return size(bindings, element) * length.parse::<u64>().expect("array length");
    }
    match class {
        "u8" | "i8" => 1,
        "u16" | "i16" => 2,
        "u32" | "i32" => 4,
        "u64" | "i64" | "f64" | "ptr" => 8,
        _ => panic!("size of {class}"),
    }
}

/// The function pointer inside `Option<unsafe extern "win64" fn(…)>`, or a bare one.
pub fn function(ty: &Type) -> Option<&TypeBareFn> {
    let inner = match ty {
        Type::BareFn(function) => return Some(function),
        Type::Path(path) => path.path.segments.last().filter(|last| last.ident == "Option")?,
        _ => return None,
    };
    let syn::PathArguments::AngleBracketed(arguments) = &inner.arguments else { return None };
    match arguments.args.first()? {
        syn::GenericArgument::Type(Type::BareFn(function)) => Some(function),
        _ => None,
    }
}

/// A type's source text.
pub fn text(ty: &Type) -> String {
    ty.to_token_stream().to_string()
}

/// The value of a constant's expression: integer literals, negated or cast.
pub fn value(expression: &Expr) -> Option<i128> {
    match expression {
        Expr::Lit(literal) => match &literal.lit {
            syn::Lit::Int(number) => number.base10_parse().ok(),
            _ => None,
        },
        Expr::Unary(unary) if matches!(unary.op, syn::UnOp::Neg(_)) => Some(-value(&unary.expr)?),
        // `0x…_u32 as i32`
        Expr::Cast(cast) if text(&cast.ty) == "i32" => {
            Some(i128::from(u32::try_from(value(&cast.expr)?).ok()?.cast_signed()))
        }
        _ => None,
    }
}
