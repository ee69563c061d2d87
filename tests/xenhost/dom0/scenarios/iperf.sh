# iperf3 in dom0 counts what the shipped xenpvnet.sys sends and receives: TCP both ways, UDP both ways at 20 Mbit/s, v4 and v6.
# A machine that does not carry twice that by TCP gets half of what it carries: loss is measured, not the machine.
# bound: 1800
# dom0 has one processor, and may have to wait for it.
echo 8388608 | tee /proc/sys/net/core/rmem_max >/proc/sys/net/core/wmem_max
ntsim_start nt 2 "vif=['type=vif,mac=00:16:3e:11:22:33,bridge=br0']"
ask nt net.wait 1 600
ask nt net.address 0 10.77.0.2/24
ask nt net.address 0 fd77::2/64
# try PORT ARGUMENTS…: a server of its own for one test, as a test that broke off keeps its server busy.
try() {
  local port=$1
  shift
  iperf3 -s -1 -p "$port" >"$RESULTS/iperf-$port" 2>&1 & local server=$!
  wait_for 60 listening "$port"
  ask nt net.iperf 0 "$from" "$port" "$@"
  wait $server
}
port=5210
for from in 10.77.0.1 fd77::1; do
  for way in out in; do
    read -r bytes carried _ < <(try $port tcp $way 8388608)
    # The server stops counting with the test: what it had then not read is not in its figure.
    [ "$bytes" -gt 8000000 ]
    rate=$((carried / 2 < 20000000 ? carried / 2 : 20000000))
    read -r bytes _ sent lost < <(try $((port + 1)) udp $way 2800000 $rate)
    echo "$from $way: $carried bit/s by TCP; UDP at $rate bit/s: $lost of $sent datagrams lost, $bytes bytes arrived"
    [ "$sent" -ge 2000 ] && [ $((lost * 100)) -le $((sent * 2)) ]
    port=$((port + 2))
  done
done
ask nt end
proven 44754432 'bytes of iperf3'
