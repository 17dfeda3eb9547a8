#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The script of `schema print`, run by the engine's own client, makes what `schema upgrade` makes: the same tables,
# keys and indexes and the same records in kfpstore_schema; and the client stops at the first error.
. "$(dirname "$0")/../harness/sh.sh"
engine=$("$KFPSTORE_TEST_SERVERS" engine "$label")
quote='"'
[ "$engine" != mysql ] || quote='`'

# schema_of DATABASE: every table as the engine itself describes it, and the records without their times
schema_of() {
    local table
    case $engine in
    sqlite) sql "$label" "$1" "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name;" ;;
    pgsql)
        sql "$label" "$1" "SELECT table_name, column_name, data_type, character_maximum_length, is_nullable, column_default
            FROM information_schema.columns WHERE table_schema = current_schema() ORDER BY 1, ordinal_position;
            SELECT indexdef FROM pg_indexes WHERE schemaname = current_schema() ORDER BY 1;
            SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
            WHERE connamespace = current_schema()::regnamespace ORDER BY 1, 2;"
        ;;
    *)
        for table in $(sql "$label" "$1" "SHOW TABLES;"); do
            sql "$label" "$1" "SHOW CREATE TABLE $table;"
        done
        ;;
    esac
    sql "$label" "$1" "SELECT ${quote}Step$quote, ${quote}Name$quote, ${quote}Checksum$quote, ${quote}Statement$quote,
        ${quote}State$quote, ${quote}ToolVersion$quote, ${quote}MinReader$quote FROM kfpstore_schema ORDER BY 1;"
}
printed() { "$KFP_MIGRATE" schema print --engine "$engine" "$@"; }
# same TEXT: $database is as the database $wanted
same() {
    schema_of "$wanted" >"$tmp/wanted"
    schema_of "$database" >"$tmp/found"
    check "$1: something is there" grep -q kfpstore_lease "$tmp/wanted"
    check "$1" diff "$tmp/wanted" "$tmp/found"
    expect 0 "$1: nothing is pending" "$KFP_MIGRATE" schema status --exit-code --target "$dsn"
    expect 0 "$1: it verifies" "$KFP_MIGRATE" schema verify --target "$dsn"
    expect 0 "$1: an upgrade has nothing to do" "$KFP_MIGRATE" schema upgrade --target "$dsn"
    equal "$1: and says so" 1 "$(wc -l <"$tmp/out")"
}
# runs_only: a database as KFP has it, without the table tasks. The engines' scripts of step 2 are upstream's own text
runs_only() {
    new_database "$label"
    printed --standalone | sed -n '/^-- step 2:/,/^-- step 3:/p' | grep -v kfpstore_schema |
        grep -v '^    VALUES (' | sql "$label" "$database" >/dev/null
}

# ---- an empty database -----------------------------------------------------------------------------------------------
new_database "$label"
wanted=$database
expect 0 "upgrade --standalone" "$KFP_MIGRATE" schema upgrade --standalone --target "$dsn"
new_database "$label"
printed --standalone >"$tmp/script.sql"
check "print --standalone into the client" sql "$label" "$database" <"$tmp/script.sql"
same "print --standalone"

# ---- once more: it stops at the first error, and changes nothing -----------------------------------------------------
schema_of "$database" >"$tmp/before"
if sql "$label" "$database" <"$tmp/script.sql" >"$tmp/out" 2>&1; then
    fail "the script ran twice"
else
    ok "the script fails where its tables are"
fi
schema_of "$database" >"$tmp/after"
check "and changes nothing" diff "$tmp/before" "$tmp/after"

# ---- cut in two ------------------------------------------------------------------------------------------------------
for from in 2 4 6; do
    new_database "$label"
    sed "/^-- step $from:/,\$d" "$tmp/script.sql" | sql "$label" "$database" >/dev/null
    printed --standalone --from $from | sql "$label" "$database" >/dev/null
    same "print --from $from"
done

# ---- a database with runs in it --------------------------------------------------------------------------------------
runs_only
wanted=$database
expect 0 "upgrade" "$KFP_MIGRATE" schema upgrade --target "$dsn"
runs_only
check "print into the client" sql "$label" "$database" < <(printed)
same "print"

# ---- another session's settings --------------------------------------------------------------------------------------
if [ "$engine" = mysql ]; then
    new_database "$label"
    { echo "SET SESSION sql_mode = 'ANSI,TRADITIONAL,NO_BACKSLASH_ESCAPES';"; cat "$tmp/script.sql"; } >"$tmp/ansi.sql"
    check "in a session with another sql_mode" sql "$label" "$database" <"$tmp/ansi.sql"
    expect 0 "nothing is pending" "$KFP_MIGRATE" schema status --exit-code --target "$dsn"
fi

# ---- what cannot be printed ------------------------------------------------------------------------------------------
expect 2 "no engine" "$KFP_MIGRATE" schema print
expect 2 "an unknown engine" "$KFP_MIGRATE" schema print --engine oracle
expect "1 2" "a step that is not there" printed --from 99
contains "says which steps there are" "the steps are 1 to" "$tmp/err"
finish
