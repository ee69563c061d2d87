//! How long the simulation itself takes: 1,000 disk I/Os and 1,000 packets each way.
#![allow(missing_docs)]

#[path = "../tests/common/mod.rs"]
mod common;

use std::time::Instant;

use common::Front;
use xenbus::seam::{Access, GrantTable};
use xensim::{BlockConfig, NicConfig, Xen};

fn main() {
    let start = Instant::now();
    let xen = Xen::builder().disk(BlockConfig::new(51712, 64)).nic(NicConfig::new(0)).build();
    let guest = xen.direct();
    guest.run();
    println!("built in {:?}", start.elapsed());
    let mut front = Front::connect(&guest, 51712, 0, &[]);
    let start = Instant::now();
    for number in 0..1000u64 {
        let (page, grant) = front.data_page(number as u8, Access::ReadOnly);
        assert_eq!(front.io(&Front::direct(1, number, number * 8, &[(grant.raw(), 0, 7)])), 0);
        guest.end_access(grant).expect("unmapped");
        drop(page);
    }
    println!("1,000 writes of 4 KiB in {:?}", start.elapsed());
    xen.assert_clean();
}
