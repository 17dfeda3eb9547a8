#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""mlmdgen.py STEM [--seed N] [--runs N] [--single-user] [--names SUFFIX]: a KFP-shaped MLMD database and its KFP side,
and what an import of them has to give: STEM.mlmd.sqlite, STEM.mlpipeline.sqlite, STEM.expected.json.

mlmdgen.py STEM --scale N: about N executions in runs of 20, for benchmarks; without expected.json.

The same arguments give the same rows. --names is put behind every name that a user chooses; --runs asks for at least so
many runs."""
import argparse
import json
import sys

import mlmdscale
from mlmdstore import Kfp, Mlmd
from mlmdworld import ITERATOR_OUTPUT, ONE_OF_OUTPUT, PLAIN_OUTPUT, Artifact, Run, World

CASES = []


def case(function):
    CASES.append(function)
    return function


def linear(w, name, before=None, **kw):
    """A chain of steps. With `before`, an earlier run of it: every step is a cache hit."""
    run = Run(w, "linear", name, params={"epochs": 3.0, "rate": 0.0125, "flags": [True, None, "x"], "deep": {"a": {"b": 1.5}}}, **kw)
    last, run.steps = None, []
    steps = len(before.steps) if before else w.rng.randint(2, 5)
    for i in range(steps):
        step = w.word("step-%d" % i)
        takes = [("data", last)] if last else []
        fingerprint = w.fingerprint("linear", i)
        inputs = {"index": float(i), "text": "it's \\ \"%d\"" % i}
        if before:
            t = run.root.container(step, takes=takes, inputs=inputs, fingerprint=fingerprint, cached_from=before.steps[i])
            made = {k: a for kind, k, a, _ in before.steps[i].events if kind == 4}
            t.done("cached", outputs=before.steps[i].outputs, again=made)
        else:
            made = {"data": Artifact("system.Dataset", {"rows": w.rng.randint(1, 10 ** 6), "ratio": w.rng.random()}),
                    "executor-logs": Artifact("system.Artifact")}
            if i == steps - 1:
                made["metrics"] = Artifact("system.Metrics", {
                    "accuracy": w.rng.random(), "third": 1 / 3, "tiny": 5e-324, "whole": 12, "loss": -0.25, "Zeta": 1e15,
                    "epsilon": 0.1})
            t = run.root.container(step, takes=takes, inputs=inputs, fingerprint=fingerprint)
            t.done(outputs={"Output": i * 0.5, "list": [1.0, "two", None]}, makes=made)
        run.steps.append(t)
        last = made["data"]
    return run.end()


@case
def linear_and_cached(w):
    first = linear(w, "first")
    linear(w, "again", before=first)
    linear(w, "third", before=first, old_names=True)


@case
def loops(w):
    """A loop with an iteration DAG each, a loop inside, containers that stand in a loop directly, an empty loop."""
    n, m = w.rng.randint(2, 4), w.rng.randint(1, 3)
    run = Run(w, "loops", "nested", params={"items": [float(i) for i in range(n)]})
    data = run.root.container(w.word("make"), fingerprint=w.fingerprint("make")).done(makes={"data": Artifact("system.Dataset")})
    data = data.events[-1][2]
    train = w.word("train")
    says = dict(parameters_from={"out": [(train, "Output")]}, artifacts_from={"models": [(train, "model")]})
    wrap = run.root.dag("dag", w.word("wrap"), takes=[("in", data)], parameters_from={"outs": [("for-loop-1", "out")]},
                        artifacts_from={"all": [("for-loop-1", "models")]})
    loop = wrap.dag("loop", "for-loop-1", takes=[("in", data)], count=n, inputs={"item": [float(i) for i in range(n)]}, **says)
    for i in range(n):
        it = loop.iteration(i, takes=[("in", data)], inputs={"loop-item": float(i)}, **says)
        model = Artifact("system.Model", {"index": i})
        it.container(train, takes=[("data", data)], inputs={"x": float(i)}, fingerprint=w.fingerprint("train", i)).done(
            outputs={"Output": "v%d" % i}, makes={"model": model,
                                                  "metrics": Artifact("system.Metrics", {"loss": 0.5 / (i + 1), "step": i})})
        inner = it.dag("loop", "for-loop-2", count=m)
        for j in range(m):
            inner.iteration(j).container(w.word("leaf"), inputs={"y": float(j)}, takes=[("m", model)]).done()
        inner.meant("ok")
        it.told("ok")
        for t, kind in ((loop, ITERATOR_OUTPUT), (wrap, PLAIN_OUTPUT)):
            t.declared.append(("out" if t is loop else "outs", "v%d" % i, kind, i))
            t.handed_out.append(("models" if t is loop else "all", model, kind, i))
    loop.told("ok")
    wrap.meant("ok")
    models = [a for _, a, _, _ in wrap.handed_out]
    run.root.container(w.word("collect"), takes=[("models_%d" % i, a) for i, a in enumerate(models)]).done()
    run.root.dag("loop", "for-loop-9", count=0).meant("ok")
    direct = run.root.dag("loop", "for-loop-5", count=2)
    for i in range(2):
        direct.container(w.word("direct"), index=i, inputs={"x": float(i)}).done(outputs={"Output": float(i)})
    direct.meant("ok")
    run.end()


@case
def conditions(w):
    for taken in range(2):
        run = Run(w, "conditions", "branch %d" % taken, params={"x": float(taken)})
        key, train = "pipelinechannel--oneof", w.word("train")
        names = ["condition-2", "condition-3"]
        branches = run.root.dag("branches", "condition-branches-1", artifacts_from={key: [(c, "m") for c in names]},
                                parameters_from={"p": [(c, "p") for c in names]})
        for i, name in enumerate(names):
            branch = branches.dag("condition", name, display=w.word("branch"), skipped=i != taken,
                                  artifacts_from={"m": [(train, "model")]}, parameters_from={"p": [(train, "Output")]})
            if i == taken:
                model = Artifact("system.Model", {"branch": name, "good": True})
                branch.container(train).done(outputs={"Output": {"of": name}}, makes={"model": model})
                branch.meant("ok")
                branch.handed_out.append(("m", model, PLAIN_OUTPUT, None))
                branch.declared.append(("p", {"of": name}, PLAIN_OUTPUT, None))
        branches.meant("ok")
        branches.handed_out.append((key, model, ONE_OF_OUTPUT, None))
        branches.declared.append(("p", {"of": names[taken]}, ONE_OF_OUTPUT, None))
        run.root.container(w.word("use"), takes=[("model", model)]).done()
        run.root.container(w.word("not-run"), skipped=True)
        run.root.dag("condition", "condition-7", skipped=True)
        run.end()


@case
def exit_and_failures(w):
    run = Run(w, "failures", "exit handler")
    body = run.root.dag("exit", "exit-handler-1")
    body.container(w.word("works"), fingerprint=w.fingerprint("w")).done(makes={"d": Artifact("system.Dataset")})
    body.container(w.word("breaks"), fingerprint=w.fingerprint("b")).done("failed")
    body.meant("failed")
    run.root.container(w.word("cleanup")).done()
    run.end("FAILED")
    run = Run(w, "failures", "left running", old_names=True)
    run.root.container(w.word("no-pod"), fingerprint=w.fingerprint("n")).meant("failed")
    run.root.container(w.word("lost-pod")).start_pod().meant("failed")
    inner = run.root.dag("dag", w.word("inner"))
    inner.container(w.word("fine")).done()
    inner.container(w.word("breaks")).done("failed")
    inner.meant("failed")
    run.end("FAILED")
    run = Run(w, "failures", "still running")
    run.root.container(w.word("done")).done(outputs={"Output": "é"})
    run.root.container(w.word("busy")).start_pod().meant("running")
    run.root.dag("dag", w.word("open")).meant("running").container(w.word("busy")).meant("running")
    run.end("RUNNING")
    run = Run(w, "failures", "retries")
    for outcome in ("failed", "failed", "ok"):
        run.root.container(w.word("flaky"), fingerprint=w.fingerprint("flaky")).done(
            outcome, makes={"executor-logs": Artifact("system.Artifact")})
    nested = run.root.dag("dag", w.word("nested"))
    nested.container(w.word("flaky")).done("failed")
    nested.container(w.word("flaky")).done()
    nested.told("ok")
    run.end()


@case
def importers(w):
    """One artifact over runs, one of them in another namespace."""
    shared = Artifact("system.Dataset", {"owner": "data ✓", "rows": 5}, uri="s3://bucket/shared/train.csv?sig=secret")
    for i, ns in enumerate((w.namespaces[0], w.namespaces[0], w.namespaces[-1])):
        run = Run(w, "importers", "import %d" % i, namespace=ns)
        t = run.root.dag("importer", w.word("importer"))
        t.done(**({"makes": {"artifact": shared}} if i == 0 else {"again": {"artifact": shared}}))
        other = Artifact("google.VertexModel", {"v": "1"}, uri="oci://registry/model:%d/" % i)
        t = run.root.dag("importer", w.word("importer-2"), workspace=i == 1)
        t.done(makes={"artifact": other})
        run.root.container(w.word("use"), takes=[("data", shared), ("model", other)]).done()
        run.end()


@case
def metrics(w):
    run = Run(w, "metrics", "kinds")
    points = [{"confidenceThreshold": i / 7, "recall": 1 - i / 7} for i in range(w.rng.randint(2, 9))]
    made = {
        "roc": Artifact("system.ClassificationMetrics", {"confidenceMetrics": points}),
        "matrix": Artifact("system.ClassificationMetrics", {"confusionMatrix": {"rows": [{"row": [1.0, 2.0]}, {"row": []}]}}),
        "sliced": Artifact("system.SlicedClassificationMetrics", {"evaluationSlices": [{"slice": "a", "x": points[0]}]}),
        "none": Artifact("system.Metrics"), "text": Artifact("system.Metrics", {"note": "only text"}),
        "mixed": Artifact("system.Metrics", {"note": "näb", "b": 2, "a": True, "É": 0.125, "~": -1e-6})}
    t = run.root.container(w.word("evaluate"), fingerprint=w.fingerprint("ev")).done(makes=made)
    run.root.container(w.word("report"), takes=[(k, a) for k, a in made.items()]).done(
        makes={"page": Artifact("system.HTML"), "notes": Artifact("system.Markdown")})
    run.end()


@case
def metadata(w):
    run = Run(w, "metadata", "Ødd 🚀 'quoted' \\", params={"text": "naïve 🚀 \\ ' \" %s ?", "none": None, "empty": ""})
    odd = {"empty": "", "number": 3.75, "yes": True, "no": False, "list": [1.0, "two", None, [3.0], {"four": False}],
           "dict": {"a": {"b": [True, None]}, "q": "\"\\\n\t/<>&"}, "no_items": [], "no_keys": {}, "unicode": "Žluť 漢字 ہیلو",
           "four": "𝄞 👩‍👩‍👧", "combining": "e\u0301 é", "controls": "\u0001\u0007\u001a\u007f\u2028", "looks": "mlmd-struct", "json": '{"a":[1]}',
           "sql": "'; DROP TABLE x; -- ? %s", "cp": "Ã© is not é", "blank": "  x  ", "null": "__MLMD_NULL__",
           "long": "".join(w.rng.choice("abcÄß漢🚀 \\'\"") for _ in range(60)) * 150}
    t = run.root.container(w.word("set"), display="Šet ✓ 🚀", inputs={"text": "naïve 🚀", "none": None, "tab": "\t"}).done(
        outputs={"Output": "ž🚀", "nested": {"k": [{"x": None}]}}, makes={
            "odd": Artifact("system.Dataset", odd), "custom": Artifact(w.word("acme.Features"), {"version": 2}),
            "named": Artifact("system.Model", {}, display="Modèle n°1 🚀"),
            "long_uri": Artifact("system.Artifact", {"k": "v"}, uri="s3://b/" + "y" * 2500),
            "long_name": Artifact("system.Artifact", {}, display="n" * 140)})
    long_key = "in_" + "k" * 230
    run.root.container("é" * 150 + w.words, display="d" * 129, takes=[(long_key, t.events[0][2])]).done()
    run.end()


@case
def out_of_scope(w):
    """Runs that KFP no longer has, v1 contexts, rows under which someone deleted, artifacts without events."""
    linear(w, "deleted run", known=False)
    run = Run(w, "dangling", "dangling")
    kept, lost = Artifact("system.Dataset", {"n": 1}), Artifact("system.Metrics", {"n": 2, "m": 3})
    run.root.container(w.word("make"), fingerprint=w.fingerprint("mk")).done(makes={"kept": kept, "lost": lost})
    run.root.container(w.word("use"), takes=[("x", kept), ("y", lost)]).done()
    gone = run.root.container(w.word("gone"), takes=[("x", kept)]).done()
    run.end()
    w.delete("Artifact", lost.id)
    w.delete("Execution", gone.id)
    db = w.db
    db.add("Artifact", type_id=db.type("system.Model", 1), uri="minio://x/unpublished", state=2,
           create_time_since_epoch=w.now, last_update_time_since_epoch=w.now)
    name = "v1-workflow-%d" % len(w.runs)
    old = db.context("KfpRun", name, w.tick(), {"pipeline_name": "v1", "run_id": name}, custom=0)
    for step in ("Load", "Train"):
        e = db.add("Execution", type_id=db.type("components.%s@sha256=%s" % (step, w.fingerprint(step)), 0),
                   last_known_state=None, name=None, create_time_since_epoch=w.tick(), last_update_time_since_epoch=w.now)
        db.properties("Execution", e, {"run_id": name, "component_id": step}, custom=0)
        db.once("Association", context_id=old, execution_id=e)


@case
def older(w):
    """Names and fingerprints as older releases left them."""
    run = Run(w, "older", "legacy fingerprints", old_names=True, legacy_fingerprints=True)
    run.root.container(w.word("first"), display=w.word("First step"), fingerprint=w.fingerprint("o", 1)).done(outputs={"a": 1.0})
    run.root.container(w.word("bad"), fingerprint=w.fingerprint("o", 2)).done("failed")
    loop = run.root.dag("loop", "for-loop-1", count=2)
    for i in range(2):
        loop.iteration(i).container(w.word("each"), display="Each one", fingerprint=w.fingerprint("o", 3, i)).done()
    loop.meant("ok")
    run.end()


def write_kfp(w, path):
    db = Kfp(path)
    known = [r for r in w.runs if r.known]
    db.experiments({r.namespace for r in known}, w.runs[0].created // 1000)
    db.runs([{"UUID": r.id, "DisplayName": r.display_name, "Name": r.workflow, "Namespace": r.namespace, "State": r.state,
              "PipelineName": r.pipeline, "CreatedAtInSec": r.created // 1000, "FinishedAtInSec": r.finished // 1000}
             for r in known])
    # the cache entries that the launcher wrote after a success
    db.legacy_tasks([{"UUID": w.new_id("cache", t.id), "Namespace": r.mlmd_namespace, "PipelineName": "pipeline/" + r.pipeline,
                      "RunUUID": r.id, "MLMDExecutionID": str(t.id), "CreatedTimestamp": t.created // 1000,
                      "StartedTimestamp": t.created // 1000, "FinishedTimestamp": t.finished // 1000,
                      "Fingerprint": t.fingerprint}
                     for r in known for t in r.tasks if t.fingerprint and t.outcome == "ok"])
    db.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stem")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--runs", type=int, default=0)
    parser.add_argument("--single-user", action="store_true")
    parser.add_argument("--names", default="", metavar="SUFFIX")
    parser.add_argument("--scale", type=int, metavar="N")
    args = parser.parse_args()
    if args.scale:
        print(mlmdscale.generate(args.stem, args.scale, args.seed))
        return 0
    db = Mlmd(args.stem + ".mlmd.sqlite")
    w = World(db, args.seed, args.names, args.single_user, 1700000000000 + args.seed * 1000003)
    for make in CASES:
        make(w)
    while len(w.runs) < args.runs:
        w.rng.choice(CASES)(w)
    db.flush()
    for table, row_id in w.deleted:
        db.con.execute("DELETE FROM %s WHERE id = ?" % table, (row_id,))
    db.close()
    write_kfp(w, args.stem + ".mlpipeline.sqlite")
    expected = w.expected()
    with open(args.stem + ".expected.json", "w", encoding="utf-8") as f:
        json.dump(expected, f, indent=1, ensure_ascii=False, sort_keys=True)
        f.write("\n")
    print(json.dumps(dict(expected["totals"], executions=db.last["Execution"])))
    return 0


if __name__ == "__main__":
    sys.exit(main())
