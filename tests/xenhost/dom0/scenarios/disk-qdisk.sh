# The shipped xenpvvbd.sys on QEMU's block back-end, raw and qcow2: patterns written, read back, and compared in dom0.
# list: nightly
# bound: 2400
truncate -s 16M raw.img
qemu-img create -q -f qcow2 cow.img 16M
ntsim_start nt 2 "disk=['format=raw,vdev=xvde,access=rw,backendtype=qdisk,target=$PWD/raw.img','format=qcow2,vdev=xvdf,access=rw,backendtype=qdisk,target=$PWD/cow.img']"
ask nt disk.wait 2 600
raw=$(ask nt disk.fill 0 0 8192 1)
cow=$(ask nt disk.fill 1 8192 8192 2)
ask nt disk.flush 0
ask nt disk.flush 1
ask nt disk.check 0 0 8192 1
ask nt disk.check 1 8192 8192 2
ask nt end
wait_for 600 gone nt
same "$(sum_of raw.img 0 4)" "$raw"
qemu-img convert -O raw cow.img flat.img
same "$(sum_of flat.img 4 4)" "$cow"
proven $((4 * 4194304)) "bytes through xenpvvbd.sys and QEMU's qdisk compared"
