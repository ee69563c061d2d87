# The disk's front-end as a Linux program on xen-blkback in dom0 itself, and on xensim: both must answer each request alike.
# list: nightly
# bound: 600
echo 0 >/sys/bus/xen/drivers_autoprobe
trap "echo 1 >/sys/bus/xen/drivers_autoprobe" EXIT
truncate -s 64M disk.img
xl block-attach 0 "format=raw,vdev=xvdb,access=rw,target=$PWD/disk.img"
peer blkfront --front device/vbd/51728 > real.txt
xl block-detach 0 51728
peer blkfront --simulated 64 > simulated.txt
cp real.txt simulated.txt "$RESULTS"
busybox diff -U3 simulated.txt real.txt
proven "$(wc -l < real.txt)" 'answers of xen-blkback are those of xensim'
