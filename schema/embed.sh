#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# embed.sh SRCDIR > steps_data.c: turns SRCDIR/<engine>/NNNN_name.sql into the tables that schema/steps.h declares.
# A file says what is special about it in lines `-- kfpstore: KEY=VALUE`: when=standalone, when=legacy-tasks,
# transaction=no, min-reader=N. Needs sh, sed, awk and sha256sum.
set -eu
LC_ALL=C
export LC_ALL

if [ $# -ne 1 ] || [ ! -d "$1" ]; then
    echo "usage: embed.sh SRCDIR (the folder that holds one folder of SQL files per engine)" >&2
    exit 2
fi

fail() {
    echo "embed.sh: $1" >&2
    exit 1
}

echo '/* Made by schema/embed.sh from schema/sql; edit the SQL files. */'
echo '#include "schema/steps.h"'

sets=
for folder in "$1"/*/; do
    engine=$(basename "$folder")
    last=0
    printf '\nstatic const schema_step %s_steps[] = {\n' "$engine"
    for file in "$folder"[0-9][0-9][0-9][0-9]_*.sql; do
        [ -f "$file" ] || fail "no steps in $folder"
        base=$(basename "$file" .sql)
        number=$(echo "$base" | sed 's/_.*//; s/^0*//')
        [ "$number" -eq $((last + 1)) ] || fail "$file: the step before it is $last"
        last=$number
        when=SCHEMA_ALWAYS transaction=true reader=1
        for directive in $(sed -n 's/^-- kfpstore: *//p' "$file"); do
            case $directive in
            when=standalone) when=SCHEMA_STANDALONE ;;
            when=legacy-tasks) when=SCHEMA_LEGACY_TASKS ;;
            transaction=no) transaction=false ;;
            min-reader=[1-9]*) reader=${directive#min-reader=} ;;
            *) fail "$file: unknown directive $directive" ;;
            esac
        done
        sum=$(sha256sum < "$file" | awk '{print $1}')
        printf '    {%s, "%s", %s, %s, %s,\n     "%s",\n' "$number" "${base#*_}" "$when" "$transaction" "$reader" "$sum"
        # Each line becomes one piece of a C string.
        sed 's/\\/\\\\/g; s/"/\\"/g; s/^/     "/; s/$/\\n"/' "$file"
        echo '    },'
    done
    echo '};'
    sets="$sets $engine"
done

printf '\nconst schema_step_set schema_step_sets[] = {\n'
for engine in $sets; do
    printf '    {"%s", %s_steps, sizeof %s_steps / sizeof %s_steps[0]},\n' "$engine" "$engine" "$engine" "$engine"
done
printf '    {NULL, NULL, 0},\n};\n'
