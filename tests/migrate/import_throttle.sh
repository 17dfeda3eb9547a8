#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# An import that is held back: --max-runs stops after so many, and the same command goes on with the next ones;
# --pause-file makes it wait, with its lease kept; --sleep-ratio leaves time to others.
. "$(dirname "$0")/../harness/sh.sh"
stem=$tmp/scaled
check "generated" python3 "$tools/mlmdgen.py" "$stem" --scale 1000 --seed 12
jobs=2
[ "$label" != sqlite ] || jobs=1
import() { "$KFP_MIGRATE" import --json --source "sqlite://$stem.mlmd.sqlite" --target "$dsn" --jobs $jobs --batch 60 "$@"; }
done_runs() { sql "$label" "$database" "SELECT count(*) FROM kfpstore_migration_run;" 2>/dev/null || echo 0; }

# ---- so many runs -----------------------------------------------------------------------------------------------------
new_generated "$stem"
expect 75 "a dry run stops, too" import --dry-run --max-runs 20
equal "after so many" 20 "$(json_of "$tmp/out" runs imported)"
expect 75 "the first 20 of 50 runs" import --max-runs 20
equal "are there, and no more" "20 20" "$(json_of "$tmp/out" runs imported) $(done_runs)"
equal "the report says that it stopped" True "$(json_of "$tmp/out" stopped)"
expect 3 "status: not finished" "$KFP_MIGRATE" status --exit-code --target "$dsn"
expect 75 "the next 20" import --max-runs 20
equal "go on" "20 20" "$(json_of "$tmp/out" runs imported) $(json_of "$tmp/out" runs imported_before)"
expect 0 "the rest: fewer than were allowed" import --max-runs 20
equal "to the end" "10 40" "$(json_of "$tmp/out" runs imported) $(json_of "$tmp/out" runs imported_before)"
expect 0 "status: finished" "$KFP_MIGRATE" status --exit-code --target "$dsn"
reference=$(reader_of "$label" "$database")
new_generated "$stem"
expect 0 "as many as there are" import --max-runs 50
equal "is all" 50 "$(json_of "$tmp/out" runs imported)"
check "the rows are the same" python3 "$tools/compare_targets.py" $reference $(reader_of "$label" "$database")

# ---- runs that can never be imported do not use it up -------------------------------------------------------------------
new_generated "$stem"
case $label in mariadb* | mysql*) q='`' ;; *) q='"' ;; esac
first=$(sqlite3 "$stem.mlmd.sqlite" "SELECT c.name FROM Context c JOIN Type t ON t.id = c.type_id
    AND t.name = 'system.PipelineRun' ORDER BY c.id LIMIT 3")
for run in $first; do # tasks of a server
    sql "$label" "$database" "INSERT INTO tasks (${q}UUID$q, ${q}Namespace$q, ${q}RunUUID$q, pods, ${q}CreatedAtInSec$q,
        ${q}Fingerprint$q, ${q}State$q, ${q}Type$q, ${q}TypeAttrs$q) VALUES ('$(python3 -c 'import uuid; print(uuid.uuid4())')',
        '', '$run', '[]', 1, '', 1, 1, '{}')" >/dev/null
done
for n in 2 4; do
    expect 75 "two runs behind three that are skipped" import --max-runs 2
    equal "are imported" "2 3" "$(json_of "$tmp/out" runs imported) $(json_of "$tmp/out" runs skipped)"
    equal "$n in all" $n "$(sql "$label" "$database" "SELECT count(*) FROM kfpstore_migration_run WHERE ${q}Outcome$q = 'imported';")"
done

# ---- the pause file ---------------------------------------------------------------------------------------------------
new_generated "$stem"
touch "$tmp/pause"
"$KFP_MIGRATE" import --json --source "sqlite://$stem.mlmd.sqlite" --target "$dsn" --jobs $jobs --batch 20 \
    --pause-file "$tmp/pause" >"$tmp/out" 2>"$tmp/err" </dev/null &
pid=$!
for _ in $(seq 200); do grep -q paused "$tmp/err" && break; sleep 0.05; done
contains "the pause is said" "paused: the import goes on when $tmp/pause is removed" "$tmp/err"
sleep 1.5
equal "and nothing was begun" 0 "$(done_runs)"
expect 6 "the lease is kept" import --wait-lock 0
before=$(sql "$label" "$database" "SELECT ${q}Beat$q FROM kfpstore_lease WHERE ${q}Slot$q = 0;")
sleep 6
check "and renewed" test "$(sql "$label" "$database" "SELECT ${q}Beat$q FROM kfpstore_lease WHERE ${q}Slot$q = 0;")" -gt "$before"
rm "$tmp/pause"
for _ in $(seq 200); do [ "$(done_runs)" = 0 ] || break; sleep 0.02; done
touch "$tmp/pause"
sleep 1
between=$(done_runs)
sleep 1
equal "it pauses again between groups" "$between" "$(done_runs)"
kill -TERM $pid
wait $pid
equal "a pause can be stopped" 75 $?
equal "with what was there" "$between" "$(json_of "$tmp/out" runs imported)"
rm "$tmp/pause"
expect 0 "without the file it goes on" import --pause-file "$tmp/pause"
check "to the same rows" python3 "$tools/compare_targets.py" $reference $(reader_of "$label" "$database")

# ---- the ratio --------------------------------------------------------------------------------------------------------
new_generated "$stem"
expect 0 "at full speed" import --jobs 1
fast=$(json_of "$tmp/out" seconds)
new_generated "$stem"
expect 0 "with three times as long a rest" import --jobs 1 --sleep-ratio 3
slow=$(json_of "$tmp/out" seconds)
check "takes longer: $slow and not $fast s" python3 -c "import sys; sys.exit(not $slow > 1.5 * $fast)"
for wrong in -1 x 1e9 nan ''; do expect 2 "--sleep-ratio='$wrong' is refused" import --sleep-ratio="$wrong"; done
for wrong in 0 17 x; do expect 2 "--jobs=$wrong is refused" import --jobs=$wrong; done
expect 2 "--max-runs=0 is refused" import --max-runs=0
expect 2 "--pause-file= is refused" import --pause-file=
finish
