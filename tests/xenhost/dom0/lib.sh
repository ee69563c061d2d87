# Functions for scenarios in dom0. A scenario is a script in /host/scenarios; it runs with this file
# sourced, in a folder of its own, and fails by a non-zero exit.

rig_daemons() {
  [ -e /proc/xen/capabilities ] || return 1
  if [ -f /host/oxenstored ]; then oxenstored --pid-file /run/xenstored.pid; else xenstored --pid-file /run/xenstored.pid; fi
  local n=0
  until xenstore-write /tool/rig 1 2>/dev/null; do
    n=$((n + 1)); [ $n -gt 100 ] && return 1
    sleep 0.1
  done
  xen-init-dom0 >/dev/null 2>&1
  xenconsoled --log=guest --log-dir=/var/log/xen --timestamp=none --pid-file=/run/xenconsoled.pid
  ip link add br0 type bridge
  ip addr add 10.77.0.1/24 dev br0
  ip -6 addr add fd77::1/64 dev br0 nodad
  ip link set br0 up
  # One queue a dom0 processor is the default; scenarios want two.
  echo 2 >/sys/module/xen_blkback/parameters/max_queues
  echo 2 >/sys/module/xen_netback/parameters/max_queues
  return 0
}

# Runs the scenarios listed in /host/list (name, time bound in seconds) and reports each.
rig_run_list() {
  local name bound start status
  while read -r name bound; do
    [ -n "$name" ] || continue
    echo "rig: scenario $name"
    mkdir -p "/tmp/work/$name" "/host/results/$name"
    start=$(date +%s)
    (cd "/tmp/work/$name" && RESULTS="/host/results/$name" timeout -k 5 "$bound" bash -c '. /lib.sh; set -e; . "/host/scenarios/$0.sh"' "$name") \
      >"/host/results/$name/log" 2>&1
    status=$?
    rig_clean >>"/host/results/$name/log" 2>&1
    cp /var/log/xen/* "/host/results/$name/" 2>/dev/null
    rm -f /var/log/xen/guest-* /var/log/xen/qemu-* /var/log/xen/xl-*
    xl dmesg >"/host/results/$name/xen.log" 2>/dev/null
    dmesg -c >"/host/results/$name/dom0.log" 2>/dev/null
    rm -rf "/tmp/work/$name"
    echo "$status $(($(date +%s) - start))" >"/host/results/$name/status"
    echo "rig: scenario $name ended $status after $(($(date +%s) - start)) s"
  done </host/list
}

# No guest, loop device or stray process of a scenario survives it.
rig_clean() {
  local d
  for d in $(xl list 2>/dev/null | awk 'NR>1 && $2>0 {print $2}'); do timeout 30 xl destroy "$d"; done
  losetup -D
  return 0
}

# wait_for SECONDS COMMAND…: until the command succeeds.
wait_for() {
  local bound=$1 n=0
  shift
  until "$@" >/dev/null 2>&1; do
    n=$((n + 1))
    [ $n -gt $((bound * 5)) ] && { echo "not within $bound s: $*"; return 1; }
    sleep 0.2
  done
}

# guest_says NAME TEXT: the guest's log has the text.
guest_says() { grep -q -- "$2" "/tmp/work/serial-$1" 2>/dev/null; }

# ntsim_config NAME VCPUS COMMAND-LINE [MORE-LINES]: a guest with the stand-in NT kernel.
ntsim_config() {
  cat >"$1.cfg" <<C
name='$1'
type='hvm'
memory=512
vcpus=$2
cpus='1'
tsc_mode='native'
kernel='/host/payload/ntsim.elf'
ramdisk='/host/payload/payload.tar'
cmdline='$3'
serial='file:/tmp/work/serial-$1'
vga='none'
on_poweroff='destroy'
on_reboot='destroy'
on_crash='destroy'
$4
C
}
