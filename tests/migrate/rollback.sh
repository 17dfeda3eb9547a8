#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A rollback takes out what an import brought, and nothing else: the tables are as before it, seen with the engine's own
# client. Rows of servers stay, and what they use; it can be stopped at any moment and goes on; a run of 128 levels.
. "$(dirname "$0")/../harness/sh.sh"
kfp=$data/mlmd/kfp/kfp_small
source=sqlite://$kfp.mlmd.sqlite
case $label in mariadb* | mysql*) q='`' ;; *) q='"' ;; esac
import() { "$KFP_MIGRATE" import --json --source "$source" --target "$dsn" "$@"; }
rollback() { "$KFP_MIGRATE" rollback --json --target "$dsn" "$@"; }
one() { sql "$label" "$database" "$1"; }
count() { one "SELECT count(*) FROM $1;"; }
upgrade() { "$KFP_MIGRATE" schema upgrade --target "$dsn" >/dev/null 2>"$tmp/err" || fail "schema upgrade: $(cat "$tmp/err")"; }
new_target() {
    new_kfp "$label" "$kfp"
    upgrade
}
# every value of every table that an import writes to
all_of() {
    local table
    for table in tasks artifacts artifact_tasks run_details experiments tasks_pre_migration kfpstore_migration \
        kfpstore_migration_run kfpstore_migrated_artifact; do
        one "SELECT * FROM $table ORDER BY 1, 2;" || echo "no $table $RANDOM"
    done | sha256sum
}
# native_task RUN UUID: a task that a server has made; native_link UUID RUN TASK ARTIFACT
native_task() {
    one "INSERT INTO tasks (${q}UUID$q, ${q}Namespace$q, ${q}RunUUID$q, pods, ${q}CreatedAtInSec$q, ${q}Fingerprint$q,
        ${q}State$q, ${q}Type$q, ${q}TypeAttrs$q) VALUES ('$2', '', '$1', '[]', 1, '', 1, 1, '{}');" >/dev/null
}
native_link() {
    one "INSERT INTO artifact_tasks (${q}UUID$q, ${q}ArtifactID$q, ${q}TaskID$q, ${q}Type$q, ${q}RunUUID$q)
        VALUES ('$1', '$4', '$3', 2, '$2');" >/dev/null
}
delete_run() {
    one "UPDATE tasks SET ${q}ParentTaskUUID$q = NULL WHERE ${q}RunUUID$q = '$1';
        DELETE FROM artifact_tasks WHERE ${q}RunUUID$q = '$1'; DELETE FROM tasks WHERE ${q}RunUUID$q = '$1';
        DELETE FROM run_details WHERE ${q}UUID$q = '$1';" >/dev/null
}
rows_of_run() { one "SELECT * FROM tasks WHERE ${q}RunUUID$q = '$1' ORDER BY 1; SELECT * FROM artifact_tasks WHERE ${q}RunUUID$q = '$1' ORDER BY 1;"; }

# ---- all of it, and nothing else --------------------------------------------------------------------------------------
new_target
before=$(all_of)
expect 0 "nothing was imported yet" rollback --yes
equal "which is said" False "$(json_of "$tmp/out" found)"
equal "and changes nothing" "$before" "$(all_of)"
expect 5 "an import that makes a run row" import --missing-runs=create
after=$(all_of)
want="$(count tasks) $(count artifact_tasks) $(count artifacts) $(count kfpstore_migration_run)"
expect 2 "a rollback wants --yes or --dry-run" rollback
contains "and says so" "--dry-run" "$tmp/err"
expect 2 "and not both" rollback --yes --dry-run
equal "neither wrote" "$after" "$(all_of)"
expect 0 "a dry run" rollback --dry-run
equal "wrote nothing" "$after" "$(all_of)"
said() { echo "$(json_of "$tmp/out" tasks) $(json_of "$tmp/out" links) $(json_of "$tmp/out" artifacts removed) $(json_of "$tmp/out" runs removed)"; }
equal "and counted what is there" "$want" "$(said)"
equal "and the run row" 1 "$(json_of "$tmp/out" run_rows removed)"
# on a terminal, with a line that is written over
expect 0 "the rollback" python3 -c 'import pty, os, sys
with open(sys.argv[1], "wb") as seen:
    def read(fd):
        data = os.read(fd, 65536)
        seen.write(data)
        return data
    sys.exit(os.waitstatus_to_exitcode(pty.spawn(["sh", "-c", "exec \"$@\" >\"$0\"", *sys.argv[2:]], read)))' \
    "$tmp/terminal" "$tmp/report" "$KFP_MIGRATE" rollback --json --target "$dsn" --yes --batch 7
cp "$tmp/report" "$tmp/out"
equal "removed as much" "$want" "$(said)"
equal "with the run row" 1 "$(json_of "$tmp/out" run_rows removed)"
contains "it said how far it was" "runs " "$tmp/terminal"
contains "of the artifacts too" "artifacts " "$tmp/terminal"
equal "and its experiment" 1 "$(json_of "$tmp/out" experiments)"
equal "the tables are as before the import" "$before" "$(all_of)"
expect 3 "status knows of no import" "$KFP_MIGRATE" status --exit-code --target "$dsn"
expect 0 "a second one finds nothing" rollback --yes
expect 5 "it can be imported again" import --missing-runs=create
equal "as much" "$want" "$(count tasks) $(count artifact_tasks) $(count artifacts) $(count kfpstore_migration_run)"

# ---- what others use --------------------------------------------------------------------------------------------------
# a server's run that reads an artifact of ours; a run of ours that a server goes on with, in two ways; a run row that
# the import made and that something refers to; a run that users delete
native=$(one "SELECT r.${q}UUID$q FROM run_details r LEFT JOIN kfpstore_migration_run m ON m.${q}RunUUID$q = r.${q}UUID$q
    WHERE m.${q}RunUUID$q IS NULL ORDER BY 1 LIMIT 1;")
[ -n "$native" ] || fail "the fixture has no run without an import"
imported=$(one "SELECT ${q}RunUUID$q FROM artifact_tasks GROUP BY ${q}RunUUID$q HAVING count(*) > 4 ORDER BY 1;")
mixed=$(sed -n 2p <<<"$imported") linked=$(sed -n 3p <<<"$imported") gone=$(sed -n 4p <<<"$imported")
made=$(one "SELECT ${q}RunUUID$q FROM kfpstore_migration_run WHERE ${q}Reason$q = 'run-created';")
artifact=$(one "SELECT ${q}ArtifactID$q FROM artifact_tasks WHERE ${q}RunUUID$q NOT IN ('$mixed', '$linked', '$gone')
    GROUP BY 1 HAVING count(*) = 1 ORDER BY 1 LIMIT 1;")
native_task "$native" 6a0f1e64-5f4e-4a3c-9d55-0a6f6d0e1b01
native_link 6a0f1e64-5f4e-4a3c-9d55-0a6f6d0e1b02 "$native" 6a0f1e64-5f4e-4a3c-9d55-0a6f6d0e1b01 "$artifact"
native_task "$mixed" 6a0f1e64-5f4e-4a3c-9d55-0a6f6d0e1b03
one "UPDATE tasks SET ${q}ParentTaskUUID$q = (SELECT u FROM (SELECT MIN(${q}UUID$q) AS u FROM tasks WHERE ${q}RunUUID$q = '$mixed'
    AND ${q}UUID$q LIKE '______________5%') x) WHERE ${q}UUID$q = '6a0f1e64-5f4e-4a3c-9d55-0a6f6d0e1b03';" >/dev/null
native_link 6a0f1e64-5f4e-4a3c-9d55-0a6f6d0e1b04 "$linked" \
    "$(one "SELECT MIN(${q}UUID$q) FROM tasks WHERE ${q}RunUUID$q = '$linked';")" "$artifact"
one "UPDATE tasks_pre_migration SET ${q}RunUUID$q = '$made'
    WHERE ${q}UUID$q = (SELECT u FROM (SELECT MIN(${q}UUID$q) AS u FROM tasks_pre_migration) x);" >/dev/null
delete_run "$gone"
run_of_mixed=$(rows_of_run "$mixed") run_of_linked=$(rows_of_run "$linked") run_of_native=$(rows_of_run "$native")
before=$(all_of)
expect 5 "a dry run over runs that servers wrote to" rollback --dry-run
equal "which wrote nothing" "$before" "$(all_of)"
cp "$tmp/out" "$tmp/foreseen"
expect 5 "a rollback over runs that servers wrote to" rollback --yes
said_twice() { json_of "$1" runs; json_of "$1" run_rows; json_of "$1" tasks; json_of "$1" links; json_of "$1" artifacts; json_of "$1" kept; }
equal "does what the dry run said" "$(said_twice "$tmp/foreseen")" "$(said_twice "$tmp/out")"
equal "two runs are kept, one had been deleted" "2 1" "$(json_of "$tmp/out" runs kept) $(json_of "$tmp/out" runs deleted_before)"
contains "the one is named, with the task" "\"why\": \"task 6a0f1e64-5f4e-4a3c-9d55-0a6f6d0e1b03\"" "$tmp/out"
contains "the other, with the link" "\"why\": \"link 6a0f1e64-5f4e-4a3c-9d55-0a6f6d0e1b04\"" "$tmp/out"
contains "the artifact that a server uses" "\"uuid\": \"$artifact\"" "$tmp/out"
contains "the run row that a legacy task refers to" "\"uuid\": \"$made\"" "$tmp/out"
equal "the runs are untouched" "$run_of_mixed$run_of_linked$run_of_native" \
    "$(rows_of_run "$mixed")$(rows_of_run "$linked")$(rows_of_run "$native")"
equal "nothing else is left" "3" "$(one "SELECT count(DISTINCT ${q}RunUUID$q) FROM tasks;")"
equal "each artifact that is left has a link" 0 "$(one "SELECT count(*) FROM artifacts a LEFT JOIN artifact_tasks l
    ON l.${q}ArtifactID$q = a.${q}UUID$q WHERE l.${q}UUID$q IS NULL;")"
equal "the made run row is there" 1 "$(one "SELECT count(*) FROM run_details WHERE ${q}UUID$q = '$made';")"
expect 3 "status says that it is not finished" "$KFP_MIGRATE" status --exit-code --target "$dsn"
delete_run "$mixed"
delete_run "$linked"
delete_run "$native"
expect 0 "once they are deleted, the rest goes" rollback --yes
equal "all of it" "0 0 0 0 0 0" "$(count tasks) $(count artifacts) $(count artifact_tasks) $(count kfpstore_migration) $(count kfpstore_migration_run) $(count kfpstore_migrated_artifact)"

# ---- two sources ------------------------------------------------------------------------------------------------------
new_target
expect 5 "one source" import
before=$(all_of)
expect 0 "another one" "$KFP_MIGRATE" import --source "sqlite://$data/mlmd/real/v8-sepsis.sqlite" --target "$dsn" \
    --source-id second --run-contexts=run,pipeline_run --missing-runs=create
expect 0 "the second is rolled back" rollback --yes --source-id second
equal "its runs" 159 "$(json_of "$tmp/out" runs removed)"
equal "their rows of run_details" 159 "$(json_of "$tmp/out" run_rows removed)"
equal "the first is as it was" "$before" "$(all_of)"

# ---- a run of 128 levels ----------------------------------------------------------------------------------------------
check "a deep run: generated" python3 - "$tools" "$tmp/deep" <<'PY'
import sys
sys.path.insert(0, sys.argv[1])
from mlmdstore import Kfp, Mlmd
from mlmdworld import Run, World
db = Mlmd(sys.argv[2] + ".mlmd.sqlite")
w = World(db, 7, "", False, 1700000000000)
run = Run(w, "deep", "deep")
at = run.root
for i in range(127):
    at = at.dag("dag", "level-%d" % i)
at.container("leaf").done()
run.end()
db.close()
kfp = Kfp(sys.argv[2] + ".mlpipeline.sqlite")
kfp.experiments({r.namespace for r in w.runs}, 1)
kfp.runs([dict(UUID=r.id, DisplayName=r.display_name, Name=r.workflow, Namespace=r.namespace, PipelineName=r.pipeline,
               CreatedAtInSec=r.created // 1000, FinishedAtInSec=r.finished // 1000, State=r.state) for r in w.runs])
kfp.close()
PY
new_generated "$tmp/deep"
source=sqlite://$tmp/deep.mlmd.sqlite
expect 0 "it is imported" import
depth=$(one "WITH RECURSIVE t (u, d) AS (SELECT ${q}UUID$q, 1 FROM tasks WHERE ${q}ParentTaskUUID$q IS NULL UNION ALL
    SELECT k.${q}UUID$q, d + 1 FROM tasks k JOIN t ON k.${q}ParentTaskUUID$q = t.u) SELECT MAX(d) FROM t;")
equal "with all its levels" "129 129" "$(count tasks) $depth"
expect 0 "and rolled back" rollback --yes
equal "without a rest" 0 "$(count tasks)"

# ---- stopped and started again ----------------------------------------------------------------------------------------
check "a larger source: generated" python3 "$tools/mlmdgen.py" "$tmp/scaled" --scale 3000 --seed 5
source=sqlite://$tmp/scaled.mlmd.sqlite
new_generated "$tmp/scaled"
empty=$(all_of)
left_runs() { one "SELECT count(*) FROM kfpstore_migration_run;" 2>/dev/null || echo 0; }
# start: a rollback in the background, a run per transaction; returns when some runs are gone. Sets $pid
start() {
    "$KFP_MIGRATE" rollback --json --yes --batch 20 --target "$dsn" >"$tmp/out" 2>"$tmp/err" </dev/null &
    pid=$!
    local i n
    for ((i = 0; i < 1200; i++)); do
        n=$(left_runs)
        if [ "${n:-0}" -le 145 ] && [ "${n:-0}" -gt 0 ]; then return 0; fi
        if ! kill -0 "$pid" 2>/dev/null; then fail "the rollback ended at once: $(cat "$tmp/err")"; return 1; fi
        sleep 0.02
    done
    fail "the rollback did not begin"
    kill "$pid"
    return 1
}
whole() {
    equal "$1: no run is there in part" "" "$(one "SELECT count(*) FROM tasks GROUP BY ${q}RunUUID$q HAVING count(*) <> 20;")"
    equal "$1: what is there is in the ledger" "$(one "SELECT count(DISTINCT ${q}RunUUID$q) FROM tasks;")" "$(left_runs)"
}
expect 0 "imported" import
if start; then
    kill -TERM "$pid"
    wait "$pid" 2>/dev/null
    equal "SIGTERM: exit code" 75 $?
    equal "the report says so" True "$(json_of "$tmp/out" stopped)"
    whole SIGTERM
    equal "it counted what went" "$((150 - $(left_runs)))" "$(json_of "$tmp/out" runs removed)"
    expect 3 "status: unfinished" "$KFP_MIGRATE" status --exit-code --target "$dsn"
    expect 0 "started again, at once" rollback --yes --wait-lock 0
    equal "to the end" "$empty" "$(all_of)"
fi
expect 0 "imported again" import
if start; then
    kill -KILL "$pid"
    wait "$pid" 2>/dev/null
    equal "SIGKILL: exit code" 137 $?
    whole SIGKILL
    expect 6 "the lease of the dead one still holds" rollback --yes --wait-lock 0
    expect 6 "for an import too" import --wait-lock 0
    expect 0 "an import brings back what was gone" import
    equal "and only that" "3000 150" "$(count tasks) $(left_runs)"
    expect 0 "and the rollback goes to the end" rollback --yes
    equal "all of it" "$empty" "$(all_of)"
fi
finish
