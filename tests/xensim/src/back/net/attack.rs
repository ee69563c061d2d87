//! What a hostile net back-end does.

use super::{NetAttack, NetBackend, Part};
use crate::{
    abi::netif::{self, Extra},
    world::World,
};

/// Responses of which an attack "without end" consists at most: as many as the ring holds.
const ENDLESS: u32 = 256;

impl NetBackend {
    fn chosen(&mut self, world: &mut World, fits: impl Fn(NetAttack) -> bool) -> Option<NetAttack> {
        if self.next_attack.is_some_and(&fits) {
            return self.next_attack.take();
        }
        let fitting: Vec<NetAttack> =
            self.config.attacks.iter().copied().filter(|attack| fits(*attack)).collect();
        if fitting.is_empty() || !world.rng.one_in(self.config.attack_one_in) {
            return None;
        }
        Some(fitting[world.rng.below(fitting.len() as u64) as usize])
    }

    /// An attack for the control ring.
    pub(super) fn attack_with(&mut self, world: &mut World, _part: Part) -> Option<NetAttack> {
        self.chosen(world, |attack| attack == NetAttack::CtrlGarbage)
    }

    /// An attack for a packet to the guest.
    pub(super) fn rx_attack(&mut self, world: &mut World) -> Option<NetAttack> {
        use NetAttack as A;
        self.chosen(world, |attack| {
            !matches!(
                attack,
                A::CtrlGarbage | A::TxUnknownId | A::TxDuplicateId | A::TxIndexJump | A::TxStrangeStatus
            )
        })
    }

    /// Spoils a tx response; `None` when the ring is done for.
    pub(super) fn tx_attack(
        &mut self,
        world: &mut World,
        index: usize,
        mut response: [u8; 4],
    ) -> Option<[u8; 4]> {
        use NetAttack as A;
        let attack = self.chosen(world, |attack| {
            matches!(attack, A::TxUnknownId | A::TxDuplicateId | A::TxIndexJump | A::TxStrangeStatus)
        });
        let Some(attack) = attack else { return Some(response) };
        self.stats.attacks += 1;
        match attack {
            A::TxUnknownId => {
                let id = 256 + world.rng.below(0xfe00) as u16;
                response[..2].copy_from_slice(&id.to_le_bytes());
            }
            A::TxDuplicateId => {
                if let Some(old) = self.queues[index].tx_answered.last() {
                    response[..2].copy_from_slice(&old.to_le_bytes());
                }
            }
            A::TxStrangeStatus => {
                let status = 2 + world.rng.below(30_000) as i16;
                response[2..].copy_from_slice(&status.to_le_bytes());
            }
            _ => {
                let queue = &mut self.queues[index];
                queue.tx.push(&response);
                let jump = 257 + world.rng.below(1 << 30) as u32;
                queue.tx.set_rsp_prod(queue.tx.rsp_prod_pvt.wrapping_add(jump));
                queue.broken = true;
                queue.tx_jobs.clear();
                world.host_send(queue.ports.0);
                return None;
            }
        }
        Some(response)
    }

    /// Spoils the responses of a packet to the guest. False when everything was done here.
    pub(super) fn spoil(
        &mut self,
        world: &mut World,
        index: usize,
        attack: NetAttack,
        responses: &mut Vec<[u8; 8]>,
    ) -> bool {
        use NetAttack as A;
        self.stats.attacks += 1;
        let put = |response: &mut [u8; 8], at: usize, value: u16| {
            response[at..at + 2].copy_from_slice(&value.to_le_bytes());
        };
        let or_flags = |response: &mut [u8; 8], flags: u16| {
            let old = u16::from_le_bytes([response[4], response[5]]);
            response[4..6].copy_from_slice(&(old | flags).to_le_bytes());
        };
        match attack {
            A::BeyondPage => {
                let offset = world.rng.below(0x10000) as u16;
                put(&mut responses[0], 2, offset);
                put(&mut responses[0], 6, (4097 - i32::from(offset)).max(1) as u16 & 0x7fff);
            }
            A::NegativeStatus => put(&mut responses[0], 6, 0x8000 | world.rng.next_u64() as u16),
            A::GsoZero | A::GsoType => {
                or_flags(&mut responses[0], netif::RXF_EXTRA_INFO);
                let kind = if attack == A::GsoType { 9 } else { netif::GSO_TCPV4 };
                let size = if attack == A::GsoType { 1400 } else { 0 };
                if self.queues[index].rx.unconsumed().unwrap_or(0) > 0 {
                    let _ = self.rx_request(index);
                    responses.insert(1, Extra::Gso { size, kind }.encode(false));
                }
            }
            A::UnknownExtra => {
                or_flags(&mut responses[0], netif::RXF_EXTRA_INFO);
                if self.queues[index].rx.unconsumed().unwrap_or(0) > 0 {
                    let _ = self.rx_request(index);
                    let kind = 5 + world.rng.below(250) as u8;
                    responses.insert(1, Extra::Unknown(kind).encode(false));
                }
            }
            A::EndlessFragments | A::EndlessExtras => {
                let fragments = attack == A::EndlessFragments;
                let flag = if fragments { netif::RXF_MORE_DATA } else { netif::RXF_EXTRA_INFO };
                responses.truncate(1);
                or_flags(&mut responses[0], flag);
                for _ in 0..ENDLESS {
                    if self.queues[index].rx.unconsumed().unwrap_or(0) == 0 {
                        break;
                    }
                    let (id, _) = self.rx_request(index);
                    responses.push(if fragments {
                        netif::rx_response(id, 0, netif::RXF_MORE_DATA, 100)
                    } else {
                        Extra::Gso { size: 1400, kind: netif::GSO_TCPV4 }.encode(true)
                    });
                }
            }
            A::MissingFragments => {
                responses.truncate(1);
                or_flags(&mut responses[0], netif::RXF_MORE_DATA);
            }
            A::RxWrongId => {
                let id = u16::from_le_bytes([responses[0][0], responses[0][1]]);
                put(&mut responses[0], 0, id.wrapping_add(1 + world.rng.below(0xfffe) as u16));
            }
            A::BlankNonsense => or_flags(&mut responses[0], netif::RXF_CSUM_BLANK),
            A::Runt => {
                responses.truncate(1);
                put(&mut responses[0], 6, world.rng.below(14) as u16);
            }
            A::RxIndexJump => {
                let queue = &mut self.queues[index];
                for response in responses.iter() {
                    queue.rx.push(response);
                }
                let jump = 257 + world.rng.below(1 << 30) as u32;
                queue.rx.set_rsp_prod(queue.rx.rsp_prod_pvt.wrapping_add(jump));
                queue.broken = true;
                world.host_send(queue.ports.1);
                return false;
            }
            A::EventStorm => self.queues[index].storm = 1000,
            _ => {}
        }
        true
    }
}
