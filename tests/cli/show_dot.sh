#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# show --dot: the run as a graph. It has each task and each artifact once, its edges lead the way the links say, and
# names that would be code to Graphviz are text in it, which Graphviz itself confirms where it is installed.
. "$(dirname "$0")/../harness/sh.sh"
kfp=$data/mlmd/kfp/kfp_small
new_kfp sqlite "$kfp"
expect 0 "schema upgrade" "$KFP_MIGRATE" schema upgrade --target "$dsn"
expect 5 "import" "$KFP_MIGRATE" import --source "sqlite://$kfp.mlmd.sqlite" --target "$dsn"
run=$(sql sqlite "$database" 'SELECT RunUUID FROM tasks GROUP BY RunUUID ORDER BY count(*) DESC, 1 LIMIT 1;')
one() { sql sqlite "$database" "SELECT $1 FROM $2 WHERE RunUUID = '$run';"; }
expect 0 "show --dot" "$KFP_MIGRATE" show "$run" --dot --target "$dsn"
cp "$tmp/out" "$tmp/run.dot"
equal "a node for each task" "$(one 'count(*)' tasks)" "$(grep -c '^  t[0-9]* \[label' "$tmp/run.dot")"
equal "a node for each artifact" "$(one 'count(DISTINCT ArtifactID)' artifact_tasks)" "$(grep -c '^  a[0-9]* \[shape' "$tmp/run.dot")"
equal "an edge for each output" "$(one 'sum(Type >= 8)' artifact_tasks)" "$(grep -c '^  t[0-9]* -> a' "$tmp/run.dot")"
equal "an edge for each input" "$(one 'sum(Type < 8)' artifact_tasks)" "$(grep -c '^  a[0-9]* -> t' "$tmp/run.dot")"
equal "an edge for each parent" "$(one 'count(ParentTaskUUID)' tasks)" "$(grep -c '^  t[0-9]* -> t' "$tmp/run.dot")"

# ---- names that are code ---------------------------------------------------------------------------------------------
hostile='x"]; evil [label="\' # ends the string, makes a node, and leaves a backslash before the next quote
sql sqlite "$database" "UPDATE tasks SET Name = '$hostile', DisplayName = 'a\\N\\G <b>&lt;' || char(10) || '</b>' WHERE RunUUID = '$run';
    UPDATE artifacts SET Name = '<<table>>\\', URI = 's3://b/\"x?sig=planted' WHERE UUID IN (SELECT ArtifactID FROM artifact_tasks
    WHERE RunUUID = '$run'); UPDATE artifact_tasks SET ArtifactKey = '\"->t0;' || UUID WHERE RunUUID = '$run';
    UPDATE run_details SET DisplayName = '\"}{' WHERE UUID = '$run';"
expect 0 "show --dot of hostile names" "$KFP_MIGRATE" show "$run" --dot --target "$dsn"
cp "$tmp/out" "$tmp/hostile.dot"
equal "no query string of a URI" 0 "$(grep -c planted "$tmp/hostile.dot")"
check "each quoted string ends where it should" python3 - "$tmp/hostile.dot" <<'PYTHON'
import re, sys
text = open(sys.argv[1], encoding="utf-8").read()
outside = re.sub(r'"(?:[^"\\]|\\.)*"', '""', text)
assert '"' not in outside.replace('""', ""), "a string does not end"
assert "evil" not in outside and "planted" not in outside
for line in outside.split("\n"):
    assert re.fullmatch(r'digraph run \{|\}|  (graph|node|edge|[ta]\d+)( -> [ta]\d+)? \[[a-zA-Z]+=("")?[A-Za-z0-9]*'
                        r'(, [a-z]+=("")?[A-Za-z0-9]*)*\];|', line), line
PYTHON
if command -v dot >/dev/null; then
    for file in run hostile; do
        check "$file: Graphviz reads it" dot -Tplain -o "$tmp/$file.plain" "$tmp/$file.dot"
        check "$file: and says nothing" test -z "$(dot -Tplain "$tmp/$file.dot" 2>&1 >/dev/null)"
        equal "$file: it finds the same nodes" "$(grep -c '^  [ta][0-9]* \[' "$tmp/$file.dot")" "$(grep -c '^node' "$tmp/$file.plain")"
        equal "$file: and edges" "$(grep -c ' -> ' "$tmp/run.dot")" "$(grep -c '^edge' "$tmp/$file.plain")"
    done
    dot -Tsvg "$tmp/hostile.dot" >"$tmp/hostile.svg" 2>/dev/null
    contains "the name is drawn as it is" "x&quot;]; evil" "$tmp/hostile.svg"
    contains "also what looks like an entity" "&amp;lt;" "$tmp/hostile.svg"
    contains "also what Graphviz would replace" 'a\N\G' "$tmp/hostile.svg"
else
    skip "no dot: Graphviz does not judge the graphs"
fi
expect 1 "a run that is not there" "$KFP_MIGRATE" show nobody --dot --target "$dsn"
finish
