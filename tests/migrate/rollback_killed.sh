#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A rollback that is killed at every COMMIT, before and after it, and at random moments: started again and again, the
# tables are those that a rollback leaves which nobody killed. Some of what was imported has to stay: servers use it.
. "$(dirname "$0")/../harness/sh.sh"
. "$(dirname "$0")/../harness/kill.sh"
if [ -n "${KFPSTORE_TEST_LONG:-}" ]; then kills=100 step=1; else kills=8 step=7; fi
kfp=$data/mlmd/kfp/kfp_small
one() { sql "$label" "$database" "$1"; }
native_task() { # native_task UUID RUN
    one "INSERT INTO tasks (${q}UUID$q, ${q}Namespace$q, ${q}RunUUID$q, pods, ${q}CreatedAtInSec$q, ${q}Fingerprint$q,
        ${q}State$q, ${q}Type$q, ${q}TypeAttrs$q) VALUES ('$1', '', '$2', '[]', 1, '', 1, 1, '{}');" >/dev/null
}
# an import that makes a run row; a server's run that reads an artifact of it, and a run of it that a server goes on with
prepare() {
    local native mixed
    new_kfp "$label" "$kfp"
    "$KFP_MIGRATE" schema upgrade --target "$dsn" >/dev/null 2>"$tmp/err" || fail "schema upgrade: $(cat "$tmp/err")"
    native=$(one "SELECT MIN(${q}UUID$q) FROM run_details;")
    one "UPDATE run_details SET ${q}Name$q = 'native', ${q}DisplayName$q = 'native', ${q}UUID$q = 'native' WHERE ${q}UUID$q = '$native';" >/dev/null
    "$KFP_MIGRATE" import --missing-runs=create --source "sqlite://$kfp.mlmd.sqlite" --target "$dsn" >/dev/null 2>"$tmp/err"
    [ $? = 5 ] || fail "the import: $(cat "$tmp/err")"
    mixed=$(one "SELECT MAX(${q}RunUUID$q) FROM tasks;")
    native_task 6a0f1e64-5f4e-4a3c-9d55-0a6f6d0e1b01 native
    native_task 6a0f1e64-5f4e-4a3c-9d55-0a6f6d0e1b02 "$mixed"
    one "INSERT INTO artifact_tasks (${q}UUID$q, ${q}ArtifactID$q, ${q}TaskID$q, ${q}Type$q, ${q}RunUUID$q)
        SELECT '6a0f1e64-5f4e-4a3c-9d55-0a6f6d0e1b03', MIN(${q}UUID$q), '6a0f1e64-5f4e-4a3c-9d55-0a6f6d0e1b01', 2, 'native'
        FROM artifacts;" >/dev/null
}
program() { $launch "$KFP_MIGRATE" rollback --json --yes --batch 7 --target "$dsn" >"$tmp/out" 2>"$tmp/err" </dev/null; }
# every value of every table that an import writes to, but when that was
rows() {
    local table
    for table in tasks artifacts artifact_tasks run_details experiments tasks_pre_migration kfpstore_migrated_artifact; do
        one "SELECT * FROM $table ORDER BY 1, 2;" || echo "no $table $RANDOM"
    done
    one "SELECT ${q}ContextID$q, ${q}RunUUID$q, ${q}Outcome$q, ${q}Digest$q FROM kfpstore_migration_run ORDER BY 1;
        SELECT ${q}Source$q, ${q}State$q FROM kfpstore_migration;"
}
compared() { equal "$1: what is left" "$reference" "$(rows | sha256sum)"; }

prepare
lines=$(one "SELECT count(*) FROM kfpstore_migration_run;")
program
equal "a rollback that nobody kills keeps something" "5 1" "$? $(json_of "$tmp/out" runs kept)"
equal "of runs, tasks and artifacts" "1 1" \
    "$(one "SELECT count(*) FROM kfpstore_migration_run;") $(one "SELECT count(*) FROM artifacts a JOIN artifact_tasks l
        ON l.${q}ArtifactID$q = a.${q}UUID$q WHERE l.${q}RunUUID$q = 'native';")"
reference=$(rows | sha256sum)
drop_database "$label" "$database"

killed_at_commits $step 3
killed_at_random $kills 0.25
finish
