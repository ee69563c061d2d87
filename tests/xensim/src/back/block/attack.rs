//! What a hostile block back-end does. Each attack is one that a front-end must survive with the
//! device marked broken (or, where it cannot tell, with the data's consumer finding out).

use super::{BlockAttack, queue::Context, queue::Queue};
use crate::world::World;

impl Queue {
    fn chosen(&self, world: &mut World, context: &Context<'_>) -> Option<BlockAttack> {
        let config = context.config;
        if config.attacks.is_empty() || !world.rng.one_in(config.attack_one_in) {
            return None;
        }
        Some(config.attacks[world.rng.below(config.attacks.len() as u64) as usize])
    }

    /// Whether the data of this request is silently left alone. No front-end can notice; the layers
    /// above must (checksums of the test).
    pub(super) fn data_attack(&mut self, world: &mut World, context: &mut Context<'_>) -> bool {
        if !context.config.attacks.contains(&BlockAttack::DataNotMoved) {
            return false;
        }
        let attack = self.chosen(world, context) == Some(BlockAttack::DataNotMoved);
        context.stats.attacks += u64::from(attack);
        attack
    }

    /// Replaces or spoils a response; `None` leaves the slot out.
    pub(super) fn response_attack(
        &mut self,
        world: &mut World,
        context: &mut Context<'_>,
        id: u64,
        mut response: Vec<u8>,
    ) -> Option<Vec<u8>> {
        let Some(attack) = self.chosen(world, context) else { return Some(response) };
        context.stats.attacks += 1;
        match attack {
            BlockAttack::IndexJump => {
                self.ring.push(&response);
                let jump = 1 + world.rng.below(u64::from(u32::MAX) - 1) as u32;
                self.ring.set_rsp_prod(self.ring.rsp_prod_pvt.wrapping_add(jump.max(self.ring.size())));
                world.host_send(self.port);
                self.broken = true;
                return None;
            }
            BlockAttack::IndexBack => {
                self.ring.push(&response);
                self.ring.set_rsp_prod(self.ring.rsp_prod_pvt.wrapping_sub(2));
                world.host_send(self.port);
                self.broken = true;
                return None;
            }
            BlockAttack::UnknownId => {
                let strange = match world.rng.below(3) {
                    0 => id ^ (1 << 63),
                    1 => u64::from(self.ring.size()) + world.rng.below(1 << 16),
                    _ => world.rng.next_u64() | 1 << 40,
                };
                response[..8].copy_from_slice(&strange.to_le_bytes());
            }
            BlockAttack::DuplicateId => {
                let old = match self.answered.last() {
                    Some(old) => *old,
                    None => return Some(response),
                };
                response[..8].copy_from_slice(&old.to_le_bytes());
            }
            BlockAttack::WrongOperation => response[8] ^= 1 << world.rng.below(8),
            BlockAttack::StrangeStatus => {
                let status = 1 + world.rng.below(32_000) as i16;
                response[10..12].copy_from_slice(&status.to_le_bytes());
            }
            BlockAttack::DoubleFetch => {
                // A good response that changes under the reader: armed as a rewrite of the slot.
                self.rewrite_later(world, &response);
            }
            BlockAttack::EventStorm => self.storm = 1000,
            BlockAttack::DataNotMoved => {}
        }
        Some(response)
    }
}
