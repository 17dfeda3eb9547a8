#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""mlmdlive.py FILE.sqlite ENGINE [--seed N] [--steps N] [--pause SECONDS]: what a live KFP goes on writing into an MLMD
database whose rows were those of FILE, as SQL text for the engine's client (sqlite3, mariadb, psql), a transaction a
step, as time passes: executions of old runs and of new ones that begin and end, artifacts that they read of any run,
metadata that somebody edits.

mlmdlive.py FILE.sqlite ENGINE --kfp [--seed N]: the rows of run_details for the new runs, for the KFP database."""
import argparse
import random
import sqlite3
import sys
import time
import uuid

from mlmdstore import RUN_DEFAULTS, Struct

RUNNING, COMPLETE, FAILED = 2, 3, 4
INPUT, OUTPUT = 3, 4
NEW_RUNS = 6


class Writer:
    def __init__(self, path, engine, seed):
        self.con = sqlite3.connect("file:%s?mode=ro" % path, uri=True)
        self.engine, self.rng = engine, random.Random(seed)
        self.quote = "`" if engine == "mysql" else '"'
        self.last = {t: self.one("SELECT max(id) FROM %s" % t) for t in ("Context", "Execution", "Artifact", "Event")}
        self.types = dict(self.con.execute("SELECT name, id FROM Type"))
        self.contexts = self.con.execute(
            "SELECT c.id, (SELECT p.parent_context_id FROM ParentContext p WHERE p.context_id = c.id) FROM Context c"
            " WHERE c.type_id = ? ORDER BY c.id", (self.types["system.PipelineRun"],)).fetchall()
        self.roots = {c: self.one("SELECT min(execution_id) FROM Association WHERE context_id = %d" % c)
                      for c, _ in self.contexts}
        self.artifacts = [i for (i,) in self.con.execute("SELECT id FROM Artifact ORDER BY id")]
        self.edited = [r for r in self.con.execute(
            "SELECT artifact_id, name FROM ArtifactProperty WHERE name IN ('framework', 'display_name') ORDER BY 1, 2")]
        self.begun, self.statements = [], []
        self.new_runs = [str(uuid.UUID(int=random.Random("%d %d" % (seed, i)).getrandbits(128), version=4)) for i in range(NEW_RUNS)]

    def one(self, sql):
        return self.con.execute(sql).fetchone()[0]

    def value(self, v):
        if v is True or v is False:
            return "true" if v else "false"
        if v is None:
            return "NULL"
        return str(v) if isinstance(v, (int, float)) else "'%s'" % v

    def insert(self, table, **columns):
        if table in self.last:
            self.last[table] += 1
            columns["id"] = self.last[table]
        self.statements.append("INSERT INTO %s (%s) VALUES (%s);" % (
            table, ", ".join(columns), ", ".join(self.value(v) for v in columns.values())))
        return columns.get("id")

    def update(self, table, row_id, **columns):
        self.statements.append("UPDATE %s SET %s WHERE id = %d;" % (
            table, ", ".join("%s = %s" % (c, self.value(v)) for c, v in columns.items()), row_id))

    def properties(self, owner, owner_id, values):
        for name, v in values.items():
            column = "int_value" if isinstance(v, int) else "double_value" if isinstance(v, float) else "string_value"
            self.insert(owner + "Property", **{owner.lower() + "_id": owner_id, "name": name, "is_custom_property": True,
                                               column: v.text() if isinstance(v, Struct) else v})

    def event(self, execution, artifact, kind, key):
        i = self.insert("Event", artifact_id=artifact, execution_id=execution, type=kind, milliseconds_since_epoch=self.now)
        self.insert("EventPath", event_id=i, is_index_step=False, step_key=key)

    def execution(self, kind, context, values, name=None):
        i = self.insert("Execution", type_id=self.types[kind], last_known_state=RUNNING, name=name,
                        create_time_since_epoch=self.now, last_update_time_since_epoch=self.now)
        self.properties("Execution", i, values)
        for c in context:
            self.insert("Association", context_id=c, execution_id=i)
        return i

    # -- steps ----------------------------------------------------------------------------------------------------
    def begin(self):
        context = self.rng.choice(self.contexts)
        name = "live-%d" % self.last["Execution"]
        e = self.execution("system.ContainerExecution", context, {
            "display_name": name, "task_name": name, "parent_dag_id": self.roots[context[0]],
            "inputs": Struct({"x": self.rng.random()}), "cache_fingerprint": "%064x" % self.rng.getrandbits(256)})
        for i, a in enumerate(self.rng.sample(self.artifacts, 2)):
            self.event(e, a, INPUT, "in_%d" % i)
        self.begun.append(e)

    def end(self):
        e = self.begun.pop(self.rng.randrange(len(self.begun)))
        self.update("Execution", e, last_known_state=self.rng.choice((COMPLETE, COMPLETE, FAILED)),
                    last_update_time_since_epoch=self.now)
        self.properties("Execution", e, {"outputs": Struct({"y": self.rng.random()})})
        for i, title in enumerate(("system.Dataset", "system.Metrics")):
            a = self.insert("Artifact", type_id=self.types[title], uri="minio://live/%d/%d" % (e, i), state=2,
                            create_time_since_epoch=self.now, last_update_time_since_epoch=self.now)
            self.properties("Artifact", a, {"display_name": "out_%d" % i, "rows": float(e), "loss": self.rng.random()})
            self.event(e, a, OUTPUT, "out_%d" % i)
            self.artifacts.append(a)

    def edit(self):
        a, name = self.rng.choice(self.edited)
        self.statements.append("UPDATE ArtifactProperty SET string_value = 'edit %d' WHERE artifact_id = %d AND name = '%s';" % (
            self.rng.randrange(10 ** 6), a, name))
        self.update("Artifact", a, last_update_time_since_epoch=self.now)

    def end_dag(self):
        root = self.roots[self.rng.choice(self.contexts)[0]]
        self.update("Execution", root, last_known_state=COMPLETE, last_update_time_since_epoch=self.now)

    def begin_run(self):
        if not self.new_runs:
            return
        run, pipeline = self.new_runs.pop(), self.rng.choice(self.contexts)[1]
        c = self.insert("Context", type_id=self.types["system.PipelineRun"], name=run, create_time_since_epoch=self.now,
                        last_update_time_since_epoch=self.now)
        self.insert("ParentContext", context_id=c, parent_context_id=pipeline)
        self.contexts.append((c, pipeline))
        self.roots[c] = self.execution("system.DAGExecution", (c, pipeline), {
            "display_name": "", "task_name": "", "inputs": Struct({})}, name="run/" + run)

    def run(self, steps, pause):
        out = sys.stdout
        if self.engine == "sqlite":
            out.write(".timeout 60000\n")
        choices = [self.begin] * 5 + [self.end] * 4 + [self.edit] * 3 + [self.end_dag, self.begin_run]
        for _ in range(steps):
            self.now = int(time.time() * 1000)
            step = self.rng.choice(choices)
            if step == self.end and not self.begun:
                step = self.begin
            self.statements = []
            step()
            out.write("BEGIN%s;\n%s\nCOMMIT;\n" % (" IMMEDIATE" if self.engine == "sqlite" else "", "\n".join(self.statements)))
            out.flush()
            time.sleep(pause)

    def kfp(self):
        namespace = "team-0"
        for i, run in enumerate(self.new_runs):
            columns = dict(RUN_DEFAULTS, UUID=run, DisplayName="live %d" % i, Name="live-%d" % i, Namespace=namespace,
                           ExperimentUUID="experiment-" + namespace, PipelineName="live", State="RUNNING",
                           Conditions="Running", CreatedAtInSec=1700000000, ScheduledAtInSec=0, FinishedAtInSec=0)
            print("INSERT INTO run_details (%s) VALUES (%s);" % (
                ", ".join(self.quote + c + self.quote for c in columns), ", ".join(self.value(v) for v in columns.values())))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file")
    parser.add_argument("engine", choices=("sqlite", "mysql", "pgsql"))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--pause", type=float, default=0.05)
    parser.add_argument("--kfp", action="store_true")
    args = parser.parse_args()
    writer = Writer(args.file, args.engine, args.seed)
    if args.kfp:
        writer.kfp()
    else:
        writer.run(args.steps, args.pause)


if __name__ == "__main__":
    main()
