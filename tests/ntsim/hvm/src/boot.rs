//! From the boot loader (multiboot 1, 32-bit protected mode) to 64-bit Rust, on the first processor
//! and, by way of a page below 1 MiB, on the others.
//!
//! The first 4 GiB are identity-mapped by 2 MiB pages; page 0 is absent, so that null pointers fault.
//! References: Multiboot Specification 0.6.96; AMD64 Architecture Programmer's Manual vol. 2, ch. 14.

use core::arch::global_asm;

/// Where the other processors start: a page below 1 MiB that firmware leaves alone once it is done.
pub const TRAMPOLINE: u64 = 0x8000;
/// Offsets of the fields that the first processor fills in for one that it starts.
pub const AP_STACK: u64 = TRAMPOLINE + 0xff0;
/// Limit and base of the GDT that they start with.
pub const AP_GDT: u64 = TRAMPOLINE + 0xfe0;
/// The processor's index.
pub const AP_INDEX: u64 = TRAMPOLINE + 0xff8;

global_asm!(
    r#"
    .section .boot.header, "a"
    .align 4
    .long 0x1BADB002, 0x00000003, -(0x1BADB002 + 0x00000003)

    .section .boot.text, "ax"
    .code32
    .global start32
start32:
    cli
    cld
    mov esp, offset boot_stack_top
    mov edi, eax
    mov esi, ebx
    # PML4[0] -> PDPT, PDPT[0..4] -> four directories, 2048 pages of 2 MiB.
    mov eax, offset boot_pdpt
    or eax, 3
    mov [boot_pml4], eax
    mov eax, offset boot_pd
    or eax, 3
    mov ecx, 0
1:  mov [boot_pdpt + ecx * 8], eax
    add eax, 4096
    inc ecx
    cmp ecx, 4
    jne 1b
    mov eax, 0x83
    mov ecx, 0
2:  mov [boot_pd + ecx * 8], eax
    add eax, 0x200000
    inc ecx
    cmp ecx, 2048
    jne 2b
    # The first 2 MiB by 4 KiB pages, page 0 absent.
    mov eax, offset boot_pt
    or eax, 3
    mov [boot_pd], eax
    mov eax, 0x1003
    mov ecx, 1
3:  mov [boot_pt + ecx * 8], eax
    add eax, 4096
    inc ecx
    cmp ecx, 512
    jne 3b
    call enter_long_mode_32
    push 0x10
    mov eax, offset start64
    push eax
    retf

    # Paging on, long mode on, SSE on. Keeps edi, esi and the stack.
enter_long_mode_32:
    mov eax, offset boot_pml4
    mov cr3, eax
    mov eax, cr4
    or eax, 0x6a0          # PAE, PGE, OSFXSR, OSXMMEXCPT
    mov cr4, eax
    mov ecx, 0xC0000080    # EFER: SCE, LME, NXE
    rdmsr
    or eax, 0x901
    wrmsr
    mov eax, cr0
    and eax, 0xFFFFFFFB    # EM off
    or eax, 0x80010023     # PG, WP, NE, MP, PE
    mov cr0, eax
    lgdt [boot_gdt_pointer]
    ret

    .code64
start64:
    mov ax, 0x18
    mov ds, ax
    mov es, ax
    mov ss, ax
    xor eax, eax
    mov fs, ax
    mov gs, ax
    mov rsp, offset boot_stack_top
    mov edi, edi
    mov esi, esi
    xor ebp, ebp
    call hvm_main
    ud2

    # Copied to TRAMPOLINE: real mode, cs = TRAMPOLINE / 16.
    .global ap_start
    .global ap_end
    .code16
ap_start:
    cli
    cld
    mov ax, cs
    mov ds, ax
    .byte 0x66, 0x0f, 0x01, 0x16   # lgdt [0xfe0] with a 32-bit base: AP_GDT
    .word 0xfe0
    mov eax, cr0
    or eax, 1
    mov cr0, eax
    .byte 0x66, 0xea       # ljmp 0x08:ap32
    .long ap32
    .word 0x08
ap_end:
    .code32
ap32:
    mov ax, 0x18
    mov ds, ax
    mov es, ax
    mov ss, ax
    mov esp, [{ap_stack}]
    call enter_long_mode_32
    push 0x10
    mov eax, offset ap64
    push eax
    retf
    .code64
ap64:
    mov ax, 0x18
    mov ds, ax
    mov es, ax
    mov ss, ax
    xor eax, eax
    mov fs, ax
    mov gs, ax
    mov rsp, [{ap_stack}]
    mov edi, [{ap_index}]
    xor ebp, ebp
    call hvm_ap_main
    ud2

    .align 16
    .global boot_gdt
boot_gdt:
    .quad 0
    .quad 0x00CF9A000000FFFF   # 0x08: 32-bit code, for the way up
    .quad 0x00AF9A000000FFFF   # 0x10: 64-bit code, Windows' selector
    .quad 0x00CF92000000FFFF   # 0x18: data
boot_gdt_pointer:
    .word 31
    .long boot_gdt

    .section .bss.boot, "aw", @nobits
    .align 4096
    .global boot_pml4
boot_pml4: .skip 4096
boot_pdpt: .skip 4096
boot_pd:   .skip 16384
boot_pt:   .skip 4096
boot_stack: .skip 65536
boot_stack_top:
    .section .text
    "#,
    ap_stack = const AP_STACK,
    ap_index = const AP_INDEX,
);

unsafe extern "C" {
    /// First byte of the processors' start code.
    pub safe static ap_start: u8;
    /// One past its last byte.
    pub safe static ap_end: u8;
    /// The GDT of the way up, 32 bytes.
    pub safe static boot_gdt: u8;
    /// The first table of the page tables.
    pub safe static boot_pml4: u8;
    /// First byte of the loaded image.
    pub safe static image_start: u8;
    /// One past its last byte.
    pub safe static image_end: u8;
}
