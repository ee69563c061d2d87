//! A driver image made by hand: for every import a stub that calls it from within the image, so that a test
//! decides what "the driver" does and the kernel sees a real image with unwind information.
#![allow(dead_code, unsafe_code)]

use std::collections::BTreeMap;

const TEXT: u32 = 0x1000;
const RDATA: u32 = 0x4000;
const DATA: u32 = 0x7000;
const PAGE: u32 = 0x8000;
const INIT: u32 = 0x9000;
const RELOC: u32 = 0xA000;
const SIZE: u32 = 0xB000;
const BASE: u64 = 0x1_4000_0000;

/// Where things are in the image.
pub struct Image {
    /// The file.
    pub file: Vec<u8>,
    /// RVA of the stub of each import.
    pub stubs: BTreeMap<String, u32>,
    /// RVA of a word in .data that relocation must point at itself.
    pub self_pointer: u32,
    /// RVA of the security cookie.
    pub cookie: u32,
    /// RVA of the CFG dispatch pointer.
    pub guard_dispatch: u32,
    /// RVA of free room in .data.
    pub data: u32,
    /// RVA of the first stub's copy in PAGE and INIT.
    pub page_stub: u32,
    pub init_stub: u32,
    /// RVA of code that the extra code of the builder begins at.
    pub extra: u32,
}

/// Builds the image.
pub struct Builder {
    imports: Vec<(String, Vec<String>)>,
    exports: Vec<(String, u32)>,
    extra: Vec<u8>,
    writable_code: bool,
    guarded: Vec<Guarded>,
}

/// One `__try` of a function: what it covers and what belongs to it, as offsets in the extra code.
#[derive(Clone, Copy)]
pub struct Try {
    pub begin: u32,
    pub end: u32,
    /// The filter, [`Try::ALWAYS`], or the termination handler.
    pub handler: u32,
    /// Where `__except` goes on; 0 makes this a `__finally`.
    pub target: u32,
}

impl Try {
    /// A filter that is the constant EXCEPTION_EXECUTE_HANDLER.
    pub const ALWAYS: u32 = u32::MAX;
}

/// A function of the extra code with the frame of a stub (`sub rsp,58h`) and `__C_specific_handler`.
struct Guarded {
    begin: u32,
    end: u32,
    scopes: Vec<Try>,
}

impl Builder {
    /// Imports by DLL.
    pub fn new(imports: &[(&str, &[&str])]) -> Self {
        Self {
            imports: imports
                .iter()
                .map(|(d, n)| (d.to_string(), n.iter().map(|n| n.to_string()).collect()))
                .collect(),
            exports: Vec::new(),
            extra: Vec::new(),
            writable_code: false,
            guarded: Vec::new(),
        }
    }

    /// Gives a function of the extra code a scope table. `__C_specific_handler` must be imported.
    pub fn guarded(mut self, begin: u32, end: u32, scopes: &[Try]) -> Self {
        self.guarded.push(Guarded { begin, end, scopes: scopes.to_vec() });
        self
    }

    /// Code behind the stubs; the image's `extra` tells where it begins.
    pub fn code(mut self, code: &[u8]) -> Self {
        self.extra = code.to_vec();
        self
    }

    /// Exports an offset in the extra code.
    pub fn export(mut self, name: &str, offset: u32) -> Self {
        self.exports.push((name.to_string(), offset));
        self
    }

    /// Marks .text writable (a violation).
    pub fn writable_code(mut self) -> Self {
        self.writable_code = true;
        self
    }

    /// Builds.
    pub fn build(self) -> Image {
        let mut image = vec![0u8; SIZE as usize];
        let put = |image: &mut Vec<u8>, at: u32, bytes: &[u8]| {
            image[at as usize..at as usize + bytes.len()].copy_from_slice(bytes);
        };
        let mut rdata = RDATA + 0x100;
        let mut take = |n: u32| {
            let at = rdata;
            rdata = (rdata + n).next_multiple_of(16);
            assert!(rdata < DATA);
            at
        };
        // The load configuration comes first: its relocated words share a page.
        let config = take(0x94);
        // Imports.
        let descriptors = take(20 * (self.imports.len() as u32 + 1));
        let mut stubs = BTreeMap::new();
        let mut functions = Vec::new();
        let mut code = TEXT;
        for (i, (dll, names)) in self.imports.iter().enumerate() {
            let table = 8 * (names.len() as u32 + 1);
            let (lookup, iat) = (take(table), take(table));
            let name = take(dll.len() as u32 + 1);
            put(&mut image, name, dll.as_bytes());
            let d = descriptors + 20 * i as u32;
            put(&mut image, d, &lookup.to_le_bytes());
            put(&mut image, d + 12, &name.to_le_bytes());
            put(&mut image, d + 16, &iat.to_le_bytes());
            for (j, symbol) in names.iter().enumerate() {
                let entry = match symbol.strip_prefix('#') {
                    Some(ordinal) => 1 << 63 | ordinal.parse::<u64>().unwrap(),
                    None => {
                        let hint = take(symbol.len() as u32 + 3);
                        put(&mut image, hint + 2, symbol.as_bytes());
                        hint as u64
                    }
                };
                let slot = iat + 8 * j as u32;
                put(&mut image, lookup + 8 * j as u32, &entry.to_le_bytes());
                put(&mut image, slot, &entry.to_le_bytes());
                let bytes = stub(code, slot);
                put(&mut image, code, &bytes);
                functions.push((code, code + bytes.len() as u32));
                stubs.insert(symbol.clone(), code);
                code = (code + bytes.len() as u32).next_multiple_of(16);
            }
        }
        let extra = code;
        put(&mut image, extra, &self.extra);
        // Behind it what the linker makes of a handler that is imported: a jump through the table.
        let thunk = extra + self.extra.len() as u32;
        assert!(thunk + 6 < RDATA);
        if !self.guarded.is_empty() {
            let slot = slot_of(&image, stubs["__C_specific_handler"]);
            put(&mut image, thunk, &[0xFF, 0x25]);
            put(&mut image, thunk + 2, &(slot as i32 - (thunk + 6) as i32).to_le_bytes());
        }
        // Copies of the first stub in PAGE and INIT: they call through the same table.
        for at in [PAGE, INIT] {
            if let Some((_, names)) = self.imports.first() {
                let slot = slot_of(&image, stubs[&names[0]]);
                let bytes = stub(at, slot);
                put(&mut image, at, &bytes);
                functions.push((at, at + bytes.len() as u32));
            }
        }
        // Unwind information: `sub rsp, 0x58` in the first 4 bytes.
        let unwind = take(8);
        put(&mut image, unwind, &[1, 4, 1, 0, 4, 0x2 | 10 << 4, 0, 0]);
        let mut functions: Vec<_> = functions.into_iter().map(|(begin, end)| (begin, end, unwind)).collect();
        for function in &self.guarded {
            // The same with UNW_FLAG_EHANDLER and UNW_FLAG_UHANDLER, the handler, and its table of scopes.
            let mut info = vec![1 | 3 << 3, 4, 1, 0, 4, 0x2 | 10 << 4, 0, 0];
            info.extend(thunk.to_le_bytes());
            info.extend((function.scopes.len() as u32).to_le_bytes());
            for scope in &function.scopes {
                let handler = if scope.handler == Try::ALWAYS { 1 } else { extra + scope.handler };
                let target = if scope.target == 0 { 0 } else { extra + scope.target };
                for word in [extra + scope.begin, extra + scope.end, handler, target] {
                    info.extend(word.to_le_bytes());
                }
            }
            let at = take(info.len() as u32);
            put(&mut image, at, &info);
            functions.push((extra + function.begin, extra + function.end, at));
        }
        functions.sort();
        let pdata = take(12 * functions.len() as u32);
        for (i, (begin, end, unwind)) in functions.iter().enumerate() {
            let at = pdata + 12 * i as u32;
            put(&mut image, at, &begin.to_le_bytes());
            put(&mut image, at + 4, &end.to_le_bytes());
            put(&mut image, at + 8, &unwind.to_le_bytes());
        }
        // Exports.
        let (mut export_table, mut export_size) = (0, 0);
        if !self.exports.is_empty() {
            let mut exports = self.exports.clone();
            exports.sort();
            let n = exports.len() as u32;
            export_table = take(40);
            let (addresses, names, ordinals) = (take(4 * n), take(4 * n), take(2 * n));
            for (at, v) in [(16, 1), (20, n), (24, n), (28, addresses), (32, names), (36, ordinals)] {
                put(&mut image, export_table + at, &v.to_le_bytes());
            }
            for (i, (name, offset)) in exports.iter().enumerate() {
                let i = i as u32;
                let text = take(name.len() as u32 + 1);
                put(&mut image, text, name.as_bytes());
                put(&mut image, addresses + 4 * i, &(extra + offset).to_le_bytes());
                put(&mut image, names + 4 * i, &text.to_le_bytes());
                put(&mut image, ordinals + 2 * i, &(i as u16).to_le_bytes());
            }
            export_size = 40;
        }
        // .data: a pointer to itself, the cookie, the guard pointer.
        let (self_pointer, cookie, guard_dispatch) = (DATA, DATA + 8, DATA + 16);
        put(&mut image, self_pointer, &(BASE + self_pointer as u64).to_le_bytes());
        put(&mut image, cookie, &0x2B99_2DDF_A232_u64.to_le_bytes());
        // Load configuration with cookie and guard pointers.
        put(&mut image, config, &0x94u32.to_le_bytes());
        put(&mut image, config + 0x58, &(BASE + cookie as u64).to_le_bytes());
        put(&mut image, config + 0x78, &(BASE + guard_dispatch as u64).to_le_bytes());
        // Relocations: the pointer and the two words of the load configuration.
        let mut reloc = Vec::new();
        for (page, offsets) in [(DATA, vec![0u32]), (config & !0xFFF, vec![config + 0x58, config + 0x78])] {
            let n = offsets.len().next_multiple_of(2);
            reloc.extend(page.to_le_bytes());
            reloc.extend((8 + 2 * n as u32).to_le_bytes());
            for i in 0..n {
                let entry = offsets.get(i).map_or(0, |o| 10 << 12 | (o & 0xFFF) as u16);
                reloc.extend(entry.to_le_bytes());
            }
        }
        put(&mut image, RELOC, &reloc);
        // Headers.
        let mut h = vec![0u8; 0x400];
        h[..2].copy_from_slice(b"MZ");
        h[0x3C..0x40].copy_from_slice(&0x80u32.to_le_bytes());
        let pe = 0x80;
        h[pe..pe + 4].copy_from_slice(b"PE\0\0");
        let w16 = |h: &mut Vec<u8>, at: usize, v: u16| h[at..at + 2].copy_from_slice(&v.to_le_bytes());
        let w32 = |h: &mut Vec<u8>, at: usize, v: u32| h[at..at + 4].copy_from_slice(&v.to_le_bytes());
        w16(&mut h, pe + 4, 0x8664);
        w16(&mut h, pe + 6, 6);
        w16(&mut h, pe + 20, 240);
        w16(&mut h, pe + 22, 0x22);
        let opt = pe + 24;
        w16(&mut h, opt, 0x20B);
        w32(&mut h, opt + 16, extra);
        h[opt + 24..opt + 32].copy_from_slice(&BASE.to_le_bytes());
        w32(&mut h, opt + 32, 0x1000);
        w32(&mut h, opt + 36, 0x200);
        w32(&mut h, opt + 56, SIZE);
        w32(&mut h, opt + 60, 0x400);
        w16(&mut h, opt + 68, 1);
        w16(&mut h, opt + 70, 0x4160);
        w32(&mut h, opt + 108, 16);
        let dir = |i: usize| opt + 112 + 8 * i;
        for (i, rva, size) in [
            (0, export_table, export_size),
            (1, if self.imports.is_empty() { 0 } else { descriptors }, 40),
            (3, pdata, 12 * functions.len() as u32),
            (5, RELOC, reloc.len() as u32),
            (10, config, 0x94),
        ] {
            w32(&mut h, dir(i), rva);
            w32(&mut h, dir(i) + 4, if rva == 0 { 0 } else { size });
        }
        let code_flags = 0x6000_0020 | if self.writable_code { 0x8000_0000 } else { 0 };
        let mut file = h;
        for (i, (name, rva, end, flags)) in [
            (".text", TEXT, RDATA, code_flags),
            (".rdata", RDATA, DATA, 0x4000_0040),
            (".data", DATA, PAGE, 0xC000_0040),
            ("PAGE", PAGE, INIT, 0x6000_0020),
            ("INIT", INIT, RELOC, 0x6200_0020),
            (".reloc", RELOC, SIZE, 0x4200_0040),
        ]
        .into_iter()
        .enumerate()
        {
            let at = opt + 240 + 40 * i;
            file[at..at + name.len()].copy_from_slice(name.as_bytes());
            let raw = file.len() as u32;
            for (o, v) in [(8, end - rva), (12, rva), (16, end - rva), (20, raw), (36, flags)] {
                file[at + o..at + o + 4].copy_from_slice(&u32::to_le_bytes(v));
            }
            file.extend_from_slice(&image[rva as usize..end as usize]);
        }
        Image {
            file,
            stubs,
            self_pointer,
            cookie,
            guard_dispatch,
            data: DATA + 0x100,
            page_stub: PAGE,
            init_stub: INIT,
            extra,
        }
    }
}

/// `sub rsp,58h; copy 5th..8th argument; call [slot]; add rsp,58h; ret`.
fn stub(at: u32, slot: u32) -> Vec<u8> {
    let mut c = vec![0x48, 0x83, 0xEC, 0x58];
    for i in 0..4u8 {
        c.extend([0x48, 0x8B, 0x84, 0x24, 0x80 + 8 * i, 0, 0, 0]);
        c.extend([0x48, 0x89, 0x44, 0x24, 0x20 + 8 * i]);
    }
    let next = at + c.len() as u32 + 6;
    c.extend([0xFF, 0x15]);
    c.extend((slot as i32 - next as i32).to_le_bytes());
    c.extend([0x48, 0x83, 0xC4, 0x58, 0xC3]);
    c
}

fn slot_of(image: &[u8], stub: u32) -> u32 {
    let at = stub as usize + 4 + 13 * 4 + 2;
    let displacement = i32::from_le_bytes(image[at..at + 4].try_into().unwrap());
    (at as i32 + 4 + displacement) as u32
}

/// A loaded image whose stubs can be called.
pub struct Driver {
    /// The module.
    pub module: &'static ntsim::loader::Module,
    /// The image.
    pub image: Image,
}

impl Driver {
    /// Loads it. On an NT thread.
    pub fn load(name: &str, image: Image) -> Result<Self, ntsim::loader::LoadError> {
        let module = ntsim::loader::load(name, &image.file)?;
        Ok(Self { module, image })
    }

    /// Address of an import's stub.
    pub fn stub(&self, name: &str) -> usize {
        self.module.base + self.image.stubs[name] as usize
    }

    /// Address of an RVA.
    pub fn at(&self, rva: u32) -> usize {
        self.module.base + rva as usize
    }

    /// Calls an import from within the image with up to 8 arguments.
    pub fn call(&self, name: &str, args: &[u64]) -> u64 {
        self.call_at(self.stub(name), args)
    }

    /// Calls code of the image.
    pub fn call_at(&self, at: usize, args: &[u64]) -> u64 {
        let mut a = [0u64; 8];
        a[..args.len()].copy_from_slice(args);
        type F = unsafe extern "win64" fn(u64, u64, u64, u64, u64, u64, u64, u64) -> u64;
        let f: F = unsafe { std::mem::transmute(at) };
        let state = ntsim::callout::enter("test stub", at, false);
        let result = unsafe { f(a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7]) };
        ntsim::callout::leave_unchecked(state);
        result
    }
}
