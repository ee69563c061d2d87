# Real files are copied from one FAT file system to another through the shipped drivers; fsck.fat and sha256 in dom0 judge
# the copy.
# list: nightly
# bound: 2400
for disk in from to; do
  truncate -s 48M $disk.img
  # One partition from sector 2048 to the end (MBR: FAT16 by LBA).
  printf '\x00\xfe\xff\xff\x0e\xfe\xff\xff\x00\x08\x00\x00\x00\x78\x01\x00' | dd of=$disk.img bs=1 seek=446 conv=notrunc 2>/dev/null
  printf '\x55\xaa' | dd of=$disk.img bs=1 seek=510 conv=notrunc 2>/dev/null
  mkfs.fat -F 16 -s 8 --offset 2048 $disk.img >/dev/null
done
mkdir files back
number=100
for file in $(find /usr/bin /usr/lib/xen-4.20/bin /etc -type f -size +0 -size -24k | sort | head -n 150); do
  number=$((number + 1))
  cp "$file" files/F$number.BIN
done
mcopy -i from.img@@1M files/* ::/
wanted=$(cd files && sha256sum *)
ntsim_start nt 2 "disk=['format=raw,vdev=xvde,access=r,target=$PWD/from.img','format=raw,vdev=xvdf,access=rw,target=$PWD/to.img']"
ask nt disk.wait 2 600
copied=$(ask nt files.copy 0 1)
echo "files and bytes: $copied"
[ "${copied%% *}" -ge 100 ]
ask nt end
wait_for 600 gone nt
# fsck.fat knows no partitions.
dd if=to.img of=volume.img bs=1M skip=1 2>/dev/null
fsck.fat -n -v volume.img
mcopy -i volume.img '::/*' back/
same "$(cd back && sha256sum *)" "$wanted"
proven "${copied%% *}" 'files copied from FAT to FAT'
