# SPDX-License-Identifier: Apache-2.0
"""Writes MLMD databases (schema 10) and the KFP side of them as SQLite files. The tables are made with the statements
that the fixtures in tests/data/mlmd/kfp hold."""
import base64
import os
import sqlite3
import struct

FIXTURE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "data", "mlmd", "kfp", "kfp_small")
EXECUTION, ARTIFACT, CONTEXT = 0, 1, 2
# What the library makes in a new database before anything else.
PREDEFINED = [("mlmd." + n, ARTIFACT) for n in ("Dataset", "Model", "Metrics", "Statistics")] + [
    ("mlmd." + n, EXECUTION) for n in ("Train", "Transform", "Process", "Evaluate", "Deploy")]


# ---- google.protobuf.Struct: enough of its wire format to write one -------------------------------------------------
def _length(n):
    out = b""
    while n >= 0x80:
        out += bytes((n % 0x80 + 0x80,))
        n //= 0x80
    return out + bytes((n,))


def _message(field, payload):
    return bytes((field * 8 + 2,)) + _length(len(payload)) + payload


def _fields(members):
    return b"".join(_message(1, _message(1, k.encode()) + _message(2, _value(members[k]))) for k in sorted(members))


def _value(v):
    if v is None:
        return b"\x08\x00"
    if v is True or v is False:
        return b"\x20" + bytes((int(v),))
    if isinstance(v, (int, float)):
        return b"\x11" + struct.pack("<d", v)
    if isinstance(v, str):
        return _message(3, v.encode())
    if isinstance(v, dict):
        return _message(5, _fields(v))
    return _message(6, b"".join(_message(1, _value(x)) for x in v))


class Struct:
    """A property whose value is a Struct."""

    def __init__(self, members):
        self.members = members

    def text(self):
        return "mlmd-struct::" + base64.b64encode(_fields(self.members)).decode()


def schema_of(path):
    """(tables, indexes): the statements that made the database."""
    con = sqlite3.connect("file:%s?mode=ro" % os.path.abspath(path), uri=True)
    rows = con.execute("SELECT type, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'").fetchall()
    con.close()
    return [s for t, s in rows if t == "table"], [s for t, s in rows if t != "table"]


class Database:
    def __init__(self, path, side):
        if os.path.exists(path):
            os.remove(path)
        self.con = sqlite3.connect(path, isolation_level=None)
        for pragma in ("journal_mode = OFF", "synchronous = OFF", "foreign_keys = OFF"):
            self.con.execute("PRAGMA " + pragma)
        tables, self.indexes = schema_of("%s.%s.sqlite" % (FIXTURE, side))
        for statement in tables:
            self.con.execute(statement)
        self.con.execute("BEGIN")

    def insert(self, table, rows):
        rows = list(rows)
        if rows:
            columns = list(rows[0])
            self.con.executemany("INSERT INTO %s (%s) VALUES (%s)" % (
                table, ",".join(columns), ",".join("?" * len(columns))), [tuple(r[c] for c in columns) for r in rows])

    def close(self):
        self.con.execute("COMMIT")
        for statement in self.indexes:
            self.con.execute(statement)
        self.con.close()


class Mlmd(Database):
    """The MLMD side: hands out ids, as the library would, in the order of the calls."""

    def __init__(self, path):
        super().__init__(path, "mlmd")
        self.types, self.links, self.flush_at = {}, set(), 5000
        self.last = dict.fromkeys(("Type", "Artifact", "Execution", "Context", "Event", "Association", "Attribution"), 0)
        self.rows = {}
        self.con.execute("INSERT INTO MLMDEnv (schema_version) VALUES (10)")
        for name, kind in PREDEFINED:
            self.type(name, kind)

    def take_id(self, table):
        """For a row that is written later."""
        self.last[table] += 1
        return self.last[table]

    def add(self, table, **columns):
        if table in self.last and "id" not in columns:
            columns["id"] = self.take_id(table)
        # rows of one statement have the same columns
        rows = self.rows.setdefault((table,) + tuple(sorted(columns)), [])
        rows.append(columns)
        if len(rows) >= self.flush_at:
            self.insert(table, rows)
            rows.clear()
        return columns.get("id")

    def flush(self):
        for key, rows in self.rows.items():
            self.insert(key[0], rows)
            rows.clear()

    def type(self, name, kind):
        if (name, kind) not in self.types:
            self.types[name, kind] = self.add("Type", name=name, type_kind=kind)
        return self.types[name, kind]

    def properties(self, owner, owner_id, values, custom=1):
        """owner: "Execution", "Artifact" or "Context". An int, a float, text, a Struct; None is left out."""
        for name in sorted(values):
            v = values[name]
            column = ("int_value" if isinstance(v, int) else "double_value" if isinstance(v, float) else "string_value")
            if v is not None:
                self.add(owner + "Property", **{owner.lower() + "_id": owner_id, "name": name,
                                                "is_custom_property": custom,
                                                column: v.text() if isinstance(v, Struct) else
                                                int(v) if isinstance(v, bool) else v})

    def context(self, type_name, name, ms, values, custom=1):
        i = self.add("Context", type_id=self.type(type_name, CONTEXT), name=name, create_time_since_epoch=ms,
                     last_update_time_since_epoch=ms)
        self.properties("Context", i, values, custom)
        return i

    def once(self, table, **columns):
        key = (table,) + tuple(columns.values())
        if key not in self.links:
            self.links.add(key)
            self.add(table, **columns)

    def event(self, execution, artifact, kind, key, ms, contexts):
        i = self.add("Event", artifact_id=artifact, execution_id=execution, type=kind, milliseconds_since_epoch=ms)
        self.add("EventPath", event_id=i, is_index_step=0, step_key=key)
        for c in contexts:
            self.once("Attribution", context_id=c, artifact_id=artifact)
        return i

    def close(self):
        self.flush()
        super().close()


RUN_DEFAULTS = {
    "Description": "", "JobUUID": "", "StorageState": "AVAILABLE", "ServiceAccount": "pipeline-runner", "PipelineId": "",
    "PipelineVersionId": "", "PipelineSpecManifest": "", "WorkflowSpecManifest": "", "Parameters": "[]",
    "RuntimeParameters": "", "PipelineRoot": "", "StateHistory": "[]", "PipelineRuntimeManifest": "",
    "WorkflowRuntimeManifest": "{}", "PipelineContextId": 0, "PipelineRunContextId": 0}
TASK_DEFAULTS = {
    "PodName": "", "MLMDExecutionID": "", "Fingerprint": "", "Name": "", "ParentTaskUUID": "", "State": "",
    "StateHistory": "null", "MLMDInputs": "", "MLMDOutputs": "", "ChildrenPods": "null", "Payload": ""}


class Kfp(Database):
    """The KFP side: experiments, run_details and the legacy tasks."""

    def __init__(self, path):
        super().__init__(path, "mlpipeline")

    def experiments(self, namespaces, seconds):
        self.insert("experiments", [dict(UUID="experiment-" + ns, Name="Default", Description="", CreatedAtInSec=seconds,
                                         LastRunCreatedAtInSec=seconds, Namespace=ns, StorageState="AVAILABLE")
                                    for ns in sorted(namespaces)])

    def runs(self, rows):
        self.insert("run_details", [dict(
            RUN_DEFAULTS, ExperimentUUID="experiment-" + r["Namespace"], ScheduledAtInSec=r["CreatedAtInSec"],
            Conditions={"SUCCEEDED": "Succeeded", "FAILED": "Failed", "RUNNING": "Running",
                        "CANCELED": "Terminated"}[r["State"]], **r) for r in rows])

    def legacy_tasks(self, rows):
        self.insert("tasks", [dict(TASK_DEFAULTS, **r) for r in rows])
