//! A small honest store on the other side of the page, and ways to make it lie.

use alloc::{
    collections::BTreeMap,
    format,
    string::{String, ToString},
    sync::Arc,
    vec::Vec,
};

use zerocopy::{FromBytes, IntoBytes};

use crate::{
    io::xs_wire::{
        HEADER_SIZE, Header, MessageType as M, REQ_CONS, REQ_OFFSET, REQ_PROD, RING_SIZE, RSP_CONS,
        RSP_OFFSET, RSP_PROD,
    },
    page::HeapPages,
    seam::SharedPage,
    types::Gfn,
};

/// A page that both sides hold.
#[derive(Clone)]
pub struct Page(pub Arc<HeapPages>);

impl Page {
    pub fn new() -> Self {
        Self(Arc::new(HeapPages::new(Gfn(1), 1)))
    }
}

impl SharedPage for Page {
    fn len(&self) -> usize {
        self.0.len()
    }
    fn gfn(&self, index: usize) -> Gfn {
        self.0.gfn(index)
    }
    fn load(&self, offset: usize) -> u32 {
        self.0.load(offset)
    }
    fn store(&self, offset: usize, value: u32) {
        self.0.store(offset, value);
    }
    fn load_acquire(&self, offset: usize) -> u32 {
        self.0.load_acquire(offset)
    }
    fn store_release(&self, offset: usize, value: u32) {
        self.0.store_release(offset, value);
    }
    fn copy_out(&self, offset: usize, to: &mut [u8]) {
        self.0.copy_out(offset, to);
    }
    fn copy_in(&self, offset: usize, from: &[u8]) {
        self.0.copy_in(offset, from);
    }
}

pub type Message = (Header, Vec<u8>);

pub struct Server {
    pub page: Page,
    pub nodes: BTreeMap<String, Vec<u8>>,
    pub watches: Vec<(String, Vec<u8>)>,
    pub transactions: Vec<u32>,
    /// Answer to the next commits.
    pub conflicts: u32,
    next_txn: u32,
    partial: Vec<u8>,
    out: Vec<u8>,
}

impl Server {
    pub fn new(page: Page) -> Self {
        Self {
            page,
            nodes: BTreeMap::new(),
            watches: Vec::new(),
            transactions: Vec::new(),
            conflicts: 0,
            next_txn: 7,
            partial: Vec::new(),
            out: Vec::new(),
        }
    }

    fn byte(&self, at: usize) -> u8 {
        self.page.load(at & !3).to_le_bytes()[at % 4]
    }

    fn put(&self, at: usize, byte: u8) {
        let mut word = self.page.load(at & !3).to_le_bytes();
        word[at % 4] = byte;
        self.page.store(at & !3, u32::from_le_bytes(word));
    }

    /// Takes whole messages off the request ring.
    pub fn receive(&mut self) -> Vec<Message> {
        let (mut cons, prod) = (self.page.load(REQ_CONS), self.page.load_acquire(REQ_PROD));
        while cons != prod {
            self.partial.push(self.byte(REQ_OFFSET + (cons % RING_SIZE) as usize));
            cons = cons.wrapping_add(1);
        }
        self.page.store_release(REQ_CONS, cons);
        let mut messages = Vec::new();
        while let Ok((header, _)) = Header::read_from_prefix(&self.partial) {
            let end = HEADER_SIZE + header.len as usize;
            if self.partial.len() < end {
                break;
            }
            messages.push((header, self.partial[HEADER_SIZE..end].to_vec()));
            self.partial.drain(..end);
        }
        messages
    }

    pub fn send(&mut self, ty: M, req_id: u32, payload: &[u8]) {
        let header = Header { ty, req_id, tx_id: 0, len: payload.len() as u32 };
        self.raw(header.as_bytes());
        self.raw(payload);
    }

    pub fn raw(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
        self.flush();
    }

    /// Puts what waits on the reply ring.
    pub fn flush(&mut self) {
        let (mut prod, cons) = (self.page.load(RSP_PROD), self.page.load_acquire(RSP_CONS));
        let room = (RING_SIZE - prod.wrapping_sub(cons)) as usize;
        let count = room.min(self.out.len());
        for byte in self.out.drain(..count).collect::<Vec<_>>() {
            self.put(RSP_OFFSET + (prod % RING_SIZE) as usize, byte);
            prod = prod.wrapping_add(1);
        }
        self.page.store_release(RSP_PROD, prod);
    }

    pub fn fire(&mut self, path: &str) {
        for (watched, token) in self.watches.clone() {
            if path.starts_with(&watched) {
                let payload = [path.as_bytes(), b"\0", &token, b"\0"].concat();
                self.send(M::WATCH_EVENT, 0, &payload);
            }
        }
    }

    /// One turn of an honest store: answers everything that came.
    pub fn serve(&mut self) {
        self.flush();
        for (header, payload) in self.receive() {
            self.answer(header, &payload);
        }
    }

    pub fn answer(&mut self, header: Header, payload: &[u8]) {
        let mut parts = payload.splitn(2, |&b| b == 0);
        let first = String::from_utf8(parts.next().unwrap_or_default().to_vec()).unwrap();
        let rest = parts.next().unwrap_or_default().to_vec();
        let known_txn = header.tx_id == 0 || self.transactions.contains(&header.tx_id);
        let result: Result<Vec<u8>, &str> = match header.ty {
            _ if !known_txn => Err("ENOENT"),
            M::READ => self.nodes.get(&first).cloned().ok_or("ENOENT"),
            M::DIRECTORY => {
                let prefix = format!("{first}/");
                let names = self.nodes.keys().filter_map(|path| path.strip_prefix(&prefix));
                Ok(names.flat_map(|name| [name.as_bytes(), b"\0"].concat()).collect())
            }
            M::WRITE => {
                self.nodes.insert(first.clone(), rest);
                self.fire(&first);
                Ok(b"OK\0".to_vec())
            }
            M::RM => self.nodes.remove(&first).map(|_| b"OK\0".to_vec()).ok_or("ENOENT"),
            M::WATCH => {
                let token = rest.strip_suffix(b"\0").unwrap().to_vec();
                self.watches.push((first.clone(), token.clone()));
                self.send(M::WATCH, header.req_id, b"OK\0");
                let event = [first.as_bytes(), b"\0", &token, b"\0"].concat();
                return self.send(M::WATCH_EVENT, 0, &event);
            }
            M::UNWATCH => {
                let token = rest.strip_suffix(b"\0").unwrap().to_vec();
                self.watches.retain(|watch| *watch != (first.clone(), token.clone()));
                Ok(b"OK\0".to_vec())
            }
            M::TRANSACTION_START => {
                self.transactions.push(self.next_txn);
                self.next_txn += 1;
                Ok(format!("{}\0", self.next_txn - 1).into_bytes())
            }
            M::TRANSACTION_END => {
                self.transactions.retain(|&txn| txn != header.tx_id);
                if self.conflicts != 0 && first == "T" {
                    self.conflicts -= 1;
                    Err("EAGAIN")
                } else {
                    Ok(b"OK\0".to_vec())
                }
            }
            M::RESET_WATCHES => {
                self.watches.clear();
                Ok(b"OK\0".to_vec())
            }
            _ => Err("ENOSYS"),
        };
        match result {
            Ok(payload) => self.send(header.ty, header.req_id, &payload),
            Err(error) => self.send(M::ERROR, header.req_id, &[error.as_bytes(), b"\0"].concat()),
        }
    }

    pub fn set(&mut self, path: &str, value: impl ToString) {
        self.nodes.insert(path.into(), value.to_string().into_bytes());
    }
}
