#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# schema verify: clean after an upgrade, of an empty database and of one that KFP made; each way in which a table can
# differ is said, with exit status 4; steps that are pending are no difference; newer and changed have their own codes.
. "$(dirname "$0")/../harness/sh.sh"
engine=$("$KFPSTORE_TEST_SERVERS" engine "$label")
q='"'
[ "$engine" != mysql ] || q='`'
verify() { "$KFP_MIGRATE" schema verify --target "$dsn" "$@"; }
change() { sql "$label" "$database" "$1" >/dev/null || fail "cannot do: $1"; }

# ---- clean -----------------------------------------------------------------------------------------------------------
new_kfp "$label" "$data/mlmd/kfp/kfp_small"
expect 3 "before an upgrade nothing is recorded" verify
expect 0 "upgrade of KFP's own database" "$KFP_MIGRATE" schema upgrade --target "$dsn"
expect 0 "it is as promised" verify --json
equal "no difference" "0 0" "$(json_of "$tmp/out" differences) $(json_of "$tmp/out" pending)"
change "DROP TABLE tasks_pre_migration;"
expect 0 "also when the old table was dropped" verify
new_database "$label"
expect 0 "upgrade --standalone" "$KFP_MIGRATE" schema upgrade --standalone --target "$dsn"
expect 0 "it is as promised" verify
contains "it says so" "all as the steps promise" "$tmp/out"

# ---- part of the steps -----------------------------------------------------------------------------------------------
new_database "$label"
"$KFP_MIGRATE" schema print --standalone --engine "$engine" | sed '/^-- step 6:/,$d' | sql "$label" "$database" >/dev/null
expect 0 "the steps before the sixth" verify --json
check "the others are pending" test "$(json_of "$tmp/out" pending)" -ge 1
change "UPDATE kfpstore_schema SET ${q}State$q = 'partial', ${q}Statement$q = 1 WHERE ${q}Step$q = 5;"
expect 4 "a step that was cut off" verify
contains "is named" "step 5 (import): was cut off after statement 1" "$tmp/out"
change "UPDATE kfpstore_schema SET ${q}State$q = 'applied' WHERE ${q}Step$q = 5;"

# ---- damage ----------------------------------------------------------------------------------------------------------
# Each is done to a database of its own, so that one difference is all there is.
damaged() { # damaged TEXT LINE SQL
    new_database "$label"
    "$KFP_MIGRATE" schema upgrade --standalone --target "$dsn" >/dev/null 2>&1 || fail "schema upgrade"
    change "$3"
    expect 4 "$1" verify
    contains "$1: is named" "$2" "$tmp/out"
    equal "$1: nothing else is" 2 "$(wc -l <"$tmp/out")"
    drop_database "$label" "$database"
}
on() { [ "$engine" != mysql ] || echo " ON $1"; }
damaged "an own index is missing" "tasks: the index kfpstore_tasks_cache (Fingerprint,State,CreatedAtInSec,UUID) is missing" \
    "DROP INDEX kfpstore_tasks_cache$(on tasks);"
damaged "one of upstream's is missing" "tasks: the index idx_task_type (Type) is missing" "DROP INDEX idx_task_type$(on tasks);"
damaged "an index has other columns" "artifacts: the index kfpstore_artifacts_name is (Name), should be (Name,UUID)" \
    "DROP INDEX kfpstore_artifacts_name$(on artifacts); CREATE INDEX kfpstore_artifacts_name ON artifacts (${q}Name$q);"
damaged "a unique index too many" "artifacts: the unique index mine (URIHash) is not expected" \
    "CREATE UNIQUE INDEX mine ON artifacts (${q}URIHash$q);"
damaged "a table is missing" "kfpstore_migrated_artifact: the table is missing" "DROP TABLE kfpstore_migrated_artifact;"
case $engine in
sqlite)
    edit() { # edit TABLE FROM TO: as somebody with an editor would
        printf "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, '%s', '%s') WHERE name = '%s';" \
            "${2//\'/\'\'}" "${3//\'/\'\'}" "$1"
    }
    damaged "a column's type" "kfpstore_migration_run.Tasks: is text, should be integer" \
        "$(edit kfpstore_migration_run '"Tasks" integer' '"Tasks" text')"
    damaged "a column may be null" "tasks.Fingerprint: is nullable, should be NOT NULL" \
        "$(edit tasks '`Fingerprint` varchar(255) NOT NULL' '`Fingerprint` varchar(255)')"
    damaged "a default" "artifact_tasks.Iteration: its default is 7, should be -1" "$(edit artifact_tasks 'DEFAULT -1' 'DEFAULT 7')"
    damaged "a foreign key is missing" "kfpstore_migrated_artifact: the foreign key fk_kfpstore_migrated_artifact (ArtifactID) to artifacts (UUID) is missing" \
        "$(edit kfpstore_migrated_artifact ',
    CONSTRAINT "fk_kfpstore_migrated_artifact" FOREIGN KEY ("ArtifactID") REFERENCES "artifacts"("UUID") ON DELETE CASCADE ON UPDATE CASCADE' '')"
    damaged "a foreign key does not cascade" "is on delete no action on update cascade, should be on delete cascade on update cascade" \
        "$(edit kfpstore_migrated_artifact 'ON DELETE CASCADE ON' 'ON')"
    ;;
pgsql)
    damaged "a column's type" "kfpstore_migration_run.Tasks: is integer, should be bigint" \
        'ALTER TABLE kfpstore_migration_run ALTER "Tasks" TYPE integer;'
    damaged "a column may be null" "tasks.Fingerprint: is nullable, should be NOT NULL" \
        'ALTER TABLE tasks ALTER "Fingerprint" DROP NOT NULL;'
    damaged "a default" "artifact_tasks.Iteration: its default is 7, should be -1" \
        'ALTER TABLE artifact_tasks ALTER "Iteration" SET DEFAULT 7;'
    damaged "a foreign key is missing" "the foreign key fk_kfpstore_migrated_artifact (ArtifactID) to artifacts (UUID) is missing" \
        "ALTER TABLE kfpstore_migrated_artifact DROP CONSTRAINT fk_kfpstore_migrated_artifact;"
    damaged "a column is missing" "kfpstore_migration_run.Notes: is missing, should be text" \
        'ALTER TABLE kfpstore_migration_run DROP "Notes";'
    ;;
mysql)
    damaged "a column's type" "kfpstore_migration_run.Tasks: is int, should be bigint" \
        "ALTER TABLE kfpstore_migration_run MODIFY Tasks int NOT NULL DEFAULT 0;"
    damaged "a column may be null" "tasks.Fingerprint: is nullable, should be NOT NULL" \
        "ALTER TABLE tasks MODIFY Fingerprint varchar(255);"
    damaged "a default" "artifact_tasks.Iteration: its default is 7, should be -1" \
        "ALTER TABLE artifact_tasks ALTER Iteration SET DEFAULT 7;"
    damaged "a foreign key is missing" "the foreign key fk_kfpstore_migrated_artifact (ArtifactID) to artifacts (UUID) is missing" \
        "ALTER TABLE kfpstore_migrated_artifact DROP FOREIGN KEY fk_kfpstore_migrated_artifact;"
    damaged "a column is missing" "kfpstore_migration_run.Notes: is missing, should be longtext" \
        "ALTER TABLE kfpstore_migration_run DROP COLUMN Notes;"
    ;;
esac

# ---- what is somebody else's -----------------------------------------------------------------------------------------
new_database "$label"
"$KFP_MIGRATE" schema upgrade --standalone --target "$dsn" >/dev/null 2>&1
change "CREATE TABLE mine (a int); CREATE INDEX more ON tasks (${q}State$q); ALTER TABLE artifacts ADD COLUMN extra int;"
expect 0 "a table, a plain index and a column of an administrator" verify
change "UPDATE kfpstore_schema SET ${q}Checksum$q = 'f' WHERE ${q}Step$q = 5;"
expect 8 "a step whose text was another" verify
expect 8 "upgrade says the same" "$KFP_MIGRATE" schema upgrade --target "$dsn"
contains "and names it" "step 5" "$tmp/err"
change "INSERT INTO kfpstore_schema VALUES (999, 'x', 'x', 1, 'applied', 1, '9.9', 999);"
expect 7 "a newer schema" verify
expect 7 "upgrade says the same" "$KFP_MIGRATE" schema upgrade --standalone --target "$dsn"
contains "and names it" 999 "$tmp/err"
finish
