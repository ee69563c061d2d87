//! `docs/features.md` and `docs/hlk.md` name tests; here they are looked up, so that the pages cannot drift away
//! from the tree.

#[cfg(test)]
mod tests {
    use std::fs;

    use host::run;

    /// The tests that a page names: text in backquotes within table rows.
    fn named(page: &str) -> Vec<String> {
        page.lines()
            .filter(|line| line.starts_with('|'))
            .filter_map(|line| line.trim_end_matches('|').rsplit('|').next())
            .flat_map(|cell| cell.split('`').skip(1).step_by(2))
            .map(str::to_owned)
            .collect()
    }

    /// What is wrong with a name, if anything.
    fn fault(name: &str) -> Option<String> {
        let (file, function) =
            name.split_once('#').map_or((name, None), |(file, function)| (file, Some(function)));
        let text = match fs::read_to_string(run::root().join(file)) {
            Ok(text) => text,
            Err(error) => return Some(format!("{name}: {error}")),
        };
        let function = function?;
        let forms = ["fn {}(", "fn {}<", "function {} {"];
        let there = forms.iter().any(|form| text.contains(&form.replacen("{}", function, 1)));
        (!there).then(|| format!("{name}: {file} has no function {function}"))
    }

    #[test]
    fn every_named_test_exists() {
        for page in ["docs/features.md", "docs/hlk.md"] {
            let text = fs::read_to_string(run::root().join(page)).expect(page);
            let faults: Vec<String> = named(&text).iter().filter_map(|name| fault(name)).collect();
            assert!(faults.is_empty(), "{page} names what is not there:\n{}", faults.join("\n"));
        }
    }

    #[test]
    fn a_missing_test_is_found() {
        assert_eq!(named("| a | b | `x.rs#y`, `z.sh` |"), ["x.rs#y", "z.sh"]);
        assert!(fault("no/such/file.rs#f").is_some());
        assert!(fault("xtask/src/features.rs#no_such_function").is_some());
        assert!(fault("xtask/src/features.rs#a_missing_test_is_found").is_none());
        assert!(fault("tests/winhost/guest/tests/Disk.ps1#Test-DiskFlush").is_none());
        assert!(fault("tests/winhost/guest/tests/Disk.ps1#Test-Disk").is_some());
    }
}
