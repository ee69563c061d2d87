# The shipped xenpvnet.sys on xen-netback and dom0's bridge: DHCP, ping both ways, UDP, TCP both ways, HTTP
# down and up, v4 and v6, all content compared.
# list: demo default
# bound: 2400
/host/payload/xenpeer echo & echo_server=$!
mkdir www www/cgi-bin
cat >udhcpd.conf <<C
interface br0
start 10.77.0.50
end 10.77.0.60
max_leases 11
lease_file $PWD/leases
pidfile $PWD/udhcpd.pid
option subnet 255.255.255.0
option router 10.77.0.1
C
touch leases
busybox udhcpd -f udhcpd.conf & dhcp_server=$!
# An upload is answered with its sha256.
printf '#!/bin/bash\nprintf "Content-Type: text/plain\\r\\n\\r\\n"\nhead -c "$CONTENT_LENGTH" | sha256sum | cut -d" " -f1\n' >www/cgi-bin/sum
chmod +x www/cgi-bin/sum
head -c 1000000 /dev/urandom >www/file
busybox httpd -f -p 80 -h www & web_server=$!
trap 'kill $echo_server $dhcp_server $web_server' EXIT
file=$(sum_of www/file)

ntsim_start nt 2 "vif=['type=vif,mac=00:16:3e:11:22:33,bridge=br0']"
ask nt net.wait 1 600
lease=$(ask nt net.dhcp 0)
v4=${lease%%/*}
v6=fd77::2
ask nt net.address 0 $v6/64
ask nt net.settings 0
for to in "$v4" $v6; do
  for size in 56 1400; do ping -c 3 -W 20 -s $size "$to"; done
done
for from in 10.77.0.1 fd77::1; do
  ask nt net.ping 0 $from 56 5
  ask nt net.ping 0 $from 1400 5
  same "$(ask nt net.udp 0 $from 7 20 1200)" '0 lost'
  # Guest connects: from dom0, then back to dom0.
  peer give 5001 www/file & server=$!
  wait_for 60 listening 5001
  same "$(ask nt net.fetch 0 $from 5001)" "1000000 $file"
  wait $server
  peer take 5002 back & server=$!
  wait_for 60 listening 5002
  ask nt net.send 0 $from 5002
  wait $server
  same "$(sum_of back)" "$file"
  same "$(ask nt net.get 0 $from 80 /file)" "1000000 $file"
  same "$(ask nt net.put 0 $from 80 /cgi-bin/sum)" "$file"
done
# dom0 connects, and gets back what it sent.
port=6000
for to in "$v4" $v6; do
  id=$(tell nt net.accept 0 $port)
  peer exchange "$to" $port www/file back
  same "$(answer nt "$id")" "1000000 $file"
  same "$(sum_of back)" "$file"
  port=$((port + 1))
done
# Large sends were used, and two queues.
counts=$(ask nt net.counts 0)
echo "$counts"
case $counts in *', 0]') echo 'no large send'; exit 1 ;; esac
same "$(xenstore-read "/local/domain/$(xl domid nt)/device/vif/0/multi-queue-num-queues")" 2
ask nt end
proven 12000000 'bytes through xenpvnet.sys and xen-netback compared'
