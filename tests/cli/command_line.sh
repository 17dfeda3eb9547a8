#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The command line as people and scripts meet it: exit codes, messages that name the remedy, JSON that parses, a dry run
# that cannot write, and no secret in anything that is printed.
. "$(dirname "$0")/../harness/sh.sh"
kfp=$data/mlmd/kfp/kfp_small
source=sqlite://$kfp.mlmd.sqlite
migrate() { "$KFP_MIGRATE" "$@"; }
is_json() { python3 -m json.tool <"$1" >/dev/null; }
says() { contains "$1" "$2" "$tmp/err"; }

# ---- help and usage --------------------------------------------------------------------------------------------------
commands='import
status
show
schema status
schema upgrade
schema print
schema adopt'
expect 0 "--help" migrate --help
cp "$tmp/out" "$tmp/overview"
while read -r command; do
    contains "the overview lists '$command'" "  $command " "$tmp/overview"
    # shellcheck disable=SC2086
    expect 0 "$command --help" migrate $command --help
    contains "and goes to stdout" "Usage: kfp-migrate $command" "$tmp/out"
    equal "and says nothing else ($command)" "" "$(cat "$tmp/err")"
    # shellcheck disable=SC2086
    expect 2 "$command with an option that it does not have" migrate $command --no-such-option
    says "and where its options are" "kfp-migrate $command --help"
    equal "and nothing on stdout ($command)" "" "$(cat "$tmp/out")"
done <<<"$commands"
expect 0 "--version" migrate --version
contains "the version" "kfp-migrate " "$tmp/out"
expect 2 "no command at all" migrate
says "the overview goes to stderr" "Usage: kfp-migrate"
for wrong in frobnicate "schema frobnicate" schema; do
    # shellcheck disable=SC2086
    expect 2 "'$wrong' is no command" migrate $wrong
    says "and it says where they are" "no command '$wrong'; 'kfp-migrate --help'"
done

usage() { # usage TEXT NEEDLE ARGUMENTS...
    local text=$1 needle=$2
    shift 2
    expect 2 "$text" migrate "$@"
    says "$text: what is wrong" "$needle"
    says "$text: where help is" "--help'"
}
new_kfp sqlite "$kfp"
target=$dsn file=$KFPSTORE_TEST_DIR/sqlite/$database.db
usage "import without --target" "import needs --source and --target" import --source "$source"
usage "import without --source" "import needs --source and --target" import --target "$target"
usage "import with an operand" "'extra'" import extra
usage "a batch of nothing" "--batch" import --batch=0
usage "a batch that is no number" "--batch" import --batch=many
usage "an unknown word" "--missing-runs" import --missing-runs=perhaps
usage "an unknown word" "--canceled" import --canceled=ok
usage "an unknown word" "--source-encoding" import --source-encoding=utf-16
usage "an empty context type" "--run-contexts" import --run-contexts=a,,b
usage "a colon in the source's name" "--source-id" import --source-id=a:b
usage "a negative time" "--wait-lock" import --wait-lock=-1
usage "status without --target" "needs --target" status
usage "show without a run" "needs one RUN" show --target "$target"
usage "show with two" "needs one RUN" show --target "$target" a b
usage "show without --target" "needs --target" show a
usage "schema status without --target" "needs --target" schema status
usage "schema print without --engine" "needs --engine" schema print
usage "schema print for nobody" "'oracle'" schema print --engine=oracle

# ---- DSNs and passwords ----------------------------------------------------------------------------------------------
secret=s3cr3t
while read -r bad; do
    for command in "import --source $source --target" "import --target $target --source" "status --target" \
        "show x --target" "schema status --target" "schema upgrade --target" "schema adopt --target"; do
        # shellcheck disable=SC2086
        expect 2 "refused: ${command%% *} with ${bad/$secret/***}" migrate $command "$bad"
        cat "$tmp/out" "$tmp/err" >"$tmp/both"
        equal "and the password is not repeated" 0 "$(grep -c "$secret" "$tmp/both")"
    done
done <<EOF
mysql://u:$secret@h/db
postgresql://u:$secret@h/db
mysql://u@h/db?password=$secret
postgresql://u@h/db?sslpassword=$secret
mysql://u:$secret@h:port/db
mysql://u:a/$secret@h/db
mysql://u:a#$secret@h/db
mysql:u:$secret@h/db
oracle://u:$secret@h/db
host=h password=$secret
EOF
expect 2 "a password in the DSN" migrate status --target "mysql://u:$secret@h/db"
says "the remedy is named" KFPSTORE_TARGET_PASSWORD_FILE
for option in "postgresql://u@h/db?sslmod=verify-full" "postgresql://u@h/db?sslmode=full" "mysql://u@h/db?ssl-mode=on"; do
    expect 2 "a wrong option: $option" migrate status --target "$option"
    says "is named" "option \"ssl"
done
printf '%s\n' "$secret" >"$tmp/password"
chmod 600 "$tmp/password"
refused() { # refused TEXT ENGINE: nobody listens on that port; the message has neither the password nor the file's text
    expect 69 "$1" migrate status --target "$2://u@127.0.0.1:1/db"
    says "$1: the server is named" "$2://u@127.0.0.1:1/db"
    equal "$1: without the password" 0 "$(cat "$tmp/out" "$tmp/err" | grep -c "$secret")"
}
for engine in postgresql mysql; do
    refused "$engine: no server" $engine
    export KFPSTORE_TARGET_PASSWORD=$secret
    refused "$engine: no server, with a password" $engine
    unset KFPSTORE_TARGET_PASSWORD
    export KFPSTORE_TARGET_PASSWORD_FILE=$tmp/password
    refused "$engine: no server, with a password file" $engine
    unset KFPSTORE_TARGET_PASSWORD_FILE
done
expect 1 "a password file that is not there" env KFPSTORE_TARGET_PASSWORD_FILE="$tmp/absent" \
    "$KFP_MIGRATE" status --target mysql://u@127.0.0.1:1/db
says "the variable is named" KFPSTORE_TARGET_PASSWORD_FILE
expect 69 "a source that is not there" migrate import --source sqlite:///nonexistent/mlmd.db --target "$target"
says "the file is named" /nonexistent/mlmd.db
expect 69 "a target that is not there" migrate import --source "$source" --target "sqlite://$tmp/absent.db"
equal "and is not made" no "$([ -e "$tmp/absent.db" ] && echo yes || echo no)"

# ---- schema, before and after ----------------------------------------------------------------------------------------
sum() { sha256sum <"$file"; }
expect 3 "import into a database that is not upgraded" migrate import --source "$source" --target "$target"
says "the remedy is named" "kfp-migrate schema upgrade"
before=$(sum) # opening it for writing has set its journal mode
expect 0 "schema status" migrate schema status --target "$target"
contains "names the next command" "kfp-migrate schema upgrade" "$tmp/out"
expect 3 "schema status --exit-code: pending" migrate schema status --exit-code --target "$target"
expect 3 "schema status --exit-code --json: pending" migrate schema status --exit-code --json --target "$target"
check "is JSON" is_json "$tmp/out"
expect 3 "status of a database that is not upgraded" migrate status --target "$target"
says "the remedy is named" "kfp-migrate schema upgrade"
expect 0 "schema upgrade --dry-run" migrate schema upgrade --dry-run --target "$target"
contains "prints the statements" 'CREATE TABLE `artifact_tasks`' "$tmp/out"
expect 5 "import --dry-run needs no upgraded target" migrate import --dry-run --json --source "$source" --target "$target"
check "is JSON" is_json "$tmp/out"
cp "$tmp/out" "$tmp/dry-before"
equal "none of these wrote a byte" "$before" "$(sum)"

expect 0 "schema upgrade" migrate schema upgrade --target "$target"
expect 0 "schema status --exit-code: up to date" migrate schema status --exit-code --target "$target"
expect 0 "schema status --json" migrate schema status --exit-code --json --target "$target"
check "is JSON" is_json "$tmp/out"
equal "nothing is pending" False "$(json_of "$tmp/out" pending)"
expect 3 "status --exit-code: no import yet" migrate status --exit-code --target "$target"
expect 0 "status without --exit-code" migrate status --target "$target"

# tables that an API server made: refused, adopted, and said so
new_database sqlite
sql sqlite "$database" <"$data/schema/upstream_sqlite.sql"
expect 1 "upgrade of tables that an API server made" migrate schema upgrade --target "$dsn"
says "the remedy is named" "kfp-migrate schema adopt"
expect 0 "schema adopt" migrate schema adopt --target "$dsn"
expect 0 "schema status after it" migrate schema status --target "$dsn"
check "step 4 is adopted" grep -Eq '^ +4 +baseline +adopted ' "$tmp/out"
expect 0 "schema status --json after it" migrate schema status --json --target "$dsn"
equal "all steps are in it" "$(ls "$KFPSTORE_SRC"/schema/sql/sqlite/*.sql | wc -l)" "$(python3 -c 'import json,sys; print(len(json.load(sys.stdin)["steps"]))' <"$tmp/out")"
expect 0 "schema upgrade after it" migrate schema upgrade --target "$dsn"

new_database sqlite
sql sqlite "$database" "CREATE TABLE t (a int);"
expect 1 "upgrade of a database that is none of KFP" migrate schema upgrade --target "$dsn"
says "the remedy is named" --standalone
expect 3 "import into it" migrate import --source "$source" --target "$dsn"
says "the remedy is named" --create-target

# a newer schema, and another text of an applied step
cp "$file" "$tmp/newer.db"
sqlite3 "$tmp/newer.db" "INSERT INTO kfpstore_schema SELECT 99, 'later', '', 1, 'applied', 0, '9.9', 99 ;"
cp "$file" "$tmp/changed.db"
sqlite3 "$tmp/changed.db" "UPDATE kfpstore_schema SET Checksum = 'x' WHERE Step = 4;"
for pair in newer:7 changed:8; do
    for command in "import --source $source" "schema status" "schema upgrade" "schema adopt"; do
        # shellcheck disable=SC2086
        expect "${pair#*:}" "a ${pair%:*} schema: $command" migrate $command --target "sqlite://$tmp/${pair%:*}.db"
    done
done

# ---- import: dry and real --------------------------------------------------------------------------------------------
counts() { # what must not depend on whether it was written
    python3 - "$1" <<'EOF'
import json, sys
r = json.load(open(sys.argv[1]))
for gone in ("dry_run", "estimate", "seconds", "executions_per_second", "peak_memory_mb", "started_at"):
    r.pop(gone, None)
print(json.dumps(r, sort_keys=True))
EOF
}
sqlite3 "$file" "PRAGMA wal_checkpoint(TRUNCATE);" >/dev/null
before=$(sum)
expect 5 "import --dry-run" migrate import --dry-run --json --source "$source" --target "$target" --rejects "$tmp/dry-rejects"
cp "$tmp/out" "$tmp/dry"
equal "wrote nothing" "$before" "$(sum)"
equal "not beside the file either" 0 "$(find "$file-wal" -size +0 2>/dev/null | wc -l)"
sum_source() { sha256sum <"$kfp.mlmd.sqlite"; }
source_before=$(sum_source)
expect 5 "import" migrate import --json --source "$source" --target "$target" --rejects "$tmp/rejects"
check "is JSON" is_json "$tmp/out"
cp "$tmp/out" "$tmp/real"
equal "the dry run said the same" "$(counts "$tmp/dry")" "$(counts "$tmp/real")"
equal "also before the upgrade" "$(counts "$tmp/dry-before")" "$(counts "$tmp/real")"
check "and listed the same" cmp "$tmp/dry-rejects" "$tmp/rejects"
check "every count of the report is as many lines of --rejects" python3 -c 'import collections, json, sys
lines = collections.Counter(json.loads(line)["reason"] for line in open(sys.argv[1], encoding="utf-8"))
counts = {k: v["count"] for k, v in json.load(open(sys.argv[2], encoding="utf-8"))["notes"].items()}
assert lines == counts, (lines, counts)' "$tmp/rejects" "$tmp/out"
equal "the source is as it was" "$source_before" "$(sum_source)"
check "each line of --rejects is JSON" python3 -c 'import json,sys
for line in sys.stdin:
    o = json.loads(line)
    assert {"class", "reason", "kind", "mlmd_id", "context_id", "run", "detail"} == set(o), o' <"$tmp/rejects"
expect 0 "status --exit-code after it" migrate status --exit-code --target "$target"
expect 0 "status --json" migrate status --json --target "$target"
check "is JSON" is_json "$tmp/out"
equal "it knows the runs" 26 "$(python3 -c 'import json,sys
print(sum(o["runs"] for o in json.load(sys.stdin)["outcomes"] if o["outcome"] == "imported"))' <"$tmp/out")"
expect 1 "a run that is not there" migrate show no-such-run --target "$target"
says "is named" "'no-such-run'"
expect 0 "show by name" migrate show loops --target "$target"
contains "the tree" "for-loop-1  LOOP" "$tmp/out"
expect 1 "--rejects where nothing can be written" migrate import --source "$source" --target "$target" \
    --rejects /nonexistent/rejects
says "names it" /nonexistent/rejects

expect 1 "stdout is full" sh -c '"$1" status --target "$2" >/dev/full' sh "$KFP_MIGRATE" "$target"

# ---- secrets in URIs -------------------------------------------------------------------------------------------------
secret=PlantedSignature
cp "$kfp.mlmd.sqlite" "$tmp/signed.sqlite"
chmod u+w "$tmp/signed.sqlite"
sqlite3 "$tmp/signed.sqlite" "UPDATE Artifact SET uri = coalesce(uri, 's3://bucket/key') || '?X-Amz-Signature=$secret';"
new_kfp sqlite "$kfp"
signed=$dsn
expect 0 "schema upgrade" migrate schema upgrade --target "$signed"
expect 5 "import of signed URIs" migrate import --source "sqlite://$tmp/signed.sqlite" --target "$signed" --rejects "$tmp/signed-rejects"
cat "$tmp/out" "$tmp/err" "$tmp/signed-rejects" >"$tmp/said"
expect 0 "status" migrate status --json --target "$signed"
cat "$tmp/out" "$tmp/err" >>"$tmp/said"
for run in $(sqlite3 "$KFPSTORE_TEST_DIR/sqlite/$database.db" "SELECT UUID FROM run_details;"); do
    migrate show "$run" --target "$signed" >>"$tmp/said" 2>&1 || fail "show $run"
done
equal "the target has them" yes "$([ "$(sqlite3 "$KFPSTORE_TEST_DIR/sqlite/$database.db" \
    "SELECT count(*) FROM artifacts WHERE URI LIKE '%$secret';")" -gt 100 ] && echo yes)"
contains "show prints the URIs" minio://mlpipeline "$tmp/said"
equal "and nothing that is printed has the query" 0 "$(grep -c -e "$secret" -e X-Amz "$tmp/said")"
equal "nor has the ledger" 0 "$(sqlite3 "$KFPSTORE_TEST_DIR/sqlite/$database.db" "SELECT * FROM kfpstore_migration_run;
    SELECT * FROM kfpstore_migration;" | grep -c "$secret")"
finish
