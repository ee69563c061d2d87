//! What the seeds of a campaign have been through, added up: state × event × fault, and what never happened.

use std::{collections::BTreeMap, fmt::Write};

use ntsim::coverage::{self, Room, Triple};

use crate::rig::Rig;

/// Tables of many runs, added up.
#[derive(Default)]
pub struct Total(BTreeMap<Triple, u64>);

/// Pairs of state and event that drivers of our kinds go through: what a campaign is expected to meet.
pub const EXPECTED: &[(Room, &str, &str)] = &[
    (Room::Storport, "Finding", "HwFindAdapter"),
    (Room::Storport, "Initializing", "HwInitialize"),
    (Room::Storport, "Initializing", "HwPassiveInitialize"),
    (Room::Storport, "Initializing", "HwAdapterControl"),
    (Room::Storport, "Running", "HwBuildIo"),
    (Room::Storport, "Running", "HwStartIo"),
    (Room::Storport, "Removed", "HwAdapterControl"),
    (Room::Storport, "Stopped", "HwAdapterControl"),
    (Room::Ndis, "Initializing", "MiniportInitializeEx"),
    (Room::Ndis, "Restarting", "MiniportRestart"),
    (Room::Ndis, "Pausing", "MiniportPause"),
    (Room::Ndis, "Running", "MiniportOidRequest"),
    (Room::Ndis, "Running", "MiniportSendNetBufferLists"),
    (Room::Ndis, "Running", "MiniportReturnNetBufferLists"),
    (Room::Ndis, "Running", "MiniportCheckForHangEx"),
    (Room::Ndis, "Pausing", "MiniportReturnNetBufferLists"),
    (Room::Ndis, "Paused", "MiniportOidRequest"),
    (Room::Ndis, "Paused", "MiniportHaltEx"),
    (Room::Ndis, "Running", "MiniportDevicePnPEventNotify"),
    (Room::Ndis, "Running", "MiniportShutdownEx"),
    (Room::Pnp, "IRP_MN_START_DEVICE", "IRP_MN_START_DEVICE"),
    (Room::Pnp, "IRP_MN_QUERY_STOP_DEVICE", "IRP_MN_QUERY_STOP_DEVICE"),
    (Room::Pnp, "IRP_MN_STOP_DEVICE", "IRP_MN_STOP_DEVICE"),
    (Room::Pnp, "IRP_MN_CANCEL_STOP_DEVICE", "IRP_MN_CANCEL_STOP_DEVICE"),
    (Room::Pnp, "IRP_MN_QUERY_REMOVE_DEVICE", "IRP_MN_QUERY_REMOVE_DEVICE"),
    (Room::Pnp, "IRP_MN_CANCEL_REMOVE_DEVICE", "IRP_MN_CANCEL_REMOVE_DEVICE"),
    (Room::Pnp, "IRP_MN_SURPRISE_REMOVAL", "IRP_MN_SURPRISE_REMOVAL"),
    (Room::Pnp, "IRP_MN_REMOVE_DEVICE", "IRP_MN_REMOVE_DEVICE"),
    (Room::Pnp, "IRP_MN_QUERY_INTERFACE", "IRP_MN_QUERY_INTERFACE"),
    (Room::Pnp, "IRP_MN_QUERY_DEVICE_RELATIONS", "IRP_MN_QUERY_DEVICE_RELATIONS"),
];

impl Total {
    /// Adds the run of `rig`, which must be the last that ran on this thread.
    ///
    /// # Panics
    /// When it is not.
    pub fn add(&mut self, rig: &Rig) {
        assert!(std::ptr::eq(ntsim::kernel(), rig.sim.kernel()), "another guest has run since");
        for (triple, count) in coverage::seen() {
            *self.0.entry(triple).or_default() += count;
        }
    }

    /// Number of different state × event × fault triples.
    #[must_use]
    pub fn triples(&self) -> usize {
        self.0.len()
    }

    /// Number of different triples with a fault.
    #[must_use]
    pub fn with_faults(&self) -> usize {
        self.0.keys().filter(|t| !t.3.is_empty()).count()
    }

    /// Expected pairs that no run has met.
    #[must_use]
    pub fn never(&self) -> Vec<(Room, &'static str, &'static str)> {
        let met = |e: &&(Room, &'static str, &'static str)| self.0.keys().any(|t| (t.0, t.1, t.2) == **e);
        EXPECTED.iter().filter(|e| !met(e)).copied().collect()
    }

    /// The whole table, room by room and state by state: each event with how often it came, and the faults that fell
    /// into it. Then what never happened.
    #[must_use]
    pub fn report(&self) -> String {
        let mut table: BTreeMap<_, BTreeMap<_, BTreeMap<_, (u64, String)>>> = BTreeMap::new();
        let mut kinds: BTreeMap<&str, (u64, usize)> = BTreeMap::new();
        for ((room, state, event, fault), count) in &self.0 {
            let cell = table.entry(room).or_default().entry(state).or_default().entry(event).or_default();
            if fault.is_empty() {
                cell.0 += count;
            } else {
                let _ = write!(cell.1, "{}{fault} {count}", if cell.1.is_empty() { "" } else { ", " });
                let kind = kinds.entry(fault).or_default();
                *kind = (kind.0 + count, kind.1 + 1);
            }
        }
        let mut out = String::new();
        for (room, states) in table {
            let _ = writeln!(out, "{room:?}");
            for (state, events) in states {
                let _ = writeln!(out, "  {state}");
                for (event, (count, faults)) in events {
                    let mark = if faults.is_empty() { "" } else { "  failed: " };
                    let _ = writeln!(out, "    {event:<40} {count:>9}{mark}{faults}");
                }
            }
        }
        let _ = writeln!(out, "Injected failures, and how many pairs of state and event they fell into");
        for (kind, (count, pairs)) in kinds {
            let _ = writeln!(out, "    {kind:<40} {count:>9}  in {pairs}");
        }
        let never = self.never();
        let _ = writeln!(out, "Expected, and never met: {}", never.len());
        for (room, state, event) in never {
            let _ = writeln!(out, "    {room:?}: {state} x {event}");
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_report_tells_what_was_met_and_what_was_not() {
        let mut total = Total::default();
        total.0.insert((Room::Storport, "Running", "HwStartIo", ""), 7);
        total.0.insert((Room::Storport, "Running", "HwStartIo", "pool"), 2);
        total.0.insert((Room::Storport, "Running", "HwStartIo", "mdl"), 1);
        let text = total.report();
        let line = text.lines().find(|line| line.contains("HwStartIo")).expect("the event");
        assert!(line.ends_with("7  failed: mdl 1, pool 2"), "{text}");
        assert!(text.contains(&format!("never met: {}", EXPECTED.len() - 1)), "{text}");
        assert!(!total.never().contains(&(Room::Storport, "Running", "HwStartIo")));
        assert_eq!((total.triples(), total.with_faults()), (3, 2));
    }
}
