#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The library as a program meets it: it exports what exports.txt lists and nothing else, its headers compile alone as C99
# and C++17 under strict flags, and a program built with what pkg-config says runs.
. "$(dirname "$0")/../harness/sh.sh"
include=$KFPSTORE_SRC/libkfpstore/include
library=$KFPSTORE_BUILD/.libs/libkfpstore.so

if [ -e "$library" ]; then
    nm -D --defined-only "$library" | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' | sort >"$tmp/exported"
    check "the exported symbols are those of exports.txt" diff "$KFPSTORE_SRC/libkfpstore/exports.txt" "$tmp/exported"
else
    skip "exported symbols: a static build"
fi
check "the Debian package has a version for each" "$KFPSTORE_SRC/scripts/debian-symbols" --check

for header in "$include"/kfpstore.h "$include"/kfpstore/*.h; do
    name=${header#"$include"/}
    printf '#include "%s"\nint main(void) { return 0; }\n' "$name" >"$tmp/alone.c"
    cp "$tmp/alone.c" "$tmp/alone.cc"
    check "$name compiles alone as C99" \
        "${CC:-cc}" -std=c99 -Wall -Wextra -Wpedantic -Wstrict-prototypes -Werror -I"$include" -fsyntax-only "$tmp/alone.c"
    check "$name compiles alone as C++17" \
        "${CXX:-c++}" -std=c++17 -Wall -Wextra -Wpedantic -Werror -I"$include" -fsyntax-only "$tmp/alone.cc"
done

cat >"$tmp/program.c" <<'EOF'
#include <kfpstore.h>
#include <stdio.h>
int main(void)
{
    char hash[KFPS_HASH_SIZE];
    kfps_uri_hash("s3://bucket/model", hash);
    printf("%s %s\n", kfps_version(), hash);
    return 0;
}
EOF
# an installation of its own, as a packager makes one
if [ -e "$library" ]; then
    check "make install" make -s -C "$KFPSTORE_BUILD" install DESTDIR="$tmp/root" V=0
    pc=$(find "$tmp/root" -name kfpstore.pc)
    export PKG_CONFIG_SYSROOT_DIR=$tmp/root PKG_CONFIG_PATH=${pc%/*}
    lib=$(dirname "${pc%/*}")
    # shellcheck disable=SC2046
    check "a program builds with pkg-config's flags" "${CC:-cc}" "$tmp/program.c" -o "$tmp/program" \
        $(pkg-config --cflags --libs kfpstore)
    LD_LIBRARY_PATH=$lib "$tmp/program" >"$tmp/said"
    contains "and runs against the installed library" \
        d270957640e91cf0b9aa7120434c3379c4beb021b2997c47a4767efc83ff6ffe "$tmp/said"
    check "the installed command runs" env LD_LIBRARY_PATH="$lib" "$(find "$tmp/root" -name kfp-migrate -type f -perm -1 | head -n 1)" --version
fi
finish
