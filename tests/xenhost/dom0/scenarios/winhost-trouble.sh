# A guest under the orchestrator fails a test, hangs with and without regard for an NMI, crashes, falls silent and
# garbles its lines, by the real xl: each is reported as what it was, within the time bounds, with logs; nothing is left.
# list: nightly
# bound: 5400
winhost_host
SILENCE=60
acts=disk.flush:fail,disk.trim:freeze,net.ping:freeze-hard,net.transfer:crash,hotplug.disk:mute,hotplug.nic:garble
# The rest is the matter of another scenario.
rest=disk.content:pass,disk.filesystem:pass,pnp.cycle:pass,power.cancelled:pass,power.suspend:pass,power.reboot:pass,install.remove:pass,install.gone:pass
if winhost smoke "$acts,$rest"; then echo 'a run with failures is green'; exit 1; fi
keep run
verdicts
others_are_good disk.flush disk.trim net.ping net.transfer hotplug.disk
same "$(verdict_of disk.flush)" fail
same "$(verdict_of disk.trim)" hang
same "$(verdict_of net.ping)" hang
same "$(verdict_of net.transfer)" crash
same "$(verdict_of hotplug.disk)" lost
# Xen was told of the crash, of the first hang's and of the mute guest's NMI, and each left a dump; a hang that obeys no NMI leaves none.
cell=$(cell smoke)
same "$(grep -c 'the domain was preserved' "$cell/session.log")" 3
same "$(grep -c 'file minidump.dmp' "$cell/session.log")" 3
grep -q 'PAGEDU64bugcheck 0x80' "$cell/guest-minidump.dmp"
# Damaged lines were said again.
for line in 0 1 2; do said "guest: line $line"; done
grep -q 'the stand-in was told to fail' "$(run_of)/report.html"
[ -s "$cell/xen.log" ] && [ -s "$cell/qemu.log" ] && [ -s "$cell/serial-1.log" ]
nothing_left
proven 6 'misbehaviours of a guest reported as what they were'
