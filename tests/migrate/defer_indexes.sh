#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# import --defer-indexes: rows and schema are those of a plain import, also when it was stopped or killed at any COMMIT and
# whoever goes on: an import with the option, one without, or a schema upgrade. As long as an index is missing the schema's
# commands say why.
. "$(dirname "$0")/../harness/sh.sh"
. "$(dirname "$0")/../harness/kill.sh"
stem=$tmp/defer
check "generated" python3 "$tools/mlmdgen.py" "$stem" --seed 31 --runs 12
source=sqlite://$stem.mlmd.sqlite
case $engine in mysql) step=4 ;; *) step=11 ;; esac # on MySQL a table's indexes are one statement
[ -z "${KFPSTORE_TEST_LONG:-}" ] || step=1

import() { "$KFP_MIGRATE" import --batch 20 --source "$source" --target "$dsn" "$@" >"$tmp/out" 2>"$tmp/err" </dev/null; }
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

new_generated "$stem"
indexes >"$tmp/all"
import
ended $? "an import without the option"
reference=$(reader_of "$label" "$database")
equal "it changes no index" "" "$(indexes | diff "$tmp/all" -)"
steps >"$tmp/all_steps"
before=$(rows_of "$label" "$database")
for way in --batch=20 --dry-run; do
    expect 1 "refused where others have rows: $way" \
        "$KFP_MIGRATE" import --defer-indexes $way --source-id other --source "$source" --target "$dsn"
    contains "it says what to do" "leave the option out" "$tmp/err"
done
import --defer-indexes
ended $? "once more, as when whoever waits for the end was killed"
contains "and says that the option has no effect" "they stay" "$tmp/err"
equal "nothing was written" "$before" "$(rows_of "$label" "$database")"

# ---- without an accident -----------------------------------------------------------------------------------------------
new_generated "$stem"
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
    new_generated "$stem"
    import --defer-indexes --jobs $jobs
    ended $? "$jobs jobs"
    whole "$jobs jobs"
done

# ---- stopped -----------------------------------------------------------------------------------------------------------
new_generated "$stem"
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

new_generated "$stem"
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
prepare() { new_generated "$stem"; }
program() { import --defer-indexes; }
compared() { whole "$1"; }
declare -A deferred=([before]=0 [after]=0)
killed() {
    if indexes | diff -q "$tmp/all" - >/dev/null; then return; fi
    deferred[$1]=$((deferred[$1] + 1))
    verify
    [ $? = 4 ] && grep -q deferred "$tmp/verify" || fail "killed $1 a COMMIT: verify says $(cat "$tmp/verify")"
}
turn=0
go_on() { # in a way of its own each time
    turn=$((turn + 1))
    case $((turn % 3)) in
    0) import --defer-indexes ;;
    1) import ;;
    2) "$KFP_MIGRATE" schema upgrade --target "$dsn" >"$tmp/out" 2>"$tmp/err" && import --defer-indexes ;;
    esac
}
killed_at_commits $step 3
for when in before after; do
    [ -n "${KFPSTORE_TEST_SANITIZED:-}" ] || check "killed $when COMMIT with indexes missing" test "${deferred[$when]}" -ge 2
done
finish
