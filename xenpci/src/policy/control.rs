//! What the toolstack asks through `control/shutdown` and `control/sysrq`, and what the guest says
//! that it can do (`control/feature-*`; xen.git docs/misc/xenstore-paths.pandoc).

/// A request in `control/shutdown`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shutdown {
    /// Shut down and power off.
    PowerOff,
    /// Shut down and halt, which for Windows is powering off.
    Halt,
    /// Restart.
    Reboot,
    /// Suspend for save or migration.
    Suspend,
    /// Sleep (S3).
    Sleep,
    /// Hibernate (S4).
    Hibernate,
    /// Crash, to take a dump.
    Crash,
}

/// Reads the value of `control/shutdown`: nothing asked, something known, or something that must be
/// left in place so that the toolstack sees it was not understood.
///
/// # Errors
/// Gives back what was not understood.
pub fn parse_shutdown(value: &[u8]) -> Result<Option<Shutdown>, &[u8]> {
    let value = value.trim_ascii();
    Ok(Some(match value {
        b"" => return Ok(None),
        b"poweroff" => Shutdown::PowerOff,
        b"halt" => Shutdown::Halt,
        b"reboot" => Shutdown::Reboot,
        b"suspend" => Shutdown::Suspend,
        b"s3" => Shutdown::Sleep,
        b"s4" | b"hibernate" => Shutdown::Hibernate,
        b"crash" => Shutdown::Crash,
        other => return Err(other),
    }))
}

/// A key in `control/sysrq`, with Linux's letters where Windows has the same thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SysRq {
    /// `c`: crash, to take a dump.
    Crash,
    /// `b`: restart at once.
    Reboot,
    /// `o`: power off at once.
    PowerOff,
    /// `d`: write the debug dump to the console.
    Dump,
    /// `h`: say which keys there are.
    Help,
}

/// Reads the value of `control/sysrq`; `None` when nothing (known) was asked.
#[must_use]
pub fn parse_sysrq(value: &[u8]) -> Option<SysRq> {
    match value.first()?.to_ascii_lowercase() {
        b'c' => Some(SysRq::Crash),
        b'b' => Some(SysRq::Reboot),
        b'o' => Some(SysRq::PowerOff),
        b'd' => Some(SysRq::Dump),
        b'h' | b'?' => Some(SysRq::Help),
        _ => None,
    }
}

/// What works on this system.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Abilities {
    /// SCHEDOP_shutdown(suspend) and the platform behind it.
    pub suspend: bool,
    /// S3 is a state that the machine has.
    pub sleep: bool,
    /// S4 is.
    pub hibernate: bool,
    /// The balloon follows `memory/target`.
    pub balloon: bool,
}

/// The feature nodes under `control/` and whether each works. All are written, also those that do
/// not work: a toolstack takes an absent node for an old guest and may assume anything.
#[must_use]
pub fn features(can: Abilities) -> [(&'static str, bool); 8] {
    [
        ("feature-poweroff", true),
        ("feature-reboot", true),
        ("feature-shutdown", true),
        ("feature-halt", true),
        ("feature-suspend", can.suspend),
        ("feature-s3", can.sleep),
        ("feature-s4", can.hibernate),
        ("feature-balloon", can.balloon),
    ]
}

/// Whether toolstacks refuse service without this feature node, and make it writable for the guest.
#[must_use]
pub fn is_needed(feature: &str) -> bool {
    matches!(feature, "feature-suspend" | "feature-poweroff" | "feature-reboot")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_request_is_known_and_others_are_given_back() {
        assert_eq!(parse_shutdown(b""), Ok(None));
        assert_eq!(parse_shutdown(b"suspend"), Ok(Some(Shutdown::Suspend)));
        assert_eq!(parse_shutdown(b"poweroff\n"), Ok(Some(Shutdown::PowerOff)));
        assert_eq!(parse_shutdown(b"reboot"), Ok(Some(Shutdown::Reboot)));
        assert_eq!(parse_shutdown(b"halt"), Ok(Some(Shutdown::Halt)));
        assert_eq!(parse_shutdown(b"s3"), Ok(Some(Shutdown::Sleep)));
        assert_eq!(parse_shutdown(b"s4"), Ok(Some(Shutdown::Hibernate)));
        assert_eq!(parse_shutdown(b"crash"), Ok(Some(Shutdown::Crash)));
        assert_eq!(parse_shutdown(b"suspen"), Err(&b"suspen"[..]));
        assert_eq!(parse_shutdown(b"\xff\0"), Err(&b"\xff\0"[..]));
    }

    #[test]
    fn sysrq_takes_the_first_letter_only() {
        assert_eq!(parse_sysrq(b""), None);
        assert_eq!(parse_sysrq(b"\0"), None);
        assert_eq!(parse_sysrq(b"c"), Some(SysRq::Crash));
        assert_eq!(parse_sysrq(b"Bx"), Some(SysRq::Reboot));
        assert_eq!(parse_sysrq(b"t"), None);
    }

    #[test]
    fn what_does_not_work_is_said_to_not_work() {
        let said = features(Abilities::default());
        assert!(said.contains(&("feature-suspend", false)));
        assert!(said.contains(&("feature-poweroff", true)));
        let said = features(Abilities { suspend: true, ..Abilities::default() });
        assert!(said.contains(&("feature-suspend", true)));
        assert_eq!(said.iter().filter(|(name, _)| is_needed(name)).count(), 3);
    }
}
