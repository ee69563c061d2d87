//! The registry as drivers see it: Zw…Key, RtlQueryRegistryValues, power cuts.
#![allow(unsafe_code, unsafe_op_in_unsafe_fn)]
#![allow(
    clippy::undocumented_unsafe_blocks,
    clippy::multiple_unsafe_ops_per_block,
    clippy::missing_safety_doc
)]

use nt::sys::*;
use ntsim::cm::{self, key, query, tree::Writes};
use ntsim::io::stack::WideString;
use ntsim::ob;
use ntsim_host::Sim;

fn run(f: impl FnOnce() + 'static) {
    Sim::builder().build().run(f).unwrap_or_else(|b| panic!("{b}"));
}

fn attributes(name: &WideString, root: HANDLE) -> OBJECT_ATTRIBUTES {
    OBJECT_ATTRIBUTES {
        Length: size_of::<OBJECT_ATTRIBUTES>() as u32,
        RootDirectory: root,
        ObjectName: name.as_ptr(),
        Attributes: 0x240,
        ..Default::default()
    }
}

unsafe fn create(path: &str, options: u32) -> (NTSTATUS, HANDLE, u32) {
    let name = WideString::new(path);
    let mut a = attributes(&name, std::mem::zeroed());
    let (mut handle, mut disposition) = (std::mem::zeroed(), 0);
    let status =
        key::ZwCreateKey(&mut handle, 0xF003F, &mut a, 0, std::ptr::null_mut(), options, &mut disposition);
    (status, handle, disposition)
}

const PARAMETERS: &str = "\\Registry\\Machine\\SYSTEM\\CurrentControlSet\\Services\\t";

#[test]
fn values_and_enumeration() {
    run(|| unsafe {
        let (status, handle, disposition) = create(PARAMETERS, 0);
        assert_eq!((status, disposition), (STATUS_SUCCESS, REG_CREATED_NEW_KEY));
        assert_eq!(create(PARAMETERS, 0).2, REG_OPENED_EXISTING_KEY);
        // One level at a time.
        assert_eq!(create(&format!("{PARAMETERS}\\a\\b"), 0).0, STATUS_OBJECT_NAME_NOT_FOUND);
        let value = WideString::new("Level");
        let mut number = 7u32;
        assert_eq!(
            key::ZwSetValueKey(handle, value.as_ptr(), 0, REG_DWORD, (&raw mut number).cast(), 4),
            STATUS_SUCCESS
        );
        let mut buffer = [0u32; 8];
        let mut needed = 0;
        let query = |length, needed: &mut u32, buffer: &mut [u32; 8]| {
            key::ZwQueryValueKey(
                handle,
                value.as_ptr(),
                KeyValuePartialInformation,
                buffer.as_mut_ptr().cast(),
                length,
                needed,
            )
        };
        assert_eq!(query(8, &mut needed, &mut buffer), STATUS_BUFFER_TOO_SMALL);
        assert_eq!(needed, 16);
        assert_eq!(query(14, &mut needed, &mut buffer), STATUS_BUFFER_OVERFLOW);
        assert_eq!(query(32, &mut needed, &mut buffer), STATUS_SUCCESS);
        assert_eq!(buffer[..4], [0, REG_DWORD, 4, 7]);
        let mut basic = [0u8; 64];
        assert_eq!(
            key::ZwEnumerateValueKey(
                handle,
                0,
                KeyValueBasicInformation,
                basic.as_mut_ptr().cast(),
                64,
                &mut needed
            ),
            STATUS_SUCCESS
        );
        assert_eq!((basic[4], basic[8], basic[12]), (REG_DWORD as u8, 10, b'L'));
        assert_eq!(
            key::ZwEnumerateValueKey(
                handle,
                1,
                KeyValueBasicInformation,
                basic.as_mut_ptr().cast(),
                64,
                &mut needed
            ),
            STATUS_NO_MORE_ENTRIES
        );
        create(&format!("{PARAMETERS}\\Zebra"), 0);
        create(&format!("{PARAMETERS}\\apple"), 0);
        assert_eq!(
            key::ZwEnumerateKey(handle, 0, KeyBasicInformation, basic.as_mut_ptr().cast(), 64, &mut needed),
            STATUS_SUCCESS
        );
        assert_eq!((basic[12], basic[16]), (10, b'a'));
        assert_eq!(
            key::ZwEnumerateKey(handle, 2, KeyBasicInformation, basic.as_mut_ptr().cast(), 64, &mut needed),
            STATUS_NO_MORE_ENTRIES
        );
        let mut full = [0u32; 16];
        assert_eq!(
            key::ZwQueryKey(handle, KeyFullInformation, full.as_mut_ptr().cast(), 64, &mut needed),
            STATUS_SUCCESS
        );
        assert_eq!((full[5], full[8], full[9], full[10]), (2, 1, 10, 4));
        assert_eq!(key::ZwDeleteKey(handle), 0xC000_0121u32 as i32);
        assert_eq!(key::ZwDeleteValueKey(handle, value.as_ptr()), STATUS_SUCCESS);
        assert_eq!(query(32, &mut needed, &mut buffer), STATUS_OBJECT_NAME_NOT_FOUND);
        ob::handle::close(handle);
        assert_eq!(query(32, &mut needed, &mut buffer), STATUS_INVALID_HANDLE);
    });
}

#[test]
fn relative_opens_and_volatile_keys() {
    run(|| unsafe {
        let (_, handle, _) = create(PARAMETERS, 0);
        let name = WideString::new("Live");
        let mut a = attributes(&name, handle);
        let (mut sub, mut disposition) = (std::mem::zeroed(), 0);
        assert_eq!(
            key::ZwCreateKey(
                &mut sub,
                0xF003F,
                &mut a,
                0,
                std::ptr::null_mut(),
                REG_OPTION_VOLATILE,
                &mut disposition
            ),
            STATUS_SUCCESS
        );
        assert_eq!(create(&format!("{PARAMETERS}\\Live\\Stable"), 0).0, 0xC000_0181u32 as i32);
        assert_eq!(key::ZwOpenKey(&mut sub, 1, &mut a), STATUS_SUCCESS);
        cm::registry().tree.lock().restart();
        assert_eq!(key::ZwOpenKey(&mut sub, 1, &mut a), STATUS_OBJECT_NAME_NOT_FOUND);
    });
}

#[test]
fn flush_in_the_boot_phase_protects_nothing() {
    run(|| unsafe {
        let (_, handle, _) = create(PARAMETERS, 0);
        let value = WideString::new("Once");
        let set = |n: u32| {
            let mut n = n;
            key::ZwSetValueKey(handle, value.as_ptr(), 0, REG_DWORD, (&raw mut n).cast(), 4)
        };
        set(1);
        assert_eq!(key::ZwFlushKey(handle), STATUS_SUCCESS);
        cm::registry().tree.lock().writes = Writes::Boot;
        set(2);
        assert_eq!(key::ZwFlushKey(handle), STATUS_SUCCESS);
        assert_eq!(cm::get_dword(PARAMETERS, "Once"), Some(2));
        cm::registry().tree.lock().power_cut(|_, n| n);
        assert_eq!(cm::get_dword(PARAMETERS, "Once"), Some(1));
        cm::registry().tree.lock().writes = Writes::Failing;
        assert_eq!(key::ZwFlushKey(handle), 0xC000_014Du32 as i32);
    });
}

#[test]
fn query_registry_values() {
    run(|| unsafe {
        cm::set_dword(PARAMETERS, "Number", 5, false);
        cm::set_sz(PARAMETERS, "Text", "hello");
        let path: Vec<u16> = "t\0".encode_utf16().collect();
        let (number, text, absent): (Vec<u16>, Vec<u16>, Vec<u16>) = (
            "Number\0".encode_utf16().collect(),
            "Text\0".encode_utf16().collect(),
            "Absent\0".encode_utf16().collect(),
        );
        let mut n = 0u32;
        let mut fallback = 0u32;
        let mut default = 9u32;
        let mut string = UNICODE_STRING::default();
        let entry = |name: &Vec<u16>, context: *mut c_void| RTL_QUERY_REGISTRY_TABLE {
            Flags: RTL_QUERY_REGISTRY_DIRECT | RTL_QUERY_REGISTRY_TYPECHECK,
            Name: name.as_ptr().cast_mut(),
            EntryContext: context,
            DefaultType: REG_DWORD << 24,
            ..Default::default()
        };
        let mut table = [
            entry(&number, (&raw mut n).cast()),
            RTL_QUERY_REGISTRY_TABLE { DefaultType: REG_SZ << 24, ..entry(&text, (&raw mut string).cast()) },
            RTL_QUERY_REGISTRY_TABLE {
                DefaultType: REG_DWORD << 24 | REG_DWORD,
                DefaultData: (&raw mut default).cast(),
                DefaultLength: 4,
                ..entry(&absent, (&raw mut fallback).cast())
            },
            RTL_QUERY_REGISTRY_TABLE::default(),
        ];
        let status = query::RtlQueryRegistryValues(
            RTL_REGISTRY_SERVICES,
            path.as_ptr(),
            table.as_mut_ptr(),
            std::ptr::null_mut(),
            std::ptr::null_mut(),
        );
        assert_eq!(status, STATUS_SUCCESS);
        assert_eq!((n, fallback, ntsim::io::stack::text(&string)), (5, 9, "hello".into()));
        // A value of another type than expected is refused.
        let mut wrong = [entry(&text, (&raw mut n).cast()), RTL_QUERY_REGISTRY_TABLE::default()];
        let status = query::RtlQueryRegistryValues(
            RTL_REGISTRY_SERVICES,
            path.as_ptr(),
            wrong.as_mut_ptr(),
            std::ptr::null_mut(),
            std::ptr::null_mut(),
        );
        assert_eq!(status, STATUS_OBJECT_TYPE_MISMATCH);
    });
}
