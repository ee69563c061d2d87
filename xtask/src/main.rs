//! Every developer and CI action.

fn main() {}
