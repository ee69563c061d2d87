//! User mode at the bus's door: who gets in, and what is made of what they say.
#![allow(missing_docs)]

use ntsim::{
    io::{
        security::Token,
        user::{Handle, Process},
    },
    pnp::{self, removal},
};
use scenarios::{
    bus::{BUS, DOOR, GET_REQUEST, READ_WRITE, rig},
    rig::{node, sleep},
};

const READ: u32 = 0x002a_e004;
const WRITE: u32 = 0x002a_e008;
const LIST: u32 = 0x002a_e00c;
const DUMP: u32 = 0x002a_e010;
const SELF_TEST: u32 = 0x002a_e014;
const SUCCESS: i32 = 0;
const ACCESS_DENIED: i32 = 0xC000_0022_u32.cast_signed();
const INVALID_PARAMETER: i32 = 0xC000_000D_u32.cast_signed();
const INVALID_DEVICE_REQUEST: i32 = 0xC000_0010_u32.cast_signed();
const BUFFER_TOO_SMALL: i32 = 0xC000_0023_u32.cast_signed();
const NAME_NOT_FOUND: i32 = 0xC000_0034_u32.cast_signed();

#[expect(unsafe_code, reason = "looks into the object manager")]
fn device_name(device: *mut nt::sys::DEVICE_OBJECT) -> String {
    // SAFETY: a live device object of the tree.
    unsafe { ntsim::ob::header(device.cast()) }.name.lock().clone().unwrap_or_else(|| {
        let names = ntsim::kernel().ob.names.lock().paths().map(String::from).collect::<Vec<_>>();
        panic!("no name {device:?}: {names:#?}")
    })
}

fn link() -> String {
    ntsim::io::state().interfaces.lock().enabled_links(&DOOR)[0].clone()
}

fn enter() -> (Process, Handle) {
    let process = Process::new(Token::administrator());
    let handle = process.open(&link(), READ_WRITE).unwrap();
    (process, handle)
}

#[test]
fn only_system_and_administrators_get_in() {
    let rig = rig(1);
    rig.run(|| {
        for token in [Token::system(), Token::administrator()] {
            let process = Process::new(token);
            let handle = process.open(&link(), READ_WRITE).unwrap();
            process.close(handle);
        }
        let user = Process::new(Token::user());
        // By the interface, behind it, and by the names of all devices of the bus, whatever is asked for.
        let mut names = vec![link(), format!("{}\\behind", link())];
        for path in ["XENPV\\VBD", "XENPV\\VIF"] {
            let name = device_name(pnp::pdo(node(path)));
            names.push(format!("{name}\\behind"));
            names.push(name);
        }
        for name in names {
            for access in [READ_WRITE, 0x8000_0000, 1, 0x0010_0000] {
                let result = user.open(&name, access);
                assert!(result.is_err(), "{name} is open to users with {access:#x}");
            }
        }
        // A name behind the device is nothing, for administrators too.
        let admin = Process::new(Token::administrator());
        assert_eq!(admin.open(&format!("{}\\behind", link()), READ_WRITE), Err(ACCESS_DENIED));
    });
    rig.xen.assert_clean();
}

#[test]
fn xenstore_through_the_door() {
    let rig = rig(2);
    rig.run(|| {
        let (process, handle) = enter();
        let ask = |code, input: &[u8], room| process.ioctl(handle, code, input, room);
        assert_eq!(ask(WRITE, b"data/agent\0hello\0world", 0).0, SUCCESS);
        assert_eq!(ask(READ, b"data/agent\0", 100), (SUCCESS, b"hello\0world".to_vec()));
        assert_eq!(ask(READ, b"data/agent", 100).1, b"hello\0world");
        let (status, names) = ask(LIST, b"data", 100);
        assert_eq!(status, SUCCESS);
        assert!(names.split(|byte| *byte == 0).any(|name| name == b"agent"), "{names:?}");
        assert_eq!(ask(READ, b"data/agent", 3).0, BUFFER_TOO_SMALL);
        assert_eq!(ask(READ, b"data/none", 100).0, NAME_NOT_FOUND);
        assert_eq!(ask(WRITE, b"name\0mine", 0).0, ACCESS_DENIED, "the store has its own rights");
        assert_eq!(ask(DUMP, b"", 0).0, SUCCESS);
        assert!(rig.console().contains("--- xenpvpci on Xen 4.20"));
        assert_eq!(ask(SELF_TEST, &7u32.to_le_bytes(), 4), (SUCCESS, vec![1, 0, 0, 0]), "no such target");
        assert_eq!(ask(GET_REQUEST, &1u32.to_le_bytes(), 4), (SUCCESS, vec![0; 4]));
        process.close(handle);
    });
    rig.xen.assert_clean();
}

/// Nothing that user mode can put into a request does anything but give it its error.
#[test]
fn rubbish_is_refused() {
    let rig = rig(3);
    rig.run(|| {
        let (process, handle) = enter();
        let ask = |code, input: &[u8], room| process.ioctl(handle, code, input, room).0;
        assert_eq!(ask(0x002a_e018, b"", 0), INVALID_DEVICE_REQUEST);
        for code in [READ, LIST] {
            for input in [&b""[..], b"\0", b"a\0b", b"\xff\xfe", &[b'a'; 5000]] {
                assert_eq!(ask(code, input, 64), INVALID_PARAMETER, "{code:#x} {}", input.len());
            }
        }
        assert_eq!(ask(WRITE, b"no-separator", 0), INVALID_PARAMETER);
        assert_eq!(ask(WRITE, &[&b"data/x\0"[..], &[1; 5000]].concat(), 0), INVALID_PARAMETER);
        assert_eq!(ask(WRITE, &vec![b'a'; 4 << 20], 0), INVALID_PARAMETER);
        assert_eq!(ask(GET_REQUEST, b"123", 4), INVALID_PARAMETER);
        assert_eq!(ask(GET_REQUEST, &1u32.to_le_bytes(), 0), BUFFER_TOO_SMALL);
        assert_eq!(ask(DUMP, b"x", 0), INVALID_PARAMETER);
        // Everything at random, for all codes and methods of passing buffers.
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        };
        for _ in 0..500 {
            let function = 0x800 + (next() % 8) as u32;
            let (access, method) = ((next() % 4) as u32, (next() % 4) as u32);
            let code = (0x2a << 16) | (access << 14) | (function << 2) | method;
            if code == GET_REQUEST {
                continue;
            }
            let length = [0, 1, 4, 7, 100, 4096][(next() % 6) as usize];
            let input: Vec<u8> = (0..length).map(|_| next() as u8).collect();
            let _ = ask(code, &input, [0, 1, 4, 4096][(next() % 4) as usize]);
        }
        process.close(handle);
        // The door closes with the bus; who is inside is not left hanging.
        removal::disable(node(BUS)).unwrap();
        sleep(100);
        assert!(ntsim::io::state().interfaces.lock().enabled_links(&DOOR).is_empty());
    });
    rig.xen.assert_clean();
}

/// A process that dies while it waits at the door takes nothing along.
#[test]
fn a_waiting_process_dies() {
    let rig = rig(4);
    rig.run(|| {
        let wait = || {
            let (process, handle) = enter();
            let pending = process.ioctl_start(handle, GET_REQUEST, &3_000u32.to_le_bytes(), 4);
            assert_eq!(process.exit(vec![pending]), 0, "requests that stay");
        };
        ntsim::ke::thread::spawn(Box::new(wait)).unwrap();
        sleep(10_000);
        removal::disable(node(BUS)).unwrap();
    });
    rig.xen.assert_clean();
}
