#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A source that goes on living. A later import takes what is new and replaces what has changed, so that in the end the
# target is, row by row, that of one import of the final source; and nothing else is touched: not what is unchanged, not
# what a server wrote, not what users deleted.
. "$(dirname "$0")/../harness/sh.sh"
engine=$("$KFPSTORE_TEST_SERVERS" engine "$label")
q='"'
[ "$engine" != mysql ] || q='`'
upgrade() { "$KFP_MIGRATE" schema upgrade --target "$dsn" >/dev/null 2>"$tmp/err" || fail "schema upgrade: $(cat "$tmp/err")"; }
one() { sql "$label" "$database" "$1"; }
import() { "$KFP_MIGRATE" import --json --source "$source" --target "$dsn" "$@"; }
runs() { echo "$(json_of "$tmp/out" runs imported) $(json_of "$tmp/out" runs replaced) $(json_of "$tmp/out" runs left)"; }
uuid5() { python3 -c 'import sys, uuid; print(uuid.uuid5(uuid.NAMESPACE_DNS, sys.argv[1]))' "$1"; }
# the ledger and the list of our artifacts, without times
books_of() {
    sql "$label" "$1" "SELECT ${q}Source$q, ${q}ContextID$q, ${q}RunUUID$q, ${q}Outcome$q, ${q}Reason$q, ${q}Digest$q, ${q}Tasks$q,
        ${q}Artifacts$q, ${q}Links$q, ${q}Executions$q, ${q}Rejected$q, ${q}Terminal$q, ${q}Notes$q FROM kfpstore_migration_run
        WHERE ${q}Outcome$q = 'imported' ORDER BY 1, 2;
        SELECT * FROM kfpstore_migrated_artifact ORDER BY 1;"
}
same_as_fresh() { # same_as_fresh TEXT TARGET FRESH
    check "$1: the rows are those of a fresh import" python3 "$tools/compare_targets.py" \
        $(reader_of "$label" "$2") $(reader_of "$label" "$3")
    equal "$1: so are the ledger and the list of artifacts" "$(books_of "$3" | sha256sum)" "$(books_of "$2" | sha256sum)"
}

# ---- a writer that goes on during the imports -------------------------------------------------------------------------
stem=$tmp/scaled
check "generated" python3 "$tools/mlmdgen.py" "$stem" --scale 1600 --seed 3
check "and the runs to come" python3 "$tools/mlmdlive.py" "$stem.mlmd.sqlite" "$engine" --seed 8 --kfp >/dev/null
python3 "$tools/mlmdlive.py" "$stem.mlmd.sqlite" "$engine" --seed 8 --kfp >"$tmp/new_runs.sql"
new_loaded "$label" "$stem.mlmd.sqlite"
source=$dsn source_database=$database
new_loaded "$label" "$stem.mlpipeline.sqlite"
sql "$label" "$database" <"$tmp/new_runs.sql" >/dev/null || fail "the runs to come"
upgrade
live=$database
python3 "$tools/mlmdlive.py" "$stem.mlmd.sqlite" "$engine" --seed 8 --steps 250 --pause 0.04 |
    sql "$label" "$source_database" >"$tmp/live.out" 2>"$tmp/live.err" &
writer=$!
imports=0
while kill -0 $writer 2>/dev/null; do
    import --batch 40 --jobs 2 >"$tmp/out" 2>"$tmp/err"
    case $? in 0 | 5) ;; *) fail "an import beside the writer: $(cat "$tmp/err")"; break ;; esac
    imports=$((imports + 1))
    [ $imports = 1 ] || [ "$(json_of "$tmp/out" runs replaced)" = 0 ] || replaced=yes
done
wait $writer
equal "the writer met no error" "0 " "$? $(cat "$tmp/live.err")"
if [ $imports -ge 2 ]; then ok "several imports ran beside it ($imports)"; else fail "only $imports imports"; fi
equal "and replaced runs" yes "${replaced:-no}"
expect "0 5" "a last one" import
new_loaded "$label" "$stem.mlpipeline.sqlite"
sql "$label" "$database" <"$tmp/new_runs.sql" >/dev/null || fail "the runs to come"
upgrade
expect "0 5" "a fresh import of the final source" import
same_as_fresh "a live source" "$live" "$database"
fresh=$database
use() { database=$1 dsn=$("$KFPSTORE_TEST_SERVERS" dsn "$label" "$1"); }
use "$live"
before=$(sql "$label" "$database" "SELECT * FROM kfpstore_migration_run ORDER BY 2;" | sha256sum)
expect "0 5" "all runs looked at again" import --look-again=all
equal "there was nothing left to replace" "0 0 0" "$(runs)"
equal "and each was compared" "$(json_of "$tmp/out" runs imported_before)" "$(json_of "$tmp/out" runs compared)"
equal "no line of the ledger was written" "$before" "$(sql "$label" "$database" "SELECT * FROM kfpstore_migration_run ORDER BY 2;" | sha256sum)"

# ---- one run after another --------------------------------------------------------------------------------------------
kfp=$data/mlmd/kfp/kfp_small
change() { sqlite3 "$tmp/source.sqlite" "$1" || fail "changing the source: $1"; }
ask() { sqlite3 "$tmp/source.sqlite" "$1"; }
now="CAST(strftime('%s', 'now') AS INTEGER) * 1000"
new_source() {
    cp "$kfp.mlmd.sqlite" "$tmp/source.sqlite"
    chmod u+w "$tmp/source.sqlite"
    source=sqlite://$tmp/source.sqlite
}
new_target() {
    new_kfp "$label" "$kfp"
    upgrade
}
# everything of all runs but these, and on PostgreSQL also which transaction has written it
rest_of() {
    local list columns='*'
    list=$(printf "'%s'," "$@")
    [ "$label" != pgsql ] || columns='xmin, *'
    one "SELECT $columns FROM tasks WHERE ${q}RunUUID$q NOT IN (${list%,}) ORDER BY ${q}UUID$q;
        SELECT $columns FROM artifact_tasks WHERE ${q}RunUUID$q NOT IN (${list%,}) ORDER BY ${q}UUID$q;
        SELECT $columns FROM kfpstore_migration_run WHERE ${q}RunUUID$q NOT IN (${list%,}) ORDER BY ${q}ContextID$q;
        SELECT $columns FROM artifacts WHERE ${q}UUID$q NOT IN (SELECT ${q}ArtifactID$q FROM artifact_tasks
            WHERE ${q}RunUUID$q IN (${list%,})) ORDER BY ${q}UUID$q;" | sha256sum
}
rows_of_run() {
    one "SELECT * FROM tasks WHERE ${q}RunUUID$q = '$1' ORDER BY 1; SELECT * FROM artifact_tasks WHERE ${q}RunUUID$q = '$1' ORDER BY 1;
        SELECT * FROM kfpstore_migration_run WHERE ${q}RunUUID$q = '$1';"
}
run_of() { ask "SELECT c.name FROM Association a JOIN Context c ON c.id = a.context_id JOIN Type t ON t.id = c.type_id
    AND t.name = 'system.PipelineRun' WHERE a.execution_id = $1"; }
finish_run() { one "UPDATE run_details SET ${q}State$q = 'SUCCEEDED', ${q}Conditions$q = 'Succeeded', ${q}FinishedAtInSec$q = 1760000000
    WHERE ${q}UUID$q = '$1';" >/dev/null; }
touch_execution() { change "UPDATE Execution SET last_update_time_since_epoch = $now WHERE id = $1"; }

new_source
new_target
first=$database
expect 5 "an import" import --missing-runs=create
expect 0 "again" import
equal "looks at the run that is not over" "1" "$(json_of "$tmp/out" runs compared)"
equal "and finds it the same" "0 0 0" "$(runs)"
# a container whose outputs other runs read: they are looked at too, and are the same
execution=$(ask "SELECT e.execution_id FROM Event e JOIN Event i ON i.artifact_id = e.artifact_id AND i.type = 3
    JOIN ExecutionProperty p ON p.execution_id = e.execution_id AND p.name = 'pod_name'
    JOIN Association a ON a.execution_id = e.execution_id JOIN Association b ON b.execution_id = i.execution_id
    JOIN Context c ON c.id = a.context_id JOIN Context d ON d.id = b.context_id JOIN Type t ON t.id = c.type_id
    AND t.name = 'system.PipelineRun' WHERE e.type = 4 AND d.type_id = c.type_id AND c.id <> d.id ORDER BY 1 LIMIT 1")
run=$(run_of "$execution")
change "UPDATE ExecutionProperty SET string_value = 'another-pod' WHERE execution_id = $execution AND name = 'pod_name'"
before=$(rest_of "$run")
expect 0 "a change that MLMD's times do not tell" import
equal "is not seen" "0 0 0" "$(runs)"
touch_execution "$execution"
expect 0 "nor with --look-again=none" import --look-again=none
equal "which looks at nothing" "0 0" "$(json_of "$tmp/out" runs compared) $(json_of "$tmp/out" runs replaced)"
expect "0 5" "a dry run" import --dry-run
equal "finds the run" "0 1 0" "$(runs)"
equal "and writes nothing" 0 "$(one "SELECT pods FROM tasks WHERE ${q}UUID$q = '$(uuid5 "execution:$execution")';" | grep -c another-pod)"
expect "0 5" "an import" import
equal "replaces it" "0 1 0" "$(runs)"
if [ "$(json_of "$tmp/out" runs compared)" -ge 3 ]; then ok "looked at the runs that use its artifacts"; else fail "looked at $(json_of "$tmp/out" runs compared)"; fi
equal "the task is as it is now" 1 "$(one "SELECT pods FROM tasks WHERE ${q}UUID$q = '$(uuid5 "execution:$execution")';" | grep -c another-pod)"
equal "nothing else was written" "$before" "$(rest_of "$run")"
expect 0 "and once more" import
equal "there is nothing to do" "0 0 0" "$(runs)"

# an artifact that only one link leads to goes with its event; a run ends; one that the import made fails
artifact=$(ask "SELECT e.artifact_id FROM Event e JOIN Artifact a ON a.id = e.artifact_id JOIN Type t ON t.id = a.type_id
    AND t.name <> 'system.Metrics' JOIN Association s ON s.execution_id = e.execution_id
    GROUP BY 1 HAVING count(DISTINCT e.id) = 1 AND min(e.type) = 4 ORDER BY 1 LIMIT 1")
equal "an artifact is there" 1 "$(one "SELECT count(*) FROM artifacts WHERE ${q}UUID$q = '$(uuid5 "artifact:$artifact")';")"
touch_execution "(SELECT execution_id FROM Event WHERE artifact_id = $artifact)"
change "DELETE FROM EventPath WHERE event_id IN (SELECT id FROM Event WHERE artifact_id = $artifact);
    DELETE FROM Event WHERE artifact_id = $artifact"
running=$(one "SELECT ${q}UUID$q FROM run_details WHERE ${q}State$q = 'RUNNING' ORDER BY 1 LIMIT 1;")
finish_run "$running"
made=$(one "SELECT ${q}RunUUID$q FROM kfpstore_migration_run WHERE ${q}Reason$q = 'run-created';")
change "UPDATE Execution SET last_known_state = 4, last_update_time_since_epoch = $now WHERE id = (SELECT max(a.execution_id)
    FROM Association a JOIN Context c ON c.id = a.context_id WHERE c.name = '$made')"
expect "0 5" "an import" import
equal "replaces the three" "0 3 0" "$(runs)"
equal "the artifact is gone" 0 "$(one "SELECT count(*) FROM artifacts WHERE ${q}UUID$q = '$(uuid5 "artifact:$artifact")';")"
equal "the run that is over is over" 0 "$(one "SELECT count(*) FROM tasks WHERE ${q}RunUUID$q = '$running' AND ${q}State$q = 1;")"
equal "the run that was made has failed" FAILED "$(one "SELECT ${q}State$q FROM run_details WHERE ${q}UUID$q = '$made';")"
new_target
finish_run "$running"
expect 5 "a fresh import" import --missing-runs=create
same_as_fresh "changes of one run each" "$first" "$database"
equal "and the run row that was made" "$(one "SELECT * FROM run_details WHERE ${q}UUID$q = '$made';")" \
    "$(use "$first"; one "SELECT * FROM run_details WHERE ${q}UUID$q = '$made';")"

# ---- what others have written, or deleted -----------------------------------------------------------------------------
new_source
# runs with a container each, and a run of a server's own that uses an artifact of one more
lost=$(run_of "(SELECT execution_id FROM Event WHERE artifact_id = $artifact)")
containers=$(ask "SELECT min(x.id) FROM Execution x JOIN Type t ON t.id = x.type_id AND t.name = 'system.ContainerExecution'
    JOIN Event e ON e.execution_id = x.id JOIN Association a ON a.execution_id = x.id JOIN Context c ON c.id = a.context_id
    JOIN Type k ON k.id = c.type_id AND k.name = 'system.PipelineRun' WHERE c.name <> '$lost' GROUP BY c.id HAVING count(DISTINCT e.id) > 2 ORDER BY 1")
nth() { sed -n "$1p" <<<"$containers"; }
change "UPDATE Execution SET last_known_state = 2 WHERE id = $(nth 1)"
new_target
expect 5 "an import" import
with_task=$(run_of "$(nth 2)") with_link=$(run_of "$(nth 3)") gone=$(run_of "$(nth 4)") refused=$(run_of "$(nth 5)")
ended=$(run_of "$(nth 6)") podded=$(run_of "$(nth 7)") unlinked=$(run_of "$(nth 8)") rewritten=$(run_of "$(nth 9)")
native=$(one "SELECT r.${q}UUID$q FROM run_details r LEFT JOIN kfpstore_migration_run m ON m.${q}RunUUID$q = r.${q}UUID$q
    WHERE m.${q}RunUUID$q IS NULL ORDER BY 1 LIMIT 1;")
artifact_uuid=$(uuid5 "artifact:$artifact")
native_task() {
    one "INSERT INTO tasks (${q}UUID$q, ${q}Namespace$q, ${q}RunUUID$q, pods, ${q}CreatedAtInSec$q, ${q}Fingerprint$q,
        ${q}State$q, ${q}Type$q, ${q}TypeAttrs$q) VALUES ('$2', '', '$1', '[]', 1, '', 1, 1, '{}');" >/dev/null
}
native_link() {
    one "INSERT INTO artifact_tasks (${q}UUID$q, ${q}ArtifactID$q, ${q}TaskID$q, ${q}Type$q, ${q}RunUUID$q)
        VALUES ('$1', '$4', '$3', 2, '$2');" >/dev/null
}
native_task "$with_task" 7b0f1e64-5f4e-4a3c-9d55-0a6f6d0e1b01
native_link 7b0f1e64-5f4e-4a3c-9d55-0a6f6d0e1b02 "$with_link" "$(uuid5 "execution:$(nth 3)")" "$artifact_uuid"
native_task "$native" 7b0f1e64-5f4e-4a3c-9d55-0a6f6d0e1b03
native_link 7b0f1e64-5f4e-4a3c-9d55-0a6f6d0e1b04 "$native" 7b0f1e64-5f4e-4a3c-9d55-0a6f6d0e1b03 "$artifact_uuid"
one "UPDATE tasks SET ${q}ParentTaskUUID$q = NULL WHERE ${q}RunUUID$q = '$gone'; DELETE FROM artifact_tasks WHERE ${q}RunUUID$q = '$gone';
    DELETE FROM tasks WHERE ${q}RunUUID$q = '$gone'; DELETE FROM tasks_pre_migration WHERE ${q}RunUUID$q = '$gone';
    DELETE FROM run_details WHERE ${q}UUID$q = '$gone';" >/dev/null
# servers that add no rows, but end an imported task, give it a pod, drop a link; one that writes only the same again
one "UPDATE tasks SET ${q}State$q = 4, ${q}FinishedInSec$q = 1760000000 WHERE ${q}UUID$q = '$(uuid5 "execution:$(nth 6)")';
    UPDATE tasks SET pods = '[{\"name\": \"served\", \"type\": \"EXECUTOR\"}]' WHERE ${q}UUID$q = '$(uuid5 "execution:$(nth 7)")';
    DELETE FROM artifact_tasks WHERE ${q}TaskID$q = '$(uuid5 "execution:$(nth 8)")';" >/dev/null
same=$(one "SELECT pods FROM tasks WHERE ${q}UUID$q = '$(uuid5 "execution:$(nth 9)")';" | sed 's/", *"/" ,   "/g')
one "UPDATE tasks SET pods = '$same' WHERE ${q}UUID$q = '$(uuid5 "execution:$(nth 9)")';" >/dev/null
for i in 2 3 4 5 6 7 8 9; do
    change "UPDATE ExecutionProperty SET string_value = 'another-pod' WHERE execution_id = $(nth $i) AND name = 'pod_name'"
    touch_execution "$(nth $i)"
done
change "UPDATE Execution SET last_known_state = 3 WHERE id = $(nth 1)"
touch_execution "$(nth 1)"
change "UPDATE ContextProperty SET string_value = 'somewhere' WHERE name = 'namespace' AND context_id = (SELECT id FROM Context WHERE name = '$refused')"
touch_execution "(SELECT execution_id FROM Event WHERE artifact_id = $artifact)"
change "DELETE FROM EventPath WHERE event_id IN (SELECT id FROM Event WHERE artifact_id = $artifact);
    DELETE FROM Event WHERE artifact_id = $artifact"
of_task=$(rows_of_run "$with_task") of_link=$(rows_of_run "$with_link") of_native=$(rows_of_run "$native") of_refused=$(rows_of_run "$refused")
of_ended=$(rows_of_run "$ended") of_podded=$(rows_of_run "$podded") of_unlinked=$(rows_of_run "$unlinked")
expect 5 "a dry run" import --dry-run --rejects "$tmp/rejects" --missing-runs=create
equal "finds the same as the import" "1 3 6" "$(runs)"
expect 5 "an import" import --rejects "$tmp/rejects" --missing-runs=create
equal "replaces the runs that lost an event, ended, and were written the same again; leaves six" "1 3 6" "$(runs)"
equal "the task that has ended in MLMD is over" 2 "$(one "SELECT ${q}State$q FROM tasks WHERE ${q}UUID$q = '$(uuid5 "execution:$(nth 1)")';")"
equal "the run whose task a server has ended is left" "$of_ended" "$(rows_of_run "$ended")"
equal "so is the one with a server's pod" "$of_podded" "$(rows_of_run "$podded")"
equal "and the one that lost a link" "$of_unlinked" "$(rows_of_run "$unlinked")"
equal "each with the reason" 3 "$(grep -c "changed-native.*rows that were imported have been changed or deleted" "$tmp/rejects")"
equal "the one that was written the same again is as in MLMD" 1 "$(one "SELECT pods FROM tasks WHERE ${q}UUID$q = '$(uuid5 "execution:$(nth 9)")';" | grep -c another-pod)"
equal "it makes only the run that never was there" 1 "$(json_of "$tmp/out" runs created)"
equal "the one with a server's task is left" "$of_task" "$(rows_of_run "$with_task")"
contains "and named" "task 7b0f1e64-5f4e-4a3c-9d55-0a6f6d0e1b01" "$tmp/rejects"
equal "so is the one with a server's link" "$of_link" "$(rows_of_run "$with_link")"
contains "and named" "link 7b0f1e64-5f4e-4a3c-9d55-0a6f6d0e1b02" "$tmp/rejects"
equal "as changed-native" 5 "$(json_of "$tmp/out" notes changed-native count)"
equal "the one that cannot be imported as it is now stays as it was" "$of_refused" "$(rows_of_run "$refused")"
equal "and is a reject" 1 "$(json_of "$tmp/out" notes namespace-conflict count)"
equal "the run that users deleted stays away" 0 "$(one "SELECT count(*) FROM run_details WHERE ${q}UUID$q = '$gone';")"
equal "the artifact that a server uses stays" 1 "$(one "SELECT count(*) FROM artifacts WHERE ${q}UUID$q = '$artifact_uuid';")"
equal "so does the server's run" "$of_native" "$(rows_of_run "$native")"

# ---- the options are part of what a run was made of -------------------------------------------------------------------
new_source
new_target
first=$database
expect 5 "an import" import
expect 0 "with another option" import --canceled=failed
equal "replaces only the run that is not over" "0 1 0" "$(runs)"
expect "0 5" "with a look at all" import --canceled=failed --look-again=all
if [ "$(json_of "$tmp/out" runs replaced)" -gt 10 ]; then ok "the runs are replaced"; else fail "replaced: $(runs)"; fi
new_target
expect 5 "a fresh import with it" import --canceled=failed
same_as_fresh "another option" "$first" "$database"

# ---- two contexts that mean one run -----------------------------------------------------------------------------------
new_source
new_target
first=$database
run=$(run_of "$(nth 2)")
name=$(one "SELECT ${q}Name$q FROM run_details WHERE ${q}UUID$q = '$run';")
change "INSERT INTO Type(id, name, type_kind) SELECT 900, 'KfpRun', 2 WHERE NOT EXISTS (SELECT 1 FROM Type WHERE name = 'KfpRun');
    INSERT INTO Type(id, name, type_kind) VALUES (901, 'components.train@sha256=00', 0);
    INSERT INTO Context(id, type_id, name, create_time_since_epoch, last_update_time_since_epoch)
        SELECT 9000, id, '$name', 1700000000000, 1700000000000 FROM Type WHERE name = 'KfpRun';
    INSERT INTO Execution(id, type_id, create_time_since_epoch, last_update_time_since_epoch)
        VALUES (9100, 901, 1700000000000, 1700000010000), (9101, 901, 1700000000000, 1700000010000);
    INSERT INTO Association(context_id, execution_id) VALUES (9000, 9100), (9000, 9101);"
expect 5 "an import" import --run-contexts=KfpRun
others=$(one "SELECT * FROM tasks WHERE ${q}RunUUID$q = '$run' AND ${q}UUID$q NOT IN ('$(uuid5 execution:9100)', '$(uuid5 execution:9101)') ORDER BY 1;")
equal "both are there" "$(($(wc -l <<<"$others") + 2))" "$(one "SELECT count(*) FROM tasks WHERE ${q}RunUUID$q = '$run';")"
touch_execution 9100
expect "0 5" "one of them changes" import --run-contexts=KfpRun
equal "it is replaced" 1 "$(json_of "$tmp/out" runs replaced)"
equal "the other's tasks stay" "$others" "$(one "SELECT * FROM tasks WHERE ${q}RunUUID$q = '$run' AND ${q}UUID$q NOT IN ('$(uuid5 execution:9100)', '$(uuid5 execution:9101)') ORDER BY 1;")"
new_target
expect 5 "a fresh import" import --run-contexts=KfpRun
same_as_fresh "two contexts of a run" "$first" "$database"

# ---- killed while runs are replaced -----------------------------------------------------------------------------------
cp "$stem.mlmd.sqlite" "$tmp/source.sqlite"
new_loaded "$label" "$stem.mlpipeline.sqlite"
upgrade
expect 0 "an import" import
change "UPDATE ExecutionProperty SET string_value = 'another-pod' WHERE name = 'pod_name'"
replaced_runs() { one "SELECT count(DISTINCT ${q}RunUUID$q) FROM tasks WHERE $pods_text LIKE '%another-pod%';" 2>/dev/null || echo 0; }
pods_text=pods
[ "$label" != pgsql ] || pods_text=pods::text
"$KFP_MIGRATE" import --look-again=all --batch 20 --source "$source" --target "$dsn" >"$tmp/out" 2>"$tmp/err" &
pid=$!
for ((i = 0; i < 1200; i++)); do
    n=$(replaced_runs)
    if [ "${n:-0}" -ge 3 ] || ! kill -0 $pid 2>/dev/null; then break; fi
    sleep 0.02
done
kill -KILL $pid 2>/dev/null
wait $pid 2>/dev/null
equal "killed" 137 $?
n=$(replaced_runs)
if [ "$n" -ge 3 ] && [ "$n" -lt 80 ]; then ok "some runs are replaced ($n of 80)"; else fail "$n runs are replaced"; fi
equal "none in part" "" "$(one "SELECT ${q}RunUUID$q FROM tasks GROUP BY ${q}RunUUID$q HAVING count(*) <> 20
    OR SUM(CASE WHEN $pods_text LIKE '%another-pod%' THEN 1 ELSE 0 END) NOT IN (0, 18);")"
expect 0 "started again" import --look-again=all
equal "it replaces the others" $((80 - n)) "$(json_of "$tmp/out" runs replaced)"
live=$database
new_loaded "$label" "$stem.mlpipeline.sqlite"
upgrade
expect 0 "a fresh import" import
same_as_fresh "after the kill" "$live" "$database"
finish
