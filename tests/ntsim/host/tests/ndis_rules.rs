//! NDIS' contract: a clean miniport goes through its life without a report; each rule is broken once and found.
// A bugcheck ends the run: its size does not matter.
#![allow(clippy::result_large_err)]
#![allow(unsafe_code, unsafe_op_in_unsafe_fn)]
#![allow(
    clippy::undocumented_unsafe_blocks,
    clippy::multiple_unsafe_ops_per_block,
    clippy::missing_safety_doc
)]

#[path = "common/miniport.rs"]
mod miniport;
#[path = "common/pci.rs"]
mod pci;

use miniport::{KNOBS, Knobs, complete_held, entry, indicate, knobs};
use nt::sys::*;
use ntsim::ndis::adapter::{Adapter, Client, State};
use ntsim::ndis::protocol::{Stack, transmit};
use ntsim::ndis::{self, life, oid, pool, rules};
use ntsim::pnp::{self, boot, install, node::NodeState, removal, store::Source};
use ntsim::verifier::Rule;
use ntsim_host::{BugCheck, Sim};
use pci::{Function, PciMachine, Shared};
use smoltcp::wire::{IpAddress, IpCidr};
use std::cell::RefCell;
use std::rc::Rc;

const INF: &str = r#"[Version]
Signature="$Windows NT$"
Class=Net
ClassGuid={4d36e972-e325-11ce-bfc1-08002be10318}
Provider=%V%
DriverVer=11/22/2026,1.0.0.0
CatalogFile=t.cat
PnpLockdown=1
[Manufacturer]
%V%=Models,NTamd64
[Models.NTamd64]
%D%=Dev,PCI\VEN_5853&DEV_0001
[DestinationDirs]
DefaultDestDir=12
[Dev.NT]
CopyFiles=@t.sys
AddReg=Soft
[Soft]
HKR,,*JumboPacket,,"1514"
HKR,,Depth,,"20"
HKR,,Plain,0x00010001,33
HKR,,NotANumber,,"x"
HKR,,NetworkAddress,,"02-11-22-33-44-55"
[Dev.NT.Services]
AddService=testnic,2,Svc
[Svc]
ServiceType=1
StartType=3
ErrorControl=1
ServiceBinary=%12%\t.sys
[Strings]
V="Vendor"
D="Test NIC"
"#;

const DEVICE: &str = "PCI\\VEN_5853&DEV_0001";

/// A client that keeps what it receives until it is told to pause.
#[derive(Default)]
struct Holder {
    received: RefCell<Vec<usize>>,
    sent: RefCell<Vec<(usize, i32)>>,
    keep: std::cell::Cell<bool>,
}

unsafe impl Sync for Holder {}

impl Client for Holder {
    fn receive(&self, adapter: &'static Adapter, lists: &[*mut NET_BUFFER_LIST], flags: u32) {
        if flags & NDIS_RECEIVE_FLAGS_RESOURCES != 0 {
            return;
        }
        if self.keep.get() {
            self.received.borrow_mut().extend(lists.iter().map(|l| *l as usize));
        } else {
            adapter.give_back(lists);
        }
    }
    fn sent(&self, _: &'static Adapter, list: *mut NET_BUFFER_LIST, status: NDIS_STATUS) {
        self.sent.borrow_mut().push((list as usize, status));
    }
    fn status(&self, _: &'static Adapter, _: NDIS_STATUS, _: &[u8]) {}
    fn pausing(&self, adapter: &'static Adapter) {
        let lists: Vec<_> = self.received.take().into_iter().map(|l| l as *mut NET_BUFFER_LIST).collect();
        adapter.give_back(&lists);
    }
}

fn sim(bad: &'static str, build: u32) -> Sim {
    let shared = Rc::new(Shared::default());
    shared.functions.borrow_mut().insert((2, 0), Function::new(0x5853, 1));
    KNOBS.with(|k| *k.borrow_mut() = Knobs { bad, ..Knobs::default() });
    let machine = PciMachine { shared, cpus: 2 };
    Sim::builder().processors(2).machine(Box::new(machine)).config(|c| c.build = build).build()
}

fn started() -> Option<&'static Adapter> {
    install::add_package("test.inf", INF.as_bytes(), vec![("t.sys".into(), Source::Native(entry))]).unwrap();
    boot::run();
    ndis::adapters().first().copied()
}

fn send_one(adapter: &'static Adapter, handle: NDIS_HANDLE) -> transmit::InFlight {
    let out = transmit::Outgoing { bytes: vec![0xAB; 80], headers: 14, ..Default::default() };
    let (list, memory) = unsafe { transmit::list(handle, &out) }.expect("memory");
    adapter.send(&[list]);
    memory
}

/// What every miniport here goes through.
fn life_of_an_adapter(holder: &'static Holder) {
    let Some(adapter) = started() else { return };
    if adapter.state() != State::Running {
        return;
    }
    // The miniport was told what the Plug and Play manager knows: ports, memory and an interrupt of the PCI bus.
    let [pdo, fdo, next] = knobs(|k| k.devices);
    let node = pnp::find(DEVICE).unwrap();
    assert_eq!((pdo, next), (pnp::with(node, |n| n.pdo), pdo));
    assert_eq!(fdo, removal::top(node) as usize);
    assert_eq!(knobs(|k| k.resources), (PCIBus, 3));
    *adapter.client.lock() = Some(holder);
    let handle = pool::make_own(1);
    let mut memory = vec![send_one(adapter, handle)];
    holder.keep.set(true);
    indicate(0);
    holder.keep.set(false);
    indicate(0);
    indicate(NDIS_RECEIVE_FLAGS_RESOURCES);
    assert_eq!(oid::query_u32(adapter, OID_GEN_MAXIMUM_TOTAL_SIZE), Ok(7));
    assert_eq!(oid::query_u32(adapter, OID_GEN_VENDOR_ID), Ok(7));
    assert_eq!(oid::query(adapter, OID_GEN_STATISTICS, 8).map(|d| d.len()), Ok(152));
    let pausing = knobs(|k| k.bad) == "pausing-success";
    if pausing {
        // A send that comes while a pause is pending.
        knobs(|k| k.pausing = true);
        adapter.enter(State::Pausing);
        adapter.pause_returned.store(true, std::sync::atomic::Ordering::Release);
        memory.push(send_one(adapter, handle));
        adapter.enter(State::Running);
    }
    if knobs(|k| k.bad) == "hold" {
        ntsim::ke::thread::spawn(|| {
            pnp::manager::sleep_ms(200);
            complete_held();
        })
        .unwrap();
    }
    life::pause(adapter, NDIS_PAUSE_NDIS_INTERNAL);
    assert_eq!(adapter.state(), State::Paused);
    memory.push(send_one(adapter, handle));
    assert_eq!(holder.sent.borrow().last().map(|s| s.1), Some(NDIS_STATUS_PAUSED));
    assert_eq!(life::restart(adapter), NDIS_STATUS_SUCCESS);
    removal::disable(pnp::find(DEVICE).unwrap()).unwrap();
    assert!(ndis::adapters().is_empty());
}

fn run(bad: &'static str, build: u32) -> Result<(), BugCheck> {
    let holder: &'static Holder = Box::leak(Box::default());
    sim(bad, build).run(|| life_of_an_adapter(holder))
}

#[test]
fn a_clean_miniport_lives_and_dies_without_a_report() {
    for (build, poll) in [(14393, false), (17763, false), (20348, true), (22621, true)] {
        run("", build).unwrap_or_else(|b| panic!("build {build}: {b}"));
        let seen = knobs(|k| k.seen.clone());
        assert_eq!(seen.iter().any(|s| s == "poll notification 1"), poll, "{seen:?}");
        let order: Vec<&str> =
            seen.iter().map(String::as_str).filter(|s| !s.starts_with("poll") && *s != "work").collect();
        assert_eq!(
            order,
            [
                "initialize",
                "sg 1",
                "event 5",
                "restart",
                "pause",
                "restart",
                "event 0",
                "event 1",
                "pause",
                "halt 0",
                "unload"
            ],
            "build {build}"
        );
        // Text becomes a number by the base that is asked for; what is none, or absent, is refused.
        let keywords = knobs(|k| k.keywords.clone());
        let expected =
            [("*JumboPacket", 1514), ("Depth", 0x20), ("Plain", 33)].map(|(n, v)| (n.to_string(), v));
        assert_eq!(keywords, expected);
        assert_eq!(knobs(|k| k.mac.clone()), [2, 0x11, 0x22, 0x33, 0x44, 0x55]);
        assert_eq!(knobs(|k| k.seen.iter().filter(|s| *s == "work").count()), 1);
    }
}

#[test]
fn a_pause_waits_for_what_is_outstanding() {
    run("hold", 14393).unwrap_or_else(|b| panic!("{b}"));
}

#[test]
fn lists_have_the_size_of_the_running_version() {
    for (version, slots) in [(0x6001E, 24), (0x6003C, 26), (0x60052, 27), (0x60057, 27)] {
        assert_eq!(pool::slots(version), slots);
    }
    assert_eq!([14393, 17763, 20348, 22621].map(ndis::version_of), [0x6003C, 0x60052, 0x60055, 0x60057]);
}

/// Misbehaviour, the rule that finds it, the Windows build.
const VIOLATIONS: &[(&str, &Rule, u32)] = &[
    ("no-pause-handler", &rules::HANDLER_MISSING, 14393),
    ("bad-header", &rules::HEADER, 14393),
    ("general-first", &rules::ATTRIBUTES_ORDER, 14393),
    ("no-general", &rules::ATTRIBUTES_MISSING, 14393),
    ("no-mac", &rules::ATTRIBUTES_CONTENT, 14393),
    ("missing-oid", &rules::ATTRIBUTES_CONTENT, 14393),
    ("late-attributes", &rules::ATTRIBUTES_LATE, 14393),
    ("complete-twice", &rules::SEND_COMPLETE, 14393),
    ("modify-send", &rules::SEND_MODIFIED, 14393),
    ("pausing-success", &rules::SEND_WHILE_PAUSING, 14393),
    ("status-pending", &rules::SEND_STATUS, 14393),
    ("receive-paused", &rules::RECEIVE_STATE, 14393),
    ("indicate-twice", &rules::RECEIVE_TWICE, 14393),
    ("count", &rules::RECEIVE_COUNT, 14393),
    ("short-frame", &rules::RECEIVE_CONTENT, 14393),
    ("source", &rules::RECEIVE_SOURCE, 14393),
    ("free-in-use", &rules::LIST_FREED, 14393),
    ("free-twice", &rules::LIST_UNKNOWN, 14393),
    ("pool-in-use", &rules::POOL_IN_USE, 14393),
    ("pool-context", &rules::POOL_USE, 14393),
    ("advance", &rules::DATA_START, 14393),
    ("oid-complete", &rules::OID_COMPLETE, 14393),
    ("oid-bytes", &rules::OID_RESULT, 14393),
    ("oid-needed", &rules::OID_RESULT, 14393),
    ("oid-hang", &rules::OID_HANG, 14393),
    ("restart-complete", &rules::STATE_COMPLETE, 14393),
    ("pause-fail", &rules::PAUSE_STATUS, 14393),
    ("pause-sends", &rules::PAUSE_SENDS, 14393),
    ("pause-hang", &rules::STATE_HANG, 14393),
    ("halt-leak", &rules::HALT_LEAK, 14393),
    ("unload-leak", &rules::UNLOAD_LEAK, 14393),
    ("bad-timer", &rules::BAD_OBJECT, 14393),
    ("free-timer-set", &rules::TIMER_FREED, 14393),
    ("work-twice", &rules::WORK_ITEM, 14393),
    ("rwlock", &rules::RW_LOCK, 14393),
    ("memory-length", &rules::MEMORY_LENGTH, 14393),
    ("closed-config", &rules::CONFIGURATION, 14393),
    ("status", &rules::STATUS, 14393),
    ("sg-maximum", &rules::SG_LIST, 14393),
    ("poll", &rules::POLL, 20348),
];

#[test]
fn every_violation_is_found() {
    let mut wrong = Vec::new();
    for (bad, rule, build) in VIOLATIONS {
        match run(bad, *build) {
            Err(b) if b.rule == Some(rule.id) => {}
            Err(b) => wrong.push(format!("{bad}: {:?} instead of {}: {}", b.rule, rule.id, b.text)),
            Ok(()) => wrong.push(format!("{bad}: {} was not found", rule.id)),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_pause_with_receives_outstanding_is_found() {
    let holder: &'static Holder = Box::leak(Box::default());
    let end = sim("", 14393).run(|| {
        let adapter = started().unwrap();
        *adapter.client.lock() = Some(holder);
        holder.keep.set(true);
        indicate(0);
        // Forgets what it has indicated.
        knobs(|k| k.bad = "pause-receives");
        *adapter.client.lock() = None;
        life::pause(adapter, NDIS_PAUSE_NDIS_INTERNAL);
    });
    assert_eq!(end.unwrap_err().rule, Some(rules::PAUSE_RECEIVES.id));
}

#[test]
fn a_wrong_dispatch_flag_is_found() {
    let holder: &'static Holder = Box::leak(Box::default());
    let end = sim("", 14393).run(|| {
        let adapter = started().unwrap();
        *adapter.client.lock() = Some(holder);
        indicate(NDIS_RECEIVE_FLAGS_DISPATCH_LEVEL);
    });
    assert_eq!(end.unwrap_err().rule, Some(rules::DISPATCH_FLAG.id));
}

#[test]
fn all_rules_have_a_violation() {
    let mut proven: Vec<&str> = VIOLATIONS.iter().map(|v| v.1.id).collect();
    proven.extend([rules::PAUSE_RECEIVES.id, rules::DISPATCH_FLAG.id, rules::RECEIVE_METADATA.id]);
    let missing: Vec<&str> = rules::ALL.iter().map(|r| r.id).filter(|id| !proven.contains(id)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

fn with_stack(checksum: u32, frame: Vec<u8>) -> Result<(), BugCheck> {
    let sim = sim("", 14393);
    knobs(|k| k.offload = true);
    sim.run(|| {
        let adapter = started().unwrap();
        let stack = Stack::open(adapter).unwrap();
        assert!(stack.settings.lock().refused.is_empty(), "{:?}", stack.settings.lock().refused);
        knobs(|k| {
            k.frame = frame;
            k.checksum = checksum;
        });
        indicate(0);
        assert_eq!(stack.link.counts.lock().frames, 1);
        removal::disable(pnp::find(DEVICE).unwrap()).unwrap();
        assert_eq!(pnp::find(DEVICE).map(|id| pnp::with(id, |n| n.state)), Some(NodeState::Removed));
    })
}

/// A UDP datagram with a right checksum.
fn datagram() -> Vec<u8> {
    use ntsim::ndis::protocol::checksum::{Headers, ipv4_header};
    let mut f = vec![0u8; 14];
    f[12] = 8;
    f.extend([0x45, 0, 0, 36, 0, 1, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
    f.extend([0x10, 0, 0x20, 0, 0, 16, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]);
    f[0] = 2;
    let ip = ipv4_header(&f[14..34]);
    f[24..26].copy_from_slice(&ip.to_be_bytes());
    let right = Headers::parse(&f).unwrap().checksum(&f);
    f[40..42].copy_from_slice(&right.to_be_bytes());
    f
}

/// Receive bits: UdpChecksumFailed, TcpChecksumSucceeded, UdpChecksumSucceeded, IpChecksumSucceeded.
const UDP_BAD: u32 = 2;
const TCP_GOOD: u32 = 8;
const UDP_GOOD: u32 = 16;
const IP_GOOD: u32 = 32;

#[test]
fn checksum_information_is_held_against_the_frame() {
    with_stack(UDP_GOOD | IP_GOOD, datagram()).unwrap_or_else(|b| panic!("{b}"));
    let mut broken = datagram();
    broken[45] ^= 1;
    with_stack(UDP_BAD | IP_GOOD, broken.clone()).unwrap_or_else(|b| panic!("{b}"));
    let mut broken_ip = datagram();
    broken_ip[25] ^= 1;
    for (info, frame) in
        [(UDP_GOOD, broken), (UDP_BAD, datagram()), (TCP_GOOD, datagram()), (IP_GOOD, broken_ip)]
    {
        let end = with_stack(info, frame).expect_err("wrong information");
        assert_eq!(end.rule, Some(rules::RECEIVE_METADATA.id), "{end}");
    }
}

#[test]
fn a_stack_pings_through_the_miniport() {
    let sim = sim("", 14393);
    knobs(|k| k.peer = true);
    sim.run(|| {
        let adapter = started().unwrap();
        let stack = Stack::open(adapter).unwrap();
        stack.address(IpCidr::new(IpAddress::v4(10, 0, 0, 1), 24), None);
        for size in [1, 56, 1000] {
            stack
                .ping(IpAddress::v4(10, 0, 0, 2), &vec![7; size], 5000)
                .unwrap_or_else(|e| panic!("{size}: {e:?}"));
        }
        removal::disable(pnp::find(DEVICE).unwrap()).unwrap();
    })
    .unwrap_or_else(|b| panic!("{b}"));
}
