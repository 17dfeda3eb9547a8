#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The target's disk runs full in the middle of an import: it stops with an error that says so and what to do, every run
# that is there is there whole, and when there is room the same command goes on to the result of an undisturbed import.
# The disk is a small tmpfs: SQLite's folder, a tablespace of PostgreSQL, or the database's folder in MariaDB or MySQL.
. "$(dirname "$0")/../harness/sh.sh"
disk=$tmp/disk
mkdir -p "$disk"
if ! mount -t tmpfs -o size=64m,mode=755 kfpstore-test "$disk" 2>"$tmp/err"; then
    skip "no tmpfs can be mounted here (needs root): $(head -n 1 "$tmp/err")"
    exit 77
fi
umount "$disk"
mounted=
release() {
    [ -z "$mounted" ] || umount -l "$mounted"
    mounted=
}
trap release EXIT
trap 'exit 143' TERM INT

stem=$tmp/scaled
check "generated" python3 "$tools/mlmdgen.py" "$stem" --scale 3000 --seed 8
source=sqlite://$stem.mlmd.sqlite
engine=$("$KFPSTORE_TEST_SERVERS" engine "$label")
[ "$label" = sqlite ] || python3 "$tools/load_source.py" "$stem.mlpipeline.sqlite" "$engine" >"$tmp/target.sql"
jobs=1
[ "$label" = sqlite ] || jobs="1 4"

mount_at() { # mount_at FOLDER: a tmpfs over it, owned as it was, with what was in it
    local owner
    owner=$(stat -c %u:%g "$1")
    mkdir -p "$tmp/before"
    cp -a "$1/." "$tmp/before/"
    mount -t tmpfs -o size=512m,mode=750 kfpstore-test "$1" || return 1
    mounted=$1
    cp -a "$tmp/before/." "$1/"
    rm -rf "$tmp/before"
    chown "$owner" "$1"
}
size() { mount -o "remount,size=$1k" "$mounted"; }
used() { df -k --output=used "$mounted" | tail -n 1 | tr -d ' '; }

# new_disk: a database on a disk of its own; sets $database, $dsn and $mounted
new_disk() {
    new_database "$label"
    case $label in
    sqlite)
        mount_at "$disk" || return 1
        dsn=sqlite://$disk/target.db
        cp "$stem.mlpipeline.sqlite" "$disk/target.db"
        ;;
    pgsql)
        mkdir -p "$disk" && chown --reference="$KFPSTORE_TEST_DIR/pgsql" "$disk" && mount_at "$disk" || return 1
        chmod 755 "$tmp"
        sql pgsql postgres "CREATE TABLESPACE $database LOCATION '$disk'" &&
            sql pgsql postgres "ALTER DATABASE $database SET TABLESPACE $database" || return 1
        ;;
    *) mount_at "$KFPSTORE_TEST_DIR/$("$KFPSTORE_TEST_SERVERS" instance "$label")/data/$database" || return 1 ;;
    esac
    [ "$label" = sqlite ] || sql "$label" "$database" <"$tmp/target.sql" >/dev/null
    "$KFP_MIGRATE" schema upgrade --target "$dsn" >/dev/null 2>"$tmp/err" || fail "schema upgrade: $(cat "$tmp/err")"
}
drop_disk() {
    case $label in
    sqlite) rm -f "$disk"/* ;;
    pgsql)
        drop_database pgsql "$database"
        sql pgsql postgres "DROP TABLESPACE $database"
        ;;
    *) drop_database "$label" "$database" >/dev/null 2>&1 ;; # all but the folder, which is in use
    esac
    release
    drop_database "$label" "$database" >/dev/null 2>&1
}
query() { if [ "$label" = sqlite ]; then sqlite3 "$disk/target.db" "$1"; else sql "$label" "$database" "$1"; fi; }
reader() { if [ "$label" = sqlite ]; then echo "--sqlite $disk/target.db"; else reader_of "$label" "$database"; fi; }
done_runs() { query "SELECT count(*) FROM kfpstore_migration_run;"; }
import() { "$KFP_MIGRATE" import --json --batch 60 --source "$source" --target "$dsn" "$@"; }

# How much an import needs, and what it gives.
if ! new_disk; then
    fail "a database on a disk of its own"
    finish
fi
before=$(used)
expect 0 "an import with room enough" import
runs=$(json_of "$tmp/out" runs imported)
needed=$(($(used) - before))
check "needs $needed kB beyond $before" test "$needed" -gt 10000
if [ "$label" = sqlite ]; then
    query "PRAGMA wal_checkpoint(TRUNCATE);" >/dev/null
    cp "$disk/target.db" "$tmp/reference.db"
    reference="--sqlite $tmp/reference.db"
    drop_disk
else
    # beside the disk: the next one is mounted in the same place
    new_database "$label"
    sql "$label" "$database" <"$tmp/target.sql" >/dev/null
    "$KFP_MIGRATE" schema upgrade --target "$dsn" >/dev/null 2>&1
    expect 0 "the same beside it" import
    reference=$(reader_of "$label" "$database")
    database=${database%_*}_1
    drop_disk
fi

for n in $jobs; do
    what="$n jobs"
    [ "$n" != 1 ] || what="one job"
    new_disk || fail "$what: a new disk"
    size $((before + needed / 2))
    expect 1 "$what: the import stops" import --jobs "$n"
    contains "$what: it says that something is full" " is full" "$tmp/err"
    check "$what: and the remedy" grep -qE "make room on (it|the server's disk) and run this again" "$tmp/err"
    size $((before + needed * 4))
    there=$(done_runs)
    check "$what: in the middle ($there of $runs runs)" test "$there" -gt 0 -a "$there" -lt "$runs"
    equal "$what: no run was rejected for it" 0 "$(query "SELECT count(*) FROM kfpstore_migration_run WHERE $(
        case $engine in mysql) echo '`Outcome`' ;; *) echo '"Outcome"' ;; esac) <> 'imported';")"
    check "$what: what is there is whole" python3 "$tools/check_references.py" $(reader)
    expect 3 "$what: status says that it is not finished" "$KFP_MIGRATE" status --exit-code --target "$dsn"
    expect 0 "$what: with room it goes on" import --jobs "$n"
    equal "$what: with what is left" "$((runs - there)) $there" \
        "$(json_of "$tmp/out" runs imported) $(json_of "$tmp/out" runs imported_before)"
    check "$what: to the rows of an undisturbed import" python3 "$tools/compare_targets.py" $reference $(reader)
    drop_disk
done
finish
