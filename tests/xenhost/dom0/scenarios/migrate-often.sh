# Twenty restores and live migrations under load, as `migrate` does two.
# list: nightly
# bound: 7200
ROUNDS=20
. /host/scenarios/migrate.sh
