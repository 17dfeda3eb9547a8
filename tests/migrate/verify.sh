#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# An imported target verifies clean; damaged in one place, it does not, and the place is named: each kind of damage on a
# target that is put back in order in between. What only --deep can see, plain verification is not asked for.
. "$(dirname "$0")/../harness/sh.sh"
kfp=$data/mlmd/kfp/kfp_small
source=$tmp/source.sqlite
cp "$kfp.mlmd.sqlite" "$source"
chmod u+w "$source"
verify() { "$KFP_MIGRATE" verify --json --source "sqlite://$source" --target "$dsn" "$@"; }
case $label in # one dialect for what follows, and no foreign keys in the way of damage
sqlite) session= ;;
pgsql) session="SET session_replication_role = replica;" ;;
*) session="SET SESSION sql_mode = CONCAT(@@sql_mode, ',ANSI_QUOTES'), FOREIGN_KEY_CHECKS = 0;" ;;
esac
run_sql() { sql "$label" "$database" "$session $1"; }

new_kfp "$label" "$kfp"
expect 0 "schema upgrade" "$KFP_MIGRATE" schema upgrade --target "$dsn"
expect 4 "before any import: nothing is there" verify
equal "each run of the source is named" 27 "$(json_of "$tmp/out" by_kind run-missing)"
expect 5 "import" "$KFP_MIGRATE" import --source "sqlite://$source" --target "$dsn"
before=$(rows_of "$label" "$database")
expect 0 "verify" verify
equal "26 of 27 runs were compared" "27 26 1" \
    "$(json_of "$tmp/out" runs contexts) $(json_of "$tmp/out" runs compared) $(json_of "$tmp/out" runs skipped)"
# the numbers are expected.json's: 247 links, 16 of them passed on by DAGs
equal "tasks" "159 159" "$(json_of "$tmp/out" tasks expected) $(json_of "$tmp/out" tasks found)"
equal "artifacts" "144 144" "$(json_of "$tmp/out" artifacts expected) $(json_of "$tmp/out" artifacts found)"
equal "links" "231 231 16" \
    "$(json_of "$tmp/out" links expected) $(json_of "$tmp/out" links found) $(json_of "$tmp/out" propagated)"
expect 0 "verify --deep" verify --deep
expect 0 "verify for people" "$KFP_MIGRATE" verify --source "sqlite://$source" --target "$dsn"
contains "it says so" "Everything that the source has is there" "$tmp/out"
contains "and why a run was left out" "runs skipped: no-run-row" "$tmp/out"
equal "nothing was written" "$before" "$(rows_of "$label" "$database")"

# ---- damage ----------------------------------------------------------------------------------------------------------
tables="artifact_tasks tasks artifacts kfpstore_migrated_artifact kfpstore_migration_run"
for table in $tables; do run_sql "CREATE TABLE keep_$table AS SELECT * FROM $table;" >/dev/null; done
restore() {
    local table text=
    for table in $tables; do text="$text DELETE FROM $table; INSERT INTO $table SELECT * FROM keep_$table;"; done
    run_sql "$text" >/dev/null
}
task=$(run_sql 'SELECT "UUID" FROM tasks WHERE "Type" = 2 AND "State" = 2 AND "Fingerprint" <> '"''"' AND "UUID" IN
    (SELECT "TaskID" FROM artifact_tasks WHERE "Type" = 9) ORDER BY "UUID" LIMIT 1;')
link=$(run_sql 'SELECT "UUID" FROM artifact_tasks WHERE "TaskID" = '"'$task'"' AND "Type" = 9 ORDER BY "UUID" LIMIT 1;')
passed=$(run_sql 'SELECT l."UUID" FROM artifact_tasks l JOIN tasks t ON t."UUID" = l."TaskID" WHERE t."Type" IN (1, 8)
    AND l."Type" = 9 ORDER BY l."UUID" LIMIT 1;')
artifact=$(run_sql 'SELECT a."UUID" FROM artifacts a WHERE "URI" IS NOT NULL AND "UUID" IN
    (SELECT "ArtifactID" FROM artifact_tasks GROUP BY "ArtifactID" HAVING COUNT(DISTINCT "RunUUID") = 1) ORDER BY "UUID" LIMIT 1;')
metric=$(run_sql 'SELECT "UUID" FROM artifacts WHERE "NumberValue" IS NOT NULL AND "UUID" IN
    (SELECT "ArtifactID" FROM artifact_tasks GROUP BY "ArtifactID" HAVING COUNT(DISTINCT "RunUUID") = 1) ORDER BY "UUID" LIMIT 1;')
other=$(run_sql 'SELECT "UUID" FROM tasks WHERE "RunUUID" = (SELECT "RunUUID" FROM tasks WHERE "UUID" = '"'$task'"')
    AND "UUID" <> '"'$task'"' AND "ParentTaskUUID" IS NOT NULL ORDER BY "UUID" LIMIT 1;')
made=00000000-0000-5000-8000-000000000001
for victim in "$task" "$link" "$passed" "$artifact" "$metric" "$other"; do
    [ "${#victim}" = 36 ] || fail "there is no row to damage"
done
copy() { # copy TABLE UUID COLUMN=VALUE...: the row once more, with another UUID and these values
    local table=$1 uuid=$2 column columns= values=
    shift 2
    for column in $(python3 -c 'import sys; sys.path.insert(0, sys.argv[1]); import kfpread
print(*[c for c, _ in kfpread.TABLES[sys.argv[2]]])' "$tools" "$table"); do
        columns="$columns,\"$column\""
        local value="\"$column\"" pair
        for pair in UUID="'$made'" "$@"; do [ "${pair%%=*}" != "$column" ] || value=${pair#*=}; done
        values="$values,$value"
    done
    echo "INSERT INTO $table (${columns#,}) SELECT ${values#,} FROM $table WHERE \"UUID\" = '$uuid';"
}
set_() { echo "UPDATE $1 SET \"$3\" = $4 WHERE \"UUID\" = '$2';"; }

# damage PLAIN DEEP ROW TEXT SQL: the kinds that plain and deep verification name; "-": plain cannot see it
damage() {
    local plain=$1 deep=$2 row=$3 text=$4 way kind
    restore
    run_sql "$5" >/dev/null || { fail "$text: cannot be done"; return; }
    for way in plain deep; do
        kind=${!way}
        [ "$kind" != - ] || continue
        if [ $way = deep ]; then
            expect 4 "$text: --deep finds it" verify --deep || continue
        else
            expect 4 "$text: found" verify || continue
        fi
        equal "$text: $way, one run differs" 1 "$(json_of "$tmp/out" runs differing)"
        check "$text: $way, $kind of $row" python3 -c 'import json, sys
o = json.load(open(sys.argv[1], encoding="utf-8"))
assert any(d["kind"] == sys.argv[2] and sys.argv[3] in ("", d["row"]) for d in o["list"]), o["list"]
assert o["by_kind"][sys.argv[2]] > 0 and o["differences"] == len(o["list"]) == sum(o["by_kind"].values())' \
            "$tmp/out" "$kind" "$row"
    done
}
damage task-missing task-missing "$task" "a task is missing" \
    "DELETE FROM artifact_tasks WHERE \"TaskID\" = '$task'; DELETE FROM tasks WHERE \"UUID\" = '$task';"
damage task-extra task-extra $made "a task too many" "$(copy tasks "$task" LogicalKey=NULL)"
damage task-changed task-changed "$task" "a state" "$(set_ tasks "$task" State 4)"
damage task-changed task-changed "$task" "a type" "$(set_ tasks "$task" Type 7)"
damage task-changed task-changed "$task" "a name" "$(set_ tasks "$task" Name "'another'")"
damage task-changed task-changed "$task" "a fingerprint" "$(set_ tasks "$task" Fingerprint "'0000'")"
damage task-changed task-changed "$task" "a lost fingerprint" "$(set_ tasks "$task" Fingerprint "''")"
damage task-changed task-changed "$task" "a parent" "$(set_ tasks "$task" ParentTaskUUID "'$other'")"
damage task-changed task-changed "$task" "a task's namespace" "$(set_ tasks "$task" Namespace "'elsewhere'")"
damage link-missing link-missing "$link" "a link is missing" "DELETE FROM artifact_tasks WHERE \"UUID\" = '$link';"
damage link-extra link-extra $made "a link too many" "$(copy artifact_tasks "$link" ArtifactKey="'more'")"
damage link-changed link-changed "$link" "a link to another artifact" "$(set_ artifact_tasks "$link" ArtifactID "'$metric'")"
damage link-changed link-changed "$link" "a link of another task" "$(set_ artifact_tasks "$link" TaskID "'$other'")"
damage link-changed link-changed "$link" "a link's direction" "$(set_ artifact_tasks "$link" Type 2)"
damage link-changed link-changed "$link" "a link's iteration" "$(set_ artifact_tasks "$link" Iteration 77)"
damage link-extra link-changed "$passed" "the key of a link that a DAG passes on" \
    "$(set_ artifact_tasks "$passed" ArtifactKey "'another'")"
damage artifact-missing artifact-missing "$artifact" "an artifact is missing" \
    "DELETE FROM artifacts WHERE \"UUID\" = '$artifact';"
damage artifact-changed artifact-changed "$artifact" "a URI" "$(set_ artifacts "$artifact" URI "'s3://b/other'")"
damage artifact-changed artifact-changed "$artifact" "a URI's hash" "$(set_ artifacts "$artifact" URIHash "'00'")"
damage artifact-changed artifact-changed "$artifact" "an artifact's namespace" "$(set_ artifacts "$artifact" Namespace "'x'")"
damage artifact-changed artifact-changed "$metric" "the value of a metric" "$(set_ artifacts "$metric" NumberValue 1234.5)"
damage artifact-changed artifact-changed "$metric" "a metric without its value" "$(set_ artifacts "$metric" NumberValue NULL)"
damage run-missing run-missing "" "a run that the ledger does not know" \
    'DELETE FROM kfpstore_migration_run WHERE "Outcome" = '"'skipped'"';'
damage run-unknown run-unknown "" "a run that the source does not have" \
    'UPDATE kfpstore_migration_run SET "ContextID" = 999999, "Outcome" = '"'imported'"' WHERE "ContextID" =
    (SELECT "ContextID" FROM keep_kfpstore_migration_run WHERE "Outcome" = '"'skipped'"'); INSERT INTO
    kfpstore_migration_run SELECT * FROM keep_kfpstore_migration_run WHERE "Outcome" = '"'skipped'"';'
# what only --deep sees: every column of the three tables, one after the other
damage - link-missing "$passed" "a link that a DAG passes on is missing" \
    "DELETE FROM artifact_tasks WHERE \"UUID\" = '$passed';"
while read -r table victim column kind; do
    case $kind in
    0) value="\"$column\" + 1" ;;
    1) value=5.5 ;;
    2) value="'damaged'" ;;
    3) value="'{\"damaged\": 1}'" ;;
    esac
    case $table in tasks) what=task ;; artifacts) what=artifact ;; *) what=link ;; esac
    change=changed
    [ "$column" != RunUUID ] || change=missing # it is in no run that is looked at
    damage - $what-$change "${!victim}" "$table.$column" "$(set_ "$table" "${!victim}" "$column" "$value")"
done < <(python3 -c 'import sys; sys.path.insert(0, sys.argv[1]); import kfpread
for table, victim in (("tasks", "task"), ("artifacts", "artifact"), ("artifact_tasks", "link")):
    for column, kind in kfpread.TABLES[table][1:]: print(table, victim, column, kind)' "$tools")

restore
run_sql "DELETE FROM kfpstore_migrated_artifact WHERE \"ArtifactID\" = '$artifact';" >/dev/null
expect 4 "an artifact that is not on the list of ours" verify
contains "it is named" "$artifact" "$tmp/out"
restore
expect 0 "put back, it is clean again" verify
expect 0 "also with --deep" verify --deep

# ---- what is no damage -----------------------------------------------------------------------------------------------
# a run that users delete stays in the ledger
run=$(run_sql "SELECT \"RunUUID\" FROM tasks WHERE \"UUID\" = '$task';")
run_sql "DELETE FROM artifact_tasks WHERE \"RunUUID\" = '$run'; DELETE FROM tasks WHERE \"RunUUID\" = '$run';" >/dev/null
expect 4 "a run whose rows are gone" verify
run_sql "DELETE FROM run_details WHERE \"UUID\" = '$run';" >/dev/null
expect 0 "and that is gone itself" verify
equal "counts as deleted" 1 "$(json_of "$tmp/out" runs deleted)"

# ---- a source that went on -------------------------------------------------------------------------------------------
sqlite3 "$source" "UPDATE Execution SET last_known_state = 4 WHERE id = (SELECT max(id) FROM Execution WHERE
    last_known_state = 3 AND id IN (SELECT execution_id FROM Association WHERE context_id = (SELECT max(id) FROM Context
    WHERE type_id = (SELECT id FROM Type WHERE name = 'system.PipelineRun'))));
    INSERT INTO Context (type_id, name, create_time_since_epoch, last_update_time_since_epoch)
    SELECT id, 'a-later-run', 1, 1 FROM Type WHERE name = 'system.PipelineRun';"
expect 4 "a source that went on" verify
contains "the changed task is named" '"task-changed"' "$tmp/out"
contains "the new run is named" a-later-run "$tmp/out"
expect 4 "a list of one" verify --limit 1
equal "all are counted" "1 True" "$(python3 -c 'import json, sys
o = json.load(open(sys.argv[1])); print(len(o["list"]), o["differences"] > 1)' "$tmp/out")"

# ---- what cannot be verified -----------------------------------------------------------------------------------------
expect 2 "without a source" "$KFP_MIGRATE" verify --target "$dsn"
expect 2 "an operand" verify run
new_database "$label"
expect 3 "a target without our tables" verify
contains "says what to do" "schema upgrade" "$tmp/err"
finish
