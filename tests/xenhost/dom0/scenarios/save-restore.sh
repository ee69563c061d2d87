# Save and restore into a new domain twice, and a suspend that is cancelled, under disk and network load: nothing
# in flight fails, no content is lost.
# list: nightly
# bound: 3600
/host/payload/xenpeer echo & echo_server=$!
trap 'kill $echo_server' EXIT
truncate -s 64M disk.img
MEMORY=256
ntsim_start nt 2 "disk=['format=raw,vdev=xvde,access=rw,target=$PWD/disk.img']
vif=['type=vif,mac=00:16:3e:11:22:33,bridge=br0']"
under_load nt
for round in 1 2; do
  xl save nt /var/save
  xl restore /var/save
  rm /var/save
  goes_on nt
done
xl save -c nt /var/save
rm /var/save
goes_on nt
load_ends nt
proven 3 'suspends under load without a lost byte'
