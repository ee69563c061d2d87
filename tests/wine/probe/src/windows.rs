//! What tests need of Windows to meet a second copy, and a user without rights.
#![expect(unsafe_code, reason = "calls Windows")]

use std::{fs, path::Path, ptr, thread, time::Duration};

use windows_sys::Win32::{
    Devices::DeviceAndDriverInstallation::{
        INF_STYLE_WIN4, INFCONTEXT, SPINST_REGISTRY, SetupCloseInfFile, SetupDiGetActualSectionToInstallW,
        SetupFindFirstLineW, SetupFindNextLine, SetupGetLineCountW, SetupGetLineTextW, SetupGetStringFieldW,
        SetupInstallFromInfSectionW, SetupInstallServicesFromInfSectionW, SetupOpenInfFileW,
    },
    Foundation::{FALSE, HANDLE, TRUE},
    Security::{
        CreateRestrictedToken, CreateWellKnownSid, SID_AND_ATTRIBUTES, TOKEN_ALL_ACCESS,
        WinBuiltinAdministratorsSid,
    },
    System::{
        Registry::{HKEY, HKEY_LOCAL_MACHINE, RegCloseKey, RegCreateKeyW},
        Threading::{
            CreateMutexW, CreateProcessAsUserW, GetCurrentProcess, GetExitCodeProcess, INFINITE,
            OpenProcessToken, PROCESS_INFORMATION, STARTUPINFOW, WaitForSingleObject,
        },
    },
};

fn wide(text: &str) -> Vec<u16> {
    text.encode_utf16().chain([0]).collect()
}

/// Keeps a mutex, says so by `C:\\probe\\held`, and lets go when `C:\\probe\\release` appears, or after a minute.
pub fn hold(name: &str) {
    let name = wide(name);
    // SAFETY: the name ends with a NUL; the mutex is this process's until it ends.
    let mutex = unsafe { CreateMutexW(ptr::null(), TRUE, name.as_ptr()) };
    assert!(!mutex.is_null(), "no mutex");
    fs::write("C:\\probe\\held", "").expect("C:\\probe is there");
    for _ in 0..600 {
        if Path::new("C:\\probe\\release").exists() {
            break;
        }
        thread::sleep(Duration::from_millis(100));
    }
    for name in ["held", "release"] {
        let _ = fs::remove_file(format!("C:\\probe\\{name}"));
    }
}

/// Runs a program without an administrator's rights; gives its exit code.
pub fn limited(line: &str) -> i32 {
    let mut token: HANDLE = ptr::null_mut();
    // SAFETY: this process; the handle is written to a local.
    let good = unsafe { OpenProcessToken(GetCurrentProcess(), TOKEN_ALL_ACCESS, &raw mut token) };
    assert!(good != FALSE, "no token");
    let mut sid = [0u32; 17];
    let mut length = size_of_val(&sid) as u32;
    // SAFETY: the buffer is described by its length.
    let good = unsafe {
        CreateWellKnownSid(
            WinBuiltinAdministratorsSid,
            ptr::null_mut(),
            sid.as_mut_ptr().cast(),
            &raw mut length,
        )
    };
    assert!(good != FALSE, "no SID");
    let dropped = SID_AND_ATTRIBUTES { Sid: sid.as_mut_ptr().cast(), Attributes: 0 };
    let mut lesser: HANDLE = ptr::null_mut();
    // SAFETY: one SID is described; the handle is written to a local.
    let good = unsafe {
        CreateRestrictedToken(
            token,
            0,
            1,
            &raw const dropped,
            0,
            ptr::null(),
            0,
            ptr::null(),
            &raw mut lesser,
        )
    };
    assert!(good != FALSE, "no lesser token");
    let mut line = wide(line);
    let startup = STARTUPINFOW { cb: size_of::<STARTUPINFOW>() as u32, ..STARTUPINFOW::default() };
    let mut process = PROCESS_INFORMATION::default();
    // SAFETY: the line ends with a NUL and may be written to; the records are locals, the rest is optional.
    let good = unsafe {
        CreateProcessAsUserW(
            lesser,
            ptr::null(),
            line.as_mut_ptr(),
            ptr::null(),
            ptr::null(),
            TRUE,
            0,
            ptr::null(),
            ptr::null(),
            &raw const startup,
            &raw mut process,
        )
    };
    assert!(good != FALSE, "the program does not start");
    // SAFETY: the process that was just started.
    unsafe { WaitForSingleObject(process.hProcess, INFINITE) };
    let mut code = 0;
    // SAFETY: the same; the code is written to a local.
    unsafe { GetExitCodeProcess(process.hProcess, &raw mut code) };
    code.cast_signed()
}

const NOTHING: isize = -1;

/// Has SetupAPI read an INF file and carry out what it says for 64-bit Windows: registry entries below `HKLM\Software\Probe`,
/// and services. Prints what it has read.
pub fn inf(path: &str) {
    let name = wide(path);
    let mut line = 0;
    // SAFETY: the name ends with a NUL; the line is written to a local.
    let inf = unsafe { SetupOpenInfFileW(name.as_ptr(), ptr::null(), INF_STYLE_WIN4, &raw mut line) };
    assert!(inf as isize != NOTHING, "{path}, line {line}: {}", last());
    for key in ["Class", "ClassGuid", "CatalogFile", "DriverVer", "PnpLockdown"] {
        println!("{key}={}", text(inf, "Version", key));
    }
    let models = text(inf, "Manufacturer", "");
    println!("Manufacturer={models}");
    for (section, current) in [("Models.NTamd64.10.0...16299", true), ("Models.NTamd64", false)] {
        let (section_name, mut context) = (wide(section), INFCONTEXT::default());
        // SAFETY: the name ends with a NUL; any key is looked for; the context is a local.
        let mut found =
            unsafe { SetupFindFirstLineW(inf, section_name.as_ptr(), ptr::null(), &raw mut context) };
        assert!(found != FALSE, "{path} has no [{section}]");
        while found != FALSE {
            let (install, id) = (field(&context, 1), field(&context, 2));
            let actual = actual(inf, &install);
            println!("{section}: {id} = {actual}");
            if current {
                carry_out(inf, &actual);
            }
            let next = &raw mut context;
            // SAFETY: the context of a line that was found.
            found = unsafe { SetupFindNextLine(next, next) };
        }
    }
    // SAFETY: opened above, closed once.
    unsafe { SetupCloseInfFile(inf) };
}

fn last() -> std::io::Error {
    std::io::Error::last_os_error()
}

fn narrow(units: &[u16]) -> String {
    String::from_utf16_lossy(units.split(|unit| *unit == 0).next().unwrap_or_default())
}

/// The line of a key, or the first of a section, as text.
fn text(inf: *mut std::ffi::c_void, section: &str, key: &str) -> String {
    let (section, name) = (wide(section), wide(key));
    let name = if key.is_empty() { ptr::null() } else { name.as_ptr() };
    let mut context = INFCONTEXT::default();
    // SAFETY: both names end with a NUL or are absent; the context is a local.
    if unsafe { SetupFindFirstLineW(inf, section.as_ptr(), name, &raw mut context) } == FALSE {
        return String::new();
    }
    let mut buffer = [0u16; 512];
    // SAFETY: the buffer is described by its length; the line is named by its context.
    unsafe {
        SetupGetLineTextW(
            &raw const context,
            ptr::null_mut(),
            ptr::null(),
            ptr::null(),
            buffer.as_mut_ptr(),
            512,
            ptr::null_mut(),
        )
    };
    narrow(&buffer)
}

fn field(context: &INFCONTEXT, index: u32) -> String {
    let mut buffer = [0u16; 512];
    // SAFETY: the buffer is described by its length.
    let good = unsafe {
        SetupGetStringFieldW(&raw const *context, index, buffer.as_mut_ptr(), 512, ptr::null_mut())
    };
    assert!(good != FALSE, "no field {index}: {}", last());
    narrow(&buffer)
}

/// The decorated name of an install section.
fn actual(inf: *mut std::ffi::c_void, section: &str) -> String {
    let name = wide(section);
    let mut buffer = [0u16; 256];
    // SAFETY: the name ends with a NUL, the buffer is described by its length, the rest is optional.
    let good = unsafe {
        SetupDiGetActualSectionToInstallW(
            inf,
            name.as_ptr(),
            buffer.as_mut_ptr(),
            256,
            ptr::null_mut(),
            ptr::null_mut(),
        )
    };
    assert!(good != FALSE, "no section for {section}: {}", last());
    narrow(&buffer)
}

fn carry_out(inf: *mut std::ffi::c_void, section: &str) {
    for part in ["", ".HW"] {
        let name = wide(&format!("{section}{part}"));
        // SAFETY: the name ends with a NUL.
        if unsafe { SetupGetLineCountW(inf, name.as_ptr()) } < 0 {
            assert!(!part.is_empty(), "no [{section}]");
            continue;
        }
        let path = wide(&format!(r"Software\Probe\{section}{part}"));
        let mut key: HKEY = ptr::null_mut();
        // SAFETY: the path ends with a NUL; the key is written to a local.
        let error = unsafe { RegCreateKeyW(HKEY_LOCAL_MACHINE, path.as_ptr(), &raw mut key) };
        assert!(error == 0, "no key: {error}");
        // SAFETY: an open INF file and key, a name that ends with a NUL; the rest is for copying, which is not asked
        // for.
        let good = unsafe {
            SetupInstallFromInfSectionW(
                ptr::null_mut(),
                inf,
                name.as_ptr(),
                SPINST_REGISTRY,
                key,
                ptr::null(),
                0,
                None,
                ptr::null(),
                0,
                ptr::null(),
            )
        };
        assert!(good != FALSE, "[{section}{part}]: {}", last());
        // SAFETY: opened above, closed once.
        unsafe { RegCloseKey(key) };
    }
    let services = wide(&format!("{section}.Services"));
    // SAFETY: an open INF file, a name that ends with a NUL.
    let good = unsafe { SetupInstallServicesFromInfSectionW(inf, services.as_ptr(), 0) };
    assert!(good != FALSE, "[{section}.Services]: {}", last());
}
