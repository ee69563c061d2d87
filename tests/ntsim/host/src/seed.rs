//! The seed's decisions.

use std::cell::Cell;

/// A small deterministic generator (splitmix64).
pub struct Seed(Cell<u64>);

impl Seed {
    /// Starts from a seed.
    pub fn new(seed: u64) -> Self {
        Self(Cell::new(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x5DEE_CE66_D1CE_4E5B))
    }

    /// Next 64 bits.
    pub fn next(&self) -> u64 {
        let s = self.0.get().wrapping_add(0x9E37_79B9_7F4A_7C15);
        self.0.set(s);
        let z = (s ^ (s >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `n` (n ≥ 1).
    pub fn below(&self, n: u32) -> u32 {
        (((self.next() >> 32) * n as u64) >> 32) as u32
    }

    /// True once in `n` times on average.
    pub fn one_in(&self, n: u32) -> bool {
        self.below(n) == 0
    }
}
