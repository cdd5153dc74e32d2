#!/usr/bin/env python3
"""What failed in a report that ctest wrote (--output-junit).

usage: tests/lib/failed.py REPORT.xml

Prints each failed test's name and the last lines of its output.
example: tests/lib/failed.py build/release/tests.xml
"""
import sys
import xml.etree.ElementTree as tree

LINES = 60


def main():
    if {"-h", "--help"} & set(sys.argv[1:]):
        print(__doc__)
        return 0
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        print(__doc__, file=sys.stderr)
        return 64
    for test in tree.parse(sys.argv[1]).iter("testcase"):
        if test.get("status") != "fail":
            continue
        print(f"-- {test.get('name')}")
        print("\n".join((test.findtext("system-out") or "").splitlines()[-LINES:]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
