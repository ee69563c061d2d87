# The stand-in NT kernel boots as an HVM guest with 1, 2 and 4 processors: threads, clock, all vCPUs.
# bound: 2400
for n in 1 2 4; do
  ntsim_config "nt$n" "$n" 'job=hello'
  xl create "nt$n.cfg"
  wait_for 900 guest_says "nt$n" 'hvm: end:'
  guest_says "nt$n" "hvm: $n processors"
  guest_says "nt$n" 'hvm: end: done'
  wait_for 60 gone "nt$n"
done
