# xensim's back-ends as programs in dom0, and Linux's own front-ends on them: they work, and keep the rules that xensim checks.
# list: nightly
# bound: 900
backs=/local/domain/0/backend/xensim/0
trap 'kill %1 2>/dev/null || true; for n in $backs device/vbd/51728 device/vif/0; do xenstore-rm $n 2>/dev/null || true; done' EXIT
peer blkback --mib 16 image &
wait_for 120 test -b /dev/xvdb
head -c 8388608 /dev/urandom >wanted
# Large and small, at odd places, through the cache and past it; the end of the disk.
dd if=wanted of=/dev/xvdb bs=1M oflag=direct
dd if=wanted of=/dev/xvdb bs=4k seek=2100 count=777 conv=fsync
dd if=wanted of=/dev/xvdb bs=512 seek=32767 count=1 oflag=direct
echo 3 >/proc/sys/vm/drop_caches
head -c 8388608 /dev/xvdb >got
same "$(sum_of got)" "$(sum_of wanted)"
dd if=/dev/xvdb of=all bs=1M
# The disk goes as the toolstack asks.
xenstore-write "$backs/51728/online" 0 "$backs/51728/state" 5
wait_for 120 test -s image
wait %1
same "$(sum_of image)" "$(sum_of all)"
proven 16777216 'bytes of a disk by Linux on the simulated back-end'

# An interface, with a mirror behind it: what is sent comes back.
peer netback >netback.log &
link_of() { for n in /sys/class/net/*; do case $(readlink "$n/device") in *vif-0) echo "${n##*/}" ;; esac; done; }
there() { [ -n "$(link_of)" ]; }
wait_for 120 there
link=$(link_of)
ip addr add 10.88.0.1/24 dev "$link"
ip link set "$link" up
ip neigh add 10.88.0.2 lladdr 02:00:00:00:00:77 dev "$link"
head -c 300000 wanted >part
peer mirrored 10.88.0.2:4321 part
ip link set "$link" down
xenstore-write "$backs/0/online" 0 "$backs/0/state" 5
wait_for 120 test -s netback.log
wait %1
cat netback.log
proven 300000 'bytes of datagrams by Linux on the simulated back-end'
