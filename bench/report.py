#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""report.py [--table] FILE: the table of a benchmark; with --table the rows of the readme's. A line of FILE is one
measurement: the target's engine, executions, what it was (floor, select, or an import as SOURCE:JOBS, with +defer for
--defer-indexes), seconds, processor seconds, and the peak memory in kB (of the floor: rows).
The n-th lines of a kind belong to the n-th round, in which everything ran one after the other; an import's ratio is taken
within its round. Processor seconds are the client's own; with SQLite that is all of the work, and steadier than the clock on
a busy machine."""
import statistics
import sys

AIM = 1.25
GROWTH, MOST_MB = 1.1, 128


def read(path):
    cells = {}
    for line in open(path, encoding="utf-8"):
        engine, size, what, seconds, cpu, last = line.split()
        cells.setdefault((engine, int(size)), {}).setdefault(what, []).append((float(seconds), float(cpu), float(last)))
    return cells


def median(measurements, column):
    return statistics.median(m[column] for m in measurements)


def title(what):
    if what == "select":
        return "INSERT ... SELECT", ""
    if what == "floor":
        return "floor", ""
    source, jobs = what.split(":")
    if jobs == "dry":
        return "%s, dry run" % source, ""
    jobs, _, deferred = jobs.partition("+")
    return ("%s, indexes deferred" if deferred else "import from %s") % source, jobs


def print_cell(engine, size, works):
    floor, rows = works["floor"], works["floor"][0][2]
    for what in sorted(works, key=lambda w: (w != "floor", w != "select", w)):
        measured = works[what]
        seconds = median(measured, 0)
        name, jobs = title(what)
        line = "%-8s %10d  %-24s %4s | %8.1fs %7.1fs %8.0f %8.0f" % (
            engine, size, name, jobs, seconds, median(measured, 1), size / seconds, rows / seconds)
        if what == "floor":
            print(line + " %8s |" % "")
            continue
        ratios = [m[0] / f[0] for m, f in zip(measured, floor)]
        ratio = statistics.median(ratios)
        line += " %8.1f | %.2f (%s)" % (max(m[2] for m in measured) / 1024, ratio, " ".join("%.2f" % r for r in ratios))
        print(line + ("" if what == "select" or what.endswith(":dry") or ratio <= AIM else "  over the aim of %.2f" % AIM))
    print()


def print_memory(cells):
    for engine in dict.fromkeys(e for e, _ in cells):
        for what in dict.fromkeys(w for (e, _), works in cells.items() if e == engine for w in works if ":" in w and not w.endswith(":dry")):
            peaks = sorted((size, max(m[2] for m in works[what]) / 1024)
                           for (e, size), works in cells.items() if e == engine and what in works)
            growth = peaks[-1][1] / peaks[0][1]
            name, jobs = title(what)
            text = "%-8s %-24s %s  peak memory %s" % (engine, name, jobs, ", ".join("%.1f MB at %d" % (mb, n) for n, mb in peaks))
            if len(peaks) > 1:
                text += ": ratio %.2f" % growth
            well = growth <= GROWTH and peaks[-1][1] < MOST_MB
            print(text + ("" if well else "  over the aim of ratio %.1f and %d MB" % (GROWTH, MOST_MB)))


def ratio_text(works, what):
    return "%.2f" % statistics.median(m[0] / f[0] for m, f in zip(works[what], works["floor"]))


def print_table(cells):
    names = {"sqlite": "SQLite", "pgsql": "PostgreSQL", "mariadb": "MariaDB"}
    for (engine, size), works in sorted(cells.items(), key=lambda c: (list(names).index(c[0][0]), c[0][1])):
        rows = works["floor"][0][2]
        for what in sorted(w for w in works if ":" in w and not w.endswith(":dry")):
            seconds = median(works[what], 0)
            source, jobs = what.split(":")
            print("| %s | %s | %s | %s | %s | %s | %s | %.0f MB |" % (
                names[engine], format(size, ","), names[source], jobs.replace("+defer", ", deferred"),
                format(round(size / seconds), ","), format(round(rows / seconds), ","), ratio_text(works, what),
                max(m[2] for m in works[what]) / 1024))


def print_dry(cells):
    """For the ratios of migrate/import/estimate.c."""
    for (engine, size), works in cells.items():
        for what in works:
            plain = what.replace(":dry", ":1")
            if what.endswith(":dry") and plain in works:
                print("%-8s %10d  an import by one connection takes %.1f times its dry run" % (
                    engine, size, median(works[plain], 0) / median(works[what], 0)))


def main():
    cells = read(sys.argv[-1])
    if sys.argv[1] == "--table":
        return print_table(cells)
    print("%-8s %10s  %-24s %4s | %9s %8s %8s %8s %8s | %s" % (
        "target", "executions", "what", "jobs", "time", "CPU", "exec./s", "rows/s", "peak MB", "time : floor (each round)"))
    for (engine, size), works in cells.items():
        print_cell(engine, size, works)
    print_memory(cells)
    print_dry(cells)


main()
