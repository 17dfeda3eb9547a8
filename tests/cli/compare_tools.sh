#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The tools that judge an import find what is wrong in a target: a wrong value in each table, a row too many, a row too
# few. Otherwise a test that passes would say nothing.
. "$(dirname "$0")/../harness/sh.sh"
expected=$data/mlmd/kfp/kfp_small.expected.json
engine=$("$KFPSTORE_TEST_SERVERS" engine "$label")
python3 "$tools/fill_expected.py" "$expected" "$engine" >"$tmp/fill.sql" || fail "fill_expected.py"

new_database sqlite
reference=$database
python3 "$tools/fill_expected.py" "$expected" sqlite | sql sqlite "$reference"
new_database "$label"
target=$database reader=$(reader_of "$label" "$database")
sql "$label" "$target" <"$tmp/fill.sql" >/dev/null || fail "the tables cannot be filled"
check "what expected.json demands compares as right" python3 "$tools/compare_expected.py" "$expected" $reader
contains "and all of it" "159 tasks, 144 artifacts, 247 links;" <(python3 "$tools/compare_expected.py" "$expected" $reader)
check "two such targets are equal" python3 "$tools/compare_targets.py" $(reader_of sqlite "$reference") $reader

quote() { if [ "$engine" = mysql ]; then echo "SET sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES';"; fi; cat; }
some() { # some TABLE CONDITION: the UUID of one row
    quote <<<"SELECT \"UUID\" FROM \"$1\" WHERE $2 ORDER BY \"UUID\" LIMIT 1;" | sql "$label" "$target"
}
# damage TEXT NEEDLE TABLE CONDITION COLUMN VALUE [targets-only]: one value of one row, found, and put back
damage() {
    local row was
    # the comparison is the same everywhere, the reading is not: elsewhere a value of each kind will do
    case $label:$5 in sqlite:* | *:State | *:NumberValue | *:Metadata | *:Producer) ;; *) return ;; esac
    row=$(some "$3" "$4")
    was=$(quote <<<"SELECT \"$5\" FROM \"$3\" WHERE \"UUID\" = '$row';" | sql "$label" "$target")
    quote <<<"UPDATE \"$3\" SET \"$5\" = $6 WHERE \"UUID\" = '$row';" | sql "$label" "$target"
    if [ -z "${7:-}" ]; then
        expect 1 "found by compare_expected: $1" python3 "$tools/compare_expected.py" "$expected" $reader
        contains "and named" "$2" "$tmp/out"
    fi
    expect 1 "found by compare_targets: $1" python3 "$tools/compare_targets.py" $(reader_of sqlite "$reference") $reader
    contains "and named" "$3 $row: $5" "$tmp/out"
    case $was in
    '') quote <<<"UPDATE \"$3\" SET \"$5\" = NULL WHERE \"UUID\" = '$row';" ;;
    *) quote <<<"UPDATE \"$3\" SET \"$5\" = '$was' WHERE \"UUID\" = '$row';" ;;
    esac | sql "$label" "$target"
}
damage "a state" "State is 4, should be 2" tasks '"State" = 2' State 4
damage "a time" "CreatedAtInSec" tasks '"State" = 2' CreatedAtInSec 1
damage "a parent that is gone" "ParentTaskUUID" tasks '"ParentTaskUUID" IS NOT NULL' ParentTaskUUID "'x'"
damage "an iteration" "iterationIndex" tasks '"Type" = 1' TypeAttrs "'{\"iterationIndex\":\"3\"}'"
damage "a parameter's value" "InputParameters" tasks '"Type" = 1' InputParameters "'[{\"parameterKey\":\"x\",\"value\":1}]'"
damage "a fingerprint" "Fingerprint" tasks "\"Fingerprint\" <> ''" Fingerprint "'x'"
damage "a metric" "NumberValue" artifacts '"NumberValue" IS NOT NULL' NumberValue 17.25
damage "metadata" "Metadata" artifacts '"Type" = 3' Metadata "'{\"a\":true}'"
damage "a namespace" "Namespace" artifacts '"Type" = 3' Namespace "'elsewhere'"
damage "a link's type" "Type is" artifact_tasks '"Type" = 8' Type 9
damage "a link's iteration" "Iteration" artifact_tasks '"Type" = 6' Iteration 7
damage "a link's producer" "Producer" artifact_tasks '"Type" = 6' Producer "'{}'"
damage "what only the targets show" "" tasks '"Type" = 1' StartedInSec 3 targets-only
check "undone, it is right again" python3 "$tools/compare_expected.py" "$expected" $reader

row=$(some artifact_tasks '"Type" = 9')
quote <<<"DELETE FROM \"artifact_tasks\" WHERE \"UUID\" = '$row';" | sql "$label" "$target"
expect 1 "a missing link is found" python3 "$tools/compare_expected.py" "$expected" $reader
contains "and named" "no row $row" "$tmp/out"
expect 1 "and by compare_targets" python3 "$tools/compare_targets.py" $reader $(reader_of sqlite "$reference")
contains "with its id" "$row: only in" "$tmp/out"
quote <<<"INSERT INTO \"tasks\" (\"UUID\",\"Namespace\",\"RunUUID\",\"State\",\"Type\") VALUES ('extra','','',1,2);" |
    sql "$label" "$target"
expect 1 "a row too many is found" python3 "$tools/compare_expected.py" "$expected" $reader
contains "and named" "task extra" "$tmp/out"
finish
