# SPDX-License-Identifier: Apache-2.0
"""Pipeline runs as KFP v2 executes them: each step writes the MLMD rows that KFP would write, and keeps beside them, in
plain Python, what was meant. expected.json is made of the latter alone: nothing is read back from the rows."""
import hashlib
import json
import random
import uuid

from mlmdstore import Struct

STATES = {"running": (2, 1), "ok": (3, 2), "failed": (4, 4), "cached": (5, 5), "skipped": (6, 3)}  # MLMD's, KFP's
TASK_TYPES = {"root": 1, "container": 2, "branches": 3, "condition": 4, "loop": 5, "exit": 6, "importer": 7, "dag": 8}
ARTIFACT_TYPES = {"system." + n: i + 1 for i, n in enumerate((
    "Artifact", "Model", "Dataset", "HTML", "Markdown", "Metrics", "ClassificationMetrics", "SlicedClassificationMetrics"))}
INPUT, OUTPUT = 3, 4
ITERATOR_OUTPUT, PLAIN_OUTPUT, ONE_OF_OUTPUT = 8, 9, 10
SESSION = '{"Provider":"minio","Params":{"fromEnv":"false","secretName":"store-secret","endpoint":"minio:9000"}}'


def uuid5(name):
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, name))


def cut(name, limit=128):
    return name if len(name) <= limit else name[:limit - 9] + "-" + hashlib.sha256(name.encode()).hexdigest()[:8]


class Artifact:
    def __init__(self, title, metadata=None, uri=None, display=None):
        self.title, self.metadata, self.uri, self.display = title, metadata or {}, uri, display
        self.id = self.producer = self.name = self.created = None

    def stored(self):
        """The custom properties, as KFP writes Python values."""
        out = {k: Struct({"list": v}) if isinstance(v, list) else Struct({"struct": v}) if isinstance(v, dict) else
               float(v) if isinstance(v, int) and not isinstance(v, bool) else v for k, v in self.metadata.items()}
        if self.display is not None:
            out["display_name"] = self.display
        return out

    def rows(self, namespace, owner):
        """The rows it becomes in a namespace; `owner` is the one that has the plain id."""
        meant = {k: int(v) if isinstance(v, bool) else None if v == "__MLMD_NULL__" else v
                 for k, v in self.metadata.items()}
        base = {"mlmd_artifact_id": self.id, "namespace": namespace, "type": ARTIFACT_TYPES.get(self.title, 1),
                "schema_title": self.title, "created_in_sec": self.created // 1000, "number_value": None}
        stem = "artifact:%d" % self.id + ("" if namespace == owner else ":ns:" + namespace)
        if base["type"] == 1 and self.title != "system.Artifact":
            base["kfp_schema_title"] = self.title
        keys = sorted((k for k, v in meant.items() if isinstance(v, (int, float))), key=str.encode)
        if self.title == "system.Metrics" and keys:
            text = {k: v for k, v in meant.items() if k not in keys}
            return [dict(base, name=cut(k), uri=None, number_value=meant[k], metadata=dict(text, **{k: meant[k]}),
                         uuid=uuid5(stem if i == 0 else "%s:metric:%s" % (stem, k))) for i, k in enumerate(keys)]
        uri = self.uri or None
        if uri and len(uri) > 2048:
            meant["_kfp_uri"], uri = uri, None
        return [dict(base, name=cut(self.name), uri=uri, metadata=meant, uuid=uuid5(stem))]


class Task:
    """One execution. KFP's order: the driver creates it with its inputs; `done` is what the launcher publishes."""

    def __init__(self, run, parent, kind, name, display=None, inputs=None, takes=(), index=None, count=None,
                 fingerprint="", skipped=False, cached_from=None, parameters_from=None, artifacts_from=None,
                 workspace=False):
        """takes: [(key, Artifact)]; parameters_from, artifacts_from: what a DAG says it hands out, as KFP writes it:
        {key: [(child's name, child's key), ...]}; more than one: the first that ran."""
        world, self.run, self.parent, self.kind = run.world, run, parent, kind
        self.name, self.display = name, name if display is None else display
        self.index, self.count, self.fingerprint, self.inputs = index, count, fingerprint, inputs or {}
        self.children, self.takes, self.outputs, self.declared, self.handed_out = [], list(takes), {}, [], []
        self.outcome, self.derived, self.pod = "skipped" if skipped else "running", False, None
        db, self.created = world.db, world.tick()
        self.finished = self.created
        values = {"inputs": Struct(self.inputs), "display_name": self.display, "task_name": name}
        if kind == "root":
            self.display = ""
            values.update(display_name="", task_name="")
        elif run.old_names:
            values.update(display_name=self.display, task_name=self.display)
        if parent is not None:
            values["parent_dag_id"] = parent.id
            parent.children.append(self)
        if kind == "importer":
            del values["inputs"]
            self.display, values["display_name"] = "", ""
        if index is not None:
            values["iteration_index"] = index
        if count is not None:
            values["iteration_count"] = count
        if kind == "container":
            values["cache_fingerprint"] = fingerprint if not run.legacy_fingerprints else None
            values["image"] = ""
            if cached_from is not None:
                values["cached_execution_id"] = str(cached_from.id)
        elif kind not in ("importer", "root"):
            values["total_dag_tasks"] = 1
            if parameters_from is not None:
                values["parameter_producer_task"] = Struct({k: self.parameter_spec(s) for k, s in parameters_from.items()})
            if artifacts_from is not None:
                values["artifact_producer_task"] = json.dumps({k: {"artifact_selectors": [
                    {"producer_subtask": t, "output_artifact_key": o} for t, o in s]} for k, s in artifacts_from.items()})
        type_name = {"container": "Container", "importer": "ImporterWorkspace" if workspace else "Importer"}.get(kind, "DAG")
        self.row = dict(type_id=db.type("system.%sExecution" % type_name, 0), create_time_since_epoch=self.created,
                        name="run/" + run.id if kind == "root" else None)
        self.id = db.take_id("Execution")  # the row is written when the run ends
        self.values = values
        for c in run.contexts:
            db.once("Association", context_id=c, execution_id=self.id)
        self.events = [(INPUT, k, a, db.event(self.id, a.id, INPUT, k, self.created, run.contexts)) for k, a in self.takes]
        run.tasks.append(self)

    @staticmethod
    def parameter_spec(selectors):
        named = [{"producerSubtask": t, "outputParameterKey": o} for t, o in selectors]
        return json.dumps({"valueFromParameter": named[0]} if len(named) == 1 else
                          {"valueFromOneof": {"parameterSelectors": named}})

    # -- steps ----------------------------------------------------------------------------------------------------
    def container(self, name, **kw):
        return Task(self.run, self, "container", name, **kw)

    def dag(self, kind, name, **kw):
        return Task(self.run, self, kind, name, **kw)

    def iteration(self, index, **kw):
        """One iteration DAG of this loop: it has no task of its own in KFP's tables."""
        return Task(self.run, self, "iteration", self.name, display=self.display, index=index, **kw)

    def start_pod(self):
        self.pod = {"name": "%s-pod-%d" % (self.run.workflow, self.id), "uid": self.run.world.new_id("pod", self.id),
                    "type": "EXECUTOR"}
        self.values.update(pod_name=self.pod["name"], pod_uid=self.pod["uid"], namespace=self.run.mlmd_namespace)
        self.finished = self.run.world.tick()
        return self

    def done(self, outcome="ok", outputs=None, makes=None, again=None):
        """makes: {key: Artifact} new ones; again: {key: Artifact} that were there (cache hit, importer)."""
        world, db = self.run.world, self.run.world.db
        if self.kind == "container" and outcome != "cached" and self.pod is None:
            self.start_pod()
        self.outcome, self.finished = outcome, world.tick()
        if outputs is not None or (self.kind == "container" and outcome in ("ok", "cached")):
            self.outputs = outputs or {}
            self.values["outputs"] = Struct(self.outputs)
        for key, a in (makes or {}).items():
            if a.uri is None:
                a.uri = "minio://mlpipeline/v2/%s/%s/%s" % (self.run.id, self.name, key)
            if self.kind == "importer":
                a.name = a.uri.split("?")[0].rstrip("/").rsplit("/", 1)[-1]
            else:
                a.display = a.display or key
                a.name = a.display
            a.created, a.producer = self.finished, self
            a.id = db.add("Artifact", type_id=db.type(a.title, 1), uri=a.uri, state=2,
                          create_time_since_epoch=a.created, last_update_time_since_epoch=a.created)
            db.properties("Artifact", a.id, dict(a.stored(), store_session_info=SESSION))
        for key, a in dict(makes or {}, **(again or {})).items():
            self.events.append((OUTPUT, key, a, db.event(self.id, a.id, OUTPUT, key, self.finished, self.run.contexts)))
        return self

    def told(self, outcome):
        """MLMD was told how this DAG ended."""
        self.outcome, self.derived, self.finished = outcome, False, self.run.world.tick()
        return self

    def meant(self, outcome):
        """How this task really ended; MLMD still says RUNNING."""
        self.outcome, self.derived = outcome, outcome != "running"
        return self

    def write(self):
        db = self.run.world.db
        state = 2 if self.derived else STATES[self.outcome][0]
        db.add("Execution", **dict(self.row, id=self.id, last_known_state=state,
                                   last_update_time_since_epoch=self.finished))
        db.properties("Execution", self.id, self.values)

    # -- what was meant -------------------------------------------------------------------------------------------
    def stands_for(self):
        return self.parent.stands_for() if self.kind == "iteration" else self

    def iteration_index(self):
        if self.index is not None:
            return self.index
        return None if self.parent is None else self.parent.iteration_index()

    def target_name(self):
        return "ROOT" if self.kind == "root" else self.display if self.run.old_names and self.kind != "importer" else self.name

    def scope(self):
        names, above = [], self.parent
        while above is not None:
            if above.kind != "iteration":
                names.append("root" if above.kind == "root" else above.target_name())
            above = above.parent
        return ".".join(reversed(names)) or "root"

    def expected(self):
        parent = self.parent.stands_for() if self.parent is not None else None
        name = self.target_name()
        return {
            "mlmd_execution_id": self.id, "uuid": uuid5("execution:%d" % self.id), "name": cut(name), "full_name": name,
            "display_name": cut(self.display), "type": TASK_TYPES[self.kind], "state": STATES[self.outcome][1],
            "state_is_derived": self.derived, "parent_uuid": parent and uuid5("execution:%d" % parent.id),
            "iteration": self.iteration_index(),
            "iteration_count": self.count if self.outcome != "skipped" else None, "scope_path": self.scope(),
            "namespace": self.run.namespace, "created_in_sec": self.created // 1000,
            "finished_in_sec": None if self.derived else 0 if self.outcome == "running" else self.finished // 1000,
            "pods": [self.pod] if self.pod else [], "fingerprint": self.fingerprint if self.outcome == "ok" else "",
            "inputs": {} if self.kind == "importer" else self.inputs, "outputs": self.outputs,
            "declared_outputs": [{"key": k, "value": v, "iteration": i, "io_type": t} for k, v, t, i in self.declared]}


class Run:
    def __init__(self, world, case, name, pipeline=None, namespace=None, known=True, params=None, old_names=False,
                 legacy_fingerprints=False):
        self.world, self.case, self.display_name, self.known = world, case, name, known
        self.old_names, self.legacy_fingerprints = old_names, legacy_fingerprints
        self.id = world.new_id("run", len(world.runs))
        self.pipeline = world.word(pipeline or case)
        self.mlmd_namespace = namespace or world.namespaces[0]
        self.namespace = "" if world.single_user else self.mlmd_namespace
        self.workflow = "wf-%s" % self.id[:8]
        self.created = world.tick(20000, 900000)
        db = world.db
        if self.pipeline not in world.pipelines:
            world.pipelines[self.pipeline] = db.context("system.Pipeline", self.pipeline, self.created, {})
        self.context = db.context("system.PipelineRun", self.id, self.created, {
            "namespace": self.mlmd_namespace, "resource_name": "run-resource", "store_session_info": SESSION,
            "pipeline_root": "minio://mlpipeline/v2/" + self.id})
        self.contexts = [self.context, world.pipelines[self.pipeline]]
        db.add("ParentContext", context_id=self.context, parent_context_id=self.contexts[1])
        self.tasks = []
        self.root = Task(self, None, "root", "ROOT", inputs=params)
        world.runs.append(self)

    def end(self, state="SUCCEEDED"):
        """KFP leaves the root RUNNING in MLMD."""
        self.state = state
        self.root.meant({"SUCCEEDED": "ok", "FAILED": "failed", "CANCELED": "failed", "RUNNING": "running"}[state])
        self.finished = 0 if state == "RUNNING" else self.world.tick()
        for t in sorted(self.tasks, key=lambda t: t.id):
            t.write()
        return self


class World:
    def __init__(self, db, seed, words, single_user, start):
        self.db, self.seed, self.words, self.single_user, self.now = db, seed, words, single_user, start
        self.rng = random.Random(seed)
        self.namespaces = ["kubeflow"] if single_user else [self.word("team-red"), self.word("team-blue")]
        self.runs, self.pipelines, self.deleted = [], {}, []

    def tick(self, low=200, high=30000):
        self.now += self.rng.randint(low, high)
        return self.now

    def word(self, text):
        return text + self.words

    def new_id(self, *parts):
        return str(uuid.UUID(bytes=hashlib.sha256(repr((self.seed,) + parts).encode()).digest()[:16], version=4))

    def fingerprint(self, *parts):
        return hashlib.sha256(repr((self.seed,) + parts).encode()).hexdigest()

    def delete(self, table, row_id):
        """Someone cleans up by hand: the row goes, what refers to it stays."""
        self.deleted.append((table, row_id))

    # -- expected.json --------------------------------------------------------------------------------------------
    def gone(self, table, row_id):
        return (table, row_id) in self.deleted

    def expected(self):
        known = [r for r in self.runs if r.known]
        owners, used = {}, {}
        events = []
        for run in sorted(known, key=lambda r: r.context):
            for t in run.tasks:
                for kind, key, a, event in t.events:
                    if self.gone("Artifact", a.id) or self.gone("Execution", t.id):
                        continue
                    owners.setdefault(a.id, run.namespace)
                    used.setdefault((a.id, run.namespace), a)
                    events.append((run, t, kind, key, a, event))
        out = {"runs": [], "artifacts": [row for (i, ns), a in sorted(used.items(), key=lambda x: x[0])
                                         for row in a.rows(ns, owners[i])]}
        for run in known:
            tasks = [t for t in run.tasks if t.kind != "iteration" and not self.gone("Execution", t.id)]
            rows = [t.expected() for t in tasks]
            newest = {}
            for r in rows:
                newest[r["parent_uuid"], r["scope_path"], r["name"], r["type"], r["iteration"]] = r["mlmd_execution_id"]
            for r in rows:
                r["has_logical_key"] = r["mlmd_execution_id"] in newest.values()
            links, flattened = [], []
            for _, t, kind, key, a, event in (e for e in events if e[0] is run):
                if t.kind == "iteration":
                    flattened.append({"mlmd_event_id": event, "loop_uuid": uuid5("execution:%d" % t.stands_for().id),
                                      "mlmd_artifact_id": a.id, "artifact_key": key, "iteration": t.index})
                    continue
                producer = t if kind == OUTPUT else a.producer
                index = producer.iteration_index()
                for i, row in enumerate(a.rows(run.namespace, owners[a.id])):
                    links.append({
                        "direction": "output" if kind == OUTPUT else "input", "type": PLAIN_OUTPUT if kind == OUTPUT else 2,
                        "type_is_firm": kind == OUTPUT, "task_uuid": uuid5("execution:%d" % t.id), "task_name": t.name,
                        "artifact_uuid": row["uuid"], "mlmd_artifact_id": a.id, "artifact_name": row["name"],
                        "artifact_key": key, "iteration": -1 if index is None else index, "mlmd_event_id": event,
                        "uuid": uuid5("event:%d" % event if i == 0 else "event:%d:metric:%s" % (event, row["name"])),
                        "producer_task": cut(producer.target_name()), "producer_iteration": index})
            propagated = [{"task_uuid": uuid5("execution:%d" % t.id), "task_name": t.name, "artifact_uuid": row["uuid"],
                           "mlmd_artifact_id": a.id, "artifact_name": row["name"], "artifact_key": key, "type": io_type,
                           "iteration": -1 if i is None else i}
                          for t in tasks for key, a, io_type, i in t.handed_out
                          for row in a.rows(run.namespace, owners[a.id])]
            out["runs"].append({"case": run.case, "run_uuid": run.id, "display_name": run.display_name,
                                "run_state": run.state, "namespace": run.namespace, "tasks": rows, "links": links,
                                "propagated_links": propagated, "flattened_input_events": flattened})
        out["totals"] = {
            "runs": len(known), "tasks": sum(len(r["tasks"]) for r in out["runs"]), "artifact_rows": len(out["artifacts"]),
            "links": sum(len(r["links"]) for r in out["runs"]),
            "propagated_links": sum(len(r["propagated_links"]) for r in out["runs"]),
            "flattened_input_events": sum(len(r["flattened_input_events"]) for r in out["runs"])}
        out["skipped"] = {
            "runs_absent_from_run_details": [r.id for r in self.runs if not r.known],
            "dangling_events": sum(1 for r in known for t in r.tasks for _, _, a, _ in t.events
                                   if self.gone("Artifact", a.id) or self.gone("Execution", t.id))}
        return out
