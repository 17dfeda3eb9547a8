#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# --wait: a database that is not there yet is waited for and then used; when the time is over the command ends with 69;
# what time does not heal is not waited for; SIGTERM ends the wait.
. "$(dirname "$0")/../harness/sh.sh"
source=sqlite://$tmp/source.sqlite
cp "$data/mlmd/kfp/kfp_small.mlmd.sqlite" "$tmp/source.sqlite"
new_kfp "$label" "$data/mlmd/kfp/kfp_small"
instance=$("$KFPSTORE_TEST_SERVERS" instance "$label")
file=$KFPSTORE_TEST_DIR/sqlite/$database.db

take_away() { if [ "$label" = sqlite ]; then mv "$file" "$file.away"; else "$KFPSTORE_TEST_SERVERS" stop "$instance"; fi; }
bring_back() { if [ "$label" = sqlite ]; then mv "$file.away" "$file"; else "$KFPSTORE_TEST_SERVERS" start "$instance"; fi; }
# waiting NAME: until the command that was started says what it waits for
waiting() {
    local i
    for ((i = 0; i < 100; i++)); do
        grep -q '^waiting for ' "$tmp/$1" && return 0
        sleep 0.1
    done
    fail "$1 does not say that it waits"
}

take_away
expect 69 "without --wait" "$KFP_MIGRATE" schema status --target "$dsn"
expect 69 "the time is over" "$KFP_MIGRATE" schema status --wait 1 --target "$dsn"
contains "what was waited for is said" "waiting for " "$tmp/err"
contains "with the reason" "kfp-migrate: " "$tmp/err"

"$KFP_MIGRATE" schema upgrade --wait 120 --target "$dsn" >"$tmp/upgrade.out" 2>"$tmp/upgrade" &
upgrade=$!
waiting upgrade
bring_back
wait $upgrade
equal "schema upgrade waits for the database" 0 $?
contains "and says so" " answers" "$tmp/upgrade"
contains "and does its work" "the schema is up to date" "$tmp/upgrade.out"

take_away
"$KFP_MIGRATE" import --wait 120 --source "$source" --target "$dsn" --json >"$tmp/import.out" 2>"$tmp/import" &
import=$!
"$KFP_MIGRATE" import --wait 120 --source "$source" --target "$dsn" >"$tmp/term.out" 2>"$tmp/term" &
term=$!
"$KFP_MIGRATE" import --wait 120 --log-format=json --source "sqlite://$tmp/later.sqlite" --target "$dsn" --json \
    >"$tmp/later.out" 2>"$tmp/later" &
later=$!
waiting term
kill -TERM $term
wait $term
equal "SIGTERM ends the wait" 75 $?
waiting import
bring_back
wait $import
equal "import waits for the target" 5 $?
equal "and imports" 26 "$(json_of "$tmp/import.out" runs imported)"
cp "$tmp/source.sqlite" "$tmp/later.sqlite"
wait $later
equal "import waits for the source" 0 $?
equal "and imports" 26 "$(json_of "$tmp/later.out" runs imported_before)"
check "its messages are JSON" python3 -c 'import json, sys
lines = [json.loads(l) for l in open(sys.argv[1])]
assert lines[0]["level"] == "info" and lines[0]["message"].startswith("waiting for ") and lines[0]["fields"]["wait_s"] == 120' "$tmp/later"
expect 0 "status with nothing to wait for" "$KFP_MIGRATE" status --wait 60 --target "$dsn"
equal "says nothing of waiting" "" "$(cat "$tmp/err")"

# a database that the command makes has not to be there
before=$SECONDS
new_database "$label"
drop_database "$label" "$database"
expect 5 "a target that is made" "$KFP_MIGRATE" import --wait 60 --create-target --source "$source" --target "$dsn" --missing-runs=create
check "is not waited for" test $((SECONDS - before)) -lt 50
if [ "$label" != sqlite ] && [ "$label" != pgsql ]; then
    before=$SECONDS
    expect 77 "an account that the server refuses" "$KFP_MIGRATE" status --wait 60 --target "${dsn/root@/nobody_here@}"
    check "is not waited for" test $((SECONDS - before)) -lt 50
fi
drop_database "$label" "$database"
finish
