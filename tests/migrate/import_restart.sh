#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The server of both databases goes away during an import, in order and by force, and comes back: the import goes on by
# itself, with one connection and with several, and the result is that of an import that nothing happened to.
. "$(dirname "$0")/../harness/sh.sh"
stem=$tmp/scaled
check "generated" python3 "$tools/mlmdgen.py" "$stem" --scale 3000 --seed 14
new_loaded "$label" "$stem.mlmd.sqlite"
source=$dsn
done_runs() { sql "$label" "$database" "SELECT count(*) FROM kfpstore_migration_run;" 2>/dev/null || echo 0; }
new_generated "$stem"
expect 0 "an import that nothing happens to" "$KFP_MIGRATE" import --json --source "$source" --target "$dsn"
reference=$(reader_of "$label" "$database")

# away HOW JOBS
away() {
    local before
    new_generated "$stem"
    "$KFP_MIGRATE" import --json --batch 40 --jobs "$2" --sleep-ratio 1 --source "$source" --target "$dsn" \
        >"$tmp/out" 2>"$tmp/err" </dev/null &
    pid=$!
    for _ in $(seq 1200); do [ "$(done_runs)" -lt 10 ] || break; sleep 0.02; done
    $1 >/dev/null 2>&1
    check "$3: the import is still there" kill -0 $pid
    sleep 2
    $KFPSTORE_TEST_ADMIN_START >/dev/null 2>&1
    before=$(done_runs)
    check "$3: it was under way ($before of 150 runs)" test "$before" -ge 10 -a "$before" -lt 150
    wait $pid
    equal "$3: it went on to the end" 0 $?
    equal "$3: with every run" 150 "$(json_of "$tmp/out" runs imported)"
    [ -s "$tmp/out" ] || tail -n 5 "$tmp/err"
    check "$3: the same rows" python3 "$tools/compare_targets.py" $reference $(reader_of "$label" "$database")
}
away "$KFPSTORE_TEST_ADMIN_STOP" 1 "stopped, one connection"
away "$KFPSTORE_TEST_ADMIN_STOP" 4 "stopped, four connections"
away "$KFPSTORE_TEST_ADMIN_KILL" 4 "killed, four connections"
finish
