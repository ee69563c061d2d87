//! How this boot was started: the string `SystemStartOptions` under
//! `HKLM\SYSTEM\CurrentControlSet\Control`, which holds the loader's options in capitals.

/// What the options say that matters here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BootOptions {
    /// `SAFEBOOT:…`: Safe Mode.
    pub safe_mode: bool,
    /// `MININT`: Windows PE, setup or a recovery image.
    pub mini_nt: bool,
    /// `XENPV:NOUNPLUG`, set by an administrator with `bcdedit /set {current} loadoptions XENPV:NOUNPLUG`.
    pub no_unplug: bool,
}

/// Reads the options. They are separated by blanks, with or without a slash in front; case does not
/// matter.
#[must_use]
pub fn parse(options: &str) -> BootOptions {
    let mut found = BootOptions::default();
    for option in options.split_whitespace() {
        let option = option.trim_start_matches('/');
        let (name, value) = option.split_once([':', '=']).unwrap_or((option, ""));
        if name.eq_ignore_ascii_case("SAFEBOOT") {
            found.safe_mode = true;
        } else if name.eq_ignore_ascii_case("MININT") {
            found.mini_nt = true;
        } else if name.eq_ignore_ascii_case("XENPV") {
            found.no_unplug |= value.split(',').any(|word| word.eq_ignore_ascii_case("NOUNPLUG"));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ordinary_boot_says_nothing() {
        assert_eq!(parse(" NOEXECUTE=OPTIN  FVEBOOT=1234  NOVGA"), BootOptions::default());
        assert_eq!(parse(""), BootOptions::default());
        assert_eq!(parse("XENPV SAFEBOOTX MININTS"), BootOptions::default());
    }

    #[test]
    fn safe_mode_setup_and_the_veto_are_seen() {
        assert!(parse("NOEXECUTE=OPTIN SAFEBOOT:MINIMAL(ALTERNATESHELL) SOS").safe_mode);
        assert!(parse(" MININT  RDPATH=MULTI(0)").mini_nt);
        assert!(parse("/minint").mini_nt);
        assert!(parse("NOEXECUTE=OPTIN XENPV:NOUNPLUG").no_unplug);
        assert!(parse("xenpv=debug,nounplug").no_unplug);
    }
}
