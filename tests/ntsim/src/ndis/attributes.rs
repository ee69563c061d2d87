//! NdisMSetMiniportAttributes: what a miniport tells NDIS about an adapter, and the order in which it must.

use super::adapter::{Adapter, Link, State};
use super::{adapter_of, form, rules};
use crate::abi::*;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::sync::atomic::Ordering::*;

/// What a miniport told.
#[derive(Clone, Default)]
pub struct Attributes {
    /// Registration attributes were set.
    pub registered: bool,
    /// AttributeFlags.
    pub flags: u32,
    /// CheckForHangTimeInSeconds.
    pub hang_seconds: u32,
    /// General attributes, if set; their pointers are void.
    pub general: Option<NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES>,
    /// OIDs that the miniport serves.
    pub oids: Vec<u32>,
    /// Current MAC address.
    pub mac: [u8; 6],
    /// Permanent MAC address.
    pub permanent: [u8; 6],
    /// Receive-side scaling.
    pub rss: Option<NDIS_RECEIVE_SCALE_CAPABILITIES>,
    /// Power management.
    pub power: Option<NDIS_PM_CAPABILITIES>,
    /// Default offload configuration.
    pub offload: Option<NDIS_OFFLOAD>,
    /// What the hardware could do.
    pub hardware: Option<NDIS_OFFLOAD>,
    /// Hardware assist attributes were set.
    pub hardware_assist: bool,
}

/// OIDs that every miniport must serve (WDK, "Mandatory OIDs for miniport drivers").
pub const MANDATORY: [u32; 14] = [
    OID_GEN_CURRENT_LOOKAHEAD,
    OID_GEN_CURRENT_PACKET_FILTER,
    OID_GEN_INTERRUPT_MODERATION,
    OID_GEN_LINK_PARAMETERS,
    OID_GEN_MAXIMUM_TOTAL_SIZE,
    OID_GEN_RCV_OK,
    OID_GEN_RECEIVE_BLOCK_SIZE,
    OID_GEN_RECEIVE_BUFFER_SPACE,
    OID_GEN_STATISTICS,
    OID_GEN_TRANSMIT_BLOCK_SIZE,
    OID_GEN_TRANSMIT_BUFFER_SPACE,
    OID_GEN_VENDOR_DESCRIPTION,
    OID_GEN_VENDOR_ID,
    OID_GEN_XMIT_OK,
];

fn out_of_order(adapter: &Adapter, text: &str) -> NDIS_STATUS {
    rules::report(&rules::ATTRIBUTES_ORDER, text.into(), adapter.handle() as usize, 0);
    NDIS_STATUS_INVALID_PARAMETER
}

fn content(text: String) -> NDIS_STATUS {
    rules::report(&rules::ATTRIBUTES_CONTENT, text, 0, 0);
    NDIS_STATUS_INVALID_PARAMETER
}

unsafe fn registration(
    adapter: &Adapter,
    at: *const NDIS_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES,
) -> NDIS_STATUS {
    if !form::REGISTRATION.check(at.cast(), adapter.driver.version) {
        return NDIS_STATUS_INVALID_PARAMETER;
    }
    let given = *at;
    if adapter.attributes.lock().registered {
        return out_of_order(adapter, "registration attributes are set twice");
    }
    adapter.set_context(given.MiniportAdapterContext);
    let mut attributes = adapter.attributes.lock();
    attributes.registered = true;
    attributes.flags = given.AttributeFlags;
    // "If zero, NDIS uses a default of two seconds."
    attributes.hang_seconds =
        if given.CheckForHangTimeInSeconds == 0 { 2 } else { given.CheckForHangTimeInSeconds };
    NDIS_STATUS_SUCCESS
}

unsafe fn general(adapter: &Adapter, at: *const NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES) -> NDIS_STATUS {
    let version = adapter.driver.version;
    if !form::GENERAL.check(at.cast(), version) {
        return NDIS_STATUS_INVALID_PARAMETER;
    }
    let mut given = form::GENERAL.copy(at);
    if !adapter.attributes.lock().registered {
        return out_of_order(adapter, "general attributes are set before registration attributes");
    }
    if given.MediaType == NdisMedium802_3 {
        if given.MacAddressLength != 6 {
            return content(format!("MacAddressLength is {} for 802.3", given.MacAddressLength));
        }
        if given.IfType != IF_TYPE_ETHERNET_CSMACD as u16 {
            return content(format!("IfType is {} for 802.3, not 6", given.IfType));
        }
        if given.CurrentMacAddress[..6] == [0; 6] || given.CurrentMacAddress[0] & 1 != 0 {
            return content("CurrentMacAddress is zero or a group address".into());
        }
    }
    if given.MtuSize == 0 || given.LookaheadSize == 0 || given.SupportedPacketFilters == 0 {
        return content("MtuSize, LookaheadSize or SupportedPacketFilters is zero".into());
    }
    if given.SupportedOidList.is_null()
        || !given.SupportedOidListLength.is_multiple_of(4)
        || given.SupportedOidListLength == 0
    {
        return content("SupportedOidList is missing or its length is no multiple of 4".into());
    }
    let oids = core::slice::from_raw_parts(given.SupportedOidList, given.SupportedOidListLength as usize / 4)
        .to_vec();
    if let Some(missing) = MANDATORY.iter().find(|oid| !oids.contains(oid)) {
        return content(format!("the mandatory OID {missing:#x} is not in SupportedOidList"));
    }
    let mut rss = None;
    if !given.RecvScaleCapabilities.is_null() {
        if !form::RSS_CAPABILITIES.check(given.RecvScaleCapabilities.cast(), version) {
            return NDIS_STATUS_INVALID_PARAMETER;
        }
        rss = Some(form::RSS_CAPABILITIES.copy(given.RecvScaleCapabilities));
    }
    let mut power = None;
    if !given.PowerManagementCapabilitiesEx.is_null() {
        if !form::PM_CAPABILITIES.check(given.PowerManagementCapabilitiesEx.cast(), version) {
            return NDIS_STATUS_INVALID_PARAMETER;
        }
        power = Some(form::PM_CAPABILITIES.copy(given.PowerManagementCapabilitiesEx));
    }
    // What these point to is the miniport's only during the call.
    given.RecvScaleCapabilities = core::ptr::null_mut();
    given.PowerManagementCapabilities = core::ptr::null_mut();
    given.PowerManagementCapabilitiesEx = core::ptr::null_mut();
    given.SupportedOidList = core::ptr::null_mut();
    *adapter.link.lock() = Link {
        connect: given.MediaConnectState,
        duplex: given.MediaDuplexState,
        transmit: given.XmitLinkSpeed,
        receive: given.RcvLinkSpeed,
    };
    let mut attributes = adapter.attributes.lock();
    attributes.mac.copy_from_slice(&given.CurrentMacAddress[..6]);
    attributes.permanent.copy_from_slice(&given.PermanentMacAddress[..6]);
    attributes.oids = oids;
    attributes.rss = rss;
    attributes.power = power;
    attributes.general = Some(given);
    NDIS_STATUS_SUCCESS
}

unsafe fn offload(adapter: &Adapter, at: *const NDIS_MINIPORT_ADAPTER_OFFLOAD_ATTRIBUTES) -> NDIS_STATUS {
    let version = adapter.driver.version;
    if !form::OFFLOAD_ATTRIBUTES.check(at.cast(), version) {
        return NDIS_STATUS_INVALID_PARAMETER;
    }
    let given = *at;
    if adapter.attributes.lock().general.is_none() {
        return out_of_order(adapter, "offload attributes are set before general attributes");
    }
    let mut both = [None, None];
    for (slot, pointer) in
        both.iter_mut().zip([given.DefaultOffloadConfiguration, given.HardwareOffloadCapabilities])
    {
        if pointer.is_null() {
            continue;
        }
        if !form::OFFLOAD.check(pointer.cast(), version) {
            return NDIS_STATUS_INVALID_PARAMETER;
        }
        *slot = Some(form::OFFLOAD.copy(pointer));
    }
    if let [Some(_), None] = both {
        return content("DefaultOffloadConfiguration without HardwareOffloadCapabilities".into());
    }
    if let [Some(default), Some(hardware)] = &both
        && let Some(text) = exceeds(default, hardware)
    {
        return content(text);
    }
    *adapter.offload.lock() = both[0];
    let mut attributes = adapter.attributes.lock();
    [attributes.offload, attributes.hardware] = both;
    NDIS_STATUS_SUCCESS
}

/// Where a configuration claims more than the hardware can do.
pub fn exceeds(config: &NDIS_OFFLOAD, hardware: &NDIS_OFFLOAD) -> Option<String> {
    let (c, h) = (&config.Checksum, &hardware.Checksum);
    let pairs = [
        ("IPv4 transmit checksum", c.IPv4Transmit._bitfield_1, h.IPv4Transmit._bitfield_1),
        ("IPv4 receive checksum", c.IPv4Receive._bitfield_1, h.IPv4Receive._bitfield_1),
        ("IPv6 transmit checksum", c.IPv6Transmit._bitfield_1, h.IPv6Transmit._bitfield_1),
        ("IPv6 receive checksum", c.IPv6Receive._bitfield_1, h.IPv6Receive._bitfield_1),
    ];
    // Two bits per ability: not supported 0, set on 1 (NDIS_OFFLOAD_SUPPORTED), off 2.
    for (name, config, hardware) in pairs {
        if (0..16).any(|bit| config >> (bit * 2) & 1 != 0 && hardware >> (bit * 2) & 3 == 0) {
            return Some(format!("{name} is enabled but not among the hardware's capabilities"));
        }
    }
    for (name, config, hardware) in [
        ("LSOv2 for IPv4", config.LsoV2.IPv4.MaxOffLoadSize, hardware.LsoV2.IPv4.MaxOffLoadSize),
        ("LSOv2 for IPv6", config.LsoV2.IPv6.MaxOffLoadSize, hardware.LsoV2.IPv6.MaxOffLoadSize),
    ] {
        if config > hardware {
            return Some(format!("{name} has MaxOffLoadSize {config}, the hardware {hardware}"));
        }
    }
    None
}

/// What a miniport must have told when MiniportInitializeEx has succeeded.
pub fn complete(adapter: &Adapter) -> bool {
    let (registered, general) = {
        let a = adapter.attributes.lock();
        (a.registered, a.general.is_some())
    };
    if !registered || !general {
        let what = if registered { "general" } else { "registration" };
        let text = format!("MiniportInitializeEx succeeded without {what} attributes");
        rules::report(&rules::ATTRIBUTES_MISSING, text, adapter.handle() as usize, 0);
    }
    registered && general
}

unsafe fn set(adapter: &'static Adapter, at: *mut NDIS_MINIPORT_ADAPTER_ATTRIBUTES) -> NDIS_STATUS {
    let kind = u32::from((*at).Header.Type);
    if kind == NDIS_OBJECT_TYPE_MINIPORT_ADD_DEVICE_REGISTRATION_ATTRIBUTES {
        if !form::ADD_DEVICE.check(at.cast(), adapter.driver.version) {
            return NDIS_STATUS_INVALID_PARAMETER;
        }
        let context = (*at).AddDeviceRegistrationAttributes.MiniportAddDeviceContext;
        adapter.add_context.store(context as usize, Release);
        return NDIS_STATUS_SUCCESS;
    }
    if adapter.state() != State::Initializing {
        let text = format!("attributes of type {kind:#x} are set while the adapter is {:?}", adapter.state());
        rules::report(&rules::ATTRIBUTES_LATE, text, adapter.handle() as usize, 0);
        return NDIS_STATUS_INVALID_STATE;
    }
    match kind {
        NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES => registration(adapter, at.cast()),
        NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES => general(adapter, at.cast()),
        NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_OFFLOAD_ATTRIBUTES => offload(adapter, at.cast()),
        NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_HARDWARE_ASSIST_ATTRIBUTES => {
            if !form::HARDWARE_ASSIST.check(at.cast(), adapter.driver.version) {
                return NDIS_STATUS_INVALID_PARAMETER;
            }
            if adapter.attributes.lock().general.is_none() {
                return out_of_order(adapter, "hardware assist attributes are set before general attributes");
            }
            adapter.attributes.lock().hardware_assist = true;
            NDIS_STATUS_SUCCESS
        }
        // No NDK, no native 802.11, no PacketDirect here.
        NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_NDK_ATTRIBUTES
        | NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_NATIVE_802_11_ATTRIBUTES
        | NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_PACKET_DIRECT_ATTRIBUTES => NDIS_STATUS_NOT_SUPPORTED,
        other => {
            rules::report(
                &rules::HEADER,
                format!("{other:#x} is no type of miniport attributes"),
                at as usize,
                0,
            );
            NDIS_STATUS_INVALID_PARAMETER
        }
    }
}

crate::exports! { EXPORTS "ndis.sys";
    fn NdisMSetMiniportAttributes(handle: NDIS_HANDLE, at: *mut NDIS_MINIPORT_ADAPTER_ATTRIBUTES) -> NDIS_STATUS [irql == PASSIVE_LEVEL] {
        set(adapter_of(handle), at)
    }
}
