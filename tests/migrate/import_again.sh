#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A second import into a target that knows the source already, another source, runs that come and go between two
# imports, a transaction that is tried again, contexts that can be no run: nothing is lost, taken for something else, or
# stops the rest.
. "$(dirname "$0")/../harness/sh.sh"
kfp=$data/mlmd/kfp/kfp_small
source=$tmp/source.sqlite
other="sqlite://$data/mlmd/real/v8-sepsis.sqlite"
import() { "$KFP_MIGRATE" import --json --source "sqlite://$source" --target "$dsn" "$@"; }
count() { sql "$label" "$database" "SELECT count(*) FROM $1;"; }
new_source() {
    cp "$kfp.mlmd.sqlite" "$source"
    chmod u+w "$source"
}
new_target() {
    new_kfp "$label" "$kfp"
    "$KFP_MIGRATE" schema upgrade --target "$dsn" >/dev/null 2>&1 || fail "schema upgrade"
}
case $label in mariadb* | mysql*) q='`' ;; *) q='"' ;; esac
# delete_run UUID, away_run UUID (as if it had not come yet), back_run UUID
delete_run() {
    sql "$label" "$database" "DELETE FROM tasks WHERE ${q}RunUUID$q = '$1' AND ${q}ParentTaskUUID$q IS NOT NULL;
        DELETE FROM tasks WHERE ${q}RunUUID$q = '$1'; DELETE FROM tasks_pre_migration WHERE ${q}RunUUID$q = '$1';
        DELETE FROM run_details WHERE ${q}UUID$q = '$1';" >/dev/null
}
away_run() {
    sql "$label" "$database" "DELETE FROM tasks_pre_migration WHERE ${q}RunUUID$q = '$1';
        UPDATE run_details SET ${q}UUID$q = 'away-$1' WHERE ${q}UUID$q = '$1';" >/dev/null
}
back_run() {
    sql "$label" "$database" "UPDATE run_details SET ${q}UUID$q = '$1' WHERE ${q}UUID$q = 'away-$1';" >/dev/null
}
uuid5() { python3 -c 'import sys, uuid; print(uuid.uuid5(uuid.NAMESPACE_DNS, sys.argv[1]))' "$1"; }
namespace_of() { sql "$label" "$database" "SELECT ${q}Namespace$q FROM artifacts WHERE ${q}UUID$q = '$1';"; }
new_source
runs=$(sqlite3 "$source" "SELECT c.name FROM Context c JOIN Type t ON t.id = c.type_id AND t.name = 'system.PipelineRun'
    JOIN Association a ON a.context_id = c.id GROUP BY c.id ORDER BY c.id")
run() { sed -n "$1p" <<<"$runs"; }

# ---- runs that come later, in a transaction that is tried again -------------------------------------------------------
new_target
early=$(run 4) late=$(run 9)
away_run "$early"
away_run "$late"
expect 3 "status before any import" "$KFP_MIGRATE" status --exit-code --target "$dsn"
expect 5 "an import without two runs" import
equal "they are skipped" 24 "$(json_of "$tmp/out" runs imported)"
expect 0 "status after it" "$KFP_MIGRATE" status --exit-code --json --target "$dsn"
equal "says what runs held" 18 "$(json_of "$tmp/out" notes iteration-flattened)"
equal "and what is in none" "6 5" "$(json_of "$tmp/out" notes foreign-execution) $(json_of "$tmp/out" notes artifact-without-event)"
back_run "$early"
back_run "$late"
if [ "$label" = pgsql ]; then # a sequence keeps its number when the transaction is rolled back
    sql pgsql "$database" >/dev/null <<'SQL'
CREATE SEQUENCE tries;
CREATE FUNCTION once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF nextval('tries') = 1 THEN RAISE EXCEPTION 'once more' USING ERRCODE = '40001'; END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER once BEFORE INSERT ON tasks FOR EACH ROW EXECUTE FUNCTION once();
SQL
fi
expect 0 "the import of the two" import
equal "both are imported" "2 24" "$(json_of "$tmp/out" runs imported) $(json_of "$tmp/out" runs imported_before)"
equal "with their tasks" 159 "$(count tasks)"
equal "and links" 247 "$(count artifact_tasks)"

# ---- a run that was deleted after its import --------------------------------------------------------------------------
delete_run "$early"
expect 0 "an import after a run was deleted" import --missing-runs=create
equal "it stays away" 0 "$(sql "$label" "$database" "SELECT count(*) FROM run_details WHERE ${q}UUID$q = '$early';")"
equal "and the one that was never there is made" 1 "$(json_of "$tmp/out" runs created)"

# ---- another MLMD database --------------------------------------------------------------------------------------------
before=$(rows_of "$label" "$database")
expect 1 "another source without --source-id is refused" "$KFP_MIGRATE" import --source "$other" --target "$dsn" \
    --run-contexts=run,pipeline_run --missing-runs=create
contains "the message says what to do" "--source-id" "$tmp/err"
equal "nothing was written" "$before" "$(rows_of "$label" "$database")"
expect 0 "with one it is imported" "$KFP_MIGRATE" import --source "$other" --target "$dsn" --json --source-id second \
    --run-contexts=run,pipeline_run --missing-runs=create
equal "every run" 159 "$(json_of "$tmp/out" runs imported)"
expect 0 "and a second time changes nothing" "$KFP_MIGRATE" import --source "$other" --target "$dsn" --json \
    --source-id second --run-contexts=run,pipeline_run --missing-runs=create
equal "every run was there" 159 "$(json_of "$tmp/out" runs imported_before)"

# ---- who owns an artifact of two namespaces ---------------------------------------------------------------------------
# artifact 61 is of the runs 18 and 19 in team-alpha and of run 20 in team-beta
plain=$(uuid5 artifact:61)
new_target
alpha=$(sqlite3 "$source" "SELECT DISTINCT c.name FROM Event e JOIN Association a ON a.execution_id = e.execution_id
    JOIN Context c ON c.id = a.context_id JOIN ContextProperty p ON p.context_id = c.id AND p.name = 'namespace'
    WHERE e.artifact_id = 61 AND p.string_value = 'team-alpha'")
for one in $alpha; do away_run "$one"; done
expect 5 "the runs of the one namespace are not there yet" import
equal "the other has the plain id" team-beta "$(namespace_of "$plain")"
for one in $alpha; do back_run "$one"; done
expect 0 "they come" import
equal "and the owner stays" team-beta "$(namespace_of "$plain")"
equal "they have a row of their own" team-alpha "$(namespace_of "$(uuid5 artifact:61:ns:team-alpha)")"

# ---- contexts that can be no run, two contexts that mean one, a run with tasks of a server ----------------------------
new_target
name=$(sql "$label" "$database" "SELECT ${q}Name$q FROM run_details WHERE ${q}UUID$q = '$early';")
sqlite3 "$source" "UPDATE Context SET name = printf('%.255c', 'x') WHERE name = '$(run 2)';
    UPDATE Context SET name = '' WHERE name = '$(run 3)';
    INSERT INTO Type(id, name, type_kind) VALUES (900, 'KfpRun', 2), (901, 'components.train@sha256=00', 0);
    DELETE FROM Context WHERE type_id IN (SELECT id FROM Type WHERE name = 'KfpRun');
    INSERT INTO Context(id, type_id, name, create_time_since_epoch, last_update_time_since_epoch)
        VALUES (9000, 900, '$name', 1700000000000, 1700000000000);
    INSERT INTO Execution(id, type_id, create_time_since_epoch, last_update_time_since_epoch)
        VALUES (9100, 901, 1700000000000, 1700000010000);
    INSERT INTO Association(context_id, execution_id) VALUES (9000, 9100);"
native="INSERT INTO tasks (${q}UUID$q, ${q}Namespace$q, ${q}RunUUID$q, pods, ${q}CreatedAtInSec$q, ${q}Fingerprint$q,
    ${q}State$q, ${q}Type$q, ${q}TypeAttrs$q) VALUES ('4de53a6b-990c-4ef0-8b68-989624c24512', '', '$early', '[]', 1, '', 1, 1, '{}')"
expect 5 "names that no run can have" import --missing-runs=create --run-contexts=KfpRun --rejects "$tmp/rejects"
equal "their runs are refused" 2 "$(json_of "$tmp/out" runs rejected)"
equal "and named" 2 "$(grep -c '"target-refused"' "$tmp/rejects")"
equal "no run without a key was made" 0 "$(sql "$label" "$database" "SELECT count(*) FROM run_details WHERE ${q}UUID$q = '';")"
equal "a KFP v1 context's run is found by its name" "$early" "$(sql "$label" "$database" \
    "SELECT ${q}RunUUID$q FROM tasks WHERE ${q}UUID$q = '$(uuid5 execution:9100)';")"
new_target
sql "$label" "$database" "$native;" >/dev/null
expect 5 "a run with a server's tasks, and two contexts for it" import --run-contexts=KfpRun
equal "both are left alone" 2 "$(json_of "$tmp/out" notes native-tasks count)"
equal "and their run" 1 "$(sql "$label" "$database" "SELECT count(*) FROM tasks WHERE ${q}RunUUID$q = '$early';")"

# ---- dry runs into what is no target ----------------------------------------------------------------------------------
new_source
new_database "$label"
sql "$label" "$database" "CREATE TABLE something (a integer);" >/dev/null
expect 3 "a dry run into another database is refused as the import is" import --dry-run
expect 3 "the import" import
expect 5 "but not if it is to be made one" import --dry-run --create-target --missing-runs=create
expect 69 "a server that is away is not a database that is to be made (PostgreSQL)" "$KFP_MIGRATE" import --dry-run \
    --create-target --source "sqlite://$source" --target "postgresql://nobody@%2Fnonexistent/x"
expect 69 "likewise (MySQL)" "$KFP_MIGRATE" import --dry-run --create-target --source "sqlite://$source" \
    --target "mysql://nobody@localhost/x?socket=/nonexistent"

# ---- a full disk ------------------------------------------------------------------------------------------------------
if [ "$label" = sqlite ]; then # what may not grow is as good as full
    new_target
    limited() (
        trap '' XFSZ
        ulimit -f 700
        import --batch 1
    )
    expect 1 "no room in the middle" limited
    contains "is said" "writing" "$tmp/err"
    equal "no run is blamed for it" 0 "$(sql sqlite "$database" "SELECT count(*) FROM kfpstore_migration_run WHERE Outcome = 'rejected';")"
    expect 3 "status says that it is not finished" "$KFP_MIGRATE" status --exit-code --target "$dsn"
    expect "0 5" "the same command goes on" import --batch 1
    equal "to the end" "159 247" "$(count tasks) $(count artifact_tasks)"
fi
finish
