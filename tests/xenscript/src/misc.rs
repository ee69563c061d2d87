//! Versions, parameters, `hvm_op`, scheduling, vCPUs, and what is not there.

use alloc::format;

use crate::{Script, longs, words};

const SELF: u32 = 0x7ff0;

pub(crate) fn versions(s: &mut Script<'_>) {
    let base = s.guest.cpuid(0x4000_0000);
    s.say(&format!("cpuid signature: {:x?}", &base[1..]));
    let features = s.guest.cpuid(0x4000_0004);
    s.say(&format!("cpuid vcpu id: {} {}", features[0] >> 3 & 1, features[1]));
    s.sign("version", 17, [0, 0, 0]);
    s.op("extraversion", 17, 1, &[0; 16]);
    let (_, raw) = s.op("features", 17, 6, &words(&[0, 0]));
    let bits = crate::word(&raw, 1);
    s.say(&format!("hvm_callback_vector {} auto_translated {}", bits >> 8 & 1, bits >> 2 & 1));
    s.op("features submap 1", 17, 6, &words(&[1, 0]));
    s.call("pagesize", 17, [7, 0, 0]);
    s.op("platform_parameters", 17, 5, &[0; 8]);
    s.op("guest_handle", 17, 8, &[0; 16]);
    s.call("version op 99", 17, [99, 0, 0]);
    s.call("extraversion to nowhere", 17, [1, 0x7fff_ffff_f000, 0]);
}

pub(crate) fn parameters(s: &mut Script<'_>) {
    for index in 0..41u32 {
        let (value, _) = s.quiet(34, 1, &[words(&[SELF, index]), longs(&[0])].concat());
        s.say(&format!("get_param {index}: {value}"));
    }
    for (index, value) in [(1u32, 5u64), (5, 5), (10, 1), (13, 1), (17, 5), (40, 1)] {
        s.op(&format!("set_param {index}"), 34, 0, &[words(&[SELF, index]), longs(&[value])].concat());
    }
    s.op("get_param of domain 0", 34, 1, &[words(&[0, 1]), longs(&[0])].concat());
    s.op("get_param of a domain that is not", 34, 1, &[words(&[0x7001, 1]), longs(&[0])].concat());
}

pub(crate) fn hvm(s: &mut Script<'_>) {
    s.op("upcall vector 15", 34, 23, &words(&[0, 15]));
    s.op("upcall vector of vCPU 77", 34, 23, &words(&[77, 0x51]));
    s.op("set_pci_intx_level", 34, 2, &words(&[SELF, 0, 0]));
    s.op("set_isa_irq_level", 34, 3, &words(&[SELF, 0]));
    s.op("pagetable_dying", 34, 9, &longs(&[u64::from(SELF), 0]));
    s.op("get_time", 34, 10, &longs(&[0]));
    s.call("flush_tlbs", 34, [5, 0, 0]);
    s.call("flush_tlbs with an argument", 34, [5, 8, 0]);
    let gfn = s.guest.page(1).1;
    let (_, raw) = s.op("get_mem_type of RAM", 34, 15, &longs(&[u64::from(SELF), gfn]));
    s.say(&format!("type {}", raw[2]));
    let (_, raw) = s.op("get_mem_type of nothing", 34, 15, &longs(&[u64::from(SELF), 0xf_0000_0000]));
    s.say(&format!("type {}", raw[2]));
    s.call("hvm op 99", 34, [99, 0, 0]);
}

pub(crate) fn scheduling(s: &mut Script<'_>) {
    s.call("yield", 29, [0, 0, 0]);
    s.op("poll 129 ports", 29, 3, &longs(&[0, 129, 1]));
    let (gva, gfn) = s.guest.page(1);
    s.write32(gfn, 0, 700);
    s.op("poll a closed port", 29, 3, &longs(&[gva, 1, 1]));
    s.op("remote_shutdown of itself", 29, 4, &words(&[SELF, 0]));
    s.op("pin_override", 29, 7, &words(&[0]));
    s.op("watchdog 1 before it is there", 29, 6, &words(&[1, 30]));
    s.op("watchdog 3", 29, 6, &words(&[3, 30]));
    s.op("watchdog new", 29, 6, &words(&[0, 60]));
    s.op("watchdog second", 29, 6, &words(&[0, 60]));
    s.op("watchdog third", 29, 6, &words(&[0, 60]));
    s.op("watchdog 1 again", 29, 6, &words(&[1, 60]));
    s.op("watchdog 1 off", 29, 6, &words(&[1, 0]));
    s.op("watchdog 2 off", 29, 6, &words(&[2, 0]));
    s.op("watchdog 2 off again", 29, 6, &words(&[2, 0]));
    s.call("sched op 99", 29, [99, 0, 0]);
}

pub(crate) fn vcpus(s: &mut Script<'_>) {
    s.call("vCPU 0 is up", 24, [3, 0, 0]);
    s.call("vCPU 77 is up", 24, [3, 77, 0]);
    s.vcpu("periodic timer of 10 ns", 6, 0, &longs(&[10]));
    s.vcpu("periodic timer of 77", 6, 77, &longs(&[10_000_000]));
    s.vcpu("stop periodic", 7, 0, &[]);
    s.vcpu("single shot in the past", 8, 0, &[longs(&[1]), words(&[1, 0])].concat());
    s.vcpu("stop single shot", 9, 0, &[]);
    s.vcpu("initialise", 0, 0, &[0; 64]);
    s.vcpu("vcpu op 99", 99, 0, &[]);
    let gfn = s.guest.page(2).1;
    let register = |offset: u32| [longs(&[gfn]), words(&[offset, 0])].concat();
    s.vcpu("vcpu_info beyond the page", 10, 0, &register(4040));
    s.vcpu("vcpu_info of 77", 10, 77, &register(0));
    s.vcpu("vcpu_info nowhere", 10, 0, &[longs(&[0xf_0000_0000]), words(&[0, 0])].concat());
    s.guest.write(gfn, 0, &[0; 256]);
    s.vcpu("vcpu_info", 10, 0, &register(128));
    let pending = s.read32(gfn, 128) & 0xff;
    let selector = (s.read32(gfn, 136), s.read32(gfn, 140));
    s.say(&format!("pending {pending} selector {selector:x?}"));
    s.vcpu("vcpu_info again", 10, 0, &register(128));
    s.vcpu("vcpu_info elsewhere", 10, 0, &register(256));
}

pub(crate) fn absent(s: &mut Script<'_>) {
    s.call("hypercall 48", 48, [0; 3]);
    s.call("hypercall 60", 60, [0; 3]);
    s.call("set_trap_table", 0, [0; 3]);
    s.call("mmu_update", 1, [0; 3]);
    s.call("sysctl", 35, [0; 3]);
    s.call("domctl", 36, [0; 3]);
    // multicall of nothing
    s.call("multicall of 0", 13, [0, 0, 0]);
}
