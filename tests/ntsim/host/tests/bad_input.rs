//! What people hand in that is broken: images, INF files, and drivers that crash. All of it is told with what and where,
//! and none of it takes the process down.
#![allow(unsafe_code, unsafe_op_in_unsafe_fn)]
#![allow(
    clippy::undocumented_unsafe_blocks,
    clippy::multiple_unsafe_ops_per_block,
    clippy::missing_safety_doc
)]

mod common;
mod image;

use common::driver::entry;
use common::start::{self, DEVICE, INF};
use image::{Builder, Driver};
use ntsim::loader;
use ntsim::pnp::{self, boot, install, node::NodeState, store::Source};
use ntsim_host::{BugCheck, Sim};

const IMPORTS: &[(&str, &[&str])] = &[("ntoskrnl.exe", &["KeGetCurrentIrql"])];

/// Runs code of a driver that has a function name for each place.
fn crash(code: &[u8], argument: u64) -> BugCheck {
    let code = code.to_vec();
    Sim::builder()
        .build()
        .run(move || {
            let d = Driver::load("crash.sys", Builder::new(IMPORTS).code(&code).build()).unwrap();
            let map = format!(
                " Preferred load address is 0000000140000000\n 0001:00000010  the_culprit  {:016x}  x.obj\n",
                0x1_4000_0000u64 + u64::from(d.image.extra)
            );
            loader::symbols::attach(d.module, &map);
            d.call_at(d.at(d.image.extra), &[argument]);
        })
        .expect_err("the driver has crashed")
}

/// What is wrong, the code, its argument; bugcheck and the parameter that tells what happened, with its place.
type Crash = (&'static str, &'static [u8], u64, u32, (usize, u64));

const CRASHES: &[Crash] = &[
    ("ud2", &[0x0F, 0x0B], 0, 0x1E, (0, 0xC000_001D)),
    ("int 3", &[0xCC, 0xC3], 0, 0x1E, (0, 0x8000_0003)),
    // xor edx,edx; xor ecx,ecx; div ecx
    ("a division by zero", &[0x31, 0xD2, 0x31, 0xC9, 0xF7, 0xF1], 0, 0x1E, (0, 0xC000_0094)),
    // mov rax,[rcx]
    ("a null pointer", &[0x48, 0x8B, 0x01, 0xC3], 0, 0x50, (0, 0)),
    ("a wild pointer", &[0x48, 0x8B, 0x01, 0xC3], 0xFFFF_8765_4321_0000, 0x50, (0, 0xFFFF_8765_4321_0000)),
    (
        "a non-canonical pointer",
        &[0x48, 0x8B, 0x01, 0xC3],
        0x1234_5678_9ABC_DEF0,
        0x50,
        (0, 0x1234_5678_9ABC_DEF0),
    ),
    // call rcx
    ("a call of null", &[0x48, 0x83, 0xEC, 0x28, 0xFF, 0xD1], 0, 0xFC, (0, 0)),
    ("a call to nowhere", &[0x48, 0x83, 0xEC, 0x28, 0xFF, 0xD1], 0x7000, 0xFC, (0, 0x7000)),
    // call itself
    ("a stack that overflows", &[0xE8, 0xFB, 0xFF, 0xFF, 0xFF], 0, 0x7F, (0, 8)),
    // xor esp,esp; push rax
    ("a stack pointer of null", &[0x31, 0xE4, 0x50, 0xC3], 0, 0x7F, (0, 8)),
    // invd: one that the engine does not know
    ("a privileged instruction", &[0x0F, 0x08, 0xC3], 0, ntsim::verifier::SIMULATOR_ERROR, (1, 0)),
    // lea rax,[rsp-40h]; mov byte ptr [rax],0C3h; sub rsp,28h; call rax
    (
        "code on the stack",
        &[0x48, 0x8D, 0x44, 0x24, 0xC0, 0xC6, 0x00, 0xC3, 0x48, 0x83, 0xEC, 0x28, 0xFF, 0xD0],
        0,
        0xFC,
        (1, 0),
    ),
];

#[test]
fn crashes_are_told_and_survived() {
    let mut wrong = Vec::new();
    for (what, code, argument, bugcheck, (place, value)) in CRASHES {
        let told = crash(code, *argument);
        let here =
            told.stack.iter().any(|line| line.starts_with("crash.sys+0x") && line.contains("(the_culprit+"));
        // A status is a number of 32 bits, sign-extended or not.
        let status = *value >= 0x8000_0000 && *value <= u64::from(u32::MAX);
        let found = told.parameters[*place] & if status { 0xFFFF_FFFF } else { u64::MAX };
        if told.code != *bugcheck || found != *value || !here {
            wrong.push(format!("{what}: {told}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Boots a machine with a device for the package; gives the device's state and problem, and what was told.
fn installed(inf: String, source: Source) -> (Result<String, String>, NodeState, u32, Vec<String>) {
    start::machine()
        .run(move || {
            let added = install::add_package("t.inf", inf.as_bytes(), vec![("t.sys".into(), source)]);
            boot::run();
            let (state, problem) = pnp::with(pnp::find(DEVICE).unwrap(), |n| (n.state, n.problem));
            (added, state, problem, pnp::state().events.lock().clone())
        })
        .unwrap_or_else(|b| panic!("{b}"))
}

#[test]
fn a_device_with_a_broken_image_has_a_problem_that_says_why() {
    let good = || Builder::new(IMPORTS).build().file;
    let mut no_signature = good();
    no_signature[0x80] = b'X';
    let mut short = good();
    short.truncate(0x1000);
    let missing = Builder::new(&[("ntoskrnl.exe", &["KeNoSuchThing"])]).build().file;
    let module = Builder::new(&[("other.sys", &["Thing"])]).build().file;
    for (file, why) in [
        (no_signature, "no PE signature"),
        (short, "outside of the file"),
        (missing, "KeNoSuchThing"),
        (module, "other.sys"),
    ] {
        let (_, state, problem, events) = installed(INF.into(), Source::Image(file));
        // CM_PROB_DRIVER_FAILED_LOAD.
        assert_eq!(problem, 39, "{why}: {state:?} {events:#?}");
        assert!(events.iter().any(|e| e.contains("t.sys: ") && e.contains(why)), "{why}: {events:#?}");
    }
}

#[test]
fn a_faulty_inf_is_refused_with_file_and_line() {
    let with = |from: &str, to: &str| {
        let text = INF.replace(from, to);
        assert_ne!(text, INF);
        text
    };
    // Syntax: the package is not taken.
    for (inf, line, why) in [
        (with("[Manufacturer]", "[Manufacturer"), 4, "closing bracket"),
        (with("\"$Windows NT$\"", "\"$Windows NT$"), 2, "not closed"),
        (with("[Version]\n", "x=y\n[Version]\n"), 1, "before the first section"),
    ] {
        let (added, state, _, _) = installed(inf, Source::Native(entry));
        let error = added.expect_err(why);
        assert!(error.contains(&format!("t.inf({line}): ")) && error.contains(why), "{error}");
        assert_ne!(state, NodeState::Started);
    }
    // References to nowhere: the device is not installed, and the log says why.
    for (inf, line, why) in [
        (with("D=I,", "D=Gone,"), 7, "[Gone] does not exist"),
        (with("AddService=t,2,S", "AddService=t,2,Gone"), 13, "[Gone] does not exist"),
        (with("CopyFiles=@t.sys", "AddReg=Gone"), 9, "[Gone] does not exist"),
        (with("StartType=3", "StartType=x"), 16, "is no number"),
    ] {
        let (added, state, problem, events) = installed(inf, Source::Native(entry));
        assert_eq!(added.as_deref().map(|_| ()), Ok(()), "{why}");
        let told = events.iter().any(|e| e.contains(&format!("t.inf({line}): ")) && e.contains(why));
        assert!(told, "{why}: {events:#?}");
        // CM_PROB_FAILED_INSTALL.
        assert_eq!((state == NodeState::Started, problem), (false, 28), "{why}: {events:#?}");
    }
    // Sections and directives that nobody knows harm nobody.
    let unknown = INF.replace("[I]\n", "[Something.Else]\nx=y\n[I]\nFrobnicate=yes\n");
    let (added, state, problem, events) = installed(unknown, Source::Native(entry));
    assert!(added.is_ok());
    assert_eq!((state, problem), (NodeState::Started, 0), "{events:#?}");
    assert!(
        events.iter().any(|e| e.contains("t.inf(11): ") && e.contains("Frobnicate")),
        "what was not understood is told: {events:#?}"
    );
}
