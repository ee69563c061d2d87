# Emulated disk and NIC are unplugged, seen from the guest, once the PV path is proven and not before; the PV disk has
# the content.
# list: nightly
# bound: 2400
head -c 4194304 /dev/urandom >disk.img
ntsim_start nt 2 "disk=['format=raw,vdev=xvda,access=rw,target=$PWD/disk.img']
vif=['mac=00:16:3e:11:22:33,bridge=br0,model=e1000']"
# The first start installs xenpvvbd after the bus has decided: everything stays emulated, the PV twin is hidden.
ask nt disk.wait 0 600
[ "$(ask nt ata)" != none ]
before=$(ask nt pci)
case $before in *8086:100e*) ;; *) echo "no e1000 among: $before"; exit 1 ;; esac
ask nt restart
ask nt tree
[ "$(ask nt ata)" = none ]
after=$(ask nt pci)
case $after in *8086:100e*) echo "the e1000 is still there: $after"; exit 1 ;; esac
ask nt disk.wait 1 600
same "$(ask nt disk.hash 0 0 8192)" "$(sum_of disk.img)"
ask nt net.wait 1 600
ask nt net.address 0 10.77.0.2/24
ping -c 3 -W 20 10.77.0.2
ask nt end
proven 2 'emulated devices unplugged'
