//! Who may open our devices: SYSTEM and Administrators, nobody else (DESIGN decision 12; XSA-468).

use core::ptr;

use nt::sys::{
    DACL_SECURITY_INFORMATION, DEVICE_OBJECT, HANDLE, NTSTATUS, ObOpenObjectByPointer, ZwClose,
    ZwSetSecurityObject,
};

use super::check;

/// `OBJ_KERNEL_HANDLE`; `WRITE_DAC`.
const OBJ_KERNEL_HANDLE: u32 = 0x200;
const WRITE_DAC: u32 = 0x0004_0000;

/// `D:P(A;;GA;;;SY)(A;;GA;;;BA)` as a self-relative security descriptor ([MS-DTYP] 2.4.6).
#[repr(C, align(8))]
struct Descriptor([u8; 72]);

const GENERIC_ALL: [u8; 4] = 0x1000_0000u32.to_le_bytes();

static DESCRIPTOR: Descriptor = Descriptor({
    let mut d = [0u8; 72];
    d[0] = 1; // Revision.
    // SE_SELF_RELATIVE | SE_DACL_PROTECTED | SE_DACL_PRESENT.
    d[2] = 0x04;
    d[3] = 0x90;
    d[16] = 20; // Offset of the DACL; no owner, group or SACL.
    // ACL: revision 2, 52 bytes, 2 entries.
    d[20] = 2;
    d[22] = 52;
    d[24] = 2;
    // ACCESS_ALLOWED_ACE of 20 bytes: S-1-5-18 (SYSTEM).
    d[30] = 20;
    d[35] = GENERIC_ALL[3];
    d[36] = 1;
    d[37] = 1;
    d[43] = 5;
    d[44] = 18;
    // ACCESS_ALLOWED_ACE of 24 bytes: S-1-5-32-544 (Administrators).
    d[50] = 24;
    d[55] = GENERIC_ALL[3];
    d[56] = 1;
    d[57] = 2;
    d[63] = 5;
    d[64] = 32;
    d[68] = 0x20;
    d[69] = 0x02;
    d
});

/// Puts the descriptor on a device that has just been created. `PASSIVE_LEVEL`.
///
/// # Errors
/// The status of the call that failed; the device must then not be made available.
///
/// # Safety
/// `device` is a live device object.
#[expect(unsafe_code, reason = "calls the kernel")]
pub unsafe fn restrict(device: *mut DEVICE_OBJECT) -> Result<(), NTSTATUS> {
    let mut handle: HANDLE = ptr::null_mut();
    // SAFETY: a live object; the handle is a kernel handle.
    check(unsafe {
        ObOpenObjectByPointer(
            device.cast(),
            OBJ_KERNEL_HANDLE,
            ptr::null_mut(),
            WRITE_DAC,
            ptr::null_mut(),
            0,
            &raw mut handle,
        )
    })?;
    let descriptor = (&raw const DESCRIPTOR.0).cast_mut().cast();
    // SAFETY: our handle; the descriptor is static and only read.
    let status = unsafe { ZwSetSecurityObject(handle, DACL_SECURITY_INFORMATION, descriptor) };
    // SAFETY: our handle, closed once.
    unsafe { ZwClose(handle) };
    check(status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_descriptor_is_what_the_sddl_says() {
        let d = &DESCRIPTOR.0;
        assert_eq!((d[0], u16::from_le_bytes([d[2], d[3]])), (1, 0x9004));
        let acl = &d[20..];
        assert_eq!((acl[0], u16::from_le_bytes([acl[2], acl[3]]), acl[4]), (2, 52, 2));
        // Entry by entry: type allow, no flags, GENERIC_ALL, then the SID in its text form.
        let sid = |ace: &[u8]| {
            assert_eq!((ace[0], ace[1]), (0, 0));
            assert_eq!(u32::from_le_bytes(ace[4..8].try_into().unwrap()), 0x1000_0000);
            let count = usize::from(ace[9]);
            assert_eq!(usize::from(ace[2]), 16 + 4 * count);
            let mut text = alloc::format!("S-{}-{}", ace[8], ace[15]);
            for part in ace[16..16 + 4 * count].chunks_exact(4) {
                text += &alloc::format!("-{}", u32::from_le_bytes(part.try_into().unwrap()));
            }
            text
        };
        assert_eq!(sid(&d[28..48]), "S-1-5-18");
        assert_eq!(sid(&d[48..72]), "S-1-5-32-544");
    }
}
