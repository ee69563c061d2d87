//! `xenbus` against Xen's own headers, compiled as C.
//!
//! `build.rs` makes the tables; `layout` compares values, sizes and offsets, `ring` runs our rings and
//! those of `ring.h` side by side.

#[cfg(xen_headers)]
mod layout;
#[cfg(xen_headers)]
mod ring;

/// Stands in for all tests when there is nothing to compare with: missing headers are a failure.
#[cfg(not(xen_headers))]
#[test]
fn xen_headers_are_installed() {
    panic!(
        "the Xen headers in {} are missing or do not compile (see the warnings of the build). \
         Install them (Debian and Ubuntu: apt-get install libxen-dev, 4.17 or later), or set XEN_HEADERS to \
         the folder that has xen/xen.h in it; then run the tests again",
        env!("XEN_HEADERS_LOOKED_FOR")
    );
}
