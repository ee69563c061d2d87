//! Interrupts and exceptions (AMD64 manual vol. 2, ch. 8).
//!
//! Every vector enters on an IST stack, so that code compiled with a red zone is safe, and moves at
//! once to the interrupted stack below that zone: the rest may switch threads. An interrupt that meets
//! a driver is taken there and then; one that meets the kernel is queued, and the kernel takes it at
//! its next scheduling point. So the kernel's code is never preempted, as in a process.

use core::arch::global_asm;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::{apic, cpu, paging, port, xen};

/// The vector of [`ntsim::engine::Interrupt::Ipi`] (IRQL 14).
pub const IPI: u8 = 0xe1;
/// The vector of the clock (IRQL 13).
pub const CLOCK: u8 = 0xd1;
/// The local APIC's spurious vector.
pub const SPURIOUS: u8 = 0xff;

/// The bugcheck of an NMI that nobody asked for (bugcodes.h).
const NMI_HARDWARE_FAILURE: u32 = 0x80;

/// What the entry code saved, lowest address first.
#[repr(C)]
#[derive(Debug)]
pub struct Frame {
    registers: [u64; 15],
    /// Vector number.
    pub vector: u64,
    /// Error code, 0 for vectors without one.
    pub error: u64,
    /// Interrupted instruction.
    pub rip: u64,
    cs: u64,
    rflags: u64,
    /// Interrupted stack pointer.
    pub rsp: u64,
    ss: u64,
}

const NAMES: [&str; 15] =
    ["r15", "r14", "r13", "r12", "r11", "r10", "r9", "r8", "rbp", "rdi", "rsi", "rdx", "rcx", "rbx", "rax"];

global_asm!(
    r#"
    .section .text
    .global trap_stubs
    .balign 16
trap_stubs:
    .set number, 0
    .rept 256
    .balign 16
    .if number == 8 || (number >= 10 && number <= 14) || number == 17 || number == 21 || number == 29 || number == 30
    .else
    push 0
    .endif
    push number
    jmp trap_common
    .set number, number + 1
    .endr

trap_common:
    # On the IST stack: vector, error, rip, cs, rflags, rsp, ss. Two registers to work with.
    push rax
    push rcx
    mov rax, [rsp + 56]        # interrupted rsp
    sub rax, 128
    and rax, -16
    sub rax, 56
    mov rcx, [rsp + 16]
    mov [rax], rcx
    mov rcx, [rsp + 24]
    mov [rax + 8], rcx
    mov rcx, [rsp + 32]
    mov [rax + 16], rcx
    mov rcx, [rsp + 40]
    mov [rax + 24], rcx
    mov rcx, [rsp + 48]
    mov [rax + 32], rcx
    mov rcx, [rsp + 56]
    mov [rax + 40], rcx
    mov rcx, [rsp + 64]
    mov [rax + 48], rcx
    mov rcx, [rsp + 8]         # rax as it was
    mov [rax - 8], rcx
    mov rcx, [rsp]             # rcx as it was
    lea rsp, [rax - 8]
    push rbx
    push rcx
    push rdx
    push rsi
    push rdi
    push rbp
    push r8
    push r9
    push r10
    push r11
    push r12
    push r13
    push r14
    push r15
    mov rdi, rsp
    mov rbp, rsp
    sub rsp, 512
    and rsp, -64
    fxsave64 [rsp]
    cld
    call trap_enter
    fxrstor64 [rsp]
    mov rsp, rbp
    pop r15
    pop r14
    pop r13
    pop r12
    pop r11
    pop r10
    pop r9
    pop r8
    pop rbp
    pop rdi
    pop rsi
    pop rdx
    pop rcx
    pop rbx
    pop rax
    add rsp, 16
    iretq
    "#
);

unsafe extern "C" {
    safe static trap_stubs: u8;
}

/// Address of a vector's entry.
pub fn stub(vector: u8) -> u64 {
    core::ptr::from_ref(&trap_stubs) as u64 + u64::from(vector) * 16
}

/// Acknowledged shoot-downs (see [`shoot_down`]).
static ACKNOWLEDGED: AtomicU64 = AtomicU64::new(0);

/// Shoot-downs that each processor has not seen yet.
static EXPECTED: [AtomicU64; cpu::MAX] = [const { AtomicU64::new(0) }; cpu::MAX];
/// Of several at once, some came as one NMI, or will still come as one of their own.
static SPARE: [AtomicU64; cpu::MAX] = [const { AtomicU64::new(0) }; cpu::MAX];
/// An NMI of nobody here does nothing, as on a machine whose processors hang.
static DEAF: AtomicBool = AtomicBool::new(false);

/// Whether an NMI from outside ends this machine: `NMI_HARDWARE_FAILURE`, as in Windows.
pub fn obey_nmi(yes: bool) {
    DEAF.store(!yes, Ordering::Release);
}

fn non_maskable() {
    let (expected, spare) = (&EXPECTED[cpu::index() as usize], &SPARE[cpu::index() as usize]);
    let asked = expected.swap(0, Ordering::AcqRel);
    if asked != 0 {
        port::flush_all();
        spare.fetch_add(asked - 1, Ordering::AcqRel);
        ACKNOWLEDGED.fetch_add(asked, Ordering::Release);
    } else if spare.fetch_update(Ordering::AcqRel, Ordering::Acquire, |n| n.checked_sub(1)).is_err()
        && !DEAF.load(Ordering::Acquire)
    {
        ntsim::verifier::bugcheck(NMI_HARDWARE_FAILURE, [0; 4], "an NMI from outside");
    }
}

/// Makes all other processors forget their translations; by NMI, so that no lock or interrupt flag of
/// theirs can hold us up.
pub fn shoot_down() {
    let others = u64::from(cpu::started()) - 1;
    if others == 0 {
        return;
    }
    port::flush_all();
    let want = ACKNOWLEDGED.load(Ordering::Acquire) + others;
    let me = cpu::index();
    for other in (0..cpu::started()).filter(|index| *index != me) {
        EXPECTED[other as usize].fetch_add(1, Ordering::AcqRel);
    }
    apic::nmi_others();
    for turn in 0..10_000_000 {
        if ACKNOWLEDGED.load(Ordering::Acquire) >= want {
            paging::forgotten();
            return;
        }
        // The others may share a physical processor with us: they answer when they get it.
        if turn % 64 == 63 {
            xen::give_way();
        }
        core::hint::spin_loop();
    }
    say!("hvm: a processor does not answer a shoot-down");
}

/// Is this an address of driver code? (The kernel itself runs at low addresses.)
fn in_driver(rip: u64) -> bool {
    rip >> 63 != 0
}

#[unsafe(no_mangle)]
extern "C" fn trap_enter(frame: &mut Frame) {
    match frame.vector as u8 {
        2 => non_maskable(),
        0..32 => exception(frame),
        SPURIOUS => {}
        vector => {
            cpu::current().raise(vector);
            apic::accept(vector);
            apic::end_of_interrupt();
            if in_driver(frame.rip) {
                port::enable();
                crate::engine::poll();
                port::disable();
            }
        }
    }
}

fn exception(frame: &Frame) {
    let address = if frame.vector == 14 { port::cr2() } else { 0 };
    if !in_driver(frame.rip) {
        say!("hvm: exception {} in the kernel, error {:#x}, address {address:#x}", frame.vector, frame.error);
    }
    for (name, value) in NAMES.iter().zip(frame.registers) {
        say!("  {name:3} {value:#018x}");
    }
    say!("  rip {:#018x} rsp {:#018x} flags {:#x}", frame.rip, frame.rsp, frame.rflags);
    crate::engine::fault(frame.vector, frame.error, frame.rip, frame.rsp, address);
}
