# The host disappears from under the orchestrator, and comes back; the orchestrator is killed, its run cleaned up, and resumed to
# its good end: on the real xl, over an ssh that can be cut.
# list: nightly
# bound: 5400
winhost_host
mkdir bin
cat >bin/ssh <<'C'
#!/bin/bash
# Runs what it is told, while the host is there.
if [ -e /tmp/work/away ]; then echo 'ssh: connect to host rig port 22: No route to host' >&2; exit 255; fi
for last; do :; done
exec sh -c "$last"
C
chmod +x bin/ssh
PATH=$PWD/bin:$PATH
HOST=root@rig
there() { [ -n "$(xl list | grep winhost)" ] && [ -n "$(ls $STORE/run)" ] && [ -n "$(losetup -l -n -O NAME)" ]; }

winhost smoke '' & orchestrator=$!
wait_for 1200 said 'begin install.msi'
touch /tmp/work/away
if wait $orchestrator; then echo 'a run without a host is green'; exit 1; fi
keep gone
verdicts | tail -n 1
said 'end: the host disappeared: ssh: connect'
same "$(verdict_of install.msi)" lost
same "$(verdict_of install.state)" not-run
grep -q 'host is not clean' "$(run_of)/report.html"
there
rm /tmp/work/away
winhost_program clean
nothing_left

# Resumed, it runs what the host took; killed in it, it has no result for that, and leaves what it had.
run=$(basename "$(run_of)")
again() { [ "$(grep -c 'begin install.msi' "$(cell smoke)/session.log")" = 2 ]; }
winhost smoke '' --resume "$run" & orchestrator=$!
wait_for 1200 again
pkill -9 -P $orchestrator
if wait $orchestrator; then echo 'a killed orchestrator is content'; exit 1; fi
there
winhost_program clean
winhost_program clean
nothing_left

winhost smoke '' --resume "$run"
keep resumed
same "$(basename "$(run_of)")" "$run"
others_are_good
nothing_left
proven 2 'runs cut off and resumed to their good end'
