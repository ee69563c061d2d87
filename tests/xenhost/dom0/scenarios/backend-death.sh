# Back-ends die under a guest: its link goes down and comes back, its disk is detached by force with work on it. The guest goes
# on, and what is attached afterwards works.
# list: nightly
# bound: 3600
/host/payload/xenpeer echo & echo_server=$!
trap 'kill $echo_server' EXIT
truncate -s 16M one.img two.img
ntsim_start nt 2 "disk=['format=raw,vdev=xvde,access=rw,target=$PWD/one.img']
vif=['type=vif,mac=00:16:3e:11:22:33,bridge=br0']"
ask nt disk.wait 1 600
ask nt net.wait 1 600
ask nt net.address 0 10.77.0.2/24
same "$(ask nt net.udp 0 10.77.0.1 7 5 1000)" '0 lost'
# The link.
vif=vif$(xl domid nt).0
ip link set "$vif" down
if ping -c 1 -W 3 10.77.0.2; then echo 'an answer over a link that is down'; exit 1; fi
ip link set "$vif" up
wait_for 300 ping -c 1 -W 3 10.77.0.2
same "$(ask nt net.udp 0 10.77.0.1 7 5 1000)" '0 lost'
# The disk, with work on it.
load=$(tell nt disk.fill 0 0 32768 1)
xl block-detach --force nt xvde
answer nt "$load" || echo 'the work on the disk failed, as it may'
ask nt disk.wait 0 900
xl block-attach nt "format=raw,vdev=xvdf,access=rw,target=$PWD/two.img"
ask nt disk.wait 1 600
written=$(ask nt disk.fill 0 0 2048 2)
ask nt disk.flush 0
same "$(sum_of two.img 0 1)" "$written"
same "$(ask nt net.udp 0 10.77.0.1 7 5 1000)" '0 lost'
ask nt end
proven 2 'back-ends died under a guest that went on'
