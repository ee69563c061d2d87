//! The scripts that run in Windows; they are part of this program.

/// Paths below the payload image and their content.
pub const FILES: &[(&str, &str)] = &[
    ("guest/Setup.ps1", include_str!("../guest/Setup.ps1")),
    ("guest/Agent.ps1", include_str!("../guest/Agent.ps1")),
    ("guest/Run.ps1", include_str!("../guest/Run.ps1")),
    ("guest/lib/Wire.ps1", include_str!("../guest/lib/Wire.ps1")),
    ("guest/lib/Place.ps1", include_str!("../guest/lib/Place.ps1")),
    ("guest/lib/Door.ps1", include_str!("../guest/lib/Door.ps1")),
    ("guest/lib/Door.cs", include_str!("../guest/lib/Door.cs")),
    ("guest/lib/Test.ps1", include_str!("../guest/lib/Test.ps1")),
    ("guest/lib/Native.cs", include_str!("../guest/lib/Native.cs")),
    ("guest/tests/Install.ps1", include_str!("../guest/tests/Install.ps1")),
    ("guest/tests/Verifier.ps1", include_str!("../guest/tests/Verifier.ps1")),
    ("guest/tests/Disk.ps1", include_str!("../guest/tests/Disk.ps1")),
    ("guest/tests/Net.ps1", include_str!("../guest/tests/Net.ps1")),
    ("guest/tests/Devices.ps1", include_str!("../guest/tests/Devices.ps1")),
    ("guest/tests/Power.ps1", include_str!("../guest/tests/Power.ps1")),
    ("guest/tests/Crash.ps1", include_str!("../guest/tests/Crash.ps1")),
    ("guest/tests/DevFund.ps1", include_str!("../guest/tests/DevFund.ps1")),
    ("guest/tests/Collect.ps1", include_str!("../guest/tests/Collect.ps1")),
    ("guest/selftest/Selftest.ps1", include_str!("../guest/selftest/Selftest.ps1")),
    ("guest/selftest/vectors.txt", include_str!("../guest/selftest/vectors.txt")),
];

/// The name of the function that runs a test: `disk.flush` is `Test-DiskFlush`.
#[must_use]
pub fn function(run: &str) -> String {
    let parts = run.split('.').map(|part| {
        let mut letters = part.chars();
        let first = letters.next().map(|letter| letter.to_ascii_uppercase());
        first.into_iter().chain(letters).collect::<String>()
    });
    format!("Test-{}", parts.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::KNOWN;

    #[test]
    fn every_known_test_has_its_function() {
        for (run, ..) in KNOWN {
            let line = format!("function {} {{", function(run));
            let there = FILES.iter().any(|(_, text)| text.lines().any(|found| found == line));
            assert!(there, "{line}");
        }
    }

    #[test]
    fn every_script_in_the_folder_is_part_of_the_program() {
        fn walk(dir: &std::path::Path, found: &mut Vec<String>) {
            for entry in std::fs::read_dir(dir).expect("folder") {
                let path = entry.expect("entry").path();
                if path.is_dir() { walk(&path, found) } else { found.push(path.display().to_string()) }
            }
        }
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("guest");
        let mut found = Vec::new();
        walk(&root, &mut found);
        assert_eq!(found.len(), FILES.len(), "{found:?}");
    }
}
