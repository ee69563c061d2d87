//! A small NDIS miniport, written against the exports as a driver would be. [`Knobs::bad`] breaks one rule at a time.
#![allow(dead_code)]

use nt::nbl;
use nt::sys::*;
use ntsim::ndis::{
    attributes, buffer, config, data, dma, driver, life, locks, memory, oid, poll, pool, status, system,
    timer,
};
use std::cell::RefCell;
use std::ptr::null_mut;

/// How the miniport misbehaves, and what it has seen.
#[derive(Default)]
pub struct Knobs {
    pub bad: &'static str,
    pub handle: usize,
    pub driver: usize,
    pub pool: usize,
    /// Receives: lists of our own.
    pub lists: Vec<usize>,
    /// Sends that are not completed yet.
    pub held: Vec<usize>,
    pub pending_oids: Vec<usize>,
    pub pausing: bool,
    pub seen: Vec<String>,
    pub keywords: Vec<(String, u32)>,
    pub mac: Vec<u8>,
    pub returned: u32,
    /// Checksum information of the next indication.
    pub checksum: u32,
    pub frame: Vec<u8>,
    pub offload: bool,
    pub peer: bool,
    /// Physical, functional and next device.
    pub devices: [usize; 3],
    /// Bus and number of resources.
    pub resources: (i32, u32),
}

thread_local! {
    pub static KNOBS: RefCell<Knobs> = RefCell::new(Knobs::default());
}

pub fn knobs<R>(f: impl FnOnce(&mut Knobs) -> R) -> R {
    KNOBS.with(|k| f(&mut k.borrow_mut()))
}

fn bad(what: &str) -> bool {
    knobs(|k| k.bad == what)
}

fn saw(what: &str) {
    knobs(|k| k.seen.push(what.into()));
}

fn adapter() -> NDIS_HANDLE {
    knobs(|k| k.handle) as NDIS_HANDLE
}

fn header(kind: u32, revision: u8, size: u64) -> NDIS_OBJECT_HEADER {
    NDIS_OBJECT_HEADER { Type: kind as u8, Revision: revision, Size: size as u16 }
}

const TAG: u32 = u32::from_le_bytes(*b"Mini");

pub unsafe extern "win64" fn entry(object: *mut DRIVER_OBJECT, path: *mut UNICODE_STRING) -> NTSTATUS {
    let mut c = NDIS_MINIPORT_DRIVER_CHARACTERISTICS {
        Header: header(
            NDIS_OBJECT_TYPE_MINIPORT_DRIVER_CHARACTERISTICS,
            2,
            NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_2,
        ),
        MajorNdisVersion: 6,
        MinorNdisVersion: if system::NdisGetVersion() >= NDIS_RUNTIME_VERSION_685 { 85 } else { 30 },
        InitializeHandlerEx: Some(initialize),
        HaltHandlerEx: Some(halt),
        UnloadHandler: Some(unload),
        PauseHandler: Some(pause),
        RestartHandler: Some(restart),
        OidRequestHandler: Some(request),
        SendNetBufferListsHandler: Some(send),
        ReturnNetBufferListsHandler: Some(returned),
        CancelSendHandler: Some(cancel),
        DevicePnPEventNotifyHandler: Some(event),
        ShutdownHandlerEx: Some(shutdown),
        CancelOidRequestHandler: Some(cancel),
        ..Default::default()
    };
    if bad("no-pause-handler") {
        c.PauseHandler = None;
    }
    let mut handle = null_mut();
    let status = driver::NdisMRegisterMiniportDriver(object, path, null_mut(), &mut c, &mut handle);
    knobs(|k| k.driver = handle as usize);
    status
}

unsafe extern "win64" fn unload(_: *mut DRIVER_OBJECT) {
    saw("unload");
    if !bad("unload-leak") {
        driver::NdisMDeregisterMiniportDriver(knobs(|k| k.driver) as NDIS_HANDLE);
    }
}

unsafe fn wide(text: &str) -> (Vec<u16>, UNICODE_STRING) {
    let mut units: Vec<u16> = text.encode_utf16().collect();
    let length = units.len() as u16 * 2;
    let s = UNICODE_STRING { Length: length, MaximumLength: length, Buffer: units.as_mut_ptr() };
    (units, s)
}

unsafe fn configuration(handle: NDIS_HANDLE) {
    let mut object = NDIS_CONFIGURATION_OBJECT {
        Header: header(NDIS_OBJECT_TYPE_CONFIGURATION_OBJECT, 1, NDIS_SIZEOF_CONFIGURATION_OBJECT_REVISION_1),
        NdisHandle: handle,
        Flags: 0,
    };
    let mut open = null_mut();
    if config::NdisOpenConfigurationEx(&mut object, &mut open) != 0 {
        return;
    }
    for (name, kind) in [
        ("*JumboPacket", NdisParameterInteger),
        ("Depth", NdisParameterHexInteger),
        ("Plain", NdisParameterInteger),
        ("Absent", NdisParameterInteger),
        ("NotANumber", NdisParameterInteger),
    ] {
        let (_units, mut keyword) = wide(name);
        let (mut status, mut value) = (0, null_mut());
        config::NdisReadConfiguration(&mut status, &mut value, open, &mut keyword, kind);
        if status == 0 {
            let integer = (*value).ParameterData.IntegerData;
            knobs(|k| k.keywords.push((name.into(), integer)));
        }
    }
    let (mut status, mut at, mut length) = (0, null_mut(), 0);
    config::NdisReadNetworkAddress(&mut status, &mut at, &mut length, open);
    if status == 0 {
        let mac = std::slice::from_raw_parts(at.cast::<u8>(), length as usize).to_vec();
        knobs(|k| k.mac = mac);
    }
    config::NdisCloseConfiguration(open);
    if bad("closed-config") {
        let (_units, mut keyword) = wide("Plain");
        let mut value = null_mut();
        config::NdisReadConfiguration(&mut status, &mut value, open, &mut keyword, NdisParameterInteger);
    }
}

unsafe fn registration(handle: NDIS_HANDLE) -> NDIS_STATUS {
    let mut r = NDIS_MINIPORT_ADAPTER_ATTRIBUTES {
        RegistrationAttributes: NDIS_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES {
            Header: header(
                NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES,
                1,
                if bad("bad-header") {
                    8
                } else {
                    NDIS_SIZEOF_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES_REVISION_1
                },
            ),
            MiniportAdapterContext: 0x1234 as NDIS_HANDLE,
            AttributeFlags: NDIS_MINIPORT_ATTRIBUTES_HARDWARE_DEVICE | NDIS_MINIPORT_ATTRIBUTES_NDIS_WDM,
            CheckForHangTimeInSeconds: 0,
            InterfaceType: NdisInterfacePci,
        },
    };
    attributes::NdisMSetMiniportAttributes(handle, &mut r)
}

unsafe fn general(handle: NDIS_HANDLE) -> NDIS_STATUS {
    let mut oids = attributes::MANDATORY.to_vec();
    if bad("missing-oid") {
        oids.pop();
    }
    let mut g = NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES {
        Header: header(
            NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES,
            2,
            NDIS_SIZEOF_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES_REVISION_2,
        ),
        MediaType: NdisMedium802_3,
        PhysicalMediumType: NdisPhysicalMedium802_3,
        MtuSize: 1500,
        MaxXmitLinkSpeed: 10_000_000_000,
        XmitLinkSpeed: 10_000_000_000,
        MaxRcvLinkSpeed: 10_000_000_000,
        RcvLinkSpeed: 10_000_000_000,
        MediaConnectState: MediaConnectStateConnected,
        MediaDuplexState: MediaDuplexStateFull,
        LookaheadSize: 1500,
        SupportedPacketFilters: 0xF,
        MaxMulticastListSize: 32,
        MacAddressLength: 6,
        AccessType: NET_IF_ACCESS_BROADCAST,
        ConnectionType: NET_IF_CONNECTION_DEDICATED,
        IfType: IF_TYPE_ETHERNET_CSMACD as u16,
        SupportedOidList: oids.as_mut_ptr(),
        SupportedOidListLength: oids.len() as u32 * 4,
        ..Default::default()
    };
    let mac = if bad("no-mac") { [0; 6] } else { [0x00, 0x16, 0x3e, 1, 2, 3] };
    g.CurrentMacAddress[..6].copy_from_slice(&mac);
    g.PermanentMacAddress[..6].copy_from_slice(&mac);
    attributes::NdisMSetMiniportAttributes(handle, (&raw mut g).cast())
}

unsafe fn offload(handle: NDIS_HANDLE) {
    let mut o = NDIS_OFFLOAD {
        Header: header(NDIS_OBJECT_TYPE_OFFLOAD, 3, NDIS_SIZEOF_NDIS_OFFLOAD_REVISION_3),
        ..Default::default()
    };
    let c = &mut o.Checksum;
    c.IPv4Receive.set_IpChecksum(1);
    c.IPv4Receive.set_TcpChecksum(1);
    c.IPv4Receive.set_UdpChecksum(1);
    c.IPv4Receive.Encapsulation = 2;
    let mut a = NDIS_MINIPORT_ADAPTER_OFFLOAD_ATTRIBUTES {
        Header: header(
            NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_OFFLOAD_ATTRIBUTES,
            1,
            NDIS_SIZEOF_MINIPORT_ADAPTER_OFFLOAD_ATTRIBUTES_REVISION_1,
        ),
        DefaultOffloadConfiguration: &mut o,
        HardwareOffloadCapabilities: &mut o,
        ..Default::default()
    };
    assert_eq!(attributes::NdisMSetMiniportAttributes(handle, (&raw mut a).cast()), 0);
}

/// What the adapter hangs from, and its resources: those of the start, one list each.
unsafe fn property(handle: NDIS_HANDLE) {
    let (mut pdo, mut fdo, mut next) = (null_mut(), null_mut(), null_mut());
    let (mut raw, mut translated) = (null_mut(), null_mut());
    system::NdisMGetDeviceProperty(handle, &mut pdo, &mut fdo, &mut next, &mut raw, &mut translated);
    knobs(|k| k.devices = [pdo, fdo, next].map(|d: *mut DEVICE_OBJECT| d as usize));
    let first = std::ptr::addr_of!((*raw).List).cast::<CM_FULL_RESOURCE_DESCRIPTOR>();
    let bus = (*first).InterfaceType;
    let count = (*first).PartialResourceList.Count;
    let same = std::ptr::addr_of!((*translated).List).cast::<CM_FULL_RESOURCE_DESCRIPTOR>();
    assert_eq!((*same).PartialResourceList.Count, count);
    knobs(|k| k.resources = (bus, count));
    // Whoever wants only one of them passes NULL for the others.
    let mut again = null_mut();
    let none = null_mut();
    system::NdisMGetDeviceProperty(handle, &mut again, none, none, null_mut(), null_mut());
    assert_eq!(again, pdo);
}

unsafe fn make_pool(handle: NDIS_HANDLE) -> NDIS_HANDLE {
    let p = NET_BUFFER_LIST_POOL_PARAMETERS {
        Header: header(NDIS_OBJECT_TYPE_DEFAULT, 1, NDIS_SIZEOF_NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1),
        fAllocateNetBuffer: 1,
        ContextSize: if bad("pool-context") { 7 } else { 16 },
        PoolTag: TAG,
        ..Default::default()
    };
    pool::NdisAllocateNetBufferListPool(handle, &p)
}

unsafe extern "win64" fn tick(_: *mut c_void, _: *mut c_void, _: *mut c_void, _: *mut c_void) {}
unsafe extern "win64" fn work(_: *mut c_void, item: NDIS_HANDLE) {
    timer::NdisFreeIoWorkItem(item);
    saw("work");
}
unsafe extern "win64" fn sg(
    _: *mut DEVICE_OBJECT,
    _: *mut c_void,
    list: *mut SCATTER_GATHER_LIST,
    _: *mut c_void,
) {
    let elements = (*list).NumberOfElements;
    knobs(|k| k.seen.push(format!("sg {elements}")));
}
unsafe extern "win64" fn polled(_: *mut c_void, data: *mut NDIS_POLL_DATA) {
    if bad("poll") && knobs(|k| std::mem::take(&mut k.pausing)) {
        (*data).Receive.NumberOfIndicatedNbls = 3;
    }
    saw("poll");
}
unsafe extern "win64" fn poll_notify(_: *mut c_void, n: *mut NDIS_POLL_NOTIFICATION) {
    let enabled = (*n).Enabled;
    knobs(|k| k.seen.push(format!("poll notification {enabled}")));
}

unsafe fn make_timer(handle: NDIS_HANDLE) -> NDIS_HANDLE {
    let mut c = NDIS_TIMER_CHARACTERISTICS {
        Header: header(
            NDIS_OBJECT_TYPE_TIMER_CHARACTERISTICS,
            1,
            NDIS_SIZEOF_TIMER_CHARACTERISTICS_REVISION_1,
        ),
        AllocationTag: TAG,
        TimerFunction: Some(tick),
        FunctionContext: null_mut(),
    };
    let mut at = null_mut();
    assert_eq!(timer::NdisAllocateTimerObject(handle, &mut c, &mut at), 0);
    at
}

/// Objects: each is made, used and freed, or misused.
unsafe fn objects(handle: NDIS_HANDLE) {
    let t = make_timer(handle);
    timer::NdisSetTimerObject(t, -10_000_000, 0, null_mut());
    if !bad("free-timer-set") {
        timer::NdisCancelTimerObject(t);
    }
    timer::NdisFreeTimerObject(t);
    if bad("bad-timer") {
        timer::NdisFreeTimerObject(t);
    }
    let w = timer::NdisAllocateIoWorkItem(handle);
    timer::NdisQueueIoWorkItem(w, Some(work), null_mut());
    if bad("work-twice") {
        timer::NdisQueueIoWorkItem(w, Some(work), null_mut());
    }
    let l = locks::NdisAllocateRWLock(handle);
    let mut state = [0u8; 3];
    let s: *mut locks::LockState = (&raw mut state).cast();
    locks::NdisAcquireRWLockRead(l, s, 0);
    locks::NdisReleaseRWLock(l, s);
    locks::NdisAcquireRWLockWrite(l, s, 0);
    locks::NdisReleaseRWLock(l, s);
    if bad("rwlock") {
        let old = ntsim::ke::irql::raise(2);
        locks::NdisReleaseRWLock(l, s);
        ntsim::ke::irql::lower(old);
    }
    locks::NdisFreeRWLock(l);
    let m = memory::NdisAllocateMemoryWithTagPriority(handle, 100, TAG, 0);
    memory::NdisFreeMemory(m, if bad("memory-length") { 99 } else { 100 }, 0);
    let mut e = NDIS_STATUS_INDICATION {
        Header: header(NDIS_OBJECT_TYPE_STATUS_INDICATION, 1, NDIS_SIZEOF_STATUS_INDICATION_REVISION_1),
        SourceHandle: handle,
        StatusCode: NDIS_STATUS_LINK_STATE,
        ..Default::default()
    };
    let mut link = NDIS_LINK_STATE {
        Header: header(NDIS_OBJECT_TYPE_DEFAULT, 1, NDIS_SIZEOF_LINK_STATE_REVISION_1),
        MediaConnectState: MediaConnectStateConnected,
        ..Default::default()
    };
    e.StatusBuffer = (&raw mut link).cast();
    e.StatusBufferSize = if bad("status") { 4 } else { 40 };
    status::NdisMIndicateStatusEx(handle, &mut e);
    if system::NdisGetVersion() >= NDIS_RUNTIME_VERSION_685 {
        let (_u, mut name) = wide("NdisRegisterPoll");
        assert!(!system::NdisGetRoutineAddress(&mut name).is_null());
        let c = NDIS_POLL_CHARACTERISTICS {
            Header: header(NDIS_OBJECT_TYPE_DEFAULT, 1, NDIS_SIZEOF_NDIS_POLL_CHARACTERISTICS_REVISION_1),
            SetPollNotificationHandler: Some(poll_notify),
            PollHandler: Some(polled),
        };
        let mut at = null_mut();
        assert_eq!(poll::NdisRegisterPoll(handle, null_mut(), &c, &mut at), 0);
        knobs(|k| k.pausing = true);
        poll::NdisRequestPoll(at, null_mut());
        locks::NdisMSleep(50_000);
        knobs(|k| k.pausing = false);
        poll::NdisDeregisterPoll(at);
    }
}

unsafe fn dma(handle: NDIS_HANDLE, list: *mut NET_BUFFER_LIST) {
    let mut d = NDIS_SG_DMA_DESCRIPTION {
        Header: header(NDIS_OBJECT_TYPE_SG_DMA_DESCRIPTION, 1, NDIS_SIZEOF_SG_DMA_DESCRIPTION_REVISION_1),
        MaximumPhysicalMapping: if bad("sg-maximum") { 16 } else { 65536 },
        ProcessSGListHandler: Some(sg),
        ..Default::default()
    };
    let mut at = null_mut();
    assert_eq!(dma::NdisMRegisterScatterGatherDma(handle, &mut d, &mut at), 0);
    let old = ntsim::ke::irql::raise(2);
    let buffer = nbl::first_buffer(list);
    if dma::NdisMAllocateNetBufferSGList(at, buffer, null_mut(), 0, null_mut(), 0) == 0 {
        dma::NdisMFreeNetBufferSGList(at, (*buffer).__bindgen_anon_2.ScatterGatherList, buffer);
    }
    ntsim::ke::irql::lower(old);
    dma::NdisMDeregisterScatterGatherDma(at);
}

unsafe fn make_list(handle: NDIS_HANDLE, bytes: usize) -> usize {
    let at = memory::NdisAllocateMemoryWithTagPriority(handle, 2048, TAG, 0);
    std::ptr::write_bytes(at.cast::<u8>(), 0, 2048);
    let m = memory::NdisAllocateMdl(handle, at, 2048);
    let list =
        pool::NdisAllocateNetBufferAndNetBufferList(knobs(|k| k.pool) as NDIS_HANDLE, 0, 0, m, 0, bytes);
    (*list).SourceHandle = handle;
    list as usize
}

unsafe fn free_list(list: usize) {
    let list = list as *mut NET_BUFFER_LIST;
    let m = nbl::mdl_chain(nbl::first_buffer(list));
    let at = (*m).MappedSystemVa;
    pool::NdisFreeNetBufferList(list);
    memory::NdisFreeMdl(m);
    memory::NdisFreeMemory(at, 2048, 0);
}

unsafe extern "win64" fn initialize(
    handle: *mut c_void,
    _: *mut c_void,
    _: *mut NDIS_MINIPORT_INIT_PARAMETERS,
) -> NDIS_STATUS {
    saw("initialize");
    knobs(|k| k.handle = handle as usize);
    configuration(handle);
    property(handle);
    if !bad("general-first") && registration(handle) != 0 {
        return NDIS_STATUS_FAILURE;
    }
    if !bad("no-general") && general(handle) != 0 {
        return NDIS_STATUS_FAILURE;
    }
    if knobs(|k| k.offload) {
        offload(handle);
    }
    let p = make_pool(handle);
    knobs(|k| k.pool = p as usize);
    if p.is_null() {
        return NDIS_STATUS_RESOURCES;
    }
    objects(handle);
    let lists: Vec<usize> = (0..4).map(|_| make_list(handle, 60)).collect();
    dma(handle, lists[0] as *mut NET_BUFFER_LIST);
    if bad("advance") {
        buffer::NdisAdvanceNetBufferDataStart(
            nbl::first_buffer(lists[0] as *mut NET_BUFFER_LIST),
            5000,
            0,
            None,
        );
    }
    knobs(|k| k.lists = lists);
    NDIS_STATUS_SUCCESS
}

unsafe extern "win64" fn halt(_: *mut c_void, action: NDIS_HALT_ACTION) {
    knobs(|k| k.seen.push(format!("halt {action}")));
    if bad("receive-paused") {
        indicate(0);
    }
    let lists = knobs(|k| std::mem::take(&mut k.lists));
    let at = knobs(|k| k.pool) as NDIS_HANDLE;
    if bad("pool-in-use") {
        pool::NdisFreeNetBufferListPool(at);
    }
    if bad("free-twice") {
        let list = lists[0] as *mut NET_BUFFER_LIST;
        pool::NdisFreeNetBufferList(list);
        pool::NdisFreeNetBufferList(list);
    }
    for list in lists {
        free_list(list);
    }
    if !bad("halt-leak") {
        pool::NdisFreeNetBufferListPool(at);
    }
}

unsafe extern "win64" fn pause(_: *mut c_void, _: *mut NDIS_MINIPORT_PAUSE_PARAMETERS) -> NDIS_STATUS {
    saw("pause");
    knobs(|k| k.pausing = true);
    if bad("pause-fail") {
        return NDIS_STATUS_FAILURE;
    }
    if bad("pause-hang") {
        return NDIS_STATUS_PENDING;
    }
    if bad("pause-sends") || bad("pause-receives") {
        return NDIS_STATUS_SUCCESS;
    }
    if knobs(|k| k.held.is_empty() && k.returned == 0) {
        return NDIS_STATUS_SUCCESS;
    }
    saw("pause pending");
    NDIS_STATUS_PENDING
}

unsafe extern "win64" fn restart(_: *mut c_void, _: *mut NDIS_MINIPORT_RESTART_PARAMETERS) -> NDIS_STATUS {
    saw("restart");
    knobs(|k| k.pausing = false);
    if bad("late-attributes") {
        general(adapter());
    }
    if bad("restart-complete") {
        life::NdisMPauseComplete(adapter());
    }
    NDIS_STATUS_SUCCESS
}

unsafe extern "win64" fn shutdown(_: *mut c_void, _: NDIS_SHUTDOWN_ACTION) {}
unsafe extern "win64" fn cancel(_: *mut c_void, _: *mut c_void) {}
unsafe extern "win64" fn event(_: *mut c_void, e: *mut NET_DEVICE_PNP_EVENT) {
    let what = (*e).DevicePnPEvent;
    knobs(|k| k.seen.push(format!("event {what}")));
}

unsafe extern "win64" fn request(_: *mut c_void, r: *mut NDIS_OID_REQUEST) -> NDIS_STATUS {
    let d = &mut (*r).DATA;
    if (*r).RequestType == NdisRequestSetInformation {
        d.SET_INFORMATION.BytesRead = d.SET_INFORMATION.InformationBufferLength;
        return NDIS_STATUS_SUCCESS;
    }
    let q = &mut d.QUERY_INFORMATION;
    if bad("oid-hang") {
        return NDIS_STATUS_PENDING;
    }
    let needed = if q.Oid == OID_GEN_STATISTICS { 152 } else { 4 };
    if q.InformationBufferLength < needed {
        q.BytesNeeded = if bad("oid-needed") { 0 } else { needed };
        return NDIS_STATUS_BUFFER_TOO_SHORT;
    }
    q.InformationBuffer.cast::<u32>().write(7);
    q.BytesWritten = if bad("oid-bytes") { 1000 } else { needed };
    match q.Oid {
        OID_GEN_VENDOR_ID => {
            // Later, from a thread.
            let at = r as usize;
            ntsim::ke::thread::spawn(move || {
                oid::NdisMOidRequestComplete(adapter(), at as *mut NDIS_OID_REQUEST, 0)
            })
            .unwrap();
            NDIS_STATUS_PENDING
        }
        _ => {
            if bad("oid-complete") {
                oid::NdisMOidRequestComplete(adapter(), r, 0);
            }
            NDIS_STATUS_SUCCESS
        }
    }
}

unsafe extern "win64" fn send(_: *mut c_void, first: *mut NET_BUFFER_LIST, _: u32, flags: u32) {
    let mut at = first;
    while !at.is_null() {
        let next = nbl::next_list(at);
        nbl::set_next_list(at, null_mut());
        let pausing = knobs(|k| k.pausing);
        nbl::set_status(at, if pausing && !bad("pausing-success") { NDIS_STATUS_PAUSED } else { 0 });
        if knobs(|k| k.peer) {
            echo(at);
        }
        if bad("hold") || bad("pause-sends") {
            knobs(|k| k.held.push(at as usize));
        } else {
            if bad("modify-send") {
                nbl::set_data_length(nbl::first_buffer(at), 1);
            }
            if bad("status-pending") {
                nbl::set_status(at, NDIS_STATUS_PENDING);
            }
            let flag = if bad("dispatch-flag") { 1 } else { flags & 1 };
            data::NdisMSendNetBufferListsComplete(adapter(), at, flag);
            if bad("complete-twice") {
                data::NdisMSendNetBufferListsComplete(adapter(), at, 0);
            }
        }
        at = next;
    }
}

/// Completes what was held, and a pause that waited for it.
pub fn complete_held() {
    for list in knobs(|k| std::mem::take(&mut k.held)) {
        unsafe { data::NdisMSendNetBufferListsComplete(adapter(), list as *mut NET_BUFFER_LIST, 0) };
    }
    finish_pause();
}

fn finish_pause() {
    if knobs(|k| {
        k.pausing && k.held.is_empty() && k.returned == 0 && k.seen.iter().any(|s| s == "pause pending")
    }) {
        knobs(|k| k.seen.retain(|s| s != "pause pending"));
        unsafe { life::NdisMPauseComplete(adapter()) };
    }
}

unsafe extern "win64" fn returned(_: *mut c_void, first: *mut NET_BUFFER_LIST, _: u32) {
    let mut at = first;
    while !at.is_null() {
        let next = nbl::next_list(at);
        knobs(|k| {
            k.returned -= 1;
            k.lists.push(at as usize);
        });
        at = next;
    }
    finish_pause();
}

/// Answers ARP and ICMP echo requests: the frame goes back with its ends exchanged.
unsafe fn echo(list: *mut NET_BUFFER_LIST) {
    let mut frame = buffer::bytes(nbl::first_buffer(list));
    let reply = if frame[12..14] == [8, 6] && frame[21] == 1 {
        frame[21] = 2;
        let (from, target) = (frame[22..32].to_vec(), frame[38..42].to_vec());
        frame[22..28].copy_from_slice(&[2, 0, 0, 0, 0, 9]);
        frame[28..32].copy_from_slice(&target);
        frame[32..42].copy_from_slice(&from);
        true
    } else if frame[12..14] == [8, 0] && frame[23] == 1 && frame[34] == 8 {
        let ends = frame[26..34].to_vec();
        frame[26..30].copy_from_slice(&ends[4..]);
        frame[30..34].copy_from_slice(&ends[..4]);
        // Type 8 becomes 0: the checksum grows by 0x0800.
        frame[34] = 0;
        let sum = u32::from(u16::from_be_bytes([frame[36], frame[37]])) + 0x0800;
        frame[36..38].copy_from_slice(&((sum & 0xFFFF) + (sum >> 16)).to_be_bytes()[2..]);
        true
    } else {
        false
    };
    if reply {
        let to = frame[6..12].to_vec();
        frame[..6].copy_from_slice(&to);
        frame[6..12].copy_from_slice(&[2, 0, 0, 0, 0, 9]);
        knobs(|k| k.frame = frame);
        ntsim::ke::thread::spawn(|| indicate(0)).unwrap();
    }
}

/// Indicates one frame.
pub fn indicate(flags: u32) {
    unsafe {
        let Some(at) = knobs(|k| k.lists.pop()) else { return };
        let list = at as *mut NET_BUFFER_LIST;
        let buffer = nbl::first_buffer(list);
        let frame = knobs(|k| k.frame.clone());
        if !frame.is_empty() {
            std::ptr::copy_nonoverlapping(
                frame.as_ptr(),
                (*nbl::mdl_chain(buffer)).MappedSystemVa.cast::<u8>(),
                frame.len(),
            );
            nbl::set_data_length(buffer, frame.len() as u32);
        }
        if bad("short-frame") {
            nbl::set_data_length(buffer, 13);
        }
        if bad("source") {
            (*list).SourceHandle = null_mut();
        }
        nbl::set_info(list, TcpIpChecksumNetBufferListInfo, knobs(|k| k.checksum) as usize as *mut c_void);
        nbl::set_next_list(list, null_mut());
        knobs(|k| k.returned += 1);
        data::NdisMIndicateReceiveNetBufferLists(adapter(), list, 0, if bad("count") { 2 } else { 1 }, flags);
        if flags & NDIS_RECEIVE_FLAGS_RESOURCES != 0 {
            knobs(|k| {
                k.returned -= 1;
                k.lists.push(at);
            });
        }
        if bad("indicate-twice") {
            data::NdisMIndicateReceiveNetBufferLists(adapter(), list, 0, 1, 0);
        }
        if bad("free-in-use") {
            pool::NdisFreeNetBufferList(list);
        }
    }
}
