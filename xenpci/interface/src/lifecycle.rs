//! Suspend, self-test, debug dump and the device itself.

use alloc::{boxed::Box, string::String, vec};
use core::{ffi::c_void, fmt};

use crate::{
    abi::{self, Handle, SuspendCallbacks},
    client::Client,
    status::Status,
};

/// What kind of device the physical device object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The one storage adapter.
    Storage,
    /// A network interface.
    Network,
    /// Something that this version does not know.
    Unknown(u32),
}

/// What to do with a target or NIC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// Show it to Windows.
    Show,
    /// An emulated twin is alive: connect, self-test read-only, show nothing.
    Hide,
    /// Do not even connect.
    Ignore,
}

/// How the domain woke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wake {
    /// Called off: everything is as before, rings included.
    Cancelled,
    /// Same domain; ports and grants of before are in force, the back-ends may have closed.
    SameDomain,
    /// New domain, which may offer less.
    NewDomain,
}

/// The moments of a suspend, as told to a [`PhaseHandler`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// `PASSIVE_LEVEL`: stop submitting and let the rings drain, for at most a second.
    Prepare,
    /// All processors are parked, interrupts are off: only memory may be touched.
    Early,
    /// `PASSIVE_LEVEL`: reconnect (or just go on, when cancelled).
    Late(Wake),
}

/// Who is told about suspends.
pub trait PhaseHandler: Send + Sync + 'static {
    /// The suspend has come to `phase`.
    fn phase(&self, phase: Phase);
}

/// The self-test that proves the PV path before emulated devices are unplugged.
pub trait SelfTest: Send + Sync + 'static {
    /// Connects target or device `id` if need be and reads by polling; `PASSIVE_LEVEL`, at most 30 s.
    ///
    /// # Errors
    /// Why the path is not proven.
    fn prove(&self, id: u32) -> Result<(), Status>;
}

/// A source of the debug dump. May be called at any IRQL, also while the machine crashes: takes no
/// lock that may be held, allocates nothing.
pub trait DebugSource: Send + Sync + 'static {
    /// Writes the state.
    ///
    /// # Errors
    /// Only those of `to`.
    fn dump(&self, to: &mut DebugWriter) -> fmt::Result;
}

/// Where a debug dump goes.
pub struct DebugWriter {
    print: abi::DebugPrint,
    sink: *mut c_void,
}

impl fmt::Write for DebugWriter {
    #[expect(unsafe_code, reason = "calls back into xenpci")]
    fn write_str(&mut self, text: &str) -> fmt::Result {
        // SAFETY: print and sink are those of the dump that is running.
        unsafe { (self.print)(self.sink, text.as_ptr(), text.len() as u32) };
        Ok(())
    }
}

macro_rules! registration {
    ($(#[$doc:meta])* $name:ident, $unregister:ident) => {
        $(#[$doc])*
        pub struct $name<T> {
            client: Client,
            handle: Handle,
            target: *mut T,
        }

        #[expect(unsafe_code, reason = "the target is Send + Sync, the handle is only passed back")]
        // SAFETY: see the reason.
        unsafe impl<T: Send + Sync> Send for $name<T> {}
        #[expect(unsafe_code, reason = "the target is Send + Sync, the handle is only passed back")]
        // SAFETY: see the reason.
        unsafe impl<T: Send + Sync> Sync for $name<T> {}

        impl<T> Drop for $name<T> {
            #[expect(unsafe_code, reason = "calls through the interface")]
            fn drop(&mut self) {
                let t = self.client.table();
                // SAFETY: the handle came from the registration and is used for the last time.
                unsafe { (t.$unregister)(t.context, self.handle) };
                // SAFETY: unregistering has waited for the callback: nobody else has the box.
                drop(unsafe { Box::from_raw(self.target) });
            }
        }
    };
}

registration! {
    /// Registered for suspends; dropping waits for one under way. `PASSIVE_LEVEL`.
    SuspendRegistration, suspend_unregister
}
registration! {
    /// A registered self-test. Dropped at `PASSIVE_LEVEL`.
    SelfTestRegistration, selftest_unregister
}
registration! {
    /// A registered source of the debug dump. Dropped at `PASSIVE_LEVEL`.
    DebugRegistration, debug_unregister
}

#[expect(unsafe_code, reason = "callbacks from xenpci")]
unsafe extern "win64" fn prepare<T: PhaseHandler>(argument: *mut c_void) {
    // SAFETY: the registered target, alive until unregistered.
    unsafe { &*argument.cast::<T>() }.phase(Phase::Prepare);
}

#[expect(unsafe_code, reason = "callbacks from xenpci")]
unsafe extern "win64" fn early<T: PhaseHandler>(argument: *mut c_void) {
    // SAFETY: the registered target, alive until unregistered.
    unsafe { &*argument.cast::<T>() }.phase(Phase::Early);
}

#[expect(unsafe_code, reason = "callbacks from xenpci")]
unsafe extern "win64" fn late<T: PhaseHandler>(argument: *mut c_void, wake: u32) {
    let wake = match wake {
        abi::WAKE_CANCELLED => Wake::Cancelled,
        abi::WAKE_SAME_DOMAIN => Wake::SameDomain,
        _ => Wake::NewDomain,
    };
    // SAFETY: the registered target, alive until unregistered.
    unsafe { &*argument.cast::<T>() }.phase(Phase::Late(wake));
}

#[expect(unsafe_code, reason = "callbacks from xenpci")]
unsafe extern "win64" fn prove<T: SelfTest>(argument: *mut c_void, id: u32) -> Status {
    // SAFETY: the registered target, alive until unregistered.
    match unsafe { &*argument.cast::<T>() }.prove(id) {
        Ok(()) => Status::OK,
        Err(status) if status.is_ok() => Status::FAILED,
        Err(status) => status,
    }
}

#[expect(unsafe_code, reason = "callbacks from xenpci")]
unsafe extern "win64" fn dump<T: DebugSource>(
    argument: *mut c_void,
    print: abi::DebugPrint,
    sink: *mut c_void,
) {
    let mut writer = DebugWriter { print, sink };
    // SAFETY: the registered target, alive until unregistered.
    let source = unsafe { &*argument.cast::<T>() };
    // A dump is best effort: what could not be written is missing.
    let _ = source.dump(&mut writer);
}

impl Client {
    /// Registers for suspends. `PASSIVE_LEVEL`.
    ///
    /// # Errors
    /// [`Status::NO_MEMORY`], [`Status::CLOSED`].
    #[expect(unsafe_code, reason = "calls through the interface")]
    pub fn on_suspend<T: PhaseHandler>(&self, target: T) -> Result<SuspendRegistration<T>, Status> {
        let callbacks = SuspendCallbacks { prepare: prepare::<T>, early: early::<T>, late: late::<T> };
        let target = Box::into_raw(Box::new(target));
        let mut handle: Handle = core::ptr::null_mut();
        let t = self.table();
        // SAFETY: the callbacks are copied; the target stays until unregistered.
        let status =
            unsafe { (t.suspend_register)(t.context, &raw const callbacks, target.cast(), &raw mut handle) };
        if let Err(status) = status.ok() {
            // SAFETY: the registration failed, so nobody else has the box.
            drop(unsafe { Box::from_raw(target) });
            return Err(status);
        }
        Ok(SuspendRegistration { client: self.clone(), handle, target })
    }

    /// Registers the self-test of the PV path. `PASSIVE_LEVEL`.
    ///
    /// # Errors
    /// [`Status::NO_MEMORY`], [`Status::CLOSED`].
    #[expect(unsafe_code, reason = "calls through the interface")]
    pub fn on_self_test<T: SelfTest>(&self, target: T) -> Result<SelfTestRegistration<T>, Status> {
        let target = Box::into_raw(Box::new(target));
        let mut handle: Handle = core::ptr::null_mut();
        let t = self.table();
        // SAFETY: the target stays until unregistered.
        let status = unsafe { (t.selftest_register)(t.context, prove::<T>, target.cast(), &raw mut handle) };
        if let Err(status) = status.ok() {
            // SAFETY: the registration failed, so nobody else has the box.
            drop(unsafe { Box::from_raw(target) });
            return Err(status);
        }
        Ok(SelfTestRegistration { client: self.clone(), handle, target })
    }

    /// Registers a source of the debug dump under `name`. `PASSIVE_LEVEL`.
    ///
    /// # Errors
    /// [`Status::NO_MEMORY`], [`Status::CLOSED`].
    #[expect(unsafe_code, reason = "calls through the interface")]
    pub fn on_debug<T: DebugSource>(&self, name: &str, target: T) -> Result<DebugRegistration<T>, Status> {
        let target = Box::into_raw(Box::new(target));
        let mut handle: Handle = core::ptr::null_mut();
        let t = self.table();
        // SAFETY: the name is copied; the target stays until unregistered.
        let status = unsafe {
            (t.debug_register)(
                t.context,
                name.as_ptr(),
                name.len() as u32,
                dump::<T>,
                target.cast(),
                &raw mut handle,
            )
        };
        if let Err(status) = status.ok() {
            // SAFETY: the registration failed, so nobody else has the box.
            drop(unsafe { Box::from_raw(target) });
            return Err(status);
        }
        Ok(DebugRegistration { client: self.clone(), handle, target })
    }

    /// What the device is.
    #[must_use]
    #[expect(unsafe_code, reason = "calls through the interface")]
    pub fn kind(&self) -> Kind {
        let t = self.table();
        // SAFETY: the reference keeps xenpci and its context alive.
        match unsafe { (t.device_kind)(t.context) } {
            abi::KIND_STORAGE => Kind::Storage,
            abi::KIND_NETWORK => Kind::Network,
            other => Kind::Unknown(other),
        }
    }

    /// The number in xenstore of a network interface; 0 for the storage adapter.
    #[must_use]
    #[expect(unsafe_code, reason = "calls through the interface")]
    pub fn id(&self) -> u32 {
        let t = self.table();
        // SAFETY: the reference keeps xenpci and its context alive.
        unsafe { (t.device_id)(t.context) }
    }

    /// The front-end's directory, e.g. `device/vif/0`; for the storage adapter `device/vbd`.
    /// `PASSIVE_LEVEL`.
    ///
    /// # Errors
    /// [`Status::CLOSED`].
    pub fn frontend_path(&self) -> Result<String, Status> {
        self.path(abi::PATH_FRONTEND)
    }

    /// The back-end's directory, read anew (it changes with a migration). `PASSIVE_LEVEL`.
    ///
    /// # Errors
    /// [`Status::NOT_FOUND`], [`Status::CLOSED`]; [`Status::INVALID`] for the storage adapter.
    pub fn backend_path(&self) -> Result<String, Status> {
        self.path(abi::PATH_BACKEND)
    }

    #[expect(unsafe_code, reason = "calls through the interface")]
    fn path(&self, which: u32) -> Result<String, Status> {
        let t = self.table();
        // XENSTORE_ABS_PATH_MAX is 3072.
        let mut buffer = vec![0u8; 3072];
        let mut length = 0;
        // SAFETY: the buffer is described by its length; both outlive the call.
        unsafe {
            (t.device_path)(t.context, which, buffer.as_mut_ptr(), buffer.len() as u32, &raw mut length)
        }
        .ok()?;
        buffer.truncate(length as usize);
        String::from_utf8(buffer).map_err(|_| Status::INVALID)
    }

    /// What to do with target `id` of the storage adapter, or with the NIC itself. `PASSIVE_LEVEL`.
    #[must_use]
    #[expect(unsafe_code, reason = "calls through the interface")]
    pub fn policy(&self, id: u32) -> Policy {
        let t = self.table();
        // SAFETY: the reference keeps xenpci and its context alive.
        match unsafe { (t.policy)(t.context, id) } {
            abi::POLICY_SHOW => Policy::Show,
            abi::POLICY_IGNORE => Policy::Ignore,
            _ => Policy::Hide,
        }
    }

    /// Tells the bus that the back-end is gone, the device failed, or the host wants it back
    /// (`abi::CHANGE_…`). `IRQL <= DISPATCH_LEVEL`.
    ///
    /// # Errors
    /// [`Status::INVALID`], [`Status::CLOSED`].
    #[expect(unsafe_code, reason = "calls through the interface")]
    pub fn report(&self, change: u32) -> Result<(), Status> {
        let t = self.table();
        // SAFETY: the reference keeps xenpci and its context alive.
        unsafe { (t.device_changed)(t.context, change) }.ok()
    }
}
