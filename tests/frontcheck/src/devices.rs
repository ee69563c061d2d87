//! Linux's devices of Xen, from user space: event channels and xenstore.
#![allow(unsafe_code, reason = "ioctls")]

use std::{
    fs::{File, OpenOptions},
    io::{Read, Write},
    os::fd::AsRawFd,
};

use anyhow::{Context, Result};
use xenbus::{
    io::xs_wire::{HEADER_SIZE, Header, MessageType, PAYLOAD_MAX},
    seam::{Store, StoreError, TransactionId},
    xs::{
        Reply, Request,
        codec::{Payload, parse_error},
    },
};
use zerocopy::{FromBytes, IntoBytes};

/// An ioctl's number without a direction, as Xen's devices number theirs.
pub const fn number(group: u8, nr: u8, size: usize) -> libc::c_ulong {
    (size as libc::c_ulong) << 16 | (group as libc::c_ulong) << 8 | nr as libc::c_ulong
}

/// Opens `/dev/xen/NAME`.
///
/// # Errors
/// When it is not there, or without the right.
pub fn open(name: &str) -> Result<File> {
    let path = format!("/dev/xen/{name}");
    OpenOptions::new().read(true).write(true).open(&path).with_context(|| format!("cannot open {path}"))
}

/// Event channels of this domain (`linux/evtchn.h`).
pub struct Events(File);

impl Events {
    /// Opens the device.
    ///
    /// # Errors
    /// See [`open`].
    pub fn open() -> Result<Self> {
        Ok(Self(open("evtchn")?))
    }

    /// A request of one or two words; the answer, or a negative number.
    fn control<const N: usize>(&self, nr: u8, mut argument: [u32; N]) -> i32 {
        let request = number(b'E', nr, size_of::<[u32; N]>());
        // SAFETY: these requests take so many words, which outlive the call.
        unsafe { libc::ioctl(self.0.as_raw_fd(), request, argument.as_mut_ptr()) }
    }

    /// Binds to a port of another domain: the port here, or a negative number.
    pub fn bind(&self, domid: u16, port: u32) -> i32 {
        self.control(1, [domid.into(), port])
    }
    /// A port that `domid` may bind to, or a negative number.
    pub fn allocate(&self, domid: u16) -> i32 {
        self.control(2, [domid.into()])
    }
    /// Closes a port.
    pub fn close(&self, port: u32) {
        self.control(3, [port]);
    }
    /// Sends an event.
    pub fn send(&self, port: u32) {
        self.control(4, [port]);
    }
    /// Lets events of a port through again.
    pub fn unmask(&self, port: u32) {
        let _ = (&self.0).write_all(&port.to_ne_bytes());
    }
    /// Waits for an event, for so many milliseconds; the port, masked from now on.
    pub fn wait(&self, milliseconds: i32) -> Option<u32> {
        let mut poll = libc::pollfd { fd: self.0.as_raw_fd(), events: libc::POLLIN, revents: 0 };
        // SAFETY: one structure, which outlives the call.
        let ready = unsafe { libc::poll(&raw mut poll, 1, milliseconds) };
        let mut port = [0; 4];
        (ready > 0 && (&self.0).read_exact(&mut port).is_ok()).then(|| u32::from_ne_bytes(port))
    }
}

/// xenstore, by the kernel's device.
pub struct Xenstore(File);

impl Xenstore {
    /// Opens the device.
    ///
    /// # Errors
    /// See [`open`].
    pub fn open() -> Result<Self> {
        Ok(Self(open("xenbus")?))
    }
}

impl Xenstore {
    fn call(&self, ty: MessageType, txn: Option<TransactionId>, payload: &[u8]) -> Result<Reply, StoreError> {
        let header = Header { ty, req_id: 1, tx_id: txn.map_or(0, |txn| txn.0), len: payload.len() as u32 };
        let message = [header.as_bytes(), payload].concat();
        (&self.0).write_all(&message).map_err(|_| StoreError::Broken)?;
        let mut header = [0; HEADER_SIZE];
        (&self.0).read_exact(&mut header).map_err(|_| StoreError::Broken)?;
        let header = Header::read_from_bytes(&header).map_err(|_| StoreError::Broken)?;
        let mut answer = vec![0; header.len as usize];
        (&self.0).read_exact(&mut answer).map_err(|_| StoreError::Broken)?;
        if header.ty == MessageType::ERROR { Err(parse_error(&answer)) } else { Ok(Reply(answer)) }
    }

    fn ask(&self, txn: Option<TransactionId>, request: Request<'_>) -> Result<Reply, StoreError> {
        let mut buffer = [0; PAYLOAD_MAX];
        let mut payload = Payload::new(&mut buffer);
        request.payload(&mut payload)?;
        let length = payload.len();
        self.call(request.ty(), txn, &buffer[..length])
    }
}

impl Store for Xenstore {
    fn read(&self, txn: Option<TransactionId>, path: &str) -> Result<Vec<u8>, StoreError> {
        Ok(self.ask(txn, Request::Read(path))?.0)
    }
    fn list(&self, txn: Option<TransactionId>, path: &str) -> Result<Vec<String>, StoreError> {
        self.ask(txn, Request::Directory(path))?.names()
    }
    fn write(&self, txn: Option<TransactionId>, path: &str, value: &[u8]) -> Result<(), StoreError> {
        self.ask(txn, Request::Write(path, value)).map(drop)
    }
    fn remove(&self, txn: Option<TransactionId>, path: &str) -> Result<(), StoreError> {
        self.ask(txn, Request::Rm(path)).map(drop)
    }
    fn begin(&self) -> Result<TransactionId, StoreError> {
        self.call(MessageType::TRANSACTION_START, None, b"\0")?.transaction().map(TransactionId)
    }
    fn end(&self, txn: TransactionId, commit: bool) -> Result<(), StoreError> {
        let verdict: &[u8] = if commit { b"T\0" } else { b"F\0" };
        self.call(MessageType::TRANSACTION_END, Some(txn), verdict).map(drop)
    }
}
