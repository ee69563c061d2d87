//! With the feature `wdk` (on Windows, with the WDK): Microsoft's link arguments for a driver.
//! Without it there is nothing to do: `cargo xtask build` links.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    #[cfg(feature = "wdk")]
    if let Err(error) = wdk_build::configure_wdk_binary_build() {
        panic!("the feature `wdk` needs the Windows Driver Kit: {error}");
    }
}
