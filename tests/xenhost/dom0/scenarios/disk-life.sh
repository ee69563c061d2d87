# Disks come and go, grow, refuse writes when read-only, and give back discarded room, on xen-blkback.
# list: nightly
# bound: 2400
truncate -s 16M one.img two.img
head -c 4194304 /dev/urandom >fixed.img
ntsim_start nt 2 "disk=['format=raw,vdev=xvde,access=rw,target=$PWD/one.img','format=raw,vdev=xvdf,access=r,target=$PWD/fixed.img']"
ask nt disk.wait 2 600
# Read-only.
same "$(ask nt disk.hash 1 0 8192)" "$(sum_of fixed.img)"
before=$(sum_of fixed.img)
if ask nt disk.fill 1 0 8 1; then echo 'a read-only disk took a write'; exit 1; fi
same "$(sum_of fixed.img)" "$before"
# Hot-plug, use, unplug; the freed slot is used again.
for round in 1 2; do
  xl block-attach nt "format=raw,vdev=xvdg,access=rw,target=$PWD/two.img"
  ask nt disk.wait 3 600
  written=$(ask nt disk.fill 2 0 2048 $round)
  ask nt disk.flush 2
  same "$(sum_of two.img 0 1)" "$written"
  xl block-detach nt xvdg
  ask nt disk.wait 2 600
done
# A block device of dom0's, not a file.
loop=$(losetup -f --show two.img)
xl block-attach nt "phy:$loop,xvdg,w"
ask nt disk.wait 3 600
written=$(ask nt disk.fill 2 0 2048 7)
ask nt disk.flush 2
same "$(sum_of "$loop" 0 1)" "$written"
xl block-detach nt xvdg
ask nt disk.wait 2 600
losetup -d "$loop"
# Grow: the back-end notices with the next request.
truncate -s 32M one.img
losetup -c "$(losetup -n -O NAME -j one.img)"
wait_for 600 grown nt 65536x512
written=$(ask nt disk.fill 0 63488 2048 9)
same "$(sum_of one.img 31 1)" "$written"
# Discard: the file on the host becomes sparse.
ask nt disk.fill 0 0 16384 3
ask nt disk.flush 0
full=$(du -k one.img | cut -f1)
ask nt disk.unmap 0 0 16384
wait_for 600 smaller one.img $((full - 4096))
ask nt end
proven 1 'read-only, hot-plugged, grown and trimmed disk each'
