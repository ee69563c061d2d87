//! What must not creep up: allocations are none, instructions stay below a bound (half as much again as they were
//! when the bound was set, in an optimised build).

use benches::{allocations, block, operations};

/// A name, the most instructions it may take, and the operation.
type Cost = (&'static str, u64, Box<dyn FnMut()>);

fn operations() -> [Cost; 6] {
    [
        ("front-end's round", 450, Box::new(operations::front_round())),
        ("whole round", 850, Box::new(operations::ring_round())),
        ("grant and end", 220, Box::new(operations::grant_and_end())),
        ("64 grants and ends", 16_500, Box::new(operations::grants_and_ends(64))),
        ("4 KiB read of a disk, both ends", 3_400, Box::new(block::reads(1))),
        ("32 reads of 4 KiB at once, both ends", 86_000, Box::new(block::reads(32))),
    ]
}

#[test]
fn nothing_is_allocated_per_operation() {
    for (name, _, mut operation) in operations() {
        operation();
        let allocated = allocations::count(|| {
            for _ in 0..10_000 {
                operation();
            }
        });
        assert_eq!(allocated, 0, "{name}");
    }
}

#[test]
#[cfg(all(target_os = "linux", target_arch = "x86_64", not(debug_assertions)))]
fn instructions_stay_in_bounds() {
    for (name, bound, operation) in operations() {
        let instructions = benches::instructions::per_call(operation);
        println!("{name}: {instructions} instructions");
        assert!(instructions <= bound, "{name}: {instructions} instructions, at most {bound}");
    }
}
