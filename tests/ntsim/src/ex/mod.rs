//! ex: pools, lists, fast mutexes, rundown protection, callback objects, resources, work items, timers.

pub mod callback;
pub mod fast_mutex;
pub mod list;
pub mod lookaside;
pub mod pool;
pub mod resource;
pub mod rundown;
pub mod timer;
pub mod work;
