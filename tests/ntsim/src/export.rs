//! Functions that drivers import: declaration, entry thunk, prologue.
//!
//! `exports!` declares a function with its IRQL rule. What a driver calls is a small naked thunk: it
//! stores the non-volatile registers in the processor's block (`gs:[0x3000]`) and jumps to the body. So the
//! verifier knows the exact stack pointer and can unwind the driver's stack from every call, and an
//! exception raised by the export can be dispatched into the driver.

use crate::kernel::kernel;
use crate::trace;
use crate::verifier;
use core::arch::asm;

/// IRQL range in which an export may be called, inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IrqlRange {
    /// Lowest.
    pub min: u8,
    /// Highest.
    pub max: u8,
}

/// What an export is.
#[derive(Clone, Copy)]
pub enum Kind {
    /// A function: the address of its thunk.
    Function(unsafe extern "C" fn()),
    /// A data item: size in bytes, and what fills it once per kernel instance.
    Data(usize, unsafe fn(*mut u8)),
}

/// One export of a DLL.
pub struct Export {
    /// DLL name, lower case ("ntoskrnl.exe"); names of hal.dll are also found there and vice versa.
    pub dll: &'static str,
    /// Exported name.
    pub name: &'static str,
    /// Ordinal for import by ordinal, 0 if none.
    pub ordinal: u16,
    /// IRQL rule.
    pub irql: IrqlRange,
    /// Address or data.
    pub kind: Kind,
}

unsafe impl Sync for Export {}

/// The caller of an export: its non-volatile registers at entry (order fixed by the thunk), and the
/// outer frame of the same thread.
#[repr(C)]
pub struct Frame {
    /// RSP at entry: points to the return address.
    pub rsp: usize,
    /// RBP.
    pub rbp: usize,
    /// RBX.
    pub rbx: usize,
    /// RSI.
    pub rsi: usize,
    /// RDI.
    pub rdi: usize,
    /// R12.
    pub r12: usize,
    /// R13.
    pub r13: usize,
    /// R14.
    pub r14: usize,
    /// R15.
    pub r15: usize,
    /// Where the driver was, for a fault; 0 for a call (then the return address counts).
    pub rip: usize,
    /// Next outer frame on this thread.
    pub prev: *const Frame,
    /// The thread's call state without this frame: what an exception handler of the caller goes back to.
    pub outer: crate::verifier::calls::Calls,
    /// The export.
    pub export: &'static Export,
}

impl Frame {
    /// Reads the entry record that the thunk left for this processor.
    #[inline(always)]
    pub fn take(export: &'static Export) -> Self {
        let (rsp, rbp, rbx, rsi, rdi, r12, r13, r14, r15);
        unsafe {
            asm!("mov {}, gs:[0x3000]", "mov {}, gs:[0x3008]", "mov {}, gs:[0x3010]",
                out(reg) rsp, out(reg) rbp, out(reg) rbx, options(nostack, preserves_flags, readonly));
            asm!("mov {}, gs:[0x3018]", "mov {}, gs:[0x3020]", "mov {}, gs:[0x3028]",
                out(reg) rsi, out(reg) rdi, out(reg) r12, options(nostack, preserves_flags, readonly));
            asm!("mov {}, gs:[0x3030]", "mov {}, gs:[0x3038]", "mov {}, gs:[0x3040]",
                out(reg) r13, out(reg) r14, out(reg) r15, options(nostack, preserves_flags, readonly));
        }
        Self {
            rsp,
            rbp,
            rbx,
            rsi,
            rdi,
            r12,
            r13,
            r14,
            r15,
            rip: 0,
            prev: core::ptr::null(),
            outer: Default::default(),
            export,
        }
    }

    /// A frame for a fault in driver code: RIP, RSP, RBP, RBX, RSI, RDI, R12, R13, R14, R15.
    pub fn for_fault(r: [u64; 10]) -> Self {
        let r = r.map(|v| v as usize);
        Self {
            rsp: r[1],
            rbp: r[2],
            rbx: r[3],
            rsi: r[4],
            rdi: r[5],
            r12: r[6],
            r13: r[7],
            r14: r[8],
            r15: r[9],
            rip: r[0],
            prev: core::ptr::null(),
            outer: Default::default(),
            export: &FAULT,
        }
    }

    /// Links the frame as the innermost of the current thread until the result is dropped.
    pub fn enter(&mut self) -> Entered {
        let calls = crate::ke::thread::current().calls();
        self.prev = calls.top;
        self.outer = *calls;
        calls.top = self;
        Entered { prev: self.prev }
    }

    /// Is this the frame of a fault, not of a call?
    pub fn is_fault(&self) -> bool {
        core::ptr::eq(self.export, &raw const FAULT)
    }

    /// Address in the driver to which the export returns, or at which the fault is.
    pub fn return_address(&self) -> usize {
        if self.is_fault() { self.rip } else { unsafe { *(self.rsp as *const usize) } }
    }
}

static FAULT: Export = Export {
    dll: "",
    name: "fault",
    ordinal: 0,
    irql: IrqlRange { min: 0, max: 15 },
    kind: Kind::Data(0, |_| ()),
};

/// A linked frame.
pub struct Entered {
    prev: *const Frame,
}

impl Drop for Entered {
    fn drop(&mut self) {
        crate::ke::thread::current().calls().top = self.prev;
    }
}

/// Runs an export's body between prologue and epilogue. Used by the macro only.
pub fn run<R>(frame: &mut Frame, body: impl FnOnce() -> R) -> R {
    let k = kernel();
    k.engine.driver_left();
    k.verifier.count(frame.export.name);
    verifier::calls::enter_export(k, frame);
    trace::record(trace::Event::Call, frame.export.name);
    k.scheduling_point(crate::engine::Point::Export);
    let mut body = Some(body);
    let mut out = None;
    let done = k.engine.catch(&mut || {
        if let Some(body) = body.take() {
            out = Some(body());
        }
    });
    verifier::calls::leave_export(frame);
    match (done, out) {
        (Ok(()), Some(out)) => {
            k.engine.driver_entered();
            out
        }
        (Err(message), _) => crate::verifier::simulator_panic(frame.export.name, message),
        (Ok(()), None) => crate::verifier::simulator_panic(frame.export.name, "no result".into()),
    }
}

/// Return address of the innermost export call of the current thread: the driver code that asked.
pub fn caller() -> usize {
    let frame = crate::ke::thread::current().calls().top;
    if frame.is_null() { 0 } else { unsafe { (*frame).return_address() } }
}

/// IRQL range of an `[irql …]` clause.
#[macro_export]
macro_rules! irql_range {
    (any) => {
        $crate::export::IrqlRange { min: 0, max: 15 }
    };
    (<= $l:ident) => {
        $crate::export::IrqlRange { min: 0, max: $crate::abi::$l }
    };
    (>= $l:ident) => {
        $crate::export::IrqlRange { min: $crate::abi::$l, max: 15 }
    };
    (== $l:ident) => {
        $crate::export::IrqlRange { min: $crate::abi::$l, max: $crate::abi::$l }
    };
    ($a:ident ..= $b:ident) => {
        $crate::export::IrqlRange { min: $crate::abi::$a, max: $crate::abi::$b }
    };
}

/// Declares a table of exports.
///
/// ```text
/// exports! { EXPORTS "ntoskrnl.exe";
///     /// Sets an event.
///     fn KeSetEvent(event: *mut KEVENT, increment: i32, wait: u8) -> i32 [irql <= DISPATCH_LEVEL] { … }
///     /// Prints; `args` points to the arguments as a `va_list` would.
///     variadic fn DbgPrint(args: *const u64) -> i32 [irql any] { … }
///     data KeNumberProcessors: u8 = |k| k.cpus.len() as u8;
/// }
/// ```
/// `leaf fn memcpy(…) -> … { … }` declares a function without prologue (no scheduling point, any IRQL): for code
/// that a compiler might as well have inlined.
///
/// IRQL clauses: `any`, `<= L`, `>= L`, `== L`, `A ..= B`. A body may `return`. The table must be listed in
/// [`crate::kernel::tables`] or handed to [`crate::kernel::Kernel::add_exports`].
#[macro_export]
macro_rules! exports {
    ($table:ident $dll:literal; $($rest:tt)*) => {
        $crate::exports!(@fns $dll; [] $table; $($rest)*);
    };
    (@fns $dll:literal; [$($done:expr,)*] $table:ident;) => {
        /// The exports declared here.
        pub static $table: &[$crate::export::Export] = &[$($done,)*];
    };
    (@fns $dll:literal; [$($done:expr,)*] $table:ident;
        $(#[$m:meta])*
        fn $name:ident ( $($arg:ident : $ty:ty),* $(,)? ) $(-> $ret:ty)? [irql $($irql:tt)*] $body:block
        $($rest:tt)*
    ) => {
        $(#[$m])*
        #[allow(non_snake_case, unused_variables, missing_docs, private_interfaces)]
        #[unsafe(naked)]
        pub unsafe extern "win64" fn $name($($arg: $ty),*) $(-> $ret)? {
            core::arch::naked_asm!(
                "mov gs:[0x3000], rsp", "mov gs:[0x3008], rbp", "mov gs:[0x3010], rbx",
                "mov gs:[0x3018], rsi", "mov gs:[0x3020], rdi", "mov gs:[0x3028], r12",
                "mov gs:[0x3030], r13", "mov gs:[0x3038], r14", "mov gs:[0x3040], r15",
                "jmp {body}", body = sym $name::body)
        }
        $crate::exports!(@body $dll, $name, ($($arg : $ty),*) ($($ret)?) ($($irql)*) $body);
        $crate::exports!(@fns $dll; [$($done,)* $crate::export::Export {
            dll: $dll, name: stringify!($name), ordinal: 0, irql: $name::IRQL,
            kind: $crate::export::Kind::Function(unsafe { core::mem::transmute::<*const (), unsafe extern "C" fn()>($name as *const ()) }),
        },] $table; $($rest)*);
    };
    (@fns $dll:literal; [$($done:expr,)*] $table:ident;
        $(#[$m:meta])*
        leaf fn $name:ident ( $($arg:ident : $ty:ty),* $(,)? ) $(-> $ret:ty)? $body:block
        $($rest:tt)*
    ) => {
        $(#[$m])*
        #[allow(non_snake_case, missing_docs, private_interfaces)]
        pub unsafe extern "win64" fn $name($($arg: $ty),*) $(-> $ret)? $body
        $crate::exports!(@fns $dll; [$($done,)* $crate::export::Export {
            dll: $dll, name: stringify!($name), ordinal: 0,
            irql: $crate::export::IrqlRange { min: 0, max: 15 },
            kind: $crate::export::Kind::Function(unsafe { core::mem::transmute::<*const (), unsafe extern "C" fn()>($name as *const ()) }),
        },] $table; $($rest)*);
    };
    (@fns $dll:literal; [$($done:expr,)*] $table:ident;
        $(#[$m:meta])*
        variadic fn $name:ident ( $arg:ident : $ty:ty ) $(-> $ret:ty)? [irql $($irql:tt)*] $body:block
        $($rest:tt)*
    ) => {
        $(#[$m])*
        #[allow(non_snake_case, missing_docs, private_interfaces)]
        #[unsafe(naked)]
        pub unsafe extern "win64" fn $name() $(-> $ret)? {
            core::arch::naked_asm!(
                "mov gs:[0x3000], rsp", "mov gs:[0x3008], rbp", "mov gs:[0x3010], rbx",
                "mov gs:[0x3018], rsi", "mov gs:[0x3020], rdi", "mov gs:[0x3028], r12",
                "mov gs:[0x3030], r13", "mov gs:[0x3038], r14", "mov gs:[0x3040], r15",
                "mov [rsp + 8], rcx", "mov [rsp + 16], rdx", "mov [rsp + 24], r8", "mov [rsp + 32], r9",
                "lea rcx, [rsp + 8]",
                "jmp {body}", body = sym $name::body)
        }
        $crate::exports!(@body $dll, $name, ($arg : $ty) ($($ret)?) ($($irql)*) $body);
        $crate::exports!(@fns $dll; [$($done,)* $crate::export::Export {
            dll: $dll, name: stringify!($name), ordinal: 0, irql: $name::IRQL,
            kind: $crate::export::Kind::Function(unsafe { core::mem::transmute::<*const (), unsafe extern "C" fn()>($name as *const ()) }),
        },] $table; $($rest)*);
    };
    (@fns $dll:literal; [$($done:expr,)*] $table:ident;
        $(#[$m:meta])*
        data $name:ident : $ty:ty = $init:expr;
        $($rest:tt)*
    ) => {
        $crate::exports!(@fns $dll; [$($done,)* $crate::export::Export {
            dll: $dll, name: stringify!($name), ordinal: 0,
            irql: $crate::export::IrqlRange { min: 0, max: 15 },
            kind: $crate::export::Kind::Data(core::mem::size_of::<$ty>(), {
                unsafe fn fill(at: *mut u8) {
                    let init: fn(&'static $crate::kernel::Kernel) -> $ty = $init;
                    unsafe { (at as *mut $ty).write(init($crate::kernel::kernel())) }
                }
                fill
            }),
        },] $table; $($rest)*);
    };
    (@body $dll:literal, $name:ident, ($($arg:ident : $ty:ty),*) ($($ret:ty)?) ($($irql:tt)*) $body:block) => {
        #[allow(non_snake_case, missing_docs, unused_imports, unused_variables, unused_mut, private_interfaces)]
        mod $name {
            use super::*;
            pub const IRQL: $crate::export::IrqlRange = $crate::irql_range!($($irql)*);
            static EXPORT: $crate::export::Export = $crate::export::Export {
                dll: $dll, name: stringify!($name), ordinal: 0, irql: IRQL,
                kind: $crate::export::Kind::Data(0, |_| ()),
            };
            pub unsafe extern "win64" fn body($($arg: $ty),*) $(-> $ret)? {
                let mut frame = $crate::export::Frame::take(&EXPORT);
                #[allow(unused_unsafe, clippy::redundant_closure_call)]
                $crate::export::run(&mut frame, move || $(-> $ret)? { unsafe { $body } })
            }
        }
    };
}
