//! The loader: sections, relocations, imports, exports, protections, unwinding, trapped instructions.
#![allow(unsafe_code, clippy::undocumented_unsafe_blocks, clippy::multiple_unsafe_ops_per_block)]

mod image;

use image::{Builder, Driver};
use ntsim::abi::*;
use ntsim::kernel::config::OnViolation;
use ntsim::loader::{self, LoadError};
use ntsim_host::Sim;

const BASIC: &[(&str, &[&str])] = &[(
    "ntoskrnl.exe",
    &["KeGetCurrentIrql", "KeBugCheckEx", "ExAllocatePoolWithTag", "ExFreePoolWithTag", "DbgPrint"],
)];

fn basic() -> image::Image {
    Builder::new(BASIC).build()
}

#[test]
fn loads_relocates_and_calls() {
    let sim = Sim::builder().build();
    sim.run(|| {
        let d = Driver::load("basic.sys", basic()).unwrap();
        assert_eq!(d.call("KeGetCurrentIrql", &[]), 0);
        let word = |rva| unsafe { *(d.at(rva) as *const u64) };
        assert_eq!(word(d.image.self_pointer), d.at(d.image.self_pointer) as u64);
        assert_ne!(word(d.image.cookie), 0x2B99_2DDF_A232);
        assert_eq!(word(d.image.cookie) >> 48, 0);
        assert_eq!(word(d.image.guard_dispatch), loader::link::guard_dispatch as *const () as u64);
    })
    .unwrap_or_else(|b| panic!("{b}"));
}

#[test]
fn missing_import_is_named() {
    let sim = Sim::builder().build();
    let (a, b) = sim
        .run(|| {
            let a = Driver::load("a.sys", Builder::new(&[("ntoskrnl.exe", &["KeNoSuchThing"])]).build());
            let b = Driver::load("b.sys", Builder::new(&[("other.sys", &["Thing"])]).build());
            (a.err(), b.err())
        })
        .unwrap();
    assert_eq!(a, Some(LoadError::MissingImport("ntoskrnl.exe".into(), "KeNoSuchThing".into())));
    assert_eq!(b, Some(LoadError::MissingModule("other.sys".into())));
}

#[test]
fn corrupt_files_are_refused() {
    let good = basic().file;
    let sim = Sim::builder().build();
    let error =
        |file: Vec<u8>| sim.run(|| loader::load("c.sys", &file).err().map(|e| e.to_string())).unwrap();
    assert_eq!(error(good.clone()), None);
    let changed = |at: usize, bytes: &[u8]| {
        let mut f = good.clone();
        f[at..at + bytes.len()].copy_from_slice(bytes);
        error(f).unwrap_or_default()
    };
    assert!(changed(0, b"ZM").contains("no MZ header"));
    assert!(changed(0x80, b"XX").contains("no PE signature"));
    assert!(changed(0x84, &[0x4C, 1]).contains("machine is 0x14c"));
    assert!(changed(0x98, &[0x0B, 1]).contains("PE32+"));
    assert!(changed(0x98 + 68, &[3]).contains("subsystem is 3"));
    assert!(changed(0x98 + 56, &[0, 0x10, 0, 0]).contains("outside of the image"));
    assert!(changed(0x98 + 112 + 72, &[1, 0x20, 0, 0]).contains("thread-local"));
    assert!(error(good[..good.len() - 0x2000].to_vec()).unwrap().contains("outside of the file"));
    assert!(error(good[..0x90].to_vec()).is_some());
    assert!(error(Vec::new()).is_some());
    // Every single corrupted byte of the headers and tables either loads or is refused: nothing crashes.
    for at in (0x80..0x300).chain((0x3400..0x3A00).step_by(7)) {
        let mut f = good.clone();
        f[at] ^= 0x5A;
        let _ = error(f);
    }
}

#[test]
fn drivers_export_to_drivers() {
    let sim = Sim::builder().build();
    sim.run(|| {
        // mov eax, 0x1234; ret  and  DllInitialize: xor eax,eax; ret
        let library = Builder::new(BASIC)
            .code(&[0xB8, 0x34, 0x12, 0, 0, 0xC3, 0x31, 0xC0, 0xC3])
            .export("Answer", 0)
            .export("DllInitialize", 6)
            .build();
        loader::provide("lib.sys", &library.file);
        let user = Builder::new(&[("lib.sys", &["Answer", "#1"])]).build();
        let d = Driver::load("user.sys", user).unwrap();
        assert_eq!(d.call("Answer", &[]), 0x1234);
        assert_eq!(d.call("#1", &[]), 0x1234);
        assert!(loader::find("LIB.SYS").is_some());
        loader::unload::unload(d.module);
        assert!(loader::find("lib.sys").is_none(), "the last user is gone");
    })
    .unwrap_or_else(|b| panic!("{b}"));
}

#[test]
fn writable_code_is_reported() {
    let sim = Sim::builder().on_violation(OnViolation::Collect).build();
    sim.run(|| Driver::load("wx.sys", Builder::new(BASIC).writable_code().build()).map(|_| ()).unwrap())
        .unwrap();
    assert_eq!(sim.reports().iter().map(|r| r.rule.id).collect::<Vec<_>>(), ["writable-code"]);
}

#[test]
fn bugcheck_has_the_drivers_stack() {
    let sim = Sim::builder().build();
    let e = sim
        .run(|| {
            let d = Driver::load("crash.sys", basic()).unwrap();
            let map = format!(
                " Preferred load address is 0000000140000000\n 0001:00000010  the_stub  {:016x}  x.obj\n",
                0x1_4000_0000u64 + d.image.stubs["KeBugCheckEx"] as u64
            );
            loader::symbols::attach(d.module, &map);
            d.call("KeBugCheckEx", &[0xDEAD, 1, 2, 3, 4]);
        })
        .unwrap_err();
    assert_eq!((e.code, e.parameters), (0xDEAD, [1, 2, 3, 4]));
    assert_eq!(e.stack.len(), 2, "{e}");
    assert!(e.stack[0].starts_with("KeBugCheckEx"));
    assert!(e.stack[1].starts_with("crash.sys+0x1") && e.stack[1].contains("(the_stub+"), "{e}");
}

#[test]
fn init_is_gone_after_entry() {
    for (call, code) in [(true, 0x50), (false, 0x50)] {
        let sim = Sim::builder().build();
        let e = sim
            .run(|| {
                let d = Driver::load("i.sys", basic()).unwrap();
                let at = d.at(d.image.init_stub);
                d.call_at(at, &[]);
                loader::free_init(d.module);
                if call {
                    d.call_at(at, &[]);
                } else {
                    unsafe { (at as *const u8).read_volatile() };
                }
            })
            .unwrap_err();
        assert_eq!(e.code, code, "{e}");
        assert!(e.text.contains("INIT was freed"), "{e}");
    }
}

#[test]
fn unloaded_code_is_named() {
    let sim = Sim::builder().build();
    let e = sim
        .run(|| {
            let d = Driver::load("gone.sys", basic()).unwrap();
            loader::unload::unload(d.module);
            d.call("KeGetCurrentIrql", &[]);
        })
        .unwrap_err();
    assert_eq!(e.code, 0xCE, "{e}");
    assert!(e.text.contains("gone.sys"), "{e}");
}

#[test]
fn code_is_not_writable() {
    let sim = Sim::builder().build();
    let e = sim
        .run(|| {
            let d = Driver::load("ro.sys", basic()).unwrap();
            unsafe { (d.stub("DbgPrint") as *mut u8).write_volatile(0xCC) };
        })
        .unwrap_err();
    assert_eq!(e.code, 0xBE, "{e}");
}

#[test]
fn printing_reaches_the_log() {
    let sim = Sim::builder().build();
    sim.run(|| {
        let d = Driver::load("p.sys", basic()).unwrap();
        let wide: Vec<u16> = "wide\0".encode_utf16().collect();
        let text = c"%s %ws %d %u %x %08X %p %I64x %5d|%-5d| %c %%\n";
        let args = [
            text.as_ptr() as u64,
            c"narrow".as_ptr() as u64,
            wide.as_ptr() as u64,
            -5i64 as u64,
            7,
            0xAB,
            0xCD,
            0x1234,
        ];
        d.call("DbgPrint", &args);
    })
    .unwrap_or_else(|b| panic!("{b}"));
    // The stub passes 8 arguments; what comes behind them is whatever lies on the stack.
    let log = sim.log();
    assert!(log.iter().any(|l| l.starts_with("narrow wide -5 7 ab 000000CD 0000000000001234 ")), "{log:?}");
}

/// Instructions that the loader replaces or the processor traps.
#[test]
fn trapped_instructions() {
    #[rustfmt::skip]
    let code: &[u8] = &[
        // 0: mov eax,ecx; xor ecx,ecx; push rbx; cpuid; mov eax,ebx; pop rbx; ret
        0x89, 0xC8, 0x31, 0xC9, 0x53, 0x0F, 0xA2, 0x89, 0xD8, 0x5B, 0xC3, 0x90, 0x90, 0x90, 0x90, 0x90,
        // 16: rdtsc; shl rdx,32; or rax,rdx; ret
        0x0F, 0x31, 0x48, 0xC1, 0xE2, 0x20, 0x48, 0x09, 0xD0, 0xC3, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90,
        // 32: mov edx,ecx; in eax,dx; ret
        0x89, 0xCA, 0xED, 0xC3, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90,
        // 48: mov rax,cr8; ret
        0x44, 0x0F, 0x20, 0xC0, 0xC3, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90,
        // 64: mov rax,[rcx]; ret
        0x48, 0x8B, 0x01, 0xC3, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90,
        // 80: mov eax, [0xFFFFF7800000026C]; ret (absolute)
        0xA1, 0x6C, 0x02, 0x00, 0x00, 0x80, 0xF7, 0xFF, 0xFF, 0xC3, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90,
        // 96: mov rax, gs:[0x188]; ret
        0x65, 0x48, 0x8B, 0x04, 0x25, 0x88, 0x01, 0x00, 0x00, 0xC3, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90,
        // 112: pause; cli; sti; mov eax,7; ret
        0xF3, 0x90, 0xFA, 0xFB, 0xB8, 7, 0, 0, 0, 0xC3, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90,
        // 128: xor eax,eax; vmcall; ret
        0x31, 0xC0, 0x0F, 0x01, 0xC1, 0xC3, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90,
        // 144: mov eax,[rcx+4]; add eax,edx; ret
        0x8B, 0x41, 0x04, 0x01, 0xD0, 0xC3, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90,
    ];
    let sim = Sim::builder().build();
    sim.run(|| {
        let d = Driver::load("t.sys", Builder::new(BASIC).code(code).build()).unwrap();
        let at = |offset: u32| d.at(d.image.extra + offset);
        assert_eq!(d.call_at(at(0), &[0]), 0x756E_6547);
        let (a, b) = (d.call_at(at(16), &[]), d.call_at(at(16), &[]));
        assert!(b > a && a > 1000);
        assert_eq!(d.call_at(at(32), &[0x10]), 0xFFFF_FFFF);
        let old = ntsim::ke::irql::raise(2);
        assert_eq!(d.call_at(at(48), &[]), 2);
        ntsim::ke::irql::lower(old);
        let system_root = d.call_at(at(64), &[0xFFFF_F780_0000_0030]);
        assert_eq!(system_root, 0x005C_003A_0043 | (b'W' as u64) << 48);
        assert_eq!(d.call_at(at(80), &[]), 10);
        assert_eq!(d.call_at(at(96), &[]), ntsim::ke::thread::current().as_ptr() as u64);
        assert_eq!(d.call_at(at(112), &[]), 7);
        assert_eq!(d.call_at(at(128), &[]) as i64, -38);
        assert_eq!(d.call_at(at(144), &[0xFFFF_F780_0000_0268, 5]), 15);
    })
    .unwrap_or_else(|b| panic!("{b}"));
}

#[test]
fn fault_in_driver_code_is_reported_with_registers_gone_nowhere() {
    // mov rax,[rcx]; ret
    let sim = Sim::builder().build();
    let e = sim
        .run(|| {
            let d =
                Driver::load("f.sys", Builder::new(BASIC).code(&[0x48, 0x8B, 0x01, 0xC3]).build()).unwrap();
            ntsim::ke::irql::raise(DISPATCH_LEVEL);
            d.call_at(d.at(d.image.extra), &[0x18]);
        })
        .unwrap_err();
    assert_eq!((e.code, e.parameters[0], e.parameters[1]), (0xD1, 0x18, 2), "{e}");
    assert!(e.stack.iter().any(|l| l.starts_with("f.sys+")), "{e}");
}

#[test]
fn endless_loop_in_driver_code_is_found() {
    let sim = Sim::builder().build();
    let e = sim
        .run(|| {
            // jmp $
            let d = Driver::load("spin.sys", Builder::new(BASIC).code(&[0xEB, 0xFE]).build()).unwrap();
            d.call_at(d.at(d.image.extra), &[]);
        })
        .unwrap_err();
    assert!(e.text.contains("spins without calling anything at spin.sys+"), "{e}");
}
