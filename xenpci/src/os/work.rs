//! A queue whose worker is one system thread: for what has to run at `PASSIVE_LEVEL` and may wait.
//!
//! An own thread and not system workers: a children's callback that waits for xenstore must not use
//! up the system's pool, and the order of calls stays the order of queueing.

use alloc::{collections::VecDeque, sync::Arc};

use nt::sys::NTSTATUS;

use super::{Spin, Thread, thread::Signal};

/// Something that can be queued. Whoever queues keeps it alive by the `Arc`.
pub trait Job: Send + Sync {
    /// Runs at `PASSIVE_LEVEL`.
    fn run(&self);
}

struct Shared {
    jobs: Spin<Jobs>,
}

struct Jobs {
    queue: VecDeque<Arc<dyn Job>>,
    stopping: bool,
}

/// The queue. Dropping it lets queued jobs run to their end.
pub struct WorkQueue {
    shared: Arc<Shared>,
    thread: Option<Thread>,
}

impl WorkQueue {
    /// Starts the worker. `PASSIVE_LEVEL`.
    ///
    /// # Errors
    /// The status of the thread's creation.
    pub fn new() -> Result<Self, NTSTATUS> {
        let shared = Arc::new(Shared { jobs: Spin::new(Jobs { queue: VecDeque::new(), stopping: false }) });
        let worker = Arc::clone(&shared);
        let thread = Thread::spawn(move |wake| worker.work(wake))?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Queues a job. `IRQL <= DISPATCH_LEVEL`.
    pub fn queue(&self, job: Arc<dyn Job>) {
        self.shared.jobs.lock().queue.push_back(job);
        if let Some(thread) = &self.thread {
            thread.wake();
        }
    }
}

impl Shared {
    fn work(&self, wake: &Signal) {
        loop {
            let (job, stopping) = {
                let mut jobs = self.jobs.lock();
                (jobs.queue.pop_front(), jobs.stopping)
            };
            match job {
                Some(job) => job.run(),
                None if stopping => return,
                None => wake.wait(),
            }
        }
    }
}

impl Drop for WorkQueue {
    fn drop(&mut self) {
        self.shared.jobs.lock().stopping = true;
        self.thread = None;
    }
}
