//! Rings and grants: ns by criterion; instructions and allocations counted once.
#![allow(missing_docs, reason = "criterion's macros")]

use benches::{allocations, operations};
use criterion::{Criterion, criterion_group, criterion_main};

fn measure(criterion: &mut Criterion, name: &str, mut operation: impl FnMut()) {
    operation();
    let allocated = allocations::count(&mut operation);
    assert_eq!(allocated, 0, "{name} allocates");
    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    println!(
        "{name}: {} instructions, {allocated} allocations",
        benches::instructions::per_call(&mut operation)
    );
    criterion.bench_function(name, |bencher| bencher.iter(&mut operation));
}

fn all(criterion: &mut Criterion) {
    measure(criterion, "ring: push, publish, pop (front-end)", operations::front_round());
    measure(criterion, "ring: whole round (both ends)", operations::ring_round());
    measure(criterion, "grant: grant, end", operations::grant_and_end());
    measure(criterion, "grant: 64 grants, 64 ends", operations::grants_and_ends(64));
}

criterion_group!(benches, all);
criterion_main!(benches);
