# SPDX-License-Identifier: Apache-2.0
"""Reads the three KFP tables of a target through a client that is not the project's own: Python's sqlite3, psql or
mariadb. Rows are dicts; JSON columns are parsed; numbers are numbers."""
import argparse
import json
import sqlite3
import subprocess

INT, REAL, TEXT, JSON = range(4)
TABLES = {
    "tasks": (("UUID", TEXT), ("Namespace", TEXT), ("RunUUID", TEXT), ("pods", JSON), ("CreatedAtInSec", INT),
              ("StartedInSec", INT), ("FinishedInSec", INT), ("Fingerprint", TEXT), ("Name", TEXT),
              ("DisplayName", TEXT), ("ParentTaskUUID", TEXT), ("State", INT), ("StatusMetadata", JSON),
              ("StateHistory", JSON), ("InputParameters", JSON), ("OutputParameters", JSON), ("Type", INT),
              ("TypeAttrs", JSON), ("ScopePath", TEXT), ("LogicalKey", TEXT)),
    "artifacts": (("UUID", TEXT), ("Namespace", TEXT), ("Type", INT), ("URI", TEXT), ("URIHash", TEXT),
                  ("Name", TEXT), ("Description", TEXT), ("CreatedAtInSec", INT), ("LastUpdateInSec", INT),
                  ("Metadata", JSON), ("NumberValue", REAL), ("IdentityKey", TEXT)),
    "artifact_tasks": (("UUID", TEXT), ("ArtifactID", TEXT), ("TaskID", TEXT), ("Type", INT), ("Iteration", INT),
                       ("RunUUID", TEXT), ("Producer", JSON), ("ArtifactKey", TEXT)),
    "run_details": (("UUID", TEXT), ("Namespace", TEXT)),
}


class Repeated(ValueError):
    """A JSON object with the same key twice."""


def pairs(items):
    out = dict(items)
    if len(out) != len(items):
        raise Repeated("a JSON object has a key twice")
    return out


def parse(kind, text):
    if text is None:
        return None
    if kind == INT:
        return int(text)
    if kind == REAL:
        return float(text)
    if kind == JSON:
        return json.loads(text, object_pairs_hook=pairs)
    return text


class Sqlite:
    def __init__(self, path):
        self.name = "sqlite " + path
        self.con = sqlite3.connect("file:%s?mode=ro" % path, uri=True)

    def rows(self, table, columns):
        sql = "SELECT %s FROM %s" % (",".join('"%s"' % c for c, _ in columns), table)
        for row in self.con.execute(sql):
            yield row

    def problems(self):
        out = ["integrity_check: %s" % r for (r,) in self.con.execute("PRAGMA integrity_check") if r != "ok"]
        return out + ["foreign_key_check: %r" % (r,) for r in self.con.execute("PRAGMA foreign_key_check")]


class Client:
    def __init__(self, where):
        self.where, _, self.database = where.rpartition("/")

    def run(self, sql):
        done = subprocess.run(self.command(), input=sql.encode(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if done.returncode != 0:
            raise SystemExit("%s: %s" % (self.name, done.stderr.decode(errors="replace").strip()))
        return done.stdout.decode("ascii" if self.ascii else "utf-8").split("\n")[:-1]

    def problems(self):
        return []


class Psql(Client):
    ascii = False
    name = "psql"

    def command(self):
        return ["psql", "-X", "-q", "-At", "-v", "ON_ERROR_STOP=1", "-h", self.where, "-U", "kfp", "-d", self.database]

    def rows(self, table, columns):
        parts = ", ".join('"%s"%s AS "%s"' % (c, "" if k in (INT, REAL) else "::text", c) for c, k in columns)
        for line in self.run("SET extra_float_digits = 3;\nSELECT row_to_json(r) FROM (SELECT %s FROM %s) r;\n" % (parts, table)):
            row = json.loads(line)
            yield tuple(row[c] for c, _ in columns)


class Mysql(Client):
    ascii = True
    name = "mariadb"

    def command(self):
        return ["mariadb", "--no-defaults", "-N", "-B", "-r", "-q", "--default-character-set=utf8mb4", "-uroot",
                "--max-allowed-packet=256M", "-S", self.where, self.database]

    def rows(self, table, columns):
        parts = ", ".join("`%s`" % c if k in (INT, REAL) else "HEX(CONVERT(`%s` USING utf8mb4))" % c for c, k in columns)
        for line in self.run("SELECT %s FROM %s;\n" % (parts, table)):
            yield tuple(None if v == "NULL" else v if k in (INT, REAL) else bytes.fromhex(v).decode("utf-8")
                        for v, (_, k) in zip(line.split("\t"), columns))


def read(source, table):
    """{UUID: row}"""
    columns = TABLES[table]
    out = {}
    for row in source.rows(table, columns):
        parsed = {}
        for value, (name, kind) in zip(row, columns):
            try:
                parsed[name] = parse(kind, value)
            except ValueError as e:
                raise SystemExit("%s: %s.%s of %s is not what the column promises: %s" % (source.name, table, name, row[0], e))
        out[parsed["UUID"]] = parsed
    return out


def broken_references(runs, tasks, artifacts, links):
    """What must hold between the rows, also where the database has no key for it."""
    wrong = []
    for uid, t in tasks.items():
        parent = t["ParentTaskUUID"]
        if t["RunUUID"] not in runs:
            wrong.append("task %s: no run %s" % (uid, t["RunUUID"]))
        elif runs[t["RunUUID"]]["Namespace"] != t["Namespace"]:
            wrong.append("task %s: its namespace is not its run's" % uid)
        if parent is not None and (parent not in tasks or tasks[parent]["RunUUID"] != t["RunUUID"]):
            wrong.append("task %s: parent %s is not of its run" % (uid, parent))
    for uid, l in links.items():
        task, artifact = tasks.get(l["TaskID"]), artifacts.get(l["ArtifactID"])
        if task is None or artifact is None:
            wrong.append("link %s: an end is missing" % uid)
        elif task["RunUUID"] != l["RunUUID"] or task["Namespace"] != artifact["Namespace"]:
            wrong.append("link %s: run or namespace of its ends differ" % uid)
    return wrong


class Target(argparse.Action):
    def __call__(self, parser, namespace, value, option=None):
        kind = {"--sqlite": Sqlite, "--psql": Psql, "--mysql": Mysql}[option]
        namespace.targets = (namespace.targets or []) + [kind(value)]


def arguments(parser):
    parser.set_defaults(targets=None)
    parser.add_argument("--sqlite", action=Target, metavar="FILE", help="a SQLite target")
    parser.add_argument("--psql", action=Target, metavar="SOCKETDIR/DATABASE", help="a PostgreSQL target")
    parser.add_argument("--mysql", action=Target, metavar="SOCKET/DATABASE", help="a MySQL or MariaDB target")


def same(a, b):
    """Equal as JSON values: 1 and 1.0 are, 1 and true are not."""
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b))
    if isinstance(a, (dict, list)) or isinstance(b, (dict, list)):
        return False
    return a == b
