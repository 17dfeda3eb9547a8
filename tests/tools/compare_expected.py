#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""compare_expected.py EXPECTED.json TARGET: the target holds what expected.json demands, and nothing else in its
runs. A TARGET is --sqlite FILE, --psql SOCKETDIR/DATABASE or --mysql SOCKET/DATABASE.

expected.json says what each run was meant to be; fields that are null (and the types of input links) are not
demanded there. From the rules of the import come: the ids, the links of flattened iterations, the names that
were cut. Exit status 1 on any mismatch."""
import argparse
import hashlib
import json
import sys
import uuid

import kfpread

IO_NAMES = {1: "COMPONENT_DEFAULT_INPUT", 2: "TASK_OUTPUT_INPUT", 3: "COMPONENT_INPUT", 4: "RUNTIME_VALUE_INPUT",
            5: "COLLECTED_INPUTS", 6: "ITERATOR_INPUT", 7: "ITERATOR_INPUT_RAW", 8: "ITERATOR_OUTPUT", 9: "OUTPUT",
            10: "ONE_OF_OUTPUT", 11: "TASK_FINAL_STATUS_OUTPUT"}
INPUT_TYPES = range(1, 8)
ITERATOR_INPUT = 6


def make_id(prefix, name):
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, prefix + name))


def cut(text, limit):
    if len(text) <= limit:
        return text
    return text[:limit - 9] + "-" + hashlib.sha256(text.encode()).hexdigest()[:8]


def number(value):
    """An int64 of protojson, which is text there."""
    return None if value is None else int(value)


class Comparison:
    def __init__(self, expected, target, prefix):
        self.expected, self.prefix, self.wrong = expected, prefix, []
        self.tasks = kfpread.read(target, "tasks")
        self.artifacts = kfpread.read(target, "artifacts")
        self.links = kfpread.read(target, "artifact_tasks")
        self.runs = kfpread.read(target, "run_details")
        self.wrong += target.problems()
        self.seen_links = set()
        self.fields = 0

    def demand(self, where, field, want, got):
        self.fields += 1
        if not kfpread.same(want, got):
            self.wrong.append("%s: %s is %.150r, should be %.150r" % (where, field, got, want))

    # -- artifacts: their ids follow from the MLMD id, the metric and the namespace --------------------------------
    def name_artifacts(self):
        """{(MLMD id, namespace, row's name): (id, is the first row)}"""
        self.ids = {}
        first = set()
        for a in self.expected["artifacts"]:
            group = (a["mlmd_artifact_id"], a["namespace"])
            is_first = group not in first
            first.add(group)
            uid = a["uuid"]
            if uid is None or self.prefix:
                stem = "artifact:%d" % a["mlmd_artifact_id"]
                if uid is None:
                    stem += ":ns:" + a["namespace"]
                uid = make_id(self.prefix, stem if is_first else "%s:metric:%s" % (stem, a["name"]))
            self.ids[group + (a["name"],)] = (uid, is_first)

    def compare_artifacts(self):
        wanted = set()
        for a in self.expected["artifacts"]:
            uid, _ = self.ids[a["mlmd_artifact_id"], a["namespace"], a["name"]]
            where = "artifact %d %r in %r" % (a["mlmd_artifact_id"], a["name"], a["namespace"])
            wanted.add(uid)
            got = self.artifacts.get(uid)
            if got is None:
                self.wrong.append("%s: no row %s" % (where, uid))
                continue
            self.demand(where, "Namespace", a["namespace"], got["Namespace"])
            self.demand(where, "Type", a["type"], got["Type"])
            self.demand(where, "URI", a["uri"], got["URI"])
            self.demand(where, "URIHash", hashlib.sha256(a["uri"].encode()).hexdigest() if a["uri"] else "",
                        got["URIHash"])
            self.demand(where, "Name", a["name"], got["Name"])
            self.demand(where, "NumberValue", a["number_value"], got["NumberValue"])
            if a["created_in_sec"] is not None:
                self.demand(where, "CreatedAtInSec", a["created_in_sec"], got["CreatedAtInSec"])
            metadata = {k: v for k, v in (got["Metadata"] or {}).items() if not k.startswith("_mlmd_")}
            self.demand(where, "_kfp_schema_title", a.get("kfp_schema_title"), metadata.pop("_kfp_schema_title", None))
            self.demand(where, "Metadata", a["metadata"], metadata)
        for uid in sorted(self.artifacts.keys() - wanted):
            self.wrong.append("artifact %s (%r) should not be there" % (uid, self.artifacts[uid]["Name"]))

    # -- tasks -----------------------------------------------------------------------------------------------------
    def task_id(self, uid):
        return self.renamed.get(uid, uid)

    def parameters(self, where, field, want, got):
        """want: [(key, value, names of types allowed or None, iteration or None)]"""
        self.fields += 1
        left = list(got or [])
        for key, value, types, iteration in want:
            for p in left:
                if (p.get("parameterKey") == key and kfpread.same(p.get("value"), value)
                        and (types is None or p.get("type") in types)
                        and (iteration is None or number((p.get("producer") or {}).get("iteration")) == iteration)):
                    left.remove(p)
                    break
            else:
                self.wrong.append("%s: %s lacks %r = %.100r%s" % (
                    where, field, key, value, "" if iteration is None else " of iteration %d" % iteration))
        for p in left:
            self.wrong.append("%s: %s has %.150r, which should not be there" % (where, field, p))

    def compare_tasks(self):
        self.renamed = {}
        if self.prefix:
            self.renamed = {t["uuid"]: make_id(self.prefix, "execution:%d" % t["mlmd_execution_id"])
                            for r in self.expected["runs"] for t in r["tasks"]}
        wanted = set()
        for run in self.expected["runs"]:
            if run["run_uuid"] not in self.runs:
                self.wrong.append("run %s is not in run_details" % run["run_uuid"])
            for t in run["tasks"]:
                uid = self.task_id(t["uuid"])
                where = "task %d %r of %r" % (t["mlmd_execution_id"], t["name"], run["display_name"])
                wanted.add(uid)
                got = self.tasks.get(uid)
                if got is None:
                    self.wrong.append("%s: no row %s" % (where, uid))
                    continue
                attributes = got["TypeAttrs"] or {}
                for field, want, have in (
                        ("RunUUID", run["run_uuid"], got["RunUUID"]), ("Namespace", t["namespace"], got["Namespace"]),
                        ("Name", t["name"], got["Name"]), ("DisplayName", t["display_name"], got["DisplayName"]),
                        ("Type", t["type"], got["Type"]), ("State", t["state"], got["State"]),
                        ("ParentTaskUUID", t["parent_uuid"] and self.task_id(t["parent_uuid"]), got["ParentTaskUUID"]),
                        ("CreatedAtInSec", t["created_in_sec"], got["CreatedAtInSec"]),
                        ("Fingerprint", t["fingerprint"], got["Fingerprint"]), ("pods", t["pods"], got["pods"]),
                        ("iterationIndex", t["iteration"], number(attributes.get("iterationIndex"))),
                        ("iterationCount", t["iteration_count"], number(attributes.get("iterationCount"))),
                        ("a LogicalKey", t["has_logical_key"], got["LogicalKey"] is not None)):
                    self.demand(where, field, want, have)
                if t["scope_path"] is not None:
                    self.demand(where, "ScopePath", t["scope_path"], got["ScopePath"])
                if t["finished_in_sec"] is not None:
                    self.demand(where, "FinishedInSec", t["finished_in_sec"], got["FinishedInSec"])
                self.parameters(where, "InputParameters", [(k, v, None, None) for k, v in t["inputs"].items()],
                                got["InputParameters"])
                self.parameters(where, "OutputParameters",
                                [(k, v, ("OUTPUT",), None) for k, v in t["outputs"].items()] +
                                [(d["key"], d["value"], (IO_NAMES[d["io_type"]],), d["iteration"])
                                 for d in t.get("declared_outputs", [])], got["OutputParameters"])
        for uid in sorted(self.tasks.keys() - wanted):
            self.wrong.append("task %s (%r) should not be there" % (uid, self.tasks[uid]["Name"]))

    # -- links -----------------------------------------------------------------------------------------------------
    def link(self, where, uid, run, artifact, task, types, iteration, key, producer=None):
        """producer: (name or None where not demanded, iteration or None)"""
        got = self.links.get(uid)
        if got is None:
            self.wrong.append("%s: no row %s" % (where, uid))
            return
        self.seen_links.add(uid)
        self.demand(where, "ArtifactID", artifact, got["ArtifactID"])
        self.demand(where, "TaskID", task, got["TaskID"])
        self.demand(where, "RunUUID", run["run_uuid"], got["RunUUID"])
        self.demand(where, "ArtifactKey", cut(key, 191), got["ArtifactKey"])
        self.demand(where, "Iteration", iteration, got["Iteration"])
        if got["Type"] not in types:
            self.wrong.append("%s: Type is %r, should be of %r" % (where, got["Type"], list(types)))
        if producer is not None and producer[0] is not None:
            have = got["Producer"] or {}
            self.demand(where, "Producer.taskName", producer[0], have.get("taskName") or "")
            self.demand(where, "Producer.iteration", producer[1], number(have.get("iteration")))

    def compare_links(self):
        for run in self.expected["runs"]:
            for l in run["links"]:
                artifact, first = self.ids[l["mlmd_artifact_id"], run["namespace"], l["artifact_name"]]
                uid = l["uuid"]
                if uid is None or self.prefix:
                    stem = "event:%d" % l["mlmd_event_id"]
                    uid = make_id(self.prefix, stem if first else "%s:metric:%s" % (stem, l["artifact_name"]))
                self.link("link of event %s, %r %s of %r in %r" % (
                    l["mlmd_event_id"], l["artifact_key"], l["direction"], l["task_name"], run["display_name"]),
                    uid, run, artifact, self.task_id(l["task_uuid"]),
                    (l["type"],) if l["type_is_firm"] else INPUT_TYPES, l["iteration"], l["artifact_key"],
                    (l["producer_task"], l["producer_iteration"]))
            for l in run["propagated_links"]:
                artifact, _ = self.ids[l["mlmd_artifact_id"], run["namespace"], l["artifact_name"]]
                task = self.task_id(l["task_uuid"])
                uid = make_id(self.prefix, "link:%s:%s:%d:%d:%s" % (artifact, task, l["type"], l["iteration"],
                                                                   l["artifact_key"]))
                self.link("propagated %r on %r in %r" % (l["artifact_key"], l["task_name"], run["display_name"]),
                          uid, run, artifact, task, (l["type"],), l["iteration"], l["artifact_key"])
            names = {t["uuid"]: t["name"] for t in run["tasks"]}
            for l in run["flattened_input_events"]:
                artifacts = sorted((not f, u) for (i, ns, _), (u, f) in self.ids.items()
                                   if i == l["mlmd_artifact_id"] and ns == run["namespace"])
                self.link("iteration input %r of event %s in %r" % (l["artifact_key"], l["mlmd_event_id"],
                                                                    run["display_name"]),
                          make_id(self.prefix, "event:%d" % l["mlmd_event_id"]), run, artifacts[0][1],
                          self.task_id(l["loop_uuid"]), (ITERATOR_INPUT,), l["iteration"], l["artifact_key"],
                          (names[l["loop_uuid"]], l["iteration"]))
        for uid in sorted(self.links.keys() - self.seen_links):
            l = self.links[uid]
            self.wrong.append("link %s (%r, type %d) should not be there" % (uid, l["ArtifactKey"], l["Type"]))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("expected")
    kfpread.arguments(parser)
    parser.add_argument("--source-id", help="the --source-id that the import was given")
    parser.add_argument("--show", type=int, default=40, help="how many mismatches to print")
    args = parser.parse_args()
    if not args.targets or len(args.targets) != 1:
        parser.error("name one target")
    with open(args.expected, encoding="utf-8") as f:
        expected = json.load(f)
    c = Comparison(expected, args.targets[0], args.source_id + ":" if args.source_id else "")
    c.name_artifacts()
    c.compare_tasks()
    c.compare_artifacts()
    c.compare_links()
    c.wrong += kfpread.broken_references(c.runs, c.tasks, c.artifacts, c.links)
    for line in c.wrong[:args.show]:
        print(line)
    print("%d tasks, %d artifacts, %d links; %d fields compared, %d mismatches" % (
        len(c.tasks), len(c.artifacts), len(c.links), c.fields, len(c.wrong)))
    return 1 if c.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
