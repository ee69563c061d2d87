# The shipped drivers copy 4 MiB over xen-blkback (raw file on a loop device), write and read back patterns, flush; dom0 compares.
# xvde has no emulated twin, so it is shown without unplug.
# list: demo default
# bound: 1800
dd if=/dev/urandom of=disk.img bs=1M count=4 2>/dev/null
truncate -s 16M disk.img
ntsim_start nt 2 "disk=['format=raw,vdev=xvde,access=rw,target=$PWD/disk.img']"
ask nt disk.wait 1 600
ask nt tree
guest_says nt 'Started xenpvpci'
guest_says nt 'Started xenpvvbd'
ask nt disk.copy 0 0 8192 8192
same "$(ask nt disk.hash 0 8192 8192)" "$(sum_of disk.img 0 4)"
# Two queues, rings of 16 pages, and requests too large for a slot without indirect descriptors: 8 MiB were read so far,
# in at most 44 KiB a request without them.
device=/local/domain/$(xl domid nt)/device/vbd/51776
same "$(xenstore-read "$device/multi-queue-num-queues")" 2
same "$(xenstore-read "$device/ring-page-order")" 4
[ "$(cat /sys/bus/xen-backend/devices/vbd-*-51776/statistics/rd_req)" -lt 150 ]
written=$(ask nt disk.fill 0 16384 8192 42)
ask nt disk.flush 0
ask nt disk.check 0 16384 8192 42
same "$(sum_of disk.img 4 4)" "$(sum_of disk.img 0 4)"
same "$(sum_of disk.img 8 4)" "$written"
ask nt end
proven $((5 * 4194304)) 'bytes through xenpvvbd.sys and xen-blkback compared'
