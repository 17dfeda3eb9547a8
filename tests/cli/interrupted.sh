#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# An import that is stopped: by SIGTERM it ends with 75 after the group under way, by SIGKILL at any point. Started
# again it goes on, and the target is equal, row by row, to that of an import that nobody stopped. Of two at once, the
# second is refused and told who holds the lease.
. "$(dirname "$0")/../harness/sh.sh"
stem=$tmp/scaled
source=sqlite://$stem.mlmd.sqlite
check "generated" python3 "$tools/mlmdgen.py" "$stem" --scale 2000 --seed 11
engine=$("$KFPSTORE_TEST_SERVERS" engine "$label")

done_runs() { sql "$label" "$database" "SELECT count(*) FROM kfpstore_migration_run;" 2>/dev/null || echo 0; }
# start OPTIONS...: an import in the background, a run per transaction; returns when some runs are there. Sets $pid
start() {
    "$KFP_MIGRATE" import --json --batch 20 --sleep-ratio 2 --source "$source" --target "$dsn" "$@" \
        >"$tmp/out" 2>"$tmp/err" </dev/null &
    pid=$!
    local i n
    for ((i = 0; i < 1200; i++)); do
        n=$(done_runs)
        if [ "${n:-0}" -ge 5 ]; then return 0; fi
        if ! kill -0 "$pid" 2>/dev/null; then fail "the import ended at once: $(cat "$tmp/err")"; return 1; fi
        sleep 0.02
    done
    fail "the import did not begin"
    kill "$pid"
    return 1
}
ended() { wait "$pid" 2>/dev/null; status=$?; } # sets $status
some_but_not_all() { # some_but_not_all TEXT
    local n
    n=$(done_runs)
    if [ "$n" -ge 5 ] && [ "$n" -lt 100 ]; then ok "$1 ($n of 100 runs)"; else fail "$1: $n runs"; fi
}
whole() { # every run that is there is there as a whole: root, 19 others
    equal "$1: no run is there in part" "" "$(sql "$label" "$database" \
        "SELECT count(*) FROM tasks GROUP BY ${2}RunUUID$2 HAVING count(*) <> 20;")"
}
quote='"'
[ "$engine" != mysql ] || quote='`'

new_generated "$stem"
expect 0 "an import that nobody stops" "$KFP_MIGRATE" import --json --source "$source" --target "$dsn"
reference=$(reader_of "$label" "$database")
rows=$(json_of "$tmp/out" tasks count)
equal "all of it" 2000 "$rows"

# ---- SIGTERM ---------------------------------------------------------------------------------------------------------
new_generated "$stem"
if start; then
    kill -TERM "$pid"
    ended
    equal "SIGTERM: exit code" 75 $status
    check "the report is JSON" python3 -m json.tool "$tmp/out" "$tmp/pretty"
    equal "it says so" True "$(json_of "$tmp/out" stopped)"
    some_but_not_all "some runs are there"
    equal "and the report counts them" "$(done_runs)" "$(json_of "$tmp/out" runs imported)"
    whole "SIGTERM" "$quote"
    before=$(json_of "$tmp/out" runs imported)
    expect 3 "status --exit-code: unfinished" "$KFP_MIGRATE" status --exit-code --target "$dsn"
    # the lease was given back: nothing to wait for
    expect 0 "started again" "$KFP_MIGRATE" import --json --wait-lock 0 --source "$source" --target "$dsn"
    equal "it went on where it stopped" "$before" "$(json_of "$tmp/out" runs imported_before)"
    expect 0 "status --exit-code: finished" "$KFP_MIGRATE" status --exit-code --target "$dsn"
    check "the same result as uninterrupted" python3 "$tools/compare_targets.py" $reference $(reader_of "$label" "$database")
fi

# ---- SIGKILL ---------------------------------------------------------------------------------------------------------
new_generated "$stem"
if start; then
    kill -KILL "$pid"
    ended
    equal "SIGKILL: exit code" 137 $status
    some_but_not_all "some runs are there"
    whole "SIGKILL" "$quote"
    expect 6 "the lease of the dead one still holds" "$KFP_MIGRATE" import --wait-lock 0 --source "$source" --target "$dsn"
    begin=$SECONDS
    expect 0 "started again, it waits for the lease to expire" "$KFP_MIGRATE" import --json --source "$source" --target "$dsn"
    equal "and no longer than that" yes "$([ $((SECONDS - begin)) -lt 60 ] && echo yes || echo $((SECONDS - begin)))"
    check "the same result as uninterrupted" python3 "$tools/compare_targets.py" $reference $(reader_of "$label" "$database")
fi

# ---- a holder that stands still --------------------------------------------------------------------------------------
# As after the loss of its machine: nobody closes its connections, and the transaction under way holds its locks. (MySQL
# has no time-out for those: there this takes as long as its wait_timeout.) On SQLite that lock is the file's own, and
# nobody can take it from a living process: there it is stopped between two transactions.
new_generated "$stem"
if start; then
    kill -STOP "$pid"
    for _ in $(seq 200); do
        [ "$label" = sqlite ] || break
        sqlite3 "$KFPSTORE_TEST_DIR/sqlite/$database.db" "BEGIN IMMEDIATE; ROLLBACK;" 2>/dev/null && break
        kill -CONT "$pid"
        sleep 0.02
        kill -STOP "$pid"
    done
    mv "$tmp/err" "$tmp/err2"
    expect 0 "the next one takes the lease over" "$KFP_MIGRATE" import --json --wait-lock 60 --source "$source" --target "$dsn"
    before=$(rows_of "$label" "$database")
    kill -CONT "$pid"
    ended
    equal "the old one ends" yes "$([ $status != 0 ] && [ $status -lt 128 ] && echo yes || echo "exit $status")"
    contains "and says why" "this work was not kept" "$tmp/err2"
    equal "and has written nothing more" "$before" "$(rows_of "$label" "$database")"
    check "the same result as uninterrupted" python3 "$tools/compare_targets.py" $reference $(reader_of "$label" "$database")
fi

# ---- two at once -----------------------------------------------------------------------------------------------------
new_generated "$stem"
if start; then
    "$KFP_MIGRATE" import --wait-lock 0 --source "$source" --target "$dsn" >"$tmp/out2" 2>"$tmp/err2" </dev/null
    equal "two at once: the second is refused" 6 $?
    contains "and names the holder" "import $(hostname):$pid" "$tmp/err2"
    "$KFP_MIGRATE" schema upgrade --wait-lock 0 --target "$dsn" >"$tmp/out2" 2>"$tmp/err2" </dev/null
    equal "a schema upgrade with nothing to do is not in its way" 0 $?
    ended
    equal "the first goes on" 0 $status
    check "the same result as alone" python3 "$tools/compare_targets.py" $reference $(reader_of "$label" "$database")
fi
finish
