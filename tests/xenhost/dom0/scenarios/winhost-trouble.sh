# A guest under the orchestrator fails a test, hangs with and without regard for an NMI, crashes, resets itself, falls silent and
# garbles its lines, by the real xl: each is reported as what it was, within the time bounds, with logs; nothing is left.
# list: nightly
# bound: 5400
winhost_host
acts=disk.flush:fail,disk.filesystem:freeze,disk.trim:freeze-hard,net.ping:crash,net.transfer:reset,pnp.cycle:mute
SILENCE=60
if winhost smoke "$acts,hotplug.disk:garble"; then echo 'a run with failures is green'; exit 1; fi
verdicts
keep run
others_are_good disk.flush disk.filesystem disk.trim net.ping net.transfer pnp.cycle
same "$(verdict_of disk.flush)" fail
same "$(verdict_of disk.filesystem)" hang
same "$(verdict_of disk.trim)" hang
same "$(verdict_of net.ping)" crash
same "$(verdict_of net.transfer)" crash
same "$(verdict_of pnp.cycle)" lost
# The NMI and the crash left dumps, the guest's own words say of what; Xen was told of both.
cell=$(cell smoke)
grep -q 'PAGEDU64bugcheck 0xe2' "$cell/guest-minidump.dmp"
[ "$(grep -c 'the domain was preserved' "$cell/session.log")" -ge 2 ]
# Damaged lines were said again.
for line in 0 1 2; do said "guest: line $line"; done
grep -q 'the stand-in was told to fail' "$(run_of)/report.html"
[ -s "$cell/xen.log" ] && [ -s "$cell/qemu.log" ] && [ -s "$cell/serial-1.log" ]
nothing_left
proven 7 'misbehaviours of a guest reported as what they were'
