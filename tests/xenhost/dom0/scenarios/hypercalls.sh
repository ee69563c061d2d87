# The script of hypercalls runs on real Xen; its answers are what xensim's recording says.
# list: nightly
# bound: 1500
ntsim_config nt 1 'job=hypercalls'
xl create nt.cfg
wait_for 1200 guest_says nt 'hvm: end:'
cp /tmp/work/serial-nt "$RESULTS/serial"
guest_says nt 'hvm: PASS hypercalls'
sed -n 's/\r$//; s/^.*script: //p' /tmp/work/serial-nt >"$RESULTS/answers.txt"
[ ! -f /host/payload/xen-4.20.txt ] || diff /host/payload/xen-4.20.txt "$RESULTS/answers.txt"
