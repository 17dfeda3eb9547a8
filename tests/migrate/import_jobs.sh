#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Several connections write: rows, ledger, report and reject file are those of one connection, whatever comes first. The
# source is made so that the order would show: artifacts of many runs, some without a time of their own (the first run's
# then counts), runs whose rows the import makes (the first one dates their experiment), contexts that mean one run and
# hold the same task (the second one is refused). Groups are held up at random. Then stopped by SIGTERM and SIGKILL.
. "$(dirname "$0")/../harness/sh.sh"
stem=$tmp/jobs
check "generated" python3 "$tools/mlmdgen.py" "$stem" --seed 51 --runs 120
source=$stem.mlmd.sqlite
case $label in mariadb* | mysql*) q='`' ;; *) q='"' ;; esac

# Old artifacts that nobody made and that have no time, each read by eight runs; its time is that of the first of them.
# Two more contexts for every tenth run, named like it, with a task of the same name: the second has the first one's key.
sqlite3 "$source" <<'SQL'
CREATE TEMP TABLE runs AS SELECT c.id, c.name, min(a.execution_id) AS first, row_number() OVER (ORDER BY c.id) AS n
    FROM Context c JOIN Type t ON t.id = c.type_id AND t.name = 'system.PipelineRun'
    JOIN Association a ON a.context_id = c.id GROUP BY c.id;
INSERT INTO Artifact(id, type_id, uri, state, create_time_since_epoch, last_update_time_since_epoch)
    SELECT DISTINCT 900000 + n / 8, (SELECT min(type_id) FROM Artifact), 's3://old/thing', 2, 0, 0 FROM runs WHERE n >= 16;
INSERT INTO Event(id, artifact_id, execution_id, type, milliseconds_since_epoch)
    SELECT 900000 + n, 900000 + n / 8, first, 3, 1700000000000 + n FROM runs WHERE n >= 16;
INSERT INTO EventPath(event_id, is_index_step, step_key) SELECT 900000 + n, 0, 'old' FROM runs WHERE n >= 16;
DELETE FROM Context WHERE type_id IN (SELECT id FROM Type WHERE name IN ('KfpRun', 'run'));
DELETE FROM Type WHERE name IN ('KfpRun', 'run');
INSERT INTO Type(id, name, type_kind) VALUES (900, 'KfpRun', 2), (901, 'run', 2), (902, 'components.train@sha256=00', 0);
CREATE TEMP TABLE more AS SELECT 910000 + t.id % 2 * 10000 + n AS id, t.id AS type_id, runs.name FROM runs, Type t
    WHERE n % 10 = 1 AND t.id IN (900, 901);
INSERT INTO Context(id, type_id, name, create_time_since_epoch, last_update_time_since_epoch)
    SELECT id, type_id, name, 1700000000000, 1700000000000 FROM more;
INSERT INTO Execution(id, type_id, create_time_since_epoch, last_update_time_since_epoch)
    SELECT id, 902, 1700000000000, 1700000010000 FROM more;
INSERT INTO ExecutionProperty(execution_id, name, is_custom_property, string_value) SELECT id, 'task_name', 1, 'same' FROM more;
INSERT INTO Association(context_id, execution_id) SELECT id, id FROM more;
SQL
# Every third run is not in the target: its row is made.
sqlite3 "$stem.mlpipeline.sqlite" "CREATE TEMP TABLE away AS SELECT UUID FROM run_details WHERE rowid % 3 = 0;
    DELETE FROM tasks WHERE RunUUID IN away; DELETE FROM run_details WHERE UUID IN away;"
engine=$("$KFPSTORE_TEST_SERVERS" engine "$label")

options=(--json --source "sqlite://$source" --missing-runs=create --run-contexts=KfpRun,run)
import() { "$KFP_MIGRATE" import "${options[@]}" --batch 15 --target "$dsn" "$@"; }
# hold_up: who writes a run waits for some time between nothing and a fifth of a second
hold_up() {
    case $engine in
    pgsql)
        sql "$label" "$database" "CREATE FUNCTION hold_up() RETURNS trigger LANGUAGE plpgsql AS
            'BEGIN PERFORM pg_sleep(random() / 5); RETURN NEW; END';
            CREATE TRIGGER hold_up BEFORE INSERT ON tasks FOR EACH STATEMENT EXECUTE FUNCTION hold_up();
            CREATE TRIGGER hold_up BEFORE INSERT ON experiments FOR EACH STATEMENT EXECUTE FUNCTION hold_up();" >/dev/null
        ;;
    mysql)
        sql "$label" "$database" "CREATE TRIGGER hold_up BEFORE INSERT ON tasks FOR EACH ROW
            SET @waited = IF(NEW.ParentTaskUUID IS NULL, SLEEP(RAND() / 20), 0);
            CREATE TRIGGER hold_up_too BEFORE INSERT ON experiments FOR EACH ROW SET @waited = SLEEP(RAND() / 5);" >/dev/null
        ;;
    esac
}
# everything but tasks, artifacts and links (compare_targets.py): the ledger without its times, runs, experiments
ledger_of() {
    local columns=Source,ContextID,RunUUID,ContextName,Outcome,Reason,Digest,Tasks,Artifacts,Links,Executions,Rejected,Terminal,Notes
    sql "$label" "$1" "SELECT $q${columns//,/$q,$q}$q FROM kfpstore_migration_run ORDER BY 2;
        SELECT * FROM kfpstore_migrated_artifact ORDER BY 1, 2, 3; SELECT * FROM experiments ORDER BY 1;
        SELECT ${q}UUID$q, ${q}ExperimentUUID$q, ${q}CreatedAtInSec$q FROM run_details ORDER BY 1;"
}
facts_of() { # the report without what differs from hour to hour
    python3 -c 'import json, sys
report = json.load(open(sys.argv[1], encoding="utf-8"))
for key in ("seconds", "executions_per_second", "peak_memory_mb", "started_at", "target"):
    del report[key]
print(json.dumps(report, sort_keys=True))' "$1"
}

# ---- 1, 2 and 4 -------------------------------------------------------------------------------------------------------
for jobs in 1 2 4; do
    new_generated "$stem"
    [ "$jobs" = 1 ] || hold_up
    expect 5 "$jobs jobs: import" import --jobs "$jobs" --rejects "$tmp/rejects.$jobs"
    ledger_of "$database" >"$tmp/ledger.$jobs"
    facts_of "$tmp/out" >"$tmp/facts.$jobs"
    if [ "$jobs" = 1 ]; then
        reference=$(reader_of "$label" "$database")
        runs=$(json_of "$tmp/out" runs imported)
        check "many groups" test "$runs" -gt 100
        check "some rows were made" test "$(json_of "$tmp/out" runs created)" -gt 20
        refused=$(json_of "$tmp/out" runs rejected)
        check "and some contexts were refused" test "$refused" -gt 5
        check "artifacts are shared" test "$(json_of "$tmp/out" artifacts reused)" -gt 20
        first=$(sqlite3 "$source" "SELECT c.name FROM Context c JOIN Association a ON a.context_id = c.id
            JOIN Event e ON e.execution_id = a.execution_id AND e.artifact_id = 900003 JOIN Type t ON t.id = c.type_id
            AND t.name = 'system.PipelineRun' ORDER BY c.id LIMIT 1")
        equal "an artifact without a time has that of the first run" 1 "$(sql "$label" "$database" "SELECT count(*)
            FROM artifacts a, run_details r WHERE r.${q}UUID$q = '$first' AND a.${q}CreatedAtInSec$q = r.${q}CreatedAtInSec$q
            AND a.${q}UUID$q = '$(python3 -c 'import uuid; print(uuid.uuid5(uuid.NAMESPACE_DNS, "artifact:900003"))')';")"
        continue
    fi
    check "$jobs jobs: the same rows" python3 "$tools/compare_targets.py" $reference $(reader_of "$label" "$database")
    check "$jobs jobs: the same ledger, runs and experiments" cmp "$tmp/ledger.1" "$tmp/ledger.$jobs"
    check "$jobs jobs: the same report" diff "$tmp/facts.1" "$tmp/facts.$jobs"
    check "$jobs jobs: the same reject file" cmp "$tmp/rejects.1" "$tmp/rejects.$jobs"
    if [ "$label" = sqlite ]; then
        contains "a file has one writer, which is said" "one writer at a time" "$tmp/err"
    else
        equal "each had a slot of the lease" "$((jobs + 1))" "$(sql "$label" "$database" 'SELECT count(*) FROM kfpstore_lease;')"
    fi
    expect 5 "$jobs jobs: again" import --jobs "$jobs"
    equal "changes nothing" 0 "$(json_of "$tmp/out" runs imported)"
done
[ "$label" != sqlite ] || finish

# ---- stopped ----------------------------------------------------------------------------------------------------------
done_runs() { sql "$label" "$database" "SELECT count(*) FROM kfpstore_migration_run;" 2>/dev/null || echo 0; }
for signal in TERM KILL; do
    new_generated "$stem"
    "$KFP_MIGRATE" import "${options[@]}" --batch 1 --target "$dsn" --jobs 4 --sleep-ratio 3 >"$tmp/out" 2>"$tmp/err" </dev/null &
    pid=$!
    for _ in $(seq 600); do [ "$(done_runs)" -lt 10 ] || break; sleep 0.02; done
    kill -$signal $pid
    wait $pid 2>/dev/null
    status=$?
    there=$(done_runs)
    check "$signal: some runs are there, and not all ($there)" test "$there" -ge 10 -a "$there" -lt "$runs"
    if [ $signal = TERM ]; then
        equal "TERM: exit code" 75 $status
        equal "TERM: the report counts what is there" "$there" "$(json_of "$tmp/out" runs imported)"
    else
        equal "KILL: exit code" 137 $status
    fi
    expect 5 "$signal: started again" import --jobs 3
    equal "$signal: it went on" "$there" "$(json_of "$tmp/out" runs imported_before)"
    ledger_of "$database" >"$tmp/ledger.$signal"
    check "$signal: the same rows" python3 "$tools/compare_targets.py" $reference $(reader_of "$label" "$database")
    check "$signal: the same ledger, runs and experiments" cmp "$tmp/ledger.1" "$tmp/ledger.$signal"
done
finish
