# Adapters come and go, jumbo frames pass whole, and streams stay right while dom0 turns its offloads off and on.
# list: nightly
# bound: 3600
mkdir www
head -c 1000000 /dev/urandom >www/file
busybox httpd -f -p 80 -h www & web_server=$!
trap 'kill $web_server' EXIT
file=$(sum_of www/file)
ip link set br0 mtu 9000
ntsim_start nt 2 "vif=['type=vif,mac=00:16:3e:11:22:33,bridge=br0,mtu=9000']"
ask nt net.wait 1 600
ask nt net.address 0 10.77.0.2/24
case $(ask nt net.settings 0) in *'mtu: 9000,'*) ;; *) echo 'the MTU is not 9000'; exit 1 ;; esac
# Too large for any frame of 1,500 bytes; dom0 may not split it.
ping -c 3 -W 20 -s 8900 10.77.0.2
ask nt net.ping 0 10.77.0.1 8900 3
same "$(ask nt net.get 0 10.77.0.1 80 /file)" "1000000 $file"
# Without offloads dom0 sends frames that are whole and checked, and cannot take large ones.
vif=vif$(xl domid nt).0
ethtool -K "$vif" tx off tso off gso off gro off
same "$(ask nt net.get 0 10.77.0.1 80 /file)" "1000000 $file"
ethtool -K "$vif" tx on tso on gso on gro on
same "$(ask nt net.get 0 10.77.0.1 80 /file)" "1000000 $file"
# A second adapter, twice.
for round in 1 2; do
  xl network-attach nt type=vif mac=00:16:3e:11:22:44 bridge=br0
  ask nt net.wait 2 600
  ask nt net.address 1 "10.77.0.$((round + 2))/24"
  ping -c 3 -W 20 "10.77.0.$((round + 2))"
  xl network-detach nt 1
  ask nt net.wait 1 600
done
ping -c 3 -W 20 10.77.0.2
ask nt end
ip link set br0 mtu 1500
proven 3000000 'bytes with jumbo frames, without and with offloads'
