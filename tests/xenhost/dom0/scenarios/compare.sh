# The shipped xenpvvbd.sys beside Linux's xen-blkfront on the same back-end, in turns: time, requests and notifications
# of the same work. The report is target/xenhost/report.html.
# list: nightly
# bound: 3600
head -c 16777216 /dev/urandom >ours.img
cp ours.img linux.img
mkdir -p tree/bin
cp /host/payload/xenpeer tree/bin/
(cd tree && find . | busybox cpio -o -H newc >../more.cpio 2>/dev/null)
cat /guest/initrd more.cpio >initrd
linux_start linux "$PWD/initrd" "disk=['format=raw,vdev=xvda,access=rw,target=$PWD/linux.img']"
ntsim_start ours 1 "disk=['format=raw,vdev=xvde,access=rw,target=$PWD/ours.img']"
ask ours disk.wait 1 120
for round in $(seq "${ROUNDS:-5}"); do
  for order in sequential random; do
    bytes=131072 count=${COUNT:-256}
    [ $order = random ] && bytes=4096
    for what in read write; do
      for depth in 1 8 32; do
        measure ours "$(xl domid ours)" disk.bench 0
        measure linux "$(xl domid linux)" xenpeer bench /dev/xvda
      done
    done
  done
done
ask ours end
ask linux end
