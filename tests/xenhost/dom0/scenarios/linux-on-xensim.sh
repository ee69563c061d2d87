# xensim's disk back-end as a program in dom0, and Linux's own front-end on it: it works, and keeps the rules that xensim checks.
# list: nightly
# bound: 600
back=/local/domain/0/backend/xensim/0/51728
modprobe xen_blkfront
trap 'kill %1 2>/dev/null; xenstore-rm $back; xenstore-rm /local/domain/0/device/vbd/51728' EXIT
peer blkback --mib 32 image &
wait_for 120 test -b /dev/xvdb
head -c 12582912 /dev/urandom >wanted
# Large and small, at odd places, through the cache and past it; each end of the disk.
dd if=wanted of=/dev/xvdb bs=1M oflag=direct
dd if=wanted of=/dev/xvdb bs=4k seek=4096 count=777 conv=fsync
dd if=wanted of=/dev/xvdb bs=512 seek=65535 count=1 oflag=direct
echo 3 >/proc/sys/vm/drop_caches
head -c 12582912 /dev/xvdb >got
same "$(sum_of got)" "$(sum_of wanted)"
dd if=/dev/xvdb of=all bs=64k
# The disk goes as the toolstack asks.
xenstore-write "$back/online" 0
wait_for 120 test -s image
wait %1
same "$(sum_of image)" "$(sum_of all)"
proven 33554432 'bytes by Linux on the simulated back-end'
