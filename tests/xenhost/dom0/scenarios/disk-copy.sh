# The shipped drivers in the stand-in kernel copy 4 MiB over xen-blkback (raw file on a loop device); dom0 compares.
# xvde has no emulated twin, so it is shown without unplug.
# bound: 180
dd if=/dev/urandom of=disk.img bs=1M count=4 2>/dev/null
truncate -s 16M disk.img
ntsim_config nt 2 'job=disk copy=8192' "disk=['format=raw,vdev=xvde,access=rw,target=$PWD/disk.img']"
xl create nt.cfg
wait_for 120 guest_says nt 'hvm: end:'
cp /tmp/work/serial-nt "$RESULTS/serial"
guest_says nt 'hvm: PASS disk'
first=$(dd if=disk.img bs=1M count=4 2>/dev/null | sha256sum)
second=$(dd if=disk.img bs=1M skip=4 count=4 2>/dev/null | sha256sum)
echo "first $first second $second"
[ "$first" = "$second" ]
