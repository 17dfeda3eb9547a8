#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Real MLMD databases of TFX and cmf (schema 4 to 10). Nothing in them is a KFP run: by default every execution is
# foreign. With their context types named as runs, every execution that has such a context becomes one task, every
# event whose two ends are there a link, and importing again changes nothing.
. "$(dirname "$0")/../harness/sh.sh"
options=(--run-contexts=pipeline_run,run,Pipeline_Stage --missing-runs=create)

ask() { sqlite3 -readonly "$file" "$1"; } # one number from the source itself
count() { sql "$label" "$database" "SELECT count(*) FROM $1;"; }
tasks="SELECT DISTINCT a.execution_id AS id FROM Association a JOIN Execution e ON e.id = a.execution_id
  JOIN Context c ON c.id = a.context_id JOIN Type t ON t.id = c.type_id AND t.name IN ('pipeline_run','run','Pipeline_Stage')"
links="SELECT DISTINCT v.artifact_id, v.execution_id, v.type FROM Event v JOIN Artifact a ON a.id = v.artifact_id
  WHERE v.execution_id IN (SELECT id FROM ($tasks)) AND v.type BETWEEN 1 AND 6"
dangling="SELECT 1 FROM Event v LEFT JOIN Artifact a ON a.id = v.artifact_id LEFT JOIN Execution e ON e.id = v.execution_id
  WHERE a.id IS NULL OR e.id IS NULL"

files=("$data"/mlmd/real/*.sqlite)
[ -e "${files[0]}" ] || fail "tests/data/mlmd/real is empty"
for file in "${files[@]}"; do
    name=$(basename "$file" .sqlite)
    new_database "$label"
    if expect 0 "$name: by default nothing is a KFP run" "$KFP_MIGRATE" import --json --source "sqlite://$file" \
        --target "$dsn" --create-target; then
        equal "$name: no task" 0 "$(count tasks)"
        equal "$name: every execution is counted as foreign" "$(ask 'SELECT count(*) FROM Execution')" \
            "$(json_of "$tmp/out" notes foreign-execution count)"
    fi
    drop_database "$label" "$database"

    new_database "$label"
    lost=$(ask "SELECT count(*) FROM ($dangling)")
    case $name in v8-salary*) equal "$name: the source has its dangling events" 126 "$lost" ;; esac
    want=0
    [ "$lost" = 0 ] || want=5
    if expect $want "$name: imported as runs" "$KFP_MIGRATE" import --json --source "sqlite://$file" --target "$dsn" \
        --create-target "${options[@]}"; then
        equal "$name: dangling events are reported" "$lost" "$(json_of "$tmp/out" notes dangling-event count)"
        equal "$name: a task for each execution with a run" "$(ask "SELECT count(*) FROM ($tasks)")" "$(count tasks)"
        equal "$name: a link for each whole event" "$(ask "SELECT count(*) FROM ($links)")" "$(count artifact_tasks)"
        check "$name: rows refer to rows" python3 "$tools/check_references.py" $(reader_of "$label" "$database")
        expect 0 "$name: verify --deep" "$KFP_MIGRATE" verify --deep --source "sqlite://$file" --target "$dsn" \
            "${options[0]}"
        before=$(rows_of "$label" "$database")
        expect 0 "$name: imported again" "$KFP_MIGRATE" import --source "sqlite://$file" --target "$dsn" "${options[@]}"
        equal "$name: nothing changed" "$before" "$(rows_of "$label" "$database")"
    fi
    drop_database "$label" "$database"
done
finish
