/* Every header whose facts are compared; the generated table follows. */
#include <stddef.h>
#include <stdint.h>

#define xen_mb() __sync_synchronize()
#define xen_rmb() __sync_synchronize()
#define xen_wmb() __sync_synchronize()

#include <xen/xen.h>
#include <xen/event_channel.h>
#include <xen/features.h>
#include <xen/grant_table.h>
#include <xen/memory.h>
#include <xen/sched.h>
#include <xen/vcpu.h>
#include <xen/version.h>
#include <xen/arch-x86/cpuid.h>
#include <xen/hvm/hvm_op.h>
#include <xen/hvm/params.h>
#include <xen/io/blkif.h>
#include <xen/io/console.h>
#include <xen/io/netif.h>
#include <xen/io/xenbus.h>
#include <xen/io/xs_wire.h>

struct xen_fact {
    const char *name;
    long long value;
};

const struct xen_fact xen_errnos[] = {
#define XEN_ERRNO(name, value) { #name, value },
#include <xen/errno.h>
    { 0, 0 },
};

const struct xen_fact xen_states[] = {
    { "Unknown", XenbusStateUnknown },
    { "Initialising", XenbusStateInitialising },
    { "InitWait", XenbusStateInitWait },
    { "Initialised", XenbusStateInitialised },
    { "Connected", XenbusStateConnected },
    { "Closing", XenbusStateClosing },
    { "Closed", XenbusStateClosed },
    { "Reconfiguring", XenbusStateReconfiguring },
    { "Reconfigured", XenbusStateReconfigured },
    { 0, 0 },
};
