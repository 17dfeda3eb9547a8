#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# An account that may read and write rows but make no tables: the schema commands that only look work, `upgrade` ends
# with 77 and says which rights it needs, and nothing is there afterwards.
. "$(dirname "$0")/../harness/sh.sh"
new_kfp "$label" "$data/mlmd/kfp/kfp_small"
account=${database:0:20}_poor
case $("$KFPSTORE_TEST_SERVERS" engine "$label") in
pgsql)
    sql "$label" "$database" "CREATE ROLE $account LOGIN; REVOKE CREATE ON SCHEMA public FROM PUBLIC;
        GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO $account;" 2>/dev/null
    poor=${dsn/kfp@/$account@}
    ;;
*)
    sql "$label" "$database" "CREATE USER '$account'@localhost; GRANT SELECT, INSERT, UPDATE ON \`$database\`.* TO '$account'@localhost;"
    poor=${dsn/root@/$account@}
    ;;
esac
expect 0 "status" "$KFP_MIGRATE" schema status --target "$poor"
expect 3 "status --exit-code" "$KFP_MIGRATE" schema status --exit-code --target "$poor"
expect 0 "status --json" "$KFP_MIGRATE" schema status --json --target "$poor"
check "is JSON" python3 -m json.tool "$tmp/out" "$tmp/pretty"
expect 0 "upgrade --dry-run" "$KFP_MIGRATE" schema upgrade --dry-run --target "$poor"
expect 77 "upgrade" "$KFP_MIGRATE" schema upgrade --target "$poor"
contains "says which rights are needed" "CREATE, ALTER, DROP, INDEX and REFERENCES" "$tmp/err"
contains "and what to do instead" "kfp-migrate schema print" "$tmp/err"
contains "and what the server said" "denied" "$tmp/err"
expect 3 "nothing was made" "$KFP_MIGRATE" schema status --exit-code --target "$dsn"
equal "no table of ours" 0 "$(sql "$label" "$database" \
    "SELECT count(*) FROM information_schema.tables WHERE table_name LIKE 'kfpstore%' AND table_schema IN ('public', '$database');")"
expect 1 "adopt: there is nothing to adopt" "$KFP_MIGRATE" schema adopt --target "$poor"
contains "and what to do instead" "schema upgrade" "$tmp/err"
expect 0 "an account that may" "$KFP_MIGRATE" schema upgrade --target "$dsn"
case $("$KFPSTORE_TEST_SERVERS" engine "$label") in
pgsql) sql "$label" "$database" "DROP OWNED BY $account; DROP ROLE $account;" ;;
*) sql "$label" "$database" "DROP USER '$account'@localhost;" ;;
esac
finish
