//! More rules of the I/O manager, each with a driver that breaks it and one that does not: buses and their children,
//! DMA, cancelling, and what a driver may not leave behind when it is unloaded.
#![allow(clippy::result_large_err, reason = "a bugcheck carries its story")]
#![allow(unsafe_code, unsafe_op_in_unsafe_fn)]
#![allow(
    clippy::undocumented_unsafe_blocks,
    clippy::multiple_unsafe_ops_per_block,
    clippy::missing_safety_doc
)]

mod common;
mod image;

use common::bus;
use common::driver::{self, knobs};
use common::start::{DEVICE, run};
use image::{Builder, Driver};
use nt::sys::*;
use ntsim::io::{dma, irp, rules, stack};
use ntsim::pnp::{self, node::NodeState, removal, request};
use ntsim::verifier::Rule;
use ntsim_host::BugCheck;
use std::ffi::c_void;
use std::ptr::null_mut;

const CHILD: &str = "TEST\\CHILD";

fn expect(rule: &Rule, outcome: Result<(), BugCheck>) {
    match outcome {
        Ok(()) => panic!("rule {} was not found broken", rule.id),
        Err(b) => assert_eq!(b.rule, Some(rule.id), "{b}"),
    }
}

fn device_pdo() -> *mut DEVICE_OBJECT {
    pnp::with(pnp::find(DEVICE).unwrap(), |n| n.pdo as *mut DEVICE_OBJECT)
}

/// Both children start and one is removed (it stays on its bus); then the other is pulled out.
fn children_live() {
    let child = pnp::find(CHILD).expect("a child");
    let children = knobs(|k| k.children.clone());
    let states: Vec<NodeState> =
        pnp::state().nodes.lock().iter().filter(|n| children.contains(&n.pdo)).map(|n| n.state).collect();
    assert_eq!(states, [NodeState::Started; 2], "{}", pnp::dump());
    let pdo = pnp::with(child, |n| n.pdo as *mut DEVICE_OBJECT);
    assert_eq!(unsafe { request::relations(pdo, TargetDeviceRelation) }, Some(vec![pdo]));
    unsafe { ntsim::ob::dereference(pdo.cast()) };
    removal::remove(child).unwrap();
    knobs(|k| k.children.pop());
    pnp::manager::exclusively(|| unsafe { pnp::manager::enumerate(pnp::find(DEVICE).unwrap()) });
}

#[test]
fn buses_and_their_children() {
    run(bus::entry, &[], children_live).unwrap_or_else(|b| panic!("{b}"));
    expect(&rules::PDO_NO_ANSWER, run(bus::entry, &["no-id"], || ()));
    expect(&rules::DUPLICATE_IDS, run(bus::entry, &["same-ids"], || ()));
    expect(&rules::RELATION_NOT_PDO, run(bus::entry, &["relation-not-pdo"], || ()));
    expect(&rules::TARGET_RELATION_EMPTY, run(bus::entry, &["target-relation"], children_live));
    expect(&rules::PDO_DELETED_PRESENT, run(bus::entry, &["delete-present"], children_live));
    expect(
        &rules::CALL_SKIPPED_DEVICE,
        run(driver::entry, &["filter-skips"], || {
            let _ = removal::remove(pnp::find(DEVICE).unwrap());
        }),
    );
}

/// A request of `driver.rs` that stays pending until it is cancelled.
unsafe fn pending() -> *mut IRP {
    let top = removal::top(pnp::find(DEVICE).unwrap());
    let request = irp::IoAllocateIrp((*top).StackSize, 0);
    let next = stack::next(request);
    (*next).MajorFunction = IRP_MJ_DEVICE_CONTROL as u8;
    (*stack::args(next))[2] = 0x22 << 16 | 2 << 2;
    (*next).CompletionRoutine = Some(keep);
    (*next).Control = (SL_INVOKE_ON_SUCCESS | SL_INVOKE_ON_ERROR | SL_INVOKE_ON_CANCEL) as u8;
    assert_eq!(irp::IofCallDriver(top, request), STATUS_PENDING);
    request
}

unsafe extern "win64" fn keep(_: *mut DEVICE_OBJECT, _: *mut IRP, _: *mut c_void) -> NTSTATUS {
    STATUS_MORE_PROCESSING_REQUIRED
}

#[test]
fn requests_in_use() {
    let cancelled = || unsafe {
        let request = pending();
        assert_eq!(irp::IoCancelIrp(request), 1);
        irp::IoFreeIrp(request);
    };
    run(driver::entry, &[], cancelled).unwrap_or_else(|b| panic!("{b}"));
    expect(&rules::CANCEL_IRQL, run(driver::entry, &["cancel-irql"], cancelled));
    expect(&rules::FREE_IN_USE, run(driver::entry, &[], || unsafe { irp::IoFreeIrp(pending()) }));
}

/// What is done with a DMA adapter, in order.
#[derive(Clone, Copy, PartialEq)]
enum Dma {
    GetList,
    /// The same at PASSIVE_LEVEL.
    GetListLow,
    PutList,
    Allocate,
    Free,
    Put,
}

fn with_adapter(steps: &'static [Dma]) -> Result<(), BugCheck> {
    run(driver::entry, &[], move || unsafe {
        let description = &mut DEVICE_DESCRIPTION {
            Version: 2,
            Master: 1,
            ScatterGather: 1,
            MaximumLength: 65536,
            ..Default::default()
        };
        let mut registers = 0;
        let adapter = dma::IoGetDmaAdapter(device_pdo(), description, &mut registers);
        let operations = &*(*adapter).DmaOperations;
        let data = ntsim::io::glue::pool(8192, *b"Data", true).cast::<c_void>();
        let mdl = ntsim::mm::exports::IoAllocateMdl(data.cast(), 8192, 0, 0, null_mut());
        ntsim::mm::exports::MmBuildMdlForNonPagedPool(mdl);
        let mut list = null_mut::<SCATTER_GATHER_LIST>();
        let (mut logical, mut buffer) = (LARGE_INTEGER::default(), null_mut());
        for step in steps {
            let level = if matches!(step, Dma::GetList | Dma::PutList) { 2 } else { 0 };
            let old = ntsim::ke::irql::raise(level);
            match step {
                Dma::GetList | Dma::GetListLow => {
                    let get = operations.GetScatterGatherList.unwrap();
                    let context = (&raw mut list).cast();
                    let top = removal::top(pnp::find(DEVICE).unwrap());
                    let status = get(adapter, top, mdl.cast(), data, 8192, Some(bus::keep_list), context, 0);
                    assert_eq!(status, STATUS_SUCCESS);
                    assert_ne!((*list).NumberOfElements, 0);
                }
                Dma::PutList => operations.PutScatterGatherList.unwrap()(adapter, list, 0),
                Dma::Allocate => {
                    buffer = operations.AllocateCommonBuffer.unwrap()(adapter, 4096, &mut logical, 1);
                    assert!(!buffer.is_null());
                }
                Dma::Free => operations.FreeCommonBuffer.unwrap()(adapter, 4096, logical, buffer, 1),
                Dma::Put => operations.PutDmaAdapter.unwrap()(adapter),
            }
            ntsim::ke::irql::lower(old);
        }
    })
}

#[test]
fn direct_memory_access() {
    use Dma::*;
    with_adapter(&[GetList, PutList, Allocate, Free, Put]).unwrap_or_else(|b| panic!("{b}"));
    expect(&rules::DMA_IRQL, with_adapter(&[GetListLow]));
    expect(&rules::DMA_SG_TWICE, with_adapter(&[GetList, PutList, PutList]));
    expect(&rules::DMA_BUFFER_TWICE, with_adapter(&[Allocate, Free, Free]));
    expect(&rules::DMA_COMMON_BUFFER_LEAK, with_adapter(&[Allocate, Put]));
    expect(&rules::DMA_SG_LEAK, with_adapter(&[GetList, Put]));
    expect(&rules::DMA_RELEASED, with_adapter(&[Put, Put]));
}

unsafe extern "win64" fn native_entry(object: *mut DRIVER_OBJECT, _: *mut UNICODE_STRING) -> NTSTATUS {
    (*object).DriverUnload = Some(native_unload);
    STATUS_SUCCESS
}
unsafe extern "win64" fn native_unload(_: *mut DRIVER_OBJECT) {}
unsafe extern "win64" fn isr(_: *mut c_void, _: *mut c_void) -> u8 {
    0
}

const IMPORTS: &[&str] = &[
    "IoCreateDevice",
    "IoDeleteDevice",
    "IoAllocateIrp",
    "IoFreeIrp",
    "IoAllocateWorkItem",
    "IoFreeWorkItem",
    "IoConnectInterruptEx",
    "IoDisconnectInterruptEx",
    "EtwRegister",
    "EtwUnregister",
    "IoOpenDeviceRegistryKey",
    "ZwClose",
    "IoGetDmaAdapter",
];

fn at<T>(x: &mut T) -> u64 {
    x as *mut T as u64
}

/// Loads a driver of its own, has it make something, give it back or not, and unloads it.
fn unloaded(make: fn(&Driver, *mut DRIVER_OBJECT, bool)) -> [Result<(), BugCheck>; 2] {
    [false, true].map(|leave| {
        run(driver::entry, &[], move || unsafe {
            let d = Driver::load("own.sys", Builder::new(&[("ntoskrnl.exe", IMPORTS)]).build()).unwrap();
            let image = ntsim::io::driver::Image {
                entry: native_entry,
                base: d.module.base,
                size: d.module.range().len(),
                id: 0,
            };
            let path = "\\Registry\\Machine\\System\\CurrentControlSet\\Services\\own";
            let object = ntsim::io::driver::create("own", path, image).unwrap();
            assert_eq!(ntsim::io::driver::initialize(object), STATUS_SUCCESS);
            make(&d, object, leave);
            assert!(ntsim::io::driver::unload(object));
        })
    })
}

fn only_the_leaver(rule: &Rule, outcome: [Result<(), BugCheck>; 2]) {
    let [clean, leaver] = outcome;
    clean.unwrap_or_else(|b| panic!("{}: {b}", rule.id));
    expect(rule, leaver);
}

#[test]
fn what_a_driver_leaves_behind() {
    let devices = unloaded(|d, object, leave| {
        let mut device = 0u64;
        d.call("IoCreateDevice", &[object as u64, 0, 0, 0x22, 0, 0, at(&mut device)]);
        if !leave {
            d.call("IoDeleteDevice", &[device]);
        }
    });
    only_the_leaver(&rules::UNLOAD_DEVICES, devices);
    let irps = unloaded(|d, _, leave| {
        let request = d.call("IoAllocateIrp", &[1, 0]);
        if !leave {
            d.call("IoFreeIrp", &[request]);
        }
    });
    only_the_leaver(&rules::UNLOAD_IRPS, irps);
    let items = unloaded(|d, _, leave| {
        let item = d.call("IoAllocateWorkItem", &[knobs(|k| k.fdo as u64)]);
        if !leave {
            d.call("IoFreeWorkItem", &[item]);
        }
    });
    only_the_leaver(&rules::UNLOAD_WORK, items);
    let interrupts = unloaded(|d, _, leave| unsafe {
        let mut object = std::mem::zeroed();
        let mut connect =
            IO_CONNECT_INTERRUPT_PARAMETERS { Version: CONNECT_LINE_BASED, ..Default::default() };
        connect.__bindgen_anon_1.LineBased = IO_CONNECT_INTERRUPT_LINE_BASED_PARAMETERS {
            PhysicalDeviceObject: device_pdo(),
            InterruptObject: &mut object,
            ServiceRoutine: Some(isr),
            ..Default::default()
        };
        assert_eq!(d.call("IoConnectInterruptEx", &[at(&mut connect)]) as u32, 0);
        if !leave {
            let mut gone =
                IO_DISCONNECT_INTERRUPT_PARAMETERS { Version: CONNECT_LINE_BASED, ..Default::default() };
            gone.ConnectionContext.Generic = object.cast();
            d.call("IoDisconnectInterruptEx", &[at(&mut gone)]);
        }
    });
    only_the_leaver(&rules::UNLOAD_INTERRUPTS, interrupts);
    let registrations = unloaded(|d, _, leave| {
        let (mut guid, mut handle) = (driver::CLASS, 0u64);
        assert_eq!(d.call("EtwRegister", &[at(&mut guid), 0, 0, at(&mut handle)]) as u32, 0);
        if !leave {
            d.call("EtwUnregister", &[handle]);
        }
    });
    only_the_leaver(&rules::UNLOAD_REGISTRATION, registrations);
    let handles = unloaded(|d, _, leave| {
        let mut key = 0u64;
        assert_eq!(
            d.call("IoOpenDeviceRegistryKey", &[device_pdo() as u64, 1, 0x2_0019, at(&mut key)]) as u32,
            0
        );
        if !leave {
            d.call("ZwClose", &[key]);
        }
    });
    only_the_leaver(&rules::REGISTRY_HANDLE_LEAK, handles);
    let adapters = unloaded(|d, _, leave| unsafe {
        let mut description = DEVICE_DESCRIPTION { Version: 2, Master: 1, ..Default::default() };
        let mut registers = 0u32;
        let adapter =
            d.call("IoGetDmaAdapter", &[device_pdo() as u64, at(&mut description), at(&mut registers)]);
        let adapter = adapter as *mut DMA_ADAPTER;
        if !leave {
            (*(*adapter).DmaOperations).PutDmaAdapter.unwrap()(adapter);
        }
    });
    only_the_leaver(&rules::DMA_ADAPTER_LEAK, adapters);
}
