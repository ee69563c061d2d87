//! How the balloon follows `memory/target`.
//!
//! The target is in KiB, counted as the toolstack counts: what the domain may have, video memory
//! included. The distance to `memory/static-max` is what Windows gives up. (xen.git
//! docs/misc/xenstore-paths.pandoc; libxl keeps `memory/target` and `memory/static-max` in one unit.)

/// Pages per step: bounded, so that nothing else waits long.
pub const STEP: u64 = 4096;
/// Windows keeps at least this many pages (512 MiB), whatever the target says.
pub const FLOOR: u64 = 512 * 256;
/// After a step that Windows could not follow, in nanoseconds.
pub const RETRY: u64 = 5_000_000_000;

/// A step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The balloon is as large as it should be.
    Rest,
    /// Take this many pages from Windows and give them to Xen.
    Inflate(u64),
    /// Take this many pages back.
    Deflate(u64),
}

/// Pages that the balloon should hold. `target` and `static_max` in KiB as read from xenstore,
/// `memory` the pages that Windows found at boot. Nonsense from the store gives an empty balloon:
/// a guest with its memory works.
#[must_use]
pub fn wanted(target: Option<u64>, static_max: Option<u64>, memory: u64) -> u64 {
    let (Some(target), Some(static_max)) = (target, static_max) else { return 0 };
    if target == 0 || static_max == 0 || target >= static_max {
        return 0;
    }
    ((static_max - target) / 4).min(memory.saturating_sub(FLOOR))
}

/// The next step of a balloon that holds `held` pages and should hold `wanted`.
#[must_use]
pub fn step(held: u64, wanted: u64) -> Step {
    match held.cmp(&wanted) {
        core::cmp::Ordering::Equal => Step::Rest,
        core::cmp::Ordering::Less => Step::Inflate((wanted - held).min(STEP)),
        core::cmp::Ordering::Greater => Step::Deflate((held - wanted).min(STEP)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1 << 18;

    #[test]
    fn the_distance_to_static_max_is_ballooned() {
        assert_eq!(wanted(Some(1 << 20), Some(2 << 20), 2 * GIB), GIB);
        assert_eq!(wanted(Some(2 << 20), Some(2 << 20), 2 * GIB), 0);
    }

    #[test]
    fn windows_keeps_its_floor_and_nonsense_is_an_empty_balloon() {
        assert_eq!(wanted(Some(1), Some(2 << 20), 2 * GIB), 2 * GIB - FLOOR);
        assert_eq!(wanted(Some(0), Some(2 << 20), 2 * GIB), 0);
        assert_eq!(wanted(Some(3 << 20), Some(2 << 20), 2 * GIB), 0);
        assert_eq!(wanted(None, Some(1), GIB), 0);
        assert_eq!(wanted(Some(5), None, GIB), 0);
        assert_eq!(wanted(Some(1), Some(u64::MAX), 100), 0);
    }

    #[test]
    fn steps_are_bounded_and_end() {
        let (mut held, goal) = (0, 10_000);
        let mut count = 0;
        while let Step::Inflate(pages) = step(held, goal) {
            assert!(pages <= STEP);
            held += pages;
            count += 1;
        }
        assert_eq!((held, count), (goal, 3));
        assert_eq!(step(held, 9_999), Step::Deflate(1));
        assert_eq!(step(held, held), Step::Rest);
    }
}
