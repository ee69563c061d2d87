# A Linux HVM guest boots with a PV disk and reads it right: the rig itself works.
# bound: 1200
dd if=/dev/urandom of=disk.img bs=1M count=4 2>/dev/null
cat >guest.cfg <<C
name='linux'
type='hvm'
memory=192
vcpus=1
cpus='1'
tsc_mode='native'
kernel='/guest/vmlinuz'
ramdisk='/guest/initrd'
cmdline='console=ttyS0 xen_emul_unplug=all job=sum'
serial='file:/tmp/work/serial-linux'
disk=['format=raw,vdev=xvda,access=rw,target=$PWD/disk.img']
on_reboot='destroy'
on_crash='destroy'
C
xl create guest.cfg
wait_for 900 guest_says linux 'guest: sum done'
cp /tmp/work/serial-linux "$RESULTS/serial"
grep -q "$(md5sum <disk.img | cut -d' ' -f1)" /tmp/work/serial-linux
