# The orchestrator of Windows guests (docs/winhost.md) takes a stand-in guest through a whole suite by the real xl: drivers from
# the payload image, restarts, verifier, suspend, hot-plug; content compared on both sides, results collected, nothing left.
# bound: 2400
winhost_host
winhost smoke ''
verdicts
others_are_good
keep run
cell=$(cell smoke)
grep -q 'Started xenpvvbd' "$cell/guest-pnputil.txt"
nothing_left
proven "$(verdicts | grep -c ^pass)" 'tests of a guest passed under the orchestrator'
