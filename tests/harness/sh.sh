# SPDX-License-Identifier: Apache-2.0
# sh.sh: for the test scripts (bash): . "$(dirname "$0")/../harness/sh.sh"
# A script calls `check TEXT COMMAND...` or `ok`/`fail TEXT` for each thing it looks at and ends with `finish`.
set -u
: "${KFPSTORE_SRC:=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}"
: "${KFPSTORE_BUILD:=$KFPSTORE_SRC/build}"
: "${KFP_MIGRATE:=$KFPSTORE_BUILD/kfp-migrate}"
: "${KFPSTORE_TEST_SERVERS:=$KFPSTORE_SRC/tests/harness/servers.sh}"
: "${KFPSTORE_TEST_LABEL:=sqlite}"
: "${KFPSTORE_TEST_DIR:?start this through tests/harness/run (scripts/test --only NAME)}"
: "${KFPSTORE_TEST_SHARED:=$KFPSTORE_TEST_DIR}"
: "${KFPSTORE_TEST_TMP:=$(mktemp -d)}"
export KFPSTORE_SRC KFPSTORE_BUILD KFP_MIGRATE KFPSTORE_TEST_DIR KFPSTORE_TEST_TMP
data=$KFPSTORE_SRC/tests/data
tools=$KFPSTORE_SRC/tests/tools
tmp=$KFPSTORE_TEST_TMP
label=$KFPSTORE_TEST_LABEL
checks=0 failures=0

ok() { checks=$((checks + 1)); echo "ok   $*"; }
fail() { checks=$((checks + 1)); failures=$((failures + 1)); echo "FAIL $*"; }
skip() { echo "skip: $*"; }
finish() {
    if [ $checks -gt 0 ]; then
        echo "$(((checks - failures) * 100 / checks))%: Checks: $checks, Failures: $failures, Errors: 0"
    fi
    [ $failures = 0 ]
    exit
}
# check TEXT COMMAND...: the command succeeds; its output is shown when it does not
check() {
    local text=$1 out
    shift
    if out=$("$@" 2>&1); then ok "$text"; else fail "$text (exit $?)"; printf '%s\n' "$out" | tail -n 25 | sed 's/^/       /'; fi
}
# expect "STATUS..." TEXT COMMAND...: exits with (one of) that status; stdout goes to $tmp/out, stderr to $tmp/err
expect() {
    local want=$1 text=$2 got
    shift 2
    "$@" >"$tmp/out" 2>"$tmp/err" </dev/null
    got=$?
    case " $want " in *" $got "*) ok "$text"; return 0 ;; esac
    fail "$text: exit $got, not $want"
    tail -n 15 "$tmp/out" "$tmp/err" | cut -c1-300 | sed 's/^/       /'
    return 1
}
equal() { # equal TEXT A B
    if [ "$2" = "$3" ]; then ok "$1"; else fail "$1: '$2' is not '$3'"; fi
}
contains() { # contains TEXT NEEDLE FILE
    if grep -qF -- "$2" "$3"; then ok "$1"; else fail "$1: no '$2' in:"; head -n 20 "$3" | cut -c1-300 | sed 's/^/       /'; fi
}

# ---- databases -------------------------------------------------------------------------------------------------------
serial=0
declare -A clients=() # by LABEL/DATABASE, of those that new_database made
running() { "$KFPSTORE_TEST_SERVERS" running "$1"; }
# new_database LABEL: sets $database and $dsn
new_database() {
    serial=$((serial + 1))
    database=$(printf '%.40s_%s_%d' "$(basename "$0" .sh)" "${KFPSTORE_TEST_LABEL}_$1" "$serial" | tr -c 'a-z0-9_' _)
    dsn=$("$KFPSTORE_TEST_SERVERS" create "$1" "$database")
    echo "$1 $database" >>"$tmp/databases" # the runner drops them
    clients[$1/$database]=$("$KFPSTORE_TEST_SERVERS" client "$1" "$database")
}
drop_database() { "$KFPSTORE_TEST_SERVERS" drop "$1" "$2"; }
# sql LABEL DATABASE [TEXT]: through the engine's own client; TEXT or stdin
sql() {
    local client=${clients[$1/$2]:-}
    [ -n "$client" ] || client=$("$KFPSTORE_TEST_SERVERS" client "$1" "$2")
    if [ $# -gt 2 ]; then $client <<<"$3"; else $client; fi
}
# rows_of LABEL DATABASE: a digest of every value in the target, to see that nothing was written
rows_of() {
    local table
    for table in tasks artifacts artifact_tasks run_details experiments; do
        sql "$1" "$2" "SELECT * FROM $table ORDER BY 1;" || echo "no $table $RANDOM"
    done | sha256sum
}
# json_of FILE KEY...: one value of a JSON report, True or False; 0 where it is absent
json_of() {
    local file=$1 path
    shift
    path=$(printf '."%s"' "$@")
    sqlite3 :memory: "SELECT CASE json_type(o, '\$$path') WHEN 'true' THEN 'True' WHEN 'false' THEN 'False'
        ELSE ifnull(json_extract(o, '\$$path'), 0) END FROM (SELECT CAST(readfile('$file') AS TEXT) AS o);"
}
# reader_of LABEL DATABASE: the arguments by which the Python tools read a database
reader_of() {
    case $1 in
    sqlite) echo "--sqlite $KFPSTORE_TEST_DIR/sqlite/$2.db" ;;
    pgsql) echo "--psql $KFPSTORE_TEST_DIR/pgsql/$2" ;;
    *) echo "--mysql $KFPSTORE_TEST_DIR/$("$KFPSTORE_TEST_SERVERS" instance "$1")/sock/$2" ;;
    esac
}
# new_loaded LABEL FILE: a database with the tables and rows of a SQLite one of MLMD or KFP
new_loaded() {
    local engine text
    new_database "$1"
    if [ "$1" = sqlite ]; then
        cp "$2" "$KFPSTORE_TEST_DIR/sqlite/$database.db"
        return
    fi
    engine=$("$KFPSTORE_TEST_SERVERS" engine "$1")
    text=$tmp/$(basename "$2").$engine.sql
    [ "$text" -nt "$2" ] || python3 "$tools/load_source.py" "$2" "$engine" >"$text"
    sql "$1" "$database" <"$text" >/dev/null
}
# new_generated STEM: the generated KFP database STEM with the schema, on the test's engine
new_generated() {
    new_loaded "$label" "$1.mlpipeline.sqlite" || fail "loading $1"
    "$KFP_MIGRATE" schema upgrade --target "$dsn" >/dev/null 2>"$tmp/err" || fail "schema upgrade: $(cat "$tmp/err")"
}
# new_kfp LABEL STEM: a KFP database (experiments, run_details, legacy tasks) from tests/data or a generated STEM.*
new_kfp() {
    new_database "$1"
    case $1 in
    sqlite) cp "$2.mlpipeline.sqlite" "$KFPSTORE_TEST_DIR/sqlite/$database.db" ;;
    pgsql) sql pgsql "$database" <"$2.mlpipeline.pg.sql" >/dev/null ;;
    *) sql "$1" "$database" <"$2.mlpipeline.mysql.sql" ;;
    esac
}
