//! Commands against expected bytes, as a class driver sends them.

extern crate std;
use std::{vec, vec::Vec};

use blkfront::{
    negotiate::{Discard, Disk},
    request::{Failure, Operation},
};
use proptest::prelude::*;

use super::*;

const GIB: u64 = 1 << 21;

fn disk() -> Disk {
    Disk {
        sectors: GIB,
        block: 512,
        physical_block: 512,
        read_only: false,
        removable: false,
        unpluggable: false,
        cdrom: false,
        flush: true,
        barrier: false,
        discard: None,
        persistent: false,
        indirect: 0,
    }
}

fn thin() -> Disk {
    Disk { discard: Some(Discard { granularity: 8, alignment: 0, secure: false }), ..disk() }
}

fn four_k(native: bool) -> Disk {
    Disk { block: if native { 4096 } else { 512 }, physical_block: 4096, ..disk() }
}

fn unit(disk: &Disk) -> Unit {
    Unit::new(disk, 1 << 20)
}

fn identity() -> Identity {
    Identity::new(None, Some("6b8e3c1a-0000"), 51712, Pages::default())
}

fn run_with(unit: &Unit, cdb: &[u8], data: &dyn DataOut) -> (Action, Vec<u8>) {
    let mut reply = Reply::new();
    let action = execute(unit, &identity(), cdb, data, &mut reply);
    (action, reply.to_vec())
}

fn reply(unit: &Unit, cdb: &[u8]) -> Vec<u8> {
    let (action, reply) = run_with(unit, cdb, &NoData);
    assert_eq!(action, Action::Done, "{cdb:x?}");
    reply
}

fn sense(unit: &Unit, cdb: &[u8]) -> Sense {
    match run_with(unit, cdb, &NoData).0 {
        Action::Fail(sense) => sense,
        other => panic!("{cdb:x?} gave {other:?}"),
    }
}

fn read_16(lba: u64, blocks: u32) -> [u8; 16] {
    let mut cdb = [0; 16];
    cdb[0] = 0x88;
    cdb[2..10].copy_from_slice(&lba.to_be_bytes());
    cdb[10..14].copy_from_slice(&blocks.to_be_bytes());
    cdb
}

#[test]
fn inquiry_says_what_it_is() {
    let data = reply(&unit(&disk()), &[0x12, 0, 0, 0, 96, 0]);
    assert_eq!(data.len(), 96);
    assert_eq!(&data[..8], &[0, 0, 6, 2, 91, 0, 0, 2]);
    assert_eq!(&data[8..36], b"XENPV   PV DISK         1.0 ");
    assert_eq!(reply(&unit(&disk()), &[0x12, 0, 0, 0, 5, 0]).len(), 5);
    let removable = Disk { removable: true, ..disk() };
    assert_eq!(reply(&unit(&removable), &[0x12, 0, 0, 0, 36, 0])[1], 0x80);
    assert_eq!(sense(&unit(&disk()), &[0x12, 0, 0x80, 0, 36, 0]), Sense::INVALID_FIELD);
}

#[test]
fn every_listed_page_exists_and_no_other() {
    for disk in [disk(), thin()] {
        let unit = unit(&disk);
        let list = reply(&unit, &[0x12, 1, 0, 0, 255, 0]);
        assert_eq!(usize::from(list[3]), list.len() - 4);
        for page in 0..=255u8 {
            let cdb = [0x12, 1, page, 0, 255, 0];
            if list[4..].contains(&page) {
                let data = reply(&unit, &cdb);
                assert_eq!(data[1], page);
                let length = usize::from(u16::from_be_bytes([data[2], data[3]]));
                assert_eq!(length + 4, data.len(), "page {page:x}");
            } else {
                assert_eq!(sense(&unit, &cdb), Sense::INVALID_FIELD);
            }
        }
        assert_eq!(list[4..].contains(&0xb2), disk.discard.is_some());
    }
}

#[test]
fn block_limits_and_capacity_agree_on_thin_disks() {
    let thin = Disk { physical_block: 4096, ..thin() };
    let unit = unit(&thin);
    let limits = reply(&unit, &[0x12, 1, 0xb0, 0, 255, 0]);
    assert_eq!(limits.len(), 0x40);
    assert_eq!(&limits[8..12], &2048u32.to_be_bytes());
    assert_eq!(&limits[24..28], &(MAX_RUNS as u32).to_be_bytes());
    assert_eq!(&limits[28..32], &8u32.to_be_bytes());
    assert_eq!(&limits[32..36], &0x8000_0000u32.to_be_bytes());
    let capacity = reply(&unit, &[0x9e, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 32, 0, 0]);
    assert_eq!(capacity[13], 3);
    assert_eq!(capacity[14], 0x80);
    assert_eq!(capacity.len(), 32);
}

#[test]
fn sizes_beyond_32_bits() {
    let huge = Disk { sectors: (1 << 33) + 7, ..disk() };
    let unit = unit(&huge);
    assert_eq!(reply(&unit, &[0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0]), [0xff, 0xff, 0xff, 0xff, 0, 0, 2, 0]);
    let capacity = reply(&unit, &[0x9e, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 12, 0, 0]);
    assert_eq!(capacity[..8], ((1u64 << 33) + 6).to_be_bytes());
    let last = read_16((1 << 33) + 6, 1);
    let expected = Action::Transfer { operation: Operation::Read, sector: (1 << 33) + 6, sectors: 1 };
    assert_eq!(run_with(&unit, &last, &NoData).0, expected);
    assert_eq!(sense(&unit, &read_16((1 << 33) + 6, 2)), Sense::OUT_OF_RANGE);
    assert_eq!(sense(&unit, &read_16(u64::MAX, 2)), Sense::OUT_OF_RANGE);
}

#[test]
fn blocks_become_sectors_of_512_bytes() {
    let native = unit(&four_k(true));
    assert_eq!(
        run_with(&native, &read_16(3, 2), &NoData).0,
        Action::Transfer { operation: Operation::Read, sector: 24, sectors: 16 }
    );
    assert_eq!(&reply(&native, &[0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0])[4..], &4096u32.to_be_bytes());
    let emulated = unit(&four_k(false));
    let capacity = reply(&emulated, &[0x9e, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 32, 0, 0]);
    assert_eq!((&capacity[8..12], capacity[13]), (&512u32.to_be_bytes()[..], 3));
}

#[test]
fn every_form_of_read_and_write_means_the_same() {
    let unit = unit(&disk());
    let read = Action::Transfer { operation: Operation::Read, sector: 0x10203, sectors: 4 };
    for cdb in [
        &[0x08, 1, 2, 3, 4, 0][..],
        &[0x28, 0, 0, 1, 2, 3, 0, 0, 4, 0],
        &[0xa8, 0, 0, 1, 2, 3, 0, 0, 0, 4, 0, 0],
        &[0x88, 0, 0, 0, 0, 0, 0, 1, 2, 3, 0, 0, 0, 4, 0, 0],
    ] {
        assert_eq!(run_with(&unit, cdb, &NoData).0, read);
    }
    for (fua, byte) in [(false, 0), (true, 8)] {
        let write = Action::Transfer { operation: Operation::Write { fua }, sector: 0x10203, sectors: 4 };
        for cdb in [
            &[0x2a, byte, 0, 1, 2, 3, 0, 0, 4, 0][..],
            &[0xaa, byte, 0, 1, 2, 3, 0, 0, 0, 4, 0, 0],
            &[0x8a, byte, 0, 0, 0, 0, 0, 1, 2, 3, 0, 0, 0, 4, 0, 0],
        ] {
            assert_eq!(run_with(&unit, cdb, &NoData).0, write);
        }
    }
    // Six bytes: 0 blocks are 256.
    let all = Action::Transfer { operation: Operation::Read, sector: 0, sectors: 256 };
    assert_eq!(run_with(&unit, &[0x08, 0, 0, 0, 0, 0], &NoData).0, all);
    assert_eq!(run_with(&unit, &read_16(5, 0), &NoData).0, Action::Done);
    // Protection information.
    assert_eq!(sense(&unit, &[0x28, 0x20, 0, 0, 0, 0, 0, 0, 1, 0]), Sense::INVALID_FIELD);
}

#[test]
fn write_protection() {
    let unit = unit(&Disk { read_only: true, ..thin() });
    for cdb in [&[0x2a, 0, 0, 0, 0, 0, 0, 0, 1, 0][..], &[0x0a, 0, 0, 0, 1, 0]] {
        assert_eq!(sense(&unit, cdb), Sense::WRITE_PROTECTED);
    }
    assert_eq!(sense(&unit, &[0x42, 0, 0, 0, 0, 0, 0, 0, 24, 0]), Sense::WRITE_PROTECTED);
    assert_eq!(reply(&unit, &[0x1a, 8, 0x3f, 0, 255, 0])[2] & 0x80, 0x80);
}

#[test]
fn the_cache_is_what_the_back_end_says() {
    let flushing = unit(&disk());
    let page = reply(&flushing, &[0x1a, 8, 8, 0, 255, 0]);
    assert_eq!(page[..7], [23, 0, 0x10, 0, 8, 18, 4]);
    assert_eq!(reply(&flushing, &[0x1a, 8, 0x48, 0, 255, 0])[6], 0);
    let flush = Action::Transfer { operation: Operation::Flush, sector: 0, sectors: 0 };
    assert_eq!(run_with(&flushing, &[0x35, 0, 0, 0, 0, 0, 0, 0, 0, 0], &NoData).0, flush);
    let mut sync_16 = [0; 16];
    sync_16[0] = 0x91;
    assert_eq!(run_with(&flushing, &sync_16, &NoData).0, flush);

    // Never offered: no cache, and a flush is no command of this disk.
    let plain = unit(&Disk { flush: false, ..disk() });
    assert_eq!(reply(&plain, &[0x1a, 8, 8, 0, 255, 0])[6], 0);
    assert_eq!(sense(&plain, &[0x35, 0, 0, 0, 0, 0, 0, 0, 0, 0]), Sense::INVALID_COMMAND);

    // Offered, then refused: nothing may claim to be stable.
    flushing.flush_refused();
    assert_eq!(sense(&flushing, &[0x35, 0, 0, 0, 0, 0, 0, 0, 0, 0]), Sense::INVALID_COMMAND);
    assert_eq!(sense(&flushing, &[0x2a, 8, 0, 0, 0, 0, 0, 0, 1, 0]), Sense::INVALID_FIELD);
    assert_eq!(reply(&flushing, &[0x1a, 8, 8, 0, 255, 0])[6], 4);
}

#[test]
fn mode_sense_forms() {
    let unit = unit(&disk());
    let long = reply(&unit, &[0x5a, 0, 0x3f, 0, 0, 0, 0, 4, 0, 0]);
    assert_eq!(usize::from(u16::from_be_bytes([long[0], long[1]])), long.len() - 2);
    assert_eq!(long[7], 8);
    assert_eq!(&long[8..16], &[0, 0x20, 0, 0, 0, 0, 2, 0]);
    let short = reply(&unit, &[0x1a, 0, 0x1c, 0, 255, 0]);
    assert_eq!(usize::from(short[0]), short.len() - 1);
    assert_eq!(sense(&unit, &[0x1a, 0, 0x05, 0, 255, 0]), Sense::INVALID_FIELD);
    assert_eq!(sense(&unit, &[0x1a, 0, 0xc8, 0, 255, 0]), Sense::NO_SAVING);
    assert_eq!(reply(&unit, &[0x4d, 0, 0x40, 0, 0, 0, 0, 0, 255, 0]), [0, 0, 0, 1, 0]);
    assert_eq!(sense(&unit, &[0x4d, 0, 0x42, 0, 0, 0, 0, 0, 255, 0]), Sense::INVALID_FIELD);
}

#[test]
fn attention_is_told_once_and_not_to_inquiry() {
    let unit = unit(&disk());
    unit.raise(Attention::CapacityChanged);
    unit.raise(Attention::Reset);
    reply(&unit, &[0x12, 0, 0, 0, 36, 0]);
    reply(&unit, &[0xa0, 0, 0, 0, 0, 0, 0, 0, 0, 16, 0, 0]);
    assert_eq!(sense(&unit, &[0, 0, 0, 0, 0, 0]), Sense::RESET);
    assert_eq!(sense(&unit, &read_16(0, 1)), Sense::CAPACITY_CHANGED);
    reply(&unit, &[0, 0, 0, 0, 0, 0]);
    unit.raise(Attention::MediumChanged);
    let data = reply(&unit, &[3, 0, 0, 0, 18, 0]);
    assert_eq!((data[0], data[2], data[12]), (0x70, 6, 0x28));
    reply(&unit, &[0, 0, 0, 0, 0, 0]);
}

#[test]
fn a_resize_is_an_attention_and_the_new_size_counts() {
    let unit = unit(&disk());
    assert_eq!(unit.update(&disk()), None);
    assert_eq!(unit.update(&Disk { sectors: 2 * GIB, ..disk() }), Some(Attention::CapacityChanged));
    assert_eq!(unit.blocks(), 2 * GIB);
    assert!(matches!(run_with(&unit, &read_16(2 * GIB - 1, 1), &NoData).0, Action::Transfer { .. }));
}

fn unmap(runs: &[(u64, u32)]) -> Vec<u8> {
    let mut list = vec![0; 8];
    list[..2].copy_from_slice(&(6 + runs.len() as u16 * 16).to_be_bytes());
    list[2..4].copy_from_slice(&(runs.len() as u16 * 16).to_be_bytes());
    for (lba, blocks) in runs {
        list.extend(lba.to_be_bytes());
        list.extend(blocks.to_be_bytes());
        list.extend([0; 4]);
    }
    list
}

fn run_unmap(unit: &Unit, list: &[u8], length: u16) -> Action {
    let [a, b] = length.to_be_bytes();
    struct Whole<'a>(&'a [u8]);
    impl DataOut for Whole<'_> {
        fn read(&self, offset: usize, to: &mut [u8]) -> bool {
            self.0.read(offset, to)
        }
    }
    run_with(unit, &[0x42, 0, 0, 0, 0, 0, 0, a, b, 0], &Whole(list)).0
}

#[test]
fn unmap_is_checked_before_anything_is_done() {
    let unit = unit(&thin());
    let run = |runs: &[(u64, u32)]| {
        let list = unmap(runs);
        run_unmap(&unit, &list, list.len() as u16)
    };
    assert_eq!(run(&[(8, 16), (100, 0), (64, 8)]), Action::Discard([(8, 16), (64, 8)].into_iter().collect()));
    assert_eq!(run(&[]), Action::Done);
    assert_eq!(run(&[(0, 8), (GIB - 8, 9)]), Action::Fail(Sense::OUT_OF_RANGE));
    assert_eq!(run(&[(u64::MAX, 8)]), Action::Fail(Sense::OUT_OF_RANGE));
    assert_eq!(run(&[(0, 0x80_0001)]), Action::Fail(Sense::INVALID_PARAMETER));
    assert_eq!(run(&[(0, 1); MAX_RUNS + 1]), Action::Fail(Sense::INVALID_PARAMETER));
    assert_eq!(run_unmap(&unit, &unmap(&[(0, 8)]), 7), Action::Fail(Sense::PARAMETER_LENGTH));
    assert_eq!(run_unmap(&unit, &unmap(&[(0, 8)]), 0), Action::Done);
    // The list says more than the initiator sent along.
    assert_eq!(run_unmap(&unit, &unmap(&[(0, 8), (8, 8)])[..24], 40), Action::Fail(Sense::DATA_PHASE));
    let list = unmap(&[(0, 8)]);
    let thick = super::tests::unit(&disk());
    assert_eq!(run_unmap(&thick, &list, list.len() as u16), Action::Fail(Sense::INVALID_COMMAND));
}

#[test]
fn write_same_only_unmaps_whole_units_of_zeroes() {
    let unit = unit(&thin());
    let cdb = |lba: u8, blocks: u8, flags: u8| [0x93, flags, 0, 0, 0, 0, 0, 0, 0, lba, 0, 0, 0, blocks, 0, 0];
    struct Block(u8);
    impl DataOut for Block {
        fn read(&self, _: usize, to: &mut [u8]) -> bool {
            to.fill(self.0);
            true
        }
    }
    let discard = Action::Discard([(8, 16)].into_iter().collect());
    assert_eq!(run_with(&unit, &cdb(8, 16, 8), &Block(0)).0, discard);
    assert_eq!(run_with(&unit, &cdb(8, 16, 9), &NoData).0, discard);
    for (cdb, data) in [
        (cdb(8, 16, 8), Block(1)),
        (cdb(8, 16, 0), Block(0)),
        (cdb(9, 16, 8), Block(0)),
        (cdb(8, 15, 8), Block(0)),
        (cdb(8, 0, 8), Block(0)),
    ] {
        assert_eq!(run_with(&unit, &cdb, &data).0, Action::Fail(Sense::INVALID_FIELD), "{cdb:x?}");
    }
}

#[test]
fn reservations_are_refused() {
    let unit = unit(&disk());
    for opcode in [0x16, 0x17, 0x56, 0x57, 0x5e, 0x5f, 0x15, 0x55, 0xa3, 0x3b] {
        let cdb = [opcode, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(sense(&unit, &cdb), Sense::INVALID_COMMAND, "{opcode:x}");
    }
}

#[test]
fn verify_reads_and_does_not_compare() {
    let unit = unit(&disk());
    let verify = Action::Transfer { operation: Operation::Verify, sector: 1, sectors: 8 };
    assert_eq!(run_with(&unit, &[0x2f, 0, 0, 0, 0, 1, 0, 0, 8, 0], &NoData).0, verify);
    assert_eq!(sense(&unit, &[0x2f, 2, 0, 0, 0, 1, 0, 0, 8, 0]), Sense::INVALID_FIELD);
}

#[test]
fn ejecting_needs_a_removable_medium() {
    let eject = [0x1b, 0, 0, 0, 2, 0];
    assert_eq!(sense(&unit(&disk()), &eject), Sense::INVALID_FIELD);
    let removable = unit(&Disk { removable: true, ..disk() });
    assert_eq!(run_with(&removable, &eject, &NoData).0, Action::Eject);
    let flush = Action::Transfer { operation: Operation::Flush, sector: 0, sectors: 0 };
    assert_eq!(run_with(&unit(&disk()), &[0x1b, 0, 0, 0, 0, 0], &NoData).0, flush);
    reply(&unit(&disk()), &[0x1b, 0, 0, 0, 1, 0]);
}

#[test]
fn sense_data_for_every_failure() {
    let of = |failure| Sense::of(failure, Operation::Read).map(Sense::encode);
    let io = of(Failure::Io).unwrap();
    assert_eq!((io[0], io[2], io[7], io[12], io[13]), (0x70, 3, 10, 0x11, 0));
    assert_eq!(Sense::of(Failure::Io, Operation::Write { fua: true }), Some(Sense::WRITE_ERROR));
    assert_eq!(Sense::of(Failure::Io, Operation::Flush), Some(Sense::WRITE_ERROR));
    assert_eq!(Sense::of(Failure::Unsupported, Operation::Flush), Some(Sense::INVALID_COMMAND));
    assert_eq!(of(Failure::Gone), None);
}

proptest! {
    /// No descriptor block makes the logic panic, answer more than was asked for, or reach behind the
    /// end of the disk.
    #[test]
    fn any_bytes_are_survived(
        cdb in prop::collection::vec(any::<u8>(), 0..17),
        data in prop::collection::vec(any::<u8>(), 0..700),
        thin_disk: bool,
        native: bool,
    ) {
        let mut disk = if thin_disk { thin() } else { disk() };
        if native {
            disk.block = 4096;
        }
        let unit = unit(&disk);
        struct Whole(Vec<u8>);
        impl DataOut for Whole {
            fn read(&self, offset: usize, to: &mut [u8]) -> bool {
                self.0[..].read(offset, to)
            }
        }
        match run_with(&unit, &cdb, &Whole(data)).0 {
            Action::Transfer { sector, sectors, .. } => prop_assert!(sector + sectors <= GIB),
            Action::Discard(runs) => {
                for (sector, sectors) in runs {
                    prop_assert!(sector + sectors <= GIB);
                }
            }
            _ => {}
        }
    }
}
