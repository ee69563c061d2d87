//! A small block front-end of the tests' own: raw ring writes, nothing shared with blkfront.
#![allow(dead_code, missing_docs)] // Each test file uses its part of it.

pub mod raw;

use xenbus::{
    seam::{Access, EventChannels, GrantTable, PageAllocator, SharedPage, Store},
    types::{Domid, GrantRef, Port},
};
use xensim::{Direct, DirectPages};

pub struct Front {
    pub guest: Direct,
    pub dir: String,
    pub ring: DirectPages,
    pub grants: Vec<GrantRef>,
    pub port: Port,
    pub req_prod: u32,
    pub rsp_cons: u32,
    pub size: u32,
}

pub struct Response {
    pub id: u64,
    pub op: u8,
    pub status: i16,
}

impl Front {
    /// Sets up a single queue and waits for Connected.
    pub fn connect(guest: &Direct, vdev: u32, order: u32, extra: &[(&str, &str)]) -> Self {
        let dir = format!("device/vbd/{vdev}");
        let ring = guest.alloc_pages(1 << order).expect("ring pages");
        ring.store(4, 1);
        ring.store(12, 1);
        let grants: Vec<GrantRef> = (0..1 << order)
            .map(|page| guest.grant_access(Domid(0), ring.gfn(page), Access::ReadWrite).expect("grant"))
            .collect();
        let port = guest.alloc_unbound(Domid(0), 0).expect("port");
        guest.unmask(&port);
        let mut keys = vec![
            ("event-channel".to_string(), port.raw().to_string()),
            ("protocol".to_string(), "x86_64-abi".to_string()),
        ];
        if order == 0 {
            keys.push(("ring-ref".into(), grants[0].raw().to_string()));
        } else {
            keys.push(("ring-page-order".into(), order.to_string()));
            for (page, grant) in grants.iter().enumerate() {
                keys.push((format!("ring-ref{page}"), grant.raw().to_string()));
            }
        }
        keys.extend(extra.iter().map(|(key, value)| ((*key).to_string(), (*value).to_string())));
        for (key, value) in keys {
            guest.write(None, &format!("{dir}/{key}"), value.as_bytes()).expect("write key");
        }
        let room = ((4096usize << order) - 64) / 112;
        let front = Self {
            guest: guest.clone(),
            dir,
            ring,
            grants,
            port,
            req_prod: 0,
            rsp_cons: 0,
            size: 1 << room.ilog2(),
        };
        front.set_state("3");
        guest.run();
        front
    }

    pub fn set_state(&self, state: &str) {
        self.guest.write(None, &format!("{}/state", self.dir), state.as_bytes()).expect("state");
    }

    pub fn back(&self, key: &str) -> Option<String> {
        let back = self.guest.read(None, &format!("{}/backend", self.dir)).ok()?;
        let back = String::from_utf8(back).ok()?;
        self.guest.read(None, &format!("{back}/{key}")).ok().and_then(|v| String::from_utf8(v).ok())
    }

    /// Writes a raw request of up to 112 bytes.
    pub fn push(&mut self, raw: &[u8]) {
        let at = 64 + (self.req_prod & (self.size - 1)) as usize * 112;
        let mut slot = raw.to_vec();
        slot.resize(112, 0);
        self.ring.copy_in(at, &slot);
        self.req_prod = self.req_prod.wrapping_add(1);
    }

    pub fn publish(&self) {
        self.ring.store_release(0, self.req_prod);
        self.guest.notify(&self.port);
    }

    pub fn direct(op: u8, id: u64, sector: u64, segments: &[(u32, u8, u8)]) -> Vec<u8> {
        let mut raw = vec![0; 112];
        raw[0] = op;
        raw[1] = segments.len() as u8;
        raw[8..16].copy_from_slice(&id.to_le_bytes());
        raw[16..24].copy_from_slice(&sector.to_le_bytes());
        for (index, (gref, first, last)) in segments.iter().enumerate().take(11) {
            let at = 24 + index * 8;
            raw[at..at + 4].copy_from_slice(&gref.to_le_bytes());
            raw[at + 4] = *first;
            raw[at + 5] = *last;
        }
        raw
    }

    pub fn indirect(op: u8, id: u64, sector: u64, count: u16, pages: &[u32]) -> Vec<u8> {
        let mut raw = vec![0; 112];
        raw[0] = 6;
        raw[1] = op;
        raw[2..4].copy_from_slice(&count.to_le_bytes());
        raw[8..16].copy_from_slice(&id.to_le_bytes());
        raw[16..24].copy_from_slice(&sector.to_le_bytes());
        for (index, gref) in pages.iter().enumerate() {
            raw[28 + index * 4..32 + index * 4].copy_from_slice(&gref.to_le_bytes());
        }
        raw
    }

    pub fn discard(id: u64, sector: u64, count: u64) -> Vec<u8> {
        let mut raw = vec![0; 112];
        raw[0] = 5;
        raw[8..16].copy_from_slice(&id.to_le_bytes());
        raw[16..24].copy_from_slice(&sector.to_le_bytes());
        raw[24..32].copy_from_slice(&count.to_le_bytes());
        raw
    }

    pub fn rsp_prod(&self) -> u32 {
        self.ring.load_acquire(8)
    }

    pub fn take(&mut self) -> Option<Response> {
        if self.rsp_cons == self.rsp_prod() {
            return None;
        }
        let at = 64 + (self.rsp_cons & (self.size - 1)) as usize * 112;
        let mut raw = [0; 16];
        self.ring.copy_out(at, &mut raw);
        self.rsp_cons = self.rsp_cons.wrapping_add(1);
        self.ring.store(12, self.rsp_cons.wrapping_add(1));
        Some(Response {
            id: u64::from_le_bytes(raw[..8].try_into().expect("8 bytes")),
            op: raw[8],
            status: i16::from_le_bytes([raw[10], raw[11]]),
        })
    }

    /// One request, to its end.
    pub fn io(&mut self, raw: &[u8]) -> i16 {
        self.push(raw);
        self.publish();
        self.guest.settle();
        let response = self.take().expect("a response");
        assert!(self.take().is_none());
        response.status
    }

    pub fn data_page(&self, byte: u8, access: Access) -> (DirectPages, GrantRef) {
        let page = self.guest.alloc_pages(1).expect("page");
        page.copy_in(0, &[byte; 4096]);
        let grant = self.guest.grant_access(Domid(0), page.gfn(0), access).expect("grant");
        (page, grant)
    }

    pub fn close(self) {
        self.set_state("5");
        self.guest.run();
        self.set_state("6");
        self.guest.run();
        for grant in self.grants {
            self.guest.end_access(grant).expect("the back-end unmapped the ring");
        }
        EventChannels::close(&self.guest, self.port);
    }
}

pub fn bytes(page: &DirectPages) -> Vec<u8> {
    let mut data = vec![0; page.len()];
    page.copy_out(0, &mut data);
    data
}
