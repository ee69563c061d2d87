# The shipped xenpvpci.sys starts on the real platform device, and its bus enumerates.
ntsim_config nt 2 'job=boot'
xl create nt.cfg
wait_for 60 guest_says nt 'hvm: end:'
cp /tmp/work/serial-nt "$RESULTS/serial"
guest_says nt 'hvm: PASS boot'
# The job passes whatever devices did: what it printed of the tree decides.
guest_says nt 'Started xenpvpci'
guest_says nt 'Started xenpvvbd'
