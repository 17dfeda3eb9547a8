#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Databases of the project's own generator, with another seed, other names and sizes, in multi- and single-user mode,
# with small and with large transactions: nothing may be fitted to one fixture. The expectation is what the generator
# meant, not what any code here does.
. "$(dirname "$0")/../harness/sh.sh"

import_generated() { # import_generated TEXT BATCH GENERATOR-ARGUMENTS...
    local text=$1 batch=$2 stem=$tmp/generated$1 source want lost
    shift 2
    stem=${stem// /-}
    check "$text: generated" python3 "$tools/mlmdgen.py" "$stem" "$@"
    # the source is on the same engine as the target
    new_loaded "$label" "$stem.mlmd.sqlite" || { fail "$text: loading the source"; return; }
    source=$dsn
    new_generated "$stem"
    # dangling events, names that are cut: finished, with rejects
    expect 5 "$text: import" "$KFP_MIGRATE" import --json --source "$source" --target "$dsn" --batch "$batch" \
        --rejects "$tmp/rejects" || return
    check "$text: no URI's query string is printed" test "$(cat "$tmp/out" "$tmp/err" "$tmp/rejects" | grep -c 'sig=')" = 0
    check "$text: rejects are listed" test -s "$tmp/rejects"
    lost=$(json_of "$stem.expected.json" skipped dangling_events)
    equal "$text: dangling events are reported" "$lost" "$(json_of "$tmp/out" notes dangling-event count)"
    check "$text: what was meant" python3 "$tools/compare_expected.py" "$stem.expected.json" $(reader_of "$label" "$database")
    expect 0 "$text: verify --deep" "$KFP_MIGRATE" verify --deep --source "$source" --target "$dsn"
    before=$(rows_of "$label" "$database")
    expect 0 "$text: import again" "$KFP_MIGRATE" import --source "$source" --target "$dsn"
    equal "$text: nothing changed" "$before" "$(rows_of "$label" "$database")"
}

import_generated "multi-user" 1000 --seed 41 --names=-ß
import_generated "single-user" 1 --seed 42 --single-user --names=_42
import_generated "many runs" 50 --seed 43 --runs 90
finish
