#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""load_source.py FILE.sqlite ENGINE [ENCODING]: the rows of an MLMD or KFP SQLite database as SQL text for another
engine, to be fed to its client (mariadb, psql). ENGINE: mysql or pgsql. The tables are those of the fixture dumps in
tests/data/mlmd/kfp, that is, those that MLMD and KFP make there.

ENCODING is how MLMD's text lies in MySQL: utf8 (clean; the default), double (encoded twice) or latin1 (the bytes raw
in latin1 tables)."""
import re
import sqlite3
import sys

from mlmdstore import FIXTURE

BOOLEANS = {"is_custom_property", "is_index_step", "bool_value"}


def cp1252(data):
    """What MySQL's latin1 makes of bytes: cp1252, its five holes as control characters."""
    return "".join(chr(b) if b in (0x81, 0x8d, 0x8f, 0x90, 0x9d) else bytes((b,)).decode("cp1252") for b in data)


def mysql_value(v, double):
    if v is None:
        return b"NULL"
    if isinstance(v, (int, float)):
        return repr(v).encode()
    if double:
        v = cp1252(v.encode())
    v = v.encode()
    for raw, escaped in ((b"\\", b"\\\\"), (b"'", b"\\'"), (b"\n", b"\\n"), (b"\r", b"\\r"), (b"\x1a", b"\\Z")):
        v = v.replace(raw, escaped)
    return b"'" + v + b"'"


def pgsql_value(v, boolean):
    if v is None:
        return b"\\N"
    if boolean:
        return b"t" if v else b"f"
    if isinstance(v, (int, float)):
        return repr(v).encode()
    for raw, escaped in (("\\", "\\\\"), ("\t", "\\t"), ("\n", "\\n"), ("\r", "\\r")):
        v = v.replace(raw, escaped)
    return v.encode()


def names(con):
    return {n.lower(): n for (n,) in con.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            if not n.startswith("sqlite_")}


def mysql(con, out, dump, encoding):
    tables = names(con)
    skipping = False
    for line in open(dump, "rb"):
        if line.startswith(b"INSERT INTO"):
            skipping = True
        if line.startswith(b"/*!40103 SET TIME_ZONE=@OLD_TIME_ZONE"):
            for table in tables.values():
                columns = [r[1] for r in con.execute("PRAGMA table_info(%s)" % table)]
                head = ("INSERT INTO `%s` (%s) VALUES\n" % (table, ",".join("`%s`" % c for c in columns))).encode()
                size = 0
                for row in con.execute("SELECT * FROM %s ORDER BY rowid" % table):
                    text = b"(" + b",".join(mysql_value(v, encoding == "double") for v in row) + b")"
                    out.write((head if size == 0 else b",\n") + text)
                    size += len(text)
                    if size > 500000:
                        out.write(b";\n")
                        size = 0
                if size:
                    out.write(b";\n")
        if not skipping:
            out.write(line)
        elif line.rstrip().endswith(b";"):
            skipping = False


def pgsql(con, out, dump):
    tables = names(con)
    skipping = False
    for line in open(dump, "r", encoding="utf-8"):
        copy = re.match(r"COPY public\.(\S+) \((.*)\) FROM stdin;", line)
        sequence = re.match(r"SELECT pg_catalog\.setval\('public\.(\w+)_id_seq'", line)
        if copy:
            table = tables[copy.group(1).strip('"').lower()]
            columns = [c.strip().strip('"') for c in copy.group(2).split(",")]
            booleans = [c in BOOLEANS for c in columns]
            out.write(line.encode())
            for row in con.execute("SELECT %s FROM %s ORDER BY rowid" % (",".join('"%s"' % c for c in columns), table)):
                out.write(b"\t".join(map(pgsql_value, row, booleans)) + b"\n")
            out.write(b"\\.\n")
            skipping = True
        elif sequence:
            (last,) = con.execute("SELECT max(id) FROM %s" % tables[sequence.group(1)]).fetchone()
            if last:
                out.write(("SELECT pg_catalog.setval('public.%s_id_seq', %d, true);\n" % (sequence.group(1), last)).encode())
        elif not skipping:
            out.write(line.encode())
        elif line == "\\.\n":
            skipping = False


def main():
    if len(sys.argv) not in (3, 4) or sys.argv[2] not in ("mysql", "pgsql"):
        sys.exit(__doc__)
    con = sqlite3.connect("file:%s?mode=ro" % sys.argv[1], uri=True)
    side = "mlmd" if "MLMDEnv" in names(con).values() else "mlpipeline"
    encoding = sys.argv[3] if len(sys.argv) == 4 else "utf8"
    out = sys.stdout.buffer
    if sys.argv[2] == "pgsql":
        pgsql(con, out, "%s.%s.pg.sql" % (FIXTURE, side))
    else:
        form = {"utf8": "mysql", "double": "mysql-double-encoded", "latin1": "mysql-latin1"}[encoding]
        mysql(con, out, "%s.%s.%s.sql" % (FIXTURE, side, form), encoding)


if __name__ == "__main__":
    main()
