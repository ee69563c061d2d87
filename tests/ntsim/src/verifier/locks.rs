//! Lock rules: recursion, order, release at the right IRQL.

/// A lock that a thread or processor holds.
#[derive(Clone, Copy, Debug)]
pub struct Held {
    /// Address.
    pub lock: usize,
}
