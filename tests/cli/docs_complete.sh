#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What is written about the command is what the command has: every option of --help is in the manual page and in the
# completion and the other way round, every reason of a note is in kfp-migrate(1) under its class, every step and table
# of the schema, exported function and exit code is on its page, and the pages are clean.
. "$(dirname "$0")/../harness/sh.sh"
top=$KFPSTORE_SRC
page=$top/man/kfp-migrate.1 schema_page=$top/man/kfp-migrate-schema.8
completion=$top/completions/kfp-migrate

# options_in PAGE COMMAND: the options that the page lists for it. A command's part begins with ".Ss COMMAND" (its first
# word after "schema" in the schema's page) and ends with the next .Ss or .Sh
options_in() {
    awk -v command="$2" '
        /^\.Ss / { split($0, w, " "); on = (w[2] == command) }
        /^\.Sh / { on = 0 }
        on && /^\.It Fl / { o = $3; gsub(/\\/, "", o); print "-" o }' "$1" | sort
}
# every command has them; the page describes them once, before the commands
common='^--\(help\|log-format\)=\{0,1\}$'
options_of() { # options_of COMMAND...: by --help
    "$KFP_MIGRATE" "$@" --help | sed -n 's/^  \(--[a-z-]*\).*/\1/p' | grep -v "$common" | sort
}
# what Tab gives for a line, as words
complete_line() {
    # shellcheck disable=SC1090
    (
        compopt() { :; }
        . "$completion"
        COMP_WORDS=("$@")
        COMP_CWORD=$(($# - 1))
        _kfp_migrate
        printf '%s\n' "${COMPREPLY[@]}"
    )
}

commands=$("$KFP_MIGRATE" --help | sed -n 's/^  \([a-z][a-z ]*[a-z]\)  *[A-Z].*/\1/p')
equal "all commands are looked at" "$(grep -c '^    &cli_' "$top/migrate/main.c")" "$(wc -l <<<"$commands")"
while read -r command; do
    # shellcheck disable=SC2086
    options_of $command >"$tmp/help"
    [ -s "$tmp/help" ] || fail "$command --help lists no options"
    case $command in
    schema*) options_in "$schema_page" "${command#schema }" >"$tmp/page" ;;
    *) options_in "$page" "$command" >"$tmp/page" ;;
    esac
    check "$command: the manual page has the options of --help, and no others" diff "$tmp/help" "$tmp/page"
    # shellcheck disable=SC2086
    complete_line kfp-migrate $command -- | grep -v "$common" | tr -d = | sort >"$tmp/completed"
    check "$command: so has the completion" diff "$tmp/help" "$tmp/completed"
    # an option that takes a value, and one that takes none
    # shellcheck disable=SC2086
    "$KFP_MIGRATE" $command --help | sed -n 's/^  \(--[a-z-]*=\).*/\1/p' | sort >"$tmp/help"
    # shellcheck disable=SC2086
    complete_line kfp-migrate $command -- | grep = | sort >"$tmp/completed"
    check "$command: the same of them take a value" diff "$tmp/help" "$tmp/completed"
    first=${command%% *} last=${command##* }
    if [ "$first" = "$last" ]; then
        complete_line kfp-migrate "" >"$tmp/completed"
    else
        complete_line kfp-migrate schema "" >"$tmp/completed"
    fi
    check "$command: is completed" grep -qx -- "$last" "$tmp/completed"
done <<<"$commands"

# values: whatever --help writes as a|b|c
while read -r option values; do
    for value in ${values//|/ }; do
        contains "$option=$value is in the page" "$value" <(grep -A1 -e "Fl .$option " -e "Fl .${option#-} " "$page")
        complete_line kfp-migrate import "$option" = "" >"$tmp/completed"
        check "$option=$value is completed" grep -qx -- "$value" "$tmp/completed"
    done
done < <("$KFP_MIGRATE" import --help | sed -n 's/^  \(--[a-z-]*\)=\([a-z0-9]*|[a-z0-9|]*\).*/\1 \2/p')
touch "$tmp/rejects.jsonl"
check "--rejects completes files" grep -qx "$tmp/rejects.jsonl" <(complete_line kfp-migrate import --rejects = "$tmp/rej")
check "a value in one word" grep -qx -- --canceled=failed <(complete_line kfp-migrate import --canceled=f)

# reasons, by class
sed -n 's/.*X([A-Z_0-9]*, "\([a-z0-9-]*\)", \([A-Z]*\),.*/\2 \1/p' "$top/migrate/notes.h" | sort >"$tmp/reasons"
[ "$(wc -l <"$tmp/reasons")" -gt 30 ] || fail "the reasons of migrate/notes.h cannot be read"
awk '/^\.Ss Rejected/ { c = "REJECT" } /^\.Ss Skipped/ { c = "SKIP" } /^\.Ss Noted/ { c = "INFO" } /^\.Sh/ { c = "" }
    c != "" && /^\.It Li / { print c, $3 }' "$page" | sort >"$tmp/page"
check "every reason of a note is in the page, under its class" diff "$tmp/reasons" "$tmp/page"

# findings of preflight, by severity, with their exit codes
sed -n 's/.*X([A-Z_0-9]*, "\([a-z0-9-]*\)", \([A-Z]*\), \([0-9]*\),.*/\2 \1 \3/p' "$top/migrate/preflight/findings.h" |
    sed 's/ 0$//' | sort >"$tmp/findings"
[ "$(wc -l <"$tmp/findings")" -gt 30 ] || fail "the findings of migrate/preflight/findings.h cannot be read"
awk '/^\.Ss Blockers/ { c = "BLOCKER" } /^\.Ss Warnings/ { c = "WARNING" } /^\.Ss Information/ { c = "INFO" } /^\.Sh/ { c = "" }
    c != "" && /^\.It Li / { print c, $3 ($5 != "" ? " " $5 : "") }' "$page" | sort >"$tmp/page"
check "every finding of preflight is in the page, under its severity" diff "$tmp/findings" "$tmp/page"

# exit codes, steps, tables, variables, options of DSNs, functions
sed -n 's/^ *EXIT_[A-Z_]* = \([0-9]*\),*$/\1/p' "$top/migrate/cli.h" | sort >"$tmp/codes"
sed -n '/^\.Sh EXIT STATUS/,/^\.Sh EX[B-Z]/s/^\.It \([0-9]*\)$/\1/p' "$page" | sort >"$tmp/page"
check "every exit code is in the page" diff "$tmp/codes" "$tmp/page"
for step in "$top"/schema/sql/sqlite/*.sql; do
    name=$(basename "$step" .sql)
    number=$((10#${name%%_*}))
    check "step $number is in kfp-migrate-schema(8)" grep -qx ".It $number ${name#*_}" "$schema_page"
    while read -r table; do
        case $table in experiments | run_details) continue ;; esac
        check "$table is in kfpstore-schema(5)" grep -q "^\.Ss $table\$" "$top/man/kfpstore-schema.5"
        while read -r column; do
            check "$table.$column is in kfpstore-schema(5)" grep -qw -- "$column" \
                <(sed -n "/^\.Ss $table\$/,/^\.S[sh] [^$]*\$/p" "$top/man/kfpstore-schema.5" | sed '1!{/^\.S[sh]/d}')
        done < <(tr '"' '`' <"$step" | sed -n "/^CREATE TABLE .*\`$table\`/,/^)/s/^    \`\([A-Za-z]*\)\`.*/\1/p")
    done < <(tr '"' '`' <"$step" | sed -n 's/^CREATE TABLE[^`]*`\([a-z_]*\)`.*/\1/p')
done
for variable in $(sed -n 's/.*"\(KFPSTORE_[A-Z_]*\)".*/\1/p' "$top"/migrate/*.c "$top"/backends/*.c | sort -u) \
    KFPSTORE_SOURCE_PASSWORD_FILE KFPSTORE_TARGET_PASSWORD_FILE; do
    check "$variable is in the page" grep -q "Ev $variable" "$page"
done
while read -r option; do
    case $option in read-timeout | write-timeout) continue ;; esac # refused when a connection is opened
    check "the DSN's option $option is in the page" grep -qw -- "$option" "$page"
done < <(sed -n 's/^ *{"[a-z]*", "\([a-z_-]*\)", .*},$/\1/p' "$top/backends/dsn_options.c")
while read -r function; do
    check "$function is in a page of section 3" grep -q "^\.F[no] $function\( \|\$\)" "$top"/man/kfpstore*.3
done <"$top/libkfpstore/exports.txt"

# the pages themselves
if command -v mandoc >/dev/null; then
    for file in "$top"/man/*.[1-9]; do
        check "$(basename "$file") is clean" mandoc -Tlint -W warning "$file"
    done
    # the example of kfpstore(3) compiles and runs
    mandoc -Tutf8 -O width=140 "$top/man/kfpstore.3" | sed 's/.\x08//g' |
        sed -n '/^           #include <kfpstore.h>$/,/^           }$/p' >"$tmp/example.c"
    check "the example of kfpstore(3) compiles" "${CC:-cc}" -std=c99 -Wall -Wextra -Werror -fsyntax-only \
        -I"$top/libkfpstore/include" "$tmp/example.c"
else
    skip "no mandoc: the pages' markup is not checked"
fi
for file in README.md ARCHITECTURE.md CONTRIBUTING.md NEWS.md; do
    # links to files of the tree
    while read -r path; do
        check "$file: $path is there" test -e "$top/$path"
    done < <(grep -o '](\([A-Za-z][^):#]*\))' "$top/$file" | tr -d '()]' | sort -u)
done
finish
