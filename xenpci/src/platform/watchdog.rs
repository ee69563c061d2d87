//! The hypervisor's watchdog: stops a guest in which not even timers run any more.

use alloc::sync::Weak;
use core::time::Duration;

use nt::ke::timer::Timer;

use super::{Platform, log::Severity};
use crate::policy::params as settings;

/// A running watchdog; dropped at `PASSIVE_LEVEL` it ends.
pub struct Watchdog {
    platform: Weak<Platform>,
    id: u32,
    timer: Option<Timer<Ping>>,
}

struct Ping {
    platform: Weak<Platform>,
    id: u32,
    seconds: u32,
}

fn ping(ping: &Ping) {
    if let Some(platform) = ping.platform.upgrade() {
        // Between a wake in a new domain and its own watchdog there is none to ping.
        let _ = platform.xen.watchdog_ping(ping.id, ping.seconds);
    }
}

impl Watchdog {
    /// Starts it if the setting says so. `PASSIVE_LEVEL`.
    pub fn start(platform: &Platform) -> Option<Self> {
        let seconds = platform.params.get(settings::WATCHDOG);
        if seconds == 0 {
            return None;
        }
        let id = match platform.xen.watchdog_create(seconds) {
            Ok(id) => id,
            Err(errno) => {
                let text = alloc::format!("the watchdog is not available: {errno}");
                platform.log.event(Severity::Warning, &text);
                return None;
            }
        };
        let me = Weak::clone(&platform.me);
        let timer = Timer::new(ping, Ping { platform: Weak::clone(&me), id, seconds });
        if let Some(timer) = &timer {
            let half = Duration::from_millis(u64::from(seconds) * 500);
            timer.start(half, Some(half));
        }
        Some(Self { platform: me, id, timer })
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        drop(self.timer.take());
        if let Some(platform) = self.platform.upgrade() {
            let _ = platform.xen.watchdog_ping(self.id, 0);
        }
    }
}
