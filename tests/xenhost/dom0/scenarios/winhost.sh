# The orchestrator of Windows guests (docs/winhost.md) on the real xl: a stand-in guest installs the shipped drivers from the payload
# image, comes back from its restart, has its disk compared by the host and one plugged in; one test fails; nothing is left.
# bound: 2400
winhost_host
rest=disk.filesystem:pass,disk.trim:pass,net.ping:pass,net.transfer:pass,pnp.cycle:pass,hotplug.nic:pass,power.cancelled:pass
rest=$rest,power.suspend:pass,power.reboot:pass,install.remove:pass,install.gone:pass
if winhost smoke "disk.flush:fail,$rest"; then echo 'a run with a failure is green'; exit 1; fi
keep run
verdicts
others_are_good disk.flush
same "$(verdict_of disk.flush)" fail
for test in install.msi install.state disk.content hotplug.disk; do same "$(verdict_of $test)" pass; done
grep -q 'Started xenpvvbd' "$(cell smoke)/guest-pnputil.txt"
nothing_left
proven 1 'guest installed and tested under the orchestrator'
