//! Compiles Xen's headers into tables and functions that the tests compare `xenbus` with.
//!
//! Without the headers the crate still builds, and the tests fail and say what to do.

#[path = "xen/facts.rs"]
mod facts;

use std::{env, fs, path::Path};

use facts::Facts;

/// Where Debian's libxen-dev has the headers.
const HEADERS: &str = "/usr/include";

fn main() {
    println!("cargo::rustc-check-cfg=cfg(xen_headers)");
    println!("cargo::rerun-if-env-changed=XEN_HEADERS");
    println!("cargo::rerun-if-changed=xen");
    let headers = env::var("XEN_HEADERS").unwrap_or_else(|_| HEADERS.to_owned());
    println!("cargo::rerun-if-changed={headers}/xen");
    println!("cargo::rustc-env=XEN_HEADERS_LOOKED_FOR={headers}/xen");

    let xenbus = Path::new("../../xenbus/src");
    let mut facts = Facts::default();
    facts.read(&xenbus.join("abi"), "xenbus::abi");
    facts.read(&xenbus.join("io"), "xenbus::io");

    let out = env::var("OUT_DIR").expect("cargo sets it");
    let out = Path::new(&out);
    let rust = format!(
        "/// What `xenbus` says.\npub fn ours() -> Vec<(&'static str, i128)> {{\nvec![\n{}]\n}}\n\n\
         /// What has no name in the headers.\npub static NAMELESS: &[&str] = &{:?};\n",
        facts.rust, facts.nameless
    );
    fs::write(out.join("xen_facts.rs"), rust).expect("the output folder can be written");

    if !Path::new(&headers).join("xen/xen.h").exists() {
        println!("cargo::warning=no Xen headers in {headers}/xen: the tests will fail and say what to do");
        return;
    }
    let prelude = fs::canonicalize("xen/prelude.c").expect("it is in the repository");
    let table = format!(
        "#include \"{}\"\n\nconst struct xen_fact xen_facts[] = {{\n{}    {{ 0, 0 }},\n}};\n",
        prelude.display(),
        facts.c
    );
    let table_file = out.join("xen_facts.c");
    fs::write(&table_file, table).expect("the output folder can be written");
    let compiled = cc::Build::new()
        .define("__XEN_INTERFACE_VERSION__", "__XEN_LATEST_INTERFACE_VERSION__")
        .include(&headers)
        .file(table_file)
        .file("xen/ring.c")
        // The headers' macros compare signed with unsigned and the like.
        .warnings(false)
        .flag_if_supported("-Wno-address-of-packed-member")
        .try_compile("xen_headers");
    match compiled {
        Ok(()) => println!("cargo::rustc-cfg=xen_headers"),
        // The compiler's words are in the build's log; the tests fail.
        Err(error) => println!("cargo::warning=the Xen headers in {headers}/xen do not compile: {error}"),
    }
}
