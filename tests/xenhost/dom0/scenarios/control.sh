# What xl asks of a guest: shutdown, reboot, a magic key, and another memory target; each is done, and the toolstack sees it.
# list: nightly
# bound: 3600
truncate -s 16M disk.img
disk="disk=['format=raw,vdev=xvde,access=rw,target=$PWD/disk.img']"
# ended REASON: the domain is gone, and xl has noted why (SHUTDOWN_* of sched.h).
ended() { gone nt && grep -q "has shut down, reason code $1" /var/log/xen/xl-nt.log; }
kib() { xenstore-read "/local/domain/$(xl domid nt)/memory/$1"; }
holds() { [ "$(xl list nt | awk 'NR==2 {print $3}')" -le "$1" ]; }

# Windows keeps 512 MiB of what it knows of, whatever the target says; the kernel and its payload are not among that.
MEMORY=768
ntsim_start nt 2 "$disk"
ask nt disk.wait 1 600
# Memory is given back, and taken again.
full=$(xl list nt | awk 'NR==2 {print $3}')
xl mem-set nt $((full - 32))
wait_for 600 holds $((full - 30))
written=$(ask nt disk.fill 0 0 2048 1)
ask nt disk.flush 0
same "$(sum_of disk.img 0 1)" "$written"
xl mem-set nt "$full"
more() { [ "$(xl list nt | awk 'NR==2 {print $3}')" -ge $((full - 2)) ]; }
wait_for 600 more
# A key that drivers answer with a line in the log.
xl sysrq nt h
wait_for 300 log_says nt sysrq
xl shutdown -w nt
wait_for 300 ended 0
guest_says nt 'a driver asks for power off'

rm -f /var/log/xen/xl-nt.log
MEMORY=384
ntsim_start nt 2 "$disk"
ask nt disk.wait 1 600
xl reboot nt
wait_for 600 ended 1
guest_says nt 'a driver asks for a restart'
proven 4 'requests of the toolstack done'
