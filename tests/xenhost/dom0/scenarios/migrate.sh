# Save and restore, and live migration to localhost, in turns under disk and network load: nothing in flight fails, no content
# is lost.
# bound: 3600
/host/payload/xenpeer echo & echo_server=$!
trap 'kill $echo_server' EXIT
truncate -s 64M disk.img
MEMORY=256
ntsim_start nt 2 "disk=['format=raw,vdev=xvde,access=rw,target=$PWD/disk.img']
vif=['type=vif,mac=00:16:3e:11:22:33,bridge=br0']"
under_load nt
for round in $(seq "${ROUNDS:-2}"); do
  xl save nt /var/save
  xl restore /var/save
  rm /var/save
  goes_on nt
  before=$(xl domid nt)
  xl migrate -s '' nt 'xl migrate-receive'
  [ "$(xl domid nt)" != "$before" ]
  goes_on nt
done
load_ends nt
proven "${ROUNDS:-2}" 'migrations, and as many restores, under load without a lost byte'
