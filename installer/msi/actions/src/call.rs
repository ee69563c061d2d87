//! What is called, and what its words and exit codes mean.

/// Exit code of the setup program and of Windows Installer: done, and a reboot is needed.
pub const REBOOT_REQUIRED: i32 = 3010;

/// A call of the setup program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Path of the program.
    pub program: String,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Whether it undoes something: then a failure is only logged, as nothing could react to it.
    pub rollback: bool,
}

impl Call {
    /// What the user sees while it runs.
    #[must_use]
    pub fn text(&self) -> &'static str {
        match (self.arguments.first().map_or("", String::as_str), self.rollback) {
            ("check", _) => "Checking this computer",
            ("uninstall", false) => "Removing the drivers",
            ("uninstall", true) => "Undoing the removal of the drivers",
            (_, false) => "Installing the drivers",
            (_, true) => "Undoing the installation of the drivers",
        }
    }
}

/// Reads a deferred action's data: `verb|installation folder|REPLACEOTHERS|LOGFILE`.
///
/// # Errors
/// Data that is not of this form, in words.
pub fn parse(data: &str) -> Result<Call, String> {
    let fields: Vec<&str> = data.split('|').collect();
    let [verb, folder, replace, log] = fields[..] else {
        return Err(format!("the custom action has malformed data: {data}"));
    };
    let (verb, rollback) = match verb.strip_suffix("-rollback") {
        Some(verb) => (verb, true),
        None => (verb, false),
    };
    if !["check", "install", "uninstall"].contains(&verb)
        || (verb == "check" && rollback)
        || folder.is_empty()
    {
        return Err(format!("the custom action has malformed data: {data}"));
    }
    let folder = if folder.ends_with('\\') { folder.to_owned() } else { format!("{folder}\\") };
    let mut arguments = vec![verb.to_owned()];
    if rollback {
        arguments.push("--rollback".to_owned());
    }
    arguments.extend(["--package".to_owned(), format!("{folder}drivers")]);
    if replace == "1" && verb != "uninstall" && !rollback {
        arguments.push("--replace-others".to_owned());
    }
    if !log.is_empty() {
        arguments.extend(["--log".to_owned(), log.to_owned()]);
    }
    Ok(Call { program: format!("{folder}xenpv-setup.exe"), arguments, rollback })
}

/// What follows from an exit code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Go on.
    Done,
    /// Go on, and reboot at the end.
    Reboot,
    /// Stop, with this text for the administrator.
    Failed(String),
}

/// Judges how the program ended; `last` is the last line that it wrote to its error stream.
#[must_use]
pub fn ending(code: Option<i32>, last: &str) -> Ending {
    match code {
        Some(0) => Ending::Done,
        Some(REBOOT_REQUIRED) => Ending::Reboot,
        code => {
            let said = last.trim();
            let said = said.strip_prefix("error: ").unwrap_or(said);
            Ending::Failed(if said.is_empty() {
                let code = code.map_or_else(|| "none".to_owned(), |code| format!("{code:#x}"));
                format!(
                    "xenpv-setup.exe ended with exit code {code} and did not say why. Its log file and the event log may tell more."
                )
            } else {
                sentence(said)
            })
        }
    }
}

/// A program's line as a sentence in a dialog.
fn sentence(line: &str) -> String {
    let mut letters = line.chars();
    let first: String = letters.next().map(|letter| letter.to_uppercase().collect()).unwrap_or_default();
    let end = if line.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{first}{}{end}", letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls() {
        let call = parse("install|C:\\Program Files\\XenPV\\|1|C:\\a b.log").expect("parses");
        assert_eq!(call.program, "C:\\Program Files\\XenPV\\xenpv-setup.exe");
        assert_eq!(
            call.arguments,
            [
                "install",
                "--package",
                "C:\\Program Files\\XenPV\\drivers",
                "--replace-others",
                "--log",
                "C:\\a b.log"
            ]
        );
        assert!(!call.rollback);
        let call = parse("uninstall-rollback|C:\\XenPV||").expect("parses");
        assert_eq!(call.arguments, ["uninstall", "--rollback", "--package", "C:\\XenPV\\drivers"]);
        assert!(call.rollback);
        assert_eq!(call.text(), "Undoing the removal of the drivers");
        assert_eq!(parse("uninstall|C:\\XenPV\\|1|").expect("parses").arguments.len(), 3);
        let call = parse("check|C:\\XenPV\\|1|").expect("parses");
        assert_eq!(call.arguments, ["check", "--package", "C:\\XenPV\\drivers", "--replace-others"]);
        assert_eq!(call.text(), "Checking this computer");
        for data in
            ["", "install", "install|||", "status|C:\\||", "install|C:\\|1|x|y", "check-rollback|C:\\||"]
        {
            assert!(parse(data).is_err(), "{data}");
        }
    }

    #[test]
    fn endings() {
        assert_eq!(ending(Some(0), "error: x"), Ending::Done);
        assert_eq!(ending(Some(3010), ""), Ending::Reboot);
        assert_eq!(ending(Some(1603), "error: No room.\r\n"), Ending::Failed("No room.".to_owned()));
        assert_eq!(ending(Some(1603), "error: éa, b"), Ending::Failed("Éa, b.".to_owned()));
        let Ending::Failed(text) = ending(Some(-1_073_741_819), "") else { panic!("failed") };
        assert!(text.contains("0xc0000005"), "{text}");
        assert!(matches!(ending(None, ""), Ending::Failed(_)));
    }
}
