#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# preflight: what hinders an import is found before it, with a remedy and the exit code that the import would have;
# nothing is written. Each finding is provoked where that can be done without another machine.
. "$(dirname "$0")/../harness/sh.sh"
kfp=$data/mlmd/kfp/kfp_small
engine=$("$KFPSTORE_TEST_SERVERS" engine "$label")
source=sqlite://$kfp.mlmd.sqlite

# look CODE TEXT [OPTION...]: as JSON; then has/lacks FINDING [SEVERITY]
look() {
    local code=$1 text=$2
    shift 2
    expect "$code" "$text" "$KFP_MIGRATE" preflight --json "$@"
    cp "$tmp/out" "$tmp/looked"
}
severity_of() {
    python3 -c 'import json, sys
for f in json.load(open(sys.argv[1], encoding="utf-8"))["findings"]:
    if f["finding"] == sys.argv[2]:
        print(f["severity"]); break' "$tmp/looked" "$1"
}
message_of() {
    python3 -c 'import json, sys
print(*(f["message"] for f in json.load(open(sys.argv[1], encoding="utf-8"))["findings"] if f["finding"] == sys.argv[2]))' "$tmp/looked" "$1"
}
has() { equal "  finds $1" "${2:-blocker}" "$(severity_of "$1")"; }
lacks() { equal "  does not find $1" "" "$(severity_of "$1")"; }
says() { message_of "$1" >"$tmp/message"; contains "  $1 says '$2'" "$2" "$tmp/message"; }

# ---- a target as KFP left it, before and after the upgrade -----------------------------------------------------------
new_kfp "$label" "$kfp"
target=$dsn base=$database
before=$(sql "$label" "$base" 'SELECT * FROM tasks ORDER BY 1; SELECT * FROM run_details ORDER BY 1;' | sha256sum)
source_before=$(sha256sum <"$kfp.mlmd.sqlite")
look 3 "before the upgrade" --source "$source" --target "$target"
has schema-pending
has legacy-tasks warning
says legacy-tasks " $(sql "$label" "$base" 'SELECT count(*) FROM tasks;') rows"
has running-runs warning
has source info
says source "MLMD schema 10 on SQLite"
says source " 27 runs, 189 executions"
has target info
has space info
lacks not-looked-at
# as expected.json has them
says would-be-skipped "1 times no-run-row"
says would-be-skipped "6 times foreign-execution"
says would-be-skipped "5 times artifact-without-event"
says other-run-types "KfpRun (2)"
look 3 "with KfpRun as a run" --source "$source" --target "$target" --run-contexts=KfpRun
lacks other-run-types
check "every finding has a remedy, or is about what there is" python3 -c 'import json, sys
for f in json.load(open(sys.argv[1], encoding="utf-8"))["findings"]:
    assert f["remedy"] or f["finding"] in ("source", "target"), f
    assert ("exit_code" in f) == (f["severity"] == "blocker"), f' "$tmp/looked"
expect 3 "as text" "$KFP_MIGRATE" preflight --source "$source" --target "$target"
contains "the remedy is there" "remedy: run 'kfp-migrate schema upgrade'" "$tmp/out"
contains "and a last line" "1 finding that hinders an import" "$tmp/out"
equal "nothing was written" "$before" \
    "$(sql "$label" "$base" 'SELECT * FROM tasks ORDER BY 1; SELECT * FROM run_details ORDER BY 1;' | sha256sum)"
equal "the source is as it was" "$source_before" "$(sha256sum <"$kfp.mlmd.sqlite")"

expect 0 "schema upgrade" "$KFP_MIGRATE" schema upgrade --target "$target"
look 0 "after the upgrade" --source "$source" --target "$target"
lacks schema-pending
lacks legacy-tasks
lacks rights-import
expect 0 "as text" "$KFP_MIGRATE" preflight --source "$source" --target "$target"
contains "nothing hinders" "Nothing hinders an import" "$tmp/out"

# ---- sources ----------------------------------------------------------------------------------------------------------
look 69 "no source" --source "sqlite://$tmp/none.sqlite" --target "$target"
has source-unreachable
has target info
look 1 "a source that is none" --source "$target" --target "$target"
has source-unreadable
says source-unreadable MLMDEnv
look 0 "a source of TFX" --source "sqlite://$data/mlmd/real/v6-tfx-cpi.sqlite" --target "$target"
has nothing-to-import warning
has other-run-types info
cp "$kfp.mlmd.sqlite" "$tmp/live.sqlite"
chmod u+w "$tmp/live.sqlite"
sqlite3 "$tmp/live.sqlite" "UPDATE Execution SET last_update_time_since_epoch = strftime('%s', 'now') * 1000, last_known_state = 2
    WHERE id IN (SELECT id FROM Execution ORDER BY id LIMIT 3); DELETE FROM Execution WHERE last_known_state = 2 AND
    last_update_time_since_epoch < strftime('%s', 'now') * 1000 - 600000;"
look 0 "a source in use" --source "sqlite://$tmp/live.sqlite" --target "$target"
has source-live warning
says source-live "and 3 are RUNNING"

# ---- states of the target ---------------------------------------------------------------------------------------------
case $engine in mysql) q='`' ;; *) q='"' ;; esac
on_target() { sql "$label" "$base" "${1//@/$q}" >/dev/null; }
on_target "UPDATE @kfpstore_lease@ SET @Owner@ = 'somebody@else', @ExpiresAtInSec@ = 9999999999 WHERE @Slot@ = 0;"
[ "$(sql "$label" "$base" "SELECT count(*) FROM kfpstore_lease;")" != 0 ] ||
    on_target "INSERT INTO @kfpstore_lease@ (@Slot@, @Owner@, @Epoch@, @ExpiresAtInSec@, @Beat@) VALUES (0, 'somebody-else', 1, 9999999999, 0);"
look 6 "the lease is held" --source "$source" --target "$target"
has lease-held
says lease-held "somebody"
expect 6 "and an import ends so" "$KFP_MIGRATE" import --wait-lock 0 --source "$source" --target "$target"
on_target "UPDATE @kfpstore_lease@ SET @ExpiresAtInSec@ = 1 WHERE @Slot@ = 0;"
last=$(sql "$label" "$base" "SELECT max(${q}Step${q}) FROM kfpstore_schema;")
on_target "UPDATE @kfpstore_schema@ SET @Step@ = 999 WHERE @Step@ = $last;"
look 7 "a newer schema" --source "$source" --target "$target"
has schema-newer
on_target "UPDATE @kfpstore_schema@ SET @Step@ = $last WHERE @Step@ = 999;"
"$KFP_MIGRATE" schema status --json --target "$target" >"$tmp/status"
sum=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["steps"][3]["sha256"])' "$tmp/status")
on_target "UPDATE @kfpstore_schema@ SET @Checksum@ = 'another' WHERE @Step@ = 4;"
look 8 "a changed step" --source "$source" --target "$target"
has schema-changed
on_target "UPDATE @kfpstore_schema@ SET @Checksum@ = '$sum' WHERE @Step@ = 4;"
new_database "$label"
empty=$dsn
look 3 "no KFP database" --source "$source" --target "$empty"
has no-kfp-database
look 0 "that will be made one" --source "$source" --target "$empty" --create-target
drop_database "$label" "$database"
look 0 "that is still to be made" --source "$source" --target "$empty" --create-target
has target-new info
look 69 "that is not there" --source "$source" --target "$empty"
has target-unreachable

# ---- rights -----------------------------------------------------------------------------------------------------------
account=${base:0:20}_pf
drop_account() { case $engine in pgsql) sql pgsql "$1" "DROP OWNED BY $account;" ;; esac; }
case $engine in
sqlite)
    look 77 "a file for reading" --source "$source" --target "$target?mode=ro"
    has rights-import
    ;;
*)
    case $engine in
    pgsql)
        sql "$label" "$base" "CREATE ROLE $account LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO $account;
            GRANT INSERT, UPDATE ON tasks, artifacts, artifact_tasks, kfpstore_migration, kfpstore_migration_run,
            kfpstore_migrated_artifact TO $account;"
        poor=${target/kfp@/$account@}
        grant="GRANT INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO $account;"
        ;;
    *)
        sql "$label" "$base" "CREATE USER '$account'@localhost; GRANT SELECT ON \`$base\`.* TO '$account'@localhost;"
        for table in tasks artifacts artifact_tasks kfpstore_migration kfpstore_migration_run kfpstore_migrated_artifact; do
            sql "$label" "$base" "GRANT INSERT, UPDATE ON \`$base\`.$table TO '$account'@localhost;"
        done
        poor=${target/root@/$account@}
        grant="GRANT INSERT, UPDATE, DELETE ON \`$base\`.* TO '$account'@localhost;"
        ;;
    esac
    look 77 "an account that lacks a right" --source "$source" --target "$poor"
    has rights-import
    says rights-import "INSERT, UPDATE"
    says rights-import "on kfpstore_lease"
    lacks rights-schema
    expect 77 "and an import ends so" "$KFP_MIGRATE" import --source "$source" --target "$poor"
    look 77 "run rows are made" --source "$source" --target "$poor" --missing-runs=create
    says rights-import "on run_details"
    sql "$label" "$base" "$grant"
    look 0 "with the rights" --source "$source" --target "$poor"
    lacks rights-import
    expect 5 "the import works" "$KFP_MIGRATE" import --source "$source" --target "$poor"
    # before the upgrade
    new_kfp "$label" "$kfp"
    fresh=$database
    case $engine in
    pgsql) sql "$label" "$fresh" "REVOKE CREATE ON SCHEMA public FROM PUBLIC; GRANT SELECT, INSERT, UPDATE, DELETE
        ON ALL TABLES IN SCHEMA public TO $account;" ;;
    *) sql "$label" "$fresh" "GRANT SELECT, INSERT, UPDATE, DELETE ON \`$fresh\`.* TO '$account'@localhost;" ;;
    esac
    look 3 "an account that may make no tables" --source "$source" --target "${poor/$base/$fresh}"
    has rights-schema warning
    says rights-schema "CREATE"
    [ $engine != pgsql ] || says rights-schema "the ownership of tasks"
    case $engine in pgsql) drop_account "$fresh" ;; esac
    drop_database "$label" "$fresh"
    ;;
esac
[ $engine != sqlite ] || expect 5 "import" "$KFP_MIGRATE" import --source "$source" --target "$target"
look 0 "after the import" --source "$source" --target "$target"
has imported-before info
says imported-before "26 of 27"
cp "$kfp.mlmd.sqlite" "$tmp/other.sqlite"
chmod u+w "$tmp/other.sqlite"
sqlite3 "$tmp/other.sqlite" "UPDATE Context SET name = 'another-' || id WHERE type_id IN (SELECT id FROM Type WHERE name = 'system.PipelineRun');"
look 1 "another source under the same name" --source "sqlite://$tmp/other.sqlite" --target "$target"
has other-source

# ---- MySQL and MariaDB -------------------------------------------------------------------------------------------------
if [ $engine = mysql ]; then
    # how many texts are not ASCII, counted in the SQLite source
    texts=$(python3 - "$kfp.mlmd.sqlite" <<'EOP'
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
print(sum(1 for t, c in (("Context", "name"), ("ContextProperty", "string_value"), ("Execution", "name"),
    ("ExecutionProperty", "string_value"), ("Artifact", "name"), ("Artifact", "uri"), ("ArtifactProperty", "string_value"))
    for (v,) in db.execute("SELECT %s FROM %s WHERE %s IS NOT NULL" % (c, t, c)) if not v.isascii()))
EOP
)
    for form in mysql mysql-double-encoded mysql-latin1; do
        case $form in *latin1) new_database "$label-latin1" ;; *) new_database "$label" ;; esac
        sql "$label" "$database" <"$kfp.mlmd.$form.sql"
        look 0 "a source of form $form" --source "$dsn" --target "$target"
        case $form in
        mysql) lacks encoded-twice; lacks charset-latin1 ;;
        *)
            has encoded-twice info
            says encoded-twice "$texts of $texts texts"
            look 0 "taken as it stands" --source "$dsn" --target "$target" --source-encoding=utf8
            has kept-encoded-twice warning
            ;;
        esac
        lacks charset-utf8mb3
    done
    has charset-latin1 info
    sql "$label" "$database" "ALTER TABLE EventPath CONVERT TO CHARACTER SET utf8mb3;" 2>/dev/null
    look 0 "three-byte columns" --source "$dsn" --target "$target"
    has charset-utf8mb3 warning
    sql "$label" "$base" "CREATE USER '${account}2'@localhost IDENTIFIED BY 'x';"
    KFPSTORE_SOURCE_PASSWORD=x look 77 "a source that may not be read" --source "${dsn/root@/${account}2@}" --target "$target"
    has source-denied
    sql "$label" "$base" "DROP USER '${account}2'@localhost;"
    drop_database "$label" "$database"

    cp "$kfp.mlmd.sqlite" "$tmp/large.sqlite"
    chmod u+w "$tmp/large.sqlite"
    sqlite3 "$tmp/large.sqlite" "UPDATE ExecutionProperty SET string_value = hex(zeroblob(20000000)) WHERE rowid =
        (SELECT min(rowid) FROM ExecutionProperty WHERE name = 'image');"
    look 0 "a value of 40 MB" --source "sqlite://$tmp/large.sqlite" --target "$target"
    has value-too-large warning

    $("$KFPSTORE_TEST_SERVERS" client "$label" "$base") -e "SELECT GET_LOCK('kfp_mlmd_migration_lock', 5), SLEEP(30);" >/dev/null &
    locker=$!
    for ((i = 0; i < 100; i++)); do
        [ "$(sql "$label" "$base" "SELECT IS_USED_LOCK('kfp_mlmd_migration_lock') IS NOT NULL;")" = 1 ] && break
        sleep 0.1
    done
    look 6 "upstream's own migration is at work" --source "$source" --target "$target"
    has upstream-lock-held
    sql "$label" "$base" "KILL $(sql "$label" "$base" "SELECT IS_USED_LOCK('kfp_mlmd_migration_lock');");"
    wait $locker 2>/dev/null

    sql "$label" "$base" "ALTER TABLE kfpstore_migration_run ENGINE=MyISAM;"
    look 1 "a table without transactions" --source "$source" --target "$target"
    says no-transactions "kfpstore_migration_run is of the engine MyISAM"
    sql "$label" "$base" "SET GLOBAL read_only = 1;"
    look 1 "a replica" --source "$source" --target "$target"
    sql "$label" "$base" "SET GLOBAL read_only = 0;"
    has server-read-only
    sql "$label" "$base" "ALTER TABLE kfpstore_migration_run ENGINE=InnoDB;"
    new_database "$label-latin1"
    expect 0 "a database of latin1" "$KFP_MIGRATE" schema upgrade --standalone --target "$dsn"
    look 0 "a target of latin1" --source "$source" --target "$dsn"
    has target-charset warning
    says target-charset "run_details is latin1"
    drop_database "$label" "$database"
fi
case $engine in
pgsql) sql "$label" "$base" "DROP OWNED BY $account; DROP ROLE $account;" ;;
mysql) sql "$label" "$base" "DROP USER '$account'@localhost;" ;;
esac
drop_database "$label" "$base"
finish
