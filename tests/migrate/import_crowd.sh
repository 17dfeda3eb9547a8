#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Fifty imports are started at once into one target: one works, the others exit 6 at once and name the holder, and the
# rows are those of a single import. First the one that works is held back by a pause file until the others are gone;
# then nothing holds it back, so that a late one may find the work done: all of them together import each run once.
. "$(dirname "$0")/../harness/sh.sh"
crowd=50
stem=$tmp/crowd
check "generated" python3 "$tools/mlmdgen.py" "$stem" --scale 1000 --seed 31
source=sqlite://$stem.mlmd.sqlite
import() { "$KFP_MIGRATE" import --json --batch 60 --wait-lock 0 --source "$source" --target "$dsn" "$@"; }
new_generated "$stem"
expect 0 "a single import" import
reference=$(reader_of "$label" "$database")
runs=$(json_of "$tmp/out" runs imported)

# start IMPORT-OPTIONS: the crowd; each waits for the file go, which is there when all have come this far
start() {
    pids=()
    rm -f "$tmp/go" "$tmp"/status.*
    for ((i = 0; i < crowd; i++)); do
        {
            until [ -e "$tmp/go" ]; do sleep 0.05; done
            import "$@" >"$tmp/out.$i" 2>"$tmp/err.$i" </dev/null
            echo $? >"$tmp/status.$i.new"
            mv "$tmp/status.$i.new" "$tmp/status.$i"
        } &
        pids+=($!)
    done
    touch "$tmp/go"
}
ended() { ls "$tmp" | grep -c '^status\.[0-9]*$'; }
with_status() { grep -lx "$1" "$tmp"/status.[0-9]* | wc -l; }
# Each that was turned away says who is there: an import of this host, by its process.
judge_refused() { # judge_refused TEXT
    local file number named=0 refused=0
    for file in $(grep -lx 6 "$tmp"/status.[0-9]*); do
        number=${file##*.}
        refused=$((refused + 1))
        [ ! -s "$tmp/out.$number" ] || fail "$1: one that was refused printed a report"
        if grep -qE "locked by \"import $(hostname | cut -c1-60):[0-9]+ [0-9a-f]{8}\"" "$tmp/err.$number"; then
            named=$((named + 1))
        else
            cut -c1-300 "$tmp/err.$number" | sed 's/^/       /'
        fi
    done
    equal "$1: all $refused that were refused name the holder" $refused $named
}
judge_result() { # judge_result TEXT
    equal "$1: each run once in the ledger" "$runs" "$(sql "$label" "$database" "SELECT count(*) FROM kfpstore_migration_run;")"
    check "$1: the rows of a single import" python3 "$tools/compare_targets.py" $reference $(reader_of "$label" "$database")
}

new_generated "$stem"
touch "$tmp/pause"
start --pause-file "$tmp/pause"
for _ in $(seq 1200); do [ "$(ended)" -lt $((crowd - 1)) ] || break; sleep 0.1; done
sleep 1
equal "held back: all but one have gone" $((crowd - 1)) "$(ended)"
equal "held back: they exit 6" $((crowd - 1)) "$(with_status 6)"
judge_refused "held back"
equal "held back: they name the same" 1 "$(cat "$tmp"/err.* | grep -o 'locked by "[^"]*"' | sort -u | wc -l)"
equal "held back: nothing was written" 0 "$(sql "$label" "$database" "SELECT count(*) FROM kfpstore_migration_run;")"
rm "$tmp/pause"
wait "${pids[@]}"
equal "held back: the one that worked exits 0" 1 "$(with_status 0)"
for file in $(grep -lx 0 "$tmp"/status.[0-9]*); do
    equal "held back: with every run" "$runs" "$(json_of "$tmp/out.${file##*.}" runs imported)"
done
judge_result "held back"

new_generated "$stem"
start
wait "${pids[@]}"
worked=$(with_status 0)
equal "at full speed: 0 or 6, and nothing else" $crowd $((worked + $(with_status 6)))
check "at full speed: $worked of $crowd had the lock one after the other" test "$worked" -ge 1 -a "$worked" -lt $crowd
imported=0
for file in $(grep -lx 0 "$tmp"/status.[0-9]*); do
    imported=$((imported + $(json_of "$tmp/out.${file##*.}" runs imported)))
done
equal "at full speed: they imported each run once between them" "$runs" $imported
judge_refused "at full speed"
judge_result "at full speed"
finish
