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

# Runs what /host/list says; while there is a file /host/stay, also what /host/more says when it appears.
rig_run_list() {
  # While dom0 stays: a script that looks at what a scenario is doing, when it appears.
  while [ -e /host/stay ]; do
    if mv /host/look /tmp/look 2>/dev/null; then bash /tmp/look >/host/results/look 2>&1 </dev/null; else sleep 1; fi
  done &
  rig_run_scenarios </host/list
  while [ -e /host/stay ]; do
    if mv /host/more /tmp/more 2>/dev/null; then rig_run_scenarios </tmp/more; else sleep 1; fi
  done
}

# Runs the scenarios listed on the input (name, time bound in seconds) and reports each.
rig_run_scenarios() {
  local name bound start status
  while read -r name bound; do
    [ -n "$name" ] || continue
    echo "rig: scenario $name"
    mkdir -p "/tmp/work/$name" "/host/results/$name"
    start=$(date +%s)
    (cd "/tmp/work/$name" && RESULTS="/host/results/$name" timeout -k 5 "$bound" bash -c '. /host/lib.sh; set -e; . "/host/scenarios/$0.sh"' "$name") \
      >"/host/results/$name/log" 2>&1 </dev/null
    status=$?
    cp /tmp/work/serial-* "/host/results/$name/" 2>/dev/null
    rig_clean >>"/host/results/$name/log" 2>&1
    cp /var/log/xen/* "/host/results/$name/" 2>/dev/null
    rm -f /var/log/xen/guest-* /var/log/xen/qemu-* /var/log/xen/xl-*
    xl dmesg >"/host/results/$name/xen.log" 2>/dev/null
    dmesg -c >"/host/results/$name/dom0.log" 2>/dev/null
    rm -rf /tmp/work/*
    echo "$status $(($(date +%s) - start))" >"/host/results/$name/status"
    echo "rig: scenario $name ended $status after $(($(date +%s) - start)) s"
  done
}

# No guest, loop device or stray process of a scenario survives it.
rig_guests() { xl list 2>/dev/null | awk 'NR>1 && $2>0 {print $2}'; }
rig_clean() {
  local d n=0
  for d in $(rig_guests); do timeout 60 xl destroy "$d"; done
  # A guest that is still going away would stand in the next one's way.
  while [ -n "$(rig_guests)" ] && [ $n -lt 600 ]; do
    n=$((n + 1))
    sleep 0.2
  done
  losetup -D
  # A scenario that was killed left its servers behind.
  busybox killall winhost xenpeer busybox sleep 2>/dev/null
  pkill -f http.server
  return 0
}

# wait_for SECONDS COMMAND…: until the command succeeds.
wait_for() {
  local bound=$1 end=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -gt $end ] && { echo "not within $bound s: $*"; return 1; }
    sleep 0.2
  done
}

# guest_says NAME TEXT: the guest's log has the text.
guest_says() { grep -q -- "$2" "/tmp/work/serial-$1" 2>/dev/null; }

# log_says NAME TEXT: the drivers' log has the text: they write it to Xen's console and to their own.
log_says() { xl dmesg | grep -q -- "(d$(xl domid "$1")).*$2" || grep -q -- "$2" "/var/log/xen/guest-$1.log"; }

# serial_of NAME: makes the serial line of a guest and prints its configuration: it goes to /tmp/work/serial-NAME and
# comes from the fifo /tmp/work/in-NAME; both outlive a migration.
serial_of() {
  rm -f "/tmp/work/in-$1" "/tmp/work/serial-$1"
  mkfifo "/tmp/work/in-$1"
  # Held open, so that neither the device model nor a command waits for the other to open it.
  sleep 100000 <>"/tmp/work/in-$1" >/dev/null 2>&1 &
  cat <<C
serial='chardev:line'
device_model_args_hvm=['-chardev','file,id=line,path=/tmp/work/serial-$1,append=on,input-path=/tmp/work/in-$1']
vga='none'
on_poweroff='destroy'
on_reboot='destroy'
on_crash='destroy'
C
}

# ntsim_config NAME VCPUS COMMAND-LINE [MORE-LINES]: writes NAME.cfg, a guest with the stand-in NT kernel.
ntsim_config() {
  cat >"$1.cfg" <<C
name='$1'
type='hvm'
memory=${MEMORY:-384}
vcpus=$2
cpus='1'
tsc_mode='native'
kernel='/host/payload/ntsim.elf'
ramdisk='/host/payload/payload.tar'
cmdline='$3'
$(serial_of "$1")
$4
C
}

# linux_start NAME INITRD [MORE-LINES]: a Linux guest with the kernel's own front-ends that runs what `ask` tells.
linux_start() {
  cat >"$1.cfg" <<C
name='$1'
type='hvm'
memory=192
vcpus=1
cpus='1'
tsc_mode='native'
kernel='/guest/vmlinuz'
ramdisk='$2'
cmdline='console=ttyS0 quiet xen_emul_unplug=all job=serve'
$(serial_of "$1")
$3
C
  xl create "$1.cfg"
  wait_for 600 guest_says "$1" 'guest: serving'
}

# ntsim_start NAME VCPUS [MORE-LINES]: such a guest, booted with the drivers and listening to `ask`.
ntsim_start() {
  ntsim_config "$1" "$2" 'job=serve' "$3"
  xl create "$1.cfg"
  wait_for 900 guest_says "$1" 'hvm: serving'
  ask "$1" boot
}

# tell NAME COMMAND…: gives the guest a command and prints the command's number.
tell() {
  local name=$1 id=q${EPOCHREALTIME//[.,]/}
  shift
  printf '%s %s\n' "$id" "$*" >"/tmp/work/in-$name"
  echo "$id"
}

# answer NAME NUMBER: waits for the command's answer and prints it; fails if the command did or the guest ended.
answer() {
  local n=0 line
  until line=$(grep -a -m1 -- "^hvm: $2 .* |$" "/tmp/work/serial-$1"); do
    n=$((n + 1))
    if [ $n -gt $((${BOUND:-1200} * 5)) ]; then echo "no answer of $1 to $2" >&2; return 1; fi
    if grep -a -q '^hvm: end:\|BUGCHECK' "/tmp/work/serial-$1"; then
      sleep 1
      echo "$1 has ended:" >&2
      tail -n 40 "/tmp/work/serial-$1" >&2
      return 1
    fi
    sleep 0.2
  done
  line=${line#hvm: "$2" }
  line=${line% |*}
  case $line in
    ok*) line=${line#ok}; echo "${line# }" ;;
    *) echo "$1: $line" >&2; return 1 ;;
  esac
}

# ask NAME COMMAND…: tell, and wait for the answer.
ask() {
  local id
  id=$(tell "$@")
  echo "ask $*" >&2
  answer "$1" "$id"
}

# same A B: both are equal, and not empty.
same() {
  [ -n "$1" ] && [ "$1" = "$2" ] && return 0
  echo "different: '$1' '$2'" >&2
  return 1
}

# sum_of FILE [SKIP-MIB COUNT-MIB]: its sha256, or that of a part.
sum_of() {
  if [ -n "$2" ]; then dd if="$1" bs=1M skip="$2" count="$3" 2>/dev/null | sha256sum | cut -d' ' -f1
  else sha256sum <"$1" | cut -d' ' -f1; fi
}

# proven NUMBER WHAT…: a figure for the last line of a run; those of several scenarios are added.
proven() { echo "$*" >>"$RESULTS/proven"; }

# listening PORT: a server here has taken the TCP port.
listening() { grep -qi ":$(printf '%04x' "$1") [0:]* 0A " /proc/net/tcp /proc/net/tcp6; }

ping() { busybox ping "$@"; }

# peer ARGUMENTS…: the rig's own program for the other end of connections.
peer() { /host/payload/xenpeer "$@"; }

# gone NAME: there is no such domain.
gone() { ! xl domid "$1" >/dev/null 2>&1; }

# grown NAME SIZES: a read later, the first disk has this size.
grown() {
  ask "$1" disk.hash 0 0 8 >/dev/null
  case $(ask "$1" disk.list) in "$2"*) ;; *) return 1 ;; esac
}

# smaller FILE KIB: the file takes no more room than this.
smaller() { [ "$(du -k "$1" | cut -f1)" -le "$2" ]; }

# under_load NAME: its first disk and first adapter have work from now on, each operation checked.
under_load() {
  ask "$1" disk.wait 1 600
  ask "$1" net.wait 1 600
  ask "$1" net.address 0 10.77.0.2/24
  ask "$1" load.disk 0 0 65536
  ask "$1" load.udp 0 10.77.0.1 7
  ask "$1" load.tcp 0 10.77.0.1 7
  goes_on "$1"
}

# goes_on NAME: every load makes progress from here.
goes_on() {
  local before
  before=$(ask "$1" load.counts)
  wait_for 900 progress "$1" "$before"
}
progress() {
  local now old new
  now=$(ask "$1" load.counts) || return 1
  for old in $2; do
    for new in $now; do
      [ "${old%=*}" != "${new%=*}" ] || [ $((${new#*=} - ${old#*=})) -ge 3 ] || return 1
    done
  done
}

# load_ends NAME: all loads stop without a fault; then the guest ends.
load_ends() {
  echo "operations: $(ask "$1" load.stop)"
  ask "$1" end
}

# What scenarios of winhost share: the orchestrator of Windows guests here in dom0, on the real xl, with the stand-in kernel
# as guest.
STORE=/var/lib/winhost

# winhost_host: makes dom0 a host for it: an address for the guest, an empty disk to start from, the guest's lines.
winhost_host() {
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
  trap 'kill $dhcp_server' EXIT
  rm -rf $STORE
  mkdir -p $STORE
  qemu-img create -q -f raw $STORE/empty.raw 4M
}

# winhost SUITE ACTS [OPTIONS…]: a run with the guest misbehaving as ACTS say (`test:act,…`); its exit code. Bounds are
# for a guest that may be ten times slower than a real one.
winhost() {
  local suite=$1 acts=$2
  shift 2
  cat >matrix.toml <<C
suites = ['$suite']
[[windows]]
name = 'standin'
image = '$STORE/empty.raw'
memory = 384
processors = 1
C
  cat >lines <<C
cpus = '1'
tsc_mode = 'native'
kernel = '/host/payload/ntsim.elf'
cmdline = 'job=winhost act=$acts'
vif = ['type=vif,mac=00:16:3e:77:00:01,bridge=${BRIDGE:-br0}']
vga = 'none'
usb = 0
C
  winhost_program --matrix matrix.toml --lines lines --msi /host/payload/drivers.tar --store $STORE --bridge ${BRIDGE:-br0} \
    --bound boot=${BOOT:-600} --bound silence=${SILENCE:-120} --bound dump=30 --bound host=60 --host "${HOST:-local}" "$@"
}
winhost_program() { CARGO_TARGET_DIR=$PWD CARGO_TERM_COLOR=never /host/payload/winhost "$@"; }

# run_of: the folder of the newest run's results. cell SUITE: that of its cell.
run_of() { ls -d "$PWD"/winhost/r* | sort | tail -n 1; }
cell() { echo "$(run_of)/standin-$1"; }

# verdicts: `verdict test` a line, as junit.xml has them; the last is that of the run itself.
verdicts() {
  python3 - "$(run_of)/junit.xml" <<'P'
import sys, xml.etree.ElementTree as xml
for case in xml.parse(sys.argv[1]).iter('testcase'):
    kind = case.find('*')
    print(kind.get('type').replace(' ', '-') if kind is not None else 'pass', case.get('name'))
P
}

# others_are_good TEST…: all tests but these passed or were skipped, and the run came to its end.
others_are_good() {
  local but=" $* " verdict test bad=0
  while read -r verdict test; do
    case $verdict in pass | skip) continue ;; esac
    case $but in *" $test "*) ;; *) echo "$test: $verdict"; bad=1 ;; esac
  done < <(verdicts)
  [ $bad = 0 ] || { cat "$(run_of)"/*/session.log; return 1; }
}

# nothing_left: no domain, loop device, disk or process of a run is here.
nothing_left() {
  local left
  left=$(xl list | grep winhost; losetup -l -n -O NAME,BACK-FILE; ls -A $STORE/run 2>/dev/null; pgrep -f http.server || true)
  [ -z "$left" ] || { echo "left behind: $left"; return 1; }
}

# verdict_of TEST: the one of it.
verdict_of() { verdicts | sed -n "s/^\([^ ]*\) $1$/\1/p"; }

# said TEXT: the session's log of the newest run has it.
said() { grep -q -- "$1" "$(run_of)"/*/session.log; }

# keep NAME: the run's results for whoever looks at the rig's.
keep() { cp -r "$(run_of)" "$RESULTS/$1"; }
