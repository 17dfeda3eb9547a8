#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# import --defer-indexes: rows and schema are those of a plain import, also when it was stopped or killed at any COMMIT and
# whoever goes on: an import with the option, one without, or a schema upgrade. As long as an index is missing the schema's
# commands say why.
. "$(dirname "$0")/../harness/sh.sh"
stem=$tmp/defer
check "generated" python3 "$tools/mlmdgen.py" "$stem" --seed 31 --runs 12
check "the killer" "${CC:-cc}" -shared -fPIC -O1 -o "$tmp/kill_at_commit.so" "$tools/kill_at_commit.c" -ldl
source=sqlite://$stem.mlmd.sqlite
engine=$("$KFPSTORE_TEST_SERVERS" engine "$label")
case $engine in mysql) q='`' step=4 ;; *) q='"' step=11 ;; esac # on MySQL a table's indexes are one statement
[ -z "${KFPSTORE_TEST_LONG:-}" ] || step=1
[ "$label" = sqlite ] || python3 "$tools/load_source.py" "$stem.mlpipeline.sqlite" "$engine" >"$tmp/target.sql"

new_target() {
    new_database "$label"
    case $label in
    sqlite) cp "$stem.mlpipeline.sqlite" "$KFPSTORE_TEST_DIR/sqlite/$database.db" ;;
    *) sql "$label" "$database" <"$tmp/target.sql" >/dev/null ;;
    esac
    "$KFP_MIGRATE" schema upgrade --target "$dsn" >/dev/null 2>"$tmp/err" || fail "schema upgrade: $(cat "$tmp/err")"
}
import() { "$KFP_MIGRATE" import --batch 20 --source "$source" --target "$dsn" "$@" >"$tmp/out" 2>"$tmp/err" </dev/null; }
ended() { case $1 in 0 | 5) ok "$2" ;; *) fail "$2: exit $1: $(tail -n 3 "$tmp/err")" ;; esac; }
expire() { sql "$label" "$database" "UPDATE kfpstore_lease SET ${q}ExpiresAtInSec$q = 0;"; }
# Every index of every table, as the engine itself describes it.
indexes() {
    case $engine in
    sqlite)
        sql "$label" "$database" "SELECT m.name, l.name, l.\"unique\", group_concat(x.name || x.\"desc\")
            FROM sqlite_master m, pragma_index_list(m.name) l, pragma_index_xinfo(l.name) x
            WHERE m.type = 'table' AND x.key = 1 GROUP BY 1, 2, 3 ORDER BY 1, 2;" ;;
    pgsql) sql "$label" "$database" "SELECT indexdef FROM pg_indexes WHERE schemaname = current_schema() ORDER BY 1;" ;;
    mysql)
        sql "$label" "$database" "SELECT TABLE_NAME, INDEX_NAME, NON_UNIQUE, SEQ_IN_INDEX, COLUMN_NAME, COLLATION, SUB_PART
            FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = DATABASE() ORDER BY 1, 2, 4;" ;;
    esac
}
steps() { "$KFP_MIGRATE" schema status --json --target "$dsn" | grep -v '"applied_at"'; }
verify() { "$KFP_MIGRATE" schema verify --target "$dsn" >"$tmp/verify" 2>&1; }
# whole TEXT: rows, indexes and records are the reference's
whole() {
    python3 "$tools/compare_targets.py" $reference $(reader_of "$label" "$database") >"$tmp/differences" ||
        fail "$1: $(head -n 5 "$tmp/differences")"
    indexes >"$tmp/indexes"
    steps >"$tmp/steps"
    if diff "$tmp/all" "$tmp/indexes" >"$tmp/diff" && diff "$tmp/all_steps" "$tmp/steps" >"$tmp/diff" && verify; then
        ok "$1: rows and schema as without the option"
    else
        fail "$1: $(head -n 5 "$tmp/diff") $(head -n 3 "$tmp/verify")"
    fi
}
# known TEXT: whoever looks hears of the indexes that are missing
known() {
    expect 4 "$1: schema verify" "$KFP_MIGRATE" schema verify --target "$dsn"
    equal "$1: in one line" 1 "$(grep -c 'indexes are deferred by an import that has not ended' "$tmp/out")"
    contains "$1: and no other" "1 differences" "$tmp/out"
    expect 3 "$1: schema status --exit-code" "$KFP_MIGRATE" schema status --exit-code --target "$dsn"
    contains "$1: with the way out" "'kfp-migrate schema upgrade'" "$tmp/out"
    "$KFP_MIGRATE" preflight --source "$source" --target "$dsn" >"$tmp/out" 2>&1
    contains "$1: preflight" "indexes-deferred" "$tmp/out"
    "$KFP_MIGRATE" status --target "$dsn" >"$tmp/out" 2>&1
    contains "$1: status" "deferred" "$tmp/out"
}

new_target
indexes >"$tmp/all"
import
ended $? "an import without the option"
reference=$(reader_of "$label" "$database")
equal "it changes no index" "" "$(indexes | diff "$tmp/all" -)"
steps >"$tmp/all_steps"
before=$(rows_of "$label" "$database")
expect 1 "refused where there are rows" "$KFP_MIGRATE" import --defer-indexes --source "$source" --target "$dsn"
contains "it says what to do" "leave the option out" "$tmp/err"
expect 1 "so does a dry run" "$KFP_MIGRATE" import --defer-indexes --dry-run --source "$source" --target "$dsn"
equal "nothing was written" "$before" "$(rows_of "$label" "$database")"

# ---- without an accident -----------------------------------------------------------------------------------------------
new_target
import --defer-indexes --dry-run
contains "a dry run says what would be done" "indexes would be dropped before the rows" "$tmp/err"
deferrable=$(sed -n 's/.*: \([0-9]*\) indexes would be dropped.*/\1/p' "$tmp/err")
equal "and does not" "" "$(indexes | diff "$tmp/all" -)"
import --defer-indexes
ended $? "with the option"
contains "it says when it builds" "building" "$tmp/err"
whole "with the option"
for jobs in 2 4; do
    [ "$label" != sqlite ] || break
    new_target
    import --defer-indexes --jobs $jobs
    ended $? "$jobs jobs"
    whole "$jobs jobs"
done

# ---- stopped -----------------------------------------------------------------------------------------------------------
new_target
import --defer-indexes --max-runs 4
equal "stopped after some runs" 75 $?
contains "it says what is left" "indexes are still deferred" "$tmp/err"
equal "those for keys and look-ups are there" 0 "$(indexes | grep -cE 'idx_task_type|kfpstore_artifacts_name')"
known "stopped"
import --dry-run
contains "a dry run says that they would be built" "would be built after the rows" "$tmp/err"
import
ended $? "goes on without the option"
whole "stopped, gone on without the option"

new_target
import --defer-indexes --max-runs 4
expect 0 "an upgrade says what it would do" "$KFP_MIGRATE" schema upgrade --dry-run --target "$dsn"
equal "an index a line" "$(grep -c '^CREATE INDEX' "$tmp/out")" "$deferrable"
expect 0 "an upgrade builds them" "$KFP_MIGRATE" schema upgrade --target "$dsn"
equal "all of them" "" "$(indexes | diff "$tmp/all" -)"
verify
equal "and the schema is as promised" 0 $?
import --defer-indexes
ended $? "goes on with the option, which has no effect now"
contains "and says so" "they stay" "$tmp/err"
whole "stopped, upgraded, gone on"

# ---- killed ------------------------------------------------------------------------------------------------------------
boundaries='before after'
if [ -n "${KFPSTORE_TEST_SANITIZED:-}" ]; then
    boundaries=
    skip "the killer cannot be loaded before a sanitizer"
fi
go_on() { # in a way of its own each time
    case $(($1 % 3)) in
    0) import --defer-indexes ;;
    1) import ;;
    2) "$KFP_MIGRATE" schema upgrade --target "$dsn" >"$tmp/out" 2>"$tmp/err" && import --defer-indexes ;;
    esac
}
for when in $boundaries; do
    killed=0 deferred=0
    for ((number = 1; ; number += step)); do
        new_target
        KILL_AT=$number KILL_WHEN=$when LD_PRELOAD=$tmp/kill_at_commit.so import --defer-indexes
        status=$?
        [ $status = 137 ] || break
        killed=$((killed + 1))
        expire
        if indexes | diff -q "$tmp/all" - >/dev/null; then
            :
        else
            deferred=$((deferred + 1))
            verify
            [ $? = 4 ] && grep -q deferred "$tmp/verify" || fail "killed $when $number: verify says $(cat "$tmp/verify")"
        fi
        go_on $killed
        ended $? "killed $when COMMIT $number, and gone on"
        whole "killed $when COMMIT $number"
        drop_database "$label" "$database"
    done 2>/dev/null
    ended $status "nobody killed it at COMMIT $number, which it does not have"
    whole "nobody killed it at COMMIT $number"
    check "killed $killed times, $deferred of them with indexes missing" test $killed -ge 3 -a $deferred -ge 2
done
finish
