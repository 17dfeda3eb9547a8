#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A dry run says what the import will say, to the last count: into a fresh target, into one that has some of the runs and
# their artifacts already, and where the target refuses a row. It needs no right to write on either side, and changes
# nothing.
. "$(dirname "$0")/../harness/sh.sh"
kfp=$data/mlmd/kfp/kfp_small

# counts FILE: the report without what may differ
counts() {
    python3 -c 'import json, sys
r = json.load(open(sys.argv[1], encoding="utf-8"))
for k in ("dry_run", "seconds", "executions_per_second", "peak_memory_mb", "started_at", "estimate", "target", "source"):
    r.pop(k, None)
print(json.dumps(r, sort_keys=True))' "$1"
}
# both TEXT CODE SOURCE TARGET [OPTION...]: dry and real
both() {
    local text=$1 code=$2 from=$3 to=$4 before
    shift 4
    before=$(rows_of "$label" "$database")
    expect "$code" "$text: dry" "$KFP_MIGRATE" import --dry-run --json --source "$from" --target "$reader" \
        --rejects "$tmp/dry.rejects" "$@"
    cp "$tmp/out" "$tmp/dry.json"
    equal "$text: the dry run wrote nothing" "$before" "$(rows_of "$label" "$database")"
    expect "$code" "$text: real" "$KFP_MIGRATE" import --json --source "$from" --target "$to" --rejects "$tmp/real.rejects" "$@"
    cp "$tmp/out" "$tmp/real.json"
    equal "$text: the same report" "$(counts "$tmp/dry.json")" "$(counts "$tmp/real.json")"
    check "$text: the same list" diff "$tmp/dry.rejects" "$tmp/real.rejects"
}

# an account that may read and nothing else; a file that is given for reading
new_kfp "$label" "$kfp"
target=$database to=$dsn
account=${database:0:20}_ro
expect 0 "schema upgrade" "$KFP_MIGRATE" schema upgrade --target "$to"
case $("$KFPSTORE_TEST_SERVERS" engine "$label") in
sqlite) reader="$to?mode=ro" source_reader="sqlite://$tmp/source.sqlite" ;;
pgsql)
    sql "$label" "$database" "CREATE ROLE $account LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO $account;"
    reader=${to/kfp@/$account@}
    ;;
*)
    sql "$label" "$database" "CREATE USER '$account'@localhost; GRANT SELECT ON \`$database\`.* TO '$account'@localhost;"
    reader=${to/root@/$account@}
    ;;
esac

# half of the runs first, so that the second import meets artifacts that are there
cp "$kfp.mlmd.sqlite" "$tmp/source.sqlite"
chmod u+w "$tmp/source.sqlite"
cp "$tmp/source.sqlite" "$tmp/half.sqlite"
# every other run: some artifacts are used by runs of both halves
sqlite3 "$tmp/half.sqlite" "DELETE FROM Association WHERE context_id % 2 = 1; DELETE FROM Context WHERE id % 2 = 1;"
both "half" "0 5" "sqlite://$tmp/half.sqlite" "$to"
check "there are artifacts now" test "$(json_of "$tmp/real.json" artifacts new)" -gt 20
both "the rest" 5 "sqlite://$tmp/source.sqlite" "$to"
check "some of its artifacts were there" test "$(json_of "$tmp/real.json" artifacts reused)" -gt 0
both "once more" 0 "sqlite://$tmp/source.sqlite" "$to"
check "an estimate" python3 -c 'import json, sys
e = json.load(open(sys.argv[1]))["estimate"]
assert e["value_bytes"] >= 0 and e["target_bytes"] >= e["value_bytes"] and e["seconds"] > 0, e' "$tmp/dry.json"

# a value that one statement cannot hold here: half of max_allowed_packet
case $label in
mariadb | mysql)
    new_kfp "$label" "$kfp"
    reader=$dsn
    expect 0 "schema upgrade" "$KFP_MIGRATE" schema upgrade --target "$dsn"
    sqlite3 "$tmp/source.sqlite" "UPDATE ExecutionProperty SET string_value = hex(zeroblob(20000000)) WHERE rowid =
        (SELECT p.rowid FROM ExecutionProperty p JOIN Execution e ON e.id = p.execution_id
         WHERE p.name = 'image' AND p.string_value IS NOT NULL ORDER BY e.id LIMIT 1);"
    both "a value of 40 MB" 5 "sqlite://$tmp/source.sqlite" "$dsn"
    equal "one run is refused" 1 "$(json_of "$tmp/real.json" notes target-refused count)"
    check "and named" grep -q '"reason":"target-refused".*tasks has' "$tmp/dry.rejects"
    ;;
esac
case $("$KFPSTORE_TEST_SERVERS" engine "$label") in
pgsql) sql "$label" "$target" "DROP OWNED BY $account; DROP ROLE $account;" ;;
mysql) sql "$label" "$target" "DROP USER '$account'@localhost;" ;;
esac
drop_database "$label" "$target"
[ "$database" = "$target" ] || drop_database "$label" "$database"
finish
