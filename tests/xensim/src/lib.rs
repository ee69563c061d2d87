//! Simulated Xen: hypervisor, xenstored, block and net back-ends, honest and hostile.

