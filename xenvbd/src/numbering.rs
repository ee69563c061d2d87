//! From virtual devices to target numbers: the same disk is the same target in every boot, because
//! Windows' boot configuration may refer to it.

/// Most targets on the adapter's one bus.
pub const TARGETS: usize = 128;

/// The index of the disk that a virtual device number names (public header `io/blkif.h`, appendix on
/// device numbers): `xvda` and `hda` and `sda` are 0. `None` for partitions and unknown majors.
#[must_use]
pub fn disk_index(vdev: u32) -> Option<u32> {
    if vdev & 1 << 28 != 0 {
        // Extended xvd: disk << 8 | partition.
        return (vdev & 0xff == 0).then_some((vdev & !(1 << 28)) >> 8);
    }
    let (major, minor) = (vdev >> 8, vdev & 0xff);
    match major {
        202 | 8 => (minor % 16 == 0).then_some(minor / 16),
        3 => (minor % 64 == 0).then_some(minor / 64),
        22 => (minor % 64 == 0).then_some(2 + minor / 64),
        33 => (minor % 64 == 0).then_some(4 + minor / 64),
        34 => (minor % 64 == 0).then_some(6 + minor / 64),
        _ => None,
    }
}

/// The target for a device: its disk index, or where that is taken (or there is none) the highest free
/// number. `taken` says which numbers other devices have.
#[must_use]
pub fn target_for(vdev: u32, taken: impl Fn(u8) -> bool) -> Option<u8> {
    let wanted =
        disk_index(vdev).and_then(|index| u8::try_from(index).ok()).filter(|id| usize::from(*id) < TARGETS);
    match wanted {
        Some(id) if !taken(id) => Some(id),
        _ => (0..TARGETS as u8).rev().find(|id| !taken(*id)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_indexes() {
        for (vdev, index) in [
            (51712, Some(0)),
            (51728, Some(1)),
            (51952, Some(15)),
            (1 << 28 | 16 << 8, Some(16)),
            (768, Some(0)),
            (832, Some(1)),
            (5632, Some(2)),
            (5696, Some(3)),
            (2048, Some(0)),
            (2064, Some(1)),
            (51713, None),
            (769, None),
            (7 << 8, None),
        ] {
            assert_eq!(disk_index(vdev), index, "{vdev}");
        }
    }

    #[test]
    fn conflicts_go_to_the_other_end() {
        assert_eq!(target_for(51712, |_| false), Some(0));
        assert_eq!(target_for(768, |id| id == 0), Some(127));
        assert_eq!(target_for(51713, |id| id == 127), Some(126));
        assert_eq!(target_for(51712, |_| true), None);
    }
}
