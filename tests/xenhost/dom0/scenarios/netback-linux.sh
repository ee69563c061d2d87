# The network's front-end as a Linux program on xen-netback in dom0 itself, and on xensim: each frame must come through alike.
# list: nightly
# bound: 600
echo 0 >/sys/bus/xen/drivers_autoprobe
trap "echo 1 >/sys/bus/xen/drivers_autoprobe" EXIT
xl network-attach 0 type=vif mac=00:16:3e:11:22:33 bridge=br0
ip link set vif0.0 up
peer netfront --front device/vif/0 --interface vif0.0 >real.txt
xl network-detach 0 0
peer netfront >simulated.txt
cp real.txt simulated.txt "$RESULTS"
busybox diff -U3 simulated.txt real.txt
proven "$(wc -l <real.txt)" 'answers of xen-netback are those of xensim'
