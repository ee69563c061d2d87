//! What `nblaccessors.h` gives as macros and inline functions: the fields of net buffers and net
//! buffer lists that lie in unnamed unions, and the out-of-band slots.
//!
//! A slot means the same in every NDIS version that has it (6.30 … 6.87); whether the running
//! version fills it is a matter of what was negotiated. Any IRQL.

use crate::sys::*;

macro_rules! accessors {
    ($($(#[$doc:meta])* $record:ident: $get:ident $set:ident: $ty:ty = $($field:ident).+;)*) => {$(
        $(#[$doc])*
        ///
        /// # Safety
        /// The pointer is to a valid structure.
        #[must_use]
        pub unsafe fn $get(at: *const $record) -> $ty {
            // SAFETY: valid per contract; only an address inside it is computed.
            let field = unsafe { &raw const (*at).$($field).+ };
            // SAFETY: initialised by NDIS.
            unsafe { field.read() }
        }

        /// Stores the field.
        ///
        /// # Safety
        /// The pointer is to a valid structure that the caller owns.
        pub unsafe fn $set(at: *mut $record, value: $ty) {
            // SAFETY: valid per contract; only an address inside it is computed.
            let field = unsafe { &raw mut (*at).$($field).+ };
            // SAFETY: owned per contract.
            unsafe { field.write(value) };
        }
    )*};
}

accessors! {
    /// The next list of a chain, or null.
    NET_BUFFER_LIST: next_list set_next_list: *mut NET_BUFFER_LIST = __bindgen_anon_1.__bindgen_anon_1.Next;
    /// The first net buffer of a list.
    NET_BUFFER_LIST: first_buffer set_first_buffer: *mut NET_BUFFER = __bindgen_anon_1.__bindgen_anon_1.FirstNetBuffer;
    /// The status with which a send completes.
    NET_BUFFER_LIST: status set_status: NDIS_STATUS = __bindgen_anon_2.Status;
    /// The next net buffer of a list, or null.
    NET_BUFFER: next_buffer set_next_buffer: *mut NET_BUFFER = __bindgen_anon_1.__bindgen_anon_1.Next;
    /// The MDL in which the data begins.
    NET_BUFFER: current_mdl set_current_mdl: *mut MDL = __bindgen_anon_1.__bindgen_anon_1.CurrentMdl;
    /// Where in that MDL the data begins, in bytes.
    NET_BUFFER: current_mdl_offset set_current_mdl_offset: u32 = __bindgen_anon_1.__bindgen_anon_1.CurrentMdlOffset;
    /// How much data there is, in bytes.
    NET_BUFFER: data_length set_data_length: u32 = __bindgen_anon_1.__bindgen_anon_1.__bindgen_anon_1.DataLength;
    /// All MDLs, those before the data included.
    NET_BUFFER: mdl_chain set_mdl_chain: *mut MDL = __bindgen_anon_1.__bindgen_anon_1.MdlChain;
    /// Where in the MDL chain the data begins, in bytes.
    NET_BUFFER: data_offset set_data_offset: u32 = __bindgen_anon_1.__bindgen_anon_1.DataOffset;
}

/// The address of an out-of-band slot, or `None` beyond what every supported NDIS has.
fn slot(list: *mut NET_BUFFER_LIST, which: NDIS_NET_BUFFER_LIST_INFO) -> Option<*mut *mut c_void> {
    // NDIS 6.50 to 6.70 have 26 slots; none above is of use to a miniport.
    let index = usize::try_from(which).ok().filter(|&index| index < 26)?;
    let first = core::mem::offset_of!(NET_BUFFER_LIST, NetBufferListInfo);
    Some(list.wrapping_byte_add(first).cast::<*mut c_void>().wrapping_add(index))
}

/// An out-of-band value (`NET_BUFFER_LIST_INFO`); null for a slot that does not exist.
///
/// # Safety
/// `list` is a valid list made by NDIS.
#[must_use]
pub unsafe fn info(list: *mut NET_BUFFER_LIST, which: NDIS_NET_BUFFER_LIST_INFO) -> *mut c_void {
    let Some(slot) = slot(list, which) else { return core::ptr::null_mut() };
    // SAFETY: inside a list of any supported NDIS version.
    unsafe { slot.read() }
}

/// Stores an out-of-band value; one for a slot that does not exist is dropped.
///
/// # Safety
/// `list` is a valid list made by NDIS that the caller owns.
pub unsafe fn set_info(list: *mut NET_BUFFER_LIST, which: NDIS_NET_BUFFER_LIST_INFO, value: *mut c_void) {
    let Some(slot) = slot(list, which) else { return };
    // SAFETY: inside a list of any supported NDIS version; owned per contract.
    unsafe { slot.write(value) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_and_fields_are_where_they_belong() {
        let mut list = NET_BUFFER_LIST::default();
        let at = &raw mut list;
        let mark = at.cast::<c_void>();
        // SAFETY: `list` is valid and ours.
        unsafe { set_info(at, TcpRecvSegCoalesceInfo, mark) };
        assert_eq!(list.NetBufferListInfo[22], mark);
        // SAFETY: `list` is valid and ours.
        assert_eq!(unsafe { info(at, TcpRecvSegCoalesceInfo) }, mark);
        for beyond in [-1, 26, MaxNetBufferListInfo, i32::MAX] {
            // SAFETY: `list` is valid and ours.
            unsafe { set_info(at, beyond, mark) };
            // SAFETY: `list` is valid and ours.
            assert!(unsafe { info(at, beyond) }.is_null());
        }
        assert_eq!(list.NetBufferListInfo.iter().filter(|value| !value.is_null()).count(), 1);

        let mut buffer = NET_BUFFER::default();
        let at = &raw mut buffer;
        // SAFETY: `buffer` is valid and ours.
        unsafe { set_data_length(at, 1514) };
        // SAFETY: `buffer` is valid and ours.
        unsafe { set_data_offset(at, 64) };
        // SAFETY: `buffer` is valid and ours; offsets 24 and 40 as recorded.
        assert_eq!(unsafe { at.cast::<u32>().wrapping_add(6).read() }, 1514);
        // SAFETY: as above.
        assert_eq!(unsafe { at.cast::<u32>().wrapping_add(10).read() }, 64);
        // SAFETY: `buffer` is valid and ours.
        assert_eq!(unsafe { data_length(at) }, 1514);
    }
}
