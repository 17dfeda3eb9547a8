#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""report.py FILE: the table of a benchmark. A line of FILE is a pair of an import and a floor, measured one right after the
other: engine, executions, the import's seconds, processor seconds and peak memory (kB), the floor's seconds, processor
seconds and rows. Processor seconds are the client's own; with SQLite that is all of the work, and steadier than the
clock on a busy machine."""
import statistics
import sys

AIM = 2.0
GROWTH, MOST_MB = 1.1, 128


class Pair:
    def __init__(self, numbers):
        self.seconds, self.cpu, self.memory, self.floor, self.floor_cpu, self.rows = map(float, numbers)
        self.memory /= 1024
        self.ratio = self.seconds / self.floor


def median(pairs, name):
    return statistics.median(getattr(p, name) for p in pairs)


def main():
    cells = {}
    for line in open(sys.argv[1], encoding="utf-8"):
        engine, size, *numbers = line.split()
        cells.setdefault((engine, int(size)), []).append(Pair(numbers))
    print("%-8s %10s | %9s %8s %8s %8s %8s | %9s %8s %8s %8s | %s" % (
        "engine", "executions", "import", "CPU", "exec./s", "rows/s", "peak MB", "floor", "CPU", "exec./s", "rows/s",
        "import : floor (each pair)"))
    for (engine, size), pairs in cells.items():
        seconds, floor, ratio = (median(pairs, name) for name in ("seconds", "floor", "ratio"))
        rows = pairs[0].rows
        print("%-8s %10d | %8.1fs %7.1fs %8.0f %8.0f %8.1f | %8.1fs %7.1fs %8.0f %8.0f | %.2f (%s)%s" % (
            engine, size, seconds, median(pairs, "cpu"), size / seconds, rows / seconds, max(p.memory for p in pairs),
            floor, median(pairs, "floor_cpu"), size / floor, rows / floor, ratio,
            " ".join("%.2f" % p.ratio for p in pairs), "" if ratio <= AIM else "  over the aim of %.1f" % AIM))
    print()
    for engine in dict.fromkeys(e for e, _ in cells):
        peaks = sorted((size, max(p.memory for p in pairs)) for (e, size), pairs in cells.items() if e == engine)
        growth = peaks[-1][1] / peaks[0][1]
        text = "%-8s peak memory %s" % (engine, ", ".join("%.1f MB at %d" % (mb, size) for size, mb in peaks))
        if len(peaks) > 1:
            text += ": ratio %.2f" % growth
        well = growth <= GROWTH and peaks[-1][1] < MOST_MB
        print(text + ("" if well else "  over the aim of ratio %.1f and %d MB" % (GROWTH, MOST_MB)))


main()
