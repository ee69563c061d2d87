# A guest crashes under load, and the disk driver's second instance writes the dump: dom0 reads it back from the image.
# list: nightly
# bound: 2400
truncate -s 16M dump.img wanted.img
ntsim_start nt 2 "disk=['format=raw,vdev=xvde,access=rw,target=$PWD/dump.img','format=raw,vdev=xvdf,access=rw,target=$PWD/wanted.img']"
ask nt disk.wait 2 600
# The content that the dump is to have, by the other disk.
wanted=$(ask nt disk.fill 1 8192 8192 77)
ask nt disk.flush 1
ask nt load.disk 0 0 4096
goes_on nt
tell nt crash 0 8192 8192 77
wait_for 900 guest_says nt 'hvm: end:'
wait_for 600 gone nt
guest_says nt 'BUGCHECK 0xe2'
guest_says nt 'hvm: dump Ok'
same "$(sum_of wanted.img 4 4)" "$wanted"
same "$(sum_of dump.img 4 4)" "$wanted"
proven 4194304 'bytes of a crash dump read back'
