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

/// For user-mode programs: a C compiler as linker, the import libraries of Windows, a resource compiler.
pub const USERLAND: [Need; 3] =
    [MINGW, need("mingw-w64-x86-64-dev", &["/usr/x86_64-w64-mingw32/lib/libkernel32.a"]), WINDRES];
/// The linker of user-mode programs.
pub const MINGW: Need = need("gcc-mingw-w64-x86-64-posix", &["x86_64-w64-mingw32-gcc-posix"]);
/// Their resource compiler.
pub const WINDRES: Need = need("binutils-mingw-w64-x86-64", &["x86_64-w64-mingw32-windres"]);
/// For making and checking the installation package.
pub const PACKAGE: [Need; 2] = [need("openssl", &["openssl"]), need("osslsigncode", &["osslsigncode"])];

/// An implementation of MSI files that has nothing to do with ours.
pub const MSITOOLS: [Need; 2] = [need("msitools", &["msiinfo"]), need("msitools", &["msiextract"])];

/// For the verifier from PyPI.
pub const VENV: Need = need("python3-venv", &["/usr/share/doc/python3-venv"]);

/// For tests.
const TEST: [Need; 13] = [
    PACKAGE[0],
    PACKAGE[1],
    XEN_HEADERS,
    need("gcc", &["cc"]),
    need("libc6-dev", &["/usr/include/stdlib.h"]),
    need("mtools", &["mcopy"]),
    need("dosfstools", &["fsck.fat"]),
    // A token in files, what puts a certificate into it, and OpenSSL's way to it.
    need("softhsm2", &["softhsm2-util"]),
    need("opensc", &["pkcs11-tool"]),
    need("libengine-pkcs11-openssl", &["/usr/lib/x86_64-linux-gnu/engines-3/pkcs11.so"]),
    VENV,
    MSITOOLS[0],
    MSITOOLS[1],
];

/// Everything that the commands of xtask need.
pub fn all() -> Result<()> {
    need::ensure(&[LLD, RC])?;
    need::ensure(&IMAGE)?;
    need::ensure(&USERLAND)?;
    need::ensure(&PACKAGE)?;
    for_tests()?;
    crate::package::signify()?;
    crate::suite::wine_root()?;
    let target = crate::toolchain::TARGET;
    crate::toolchain::find(crate::toolchain::Route::Auto, target).map(drop)
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
