#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""measure.py COMMAND...: runs it, its output to stderr; prints its seconds, its processor seconds and its peak
memory in kB."""
import os
import sys
import time

start = time.monotonic()
pid = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, 2, 1)])
_, status, usage = os.wait4(pid, 0)
print("%.3f %.3f %d" % (time.monotonic() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss))
sys.exit(os.waitstatus_to_exitcode(status))
