#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Two administrators' worlds. In one no program may run DDL: an administrator runs the printed script, and an account with
# rights on rows alone imports, verifies and takes back. In the other the account sees nothing of the catalogue but what is
# its own: rights by table, and on PostgreSQL no INFORMATION_SCHEMA at all. Where one right is missing, the command ends
# with 77, the table and, by preflight, the right are named, and nothing of the run under way is there.
. "$(dirname "$0")/../harness/sh.sh"
engine=$("$KFPSTORE_TEST_SERVERS" engine "$label")
kfp=$data/mlmd/kfp/kfp_small
source=sqlite://$kfp.mlmd.sqlite
case $engine in mysql) q='`' ;; *) q='"' ;; esac
rows='tasks artifacts artifact_tasks kfpstore_migration kfpstore_migration_run kfpstore_migrated_artifact kfpstore_lease'
reads='kfpstore_schema run_details experiments tasks_pre_migration'
account=

# new_account: without any right
new_account() {
    account=${database:0:18}_r$serial
    case $engine in
    pgsql)
        sql "$label" "$database" "CREATE ROLE $account LOGIN; REVOKE CREATE ON SCHEMA public FROM PUBLIC;
            REVOKE ALL ON ALL TABLES IN SCHEMA information_schema FROM PUBLIC; REVOKE USAGE ON SCHEMA information_schema FROM PUBLIC;"
        poor=${dsn/kfp@/$account@}
        ;;
    *)
        sql "$label" "$database" "CREATE USER '$account'@localhost;"
        poor=${dsn/root@/$account@}
        ;;
    esac
}
give() { # give RIGHTS TABLE...
    local rights=$1 table
    shift
    for table; do
        case $engine in
        pgsql) sql "$label" "$database" "GRANT $rights ON $table TO $account;" ;;
        *) sql "$label" "$database" "GRANT $rights ON \`$database\`.$table TO '$account'@localhost;" ;;
        esac
    done
}
take() { # take RIGHT TABLE
    case $engine in
    pgsql) sql "$label" "$database" "REVOKE $1 ON $2 FROM $account;" ;;
    *) sql "$label" "$database" "REVOKE $1 ON \`$database\`.$2 FROM '$account'@localhost;" ;;
    esac
}
drop_account() {
    case $engine in
    pgsql) sql "$label" "$database" "DROP OWNED BY $account; DROP ROLE $account;" ;;
    *) sql "$label" "$database" "DROP USER '$account'@localhost;" ;;
    esac
}

# ---- the administrator runs the script ------------------------------------------------------------------------------------
# on MySQL the script's tables take the database's collation, which has to be that of run_details
case $engine in mysql) label=$label-generalci ;; esac
new_kfp "$label" "$kfp"
new_account
give SELECT experiments run_details tasks
expect 77 "an account without DDL cannot upgrade" "$KFP_MIGRATE" schema upgrade --target "$poor"
contains "and is told of the script" "kfp-migrate schema print" "$tmp/err"
# step 3 stands in the script as a comment, for those who have the old table
"$KFP_MIGRATE" schema print --engine="$engine" >"$tmp/script"
sed '/^-- step 3:/,/^-- step 4:/s/^-- \([A-Z].*;\)$/\1/' "$tmp/script" >"$tmp/script.sql"
check "the script runs" sql "$label" "$database" <"$tmp/script.sql"
# shellcheck disable=SC2086
give "SELECT, INSERT, UPDATE, DELETE" $rows
# shellcheck disable=SC2086
give SELECT $reads
expect 0 "nothing is pending" "$KFP_MIGRATE" schema status --exit-code --target "$poor"
expect 0 "an upgrade has nothing to do" "$KFP_MIGRATE" schema upgrade --target "$poor"
expect 0 "schema status --json" "$KFP_MIGRATE" schema status --json --target "$poor"
expect 0 "preflight finds nothing that hinders" "$KFP_MIGRATE" preflight --source "$source" --target "$poor"
contains "and knows the rights" "Nothing hinders an import" "$tmp/out"
expect 5 "dry run" "$KFP_MIGRATE" import --dry-run --json --source "$source" --target "$poor"
expect 5 "import" "$KFP_MIGRATE" import --json --source "$source" --target "$poor"
equal "imported" 26 "$(json_of "$tmp/out" runs imported)"
expect 0 "import again" "$KFP_MIGRATE" import --source "$source" --target "$poor"
expect 0 "status" "$KFP_MIGRATE" status --exit-code --target "$poor"
expect 0 "show" "$KFP_MIGRATE" show loops --target "$poor"
expect 0 "verify" "$KFP_MIGRATE" verify --source "$source" --target "$poor"
give "UPDATE, DELETE" run_details experiments # of runs that an import made; and a rollback locks the runs' rows
expect 0 "rollback" "$KFP_MIGRATE" rollback --yes --target "$poor"
take "UPDATE, DELETE" run_details
take "UPDATE, DELETE" experiments

# ---- a run that changed is replaced: more rights ----------------------------------------------------------------------------
cp "$kfp.mlmd.sqlite" "$tmp/changed.sqlite"
chmod u+w "$tmp/changed.sqlite"
expect 5 "import" "$KFP_MIGRATE" import --source "$source" --target "$poor"
sqlite3 "$tmp/changed.sqlite" "UPDATE ExecutionProperty SET string_value = string_value || '-changed' WHERE rowid =
    (SELECT min(rowid) FROM ExecutionProperty WHERE name = 'display_name');"
give UPDATE run_details
for table in tasks artifact_tasks; do
    take DELETE $table
    expect 0 "preflight without DELETE on $table" "$KFP_MIGRATE" preflight --source "$source" --target "$poor"
    contains "  names it" "rights-replace: to replace runs that change after their import, the account lacks DELETE on $table" "$tmp/out"
    expect 77 "a run that changed" "$KFP_MIGRATE" import --look-again=all --source "sqlite://$tmp/changed.sqlite" --target "$poor"
    contains "  names it as well" "$table" "$tmp/err"
    give DELETE $table
done
expect "0 5" "a run that changed, with the rights" "$KFP_MIGRATE" import --json --look-again=all --source "sqlite://$tmp/changed.sqlite" --target "$poor"
check "is replaced" test "$(json_of "$tmp/out" runs replaced)" -ge 1
take UPDATE run_details
expect 0 "preflight without UPDATE on run_details" "$KFP_MIGRATE" preflight --source "$source" --target "$poor"
contains "  names it" "UPDATE on run_details" "$tmp/out"
check "rollback by another account" "$KFP_MIGRATE" rollback --yes --target "$dsn"

# ---- one right is missing, each in its turn ---------------------------------------------------------------------------------
for right in INSERT UPDATE SELECT; do
    for table in $rows $reads; do
        case "$right $table" in
        INSERT\ kfpstore_schema | INSERT\ run_details | INSERT\ experiments | INSERT\ tasks_pre_migration) continue ;;
        UPDATE\ kfpstore_schema | UPDATE\ run_details | UPDATE\ experiments | UPDATE\ tasks_pre_migration) continue ;;
        esac
        take "$right" "$table"
        "$KFP_MIGRATE" preflight --json --source "$source" --target "$poor" >"$tmp/looked" 2>/dev/null
        "$KFP_MIGRATE" import --source "$source" --target "$poor" >"$tmp/out" 2>"$tmp/err"
        code=$?
        found=$(python3 -c 'import json, sys
print("; ".join(f["finding"] + " " + f["message"] for f in json.load(open(sys.argv[1], encoding="utf-8"))["findings"] if f["severity"] != "info"))' "$tmp/looked")
        case $code in
        77)
            ok "without $right on $table an import ends with 77"
            contains "  and names the table" "$table" "$tmp/err"
            case $found in *"$right"*"$table"* | *"denied"*"$table"*) ok "  preflight names it" ;; *) fail "  preflight says: $found" ;; esac
            ;;
        3)
            # MySQL's catalogue does not list a table of which the account may do nothing
            contains "without $right on $table the table is not seen" "may not see" "$tmp/err"
            ;;
        0 | 5)
            ok "without $right on $table an import works"
            check "  and is taken back" "$KFP_MIGRATE" rollback --yes --target "$dsn"
            ;;
        *) fail "without $right on $table: exit $code"; tail -n 3 "$tmp/err" ;;
        esac
        give "$right" "$table"
    done
done
expect 5 "with all of them it works" "$KFP_MIGRATE" import --source "$source" --target "$poor"
drop_account
drop_database "$label" "$database"
finish
