//! Back-ends: what lives in the driver domain. Each follows its front-end through xenstore and serves
//! its rings, one small step at a time.

pub mod block;
pub mod net;
pub mod xenbus;

use crate::world::World;

/// A part of a device that can take a step: 0 is the xenstore side.
pub type Part = u32;

/// A back-end device.
pub trait Device {
    /// Appends the parts that could take a step now.
    fn ready(&self, world: &World, parts: &mut Vec<Part>);
    /// One bounded step.
    fn step(&mut self, world: &mut World, part: Part);
    /// When something becomes due by itself, after `now`. (What is due already must not hide what comes.)
    fn deadline(&self, now: u64) -> Option<u64>;
    /// The domain it served is gone: everything mapped is let go without telling anybody.
    fn domain_gone(&mut self, world: &mut World);
    /// True once the back-end has closed for good and its nodes may go.
    fn finished(&self) -> bool;
    /// The xenstore side.
    fn bus(&self) -> &xenbus::Bus;
    /// The xenstore side, to change.
    fn bus_mut(&mut self) -> &mut xenbus::Bus;
}
