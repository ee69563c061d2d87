# Xen answers, xenstore keeps what it is told, and the bridge is there.
xl info
xenstore-write /rig/test 42
[ "$(xenstore-read /rig/test)" = 42 ]
ip -br addr show br0
