//! What the commands need from outside, by command. How it is got: [`host::need`].

use std::path::PathBuf;

use anyhow::Result;
use host::need::{self, Need};

const fn need(package: &'static str, names: &'static [&'static str]) -> Need {
    Need { package, names }
}

/// Debian's Rust for the driver build.
pub const RUSTC: Need = need("rustc-web", &["/usr/bin/rustc"]);
/// Its cargo.
pub const CARGO: Need = need("cargo-web", &["/usr/bin/cargo"]);
/// The library's sources, for `-Zbuild-std`; where they lie is asked of rustc.
pub const RUST_SRC: Need = need("rust-web-src", &["/usr/share/doc/rust-web-src"]);
/// The linker. Other versions link as well, with a few bytes of difference.
pub const LLD: Need = need("lld-19", &["lld-link-19", "lld-link"]);
/// The resource compiler.
pub const RC: Need = need("llvm-19", &["llvm-rc-19", "llvm-rc"]);
/// Xen's official headers, for the ABI test.
pub const XEN_HEADERS: Need = need("libxen-dev", &["/usr/include/xen/xen.h"]);

/// For the bootable image.
pub const IMAGE: [Need; 3] =
    [need("binutils", &["ld"]), need("binutils", &["objcopy"]), need("tar", &["tar"])];

/// For tests.
const TEST: [Need; 5] = [
    XEN_HEADERS,
    need("gcc", &["cc"]),
    need("libc6-dev", &["/usr/include/stdlib.h"]),
    need("mtools", &["mcopy"]),
    need("dosfstools", &["fsck.fat"]),
];

/// Everything that the commands of xtask need.
pub fn all() -> Result<()> {
    need::ensure(&[LLD, RC])?;
    need::ensure(&IMAGE)?;
    for_tests()?;
    crate::toolchain::find(crate::toolchain::Route::Auto).map(drop)
}

/// What the tests need.
pub fn for_tests() -> Result<()> {
    need::ensure(&TEST)
}

/// The folder with Xen's headers: `/usr/include`, or where they were unpacked.
pub fn xen_headers() -> Result<PathBuf> {
    let file = XEN_HEADERS.get()?;
    Ok(file.ancestors().nth(2).map(PathBuf::from).unwrap_or_default())
}
