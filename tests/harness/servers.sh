#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# servers.sh: private database servers for the tests, on unix sockets.
#
#   servers.sh start [--watch PID] ENGINE...   ENGINE: pgsql, mariadb, mysql; exit 77: that one is not on this machine
#   servers.sh stop|kill|restart [ENGINE...]   only servers that `start` started; kill is SIGKILL
#   servers.sh running ENGINE                  exit status says
#   servers.sh create LABEL NAME               a new, empty database (an older one of that name goes); prints its DSN
#   servers.sh drop LABEL NAME
#   servers.sh dsn|client|admin|flavour|engine|instance LABEL [NAME]
#
# A LABEL is an engine or an engine with another character set: sqlite, pgsql, mariadb, mysql, mariadb-latin1,
# mariadb-generalci, mariadb-unicode, mysql-latin1, mysql-generalci, mysql-ai; sqlite-adopted and pgsql-adopted are the
# plain engines, for tests that then take the tables that upstream makes. Everything lies under $KFPSTORE_TEST_DIR.
# With --watch the servers stop by themselves when process PID has gone.
#
# What a server has committed survives the kill of its process, and with KFPSTORE_TEST_DURABLE that of the machine too.
# KFPSTORE_TEST_PGSQL_OPTIONS and KFPSTORE_TEST_MARIADB_OPTIONS are added to a server's options. With
# KFPSTORE_TEST_SHARED what initdb and its like make is kept there, and copied when it is wanted again.
set -eu
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
self=$here/servers.sh
dir=${KFPSTORE_TEST_DIR:?KFPSTORE_TEST_DIR names the scratch folder}
account=kfpstore-test

die() { printf '%s\n' "servers.sh: $*" >&2; exit 1; }
absent() { printf '%s\n' "servers.sh: $*" >&2; exit 77; }

# As root the servers run as an account without rights. setpriv execs, so that $! is the server itself.
as=()
drop_rights() {
    [ "$(id -u)" = 0 ] || return 0
    getent passwd "$account" >/dev/null ||
        useradd --system --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin "$account" ||
        die "cannot make the account $account"
    as=(setpriv "--reuid=$account" "--regid=$account" --clear-groups)
    # where / or the way to here is closed to others (a container's root of mode 0700), they may look, not write;
    # the securebit makes access(2), which PostgreSQL asks, agree
    if ! "${as[@]}" test -x "$here" -a -r "$self" 2>/dev/null; then
        as+=(--inh-caps=+dac_read_search --ambient-caps=+dac_read_search --securebits=+no_setuid_fixup)
    fi
    as+=(--)
}
own() {
    mkdir -p "$1"
    [ "$(id -u)" = 0 ] || return 0
    chown "$account:" "$1"
}

pg_bin() {
    local newest
    newest=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
    [ -n "$newest" ] || { newest=$(command -v initdb) && newest=$(dirname "$newest"); } || return 1
    [ -x "$newest/initdb" ] && [ -x "$newest/postgres" ] && printf '%s' "$newest"
}
mysql_prefix() { "$here/../../scripts/fetch-mysql" --where; }

engine_of() { # the driver's name
    case $1 in
    sqlite | pgsql | sqlite-adopted | pgsql-adopted) printf '%s\n' "${1%-adopted}" ;;
    mariadb* | mysql*) echo mysql ;;
    *) die "unknown engine: $1" ;;
    esac
}
instance_of() { # the server that serves a label
    case $1 in
    sqlite | pgsql | sqlite-adopted | pgsql-adopted) printf '%s\n' "${1%-adopted}" ;;
    mariadb | mariadb-*) echo mariadb ;;
    mysql | mysql-*) echo mysql ;;
    *) die "unknown engine: $1" ;;
    esac
}
flavour_of() { case $1 in pgsql*) echo postgresql ;; *) instance_of "$1" ;; esac; }
charset_of() {
    case $1 in
    mariadb) echo 'utf8mb4 COLLATE utf8mb4_nopad_bin' ;;
    mysql) echo 'utf8mb4 COLLATE utf8mb4_0900_bin' ;;
    *-latin1) echo 'latin1 COLLATE latin1_swedish_ci' ;;
    *-generalci) echo 'utf8mb4 COLLATE utf8mb4_general_ci' ;;
    mariadb-unicode) echo 'utf8mb4 COLLATE utf8mb4_unicode_ci' ;;
    mysql-ai) echo 'utf8mb4 COLLATE utf8mb4_0900_ai_ci' ;;
    *) die "unknown engine: $1" ;;
    esac
}

pid_of() { # prints the pid if the process is there and is the one that was started
    local pid
    pid=$(cat "$dir/$1/pid" 2>/dev/null) && [ -n "$pid" ] || return 1
    { tr '\0' ' ' <"/proc/$pid/cmdline"; } 2>/dev/null | grep -qF -- "$dir/$1/data" && printf '%s\n' "$pid"
}

# A killed process leaves behind what it wrote, synced or not. Without syncing, PostgreSQL's recovery does not first go
# through every file of every database.
pgsql_durability='-c fsync=off' innodb_durability='--innodb-flush-log-at-trx-commit=2 --innodb-flush-method=nosync'
if [ -n "${KFPSTORE_TEST_DURABLE:-}" ]; then
    pgsql_durability='-c fsync=on' innodb_durability='--innodb-flush-log-at-trx-commit=1'
fi

sql() { # sql INSTANCE DATABASE TEXT
    case $1 in
    pgsql) psql -X -q -v ON_ERROR_STOP=1 -h "$dir/pgsql" -U kfp -d "$2" -Atc "$3" ;;
    *) mariadb --no-defaults -uroot -S "$dir/$1/sock" -N -e "$3" ${2:+"$2"} ;;
    esac
}

wait_ready() { # wait_ready INSTANCE PID
    local end=$((SECONDS + 300))
    while [ $SECONDS -lt $end ]; do
        if sql "$1" "$([ "$1" = pgsql ] && echo postgres)" 'SELECT 1' >/dev/null 2>&1; then return 0; fi
        if ! kill -0 "$2" 2>/dev/null; then
            tail -n 20 "$dir/$1/server.log" >&2
            die "$1 ended while it started"
        fi
        sleep 0.1
    done
    die "$1 was not ready after 300 seconds"
}

launch() { # launch INSTANCE COMMAND...: in a session of its own, so that a Ctrl-C of the tests does not reach it
    local instance=$1
    shift
    touch "$dir/$instance/server.log" "$dir/$instance/pid"
    # setsid in a child of a script does not fork: the pid stays
    "${as[@]}" setsid "$@" </dev/null >>"$dir/$instance/server.log" 2>&1 &
    local pid=$!
    printf '%s\n' "$pid" >"$dir/$instance/pid"
    wait_ready "$instance" "$pid"
}

make_data() { # make_data INSTANCE COMMAND...: once, and a copy of that for each other worker
    local data=$dir/$1/data log=$dir/$1/init.log fresh=${KFPSTORE_TEST_SHARED:-$dir/$1}/fresh.$1
    [ ! -e "$data" ] || return 0
    if [ ! -d "$fresh" ]; then
        (cd "$dir/$1" && "${as[@]}" "${@:2}" >"$log" 2>&1) || { rm -rf "$data"; head -n 30 "$log" >&2; die "$2 failed"; }
        [ -z "${KFPSTORE_TEST_SHARED:-}" ] || cp -a "$data" "$fresh"
    else
        cp -a "$fresh" "$data"
    fi
}

start_pgsql() {
    local bin d=$dir/pgsql
    bin=$(pg_bin) || absent "no PostgreSQL server (Debian: postgresql)"
    command -v psql >/dev/null || absent "no psql (Debian: postgresql-client)"
    own "$d"
    make_data pgsql "$bin/initdb" -D "$d/data" -U kfp -A trust -E UTF8 --locale=C -N
    rm -f "$d/data/postmaster.pid" "$d/.s.PGSQL.5432" "$d/.s.PGSQL.5432.lock"
    (cd "$d" && launch pgsql "$bin/postgres" -D "$d/data" -c listen_addresses= -c unix_socket_directories="$d" \
        -c max_connections=240 -c shared_buffers=128MB -c synchronous_commit=on -c timezone=UTC \
        -c log_min_messages=warning -c max_wal_size=512MB $pgsql_durability ${KFPSTORE_TEST_PGSQL_OPTIONS:-})
}

start_mariadb() {
    local d=$dir/mariadb server
    server=$(command -v mariadbd || ls /usr/sbin/mariadbd 2>/dev/null) || absent "no MariaDB server (Debian: mariadb-server-core)"
    command -v mariadb >/dev/null || absent "no mariadb client (Debian: mariadb-client-core)"
    own "$d"
    make_data mariadb mariadb-install-db --no-defaults --datadir="$d/data" --skip-test-db \
        --auth-root-authentication-method=normal --innodb-log-file-size=64M
    (cd "$d" && launch mariadb "$server" --no-defaults --datadir="$d/data" --socket="$d/sock" --skip-networking \
        --pid-file="$d/server.pid" --skip-log-bin $innodb_durability --innodb-buffer-pool-size=256M \
        --innodb-log-file-size=64M --max-allowed-packet=64M --max-connections=240 --character-set-server=utf8mb4 \
        --tmpdir="$d" ${KFPSTORE_TEST_MARIADB_OPTIONS:-})
}

start_mysql() {
    local d=$dir/mysql prefix
    prefix=$(mysql_prefix) && [ -x "$prefix/mysqld" ] || absent "no MySQL server (scripts/fetch-mysql gets one)"
    command -v mariadb >/dev/null || absent "no mariadb client (Debian: mariadb-client-core)"
    own "$d"
    make_data mysql "$prefix/mysqld" --initialize-insecure --datadir="$d/data" --innodb-redo-log-capacity=64M \
        --secure-file-priv=NULL --tmpdir="$d"
    # a killed one leaves its number there, and as long as nobody has asked how it ended the number is in use
    rm -f "$d/sock" "$d/sock.lock"
    (cd "$d" && launch mysql "$prefix/mysqld" --datadir="$d/data" --socket="$d/sock" --skip-networking --mysqlx=OFF \
        --pid-file="$d/server.pid" --skip-log-bin $innodb_durability --innodb-buffer-pool-size=256M \
        --innodb-redo-log-capacity=128M --max-allowed-packet=64M --max-connections=240 --secure-file-priv=NULL \
        --performance-schema=OFF --tmpdir="$d")
}

start_one() {
    [ "$1" != sqlite ] || return 0
    mkdir -p "$dir"
    chmod 755 "$dir"
    case $dir in *' '*) die "no blanks in KFPSTORE_TEST_DIR, please" ;; esac
    [ ${#dir} -le 75 ] || die "KFPSTORE_TEST_DIR is too long for a unix socket"
    drop_rights
    "start_$1"
}

stop_one() { # stop_one SIGNAL INSTANCE
    local pid i end
    pid=$(pid_of "$2") || { rm -f "$dir/$2/pid"; return 0; }
    # what comes back has to recover what happens from here on, and not all that the suite wrote
    [ "$1 $2" != 'KILL pgsql' ] || timeout 60 psql -X -q -h "$dir/pgsql" -U kfp -d postgres -c CHECKPOINT || true
    # PostgreSQL: SIGINT is the fast shutdown, which ends sessions
    [ "$1 $2" != 'TERM pgsql' ] || set -- INT "$2"
    kill -s "$1" "$pid" 2>/dev/null || true
    end=$((SECONDS + 120))
    while pid_of "$2" >/dev/null; do
        [ $SECONDS -lt $end ] || kill -s KILL "$pid" 2>/dev/null || true
        [ $SECONDS -lt $((end + 30)) ] || break
        sleep 0.1
    done
    rm -f "$dir/$2/pid"
    # the children of a killed PostgreSQL notice and go by themselves; its successor has to wait for that
    if [ "$1 $2" = 'KILL pgsql' ]; then
        for ((i = 0; i < 200; i++)); do
            ls -l /proc/[0-9]*/cwd 2>/dev/null | grep -qF -- "-> $dir/pgsql/data" || break
            sleep 0.05
        done
    fi
}

watch() { # stops the servers when process $1 is gone
    while kill -0 "$1" 2>/dev/null; do
        [ -d "$dir" ] || exit 0
        sleep 2
    done
    [ -d "$dir" ] || exit 0
    for instance in pgsql mariadb mysql; do stop_one TERM "$instance"; done
    case $dir in */kfpt.??????*) rm -rf "${dir%/worker*}" ;; esac
}

dsn_of() { # dsn_of LABEL NAME
    case $1 in
    sqlite*) printf 'sqlite://%s/sqlite/%s.db\n' "$dir" "$2" ;;
    pgsql*) printf 'postgresql://kfp@%%2F%s/%s\n' "$(printf '%s' "${dir#/}/pgsql" | sed 's,/,%2F,g')" "$2" ;;
    *) printf 'mysql://root@localhost/%s?socket=%s/%s/sock\n' "$2" "$dir" "$(instance_of "$1")" ;;
    esac
}

# The database's own client as one command line, for reading back what a test wrote.
client_of() {
    case $1 in
    sqlite*) printf 'sqlite3 %s/sqlite/%s.db\n' "$dir" "$2" ;;
    pgsql*) printf 'psql -X -q -At -v ON_ERROR_STOP=1 -h %s/pgsql -U kfp -d %s\n' "$dir" "$2" ;;
    *) printf 'mariadb --no-defaults -N -B --default-character-set=utf8mb4 --max-allowed-packet=64M -uroot -S %s/%s/sock %s\n' \
        "$dir" "$(instance_of "$1")" "$2" ;;
    esac
}

create() { # create LABEL NAME
    case $2 in '' | *[!a-z0-9_]*) die "a database's name is of a-z, 0-9 and _: $2" ;; esac
    case $1 in
    sqlite*) mkdir -p "$dir/sqlite"; rm -f "$dir/sqlite/$2.db"*; : >"$dir/sqlite/$2.db" ;;
    pgsql*)
        sql pgsql postgres "DROP DATABASE IF EXISTS \"$2\" WITH (FORCE)" 2>/dev/null
        sql pgsql postgres "CREATE DATABASE \"$2\" TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'"
        ;;
    *) sql "$(instance_of "$1")" '' "DROP DATABASE IF EXISTS \`$2\`; CREATE DATABASE \`$2\` CHARACTER SET $(charset_of "$1")" ;;
    esac
    dsn_of "$1" "$2"
}

drop() {
    case $1 in
    sqlite*) rm -f "$dir/sqlite/$2.db"* ;;
    pgsql*) sql pgsql postgres "DROP DATABASE IF EXISTS \"$2\" WITH (FORCE)" 2>/dev/null ;;
    *) sql "$(instance_of "$1")" '' "DROP DATABASE IF EXISTS \`$2\`" ;;
    esac
}

command=${1:-}
[ $# -gt 0 ] && shift
case $command in
start)
    watched=
    if [ "${1:-}" = --watch ]; then watched=$2; shift 2; fi
    started=
    for instance in "$@"; do
        instance=$(instance_of "$instance")
        if [ "$instance" = sqlite ] || pid_of "$instance" >/dev/null; then continue; fi
        start_one "$instance"
        started=yes
    done
    if [ -n "$watched" ] && [ -n "$started" ]; then
        "$self" watch "$watched" </dev/null >/dev/null 2>&1 &
    fi
    ;;
watch) trap '' INT HUP; watch "$1" ;;
stop | kill)
    signal=TERM
    [ "$command" = stop ] || signal=KILL
    [ $# -gt 0 ] || set -- pgsql mariadb mysql
    for instance in "$@"; do stop_one "$signal" "$(instance_of "$instance")"; done
    ;;
restart)
    for instance in "$@"; do
        stop_one TERM "$(instance_of "$instance")"
        start_one "$(instance_of "$instance")"
    done
    ;;
running) [ "$(instance_of "$1")" = sqlite ] || pid_of "$(instance_of "$1")" >/dev/null ;;
create | drop) "$command" "$1" "$2" ;;
dsn) dsn_of "$1" "$2" ;;
client) client_of "$1" "$2" ;;
admin) case $(engine_of "$1") in sqlite) ;; pgsql) dsn_of "$1" postgres ;; *) dsn_of "$1" mysql ;; esac ;;
flavour) flavour_of "$1" ;;
engine) engine_of "$1" ;;
instance) instance_of "$1" ;;
*) sed -n '4,16s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
