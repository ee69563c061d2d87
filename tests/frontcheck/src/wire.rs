//! What lies behind a network back-end: a Linux interface, or the simulated network.
#![allow(unsafe_code, reason = "socket calls that the standard library does not have")]

use std::{
    ffi::CString,
    fs::File,
    io::{ErrorKind, Read, Write},
    os::fd::{AsRawFd, FromRawFd},
};

use anyhow::{Context, Result, bail, ensure};
use xensim::{Xen, network};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// A frame on a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// From the destination address on.
    pub data: Vec<u8>,
    /// The transport's checksum is left to whoever receives it.
    pub blank: bool,
    /// Payload bytes of a segment, of a packet that is left to be cut.
    pub gso: Option<u16>,
    /// IPv6 (asked for frames that are sent only).
    pub v6: bool,
}

/// Both directions behind the back-end.
pub trait Wire {
    /// A frame to the guest.
    ///
    /// # Errors
    /// The interface's.
    fn send(&self, frame: &Frame) -> Result<()>;
    /// Frames that the guest has sent since the last call.
    ///
    /// # Errors
    /// The interface's.
    fn received(&self) -> Result<Vec<Frame>>;
}

/// The network of the simulator.
pub struct Simulated(pub Xen);

impl Wire for Simulated {
    fn send(&self, frame: &Frame) -> Result<()> {
        let gso = frame.gso.map(|size| network::Gso { v6: frame.v6, size });
        let data = frame.data.clone();
        self.0.inject(
            0,
            network::Frame { data, checksum_blank: frame.blank, gso, ..network::Frame::default() },
        );
        Ok(())
    }
    fn received(&self) -> Result<Vec<Frame>> {
        let seen = self.0.captured(0).into_iter();
        let frame = |frame: network::Frame| Frame {
            data: frame.data,
            blank: frame.checksum_blank,
            gso: frame.gso.map(|gso| gso.size),
            v6: false,
        };
        Ok(seen.map(frame).collect())
    }
}

/// `struct virtio_net_hdr`: how Linux tells of checksums and segments (`linux/virtio_net.h`).
#[derive(Clone, Copy, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
struct Offload {
    flags: u8,
    gso: u8,
    header: u16,
    size: u16,
    start: u16,
    offset: u16,
}

/// The checksum is to be put in.
const NEEDS_CHECKSUM: u8 = 1;
const GSO_TCPV4: u8 = 1;
const GSO_TCPV6: u8 = 4;
/// `PACKET_VNET_HDR`: an [`Offload`] in front of every frame (`linux/if_packet.h`).
const VNET_HEADER: libc::c_int = 15;
/// Every protocol, in network order.
const ALL: u16 = (libc::ETH_P_ALL as u16).to_be();

/// A Linux interface, seen through a packet socket.
pub struct Interface(File);

impl Interface {
    /// Opens the interface `name`.
    ///
    /// # Errors
    /// When it is not there, or without the right.
    pub fn open(name: &str) -> Result<Self> {
        // SAFETY: a call without pointers.
        let fd =
            unsafe { libc::socket(libc::AF_PACKET, libc::SOCK_RAW | libc::SOCK_NONBLOCK, i32::from(ALL)) };
        ensure!(fd >= 0, "no packet socket: {}", std::io::Error::last_os_error());
        // SAFETY: the descriptor is ours alone.
        let file = unsafe { File::from_raw_fd(fd) };
        let c_name = CString::new(name)?;
        // SAFETY: a string that outlives the call.
        let index = unsafe { libc::if_nametoindex(c_name.as_ptr()) };
        ensure!(index != 0, "there is no interface {name}");
        let on: libc::c_int = 1;
        let length = size_of::<libc::c_int>() as libc::socklen_t;
        // SAFETY: an option of one number, which outlives the call.
        let set =
            unsafe { libc::setsockopt(fd, libc::SOL_PACKET, VNET_HEADER, (&raw const on).cast(), length) };
        ensure!(set == 0, "PACKET_VNET_HDR: {}", std::io::Error::last_os_error());
        // SAFETY: all zero is a valid address.
        let mut address: libc::sockaddr_ll = unsafe { std::mem::zeroed() };
        address.sll_family = libc::AF_PACKET as u16;
        address.sll_protocol = ALL;
        address.sll_ifindex = index.cast_signed();
        let length = size_of::<libc::sockaddr_ll>() as libc::socklen_t;
        // SAFETY: an address of that length, which outlives the call.
        let bound = unsafe { libc::bind(file.as_raw_fd(), (&raw const address).cast(), length) };
        ensure!(bound == 0, "cannot bind to {name}: {}", std::io::Error::last_os_error());
        Ok(Self(file))
    }
}

impl Wire for Interface {
    fn send(&self, frame: &Frame) -> Result<()> {
        let transport: u16 = if frame.v6 { 54 } else { 34 };
        let mut offload = Offload::default();
        if frame.blank {
            // TCP's checksum is 16 bytes into its header.
            (offload.flags, offload.start, offload.offset) = (NEEDS_CHECKSUM, transport, 16);
        }
        if let Some(size) = frame.gso {
            offload.gso = if frame.v6 { GSO_TCPV6 } else { GSO_TCPV4 };
            (offload.size, offload.header) = (size, transport + 20);
        }
        let message = [offload.as_bytes(), &frame.data].concat();
        let written = (&self.0).write(&message).context("the interface takes no frame")?;
        ensure!(written == message.len(), "{written} of {} bytes", message.len());
        Ok(())
    }

    fn received(&self) -> Result<Vec<Frame>> {
        let mut frames = Vec::new();
        let mut buffer = vec![0; 70_000];
        loop {
            let length = match (&self.0).read(&mut buffer) {
                Ok(length) => length,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(frames),
                Err(error) => bail!("the interface: {error}"),
            };
            let (offload, data) =
                Offload::read_from_prefix(&buffer[..length]).map_err(|_| anyhow::anyhow!("a short frame"))?;
            frames.push(Frame {
                data: data.to_vec(),
                blank: offload.flags & NEEDS_CHECKSUM != 0,
                gso: (offload.gso != 0).then_some(offload.size),
                v6: false,
            });
        }
    }
}
