#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What is large by itself: a run of 50,000 tasks, which is one transaction, and a property of 16 MB, which a target takes
# or has its run refused for, by name.
. "$(dirname "$0")/../harness/sh.sh"
stem=$tmp/large
source=$stem.mlmd.sqlite
check "generated" python3 "$tools/mlmdgen.py" "$stem" --scale 60 --seed 13
case $label in mariadb* | mysql*) q='`' ;; *) q='"' ;; esac
runs=$(sqlite3 "$source" "SELECT c.name FROM Context c JOIN Type t ON t.id = c.type_id AND t.name = 'system.PipelineRun' ORDER BY c.id")
wide=$(sed -n 1p <<<"$runs") heavy=$(sed -n 2p <<<"$runs")
# The root of the first run gets 49,980 more children, every tenth with an artifact; an artifact of the second run a
# property of 16 MB.
sqlite3 "$source" <<SQL
CREATE TEMP TABLE more AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 49980) SELECT i FROM n;
CREATE TEMP TABLE wide AS SELECT c.id AS context_id, min(a.execution_id) AS root FROM Context c
    JOIN Association a ON a.context_id = c.id WHERE c.name = '$wide';
CREATE TEMP TABLE kind AS SELECT id FROM Type WHERE name = 'system.ContainerExecution';
INSERT INTO Execution(id, type_id, last_known_state, create_time_since_epoch, last_update_time_since_epoch)
    SELECT 1000000 + i, kind.id, 3, 1730000000000 + i, 1730000100000 + i FROM more, kind;
INSERT INTO Association(context_id, execution_id) SELECT context_id, 1000000 + i FROM more, wide;
INSERT INTO ExecutionProperty(execution_id, name, is_custom_property, int_value) SELECT 1000000 + i, 'parent_dag_id', 1, root FROM more, wide;
INSERT INTO ExecutionProperty(execution_id, name, is_custom_property, string_value) SELECT 1000000 + i, 'task_name', 1, 'wide-' || i FROM more;
INSERT INTO Artifact(id, type_id, uri, state, create_time_since_epoch, last_update_time_since_epoch)
    SELECT 1000000 + i, (SELECT id FROM Type WHERE name = 'system.Dataset'), 's3://wide/' || i, 2, 1730000100000, 1730000100000
    FROM more WHERE i % 10 = 0;
INSERT INTO Event(id, artifact_id, execution_id, type, milliseconds_since_epoch)
    SELECT 1000000 + i, 1000000 + i, 1000000 + i, 4, 1730000100000 FROM more WHERE i % 10 = 0;
INSERT INTO EventPath(event_id, is_index_step, step_key) SELECT 1000000 + i, 0, 'out' FROM more WHERE i % 10 = 0;
INSERT INTO ArtifactProperty(artifact_id, name, is_custom_property, string_value)
    SELECT min(e.artifact_id), 'heavy', 1, replace(hex(zeroblob(8388608)), '00', 'né') FROM Event e
    JOIN Association a ON a.execution_id = e.execution_id JOIN Context c ON c.id = a.context_id WHERE c.name = '$heavy' AND e.type = 4;
SQL
new_generated "$stem"
heavy_artifact=$(sqlite3 "$source" "SELECT artifact_id FROM ArtifactProperty WHERE name = 'heavy'")
uuid=$(python3 -c 'import sys, uuid; print(uuid.uuid5(uuid.NAMESPACE_DNS, "artifact:" + sys.argv[1]))' "$heavy_artifact")
takes=yes
case $label in # half a packet, with room for the rest of the statement
mariadb* | mysql*) [ "$(sql "$label" "$database" 'SELECT @@max_allowed_packet;')" -gt 54000000 ] || takes= ;;
esac

expect "0 5" "import" "$KFP_MIGRATE" import --json --source "sqlite://$source" --target "$dsn" --rejects "$tmp/rejects"
equal "every task of the wide run" 50000 "$(sql "$label" "$database" "SELECT count(*) FROM tasks WHERE ${q}RunUUID$q = '$wide';")"
equal "under its root" 49980 "$(sql "$label" "$database" "SELECT count(*) FROM tasks t JOIN tasks p ON p.${q}UUID$q = t.${q}ParentTaskUUID$q
    WHERE t.${q}RunUUID$q = '$wide' AND t.${q}Name$q LIKE 'wide-%' AND p.${q}ParentTaskUUID$q IS NULL;")"
equal "with their artifacts" 4998 "$(sql "$label" "$database" "SELECT count(*) FROM artifacts WHERE ${q}URI$q LIKE 's3://wide/%';")"
if [ "$takes" ]; then
    equal "no run is refused" "3 0" "$(json_of "$tmp/out" runs imported) $(json_of "$tmp/out" runs rejected)"
    case $label in
    sqlite) length="length(json_extract(Metadata, '\$.heavy'))" ;;
    pgsql) length="length(\"Metadata\"->>'heavy')" ;;
    *) length="char_length(json_unquote(json_extract(Metadata, '\$.heavy')))" ;;
    esac
    equal "the large value is there, each of its characters" 16777216 "$(sql "$label" "$database" "SELECT $length FROM artifacts WHERE ${q}UUID$q = '$uuid';")"
else
    equal "one run is refused, and the others are there" "2 1" "$(json_of "$tmp/out" runs imported) $(json_of "$tmp/out" runs rejected)"
    grep '"target-refused"' "$tmp/rejects" >"$tmp/line"
    contains "it is named" "$heavy" "$tmp/line"
    contains "and so is the table" "artifacts" "$tmp/line"
    check "the value is in no output" test "$(cat "$tmp/out" "$tmp/err" "$tmp/rejects" | grep -c 'nénéné')" = 0
fi
finish
