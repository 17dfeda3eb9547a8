#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check_references.py TARGET...: runs, tasks, artifacts and links of a target fit together, whether or not the database
has a key for it. A TARGET is --sqlite FILE, --psql SOCKETDIR/DATABASE or --mysql SOCKET/DATABASE."""
import argparse
import sys

import kfpread


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    kfpread.arguments(parser)
    wrong = []
    for target in parser.parse_args().targets or parser.error("name a target"):
        tables = [kfpread.read(target, t) for t in ("run_details", "tasks", "artifacts", "artifact_tasks")]
        wrong += target.problems() + kfpread.broken_references(*tables)
        print("%s: %s" % (target.name, ", ".join("%d" % len(t) for t in tables)))
    for line in wrong[:20]:
        print(line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
