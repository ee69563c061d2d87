//! Callback objects.

use crate::abi::*;
use crate::kernel::{kernel, lock::Lock};
use crate::ob;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

type Routine = unsafe extern "win64" fn(PVOID, PVOID, PVOID);

struct Registration {
    object: usize,
    routine: Routine,
    context: usize,
}

#[derive(Default)]
struct Registered(Lock<Vec<usize>>);

const OBJ_PERMANENT: u32 = 0x10;

/// Calls everybody registered with a callback object.
pub unsafe fn notify(object: *mut u8, a: PVOID, b: PVOID) {
    let list: Vec<usize> = kernel().room::<Registered>().0.lock().clone();
    for at in list {
        let r = &*(at as *const Registration);
        if r.object == object as usize {
            crate::call!("callback", r.routine, r.context as PVOID, a, b);
        }
    }
}

/// The callback object of this name, made if need be (\Callback\PowerState and the like).
pub unsafe fn open(path: &str, create: bool) -> Result<*mut u8, NTSTATUS> {
    let k = kernel();
    let found = k.ob.names.lock().find(path);
    if let Some((body, rest)) = found {
        if !rest.is_empty() || !core::ptr::eq(ob::header(body).kind, k.ob.types.callback) {
            return Err(STATUS_OBJECT_TYPE_MISMATCH);
        }
        ob::reference(body);
        return Ok(body);
    }
    if !create {
        return Err(STATUS_OBJECT_NAME_NOT_FOUND);
    }
    let body = ob::create(k.ob.types.callback, 64)?;
    ob::name::name(k, body, path)?;
    Ok(body)
}

/// Registrations whose routine lies in this range.
pub fn registered_within(range: &core::ops::Range<usize>) -> Option<String> {
    let list = kernel().room::<Registered>().0.lock();
    let any =
        list.iter().any(|at| range.contains(&(unsafe { (*(*at as *const Registration)).routine } as usize)));
    any.then(|| "a routine registered with a callback object".into())
}

crate::exports! { EXPORTS "ntoskrnl.exe";
    fn ExCreateCallback(object: *mut *mut u8, attributes: *mut OBJECT_ATTRIBUTES, create: u8, multiple: u8)
        -> NTSTATUS [irql <= APC_LEVEL] {
        let name = (*attributes).ObjectName;
        let result = if name.is_null() {
            ob::create(kernel().ob.types.callback, 64)
        } else {
            open(&crate::rtl::unicode::to_string(name), create != 0)
        };
        match result {
            Ok(body) => {
                if (*attributes).Attributes & OBJ_PERMANENT != 0 {
                    ob::header(body).permanent.set(true);
                }
                *object = body;
                STATUS_SUCCESS
            }
            Err(status) => status,
        }
    }
    fn ExRegisterCallback(object: *mut u8, routine: Routine, context: PVOID) -> PVOID [irql <= APC_LEVEL] {
        ob::reference(object);
        let r = Box::into_raw(Box::new(Registration { object: object as usize, routine, context: context as usize }));
        kernel().room::<Registered>().0.lock().push(r as usize);
        r.cast()
    }
    fn ExUnregisterCallback(registration: PVOID) [irql <= APC_LEVEL] {
        let known = {
            let mut list = kernel().room::<Registered>().0.lock();
            let before = list.len();
            list.retain(|r| *r != registration as usize);
            list.len() != before
        };
        if !known {
            crate::verifier::bugcheck(0xC4, [0, registration as u64, 0, 0], "not a callback registration");
        }
        let r = Box::from_raw(registration.cast::<Registration>());
        ob::dereference(r.object as *mut u8);
    }
    fn ExNotifyCallback(object: *mut u8, a: PVOID, b: PVOID) [irql <= DISPATCH_LEVEL] { notify(object, a, b) }
}
