//! What scenarios do over a stack: ping, UDP, TCP, DHCP. All at PASSIVE_LEVEL, all waits bounded.

use super::stack::Stack;
use alloc::vec;
use alloc::vec::Vec;
use smoltcp::iface::SocketHandle;
use smoltcp::phy::ChecksumCapabilities;
use smoltcp::socket::{dhcpv4, icmp, tcp, udp};
use smoltcp::wire::{Icmpv4Packet, Icmpv4Repr, Icmpv6Packet, Icmpv6Repr, IpAddress, IpCidr, Ipv4Address};

/// Why something did not work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// Not in time.
    TimedOut,
    /// The other side closed or reset the connection.
    Closed,
    /// Arguments that the stack refuses.
    Refused,
}

/// A TCP connection or listener.
pub struct Tcp {
    stack: &'static Stack,
    handle: SocketHandle,
    /// Milliseconds that an operation may take.
    pub patience: u64,
}

/// A UDP socket.
pub struct Udp {
    stack: &'static Stack,
    handle: SocketHandle,
}

const PATIENCE: u64 = 30_000;
/// Sends at the miniport while which a program that sends datagrams goes on.
const FLIGHT: usize = 256;

impl Stack {
    /// Sends an echo request with this payload and waits for its answer.
    ///
    /// # Errors
    /// [`Error::TimedOut`], [`Error::Refused`].
    pub fn ping(&'static self, to: IpAddress, payload: &[u8], milliseconds: u64) -> Result<(), Error> {
        let ident = self.fresh_port();
        let buffer = || {
            icmp::PacketBuffer::new(
                vec![icmp::PacketMetadata::EMPTY; 4],
                vec![0; 2 * 2048 + payload.len() * 2],
            )
        };
        let handle = self.with(|inner| {
            let mut socket = icmp::Socket::new(buffer(), buffer());
            socket.bind(icmp::Endpoint::Ident(ident)).ok();
            inner.sockets.add(socket)
        });
        let checksum = ChecksumCapabilities::default();
        let sent = self.with(|inner| {
            let source = inner.interface.get_source_address(&to);
            let socket = inner.sockets.get_mut::<icmp::Socket>(handle);
            match (to, source) {
                (IpAddress::Ipv4(_), _) => {
                    let repr = Icmpv4Repr::EchoRequest { ident, seq_no: 1, data: payload };
                    let room = socket.send(repr.buffer_len(), to).ok()?;
                    repr.emit(&mut Icmpv4Packet::new_unchecked(room), &checksum);
                }
                (IpAddress::Ipv6(to6), Some(IpAddress::Ipv6(from))) => {
                    let repr = Icmpv6Repr::EchoRequest { ident, seq_no: 1, data: payload };
                    let room = socket.send(repr.buffer_len(), to).ok()?;
                    repr.emit(&from, &to6, &mut Icmpv6Packet::new_unchecked(room), &checksum);
                }
                _ => return None,
            }
            Some(())
        });
        let answer = sent.and_then(|()| {
            self.until(milliseconds, |inner| {
                let socket = inner.sockets.get_mut::<icmp::Socket>(handle);
                let (data, from) = socket.recv().ok()?;
                // Type, code, checksum, identifier, sequence number: eight bytes.
                (from == to && data.get(8..) == Some(payload)).then_some(())
            })
        });
        self.with(|inner| drop(inner.sockets.remove(handle)));
        match (sent, answer) {
            (None, _) => Err(Error::Refused),
            (_, Some(())) => Ok(()),
            _ => Err(Error::TimedOut),
        }
    }

    /// A UDP socket on a port.
    ///
    /// # Errors
    /// [`Error::Refused`].
    pub fn udp(&'static self, port: u16) -> Result<Udp, Error> {
        self.udp_of(port, 64)
    }

    /// A UDP socket on a port in which so many datagrams may wait, each way.
    ///
    /// # Errors
    /// [`Error::Refused`].
    pub fn udp_of(&'static self, port: u16, datagrams: usize) -> Result<Udp, Error> {
        let buffer =
            || udp::PacketBuffer::new(vec![udp::PacketMetadata::EMPTY; datagrams], vec![0; datagrams * 2048]);
        let mut socket = udp::Socket::new(buffer(), buffer());
        socket.bind(port).map_err(|_| Error::Refused)?;
        let handle = self.with(|inner| inner.sockets.add(socket));
        Ok(Udp { stack: self, handle })
    }

    fn tcp(&'static self) -> tcp::Socket<'static> {
        // Windows that large are what auto-tuning comes to.
        let room = if self.settings.lock().lean { 1 << 20 } else { 1 << 18 };
        let buffer = || tcp::SocketBuffer::new(vec![0; room]);
        let mut socket = tcp::Socket::new(buffer(), buffer());
        socket.set_nagle_enabled(false);
        // A window that opens is told once; who has lost that asks.
        socket.set_keep_alive(Some(smoltcp::time::Duration::from_secs(10)));
        socket
    }

    /// Listens on a port; [`Tcp::accepted`] waits for the connection.
    ///
    /// # Errors
    /// [`Error::Refused`].
    pub fn tcp_listen(&'static self, port: u16) -> Result<Tcp, Error> {
        let mut socket = self.tcp();
        socket.listen(port).map_err(|_| Error::Refused)?;
        let handle = self.with(|inner| inner.sockets.add(socket));
        Ok(Tcp { stack: self, handle, patience: PATIENCE })
    }

    /// Connects, and waits until that is done.
    ///
    /// # Errors
    /// [`Error::Refused`], [`Error::Closed`], [`Error::TimedOut`].
    pub fn tcp_connect(&'static self, to: IpAddress, port: u16) -> Result<Tcp, Error> {
        let local = self.fresh_port();
        let socket = self.tcp();
        let connection = self.with(|inner| {
            let handle = inner.sockets.add(socket);
            let context = inner.interface.context();
            let connected = inner.sockets.get_mut::<tcp::Socket>(handle).connect(context, (to, port), local);
            connected.map(|()| handle).map_err(|_| Error::Refused)
        });
        let connection = Tcp { stack: self, handle: connection?, patience: PATIENCE };
        connection.accepted()?;
        Ok(connection)
    }

    /// Gets an address by DHCP and uses it.
    ///
    /// # Errors
    /// [`Error::TimedOut`].
    pub fn dhcp(&'static self, milliseconds: u64) -> Result<(IpCidr, Option<Ipv4Address>), Error> {
        let handle = self.with(|inner| inner.sockets.add(dhcpv4::Socket::new()));
        let lease =
            self.until(milliseconds, |inner| match inner.sockets.get_mut::<dhcpv4::Socket>(handle).poll() {
                Some(dhcpv4::Event::Configured(config)) => {
                    Some((IpCidr::Ipv4(config.address), config.router))
                }
                _ => None,
            });
        self.with(|inner| drop(inner.sockets.remove(handle)));
        let (address, router) = lease.ok_or(Error::TimedOut)?;
        self.address(address, router.map(IpAddress::Ipv4));
        Ok((address, router))
    }
}

impl Udp {
    /// Sends a datagram.
    ///
    /// # Errors
    /// [`Error::Refused`].
    pub fn send(&self, to: IpAddress, port: u16, data: &[u8]) -> Result<(), Error> {
        let sent = self
            .stack
            .with(|inner| inner.sockets.get_mut::<udp::Socket>(self.handle).send_slice(data, (to, port)));
        self.stack.wake();
        sent.map_err(|_| Error::Refused)
    }

    /// Waits until the stack has sent what it was given.
    ///
    /// # Errors
    /// [`Error::TimedOut`].
    pub fn sent(&self, milliseconds: u64) -> Result<(), Error> {
        let done = self.stack.until(milliseconds, |inner| {
            (inner.sockets.get_mut::<udp::Socket>(self.handle).send_queue() == 0).then_some(())
        });
        done.ok_or(Error::TimedOut)
    }

    /// Sends a datagram as soon as the socket has room and not too much is at the miniport: as AFD, which holds a
    /// program up while what it has sent is under way.
    ///
    /// # Errors
    /// [`Error::TimedOut`].
    pub fn send_when_room(
        &self,
        to: IpAddress,
        port: u16,
        data: &[u8],
        milliseconds: u64,
    ) -> Result<(), Error> {
        let sent = self.stack.until(milliseconds, |inner| {
            let room = self.stack.link.in_flight() < FLIGHT;
            let socket = inner.sockets.get_mut::<udp::Socket>(self.handle);
            room.then(|| socket.send_slice(data, (to, port)).ok()).flatten()
        });
        sent.ok_or(Error::TimedOut)
    }

    /// Waits for a datagram.
    ///
    /// # Errors
    /// [`Error::TimedOut`].
    pub fn receive(&self, milliseconds: u64) -> Result<(Vec<u8>, IpAddress, u16), Error> {
        let got = self.stack.until(milliseconds, |inner| {
            let (data, from) = inner.sockets.get_mut::<udp::Socket>(self.handle).recv().ok()?;
            Some((data.to_vec(), from.endpoint.addr, from.endpoint.port))
        });
        got.ok_or(Error::TimedOut)
    }
}

impl Tcp {
    fn on<R>(
        &self,
        mut f: impl FnMut(&mut tcp::Socket<'static>) -> Option<Result<R, Error>>,
    ) -> Result<R, Error> {
        let result = self.stack.until(self.patience, |inner| f(inner.sockets.get_mut(self.handle)));
        result.unwrap_or(Err(Error::TimedOut))
    }

    /// Waits until the connection is established.
    ///
    /// # Errors
    /// [`Error::Closed`], [`Error::TimedOut`].
    pub fn accepted(&self) -> Result<(), Error> {
        self.on(|socket| match socket.state() {
            tcp::State::Listen | tcp::State::SynSent | tcp::State::SynReceived => None,
            tcp::State::Closed => Some(Err(Error::Closed)),
            _ => Some(Ok(())),
        })
    }

    /// Sends all of it.
    ///
    /// # Errors
    /// [`Error::Closed`], [`Error::TimedOut`] if there was no room for that long.
    pub fn send(&self, data: &[u8]) -> Result<(), Error> {
        let mut rest = data;
        while !rest.is_empty() {
            let n = self.on(|socket| match socket.send_slice(rest) {
                Ok(0) => None,
                Ok(n) => Some(Ok(n)),
                Err(_) => Some(Err(Error::Closed)),
            })?;
            rest = &rest[n..];
        }
        Ok(())
    }

    /// Waits until the other side has acknowledged everything.
    ///
    /// # Errors
    /// [`Error::Closed`], [`Error::TimedOut`].
    pub fn sent(&self) -> Result<(), Error> {
        self.on(|socket| match socket.state() {
            tcp::State::Closed => Some(Err(Error::Closed)),
            _ if socket.send_queue() != 0 => None,
            _ => Some(Ok(())),
        })
    }

    /// Receives something; an empty result is the end.
    ///
    /// # Errors
    /// [`Error::TimedOut`].
    pub fn receive(&self) -> Result<Vec<u8>, Error> {
        let mut buffer = vec![0; 1 << 16];
        let n = self.on(|socket| match socket.recv_slice(&mut buffer) {
            Ok(0) => None,
            Ok(n) => Some(Ok(n)),
            Err(_) => Some(Ok(0)),
        })?;
        buffer.truncate(n);
        Ok(buffer)
    }

    /// Receives exactly so many bytes.
    ///
    /// # Errors
    /// [`Error::Closed`] if the end comes before, [`Error::TimedOut`].
    pub fn receive_exact(&self, length: usize) -> Result<Vec<u8>, Error> {
        let mut out = Vec::with_capacity(length);
        while out.len() < length {
            let part = self.on(|socket| {
                let want = (length - out.len()).min(1 << 16);
                let mut buffer = vec![0; want];
                match socket.recv_slice(&mut buffer) {
                    Ok(0) => None,
                    Ok(n) => Some(Ok(buffer[..n].to_vec())),
                    Err(_) => Some(Err(Error::Closed)),
                }
            })?;
            out.extend(part);
        }
        Ok(out)
    }

    /// No more is sent; waits until the other side has everything.
    ///
    /// # Errors
    /// [`Error::TimedOut`].
    pub fn finish(&self) -> Result<(), Error> {
        self.stack.with(|inner| inner.sockets.get_mut::<tcp::Socket>(self.handle).close());
        self.on(|socket| match socket.state() {
            tcp::State::FinWait1 | tcp::State::Closing | tcp::State::LastAck if socket.send_queue() != 0 => {
                None
            }
            _ => Some(Ok(())),
        })
    }
}
