#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The examples build against an installed library, with what pkg-config says, and do what they say on each engine.
. "$(dirname "$0")/../harness/sh.sh"

# made once, for all engines
built=$KFPSTORE_TEST_SHARED/examples
exec 9>"$built.lock"
flock 9
if [ ! -d "$built" ]; then
    mkdir "$built"
    check "make install" make -s -C "$KFPSTORE_BUILD" install DESTDIR="$built/root" V=0
fi
pc=$(find "$built/root" -name kfpstore.pc)
[ -n "$pc" ] || { skip "examples: a build without installation"; finish; }
export PKG_CONFIG_SYSROOT_DIR=$built/root PKG_CONFIG_PATH=${pc%/*}
LD_LIBRARY_PATH=$(dirname "${pc%/*}")
export LD_LIBRARY_PATH
ls "$LD_LIBRARY_PATH"/libkfpstore.so >/dev/null 2>&1 || { skip "examples: a static build"; finish; }
if [ ! -x "$built/run" ]; then
    # shellcheck disable=SC2046
    check "the C example builds" "${CC:-cc}" -std=c99 -D_POSIX_C_SOURCE=200809L -Wall -Wextra -Werror \
        "$KFPSTORE_SRC/examples/c/run.c" -o "$built/run" $(pkg-config --cflags --libs kfpstore)
fi
if command -v go >/dev/null && [ ! -x "$built/example-go" ]; then
    cp -r "$KFPSTORE_SRC/examples/go" "$built/go"
    export GOCACHE=${GOCACHE:-$built/gocache} GOFLAGS=-mod=mod GOTOOLCHAIN=local CGO_ENABLED=1
    check "the Go example is clean" go -C "$built/go" vet ./...
    check "the Go example builds" go -C "$built/go" build -o "$built/example-go" .
fi
flock -u 9

new_database "$label"
check "the schema" "$KFP_MIGRATE" schema upgrade --standalone --target "$dsn"
expect 0 "the C example runs" "$built/run" "$dsn"
contains "it lists its artifact" "artifact weekly: Dataset" "$tmp/out"
contains "the root ended with its tasks" "task root: SUCCEEDED, 0 in, 0 out" "$tmp/out"
contains "the first task has its output" "task prepare: SUCCEEDED, 0 in, 1 out" "$tmp/out"
contains "the second has its input" "task train: SUCCEEDED, 1 in, 0 out" "$tmp/out"
expect 1 "it says what to do where there is no schema" "$built/run" "sqlite://$tmp/none.db"

if ! command -v go >/dev/null; then
    skip "the Go example: no go on this machine"
    finish
fi
expect 0 "the Go example runs" "$built/example-go" "$dsn"
contains "it lists artifacts of both" "4 artifacts in pages of 2" "$tmp/out"
contains "the loop ended with its third iteration" "task loop: SUCCEEDED" "$tmp/out"
contains "and the root with the loop" "task root: SUCCEEDED" "$tmp/out"
drop_database "$label" "$database"
finish
