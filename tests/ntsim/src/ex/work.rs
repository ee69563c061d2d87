//! System worker threads: ExQueueWorkItem, and the queue behind IoQueueWorkItem.

use crate::abi::*;
use crate::ke::{event, thread, wait};
use crate::kernel::{kernel, lock::Lock};
use crate::verifier;
use alloc::boxed::Box;
use alloc::collections::VecDeque;

/// WORK_QUEUE_ITEM.
#[repr(C)]
struct Item {
    list: LIST_ENTRY,
    routine: Option<unsafe extern "win64" fn(PVOID)>,
    parameter: PVOID,
}

type Job = Box<dyn FnOnce()>;

#[derive(Default)]
struct Queue(Lock<Inner>);

#[derive(Default)]
struct Inner {
    jobs: VecDeque<Job>,
    workers: usize,
    idle: usize,
    wake: Option<Box<KEVENT>>,
}

/// Worker threads at most; items of one queue run in parallel, as in Windows.
const WORKERS: usize = 8;

/// Queues a job for a system worker thread (PASSIVE_LEVEL). IRQL ≤ DISPATCH_LEVEL.
pub fn queue(job: impl FnOnce() + 'static) {
    let k = kernel();
    let q = k.room::<Queue>();
    let (wake, new_worker) = {
        let mut s = q.0.lock();
        s.jobs.push_back(Box::new(job));
        let wake = s.wake.get_or_insert_with(|| {
            let mut e: Box<KEVENT> = Box::new(unsafe { core::mem::zeroed() });
            unsafe { event::initialize(&mut *e, true, false) };
            e
        });
        let wake = &mut **wake as *mut KEVENT;
        let new = s.idle < s.jobs.len() && s.workers < WORKERS;
        s.workers += new as usize;
        (wake, new)
    };
    if new_worker && thread::spawn(worker).is_err() {
        q.0.lock().workers -= 1;
    }
    unsafe { event::set(wake) };
}

fn worker() {
    let q = kernel().room::<Queue>();
    loop {
        let (job, wake) = {
            let mut s = q.0.lock();
            let job = s.jobs.pop_front();
            if job.is_none() {
                s.idle += 1;
            }
            (job, s.wake.as_mut().map(|e| &mut **e as *mut KEVENT).expect("made by queue()"))
        };
        match job {
            Some(job) => {
                job();
                verifier::calls::worker_done();
            }
            None => {
                unsafe { wait::wait_one(wake, wait::Timeout::Never) };
                q.0.lock().idle -= 1;
            }
        }
    }
}

crate::exports! { EXPORTS "ntoskrnl.exe";
    fn ExQueueWorkItem(item: *mut Item, kind: u32) [irql <= DISPATCH_LEVEL] {
        let Some(routine) = (*item).routine else {
            verifier::bugcheck(0x96, [0, item as u64, 0, 0], "a work item without a routine is queued");
        };
        let parameter = (*item).parameter as usize;
        queue(move || {
            crate::call!("work item", routine, parameter as PVOID);
        })
    }
}
