//! The two entry points, and what they need of Windows Installer.
#![expect(unsafe_code, reason = "entry points of a DLL and calls of msi.dll")]

use std::{
    io::{BufRead, BufReader},
    os::windows::process::CommandExt as _,
    process::{Command, Stdio},
    ptr::null_mut,
    thread,
};

use windows_sys::Win32::{
    Foundation::{ERROR_INSTALL_FAILURE, ERROR_INSTALL_USEREXIT, ERROR_MORE_DATA, ERROR_SUCCESS},
    System::{
        ApplicationInstallationAndServicing::{
            INSTALLMESSAGE, INSTALLMESSAGE_ACTIONDATA, INSTALLMESSAGE_ACTIONSTART, INSTALLMESSAGE_ERROR,
            INSTALLMESSAGE_INFO, MSIHANDLE, MSIRUNMODE_REBOOTATEND, MsiCloseHandle, MsiCreateRecord,
            MsiGetPropertyW, MsiProcessMessage, MsiRecordSetStringW, MsiSetMode,
        },
        Registry::{
            HKEY, HKEY_LOCAL_MACHINE, KEY_READ, KEY_WOW64_64KEY, KEY_WRITE, REG_OPTION_VOLATILE, RegCloseKey,
            RegCreateKeyExW, RegOpenKeyExW,
        },
    },
};

use crate::call::{self, Ending};

/// A key that Windows forgets at the next start: a reboot is needed until then.
const REBOOT_KEY: &str = "SOFTWARE\\XenPV needs a reboot";
/// Number of the Error table's row that shows a text of ours.
const ERROR_NUMBER: &str = "25000";
/// What MsiProcessMessage answers when the user has pressed Cancel.
const CANCELLED: i32 = 2;
const CREATE_NO_WINDOW: u32 = 0x0800_0000;

fn wide(text: &str) -> Vec<u16> {
    text.encode_utf16().chain([0]).collect()
}

/// The session of the running installation.
struct Session(MSIHANDLE);

impl Session {
    fn property(&self, name: &str) -> Option<String> {
        let name = wide(name);
        let mut buffer = vec![0u16; 1024];
        loop {
            let mut length = u32::try_from(buffer.len()).ok()?;
            // SAFETY: both pointers are to buffers that live through the call; `length` is the size of the second.
            let code =
                unsafe { MsiGetPropertyW(self.0, name.as_ptr(), buffer.as_mut_ptr(), &raw mut length) };
            match code {
                ERROR_SUCCESS => return Some(String::from_utf16_lossy(buffer.get(..length as usize)?)),
                ERROR_MORE_DATA => buffer.resize(length as usize + 1, 0),
                _ => return None,
            }
        }
    }

    /// Writes a line into the log.
    fn log(&self, text: &str) {
        // The text is a template there: brackets stand for fields and properties unless they are quoted.
        let quoted: String = text
            .chars()
            .map(|c| match c {
                '[' | ']' | '{' | '}' => format!("[\\{c}]"),
                c => c.to_string(),
            })
            .collect();
        self.message(INSTALLMESSAGE_INFO, &[&quoted]);
    }

    /// Shows the text of an action that begins, and how its progress lines are shown.
    fn start(&self, text: &str) {
        self.message(INSTALLMESSAGE_ACTIONSTART, &["", "XenSetup", text, "[1]"]);
    }

    /// Shows a line of progress; whether the user has cancelled.
    fn progress(&self, line: &str) -> bool {
        // Brackets would be taken for properties.
        let line = line.replace('[', "(").replace(']', ")");
        self.message(INSTALLMESSAGE_ACTIONDATA, &["[1]", &line]) == CANCELLED
    }

    /// Sends a message; the first field is the template, an empty one stays unset. Gives the answer.
    fn message(&self, kind: INSTALLMESSAGE, fields: &[&str]) -> i32 {
        let count = u32::try_from(fields.len()).unwrap_or(1).saturating_sub(1);
        // SAFETY: makes a record of its own; no pointer is passed.
        let record = unsafe { MsiCreateRecord(count) };
        if record == 0 {
            return 0;
        }
        for (field, text) in (0..).zip(fields).filter(|(_, text)| !text.is_empty()) {
            let text = wide(text);
            // SAFETY: `record` is open; `text` ends with a zero and lives through the call.
            unsafe { MsiRecordSetStringW(record, field, text.as_ptr()) };
        }
        // SAFETY: session and record are open.
        let answer = unsafe { MsiProcessMessage(self.0, kind, record) };
        // SAFETY: `record` was made above and is not used any more.
        unsafe { MsiCloseHandle(record) };
        answer
    }
}

/// Runs the setup program as CustomActionData says.
///
/// # Safety
/// Called by Windows Installer, with the handle of a session.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn RunSetup(session: MSIHANDLE) -> u32 {
    let session = Session(session);
    let data = session.property("CustomActionData").unwrap_or_default();
    let call = match call::parse(&data) {
        Ok(call) => call,
        Err(message) => return fail(&session, &message),
    };
    session.start(call.text());
    session.log(&format!("Running {} {}", call.program, call.arguments.join(" ")));
    let (ending, cancelled) = match run(&session, &call) {
        Ok((code, last, cancelled)) => (call::ending(code, &last), cancelled),
        Err(error) => (Ending::Failed(format!("{} cannot be started: {error}", call.program)), false),
    };
    match ending {
        Ending::Failed(text) if call.rollback => {
            session.log(&format!("Undoing failed: {text}"));
            ERROR_SUCCESS
        }
        Ending::Failed(text) => fail(&session, &text),
        Ending::Done | Ending::Reboot => {
            if ending == Ending::Reboot {
                remember_reboot(&session);
            }
            // What was done is undone by the rollback action.
            if cancelled && !call.rollback { ERROR_INSTALL_USEREXIT } else { ERROR_SUCCESS }
        }
    }
}

fn fail(session: &Session, text: &str) -> u32 {
    // The number chooses the text of the Error table, which is the second field.
    session.message(INSTALLMESSAGE_ERROR, &["", ERROR_NUMBER, text]);
    ERROR_INSTALL_FAILURE
}

/// Exit code, last line of the error stream, whether the user cancelled meanwhile.
fn run(session: &Session, call: &call::Call) -> std::io::Result<(Option<i32>, String, bool)> {
    let mut child = Command::new(&call.program)
        .args(&call.arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .creation_flags(CREATE_NO_WINDOW)
        .spawn()?;
    let errors = child.stderr.take().map(|stream| {
        thread::spawn(move || {
            let mut lines: Vec<String> = Vec::new();
            for line in BufReader::new(stream).split(b'\n').map_while(Result::ok) {
                lines.push(String::from_utf8_lossy(&line).trim_end().to_owned());
            }
            lines
        })
    });
    let mut cancelled = false;
    if let Some(stream) = child.stdout.take() {
        for line in BufReader::new(stream).split(b'\n').map_while(Result::ok) {
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            session.log(&text);
            cancelled |= session.progress(&text);
        }
    }
    let status = child.wait()?;
    let lines = errors.and_then(|thread| thread.join().ok()).unwrap_or_default();
    for line in &lines {
        session.log(line);
    }
    let last = lines.into_iter().rev().find(|line| !line.is_empty()).unwrap_or_default();
    Ok((status.code(), last, cancelled))
}

fn remember_reboot(session: &Session) {
    let name = wide(REBOOT_KEY);
    let mut key: HKEY = null_mut();
    // SAFETY: the name ends with a zero; `key` takes the handle; the other pointers may be null.
    let code = unsafe {
        RegCreateKeyExW(
            HKEY_LOCAL_MACHINE,
            name.as_ptr(),
            0,
            null_mut(),
            REG_OPTION_VOLATILE,
            KEY_WRITE | KEY_WOW64_64KEY,
            std::ptr::null(),
            &raw mut key,
            null_mut(),
        )
    };
    if code == ERROR_SUCCESS {
        // SAFETY: the handle was just opened.
        unsafe { RegCloseKey(key) };
    } else {
        session.log(&format!("A reboot is needed, which could not be noted ({code})"));
    }
}

/// After the script: asks Windows Installer for a reboot if one is needed.
///
/// # Safety
/// Called by Windows Installer, with the handle of a session.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn ScheduleReboot(session: MSIHANDLE) -> u32 {
    let name = wide(REBOOT_KEY);
    let mut key: HKEY = null_mut();
    // SAFETY: the name ends with a zero; `key` takes the handle.
    let code = unsafe {
        RegOpenKeyExW(HKEY_LOCAL_MACHINE, name.as_ptr(), 0, KEY_READ | KEY_WOW64_64KEY, &raw mut key)
    };
    if code == ERROR_SUCCESS {
        // SAFETY: the handle was just opened.
        unsafe { RegCloseKey(key) };
        // SAFETY: the session is open; no pointer is passed.
        unsafe { MsiSetMode(session, MSIRUNMODE_REBOOTATEND, 1) };
    }
    ERROR_SUCCESS
}
