#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# run.sh: imports on a real Galera cluster (`make check-galera`; not part of the suite).
# Starts three MariaDB nodes on loopback in a scratch folder. Imports are started at once, spread over the nodes: one
# works, the others exit 6 and name the holder. Then the holder's node is killed: an import on another node takes the
# lease over when it has run out, and the rows are those of an undisturbed import, on both nodes that are left. Exit
# status 77: the cluster cannot be made here, and what is missing.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
: "${KFPSTORE_BUILD:=$here/../../build}"
library=$(ls /usr/lib/galera/libgalera_smm.so /usr/lib/*/galera*/libgalera_smm.so 2>/dev/null | head -n 1)
server=$(command -v mariadbd || ls /usr/sbin/mariadbd 2>/dev/null)
missing=
[ -n "$library" ] || missing="$missing galera-4"
command -v rsync >/dev/null || missing="$missing rsync"
{ [ -n "$server" ] && command -v mariadb-install-db >/dev/null; } || missing="$missing mariadb-server-core"
command -v wsrep_sst_rsync >/dev/null || missing="$missing mariadb-server"
command -v lsof >/dev/null || command -v ss >/dev/null || missing="$missing iproute2"
command -v mariadb >/dev/null || missing="$missing mariadb-client-core"
if [ -n "$missing" ]; then
    echo "skip: no Galera cluster without the Debian packages$missing"
    exit 77
fi
scratch=$(mktemp -d "${TMPDIR:-/tmp}/kfpg.XXXXXX")
chmod 755 "$scratch"
export KFPSTORE_TEST_DIR=$scratch KFPSTORE_TEST_TMP=$scratch/tmp KFPSTORE_TEST_LABEL=mariadb LC_ALL=C.UTF-8
export PYTHONDONTWRITEBYTECODE=1
mkdir "$KFPSTORE_TEST_TMP"
. "$here/../harness/sh.sh"

# ---- the cluster -------------------------------------------------------------------------------------------------------
# Not as root: the state transfer of a root's server writes as nobody.
as=()
if [ "$(id -u)" = 0 ]; then
    account=kfpstore-test
    getent passwd $account >/dev/null ||
        useradd --system --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin $account
    as=(setpriv --reuid=$account --regid=$account --clear-groups)
    if ! "${as[@]}" test -x "$scratch" 2>/dev/null; then
        as+=(--inh-caps=+dac_read_search --ambient-caps=+dac_read_search --securebits=+no_setuid_fixup)
    fi
    as+=(--)
fi
ports() { # ports N: so many that are free
    python3 -c 'import socket, sys
held = [socket.socket() for _ in range(int(sys.argv[1]))]
for s in held: s.bind(("127.0.0.1", 0))
print(*[s.getsockname()[1] for s in held])' "$1"
}
read -r -a sql_ports <<<"$(ports 12)"
group_ports=("${sql_ports[@]:3:3}") ist_ports=("${sql_ports[@]:6:3}") sst_ports=("${sql_ports[@]:9:3}")
members=gcomm://127.0.0.1:${group_ports[0]},127.0.0.1:${group_ports[1]},127.0.0.1:${group_ports[2]}
pids=('' '' '')
on() { mariadb --no-defaults -uroot -N -B --default-character-set=utf8mb4 -S "$scratch/n$1/sock" ${3:+"$3"} -e "$2"; } # NODE TEXT [DATABASE]
start_node() { # start_node NUMBER [OPTION]
    local n=$1 d=$scratch/n$1 i
    shift
    mkdir -p "$d"
    [ ${#as[@]} = 0 ] || chown $account: "$d"
    (cd "$d" && "${as[@]}" mariadb-install-db --no-defaults --datadir="$d/data" --auth-root-authentication-method=normal \
        --skip-test-db --innodb-log-file-size=16M >"$scratch/init$n.log" 2>&1) || { tail -n 20 "$scratch/init$n.log"; return 1; }
    cd "$d" || return 1
    "${as[@]}" setsid "$server" --no-defaults --datadir="$d/data" --socket="$d/sock" --pid-file="$d/server.pid" \
        --port="${sql_ports[n]}" --bind-address=127.0.0.1 --tmpdir="$d" --character-set-server=utf8mb4 \
        --binlog-format=ROW --default-storage-engine=InnoDB --innodb-autoinc-lock-mode=2 --max-connections=200 \
        --innodb-buffer-pool-size=64M --innodb-log-file-size=16M --wsrep-on=ON --wsrep-provider="$library" \
        --wsrep-cluster-name=kfpstore --wsrep-cluster-address="$members" --wsrep-node-name="n$n" \
        --wsrep-node-address="127.0.0.1:${group_ports[n]}" \
        --wsrep-provider-options="base_port=${group_ports[n]};gmcast.listen_addr=tcp://127.0.0.1:${group_ports[n]};ist.recv_addr=127.0.0.1:${ist_ports[n]};gcache.size=32M" \
        --wsrep-sst-method=rsync --wsrep-sst-receive-address="127.0.0.1:${sst_ports[n]}" "$@" \
        </dev/null >"$scratch/node$n.log" 2>&1 &
    pids[n]=$!
    cd - >/dev/null || return 1
    for ((i = 0; i < 1200; i++)); do
        case $(on "$n" "SHOW STATUS LIKE 'wsrep_local_state_comment'" 2>/dev/null) in *Synced) return 0 ;; esac
        kill -0 "${pids[n]}" 2>/dev/null || break
        sleep 0.1
    done
    grep -E "ERROR|WSREP_SST|Warning" "$scratch/node$n.log" | tail -n 20
    return 1
}
stop_nodes() {
    local n i
    for n in 2 1 0; do
        [ -n "${pids[n]}" ] || continue
        kill "${pids[n]}" 2>/dev/null
        for ((i = 0; i < 300; i++)); do
            kill -0 "${pids[n]}" 2>/dev/null || break
            sleep 0.1
        done
        kill -KILL "${pids[n]}" 2>/dev/null
    done
    [ -n "${KFPSTORE_TEST_KEEP:-}" ] || rm -rf "$scratch"
}
trap stop_nodes EXIT
trap 'exit 143' TERM HUP
trap 'exit 130' INT
began=$SECONDS
start_node 0 --wsrep-new-cluster || { fail "the first node starts"; finish; }
for n in 1 2; do start_node $n || { fail "node $n joins"; finish; }; done
equal "three nodes in $((SECONDS - began)) s" 3 "$(on 2 "SHOW STATUS LIKE 'wsrep_cluster_size'" | cut -f2)"

# ---- databases ---------------------------------------------------------------------------------------------------------
stem=$tmp/scaled
check "generated" python3 "$tools/mlmdgen.py" "$stem" --scale 1000 --seed 31
python3 "$tools/load_source.py" "$stem.mlpipeline.sqlite" mysql >"$tmp/target.sql"
source=sqlite://$stem.mlmd.sqlite
dsn_on() { echo "mysql://root@localhost/$database?socket=$scratch/n$1/sock"; }
reader_on() { echo "--mysql $scratch/n$1/sock/$2"; }
new_target() { # new_target NAME
    database=$1
    on 0 "CREATE DATABASE $1 CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin"
    mariadb --no-defaults -uroot --default-character-set=utf8mb4 -S "$scratch/n0/sock" "$1" <"$tmp/target.sql"
    expect 0 "$1: schema upgrade" "$KFP_MIGRATE" schema upgrade --target "$(dsn_on 0)"
}
import_on() { # import_on NODE OPTIONS
    local target
    target=$(dsn_on "$1")
    shift
    "$KFP_MIGRATE" import --json --batch 60 --source "$source" --target "$target" "$@" </dev/null
}
# waits until what the others committed is there
done_on() { on "$1" "SET SESSION wsrep_sync_wait = 1; SELECT count(*) FROM kfpstore_migration_run" "$database"; }
with_status() { grep -lx "$1" "$tmp"/status.[0-9]* 2>/dev/null | wc -l; }
# crowd OPTIONS: thirty at once; number N on node N modulo 3
crowd=30
crowd() {
    local i
    imports=()
    rm -f "$tmp/go" "$tmp"/status.* "$tmp"/err.* "$tmp"/out.*
    for ((i = 0; i < crowd; i++)); do
        {
            until [ -e "$tmp/go" ]; do sleep 0.05; done
            import_on $((i % 3)) --wait-lock 0 "$@" >"$tmp/out.$i" 2>"$tmp/err.$i"
            echo $? >"$tmp/status.$i"
        } &
        imports+=($!)
    done
    touch "$tmp/go"
}
refused_are_told() { # refused_are_told TEXT
    local file refused=0 named=0
    for file in $(grep -lx 6 "$tmp"/status.[0-9]*); do
        refused=$((refused + 1))
        if grep -q 'locked by "import [^ ]*:[0-9]* [0-9a-f]*"' "$tmp/err.${file##*.}"; then named=$((named + 1)); else head -n 2 "$tmp/err.${file##*.}"; fi
    done
    equal "$1: all $refused that were refused name the holder" $refused $named
}
same_rows() { # same_rows TEXT NODE...
    local text=$1 n
    shift
    for n; do
        done_on "$n" >/dev/null
        check "$text: the rows of an undisturbed import, on node $n" \
            python3 "$tools/compare_targets.py" $(reader_on "$n" alone) $(reader_on "$n" "$database")
    done
}
new_target alone
expect 0 "an undisturbed import" import_on 0
runs=$(json_of "$tmp/out" runs imported)

# ---- one works ---------------------------------------------------------------------------------------------------------
new_target held_back
touch "$tmp/pause"
crowd --pause-file "$tmp/pause"
for ((i = 0; i < 600; i++)); do
    [ "$(ls "$tmp" | grep -c '^status\.')" -lt $((crowd - 1)) ] || break
    sleep 0.1
done
sleep 1
equal "held back: all but one exit 6" $((crowd - 1)) "$(with_status 6)"
refused_are_told "held back"
rm "$tmp/pause"
wait "${imports[@]}"
equal "held back: the one that worked exits 0" 1 "$(with_status 0)"
same_rows "held back" 0 1 2

new_target full_speed
crowd
wait "${imports[@]}"
worked=$(with_status 0)
equal "at full speed: 0 or 6, and nothing else" $crowd $((worked + $(with_status 6)))
check "at full speed: $worked of $crowd had the lock one after the other" test "$worked" -ge 1 -a "$worked" -lt $crowd
imported=0
for file in $(grep -lx 0 "$tmp"/status.[0-9]*); do
    imported=$((imported + $(json_of "$tmp/out.${file##*.}" runs imported)))
done
equal "at full speed: they imported each run once between them" "$runs" $imported
refused_are_told "at full speed"
same_rows "at full speed" 0 1 2

# ---- the holder's node is killed ---------------------------------------------------------------------------------------
# The holder tries to reach its node for a while; by then the lease is another's.
new_target node_killed
"$KFP_MIGRATE" import --json --batch 60 --sleep-ratio 20 --source "$source" --target "$(dsn_on 0)" \
    >"$tmp/holder.out" 2>"$tmp/holder.err" </dev/null &
holder=$!
for ((i = 0; i < 600; i++)); do
    there=$(done_on 1)
    [ "$there" -lt 3 ] || break
    sleep 0.1
done
check "killed: the import was under way ($there of $runs runs)" test "$there" -ge 3 -a "$there" -lt "$runs"
kill -KILL "${pids[0]}"
wait "${pids[0]}" 2>/dev/null
pids[0]=
# the two that are left notice, and go on
for ((i = 0; i < 600; i++)); do
    case $(on 1 "SHOW STATUS LIKE 'wsrep_cluster_size'" 2>/dev/null) in *2) break ;; esac
    sleep 0.1
done
equal "killed: two nodes are left" 2 "$(on 1 "SHOW STATUS LIKE 'wsrep_cluster_size'" | cut -f2)"
expect 6 "killed: the lease is still the holder's" import_on 2 --wait-lock 0
expect 0 "killed: an import on another node takes it over" import_on 1 --wait-lock 60
equal "killed: and does the rest" "$runs" "$(done_on 2)"
kill -TERM $holder 2>/dev/null
wait $holder
status=$?
case $status in
1 | 6 | 69 | 75) ok "killed: the old holder gave up (exit $status)" ;;
*) fail "killed: the old holder: exit $status: $(tail -n 3 "$tmp/holder.err")" ;;
esac
same_rows "killed" 1 2
finish
