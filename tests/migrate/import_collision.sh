#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Two artifact keys of one task that differ in case only. A target that compares by bytes takes both; to one with a
# case-insensitive collation they are one key, and readers there would mix them up: that run is not imported, both keys
# are named, and every other run is.
. "$(dirname "$0")/../harness/sh.sh"
kfp=$data/mlmd/kfp/kfp_small
cp "$kfp.mlmd.sqlite" "$tmp/source.sqlite"
chmod u+w "$tmp/source.sqlite"
# execution 3 writes train_set and test_set
sqlite3 "$tmp/source.sqlite" "UPDATE EventPath SET step_key = 'Train_Set' WHERE event_id = 5;"
run=$(sqlite3 "$tmp/source.sqlite" "SELECT c.name FROM Context c JOIN Association a ON a.context_id = c.id
    WHERE a.execution_id = 3 AND c.name LIKE '%-%-%-%-%'")

case $label in
mariadb | mysql) # the dump names a case-insensitive collation; without it the database's own, binary one holds
    new_database "$label"
    sed 's/ DEFAULT CHARSET=[^;]*//' "$kfp.mlpipeline.mysql.sql" | sql "$label" "$database"
    ;;
*) new_kfp "$label" "$kfp" ;;
esac
expect 0 "schema upgrade" "$KFP_MIGRATE" schema upgrade --target "$dsn"
expect 5 "a dry run ends as the import will" "$KFP_MIGRATE" import --dry-run --json --source "sqlite://$tmp/source.sqlite" \
    --target "$dsn"
dry=$(json_of "$tmp/out" runs rejected)
expect 5 "import" "$KFP_MIGRATE" import --json --source "sqlite://$tmp/source.sqlite" --target "$dsn" --rejects "$tmp/rejects"
rejected=$(json_of "$tmp/out" runs rejected)
tasks=$(sql "$label" "$database" "SELECT count(*) FROM tasks;")
equal "the dry run said the same" "$dry" "$rejected"
case $label in
*generalci | *unicode | *-ai)
    equal "one run is refused" 1 "$rejected"
    equal "and none of its six tasks is there" 153 "$tasks"
    grep '"key-collision"' "$tmp/rejects" >"$tmp/line"
    contains "the run is named" "$run" "$tmp/line"
    contains "the one key is named" "'train_set'" "$tmp/line"
    contains "the other key is named" "'Train_Set'" "$tmp/line"
    expect 0 "status" "$KFP_MIGRATE" status --target "$dsn"
    contains "status says it" key-collision "$tmp/out"
    expect 5 "the run is tried again" "$KFP_MIGRATE" import --json --source "sqlite://$tmp/source.sqlite" --target "$dsn"
    equal "and refused again" "1 25" "$(json_of "$tmp/out" runs rejected) $(json_of "$tmp/out" runs imported_before)"
    ;;
*)
    equal "no run is refused" 0 "$rejected"
    equal "all tasks are there" 159 "$tasks"
    ;;
esac

# ---- a key with a blank at its end: the same key to every collation that pads, also to one that is called binary --------
sqlite3 "$tmp/source.sqlite" "UPDATE EventPath SET step_key = 'train_set ' WHERE event_id = 5;"
# blank COLLATION REJECTED TEXT
blank() {
    new_database "$label"
    sql "$label" "$database" "ALTER DATABASE $database CHARACTER SET utf8mb4 COLLATE $1;"
    sed 's/ DEFAULT CHARSET=[^;]*//' "$kfp.mlpipeline.mysql.sql" | sql "$label" "$database"
    expect 0 "$1: schema upgrade" "$KFP_MIGRATE" schema upgrade --target "$dsn"
    expect 5 "$1: import" "$KFP_MIGRATE" import --json --source "sqlite://$tmp/source.sqlite" --target "$dsn"
    equal "$1: $3" "$2" "$(json_of "$tmp/out" runs rejected)"
}
case $label in
mariadb)
    blank utf8mb4_bin 1 "the blank does not count"
    blank utf8mb4_nopad_bin 0 "the blank counts"
    blank utf8mb4_general_nopad_ci 0 "the blank counts"
    ;;
mysql)
    blank utf8mb4_bin 1 "the blank does not count"
    blank utf8mb4_0900_ai_ci 0 "the blank counts"
    ;;
esac
finish
