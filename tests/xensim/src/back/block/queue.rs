//! One ring of a block back-end: take a request, carry it out, answer it. Three separate steps, so
//! that the guest runs in between.

use std::collections::BTreeMap;

use super::{BlockConfig, BlockStats, Part};
use crate::{
    abi::{
        blkif::{self, Abi, Body, Request, Segment},
        ring::BackRing,
    },
    disk::{SharedDisk, UNIT},
    hv::grant::Mapping,
    mem::{PAGE, Page},
    world::World,
};

/// Steps of a queue: take, execute, respond, storm.
pub(super) const PARTS: Part = 4;
const TAKE: Part = 0;
const EXECUTE: Part = 1;
const RESPOND: Part = 2;
const STORM: Part = 3;

/// What a step needs from its device.
pub(super) struct Context<'a> {
    pub domid: u16,
    pub config: &'a BlockConfig,
    pub disk: &'a SharedDisk,
    pub stats: &'a mut BlockStats,
    pub persistent: bool,
}

#[derive(Clone, Debug)]
struct Piece {
    page: Page,
    /// Given back after the request, unless it is kept as persistent.
    map: Option<Mapping>,
    first: u8,
    last: u8,
}

#[derive(Clone, Debug)]
struct Job {
    id: u64,
    op: u8,
    sector: u64,
    units: u64,
    secure: bool,
    pieces: Vec<Piece>,
    /// Other mappings to give back (descriptor pages).
    extra: Vec<Mapping>,
    due: u64,
    done: bool,
    lost: bool,
    status: i16,
    tickets: Vec<u64>,
    flush_point: u64,
}

/// A connected ring.
pub struct Queue {
    /// For messages.
    pub name: String,
    /// The ring.
    pub ring: BackRing,
    maps: Vec<Mapping>,
    /// Host end of the event channel.
    pub port: u32,
    abi: Abi,
    kicked: bool,
    jobs: Vec<Job>,
    persistent: BTreeMap<u32, Mapping>,
    /// Ids answered last, for attacks by duplicates.
    pub(super) answered: Vec<u64>,
    /// The front-end broke the ring; nothing is served any more.
    pub broken: bool,
    pub(super) storm: u32,
    /// Until then the thread is busy with the request that it took last.
    busy_until: u64,
}

impl Queue {
    pub(super) fn new(name: String, ring: BackRing, maps: Vec<Mapping>, port: u32, abi: Abi) -> Self {
        Self {
            name,
            ring,
            maps,
            port,
            abi,
            kicked: false,
            jobs: Vec::new(),
            persistent: BTreeMap::new(),
            answered: Vec::new(),
            broken: false,
            storm: 0,
            busy_until: 0,
        }
    }

    /// Closes the port and hands out everything that is mapped.
    pub(super) fn dismantle(mut self, world: &mut World) -> Vec<Mapping> {
        world.hv.host_close(self.port);
        let mut maps: Vec<Mapping> = Vec::new();
        for job in self.jobs.drain(..) {
            maps.extend(job.pieces.iter().filter_map(|piece| piece.map));
            maps.extend(job.extra);
        }
        maps.extend(self.persistent.into_values());
        maps.append(&mut self.maps);
        maps
    }

    pub(super) fn drained(&self) -> bool {
        self.jobs.iter().all(|job| job.lost)
    }

    /// Requests taken and not answered.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.jobs.len()
    }

    /// Grants kept mapped as persistent.
    #[must_use]
    pub fn persistent_grants(&self) -> usize {
        self.persistent.len()
    }

    /// Unit and data of requests of kind `op` that are taken but not carried out.
    pub(crate) fn unwritten(&self, op: u8) -> Vec<(u64, Vec<u8>)> {
        let waiting =
            self.jobs.iter().filter(|job| !job.done && job.op == op && job.status == blkif::RSP_OKAY);
        waiting
            .map(|job| {
                let mut data = Vec::new();
                for piece in &job.pieces {
                    let mut part = vec![0; (usize::from(piece.last - piece.first) + 1) * UNIT];
                    piece.page.read(usize::from(piece.first) * UNIT, &mut part);
                    data.extend(part);
                }
                (job.sector, data)
            })
            .collect()
    }

    pub(super) fn deadline(&self, now: u64) -> Option<u64> {
        let due = self.jobs.iter().filter(|job| !job.done && !job.lost).map(|job| job.due);
        due.chain([self.busy_until]).filter(|due| *due > now).min()
    }

    pub(super) fn ready(&self, world: &World, config: &BlockConfig, base: Part, parts: &mut Vec<Part>) {
        let kicked = self.kicked || world.hv.host_pending(self.port);
        if kicked && self.busy_until <= world.now && !self.broken && !config.policy.stalled {
            parts.push(base + TAKE);
        }
        if self.jobs.iter().any(|job| !job.done && !job.lost && job.due <= world.now) {
            parts.push(base + EXECUTE);
        }
        if self.jobs.iter().any(|job| job.done) {
            parts.push(base + RESPOND);
        }
        if self.storm > 0 {
            parts.push(base + STORM);
        }
    }

    pub(super) fn step(&mut self, world: &mut World, context: &mut Context<'_>, part: Part) {
        match part {
            TAKE => self.take(world, context),
            EXECUTE => self.execute(world, context),
            RESPOND => self.respond(world, context),
            _ => {
                self.storm -= 1;
                world.host_send(self.port);
                context.stats.notified += 1;
            }
        }
    }

    fn take(&mut self, world: &mut World, context: &mut Context<'_>) {
        self.kicked |= world.hv.host_take(self.port);
        let waiting = match self.ring.unconsumed() {
            Ok(0) => self.ring.final_check().map(u32::from),
            other => other,
        };
        match waiting {
            Ok(0) => {
                self.kicked = false;
                return;
            }
            Ok(_) => {}
            Err(overrun) => {
                self.broken = true;
                return world.ring_violation(&self.name, format!("bogus req_prod: {overrun:?}"));
            }
        }
        let raw = self.ring.request(self.ring.req_cons);
        self.ring.req_cons = self.ring.req_cons.wrapping_add(1);
        let request = self.abi.decode(&raw);
        let mut job = self.admit(world, context, &request);
        self.busy_until = world.now + context.config.policy.service;
        let policy = &context.config.policy;
        let (least, most) = policy.latency;
        job.due = world.now + least + world.rng.below(most.saturating_sub(least) + 1);
        job.lost = world.rng.permille(policy.lost_permille);
        if job.status == blkif::RSP_OKAY && world.rng.permille(policy.error_permille) {
            job.status = blkif::RSP_ERROR;
        }
        let flushing = matches!(job.op, blkif::OP_FLUSH | blkif::OP_WRITE_BARRIER);
        if flushing && world.rng.permille(policy.unsupported_permille) {
            job.status = blkif::RSP_EOPNOTSUPP;
        }
        job.flush_point = context.disk.borrow_mut().flush_point();
        self.jobs.push(job);
        context.stats.deepest = context.stats.deepest.max(self.jobs.len());
    }

    /// Checks a request and maps its pages. A refused one comes back with a status.
    fn admit(&mut self, world: &mut World, context: &mut Context<'_>, request: &Request) -> Job {
        let mut job = Job {
            id: request.id,
            op: request.operation,
            sector: request.sector,
            units: 0,
            secure: false,
            pieces: Vec::new(),
            extra: Vec::new(),
            due: 0,
            done: false,
            lost: false,
            status: blkif::RSP_OKAY,
            tickets: Vec::new(),
            flush_point: 0,
        };
        let features = &context.config.features;
        let segments = match &request.body {
            Body::Direct { op, claimed, segments } => {
                if usize::from(*claimed) > blkif::MAX_SEGMENTS {
                    self.malformed(world, &mut job, format!("{claimed} segments in a direct request"));
                }
                match *op {
                    blkif::OP_READ | blkif::OP_WRITE => {
                        if *claimed == 0 {
                            self.malformed(world, &mut job, "no segments".into());
                        }
                    }
                    blkif::OP_FLUSH if features.flush == Some(true) => {}
                    blkif::OP_WRITE_BARRIER if features.barrier == Some(true) => {}
                    _ => job.status = blkif::RSP_EOPNOTSUPP,
                }
                segments.clone()
            }
            Body::Discard { flag, sectors } => {
                job.units = *sectors;
                job.secure = flag & blkif::DISCARD_SECURE != 0;
                if !features.discard {
                    job.status = blkif::RSP_EOPNOTSUPP;
                }
                Vec::new()
            }
            Body::Indirect { op, nr, grefs } => {
                job.op = *op;
                context.stats.indirect += 1;
                if !matches!(*op, blkif::OP_READ | blkif::OP_WRITE) {
                    self.malformed(world, &mut job, format!("indirect operation {op}"));
                }
                self.indirect(world, context, &mut job, *nr, grefs)
            }
        };
        context.stats.operations[usize::from(job.op & 7)] += 1;
        context.stats.segments += segments.len() as u64;
        if job.status == blkif::RSP_OKAY {
            self.check_range(world, context, &mut job, &segments);
        }
        if job.status == blkif::RSP_OKAY {
            self.map(world, context, &mut job, &segments);
        }
        job
    }

    fn malformed(&self, world: &mut World, job: &mut Job, what: String) {
        job.status = blkif::RSP_ERROR;
        world.ring_violation(&self.name, what);
    }

    fn indirect(
        &mut self,
        world: &mut World,
        context: &mut Context<'_>,
        job: &mut Job,
        nr: u16,
        grefs: &[u32; blkif::MAX_INDIRECT_PAGES],
    ) -> Vec<Segment> {
        let nr = usize::from(nr);
        let most = (context.config.features.indirect as usize)
            .min(blkif::MAX_INDIRECT_PAGES * blkif::SEGMENTS_PER_PAGE);
        if nr == 0 || nr > most {
            self.malformed(world, job, format!("{nr} indirect segments of at most {most}"));
            return Vec::new();
        }
        let mut segments = Vec::with_capacity(nr);
        for gref in &grefs[..nr.div_ceil(blkif::SEGMENTS_PER_PAGE)] {
            let map = match self.page(world, context, *gref, false, "block indirect page") {
                Ok(piece) => piece,
                Err(()) => {
                    job.status = blkif::RSP_ERROR;
                    return segments;
                }
            };
            job.extra.extend(map.1);
            let mut raw = vec![0; PAGE];
            map.0.read(0, &mut raw);
            let here = (nr - segments.len()).min(blkif::SEGMENTS_PER_PAGE);
            segments.extend((0..here).map(|index| blkif::segment(&raw, index * 8)));
        }
        segments
    }

    fn check_range(&self, world: &mut World, context: &Context<'_>, job: &mut Job, segments: &[Segment]) {
        for segment in segments {
            if usize::from(segment.last) >= PAGE / UNIT || segment.first > segment.last {
                return self.malformed(world, job, format!("segment {segment:?}"));
            }
            job.units += u64::from(segment.last - segment.first) + 1;
        }
        let writes = matches!(job.op, blkif::OP_WRITE | blkif::OP_WRITE_BARRIER | blkif::OP_DISCARD);
        let end = job.sector.checked_add(job.units);
        let data = job.units > 0;
        if data && end.is_none_or(|end| end > context.disk.borrow().model.units) {
            job.status = blkif::RSP_ERROR;
        } else if writes && context.config.features.read_only {
            self.malformed(world, job, "write to a read-only disk".into());
        }
        let per_sector = u64::from(context.config.features.sector_size) / UNIT as u64;
        if data
            && per_sector > 1
            && (!job.sector.is_multiple_of(per_sector) || !job.units.is_multiple_of(per_sector))
        {
            self.malformed(world, job, format!("misaligned: {}+{}", job.sector, job.units));
        }
    }

    /// The page behind a grant: from the persistent ones, else mapped now.
    fn page(
        &mut self,
        world: &mut World,
        context: &Context<'_>,
        gref: u32,
        write: bool,
        doing: &'static str,
    ) -> Result<(Page, Option<Mapping>), ()> {
        if let Some(map) = self.persistent.get(&gref) {
            return Ok((map.page, None));
        }
        // With persistent grants everything is mapped writable: the page serves any later request.
        let keep = context.persistent && self.persistent.len() < context.config.policy.max_persistent;
        let map = world.map_grant(context.domid, gref, write || keep, doing).map_err(|_| ())?;
        if keep {
            self.persistent.insert(gref, map);
            return Ok((map.page, None));
        }
        Ok((map.page, Some(map)))
    }

    fn map(&mut self, world: &mut World, context: &Context<'_>, job: &mut Job, segments: &[Segment]) {
        let write = job.op == blkif::OP_READ;
        for segment in segments {
            match self.page(world, context, segment.gref, write, "block data") {
                Ok((page, map)) => {
                    job.pieces.push(Piece { page, map, first: segment.first, last: segment.last });
                }
                Err(()) => {
                    job.status = blkif::RSP_ERROR;
                    return;
                }
            }
        }
    }

    fn execute(&mut self, world: &mut World, context: &mut Context<'_>) {
        let due = |job: &Job| !job.done && !job.lost && job.due <= world.now;
        let candidates: Vec<usize> = (0..self.jobs.len()).filter(|index| due(&self.jobs[*index])).collect();
        let Some(first) = candidates.first() else { return };
        let index = if context.config.policy.out_of_order {
            candidates[world.rng.below(candidates.len() as u64) as usize]
        } else {
            *first
        };
        let attack = self.data_attack(world, context);
        let job = &mut self.jobs[index];
        job.done = true;
        if job.status != blkif::RSP_OKAY || attack {
            return;
        }
        let short = world.rng.permille(context.config.policy.short_permille);
        let mut disk = context.disk.borrow_mut();
        match job.op {
            blkif::OP_READ | blkif::OP_WRITE | blkif::OP_WRITE_BARRIER => {
                if job.op == blkif::OP_WRITE_BARRIER {
                    disk.flush(job.flush_point);
                }
                let mut unit = job.sector;
                let count = if short { job.pieces.len() / 2 } else { job.pieces.len() };
                for piece in &job.pieces[..count] {
                    let at = usize::from(piece.first) * UNIT;
                    let mut data = vec![0; (usize::from(piece.last - piece.first) + 1) * UNIT];
                    if job.op == blkif::OP_READ {
                        disk.read(unit, &mut data);
                        piece.page.write(at, &data);
                        context.stats.bytes.0 += data.len() as u64;
                    } else {
                        piece.page.read(at, &mut data);
                        job.tickets.push(disk.write(unit, &data));
                        context.stats.bytes.1 += data.len() as u64;
                    }
                    unit += (data.len() / UNIT) as u64;
                }
                if short {
                    job.status = blkif::RSP_ERROR;
                }
                if job.op == blkif::OP_WRITE_BARRIER {
                    for ticket in &job.tickets {
                        disk.flush_ticket(*ticket);
                    }
                }
            }
            blkif::OP_FLUSH => disk.flush(job.flush_point),
            blkif::OP_DISCARD => disk.discard(job.sector, job.units, &mut world.rng),
            _ => {}
        }
    }

    fn respond(&mut self, world: &mut World, context: &mut Context<'_>) {
        let done: Vec<usize> = (0..self.jobs.len()).filter(|index| self.jobs[*index].done).collect();
        let Some(first) = done.first() else { return };
        let index = if context.config.policy.out_of_order {
            done[world.rng.below(done.len() as u64) as usize]
        } else {
            *first
        };
        let job = self.jobs.remove(index);
        for map in job.pieces.iter().filter_map(|piece| piece.map).chain(job.extra.iter().copied()) {
            world.unmap_grant(map);
        }
        if job.status == blkif::RSP_OKAY {
            let mut disk = context.disk.borrow_mut();
            for ticket in &job.tickets {
                disk.acknowledge(*ticket);
            }
        } else {
            context.stats.failures += 1;
        }
        context.stats.responses += 1;
        world.stats.block_requests += 1;
        let response = self.abi.response(job.id, job.op, job.status);
        let response = self.response_attack(world, context, job.id, response);
        let Some(response) = response else { return };
        self.ring.push(&response);
        if self.answered.len() == 64 {
            self.answered.remove(0);
        }
        self.answered.push(job.id);
        if self.ring.publish() {
            world.host_send(self.port);
            context.stats.notified += 1;
        }
    }
}
