# Guests that never boot again, and that start again and again, under the orchestrator on the real xl: reported as such within
# the bounds, nothing left.
# list: nightly
# bound: 5400
winhost_host
BOOT=150
if winhost smoke selftest:brick --bound dump=10; then echo 'a guest that never boots is green'; exit 1; fi
keep brick
verdicts | tail -n 1
said 'end: the guest never booted: 3 starts'
same "$(verdict_of selftest)" hang
same "$(verdict_of install.msi)" not-run
grep -q 'never booted' "$(run_of)/report.html"
nothing_left

if winhost smoke selftest:loop --bound starts=3; then echo 'a boot loop is green'; exit 1; fi
keep loop
said 'end: the guest starts again and again: 3 times'
same "$(verdict_of install.msi)" not-run
nothing_left

# xl itself cannot start it.
BRIDGE=none
if winhost smoke ''; then echo 'a guest without a bridge is green'; exit 1; fi
keep create
said 'end: the host failed: .*xl create'
nothing_left
proven 3 'guests that never came to a test reported'
