//! Requests from user mode: codes and the shape of their input. Whatever comes in is checked here
//! before anything is done with it.

/// A control code: `CTL_CODE(FILE_DEVICE_BUS_EXTENDER, 0x800 + n, METHOD_BUFFERED, read and write)`.
const fn code(n: u32) -> u32 {
    0x2a << 16 | 3 << 14 | (0x800 + n) << 2
}

/// Waits for a shutdown request. In: milliseconds (u32). Out: 0 or [`number`] (u32).
pub const GET_REQUEST: u32 = code(0);
/// Reads a node of xenstore. In: path. Out: value.
pub const STORE_READ: u32 = code(1);
/// Writes a node. In: path, NUL, value.
pub const STORE_WRITE: u32 = code(2);
/// Lists children. In: path. Out: names, a NUL behind each.
pub const STORE_LIST: u32 = code(3);
/// Writes the debug dump to the hypervisor's console.
pub const DUMP: u32 = code(4);

/// Runs the children's read-only self-test. In: number of the target or interface (u32). Out: 0 when
/// one was run and is good (u32).
pub const SELF_TEST: u32 = code(5);

/// Longest wait, in milliseconds.
const WAIT_MAX: u32 = 60_000;
/// Longest path and value (XENSTORE_ABS_PATH_MAX, XENSTORE_PAYLOAD_MAX).
const PATH_MAX: usize = 3072;
const VALUE_MAX: usize = 4096;

/// Longest input of any request.
pub const INPUT_MAX: usize = PATH_MAX + 1 + VALUE_MAX;

/// A checked request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request<'a> {
    /// [`GET_REQUEST`], milliseconds.
    GetRequest(u32),
    /// [`STORE_READ`].
    Read(&'a str),
    /// [`STORE_WRITE`].
    Write(&'a str, &'a [u8]),
    /// [`STORE_LIST`].
    List(&'a str),
    /// [`DUMP`].
    Dump,
    /// [`SELF_TEST`], number.
    SelfTest(u32),
}

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// No such code.
    Unknown,
    /// The input is not what the code takes.
    Input,
}

/// Checks a request.
///
/// # Errors
/// [`Refused`].
pub fn parse(code: u32, input: &[u8]) -> Result<Request<'_>, Refused> {
    match code {
        GET_REQUEST => {
            let time: [u8; 4] = input.try_into().map_err(|_| Refused::Input)?;
            Ok(Request::GetRequest(u32::from_le_bytes(time).min(WAIT_MAX)))
        }
        SELF_TEST => {
            let number: [u8; 4] = input.try_into().map_err(|_| Refused::Input)?;
            Ok(Request::SelfTest(u32::from_le_bytes(number)))
        }
        STORE_READ => path(input).map(Request::Read),
        STORE_LIST => path(input).map(Request::List),
        STORE_WRITE => {
            let at = input.iter().position(|byte| *byte == 0).ok_or(Refused::Input)?;
            let value = &input[at + 1..];
            if value.len() > VALUE_MAX {
                return Err(Refused::Input);
            }
            Ok(Request::Write(path(&input[..at])?, value))
        }
        DUMP if input.is_empty() => Ok(Request::Dump),
        DUMP => Err(Refused::Input),
        _ => Err(Refused::Unknown),
    }
}

/// A path, with or without a NUL behind it.
fn path(input: &[u8]) -> Result<&str, Refused> {
    let input = input.strip_suffix(b"\0").unwrap_or(input);
    if input.is_empty() || input.len() > PATH_MAX || input.contains(&0) {
        return Err(Refused::Input);
    }
    core::str::from_utf8(input).map_err(|_| Refused::Input)
}

/// The number of a shutdown request for the agent.
#[must_use]
pub const fn number(request: super::control::Shutdown) -> u32 {
    use super::control::Shutdown;
    match request {
        Shutdown::PowerOff => 1,
        Shutdown::Reboot => 2,
        Shutdown::Halt => 3,
        Shutdown::Sleep => 4,
        Shutdown::Hibernate => 5,
        // Never offered to the agent: the kernel does these.
        Shutdown::Suspend | Shutdown::Crash => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn codes_are_what_the_agent_is_built_with() {
        assert_eq!(GET_REQUEST, 0x002a_e000);
        assert_eq!(DUMP, 0x002a_e010);
        for code in [GET_REQUEST, STORE_READ, STORE_WRITE, STORE_LIST, DUMP, SELF_TEST] {
            assert_eq!(code & 3, 0, "buffered");
            assert_eq!(code >> 14 & 3, 3, "needs read and write access");
        }
    }

    #[test]
    fn good_requests() {
        assert_eq!(parse(GET_REQUEST, &5u32.to_le_bytes()), Ok(Request::GetRequest(5)));
        assert_eq!(parse(GET_REQUEST, &[0xff; 4]), Ok(Request::GetRequest(60_000)));
        assert_eq!(parse(STORE_READ, b"name\0"), Ok(Request::Read("name")));
        assert_eq!(parse(STORE_WRITE, b"data/x\0a\0b"), Ok(Request::Write("data/x", b"a\0b")));
        assert_eq!(parse(STORE_WRITE, b"data/x\0"), Ok(Request::Write("data/x", b"")));
        assert_eq!(parse(STORE_LIST, b"data"), Ok(Request::List("data")));
        assert_eq!(parse(DUMP, b""), Ok(Request::Dump));
    }

    #[test]
    fn bad_requests_are_refused() {
        for (code, input) in [
            (GET_REQUEST, &b""[..]),
            (GET_REQUEST, b"12345"),
            (SELF_TEST, b"1"),
            (STORE_READ, b""),
            (STORE_READ, b"\0"),
            (STORE_READ, b"a\0b"),
            (STORE_READ, b"\xff"),
            (STORE_WRITE, b"no-nul"),
            (STORE_WRITE, b"\0value"),
            (DUMP, b"x"),
        ] {
            assert_eq!(parse(code, input), Err(Refused::Input), "{code:#x} {input:?}");
        }
        assert_eq!(parse(STORE_READ, &vec![b'a'; 3073]), Err(Refused::Input));
        let mut long = vec![b'a', 0];
        long.extend(vec![0; 4097]);
        assert_eq!(parse(STORE_WRITE, &long), Err(Refused::Input));
        assert_eq!(parse(0, b""), Err(Refused::Unknown));
        assert_eq!(parse(GET_REQUEST | 3, &[0; 4]), Err(Refused::Unknown), "another method");
    }
}
