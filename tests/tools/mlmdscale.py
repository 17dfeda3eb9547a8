# SPDX-License-Identifier: Apache-2.0
"""Large KFP-shaped databases for benchmarks: runs of 20 executions (root, one nested DAG, 18 containers), about 40
artifacts of four properties and 80 events each."""
import json
import random
import uuid

from mlmdstore import Kfp, Mlmd, Struct
from mlmdworld import INPUT, OUTPUT, SESSION

PER_RUN, CONTAINERS, START = 20, 18, 1730000000000
TITLES = ("system.Dataset", "system.Model", "system.Metrics", "system.Artifact")


def parameters(rng, count):
    """Values whose stored text is of some 400 to 800 bytes."""
    pool = []
    for _ in range(count):
        pool.append(Struct({"param_%02d" % i: rng.choice((
            rng.random() * 1e4, "s3://bucket/%032x" % rng.getrandbits(128), [float(x) for x in range(5)],
            {"name": "value %d" % i, "on": True})) for i in range(rng.randint(6, 9))}).text())
    return pool


class Ready(Struct):
    """A Struct that is text already."""

    def __init__(self, text):
        self.stored = text

    def text(self):
        return self.stored


def generate(stem, executions, seed):
    rng = random.Random(seed)
    db, kfp = Mlmd(stem + ".mlmd.sqlite"), Kfp(stem + ".mlpipeline.sqlite")
    # links cannot repeat here: no need to remember them
    db.once = db.add
    pool = [Ready(t) for t in parameters(rng, 400)]
    runs = max(1, executions // PER_RUN)
    dag, container = db.type("system.DAGExecution", 0), db.type("system.ContainerExecution", 0)
    titles = [db.type(t, 1) for t in TITLES]
    pipelines = [db.context("system.Pipeline", "pipeline-%03d" % i, START, {}) for i in range(max(1, runs // 50))]
    namespaces = ["team-%d" % i for i in range(min(8, len(pipelines)))]
    kfp.experiments(namespaces, START // 1000)
    now, run_rows, task_rows = START, [], []

    def execution(kind, contexts, state, begin, end, values, name=None):
        i = db.add("Execution", type_id=kind, last_known_state=state, name=name, create_time_since_epoch=begin,
                   last_update_time_since_epoch=end)
        db.properties("Execution", i, values)
        for c in contexts:
            db.add("Association", context_id=c, execution_id=i)
        return i

    def event(execution_id, artifact, kind, key, ms):
        i = db.add("Event", artifact_id=artifact, execution_id=execution_id, type=kind, milliseconds_since_epoch=ms)
        db.add("EventPath", event_id=i, is_index_step=0, step_key=key)

    for r in range(runs):
        run_id, p = str(uuid.UUID(int=rng.getrandbits(128), version=4)), r % len(pipelines)
        namespace, pipeline = namespaces[p % len(namespaces)], "pipeline-%03d" % p
        root_uri, now = "minio://mlpipeline/v2/artifacts/%s/%s" % (pipeline, run_id), now + 60000
        begun, failed_run = now, r % 20 == 0
        context = db.context("system.PipelineRun", run_id, now, {
            "namespace": namespace, "pipeline_root": root_uri, "resource_name": "run-resource", "store_session_info": SESSION})
        db.add("ParentContext", context_id=context, parent_context_id=pipelines[p])
        contexts = (context, pipelines[p])
        root = execution(dag, contexts, 2, now, now, {"display_name": "", "task_name": "", "inputs": rng.choice(pool)},
                         "run/" + run_id)
        stage = execution(dag, contexts, 3, now + 500, now + 40000, {
            "display_name": "stage", "task_name": "stage", "inputs": rng.choice(pool), "parent_dag_id": root,
            "total_dag_tasks": 9, "artifact_producer_task": json.dumps({"model": {"artifact_selectors": [
                {"producer_subtask": "step-16", "output_artifact_key": "out_0"}]}})})
        made = []
        for k in range(CONTAINERS):
            now += 1000
            end, name, fingerprint = now + rng.randint(20000, 60000), "step-%02d" % k, "%064x" % rng.getrandbits(256)
            failed = failed_run and k == CONTAINERS - 1
            e = execution(container, contexts, 4 if failed else 3, now, end, {
                "cache_fingerprint": fingerprint, "display_name": name, "task_name": name, "image": "",
                "inputs": rng.choice(pool), "outputs": rng.choice(pool), "namespace": namespace,
                "parent_dag_id": stage if k >= 9 else root, "plugins.mlflow.run_id": fingerprint[:32],
                "plugins.mlflow.experiment_id": str(p), "pod_name": "%s-%d" % (run_id[:8], k),
                "pod_uid": str(uuid.UUID(int=rng.getrandbits(128)))})
            for i, a in enumerate(made[-6:][:3 if k in (3, 4, 6, 9) else 2]):
                event(e, a, INPUT, "in_%d" % i, now)
            for i in range(3 if k < 4 else 2):
                kind = (k + i) % 4
                a = db.add("Artifact", type_id=titles[kind], uri="%s/%s/%s/out_%d" % (root_uri, name, fingerprint[:32], i),
                           state=2, create_time_since_epoch=end - 5, last_update_time_since_epoch=end - 5)
                extra = {"accuracy": rng.random(), "loss": rng.random() * 9} if kind == 2 else {"framework": "x", "rows": 1e3 + k}
                db.properties("Artifact", a, dict(extra, display_name="out_%d" % i, store_session_info=SESSION))
                for c in contexts:
                    db.add("Attribution", context_id=c, artifact_id=a)
                event(e, a, OUTPUT, "out_%d" % i, end)
                made.append(a)
            if not failed:
                task_rows.append({"UUID": str(uuid.UUID(int=rng.getrandbits(128), version=4)), "Namespace": namespace,
                                  "PipelineName": "pipeline/" + pipeline, "RunUUID": run_id, "MLMDExecutionID": str(e),
                                  "CreatedTimestamp": now // 1000, "StartedTimestamp": now // 1000,
                                  "FinishedTimestamp": end // 1000, "Fingerprint": fingerprint})
        run_rows.append({"UUID": run_id, "DisplayName": "run %d" % r, "Name": pipeline + "-" + run_id[:5],
                         "Namespace": namespace, "State": "FAILED" if failed_run else "SUCCEEDED", "PipelineName": pipeline,
                         "CreatedAtInSec": begun // 1000, "FinishedAtInSec": now // 1000 + 60})
        if len(run_rows) == 500 or r == runs - 1:
            kfp.runs(run_rows)
            kfp.legacy_tasks(task_rows)
            run_rows, task_rows = [], []
    db.close()
    kfp.close()
    return json.dumps({"runs": runs, "executions": runs * PER_RUN, "artifacts": db.last["Artifact"], "events": db.last["Event"]})
