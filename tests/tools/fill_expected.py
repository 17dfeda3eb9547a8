#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""fill_expected.py EXPECTED.json ENGINE: SQL that fills the three tables (and run_details) with just what expected.json
demands. ENGINE: sqlite, pgsql or mysql. It is for the test of the comparing tools: they have to find what is then
damaged."""
import json
import sys

import compare_expected as ce
import kfpread

TYPES = {
    "sqlite": {kfpread.INT: "bigint", kfpread.REAL: "double", kfpread.TEXT: "text", kfpread.JSON: "json"},
    "pgsql": {kfpread.INT: "bigint", kfpread.REAL: "double precision", kfpread.TEXT: "text", kfpread.JSON: "json"},
    "mysql": {kfpread.INT: "bigint", kfpread.REAL: "double", kfpread.TEXT: "longtext", kfpread.JSON: "json"},
}


def literal(value):
    if value is None:
        return "NULL"
    if isinstance(value, (dict, list)):
        value = json.dumps(value, ensure_ascii=False)
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return repr(value)


def parameter(key, value, kind, task, iteration):
    producer = {"taskName": task}
    if iteration is not None:
        producer["iteration"] = str(iteration)
    return {"value": value, "type": kind, "parameterKey": key, "producer": producer}


def rows(expected):
    c = ce.Comparison.__new__(ce.Comparison)
    c.expected, c.prefix = expected, ""
    c.name_artifacts()
    for a in expected["artifacts"]:
        metadata = dict(a["metadata"])
        if "kfp_schema_title" in a:
            metadata["_kfp_schema_title"] = a["kfp_schema_title"]
        uri_hash = ce.hashlib.sha256(a["uri"].encode()).hexdigest() if a["uri"] else ""
        yield "artifacts", {"UUID": c.ids[a["mlmd_artifact_id"], a["namespace"], a["name"]][0], "Metadata": metadata,
                            "Namespace": a["namespace"], "Type": a["type"], "URI": a["uri"], "URIHash": uri_hash,
                            "Name": a["name"], "CreatedAtInSec": a["created_in_sec"] or 0, "LastUpdateInSec": 0,
                            "NumberValue": a["number_value"]}
    for r in expected["runs"]:
        yield "run_details", {"UUID": r["run_uuid"], "Namespace": r["namespace"]}
        for t in r["tasks"]:
            attributes = {k: str(t[f]) for k, f in (("iterationIndex", "iteration"), ("iterationCount", "iteration_count"))
                          if t[f] is not None}
            yield "tasks", {
                "UUID": t["uuid"], "Namespace": t["namespace"], "RunUUID": r["run_uuid"], "pods": t["pods"],
                "CreatedAtInSec": t["created_in_sec"], "StartedInSec": 0, "FinishedInSec": t["finished_in_sec"] or 0,
                "Fingerprint": t["fingerprint"], "Name": t["name"], "DisplayName": t["display_name"],
                "ParentTaskUUID": t["parent_uuid"], "State": t["state"], "Type": t["type"], "TypeAttrs": attributes,
                "ScopePath": t["scope_path"], "LogicalKey": t["uuid"] if t["has_logical_key"] else None,
                "InputParameters": [parameter(k, v, "COMPONENT_INPUT", "x", None) for k, v in t["inputs"].items()],
                "OutputParameters": [parameter(k, v, "OUTPUT", t["name"], None) for k, v in t["outputs"].items()] + [
                    parameter(d["key"], d["value"], ce.IO_NAMES[d["io_type"]], t["name"], d["iteration"])
                    for d in t.get("declared_outputs", [])]}
        for l in r["links"]:
            artifact, first = c.ids[l["mlmd_artifact_id"], r["namespace"], l["artifact_name"]]
            stem = "event:%d" % l["mlmd_event_id"]
            producer = {"taskName": l["producer_task"] or ""}
            if l["producer_iteration"] is not None:
                producer["iteration"] = str(l["producer_iteration"])
            yield "artifact_tasks", {
                "UUID": l["uuid"] or ce.make_id("", stem if first else "%s:metric:%s" % (stem, l["artifact_name"])),
                "ArtifactID": artifact, "TaskID": l["task_uuid"], "Type": l["type"], "Iteration": l["iteration"],
                "RunUUID": r["run_uuid"], "Producer": producer, "ArtifactKey": ce.cut(l["artifact_key"], 191)}
        for l in r["propagated_links"]:
            artifact, _ = c.ids[l["mlmd_artifact_id"], r["namespace"], l["artifact_name"]]
            yield "artifact_tasks", {
                "UUID": ce.make_id("", "link:%s:%s:%d:%d:%s" % (artifact, l["task_uuid"], l["type"], l["iteration"],
                                                                l["artifact_key"])),
                "ArtifactID": artifact, "TaskID": l["task_uuid"], "Type": l["type"], "Iteration": l["iteration"],
                "RunUUID": r["run_uuid"], "ArtifactKey": l["artifact_key"]}
        names = {t["uuid"]: t["name"] for t in r["tasks"]}
        for l in r["flattened_input_events"]:
            artifact = [u for (i, ns, _), (u, first) in c.ids.items()
                        if i == l["mlmd_artifact_id"] and ns == r["namespace"] and first][0]
            yield "artifact_tasks", {
                "UUID": ce.make_id("", "event:%d" % l["mlmd_event_id"]), "ArtifactID": artifact,
                "TaskID": l["loop_uuid"], "Type": ce.ITERATOR_INPUT, "Iteration": l["iteration"],
                "RunUUID": r["run_uuid"], "ArtifactKey": l["artifact_key"],
                "Producer": {"taskName": names[l["loop_uuid"]], "iteration": str(l["iteration"])}}


def main():
    with open(sys.argv[1], encoding="utf-8") as f:
        expected = json.load(f)
    engine, out = sys.argv[2], []
    if engine == "mysql":
        out.append("SET sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES', NAMES utf8mb4")
    out.append("BEGIN")
    for table, columns in kfpread.TABLES.items():
        out.append('CREATE TABLE "%s" (%s)' % (table, ", ".join('"%s" %s' % (n, TYPES[engine][k]) for n, k in columns)))
    for table, row in rows(expected):
        out.append('INSERT INTO "%s" (%s) VALUES (%s)' % (
            table, ", ".join('"%s"' % c for c in row), ", ".join(map(literal, row.values()))))
    sys.stdout.reconfigure(encoding="utf-8")
    print(";\n".join(out + ["COMMIT"]) + ";")


if __name__ == "__main__":
    main()
