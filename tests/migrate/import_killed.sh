#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# kill -9 at every group boundary, before and after the COMMIT, and at random moments: started again and again, the result
# is, row by row, that of an import that nobody killed.
. "$(dirname "$0")/../harness/sh.sh"
. "$(dirname "$0")/../harness/kill.sh"
if [ -n "${KFPSTORE_TEST_LONG:-}" ]; then kills=200 runs=60 step=1; else kills=12 runs=24 step=5; fi
stem=$tmp/killed
check "generated" python3 "$tools/mlmdgen.py" "$stem" --seed 77 --runs $runs
source=sqlite://$stem.mlmd.sqlite

prepare() { new_generated "$stem"; }
program() { $launch "$KFP_MIGRATE" import --json --batch 20 --jobs $jobs --source "$source" --target "$dsn" >"$tmp/out" 2>"$tmp/err" </dev/null; }
compared() {
    python3 "$tools/compare_targets.py" $reference $(reader_of "$label" "$database") >"$tmp/differences" ||
        fail "$1: $(head -n 5 "$tmp/differences")"
}

prepare
program
ended $? "an import that nobody kills"
reference=$(reader_of "$label" "$database")
groups=$(($(json_of "$tmp/out" tasks count) / 40))
check "there are many groups" test "$groups" -ge 3

killed_at_commits $step $((groups / step > 2 ? groups / step : 2))
killed_at_random $kills 0.4
finish
