//! User mode as devices see it: a process of some user opens a device, sends requests, closes it or dies.
//!
//! Called by tests from a kernel thread at PASSIVE_LEVEL. The buffers handed to drivers are pool blocks of exactly the
//! size that the user gave, so that an access behind them is found.

use super::{
    build, device, file, glue,
    irp::{self, Origin},
    security::Token,
    stack, state,
};
use crate::kernel::{kernel, lock::Lock};
use crate::ob::{self, ObjectType};
use alloc::{collections::BTreeMap, vec::Vec};
use nt::sys::*;

static PROCESS: ObjectType = ObjectType { name: "Process", delete: None, close: None };

#[derive(Default)]
struct Processes {
    objects: Lock<BTreeMap<u32, usize>>,
    threads: Lock<BTreeMap<u32, u32>>,
    last: Lock<u32>,
}

/// The process object of the current thread.
pub fn current_process() -> PEPROCESS {
    let p = kernel().room::<Processes>();
    let number = p.threads.lock().get(&glue::thread_number()).copied().unwrap_or(0);
    let known = p.objects.lock().get(&number).copied();
    let at = known.unwrap_or_else(|| {
        let at = ob::create(&PROCESS, 64).map_or(0, |a| a as usize);
        p.objects.lock().insert(number, at);
        at
    });
    at as PEPROCESS
}

/// A simulated process of a user.
pub struct Process {
    number: u32,
    token: Token,
    files: Lock<Vec<usize>>,
}

/// A file that a process has open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Handle(usize);

/// A request under way.
pub struct Pending {
    irp: *mut IRP,
    file: usize,
    block: *mut Block,
    input: *mut u8,
    output: *mut u8,
    output_length: usize,
    early: Option<NTSTATUS>,
}

#[repr(C)]
struct Block {
    iosb: IO_STATUS_BLOCK,
    event: KEVENT,
}

impl Process {
    /// Starts a process.
    #[must_use]
    pub fn new(token: Token) -> Process {
        let p = kernel().room::<Processes>();
        let number = {
            let mut last = p.last.lock();
            *last += 1;
            *last
        };
        Process { number, token, files: Lock::new(Vec::new()) }
    }

    fn inside<R>(&self, f: impl FnOnce() -> R) -> R {
        let p = kernel().room::<Processes>();
        let thread = glue::thread_number();
        p.threads.lock().insert(thread, self.number);
        let result = f();
        p.threads.lock().remove(&thread);
        result
    }

    /// CreateFile.
    ///
    /// # Errors
    /// The status of the object manager, the access check or the driver.
    pub fn open(&self, path: &str, access: u32) -> Result<Handle, NTSTATUS> {
        let file =
            self.inside(|| unsafe { file::open(path, access, Some(&self.token), self.number, true) })?;
        self.files.lock().push(file as usize);
        Ok(Handle(file as usize))
    }

    /// DeviceIoControl, waited for: status, and the output's bytes.
    pub fn ioctl(&self, handle: Handle, code: u32, input: &[u8], output: usize) -> (NTSTATUS, Vec<u8>) {
        let pending = self.ioctl_start(handle, code, input, output);
        self.finish(pending)
    }

    /// DeviceIoControl with an OVERLAPPED structure.
    pub fn ioctl_start(&self, handle: Handle, code: u32, input: &[u8], output: usize) -> Pending {
        unsafe {
            let file = handle.0 as *mut FILE_OBJECT;
            let access = state().files.lock().get(file).map_or(0, |f| f.access);
            let required = code >> 14 & 3;
            let mut pending = Pending::new(handle.0, input, output);
            if required & FILE_READ_ACCESS != 0 && access & FILE_READ_DATA == 0
                || required & FILE_WRITE_ACCESS != 0 && access & FILE_WRITE_DATA == 0
            {
                pending.early = Some(STATUS_ACCESS_DENIED);
                return pending;
            }
            let (from, to) = (pending.input, pending.output);
            self.send(pending, IRP_MJ_DEVICE_CONTROL, |irp, _| {
                build::ioctl_buffers(irp, code, from, input.len() as u32, to, output as u32, true)
            })
        }
    }

    /// ReadFile (`write` empty) or WriteFile.
    pub fn transfer(
        &self,
        handle: Handle,
        major: u32,
        data: &[u8],
        length: usize,
        offset: i64,
    ) -> (NTSTATUS, Vec<u8>) {
        unsafe {
            let pending = Pending::new(handle.0, data, length);
            let buffer = if major == IRP_MJ_WRITE { pending.input } else { pending.output };
            let length = if major == IRP_MJ_WRITE { data.len() } else { length };
            let pending = self.send(pending, major, |irp, target| {
                build::transfer_buffers(target, irp, major, buffer, length as u32, offset)
            });
            self.finish(pending)
        }
    }

    unsafe fn send(
        &self,
        mut pending: Pending,
        major: u32,
        buffers: impl FnOnce(*mut IRP, *mut DEVICE_OBJECT) -> Result<(), NTSTATUS>,
    ) -> Pending {
        let file = pending.file as *mut FILE_OBJECT;
        let top = device::top((*file).DeviceObject);
        let irp = irp::allocate((*top).StackSize, Origin::System, true);
        let sl = stack::next(irp);
        (*sl).MajorFunction = major as u8;
        (*sl).FileObject = file;
        (*irp).RequestorMode = 1;
        (*irp).Tail.Overlay.OriginalFileObject = file;
        (*irp).__bindgen_anon_1.UserIosb = core::ptr::addr_of_mut!((*pending.block).iosb);
        (*irp).UserEvent = core::ptr::addr_of_mut!((*pending.block).event);
        if let Err(status) = buffers(irp, top) {
            irp::free(irp);
            pending.early = Some(status);
            return pending;
        }
        irp::queue_to_thread(irp);
        state().user_irps.lock().push((self.number, pending.file, irp as usize));
        pending.irp = irp;
        // The request holds a reference to its file object until it is finished.
        glue::reference(pending.file as *mut u8);
        self.inside(|| irp::call_driver(top, irp));
        pending
    }

    /// Waits for a request: status, and the output's bytes.
    pub fn finish(&self, pending: Pending) -> (NTSTATUS, Vec<u8>) {
        unsafe {
            if let Some(status) = pending.early {
                pending.free();
                return (status, Vec::new());
            }
            glue::wait_event(core::ptr::addr_of_mut!((*pending.block).event));
            state().user_irps.lock().retain(|(_, _, i)| *i != pending.irp as usize);
            let iosb = (*pending.block).iosb;
            let status = iosb.__bindgen_anon_1.Status;
            let length = (iosb.Information as usize).min(pending.output_length);
            let data = if stack::is_error(status) {
                Vec::new()
            } else {
                core::slice::from_raw_parts(pending.output, length).to_vec()
            };
            glue::dereference(pending.file as *mut u8);
            pending.free();
            (status, data)
        }
    }

    /// Whether a request has been completed.
    #[must_use]
    pub fn is_done(&self, pending: &Pending) -> bool {
        pending.early.is_some()
            || unsafe { crate::ke::event::read(core::ptr::addr_of!((*pending.block).event)) != 0 }
    }

    /// CancelIoEx for one request.
    pub fn cancel(&self, pending: &Pending) {
        if !self.is_done(pending) {
            unsafe { irp::cancel(pending.irp) };
        }
    }

    /// CloseHandle.
    pub fn close(&self, handle: Handle) {
        let mine = {
            let mut files = self.files.lock();
            let at = files.iter().position(|f| *f == handle.0);
            at.map(|at| files.remove(at))
        };
        if mine.is_some() {
            self.inside(|| unsafe { file::close_handle(handle.0 as *mut FILE_OBJECT) });
        }
    }

    /// The process ends: its requests are cancelled, its handles closed. Requests that stay pending keep their file
    /// object, as an unkillable process does; their number is returned.
    pub fn exit(self, pending: Vec<Pending>) -> usize {
        for p in &pending {
            self.cancel(p);
        }
        let mut stuck = 0;
        for p in pending {
            if self.is_done(&p) {
                self.finish(p);
            } else {
                stuck += 1;
            }
        }
        let files = core::mem::take(&mut *self.files.lock());
        for f in files {
            self.inside(|| unsafe { file::close_handle(f as *mut FILE_OBJECT) });
        }
        stuck
    }
}

impl Pending {
    unsafe fn new(file: usize, input: &[u8], output_length: usize) -> Pending {
        let block: *mut Block = glue::pool(size_of::<Block>(), *b"User", true).cast();
        glue::init_event(core::ptr::addr_of_mut!((*block).event), false);
        let from =
            if input.is_empty() { core::ptr::null_mut() } else { glue::pool(input.len(), *b"User", true) };
        if !input.is_empty() {
            core::ptr::copy_nonoverlapping(input.as_ptr(), from, input.len());
        }
        let output = if output_length == 0 {
            core::ptr::NonNull::dangling().as_ptr()
        } else {
            glue::pool(output_length, *b"User", true)
        };
        Pending { irp: core::ptr::null_mut(), file, block, input: from, output, output_length, early: None }
    }

    unsafe fn free(self) {
        glue::pool_free(self.block.cast());
        if !self.input.is_null() {
            glue::pool_free(self.input);
        }
        if self.output_length != 0 {
            glue::pool_free(self.output);
        }
    }
}
