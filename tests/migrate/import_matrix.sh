#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The KFP-shaped database, from each of its source forms (SQLite, three MySQL dumps, a PostgreSQL dump) into this
# engine: the result is what expected.json demands, importing again changes nothing, and the targets are equal, row by
# row, to that of SQLite into SQLite.
. "$(dirname "$0")/../harness/sh.sh"
kfp=$data/mlmd/kfp/kfp_small
expected=$kfp.expected.json

# import_from TARGET-LABEL SOURCE-DSN FORM: sets $database, $dsn and $reader
import_from() {
    local source=$2 form="$3 into $1" runs
    new_kfp "$1" "$kfp" || { fail "$form: the target cannot be loaded"; return 1; }
    reader=$(reader_of "$1" "$database")
    runs=$(sql "$1" "$database" 'SELECT count(*) FROM run_details;')
    expect 0 "$form: schema upgrade" "$KFP_MIGRATE" schema upgrade --target "$dsn" || return 1
    # three events of the source have lost an end: finished, with rejects
    expect 5 "$form: import" "$KFP_MIGRATE" import --source "$source" --target "$dsn" || return 1
    check "$form: what expected.json demands" python3 "$tools/compare_expected.py" "$expected" $reader
    contains "$form: all of it" "159 tasks, 144 artifacts, 247 links;" \
        <(python3 "$tools/compare_expected.py" --show 0 "$expected" $reader)
    cp "$tmp/out" "$tmp/first"
    expect 0 "$form: verify --deep" "$KFP_MIGRATE" verify --deep --source "$source" --target "$dsn"
    equal "$form: no run was added or removed" "$runs" "$(sql "$1" "$database" 'SELECT count(*) FROM run_details;')"
}

import_from sqlite "sqlite://$kfp.mlmd.sqlite" sqlite
reference=$(reader_of sqlite "$database")

case $label in mysql*) server=mysql ;; *) server=mariadb ;; esac
for form in sqlite mysql mysql-double-encoded mysql-latin1 pg; do
    case $form in
    sqlite) source=sqlite://$kfp.mlmd.sqlite ;;
    pg)
        running pgsql || { skip "the PostgreSQL source: no PostgreSQL here"; continue; }
        new_database pgsql
        source=$dsn
        sql pgsql "$database" <"$kfp.mlmd.pg.sql" >/dev/null || { fail "loading the $form source"; continue; }
        ;;
    *)
        running $server || { skip "the $form source: no MariaDB here"; continue; }
        case $form in *latin1) new_database $server-latin1 ;; *) new_database $server ;; esac
        source=$dsn
        sql $server "$database" <"$kfp.mlmd.$form.sql" || { fail "loading the $form source"; continue; }
        ;;
    esac
    if [ "$label" != sqlite ] || [ $form != sqlite ]; then
        import_from "$label" "$source" "$form" || continue
    fi
    check "$form into $label: equal to sqlite into sqlite" python3 "$tools/compare_targets.py" $reference $reader
    before=$(rows_of "$label" "$database")
    expect 0 "$form into $label: import again" "$KFP_MIGRATE" import --source "$source" --target "$dsn"
    equal "$form into $label: nothing changed" "$before" "$(rows_of "$label" "$database")"
done
finish
