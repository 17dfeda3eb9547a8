#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# No password and no signed address is in anything that is printed or written beside the tables: passwords from the
# environment, from files and from the client's own file, and mistyped into arguments; signatures in URIs, names,
# parameters and properties of the source. Every command, in both formats of the log, with failures provoked: refused
# accounts, rows that the target refuses, a table that is missing, servers that are away.
. "$(dirname "$0")/../harness/sh.sh"
kfp=$data/mlmd/kfp/kfp_small
engine=$("$KFPSTORE_TEST_SERVERS" engine "$label")
said=$tmp/said
mkdir "$said" "$tmp/home" "$tmp/empty"
serial=0
# Each ends in the same letters, so that one look finds them all.
planted=PlantedSecret
environment=Environment$planted file=File$planted own=Own$planted argument=Argument$planted signature=Signature$planted
query="X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=$signature"

# say TEXT COMMAND...: whatever it ends with; as text and as JSON lines
say() {
    local text=$1 format
    shift
    for format in text json; do
        serial=$((serial + 1))
        "$KFP_MIGRATE" "$@" --log-format=$format >"$said/$serial.out" 2>"$said/$serial.err" </dev/null
        echo "$? $text ($format)" >>"$tmp/codes"
        mv "$said/$serial.err" "$said/$serial.$format"
    done
}
clean() { # clean TEXT: what was said so far
    if grep -rlF -e "$planted" -e X-Amz "$said" >"$tmp/leaks"; then
        fail "$1"
        while read -r leak; do grep -n -F -e "$planted" -e X-Amz "$leak" | head -n 3 | cut -c1-300 | sed "s|^|       ${leak##*/}: |"; done <"$tmp/leaks"
        rm -f $(cat "$tmp/leaks")
    else
        ok "$1"
    fi
}

# ---- a source with signed addresses wherever text is -------------------------------------------------------------------
cp "$kfp.mlmd.sqlite" "$tmp/source.sqlite"
chmod u+w "$tmp/source.sqlite"
sqlite3 "$tmp/source.sqlite" "UPDATE Artifact SET uri = coalesce(uri, 's3://bucket/key') || '?$query';
    UPDATE Artifact SET name = 'https://host/' || id || '?$query' WHERE id % 3 = 0;
    UPDATE Artifact SET name = NULL WHERE id % 3 = 1;
    DELETE FROM ArtifactProperty WHERE name = 'display_name' AND artifact_id % 3 < 2;
    UPDATE ExecutionProperty SET string_value = 'https://host/data?$query' WHERE name LIKE 'input:%' OR name = 'pod_name';
    UPDATE Artifact SET name = 'https://host/' || id || '?$query&' || hex(zeroblob(90)) WHERE id % 11 = 0;
    UPDATE Artifact SET uri = 'https://user:$argument@host/' || id || '?$query' WHERE id % 13 = 0;
    UPDATE Artifact SET uri = 'https://host/' || id || '?$query&' || hex(zeroblob(1200)) WHERE id % 17 = 0;
    UPDATE ArtifactProperty SET string_value = string_value || '?$query' WHERE string_value IS NOT NULL;
    UPDATE ExecutionProperty SET string_value = 'https://host/' || execution_id || '?$query&' || CASE execution_id % 2
        WHEN 0 THEN hex(zeroblob(90)) ELSE '' END WHERE name IN ('display_name', 'task_name') AND execution_id % 5 = 0;
    UPDATE EventPath SET step_key = 'https://host/' || step_key || '?$query' WHERE event_id % 7 = 0 AND step_key <> '';
    UPDATE EventPath SET step_key = 'https://host/' || step_key || '?$query&' || hex(zeroblob(90))
        WHERE event_id % 13 = 0 AND step_key <> '';"
# a parameter of every task
python3 - "$tools" "$tmp/source.sqlite" "https://host/parameter?$query" <<'EOP'
import sqlite3, sys
sys.path.insert(0, sys.argv[1])
from mlmdstore import Struct
db = sqlite3.connect(sys.argv[2])
db.execute("UPDATE ExecutionProperty SET string_value = ? WHERE name = 'inputs'", (Struct({"address": sys.argv[3]}).text(),))
db.commit()
EOP
source=sqlite://$tmp/source.sqlite

# ---- accounts ------------------------------------------------------------------------------------------------------------
new_kfp "$label" "$kfp"
base=$database target=$dsn
printf '%s\n' "$file" >"$tmp/password"
printf '[client]\npassword="%s"\n' "$own" >"$tmp/home/.my.cnf"
printf '*:*:*:*:%s\n' "$own" >"$tmp/home/.pgpass"
chmod 600 "$tmp/password" "$tmp/home/.my.cnf" "$tmp/home/.pgpass"
with() { # with NAME DSN: the account whose password is known from there
    case $engine in mysql) printf '%s' "${2/root@/secret_$1@}" ;; *) printf '%s' "$2" ;; esac
}
if [ "$engine" = mysql ]; then
    for name in environment file own; do
        sql "$label" "$base" "CREATE USER IF NOT EXISTS 'secret_$name'@localhost IDENTIFIED BY '${!name}'; GRANT ALL ON *.* TO 'secret_$name'@localhost;"
    done
fi
export HOME=$tmp/home
export KFPSTORE_SOURCE_PASSWORD=$environment

# ---- every command, with a password from each place --------------------------------------------------------------------
export KFPSTORE_TARGET_PASSWORD=$environment
t=$(with environment "$target")
say "schema status" schema status --target "$t"
say "schema status --json" schema status --json --target "$t"
say "schema upgrade --dry-run" schema upgrade --dry-run --target "$t"
say "status before" status --target "$t"
say "preflight before" preflight --source "$source" --target "$t"
say "verify before" verify --source "$source" --target "$t"
say "schema upgrade" schema upgrade --target "$t"
say "schema adopt" schema adopt --target "$t"
say "schema print" schema print --engine="$engine"
say "dry run" import --dry-run --json --source "$source" --target "$t" --rejects "$said/dry-rejects"
unset KFPSTORE_TARGET_PASSWORD
export KFPSTORE_TARGET_PASSWORD_FILE=$tmp/password
t=$(with file "$target")
say "preflight" preflight --source "$source" --target "$t"
say "preflight --json" preflight --json --source "$source" --target "$t"
# the target refuses some of the rows, and its server's sentence holds them
case $engine in
sqlite) sql "$label" "$base" "CREATE TRIGGER refuse BEFORE INSERT ON artifacts WHEN NEW.URI LIKE '%loops%' BEGIN SELECT RAISE(ABORT, 'refused'); END;" ;;
pgsql) sql "$label" "$base" "ALTER TABLE artifacts ADD CONSTRAINT refuse CHECK (\"URI\" NOT LIKE '%loops%');" ;;
*) sql "$label" "$base" "ALTER TABLE artifacts ADD CONSTRAINT refuse CHECK (URI NOT LIKE '%loops%');" ;;
esac
say "import into a target that refuses rows" import --source "$source" --target "$t" --rejects "$said/rejects" --json
check "a run was refused" grep -q target-refused "$said/rejects"
for note in name-cut key-cut uri-too-long; do
    check "the source has what is noted as $note" grep -q "\"$note\".*https\|$note.*bytes" "$said/rejects"
done
case $engine in
sqlite) sql "$label" "$base" "DROP TRIGGER refuse;" ;;
*) sql "$label" "$base" "ALTER TABLE artifacts DROP CONSTRAINT refuse;" ;;
esac
unset KFPSTORE_TARGET_PASSWORD_FILE
t=$(with own "$target")
say "import" import --source "$source" --target "$t" --rejects "$said/rejects-again"
for command in "status" "status --json"; do say "$command" $command --target "$t"; done
for command in "verify" "verify --json" "verify --deep" "verify --deep --json"; do say "$command" $command --source "$source" --target "$t"; done
say "report" report --target "$t"
say "report --json" report --json --target "$t"
say "report --html" report --html "$said/report.html" --source "$source" --target "$t"
say "report --html" report --html "$said/report.html" --target "$t"
say "schema verify" schema verify --target "$t"
for run in $(sql "$label" "$base" "SELECT $([ "$engine" = pgsql ] && echo '"UUID"' || echo UUID) FROM run_details;"); do
    "$KFP_MIGRATE" show "$run" --target "$t" >"$said/show.$run" 2>&1 || fail "show $run"
    "$KFP_MIGRATE" show "$run" --dot --target "$t" >"$said/dot.$run" 2>&1
done
contains "show prints addresses" "minio://mlpipeline" <(cat "$said"/show.*)
contains "and parameters" "https://host/parameter?…" <(cat "$said"/show.*)
contains "without their query" "?…" <(cat "$said"/show.*)
say "rollback --dry-run" rollback --dry-run --json --target "$t"
clean "commands that work say no secret"
equal "the target has the signatures" yes "$(case $engine in pgsql) c='"URI"' ;; *) c=URI ;; esac
    [ "$(sql "$label" "$base" "SELECT count(*) FROM artifacts WHERE $c LIKE '%$signature%';")" -gt 50 ] && echo yes)"
for table in kfpstore_migration kfpstore_migration_run kfpstore_migrated_artifact kfpstore_schema kfpstore_lease; do
    equal "$table has none" 0 "$(sql "$label" "$base" "SELECT * FROM $table;" | grep -c -F -e "$planted" -e X-Amz)"
done

# ---- the process list ------------------------------------------------------------------------------------------------------
mkfifo "$tmp/fifo"
KFPSTORE_TARGET_PASSWORD=$environment "$KFP_MIGRATE" import --source "$source" --target "$(with environment "$target")" \
    --rejects "$tmp/fifo" >"$said/listed.out" 2>"$said/listed.err" &
pid=$!
sleep 0.3 # it waits for the reader of its reject file
tr '\0' ' ' <"/proc/$pid/cmdline" >"$said/cmdline"
cat "/proc/$pid/comm" "/proc/$pid/wchan" >>"$said/cmdline" 2>/dev/null
timeout 60 cat "$tmp/fifo" >"$said/fifo-rejects"
wait $pid
check "the command line was seen" grep -q -- --rejects "$said/cmdline"
clean "the process list has none"

# ---- failures ----------------------------------------------------------------------------------------------------------------
export KFPSTORE_TARGET_PASSWORD=Wrong$planted
t=$(with environment "$target")
for command in "status" "schema status" "schema upgrade" "schema adopt" "show x" "rollback --dry-run"; do
    say "$command, refused" $command --target "$t"
done
say "import, refused" import --source "$source" --target "$t"
say "preflight, refused" preflight --source "$source" --target "$t" --json
say "verify, refused" verify --source "$source" --target "$t"
away=${target/$base/no_such_database_here}
say "status, away" status --wait 1 --target "$away"
say "import, away" import --wait 1 --source "$source" --target "$away"
say "a source that is away" import --source "mysql://u@127.0.0.1:1/db" --target "$away"
say "a password in the DSN" import --source "mysql://user:$argument@host/db" --target "postgresql://user:$argument@host/db?sslmode=require"
say "a password in a DSN's option" status --target "postgresql://user@host/db?password=$argument"
say "a DSN that is none" status --target "mysq://user:$argument@host"
say "a DSN as operand" import "mysql://user:$argument@host/db"
say "a DSN as operand" status "mysql://user:$argument@host/db"
say "a DSN as operand" verify "mysql://user:$argument@host/db"
say "a DSN as operand" rollback "mysql://user:$argument@host/db"
say "a DSN as operand" preflight "mysql://user:$argument@host/db"
say "a DSN as operand" schema status "mysql://user:$argument@host/db"
say "a DSN as command" "mysql://user:$argument@host/db"
say "a DSN as command" schema "mysql://user:$argument@host/db"
say "an option that is none" import "--password=$argument"
say "a wrong value" import --batch "mysql://user:$argument@host/db" --source "$source" --target "$target"
say "a wrong value" schema print --engine="mysql://user:$argument@host/db"
"$KFP_MIGRATE" status --log-format="mysql://user:$argument@host/db" --target "$away" >"$said/format.out" 2>"$said/format.err"
unset KFPSTORE_TARGET_PASSWORD
export KFPSTORE_TARGET_PASSWORD_FILE=$tmp/none
say "a password file that is none" status --target "$target"
unset KFPSTORE_TARGET_PASSWORD_FILE
t=$(with own "$target")
say "a DSN as run" show "mysql://user:$argument@host/db" --target "$t"
# damage: what the server says of missing tables, broken rows and JSON
case $engine in pgsql) q='"' ;; *) q='`' ;; esac
sql "$label" "$base" "UPDATE kfpstore_migration_run SET ${q}Digest${q} = 'x', ${q}Notes${q} = '{';" >/dev/null
sql "$label" "$base" "UPDATE artifacts SET ${q}Name${q} = 'https://host/x?$query';" >/dev/null
say "verify, damaged" verify --source "$source" --target "$t"
say "verify --json, damaged" verify --json --source "$source" --target "$t"
say "verify --deep, damaged" verify --deep --json --source "$source" --target "$t"
say "import again, damaged" import --source "$source" --target "$t" --rejects "$said/rejects-damaged"
say "status, damaged" status --target "$t"
say "report, damaged" report --html "$said/damaged.html" --target "$t"
say "rollback" rollback --yes --target "$t"
say "cleanup" cleanup --yes --source "$source" --target "$t"
sql "$label" "$base" "DROP TABLE artifact_tasks;" >/dev/null
say "show without a table" show loops --target "$t"
say "import without a table" import --source "$source" --target "$t"
say "verify without a table" verify --source "$source" --target "$t"
say "schema verify without a table" schema verify --target "$t"
sqlite3 "$tmp/source.sqlite" "ALTER TABLE Event RENAME TO Event2;"
say "import from a broken source" import --source "$source" --target "$t"
say "preflight of a broken source" preflight --source "$source" --target "$t"
clean "failures say no secret"
check "every line of a log in JSON is an object" python3 -c 'import json, sys
for name in sys.argv[1:]:
    for line in open(name, encoding="utf-8"):
        o = json.loads(line)
        assert set(o) <= {"time", "level", "message", "fields"} and o["level"] in ("info", "warning", "error"), o' "$said"/*.json
check "there were failures" test "$(grep -c -v '^0 ' "$tmp/codes")" -gt 50
check "and successes" test "$(grep -c '^[05] ' "$tmp/codes")" -gt 30

if [ "$engine" = mysql ]; then
    for name in environment file own; do sql "$label" mysql "DROP USER 'secret_$name'@localhost;"; done
fi
drop_database "$label" "$base"
finish
