#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The old tasks table goes only after a finished import and a clean verification, and nothing else goes with it. What
# came out of it stays: a later import finds every run unchanged, and a run that has changed keeps its fingerprints.
. "$(dirname "$0")/../harness/sh.sh"
engine=$("$KFPSTORE_TEST_SERVERS" engine "$label")
q='"'
[ "$engine" != mysql ] || q='`'
one() { sql "$label" "$database" "$1"; }
cleanup() { "$KFP_MIGRATE" cleanup --source "$source" --target "$dsn" "$@"; }
import() { "$KFP_MIGRATE" import --json --source "$source" --target "$dsn" "$@"; }
legacy() { one "SELECT count(*) FROM tasks_pre_migration;" 2>/dev/null; }
tables_of() {
    local table
    for table in tasks artifacts artifact_tasks run_details kfpstore_migration kfpstore_migration_run kfpstore_migrated_artifact; do
        one "SELECT * FROM $table ORDER BY 1, 2;" || echo "no $table $RANDOM"
    done | sha256sum
}
check "generated" python3 "$tools/mlmdgen.py" "$tmp/generated" --seed 44
cp "$tmp/generated.mlmd.sqlite" "$tmp/source.sqlite"
source=sqlite://$tmp/source.sqlite
new_generated "$tmp/generated"
rows=$(legacy)
[ "${rows:-0}" -gt 0 ] || fail "there is no legacy row to clean up"

expect 2 "a cleanup wants --yes or --dry-run" cleanup
expect 2 "and not both" cleanup --yes --dry-run
expect 3 "nothing was imported" cleanup --yes
contains "which is said" "no import of this source was finished" "$tmp/err"
expect 5 "an import" import
if [ "$(json_of "$tmp/out" notes fingerprint-legacy count)" -gt 0 ]; then ok "takes fingerprints out of the table"; else fail "takes no legacy fingerprint"; fi
expect 0 "a dry run" cleanup --dry-run
contains "verifies and says how many rows" "with $rows rows would be dropped" "$tmp/out"
victim=$(one "SELECT MIN(${q}UUID$q) FROM tasks WHERE ${q}Fingerprint$q <> '';")
fingerprint=$(one "SELECT ${q}Fingerprint$q FROM tasks WHERE ${q}UUID$q = '$victim';")
one "UPDATE tasks SET ${q}Fingerprint$q = 'another' WHERE ${q}UUID$q = '$victim';" >/dev/null
expect 4 "a target that differs is refused" cleanup --yes
contains "with how much" "1 differences in 1 runs" "$tmp/err"
one "UPDATE tasks SET ${q}Fingerprint$q = '$fingerprint' WHERE ${q}UUID$q = '$victim';" >/dev/null
one "INSERT INTO kfpstore_migration (${q}Source$q, ${q}State$q, ${q}ToolVersion$q) VALUES ('second', 'importing', 'x');" >/dev/null
expect 3 "another source's import that is not finished is in the way" cleanup --yes
one "DELETE FROM kfpstore_migration WHERE ${q}Source$q = 'second';" >/dev/null
equal "the table is still there" "$rows" "$(legacy)"

before=$(tables_of)
expect 0 "the cleanup" cleanup --yes
contains "says what it dropped" "with $rows rows was dropped" "$tmp/out"
equal "the table is gone" "" "$(legacy)"
equal "and nothing else: not the ledger, not the mark" "$before" "$(tables_of)"
expect 0 "a second one has nothing to do" cleanup --yes
contains "and says so" "nothing to do" "$tmp/out"
expect 0 "the schema is as it should be" "$KFP_MIGRATE" schema status --exit-code --target "$dsn"
expect 0 "verify --deep" "$KFP_MIGRATE" verify --deep --source "$source" --target "$dsn"

# ---- what came out of the table stays ---------------------------------------------------------------------------------
expect 0 "an import that looks at all runs" import --look-again=all
equal "finds none that changed" "0 0" "$(json_of "$tmp/out" runs replaced) $(json_of "$tmp/out" runs left)"
equal "and writes nothing" "$before" "$(tables_of)"
# an execution that MLMD has no fingerprint of, and whose task has one
with=$(one "SELECT ${q}UUID$q, ${q}Fingerprint$q FROM tasks WHERE ${q}Fingerprint$q <> '' ORDER BY 1;")
execution=$(sqlite3 "$tmp/source.sqlite" "SELECT p.execution_id FROM ExecutionProperty p WHERE p.name = 'pod_name'
    AND p.execution_id NOT IN (SELECT execution_id FROM ExecutionProperty WHERE name = 'cache_fingerprint' AND string_value <> '')
    AND p.execution_id IN (SELECT id FROM Execution WHERE last_known_state = 3) ORDER BY 1" | while read -r id; do
    uuid=$(python3 -c 'import sys, uuid; print(uuid.uuid5(uuid.NAMESPACE_DNS, "execution:" + sys.argv[1]))' "$id")
    grep -q "$uuid" <<<"$with" && echo "$id" && break
done)
[ -n "$execution" ] || fail "no execution took its fingerprint from the table"
sqlite3 "$tmp/source.sqlite" "UPDATE ExecutionProperty SET string_value = 'another-pod' WHERE execution_id = $execution AND name = 'pod_name'"
expect "0 5" "a run of such a one changes" import --look-again=all
equal "it is replaced" 1 "$(json_of "$tmp/out" runs replaced)"
equal "and no fingerprint is lost" "$with" "$(one "SELECT ${q}UUID$q, ${q}Fingerprint$q FROM tasks WHERE ${q}Fingerprint$q <> '' ORDER BY 1;")"
finish
