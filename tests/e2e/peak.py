#!/usr/bin/env python3
"""Runs a command and writes the most memory that it held (KiB resident, as the kernel counted) to a file.

example: peak.py /tmp/peak verbatim analyze < in.ndjson > out.ndjson
"""
import resource
import subprocess
import sys

code = subprocess.call(sys.argv[2:])
with open(sys.argv[1], "w", encoding="ascii") as out:
    print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=out)
sys.exit(code if code >= 0 else 128 - code)
