# The shipped drivers beside Linux's own front-ends on the same back-ends, in turns: time, notifications, hypercalls and copies of the same work (target/xenhost/report.html).
# list: nightly
# clock: instructions
# bound: 7200
server=10.77.0.1
head -c 16777216 /dev/urandom >ours.img
cp ours.img linux.img
mkdir -p tree/bin
cp /host/payload/xenpeer tree/bin/
# What Linux' front-ends copy: hits of probes on their functions that do. A write is copied as its pages are put in the request,
# a read as it ends (both with persistent grants only), the head of a received frame as it is made contiguous.
cat >tree/bin/copies <<'C'
#!/bin/busybox sh
t=/sys/kernel/tracing
case $1 in
  start)
    mount -t tracefs tracing $t
    echo "p:copies/write xen_blkfront:blkif_setup_rw_req_grant" >>$t/kprobe_events || exit 1
    echo "p:copies/read xen_blkfront:blkif_copy_from_grant" >>$t/kprobe_events || exit 1
    echo "p:copies/frame __pskb_pull_tail" >>$t/kprobe_events || exit 1
    ;;
  on) echo 1 >$t/events/copies/enable ;;
  off) echo 0 >$t/events/copies/enable ;;
  count) awk -v what="$2" '$1 ~ what { n += $2 } END { print n + 0 }' $t/kprobe_profile ;;
esac
C
chmod +x tree/bin/copies
(cd tree && find . | busybox cpio -o -H newc >../more.cpio 2>/dev/null)
cat /guest/initrd more.cpio >initrd
peer net-serve & net_server=$!
trap 'kill $net_server' EXIT

linux_start linux "$PWD/initrd" "disk=['format=raw,vdev=xvda,access=rw,target=$PWD/linux.img']
vif=['type=vif,mac=00:16:3e:00:00:01,bridge=br0']"
# As a system without Driver Verifier.
ntsim_config ours 1 'job=serve checks=off' "disk=['format=raw,vdev=xvde,access=rw,target=$PWD/ours.img']
vif=['type=vif,mac=00:16:3e:00:00:02,bridge=br0']"
xl create ours.cfg
wait_for 900 guest_says ours 'hvm: serving'
ask ours boot
ask ours disk.wait 1 120
ask ours net.wait 1 120
ask ours net-lean 0
ask ours net.address 0 10.77.0.2/24
ask linux ifconfig eth0 10.77.0.3 netmask 255.255.255.0 up
ask linux copies start
declare -A domain_of=([ours]=$(xl domid ours) [linux]=$(xl domid linux))

# run GUEST: the work that the caller's variables say; prints nanoseconds and operations that succeeded.
run() {
  local answer
  case $1-$kind in
    ours-disk) answer=$(ask ours disk.bench 0 $work $bytes $depth $count) ;;
    linux-disk) answer=$(ask linux xenpeer bench /dev/xvda $work $bytes $depth $count) ;;
    ours-net) answer=$(ask ours net-bench 0 $server $work $bytes $count $rate) ;;
    linux-net) answer=$(ask linux xenpeer net-bench $server $work $bytes $count $rate) ;;
  esac
  case $answer in *' '*) echo "$answer" ;; *) echo "$answer $count" ;; esac
}

# counters GUEST: requests and frames of a guest so far, and interrupts of the back-ends.
counters() {
  local all=0 file number domain=${domain_of[$1]}
  for file in /sys/bus/xen-backend/devices/vbd-$domain-*/statistics/{rd,wr,f,ds}_req /sys/class/net/vif$domain.0/statistics/{rx,tx}_packets; do
    read -r number <"$file"
    all=$((all + number))
  done
  echo "$all $(awk -v vif="vif$domain.0-" '$NF == "blkif-backend" || index($NF, vif) == 1 { n += $2 } END { print n + 0 }' /proc/interrupts)"
}

# named: the work as the report knows it.
named() { echo "\"work\":\"$title\",\"bytes\":$bytes,\"depth\":$depth"; }

# measure GUEST: one round's row.
measure() {
  local requests irqs now_requests now_irqs ns done
  read -r requests irqs < <(counters "$1")
  read -r ns done < <(run "$1")
  read -r now_requests now_irqs < <(counters "$1")
  echo "{\"guest\":\"$1\",\"round\":$round,$(named),\"count\":$count,\"done\":$done,\"ns\":$ns,\"requests\":$((now_requests - requests)),\"notifications\":$((now_irqs - irqs))}" >>"$RESULTS/rows.jsonl"
}

# Headers alone, which a large send makes a driver rewrite, are no data.
# dumps: how many debug dumps are complete. copied GUEST: pieces of data that its front-end has copied so far.
dumps() { xl dmesg | grep -c 'usage (paging'; }
more_dumps() { [ "$(dumps)" -gt "$1" ]; }
copied() {
  local before what=frame
  if [ "$1" = linux ]; then
    case $work in read*) what='^read' ;; write*) what='^write' ;; *) what='^frame' ;; esac
    ask linux copies count "$what"
    return
  fi
  before=$(dumps)
  xl sysrq ours d
  wait_for 60 more_dumps "$before" >&2
  # Long lines are cut by the hypervisor.
  xl dmesg | awk -v p="(d${domain_of[ours]}) " 'index($0, p) == 1 { line = substr($0, length(p) + 1); if (line ~ /^--- xenpvpci on/) all = ""; all = all line }
    END { n = 0; while (match(all, /(bounced|copied): [0-9]+/)) { split(substr(all, RSTART, RLENGTH), part, " "); n += part[2]; all = substr(all, RSTART + RLENGTH) } print n }'
}

# costs GUEST: one run more, with Xen's trace on.
costs() {
  local before trace
  if [ "$1" = linux ]; then ask linux copies on; fi
  before=$(copied "$1")
  # Hypercalls and exits of guests, hypercalls of dom0, and who runs.
  xentrace -D -S 2048 -e 0x2a3000 trace >xentrace.log 2>&1 & trace=$!
  wait_for 60 test -s trace
  run "$1"
  kill -INT $trace
  wait $trace || true
  before=$(($(copied "$1") - before))
  if [ "$1" = linux ]; then ask linux copies off; fi
  xenalyze -a trace 2>/dev/null | awk -v d=" d${domain_of[$1]}v0 " -v start="{\"guest\":\"$1\",$(named),\"operations\":$count,\"copies\":$before," '
    /lost_records/ { lost = 1 }
    index($0, d "vmcall") { if (/\((sched|vcpu|set_timer)_op\)/) kernel++; else if (/\(evtchn_op\)/) events++; else others++ }
    index($0, d "vmexit") { exits++ }
    index($0, d "inj_virq") { interrupts++ }
    / d0v0 hypercall .*\(grant_table_op\)/ { if (/map_grant_ref [0-9]+ ops/ && !/unmap/) maps += $(NF - 1); if (/\) copy [0-9]+ ops/) copies += $(NF - 1) }
    END {
      if (lost || !exits) exit 1
      printf "%s\"events\":%d,\"others\":%d,\"kernel\":%d,\"exits\":%d,\"interrupts\":%d,\"mapped\":%d,\"dom0_copies\":%d}\n", start, events, others, kernel, exits, interrupts, maps, copies
    }' >>"$RESULTS/counts.jsonl"
}

# each COMMAND…: for every kind of work and both guests.
each() {
  local order what kind title work bytes depth count rate=0
  kind=disk
  for order in sequential random; do
    for what in read write; do
      work="$what $order" title="$what $order" bytes=131072 count=32
      if [ $order = random ]; then bytes=4096 count=96; fi
      for depth in 1 8 32; do "$@" ours; "$@" linux; done
    done
  done
  kind=net depth=0
  while read -r work bytes count rate title; do "$@" ours; "$@" linux; done <<W
stream-out 65536 96 0 TCP out
stream-in 65536 96 0 TCP in
answers 64 96 0 TCP answers
datagrams-out 1400 500 1786 UDP out at 20 Mbit/s
datagrams-in 1400 500 1786 UDP in at 20 Mbit/s
datagrams-out 1400 1000 0 UDP out
datagrams-in 1400 1000 0 UDP in
W
}

each costs
for round in $(seq "${ROUNDS:-5}"); do each measure; done
ask ours end
ask linux end
same "$(wc -l <"$RESULTS/counts.jsonl")" 38
proven $((38 * ${ROUNDS:-5})) 'measurements beside Linux'
