//! A driver with `__try`, `__except` and `__finally` as a C compiler makes them, by hand.

use crate::image::{Builder, Driver, Image, Try};

/// `outer(f, a, counter, b)`: `__try { return f(a, b, counter); } __except (...) { return code; }`.
pub const OUTER: u32 = 0;
/// The same with a `__finally` instead, which counts.
pub const INNER: u32 = 0x30;
/// `__try { return *a; } __except (EXCEPTION_EXECUTE_HANDLER) { return code; }`.
pub const LOAD: u32 = 0x60;
/// Takes STATUS_UNSUCCESSFUL (0xC0000001) only.
const FILTER: u32 = 0x80;
const FINALLY: u32 = 0x98;

const BODY: &[u8] = &[
    0x48, 0x83, 0xEC, 0x58, // 00: sub rsp,58h
    0x4C, 0x89, 0x44, 0x24, 0x70, // 04: mov [rsp+70h],r8
    0x48, 0x89, 0xC8, // 09: mov rax,rcx
    0x48, 0x89, 0xD1, // 0C: mov rcx,rdx
    0x4C, 0x89, 0xCA, // 0F: mov rdx,r9
    0xFF, 0xD0, // 12: call rax
    0x90, // 14: nop
    0x48, 0x83, 0xC4, 0x58, // 15: add rsp,58h
    0xC3, // 19: ret
    0x89, 0xC0, // 1A: mov eax,eax
    0x48, 0x83, 0xC4, 0x58, // 1C: add rsp,58h
    0xC3, // 20: ret
];

const READER: &[u8] = &[
    0x48, 0x83, 0xEC, 0x58, // 00: sub rsp,58h
    0x48, 0x8B, 0x01, // 04: mov rax,[rcx]
    0x90, // 07: nop
    0x48, 0x83, 0xC4, 0x58, // 08: add rsp,58h
    0xC3, // 0C: ret
];

/// `return p->ExceptionRecord->ExceptionCode == 0xC0000001`.
const FILTER_CODE: &[u8] = &[
    0x48, 0x8B, 0x01, // mov rax,[rcx]
    0x31, 0xD2, // xor edx,edx
    0x81, 0x38, 0x01, 0x00, 0x00, 0xC0, // cmp dword ptr [rax],0C0000001h
    0x0F, 0x94, 0xC2, // sete dl
    0x89, 0xD0, // mov eax,edx
    0xC3,
];

/// `++*counter`, by the frame that it is given.
const FINALLY_CODE: &[u8] = &[
    0x48, 0x8B, 0x42, 0x70, // mov rax,[rdx+70h]
    0xFF, 0x00, // inc dword ptr [rax]
    0xC3,
];

/// The image; `imports` beside the handler itself.
pub fn image(imports: &[&str]) -> Image {
    let mut code = vec![0xCC; 0xA0];
    for (at, part) in
        [(OUTER, BODY), (INNER, BODY), (LOAD, READER), (FILTER, FILTER_CODE), (FINALLY, FINALLY_CODE)]
    {
        code[at as usize..at as usize + part.len()].copy_from_slice(part);
    }
    let names: Vec<&str> = ["__C_specific_handler"].iter().chain(imports).copied().collect();
    let whole = |at: u32| (at, at + BODY.len() as u32);
    let except = Try { begin: OUTER + 0x12, end: OUTER + 0x15, handler: FILTER, target: OUTER + 0x1A };
    let finally = Try { begin: INNER + 0x12, end: INNER + 0x15, handler: FINALLY, target: 0 };
    let any = Try { begin: LOAD + 4, end: LOAD + 8, handler: Try::ALWAYS, target: LOAD + 8 };
    Builder::new(&[("ntoskrnl.exe", &names)])
        .code(&code)
        .guarded(whole(OUTER).0, whole(OUTER).1, &[except])
        .guarded(whole(INNER).0, whole(INNER).1, &[finally])
        .guarded(LOAD, LOAD + READER.len() as u32, &[any])
        .build()
}

/// `__except` around a call of `f(a, b)`; gives its result or the code.
pub fn catch(d: &Driver, f: u64, a: u64, b: u64) -> u64 {
    d.call_at(d.at(d.image.extra + OUTER), &[f, a, 0, b])
}

/// `__except` around `__finally` around a call of `f(a)`; gives the result or the code, and how often the `__finally` ran.
pub fn catch_finally(d: &Driver, f: u64, a: u64) -> (u64, u32) {
    let mut counter = 0u32;
    let at = |offset: u32| d.at(d.image.extra + offset) as u64;
    let result = d.call_at(at(OUTER) as usize, &[at(INNER), f, &raw mut counter as u64, a]);
    (result, counter)
}

/// `*a`, or the code of what went wrong.
pub fn load(d: &Driver, a: u64) -> u64 {
    d.call_at(d.at(d.image.extra + LOAD), &[a])
}
