//! Every binding in `nt::sys` against the facts about Windows: each struct, field, bit-field,
//! constant, GUID, function, callback and type name must have a row and agree with it.

mod bindings;
mod classes;
mod facts;
mod images;
mod records;
mod storport;

use bindings::Bindings;
use classes::{class, function, value, value_class};
use facts::{Facts, newer_than_1607};

/// Fails with all disagreements at once.
fn report(what: &str, checked: usize, at_least: usize, errors: &[String]) {
    assert!(errors.is_empty(), "{} of {checked} {what} disagree:\n{}", errors.len(), errors.join("\n"));
    assert!(checked >= at_least, "only {checked} {what} were found: is the reader broken?");
}

#[test]
fn nothing_escapes_the_reader() {
    let bindings = Bindings::read();
    // `Default` for records is in `layout!`; anything else would be unchecked.
    assert_eq!(bindings.unknown, Vec::<String>::new());
}

#[test]
fn constants() {
    let (bindings, facts) = (Bindings::read(), Facts::read());
    let mut errors = Vec::new();
    let mut checked = 0;
    for (name, (ty, expression)) in &bindings.constants {
        if classes::text(ty) == "GUID" {
            continue;
        }
        checked += 1;
        let Some(row) = facts.constants.get(name) else {
            errors.push(format!("{name}: no row"));
            continue;
        };
        let Some(value) = value(expression) else {
            errors.push(format!("{name}: cannot evaluate"));
            continue;
        };
        // Statuses are recorded signed: the bound type decides, its bits must be the same.
        let wide = classes::size(&bindings, &class(&bindings, ty)) > 4;
        let same = if wide { value == row.value } else { value as u32 == row.value as u32 };
        let fits = wide || (i128::from(i32::MIN)..=i128::from(u32::MAX)).contains(&row.value);
        if !same || !fits {
            errors.push(format!("{name}: {value:#x}, facts {:#x}", row.value));
        }
    }
    report("constants", checked, 4000, &errors);
}

#[test]
fn guids() {
    let (bindings, facts) = (Bindings::read(), Facts::read());
    let mut errors = Vec::new();
    let mut checked = 0;
    for (name, (ty, expression)) in &bindings.constants {
        if classes::text(ty) != "GUID" {
            continue;
        }
        checked += 1;
        let digits: String = numbers(expression).concat();
        let expected = facts.guids.get(name).map(|row| row.guid.replace('-', ""));
        if expected.as_ref() != Some(&digits) {
            errors.push(format!("{name}: {digits}, facts {expected:?}"));
        }
    }
    report("GUIDs", checked, 25, &errors);
}

/// The hexadecimal digits of all numbers in a GUID's initialiser, in order.
fn numbers(expression: &syn::Expr) -> Vec<String> {
    match expression {
        syn::Expr::Struct(literal) => literal.fields.iter().flat_map(|field| numbers(&field.expr)).collect(),
        syn::Expr::Array(array) => array.elems.iter().flat_map(numbers).collect(),
        syn::Expr::Lit(literal) => match &literal.lit {
            syn::Lit::Int(number) => vec![number.token().to_string().trim_start_matches("0x").to_owned()],
            _ => vec![],
        },
        _ => vec![],
    }
}

#[test]
fn functions() {
    let (bindings, facts) = (Bindings::read(), Facts::read());
    let mut errors = Vec::new();
    for (name, import) in &bindings.functions {
        let mut error = |text: String| errors.push(format!("{name}: {text}"));
        let convention = if import.variadic { "C" } else { "system" };
        if import.abi != convention {
            error(format!("extern \"{}\"", import.abi));
        }
        let dlls = match (facts.functions.get(name), facts.undeclared.get(name)) {
            (Some(row), None) => {
                let mut abi = vec![value_class(&bindings, import.result.as_ref())];
                abi.extend(import.parameters.iter().map(|ty| value_class(&bindings, Some(ty))));
                if abi != row.abi || import.variadic != row.variadic {
                    error(format!("{abi:?}, facts {:?}", row.abi));
                }
                if row.min.as_deref().is_some_and(newer_than_1607) {
                    error(format!("imported, but only since {:?}", row.min));
                }
                &row.dlls
            }
            (None, Some(dlls)) => dlls,
            _ => {
                error("no row, or two".to_owned());
                continue;
            }
        };
        if !dlls.contains(&import.dll) {
            error(format!("not exported by {}", import.dll));
        }
        if import.dll == "hal.dll" && dlls.iter().any(|dll| dll == "ntoskrnl.exe") {
            error("hal.dll, but the kernel has it".to_owned());
        }
    }
    report("functions", bindings.functions.len(), 600, &errors);
}

#[test]
fn data() {
    let (bindings, facts) = (Bindings::read(), Facts::read());
    let mut errors = Vec::new();
    for (name, (dll, ty)) in &bindings.data {
        let class = class(&bindings, ty);
        match facts.data.get(name) {
            Some(row) if row.dlls.contains(dll) && row.abi == class => {}
            Some(row) => {
                errors.push(format!("{name}: {class} in {dll}, facts {} in {:?}", row.abi, row.dlls))
            }
            None => errors.push(format!("{name}: no row")),
        }
    }
    report("data exports", bindings.data.len(), 5, &errors);
}

/// Callback types, names of scalar types, and the functions that are looked up at run time.
#[test]
fn type_names() {
    let (bindings, facts) = (Bindings::read(), Facts::read());
    let mut errors = Vec::new();
    for (name, ty) in &bindings.aliases {
        if let Some(function) = function(ty) {
            let convention = function.abi.as_ref().and_then(|abi| abi.name.as_ref()).map(syn::LitStr::value);
            if convention.as_deref() != Some("win64") {
                errors.push(format!("{name}: calling convention {convention:?}"));
            }
            let mut abi = vec![value_class(&bindings, bindings::returned(&function.output).as_ref())];
            abi.extend(function.inputs.iter().map(|input| value_class(&bindings, Some(&input.ty))));
            let row = match name.strip_prefix("PFN_") {
                // Everything that is there from the start is imported, not looked up.
                Some(late) => {
                    facts.functions.get(late).filter(|row| row.min.as_deref().is_some_and(newer_than_1607))
                }
                None => facts.callbacks.get(name),
            };
            match row {
                Some(row) if row.abi == abi => {}
                Some(row) => errors.push(format!("{name}: {abi:?}, facts {:?}", row.abi)),
                None => errors.push(format!("{name}: no row")),
            }
        } else {
            let class = class(&bindings, ty);
            match facts.typedefs.get(name) {
                Some(row) if row.abi == class => {}
                Some(row) => errors.push(format!("{name}: {class}, facts {}", row.abi)),
                // Not in the headers; its width is that of the parameter that it names.
                None if name == "SYSTEM_INFORMATION_CLASS" && class == "i32" => {}
                None => errors.push(format!("{name}: no row")),
            }
        }
    }
    report("type names", bindings.aliases.len(), 250, &errors);
}

#[test]
fn versions_compare() {
    for old in [
        "Windows 2000",
        "Windows 7",
        "Windows 8.1",
        "Windows 10",
        "Windows 10 1607",
        "NDIS 6.0",
        "NDIS 6.60",
        "NDIS 5.1",
        "Server 2008",
    ] {
        assert!(!newer_than_1607(old), "{old}");
    }
    for new in [
        "Windows 10 1703",
        "Windows 10 2004",
        "Windows 10 20H2",
        "Windows 11",
        "Windows 11 22H2",
        "Server 2022",
        "NDIS 6.85",
        "NDIS 7.0",
    ] {
        assert!(newer_than_1607(new), "{new}");
    }
}
