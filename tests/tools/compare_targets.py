#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""compare_targets.py TARGET TARGET [TARGET...]: tasks, artifacts and artifact_tasks are the same, row by row, in all
of them; JSON columns are compared as parsed values, numbers as numbers. A TARGET is --sqlite FILE,
--psql SOCKETDIR/DATABASE or --mysql SOCKET/DATABASE. Exit status 1 on any difference."""
import argparse
import sys

import kfpread


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    kfpread.arguments(parser)
    parser.add_argument("--show", type=int, default=20, help="how many differences to print")
    args = parser.parse_args()
    if not args.targets or len(args.targets) < 2:
        parser.error("name two targets")
    first, differences, counts = args.targets[0], [], []
    for table in ("tasks", "artifacts", "artifact_tasks"):
        a = kfpread.read(first, table)
        counts.append("%d %s" % (len(a), table))
        for other in args.targets[1:]:
            b = kfpread.read(other, table)
            for key in sorted(a.keys() - b.keys()):
                differences.append("%s %s: only in %s" % (table, key, first.name))
            for key in sorted(b.keys() - a.keys()):
                differences.append("%s %s: only in %s" % (table, key, other.name))
            for key in sorted(a.keys() & b.keys()):
                for column, value in a[key].items():
                    if not kfpread.same(value, b[key][column]):
                        differences.append("%s %s: %s is %.120r in %s, %.120r in %s" % (
                            table, key, column, value, first.name, b[key][column], other.name))
    for line in differences[:args.show]:
        print(line)
    print("%s; %d targets, %d differences" % (", ".join(counts), len(args.targets), len(differences)))
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
