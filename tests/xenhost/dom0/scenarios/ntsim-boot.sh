# The stand-in NT kernel boots as an HVM guest with 1, 2 and 4 processors: threads, clock, all vCPUs.
for n in 1 2 4; do
  ntsim_config "nt$n" "$n" 'job=hello'
  xl create "nt$n.cfg"
  wait_for 60 guest_says "nt$n" 'hvm: end:'
  cp "/tmp/work/serial-nt$n" "$RESULTS/serial-$n"
  guest_says "nt$n" "hvm: $n processors"
  guest_says "nt$n" 'hvm: end: done'
  wait_for 20 sh -c "! xl domid nt$n"
done
