//! What a packet costs the network front-end: no allocation, few notifications, all pages recycled, and a budget
//! of instructions (a third above what was measured when it was set, in an optimised build). The back-end's part of the
//! ring, which answers at once, is in the figures.

use benches::{allocations, net};

/// A name, packets per round, the most instructions for a packet, and the round.
type Round = (&'static str, u64, u64, Box<dyn FnMut() -> net::Cost>);

fn rounds() -> [Round; 6] {
    [
        ("send 64 B", 32, 1_000, Box::new(net::sends(64, 32))),
        ("send 1500 B", 32, 1_000, Box::new(net::sends(1500, 32))),
        ("large send of 64 KiB", 8, 10_000, Box::new(net::sends(65_000, 8))),
        ("receive 64 B", 32, 1_000, Box::new(net::receives(64, 32))),
        ("receive 1500 B", 32, 1_000, Box::new(net::receives(1500, 32))),
        ("receive 64 KiB", 8, 10_000, Box::new(net::receives(65_000, 8))),
    ]
}

#[test]
fn packets_cost_no_memory_and_few_notifications() {
    for (name, _, _, mut round) in rounds() {
        round();
        let mut total = net::Cost::default();
        let allocated = allocations::count(|| {
            for _ in 0..1000 {
                let cost = round();
                total.packets += cost.packets;
                total.notifications += cost.notifications;
                total.posted += cost.posted;
                total.recycled += cost.recycled;
            }
        });
        println!("{name}: {total:?}");
        assert_eq!(allocated, 0, "{name}");
        // A frame on the wire is 1448 bytes of a large send.
        let frames = if name.starts_with("large") { total.packets * 45 } else { total.packets };
        assert!(total.notifications * 32 <= frames, "{name}: {} for {frames} frames", total.notifications);
        assert!(total.recycled * 100 >= total.posted * 99, "{name}: {total:?}");
    }
}

#[test]
#[cfg(all(target_os = "linux", target_arch = "x86_64", not(debug_assertions)))]
fn packets_stay_within_their_budget() {
    for (name, packets, bound, mut round) in rounds() {
        let instructions = benches::instructions::per_call(|| {
            round();
        }) / packets;
        println!("{name}: {instructions} instructions of at most {bound}");
        assert!(instructions <= bound, "{name}: {instructions} instructions, at most {bound}");
    }
}
