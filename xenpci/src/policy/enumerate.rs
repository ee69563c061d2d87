//! Which children there should be, and what has to change for it.

use alloc::{string::String, vec::Vec};

/// Most network interfaces that are taken; a store that names more is not believed.
pub const NICS_MAX: usize = 256;

/// A name under `device/vif` or `device/vbd`: a number, written as xenstore writes it.
#[must_use]
pub fn parse_id(name: &str) -> Option<u32> {
    // "+1", "01" or "" would give two names to one device.
    let plain = name == "0" || (!name.is_empty() && !name.starts_with('0'));
    if plain && name.bytes().all(|b| b.is_ascii_digit()) { name.parse().ok() } else { None }
}

/// The devices that a listing names, sorted, without doubles and nonsense.
#[must_use]
pub fn parse_ids(names: &[String]) -> Vec<u32> {
    let mut ids: Vec<u32> = names.iter().filter_map(|name| parse_id(name)).collect();
    ids.sort_unstable();
    ids.dedup();
    ids.truncate(NICS_MAX);
    ids
}

/// What xenstore says about a device directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// The directory is there and the back-end wants to serve it.
    Wanted,
    /// The directory is there, but the back-end closes it or the toolstack takes it away
    /// (`online` is 0).
    Leaving,
    /// Left to the emulated hardware.
    Emulated,
}

/// Judges a device by the back-end's xenbus state (`XenbusState`, io/xenbus.h) and whether `online`
/// is 0. A back-end that closes while it stays online restarts: the front-end reconnects. One that
/// is gone altogether (no state) with its front-end's directory still there is being made or unmade.
#[must_use]
pub fn judge(backend_state: Option<u32>, offline: bool) -> Seen {
    const CLOSING: u32 = 5;
    const CLOSED: u32 = 6;
    match backend_state {
        Some(CLOSING | CLOSED) if offline => Seen::Leaving,
        _ => Seen::Wanted,
    }
}

/// A child that exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Child {
    /// Its number.
    pub id: u32,
    /// It was already reported missing or surprise-removed, and Windows still has to remove it.
    pub leaving: bool,
}

/// A step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Make the child.
    Create(u32),
    /// Ask Windows for it (`IoRequestDeviceEject`); it stays until Windows lets go.
    Eject(u32),
    /// Report it missing.
    Remove(u32),
}

/// The steps from `children` to what was `seen` (sorted by number).
///
/// A child that is on its way out keeps its number: a device that was plugged again meanwhile is
/// made when the old one is gone, because two PDOs of one instance may not exist at once. The
/// removal of the old one leads to another look.
#[must_use]
pub fn diff(children: &[Child], seen: &[(u32, Seen)]) -> Vec<Step> {
    let mut steps = Vec::new();
    for child in children.iter().filter(|child| !child.leaving) {
        match seen.iter().find(|(id, _)| *id == child.id) {
            None => steps.push(Step::Remove(child.id)),
            Some((_, Seen::Leaving)) => steps.push(Step::Eject(child.id)),
            Some((_, Seen::Wanted | Seen::Emulated)) => {}
        }
    }
    for (id, what) in seen {
        if *what == Seen::Wanted && !children.iter().any(|child| child.id == *id) {
            steps.push(Step::Create(*id));
        }
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn here(id: u32) -> Child {
        Child { id, leaving: false }
    }

    #[test]
    fn names_that_are_not_plain_numbers_are_ignored() {
        let names = ["1", "0", "01", "-1", "+2", "", "4294967296", "7x", "1", "4294967295"];
        let names: Vec<String> = names.iter().map(|s| String::from(*s)).collect();
        assert_eq!(parse_ids(&names), vec![0, 1, u32::MAX]);
    }

    #[test]
    fn a_flood_of_names_is_cut() {
        let names: Vec<String> = (0..5000).map(|n| alloc::format!("{n}")).collect();
        assert_eq!(parse_ids(&names).len(), NICS_MAX);
    }

    #[test]
    fn only_a_closing_back_end_that_is_offline_takes_its_device_along() {
        assert_eq!(judge(Some(5), true), Seen::Leaving);
        assert_eq!(judge(Some(6), true), Seen::Leaving);
        assert_eq!(judge(Some(5), false), Seen::Wanted, "it restarts");
        assert_eq!(judge(Some(4), true), Seen::Wanted, "not yet");
        assert_eq!(judge(None, true), Seen::Wanted);
        assert_eq!(judge(Some(99), true), Seen::Wanted);
    }

    #[test]
    fn plug_and_unplug() {
        assert_eq!(diff(&[], &[(0, Seen::Wanted), (2, Seen::Wanted)]), [Step::Create(0), Step::Create(2)]);
        assert_eq!(diff(&[here(0), here(2)], &[(2, Seen::Wanted)]), [Step::Remove(0)]);
        assert_eq!(diff(&[here(0)], &[(0, Seen::Leaving)]), [Step::Eject(0)]);
        assert_eq!(diff(&[here(0)], &[(0, Seen::Wanted)]), []);
    }

    #[test]
    fn a_device_that_never_was_wanted_is_not_made() {
        assert_eq!(diff(&[], &[(0, Seen::Leaving), (1, Seen::Emulated)]), []);
    }

    #[test]
    fn a_number_is_not_reused_while_its_old_device_leaves() {
        let leaving = Child { id: 3, leaving: true };
        assert_eq!(diff(&[leaving], &[(3, Seen::Wanted)]), []);
        assert_eq!(diff(&[leaving], &[]), [], "and it is not removed twice");
        assert_eq!(diff(&[], &[(3, Seen::Wanted)]), [Step::Create(3)]);
    }
}
