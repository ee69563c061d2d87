# Adapters come and go, jumbo frames pass whole, a new address is taken, and streams stay right while dom0 turns its
# offloads off and on; tcpdump sees the difference.
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
# Without offloads dom0 sends frames that are whole and checked; with them, frames larger than any wire's, whose checksums are
# left to the guest.
vif=vif$(xl domid nt).0
# capture NAME: a download, as tcpdump sees it on its way to the guest.
capture() {
  tcpdump -Z root -i "$vif" -nn -vv -l 'tcp src port 80' >"$1" 2>"$1.err" & local dump=$!
  wait_for 60 grep -q listening.on "$1.err" || { cat "$1.err"; return 1; }
  same "$(ask nt net.get 0 10.77.0.1 80 /file)" "1000000 $file"
  sleep 1
  kill $dump
  wait $dump || true
  cp "$1" "$1.err" "$RESULTS/"
  [ "$(grep -c cksum "$1")" -gt 5 ]
}
# longest NAME: bytes of TCP in its longest packet.
longest() { sed -n 's/.*Flags.* length \([0-9]*\).*/\1/p' "$1" | sort -n | tail -n 1; }
ethtool -K "$vif" tx off tso off gso off gro off
capture without
if grep 'cksum.*incorrect' without; then echo 'a wrong checksum without offloads'; exit 1; fi
[ "$(longest without)" -le 8960 ]
ethtool -K "$vif" tx on tso on gso on gro on
capture with
grep -q 'cksum.*incorrect' with
[ "$(longest with)" -gt 9000 ]
# The toolstack's new address holds from the next start of the device on.
xenstore-write "/local/domain/$(xl domid nt)/device/vif/0/mac" 00:16:3e:55:66:77
wait_for 300 log_says nt 'new address or MTU'
ask nt net.renew 0
ask nt net.wait 1 600
ask nt net.address 0 10.77.0.2/24
ip neigh flush dev br0
ping -c 3 -W 20 10.77.0.2
ip neigh show 10.77.0.2 | grep -qi 00:16:3e:55:66:77
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
proven 4000000 'bytes with jumbo frames, without and with offloads'
