//! The C# that the scripts compile on Windows: it is C# 5, which Windows' own compiler takes, and its pattern is the
//! one that is meant. Mono stands for .NET.

use std::{path::Path, process::Command};

use host::{
    need::{self, Need},
    run,
};
use sha2::{Digest, Sha256};

const COMPILER: Need = Need { package: "mono-mcs", names: &["/usr/lib/mono/4.5/mcs.exe"] };
const RUNTIME: Need = Need { package: "mono-runtime", names: &["mono-sgen"] };

/// A program of .NET's, by Mono: the machine's, or one that was unpacked beside its libraries.
fn mono(compiler: &Path) -> Command {
    let mut command = need::command(&RUNTIME.get().expect("mono"));
    command.env("MONO_PATH", compiler.parent().expect("a folder"));
    command
}

/// The pattern, from its description in `Native.cs`.
fn digest(bytes: u64, seed: u64) -> String {
    let mut hash = Sha256::new();
    for at in (0..bytes).step_by(8) {
        let word = at.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ seed;
        hash.update((word ^ word >> 29).to_le_bytes());
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn it_compiles_and_makes_the_pattern() {
    let dir = tempfile::tempdir().expect("folder");
    let program = dir.path().join("pattern.exe");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sources =
        ["guest/lib/Door.cs", "guest/lib/Native.cs", "tests/csharp/Main.cs"].map(|file| root.join(file));
    let compiler = COMPILER.get().expect("a C# compiler");
    let mut compile = mono(&compiler);
    compile
        .arg(&compiler)
        .args(["-langversion:5", "-warnaserror", "-nologo"])
        .arg(format!("-out:{}", program.display()));
    run::output(compile.args(sources)).expect("compiles");
    let printed = run::output(mono(&compiler).arg(&program)).expect("runs");
    let lines: Vec<&str> = printed.lines().collect();
    // Whatever the size of the blocks, the bytes are the same; another seed gives others.
    assert_eq!(lines, [digest(1 << 20, 7), digest(1 << 20, 7), digest(1 << 20, 8)]);
    assert_ne!(lines[0], lines[2]);
}
