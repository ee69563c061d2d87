//! Runs every fuzz target on stable: over its seeds, and over pseudo-random bytes.

use std::{fs, path::Path};

/// Small and repeatable (xorshift).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

#[test]
fn seeds() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds");
    for (name, target) in fuzz::TARGETS {
        let Ok(folder) = fs::read_dir(root.join(name)) else { continue };
        for entry in folder {
            let path = entry.unwrap().path();
            println!("{}", path.display());
            target(&fs::read(path).unwrap());
        }
    }
}

#[test]
fn random_bytes() {
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    for (name, target) in fuzz::TARGETS {
        println!("{name}");
        for _ in 0..3000 {
            let len = random.next() as usize % 400;
            // Small numbers reach further into a protocol than large ones.
            let mask = [0xFF, 0x0F, 0x07][random.next() as usize % 3];
            let bytes: Vec<u8> = (0..len).map(|_| random.next() as u8 & mask).collect();
            target(&bytes);
        }
    }
}
