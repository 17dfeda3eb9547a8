#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# kill -9 at every group boundary, before and after the COMMIT, and at random moments: started again and again, the result
# is, row by row, that of an import that nobody killed. A process that was killed leaves its lease behind; here it is
# made to expire, so that nobody has to wait for it.
. "$(dirname "$0")/../harness/sh.sh"
if [ -n "${KFPSTORE_TEST_LONG:-}" ]; then kills=200 runs=60 step=1; else kills=12 runs=24 step=5; fi
stem=$tmp/killed
check "generated" python3 "$tools/mlmdgen.py" "$stem" --seed 77 --runs $runs
check "the killer" "${CC:-cc}" -shared -fPIC -O1 -o "$tmp/kill_at_commit.so" "$tools/kill_at_commit.c" -ldl
source=sqlite://$stem.mlmd.sqlite
engine=$("$KFPSTORE_TEST_SERVERS" engine "$label")
case $engine in mysql) q='`' ;; *) q='"' ;; esac
[ "$label" = sqlite ] || python3 "$tools/load_source.py" "$stem.mlpipeline.sqlite" "$engine" >"$tmp/target.sql"

new_target() {
    new_database "$label"
    case $label in
    sqlite) cp "$stem.mlpipeline.sqlite" "$KFPSTORE_TEST_DIR/sqlite/$database.db" ;;
    *) sql "$label" "$database" <"$tmp/target.sql" >/dev/null ;;
    esac
    "$KFP_MIGRATE" schema upgrade --target "$dsn" >/dev/null 2>"$tmp/err" || fail "schema upgrade: $(cat "$tmp/err")"
}
expire() { sql "$label" "$database" "UPDATE kfpstore_lease SET ${q}ExpiresAtInSec$q = 0;"; }
import() { "$KFP_MIGRATE" import --json --batch 20 --source "$source" --target "$dsn" "$@" >"$tmp/out" 2>"$tmp/err" </dev/null; }
# An import that goes on reports what it did itself: 5 only if that had rejects.
ended() { case $1 in 0 | 5) ;; *) fail "$2: exit $1: $(tail -n 3 "$tmp/err")" ;; esac; }
compared() {
    python3 "$tools/compare_targets.py" $reference $(reader_of "$label" "$database") >"$tmp/differences" ||
        fail "$1: $(head -n 5 "$tmp/differences")"
}

new_target
import
ended $? "an import that nobody kills"
reference=$(reader_of "$label" "$database")
groups=$(($(json_of "$tmp/out" tasks count) / 40))
check "there are many groups" test "$groups" -ge 3

# ---- at every boundary -------------------------------------------------------------------------------------------------
# An import from the beginning for each COMMIT that one makes, the lease's and the readers' among them.
boundaries='before after'
if [ -n "${KFPSTORE_TEST_SANITIZED:-}" ]; then
    boundaries=
    skip "the killer cannot be loaded before a sanitizer"
fi
for when in $boundaries; do
    killed=0
    for ((number = 1; ; number += step)); do
        new_target
        KILL_AT=$number KILL_WHEN=$when LD_PRELOAD=$tmp/kill_at_commit.so import
        status=$?
        [ $status = 137 ] || break
        killed=$((killed + 1))
        expire
        import
        ended $? "killed $when COMMIT $number, and started again"
        compared "killed $when COMMIT $number"
        drop_database "$label" "$database"
    done 2>/dev/null
    ended $status "nobody killed it at COMMIT $number, which it does not have"
    if [ $killed -ge 2 ] && [ $killed -ge $((groups / step)) ]; then ok "killed $killed times $when COMMIT"; else fail "killed only $killed times $when COMMIT"; fi
done

# ---- at random moments ------------------------------------------------------------------------------------------------
RANDOM=4711
killed=0 finished=0
new_target
for ((i = 0; killed < kills && i < kills * 20; i++)); do
    import --jobs $((RANDOM % 2 + 1)) &
    pid=$!
    sleep "$(awk -v r=$RANDOM 'BEGIN { printf "%.3f", r / 32768 * 0.4 }')"
    kill -KILL $pid
    wait $pid
    status=$?
    if [ $status = 137 ]; then
        killed=$((killed + 1))
        expire
        continue
    fi
    finished=$((finished + 1))
    ended $status "an import between"
    compared "after $killed kills"
    drop_database "$label" "$database"
    new_target
done 2>/dev/null
equal "killed at random moments; $finished imports came to their end between" $kills $killed
import
ended $? "the last one"
compared "at last"
finish
